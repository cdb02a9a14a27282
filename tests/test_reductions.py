"""Reductions, statistics, running reductions, differences and counts, as users call them."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.ops import counting, cumulative, differences, order_statistics, reductions, statistics
from tests.parity import agrees

RNG = np.random.default_rng(3)
A = RNG.standard_normal((3, 4))
B = RNG.standard_normal((2, 3, 4))
V = RNG.standard_normal(6)
W = RNG.uniform(0.5, 2.0, 6)
MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, True, True]])
HOLES = np.where(RNG.random((4, 5)) < 0.25, np.nan, RNG.standard_normal((4, 5)))
HOLES[:, 0] = 0.3, -0.4, 0.9, 1.7
NUMBER = np.float64(0.7)


def gradient(function, x, **options):
    """The gradient of the sum of ``function(x)``, as an array."""
    t = ag.Tensor(np.asarray(x, dtype=float), requires_grad=True)
    ag.sum(function(t, **options)).backward()
    return t.grad.numpy()


# -- NumPy's calls, with all arguments ---------------------------------------------------------------


@pytest.mark.parametrize("function", [np.sum, np.mean, np.prod, np.max, np.min, np.amax, np.amin, np.ptp, np.median])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (-1, 0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions_over_any_axis(function, axis, keepdims):
    agrees(function, B, axis=axis, keepdims=keepdims)


@pytest.mark.parametrize("function", [np.sum, np.mean, np.prod, np.max, np.min, np.median, np.std, np.var])
def test_reductions_of_numbers_and_over_no_axis(function):
    for x in (NUMBER, np.array(1.5)):
        value = function(x)
        t = ag.Tensor(x, requires_grad=True)
        result = function(t)
        assert result.shape == ()
        assert result.item() == value
        result.backward()
        assert t.grad.item() == (0.0 if function in (np.std, np.var) else 1.0)
    for function in (np.sum, np.mean, np.prod, np.max):
        agrees(function, A, axis=())


@pytest.mark.parametrize("function", [np.sum, np.mean, np.prod])
def test_where_and_initial(function):
    agrees(function, A, where=MASK)
    agrees(function, A, axis=1, where=MASK[:1], keepdims=True)
    if function is not np.mean:
        agrees(function, A, axis=0, initial=2.5)
        agrees(function, A, axis=0, initial=2.5, where=MASK)


@pytest.mark.parametrize(("function", "least"), [(np.max, -np.inf), (np.min, np.inf)])
def test_where_and_initial_of_extremes(function, least):
    agrees(function, A, axis=0, where=MASK, initial=least)
    agrees(function, A, axis=0, initial=0.1)
    agrees(function, A, where=MASK, initial=0.1)
    with pytest.raises(ValueError, match=r"expected initial= together with where=.*To mend it: pass initial="):
        function(ag.tensor(A), where=MASK)


@pytest.mark.parametrize("function", [np.sum, np.prod, np.mean, np.var, np.std, np.cumsum, np.cumprod])
def test_dtype_of_the_result(function):
    for x, dtype in ((A, np.float32), (np.arange(1, 7), float), (np.arange(1, 7), None), (A.astype(np.float16), None)):
        expected = function(x, dtype=dtype)
        result = function(ag.tensor(x), dtype=dtype)
        assert result.dtype == expected.dtype
        np.testing.assert_allclose(result.numpy(), expected, rtol=2e-6 if result.dtype == np.float32 else 1e-12)
    t = ag.tensor(A, requires_grad=True)
    ag.sum(function(t, dtype=np.float32)).backward()
    assert t.grad.dtype == np.float64


@pytest.mark.parametrize("function", [np.mean, np.var, np.std, np.nanmean, np.nanvar, np.nanstd, np.cov, np.corrcoef])
@pytest.mark.parametrize("dtype", [int, np.int8, bool, object])
def test_a_mean_is_not_computed_in_integers(function, dtype):
    with pytest.raises(TypeError, match=r"expected a floating-point or complex dtype to compute in, got dtype="):
        function(ag.tensor(A, requires_grad=True), dtype=dtype)


@pytest.mark.parametrize("function", [np.sum, np.prod, np.nansum, np.nanprod, np.cumsum, np.cumprod, np.trace])
def test_a_sum_in_integers_is_a_constant_and_only_numbers_are_summed(function):
    t = ag.tensor(4 * A, requires_grad=True)
    for dtype in (int, bool):
        result = function(t, dtype=dtype)
        expected = function(4 * A, dtype=dtype)
        assert (result.dtype, result.tolist()) == (expected.dtype, expected.tolist())
        assert not result.requires_grad
    for dtype in (object, "S3", "M8[s]", "V8"):
        with pytest.raises(TypeError, match="astype: expected a dtype of booleans, integers, floats or complex"):
            function(t, dtype=dtype)


@pytest.mark.parametrize("function", [np.sum, np.prod, np.all, np.any, np.max, np.count_nonzero])
def test_integers_and_booleans(function):
    for x in (np.array([[1, 0], [2, 3]], np.int8), np.array([[True, False], [True, True]])):
        for axis in (None, 1):
            expected = function(x, axis=axis)
            result = function(ag.tensor(x), axis=axis)
            np.testing.assert_array_equal(result.numpy(), expected)
            assert result.dtype == np.asarray(expected).dtype


@pytest.mark.parametrize("function", [np.var, np.std])
@pytest.mark.parametrize("axis", [None, 1, (0, 2)])
def test_variance(function, axis):
    agrees(function, B, axis=axis)
    agrees(function, B, axis=axis, ddof=1, keepdims=True)
    agrees(function, B, axis=axis, correction=0.5)
    with pytest.raises(ValueError, match="two names of one number"):
        function(ag.tensor(B), ddof=1, correction=1)


@pytest.mark.parametrize("name", ["nansum", "nanmean", "nanprod", "nanmax", "nanmin", "nanvar", "nanstd", "nanmedian"])
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
def test_without_nan(name, axis):
    function = getattr(np, name)
    options = {"ddof": 1} if name in ("nanvar", "nanstd") else {}
    for keepdims in (False, True):
        x = ag.tensor(HOLES, requires_grad=True)
        expected = function(HOLES, axis=axis, keepdims=keepdims, **options)
        for call in (function, getattr(ag, name)):
            np.testing.assert_allclose(
                call(x, axis=axis, keepdims=keepdims, **options).detach().numpy(), expected, rtol=1e-12
            )
    result = function(x, axis=axis, **options)
    result.sum().backward()
    holes = np.isnan(HOLES)
    assert not x.grad.numpy()[holes].any()
    direction = np.where(holes, 0, RNG.standard_normal(HOLES.shape))
    step = 1e-6
    difference = np.sum(function(HOLES + step * direction, axis=axis, **options))
    difference -= np.sum(function(HOLES - step * direction, axis=axis, **options))
    np.testing.assert_allclose(np.sum(x.grad.numpy() * direction), difference / (2 * step), rtol=1e-6)


def test_slices_of_nothing_but_nan():
    x = ag.tensor([[np.nan, np.nan], [1.0, 2.0]], requires_grad=True)
    with pytest.warns(RuntimeWarning, match="All-NaN"):
        values = ag.nanmax(x, axis=1)
    assert np.isnan(values[0].item())
    values.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[0, 0], [0, 1]])
    x = ag.tensor([[np.nan, np.nan], [1.0, 2.0]], requires_grad=True)
    with pytest.warns(RuntimeWarning, match="All-NaN"):
        ag.nanmedian(x, axis=1).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[0, 0], [0.5, 0.5]])


@pytest.mark.parametrize("function", [np.quantile, np.nanquantile, np.percentile, np.nanpercentile])
def test_quantiles(function):
    full = 100 if "percent" in function.__name__ else 1
    x = HOLES if "nan" in function.__name__ else A
    if x is A:
        for q in (0.35 * full, [0.1 * full, 0.9 * full], np.array(0.5 * full), 0, full):
            for axis in (None, 0, (1, 0)):
                agrees(lambda x, *args, q=q, **kw: function(x, q, *args, **kw), x, axis=axis, ours=False)
    for method in ("linear", "lower", "higher", "midpoint", "nearest", "hazen", "inverted_cdf"):
        expected = function(x, 0.4 * full, axis=0, method=method, keepdims=True)
        ours = getattr(ag, function.__name__)
        np.testing.assert_allclose(
            ours(ag.tensor(x), 0.4 * full, 0, method=method, keepdims=True).numpy(), expected, rtol=1e-12
        )
    with pytest.raises(ValueError, match=f"expected q between 0 and {full}"):
        function(ag.tensor(x), 1.5 * full)
    with pytest.raises(ValueError, match="number or a vector"):
        function(ag.tensor(x), [[0.5]])


def test_a_quantile_does_not_lose_the_gradient_of_q():
    with pytest.raises(ag.NoGradientError):
        ag.quantile(ag.tensor(A), ag.tensor(0.5, requires_grad=True))


def test_quantile_of_float32_stays_float32():
    x = ag.tensor(A.astype(np.float32), requires_grad=True)
    for q in (0.3, [0.3, 0.7]):
        assert ag.quantile(x, q).dtype == np.float32


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_running_reductions(axis):
    for x in (B, A, V, NUMBER):
        if axis is None or x.ndim > 0:
            agrees(np.cumsum, x, axis=axis)
            agrees(np.cumprod, x, axis=axis)
    zeros = np.where(RNG.random(A.shape) < 0.4, 0, A)
    agrees(np.cumprod, zeros, axis=axis)
    for function in (np.nancumsum, np.nancumprod):
        np.testing.assert_allclose(function(ag.tensor(HOLES), axis=axis).numpy(), function(HOLES, axis=axis))
        assert not gradient(function, HOLES, axis=axis)[np.isnan(HOLES)].any()


@pytest.mark.skipif(not hasattr(np, "cumulative_sum"), reason="NumPy 2.0 has no cumulative_sum")
@pytest.mark.parametrize("name", ["cumulative_sum", "cumulative_prod"])
def test_running_reductions_of_the_standard(name):
    function = getattr(np, name)
    agrees(function, V)
    agrees(function, V, include_initial=True)
    agrees(function, B, axis=1, include_initial=True)
    assert function(ag.tensor([1, 2]), dtype=float).dtype == np.float64
    with pytest.raises(ValueError, match="expected an axis for an array of several axes"):
        function(ag.tensor(A))


def test_running_extremes():
    for ours, ufunc in ((ag.cummax, np.maximum), (ag.cummin, np.minimum)):
        x = ag.tensor(B, requires_grad=True)
        for axis in (0, 1, -1):
            np.testing.assert_array_equal(ours(x, axis).detach().numpy(), ufunc.accumulate(B, axis=axis))
        np.testing.assert_array_equal(ours(x).detach().numpy(), ufunc.accumulate(B.ravel()))
    np.testing.assert_array_equal(gradient(ag.cummax, [1, 3, 2, 4, 4, 0]), [1, 2, 0, 1, 2, 0])
    np.testing.assert_array_equal(gradient(ag.cummin, [1, 3, 2, 1, 0, 5]), [3, 0, 0, 1, 2, 0])
    x = ag.tensor([1.0, np.nan, 5.0], requires_grad=True)
    np.testing.assert_array_equal(ag.cummax(x).detach().numpy(), [1, np.nan, np.nan])


def test_logcumsumexp_is_stable():
    x = np.array([-1000.0, 1000.0, 1000.0, -np.inf, 900.0])
    values = ag.logcumsumexp(ag.tensor(x)).numpy()
    np.testing.assert_allclose(values, np.logaddexp.accumulate(x))
    np.testing.assert_allclose(gradient(ag.logcumsumexp, x), [1, 1 + 3 * 0.5, 3 * 0.5, 0, 0], atol=1e-12)
    np.testing.assert_allclose(gradient(ag.logcumsumexp, [-np.inf, -np.inf, 0.0]), [0, 0, 1])
    agrees(lambda x: np.log(np.cumsum(np.exp(x), axis=1)), A, ours=lambda x: ag.logcumsumexp(x, 1))


def test_differences():
    agrees(np.diff, V)
    for axis in (0, 1, -1):
        for n in (0, 1, 2, 3):
            agrees(np.diff, B, n=n, axis=axis)
    agrees(np.diff, B, axis=1, prepend=0.5, append=B[:, :2])
    assert np.diff(ag.tensor([True, False, False])).tolist() == [True, False]
    agrees(np.ediff1d, A, to_begin=np.array([1.0, 2.0]), to_end=9.0)
    agrees(np.ediff1d, V)
    with pytest.raises(ValueError, match="diff: expected n >= 0"):
        ag.diff(ag.tensor(V), n=-1)


def test_trapezoid():
    if not hasattr(np, "trapezoid"):
        pytest.skip("NumPy without trapezoid")
    agrees(np.trapezoid, V)
    agrees(np.trapezoid, B, dx=0.3, axis=1)
    agrees(np.trapezoid, A, np.array([0.0, 0.5, 2.0, 2.2]))
    agrees(np.trapezoid, A, np.array([0.0, 0.5, 2.0]), axis=0)
    agrees(np.trapezoid, A, np.cumsum(W[:4] * np.ones((3, 4)), axis=1))


@pytest.mark.parametrize("edge_order", [1, 2])
def test_numerical_derivative(edge_order):
    coordinates = [np.cumsum(W[: n + 1])[:n] for n in B.shape]
    axes = (1, 2) if edge_order == 2 else (0, 1, 2)
    agrees(np.gradient, V, edge_order=edge_order)
    agrees(np.gradient, V, 0.3, edge_order=edge_order)
    agrees(np.gradient, V, np.cumsum(W), edge_order=edge_order)
    agrees(np.gradient, B, axis=axes, edge_order=edge_order)
    agrees(np.gradient, B, *[coordinates[i] for i in axes], axis=axes, edge_order=edge_order)
    agrees(np.gradient, B, 2.0, coordinates[2], axis=(1, 2), edge_order=edge_order)
    agrees(np.gradient, B, axis=-1, edge_order=edge_order)
    assert np.gradient(ag.tensor(V.astype(np.float32)), np.cumsum(W)).dtype == np.float32


def test_numerical_derivative_refuses():
    with pytest.raises(ValueError, match="at least 2 samples along axis 0"):
        ag.gradient(ag.tensor([1.0]))
    with pytest.raises(ValueError, match="6 coordinates along axis 0"):
        ag.gradient(ag.tensor(V), W[:3])
    with pytest.raises(TypeError, match="one for each of 2"):
        ag.gradient(ag.tensor(A), 1.0, 2.0, 3.0)
    with pytest.raises(ValueError, match="edge_order=1 or 2"):
        ag.gradient(ag.tensor(V), edge_order=3)


def test_weighted_means():
    weights = RNG.uniform(0.5, 2.0, (3, 4))
    agrees(np.average, A)
    agrees(np.average, A, weights=None, axis=1, keepdims=True)
    agrees(np.average, A, None, weights)
    agrees(np.average, A, 1, weights, True)
    agrees(np.average, A, 1, W[:4], True, keepdims=True)
    agrees(np.average, B, (2, 0), RNG.uniform(0.5, 2.0, (4, 2)))
    value, scale = ag.average(ag.tensor(A), axis=0, returned=True)
    assert scale.tolist() == [3.0] * 4
    assert value.shape == (4,)
    agrees(np.average, np.arange(4), None, W[:4])


def test_weighted_means_refuse():
    x = ag.tensor(A)
    with pytest.raises(TypeError, match=r"expected weights of the shape \(3, 4\)"):
        ag.average(x, weights=W[:4])
    with pytest.raises(ValueError, match=r"or \(3,\) for axis=0, got shape \(4,\)"):
        ag.average(x, 0, weights=W[:4])
    with pytest.raises(ZeroDivisionError, match="sum that is not 0"):
        ag.average(x, 0, weights=[1.0, -1.0, 0.0])


def test_covariance_and_correlation():
    agrees(np.cov, A)
    agrees(np.cov, V)
    agrees(np.cov, V, W)
    agrees(np.cov, A, rowvar=False, bias=True)
    agrees(np.cov, A, A[:2] ** 2, ddof=0)
    agrees(np.cov, A, fweights=np.array([1, 2, 3, 1]))
    agrees(np.cov, A, aweights=W[:4])
    agrees(np.cov, A, fweights=np.array([1, 2, 3, 1]), aweights=W[:4])
    agrees(np.cov, A, fweights=np.array([1, 2, 3, 1]), aweights=W[:4], ddof=0)
    agrees(np.corrcoef, A)
    agrees(np.corrcoef, V, W)
    agrees(np.corrcoef, A, rowvar=False)
    z = A + 1j * A[::-1]
    np.testing.assert_allclose(np.cov(ag.tensor(z)).numpy(), np.cov(z))
    np.testing.assert_allclose(np.corrcoef(ag.tensor(z)).numpy(), np.corrcoef(z))
    assert np.corrcoef(ag.tensor(V)).item() == 1.0
    w = ag.tensor(W[:4], requires_grad=True)
    np.cov(ag.tensor(A), aweights=w)[0, 1].backward()
    assert w.grad.numpy().any()
    with pytest.raises(ValueError, match="expected a vector or a matrix"):
        ag.cov(ag.tensor(B))
    with pytest.warns(RuntimeWarning), np.errstate(all="ignore"):
        ag.cov(ag.tensor([[1.0], [2.0]]))


def test_counts():
    x = np.array([0, 3, 3, 1])
    assert np.bincount(ag.tensor(x)).tolist() == [1, 1, 0, 2]
    assert np.bincount(ag.tensor(x), minlength=6).tolist() == [1, 1, 0, 2, 0, 0]
    agrees(np.bincount, x, W[:4])
    assert ag.bincount(x, ag.tensor(W[:4].astype(np.float32))).dtype == np.float32
    assert ag.bincount(x, [1, 2, 3, 4]).tolist() == [1, 4, 0, 5]
    np.testing.assert_array_equal(ag.bincount(ag.tensor(x)).numpy(), np.bincount(x))


@pytest.mark.parametrize("bins", [4, np.array([-1.0, 0.0, 0.2, 3.0]), [-5, 0, 5]])
def test_histogram(bins):
    x = ag.tensor(A, requires_grad=True)
    for got, expected in zip(np.histogram(x, bins), np.histogram(A, bins), strict=True):
        np.testing.assert_allclose(got.numpy(), expected)
    for options in ({}, {"density": True}, {"range": (-1.0, 1.0)}):
        weights = RNG.uniform(0.5, 2.0, A.shape)
        counts, edges = np.histogram(A, bins, weights=weights, **options)
        w = ag.tensor(weights, requires_grad=True)
        ours, our_edges = np.histogram(ag.tensor(A), bins, weights=w, **options)
        np.testing.assert_allclose(ours.detach().numpy(), counts)
        np.testing.assert_allclose(our_edges.numpy(), edges)
        ours[0].backward()
        if "density" not in options:
            inside = (edges[0] <= A) & (edges[1] > A)
            np.testing.assert_array_equal(w.grad.numpy(), inside)
    np.testing.assert_allclose(np.histogram_bin_edges(ag.tensor(A), bins).numpy(), np.histogram_bin_edges(A, bins))


def test_histogram_with_edges_that_are_tensors():
    edges = ag.tensor([-1.0, 0.0, 3.0])
    counts, same = ag.histogram(ag.tensor(A), edges)
    assert same.tolist() == [-1.0, 0.0, 3.0]
    np.testing.assert_array_equal(counts.numpy(), np.histogram(A, edges.numpy())[0])
    np.testing.assert_array_equal(ag.histogram_bin_edges(A, "sturges"), np.histogram_bin_edges(A, "sturges"))
    with pytest.raises(ValueError, match="edges in ascending order"):
        ag.histogram(ag.tensor(A), [1.0, 0.0])


def test_histograms_of_points():
    points = RNG.standard_normal((40, 3))
    weights = RNG.uniform(0.5, 2.0, 40)
    x, w = ag.tensor(points, requires_grad=True), ag.tensor(weights, requires_grad=True)
    for bins in (3, [2, 3, 4], [np.array([-1.0, 0, 1]), 2, np.array([-3.0, 0, 0.5, 3])]):
        for options in ({}, {"density": True}, {"range": [(-1, 1), None, (0, 2)]}):
            expected, edges = np.histogramdd(points, bins, weights=weights, **options)
            counts, our_edges = np.histogramdd(x, bins, weights=w, **options)
            np.testing.assert_allclose(counts.detach().numpy(), expected)
            for ours, theirs in zip(our_edges, edges, strict=True):
                np.testing.assert_allclose(ours.numpy(), theirs)
        same, _ = ag.histogramdd(x, bins)
        assert same.dtype == np.float64
        np.testing.assert_array_equal(same.numpy(), np.histogramdd(points, bins)[0])
    np.histogramdd(x, 1, weights=w)[0].sum().backward()
    np.testing.assert_array_equal(w.grad.numpy(), np.ones(40))
    for bins in (3, [2, 5], np.array([-1.0, 0, 1]), [np.array([-1.0, 0, 1]), 4]):
        expected = np.histogram2d(points[:, 0], points[:, 1], bins, weights=weights)
        got = np.histogram2d(x[:, 0], x[:, 1], bins, weights=w)
        for ours, theirs in zip(got, expected, strict=True):
            np.testing.assert_allclose(ours.detach().numpy(), theirs)
    with pytest.raises(ValueError, match="bins for each of 3 coordinates, got 2"):
        ag.histogramdd(x, [2, 3])


def test_constants():
    x = ag.tensor(A, requires_grad=True)
    for function in (np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.all, np.any, np.count_nonzero):
        for options in ({}, {"axis": 1}, {"axis": 0, "keepdims": True}):
            for call in (function, getattr(ag, function.__name__)):
                result = call(x, **options)
                assert not result.requires_grad
                np.testing.assert_array_equal(result.numpy(), function(A, **options))
    assert ag.all(x, where=np.zeros_like(A, dtype=bool)).item() is True
    assert ag.any(x, where=np.zeros_like(A, dtype=bool)).item() is False


def test_ufunc_methods():
    x = ag.tensor(A, requires_grad=True)
    for ufunc in (np.add, np.multiply, np.maximum, np.minimum):
        np.testing.assert_allclose(ufunc.reduce(x).detach().numpy(), ufunc.reduce(A))
        np.testing.assert_allclose(ufunc.reduce(x, axis=None).item(), ufunc.reduce(A, axis=None))
        assert ufunc.reduce(x, axis=1, keepdims=True).requires_grad
    for ufunc in (np.add, np.multiply, np.maximum, np.minimum, np.logaddexp):
        assert ufunc.accumulate(x).requires_grad
        np.testing.assert_allclose(ufunc.accumulate(x, axis=1).detach().numpy(), ufunc.accumulate(A, axis=1))
    with pytest.raises(TypeError, match=r"np\.maximum\.accumulate"):
        np.maximum.accumulate(x, dtype=np.float32)


# -- conventions -------------------------------------------------------------------------------------


def test_ties_share_equally():
    for function in (ag.max, ag.min, ag.amax, ag.nanmax):
        np.testing.assert_allclose(gradient(function, [[2, 2, 2], [2, 2, 2]]), np.full((2, 3), 1 / 6))
    np.testing.assert_array_equal(gradient(ag.max, [[1, 3, 3], [0, 0, -1]], axis=1), [[0, 0.5, 0.5], [0.5, 0.5, 0]])
    np.testing.assert_array_equal(gradient(ag.ptp, [1, 1, 3]), [-0.5, -0.5, 1])
    np.testing.assert_array_equal(gradient(ag.max, [1, 2], initial=5), [0, 0])


def test_nan_in_a_maximum_is_where_the_gradient_goes():
    x = ag.tensor([1.0, np.nan, 3.0], requires_grad=True)
    y = x.max()
    assert np.isnan(y.item())
    y.backward()
    assert x.grad.tolist() == [0, 1, 0]


def test_products_with_zeros():
    np.testing.assert_array_equal(gradient(ag.prod, [2, 0, 3]), [0, 6, 0])
    np.testing.assert_array_equal(gradient(ag.prod, [2, 0, 0, 3]), [0, 0, 0, 0])
    x = ag.tensor([2.0, 0.0, 0.0, 3.0], requires_grad=True)
    (first,) = ag.gradients(x.prod(), x, create_graph=True)
    (second,) = ag.gradients(first[1], x)
    np.testing.assert_array_equal(second.numpy(), [0, 0, 6, 0])  # d²/dx1 dx2 = x0 x3
    x = ag.tensor([2.0, 0.0, 5.0], requires_grad=True)
    (first,) = ag.gradients(ag.cumprod(x)[2], x, create_graph=True)
    (second,) = ag.gradients(first[1], x)
    np.testing.assert_array_equal(second.numpy(), [5, 0, 2])


def test_the_standard_deviation_of_equal_entries_has_the_gradient_zero():
    for function in (ag.std, ag.nanstd):
        np.testing.assert_array_equal(gradient(function, [3.0, 3.0, 3.0]), [0, 0, 0])
        np.testing.assert_allclose(gradient(function, [[3.0, 3.0], [1.0, 5.0]], axis=1), [[0, 0], [-0.5, 0.5]])
    x = ag.tensor([1.0, 1.0], requires_grad=True)
    (first,) = ag.gradients(x.std(), x, create_graph=True)
    (second,) = ag.gradients(first.sum(), x)
    assert np.isfinite(second.numpy()).all()


def test_the_variance_is_stable_far_from_zero():
    x = 1e8 + np.array([0.0, 1.0, 2.0])
    np.testing.assert_allclose(gradient(ag.var, x), [-2 / 3, 0, 2 / 3], atol=1e-12)


def test_medians_of_even_counts_average():
    np.testing.assert_array_equal(gradient(ag.median, [4, 1, 3, 2]), [0, 0, 0.5, 0.5])
    np.testing.assert_array_equal(gradient(ag.median, [1, 1, 1]), [0, 1, 0])


def test_too_few_degrees_of_freedom_give_nan():
    x = ag.tensor([1.0], requires_grad=True)
    with pytest.warns(RuntimeWarning), np.errstate(all="ignore"):
        y = ag.var(x, ddof=1)
    y.backward()
    assert np.isnan(x.grad.numpy()).all()


def test_empty_arrays():
    for shape in ((0,), (0, 3), (3, 0)):
        x = ag.Tensor(np.zeros(shape), requires_grad=True)
        for function in (ag.sum, ag.prod, ag.cumsum, ag.cumprod, ag.nansum, ag.logcumsumexp):
            result = function(x)
            np.testing.assert_array_equal(result.detach().numpy(), function(np.zeros(shape)))
            (gradient,) = ag.gradients(result.sum(), x)
            assert gradient.shape == shape
    with pytest.raises(ValueError, match="no identity"):
        ag.max(ag.Tensor(np.zeros(0)))
    assert ag.max(ag.Tensor(np.zeros(0)), initial=-1.0).item() == -1.0


# -- other spellings ---------------------------------------------------------------------------------


def test_pytorch_spellings():
    x = ag.tensor(B)
    for name in [
        "sum",
        "mean",
        "prod",
        "var",
        "std",
        "max",
        "min",
        "amax",
        "amin",
        "ptp",
        "median",
        "nansum",
        "nanmean",
        "nanmax",
        "nanmedian",
        "nanstd",
        "all",
        "any",
        "argmax",
        "count_nonzero",
    ]:
        ours = getattr(ag, name)
        expected = getattr(np, name)(B, axis=1, keepdims=True)
        np.testing.assert_allclose(ours(x, dim=1, keepdim=True).numpy(), expected)
        with pytest.raises(TypeError, match="mean the same"):
            ours(x, axis=1, dim=1)
    for name in ("cumsum", "cumprod", "logcumsumexp", "cummax", "cummin"):
        np.testing.assert_array_equal(getattr(ag, name)(x, dim=1).numpy(), getattr(ag, name)(x, axis=1).numpy())
    np.testing.assert_array_equal(x.sum(1, True).numpy(), B.sum(1, keepdims=True))
    np.testing.assert_array_equal(x.mean((0, 2), True).numpy(), B.mean((0, 2), keepdims=True))
    np.testing.assert_allclose(x.quantile(0.3, dim=-1, keepdim=True).numpy(), np.quantile(B, 0.3, -1, keepdims=True))
    with pytest.raises(TypeError, match="keepdims= and keepdim="):
        ag.sum(x, keepdims=True, keepdim=True)


@pytest.mark.parametrize(
    "name", ["all", "any", "argmax", "argmin", "max", "mean", "min", "prod", "std", "sum", "var", "cumprod", "cumsum"]
)
def test_methods_of_numpy(name):
    for arguments in ((), (0,), (1,)):
        expected = getattr(A, name)(*arguments)
        got = getattr(ag.tensor(A), name)(*arguments)
        np.testing.assert_allclose(got.numpy(), expected)


@pytest.mark.parametrize(
    "name",
    [
        "amax",
        "amin",
        "count_nonzero",
        "cummax",
        "cummin",
        "diff",
        "logcumsumexp",
        "median",
        "nanmean",
        "nanmedian",
        "nansum",
    ],
)
def test_methods_beyond_numpy(name):
    np.testing.assert_array_equal(getattr(ag.tensor(A), name)().numpy(), getattr(ag, name)(A))


def test_lists_and_numbers():
    assert ag.sum([1.0, 2.0]) == 3.0
    assert ag.mean([1.0, 2.0]) == 1.5
    assert ag.max([1, 5]) == 5
    assert ag.sum(2.5) == 2.5
    assert ag.std([1.0, 3.0]) == 1.0
    assert ag.nansum([1.0, np.nan]) == 1.0
    np.testing.assert_array_equal(ag.cumsum([1.0, 2.0]), [1.0, 3.0])
    np.testing.assert_array_equal(ag.diff([1.0, 2.0]), [1.0])


def test_unknown_arguments_are_refused_by_name():
    x = ag.tensor(A, requires_grad=True)
    with pytest.raises(TypeError, match=r"np\.var.*mean="):
        np.var(x, mean=np.zeros((1, 1)))
    with pytest.raises(TypeError, match=r"np\.quantile.*weights="):
        np.quantile(x, 0.5, weights=A, method="inverted_cdf")
    with pytest.raises(TypeError, match="out="):
        np.sum(x, out=np.zeros(()))


def test_every_public_function_has_the_arguments_it_documents():
    for module in (counting, cumulative, differences, order_statistics, reductions, statistics):
        for name in module.__all__:
            function = getattr(module, name)
            assert getattr(ag, name) is function
            documented = inspect.getdoc(function)
            for parameter in inspect.signature(function).parameters:
                assert parameter in documented, f"{name}: {parameter}"
