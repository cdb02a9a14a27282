"""Joining arrays to one and splitting one into several.

Joining and splitting are each other's transposes. A split is one operation with several outputs, so the
gradients of its pieces are joined once, with zeros for pieces that were not used.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, define, implements
from .axes import as_array, cut, existing, one_axis, pytorch_names, shapes_only
from .shapes import atleast_1d, atleast_2d, atleast_3d, ravel, reshape

__all__ = [
    "append",
    "array_split",
    "block",
    "column_stack",
    "concat",
    "concatenate",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "split",
    "stack",
    "unstack",
    "vsplit",
    "vstack",
]

# -- joining -----------------------------------------------------------------------------------------


@shapes_only
def _concat_rule(g: Any, out: Any, *arrays: Any, axis: int) -> tuple[Any, ...]:
    axis %= g.ndim
    ends, end = [], 0
    for x in arrays[:-1]:
        end += x.shape[axis]
        ends.append(end)
    return tuple(_split(g, at=tuple(ends), axis=axis))


_concat = define(
    "concat",
    lambda *arrays, axis: np.concatenate(arrays, axis=axis),
    joint=_concat_rule,
    formulas="1",
)


@implements(np.concatenate)
@pytorch_names
def concat(arrays: Sequence[Array], axis: int | None = 0, *, dtype: Any = None) -> Array:
    """Arrays joined along an axis that they have; ``concatenate`` is the same function.

    Each array gets its part of g.

    Args:
        arrays: of equal shapes except along ``axis``.
        axis: the axis along which they are put one after another; ``None`` to flatten them first.
        dtype: converts the result.

    Returns:
        One array.

    Raises:
        ValueError: for no arrays, and for shapes that do not fit.

    >>> import autograd_core as ag
    >>> ag.concat([ag.tensor([1.0, 2.0]), ag.tensor([3.0])])
    tensor([1., 2., 3.])
    """
    parts = [as_array(x) for x in arrays]
    if axis is None:
        parts, axis = [ravel(x) for x in parts], 0
    joined = _concat(*parts, axis=axis)
    return joined if dtype is None else joined.astype(dtype)


concatenate = concat


_NUMBERS = frozenset({int, float, complex, bool})


def _unstacked(x: Any, axis: int) -> tuple[Any, ...]:
    axis = one_axis(axis, x.ndim)
    before = (slice(None),) * axis
    return tuple(x[(*before, i)] for i in range(x.shape[axis]))


_stack = define(
    "stack",
    lambda *arrays, axis: np.stack(arrays, axis=axis),
    joint=lambda g, out, *arrays, axis: tuple(_unstack(g, axis=axis)),
    formulas="1",
)


def _unstack_rule(g: Any, out: Any, x: Any, axis: int) -> tuple[Any]:
    known = next(part for part in g if part is not None)
    return (_stack(*(np.zeros_like(known) if part is None else part for part in g), axis=axis),)


_unstack = define("unstack", _unstacked, joint=_unstack_rule, formulas="1", multiple=True)


@implements(np.stack)
@pytorch_names
def stack(arrays: Sequence[Array], axis: int = 0, *, dtype: Any = None) -> Array:
    """Arrays of one shape put side by side along a new axis.

    Args:
        arrays: of one shape; numbers may stand among Tensors of shape ().
        axis: where the new axis stands in the result.
        dtype: converts the result.

    Returns:
        One array with one axis more.

    Raises:
        ValueError: for no arrays, and for different shapes.

    >>> import autograd_core as ag
    >>> x = ag.tensor(2.0, requires_grad=True)
    >>> ag.stack([x, x * x])
    tensor([2., 4.], operation=stack)
    """
    parts = list(arrays)
    if any(type(x) in _NUMBERS for x in parts):
        # Python numbers are weak: they take the dtype of the arrays beside them.
        like = next((x for x in parts if hasattr(x, "dtype")), np.zeros(()))
        parts = [np.zeros_like(like) + x if type(x) in _NUMBERS else x for x in parts]
    joined = _stack(*parts, axis=axis)
    return joined if dtype is None else joined.astype(dtype)


@implements(*existing("unstack"))
@pytorch_names
def unstack(x: Array, /, *, axis: int = 0) -> tuple[Array, ...]:
    """The pieces along an axis, without that axis; what iterating over a Tensor gives.

    Args:
        x: an array of at least one axis.
        axis: which axis.

    Returns:
        A tuple with as many arrays as the axis is long.

    Raises:
        AxisError: for an axis that ``x`` does not have.

    >>> import autograd_core as ag
    >>> ag.unstack(ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    (tensor([1., 2.]), tensor([3., 4.]))
    """
    return tuple(_unstack(as_array(x), axis=axis))


def _joining(name: str, numpy: Any, prepare: Any, axis: Any, shapes: str, example: str) -> Any:
    """``hstack`` and its kin: concat after giving every array enough axes."""

    @implements(*numpy)
    def join(arrays: Sequence[Array], *, dtype: Any = None) -> Array:
        parts = [prepare(x) for x in arrays]
        return concat(parts, axis(parts), dtype=dtype)

    join.__name__ = join.__qualname__ = name
    join.__doc__ = f"""Arrays joined {shapes}.

    Args:
        arrays: whose shapes fit.
        dtype: converts the result.

    Returns:
        One array.

    Raises:
        ValueError: for no arrays, and for shapes that do not fit.

    >>> import autograd_core as ag
    >>> ag.{name}([ag.tensor([1.0, 2.0]), ag.tensor([3.0, 4.0])])
    {example}
    """
    return join


vstack = _joining(
    "vstack",
    existing("vstack"),
    atleast_2d,
    lambda parts: 0,
    "one below the other, vectors as rows",
    "tensor([[1., 2.],\n            [3., 4.]])",
)
hstack = _joining(
    "hstack",
    existing("hstack"),
    atleast_1d,
    lambda parts: 0 if parts and parts[0].ndim == 1 else 1,
    "side by side: vectors end to end, others along the second axis",
    "tensor([1., 2., 3., 4.])",
)
dstack = _joining(
    "dstack",
    existing("dstack"),
    atleast_3d,
    lambda parts: 2,
    "along the third axis, after vectors and matrices were given one",
    "tensor([[[1., 3.],\n             [2., 4.]]])",
)


@implements(np.column_stack)
def column_stack(arrays: Sequence[Array]) -> Array:
    """Vectors as the columns of a matrix; matrices are put side by side.

    Args:
        arrays: vectors and matrices with the same number of rows.

    Returns:
        A matrix.

    Raises:
        ValueError: for no arrays, and for shapes that do not fit.

    >>> import autograd_core as ag
    >>> ag.column_stack([ag.tensor([1.0, 2.0]), ag.tensor([3.0, 4.0])])
    tensor([[1., 3.],
            [2., 4.]])
    """
    parts = [as_array(x) for x in arrays]
    return concat([x if x.ndim > 1 else reshape(x, (-1, 1)) for x in parts], 1)


@implements(np.append)
def append(x: Array, values: Any, axis: int | None = None) -> Array:
    """``values`` put after ``x``.

    Args:
        x: an array.
        values: an array that joins ``x`` along ``axis``.
        axis: the axis to join along; without it, both are flattened first.

    Returns:
        One array.

    Raises:
        ValueError: for shapes that do not fit.

    >>> import autograd_core as ag
    >>> ag.append(ag.tensor([1.0, 2.0]), [3.0])
    tensor([1., 2., 3.])
    """
    return concat([x, values], axis)


@implements(np.block)
def block(arrays: Any) -> Array:
    """Blocks in nested lists put together: the innermost lists along the last axis, the outer ones before it.

    Args:
        arrays: an array, or lists of arrays, nested equally deep.

    Returns:
        One array.

    Raises:
        ValueError: for lists of different depths, empty lists, and for shapes that do not fit.

    >>> import autograd_core as ag
    >>> a = ag.tensor([[1.0]])
    >>> ag.block([[a, 2 * a], [3 * a, 4 * a]])
    tensor([[1., 2.],
            [3., 4.]])
    """
    depths, ndims = set(), [0]

    def explore(item: Any, depth: int) -> None:
        if isinstance(item, list) and item:
            for inner in item:
                explore(inner, depth + 1)
        else:
            depths.add(-1 if isinstance(item, list | tuple) else depth)
            ndims.append(getattr(item, "ndim", 0))

    explore(arrays, 0)
    if len(depths) > 1 or -1 in depths:
        raise ValueError(
            explain(
                "block",
                expected="lists nested equally deep, none of them empty (and no tuples)",
                got="lists that are not",
                remedy="pass one list of blocks for each row",
            )
        )
    (levels,) = depths
    ndim = max(levels, *ndims)

    def joined(item: Any, level: int) -> Any:
        if not isinstance(item, list):
            item = as_array(item)
            return item if item.ndim == ndim else reshape(item, (1,) * (ndim - item.ndim) + item.shape)
        return concat([joined(inner, level + 1) for inner in item], ndim - levels + level)

    return joined(arrays, 0)


# -- splitting ---------------------------------------------------------------------------------------


def _bounds(length: int, at: int | tuple[int, ...]) -> list[tuple[int, int]]:
    """Where the pieces begin and end: ``at`` pieces whose lengths differ by one at most, or cuts at ``at``."""
    if isinstance(at, tuple):
        return list(zip((0, *at), (*at, length), strict=True))
    size, longer = divmod(length, at)
    return list(itertools.pairwise(i * size + min(i, longer) for i in range(at + 1)))


def _split_rule(g: Any, out: Any, x: Any, at: Any, axis: int) -> tuple[Any]:
    shape = x.shape
    known = next(part for part in g if part is not None)
    parts = [
        np.zeros_like(known, shape=(*shape[:axis], end - start, *shape[axis + 1 :])) if part is None else part
        for part, (start, end) in zip(g, _bounds(shape[axis], at), strict=True)
    ]
    return (_concat(*parts, axis=axis),)


_split = define(
    "split",
    lambda x, at, axis: tuple(cut(x, start, end, axis) for start, end in _bounds(x.shape[axis], at)),
    joint=_split_rule,
    formulas="1",
    multiple=True,
)


@implements(np.array_split)
@pytorch_names
def array_split(x: Array, indices_or_sections: Any, axis: int = 0) -> tuple[Array, ...]:
    """Cut an array along an axis into pieces, of lengths that need not be equal.

    Args:
        x: an array of at least one axis.
        indices_or_sections: the number of pieces, or the places to cut before.
        axis: which axis.

    Returns:
        A tuple of arrays (views).

    Raises:
        ValueError: for less than one piece.

    >>> import autograd_core as ag
    >>> ag.array_split(ag.tensor([1.0, 2.0, 3.0]), 2)
    (tensor([1., 2.]), tensor([3.]))
    """
    x = as_array(x)
    axis = one_axis(axis, x.ndim)
    if np.ndim(indices_or_sections):
        length = x.shape[axis]
        places = [int(i) for i in indices_or_sections]
        at = tuple(min(i, length) if i >= 0 else max(i + length, 0) for i in places)
        if at == tuple(sorted(at)):
            return tuple(_split(x, at=at, axis=axis))
        # Pieces that overlap: each is cut out on its own.
        return tuple(cut(x, start, end, axis) for start, end in zip((0, *at), (*at, length), strict=True))
    sections = int(indices_or_sections)
    if sections < 1:
        raise ValueError(
            explain("array_split", expected="at least one piece", got=f"{sections}", remedy="pass a positive number")
        )
    return tuple(_split(x, at=sections, axis=axis))


@implements(np.split)
@pytorch_names
def split(x: Array, indices_or_sections: Any, axis: int = 0) -> tuple[Array, ...]:
    """Cut an array along an axis into pieces of one length, or before given places.

    The gradients of the pieces are joined; a piece that is not used gets zeros.

    Args:
        x: an array of at least one axis.
        indices_or_sections: the number of pieces (the method ``tensor.split`` takes PyTorch's length of
            the pieces instead), or the places to cut before.
        axis: which axis.

    Returns:
        A tuple of arrays (views).

    Raises:
        ValueError: if the axis cannot be cut into so many pieces of one length.

    >>> import autograd_core as ag
    >>> ag.split(ag.tensor([1.0, 2.0, 3.0, 4.0]), 2)
    (tensor([1., 2.]), tensor([3., 4.]))
    """
    x = as_array(x)
    axis = one_axis(axis, x.ndim)
    if np.ndim(indices_or_sections) == 0 and indices_or_sections and x.shape[axis] % indices_or_sections:
        raise ValueError(
            explain(
                "split",
                expected=f"a number of pieces that divides the length {x.shape[axis]}",
                got=f"{indices_or_sections}",
                remedy="use array_split for pieces of different lengths",
            )
        )
    return array_split(x, indices_or_sections, axis)


def _splitting(name: str, numpy: Any, least: int, axis: Any, which: str) -> Any:
    """``hsplit`` and its kin: split along a fixed axis."""

    @implements(numpy)
    def cut_up(x: Array, indices_or_sections: Any) -> tuple[Array, ...]:
        x = as_array(x)
        if x.ndim < least:
            raise ValueError(
                explain(
                    name,
                    expected=f"an array of at least {least} axes",
                    got=f"shape {x.shape}",
                    remedy="use split for another axis",
                )
            )
        return split(x, indices_or_sections, axis(x))

    cut_up.__name__ = cut_up.__qualname__ = name
    cut_up.__doc__ = f"""Cut an array into pieces along the {which}.

    Args:
        x: an array of at least {least} axes.
        indices_or_sections: the number of pieces, or the places to cut before.

    Returns:
        A tuple of arrays (views).

    Raises:
        ValueError: for too few axes, or if the axis cannot be cut into so many pieces of one length.

    >>> import autograd_core as ag
    >>> len(ag.{name}(ag.ones((2, 2, 2)), 2))
    2
    """
    return cut_up


vsplit = _splitting("vsplit", np.vsplit, 2, lambda x: 0, "first axis")
hsplit = _splitting(
    "hsplit", np.hsplit, 1, lambda x: 1 if x.ndim > 1 else 0, "second axis, a vector along its only one"
)
dsplit = _splitting("dsplit", np.dsplit, 3, lambda x: 2, "third axis")
