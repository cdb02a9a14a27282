"""Linear systems, inverses and determinants, with NumPy's names in ``numpy.linalg``."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import explain
from ..primitive import Array, define, implements
from .axes import as_array
from .matrices import adjoint, column, conj, epsilon, identity_like, row
from .products import matmul

__all__ = [
    "SlogdetResult",
    "det",
    "inv",
    "lstsq",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "pinv",
    "slogdet",
    "solve",
    "tensorinv",
    "tensorsolve",
]


# -- linear systems ------------------------------------------------------------------------------------------


def _solve_joint(g: Any, out: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """With a x = b: db = a^-T g, and da = -db x^T."""
    if b.ndim == 1:
        g, out = column(g), column(out)
    to_b = np.linalg.solve(a.mT, g)
    to_a = -(to_b @ out.mT)
    return to_a, (to_b[..., 0] if b.ndim == 1 else to_b)


_solve = define(
    "solve",
    lambda a, b: np.linalg.solve(a, b),
    joint=_solve_joint,
    formulas=("−{a}⁻ᵀ g {out}ᵀ", "{a}⁻ᵀ"),
    symbol="solve",
)


@implements(np.linalg.solve)
def solve(a: Array, b: Array) -> Array:
    """The solution x of the linear system a x = b.

    With g the gradient of x: dL/db = a^-T g and dL/da = -(dL/db) x^T, one more linear system.

    Args:
        a: square matrices of shape (..., n, n).
        b: one vector of shape (n,), or matrices of shape (..., n, k) whose columns are right-hand sides.

    Returns:
        x, of shape (..., n) for one vector, else (..., n, k).

    Raises:
        LinAlgError: if a matrix is singular or not square.

    >>> import autograd_core as ag
    >>> a = ag.tensor([[2.0, 0.0], [0.0, 4.0]], requires_grad=True)
    >>> x = ag.linalg.solve(a, ag.tensor([2.0, 2.0]))
    >>> x.tolist()
    [1.0, 0.5]
    >>> table = x.sum().backward()
    >>> a.grad.tolist()
    [[-0.5, -0.25], [-0.25, -0.125]]
    """
    return _solve(as_array(a), as_array(b))


inv = define(
    "inv",
    lambda a: np.linalg.inv(a),
    lambda g, out, a: -(out.mT @ g @ out.mT),
    numpy=np.linalg.inv,
    formulas="−{out}ᵀ g {out}ᵀ",
    symbol="⁻¹",
    doc="""The inverse of square matrices.

    From d(a^-1) = -a^-1 da a^-1 the gradient is dL/da = -out^T g out^T. To solve a linear system, use
    ``solve``, which is faster and more accurate. Raises ``LinAlgError`` for singular matrices.

    >>> import autograd_core as ag
    >>> ag.linalg.inv(ag.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """,
)


def _pinv_contribution(g: Any, p: Any, a: Any) -> Any:
    """dP = -P da P + P P* da* (1 - a P) + (1 - P a) da* P* P for a rank that does not change."""
    h = g.mT @ (p @ adjoint(p))
    k = (adjoint(p) @ p) @ g.mT
    return conj(h - a @ (p @ h) + k - (k @ p) @ a) - p.mT @ g @ p.mT


_pinv = define(
    "pinv",
    lambda a, rcond, hermitian: np.linalg.pinv(a, rcond, hermitian),
    lambda g, out, a, rcond, hermitian: _pinv_contribution(g, out, a),
    formulas="−{out}ᵀ g {out}ᵀ + …",
    symbol="⁺",
)

_UNSET: Any = object()


@implements(np.linalg.pinv)
def pinv(a: Array, rcond: Any = None, hermitian: bool = False, *, rtol: Any = _UNSET) -> Array:
    """The pseudo-inverse (Moore-Penrose) of matrices of any shape.

    Its gradient, by Golub and Pereyra, holds where the rank does not change (where it does, the
    pseudo-inverse jumps) and the singular values that count as zero are zero up to rounding.

    Args:
        a: matrices of shape (..., m, n).
        rcond, rtol: singular values below this times the largest count as zero. If ``rtol`` is given as
            ``None``, max(m, n) times the machine epsilon; if neither is given, 1e-15.
        hermitian: whether ``a`` is Hermitian, so that a faster way may be taken.

    Returns:
        Matrices of shape (..., n, m).

    Raises:
        ValueError: if both ``rcond`` and ``rtol`` are given.

    >>> import autograd_core as ag
    >>> ag.linalg.pinv(ag.tensor([[2.0, 0.0], [0.0, 4.0], [0.0, 0.0]]))
    tensor([[0.5 , 0.  , 0.  ],
            [0.  , 0.25, 0.  ]])

    Source: G. H. Golub, V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares
    problems whose variables separate, SIAM J. Numer. Anal. 10 (1973), equation 4.12.
    """
    a = as_array(a)
    if rtol is not _UNSET:
        if rcond is not None:
            raise ValueError(
                explain("pinv", expected="rcond or rtol", got="both", remedy="pass rtol alone, the newer name")
            )
        rcond = max(a.shape[-2:]) * epsilon(a) if rtol is None else rtol
    return _pinv(a, rcond=1e-15 if rcond is None else rcond, hermitian=hermitian)


def _lstsq_joint(g: Any, out: Any, a: Any, b: Any, rcond: Any) -> tuple[Any, Any]:
    """x = P b with the pseudo-inverse P of a; residuals |b - a x|^2; the singular values of a."""
    g_x, g_residuals, _, g_s = g
    x, residuals = out[0], out[1]
    vector = b.ndim == 1
    if vector:
        x, b = column(x), column(b)
    to_a, to_b = np.zeros_like(a), np.zeros_like(b)
    if g_x is not None:
        g_x = column(g_x) if vector else g_x
        p = np.linalg.pinv(a, (max(a.shape) * epsilon(a)) if rcond is None else max(rcond, 0.0))
        to_a = to_a + _pinv_contribution(g_x @ b.mT, p, a)
        to_b = to_b + p.mT @ g_x
    if g_residuals is not None and residuals.size:
        # x is where the residual is smallest, so that it does not change with x.
        scaled = 2 * conj(b - a @ x) * g_residuals
        to_a = to_a - scaled @ x.mT
        to_b = to_b + scaled
    if g_s is not None:
        u, _, vh = np.linalg.svd(a, full_matrices=False)
        to_a = to_a + conj((u * g_s) @ vh)
    return to_a, (to_b[..., 0] if vector else to_b)


_lstsq = define(
    "lstsq",
    lambda a, b, rcond: tuple(np.linalg.lstsq(a, b, rcond)),
    joint=_lstsq_joint,
    multiple=True,
    formulas=("of the pseudo-inverse of {a}", "{a}⁺ᵀ"),
)


@implements(np.linalg.lstsq)
def lstsq(a: Array, b: Array, rcond: float | None = None) -> Any:
    """The least-squares solution of a x = b: the shortest x of those with the smallest |b - a x|.

    x = P b with the pseudo-inverse P of a, and its gradient is that of P b: see ``pinv``.

    Args:
        a: a matrix of shape (m, n).
        b: a vector of shape (m,) or a matrix of shape (m, k).
        rcond: singular values below this times the largest count as zero; ``None`` for max(m, n) times
            the machine epsilon.

    Returns:
        x; the squared lengths of b - a x (empty unless m > n and the rank is n); the rank (a constant);
        the singular values of a.

    Raises:
        LinAlgError: if the shapes do not fit.

    >>> import autograd_core as ag
    >>> a = ag.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])  # a straight line through three points
    >>> x, residuals, rank, s = ag.linalg.lstsq(a, ag.tensor([1.0, 3.0, 5.0]))
    >>> x.round(9).tolist()
    [1.0, 2.0]
    """
    return _lstsq(as_array(a), as_array(b), rcond=rcond)


# -- determinants --------------------------------------------------------------------------------------------


def _inverse(a: Any) -> Any:
    """The inverse, or ``None`` where a matrix is singular or nearly so."""
    try:
        inverse = np.linalg.inv(a)
    except np.linalg.LinAlgError:
        return None
    size = np.sum(np.abs(a), axis=(-2, -1)) * np.sum(np.abs(inverse), axis=(-2, -1))
    return None if np.any(size * math.sqrt(epsilon(a)) > 1) else inverse


def _cofactor_forward(a: Any) -> Any:
    """det(a) a^-T, or, where a is singular or nearly so, the same without dividing by zero."""
    inverse = _inverse(a)
    return _cofactor_by_svd(a) if inverse is None else np.linalg.det(a)[..., None, None] * inverse.mT


def _cofactor_by_svd(a: Any) -> Any:
    """With a = U S V*: det(U) det(V*) conj(U) C conj(V*), where C_ii is the product of the other S_jj."""
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    others = np.where(np.tril(np.triu(np.ones_like(a))) == 1, 1, row(s))
    product = np.prod(others, axis=-1)
    factor = np.linalg.det(u) * np.linalg.det(vh)
    return factor[..., None, None] * conj((u * row(product)) @ vh)


_cofactor = define(
    "cofactor",
    _cofactor_forward,
    lambda g, out, a: _cofactor_contribution(g, out, a),
    formulas="of det({a}) {a}⁻ᵀ",
)


def _cofactor_contribution(g: Any, out: Any, a: Any) -> Any:
    """With W = a^-T and C = det(a) W: dC = <C, da> W - W da^T C, which needs the inverse."""
    inverse = _inverse(a)
    if inverse is None:
        return _cofactor_contribution_by_svd(g, a)
    w = inverse.mT
    return np.sum(g * w, axis=(-2, -1), keepdims=True) * out - out @ g.mT @ w


def _cofactor_contribution_by_svd(g: Any, a: Any) -> Any:
    """With a = U S V* and da = U E V*: cof(a + da) = cof(U) cof(S + E) cof(V*).

    For the diagonal S, with p_ij the product of the S_kk other than k = i and k = j: d cof_ii is the sum over
    j != i of p_ij E_jj, and d cof_ij = -p_ij E_ji.
    """
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    identity = identity_like(a, a.shape[-1])
    left_out = np.expand_dims(identity, 0) + np.expand_dims(identity, 1)
    p = np.prod(np.where(left_out > 0, 1, row(row(s))), axis=-1) * (1 - identity)
    factor = np.linalg.det(u) * np.linalg.det(vh)
    inner = factor[..., None, None] * (adjoint(u) @ g @ adjoint(vh))
    on_diagonal = np.sum(p * column(np.sum(inner * identity, axis=-1)), axis=-2)
    return conj(u) @ (identity * row(on_diagonal) - (p * inner).mT) @ conj(vh)


det = define(
    "det",
    lambda a: np.linalg.det(a),
    lambda g, out, a: np.expand_dims(g, (-2, -1)) * _cofactor(a),
    numpy=np.linalg.det,
    formulas="det({a}) {a}⁻ᵀ",
    doc="""The determinant of square matrices.

    Its gradient is the matrix of cofactors, det(a) a^-T. It exists for singular matrices too and is
    computed for them by a singular value decomposition, and so is the second derivative.

    >>> import autograd_core as ag
    >>> a = ag.tensor([[1.0, 2.0], [2.0, 4.0]], requires_grad=True)
    >>> table = ag.linalg.det(a).backward()
    >>> a.grad.round(9).tolist()
    [[4.0, -2.0], [-2.0, 1.0]]
    """,
)


class SlogdetResult(NamedTuple):
    """Sign and logarithm of a determinant, as ``slogdet`` returns them.

    Attributes:
        sign: 1 or -1; a complex number of size 1 for complex matrices; 0 for singular ones.
        logabsdet: the logarithm of the absolute value.

    >>> import autograd_core as ag
    >>> ag.linalg.slogdet(ag.tensor([[0.0, 1.0], [1.0, 0.0]])).sign
    tensor(-1.)
    """

    sign: Any
    logabsdet: Any


def _slogdet_joint(g: Any, out: Any, a: Any) -> tuple[Any]:
    """With t = tr(a^-1 da): d log|det| = Re t, and d sign = i sign Im t."""
    to_sign, to_log = g
    weight = None if to_log is None else np.expand_dims(to_log, (-2, -1))
    if to_sign is not None and a.dtype.kind == "c":
        turned = 1j * np.expand_dims(np.imag(to_sign * out[0]), (-2, -1))
        weight = turned if weight is None else weight + turned
    return (np.zeros_like(a) if weight is None else weight * np.linalg.inv(a).mT,)


_slogdet = define(
    "slogdet",
    lambda a: tuple(np.linalg.slogdet(a)),
    joint=_slogdet_joint,
    multiple=True,
    formulas="{a}⁻ᵀ",
)


@implements(np.linalg.slogdet)
def slogdet(a: Array) -> SlogdetResult:
    """Sign and logarithm of the absolute value of the determinant, where the determinant would overflow.

    d log|det a| = tr(a^-1 da), so its gradient is a^-T. The sign of real matrices has gradient zero.

    Args:
        a: square matrices of shape (..., n, n).

    Returns:
        A named tuple (sign, logabsdet) with det(a) = sign * exp(logabsdet).

    Raises:
        LinAlgError: in the backward pass, if a matrix is singular.

    >>> import autograd_core as ag
    >>> a = ag.tensor([[2.0, 0.0], [0.0, 4.0]], requires_grad=True)
    >>> table = ag.linalg.slogdet(a).logabsdet.backward()
    >>> a.grad.tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    return SlogdetResult(*_slogdet(as_array(a)))


_matrix_rank = define(
    "matrix_rank",
    lambda a, tol, hermitian, rtol: np.linalg.matrix_rank(a, tol, hermitian, rtol=rtol),
    None,
    symbol="rank",
)


@implements(np.linalg.matrix_rank)
def matrix_rank(A: Array, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Array:
    """How many singular values of a matrix are not zero: a constant.

    Args:
        A: matrices of shape (..., m, n).
        tol, rtol: below this, or below this times the largest singular value, they count as zero.
        hermitian: whether ``A`` is Hermitian.

    Returns:
        Integers of shape (...), without a gradient.

    >>> import autograd_core as ag
    >>> ag.linalg.matrix_rank(ag.tensor([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1)
    """
    return _matrix_rank(as_array(A), tol=tol, hermitian=hermitian, rtol=rtol)


# -- chains and powers ---------------------------------------------------------------------------------------


@implements(np.linalg.matrix_power)
def matrix_power(a: Array, n: int) -> Array:
    """The n-th power of square matrices, by repeated squaring: about log2(n) products.

    Args:
        a: square matrices of shape (..., m, m).
        n: an integer; for n < 0 the inverse is raised to -n, for n = 0 the result is the identity.

    Returns:
        Matrices of the shape of ``a``.

    Raises:
        LinAlgError: if a matrix is not square, or is singular and n < 0.

    >>> import autograd_core as ag
    >>> ag.linalg.matrix_power(ag.tensor([[1.0, 1.0], [0.0, 1.0]]), 5)
    tensor([[1., 5.],
            [0., 1.]])
    """
    base, n = as_array(a), operator.index(n)
    if base.ndim < 2 or base.shape[-1] != base.shape[-2]:
        raise np.linalg.LinAlgError(
            explain("matrix_power", expected="square matrices", got=f"shape {base.shape}", remedy="pass (..., m, m)")
        )
    if n == 0:
        return np.tril(np.triu(np.ones_like(base)))
    if n < 0:
        base, n = inv(base), -n
    while n % 2 == 0:
        base, n = matmul(base, base), n // 2
    power = base
    while n > 1:
        base, n = matmul(base, base), n // 2
        if n % 2:
            power = matmul(power, base)
    return power


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Array]) -> Array:
    """The product of a chain of matrices, in the order that takes the fewest multiplications.

    Args:
        arrays: two or more matrices; the first may be a vector (a row), the last too (a column).

    Returns:
        Their matrix product.

    Raises:
        ValueError: for fewer than two arrays.
        LinAlgError: if an inner array is not a matrix.

    >>> import autograd_core as ag
    >>> a, b, c = ag.tensor([[1.0, 2.0]]), ag.tensor([[3.0], [4.0]]), ag.tensor([[5.0, 6.0]])
    >>> ag.linalg.multi_dot([a, b, c])
    tensor([[55., 66.]])

    Source: T. H. Cormen et al., Introduction to Algorithms, matrix-chain multiplication.
    """
    arrays = [as_array(x) for x in arrays]
    count = len(arrays)
    if count < 2:
        raise ValueError(explain("multi_dot", expected="two or more arrays", got=str(count), remedy="pass a list"))
    for position, x in enumerate(arrays):
        if x.ndim != 2 and not (x.ndim == 1 and position in (0, count - 1)):
            raise np.linalg.LinAlgError(
                explain(
                    "multi_dot",
                    expected="matrices, with vectors first and last at most",
                    got=f"shape {x.shape} at position {position}",
                    remedy="use matmul for stacks of matrices",
                )
            )
    sizes = [1 if arrays[0].ndim == 1 else arrays[0].shape[0], *(x.shape[0] for x in arrays[1:])]
    sizes.append(1 if arrays[-1].ndim == 1 else arrays[-1].shape[1])
    splits = _chain_order(sizes)
    # Every interval of the chain after its two parts, without recursion.
    pending, intervals = [(0, count - 1)], []
    while pending:
        first, last = pending.pop()
        if first < last:
            intervals.append((first, last))
            split = splits[first, last]
            pending += [(first, split), (split + 1, last)]
    products: dict[tuple[int, int], Any] = {(i, i): x for i, x in enumerate(arrays)}
    for first, last in reversed(intervals):
        split = splits[first, last]
        products[first, last] = matmul(products[first, split], products[split + 1, last])
    return products[0, count - 1]


def _chain_order(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """For each interval of a chain of matrices, of sizes s0 x s1, s1 x s2 ..., after which one to split it."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    splits = {}
    for length in range(1, count):
        for first in range(count - length):
            last = first + length
            cost[first, last], splits[first, last] = min(
                (cost[first, k] + cost[k + 1, last] + sizes[first] * sizes[k + 1] * sizes[last + 1], k)
                for k in range(first, last)
            )
    return splits


# -- tensor equations ----------------------------------------------------------------------------------------


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Array, b: Array, axes: Sequence[int] | None = None) -> Array:
    """The solution x of tensordot(a, x, x.ndim) = b. Gradients as for ``solve``.

    Args:
        a: an array of shape b.shape + Q, where Q has as many entries in all as ``b``.
        b: the right-hand side.
        axes: axes of ``a`` that are moved to its end first.

    Returns:
        x, of shape Q.

    Raises:
        LinAlgError: if the shapes do not fit or the system is singular.

    >>> import autograd_core as ag
    >>> a = ag.tensor([[[2.0, 0.0]], [[0.0, 4.0]]])
    >>> ag.linalg.tensorsolve(a, ag.tensor([[2.0], [2.0]]))
    tensor([1. , 0.5])
    """
    left, right = as_array(a), as_array(b)
    if axes is not None:
        moved = [k % left.ndim for k in axes]
        left = np.transpose(left, [k for k in range(left.ndim) if k not in moved] + moved)
    shape = left.shape[right.ndim :]
    n = math.prod(shape)
    if left.size != n * n or right.size != n:
        raise np.linalg.LinAlgError(
            explain(
                "tensorsolve",
                expected="a of shape b.shape + Q, with as many entries in Q as in b",
                got=f"a of shape {left.shape} and b of shape {right.shape}",
                remedy="reshape a, or move axes to its end with axes=",
            )
        )
    return _solve(np.reshape(left, (n, n)), np.reshape(right, (n,))).reshape(shape)


@implements(np.linalg.tensorinv)
def tensorinv(a: Array, ind: int = 2) -> Array:
    """The inverse of an array under ``tensordot``: tensordot(tensorinv(a), a, ind) is the identity.

    Args:
        a: an array whose first ``ind`` axes have as many entries in all as the others.
        ind: how many axes belong to the left-hand side; positive.

    Returns:
        An array of shape a.shape[ind:] + a.shape[:ind].

    Raises:
        LinAlgError: if the shapes do not fit or the array is singular.

    >>> import autograd_core as ag
    >>> ag.linalg.tensorinv(ag.tensor([[2.0, 0.0], [0.0, 4.0]]), ind=1)
    tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    x = as_array(a)
    n = math.prod(x.shape[:ind])
    if ind <= 0 or n * n != x.size:
        raise np.linalg.LinAlgError(
            explain(
                "tensorinv",
                expected="ind > 0 first axes with as many entries as the other axes",
                got=f"shape {x.shape} with ind={ind}",
                remedy="choose ind so that both parts have the same number of entries",
            )
        )
    return inv(np.reshape(x, (n, n))).reshape(x.shape[ind:] + x.shape[:ind])
