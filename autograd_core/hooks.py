"""Hooks: functions that see the gradient of a node when it is complete, and may replace it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import GradientError, explain
from .gradients import conjugate
from .recording import Node, make_constant, next_index
from .values import as_value


class Hooks(dict[int, Callable[[Any], Any]]):
    """The hooks of a node by number, in the order in which they run."""

    __slots__ = ("__weakref__",)

    def add(self, hook: Callable[[Any], Any]) -> HookHandle:
        """Enter a hook; the handle takes it away again."""
        handle = HookHandle(self)
        self[handle.number] = hook
        return handle


class HookHandle:
    """Takes a hook away again."""

    def __init__(self, hooks: Hooks) -> None:
        self.number = next_index()
        self._hooks = weakref.ref(hooks)  # the hooks may hold the handle, and that would be a circle

    def remove(self) -> None:
        """Remove the hook; doing it twice does nothing."""
        hooks = self._hooks()
        if hooks is not None:
            hooks.pop(self.number, None)


def run_hooks(hooks: Hooks, shape: tuple[int, ...], gradient: Any) -> Any:
    """Show a gradient (in the engine's convention) to each of a node's hooks in turn.

    Args:
        hooks: they get the gradient as users see it; what one returns, unless ``None``, takes its place.
        shape: of the node.
        gradient: a Tensor.

    Returns:
        The gradient that the backward pass goes on with, as a Tensor.

    Raises:
        GradientError: if a hook returns a gradient of another shape.
    """
    for hook in tuple(hooks.values()):
        shown = conjugate(gradient)
        if shown.primitive is None:
            shown = make_constant(_own_copy(shown._data))
        replaced = hook(shown)
        if replaced is None or replaced is shown:
            continue
        if not isinstance(replaced, Node):
            replaced = make_constant(as_value(replaced))
        replaced = np.copy(replaced)  # the hook may have returned something that lives on
        if replaced.dtype != gradient.dtype:
            replaced = np.astype(replaced, gradient.dtype)
        gradient = conjugate(replaced)
        if gradient.shape != shape:
            raise GradientError(
                explain(
                    "hook",
                    expected=f"a gradient of shape {shape}",
                    got=f"shape {gradient.shape}",
                    remedy="return a gradient of the Tensor's own shape, or None to leave it",
                )
            )
    return gradient


def _own_copy(value: Any) -> Any:
    """What a hook may keep: the array itself may become another node's gradient. Writing into it has no effect."""
    if type(value) is not np.ndarray:
        return value
    value = value.copy()
    value.flags.writeable = False
    return value
