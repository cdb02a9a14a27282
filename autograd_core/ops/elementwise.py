"""Elementwise operations."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..primitive import Array, define, implements

__all__ = ["absolute", "add", "astype", "bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "conjugate", "cos", "divide", "equal", "exp", "floor_divide", "greater", "greater_equal", "imag", "less", "less_equal", "log", "maximum", "multiply", "negative", "not_equal", "power", "real", "remainder", "round", "sign", "sin", "sqrt", "subtract", "tanh", "where"]

add = define(
    "add",
    operator.add,
    lambda g, out, x, y: g,
    lambda g, out, x, y: g,
    numpy=np.add,
    formulas=("1", "1"),
    symbol="+",
    elementwise=True,
)
subtract = define(
    "subtract",
    operator.sub,
    lambda g, out, x, y: g,
    lambda g, out, x, y: -g,
    numpy=np.subtract,
    formulas=("1", "−1"),
    symbol="−",
    elementwise=True,
)
multiply = define(
    "multiply",
    operator.mul,
    lambda g, out, x, y: g * y,
    lambda g, out, x, y: g * x,
    numpy=np.multiply,
    formulas=("{b}", "{a}"),
    symbol="×",
    elementwise=True,
)
divide = define(
    "divide",
    operator.truediv,
    lambda g, out, x, y: g / y,
    lambda g, out, x, y: -g * out / y,
    numpy=np.divide,
    formulas=("1/{b}", "−{a}/{b}²"),
    symbol="÷",
    elementwise=True,
)
negative = define("negative", operator.neg, lambda g, out, x: -g, numpy=np.negative, formulas="−1", elementwise=True)
absolute = define("absolute", np.absolute, lambda g, out, x: g * np.sign(x), numpy=np.absolute, elementwise=True)
sign = define("sign", np.sign, lambda g, out, x: np.zeros_like(x), numpy=np.sign, elementwise=True)
conjugate = define("conjugate", np.conjugate, lambda g, out, x: np.conjugate(g), numpy=np.conjugate, elementwise=True)
real = define("real", lambda x: x.real, lambda g, out, x: g, numpy=np.real, elementwise=True)
imag = define("imag", lambda x: x.imag, lambda g, out, x: -1j * g, numpy=np.imag, elementwise=True)


def _power_base(g: Any, out: Any, x: Any, y: Any) -> Any:
    return g * y * x ** (y - 1)


def _power_exponent(g: Any, out: Any, x: Any, y: Any) -> Any:
    return g * out * np.log(x)


power = define(
    "power", operator.pow, _power_base, _power_exponent, numpy=np.power, symbol="^", elementwise=True,
    formulas=("{b}·{a}^({b}−1)", "{out}·ln {a}"),
)
exp = define("exp", np.exp, lambda g, out, x: g * out, numpy=np.exp, formulas="{out}", elementwise=True)
log = define("log", np.log, lambda g, out, x: g / x, numpy=np.log, formulas="1/{a}", elementwise=True)
sqrt = define("sqrt", np.sqrt, lambda g, out, x: g / (2 * out), numpy=np.sqrt, formulas="1/(2·{out})", elementwise=True)
tanh = define("tanh", np.tanh, lambda g, out, x: g * (1 - out * out), numpy=np.tanh, formulas="1 − {out}²", elementwise=True)
sin = define("sin", np.sin, lambda g, out, x: g * np.cos(x), numpy=np.sin, formulas="cos({a})", elementwise=True)
cos = define("cos", np.cos, lambda g, out, x: -g * np.sin(x), numpy=np.cos, formulas="−sin({a})", elementwise=True)
maximum = define(
    "maximum", np.maximum,
    lambda g, out, x, y: g * ((x == out) / (1.0 + (x == y))),
    lambda g, out, x, y: g * ((y == out) / (1.0 + (x == y))),
    numpy=np.maximum, elementwise=True,
)
floor_divide = define("floor_divide", operator.floordiv, lambda g, out, x, y: np.zeros_like(g), lambda g, out, x, y: np.zeros_like(g), numpy=np.floor_divide, symbol="//", elementwise=True)
remainder = define("remainder", operator.mod, lambda g, out, x, y: g, lambda g, out, x, y: -g * np.floor_divide(x, y), numpy=np.remainder, symbol="%", elementwise=True)

# Results without a gradient: no rules.
bitwise_and = define("bitwise_and", operator.and_, None, None, numpy=np.bitwise_and, symbol="&", elementwise=True)
bitwise_or = define("bitwise_or", operator.or_, None, None, numpy=np.bitwise_or, symbol="|", elementwise=True)
bitwise_xor = define("bitwise_xor", operator.xor, None, None, numpy=np.bitwise_xor, symbol="^", elementwise=True)
bitwise_left_shift = define("bitwise_left_shift", operator.lshift, None, None, numpy=np.left_shift, elementwise=True)
bitwise_right_shift = define("bitwise_right_shift", operator.rshift, None, None, numpy=np.right_shift, elementwise=True)
bitwise_invert = define("bitwise_invert", operator.invert, None, numpy=np.invert, elementwise=True)
less = define("less", operator.lt, None, None, numpy=np.less, symbol="<", elementwise=True)
less_equal = define("less_equal", operator.le, None, None, numpy=np.less_equal, symbol="≤", elementwise=True)
greater = define("greater", operator.gt, None, None, numpy=np.greater, symbol=">", elementwise=True)
greater_equal = define("greater_equal", operator.ge, None, None, numpy=np.greater_equal, symbol="≥", elementwise=True)
equal = define("equal", operator.eq, None, None, numpy=np.equal, symbol="=", elementwise=True)
not_equal = define("not_equal", operator.ne, None, None, numpy=np.not_equal, symbol="≠", elementwise=True)

_round = define("round", lambda x, decimals: np.round(x, decimals), lambda g, out, x, decimals: np.zeros_like(x), elementwise=True)


@implements(np.round)
def round(x: Array, decimals: int = 0) -> Array:
    return _round(x, decimals=decimals)


_astype = define("astype", lambda x, dtype: x.astype(dtype), lambda g, out, x, dtype: g.astype(x.dtype), elementwise=True)


@implements(np.astype)
def astype(x: Array, dtype: Any, *, copy: bool = True) -> Array:
    """Convert to another dtype; the gradient is converted back."""
    return _astype(x, dtype=np.dtype(dtype))


_where = define(
    "where",
    lambda condition, x, y: np.where(condition, x, y),
    None,
    lambda g, out, condition, x, y: np.where(condition, g, 0),
    lambda g, out, condition, x, y: np.where(condition, 0, g),
    formulas=("", "[{a}]", "[not {a}]"),
    elementwise=True,
)


@implements(np.where)
def where(condition: Array, x: Array, y: Array) -> Array:
    return _where(condition, x, y)
