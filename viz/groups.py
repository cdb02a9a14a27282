"""Collapsed groups: pure functions from a ``View`` to a ``View`` where one card stands for many nodes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from heapq import heappop, heappush
from itertools import pairwise
from math import log10

from .summary import combine
from .text import counted, number
from .view import Contents, View, ViewEdge, ViewGroup, ViewNode

Path = tuple[str, ...]

# So many cards can be read at a glance; a picture of more is collapsed where groups allow it.
AT_A_GLANCE = 60
# Kinds of nodes that are no cards.
FREE = ("number", "more")
BARS = "▁▂▃▄▅▆▇█"


def cards(view: View) -> int:
    """How many nodes of a view are cards: neither plain numbers nor signs that something is left out."""
    return sum(node.kind not in FREE for node in view.nodes)


def collapse(view: View, paths: Collection[Path]) -> View:
    """``view`` with the groups at ``paths`` as one card each.

    Groups of a single node stay that node. Edges between the same two cards become one that carries their
    number. Where the steps of a loop are one card, an edge may lead back; the others form no circle.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> view = viz.draw(x * x + x, groups=lambda node: "square" if node.primitive else None).view
    >>> small = collapse(view, {("square",)})
    >>> [node.label for node in small.nodes], small.edges[0].count
    (['x', 'square'], 3)
    """
    card_of = _cards_of(view, set(paths))
    if not card_of:
        return view
    numbers = {group.path: number for number, group in enumerate(view.groups, 1)}
    of_group: dict[Path, list[ViewNode]] = {}
    for node in view.nodes:
        if node.id in card_of:
            of_group.setdefault(card_of[node.id], []).append(node)
    ids = {node.id: f"g{numbers[card_of[node.id]]}" if node.id in card_of else node.id for node in view.nodes}
    first: dict[str, int] = {}
    for position, node in enumerate(view.nodes):
        first.setdefault(ids[node.id], position)
    edges = _bundled(view.edges, ids)
    users: dict[str, list[ViewEdge]] = {}
    for edge in view.edges:
        users.setdefault(edge.source, []).append(edge)
    kinds = {group.path: group for group in view.groups}
    made: dict[str, ViewNode] = {node.id: node for node in view.nodes if node.id not in card_of}
    for path, members in of_group.items():
        card = _card(kinds, kinds[path], members, users, ids)
        made[card.id] = card
    edges = _with_back_edges(edges, first)
    nodes = tuple(made[name] for name in _in_order(first, edges))
    left = tuple(
        group
        for group in view.groups
        if not any(group.path[:length] in of_group for length in range(1, len(group.path) + 1))
    )
    return replace(view, nodes=nodes, edges=tuple(edges), groups=left)


def _within(path: Path, other: Path) -> bool:
    return path[: len(other)] == other


def _cards_of(view: View, paths: Collection[Path]) -> dict[str, Path]:
    """Node id -> the collapsed group that stands for it: the outermost one that holds more than one node."""
    counts: dict[Path, int] = {}
    for node in view.nodes:
        if node.kind not in FREE:
            for length in range(1, len(node.group) + 1):
                counts[node.group[:length]] = counts.get(node.group[:length], 0) + 1
    found = {}
    for node in view.nodes:
        for length in range(1, len(node.group) + 1):
            path = node.group[:length]
            if path in paths and counts.get(path, 0) > 1:
                found[node.id] = path
                break
    return found


def _bundled(edges: Iterable[ViewEdge], ids: Mapping[str, str]) -> list[ViewEdge]:
    """Edges between what is shown; those between the same two, one of them a group, as one."""
    found: dict[tuple[str, str, int], ViewEdge] = {}
    for edge in edges:
        source, target = ids[edge.source], ids[edge.target]
        if source == target:
            continue
        whole = source == edge.source and target == edge.target
        key = (source, target, edge.position if whole else -1)
        known = found.get(key)
        if known is None:
            derivative = edge.derivative if target == edge.target else ""
            found[key] = replace(edge, source=source, target=target, derivative=derivative)
        else:
            found[key] = replace(
                known,
                derivative="",
                note=known.note if known.note == edge.note else "",
                count=known.count + edge.count,
                marked=known.marked or edge.marked,
            )
    return list(found.values())


def _card(
    kinds: Mapping[Path, ViewGroup],
    group: ViewGroup,
    members: Sequence[ViewNode],
    users: Mapping[str, Sequence[ViewEdge]],
    ids: Mapping[str, str],
) -> ViewNode:
    """The node that stands for a group."""
    own = ids[members[0].id]
    outputs = [node for node in members if any(ids[edge.target] != own for edge in users.get(node.id, ()))]
    outputs = outputs or [node for node in members if node.kind == "result"] or [members[-1]]
    outputs = [node for node in outputs if node.operation] or outputs
    contents = _contents(kinds, group, members, users)
    extra = [("operations", f"{contents.operations:,}")] if contents.operations else []
    if contents.parameters:
        extra.append(("parameters", f"{contents.parameters:,}"))
    if contents.gradient_steps:
        extra.append(("gradient by step", bars(contents.gradient_steps)))
    shapes = list(dict.fromkeys(node.shape for node in outputs if node.shape is not None))
    more = f" and {len(shapes) - 1} more" if len(shapes) > 1 else ""
    return ViewNode(
        id=own,
        kind="group",
        label=_label(group, kinds),
        expression=group.title or counted(sum(node.kind not in FREE for node in members), "node"),
        operation=group.title,
        value=f"{shapes[0]}{more}" if shapes else "",
        gradient=None if contents.gradients is None else _range(contents.gradients),
        requires_grad=any(node.requires_grad for node in members),
        shape=shapes[0] if len(shapes) == 1 else None,
        dtype=outputs[0].dtype,
        summary=combine(node.summary for node in members),
        gradient_summary=combine(node.gradient_summary for node in members),
        saved=sum(node.saved for node in members),
        badges=tuple(dict.fromkeys(badge for node in members for badge in node.badges)),
        marked=any(node.marked for node in members),
        extra=tuple(extra),
        group=group.path[:-1],
        contents=contents,
    )


def _contents(
    kinds: Mapping[Path, ViewGroup],
    group: ViewGroup,
    members: Sequence[ViewNode],
    users: Mapping[str, Sequence[ViewEdge]],
) -> Contents:
    """What a group holds, in numbers."""
    known = [node.gradient_summary.rms for node in members if node.gradient_summary is not None]
    sizes = [size for size in known if size is not None]
    leaves = [node for node in members if node.kind == "leaf"]
    return Contents(
        operations=sum(node.kind in ("operation", "result") for node in members),
        parameters=sum(node.summary.size for node in leaves if node.summary is not None),
        steps=_steps(kinds.values(), group),
        gradients=(min(sizes), max(sizes)) if sizes else None,
        gradient_steps=_gradient_steps(group, members, users) if group.kind == "repeat" else (),
    )


def _label(group: ViewGroup, kinds: Mapping[Path, ViewGroup]) -> str:
    """The path of a group with dots, without the loop that it is in where there is no other loop."""
    loops = [path for path, one in kinds.items() if len(path) == 1 and one.title.startswith("loop ×")]
    only = len(group.path) > 1 and loops == [group.path[:1]]
    return ".".join(group.path[only:])


def _steps(known: Iterable[ViewGroup], group: ViewGroup) -> int:
    if group.kind != "repeat":
        return 0
    return sum(other.kind == "step" and other.path[:-1] == group.path for other in known)


def _gradient_steps(
    group: ViewGroup, members: Sequence[ViewNode], users: Mapping[str, Sequence[ViewEdge]]
) -> tuple[float | None, ...]:
    """Per step the size of the gradient at the nodes that are used outside the step."""
    depth = len(group.path) + 1
    steps: dict[Path, list[ViewNode]] = {}
    of: dict[str, Path] = {}
    for node in members:
        if len(node.group) >= depth:
            steps.setdefault(node.group[:depth], []).append(node)
            of[node.id] = node.group[:depth]
    found = []
    for path, inside in steps.items():
        handed_on = [
            node
            for node in inside
            if node.operation and any(of.get(edge.target) != path for edge in users.get(node.id, ()))
        ]
        together = combine(node.gradient_summary for node in handed_on or inside[-1:])
        found.append(None if together is None else together.rms)
    return tuple(found)


def _range(ends: tuple[float, float]) -> str:
    low, high = (number(end, 3) for end in ends)
    return f"size {low}" if low == high else f"size {low} … {high}"


# -- order -------------------------------------------------------------------------------------------


def _with_back_edges(edges: Sequence[ViewEdge], first: Mapping[str, int]) -> list[ViewEdge]:
    """Mark edges that lead back, so that the others form no circle.

    Within nodes that can all reach each other, those are the edges against the order of their first members.
    """
    component = _components(first, edges)
    return [
        replace(edge, back=True)
        if component[edge.source] == component[edge.target] and first[edge.source] > first[edge.target]
        else edge
        for edge in edges
    ]


def _components(nodes: Iterable[str], edges: Sequence[ViewEdge]) -> dict[str, int]:
    """Node -> the number of its strongly connected component (two depth-first searches, Kosaraju's way)."""
    after: dict[str, list[str]] = {node: [] for node in nodes}
    before: dict[str, list[str]] = {node: [] for node in nodes}
    for edge in edges:
        after[edge.source].append(edge.target)
        before[edge.target].append(edge.source)
    finished: list[str] = []
    seen: set[str] = set()
    for start in after:
        pending = [(start, False)]
        while pending:
            node, done = pending.pop()
            if done:
                finished.append(node)
            elif node not in seen:
                seen.add(node)
                pending.append((node, True))
                pending.extend((other, False) for other in after[node] if other not in seen)
    component: dict[str, int] = {}
    for start in reversed(finished):
        if start in component:
            continue
        number_of_it = len(component)
        together = [start]
        while together:
            node = together.pop()
            if node not in component:
                component[node] = number_of_it
                together.extend(other for other in before[node] if other not in component)
    return component


def _in_order(first: Mapping[str, int], edges: Iterable[ViewEdge]) -> list[str]:
    """The nodes in topological order, back edges aside; of several that may come next, the first to begin."""
    waiting = dict.fromkeys(first, 0)
    after: dict[str, list[str]] = {}
    for edge in edges:
        if not edge.back:
            waiting[edge.target] += 1
            after.setdefault(edge.source, []).append(edge.target)
    ready: list[tuple[int, str]] = []
    for node, count in waiting.items():
        if not count:
            heappush(ready, (first[node], node))
    order = []
    while ready:
        _, node = heappop(ready)
        order.append(node)
        for other in after.get(node, ()):
            waiting[other] -= 1
            if not waiting[other]:
                heappush(ready, (first[other], other))
    return order


# -- which groups -------------------------------------------------------------------------------------


def at_depth(view: View, depth: int) -> frozenset[Path]:
    """The groups that ``depth`` groups lead to, themselves counted: 1 for the outermost."""
    return frozenset(group.path for group in view.groups if len(group.path) == depth)


def automatic(view: View, most: int = AT_A_GLANCE) -> frozenset[Path]:
    """The groups to collapse so that at most ``most`` cards show: as deep ones as will do, and steps as one card."""
    if cards(view) <= most or not view.groups:
        return frozenset()
    found: list[tuple[int, frozenset[Path]]] = []
    repeats = {group.path for group in view.groups if group.kind == "repeat"}
    for depth in range(max(len(group.path) for group in view.groups), 0, -1):
        paths = at_depth(view, depth) | {path for path in repeats if len(path) < depth}
        card_of = _cards_of(view, paths)
        shown = {card_of.get(node.id, node.id) for node in view.nodes if node.kind not in FREE}
        if len(shown) <= most:
            return paths
        found.append((len(shown), paths))
    return min(found, key=lambda entry: entry[0])[1]


def expanded(view: View, collapsed: Collection[Path], path: Path) -> frozenset[Path]:
    """The collapsed groups after the one at ``path`` was opened: those inside it stay closed."""
    inner = {group.path for group in view.groups if group.path[:-1] == path}
    above = {path[:length] for length in range(1, len(path) + 1)}
    opened = above & set(collapsed)
    beside = {group.path for group in view.groups if group.path[:-1] in above and group.path not in above}
    return frozenset((set(collapsed) - opened) | inner | (beside if opened - {path} else set()))


def inside(view: View, path: Path) -> View:
    """What is in the group at ``path``, its inner groups collapsed, with signs for what lies outside."""
    within = {node.id for node in view.nodes if _within(node.group, path)}
    edges = tuple(edge for edge in view.edges if edge.source in within or edge.target in within)
    near = within.union(*((edge.source, edge.target) for edge in edges))
    inner = {group.path for group in view.groups if group.path[:-1] == path}
    part = replace(view, nodes=tuple(node for node in view.nodes if node.id in near), edges=edges)
    small = collapse(part, inner)
    shown = {node.id for node in small.nodes if _within(node.group, path)}
    return restrict(small, shown, users=True)


def restrict(view: View, shown: Collection[str], users: bool = False) -> View:
    """The nodes with ids in ``shown``, and signs for the inputs (and the users) of theirs that are left out.

    Args:
        view: what to take a part of.
        shown: ids of nodes. Plain numbers go along with the nodes that use them.
        users: whether there are signs for users too.
    """
    free = {node.id for node in view.nodes if node.kind in FREE}
    inputs: dict[str, int] = {}
    uses: dict[str, int] = {}
    edges = []
    kept = set(shown)
    for edge in view.edges:
        if edge.target in shown and (edge.source in shown or edge.source in free):
            kept.add(edge.source)
            edges.append(edge)
        elif edge.target in shown:
            inputs[edge.target] = inputs.get(edge.target, 0) + edge.count
        elif edge.source in shown and edge.target not in free:
            uses[edge.source] = uses.get(edge.source, 0) + edge.count
    nodes: list[ViewNode] = []
    for node in view.nodes:
        if node.id not in kept:
            continue
        if node.id in inputs:
            nodes.append(ViewNode(f"{node.id}_more", "more", f"{inputs[node.id]} more", group=node.group))
            edges.append(ViewEdge(f"{node.id}_more", node.id, 0))
        nodes.append(node)
        if users and node.id in uses:
            count = uses[node.id]
            text = f"{counted(count, 'use')} elsewhere"
            nodes.append(ViewNode(f"{node.id}_uses", "more", text, group=node.group))
            edges.append(ViewEdge(node.id, f"{node.id}_uses", 0))
    order = {node.id: position for position, node in enumerate(nodes)}
    present = {node.group[:length] for node in nodes for length in range(1, len(node.group) + 1)}
    return replace(
        view,
        nodes=tuple(nodes),
        edges=tuple(sorted(edges, key=lambda edge: order[edge.target])),
        groups=tuple(group for group in view.groups if group.path in present),
    )


# -- texts --------------------------------------------------------------------------------------------


def bars(sizes: Sequence[float | None], most: int = 32) -> str:
    """Sizes as a row of bars on a logarithmic scale; a dot stands for none and an underscore for zero.

    Of more than ``most`` sizes, a bar stands for several after each other, and shows the largest.

    >>> bars([1e-6, 1e-3, 1.0, 0.0, None])
    '▁▄█_·'
    """
    if len(sizes) > most:
        ends = [len(sizes) * number // most for number in range(most + 1)]
        pieces = [[size for size in sizes[a:b] if size is not None] for a, b in pairwise(ends)]
        sizes = [max(piece, default=None) for piece in pieces]
    logs = [log10(size) for size in sizes if size]
    low, high = (min(logs), max(logs)) if logs else (0.0, 0.0)
    row = []
    for size in sizes:
        if size is None:
            row.append("·")
        elif size == 0:
            row.append("_")
        else:
            share = (log10(size) - low) / (high - low) if high > low else 1.0
            row.append(BARS[int(share * (len(BARS) - 1))])
    return "".join(row)
