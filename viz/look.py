"""From what the user passes to ``draw`` to a ``Scene``: which nodes, which gradients, which names and groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import StaleValueError, explain
from autograd_core.grad_table import GradTable
from autograd_core.gradients import as_gradients
from autograd_core.graph import backward_pass, topological_order
from autograd_core.recorded_graph import Graph
from nn import Module

from .arguments import from_one_on
from .capture import Capture, latest
from .failure import find_failure, with_failure
from .focus import HOW, Focus, Terrain, Top, nearest
from .grouping import Grouping, by_function, by_loop, by_parameters, with_loop
from .groups import AT_A_GLANCE
from .scene import Collapse, Scene, not_found, part_note, shortened, with_marks
from .summary import summarize
from .view import View, is_bundle, origin, view_graph

# Above this many nodes, only the part that is drawn is looked at: texts and statistics of all would take long.
WHOLE_LIMIT = 10_000

Groups = Capture | Callable[[Tensor], Any] | str | None


def look(
    graph: Any,
    *,
    gradients: Any,
    names: Mapping[str, Any] | None,
    model: Module | None,
    groups: Groups,
    collapse: Collapse,
    only: Focus | None,
    show_constants: bool,
    max_nodes: int | None,
    digits: int,
    finish: Callable[[View], View] | None = None,
) -> Scene:
    """All that a drawing of ``graph`` shows and could show; the arguments are those of ``viz.draw``.

    ``finish`` is done to every view of the scene in the end.
    """
    from_one_on("draw", "digits", digits, "say how many significant digits to show, such as digits=6")
    if max_nodes is not None:
        from_one_on("draw", "max_nodes", max_nodes, "say how many nodes to draw at most, or max_nodes=None for all")
    failure = find_failure(graph) if isinstance(graph, BaseException) else None
    results = results_of(graph) if failure is None else failure.tensors
    table, notes = (None, []) if failure is not None else gradients_of(results, gradients)
    source = Source(results, table or {}, show_constants)
    if failure is not None and model is None:
        model = failure.model
    too_many = only is None and max_nodes is not None and source.count > WHOLE_LIMIT
    grouping, seen = source.grouping(groups, model)
    labels = {**seen, **_labels(graph, gradients), **named(names or {})}
    terrain = source.terrain(labels)
    chosen = None if only is None else only.select(terrain)
    if too_many:
        chosen = nearest(terrain, max_nodes or 0)
        notes += _left_out(source.count, len(chosen), max_nodes)
    view = view_graph(
        results,
        table,
        labels=labels,
        show_constants=show_constants,
        grouping=grouping,
        only=chosen,
        users=only is not None,
        digits=digits,
        notes=notes,
    )
    if only is not None:
        note = part_note(only, view, source.count, lambda node: source.ids[terrain.find(node)])
        marked = [source.ids[node] for node in only.marked(terrain)]
        view = with_marks(replace(view, notes=(*view.notes, note)), marked)
    if isinstance(only, Top):
        view = shortened(view, {source.ids[node] for node in only.kept(terrain)})
    if failure is not None:
        view = with_failure(view, failure, source.ids)
    if finish is not None:
        view = finish(view)  # so that groups know what their members were told
    numbers = {node.index: name for node, name in source.ids.items() if chosen is None or node in chosen}
    scene = Scene(view, max_nodes=max_nodes, numbers=numbers)
    if finish is not None:
        scene = replace(scene, finish=finish)
    # What is left of groups after most nodes were left out says nothing of them, and whoever wants all gets all.
    as_it_is = collapse == "auto" and (too_many or max_nodes is None)
    return scene.with_collapsed(None if as_it_is else collapse, "draw")


def _left_out(count: int, shown: int, max_nodes: int | None) -> list[str]:
    """What a picture says that shows the end of a very large graph."""
    return [
        f"{count:,} nodes are too many to look at all of them.",
        f"{count - shown} nodes further from the result are left out (max_nodes={max_nodes}).",
        HOW,
    ]


class Source:
    """The nodes of a graph as they are looked at.

    Attributes:
        order: the nodes in topological order.
        ids: node -> the id that it has in views.
        count: how many of them pictures show.
    """

    def __init__(self, results: list[Tensor], gradients: Mapping[Tensor, Any], show_constants: bool) -> None:
        self.results = results
        self.gradients = gradients
        self.order = topological_order(results, constants=show_constants, check=False)
        self.ids = {node: f"n{position}" for position, node in enumerate(self.order, 1)}
        self.shown = [node for node in self.order if not is_bundle(node)]
        self.count = len(self.shown)

    def grouping(self, groups: Groups, model: Module | None) -> tuple[Grouping, dict[Tensor, str]]:
        """The group of every node, and names that are known besides their own."""
        labels: dict[Tensor, str] = {}
        seen = groups if isinstance(groups, Capture) else latest(self.order) if groups == "auto" else None
        if seen is not None:
            labels = seen.labels(self.order)
        if model is not None:
            named_ones = (*model.named_parameters(), *model.named_buffers())
            labels.update({tensor: name for name, tensor in named_ones})
        labels = {node: label for node, label in labels.items() if node.name is None}
        if seen is not None:
            found = seen.grouping(self.order)
            paths = (found.paths.get(node, ())[:1] for node in self.shown)
            loose = sum(not path for path in paths) + len({path[:1] for path in found.titles})
            return (with_loop(self.order, found) if loose > AT_A_GLANCE else found), labels
        if groups is None:
            return Grouping(), labels
        if groups != "auto":
            if not callable(groups):
                raise ValueError(
                    explain(
                        "draw",
                        expected="groups='auto', None, a viz.capture, or a function from a node to its group",
                        got=f"groups={groups!r}",
                        remedy="leave it out, or return the path of a node's group, such as ('encoder', 'layer 1')",
                    )
                )
            return by_function(self.order, groups), labels
        if model is not None:
            return by_parameters(self.order, model), labels
        return (by_loop(self.order) if self.count > AT_A_GLANCE else Grouping()), labels

    def terrain(self, labels: Mapping[Tensor, str]) -> Terrain[Tensor]:
        """The nodes as what a part can be chosen from."""
        known = set(self.shown)

        def parents(node: Tensor) -> list[Tensor]:
            return [parent for parent in origin(node)[1] if parent is not None and parent in known]

        def find(wanted: Any) -> Tensor:
            if isinstance(wanted, Tensor):
                found = [wanted] if wanted in known else []
            else:
                found = [node for node in self.shown if (labels.get(node) or node.name) == wanted]
            if len(found) != 1:
                raise ValueError(not_found(wanted, len(found)))
            return found[0]

        def size(node: Tensor, by: str) -> float | None:
            if by == "bytes":
                return float(getattr(node._data, "nbytes", 0))
            gradient = self.gradients.get(node)
            return None if gradient is None else summarize(getattr(gradient, "_data", gradient), thumbnail=False).rms

        return Terrain(self.shown, parents, [node for node in self.results if node in known], find, size)


def results_of(graph: Any) -> list[Tensor]:
    """The nodes to look back from."""
    found = graph.results if isinstance(graph, Graph) else graph
    results = [found] if isinstance(found, Tensor) or not isinstance(found, Iterable) else list(found)
    if not results or not all(isinstance(result, Tensor) for result in results):
        raise TypeError(
            explain(
                "draw",
                expected="a Tensor, several of them, or a Graph",
                got="None" if graph is None else f"{type(graph).__name__}{'' if results else ' without any'}",
                remedy="pass what you computed from Tensors, such as the loss",
            )
        )
    return results


def _labels(graph: Any, gradients: Any) -> dict[Tensor, str]:
    """What a Graph or a grad_table calls its nodes, so that the picture says the same."""
    labels = {}
    if isinstance(graph, Graph):
        labels = {node: node.name or f"u({number})" for number, node in enumerate(graph, 1)}
    if isinstance(gradients, GradTable):
        labels.update({node: gradients.label(node) for node in gradients})
    return labels


def named(names: Mapping[str, Any]) -> dict[Tensor, str]:
    """Tensor -> its name; what is no Tensor is skipped."""
    if not isinstance(names, Mapping):
        raise TypeError(
            explain(
                "draw",
                expected="names as a mapping from names to Tensors",
                got=type(names).__name__,
                remedy="pass names=locals(), or names=dict(model.named_parameters())",
            )
        )
    return {value: name for name, value in names.items() if isinstance(value, Tensor)}


def gradients_of(results: list[Tensor], given: Any) -> tuple[Mapping[Tensor, Any] | None, list[str]]:
    """The gradients to show, and what has to be said about them."""
    if given is False:
        return None, []
    if isinstance(given, Mapping):
        return given, []
    if given not in (None, "stored"):
        raise ValueError(
            explain(
                "draw",
                expected="gradients=None, 'stored', False, or a mapping from nodes to gradients",
                got=f"gradients={given!r}",
                remedy="leave it out to have the backward pass run",
            )
        )
    if not any(result.requires_grad for result in results):
        return None, ["No gradients: nothing that this was computed from has requires_grad=True."]
    notes = []
    if given is None and len(results) == 1 and results[0]._data.size == 1:
        try:
            return _backward(results[0]), []
        except StaleValueError:
            notes.append("Gradients are those in .grad: a value was changed after it was used, as an optimizer does.")
    nodes = topological_order(results, check=False)
    return {node: node.grad for node in nodes if node.grad is not None}, notes


def _backward(result: Tensor) -> dict[Tensor, Tensor]:
    """The gradient of ``result`` with respect to every node, without a change to any ``.grad``."""
    nodes = topological_order([result])
    grad_table: dict[Tensor, Any] = {result: np.ones_like(result._data)}
    backward_pass(nodes, grad_table, keep=frozenset(nodes))
    return as_gradients(grad_table)
