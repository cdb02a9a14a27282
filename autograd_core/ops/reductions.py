"""Reductions over axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Array, define, implements

__all__ = ["sum"]


def restore_axes(g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """``g``, the gradient of a reduction of ``x``, with its reduced axes back at length 1."""
    if keepdims or x.ndim == 0 or g.ndim == x.ndim:
        return g
    if axis is None:
        return np.reshape(g, (1,) * x.ndim)
    return np.expand_dims(g, axis)


_sum = define(
    "sum",
    lambda x, axis, keepdims: np.sum(x, axis=axis, keepdims=keepdims),
    lambda g, out, x, axis, keepdims: np.broadcast_to(restore_axes(g, x, axis, keepdims), x.shape),
    formulas="1",
    symbol="Σ",
)


@implements(np.sum)
def sum(x: Array, axis: int | tuple[int, ...] | None = None, dtype: Any = None, *, keepdims: bool = False) -> Array:
    """Sum over axes."""
    if dtype is not None:
        x = np.astype(x, dtype)
    return _sum(x, axis=axis, keepdims=keepdims)
