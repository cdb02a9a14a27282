"""The long short-term memory over a whole sequence, as one operation.

    i, f, o = σ(z_i), σ(z_f), σ(z_o)     g = tanh(z_g)     z = W_ih x(t) + b_ih + W_hh h(t−1) + b_hh
    c(t) = f c(t−1) + i g                h(t) = o tanh(c(t)),  with projection W_hr (o tanh(c(t)))

Hochreiter and Schmidhuber, Long short-term memory, Neural Computation 9 (1997); forget gate: Gers et al.
(2000); projection: Sak et al. (2014).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .differentiation import define_sequence
from .layout import blocks, common, empty, filled, operands, stacked, through_blocks, unstacked, windows
from .steps import lstm_step, through_time

# Rows of a step on the tape. The derivative of what stands in row k is multiplied with row k + 3.
_ORDER = (0, 1, 3, 2)  # PyTorch's i, f, g, o -> i, f, o, g
_I, _F, _O, _G, _C, _TANH = range(6)


def _split(rest: Any, bias: bool, projection: bool) -> tuple[Any, Any]:
    """The biases, and the weight of the projection or ``None``."""
    return rest[: 2 * bias], rest[-1] if projection else None


def _run(inputs: Any, batch_sizes: Any, reverse: bool, bias: bool, projection: bool) -> tuple[Any, ...]:
    x, h0, c0, w_ih, w_hh, *rest = inputs
    biases, w_hr = _split(rest, bias, projection)
    like = common(inputs)
    (batch, state), (rows, inner), size = h0.shape, x.shape, w_hh.shape[0] // 4
    weights = stacked(like, w_ih, w_hh, biases, _ORDER, halved=3)
    known = operands(like, x, state, bias)
    states = known[:, inner : inner + state]
    tape, y = empty(like, 6 * rows * size), empty(like, rows, state)
    all_z, all_m = empty(like, 4, batch, size), empty(like, batch, size)
    all_h, all_c = filled(like, h0.shape, h0), filled(like, (batch, size), c0)
    for start, stop in windows(batch_sizes, reverse):
        b = stop - start
        z, m, h, c = all_z[:, :b], all_m[:b], all_h[:b], all_c[:b]
        row = tape[6 * size * start : 6 * size * stop].reshape(6, b, size)
        states[start:stop] = h
        np.matmul(known[start:stop], weights, z)
        np.tanh(z, row[:4])
        gates = row[:3]
        gates *= 0.5
        gates += 0.5
        row[_C] = c
        np.multiply(row[_I], row[_G], m)
        c *= row[_F]
        c += m
        np.tanh(c, row[_TANH])
        if w_hr is None:
            np.multiply(row[_O], row[_TANH], h)
        else:
            np.multiply(row[_O], row[_TANH], m)
            np.matmul(m, w_hr.T, h)
        y[start:stop] = h
    return y, all_h, all_c, (tape, known)


def _backward(
    gradients: Any, inputs: Any, kept: Any, through_input: bool, batch_sizes: Any, reverse: bool, **present: bool
) -> tuple[Any, ...]:
    g_y, g_h, g_c = gradients
    x, h0, _, w_ih, w_hh, *rest = inputs
    biases, w_hr = _split(rest, **present)
    tape, known = kept
    like = common(inputs)
    (batch, state), (rows, inner), size = h0.shape, x.shape, w_hh.shape[0] // 4
    back = blocks(like, w_hh, _ORDER)
    all_dz, all_shares = empty(like, 4, rows, size), empty(like, 4, batch, state)
    all_dh, all_dc = filled(like, h0.shape, g_h), filled(like, (batch, size), g_c)
    outer = None if w_hr is None else (empty(like, rows, state), empty(like, rows, size))
    for start, stop in reversed(windows(batch_sizes, reverse)):
        b = stop - start
        dz, shares, dh, dc = all_dz[:, start:stop], all_shares[:, :b], all_dh[:b], all_dc[:b]
        row = tape[6 * size * start : 6 * size * stop].reshape(6, b, size)
        if g_y is not None:
            dh += g_y[start:stop]
        dm = dh
        if outer is not None:
            outer[0][start:stop] = dh
            outer[1][start:stop] = row[_O] * row[_TANH]
            dm = dh @ w_hr
        _step_back(row, dm, dc, dz)
        np.matmul(dz, back, shares)
        np.add.reduce(shares, axis=0, out=dh)
    dw = known.T @ all_dz
    parts = (slice(inner), slice(inner, inner + state), *([-1] * len(biases)))
    dx = through_blocks(all_dz, blocks(like, w_ih, _ORDER)) if through_input else None
    found = (dx, all_dh, all_dc, *(unstacked(dw, _ORDER, part) for part in parts))
    return found if outer is None else (*found, outer[0].T @ outer[1])


def _step_back(row: Any, dm: Any, dc: Any, dz: Any) -> None:
    """One step: from the gradients of o tanh(c) and of c(t) to those of z, and of c(t−1) in place of c(t)."""
    gates, slopes = row[:3], dz[:3]
    np.subtract(1, gates, slopes)
    slopes *= gates
    slopes *= row[3:]  # i′ g, f′ c(t−1), o′ tanh(c)
    bends = np.square(row[3::2])
    np.subtract(1, bends, bends)
    bends *= row[:3:2]  # i (1 − g²), o (1 − tanh²(c))
    through = bends[1]
    through *= dm
    dc += through
    slopes[:2] *= dc
    slopes[2] *= dm
    np.multiply(bends[0], dc, dz[3])
    dc *= row[_F]


def _parts(*inputs: Any, batch_sizes: Any, reverse: bool, **present: bool) -> tuple[Any, ...]:
    x, h0, c0, w_ih, w_hh, *rest = inputs
    return through_time(lstm_step, x, (h0, c0), (w_ih, w_hh, *_split(rest, **present)), batch_sizes, reverse)


lstm_sequence = define_sequence("lstm", 3, _run, _backward, _parts, symbol="LSTM")
