"""Products, linear algebra and Fourier transforms beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import autograd_core as ag

from .beside_torch import Case, compare, generator

RNG = generator("linalg")
A = RNG.standard_normal((3, 3)) + 3 * np.eye(3)
BATCH = RNG.standard_normal((2, 3, 3)) + 3 * np.eye(3)
B = RNG.standard_normal((3, 2))
TALL = RNG.standard_normal((5, 3))
WIDE = RNG.standard_normal((3, 5))
V, W = RNG.standard_normal(3), RNG.standard_normal(3)
BOTH = ("float64", "float32", "complex128", "complex64")
REAL = ("float64", "float32")


def pair(label, ours, theirs, *inputs, **options):
    return Case(label, theirs, inputs, ours=ours, **options)


def symmetric(x):
    return (x + x.mT.conj()) / 2


def positive(x):
    return x @ x.mT.conj()


def our_symmetric(x):
    return (x + ag.conj(ag.matrix_transpose(x))) / 2


def our_positive(x):
    return x @ ag.conj(ag.matrix_transpose(x))


PRODUCTS = [
    pair("matmul", ag.matmul, torch.matmul, A, B, dtypes=BOTH),
    pair("matmul batched", ag.matmul, torch.matmul, BATCH, B, dtypes=BOTH),
    pair("matmul batched twice", ag.matmul, torch.matmul, BATCH[:, None], BATCH, dtypes=BOTH),
    pair("matmul vector matrix", ag.matmul, torch.matmul, V, A, dtypes=BOTH),
    pair("matmul matrix vector", ag.matmul, torch.matmul, BATCH, V, dtypes=BOTH),
    pair("matmul vectors", ag.matmul, torch.matmul, V, W, dtypes=BOTH),
    pair("dot", ag.dot, torch.dot, V, W, dtypes=BOTH),
    pair("vdot", ag.vdot, torch.vdot, V, W, dtypes=BOTH),
    pair("vecdot", ag.vecdot, torch.linalg.vecdot, BATCH, BATCH[::-1].copy(), dtypes=BOTH),
    pair("inner", ag.inner, torch.inner, A, B.T.copy(), dtypes=BOTH),
    pair("outer", ag.outer, torch.outer, V, W, dtypes=BOTH),
    pair("tensordot", lambda x, y: ag.tensordot(x, y, axes=([2, 1], [0, 1])),
         lambda x, y: torch.tensordot(x, y, ([2, 1], [0, 1])), BATCH, A, dtypes=BOTH),
    pair("einsum", lambda x, y, v: ag.einsum("bij,jk,i->bk", x, y, v),
         lambda x, y, v: torch.einsum("bij,jk,i->bk", x, y, v), BATCH, B, V, dtypes=BOTH),
    pair("einsum trace", lambda x: ag.einsum("bii->b", x), lambda x: torch.einsum("bii->b", x), BATCH, dtypes=BOTH),
    pair("multi_dot", lambda x, y, z: ag.linalg.multi_dot([x, y, z]),
         lambda x, y, z: torch.linalg.multi_dot([x, y, z]), A, WIDE, TALL, dtypes=BOTH),
    pair("cross", ag.linalg.cross, torch.linalg.cross, A, BATCH[0], dtypes=BOTH),
    pair("trace", ag.trace, torch.trace, A, dtypes=BOTH),
]  # fmt: skip

DECOMPOSITIONS = [
    *(pair(f"inv {x.shape}", ag.linalg.inv, torch.linalg.inv, x, dtypes=BOTH) for x in (A, BATCH)),
    *(pair(f"det {x.shape}", ag.linalg.det, torch.linalg.det, x, dtypes=BOTH) for x in (A, BATCH)),
    *(pair(f"slogdet {x.shape}", lambda x: tuple(ag.linalg.slogdet(x))[1], lambda x: torch.linalg.slogdet(x)[1], x,
           dtypes=BOTH) for x in (A, BATCH)),
    *(pair(f"solve {a.shape} {b.shape}", ag.linalg.solve, torch.linalg.solve, a, b, dtypes=BOTH)
      for a, b in ((A, B), (BATCH, BATCH[::-1].copy()), (A, V))),
    pair("pinv tall", ag.linalg.pinv, torch.linalg.pinv, TALL, dtypes=BOTH, tolerance=10),
    pair("pinv wide", ag.linalg.pinv, torch.linalg.pinv, WIDE, dtypes=BOTH, tolerance=10),
    pair("lstsq", lambda a, b: ag.linalg.lstsq(a, b)[0], lambda a, b: torch.linalg.lstsq(a, b)[0], TALL,
         RNG.standard_normal((5, 2)), order=1),
    *(pair(f"cholesky {x.shape}", lambda x: ag.linalg.cholesky(our_positive(x)),
           lambda x: torch.linalg.cholesky(positive(x)), x, dtypes=BOTH) for x in (A, BATCH)),
    pair("qr q", lambda x: ag.linalg.qr(x)[0], lambda x: torch.linalg.qr(x)[0], TALL, dtypes=REAL),
    pair("qr r", lambda x: ag.linalg.qr(x)[1], lambda x: torch.linalg.qr(x)[1], TALL, dtypes=REAL),
    pair("eigvalsh", lambda x: ag.linalg.eigvalsh(our_symmetric(x)), lambda x: torch.linalg.eigvalsh(symmetric(x)),
         BATCH, dtypes=BOTH, tolerance=100),
    pair("eigh projector", lambda x: _projector(ag.linalg.eigh(our_symmetric(x))[1], ag.conj, ag.matrix_transpose),
         lambda x: _projector(torch.linalg.eigh(symmetric(x))[1], torch.conj, lambda m: m.mT), BATCH, dtypes=BOTH,
         tolerance=100),
    pair("svdvals", ag.linalg.svdvals, torch.linalg.svdvals, TALL, dtypes=BOTH, tolerance=10),
    pair("svd values", lambda x: ag.linalg.svd(x, full_matrices=False)[1],
         lambda x: torch.linalg.svd(x, full_matrices=False)[1], WIDE, dtypes=BOTH, tolerance=10),
    pair("svd product", lambda x: _joined(*ag.linalg.svd(x, full_matrices=False)),
         lambda x: _joined(*torch.linalg.svd(x, full_matrices=False)), TALL, dtypes=BOTH, tolerance=100),
    pair("eig", lambda x: (ag.linalg.eig(x)[0] ** 2).sum(), lambda x: (torch.linalg.eig(x)[0] ** 2).sum(), A,
         dtypes=REAL, tolerance=100),
    pair("matvec", ag.matvec, lambda a, v: (a @ v[:, None])[..., 0], BATCH, V, dtypes=REAL),
    pair("vecmat", ag.vecmat, lambda v, a: (v[None, :] @ a)[..., 0, :], V, BATCH, dtypes=REAL),
    pair("eigvals power sum", lambda x: (ag.linalg.eigvals(x) ** 3).sum(),
         lambda x: (torch.linalg.eigvals(x) ** 3).sum(), A, dtypes=REAL, tolerance=100),
    pair("matrix_power", lambda x: ag.linalg.matrix_power(x, 3), lambda x: torch.linalg.matrix_power(x, 3), BATCH,
         dtypes=BOTH),
    pair("matrix_power negative", lambda x: ag.linalg.matrix_power(x, -2),
         lambda x: torch.linalg.matrix_power(x, -2), A, dtypes=BOTH),
    pair("expm", ag.linalg.expm, torch.linalg.matrix_exp, A / 3, dtypes=REAL, tolerance=10),
    pair("norm", ag.linalg.norm, torch.linalg.norm, A, dtypes=BOTH),
    *(pair(f"vector_norm ord={o}", lambda x, o=o: ag.linalg.vector_norm(x, ord=o, axis=-1),
           lambda x, o=o: torch.linalg.vector_norm(x, ord=o, dim=-1), BATCH,
           dtypes=BOTH if o in (2,) else REAL)
      for o in (1, 2, 3, 0.5, np.inf, -np.inf)),
    *(pair(f"matrix_norm ord={o}", lambda x, o=o: ag.linalg.matrix_norm(x, ord=o),
           lambda x, o=o: torch.linalg.matrix_norm(x, ord=o), BATCH, dtypes=REAL, tolerance=10)
      for o in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)),
    pair("cond", ag.linalg.cond, torch.linalg.cond, A, dtypes=REAL, tolerance=10),
    pair("tensorsolve", ag.linalg.tensorsolve, torch.linalg.tensorsolve, RNG.standard_normal((2, 3, 6)) * 2,
         RNG.standard_normal((2, 3)), dtypes=REAL, tolerance=100),
    pair("tensorinv", lambda x: ag.linalg.tensorinv(x, ind=1), lambda x: torch.linalg.tensorinv(x, ind=1),
         RNG.standard_normal((6, 2, 3)), dtypes=REAL, tolerance=100),
    pair("matrix_rank", ag.linalg.matrix_rank, torch.linalg.matrix_rank, TALL, order=0),
]  # fmt: skip

S = RNG.standard_normal((2, 3, 8))
FFT = [
    *(pair(name, getattr(ag.fft, name), getattr(torch.fft, name), S, dtypes=BOTH, order=2)
      for name in ("fft", "ifft", "fft2", "ifft2", "fftn", "ifftn")),
    *(pair(name, getattr(ag.fft, name), getattr(torch.fft, name), S)
      for name in ("rfft", "rfft2", "rfftn", "ihfft")),
    *(pair(name, getattr(ag.fft, name), getattr(torch.fft, name), S, dtypes=("complex128", "complex64"))
      for name in ("irfft", "irfft2", "irfftn", "hfft")),
    *(pair(f"{name} n={n} norm={norm}",
           lambda x, f=name, n=n, m=norm: getattr(ag.fft, f)(x, n=n, axis=1, norm=m),
           lambda x, f=name, n=n, m=norm: getattr(torch.fft, f)(x, n=n, dim=1, norm=m), S,
           dtypes=("float64",) if name == "rfft" else ("complex128",))
      for name in ("fft", "ifft", "rfft", "irfft", "hfft") for n in (3, 5, 2) for norm in ("ortho", "forward")),
    *(pair(name, lambda x, f=name: getattr(ag.fft, f)(5) + x,
           lambda x, f=name: getattr(torch.fft, f)(5, dtype=x.dtype) + x,
           np.array(0.0), dtypes=("float64",), order=0, tolerance=1e3) for name in ("fftfreq", "rfftfreq")),
    pair("fftshift", ag.fft.fftshift, torch.fft.fftshift, S),
    pair("ifftshift", lambda x: ag.fft.ifftshift(x, axes=1), lambda x: torch.fft.ifftshift(x, dim=1), S),
]  # fmt: skip


def _projector(vectors, conj, transpose):
    first = vectors[..., :, :1]
    return first @ conj(transpose(first))


def _joined(u, s, vh):
    return (u * s[..., None, :] ** 2) @ vh


CASES = PRODUCTS + DECOMPOSITIONS + FFT


@pytest.mark.parametrize(("case", "dtype"), [(case, dtype) for case in CASES for dtype in case.dtypes], ids=str)
def test_beside_torch(case, dtype):
    compare(case, dtype)
