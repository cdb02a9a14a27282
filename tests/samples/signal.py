"""Samples of convolution and interpolation."""

from __future__ import annotations

import numpy as np

from .sample import Sample, real


def convolved(x, y, mode):
    """The convolution as its definition says, then the part that ``mode`` keeps."""
    full = np.zeros(len(x) + len(y) - 1, np.result_type(x, y))
    for i, a in enumerate(x):
        for j, b in enumerate(y):
            full[i + j] += a * b
    short, long = sorted((len(x), len(y)))
    if mode == "full":
        return full
    if mode == "valid":
        return full[short - 1 : long]
    start = (short - 1) // 2
    return full[start : start + long]


LENGTHS = [(6, 3), (3, 6), (5, 4), (4, 5), (4, 4), (1, 3), (2, 1), (7, 2)]
XP = np.array([-1.5, -0.4, 0.3, 1.7])
FP = np.array([2.0, -1.0, 0.5, 3.0])
INSIDE = np.array([[-1.2, 1.1, 0.05], [-0.9, 1.65, -0.1]])
OUTSIDE = np.array([-7.0, -0.7, 0.9, 4.0])


def interpolated(x, xp, fp):
    """Piecewise linear interpolation of one point after the other."""
    values = []
    for point in np.ravel(x):
        if point <= xp[0] or point >= xp[-1]:
            values.append(fp[0] if point <= xp[0] else fp[-1])
            continue
        i = max(k for k in range(len(xp) - 1) if xp[k] <= point)
        share = (point - xp[i]) / (xp[i + 1] - xp[i])
        values.append((1 - share) * fp[i] + share * fp[i + 1])
    return np.reshape(values, np.shape(x))


SAMPLES: dict[str, list[Sample]] = {
    "convolve": [
        *(
            Sample(
                (real(m), real(n, low=0.1, high=1.9)),
                {"mode": mode},
                value=lambda x, y, mode=mode: convolved(x, y, mode),
                complex_step=True,
            )
            for m, n in LENGTHS
            for mode in ("full", "same", "valid")
        ),
        Sample((real(4) + 1j * real(4)[::-1], real(3)), {"mode": "same"}, value=lambda x, y: convolved(x, y, "same")),
    ],
    "interp": [
        Sample((INSIDE, XP, FP), value=interpolated),
        Sample((OUTSIDE, XP, FP), value=interpolated),
        Sample((np.float64(0.9), XP, FP), value=interpolated),
        Sample((OUTSIDE, XP, FP + 1j * FP[::-1]), value=interpolated),
        Sample((OUTSIDE, XP[:1], FP[:1]), value=lambda x, xp, fp: np.full(4, fp[0])),
    ],
}
