"""``x[index]`` and its relatives: reading, writing and adding at an index, without changing ``x``.

Reading is ``getitem``; its transpose is ``scatter``, which adds every entry of a gradient to the place
in an array of zeros that it was read from, so that an entry read twice gets both contributions. Each
is the other's rule, so derivatives of any order come of themselves.

An index is an attribute of the operation. Index arrays that are Tensors themselves are inputs of it
instead (``getitem_by`` and its kin), so that pictures show where an index comes from and a replay of the
graph computes it anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import EllipsisType, NoneType
from typing import Any

import numpy as np

from ..errors import NoGradientError, explain
from ..primitive import Array, Primitive, define

__all__ = ["index_add", "index_set"]

_BASIC = frozenset({int, slice, NoneType, EllipsisType})


class _Slot(int):
    """Stands in an index for the index array that is the operation's input of this number."""


# -- what an index consists of ---------------------------------------------------------------------


def is_tensor(x: Any) -> bool:
    """Whether ``x`` records the operations that it takes part in."""
    return hasattr(type(x), "__record_operation__")


def plain(x: Any) -> Any:
    """The value of a Tensor as an array; raises where that would lose a gradient. Else ``x`` itself."""
    return x.numpy() if is_tensor(x) else x


def dtype_of(x: Any) -> np.dtype[Any]:
    """The dtype of a Tensor, an array, a number or nested lists of numbers."""
    return x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype


def _split(index: Any) -> tuple[Any, list[Any]]:
    """An index with Tensors taken out of it, and these Tensors.

    Lists become arrays and arrays are copied, so that a later change of them changes no gradient.
    """
    tensors: list[Any] = []

    def cleaned(item: Any) -> Any:
        if is_tensor(item):
            tensors.append(item)
            return _Slot(len(tensors) - 1)
        if isinstance(item, list | tuple):
            array = np.array(_listed(item))
            return array if array.size else array.astype(np.intp)
        return item.copy() if isinstance(item, np.ndarray) else item

    return (tuple(cleaned(item) for item in index) if isinstance(index, tuple) else cleaned(index)), tensors


def _listed(item: Any) -> Any:
    return [_listed(entry) for entry in item] if isinstance(item, list | tuple) else plain(item)


def _filled(index: Any, arrays: tuple[Any, ...]) -> Any:
    """The index with the arrays put back into it."""
    if isinstance(index, tuple):
        return tuple(arrays[item] if type(item) is _Slot else item for item in index)
    return arrays[index] if type(index) is _Slot else index


def is_unique(index: Any) -> bool:
    """Whether the kinds of things in an index prove that it picks no entry twice.

    So it is for integers, slices and boolean masks, but not for an array of several integers.
    """
    for item in index if isinstance(index, tuple) else (index,):
        if hasattr(item, "dtype") and item.dtype.kind != "b" and item.ndim and item.size > 1:
            return False
    return True


def _library(index: Any) -> Any:
    """The first array in an index that is not NumPy's, or ``None``: what ``like=`` wants."""
    for item in index if isinstance(index, tuple) else (index,):
        if hasattr(item, "dtype") and not isinstance(item, np.ndarray | np.generic):
            return item
    return None


def _positions(shape: tuple[int, ...], index: Any) -> Any:
    """The places of ``x[index]`` in the flattened ``x`` of ``shape``, as one flat array."""
    rows = index[0] if isinstance(index, tuple) and len(index) == 1 else index
    if isinstance(rows, np.ndarray) and rows.dtype.kind in "iu" and shape:
        width = math.prod(shape[1:])
        rows = np.where(rows < 0, rows + shape[0], rows).astype(np.intp, copy=False)
        return rows.reshape(-1) if width == 1 else (rows.reshape(-1, 1) * width + np.arange(width)).reshape(-1)
    return np.arange(math.prod(shape), like=_library(index)).reshape(shape)[index].reshape(-1)


def accumulate(total: Any, index: Any, value: Any) -> Any:
    """``total`` with ``value`` added at ``index``, as often as the index names an entry.

    ``total`` must be an array of the caller's own: it may be written into. Use the result.
    """
    if np.ndim(value) > 1 and value.shape[0] == 1:
        value = _trimmed(value, total[index].ndim)
    if is_unique(index):
        total[index] += value
        return total
    # np.add.at is several times faster on flat arrays, even with the positions to compute.
    if np.ndim(value):
        value = np.broadcast_to(value, total[index].shape).reshape(-1)
    flat = total.reshape(-1)
    np.add.at(flat, _positions(total.shape, index), value)
    return flat.reshape(total.shape)


def _trimmed(value: Any, ndim: int) -> Any:
    """``value`` without the first axes that it has beyond ``ndim``, if they are of length 1."""
    extra = np.ndim(value) - ndim
    return value.reshape(value.shape[extra:]) if extra > 0 and set(value.shape[:extra]) == {1} else value


def zeros(shape: tuple[int, ...], like: Any) -> Any:
    """Zeros of the dtype and library of ``like``."""
    if isinstance(like, np.ndarray | np.generic):
        return np.zeros(shape, like.dtype)
    return np.zeros_like(like, shape=shape)


# -- reading, and its transpose --------------------------------------------------------------------


def _read(x: Any, *arrays: Any, index: Any) -> Any:
    return x[_filled(index, arrays) if arrays else index]


def _scattered(g: Any, *arrays: Any, shape: tuple[int, ...], index: Any) -> Any:
    if arrays:
        index = _filled(index, arrays)
    total = zeros(shape, g)
    if not is_unique(index):
        return accumulate(total, index, g)
    total[index] = g
    return total


_getitem: Primitive = define(
    "getitem",
    lambda x, index: x[index],
    lambda g, out, x, index: _scatter(g, shape=x.shape, index=index),
    formulas="1 where read",
    symbol="[ ]",
    doc="The entries of an array at an index: ``x[index]``.",
)
_scatter: Primitive = define(
    "scatter",
    _scattered,
    lambda g, out, x, shape, index: _getitem(g, index=index),
    formulas="1",
    doc="Zeros with entries added at an index; repeated places add up. The transpose of ``x[index]``.",
)
_getitem_by: Primitive = define(
    "getitem_by",
    _read,
    joint=lambda g, out, x, *arrays, index: (
        _scatter_by(g, *arrays, shape=x.shape, index=index),
        *(None for _ in arrays),
    ),
    formulas="1 where read",
    symbol="[ ]",
    doc="``x[index]`` where index arrays are inputs of their own.",
)
_scatter_by: Primitive = define(
    "scatter_by",
    _scattered,
    joint=lambda g, out, x, *arrays, shape, index: (
        _getitem_by(g, *arrays, index=index),
        *(None for _ in arrays),
    ),
    formulas="1",
    symbol="scatter",
    doc="``scatter`` where index arrays are inputs of their own.",
)


def getitem(x: Array, index: Any) -> Array:
    """The entries of ``x`` at an index: what ``x[index]`` calls.

    The gradient goes back to where the entries were read from, and adds up where one was read more
    than once; all other entries get 0.

    Args:
        x: an array.
        index: whatever NumPy takes: integers, slices, ``...``, ``None``, boolean masks, integer arrays
            (also as lists or Tensors), and tuples of them.

    Returns:
        The entries, in the shape that NumPy gives them.

    Raises:
        IndexError: as NumPy does.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> table = x[[0, 0, 2]].sum().backward()
    >>> x.grad
    tensor([2., 0., 1.])
    """
    kind = type(index)
    if kind is int or kind is slice or (kind is tuple and _BASIC.issuperset(map(type, index))):
        return _getitem(x, index=index)
    index, tensors = _split(index)
    return _getitem_by(x, *tensors, index=index) if tensors else _getitem(x, index=index)


def scatter(g: Array, index: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of ``shape`` with ``g`` added at ``index``: the transpose of ``getitem``, for rules."""
    index, tensors = _split(index)
    if tensors:
        return _scatter_by(g, *tensors, shape=shape, index=index)
    return _scatter(g, shape=shape, index=index)


# -- writing and adding ----------------------------------------------------------------------------


def _written(x: Any, value: Any, *arrays: Any, index: Any) -> Any:
    index = _filled(index, arrays)
    result = np.copy(x)
    if is_unique(index):
        result[index] = value
    else:
        # The last of several values for one place shall stay. NumPy promises an order for vectors only.
        shape = result[index].shape
        values = np.broadcast_to(_trimmed(value, len(shape)), shape).reshape(-1)
        flat = result.reshape(-1)
        flat[_positions(x.shape, index)] = values
        result = flat.reshape(x.shape)
    return result if result.ndim else result[()]


def _added(x: Any, value: Any, *arrays: Any, index: Any) -> Any:
    result = accumulate(np.copy(x), _filled(index, arrays), value)
    return result if result.ndim else result[()]


def _last(*arrays: Any, shape: tuple[int, ...], index: Any) -> Any:
    index = _filled(index, arrays)
    places, like = _positions(shape, index), _library(index)
    count = np.arange(1, places.size + 1, like=like)
    last = np.zeros((math.prod(shape),), np.intp, like=like)
    last[places] = count
    return (last[places] == count).reshape(last.reshape(shape)[index].shape)


_last_writes = define(
    "last_writes",
    _last,
    doc="Which entries of a value remain after ``x[index] = value``: of those written to one place, the last.",
)


def _of_value(g: Any, ndim: int, arrays: tuple[Any, ...], index: Any, keep_last: bool) -> Any:
    """The gradient of what was written or added: what ``g`` has at the index."""
    picked = _getitem_by(g, *arrays, index=index) if arrays else _getitem(g, index=index)
    if keep_last and not is_unique(_filled(index, arrays)):
        picked = picked * _last_writes(*arrays, shape=g.shape, index=index)
    # A value may have more axes than the place that it was written to, all of length 1.
    missing = ndim - picked.ndim
    return np.reshape(picked, (1,) * missing + picked.shape) if missing > 0 else picked


_index_set: Primitive = define(
    "index_set",
    _written,
    lambda g, out, x, value, index: _index_set(g, 0, index=index),
    lambda g, out, x, value, index: _of_value(g, value.ndim, (), index, True),
    formulas=("1, 0 where set", "1 where set"),
    symbol="[ ]=",
    doc="A copy of an array with a value written at an index.",
)
_index_add: Primitive = define(
    "index_add",
    _added,
    lambda g, out, x, value, index: g,
    lambda g, out, x, value, index: _of_value(g, value.ndim, (), index, False),
    formulas=("1", "1"),
    symbol="[ ]+=",
    doc="A copy of an array with a value added at an index; repeated places add up.",
)
_index_set_by: Primitive = define(
    "index_set_by",
    _written,
    joint=lambda g, out, x, value, *arrays, index: (
        _index_set_by(g, 0, *arrays, index=index),
        _of_value(g, np.ndim(value), arrays, index, True),
        *(None for _ in arrays),
    ),
    formulas=("1, 0 where set", "1 where set"),
    symbol="[ ]=",
    doc="``index_set`` where index arrays are inputs of their own.",
)
_index_add_by: Primitive = define(
    "index_add_by",
    _added,
    joint=lambda g, out, x, value, *arrays, index: (
        g,
        _of_value(g, np.ndim(value), arrays, index, False),
        *(None for _ in arrays),
    ),
    formulas=("1", "1"),
    symbol="[ ]+=",
    doc="``index_add`` where index arrays are inputs of their own.",
)


def check_fits(operation: str, x: Any, value: Any, exactly: bool = False) -> None:
    """Raise if ``value`` cannot be written into an array of the dtype of ``x`` without loss of its kind.

    As in NumPy a float is cut off when it is written into integers, unless its gradient would be lost
    thereby, or unless ``exactly``.
    """
    kinds = "biufc"
    value_dtype, dtype = dtype_of(value), dtype_of(x)
    kind, wanted = value_dtype.kind, dtype.kind
    if kind not in kinds or wanted not in kinds:
        return
    cut_off = kind in "fc" and wanted in "biu"
    if (kind == "c" and wanted != "c") or (cut_off and exactly):
        error: type[TypeError] = TypeError
    elif cut_off and getattr(value, "requires_grad", False):
        error = NoGradientError
    else:
        return
    raise error(
        explain(
            operation,
            expected=f"a value that fits into dtype {dtype}",
            got=f"dtype {value_dtype}",
            remedy="convert the array first: x = x.astype(value.dtype)",
        )
    )


def index_set(x: Array, index: Any, value: Any) -> Array:
    """A copy of ``x`` with ``value`` written at ``index``; ``x`` itself stays as it is.

    The gradient of ``x`` is 0 at the places written to, and that of ``value`` is the gradient at these
    places, summed where ``value`` was broadcast. If the index names a place more than once, the last
    value stays there and alone gets the gradient.

    Args:
        x: an array.
        index: anything that ``x[index]`` takes.
        value: a number or an array that broadcasts to the shape of ``x[index]``; it is converted to the
            dtype of ``x``.

    Returns:
        An array of the shape and dtype of ``x``.

    Raises:
        IndexError, ValueError: as NumPy's assignment does.
        TypeError: if a complex value meets a real ``x``, or if a value that requires a gradient meets an
            ``x`` of integers, which have none.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = ag.index_set(x, slice(0, 2), 7.0)
    >>> y
    tensor([7., 7., 3.], operation=index_set)
    >>> table = y.sum().backward()
    >>> x.grad
    tensor([0., 0., 1.])
    """
    check_fits("x[index] = value", x, value)
    index, tensors = _split(index)
    return _index_set_by(x, value, *tensors, index=index) if tensors else _index_set(x, value, index=index)


def index_add(x: Array, *index_and_value: Any) -> Array:
    """A copy of ``x`` with ``value`` added at ``index``: ``index_add(x, index, value)``.

    Places that the index names more than once get every value. The gradient of ``x`` passes unchanged;
    that of ``value`` is the gradient at the index, summed where ``value`` was broadcast. With four
    arguments, ``index_add(x, axis, index, value)`` adds to whole slices along an axis, as in PyTorch.

    Args:
        x: an array.
        index_and_value: the index, anything that ``x[index]`` takes, and the number or array to add,
            which broadcasts to the shape of ``x[index]``; before them, perhaps, an axis.

    Returns:
        An array of the shape and dtype of ``x``.

    Raises:
        IndexError, ValueError: as NumPy does.
        TypeError: if the value is of a kind that does not fit into the dtype of ``x``, or if there are
            fewer or more arguments.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 2.0, 3.0])
    >>> ag.index_add(x, [0, 0, 2], ag.tensor([10.0, 20.0, 30.0]))
    tensor([31.,  2., 33.])
    """
    if len(index_and_value) not in (2, 3):
        raise TypeError(
            explain(
                "index_add",
                expected="(x, index, value) or (x, axis, index, value)",
                got=f"{1 + len(index_and_value)} arguments",
                remedy="pass an index and a value",
            )
        )
    *axis, index, value = index_and_value
    if axis:
        index = (slice(None),) * (axis[0] % x.ndim) + (index,)
    check_fits("index_add", x, value, exactly=True)
    index, tensors = _split(index)
    return _index_add_by(x, value, *tensors, index=index) if tensors else _index_add(x, value, index=index)


# -- x.at[index] -----------------------------------------------------------------------------------


def _updated(x: Any, index: Any, value: Any, operation: Callable[[Any, Any], Any]) -> Any:
    """``x`` with ``operation(x[index], value)`` at the index, applied as often as a place is named."""
    raw = _filled(*_split_plain(index))
    check_fits(f"x.at[index].{operation.__name__}", x, operation(np.ones_like(x, shape=()), value), exactly=True)
    if is_unique(raw):
        return index_set(x, index, operation(getitem(x, index), value))
    places = _positions(x.shape, raw)
    occurrence = _occurrence(places)
    values: Any = np.reshape(np.broadcast_to(value, getitem(x, index).shape), (-1,))
    flat: Any = np.reshape(x, (-1,))
    for turn in range(occurrence.max(initial=-1) + 1):
        (chosen,) = np.nonzero(occurrence == turn)
        place = places[chosen]
        flat = index_set(flat, place, operation(getitem(flat, place), getitem(values, chosen)))
    return np.reshape(flat, x.shape)


def _split_plain(index: Any) -> tuple[Any, tuple[Any, ...]]:
    index, tensors = _split(index)
    return index, tuple(plain(t) for t in tensors)


def _occurrence(places: Any) -> Any:
    """For every entry, how many equal ones stand before it."""
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    starts = np.concatenate(([True], ordered[1:] != ordered[:-1]))[: places.size]
    count = np.arange(places.size)
    rank = count - np.maximum.accumulate(np.where(starts, count, 0)) if places.size else count
    occurrence = np.empty_like(count)
    occurrence[order] = rank
    return occurrence


class At:
    """``x.at``, to be followed by an index: ``x.at[index].add(value)`` gives a new Tensor.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 2.0, 3.0])
    >>> x.at[1].set(0.0), x.at[[0, 0]].add(1.0)
    (tensor([1., 0., 3.]), tensor([3., 2., 3.]))
    """

    __slots__ = ("_x",)

    def __init__(self, x: Array) -> None:
        self._x = x

    def __getitem__(self, index: Any) -> AtIndex:
        return AtIndex(self._x, index)

    def __repr__(self) -> str:
        return "x.at: write x.at[index].set(value), or .add, .subtract, .multiply, .divide, .power, .min, .max, .get"


class AtIndex:
    """What can be done at an index of a Tensor. Every method leaves the Tensor alone and gives a new one.

    Where the index names a place more than once, ``set`` keeps the last value, and every other method
    applies all of them, in their order.
    """

    __slots__ = ("_index", "_x")

    def __init__(self, x: Array, index: Any) -> None:
        self._x = x
        self._index = index

    def __repr__(self) -> str:
        return f"x.at[{self._index!r}]"

    def get(self) -> Array:
        """``x[index]``."""
        return getitem(self._x, self._index)

    def set(self, value: Any) -> Array:
        """``x`` with ``value`` at the index: see ``index_set``."""
        return index_set(self._x, self._index, value)

    def add(self, value: Any) -> Array:
        """``x`` with ``value`` added at the index: see ``index_add``."""
        return index_add(self._x, self._index, value)

    def subtract(self, value: Any) -> Array:
        """``x`` with ``value`` subtracted at the index."""
        return index_add(self._x, self._index, np.negative(value))

    def multiply(self, value: Any) -> Array:
        """``x`` with the entries at the index multiplied by ``value``."""
        return _updated(self._x, self._index, value, np.multiply)

    def divide(self, value: Any) -> Array:
        """``x`` with the entries at the index divided by ``value``."""
        return _updated(self._x, self._index, value, np.divide)

    def power(self, value: Any) -> Array:
        """``x`` with the entries at the index raised to the power ``value``."""
        return _updated(self._x, self._index, value, np.power)

    def min(self, value: Any) -> Array:
        """``x`` with the entries at the index lowered to ``value`` where that is smaller."""
        return _updated(self._x, self._index, value, np.minimum)

    def max(self, value: Any) -> Array:
        """``x`` with the entries at the index raised to ``value`` where that is larger."""
        return _updated(self._x, self._index, value, np.maximum)
