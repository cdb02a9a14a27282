"""The library's own SVG renderer: from a ``View`` to a picture, without any program.

Everything is styled by attributes of the elements themselves, since many hosts of notebooks remove style
sheets. Every node is a group with a title, which browsers show when it is pointed at and screen readers read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from .layout import Layout, layered
from .style import CARD, GRADIENT, LABEL_WIDTH, LINE, MUTED, TEXT, VALUE, VALUE_WIDTH
from .text import clipped, printable
from .view import View, ViewEdge, ViewNode

FONT = "Helvetica, Arial, sans-serif"
SIZE = 11.0
SMALL = 9.0
ROW = 15.0
PADDING = 7.0
MARGIN = 8.0
FREE = ("number", "more")  # kinds of nodes without a frame

FRAMES = {
    "leaf": f'fill="#ffffff" stroke="{VALUE}" stroke-width="1.8"',
    "constant": f'fill="#ffffff" stroke="{LINE}" stroke-dasharray="4 3"',
    "operation": f'fill="{CARD}" stroke="{LINE}"',
    "result": f'fill="{CARD}" stroke="{TEXT}" stroke-width="2.2"',
}

# Widths of characters in units of the font's size, rounded up, of the widest font that may be used.
NARROW = frozenset("iljtfrI.,:;|'![]()· ")
WIDE = frozenset("mwMWGOQ@%—∑∂⊙")


@dataclass(frozen=True)
class _Row:
    """A line of a card: a word before it, its parts as (text, colour, weight), and whether it stands right."""

    word: str
    parts: tuple[tuple[str, str, str], ...]
    right: bool = False

    @property
    def width(self) -> float:
        space = text_width(self.word, SMALL) + 12 if self.word else 0.0
        return space + sum(text_width(text, SIZE, weight == "bold") for text, _, weight in self.parts)


def render(view: View, direction: str = "LR") -> str:
    """``view`` as SVG.

    Args:
        view: what to draw.
        direction: ``"LR"`` for a graph that reads from left to right, ``"TB"`` from top to bottom.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> picture = render(viz.draw(x * x).view)
    >>> picture.startswith("<svg"), picture.count("<path")
    (True, 2)
    """
    rows = [_rows(view, node) for node in view.nodes]
    sizes = [_size(node, lines) for node, lines in zip(view.nodes, rows, strict=True)]
    numbers = {node.id: number for number, node in enumerate(view.nodes)}
    pairs = [(numbers[edge.source], numbers[edge.target]) for edge in view.edges]
    down = direction == "TB"
    layout = layered([size[::-1] for size in sizes] if down else sizes, pairs, 26.0 if down else 40.0)
    width, height = (layout.height, layout.width) if down else (layout.width, layout.height)
    paths = curves(pairs, sizes, layout, down)
    body = [_edge(edge, path) for edge, path in zip(view.edges, paths, strict=True)]
    for node, lines, size, (x, y) in zip(view.nodes, rows, sizes, layout.centers, strict=True):
        body.append(_card(node, lines, size, (y, x) if down else (x, y)))
    notes = [clipped(note, 120) for note in view.notes]
    for note in notes:
        height += ROW
        body.append(_text(0, height, note, MUTED, SMALL))
        width = max(width, text_width(note, SMALL))
    return _document(view, body, width + 2 * MARGIN, height + 2 * MARGIN)


def text_width(text: str, size: float, bold: bool = False) -> float:
    """About how wide ``text`` is drawn, in the units of ``size``.

    >>> text_width("iii", 10) < text_width("aaa", 10) < text_width("MMM", 10)
    True
    """
    total = 0.0
    for character in text:
        if character in NARROW:
            total += 0.34
        elif character in WIDE or ord(character) > 0x2E80:
            total += 1.0
        elif character.isupper():
            total += 0.72
        else:
            total += 0.57
    return total * size * (1.07 if bold else 1.0)


def _rows(view: View, node: ViewNode) -> list[_Row]:
    """The lines of a node's card: its name and how it was computed, the value, the gradient."""
    if node.kind in FREE:
        text = clipped(printable(node.value or node.label), VALUE_WIDTH)
        return [_Row("", ((text, VALUE if node.kind == "number" else MUTED, "normal"),))]
    title: list[tuple[str, str, str]] = []
    if node.label:
        title.append((clipped(printable(node.label), LABEL_WIDTH), TEXT, "bold"))
    if node.expression:
        title.append((clipped(printable(f"= {node.expression}"), LABEL_WIDTH), MUTED, "normal"))
    elif not node.label:
        title.append((node.kind, MUTED, "normal"))
    if len(title) == 2:
        title.insert(1, ("\N{NO-BREAK SPACE}", TEXT, "normal"))
    rows = [_Row("", tuple(title))]
    rows.append(_Row("value", ((clipped(printable(node.value), VALUE_WIDTH), VALUE, "normal"),), right=True))
    if view.has_gradients and node.requires_grad:
        color = MUTED if node.gradient is None else GRADIENT
        gradient = clipped(printable(view.gradient_text(node)), VALUE_WIDTH)
        rows.append(_Row("gradient", ((gradient, color, "normal"),), right=True))
    return rows


def _size(node: ViewNode, rows: Sequence[_Row]) -> tuple[float, float]:
    padding = 2.0 if node.kind in FREE else PADDING
    return max(row.width for row in rows) + 2 * padding, len(rows) * ROW + 2 * padding - 2


def _card(node: ViewNode, rows: Sequence[_Row], size: tuple[float, float], middle: tuple[float, float]) -> str:
    width, height = size
    left, top = middle[0] - width / 2, middle[1] - height / 2
    padding = 2.0 if node.kind in FREE else PADDING
    parts = [f'<g id="{escape(node.id)}"><title>{escape(printable(node.tooltip()))}</title>']
    if node.kind not in FREE:
        box = f'x="{_n(left)}" y="{_n(top)}" width="{_n(width)}" height="{_n(height)}" rx="5"'
        parts.append(f"<rect {box} {FRAMES[node.kind]}/>")
    for number, row in enumerate(rows):
        base = top + padding + ROW * number + SIZE - 0.5
        if row.word:
            parts.append(_text(left + padding, base, row.word, MUTED, SMALL))
        if row.right:
            text, color, _ = row.parts[0]
            parts.append(_text(left + width - padding, base, text, color, SIZE, anchor=' text-anchor="end"'))
            continue
        spans = "".join(
            f'<tspan fill="{color}"{_weight(weight)}>{escape(text)}</tspan>' for text, color, weight in row.parts
        )
        parts.append(f'<text x="{_n(left + padding)}" y="{_n(base)}" font-size="{SIZE:g}">{spans}</text>')
    return "".join([*parts, "</g>"])


def _weight(weight: str) -> str:
    return "" if weight == "normal" else f' font-weight="{weight}"'


def _text(x: float, y: float, text: str, color: str, size: float, anchor: str = "") -> str:
    return f'<text x="{_n(x)}" y="{_n(y)}" font-size="{size:g}" fill="{color}"{anchor}>{escape(text)}</text>'


def curves(
    pairs: Sequence[tuple[int, int]],
    sizes: Sequence[tuple[float, float]],
    layout: Layout,
    down: bool = False,
    digits: int = 1,
) -> list[str]:
    """Every edge as a curve that leaves and arrives along the direction of the picture, as data of a path.

    Args:
        pairs: per edge the numbers of its source and its target.
        sizes: per node its width and height.
        layout: where everything stands.
        down: whether the picture reads from top to bottom.
        digits: of the coordinates, after the point.
    """
    arriving: dict[int, int] = {}
    for _, target in pairs:
        arriving[target] = arriving.get(target, 0) + 1
    along = 1 if down else 0
    arrived: dict[int, int] = {}
    drawn = []
    for (source, target), route in zip(pairs, layout.routes, strict=True):
        number = arrived[target] = arrived.get(target, 0) + 1
        # Inputs arrive beside each other in the order of the arguments, two of one node too.
        room = min(8.0, (sizes[target][1 - along] - 10.0) / max(1, arriving[target] - 1))
        shift = (number - (arriving[target] + 1) / 2) * room
        x, y = layout.centers[source]
        end_x, end_y = layout.centers[target]
        start = (x + sizes[source][along] / 2, y)
        end = (end_x - sizes[target][along] / 2 - 5.0, end_y + shift)
        drawn.append(_curve([start, *route, end], down, digits))
    return drawn


def _curve(points: Sequence[tuple[float, float]], down: bool, digits: int) -> str:
    def at(x: float, y: float) -> str:
        return f"{_n(y, digits)} {_n(x, digits)}" if down else f"{_n(x, digits)} {_n(y, digits)}"

    path = [f"M{at(*points[0])}"]
    for (x, y), (next_x, next_y) in pairwise(points):
        middle = (x + next_x) / 2
        path.append(f"C{at(middle, y)} {at(middle, next_y)} {at(next_x, next_y)}")
    return "".join(path)


def _edge(edge: ViewEdge, path: str) -> str:
    title = f"local derivative: {clipped(printable(edge.derivative), 80)}" if edge.derivative else ""
    inner = f"<title>{escape(title)}</title>" if title else ""
    head = f'fill="none" stroke="{MUTED}" stroke-width="0.9" marker-end="url(#arrow)"'
    return f'<path d="{path}" {head}>{inner}</path>' if inner else f'<path d="{path}" {head}/>'


def _document(view: View, body: Sequence[str], width: float, height: float) -> str:
    counted = sum(node.kind not in FREE for node in view.nodes)
    label = f"computational graph of {counted} nodes"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(width)}" height="{_n(height)}" '
            f'viewBox="0 0 {_n(width)} {_n(height)}" role="img" aria-label="{label}" font-family="{FONT}">',
            f'<defs><marker id="arrow" viewBox="0 0 10 10" refX="2" refY="5" markerWidth="7" markerHeight="7" '
            f'orient="auto"><polygon points="0,1 9,5 0,9" fill="{MUTED}"/></marker></defs>',
            f'<rect width="{_n(width)}" height="{_n(height)}" fill="#ffffff"/>',
            f'<g transform="translate({MARGIN:g} {MARGIN:g})">',
            *body,
            "</g>",
            "</svg>",
        ]
    )


def _n(value: float, digits: int = 1) -> str:
    """A coordinate, without trailing zeros."""
    return format(round(value, digits) + 0.0, f".{digits}f").removesuffix(".0")
