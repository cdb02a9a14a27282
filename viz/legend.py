"""The legend of a picture in SVG: the scale of shades with numbers beside it, and what badges mean."""

from __future__ import annotations

from .cards import badge_text
from .modes import BADGES
from .style import Palette
from .svg_text import ROW, SMALL, n, text_width, texts
from .view import Legend

STEPS = 30
WIDTH = 240.0
HEIGHT = 10.0


def draw_legend(legend: Legend, top: float, palette: Palette) -> tuple[str, float, float]:
    """The legend as SVG from ``top`` down, with its width and its height."""
    y = top + SMALL
    parts = [texts(0, y, legend.title, palette.text, SMALL)]
    width = text_width(legend.title, SMALL)
    if legend.ticks:
        y += 5
        step = WIDTH / STEPS
        for number in range(STEPS):
            box = f'x="{n(number * step)}" y="{n(y)}" width="{n(step + 0.4)}" height="{HEIGHT:g}"'
            parts.append(f'<rect {box} fill="{palette.shade((number + 0.5) / STEPS)}"/>')
        y += HEIGHT
        for place, text in legend.ticks:
            half = text_width(text, SMALL) / 2
            middle = min(max(place * WIDTH, half), max(half, WIDTH - half))
            parts.append(f'<path d="M{n(place * WIDTH)} {n(y)}v3" stroke="{palette.muted}"/>')
            parts.append(texts(middle - half, y + SMALL + 3, text, palette.muted, SMALL))
        width = max(width, WIDTH)
        y += SMALL + 3
    for kind in legend.badges:
        y += ROW - 1
        text = f"{badge_text(kind)}: {BADGES[kind][1]}"
        parts.append(texts(0, y, text, palette.muted, SMALL))
        width = max(width, text_width(text, SMALL))
    return f'<g id="legend">{"".join(parts)}</g>', width, y - top + 4
