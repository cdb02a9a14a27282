"""Operations that give the same entries another shape or order of axes.

Forward functions may return views: a node's value is not written into, and where a user does write into
``tensor.data``, the nodes that share its memory are told.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, constant, define, implements
from .axes import as_array, axes_of, pytorch_names
from .broadcasting import broadcast_to

__all__ = [
    "ascontiguousarray",
    "asfortranarray",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast_arrays",
    "clone",
    "copy",
    "expand_dims",
    "matrix_transpose",
    "moveaxis",
    "permute_dims",
    "ravel",
    "reshape",
    "rollaxis",
    "squeeze",
    "swapaxes",
    "transpose",
]

# Questions about shape, dtype and memory, whose answers carry no gradient.
constant(np.shape, np.ndim, np.size, np.may_share_memory, np.shares_memory, np.isfortran)

# -- reshape -----------------------------------------------------------------------------------------

_reshape = define(
    "reshape",
    lambda x, shape, order="C": x.reshape(shape, order=order) if order != "C" else x.reshape(shape),
    lambda g, out, x, shape, order="C": np.reshape(g, x.shape, order=order),
    formulas="1",
)


def _letter(name: str, x: Any, order: str) -> str:
    """``order`` as "C" or "F"; "A" means F for an array that is laid out so."""
    if order not in ("C", "F", "A"):
        raise ValueError(explain(name, expected="order 'C', 'F' or 'A'", got=f"order={order!r}", remedy="pass one"))
    if order != "A":
        return order
    return "F" if np.isfortran(x) else "C"


@implements(np.reshape)
def reshape(x: Array, shape: int | tuple[int, ...], order: str = "C", *, copy: bool | None = None) -> Array:
    """The same entries in another shape; the gradient is reshaped back.

    Args:
        x: an array.
        shape: the shape of the result; one length may be -1 and is then found out.
        order: how the entries are counted: "C" with the last axis fastest, "F" with the first axis fastest,
            "A" as they lie in memory.
        copy: true to copy in any case, false to raise rather than copy.

    Returns:
        An array of ``shape``.

    Raises:
        ValueError: if ``shape`` has another number of entries, or would need a copy where ``copy`` is false.

    >>> import autograd_core as ag
    >>> ag.reshape(ag.tensor([1.0, 2.0, 3.0, 4.0]), (2, -1))
    tensor([[1., 2.],
            [3., 4.]])
    """
    if isinstance(shape, list):
        shape = tuple(shape)
    if order == "C":
        result = _reshape(x, shape=shape) if hasattr(x, "reshape") else _reshape(as_array(x), shape=shape)
    else:
        x = as_array(x)
        result = _reshape(x, shape=shape, order=_letter("reshape", x, order))
    if copy:
        return clone(result)
    if copy is False and x.size and not np.may_share_memory(result, x):
        raise ValueError(
            explain(
                "reshape",
                expected="a shape that needs no copy, since copy=False",
                got=f"{shape} for shape {x.shape}",
                remedy="leave copy out",
            )
        )
    return result


@implements(np.ravel)
def ravel(x: Array, order: str = "C") -> Array:
    """All entries in a row.

    Args:
        x: an array.
        order: as for ``reshape``; "K" means in the order of memory, whatever the axes.

    Returns:
        A vector.

    >>> import autograd_core as ag
    >>> ag.ravel(ag.tensor([[1.0, 2.0], [3.0, 4.0]]), order="F")
    tensor([1., 3., 2., 4.])
    """
    x = as_array(x)
    if order == "K":
        strides = np.abs(x.strides)
        x, order = permute_dims(x, tuple(sorted(range(x.ndim), key=lambda i: -strides[i]))), "C"
    return reshape(x, (-1,), order)


@implements(np.expand_dims)
@pytorch_names
def expand_dims(x: Array, axis: int | tuple[int, ...]) -> Array:
    """Put new axes of length 1 in.

    Args:
        x: an array.
        axis: where the new axes stand in the result.

    Returns:
        An array with more axes.

    Raises:
        AxisError: for an axis that the result does not have.

    >>> import autograd_core as ag
    >>> ag.expand_dims(ag.tensor([1.0, 2.0]), 0).shape
    (1, 2)
    """
    return _expand_dims(as_array(x), axis=axis)


def _expanded(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    count = len(axis) if isinstance(axis, tuple | list) else 1
    axes = axes_of(axis, len(shape) + count)
    old = iter(shape)
    return tuple(1 if i in axes else next(old) for i in range(len(shape) + count))


_expand_dims = define(
    "expand_dims",
    lambda x, axis: x.reshape(_expanded(x.shape, axis)),
    lambda g, out, x, axis: np.reshape(g, x.shape),
    formulas="1",
)

_squeeze = define(
    "squeeze",
    lambda x, axes: x.squeeze(axes),
    lambda g, out, x, axes: np.reshape(g, x.shape),
    formulas="1",
)


@implements(np.squeeze)
@pytorch_names
def squeeze(x: Array, axis: int | tuple[int, ...] | None = None) -> Array:
    """Take axes of length 1 out.

    Args:
        x: an array.
        axis: which axes; all of length 1, if left out.

    Returns:
        An array with fewer axes.

    Raises:
        ValueError: for an axis of another length.

    >>> import autograd_core as ag
    >>> ag.squeeze(ag.tensor([[1.0], [2.0]])).shape
    (2,)
    """
    return _squeeze(as_array(x), axes=axis)


# -- order of axes -----------------------------------------------------------------------------------


def _inverse(axes: tuple[int, ...] | None) -> tuple[int, ...] | None:
    if axes is None:
        return None
    count = len(axes)
    places = [0] * count
    for new, old in enumerate(axes):
        places[old % count] = new
    return tuple(places)


_permute = define(
    "permute_dims",
    lambda x, axes=None: x.transpose(axes),
    lambda g, out, x, axes=None: np.transpose(g, _inverse(axes)),
    formulas="1",
    symbol="ᵀ",
)


@implements(np.transpose)
def permute_dims(x: Array, axes: tuple[int, ...] | None = None) -> Array:
    """The axes in another order; ``transpose`` is the same function.

    Args:
        x: an array.
        axes: for each axis of the result, which axis of ``x`` it is; in reverse order, if left out.

    Returns:
        An array (a view) whose axis i is axis ``axes[i]`` of ``x``.

    Raises:
        ValueError: unless every axis is named once.

    >>> import autograd_core as ag
    >>> ag.permute_dims(ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[1., 3.],
            [2., 4.]])
    """
    return _permute(as_array(x), axes=axes if axes is None else tuple(axes))


transpose = permute_dims

_swapaxes = define(
    "swapaxes",
    lambda x, axis1, axis2: x.swapaxes(axis1, axis2),
    lambda g, out, x, axis1, axis2: np.swapaxes(g, axis1, axis2),
    formulas="1",
    symbol="ᵀ",
)


@implements(np.swapaxes)
def swapaxes(x: Array, axis1: int, axis2: int) -> Array:
    """Two axes exchanged.

    Args:
        x: an array.
        axis1: an axis.
        axis2: the axis to exchange it with.

    Returns:
        An array (a view).

    Raises:
        AxisError: for an axis that ``x`` does not have.

    >>> import autograd_core as ag
    >>> ag.swapaxes(ag.ones((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    return _swapaxes(as_array(x), axis1=axis1, axis2=axis2)


@implements(np.matrix_transpose)
def matrix_transpose(x: Array, /) -> Array:
    """The last two axes exchanged: the transpose of each matrix of a stack.

    Args:
        x: an array of at least two axes.

    Returns:
        An array (a view).

    Raises:
        ValueError: for fewer than two axes.

    >>> import autograd_core as ag
    >>> ag.matrix_transpose(ag.ones((5, 2, 3))).shape
    (5, 3, 2)
    """
    x = as_array(x)
    if x.ndim < 2:
        raise ValueError(
            explain(
                "matrix_transpose",
                expected="at least two axes",
                got=f"shape {x.shape}",
                remedy="use x[:, None] to make a vector a column",
            )
        )
    return _swapaxes(x, axis1=-2, axis2=-1)


@implements(np.moveaxis)
def moveaxis(x: Array, source: int | tuple[int, ...], destination: int | tuple[int, ...]) -> Array:
    """Some axes moved to other places, the rest in their order.

    Args:
        x: an array.
        source: which axes.
        destination: where they stand in the result, one place for each.

    Returns:
        An array (a view).

    Raises:
        ValueError: for as many places as there are not axes to move.

    >>> import autograd_core as ag
    >>> ag.moveaxis(ag.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = as_array(x)
    sources, places = axes_of(source, x.ndim), axes_of(destination, x.ndim)
    if len(sources) != len(places):
        raise ValueError(
            explain(
                "moveaxis",
                expected="one place for each axis",
                got=f"source={source} and destination={destination}",
                remedy="pass as many of the one as of the other",
            )
        )
    order = [i for i in range(x.ndim) if i not in sources]
    for place, i in sorted(zip(places, sources, strict=True)):
        order.insert(place, i)
    return _permute(x, axes=tuple(order))


@implements(np.rollaxis)
def rollaxis(x: Array, axis: int, start: int = 0) -> Array:
    """One axis moved to stand before the axis ``start``. ``moveaxis`` is easier to read.

    Args:
        x: an array.
        axis: which axis.
        start: before which one of the present axes it goes.

    Returns:
        An array (a view).

    >>> import autograd_core as ag
    >>> ag.rollaxis(ag.ones((2, 3, 4)), 2).shape
    (4, 2, 3)
    """
    x = as_array(x)
    (axis,) = axes_of(axis, x.ndim)
    (start,) = axes_of(start, x.ndim + 1)
    return moveaxis(x, axis, start - 1 if axis < start else start)


# -- copies and common shapes ------------------------------------------------------------------------

_clone = define(
    "clone", lambda x, order="K": np.copy(x, order=order), lambda g, out, x, order="K": g, formulas="1", symbol="copy"
)


@implements(np.copy)
def clone(x: Array, order: str = "K") -> Array:
    """A copy with memory of its own, as a node of the graph: the gradient passes through it.

    Args:
        x: an array.
        order: the memory layout of the copy: "C", "F", "A", or "K" for that of ``x``.

    Returns:
        An array with the entries of ``x``.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> ag.clone(x)
    tensor([1., 2.], operation=clone)
    """
    return _clone(as_array(x)) if order == "K" else _clone(as_array(x), order=order)


copy = clone


def ascontiguousarray(x: Array) -> Array:
    """``x`` with the last axis fastest in memory: itself if it lies so, or a copy.

    Args:
        x: an array.

    Returns:
        An array of at least one axis. (``np.ascontiguousarray`` makes an array of NumPy's of a Tensor, and
        so refuses one that requires a gradient.)

    >>> import autograd_core as ag
    >>> ag.ascontiguousarray(ag.ones((2, 3)).T).flags.c_contiguous
    True
    """
    x = atleast_1d(x)
    return x if x.flags.c_contiguous else clone(x, "C")


def asfortranarray(x: Array) -> Array:
    """``x`` with the first axis fastest in memory: itself if it lies so, or a copy.

    Args:
        x: an array.

    Returns:
        An array of at least one axis.

    >>> import autograd_core as ag
    >>> ag.asfortranarray(ag.ones((2, 3))).flags.f_contiguous
    True
    """
    x = atleast_1d(x)
    return x if x.flags.f_contiguous else clone(x, "F")


@implements(np.broadcast_arrays)
def broadcast_arrays(*arrays: Array) -> tuple[Array, ...]:
    """Arrays repeated to their common shape.

    Args:
        arrays: any number, whose shapes broadcast.

    Returns:
        A tuple of arrays of one shape.

    Raises:
        ValueError: if the shapes do not broadcast.

    >>> import autograd_core as ag
    >>> [x.shape for x in ag.broadcast_arrays(ag.ones((2, 1)), ag.ones(3))]
    [(2, 3), (2, 3)]
    """
    operands = [as_array(x) for x in arrays]
    shape = np.broadcast_shapes(*(x.shape for x in operands))
    return tuple(x if x.shape == shape else broadcast_to(x, shape) for x in operands)


def _at_least(ndim: int) -> Any:
    def shape_of(x: Any) -> tuple[int, ...]:
        missing = ndim - x.ndim
        # A vector is a row of a matrix, and a matrix is one layer of a stack: (m, n) -> (m, n, 1).
        after = 1 if ndim == 3 and missing in (1, 2) else 0
        return (1,) * (missing - after) + x.shape + (1,) * after

    def at_least(*arrays: Any) -> Any:
        results = tuple(x if x.ndim >= ndim else _reshape(x, shape=shape_of(x)) for x in map(as_array, arrays))
        return results[0] if len(results) == 1 else results

    return at_least


_at_least_1, _at_least_2, _at_least_3 = _at_least(1), _at_least(2), _at_least(3)


@implements(np.atleast_1d)
def atleast_1d(*arrays: Array) -> Any:
    """Numbers as vectors of one entry; other arrays as they are.

    Args:
        arrays: one array or several.

    Returns:
        An array of at least one axis; a tuple of them for several arrays.

    >>> import autograd_core as ag
    >>> ag.atleast_1d(ag.tensor(2.0))
    tensor([2.])
    """
    return _at_least_1(*arrays)


@implements(np.atleast_2d)
def atleast_2d(*arrays: Array) -> Any:
    """Numbers and vectors as matrices of one row; other arrays as they are.

    Args:
        arrays: one array or several.

    Returns:
        An array of at least two axes; a tuple of them for several arrays.

    >>> import autograd_core as ag
    >>> ag.atleast_2d(ag.tensor([1.0, 2.0])).shape
    (1, 2)
    """
    return _at_least_2(*arrays)


@implements(np.atleast_3d)
def atleast_3d(*arrays: Array) -> Any:
    """Arrays with at least three axes: a vector becomes (1, n, 1), a matrix (m, n, 1).

    Args:
        arrays: one array or several.

    Returns:
        An array of at least three axes; a tuple of them for several arrays.

    >>> import autograd_core as ag
    >>> ag.atleast_3d(ag.tensor([1.0, 2.0])).shape
    (1, 2, 1)
    """
    return _at_least_3(*arrays)
