"""``plot_activation``: a unit's function, its derivative by the engine, and where it saturates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core import Tensor
from autograd_core.errors import explain
from nn import functional
from nn.module import Module

from .figures import SHADE, axes_for, figure_of, legend, look, written
from .models import undisturbed

SAMPLES = 801
# Functions that depend on their neighbours give other values for every second sample.
TOLERANCE = 1e-6


def plot_activation(
    activation: Any,
    *,
    low: float = -6.0,
    high: float = 6.0,
    saturation: float = 0.05,
    ax: Any = None,
) -> Any:
    """Draw f and f′, and shade where |f′| < ``saturation``: there, hardly any gradient comes through.

    The derivative is what the engine's backward pass says, at every one of 801 points.

    Args:
        activation: a function of Tensors that acts entry by entry, a module that does (``nn.PReLU()``), or the
            name of a function in ``nn.functional`` or ``autograd_core``.
        low, high: the inputs to draw it for.
        saturation: below which size of the derivative a unit counts as saturated; 0 shades nothing.
        ax: where to draw, a new figure if left out.

    Returns:
        The figure.

    Raises:
        TypeError: if ``activation`` is neither, or gives no real Tensor.
        ValueError: for an unknown name, a function that does not act entry by entry, and bounds out of order.

    >>> import numpy as np, viz
    >>> figure = viz.plot_activation("tanh", low=-4, high=4)
    >>> value, derivative = figure.axes[0].get_lines()[:2]
    >>> bool(np.allclose(derivative.get_ydata(), 1 - np.tanh(derivative.get_xdata()) ** 2))
    True
    """
    name, function = _function(activation)
    if not (np.isfinite([low, high]).all() and low < high and saturation >= 0):
        raise ValueError(
            explain(
                "plot_activation",
                expected="low < high, both finite, and saturation of at least 0",
                got=f"low={low}, high={high}, saturation={saturation}",
                remedy="pass low=-6, high=6, say",
            )
        )
    x = np.linspace(low, high, SAMPLES)
    y, slope = _value_and_slope(activation, function, x)
    axes = axes_for(ax, "plot_activation")
    for number, (values, label, dashes) in enumerate(((y, "f(x)", "-"), (slope, "derivative f′(x)", "--"))):
        axes.plot(x, values, color=look(number).color, linestyle=dashes, label=label)
    with np.errstate(invalid="ignore"):
        _shade(axes, x, np.abs(slope) < saturation, f"saturated: |derivative| < {saturation:g}")
    low_y, high_y = axes.get_ylim()
    axes.set_ylim(low_y, high_y + 0.4 * (high_y - low_y))  # room for the legend
    axes.axhline(0, color=SHADE, linewidth=0.8, zorder=0)
    axes.axvline(0, color=SHADE, linewidth=0.8, zorder=0)
    axes.set(title=written(name), xlabel="x", xlim=(low, high))
    legend(axes, loc="upper left")
    return figure_of(axes)


def _function(activation: Any) -> tuple[str, Callable[[Any], Any]]:
    """What it is called, and what computes it."""
    if isinstance(activation, str):
        for namespace in (functional, ag, ag.special):
            found = getattr(namespace, activation, None)
            if callable(found) and not isinstance(found, type) and not activation.startswith("_"):
                return activation, found
        raise ValueError(
            explain(
                "plot_activation",
                expected="the name of a function in nn.functional or autograd_core",
                got=repr(activation),
                remedy="pass 'tanh' or 'relu', say, or the function itself",
            )
        )
    if isinstance(activation, Module):
        return repr(activation), activation
    if callable(activation):
        name = getattr(activation, "name", None) or getattr(activation, "__name__", None) or repr(activation)
        return str(name), activation
    raise TypeError(
        explain(
            "plot_activation",
            expected="a function, a module, or a name",
            got=type(activation).__name__,
            remedy="pass ag.tanh, nn.ReLU() or 'sigmoid', say",
        )
    )


def _value_and_slope(activation: Any, function: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """f and f′ at the points, by a forward and a backward pass that leave nothing behind."""
    if isinstance(activation, Module):
        dtype = next((parameter.dtype for parameter in activation.parameters()), x.dtype)
        x = x.astype(dtype)
    with undisturbed(activation), ag.enable_grad():
        leaf = Tensor(x, requires_grad=True)
        y = function(leaf)
        half = function(Tensor(x[::2]))
        if not isinstance(y, Tensor) or y.dtype.kind != "f":
            raise TypeError(
                explain(
                    "plot_activation",
                    expected="a function that returns a real Tensor for a Tensor",
                    got=f"dtype {y.dtype}" if isinstance(y, Tensor) else type(y).__name__,
                    remedy="use functions of autograd_core or nn.functional in it",
                )
            )
        same = y.shape == x.shape and half.shape == (len(x[::2]),)
        if not same or not np.allclose(y._data[::2], half._data, TOLERANCE, TOLERANCE, equal_nan=True):
            raise ValueError(
                explain(
                    "plot_activation",
                    expected="a function that acts on every entry by itself",
                    got=f"shape {y.shape} for shape {x.shape}" if not same else "values that depend on other entries",
                    remedy="pass an elementwise function; softmax and its like have a Jacobian instead",
                )
            )
        if not y.requires_grad:
            return y._data, np.zeros_like(x)
        (slope,) = ag.gradients(y, leaf, np.ones_like(y._data), allow_unused=True)
    return y._data, np.zeros_like(x) if slope is None else slope._data


def _shade(axes: Any, x: Any, where: Any, label: str) -> None:
    """Hatch the stretches of x where a condition holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(int)))
    for number, (start, stop) in enumerate(zip(edges[::2], edges[1::2], strict=True)):
        axes.axvspan(
            x[start],
            x[stop - 1],
            facecolor="none",
            edgecolor=SHADE,
            hatch="//",
            alpha=0.45,
            zorder=0.5,
            linewidth=0,
            label=label if number == 0 else None,
        )
