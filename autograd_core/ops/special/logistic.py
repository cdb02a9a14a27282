"""The logistic function and what belongs to it: softplus, logit, softmax and the log of a sum of exponentials.

All of them are computed without overflow: they take −1000 and 1000 without a warning.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...primitive import Array, define
from ..axes import pytorch_names
from ..exponential import difference
from ..pointwise import unary

__all__ = ["expit", "log_expit", "log_softmax", "logit", "logsumexp", "softmax", "softplus"]


def _expit(x: Any) -> Any:
    if type(x) is np.float64:
        z = math.exp(-math.fabs(x))
        return np.float64(1 / (1 + z) if x >= 0 else z / (1 + z))
    with np.errstate(over="ignore"):  # 1/(1 + ∞) is 0, as it should be
        z = np.exp(x * -1.0)
    z += 1
    return 1 / z


expit = unary(
    "expit",
    _expit,
    lambda g, out, x: g * (out * (1 - out)),
    "{out}·(1 − {out})",
    "The logistic function 1/(1 + e⁻ˣ).",
    ("ag.special.expit(ag.tensor([0.0, 1.0]))", "tensor([0.5   , 0.7311])"),
    symbol="σ",
)


def _softplus(x: Any) -> Any:
    if type(x) is np.float64:
        return np.logaddexp(x, 0.0)
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.absolute(x)))  # several times faster than logaddexp on arrays


softplus = unary(
    "softplus",
    _softplus,
    lambda g, out, x: g * expit(x),
    "1/(1 + e^−{a})",
    "ln(1 + eˣ), a smooth version of max(x, 0).",
    ("ag.special.softplus(ag.tensor([0.0, 1000.0]))", "tensor([6.9315e-01, 1.0000e+03])"),
)
log_expit = unary(
    "log_expit",
    lambda x: -_softplus(-x),
    lambda g, out, x: g * expit(-x),
    "1/(1 + e^{a})",
    "The logarithm of the logistic function, −ln(1 + e⁻ˣ).",
    ("ag.special.log_expit(ag.tensor([0.0, -1000.0]))", "tensor([-6.9315e-01, -1.0000e+03])"),
    symbol="ln σ",
)


def _logit(x: Any) -> Any:
    with np.errstate(divide="ignore"):  # ±∞ at the ends
        return np.log(x) - np.log1p(-x)


logit = unary(
    "logit",
    _logit,
    lambda g, out, x: g / (x * (1 - x)),
    "1/({a}·(1 − {a}))",
    "ln(x/(1 − x)), the inverse of the logistic function, for x between 0 and 1.",
    ("ag.special.logit(ag.tensor([0.5, 0.75]))", "tensor([0.    , 1.0986])"),
)


# -- along axes --------------------------------------------------------------------------------------

Axis = int | tuple[int, ...] | None


def _softmax_forward(x: Any, axis: Axis) -> Any:
    e = np.exp(x - np.max(x, axis=axis, keepdims=True)) if x.size else np.exp(x)
    e /= np.sum(e, axis=axis, keepdims=True)
    return e


_softmax = define(
    "softmax",
    _softmax_forward,
    lambda g, out, x, axis: out * (g - np.sum(g * out, axis=axis, keepdims=True)),
    formulas="{out}ᵢ·([i = j] − {out}ⱼ)",
    doc="Exponentials divided by their sum.",
)


def _log_softmax_forward(x: Any, axis: Axis) -> Any:
    if not x.size:
        return np.exp(x)
    x = x - np.max(x, axis=axis, keepdims=True)
    return x - np.log(np.sum(np.exp(x), axis=axis, keepdims=True))


_log_softmax = define(
    "log_softmax",
    _log_softmax_forward,
    lambda g, out, x, axis: g - np.exp(out) * np.sum(g, axis=axis, keepdims=True),
    formulas="[i = j] − exp({out}ⱼ)",
    doc="Logarithms of softmax.",
)


def _logsumexp_forward(x: Any, axis: Axis, keepdims: bool) -> Any:
    largest = np.max(x, axis=axis, keepdims=True)
    finite = np.isfinite(largest)
    if not np.all(finite):
        largest = np.where(finite, largest, 0)
    with np.errstate(divide="ignore"):  # the logarithm of no terms at all is −∞
        out = np.log(np.sum(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return out if keepdims else np.squeeze(out, axis=axis)


def _logsumexp_rule(g: Any, out: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    g, out = _with_axes(g, x, axis, keepdims), _with_axes(out, x, axis, keepdims)
    return g * np.exp(difference(x, out))


def _with_axes(y: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """A reduction of ``x`` with its reduced axes back at length 1."""
    if keepdims or x.ndim == 0:
        return y
    return np.reshape(y, (1,) * x.ndim) if axis is None else np.expand_dims(y, axis)


_logsumexp = define(
    "logsumexp",
    _logsumexp_forward,
    _logsumexp_rule,
    formulas="exp({a} − {out})",
    symbol="ln Σ exp",
    doc="The logarithm of a sum of exponentials.",
)


@pytorch_names
def softmax(x: Array, axis: Axis = None) -> Array:
    """Exponentials divided by their sum: s_i = exp(x_i) / Σ_j exp(x_j).

    Derivative: ∂s_i/∂x_j = s_i·([i = j] − s_j), so the gradient is s·(g − Σ g·s).

    Args:
        x: an array of any shape.
        axis: the axis, or axes, along which the sum is taken; all of them if left out.

    Returns:
        An array of the same shape, whose entries along ``axis`` add up to 1.

    >>> import autograd_core as ag
    >>> ag.special.softmax(ag.tensor([0.0, 0.0, 1000.0]))
    tensor([0., 0., 1.])
    """
    return _softmax(x, axis=axis)


@pytorch_names
def log_softmax(x: Array, axis: Axis = None) -> Array:
    """The logarithm of ``softmax``: x_i − ln Σ_j exp(x_j).

    Derivative: ∂out_i/∂x_j = [i = j] − exp(out_j), so the gradient is g − softmax(x)·Σ g.

    Args:
        x: an array of any shape.
        axis: the axis, or axes, along which the sum is taken; all of them if left out.

    Returns:
        An array of the same shape.

    >>> import autograd_core as ag
    >>> ag.special.log_softmax(ag.tensor([0.0, 1000.0]))
    tensor([-1000.,     0.])
    """
    return _log_softmax(x, axis=axis)


@pytorch_names
def logsumexp(a: Array, axis: Axis = None, b: Any = None, keepdims: bool = False) -> Array:
    """The logarithm of a sum of exponentials: ln Σ b·exp(a).

    Derivative: ∂out/∂a = b·exp(a − out), which for b = 1 is softmax(a).

    Args:
        a: an array of any shape.
        axis: the axis, or axes, to sum over; all of them if left out.
        b: factors of the exponentials, broadcast with ``a``; 1 if left out.
        keepdims: whether the summed axes stay, with length 1.

    Returns:
        An array with the axes removed, or of length 1.

    >>> import autograd_core as ag
    >>> ag.special.logsumexp(ag.tensor([1000.0, 1000.0]))
    tensor(1000.6931)
    """
    if b is None:
        return _logsumexp(a, axis=axis, keepdims=keepdims)
    largest = np.max(a, axis=axis, keepdims=True)  # its derivative cancels
    out = np.log(np.sum(b * np.exp(a - largest), axis=axis, keepdims=True)) + largest
    return out if keepdims else np.squeeze(out, axis=axis)
