"""Gradients of public functions against finite differences, for tests of functions that are no operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_core as ag
from tests.harness import calls, numeric


def check_gradients(f: Callable[..., Any], *arrays: Any, order: int = 2, tolerance: float = 1e-6) -> None:
    """The gradients of Re<w, f(...)>, w random, in every array, and the gradients of <v, those>, v random."""
    rng = np.random.default_rng(7)
    arrays = tuple(np.asarray(x)[()] for x in arrays)
    weight = calls.random_like(f(*map(ag.Tensor, arrays))._data, rng)

    def gradients(*values: Any, create_graph: bool = False) -> Any:
        leaves = [ag.Tensor(x, requires_grad=True) for x in values]
        found = ag.gradients(f(*leaves), leaves, weight, create_graph=create_graph, allow_unused=True)
        zeros = [np.zeros_like(x) for x in values]
        return leaves, [ag.Tensor(z) if g is None else g for g, z in zip(found, zeros, strict=True)]

    def value(*values: Any) -> float:
        return calls.inner(weight, f(*map(ag.Tensor, values))._data)

    _compare(value, arrays, [g._data for g in gradients(*arrays)[1]], rng, tolerance)
    if order < 2:
        return
    seeds = [calls.random_like(x, rng) for x in arrays]
    leaves, first = gradients(*arrays, create_graph=True)
    pairs = [(g, v) for g, v in zip(first, seeds, strict=True) if g.requires_grad]
    second: Any = [None] * len(leaves)
    if pairs:
        second = ag.gradients([g for g, _ in pairs], leaves, [v for _, v in pairs], allow_unused=True)
    found = [np.zeros_like(x) if g is None else g._data for x, g in zip(arrays, second, strict=True)]

    def slope(*values: Any) -> float:
        return sum(calls.inner(v, g._data) for v, g in zip(seeds, gradients(*values)[1], strict=True))

    _compare(slope, arrays, found, rng, 10 * tolerance)


def _compare(f: Any, arrays: Any, found: Any, rng: Any, tolerance: float) -> None:
    for position, (x, gradient) in enumerate(zip(arrays, found, strict=True)):

        def moved(entry: Any, position: int = position) -> float:
            return f(*arrays[:position], entry, *arrays[position + 1 :])

        directions = numeric.directions(x, rng)
        calls.assert_near(
            f"gradient of input {position}",
            np.array([calls.inner(gradient, d) for d in directions]),
            np.array([numeric.directional(moved, x, d) for d in directions]),
            tolerance,
        )
