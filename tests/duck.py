"""``DuckArray``: an array of another library, as far as NumPy's protocols can tell.

It answers ``__array_ufunc__``, ``__array_function__``, operators, indexing and the usual methods, always
with arrays of its own kind, and it refuses to become a NumPy array, as an array in the memory of a GPU
does. What runs on it runs on any library that speaks NumPy's protocols. It is strict:

- ``np.asarray`` on it raises, and so do ``float()``, ``int()`` and indices made from it;
- NumPy's float arrays do not mix with it, only numbers and index arrays do;
- entries and full reductions are arrays of shape (), never scalars.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


class DuckArray(NDArrayOperatorsMixin):
    """Holds a NumPy array that only this class and ``unwrap`` can reach."""

    __slots__ = ("_array",)

    def __init__(self, array: Any) -> None:
        if isinstance(array, DuckArray):
            raise TypeError("a duck array of a duck array")
        self._array = np.asarray(array)

    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    itemsize = property(lambda self: self._array.itemsize)
    nbytes = property(lambda self: self._array.nbytes)
    real = property(lambda self: DuckArray(self._array.real))
    imag = property(lambda self: DuckArray(self._array.imag))
    T = property(lambda self: DuckArray(self._array.T))
    mT = property(lambda self: DuckArray(self._array.mT))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise TypeError("a duck array does not become a NumPy array")

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return np

    def __float__(self) -> float:
        raise TypeError("a duck array does not become a Python float")

    def __int__(self) -> int:
        raise TypeError("a duck array does not become a Python int")

    def __complex__(self) -> complex:
        raise TypeError("a duck array does not become a Python complex")

    def __index__(self) -> int:
        raise TypeError("a duck array does not become an index")

    def __bool__(self) -> bool:
        return bool(self._array)

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Any:
        return (DuckArray(item) for item in self._array)

    def __getitem__(self, index: Any) -> DuckArray:
        return DuckArray(self._array[_inside(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self._array[_inside(index)] = _inside(value)

    def __repr__(self) -> str:
        return f"DuckArray({self._array!r})"

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if not all(_is_known(x) for x in (*inputs, *kwargs.get("out", ()))):
            return NotImplemented
        if method == "at":
            getattr(ufunc, method)(*(_inside(x) for x in inputs), **kwargs)
            return None
        result = getattr(ufunc, method)(*(_inside(x) for x in inputs), **{k: _inside(v) for k, v in kwargs.items()})
        outs = kwargs.get("out")
        return outs[0] if outs is not None and len(outs) == 1 else _outside(result)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        if not all(issubclass(kind, DuckArray | np.ndarray | np.generic) for kind in types):
            return NotImplemented
        return _outside(function(*_inside(args), **_inside(kwargs)))


def _method(name: str) -> Callable[..., Any]:
    def method(self: DuckArray, *args: Any, **kwargs: Any) -> Any:
        return _outside(getattr(self._array, name)(*_inside(args), **_inside(kwargs)))

    method.__name__ = name
    return method


METHODS = """
    all any argmax argmin argpartition argsort astype clip conj conjugate copy cumprod cumsum diagonal dot flatten item
    max mean min nonzero prod ravel repeat reshape round searchsorted squeeze std sum swapaxes take tolist trace
    transpose var view
"""
for _name in METHODS.split():
    setattr(DuckArray, _name, _method(_name))


def wrap(x: Any) -> Any:
    """NumPy arrays and scalars as duck arrays; everything else as it is."""
    return DuckArray(x) if isinstance(x, np.ndarray | np.generic) else x


def unwrap(x: Any) -> Any:
    """The values of a duck array, to compare them with."""
    assert isinstance(x, DuckArray), f"expected a duck array, got {type(x)}"
    return x._array


def _is_known(x: Any) -> bool:
    return isinstance(x, DuckArray | np.ndarray | np.generic | bool | int | float | complex)


def _inside(x: Any) -> Any:
    """Duck arrays in (nested) arguments replaced by their arrays; float arrays of NumPy's are refused."""
    if isinstance(x, DuckArray):
        return x._array
    if isinstance(x, np.ndarray) and x.dtype.kind in "fc" and x.ndim:
        raise TypeError(f"a NumPy array of dtype {x.dtype} and shape {x.shape} meets a duck array")
    if type(x) in (list, tuple):
        return type(x)(_inside(item) for item in x)
    if isinstance(x, dict):
        return {key: _inside(value) for key, value in x.items()}
    if isinstance(x, slice):
        return slice(*(_inside(end) for end in (x.start, x.stop, x.step)))
    return x


def _outside(x: Any) -> Any:
    """Arrays in (nested) results as duck arrays."""
    if isinstance(x, np.ndarray | np.generic):
        return DuckArray(x)
    if isinstance(x, tuple) and hasattr(x, "_make"):
        return x._make(_outside(item) for item in x)
    if type(x) in (list, tuple):
        return type(x)(_outside(item) for item in x)
    return x
