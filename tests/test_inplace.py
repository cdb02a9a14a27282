"""Values that change after they were saved: a gradient that would be wrong is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

import autograd_core as ag
import optim
from autograd_core.staleness import values_read


def leaf(value, **options):
    return ag.tensor(value, requires_grad=True, **options)


# -- every way of writing into a value that a rule needs -------------------------------------------


def assign_item(x):
    x.data[0] = 5.0


def assign_slice(x):
    x.data[...] = 5.0


def assign_masked(x):
    x.data[x.data > 1] = 5.0


def add_in_place(x):
    x.data += 1.0


def matmul_in_place(x):
    x.data.reshape(2, 2).__imatmul__(np.eye(2))


def replace(x):
    x.data = np.zeros(4)


def replace_by_tensor(x):
    x.data = ag.zeros(4)


def copyto(x):
    np.copyto(x.data, 5.0)


def copyto_by_name(x):
    np.copyto(dst=x.data, src=5.0)


def fill(x):
    x.data.fill(5.0)


def sort(x):
    x.data.sort()


def partition(x):
    x.data.partition(1)


def put(x):
    x.data.put(0, 5.0)


def np_put(x):
    np.put(x.data, [0], 5.0)


def place(x):
    np.place(x.data, x.data > 1, 5.0)


def putmask(x):
    np.putmask(x.data, x.data > 1, 5.0)


def put_along_axis(x):
    np.put_along_axis(x.data, np.array([0]), 5.0, 0)


def fill_diagonal(x):
    np.fill_diagonal(x.data.reshape(2, 2), 5.0)


def ufunc_out(x):
    np.add(x.data, 1.0, out=x.data)


def ufunc_at(x):
    np.add.at(x.data, [0, 0], 1.0)


def function_out(x):
    np.clip(x.data, 0.0, 1.0, out=x.data)


def reduction_out(x):
    np.add.reduce(np.ones((2, 4)), axis=0, out=x.data)


def through_a_view(x):
    x.data[1:3][0] = 5.0


def through_a_transposed_view(x):
    x.data.reshape(2, 2).T[0] += 1.0


def through_detach(x):
    x.detach().data[0] = 5.0


def through_a_constant_tensor(x):
    ag.Tensor(x.data).data[0] = 5.0


def with_a_tensor(x):
    x.data -= 0.1 * ag.ones(4)


def setitem_under_no_grad(x):
    with ag.no_grad():
        x[0] = 5.0


CHANGES = [
    assign_item,
    assign_slice,
    assign_masked,
    add_in_place,
    matmul_in_place,
    replace,
    replace_by_tensor,
    copyto,
    copyto_by_name,
    fill,
    sort,
    partition,
    put,
    np_put,
    place,
    putmask,
    put_along_axis,
    fill_diagonal,
    ufunc_out,
    ufunc_at,
    function_out,
    reduction_out,
    through_a_view,
    through_a_transposed_view,
    through_detach,
    through_a_constant_tensor,
    with_a_tensor,
    setitem_under_no_grad,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_value_that_a_rule_needs_is_noticed(change):
    x = leaf([4.0, 3.0, 2.0, 1.0])
    y = (x * x).sum()
    change(x)
    line = change.__code__.co_firstlineno
    with pytest.raises(ag.StaleValueError) as caught:
        y.backward()
    text = str(caught.value)
    assert "saved by multiply at" in text
    assert "test_inplace.py" in text.split("saved by multiply at")[1].split(" and changed at ")[0]
    changed_at = int(re.search(r"changed at \S*test_inplace.py:(\d+)", text)[1])
    assert line < changed_at <= line + 3
    assert x.grad is None


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_value_that_no_rule_needs_does_no_harm(change):
    x = leaf([4.0, 3.0, 2.0, 1.0])
    y = (x + 1.0).sum()
    change(x)
    y.backward()
    assert x.grad.tolist() == [1.0] * 4


@pytest.mark.parametrize("change", CHANGES)
def test_computing_again_after_the_change_gives_the_new_gradient(change):
    x = leaf([4.0, 3.0, 2.0, 1.0])
    (x * x).sum().backward()
    x.grad = None
    change(x)
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad.data, 2 * x.data)


@pytest.mark.parametrize(
    "write",
    [
        lambda a: np.random.default_rng(0).random(out=a),
        lambda a: np.random.default_rng(0).shuffle(a),
        lambda a: a.flat.__setitem__(0, 5.0),
        lambda a: memoryview(a).__setitem__(0, 5.0),
        lambda a: np.frombuffer(a).__setitem__(0, 5.0),
        lambda a: a.byteswap(inplace=True),
        lambda a: a.setfield(5.0, np.float64),
    ],
)
def test_other_ways_of_writing_are_noticed_or_refused(write):
    x = leaf([4.0, 3.0, 2.0, 1.0])
    y = (x * x).sum()
    before = x.tolist()
    try:
        write(x.data)
    except (TypeError, ValueError):
        assert x.tolist() == before
        y.backward()
    else:
        with pytest.raises(ag.StaleValueError):
            y.backward()


# -- which value, and which line -------------------------------------------------------------------


def test_the_message_names_operation_shape_both_lines_and_the_remedy():
    w = leaf([[1.0, 2.0], [3.0, 4.0]], name="weights")
    y = np.exp(w @ w).sum()  # the line that saves
    w.data[0, 0] = 7.0  # the line that changes
    with pytest.raises(ag.StaleValueError) as caught:
        y.backward()
    text = str(caught.value)
    assert text.startswith("backward of matmul: a value that it needs was changed before the backward pass.")
    assert "The Tensor 'weights' of shape (2, 2) (input 1 of matmul)" in text
    assert "(y = np.exp(w @ w).sum()  # the line that saves)" in text
    assert "(w.data[0, 0] = 7.0  # the line that changes)" in text
    assert "To mend it: call backward() before the change, change a copy" in text


def test_a_changed_output_is_noticed():
    x = leaf([1.0, 2.0])
    y = np.exp(x)
    z = y.sum()
    y.data[0] = 0.0
    with pytest.raises(ag.StaleValueError, match=r"the output of exp"):
        z.backward()


def test_only_rules_that_run_count():
    w, x = leaf([1.0, 2.0]), ag.tensor([3.0, 4.0])
    y = (w * x).sum()  # only the rule for w runs; it reads x
    w.data[0] = 9.0
    y.backward()
    assert w.grad.tolist() == [3.0, 4.0]
    x.data[0] = 9.0
    with pytest.raises(ag.StaleValueError):
        y.backward()


def test_recorded_rules_are_checked_too():
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    x.data[0] = 9.0
    with pytest.raises(ag.StaleValueError):
        ag.gradients(y, x, create_graph=True)


def test_changes_before_the_use_are_fine():
    x = leaf([1.0, 2.0])
    x.data *= 3.0
    y = (x * x).sum()
    y.backward()
    assert x.grad.tolist() == [6.0, 12.0]


def test_a_step_between_two_backward_passes_of_one_graph_is_refused():
    w = leaf([1.0, 2.0])
    loss = (w * w).sum()
    loss.backward()
    w.data -= 0.1 * w.grad
    with pytest.raises(ag.StaleValueError):
        loss.backward()


def test_a_training_loop_is_not_disturbed():
    w = leaf([1.0, 2.0])
    for _ in range(3):
        w.grad = None
        ((w - 3.0) ** 2).sum().backward()
        w.data -= 0.1 * w.grad
    np.testing.assert_allclose(w.data, 3 - (3 - np.array([1.0, 2.0])) * 0.8**3)


# -- memory in common ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x.reshape(2, 2),
        lambda x: x[1:],
        lambda x: x.reshape(2, 2).T,
        lambda x: np.broadcast_to(x, (3, 4)),
        lambda x: np.split(x, 2)[0],
        lambda x: x[None].swapaxes(0, 1),
        lambda x: np.diagonal(x.reshape(2, 2)),
    ],
)
def test_writing_into_the_base_changes_its_views(view):
    x = leaf([4.0, 3.0, 2.0, 1.0])
    y = view(x)
    z = (y * y).sum()
    x.data[:] = 0.0
    with pytest.raises(ag.StaleValueError):
        z.backward()


@pytest.mark.parametrize(
    "view", [lambda x: x.reshape(2, 2), lambda x: x[1:].reshape(3, 1), lambda x: np.split(x, 2)[1]]
)
def test_writing_into_a_view_changes_its_base(view):
    x = leaf([4.0, 3.0, 2.0, 1.0])
    y = (x * x).sum()
    view(x).data[0] = 0.0
    with pytest.raises(ag.StaleValueError):
        y.backward()


def test_writing_into_one_view_changes_another():
    x = leaf([4.0, 3.0, 2.0, 1.0])
    first, second = x.reshape(2, 2), x[None]
    y = (first * first).sum()
    second.data[0, 0] = 0.0
    with pytest.raises(ag.StaleValueError):
        y.backward()


def test_separate_parts_of_one_array_do_not_disturb_each_other():
    base = ag.tensor([4.0, 3.0, 2.0, 1.0])
    head, tail, w = base[:2], base[2:], leaf([1.0, 1.0])
    y = (w * head).sum()
    tail.data[0] = 0.0
    y.backward()
    assert w.grad.tolist() == [4.0, 3.0]


def test_constant_views_and_their_bases():
    w = leaf(1.0)
    constant = ag.tensor([1.0, 2.0, 3.0, 4.0])
    view = constant.reshape(2, 2)
    for source, target in ((constant, view), (view, constant), (view, constant[1:])):
        y = (w * source).sum()
        target.data[:] = 5.0
        with pytest.raises(ag.StaleValueError):
            y.backward()


def test_detached_values_in_both_directions():
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    detached = x.detach()
    y = (detached * w).sum()
    x.data[0] = 5.0
    with pytest.raises(ag.StaleValueError):
        y.backward()
    siblings = x.detach(), x.detach()
    y = (siblings[0] * w).sum()
    siblings[1].data[0] = 5.0
    with pytest.raises(ag.StaleValueError):
        y.backward()


def test_a_step_of_an_optimizer_changes_detached_values_too():
    w, p = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    optimizer = optim.SGD([p], lr=0.1)
    for _ in range(2):  # the first step moves the parameters into memory of the optimizer's
        p.grad = None
        (p * p).sum().backward()
        y = (w * p.detach()).sum()
        optimizer.step()
    with pytest.raises(ag.StaleValueError, match=r"optimizer.step\(\)"):
        y.backward()


def test_data_of_another_tensor_as_an_operand():
    w, x = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    for product in (w * x.data, x.data * w, np.multiply(x.data, w)):
        assert product.requires_grad
        y = product.sum()
        x.data[0] += 1.0
        with pytest.raises(ag.StaleValueError):
            y.backward()


def test_assigning_a_tensor_or_its_data_copies():
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    x.data = y.data
    x.data[0] = 9.0
    assert y.tolist() == [3.0, 4.0]
    x.data = y
    y.data[0] = 7.0
    assert x.tolist() == [3.0, 4.0]
    x.data = x.data
    assert x.tolist() == [3.0, 4.0]


def test_data_does_not_pile_up_views():
    x = leaf([1.0, 2.0])
    before = x._data
    for _ in range(10):
        x.data += 1.0
    assert x._data is before
    assert x.tolist() == [11.0, 12.0]


def test_a_dead_owner_needs_no_report():
    data = ag.tensor([1.0, 2.0]).data
    data[0] = 5.0
    assert data.tolist() == [5.0, 2.0]


def test_data_behaves_as_an_array():
    x = ag.tensor([[1.0, 2.0], [3.0, 4.0]])
    data = x.data
    assert isinstance(data, np.ndarray)
    assert type(data + 1) is np.ndarray
    assert type(data.sum(axis=0)) is np.ndarray
    assert type(np.concatenate([data, data])) is np.ndarray
    assert type(data.copy()) is np.ndarray
    assert np.linalg.det(data) == pytest.approx(-2.0)
    assert repr(data) == repr(np.array([[1.0, 2.0], [3.0, 4.0]]))
    copied = data.copy()
    copied[0, 0] = 9.0
    assert x.tolist()[0][0] == 1.0
    assert type(ag.tensor(1.0).data) is np.float64


def test_read_only_arrays_stay_read_only():
    array = np.arange(3.0)
    array.flags.writeable = False
    x = ag.Tensor(array)
    with pytest.raises(ValueError, match=r"writing into tensor.data: expected an array that can be written into"):
        x.data[0] = 5.0
    x.data = np.ones(3)
    x.data[0] = 5.0
    assert array[0] == 0.0


def test_data_of_another_shape_or_dtype():
    x = leaf(np.float32([1.0, 2.0]))
    with pytest.raises(ValueError, match=r"tensor.data = value: expected the Tensor's shape \(2,\), got shape \(3,\)"):
        x.data = np.zeros(3)
    x.data = [1.0, 2.5]
    assert x.dtype == np.float32


# -- which values a rule reads ---------------------------------------------------------------------


def test_what_a_rule_reads_is_told_from_its_code():
    assert values_read(lambda g, out, x: g * out) == {"g", "out"}
    assert values_read(lambda g, out, x: np.broadcast_to(g, x.shape)) == {"g"}
    assert values_read(lambda g, out, x, y: g * (lambda: y)()) == {"g", "y"}
    assert values_read(lambda *args: args[0]) is None
    assert values_read(np.sin) is None

    def later(g, out, x, y):
        n = x.ndim
        z = y if n else g
        return z

    assert values_read(later) >= {"g", "y"}
    assert "x" not in values_read(later)


def test_parts_of_different_lengths_and_their_base():
    x = leaf([4.0, 3.0, 2.0, 1.0])
    y = (x * x).sum()
    np.split(x, [1])[1].data[0] = 0.0
    with pytest.raises(ag.StaleValueError):
        y.backward()
