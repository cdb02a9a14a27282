"""``Module``: parameters, buffers and submodules under names, and a ``forward`` that uses them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.hooks import HookHandle, Hooks

from .parameter import Parameter

__all__ = ["Module"]


class IncompatibleKeys(NamedTuple):
    """What ``load_state_dict(strict=False)`` could not match."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module:
    """Base class of all networks and layers.

    Assign parameters and submodules as attributes in ``__init__`` (after ``super().__init__()``) and
    compute in ``forward``; call the module itself, not ``forward``, so that hooks run.

    >>> import nn
    >>> class Line(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.slope = nn.Parameter(2.0)
    ...     def forward(self, x):
    ...         return self.slope * x
    >>> line = Line()
    >>> [name for name, parameter in line.named_parameters()]
    ['slope']
    >>> line(3.0)
    tensor(6., dtype=float32, operation=multiply)
    """

    training: bool

    def __init__(self) -> None:
        set_attribute = object.__setattr__
        set_attribute(self, "training", True)
        set_attribute(self, "_parameters", {})
        set_attribute(self, "_buffers", {})
        set_attribute(self, "_persistent", set())
        set_attribute(self, "_modules", {})
        set_attribute(self, "_forward_hooks", Hooks())
        set_attribute(self, "_forward_pre_hooks", Hooks())

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Compute the module's output. Every module defines its own."""
        raise TypeError(
            explain(
                type(self).__name__,
                expected="a method forward(self, ...)",
                got="a module without one",
                remedy="define forward in the class",
            )
        )

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        if not self._forward_pre_hooks and not self._forward_hooks:
            return self.forward(*inputs, **options)
        for hook in tuple(self._forward_pre_hooks.values()):
            replaced = hook(self, inputs)
            if replaced is not None:
                inputs = replaced if isinstance(replaced, tuple) else (replaced,)
        output = self.forward(*inputs, **options)
        for hook in tuple(self._forward_hooks.values()):
            replaced = hook(self, inputs, output)
            if replaced is not None:
                output = replaced
        return output

    # -- attributes ------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        registries = self.__dict__
        if "_parameters" not in registries:
            if isinstance(value, Parameter | Module):
                raise AttributeError(
                    explain(
                        f"{type(self).__name__}.{name}",
                        expected="super().__init__() to have run",
                        got="an assignment before it",
                        remedy="call super().__init__() first in __init__",
                    )
                )
            object.__setattr__(self, name, value)
            return
        if isinstance(value, Parameter):
            self._register("_parameters", name, value)
        elif isinstance(value, Module):
            self._register("_modules", name, value)
        elif name in self._parameters:
            if value is not None:
                raise TypeError(
                    explain(
                        f"{type(self).__name__}.{name}",
                        expected="an nn.Parameter or None",
                        got=type(value).__name__,
                        remedy="wrap it in nn.Parameter, or write into its .data",
                    )
                )
            self._parameters[name] = None
        elif name in self._modules and value is None:
            self._modules[name] = None
        elif name in self._buffers:
            self._buffers[name] = value if value is None or isinstance(value, Tensor) else Tensor(value)
        else:
            object.__setattr__(self, name, value)

    def _register(self, registry: str, name: str, value: Any) -> None:
        for other in ("_parameters", "_buffers", "_modules"):
            if other != registry:
                self.__dict__[other].pop(name, None)
        self.__dict__.pop(name, None)
        self.__dict__[registry][name] = value

    def __getattr__(self, name: str) -> Any:
        # Called only where normal look-up fails.
        for registry in ("_parameters", "_buffers", "_modules"):
            entries = self.__dict__.get(registry)
            if entries is not None and name in entries:
                return entries[name]
        known = [key for registry in ("_parameters", "_buffers", "_modules") for key in self.__dict__.get(registry, ())]
        raise AttributeError(
            f"{type(self).__name__} has no attribute {name!r}. It holds {', '.join(known) or 'no parameters yet'}."
        )

    def __delattr__(self, name: str) -> None:
        for registry in ("_parameters", "_buffers", "_modules"):
            if name in self.__dict__[registry]:
                del self.__dict__[registry][name]
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self._parameters, *self._buffers, *self._modules})

    def register_parameter(self, name: str, parameter: Parameter | None) -> None:
        """Enter a parameter (or the place of one that is absent) under ``name``."""
        if parameter is None:
            self._register("_parameters", name, None)
        else:
            setattr(self, name, parameter)

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Enter a Tensor that belongs to the state but is not trained.

        Args:
            name: its attribute name.
            tensor: its value, or ``None``.
            persistent: whether it is part of the state dict.
        """
        self._register("_buffers", name, tensor if tensor is None or isinstance(tensor, Tensor) else Tensor(tensor))
        if persistent:
            self._persistent.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Enter a submodule under ``name``."""
        if module is None:
            self._register("_modules", name, None)
        else:
            setattr(self, name, module)

    # -- walking through it ------------------------------------------------------------------------

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all below it with their dotted paths, each module once, parents first."""
        seen: set[int] = set()
        pending: list[tuple[str, Module]] = [(prefix, self)]
        while pending:
            path, module = pending.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield path, module
            for name, child in reversed(module._modules.items()):
                if child is not None:
                    pending.append((f"{path}.{name}" if path else name, child))

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The direct submodules with their names."""
        return ((name, module) for name, module in self._modules.items() if module is not None)

    def children(self) -> Iterator[Module]:
        """The direct submodules."""
        return (module for _, module in self.named_children())

    def _named_entries(self, registry: str, prefix: str, recurse: bool) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        for path, module in self.named_modules(prefix) if recurse else [(prefix, self)]:
            for name, entry in module.__dict__[registry].items():
                if entry is not None and id(entry) not in seen:
                    seen.add(id(entry))
                    yield (f"{path}.{name}" if path else name), entry

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Parameter]]:
        """Parameters with their dotted paths, each once however often it is shared."""
        return self._named_entries("_parameters", prefix, recurse)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, for an optimizer.

        >>> import nn
        >>> [p.shape for p in nn.Linear(3, 2).parameters()]
        [(2, 3), (2,)]
        """
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Tensor]]:
        """Buffers with their dotted paths."""
        return self._named_entries("_buffers", prefix, recurse)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, path: str) -> Module:
        """The module at a dotted path.

        Raises:
            AttributeError: naming the step of the path that does not exist.
        """
        module = self
        for name in path.split(".") if path else ():
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"{path!r}: {name!r} is a {type(module).__name__}, not a module")
        return module

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call ``function`` on every module below, children first, and on this one."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    # -- changing it -----------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Switch every module to training (``True``) or evaluation behaviour."""
        for module in self.modules():
            object.__setattr__(module, "training", bool(mode))
        return self

    def eval(self) -> Self:
        """Switch every module to evaluation behaviour."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Let all parameters require gradients, or freeze them."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters (or set them to 0)."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                parameter.grad = None if set_to_none else Tensor(np.zeros_like(parameter._data))

    def to(self, dtype: Any) -> Self:
        """Convert floating-point parameters and buffers to ``dtype``, in place.

        Raises:
            TypeError: if ``dtype`` is not floating-point or complex.
        """
        dtype = np.dtype(dtype)
        if dtype.kind not in "fc":
            raise TypeError(
                explain("Module.to", expected="a floating-point dtype", got=str(dtype), remedy="pass 'float64'")
            )
        for tensor in (*self.parameters(), *self.buffers()):
            if tensor.dtype.kind in "fc" and tensor.dtype != dtype:
                tensor._data = tensor._data.astype(dtype)
                tensor._note_change()
                if tensor.grad is not None:
                    tensor.grad = tensor.grad.astype(dtype)
        return self

    def double(self) -> Self:
        """Convert to float64."""
        return self.to(np.float64)

    def float(self) -> Self:
        """Convert to float32."""
        return self.to(np.float32)

    # -- hooks -----------------------------------------------------------------------------------

    def register_forward_pre_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Have ``hook(module, inputs)`` run before ``forward``; what it returns replaces the inputs."""
        return self._forward_pre_hooks.add(hook)

    def register_forward_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Have ``hook(module, inputs, output)`` run after ``forward``; what it returns replaces the output."""
        return self._forward_hooks.add(hook)

    # -- state -------------------------------------------------------------------------------------

    def state_dict(self, prefix: str = "") -> dict[str, np.ndarray[Any, Any]]:
        """Parameters and persistent buffers as arrays under their dotted paths, in PyTorch's order.

        The arrays are copies: later training does not change them.

        >>> import nn
        >>> {key: value.shape for key, value in nn.Linear(3, 2).state_dict().items()}
        {'weight': (2, 3), 'bias': (2,)}
        """
        return {key: np.array(tensor._data) for key, tensor in self._state(prefix).items()}

    def _state(self, prefix: str = "") -> dict[str, Tensor]:
        state: dict[str, Tensor] = OrderedDict()
        for path, module in self.named_modules():
            base = f"{prefix}{path}." if path else prefix
            for name, parameter in module._parameters.items():
                if parameter is not None:
                    state[base + name] = parameter
            for name, buffer in module._buffers.items():
                if buffer is not None and name in module._persistent:
                    state[base + name] = buffer
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Copy values into parameters and buffers. Nothing is changed unless everything fits.

        Args:
            state_dict: dotted path -> array or Tensor, as ``state_dict`` gives it.
            strict: whether missing and unexpected keys are errors.

        Returns:
            The missing and the unexpected keys.

        Raises:
            KeyError: for missing or unexpected keys, if strict.
            ValueError: for a value of another shape.
        """
        own = self._state()
        missing = [key for key in own if key not in state_dict]
        unexpected = [key for key in state_dict if key not in own]
        if strict and (missing or unexpected):
            raise KeyError(
                explain(
                    f"{type(self).__name__}.load_state_dict",
                    expected="exactly the module's keys",
                    got=f"missing {missing or 'none'}, unexpected {unexpected or 'none'}",
                    remedy="check that the model is the same one, or pass strict=False",
                )
            )
        values = {}
        for key in own.keys() & state_dict.keys():
            given = state_dict[key]
            values[key] = value = given._data if isinstance(given, Tensor) else np.asarray(given)
            if value.shape != own[key].shape:
                raise ValueError(
                    explain(
                        f"{type(self).__name__}.load_state_dict",
                        expected=f"{key} of shape {own[key].shape}",
                        got=f"shape {value.shape}",
                        remedy="build the model with the sizes that the values were saved from",
                    )
                )
        for key, value in values.items():
            own[key].data = np.array(value)
        return IncompatibleKeys(missing, unexpected)

    # -- text ----------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands in the parentheses of the module's text form. Modules define their own."""
        return ""

    def __repr__(self) -> str:
        lines: list[str] = []
        pending: list[tuple[int, str, Module | None]] = [(0, "", self)]
        while pending:
            depth, label, module = pending.pop()
            indent = "  " * depth
            if module is None:
                lines.append(f"{indent})")
                continue
            head = f"{indent}{label}{type(module).__name__}({module.extra_repr()}"
            children = list(module.named_children())
            if not children:
                lines.append(head + ")")
                continue
            lines.append(head)
            pending.append((depth, "", None))
            pending.extend((depth + 1, f"({name}): ", child) for name, child in reversed(children))
        return "\n".join(lines)
