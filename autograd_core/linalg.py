"""Linear algebra, with the names of ``numpy.linalg`` (and ``expm`` of ``scipy.linalg``)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from .errors import explain
from .ops import products
from .ops.axes import as_array
from .ops.decompositions import QRResult, cholesky, qr
from .ops.expm import expm
from .ops.linalg import (
    SlogdetResult,
    det,
    inv,
    lstsq,
    matrix_power,
    matrix_rank,
    multi_dot,
    pinv,
    slogdet,
    solve,
    tensorinv,
    tensorsolve,
)
from .ops.norms import cond, matrix_norm, norm, vector_norm
from .ops.products import matmul, tensordot, vecdot
from .ops.spectra import EighResult, EigResult, SVDResult, eig, eigh, eigvals, eigvalsh, svd, svdvals
from .primitive import Array, implements

__all__ = [
    "EigResult",
    "EighResult",
    "LinAlgError",
    "QRResult",
    "SVDResult",
    "SlogdetResult",
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "expm",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "vecdot",
    "vector_norm",
]


@implements(np.linalg.cross)
def cross(x1: Array, x2: Array, /, *, axis: int = -1) -> Array:
    """The cross product of vectors with three components; see ``ag.cross``.

    Args:
        x1, x2: vectors along ``axis``; the other axes broadcast.
        axis: where the vectors lie, in both and in the result.

    Returns:
        Vectors that are orthogonal to both.

    Raises:
        ValueError: if the vectors do not have three components.

    >>> import autograd_core as ag
    >>> ag.linalg.cross(ag.tensor([1.0, 0.0, 0.0]), ag.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    return products.cross(x1, x2, axis=axis)


@implements(np.linalg.outer)
def outer(x1: Array, x2: Array, /) -> Array:
    """All products of an entry of one vector with an entry of another: out_ij = a_i b_j.

    Args:
        x1, x2: vectors.

    Returns:
        A matrix of shape (x1.size, x2.size).

    Raises:
        ValueError: if one of them is not a vector. (``ag.outer`` flattens.)

    >>> import autograd_core as ag
    >>> ag.linalg.outer(ag.tensor([1.0, 2.0]), ag.tensor([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    x1, x2 = as_array(x1), as_array(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(
            explain(
                "linalg.outer",
                expected="two vectors",
                got=f"shapes {x1.shape} and {x2.shape}",
                remedy="use ag.outer, which flattens",
            )
        )
    return products.outer(x1, x2)


@implements(np.linalg.trace)
def trace(x: Array, /, *, offset: int = 0, dtype: Any = None) -> Array:
    """The sum of a diagonal of the matrices in the last two axes.

    Args:
        x: matrices of shape (..., m, n).
        offset: which diagonal, counted upwards from the main one.
        dtype: the dtype to sum in, if not that of ``x``.

    Returns:
        An array of shape (...).

    >>> import autograd_core as ag
    >>> ag.linalg.trace(ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(5.)
    """
    return products.trace(as_array(x), offset, -2, -1, dtype)


@implements(np.linalg.diagonal)
def diagonal(x: Array, /, *, offset: int = 0) -> Array:
    """A diagonal of the matrices in the last two axes.

    Args:
        x: matrices of shape (..., m, n).
        offset: which diagonal, counted upwards from the main one.

    Returns:
        Its entries, along the last axis.

    >>> import autograd_core as ag
    >>> ag.linalg.diagonal(ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([1., 4.])
    """
    matrices: Any = as_array(x)
    return matrices.diagonal(offset, -2, -1)


@implements(np.linalg.matrix_transpose)
def matrix_transpose(x: Array, /) -> Array:
    """The transposes of the matrices in the last two axes.

    Args:
        x: matrices of shape (..., m, n).

    Returns:
        Matrices of shape (..., n, m).

    Raises:
        ValueError: for an array of fewer than two axes.

    >>> import autograd_core as ag
    >>> ag.linalg.matrix_transpose(ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[1., 3.],
            [2., 4.]])
    """
    matrices: Any = as_array(x)
    if matrices.ndim < 2:
        raise ValueError(
            explain("matrix_transpose", expected="matrices", got=f"shape {matrices.shape}", remedy="add an axis first")
        )
    return matrices.swapaxes(-1, -2)
