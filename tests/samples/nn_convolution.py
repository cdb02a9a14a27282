"""Samples of convolution, transposed convolution, the gradient of the weight, unfold and fold."""

from __future__ import annotations

import itertools

import numpy as np

from nn import functional as F
from nn.functional.windows import Steps, from_rows, to_rows

from .parts import Parts
from .sample import Sample, real


def _padded(x, padding):
    return np.pad(x, ((0, 0), (0, 0), *padding))


def _window(x, place, kernel, stride, dilation):
    """The padded input under the kernel at one place of the output."""
    spots = zip(place, kernel, stride, dilation, strict=True)
    return x[(slice(None), slice(None), *(slice(s * p, s * p + d * (k - 1) + 1, d) for p, k, s, d in spots))]


def _places(lengths, kernel, stride, dilation):
    counts = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(lengths, kernel, stride, dilation, strict=True)]
    return counts, itertools.product(*map(range, counts))


def _reference(stride, padding, dilation, groups):
    """Convolution, window by window and group by group."""

    def conv(x, w, bias=None):
        x = _padded(x, padding)
        kernel = w.shape[2:]
        counts, places = _places(x.shape[2:], kernel, stride, dilation)
        y = np.zeros((x.shape[0], w.shape[0], *counts), np.result_type(x, w))
        share, out = w.shape[1], w.shape[0] // groups
        for place in places:
            window = _window(x, place, kernel, stride, dilation)
            for group in range(groups):
                mine = window[:, group * share : (group + 1) * share].reshape(len(x), -1)
                rows = slice(group * out, (group + 1) * out)
                y[(slice(None), rows, *place)] = mine @ w[rows].reshape(out, -1).T
        return y if bias is None else y + bias.reshape(-1, *(1 for _ in kernel))

    return conv


def _matrix_of(function, shape):
    """The matrix of a linear function of arrays of ``shape``."""
    size = int(np.prod(shape))
    return np.stack([function(column.reshape(shape)).ravel() for column in np.eye(size)], axis=1)


def _transposed_reference(size, groups, **steps):
    """The transposed matrix of the convolution, as a function of its input."""

    def transposed(g, w, bias=None):
        shape = (len(g), w.shape[1] * groups, *size)
        conv = _reference(groups=groups, **steps)
        u = (_matrix_of(lambda x: conv(x, w), shape).T @ g.ravel()).reshape(shape)
        return u if bias is None else u + bias.reshape(-1, *(1 for _ in size))

    return transposed


def _weight_reference(kernel, groups, **steps):
    """The transposed matrix of the convolution, as a function of its weight."""

    def weight(g, x):
        shape = (g.shape[1], x.shape[1] // groups, *kernel)
        conv = _reference(groups=groups, **steps)
        return (_matrix_of(lambda w: conv(x, w), shape).T @ g.ravel()).reshape(shape)

    return weight


def _steps(stride, padding, dilation, groups=1):
    return {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


# shape of x, shape of w, attributes: few entries, since derivatives are checked one by one.
_USES = [
    ((2, 2, 4, 4), (3, 2, 2, 2), _steps((1, 1), ((0, 0), (0, 0)), (1, 1))),
    ((2, 1, 4, 3), (2, 1, 3, 2), _steps((1, 1), ((1, 1), (0, 1)), (1, 1))),
    ((1, 2, 5, 4), (1, 2, 3, 2), _steps((2, 3), ((1, 1), (1, 0)), (1, 1))),
    ((2, 2, 5, 5), (2, 2, 2, 3), _steps((1, 1), ((1, 0), (2, 2)), (2, 2))),
    ((1, 1, 6, 5), (2, 1, 2, 2), _steps((3, 2), ((0, 0), (1, 1)), (2, 1))),
    ((2, 4, 3, 3), (2, 2, 2, 2), _steps((1, 1), ((0, 0), (1, 1)), (1, 1), 2)),
    ((1, 3, 4, 3), (3, 1, 2, 3), _steps((2, 1), ((1, 1), (1, 1)), (1, 1), 3)),
    ((2, 3, 2, 2), (2, 3, 1, 1), _steps((1, 1), ((0, 0), (0, 0)), (1, 1))),
    ((1, 2, 4, 4), (2, 2, 1, 1), _steps((2, 2), ((0, 0), (0, 0)), (1, 1))),
    ((1, 1, 3, 3), (2, 1, 1, 1), _steps((1, 2), ((3, 3), (2, 2)), (1, 1))),
    ((1, 1, 2, 2), (5, 1, 2, 2), _steps((1, 1), ((0, 0), (0, 0)), (1, 1))),  # more channels than columns
    ((2, 2, 6), (3, 2, 3), _steps((1,), ((1, 1),), (1,))),
    ((1, 2, 7), (2, 1, 2), _steps((2,), ((0, 1),), (3,), 2)),
    ((1, 2, 3, 2, 3), (2, 2, 2, 2, 2), _steps((1, 1, 1), ((0, 0), (1, 0), (0, 1)), (1, 1, 1))),
    ((1, 1, 4, 3, 3), (2, 1, 2, 1, 2), _steps((2, 1, 2), ((1, 1), (0, 0), (1, 1)), (1, 1, 2))),
]


def _outputs(x, w, steps):
    return _reference(**steps)(np.zeros(x), np.zeros(w)).shape


def _samples(count, make):
    return [make(x, w, steps, complex_step=number == 0) for number, (x, w, steps) in enumerate(_USES[:count])]


def _convolution(bias):
    def make(x, w, steps, **options):
        inputs = (real(*x), real(*w, low=-1.5, high=1.8), real(w[0], low=-1.0, high=3.0))[: 3 if bias else 2]
        return Sample(inputs, steps, value=_reference(**steps), **options)

    return make


def _transposed(bias):
    def make(x, w, steps, **options):
        channels = w[1] * steps["groups"]
        g = real(*_outputs(x, w, steps))
        inputs = (g, real(*w, low=-1.5, high=1.8), real(channels, low=-1.0, high=3.0))[: 3 if bias else 2]
        attributes = {"size": x[2:], **steps}
        return Sample(inputs, attributes, value=_transposed_reference(**attributes), **options)

    return make


def _weight(x, w, steps, **options):
    attributes = {"kernel": w[2:], **steps}
    inputs = (real(*_outputs(x, w, steps)), real(*x, low=-1.5, high=1.8))
    return Sample(inputs, attributes, value=_weight_reference(**attributes), **options)


def _unfold_reference(steps):
    def unfold(x):
        x = _padded(x, steps.padding)
        _, places = _places(x.shape[2:], steps.kernel, steps.stride, steps.dilation)
        columns = [
            _window(x, place, steps.kernel, steps.stride, steps.dilation).reshape(len(x), -1) for place in places
        ]
        return np.stack(columns, axis=-1)

    return unfold


def _fold_reference(size, steps):
    def fold(windows):
        shape = (len(windows), windows.shape[1] // int(np.prod(steps.kernel)), *size)
        return (_matrix_of(_unfold_reference(steps), shape).T @ windows.ravel()).reshape(shape)

    return fold


_FOLDS = [
    ((2, 2, 3, 4), Steps((2, 2), (1, 1), ((0, 0), (0, 0)), (1, 1))),
    ((1, 2, 5, 4), Steps((2, 3), (2, 1), ((1, 1), (1, 1)), (1, 2))),
    ((1, 1, 2, 2), Steps((1, 2), (3, 3), ((1, 1), (2, 2)), (1, 1))),
]


def _folded(x, steps):
    return Sample(
        (real(*_unfold_reference(steps)(np.zeros(x)).shape),),
        {"size": x[2:], "steps": steps},
        value=_fold_reference(x[2:], steps),
        complex_step=True,
    )


SAMPLES: dict[str, list[Sample]] = {
    "convolution": _samples(99, _convolution(bias=True)),
    "convolution_no_bias": _samples(99, _convolution(bias=False)),
    "transposed_convolution": _samples(6, _transposed(bias=True)),
    "transposed_convolution_no_bias": _samples(99, _transposed(bias=False)),
    "convolution_weight": _samples(99, _weight),
    "channel_sums": [
        Sample((real(2, 3, 4, 2),), value=lambda g: g.sum(axis=(0, 2, 3)), complex_step=True),
        Sample((from_rows(np.ascontiguousarray(to_rows(real(2, 3, 4, 2)))),), value=lambda g: g.sum(axis=(0, 2, 3))),
        Sample((real(2, 3, 4),), value=lambda g: g.sum(axis=(0, 2))),
    ],
    "unfold": [
        Sample((real(*x),), {"steps": steps}, value=_unfold_reference(steps), complex_step=True) for x, steps in _FOLDS
    ],
    "fold": [_folded(x, steps) for x, steps in _FOLDS],
}


def _parts(*shapes, function, **arguments):
    return Parts(lambda *inputs: function(*inputs, **arguments), tuple(real(*shape) for shape in shapes))


_CONVOLUTIONS = [
    {"stride": 2, "padding": 1, "function": F.conv2d},
    {"dilation": (1, 2), "padding": "same", "function": F.conv2d},
]
_TRANSPOSED = [
    {"stride": 2, "padding": 1, "output_padding": (1, 0), "function": F.conv_transpose2d},
    {"dilation": (2, 1), "padding": (3, 0), "function": F.conv_transpose2d},
]

PARTS: dict[str, list[Parts]] = {
    "convolution": [
        *(_parts((2, 2, 4, 4), (4, 2, 3, 2), (4,), **use) for use in _CONVOLUTIONS),
        _parts((2, 4, 5), (2, 2, 3), (2,), function=F.conv1d, groups=2),
        _parts((1, 1, 3, 3, 3), (1, 1, 2, 2, 2), (1,), function=F.conv3d),
    ],
    "convolution_no_bias": [
        *(_parts((2, 2, 4, 4), (2, 2, 2, 3), **use) for use in _CONVOLUTIONS),
        _parts((4, 3, 3), (4, 1, 2, 2), function=F.conv2d, groups=4),
    ],
    "transposed_convolution": [
        *(_parts((2, 2, 3, 3), (2, 2, 3, 2), (2,), **use) for use in _TRANSPOSED),
        _parts((4, 5), (4, 1, 3), (2,), function=F.conv_transpose1d, groups=2, stride=2),
    ],
    "transposed_convolution_no_bias": [
        *(_parts((2, 2, 3, 3), (2, 2, 3, 3), **use) for use in _TRANSPOSED),
        _parts((1, 1, 2, 2, 2), (1, 2, 2, 2, 1), function=F.conv_transpose3d, stride=3),
    ],
}
