"""Memory for large results, kept and used again.

A new array of many megabytes is given to the process page by page while it is written for the first
time, and taken back when it is freed; for elementwise work that costs several times the arithmetic. So
the buffers of large results are kept here, and handed out again as soon as nothing refers to them.

A buffer is free when the list below holds the only reference to it: every array that lies in it, and
every view of such an array, refers to the buffer as its base.
"""

from __future__ import annotations

import math
import sys
from threading import Lock
from typing import Any

import numpy as np

KEEP = 1 << 29  # bytes that are kept at most; beyond them arrays come and go as usual

_lock = Lock()
_buffers: dict[int, list[Any]] = {}  # size in bytes -> buffers, in use or free
_identities: set[int] = set()
_held = 0

# References to a free buffer: its list, the variable that walks over the list, and getrefcount's argument.
_FREE = 3


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """An array like ``np.empty(shape, dtype)``, in memory that was used before where there is some."""
    global _held
    size = math.prod(shape) * dtype.itemsize
    with _lock:
        for buffer in _buffers.get(size, ()):
            if sys.getrefcount(buffer) == _FREE:
                return np.ndarray(shape, dtype, buffer=buffer)
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
    # References to a base of one array: the array, the variable here, getrefcount's argument, a list here.
    return sys.getrefcount(base) > (4 if id(base) in _identities else 3)


def release_memory() -> int:
    """Give the buffers that are kept for large results, and not in use, back to the system.

    Returns:
        How many bytes were given back.

    >>> import autograd_core as ag
    >>> freed = ag.release_memory()
    >>> ag.release_memory()
    0
    """
    global _held
    freed = 0
    with _lock:
        for size, buffers in list(_buffers.items()):
            kept = []
            while buffers:
                buffer = buffers.pop()
                if sys.getrefcount(buffer) > _FREE - 1:
                    kept.append(buffer)
                else:
                    _identities.discard(id(buffer))
                    freed += size
            if kept:
                _buffers[size] = kept
            else:
                del _buffers[size]
        _held -= freed
    return freed
