"""``plot_gradient_flow``: how large the gradients are that reach each parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd_core.errors import explain
from nn.module import Module

from .figures import SHADE, axes_for, figure_of, floor_below, label_ticks, legend, look, numbers

KINDS = ("none", "zero", "not finite")


def plot_gradient_flow(model: Any, *, biases: bool = True, ax: Any = None) -> Any:
    """Draw the greatest and the mean |gradient| of every parameter, in the model's order, after ``backward()``.

    On the logarithmic axis there is no place for 0. So a gradient that is 0 everywhere stands on a line below
    all others, and one that is not there at all (``None``: the loss does not depend on the parameter, it is
    frozen, or no backward pass was run) as a cross below that. One with NaN or infinite entries is marked too.

    Args:
        model: a module, or name -> gradient.
        biases: whether to show parameters whose name ends in ``bias``.
        ax: where to draw, a new figure if left out.

    Returns:
        The figure.

    Raises:
        TypeError: if ``model`` is neither.
        ValueError: if there are no parameters, or none has a gradient.

    >>> import nn, viz
    >>> model = nn.MLP([2, 8, 1], activation=nn.Tanh)
    >>> table = model([[1.0, 2.0]]).sum().backward()
    >>> figure = viz.plot_gradient_flow(model)
    >>> [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """
    gradients = _gradients(model, biases)
    most, mean, kinds = (list(column) for column in zip(*map(_sizes, gradients.values()), strict=True))
    axes = axes_for(ax, "plot_gradient_flow", max(5.0, min(16.0, 2.5 + 0.32 * len(gradients))), 4.6)
    axes.set_yscale("log")
    at = np.arange(len(gradients))
    for number, (values, label) in enumerate(((most, "greatest |gradient|"), (mean, "mean |gradient|"))):
        style = look(number)
        axes.plot(at, values, color=style.color, marker=style.marker, markersize=5, label=label)
    _mark_the_others(axes, at, most + mean, kinds)
    label_ticks(axes.xaxis, list(gradients), turned=True, always=[k for k, kind in enumerate(kinds) if kind])
    axes.set(title="gradient flow", ylabel="|gradient|", xlim=(-0.6, len(gradients) - 0.4))
    axes.grid(True, axis="y", alpha=0.3)
    legend(axes)
    return figure_of(axes)


def _gradients(model: Any, biases: bool) -> dict[str, Any]:
    """Name -> gradient as an array or ``None``."""
    if isinstance(model, Module):
        found = {name: parameter.grad for name, parameter in model.named_parameters()}
    elif isinstance(model, Mapping):
        found = {str(name): gradient for name, gradient in model.items()}
    else:
        raise TypeError(
            explain(
                "plot_gradient_flow",
                expected="model to be an nn.Module, or a mapping from names to gradients",
                got=type(model).__name__,
                remedy="pass the model that the loss was computed by",
            )
        )
    chosen = {name: None if g is None else numbers(g) for name, g in found.items() if biases or not _is_bias(name)}
    if all(g is None for g in chosen.values()):
        raise ValueError(
            explain(
                "plot_gradient_flow",
                expected="a gradient of at least one parameter",
                got=f"{len(chosen)} parameters without any",
                remedy="call loss.backward() first, and draw before optimizer.zero_grad()",
            )
        )
    return chosen


def _is_bias(name: str) -> bool:
    return name.rpartition(".")[2].startswith("bias")


def _sizes(gradient: Any) -> tuple[float, float, str]:
    """The greatest and the mean |gradient|, NaN where they have no place on the axis, and then why."""
    if gradient is None or gradient.size == 0:
        return np.nan, np.nan, "none"
    sizes = np.abs(gradient).astype(float)
    if not np.isfinite(sizes).all():
        finite = sizes[np.isfinite(sizes) & (sizes > 0)]
        return (float(finite.max()), float(finite.mean()), "not finite") if finite.size else (np.nan, np.nan, KINDS[2])
    most = float(sizes.max())
    return (most, float(sizes.mean()), "") if most > 0 else (np.nan, np.nan, "zero")


def _mark_the_others(axes: Any, at: Any, values: list[float], kinds: list[str]) -> None:
    """Marks at the edges for gradients that a logarithmic axis has no place for."""
    floor = floor_below(values)
    finite = [value for value in values if np.isfinite(value)]
    places = {"none": floor / 4, "zero": floor, "not finite": 4 * max(finite, default=1.0)}
    looks: dict[str, dict[str, Any]] = {
        "none": {"marker": "x", "label": "no gradient (None)"},
        "zero": {"marker": "s", "markerfacecolor": "none", "label": "gradient 0 everywhere"},
        "not finite": {"marker": "*", "markersize": 11, "label": "NaN or infinite entries"},
    }
    for kind in KINDS:
        where = [position for position, found in zip(at, kinds, strict=True) if found == kind]
        if not where:
            continue
        axes.axhline(places[kind], color=SHADE, linewidth=0.8, linestyle=":")
        colour = look(4).color if kind == "not finite" else SHADE
        axes.plot(where, [places[kind]] * len(where), linestyle="none", color=colour, **looks[kind])
