"""Eigenvalues and singular values.

The rules are written as the literature writes them, with gradients as directions of steepest ascent and
Hermitian transposes (``textbook`` translates).

**Vectors that are not unique.** Eigenvectors and singular vectors are fixed up to a sign, complex ones up
to a phase, and those of equal values up to a rotation. A gradient exists for functions that do not depend
on that choice, and the rules divide by the gaps between values. Where values are tied (equal up to
rounding), the gradient is finite for

- functions of the values alone, such as the nuclear norm;
- functions of vectors alone that use the tied ones only through the space that they span, such as a
  projection: there the numerator over the gap vanishes too, and the quotient is 0;
- functions of values and vectors that use none of the tied vectors, if the tied values are not the same
  number.

Anything else gets NaN. It may depend on the choice, and then it has no gradient; or it may not, as
``V f(w) V*``, but then the limit of 0/0 cannot be had from the decomposition, and a wrong number would be
worse. A singular value that vanishes counts as tied with those of the vectors that complete U or V to a
square matrix. A complex function that depends on the phase of a vector is refused with an error.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..errors import GradientError, explain
from ..primitive import Array, define, implements
from .axes import as_array
from .matrices import adjoint, column, conj, epsilon, identity_like, row, textbook

__all__ = ["EigResult", "EighResult", "SVDResult", "eig", "eigh", "eigvals", "eigvalsh", "svd", "svdvals"]


# -- what the rules for eigenvectors and singular vectors share ----------------------------------------------


def _quotient(numerator: Any, denominator: Any, zero: Any, lost: Any) -> Any:
    """``numerator / denominator``; where the denominator is ``zero`` NaN if the quotient is ``lost``, else 0."""
    quotient = np.where(zero, 0, numerator / np.where(zero, 1, denominator))
    return np.where(zero & lost, math.nan, quotient)


def _over_gaps(product: Any, numerator: Any, gaps: Any, values: Any, values_used: bool) -> Any:
    """``numerator / gaps`` off the diagonal and 0 on it, with the cases of tied values as said above.

    Args:
        product: V* G_V, the gradient in the basis of the vectors.
        numerator: that part of it that turns the vectors.
        gaps: vanishes where two values are equal.
        values: the eigenvalues or singular values.
        values_used: whether the function depends on them.
    """
    n = values.shape[-1]
    distance = np.abs(row(values) - column(values))
    tied = distance <= 8 * epsilon(values) * row(column(np.sum(np.abs(values), axis=-1)))
    if values_used:
        lost = (np.abs(product) + np.abs(product.mT) > 0) | (distance == 0)
    else:
        lost = np.abs(numerator) > 64 * n * epsilon(values) * _size(product)
    return _quotient(numerator, gaps, tied, lost & (identity_like(values, n) == 0))


def _over_values(numerator: Any, s: Any, size: Any, values_used: bool) -> Any:
    """The columns of ``numerator`` divided by the singular values, with the cases of vanishing ones as above."""
    vanishing = row(s) <= 8 * epsilon(s) * row(column(np.sum(s, axis=-1)))
    rounding = 64 * s.shape[-1] * epsilon(s) * size
    lost = (numerator != 0) | (row(s) == 0) if values_used else np.abs(numerator) > rounding
    return _quotient(numerator, row(s), vanishing, lost)


def _size(x: Any) -> Any:
    """The sum of the absolute values of the entries of matrices."""
    return np.sum(np.abs(x), axis=(-2, -1), keepdims=True)


def _refuse_phase(name: str, to_values: Any, *products: Any) -> None:
    """Raise if the derivative along the phases of the vectors is not zero.

    Zero within rounding, whose size is not known: terms may have cancelled on the way. So the tolerance is
    generous, like PyTorch's.
    """
    phase = sum(_imaginary_diagonal(x) for x in products)
    size = 1 + sum(_size(x) for x in products)[..., 0]
    if to_values is not None:
        size = size + np.sum(np.abs(to_values), axis=-1, keepdims=True)
    if np.any(np.abs(phase) > math.sqrt(epsilon(phase)) * size):
        raise GradientError(
            explain(
                f"backward of {name}",
                expected="a function that does not change when a vector is multiplied by exp(i phi)",
                got="one that does, so that its gradient is not defined",
                remedy="use |v|, v v* or another expression in which the phase cancels",
            )
        )


def _imaginary_diagonal(x: Any) -> Any:
    return np.diagonal(np.imag(x), 0, -2, -1)


# -- Hermitian eigenvalues -----------------------------------------------------------------------------------


class EighResult(NamedTuple):
    """Eigenvalues and eigenvectors of Hermitian matrices, as ``eigh`` returns them.

    Attributes:
        eigenvalues: reals in ascending order.
        eigenvectors: orthonormal, in the columns.

    >>> import autograd_core as ag
    >>> ag.linalg.eigh(ag.tensor([[2.0, 1.0], [1.0, 2.0]])).eigenvalues.round(9).tolist()
    [1.0, 3.0]
    """

    eigenvalues: Any
    eigenvectors: Any


@textbook
def _eigh_joint(g: Any, out: Any, a: Any, UPLO: str) -> Any:
    """V (diag(g_w) + skew(V* G_V) / E) V* with E_ij = w_j - w_i."""
    to_values, to_vectors = g
    w, v = out
    inner = None if to_values is None else v * row(to_values)
    if to_vectors is not None:
        product = adjoint(v) @ to_vectors
        if product.dtype.kind == "c":
            _refuse_phase("eigh", to_values, product)
        skew = (product - adjoint(product)) * 0.5
        turned = v @ _over_gaps(product, skew, row(w) - column(w), w, to_values is not None)
        inner = turned if inner is None else inner + turned
    return inner @ adjoint(v)


_eigh = define(
    "eigh",
    lambda a, UPLO: tuple(np.linalg.eigh(a, UPLO)),
    joint=_eigh_joint,
    multiple=True,
    formulas="V (diag(g_w) + skew(Vᵀ g_V) / (w_j − w_i)) Vᵀ",
)


@implements(np.linalg.eigh)
def eigh(a: Array, UPLO: str = "L") -> EighResult:
    """Eigenvalues, in ascending order, and orthonormal eigenvectors of Hermitian matrices: a V = V diag(w).

    dL/da = V (diag(g_w) + skew(V* g_V) / E) V* with E_ij = w_j - w_i. It is Hermitian, as in PyTorch,
    though only one triangle of ``a`` is read. Where eigenvalues are equal, functions of the eigenvalues and
    of the space that their vectors span have finite gradients; functions of the single vectors give NaN.

    Args:
        a: Hermitian matrices of shape (..., n, n).
        UPLO: "L" or "U", the triangle that is read.

    Returns:
        A named tuple (eigenvalues of shape (..., n), eigenvectors in the columns of shape (..., n, n)).

    Raises:
        LinAlgError: if a matrix is not square.
        GradientError: in the backward pass, if a complex function depends on the phase of a vector.

    >>> import autograd_core as ag
    >>> a = ag.tensor([[2.0, 0.0], [0.0, 3.0]], requires_grad=True)
    >>> w, v = ag.linalg.eigh(a)
    >>> table = w[1].backward()
    >>> a.grad.tolist()
    [[0.0, 0.0], [0.0, 1.0]]

    Source: M. B. Giles, An extended collection of matrix derivative results for forward and reverse mode
    algorithmic differentiation, section 3.1 (2008).
    """
    return EighResult(*_eigh(as_array(a), UPLO=UPLO))


def _eigvalsh_rule(g: Any, out: Any, a: Any, UPLO: Any) -> Any:
    w, v = np.linalg.eigh(a, UPLO)
    return conj((v * row(g + 0 * w)) @ adjoint(v))  # 0 * w tells the next derivative that g may depend on w


_eigvalsh = define("eigvalsh", lambda a, UPLO: np.linalg.eigvalsh(a, UPLO), _eigvalsh_rule, formulas="V diag(g) Vᵀ")


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Array, UPLO: str = "L") -> Array:
    """The eigenvalues of Hermitian matrices in ascending order, with dw_i = v_i* da v_i.

    Args:
        a: Hermitian matrices of shape (..., n, n).
        UPLO: "L" or "U", the triangle that is read. The gradient is Hermitian.

    Returns:
        Reals of shape (..., n).

    Raises:
        LinAlgError: if a matrix is not square.

    >>> import autograd_core as ag
    >>> ag.linalg.eigvalsh(ag.tensor([[2.0, 1.0], [1.0, 2.0]])).round(9).tolist()
    [1.0, 3.0]
    """
    return _eigvalsh(as_array(a), UPLO=UPLO)


# -- general eigenvalues -------------------------------------------------------------------------------------


class EigResult(NamedTuple):
    """Eigenvalues and eigenvectors of square matrices, as ``eig`` returns them.

    Attributes:
        eigenvalues: in no particular order.
        eigenvectors: of length 1, in the columns.

    >>> import autograd_core as ag
    >>> ag.linalg.eig(ag.tensor([[2.0, 1.0], [0.0, 3.0]])).eigenvalues.real.tolist()
    [2.0, 3.0]
    """

    eigenvalues: Any
    eigenvectors: Any


@textbook
def _eig_joint(g: Any, out: Any, a: Any) -> Any:
    """V^-* (diag(g_w) + (V* G_V - V* V diag(Re V* G_V)) / conj(E)) V* with E_ij = w_j - w_i."""
    to_values, to_vectors = g
    w, v = out
    inner: Any = None if to_values is None else column(to_values) * adjoint(v)
    if to_vectors is not None:
        if a.dtype.kind != "c" and to_vectors.dtype.kind == "c":
            # A real matrix has real vectors to its real eigenvalues: they have no phase, and no imaginary part.
            to_vectors = np.where(row(np.imag(w)) == 0, np.real(to_vectors), to_vectors)
        product = adjoint(v) @ to_vectors
        if product.dtype.kind == "c":
            _refuse_phase("eig", to_values, product)
        lengths = row(np.diagonal(np.real(product), 0, -2, -1))
        numerator = product - (adjoint(v) @ v) * lengths
        gaps = conj(row(w) - column(w))
        turned = _over_gaps(product, numerator, gaps, w, to_values is not None) @ adjoint(v)
        inner = turned if inner is None else inner + turned
    return np.linalg.solve(adjoint(v), inner)


_eig = define(
    "eig",
    lambda a: tuple(np.linalg.eig(a)),
    joint=_eig_joint,
    multiple=True,
    formulas="V⁻ᵀ (diag(g_w) + …) Vᵀ",
)


@implements(np.linalg.eig)
def eig(a: Array) -> EigResult:
    """Eigenvalues and eigenvectors of length 1 of square matrices: a V = V diag(w).

    The dtype is that of the installed NumPy: the results are complex, but before NumPy 2.5 real if the
    matrices and all eigenvalues are. The gradient exists where the matrix is diagonalizable; for equal
    eigenvalues see ``eigh``.

    Args:
        a: square matrices of shape (..., n, n).

    Returns:
        A named tuple (eigenvalues of shape (..., n), eigenvectors in the columns of shape (..., n, n)).

    Raises:
        LinAlgError: if a matrix is not square.
        GradientError: in the backward pass, if a complex function depends on the phase of a vector.

    >>> import autograd_core as ag
    >>> w, v = ag.linalg.eig(ag.tensor([[2.0, 0.0], [0.0, 3.0]]))
    >>> w.real.tolist()
    [2.0, 3.0]

    Source: C. Boeddeker et al., On the computation of complex-valued gradients with application to
    statistically optimum beamforming, arXiv:1701.00392, equation 4.77.
    """
    return EigResult(*_eig(as_array(a)))


@implements(np.linalg.eigvals)
def eigvals(a: Array) -> Array:
    """The eigenvalues of square matrices, as ``eig`` gives them.

    Args:
        a: square matrices of shape (..., n, n).

    Returns:
        Numbers of shape (..., n), of the dtype that ``eig`` gives.

    Raises:
        LinAlgError: if a matrix is not square.

    >>> import autograd_core as ag
    >>> ag.linalg.eigvals(ag.tensor([[0.0, -1.0], [1.0, 0.0]])).imag.tolist()
    [1.0, -1.0]
    """
    return eig(a).eigenvalues


# -- singular values -----------------------------------------------------------------------------------------


class SVDResult(NamedTuple):
    """The factors of a singular value decomposition, as ``svd`` returns them.

    Attributes:
        U: orthonormal vectors in the columns.
        S: the singular values in descending order.
        Vh: orthonormal vectors, conjugated, in the rows.

    >>> import autograd_core as ag
    >>> result = ag.linalg.svd(ag.tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> ((result.U * result.S) @ result.Vh).round(9).tolist()
    [[3.0, 1.0], [4.0, 2.0]]
    """

    U: Any
    S: Any
    Vh: Any


@textbook
def _svd_joint(g: Any, out: Any, a: Any, full_matrices: bool, hermitian: bool) -> Any:
    """U diag(G_s) V*, what U contributes, what V contributes by the decomposition a* = V diag(s) U*, and the phases."""
    to_u, to_s, to_vh = g
    u, s, vh = out
    m, n = a.shape[-2:]
    if full_matrices and m != n:
        _refuse_full(*((to_u, "U") if m > n else (to_vh, "Vh")), a)
        u, vh = u[..., : min(m, n)], vh[..., : min(m, n), :]
        to_u, to_vh = (None, to_vh) if m > n else (to_u, None)
    used = to_s is not None
    total = (u * row(to_s)) @ vh if used else np.zeros_like(a)
    if to_u is not None:
        total = total + _svd_side(u, s, vh, to_u, used)
    if to_vh is not None:
        total = total + adjoint(_svd_side(adjoint(vh), s, adjoint(u), adjoint(to_vh), used))
    if a.dtype.kind == "c" and not (to_u is None and to_vh is None):
        of_u = None if to_u is None else adjoint(u) @ to_u
        of_v = None if to_vh is None else vh @ adjoint(to_vh)
        _refuse_phase("svd", to_s, *(x for x in (of_u, of_v) if x is not None))
        if of_u is not None:
            phases = 1j * row(_imaginary_diagonal(of_u))
            total = total + (u * _over_values(phases, s, _size(of_u), used)) @ vh
    return total


def _svd_side(u: Any, s: Any, vh: Any, to_u: Any, used: bool) -> Any:
    """(U skew(U* G_U) / E diag(s) + (1 - U U*) G_U diag(1/s)) V*, E_ij = s_j^2 - s_i^2, skew(X) = X - X*."""
    product = adjoint(u) @ to_u
    gaps = (row(s) - column(s)) * (row(s) + column(s))
    turned = u @ (_over_gaps(product, product - adjoint(product), gaps, s, used) * row(s))
    if u.shape[-2] > u.shape[-1]:
        turned = turned + _over_values(to_u - u @ product, s, _size(product), used)
    return turned @ vh


def _refuse_full(g: Any, which: str, a: Any) -> None:
    if g is not None:
        raise GradientError(
            explain(
                "backward of svd",
                expected=f"no gradient of {which} with full_matrices=True",
                got=f"one, for a of shape {a.shape}, of whose {which} only a part is unique",
                remedy="use full_matrices=False",
            )
        )


_svd = define(
    "svd",
    lambda a, full_matrices, hermitian: tuple(np.linalg.svd(a, full_matrices, hermitian=hermitian)),
    joint=_svd_joint,
    multiple=True,
    formulas="U (diag(g_s) + …) Vᵀ",
)


@implements(np.linalg.svd)
def svd(a: Array, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """The singular value decomposition: a = U diag(s) V* with orthonormal columns in U and V.

    Where singular values are equal, functions of the values and of the spaces that their vectors span
    have finite gradients; functions of the single vectors give NaN. The same holds for the vectors of a
    singular value 0.

    Args:
        a: matrices of shape (..., m, n).
        full_matrices: whether U is (..., m, m) and Vh (..., n, n); otherwise (..., m, k) and (..., k, n)
            with k = min(m, n). Of the larger one only k vectors are unique, so that it has a gradient
            for ``full_matrices=False`` only.
        compute_uv: whether to return U and Vh as well.
        hermitian: whether ``a`` is Hermitian, so that a faster way may be taken.

    Returns:
        A named tuple (U, S, Vh) with the values S in descending order, or S.

    Raises:
        GradientError: in the backward pass, for a gradient of the larger of U and Vh if
            ``full_matrices``, and if a complex function depends on the phase of a vector.

    >>> import autograd_core as ag
    >>> a = ag.tensor([[3.0, 0.0], [0.0, 2.0]], requires_grad=True)
    >>> s = ag.linalg.svd(a).S
    >>> table = s[0].backward()
    >>> s.tolist(), a.grad.tolist()
    ([3.0, 2.0], [[1.0, 0.0], [0.0, 0.0]])

    Source: J. Townsend, Differentiating the singular value decomposition (2016); Z.-Q. Wan, S.-X. Zhang,
    Automatic differentiation for complex valued SVD, arXiv:1909.02659.
    """
    a = as_array(a)
    if not compute_uv:
        return _svdvals(a, hermitian=hermitian)
    return SVDResult(*_svd(a, full_matrices=full_matrices, hermitian=hermitian))


def _svdvals_rule(g: Any, out: Any, a: Any, hermitian: bool) -> Any:
    u, s, vh = np.linalg.svd(a, full_matrices=False, hermitian=hermitian)
    return conj((u * row(g + 0 * s)) @ vh)  # 0 * s tells the next derivative that g may depend on s


_svdvals = define(
    "svdvals",
    lambda a, hermitian: np.linalg.svd(a, compute_uv=False, hermitian=hermitian),
    _svdvals_rule,
    formulas="U diag(g) Vᵀ",
)


@implements(np.linalg.svdvals)
def svdvals(x: Array, /) -> Array:
    """The singular values of matrices in descending order, with ds_i = Re(u_i* da v_i).

    Args:
        x: matrices of shape (..., m, n).

    Returns:
        Reals of shape (..., min(m, n)).

    >>> import autograd_core as ag
    >>> ag.linalg.svdvals(ag.tensor([[0.0, 2.0], [3.0, 0.0]])).round(9).tolist()
    [3.0, 2.0]
    """
    return _svdvals(as_array(x), hermitian=False)
