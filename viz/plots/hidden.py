"""``plot_hidden_states``: what a recurrent layer remembers, and how far its gradients reach back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core import Tensor
from autograd_core.errors import explain
from nn.layers.recurrent import RNNBase
from nn.module import Module

from .figures import SHADE, diverging, floor_below, legend, look, new_figure, written
from .models import find_layer, undisturbed

OPERATION = "plot_hidden_states"


def plot_hidden_states(
    model: Any,
    x: Any = None,
    loss: Any = None,
    *,
    layer: Any = None,
    sample: int = 0,
) -> Any:
    """Draw the hidden states h(t) as a heat map, and below it ‖∂loss/∂h(t)‖ for every time t.

    The gradient counts all ways from h(t) to the loss, those through later states too: where it shrinks
    towards early times it vanishes, where it grows it explodes. For an LSTM that of the cell state c(t) is
    drawn as well. The recurrent layer is run step by step for this, with the same values.

    Args:
        model: an ``nn.RNN``, ``LSTM`` or ``GRU``, or a model with one; or the states of a loop of your own, a
            list of Tensors (B, H) or (H,), one for each time.
        x: what the model takes: its input, or a tuple of several.
        loss: a function of the model's output that returns one number, the sum of the last time's outputs if
            left out for a recurrent layer; for a list of states the loss itself.
        layer: which recurrent layer of the model, by path or itself, if there are several.
        sample: which sample of the batch the heat map shows; the gradient's norm is over all of them.

    Returns:
        The figure: heat map above (units down, time across), norms below.

    Raises:
        TypeError: if the model or its parts are nothing of the kind.
        ValueError: for a layer that reads in two directions, packed sequences, a loss of several numbers or one
            that does not depend on the states, and a sample that is not there.

    Source: Bengio, Simard, Frasconi, "Learning long-term dependencies with gradient descent is difficult", 1994.

    >>> import nn, numpy as np, viz
    >>> figure = viz.plot_hidden_states(nn.RNN(3, 5), np.ones((7, 2, 3)))
    >>> figure.axes[0].get_images()[0].get_array().shape
    (5, 7)
    >>> [line.get_label() for line in figure.axes[1].get_lines()]
    ['‖∂loss/∂h(t)‖']
    """
    if isinstance(model, Module):
        name, states, norms = _of_model(model, x, loss, layer)
    else:
        name, states, norms = _of_states(model, loss)
    values = np.stack(states)
    if isinstance(sample, bool) or not isinstance(sample, int) or not -values.shape[1] <= sample < values.shape[1]:
        raise ValueError(
            explain(
                OPERATION,
                expected=f"sample from 0 to {values.shape[1] - 1}",
                got=repr(sample),
                remedy="choose one of the batch",
            )
        )
    figure = new_figure(OPERATION, 7.0, 5.4)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    _draw_states(upper, values[:, sample].T)
    upper.set_title(f"hidden states of {written(name)}" + (f", sample {sample}" if values.shape[1] > 1 else ""))
    _draw_norms(lower, norms)
    return figure


def _of_model(model: Module, x: Any, loss: Any, layer: Any) -> tuple[str, list[Any], dict[str, Any]]:
    """Run a model with its recurrent layer step by step."""
    path, recurrent = _recurrent(model, layer)
    if x is None or not (loss is None or callable(loss)) or (loss is None and recurrent is not model):
        raise TypeError(
            explain(
                OPERATION,
                expected="x, and loss as a function of the model's output",
                got="no x" if x is None else "no loss" if loss is None else type(loss).__name__,
                remedy="pass loss=lambda output: F.cross_entropy(output, target), say",
            )
        )
    with undisturbed(model), ag.enable_grad(), _stepwise(recurrent) as nodes:
        output = model(*(x if isinstance(x, tuple) else (x,)))
        if not nodes:
            raise ValueError(
                explain(
                    OPERATION,
                    expected=f"a model that calls its layer {path!r}",
                    got="no call",
                    remedy="pass the layer that runs",
                )
            )
        last = loss(output) if loss is not None else _last_time(recurrent, output[0]).sum()
    values = [y._data.reshape(-1, y.shape[-1]) for y, _ in nodes["h"]]
    name = f"{path} {type(recurrent).__name__}".strip()
    return name, values, {symbol: _norms(last, pairs) for symbol, pairs in nodes.items()}


def _time_axis(layer: RNNBase, output: Tensor) -> int:
    return 1 if layer.batch_first and output.ndim == 3 else 0


def _last_time(layer: RNNBase, y: Tensor) -> Tensor:
    return y[:, -1] if _time_axis(layer, y) else y[-1]


def _of_states(states: Any, loss: Any) -> tuple[str, list[Any], dict[str, Any]]:
    """The states of a loop of the user's own."""
    given = list(states) if isinstance(states, list | tuple) else []
    if not given or not all(isinstance(h, Tensor) and h.ndim in (1, 2) for h in given):
        raise TypeError(
            explain(
                OPERATION,
                expected="model to be an nn.Module, or a list of states (B, H) or (H,), one Tensor for each time",
                got=type(states).__name__,
                remedy="pass nn.LSTM(...), say, or the states that your loop went through",
            )
        )
    if len({h.shape for h in given}) > 1:
        raise ValueError(
            explain(
                OPERATION,
                expected="states of one shape",
                got=", ".join(sorted({str(h.shape) for h in given})),
                remedy="pass the states of one layer",
            )
        )
    norms = {"h": _norms(loss, [(h,) for h in given])}
    return "the states given", [np.atleast_2d(h._data) for h in given], norms


def _norms(loss: Any, nodes: list[tuple[Tensor, ...]]) -> Any:
    """‖∂loss/∂h(t)‖ for every t, where the nodes of a tuple all stand for h(t)."""
    if not isinstance(loss, Tensor) or loss.size != 1:
        got = f"shape {loss.shape}" if isinstance(loss, Tensor) else type(loss).__name__
        raise ValueError(
            explain(OPERATION, expected="a loss of one number, as a Tensor", got=got, remedy="return a mean or a sum")
        )
    flat = [node for same in nodes for node in same]
    found = iter(ag.gradients(loss, flat, allow_unused=True) if loss.requires_grad else [None] * len(flat))
    norms = []
    for same in nodes:
        # The states of a stack of layers stand above each other on the first axis; the last is the output.
        parts = [g._data.reshape(-1, *y.shape[-2:])[-1:] for y, g in zip(same, found) if g is not None]
        norms.append(float(np.sqrt(np.sum(np.abs(sum(parts)) ** 2))) if parts else 0.0)
    if not any(norms):
        raise ValueError(
            explain(
                OPERATION,
                expected="a loss that depends on the states",
                got="a derivative of 0 by each of them",
                remedy="compute the loss from the model's output, with parameters that are not frozen",
            )
        )
    return np.array(norms)


def _recurrent(model: Module, layer: Any) -> tuple[str, RNNBase]:
    found = [(path, module) for path, module in model.named_modules() if isinstance(module, RNNBase)]
    if layer is not None:
        path, module = find_layer(OPERATION, model, layer)
        found = [(path, module)] if isinstance(module, RNNBase) else []
    if len(found) != 1:
        raise ValueError(
            explain(
                OPERATION,
                expected="one nn.RNN, LSTM or GRU",
                got=f"{len(found)}" + (": " + ", ".join(path for path, _ in found) if found else ""),
                remedy="say which with layer=, or pass the states of your own loop as a list",
            )
        )
    if found[0][1].bidirectional:
        raise ValueError(
            explain(
                OPERATION,
                expected="a layer that reads in one direction",
                got="a bidirectional one",
                remedy="pass the states of each direction as a list",
            )
        )
    return found[0]


@contextmanager
def _stepwise(layer: RNNBase) -> Iterator[dict[str, list[tuple[Tensor, ...]]]]:
    """Have a layer compute one time after the other, and collect the nodes that stand for h(t), and c(t).

    h(t) is there twice: as what the layer gives out, and as what the next step starts from. They are
    different nodes, and the gradient of h(t) is the sum of theirs.
    """
    nodes: dict[str, list[tuple[Tensor, ...]]] = {}

    def instead(module: Any, args: tuple[Any, ...], options: dict[str, Any], output: Any) -> Any:
        given = dict(zip(("input", "hx"), args, strict=False)) | options
        sequence, state = given["input"], given.get("hx")
        if not hasattr(sequence, "shape"):
            if isinstance(sequence, tuple):
                raise ValueError(
                    explain(
                        OPERATION,
                        expected="sequences of equal length, as one Tensor",
                        got=type(sequence).__name__,
                        remedy="draw one sequence, without packing",
                    )
                )
            sequence = np.asarray(sequence)
        axis = _time_axis(layer, sequence)
        nodes.clear()
        outputs = []
        for t in range(sequence.shape[axis]):
            y, state = layer.forward(sequence[:, t : t + 1] if axis else sequence[t : t + 1], state)
            outputs.append(y)
            if isinstance(state, tuple):
                nodes.setdefault("h", []).append((y, state[0]))
                nodes.setdefault("c", []).append((state[1],))
            else:
                nodes.setdefault("h", []).append((y, state))
        return ag.concat(outputs, axis=axis), state

    handle = layer.register_forward_hook(instead, with_kwargs=True)
    try:
        yield nodes
    finally:
        handle.remove()


def _draw_states(axes: Any, values: Any) -> None:
    """Units down, time across; blue above 0 and orange below."""
    limit = float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0
    steps = values.shape[1]
    image = axes.imshow(
        values,
        cmap=diverging(OPERATION),
        vmin=-limit,
        vmax=limit,
        aspect="auto",
        interpolation="nearest",
        extent=(0.5, steps + 0.5, len(values) - 0.5, -0.5),
    )
    axes.figure.colorbar(image, ax=axes, label="h(t)")
    axes.set(ylabel="unit")
    axes.yaxis.get_major_locator().set_params(integer=True)


def _draw_norms(axes: Any, norms: dict[str, Any]) -> None:
    axes.set_yscale("log")
    floor = floor_below(np.concatenate(list(norms.values())))
    for number, (symbol, values) in enumerate(norms.items()):
        style = look(1 - number)
        times = np.arange(1, len(values) + 1)
        shown = np.where(values > 0, values, np.nan)
        label = f"‖∂loss/∂{symbol}(t)‖"
        axes.plot(times, shown, color=style.color, marker=style.marker, markersize=4, label=label)
        if (values == 0).any():
            zeros = times[values == 0]
            label = f"∂loss/∂{symbol}(t) = 0"
            axes.plot(zeros, [floor] * len(zeros), "s", color=SHADE, markerfacecolor="none", label=label)
    axes.set(xlabel="t", ylabel="gradient's norm")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(True, axis="y", alpha=0.3)
    legend(axes)
