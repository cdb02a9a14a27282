"""What the Python array API standard asks of a namespace besides functions of arrays: dtypes, constants, facts.

These names shadow built-in ones (``bool``, ``float64`` ...), so nothing of the library imports them; they
are there for those who write ``ag.float32``.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from .recording import Node
from .values import get_default_dtype

__all__ = [
    "bool",
    "broadcast_shapes",
    "can_cast",
    "complex64",
    "complex128",
    "e",
    "finfo",
    "float16",
    "float32",
    "float64",
    "iinfo",
    "inf",
    "int8",
    "int16",
    "int32",
    "int64",
    "isdtype",
    "nan",
    "newaxis",
    "pi",
    "result_type",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

bool = np.dtype(np.bool)
int8 = np.dtype(np.int8)
int16 = np.dtype(np.int16)
int32 = np.dtype(np.int32)
int64 = np.dtype(np.int64)
uint8 = np.dtype(np.uint8)
uint16 = np.dtype(np.uint16)
uint32 = np.dtype(np.uint32)
uint64 = np.dtype(np.uint64)
float16 = np.dtype(np.float16)
float32 = np.dtype(np.float32)
float64 = np.dtype(np.float64)
complex64 = np.dtype(np.complex64)
complex128 = np.dtype(np.complex128)

e = math.e
inf = math.inf
nan = math.nan
pi = math.pi
newaxis = None

_DTYPES = {
    "bool": [bool],
    "signed integer": [int8, int16, int32, int64],
    "unsigned integer": [uint8, uint16, uint32, uint64],
    "real floating": [float32, float64],
    "complex floating": [complex64, complex128],
}


def _value(x: Any) -> Any:
    return x._data if isinstance(x, Node) else x


def isdtype(dtype: Any, kind: Any) -> builtins.bool:
    """Whether ``dtype`` is of a ``kind``.

    Args:
        dtype: a dtype.
        kind: a dtype, one of the names ``"bool"``, ``"signed integer"``, ``"unsigned integer"``,
            ``"integral"``, ``"real floating"``, ``"complex floating"``, ``"numeric"``, or a tuple of these.

    Returns:
        A truth value.

    >>> import autograd_core as ag
    >>> ag.isdtype(ag.float32, "real floating"), ag.isdtype(ag.int8, ("bool", "numeric"))
    (True, True)
    """
    return np.isdtype(np.dtype(dtype), kind)


def broadcast_shapes(*shapes: Any) -> tuple[int, ...]:
    """The shape that arrays of ``shapes`` have after broadcasting.

    Raises:
        ValueError: if they do not broadcast.

    >>> import autograd_core as ag
    >>> ag.broadcast_shapes((2, 1), (3,))
    (2, 3)
    """
    return np.broadcast_shapes(*shapes)


def can_cast(from_: Any, to: Any, /) -> builtins.bool:
    """Whether values of a dtype (or of an array's dtype) go into dtype ``to`` by the promotion rules.

    >>> import autograd_core as ag
    >>> ag.can_cast(ag.float32, ag.float64), ag.can_cast(ag.tensor(1.5), ag.float32)
    (True, False)
    """
    return np.can_cast(getattr(from_, "dtype", from_), to)


def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    """The dtype that an operation on these arrays, dtypes and Python numbers gives.

    >>> import autograd_core as ag
    >>> ag.result_type(ag.tensor([1, 2]), ag.float32)
    dtype('float64')
    >>> ag.result_type(ag.float32, 1.0)
    dtype('float32')
    """
    return np.result_type(*map(_value, arrays_and_dtypes))


class _FloatLimits:
    """What ``np.finfo`` says, its numbers as Python floats, which leave an array's dtype as it is."""

    def __init__(self, dtype: Any) -> None:
        self._numpy = np.finfo(dtype)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = getattr(self._numpy, name)
        return float(value) if isinstance(value, np.floating) else value

    def __repr__(self) -> str:
        return repr(self._numpy)


def finfo(type: Any, /) -> Any:
    """The limits of a floating-point dtype, or of an array's: ``bits``, ``eps``, ``max``, ``min``, ...

    The limits of a complex dtype are those of its parts.

    >>> import autograd_core as ag
    >>> ag.finfo(ag.float32).bits
    32
    >>> ag.finfo(ag.float32).eps
    1.1920928955078125e-07
    """
    return _FloatLimits(getattr(type, "dtype", type))


def iinfo(type: Any, /) -> Any:
    """The limits of an integer dtype, or of an array's: ``bits``, ``max``, ``min``.

    >>> import autograd_core as ag
    >>> ag.iinfo(ag.int8).max
    127
    """
    return np.iinfo(getattr(type, "dtype", type))


class _Info:
    """What the library can do, as the array API standard asks it."""

    def capabilities(self) -> dict[str, Any]:
        """Which optional behaviour there is."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        """Where Tensors live."""
        return "cpu"

    def devices(self) -> list[str]:
        """Where Tensors can live."""
        return ["cpu"]

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        """The dtypes of Tensors that are made without one."""
        real = get_default_dtype()
        return {
            "real floating": real,
            "complex floating": np.result_type(real, np.complex64),
            "integral": np.dtype(np.int_),
            "indexing": np.dtype(np.intp),
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Any]:
        """The dtypes by name, all or those of a ``kind`` (see ``isdtype``)."""
        known = [dtype for dtypes in _DTYPES.values() for dtype in dtypes]
        return {dtype.name: dtype for dtype in known if kind is None or isdtype(dtype, kind)}


def __array_namespace_info__() -> _Info:
    """The array API's inspection of the namespace."""
    return _Info()


# The last edition of the standard that names everything which is here.
__array_api_version__ = "2024.12"
