"""Samples of the operations that ``nn`` defines: the affine map and the losses."""

from __future__ import annotations

import numpy as np

from .sample import Sample, real


def _cross_entropy(x, y):
    return np.mean([np.log(np.sum(np.exp(row))) - row[label] for row, label in zip(x, y, strict=True)])


def _logistic_loss(x, y):
    p = 1 / (1 + np.exp(-x))
    return -y * np.log(p) - (1 - y) * np.log(1 - p)


SAMPLES: dict[str, list[Sample]] = {
    "linear": [
        Sample((real(4, 3), real(2, 3), real(2)), value=lambda x, w, b: x @ w.T + b, complex_step=True),
        Sample((real(2, 4, 3), real(2, 3), real(2)), value=lambda x, w, b: np.einsum("ijk,lk->ijl", x, w) + b),
        Sample((real(3), real(2, 3), real(2)), value=lambda x, w, b: w @ x + b),
    ],
    "linear_no_bias": [
        Sample((real(4, 3), real(2, 3)), value=lambda x, w: x @ w.T, complex_step=True),
        Sample((real(2, 4, 3), real(2, 3)), value=lambda x, w: np.einsum("ijk,lk->ijl", x, w)),
        Sample((real(3), real(2, 3)), value=lambda x, w: w @ x),
    ],
    "mean_square_error": [
        Sample((real(3, 4), real(3, 4, low=0.5, high=3.0)), value=lambda x, y: ((x - y) ** 2).sum() / 12),
        Sample((np.float64(0.7), np.float64(-0.4)), value=lambda x, y: (x - y) ** 2),
    ],
    "logistic_loss": [
        Sample((real(3, 4), real(3, 4, low=0.05, high=0.95)), value=_logistic_loss),
        Sample((real(3, 4), np.arange(12).reshape(3, 4) % 2 * 1.0), value=_logistic_loss),
    ],
    "softmax_cross_entropy": [
        Sample((real(4, 3), np.array([2, 0, 1, 2])), value=_cross_entropy),
        Sample((real(1, 5), np.array([3])), value=_cross_entropy),
    ],
}
