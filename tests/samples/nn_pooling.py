"""Samples of pooling: max, average and fractional max pooling, and max unpooling."""

from __future__ import annotations

import itertools

import numpy as np

from nn import functional as F
from nn.pooling_windows import Adaptive, Sliding, counts, positions

from .parts import Parts
from .sample import Sample, real


def _windows(x, windows):
    """The places in the flattened plane that each window looks at, and the shape of the result."""
    axes = len(windows)
    plane = x.shape[x.ndim - axes :]
    places = []
    for chosen in itertools.product(*(positions(window) for window in windows)):
        inside = [[int(i) for i in row if i >= 0] for row in chosen]
        places.append([int(np.ravel_multi_index(entry, plane)) for entry in itertools.product(*inside)])
    return places, x.shape[: x.ndim - axes] + tuple(window.out for window in windows)


def _per_window(function):
    """A reference that calls ``function(entries, places)`` for the entries of each window."""

    def value(x, windows):
        places, shape = _windows(x, windows)
        flat = x.reshape(-1, int(np.prod(x.shape[x.ndim - len(windows) :])))
        return np.array([[function(row[place], place) for place in places] for row in flat]).reshape(shape)

    return value


_maximum = _per_window(lambda entries, places: entries.max())
_places = _per_window(lambda entries, places: places[int(entries.argmax())])


def _scattered(g, x, windows):
    total = np.zeros_like(x).reshape(-1, int(np.prod(x.shape[x.ndim - len(windows) :])))
    lead = len(total)
    for row, place, value in zip(total, _places(x, windows).reshape(lead, -1), g.reshape(lead, -1), strict=True):
        for where, v in zip(place, value, strict=True):
            row[where] += v
    return total.reshape(x.shape)


def _gathered(v, x, windows):
    lead = int(np.prod(x.shape[: x.ndim - len(windows)]))
    places = _places(x, windows)
    return np.take_along_axis(v.reshape(lead, -1), places.reshape(lead, -1), axis=1).reshape(places.shape)


def _average(x, windows, include_pad, divisor):
    sums = _per_window(lambda entries, places: entries.sum())(x, windows)
    sizes = np.ones(())
    for window in windows:
        sizes = np.multiply.outer(sizes, counts(window, include_pad))
    return sums / (sizes if divisor is None else divisor)


def _spread(g, windows, include_pad, divisor):
    shape = g.shape[: g.ndim - len(windows)] + tuple(window.length for window in windows)
    columns = []
    for i in range(int(np.prod(shape))):
        one = np.zeros(shape)
        one.reshape(-1)[i] = 1.0
        columns.append((_average(one, windows, include_pad, divisor) * g).sum())
    return np.array(columns).reshape(shape)


# length, outputs, kernel, stride, padding, dilation
PAIRS = (Sliding(4, 2, 2, 2, 0, 1), Sliding(6, 3, 2, 2, 0, 1))  # tile the input
OVERLAPPING = (Sliding(5, 3, 3, 2, 1, 1), Sliding(6, 3, 3, 2, 1, 1))
DILATED = (Sliding(7, 4, 2, 1, 0, 3), Sliding(4, 4, 1, 1, 0, 1))
CEILED = (Sliding(5, 3, 2, 2, 0, 1),)
PADDED = (Sliding(2, 2, 3, 2, 1, 1), Sliding(3, 4, 3, 1, 1, 1))  # in which no tap belongs to all windows
APART = (Sliding(7, 2, 2, 4, 0, 1),)
LONG = (Sliding(18, 2, 9, 9, 0, 1),)
WHOLE = (Sliding(3, 1, 3, 3, 0, 1), Sliding(4, 1, 4, 4, 0, 1))
UNEVEN = (Adaptive(5, 3), Adaptive(4, 3))
LONGER = (Adaptive(3, 5),)
CUBES = (Sliding(2, 1, 2, 2, 0, 1), Sliding(4, 2, 2, 2, 0, 1), Sliding(2, 1, 2, 2, 0, 1))
SINGLE = (Sliding(3, 3, 1, 1, 0, 1),)

CASES = [PAIRS, OVERLAPPING, DILATED, CEILED, PADDED, APART, LONG, WHOLE, UNEVEN, LONGER, CUBES, SINGLE]


def _plane(windows, *lead):
    return real(*lead, *(window.length for window in windows))


def _result(windows, *lead):
    rng = np.random.default_rng(3)
    return rng.standard_normal((*lead, *(window.out for window in windows)))


def _maxima(windows):
    x = _plane(windows, 2)
    return x, _maximum(x, windows)


def _averages():
    options = [(windows, True, None) for windows in CASES]
    options += [(OVERLAPPING, False, None), (CEILED, False, None), (PADDED, False, None), (PADDED, True, 5)]
    return [(windows, {"windows": windows, "include_pad": pad, "divisor": n}) for windows, pad, n in options]


SAMPLES: dict[str, list[Sample]] = {
    "max_pool": [Sample((_plane(w, 2),), {"windows": w}, value=lambda x, w=w: _maximum(x, w)) for w in CASES],
    "max_pool_scatter": [
        Sample((_result(w, 2), out, x), {"windows": w}, value=lambda g, out, x, w=w: _scattered(g, x, w), wrt=(0,))
        for w in CASES
        for x, out in [_maxima(w)]
    ],
    "max_pool_gather": [
        Sample((np.cos(x), out, x), {"windows": w}, value=lambda v, out, x, w=w: _gathered(v, x, w), wrt=(0,))
        for w in CASES
        for x, out in [_maxima(w)]
    ],
    "max_pool_indices": [Sample((_plane(w, 2),), {"windows": w}, value=lambda x, w=w: _places(x, w)) for w in CASES],
    "avg_pool": [
        Sample((_plane(w, 2),), options, value=lambda x, o=options: _average(x, **o), complex_step=True)
        for w, options in _averages()
    ],
    "avg_pool_spread": [
        Sample(
            (_result(w, 1),),
            options,
            value=lambda g, o=options: _spread(g, **o),
            complex_step=True,
        )
        for w, options in _averages()
    ],
    "fractional_max_pool": [
        Sample(
            (real(1, 2, 4, 5), np.array([[[0.3, 0.9], [0.1, 0.6]]])),
            {"kernel": (2, 2), "counts": (2, 3)},
            # The windows start at columns 0, 1, 3 of both channels, and at rows 0 and 2.
            value=lambda x, u: np.array(
                [[[x[0, c, i : i + 2, j : j + 2].max() for j in (0, 1, 3)] for i in (0, 2)] for c in (0, 1)]
            )[None],
        ),
        Sample(
            (real(2, 3, 2, 4), np.array([[[0.3, 0.9, 0.5], [0.6, 0.1, 0.0]]])),
            {"kernel": (1, 2, 2), "counts": (3, 1, 1)},
            value=lambda x, u: x[:, :, :, 2:].max(axis=(2, 3))[:, :, None, None],
        ),
    ],
    "fractional_max_pool_indices": [
        Sample(
            (real(1, 2, 4, 5), np.array([[[0.3, 0.9], [0.1, 0.6]]])),
            {"kernel": (1, 1), "counts": (2, 2)},
            value=lambda x, u: np.broadcast_to([[0, 4], [15, 19]], (1, 2, 2, 2)),
        )
    ],
    "max_unpool": [
        Sample(
            (real(2, 3), np.array([[0, 5, 2], [3, 1, 4]])),
            {"shape": (6,)},
            value=lambda x, i: np.array([[x[0, 0], 0, x[0, 2], 0, 0, x[0, 1]], [0, x[1, 1], 0, x[1, 0], x[1, 2], 0]]),
        ),
        Sample(
            (real(1, 2, 1, 1), np.array([3, 0]).reshape(1, 2, 1, 1)),
            {"shape": (2, 2)},
            value=lambda x, i: np.array([[[[0, 0], [0, x[0, 0, 0, 0]]], [[x[0, 1, 0, 0], 0], [0, 0]]]]),
        ),
    ],
}

PARTS: dict[str, list[Parts]] = {
    "max_pool": [
        Parts(lambda x: F.max_pool2d(x, 2), (real(2, 4, 6),)),
        Parts(lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True), (real(1, 2, 6, 5),)),
        Parts(lambda x: F.adaptive_max_pool1d(x, 3), (real(2, 4),)),
    ],
    "avg_pool": [
        Parts(lambda x: F.avg_pool2d(x, 2), (real(2, 4, 6),)),
        Parts(lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), (real(1, 2, 6, 5),)),
        Parts(lambda x: F.adaptive_avg_pool3d(x, (1, 2, 3)), (real(1, 2, 3, 4),)),
    ],
}
