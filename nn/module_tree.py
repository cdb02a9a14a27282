"""``ModuleTree``: what a module holds under which names, and the walks through it and all below."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.hooks import Hooks

from .module_errors import UnknownAttributeError, check_name, check_new_attribute, check_not_lost, did_you_mean, listed
from .parameter import Buffer, Parameter

if TYPE_CHECKING:
    from .module import Module

REGISTRIES = ("_parameters", "_buffers", "_modules")
OWN = (*REGISTRIES, "_persistent", "_call_hooks", "_state_hooks", "training")  # what __init__ makes


class ModuleTree:
    """Parameters, buffers and submodules under names. ``Module`` adds everything else."""

    training: bool
    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]
    _persistent: set[str]
    _call_hooks: Hooks
    _state_hooks: Hooks

    def __init__(self) -> None:
        own = self.__dict__
        own["training"] = True
        own["_parameters"] = {}
        own["_buffers"] = {}
        own["_persistent"] = set()
        own["_modules"] = {}
        own["_call_hooks"] = Hooks()
        own["_state_hooks"] = Hooks()

    # -- attributes ------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        parameters = own.get("_parameters")
        if parameters is None:
            self._set_before_init(name, value)
        elif type(parameters) is not dict and name in parameters.rules:
            parameters.rules[name].assign(parameters, value)
        elif isinstance(value, Parameter):
            self._enter("_parameters", name, value)
        elif isinstance(value, ModuleTree):
            self._enter("_modules", name, value)
        elif isinstance(value, Buffer):
            self._enter("_buffers", name, value)
            (self._persistent.add if value.persistent else self._persistent.discard)(name)
        elif name in own["_buffers"]:
            own["_buffers"][name] = value if value is None or isinstance(value, Tensor) else Tensor(value)
        elif name in parameters or name in own["_modules"]:
            self._replace_by_none(name, value)
        else:
            self._set_plain(name, value)

    def _set_before_init(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter | ModuleTree | Buffer):
            raise self._too_early(name)
        object.__setattr__(self, name, value)

    def _too_early(self, name: str) -> AttributeError:
        return AttributeError(
            explain(
                f"{type(self).__name__}.{name}",
                expected="super().__init__() to have run",
                got="an assignment before it",
                remedy="call super().__init__() first in __init__",
            )
        )

    def _set_plain(self, name: str, value: Any) -> None:
        if isinstance(value, list | tuple | dict | set):
            check_not_lost(self, name, value, (Parameter, ModuleTree))
        if isinstance(value, bool) and name in ("train", "eval"):
            raise TypeError(
                explain(
                    f"{type(self).__name__}.{name} = {value}",
                    expected=f"{name} to be called, being a method",
                    got="an assignment, which would hide the method",
                    remedy=f"call module.{name}()",
                )
            )
        if name == "training" and not isinstance(value, bool | np.bool_):
            raise TypeError(
                explain(
                    f"{type(self).__name__}.training",
                    expected="True or False",
                    got=repr(value),
                    remedy="call module.train() or module.eval(), which go through all modules",
                )
            )
        if name not in self.__dict__ and not any(name in base.__dict__ for base in type(self).__mro__):
            check_new_attribute(self, name)
        object.__setattr__(self, name, value)

    def _replace_by_none(self, name: str, value: Any) -> None:
        """Empty the place of a parameter or submodule, or say what else may stand there."""
        registry, kind = ("_modules", "nn.Module") if name in self._modules else ("_parameters", "nn.Parameter")
        if value is not None:
            raise TypeError(
                explain(
                    f"{type(self).__name__}.{name}",
                    expected=f"an {kind} or None",
                    got=type(value).__name__,
                    remedy="wrap it in nn.Parameter, or write into its .data"
                    if registry == "_parameters"
                    else f"assign a module, or del module.{name} first",
                )
            )
        self.__dict__[registry][name] = None

    def _enter(self, registry: str, name: str, value: Any) -> None:
        """Put a value that is assigned to an attribute into a registry, and take the name out of the others."""
        own = self.__dict__
        if name not in own[registry]:
            kind = {"_parameters": "parameter", "_buffers": "buffer", "_modules": "submodule"}[registry]
            check_name(self, name, kind)
            if name not in own and not any(name in own[other] for other in REGISTRIES):
                check_new_attribute(self, name)
            self._take_out(name)
        own[registry][name] = value

    def _take_out(self, name: str) -> None:
        own = self.__dict__
        for registry in REGISTRIES:
            own[registry].pop(name, None)
        own["_persistent"].discard(name)
        own.pop(name, None)

    def _register(self, registry: str, kind: str, name: str, value: Any) -> None:
        """Put a value into a registry under a name that nothing else has."""
        own = self.__dict__
        if "_parameters" not in own:
            raise self._too_early(name)
        if name not in own[registry]:
            check_name(self, name, kind, free=True)
        own[registry][name] = value

    def __getattr__(self, name: str) -> Any:
        # Called only where normal look-up fails.
        own = self.__dict__
        parameters = own.get("_parameters")
        if parameters is not None:
            if name in parameters:
                return parameters[name]
            if name in own["_modules"]:
                return own["_modules"][name]
            if name in own["_buffers"]:
                return own["_buffers"][name]
            if type(parameters) is not dict and name in parameters.rules:
                return parameters[name]
        elif name in OWN:
            raise AttributeError(
                explain(
                    type(self).__name__,
                    expected="a module whose __init__ called super().__init__()",
                    got="one that did not",
                    remedy="call super().__init__() first in __init__",
                )
            )
        raise UnknownAttributeError(self, name)

    def __delattr__(self, name: str) -> None:
        for registry in REGISTRIES:
            if name in getattr(self, registry):
                del self.__dict__[registry][name]
                self._persistent.discard(name)
                return
        if name not in self.__dict__:
            raise UnknownAttributeError(self, name)
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        held = (name for registry in REGISTRIES for name in self.__dict__.get(registry, ()))
        return sorted({*object.__dir__(self), *(name for name in held if name.isidentifier())})

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Enter a parameter (or the place of one that is absent) under ``name``.

        Raises:
            TypeError: if it is neither a parameter nor ``None``.
            ValueError: if the name has a dot in it or belongs to another attribute.
        """
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                explain(
                    f"{type(self).__name__}.register_parameter({name!r})",
                    expected="an nn.Parameter or None",
                    got=type(param).__name__,
                    remedy="wrap it in nn.Parameter, or enter a constant with register_buffer",
                )
            )
        self._register("_parameters", "parameter", name, param)

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Enter a Tensor that belongs to the state but is not trained.

        Args:
            name: its attribute name.
            tensor: its value (a Tensor, or what one is made from), or ``None``.
            persistent: whether it is part of the state dict.

        Raises:
            ValueError: if the name has a dot in it or belongs to another attribute.
        """
        value = tensor if tensor is None or isinstance(tensor, Tensor) else Tensor(tensor)
        self._register("_buffers", "buffer", name, value)
        (self._persistent.add if persistent else self._persistent.discard)(name)

    def register_module(self, name: str, module: Module | None) -> None:
        """Enter a submodule (or the place of one that is absent) under ``name``.

        Raises:
            TypeError: if it is neither a module nor ``None``.
            ValueError: if the name has a dot in it or belongs to another attribute.
        """
        if module is not None and not isinstance(module, ModuleTree):
            raise TypeError(
                explain(
                    f"{type(self).__name__}: submodule {name!r}",
                    expected="an nn.Module or None",
                    got=f"the class {module.__name__}" if isinstance(module, type) else type(module).__name__,
                    remedy="pass an instance of a module"
                    if not isinstance(module, type)
                    else f"make an instance: {module.__name__}(...)",
                )
            )
        self._register("_modules", "submodule", name, module)

    def add_module(self, name: str, module: Module | None) -> None:
        """The same as ``register_module``."""
        self.register_module(name, module)

    # -- walks -------------------------------------------------------------------------------------

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it with their dotted paths, parents first.

        Args:
            memo: modules that were met before and are left out; those met are added to it.
            prefix: the path of this module.
            remove_duplicate: whether a module that stands in several places comes only once.
        """
        if not remove_duplicate:
            for base, module, entering in visits(self, f"{prefix}." if prefix else ""):
                if entering:
                    yield base[:-1], module
            return
        seen = set() if memo is None else memo
        pending: list[tuple[str, Any]] = [(prefix, self)]
        while pending:
            path, module = pending.pop()
            if module in seen:
                continue
            seen.add(module)
            yield path, module
            for name, child in reversed(module._modules.items()):
                if child is not None:
                    pending.append((f"{path}.{name}" if path else name, child))

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all below it."""
        return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The direct submodules with their names, each once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The direct submodules, each once."""
        return (module for _, module in self.named_children())

    def _named_entries(
        self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, entry in getattr(module, registry).items():
                if entry is None or id(entry) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(entry))
                yield (f"{path}.{name}" if path else name), entry

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Parameters with their dotted paths.

        Args:
            prefix: the path of this module.
            recurse: whether to go into submodules.
            remove_duplicate: whether a parameter that is shared comes only once.
        """
        return self._named_entries("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, each once, for an optimizer.

        >>> import nn
        >>> [p.shape for p in nn.Linear(3, 2).parameters()]
        [(2, 3), (2,)]
        """
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Buffers with their dotted paths; the arguments are those of ``named_parameters``."""
        return self._named_entries("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def apply(self, fn: Callable[[Any], Any]) -> Self:
        """Call ``fn`` on every module below, children first, and on this one.

        >>> import nn
        >>> def zero_bias(module):
        ...     if isinstance(module, nn.Linear):
        ...         nn.init.zeros_(module.bias)
        >>> nn.Sequential(nn.Linear(2, 1)).apply(zero_bias)[0].bias.tolist()
        [0.0]
        """
        pending: list[tuple[Any, Iterator[Any]]] = [(self, self.children())]
        while pending:
            module, children = pending[-1]
            child = next(children, None)
            if child is not None:
                pending.append((child, child.children()))
            else:
                pending.pop()
                fn(module)
        return self

    # -- one entry by its path -----------------------------------------------------------------------

    def get_submodule(self, target: str) -> Module:
        """The module at a dotted path; the module itself for ``""``.

        Raises:
            AttributeError: naming the step of the path that does not exist.

        >>> import nn
        >>> nn.Sequential(nn.Sequential(nn.Linear(1, 2))).get_submodule("0.0")
        Linear(in_features=1, out_features=2, bias=True)
        """
        module: Any = self
        for name in target.split(".") if target else ():
            try:
                found = getattr(module, name)
            except AttributeError:
                held = list(module._modules)
                raise AttributeError(
                    f"get_submodule({target!r}): {type(module).__name__} has no submodule {name!r}."
                    f"{did_you_mean(name, held)} It holds {listed(held) or 'no submodules'}."
                ) from None
            if not isinstance(found, ModuleTree):
                raise AttributeError(f"{target!r}: {name!r} is a {type(found).__name__}, not a module.")
            module = found
        return module

    def _get_entry(self, registry: str, kind: str, target: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        entry = module.__dict__[registry].get(name)
        if entry is None:
            held = [path for path, _ in self._named_entries(registry, "", True, False)]
            raise AttributeError(
                f"{target!r} is not a {kind} of {type(self).__name__}.{did_you_mean(target, held)} "
                f"It holds {listed(held) or 'none'}."
            )
        return entry

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted path.

        Raises:
            AttributeError: if there is none.
        """
        return self._get_entry("_parameters", "parameter", target)

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted path.

        Raises:
            AttributeError: if there is none.
        """
        return self._get_entry("_buffers", "buffer", target)

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module in at a dotted path.

        Args:
            target: the path; all of it but the last name must exist.
            module: the new module.
            strict: whether there must be a module at the path already.

        Raises:
            AttributeError: if the path does not exist.
            TypeError: if ``module`` is no module.
            ValueError: for an empty path.

        >>> import nn
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
        >>> net.set_submodule("1", nn.Tanh())
        >>> net[1]
        Tanh()
        """
        if not target:
            raise ValueError(
                explain("set_submodule", expected="a path of a submodule", got="''", remedy="assign to the variable")
            )
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict or name in parent._modules:
            self.get_submodule(target)
        parent.register_module(name, module)


def visits(root: Any, base: str = "") -> Iterator[tuple[str, Any, bool]]:
    """Enter and leave every module of a tree, shared modules wherever they stand: path with a dot, module, entering.

    Raises:
        ValueError: if a module holds itself.
    """
    pending = [(base, root, True)]
    entered: set[int] = set()
    while pending:
        base, module, entering = pending.pop()
        yield base, module, entering
        if not entering:
            entered.discard(id(module))
            continue
        entered.add(id(module))
        pending.append((base, module, False))
        for name, child in reversed(module._modules.items()):
            if id(child) in entered:
                raise ValueError(
                    explain(
                        f"{type(root).__name__}: the tree of its modules",
                        expected="that no module holds itself",
                        got=f"{type(child).__name__} at {base + name!r}, which stands above that place too",
                        remedy="keep a reference that is no submodule: object.__setattr__(module, name, other)",
                    )
                )
            if child is not None:
                pending.append((f"{base}{name}.", child, True))
