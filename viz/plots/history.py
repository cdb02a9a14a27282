"""``plot_history``: the curves of a training run, or of several beside each other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_core.errors import explain

from .figures import Look, axes_for, figure_of, legend, look, new_figure, option, written

Curves = dict[str, list[Any]]


def plot_history(
    history: Any,
    names: str | Sequence[str] | None = None,
    *,
    scale: str = "linear",
    ax: Any = None,
) -> Any:
    """Draw the curves of a run, its validation's dashed and with hollow markers, or of several runs to compare.

    Of runs that differ by their seed alone, the mean is drawn, within a band from the least to the greatest.

    Args:
        history: what ``Trainer.fit`` returned: name -> values, one per epoch. Or several of them to compare:
            {"what the run is called": history}, where a list of histories stands for one run with several seeds.
            A list alone is one such run.
        names: which values to draw, ``"loss"`` standing for ``"val_loss"`` too; all but the learning rate
            if left out. Each gets axes of its own.
        scale: of the values, ``"linear"`` or ``"log"``.
        ax: where to draw, if it is one value only.

    Returns:
        The figure.

    Raises:
        TypeError: if there is something else than histories in ``history``.
        ValueError: if there is nothing to draw, and for several values on one ``ax``.
        KeyError: for a name that is in no history.

    >>> import viz
    >>> slow, fast = {"loss": [0.9, 0.8], "val_loss": [1.0, 0.9]}, {"loss": [0.9, 0.2], "val_loss": [1.0, 0.3]}
    >>> figure = viz.plot_history({"slow": slow, "fast": fast})
    >>> [line.get_label() for line in figure.axes[0].get_lines()]
    ['slow', 'slow, validation', 'fast', 'fast, validation']
    """
    option("plot_history", "scale", scale, ("linear", "log"))
    runs = _runs(history)
    panels = _panels(runs, names)
    if ax is None and len(panels) > 1:
        figure = new_figure("plot_history", 4.6 * len(panels), 3.6)
        every = [figure.add_subplot(1, len(panels), position + 1) for position in range(len(panels))]
    elif len(panels) == 1:
        every = [axes_for(ax, "plot_history")]
    else:
        raise ValueError(
            explain(
                "plot_history",
                expected="one value to draw on ax",
                got=f"{len(panels)}: {', '.join(panels)}",
                remedy=f"pass names={panels[0]!r}, or leave ax out",
            )
        )
    for axes, name in zip(every, panels, strict=True):
        _draw(axes, name, runs)
        axes.set_yscale(scale)
    return figure_of(every[0])


def _runs(given: Any) -> dict[str, list[Curves]]:
    """The histories of every run, one for each of its seeds; a run without a name is called ''."""
    if _is_history(given):
        runs = {"": [given]}
    elif isinstance(given, Mapping):
        runs = {str(name): [run] if _is_history(run) else _seeds(run) for name, run in given.items()}
    else:
        runs = {"": _seeds(given)}
    if not any(len(curve) for seeds in runs.values() for seed in seeds for curve in seed.values()):
        raise ValueError(
            explain(
                "plot_history",
                expected="at least one value of one epoch",
                got="an empty history",
                remedy="call trainer.fit first, and pass what it returns",
            )
        )
    return runs


def _seeds(given: Any) -> list[Curves]:
    seeds = list(given) if isinstance(given, Iterable) and not isinstance(given, str | Mapping) else []
    if not seeds or not all(_is_history(seed) for seed in seeds):
        raise TypeError(
            explain(
                "plot_history",
                expected="a history (name -> a list of numbers), {name of a run: history}, or lists of histories",
                got=type(given).__name__ + (f" of {type(seeds[0]).__name__}" if seeds else ""),
                remedy="pass what trainer.fit returned, or trainer.history",
            )
        )
    return seeds


def _is_history(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(curve, list | tuple | np.ndarray) and all(_is_value(entry) for entry in curve)
        for curve in value.values()
    )


def _is_value(entry: Any) -> bool:
    return entry is None or isinstance(entry, int | float | np.integer | np.floating)


def _panels(runs: Mapping[str, list[Curves]], names: str | Sequence[str] | None) -> list[str]:
    present = list(
        dict.fromkeys(name.removeprefix("val_") for seeds in runs.values() for seed in seeds for name in seed)
    )
    if names is None:
        return [name for name in present if name != "learning_rate"] or present
    wanted = list(dict.fromkeys(name.removeprefix("val_") for name in ([names] if isinstance(names, str) else names)))
    missing = [name for name in wanted if name not in present]
    if missing or not wanted:
        raise KeyError(
            explain(
                "plot_history",
                expected=f"names out of {', '.join(present)}",
                got=", ".join(missing) or "none",
                remedy="correct names, or leave it out",
            )
        )
    return wanted


def _draw(axes: Any, name: str, runs: Mapping[str, list[Curves]]) -> None:
    axes.set(title=written(name), xlabel="epoch", ylabel=written(name))
    for number, (run, seeds) in enumerate(runs.items()):
        style = look(number)
        for curve, what in ((name, "training"), (f"val_{name}", "validation")):
            values = _table([seed[curve] for seed in seeds if curve in seed])
            if values is None:
                continue
            held_back = what == "validation"
            label = what if run == "" else f"{written(run)}, validation" if held_back else written(run)
            _curve(axes, values, style, label, held_back)
    axes.xaxis.get_major_locator().set_params(integer=True)
    legend(axes)


def _table(curves: list[Any]) -> Any:
    """One row per seed, NaN where an epoch has no value; ``None`` without any."""
    length = max((len(curve) for curve in curves), default=0)
    if not length:
        return None
    rows = [[math.nan if value is None else float(value) for value in curve] for curve in curves]
    return np.array([row + [math.nan] * (length - len(row)) for row in rows])


def _curve(axes: Any, values: Any, style: Look, label: str, held_back: bool) -> None:
    epochs = np.arange(1, values.shape[1] + 1)
    there = np.isfinite(values)
    total = np.where(there, values, 0.0).sum(axis=0)
    mean = np.full(len(epochs), math.nan)
    np.divide(total, there.sum(axis=0), out=mean, where=there.any(axis=0))
    axes.plot(
        epochs,
        mean,
        color=style.color,
        linestyle="--" if held_back else "-",
        marker=style.marker,
        markersize=4,
        markerfacecolor="none" if held_back else style.color,
        markevery=max(1, len(epochs) // 20),
        label=label,
    )
    if len(values) > 1:
        low = np.where(there, values, math.inf).min(axis=0)
        high = np.where(there, values, -math.inf).max(axis=0)
        band = there.any(axis=0)
        axes.fill_between(
            epochs, np.where(band, low, math.nan), np.where(band, high, math.nan), color=style.color, alpha=0.2, lw=0
        )
