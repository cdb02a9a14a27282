"""Sums, means, products and extremes over axes.

A reduction takes NumPy's ``axis`` (None for all axes, an int, or a tuple), ``keepdims``, and PyTorch's
names ``dim`` and ``keepdim`` for them. Its gradient g has the reduced shape; ``spread`` repeats it over
the input's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, define, implements
from .axes import as_array, as_floats, axes_of, of_dtype, pytorch_names, restore, spread
from .cumulative import shifted

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "max",
    "mean",
    "min",
    "nanargmax",
    "nanargmin",
    "prod",
    "ptp",
    "sum",
]

Axis = int | tuple[int, ...] | None


def selected(x: Any, where: Any, otherwise: Any) -> Any:
    """``x`` where the mask ``where`` is true, ``otherwise`` elsewhere; the mask must fit the shape of ``x``."""
    return np.where(np.broadcast_to(where, x.shape), x, otherwise)


# -- sum and mean ------------------------------------------------------------------------------------

_sum = define(
    "sum",
    lambda x, axis=None, keepdims=False: np.add.reduce(x, axis=axis, keepdims=keepdims),
    lambda g, out, x, axis=None, keepdims=False: spread(g, x.shape, axis, keepdims),
    formulas="1",
    symbol="Σ",
)


@implements(np.sum)
def sum(
    x: Array,
    axis: Axis = None,
    dtype: Any = None,
    *,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
    dim: Any = None,
    keepdim: Any = None,
) -> Array:
    """The sum over axes. Every entry's gradient is g.

    Args:
        x: an array.
        axis: the axis or axes to sum over; all, if left out.
        dtype: converts ``x`` first.
        keepdims: whether the reduced axes stay, with length 1.
        initial: is added to the sum.
        where: a mask; entries where it is false are left out.
        dim, keepdim: PyTorch's names for ``axis`` and ``keepdims``.

    Returns:
        An array without the reduced axes.

    >>> import autograd_core as ag
    >>> x = ag.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> x.sum(axis=0)
    tensor([4., 6.], operation=sum)
    >>> table = x.sum().backward()
    >>> x.grad
    tensor([[1., 1.],
            [1., 1.]])
    """
    if dtype is None and initial is None and where is None and dim is None and keepdim is None:
        return _sum(x, axis=axis, keepdims=keepdims)
    axis, dtype, keepdims = _spelled_otherwise("sum", axis, dtype, keepdims, dim, keepdim)
    x = as_array(x)
    if dtype is not None:
        x = x.astype(dtype)
    if where is not None:
        x = selected(x, where, 0)
    total = of_dtype(_sum(x, axis=axis, keepdims=keepdims), dtype)
    return total if initial is None else total + initial


def _spelled_otherwise(name: str, axis: Any, dtype: Any, keepdims: Any, dim: Any, keepdim: Any) -> tuple[Any, Any, Any]:
    """Sort out PyTorch's ways to call ``sum`` and ``mean``: ``dim=``, ``keepdim=``, and ``x.sum(1, True)``."""
    if (dim is not None and axis is not None) or (keepdim is not None and keepdims):
        raise TypeError(f"{name}() got both axis= and dim=, or both keepdims= and keepdim=, which mean the same")
    if isinstance(dtype, bool):
        dtype, keepdims = None, dtype
    return axis if dim is None else dim, dtype, keepdims if keepdim is None else keepdim


def _mean_forward(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    # np.mean is right for every dtype; dividing the sum is faster, for those whose sum has their own dtype.
    if getattr(x, "size", 0) and x.dtype.char in "fdFD":
        total = np.add.reduce(x, axis=axis, keepdims=keepdims)
        return total / (x.size // total.size)
    return np.mean(x, axis=axis, keepdims=keepdims)


def _mean_rule(g: Any, out: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return spread(g / ((x.size // out.size if out.size else 0) or 1), x.shape, axis, keepdims)


_mean = define("mean", _mean_forward, _mean_rule, formulas="1/n", symbol="mean")


@implements(np.mean)
def mean(
    x: Array,
    axis: Axis = None,
    dtype: Any = None,
    *,
    keepdims: bool = False,
    where: Any = None,
    dim: Any = None,
    keepdim: Any = None,
) -> Array:
    """The mean over axes. With n entries per mean, every entry's gradient is g/n.

    Args:
        x: an array.
        axis: the axis or axes to average over; all, if left out.
        dtype: a floating-point or complex dtype; converts ``x`` first.
        keepdims: whether the reduced axes stay, with length 1.
        where: a mask; entries where it is false are left out.
        dim, keepdim: PyTorch's names for ``axis`` and ``keepdims``.

    Returns:
        An array without the reduced axes.

    Raises:
        TypeError: for an integer or boolean ``dtype``.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 2.0, 3.0, 6.0], requires_grad=True)
    >>> table = x.mean().backward()
    >>> x.grad
    tensor([0.25, 0.25, 0.25, 0.25])
    """
    if dtype is None and where is None and dim is None and keepdim is None:
        return _mean(x, axis=axis, keepdims=keepdims)
    axis, dtype, keepdims = _spelled_otherwise("mean", axis, dtype, keepdims, dim, keepdim)
    x = as_array(x)
    if dtype is not None:
        x = as_floats("mean", x, dtype)
    if where is None:
        return _mean(x, axis=axis, keepdims=keepdims)
    total = _sum(selected(x, where, 0), axis=axis, keepdims=keepdims)
    return total / sum(np.broadcast_to(where, x.shape), axis, total.dtype, keepdims=keepdims)


# -- products ----------------------------------------------------------------------------------------


def _prod_rule(g: Any, out: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The product of the entries before and the product of those after: no division, so zeros are no exception."""
    shape, axes = x.shape, axes_of(axis, x.ndim)
    if not axes:
        return g
    order = tuple(i for i in range(x.ndim) if i not in axes) + axes
    moved = tuple(shape[i] for i in order)
    kept = x.ndim - len(axes)
    factors = np.reshape(np.transpose(x, order), (*moved[:kept], math.prod(moved[kept:])))
    before = np.cumprod(shifted(factors, kept, 1, 1), axis=kept)
    after = np.flip(np.cumprod(np.flip(shifted(factors, kept, -1, 1), kept), axis=kept), kept)
    others = np.transpose(np.reshape(before * after, moved), tuple(order.index(i) for i in range(x.ndim)))
    return restore(g, shape, axis, keepdims) * others


_prod = define(
    "prod",
    lambda x, axis=None, keepdims=False: np.multiply.reduce(x, axis=axis, keepdims=keepdims),
    _prod_rule,
    formulas="the product of the other entries",
    symbol="Π",
)


@implements(np.prod)
@pytorch_names
def prod(
    x: Array, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, initial: Any = None, where: Any = None
) -> Array:
    """The product over axes. An entry's gradient is g times the product of the other entries.

    It is computed without a division, so one zero or several are no exception, in derivatives of any order.

    Args:
        x: an array.
        axis: the axis or axes to multiply over; all, if left out.
        dtype: converts ``x`` first.
        keepdims: whether the reduced axes stay, with length 1.
        initial: multiplies the product.
        where: a mask; entries where it is false are left out.

    Returns:
        An array without the reduced axes.

    >>> import autograd_core as ag
    >>> x = ag.tensor([2.0, 0.0, 4.0], requires_grad=True)
    >>> table = x.prod().backward()
    >>> x.grad
    tensor([0., 8., 0.])
    """
    if dtype is not None:
        x = as_array(x).astype(dtype)
    if where is not None:
        x = selected(as_array(x), where, 1)
    product = of_dtype(_prod(x, axis=axis, keepdims=keepdims), dtype)
    return product if initial is None else product * initial


# -- extremes ----------------------------------------------------------------------------------------


def _extreme_rule(g: Any, out: Any, x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """g in equal shares to the entries that equal the extreme (to the NaNs where it is NaN), 0 to the others."""
    chosen = (x == restore(out, x.shape, axis, keepdims)) | (x != x)
    count = sum(chosen, axis, g.dtype, keepdims=keepdims)
    if initial is not None:
        count = np.where(count == 0, 1, count)  # the initial value was beyond all entries
    return np.where(chosen, restore(g / count, x.shape, axis, keepdims), 0)


def _extreme_forward(ufunc: Any) -> Any:
    def forward(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
        if initial is None:
            return ufunc.reduce(x, axis=axis, keepdims=keepdims)
        return ufunc.reduce(x, axis=axis, keepdims=keepdims, initial=initial)

    return forward


SHARES = "1/ties where {a} = {out}, else 0"
_max = define("max", _extreme_forward(np.maximum), _extreme_rule, formulas=SHARES)
_min = define("min", _extreme_forward(np.minimum), _extreme_rule, formulas=SHARES)


def _extreme(primitive: Any, x: Any, axis: Any, keepdims: bool, initial: Any, where: Any) -> Any:
    if initial is None and where is None:
        return primitive(x, axis=axis, keepdims=keepdims)
    if initial is None:
        raise ValueError(
            explain(
                primitive.name,
                expected="initial= together with where=, since the extreme of no entries is not defined",
                got="where= alone",
                remedy="pass initial=-np.inf for a maximum, initial=np.inf for a minimum",
            )
        )
    if where is not None:
        x = selected(as_array(x), where, initial)
    return primitive(x, axis=axis, keepdims=keepdims, initial=initial)


@implements(np.max, np.amax)
@pytorch_names
def max(x: Array, axis: Axis = None, *, keepdims: bool = False, initial: Any = None, where: Any = None) -> Array:
    """The largest entry over axes.

    The gradient goes to the largest entry; tied entries get equal shares, as from PyTorch's ``amax``.

    Args:
        x: an array of reals.
        axis: the axis or axes to reduce; all, if left out.
        keepdims: whether the reduced axes stay, with length 1.
        initial: the least value of the result.
        where: a mask; entries where it is false are left out. It needs ``initial``.

    Returns:
        An array without the reduced axes; NaN where an entry is NaN.

    Raises:
        ValueError: for no entries and no ``initial``, and for ``where`` without ``initial``.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 3.0, 3.0], requires_grad=True)
    >>> table = x.max().backward()
    >>> x.grad
    tensor([0. , 0.5, 0.5])
    """
    return _extreme(_max, x, axis, keepdims, initial, where)


@implements(np.min, np.amin)
@pytorch_names
def min(x: Array, axis: Axis = None, *, keepdims: bool = False, initial: Any = None, where: Any = None) -> Array:
    """The smallest entry over axes.

    The gradient goes to the smallest entry; tied entries get equal shares, as from PyTorch's ``amin``.

    Args:
        x: an array of reals.
        axis: the axis or axes to reduce; all, if left out.
        keepdims: whether the reduced axes stay, with length 1.
        initial: the greatest value of the result.
        where: a mask; entries where it is false are left out. It needs ``initial``.

    Returns:
        An array without the reduced axes; NaN where an entry is NaN.

    Raises:
        ValueError: for no entries and no ``initial``, and for ``where`` without ``initial``.

    >>> import autograd_core as ag
    >>> ag.min(ag.tensor([[1.0, 3.0], [0.0, 5.0]]), axis=1)
    tensor([1., 0.])
    """
    return _extreme(_min, x, axis, keepdims, initial, where)


amax = max
amin = min


@implements(np.ptp)
@pytorch_names
def ptp(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """The range over axes: the largest entry less the smallest ("peak to peak").

    Args:
        x: an array of reals.
        axis: the axis or axes to reduce; all, if left out.
        keepdims: whether the reduced axes stay, with length 1.

    Returns:
        An array without the reduced axes.

    >>> import autograd_core as ag
    >>> ag.ptp(ag.tensor([4.0, 9.0, 6.0]))
    tensor(5.)
    """
    return max(x, axis, keepdims=keepdims) - min(x, axis, keepdims=keepdims)


# -- constants ---------------------------------------------------------------------------------------

_all = define("all", lambda x, axis=None, keepdims=False: np.all(x, axis=axis, keepdims=keepdims), None)
_any = define("any", lambda x, axis=None, keepdims=False: np.any(x, axis=axis, keepdims=keepdims), None)
_count_nonzero = define(
    "count_nonzero",
    # An array or a scalar of NumPy's; np.count_nonzero gives a Python integer before NumPy 2.3.
    lambda x, axis=None, keepdims=False: np.sum(np.not_equal(x, 0), axis=axis, keepdims=keepdims, dtype=np.intp),
    None,
)


@implements(np.all)
@pytorch_names
def all(x: Array, axis: Axis = None, *, keepdims: bool = False, where: Any = None) -> Array:
    """Whether all entries over axes are true (not zero). A constant.

    Args:
        x: an array.
        axis: the axis or axes to reduce; all, if left out.
        keepdims: whether the reduced axes stay, with length 1.
        where: a mask; entries where it is false are left out.

    Returns:
        A boolean array without the reduced axes.

    >>> import autograd_core as ag
    >>> ag.all(ag.tensor([1.0, 2.0]) > 0)
    tensor(True)
    """
    return _all(x if where is None else selected(as_array(x), where, True), axis=axis, keepdims=keepdims)


@implements(np.any)
@pytorch_names
def any(x: Array, axis: Axis = None, *, keepdims: bool = False, where: Any = None) -> Array:
    """Whether any entry over axes is true (not zero). A constant.

    Args:
        x: an array.
        axis: the axis or axes to reduce; all, if left out.
        keepdims: whether the reduced axes stay, with length 1.
        where: a mask; entries where it is false are left out.

    Returns:
        A boolean array without the reduced axes.

    >>> import autograd_core as ag
    >>> ag.any(ag.tensor([1.0, 2.0]) > 2)
    tensor(False)
    """
    return _any(x if where is None else selected(as_array(x), where, False), axis=axis, keepdims=keepdims)


@implements(np.count_nonzero)
@pytorch_names
def count_nonzero(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """How many entries over axes are not zero. A constant.

    Args:
        x: an array.
        axis: the axis or axes to reduce; all, if left out.
        keepdims: whether the reduced axes stay, with length 1.

    Returns:
        An integer array without the reduced axes.

    >>> import autograd_core as ag
    >>> ag.count_nonzero(ag.tensor([[1.0, 0.0], [2.0, 3.0]]), axis=1)
    tensor([1, 2])
    """
    return _count_nonzero(x, axis=axis, keepdims=keepdims)


def _index_of(name: str, function: Any, which: str) -> Any:
    primitive = define(name, lambda x, axis=None, keepdims=False: function(x, axis=axis, keepdims=keepdims), None)

    @implements(function)
    @pytorch_names
    def index_of(x: Array, axis: int | None = None, *, keepdims: bool = False) -> Array:
        return primitive(x, axis=axis, keepdims=keepdims)

    index_of.__name__ = index_of.__qualname__ = name
    index_of.__doc__ = f"""Where the {which} entry stands along an axis; the first of tied ones. A constant.

    Args:
        x: an array of reals.
        axis: the axis to search; without it, all entries as a row.
        keepdims: whether the reduced axis stays, with length 1.

    Returns:
        An integer array without ``axis``.

    Raises:
        ValueError: if there is no such entry.

    >>> import autograd_core as ag
    >>> ag.{name}(ag.tensor([[3.0, 1.0], [2.0, 5.0]]), axis=1)
    tensor({[0, 1] if "argmax" in name else [1, 0]})
    """
    return index_of


argmax = _index_of("argmax", np.argmax, "largest")
argmin = _index_of("argmin", np.argmin, "smallest")
nanargmax = _index_of("nanargmax", np.nanargmax, "largest that is not NaN")
nanargmin = _index_of("nanargmin", np.nanargmin, "smallest that is not NaN")
