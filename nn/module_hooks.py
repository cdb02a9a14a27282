"""Functions that run around a module's ``forward``, and around its part of the backward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.gradients import conjugate
from autograd_core.hooks import HookHandle, Hooks
from autograd_core.primitive import Primitive
from autograd_core.recording import make_constant
from autograd_core.transforms.batching import Batch, CannotBatch


class CallHook(NamedTuple):
    """A function that runs when a module is called.

    Attributes:
        kind: ``"before"`` or ``"after"`` forward, ``"backward before"`` or ``"backward"``.
        function: what runs.
        with_options: whether it gets the keyword arguments of the call too.
        always: whether it runs even if ``forward`` raises.
    """

    kind: str
    function: Callable[..., Any]
    with_options: bool = False
    always: bool = False


def add_hook(hooks: Hooks, hook: Any, prepend: bool) -> HookHandle:
    """Enter a hook behind those of a module, or before them."""
    earlier = list(hooks.items())
    handle = hooks.add(hook)
    if prepend:
        hooks.clear()
        hooks[handle.number] = hook
        hooks.update(earlier)
    return handle


def call_with_hooks(module: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Call a module's ``forward`` with its hooks around it."""
    hooks = tuple(module._call_hooks.values())
    after = [hook for hook in hooks if hook.kind == "after"]
    try:
        for hook in hooks:
            if hook.kind == "before":
                inputs, options = _run_before(hook, module, inputs, options)
        watch = _BackwardWatch(module, hooks)
        inputs = watch.enter(inputs)
        output = module.forward(*inputs, **options)
        while after:
            hook = after.pop(0)
            arguments = (inputs, options, output) if hook.with_options else (inputs, output)
            replaced = hook.function(module, *arguments)
            if replaced is not None:
                output = replaced
        return watch.leave(output)
    except Exception as error:
        for hook in after:
            if hook.always:
                _run_after_error(hook, module, inputs, options, error)
        raise


def _run_before(hook: CallHook, module: Any, inputs: Any, options: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if not hook.with_options:
        replaced = hook.function(module, inputs)
        if replaced is None:
            return inputs, options
        return (replaced if isinstance(replaced, tuple) else (replaced,)), options
    replaced = hook.function(module, inputs, options)
    if replaced is None:
        return inputs, options
    if not isinstance(replaced, tuple) or len(replaced) != 2 or not isinstance(replaced[1], dict):
        raise TypeError(
            explain(
                f"forward pre-hook of {type(module).__name__}",
                expected="None or a pair (arguments, keyword arguments)",
                got=repr(type(replaced).__name__),
                remedy="return (args, kwargs), since the hook was registered with with_kwargs=True",
            )
        )
    inputs, options = replaced
    return (inputs if isinstance(inputs, tuple) else (inputs,)), options


def _run_after_error(hook: CallHook, module: Any, inputs: Any, options: Any, error: Exception) -> None:
    """Run a hook that is always called. Should it fail too, the first error is the one to be seen."""
    try:
        hook.function(module, *((inputs, options, None) if hook.with_options else (inputs, None)))
    except Exception as second:
        error.add_note(f"A forward hook of {type(module).__name__} that ran after it raised {second!r}")


# -- the backward pass -----------------------------------------------------------------------------------
#
# Where a module has backward hooks, its inputs and its outputs each go through one operation that does
# nothing: an operation of several inputs and outputs, whose rule is run once the gradients of all of them
# are complete. That is the moment for the hooks.


class _BackwardWatch:
    """The backward hooks of one call of a module.

    Attributes:
        grad_output: the gradients of the outputs, once the backward pass has reached them.
    """

    def __init__(self, module: Any, hooks: Sequence[CallHook]) -> None:
        self.module = module
        self.before = [hook.function for hook in hooks if hook.kind == "backward before"]
        self.hooks = [hook.function for hook in hooks if hook.kind == "backward"]
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self.input_count = 0
        self.output_count = 0
        self.grad_output: tuple[Any, ...] = ()

    def enter(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        if not self.hooks:
            return inputs
        self.input_count = len(inputs)
        self.inputs = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
        return self._through(_module_inputs, inputs, self.inputs)

    def leave(self, output: Any) -> Any:
        if not self.hooks and not self.before:
            return output
        outputs = output if isinstance(output, tuple) else (output,)
        if not any(isinstance(x, Tensor) for x in outputs):
            raise TypeError(
                explain(
                    f"backward hook of {type(self.module).__name__}",
                    expected="a module that returns a Tensor or a tuple with Tensors",
                    got=f"a {type(output).__name__}",
                    remedy="return a tuple, or put the hook on a Tensor with tensor.register_hook",
                )
            )
        self.output_count = len(outputs)
        self.outputs = [i for i, x in enumerate(outputs) if isinstance(x, Tensor) and x.requires_grad]
        outputs = self._through(_module_outputs, outputs, self.outputs)
        if not isinstance(output, tuple):
            return outputs[0]
        return type(output)(*outputs) if hasattr(output, "_fields") else outputs

    def _through(self, operation: Primitive, values: tuple[Any, ...], positions: list[int]) -> tuple[Any, ...]:
        if not positions:
            return values
        results: Any = operation(*[values[i] for i in positions], watch=self)
        passed = dict(zip(positions, results, strict=True))
        return tuple(passed.get(i, value) for i, value in enumerate(values))

    # What the rules of the two operations do.

    def at_outputs(self, g: tuple[Any, ...]) -> tuple[Any, ...]:
        shown = self.grad_output = _shown(g, self.outputs, self.output_count)
        for hook in self.before:
            shown = self._replaced(hook(self.module, shown), shown)
        if shown is not self.grad_output:
            g = _inner(shown, self.outputs, g)
            self.grad_output = shown
        if not self.inputs:
            self.at_inputs(())
        return g

    def at_inputs(self, g: tuple[Any, ...]) -> tuple[Any, ...]:
        shown = before = _shown(g, self.inputs, self.input_count)
        for hook in self.hooks:
            shown = self._replaced(hook(self.module, shown, self.grad_output), shown)
        return g if shown is before else _inner(shown, self.inputs, g)

    def _replaced(self, result: Any, shown: tuple[Any, ...]) -> tuple[Any, ...]:
        if result is None:
            return shown
        result = result if isinstance(result, tuple) else (result,)
        wrong = len(result) != len(shown)
        for new, old in zip(result, shown):
            wrong = wrong or (new is not None and old is not None and np.shape(new) != old.shape)
        if wrong:
            raise ValueError(
                explain(
                    f"backward hook of {type(self.module).__name__}",
                    expected=f"None or gradients of shapes {[None if x is None else x.shape for x in shown]}",
                    got=f"{[None if x is None else np.shape(x) for x in result]}",
                    remedy="return as many gradients as were passed in, each of its shape",
                )
            )
        return result


def _shown(g: tuple[Any, ...], positions: list[int], count: int) -> tuple[Any, ...]:
    """The gradients at ``positions`` of ``count`` values as hooks see them, ``None`` elsewhere."""
    found: list[Any] = [None] * count
    for position, gradient in zip(positions, g):
        if type(gradient) is Batch:  # several gradients at once: hooks want to see them one by one
            raise CannotBatch("the gradient in a hook")
        if gradient is not None:
            shown = gradient if isinstance(gradient, Tensor) else make_constant(gradient.copy())
            found[position] = conjugate(shown)
    return tuple(found)


def _inner(shown: tuple[Any, ...], positions: list[int], like: tuple[Any, ...]) -> tuple[Any, ...]:
    """What hooks returned as the backward pass goes on with it: Tensors if it is recorded, arrays if not."""
    recorded = any(isinstance(g, Tensor) for g in like)
    gradients = []
    for position in positions:
        new = shown[position]
        if new is not None:
            new = conjugate(new if isinstance(new, Tensor) else Tensor(new))
            new = new if recorded else new._data
        gradients.append(new)
    return tuple(gradients)


_module_inputs = Primitive(
    "module_inputs",
    lambda *values, watch: values,
    joint=lambda g, out, *values, watch: watch.at_inputs(g),
    formulas="1",
    multiple=True,
)
_module_outputs = Primitive(
    "module_outputs",
    lambda *values, watch: values,
    joint=lambda g, out, *values, watch: watch.at_outputs(g),
    formulas="1",
    multiple=True,
)
