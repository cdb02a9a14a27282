"""Products of vectors, matrices and higher arrays. ``einsum`` has a file of its own."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, Primitive, define, implements
from .axes import as_array, existing
from .matrices import column, conj, row

__all__ = [
    "cross",
    "dot",
    "inner",
    "matmul",
    "matvec",
    "outer",
    "tensordot",
    "trace",
    "vdot",
    "vecdot",
    "vecmat",
]


# -- matrix products -----------------------------------------------------------------------------------------
#
# Two matrices come first in the rules: that is what networks are made of.


def _matmul(x: Any, y: Any) -> Any:
    if y.ndim == 2 and x.ndim > 2:
        # A stack of matrices times one: as one tall matrix, since many small products take longer than a large one.
        rows = np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))
        return np.reshape(rows @ y, (*x.shape[:-1], y.shape[-1]))
    return x @ y


def _matmul_left(g: Any, out: Any, x: Any, y: Any) -> Any:
    if y.ndim == 2:
        return matmul(g, y.T) if x.ndim > 1 else y @ g
    if y.ndim == 1:
        return g * y if x.ndim == 1 else column(g) * y
    return g @ y.mT if x.ndim > 1 else (y @ column(g))[..., 0]


def _matmul_right(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == 2 and y.ndim <= 2:
        return x.T @ g
    if x.ndim == 1:
        return g * x if y.ndim == 1 else column(x) * row(g)
    if y.ndim <= 2:
        # A stack of matrices times one: the stack is one tall matrix, and nothing is left to be summed.
        rows, columns = math.prod(x.shape[:-1]), 1 if y.ndim == 1 else y.shape[-1]
        product = np.reshape(x, (rows, x.shape[-1])).T @ np.reshape(g, (rows, columns))
        return np.reshape(product, y.shape)
    return x.mT @ g


matmul = define(
    "matmul",
    _matmul,
    _matmul_left,
    _matmul_right,
    numpy=(np.matmul, np.linalg.matmul),
    symbol="@",
    formulas=("{b}ᵀ", "{a}ᵀ"),
    doc="""The matrix product ``x1 @ x2`` in the last two axes; the axes before them broadcast.

    out_ij = sum over k of a_ik b_kj. With G the gradient of the product, dL/da = G b^T and dL/db = a^T G.
    A vector on the left is a row, on the right a column, and the axis of length 1 is dropped again.

    >>> import autograd_core as ag
    >>> a = ag.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> y = ag.matmul(a, ag.tensor([1.0, 10.0]))
    >>> y.tolist()
    [21.0, 43.0]
    >>> table = y.sum().backward()
    >>> a.grad.tolist()
    [[1.0, 10.0], [1.0, 10.0]]
    """,
)


@implements(*existing("matvec"))
def matvec(x1: Array, x2: Array) -> Array:
    """Matrices times vectors: out_i = sum over k of A_ik v_k.

    Args:
        x1: matrices A of shape (..., m, n).
        x2: vectors v of shape (..., n), whose leading axes broadcast with those of ``x1``.

    Returns:
        Vectors of shape (..., m).

    >>> import autograd_core as ag
    >>> ag.matvec(ag.tensor([[1.0, 2.0], [3.0, 4.0]]), ag.tensor([[1.0, 0.0], [0.0, 1.0]]))
    tensor([[1., 3.],
            [2., 4.]])
    """
    out: Any = matmul(as_array(x1), column(as_array(x2)))
    return np.squeeze(out, -1)


@implements(*existing("vecmat"))
def vecmat(x1: Array, x2: Array) -> Array:
    """Vectors, conjugated, times matrices: out_j = sum over k of conj(v_k) A_kj.

    Args:
        x1: vectors v of shape (..., n).
        x2: matrices A of shape (..., n, m), whose leading axes broadcast with those of ``x1``.

    Returns:
        Vectors of shape (..., m).

    >>> import autograd_core as ag
    >>> ag.vecmat(ag.tensor([1.0, 10.0]), ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([31., 42.])
    """
    out: Any = matmul(row(conj(as_array(x1))), as_array(x2))
    return np.squeeze(out, -2)


# -- products of vectors -------------------------------------------------------------------------------------

_vecdot = define(
    "vecdot",
    lambda x, y: np.vecdot(x, y),
    lambda g, out, x, y: conj(column(g) * y),
    lambda g, out, x, y: column(g) * conj(x),
    formulas=("{b}", "{a}*"),
    symbol="·",
)


@implements(np.vecdot, np.linalg.vecdot)
def vecdot(x1: Array, x2: Array, /, *, axis: int = -1) -> Array:
    """The inner products of vectors along one axis: sum over k of conj(a_k) b_k.

    The gradients are dL/da = g b and dL/db = g a.

    Args:
        x1: vectors a along ``axis``; conjugated if complex.
        x2: vectors b along ``axis``; the other axes broadcast with those of ``x1``.
        axis: where the vectors lie.

    Returns:
        The inner products; ``axis`` is gone.

    Raises:
        ValueError: if the vectors are not of one length.

    >>> import autograd_core as ag
    >>> a = ag.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> y = ag.vecdot(a, ag.tensor([1.0, 10.0]))
    >>> y.tolist()
    [21.0, 43.0]
    """
    x, y = as_array(x1), as_array(x2)
    if axis != -1:
        x, y = np.moveaxis(x, axis, -1), np.moveaxis(y, axis, -1)
    return _vecdot(x, y)


@implements(np.dot)
def dot(a: Array, b: Array) -> Array:
    """NumPy's ``dot``: the inner product of vectors, the matrix product of matrices.

    For more axes it sums over the last axis of ``a`` and the last but one of ``b``, and nothing
    broadcasts; for numbers it is the ordinary product. Gradients as for ``matmul`` and ``tensordot``.

    Args:
        a, b: arrays of any shape that fit each other.

    Returns:
        An array of shape ``a.shape[:-1] + b.shape[:-2] + b.shape[-1:]``.

    Raises:
        ValueError: if the summed axes differ in length.

    >>> import autograd_core as ag
    >>> ag.dot(ag.tensor([1.0, 2.0]), ag.tensor([3.0, 4.0]))
    tensor(11.)
    """
    x, y = as_array(a), as_array(b)
    if x.ndim == 0 or y.ndim == 0:
        return np.multiply(x, y)
    return matmul(x, y) if y.ndim <= 2 else tensordot(x, y, (-1, -2))


@implements(np.vdot)
def vdot(a: Array, b: Array, /) -> Array:
    """The inner product of all entries: sum over i of conj(a_i) b_i.

    Args:
        a: an array of any shape; conjugated if complex.
        b: an array with as many entries.

    Returns:
        A number.

    Raises:
        ValueError: if the numbers of entries differ.

    >>> import autograd_core as ag
    >>> ag.vdot(ag.tensor([[1.0, 2.0], [3.0, 4.0]]), ag.tensor([1.0, 1.0, 1.0, 10.0]))
    tensor(46.)
    """
    return _vecdot(np.reshape(as_array(a), (-1,)), np.reshape(as_array(b), (-1,)))


@implements(np.inner)
def inner(a: Array, b: Array, /) -> Array:
    """Sums of products over the last axes: out_ij = sum over k of a_ik b_jk.

    Args:
        a, b: arrays with last axes of one length, or numbers.

    Returns:
        An array of shape ``a.shape[:-1] + b.shape[:-1]``.

    Raises:
        ValueError: if the last axes differ in length.

    >>> import autograd_core as ag
    >>> ag.inner(ag.tensor([1.0, 2.0]), ag.tensor([[1.0, 0.0], [3.0, 4.0]]))
    tensor([ 1., 11.])
    """
    x, y = as_array(a), as_array(b)
    if x.ndim == 0 or y.ndim == 0:
        return np.multiply(x, y)
    return matmul(x, y) if x.ndim == y.ndim == 1 else tensordot(x, y, (-1, -1))


@implements(np.outer)
def outer(a: Array, b: Array) -> Array:
    """All products of an entry of ``a`` with an entry of ``b``: out_ij = a_i b_j.

    Args:
        a, b: arrays of any shape, which are flattened.

    Returns:
        A matrix of shape (a.size, b.size).

    >>> import autograd_core as ag
    >>> ag.outer(ag.tensor([1.0, 2.0]), ag.tensor([3.0, 4.0, 5.0]))
    tensor([[ 3.,  4.,  5.],
            [ 6.,  8., 10.]])
    """
    x: Any = np.reshape(as_array(a), (-1, 1))
    return x * np.reshape(as_array(b), (1, -1))


# -- products over any axes ----------------------------------------------------------------------------------


def _tensordot_forward(x: Any, y: Any, axes: tuple[tuple[int, ...], tuple[int, ...]]) -> Any:
    out = np.tensordot(x, y, axes)
    return out[()] if out.ndim == 0 else out


def _rest(x: Any, axes: Sequence[int]) -> list[int]:
    """The axes of ``x`` that are not in ``axes``."""
    return [i for i in range(x.ndim) if i not in axes]


def _tensordot_contribution(g: Any, y: Any, g_axes: Sequence[int], x_axes: Any, y_axes: Any, x_rest: Any) -> Any:
    """The gradient of the factor x, out of the gradient ``g`` and the other factor y.

    Summing over the axes that came from y leaves those that x kept, in order, before or after the
    summed axes of y, in order; each goes back to the axis of x that it belongs to.
    """
    product = _tensordot(g, y, axes=(tuple(g_axes), tuple(_rest(y, y_axes))))
    places = x_rest + [x_axes[k] for k in sorted(range(len(y_axes)), key=y_axes.__getitem__)]
    return np.transpose(product, tuple(sorted(range(len(places)), key=places.__getitem__)))


def _tensordot_left(g: Any, out: Any, x: Any, y: Any, axes: Any) -> Any:
    rest = _rest(x, axes[0])
    return _tensordot_contribution(g, y, range(len(rest), g.ndim), axes[0], axes[1], rest)


def _tensordot_right(g: Any, out: Any, x: Any, y: Any, axes: Any) -> Any:
    kept = x.ndim - len(axes[0])
    return _tensordot_contribution(g, x, range(kept), axes[1], axes[0], _rest(y, axes[1]))


_tensordot = define(
    "tensordot",
    _tensordot_forward,
    _tensordot_left,
    _tensordot_right,
    symbol="·",
    formulas=("{b} over its other axes", "{a} over its other axes"),
)


@implements(np.tensordot, np.linalg.tensordot)
def tensordot(a: Array, b: Array, axes: Any = 2) -> Array:
    """Sums of products over chosen axes of two arrays.

    Args:
        a, b: arrays.
        axes: a number N, for the last N axes of ``a`` and the first N of ``b``; or a pair, an axis or
            several axes of ``a`` and as many of ``b``, which are summed over in this order.

    Returns:
        An array with the other axes of ``a``, then the other axes of ``b``.

    Raises:
        ValueError: if the numbers or the lengths of the axes do not match.

    >>> import autograd_core as ag
    >>> a, b = ag.tensor([[1.0, 2.0], [3.0, 4.0]]), ag.tensor([[1.0, 10.0], [100.0, 1000.0]])
    >>> ag.tensordot(a, b), ag.tensordot(a, b, axes=(0, 1))
    (tensor(4321.), tensor([[  31., 3100.],
            [  42., 4200.]]))
    """
    a, b = as_array(a), as_array(b)
    if np.ndim(axes) == 0:
        count = operator.index(axes)
        if count < 0:
            raise ValueError(
                explain("tensordot", expected="axes >= 0", got=f"axes={count}", remedy="pass how many axes to sum over")
            )
        first, second = tuple(range(-count, 0)), tuple(range(count))
    else:
        first, second = ((k,) if np.ndim(k) == 0 else tuple(k) for k in axes)
    pairs = _normalized(first, a, "a"), _normalized(second, b, "b")
    lengths = [tuple(x.shape[i] for i in chosen) for x, chosen in zip((a, b), pairs)]
    if lengths[0] != lengths[1]:
        raise ValueError(
            explain(
                "tensordot",
                expected="axes of a and b with the same lengths, in the same order",
                got=f"lengths {lengths[0]} and {lengths[1]} from shapes {a.shape} and {b.shape}",
                remedy="name the axes to sum over as axes=((axes of a), (axes of b))",
            )
        )
    return _tensordot(a, b, axes=pairs)


def _normalized(axes: Sequence[int], x: Any, name: str) -> tuple[int, ...]:
    if any(not -x.ndim <= k < x.ndim for k in axes):
        raise ValueError(
            explain(
                "tensordot",
                expected=f"axes of {name}, which has {x.ndim}",
                got=f"{tuple(axes)}",
                remedy=f"pass axes between {-x.ndim} and {x.ndim - 1}" if x.ndim else "pass axes=0",
            )
        )
    return tuple(operator.index(k) % x.ndim for k in axes)


# -- trace and cross product ---------------------------------------------------------------------------------


@implements(np.trace)
def trace(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Array:
    """The sum of a diagonal: sum over i of a_ii. The gradient is 1 on the diagonal, 0 elsewhere.

    Args:
        a: an array of at least two axes.
        offset: which diagonal, counted upwards from the main one.
        axis1, axis2: the axes of the matrices.
        dtype: the dtype to sum in, if not that of ``a``.

    Returns:
        An array without those two axes.

    >>> import autograd_core as ag
    >>> ag.trace(ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(5.)
    """
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


_cross: Primitive = define(
    "cross",
    lambda x, y: np.cross(x, y),
    lambda g, out, x, y: _cross(y, g),
    lambda g, out, x, y: _cross(g, x),
    symbol="×",
    formulas=("{b} ×", "× {a}"),
)


@implements(np.cross)
def cross(a: Array, b: Array, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Array:
    """The cross product of vectors with three components.

    For L with gradient g, dL/da = b x g and dL/db = g x a.

    Args:
        a, b: vectors along ``axisa`` and ``axisb``; the other axes broadcast.
        axisa, axisb, axisc: where the vectors of a, of b and of the result lie.
        axis: all three at once.

    Returns:
        Vectors that are orthogonal to both.

    Raises:
        ValueError: if the vectors do not have three components. (NumPy gives up those with two.)

    >>> import autograd_core as ag
    >>> ag.cross(ag.tensor([1.0, 0.0, 0.0]), ag.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    x, y = as_array(a), as_array(b)
    if axis is not None:
        axisa = axisb = axisc = axis
    if axisa != -1:
        x = np.moveaxis(x, axisa, -1)
    if axisb != -1:
        y = np.moveaxis(y, axisb, -1)
    if x.shape[-1:] != (3,) or y.shape[-1:] != (3,):
        raise ValueError(
            explain(
                "cross",
                expected="vectors of 3 components",
                got=f"shapes {x.shape} and {y.shape} with the vectors last",
                remedy="append a zero to vectors of 2 components, or name the axis of the vectors with axis=",
            )
        )
    out: Any = _cross(x, y)
    return out if axisc == -1 else np.moveaxis(out, -1, axisc)
