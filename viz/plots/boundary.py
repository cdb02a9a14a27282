"""``plot_decision_boundary``: which class a classifier of two features gives to every point of the plane."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import no_grad
from autograd_core.errors import explain

from .figures import MARKERS, axes_for, count, figure_of, ink, legend, look, need, numbers, written
from .models import first_tensor, undisturbed

OPERATION = "plot_decision_boundary"
HATCHES = ("", "///", "...", "\\\\\\", "+++", "ooo", "xxx", "---")
ROWS_AT_ONCE = 8192


def plot_decision_boundary(
    model: Any,
    x: Any,
    y: Any,
    *,
    threshold: float | None = None,
    labels: Any = None,
    points: int = 201,
    margin: float = 0.15,
    ax: Any = None,
) -> Any:
    """Draw the data, each class with a marker of its own, over the regions that a model gives to the classes.

    A model with several outputs gives a point to the class of the greatest one. With one output, the boundary
    of the two classes is where it equals ``threshold``. Regions differ by hatching too, and wrongly classified
    points have a thick edge.

    Args:
        model: a module or a function, which for an array of shape (N, 2) gives scores of shape (N, classes),
            or (N, 1) or (N,).
        x: the features, shape (N, 2).
        y: the classes, shape (N,), or (N, 1), or one-hot (N, classes); for several outputs class k belongs to
            output k, for one the lower of two classes lies below the threshold.
        threshold: for models with one output: 0 for logits, 0.5 for probabilities. If left out, it is 0.5
            where all outputs lie between 0 and 1, and 0 otherwise.
        labels: what the classes are called, in the order of their numbers.
        points: how many points of the grid there are along each axis.
        margin: how far the picture reaches beyond the data, as a share of their extent.
        ax: where to draw, a new figure if left out.

    Returns:
        The figure.

    Raises:
        TypeError: if the model cannot be called.
        ValueError: for data of other shapes, and outputs that fit no classes.

    >>> import numpy as np, viz
    >>> x = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> figure = viz.plot_decision_boundary(lambda x: x[:, 0] - 0.5, x, [0, 1, 0])
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['0', '1', 'boundary']
    """
    count(OPERATION, "points", points, 2)
    features, classes = _data(x, y)
    xs, ys = (_line(column, margin, points) for column in features.T)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    scores = _scores(model, np.concatenate([grid, features]))
    found, at = _classify(scores, classes, threshold)
    names = _names(labels, list(range(scores.shape[1])) if at is None else list(_pair(classes)))
    axes = axes_for(ax, OPERATION, 6.6, 4.6)
    regions = found[: len(grid)].reshape(points, points)
    _regions(axes, xs, ys, regions, list(names))
    if at is not None:
        heights = scores[: len(grid), 0].reshape(points, points)
        if np.nanmin(heights) < at < np.nanmax(heights):
            axes.contour(xs, ys, heights, levels=[at], colors=ink(OPERATION), linewidths=1.5)
    elif len(np.unique(regions)) > 1:
        _edges_of_regions(axes, xs, ys, scores[: len(grid)].reshape(points, points, -1))
    _samples(axes, features, classes, found[len(grid) :], names)
    axes.set(xlim=(xs[0], xs[-1]), ylim=(ys[0], ys[-1]), xlabel="x₁", ylabel="x₂", title="decision boundary")
    axes.plot([], [], color=ink(OPERATION), linewidth=1.5, label="boundary")
    legend(axes, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure_of(axes)


def _data(x: Any, y: Any) -> tuple[Any, Any]:
    """The features, shape (N, 2), and the classes' numbers, shape (N,)."""
    features, classes = numbers(x), numbers(y)
    if features.ndim != 2 or features.shape[1] != 2 or not len(features):
        raise ValueError(
            explain(
                OPERATION,
                expected="x of two features per sample, shape (N, 2)",
                got=f"shape {features.shape}",
                remedy="choose two features: x[:, :2]",
            )
        )
    if classes.ndim == 2 and classes.shape[1] > 1:
        classes = classes.argmax(axis=1)
    elif classes.shape == (len(features), 1):
        classes = classes[:, 0]
    whole = classes.dtype.kind in "biuf" and bool((classes == np.round(classes)).all())
    if classes.shape != (len(features),) or not whole:
        raise ValueError(
            explain(
                OPERATION,
                expected=f"y of a whole number per sample, shape ({len(features)},)",
                got=f"shape {classes.shape} of dtype {classes.dtype}",
                remedy="pass the classes' numbers",
            )
        )
    return features, classes.astype(int)


def _line(values: Any, margin: float, points: int) -> Any:
    low, high = float(values.min()), float(values.max())
    more = margin * (high - low) or 1.0
    return np.linspace(low - more, high + more, points)


def _scores(model: Any, rows: Any) -> Any:
    """The model's outputs as an array of shape (rows, outputs)."""
    if not callable(model):
        raise TypeError(
            explain(
                OPERATION,
                expected="model to be a module or a function",
                got=type(model).__name__,
                remedy="pass the model, not its output",
            )
        )
    parts = []
    with undisturbed(model), no_grad():
        for start in range(0, len(rows), ROWS_AT_ONCE):
            batch = rows[start : start + ROWS_AT_ONCE]
            output = model(batch)
            tensor = first_tensor(output)
            parts.append(numbers(output if tensor is None else tensor))
            if parts[-1].ndim not in (1, 2) or len(parts[-1]) != len(batch):
                raise ValueError(
                    explain(
                        OPERATION,
                        expected="scores of shape (N,), (N, 1) or (N, classes) for N points",
                        got=f"shape {parts[-1].shape} for N = {len(batch)}",
                        remedy="pass a model that maps (N, 2) to one of them",
                    )
                )
    whole = np.concatenate(parts)
    return whole[:, None] if whole.ndim == 1 else whole


def _classify(scores: Any, classes: Any, threshold: float | None) -> tuple[Any, float | None]:
    """The class of every row, and the threshold of a model with one output."""
    if scores.shape[1] > 1:
        outside = (classes < 0) | (classes >= scores.shape[1])
        if outside.any():
            raise ValueError(
                explain(
                    OPERATION,
                    expected=f"classes from 0 to {scores.shape[1] - 1}, one for each output",
                    got=f"class {int(classes[outside][0])}",
                    remedy="number the classes from 0 on, or give the model more outputs",
                )
            )
        return scores.argmax(axis=1), None
    if len(np.unique(classes)) > 2:
        raise ValueError(
            explain(
                OPERATION,
                expected="two classes at most for a model with one output",
                got=f"{len(np.unique(classes))} classes",
                remedy="use a model with one output per class",
            )
        )
    if threshold is None:
        threshold = 0.5 if scores.min() >= 0 and scores.max() <= 1 else 0.0
    low, high = _pair(classes)
    return np.where(scores[:, 0] > threshold, high, low), threshold


def _pair(classes: Any) -> tuple[int, int]:
    """The two classes of a model with one output: 0 and 1, or -1 and 1, or what there is."""
    present = np.unique(classes).tolist()
    if len(present) == 2:
        return present[0], present[1]
    return (-1, 1) if present[0] == -1 else (0, 1) if present[0] in (0, 1) else (present[0], present[0] + 1)


def _names(labels: Any, known: list[int]) -> dict[int, str]:
    """What every class is called, by its number."""
    texts = [str(k) for k in known] if labels is None else [str(text) for text in labels]
    if len(texts) != len(known):
        raise ValueError(
            explain(
                OPERATION,
                expected=f"labels for {len(known)} classes",
                got=f"{len(texts)} labels",
                remedy="pass a label for every class, in the order of their numbers",
            )
        )
    return dict(zip(known, texts, strict=True))


def _regions(axes: Any, xs: Any, ys: Any, regions: Any, known: list[int]) -> None:
    """Colours and hatches under the points, one per class."""
    for number, k in enumerate(known):
        inside = (regions == k).astype(float)
        if not inside.any():
            continue
        colour, hatch = look(number).color, HATCHES[number % len(HATCHES)]
        axes.contourf(xs, ys, inside, levels=[0.5, 1.5], colors=[colour], alpha=0.18)
        if hatch:
            lines = axes.contourf(xs, ys, inside, levels=[0.5, 1.5], colors="none", hatches=[hatch])
            lines.set_edgecolor((*need("colors", OPERATION).to_rgb(colour), 0.25))
            lines.set_linewidth(0.0)


def _edges_of_regions(axes: Any, xs: Any, ys: Any, scores: Any) -> None:
    """Lines where the greatest score changes hands: the zeros of its lead over all others."""
    for k in np.unique(scores.argmax(axis=-1)):
        others = np.delete(scores, k, axis=-1).max(axis=-1)
        axes.contour(xs, ys, scores[..., k] - others, levels=[0.0], colors=ink(OPERATION), linewidths=1.0)


def _samples(axes: Any, features: Any, classes: Any, found: Any, names: dict[int, str]) -> None:
    for number, (k, name) in enumerate(names.items()):
        own = classes == k
        if not own.any():
            continue
        wrong = (found != k)[own]
        axes.scatter(
            *features[own].T,
            s=34,
            marker=MARKERS[number % len(MARKERS)],
            color=look(number).color,
            edgecolors=ink(OPERATION),
            linewidths=np.where(wrong, 2.0, 0.5),
            zorder=3,
        )
        _explain_marker(axes, number, written(name), 0.5)
    if (found != classes).any():
        _explain_marker(axes, None, "wrongly classified", 2.0)


def _explain_marker(axes: Any, number: int | None, label: str, edge: float) -> None:
    """An entry of the legend."""
    axes.plot(
        [],
        [],
        linestyle="none",
        marker="o" if number is None else MARKERS[number % len(MARKERS)],
        color="none" if number is None else look(number).color,
        markeredgecolor=ink(OPERATION),
        markeredgewidth=edge,
        label=label,
    )
