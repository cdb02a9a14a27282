"""``GradTable``: what the backward pass found, as a mapping from nodes to gradients."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .tensor import Tensor


class GradTable(Mapping["Tensor", "Tensor"]):
    """The ``grad_table`` of the backward pass: node -> gradient of the result with respect to it.

    It is ordered as the backward pass fills it, from the result to the inputs, and prints as a table.
    Nodes can also be looked up by name.

    >>> import autograd_core as ag
    >>> a = ag.tensor(2.0, requires_grad=True, name="a")
    >>> b = ag.tensor(3.0, requires_grad=True, name="b")
    >>> c = a * b
    >>> table = c.backward(keep="all")
    >>> table[a], table["b"]
    (tensor(3.), tensor(2.))
    >>> print(table)
    node  operation  value  gradient
    u(3)  multiply   6      1
    b     leaf       3      2
    a     leaf       2      3
    """

    def __init__(self, nodes: Sequence[Tensor], gradients: dict[Tensor, Any]) -> None:
        self._numbers = {node: number for number, node in enumerate(nodes, 1)}
        self._gradients = {node: gradients[node] for node in reversed(nodes) if node in gradients}

    def __getitem__(self, node: Tensor | str) -> Tensor:
        return self._gradients[self._named(node) if isinstance(node, str) else node]

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self._gradients)

    def __len__(self) -> int:
        return len(self._gradients)

    def _named(self, name: str) -> Tensor:
        found = [node for node in self._gradients if node.name == name]
        if len(found) != 1:
            known = sorted({node.name for node in self._gradients if node.name})
            problem = "no node" if not found else f"{len(found)} nodes"
            raise KeyError(f"{problem} in the grad_table has the name {name!r}; the names are {known}")
        return found[0]

    def label(self, node: Tensor) -> str:
        """The node's name, or ``u(i)`` with its place in the topological order."""
        return node.name or f"u({self._numbers[node]})"

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Per node, from the result to the inputs: label, operation, value and gradient as text."""
        return [
            (
                self.label(node),
                "leaf" if node.primitive is None else node.primitive.name,
                short(node._data),
                short(gradient._data),
            )
            for node, gradient in self._gradients.items()
        ]

    def __str__(self) -> str:
        rows = [("node", "operation", "value", "gradient"), *self.rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows)

    def __repr__(self) -> str:
        return str(self)


def short(value: Any) -> str:
    """A value on one line: nine significant digits for a number, range and shape for a large array."""
    if value.ndim == 0:
        return format(value[()], ".9g") if value.dtype.kind == "f" else str(value[()])
    if value.size <= 4:
        return np.array2string(value, precision=6, separator=", ").replace("\n", "")
    if value.dtype.kind == "c":
        return f"{value.dtype.name} {value.shape}"
    return f"{value.shape} in [{value.min():.3g}, {value.max():.3g}]"
