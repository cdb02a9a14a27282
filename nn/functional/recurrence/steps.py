"""One time step of each kind of cell, from the affine maps of its input and its state to the new state.

    plain   h′ = tanh(z) or max(0, z),  z = z_x + z_h        (Elman, Finding structure in time, 1990)
    GRU     r, u = σ(z_r), σ(z_u)   n = tanh(z_x,n + r z_h,n)   h′ = (1 − u) n + u h
            (Cho et al., Learning phrase representations using RNN encoder-decoder, 2014)
    LSTM    i, f, g, o = σ(z_i), σ(z_f), tanh(z_g), σ(z_o)   c′ = f c + i g   h′ = o tanh(c′)
            (Hochreiter and Schmidhuber, Long short-term memory, 1997; Gers et al., 2000)

where z_x = W_ih x + b_ih and z_h = W_hh h + b_hh hold the gates one after the other, in PyTorch's order.
Each is one operation, or within ``nn.explicit()`` its parts. All take the states as a tuple and return the
new ones as a tuple.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core import special
from autograd_core.primitive import define

from ...explicit import wants_parts
from ..linear import linear
from .layout import windows

_sigmoid = special.expit

# -- plain ----------------------------------------------------------------------------------------------


def _tanh_slope(g: Any, out: Any, a: Any, b: Any) -> Any:
    return g * (1 - out * out)


def _relu_slope(g: Any, out: Any, a: Any, b: Any) -> Any:
    return g * (out > 0)


_tanh_step = define(
    "rnn_tanh_step",
    lambda a, b: np.tanh(a + b),
    _tanh_slope,
    _tanh_slope,
    formulas=("1 − {out}²", "1 − {out}²"),
    symbol="tanh(+)",
    elementwise=True,
)
_relu_step = define(
    "rnn_relu_step",
    lambda a, b: np.maximum(a + b, 0),
    _relu_slope,
    _relu_slope,
    formulas=("1[{out} > 0]", "1[{out} > 0]"),
    symbol="relu(+)",
    elementwise=True,
)


def rnn_tanh_step(z_input: Any, z_state: Any, states: tuple[Any, ...]) -> tuple[Any, ...]:
    """The plain step with tanh."""
    return (np.tanh(z_input + z_state) if wants_parts() else _tanh_step(z_input, z_state),)


def rnn_relu_step(z_input: Any, z_state: Any, states: tuple[Any, ...]) -> tuple[Any, ...]:
    """The plain step with the rectified linear unit, whose derivative at 0 is 0."""
    return (np.maximum(z_input + z_state, 0) if wants_parts() else _relu_step(z_input, z_state),)


# -- GRU ------------------------------------------------------------------------------------------------


def _gru_values(z_input: Any, z_state: Any, size: int) -> tuple[Any, Any, Any]:
    """The gates r and u, and the new content n."""
    gates = _sigmoid(z_input[..., : 2 * size] + z_state[..., : 2 * size])
    r, u = gates[..., :size], gates[..., size:]
    return r, u, np.tanh(z_input[..., 2 * size :] + r * z_state[..., 2 * size :])


def _gru_step(z_input: Any, z_state: Any, h: Any) -> Any:
    _, u, n = _gru_values(z_input, z_state, h.shape[-1])
    return n + u * (h - n)


def _gru_rule(g: Any, out: Any, z_input: Any, z_state: Any, h: Any) -> tuple[Any, ...]:
    size = h.shape[-1]
    r, u, n = _gru_values(z_input, z_state, size)
    dn = g * (1 - u) * (1 - n * n)
    dr = dn * z_state[..., 2 * size :] * r * (1 - r)
    du = g * (h - n) * u * (1 - u)
    return np.concatenate([dr, du, dn], axis=-1), np.concatenate([dr, du, dn * r], axis=-1), g * u


_gru = define("gru_step", _gru_step, joint=_gru_rule, formulas="slopes of the gates", symbol="GRU step")


def gru_step(z_input: Any, z_state: Any, states: tuple[Any, ...]) -> tuple[Any, ...]:
    """The gated recurrent unit."""
    return ((_gru_step if wants_parts() else _gru)(z_input, z_state, *states),)


# -- LSTM -----------------------------------------------------------------------------------------------


def _lstm_values(z_input: Any, z_state: Any, size: int) -> tuple[Any, Any, Any, Any]:
    """The gates i, f, the new content g and the gate o."""
    z = z_input + z_state
    i, f, g, o = (z[..., k * size : (k + 1) * size] for k in range(4))
    return _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)


def _lstm_step(z_input: Any, z_state: Any, c: Any) -> tuple[Any, Any]:
    i, f, g, o = _lstm_values(z_input, z_state, c.shape[-1])
    c = f * c + i * g
    return o * np.tanh(c), c


def _lstm_rule(gradients: Any, out: Any, z_input: Any, z_state: Any, c: Any) -> tuple[Any, ...]:
    dh, dc = (np.zeros_like(c) if g is None else g for g in gradients)
    i, f, g, o = _lstm_values(z_input, z_state, c.shape[-1])
    t = np.tanh(out[1])
    dc = dc + dh * o * (1 - t * t)
    dz = np.concatenate([dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), dh * t * o * (1 - o)], -1)
    return dz, dz, dc * f


_lstm = define(
    "lstm_step", _lstm_step, joint=_lstm_rule, multiple=True, formulas="slopes of the gates", symbol="LSTM step"
)


def lstm_step(z_input: Any, z_state: Any, states: tuple[Any, ...]) -> tuple[Any, ...]:
    """The long short-term memory. Its states are h (which enters through ``z_state``) and c."""
    h, c = (_lstm_step if wants_parts() else _lstm)(z_input, z_state, states[1])
    return h, c


# -- all steps of a sequence -----------------------------------------------------------------------------


def through_time(
    step: Callable[..., tuple[Any, ...]],
    x: Any,
    states: tuple[Any, ...],
    weights: tuple[Any, ...],
    batch_sizes: Sequence[int],
    reverse: bool,
) -> tuple[Any, ...]:
    """A whole sequence, step by step.

    Args:
        step: one of the functions above.
        x: shape (N, I), N rows of all time steps.
        states: the states before the first step read, each with a row per sequence.
        weights: w_ih, w_hh, (b_ih, b_hh) or (), and the projection or ``None``.
        batch_sizes: the number of rows of each step.
        reverse: whether to start with the last step.

    Returns:
        The outputs of all steps, shape (N, P), and the states in the end.
    """
    w_ih, w_hh, biases, w_hr = weights
    b_ih, b_hh = biases or (None, None)
    outputs = {}
    for start, stop in windows(batch_sizes, reverse):
        b = stop - start
        now = tuple(state if b == state.shape[0] else state[:b] for state in states)
        new = step(linear(x[start:stop], w_ih, b_ih), linear(now[0], w_hh, b_hh), now)
        if w_hr is not None:
            new = (linear(new[0], w_hr), *new[1:])
        outputs[start] = new[0]
        states = tuple(
            after if b == before.shape[0] else np.concatenate([after, before[b:]])
            for after, before in zip(new, states, strict=True)
        )
    return np.concatenate([outputs[start] for start in sorted(outputs)]), *states
