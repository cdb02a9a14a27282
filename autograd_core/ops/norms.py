"""Norms of vectors and matrices, and condition numbers.

The gradient of a norm where the norm is 0 is 0: no NaN, no warning, in any order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, define, implements
from .axes import as_array, pytorch_names, restore
from .indexing import plain
from .linalg import inv
from .matrices import conj
from .spectra import svdvals

__all__ = ["cond", "matrix_norm", "norm", "vector_norm"]


def _vector_norm_rule(g: Any, out: Any, x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    """g x*/|x| for the Euclidean norm, and in general g sign(x)* (|x| / out)^(p-1)."""
    if ord == 0:
        return np.zeros_like(x)
    g, out = restore(g, x.shape, axis, keepdims), restore(out, x.shape, axis, keepdims)
    zero = out == 0
    g = np.where(zero, 0, g)
    if ord == 2:
        return conj(x) * (g / np.where(zero, 1, out))
    direction = conj(np.sign(x))
    if ord == 1:
        return g * direction
    size = np.abs(x)
    if math.isinf(ord):
        # Entries that are tied for the extreme share its gradient.
        hit = (size == out).astype(out.dtype)
        return g * direction * (hit / np.sum(hit, axis=axis, keepdims=True))
    ratio = np.where(size == 0, 1, size) / np.where(zero, 1, out)
    return g * direction * ratio ** (ord - 1)


_vector_norm = define(
    "vector_norm",
    lambda x, ord, axis, keepdims: np.linalg.vector_norm(x, ord=ord, axis=axis, keepdims=keepdims),
    _vector_norm_rule,
    formulas="{a}/{out} (entries to the power p−1)",
    symbol="‖·‖",
)


@implements(np.linalg.vector_norm)
def vector_norm(
    x: Array, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False, ord: float = 2
) -> Array:
    """The p-norm of all entries along axes: (sum over i of |x_i|^p)^(1/p).

    For the Euclidean norm the gradient is x/|x|, in general sign(x_i) (|x_i|/|x|)^(p-1). It is 0 where
    the norm is 0. For p = inf and -inf tied entries share the gradient equally; for p = 0, the number of
    entries that are not 0, it is 0.

    Args:
        x: an array.
        axis: an axis or several; all of them if left out.
        keepdims: whether reduced axes stay, with length 1.
        ord: p, any number, also ``inf`` and ``-inf``.

    Returns:
        Reals, without the reduced axes.

    >>> import autograd_core as ag
    >>> x = ag.tensor([3.0, 4.0], requires_grad=True)
    >>> table = ag.linalg.vector_norm(x).backward()
    >>> x.grad
    tensor([0.6, 0.8])
    """
    if isinstance(ord, str):
        raise _unknown_order("vector_norm", ord, "a number")
    axis = tuple(axis) if isinstance(axis, list) else axis
    return _vector_norm(as_array(x), ord=plain(ord), axis=axis, keepdims=keepdims)


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Array, /, *, keepdims: bool = False, ord: Any = "fro") -> Array:
    """The norm of matrices in the last two axes.

    Args:
        x: matrices of shape (..., m, n).
        keepdims: whether the last two axes stay, with length 1.
        ord: "fro" for (sum |x_ij|^2)^(1/2); "nuc" for the sum of the singular values; 2 and -2 for the
            largest and the smallest of them; 1 and -1 for the largest and the smallest sum of |x_ij| over
            a column; ``inf`` and ``-inf`` likewise over a row.

    Returns:
        Reals of shape (...). The gradient is 0 where the norm is 0, and tied singular values, rows and
        columns share it equally.

    Raises:
        ValueError: for another ``ord``.

    >>> import autograd_core as ag
    >>> x = ag.tensor([[3.0, 0.0], [0.0, 4.0]])
    >>> [ag.linalg.matrix_norm(x, ord=p).item() for p in ("fro", "nuc", 2, 1)]
    [5.0, 7.0, 4.0, 4.0]
    """
    return _matrix_norm(as_array(x), ord, (-2, -1), keepdims, "matrix_norm")


def _matrix_norm(x: Any, ord: Any, axis: tuple[int, int], keepdims: bool, name: str) -> Any:
    rows, columns = axis
    if rows % x.ndim == columns % x.ndim:
        raise ValueError(explain(name, expected="two different axes", got=f"axis={axis}", remedy="pass two axes"))
    if ord in (None, "fro", "f"):
        return _vector_norm(x, ord=2, axis=axis, keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        values = svdvals(np.moveaxis(x, axis, (-2, -1)) if axis != (-2, -1) else x)
        # The singular values are not negative; |.| makes their gradient 0 where they are 0.
        reduce = np.sum if ord == "nuc" else np.max if ord == 2 else np.min
        out = np.sum(np.abs(values), axis=-1) if ord == "nuc" else np.abs(reduce(values, axis=-1))
        return np.expand_dims(out, (rows % x.ndim, columns % x.ndim)) if keepdims else out
    if ord in (1, -1, math.inf, -math.inf):
        inner, outer = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = np.sum(np.abs(x), axis=inner, keepdims=True)
        out = (np.max if ord > 0 else np.min)(sums, axis=outer, keepdims=True)
        return out if keepdims else np.squeeze(out, axis)
    raise _unknown_order(name, ord, "'fro', 'nuc', 1, -1, 2, -2, inf or -inf for matrices")


def _unknown_order(name: str, ord: Any, expected: str) -> ValueError:
    return ValueError(
        explain(name, expected=f"ord to be {expected}", got=f"ord={ord!r}", remedy="pass one of these, or other axes")
    )


@implements(np.linalg.norm)
@pytorch_names
def norm(x: Array, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    """The norm of a vector or a matrix, as ``numpy.linalg.norm``.

    Without ``ord`` it is the Euclidean norm of all entries, with gradient x/|x|. Where a norm is 0, its
    gradient is 0.

    Args:
        x: an array; with ``ord`` but without ``axis`` a vector or a matrix.
        ord: as for ``vector_norm`` along one axis, as for ``matrix_norm`` along two.
        axis: the axis of vectors, or the two axes of matrices.
        keepdims: whether reduced axes stay, with length 1.

    Returns:
        Reals, without the reduced axes.

    Raises:
        ValueError: for an unknown ``ord``, or axes that are neither one nor two.

    >>> import autograd_core as ag
    >>> x = ag.tensor([[3.0, 0.0], [0.0, 4.0]])
    >>> ag.linalg.norm(x), ag.linalg.norm(x, 2), ag.linalg.norm(x, axis=1)
    (tensor(5.), tensor(4.), tensor([3., 4.]))
    """
    x = as_array(x)
    if axis is None and ord is None:
        return _vector_norm(x, ord=2, axis=None, keepdims=keepdims)
    axes = tuple(range(x.ndim)) if axis is None else (axis,) if np.ndim(axis) == 0 else tuple(axis)
    if len(axes) == 1:
        if isinstance(ord, str):
            raise _unknown_order("norm", ord, "a number for vectors")
        return _vector_norm(x, ord=2 if ord is None else plain(ord), axis=axes[0], keepdims=keepdims)
    if len(axes) == 2:
        return _matrix_norm(x, ord, axes, keepdims, "norm")
    raise ValueError(
        explain(
            "norm",
            expected="one axis for vectors or two for matrices",
            got=f"{len(axes)} for an array of shape {x.shape}",
            remedy="pass axis=, or use ag.linalg.vector_norm for any number of axes",
        )
    )


@implements(np.linalg.cond)
def cond(x: Array, p: Any = None) -> Array:
    """The condition number of matrices: |x| |x^-1|.

    Args:
        x: matrices of shape (..., m, n), square unless ``p`` is ``None``, 2 or -2.
        p: the ``ord`` of the norm; ``None`` is 2, the ratio of the largest singular value to the smallest.

    Returns:
        Reals of shape (...).

    Raises:
        LinAlgError: if a matrix is singular and ``p`` is not ``None``, 2 or -2.

    >>> import autograd_core as ag
    >>> ag.linalg.cond(ag.tensor([[4.0, 0.0], [0.0, 2.0]]))
    tensor(2.)
    """
    x = as_array(x)
    if p in (None, 2, -2):
        values = svdvals(x)
        largest, smallest = values[..., 0], values[..., -1]
        with np.errstate(divide="ignore", invalid="ignore"):
            return smallest / largest if p == -2 else largest / smallest
    return _matrix_norm(x, p, (-2, -1), False, "cond") * _matrix_norm(inv(x), p, (-2, -1), False, "cond")
