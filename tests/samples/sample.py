"""What a sample of an operation is: inputs in its domain, and an independent reference for its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Sample:
    """One use of a primitive, from which the generic tests are made.

    Attributes:
        inputs: float64 (or complex128, integer, boolean) arrays, away from kinks and ties.
        attributes: the primitive's keyword arguments.
        value: an independent reference, called as ``value(*inputs)``; ``None`` only where the sample
            is there for its derivatives and another sample checks the value.
        wrt: positions of the inputs to differentiate with respect to; all inexact ones if left out.
        order: up to which derivative the rules are checked.
        complex_step: whether forward is analytic and runs on complex arrays, so that the first
            derivative can also be checked by the complex step.
        tolerance: relative error allowed against finite differences.
        float32: whether to check that float32 stays float32.
        duck: whether forward and rules run on arrays that refuse conversion to NumPy's.
        symmetric: whether the operation takes its inputs for symmetric (Hermitian) matrices, so that
            it is to be differentiated only along directions that keep them symmetric. Its gradients
            are symmetric too.
    """

    inputs: tuple[Any, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    value: Callable[..., Any] | None = None
    wrt: tuple[int, ...] | None = None
    order: int = 2
    complex_step: bool = False
    tolerance: float = 1e-6
    float32: bool = True
    duck: bool = True
    symmetric: bool = False


def rng() -> np.random.Generator:
    """The seeded generator that samples draw from."""
    return np.random.default_rng(20240229)


def real(*shape: int, low: float = -2.0, high: float = 2.0) -> Any:
    """Reals of ``shape`` between ``low`` and ``high``, all different and none near 0 or an integer."""
    n = int(np.prod(shape))
    grid = np.linspace(low, high, 3 * n + 7)
    grid = grid[np.abs(grid - np.round(grid)) > 0.02] if n < 200 else grid
    chosen = rng().choice(grid, size=n, replace=False)
    return chosen.reshape(shape)
