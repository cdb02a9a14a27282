"""The matrix exponential."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, define
from .axes import as_array

__all__ = ["expm"]

# Per precision: the coefficients of the Pade numerator b_0 + b_1 x + ..., and the largest 1-norm for
# which p(x)/q(x) is exact to rounding (Higham 2005, tables 2.3 and 2.4).
DOUBLE = (
    (
        64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0,
        10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0,
    ),
    5.371920351148152,
)  # fmt: skip
SINGLE = ((17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0, 1.0), 3.925724783138660)


def _expm_forward(a: Any) -> Any:
    """exp(a) = (exp(a / 2^s))^(2^s), and exp(a / 2^s) = q(a)^-1 p(a) by the Pade approximation."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(
            explain("expm", expected="square matrices", got=f"shape {a.shape}", remedy="pass an array (..., n, n)")
        )
    if a.size == 0:
        return a
    coefficients, limit = SINGLE if np.finfo(a.dtype).bits == 32 else DOUBLE
    size = np.max(np.sum(np.abs(a), axis=-2), axis=-1)[..., None, None]
    ratio = np.where(np.isfinite(size) & (size > limit), size / limit, 1)
    halvings = np.ceil(np.log2(ratio))
    a = a * np.exp2(-halvings)
    square = a @ a
    identity = np.tril(np.triu(np.ones_like(a)))
    power, even, odd = identity, coefficients[0] * identity, coefficients[1] * identity
    for k in range(2, len(coefficients), 2):
        power = power @ square
        even, odd = even + coefficients[k] * power, odd + coefficients[k + 1] * power
    odd = a @ odd
    out = np.linalg.solve(even - odd, even + odd)
    while np.any(halvings > 0):
        root = np.where(halvings > 0, out, identity)
        out = np.where(halvings > 0, root @ root, out)
        halvings = halvings - 1
    return out


def _expm_rule(g: Any, out: Any, a: Any) -> Any:
    """The corner of exp([[a^T, g], [0, a^T]]): the derivative of exp at a^T in the direction g."""
    n = a.shape[-1]
    top = np.concatenate([a.mT, g], axis=-1)
    bottom = np.concatenate([np.zeros_like(a), a.mT], axis=-1)
    return _expm(np.concatenate([top, bottom], axis=-2))[..., :n, n:]


_expm = define("expm", _expm_forward, _expm_rule, formulas="the derivative of exp at {a}ᵀ", symbol="exp")


def expm(a: Array) -> Array:
    """The matrix exponential: the sum over k of a^k / k!.

    With L(a, e) the derivative of exp at a in the direction e, the gradient is L(a^T, g), which is the
    upper right block of the exponential of [[a^T, g], [0, a^T]].

    Args:
        a: square matrices of shape (..., n, n), real or complex.

    Returns:
        Matrices of the shape of ``a``.

    Raises:
        LinAlgError: if a matrix is not square.

    >>> import autograd_core as ag
    >>> ag.linalg.expm(ag.tensor([[0.0, 2.0], [0.0, 0.0]]))
    tensor([[1., 2.],
            [0., 1.]])

    Source: N. J. Higham, The scaling and squaring method for the matrix exponential revisited, SIAM J.
    Matrix Anal. Appl. 26 (2005); A. H. Al-Mohy, N. J. Higham, Computing the Frechet derivative of the
    matrix exponential, ibid. 30 (2009).
    """
    a = as_array(a)
    if a.dtype.kind not in "fc":
        a = a.astype(float)
    return _expm(a)
