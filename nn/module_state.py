"""``ModuleState``: the values of a module and all below it as a dict, and back."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.hooks import HookHandle

from .module_errors import SHOWN, listed
from .module_tree import ModuleTree, visits
from .parameter import Parameter
from .uninitialized import Uninitialized

__all__ = ["StateDictError"]

EXTRA = "_extra_state"


class StateDictError(KeyError, ValueError, RuntimeError):
    """A state dict does not fit the module that should load it. Nothing was changed.

    It is a ``KeyError`` and a ``ValueError`` here, and the ``RuntimeError`` that programs written for
    PyTorch expect.

    Attributes:
        missing_keys: keys of the module that the state dict lacks.
        unexpected_keys: keys of the state dict that the module lacks.

    >>> import nn
    >>> try:
    ...     nn.Linear(2, 1).load_state_dict({"wieght": [[1.0, 2.0]], "bias": [0.0]})
    ... except nn.StateDictError as error:
    ...     print(error.missing_keys, error.unexpected_keys)
    ['weight'] ['wieght']
    """

    def __init__(self, text: str, missing_keys: Any = (), unexpected_keys: Any = ()) -> None:
        super().__init__(text)
        self.missing_keys = list(missing_keys)
        self.unexpected_keys = list(unexpected_keys)

    def __str__(self) -> str:  # a KeyError would show the text in quotes
        return str(self.args[0])


class IncompatibleKeys(NamedTuple):
    """What ``load_state_dict`` could not match."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<all keys match>"
        return f"IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class StateHook(NamedTuple):
    """A function that takes part in saving or loading, and in which of the two, before or after."""

    kind: str
    function: Callable[..., Any]


class ModuleState(ModuleTree):
    """Saving and loading of the values of a ``ModuleTree``."""

    def state_dict(self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> dict[str, Any]:
        """Parameters and persistent buffers as arrays under their dotted paths, in PyTorch's order.

        The arrays are copies: later training does not change them. A module that stands in two places has
        its keys in both.

        Args:
            destination: a dict to write into, a new one if left out.
            prefix: what stands before every key.
            keep_vars: whether to hand out the parameters and buffers themselves instead of copies.

        >>> import nn
        >>> {key: value.shape for key, value in nn.Linear(3, 2).state_dict().items()}
        {'weight': (2, 3), 'bias': (2,)}
        """
        state = {} if destination is None else destination
        for base, module, entering in visits(self, prefix):
            if not entering:
                for hook in _hooks(module, "state post"):
                    hook(module, state, base, {})
                continue
            for hook in _hooks(module, "state pre"):
                hook(module, base, keep_vars)
            for name, tensor in _own_state(module):
                as_it_is = keep_vars or isinstance(tensor, Uninitialized)
                state[base + name] = tensor if as_it_is else np.array(tensor._data)
            if type(module).get_extra_state is not ModuleState.get_extra_state:
                state[base + EXTRA] = module.get_extra_state()
        return state

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy values into parameters and buffers. Nothing is changed unless everything fits.

        A parameter that stands in several places needs its value under one of its keys only.

        Args:
            state_dict: dotted path -> array or Tensor, as ``state_dict`` gives it.
            strict: whether missing and unexpected keys are errors.
            assign: whether to put in new parameters and buffers with the dtype of the given values, instead
                of copying the values into those that are there. Make optimizers after that.

        Returns:
            The missing and the unexpected keys.

        Raises:
            StateDictError: for missing or unexpected keys, if strict; for a value of another shape or of a
                dtype that does not fit. It lists all of them.
            TypeError: if ``state_dict`` is no mapping, or a value is neither array nor Tensor.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(
                explain(
                    f"{type(self).__name__}.load_state_dict",
                    expected="a mapping from keys to arrays, as module.state_dict() gives it",
                    got=type(state_dict).__name__,
                    remedy="read the file first, if it is a path",
                )
            )
        loading = _Loading(self, state_dict, strict)
        if loading.wrong or (strict and not loading.after and (loading.missing or loading.unexpected)):
            raise loading.error()
        keys = IncompatibleKeys(loading.missing, loading.unexpected)
        undo = loading.apply(assign)
        try:
            loading.set_extra_states()
            for hook, module in loading.after:
                hook(module, keys)
            if strict and (keys.missing_keys or keys.unexpected_keys):
                raise loading.error()
        except BaseException:
            undo()
            raise
        return keys

    def get_extra_state(self) -> Any:
        """What else belongs to the state. A module that defines it, and ``set_extra_state``, saves more."""
        raise TypeError(self._no_extra_state("get_extra_state"))

    def set_extra_state(self, state: Any) -> None:
        """Take over what ``get_extra_state`` gave, when a state dict is loaded."""
        raise TypeError(self._no_extra_state("set_extra_state"))

    def _no_extra_state(self, method: str) -> str:
        return explain(
            f"{type(self).__name__}.{method}",
            expected="a module that defines it",
            got="one that does not",
            remedy="define get_extra_state and set_extra_state in the class",
        )

    # -- hooks -------------------------------------------------------------------------------------

    def _add_state_hook(self, kind: str, function: Callable[..., Any]) -> HookHandle:
        entry: Any = StateHook(kind, function)
        return self._state_hooks.add(entry)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Have ``hook(module, prefix, keep_vars)`` run before the module's values are collected."""
        return self._add_state_hook("state pre", hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Have ``hook(module, state_dict, prefix, metadata)`` run when the module's values are in the dict.

        It may change the dict in place; what it returns is not used.
        """
        return self._add_state_hook("state post", hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Have ``hook(module, state_dict, prefix, metadata, strict, missing, unexpected, errors)`` run before loading.

        It may change its copy of the state dict (rename old keys, say), and add to the three lists.
        """
        return self._add_state_hook("load pre", hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Have ``hook(module, incompatible_keys)`` run after loading; it may change the two lists of keys."""
        return self._add_state_hook("load post", hook)


def _hooks(module: Any, kind: str) -> list[Callable[..., Any]]:
    hooks = module._state_hooks
    return [hook.function for hook in tuple(hooks.values()) if hook.kind == kind] if hooks else []


def _own_state(module: Any) -> list[tuple[str, Tensor]]:
    """The parameters and persistent buffers of one module."""
    found = [(name, parameter) for name, parameter in module._parameters.items() if parameter is not None]
    persistent = module._persistent
    return found + [(name, b) for name, b in module._buffers.items() if b is not None and name in persistent]


class _Loading:
    """One call of ``load_state_dict``: what was given, what goes where, and what is wrong with it."""

    def __init__(self, root: Any, state_dict: Mapping[str, Any], strict: bool) -> None:
        self.root = root
        self.given = dict(state_dict)
        self.missing: list[str] = []
        self.unexpected: list[str] = []
        self.wrong: list[str] = []
        self.places: list[tuple[Any, str, Tensor]] = []  # of every key of the module
        self.values: dict[int, Any] = {}  # by the id of a parameter or buffer
        self.extra: list[tuple[Any, Any]] = []
        self.after: list[tuple[Callable[..., Any], Any]] = []
        keys: dict[str, int] = {}
        for base, module, entering in visits(root):
            if not entering:
                self.after += [(hook, module) for hook in _hooks(module, "load post")]
                continue
            for hook in _hooks(module, "load pre"):
                hook(module, self.given, base, {}, strict, self.missing, self.unexpected, self.wrong)
            for name, tensor in _own_state(module):
                keys[base + name] = id(tensor)
                self.places.append((module, name, tensor))
                if base + name in self.given:
                    self._take(base + name, tensor)
            if type(module).set_extra_state is not ModuleState.set_extra_state:
                keys[base + EXTRA] = 0
                if base + EXTRA in self.given:
                    self.extra.append((module, self.given[base + EXTRA]))
        self.missing += [key for key, i in keys.items() if key not in self.given and (i == 0 or i not in self.values)]
        self.unexpected += [key for key in self.given if key not in keys]

    def _take(self, key: str, tensor: Tensor) -> None:
        """Note the value for one key, or what is wrong with it."""
        given = self.given[key]
        if isinstance(given, Uninitialized):
            if not isinstance(tensor, Uninitialized):
                self.wrong.append(f"{key} of shape {tensor.shape}, got one without a shape yet, of a lazy layer")
            self.values[id(tensor)] = None
            return
        value = given._data if isinstance(given, Tensor) else np.asarray(given)
        if value.dtype.kind not in "biufc":
            raise TypeError(
                explain(
                    f"{type(self.root).__name__}.load_state_dict",
                    expected=f"an array or a Tensor for {key!r}",
                    got=f"a {type(given).__name__}" + (f" of dtype {value.dtype}" if hasattr(given, "dtype") else ""),
                    remedy="pass what module.state_dict() gave, or arrays read from a file",
                )
            )
        self.values[id(tensor)] = value
        if isinstance(tensor, Uninitialized):
            return
        if value.shape != tensor.shape:
            self.wrong.append(f"{key} of shape {tensor.shape}, got shape {value.shape}")
        elif value.dtype.kind == "c" and tensor.dtype.kind != "c":
            self.wrong.append(f"{key} of dtype {tensor.dtype}, got {value.dtype}")

    def apply(self, assign: bool) -> Callable[[], None]:
        """Change the module. Returns the function that changes it back."""
        before: list[Callable[[], None]] = []
        fresh: dict[int, Tensor] = {}
        written: set[int] = set()
        for module, name, tensor in self.places:
            value = self.values.get(id(tensor))
            if value is None:
                continue
            if assign:
                if id(tensor) not in fresh:
                    fresh[id(tensor)] = _like(tensor, value)
                registry = module._parameters if name in module._parameters else module._buffers
                registry[name] = fresh[id(tensor)]
                before.append(partial(registry.__setitem__, name, tensor))
            elif id(tensor) not in written:
                written.add(id(tensor))
                if isinstance(tensor, Uninitialized):
                    before.append(partial(_dematerialize, tensor, type(tensor)))
                    tensor.materialize(value.shape)
                    tensor.data = np.array(value, dtype=tensor.dtype)
                    continue
                before.append(partial(setattr, tensor, "data", tensor._data))
                tensor.data = np.array(value, dtype=tensor.dtype)

        def undo() -> None:
            for step in reversed(before):
                step()

        return undo

    def set_extra_states(self) -> None:
        for module, state in self.extra:
            module.set_extra_state(state)

    # -- the report ----------------------------------------------------------------------------------

    def error(self) -> StateDictError:
        lines = [
            f"{type(self.root).__name__}.load_state_dict: expected exactly the module's keys and shapes, got a "
            "state dict that does not fit. Nothing was changed."
        ]
        if self.missing:
            lines.append(f"  missing: {listed(self.missing)}")
        if self.unexpected:
            shown = [_with_suggestion(key, self.missing) for key in self.unexpected[:SHOWN]]
            lines.append(f"  unexpected: {listed([*shown, *self.unexpected[SHOWN:]])}")
        lines += [f"  expected {line}" for line in self.wrong[:SHOWN]]
        if len(self.wrong) > SHOWN:
            lines.append(f"  and {len(self.wrong) - SHOWN} more values that do not fit")
        lines.append(f"To mend it: {self._remedy()}.")
        return StateDictError("\n".join(lines), self.missing, self.unexpected)

    def _remedy(self) -> str:
        prefix = _prefix(self.unexpected, self.missing)
        if prefix:
            return f"the keys have {prefix!r} in front, so load {{key.removeprefix({prefix!r}): value ...}}"
        prefix = _prefix(self.missing, self.unexpected)
        if prefix:
            return f"the keys lack {prefix!r} in front, so load {{{prefix!r} + key: value ...}}"
        if self.wrong:
            return "build the model with the sizes that the values were saved from"
        return "check that the model is the one that was saved, or pass strict=False to load what fits"


def _dematerialize(tensor: Tensor, kind: type[Uninitialized]) -> None:
    """Take the value away again."""
    dtype = tensor.dtype
    tensor.__class__ = kind
    kind.convert(tensor, dtype)  # type: ignore[arg-type]


def _like(tensor: Tensor, value: Any) -> Tensor:
    """A new parameter or buffer in the place of ``tensor``."""
    value = np.array(value)
    if isinstance(tensor, Parameter):
        return Parameter(value, tensor.requires_grad, name=tensor.name)
    return Tensor(value, name=tensor.name)


def _with_suggestion(key: str, missing: list[str]) -> str:
    meant = difflib.get_close_matches(key, missing[:1000], n=1, cutoff=0.8)
    return f"{key} (did you mean {meant[0]}?)" if meant else key


def _prefix(longer: list[str], shorter: list[str]) -> str:
    """What stands before every key of ``shorter`` in ``longer``; nothing if that is not the difference."""
    if not shorter or len(longer) < len(shorter):
        return ""
    found = set(longer)
    for key in longer[:SHOWN]:
        if key.endswith("." + shorter[0]):
            prefix = key.removesuffix(shorter[0])
            if all(prefix + other in found for other in shorter):
                return prefix
    return ""
