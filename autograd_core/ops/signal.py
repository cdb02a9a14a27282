"""Convolution, correlation and interpolation of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, Primitive, define, implements
from .indexing import dtype_of, scatter

__all__ = ["convolve", "correlate", "interp"]


def _in_full(g: Any, m: int, n: int, mode: str) -> Any:
    """The gradient ``g`` of a convolution as that of the full one, of which ``mode`` keeps a part."""
    start = {"full": 0, "same": (min(m, n) - 1) // 2, "valid": min(m, n) - 1}[mode]
    return g if mode == "full" else scatter(g, slice(start, start + g.shape[0]), (m + n - 1,))


# full[k] = sum_i x[i] y[k - i], so dL/dx[i] = sum_k g[k] y[k - i]: again a convolution, with y reversed.
_convolve: Primitive = define(
    "convolve",
    lambda x, y, mode: np.convolve(x, y, mode),
    lambda g, out, x, y, mode: _convolve(_in_full(g, x.shape[0], y.shape[0], mode), y[::-1], mode="valid"),
    lambda g, out, x, y, mode: _convolve(_in_full(g, x.shape[0], y.shape[0], mode), x[::-1], mode="valid"),
    formulas=("{b} reversed, convolved", "{a} reversed, convolved"),
    symbol="∗",
    doc="The convolution of two vectors.",
)


def _vector(operation: str, x: Any) -> Any:
    ndim = np.ndim(x)
    if ndim > 1:
        raise ValueError(
            explain(
                operation,
                expected="vectors",
                got=f"an array of shape {np.shape(x)}",
                remedy="flatten it, or convolve along one axis with apply_along_axis",
            )
        )
    return x if ndim else np.reshape(x, (1,))


def _conjugated(x: Any) -> Any:
    return np.conjugate(x) if dtype_of(x).kind == "c" else x


def _mode(operation: str, mode: Any) -> str:
    modes = ("valid", "same", "full")
    if mode in (0, 1, 2):
        return modes[mode]
    if mode not in modes:
        raise ValueError(
            explain(operation, expected="mode 'full', 'same' or 'valid'", got=repr(mode), remedy="pass one of these")
        )
    return mode


@implements(np.convolve)
def convolve(a: Array, v: Array, mode: str = "full") -> Array:
    """The convolution of two vectors: out[k] = sum_i a[i] v[k - i].

    The gradient of ``a`` is the gradient convolved with ``v`` reversed, and the other way round.

    Args:
        a: a vector of length M.
        v: a vector of length N.
        mode: ``"full"`` for every overlap, length M + N − 1; ``"same"`` for the middle, length max(M, N);
            ``"valid"`` for complete overlaps, length max(M, N) − min(M, N) + 1.

    Returns:
        A vector.

    Raises:
        ValueError: for an empty vector, for arrays of more than one axis and for another mode.

    >>> import autograd_core as ag
    >>> ag.convolve(ag.tensor([1.0, 2.0, 3.0]), ag.tensor([1.0, -1.0]))
    tensor([ 1.,  1.,  1., -3.])
    """
    return _convolve(_vector("convolve", a), _vector("convolve", v), mode=_mode("convolve", mode))


@implements(np.correlate)
def correlate(a: Array, v: Array, mode: str = "valid") -> Array:
    """The cross-correlation of two vectors: out[k] = sum_i a[i + k] conj(v[i]).

    It is the convolution of ``a`` with ``v`` reversed and conjugated.

    Args:
        a: a vector.
        v: a vector; what slides along ``a``.
        mode: as for ``convolve``.

    Returns:
        A vector.

    Raises:
        ValueError: for an empty vector, for arrays of more than one axis and for another mode.

    >>> import autograd_core as ag
    >>> ag.correlate(ag.tensor([1.0, 2.0, 4.0]), ag.tensor([1.0, -1.0]))
    tensor([-1., -2.])
    """
    a, v, mode = _vector("correlate", a), _conjugated(_vector("correlate", v)), _mode("correlate", mode)
    if len(a) >= len(v):
        return _convolve(a, v[::-1], mode=mode)
    # NumPy slides the shorter vector along the longer one, which decides where the middle lies.
    return _convolve(v, a[::-1], mode=mode)[::-1]


# -- interpolation ---------------------------------------------------------------------------------------


def _interpolated(x: Any, xp: Any, fp: Any) -> Any:
    if len(xp) == 0:  # NumPy does not mind where x is empty too
        raise ValueError(
            explain("interp", expected="at least one knot", got="none", remedy="give xp and fp at least one entry")
        )
    out = np.interp(x, xp, fp)
    dtype = np.result_type(x, xp, fp)
    return out.astype(dtype) if dtype.kind in "fc" and dtype != out.dtype else out


def _segments(x: Any, xp: Any, fp: Any) -> tuple[Any, Any, Any, Any]:
    """For every x the knots on its two sides, the share of the second, and the slope between them."""
    last = xp.shape[0] - 1
    low = np.searchsorted(xp, x, side="right") - 1
    low = np.minimum(np.maximum(low, 0), max(last - 1, 0))
    high = np.minimum(low + 1, last)
    width = xp[high] - xp[low]
    jump = width == 0  # the last two knots are one: a jump, whose upper end counts
    width = np.where(jump, 1, width)
    sloped = (x >= xp[0]) & (x <= xp[last]) & ~jump
    share = np.where(sloped, (x - xp[low]) / width, jump | (x > xp[last]))
    slope = np.where(sloped, (fp[high] - fp[low]) / width, 0)
    return low, high, share, slope


def _interp_x(g: Any, out: Any, x: Any, xp: Any, fp: Any) -> Any:
    _, _, _, slope = _segments(x, xp, fp)
    return g * slope


def _interp_xp(g: Any, out: Any, x: Any, xp: Any, fp: Any) -> Any:
    low, high, share, slope = _segments(x, xp, fp)
    moved = -g * slope
    return scatter(moved * (1 - share), low, xp.shape) + scatter(moved * share, high, xp.shape)


def _interp_fp(g: Any, out: Any, x: Any, xp: Any, fp: Any) -> Any:
    low, high, share, _ = _segments(x, xp, fp)
    return scatter(g * (1 - share), low, xp.shape) + scatter(g * share, high, xp.shape)


_interp = define(
    "interp",
    _interpolated,
    _interp_x,
    _interp_xp,
    _interp_fp,
    formulas=("slope at {a}", "−slope, shared by the neighbours of {a}", "shared by the neighbours of {a}"),
    doc="Piecewise linear interpolation.",
)


@implements(np.interp)
def interp(x: Any, xp: Array, fp: Array, left: Any = None, right: Any = None, period: Any = None) -> Array:
    """Piecewise linear interpolation between the points (``xp[i]``, ``fp[i]``), evaluated at ``x``.

    Between two knots, out = (1 − t) fp[i] + t fp[i+1] with t = (x − xp[i]) / (xp[i+1] − xp[i]). So the
    gradient of ``x`` is the slope (0 outside; at a knot that of the segment to its right, at the last knot
    to its left), and ``fp`` and ``xp`` get their shares. ``left`` and ``right`` get the gradient outside.

    Args:
        x: where to evaluate, any shape.
        xp: the knots, a vector in ascending order (in any order with ``period``).
        fp: the values there, real or complex.
        left: the value for x < xp[0]; ``fp[0]`` if left out.
        right: the value for x > xp[-1]; ``fp[-1]`` if left out.
        period: the period of x; ``left`` and ``right`` then do not matter.

    Returns:
        An array of the shape of ``x``. Unlike NumPy's, float32 stays float32.

    Raises:
        ValueError: if ``xp`` and ``fp`` are not of one length, or are empty, or if ``period`` is 0.

    >>> import autograd_core as ag
    >>> x = ag.tensor(1.25, requires_grad=True)
    >>> y = ag.interp(x, ag.tensor([1.0, 2.0]), ag.tensor([10.0, 30.0]))
    >>> table = y.backward()
    >>> y, x.grad
    (tensor(15., operation=interp), tensor(20.))
    """
    if period is not None:
        x, xp, fp = _periodic(x, xp, fp, period)
        return _interp(x, xp, fp)
    out: Any = _interp(x, xp, fp)
    if left is not None:
        out = np.where(x < xp[0], left, out)
    if right is not None:
        out = np.where(x > xp[-1], right, out)
    return out


def _periodic(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    """The points within one period in ascending order, continued by one point on either side."""
    if period == 0:
        raise ValueError(
            explain("interp", expected="a period that is not 0", got="0", remedy="leave it out where there is none")
        )
    period = abs(period)
    x, xp = np.remainder(x, period), np.remainder(xp, period)
    order = np.argsort(xp)
    xp, fp = xp[order], fp[order]
    return x, np.concatenate((xp[-1:] - period, xp, xp[:1] + period)), np.concatenate((fp[-1:], fp, fp[:1]))
