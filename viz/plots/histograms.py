"""``plot_histograms``: how weights, gradients and activations are distributed over a training run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd_core.errors import explain

from .figures import axes_for, figure_of, legend, look, need, new_figure, option, written
from .recorder import KINDS, Histogram, Recorder

ROWS = 48
MOST_PANELS = 12
PANELS_IN_A_ROW = 4


def plot_histograms(
    recorder: Recorder,
    what: str = "weights",
    names: str | Sequence[str] | None = None,
    *,
    ax: Any = None,
) -> Any:
    """Draw the histograms of a ``Recorder`` over the steps: a column per record, darker where more entries lie.

    The fullest bin of each column is black. Lines show below which 50 % (solid) and 5 % and 95 % (dashed) of the
    entries lie; a cross at the upper edge marks records with NaN or infinite entries. Entries far beyond those
    90 % may lie outside of the picture.

    Args:
        recorder: what recorded.
        what: ``"weights"``, ``"gradients"`` or ``"activations"``.
        names: parameters or layers to draw, each in axes of its own; the first 12 if left out.
        ax: where to draw, if it is one name only.

    Returns:
        The figure.

    Raises:
        TypeError: if ``recorder`` is none.
        ValueError: if nothing of the kind was recorded, and for several names on one ``ax``.
        KeyError: for a name that was not recorded.

    >>> import nn, viz
    >>> model = nn.Linear(2, 1)
    >>> recorder = viz.Recorder(model)
    >>> for step in range(3):
    ...     recorder.record()
    >>> figure = viz.plot_histograms(recorder, names="weight")
    >>> figure.axes[0].get_lines()[1].get_xdata().tolist()
    [0, 1, 2]
    """
    operation = "plot_histograms"
    if not isinstance(recorder, Recorder):
        raise TypeError(
            explain(
                operation,
                expected="recorder to be a viz.Recorder",
                got=type(recorder).__name__,
                remedy="make viz.Recorder(model), and call its record() while you train",
            )
        )
    option(operation, "what", what, KINDS)
    table = getattr(recorder, what)
    chosen = _chosen(operation, table, what, names)
    if ax is not None and len(chosen) > 1:
        raise ValueError(
            explain(
                operation,
                expected="one name to draw on ax",
                got=f"{len(chosen)}: {', '.join(chosen)}",
                remedy=f"pass names={chosen[0]!r}, or leave ax out",
            )
        )
    if len(chosen) == 1:
        every = [axes_for(ax, operation)]
    else:
        columns = min(PANELS_IN_A_ROW, len(chosen))
        rows = -(-len(chosen) // columns)
        figure = new_figure(operation, 3.3 * columns, 2.6 * rows + 0.4)
        every = [figure.add_subplot(rows, columns, number + 1) for number in range(len(chosen))]
        left_out = len([name for name in table if _some(table[name])]) - len(chosen) if names is None else 0
        figure.suptitle(f"{what} over the steps" + (f" ({left_out} more not drawn)" if left_out else ""))
    for number, (axes, name) in enumerate(zip(every, chosen, strict=True)):
        _draw(axes, np.array(recorder.steps), table[name])
        axes.set_title(written(name), fontsize="medium")
        axes.set(xlabel="step")
        if number == 0 or any(h is not None and h.not_finite for h in table[name]):
            legend(axes)
    return figure_of(every[0])


def _some(histograms: list[Histogram | None]) -> bool:
    return any(histogram is not None for histogram in histograms)


def _chosen(operation: str, table: Mapping[str, Any], what: str, names: str | Sequence[str] | None) -> list[str]:
    present = [name for name, histograms in table.items() if _some(histograms)]
    if not present:
        remedies = {
            "weights": "call recorder.record() while you train, or pass the recorder to the Trainer's callbacks",
            "gradients": "call recorder.record() between backward() and zero_grad()",
            "activations": "make viz.Recorder(model, x=batch) with a batch to measure them with",
        }
        raise ValueError(explain(operation, expected=f"recorded {what}", got="none", remedy=remedies[what]))
    if names is None:
        return present[:MOST_PANELS]
    wanted = [names] if isinstance(names, str) else list(names)
    missing = [str(name) for name in wanted if name not in present]
    if missing or not wanted:
        raise KeyError(
            explain(
                operation,
                expected=f"names out of {', '.join(present)}",
                got=", ".join(missing) or "none",
                remedy="correct names, or leave it out",
            )
        )
    return wanted


def _draw(axes: Any, steps: Any, histograms: list[Histogram | None]) -> None:
    """The heat map of one name with its quantiles."""
    there = [histogram for histogram in histograms if histogram is not None and sum(histogram.counts) > 0]
    low, high = _range(there)
    edges = np.linspace(low, high, ROWS + 1)
    shares = np.stack([np.full(ROWS, np.nan) if h is None else h.shares(edges) for h in histograms], axis=1)
    fullest = shares.max(axis=0)
    drawn = np.divide(shares, fullest, out=shares, where=fullest > 0)
    axes.pcolormesh(_borders(steps), edges, drawn, cmap="Greys", vmin=0, vmax=1, rasterized=True)
    known = np.array([[np.nan] * 3 if h is None or not sum(h.counts) else h.quantiles for h in histograms])
    marker = "." if len(steps) < 30 else ""
    for column, dashes, label in ((0, "--", None), (1, "-", "median"), (2, "--", "5 % and 95 %")):
        color = look(column % 2).color
        axes.plot(steps, known[:, column], linestyle=dashes, color=color, lw=1.3, marker=marker, label=label)
    bad = [step for step, h in zip(steps, histograms, strict=True) if h is not None and h.not_finite]
    if bad:
        transform = need("transforms", "plot_histograms").blended_transform_factory(axes.transData, axes.transAxes)
        axes.plot(bad, [0.97] * len(bad), "x", color=look(4).color, transform=transform, label="NaN or infinite")
    axes.set_ylim(edges[0], edges[-1])


def _range(histograms: list[Histogram]) -> tuple[float, float]:
    """What the axis shows: 90 % of the entries of every record, and some more."""
    if not histograms:
        return -1.0, 1.0
    low, high = min(h.quantiles[0] for h in histograms), max(h.quantiles[-1] for h in histograms)
    more = 0.25 * (high - low)
    low = max(low - more, min(h.low for h in histograms))
    high = min(high + more, max(h.high for h in histograms))
    edge = 0.02 * (high - low) or max(abs(high), 1.0) * 1e-2
    return low - edge, high + edge


def _borders(steps: Any) -> Any:
    """Where each record's column begins and ends: halfway to its neighbours."""
    if len(steps) == 1:
        return np.array([steps[0] - 0.5, steps[0] + 0.5])
    middles = (steps[:-1] + steps[1:]) / 2
    return np.concatenate([[2 * steps[0] - middles[0]], middles, [2 * steps[-1] - middles[-1]]])
