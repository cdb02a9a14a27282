"""The array that ``tensor.data`` hands out: an ordinary NumPy array that reports when it is written into."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

# NumPy's functions that write into their first argument.
_WRITERS = frozenset({np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal})


class WatchedArray(np.ndarray):
    """A view of a Tensor's value; writing through it is dated, so that a stale gradient can be refused.

    Reading costs what it costs on any array, and the results of computing with it are plain arrays.
    """

    _owner: weakref.ref[Any] | None

    def __array_finalize__(self, base: Any) -> None:
        self._owner = getattr(base, "_owner", None)

    def _written(self) -> None:
        """Tell the Tensor, unless this array is a copy and writing into it changes nothing else."""
        owner = self._owner() if self._owner is not None else None
        if owner is not None and np.may_share_memory(self, owner._data):
            owner._note_change()

    def __setitem__(self, index: Any, value: Any) -> None:
        self._written()
        self.view(np.ndarray)[index] = value

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        outputs = kwargs.get("out", ())
        for array in outputs if outputs else inputs[:1] if method == "at" else ():
            if isinstance(array, WatchedArray):
                array._written()
        if outputs:
            kwargs["out"] = tuple(_plain(array) for array in outputs)
        result = getattr(ufunc, method)(*(_plain(array) for array in inputs), **kwargs)
        # ``a += b`` must leave the watched array in ``a``.
        return outputs[0] if len(outputs) == 1 else result

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        if function in _WRITERS and args and isinstance(args[0], WatchedArray):
            args[0]._written()
            args = (_plain(args[0]), *args[1:])
        result = super().__array_function__(function, types, args, kwargs)
        return _plain(result)

    def fill(self, value: Any) -> None:
        self._written()
        super().fill(value)

    def sort(self, *args: Any, **kwargs: Any) -> None:
        self._written()
        super().sort(*args, **kwargs)

    def partition(self, *args: Any, **kwargs: Any) -> None:
        self._written()
        super().partition(*args, **kwargs)

    def put(self, *args: Any, **kwargs: Any) -> None:
        self._written()
        super().put(*args, **kwargs)

    def copy(self, order: Any = "C") -> Any:
        return self.view(np.ndarray).copy(order)

    def __reduce__(self) -> Any:
        return self.view(np.ndarray).__reduce__()

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, WatchedArray) else value


def watch(array: Any, owner: Any) -> Any:
    """``array`` as a view that reports writes to the Tensor ``owner``; scalars are immutable and stay."""
    if type(array) is not np.ndarray:
        return array
    view = array.view(WatchedArray)
    view._owner = weakref.ref(owner)
    return view
