"""Jacobians, Hessians and their products, from Tensors that a closure has computed already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor, gradients
from autograd_core.errors import explain
from autograd_core.pullback import Pullback
from autograd_core.transforms.batching import Batch, CannotBatch

__all__ = ["hessian_of", "jacobian_of", "product_with_hessian", "recorded_gradient"]

# How many numbers the largest value of a batched backward pass may hold: more do not fit into the cache.
BATCH_NUMBERS = 1 << 17


def jacobian_of(residuals: Any, parameters: Sequence[Any]) -> Any:
    """The Jacobian of a vector that was computed from the parameters, Jᵢₖ = ∂rᵢ/∂θₖ, as an array.

    Row by row, one backward pass for each residual; or, with fewer parameters than residuals, column by column:
    u ↦ Jᵀu is recorded and differentiated with respect to u.

    Args:
        residuals: a Tensor of shape (m,).
        parameters: leaves with n numbers together.

    Returns:
        An array of shape (m, n).
    """
    count = sum(parameter.size for parameter in parameters)
    if count < residuals.size:
        seed = Tensor(np.zeros(residuals.shape, residuals.dtype), requires_grad=True)
        products = gradients(residuals, list(parameters), seed, create_graph=True, allow_unused=True)
        return np.concatenate([_columns(product, p, seed) for product, p in zip(products, parameters)], axis=1)
    return _rows(residuals, parameters)


def _columns(product: Any, parameter: Any, seed: Any) -> Any:
    if product is None or not product.requires_grad:
        return np.zeros((seed.size, parameter.size))
    return _rows(product, [seed]).T


def _rows(output: Any, inputs: Sequence[Any]) -> Any:
    """One row for each number of the output: its derivatives with respect to all numbers of the inputs."""
    pullback = Pullback([output], inputs)
    count = output.size
    basis = np.eye(count, dtype=output.dtype).reshape(count, *output.shape)
    largest = max(
        (node._data.size for node in pullback.nodes if not node.primitive or not node.primitive.multiple), default=1
    )
    chunk = max(1, BATCH_NUMBERS // max(largest, 1))
    rows = np.zeros((count, sum(x.size for x in inputs)))
    for start in range(0, count, chunk):
        part = basis[start : start + chunk]
        column = 0
        for x, block in zip(inputs, _blocks(pullback, part)):
            if block is not None:
                rows[start : start + len(part), column : column + x.size] = block.reshape(len(part), x.size)
            column += x.size
    return rows


def _blocks(pullback: Pullback, part: Any) -> list[Any]:
    """For each input an array with a row for each seed, ``None`` for zeros."""
    if len(part) > 1 and pullback.plain:
        try:
            found = pullback([Batch(part)])
        except CannotBatch:
            pass
        else:
            return [
                g.entries if isinstance(g, Batch) else None if g is None else np.broadcast_to(g, (len(part), *g.shape))
                for g in found
            ]
    columns = zip(*[pullback([seed]) for seed in part])
    return [
        None if all(g is None for g in column) else np.stack([np.zeros(x.shape) if g is None else g for g in column])
        for x, column in zip(pullback.inputs, columns)
    ]


def recorded_gradient(loss: Any, parameters: Sequence[Any]) -> list[Any]:
    """The gradient as Tensors that can be differentiated again; ``None`` where the loss does not depend."""
    return list(gradients(loss, list(parameters), create_graph=True, allow_unused=True))


def hessian_of(gradient: Sequence[Any], parameters: Sequence[Any]) -> Any:
    """The matrix of second derivatives, of shape (n, n), from the recorded gradient."""
    count = sum(parameter.size for parameter in parameters)
    rows = [
        np.zeros((p.size, count)) if g is None or not g.requires_grad else _rows(g, parameters)
        for g, p in zip(gradient, parameters)
    ]
    matrix = np.concatenate(rows)
    return 0.5 * (matrix + matrix.T)


def product_with_hessian(gradient: Sequence[Any], parameters: Sequence[Any]) -> Callable[[Any], Any]:
    """v ↦ H v from the recorded gradient: one backward pass through it for each v (Pearlmutter, 1994)."""
    kept = [(position, g) for position, g in enumerate(gradient) if g is not None and g.requires_grad]
    pullback = Pullback([g for _, g in kept], parameters)
    ends = np.cumsum([0, *[parameter.size for parameter in parameters]])

    def multiply(vector: Any) -> Any:
        seeds = [
            vector[ends[k] : ends[k + 1]].reshape(parameters[k].shape).astype(parameters[k].dtype) for k, _ in kept
        ]
        products = pullback(seeds) if kept else [None] * len(parameters)
        return np.concatenate(
            [
                np.zeros(p.size) if product is None else np.reshape(product, -1).astype(float)
                for p, product in zip(parameters, products)
            ]
        )

    return multiply


def flat(gradient: Sequence[Any], parameters: Sequence[Any]) -> Any:
    """Gradient Tensors as one vector of float64."""
    return np.concatenate(
        [np.zeros(p.size) if g is None else g._data.reshape(-1).astype(float) for g, p in zip(gradient, parameters)]
    )


def require_real(name: str, parameters: Sequence[Any]) -> None:
    """Raise ``TypeError`` for complex parameters."""
    for parameter in parameters:
        if parameter.dtype.kind != "f":
            raise TypeError(
                explain(
                    name,
                    expected="real parameters",
                    got=str(parameter.dtype),
                    remedy="pass floating-point Tensors, real and imaginary parts as parameters of their own",
                )
            )
