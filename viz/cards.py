"""What stands on the card of a node, line by line, for every renderer that draws cards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal

from .modes import BADGES, badge_kind
from .style import LABEL_WIDTH, NOTE_LENGTH, NOTE_WIDTH, VALUE_WIDTH
from .summary import LEAST_ENTRIES, Summary
from .text import clipped, printable
from .view import View, ViewEdge, ViewNode

Role = Literal["name", "muted", "value", "gradient", "text"]

FREE = ("number", "more")  # kinds of nodes without a card
# Up to this many nodes, cards hold statistics and thumbnails, and edges their local derivatives.
DETAILED = 100
EDGE_WIDTH = 16  # the longest text along an edge


@dataclass(frozen=True)
class Line:
    """A line of a card.

    Attributes:
        word: what it is, before the text; may be empty.
        text: the text itself.
        role: which gives its colour.
        small: whether it is set small.
        more: a second text, muted, on the same line.
        thumbnail: levels of the array that this line and the next speak of.
    """

    word: str
    text: str
    role: Role
    small: bool = False
    more: str = ""
    thumbnail: tuple[str, ...] = ()


def detailed(view: View) -> bool:
    """Whether there is room for statistics and thumbnails on all cards."""
    return sum(node.kind not in FREE for node in view.nodes) <= DETAILED


def has_thumbnails(view: View) -> bool:
    """Whether any card holds a thumbnail."""
    return detailed(view) and any(
        summary is not None and summary.thumbnail
        for node in view.nodes
        if node.kind not in FREE
        for summary in (node.summary, node.gradient_summary)
    )


def free_text(node: ViewNode) -> str:
    """What stands in place of a card."""
    return clipped(printable(node.value or node.label), VALUE_WIDTH)


def lines(view: View, node: ViewNode, full: bool) -> list[Line]:
    """The name and how the node was computed, its value, its gradient, and what the mode adds.

    Args:
        view: where the node is.
        node: one with a card.
        full: whether to add statistics and thumbnails.
    """
    label, expression = _shown(node.label, LABEL_WIDTH), _shown(node.expression, LABEL_WIDTH)
    first = Line("", label, "name", more=_shown(node.title(), LABEL_WIDTH + 2))
    if not label:
        first = Line("", f"= {expression}" if expression else node.kind, "muted")
    found = [first]
    group = node.kind == "group"  # statistics of different things together would say nothing
    if node.value:
        found += _quantity("output" if group else "value", node.value, "value", node.summary, full and not group)
    if view.has_gradients and node.requires_grad:
        role: Role = "muted" if node.gradient is None else "gradient"
        found += _quantity("gradient", view.gradient_text(node), role, node.gradient_summary, full and not group)
    return found + [Line(_shown(word, LABEL_WIDTH), _shown(text, VALUE_WIDTH), "text") for word, text in node.extra]


def note_lines(notes: Iterable[str]) -> list[str]:
    """The notes as lines below the picture.

    >>> [len(line) for line in note_lines(["word " * 50, "a" * 100_000])]
    [159, 89, 160, 160, 160, 160]
    """
    return [line for note in notes for line in wrap(_shown(note, NOTE_LENGTH), NOTE_WIDTH)]


def _shown(text: str, width: int) -> str:
    return clipped(printable(text), width)


def _quantity(word: str, text: str, role: Role, summary: Summary | None, full: bool) -> list[Line]:
    """A value or a gradient; for arrays a second line with dtype and statistics, and the thumbnail beside both."""
    shown = _shown(text, VALUE_WIDTH)
    if not full or summary is None or summary.size < LEAST_ENTRIES:
        return [Line(word, shown, role)]
    statistics = summary.statistics()
    if word == "gradient" and summary.rms is not None:
        statistics = " · ".join([f"rms {summary.rms:.3g}", *statistics.split(" · ")[2:]])
    return [
        Line(word, shown, role, thumbnail=summary.thumbnail),
        Line("entries", " · ".join(part for part in (summary.dtype, statistics) if part), role, small=True),
    ]


def badge_text(badge: str) -> str:
    """A badge with its symbol before it.

    >>> badge_text("dead (3 of 128 units)")
    '○ dead (3 of 128 units)'
    """
    symbol, _ = BADGES.get(badge_kind(badge), ("■", ""))
    return f"{symbol} {_shown(badge, LABEL_WIDTH)}"


def edge_text(edge: ViewEdge) -> str:
    """What stands along an edge: that a value is broadcast, or the local derivative; empty if it is too long.

    >>> edge_text(ViewEdge("n1", "n2", 0, derivative="cos(x)"))
    'cos(x)'
    """
    if edge.note.startswith("broadcast"):
        return "broadcast"
    text = " ".join(printable(edge.derivative).split())
    return text if len(text) <= EDGE_WIDTH else ""
