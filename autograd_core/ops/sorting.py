"""Sorting, searching and sets.

A sort is a permutation, so its gradient is the gradient put back in the old order. What only names
positions (``argsort``, ``searchsorted``) is a constant. Positions of equal entries are those of a stable
sort, here and in the gradients: of equal entries, the first comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import explain
from ..primitive import Array, define, implements
from .axes import as_array, pytorch_names
from .gathering import scatter_along, take, take_along

__all__ = [
    "argpartition",
    "argsort",
    "digitize",
    "isin",
    "lexsort",
    "partition",
    "searchsorted",
    "sort",
    "sort_complex",
    "topk",
    "unique",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]


def _order(x: Any, axis: int, descending: bool) -> Any:
    """The stable order; descending, equal entries keep their order too."""
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(np.argsort(np.flip(x, axis), axis=axis, kind="stable"), axis)


def _sorted(x: Any, axis: int, descending: bool) -> Any:
    ascending = np.sort(x, axis=axis)
    return np.flip(ascending, axis) if descending else ascending


_argsort = define("argsort", _order, None, doc="The positions that would sort an array along an axis.")
_sort = define(
    "sort",
    _sorted,
    lambda g, out, x, axis, descending: scatter_along(
        g, _argsort(x, axis=axis, descending=descending), shape=x.shape, axis=axis, unique=True
    ),
    formulas="1, in the old order",
    doc="The entries of an array in order along an axis.",
)


def _on_axis(x: Any, axis: int | None) -> tuple[Any, int]:
    """The array flattened, where ``axis`` is ``None``, and the axis."""
    x = as_array(x)
    return (np.reshape(x, (-1,)), 0) if axis is None else (x, axis)


@implements(np.sort)
@pytorch_names
def sort(
    x: Array, axis: int | None = -1, kind: str | None = None, *, descending: bool = False, stable: bool | None = None
) -> Array:
    """The entries of ``x`` in ascending (or descending) order along ``axis``. Never in place.

    The gradient of an entry is that of the place where it went to. Of equal entries, the first goes first.
    NaN comes last, descending first; complex numbers are ordered by real, then by imaginary part.

    Args:
        x: an array.
        axis: the axis; ``None`` for the flattened array.
        kind, stable: accepted for NumPy's sake; equal entries are always treated as in a stable sort.
        descending: whether the largest comes first.

    Returns:
        An array of the shape of ``x``.

    Raises:
        AxisError: if there is no such axis.

    >>> import autograd_core as ag
    >>> x = ag.tensor([3.0, 1.0, 2.0], requires_grad=True)
    >>> y = ag.sort(x)
    >>> table = y.backward(ag.tensor([10.0, 20.0, 30.0]))
    >>> y, x.grad
    (tensor([1., 2., 3.], operation=sort), tensor([30., 10., 20.]))
    """
    x, axis = _on_axis(x, axis)
    return _sort(x, axis=axis, descending=bool(descending))


@implements(np.argsort)
@pytorch_names
def argsort(
    x: Array, axis: int | None = -1, kind: str | None = None, *, descending: bool = False, stable: bool | None = None
) -> Array:
    """The positions that would sort ``x`` along ``axis``; a constant. Always stable.

    Args:
        x: an array.
        axis: the axis; ``None`` for the flattened array.
        kind, stable: accepted for NumPy's sake.
        descending: whether the largest comes first.

    Returns:
        Integers of the shape of ``x``: ``take_along_axis(x, argsort(x, axis), axis)`` is sorted.

    Raises:
        AxisError: if there is no such axis.

    >>> import autograd_core as ag
    >>> ag.argsort(ag.tensor([3.0, 1.0, 2.0]), descending=True)
    tensor([0, 2, 1])
    """
    x, axis = _on_axis(x, axis)
    return _argsort(x, axis=axis, descending=bool(descending))


@implements(np.sort_complex)
def sort_complex(x: Array) -> Array:
    """The entries of ``x`` sorted along the last axis by real, then by imaginary part, as complex numbers.

    Args:
        x: an array.

    Returns:
        A complex array of the shape of ``x``.

    >>> import autograd_core as ag
    >>> ag.sort_complex(ag.tensor([2.0, 1.0]))
    tensor([1.+0.j, 2.+0.j])
    """
    x = sort(x)
    return x if x.dtype.kind == "c" else x.astype(np.result_type(x.dtype, np.complex64))


_argpartition = define(
    "argpartition",
    lambda x, kth, axis: np.argpartition(x, kth, axis=axis),
    None,
    doc="The positions that would partition an array along an axis.",
)


@implements(np.argpartition)
def argpartition(x: Array, kth: int | Sequence[int], axis: int | None = -1, kind: str = "introselect") -> Array:
    """The positions that would partition ``x``: see ``partition``. A constant.

    Args:
        x: an array.
        kth: the place, or the places, at which the entry of the sorted array shall stand.
        axis: the axis; ``None`` for the flattened array.
        kind: ``"introselect"``, the only one that NumPy has.

    Returns:
        Integers of the shape of ``x``.

    Raises:
        ValueError: if ``kth`` is out of range.

    >>> import autograd_core as ag
    >>> ag.argpartition(ag.tensor([3.0, 1.0, 2.0]), 0)[0]
    tensor(1)
    """
    x, axis = _on_axis(x, axis)
    return _argpartition(x, kth=kth, axis=axis)


@implements(np.partition)
def partition(x: Array, kth: int | Sequence[int], axis: int | None = -1, kind: str = "introselect") -> Array:
    """``x`` rearranged so that the k-th smallest stands at k, smaller ones before it and larger ones after.

    The gradient of an entry is that of the place where it went to.

    Args:
        x: an array.
        kth: the place, or the places, at which the entry of the sorted array shall stand.
        axis: the axis; ``None`` for the flattened array.
        kind: ``"introselect"``, the only one that NumPy has.

    Returns:
        An array of the shape of ``x``. The order before and after the k-th is not specified.

    Raises:
        ValueError: if ``kth`` is out of range.

    >>> import autograd_core as ag
    >>> ag.partition(ag.tensor([3.0, 1.0, 2.0]), 1)
    tensor([1., 2., 3.])
    """
    x, axis = _on_axis(x, axis)
    return take_along(x, _argpartition(x, kth=kth, axis=axis), axis=axis, unique=True)


class TopK(NamedTuple):
    """The largest (or smallest) entries, and where they stand."""

    values: Array
    indices: Array


def _first(x: Any, k: int, axis: int, largest: bool) -> Any:
    index = (slice(None),) * (axis % x.ndim) + (slice(k),)
    return _order(x, axis, largest)[index]


_argtopk = define("argtopk", _first, None, doc="The positions of the k largest (or smallest) entries along an axis.")


@pytorch_names
def topk(x: Array, k: int, axis: int = -1, largest: bool = True, sorted: bool = True) -> TopK:
    """The ``k`` largest entries along ``axis``, largest first, and their positions.

    The gradient goes to the entries chosen, all others get 0. Of equal entries, the first is chosen.

    Args:
        x: an array.
        k: how many, at most the length of the axis.
        axis: the axis.
        largest: ``False`` for the smallest, smallest first.
        sorted: accepted for PyTorch's sake; the result is always sorted.

    Returns:
        ``values`` and ``indices``, with ``k`` in place of the axis's length.

    Raises:
        ValueError: if the axis has fewer than ``k`` entries.

    >>> import autograd_core as ag
    >>> values, indices = ag.topk(ag.tensor([3.0, 1.0, 2.0]), 2)
    >>> values, indices
    (tensor([3., 2.]), tensor([0, 2]))
    """
    x = as_array(x)
    if not 0 <= k <= x.shape[axis]:
        raise ValueError(
            explain(
                "topk",
                expected=f"k from 0 to {x.shape[axis]}, the length of axis {axis}",
                got=f"k={k}",
                remedy="pass a smaller k, or another axis",
            )
        )
    indices = _argtopk(x, k=k, axis=axis, largest=largest)
    return TopK(take_along(x, indices, axis=axis, unique=True), indices)


# -- searching -----------------------------------------------------------------------------------------


@implements(np.lexsort)
def lexsort(keys: Any, axis: int = -1) -> Array:
    """The positions that sort by several keys, of which the last counts most; a constant.

    Args:
        keys: a sequence of arrays of one shape, or an array whose first axis counts them.
        axis: the axis along which to sort.

    Returns:
        Integers of the shape of a key.

    Raises:
        ValueError: if the shapes differ.

    >>> import autograd_core as ag
    >>> ag.lexsort((ag.tensor([2, 1, 3]), ag.tensor([1, 1, 0])))
    tensor([2, 1, 0])
    """
    return _lexsort(*keys, axis=axis)


_lexsort = define(
    "lexsort",
    lambda *keys, axis: np.lexsort(keys, axis=axis),
    doc="The positions that sort by several keys.",
)
_searchsorted = define(
    "searchsorted",
    lambda a, v, *sorter, side: np.searchsorted(a, v, side, *sorter),
    None,
    None,
    doc="Where entries would have to be inserted into a sorted vector.",
)
_digitize = define(
    "digitize",
    lambda x, bins, right: np.digitize(x, bins, right),
    None,
    None,
    doc="The number of the bin that each entry lies in.",
)
_isin = define(
    "isin",
    lambda x, elements, invert: np.isin(x, elements, invert=invert),
    None,
    None,
    doc="Whether each entry occurs in another array.",
)


@implements(np.searchsorted)
def searchsorted(a: Array, v: Any, side: str = "left", sorter: Array | None = None) -> Array:
    """Where the entries of ``v`` would have to be inserted into the sorted vector ``a``; a constant.

    Args:
        a: a vector in ascending order, or any vector together with ``sorter``.
        v: an array or a number.
        side: ``"left"`` for the place before equal entries, ``"right"`` for that after them.
        sorter: integers that sort ``a``.

    Returns:
        Integers of the shape of ``v``.

    >>> import autograd_core as ag
    >>> ag.searchsorted(ag.tensor([1.0, 2.0, 3.0]), ag.tensor([2.0, 9.0]))
    tensor([1, 3])
    """
    return _searchsorted(a, v, side=side) if sorter is None else _searchsorted(a, v, sorter, side=side)


@implements(np.digitize)
def digitize(x: Array, bins: Any, right: bool = False) -> Array:
    """The number of the bin that each entry of ``x`` lies in; a constant.

    Args:
        x: an array.
        bins: the bounds, a vector in ascending or descending order.
        right: whether a bin includes its upper bound instead of its lower one.

    Returns:
        Integers of the shape of ``x``.

    Raises:
        ValueError: if the bounds are in no order.

    >>> import autograd_core as ag
    >>> ag.digitize(ag.tensor([0.5, 1.5]), [0.0, 1.0, 2.0])
    tensor([1, 2])
    """
    return _digitize(x, bins, right=right)


@implements(np.isin)
def isin(x: Array, test_elements: Any, *, invert: bool = False) -> Array:
    """Whether each entry of ``x`` occurs in ``test_elements``; a constant.

    Args:
        x: an array.
        test_elements: an array or a list.
        invert: whether to tell the opposite.

    Returns:
        Truth values of the shape of ``x``.

    >>> import autograd_core as ag
    >>> ag.isin(ag.tensor([1, 2, 3]), [2, 3])
    tensor([False,  True,  True])
    """
    return _isin(x, test_elements, invert=invert)


# -- sets ------------------------------------------------------------------------------------------------

_unique_positions = define(
    "unique_positions",
    lambda x, axis, equal_nan: np.unique(
        x, return_index=True, return_inverse=True, return_counts=True, axis=axis, equal_nan=equal_nan
    )[1:],
    None,
    multiple=True,
    doc="Where the distinct entries first occur, which of them each entry is, and how often each occurs.",
)


class UniqueAll(NamedTuple):
    """What ``unique_all`` returns."""

    values: Array
    indices: Array
    inverse_indices: Array
    counts: Array


class UniqueCounts(NamedTuple):
    """What ``unique_counts`` returns."""

    values: Array
    counts: Array


class UniqueInverse(NamedTuple):
    """What ``unique_inverse`` returns."""

    values: Array
    inverse_indices: Array


def _unique(x: Any, axis: int | None = None, equal_nan: bool = False) -> UniqueAll:
    x = as_array(x)
    indices, inverse, counts = _unique_positions(x, axis=axis, equal_nan=equal_nan)
    of_entries: Any = np.reshape(inverse, x.shape if axis is None else (-1,))
    return UniqueAll(take(x, indices, axis), indices, of_entries, counts)


@implements(np.unique)
def unique(
    x: Array,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """The distinct entries of ``x`` in ascending order.

    The gradient of a value goes to the place where it first occurs in ``x``; the others get 0.

    Args:
        x: an array.
        return_index: whether to return where each value first occurs.
        return_inverse: whether to return which of the values each entry is.
        return_counts: whether to return how often each value occurs.
        axis: tells apart whole slices along an axis; ``None`` for the entries of the flattened array.
        equal_nan: whether all NaN count as one value.
        sorted: accepted for NumPy's sake; the values are always sorted.

    Returns:
        The values, or a tuple of the values and what else was asked for (constants).

    Raises:
        AxisError: if there is no such axis.

    >>> import autograd_core as ag
    >>> ag.unique(ag.tensor([3.0, 1.0, 3.0]), return_counts=True)
    (tensor([1., 3.]), tensor([1, 2]))
    """
    found = _unique(x, axis, equal_nan)
    asked = zip((True, return_index, return_inverse, return_counts), found, strict=True)
    results = tuple(result for wanted, result in asked if wanted)
    return results if len(results) > 1 else results[0]


@implements(np.unique_all)
def unique_all(x: Array) -> UniqueAll:
    """The distinct entries of ``x``, where each first occurs, which of them each entry is, and their counts.

    The gradient of a value goes to the place where it first occurs. Every NaN is a value of its own.

    Args:
        x: an array.

    Returns:
        ``values``, ``indices``, ``inverse_indices`` (of the shape of ``x``) and ``counts``.

    >>> import autograd_core as ag
    >>> ag.unique_all(ag.tensor([3.0, 1.0, 3.0])).indices
    tensor([1, 0])
    """
    return _unique(x)


@implements(np.unique_counts)
def unique_counts(x: Array) -> UniqueCounts:
    """The distinct entries of ``x`` and how often each occurs: see ``unique_all``.

    >>> import autograd_core as ag
    >>> ag.unique_counts(ag.tensor([3.0, 1.0, 3.0])).counts
    tensor([1, 2])
    """
    found = _unique(x)
    return UniqueCounts(found.values, found.counts)


@implements(np.unique_inverse)
def unique_inverse(x: Array) -> UniqueInverse:
    """The distinct entries of ``x`` and which of them each entry is: see ``unique_all``.

    >>> import autograd_core as ag
    >>> ag.unique_inverse(ag.tensor([3.0, 1.0, 3.0])).inverse_indices
    tensor([1, 0, 1])
    """
    found = _unique(x)
    return UniqueInverse(found.values, found.inverse_indices)


@implements(np.unique_values)
def unique_values(x: Array) -> Array:
    """The distinct entries of ``x`` in ascending order: see ``unique_all``.

    >>> import autograd_core as ag
    >>> ag.unique_values(ag.tensor([3.0, 1.0, 3.0]))
    tensor([1., 3.])
    """
    return _unique(x).values
