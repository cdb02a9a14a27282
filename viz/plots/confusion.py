"""``plot_confusion_matrix``: which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.errors import explain

from .figures import MOST_TICKS, axes_for, figure_of, label_ticks, numbers, option

OPERATION = "plot_confusion_matrix"
# Of more classes than this, the numbers in the cells would not be legible.
WRITTEN_CLASSES = 25


def plot_confusion_matrix(
    y_true: Any,
    y_pred: Any,
    labels: Sequence[Any] | None = None,
    *,
    normalize: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw how many samples of each class (a row) were taken for each class (a column).

    Args:
        y_true: the classes' numbers, from 0 on, shape (N,).
        y_pred: the classes that a model gave, shape (N,), or its scores, shape (N, classes), of which the
            greatest counts.
        labels: what the classes are called, in the order of their numbers.
        normalize: ``None`` counts; ``"true"`` gives shares of each row (the class' recall on the diagonal),
            ``"pred"`` of each column (the precision), ``"all"`` of all samples.
        ax: where to draw, a new figure if left out.

    Returns:
        The figure. A row or a column without any sample is 0 in shares too.

    Raises:
        ValueError: for shapes that do not fit, classes below 0 or without a label, and another ``normalize``.

    >>> import viz
    >>> figure = viz.plot_confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1], ["cat", "dog"])
    >>> figure.axes[0].get_images()[0].get_array().tolist()
    [[1.0, 1.0], [0.0, 2.0]]
    """
    option(OPERATION, "normalize", normalize, ("true", "pred", "all", None))
    truth, guess = numbers(y_true), numbers(y_pred)
    scored = guess.ndim == 2 and guess.shape[1] > 1 and guess.dtype.kind in "biuf"
    total = guess.shape[1] if scored else 0
    truth, guess = _classes("y_true", truth), _classes("y_pred", guess.argmax(axis=1) if scored else guess)
    if truth.shape != guess.shape or not truth.size:
        raise ValueError(
            explain(
                OPERATION,
                expected="y_true and y_pred of one class per sample, at least one",
                got=f"shapes {truth.shape} and {guess.shape}",
                remedy="pass both for the same samples",
            )
        )
    total = max(total, int(truth.max()) + 1, int(guess.max()) + 1)
    if labels is not None and len(labels) < total:
        raise ValueError(
            explain(
                OPERATION,
                expected=f"labels for {total} classes",
                got=f"{len(labels)} labels",
                remedy="pass one for every class number from 0 on",
            )
        )
    texts = [str(text) for text in (range(total) if labels is None else labels)]
    counts = np.zeros((len(texts), len(texts)))
    np.add.at(counts, (truth, guess), 1)
    axes = axes_for(ax, OPERATION, *[max(4.0, min(12.0, 2.2 + 0.42 * len(texts)))] * 2)
    _draw(axes, _shares(counts, normalize), texts, normalize)
    return figure_of(axes)


def _classes(name: str, values: Any) -> Any:
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    whole = values.dtype.kind in "biuf" and bool((values == np.round(values)).all())
    if values.ndim != 1 or not whole or (values < 0).any():
        raise ValueError(
            explain(
                OPERATION,
                expected=f"{name} of whole numbers from 0 on, shape (N,)",
                got=f"shape {values.shape} of dtype {values.dtype}" + (", some below 0" if whole else ""),
                remedy="pass the classes' numbers" + (", or scores (N, classes)" if name == "y_pred" else ""),
            )
        )
    return values.astype(int)


def _shares(counts: Any, normalize: str | None) -> Any:
    if normalize is None:
        return counts
    axis = {"true": 1, "pred": 0, "all": None}[normalize]
    sums = counts.sum(axis=axis, keepdims=True)
    return np.divide(counts, sums, out=np.zeros_like(counts), where=sums > 0)


def _draw(axes: Any, values: Any, texts: list[str], normalize: str | None) -> None:
    image = axes.imshow(values, cmap="Blues", vmin=0, vmax=max(float(values.max()), 1e-12))
    axes.figure.colorbar(image, ax=axes, shrink=0.75, label="samples" if normalize is None else "share")
    if len(texts) <= WRITTEN_CLASSES:
        for row, column in np.ndindex(values.shape):
            value = values[row, column]
            light = value > 0.5 * values.max()
            text = f"{value:.0f}" if normalize is None else f"{value:.2f}"
            axes.text(
                column, row, text, ha="center", va="center", fontsize="small", color="white" if light else "black"
            )
    turned = (max(len(text) for text in texts) > 3 and len(texts) > 3) or len(texts) > MOST_TICKS // 2
    label_ticks(axes.xaxis, texts, turned)
    label_ticks(axes.yaxis, texts)
    titles = {None: "confusion matrix", "true": "shares of each true class", "all": "shares of all samples"}
    axes.set(
        xlabel="predicted class", ylabel="true class", title=titles.get(normalize, "shares of each predicted class")
    )
