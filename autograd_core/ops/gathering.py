"""Picking entries by indices along an axis, by masks and by conditions, and putting entries there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, Primitive, constant, define, implements
from ..values import entries_of
from .axes import as_array, pytorch_names
from .indexing import accumulate, dtype_of, getitem, index_add, index_set, is_tensor, plain, zeros

__all__ = [
    "argwhere",
    "choose",
    "compress",
    "extract",
    "flatnonzero",
    "gather",
    "index_select",
    "masked_fill",
    "masked_select",
    "nonzero",
    "put_along_axis",
    "scatter_add",
    "select",
    "take",
    "take_along_axis",
]

# -- along an axis -----------------------------------------------------------------------------------


def _along(shape: tuple[int, ...], indices: Any, axis: int) -> tuple[Any, ...]:
    """The index that picks ``indices`` along ``axis`` and stays at its place along every other axis."""
    like = plain(indices)
    after = len(shape) - 1
    return tuple(
        indices if i == axis % len(shape) else np.arange(n, like=like).reshape((n,) + (1,) * (after - i))
        for i, n in enumerate(shape)
    )


def _scattered_along(g: Any, indices: Any, shape: tuple[int, ...], axis: int, unique: bool) -> Any:
    total = zeros(shape, g)
    index = _along(shape, indices, axis)
    if not unique:
        return accumulate(total, index, g)
    total[index] = g
    return total


# ``unique`` says that the indices name no entry twice, as those of a sort do: a faster way to scatter.
take_along: Primitive = define(
    "take_along_axis",
    lambda x, indices, axis, unique: np.take_along_axis(x, indices, axis=axis),
    lambda g, out, x, indices, axis, unique: scatter_along(g, indices, shape=x.shape, axis=axis, unique=unique),
    None,
    formulas="1 where taken",
    doc="The entries of an array at indices along an axis.",
)
scatter_along: Primitive = define(
    "scatter_along_axis",
    _scattered_along,
    lambda g, out, x, indices, shape, axis, unique: take_along(g, indices, axis=axis, unique=unique),
    None,
    formulas="1",
    doc="Zeros with entries added at indices along an axis. The transpose of ``take_along_axis``.",
)


def _flat(x: Any) -> Any:
    return np.reshape(x, (-1,))


@implements(np.take_along_axis)
def take_along_axis(x: Array, indices: Array, axis: int | None = -1) -> Array:
    """The entries of ``x`` at ``indices`` along ``axis``, each within its own row.

    out[i, j] = x[indices[i, j], j] for ``axis=0``. The gradient goes back to the entries taken and adds
    up where one was taken more than once.

    Args:
        x: an array.
        indices: integers, with as many axes as ``x``; the other axes broadcast against those of ``x``.
        axis: the axis to index; ``None`` for the flattened array.

    Returns:
        An array of the shape of ``indices`` broadcast against ``x`` along the other axes.

    Raises:
        IndexError, ValueError: as NumPy does.

    >>> import autograd_core as ag
    >>> x = ag.tensor([[3.0, 1.0], [5.0, 9.0]])
    >>> ag.take_along_axis(x, ag.argsort(x, axis=1), axis=1)
    tensor([[1., 3.],
            [5., 9.]])
    """
    if axis is None:
        return take_along(_flat(x), indices, axis=0, unique=False)
    return take_along(x, indices, axis=axis, unique=False)


def put_along_axis(x: Array, indices: Array, values: Any, axis: int | None) -> Array:
    """A copy of ``x`` with ``values`` written at ``indices`` along ``axis``: undoes ``take_along_axis``.

    Unlike NumPy's function of this name it changes nothing in place. The gradient of ``x`` is 0 where
    written to; that of ``values`` is the gradient at these places.

    Args:
        x: an array.
        indices: integers, with as many axes as ``x``.
        values: what to write; broadcasts to the shape of ``indices``.
        axis: the axis to index; ``None`` for the flattened array.

    Returns:
        An array of the shape of ``x``.

    Raises:
        IndexError, ValueError: as NumPy does.

    >>> import autograd_core as ag
    >>> ag.put_along_axis(ag.tensor([1.0, 2.0, 3.0]), ag.tensor([2]), 0.0, axis=0)
    tensor([1., 2., 0.])
    """
    indices = as_array(indices)
    if axis is None:
        return index_set(_flat(x), _flat(indices), values).reshape(x.shape)
    return index_set(x, _along(x.shape, indices, axis), values)


def _corner(operation: str, x: Any, axis: int, index: Any) -> tuple[Any, ...]:
    """The index for PyTorch's gather: like ``_along``, but ``index`` may cover a corner of ``x`` only."""
    shape, axis = index.shape, axis % max(x.ndim, 1)
    if len(shape) != x.ndim or any(n > m for i, (n, m) in enumerate(zip(shape, x.shape, strict=True)) if i != axis):
        raise ValueError(
            explain(
                operation,
                expected=f"an index with {x.ndim} axes, no longer than {x.shape} except along axis {axis}",
                got=f"shape {shape}",
                remedy="expand the index to one entry per result, or use take for whole slices",
            )
        )
    return _along(shape, index, axis)


@pytorch_names
def gather(x: Array, axis: int, index: Array) -> Array:
    """out[i, j] = x[index[i, j], j] for ``axis=0``, in PyTorch's argument order.

    Unlike ``take_along_axis`` nothing is broadcast: ``index`` may be shorter than ``x`` along the other
    axes, and then only that corner of ``x`` is read.

    Args:
        x: an array.
        axis: the axis to index.
        index: integers, with as many axes as ``x``.

    Returns:
        An array of the shape of ``index``.

    Raises:
        ValueError: if the shapes do not fit.
        IndexError: if an index lies outside of the axis.

    >>> import autograd_core as ag
    >>> ag.gather(ag.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, ag.tensor([[0, 0], [1, 0]]))
    tensor([[1., 1.],
            [4., 3.]])
    """
    return getitem(x, _corner("gather", x, axis, as_array(index)))


@pytorch_names
def scatter_add(x: Array, axis: int, index: Array, value: Any) -> Array:
    """A copy of ``x`` with ``value[i, j]`` added at ``[index[i, j], j]`` (``axis=0``), as in PyTorch.

    Repeated places get every value. It is the transpose of ``gather``: the gradient of ``value`` is the
    gradient gathered at ``index``, that of ``x`` passes unchanged.

    Args:
        x: an array.
        axis: the axis to index.
        index: integers, with as many axes as ``x``.
        value: a number, or an array at least as long as ``index`` along every axis.

    Returns:
        An array of the shape of ``x``.

    Raises:
        ValueError: if the shapes do not fit.
        IndexError: if an index lies outside of the axis.

    >>> import autograd_core as ag
    >>> ag.scatter_add(ag.tensor([0.0, 0.0]), 0, ag.tensor([1, 1, 0]), ag.tensor([1.0, 2.0, 3.0]))
    tensor([3., 3.])
    """
    index, value = as_array(index), as_array(value)
    corner = _corner("scatter_add", x, axis, index)
    if value.ndim and value.shape != index.shape:
        value = getitem(value, tuple(slice(n) for n in index.shape))
    return index_add(x, corner, value)


def _as_indices(indices: Any) -> Any:
    """Indices as integers: lists as arrays, and True and False as 1 and 0 rather than as a mask."""
    if isinstance(indices, list | tuple):
        indices = np.array([plain(i) for i in indices])
        indices = indices if indices.size else indices.astype(np.intp)
    return indices.astype(np.intp) if hasattr(indices, "dtype") and indices.dtype.kind == "b" else indices


def _in_range(operation: str, indices: Any, n: int, mode: str) -> Any:
    """Indices brought into the range of ``n`` entries as ``mode`` says."""
    if mode == "raise":
        return indices
    if mode == "wrap":
        return np.remainder(indices, n)
    if mode == "clip":
        return np.minimum(np.maximum(indices, 0), n - 1)
    raise ValueError(
        explain(operation, expected="mode 'raise', 'wrap' or 'clip'", got=repr(mode), remedy="pass one of these")
    )


@implements(np.take)
@pytorch_names
def take(x: Array, indices: Any, axis: int | None = None, *, mode: str = "raise") -> Array:
    """The slices of ``x`` at ``indices`` along ``axis``.

    The gradient of a slice goes back to where it came from, and adds up where it was taken repeatedly.

    Args:
        x: an array.
        indices: an integer or an array of integers of any shape.
        axis: the axis to index; ``None`` for the flattened array.
        mode: ``"raise"`` for an error at an index out of range, ``"wrap"`` to start anew at the other end,
            ``"clip"`` to take the first or last.

    Returns:
        An array with the shape of ``indices`` in place of the axis.

    Raises:
        IndexError: if an index is out of range, with ``mode="raise"``.
        ValueError: for another mode.

    >>> import autograd_core as ag
    >>> ag.take(ag.tensor([[1.0, 2.0], [3.0, 4.0]]), [1, 1, 0], axis=0)
    tensor([[3., 4.],
            [3., 4.],
            [1., 2.]])
    """
    x = as_array(x)
    if axis is None:
        x, axis = _flat(x), 0
    elif not -x.ndim <= axis < x.ndim:
        raise np.exceptions.AxisError(axis, x.ndim)
    axis %= x.ndim
    indices = _in_range("take", _as_indices(indices), x.shape[axis], mode)
    return getitem(x, (slice(None),) * axis + (indices,))


@pytorch_names
def index_select(x: Array, axis: int, index: Array) -> Array:
    """The slices of ``x`` at ``index`` along ``axis``: ``take`` in PyTorch's argument order.

    Args:
        x: an array.
        axis: the axis to index.
        index: a vector of integers.

    Returns:
        An array with as many slices as ``index`` has entries.

    Raises:
        IndexError: if an index is out of range.

    >>> import autograd_core as ag
    >>> ag.index_select(ag.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, ag.tensor([1]))
    tensor([[2.],
            [4.]])
    """
    return take(x, index, axis)


# -- by masks and conditions -------------------------------------------------------------------------

nonzero = define(
    "nonzero",
    lambda x: np.nonzero(x),
    None,
    numpy=np.nonzero,
    multiple=True,
    doc="""The indices of the entries that are not 0, one vector of integers per axis; constants.

    >>> import autograd_core as ag
    >>> ag.nonzero(ag.tensor([[0.0, 2.0], [3.0, 0.0]]))
    (tensor([0, 1]), tensor([1, 0]))
    """,
)
flatnonzero = define(
    "flatnonzero",
    lambda x: np.flatnonzero(x),
    None,
    numpy=np.flatnonzero,
    doc="""The indices of the entries of the flattened array that are not 0; a constant.

    >>> import autograd_core as ag
    >>> ag.flatnonzero(ag.tensor([0.0, 2.0, 3.0]))
    tensor([1, 2])
    """,
)
argwhere = define(
    "argwhere",
    lambda x: np.argwhere(x),
    None,
    numpy=np.argwhere,
    doc="""The indices of the entries that are not 0, one row of integers per entry; a constant.

    >>> import autograd_core as ag
    >>> ag.argwhere(ag.tensor([[0.0, 2.0], [3.0, 0.0]]))
    tensor([[0, 1],
            [1, 0]])
    """,
)


@implements(np.compress)
def compress(condition: Any, x: Array, axis: int | None = None) -> Array:
    """The slices of ``x`` along ``axis`` for which ``condition`` holds.

    Args:
        condition: a vector of truth values, at most as long as the axis.
        x: an array.
        axis: the axis; ``None`` for the flattened array.

    Returns:
        An array with fewer slices.

    Raises:
        IndexError: if a truth value beyond the end of the axis is true.

    >>> import autograd_core as ag
    >>> ag.compress([True, False, True], ag.tensor([1.0, 2.0, 3.0]))
    tensor([1., 3.])
    """
    return take(x, flatnonzero(as_array(condition)), axis)


@implements(np.extract)
def extract(condition: Any, x: Array) -> Array:
    """The entries of ``x`` where ``condition`` is not 0, as a vector.

    Args:
        condition: an array of the size of ``x``.
        x: an array.

    Returns:
        A vector.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 2.0, 3.0])
    >>> ag.extract(x > 1.5, x)
    tensor([2., 3.])
    """
    return take(x, flatnonzero(as_array(condition)))


def masked_select(x: Array, mask: Array) -> Array:
    """The entries of ``x`` where ``mask`` is true, as a vector; both are broadcast first.

    Args:
        x: an array.
        mask: truth values.

    Returns:
        A vector.

    >>> import autograd_core as ag
    >>> x = ag.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> ag.masked_select(x, x > 2.0)
    tensor([3., 4.])
    """
    x, mask = as_array(x), as_array(mask)
    shape = np.broadcast_shapes(x.shape, mask.shape)
    whole: Any = np.broadcast_to(x, shape)
    return getitem(whole, np.broadcast_to(mask, shape))


def masked_fill(x: Array, mask: Array, value: Any) -> Array:
    """``x`` with ``value`` where ``mask`` is true, in the dtype of ``x``.

    The gradient of ``x`` is 0 there, and that of ``value`` is the sum of the gradient there.

    Args:
        x: an array.
        mask: truth values that broadcast against ``x``.
        value: a number.

    Returns:
        An array of the broadcast shape.

    >>> import autograd_core as ag
    >>> ag.masked_fill(ag.tensor([1.0, 2.0, 3.0]), ag.tensor([False, True, False]), -9.0)
    tensor([ 1., -9.,  3.])
    """
    filled: Any = np.where(mask, value, x)
    return filled if filled.dtype == x.dtype else filled.astype(x.dtype)


@implements(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Array:
    """For every entry the first choice whose condition holds there, or ``default``.

    The gradient of a choice is the gradient of the result where it was chosen, 0 elsewhere.

    Args:
        condlist: boolean arrays.
        choicelist: as many arrays, which broadcast against each other and the conditions.
        default: what stands where no condition holds.

    Returns:
        An array of the broadcast shape.

    Raises:
        ValueError: if the lists are not of one length, or are empty.
        TypeError: if a condition is not boolean.

    >>> import autograd_core as ag
    >>> x = ag.tensor([-2.0, 0.5, 3.0])
    >>> ag.select([x < 0.0, x > 1.0], [x * 10.0, x * 100.0], x)
    tensor([-20. ,   0.5, 300. ])
    """
    if len(condlist) != len(choicelist) or len(condlist) == 0:
        raise ValueError(
            explain(
                "select",
                expected="as many conditions as choices, and at least one",
                got=f"{len(condlist)} conditions and {len(choicelist)} choices",
                remedy="pair every choice with a condition, and use default= for the rest",
            )
        )
    result = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        if dtype_of(condition).kind != "b":
            raise TypeError(
                explain(
                    "select",
                    expected="boolean conditions",
                    got=f"dtype {dtype_of(condition)}",
                    remedy="write a comparison, such as x != 0",
                )
            )
        result = np.where(condition, choice, result)
    return result


@implements(np.choose)
def choose(a: Array, choices: Any, *, mode: str = "raise") -> Array:
    """For every entry the one of ``choices[a]`` at the same place: out[i] = choices[a[i]][i].

    The gradient of a choice is the gradient of the result where it was chosen, 0 elsewhere.

    Args:
        a: integers.
        choices: a sequence of arrays (or an array, along its first axis); all broadcast with ``a``.
        mode: for integers out of range: ``"raise"`` an error, ``"wrap"`` around, or ``"clip"``.

    Returns:
        An array of the broadcast shape.

    Raises:
        ValueError: if an integer names no choice, with ``mode="raise"``, or for another mode.

    >>> import autograd_core as ag
    >>> ag.choose(ag.tensor([1, 0]), [ag.tensor([1.0, 2.0]), ag.tensor([10.0, 20.0])])
    tensor([10.,  2.])
    """
    choices = [as_array(choices[i]) for i in range(len(choices))]
    a = _in_range("choose", _as_indices(as_array(a)), len(choices), mode)
    shape = np.broadcast_shapes(a.shape, *(choice.shape for choice in choices))
    values = entries_of(plain(a))
    if mode == "raise" and ((values < 0) | (values >= len(choices))).any():
        raise ValueError(
            explain(
                "choose",
                expected=f"integers from 0 to {len(choices) - 1}, one for each choice",
                got="others",
                remedy="pass mode='clip' or mode='wrap', or more choices",
            )
        )
    table = np.stack([np.broadcast_to(choice, shape) for choice in choices])
    return getitem(take_along(table, np.broadcast_to(a, (1, *shape)), axis=0, unique=True), 0)


# -- NumPy's functions that write in place -----------------------------------------------------------


def _refused(function: Callable[..., Any], remedy: str) -> Callable[..., Any]:
    """Let NumPy's ``function`` write into arrays, but not into a Tensor. Returns what a Tensor answers."""
    name = f"np.{function.__name__}"

    @implements(function)
    def refuse(target: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_tensor(target):
            return function(target, *(plain(x) for x in args), **{key: plain(x) for key, x in kwargs.items()})
        raise TypeError(
            explain(
                name,
                expected="an array to write into",
                got="a Tensor, whose value the graph may still need",
                remedy=f"use {remedy}, which gives a new Tensor",
            )
        )

    refuse.__name__ = refuse.__qualname__ = function.__name__
    refuse.__doc__ = f"Refused: use {remedy}, which gives a new Tensor."
    return refuse


put = _refused(np.put, "x.at[index].set(value)")
_refused(np.place, "x.at[mask].set(values)")
_refused(np.putmask, "ag.where(mask, values, x)")
_refused(np.put_along_axis, "ag.put_along_axis")
_refused(np.copyto, "ag.where(mask, value, x)")
_refused(np.fill_diagonal, "ag.where(ag.eye(n, dtype=bool), value, x)")

# Positions, never values.
constant(
    np.unravel_index,
    np.ravel_multi_index,
    np.ix_,
    np.diag_indices_from,
    np.tril_indices_from,
    np.triu_indices_from,
)
