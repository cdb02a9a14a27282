"""``x[index]``, ``x[index] = value``, ``x.at[index]`` and picking along an axis, as users write them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_core as ag
from autograd_core.errors import GradientError, NoGradientError
from autograd_core.ops import indexing
from tests.differences import check_gradients

quick = settings(max_examples=120, deadline=None, derandomize=True, database=None)


def tensor(values, **options):
    return ag.Tensor(np.array(values), **options)


def leaf(values):
    return tensor(values, requires_grad=True)


# -- any index at all, against one entry after the other --------------------------------------------


@st.composite
def arrays_and_indices(draw):
    """A shape, and an index of basic parts, masks, integer arrays and what is neither."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4))
    common = draw(hnp.array_shapes(max_dims=2, max_side=3))
    parts, axis, kinds = [], 0, ["int", "slice", "array", "mask", "new", "...", "stop"]
    while axis < len(shape):
        n = shape[axis]
        kind = draw(st.sampled_from(kinds))
        if kind == "stop":
            break
        if kind == "new":
            parts.append(None)
            continue
        if kind == "...":  # skips some axes; what follows counts from the last one, so nothing may be left out
            parts.append(...)
            axis += draw(st.integers(0, len(shape) - axis))
            kinds = kinds[:4]
            continue
        if kind == "int":
            parts.append(draw(st.integers(-n, n - 1)))
        elif kind == "slice":
            parts.append(draw(st.slices(n)))
        elif kind == "array":
            parts.append(draw(hnp.arrays(np.intp, common, elements=st.integers(-n, n - 1))))
        else:
            mask = np.zeros(n, bool)
            chosen = draw(st.integers(0, n - 1))
            mask[chosen] = True  # one true entry broadcasts against every integer array
            parts.append(mask)
        axis += 1
    index = tuple(parts)
    return shape, index[0] if len(index) == 1 and draw(st.booleans()) else index


def disguised(index, draw):
    """The index with some arrays as Tensors, some as lists."""

    def one(part):
        if not isinstance(part, np.ndarray):
            return part
        kind = draw(st.sampled_from(["array", "tensor", "list"]))
        return part if kind == "array" else tensor(part) if kind == "tensor" else part.tolist()

    return tuple(one(part) for part in index) if isinstance(index, tuple) else one(index)


def scattered(g, places, size):
    total = np.zeros(size)
    for place, entry in zip(np.ravel(places), np.ravel(g), strict=True):
        total[place] += entry
    return total


@quick
@given(st.data())
def test_any_index(data):
    shape, index = data.draw(arrays_and_indices())
    values = np.arange(1.0, np.prod(shape) + 1).reshape(shape)
    places = np.arange(values.size).reshape(shape)[index]
    g = np.random.default_rng(0).standard_normal(np.shape(places))

    x = ag.Tensor(values, requires_grad=True)
    y = x[disguised(index, data.draw)]
    assert np.array_equal(y._data, values[index])
    assert y.requires_grad
    (found,) = ag.gradients(y, x, g, create_graph=True)
    assert np.allclose(found._data, scattered(g, places, values.size).reshape(shape))
    # The gradient is linear in g, so its gradient in g is reading again.
    seed = ag.Tensor(g, requires_grad=True)
    (first,) = ag.gradients(y, x, seed, create_graph=True)
    (back,) = ag.gradients(first, seed, values)
    assert np.array_equal(back._data, values[index])


@quick
@given(st.data())
def test_any_index_written_and_added_to(data):
    shape, index = data.draw(arrays_and_indices())
    rng = np.random.default_rng(1)
    values, weight = rng.standard_normal(shape), rng.standard_normal(shape)
    places = np.arange(values.size).reshape(shape)[index]
    new = rng.standard_normal(np.shape(places))
    written, added = values.copy(), values.ravel() + scattered(new, places, values.size)
    last = {}
    for position, (place, entry) in enumerate(zip(np.ravel(places), np.ravel(new), strict=True)):
        written.flat[place] = entry
        last[int(place)] = position
    kept = np.zeros(np.size(places))
    kept[list(last.values())] = weight.ravel()[list(last)]

    x, v = ag.Tensor(values, requires_grad=True), ag.Tensor(new, requires_grad=True)
    y = x.at[disguised(index, data.draw)].set(v)
    assert np.array_equal(y._data, written)
    dx, dv = ag.gradients(y, [x, v], weight)
    untouched = weight.copy()
    untouched.ravel()[np.ravel(places)] = 0
    assert np.array_equal(dx._data, untouched)
    assert np.array_equal(dv._data, kept.reshape(new.shape))

    y = x.at[disguised(index, data.draw)].add(v)
    assert np.allclose(y._data, added.reshape(shape))
    dx, dv = ag.gradients(y, [x, v], weight)
    assert np.array_equal(dx._data, weight)
    assert np.array_equal(dv._data, weight[index])
    assert np.array_equal(x._data, values)


@pytest.mark.parametrize("index", [5, (0, 0, 0), np.array([3]), 0.5, np.array([True, False]), "a"])
def test_index_errors_are_those_of_numpy(index):
    x = np.arange(6.0).reshape(3, 2)
    with pytest.raises(IndexError) as theirs:
        x[index]
    with pytest.raises(IndexError) as ours:
        leaf(x)[index]
    assert str(ours.value) == str(theirs.value)
    with pytest.raises(IndexError):
        leaf(x).at[index].set(0.0)


def test_a_float_tensor_is_no_index():
    with pytest.raises(IndexError, match="integer"):
        leaf([1.0, 2.0])[leaf([0.0])]


def test_indices_that_are_changed_afterwards_change_no_gradient():
    x, index, rows = leaf([1.0, 2.0, 3.0]), np.array([0, 0]), [1, 1]
    y = x[index].sum() + 10 * x[rows].sum()
    index[:], rows[:] = 2, [2, 2]
    y.backward()
    assert np.array_equal(x.grad._data, [2, 20, 0])


def test_index_tensors_are_parents_and_attributes_stay_plain():
    x, ids = leaf([1.0, 2.0, 3.0]), tensor([2, 2])
    assert x[ids].parents == (x, ids)
    assert x[ids, None].parents == (x, ids)
    assert x[1:].parents == (x,)
    assert x[1].attributes == {"index": 1}


def test_lists_of_scalar_tensors_and_scalar_tensors():
    x = leaf([1.0, 2.0, 3.0])
    assert x[[tensor(2), 0]].tolist() == [3.0, 1.0]
    assert x[tensor(1)].item() == 2.0
    assert x[tensor(1) :].tolist() == [2.0, 3.0]
    assert x[[]].shape == (0,)


def test_float32_stays_float32():
    x = ag.Tensor(np.ones((3, 2), np.float32), requires_grad=True)
    y = x.at[[0, 0]].add(np.float64(1.0)).at[1].set(np.float64(3.0))[[0, 1, 1]]
    assert y.dtype == np.float32
    (y * 2.0).sum().backward()
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [[2, 2], [0, 0], [0, 0]]


def test_iteration_and_unpacking_carry_gradients():
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    first, second = x
    (first * second).sum().backward()
    assert x.grad.tolist() == [[3, 4], [1, 2]]


# -- assignment -------------------------------------------------------------------------------------


def test_assignment_makes_a_new_node_and_older_consumers_keep_the_old_one():
    x = leaf([1.0, 2.0, 3.0])
    y = x * 2
    before = (y * y).sum()
    view = y[0]
    y[0] = 5.0
    after = (y * y).sum()
    assert y.tolist() == [5, 4, 6]
    assert view.item() == 2.0
    before.backward()
    assert x.grad.tolist() == [8, 16, 24]
    x.zero_grad_()
    after.backward()
    assert x.grad.tolist() == [0, 16, 24]
    x.zero_grad_()
    view.backward()
    assert x.grad.tolist() == [2, 0, 0]


def test_assignment_to_a_leaf_that_requires_a_gradient_is_refused():
    x = leaf([1.0, 2.0])
    with pytest.raises(GradientError, match=r"x\[index\] = value: expected a Tensor that is not a leaf .*x\.at\["):
        x[0] = 3.0
    assert x.tolist() == [1, 2]


def test_assignment_under_no_grad_changes_the_value_of_a_leaf():
    x = leaf([1.0, 2.0])
    with ag.no_grad():
        x[0] = 3.0
        x[tensor([1])] = tensor([4.0])
    assert x.tolist() == [3, 4]
    assert x.is_leaf
    assert x.requires_grad
    (x * x).sum().backward()
    assert x.grad.tolist() == [6, 8]


def test_assigning_a_value_that_requires_a_gradient_to_a_constant():
    x, v = tensor([1.0, 2.0]), leaf(3.0)
    old = x * 10
    x[0] = v
    assert x.requires_grad
    assert not x.is_leaf
    (x * x).sum().backward()
    assert v.grad.item() == 6
    assert old.tolist() == [10, 20]


def test_a_constant_that_a_graph_has_used_before_keeps_its_old_value_there():
    x, w = tensor([1.0, 2.0]), leaf([3.0, 4.0])
    y = (x * w).sum()
    x[0] = w[1]
    y.backward()
    assert w.grad.tolist() == [1, 2]
    w.zero_grad_()
    (x * w).sum().backward()
    assert w.grad.tolist() == [4, 3 + 2]


def test_assigning_a_part_of_itself_and_augmented_assignment():
    x = leaf([1.0, 2.0, 3.0])
    y = x * 1
    y[0] = y[2]
    y[1:] += y[:2]
    y[[0, 1]] *= 10.0
    assert y.tolist() == [30, 50, 5]
    (y * tensor([1.0, 100.0, 10000.0])).sum().backward()
    assert x.grad.tolist() == [0, 11000, 10 + 1000 + 10000]


def test_a_chain_of_assignments_in_a_loop():
    rows = [leaf([float(i), float(i + 1)]) for i in range(20)]
    table = ag.Tensor(np.zeros((20, 2)))
    for i, row in enumerate(rows):
        table[i] = row * row
    (table * np.arange(40.0).reshape(20, 2)).sum().backward()
    for i, row in enumerate(rows):
        assert row.grad.tolist() == [2 * i * 2 * i, 2 * (i + 1) * (2 * i + 1)]


def test_a_chain_of_assignments_to_a_constant_keeps_no_history():
    x = ag.Tensor(np.zeros(3))
    for i in range(3):
        x[i] = i + 1.0
    assert x.tolist() == [1, 2, 3]
    assert x.is_leaf
    assert not x.requires_grad
    x.requires_grad = True
    x.sum().backward()
    assert x.grad.tolist() == [1, 1, 1]


def test_the_array_that_a_tensor_was_made_from_is_not_written_into():
    array = np.zeros(2)
    x = ag.Tensor(array)
    x[0] = 1.0
    assert array.tolist() == [0, 0]
    assert x.tolist() == [1, 0]


def test_a_gradient_would_be_lost_in_integers():
    x = tensor([1, 2])
    x[0] = 7.9  # as in NumPy
    assert x.tolist() == [7, 2]
    with pytest.raises(NoGradientError, match=r"x\[index\] = value: expected a value that fits into dtype int64"):
        x[0] = leaf(1.0)
    assert x.tolist() == [7, 2]
    with ag.no_grad():
        x[1] = leaf(1.5).detach()
    assert x.tolist() == [7, 1]


def test_complex_values_do_not_fit_into_reals():
    x = leaf([1.0, 2.0]) * 1
    with pytest.raises(TypeError, match=r"expected a value that fits into dtype float64, got dtype complex128"):
        x[0] = 1j
    with pytest.raises(TypeError, match="index_add: expected a value that fits into dtype int64, got dtype float64"):
        tensor([1, 2]).at[0].add(0.5)
    with pytest.raises(TypeError, match=r"x\.at\[index\]\.divide: expected a value that fits into dtype int64"):
        tensor([1, 2]).at[0].divide(2)


def test_masks_and_tensors_as_index_of_an_assignment():
    x, v = leaf([[1.0, -2.0], [-3.0, 4.0]]), leaf([5.0, 6.0])
    y = x * 1
    y[y < 0] = v
    assert y.tolist() == [[1, 5], [6, 4]]
    (y * y).sum().backward()
    assert x.grad.tolist() == [[2, 0], [0, 8]]
    assert v.grad.tolist() == [10, 12]


def test_values_that_do_not_fit_are_refused_by_numpy():
    x = leaf([1.0, 2.0, 3.0]) * 1
    with pytest.raises(ValueError, match="broadcast"):
        x[:2] = np.ones(3)
    with pytest.raises(ValueError, match="broadcast"):
        x.at[[0, 1]].add(np.ones(3))


# -- x.at --------------------------------------------------------------------------------------------

UPDATES = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "power": np.power,
    "min": np.minimum,
    "max": np.maximum,
}


@pytest.mark.parametrize("name", UPDATES)
@pytest.mark.parametrize("index", [1, slice(0, 2), [2, 0], [0, 2, 0, 0], [-1, 2, -1], (..., [0, 1, 0])])
def test_at(name, index):
    rng = np.random.default_rng(2)
    values = rng.uniform(0.5, 2.0, (3,))
    new = rng.uniform(0.5, 2.0, np.shape(values[index]))
    expected = values.copy()
    UPDATES[name].at(expected, index, new)
    y = getattr(ag.Tensor(values).at[index], name)(new)
    assert np.allclose(y._data, expected)
    check_gradients(lambda x, v: getattr(x.at[index], name)(v), values, new)
    if name != "power":
        check_gradients(lambda x, v: getattr(x.at[index], name)(v), values, np.array(1.3))


def test_at_with_index_tensors_and_plain_arrays():
    ids = tensor([1, 1])
    assert tensor([1.0, 2.0]).at[ids].multiply([3.0, 5.0]).tolist() == [1, 30]
    assert tensor([[1.0, 2.0]]).at[0, ids].max(7.0).tolist() == [[1, 7]]
    assert tensor([1.0, 2.0]).at[ids[:0]].multiply(3.0).tolist() == [1, 2]
    assert isinstance(ag.index_set(np.zeros(2), 0, 1.0), np.ndarray)
    assert ag.index_add(np.zeros(2), [0, 0], 1.0).tolist() == [2, 0]


def test_at_get_and_its_texts():
    x = leaf([1.0, 2.0])
    assert x.at[[1, 1]].get().tolist() == [2, 2]
    assert repr(x.at[1]) == "x.at[1]"
    assert ".add" in repr(x.at)
    assert isinstance(x.at, indexing.At)


def test_index_add_in_both_orders():
    x, v = leaf([[1.0, 2.0], [3.0, 4.0]]), leaf([[10.0, 20.0, 30.0], [1.0, 2.0, 3.0]])
    y = ag.index_add(x, 1, tensor([0, 1, 0]), v)
    assert y.tolist() == [[41, 22], [7, 6]]
    assert x.index_add((slice(None), [0, 1, 0]), v).tolist() == y.tolist()
    check_gradients(lambda x, v: x.index_add(-1, [0, 1, 0], v), x._data, v._data)
    with pytest.raises(TypeError, match=r"index_add: expected \(x, index, value\) or"):
        ag.index_add(x, 1)


def test_methods_that_write_in_place_are_refused():
    x = tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=r"np\.put: expected an array to write into, got a Tensor.*x\.at\["):
        x.put([0], 1.0)


# -- along an axis -----------------------------------------------------------------------------------

TABLE = np.arange(12.0).reshape(3, 4) ** 1.5


@pytest.mark.parametrize(
    ("indices", "axis", "mode"),
    [
        (1, None, "raise"),
        ([3, 0, 3], 1, "raise"),
        (np.array([[1, -1], [0, 0]]), 0, "raise"),
        (np.array([7, -9, 2]), 0, "wrap"),
        (np.array([7, -9, 2]), -1, "clip"),
        (np.array([[30, 2]]), None, "wrap"),
        ([True, False], 0, "raise"),
        ((1, 2), None, "raise"),
        (np.array(2), 1, "raise"),
        ([], 0, "raise"),
    ],
)
def test_take(indices, axis, mode):
    expected = np.take(TABLE, np.array(indices, np.intp), axis, mode=mode)
    x = ag.Tensor(TABLE)
    for found in (
        np.take(x, indices, axis, mode=mode),
        ag.take(x, indices, axis, mode=mode),
        x.take(indices, axis, mode=mode),
    ):
        assert np.array_equal(found._data, expected)
    check_gradients(lambda x: ag.take(x, indices, axis, mode=mode), TABLE)
    if isinstance(indices, np.ndarray):
        check_gradients(lambda x: np.take(x, ag.Tensor(indices), axis, mode=mode), TABLE)


def test_take_refuses():
    x = tensor([1.0, 2.0])
    with pytest.raises(IndexError):
        np.take(x, 2)
    with pytest.raises(ValueError, match="take: expected mode 'raise', 'wrap' or 'clip', got 'rise'"):
        np.take(x, 0, mode="rise")
    with pytest.raises(np.exceptions.AxisError):
        np.take(x, 0, axis=1)
    with pytest.raises(TypeError, match="out"):
        np.take(x, [0], out=np.zeros(1))


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_along_an_axis(axis):
    rng = np.random.default_rng(3)
    shape = {0: (2, 4), None: (5,)}.get(axis, (3, 2))
    length = TABLE.size if axis is None else TABLE.shape[axis]
    indices = rng.integers(-length, length, shape)
    x = ag.Tensor(TABLE)
    assert np.array_equal(np.take_along_axis(x, indices, axis)._data, np.take_along_axis(TABLE, indices, axis))
    check_gradients(lambda x: ag.take_along_axis(x, ag.Tensor(indices), axis), TABLE)

    values = rng.standard_normal(shape)
    expected = TABLE.copy()
    np.put_along_axis(expected, indices, values, axis)
    assert np.array_equal(ag.put_along_axis(x, ag.Tensor(indices), values, axis)._data, expected)
    assert np.array_equal(x._data, TABLE)
    check_gradients(lambda x, v: ag.put_along_axis(x, indices, v, axis), TABLE, values)


def test_take_along_axis_has_numpys_default_axis_and_errors():
    indices = np.argsort(-TABLE)  # NumPy's own has a default axis from 2.3 on
    assert np.array_equal(ag.take_along_axis(ag.Tensor(TABLE), indices)._data, np.take_along_axis(TABLE, indices, -1))
    with pytest.raises(ValueError, match="dimensions"):
        np.take_along_axis(ag.Tensor(TABLE), np.array([0]), 0)


def test_gather_and_scatter_add_are_pytorchs():
    index = np.array([[0, 2], [1, 1]])
    x = ag.Tensor(TABLE)
    expected = [[TABLE[0, 0], TABLE[2, 1]], [TABLE[1, 0], TABLE[1, 1]]]
    for found in (ag.gather(x, 0, index), x.gather(0, ag.Tensor(index)), x.gather(dim=0, index=index)):
        assert np.array_equal(found._data, expected)
    check_gradients(lambda x: x.gather(1, index), TABLE)
    value = np.array([[1.0, 2.0, 9.0], [3.0, 4.0, 9.0]])
    expected = np.zeros((3, 4))
    expected[0, 0], expected[2, 1], expected[1, 0], expected[1, 1] = 1, 2, 3, 4
    assert np.array_equal(ag.scatter_add(x * 0, 0, index, value)._data, expected)
    assert ag.scatter_add(tensor([0.0]), 0, tensor([0, 0]), 2.5).tolist() == [5]
    check_gradients(lambda x, v: x.scatter_add(0, ag.Tensor(index), v), TABLE, value)


def test_gather_refuses():
    x = ag.Tensor(TABLE)
    with pytest.raises(ValueError, match=r"gather: expected an index with 2 axes, no longer than \(3, 4\) except"):
        ag.gather(x, 0, [0, 1])
    with pytest.raises(ValueError, match=r"scatter_add: expected .* got shape \(1, 5\)"):
        ag.scatter_add(x, 0, np.zeros((1, 5), int), 1.0)
    with pytest.raises(IndexError):
        ag.gather(x, 0, [[3]])


def test_index_select():
    assert np.array_equal(ag.index_select(ag.Tensor(TABLE), 1, [1, 1])._data, TABLE[:, [1, 1]])
    assert np.array_equal(ag.Tensor(TABLE).index_select(dim=0, index=tensor([2]))._data, TABLE[[2]])


# -- masks and conditions ----------------------------------------------------------------------------


def test_compress_and_extract():
    x, keep = ag.Tensor(TABLE), [True, False, True]
    for axis in (0, 1, None):
        expected = np.compress(keep, TABLE, axis)
        assert np.array_equal(np.compress(keep, x, axis)._data, expected)
        assert np.array_equal(x.compress(tensor(keep), axis)._data, expected)
        check_gradients(lambda x, axis=axis: ag.compress(keep, x, axis), TABLE)
    with pytest.raises(IndexError):
        np.compress([True, False, False, True], x, 0)
    assert np.array_equal(np.extract(x > 5.0, x)._data, TABLE[TABLE > 5.0])
    check_gradients(lambda x: np.extract(x > 5.0, x), TABLE)


def test_masked_select_and_fill():
    mask = np.array([True, False, False, True])
    x = ag.Tensor(TABLE)
    assert np.array_equal(x.masked_select(ag.Tensor(mask))._data, TABLE[:, mask].ravel())
    check_gradients(lambda x: ag.masked_select(x, mask), TABLE)
    filled = x.masked_fill(ag.Tensor(mask), -np.inf)
    assert np.array_equal(filled._data, np.where(mask, -np.inf, TABLE))
    assert ag.masked_fill(x.astype("float32"), mask, np.float64(1.0)).dtype == np.float32
    check_gradients(lambda x, v: ag.masked_fill(x, mask, v), TABLE, np.array(0.5))


def test_select():
    x = TABLE - 5
    conditions = [x < -2, x < 3]
    expected = np.select(conditions, [x, x**2], default=7.0)
    found = np.select([ag.Tensor(c) for c in conditions], [ag.Tensor(x), ag.Tensor(x) ** 2], default=7.0)
    assert np.array_equal(found._data, expected)
    check_gradients(lambda x, d: ag.select([x < -2, x < 3.5], [x, x**2], d), x, np.array(7.0))
    with pytest.raises(ValueError, match="select: expected as many conditions as choices"):
        np.select([ag.Tensor(conditions[0])], [])
    with pytest.raises(TypeError, match="select: expected boolean conditions, got dtype int64"):
        np.select([np.array([1, 0])], [tensor([1.0, 2.0])])


def test_choose():
    a = np.array([[0, 1, 2], [2, 1, 0]])
    choices = [np.arange(3.0), np.array(7.0), np.arange(6.0).reshape(2, 3)]
    expected = np.choose(a, choices)
    assert np.array_equal(np.choose(a, [ag.Tensor(c) for c in choices])._data, expected)
    assert np.array_equal(ag.Tensor(a).choose(choices)._data, expected)
    assert np.choose(tensor([3, -1]), [tensor(1.0), tensor(2.0)], mode="clip").tolist() == [2, 1]
    assert np.choose(tensor([3, -1]), tensor([1.0, 2.0]), mode="wrap").tolist() == [2, 2]
    check_gradients(lambda *choices: ag.choose(a, choices), *choices)
    with pytest.raises(ValueError, match="choose: expected integers from 0 to 1"):
        np.choose(tensor([2]), tensor([1.0, 2.0]))
    with pytest.raises(ValueError, match="choose: expected integers from 0 to 1"):
        np.choose(tensor([-1]), tensor([1.0, 2.0]))


def test_positions_are_constants():
    x = leaf([[0.0, 2.0], [3.0, 0.0]])
    for function in (np.nonzero, np.argwhere, np.flatnonzero, np.where):
        found, expected = function(x), function(x._data)
        if not isinstance(expected, tuple):
            found, expected = (found,), (expected,)
        for ours, theirs in zip(found, expected, strict=True):
            assert np.array_equal(ours._data, theirs)
            assert not ours.requires_grad
    assert [i.tolist() for i in x.nonzero()] == [[0, 1], [1, 0]]
    assert [i.tolist() for i in np.tril_indices_from(x)] == [[0, 1, 1], [0, 0, 1]]
    assert np.unravel_index(tensor([3]), (2, 2))[0].tolist() == [1]
    assert x[np.ix_(tensor([1]), tensor([0, 0]))].tolist() == [[3, 3]]


@pytest.mark.parametrize(
    ("call", "remedy"),
    [
        (lambda x: np.put(x, [0], 1.0), r"x\.at\[index\]"),
        (lambda x: np.place(x, [True, False], [1.0]), r"x\.at\[mask\]"),
        (lambda x: np.putmask(x, [True, False], [1.0]), "ag.where"),
        (lambda x: np.put_along_axis(x, np.array([0]), 1.0, 0), "ag.put_along_axis"),
        (lambda x: np.copyto(x, 1.0), "ag.where"),
        (lambda x: np.fill_diagonal(x, 1.0), "ag.eye"),
    ],
)
def test_numpys_writers_do_not_write_into_tensors(call, remedy):
    x = tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=rf"np\.\w+: expected an array to write into, got a Tensor.*{remedy}"):
        call(x)
    assert x.tolist() == [1, 2]


def test_numpys_writers_take_constants_as_values_but_no_gradients():
    array = np.zeros(2)
    np.copyto(array, tensor([1.0, 2.0]))
    np.put(array, tensor([0]), tensor([5.0]))
    assert array.tolist() == [5, 2]
    with pytest.raises(NoGradientError, match="gradient would be lost"):
        np.copyto(array, leaf([1.0, 2.0]))


# -- replay ------------------------------------------------------------------------------------------


def test_a_replay_computes_indices_anew():
    def f(x, ids):
        order = ag.argsort(x)
        return (x[ids] * ag.topk(x, 2).values).sum() + x[order[0]] * 100 + (np.sort(x)[1:] * x[x > -9][:2]).sum()

    graph = ag.Graph.trace(f, tensor([3.0, 1.0, 2.0]), tensor([0, 0]))
    new = (np.array([5.0, 7.0, 4.0]), np.array([2, 1]))
    assert graph.forward(*new).item() == f(*map(ag.Tensor, new)).item()


def test_a_source_may_change_after_reading_but_an_index_may_not():
    x, ids = leaf([1.0, 2.0]), tensor([0, 0])
    y = x[ids].sum()
    x.data[0] = 5.0  # where an entry was read from does not depend on what it was
    y.backward()
    assert x.grad.tolist() == [2, 0]
    y = x[ids].sum()
    ids.data[0] = 1
    with pytest.raises(GradientError, match="getitem_by: a value that it needs was changed"):
        y.backward()
