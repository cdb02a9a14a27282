"""Running sums, products and extremes, and the linear recurrence that differentiates the products.

A running product has the derivative d out_k / d x_i = product of x_j over j <= k, j != i. Dividing out_k
by x_i fails at zeros, so the rule goes without a division. With g the gradient of the output,

    sum over k >= i of g_k * (product over j <= k, j != i)  =  left_i * right_i,
    left_i  = x_1 * ... * x_(i-1),
    right_i = g_i + x_(i+1) * right_(i+1).

``right`` is a linear recurrence, which is an operation here; its gradient is another one, run backwards.
So zeros are harmless in derivatives of any order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, define, implements
from .axes import as_array, cut, existing, of_dtype, one_axis, pytorch_names

__all__ = [
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "cumulative_prod",
    "cumulative_sum",
    "logcumsumexp",
    "nancumprod",
    "nancumsum",
]


def shifted(x: Any, axis: int, by: int, fill: int) -> Any:
    """``x`` moved one place along ``axis``, forwards for ``by=1``, back for ``by=-1``; ``fill`` (0 or 1) moves in."""
    like = np.ones_like if fill else np.zeros_like
    if by > 0:
        return np.concatenate([like(cut(x, 0, 1, axis)), cut(x, None, -1, axis)], axis=axis)
    return np.concatenate([cut(x, 1, None, axis), like(cut(x, 0, 1, axis))], axis=axis)


# -- sums ------------------------------------------------------------------------------------------


def _cumsum_forward(x: Any, axis: int, reverse: bool = False) -> Any:
    return np.flip(np.cumsum(np.flip(x, axis), axis=axis), axis) if reverse else np.cumsum(x, axis=axis)


_cumsum = define(
    "cumsum",
    _cumsum_forward,
    lambda g, out, x, axis, reverse=False: _cumsum(g, axis=axis, reverse=not reverse),
    formulas="1 for entries up to here",
    symbol="Σ≤",
)


def _flattened(x: Any, axis: int | None, dtype: Any = None) -> tuple[Any, int]:
    """The array and the non-negative axis to accumulate along; without an axis, all entries in a row."""
    x = as_array(x)
    if dtype is not None:
        x = x.astype(dtype)
    if axis is None or x.ndim == 0:
        if axis is not None:
            one_axis(axis, 1)
        return np.reshape(x, (-1,)), 0
    return x, one_axis(axis, x.ndim)


@implements(np.cumsum)
@pytorch_names
def cumsum(x: Array, axis: int | None = None, dtype: Any = None) -> Array:
    """The running sum along an axis: out_k = x_1 + ... + x_k.

    The gradient is the running sum of g from the other end.

    Args:
        x: an array.
        axis: the axis to run along; without it, ``x`` is flattened first.
        dtype: converts ``x`` first.

    Returns:
        An array of the shape of ``x`` (flat without ``axis``).

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> ag.cumsum(x)
    tensor([1., 3., 6.], operation=cumsum)
    >>> table = ag.cumsum(x).sum().backward()
    >>> x.grad
    tensor([3., 2., 1.])
    """
    x, axis = _flattened(x, axis, dtype)
    return of_dtype(_cumsum(x, axis=axis), dtype)


@implements(np.nancumsum)
@pytorch_names
def nancumsum(x: Array, axis: int | None = None, dtype: Any = None) -> Array:
    """The running sum along an axis, NaN counted as 0 (and given the gradient 0).

    Args:
        x: an array.
        axis: the axis to run along; without it, ``x`` is flattened first.
        dtype: converts ``x`` first.

    Returns:
        An array of the shape of ``x`` (flat without ``axis``).

    >>> import autograd_core as ag
    >>> ag.nancumsum(ag.tensor([1.0, float("nan"), 3.0]))
    tensor([1., 1., 4.])
    """
    x, axis = _flattened(x, axis, dtype)
    return of_dtype(_cumsum(np.where(np.isnan(x), 0, x), axis=axis), dtype)


# -- products --------------------------------------------------------------------------------------


def _recurrence_forward(a: Any, b: Any, axis: int, reverse: bool = False) -> Any:
    """In log2(n) passes: pass s joins every stretch of s steps with the stretch before it."""
    if reverse:
        a, b = np.flip(a, axis), np.flip(b, axis)
    n = b.shape[axis]
    stretch = 1
    while stretch < n:
        late = cut(a, stretch, None, axis)
        b = np.concatenate(
            [cut(b, 0, stretch, axis), cut(b, stretch, None, axis) + late * cut(b, 0, -stretch, axis)], axis
        )
        if 2 * stretch < n:
            a = np.concatenate([cut(a, 0, stretch, axis), late * cut(a, 0, -stretch, axis)], axis)
        stretch *= 2
    return np.flip(b, axis) if reverse else b


def _recurrence_rule(g: Any, out: Any, a: Any, b: Any, axis: int, reverse: bool = False) -> tuple[Any, Any]:
    step = -1 if reverse else 1
    b_bar = linear_recurrence(shifted(a, axis, -step, 0), g, axis=axis, reverse=not reverse)
    return b_bar * shifted(out, axis, step, 0), b_bar


linear_recurrence = define(
    "linear_recurrence",
    _recurrence_forward,
    joint=_recurrence_rule,
    formulas=("the recurrence run backwards × {out} one step earlier", "the recurrence run backwards"),
    doc="h_k = a_k * h_(k-1) + b_k along an axis, starting from 0; with ``reverse`` from the other end.",
)


def _cumprod_rule(g: Any, out: Any, x: Any, axis: int) -> Any:
    left = shifted(out, axis, 1, 1)
    right = linear_recurrence(shifted(x, axis, -1, 0), g, axis=axis, reverse=True)
    return left * right


_cumprod = define(
    "cumprod",
    lambda x, axis: np.cumprod(x, axis=axis),
    _cumprod_rule,
    formulas="the product of the other entries up to here",
    symbol="Π≤",
)


@implements(np.cumprod)
@pytorch_names
def cumprod(x: Array, axis: int | None = None, dtype: Any = None) -> Array:
    """The running product along an axis: out_k = x_1 * ... * x_k.

    d out_k / d x_i is the product of the other factors. It is computed without a division, so zeros in
    ``x`` are no exception, in derivatives of any order.

    Args:
        x: an array.
        axis: the axis to run along; without it, ``x`` is flattened first.
        dtype: converts ``x`` first.

    Returns:
        An array of the shape of ``x`` (flat without ``axis``).

    >>> import autograd_core as ag
    >>> x = ag.tensor([2.0, 0.0, 3.0], requires_grad=True)
    >>> table = ag.cumprod(x).sum().backward()
    >>> x.grad
    tensor([1., 8., 0.])
    """
    x, axis = _flattened(x, axis, dtype)
    return of_dtype(_cumprod(x, axis=axis), dtype)


@implements(np.nancumprod)
@pytorch_names
def nancumprod(x: Array, axis: int | None = None, dtype: Any = None) -> Array:
    """The running product along an axis, NaN counted as 1 (and given the gradient 0).

    Args:
        x: an array.
        axis: the axis to run along; without it, ``x`` is flattened first.
        dtype: converts ``x`` first.

    Returns:
        An array of the shape of ``x`` (flat without ``axis``).

    >>> import autograd_core as ag
    >>> ag.nancumprod(ag.tensor([2.0, float("nan"), 3.0]))
    tensor([2., 2., 6.])
    """
    x, axis = _flattened(x, axis, dtype)
    return of_dtype(_cumprod(np.where(np.isnan(x), 1, x), axis=axis), dtype)


# -- the array API's forms ---------------------------------------------------------------------------


def _standard_axis(name: str, x: Any, axis: int | None) -> tuple[Any, int]:
    x = as_array(x)
    if x.ndim == 0:
        x = np.reshape(x, (1,))
    if axis is None and x.ndim > 1:
        raise ValueError(
            explain(name, expected="an axis for an array of several axes", got=f"shape {x.shape}", remedy="pass axis=")
        )
    return x, one_axis(0 if axis is None else axis, x.ndim)


@implements(*existing("cumulative_sum"))
@pytorch_names
def cumulative_sum(x: Array, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Array:
    """The running sum of the array API standard: ``cumsum``, with the empty sum in front if wanted.

    Args:
        x: an array.
        axis: the axis to run along; may be left out for a vector.
        dtype: converts ``x`` first.
        include_initial: whether the result begins with 0, and so is longer by one.

    Returns:
        An array of the shape of ``x``, or longer by one along ``axis``.

    Raises:
        ValueError: for several axes and no ``axis``.

    >>> import autograd_core as ag
    >>> ag.cumulative_sum(ag.tensor([1.0, 2.0, 3.0]), include_initial=True)
    tensor([0., 1., 3., 6.])
    """
    x, axis = _standard_axis("cumulative_sum", x, axis)
    return _with_initial(cumsum(x, axis, dtype), axis, 0, include_initial)


@implements(*existing("cumulative_prod"))
@pytorch_names
def cumulative_prod(x: Array, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Array:
    """The running product of the array API standard: ``cumprod``, with the empty product in front if wanted.

    Args:
        x: an array.
        axis: the axis to run along; may be left out for a vector.
        dtype: converts ``x`` first.
        include_initial: whether the result begins with 1, and so is longer by one.

    Returns:
        An array of the shape of ``x``, or longer by one along ``axis``.

    Raises:
        ValueError: for several axes and no ``axis``.

    >>> import autograd_core as ag
    >>> ag.cumulative_prod(ag.tensor([1.0, 2.0, 3.0]), include_initial=True)
    tensor([1., 1., 2., 6.])
    """
    x, axis = _standard_axis("cumulative_prod", x, axis)
    return _with_initial(cumprod(x, axis, dtype), axis, 1, include_initial)


def _with_initial(x: Any, axis: int, initial: int, include: bool) -> Any:
    if not include:
        return x
    like = np.ones_like if initial else np.zeros_like
    return np.concatenate([like(x, shape=(*x.shape[:axis], 1, *x.shape[axis + 1 :])), x], axis=axis)


# -- extremes --------------------------------------------------------------------------------------


def _record_forward(x: Any, axis: int, largest: bool) -> Any:
    """Along ``axis``, where the extreme of the entries so far stands; the last such place at a tie."""
    extremes = (np.maximum if largest else np.minimum).accumulate(x, axis=axis)
    places = np.arange(x.shape[axis]).reshape((-1,) + (1,) * (x.ndim - 1 - axis))
    # An entry that is not equal to itself is NaN, which stays the extreme from there on.
    return np.maximum.accumulate(np.where((x == extremes) | (x != x), places, 0), axis=axis)


running_extreme_index = define(
    "running_extreme_index",
    _record_forward,
    None,
    doc="Where along ``axis`` the largest (or smallest) of the entries so far stands; the last at a tie.",
)


@implements(np.maximum.accumulate)
@pytorch_names
def cummax(x: Array, axis: int | None = None) -> Array:
    """The largest entry so far, along an axis: out_k = max(x_1, ..., x_k).

    The gradient of out_k goes to the entry that is the maximum; of tied ones to the last, as in PyTorch.

    Args:
        x: an array of reals.
        axis: the axis to run along; without it, ``x`` is flattened first.

    Returns:
        An array of the shape of ``x`` (flat without ``axis``).

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 3.0, 2.0], requires_grad=True)
    >>> y = ag.cummax(x)
    >>> y.tolist()
    [1.0, 3.0, 3.0]
    >>> table = y.sum().backward()
    >>> x.grad
    tensor([1., 2., 0.])
    """
    x, axis = _flattened(x, axis)
    return np.take_along_axis(x, running_extreme_index(x, axis=axis, largest=True), axis=axis)


@implements(np.minimum.accumulate)
@pytorch_names
def cummin(x: Array, axis: int | None = None) -> Array:
    """The smallest entry so far, along an axis: out_k = min(x_1, ..., x_k).

    The gradient of out_k goes to the entry that is the minimum; of tied ones to the last, as in PyTorch.

    Args:
        x: an array of reals.
        axis: the axis to run along; without it, ``x`` is flattened first.

    Returns:
        An array of the shape of ``x`` (flat without ``axis``).

    >>> import autograd_core as ag
    >>> ag.cummin(ag.tensor([2.0, 3.0, 1.0])).tolist()
    [2.0, 2.0, 1.0]
    """
    x, axis = _flattened(x, axis)
    return np.take_along_axis(x, running_extreme_index(x, axis=axis, largest=False), axis=axis)


# -- log of the running sum of exponentials ------------------------------------------------------------


def _logcumsumexp_rule(g: Any, out: Any, x: Any, axis: int) -> Any:
    """The sum over k >= i of g_k * exp(x_i - out_k), without large exponents.

    It is exp(x_i - out_i) * h_i with h_i = g_i + exp(out_i - out_(i+1)) * h_(i+1).
    """
    # Where everything so far is -inf, the difference to 0 is -inf too, so that its exponential is 0.
    finite = np.where(out == -np.inf, 0, out)
    following = np.concatenate([cut(finite, 1, None, axis), cut(finite, -1, None, axis)], axis=axis)
    return np.exp(x - finite) * linear_recurrence(np.exp(out - following), g, axis=axis, reverse=True)


_logcumsumexp = define(
    "logcumsumexp",
    lambda x, axis: np.logaddexp.accumulate(x, axis=axis),
    _logcumsumexp_rule,
    formulas="exp({a} − {out})",
)


@implements(np.logaddexp.accumulate)
@pytorch_names
def logcumsumexp(x: Array, axis: int | None = None) -> Array:
    """The logarithm of the running sum of exponentials: out_k = log(exp x_1 + ... + exp x_k).

    d out_k / d x_i = exp(x_i - out_k). Neither it nor its gradient leaves the range of the numbers, since
    only differences x_i - out_k <= 0 are exponentiated.

    Args:
        x: an array of reals.
        axis: the axis to run along; without it, ``x`` is flattened first.

    Returns:
        An array of the shape of ``x`` (flat without ``axis``).

    >>> import autograd_core as ag
    >>> ag.logcumsumexp(ag.tensor([1000.0, 1000.0]))
    tensor([1000.    , 1000.6931])
    """
    x, axis = _flattened(x, axis)
    return _logcumsumexp(x, axis=axis)
