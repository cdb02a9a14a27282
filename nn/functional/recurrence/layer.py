"""One layer in one direction: which operation computes it, and how it is told what it can leave out."""

from __future__ import annotations

from typing import Any

from autograd_core import Tensor

from ...explicit import wants_parts
from .elman import rnn_sequence
from .gru import gru_sequence
from .layout import Tape
from .lstm import lstm_sequence
from .steps import gru_step, lstm_step, rnn_relu_step, rnn_tanh_step, through_time

# Mode -> the operation of a whole sequence, its attributes, and its step.
KINDS: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "RNN_TANH": (rnn_sequence, {"nonlinearity": "tanh"}, rnn_tanh_step),
    "RNN_RELU": (rnn_sequence, {"nonlinearity": "relu"}, rnn_relu_step),
    "GRU": (gru_sequence, {}, gru_step),
    "LSTM": (lstm_sequence, {}, lstm_step),
}


def run_layer(
    mode: str,
    x: Tensor,
    states: tuple[Any, ...],
    weights: tuple[Any, ...],
    batch_sizes: tuple[int, ...],
    reverse: bool = False,
) -> tuple[Any, ...]:
    """A whole sequence through one layer in one direction.

    Args:
        mode: ``"RNN_TANH"``, ``"RNN_RELU"``, ``"GRU"`` or ``"LSTM"``.
        x: shape (N, I), the rows of all time steps one after the other.
        states: h, or h and c, before the first step that is read, shapes (B, P) and (B, H).
        weights: w_ih, w_hh, (b_ih, b_hh) or (), and w_hr or ``None``.
        batch_sizes: how many rows belong to each step, never growing; the first is B.
        reverse: whether to read from the last step to the first.

    Returns:
        The outputs, shape (N, P), and the states in the end.
    """
    operation, attributes, step = KINDS[mode]
    if wants_parts():
        return through_time(step, x, states, weights, batch_sizes, reverse)
    w_ih, w_hh, biases, w_hr = weights
    attributes = {**attributes, "batch_sizes": batch_sizes, "reverse": reverse}
    attributes |= {"tape": Tape(), "through_input": x.requires_grad}
    operands = [x, *states, w_ih, w_hh, *biases]
    if mode == "LSTM":
        attributes |= {"bias": bool(biases), "projection": w_hr is not None}
        operands += [] if w_hr is None else [w_hr]
    return tuple(operation(*operands, **attributes))
