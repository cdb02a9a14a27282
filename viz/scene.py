"""What a drawing shows and could show: the whole view, which groups are collapsed, which part is looked at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autograd_core import Tensor
from autograd_core.errors import explain

from . import groups
from .focus import HOW, Focus, Terrain, Top, nearest
from .style import LABEL_WIDTH
from .text import clipped, counted
from .view import View, ViewEdge, ViewNode

# So many marked nodes are named.
NAMED = 10

Path = tuple[str, ...]
Collapse = Collection[Any] | str | int | None


def _as_it_is(view: View) -> View:
    return view


@dataclass(frozen=True)
class Scene:
    """A view with all that it can be turned into. Holds plain data only.

    Attributes:
        whole: everything, with no group collapsed.
        collapsed: the groups that are shown as one card.
        max_nodes: how many nodes are shown at most; ``None`` for any number.
        numbers: number of a Tensor in the engine's count -> the id of its node.
        finish: what is done to the view in the end: a mode.
    """

    whole: View
    collapsed: frozenset[Path] = frozenset()
    max_nodes: int | None = None
    numbers: Mapping[int, str] = field(default_factory=dict)
    finish: Callable[[View], View] = _as_it_is

    def view(self) -> View:
        """What is to be drawn."""
        shown = groups.collapse(self.whole, self.collapsed)
        notes = list(shown.notes)
        if any(node.kind == "group" for node in shown.nodes):
            count = groups.cards(self.whole)
            notes.append(
                f"{count} nodes, collapsed by groups to {groups.cards(shown)} cards: see drawing.expand(path), "
                "and collapse=None in draw."
            )
        if self.max_nodes is not None and groups.cards(shown) > self.max_nodes:
            terrain = self._terrain(shown)
            kept = nearest(terrain, self.max_nodes)
            left_out = groups.cards(shown) - len(kept)
            shown = groups.restrict(shown, kept)
            notes += [f"{left_out} nodes further from the result are left out (max_nodes={self.max_nodes}).", HOW]
        return self.finish(replace(shown, notes=tuple(notes)))

    # -- groups ----------------------------------------------------------------------------------

    def with_collapsed(self, wanted: Collapse, operation: str) -> Scene:
        """The same with other groups collapsed: ``"auto"``, a depth, paths, or ``None``.

        Raises:
            ValueError: for anything else, and for a path where there is no group.
        """
        if wanted is None or wanted is False:
            return replace(self, collapsed=frozenset())
        if wanted == "auto":
            return replace(self, collapsed=groups.automatic(self.whole))
        if isinstance(wanted, int) and not isinstance(wanted, bool) and wanted > 0:
            return replace(self, collapsed=groups.at_depth(self.whole, wanted))
        if isinstance(wanted, Collection) and not isinstance(wanted, str):
            return replace(self, collapsed=frozenset(self._path(path, operation) for path in wanted))
        raise ValueError(
            explain(
                operation,
                expected="collapse='auto', None, a depth from 1, or a set of groups",
                got=f"collapse={wanted!r}",
                remedy="see drawing.view.groups for the groups that there are",
            )
        )

    def expanded(self, path: Any) -> Scene:
        """The same with one group opened; the groups in it are collapsed."""
        found = self._path(path, "expand")
        return replace(self, collapsed=groups.expanded(self.whole, self.collapsed, found))

    def inside(self, path: Path, most: int, page: int = 0) -> tuple[View, int]:
        """What is in one group, its inner groups collapsed, and how many cards before that are left out.

        Args:
            path: of the group.
            most: how many cards are shown at most.
            page: 0 for the last cards of the group, 1 for those before them, and so on.
        """
        view = groups.inside(self.whole, path)
        cards = [node.id for node in view.nodes if node.kind not in groups.FREE]
        if len(cards) <= most:
            return self.finish(view), 0
        end = len(cards) - most * page
        left_out = max(0, end - most)
        view = groups.restrict(view, set(cards[left_out:end]), users=True)
        if left_out:
            note = (
                f"{left_out} of {len(cards)} nodes of the group, further from its end, are left out. All of them: "
                f"viz.draw(..., collapse=1, max_nodes=None).expand({'.'.join(path)!r})."
            )
            view = replace(view, notes=(*view.notes, note))
        return self.finish(view), left_out

    def closed(self, path: Any) -> Scene:
        """The same with one group collapsed."""
        return replace(self, collapsed=self.collapsed | {self._path(path, "collapse")})

    def _path(self, path: Any, operation: str) -> Path:
        known = [group.path for group in self.whole.groups]
        if isinstance(path, str):
            found = next((other for other in known if ".".join(other) == path), None)
            ends = [other for other in known if ".".join(other).endswith(f".{path}")]
            found = ends[0] if found is None and len(ends) == 1 else found
        else:
            found = next((other for other in known if other == tuple(path)), None)
        if found is not None:
            return found
        names = ", ".join(repr(".".join(other)) for other in known[:12]) + (" …" if len(known) > 12 else "")
        raise ValueError(
            explain(
                operation,
                expected=f"one of the groups {names}" if known else "a graph with groups",
                got=repr(path),
                remedy="pass the group's path as a tuple, or its names joined by dots"
                if known
                else "compute it within `with viz.capture(model):`, or pass model= or groups= to draw",
            )
        )

    # -- parts -----------------------------------------------------------------------------------

    def part(self, focus: Focus) -> Scene:
        """A part of the whole view."""
        terrain = self._terrain(self.whole)
        chosen = groups.restrict(self.whole, focus.select(terrain), users=True)
        note = part_note(focus, chosen, groups.cards(self.whole), terrain.find)
        chosen = with_marks(replace(chosen, notes=(*chosen.notes, note)), focus.marked(terrain))
        if isinstance(focus, Top):
            chosen = shortened(chosen, focus.kept(terrain))
        return replace(self, whole=chosen, collapsed=groups.automatic(chosen))

    def _terrain(self, view: View) -> Terrain[str]:
        by_id = {node.id: node for node in view.nodes}
        parents: dict[str, list[str]] = {name: [] for name in by_id}
        for edge in view.edges:
            if by_id[edge.source].kind not in groups.FREE and not edge.back:
                parents[edge.target].append(edge.source)
        order = [node.id for node in view.nodes if node.kind not in groups.FREE]
        used = {parent for name in order for parent in parents[name]}
        results = [name for name in order if by_id[name].kind in ("result", "failed")]
        results = results or [name for name in order if name not in used]

        def find(wanted: Any) -> str:
            return self.find(wanted, view)

        def size(name: str, by: str) -> float | None:
            summary = by_id[name].summary if by == "bytes" else by_id[name].gradient_summary
            if summary is None:
                return None
            return float(summary.nbytes) if by == "bytes" else summary.rms

        return Terrain(order, parents.__getitem__, results, find, size)

    def find(self, wanted: Any, view: View) -> str:
        """The id of the node that a Tensor, a label or an id means.

        Raises:
            ValueError: if there is none, or if several have the label.
        """
        if isinstance(wanted, ViewNode):
            wanted = wanted.id
        if isinstance(wanted, Tensor):
            name = self.numbers.get(wanted.index)
            found = [node.id for node in view.nodes if node.id == name]
        else:
            shown = [node for node in view.nodes if node.kind not in groups.FREE]
            found = [node.id for node in shown if node.label == wanted] or [n.id for n in shown if n.id == wanted]
        if len(found) == 1:
            return found[0]
        raise ValueError(not_found(wanted, len(found)))


def not_found(wanted: Any, count: int) -> str:
    """The error for a node that the picture does not have, or has several times."""
    what = repr(wanted) if isinstance(wanted, str) else f"a {type(wanted).__name__}"
    if isinstance(wanted, Tensor):
        what = f"the Tensor {wanted.name!r}" if wanted.name else "a Tensor"
    return explain(
        "viz: the node to look at",
        expected="a Tensor of the graph, or what the picture calls one",
        got=f"{what}, which {'is not in it' if not count else f'{count} nodes are called'}",
        remedy="pass the Tensor itself, or give the node a name",
    )


def part_note(focus: Focus, part: View, count: int, find: Callable[[Any], str]) -> str:
    """What a picture of a part says, where ``find`` gives the id of the node that the user means."""
    labels = {node.id: clipped(node.label or node.kind, LABEL_WIDTH) for node in part.nodes}
    what = focus.described(lambda node: labels[find(node)])
    return f"Part of a graph of {counted(count, 'node')}: {what} ({counted(groups.cards(part), 'node')})."


def with_marks(view: View, marked: Sequence[str]) -> View:
    """``view`` with the nodes marked that have the ids ``marked``, and a remark that names them."""
    if not marked:
        return view
    labels = {node.id: clipped(node.label or node.kind, LABEL_WIDTH) for node in view.nodes}
    names = ", ".join(labels[name] for name in marked[:NAMED]) + (", …" if len(marked) > NAMED else "")
    chosen = set(marked)
    return replace(
        view,
        nodes=tuple(replace(node, marked=node.id in chosen) for node in view.nodes),
        notes=(*view.notes, f"Marked: {names}." if len(marked) == 1 else f"Marked, the largest first: {names}."),
    )


def shortened(view: View, kept: Collection[str], most: int = groups.AT_A_GLANCE) -> View:
    """Long chains of nodes that nothing else hangs on, as one sign each, if there are more than ``most`` cards."""
    if groups.cards(view) <= most:
        return view
    free = {node.id for node in view.nodes if node.kind in groups.FREE}
    before: dict[str, list[ViewEdge]] = {node.id: [] for node in view.nodes}
    after: dict[str, list[ViewEdge]] = {node.id: [] for node in view.nodes}
    for edge in view.edges:
        if edge.source not in free:
            before[edge.target].append(edge)
        if edge.target not in free:
            after[edge.source].append(edge)
    runs: dict[str, str] = {}  # node -> the first of its run
    length: dict[str, int] = {}
    for node in view.nodes:
        if node.id in kept or node.id in free:
            continue
        if len({e.source for e in before[node.id]}) == 1 == len({e.target for e in after[node.id]}):
            head = runs.get(before[node.id][0].source, node.id)
            runs[node.id] = head
            length[head] = length.get(head, 0) + 1
    runs = {node: head for node, head in runs.items() if length[head] > 1}
    nodes = []
    for node in view.nodes:
        if runs.get(node.id) == node.id:
            nodes.append(ViewNode(node.id, "more", f"⋯ {length[node.id]} nodes ⋯"))
        elif node.id not in runs:
            nodes.append(node)
    gone = {name for name in free if any(e.target in runs for e in view.edges if e.source == name)}
    gone |= {e.target for e in view.edges if e.source in runs and e.target in free}
    edges: dict[tuple[str, str, int], ViewEdge] = {}
    for edge in view.edges:
        source, target = runs.get(edge.source, edge.source), runs.get(edge.target, edge.target)
        if source == target or {edge.source, edge.target} & gone:
            continue
        if source == edge.source and target == edge.target:
            edges[source, target, edge.position] = edge
        else:
            edges.setdefault((source, target, -1), ViewEdge(source, target, 0))
    return replace(view, nodes=tuple(node for node in nodes if node.id not in gone), edges=tuple(edges.values()))
