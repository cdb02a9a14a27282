"""Choosing between values: ``where``, the larger and the smaller of two, ``clip``, ``relu``.

Masks are constants. Where they multiply a gradient, the backward pass sees to it that a masked infinity
gives 0 (``nonfinite.py``), so the rules need not; ``where`` itself masks exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, define, implements
from .pointwise import binary, describe, strong, unary

__all__ = ["clip", "fmax", "fmin", "maximum", "minimum", "nan_to_num", "relu", "where"]


# -- where -----------------------------------------------------------------------------------------


def _chosen(condition: Any, x: Any, y: Any) -> Any:
    out = np.where(condition, x, y)
    return out if out.ndim else out[()]


def _report_nonfinite(x: Any) -> None:
    """Have NumPy report invalid arithmetic if an unused value is not finite.

    The gradient of that value is 0, but 0 · NaN in the rules before this one would spoil it. The report
    makes the backward pass look at them closely.
    """
    if not np.all(np.isfinite(x)):
        np.subtract(np.inf, np.inf)


def _where_rule(g: Any, out: Any, condition: Any, x: Any, y: Any) -> Any:
    _report_nonfinite(x)
    return where(condition, g, 0)


def _where_other_rule(g: Any, out: Any, condition: Any, x: Any, y: Any) -> Any:
    _report_nonfinite(y)
    return where(condition, 0, g)


_where = define(
    "where",
    _chosen,
    None,
    _where_rule,
    _where_other_rule,
    formulas=("", "[{a}]", "[not {a}]"),
    elementwise=True,
    doc="x where a condition holds, y elsewhere.",
)


@implements(np.where)
def where(condition: Array, x: Any = None, y: Any = None) -> Any:
    """Take ``x`` where ``condition`` holds, and ``y`` elsewhere.

    The gradient goes to the entry that was taken. The other one gets exactly 0, even through operations
    whose derivative is infinite or NaN there: ``where(x > 0, sqrt(x), 0)`` has gradient 0 at x = 0.

    Args:
        condition: booleans; the shapes of all three are broadcast.
        x, y: values. Without both, the positions where ``condition`` holds are returned, as ``nonzero`` does.

    Returns:
        An array of the broadcast shape.

    Raises:
        ValueError: if only one of ``x`` and ``y`` is given.

    >>> import autograd_core as ag
    >>> x = ag.tensor([-1.0, 0.0, 4.0], requires_grad=True)
    >>> y = ag.where(x > 0, ag.sqrt(ag.maximum(x, 0)), 0.0)
    >>> table = y.sum().backward()
    >>> x.grad
    tensor([0.  , 0.  , 0.25])
    """
    if x is None and y is None:
        return np.nonzero(condition)
    if x is None or y is None:
        raise ValueError(
            explain("where", expected="both x and y, or neither", got="one of them", remedy="pass the other one too")
        )
    return _where(condition, x, y)


# -- the larger and the smaller ---------------------------------------------------------------------


def _shared(g: Any, won: Any, won_or_tied: Any) -> Any:
    """``g`` where one has won, half of it where there is a tie."""
    half = 0.5 * g
    return half * won + half * won_or_tied


maximum = binary(
    "maximum",
    np.maximum,
    lambda g, out, x, y: _shared(g, x > y, x >= y),
    lambda g, out, x, y: _shared(g, y > x, y >= x),
    ("[{a} > {b}]", "[{b} > {a}]"),
    "The larger of x1 and x2; NaN if one of them is. A tie gives half of the gradient to each.",
    ("ag.maximum(ag.tensor([1.0, 5.0]), 3)", "tensor([3., 5.])"),
    numpy=np.maximum,
    symbol="max",
)
minimum = binary(
    "minimum",
    np.minimum,
    lambda g, out, x, y: _shared(g, x < y, x <= y),
    lambda g, out, x, y: _shared(g, y < x, y <= x),
    ("[{a} < {b}]", "[{b} < {a}]"),
    "The smaller of x1 and x2; NaN if one of them is. A tie gives half of the gradient to each.",
    ("ag.minimum(ag.tensor([1.0, 5.0]), 3)", "tensor([1., 3.])"),
    numpy=np.minimum,
    symbol="min",
)
fmax = binary(
    "fmax",
    np.fmax,
    lambda g, out, x, y: g * ((x >= y) | np.isnan(y)),
    lambda g, out, x, y: g * ~((x >= y) | np.isnan(y)),
    ("[{a} ≥ {b}]", "[{b} > {a}]"),
    "The larger of x1 and x2, or the one that is not NaN. A tie gives the gradient to x1.",
    ("ag.fmax(ag.tensor([1.0, float('nan')]), 3)", "tensor([3., 3.])"),
    numpy=np.fmax,
)
fmin = binary(
    "fmin",
    np.fmin,
    lambda g, out, x, y: g * ((x <= y) | np.isnan(y)),
    lambda g, out, x, y: g * ~((x <= y) | np.isnan(y)),
    ("[{a} ≤ {b}]", "[{b} < {a}]"),
    "The smaller of x1 and x2, or the one that is not NaN. A tie gives the gradient to x1.",
    ("ag.fmin(ag.tensor([1.0, float('nan')]), 3)", "tensor([1., 3.])"),
    numpy=np.fmin,
)


# -- clip --------------------------------------------------------------------------------------------


def _clipped(x: Any, low: Any, high: Any) -> Any:
    if not hasattr(x, "dtype"):
        x, low, high = strong(x, low, high)
    # A pair of ufuncs is faster; NumPy's clip accepts bounds outside of an integer dtype.
    return np.minimum(np.maximum(x, low), high) if _is_real(x) else np.clip(x, low, high)


def _clipped_below(x: Any, low: Any) -> Any:
    return np.maximum(x, low) if _is_real(x) else np.clip(x, low, None)


def _clipped_above(x: Any, high: Any) -> Any:
    return np.minimum(x, high) if _is_real(x) else np.clip(x, None, high)


def _is_real(x: Any) -> bool:
    return x.dtype.kind == "f" if hasattr(x, "dtype") else type(x) in (float, int)


# The bounds belong to the interval: an entry on a bound keeps its gradient, as in PyTorch.
_clip = define(
    "clip",
    _clipped,
    lambda g, out, x, low, high: g * (x == out),
    lambda g, out, x, low, high: g * ((x < low) & (low <= high)),
    lambda g, out, x, low, high: g * ((x > high) | ((low > high) & (x != out))),
    formulas=("[{b} ≤ {a} ≤ {c}]", "[{a} < {b}]", "[{a} > {c}]"),
    elementwise=True,
    doc="Every entry moved into an interval.",
)
_clip_below = define(
    "clip_below",
    _clipped_below,
    lambda g, out, x, low: g * (x == out),
    lambda g, out, x, low: g * (x < low),
    formulas=("[{a} ≥ {b}]", "[{a} < {b}]"),
    symbol="clip",
    elementwise=True,
    doc="Every entry raised to a lower bound.",
)
_clip_above = define(
    "clip_above",
    _clipped_above,
    lambda g, out, x, high: g * (x == out),
    lambda g, out, x, high: g * (x > high),
    formulas=("[{a} ≤ {b}]", "[{a} > {b}]"),
    symbol="clip",
    elementwise=True,
    doc="Every entry lowered to an upper bound.",
)


@implements(np.clip)
def clip(x: Array, min: Any = None, max: Any = None, *, a_min: Any = None, a_max: Any = None) -> Array:
    """Move every entry into the interval from ``min`` to ``max``.

    The gradient passes where min ≤ x ≤ max, the bounds included; elsewhere it goes to the bound.

    Args:
        x: an array of any shape.
        min, max: the bounds: numbers or arrays, whose shapes are broadcast; ``None`` for no bound.
        a_min, a_max: NumPy's older names of the bounds.

    Returns:
        An array of the broadcast shape.

    >>> import autograd_core as ag
    >>> x = ag.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    >>> table = ag.clip(x, 0, 1).sum().backward()
    >>> x.grad
    tensor([0., 1., 0.])
    """
    low = min if a_min is None else a_min
    high = max if a_max is None else a_max
    if low is None:
        return np.positive(x) if high is None else _clip_above(x, high)
    return _clip_below(x, low) if high is None else _clip(x, low, high)


# -- others -------------------------------------------------------------------------------------------

_ZERO = np.float64(0)


def _positive_part(x: Any) -> Any:
    if type(x) is np.float64:
        return _ZERO if x <= 0 else x  # NaN stays
    return np.maximum(x, 0)


def _relu_rule(g: Any, out: Any, x: Any) -> Any:
    if type(out) is np.float64:
        return g if out > 0 else g * 0
    return g * (out > 0)


relu = unary(
    "relu",
    _positive_part,
    _relu_rule,
    "[{a} > 0]",
    "The positive part max(x, 0), the rectified linear unit. Its derivative at 0 is 0.",
    ("ag.relu(ag.tensor([-1.0, 2.0]))", "tensor([0., 2.])"),
)


def _nan_rule(g: Any, out: Any, x: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    _report_nonfinite(x)
    return where(np.isfinite(x), g, 0)


_nan_to_num = define(
    "nan_to_num",
    lambda x, nan, posinf, neginf: np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf),
    _nan_rule,
    formulas="[{a} is finite]",
    elementwise=True,
    doc=describe("Numbers in place of NaN and ±∞.", ("[{a} is finite]",), ("x",)),
)


@implements(np.nan_to_num)
def nan_to_num(
    x: Array, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Array:
    """Put numbers in place of NaN and ±∞.

    The gradient passes where x is finite, and is exactly 0 elsewhere.

    Args:
        x: an array of any shape.
        copy: accepted for NumPy's sake; the input is never changed.
        nan: what replaces NaN.
        posinf, neginf: what replaces ∞ and −∞; the largest and smallest number of the dtype if left out.

    Returns:
        An array of the same shape.

    >>> import autograd_core as ag
    >>> ag.nan_to_num(ag.tensor([1.0, float("nan")]), nan=-1.0)
    tensor([ 1., -1.])
    """
    return _nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)
