"""SciPy's optimizers with our derivatives."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import optim

pytest.importorskip("scipy")
import optim.scipy


def rosenbrock(p):
    return ag.sum(100.0 * (p[1:] - p[:-1] ** 2) ** 2 + (1 - p[:-1]) ** 2)


METHODS = [None, "Nelder-Mead", "Powell", "CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", "Newton-CG", "trust-ncg"]
METHODS += ["trust-krylov", "trust-constr", "dogleg", "trust-exact"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore:delta_grad == 0")
def test_every_method_finds_the_minimum(method):
    # dogleg wants a positive definite Hessian all the way.
    start = np.array([1.2, 1.4]) if method == "dogleg" else np.array([-1.2, 1.0])
    options = {"TNC": {"maxfun": 1000}, "trust-constr": {"maxiter": 4000}}.get(method)
    found = optim.scipy.minimize(rosenbrock, start, method=method, options=options)
    np.testing.assert_allclose(found.x, 1, atol=1e-3)
    np.testing.assert_array_equal(found.x, found.vector)


def test_derivatives_are_exact():
    p = np.array([0.3, -0.7, 1.1])
    point = optim.scipy._Point("test", rosenbrock, p, ())
    np.testing.assert_allclose(point.gradient(p), ag.grad(rosenbrock)(p), rtol=1e-12)
    np.testing.assert_allclose(point.hessian(p), ag.hessian(rosenbrock)(p), rtol=1e-12)
    v = np.array([1.0, 2.0, -1.0])
    np.testing.assert_allclose(point.hessian_product(p, v), ag.hessian(rosenbrock)(p).numpy() @ v, rtol=1e-12)
    assert point.counted.calls == 1


def test_names_and_shapes_are_kept():
    target = {"w": np.arange(4.0).reshape(2, 2), "b": (np.array(3.0), [np.array([1.0, -1.0])])}

    def distance(p):
        return (
            ag.sum((p["w"] - target["w"]) ** 2) + (p["b"][0] - 3) ** 2 + ag.sum((p["b"][1][0] - target["b"][1][0]) ** 2)
        )

    seen = []
    start = {"w": np.zeros((2, 2)), "b": (np.array(0.0), [np.zeros(2, np.float32)])}
    found = optim.scipy.minimize(distance, start, method="BFGS", callback=seen.append)
    np.testing.assert_allclose(found.x["w"], target["w"], atol=1e-5)
    np.testing.assert_allclose(found.x["b"][1][0], [1, -1], atol=1e-5)
    assert found.x["b"][1][0].dtype == np.float32
    assert seen[0].keys() == {"w", "b"}
    assert found.vector.shape == (7,)


def test_arguments_bounds_and_constraints():
    def f(p, shift):
        return ag.sum((p - shift) ** 2)

    found = optim.scipy.minimize(f, [0.0, 0.0], args=(3.0,), bounds=[(None, 1), (None, 5)])
    np.testing.assert_allclose(found.x, [1, 3], atol=1e-6)
    equal = {"type": "eq", "fun": lambda v: v[0] - v[1], "jac": lambda v: np.array([1.0, -1.0])}
    found = optim.scipy.minimize(f, [0.0, 0.0], args=(np.array([1.0, 3.0]),), method="SLSQP", constraints=equal)
    np.testing.assert_allclose(found.x, 2, atol=1e-6)


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares(method):
    t = np.linspace(0, 2, 20)
    y = 2.5 * np.exp(-1.3 * t)
    found = optim.scipy.least_squares(lambda p: p["a"] * np.exp(-p["k"] * t) - y, {"a": 1.0, "k": 0.5}, method=method)
    np.testing.assert_allclose([found.x["a"], found.x["k"]], [2.5, 1.3], rtol=1e-8)
    assert found.jac.shape == (20, 2)


def test_errors():
    with pytest.raises(TypeError, match=r"optim\.scipy\.minimize: expected a function that returns a Tensor"):
        optim.scipy.minimize(lambda p: 3.0, [1.0])
    with pytest.raises(ValueError, match="expected one element"):
        optim.scipy.minimize(lambda p: p * 2, [1.0, 2.0])
    with pytest.raises(ValueError, match="finite numbers"):
        optim.scipy.minimize(rosenbrock, [np.nan, 1.0])
    with pytest.raises(TypeError, match="bounds as SciPy's, for the parameters as one vector, got a dict with a"):
        optim.scipy.minimize(lambda p: p["a"] ** 2, {"a": 1.0}, bounds={"a": (0, 1)})
    with pytest.raises(TypeError, match="bounds as SciPy's"):
        optim.scipy.least_squares(lambda p: p["a"], {"a": 1.0}, bounds={"a": (0, 1)})
    with pytest.raises(TypeError, match="real numbers"):
        optim.scipy.least_squares(lambda p: p, np.array([1j]))
