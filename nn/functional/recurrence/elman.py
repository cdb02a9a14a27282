"""The plain recurrent layer over a whole sequence, as one operation: h(t) = σ(W_ih x + b_ih + W_hh h(t−1) + b_hh).

Elman, Finding structure in time, Cognitive Science 14 (1990).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .differentiation import define_sequence
from .layout import common, empty, filled, operands, stacked, windows
from .steps import rnn_relu_step, rnn_tanh_step, through_time

STEPS = {"tanh": rnn_tanh_step, "relu": rnn_relu_step}


def _run(inputs: Any, batch_sizes: Any, reverse: bool, nonlinearity: str) -> tuple[Any, ...]:
    x, h0, w_ih, w_hh, *biases = inputs
    like = common(inputs)
    size, (rows, inner) = h0.shape[1], x.shape
    weights = stacked(like, w_ih, w_hh, biases, (0,), halved=0)[0]
    known = operands(like, x, size, bool(biases))
    states = known[:, inner : inner + size]
    y, all_h = empty(like, rows, size), filled(like, h0.shape, h0)
    for start, stop in windows(batch_sizes, reverse):
        h = all_h[: stop - start]
        states[start:stop] = h
        np.matmul(known[start:stop], weights, h)
        if nonlinearity == "tanh":
            np.tanh(h, h)
        else:
            np.maximum(h, 0, out=h)
        y[start:stop] = h
    return y, all_h, (y, known)


def _backward(
    gradients: Any, inputs: Any, kept: Any, through_input: bool, batch_sizes: Any, reverse: bool, nonlinearity: str
) -> tuple[Any, ...]:
    g_y, g_h = gradients
    x, h0, w_ih, w_hh, *biases = inputs
    y, known = kept
    like = common(inputs)
    size, inner = h0.shape[1], x.shape[1]
    back = filled(like, w_hh.shape, w_hh)
    all_dz = 1 - np.square(y) if nonlinearity == "tanh" else (y > 0).astype(like.dtype)
    all_dh = filled(like, h0.shape, g_h)
    for start, stop in reversed(windows(batch_sizes, reverse)):
        dz, dh = all_dz[start:stop], all_dh[: stop - start]
        if g_y is not None:
            dh += g_y[start:stop]
        dz *= dh
        np.matmul(dz, back, dh)
    dw = all_dz.T @ known
    found = (all_dz @ w_ih if through_input else None, all_dh, dw[:, :inner], dw[:, inner : inner + size])
    return (*found, *([dw[:, -1]] * len(biases)))


def _parts(*inputs: Any, batch_sizes: Any, reverse: bool, nonlinearity: str) -> tuple[Any, ...]:
    x, h0, w_ih, w_hh, *biases = inputs
    return through_time(STEPS[nonlinearity], x, (h0,), (w_ih, w_hh, biases, None), batch_sizes, reverse)


rnn_sequence = define_sequence("rnn", 2, _run, _backward, _parts, symbol="RNN")
