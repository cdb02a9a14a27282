"""Indexing."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Array, define

__all__ = []


def _put(g: Any, shape: Any, index: Any) -> Any:
    full = np.zeros_like(g, shape=shape)
    np.add.at(full, index, g)
    return full


_getitem = define("getitem", lambda x, index: x[index], lambda g, out, x, index: _scatter(g, shape=x.shape, index=index), formulas="1")
_scatter = define("scatter", _put, lambda g, out, x, shape, index: _getitem(g, index=index), formulas="1")


def getitem(x: Array, index: Any) -> Array:
    return _getitem(x, index=index)


def index_set(x: Array, index: Any, value: Any) -> Array:
    raise NotImplementedError


class At:
    def __init__(self, x: Array) -> None:
        self._x = x
