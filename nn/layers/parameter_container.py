"""Modules that hold parameters in a list or by name."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from ..module import Module
from ..module_errors import check_name, did_you_mean
from ..parameter import Parameter
from .container import pairs

__all__ = ["ParameterDict", "ParameterList"]


class _Holder(Module):
    """Values under names: Tensors and floating-point arrays as parameters, everything else as it is."""

    def _put(self, name: str, value: Any, known: bool) -> None:
        is_array = isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fc"
        if not isinstance(value, Parameter) and (isinstance(value, Tensor) or is_array):
            value = Parameter(value)
        if isinstance(value, Parameter) and name in self._parameters:
            self._parameters[name] = value
            return
        if known:
            delattr(self, name)
        if isinstance(value, Parameter):
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            self.register_module(name, value)
        else:
            check_name(self, name, "value", free=True)
            object.__setattr__(self, name, value)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """A container of parameters is not called.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            explain(
                type(self).__name__,
                expected="that its entries are used",
                got="a call of the container",
                remedy="take an entry by its index or name",
            )
        )

    @staticmethod
    def _line(name: Any, value: Any) -> str:
        if isinstance(value, Tensor):
            return f"({name}): {type(value).__name__} of shape {value.shape}, {value.dtype}"
        return f"({name}): {value!r}"


class ParameterList(_Holder):
    """A list of parameters that a module finds. Tensors and arrays of floats become parameters.

    Args:
        values: what to put in.

    >>> import nn
    >>> weights = nn.ParameterList([nn.Parameter([1.0, 2.0]), nn.Parameter([3.0])])
    >>> weights.append(nn.Parameter([4.0]))
    ParameterList(
      (0): Parameter of shape (2,), float32
      (1): Parameter of shape (1,), float32
      (2): Parameter of shape (1,), float32
    )
    >>> weights[-1].tolist(), len(weights)
    ([4.0], 3)
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def _name(self, index: Any) -> str:
        position = operator.index(index)
        if not -self._size <= position < self._size:
            raise IndexError(
                explain(
                    f"ParameterList[{position}]",
                    expected=f"an index from {-self._size} to {self._size - 1}",
                    got=str(position),
                    remedy="count the values with len()",
                )
            )
        return str(position % self._size)

    def append(self, value: Any) -> Self:
        """Add a value at the end and return the list."""
        self._put(str(self._size), value, known=False)
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add values at the end and return the list.

        Raises:
            TypeError: if ``values`` is a single Tensor, or nothing that can be looped over.
        """
        if not isinstance(values, Iterable) or isinstance(values, Tensor | np.ndarray):
            raise TypeError(
                explain(
                    "ParameterList",
                    expected="a list or another iterable of parameters",
                    got=type(values).__name__,
                    remedy="put it into a list, or use append",
                )
            )
        for value in list(values):
            self.append(value)
        return self

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, str(position)) for position in range(self._size))

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return ParameterList(list(self)[index])
        return getattr(self, self._name(index))

    def __setitem__(self, index: int, value: Any) -> None:
        self._put(self._name(index), value, known=True)

    def __iadd__(self, values: Iterable[Any]) -> Self:
        return self.extend(values)

    def extra_repr(self) -> str:
        """The values, one a line."""
        lines = [self._line(position, value) for position, value in enumerate(self)]
        return "\n".join(lines)

    def _text(self, children: list[tuple[str, str]]) -> str:
        return _text_of(self)


class ParameterDict(_Holder):
    """Parameters by name that a module finds. Tensors and arrays of floats become parameters.

    Args:
        parameters: a mapping from names to values, or pairs of them.

    >>> import nn
    >>> parameters = nn.ParameterDict({"scale": nn.Parameter([1.0]), "shift": [0.0]})
    >>> parameters["scale"].tolist(), "shift" in parameters, [name for name, _ in parameters.named_parameters()]
    ([1.0], True, ['scale'])
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(f"ParameterDict has no entry {key!r}.{did_you_mean(str(key), self._keys)}")
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(
                explain("ParameterDict", expected="names as keys", got=repr(key), remedy=f"use {str(key)!r}")
            )
        self._put(key, value, known=key in self._keys)
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        self[key]
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self._keys))

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __or__(self, other: Any) -> ParameterDict:
        joined = self.copy()
        joined.update(other)
        return joined

    def __ror__(self, other: Any) -> ParameterDict:
        joined = ParameterDict(other)
        joined.update(self)
        return joined

    def __ior__(self, other: Any) -> Self:
        self.update(other)
        return self

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._keys.keys()

    def values(self) -> Iterable[Any]:
        """The values."""
        return [getattr(self, key) for key in self._keys]

    def items(self) -> Iterable[tuple[str, Any]]:
        """The pairs of name and value."""
        return [(key, getattr(self, key)) for key in self._keys]

    def get(self, key: str, default: Any = None) -> Any:
        """The value of that name, or ``default``."""
        return getattr(self, key) if key in self._keys else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of that name; ``default`` is entered if there is none."""
        if key not in self._keys:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:
        """Take a value out and return it."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take the last pair out and return it."""
        if not self._keys:
            raise KeyError("ParameterDict is empty")
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def clear(self) -> None:
        """Take everything out."""
        for key in list(self._keys):
            del self[key]

    def copy(self) -> ParameterDict:
        """A new dict of the same parameters."""
        return ParameterDict(self)

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A new dict with ``default`` under each of ``keys``."""
        return ParameterDict(dict.fromkeys(keys, default))

    def update(self, parameters: Any) -> None:
        """Enter the values of a mapping, or of pairs of name and value; equal names are replaced."""
        for key, value in pairs(self, parameters):
            self[key] = value

    def extra_repr(self) -> str:
        """The entries, one a line."""
        return "\n".join(self._line(key, value) for key, value in self.items())

    def _text(self, children: list[tuple[str, str]]) -> str:
        return _text_of(self)


def _text_of(holder: Module) -> str:
    lines = "".join(f"  {line}\n" for line in holder.extra_repr().splitlines())
    return f"{type(holder).__name__}(" + ("\n" + lines if lines else "") + ")"
