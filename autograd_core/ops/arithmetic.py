"""Sums, products, quotients, powers, roots and remainders."""

from __future__ import annotations

import cmath
import math
import operator
from typing import Any

import numpy as np

from ..primitive import Array, define, implements
from .axes import as_array
from .casting import astype
from .pointwise import binary, unary, zero_rule, zero_rule_of_two, zeros

__all__ = [
    "abs",
    "absolute",
    "add",
    "cbrt",
    "copysign",
    "divide",
    "divmod",
    "fabs",
    "float_power",
    "floor_divide",
    "fmod",
    "frexp",
    "ldexp",
    "mod",
    "modf",
    "multiply",
    "negative",
    "nextafter",
    "positive",
    "pow",
    "power",
    "reciprocal",
    "remainder",
    "spacing",
    "sqrt",
    "square",
    "subtract",
    "true_divide",
]

# The forward functions are Python's operators: on NumPy's scalars they are several times faster than
# ufuncs, and a graph of single numbers consists of little else.
add = binary(
    "add",
    operator.add,
    lambda g, out, x, y: g,
    lambda g, out, x, y: g,
    ("1", "1"),
    "The sum x1 + x2.",
    ("ag.add(ag.tensor([1.0, 2.0]), 10)", "tensor([11., 12.])"),
    numpy=np.add,
    symbol="+",
)
subtract = binary(
    "subtract",
    operator.sub,
    lambda g, out, x, y: g,
    lambda g, out, x, y: -g,
    ("1", "−1"),
    "The difference x1 − x2.",
    ("ag.subtract(ag.tensor([1.0, 2.0]), 10)", "tensor([-9., -8.])"),
    numpy=np.subtract,
    symbol="−",
)
multiply = binary(
    "multiply",
    operator.mul,
    lambda g, out, x, y: g * y,
    lambda g, out, x, y: g * x,
    ("{b}", "{a}"),
    "The product x1 · x2.",
    ("ag.multiply(ag.tensor([1.0, 2.0]), 10)", "tensor([10., 20.])"),
    numpy=np.multiply,
    symbol="×",
)
divide = binary(
    "divide",
    operator.truediv,
    lambda g, out, x, y: g / y,
    lambda g, out, x, y: -g * out / y,
    ("1/{b}", "−{a}/{b}²"),
    "The quotient x1 / x2.",
    ("ag.divide(ag.tensor([1.0, 2.0]), 10)", "tensor([0.1, 0.2])"),
    numpy=np.divide,
    symbol="÷",
)
true_divide = divide

floor_divide = binary(
    "floor_divide",
    operator.floordiv,
    zero_rule_of_two,
    zero_rule_of_two,
    ("0", "0"),
    "The quotient rounded down, ⌊x1/x2⌋.",
    ("ag.floor_divide(ag.tensor([7.0, -7.0]), 2)", "tensor([ 3., -4.])"),
    numpy=np.floor_divide,
    symbol="//",
)
remainder = binary(
    "remainder",
    operator.mod,
    lambda g, out, x, y: g,
    lambda g, out, x, y: -g * np.floor_divide(x, y),
    ("1", "−⌊{a}/{b}⌋"),
    "What is left after ``floor_divide``, with the sign of x2: x1 − x2·⌊x1/x2⌋.",
    ("ag.remainder(ag.tensor([7.0, -7.0]), 2)", "tensor([1., 1.])"),
    numpy=np.remainder,
    symbol="%",
)
mod = remainder

fmod = binary(
    "fmod",
    np.fmod,
    lambda g, out, x, y: g,
    lambda g, out, x, y: -g * np.rint((x - out) / y),
    ("1", "−trunc({a}/{b})"),
    "What is left after a division rounded towards zero, with the sign of x1.",
    ("ag.fmod(ag.tensor([7.0, -7.0]), 2)", "tensor([ 1., -1.])"),
    numpy=np.fmod,
)


@implements(np.divmod)
def divmod(x1: Array, x2: Array) -> tuple[Array, Array]:
    """Quotient and remainder at once: ``(floor_divide(x1, x2), remainder(x1, x2))``.

    The gradients are those of the two functions.

    Args:
        x1, x2: arrays, whose shapes are broadcast.

    Returns:
        Two arrays of the broadcast shape.

    >>> import autograd_core as ag
    >>> ag.divmod(ag.tensor(7.0), 2)
    (tensor(3.), tensor(1.))
    """
    return floor_divide(x1, x2), remainder(x1, x2)


def _modf_rule(g: Any, out: Any, x: Any) -> Any:
    of_fraction, of_whole = g
    return (zeros(of_whole) if of_fraction is None else of_fraction,)


modf = define(
    "modf",
    np.modf,
    joint=_modf_rule,
    multiple=True,
    numpy=np.modf,
    formulas="1",
    doc="""The fractional and the whole part, both with the sign of x.

Derivative: 1 for the fractional part, 0 for the whole part.

Args:
    x: a real array of any shape.

Returns:
    Two arrays of the same shape: fraction, whole.

>>> import autograd_core as ag
>>> ag.modf(ag.tensor(3.5))
(tensor(0.5), tensor(3.))
""",
)

frexp = define(
    "frexp",
    np.frexp,
    joint=lambda g, out, x: (None if g[0] is None else np.ldexp(g[0], -out[1]),),
    multiple=True,
    numpy=np.frexp,
    formulas="2^−exponent",
    doc="""Mantissa m and exponent n with x = m · 2ⁿ and ½ ≤ |m| < 1.

Derivative: 2⁻ⁿ for the mantissa. The exponent is an integer, so a constant.

Args:
    x: a real array of any shape.

Returns:
    Two arrays of the same shape: m, and n as integers.

>>> import autograd_core as ag
>>> ag.frexp(ag.tensor(6.0))
(tensor(0.75), tensor(3, dtype=int32))
""",
)

ldexp = binary(
    "ldexp",
    np.ldexp,
    lambda g, out, x, n: np.ldexp(g, n),
    None,
    ("2^{b}", ""),
    "x1 · 2^x2 for integers x2.",
    ("ag.ldexp(ag.tensor([1.0, 3.0]), 2)", "tensor([ 4., 12.])"),
    numpy=np.ldexp,
)

negative = unary(
    "negative",
    operator.neg,
    lambda g, out, x: -g,
    "−1",
    "The negative −x.",
    ("ag.negative(ag.tensor([1.0, -2.0]))", "tensor([-1.,  2.])"),
    numpy=np.negative,
    symbol="−",
)
positive = unary(
    "positive",
    operator.pos,
    lambda g, out, x: g,
    "1",
    "The number itself, +x.",
    ("ag.positive(ag.tensor([1.0, -2.0]))", "tensor([ 1., -2.])"),
    numpy=np.positive,
    symbol="+",
)
reciprocal = unary(
    "reciprocal",
    np.reciprocal,
    lambda g, out, x: -g * out * out,
    "−{out}²",
    "The reciprocal 1/x.",
    ("ag.reciprocal(ag.tensor([1.0, 4.0]))", "tensor([1.  , 0.25])"),
    numpy=np.reciprocal,
    symbol="1/x",
)
square = unary(
    "square",
    np.square,
    lambda g, out, x: 2 * g * x,
    "2·{a}",
    "The square x².",
    ("ag.square(ag.tensor([1.0, -3.0]))", "tensor([1., 9.])"),
    numpy=np.square,
    symbol="x²",
)
sqrt = unary(
    "sqrt",
    np.sqrt,
    lambda g, out, x: 0.5 * g / out,
    "1/(2·{out})",
    "The square root. Its derivative at 0 is ∞.",
    ("ag.sqrt(ag.tensor([1.0, 9.0]))", "tensor([1., 3.])"),
    numpy=np.sqrt,
    symbol="√",
)
cbrt = unary(
    "cbrt",
    np.cbrt,
    lambda g, out, x: g / (3 * out * out),
    "1/(3·{out}²)",
    "The cube root, negative for negative x. Its derivative at 0 is ∞.",
    ("ag.cbrt(ag.tensor([8.0, -27.0]))", "tensor([ 2., -3.])"),
    numpy=np.cbrt,
    symbol="∛",
)


def _absolute_rule(g: Any, out: Any, x: Any) -> Any:
    if x.dtype.kind != "c":
        return g * np.sign(x)
    return g * np.conjugate(x) / (out + (out == 0))


absolute = unary(
    "absolute",
    np.absolute,
    _absolute_rule,
    "sign({a})",
    "The absolute value |x|. Its derivative at 0 is taken as 0.\n\n"
    "For complex x the gradient points along x: it is x/|x|, and 0 at 0.",
    ("ag.absolute(ag.tensor([-2.0, 3.0]))", "tensor([2., 3.])"),
    numpy=np.absolute,
    symbol="|x|",
)
abs = absolute
fabs = unary(
    "fabs",
    np.fabs,
    lambda g, out, x: g * np.sign(x),
    "sign({a})",
    "The absolute value of real numbers, always in floating point.",
    ("ag.fabs(ag.tensor([-2.0, 3.0]))", "tensor([2., 3.])"),
    numpy=np.fabs,
    symbol="|x|",
)
copysign = binary(
    "copysign",
    np.copysign,
    lambda g, out, x, y: g * (np.sign(x) * np.sign(out)),
    zero_rule_of_two,
    ("sign({a})·sign({b})", "0"),
    "|x1| with the sign of x2. The derivative at x1 = 0 is taken as 0.",
    ("ag.copysign(ag.tensor([2.0, -3.0]), -1)", "tensor([-2., -3.])"),
    numpy=np.copysign,
)
nextafter = binary(
    "nextafter",
    np.nextafter,
    lambda g, out, x, y: g,
    zero_rule_of_two,
    ("1", "0"),
    "The floating-point number after x1 in the direction of x2.",
    ("ag.nextafter(ag.tensor(1.0), 2).item()", "1.0000000000000002"),
    numpy=np.nextafter,
)
spacing = unary(
    "spacing",
    np.spacing,
    zero_rule,
    "0",
    "The distance to the next floating-point number.",
    ("ag.spacing(ag.tensor(1.0)).item()", "2.220446049250313e-16"),
    numpy=np.spacing,
)


# -- powers ----------------------------------------------------------------------------------------


def _power_base(g: Any, out: Any, x: Any, y: Any) -> Any:
    """g · y · x^(y−1); where x and y are both 0 that is 0, since x⁰ is 1 everywhere."""
    if isinstance(y, int | float | complex):
        return _power_base_of_number(g, out, x, y)
    return g * (y * x ** np.where((x == 0) & (y == 0), 0, y - 1))


def _power_base_of_number(g: Any, out: Any, x: Any, y: complex) -> Any:
    """The same for one known exponent, without a general power where a product does it."""
    if y == 2:
        return 2 * g * x
    if y == 1:
        return g
    if y == 0:
        return zeros(g)
    if y == 0.5:
        return 0.5 * g / out
    if y == -1:
        return -g * out * out
    return g * (y * x ** (y - 1))


def _power_exponent(g: Any, out: Any, x: Any, y: Any) -> Any:
    """g · x^y · ln x; at x = 0 that is 0 for every y ≥ 0, as x^y stays 0 around a positive y."""
    if isinstance(x, int | float) and x > 0:
        return g * (out * math.log(x))
    if isinstance(x, complex) and x != 0:
        return g * (out * cmath.log(x))
    return g * (out * np.log(np.where((x == 0) & (np.real(y) >= 0), 1, x)))


power = binary(
    "power",
    operator.pow,
    _power_base,
    _power_exponent,
    ("{b}·{a}^({b}−1)", "{out}·ln {a}"),
    "The power x1^x2.\n\n"
    "At x1 = 0 the derivatives are 0 with respect to x1 for x2 = 0, and with respect to x2 for x2 ≥ 0.",
    ("ag.power(ag.tensor([2.0, 3.0]), 2)", "tensor([4., 9.])"),
    numpy=np.power,
    symbol="^",
)
pow = power


@implements(np.float_power)
def float_power(x1: Array, x2: Array) -> Array:
    """The power x1^x2, computed in float64 or complex128 whatever the inputs are.

    The gradient is that of ``power``, in the dtype of the input.

    Args:
        x1, x2: arrays or numbers, whose shapes are broadcast.

    Returns:
        A float64 or complex128 array of the broadcast shape.

    >>> import autograd_core as ag
    >>> ag.float_power(ag.tensor([2, 3]), -1)
    tensor([0.5   , 0.3333])
    """
    return power(_as_double(x1), _as_double(x2))


def _as_double(x: Any) -> Any:
    """Numbers, lists and arrays in double precision."""
    x = as_array(x)
    return astype(x, np.result_type(x.dtype, np.float64), copy=False)
