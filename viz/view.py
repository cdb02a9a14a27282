"""What a picture of a graph shows, as plain data: which nodes and edges, with which texts.

A ``View`` knows nothing of DOT, of colours or of Tensors. It is made once from a graph, and each renderer
(``viz.dot`` is one) turns it into its own language. Making it never changes the graph.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Literal, cast

from autograd_core import Tensor
from autograd_core.graph import topological_order
from autograd_core.memory_report import bytes_by_node
from autograd_core.primitive import Primitive
from autograd_core.recording import OUTPUT
from autograd_core.values import entries_of

from .flow import INSIDE_VMAP, detached_from, inside_vmap, is_detached, note_on_shapes
from .grouping import Grouping, common
from .style import LABEL_WIDTH, NOTE_LENGTH
from .summary import Summary, summarize
from .text import clipped, cut, printable, short

Kind = Literal["leaf", "constant", "detached", "operation", "result", "number", "more", "group", "failed"]
GroupKind = Literal["group", "module", "container", "repeat", "step"]


@dataclass(frozen=True)
class ViewGroup:
    """A group of nodes.

    Attributes:
        path: its name, after those of the groups that it lies in.
        kind: ``"module"``, ``"container"`` (of modules), ``"repeat"`` (steps of a module that is called again
            and again, or of a loop), ``"step"``, or ``"group"`` where nothing else is known.
        title: the class of the module, with the number of its steps, say.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> viz.draw(x * x, groups=lambda node: "square" if node.primitive else None).view.groups
    (ViewGroup(path=('square',), kind='group', title=''),)
    """

    path: tuple[str, ...]
    kind: GroupKind = "group"
    title: str = ""


@dataclass(frozen=True)
class Contents:
    """What a collapsed group stands for.

    Attributes:
        operations: how many operations are in it.
        parameters: how many entries its leaves have.
        steps: of how many steps it consists; 0 if it is none that repeats.
        gradients: the least and the largest size (root mean square) of the gradients in it.
        gradient_steps: per step the size of the gradient at what the step hands on; ``None`` where there is none.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> drawing = viz.draw(x * x * x, groups=lambda node: "cube" if node.primitive else None)
    >>> drawing.collapse("cube").view.nodes[-1].contents
    Contents(operations=2, parameters=0, steps=0, gradients=(1.0, 3.0), gradient_steps=())
    """

    operations: int
    parameters: int = 0
    steps: int = 0
    gradients: tuple[float, float] | None = None
    gradient_steps: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class ViewNode:
    """A node of the picture.

    Attributes:
        id: unique within the view and the same on every run.
        kind: ``"leaf"`` (requires a gradient, made by no operation), ``"constant"`` (a Tensor that
            requires none), ``"detached"`` (a constant that ``detach`` cut off a Tensor which requires one),
            ``"operation"``, ``"result"`` (what the picture was asked for), ``"number"`` (an input that was no
            Tensor), ``"more"`` (stands for nodes that are left out), ``"group"`` (a collapsed group) or
            ``"failed"`` (an operation that raised).
        label: the node's name, or u(i) with its number in the topological order.
        expression: how it was computed from its parents; empty where no operation made it.
        operation: the operation's name, likewise.
        value: the value as text.
        gradient: the gradient as text; ``None`` where there is none.
        requires_grad: whether the node can have a gradient.
        shape, dtype: of the value.
        line: the line of the program that made the node, where that is known.
        summary, gradient_summary: plain numbers of the value and of the gradient: statistics, a thumbnail.
        saved: bytes of the value that the backward pass reads, memory that several nodes share counted once.
        extra: further lines of the card, pairs of a word and a text.
        shade: where the node stands on the scale of the view's legend, from 0 to 1.
        badges: what is remarkable about the node, by the names that ``viz.modes.BADGES`` explains.
        marked: whether the node is to stand out, as a part of a path.
        group: the path of the group that it belongs to, the outermost first.
        contents: what a collapsed group stands for.

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
    summary: Summary | None = None
    gradient_summary: Summary | None = None
    saved: int = 0
    extra: tuple[tuple[str, str], ...] = ()
    shade: float | None = None
    badges: tuple[str, ...] = ()
    marked: bool = False
    group: tuple[str, ...] = ()
    contents: Contents | None = None

    def title(self) -> str:
        """What stands behind the node's name: how it was computed, or what the group is made of."""
        if self.kind in ("group", "failed"):
            return f" {self.expression}"
        return f" = {self.expression}" if self.expression else ""

    def tooltip(self) -> str:
        """What a picture says of the node when it is pointed at: operation, sizes, statistics, source line."""
        size = "" if self.shape is None else f"shape {self.shape}, {self.dtype}"
        name = f"{clipped(self.label, LABEL_WIDTH)} {self.operation}".strip() or self.kind
        parts = [name, size, *self.sizes(), *self.badges, clipped(self.line, 120)]
        return "\n".join(part for part in parts if part)

    def sizes(self) -> list[str]:
        """Bytes of the value and how many the backward pass reads, and statistics of value and gradient."""
        texts = []
        if self.summary is not None:
            saved = f", {self.saved:,} kept for the backward pass" if self.saved else ""
            texts.append(f"{self.summary.nbytes:,} bytes{saved}")
        for word, summary in (("value", self.summary), ("gradient", self.gradient_summary)):
            if summary is not None and summary.size > 1:
                texts.append(f"{word}: {summary.statistics()}")
        return texts


@dataclass(frozen=True)
class ViewEdge:
    """Node ``source`` is input number ``position`` (from 0) of node ``target``.

    Attributes:
        derivative: the local derivative of the target with respect to this input, as text.
        marked: whether the edge is to stand out, as a part of a path.
        note: what happens to the shape on the way: broadcasting, or a sum.
        count: how many edges this one stands for, between collapsed groups.
        back: whether it leads back, as from one step of a collapsed loop to the next.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> viz.draw(x * 7).view.edges[0]
    ViewEdge(source='n1', target='n2', position=0, derivative='7', marked=False, note='', count=1, back=False)
    """

    source: str
    target: str
    position: int
    derivative: str = ""
    marked: bool = False
    note: str = ""
    count: int = 1
    back: bool = False

    def tooltip(self) -> str:
        """What a picture says of the edge when it is pointed at."""
        parts = [f"local derivative: {clipped(self.derivative, 80)}" if self.derivative else "", self.note]
        parts += [f"{self.count} edges" if self.count > 1 else "", "to the next step" if self.back else ""]
        return "\n".join(part for part in parts if part)


@dataclass(frozen=True)
class Legend:
    """What the shades and the badges of a view mean.

    Attributes:
        title: what the shade shows.
        ticks: pairs of a place on the scale, from 0 to 1, and the text beside it. Empty where nothing is shaded.
        badges: names of the badges that occur in the view.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> viz.draw(x * x, mode="heat").view.legend.ticks
    ((0.0, '1'), (1.0, '6'))
    """

    title: str
    ticks: tuple[tuple[float, str], ...] = ()
    badges: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    """The nodes in topological order, the edges between them, the groups, and remarks on the whole.

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
    legend: Legend | None = None
    groups: tuple[ViewGroup, ...] = ()

    def __str__(self) -> str:
        remarks = "remarks" if any(node.badges for node in self.nodes) else ""
        table = [("node", "computed as", "value", "gradient" if self.has_gradients else "", remarks)]
        for node in self.nodes:
            if node.kind not in ("number", "more"):
                gradient = self.gradient_text(node) if self.has_gradients else ""
                badges = ", ".join(node.badges)
                table.append((node.label or node.kind, node.expression or node.kind, node.value, gradient, badges))
        rows = [[clipped(printable(text), 60) for text in row] for row in table]
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows]
        below = [cut(printable(line), NOTE_LENGTH) for line in (*self._step_lines(), *self.notes)]
        return "\n".join([*lines, *below])

    def _step_lines(self) -> list[str]:
        """The size of the gradient by step, for every card that stands for steps."""
        texts = []
        for node in self.nodes:
            if node.contents is not None and node.contents.gradient_steps:
                ends = [node.contents.gradient_steps[0], node.contents.gradient_steps[-1]]
                low, high = ("none" if end is None else f"{end:.3g}" for end in ends)
                bars = dict(node.extra).get("gradient by step", "")
                label = clipped(node.label, LABEL_WIDTH)
                texts.append(f"{label}: size of the gradient by step, from {low} to {high}  {bars}")
        return texts

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
    grouping: Grouping | None = None,
    only: Container[Tensor] | None = None,
    users: bool = False,
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
        grouping: which group every node belongs to.
        only: the nodes to show; ``None`` for all.
        users: whether there are signs for the users that are left out too, not for inputs only.
        digits: significant digits of numbers.
        notes: remarks to keep with the view.
    """
    builder = _Builder(results, gradients, labels or {}, show_constants, digits, grouping or Grouping())
    shown: Container[Tensor] = builder.ids if only is None else only
    for node in builder.order:
        if node in shown:
            builder.add(node, shown)
            if users:
                builder.add_users(node, shown)
    if any(node in shown and inside_vmap(node) for node in builder.order):
        notes = (*notes, INSIDE_VMAP)
    nodes = builder.with_groups()
    return View(nodes, tuple(builder.edges), gradients is not None, tuple(notes), groups=builder.groups(nodes))


class _Builder:
    """Collects the nodes and edges of one view."""

    def __init__(
        self,
        results: Sequence[Tensor],
        gradients: Mapping[Tensor, Any] | None,
        labels: Mapping[Tensor, str],
        show_constants: bool,
        digits: int,
        grouping: Grouping,
    ) -> None:
        self.grouping = grouping
        self.results = dict.fromkeys(results)
        self.gradients = gradients or {}
        self.labels = labels
        self.show_constants = show_constants
        self.digits = digits
        numbered = topological_order(self.results, check=False)
        self.numbers = {node: number for number, node in enumerate(numbered, 1)}
        self.order = topological_order(self.results, constants=True, check=False) if show_constants else numbered
        self.ids = {node: f"n{position}" for position, node in enumerate(self.order, 1)}
        self.saved = _saved(self.order)
        self.users: dict[Tensor, int] | None = None
        self.nodes: list[ViewNode] = []
        self.edges: list[ViewEdge] = []

    def add(self, node: Tensor, shown: Container[Tensor]) -> None:
        """Enter one node and the edges that lead to it."""
        if is_bundle(node):
            return
        primitive, parents, inputs, attributes = origin(node)
        kind: Kind = "leaf" if node.requires_grad else "constant"
        if primitive is not None:
            kind = "result" if node in self.results else "operation"
        elif is_detached(node):
            kind = "detached"
        operands = [self.operand(parent, x) for parent, x in zip(parents, inputs)]
        view_id = self.ids[node]
        left_out = self._connect(view_id, node, operands, shown)
        if left_out:
            self.nodes.append(ViewNode(f"{view_id}_more", "more", f"{left_out} more"))
            self.edges.append(ViewEdge(f"{view_id}_more", view_id, 0))
        expression = ""
        if primitive is not None:
            expression = _expression(primitive, operands, attributes, node)
        elif kind == "detached":
            source = detached_from(node)
            expression = f"detach({self.label(source)})" if source in self.numbers else "detached"
        gradient = self.gradients.get(node)
        self.nodes.append(
            ViewNode(
                id=view_id,
                kind=kind,
                label=self.label(node),
                expression=expression,
                operation="" if primitive is None else primitive.name,
                value=short(node._data, self.digits),
                gradient=None if gradient is None else short(getattr(gradient, "_data", gradient), self.digits),
                requires_grad=node.requires_grad,
                shape=entries_of(node).shape,
                dtype=str(node.dtype),
                line="" if primitive is None else line_text(node.where()),
                summary=summarize(node._data),
                gradient_summary=None if gradient is None else summarize(getattr(gradient, "_data", gradient)),
                saved=self.saved.get(node, 0),
                group=self.grouping.paths.get(node, ()),
            )
        )

    def _connect(self, view_id: str, node: Tensor, operands: list[str], shown: Container[Tensor]) -> int:
        """Enter the edges to a node and the plain numbers among its inputs; count the parents left out."""
        primitive, parents, inputs, attributes = origin(node)
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
                note = note_on_shapes(primitive, parent, node, attributes, position)
                self.edges.append(ViewEdge(self.ids[parent], view_id, position, derivative, note=note))
            elif parent in self.ids:
                left_out += 1
        return left_out

    def with_groups(self) -> tuple[ViewNode, ...]:
        """The nodes, where those that only belong to their users go into the group of these."""
        users: dict[str, list[tuple[str, ...]]] = {}
        groups = {node.id: node.group for node in self.nodes}
        for edge in self.edges:
            users.setdefault(edge.source, []).append(groups[edge.target])
        return tuple(
            replace(node, group=common(users.get(node.id, ())))
            if node.kind in ("number", "more") or (node.kind == "constant" and not node.label and not node.group)
            else node
            for node in self.nodes
        )

    def groups(self, nodes: Sequence[ViewNode]) -> tuple[ViewGroup, ...]:
        """The groups that ``nodes`` lie in, by their first operations, each after the one that it lies in."""
        first: dict[tuple[str, ...], int] = {}
        operations = [node for node in nodes if node.operation]
        for number, node in enumerate((*operations, *nodes)):
            for length in range(1, len(node.group) + 1):
                first.setdefault(node.group[:length], number)
        paths = sorted(first, key=lambda path: (first[path], len(path)))
        known = ((path, *self.grouping.titles.get(path, ("group", ""))) for path in paths)
        return tuple(ViewGroup(path, cast(GroupKind, kind), title) for path, kind, title in known)

    def add_users(self, node: Tensor, shown: Container[Tensor]) -> None:
        """Enter a sign for the users of a node that are left out."""
        if self.users is None:
            self.users = {}
            for user in self.order:
                for parent in () if is_bundle(user) or user in shown else origin(user)[1]:
                    if parent is not None:
                        self.users[parent] = self.users.get(parent, 0) + 1
        count = self.users.get(node, 0)
        if count:
            view_id = self.ids[node]
            text = f"{count} use{'' if count == 1 else 's'} elsewhere"
            self.nodes.append(ViewNode(f"{view_id}_uses", "more", text))
            self.edges.append(ViewEdge(view_id, f"{view_id}_uses", 0))

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
        x = entries_of(x)
        return f"array {x.shape}" if getattr(x, "size", 1) > 4 else short(x, self.digits)


def _saved(order: Sequence[Tensor]) -> dict[Tensor, int]:
    """node -> bytes of its value that the backward pass reads; those of several outputs stand at the first."""
    saved = {node: read for node, _, read in bytes_by_node(order) if read}
    for node in order:
        if node.primitive is OUTPUT and node.parents[0] in saved:
            saved[node] = saved.get(node, 0) + saved.pop(node.parents[0])
    return saved


def is_bundle(node: Tensor) -> bool:
    """Whether the node is the tuple that an operation with several outputs returned."""
    return node.primitive is not None and node.primitive.multiple


def origin(node: Tensor) -> tuple[Primitive | None, tuple[Any, ...], tuple[Any, ...], Mapping[str, Any]]:
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
    return _EXPONENT.sub(_one_less, primitive.formulas[position].format(**letters, out=out))


_EXPONENT = re.compile(r"\^\((\d+)−1\)")


def _one_less(exponent: re.Match[str]) -> str:
    """``^(3−1)`` as ``^2``, and ``^(2−1)`` as nothing."""
    power = int(exponent[1]) - 1
    return "" if power == 1 else f"^{power}"


def line_text(where: str) -> str:
    """``file:line (source)`` without the directory, which differs from machine to machine."""
    path, _, source = where.partition(" (")
    file, _, line = path.rpartition(":")
    name = "cell" if "ipykernel" in file else PurePath(file).name
    return f"{name}:{line}  {source.removesuffix(')')}".rstrip() if file else ""
