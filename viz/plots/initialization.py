"""``plot_initializations``: what initial weights do to the values and to the gradients in deep networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core import Tensor
from autograd_core.errors import explain
from nn import init
from nn.module import Module
from nn.random import default_generator

from .figures import SHADE, count, floor_below, legend, look, new_figure, written
from .models import captured, first_tensor, keeping_random_numbers

OPERATION = "plot_initializations"
Statistics = tuple[Any, Any]


def plot_initializations(
    build: Callable[[], Any],
    schemes: Any,
    x: Any,
    *,
    loss: Callable[[Any], Any] | None = None,
    seeds: int = 1,
) -> Any:
    """Draw the standard deviation of the values and of the gradients at each depth, for several initial weights.

    Depth l is the l-th layer with a weight, in the order in which they run. Left are the values that it takes
    in, z(l), and last the model's output; right is ∂loss/∂net(l), the gradient at what it gives out (its delta).
    Where a curve falls, signals die out with depth; where it rises, they blow up. A good scheme keeps both level.

    Args:
        build: a function without arguments that makes the model anew.
        schemes: the schemes to compare: names of ``nn.init`` such as ``"xavier_uniform_"`` in a list; or
            {what it is called: a function that fills a weight in place, a name, or ``None`` for the values that
            ``build`` gives}. They fill all parameters of at least two axes; biases become 0.
        x: a batch of inputs.
        loss: a function of the model's output that returns one number; if left out, the output times normal
            draws, so that each of its entries gets a gradient of size 1.
        seeds: over how many random draws to average.

    Returns:
        The figure.

    Raises:
        TypeError: if ``build`` makes no module, or a scheme is nothing of the kind.
        ValueError: for an unknown name, and for models without weights.

    Source: Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.

    >>> import nn, numpy as np, viz
    >>> build = lambda: nn.MLP([8, 8, 8, 8], activation=nn.ReLU)
    >>> figure = viz.plot_initializations(build, ["xavier_normal_", "kaiming_normal_"], np.eye(8))
    >>> [line.get_label() for line in figure.axes[0].get_lines()]
    ['xavier_normal_', 'kaiming_normal_']
    """
    count(OPERATION, "seeds", seeds)
    if not callable(build) or isinstance(build, Module):
        raise TypeError(
            explain(
                OPERATION,
                expected="build to be a function that makes a model",
                got=type(build).__name__,
                remedy="pass lambda: nn.MLP([...]), so that each scheme starts anew",
            )
        )
    found = {name: _over_seeds(build, scheme, x, loss, seeds) for name, scheme in _schemes(schemes).items()}
    figure = new_figure(OPERATION, 9.2, 4.2)
    left, right = figure.subplots(1, 2)
    _draw(left, {name: pair[0] for name, pair in found.items()})
    _draw(right, {name: pair[1] for name, pair in found.items()})
    left.set(title="values", ylabel="standard deviation of z(l)", xlabel="layer l (last: the output)")
    right.set(title="gradients", ylabel="standard deviation of ∂loss/∂net(l)", xlabel="layer l")
    legend(left)
    return figure


def _schemes(given: Any) -> dict[str, Callable[[Any], Any] | None]:
    if isinstance(given, Mapping):
        items = {str(name): scheme for name, scheme in given.items()}
    else:
        entries = [given] if isinstance(given, str) or callable(given) else list(given)
        items = {
            scheme if isinstance(scheme, str) else getattr(scheme, "__name__", str(scheme)): scheme
            for scheme in entries
        }
    if not items:
        raise ValueError(
            explain(OPERATION, expected="at least one scheme", got="none", remedy="pass ['xavier_uniform_'], say")
        )
    return {name: _scheme(scheme) for name, scheme in items.items()}


def _scheme(given: Any) -> Callable[[Any], Any] | None:
    if isinstance(given, str):
        known = [name for name in init.__all__ if name.endswith("_")]
        if given not in known:
            raise ValueError(
                explain(
                    OPERATION,
                    expected=f"schemes among {', '.join(known)}",
                    got=repr(given),
                    remedy="pass one of these, or a function that fills a weight",
                )
            )
        return getattr(init, given)
    if given is None or callable(given):
        return given
    raise TypeError(
        explain(
            OPERATION,
            expected="schemes to be names of nn.init, functions that fill a weight, or None",
            got=type(given).__name__,
            remedy="pass {'small': lambda weight: nn.init.normal_(weight, std=0.01)}, say",
        )
    )


def _over_seeds(
    build: Callable[[], Any], scheme: Callable[[Any], Any] | None, x: Any, loss: Any, seeds: int
) -> Statistics:
    """The statistics of both kinds, averaged over random draws; the library's random numbers go on as before."""
    runs = []
    for seed in range(seeds):
        with keeping_random_numbers(), ag.enable_grad():
            default_generator().bit_generator.state = _fresh_state(seed)
            runs.append(_statistics(build, scheme, x, loss, seed))
    values, gradients = zip(*runs, strict=True)
    return np.mean(values, axis=0), np.mean(gradients, axis=0)


def _fresh_state(seed: int) -> Any:
    """The library's generator begins like one that is made with the seed, without being replaced."""
    kind = type(default_generator().bit_generator)
    return kind(seed).state


def _statistics(build: Callable[[], Any], scheme: Any, x: Any, loss: Any, seed: int) -> Statistics:
    """std of z(l) and of the output; std of the gradient at net(l)."""
    model = build()
    if not isinstance(model, Module):
        raise TypeError(
            explain(
                OPERATION,
                expected="build() to return an nn.Module",
                got=type(model).__name__,
                remedy="return the model",
            )
        )
    if scheme is not None:
        for name, parameter in model.named_parameters():
            if parameter.ndim >= 2:
                scheme(parameter)
            elif name.rpartition(".")[2].startswith("bias"):
                init.zeros_(parameter)
    layers = [m for m in model.modules() if any(p.ndim >= 2 for p in m._parameters.values() if p is not None)]
    values: list[float] = []
    nets: list[Tensor] = []

    def note(module: Any, inputs: tuple[Any, ...], output: Any) -> None:
        net = first_tensor(output)
        if net is not None and inputs:
            values.append(_std(inputs[0]))
            nets.append(net)

    with captured(layers, note):
        output = model(x)
    whole = first_tensor(output)
    if not nets or whole is None:
        raise ValueError(
            explain(
                OPERATION,
                expected="a model of layers with weights, which returns a Tensor",
                got=f"{len(nets)} such layers that ran",
                remedy="return a model with Linear or Conv2d layers, say",
            )
        )
    gradients = _gradients(whole, output, nets, loss, seed)
    return np.array([*values, _std(whole)]), np.array([0.0 if g is None else _std(g) for g in gradients])


def _gradients(whole: Tensor, output: Any, nets: list[Tensor], loss: Any, seed: int) -> Any:
    if loss is None:
        draws = np.random.default_rng(seed).standard_normal(whole.shape).astype(whole.dtype)
        return ag.gradients(whole, nets, draws, allow_unused=True)
    return ag.gradients(loss(output), nets, allow_unused=True)


def _std(value: Any) -> float:
    array = value._data if isinstance(value, Tensor) else np.asarray(value)
    return float(np.std(array.astype(float)))


def _draw(axes: Any, curves: dict[str, Any]) -> None:
    """A line for every scheme over the depth; zeros stand on a line below all others."""
    axes.set_yscale("log")
    floor = floor_below(np.concatenate(list(curves.values())))
    for number, (name, values) in enumerate(curves.items()):
        style = look(number)
        depth = np.arange(1, len(values) + 1)
        there = np.isfinite(values) & (values > 0)
        axes.plot(
            depth,
            np.where(there, values, np.nan),
            color=style.color,
            linestyle=style.linestyle,
            marker=style.marker,
            markersize=5,
            label=written(name),
        )
        zero = depth[values == 0]
        if zero.size:
            axes.axhline(floor, color=SHADE, linewidth=0.8, linestyle=":")
            axes.plot(
                zero,
                [floor] * len(zero),
                marker=style.marker,
                color=style.color,
                markerfacecolor="none",
                linestyle="none",
                label=f"{written(name)}, 0",
            )
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(True, axis="y", alpha=0.3)
