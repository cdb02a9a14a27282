"""Samples of reductions, statistics, running reductions, counts and differences."""

from __future__ import annotations

import numpy as np

from .sample import Sample, real

NAN = np.nan

A = real(3, 4)
B = real(2, 3, 4)
ZERO = np.array([[1.5, 0.0, -0.7, 1.2], [0.0, 0.6, 0.0, 2.0], [1.1, -0.8, 1.3, 0.9]])
HOLES = np.array([[1.5, NAN, -0.7, 1.2], [NAN, 0.6, 2.1, -1.4], [1.1, -0.8, 1.3, 0.9]])
COMPLEX = real(3, 4) + 1j * real(3, 4)[::-1]
NUMBER = np.float64(1.3)
AXES = (
    {"axis": None, "keepdims": False},
    {"axis": 0, "keepdims": False},
    {"axis": -1, "keepdims": True},
    {"axis": (0, 2), "keepdims": False},
    {"axis": (), "keepdims": False},
)


def each_axis(function, **options):
    """The axes above with and without keepdims, and a number."""
    samples = [
        Sample((B,), attributes, value=lambda x, attributes=attributes: function(x, **attributes), **options)
        for attributes in AXES
    ]
    return [*samples, Sample((NUMBER,), AXES[0], value=lambda x: function(x, **AXES[0]), **options)]


def loops(function):
    """``function`` of a vector, applied to every vector along an axis in a Python loop."""

    def apply(x, axis):
        moved = np.moveaxis(x, axis, -1)
        rows = [function(row) for row in moved.reshape(-1, moved.shape[-1])]
        return np.moveaxis(np.array(rows).reshape(moved.shape[:-1] + np.shape(rows[0])), -1, axis)

    return apply


def running(function):
    return loops(lambda row: np.array([function(row[: i + 1]) for i in range(len(row))]))


def recurrence(a, b):
    h, values = 0.0, []
    for factor, term in zip(a, b, strict=True):
        h = factor * h + term
        values.append(h)
    return np.array(values)


def mean_by_hand(x, axis, keepdims):
    return np.sum(x, axis=axis, keepdims=keepdims) / (x.size / np.sum(x, axis=axis).size)


def var_by_hand(x, axis, ddof=0.0, keepdims=False):
    count = x.size / np.sum(x, axis=axis).size
    return np.sum(abs(x - mean_by_hand(x, axis, True)) ** 2, axis=axis, keepdims=keepdims) / (count - ddof)


def rank_by_hand(row):
    return np.array([float(np.sum(row < x)) for x in row])


def quantile_by_hand(x, q):
    x = np.sort(np.ravel(x)[~np.isnan(np.ravel(x))])
    place = q * (len(x) - 1)
    low = int(np.floor(place))
    return x[low] + (place - low) * (x[min(low + 1, len(x) - 1)] - x[low])


METHODS = (
    "lower",
    "higher",
    "midpoint",
    "nearest",
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "median_unbiased",
    "normal_unbiased",
)


def quantiles(name):
    function = getattr(np, name)
    samples = [
        Sample((A,), {"q": 0.3, **attributes}, value=lambda x, a=attributes: function(x, 0.3, **a))
        for attributes in (
            {"axis": None, "keepdims": False, "method": "linear"},
            {"axis": 1, "keepdims": True, "method": "linear"},
            {"axis": (0, 1), "keepdims": False, "method": "linear"},
        )
    ]
    samples += [
        Sample((A,), {"q": (0.1, 0.5, 0.85), "axis": axis, "keepdims": False, "method": "linear"}) for axis in (None, 0)
    ]
    samples += [
        Sample(
            (A,),
            {"q": 0.4, "axis": 1, "keepdims": False, "method": method},
            value=lambda x, m=method: function(x, 0.4, axis=1, method=m),
        )
        for method in METHODS
    ]
    by_hand = Sample((A,), {"q": 0.37, "axis": None, "keepdims": False}, value=lambda x: quantile_by_hand(x, 0.37))
    return [*samples, by_hand]


def spreads(name, value):
    """Variances or standard deviations."""
    return [
        *each_axis_with_ddof(value),
        Sample((COMPLEX,), {"axis": 1, "ddof": 0, "keepdims": False}, value=lambda x: value(x, 1, 0)),
        Sample((HOLES[2],), {"axis": None, "ddof": 1.5, "keepdims": False}, value=lambda x: value(x, None, 1.5)),
    ]


def each_axis_with_ddof(value):
    return [
        Sample(
            (B,),
            {**attributes, "ddof": ddof},
            value=lambda x, a=attributes, ddof=ddof: value(x, a["axis"], ddof, a["keepdims"]),
        )
        for attributes, ddof in zip(AXES[:4], (0, 1, 0.5, 1), strict=True)
    ]


def with_holes(name, **attributes):
    function = getattr(np, name)
    return [
        Sample((HOLES,), {**each, **attributes}, value=lambda x, e=each: function(x, **e, **attributes))
        for each in (AXES[0], AXES[1], AXES[2])
    ]


def running_extreme(x, largest):
    values = [[row[: i + 1] for i in range(len(row))] for row in x]
    pick = (lambda part: part[::-1].argmax()) if largest else (lambda part: part[::-1].argmin())
    return np.array([[len(part) - 1 - pick(part) for part in parts] for parts in values])


SAMPLES: dict[str, list[Sample]] = {
    "sum": [
        *each_axis(np.sum, complex_step=True),
        Sample((COMPLEX,), {"axis": 1, "keepdims": False}, value=lambda x: x @ np.ones(4)),
        Sample((np.arange(6).reshape(2, 3),), {"axis": 0, "keepdims": False}, value=lambda x: x[0] + x[1]),
    ],
    "mean": [
        *each_axis(mean_by_hand, complex_step=True),
    ],
    "prod": [
        *each_axis(np.prod, complex_step=True),
        Sample((ZERO,), {"axis": 1, "keepdims": False}, value=lambda x: np.prod(x, axis=1)),
        Sample((ZERO,), {"axis": (1, 0), "keepdims": True}, value=lambda x: np.prod(x, keepdims=True)),
        Sample((ZERO[1],), {"axis": None, "keepdims": False}, value=np.prod),
    ],
    "max": [
        *each_axis(np.max),
        Sample((A,), {"axis": 1, "keepdims": False, "initial": 0.5}, value=lambda x: np.max(x, axis=1, initial=0.5)),
    ],
    "min": [
        *each_axis(np.min),
        Sample((A,), {"axis": 1, "keepdims": False, "initial": -0.5}, value=lambda x: np.min(x, axis=1, initial=-0.5)),
    ],
    "all": each_axis(np.all),
    "any": each_axis(np.any),
    "count_nonzero": [
        Sample((ZERO,), attributes, value=lambda x, a=attributes: np.sum(x != 0, **a)) for attributes in AXES[:3]
    ],
    "argmax": [
        Sample((A,), {"axis": 1, "keepdims": True}, value=lambda x: np.argsort(x, axis=1)[:, -1:]),
        Sample((A,), {"axis": None, "keepdims": False}, value=lambda x: np.argsort(x, axis=None)[-1]),
    ],
    "argmin": [
        Sample((A,), {"axis": 1, "keepdims": True}, value=lambda x: np.argsort(x, axis=1)[:, :1]),
        Sample((A,), {"axis": None, "keepdims": False}, value=lambda x: np.argsort(x, axis=None)[0]),
    ],
    "nanargmax": [Sample((HOLES,), {"axis": 1}, value=lambda x: np.argmax(np.nan_to_num(x, nan=-9), axis=1))],
    "nanargmin": [Sample((HOLES,), {"axis": 0}, value=lambda x: np.argmin(np.nan_to_num(x, nan=9), axis=0))],
    "var": spreads("var", var_by_hand),
    "std": spreads("std", lambda *arguments: np.sqrt(var_by_hand(*arguments))),
    "nanvar": [*with_holes("nanvar", ddof=0), *each_axis_with_ddof(var_by_hand)],
    "nanstd": [
        *with_holes("nanstd", ddof=1),
        *each_axis_with_ddof(lambda *arguments: np.sqrt(var_by_hand(*arguments))),
    ],
    "nanmax": [*with_holes("nanmax"), *each_axis(np.max)[:4]],
    "nanmin": [*with_holes("nanmin"), *each_axis(np.min)[:4]],
    "median": [
        *each_axis(np.median)[:3],
        Sample((B,), AXES[3], value=lambda x: np.median(x, axis=(0, 2))),
        Sample((real(5),), AXES[0], value=lambda x: np.sort(x)[2]),
        Sample((real(6),), AXES[0], value=lambda x: (np.sort(x)[2] + np.sort(x)[3]) / 2),
    ],
    "nanmedian": [*with_holes("nanmedian"), Sample((A,), {"axis": (0, 1), "keepdims": False}, value=np.median)],
    "quantile": quantiles("quantile"),
    "nanquantile": [
        *quantiles("nanquantile"),
        *with_holes("nanquantile", q=0.3, method="linear"),
        *with_holes("nanquantile", q=0.6, method="weibull"),
        Sample((HOLES,), {"q": 0.37, "axis": None, "keepdims": False}, value=lambda x: quantile_by_hand(x, 0.37)),
    ],
    "ranks": [
        Sample((A,), {"axis": 1}, value=lambda x: loops(rank_by_hand)(x, 1)),
        Sample((A,), {"axis": (1, 0)}, value=lambda x: rank_by_hand(x.ravel()).reshape(x.shape)),
    ],
    "cumsum": [
        Sample((B,), {"axis": 1}, value=lambda x: running(np.sum)(x, 1), complex_step=True),
        Sample((B,), {"axis": 2}, value=lambda x: running(np.sum)(x, 2), complex_step=True),
        Sample((A,), {"axis": 0, "reverse": True}, value=lambda x: running(np.sum)(x[::-1], 0)[::-1]),
    ],
    "cumprod": [
        Sample((B,), {"axis": 1}, value=lambda x: running(np.prod)(x, 1), complex_step=True),
        Sample((A,), {"axis": 1}, value=lambda x: running(np.prod)(x, 1), complex_step=True),
        Sample((ZERO,), {"axis": 1}, value=lambda x: running(np.prod)(x, 1), complex_step=True),
        Sample((ZERO,), {"axis": 0}, value=lambda x: running(np.prod)(x, 0)),
    ],
    "linear_recurrence": [
        Sample((real(5), real(5)[::-1]), {"axis": 0}, value=recurrence, complex_step=True),
        Sample((real(1), real(1)), {"axis": 0}, value=recurrence),
        Sample((ZERO[0], A[0]), {"axis": 0, "reverse": True}, value=lambda a, b: recurrence(a[::-1], b[::-1])[::-1]),
        Sample(
            (A, ZERO), {"axis": 1}, value=lambda a, b: np.array([recurrence(*rows) for rows in zip(a, b, strict=True)])
        ),
        Sample((A, ZERO), {"axis": 0, "reverse": True}),
    ],
    "running_extreme_index": [
        Sample((A,), {"axis": 1, "largest": True}, value=lambda x: running_extreme(x, True)),
        Sample((A,), {"axis": 1, "largest": False}, value=lambda x: running_extreme(x, False)),
        Sample((np.round(A),), {"axis": 1, "largest": True}, value=lambda x: running_extreme(x, True)),
    ],
    "logcumsumexp": [
        Sample((B,), {"axis": 1}, value=lambda x: running(lambda part: np.log(np.sum(np.exp(part))))(x, 1)),
        Sample((A,), {"axis": 1}, value=lambda x: running(lambda part: np.log(np.sum(np.exp(part))))(x, 1)),
    ],
    "diff": [
        Sample((B,), {"axis": 1}, value=lambda x: x[:, 1:] - x[:, :-1], complex_step=True),
        Sample((real(5),), {"axis": 0}, value=lambda x: x[1:] - x[:-1]),
        Sample((real(1),), {"axis": 0}, value=lambda x: x[:0]),
    ],
    "bincount": [
        Sample((np.array([0, 2, 2, 5]), real(4)), {}, value=lambda x, w: np.array([w[0], 0, w[1] + w[2], 0, 0, w[3]])),
        Sample((np.array([0, 2, 2]), None), {"minlength": 5}, value=lambda x, w: np.array([1, 0, 2, 0, 0])),
    ],
    "histogram_bin_edges": [
        Sample((A, 3), {}, value=lambda x, bins: np.linspace(x.min(), x.max(), 4)),
        Sample((A, 2), {"range": (0.0, 3.0)}, value=lambda x, bins: np.array([0.0, 1.5, 3.0])),
        Sample((A, np.array([0.5, 1.0, 2.0])), {}, value=lambda x, bins: bins),
    ],
    "bin_numbers": [
        Sample(
            (np.array([-1.0, 0.0, 0.5, 1.0, 2.5, 3.0, 4.0, NAN]), np.array([0.0, 1.0, 3.0])),
            {},
            value=lambda x, edges: np.array([2, 0, 0, 1, 1, 1, 2, 2]),
        )
    ],
}
