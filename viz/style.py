"""Colours and sizes that all pictures share.

Values are blue, gradients orange, and neither is told by its colour alone: each has its own line with its
own word. The colours stay apart for readers who see no red or no green, and their contrast is above 4.5.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

VALUE = "#0b61a4"
GRADIENT = "#b54708"
TEXT = "#1b1f24"
MUTED = "#59636e"
LINE = "#8c959f"
CARD = "#f6f8fa"
PAPER = "#ffffff"

# The longest texts that are written out on a node.
LABEL_WIDTH = 40
VALUE_WIDTH = 48
# The longest remark on a picture, and one of its lines.
NOTE_LENGTH = 640
NOTE_WIDTH = 160

THEMES = ("light", "dark")

# The scale of shades, from little to much, for light pages: its lightness falls evenly from end to end, so that
# it reads without colours too; on dark pages it is used the other way round. Stops at equal distances.
STOPS = ("#fbf3cf", "#cfe3a4", "#86c79a", "#45a3a4", "#2f7aa3", "#2f4f8f", "#2a2566")


@dataclass(frozen=True)
class Palette:
    """The colours of a picture.

    Attributes:
        value, gradient, text, muted: of texts.
        line: of frames; ``card``, ``paper``: what they stand on.
        mark: what stands out.
        thumbnail: below zero, three levels from far to near; about zero; above zero, three from near to far.
        dark: whether the paper is.
    """

    value: str = VALUE
    gradient: str = GRADIENT
    text: str = TEXT
    muted: str = MUTED
    line: str = LINE
    card: str = CARD
    paper: str = PAPER
    mark: str = "#8a3ffc"
    thumbnail: tuple[str, ...] = ("#9a3c05", "#d9813f", "#eeb98c", "#e3e7eb", "#9cc5ea", "#4a90d0", "#0b4a86")
    dark: bool = False

    def shade(self, place: float) -> str:
        """The colour at a place of the scale, from 0 to 1."""
        place = min(1.0, max(0.0, place))
        return blended(STOPS, 1.0 - place if self.dark else place)


LIGHT = Palette()
DARK = Palette(
    value="#79c0ff",
    gradient="#ffa657",
    text="#e6edf3",
    muted="#9198a1",
    line="#6e7681",
    card="#161b22",
    paper="#0d1117",
    mark="#be95ff",
    thumbnail=("#ffb77a", "#c96f2b", "#713b10", "#2d333b", "#17456f", "#3c86cc", "#a6d3ff"),
    dark=True,
)


def palette(theme: str) -> Palette:
    """The colours of a theme, ``"light"`` or ``"dark"``."""
    return DARK if theme == "dark" else LIGHT


def channels(color: str) -> tuple[int, int, int]:
    """Red, green and blue of ``#rrggbb``, from 0 to 255."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def blended(stops: tuple[str, ...], place: float) -> str:
    """The colour at ``place``, from 0 to 1, between stops at equal distances.

    >>> blended(("#000000", "#ffffff"), 0.5)
    '#808080'
    """
    places = [number / (len(stops) - 1) for number in range(len(stops))]
    after = min(max(bisect_right(places, place), 1), len(stops) - 1)
    share = (place - places[after - 1]) * (len(stops) - 1)
    ends = zip(channels(stops[after - 1]), channels(stops[after]))
    return "#" + "".join(f"{round(a + (b - a) * share + 1e-9):02x}" for a, b in ends)


def luminance(color: str) -> float:
    """The relative luminance of a colour, as WCAG defines it."""
    linear = [c / 12.92 if (c := value / 255) <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for value in channels(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """How well text of one colour reads on another, from 1 to 21, as WCAG defines it; 4.5 is enough.

    >>> round(contrast("#000000", "#ffffff"), 3)
    21.0
    """
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def ink(background: str) -> str:
    """Black or white, whichever reads better: one of them always has a contrast above 4.5.

    >>> ink("#fbf3cf"), ink("#2a2566")
    ('#000000', '#ffffff')
    """
    return max(("#000000", "#ffffff"), key=lambda color: contrast(color, background))
