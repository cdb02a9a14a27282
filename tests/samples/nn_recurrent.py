"""Samples of the recurrent operations, and how they are used through public functions."""

from __future__ import annotations

from itertools import accumulate

import numpy as np

from nn.functional.recurrence import steps
from nn.functional.recurrence.layer import run_layer

from .parts import Parts
from .sample import Sample, real

WIDTH, SIZE = 2, 3  # of an input vector and of a state


def sigma(z):
    return 1 / (1 + np.exp(-z))


# -- one step, straight from the formulas ------------------------------------------------------------------


def lstm_values(zx, zh, c):
    i, f, g, o = np.split(zx + zh, 4, axis=-1)
    after = sigma(f) * c + sigma(i) * np.tanh(g)
    return sigma(o) * np.tanh(after), after


def gru_values(zx, zh, h):
    (xr, xu, xn), (hr, hu, hn) = np.split(zx, 3, axis=-1), np.split(zh, 3, axis=-1)
    n = np.tanh(xn + sigma(xr + hr) * hn)
    u = sigma(xu + hu)
    return (1 - u) * n + u * h


def relu(z):
    return np.where(z.real > 0, z, 0 * z)


STEPS = {
    "tanh": lambda zx, zh, h: (np.tanh(zx + zh),),
    "relu": lambda zx, zh, h: (relu(zx + zh),),
    "gru": lambda zx, zh, h: (gru_values(zx, zh, h),),
    "lstm": lambda zx, zh, h, c: lstm_values(zx, zh, c),
}


# -- whole sequences, one at a time ---------------------------------------------------------------------------


def sequences(kind, batch_sizes, reverse, x, states, weights):
    """Outputs and last states, computed for each sequence on its own."""
    w_ih, w_hh, b_ih, b_hh, w_hr = weights
    starts = [0, *accumulate(batch_sizes)]
    y = np.zeros((len(x), states[0].shape[1]), np.result_type(x, *states, *(w for w in weights if w is not None)))
    ends = []
    for i in range(batch_sizes[0]):
        now = tuple(state[i] for state in states)
        times = [t for t, size in enumerate(batch_sizes) if i < size]
        for t in reversed(times) if reverse else times:
            row = starts[t] + i
            now = STEPS[kind](w_ih @ x[row] + b_ih, w_hh @ now[0] + b_hh, *now)
            if w_hr is not None:
                now = (w_hr @ now[0], *now[1:])
            y[row] = now[0]
        ends.append(now)
    return (y, *(np.stack(end) for end in zip(*ends, strict=True)))


def value(kind, batch_sizes, reverse, bias=True, projection=False):
    def reference(x, *rest):
        states, rest = rest[: 1 + (kind == "lstm")], list(rest[1 + (kind == "lstm") :])
        w_hr = rest.pop() if projection else None
        weights = (*rest[:2], *(rest[2:] if bias else (0, 0)), w_hr)
        return sequences(kind, batch_sizes, reverse, x, states, weights)

    return reference


def gradient(reference, outputs):
    """The gradients of sum_i <g_i, reference(*inputs)_i>, entry by entry by the complex step."""

    def found(*operands):
        gs, inputs = operands[:outputs], operands[outputs:]
        gradients = []
        for position, x in enumerate(inputs):
            slopes = np.zeros(x.shape)
            for entry in np.ndindex(x.shape):
                moved = x.astype(complex)
                moved[entry] += 1e-30j
                outs = reference(*inputs[:position], moved, *inputs[position + 1 :])
                slopes[entry] = sum((g * out).sum() for g, out in zip(gs, outs, strict=True)).imag / 1e-30
            gradients.append(slopes)
        return tuple(gradients)

    return found


# -- samples ---------------------------------------------------------------------------------------------


def operands(kind, batch_sizes, bias=True, projection=None):
    gates = {"lstm": 4, "gru": 3}.get(kind, 1)
    state = projection or SIZE
    rng = np.random.default_rng(len(kind) + 7 * len(batch_sizes) + bias)

    def draw(*shape):
        return rng.uniform(-1, 1, shape)

    inputs = [draw(sum(batch_sizes), WIDTH), draw(batch_sizes[0], state)]
    inputs += [draw(batch_sizes[0], SIZE)] if kind == "lstm" else []
    inputs += [draw(gates * SIZE, WIDTH), draw(gates * SIZE, state)]
    inputs += [draw(gates * SIZE), draw(gates * SIZE)] if bias else []
    inputs += [draw(projection, SIZE)] if projection else []
    return tuple(inputs)


def attributes(kind, batch_sizes, reverse, bias=True, projection=None):
    chosen = {"batch_sizes": batch_sizes, "reverse": reverse}
    if kind in ("tanh", "relu"):
        chosen["nonlinearity"] = kind
    if kind == "lstm":
        chosen |= {"bias": bias, "projection": projection is not None}
    return chosen


def samples(kind, *cases):
    """Per case a sample of the operation, and one of its gradient.

    The second derivative of the gradient, which is the third of the operation, is checked in the first case.
    """
    own, derived = [], []
    for batch_sizes, reverse, bias, projection in cases:
        inputs = operands(kind, batch_sizes, bias, projection)
        options = attributes(kind, batch_sizes, reverse, bias, projection)
        reference = value(kind, batch_sizes, reverse, bias, projection is not None)
        own.append(Sample(inputs, options, value=reference))
        outs = reference(*inputs)
        rng = np.random.default_rng(3)
        seeds = tuple(rng.standard_normal(out.shape) for out in outs)
        operands_of_gradient = (*seeds, *inputs)
        found, order = gradient(reference, len(outs)), 1 if derived else 2
        derived.append(Sample(operands_of_gradient, options, value=found, tolerance=1e-5, order=order))
    # The first input needs no gradient.
    options = {**own[0].attributes, "through_input": False}
    own.append(Sample(own[0].inputs, options, value=own[0].value, wrt=tuple(range(1, len(own[0].inputs)))))
    whole = derived[0].value
    derived.append(Sample(derived[0].inputs, options, value=lambda *inputs: whole(*inputs)[1:], order=1))
    return own, derived


PLAIN, PLAIN_GRADIENT = samples("tanh", ((2, 1), False, True, None), ((3, 2, 1), True, False, None))
RELU, RELU_GRADIENT = samples("relu", ((2, 1), False, True, None))
GRU, GRU_GRADIENT = samples("gru", ((2, 1), False, True, None), ((3, 2, 1), True, False, None))
LSTM, LSTM_GRADIENT = samples(
    "lstm", ((2, 1), False, True, None), ((3, 2, 1), True, False, None), ((2, 2, 1), False, True, 2)
)

SAMPLES: dict[str, list[Sample]] = {
    "rnn_tanh_step": [Sample((real(3, 4), real(3, 4)), value=lambda a, b: np.tanh(a + b), complex_step=True)],
    "rnn_relu_step": [Sample((real(3, 4), real(3, 4) + 0.005), value=lambda a, b: relu(a + b))],
    "gru_step": [
        Sample((real(2, 9), real(2, 9, low=-1.0), real(2, 3)), value=gru_values, complex_step=True),
        Sample((real(9), real(9, low=-1.0), real(3)), value=gru_values),
    ],
    "lstm_step": [
        Sample((real(2, 12), real(2, 12, low=-1.0), real(2, 3)), value=lstm_values, complex_step=True),
        Sample((real(12), real(12, low=-1.0), real(3)), value=lstm_values),
    ],
    "rnn": [*PLAIN, *RELU],
    "rnn_gradient": [*PLAIN_GRADIENT, *RELU_GRADIENT],
    "gru": GRU,
    "gru_gradient": GRU_GRADIENT,
    "lstm": LSTM,
    "lstm_gradient": LSTM_GRADIENT,
}


def layer(mode, batch_sizes, reverse=False, bias=True, projection=False):
    def call(x, *rest):
        count = 1 + (mode == "LSTM")
        states, rest = rest[:count], list(rest[count:])
        w_hr = rest.pop() if projection else None
        return run_layer(mode, x, states, (*rest[:2], tuple(rest[2:]), w_hr), batch_sizes, reverse)

    return call


PARTS: dict[str, list[Parts]] = {
    "rnn_tanh_step": [Parts(lambda a, b: steps.rnn_tanh_step(a, b, ()), (real(2, 3), real(2, 3)))],
    "rnn_relu_step": [Parts(lambda a, b: steps.rnn_relu_step(a, b, ()), (real(2, 3), real(2, 3) + 0.005))],
    "gru_step": [Parts(lambda a, b, h: steps.gru_step(a, b, (h,)), (real(2, 6), real(2, 6), real(2, 2)))],
    "lstm_step": [Parts(lambda a, b, c: steps.lstm_step(a, b, (None, c)), (real(2, 8), real(2, 8), real(2, 2)))],
    "rnn": [
        Parts(layer("RNN_TANH", (2, 2, 2)), operands("tanh", (2, 2, 2))),
        Parts(layer("RNN_RELU", (2, 1), reverse=True, bias=False), operands("relu", (2, 1), bias=False)),
    ],
    "gru": [
        Parts(layer("GRU", (2, 2, 2)), operands("gru", (2, 2, 2))),
        Parts(layer("GRU", (3, 2, 1), reverse=True, bias=False), operands("gru", (3, 2, 1), bias=False)),
    ],
    "lstm": [
        Parts(layer("LSTM", (2, 2, 2)), operands("lstm", (2, 2, 2))),
        Parts(layer("LSTM", (3, 2, 1), reverse=True, bias=False), operands("lstm", (3, 2, 1), bias=False)),
        Parts(layer("LSTM", (2, 2, 1), projection=True), operands("lstm", (2, 2, 1), projection=2)),
    ],
}
