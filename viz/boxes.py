"""Frames around groups that are open, and the curves of edges that lead back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

import graphviz

from .style import Palette
from .svg_text import SMALL, n, text_width, texts
from .text import clipped, printable
from .view import View, ViewGroup

PADDING = 6.0
HEAD = 13.0  # the room that the name of a group takes
NAME_WIDTH = 60
FREE = ("number", "more")

Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Frames:
    """Frames as SVG, and how far they reach over the picture at its left, top, right and bottom."""

    parts: tuple[str, ...]
    over: Box = (0.0, 0.0, 0.0, 0.0)


def open_groups(view: View) -> dict[ViewGroup, list[str]]:
    """The groups of which more than one card shows, and the ids of all nodes in them."""
    members: dict[tuple[str, ...], list[str]] = {group.path: [] for group in view.groups}
    cards: dict[tuple[str, ...], int] = {}
    for node in view.nodes:
        for length in range(1, len(node.group) + 1):
            path = node.group[:length]
            if path in members:
                members[path].append(node.id)
                cards[path] = cards.get(path, 0) + (node.kind not in FREE)
    return {group: members[group.path] for group in view.groups if cards.get(group.path, 0) > 1}


def group_name(group: ViewGroup) -> str:
    """What stands on the frame of a group.

    >>> group_name(ViewGroup(("encoder", "0"), "module", "Linear"))
    'encoder.0: Linear'
    """
    name = ".".join(group.path)
    return clipped(printable(f"{name}: {group.title}" if group.title else name), NAME_WIDTH)


def frames(
    view: View,
    sizes: Sequence[tuple[float, float]],
    centers: Sequence[tuple[float, float]],
    size: tuple[float, float],
    palette: Palette,
) -> Frames:
    """A frame around every open group; the outer ones first. Where others stand between its nodes, it is in pieces.

    Args:
        view: what is drawn.
        sizes, centers: width and height, and the middle, of every node.
        size: of the picture.
        palette: the colours.
    """
    places = {
        node.id: (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        for node, (w, h), (x, y) in zip(view.nodes, sizes, centers, strict=True)
    }
    groups = open_groups(view)
    pieces: dict[ViewGroup, list[_Piece]] = {}
    for group in reversed(groups):  # the inner ones first: an outer frame goes around them
        inner = [piece.box for other in pieces if other.path[:-1] == group.path for piece in pieces[other]]
        own = set(groups[group])
        others = [place for other, place in places.items() if other not in own]
        name = text_width(group_name(group), SMALL) + 2 * PADDING
        pieces[group] = _pieces([*(places[other] for other in groups[group]), *inner], others, name)
    boxes = [piece.box for found in pieces.values() for piece in found]
    if not boxes:
        return Frames(())
    over = (
        max(0.0, -min(box[0] for box in boxes)),
        max(0.0, -min(box[1] for box in boxes)),
        max(0.0, max(box[2] for box in boxes) - size[0]),
        max(0.0, max(box[3] for box in boxes) - size[1]),
    )
    return Frames(tuple(_frame(group, piece, palette) for group in groups for piece in pieces[group]), over)


class _Piece(NamedTuple):
    """A frame, and whether the name of its group stands at the bottom."""

    box: Box
    named_below: bool


def _pieces(members: Sequence[Box], others: Sequence[Box], name: float) -> list[_Piece]:
    """As few frames around ``members`` as are found that keep clear of ``others``, each as wide as the ``name``."""
    whole = _piece(members, others, name)
    if whole is not None:
        return [whole]
    found: list[_Piece] = []
    around: list[Box] = []
    for member in sorted(members, key=lambda box: box[0] + box[1]):  # from the left and the top on
        larger = _piece([*around, member], others, name) if around else None
        if larger is None:
            around = []
            larger = _piece([member], others, name)
            if larger is None:
                continue
            found.append(larger)
        around.append(member)
        found[-1] = larger
    return found


def _piece(around: Sequence[Box], others: Sequence[Box], name: float) -> _Piece | None:
    """The frame around all of ``around``, with the name at the top or at the bottom, wherever there is room."""
    left, top = min(box[0] for box in around), min(box[1] for box in around)
    right, bottom = max(box[2] for box in around), max(box[3] for box in around)
    for head, foot in ((HEAD, 0.0), (0.0, HEAD)):
        box = (left - PADDING, top - PADDING - head, max(right + PADDING, left + name), bottom + PADDING + foot)
        if not any(_meet(box, place) for place in others):
            return _Piece(box, foot > 0)
    return None


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _frame(group: ViewGroup, piece: _Piece, palette: Palette) -> str:
    left, top, right, bottom = piece.box
    place = f'x="{n(left)}" y="{n(top)}" width="{n(right - left)}" height="{n(bottom - top)}" rx="6"'
    base = bottom - 4.0 if piece.named_below else top + HEAD - 2.0
    name = texts(left + PADDING, base, group_name(group), palette.muted, SMALL)
    title = escape(group_name(group))
    return (
        f"<g><title>{title}</title>"
        f'<rect {place} fill="none" stroke="{palette.line}" stroke-width="0.8" stroke-dasharray="1 2"/>{name}</g>'
    )


def back_curve(source: Box, target: Box) -> str:
    """The data of a path from below one node to below an earlier one."""
    x, end = (source[0] + source[2]) / 2, (target[0] + target[2]) / 2
    low = max(source[3], target[3]) + 24.0
    return f"M{n(x)} {n(source[3])}C{n(x)} {n(low)} {n(end)} {n(low)} {n(end)} {n(target[3] + 5.0)}"


def add_clusters(dot: graphviz.Digraph, view: View, palette: Palette) -> None:
    """Put the nodes of open groups into clusters, the inner ones into the outer ones."""
    groups = open_groups(view)
    names = {group.path: f"cluster_{number}" for number, group in enumerate(groups, 1)}
    made: dict[tuple[str, ...], graphviz.Digraph] = {}
    attributes: Mapping[str, str] = {
        "style": "dotted,rounded",
        "color": palette.line,
        "fontsize": "9",
        "fontcolor": palette.muted,
        "labeljust": "l",
        "labelloc": "t",
    }
    for group in reversed(groups):
        cluster = graphviz.Digraph(names[group.path])
        cluster.attr(label=graphviz.escape(group_name(group)), tooltip=graphviz.escape(group_name(group)), **attributes)
        inner = [path for path in names if path[:-1] == group.path and path in made]
        taken = {name for other in inner for name in groups[_by_path(groups, other)]}
        for name in groups[group]:
            if name not in taken:
                cluster.node(name)
        for path in inner:
            cluster.subgraph(made.pop(path))
        made[group.path] = cluster
    for path in names:
        if path in made:
            dot.subgraph(made[path])


def _by_path(groups: Mapping[ViewGroup, list[str]], path: tuple[str, ...]) -> ViewGroup:
    return next(group for group in groups if group.path == path)
