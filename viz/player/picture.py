"""The finished state as a small SVG: what shows where scripts do not run, and what the script brings to life.

It is shown as an image, which no host strips of its style sheet; so, unlike ``viz.svg``, it is styled by
classes, which makes it a quarter of the size. The script finds nodes and edges by their order.
"""

from __future__ import annotations

from collections import Counter
from html import escape
from pathlib import Path

from ..layout import layered
from ..style import MUTED
from ..svg import curves, text_width
from ..text import clipped, printable
from ..view import View, ViewNode

SIZE = 11.0
ROW = 15
MARGIN = 8
PADDING = 7
TALL = 3 * ROW + 2 * PADDING - 2  # a card with a gradient, as the style sheet has it
TITLE = 34  # the longest texts on a card
NUMBER = 30
FREE = ("number", "more")  # kinds of nodes without a frame
# Most nodes are operations, which need no class.
CLASSES = {"leaf": "l", "constant": "k", "detached": "k", "operation": "", "result": "r", "number": "f", "more": "f"}

STYLE = " ".join((Path(__file__).parent / "picture.css").read_text(encoding="utf-8").split())


def draw(view: View, contributions: dict[str, int], direction: str = "LR") -> str:
    """``view`` as SVG with single quotes throughout, so that it can stand within double ones.

    Args:
        view: what to draw.
        contributions: node id -> how many contributions its gradient is the sum of, for which room is left.
        direction: ``"LR"`` from left to right, ``"TB"`` from top to bottom.
    """
    down = direction == "TB"
    rows = [_rows(view, node) for node in view.nodes]
    sizes = [_size(node, lines, contributions) for node, lines in zip(view.nodes, rows, strict=True)]
    numbers = {node.id: number for number, node in enumerate(view.nodes)}
    pairs = [(numbers[edge.source], numbers[edge.target]) for edge in view.edges]
    layout = layered([size[::-1] for size in sizes] if down else sizes, pairs, 44.0)
    centers = [(y, x) if down else (x, y) for x, y in layout.centers]
    width, height = (layout.height, layout.width) if down else (layout.width, layout.height)
    width, height = width + 2 * MARGIN, height + 2 * MARGIN
    # A card names its width only if most others have another.
    usual = Counter(round(width) for width, _ in sizes).most_common(1)[0][0]
    style = f"{STYLE} rect:not([width]){{width:{usual}px}}"
    arrow = f"<path d='M0 1L9 5 0 9z' fill='{MUTED}'/>"
    body = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}'"
        f" viewBox='-{MARGIN} -{MARGIN} {width:.0f} {height:.0f}'><style>{style}</style>",
        f"<marker id='a' viewBox='0 0 10 10' refX='2' refY='5' markerWidth='7' markerHeight='7' orient='auto'"
        f" markerUnits='userSpaceOnUse'>{arrow}"
        "</marker>",
        f"<rect class='b' x='-{MARGIN}' y='-{MARGIN}' width='{width:.0f}' height='{height:.0f}'/>",
        "<g class='e' marker-end='url(#a)'>",
        *(f"<path d='{_relative(path)}'/>" for path in curves(pairs, sizes, layout, down, digits=0)),
        "</g><g>",
        *(_card(*parts, usual) for parts in zip(view.nodes, rows, sizes, centers, strict=True)),
        "</g></svg>",
    ]
    return "".join(body)


def _relative(path: str) -> str:
    """The same path with every point counted from the one before, which takes fewer digits.

    >>> _relative("M77 402C102 402 102 346 128 346C140 346 140 300 150 300")
    'M77 402c25 0 25-56 51-56c12 0 12-46 22-46'
    >>> _relative("M77 402C102 402 102 402 128 402"), _relative("M77 402C77 422 77 422 77 441")
    ('M77 402h51', 'M77 402v39')
    """
    start, *pieces = path.split("C")
    x, y = map(int, start[1:].split())
    parts = [start]
    for piece in pieces:
        numbers = [int(number) for number in piece.split()]
        if {y} == set(numbers[1::2]):  # a straight line
            parts.append(f"h{numbers[4] - x}")
        elif {x} == set(numbers[::2]):
            parts.append(f"v{numbers[5] - y}")
        else:
            moved = [number - (y if place % 2 else x) for place, number in enumerate(numbers)]
            parts.append("c" + " ".join(map(str, moved)).replace(" -", "-"))
        x, y = numbers[-2:]
    return "".join(parts)


def _rows(view: View, node: ViewNode) -> list[str]:
    """The lines of a card: name and expression (told apart by a tabulator), value, gradient."""
    if node.kind in FREE:
        return [_line(node.value or node.label, NUMBER)]
    expression = f" = {node.expression}" if node.expression else "" if node.label else node.kind
    label = _line(node.label, TITLE)
    rest = max(8, TITLE + 4 - len(label))
    rows = [f"{label}\t{_line(expression, rest)}", f"= {_line(node.value, NUMBER)}"]
    if node.requires_grad:
        rows.append(f"∂ {_line(view.gradient_text(node), NUMBER)}")
    return rows


def _line(text: str, width: int) -> str:
    lead = " " if text.startswith(" ") else ""
    return lead + clipped(printable(text), width)


def _size(node: ViewNode, rows: list[str], contributions: dict[str, int]) -> tuple[float, float]:
    if node.kind in FREE:
        return text_width(rows[0], SIZE) + 4, float(ROW)
    widths = [text_width(row.replace("\t", ""), SIZE, bold=not number) for number, row in enumerate(rows)]
    count = contributions.get(node.id, 0)
    if len(rows) == 3 and count > 1:
        widths[2] += text_width(f"  ({count} of {count})", SIZE)
    return round(max(widths)) + 2.0 * PADDING, len(rows) * ROW + 2.0 * PADDING - 2


def _card(node: ViewNode, rows: list[str], size: tuple[float, float], middle: tuple[float, float], usual: int) -> str:
    width, height = size
    left, top = round(middle[0] - width / 2), round(middle[1] - height / 2)
    kind = f" class='{CLASSES[node.kind]}'" if CLASSES[node.kind] else ""
    opening = f"<svg{kind} x='{left}' y='{top}'>"
    if node.kind in FREE:
        return f"{opening}<text>{escape(rows[0])}</text></svg>"
    label, _, expression = rows[0].partition("\t")
    expression = f"<tspan>{escape(expression)}</tspan>" if expression else ""
    rest = "".join(f"<text>{escape(row)}</text>" for row in rows[1:])
    tall = "" if height == TALL else f" height='{height:.0f}'"
    wide = "" if round(width) == usual else f" width='{width:.0f}'"
    return f"{opening}<rect{wide}{tall}/><text>{escape(label)}{expression}</text>{rest}</svg>"
