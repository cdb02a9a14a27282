"""Special functions: the namespace, stability, higher derivatives, life without SciPy."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import scipy.special as sp

import autograd_core as ag
from autograd_core import special
from autograd_core.errors import NoGradientError
from autograd_core.ops.special import error_functions
from autograd_core.ops.special.optional import entry_by_entry, from_scipy

NAMES = [name for name in vars(special) if not name.startswith("_")]
A = np.array([[0.3, -1.2, 2.0], [0.0, 1.5, -0.4]])
INF = float("inf")


def value(x):
    return x.detach().numpy() if isinstance(x, ag.Tensor) else x


def derivatives(function, x, count):
    """The derivatives of orders 1 to ``count`` at a number."""
    x = ag.tensor(x, requires_grad=True)
    y = function(x)
    found = []
    for _ in range(count):
        (y,) = ag.gradients(y, x, create_graph=True)
        found.append(y.item())
    return found


def gradient(function, *inputs):
    tensors = [ag.tensor(x, requires_grad=True) for x in inputs]
    arrays = [np.array(g.tolist()) for g in ag.gradients(function(*tensors).sum(), tensors)]
    return arrays[0] if len(arrays) == 1 else arrays


# -- the namespace -----------------------------------------------------------------------------------------


def test_names_are_scipys():
    functions = {name for name in NAMES if callable(getattr(special, name))}
    assert functions >= {"erf", "erfc", "erfinv", "gamma", "gammaln", "digamma", "polygamma", "expit", "logit", "i0"}
    assert functions >= {"logsumexp", "softmax", "log_softmax", "xlogy"}
    assert functions - set(dir(sp)) <= {"lgamma", "softplus"}


def test_the_namespace_is_part_of_the_package():
    assert ag.special is special
    assert ag.i0 is special.i0
    assert ag.sinc is special.sinc
    assert ag.logsumexp is special.logsumexp


def test_numpys_functions_find_it():
    x = ag.tensor([0.0, 1.0, -2.0], requires_grad=True)
    np.testing.assert_array_equal(value(np.i0(x)), np.i0(value(x)))
    (g,) = ag.gradients(np.i0(x).sum(), x)
    np.testing.assert_allclose(value(g), sp.i1(value(x)))


# -- the logistic family --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_extreme_arguments_give_no_warning(dtype):
    x = np.array([-INF, -1000, -100, 0, 100, 1000, INF], dtype)
    for name, expected in (
        ("expit", sp.expit(x)),
        ("log_expit", sp.log_expit(x)),
        ("softplus", -sp.log_expit(-x)),
        ("softmax", np.array([0, 0, 0, 0, 0, 1], dtype)),
        ("log_softmax", x[:6] - 1000),
        ("logsumexp", dtype_of(dtype)(1000)),
    ):
        t = ag.Tensor(x[:6] if "max" in name or "sum" in name else x, requires_grad=True)
        y = getattr(special, name)(t)
        assert y.dtype == dtype
        np.testing.assert_allclose(value(y), expected, rtol=1e-6, atol=0 if name != "expit" else 1e-44, err_msg=name)
        (g,) = ag.gradients(y.sum(), t)
        assert g.dtype == dtype
        assert np.isfinite(value(g)).all(), name
        for entry in x[1:6]:  # numbers as well as arrays
            number = getattr(special, name)(ag.Tensor(entry))
            assert np.isfinite(number.item()), name


def dtype_of(name):
    return np.dtype(name).type


def test_tails_are_precise():
    for x in (-40.0, -700.0, 40.0):
        assert special.expit(np.float64(x)) == pytest.approx(sp.expit(x), rel=1e-15)
        assert special.expit(np.array([x]))[0] == pytest.approx(sp.expit(x), rel=1e-15)
    assert math.isnan(special.expit(np.float64("nan")))
    assert gradient(special.softplus, -700.0) == pytest.approx(sp.expit(-700), rel=1e-14)
    assert gradient(special.log_expit, 700.0) == pytest.approx(sp.expit(-700), rel=1e-14)
    np.testing.assert_array_equal(special.logit(np.array([0.0, 0.5, 1.0])), [-INF, 0, INF])


def test_integers_and_booleans_become_floats():
    np.testing.assert_allclose(special.expit(np.array([0, 200], np.uint8)), [0.5, 1])
    np.testing.assert_allclose(special.expit(np.array([True])), [sp.expit(1.0)])
    np.testing.assert_allclose(special.softmax([0, 0]), [0.5, 0.5])


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 1)])
def test_softmax_and_relatives_over_axes(axis):
    x = ag.tensor(A)
    np.testing.assert_allclose(value(special.softmax(x, axis=axis)), sp.softmax(A, axis=axis), rtol=1e-14)
    np.testing.assert_allclose(value(special.log_softmax(x, axis)), sp.log_softmax(A, axis=axis), rtol=1e-14)
    weights = np.array([[1.0, 2.0, 0.5], [0.0, 3.0, 1.0]])
    for keepdims in (False, True):
        for b in (None, weights):
            np.testing.assert_allclose(
                value(special.logsumexp(x, axis=axis, b=b, keepdims=keepdims)),
                sp.logsumexp(A, axis=axis, b=b, keepdims=keepdims),
                rtol=1e-14,
            )
    if isinstance(axis, int):
        np.testing.assert_array_equal(value(special.softmax(x, dim=axis)), value(special.softmax(x, axis)))


def test_the_weights_of_logsumexp_have_a_gradient():
    a, b = np.array([0.5, -1.0, 2.0]), np.array([1.0, 2.0, 0.5])
    for_a, for_b = gradient(lambda a, b: special.logsumexp(a, b=b), a, b)
    total = np.sum(b * np.exp(a))
    np.testing.assert_allclose(for_a, b * np.exp(a) / total)
    np.testing.assert_allclose(for_b, np.exp(a) / total)


def test_the_hessian_of_logsumexp_is_the_jacobian_of_softmax():
    x = ag.tensor([0.5, -1.0, 2.0], requires_grad=True)
    p = value(special.softmax(x))
    expected = np.diag(p) - np.outer(p, p)
    (first,) = ag.gradients(special.logsumexp(x), x, create_graph=True)
    s = special.softmax(x)
    log_s = special.log_softmax(x)
    for i in range(3):
        np.testing.assert_allclose(value(ag.gradients(first[i], x)[0]), expected[i], atol=1e-16)
        np.testing.assert_allclose(value(ag.gradients(s[i], x)[0]), expected[i], atol=1e-16)
        np.testing.assert_allclose(value(ag.gradients(log_s[i], x)[0]), np.eye(3)[i] - p, atol=1e-15)


def test_masked_entries_of_softmax():
    x = np.array([-INF, 0.0, 1.0])
    np.testing.assert_allclose(special.softmax(x), [0, *sp.expit([-1, 1])])
    assert gradient(lambda x: special.softmax(x)[1], x)[0] == 0
    assert gradient(special.logsumexp, x)[0] == 0
    assert value(special.logsumexp(ag.tensor([-INF, -INF]))) == -INF
    assert value(special.logsumexp(ag.tensor([INF, 0.0]))) == INF
    np.testing.assert_array_equal(gradient(special.logsumexp, np.array([INF, 0.0])), [1, 0])


# -- derivatives of higher order ----------------------------------------------------------------------------------


def test_derivatives_of_the_log_gamma_function_are_the_polygamma_functions():
    for x in (0.7, 3.2, -0.5):
        np.testing.assert_allclose(
            derivatives(special.gammaln, x, 4), [sp.psi(x), *(sp.polygamma(n, x) for n in (1, 2, 3))], rtol=1e-12
        )
    np.testing.assert_array_equal(value(special.polygamma(0, ag.tensor([1.5]))), sp.psi([1.5]))


def test_derivatives_of_the_error_function_are_hermite_polynomials():
    x = 0.8
    d = 2 / math.sqrt(math.pi) * math.exp(-x * x)
    expected = [d, -2 * x * d, (4 * x * x - 2) * d, (-8 * x**3 + 12 * x) * d]
    np.testing.assert_allclose(derivatives(special.erf, x, 4), expected, rtol=1e-13)
    np.testing.assert_allclose(derivatives(special.erfc, x, 4), [-e for e in expected], rtol=1e-13)


def test_inverses_have_reciprocal_derivatives():
    for f, inverse in (
        (special.erf, special.erfinv),
        (special.erfc, special.erfcinv),
        (special.ndtr, special.ndtri),
        (special.expit, special.logit),
    ):
        first, second = derivatives(lambda x, f=f, inverse=inverse: inverse(f(x)), 0.6, 2)
        assert first == pytest.approx(1, abs=1e-12)
        assert second == pytest.approx(0, abs=1e-11)


def test_derivatives_of_exprel_at_zero_are_one_over_n_plus_one():
    np.testing.assert_allclose(derivatives(special.exprel, 0.0, 5), [1 / n for n in range(2, 7)], rtol=1e-14)
    for x in (0.99, 1.01, 1.99, 2.01, 2.99, 3.01, -3.01, 30.0, -30.0):  # around the changes of the method
        step = 1e-5
        found = derivatives(special.exprel, x, 3)
        for n in range(1, 3):
            difference = derivatives(special.exprel, x + step, n)[-1] - derivatives(special.exprel, x - step, n)[-1]
            assert found[n] == pytest.approx(difference / (2 * step), rel=1e-6, abs=1e-9)


def test_bessel_functions_satisfy_their_differential_equations():
    x = 1.7
    for f, order, sign in (
        (special.j0, 0, 1),
        (special.j1, 1, 1),
        (special.y0, 0, 1),
        (special.y1, 1, 1),
        (special.i0, 0, -1),
        (special.i1, 1, -1),
        (special.k0, 0, -1),
        (special.k1, 1, -1),
        (lambda x: special.jv(2.5, x), 2.5, 1),
        (lambda x: special.yv(2.5, x), 2.5, 1),
        (lambda x: special.iv(2.5, x), 2.5, -1),
        (lambda x: special.kv(2.5, x), 2.5, -1),
    ):
        first, second = derivatives(f, x, 2)
        y = value(f(ag.tensor(x)))
        assert x * x * second + x * first + (sign * x * x - order**2) * y == pytest.approx(0, abs=1e-12)
    for scaled, plain, sign in (
        (special.i0e, special.i0, -1),
        (special.i1e, special.i1, -1),
        (special.k0e, special.k0, 1),
    ):
        np.testing.assert_allclose(
            derivatives(scaled, x, 3),
            derivatives(lambda x, plain=plain, sign=sign: plain(x) * ag.exp(sign * x), x, 3),
            rtol=1e-11,
        )
    assert derivatives(special.j1, 0.0, 1) == [0.5]
    assert derivatives(special.i1, 0.0, 1) == [0.5]


# -- values at the edges and of composites ---------------------------------------------------------------------------


def test_entropies_at_the_edges():
    x, y = np.array([0.0, 0.0, -1.0, 1.0, np.nan, 0.0]), np.array([0.0, 1.0, 1.0, 0.0, 1.0, -1.0])
    for name in ("rel_entr", "kl_div"):
        np.testing.assert_array_equal(getattr(special, name)(x, y), getattr(sp, name)(x, y))
    np.testing.assert_array_equal(special.entr(x), sp.entr(x))
    u, v = np.array([0.0, 0.0, 2.0, 0.0, 0.0]), np.array([0.0, -1.0, 0.0, np.nan, INF])
    np.testing.assert_array_equal(special.xlogy(u, v), sp.xlogy(u, v))
    np.testing.assert_array_equal(special.xlog1py(u, v - 1), sp.xlog1py(u, v - 1))
    np.testing.assert_array_equal(
        gradient(special.xlogy, np.zeros(3), np.array([0.0, -1.0, np.e])), [[0, 0, 1], [0, 0, 0]]
    )


def test_multigammaln():
    for d in (1, 2, 5):
        assert special.multigammaln(np.float64(4.5), d) == pytest.approx(sp.multigammaln(4.5, d))
    assert gradient(lambda a: special.multigammaln(a, 2), 4.5) == pytest.approx(sp.psi(4.5) + sp.psi(4.0))


def test_incomplete_functions_have_their_density_as_derivative():
    x = np.array([0.2, 0.9])
    np.testing.assert_allclose(gradient(lambda x: special.gammainc(1.0, x), x), np.exp(-x))
    np.testing.assert_allclose(gradient(lambda x: special.gammaincc(1.0, x), x), -np.exp(-x))
    np.testing.assert_allclose(gradient(lambda x: special.betainc(2.0, 1.0, x), x), 2 * x)
    np.testing.assert_allclose(gradient(lambda q: special.zeta(2.0, q), x), -2 * sp.zeta(3.0, x))


def test_where_no_derivative_is_known_the_gradient_is_refused_by_name():
    a, x = ag.tensor(2.0, requires_grad=True), ag.tensor([0.5])
    for function, name in (
        (lambda: special.gammainc(a, x), "special.gammainc: expected a constant as a,"),
        (lambda: special.gammaincc(a, x), "special.gammaincc: expected a constant as a,"),
        (lambda: special.betainc(1.0, a, x), "special.betainc: expected a constant as b,"),
        (lambda: special.zeta(a, x), "special.zeta: expected a constant as x,"),
    ):
        with pytest.raises(NoGradientError, match=name):
            function()
        with ag.no_grad():
            function()
    special.gammainc(a.detach(), x)


def test_orders_are_numbers():
    x = ag.tensor([0.5])
    assert special.jv(np.float32(2), x).dtype == np.float64
    for function in (special.jv, special.yv, special.iv, special.ive, special.kv, special.kve, special.polygamma):
        with pytest.raises(TypeError, match=rf"special\.{function.__name__}: expected a number as order, got Tensor"):
            function(ag.tensor(1.0), x)


def test_python_numbers_are_weak():
    for name, arguments in {
        "beta": [(0.5, None), (None, 2)],
        "betaln": [(0.5, None)],
        "xlogy": [(0.5, None), (None, 2)],
        "xlog1py": [(0.5, None), (None, 2)],
        "rel_entr": [(0.5, None), (None, 2)],
        "kl_div": [(0.5, None), (None, 2)],
        "gammainc": [(0.5, None)],
        "gammaincc": [(2, None)],
        "betainc": [(0.5, 2, None)],
        "zeta": [(2.5, None)],
        "jv": [(0.5, None)],
    }.items():
        for places in arguments:
            t = ag.tensor([0.25, 0.5], dtype="float32", requires_grad=True)
            y = getattr(special, name)(*(t if place is None else place for place in places))
            assert y.dtype == np.float32, name
            assert ag.gradients(y.sum(), t)[0].dtype == np.float32
    assert special.gamma(4.0) == 6.0


# -- without SciPy ----------------------------------------------------------------------------------------------------


def test_without_scipy_the_error_names_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    with pytest.raises(ImportError, match=r"special\.gamma: expected SciPy.*pip install scipy"):
        from_scipy("gamma")(np.float64(3))


def test_without_scipy_the_error_function_still_works(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    forward = from_scipy("erf", instead=entry_by_entry(math.erf))
    np.testing.assert_allclose(forward(A), [[math.erf(v) for v in row] for row in A], rtol=1e-15)
    assert forward(A.astype(np.float32)).dtype == np.float32
    assert forward(np.float64(0.5)) == math.erf(0.5)
    assert forward(np.array([0, 1])).dtype == np.float64
    assert error_functions.erf(np.float64(0.5)) == pytest.approx(math.erf(0.5))


def test_the_logistic_family_needs_no_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    x = ag.tensor([0.5, 1.5], requires_grad=True)
    for name in [
        "expit",
        "log_expit",
        "softplus",
        "softmax",
        "log_softmax",
        "logsumexp",
        "logit",
        "entr",
        "i0",
        "exprel",
        "exp10",
        "sinc",
    ]:
        assert np.isfinite(getattr(special, name)(x * 0.5).tolist()).all()
    for name in ["xlogy", "xlog1py", "rel_entr", "kl_div"]:
        assert getattr(special, name)(x, x).requires_grad
