"""Functions that call a function: on parts of an array, along an axis, over axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, implements
from .indexing import getitem, index_set, plain

__all__ = ["apply_along_axis", "apply_over_axes", "piecewise"]


@implements(np.piecewise)
def piecewise(x: Array, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Array:
    """A function given piece by piece: ``funclist[i]`` of the entries of ``x`` for which ``condlist[i]`` holds.

    Every function sees only the entries of its piece, so a piece that is not defined elsewhere (a square
    root, a logarithm) does no harm there, in the value or in the gradient.

    Args:
        x: an array.
        condlist: boolean arrays of the shape of ``x``. Where several hold, the last counts.
        funclist: a function or a number for each condition, and perhaps one more for where none holds (0
            if left out).
        args, kw: passed on to the functions.

    Returns:
        An array of the shape and dtype of ``x``.

    Raises:
        ValueError: if the numbers of conditions and functions do not fit.

    >>> import autograd_core as ag
    >>> x = ag.tensor([-4.0, 4.0], requires_grad=True)
    >>> y = ag.piecewise(x, [x < 0, x >= 0], [lambda v: -v, ag.sqrt])
    >>> table = y.sum().backward()
    >>> x.grad
    tensor([-1.  ,  0.25])
    """
    conditions = _conditions(x, condlist)
    if len(funclist) == len(conditions) + 1:
        conditions.append(~np.logical_or.reduce(conditions))
    if len(funclist) != len(conditions):
        raise ValueError(
            explain(
                "piecewise",
                expected=f"{len(conditions)} or {len(conditions) + 1} functions, for {len(conditions)} conditions",
                got=str(len(funclist)),
                remedy="pass a function for each condition, and perhaps one for the rest",
            )
        )
    result: Any = np.zeros_like(x)
    for condition, function in zip(conditions, funclist, strict=True):
        if not callable(function):
            result = index_set(result, condition, function)
        elif condition.any():
            result = index_set(result, condition, function(getitem(x, condition), *args, **kw))
    return result


def _conditions(x: Any, condlist: Any) -> list[Any]:
    """The conditions as a list of boolean arrays of the shape of ``x``."""
    single = np.ndim(condlist) == np.ndim(x) if not isinstance(condlist, list | tuple) else False
    if isinstance(condlist, list | tuple) and np.ndim(x) and condlist and np.ndim(condlist[0]) == 0:
        condlist, single = np.array([plain(c) for c in condlist], dtype=bool), True
    conditions = [condlist] if single else [condlist[i] for i in range(len(condlist))]
    return [np.logical_or(plain(condition), False) for condition in conditions]


@implements(np.apply_along_axis)
def apply_along_axis(func1d: Callable[..., Any], axis: int, x: Array, *args: Any, **kwargs: Any) -> Array:
    """``func1d`` of every vector of ``x`` along ``axis``, put together again.

    It is a Python loop over the vectors, whose gradient is that of ``func1d``.

    Args:
        func1d: takes a vector and returns a number or an array of always the same shape.
        axis: the axis.
        x: an array.
        args, kwargs: passed on to ``func1d``.

    Returns:
        An array with the shape of what ``func1d`` returns in place of the axis.

    Raises:
        ValueError: if there is no vector along the axis.
        AxisError: if there is no such axis.

    >>> import autograd_core as ag
    >>> ag.apply_along_axis(ag.sum, 0, ag.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([4., 6.])
    """
    whole: Any = x
    lined_up = np.moveaxis(whole, axis, -1)
    *outer, length = lined_up.shape
    vectors = np.reshape(lined_up, (int(np.prod(outer)), length))
    if len(vectors) == 0:
        raise ValueError(
            explain(
                "apply_along_axis",
                expected="at least one vector along the axis",
                got=f"shape {x.shape}",
                remedy="leave arrays without entries out",
            )
        )
    results: Any = np.stack([func1d(vectors[i], *args, **kwargs) for i in range(len(vectors))])
    results = np.reshape(results, (*outer, *results.shape[1:]))
    inner, axis = results.ndim - len(outer), axis % x.ndim
    moved: Any = np.moveaxis(results, range(len(outer), len(outer) + inner), range(axis, axis + inner))
    return moved


@implements(np.apply_over_axes)
def apply_over_axes(func: Callable[..., Any], x: Array, axes: int | Sequence[int]) -> Array:
    """``func(x, axis)`` for one axis after the other; an axis that it takes away comes back with length 1.

    Args:
        func: takes an array and an axis, and returns an array with as many axes or one fewer.
        x: an array.
        axes: the axes.

    Returns:
        An array with as many axes as ``x``.

    Raises:
        ValueError: if ``func`` returns an array with another number of axes.

    >>> import autograd_core as ag
    >>> ag.apply_over_axes(ag.sum, ag.tensor([[1.0, 2.0], [3.0, 4.0]]), [0, 1])
    tensor([[10.]])
    """
    ndim = x.ndim
    for axis in (axes,) if isinstance(axes, int) else axes:
        axis %= ndim
        result = func(x, axis)
        if result.ndim == ndim - 1:
            result = np.expand_dims(result, axis)
        if result.ndim != ndim:
            raise ValueError(
                explain(
                    "apply_over_axes",
                    expected=f"a function that returns {ndim} or {ndim - 1} axes",
                    got=f"{result.ndim}",
                    remedy="use keepdims=True in the function",
                )
            )
        x = result
    return x
