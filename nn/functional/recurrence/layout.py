"""How sequences lie in memory while they are worked through.

All that a step multiplies with weights stands in one matrix of N rows (x(t), h(t−1), 1), one for each step of
each sequence. One product with (W_ih | W_hh | b)ᵀ gives the arguments z of all gates of a step, and in the end
one product with their gradients gives the gradients of all three. Each gate has a matrix of its own, so that
what is worked on is contiguous, and products of moderate size stay within the cache of one processor core.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

LINE = 64  # bytes of a cache line: arrays that begin at one are worked on up to twice as fast


# -- arrays ---------------------------------------------------------------------------------------------


def common(arrays: Sequence[Any]) -> Any:
    """An empty array of the library and dtype that ``arrays`` have in common, to make others like it."""
    dtypes = {array.dtype for array in arrays}
    return np.empty_like(arrays[0], shape=(0,), dtype=dtypes.pop() if len(dtypes) == 1 else np.result_type(*dtypes))


def empty(like: Any, *shape: int) -> Any:
    """A new array for values of the library and dtype of ``like``, which begins at a cache line."""
    if type(like) is not np.ndarray:
        return np.empty_like(like, shape=shape)
    size = math.prod(shape) * like.itemsize
    buffer = np.empty(size + LINE, np.uint8)
    start = -buffer.ctypes.data % LINE
    return buffer[start : start + size].view(like.dtype).reshape(shape)


def empty_matrix(like: Any, rows: int, length: int) -> Any:
    """The same for a matrix of which every row shall begin at a cache line.

    Rows begin an odd number of lines apart. At a power of two they would compete for the same few places in
    the cache.
    """
    if type(like) is not np.ndarray:
        return np.empty_like(like, shape=(rows, length))
    entries = LINE // like.itemsize
    return empty(like, rows, (-(-length // entries) | 1) * entries)[:, :length]


def filled(like: Any, shape: tuple[int, ...], values: Any) -> Any:
    """An array like ``empty`` gives it, holding a copy of ``values``, or zeros for ``None``."""
    array = empty(like, *shape)
    array[...] = 0 if values is None else values
    return array


# -- time -----------------------------------------------------------------------------------------------


def windows(batch_sizes: Sequence[int], reverse: bool) -> list[tuple[int, int]]:
    """First and last row (exclusive) of every time step, in the order in which a layer reads them."""
    rows, start = [], 0
    for size in batch_sizes:
        rows.append((start, start + size))
        start += size
    return rows[::-1] if reverse else rows


# -- operands -------------------------------------------------------------------------------------------


def operands(like: Any, x: Any, state: int, ones: bool) -> Any:
    """The rows (x(t), h(t−1), 1) without the states, which each step fills in before it reads them.

    Args:
        like: of the dtype wanted.
        x: shape (N, I).
        state: the length of h.
        ones: whether there is a 1, for the bias.
    """
    rows, inputs = x.shape
    known = empty_matrix(like, rows, inputs + state + ones)
    known[:, :inputs] = x
    if ones:
        known[:, -1] = 1
    return known


def stacked(like: Any, w_ih: Any, w_hh: Any, biases: Sequence[Any], order: Sequence[int], halved: int) -> Any:
    """(W_ih | W_hh | b_ih + b_hh)ᵀ of every gate, shape (gates, I + P + 1, H).

    Args:
        like: of the dtype wanted.
        w_ih, w_hh: weights of shape (gates · H, I) and (gates · H, P).
        biases: b_ih and b_hh, or none.
        order: which gate of the weights comes first, second ...
        halved: how many of these are multiplied by ½: those with σ(z) = ½ tanh(z/2) + ½, so that one call of
            tanh serves all gates.
    """
    inputs, state = w_ih.shape[1], w_hh.shape[1]
    size = w_hh.shape[0] // len(order)
    weights = empty(like, len(order), inputs + state + bool(biases), size)
    for place, gate in enumerate(order):
        given = slice(gate * size, (gate + 1) * size)
        weights[place, :inputs] = w_ih[given].T
        weights[place, inputs : inputs + state] = w_hh[given].T
        if biases:
            weights[place, -1] = biases[0][given] + biases[1][given]
    weights[:halved] *= 0.5
    return weights


def blocks(like: Any, weight: Any, order: Sequence[int]) -> Any:
    """The weights of every gate, shape (gates, H, columns) out of (gates · H, columns)."""
    size = weight.shape[0] // len(order)
    found = empty(like, len(order), size, weight.shape[1])
    for place, gate in enumerate(order):
        found[place] = weight[gate * size : (gate + 1) * size]
    return found


def unstacked(gradient: Any, order: Sequence[int], part: Any) -> Any:
    """Rows ``part`` of the gradient of ``stacked`` weights, as the gradient of the weights they came from."""
    return np.concatenate([gradient[order.index(gate), part].T for gate in range(len(order))])


def through_blocks(dz: Any, weights: Any) -> Any:
    """The sum over the gates of dz W, shape (N, I), of dz of shape (gates, N, H) and W of (gates, H, I)."""
    total = dz[0] @ weights[0]
    for gate in range(1, len(dz)):
        total += dz[gate] @ weights[gate]
    return total


class Tape:
    """What a forward pass leaves for the backward pass of the same inputs, so that it is not computed twice.

    It belongs to one recorded operation, as an attribute. It is a memo, not a value: a backward pass at
    other inputs finds it void, and computes anew.
    """

    __slots__ = ("_inputs", "_kept")

    def __init__(self) -> None:
        self._inputs: tuple[Any, ...] = ()
        self._kept: Any = None

    def keep(self, inputs: tuple[Any, ...], kept: Any) -> None:
        """Note what was computed from ``inputs``."""
        self._inputs, self._kept = inputs, kept

    def recall(self, inputs: tuple[Any, ...]) -> Any:
        """What was computed from exactly these arrays, or ``None``."""
        same = len(inputs) == len(self._inputs) and all(a is b for a, b in zip(inputs, self._inputs))
        return self._kept if same else None

    @property
    def kept_arrays(self) -> tuple[Any, ...]:
        """The arrays that are kept, for reports of memory."""
        return () if self._kept is None else tuple(self._kept)

    def __repr__(self) -> str:
        return "Tape()"
