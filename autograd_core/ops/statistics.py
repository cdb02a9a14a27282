"""Variance and its kin, weighted means, and reductions that leave NaNs out."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, define, implements
from ..values import entries_of
from .axes import as_array, as_floats, axes_of, pytorch_names, restore
from .indexing import plain
from .joining import concat
from .reductions import SHARES, Axis, mean, prod, sum

__all__ = [
    "average",
    "corrcoef",
    "cov",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
    "std",
    "var",
]

# -- variance and standard deviation -----------------------------------------------------------------


def _deviations(x: Any, axis: Any, skip_nan: bool) -> tuple[Any, Any]:
    """The (conjugate) deviations from the mean, 0 where NaN is skipped, and the number of entries."""
    if skip_nan:
        missing = np.isnan(x)
        count = sum(~missing, axis, np.finfo(x.dtype).dtype, keepdims=True)
        x = np.where(missing, 0, x)
        deviations = np.where(missing, 0, x - sum(x, axis, keepdims=True) / np.where(count == 0, 1, count))
    else:
        count = math.prod(x.shape[i] for i in axes_of(axis, x.ndim))
        deviations = x - mean(x, axis, keepdims=True)
    return (np.conjugate(deviations) if x.dtype.kind == "c" else deviations), count


def _degrees(count: Any, ddof: float) -> Any:
    """What the squared deviations are divided by; NaN where there are not enough entries."""
    if isinstance(count, int):
        return count - ddof if count > ddof else math.nan
    return np.where(count > ddof, count - ddof, math.nan)


def _var_rule(skip_nan: bool) -> Any:
    """var = sum (x - m)(x - m)* / (n - ddof), so that d var / dx = 2 (x - m)* / (n - ddof)."""

    def rule(g: Any, out: Any, x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
        deviations, count = _deviations(x, axis, skip_nan)
        return restore(g, x.shape, axis, keepdims) * (2 / _degrees(count, ddof)) * deviations

    return rule


def _std_rule(skip_nan: bool) -> Any:
    """std = sqrt(var), so that d std / dx = (x - m)* / ((n - ddof) std), and 0 where all entries are the same."""

    def rule(g: Any, out: Any, x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
        deviations, count = _deviations(x, axis, skip_nan)
        same = out == 0
        scale = restore(np.where(same, 0, g / np.where(same, 1, out)), x.shape, axis, keepdims)
        return scale / _degrees(count, ddof) * deviations

    return rule


def _spread_measure(function: Any, rule: Any, formula: str) -> Any:
    def forward(x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
        return function(x, axis=axis, ddof=ddof, keepdims=keepdims)

    return define(function.__name__, forward, rule, formulas=formula)


_var = _spread_measure(np.var, _var_rule(False), "2({a} − mean)/n")
_nanvar = _spread_measure(np.nanvar, _var_rule(True), "2({a} − mean)/n")
_std = _spread_measure(np.std, _std_rule(False), "({a} − mean)/(n·{out})")
_nanstd = _spread_measure(np.nanstd, _std_rule(True), "({a} − mean)/(n·{out})")


def _measured(
    primitive: Any, x: Any, axis: Any, dtype: Any, ddof: float, keepdims: bool, correction: float | None
) -> Any:
    if correction is not None:
        if ddof:
            raise ValueError(
                explain(
                    primitive.name,
                    expected="ddof or correction, which are two names of one number",
                    got=f"ddof={ddof} and correction={correction}",
                    remedy="pass one of them",
                )
            )
        ddof = correction
    if dtype is not None:
        x = as_floats(primitive.name, as_array(x), dtype)
    # A Python number, since a NumPy scalar would turn float32 into float64.
    return primitive(x, axis=axis, ddof=ddof if isinstance(ddof, int) else float(ddof), keepdims=keepdims)


@implements(np.var)
@pytorch_names
def var(
    x: Array,
    axis: Axis = None,
    dtype: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
) -> Array:
    """The variance over axes: sum of |x - mean|² / (n - ddof), with the gradient 2 (x - mean) / (n - ddof).

    Args:
        x: an array.
        axis: the axis or axes to reduce; all, if left out.
        dtype: a floating-point or complex dtype; converts ``x`` first.
        ddof: what n is lessened by: 0 as in NumPy, if left out (PyTorch's default is 1).
        keepdims: whether the reduced axes stay, with length 1.
        correction: the array API's name for ``ddof``.

    Returns:
        A real array without the reduced axes.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 2.0, 6.0], requires_grad=True)
    >>> ag.var(x, ddof=1)
    tensor(7., operation=var)
    >>> table = ag.var(x, ddof=1).backward()
    >>> x.grad
    tensor([-2., -1.,  3.])
    """
    return _measured(_var, x, axis, dtype, ddof, keepdims, correction)


@implements(np.std)
@pytorch_names
def std(
    x: Array,
    axis: Axis = None,
    dtype: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
) -> Array:
    """The standard deviation over axes, with the gradient (x - mean) / ((n - ddof) std).

    Where all entries are the same, so that it is 0 and has a kink, the gradient is 0.

    Args:
        x: an array.
        axis: the axis or axes to reduce; all, if left out.
        dtype: a floating-point or complex dtype; converts ``x`` first.
        ddof: what n is lessened by: 0 as in NumPy, if left out (PyTorch's default is 1).
        keepdims: whether the reduced axes stay, with length 1.
        correction: the array API's name for ``ddof``.

    Returns:
        A real array without the reduced axes.

    >>> import autograd_core as ag
    >>> x = ag.tensor([2.0, 2.0], requires_grad=True)
    >>> table = ag.std(x).backward()
    >>> x.grad
    tensor([0., 0.])
    """
    return _measured(_std, x, axis, dtype, ddof, keepdims, correction)


@implements(np.nanvar)
@pytorch_names
def nanvar(
    x: Array,
    axis: Axis = None,
    dtype: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
) -> Array:
    """The variance over axes of the entries that are not NaN; NaNs get the gradient 0.

    Args:
        x: an array.
        axis, dtype, ddof, keepdims, correction: as for ``var``.

    Returns:
        A real array without the reduced axes.

    >>> import autograd_core as ag
    >>> ag.nanvar(ag.tensor([1.0, float("nan"), 3.0]))
    tensor(1.)
    """
    return _measured(_nanvar, x, axis, dtype, ddof, keepdims, correction)


@implements(np.nanstd)
@pytorch_names
def nanstd(
    x: Array,
    axis: Axis = None,
    dtype: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
) -> Array:
    """The standard deviation over axes of the entries that are not NaN; NaNs get the gradient 0.

    Args:
        x: an array.
        axis, dtype, ddof, keepdims, correction: as for ``std``.

    Returns:
        A real array without the reduced axes.

    >>> import autograd_core as ag
    >>> ag.nanstd(ag.tensor([1.0, float("nan"), 3.0]))
    tensor(1.)
    """
    return _measured(_nanstd, x, axis, dtype, ddof, keepdims, correction)


# -- sums, means, products and extremes without NaN ----------------------------------------------------


@implements(np.nansum)
@pytorch_names
def nansum(x: Array, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Array:
    """The sum over axes, NaN counted as 0 (and given the gradient 0).

    Args:
        x: an array.
        axis, dtype, keepdims: as for ``sum``.

    Returns:
        An array without the reduced axes.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, float("nan"), 3.0], requires_grad=True)
    >>> table = ag.nansum(x).backward()
    >>> x.grad
    tensor([1., 0., 1.])
    """
    x = as_array(x)
    return sum(np.where(np.isnan(x), 0, x), axis, dtype, keepdims=keepdims)


@implements(np.nanprod)
@pytorch_names
def nanprod(x: Array, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Array:
    """The product over axes, NaN counted as 1 (and given the gradient 0).

    Args:
        x: an array.
        axis, dtype, keepdims: as for ``prod``.

    Returns:
        An array without the reduced axes.

    >>> import autograd_core as ag
    >>> ag.nanprod(ag.tensor([2.0, float("nan"), 3.0]))
    tensor(6.)
    """
    x = as_array(x)
    return prod(np.where(np.isnan(x), 1, x), axis, dtype, keepdims=keepdims)


@implements(np.nanmean)
@pytorch_names
def nanmean(x: Array, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Array:
    """The mean over axes of the entries that are not NaN; NaNs get the gradient 0.

    Args:
        x: an array.
        axis, dtype, keepdims: as for ``mean``.

    Returns:
        An array without the reduced axes; NaN where every entry is NaN.

    >>> import autograd_core as ag
    >>> ag.nanmean(ag.tensor([1.0, float("nan"), 3.0]))
    tensor(2.)
    """
    x = as_array(x)
    if dtype is not None:
        x = as_floats("nanmean", x, dtype)
    missing = np.isnan(x)
    total = sum(np.where(missing, 0, x), axis, keepdims=keepdims)
    return total / sum(~missing, axis, total.dtype, keepdims=keepdims)


def _nan_extreme_rule(g: Any, out: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """g in equal shares to the entries that equal the extreme; nothing where there is none but NaN."""
    chosen = x == restore(out, x.shape, axis, keepdims)
    count = sum(chosen, axis, g.dtype, keepdims=keepdims)
    return np.where(chosen, restore(g / np.where(count == 0, 1, count), x.shape, axis, keepdims), 0)


_nanmax = define(
    "nanmax",
    lambda x, axis=None, keepdims=False: np.nanmax(x, axis=axis, keepdims=keepdims),
    _nan_extreme_rule,
    formulas=SHARES,
)
_nanmin = define(
    "nanmin",
    lambda x, axis=None, keepdims=False: np.nanmin(x, axis=axis, keepdims=keepdims),
    _nan_extreme_rule,
    formulas=SHARES,
)


@implements(np.nanmax)
@pytorch_names
def nanmax(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """The largest entry over axes that is not NaN; tied entries share the gradient.

    Args:
        x: an array of reals.
        axis, keepdims: as for ``max``.

    Returns:
        An array without the reduced axes; NaN (with a warning) where every entry is NaN.

    >>> import autograd_core as ag
    >>> ag.nanmax(ag.tensor([1.0, float("nan"), 3.0]))
    tensor(3.)
    """
    return _nanmax(x, axis=axis, keepdims=keepdims)


@implements(np.nanmin)
@pytorch_names
def nanmin(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """The smallest entry over axes that is not NaN; tied entries share the gradient.

    Args:
        x: an array of reals.
        axis, keepdims: as for ``min``.

    Returns:
        An array without the reduced axes; NaN (with a warning) where every entry is NaN.

    >>> import autograd_core as ag
    >>> ag.nanmin(ag.tensor([1.0, float("nan"), 3.0]))
    tensor(1.)
    """
    return _nanmin(x, axis=axis, keepdims=keepdims)


# -- weighted means, covariance ------------------------------------------------------------------------


@implements(np.average)
@pytorch_names
def average(x: Array, axis: Axis = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """The weighted mean over axes: sum of w * x / sum of w, with gradients for ``x`` and for the weights.

    Args:
        x: an array.
        axis: the axis or axes to average over; all, if left out.
        weights: of the shape of ``x``, or of the lengths of ``axis``; equal weights, if left out.
        returned: whether to return the sum of the weights too.
        keepdims: whether the reduced axes stay, with length 1.

    Returns:
        An array without the reduced axes; with ``returned`` a pair of it and the sums of the weights.

    Raises:
        TypeError: for weights of another shape than ``x`` and no ``axis``.
        ValueError: for weights that fit neither ``x`` nor ``axis``.
        ZeroDivisionError: for weights that sum to 0.

    >>> import autograd_core as ag
    >>> ag.average(ag.tensor([1.0, 2.0]), weights=ag.tensor([3.0, 1.0]))
    tensor(1.25)
    """
    x = as_array(x)
    if weights is None:
        averaged = mean(x, axis, keepdims=keepdims)
        scale = np.full_like(averaged, x.size / averaged.size) if returned else None
        return (averaged, scale) if returned else averaged
    weights = _fitted_weights(x, axis, as_array(weights))
    scale = sum(weights, axis, keepdims=keepdims)
    if np.any(entries_of(plain(scale == 0))):
        raise ZeroDivisionError(
            explain("average", expected="weights with a sum that is not 0", got="a sum of 0", remedy="pass others")
        )
    averaged = sum(x * weights, axis, keepdims=keepdims) / scale
    return (averaged, np.broadcast_to(scale, averaged.shape)) if returned else averaged


def _fitted_weights(x: Any, axis: Any, weights: Any) -> Any:
    """The weights in a shape that broadcasts against ``x``."""
    if weights.shape == x.shape:
        return weights
    if axis is None:
        raise TypeError(
            explain(
                "average",
                expected=f"weights of the shape {x.shape} of x",
                got=f"shape {weights.shape}",
                remedy="pass the axis= along which the weights lie",
            )
        )
    axes = axes_of(axis, x.ndim)
    lengths = tuple(x.shape[i] for i in axes)
    if weights.shape != lengths:
        raise ValueError(
            explain(
                "average",
                expected=f"weights of shape {x.shape}, or {lengths} for axis={axis}",
                got=f"shape {weights.shape}",
                remedy="pass one weight for every entry along the axis",
            )
        )
    weights = np.transpose(weights, sorted(range(len(axes)), key=axes.__getitem__))
    return np.reshape(weights, tuple(n if i in axes else 1 for i, n in enumerate(x.shape)))


@implements(np.cov)
def cov(
    m: Array,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: float | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Array:
    """The covariance matrix of variables: (X - mean) diag(w) (X - mean)ᴴ / (sum of w - ddof).

    Args:
        m: a vector (one variable), or a matrix with a variable in each row.
        y: more variables.
        rowvar: false if every column is a variable.
        bias: whether to divide by n rather than by n - 1.
        ddof: overrides ``bias``: what n is lessened by.
        fweights: how often each observation was made.
        aweights: how much each observation counts.
        dtype: a floating-point or complex dtype; converts the variables first.

    Returns:
        A matrix with a row and a column for each variable, or a number for one variable.

    Raises:
        ValueError: for more than two axes.

    >>> import autograd_core as ag
    >>> ag.cov(ag.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    rows = _variables(m, rowvar, dtype)
    if y is not None:
        rows = concat([rows, _variables(y, rowvar, dtype)], 0)
    ddof = (0 if bias else 1) if ddof is None else ddof
    parts = [as_array(part) for part in (fweights, aweights) if part is not None]
    weights = parts[0] * parts[1] if len(parts) == 2 else parts[0] if parts else None
    if weights is None:
        total: Any = rows.shape[1] - ddof
    else:
        total = sum(weights)
        if aweights is None or ddof == 0:
            total = total - ddof
        else:
            total = total - ddof * sum(weights * as_array(aweights)) / total
    if np.any(entries_of(plain(total <= 0))):
        warnings.warn("cov: no more observations than ddof", RuntimeWarning, stacklevel=2)
        total = total * (total > 0)
    rows = rows - average(rows, 1, weights, keepdims=True)
    others = np.transpose(rows if weights is None else rows * weights)
    return np.squeeze(rows @ (np.conjugate(others) if others.dtype.kind == "c" else others) / total)


def _variables(m: Any, rowvar: bool, dtype: Any) -> Any:
    """A matrix of floats with a variable in each row."""
    m = as_array(m)
    if m.ndim > 2:
        raise ValueError(
            explain("cov", expected="a vector or a matrix", got=f"shape {m.shape}", remedy="pass one matrix at a time")
        )
    if dtype is not None or m.dtype.kind not in "fc":
        m = as_floats("cov", m, dtype or np.float64)
    if m.ndim < 2:
        return np.reshape(m, (1, -1))
    return m if rowvar else np.transpose(m)


@implements(np.corrcoef)
def corrcoef(x: Array, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Array:
    """The correlation matrix of variables: their covariances divided by their standard deviations.

    Args:
        x: a vector (one variable), or a matrix with a variable in each row.
        y: more variables.
        rowvar: false if every column is a variable.
        dtype: a floating-point or complex dtype; converts the variables first.

    Returns:
        A matrix with a row and a column for each variable, or 1 for one variable.

    Raises:
        ValueError: for more than two axes.

    >>> import autograd_core as ag
    >>> ag.corrcoef(ag.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    covariance = cov(x, y, rowvar, dtype=dtype)
    if covariance.ndim == 0:
        return covariance / covariance
    deviations = np.sqrt(np.real(np.diagonal(covariance)))
    correlation = covariance / deviations[:, None] / deviations[None, :]
    # Rounding may carry a correlation past 1.
    return correlation if correlation.dtype.kind == "c" else np.clip(correlation, -1, 1)
