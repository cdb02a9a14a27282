"""``GradTable``: what the backward pass found, as a mapping from nodes to gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from .formatting import align, short

if TYPE_CHECKING:
    from .tensor import Tensor


_by_index = attrgetter("index")


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
        self._nodes = nodes
        self._numbers: dict[Tensor, int] | None = None  # made when a table is printed
        self._gradients = {node: gradients[node] for node in sorted(gradients, key=_by_index, reverse=True)}

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
        if node.name:
            return node.name
        if self._numbers is None:
            self._numbers = {node: number for number, node in enumerate(self._nodes, 1)}
        return f"u({self._numbers[node]})"

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
        return align([("node", "operation", "value", "gradient"), *self.rows()])

    def __repr__(self) -> str:
        return str(self)
