"""``checkpoint``: the same gradients with a smaller graph."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.errors import GradientError, StaleValueError
from autograd_core.transforms import checkpointing

RNG = np.random.default_rng(3)
W = RNG.normal(size=(4, 4))
X = RNG.normal(size=4)


def block(x):
    return np.tanh(W @ x) * x


def stacked(b):
    return lambda x: np.sum(b(b(b(x))) ** 2)


def test_first_and_second_derivatives_are_the_same():
    plain, wrapped = stacked(block), stacked(ag.checkpoint(block))
    np.testing.assert_array_equal(ag.grad(plain)(X), ag.grad(wrapped)(X))
    np.testing.assert_allclose(ag.hessian(plain)(X), ag.hessian(wrapped)(X), rtol=1e-12)
    np.testing.assert_allclose(ag.jacfwd(ag.grad(plain))(X), ag.jacfwd(ag.grad(wrapped))(X), rtol=1e-12)
    np.testing.assert_allclose(ag.jvp(plain, (X,), (X,))[1], ag.jvp(wrapped, (X,), (X,))[1], rtol=1e-12)
    third = [ag.grad(lambda s, f=f: ag.hvp(f, X * s, X) @ X)(1.0) for f in (plain, wrapped)]
    np.testing.assert_allclose(*third, rtol=1e-12)


def test_gradients_reach_tensors_in_the_closure():
    w = ag.tensor(W, requires_grad=True, name="w")

    def layer(x):
        return np.tanh(w @ x)

    def run(layer):
        x = ag.tensor(X, requires_grad=True)
        w.grad = None
        layer(layer(x)).sum().backward()
        return np.asarray(x.grad), np.asarray(w.grad)

    for a, b in zip(run(layer), run(ag.checkpoint(layer)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)
    (g,) = ag.gradients(ag.checkpoint(layer)(ag.tensor(X)).sum(), w)  # only the closure requires a gradient
    np.testing.assert_allclose(g, ag.gradients(layer(ag.tensor(X)).sum(), w)[0])


def test_second_derivatives_with_respect_to_the_closure():
    def penalty(b):
        def of(w):
            layer = b(lambda x: np.tanh(w @ x) ** 2)
            return np.sum(ag.grad(lambda x: np.sum(layer(layer(x))))(X) ** 2)

        return ag.grad(of)(W)

    np.testing.assert_allclose(penalty(lambda f: f), penalty(ag.checkpoint), rtol=1e-12)


def test_an_argument_that_is_also_in_the_closure():
    x = ag.tensor(X, requires_grad=True)
    y = ag.checkpoint(lambda a: a * x * x)(x)
    y.sum().backward()
    np.testing.assert_allclose(x.grad, 3 * X**2)
    (g,) = ag.gradients(ag.gradients(ag.checkpoint(lambda a: a * x * x)(x).sum(), x, create_graph=True)[0].sum(), x)
    np.testing.assert_allclose(g, 6 * X)


def test_structures_several_outputs_and_other_arguments():
    calls = []

    @ag.checkpoint
    def f(p, flag, *, scale):
        calls.append(flag)
        return {"a": p["x"] * scale, "b": (p["x"] ** 2, 7.0)}

    x = ag.tensor(X, requires_grad=True)
    out = f({"x": x, "n": 3}, "flag", scale=2.0)
    assert out["b"][1] == 7.0
    (out["a"].sum() + 3 * out["b"][0].sum()).backward()
    np.testing.assert_allclose(x.grad, 2 + 6 * X)
    assert calls == ["flag", "flag"]
    (g,) = ag.gradients(f({"x": x}, "", scale=1.0)["b"][0].sum(), x)  # one output alone
    np.testing.assert_allclose(g, 2 * X)


def test_nested_checkpoints():
    inner = ag.checkpoint(block)
    outer = ag.checkpoint(lambda x: inner(inner(x)))
    np.testing.assert_allclose(ag.grad(stacked(outer))(X), ag.grad(stacked(lambda x: block(block(x))))(X))


def test_constants_and_no_grad_are_not_recorded():
    f = ag.checkpoint(block)
    assert not f(ag.tensor(X)).requires_grad
    np.testing.assert_array_equal(np.asarray(f(X)), block(X))
    with ag.no_grad():
        assert not f(ag.tensor(X, requires_grad=True)).requires_grad


def test_a_function_that_returns_its_argument():
    x = ag.tensor(X, requires_grad=True)
    ag.checkpoint(lambda x: x)(x).sum().backward()
    np.testing.assert_array_equal(x.grad, np.ones(4))


def test_memory():
    """Ten blocks of ten layers: what is kept must shrink from 100 values to about 10 + 10."""
    size = 20_000

    def layers(x):
        for _ in range(10):
            x = np.sin(x)
        return x

    def peak(b):
        x = ag.tensor(np.ones(size), requires_grad=True)
        tracemalloc.start()
        y = x
        for _ in range(10):
            y = b(y)
        y.sum().backward()
        (_, most), _ = tracemalloc.get_traced_memory(), tracemalloc.stop()
        return most / (8 * size)

    assert peak(layers) > 95
    assert peak(ag.checkpoint(layers)) < 35


def test_the_graph_is_one_node_and_can_be_replayed():
    x = ag.tensor(X, requires_grad=True)
    y = ag.checkpoint(block)(x)
    assert y.primitive.name == "checkpoint"
    assert y.parents == (x,)
    inputs = (ag.tensor(2 * X)._data,)
    np.testing.assert_allclose(y.primitive.forward(*inputs), block(2 * X))


def test_random_numbers_are_drawn_again():
    rng, known = np.random.default_rng(0), np.random.default_rng(1)

    def dropout(x):
        mask = (rng.random(4) > 0.5) + (known.random(4) > 0.5) + (np.random.random(4) > 0.5)  # noqa: NPY002
        return x * mask

    x = ag.tensor(X, requires_grad=True)
    checkpointing.replay_generator(lambda: known)
    try:
        y = ag.checkpoint(dropout, generators=[rng])(x)
        rng.random()
        after = rng.bit_generator.state, known.bit_generator.state
        y.sum().backward()
        np.testing.assert_allclose(np.asarray(x.grad) * X, np.asarray(y.detach()))
        assert (rng.bit_generator.state, known.bit_generator.state) == after
    finally:
        checkpointing._generators.pop()


def test_a_function_that_does_not_repeat_itself_is_noticed():
    rng = np.random.default_rng(0)
    x = ag.tensor(X, requires_grad=True)
    y = ag.checkpoint(lambda x: x * rng.random(4))(x)
    with pytest.raises(GradientError, match=r"compute the same when it is run again, got other values.*generators="):
        y.sum().backward()
    state = {"w": ag.tensor(W, requires_grad=True)}
    y = ag.checkpoint(lambda x: state["w"] @ x)(x)
    state["w"] = ag.tensor(W, requires_grad=True)
    with pytest.raises(GradientError, match="got other Tensors"):
        y.sum().backward()


def test_values_changed_in_between_are_noticed():
    w = ag.tensor(W, requires_grad=True)
    x = ag.tensor(X, requires_grad=True)
    y = ag.checkpoint(lambda x: w @ x)(x)
    w.data[0, 0] = 100.0
    with pytest.raises(StaleValueError, match="checkpoint"):
        y.sum().backward()


def test_an_assignment_after_the_use_keeps_the_old_value():
    x = ag.tensor(X, requires_grad=True)
    h = x * 1.0
    y = ag.checkpoint(lambda h: h**2)(h)
    h[0] = 100.0
    y.sum().backward()
    np.testing.assert_allclose(x.grad, 2 * X)
    h = x * 1.0
    y = ag.checkpoint(lambda: h**2)()
    h[0] = 100.0
    with pytest.raises(GradientError, match="replaced in between"):
        y.sum().backward()


def test_names():
    assert ag.remat is ag.checkpoint
    assert ag.checkpoint(block).__name__ == "checkpoint(block)"
    with pytest.raises(TypeError, match="checkpoint: expected a function"):
        ag.checkpoint(ag.tensor(X))
