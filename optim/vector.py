"""All parameters as one vector, for methods that think of them so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograd_core.recording import next_index
from autograd_core.staleness import Change, mark_changed, user_line

from .checking import check_gradient
from .flat import flat_real

__all__ = ["ParameterVector", "mark"]


def mark(parameters: Iterable[Any]) -> None:
    """Note that values changed: a pending backward pass that needs the old ones is refused."""
    change = Change(next_index(), user_line())
    for parameter in parameters:
        parameter._changed = change
        if hasattr(parameter, "_aliases"):  # a detached Tensor or a view shares its memory
            mark_changed(parameter, change)


class ParameterVector:
    """Parameters read and written as one vector of real numbers; a complex number counts as two.

    Args:
        parameters: leaf Tensors.
        owner: who asks, for errors.
    """

    def __init__(self, parameters: Sequence[Any], owner: str = "ParameterVector") -> None:
        self.parameters = list(parameters)
        self.owner = owner

    def values(self) -> Any:
        """The parameters, in a new vector."""
        return np.concatenate([flat_real(parameter._data) for parameter in self.parameters])

    def gradient(self) -> Any:
        """Their gradients, zero where there is none, in a new vector.

        Raises:
            ValueError: for a gradient of another shape than its parameter.
        """
        return np.concatenate(
            [
                flat_real(np.zeros_like(p._data) if p.grad is None else check_gradient(self.owner, p))
                for p in self.parameters
            ]
        )

    def assign(self, vector: Any) -> None:
        """Give the parameters new values; ``vector`` belongs to them from then on."""
        start = 0
        for parameter in self.parameters:
            value = parameter._data
            size = value.size * (2 if value.dtype.kind == "c" else 1)
            part = vector[start : start + size].astype(value.real.dtype, copy=False)
            parameter._data = part.view(value.dtype).reshape(value.shape)
            start += size
        mark(self.parameters)
