"""NumPy's ``np.emath``: roots and logarithms that become complex where real numbers have none.

Whether a result is real or complex depends on the values; the gradient is that of the function that was used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitive import Array, implements
from .arithmetic import power, sqrt
from .axes import as_array
from .casting import astype
from .exponential import log, log2, log10
from .trigonometric import arccos, arcsin, arctanh

__all__: list[str] = []


def _complex_if(needed: Callable[[Any], Any], x: Any) -> Any:
    """``x`` as complex numbers if ``needed`` holds for one of its entries."""
    x = as_array(x)
    if x.dtype.kind == "c" or not np.any(needed(x)):
        return x
    return astype(x, np.result_type(x.dtype, np.complex64))


def _extended(name: str, function: Callable[[Any], Any], needed: Callable[[Any], Any]) -> None:
    """Let ``np.emath.<name>`` on Tensors be ``function``, on complex numbers where ``needed``."""

    def ours(x: Array) -> Array:
        return function(_complex_if(needed, x))

    implements(getattr(np.emath, name))(ours)


def _negative(x: Any) -> Any:
    return x < 0


def _beyond_one(x: Any) -> Any:
    return np.absolute(x) > 1


_extended("sqrt", sqrt, _negative)
_extended("log", log, _negative)
_extended("log2", log2, _negative)
_extended("log10", log10, _negative)
_extended("arccos", arccos, _beyond_one)
_extended("arcsin", arcsin, _beyond_one)
_extended("arctanh", arctanh, _beyond_one)


@implements(np.emath.logn)
def _logn(n: Array, x: Array) -> Array:
    return log(_complex_if(_negative, x)) / log(_complex_if(_negative, n))


@implements(np.emath.power)
def _power(x: Array, p: Array) -> Array:
    x, p = _complex_if(_negative, x), as_array(p)
    if p.dtype.kind in "iu" and np.any(p < 0):
        p = astype(p, np.float64)  # NumPy has no negative powers of integers
    return power(x, p)
