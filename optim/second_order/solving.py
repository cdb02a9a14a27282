"""The linear problems inside a step, solved by orthogonal factors and never by an inverse."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Solution", "condition_of", "safeguarded_solution", "solve_damped"]

DEPENDENT = 1e-10  # columns whose singular values are smaller, beside the largest, depend on each other
EXACT = 100  # up to this size a condition number is computed from singular values


class Solution(NamedTuple):
    """The solution of a linear problem.

    Attributes:
        step: the vector.
        condition: the condition number of the matrix that was solved with.
        shift: what was added to the diagonal, or how far eigenvalues were moved at most; 0 if nothing was changed.
    """

    step: Any
    condition: float
    shift: float = 0.0


def condition_of(triangle: Any) -> float:
    """The condition number of a triangular matrix R.

    Exact up to 100 columns, and above that the ratio of the largest and the smallest entry of the diagonal,
    which is a lower bound.
    """
    if not triangle.size:
        return 1.0
    values = np.abs(np.diagonal(triangle))
    if len(values) <= EXACT:
        values = np.linalg.svd(triangle, compute_uv=False)
    low = float(values.min())
    return float(values.max()) / low if low > 0 else math.inf


def solve_damped(jacobian: Any, residuals: Any, weights: Any = None) -> Solution:
    """The step p that makes |r + J p|² + |W p|² smallest, W = diag(weights).

    By the QR factors of J with W below it; with fewer residuals than parameters by those of the transpose,
    (J W⁻¹)ᵀ with the unit matrix below it. Without weights, and where columns of J depend on each other,
    the shortest step, by singular values.

    Args:
        jacobian: J, of shape (m, n).
        residuals: r, of shape (m,).
        weights: positive, of shape (n,).

    Returns:
        p and the condition number of the triangle.
    """
    rows, columns = jacobian.shape
    if weights is None:
        return _solve_undamped(jacobian, residuals)
    if rows >= columns:
        scaled = jacobian / weights
        orthogonal, triangle = np.linalg.qr(np.concatenate([scaled, np.eye(columns)]))
        step = -np.linalg.solve(triangle, orthogonal[:rows].T @ residuals)
        return Solution(step / weights, condition_of(triangle))
    scaled = (jacobian / weights).T
    orthogonal, triangle = np.linalg.qr(np.concatenate([scaled, np.eye(rows)]))
    step = -orthogonal[:columns] @ np.linalg.solve(triangle.T, residuals)
    return Solution(step / weights, condition_of(triangle))


def _solve_undamped(jacobian: Any, residuals: Any) -> Solution:
    rows, columns = jacobian.shape
    lengths = np.linalg.norm(jacobian, axis=0)
    lengths[lengths == 0] = 1.0
    scaled = jacobian / lengths
    if rows >= columns:
        orthogonal, triangle = np.linalg.qr(scaled)
        condition = condition_of(triangle)
        if condition < 1 / DEPENDENT:
            return Solution(-np.linalg.solve(triangle, orthogonal.T @ residuals) / lengths, condition)
    step, _, rank, values = np.linalg.lstsq(scaled, -residuals, rcond=DEPENDENT)
    used = values[:rank]
    return Solution(step / lengths, float(used[0] / used[-1]) if rank else 1.0)


def safeguarded_solution(matrix: Any, right: Any) -> Solution:
    """Solve a symmetric system by Cholesky factors, or with the eigenvalues' absolute values where there are none.

    Eigenvalues below 10⁻⁸ of the largest are taken for that. ``shift`` is by how much the eigenvalue that moved
    farthest did.
    """
    try:
        factor = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        pass
    else:
        condition = condition_of(factor) ** 2
        if condition < 1 / np.finfo(float).eps:
            return Solution(np.linalg.solve(factor.T, np.linalg.solve(factor, right)), condition)
    values, vectors = np.linalg.eigh(matrix)
    sizes = np.abs(values)
    largest = float(sizes.max(initial=0.0)) or 1.0
    used = np.maximum(sizes, 1e-8 * largest)
    step = vectors @ ((vectors.T @ right) / used)
    return Solution(step, largest / float(used.min()), float(np.abs(used - values).max()))
