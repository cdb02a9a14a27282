"""Thumbnails of arrays in SVG: a small grid of block means, whose sign reads without colours too."""

from __future__ import annotations

from itertools import groupby

from .style import Palette
from .summary import LEVELS, NOT_FINITE
from .svg_text import n

BOX = 26.0  # the largest width and height
LARGEST_CELL = 7.0
THICK, THIN = "1", ".5"  # of cells above and below zero


def draw_thumbnail(rows: tuple[str, ...], left: float, top: float, palette: Palette, background: str | None) -> str:
    """The levels of a ``Summary`` as lines, one path for each level.

    Cells above zero fill their place, those below zero are half as high: thin stripes.

    Args:
        rows: of levels.
        left, top: of the place.
        palette: the colours.
        background: what to put below, on a shaded card.
    """
    cell_width = min(BOX / len(rows[0]), LARGEST_CELL)
    cell_height = min(BOX / len(rows), LARGEST_CELL if len(rows) > 1 else 2 * LARGEST_CELL)
    # Rows lie on whole numbers, so that there is less to write.
    place = f"translate({n(left)} {n(top + cell_height / 2)})scale({n(cell_width, 2)} {n(cell_height, 2)})"
    parts = [f'<g transform="{place}" fill="none">']
    if background is not None:
        margins = 1 / cell_width, 1 / cell_height
        corner = f'x="{n(-margins[0], 2)}" y="{n(-0.5 - margins[1], 2)}"'
        size = f'width="{n(len(rows[0]) + 2 * margins[0], 2)}" height="{n(len(rows) + 2 * margins[1], 2)}"'
        parts.append(f'<rect {corner} {size} fill="{background}"/>')
    for number, level in enumerate(LEVELS):
        path = _runs(rows, level)
        if path:
            width = THIN if number < len(LEVELS) // 2 else THICK
            parts.append(f'<path d="{path}" stroke="{palette.thumbnail[number]}" stroke-width="{width}"/>')
    crosses = "".join(
        f"M{x}.2 {y - 0.3:g}l.6.6m0-.6l-.6.6"
        for y, row in enumerate(rows)
        for x, at in enumerate(row)
        if at == NOT_FINITE
    )
    if crosses:
        parts.append(f'<path d="{crosses}" stroke="{palette.text}" stroke-width=".25"/>')
    return "".join([*parts, "</g>"])


def _runs(rows: tuple[str, ...], level: str) -> str:
    """Lines over the cells of a level, one for every run of them in a row."""
    path = []
    for y, row in enumerate(rows):
        x = 0
        for at, run in groupby(row):
            length = len(list(run))
            if at == level:
                path.append(f"M{x} {y}h{length}")
            x += length
    return "".join(path)
