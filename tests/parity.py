"""Comparing a function on Tensors with NumPy's on arrays: value, dtype, and gradient by finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_core as ag

STEP = 1e-4


def flat(result: Any) -> list[Any]:
    """The arrays of a result: one, or several in a tuple or list."""
    return [item for part in result for item in flat(part)] if isinstance(result, list | tuple) else [result]


def agrees(
    function: Callable[..., Any], *inputs: Any, ours: Any = None, tolerance: float = 1e-7, **kwargs: Any
) -> None:
    """Assert that NumPy's ``function`` on Tensors gives NumPy's values, and their gradients.

    Args:
        function: of NumPy; it finds its way to ours through NumPy's protocol.
        inputs: float arrays (in lists too) become Tensors that require gradients; the rest is passed on.
        ours: the function of ours to call directly as well; the one of the same name if left out, none if
            ``False``.
        tolerance: allowed relative error of the gradient.
        kwargs: passed on.
    """
    name = function.__name__
    functions = [function] if ours is False else [function, getattr(ag, name) if ours is None else ours]
    expected = flat(function(*inputs, **kwargs))
    rng = np.random.default_rng(7)
    for call in functions:
        leaves: list[Any] = []
        results = flat(call(*_with_tensors(inputs, leaves), **kwargs))
        assert len(results) == len(expected), name
        for got, value in zip(results, expected, strict=True):
            assert isinstance(got, ag.Tensor), f"{name}: {type(got)}"
            assert got.shape == np.shape(value), f"{name}: shape {got.shape}, expected {np.shape(value)}"
            assert got.dtype == np.asarray(value).dtype, f"{name}: {got.dtype}, expected {np.asarray(value).dtype}"
            np.testing.assert_allclose(got.detach().numpy(), value, rtol=1e-12, atol=1e-14)
            assert got.requires_grad, f"{name} gives a constant"
        seeds = [rng.standard_normal(np.shape(value)) for value in expected]
        gradients = ag.gradients(results, leaves, [ag.Tensor(seed) for seed in seeds], allow_unused=True)
        for position, (leaf, gradient) in enumerate(zip(leaves, gradients, strict=True)):
            direction = rng.standard_normal(leaf.shape)
            got = 0.0 if gradient is None else np.sum(gradient.numpy() * direction)
            difference = 0.0
            for k, weight in ((-2, 1), (-1, -8), (1, 8), (2, -1)):
                values = flat(function(*_moved(inputs, position, k * STEP * direction), **kwargs))
                projected = sum(np.sum(seed * value) for seed, value in zip(seeds, values, strict=True))
                difference += weight * float(projected) / (12 * STEP)
            assert abs(got - difference) <= tolerance * max(1.0, abs(difference)), (
                f"{name}, input {position}: derivative {got}, by differences {difference}"
            )


def _is_leaf(item: Any) -> bool:
    return isinstance(item, np.ndarray | np.floating) and item.dtype.kind == "f"


def _with_tensors(structure: Any, leaves: list[Any]) -> Any:
    if _is_leaf(structure):
        leaves.append(ag.Tensor(structure, requires_grad=True))
        return leaves[-1]
    if type(structure) in (list, tuple):
        return type(structure)(_with_tensors(item, leaves) for item in structure)
    return structure


def _moved(structure: Any, position: int, step: Any) -> Any:
    """The inputs with ``step`` added to the float array of the given number."""
    count = iter(range(10**6))

    def walk(item: Any) -> Any:
        if _is_leaf(item):
            if next(count) != position:
                return item
            # Of the same memory layout, which some functions ask for.
            return np.add(item, step, out=np.empty_like(item))[()]
        if type(item) in (list, tuple):
            return type(item)(walk(inner) for inner in item)
        return item

    return walk(structure)
