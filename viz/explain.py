"""``explain``: why the gradient at one node is what it is, in symbols, in numbers, and as a sum over paths."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain as problem
from autograd_core.gradients import as_gradients, conjugate
from autograd_core.graph import backward_pass, topological_order
from autograd_core.values import entries_of

from . import deltas
from .chains import contracted, count_paths, find_paths, uses_by_argument
from .differences import compared, differences
from .drawing import draw
from .explanation import Contribution, Explanation, Step
from .flow import INSIDE_VMAP, inside_vmap
from .modes import mark_paths
from .style import LABEL_WIDTH
from .text import clipped, short, shortened
from .view import View, ViewEdge

# The longest formula of a local derivative that is written out.
FORMULA_WIDTH = 120

Uses = dict[Tensor, list[tuple[Tensor, int]]]


def explain(
    result: Tensor,
    node: Tensor | str,
    *,
    names: Mapping[str, Any] | None = None,
    max_paths: int = 8,
    digits: int = 6,
    check: bool = False,
    contract: bool = False,
) -> Explanation:
    """Explain the gradient of ``result`` with respect to ``node`` by the chain rule.

    For a graph of numbers: the product of the local derivatives along every path from the result to the
    node, and their sum. For arrays: the gradient of every node between the two from that of the nodes which
    use it (the deltas of a network), with the local derivatives' formulas. So too for numbers where a product
    does not tell all: where a hook replaced a gradient, where an operation has several outputs, and where a
    complex number is conjugated or reaches a real one.

    Args:
        result: a Tensor of one element, the loss say.
        node: a leaf or an inner node that ``result`` depends on, or what the picture calls it.
        names: name -> Tensor, for Tensors without a name: ``dict(model.named_parameters())``, ``locals()``.
        max_paths: how many paths to write out; 0 for none, but the gradient of every node between the two, edge
            by edge: upstream × local = contribution.
        digits: significant digits of numbers.
        check: whether to put the gradient by finite differences beside it (of up to 64 entries).
        contract: whether the paths of a graph of numbers name only the nodes that have a name.

    Returns:
        An ``Explanation``: prints, shows in a notebook, and has a ``latex()`` and a ``mathml()``.

    Raises:
        TypeError: if ``result`` is no Tensor, or ``node`` neither a Tensor nor a name.
        ValueError: if ``result`` has several elements or does not depend on ``node``, or if no node is called so.

    >>> import autograd_core as ag, viz
    >>> w = ag.tensor(0.5, requires_grad=True, name="w")
    >>> net = w * 2.0 - 3.0
    >>> o = net * net
    >>> net.name, o.name = "net", "o"
    >>> viz.explain(o, w)
    ∂o/∂w: the sum over 2 paths; ∂₁ is the derivative by the first argument alone
      1  ∂₁o/∂net · ∂net/∂u(2) · ∂u(2)/∂w = -2 × 1 × 2 = -4
      2  ∂₂o/∂net · ∂net/∂u(2) · ∂u(2)/∂w = -2 × 1 × 2 = -4
      ∂o/∂w = -4 + (-4) = -8
    >>> viz.explain(o, w, contract=True)
    ∂o/∂w = ∂o/∂net · ∂net/∂w
      = -4 × 2
      = -8
    >>> viz.explain(o, w, max_paths=0)
    ∂o/∂w, from the result back; δ(v) stands for ∂o/∂v
      δ(o) = 1
      δ(net) = δ(o) × net + δ(o) × net = -4
          from o, input 0: 1 × (-2) = -2
          from o, input 1: 1 × (-2) = -2
      δ(u(2)) = δ(net) = -4 × 1 = -4
      δ(w) = δ(u(2)) × 2 = -4 × 2 = -8
    """
    return explanation(result, node, names, max_paths, digits, check=check, contract=contract)


def explanation(
    result: Tensor,
    node: Tensor | str,
    names: Mapping[str, Any] | None,
    max_paths: int,
    digits: int,
    *,
    check: bool = False,
    contract: bool = False,
    operation: str = "explain",
) -> Explanation:
    """What ``explain`` returns; errors name ``operation``."""
    _check_result(result, operation)
    node = _find(result, node, names, operation)
    with np.errstate(all="ignore"):  # the values themselves tell of NaN and Inf
        between = _between(result, node, operation)
        nodes = topological_order([result])
        table: dict[Tensor, Any] = {result: np.ones_like(result._data)}
        backward_pass(nodes, table, keep=frozenset(nodes))
        between = [child for child in between if child in table or child is node]
        if node not in table:
            raise _unreached(node, operation)
        view = draw(result, gradients=as_gradients(table), names=names, max_nodes=None, digits=digits).view
        texts = _Texts(nodes, view, digits)
        texts.tell_apart(between)
        uses = _uses(between)
        steps = tuple(_step(child, uses, table, texts) for child in reversed(between) if not _is_bundle(child))
        paths, count = _paths(between, uses, texts, steps, max_paths, contract)
        slopes = differences(node, between, operation) if check else None
    gradient = conjugate(table[node])
    return Explanation(
        texts.label(result),
        texts.label(node),
        texts.value(gradient),
        steps,
        paths,
        count,
        digits,
        None if slopes is None else texts.value(slopes),
        texts.value(table[node]),
        None if slopes is None else compared(gradient, slopes, digits),
        _remarks(between, gradient, bool(paths), texts),
        mark_paths(view, texts.id(result), texts.id(node)),
    )


def _check_result(result: Any, operation: str) -> None:
    if not isinstance(result, Tensor):
        got = f"{type(result).__name__} {short(result)!r}" if isinstance(result, str) else type(result).__name__
        raise TypeError(problem(operation, expected="a Tensor as the result", got=got, remedy="pass the loss first"))
    if result._data.size != 1:
        got = f"shape {result.shape}"
        raise ValueError(problem(operation, expected="a result of one element", got=got, remedy="pass the loss"))


def _remarks(between: list[Tensor], gradient: Any, by_paths: bool, texts: _Texts) -> tuple[str, ...]:
    """What has to be said where values are of many examples, and where numbers are complex."""
    remarks = [INSIDE_VMAP] if any(map(inside_vmap, between)) else []
    values = [child._data for child in between if not _is_bundle(child)]
    if all(value.dtype.kind != "c" for value in values):
        return tuple(remarks)
    if values[-1].dtype.kind == "c":
        remarks.append(f"{texts.label(between[-1])} is complex: the gradient is that of its real part")
    name = texts.label(between[-1])
    remarks.append(f"the gradient at a complex number a + ib is ∂{name}/∂a + i ∂{name}/∂b")
    if by_paths:
        remarks[-1] += f", the conjugate of the derivative: {texts.value(gradient)}"
    return tuple(remarks)


class _Texts:
    """What nodes, their values and the edges between them are called."""

    def __init__(self, nodes: Sequence[Tensor], view: View, digits: int) -> None:
        self.digits = digits
        self._numbers = {node: number for number, node in enumerate(nodes, 1)}
        shown = [entry for entry in view.nodes if entry.requires_grad]
        self.visible = [node for node in nodes if not _is_bundle(node)]
        self._ids = {node: entry.id for node, entry in zip(self.visible, shown, strict=True)}
        self.labels = {node: entry.label for node, entry in zip(self.visible, shown, strict=True)}
        self._edges: dict[tuple[str, str, int], ViewEdge] = {
            (edge.source, edge.target, edge.position): edge for edge in view.edges
        }

    def tell_apart(self, between: Sequence[Tensor]) -> None:
        """Shorten long labels in the middle, and add their numbers to those that several nodes have."""
        self.labels = {node: shortened(label, LABEL_WIDTH) for node, label in self.labels.items()}
        times = Counter(self.labels[node] for node in between if node in self.labels)
        for node in between:
            if node in self.labels and times[self.labels[node]] > 1:
                self.labels[node] += f" (u({self._numbers[node]}))"

    def id(self, node: Tensor) -> str:
        return self._ids[node]

    def label(self, node: Tensor) -> str:
        return self.labels[node]

    def is_named(self, node: Tensor) -> bool:
        return re.fullmatch(r"u\(\d+\)", self.labels[node]) is None

    def value(self, value: Any) -> str:
        return short(value, self.digits)

    def edge(self, source: Tensor, target: Tensor, position: int) -> tuple[str, str]:
        """The local derivative's formula and the note on shapes."""
        edge = self._edges.get((self._ids.get(source, ""), self._ids.get(target, ""), position))
        return (clipped(edge.derivative, FORMULA_WIDTH), edge.note) if edge else ("", "")


def _is_bundle(node: Tensor) -> bool:
    """Whether the node is the tuple that an operation with several outputs returned."""
    return node.primitive is not None and node.primitive.multiple


def _find(result: Tensor, node: Any, names: Mapping[str, Any] | None, operation: str) -> Tensor:
    """The node that is meant by a Tensor, or by what the picture calls it."""
    if isinstance(node, Tensor):
        return node
    expected = "a Tensor that requires a gradient, or what the picture calls one"
    remedy = "pass the Tensor itself, or see viz.draw(result) for what its nodes are called"
    if not isinstance(node, str):
        raise TypeError(problem(operation, expected=expected, got=type(node).__name__, remedy=remedy))
    nodes = topological_order([result]) if result._requires_grad else []
    texts = _Texts(nodes, draw(result, gradients=False, names=names, max_nodes=None).view, digits=6)
    found = [candidate for candidate in texts.visible if texts.label(candidate) == node]
    if len(found) == 1:
        return found[0]
    got = f"{clipped(node, LABEL_WIDTH)!r}, as which {len(found) or 'no'} nodes are known"
    raise ValueError(problem(operation, expected=expected, got=got, remedy=remedy))


def _between(result: Tensor, node: Tensor, operation: str) -> list[Tensor]:
    """The nodes on paths from ``result`` to ``node``, both included, in topological order."""
    order = topological_order([result]) if result._requires_grad else []
    if node not in set(order):  # a list would compare by values
        raise _unreached(node, operation)
    reaching = {node}
    for candidate in order:
        if any(p in reaching and deltas.passes(candidate, i) for i, p in enumerate(candidate.parents)):
            reaching.add(candidate)
    if result not in reaching:
        raise _unreached(node, operation)
    reached = {result}
    for candidate in reversed(order):
        if candidate in reached and candidate is not node:
            reached.update(p for i, p in enumerate(candidate.parents) if p in reaching and deltas.passes(candidate, i))
    return [candidate for candidate in order if candidate in reached]


def _unreached(node: Tensor, operation: str) -> ValueError:
    name = clipped(node.name, LABEL_WIDTH) if node.name else "a Tensor"
    return ValueError(
        problem(
            operation,
            expected="a node that the result depends on",
            got=f"{name} (requires_grad={node._requires_grad}), which is not in its graph",
            remedy="pass a leaf or an inner node of the result's graph that requires a gradient",
        )
    )


def _uses(between: list[Tensor]) -> Uses:
    """Node -> (consumer, position) for every use of it within the graph."""
    uses: Uses = {child: [] for child in between}
    for consumer in between[1:]:
        for position, parent in enumerate(consumer.parents):
            if parent in uses and deltas.passes(consumer, position):
                uses[parent].append((consumer, position))
    return uses


def _step(child: Tensor, uses: Uses, table: Mapping[Tensor, Any], texts: _Texts) -> Step:
    """The gradient at a node from its uses; what they give together shows whether a hook replaced it."""
    found = [
        (consumer, position, deltas.contribution(consumer, position, table[consumer]))
        for consumer, position in uses[child]
    ]
    found = [entry for entry in found if entry[2] is not None]
    gradient = texts.value(conjugate(table[child]))
    before = gradient
    if child._hooks is not None:
        total = sum((value for *_, value in found[1:]), found[0][2]) if found else np.ones_like(child._data)
        before = texts.value(conjugate(total))
    contributions = tuple(_contribution(child, *entry, uses, table, texts) for entry in found)
    return Step(
        texts.label(child), np.shape(entries_of(child)), gradient, contributions, before if before != gradient else ""
    )


def _contribution(
    child: Tensor, consumer: Tensor, position: int, value: Any, uses: Uses, table: Mapping[Tensor, Any], texts: _Texts
) -> Contribution:
    """One use in words; of an operation with several outputs, those that pass something back."""
    shown = [consumer]
    upstream, factor = "", None
    if _is_bundle(consumer):
        shown = [output for output, _ in uses[consumer]]
    else:
        upstream = texts.value(conjugate(table[consumer]))
        factor = deltas.factor(consumer, position)
    formula, note = texts.edge(child, shown[0], position)
    delta = ", ".join(f"δ({texts.label(node)})" for node in shown)
    return Contribution(
        ", ".join(texts.label(node) for node in shown),
        position,
        upstream,
        formula,
        None if factor is None else factor.conjugate(),
        texts.value(conjugate(value)),
        deltas.term(consumer, position, delta, formula, note),
    )


def _paths(
    between: list[Tensor], uses: Uses, texts: _Texts, steps: tuple[Step, ...], most: int, contract: bool
) -> tuple[tuple[Any, ...], int]:
    """The paths of a graph of numbers, as long as products tell all, and how many there are."""
    node, result = between[0], between[-1]
    count = count_paths(between, uses)
    if any(_is_bundle(child) or np.ndim(entries_of(child)) for child in between) or any(step.hooked for step in steps):
        return (), count
    factors = uses_by_argument(uses)
    if factors is None:
        return (), count
    if contract:
        kept = {child for child in between if child is node or child is result or texts.is_named(child)}
        factors = contracted(factors, between, kept)
        count = count_paths([child for child in between if child in kept], factors)
    return find_paths(node, result, factors, texts.labels, most), count
