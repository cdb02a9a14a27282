"""Samples of interpolation."""

from __future__ import annotations

import numpy as np

from nn import functional as F
from nn.resampling import Axis, table

from .parts import Parts
from .sample import Sample, real


def _linear(row, out, scale=None, corners=False):
    """Linear interpolation of one row as it is defined, entry by entry."""
    n = len(row)
    result = []
    for i in range(out):
        place = i * (n - 1) / max(out - 1, 1) if corners else (i + 0.5) * (1 / scale if scale else n / out) - 0.5
        result.append(np.interp(place, np.arange(n), row))
    return np.array(result)


def _matrix(axes, x):
    """The whole map as a matrix per axis, applied with einsum."""
    for behind, axis in enumerate(reversed(axes)):
        at = x.ndim - 1 - behind
        x = np.moveaxis(np.einsum("oi,...i->...o", table(axis).matrix(), np.moveaxis(x, at, -1)), -1, at)
    return x


def _transposed(axes, g):
    for behind, axis in enumerate(reversed(axes)):
        at = g.ndim - 1 - behind
        g = np.moveaxis(np.einsum("oi,...o->...i", table(axis).matrix(), np.moveaxis(g, at, -1)), -1, at)
    return g


# kind, length, out, scale, align_corners, antialias, single
NEAREST = Axis("nearest", 3, 6, None, False, False, False)
UNEVEN = Axis("nearest", 3, 5, None, False, False, False)
FEWER = Axis("nearest-exact", 5, 3, None, False, False, False)
LINEAR = Axis("linear", 4, 7, None, False, False, False)
CORNERS = Axis("linear", 4, 6, None, True, False, False)
CUBIC = Axis("cubic", 4, 7, None, False, False, False)
STRETCHED = Axis("cubic", 9, 4, None, False, True, False)
LANCZOS = Axis("lanczos", 8, 5, None, False, True, False)
SAME = Axis("linear", 4, 4, None, False, False, False)
LONG = Axis("linear", 200, 6, None, False, False, False)  # too long for a product with the whole matrix

CASES = [
    (NEAREST, UNEVEN),
    (FEWER,),
    (LINEAR, CORNERS),
    (CUBIC, LINEAR, NEAREST),
    (STRETCHED, SAME),
    (LANCZOS,),
    (SAME,),
    (LONG,),
]


def _sample(axes, transposed, value):
    shape = (2, *(axis.out if transposed else axis.length for axis in axes))
    return Sample((real(*shape),), {"axes": axes}, value=value, complex_step=True)


SAMPLES: dict[str, list[Sample]] = {
    "interpolate": [
        _sample((NEAREST,), False, lambda x: np.repeat(x, 2, axis=1)),
        _sample((UNEVEN,), False, lambda x: x[:, [0, 0, 1, 1, 2]]),
        _sample((FEWER,), False, lambda x: x[:, [0, 2, 4]]),
        _sample((LINEAR,), False, lambda x: np.array([_linear(row, 7) for row in x])),
        _sample((CORNERS,), False, lambda x: np.array([_linear(row, 6, corners=True) for row in x])),
        *(_sample(axes, False, lambda x, axes=axes: _matrix(axes, x)) for axes in CASES),
    ],
    "interpolate_transposed": [
        _sample((NEAREST,), True, lambda g: g[:, 0::2] + g[:, 1::2]),
        *(_sample(axes, True, lambda g, axes=axes: _transposed(axes, g)) for axes in CASES),
    ],
}

PARTS: dict[str, list[Parts]] = {
    "interpolate": [
        Parts(lambda x: F.interpolate(x, scale_factor=2), (real(1, 2, 3),)),
        Parts(lambda x: F.interpolate(x, size=(5, 3), mode="bilinear"), (real(1, 2, 3, 4),)),
        Parts(lambda x: F.interpolate(x, size=(2, 7), mode="bicubic", antialias=True), (real(1, 1, 5, 4),)),
    ],
}
