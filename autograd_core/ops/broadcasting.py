"""Undoing broadcasting: the differentiable pair ``sum_to`` and ``broadcast_to``."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Array, define, implements

__all__ = ["broadcast_to"]


def _sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """Sum ``x`` over the axes along which an array of ``shape`` was repeated to give ``x``'s shape."""
    added = x.ndim - len(shape)
    repeated = tuple(i + added for i, n in enumerate(shape) if n == 1 and x.shape[i + added] != 1)
    x = x.sum(axis=tuple(range(added)) + repeated, keepdims=True)
    return x.reshape(shape)


sum_to = define(
    "sum_to",
    _sum_to,
    lambda g, out, x, shape: np.broadcast_to(g, x.shape),
    formulas="1",
    symbol="Σ",
)

_broadcast_to = define(
    "broadcast_to",
    lambda x, shape: np.broadcast_to(x, shape),
    lambda g, out, x, shape: sum_to(g, shape=x.shape),
    formulas="1",
)


@implements(np.broadcast_to)
def broadcast_to(x: Array, shape: int | tuple[int, ...]) -> Array:
    """Repeat ``x`` along new axes and axes of length 1 until it has ``shape``.

    The gradient is summed over the repeated axes.

    Args:
        x: an array whose shape broadcasts to ``shape``.
        shape: the shape of the result.

    Returns:
        An array of ``shape``; every entry of ``x`` may stand in it many times.

    Raises:
        ValueError: if ``x`` does not broadcast to ``shape``.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> table = ag.broadcast_to(x, (3, 2)).sum().backward()
    >>> x.grad
    tensor([3., 3.])
    """
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return _broadcast_to(x, shape=shape)
