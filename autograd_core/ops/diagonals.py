"""Diagonals, triangles, and products that fill matrices with blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, constant, define, implements
from .axes import as_array
from .shapes import ravel, reshape

__all__ = ["diag", "diagflat", "diagonal", "kron", "meshgrid", "tril", "triu"]

# -- diagonals ---------------------------------------------------------------------------------------


def _embed(x: Any, shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> Any:
    """Zeros of ``shape``, with ``x`` (its last axis) on the diagonal of the planes of two axes."""
    full = np.zeros_like(x, shape=shape)
    planes = np.moveaxis(full, (axis1, axis2), (-2, -1))
    rows, columns = planes.shape[-2:]
    steps = np.arange(max(min(rows + min(offset, 0), columns - max(offset, 0)), 0))
    planes[..., steps + max(-offset, 0), steps + max(offset, 0)] = x
    return full


_diagonal = define(
    "diagonal",
    lambda x, offset=0, axis1=0, axis2=1: np.diagonal(x, offset, axis1, axis2),
    lambda g, out, x, offset=0, axis1=0, axis2=1: embed_diagonal(
        g, shape=x.shape, offset=offset, axis1=axis1, axis2=axis2
    ),
    formulas="1",
)
embed_diagonal = define(
    "embed_diagonal",
    _embed,
    lambda g, out, x, shape, offset, axis1, axis2: np.diagonal(g, offset, axis1, axis2),
    formulas="1",
    doc="Zeros of ``shape`` with ``x`` on a diagonal of the planes of two axes.",
)


@implements(np.diagonal)
def diagonal(x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The diagonals of the planes of two axes. All other entries get the gradient 0.

    Args:
        x: an array of at least two axes.
        offset: which diagonal: above the main one for positive, below it for negative numbers.
        axis1: the axis that counts the rows.
        axis2: the axis that counts the columns.

    Returns:
        An array (a view) with the two axes replaced by one, which is the last.

    Raises:
        ValueError: for fewer than two axes, or two equal ones.

    >>> import autograd_core as ag
    >>> x = ag.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> table = ag.diagonal(x).sum().backward()
    >>> x.grad
    tensor([[1., 0.],
            [0., 1.]])
    """
    return _diagonal(as_array(x), offset=offset, axis1=axis1, axis2=axis2)


@implements(np.diag)
def diag(x: Array, k: int = 0) -> Array:
    """The diagonal of a matrix, or the matrix that has a vector on its diagonal.

    Args:
        x: a matrix or a vector.
        k: which diagonal: above the main one for positive, below it for negative numbers.

    Returns:
        A vector for a matrix, a square matrix for a vector.

    Raises:
        ValueError: for other arrays.

    >>> import autograd_core as ag
    >>> ag.diag(ag.tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    x = as_array(x)
    if x.ndim == 2:
        return _diagonal(x, offset=k, axis1=0, axis2=1)
    if x.ndim != 1:
        raise ValueError(
            explain(
                "diag",
                expected="a vector or a matrix",
                got=f"shape {x.shape}",
                remedy="use diagonal for the diagonals of a stack of matrices",
            )
        )
    side = x.shape[0] + abs(k)
    return embed_diagonal(x, shape=(side, side), offset=k, axis1=0, axis2=1)


@implements(np.diagflat)
def diagflat(x: Array, k: int = 0) -> Array:
    """The matrix that has all entries in a row on its diagonal.

    Args:
        x: an array; it is flattened.
        k: which diagonal: above the main one for positive, below it for negative numbers.

    Returns:
        A square matrix.

    >>> import autograd_core as ag
    >>> ag.diagflat(ag.tensor([[1.0, 2.0]]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    return diag(ravel(as_array(x)), k)


# -- triangles ---------------------------------------------------------------------------------------

_tril = define(
    "tril", lambda x, k=0: np.tril(x, k), lambda g, out, x, k=0: np.tril(g, k), formulas="1 below the diagonal, else 0"
)
_triu = define(
    "triu", lambda x, k=0: np.triu(x, k), lambda g, out, x, k=0: np.triu(g, k), formulas="1 above the diagonal, else 0"
)


@implements(np.tril)
def tril(x: Array, k: int = 0, *, diagonal: int = 0) -> Array:
    """The lower triangles of matrices, with zeros above; the gradient is cut the same way.

    Args:
        x: an array of at least two axes (NumPy repeats a vector as the rows of a square matrix).
        k: the last diagonal that is kept: above the main one for positive, below it for negative numbers.
        diagonal: PyTorch's name for ``k``.

    Returns:
        An array of the shape of ``x``.

    >>> import autograd_core as ag
    >>> ag.tril(ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[1., 0.],
            [3., 4.]])
    """
    return _tril(as_array(x), k=int(k or diagonal))


@implements(np.triu)
def triu(x: Array, k: int = 0, *, diagonal: int = 0) -> Array:
    """The upper triangles of matrices, with zeros below; the gradient is cut the same way.

    Args:
        x: an array of at least two axes (NumPy repeats a vector as the rows of a square matrix).
        k: the first diagonal that is kept: above the main one for positive, below it for negative numbers.
        diagonal: PyTorch's name for ``k``.

    Returns:
        An array of the shape of ``x``.

    >>> import autograd_core as ag
    >>> ag.triu(ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[1., 2.],
            [0., 4.]])
    """
    return _triu(as_array(x), k=int(k or diagonal))


# Which entries a triangle has depends on the shape alone.
constant(np.diag_indices_from, np.tril_indices_from, np.triu_indices_from)

# -- products and grids --------------------------------------------------------------------------------


def _interleaved(a: Any, b: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shapes in which ``a`` and ``b`` broadcast to all products of an entry of ``a`` with one of ``b``."""
    ndim = max(a.ndim, b.ndim)
    lengths = [(1,) * (ndim - x.ndim) + x.shape for x in (a, b)]
    return (
        tuple(n for length in lengths[0] for n in (length, 1)),
        tuple(n for length in lengths[1] for n in (1, length)),
    )


@implements(np.kron)
def kron(a: Array, b: Array) -> Array:
    """The Kronecker product: ``b`` repeated like blocks, each multiplied with an entry of ``a``.

    out[i p + k, j q + l] = a[i, j] b[k, l], for b of shape (p, q).

    Args:
        a: an array.
        b: an array.

    Returns:
        An array whose axes are as long as those of ``a`` times those of ``b``.

    >>> import autograd_core as ag
    >>> ag.kron(ag.tensor([1.0, 2.0]), ag.tensor([1.0, 10.0]))
    tensor([ 1., 10.,  2., 20.])
    """
    a, b = as_array(a), as_array(b)
    first, second = _interleaved(a, b)
    lengths = [n * m for n, m in zip(first[::2], second[1::2], strict=True)]
    return reshape(reshape(a, first) * reshape(b, second), tuple(lengths))


@implements(np.meshgrid)
def meshgrid(*xi: Array, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Array, ...]:
    """The coordinates of all points of a grid from the coordinates along its axes.

    Args:
        xi: a vector for each axis.
        copy: accepted for NumPy's sake; the results are views in any case.
        sparse: whether the results keep length 1 along the other axes, and so take no memory.
        indexing: "xy" with the second vector along the first axis, as pictures have it, or "ij".

    Returns:
        A tuple of as many arrays as vectors.

    Raises:
        ValueError: for another ``indexing``.

    >>> import autograd_core as ag
    >>> x, y = ag.meshgrid(ag.tensor([1.0, 2.0]), ag.tensor([3.0, 4.0, 5.0]))
    >>> x.shape
    (3, 2)
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(explain("meshgrid", expected="indexing='xy' or 'ij'", got=repr(indexing), remedy="pass one"))
    vectors = [as_array(x) for x in xi]
    ndim = len(vectors)
    places = list(range(ndim))
    if indexing == "xy" and ndim > 1:
        places[:2] = [1, 0]
    grid = [reshape(x, (1,) * i + (-1,) + (1,) * (ndim - 1 - i)) for x, i in zip(vectors, places, strict=True)]
    if sparse:
        return tuple(grid)
    shape = np.broadcast_shapes(*(x.shape for x in grid))
    return tuple(np.broadcast_to(x, shape) for x in grid)
