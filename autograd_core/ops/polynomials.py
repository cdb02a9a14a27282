"""Polynomials given by their coefficients, the highest power first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, implements
from .signal import convolve

__all__ = ["polyadd", "polyder", "polyint", "polymul", "polysub", "polyval", "vander"]


@implements(np.polyval)
def polyval(p: Array, x: Array) -> Array:
    """The polynomial p[0] x^(n−1) + ... + p[n−1] at ``x``, by Horner's rule.

    Differentiable with respect to the coefficients and to ``x``.

    Args:
        p: the coefficients, a vector, the highest power first.
        x: where to evaluate, any shape.

    Returns:
        An array of the shape of ``x``.

    >>> import autograd_core as ag
    >>> ag.polyval(ag.tensor([1.0, 0.0, -2.0]), ag.tensor([3.0, 4.0]))
    tensor([ 7., 14.])
    """
    value: Any = _coefficients(x) * 0 if isinstance(x, list | tuple) else x * 0
    for position in range(len(p)):
        value = value * x + p[position]
    return value


@implements(np.vander)
def vander(x: Array, N: int | None = None, increasing: bool = False) -> Array:
    """The matrix of the powers of ``x``: out[i, j] = x[i]^(N − 1 − j), or x[i]^j if ``increasing``.

    Args:
        x: a vector.
        N: how many powers; as many as ``x`` has entries, if left out.
        increasing: whether the powers increase from left to right.

    Returns:
        A matrix with a row for each entry, of the dtype of ``x``.

    Raises:
        ValueError: if ``x`` is not a vector.

    >>> import autograd_core as ag
    >>> ag.vander(ag.tensor([2.0, 3.0]), 3)
    tensor([[4., 2., 1.],
            [9., 3., 1.]])
    """
    if np.ndim(x) != 1:
        raise ValueError(
            explain("vander", expected="a vector", got=f"shape {np.shape(x)}", remedy="flatten the array first")
        )
    n = len(x) if N is None else N
    powers: list[Any] = [np.ones_like(x)]
    for _ in range(n - 1):
        powers.append(powers[-1] * x)
    matrix: Any = np.stack(powers if increasing else powers[::-1], axis=1)
    return matrix if n else matrix[:, :0]


def _of_length(p: Any, n: int) -> Any:
    """The coefficients with zeros in front, up to ``n`` of them."""
    missing = n - len(p)
    return np.concatenate((np.zeros_like(p, shape=(missing,)), p)) if missing else p


def _joined(p: Any, end: Any) -> Any:
    return np.concatenate((p, end))


def _coefficients(p: Any) -> Any:
    p = np.array(p) if isinstance(p, list | tuple) else p
    return p if np.ndim(p) else np.reshape(p, (1,))


@implements(np.polyadd)
def polyadd(a1: Array, a2: Array) -> Array:
    """The coefficients of the sum of two polynomials.

    Args:
        a1, a2: coefficients, the highest power first.

    Returns:
        As many coefficients as the longer one has.

    >>> import autograd_core as ag
    >>> ag.polyadd(ag.tensor([1.0, 2.0]), ag.tensor([9.0, 5.0, 4.0]))
    tensor([9., 6., 6.])
    """
    a1, a2 = _coefficients(a1), _coefficients(a2)
    n = max(len(a1), len(a2))
    return _of_length(a1, n) + _of_length(a2, n)


@implements(np.polysub)
def polysub(a1: Array, a2: Array) -> Array:
    """The coefficients of the difference of two polynomials.

    Args:
        a1, a2: coefficients, the highest power first.

    Returns:
        As many coefficients as the longer one has.

    >>> import autograd_core as ag
    >>> ag.polysub(ag.tensor([2.0, 10.0]), ag.tensor([3.0, 10.0, -4.0]))
    tensor([-3., -8., 14.])
    """
    return polyadd(a1, np.negative(_coefficients(a2)))


@implements(np.polymul)
def polymul(a1: Array, a2: Array) -> Array:
    """The coefficients of the product of two polynomials: the convolution of their coefficients.

    Args:
        a1, a2: coefficients, the highest power first.

    Returns:
        One coefficient fewer than both have together.

    >>> import autograd_core as ag
    >>> ag.polymul(ag.tensor([1.0, 2.0]), ag.tensor([1.0, -2.0]))
    tensor([ 1.,  0., -4.])
    """
    return convolve(_coefficients(a1), _coefficients(a2))


def _check_order(operation: str, m: Any) -> None:
    if m != int(m) or m < 0:
        raise ValueError(
            explain(operation, expected="m = 0, 1, 2 ...", got=repr(m), remedy="pass how often to apply it")
        )


@implements(np.polyder)
def polyder(p: Array, m: int = 1) -> Array:
    """The coefficients of the ``m``-th derivative of a polynomial.

    Args:
        p: coefficients, the highest power first.
        m: how often to differentiate.

    Returns:
        ``m`` coefficients fewer; none at all where the derivative is 0.

    Raises:
        ValueError: for a negative or broken ``m``.

    >>> import autograd_core as ag
    >>> ag.polyder(ag.tensor([1.0, 1.0, 1.0, 1.0]))
    tensor([3., 2., 1.])
    """
    _check_order("polyder", m)
    p = _coefficients(p)
    for _ in range(m):
        degrees = np.arange(len(p) - 1, 0, -1)
        p = p[:-1] * degrees.astype(p.dtype)
    return p


@implements(np.polyint)
def polyint(p: Array, m: int = 1, k: Any = None) -> Array:
    """The coefficients of the ``m``-th antiderivative of a polynomial.

    Args:
        p: coefficients, the highest power first.
        m: how often to integrate.
        k: the constants of integration, one for all or one for each step; 0 if left out.

    Returns:
        ``m`` coefficients more.

    Raises:
        ValueError: for a negative or broken ``m``, and for fewer than ``m`` constants.

    >>> import autograd_core as ag
    >>> ag.polyint(ag.tensor([3.0, 2.0, 1.0]))
    tensor([1., 1., 1., 0.])
    """
    _check_order("polyint", m)
    p = _coefficients(p)
    constants = _coefficients(0.0 if k is None else k)
    if len(constants) == 1:
        constants = [constants[0]] * m
    if len(constants) < m:
        raise ValueError(
            explain(
                "polyint",
                expected=f"one constant of integration, or {m} of them",
                got=str(len(constants)),
                remedy="pass one for each integration",
            )
        )
    for step in range(m):
        degrees = np.arange(len(p), 0, -1)
        kind = p.dtype if p.dtype.kind in "fc" else np.float64
        end = np.reshape(constants[step], (1,))
        end = end.astype(p.dtype) if p.dtype.kind == "f" and end.dtype.kind != "c" else end
        p = _joined(p / degrees.astype(kind), end)
    return p
