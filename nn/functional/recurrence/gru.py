"""The gated recurrent unit over a whole sequence, as one operation. For its formulas see ``steps``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .differentiation import define_sequence
from .layout import blocks, common, empty, filled, operands, through_blocks, windows
from .steps import gru_step, through_time

# A step has four products: the gates r and u, and input and state of the new content apart, since r stands
# between them. Of the outer two one has no recurrent weights, the other no input weights.
_INPUT, _R, _U, _STATE = range(4)
_INPUT_ORDER = (2, 0, 1)  # PyTorch's r, u, n -> n, r, u
_STATE_ORDER = (0, 1, 2)


def _stacked(like: Any, w_ih: Any, w_hh: Any, biases: Any) -> Any:
    """(W_ih | W_hh | b)ᵀ of the four products, those of the gates halved: σ(z) = ½ tanh(z/2) + ½."""
    inputs, size = w_ih.shape[1], w_hh.shape[0] // 3
    weights = filled(like, (4, inputs + size + bool(biases), size), None)
    for order, places, part, weight in (
        (_INPUT_ORDER, weights[_INPUT:_STATE], slice(inputs), w_ih),
        (_STATE_ORDER, weights[_R:], slice(inputs, inputs + size), w_hh),
    ):
        for place, gate in enumerate(order):
            places[place, part] = weight[gate * size : (gate + 1) * size].T
    if biases:
        b_ih, b_hh = (bias.reshape(3, size) for bias in biases)
        weights[_R:_STATE, -1] = b_ih[:2] + b_hh[:2]
        weights[_INPUT, -1] = b_ih[2]
        weights[_STATE, -1] = b_hh[2]
    weights[_R:_STATE] *= 0.5
    return weights


def _run(inputs: Any, batch_sizes: Any, reverse: bool) -> tuple[Any, ...]:
    x, h0, w_ih, w_hh, *biases = inputs
    like = common(inputs)
    (batch, size), (rows, inner) = h0.shape, x.shape
    weights = _stacked(like, w_ih, w_hh, biases)
    known = operands(like, x, size, bool(biases))
    states = known[:, inner : inner + size]
    tape, y = empty(like, 4 * rows * size), empty(like, rows, size)
    all_m, all_h = empty(like, batch, size), filled(like, h0.shape, h0)
    for start, stop in windows(batch_sizes, reverse):
        b = stop - start
        m, h = all_m[:b], all_h[:b]
        row = tape[4 * size * start : 4 * size * stop].reshape(4, b, size)
        states[start:stop] = h
        np.matmul(known[start:stop], weights, row)
        gates = row[_R:_STATE]
        np.tanh(gates, gates)
        gates *= 0.5
        gates += 0.5
        n = row[_INPUT]
        np.multiply(row[_R], row[_STATE], m)
        n += m
        np.tanh(n, n)
        h -= n
        h *= row[_U]
        h += n
        y[start:stop] = h
    return y, all_h, (tape, known)


def _backward(
    gradients: Any, inputs: Any, kept: Any, through_input: bool, batch_sizes: Any, reverse: bool
) -> tuple[Any, ...]:
    g_y, g_h = gradients
    x, h0, w_ih, w_hh, *biases = inputs
    tape, known = kept
    like = common(inputs)
    (batch, size), (rows, inner) = h0.shape, x.shape
    back = blocks(like, w_hh, _STATE_ORDER)
    all_dz, all_shares = empty(like, 4, rows, size), empty(like, 3, batch, size)
    all_dh = filled(like, h0.shape, g_h)
    for start, stop in reversed(windows(batch_sizes, reverse)):
        b = stop - start
        dz, shares, dh = all_dz[:, start:stop], all_shares[:, :b], all_dh[:b]
        if g_y is not None:
            dh += g_y[start:stop]
        row = tape[4 * size * start : 4 * size * stop].reshape(4, b, size)
        _step_back(row, known[start:stop, inner : inner + size], dh, dz)
        np.matmul(dz[_R:], back, shares)
        dh += np.add.reduce(shares, axis=0)
    dw = known.T @ all_dz
    dx = through_blocks(all_dz[:_STATE], blocks(like, w_ih, _INPUT_ORDER)) if through_input else None
    found = [dx, all_dh, _gathered(dw, _INPUT, slice(inner)), _gathered(dw, _STATE, slice(inner, inner + size))]
    return (*found, *(_gathered(dw, content, -1) for content in (_INPUT, _STATE) if biases))


def _step_back(row: Any, h: Any, dh: Any, dz: Any) -> None:
    """One step: from the gradient of h(t) to those of the products, and of the share u h(t−1) in place of it."""
    gates, slopes, bend = row[_R:_STATE], dz[_R:_STATE], dz[_INPUT]
    np.subtract(1, gates, slopes)
    slopes *= gates
    dr, du = slopes[0], slopes[1]
    du *= h - row[_INPUT]
    du *= dh
    np.square(row[_INPUT], bend)
    np.subtract(1, bend, bend)
    bend *= dh
    dh *= row[_U]
    bend -= bend * row[_U]
    dr *= row[_STATE]
    dr *= bend
    np.multiply(bend, row[_R], dz[_STATE])


def _gathered(dw: Any, content: int, part: Any) -> Any:
    """Rows ``part`` of the gradients of three products: r, u, and one of the two for the new content."""
    return np.concatenate([dw[product, part].T for product in (_R, _U, content)])


def _parts(*inputs: Any, batch_sizes: Any, reverse: bool) -> tuple[Any, ...]:
    x, h0, w_ih, w_hh, *biases = inputs
    return through_time(gru_step, x, (h0,), (w_ih, w_hh, biases, None), batch_sizes, reverse)


gru_sequence = define_sequence("gru", 2, _run, _backward, _parts, symbol="GRU")
