"""Operations that reverse, shift, repeat, drop or insert entries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, define, implements
from .axes import as_array, axes_of, one_axis, pytorch_names
from .joining import concat
from .shapes import moveaxis, ravel, reshape, swapaxes

__all__ = [
    "delete",
    "flip",
    "fliplr",
    "flipud",
    "insert",
    "repeat",
    "resize",
    "roll",
    "rot90",
    "tile",
    "trim_zeros",
]

# -- reversing and shifting ----------------------------------------------------------------------------

_flip = define(
    "flip",
    lambda x, axis=None: np.flip(x, axis),
    lambda g, out, x, axis=None: np.flip(g, axis),
    formulas="1",
)


@implements(np.flip)
@pytorch_names
def flip(x: Array, axis: int | tuple[int, ...] | None = None) -> Array:
    """The entries in reverse order along axes.

    Args:
        x: an array.
        axis: the axis or axes to reverse; all, if left out.

    Returns:
        An array (a view) of the shape of ``x``.

    >>> import autograd_core as ag
    >>> ag.flip(ag.tensor([1.0, 2.0, 3.0]))
    tensor([3., 2., 1.])
    """
    return _flip(as_array(x), axis=axis)


@implements(np.flipud)
def flipud(x: Array) -> Array:
    """The entries in reverse order along the first axis.

    Args:
        x: an array of at least one axis.

    Returns:
        An array (a view) of the shape of ``x``.

    >>> import autograd_core as ag
    >>> ag.flipud(ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[3., 4.],
            [1., 2.]])
    """
    return _flip(as_array(x), axis=0)


@implements(np.fliplr)
def fliplr(x: Array) -> Array:
    """The entries in reverse order along the second axis.

    Args:
        x: an array of at least two axes.

    Returns:
        An array (a view) of the shape of ``x``.

    >>> import autograd_core as ag
    >>> ag.fliplr(ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[2., 1.],
            [4., 3.]])
    """
    return _flip(as_array(x), axis=1)


def _back(shift: Any) -> Any:
    return tuple(-s for s in shift) if isinstance(shift, tuple) else -shift


_roll = define(
    "roll",
    lambda x, shift, axis=None: np.roll(x, shift, axis),
    lambda g, out, x, shift, axis=None: np.roll(g, _back(shift), axis),
    formulas="1",
)


@implements(np.roll)
def roll(x: Array, shift: Any, axis: int | tuple[int, ...] | None = None, *, dims: Any = None) -> Array:
    """The entries moved on along axes; those that leave at the end come in at the beginning.

    Args:
        x: an array.
        shift: how far: an integer, or a tuple of one for each axis.
        axis: which axes; without it, all entries are moved on in a row.
        dims: PyTorch's name for ``axis``.

    Returns:
        An array of the shape of ``x``.

    >>> import autograd_core as ag
    >>> ag.roll(ag.tensor([1.0, 2.0, 3.0]), 1)
    tensor([3., 1., 2.])
    """
    shift = tuple(int(s) for s in shift) if np.ndim(shift) else int(shift)
    return _roll(as_array(x), shift=shift, axis=dims if axis is None else axis)


@implements(np.rot90)
def rot90(x: Array, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Array:
    """Turned by ``k`` quarters in the plane of two axes, from the first towards the second.

    Args:
        x: an array of at least two axes.
        k: how many quarter turns.
        axes: two different axes.

    Returns:
        An array (a view).

    Raises:
        ValueError: for axes that are the same.

    >>> import autograd_core as ag
    >>> ag.rot90(ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[2., 4.],
            [1., 3.]])
    """
    x = as_array(x)
    first, second = axes_of(tuple(axes), x.ndim)
    quarters = k % 4
    if quarters == 0:
        return x[...]
    if quarters == 2:
        return _flip(x, axis=(first, second))
    if quarters == 1:
        return swapaxes(_flip(x, axis=second), first, second)
    return _flip(swapaxes(x, first, second), axis=second)


# -- repeating ---------------------------------------------------------------------------------------


def _tile_rule(g: Any, out: Any, x: Any, reps: tuple[int, ...]) -> Any:
    """Entry i stands at i, i + n, i + 2n ...: give the repetitions an axis of their own and sum over it."""
    ndim = g.ndim
    lengths = (1,) * (ndim - x.ndim) + x.shape
    times = (1,) * (ndim - len(reps)) + reps
    apart = tuple(n for pair in zip(times, lengths, strict=True) for n in pair)
    return np.reshape(np.sum(np.reshape(g, apart), axis=tuple(range(0, 2 * ndim, 2))), x.shape)


_tile = define("tile", lambda x, reps: np.tile(x, reps), _tile_rule, formulas="1")


@implements(np.tile)
def tile(x: Array, reps: Any) -> Array:
    """The whole array repeated along axes; the gradient is summed over the copies.

    Args:
        x: an array.
        reps: how often along each axis (an integer or a tuple), the last entry for the last axis; more entries
            make more axes.

    Returns:
        An array.

    >>> import autograd_core as ag
    >>> ag.tile(ag.tensor([1.0, 2.0]), 2)
    tensor([1., 2., 1., 2.])
    """
    return _tile(as_array(x), reps=tuple(int(r) for r in reps) if np.ndim(reps) else (int(reps),))


def _repeat_rule(g: Any, out: Any, x: Any, repeats: int, axis: int) -> Any:
    shape = x.shape
    apart = (*shape[: axis + 1], repeats, *shape[axis + 1 :])
    return np.sum(np.reshape(g, apart), axis=axis + 1)


_repeat = define("repeat", lambda x, repeats, axis: np.repeat(x, repeats, axis=axis), _repeat_rule, formulas="1")


@implements(np.repeat)
@pytorch_names
def repeat(x: Array, repeats: Any, axis: int | None = None) -> Array:
    """Each entry repeated along an axis; the gradient is summed over the copies.

    Args:
        x: an array.
        repeats: how often: one number, or one for each entry along ``axis``.
        axis: which axis; without it, ``x`` is flattened first.

    Returns:
        An array.

    Raises:
        ValueError: for another number of ``repeats`` than entries along ``axis``.

    >>> import autograd_core as ag
    >>> ag.repeat(ag.tensor([1.0, 2.0]), 2)
    tensor([1., 1., 2., 2.])
    >>> ag.repeat(ag.tensor([1.0, 2.0]), [1, 3])
    tensor([1., 2., 2., 2.])
    """
    x = as_array(x)
    if axis is None:
        x, axis = ravel(x), 0
    axis = one_axis(axis, x.ndim)
    if np.ndim(repeats) == 0:
        return _repeat(x, repeats=int(repeats), axis=axis)
    return np.take(x, np.repeat(np.arange(x.shape[axis]), np.asarray(repeats)), axis=axis)


@implements(np.resize)
def resize(x: Array, new_shape: int | tuple[int, ...]) -> Array:
    """The entries in a row, repeated or cut off until they fill ``new_shape``.

    Args:
        x: an array.
        new_shape: the shape of the result.

    Returns:
        An array of ``new_shape``; zeros, where ``x`` is empty.

    >>> import autograd_core as ag
    >>> ag.resize(ag.tensor([1.0, 2.0]), (2, 3))
    tensor([[1., 2., 1.],
            [2., 1., 2.]])
    """
    x = as_array(x)
    shape = (new_shape,) if isinstance(new_shape, int) else tuple(new_shape)
    if any(n < 0 for n in shape):
        raise ValueError(
            explain("resize", expected="lengths of at least 0", got=f"{shape}", remedy="pass such lengths")
        )
    if x.size == 0:
        return np.zeros_like(x, shape=shape)
    places = np.arange(math.prod(shape)) % x.size
    return reshape(np.take(ravel(x), places), shape)


# -- dropping and inserting ------------------------------------------------------------------------------


@implements(np.delete)
def delete(x: Array, obj: Any, axis: int | None = None) -> Array:
    """The array without some entries along an axis; those get the gradient 0.

    Args:
        x: an array.
        obj: which: an integer, several, a slice, or a mask.
        axis: which axis; without it, ``x`` is flattened first.

    Returns:
        An array.

    Raises:
        IndexError: for an entry that there is not.

    >>> import autograd_core as ag
    >>> ag.delete(ag.tensor([1.0, 2.0, 3.0]), 1)
    tensor([1., 3.])
    """
    x = as_array(x)
    if axis is None:
        x, axis = ravel(x), 0
    axis = one_axis(axis, x.ndim)
    return np.take(
        x, np.delete(np.arange(x.shape[axis]), obj if isinstance(obj, slice) else np.asarray(obj)), axis=axis
    )


@implements(np.insert)
def insert(x: Array, obj: Any, values: Any, axis: int | None = None) -> Array:
    """The array with more entries along an axis; gradients go to ``x`` and to ``values``.

    Args:
        x: an array.
        obj: before which entries: an integer, several, a slice, or a mask.
        values: what to insert; it is broadcast to as many entries.
        axis: which axis; without it, ``x`` is flattened first.

    Returns:
        An array.

    Raises:
        IndexError: for a place that there is not.

    >>> import autograd_core as ag
    >>> ag.insert(ag.tensor([1.0, 2.0]), 1, 9.0)
    tensor([1., 9., 2.])
    """
    x, values = as_array(x), as_array(values)
    if axis is None:
        x, axis = ravel(x), 0
    axis = one_axis(axis, x.ndim)
    length = x.shape[axis]
    places = np.arange(length)[obj] if isinstance(obj, slice) else np.asarray(obj)
    if places.dtype == bool:
        places = np.flatnonzero(places)
    if values.ndim < x.ndim:
        values = reshape(values, (1,) * (x.ndim - values.ndim) + values.shape)
    if places.ndim == 0:
        values = moveaxis(values, 0, axis)  # for a bare number, the first axis of the values counts them
    count = values.shape[axis] if places.size == 1 else places.size
    values = np.broadcast_to(values, (*x.shape[:axis], count, *x.shape[axis + 1 :])).astype(x.dtype)
    order = np.insert(np.arange(length), places, np.arange(length, length + count))
    return np.take(concat([x, values], axis), order, axis=axis)


@implements(np.trim_zeros)
def trim_zeros(x: Array, trim: str = "fb", axis: Any = None) -> Array:
    """The array without the zeros at its ends: the smallest box that holds all other entries.

    Args:
        x: an array.
        trim: "f" to trim in front, "b" at the back, "fb" both.
        axis: the axis or axes to trim; all, if left out.

    Returns:
        An array (a view).

    Raises:
        ValueError: for another ``trim``.

    >>> import autograd_core as ag
    >>> ag.trim_zeros(ag.tensor([0.0, 1.0, 0.0, 2.0, 0.0]))
    tensor([1., 0., 2.])
    """
    if not trim or set(trim.lower()) - set("fb"):
        raise ValueError(explain("trim_zeros", expected="trim='f', 'b' or 'fb'", got=f"{trim!r}", remedy="pass one"))
    x = as_array(x)
    index = [slice(None)] * x.ndim
    for i in axes_of(axis, x.ndim):
        used = np.any(x != 0, axis=tuple(j for j in range(x.ndim) if j != i))
        if not np.any(used):
            index[i] = slice(0, 0)
            continue
        length = x.shape[i]
        start = int(np.argmax(used).item()) if "f" in trim.lower() else 0
        stop = length - int(np.argmax(np.flip(used)).item()) if "b" in trim.lower() else length
        index[i] = slice(start, stop)
    return x[tuple(index)]
