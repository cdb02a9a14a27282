"""The library's own SVG renderer: from a ``View`` to a picture, without any program.

Everything is styled by attributes of the elements themselves, since many hosts of notebooks remove style
sheets. Every node is a group with a title, which browsers show when it is pointed at and screen readers read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

from .boxes import Frames, back_curve, frames
from .cards import FREE, Line, badge_text, detailed, edge_text, free_text, lines, note_lines
from .layout import Layout, layered
from .legend import draw_legend
from .style import LIGHT, Palette, ink
from .svg_text import FONT, MARGIN, ROW, SIZE, SMALL, n, text_width, texts
from .text import printable
from .thumbnails import BOX, draw_thumbnail
from .view import View, ViewEdge, ViewNode

PADDING = 7.0
BADGE = 13.0
TINY = 8.5  # the size of texts along edges
WORD_GAP = 12.0
GAP = "\N{NO-BREAK SPACE}" * 2  # between a name and how it was computed


def render(view: View, direction: str = "LR", palette: Palette = LIGHT) -> str:
    """``view`` as SVG.

    Args:
        view: what to draw.
        direction: ``"LR"`` for a graph that reads from left to right, ``"TB"`` from top to bottom.
        palette: the colours.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> picture = render(viz.draw(x * x).view)
    >>> picture.startswith("<svg"), picture.count("<title>local derivative: x")
    (True, 2)
    """
    full, down = detailed(view), direction == "TB"
    cards = [_Card(view, node, full, palette) for node in view.nodes]
    sizes = [card.size for card in cards]
    numbers = {node.id: number for number, node in enumerate(view.nodes)}
    forward = [edge for edge in view.edges if not edge.back]
    pairs = [(numbers[edge.source], numbers[edge.target]) for edge in forward]
    labels = [edge_text(edge) if full else "" for edge in forward]
    widest = max((text_width(label, TINY) for label in labels), default=0.0)
    gap = 26.0 + 6.0 * (widest > 0) if down else 40.0 + widest * 0.8
    layout = layered([size[::-1] for size in sizes] if down else sizes, pairs, gap)
    width, height = (layout.height, layout.width) if down else (layout.width, layout.height)
    height += BADGE / 2
    room = (widest + 8.0 if down else 11.0) if widest else 8.0
    paths = curves(pairs, sizes, layout, down, room=room)
    body = [*_edges(forward, paths, palette), *_edge_labels(labels, paths, down, palette)]
    centers = [(y, x) if down else (x, y) for x, y in layout.centers]
    for card, center in zip(cards, centers, strict=True):
        body.append(card.draw(center))
    if len(forward) < len(view.edges):
        body += _back_edges(view, numbers, sizes, centers, palette)
        height += 24.0
    framed = frames(view, sizes, centers, (width, height), palette) if full else Frames(())
    if framed.parts:
        left, top, right, bottom = framed.over
        body = [f'<g transform="translate({n(left)} {n(top)})">', *framed.parts, *body, "</g>"]
        width, height = width + left + right, height + top + bottom
    below, width, height = _below(view, cards, width, height, palette)
    return _document(view, [*body, *below], width + 2 * MARGIN, height + 2 * MARGIN, palette)


def _back_edges(
    view: View,
    numbers: Mapping[str, int],
    sizes: Sequence[tuple[float, float]],
    centers: Sequence[tuple[float, float]],
    palette: Palette,
) -> list[str]:
    """Edges that lead back, as from one step of a collapsed loop to the next: below the nodes."""
    boxes = [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for (w, h), (x, y) in zip(sizes, centers, strict=True)]
    return [
        _edge(edge, back_curve(boxes[numbers[edge.source]], boxes[numbers[edge.target]]), palette)
        for edge in view.edges
        if edge.back
    ]


def _below(
    view: View, cards: Sequence[_Card], width: float, height: float, palette: Palette
) -> tuple[list[str], float, float]:
    """The legend and the notes below the picture, and the size of all together."""
    body = []
    if view.legend is not None:
        legend, legend_width, legend_height = draw_legend(view.legend, height + ROW, palette)
        body.append(legend)
        width, height = max(width, legend_width), height + ROW + legend_height
    notes = note_lines(view.notes)
    if any(card.has_thumbnail for card in cards):
        notes.append("Thumbnails: means of blocks of entries, thick above 0, thin below 0, × where NaN or Inf.")
    for note in notes:
        height += ROW
        body.append(texts(0, height, note, palette.muted, SMALL))
        width = max(width, text_width(note, SMALL))
    return body, width, height


class _Card:
    """A node with its place still to be found."""

    def __init__(self, view: View, node: ViewNode, full: bool, palette: Palette) -> None:
        self.node = node
        self.palette = palette
        self.fill = palette.card if node.kind not in ("leaf", "constant", "detached") else palette.paper
        self.ink: str | None = None
        if node.shade is not None:
            self.fill = palette.shade(node.shade)
            self.ink = ink(self.fill)
        self.lines = [] if node.kind in FREE else lines(view, node, full)
        self.has_thumbnail = any(line.thumbnail for line in self.lines)
        self.indent = BOX + 6.0 if self.has_thumbnail else 0.0
        self.size = self._size()

    def _size(self) -> tuple[float, float]:
        if self.node.kind in FREE:
            return text_width(free_text(self.node), SIZE) + 4.0, ROW + 2.0
        widths = [self._width(line) for line in self.lines]
        return max(widths) + 2 * PADDING, len(self.lines) * ROW + 2 * PADDING - 2

    def _width(self, line: Line) -> float:
        size = SMALL if line.small else SIZE
        if not line.word:
            more = text_width(GAP + line.more, SIZE) if line.more else 0.0
            return text_width(line.text, size, line.role == "name") + more
        return self.indent + text_width(line.word, SMALL) + WORD_GAP + text_width(line.text, size)

    def color(self, role: str) -> str:
        """The colour of a text; on a shade all texts are black, or all are white."""
        if self.ink is not None:
            return self.ink
        return self.palette.text if role == "name" else str(getattr(self.palette, role))

    def draw(self, middle: tuple[float, float]) -> str:
        width, height = self.size
        left, top = middle[0] - width / 2, middle[1] - height / 2
        title = f"<title>{escape(printable(self.node.tooltip()))}</title>"
        parts = [f'<g id="{escape(self.node.id)}" transform="translate({n(left)} {n(top)})">{title}']
        if self.node.kind in FREE:
            color = self.palette.value if self.node.kind == "number" else self.palette.muted
            parts.append(texts(2, SIZE + 1.5, free_text(self.node), color))
            return "".join([*parts, "</g>"])
        parts += self._frame(width, height)
        for number, line in enumerate(self.lines):
            base = PADDING + ROW * number + SIZE - 0.5
            if line.thumbnail:
                background = self.palette.card if self.ink is not None else None
                parts.append(draw_thumbnail(line.thumbnail, PADDING, base - SIZE + 2, self.palette, background))
            parts += self._line(line, base, width)
        return "".join([*parts, *self._badges(width, height), "</g>"])

    def _frame(self, width: float, height: float) -> list[str]:
        palette, kind = self.palette, self.node.kind
        style = {
            "leaf": f'stroke="{palette.value}" stroke-width="1.8"',
            "constant": f'stroke="{palette.line}" stroke-dasharray="4 3"',
            "detached": f'stroke="{palette.line}" stroke-dasharray="4 3"',
            "result": f'stroke="{palette.text}" stroke-width="2.2"',
            "failed": f'stroke="{palette.gradient}" stroke-width="2.6" stroke-dasharray="7 3"',
        }.get(kind, f'stroke="{palette.line}"')
        size = f'width="{n(width)}" height="{n(height)}" rx="5"'
        parts = []
        if self.node.marked:
            style = f'stroke="{palette.mark}" stroke-width="3.6"'
        if kind == "group":  # a stack of cards
            parts.append(f'<rect x="4" y="4" {size} fill="{palette.card}" {style}/>')
        parts.append(f'<rect {size} fill="{self.fill}" {style}/>')
        if kind == "detached":  # where the gradient stops
            bars = f"M-4 4v{n(height - 8)}M-7.5 4v{n(height - 8)}"
            parts.append(f'<path d="{bars}" stroke="{palette.text}" stroke-width="1.6"/>')
        return parts

    def _line(self, line: Line, base: float, width: float) -> list[str]:
        size = SMALL if line.small else SIZE
        if not line.word:
            color = self.color(line.role)
            weight = ' font-weight="bold"' if line.role == "name" else ""
            more = ""
            if line.more:
                # The gap stands before it, since some programs leave out spaces that a tspan begins with.
                more = f'{GAP}<tspan font-weight="normal" fill="{self.color("muted")}">{escape(line.more)}</tspan>'
            return [f'<text x="{n(PADDING)}" y="{n(base)}" fill="{color}"{weight}>{escape(line.text)}{more}</text>']
        return [
            texts(PADDING + self.indent, base, line.word, self.color("muted"), SMALL),
            texts(width - PADDING, base, line.text, self.color(line.role), size, end=True),
        ]

    def _badges(self, room: float, height: float) -> list[str]:
        """The badges in a row across the lower edge, where they take no room: nothing moves when a mode changes."""
        badges = [badge_text(badge) for badge in self.node.badges]
        widths = [text_width(badge, SMALL, bold=True) + 8.0 for badge in badges]
        if sum(widths) + 4 * len(widths) > room + 30:  # what is in parentheses is left to the title
            badges = [badge.partition(" (")[0] for badge in badges]
            widths = [text_width(badge, SMALL, bold=True) + 8.0 for badge in badges]
        parts, left = [], 4.0
        for badge, width in zip(badges, widths, strict=True):
            box = f'x="{n(left)}" y="{n(height - 6)}" width="{n(width)}" height="{BADGE:g}" rx="4"'
            text = f'<text x="{n(left + 4)}" y="{n(height + 3.5)}" font-size="{SMALL:g}" font-weight="bold" '
            parts.append(f'<rect {box} fill="{self.palette.text}" stroke="{self.palette.paper}"/>')
            parts.append(f'{text}fill="{self.palette.paper}">{escape(badge)}</text>')
            left += width + 4
        return parts


def curves(
    pairs: Sequence[tuple[int, int]],
    sizes: Sequence[tuple[float, float]],
    layout: Layout,
    down: bool = False,
    digits: int = 1,
    room: float = 8.0,
) -> list[str]:
    """Every edge as a curve that leaves and arrives along the direction of the picture, as data of a path.

    Args:
        pairs: per edge the numbers of its source and its target.
        sizes: per node its width and height.
        layout: where everything stands.
        down: whether the picture reads from top to bottom.
        digits: of the coordinates, after the point.
        room: the distance between edges that arrive beside each other, if the node is large enough.
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
        apart = min(room, (sizes[target][1 - along] - 10.0) / max(1, arriving[target] - 1))
        shift = (number - (arriving[target] + 1) / 2) * apart
        x, y = layout.centers[source]
        end_x, end_y = layout.centers[target]
        start = (x + sizes[source][along] / 2, y)
        end = (end_x - sizes[target][along] / 2 - 5.0, end_y + shift)
        drawn.append(_curve([start, *route, end], down, digits))
    return drawn


def _curve(points: Sequence[tuple[float, float]], down: bool, digits: int) -> str:
    def at(x: float, y: float) -> str:
        return f"{n(y, digits)} {n(x, digits)}" if down else f"{n(x, digits)} {n(y, digits)}"

    path = [f"M{at(*points[0])}"]
    for (x, y), (next_x, next_y) in pairwise(points):
        middle = (x + next_x) / 2
        path.append(f"C{at(middle, y)} {at(middle, next_y)} {at(next_x, next_y)}")
    return "".join(path)


def _edges(edges: Sequence[ViewEdge], paths: Sequence[str], palette: Palette) -> list[str]:
    """The edges; what most of them have in common stands once, around them. Marked ones lie on top."""
    plain, others = [], []
    for edge, path in zip(edges, paths, strict=True):
        if edge.marked or edge.count > 1:
            others.append(_edge(edge, path, palette))
        else:
            title = _title(edge)
            plain.append(f'<path d="{path}">{title}</path>' if title else f'<path d="{path}"/>')
    around = f'<g fill="none" stroke="{palette.muted}" stroke-width="0.9" marker-end="url(#arrow)">'
    return [around, *plain, "</g>", *others] if plain else others


def _title(edge: ViewEdge) -> str:
    text = edge.tooltip()
    return f"<title>{escape(printable(text))}</title>" if text else ""


def _edge(edge: ViewEdge, path: str, palette: Palette) -> str:
    color, width, arrow = palette.muted, "0.9", "arrow"
    if edge.marked:
        color, width, arrow = palette.mark, "2.8", "marked"
    elif edge.count > 1:
        width = "1.6"
    dashes = ' stroke-dasharray="2 3"' if edge.back else ""
    head = f'fill="none" stroke="{color}" stroke-width="{width}"{dashes} marker-end="url(#{arrow})"'
    return f'<path d="{path}" {head}>{_title(edge)}</path>'


def _edge_labels(labels: Sequence[str], paths: Sequence[str], down: bool, palette: Palette) -> list[str]:
    """The texts before the ends of edges, on paper of their own, since other edges may pass there."""
    boxes, words = [], []
    for label, path in zip(labels, paths, strict=True):
        if label:
            x, y = (float(part) for part in path.replace("C", " ").split()[-2:])
            width = text_width(label, TINY)
            left, base = (x + 5, y - 1) if down else (x - width - 3, y - 1.5)
            boxes.append(f"M{n(left - 1)} {n(base - 3)}h{n(width + 2)}")
            words.append(f'<text x="{n(left)}" y="{n(base)}">{escape(label)}</text>')
    if not words:
        return []
    paper = f'<path d="{"".join(boxes)}" stroke="{palette.paper}" stroke-width="9"/>'
    return [f'{paper}<g font-size="{TINY:g}" fill="{palette.muted}">', *words, "</g>"]


def _document(view: View, body: Sequence[str], width: float, height: float, palette: Palette) -> str:
    counted = sum(node.kind not in FREE for node in view.nodes)
    label = f"computational graph of {counted} nodes"
    arrows = [_arrow("arrow", palette.muted, 7)]
    if any(edge.marked for edge in view.edges):
        arrows.append(_arrow("marked", palette.mark, 4))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{n(width)}" height="{n(height)}" '
            f'viewBox="0 0 {n(width)} {n(height)}" role="img" aria-label="{label}" '
            f'font-family="{FONT}" font-size="{SIZE:g}">',
            f"<defs>{''.join(arrows)}</defs>",
            f'<rect width="{n(width)}" height="{n(height)}" fill="{palette.paper}"/>',
            f'<g transform="translate({MARGIN:g} {MARGIN:g})">',
            *body,
            "</g>",
            "</svg>",
        ]
    )


def _arrow(name: str, color: str, size: int) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 10 10" refX="2" refY="5" markerWidth="{size}" markerHeight="{size}" '
        f'orient="auto"><polygon points="0,1 9,5 0,9" fill="{color}"/></marker>'
    )
