"""Exponentials and logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .pointwise import binary, unary

__all__ = ["exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "logaddexp", "logaddexp2"]

_LN2 = math.log(2)
_LN10 = math.log(10)

exp = unary(
    "exp",
    np.exp,
    lambda g, out, x: g * out,
    "{out}",
    "The exponential eˣ.",
    ("ag.exp(ag.tensor([0.0, 1.0]))", "tensor([1.    , 2.7183])"),
    numpy=np.exp,
)
exp2 = unary(
    "exp2",
    np.exp2,
    lambda g, out, x: g * (out * _LN2),
    "{out}·ln 2",
    "The power 2ˣ.",
    ("ag.exp2(ag.tensor([1.0, 3.0]))", "tensor([2., 8.])"),
    numpy=np.exp2,
    symbol="2ˣ",
)
expm1 = unary(
    "expm1",
    np.expm1,
    lambda g, out, x: g * (out + 1),
    "{out} + 1",
    "eˣ − 1, precise for small x.",
    ("ag.expm1(ag.tensor([0.0, 1.0]))", "tensor([0.    , 1.7183])"),
    numpy=np.expm1,
)
log = unary(
    "log",
    np.log,
    lambda g, out, x: g / x,
    "1/{a}",
    "The natural logarithm.",
    ("ag.log(ag.tensor([1.0, 2.0]))", "tensor([0.    , 0.6931])"),
    numpy=np.log,
    symbol="ln",
)
log2 = unary(
    "log2",
    np.log2,
    lambda g, out, x: g / (x * _LN2),
    "1/({a}·ln 2)",
    "The logarithm to base 2.",
    ("ag.log2(ag.tensor([1.0, 8.0]))", "tensor([0., 3.])"),
    numpy=np.log2,
)
log10 = unary(
    "log10",
    np.log10,
    lambda g, out, x: g / (x * _LN10),
    "1/({a}·ln 10)",
    "The logarithm to base 10.",
    ("ag.log10(ag.tensor([1.0, 1000.0]))", "tensor([0., 3.])"),
    numpy=np.log10,
)
log1p = unary(
    "log1p",
    np.log1p,
    lambda g, out, x: g / (x + 1),
    "1/(1 + {a})",
    "ln(1 + x), precise for small x.",
    ("ag.log1p(ag.tensor([0.0, 1.0]))", "tensor([0.    , 0.6931])"),
    numpy=np.log1p,
)


def difference(x: Any, out: Any) -> Any:
    """x − out, and 0 where both are the same infinity."""
    return np.where(x == out, 0, x - out)


logaddexp = binary(
    "logaddexp",
    np.logaddexp,
    lambda g, out, x, y: g * np.exp(difference(x, out)),
    lambda g, out, x, y: g * np.exp(difference(y, out)),
    ("exp({a} − {out})", "exp({b} − {out})"),
    "ln(exp(x1) + exp(x2)), without overflow.",
    ("ag.logaddexp(ag.tensor([0.0, 1000.0]), 0)", "tensor([6.9315e-01, 1.0000e+03])"),
    numpy=np.logaddexp,
)
logaddexp2 = binary(
    "logaddexp2",
    np.logaddexp2,
    lambda g, out, x, y: g * np.exp2(difference(x, out)),
    lambda g, out, x, y: g * np.exp2(difference(y, out)),
    ("2^({a} − {out})", "2^({b} − {out})"),
    "log2(2^x1 + 2^x2), without overflow.",
    ("ag.logaddexp2(ag.tensor([0.0, 3.0]), [0.0, 3.0])", "tensor([1., 4.])"),
    numpy=np.logaddexp2,
)
