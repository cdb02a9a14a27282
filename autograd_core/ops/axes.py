"""Axes: which of them an operation removes, how a gradient gets them back, and other spellings of their names."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..errors import explain

__all__: list[str] = []

_F = TypeVar("_F", bound=Callable[..., Any])
_PYTORCH_NAMES = {"dim": "axis", "dims": "axis", "keepdim": "keepdims"}


def as_array(x: Any) -> Any:
    """Python numbers and lists as arrays; whatever is an array or a Tensor already as it is."""
    # np.float64 is a Python float too, and np.complex128 a complex: they stay what they are.
    return x if hasattr(x, "dtype") or not isinstance(x, list | tuple | int | float | complex) else np.asarray(x)


def of_dtype(x: Any, dtype: Any) -> Any:
    """A sum or product in the dtype that was asked for: NumPy gives those of small integers as the default integer."""
    return x if dtype is None or x.dtype == dtype else x.astype(dtype)


def as_floats(operation: str, x: Any, dtype: Any) -> Any:
    """``x`` in the dtype that a mean (or a variance, ...) was asked for, which has to have fractions.

    Raises:
        TypeError: for integers and booleans: of what is converted to them first, a mean would mislead.
    """
    if np.dtype(dtype).kind not in "fc":
        raise TypeError(
            explain(
                operation,
                expected="a floating-point or complex dtype to compute in",
                got=f"dtype={np.dtype(dtype)}",
                remedy="leave dtype out, and convert the result with astype",
            )
        )
    return x.astype(dtype)


def existing(*names: str) -> tuple[Any, ...]:
    """Those of NumPy's functions called ``names`` that the installed NumPy has."""
    return tuple(getattr(np, name) for name in names if hasattr(np, name))


def pytorch_names(function: _F) -> _F:
    """Let ``function`` take ``dim=`` (or ``dims=``) for ``axis=`` and ``keepdim=`` for ``keepdims=``."""

    @functools.wraps(function)
    def accepting(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            for name in _PYTORCH_NAMES.keys() & kwargs.keys():
                ours = _PYTORCH_NAMES[name]
                if ours in kwargs:
                    raise TypeError(f"{function.__name__}() got both {ours}= and {name}=, which mean the same")
                kwargs[ours] = kwargs.pop(name)
        return function(*args, **kwargs)

    return accepting  # type: ignore[return-value]


def shapes_only(rule: _F) -> _F:
    """Say of a rule with ``*inputs`` that it reads their shapes alone, so that their values may change."""
    rule.__dict__["reads_inputs"] = False
    return rule


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """``axis`` (None for all, an int, a tuple) as non-negative numbers."""
    return tuple(range(ndim)) if axis is None else normalize_axis_tuple(axis, ndim)


def one_axis(axis: int, ndim: int) -> int:
    """``axis`` as a non-negative number."""
    return normalize_axis_tuple(axis, ndim)[0]


def kept_shape(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """``shape`` with length 1 along the reduced axes."""
    if type(axis) is int:
        axis %= len(shape) or 1
        return (*shape[:axis], 1, *shape[axis + 1 :]) if shape else ()
    axes = axes_of(axis, len(shape))
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def restore(reduced: Any, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """What a reduction of an array of ``shape`` gave, so shaped that it broadcasts against that array."""
    # Lengths are matched from the last axis on, so a missing first axis needs no replacement.
    if keepdims or axis is None or axis == 0:
        return reduced
    return np.reshape(reduced, kept_shape(shape, axis))


def spread(g: Any, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """The gradient ``g`` of a sum over ``axis``, repeated over the array of ``shape`` that was summed."""
    return repeated(restore(g, shape, axis, keepdims), shape)


def repeated(x: Any, shape: tuple[int, ...]) -> Any:
    """``np.broadcast_to(x, shape)``, at a fraction of its overhead for NumPy's own arrays.

    The result is a read-only view with stride 0 along the repeated axes.
    """
    kind = type(x)
    if x.ndim == 0 and (kind is np.ndarray or isinstance(x, np.generic)):
        view: Any = np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
    elif kind is np.ndarray and x.size and x.flags.c_contiguous:
        strides = [0 if n == 1 else stride for n, stride in zip(x.shape, x.strides, strict=True)]
        view = np.ndarray(shape, x.dtype, x, 0, [0] * (len(shape) - x.ndim) + strides)
    else:
        return np.broadcast_to(x, shape)
    view.flags.writeable = False
    return view


def cut(x: Any, start: int | None, stop: int | None, axis: int) -> Any:
    """The entries from ``start`` to ``stop`` along the non-negative ``axis``."""
    return x[(slice(None),) * axis + (slice(start, stop),)]


def along(x: Any, axis: int, ndim: int) -> Any:
    """The vector ``x`` laid along ``axis`` of an array of ``ndim`` axes."""
    return np.reshape(x, (-1,) + (1,) * (ndim - 1 - axis))
