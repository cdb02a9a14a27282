"""Elementwise work on large arrays, in cache-sized blocks on several threads.

An expression such as ``g * (1 - out * out)`` makes a temporary array per step. On arrays that do not fit
into the cache each of these travels to main memory and back, which takes longer than the arithmetic. Run
on blocks, the temporaries stay in the cache and only inputs and result travel. NumPy lets go of the
interpreter lock while it computes, so blocks run on several threads at once. Results lie in memory that
is used again (see ``memory``).
"""

from __future__ import annotations

import itertools
import operator
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache
from typing import Any

import numpy as np

from . import memory

LARGE = 1 << 18  # elements from which on blocks pay
BLOCK = 1 << 19  # bytes of one array; a few of them fit into a second-level cache


def in_blocks(function: Callable[..., Any], arrays: Sequence[Any]) -> Any:
    """``function(*arrays)`` for an elementwise function, block by block.

    Args:
        function: computes entry i of its result from entry i of its arguments, for whatever length.
        arrays: arrays of one shape, or numbers.

    Returns:
        What ``function(*arrays)`` returns. Where the arrays are not contiguous arrays of one shape and one
        memory order, that is how it is computed.
    """
    flat = [_flat(a) for a in arrays]
    large = [i for i, a in enumerate(flat) if type(a) is np.ndarray and a.ndim]
    shapes = {a.shape for a in arrays if type(a) is np.ndarray and a.ndim}
    if not large or len(shapes) != 1 or any(a is None for a in flat):
        return function(*arrays)
    (shape,) = shapes
    size = flat[large[0]].size
    block = max(1, BLOCK // flat[large[0]].itemsize)
    start = min(block, size)
    first = function(*_slices(flat, 0, start))
    if type(first) is not np.ndarray or first.shape != (start,) or first.base is not None:
        return function(*arrays)  # it passes on its argument as it is, or gives one number
    out = memory.empty(shape, first.dtype)
    result = out.reshape(-1)
    result[:start] = first

    def work(begin: int, end: int) -> None:
        for low in range(begin, end, block):
            high = min(low + block, end)
            result[low:high] = function(*_slices(flat, low, high))

    workers = _workers()
    share = -(-(size - start) // workers // block) * block
    bounds = [min(start + share * i, size) for i in range(workers)] + [size]
    # NumPy's error settings are part of the context: the threads work under those of this one.
    others = [
        _pool().submit(copy_context().run, work, low, high) for low, high in itertools.pairwise(bounds) if low < high
    ]
    work(bounds[0], bounds[1])
    for other in others:
        other.result()
    return out


def add(a: Any, b: Any) -> Any:
    """``a + b`` for two gradients of one node."""
    return in_blocks(operator.add, (a, b)) if type(a) is np.ndarray and a.size > LARGE else a + b


def _flat(a: Any) -> Any:
    """An array as one row; one number repeated as that number; ``None`` where it cannot be cut into blocks."""
    if type(a) is not np.ndarray or a.ndim == 0:
        return a
    if a.flags.c_contiguous:
        return a.reshape(-1)
    return a[(0,) * a.ndim] if not any(a.strides) else None


def _slices(flat: Sequence[Any], low: int, high: int) -> list[Any]:
    return [a[low:high] if type(a) is np.ndarray and a.ndim else a for a in flat]


@lru_cache(maxsize=1)
def _workers() -> int:
    return max(1, min(4, os.cpu_count() or 1))


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, _workers() - 1), thread_name_prefix="autograd-blocks")


if hasattr(os, "register_at_fork"):  # a forked process has the pool, but none of its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
