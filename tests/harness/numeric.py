"""Derivatives by finite differences and by the complex step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# The fourth-order formula (f(-2h) - 8 f(-h) + 8 f(h) - f(2h)) / 12h: its error is h^4 f'''''/30 plus
# the rounding error of about 1e-16/h, so 2e-4 leaves ten or eleven digits.
STEP = 2e-4
STENCIL = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))
MANY = 30  # above so many entries, random directions are tried instead of all of them
DIRECTIONS = 6


def directional(f: Callable[[Any], float], x: Any, direction: Any) -> float:
    """The derivative of ``f(x + t * direction)`` with respect to t at 0."""
    scale = max(1.0, float(np.max(np.abs(x), initial=0.0)))
    step = STEP * scale
    return sum(weight * f(x + (k * step) * direction) for k, weight in STENCIL) / step


def directions(x: Any, rng: np.random.Generator) -> list[Any]:
    """The unit vectors (for complex ``x`` also times i), or a few random directions for a large ``x``."""
    units = (1.0, 1j) if x.dtype.kind == "c" else (1.0,)
    if x.size > MANY:
        return [
            (rng.standard_normal(x.shape) * unit / np.sqrt(x.size)).astype(x.dtype)
            for unit in units
            for _ in range(DIRECTIONS)
        ]
    found = []
    for position in range(x.size):
        for unit in units:
            direction = np.zeros(x.size, x.dtype)
            direction[position] = unit
            found.append(direction.reshape(x.shape)[()])
    return found


def complex_step(f: Callable[[Any], complex], x: Any, direction: Any) -> float:
    """The derivative along ``direction`` of an analytic ``f``, without subtracting anything."""
    step = 1e-20
    return complex(f(x + 1j * step * direction)).imag / step
