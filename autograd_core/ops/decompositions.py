"""Decompositions by elimination and orthogonalization: Cholesky and QR.

The rules are written as the literature writes them, with gradients as directions of steepest ascent and
Hermitian transposes (``textbook`` translates). Eigenvalues and singular values stand in ``spectra``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import GradientError, explain
from ..primitive import Array, define, implements
from .axes import as_array
from .matrices import adjoint, conj, identity_like, textbook

__all__ = ["QRResult", "cholesky", "qr"]


# -- Cholesky ------------------------------------------------------------------------------------------------


def _cholesky_rule(g: Any, out: Any, a: Any) -> Any:
    """With Phi the lower triangle with its diagonal halved: L^-* Phi(L* G) L^-1, made Hermitian."""
    product = adjoint(out) @ conj(g)
    phi = (np.tril(product) + np.tril(product, -1)) * 0.25
    half = np.linalg.solve(adjoint(out), phi + adjoint(phi))
    return conj(np.linalg.solve(adjoint(out), adjoint(half)))


_cholesky = define(
    "cholesky",
    lambda a: np.linalg.cholesky(a),
    _cholesky_rule,
    formulas="sym({out}⁻ᵀ Φ({out}ᵀ g) {out}⁻¹)",
    symbol="chol",
)


@implements(np.linalg.cholesky)
def cholesky(a: Array, /, *, upper: bool = False) -> Array:
    """The Cholesky factor of Hermitian positive definite matrices: a = L L* with L lower triangular.

    Only the lower triangle is read (the upper one for ``upper=True``). The gradient is nevertheless
    Hermitian, as in PyTorch: it is the derivative for changes that keep the matrix Hermitian.

    Args:
        a: Hermitian positive definite matrices of shape (..., n, n).
        upper: whether to return U = L*, with a = U* U.

    Returns:
        Triangular matrices of shape (..., n, n).

    Raises:
        LinAlgError: if a matrix is not positive definite.

    >>> import autograd_core as ag
    >>> ag.linalg.cholesky(ag.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])

    Source: I. Murray, Differentiation of the Cholesky decomposition, arXiv:1602.07527, equation 10.
    """
    a = as_array(a)
    return adjoint(_cholesky(adjoint(a))) if upper else _cholesky(a)


# -- QR ------------------------------------------------------------------------------------------------------


class QRResult(NamedTuple):
    """The factors of a QR decomposition, as ``qr`` returns them.

    Attributes:
        Q: matrices with orthonormal columns.
        R: upper triangular matrices.

    >>> import autograd_core as ag
    >>> result = ag.linalg.qr(ag.tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> (result.Q @ result.R).round(9).tolist()
    [[3.0, 1.0], [4.0, 2.0]]
    """

    Q: Any
    R: Any


@textbook
def _qr_joint(g: Any, out: Any, a: Any, mode: str) -> Any:
    """With N = G_R R* - Q* G_Q and S = triu(N, 1), its adjoint and the real diagonal: (G_Q + Q S) R^-*."""
    to_q, to_r = g
    q, r = out
    m, n = a.shape[-2:]
    if mode == "complete" and m > n:
        if to_q is not None:
            raise GradientError(
                explain(
                    "backward of qr",
                    expected="no gradient of Q for mode='complete' and more rows than columns",
                    got=f"one, for a of shape {a.shape}; the columns of Q after the first {n} are not unique",
                    remedy="use mode='reduced'",
                )
            )
        q, r, to_r = q[..., :n], r[..., :n, :], to_r[..., :n, :]
    to_rest = None
    if m < n:
        # a = Q (R1, R2): Q and R1 come from the first m columns, and R2 = Q* a2.
        if to_r is not None:
            to_rest, rest = to_r[..., m:], a[..., m:]
            to_q = rest @ adjoint(to_rest) if to_q is None else to_q + rest @ adjoint(to_rest)
            to_rest, to_r = q @ to_rest, to_r[..., :m]
        r = r[..., :m]
    product = np.zeros_like(r) if to_r is None else to_r @ adjoint(r)
    if to_q is not None:
        product = product - adjoint(q) @ to_q
    above = np.triu(product, 1)
    total = q @ (above + adjoint(above) + np.real(product) * identity_like(r, min(m, n)))
    if to_q is not None:
        total = total + to_q
    contribution = adjoint(np.linalg.solve(r, adjoint(total)))
    if m < n:
        to_rest = np.zeros_like(a[..., m:]) if to_rest is None else to_rest
        contribution = np.concatenate([contribution, to_rest], axis=-1)
    return contribution


_qr = define(
    "qr",
    lambda a, mode: tuple(np.linalg.qr(a, mode)),
    joint=_qr_joint,
    multiple=True,
    formulas="(g_Q + Q S) R⁻ᵀ",
)


@implements(np.linalg.qr)
def qr(a: Array, mode: str = "reduced") -> Any:
    """The QR decomposition: a = Q R with orthonormal columns in Q and R upper triangular.

    The gradient exists where the first min(m, n) columns of ``a`` are linearly independent.

    Args:
        a: matrices of shape (..., m, n).
        mode: "reduced" for Q of shape (..., m, k) and R of shape (..., k, n) with k = min(m, n);
            "complete" for Q of shape (..., m, m), which for m > n has a gradient through R only;
            "r" for R alone.

    Returns:
        A named tuple (Q, R), or R.

    Raises:
        ValueError: for another mode.
        GradientError: in the backward pass, for the gradient of a complete Q with m > n.

    >>> import autograd_core as ag
    >>> q, r = ag.linalg.qr(ag.tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> abs(r).round(9).tolist()
    [[5.0, 2.2], [0.0, 0.4]]

    Source: M. Seeger et al., Auto-differentiating linear algebra, arXiv:1710.08717; S. F. Walter and
    L. Lehmann, Algorithmic differentiation of linear algebra functions, arXiv:1001.1654.
    """
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(
            explain(
                "qr", expected="mode='reduced', 'complete' or 'r'", got=f"mode={mode!r}", remedy="pass one of these"
            )
        )
    result = _qr(as_array(a), mode="reduced" if mode == "r" else mode)
    return result[1] if mode == "r" else QRResult(*result)
