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
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache
from typing import Any

import numpy as np

from . import memory

LARGE = 1 << 18  # elements from which on blocks pay
BLOCK = 1 << 19  # bytes of one array; a few of them fit into a second-level cache


# What an operator computes on arrays, as a function that can write its result where it is told to.
_UFUNCS = {
    operator.add: np.add,
    operator.sub: np.subtract,
    operator.mul: np.multiply,
    operator.truediv: np.divide,
    operator.neg: np.negative,
}


def in_blocks(function: Callable[..., Any], arrays: Sequence[Any]) -> tuple[Any, bool]:
    """``function(*arrays)`` for an elementwise function, block by block.

    Args:
        function: computes entry i of its result from entry i of its arguments, for whatever length.
        arrays: arrays of one shape, or numbers.

    Returns:
        What ``function(*arrays)`` returns, and whether it is a new array that nothing else refers to. Where
        the arrays are not contiguous arrays of one shape and one memory order, or the function hands on an
        argument, it is called once.
    """
    order = _memory_order(arrays)
    if order is not None:
        out, new = in_blocks(function, _transposed(arrays, order))
        return (
            (out.transpose(sorted(range(out.ndim), key=order.__getitem__)), True) if new else (function(*arrays), False)
        )
    cut = _cut(arrays)
    if cut is None:
        return function(*arrays), False
    flat, shape, size, block = cut
    start = min(block, size)
    first = function(*_slices(flat, 0, start))
    if type(first) is not np.ndarray or first.shape != (start,) or first.base is not None:
        return function(*arrays), False
    out = memory.empty(shape, first.dtype)
    result = out.reshape(-1)
    result[:start] = first
    ufunc = function if isinstance(function, np.ufunc) else _UFUNCS.get(function)

    def work(low: int, high: int) -> None:
        if ufunc is None:
            result[low:high] = function(*_slices(flat, low, high))
        else:
            ufunc(*_slices(flat, low, high), out=result[low:high])

    share_out(work, start, size, block)
    return out, True


def add_in_blocks(functions: Sequence[Callable[..., Any]], arrays: Sequence[Any], total: Any) -> bool:
    """``total += function(*arrays)`` for each of some elementwise functions, block by block.

    Returns:
        Whether it was done. If not, ``total`` is unchanged.
    """
    order = _memory_order((*arrays, total))
    if order is not None:
        return add_in_blocks(functions, _transposed(arrays, order), total.transpose(order))
    cut = _cut(arrays)
    if cut is None or type(total) is not np.ndarray or not total.flags.c_contiguous:
        return False
    flat, shape, size, block = cut
    start = min(block, size)
    first = [function(*_slices(flat, 0, start)) for function in functions]
    if shape != total.shape or any(part.shape != (start,) or part.dtype != total.dtype for part in first):
        return False
    result = total.reshape(-1)
    for part in first:
        result[:start] += part

    def work(low: int, high: int) -> None:
        for function in functions:
            result[low:high] += function(*_slices(flat, low, high))

    share_out(work, start, size, block)
    return True


def _memory_order(arrays: Sequence[Any]) -> list[int] | None:
    """The axes as they lie in memory, if not in their own order, and alike in all arrays, without gaps.

    Results of convolutions lie so: a view of an array whose axes stand in another order.
    """
    inside = [a for a in arrays if type(a) is np.ndarray and a.ndim]
    if not inside or inside[0].ndim < 2 or inside[0].flags.c_contiguous:
        return None
    strides = inside[0].strides
    order = sorted(range(len(strides)), key=lambda axis: -strides[axis])
    if order == list(range(len(order))) or any(a.strides != strides or a.shape != inside[0].shape for a in inside):
        return None
    return order if inside[0].transpose(order).flags.c_contiguous else None


def _transposed(arrays: Sequence[Any], order: list[int]) -> list[Any]:
    return [a.transpose(order) if type(a) is np.ndarray and a.ndim else a for a in arrays]


def _cut(arrays: Sequence[Any]) -> tuple[list[Any], tuple[int, ...], int, int] | None:
    """The arrays as rows, their common shape, size and block length; ``None`` if they cannot be cut."""
    flat = [_flat(a) for a in arrays]
    rows = [a for a in flat if type(a) is np.ndarray and a.ndim]
    shapes = {a.shape for a in arrays if type(a) is np.ndarray and a.ndim}
    if not rows or len(shapes) != 1 or any(a is None for a in flat):
        return None
    return flat, shapes.pop(), rows[0].size, max(1, BLOCK // rows[0].itemsize)


def share_out(work: Callable[[int, int], None], start: int, size: int, block: int) -> None:
    """``work(low, high)`` for the blocks from ``start`` to ``size``, on all threads."""

    def stretch(begin: int, end: int) -> None:
        for low in range(begin, end, block):
            work(low, min(low + block, end))

    workers = _workers()
    share = -(-(size - start) // workers // block) * block
    bounds = [min(start + share * i, size) for i in range(workers)] + [size]
    # NumPy's error settings are part of the context: the threads work under those of this one.
    others = [
        _pool().submit(copy_context().run, stretch, low, high)
        for low, high in itertools.pairwise(bounds[1:])
        if low < high
    ]
    try:
        stretch(bounds[0], bounds[1])
    finally:
        for other in others:
            other.exception()  # wait for all, so that nothing is written after an error
    for other in others:
        other.result()


def work_off(tasks: Iterable[Any], work: Callable[[Any], None]) -> None:
    """``work(task)`` for every task on all threads, each taking the next one that nobody has taken yet.

    A thread that comes late, because the processors are busy with something else, holds up nobody.
    """
    waiting = iter(tuple(tasks))

    def help_out() -> None:
        for task in waiting:
            work(task)

    others = [_pool().submit(copy_context().run, help_out) for _ in range(_workers() - 1)]
    try:
        help_out()
    finally:
        started = [other for other in others if not other.cancel()]
        for other in started:
            other.exception()  # wait for all, so that nothing is written after an error
    for other in started:
        other.result()


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
