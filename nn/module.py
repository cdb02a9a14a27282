"""``Module``: parameters, buffers and submodules under names, and a ``forward`` that uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.hooks import HookHandle

from .module_errors import note_module
from .module_hooks import CallHook, add_hook, call_with_hooks
from .module_state import ModuleState, StateDictError
from .parameter import check_device
from .uninitialized import Uninitialized

__all__ = ["Module", "StateDictError"]


class Module(ModuleState):
    """Base class of all networks and layers.

    Assign parameters and submodules as attributes in ``__init__`` (after ``super().__init__()``) and
    compute in ``forward``; call the module itself, not ``forward``, so that hooks run. Should ``forward``
    raise, a note on the error says in which module, by its path.

    Names are checked. Reading an attribute that is not there raises and names what is. Setting a *new*
    attribute outside ``__init__`` raises if its name is one slip of the fingers away from one that is
    there (two letters exchanged, one left out, doubled or wrong inside a word: ``module.traning = False``,
    ``module.wieght = ...``). If the name is meant, set it in ``__init__``, enter it with
    ``register_parameter``, ``register_buffer`` or ``add_module``, or call
    ``object.__setattr__(module, name, value)``. A plain list or dict of modules or parameters that the
    module does not hold otherwise raises too, since they would never be trained: use ``nn.ModuleList``,
    ``nn.ParameterList`` and their like, or again ``object.__setattr__``.

    Attributes:
        training: whether the module behaves as in training; see ``train`` and ``eval``.

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
        try:
            if self._call_hooks:
                return call_with_hooks(self, inputs, options)
            return self.forward(*inputs, **options)
        except Exception as error:
            note_module(error, self)
            raise

    # -- changing it -----------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Switch every module to training (``True``) or evaluation behaviour.

        Raises:
            ValueError: if ``mode`` is neither ``True`` nor ``False``.

        >>> import nn
        >>> nn.Sequential(nn.Linear(1, 1)).train(False)[0].training
        False
        """
        if not isinstance(mode, bool | np.bool_):
            raise ValueError(
                explain(
                    f"{type(self).__name__}.train",
                    expected="mode to be True (training) or False (evaluation)",
                    got=repr(mode),
                    remedy="call train() or eval()",
                )
            )
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

    def to(self, *args: Any, device: Any = None, dtype: Any = None, non_blocking: bool = False) -> Self:
        """Convert floating-point parameters and buffers to a dtype, in place.

        Called as ``to(dtype)``, ``to(device)``, ``to(device, dtype)`` or ``to(tensor)`` (whose dtype is
        taken), with the names as keywords too.

        Args:
            args: a dtype, a device or a Tensor.
            device: the one device there is, ``"cpu"``.
            dtype: a floating-point or complex dtype.
            non_blocking: accepted for the sake of programs written for PyTorch.

        Raises:
            TypeError: if ``dtype`` is not floating-point or complex, or would drop imaginary parts.
            ValueError: for another device.

        >>> import nn
        >>> nn.Linear(2, 1).to("float64").weight.dtype
        dtype('float64')
        """
        for argument in args:
            if isinstance(argument, bool):
                continue  # non_blocking
            if isinstance(argument, Tensor):
                dtype = argument.dtype
            elif argument is not None:
                given = _as_dtype(argument)
                device, dtype = (argument, dtype) if given is None else (device, given)
        check_device(device, f"{type(self).__name__}.to")
        if dtype is not None:
            self._convert(np.dtype(dtype), "fc", f"{type(self).__name__}.to")
        return self

    def _convert(self, dtype: np.dtype[Any], kinds: str, operation: str) -> None:
        """Give all parameters and buffers whose dtype is of one of ``kinds`` another dtype."""
        if dtype.kind not in "fc":
            raise TypeError(
                explain(operation, expected="a floating-point dtype", got=str(dtype), remedy="pass 'float64'")
            )
        tensors = [tensor for tensor in (*self.parameters(), *self.buffers()) if tensor.dtype.kind in kinds]
        if dtype.kind != "c" and any(tensor.dtype.kind == "c" for tensor in tensors):
            raise TypeError(
                explain(
                    operation,
                    expected="a complex dtype for a module with complex parameters",
                    got=f"{dtype}, which would drop the imaginary parts",
                    remedy="pass 'complex64' or 'complex128'",
                )
            )
        for tensor in tensors:
            if isinstance(tensor, Uninitialized):
                tensor.convert(dtype)
            elif tensor.dtype != dtype:
                tensor._data = tensor._data.astype(dtype)
                tensor._note_change()
                if tensor.grad is not None:
                    tensor.grad = tensor.grad.detach().astype(dtype)

    def type(self, dst_type: Any) -> Self:
        """Convert all parameters and buffers, integers too, to a floating-point dtype."""
        self._convert(np.dtype(dst_type), "biufc", f"{type(self).__name__}.type")
        return self

    def double(self) -> Self:
        """Convert to float64."""
        return self.to(dtype="float64")

    def float(self) -> Self:
        """Convert to float32."""
        return self.to(dtype="float32")

    def half(self) -> Self:
        """Convert to float16."""
        return self.to(dtype="float16")

    def cpu(self) -> Self:
        """The module itself: arrays live in the computer's own memory."""
        return self

    # -- hooks -----------------------------------------------------------------------------------

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> HookHandle:
        """Have ``hook(module, args)`` run before ``forward``; what it returns replaces the arguments.

        Args:
            hook: the function; with ``with_kwargs`` it is called as ``hook(module, args, kwargs)`` and
                returns ``None`` or a pair ``(args, kwargs)``.
            prepend: whether it runs before the hooks that are there already.
            with_kwargs: whether it sees the keyword arguments.

        Returns:
            A handle; ``handle.remove()`` takes the hook away.

        >>> import nn
        >>> layer = nn.Identity()
        >>> handle = layer.register_forward_pre_hook(lambda module, args: (args[0] + 1,))
        >>> layer(nn.Parameter([1.0])).tolist()
        [2.0]
        """
        return add_hook(self._call_hooks, CallHook("before", hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> HookHandle:
        """Have ``hook(module, args, output)`` run after ``forward``; what it returns replaces the output.

        Args:
            hook: the function; with ``with_kwargs`` it is called as ``hook(module, args, kwargs, output)``.
            prepend: whether it runs before the hooks that are there already.
            with_kwargs: whether it sees the keyword arguments.
            always_call: whether it runs even if ``forward`` raises, with ``None`` as output.

        Returns:
            A handle; ``handle.remove()`` takes the hook away.

        >>> import nn
        >>> layer = nn.Linear(2, 3)
        >>> handle = layer.register_forward_hook(lambda module, args, output: print(output.shape))
        >>> _ = layer([1.0, 2.0])
        (3,)
        """
        return add_hook(self._call_hooks, CallHook("after", hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> HookHandle:
        """Have ``hook(module, grad_output)`` run when the gradients of the module's outputs are complete.

        Args:
            hook: gets a tuple with a gradient for each output; what it returns, unless ``None``, takes its place.
            prepend: whether it runs before the hooks that are there already.

        Returns:
            A handle; ``handle.remove()`` takes the hook away.
        """
        return add_hook(self._call_hooks, CallHook("backward before", hook), prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> HookHandle:
        """Have ``hook(module, grad_input, grad_output)`` run when the backward pass has gone through the module.

        Args:
            hook: gets a tuple with a gradient for each positional argument of the call (``None`` for what
                is no Tensor or requires none) and one for each output; what it returns, unless ``None``,
                takes the place of ``grad_input``.
            prepend: whether it runs before the hooks that are there already.

        Returns:
            A handle; ``handle.remove()`` takes the hook away.

        >>> import autograd_core as ag
        >>> import nn
        >>> layer = nn.Tanh()
        >>> handle = layer.register_full_backward_hook(lambda module, grad_input, grad_output: (grad_input[0] * 10,))
        >>> x = ag.tensor(0.0, requires_grad=True)
        >>> _ = layer(x).backward()
        >>> x.grad
        tensor(10.)
        """
        return add_hook(self._call_hooks, CallHook("backward", hook), prepend)

    # -- text ----------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands in the parentheses of the module's text form. Modules define their own."""
        return ""

    def _child_lines(self, children: list[tuple[str, str]]) -> list[str]:
        """The submodules, given by name and text, as paragraphs of the module's own text."""
        return [f"({name}): {text}" for name, text in children]

    def _text(self, children: list[tuple[str, str]]) -> str:
        extra = self.extra_repr()
        if not children:
            return f"{type(self).__name__}({extra})"
        paragraphs = [*extra.splitlines(), *self._child_lines(children)]
        inner = "\n".join(f"  {line}" for paragraph in paragraphs for line in paragraph.split("\n"))
        return f"{type(self).__name__}(\n{inner}\n)"

    def __repr__(self) -> str:
        # From the leaves up, without recursion: networks may be nested deeper than Python's stack.
        text = ""
        pending: list[tuple[Any, list[tuple[str, str]], Iterator[tuple[str, Any]]]] = []
        child: Any = self
        while True:
            if child is not None:
                pending.append((child, [], iter(child._modules.items())))
            module, done, rest = pending[-1]
            child = None
            for name, inner in rest:
                if not isinstance(inner, Module) or type(inner).__repr__ is not Module.__repr__:
                    done.append((name, repr(inner)))
                elif any(inner is above for above, _, _ in pending):
                    done.append((name, f"{type(inner).__name__}(...)"))
                else:
                    done.append((name, ""))
                    child = inner
                    break
            if child is None:
                text = module._text(done)
                pending.pop()
                if not pending:
                    return text
                siblings = pending[-1][1]
                siblings[-1] = (siblings[-1][0], text)


def _as_dtype(value: Any) -> Any:
    """``value`` as a dtype, ``None`` where it names a device."""
    try:
        return np.dtype(value)
    except TypeError:
        return None
