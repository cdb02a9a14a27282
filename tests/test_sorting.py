"""Sorting, searching and sets, as users call them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_core as ag
from autograd_core.errors import NoGradientError
from tests.differences import check_gradients

quick = settings(max_examples=60, deadline=None, derandomize=True, database=None)
TABLE = np.random.default_rng(0).permutation(np.linspace(-2.0, 2.0, 24)).reshape(2, 3, 4)
TIES = [2.0, 1.0, 2.0, 1.0, 3.0]


def tensor(values, **options):
    return ag.Tensor(np.array(values), **options)


def leaf(values):
    return tensor(values, requires_grad=True)


# -- sort and argsort --------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [-1, 0, 1, 2, None])
def test_sort_and_argsort_agree_with_numpy(axis):
    x = ag.Tensor(TABLE)
    for found in (np.sort(x, axis), ag.sort(x, axis=axis), x.sort(axis), np.sort(x, axis, kind="stable")):
        assert np.array_equal(found._data, np.sort(TABLE, axis))
    for found in (np.argsort(x, axis), ag.argsort(x, axis=axis, stable=True), x.argsort(axis)):
        assert np.array_equal(found._data, np.argsort(TABLE, axis))
    flipped = -1 if axis is None else axis
    assert np.array_equal(ag.sort(x, axis=axis, descending=True)._data, np.flip(np.sort(TABLE, axis), flipped))
    check_gradients(lambda x: np.sort(x, axis), TABLE)
    check_gradients(lambda x: ag.sort(x, axis=axis, descending=True), TABLE)


def test_sort_changes_nothing_in_place():
    x = leaf([3.0, 1.0, 2.0])
    y = x.sort()
    assert x.tolist() == [3, 1, 2]
    assert y.tolist() == [1, 2, 3]
    assert x.partition(0)[0].item() == 1.0
    assert x.tolist() == [3, 1, 2]


@quick
@given(hnp.arrays(np.float64, st.integers(0, 12), elements=st.integers(0, 4)), st.booleans())
def test_equal_entries_keep_their_order(values, descending):
    order = ag.argsort(ag.Tensor(values), descending=descending).tolist()
    assert order == sorted(range(len(values)), key=lambda i: -values[i] if descending else values[i])
    # The gradient follows the same order.
    x, g = ag.Tensor(values, requires_grad=True), np.arange(1.0, len(values) + 1)
    (found,) = ag.gradients(ag.sort(x, descending=descending), x, g)
    assert [found._data[i] for i in order] == list(g)


def test_where_nan_goes():
    x = tensor([2.0, np.nan, 1.0])
    assert np.array_equal(ag.sort(x)._data, [1, 2, np.nan], equal_nan=True)
    assert np.array_equal(ag.sort(x, descending=True)._data, [np.nan, 2, 1], equal_nan=True)
    assert ag.argsort(x, descending=True).tolist() == [1, 0, 2]


def test_dtypes_and_shapes_of_sorts():
    assert ag.sort(tensor([True, False])).tolist() == [False, True]
    assert ag.sort(tensor(np.array([2, 1], np.uint8)), descending=True).tolist() == [2, 1]
    assert ag.argsort(tensor(np.array([2, 1], np.uint8)), descending=True).tolist() == [0, 1]
    assert ag.sort(tensor(np.zeros((0, 3)))).shape == (0, 3)
    assert ag.sort([3, 1]).tolist() == [1, 3]
    assert ag.sort(tensor(np.zeros((3, 2), np.float32))).dtype == np.float32
    with pytest.raises(np.exceptions.AxisError):
        np.sort(tensor(1.0))
    with pytest.raises(TypeError, match="order"):
        np.sort(tensor([1.0]), order="a")


def test_dim_is_another_name_of_axis():
    x = ag.Tensor(TABLE)
    assert np.array_equal(x.sort(dim=0)._data, np.sort(TABLE, 0))
    assert np.array_equal(x.argsort(dim=1, descending=False)._data, np.argsort(TABLE, 1))
    assert x.topk(1, dim=0).values.shape == (1, 3, 4)


def test_positions_are_constants():
    x = leaf(TIES)
    searched = [np.searchsorted(x, x), np.digitize(x, [0.0, 2.0]), np.isin(x, x)]
    for found in (np.argsort(x), np.argpartition(x, 2), *searched):
        assert isinstance(found, ag.Tensor)
        assert not found.requires_grad


def test_sort_complex():
    x = np.array([2 + 1j, 1 - 1j, 1 - 2j])
    assert np.array_equal(np.sort_complex(ag.Tensor(x))._data, np.sort_complex(x))
    assert np.array_equal(np.sort_complex(ag.Tensor(x.real))._data, np.sort_complex(x.real))
    assert ag.sort_complex(tensor(np.array([2, 1], np.float32))).dtype == np.complex64
    check_gradients(np.sort, x * np.array([1, 0.5, 1]))


# -- partition and topk ------------------------------------------------------------------------------


@pytest.mark.parametrize(("kth", "axis"), [(1, -1), (0, 0), ((0, 2), 1), (-2, 2), (7, None)])
def test_partition(kth, axis):
    x = ag.Tensor(TABLE)
    flat = TABLE.ravel() if axis is None else TABLE
    along = 0 if axis is None else axis
    found = np.partition(x, kth, axis)
    for k in np.atleast_1d(kth):
        assert np.array_equal(np.take(found._data, k, along), np.take(np.sort(flat, along), k, along))
    assert np.array_equal(np.sort(found._data, along), np.sort(flat, along))
    positions = x.argpartition(kth, axis)
    assert np.array_equal(np.take_along_axis(flat, positions._data, along), x.partition(kth, axis)._data)
    check_gradients(lambda x: ag.partition(x, kth, axis), TABLE)
    with pytest.raises(ValueError, match="kth"):
        np.partition(x, 99, axis)


def test_topk():
    x = leaf(TIES)
    values, indices = ag.topk(x, 3)
    assert values.tolist() == [3, 2, 2]
    assert indices.tolist() == [4, 0, 2]
    assert not indices.requires_grad
    (values * np.array([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [10, 0, 100, 0, 1]
    assert ag.topk(x, 2, largest=False).values.tolist() == [1, 1]
    assert x.topk(0).values.shape == (0,)
    for axis in (0, 1, -1):
        values, indices = ag.topk(ag.Tensor(TABLE), 2, axis)
        expected = np.flip(np.sort(TABLE, axis), axis)
        assert np.array_equal(values._data, np.take(expected, [0, 1], axis))
        assert np.array_equal(np.take_along_axis(TABLE, indices._data, axis), values._data)
        check_gradients(lambda x, axis=axis: ag.topk(x, 2, axis).values, TABLE)
    with pytest.raises(ValueError, match="topk: expected k from 0 to 5, the length of axis -1, got k=6"):
        ag.topk(x, 6)


# -- searching ---------------------------------------------------------------------------------------


def test_searchsorted():
    a, v = np.array([1.0, 2.0, 2.0, 4.0]), np.array([[2.0, 5.0], [0.0, 4.0]])
    for side in ("left", "right"):
        expected = np.searchsorted(a, v, side)
        assert np.array_equal(np.searchsorted(ag.Tensor(a), v, side)._data, expected)
        assert np.array_equal(np.searchsorted(a, ag.Tensor(v), side=side)._data, expected)
        assert np.array_equal(ag.Tensor(a).searchsorted(ag.Tensor(v), side)._data, expected)
    assert np.searchsorted(tensor([2.0, 1.0]), 1.5, sorter=tensor([1, 0])).item() == 1
    assert ag.searchsorted([1.0, 2.0], 1.5) == 1


def test_digitize_lexsort_isin():
    x, bins = np.array([0.2, 6.4, 3.0, 1.6]), np.array([0.0, 1.0, 2.5, 4.0, 10.0])
    for right in (False, True):
        assert np.array_equal(np.digitize(ag.Tensor(x), bins, right)._data, np.digitize(x, bins, right))
        assert np.array_equal(np.digitize(x, ag.Tensor(bins), right=right)._data, np.digitize(x, bins, right))
    keys = np.array([[1, 5, 1, 4, 3, 4, 4], [9, 4, 0, 4, 0, 2, 1]])
    assert np.array_equal(np.lexsort((ag.Tensor(keys[0]), ag.Tensor(keys[1])))._data, np.lexsort(keys))
    assert np.array_equal(np.lexsort(ag.Tensor(keys))._data, np.lexsort(keys))
    assert np.array_equal(ag.lexsort((keys, keys[::-1]), axis=0), np.lexsort((keys, keys[::-1]), axis=0))
    assert np.isin(tensor([1, 2, 3]), tensor([3, 1])).tolist() == [True, False, True]
    assert np.isin([1, 2, 3], tensor([3, 1]), invert=True).tolist() == [False, True, False]


# -- sets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [(), (True,), (True, True), (True, True, True), (False, False, True)])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_unique_agrees_with_numpy(flags, axis):
    values = np.array([[2, 1, 2], [0, 5, 0], [2, 1, 2]])
    found, expected = np.unique(ag.Tensor(values), *flags, axis=axis), np.unique(values, *flags, axis=axis)
    if not isinstance(expected, tuple):
        found, expected = (found,), (expected,)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert np.array_equal(ours._data, theirs)


def test_the_gradient_of_unique_goes_to_the_first_occurrence():
    x = leaf([3.0, 1.0, 3.0, 2.0, 1.0])
    y = ag.unique(x)
    assert y.tolist() == [1, 2, 3]
    y.backward(tensor([10.0, 20.0, 30.0]))
    assert x.grad.tolist() == [30, 10, 0, 20, 0]
    check_gradients(lambda x: np.unique(x, axis=1), TABLE)
    check_gradients(np.unique, TABLE)


def test_unique_by_the_names_of_the_array_api():
    values = np.array([[2.0, np.nan, 1.0], [np.nan, 2.0, 2.0]])
    x = ag.Tensor(values)
    for name in ("unique_all", "unique_counts", "unique_inverse"):
        expected = getattr(np, name)(values)
        for found in (getattr(np, name)(x), getattr(ag, name)(x)):
            assert found._fields == expected._fields
            for ours, theirs in zip(found, expected, strict=True):
                assert np.array_equal(ours._data, theirs, equal_nan=ours.dtype.kind == "f")
    assert np.array_equal(np.unique_values(x)._data, [1, 2, np.nan, np.nan], equal_nan=True)
    assert np.array_equal(x.unique()._data, [1, 2, np.nan], equal_nan=True)


def test_set_operations_are_for_constants():
    assert np.union1d(tensor([1, 2]), tensor([2, 3])).tolist() == [1, 2, 3]
    with pytest.raises(NoGradientError, match=r"np\.intersect1d: .* would be lost"):
        np.intersect1d(leaf([1.0, 2.0]), tensor([2.0]))
