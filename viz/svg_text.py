"""Texts and numbers in SVG: how wide a text is drawn, and how it is written down."""

from __future__ import annotations

from html import escape

FONT = "Helvetica, Arial, sans-serif"
SIZE = 11.0
SMALL = 9.0
ROW = 15.0
MARGIN = 8.0

# Widths of characters in units of the font's size, rounded up, of the widest font that may be used.
NARROW = frozenset("iljtfrI.,:;|'![]()· ")
WIDE = frozenset("mwMWGOQ@%—∑∂⊙▁▂▃▄▅▆▇█")


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


def texts(x: float, y: float, text: str, color: str, size: float = SIZE, end: bool = False) -> str:
    """A text that begins, or with ``end`` ends, at a place. The usual size stands on the whole picture."""
    sized = "" if size == SIZE else f' font-size="{size:g}"'
    anchor = ' text-anchor="end"' if end else ""
    return f'<text x="{n(x)}" y="{n(y)}"{sized} fill="{color}"{anchor}>{escape(text)}</text>'


def n(value: float, digits: int = 1) -> str:
    """A coordinate, without trailing zeros."""
    return format(round(value, digits) + 0.0, f".{digits}f").removesuffix(".0")
