"""Operations that rearrange entries."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Array, define, implements

__all__ = ["expand_dims", "permute_dims", "reshape", "swapaxes"]

_reshape = define(
    "reshape", lambda x, shape: x.reshape(shape), lambda g, out, x, shape: np.reshape(g, x.shape), formulas="1"
)


@implements(np.reshape)
def reshape(x: Array, shape: int | tuple[int, ...], *, order: str = "C") -> Array:
    return _reshape(x, shape=shape)


_permute = define(
    "permute_dims",
    lambda x, axes: x.transpose(axes),
    lambda g, out, x, axes: np.transpose(g, tuple(np.argsort(axes))),
    formulas="1",
)


@implements(np.transpose)
def permute_dims(x: Array, axes: tuple[int, ...] | None = None) -> Array:
    axes = tuple(range(x.ndim))[::-1] if axes is None else tuple(a % x.ndim for a in axes)
    return _permute(x, axes=axes)


@implements(np.swapaxes)
def swapaxes(x: Array, axis1: int, axis2: int) -> Array:
    axes = list(range(x.ndim))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return permute_dims(x, tuple(axes))


@implements(np.expand_dims)
def expand_dims(x: Array, axis: int | tuple[int, ...]) -> Array:
    axes = (axis,) if isinstance(axis, int) else axis
    ndim = x.ndim + len(axes)
    axes = {a % ndim for a in axes}
    rest = iter(x.shape)
    return _reshape(x, shape=tuple(1 if i in axes else next(rest) for i in range(ndim)))
