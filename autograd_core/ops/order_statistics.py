"""Medians, quantiles and percentiles.

A median or a quantile is a weighted sum of the sorted entries, sum over r of w_r * x_(r). The weights
follow from the position that the quantile has among the ranks 0 ... n-1: position 3.25 means three
quarters of x_(3) and one quarter of x_(4), so entry x_i of rank r_i has the weight

    w_i = max(0, 1 - |r_i - position|).

The position is the same quantile of the ranks themselves, which is how the rules find it: for every
method that NumPy knows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, define, implements
from .axes import axes_of, kept_shape, pytorch_names, restore
from .reductions import Axis

__all__ = ["median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"]


def _ranks_forward(x: Any, axis: Any = None) -> Any:
    axes = axes_of(axis, x.ndim)
    order = tuple(i for i in range(x.ndim) if i not in axes) + axes
    moved = tuple(x.shape[i] for i in order)
    kept = x.ndim - len(axes)
    rows = np.reshape(np.transpose(x, order), (*moved[:kept], math.prod(moved[kept:])))
    found = np.argsort(np.argsort(rows, axis=-1, kind="stable"), axis=-1)
    return np.transpose(np.reshape(found, moved), tuple(order.index(i) for i in range(x.ndim)))


ranks = define(
    "ranks",
    _ranks_forward,
    None,
    doc="The position of every entry among the sorted entries over ``axis``, from 0 (NaNs last). A constant.",
)


def _weights(position_of: Callable[[Any], Any], x: Any, axis: Any, skip_nan: bool, dtype: Any) -> Any:
    """1 for an entry at the position, falling to 0 one place away from it; 0 for NaNs that are skipped."""
    places = ranks(x, axis=axis)
    if not skip_nan:
        distance = np.abs(places - position_of(places))
        return np.where(distance < 1, 1 - distance, 0).astype(dtype)
    missing = np.isnan(x)
    # Where there is nothing but NaN, the ranks stay, so that their quantile needs no warning.
    places = np.where(missing & ~np.all(missing, axis=axis, keepdims=True), math.nan, places)
    distance = np.abs(places - position_of(places))
    return np.where((distance < 1) & ~missing, 1 - distance, 0).astype(dtype)


def _define_median(function: Any, skip_nan: bool) -> Any:
    def forward(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return function(x, axis=axis, keepdims=keepdims)

    def rule(g: Any, out: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        weights = _weights(lambda ranks: function(ranks, axis=axis, keepdims=True), x, axis, skip_nan, g.dtype)
        return restore(g, x.shape, axis, keepdims) * weights

    return define(function.__name__, forward, rule, formulas="the weight of {a} in the median")


def _define_quantile(function: Any, skip_nan: bool) -> Any:
    def forward(x: Any, q: Any, axis: Any = None, keepdims: bool = False, method: str = "linear") -> Any:
        result = function(x, q, axis=axis, method=method, keepdims=keepdims)
        # NumPy lets several q turn float32 into float64.
        return result.astype(x.dtype) if isinstance(q, tuple) and x.dtype.kind == "f" else result

    def rule(g: Any, out: Any, x: Any, q: Any, axis: Any = None, keepdims: bool = False, method: str = "linear") -> Any:
        if not x.size:
            return np.zeros_like(x)
        weights = _weights(
            lambda ranks: function(ranks, q, axis=axis, method=method, keepdims=True), x, axis, skip_nan, g.dtype
        )
        several = isinstance(q, tuple)
        kept = kept_shape(x.shape, axis)
        contributions = np.reshape(g, (len(q), *kept) if several else kept) * weights
        return np.sum(contributions, axis=0) if several else contributions

    return define(function.__name__, forward, rule, formulas="the weight of {a} in the quantile")


_median = _define_median(np.median, skip_nan=False)
_nanmedian = _define_median(np.nanmedian, skip_nan=True)
_quantile = _define_quantile(np.quantile, skip_nan=False)
_nanquantile = _define_quantile(np.nanquantile, skip_nan=True)


@implements(np.median)
@pytorch_names
def median(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """The median over axes. The gradient goes to the entry in the middle, or to the two in the middle by halves.

    Args:
        x: an array of reals.
        axis: the axis or axes to reduce; all, if left out.
        keepdims: whether the reduced axes stay, with length 1.

    Returns:
        An array without the reduced axes. Of an even number of entries it is the mean of the two in the
        middle, as in NumPy (PyTorch takes the lower one).

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 5.0, 3.0, 9.0], requires_grad=True)
    >>> ag.median(x)
    tensor(4., operation=median)
    >>> table = ag.median(x).backward()
    >>> x.grad
    tensor([0. , 0.5, 0.5, 0. ])
    """
    return _median(x, axis=axis, keepdims=keepdims)


@implements(np.nanmedian)
@pytorch_names
def nanmedian(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """The median over axes of the entries that are not NaN; NaNs get the gradient 0.

    Args:
        x: an array of reals.
        axis, keepdims: as for ``median``.

    Returns:
        An array without the reduced axes; NaN (with a warning) where every entry is NaN.

    >>> import autograd_core as ag
    >>> ag.nanmedian(ag.tensor([1.0, float("nan"), 3.0, 9.0]))
    tensor(3.)
    """
    return _nanmedian(x, axis=axis, keepdims=keepdims)


def _probabilities(name: str, q: Any, full: float) -> Any:
    """``q`` as a float or a tuple of floats between 0 and 1."""
    q = np.asarray(q, dtype=np.float64)
    if q.ndim > 1:
        raise ValueError(
            explain(name, expected="q to be a number or a vector", got=f"shape {q.shape}", remedy="pass q.reshape(-1)")
        )
    if not ((q >= 0) & (q <= full)).all():
        raise ValueError(
            explain(name, expected=f"q between 0 and {full}", got=f"q={q.tolist()}", remedy="pass such numbers")
        )
    return float(q / full) if q.ndim == 0 else tuple((q / full).tolist())


@implements(np.quantile)
@pytorch_names
def quantile(x: Array, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Array:
    """The quantiles over axes: the value below which a fraction ``q`` of the entries lies.

    Among the sorted entries x_(0) ... x_(n-1) the quantile has a position, (n - 1) q for the method
    "linear", and is interpolated between the two entries there. These get the gradient, by the weights
    of the interpolation; of tied entries, the one that stands there after stable sorting.

    Args:
        x: an array of reals.
        q: a number between 0 and 1, or several. It gets no gradient.
        axis: the axis or axes to reduce; all, if left out.
        method: any of NumPy's: "linear", "lower", "higher", "midpoint", "nearest", "inverted_cdf",
            "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen",
            "weibull", "median_unbiased", "normal_unbiased".
        keepdims: whether the reduced axes stay, with length 1.

    Returns:
        An array without the reduced axes, with a first axis for several ``q``.

    Raises:
        ValueError: for ``q`` outside of [0, 1], and for an unknown ``method``.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 5.0, 3.0], requires_grad=True)
    >>> ag.quantile(x, 0.75)
    tensor(4., operation=quantile)
    >>> table = ag.quantile(x, 0.75).backward()
    >>> x.grad
    tensor([0. , 0.5, 0.5])

    Source: Hyndman and Fan, "Sample quantiles in statistical packages", 1996, for the methods.
    """
    return _quantile(x, q=_probabilities("quantile", q, 1), axis=axis, keepdims=keepdims, method=method)


@implements(np.percentile)
@pytorch_names
def percentile(x: Array, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Array:
    """The quantiles over axes for ``q`` in percent.

    Args:
        x: an array of reals.
        q: a number between 0 and 100, or several.
        axis, method, keepdims: as for ``quantile``.

    Returns:
        An array without the reduced axes, with a first axis for several ``q``.

    Raises:
        ValueError: for ``q`` outside of [0, 100], and for an unknown ``method``.

    >>> import autograd_core as ag
    >>> ag.percentile(ag.tensor([1.0, 5.0, 3.0]), 50)
    tensor(3.)
    """
    return _quantile(x, q=_probabilities("percentile", q, 100), axis=axis, keepdims=keepdims, method=method)


@implements(np.nanquantile)
@pytorch_names
def nanquantile(x: Array, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Array:
    """The quantiles over axes of the entries that are not NaN; NaNs get the gradient 0.

    Args:
        x: an array of reals.
        q, axis, method, keepdims: as for ``quantile``.

    Returns:
        An array without the reduced axes, with a first axis for several ``q``.

    Raises:
        ValueError: for ``q`` outside of [0, 1], and for an unknown ``method``.

    >>> import autograd_core as ag
    >>> ag.nanquantile(ag.tensor([1.0, float("nan"), 3.0]), 0.25)
    tensor(1.5)
    """
    return _nanquantile(x, q=_probabilities("nanquantile", q, 1), axis=axis, keepdims=keepdims, method=method)


@implements(np.nanpercentile)
@pytorch_names
def nanpercentile(x: Array, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Array:
    """The quantiles, for ``q`` in percent, of the entries that are not NaN; NaNs get the gradient 0.

    Args:
        x: an array of reals.
        q: a number between 0 and 100, or several.
        axis, method, keepdims: as for ``quantile``.

    Returns:
        An array without the reduced axes, with a first axis for several ``q``.

    Raises:
        ValueError: for ``q`` outside of [0, 100], and for an unknown ``method``.

    >>> import autograd_core as ag
    >>> ag.nanpercentile(ag.tensor([1.0, float("nan"), 3.0]), 25)
    tensor(1.5)
    """
    return _nanquantile(x, q=_probabilities("nanpercentile", q, 100), axis=axis, keepdims=keepdims, method=method)
