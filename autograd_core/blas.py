"""Matrix products on threads of our own.

The library behind NumPy's matrix product shares one large product out over its threads. For many products of
middling size that costs more than it brings: for each of them it hands out work and waits until all is done. These
are better shared out whole, every thread computing some of them on its own; then each also finds what it has just
prepared in its own cache. On two cores that took a quarter off a convolution.

It works only if the library's own threads sleep. After each product that it shared out, those of OpenBLAS stay awake
for some hundredths of a second, ask for work again and again, and take the processors from ours. So what is computed
here is always computed with one thread per product, even where it is too small to be shared out.

This can be done with OpenBLAS, which NumPy's wheels bring along. Elsewhere, and where there are more cores than we
have threads for, products stay as they are.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from . import blocks


class _Library(NamedTuple):
    get: Callable[[], int]
    set: Callable[[int], None]


_lock = Lock()
_holders = 0  # how many threads are in ``one_thread`` now
_before = 1  # how many threads products had before the first of them


@lru_cache(maxsize=1)
def _library() -> _Library | None:
    """The functions of OpenBLAS that NumPy was linked with, or ``None``."""
    try:  # the symbols of NumPy's core include those of the libraries that it was linked with
        library = ctypes.CDLL(np._core._multiarray_umath.__file__)
    except (AttributeError, OSError):
        return None
    for prefix, suffix in (("scipy_", "64_"), ("scipy_", ""), ("", "64_"), ("", "")):
        get = getattr(library, f"{prefix}openblas_get_num_threads{suffix}", None)
        set_ = getattr(library, f"{prefix}openblas_set_num_threads{suffix}", None)
        if get is not None and set_ is not None:
            get.argtypes, get.restype = (), ctypes.c_int
            set_.argtypes, set_.restype = (ctypes.c_int,), None
            return _Library(get, set_)
    return None


def _after_fork() -> None:
    """In a forked process only the thread that forked goes on; those that were in ``one_thread`` never leave it."""
    global _holders
    library = _library()
    if _holders and library is not None:
        library.set(_before)
    _holders = 0
    _lock.release()


if hasattr(os, "register_at_fork"):  # a forked process must not inherit it locked: who would open it there?
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_after_fork)


def threads() -> int:
    """How many threads a matrix product runs on, as far as that can be known and changed; otherwise 1."""
    library = _library()
    if library is None:
        return 1
    with _lock:
        return _before if _holders else library.get()


class one_thread:
    """Within this context every matrix product runs on the thread that asks for it."""

    def __enter__(self) -> None:
        global _holders, _before
        library = _library()
        if library is None:
            return
        with _lock:
            if not _holders:
                _before = library.get()
                library.set(1)
            _holders += 1

    def __exit__(self, *exception: object) -> None:
        global _holders
        library = _library()
        if library is None:
            return
        with _lock:
            _holders -= 1
            if not _holders:
                library.set(_before)


def in_stretches(work: Callable[[int, int], Any], start: int, stop: int, least: int = 1) -> list[Any]:
    """``work(low, high)`` for a stretch of the numbers from ``start`` to ``stop`` on each thread.

    Args:
        work: computes something for the numbers from ``low`` to ``high`` by matrix products, which run on its thread.
        start, stop: which numbers.
        least: the length of the shortest stretch that pays.

    Returns:
        The results in order. Where the stretches would be too short, or products run on one thread or on more than
        there are for elementwise work, ``work`` is called once.
    """
    parts, count = threads(), stop - start
    if parts < 2 or parts > blocks._workers():
        return [work(start, stop)]
    with one_thread():
        if count < parts * least:
            return [work(start, stop)]
        bounds = [start + count * part // parts for part in range(parts + 1)]
        results: list[Any] = [None] * parts

        def run(part: int) -> None:
            results[part] = work(bounds[part], bounds[part + 1])

        blocks.work_off(range(parts), run)
        return results
