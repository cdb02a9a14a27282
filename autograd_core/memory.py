"""Memory for large results, kept and used again.

A new array of many megabytes is given to the process page by page while it is written for the first
time, and taken back when it is freed; for elementwise work that costs several times the arithmetic. So
the buffers of large results are kept here, and handed out again as soon as nothing refers to them.

A buffer is free when the list below holds the only reference to it: every array that lies in it, and
every view of such an array, refers to the buffer as its base.
"""

from __future__ import annotations

import math
import os
import sys
from threading import Lock
from typing import Any

import numpy as np

KEEP = 1 << 29  # bytes that are kept at most; beyond them arrays come and go as usual

# The GNU C library gives freed memory back to the system at once, page by page, and fetches it again for the next
# temporary, unless it has seen an array of such a size being freed: then it keeps as much. So one is freed here.
# It is never written to, so it costs nothing.
np.empty(1 << 24, np.uint8)

_lock = Lock()
if hasattr(os, "register_at_fork"):  # a forked process must not inherit it locked: who would open it there?
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)
_buffers: dict[int, list[Any]] = {}  # size in bytes -> buffers, in use or free
_identities: set[int] = set()
_held = 0


def _unused(buffers: Any, references: int) -> Any:
    """The first of ``buffers`` with no more than ``references``, or ``None``."""
    for buffer in buffers:
        if sys.getrefcount(buffer) <= references:
            return buffer
    return None


# References to a free buffer: its list, the variable above, and the argument of getrefcount, which Python 3.14
# does not count. So they are counted here, by the same code.
_FREE = next(count for count in range(1, 9) if _unused([np.empty(1, np.uint8)], count) is not None)


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """An array like ``np.empty(shape, dtype)``, in memory that was used before where there is some."""
    global _held
    size = math.prod(shape) * dtype.itemsize
    with _lock:
        buffer = _unused(_buffers.get(size, ()), _FREE)
        if buffer is not None:
            return np.ndarray(shape, dtype, buffer=buffer)
        if _held + size > KEEP:
            _drop(_held + size - KEEP)
        if _held + size > KEEP:
            return np.empty(shape, dtype)
        buffer = np.empty(size, np.uint8)
        _held += size
        _buffers.setdefault(size, []).append(buffer)
        _identities.add(id(buffer))
        return np.ndarray(shape, dtype, buffer=buffer)


def is_shared(array: Any) -> bool:
    """Whether other arrays lie in the memory of ``array``, as far as its base can tell."""
    base = array.base
    if base is None:
        return False
    # References to a base of one array: as to a free buffer, with the array in place of the list, or beside it.
    return sys.getrefcount(base) > (_FREE + 1 if id(base) in _identities else _FREE)


def release_memory() -> int:
    """Give the buffers that are kept for large results, and not in use, back to the system.

    Returns:
        How many bytes were given back.

    >>> import autograd_core as ag
    >>> freed = ag.release_memory()
    >>> ag.release_memory()
    0
    """
    with _lock:
        return _drop(KEEP)


def _drop(wanted: int) -> int:
    """Give free buffers back until it is ``wanted`` bytes, or all of them. Returns how many bytes it was."""
    global _held
    freed = 0
    for size, buffers in list(_buffers.items()):
        while freed < wanted:
            buffer = _unused(buffers, _FREE)
            if buffer is None:
                break
            _identities.discard(id(buffer))
            buffers[:] = [other for other in buffers if other is not buffer]
            freed += size
        if not buffers:
            del _buffers[size]
    _held -= freed
    return freed
