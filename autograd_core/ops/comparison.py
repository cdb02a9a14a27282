"""Comparisons and tests. Their results are constants: no gradient passes through a yes or no."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..primitive import Array, constant, define, implements
from .indexing import plain
from .pointwise import binary, unary

__all__ = [
    "allclose",
    "array_equal",
    "array_equiv",
    "equal",
    "greater",
    "greater_equal",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
    "signbit",
]

constant(np.allclose, np.array_equal, np.array_equiv, np.isnat)


def _comparison(name: str, forward: Any, ufunc: Any, summary: str, example: tuple[str, str], symbol: str) -> Any:
    return binary(name, forward, None, None, (), summary, example, numpy=ufunc, symbol=symbol)


def _test(name: str, function: Any, summary: str, example: tuple[str, str]) -> Any:
    return unary(name, function, None, "", summary, example, numpy=function)


less = _comparison(
    "less", operator.lt, np.less, "Whether x1 < x2.",
    ("ag.less(ag.tensor([1.0, 2.0, 3.0]), 2)", "tensor([ True, False, False])"), "<",
)  # fmt: skip
less_equal = _comparison(
    "less_equal", operator.le, np.less_equal, "Whether x1 ≤ x2.",
    ("ag.less_equal(ag.tensor([1.0, 2.0, 3.0]), 2)", "tensor([ True,  True, False])"), "≤",
)  # fmt: skip
greater = _comparison(
    "greater", operator.gt, np.greater, "Whether x1 > x2.",
    ("ag.greater(ag.tensor([1.0, 2.0, 3.0]), 2)", "tensor([False, False,  True])"), ">",
)  # fmt: skip
greater_equal = _comparison(
    "greater_equal", operator.ge, np.greater_equal, "Whether x1 ≥ x2.",
    ("ag.greater_equal(ag.tensor([1.0, 2.0, 3.0]), 2)", "tensor([False,  True,  True])"), "≥",
)  # fmt: skip
equal = _comparison(
    "equal", operator.eq, np.equal, "Whether x1 = x2.",
    ("ag.equal(ag.tensor([1.0, 2.0, 3.0]), 2)", "tensor([False,  True, False])"), "=",
)  # fmt: skip
not_equal = _comparison(
    "not_equal", operator.ne, np.not_equal, "Whether x1 ≠ x2.",
    ("ag.not_equal(ag.tensor([1.0, 2.0, 3.0]), 2)", "tensor([ True, False,  True])"), "≠",
)  # fmt: skip

logical_and = _comparison(
    "logical_and", np.logical_and, np.logical_and, "Whether both are true (not 0).",
    ("ag.logical_and(ag.tensor([True, False]), True)", "tensor([ True, False])"), "∧",
)  # fmt: skip
logical_or = _comparison(
    "logical_or", np.logical_or, np.logical_or, "Whether one of the two is true (not 0), or both.",
    ("ag.logical_or(ag.tensor([True, False]), False)", "tensor([ True, False])"), "∨",
)  # fmt: skip
logical_xor = _comparison(
    "logical_xor", np.logical_xor, np.logical_xor, "Whether exactly one of the two is true (not 0).",
    ("ag.logical_xor(ag.tensor([True, False]), True)", "tensor([False,  True])"), "⊻",
)  # fmt: skip
logical_not = _test(
    "logical_not", np.logical_not, "Whether the entry is false (0).",
    ("ag.logical_not(ag.tensor([True, False]))", "tensor([False,  True])"),
)  # fmt: skip

isfinite = _test(
    "isfinite", np.isfinite, "Whether the entry is neither infinite nor NaN.",
    ("ag.isfinite(ag.tensor([1.0, float('inf'), float('nan')]))", "tensor([ True, False, False])"),
)  # fmt: skip
isinf = _test(
    "isinf", np.isinf, "Whether the entry is ∞ or −∞.",
    ("ag.isinf(ag.tensor([1.0, float('inf'), float('nan')]))", "tensor([False,  True, False])"),
)  # fmt: skip
isnan = _test(
    "isnan", np.isnan, "Whether the entry is not a number.",
    ("ag.isnan(ag.tensor([1.0, float('inf'), float('nan')]))", "tensor([False, False,  True])"),
)  # fmt: skip
isposinf = _test(
    "isposinf", np.isposinf, "Whether the entry is ∞.",
    ("ag.isposinf(ag.tensor([float('inf'), -float('inf')]))", "tensor([ True, False])"),
)  # fmt: skip
isneginf = _test(
    "isneginf", np.isneginf, "Whether the entry is −∞.",
    ("ag.isneginf(ag.tensor([float('inf'), -float('inf')]))", "tensor([False,  True])"),
)  # fmt: skip
signbit = _test(
    "signbit", np.signbit, "Whether the entry has a minus sign; −0.0 has.",
    ("ag.signbit(ag.tensor([1.0, -1.0, -0.0]))", "tensor([False,  True,  True])"),
)  # fmt: skip

_isclose = define(
    "isclose",
    lambda x, y, rtol, atol, equal_nan: np.isclose(x, y, rtol, atol, equal_nan),
    None,
    None,
    symbol="≈",
    elementwise=True,
    doc="Whether two numbers are nearly equal.",
)


@implements(np.isclose)
def isclose(x1: Array, x2: Array, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Array:
    """Whether |x1 − x2| ≤ atol + rtol·|x2|, entry by entry. The result is a constant.

    Args:
        x1, x2: arrays, whose shapes are broadcast.
        rtol, atol: the relative and the absolute tolerance.
        equal_nan: whether NaN is close to NaN.

    Returns:
        An array of booleans.

    >>> import autograd_core as ag
    >>> ag.isclose(ag.tensor([1.0, 2.0]), [1.0 + 1e-9, 2.1])
    tensor([ True, False])
    """
    return _isclose(x1, x2, rtol=plain(rtol), atol=plain(atol), equal_nan=equal_nan)


def allclose(x1: Array, x2: Array, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all entries are nearly equal, in the sense of ``isclose``.

    >>> import autograd_core as ag
    >>> ag.allclose(ag.tensor([1.0, 2.0]), [1.0 + 1e-9, 2.0])
    True
    """
    return np.allclose(x1, x2, rtol, atol, equal_nan)


def array_equal(a1: Array, a2: Array, equal_nan: bool = False) -> bool:
    """Whether shapes and all entries are equal.

    >>> import autograd_core as ag
    >>> ag.array_equal(ag.tensor([1.0, 2.0]), [1.0, 2.0])
    True
    """
    return np.array_equal(a1, a2, equal_nan)


def array_equiv(a1: Array, a2: Array) -> bool:
    """Whether all entries are equal after broadcasting.

    >>> import autograd_core as ag
    >>> ag.array_equiv(ag.tensor([1.0, 1.0]), 1)
    True
    """
    return np.array_equiv(a1, a2)
