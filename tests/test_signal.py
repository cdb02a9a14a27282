"""Convolution, interpolation, polynomials, and functions that call functions, as users call them."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.errors import NoGradientError
from tests.differences import check_gradients

RNG = np.random.default_rng(5)
XP = np.array([-1.0, 0.5, 1.0, 3.0])
FP = np.array([2.0, -1.0, 4.0, 0.5])
X = np.array([[-3.0, -0.7, 0.2], [0.9, 2.2, 7.0]])


def tensor(values, **options):
    return ag.Tensor(np.array(values), **options)


# -- convolution -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("sizes", [(6, 3), (3, 6), (5, 4), (4, 5), (4, 4), (1, 4), (4, 1), (2, 7)])
@pytest.mark.parametrize("kind", ["real", "complex"])
def test_convolve_and_correlate(mode, sizes, kind):
    a, v = (RNG.standard_normal(n) + (1j * RNG.standard_normal(n) if kind == "complex" else 0) for n in sizes)
    for function, ours in ((np.convolve, ag.convolve), (np.correlate, ag.correlate)):
        expected = function(a, v, mode)
        x, y = ag.Tensor(a), ag.Tensor(v)
        for found in (function(x, v, mode), function(a, y, mode=mode), ours(x, y, mode)):
            assert np.allclose(found._data, expected)
        check_gradients(lambda a, v, f=ours: f(a, v, mode), a, v)
    assert np.allclose(ag.correlate(a, v, mode), np.correlate(a, v, mode))


def test_defaults_scalars_numbers_and_float32():
    a, v = tensor([1.0, 2.0, 3.0]), tensor([1.0, 1.0])
    assert np.convolve(a, v).tolist() == [1, 3, 5, 3]
    assert np.correlate(a, v).tolist() == [3, 5]
    assert np.convolve(a, tensor(2.0)).tolist() == [2, 4, 6]
    assert np.convolve(a, [1.0, -1.0], 2).tolist() == [1, 1, 1, -3]
    x = tensor(np.ones(3, np.float32), requires_grad=True)
    y = ag.convolve(x, tensor(np.ones(2, np.float32)), "same")
    assert y.dtype == np.float32
    y.sum().backward()
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [2, 2, 1]


def test_convolve_refuses():
    a = tensor([1.0, 2.0])
    with pytest.raises(ValueError, match=r"convolve: expected vectors, got an array of shape \(1, 2\)"):
        np.convolve(a.reshape((1, 2)), a)
    with pytest.raises(ValueError, match="correlate: expected mode 'full', 'same' or 'valid', got 'fill'"):
        np.correlate(a, a, "fill")
    with pytest.raises(ValueError, match="empty"):
        np.convolve(a, a[:0])


# -- interpolation -----------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"left": -9.0}, {"right": 5.5}, {"left": 0.0, "right": 1.0}, {"period": 2.7}])
def test_interp(options):
    expected = np.interp(X, XP, FP, **options)
    x, xp, fp = ag.Tensor(X), ag.Tensor(XP), ag.Tensor(FP)
    for found in (np.interp(x, XP, FP, **options), np.interp(X, XP, fp, **options), ag.interp(x, xp, fp, **options)):
        assert np.allclose(found._data, expected, rtol=1e-14)
    check_gradients(lambda x, xp, fp: ag.interp(x, xp, fp, **options), X, XP, FP)
    check_gradients(lambda x, xp, fp: ag.interp(x, xp, fp, **options), X[0, 1], XP, FP + 1j * FP[::-1])


def test_interp_positional_arguments_and_gradients_of_the_ends():
    found = np.interp(ag.Tensor(X), XP, FP, -1.0, 8.0)
    assert np.array_equal(found._data, np.interp(X, XP, FP, -1.0, 8.0))
    check_gradients(lambda left, right: ag.interp(X, XP, FP, left, right), np.array(0.3), np.array(0.7))
    check_gradients(lambda period: ag.interp(X, XP, FP, period=period), np.array(2.7), order=1)


def test_interp_at_knots_steps_and_outside():
    x = tensor([-5.0, -1.0, 0.5, 1.0, 3.0, 9.0], requires_grad=True)
    ag.interp(x, XP, FP).sum().backward()
    assert np.allclose(x.grad._data, [0, -2, 10, -1.75, -1.75, 0])
    # Where knots coincide the function jumps: the segment to the right counts, and nothing at the very end.
    xp, fp = np.array([0.0, 1.0, 1.0, 3.0, 3.0]), tensor([0.0, 1.0, 5.0, 7.0, 8.0], requires_grad=True)
    step = tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    y = ag.interp(step, xp, fp)
    assert np.array_equal(y._data, np.interp(step._data, xp, fp._data))
    y.sum().backward()
    assert step.grad.tolist() == [1, 1, 0, 0]
    assert fp.grad.tolist() == [0, 0, 1.5, 0.5, 2]
    assert np.interp(tensor([0.0, 2.0]), [1.0], [5.0]).tolist() == [5, 5]


def test_interp_dtypes_and_errors():
    single = [np.asarray(v, np.float32) for v in (X, XP, FP)]
    assert ag.interp(ag.Tensor(single[0]), *single[1:]).dtype == np.float32
    assert ag.interp(ag.Tensor(X), *single[1:]).dtype == np.float64
    assert ag.interp(tensor([1, 2]), [0, 4], [0, 2]).tolist() == [0.5, 1.0]
    with pytest.raises(ValueError, match="length"):
        np.interp(ag.Tensor(X), XP, FP[:2])
    with pytest.raises(ValueError, match="interp: expected at least one knot, got none"):
        np.interp(ag.Tensor(X[:0]), [], [])
    with pytest.raises(ValueError, match="interp: expected a period that is not 0"):
        np.interp(ag.Tensor(X), XP, FP, period=0)


# -- polynomials -------------------------------------------------------------------------------------

P, Q = np.array([2.0, -1.0, 0.5, 3.0]), np.array([1.5, 2.0])


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (np.polyval, (P, X)),
        (np.polyval, (P, np.array(0.5))),
        (np.polyval, (P + 1j, X)),
        (np.polyadd, (P, Q)),
        (np.polysub, (Q, P)),
        (np.polymul, (P, Q)),
        (np.polyder, (P,)),
        (np.polyint, (P,)),
        (np.vander, (Q,)),
    ],
)
def test_polynomials(function, arguments):
    expected = function(*arguments)
    ours = getattr(ag, function.__name__)
    for position in range(len(arguments)):
        mixed = [ag.Tensor(x) if i == position else x for i, x in enumerate(arguments)]
        assert np.allclose(function(*mixed)._data, expected)
    assert np.allclose(ours(*arguments), expected)
    check_gradients(lambda *values: ours(*values), *arguments)


def test_polynomials_with_options():
    p = ag.Tensor(P)
    for m in (0, 1, 2, 5):
        assert np.allclose(np.polyder(p, m)._data, np.polyder(P, m))
        assert np.allclose(np.polyint(p, m)._data, np.polyint(P, m))
    assert np.allclose(np.polyint(p, 2, [6.0, 5.0])._data, np.polyint(P, 2, [6.0, 5.0]))
    assert np.allclose(np.polyint(p, 2, 3.0)._data, np.polyint(P, 2, 3.0))
    check_gradients(lambda p, k: ag.polyint(p, 2, k), P, np.array([6.0, 5.0]))
    for n, increasing in ((3, True), (5, False), (1, True), (0, False)):
        assert np.allclose(np.vander(p, n, increasing)._data, np.vander(P, n, increasing))
    assert ag.vander(ag.Tensor(np.float32([2.0, 0.0])), 3).dtype == np.float32
    assert ag.polyval(ag.Tensor(np.float32([1.0, 2.0])), ag.Tensor(np.float32([3.0]))).dtype == np.float32
    assert ag.polyval([1.0, 2.0], [3.0, 4.0]).tolist() == [5, 6]
    check_gradients(lambda x: ag.vander(x, 4, increasing=True), np.array([0.0, 1.5]))


def test_polynomials_refuse():
    with pytest.raises(ValueError, match=r"vander: expected a vector, got shape \(2, 3\)"):
        np.vander(ag.Tensor(X))
    with pytest.raises(ValueError, match=r"polyder: expected m = 0, 1, 2 \.\.\., got -1"):
        np.polyder(ag.Tensor(P), -1)
    with pytest.raises(ValueError, match="polyint: expected one constant of integration, or 3 of them, got 2"):
        np.polyint(ag.Tensor(P), 3, [1.0, 2.0])
    with pytest.raises(NoGradientError, match=r"np\.roots: .* would be lost"):
        np.roots(ag.Tensor(P, requires_grad=True))


# -- functions that call functions -------------------------------------------------------------------


def test_piecewise():
    x = np.array([-4.0, -1.0, 0.25, 9.0])
    functions = [lambda v: -v, np.sqrt]
    expected = np.piecewise(x, [x < 0, x >= 0], functions)
    assert np.array_equal(np.piecewise(ag.Tensor(x), [x < 0, x >= 0], functions)._data, expected)
    check_gradients(lambda x: np.piecewise(x, [x < 0, x >= 0], functions), x)
    check_gradients(lambda x: np.piecewise(x, [x < 0], [np.square, np.log]), x)
    constants = np.piecewise(ag.Tensor(x), [x < -2, x > 2], [-1.0, lambda v, k: k * v, 0.5], 3.0)
    assert np.array_equal(constants._data, np.piecewise(x, [x < -2, x > 2], [-1.0, lambda v, k: k * v, 0.5], 3.0))
    single = np.piecewise(ag.Tensor(x), ag.Tensor(x < 0), [1.0])
    assert np.array_equal(single._data, np.piecewise(x, x < 0, [1.0]))
    assert np.piecewise(tensor(4.0), [tensor(True)], [np.sqrt]).item() == 2.0
    assert np.piecewise(tensor([1.0, 2.0]), [True, False], [5.0, 6.0]).tolist() == [5, 6]
    with pytest.raises(ValueError, match="piecewise: expected 1 or 2 functions, for 1 conditions, got 3"):
        np.piecewise(ag.Tensor(x), [x < 0], [1.0, 2.0, 3.0])


TABLE = np.arange(24.0).reshape(2, 3, 4) / 7


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_apply_along_axis(axis):
    functions = [
        lambda v: (v * v).sum(),
        lambda v: v[::-1] * 2,
        lambda v: v[:2].reshape((2, 1)) * v[0],
    ]
    for function in functions:
        found = np.apply_along_axis(function, axis, ag.Tensor(TABLE))
        assert np.allclose(found._data, np.apply_along_axis(function, axis, TABLE))
        check_gradients(lambda x, f=function: ag.apply_along_axis(f, axis, x), TABLE)
    scaled = np.apply_along_axis(lambda v, k, shift=0: v[0] * k + shift, axis, ag.Tensor(TABLE), 3.0, shift=1.0)
    assert np.allclose(scaled._data, np.apply_along_axis(lambda v: v[0] * 3.0 + 1.0, axis, TABLE))
    with pytest.raises(ValueError, match="apply_along_axis: expected at least one vector"):
        np.apply_along_axis(np.sum, 0, tensor(np.zeros((3, 0))))


def test_apply_over_axes():
    for function, axes in ((np.sum, [0, 2]), (np.mean, 1), (np.cumsum, [0])):
        found = np.apply_over_axes(function, ag.Tensor(TABLE), axes)
        assert np.allclose(found._data, np.apply_over_axes(function, TABLE, axes))
    check_gradients(lambda x: ag.apply_over_axes(ag.sum, x * x, [0, -1]), TABLE)
    with pytest.raises(ValueError, match="apply_over_axes: expected a function that returns 3 or 2 axes, got 0"):
        np.apply_over_axes(lambda x, axis: x.sum(), ag.Tensor(TABLE), [0])
