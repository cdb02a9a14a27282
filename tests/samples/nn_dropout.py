"""Samples of dropout with a given mask."""

from __future__ import annotations

import numpy as np

from .sample import Sample, real

MASK = np.array([[True, False, True, True], [False, False, True, False], [True, True, False, True]])

SAMPLES: dict[str, list[Sample]] = {
    "dropout": [
        Sample((real(3, 4), MASK, 2.0), value=lambda x, mask, scale: 2.0 * x * mask, complex_step=True),
        Sample((real(3, 4), MASK[:, :1], 1.25), value=lambda x, mask, scale: 1.25 * x * mask),
        Sample((np.float64(0.7), np.True_, 2.0), value=lambda x, mask, scale: 1.4),
    ],
}
