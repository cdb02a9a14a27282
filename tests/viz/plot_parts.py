"""What the tests of plots share: small models, and a look at whether a plot left anything behind."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np

import nn
from nn import functional as F


def mlp(sizes=(2, 6, 3), **options):
    nn.manual_seed(0)
    return nn.MLP(list(sizes), **options)


def convolutional():
    nn.manual_seed(0)
    layers = [nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(4 * 36, 3)]
    return nn.Sequential(*layers)


def image():
    return np.random.default_rng(0).standard_normal((1, 8, 8)).astype(np.float32)


def with_gradients(model, x, classes=3):
    rng = np.random.default_rng(1)
    F.cross_entropy(model(x), rng.integers(0, classes, len(x))).backward()
    return model


@contextmanager
def untouched(model):
    """Values, gradients, modes, hooks and random numbers are afterwards what they were before."""
    model.train()
    next(iter(model.children()), model).eval()

    def snapshot():
        tensors = [*model.parameters(), *model.buffers()]
        return (
            [id(t._data) for t in tensors],
            [t._data.tobytes() for t in tensors],
            [id(t._changed) for t in tensors],
            [id(t.grad) for t in tensors],
            [m.training for m in model.modules()],
            [len(m._call_hooks) for m in model.modules()],
            str(nn.default_generator().bit_generator.state),
        )

    before = snapshot()
    yield
    assert snapshot() == before


def line_data(axes):
    """Label -> (x, y) of the lines that have one."""
    return {
        line.get_label(): (np.asarray(line.get_xdata()), np.asarray(line.get_ydata()))
        for line in axes.get_lines()
        if not line.get_label().startswith("_")
    }


def texts(artists):
    return [artist.get_text() for artist in artists]


def image_of(axes):
    """The values of the image, NaN where it has none."""
    return np.ma.filled(axes.get_images()[0].get_array().astype(float), np.nan)
