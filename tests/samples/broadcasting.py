"""Samples of ``broadcast_to`` and ``sum_to``."""

from __future__ import annotations

import numpy as np

from .sample import Sample, real

SAMPLES: dict[str, list[Sample]] = {
    "broadcast_to": [
        Sample((real(3, 1),), {"shape": (2, 3, 4)}, value=lambda x: x + np.zeros((2, 3, 4)), complex_step=True),
        Sample((real(4),), {"shape": (4,)}, value=lambda x: x + np.zeros(4)),
        Sample((np.float64(0.7),), {"shape": (2, 2)}, value=lambda x: np.full((2, 2), x)),
        Sample((real(1, 3),), {"shape": (0, 3)}, value=lambda x: np.zeros((0, 3))),
        Sample((real(1, 3) + 1j * real(1, 3),), {"shape": (2, 3)}, value=lambda x: np.vstack([x, x])),
    ],
    "sum_to": [
        Sample((real(2, 3, 4),), {"shape": (3, 1)}, value=lambda x: x.sum((0, 2)).reshape(3, 1), complex_step=True),
        Sample((real(2, 3),), {"shape": ()}, value=lambda x: x.sum()),
        Sample((real(2, 3),), {"shape": (2, 3)}, value=lambda x: x),
        Sample((real(2, 1),), {"shape": (1,)}, value=lambda x: x.sum(0)),
        Sample((real(2, 3) + 1j * real(2, 3),), {"shape": (3,)}, value=lambda x: x.sum(0)),
    ],
}
