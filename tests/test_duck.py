"""The engine on arrays of another library: no conversion to NumPy's arrays anywhere."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
from tests.duck import DuckArray, unwrap, wrap
from tests.harness import other_arrays
from tests.harness.collect import OPERATIONS, uses


@pytest.mark.parametrize("name", list(OPERATIONS))
def test_forward_and_rules(name):
    for label, operation, sample in uses(name):
        if sample.duck:
            other_arrays.check_duck(label, operation, sample)


@pytest.mark.parametrize("name", [name for name, operation in OPERATIONS.items() if operation.differentiable])
def test_through_the_engine(name):
    for label, operation, sample in uses(name):
        if sample.duck:
            other_arrays.check_duck_engine(label, operation, sample)


def duck(values, **options):
    return ag.Tensor(wrap(np.array(values)), **options)


def test_a_duck_array_is_strict():
    x = wrap(np.array([1.0, 2.0]))
    with pytest.raises(TypeError, match="does not become a NumPy array"):
        np.asarray(x)
    with pytest.raises(TypeError, match="does not become a Python float"):
        float(x[0])
    with pytest.raises(TypeError, match="meets a duck array"):
        np.add(x, np.array([1.0, 2.0]))
    assert isinstance(x.sum(), DuckArray)
    assert isinstance(np.concatenate([x, x]), DuckArray)
    assert isinstance(np.zeros_like(x, shape=(3,)), DuckArray)


def test_a_tensor_keeps_the_array_it_was_given():
    array = wrap(np.array([1.0, 2.0]))
    x = ag.Tensor(array)
    assert x._data is array
    assert x.shape == (2,)
    assert x.dtype == np.float64
    assert "1." in repr(x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_backward_through_a_small_network(dtype):
    rng = np.random.default_rng(0)
    values = [rng.standard_normal(shape).astype(dtype) for shape in ((5, 3), (3, 4), (4,), (4, 1))]

    def loss(x, w1, b1, w2):
        hidden = ag.tanh(x @ w1 + b1)
        return ag.sum((hidden @ w2 - 1.0) ** 2) / 5

    plain = [ag.Tensor(value, requires_grad=True) for value in values]
    ducks = [ag.Tensor(wrap(value), requires_grad=True) for value in values]
    table = loss(*plain).backward()
    duck_table = loss(*ducks).backward()
    assert len(table) == len(duck_table)
    for a, b in zip(plain, ducks, strict=True):
        assert isinstance(b.grad, ag.Tensor)
        assert b.grad.dtype == dtype
        np.testing.assert_allclose(unwrap(b.grad._data), a.grad._data, rtol=1e-6)


def test_backward_accumulates_and_keeps_inner_gradients():
    x = duck([1.0, 2.0, 3.0], requires_grad=True, name="x")
    y = x * x
    for _ in range(2):
        table = (y + x).sum().backward(keep="all")
    np.testing.assert_array_equal(unwrap(x.grad._data), [6.0, 10.0, 14.0])
    np.testing.assert_array_equal(unwrap(table[y]._data), [1.0, 1.0, 1.0])
    assert str(table).startswith("node")


def test_every_gradient_has_memory_of_its_own():
    a, b, c = (duck([1.0, 2.0], requires_grad=True) for _ in range(3))
    seed = duck([1.0, 3.0])
    (a + b + c.reshape(2, 1)[:, 0]).backward(seed)
    memory = [x.grad._data._array for x in (a, b, c)] + [seed._data._array]
    assert not any(np.shares_memory(x, y) for i, x in enumerate(memory) for y in memory[:i])


def test_mixing_with_operators_from_both_sides():
    array = wrap(np.array([1.0, 2.0]))
    x = duck([3.0, 4.0], requires_grad=True)
    for result in (array * x, x * array, np.multiply(array, x)):
        (gradient,) = ag.gradients(result, x, ag.Tensor(wrap(np.ones(2))))
        np.testing.assert_array_equal(unwrap(gradient._data), [1.0, 2.0])


def test_higher_derivatives():
    x = duck([0.5, -1.0], requires_grad=True)
    (first,) = ag.gradients((x**3).sum(), x, create_graph=True)
    (second,) = ag.gradients(first.sum(), x, create_graph=True)
    (third,) = ag.gradients(second.sum(), x)
    np.testing.assert_allclose(unwrap(third._data), [6.0, 6.0])
