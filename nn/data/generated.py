"""Small data sets that are drawn from a formula: points in the plane in classes, and curves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.errors import explain

from ..random import default_generator
from .datasets import TensorDataset
from .randomness import as_generator

__all__ = ["blobs", "moons", "sine_curves", "spirals", "xor"]


def _generator(generator: Any, owner: str) -> np.random.Generator:
    return as_generator(generator, owner) or default_generator()


def _at_least(owner: str, **sizes: float) -> None:
    """Check sizes: ``name=value`` must not be below 1, ``noise`` not below 0."""
    for name, value in sizes.items():
        least = 0 if name in ("noise", "spread") else 1
        if not value >= least:
            raise ValueError(
                explain(owner, expected=f"{name} of at least {least}", got=repr(value), remedy=f"pass another {name}")
            )


def _in_classes(parts: list[Any], noise: float, generator: np.random.Generator, dtype: Any) -> TensorDataset:
    """Points of shape (n, 2) per class, with noise, in random order."""
    points = np.concatenate(parts)
    points = points + noise * generator.standard_normal(points.shape)
    labels = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = generator.permutation(len(points))
    return TensorDataset(points[order].astype(dtype), labels[order])


def _shares(n: int, parts: int) -> list[int]:
    return [n // parts + (i < n % parts) for i in range(parts)]


def moons(n: int = 200, noise: float = 0.1, generator: Any = None, dtype: Any = np.float32) -> TensorDataset:
    """Two half circles that reach into each other: no straight line separates them.

    Args:
        n: how many points.
        noise: the standard deviation of their distance from the curves.
        generator: a generator of ``numpy.random`` or a seed; ``nn.default_generator()`` if left out.
        dtype: of the points.

    Returns:
        A data set of (point, class): shape (2,), and 0 or 1.

    Raises:
        ValueError: for a number or a noise out of range.

    >>> import nn
    >>> points, classes = nn.data.moons(100, generator=0).tensors
    >>> points.shape, classes.sum()
    ((100, 2), tensor(50))
    """
    _at_least("moons", n=n, noise=noise)
    upper, lower = (np.linspace(0, math.pi, size) for size in _shares(n, 2))
    parts = [
        np.stack([np.cos(upper), np.sin(upper)], axis=1),
        np.stack([1 - np.cos(lower), 0.5 - np.sin(lower)], axis=1),
    ]
    return _in_classes(parts, noise, _generator(generator, "moons"), dtype)


def spirals(
    n: int = 300,
    arms: int = 2,
    turns: float = 1.5,
    noise: float = 0.02,
    generator: Any = None,
    dtype: Any = np.float32,
) -> TensorDataset:
    """Arms of a spiral that wind about the origin, one class each, within the unit circle but for the noise.

    Args:
        n: how many points.
        arms: how many arms, and classes.
        turns: how often each winds about the origin.
        noise: the standard deviation of the points' distance from the arms.
        generator: as for ``moons``.
        dtype: of the points.

    Returns:
        A data set of (point, class): shape (2,), and an integer below ``arms``.

    Raises:
        ValueError: for a number or a noise out of range.

    >>> import nn
    >>> points, classes = nn.data.spirals(90, arms=3, generator=0).tensors
    >>> points.shape, classes.max()
    ((90, 2), tensor(2))
    """
    _at_least("spirals", n=n, arms=arms, noise=noise)
    parts = []
    for arm, size in enumerate(_shares(n, arms)):
        radius = np.linspace(0.05, 1, size)
        angle = 2 * math.pi * (turns * radius + arm / arms)
        parts.append(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1))
    return _in_classes(parts, noise, _generator(generator, "spirals"), dtype)


def xor(n: int = 4, noise: float = 0.0, generator: Any = None, dtype: Any = np.float32) -> TensorDataset:
    """The exclusive or: (0, 0) and (1, 1) are 0, (0, 1) and (1, 0) are 1.

    Args:
        n: how many points; the four corners come again and again, in this order.
        noise: the standard deviation of the points' distance from the corners.
        generator: as for ``moons``; nothing is drawn without noise.
        dtype: of points and targets.

    Returns:
        A data set of (point, target): shape (2,), and 0 or 1 as a number of shape (1,).

    Raises:
        ValueError: for a number or a noise out of range.

    >>> import nn
    >>> points, targets = nn.data.xor().tensors
    >>> targets.reshape(-1)
    tensor([0., 1., 1., 0.], dtype=float32)
    """
    _at_least("xor", n=n, noise=noise)
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])[np.arange(n) % 4]
    targets = (corners[:, :1] != corners[:, 1:]).astype(dtype)
    points = corners + noise * _generator(generator, "xor").standard_normal((n, 2)) if noise else corners
    return TensorDataset(points.astype(dtype), targets)


def blobs(
    n: int = 150,
    centers: int | Sequence[Sequence[float]] = 3,
    spread: float = 0.3,
    generator: Any = None,
    dtype: Any = np.float32,
) -> TensorDataset:
    """Clouds of normally distributed points, one class each.

    Args:
        n: how many points.
        centers: the middles of the clouds, or how many there are, on the unit circle.
        spread: the standard deviation of the points about the middle of their cloud.
        generator: as for ``moons``.
        dtype: of the points.

    Returns:
        A data set of (point, class).

    Raises:
        ValueError: for a number or a spread out of range.

    >>> import nn
    >>> points, classes = nn.data.blobs(10, centers=[[0.0, 0.0, 0.0], [5.0, 5.0, 5.0]], generator=0).tensors
    >>> points.shape, classes.sum()
    ((10, 3), tensor(5))
    """
    _at_least("blobs", n=n, centers=centers if isinstance(centers, int) else len(centers), spread=spread)
    if isinstance(centers, int):
        angle = 2 * math.pi * np.arange(centers) / centers
        middles = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    else:
        middles = np.asarray(centers, dtype=float)
    parts = [np.broadcast_to(middle, (size, len(middle))) for middle, size in zip(middles, _shares(n, len(middles)))]
    return _in_classes(parts, spread, _generator(generator, "blobs"), dtype)


def sine_curves(
    n: int = 100,
    length: int | None = None,
    noise: float = 0.1,
    function: Callable[[Any], Any] | None = None,
    generator: Any = None,
    dtype: Any = np.float32,
) -> TensorDataset:
    """Points on sin 2πx for curve fitting, or whole curves for sequence models.

    Args:
        n: how many points, or curves.
        length: ``None`` for points x, evenly spaced over [0, 1], with targets sin 2πx + noise; otherwise the
            length of sequences that are sampled from sine curves of random frequency and phase, each with the
            sequence one step ahead as its target.
        noise: the standard deviation of what is added to the values.
        function: takes the place of sin 2πx.
        generator: as for ``moons``.
        dtype: of all values.

    Returns:
        A data set of (x, target), both of shape (1,); or of (sequence, next values), both of shape
        (length, 1).

    Raises:
        ValueError: for a number or a noise out of range.

    >>> import nn
    >>> x, y = nn.data.sine_curves(10, noise=0.0).tensors
    >>> x.shape, round(y.max().item(), 3)
    ((10, 1), 0.985)
    >>> x, y = nn.data.sine_curves(4, length=20, generator=0).tensors
    >>> x.shape, bool((x[:, 1:] == y[:, :-1]).all())
    ((4, 20, 1), True)
    """
    _at_least("sine_curves", n=n, length=1 if length is None else length, noise=noise)
    random = _generator(generator, "sine_curves")
    curve = function or (lambda x: np.sin(2 * math.pi * x))
    if length is None:
        x = np.linspace(0, 1, n)[:, None]
        y = np.asarray(curve(x))
        return TensorDataset(x.astype(dtype), (y + noise * random.standard_normal(y.shape)).astype(dtype))
    frequency, phase = random.uniform(0.02, 0.1, (n, 1)), random.random((n, 1))
    values = curve(frequency * np.arange(length + 1) + phase)
    values = (values + noise * random.standard_normal(values.shape)).astype(dtype)[..., None]
    return TensorDataset(values[:, :-1], values[:, 1:])
