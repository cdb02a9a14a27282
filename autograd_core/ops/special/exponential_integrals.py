"""Quotients and integrals of exponentials."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...primitive import define
from ..choosing import where
from ..pointwise import unary
from .optional import from_scipy

__all__ = ["exp1", "exp10", "expi", "exprel"]

_LN10 = math.log(10)

exp10 = unary(
    "exp10",
    lambda x: np.power(10.0, x),
    lambda g, out, x: g * (out * _LN10),
    "{out}·ln 10",
    "The power 10ˣ.",
    ("ag.special.exp10(ag.tensor([1.0, 2.0]))", "tensor([ 10., 100.])"),
    symbol="10ˣ",
)
exp1 = unary(
    "exp1",
    from_scipy("exp1"),
    lambda g, out, x: -g * (np.exp(-x) / x),
    "−exp(−{a})/{a}",
    "The exponential integral E₁(x) = ∫ exp(−t)/t dt from x to ∞.",
    ("ag.special.exp1(ag.tensor([0.5, 1.0]))", "tensor([0.5598, 0.2194])"),
    symbol="E₁",
)
expi = unary(
    "expi",
    from_scipy("expi"),
    lambda g, out, x: g * (np.exp(x) / x),
    "exp({a})/{a}",
    "The exponential integral Ei(x) = ∫ exp(t)/t dt from −∞ to x.",
    ("ag.special.expi(ag.tensor([0.5, 1.0]))", "tensor([0.4542, 1.8951])"),
    symbol="Ei",
)


# -- (eˣ − 1)/x and its derivatives ------------------------------------------------------------------------


def _exprel_forward(x: Any, order: int) -> Any:
    """The derivative of that order of (eˣ − 1)/x, which is ∫₀¹ tⁿ e^(xt) dt, precise near 0 too.

    Integration by parts gives the recurrence fₙ = (eˣ − n·fₙ₋₁)/x. It loses digits for small x, where
    instead the series fₙ = Σ xᵏ/(k!·(k + n + 1)) is summed.
    """
    near = np.absolute(x) < order + 1
    far = np.where(near, 1, x)
    f = np.expm1(far) / far
    e = np.exp(far)
    for n in range(1, order + 1):
        f = (e - n * f) / far
    x = np.where(near, x, 0)
    series = 0 * x
    for k in range(24 + 4 * order, -1, -1):
        series = series * x + 1 / (math.factorial(k) * (k + order + 1))
    return where(near, series, f)


_exprel_derivative = define(
    "exprel_derivative",
    _exprel_forward,
    lambda g, out, x, order: g * _exprel_derivative(x, order=order + 1),
    formulas="the next derivative of exprel at {a}",
    symbol="exprel⁽ⁿ⁾",
    elementwise=True,
    doc="A derivative of ``exprel``, of any order.",
)
exprel = unary(
    "exprel",
    lambda x: _exprel_forward(x, 0),
    lambda g, out, x: g * _exprel_derivative(x, order=1),
    "(exp({a}) − {out})/{a}",
    "(eˣ − 1)/x, and 1 at 0.",
    ("ag.special.exprel(ag.tensor([0.0, 1.0]))", "tensor([1.    , 1.7183])"),
)
