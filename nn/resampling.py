"""The weights of interpolation: which entries of an axis go into each entry of the result, and how much of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np


class Axis(NamedTuple):
    """How one axis is resampled.

    Attributes:
        kind: ``"nearest"``, ``"nearest-exact"``, ``"linear"``, ``"cubic"`` or ``"lanczos"``.
        length: its length.
        out: its new length.
        scale: the factor between them that places are computed with; ``None`` for their ratio.
        align_corners: whether first and last entries stay in place.
        antialias: whether weights are stretched where the axis shrinks.
        single: whether places are computed in single precision, which decides which neighbour is the nearest.
    """

    kind: str
    length: int
    out: int
    scale: float | None
    align_corners: bool
    antialias: bool
    single: bool


class Table:
    """A linear map along an axis with few entries per row.

    Attributes:
        length: how many entries come in.
        out: how many come out.
        index: shape (taps, out): what goes into each result.
        weights: shape (taps, out): with which factor.
        plain: whether all factors are 1.
        dense: whether a product with the whole matrix is faster than one tap after the other.
    """

    def __init__(self, length: int, out: int, index: Any, weights: Any) -> None:
        self.length = length
        self.out = out
        self.index = index
        self.weights = weights
        self.plain = bool((weights == 1).all())
        self.dense = length <= 64 * len(index)
        self._matrices: dict[Any, Any] = {}

    def matrix(self, dtype: Any = np.float64) -> Any:
        """The whole matrix, shape (out, length)."""
        if dtype not in self._matrices:
            matrix = np.zeros((self.out, self.length))
            np.add.at(matrix, (np.broadcast_to(np.arange(self.out), self.index.shape), self.index), self.weights)
            self._matrices[dtype] = matrix.astype(dtype)
        return self._matrices[dtype]

    def transpose(self) -> Table:
        """The transposed map. Results with fewer entries than others get their first one again, with factor 0."""
        rows = np.broadcast_to(np.arange(self.out), self.index.shape).reshape(-1)
        columns, weights = self.index.reshape(-1), self.weights.reshape(-1)
        used = weights != 0
        order = np.argsort(columns[used], kind="stable")
        rows, columns, weights = rows[used][order], columns[used][order], weights[used][order]
        counts = np.bincount(columns, minlength=self.length)
        first = np.cumsum(counts) - counts
        taps = max(int(counts.max(initial=0)), 1)
        place = first + np.minimum(np.arange(taps)[:, None], np.maximum(counts - 1, 0))
        place = np.minimum(place, max(rows.size - 1, 0))
        factors = np.where(np.arange(taps)[:, None] < counts, weights[place], 0.0)
        return Table(self.out, self.length, rows[place], factors)


@lru_cache(maxsize=256)
def table(axis: Axis, transposed: bool = False) -> Table:
    """The map along an axis, or its transpose."""
    if transposed:
        return table(axis).transpose()
    index, weights = _stretched(axis) if axis.antialias else _KINDS[axis.kind](axis)
    return Table(axis.length, axis.out, index, weights)


@lru_cache(maxsize=256)
def is_identity(axis: Axis) -> bool:
    """Whether nothing changes along an axis."""
    if axis.length != axis.out:
        return False
    index, weights = table(axis).index, table(axis).weights
    return bool(((index == np.arange(axis.out)) | (weights == 0)).all())


@lru_cache(maxsize=256)
def repeats(axis: Axis) -> int:
    """How often each entry is repeated in turn; 0 if the map is another one."""
    times, rest = divmod(axis.out, axis.length)
    spec = table(axis)
    if rest or not spec.plain or len(spec.index) != 1:
        return 0
    return times if np.array_equal(spec.index[0], np.arange(axis.out) // times) else 0


def _step(axis: Axis) -> float:
    """The distance between the places of neighbouring results."""
    if axis.align_corners:
        return (axis.length - 1) / (axis.out - 1) if axis.out > 1 else 0.0
    return 1.0 / axis.scale if axis.scale is not None else axis.length / axis.out


def _places(axis: Axis) -> Any:
    """Where the results lie among the entries."""
    number = np.arange(axis.out)
    return _step(axis) * number if axis.align_corners else _step(axis) * (number + 0.5) - 0.5


def _nearest(axis: Axis) -> tuple[Any, Any]:
    # The precision decides which of two entries at nearly one distance is taken; this is PyTorch's.
    real = np.float32 if axis.single else np.float64
    step = real(1.0 / axis.scale) if axis.scale is not None else real(axis.length) / real(axis.out)
    number = np.arange(axis.out).astype(real)
    if axis.kind == "nearest":
        place = number * step
    else:
        place = np.maximum(np.float64(step) * (number + 0.5) - 0.5, 0.0).astype(real) + real(0.5)
    index = np.minimum(np.floor(place.astype(np.float32)).astype(np.intp), axis.length - 1)
    return index[None], np.ones((1, axis.out))


def _linear(axis: Axis) -> tuple[Any, Any]:
    # An axis whose length stays is left alone, even if a scale factor would move the places a little.
    place = np.arange(axis.out) * 1.0 if axis.out == axis.length else np.maximum(_places(axis), 0.0)
    low = np.minimum(np.floor(place).astype(np.intp), axis.length - 1)
    high = np.minimum(low + 1, axis.length - 1)
    share = place - low
    return np.stack([low, high]), np.stack([1.0 - share, share])


def _cubic(axis: Axis) -> tuple[Any, Any]:
    place = _places(axis)
    low = np.floor(place)
    offsets = np.arange(-1, 3)[:, None]
    index = np.clip(low.astype(np.intp) + offsets, 0, axis.length - 1)
    return index, cubic_weight(np.abs(place - low - offsets), -0.75)


def cubic_weight(distance: Any, a: float) -> Any:
    """The weight of an entry at ``distance`` in cubic convolution with parameter ``a``."""
    d = distance
    near = ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0
    far = ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a
    return np.where(d < 1.0, near, np.where(d < 2.0, far, 0.0))


def _triangle(distance: Any) -> Any:
    return np.maximum(1.0 - distance, 0.0)


def _lanczos(distance: Any) -> Any:
    return np.where(distance < 3.0, np.sinc(distance) * np.sinc(distance / 3.0), 0.0)


# Per kind: half the width of the weights, and the weights by distance, for antialiasing.
_FILTERS: dict[str, tuple[float, Callable[[Any], Any]]] = {
    "linear": (1.0, _triangle),
    "cubic": (2.0, lambda distance: cubic_weight(distance, -0.5)),
    "lanczos": (3.0, _lanczos),
}
_KINDS: dict[str, Callable[[Axis], tuple[Any, Any]]] = {
    "nearest": _nearest,
    "nearest-exact": _nearest,
    "linear": _linear,
    "cubic": _cubic,
}


def _stretched(axis: Axis) -> tuple[Any, Any]:
    """Weights that reach as far as the results lie apart, so that every entry counts where an axis shrinks."""
    width, weight = _FILTERS[axis.kind]
    step = _step(axis)
    stretch = max(step, 1.0)
    center = step * (np.arange(axis.out) + 0.5)
    low = np.maximum((center - width * stretch + 0.5).astype(np.intp), 0)
    high = np.minimum((center + width * stretch + 0.5).astype(np.intp), axis.length)
    index = low + np.arange(int((high - low).max()))[:, None]
    weights = np.where(index < high, weight(np.abs(index - center + 0.5) / stretch), 0.0)
    return np.minimum(index, axis.length - 1), weights / weights.sum(axis=0)
