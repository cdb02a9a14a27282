"""Transforms: functions that take a function and return its derivatives."""

from __future__ import annotations

import gc
import math
from collections import namedtuple

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.errors import GradientError, NoGradientError, StaleValueError
from autograd_core.transforms.tracing import Trace

RNG = np.random.default_rng(7)
W = RNG.normal(size=(3, 4))
X = RNG.normal(size=4)
Pair = namedtuple("Pair", "left right")


def value(result):
    """A Tensor's value; the result must be a constant."""
    assert isinstance(result, ag.Tensor)
    assert not result.requires_grad
    return np.asarray(result)


# -- grad ---------------------------------------------------------------------------------------


def test_grad_of_a_number():
    assert value(ag.grad(lambda x: x**3)(2.0)) == 12.0


def test_grad_to_the_fifth_order():
    f = np.sin
    expected = [np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin, np.cos]
    for derivative in expected:
        f = ag.grad(f)
        np.testing.assert_allclose(value(f(0.7)), derivative(0.7), rtol=1e-12)


def test_grad_takes_arrays_tensors_and_floats():
    f = lambda x: np.sum(x**2)
    np.testing.assert_array_equal(value(ag.grad(f)(X)), 2 * X)
    np.testing.assert_array_equal(value(ag.grad(f)(ag.tensor(X))), 2 * X)
    assert value(ag.grad(f)(np.float32(1.5))).dtype == np.float32
    assert ag.grad(f)(X.astype(np.float32)).dtype == np.float32


def test_argnums_and_keyword_arguments():
    f = lambda x, y, *, power, scale=1.0: scale * (x * y) ** power
    assert value(ag.grad(f)(2.0, 3.0, power=2)) == 36.0
    assert value(ag.grad(f, argnums=1)(2.0, 3.0, power=2, scale=2.0)) == 48.0
    assert value(ag.grad(f, argnums=-1)(2.0, 3.0, power=2)) == 24.0
    first, second = ag.grad(f, argnums=(1, 0))(2.0, 3.0, power=2)
    assert (value(first), value(second)) == (24.0, 36.0)


def test_arguments_not_differentiated_are_passed_on_as_they_are():
    seen = []

    def f(x, names, flag):
        seen.append((names, flag))
        return x * 2

    names = object()
    ag.grad(f)(1.0, names, flag=True)
    assert seen == [(names, True)]


def test_nested_structures():
    def f(p):
        return np.sum(p["w"] @ X) * p["pair"].left + p["list"][0] * p["list"][1][0] ** 2

    p = {"w": W, "pair": Pair(2.0, None), "list": [3.0, (4.0,)]}
    g = ag.grad(f)(p)
    assert list(g) == ["w", "pair", "list"]
    np.testing.assert_allclose(value(g["w"]), 2 * np.tile(X, (3, 1)))
    assert isinstance(g["pair"], Pair)
    np.testing.assert_allclose(value(g["pair"].left), np.sum(W @ X))
    assert g["pair"].right is None
    assert value(g["list"][0]) == 16.0
    assert value(g["list"][1][0]) == 24.0


def test_an_input_that_is_not_used_has_gradient_zero():
    g = ag.grad(lambda p: p["a"] * 2)({"a": 1.0, "b": np.ones((2, 3), np.float32)})
    np.testing.assert_array_equal(value(g["b"]), np.zeros((2, 3)))
    assert g["b"].dtype == np.float32
    assert value(ag.grad(lambda x: 3.0)(2.0)) == 0.0
    assert value(ag.grad(lambda x: ag.tensor(3.0))(2.0)) == 0.0


def test_a_function_that_returns_its_argument():
    assert value(ag.grad(lambda x: x)(2.0)) == 1.0
    assert value(ag.grad(ag.grad(lambda x: x))(2.0)) == 0.0


def test_results_do_not_share_memory_with_arguments_or_each_other():
    x = np.ones(3)
    _, (g, h) = ag.value_and_grad(lambda a, b: np.sum(a + b), argnums=(0, 1))(x, x)
    g.data[:] = 5.0
    assert np.all(value(h) == 1.0)
    assert np.all(x == 1.0)


def test_value_and_grad_and_aux():
    f = lambda x: (x**2, {"twice": 2 * x, "text": "kept"})
    (out, aux), g = ag.value_and_grad(f, has_aux=True)(3.0)
    assert value(out) == 9.0
    assert value(g) == 6.0
    assert value(aux["twice"]) == 6.0
    assert aux["text"] == "kept"
    g, aux = ag.grad(f, has_aux=True)(3.0)
    assert value(g) == 6.0


def test_the_transformed_function_keeps_name_and_signature():
    import inspect

    def loss(w, *, scale=1.0):
        """Document me."""
        return w * scale

    g = ag.grad(loss)
    assert g.__name__ == "grad(loss)"
    assert "Document me" in g.__doc__
    assert str(inspect.signature(g)) == "(w, *, scale=1.0)"


def test_functions_of_other_kinds_can_be_transformed():
    class Model:
        def __call__(self, x):
            return x * x

    assert value(ag.grad(Model())(3.0)) == 6.0
    assert value(ag.grad(np.sin)(0.0)) == 1.0


# -- nesting, and no confusion of perturbations -------------------------------------------------------


def test_perturbations_are_not_confused():
    # d/dx [ x * d/dy (x + y) ] = 1, not 2
    assert value(ag.grad(lambda x: x * ag.grad(lambda y: x + y)(1.0))(5.0)) == 1.0
    # d/dx [ x * d/dy (x * y)^2 at y = x ] = d/dx 2 x^4 = 8 x^3, with x in the closure and as the argument
    f = lambda x: x * ag.grad(lambda y: (x * y) ** 2)(x)
    np.testing.assert_allclose(value(ag.grad(f)(1.5)), 8 * 1.5**3)


def test_a_function_that_returns_a_derivative_of_its_closure():
    # Manzyuk et al., Perturbation confusion in forward automatic differentiation (2019), with vjp and jvp.
    for derivative in (ag.grad, lambda f: lambda x: ag.jvp(f, (x,), (1.0,))[1]):
        outer = derivative(lambda x, inner=derivative: x * inner(lambda y: x * y)(2.0))
        assert value(outer(3.0)) == 6.0


def test_three_levels_through_closures():
    f = lambda x: ag.grad(lambda y: ag.grad(lambda z: x * y * z**2)(y))(x)
    # d/dz: 2 x y z at z = y: 2 x y^2; d/dy: 4 x y at y = x: 4 x^2; d/dx: 8 x
    assert value(ag.grad(f)(1.5)) == 12.0


def test_inner_gradients_of_constants_are_constants_to_the_outer():
    assert value(ag.grad(lambda x: x * ag.grad(lambda y: y**2)(3.0))(2.0)) == 6.0


def test_an_outer_loss_sees_through_a_transform():
    w = ag.tensor(2.0, requires_grad=True)
    for transformed, expected in [
        (lambda: ag.grad(lambda x: w * x**3)(3.0), 27.0),
        (lambda: ag.hvp(lambda x: w * x**3, 3.0, 1.0), 18.0),
        (lambda: ag.jvp(lambda x: w * x**3, (3.0,), (1.0,))[1], 27.0),
        (lambda: ag.vjp(lambda x: w * x**3, 3.0)[1](1.0)[0], 27.0),
        (lambda: ag.linearize(lambda x: w * x**3, 3.0)[1](1.0), 27.0),
        (lambda: ag.jacrev(lambda x: w * x**3)(3.0), 27.0),
        (lambda: ag.jacfwd(lambda x: w * x**3)(3.0), 27.0),
        (lambda: ag.hessian(lambda x: w * x**3)(3.0), 18.0),
    ]:
        w.grad = None
        transformed().backward()
        np.testing.assert_allclose(np.asarray(w.grad), expected)


def test_an_argument_that_requires_a_gradient_outside_is_linked():
    w = ag.tensor(2.0, requires_grad=True)
    g = ag.grad(lambda x: x**3)(w)
    assert g.requires_grad
    g.backward()
    assert np.asarray(w.grad) == 12.0


def test_value_and_aux_stay_linked_to_the_outside():
    w = ag.tensor(2.0, requires_grad=True)
    (out, aux), g = ag.value_and_grad(lambda x: (w * x, w**2), has_aux=True)(3.0)
    assert [np.asarray(ag.gradients(t, w)[0]).item() for t in (out, aux, g)] == [3.0, 4.0, 1.0]


def test_under_no_grad_results_are_constants():
    w = ag.tensor(2.0, requires_grad=True)
    with ag.no_grad():
        g = ag.grad(lambda x: w * x**3)(w)
        h = ag.hessian(lambda x: w * x**3)(w)
        _, t = ag.jvp(lambda x: w * x**3, (w,), (1.0,))
        assert not ag.is_grad_enabled()
    assert (value(g), value(h), value(t)) == (24.0, 24.0, 24.0)
    assert ag.is_grad_enabled()


def test_no_grad_inside_the_function_makes_constants():
    def f(x):
        with ag.no_grad():
            c = x * 2
        return c * x

    assert value(ag.grad(f)(3.0)) == 6.0


def test_a_gradient_written_to_leaves_does_not_happen():
    w = ag.tensor(2.0, requires_grad=True)
    ag.grad(lambda x: w * x)(w)
    assert w.grad is None


def test_nothing_is_left_for_the_garbage_collector():
    def episode():
        ag.grad(lambda x: np.sum(np.tanh(W @ x)))(X)
        ag.hessian(lambda x: np.sum(np.tanh(W @ x)))(X)
        ag.jvp(lambda x: np.tanh(W @ x), (X,), (X,))
        x = ag.tensor(X, requires_grad=True)
        ag.checkpoint(lambda x: np.tanh(W @ x))(x).sum().backward()

    episode()  # what is cached once, such as the signatures of functions, is none of it
    gc.collect()
    gc.disable()
    try:
        episode()
        assert gc.collect() == 0
    finally:
        gc.enable()


# -- vjp, jvp, linearize, hvp -------------------------------------------------------------------------


def test_vjp_of_nested_outputs_can_be_called_again():
    out, vjp_fn = ag.vjp(lambda x, y: {"a": x * y, "b": [np.sum(y), 4.0]}, X, 2.0)
    np.testing.assert_allclose(value(out["a"]), 2 * X)
    assert value(out["b"][1]) == 4.0
    for scale in (1.0, 3.0):
        dx, dy = vjp_fn({"b": (scale, 0.0), "a": scale * np.ones(4)})
        np.testing.assert_allclose(value(dx), scale * 2 * np.ones(4))
        np.testing.assert_allclose(value(dy), scale * (X.sum() + 1))


def test_vjp_keeps_its_own_copy_of_plain_arrays():
    x = X.copy()
    _, vjp_fn = ag.vjp(lambda x: x**2, x)
    x[:] = 100.0
    np.testing.assert_allclose(value(vjp_fn(np.ones(4))[0]), 2 * X)


def test_vjp_notices_when_what_it_needs_was_changed():
    x = ag.tensor(X)
    out, vjp_fn = ag.vjp(np.exp, x)
    out.data[0] = 5.0
    with pytest.raises(StaleValueError, match="exp"):
        vjp_fn(np.ones(4))
    w = ag.tensor(X)
    out, vjp_fn = ag.vjp(lambda x: x * w, X)
    w.data[0] = 5.0
    with pytest.raises(StaleValueError, match="multiply"):
        vjp_fn(np.ones(4))


def test_vjp_of_a_gradient_that_requires_one_is_linear_in_it():
    g = ag.tensor(np.ones(4), requires_grad=True)
    _, vjp_fn = ag.vjp(lambda x: x**2, X)
    (dx,) = vjp_fn(g)
    assert dx.requires_grad
    dx.sum().backward()
    np.testing.assert_allclose(np.asarray(g.grad), 2 * X)


def test_jvp_is_the_derivative_in_a_direction():
    t = RNG.normal(size=4)
    out, tangent = ag.jvp(lambda x: {"y": np.tanh(W @ x), "c": 1.0}, (X,), (t,))
    y = np.tanh(W @ X)
    np.testing.assert_allclose(value(out["y"]), y)
    np.testing.assert_allclose(value(tangent["y"]), (1 - y**2) * (W @ t))
    assert value(tangent["c"]) == 0.0


def test_jvp_of_structures_and_of_a_single_argument():
    p, t = {"a": 2.0, "b": X}, {"b": np.ones(4), "a": 10.0}
    _, tangent = ag.jvp(lambda p: p["a"] * np.sum(p["b"]), p, t)
    np.testing.assert_allclose(value(tangent), 10 * X.sum() + 2 * 4)


def test_jvp_with_aux_and_unused_argument():
    out, tangent, aux = ag.jvp(lambda x, y: (x**2, "aux"), (3.0, 5.0), (1.0, 1.0), has_aux=True)
    assert (value(out), value(tangent), aux) == (9.0, 6.0, "aux")


def test_jvp_nested_in_jvp():
    second = lambda f: lambda x: ag.jvp(lambda x: ag.jvp(f, (x,), (1.0,))[1], (x,), (1.0,))[1]
    np.testing.assert_allclose(value(second(np.sin)(0.7)), -np.sin(0.7))


def test_grad_of_jvp_with_respect_to_the_tangent():
    f = lambda t: np.sum(ag.jvp(lambda x: x**2, (X,), (t,))[1])
    np.testing.assert_allclose(value(ag.grad(f)(np.ones(4))), 2 * X)


def test_linearize_runs_the_function_once():
    calls = []

    def f(x, y):
        calls.append(1)
        return x * y

    _, f_jvp = ag.linearize(f, X, 3.0)
    for scale in (1.0, 2.0, 3.0):
        np.testing.assert_allclose(value(f_jvp(scale * np.ones(4), 0.0)), scale * 3 * np.ones(4))
    assert len(calls) == 1


def test_hvp_equals_hessian_times_vector():
    f = lambda x: np.sum(np.tanh(W @ x) ** 2) + np.prod(x)
    t = RNG.normal(size=4)
    np.testing.assert_allclose(value(ag.hvp(f, X, t)), value(ag.hessian(f)(X)) @ t, rtol=1e-9)


def test_hvp_of_several_arguments_and_of_linear_functions():
    f = lambda x, y: x**2 * y
    a, b = ag.hvp(f, (2.0, 3.0), (1.0, 10.0))
    assert (value(a), value(b)) == (6.0 + 40.0, 4.0)
    assert value(ag.hvp(lambda x: 3 * x, 1.0, 1.0)) == 0.0
    assert [value(h) for h in ag.hvp(f, [2.0, 3.0], [0.0, 1.0])] == [4.0, 0.0]


def test_gradients_of_an_integral_of_the_gradient():
    # d/dw of sum (d/dx tanh(w x))^2: what a gradient penalty needs
    penalty = lambda w: np.sum(ag.grad(lambda x: np.sum(np.tanh(w @ x)))(X) ** 2)
    g = value(ag.grad(penalty)(W))
    eps, e = 1e-6, np.zeros_like(W)
    e[1, 2] = eps
    numeric = (value(penalty(W + e)) - value(penalty(W - e))) / (2 * eps)
    np.testing.assert_allclose(g[1, 2], numeric, rtol=1e-7)


# -- complex numbers ----------------------------------------------------------------------------------


def test_complex_gradients_are_directions_of_steepest_ascent():
    z = 1.0 + 2.0j
    # |z|^2 = a^2 + b^2, gradient 2a + 2bi
    np.testing.assert_allclose(value(ag.grad(lambda z: (z * np.conjugate(z)).real)(z)), 2 * z)
    _, vjp_fn = ag.vjp(lambda z: z**2, z)
    np.testing.assert_allclose(value(vjp_fn(1.0 + 0j)[0]), np.conj(2 * z))


def test_jvp_of_functions_that_are_not_holomorphic():
    z, t = 1.0 + 2.0j, 0.3 - 0.7j
    _, tangent = ag.jvp(lambda z: z * np.conjugate(z), (z,), (t,))
    np.testing.assert_allclose(value(tangent), t * np.conj(z) + z * np.conj(t))
    _, tangent = ag.jvp(lambda x: x * (2.0 + 1.0j), (3.0,), (1.0,))
    np.testing.assert_allclose(value(tangent), 2.0 + 1.0j)


def test_complex_hvp():
    # f = (Re z)^2 Im z; Hessian in (a, b): [[2b, 2a], [2a, 0]]
    f = lambda z: z.real**2 * z.imag
    product = value(ag.hvp(f, 1.0 + 2.0j, 1.0 + 10.0j))
    np.testing.assert_allclose(product, (4 * 1 + 2 * 10) + 1j * (2 * 1))


# -- misuse -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ag.grad(lambda x: x)(3), TypeError, r"grad: expected argument 0 to be a float.*got 3.*write 3\.0"),
        (
            lambda: ag.grad(lambda p: p["n"], argnums=0)({"n": [1.0, 3]}),
            TypeError,
            r"argument 0\['n'\]\[1\] to be a float",
        ),
        (lambda: ag.grad(lambda x: x)(np.arange(3)), TypeError, r"dtype int64.*x\.astype\(float\)"),
        (lambda: ag.grad(lambda x: x)("text"), TypeError, "argument 0 cannot be differentiated"),
        (lambda: ag.grad(lambda x: x)(True), TypeError, "argument 0 to be a float"),
        (lambda: ag.grad(lambda x: x * 2)(X), GradientError, r"grad: expected .* one number .*got shape \(4,\)"),
        (lambda: ag.grad(lambda x: (x, x))(1.0), GradientError, "got a tuple of 2 results"),
        (lambda: ag.grad(lambda z: z)(1j), GradientError, "one real number.*got a complex number"),
        (lambda: ag.grad(lambda x: np.sum(x > 0))(X), GradientError, "got dtype int64.*return a float"),
        (lambda: ag.grad(lambda x: np.sum(x.data))(X), GradientError, "plain array, which has lost its graph"),
        (lambda: ag.grad(lambda x: np.float64(3.0))(1.0), GradientError, r"write ag\.tensor"),
        (lambda: ag.grad(lambda x: math.sin(x))(1.0), NoGradientError, "float"),
        (lambda: ag.grad(lambda x: np.array(x))(1.0), NoGradientError, "np.asarray"),
        (lambda: ag.grad(lambda x: "text")(1.0), GradientError, "got str"),
        (lambda: ag.grad(lambda x: None)(1.0), GradientError, "got a NoneType"),
        (lambda: ag.grad(3.0), TypeError, r"grad: expected a function, got a float.*ag\.grad\(f\)\(x\)"),
        (
            lambda: ag.grad(np.sin, argnums=1)(1.0),
            TypeError,
            "positional argument 1, as argnums says, got 1 positional",
        ),
        (lambda: ag.grad(np.sin)(x=1.0), TypeError, "got 0 positional arguments"),
        (lambda: ag.grad(np.sin, argnums="x")(1.0), TypeError, "argnums to be an int or ints, got 'x'"),
        (lambda: ag.grad(np.hypot, argnums=(0, -2))(1.0, 2.0), ValueError, "different argnums"),
        (lambda: ag.grad(lambda x: x, has_aux=True)(1.0), TypeError, r"pair \(output, aux\), got Tensor"),
        (
            lambda: ag.vjp(lambda x: x, X)[1](np.ones(3)),
            TypeError,
            r"vjp_fn: expected gradient to have the shape \(4,\)",
        ),
        (lambda: ag.vjp(lambda x: (x, x), X)[1](np.ones(4)), TypeError, "gradient to be a tuple of length 2"),
        (lambda: ag.vjp(lambda x: x, 1.0)[1](1j), TypeError, "gradient to be real"),
        (lambda: ag.jvp(lambda x: x, (1.0,), (1.0, 2.0)), TypeError, "a tuple of 1 tangents.*got 2"),
        (lambda: ag.jvp(lambda x: x, (X,), (1.0,)), TypeError, r"jvp: expected tangents\[0\] to have the shape \(4,\)"),
        (lambda: ag.jvp(lambda x: x, ({"a": X},), ({"b": X},)), TypeError, r"tangents\[0\] to be a dict with the keys"),
        (lambda: ag.hvp(lambda x: x, X, X), GradientError, "hvp: expected a function that returns one number"),
    ],
)
def test_errors_say_what_to_do(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_assignment_to_an_argument_is_refused_or_right():
    def f(x):
        y = x * 1.0
        y[0] = 5.0
        return np.sum(y * x)

    expected = 2 * X
    expected[0] = 5.0
    np.testing.assert_allclose(value(ag.grad(f)(X)), expected)

    def g(x):
        x[0] = 5.0
        return np.sum(x**2)

    with pytest.raises(GradientError, match=r"x\.at\[index\]\.set"):
        ag.grad(g)(X)
    # An argument linked to the outside is no leaf: the assignment makes a new node and hides the first entry.
    w = ag.tensor(X, requires_grad=True)
    np.testing.assert_allclose(np.asarray(ag.grad(g)(w).detach()), np.where(np.arange(4) == 0, 0, 2 * X))


def test_side_effects_happen_once_and_leak_only_values():
    seen = []

    def f(x):
        y = x * 2
        seen.append(y)
        return y * y

    assert value(ag.grad(f)(1.0)) == 8.0
    assert len(seen) == 1
    assert float(seen[0].detach()) == 2.0


def test_long_functions_do_not_recurse():
    def f(x):
        for _ in range(20_000):
            x = x * 1.0001
        return x

    np.testing.assert_allclose(value(ag.grad(f)(1.0)), 1.0001**20_000)


def test_a_transform_does_not_walk_through_the_history_of_its_arguments():
    w = ag.tensor(1.0, requires_grad=True)
    for _ in range(1000):
        w = w + 1.0
    trace = Trace("grad", lambda x: w * x * x, (w,), {}, [0])
    assert len(trace.pullback.nodes) == 3
    assert trace.pullback.older == {w}
    assert trace.linked


def test_hooks_and_anomaly_detection_work_inside():
    seen = []

    def f(x):
        y = x * 2
        y.register_hook(lambda g: seen.append(np.asarray(g.detach()).item()))
        return np.sum(y**2)

    ag.grad(f)(3.0)
    assert seen == [12.0]
    np.testing.assert_allclose(value(ag.jacrev(lambda x: [f(x)])(3.0)[0]), 24.0)


# -- ag.gradients, the engine behind them ---------------------------------------------------------------


def test_gradients_with_respect_to_inner_nodes_stops_there():
    x = ag.tensor(2.0, requires_grad=True)
    y = x * x
    z = y * y + x
    dy, dx = ag.gradients(z, [y, x])
    assert (value(dy), value(dx)) == (8.0, 33.0)
    (dz,) = ag.gradients(z, z)
    assert value(dz) == 1.0


def test_gradients_unused_input():
    x, y = ag.tensor(2.0, requires_grad=True), ag.tensor(3.0, requires_grad=True)
    assert ag.gradients(x * x, [x, y], allow_unused=True)[1] is None
    with pytest.raises(GradientError, match=r"input 1 \(unused\)"):
        ag.gradients(x * x, [x, y])
