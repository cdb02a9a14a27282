"""How long vectors are, how far apart, and in how different a direction."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor, linalg
from autograd_core.errors import explain

from ..arguments import check_axis
from ..sizes import check_number
from .clamping import raise_to

__all__ = ["cosine_similarity", "normalize", "pairwise_distance", "pdist"]


def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Tensor:
    """x / max(‖x‖, eps) along an axis.

    Derivative for p = 2: (g − y (y · g)) / ‖x‖ for the result y, and g / eps where ‖x‖ < eps.

    Args:
        input: any shape.
        p: which norm.
        dim: the axis of the vectors, or several axes.
        eps: the smallest number to divide by.

    Returns:
        The same shape, with vectors of length 1 along ``dim``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.normalize(ag.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[0.6, 0.8],
            [0. , 0. ]])
    """
    axes = dim if isinstance(dim, list | tuple) else (dim,)
    dim = tuple(check_axis("normalize", "dim", axis, input.ndim) for axis in axes)
    length = linalg.vector_norm(input, axis=dim, keepdims=True, ord=float(p))
    return input / np.clip(length, eps, None)


def _common_shape(operation: str, x1: Any, x2: Any) -> tuple[int, ...]:
    """The shape to which both broadcast.

    Raises:
        ValueError: if there is none.
    """
    try:
        return np.broadcast_shapes(x1.shape, x2.shape)
    except ValueError:
        raise ValueError(
            explain(
                operation,
                expected="x1 and x2 of shapes that broadcast",
                got=f"shapes {x1.shape} and {x2.shape}",
                remedy="pass vectors of equal length",
            )
        ) from None


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors: x1 · x2 / (max(‖x1‖, eps) max(‖x2‖, eps)).

    Derivative with respect to x1: (x2/‖x2‖ − cos · x1/‖x1‖) / ‖x1‖.

    Args:
        x1, x2: shapes that broadcast.
        dim: the axis of the vectors, counted in the broadcast shape.
        eps: the smallest length to divide by.

    Returns:
        The broadcast shape without ``dim``, from −1 to 1.

    Raises:
        TypeError: if ``eps`` is no number, or ``dim`` no integer.
        IndexError: if there is no axis ``dim``.
        ValueError: for shapes that do not broadcast, and a negative ``eps``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.cosine_similarity(ag.tensor([[1.0, 0.0]]), ag.tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """
    check_number("cosine_similarity", "eps", eps)
    if not eps >= 0:
        raise ValueError(
            explain("cosine_similarity", expected="eps of at least 0", got=str(eps), remedy="pass 1e-8, say")
        )
    shape = _common_shape("cosine_similarity", x1, x2)
    check_axis("cosine_similarity", "dim", dim, len(shape))
    x1, x2 = (x if x.shape == shape else np.broadcast_to(x, shape) for x in (x1, x2))
    unit1, unit2 = (x / raise_to(linalg.vector_norm(x, axis=dim, keepdims=True), float(eps)) for x in (x1, x2))
    return np.sum(unit1 * unit2, axis=dim)


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of x1 − x2 + eps along the last axis.

    Derivative for p = 2 with respect to x1: (x1 − x2 + eps) / distance.

    Args:
        x1, x2: shapes that broadcast, (N, D) or (D,), say.
        p: which norm.
        eps: what is added to every difference, so that equal vectors have a derivative.
        keepdim: whether the last axis stays, with length 1.

    Returns:
        The broadcast shape without its last axis.

    Raises:
        TypeError: if ``p`` or ``eps`` is no number.
        ValueError: for shapes that do not broadcast.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.pairwise_distance(ag.tensor([[3.0, 4.0]]), ag.tensor([[0.0, 0.0]]), eps=0.0)
    tensor([5.])
    """
    check_number("pairwise_distance", "p", p)
    check_number("pairwise_distance", "eps", eps)
    _common_shape("pairwise_distance", x1, x2)
    return linalg.vector_norm(x1 - x2 + float(eps), axis=-1, keepdims=keepdim, ord=float(p))


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The distances between all pairs of rows: ‖x_i − x_j‖ for i < j, row by row.

    Derivative for p = 2 with respect to x_i: (x_i − x_j) / ‖x_i − x_j‖, and 0 for equal rows.

    Args:
        input: shape (N, D).
        p: which norm; not negative.

    Returns:
        Shape (N (N − 1) / 2,).

    Raises:
        ValueError: for another number of axes, or a negative p.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.pdist(ag.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    tensor([5.    , 1.    , 4.2426])
    """
    check_number("pdist", "p", p)
    if input.ndim != 2 or not p >= 0:
        raise ValueError(
            explain(
                "pdist",
                expected="an input of shape (N, D) and p ≥ 0",
                got=f"shape {input.shape} and p={p}",
                remedy="pass one vector per row",
            )
        )
    first, second = np.triu_indices(input.shape[0], 1)
    return linalg.vector_norm(input[first] - input[second], axis=-1, ord=float(p))


def squared_distances(x: Any, centres: Any) -> Any:
    """‖x − c‖² for every row c of ``centres``: shape (..., D) and (K, D) give (..., K)."""
    difference = np.expand_dims(x, -2) - centres
    return np.sum(difference * difference, axis=-1)
