"""Samples of products, linear systems, decompositions and norms."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import scipy.linalg

from .sample import Sample, real


def matrices(*shape: int, seed: int = 0, unit: complex = 0.0) -> Any:
    """Matrices of ``shape`` with normal random entries; complex ones if ``unit`` is 1j."""
    rng = np.random.default_rng(1000 + seed)
    x = rng.standard_normal(shape)
    return x + unit * rng.standard_normal(shape) if unit else x


def regular(*shape: int, seed: int = 0, unit: complex = 0.0) -> Any:
    """Square matrices far from singular, of no symmetry."""
    return matrices(*shape, seed=seed, unit=unit) + 3 * np.eye(shape[-1])


def positive(*shape: int, seed: int = 0, unit: complex = 0.0) -> Any:
    """Hermitian positive definite matrices with eigenvalues that are well apart."""
    q = np.linalg.qr(matrices(*shape, seed=seed, unit=unit))[0]
    return (q * np.linspace(1.0, 1.0 + 0.8 * shape[-1], shape[-1])) @ adjoint(q)


def adjoint(x: Any) -> Any:
    return np.conj(np.swapaxes(x, -1, -2))


# -- references ----------------------------------------------------------------------------------------------


def det(a: Any) -> Any:
    """The determinant as a sum over permutations."""
    n = a.shape[-1]
    total = 0.0
    for p in itertools.permutations(range(n)):
        sign = math.prod(1 if p[i] < p[j] else -1 for i in range(n) for j in range(i + 1, n))
        total = total + sign * math.prod(a[..., i, p[i]] for i in range(n))
    return total


def cofactor(a: Any) -> Any:
    n = a.shape[-1]
    out = np.zeros_like(a)
    for i, j in itertools.product(range(n), repeat=2):
        minor = np.delete(np.delete(a, i, -2), j, -1)
        out[..., i, j] = (-1) ** (i + j) * det(minor)
    return out


def cholesky(a: Any) -> Any:
    """Column by column (Cholesky and Crout)."""
    out = np.zeros_like(a)
    n = a.shape[-1]
    for j in range(n):
        out[j, j] = np.sqrt(a[j, j] - out[j, :j] @ np.conj(out[j, :j]))
        for i in range(j + 1, n):
            out[i, j] = (a[i, j] - out[i, :j] @ np.conj(out[j, :j])) / out[j, j]
    return out


def qr(a: Any) -> Any:
    """Gram and Schmidt's procedure, with the signs of LAPACK's diagonal of R."""
    m, n = a.shape
    signs = np.sign(np.diag(np.linalg.qr(a)[1]).real)
    q = np.zeros((m, min(m, n)), a.dtype)
    for j in range(min(m, n)):
        v = a[:, j] - q[:, :j] @ (adjoint(q[:, :j]) @ a[:, j])
        q[:, j] = signs[j] * v / np.sqrt(np.sum(np.abs(v) ** 2))
    return q, adjoint(q) @ a


def eigh(a: Any) -> Any:
    values = np.sort(np.roots(np.poly(a)).real)
    vectors = np.stack([np.linalg.svd(a - w * np.eye(len(a)))[2][-1] for w in values], axis=-1)
    return values, vectors * np.sign(np.sum(vectors * np.linalg.eigh(a)[1], axis=0))


def eig(a: Any) -> Any:
    values = np.linalg.eig(a)[0]
    vectors = np.stack([np.linalg.svd(a - w * np.eye(len(a)))[2][-1] for w in values], axis=-1)
    roots = np.roots(np.poly(a)).real
    nearest = roots[np.argmin(np.abs(values[:, None] - roots), axis=1)]
    return nearest, vectors * np.sign(np.sum(vectors * np.linalg.eig(a)[1], axis=0))


def svd(a: Any) -> Any:
    """By the eigenvectors of a^T a, with the signs of LAPACK's V."""
    k = min(a.shape)
    squares, v = np.linalg.eigh(a.T @ a)
    v = v[:, ::-1][:, :k]
    v = v * np.sign(np.sum(v * np.linalg.svd(a)[2][:k].T, axis=0))
    s = np.sqrt(squares[::-1][:k])
    return a @ v / s, s, v.T


def singular_values(a: Any) -> Any:
    squares = np.linalg.eigvalsh(adjoint(a) @ a)[..., ::-1]
    return np.sqrt(squares[..., : min(a.shape[-2:])])


def pinv(a: Any) -> Any:
    if a.shape[-2] >= a.shape[-1]:
        return np.linalg.inv(adjoint(a) @ a) @ adjoint(a)
    return adjoint(a) @ np.linalg.inv(a @ adjoint(a))


def lstsq(a: Any, b: Any) -> Any:
    x = pinv(a) @ b
    residuals = np.sum(np.abs(b - a @ x) ** 2, axis=0) if a.shape[0] > a.shape[1] else np.zeros(0)
    return x, np.atleast_1d(residuals), np.asarray(min(a.shape)), singular_values(a)


def norm(p: float, axis: Any = None, keepdims: bool = False) -> Any:
    def value(x: Any) -> Any:
        if p == 0:
            return np.sum(x != 0, axis=axis, keepdims=keepdims).astype(float)
        if math.isinf(p):
            return (np.max if p > 0 else np.min)(np.abs(x), axis=axis, keepdims=keepdims)
        return np.sum(np.abs(x) ** p, axis=axis, keepdims=keepdims) ** (1 / p)

    return value


def einsum_by_loops(subscripts: str) -> Any:
    """A sum over all values of all letters, one number at a time."""

    def value(*operands: Any) -> Any:
        inputs, result = subscripts.split("->")
        terms = inputs.split(",")
        sizes: dict[str, int] = {}
        for term, x in zip(terms, operands, strict=True):
            for c, n in zip(term, x.shape, strict=True):
                sizes[c] = max(n, sizes.get(c, 1))
        out = np.zeros([sizes[c] for c in result], np.result_type(*operands))
        for numbers in itertools.product(*(range(n) for n in sizes.values())):
            at = dict(zip(sizes, numbers, strict=True))
            entries = [
                x[tuple(at[c] if n > 1 else 0 for c, n in zip(term, x.shape, strict=True))]
                for term, x in zip(terms, operands, strict=True)
            ]
            out[tuple(at[c] for c in result)] += math.prod(entries)
        return out[()]

    return value


# -- the samples ---------------------------------------------------------------------------------------------


def matmul(a: Any, b: Any) -> Any:
    x = a[None, :] if a.ndim == 1 else a
    y = b[:, None] if b.ndim == 1 else b
    out = np.sum(x[..., :, :, None] * y[..., None, :, :], axis=-2)
    out = out[..., 0] if b.ndim == 1 else out
    return out[..., 0] if a.ndim == 1 and b.ndim == 1 else out[..., 0, :] if a.ndim == 1 else out


MATMUL_SHAPES = [
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((4, 2, 3), (3, 2)),
    ((2, 3), (4, 3, 2)),
    ((4, 2, 3), (4, 3, 2)),
    ((2, 1, 2, 3), (3, 3, 2)),
    ((3,), (4, 3, 2)),
    ((4, 2, 3), (3,)),
    ((3, 3), (3, 3)),
]


def einsum_sample(subscripts: str, *shapes: tuple[int, ...], **attributes: Any) -> Sample:
    operands = tuple(matrices(*shape, seed=i) for i, shape in enumerate(shapes))
    attributes["subscripts"] = subscripts
    return Sample(operands, attributes, value=einsum_by_loops(subscripts), complex_step=True)


SAMPLES: dict[str, list[Sample]] = {
    "matmul": [
        *(Sample((real(*x), matrices(*y)), value=matmul, complex_step=True) for x, y in MATMUL_SHAPES),
        Sample((matrices(2, 3, unit=1j), matrices(3, 2, seed=1, unit=1j)), value=matmul),
        Sample((matrices(2, 3), matrices(3, 2, seed=1, unit=1j)), value=matmul),
    ],
    "vecdot": [
        Sample((real(3), matrices(3)), value=lambda x, y: np.sum(np.conj(x) * y, axis=-1)),
        Sample((real(2, 3), matrices(3)), value=lambda x, y: np.sum(np.conj(x) * y, axis=-1)),
        Sample(
            (matrices(2, 3, unit=1j), matrices(4, 1, 3, seed=1, unit=1j)),
            value=lambda x, y: np.sum(np.conj(x) * y, axis=-1),
        ),
    ],
    "tensordot": [
        Sample((real(2, 3), matrices(3, 2)), {"axes": ((1,), (0,))}, value=lambda x, y: x @ y, complex_step=True),
        Sample(
            (matrices(2, 3, 2), matrices(3, 2, 3, seed=1)),
            {"axes": ((2, 1), (1, 0))},
            value=einsum_by_loops("ijk,jkm->im"),
            complex_step=True,
        ),
        Sample(
            (matrices(2, 3, 2), matrices(2, 4, 3, seed=1)),
            {"axes": ((1, 0), (2, 0))},
            value=einsum_by_loops("ijk,imj->km"),
            complex_step=True,
        ),
        Sample((real(2, 2), matrices(3)), {"axes": ((), ())}, value=einsum_by_loops("ij,k->ijk"), complex_step=True),
        Sample(
            (real(2, 3), matrices(2, 3)),
            {"axes": ((0, 1), (0, 1))},
            value=lambda x, y: np.sum(x * y),
            complex_step=True,
        ),
    ],
    "cross": [
        Sample(
            (real(2, 3), matrices(2, 3)),
            value=lambda x, y: np.stack(
                [x[..., i] * y[..., j] - x[..., j] * y[..., i] for i, j in ((1, 2), (2, 0), (0, 1))], axis=-1
            ),
            complex_step=True,
        ),
        Sample((real(3), matrices(4, 3)), value=lambda x, y: np.cross(x, y), complex_step=True),
    ],
    "einsum_of_one": [
        einsum_sample("ij->ji", (2, 3)),
        einsum_sample("ij->i", (2, 3)),
        einsum_sample("ij->", (2, 3)),
        einsum_sample("ii->i", (3, 3)),
        einsum_sample("ii->", (3, 3)),
        einsum_sample("iij->j", (3, 3, 2)),
        einsum_sample("iii->i", (3, 3, 3)),
    ],
    "einsum": [
        einsum_sample("ij,jk->ik", (2, 3), (3, 4)),
        einsum_sample("ij,jk->ki", (2, 3), (3, 4)),
        einsum_sample("bij,bkj->bik", (2, 3, 2), (2, 2, 2)),
        einsum_sample("i,j->ij", (2,), (3,)),
        einsum_sample("i,i->", (3,), (3,)),
        einsum_sample("ij,kl->", (2, 3), (2, 2)),
        einsum_sample("ii,ij->j", (3, 3), (3, 2)),
        einsum_sample("ij,ij->ij", (1, 3), (2, 3)),
        einsum_sample("ij,j->i", (2, 3), (1,)),
        einsum_sample("iji,jk->k", (2, 3, 2), (3, 2)),
        # Large enough to be computed as a matrix product.
        einsum_sample("ij,jk->ki", (8, 9), (9, 8)),
        einsum_sample("bij,bkj->kbi", (2, 6, 7), (2, 5, 7)),
        einsum_sample("ij,ij->", (8, 9), (8, 9)),
        einsum_sample("ij,j->i", (80, 60), (1,)),
    ],
    "einsum_of_many": [
        einsum_sample("ij,jk,kl->il", (2, 3), (3, 2), (2, 2), optimize=True),
        einsum_sample("i,ij,j->", (2,), (2, 3), (3,), optimize=False),
        einsum_sample("ii,j,j->i", (2, 2), (3,), (3,), optimize="greedy"),
    ],
    "solve": [
        Sample((regular(3, 3), real(3)), value=lambda a, b: np.linalg.inv(a) @ b, complex_step=True),
        Sample((regular(3, 3), real(3, 2)), value=lambda a, b: np.linalg.inv(a) @ b, complex_step=True),
        Sample((regular(2, 3, 3), real(2, 3, 2)), value=lambda a, b: np.linalg.inv(a) @ b, complex_step=True),
        Sample((regular(2, 3, 3), real(3)), value=lambda a, b: np.linalg.inv(a) @ b, complex_step=True),
        Sample((regular(3, 3), real(2, 3, 2)), value=lambda a, b: np.linalg.inv(a) @ b, complex_step=True),
        Sample((regular(3, 3, unit=1j), matrices(3, 2, unit=1j)), value=lambda a, b: np.linalg.inv(a) @ b),
    ],
    "inv": [
        Sample((regular(3, 3),), value=lambda a: adjoint(cofactor(a)) / det(a), complex_step=True),
        Sample((regular(2, 2, 2),), value=lambda a: adjoint(cofactor(a)) / det(a)[..., None, None], complex_step=True),
    ],
    "pinv": [
        Sample((matrices(4, 2),), {"rcond": 1e-15, "hermitian": False}, value=pinv),
        Sample((matrices(2, 2, 3),), {"rcond": 1e-15, "hermitian": False}, value=pinv),
        Sample((matrices(3, 2, unit=1j),), {"rcond": 1e-15, "hermitian": False}, value=pinv),
    ],
    "lstsq": [
        Sample((matrices(4, 2), matrices(4, seed=1)), {"rcond": None}, value=lstsq),
        Sample((matrices(4, 2), matrices(4, 3, seed=1)), {"rcond": None}, value=lstsq),
        Sample((matrices(2, 3), matrices(2, 2, seed=1)), {"rcond": None}, value=lstsq),
        Sample((matrices(4, 2, unit=1j), matrices(4, 2, seed=1, unit=1j)), {"rcond": None}, value=lstsq),
    ],
    "cofactor": [
        Sample((regular(3, 3),), value=cofactor, complex_step=True),
        Sample((regular(2, 2, 2),), value=cofactor, complex_step=True),
        Sample((np.outer(real(3), real(3)[::-1]) + np.outer(matrices(3), real(3)),), value=cofactor, order=1),
    ],
    "det": [
        Sample((regular(3, 3),), value=det, complex_step=True),
        Sample((regular(2, 2, 2),), value=det, complex_step=True),
        Sample((np.outer(real(3), real(3)[::-1]) + np.outer(matrices(3), real(3)),), value=det),
        Sample((np.outer(real(4), real(4)[::-1]),), value=det),
        Sample((np.outer(real(3), real(3) * 1j),), value=det),
    ],
    "slogdet": [
        Sample((regular(3, 3),), value=lambda a: (np.sign(det(a)), np.log(abs(det(a))))),
        Sample((-regular(2, 3, 3),), value=lambda a: (np.sign(det(a)), np.log(abs(det(a))))),
        Sample((regular(3, 3, unit=1j),), value=lambda a: (det(a) / abs(det(a)), np.log(abs(det(a))))),
    ],
    "matrix_rank": [
        Sample(
            (np.stack([np.eye(3), np.outer(real(3), real(3))]),),
            {"tol": None, "hermitian": False, "rtol": None},
            value=lambda a: np.array([3, 1]),
        ),
    ],
    "cholesky": [
        Sample((positive(3, 3),), value=cholesky, symmetric=True),
        Sample((positive(2, 3, 3),), value=lambda a: np.stack([cholesky(x) for x in a]), symmetric=True),
        Sample((positive(3, 3, unit=1j),), value=cholesky, symmetric=True),
    ],
    "qr": [
        Sample((matrices(3, 3),), {"mode": "reduced"}, value=qr),
        Sample((matrices(4, 2),), {"mode": "reduced"}, value=qr),
        Sample((matrices(2, 4),), {"mode": "reduced"}, value=qr),
        Sample((matrices(2, 3, 2, seed=3),), {"mode": "reduced"}),
        Sample((matrices(3, 2, unit=1j),), {"mode": "reduced"}, value=qr),
        Sample((matrices(2, 3, unit=1j),), {"mode": "reduced"}, value=qr),
    ],
    "eigh": [
        Sample((positive(3, 3),), {"UPLO": "L"}, value=eigh, symmetric=True),
        Sample((positive(3, 3, seed=1),), {"UPLO": "U"}, value=eigh, symmetric=True),
        Sample((positive(2, 3, 3),), {"UPLO": "L"}, symmetric=True),
    ],
    "eigvalsh": [
        Sample((positive(3, 3),), {"UPLO": "L"}, value=lambda a: eigh(a)[0], symmetric=True),
        Sample((positive(3, 3, unit=1j),), {"UPLO": "U"}, value=lambda a: eigh(a)[0], symmetric=True),
        Sample((positive(2, 2, 2),), {"UPLO": "L"}, symmetric=True),
    ],
    "eig": [
        Sample((np.diag([1.0, 2.5, 4.0]) + 0.3 * matrices(3, 3),), value=eig),
        Sample((np.stack([np.diag([1.0, 3.0]), np.diag([-1.0, 2.0])]) + 0.3 * matrices(2, 2, 2),)),
    ],
    "svd": [
        Sample((matrices(3, 3),), {"full_matrices": False, "hermitian": False}, value=svd),
        Sample((matrices(4, 2),), {"full_matrices": False, "hermitian": False}, value=svd),
        Sample((matrices(2, 4),), {"full_matrices": False, "hermitian": False}, value=svd),
        Sample((matrices(2, 3, 2, seed=3),), {"full_matrices": False, "hermitian": False}),
    ],
    "svdvals": [
        Sample((matrices(3, 3),), {"hermitian": False}, value=singular_values),
        Sample((matrices(2, 4, 2),), {"hermitian": False}, value=singular_values),
        Sample((matrices(2, 3, unit=1j),), {"hermitian": False}, value=singular_values),
    ],
    "vector_norm": [
        *(
            Sample((real(2, 3, low=0.1),), {"ord": p, "axis": None, "keepdims": False}, value=norm(p))
            for p in (2, 1, 0, 3, 2.5, 0.5, -1, math.inf, -math.inf)
        ),
        *(
            Sample((matrices(2, 3, 2),), {"ord": p, "axis": axis, "keepdims": True}, value=norm(p, axis, True))
            for p, axis in ((2, 1), (4, (0, 2)), (math.inf, -1))
        ),
        *(
            Sample((matrices(2, 3, unit=1j),), {"ord": p, "axis": -1, "keepdims": False}, value=norm(p, -1))
            for p in (2, 1, 3, math.inf)
        ),
        Sample((matrices(2, 3, 2),), {"ord": 2, "axis": (0, 1), "keepdims": False}, value=norm(2, (0, 1))),
    ],
    "expm": [
        Sample((matrices(3, 3),), value=scipy.linalg.expm, complex_step=True),
        Sample((np.stack([0.01 * matrices(2, 2), 6 * matrices(2, 2)]),), value=scipy.linalg.expm, tolerance=1e-5),
        Sample((matrices(2, 2, unit=1j),), value=scipy.linalg.expm),
    ],
}
