"""How much memory the values of a graph take, and how much of it the backward pass needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .formatting import align
from .staleness import needs_input, needs_output

if TYPE_CHECKING:
    from .tensor import Tensor


class MemoryRow(NamedTuple):
    """What the nodes of one operation take.

    Attributes:
        operation: its name; ``"leaf"`` for the inputs of the graph.
        nodes: how many there are.
        values: bytes of their values.
        saved: bytes of those values that a rule reads in the backward pass.
    """

    operation: str
    nodes: int
    values: int
    saved: int


class MemoryReport:
    """Bytes per operation, the largest first. Memory that several nodes share (views) is counted once.

    Attributes:
        rows: one ``MemoryRow`` per operation.
        values: bytes of all values of the graph.
        saved: bytes that the backward pass reads; what ``ag.checkpoint`` can save is a part of it.
    """

    def __init__(self, nodes: Sequence[Tensor]) -> None:
        totals: dict[str, list[int]] = {}
        for node, values, saved in bytes_by_node(nodes):
            total = totals.setdefault("leaf" if node.primitive is None else node.primitive.name, [0, 0, 0])
            total[0] += 1
            total[1] += values
            total[2] += saved
        rows = [MemoryRow(name, *total) for name, total in totals.items()]
        self.rows = sorted(rows, key=lambda row: (-row.values, row.operation))
        self.values = sum(row.values for row in rows)
        self.saved = sum(row.saved for row in rows)

    def __str__(self) -> str:
        total = MemoryRow("all", sum(row.nodes for row in self.rows), self.values, self.saved)
        lines = [(row.operation, str(row.nodes), f"{row.values:,}", f"{row.saved:,}") for row in (*self.rows, total)]
        return align([("operation", "nodes", "bytes", "for backward"), *lines])

    def __repr__(self) -> str:
        return str(self)


def bytes_by_node(nodes: Sequence[Tensor]) -> Iterator[tuple[Tensor, int, int]]:
    """Per node the bytes of what it holds, and how many of them a rule reads in the backward pass.

    Memory that several nodes share (views) is counted at the first of them.
    """
    read = {id(owner_of(array)) for node in nodes for array in read_in_backward(node)}
    counted: set[int] = set()
    for node in nodes:
        values = saved = 0
        for array in (*(node._data if isinstance(node._data, tuple) else (node._data,)), *kept_by(node)):
            owner = owner_of(array)
            if id(owner) not in counted:
                counted.add(id(owner))
                values += owner.nbytes
                saved += owner.nbytes if id(owner) in read else 0
        yield node, values, saved


def owner_of(array: Any) -> Any:
    """The array whose memory ``array`` lies in."""
    base = getattr(array, "base", None)
    return array if base is None or not hasattr(base, "nbytes") else base


def kept_by(node: Tensor) -> Iterator[Any]:
    """The arrays besides its inputs and its value that an operation keeps for the backward pass.

    They are what its attributes list as ``kept_arrays``.
    """
    for attribute in node.attributes.values():
        yield from getattr(attribute, "kept_arrays", ())


def read_in_backward(node: Tensor) -> Iterator[Any]:
    """The arrays that the rules of ``node`` read in a backward pass."""
    if node.primitive is None or not node._requires_grad:
        return
    arrays = [x for position, x in enumerate(node.inputs) if needs_input(node, position)]
    if needs_output(node):
        arrays.append(node._data)
    for array in arrays:
        yield from array if isinstance(array, tuple) else (array,)
    yield from kept_by(node)
