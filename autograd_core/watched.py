"""The array that ``tensor.data`` hands out: an ordinary NumPy array that reports when it is written into."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from .errors import explain
from .staleness import last_renewal

# NumPy's functions that write into their first argument.
WRITERS = frozenset({np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal})


class WatchedArray(np.ndarray):
    """A view of a Tensor's value; writing through it is dated, so that a stale gradient can be refused.

    Reading costs what it costs on any array, and the results of computing with it are plain arrays. To
    NumPy's C code the view is read-only: so every way of writing either comes through the methods below,
    which report it, or is refused, and none goes unnoticed.
    """

    _owner: weakref.ref[Any] | None

    def __array_finalize__(self, base: Any) -> None:
        self._owner = getattr(base, "_owner", None)

    def _to_write(self) -> Any:
        """The same memory as a plain array that can be written into, after the write was reported."""
        owner = self._owner() if self._owner is not None else None
        while owner is not None and not np.may_share_memory(self, owner._data):
            change = last_renewal(owner)  # ``x[i] = v`` has made the owner a new node: look at the one before
            owner = None if change is None else change.previous
        plain = self._shared()
        if not plain.flags.writeable:
            raise ValueError(
                explain(
                    "writing into tensor.data",
                    expected="an array that can be written into",
                    got=f"a read-only one of shape {self.shape}",
                    remedy="give the Tensor a new value (t.data = value), or make it with ag.tensor, which copies",
                )
            )
        if owner is not None:
            owner._note_change()
        return plain

    def _shared(self) -> Any:
        """The same memory as a plain array, which can be written into if the Tensor's value can."""
        plain = self.view(np.ndarray)
        with suppress(ValueError):
            plain.flags.writeable = True
        return plain

    def __setitem__(self, index: Any, value: Any) -> None:
        self._to_write()[index] = value

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(hasattr(type(array), "__record_operation__") for array in inputs):
            return NotImplemented  # the Tensor sees to it, and comes back with arrays alone
        outputs = kwargs.get("out", ())
        if outputs:
            kwargs["out"] = tuple(_to_write(array) for array in outputs)
        elif method == "at":
            inputs = (_to_write(inputs[0]), *inputs[1:])
        result = getattr(ufunc, method)(*(_plain(array) for array in inputs), **kwargs)
        # ``a += b`` must leave the watched array in ``a``.
        return outputs[0] if len(outputs) == 1 else result

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        if function in WRITERS:
            args = tuple(_to_write(array) if position == 0 else array for position, array in enumerate(args))
            kwargs = {key: _to_write(value) if key in ("a", "arr", "dst") else value for key, value in kwargs.items()}
        if isinstance(kwargs.get("out"), WatchedArray):
            kwargs = {**kwargs, "out": kwargs["out"]._to_write()}
        result = super().__array_function__(function, types, args, kwargs)
        return _plain(result)

    def fill(self, value: Any) -> None:
        self._to_write().fill(value)

    def sort(self, *args: Any, **kwargs: Any) -> None:
        self._to_write().sort(*args, **kwargs)

    def partition(self, *args: Any, **kwargs: Any) -> None:
        self._to_write().partition(*args, **kwargs)

    def put(self, *args: Any, **kwargs: Any) -> None:
        self._to_write().put(*args, **kwargs)

    def copy(self, order: Any = "C") -> Any:
        return self.view(np.ndarray).copy(order)

    def __reduce__(self) -> Any:
        return self.view(np.ndarray).__reduce__()

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))


def _to_write(value: Any) -> Any:
    return value._to_write() if isinstance(value, WatchedArray) else value


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, WatchedArray) else value


def watch(array: Any, owner: Any) -> Any:
    """``array`` as a view that reports writes to the Tensor ``owner``; scalars are immutable and stay."""
    if type(array) is not np.ndarray:
        return array
    view = array.view(WatchedArray)
    view._owner = weakref.ref(owner)
    view.flags.writeable = False
    return view
