"""What the plots have in common: figures without pyplot, one palette, and text that is shown as it is."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from nn.training.figures import figure_class

from ..style import GRADIENT, LABEL_WIDTH, MUTED, VALUE
from ..text import clipped

# Values are blue and gradients orange, as in all pictures; further series follow. The colours keep a contrast
# of 3 to white and to black, and stay apart for readers who see no red, no green or no blue. Beyond that, each
# series has a marker of its own, and after six the lines are dashed.
COLOURS = (VALUE, GRADIENT, "#29a696", "#7b2fe0", "#d4145a", "#e04fe0")
MARKERS = "o^sDvPX*"
DASHES = ("-", "--", "-.", ":")

# Behind data, so that what is marked by it shows on white and on black.
SHADE = MUTED

# At most this many tick labels are written along an axis; of more, some are left out.
MOST_TICKS = 40

# More entries than this in a legend would cover what it explains.
LONG_LEGEND = 6


class Look(NamedTuple):
    """How one of several series is drawn."""

    color: str
    marker: str
    linestyle: str


def look(number: int) -> Look:
    """The look of series ``number``, counted from 0: no two of the first 24 are alike."""
    return Look(
        COLOURS[number % len(COLOURS)],
        MARKERS[number % len(MARKERS)],
        DASHES[number // len(COLOURS) % len(DASHES)],
    )


def need(name: str, operation: str) -> Any:
    """A module of matplotlib.

    Raises:
        ModuleNotFoundError: if matplotlib is not installed.
    """
    figure_class(operation)
    return import_module(f"matplotlib.{name}")


def new_figure(operation: str, width: float, height: float) -> Any:
    """An empty figure, in inches, that no one but the caller knows of."""
    return figure_class(operation)(figsize=(width, height), layout="constrained")


def axes_for(ax: Any, operation: str, width: float = 6.0, height: float = 4.0) -> Any:
    """The axes to draw on: those given, or the only ones of a new figure.

    Raises:
        TypeError: if what is given cannot be drawn on.
    """
    if ax is None:
        return new_figure(operation, width, height).add_subplot()
    if not hasattr(ax, "get_figure") or not hasattr(ax, "plot"):
        raise TypeError(
            explain(
                operation,
                expected="ax to be one axes of matplotlib, or None for a new figure",
                got=type(ax).__name__,
                remedy="pass what figure.add_subplot() or plt.subplots() returns; of several axes, one",
            )
        )
    return ax


def figure_of(axes: Any) -> Any:
    """The whole figure that ``axes`` stand in."""
    return axes.figure.figure


def written(text: Any, width: int = LABEL_WIDTH) -> str:
    """``text`` on one line, shown letter by letter: no formulas, and nothing left out of legends."""
    line = clipped(str(text), width).replace("$", r"\$")
    return f" {line}" if line.startswith("_") else line


def numbers(value: Any) -> Any:
    """The values of a Tensor, an array, or nested lists, as an array without a gradient."""
    return value._data if isinstance(value, Tensor) else np.asarray(value)


def legend(axes: Any, **options: Any) -> None:
    """A legend, if anything has a label; a long one stands beside the axes."""
    handles, labels = axes.get_legend_handles_labels()
    beside = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5)} if len(handles) > LONG_LEGEND else {}
    if handles:
        axes.legend(handles, labels, **{"fontsize": "small", **beside, **options})


def label_ticks(axis: Any, labels: list[str], turned: bool = False, always: Iterable[int] = ()) -> None:
    """Name the positions 0, 1, 2 ... of an axis; of very many, every second, third ... one, and those of ``always``."""
    step = -(-len(labels) // MOST_TICKS)
    places = sorted({*range(0, len(labels), step), *always})
    options = {"rotation": 90} if turned else {}
    axis.set_ticks(places, [written(labels[place]) for place in places], **options)


def diverging(operation: str) -> Any:
    """Colours from orange over white to blue, for values about 0."""
    colours = need("colors", operation)
    return colours.LinearSegmentedColormap.from_list("orange to blue", [GRADIENT, "#f7f7f7", VALUE])


def pale(operation: str) -> Any:
    """Colours from white to a light blue, on which black text and lines of all colours can be read."""
    return need("colors", operation).LinearSegmentedColormap.from_list("white to blue", ["#ffffff", "#8fb3d1"])


def ink(operation: str) -> Any:
    """The colour of text, by matplotlib's style: dark on light, light on dark."""
    return figure_class(operation) and import_module("matplotlib").rcParams["text.color"]


def floor_below(values: Any) -> float:
    """Where zeros stand on a logarithmic axis: some way below the smallest positive one of ``values``."""
    given = np.asarray(values, dtype=float).ravel()
    positive = given[np.isfinite(given) & (given > 0)]
    if not positive.size:
        return 1e-3
    low, high = float(positive.min()), float(positive.max())
    return max(low * (low / high) ** 0.15 / 3, np.finfo(float).tiny)


def option(operation: str, name: str, value: Any, known: tuple[Any, ...]) -> None:
    """Refuse a value that is none of the known ones.

    Raises:
        ValueError: naming them.
    """
    if value not in known:
        raise ValueError(
            explain(
                operation,
                expected=f"{name} to be {', '.join(map(repr, known[:-1]))} or {known[-1]!r}",
                got=repr(value),
                remedy="pass one of these",
            )
        )


def count(operation: str, name: str, value: Any, least: int = 1) -> int:
    """``value``, if it is an integer of at least ``least``.

    Raises:
        TypeError: if it is no integer.
        ValueError: if it is too small.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(
            explain(operation, expected=f"{name} to be an integer", got=repr(value), remedy=f"pass {least}, say")
        )
    if value < least:
        raise ValueError(
            explain(operation, expected=f"{name} of at least {least}", got=str(value), remedy=f"pass {least} or more")
        )
    return int(value)
