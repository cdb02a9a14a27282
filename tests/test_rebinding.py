"""``x[i] = v`` and ``x += v``: a Tensor becomes a new node, and what used the old one keeps it."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.errors import StaleValueError


def leaf(value, **options):
    return ag.tensor(value, requires_grad=True, **options)


def test_item_assignment_makes_a_new_node():
    x = leaf([1.0, 2.0, 3.0])
    y = x * 2.0
    before = (y * y).sum()
    y[1] = 10.0
    after = (y * y).sum()
    assert y.tolist() == [2.0, 10.0, 6.0]
    assert ag.gradients(before, x)[0].tolist() == [8.0, 16.0, 24.0]
    assert ag.gradients(after, x)[0].tolist() == [8.0, 0.0, 24.0]


def test_assigned_values_get_their_gradient():
    x, v = leaf([1.0, 2.0]), leaf(3.0)
    y = x * 1.0
    y[0] = v * v
    (y * ag.tensor([10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [0.0, 100.0]
    assert v.grad.item() == 60.0


def test_assignments_from_the_tensor_itself():
    x = leaf([1.0, 2.0, 3.0])
    y = x * 1.0
    y[0] = y[1] * y[2]
    y[1] = y[0] + y[1]
    (y * ag.tensor([1.0, 10.0, 100.0])).sum().backward()
    # y = (x1 x2, x1 x2 + x1, x2)
    assert y.tolist() == [6.0, 8.0, 3.0]
    assert x.grad.tolist() == [0.0, 3.0 + 10 * 3.0 + 10.0, 2.0 + 10 * 2.0 + 100.0]


def test_filling_a_buffer_in_a_loop():
    x = leaf(2.0)
    buffer = ag.zeros(4)
    value = x
    for i in range(4):
        buffer[i] = value
        value = value * x
    assert buffer.tolist() == [2.0, 4.0, 8.0, 16.0]
    buffer.sum().backward()
    assert x.grad.item() == 1 + 4 + 12 + 32


def test_users_of_several_versions_each_keep_theirs():
    w = leaf(1.0)
    buffer = ag.tensor([1.0, 1.0])
    results = []
    for i in range(3):
        results.append((w * buffer).sum())
        buffer[0] = 10.0 * (i + 1)
    for result, expected in zip(results, (2.0, 11.0, 21.0), strict=True):
        (plain,) = ag.gradients(result, w)
        (recorded,) = ag.gradients(result, w, create_graph=True)
        assert plain.item() == recorded.item() == expected


def test_overwriting_after_rebinding():
    w = leaf(1.0)
    x = ag.tensor([1.0, 2.0])
    first = (w * x).sum()
    x[0] = 5.0
    second = (w * x).sum()
    x.data[1] = 7.0
    assert ag.gradients(first, w, create_graph=True)[0].item() == 3.0
    with pytest.raises(ag.StaleValueError):
        second.backward()


def test_writing_into_an_old_version():
    w = leaf(1.0)
    x = ag.tensor([1.0, 2.0])
    old = x.data
    first = (w * x).sum()
    x[0] = 5.0
    old[:] = 9.0
    assert x.tolist() == [5.0, 2.0]
    with pytest.raises(ag.StaleValueError):
        first.backward()


def test_writing_into_what_shares_memory_with_an_old_version():
    w = leaf(1.0)
    x = ag.tensor([1.0, 2.0])
    shared = x.detach()
    first = (w * x).sum()
    x[0] = 5.0
    second = (w * x).sum()
    shared.data[:] = 9.0
    assert ag.gradients(second, w)[0].item() == 7.0
    with pytest.raises(ag.StaleValueError):
        first.backward()


def test_augmented_assignment_rebinds_the_name():
    x = leaf([1.0, 2.0])
    y = x
    y += 1.0
    y *= x
    assert x.tolist() == [1.0, 2.0]
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 5.0]


def test_a_leaf_that_requires_a_gradient_is_not_rebound():
    x = leaf([1.0, 2.0])
    with pytest.raises(ag.GradientError, match=r"x\[index\] = value: expected a Tensor that is not a leaf"):
        x[0] = 5.0
    with ag.no_grad():
        x[0] = 5.0
    assert x.tolist() == [5.0, 2.0]
    assert x.is_leaf
    assert x.requires_grad


def test_hooks_stay_with_the_node_they_were_put_on():
    seen = []
    x = leaf([1.0, 2.0])
    y = x * 2.0
    y.register_hook(lambda g: seen.append(g.tolist()))
    y[0] = 0.0
    (y * 5.0).sum().backward()
    assert seen == [[0.0, 5.0]]


def test_arrays_take_tensors_in_place_only_where_no_gradient_is_lost():
    array = np.ones(2)
    array += ag.tensor([1.0, 2.0])
    array -= 0.5 * ag.tensor([1.0, 1.0])
    assert array.tolist() == [1.5, 2.5]
    with pytest.raises(TypeError, match=r"np.add: expected no out= on Tensors"):
        array += leaf([1.0, 2.0])
    with pytest.raises(ag.NoGradientError):
        array[:] = leaf([1.0, 2.0])
    with pytest.raises((ag.NoGradientError, ValueError)) as caught:
        array[0] = leaf(1.0)
    assert isinstance(caught.value.__cause__ or caught.value, ag.NoGradientError)
    with ag.no_grad():
        array += leaf([1.0, 2.0])
    assert array.tolist() == [2.5, 4.5]


def test_a_refused_write_is_no_change():
    p = leaf([1.0, 2.0])
    y = (p * p).sum()
    with pytest.raises(TypeError):
        p.data -= leaf([1.0, 1.0])
    y.backward()
    assert p.grad.tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda p: p.__iadd__(2.0), 5.0),
        (lambda p: p.__isub__(ag.tensor(2.0)), 1.0),
        (lambda p: p.__imul__(np.float64(2.0)), 6.0),
        (lambda p: p.__itruediv__(np.array(2.0)), 1.5),
        (lambda p: p.__ipow__(2), 9.0),
    ],
)
def test_augmented_assignment_under_no_grad_changes_a_leaf(change, expected):
    p = leaf([3.0, 3.0])
    other = p
    with ag.no_grad():
        p = change(p)
    assert p is other
    assert p.tolist() == [expected] * 2
    assert p.requires_grad
    assert p.is_leaf


def test_descent_written_by_hand():
    parameters = [leaf(np.array([4.0, -2.0], np.float32)), leaf(1.0)]
    for _ in range(50):
        loss = sum((p * p).sum() for p in parameters)
        loss.backward()
        with ag.no_grad():
            for p in parameters:
                p -= 0.1 * p.grad
                p.grad = None
    assert loss.item() < 1e-7
    assert parameters[0].dtype == np.float32


def test_augmented_assignment_under_no_grad_is_a_change_that_a_pending_pass_refuses():
    p = leaf([1.0, 2.0])
    loss = (p * p).sum()
    with ag.no_grad():
        p *= 2.0
    with pytest.raises(StaleValueError, match=r"multiply.*p \*= 2\.0"):
        loss.backward()


def test_augmented_assignment_under_no_grad_keeps_shape_and_rebinds_what_is_no_leaf():
    p = leaf([1.0, 2.0])
    y = p * 1.0
    with ag.no_grad():
        z = y
        z += 1.0
        assert z is not y
        with pytest.raises(ValueError, match="shape"):
            p += np.ones((3, 2))
    assert y.tolist() == [1.0, 2.0]
    assert p.tolist() == [1.0, 2.0]


def test_augmented_assignment_is_recorded_otherwise():
    x = leaf([1.0, 2.0])
    y = x
    y *= x
    y += 1.0
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]
