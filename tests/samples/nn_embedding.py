"""Samples of embedding."""

from __future__ import annotations

import numpy as np

from .sample import Sample, real

IDS = np.array([[3, 0, 3], [1, 3, 4]])


def _sums(g, ids, count):
    total = np.zeros((count, g.shape[-1]))
    for place in np.ndindex(ids.shape):
        total[ids[place]] += g[place]
    return total


def _options(padding_idx=None, scale=False):
    return {"padding_idx": padding_idx, "scale_grad_by_freq": scale}


_rng = np.random.default_rng(8)
MANY = _rng.integers(0, 9, 200)
FEW = _rng.integers(0, 500, 200)
FREQUENCY = np.array([[3.0, 1.0, 3.0], [1.0, 3.0, 1.0]])

SAMPLES: dict[str, list[Sample]] = {
    "embedding": [
        Sample((real(5, 2), IDS), _options(), value=lambda w, i: w[i], complex_step=True),
        Sample((real(5, 3), np.array(2)), _options(), value=lambda w, i: w[2]),
        Sample((real(3, 2), np.zeros((0, 2), np.int64)), _options(), value=lambda w, i: np.zeros((0, 2, 2))),
        # Where no number occurs twice, and the padding not at all, gradients are plain.
        Sample((real(5, 2), np.array([3, 0, 1])), _options(4, True), value=lambda w, i: w[i]),
    ],
    "embedding_row_sums": [
        Sample((real(2, 3, 2), IDS), {"count": 5, **_options()}, value=lambda g, i: _sums(g, i, 5), complex_step=True),
        Sample((real(200, 3), MANY), {"count": 9, **_options()}, value=lambda g, i: _sums(g, i, 9)),
        Sample((real(200, 3), FEW), {"count": 500, **_options()}, value=lambda g, i: _sums(g, i, 500)),
        Sample((real(200, 330), MANY), {"count": 9, **_options()}, value=lambda g, i: _sums(g, i, 9)),
        Sample((real(4), np.array(1)), {"count": 2, **_options()}, value=lambda g, i: np.array([np.zeros(4), g])),
        Sample(
            (real(2, 3, 2), IDS),
            {"count": 5, **_options(0)},
            value=lambda g, i: _sums(g * (i != 0)[..., None], i, 5),
        ),
        Sample(
            (real(2, 3, 2), IDS),
            {"count": 5, **_options(1, True)},
            value=lambda g, i: _sums(g * (i != 1)[..., None] / FREQUENCY[..., None], i, 5),
        ),
    ],
    "embedding_factors": [
        Sample(
            (real(2, 3, 2), IDS),
            {"count": 5, **_options(1, True)},
            value=lambda g, i: ((i != 1) / FREQUENCY)[..., None],
        ),
        Sample(
            (real(2, 3, 2), IDS),
            {"count": 5, **_options(3)},
            value=lambda g, i: 1.0 * (i != 3)[..., None],
        ),
    ],
}
