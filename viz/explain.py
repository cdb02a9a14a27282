"""``explain``: why the gradient at one node is what it is, in symbols, in numbers, and as a sum over paths."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain as problem
from autograd_core.gradients import as_gradients, conjugate
from autograd_core.graph import backward_pass, conform, topological_order

from .display import bundle
from .drawing import Drawing, draw
from .modes import mark_paths, only_marked
from .tables import latex_text
from .text import short
from .view import View, ViewEdge

# Entries of which finite differences are taken at most: each costs two forward passes.
CHECKED_ENTRIES = 64
# Up to this many nodes, a graph is drawn as a whole when paths are highlighted; of larger ones only the paths are.
LARGEST_WHOLE = 120


@dataclass(frozen=True)
class Contribution:
    """What one use of a node adds to its gradient: upstream × local.

    Attributes:
        consumer: the node that uses it, by its label.
        position: as which input, from 0.
        upstream: the gradient at the consumer, as text.
        local: the local derivative's formula, with the nodes' names in it.
        factor: the local derivative as a number, where both nodes are numbers.
        value: the contribution as text.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> first, second = viz.explain(x * x, x).steps[-1].contributions
    >>> first.upstream, first.local, first.factor, first.value
    ('1', 'x', 3.0, '3')
    """

    consumer: str
    position: int
    upstream: str
    local: str
    factor: float | None
    value: str


@dataclass(frozen=True)
class Step:
    """The gradient of one node on the way: the sum of its contributions.

    Attributes:
        node: its label.
        shape: of its value.
        gradient: as text.
        contributions: one for every use of the node.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> step = viz.explain(x * x, x).steps[-1]
    >>> step.node, step.gradient, len(step.contributions)
    ('x', '6', 2)
    """

    node: str
    shape: tuple[int, ...]
    gradient: str
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True)
class Path:
    """One way from the result back to the node: the nodes on it and the local derivatives between them.

    Attributes:
        nodes: labels from the result to the node.
        factors: the local derivatives as numbers.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> y = ag.sin(x * 2.0)
    >>> (path,) = viz.explain(y, x).paths
    >>> path.nodes[-1], len(path.factors), round(path.product, 6)
    ('x', 2, 1.920341)
    """

    nodes: tuple[str, ...]
    factors: tuple[float, ...]

    @property
    def product(self) -> float:
        """What this path contributes to the gradient."""
        return math.prod(self.factors)


@dataclass(frozen=True)
class Explanation:
    """The chain rule for one node. Prints as text; ``latex()`` and notebooks show it as formulas.

    Attributes:
        result, node: labels.
        gradient: the gradient as text.
        steps: the gradients of all nodes between the result and the node, in the order of the backward pass.
        paths: for graphs of numbers every way from the result to the node, as many as were asked for.
        path_count: how many ways there are.
        differences: the gradient by finite differences, as text, if it was asked for.
        view: the graph with the paths marked, as plain data; see ``draw``.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> y = x * x
    >>> y.name = "y"
    >>> viz.explain(y, x)
    ∂y/∂x: the sum over 2 paths
      1  ∂y/∂x = 3
      2  ∂y/∂x = 3
      ∂y/∂x = 3 + 3 = 6
    """

    result: str
    node: str
    gradient: str
    steps: tuple[Step, ...]
    paths: tuple[Path, ...]
    path_count: int
    digits: int = 6
    differences: str | None = None
    view: View | None = field(default=None, repr=False, compare=False)

    def draw(self, direction: str = "LR", renderer: str = "auto", theme: str = "light") -> Drawing:
        """The picture of the graph with all nodes and edges on the paths highlighted.

        Args:
            direction, renderer, theme: as for ``viz.draw``.

        >>> import autograd_core as ag, viz
        >>> x, y = (ag.tensor(3.0, requires_grad=True, name=name) for name in "xy")
        >>> view = viz.explain(x * x + y, x).draw().view
        >>> sum(edge.marked for edge in view.edges), len(view.edges)
        (3, 4)
        """
        assert self.view is not None
        marked = sum(node.marked for node in self.view.nodes)
        notes = repr(self).split("\n")
        if not self.paths:
            ways = "1 path" if self.path_count == 1 else f"{self.path_count:,} paths"
            notes = [f"∂{self.result}/∂{self.node}: {ways} over {marked} nodes; the gradient: {self.gradient}"]
        large = len(self.view.nodes) > LARGEST_WHOLE
        view = only_marked(self.view) if large else self.view
        return Drawing(replace(view, notes=(*view.notes, *notes)), direction, renderer, theme=theme)

    def __repr__(self) -> str:
        head = f"∂{self.result}/∂{self.node}"
        lines = self._by_paths(head) if self.paths else self._by_steps(head)
        if self.differences is not None:
            lines.append(f"  by finite differences: {self.differences}")
        return "\n".join(lines)

    def _number(self, value: float) -> str:
        return short(np.float64(value), self.digits)

    def _by_paths(self, head: str) -> list[str]:
        if self.path_count == 1:
            symbols, numbers = self._chain(self.paths[0])
            lines = [f"{head} = {symbols}"]
            if len(self.paths[0].factors) > 1:
                lines.append(f"  = {numbers}")
            return [*lines, f"  = {self.gradient}"]
        lines = [f"{head}: the sum over {self.path_count} paths"]
        for number, path in enumerate(self.paths, 1):
            symbols, numbers = self._chain(path)
            product = f" = {numbers}" if len(path.factors) > 1 else ""
            lines.append(f"  {number}  {symbols}{product} = {self._number(path.product)}")
        total = " + ".join(self._number(path.product) for path in self.paths)
        if self.path_count > len(self.paths):
            total += f" + … ({self.path_count - len(self.paths)} more)"
        return [*lines, f"  {head} = {total} = {self.gradient}"]

    def _chain(self, path: Path) -> tuple[str, str]:
        pairs = pairwise(path.nodes)
        symbols = " · ".join(f"∂{consumer}/∂{node}" for consumer, node in pairs)
        return symbols, " × ".join(self._number(factor) for factor in path.factors)

    def _by_steps(self, head: str) -> list[str]:
        lines = [f"{head}, from the result back; δ(v) stands for ∂{self.result}/∂v"]
        for step in self.steps:
            shape = f" {step.shape}" if step.shape else ""
            if not step.contributions:
                lines.append(f"  δ({step.node}){shape} = {step.gradient}")
                continue
            terms = " + ".join(f"δ({c.consumer}) ∘ ({c.local or 'local derivative'})" for c in step.contributions)
            value = f" = {step.gradient}" if step.gradient else ""  # none of an operation with several outputs
            lines.append(f"  δ({step.node}){shape} = {terms}{value}")
            if len(step.contributions) > 1:
                lines += [f"      from {c.consumer}, input {c.position}: {c.value}" for c in step.contributions]
        return lines

    def latex(self) -> str:
        """The same as formulas of LaTeX, for a cell of Markdown or a paper."""
        head = _fraction(self.result, self.node)
        if not self.paths:
            return r"\begin{aligned}" + r"\\ ".join(self._latex_steps()) + r"\end{aligned}"
        rows = []
        for path in self.paths:
            chain = r"\,".join(_fraction(a, b) for a, b in pairwise(path.nodes))
            numbers = r" \cdot ".join(_latex_number(self._number(factor)) for factor in path.factors)
            rows.append((chain, numbers))
        more = r" + \dots" if self.path_count > len(rows) else ""
        symbols = " + ".join(chain for chain, _ in rows) + more
        numbers = " + ".join(number for _, number in rows) + more
        value = _latex_number(self.gradient)
        return rf"\begin{{aligned}}{head} &= {symbols}\\ &= {numbers}\\ &= {value}\end{{aligned}}"

    def _latex_steps(self) -> list[str]:
        rows = []
        for step in self.steps:
            right = rf"\text{{{latex_text(step.gradient)}}}"
            for c in step.contributions:
                right += rf"\quad \text{{from }} \delta({_latex_name(c.consumer)}): \text{{{latex_text(c.local)}}}"
            rows.append(rf"\delta({_latex_name(step.node)}) &= {right}")
        return rows

    def _html(self) -> str:
        return f'<pre style="font-family: monospace; line-height: 1.5">{escape(repr(self))}</pre>'

    def _repr_mimebundle_(self, include: Container[str] | None = None, exclude: Container[str] | None = None) -> Any:
        return bundle(self.__repr__, still=self._html)

    def _repr_html_(self) -> str | None:
        """The same for hosts that know no bundles."""
        return self._repr_mimebundle_().get("text/html")


def explain(
    result: Tensor,
    node: Tensor | str,
    *,
    names: Mapping[str, Any] | None = None,
    max_paths: int = 8,
    digits: int = 6,
    check: bool = False,
) -> Explanation:
    """Explain the gradient of ``result`` with respect to ``node`` by the chain rule.

    For a graph of numbers: the product of the local derivatives along every path from the result to the
    node, and their sum. For arrays: the gradient of every node between the two from that of the nodes which
    use it (the deltas of a network), with the local derivatives' formulas.

    Args:
        result: a Tensor of one element, the loss say.
        node: a leaf or an inner node that ``result`` depends on, or what the picture calls it.
        names: name -> Tensor, for Tensors without a name: ``dict(model.named_parameters())``, ``locals()``.
        max_paths: how many paths to write out.
        digits: significant digits of numbers.
        check: whether to put the gradient by finite differences beside it (of up to 64 entries).

    Returns:
        An ``Explanation``: prints, shows in a notebook, and has a ``latex()``.

    Raises:
        ValueError: if ``result`` has several elements or does not depend on ``node``, or if no node is called so.

    >>> import autograd_core as ag, viz
    >>> w = ag.tensor(0.5, requires_grad=True, name="w")
    >>> net = w * 2.0
    >>> o = net * net
    >>> net.name, o.name = "net", "o"
    >>> viz.explain(o, w, check=True)
    ∂o/∂w: the sum over 2 paths
      1  ∂o/∂net · ∂net/∂w = 1 × 2 = 2
      2  ∂o/∂net · ∂net/∂w = 1 × 2 = 2
      ∂o/∂w = 2 + 2 = 4
      by finite differences: 4
    """
    if result._data.size != 1:
        got = f"shape {result.shape}"
        raise ValueError(problem("explain", expected="a result of one element", got=got, remedy="explain the loss"))
    node = _find(result, node, names)
    between = _between(result, node)
    nodes = topological_order([result])
    table: dict[Tensor, Any] = {result: np.ones_like(result._data)}
    backward_pass(nodes, table, keep=frozenset(nodes))
    view = draw(result, gradients=as_gradients(table), names=names, max_nodes=None, digits=digits).view
    texts = _Texts(nodes, view.nodes, view.edges, digits)
    uses = {child: _uses(child, between) for child in between}
    steps = tuple(_step(child, uses[child], table, texts) for child in reversed(between))
    numbers = all(child._data.size == 1 and child._data.ndim == 0 for child in between)
    count = _count_paths(between, uses, node)
    paths = _paths(result, node, between, uses, texts, max_paths) if numbers else ()
    differences = texts.value(_differences(result, node, between)) if check else None
    return Explanation(
        texts.label(result),
        texts.label(node),
        texts.value(conjugate(table[node])),
        steps,
        paths,
        count,
        digits,
        differences,
        mark_paths(view, texts.id(result), texts.id(node)),
    )


class _Texts:
    """What nodes, their values and the edges between them are called."""

    def __init__(self, nodes: Any, view_nodes: Any, view_edges: Any, digits: int) -> None:
        self.digits = digits
        numbered = {node: number for number, node in enumerate(nodes, 1)}
        shown = [entry for entry in view_nodes if entry.requires_grad]
        self.visible = [node for node in numbered if not (node.primitive is not None and node.primitive.multiple)]
        self._ids = {node: entry.id for node, entry in zip(self.visible, shown, strict=True)}
        self._labels = {node: entry.label for node, entry in zip(self.visible, shown, strict=True)}
        self._edges: dict[tuple[str, str, int], ViewEdge] = {
            (edge.source, edge.target, edge.position): edge for edge in view_edges
        }

    def id(self, node: Tensor) -> str:
        return self._ids[node]

    def label(self, node: Tensor) -> str:
        return self._labels.get(node, "(outputs)")

    def value(self, value: Any) -> str:
        return short(value, self.digits)

    def formula(self, source: Tensor, target: Tensor, position: int) -> str:
        edge = self._edges.get((self._ids.get(source, ""), self._ids.get(target, ""), position))
        return edge.derivative if edge else ""


def _find(result: Tensor, node: Tensor | str, names: Mapping[str, Any] | None) -> Tensor:
    """The node that is meant by a Tensor, or by what the picture calls it."""
    if isinstance(node, Tensor):
        return node
    nodes = topological_order([result]) if result._requires_grad else []
    view = draw(result, gradients=False, names=names, max_nodes=None).view
    texts = _Texts(nodes, view.nodes, view.edges, digits=6)
    found = [candidate for candidate in texts.visible if texts.label(candidate) == node]
    if len(found) == 1:
        return found[0]
    raise ValueError(
        problem(
            "explain",
            expected="a Tensor that requires a gradient, or what the picture calls one",
            got=f"{node!r}, as which {len(found) or 'no'} nodes are known",
            remedy="pass the Tensor itself, or see viz.draw(result) for what its nodes are called",
        )
    )


def _between(result: Tensor, node: Tensor) -> list[Tensor]:
    """The nodes on paths from ``result`` to ``node``, both included, in topological order."""
    order = topological_order([result]) if result._requires_grad else []
    if node not in set(order):  # a list would compare by values
        raise ValueError(
            problem(
                "explain",
                expected="a node that the result depends on",
                got=f"{node.name or 'a Tensor'} (requires_grad={node._requires_grad}), which is not in its graph",
                remedy="pass a leaf or an inner node of the result's graph that requires a gradient",
            )
        )
    reaching = {node}
    for candidate in order:
        if any(parent in reaching for parent in candidate.parents):
            reaching.add(candidate)
    return [candidate for candidate in order if candidate in reaching]


def _uses(child: Tensor, between: list[Tensor]) -> list[tuple[Tensor, int]]:
    """(consumer, position) for every use of ``child`` within the graph."""
    return [
        (consumer, position)
        for consumer in between
        for position, parent in enumerate(consumer.parents)
        if parent is child
    ]


def _contribution(consumer: Tensor, position: int, g: Any) -> Any:
    """What the rule of ``consumer`` gives to its input ``position`` for the gradient ``g``."""
    primitive = consumer.primitive
    if primitive.joint is not None:
        contribution = primitive.joint(g, consumer._data, *consumer.inputs, **consumer.attributes)[position]
    else:
        contribution = primitive.rules[position](g, consumer._data, *consumer.inputs, **consumer.attributes)
    x = consumer.inputs[position]
    if type(contribution) is tuple or contribution.shape == x.shape:
        return contribution
    return conform(contribution, x, consumer)


def _step(child: Tensor, uses: list[tuple[Tensor, int]], table: Mapping[Tensor, Any], texts: _Texts) -> Step:
    contributions = []
    for consumer, position in uses:
        g = table[consumer]
        value = _contribution(consumer, position, g)
        plain = type(g) is not tuple and type(value) is not tuple
        number = plain and np.ndim(g) == 0 and child._data.ndim == 0
        contributions.append(
            Contribution(
                texts.label(consumer),
                position,
                texts.value(conjugate(g)) if plain else "",
                texts.formula(child, consumer, position),
                _factor(consumer, position) if number else None,
                texts.value(conjugate(value)) if plain else "",
            )
        )
    shape = () if type(child._data) is tuple else child.shape
    gradient = table[child]
    text = "" if type(gradient) is tuple else texts.value(conjugate(gradient))
    return Step(texts.label(child), shape, text, tuple(contributions))


def _factor(consumer: Tensor, position: int) -> float:
    return float(np.real(_contribution(consumer, position, np.ones_like(consumer._data))))


def _count_paths(between: list[Tensor], uses: Mapping[Tensor, list[tuple[Tensor, int]]], node: Tensor) -> int:
    """How many ways lead from the result, the last of ``between``, to ``node``."""
    count = {between[-1]: 1}
    for child in reversed(between[:-1]):
        count[child] = sum(count[consumer] for consumer, _ in uses[child])
    return count[node]


def _paths(
    result: Tensor,
    node: Tensor,
    between: list[Tensor],
    uses: Mapping[Tensor, list[tuple[Tensor, int]]],
    texts: _Texts,
    most: int,
) -> tuple[Path, ...]:
    """The first ``most`` paths, found from the node up to the result."""
    factors = {(c, p): _factor(c, p) for child in between for c, p in uses[child]}
    found: list[Path] = []
    pending: list[tuple[Tensor, tuple[str, ...], tuple[float, ...]]] = [(node, (texts.label(node),), ())]
    while pending and len(found) < most:
        at, labels, numbers = pending.pop()
        if at is result:
            found.append(Path(labels, numbers))
            continue
        for consumer, position in reversed(uses[at]):
            pending.append((consumer, (texts.label(consumer), *labels), (factors[consumer, position], *numbers)))
    return tuple(found)


def _differences(result: Tensor, node: Tensor, between: list[Tensor]) -> Any:
    """The gradient by central differences, entry by entry, from forward passes beside the graph."""
    data = np.asarray(node._data)
    if data.size > CHECKED_ENTRIES or data.dtype.kind != "f":
        raise ValueError(
            problem(
                "explain",
                expected=f"a real node of at most {CHECKED_ENTRIES} entries for check=True",
                got=f"{data.size} entries of dtype {data.dtype}",
                remedy="leave check out, or use ag.gradcheck",
            )
        )
    step = float(np.finfo(data.dtype).eps) ** (1 / 3)
    slopes = np.zeros_like(data)
    for index in np.ndindex(data.shape):
        h = step * max(1.0, abs(float(data[index])))
        ends = []
        for sign in (1, -1):
            moved = data.copy()
            moved[index] += sign * h
            ends.append(float(np.reshape(_again(node, moved[()], between), ())))
        slopes[index] = (ends[0] - ends[1]) / (2 * h)
    return slopes[()]


def _again(node: Tensor, value: Any, between: list[Tensor]) -> Any:
    """The result for another value of ``node``; the graph itself is not changed."""
    values = {node: value}
    for child in between:
        if child is not node:
            inputs = [values.get(parent, x) for parent, x in zip(child.parents, child.inputs, strict=True)]
            values[child] = child.primitive.forward(*inputs, **child.attributes)
    return values[between[-1]]


def _fraction(top: str, bottom: str) -> str:
    return rf"\frac{{\partial {_latex_name(top)}}}{{\partial {_latex_name(bottom)}}}"


def _latex_name(name: str) -> str:
    letters = name.rstrip("0123456789")
    digits = name[len(letters) :]
    if len(letters) == 1 and letters.isalpha():
        return f"{letters}_{{{digits}}}" if digits else letters
    return rf"\mathrm{{{latex_text(name)}}}"


def _latex_number(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent and "," not in text else text
