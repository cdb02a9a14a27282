"""Samples of the identity."""

from __future__ import annotations

from .sample import Sample, real

SAMPLES: dict[str, list[Sample]] = {
    "identity": [
        Sample((real(2, 3),), value=lambda x: x, complex_step=True),
        Sample((real(4) + 1j * real(4)[::-1],), value=lambda x: x),
    ],
}
