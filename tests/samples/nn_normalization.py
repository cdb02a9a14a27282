"""Samples of the normalizations, and how they are used through public functions."""

from __future__ import annotations

import numpy as np

from nn import functional as F

from .parts import Parts
from .sample import Sample, real

EPS = 1e-3
WEIGHT, BIAS = real(4, low=0.5, high=2.0), real(4, low=-1.0, high=1.0)


def standardized(x, weight, bias, axes, eps):
    """y, mean and variance on four axes, straight from the definition."""
    mean = x.mean(axis=axes, keepdims=True)
    variance = x.var(axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(variance + eps) * weight + bias, mean, variance


def batch(x, weight, bias, eps=EPS):
    axes = (0, *range(2, x.ndim))
    shape = (1, -1) + (1,) * (x.ndim - 2)
    y, mean, variance = standardized(x, weight.reshape(shape), bias.reshape(shape), axes, eps)
    return y, mean.ravel(), variance.ravel()


def group(groups):
    def value(x, weight, bias):
        rows = x.reshape(len(x), groups, -1)
        _, mean, variance = standardized(rows, 1, 0, (2,), EPS)
        y = ((rows - mean) / np.sqrt(variance + EPS)).reshape(x.shape)
        shape = (1, -1) + (1,) * (x.ndim - 2)
        return y * weight.reshape(shape) + bias.reshape(shape), mean[..., 0], variance[..., 0]

    return value


def layer(x, weight, bias, eps=EPS):
    axes = tuple(range(-weight.ndim, 0))
    y, mean, variance = standardized(x, weight, bias, axes, eps)
    return y, mean.ravel(), variance.ravel()


def gradient(axes, shape, parameter):
    """The gradients of a normalization in their first form: the Jacobian of x̂ written out."""

    def value(g, x, weight, mean, variance):
        g4, x4 = g.reshape(shape), x.reshape(shape)
        w4 = weight.reshape((1, *shape[1:3], 1))
        small = tuple(1 if i in axes else n for i, n in enumerate(shape))
        m4, v4 = mean.reshape(small), variance.reshape(small)
        s = 1 / np.sqrt(v4 + EPS)
        count = np.prod([shape[i] for i in axes])
        ghat = g4 * w4
        d_variance = (ghat * (x4 - m4) * -0.5 * s**3).sum(axis=axes, keepdims=True)
        d_mean = -(ghat * s).sum(axis=axes, keepdims=True)
        dx = ghat * s + d_variance * 2 * (x4 - m4) / count + d_mean / count
        dw = (g4 * (x4 - m4) * s).sum(axis=(0, 3))
        return dx.reshape(x.shape), dw.reshape(parameter), g4.sum(axis=(0, 3)).reshape(parameter)

    return value


def rms(x, weight, eps=EPS):
    axes = tuple(range(-weight.ndim, 0))
    return x / np.sqrt((x**2).mean(axis=axes, keepdims=True) + eps) * weight


def running(x, weight, bias, mean, variance):
    shape = (1, -1) + (1,) * (x.ndim - 2)
    scale = (weight / np.sqrt(variance + EPS)).reshape(shape)
    return (x - mean.reshape(shape)) * scale + bias.reshape(shape)


def gradient_inputs(shape, weight, statistic):
    x, g = real(*shape), real(*shape, low=-1.0, high=1.5)
    return g, x, weight, real(*statistic, low=-0.3, high=0.3), real(*statistic, low=0.5, high=2.0)


MEAN, VARIANCE = real(4, low=-0.7, high=0.7), real(4, low=0.5, high=2.0)
TWO = real(2, 3, low=0.5, high=2.0)

SAMPLES: dict[str, list[Sample]] = {
    "batch_norm": [
        Sample((real(5, 4), WEIGHT, BIAS), {"eps": EPS}, value=batch),
        Sample((real(3, 4, 2), WEIGHT, BIAS), {"eps": EPS}, value=batch),
        Sample((real(2, 4, 3, 2), WEIGHT, BIAS), {"eps": EPS}, value=batch),
        # A mean that is large beside the spread, where x² would lose it.
        Sample((20.0 + real(6, 4), WEIGHT, BIAS), {"eps": EPS}, value=batch, tolerance=1e-5),
    ],
    "batch_norm_gradient": [
        Sample(gradient_inputs((5, 4), WEIGHT, (4,)), {"eps": EPS}, value=gradient((0, 2, 3), (5, 4, 1, 1), (4,))),
        Sample(gradient_inputs((3, 4, 2), WEIGHT, (4,)), {"eps": EPS}, value=gradient((0, 2, 3), (3, 4, 1, 2), (4,))),
    ],
    "group_norm": [
        Sample((real(3, 4), WEIGHT, BIAS), {"groups": 2, "eps": EPS}, value=group(2)),
        Sample((real(2, 4, 3), WEIGHT, BIAS), {"groups": 4, "eps": EPS}, value=group(4)),
        Sample((real(2, 4, 2, 2), WEIGHT, BIAS), {"groups": 1, "eps": EPS}, value=group(1)),
        Sample((20.0 + real(2, 4, 3), WEIGHT, BIAS), {"groups": 2, "eps": EPS}, value=group(2), tolerance=1e-5),
    ],
    "group_norm_gradient": [
        Sample(
            gradient_inputs((2, 4, 3), WEIGHT, (2, 2)),
            {"groups": 2, "eps": EPS},
            value=gradient((2, 3), (2, 2, 2, 3), (4,)),
        ),
        Sample(
            gradient_inputs((2, 4, 2, 1), WEIGHT, (2, 4)),
            {"groups": 4, "eps": EPS},
            value=gradient((2, 3), (2, 4, 1, 2), (4,)),
        ),
    ],
    "layer_norm": [
        Sample((real(3, 4), WEIGHT, BIAS), {"eps": EPS}, value=layer),
        Sample((real(2, 3, 4), WEIGHT, BIAS), {"eps": EPS}, value=layer),
        Sample((real(2, 2, 3), TWO, TWO - 1.0), {"eps": EPS}, value=layer),
        Sample((real(4), WEIGHT, BIAS), {"eps": EPS}, value=layer),
        Sample((20.0 + real(3, 4), WEIGHT, BIAS), {"eps": EPS}, value=layer, tolerance=1e-5),
    ],
    "layer_norm_gradient": [
        Sample(gradient_inputs((3, 4), WEIGHT, (3,)), {"eps": EPS}, value=gradient((2, 3), (3, 1, 4, 1), (4,))),
        Sample(gradient_inputs((2, 2, 3), TWO, (2,)), {"eps": EPS}, value=gradient((2, 3), (2, 1, 6, 1), (2, 3))),
    ],
    "rms_norm": [
        Sample((real(3, 4), WEIGHT), {"eps": EPS}, value=rms),
        Sample((real(2, 2, 3), TWO), {"eps": EPS}, value=rms),
        Sample((real(4), WEIGHT), {"eps": EPS}, value=rms),
    ],
    "batch_norm_with_running_statistics": [
        Sample((real(5, 4), WEIGHT, BIAS, MEAN, VARIANCE), {"eps": EPS}, value=running),
        Sample((real(2, 4, 3), WEIGHT, BIAS, MEAN, VARIANCE), {"eps": EPS}, value=running),
    ],
}

X = real(3, 4, 5)

PARTS: dict[str, list[Parts]] = {
    "batch_norm": [
        Parts(lambda x, w, b: F.batch_norm(x, None, None, w, b, True), (X, WEIGHT, BIAS)),
        Parts(lambda x: F.batch_norm(x, None, None, training=True), (X,)),
    ],
    "group_norm": [
        Parts(lambda x, w, b: F.group_norm(x, 2, w, b), (X, WEIGHT, BIAS)),
        Parts(lambda x, w, b: F.instance_norm(x, None, None, w, b), (X, WEIGHT, BIAS)),
    ],
    "layer_norm": [
        Parts(lambda x, w, b: F.layer_norm(x, (4, 5), w, b), (X, X[0], X[1])),
        Parts(lambda x: F.layer_norm(x, 5), (X,)),
    ],
    "rms_norm": [
        Parts(lambda x, w: F.rms_norm(x, (4, 5), w, 1e-5), (X, X[0])),
        Parts(lambda x: F.rms_norm(x, 5), (X,)),
    ],
    "batch_norm_with_running_statistics": [
        Parts(lambda x, w, b: F.batch_norm(x, MEAN, VARIANCE, w, b), (X, WEIGHT, BIAS)),
    ],
}
