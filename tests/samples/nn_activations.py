"""Samples of the units of ``nn``, and how each is written out in its parts."""

from __future__ import annotations

import math

import numpy as np
import scipy.special

from nn import functional as F

from .parts import Parts
from .sample import Sample, real

_X = real(3, 4, low=-4.0, high=4.0)
_LINE = np.array([-7.5, -3.2, -1.3, -0.4, 0.3, 0.8, 1.6, 2.9, 3.3, 6.4])


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _unit(x, right=1.0, left=1.0, rate=1.0):
    return np.array([right * v if v > 0 else left * (math.exp(rate * v) - 1) for v in x.flat]).reshape(x.shape)


def _glu(x, axis):
    a, b = np.split(x, 2, axis=axis)
    return a * _sigmoid(b)


def _bells(x, c, eps):
    distance = np.sqrt(((x[..., None, :] - c) ** 2).sum(axis=-1))
    return np.exp(-((eps * distance) ** 2))


SAMPLES: dict[str, list[Sample]] = {
    "negative_part": [Sample((_X,), value=lambda x: np.where(x < 0, x, 0))],
    "leaky_relu": [
        Sample((_X, 0.1), value=lambda x, a: np.where(x > 0, x, a * x)),
        Sample((_X, -1.0), value=lambda x, a: np.abs(x)),
        Sample((_X, real(4)), value=lambda x, a: np.where(x > 0, x, a * x)),
    ],
    "hardtanh": [
        Sample((_LINE, -1.0, 2.0), value=lambda x, low, high: np.clip(x, low, high)),
        Sample((_LINE, 0.0, 6.0), value=lambda x, low, high: np.clip(x, low, high)),
    ],
    "threshold": [Sample((_LINE, 0.5, -3.0), value=lambda x, t, v: np.array([a if a > t else v for a in x]))],
    "elu": [Sample((_X, alpha), value=lambda x, a: _unit(x, left=a)) for alpha in (1.0, 0.7)],
    "celu": [Sample((_X, alpha), value=lambda x, a: _unit(x, left=a, rate=1 / a)) for alpha in (1.0, 0.7, 2.0)],
    "selu": [Sample((_X,), value=lambda x: 1.0507009873554805 * _unit(x, left=1.6732632423543772))],
    "hardsigmoid": [Sample((_LINE,), value=lambda x: np.clip(x / 6 + 0.5, 0, 1))],
    "softsign": [Sample((_X,), value=lambda x: x / (1 + np.sqrt(x * x)))],
    "scaled_softplus": [
        Sample((_X, 1.0, 20.0), value=lambda x, b, t: np.log(1 + np.exp(x))),
        Sample((_X, 2.5, 4.0), value=lambda x, b, t: np.where(b * x > t, x, np.log(1 + np.exp(b * x)) / b)),
    ],
    "gelu": [Sample((_X,), value=lambda x: x * 0.5 * (1 + scipy.special.erf(x / math.sqrt(2))))],
    "gelu_tanh": [
        Sample((_X,), value=lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))
    ],
    "silu": [Sample((_X,), value=lambda x: x * _sigmoid(x))],
    "mish": [Sample((_X,), value=lambda x: x * np.tanh(np.log(1 + np.exp(x))))],
    "hardswish": [Sample((_LINE,), value=lambda x: x * np.clip(x / 6 + 0.5, 0, 1))],
    "glu": [
        Sample((real(3, 4),), {"dim": 1}, value=lambda x: _glu(x, 1)),
        Sample((real(2, 4, 3),), {"dim": 1}, value=lambda x: _glu(x, 1)),
        Sample((real(6),), {"dim": 0}, value=lambda x: _glu(x, 0)),
    ],
    "hardshrink": [Sample((_LINE, 0.5), value=lambda x, t: np.array([a if abs(a) > t else 0 for a in x]))],
    "softshrink": [Sample((_LINE, 0.5), value=lambda x, t: np.sign(x) * np.maximum(np.abs(x) - t, 0))],
    "tanhshrink": [Sample((_X,), value=lambda x: x - np.tanh(x), complex_step=True)],
    "raise_to": [Sample((real(3, 4, low=0.5), 0.25), value=lambda x, least: np.fmax(x, least))],
    "radial_basis": [
        Sample((real(4, 2), real(3, 2), real(3, low=0.2, high=0.9)), value=_bells),
        Sample((real(2, 2, 3), real(2, 3), real(1, low=0.2, high=0.9)), value=_bells),
        Sample((real(3), real(2, 3), real(2, low=0.2, high=0.9)), value=_bells),
    ],
}


def _parts(function, *inputs, order=2):
    return [Parts(function, inputs or (_X,), order)]


PARTS: dict[str, list[Parts]] = {
    "leaky_relu": [*_parts(lambda x: F.leaky_relu(x, 0.1)), *_parts(F.prelu, _X, real(4))],
    "hardtanh": [*_parts(F.hardtanh, _LINE), *_parts(F.relu6, _LINE)],
    "threshold": _parts(lambda x: F.threshold(x, 0.5, -3.0), _LINE),
    "elu": _parts(lambda x: F.elu(x, 0.7)),
    "celu": _parts(lambda x: F.celu(x, 0.7)),
    "selu": _parts(F.selu),
    "hardsigmoid": _parts(F.hardsigmoid, _LINE),
    "softsign": _parts(F.softsign),
    "scaled_softplus": [*_parts(F.softplus), *_parts(lambda x: F.softplus(x, 2.5, 4.0))],
    "gelu": _parts(F.gelu),
    "gelu_tanh": _parts(lambda x: F.gelu(x, approximate="tanh")),
    "silu": _parts(F.silu),
    "mish": _parts(F.mish),
    "hardswish": _parts(F.hardswish, _LINE),
    "glu": _parts(F.glu),
    "hardshrink": _parts(F.hardshrink, _LINE),
    "softshrink": _parts(F.softshrink, _LINE),
    "tanhshrink": _parts(F.tanhshrink),
    "radial_basis": _parts(F.radial_basis, real(4, 2), real(3, 2), real(3, low=0.2, high=0.9)),
}
