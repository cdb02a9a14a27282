"""Nested structures, taken apart and put together again."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, namedtuple

import pytest

from autograd_core.transforms.trees import LEAF, flatten, flatten_as, map_leaves, unflatten

Pair = namedtuple("Pair", "left right")

TREES = [
    1.0,
    None,
    (),
    [],
    {},
    (1.0, 2.0),
    [1.0, (2.0, [3.0])],
    {"b": 1.0, "a": {"c": (2.0,), "d": None}},
    Pair(1.0, [2.0, Pair(3.0, None)]),
    OrderedDict(z=1.0, a=2.0),
    (None, [None, {}], ()),
]


@pytest.mark.parametrize("tree", TREES, ids=str)
def test_unflatten_undoes_flatten(tree):
    leaves, structure = flatten(tree)
    again = unflatten(structure, leaves)
    assert again == tree
    assert type(again) is type(tree)
    assert structure.size == len(leaves) == len(structure.paths())


def test_leaves_come_in_the_order_in_which_they_are_written():
    leaves, structure = flatten({"b": [1, (2, 3)], "a": Pair(4, 5)})
    assert leaves == [1, 2, 3, 4, 5]
    assert structure.paths("x") == ["x['b'][0]", "x['b'][1][0]", "x['b'][1][1]", "x['a'].left", "x['a'].right"]


def test_a_leaf_is_everything_that_is_no_container():
    for leaf in (1, "text", {1, 2}, object(), range(3)):
        leaves, structure = flatten(leaf)
        assert leaves == [leaf]
        assert structure is LEAF


def test_dicts_of_a_class_of_their_own_keep_it():
    tree = defaultdict(list, a=1.0, b=2.0)
    again = map_leaves(lambda leaf: leaf * 10, tree)
    assert type(again) is defaultdict
    assert again == {"a": 10.0, "b": 20.0}
    assert again.default_factory is list
    assert tree == {"a": 1.0, "b": 2.0}


def test_map_leaves():
    assert map_leaves(str, (1, [2, None], {"a": Pair(3, 4)})) == ("1", ["2", None], {"a": Pair("3", "4")})


def test_structures_compare_without_leaves():
    assert flatten((1, [2]))[1] == flatten((3, [4]))[1]
    assert flatten((1, [2]))[1] != flatten((1, (2,)))[1]
    assert flatten({"a": 1})[1] != flatten({"b": 1})[1]


def test_unflatten_counts():
    _, structure = flatten((1, 2))
    with pytest.raises(ValueError, match="unflatten: expected 2 leaves, got 3"):
        unflatten(structure, [1, 2, 3])


def test_flatten_as_follows_the_other_order_of_keys():
    _, structure = flatten({"a": 1, "b": (2, 3)})
    assert flatten_as(structure, {"b": [20, 30], "a": 10}, "f", "x") == [10, 20, 30]


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"a": 1}, r"f: expected x to be a dict with the keys \['a', 'b'\], got a dict with the keys \['a'\]"),
        ({"a": 1, "b": (2,)}, r"expected x\['b'\] to be a tuple of length 2, got a tuple of length 1"),
        ({"a": (1,), "b": (2, 3)}, r"expected x\['a'\] to be an array or a number, got a tuple of length 1"),
        ({"a": None, "b": (2, 3)}, r"expected x\['a'\] to be an array or a number, got NoneType"),
        (5, "expected x to be a dict with the keys .* got int"),
    ],
)
def test_flatten_as_names_the_place_that_differs(tree, message):
    _, structure = flatten({"a": 1, "b": (2, 3)})
    with pytest.raises(TypeError, match=message):
        flatten_as(structure, tree, "f", "x")


def test_flatten_as_knows_none():
    _, structure = flatten((None, 1))
    assert flatten_as(structure, (None, 2), "f", "x") == [2]
    with pytest.raises(TypeError, match=r"x\[0\] to be None, got int"):
        flatten_as(structure, (3, 2), "f", "x")
