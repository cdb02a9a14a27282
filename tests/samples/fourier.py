"""Samples of Fourier transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from .linalg import matrices
from .sample import Sample, real

NORMS = (None, "ortho", "forward", "backward")


def factor(norm: str | None, n: int, inverse: bool) -> float:
    where = "forward" if inverse else "backward"
    return n**-0.5 if norm == "ortho" else 1.0 if (norm or "backward") == where else 1.0 / n


def transform(x: Any, n: int, axis: int, norm: str | None, inverse: bool = False) -> Any:
    """A product with the matrix of the transform, after cutting or filling up with zeros."""
    x = np.moveaxis(x, axis, -1)[..., :n]
    x = np.concatenate([x, np.zeros((*x.shape[:-1], n - x.shape[-1]))], axis=-1)
    angles = 2 * np.pi * np.outer(np.arange(n), np.arange(n)) / n
    matrix = np.exp((1j if inverse else -1j) * angles) * factor(norm, n, inverse)
    return np.moveaxis(x @ matrix, -1, axis)


def half(x: Any, n: int, axis: int, norm: str | None) -> Any:
    return np.moveaxis(np.moveaxis(transform(x, n, axis, norm), axis, -1)[..., : n // 2 + 1], -1, axis)


def from_half(x: Any, n: int, axis: int, norm: str | None) -> Any:
    x = np.moveaxis(x, axis, -1)[..., : n // 2 + 1].astype(complex)
    x = np.concatenate([x, np.zeros((*x.shape[:-1], n // 2 + 1 - x.shape[-1]))], axis=-1)
    whole = np.concatenate([x, np.conj(x[..., 1 : (n + 1) // 2][..., ::-1])], axis=-1)
    whole[..., 0] = whole[..., 0].real
    if n % 2 == 0:
        whole[..., n // 2] = whole[..., n // 2].real
    return np.moveaxis(transform(whole, n, -1, norm, inverse=True).real, -1, axis)


def grid(inverse: bool) -> Any:
    def value(x: Any, s: tuple[int, ...], axes: tuple[int, ...], norm: str | None) -> Any:
        for n, axis in zip(s, axes, strict=True):
            x = transform(x, n, axis, norm, inverse)
        return x

    return value


def samples(reference: Any, inputs: list[Any], uses: list[dict[str, Any]]) -> list[Sample]:
    return [Sample((x,), use, value=lambda x, use=use: reference(x, **use)) for x in inputs for use in uses]


def inverse_transform(x: Any, n: int, axis: int, norm: str | None) -> Any:
    return transform(x, n, axis, norm, inverse=True)


LINES = [{"n": n, "axis": 1, "norm": norm} for n, norm in zip((4, 3, 6, 5), NORMS, strict=True)]
LINES += [{"n": 3, "axis": 0, "norm": None}, {"n": 1, "axis": 1, "norm": None}, {"n": 2, "axis": 1, "norm": "ortho"}]
GRIDS = [
    {"s": (2, 4), "axes": (0, 1), "norm": None},
    {"s": (3, 3), "axes": (1, 0), "norm": "ortho"},
    {"s": (5,), "axes": (1,), "norm": "forward"},
    {"s": (), "axes": (), "norm": None},
]
REAL, COMPLEX = real(2, 4), matrices(2, 4, unit=1j)

SAMPLES: dict[str, list[Sample]] = {
    "fft": samples(transform, [REAL, COMPLEX], LINES),
    "ifft": samples(inverse_transform, [REAL, COMPLEX], LINES),
    "rfft": samples(half, [REAL], LINES),
    "irfft": samples(from_half, [REAL, COMPLEX], LINES),
    "fftn": samples(grid(False), [REAL, COMPLEX], GRIDS[:3]) + samples(grid(False), [COMPLEX], GRIDS[3:]),
    "ifftn": samples(grid(True), [REAL, COMPLEX], GRIDS[:3]) + samples(grid(True), [COMPLEX], GRIDS[3:]),
}
