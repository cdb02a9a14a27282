"""Elementwise work of several steps on large arrays, in cache-sized blocks on two threads.

An expression such as ``g * (1 - out * out)`` makes a temporary array per step. On arrays that do not fit
into the cache each of these travels to main memory and back, which takes longer than the arithmetic. Run
on blocks, the temporaries stay in the cache and only inputs and result travel. NumPy lets go of the
interpreter lock while it computes, so blocks run on several threads at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache
from typing import Any

import numpy as np

LARGE = 1 << 17  # elements from which on blocks pay
BLOCK = 1 << 14


def in_blocks(function: Callable[..., Any], arrays: Sequence[Any]) -> Any:
    """``function(*arrays)`` for an elementwise function, block by block.

    Args:
        function: computes entry i of its result from entry i of its arguments, for whatever length.
        arrays: arrays of one shape, or numbers.

    Returns:
        What ``function(*arrays)`` returns. Where the arrays are not contiguous arrays of one shape and one
        memory order, that is how it is computed.
    """
    large = [a for a in arrays if type(a) is np.ndarray and a.ndim]
    first = large[0] if large else None
    if first is None or any(a.shape != first.shape or not a.flags.c_contiguous for a in large):
        return function(*arrays)
    flat = [a.reshape(-1) if type(a) is np.ndarray and a.ndim else a for a in arrays]
    size = flat[next(i for i, a in enumerate(arrays) if a is first)].size
    start = min(BLOCK, size)
    begin = function(*_slices(flat, 0, start))
    out = np.empty(first.shape, dtype=begin.dtype)
    result = out.reshape(-1)
    result[:start] = begin

    def work(begin: int, end: int) -> None:
        for low in range(begin, end, BLOCK):
            high = min(low + BLOCK, end)
            result[low:high] = function(*_slices(flat, low, high))

    workers = _workers()
    if workers == 1:
        work(start, size)
        return out
    share = -(-(size - start) // workers // BLOCK) * BLOCK
    bounds = [min(start + share * i, size) for i in range(workers)] + [size]
    # NumPy's error settings are part of the context: the threads work under those of this one.
    others = [
        _pool().submit(copy_context().run, work, low, high) for low, high in zip(bounds[1:], bounds[2:]) if low < high
    ]
    work(bounds[0], bounds[1])
    for other in others:
        other.result()
    return out


def _slices(flat: Sequence[Any], low: int, high: int) -> list[Any]:
    return [a[low:high] if type(a) is np.ndarray and a.ndim else a for a in flat]


@lru_cache(maxsize=1)
def _workers() -> int:
    return max(1, min(4, os.cpu_count() or 1))


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_workers() - 1 or 1, thread_name_prefix="autograd-blocks")
