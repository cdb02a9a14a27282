"""The library's own layout and SVG renderer."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ElementTree
from itertools import combinations, pairwise

import numpy as np
import pytest

import autograd_core as ag
import viz
from viz.layout import layered
from viz.layout.ordering import Proper
from viz.layout.ranks import ranks, topological


def random_graph(count, seed=0, back=6):
    rng = random.Random(seed)
    return [(rng.randrange(max(0, v - back), v), v) for v in range(1, count) for _ in range(2)]


def leaf(value, name=None):
    return ag.Tensor(value, requires_grad=True, name=name)


# -- ranks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_every_edge_goes_to_a_later_rank(seed, late):
    edges = random_graph(60, seed)
    found = ranks(60, edges, late)
    assert all(found[source] < found[target] for source, target in edges)
    assert min(found) == 0


def test_an_input_stands_next_to_what_uses_it():
    # 0 -> 1 -> 2 -> 3, and 4 -> 3
    assert ranks(5, [(0, 1), (1, 2), (2, 3), (4, 3)]) == [0, 1, 2, 3, 2]


def test_a_circle_is_refused():
    with pytest.raises(ValueError, match="circle"):
        topological(3, [(0, 1), (1, 2), (2, 1)])


# -- order ------------------------------------------------------------------------------------------


def crossings_by_hand(proper, edges):
    place = proper.place
    return sum(
        proper.rank[a] == proper.rank[c] and (place[a] - place[c]) * (place[b] - place[d]) < 0
        for (a, b), (c, d) in combinations(edges, 2)
    )


@pytest.mark.parametrize("seed", range(5))
def test_crossings_are_counted_right_and_only_get_fewer(seed):
    rng = random.Random(seed)
    rank = [level for level in range(4) for _ in range(6)]
    edges = [(6 * level + rng.randrange(6), 6 * level + 6 + rng.randrange(6)) for level in range(3) for _ in range(9)]
    proper = Proper(rank, edges)
    proper.layers = [list(range(6 * level, 6 * level + 6)) for level in range(4)]
    for layer in proper.layers:
        for position, node in enumerate(layer):
            proper.place[node] = position
    before = proper.crossings()
    assert before == crossings_by_hand(proper, edges)
    proper.arrange()
    assert proper.crossings() == crossings_by_hand(proper, edges) <= before


def test_a_tree_has_no_crossings():
    edges = [(child, (child - 1) // 2) for child in range(1, 31)]
    assert layered([(30, 20)] * 31, edges).crossings == 0


# -- coordinates --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_nodes_do_not_overlap(seed):
    rng = random.Random(seed)
    sizes = [(rng.uniform(20, 90), rng.uniform(10, 50)) for _ in range(80)]
    layout = layered(sizes, random_graph(80, seed), node_gap=10)
    for (a, (w, h)), (b, (v, k)) in combinations(zip(layout.centers, sizes), 2):
        assert abs(a[0] - b[0]) >= (w + v) / 2 - 1e-6 or abs(a[1] - b[1]) >= (h + k) / 2 + 10 - 1e-6
    for (x, y), (w, h) in zip(layout.centers, sizes):
        assert w / 2 - 1e-6 <= x <= layout.width - w / 2 + 1e-6
        assert h / 2 - 1e-6 <= y <= layout.height - h / 2 + 1e-6


def test_routes_go_forward():
    edges = random_graph(60, 3, back=10)
    layout = layered([(40, 20)] * 60, edges)
    for (source, target), route in zip(edges, layout.routes, strict=True):
        xs = [layout.centers[source][0], *(x for x, _ in route), layout.centers[target][0]]
        assert all(a < b for a, b in pairwise(xs))


def test_an_edge_over_many_ranks_has_no_bends():
    chain = list(pairwise(range(30)))
    layout = layered([(40, 20)] * 30, [*chain, (0, 29)])
    assert layout.routes[-1] == ()


def test_the_same_graph_gives_the_same_layout():
    edges = random_graph(100, 1)
    assert layered([(40, 20)] * 100, edges) == layered([(40, 20)] * 100, edges)


def test_nothing_to_lay_out():
    layout = layered([], [])
    assert (layout.centers, layout.width, layout.height) == ((), 0.0, 0.0)
    assert layered([(40, 20)], []).centers == ((20.0, 10.0),)


# -- SVG ----------------------------------------------------------------------------------------------


def drawn(result, **options):
    text = viz.draw(result, renderer="own", **options).svg()
    return ElementTree.fromstring(text), text


def cards(root):
    return [group for group in root.iterfind(".//{*}g") if group.get("id")]


def edges(root):
    """The paths that end in an arrow."""
    return [path for group in root.iterfind(".//{*}g[@marker-end]") for path in group.iterfind("{*}path")]


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_the_picture_holds_values_and_gradients(direction):
    a, b = leaf(2.0, "a"), leaf(-3.0, "b")
    e = a * b + a
    root, _ = drawn(e, direction=direction)
    texts = ["".join(group.itertext()) for group in cards(root)]
    assert any("a" in t and "2" in t and "-2" in t for t in texts)
    assert len(edges(root)) == 4
    assert root.get("role") == "img"
    assert "4 nodes" in root.get("aria-label")
    width, height = float(root.get("width")), float(root.get("height"))
    assert (width > height) == (direction == "LR")


def test_using_a_node_twice_draws_two_curves():
    x = leaf(3.0, "x")
    root, _ = drawn(x * x)
    curves = [path.get("d") for path in edges(root)]
    assert len(curves) == 2
    assert curves[0] != curves[1]


def test_what_is_not_computed_is_not_zero():
    x, y = leaf(3.0, "x"), leaf(1.0, "y")
    _, text = drawn(x * y, gradients={})
    assert "not computed" in text


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", 'a"b', "a & b", "{x|y}", "line\nbreak", "\N{PARTY POPPER}\x00", "x" * 100_000]
)
def test_labels_cannot_break_the_picture(name):
    x = leaf(3.0, name)
    root, text = drawn(x * 2)
    assert "<script" not in text
    assert len(text) < 8000
    assert len(cards(root)) >= 2


def test_arrays_constants_and_large_graphs():
    x = leaf(np.arange(6.0).reshape(2, 3), "x")
    y = np.tanh(x) + ag.Tensor(np.ones(3))
    for _ in range(400):
        y = y * 1.01
    root, text = drawn(np.sum(y), max_nodes=None)
    assert "stroke-dasharray" in text
    assert len(cards(root)) > 800


def test_style_sheets_and_scripts_are_not_used():
    _, text = drawn(leaf(1.0, "x") * 2)
    assert "<style" not in text
    assert "class=" not in text
