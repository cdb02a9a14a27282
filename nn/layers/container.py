"""Modules that hold modules or parameters."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from ..module import Module
from ..module_errors import did_you_mean

__all__ = ["ModuleDict", "ModuleList", "Sequential"]


class _Sequence(Module):
    """Modules in an order, under the names "0", "1" ...: what Sequential and ModuleList have in common."""

    def _name(self, index: Any) -> str:
        """The name of the module at ``index``, which may count from the end."""
        position = operator.index(index)
        if not -len(self) <= position < len(self):
            raise IndexError(
                explain(
                    f"{type(self).__name__}[{position}]",
                    expected=f"an index from {-len(self)} to {len(self) - 1}",
                    got=str(position),
                    remedy="count the modules with len()",
                )
            )
        return list(self._modules)[position]

    def _rename(self, modules: Iterable[Any]) -> None:
        """Hold these modules and no others, numbered from 0."""
        modules = list(modules)
        self._modules.clear()
        for position, module in enumerate(modules):
            self._modules[str(position)] = module

    def _checked(self, modules: Any) -> list[Any]:
        """``modules`` as a list of modules; nothing is entered unless all of them are."""
        if isinstance(modules, Module) and not isinstance(modules, _Sequence):
            raise TypeError(self._complaint("an iterable of modules", modules, "put it into a list, or use append"))
        found = list(modules)
        for module in found:
            if not isinstance(module, Module):
                raise TypeError(self._complaint("modules", module, "make instances of nn.Module"))
        return found

    def _complaint(self, expected: str, got: Any, remedy: str) -> str:
        what = f"the class {got.__name__}" if isinstance(got, type) else type(got).__name__
        return explain(type(self).__name__, expected=expected, got=what, remedy=remedy)

    def append(self, module: Module) -> Self:
        """Add a module at the end and return the container."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end and return the container."""
        for module in self._checked(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Put a module in before ``index`` and return the container; those behind it get new numbers."""
        if not -len(self) <= index <= len(self):
            raise IndexError(
                explain(
                    f"{type(self).__name__}.insert",
                    expected=f"an index from {-len(self)} to {len(self)}",
                    got=str(index),
                    remedy="use append to add at the end",
                )
            )
        modules = list(self._modules.values())
        modules[index:index] = self._checked([module])
        self._rename(modules)
        return self

    def pop(self, key: int | slice = -1) -> Any:
        """Take the module at ``key`` out and return it; those behind it get new numbers."""
        found = self.__getitem__(key)
        del self[key]
        return found

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def __setitem__(self, index: int, module: Module) -> None:
        self._modules[self._name(index)] = self._checked([module])[0]

    def __delitem__(self, index: int | slice) -> None:
        names = list(self._modules)[index] if isinstance(index, slice) else [self._name(index)]
        for name in names:
            del self._modules[name]
        self._rename(self._modules.values())

    def __iadd__(self, other: Iterable[Module]) -> Self:
        return self.extend(other)


class Sequential(_Sequence):
    """Modules one after the other: the output of each is the input of the next.

    Args:
        args: the modules, or one dict of names and modules.

    >>> import nn
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> net([[1.0, 2.0]]).shape, len(net)
    ((1, 1), 3)
    >>> net[:2] + nn.Sequential(nn.Tanh())
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
      (2): Tanh()
    )
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], dict):
            for name, module in args[0].items():
                self.add_module(name, module)
            return
        if len(args) == 1 and not isinstance(args[0], Module) and isinstance(args[0], Iterable):
            raise TypeError(self._complaint("modules", args[0], "unpack it: nn.Sequential(*modules)"))
        for position, module in enumerate(args):
            self.add_module(str(position), module)

    def forward(self, input: Any) -> Any:
        """Pass the input through all modules in order.

        An array or a list of floats is converted to the dtype of the parameters first, since modules without
        parameters may stand in front.
        """
        if not isinstance(input, Tensor):
            input = self._converted(input)
        for module in self._modules.values():
            input = module(input)
        return input

    def _converted(self, input: Any) -> Any:
        probe = input
        while isinstance(probe, list) and probe:
            probe = probe[0]
        if not isinstance(probe, np.ndarray | np.generic | float | int):
            return input
        try:
            values = np.asarray(input)
        except ValueError:  # lists of different lengths, of which the first module complains
            return input
        dtype = next((p.dtype for p in self.parameters()), None)
        return Tensor(values.astype(dtype)) if dtype is not None and values.dtype.kind == "f" else input

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            names = list(self._modules)[index]
            return Sequential({name: self._modules[name] for name in names})
        return self._modules[self._name(index)]

    def __add__(self, other: Any) -> Sequential:
        if not isinstance(other, Sequential):
            return NotImplemented
        return Sequential(*self, *other)

    def __mul__(self, times: int) -> Sequential:
        """The modules ``times`` times over: the same modules, with the same parameters."""
        return Sequential(*[module for _ in range(self._times(times)) for module in self])

    __rmul__ = __mul__

    def __imul__(self, times: int) -> Self:
        modules = list(self)
        self._rename(module for _ in range(self._times(times)) for module in modules)
        return self

    def _times(self, times: Any) -> int:
        if not isinstance(times, int) or times < 1:
            raise ValueError(
                explain("Sequential * n", expected="a positive integer", got=repr(times), remedy="pass 2, say")
            )
        return times


class ModuleList(_Sequence):
    """A list of modules, whose parameters are found. It is looped over, not called.

    Args:
        modules: what to put in.

    >>> import nn
    >>> layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    >>> layers
    ModuleList(
      (0-2): 3 x Linear(in_features=2, out_features=2, bias=True)
    )
    >>> len(list(layers.parameters()))
    6
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """A list is not called.

        Raises:
            TypeError: always.
        """
        raise _not_called(self, "for layer in layers: x = layer(x)")

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return ModuleList(list(self)[index])
        return self._modules[self._name(index)]

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *self._checked(other)])

    def _child_lines(self, children: list[tuple[str, str]]) -> list[str]:
        runs: list[list[Any]] = []  # first name, last name, count, text
        for name, text in children:
            if runs and runs[-1][3] == text:
                runs[-1][1:3] = name, runs[-1][2] + 1
            else:
                runs.append([name, name, 1, text])
        return [
            f"({first}): {text}" if count == 1 else f"({first}-{last}): {count} x {text}"
            for first, last, count, text in runs
        ]


class ModuleDict(Module):
    """Modules by name, whose parameters are found. Its entries are called, not itself.

    Args:
        modules: a mapping from names to modules, or pairs of them.

    >>> import nn
    >>> units = nn.ModuleDict({"relu": nn.ReLU(), "tanh": nn.Tanh()})
    >>> units["tanh"]([0.0]), "relu" in units, list(units.keys())
    (tensor([0.]), True, ['relu', 'tanh'])
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """A dict is not called.

        Raises:
            TypeError: always.
        """
        raise _not_called(self, "modules[name](x)")

    def __getitem__(self, key: str) -> Any:
        if key not in self._modules:
            raise KeyError(f"ModuleDict has no module {key!r}.{did_you_mean(str(key), self._modules)}")
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        self[key]
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> Iterable[Any]:
        """The modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """The pairs of name and module."""
        return self._modules.items()

    def clear(self) -> None:
        """Take all modules out."""
        self._modules.clear()

    def pop(self, key: str) -> Any:
        """Take a module out and return it."""
        module = self[key]
        del self[key]
        return module

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Enter the modules of a mapping, or of pairs of name and module; equal names are replaced."""
        for key, module in pairs(self, modules):
            self[key] = module


def pairs(owner: Module, entries: Any) -> list[tuple[Any, Any]]:
    """The entries of a mapping or of an iterable of pairs."""
    if isinstance(entries, Mapping | ModuleDict) or hasattr(entries, "items"):
        return list(entries.items())
    found = list(entries) if isinstance(entries, Iterable) else None
    if found is None or any(not isinstance(entry, tuple | list) or len(entry) != 2 for entry in found):
        raise TypeError(
            explain(
                f"{type(owner).__name__}.update",
                expected="a mapping, or pairs of name and value",
                got=type(entries).__name__,
                remedy="pass a dict",
            )
        )
    return [tuple(entry) for entry in found]


def _not_called(module: Module, instead: str) -> TypeError:
    return TypeError(
        explain(
            type(module).__name__,
            expected="that its modules are called",
            got="a call of the container",
            remedy=f"write {instead}, or use nn.Sequential",
        )
    )
