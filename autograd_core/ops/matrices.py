"""Small tools of the matrix operations: conjugates, adjoints, identities."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

__all__: list[str] = []


def conj(x: Any) -> Any:
    """The complex conjugate, which for real ``x`` is ``x`` and costs nothing."""
    return np.conjugate(x) if x.dtype.kind == "c" else x


def adjoint(x: Any) -> Any:
    """The conjugate transpose of the matrices in the last two axes."""
    return conj(x.mT)


def column(x: Any) -> Any:
    """Vectors in the last axis as matrices of one column."""
    return np.expand_dims(x, -1)


def row(x: Any) -> Any:
    """Vectors in the last axis as matrices of one row."""
    return np.expand_dims(x, -2)


def identity_like(x: Any, n: int) -> Any:
    """The n by n identity matrix of the kind and dtype of ``x``."""
    return np.tril(np.triu(np.ones_like(x, shape=(n, n))))


def epsilon(x: Any) -> float:
    """The spacing of the numbers of the dtype of ``x`` near 1, as a Python number, which promotes nothing."""
    return float(np.finfo(x.dtype).eps)


def textbook(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The joint rule of a decomposition out of one in the convention of the literature.

    The engine's gradients are plain transposes. Papers on matrix decompositions write gradients as
    directions of steepest ascent, with Hermitian transposes; those are the conjugates of the engine's.

    Args:
        rule: ``rule(g, out, x, **attributes)`` with one gradient per output (``None`` for none), returns
            the gradient of the one input.
    """

    @functools.wraps(rule)
    def joint(g: Any, out: Any, x: Any, **attributes: Any) -> tuple[Any]:
        g = tuple(None if part is None else conj(part) for part in g)
        return (conj(rule(g, out, x, **attributes)),)

    return joint
