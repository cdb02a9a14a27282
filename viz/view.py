"""What a picture of a graph shows, as plain data: which nodes and edges, with which texts.

A ``View`` knows nothing of DOT, of colours or of Tensors. It is made once from a graph, and each renderer
(``viz.dot`` is one) turns it into its own language. Making it never changes the graph.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from autograd_core import Tensor
from autograd_core.graph import topological_order
from autograd_core.primitive import Primitive
from autograd_core.recording import OUTPUT

from .style import LABEL_WIDTH
from .text import clipped, short

Kind = Literal["leaf", "constant", "operation", "result", "number", "more"]


@dataclass(frozen=True)
class ViewNode:
    """A node of the picture.

    Attributes:
        id: unique within the view and the same on every run.
        kind: ``"leaf"`` (requires a gradient, made by no operation), ``"constant"`` (a Tensor that
            requires none), ``"operation"``, ``"result"`` (what the picture was asked for), ``"number"``
            (an input that was no Tensor) or ``"more"`` (stands for nodes that are left out).
        label: the node's name, or u(i) with its number in the topological order.
        expression: how it was computed from its parents; empty where no operation made it.
        operation: the operation's name, likewise.
        value: the value as text.
        gradient: the gradient as text; ``None`` where there is none.
        requires_grad: whether the node can have a gradient.
        shape, dtype: of the value.
        line: the line of the program that made the node, where that is known.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> node = viz.draw(x * x).view.nodes[-1]
    >>> node.kind, node.label, node.expression, node.value, node.gradient
    ('result', 'u(2)', 'x × x', '9', '1')
    """

    id: str
    kind: Kind
    label: str
    expression: str = ""
    operation: str = ""
    value: str = ""
    gradient: str | None = None
    requires_grad: bool = False
    shape: tuple[int, ...] | None = None
    dtype: str = ""
    line: str = ""

    def tooltip(self) -> str:
        """What a picture says of the node when it is pointed at: operation, shape, dtype, source line."""
        size = "" if self.shape is None else f"shape {self.shape}, {self.dtype}"
        name = f"{clipped(self.label, LABEL_WIDTH)} {self.operation}".strip() or self.kind
        return "\n".join(part for part in (name, size, clipped(self.line, 120)) if part)


@dataclass(frozen=True)
class ViewEdge:
    """Node ``source`` is input number ``position`` (from 0) of node ``target``.

    Attributes:
        derivative: the local derivative of the target with respect to this input, as text.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> viz.draw(x * 7).view.edges[0]
    ViewEdge(source='n1', target='n2', position=0, derivative='7')
    """

    source: str
    target: str
    position: int
    derivative: str = ""


@dataclass(frozen=True)
class View:
    """The nodes in topological order, the edges between them, and remarks on the whole.

    An operation that uses one node twice has two edges from it. Printed, a view is a table, which is
    what shows where no picture can.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> view = viz.draw(x * x).view
    >>> len(view.nodes), len(view.edges)
    (2, 2)
    """

    nodes: tuple[ViewNode, ...]
    edges: tuple[ViewEdge, ...]
    has_gradients: bool = True
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        table = [("node", "computed as", "value", "gradient" if self.has_gradients else "")]
        for node in self.nodes:
            if node.kind not in ("number", "more"):
                gradient = self.gradient_text(node) if self.has_gradients else ""
                table.append((node.label or node.kind, node.expression or node.kind, node.value, gradient))
        rows = [[clipped(text, 60) for text in row] for row in table]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows]
        return "\n".join([*lines, *self.notes])

    def gradient_text(self, node: ViewNode) -> str:
        """The gradient, or why there is none: ``"not computed"`` is not the same as 0."""
        if not node.requires_grad:
            return ""
        return "not computed" if node.gradient is None else node.gradient


def view_graph(
    results: Sequence[Tensor],
    gradients: Mapping[Tensor, Any] | None,
    *,
    labels: Mapping[Tensor, str] | None = None,
    show_constants: bool = True,
    max_nodes: int | None = None,
    digits: int = 6,
    notes: Iterable[str] = (),
) -> View:
    """Look at the graph that ``results`` were computed by.

    Args:
        results: the nodes to look back from.
        gradients: node -> gradient, or ``None`` for a picture without gradients.
        labels: what to call nodes. Others are called by their names, or by u(i) with their place in the
            topological order of the nodes that require gradients, as a grad_table calls them.
        show_constants: whether inputs that can have no gradient are nodes of the picture.
        max_nodes: how many nodes to show at most, the nearest to the results; ``None`` for all.
        digits: significant digits of numbers.
        notes: remarks to keep with the view.
    """
    builder = _Builder(results, gradients, labels or {}, show_constants, digits)
    shown = builder.nearest(max_nodes)
    for node in builder.order:
        if node in shown:
            builder.add(node, shown)
    left_out = sum(node not in shown and not _is_bundle(node) for node in builder.order)
    remarks = list(notes)
    if left_out:
        remarks.append(f"{left_out} nodes further from the result are left out (max_nodes={max_nodes}).")
    return View(tuple(builder.nodes), tuple(builder.edges), gradients is not None, tuple(remarks))


class _Builder:
    """Collects the nodes and edges of one view."""

    def __init__(
        self,
        results: Sequence[Tensor],
        gradients: Mapping[Tensor, Any] | None,
        labels: Mapping[Tensor, str],
        show_constants: bool,
        digits: int,
    ) -> None:
        self.results = dict.fromkeys(results)
        self.gradients = gradients or {}
        self.labels = labels
        self.show_constants = show_constants
        self.digits = digits
        numbered = topological_order(self.results, check=False)
        self.numbers = {node: number for number, node in enumerate(numbered, 1)}
        self.order = topological_order(self.results, constants=True, check=False) if show_constants else numbered
        self.ids = {node: f"n{position}" for position, node in enumerate(self.order, 1)}
        self.nodes: list[ViewNode] = []
        self.edges: list[ViewEdge] = []

    def nearest(self, max_nodes: int | None) -> Container[Tensor]:
        """The nodes to show: all, or those with the fewest steps to a result."""
        if max_nodes is None or len(self.order) <= max_nodes:
            return self.ids
        nearest = dict.fromkeys(self.results)
        pending = deque(nearest)
        while pending and len(nearest) < max_nodes:
            for parent in _origin(pending.popleft())[1]:
                if parent in self.ids and parent not in nearest and len(nearest) < max_nodes:
                    nearest[parent] = None
                    pending.append(parent)
        return nearest

    def add(self, node: Tensor, shown: Container[Tensor]) -> None:
        """Enter one node and the edges that lead to it."""
        if _is_bundle(node):
            return
        primitive, parents, inputs, attributes = _origin(node)
        kind: Kind = "leaf" if node.requires_grad else "constant"
        if primitive is not None:
            kind = "result" if node in self.results else "operation"
        operands = [self.operand(parent, x) for parent, x in zip(parents, inputs)]
        view_id = self.ids[node]
        left_out = self._connect(view_id, node, operands, shown)
        if left_out:
            self.nodes.append(ViewNode(f"{view_id}_more", "more", f"{left_out} more"))
            self.edges.append(ViewEdge(f"{view_id}_more", view_id, 0))
        gradient = self.gradients.get(node)
        self.nodes.append(
            ViewNode(
                id=view_id,
                kind=kind,
                label=self.label(node),
                expression="" if primitive is None else _expression(primitive, operands, attributes, node),
                operation="" if primitive is None else primitive.name,
                value=short(node._data, self.digits),
                gradient=None if gradient is None else short(getattr(gradient, "_data", gradient), self.digits),
                requires_grad=node.requires_grad,
                shape=node.shape,
                dtype=str(node.dtype),
                line="" if primitive is None else _line(node.where()),
            )
        )

    def _connect(self, view_id: str, node: Tensor, operands: list[str], shown: Container[Tensor]) -> int:
        """Enter the edges to a node and the plain numbers among its inputs; count the parents left out."""
        primitive, parents, inputs, _ = _origin(node)
        left_out = 0
        for position, (parent, x) in enumerate(zip(parents, inputs)):
            if parent is None:
                if self.show_constants:
                    number = ViewNode(f"{view_id}_c{position}", "number", "", value=short(x, self.digits))
                    self.nodes.append(number)
                    self.edges.append(ViewEdge(number.id, view_id, position))
            elif parent in shown:
                formula = _derivative(primitive, position, operands, self.label(node))
                derivative = formula if parent.requires_grad else ""
                self.edges.append(ViewEdge(self.ids[parent], view_id, position, derivative))
            elif parent in self.ids:
                left_out += 1
        return left_out

    def label(self, node: Tensor) -> str:
        """The label given here, the node's own name, or its number."""
        name = self.labels.get(node) or node.name
        if name or node not in self.numbers:
            return name or ""
        return f"u({self.numbers[node]})"

    def operand(self, parent: Tensor | None, x: Any) -> str:
        """What an input is called in an expression."""
        label = "" if parent is None else self.label(parent)
        if label:
            return label
        return f"array {x.shape}" if getattr(x, "size", 1) > 4 else short(x, self.digits)


def _is_bundle(node: Tensor) -> bool:
    """Whether the node is the tuple that an operation with several outputs returned."""
    return node.primitive is not None and node.primitive.multiple


def _origin(node: Tensor) -> tuple[Primitive | None, tuple[Any, ...], tuple[Any, ...], Mapping[str, Any]]:
    """Operation, parents, inputs and attributes; for one output of several, those of the whole operation."""
    if node.primitive is OUTPUT:
        node = node.parents[0]
    return node.primitive, node.parents, node.inputs, node.attributes


def _expression(primitive: Primitive, operands: list[str], attributes: Mapping[str, Any], node: Tensor) -> str:
    """``a × b``, or ``sum(a, axis=0)``, or ``split(a)[1]``."""
    symbol = primitive.symbol
    given = [f"{key}={short(value)}" for key, value in attributes.items() if value is not None and value is not False]
    if len(operands) == 2 and not given and not any(character.isalnum() for character in symbol):
        return f"{operands[0]} {symbol} {operands[1]}"
    function = symbol if symbol.isidentifier() else primitive.name
    call = f"{function}({', '.join([*operands, *given])})"
    return f"{call}[{node.attributes['position']}]" if node.primitive is OUTPUT else call


def _derivative(primitive: Primitive | None, position: int, operands: list[str], out: str) -> str:
    """The formula of the local derivative with the nodes' labels put in."""
    if primitive is None or position >= len(primitive.formulas):
        return ""
    letters = dict(zip("abcdefgh", operands))
    return primitive.formulas[position].format(**letters, out=out)


def _line(where: str) -> str:
    """``file:line (source)`` without the directory, which differs from machine to machine."""
    path, _, source = where.partition(" (")
    file, _, line = path.rpartition(":")
    name = "cell" if "ipykernel" in file else PurePath(file).name
    return f"{name}:{line}  {source.removesuffix(')')}".rstrip() if file else ""
