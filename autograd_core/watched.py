"""The array that ``tensor.data`` hands out: an ordinary NumPy array that reports when it is written into."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import explain
from .staleness import last_renewal, of_one_memory, share_memory

# NumPy's functions that write into their first argument.
WRITERS = frozenset({np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal})


class WatchedArray(np.ndarray):
    """A view of a Tensor's value; writing through it is dated, so that a stale gradient can be refused.

    Reading costs what it costs on any array, and the results of computing with it are plain arrays. To
    NumPy's C code the view is read-only: so every way of writing either comes through the methods below,
    which report it, or is refused, and none goes unnoticed.
    """

    _owners: tuple[weakref.ref[Any], ...]
    _writable: bool

    def __array_finalize__(self, base: Any) -> None:
        self._owners = getattr(base, "_owners", ())
        self._writable = getattr(base, "_writable", True)

    def owners(self) -> list[Any]:
        """The Tensors whose memory this is, as far as they are still used."""
        found = []
        for reference in self._owners:
            owner = reference()
            while owner is not None and not share_memory(self, owner._data):
                change = last_renewal(owner)  # ``x[i] = v`` has made it a new node: look at the one before
                owner = None if change is None else change.previous
            if owner is not None:
                found.append(owner)
        return found

    def _to_write(self) -> Any:
        """The same memory as a plain array that can be written into, after the write was reported."""
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
        for owner in self.owners():
            owner._note_change(plain)
        return plain

    def _shared(self) -> Any:
        """The same memory as a plain array, which can be written into if the Tensor's value can."""
        plain = self.view(np.ndarray)
        if self._writable:
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
    # A view may outlive its Tensor (``x.reshape(2, 2).data[0] = v``), so the Tensors below count as well.
    alone = array.base is None and not hasattr(owner, "_aliases")
    view._owners = tuple(map(weakref.ref, (owner,) if alone else of_one_memory(owner, array)))
    view._writable = array.flags.writeable
    view.flags.writeable = False
    return view
