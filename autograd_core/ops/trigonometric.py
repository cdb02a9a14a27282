"""Trigonometric and hyperbolic functions, their inverses, and angles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitive import Array, define, implements
from .choosing import where
from .pointwise import binary, unary

__all__ = [
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "deg2rad",
    "degrees",
    "hypot",
    "rad2deg",
    "radians",
    "sin",
    "sinc",
    "sinh",
    "tan",
    "tanh",
    "unwrap",
]

sin = unary(
    "sin",
    np.sin,
    lambda g, out, x: g * np.cos(x),
    "cos({a})",
    "The sine of an angle in radians.",
    ("ag.sin(ag.tensor([0.0, 1.0]))", "tensor([0.    , 0.8415])"),
    numpy=np.sin,
)
cos = unary(
    "cos",
    np.cos,
    lambda g, out, x: -g * np.sin(x),
    "−sin({a})",
    "The cosine of an angle in radians.",
    ("ag.cos(ag.tensor([0.0, 1.0]))", "tensor([1.    , 0.5403])"),
    numpy=np.cos,
)
tan = unary(
    "tan",
    np.tan,
    lambda g, out, x: g * (1 + out * out),
    "1 + {out}²",
    "The tangent of an angle in radians.",
    ("ag.tan(ag.tensor([0.0, 1.0]))", "tensor([0.    , 1.5574])"),
    numpy=np.tan,
)
# 1 − x² is computed as (1 − x)(1 + x), which stays precise near ±1.
arcsin = unary(
    "arcsin",
    np.arcsin,
    lambda g, out, x: g / np.sqrt((1 - x) * (1 + x)),
    "1/√(1 − {a}²)",
    "The angle in [−π/2, π/2] whose sine is x.",
    ("ag.arcsin(ag.tensor([0.0, 1.0]))", "tensor([0.    , 1.5708])"),
    numpy=np.arcsin,
)
arccos = unary(
    "arccos",
    np.arccos,
    lambda g, out, x: -g / np.sqrt((1 - x) * (1 + x)),
    "−1/√(1 − {a}²)",
    "The angle in [0, π] whose cosine is x.",
    ("ag.arccos(ag.tensor([0.0, 1.0]))", "tensor([1.5708, 0.    ])"),
    numpy=np.arccos,
)
arctan = unary(
    "arctan",
    np.arctan,
    lambda g, out, x: g / (1 + x * x),
    "1/(1 + {a}²)",
    "The angle in (−π/2, π/2) whose tangent is x.",
    ("ag.arctan(ag.tensor([0.0, 1.0]))", "tensor([0.    , 0.7854])"),
    numpy=np.arctan,
)
sinh = unary(
    "sinh",
    np.sinh,
    lambda g, out, x: g * np.cosh(x),
    "cosh({a})",
    "The hyperbolic sine.",
    ("ag.sinh(ag.tensor([0.0, 1.0]))", "tensor([0.    , 1.1752])"),
    numpy=np.sinh,
)
cosh = unary(
    "cosh",
    np.cosh,
    lambda g, out, x: g * np.sinh(x),
    "sinh({a})",
    "The hyperbolic cosine.",
    ("ag.cosh(ag.tensor([0.0, 1.0]))", "tensor([1.    , 1.5431])"),
    numpy=np.cosh,
)
tanh = unary(
    "tanh",
    np.tanh,
    lambda g, out, x: g - g * out * out,
    "1 − {out}²",
    "The hyperbolic tangent.",
    ("ag.tanh(ag.tensor([0.0, 1.0]))", "tensor([0.    , 0.7616])"),
    numpy=np.tanh,
)
arcsinh = unary(
    "arcsinh",
    np.arcsinh,
    lambda g, out, x: g / np.sqrt(x * x + 1),
    "1/√({a}² + 1)",
    "The inverse of the hyperbolic sine.",
    ("ag.arcsinh(ag.tensor([0.0, 1.0]))", "tensor([0.    , 0.8814])"),
    numpy=np.arcsinh,
)
arccosh = unary(
    "arccosh",
    np.arccosh,
    lambda g, out, x: g / (np.sqrt(x - 1) * np.sqrt(x + 1)),
    "1/√({a}² − 1)",
    "The inverse of the hyperbolic cosine, for x ≥ 1.",
    ("ag.arccosh(ag.tensor([1.0, 2.0]))", "tensor([0.   , 1.317])"),
    numpy=np.arccosh,
)
arctanh = unary(
    "arctanh",
    np.arctanh,
    lambda g, out, x: g / ((1 - x) * (1 + x)),
    "1/(1 − {a}²)",
    "The inverse of the hyperbolic tangent, for |x| ≤ 1.",
    ("ag.arctanh(ag.tensor([0.0, 0.5]))", "tensor([0.    , 0.5493])"),
    numpy=np.arctanh,
)

asin, acos, atan = arcsin, arccos, arctan
asinh, acosh, atanh = arcsinh, arccosh, arctanh


def _square_sum(y: Any, x: Any) -> Any:
    """x² + y², and 1 at the origin, so that dividing 0 by it gives 0."""
    total = x * x + y * y
    return total + (total == 0)


arctan2 = binary(
    "arctan2",
    np.arctan2,
    lambda g, out, y, x: g * x / _square_sum(y, x),
    lambda g, out, y, x: -g * y / _square_sum(y, x),
    ("{b}/({a}² + {b}²)", "−{a}/({a}² + {b}²)"),
    "The angle of the point (x2, x1) in (−π, π]. The derivatives at (0, 0) are taken as 0.",
    ("ag.arctan2(ag.tensor([1.0, -1.0]), [1.0, -1.0])", "tensor([ 0.7854, -2.3562])"),
    numpy=np.arctan2,
)
atan2 = arctan2
hypot = binary(
    "hypot",
    np.hypot,
    lambda g, out, x, y: g * x / (out + (out == 0)),
    lambda g, out, x, y: g * y / (out + (out == 0)),
    ("{a}/{out}", "{b}/{out}"),
    "The length √(x1² + x2²), without overflow. The derivatives at (0, 0) are taken as 0.",
    ("ag.hypot(ag.tensor([3.0, 5.0]), [4.0, 12.0])", "tensor([ 5., 13.])"),
    numpy=np.hypot,
)

_DEGREE = math.pi / 180
deg2rad = unary(
    "deg2rad",
    np.deg2rad,
    lambda g, out, x: g * _DEGREE,
    "π/180",
    "Degrees to radians.",
    ("ag.deg2rad(ag.tensor([90.0, 180.0]))", "tensor([1.5708, 3.1416])"),
    numpy=(np.deg2rad, np.radians),
)
rad2deg = unary(
    "rad2deg",
    np.rad2deg,
    lambda g, out, x: g * (1 / _DEGREE),
    "180/π",
    "Radians to degrees.",
    ("ag.rad2deg(ag.tensor([1.0]))", "tensor([57.2958])"),
    numpy=(np.rad2deg, np.degrees),
)
radians, degrees = deg2rad, rad2deg


# -- sin(πx)/(πx) and its derivatives ------------------------------------------------------------------

sinc = unary(
    "sinc",
    np.sinc,
    lambda g, out, x: g * _sinc_derivative(x, order=1),
    "(cos(π{a}) − {out})/{a}",
    "sin(πx)/(πx), and 1 at 0.",
    ("ag.sinc(ag.tensor([0.0, 0.5]))", "tensor([1.    , 0.6366])"),
    numpy=np.sinc,
)


def _sinc_forward(x: Any, order: int) -> Any:
    """The derivative of that order, precise near 0 too.

    With f(u) = sin(u)/u, differentiating u·f(u) = sin(u) n times gives the recurrence
    f⁽ⁿ⁾(u) = (sin(u + nπ/2) − n·f⁽ⁿ⁻¹⁾(u))/u. It loses digits for small u, where instead the series
    f⁽ⁿ⁾(u) = Σ (−1)ᵏ uᵐ/(m!·(m + n + 1)), m = 2k − n ≥ 0, is summed.
    """
    u = x * math.pi
    near = np.absolute(u) < order + 1
    far = np.where(near, 1, u)
    f = np.sin(far) / far
    for n in range(1, order + 1):
        f = (np.sin(far + n * (math.pi / 2)) - n * f) / far
    u = np.where(near, u, 0)
    series, start = 0 * u, order % 2
    for m in range(start + 2 * (12 + 2 * order), start - 1, -2):
        sign = (-1) ** ((m + order) // 2)
        series = series * (u * u) + sign / (math.factorial(m) * (m + order + 1))
    series = series * u if start else series
    return where(near, series, f) * math.pi**order


_sinc_derivative = define(
    "sinc_derivative",
    _sinc_forward,
    lambda g, out, x, order: g * _sinc_derivative(x, order=order + 1),
    formulas="the next derivative of sinc at {a}",
    symbol="sinc⁽ⁿ⁾",
    elementwise=True,
    doc="A derivative of ``sinc``, of any order.",
)


# -- phases ------------------------------------------------------------------------------------------

_unwrap = define(
    "unwrap",
    lambda x, discont, axis, period: np.unwrap(x, discont, axis, period=period),
    lambda g, out, x, discont, axis, period: g,
    formulas="1",
    doc="Phases without jumps.",
)


@implements(np.unwrap)
def unwrap(p: Array, discont: float | None = None, axis: int = -1, *, period: float = 2 * math.pi) -> Array:
    """Add multiples of ``period`` along an axis so that neighbours differ by at most half of it.

    The multiples do not change when the phases change a little, so the gradient passes unchanged.

    Args:
        p: phases, of any shape.
        discont: the smallest difference that counts as a jump; half the period if left out.
        axis: the axis to follow.
        period: what a phase may differ by without being another phase.

    Returns:
        An array of the shape of ``p``.

    >>> import autograd_core as ag
    >>> ag.unwrap(ag.tensor([0.0, 3.0, 6.0, 9.0]), period=4)
    tensor([ 0., -1., -2., -3.])
    """
    return _unwrap(p, discont=discont, axis=axis, period=period)
