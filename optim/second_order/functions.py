"""Plain functions of arrays, made into closures over leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.transforms.trees import flatten, unflatten

__all__ = ["Counted"]


class Counted:
    """A function of one array or nested structure as a closure over leaves, its calls counted.

    Args:
        name: who asks, for errors.
        function: what to call with the leaves in the structure of ``x0``.
        x0: an array, or nested tuples, lists and dicts of arrays; a list of numbers is an array.
        args: further arguments.

    Attributes:
        leaves: Tensors that require a gradient.
        calls: how often the function was called.
    """

    def __init__(self, name: str, function: Callable[..., Any], x0: Any, args: Sequence[Any] = ()) -> None:
        if not callable(function):
            raise TypeError(
                explain(name, expected="a function", got=type(function).__name__, remedy="pass the function itself")
            )
        self.function = function
        self.args = args if isinstance(args, tuple) else (args,)
        values, self.structure = flatten(x0)
        if isinstance(x0, list | tuple) and all(np.ndim(value) == 0 for value in values):
            values, self.structure = flatten(np.asarray(x0))
        self.leaves = [self._leaf(name, value) for value in values]
        if not sum(leaf.size for leaf in self.leaves):
            raise ValueError(explain(name, expected="at least one number in x0", got="none", remedy="pass a start"))
        self.calls = 0

    @staticmethod
    def _leaf(name: str, value: Any) -> Any:
        array = np.array(value.detach() if isinstance(value, Tensor) else value)
        if array.dtype.kind in "iub":
            array = array.astype(float)
        if array.dtype.kind != "f":
            raise TypeError(explain(name, expected="real numbers in x0", got=str(array.dtype), remedy="pass floats"))
        if not np.isfinite(array).all():
            raise ValueError(
                explain(name, expected="finite numbers in x0", got="NaN or infinity", remedy="pass another start")
            )
        return Tensor(array, requires_grad=True)

    def __call__(self) -> Any:
        """The function at the leaves."""
        self.calls += 1
        return self.function(self.tree(self.leaves), *self.args)

    def tree(self, leaves: Sequence[Any]) -> Any:
        """Leaves in the structure of ``x0``."""
        return unflatten(self.structure, list(leaves))

    def point(self) -> Any:
        """The present values, built like ``x0``, as arrays."""
        return self.tree([np.array(leaf._data) for leaf in self.leaves])
