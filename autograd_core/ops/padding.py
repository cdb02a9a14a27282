"""Padding, and windows that slide over an array.

Most modes of padding copy entries: every place of the result shows one entry of the array, found by
padding the numbers 0 ... n-1 of the places themselves. Such a pad is linear, and its transpose
(``pad_transpose``) adds up, for each entry, the gradients of all places that show it.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view as _windows_of

from ..errors import explain
from ..primitive import Array, define, implements
from .axes import as_array, cut
from .joining import concat

__all__ = ["pad", "sliding_window_view"]

_COPYING = ("constant", "edge", "empty", "reflect", "symmetric", "wrap")
_COMPUTING = ("linear_ramp", "maximum", "mean", "median", "minimum")

Widths = tuple[tuple[int, int], ...]

# -- modes that copy entries ---------------------------------------------------------------------------


def _pad_forward(x: Any, widths: Widths, mode: str, constant_values: Any = 0) -> Any:
    if mode == "constant":
        return np.pad(x, widths, constant_values=constant_values)
    return np.pad(x, widths, mode=mode)


def _inside(x: Any, widths: Widths) -> Any:
    """What lies between the padding."""
    return x[tuple(slice(before, x.shape[i] - after) for i, (before, after) in enumerate(widths))]


def _pad_rule(g: Any, out: Any, x: Any, widths: Widths, mode: str, constant_values: Any = 0) -> Any:
    if mode in ("constant", "empty"):
        return _inside(g, widths)
    return pad_transpose(g, shape=x.shape, widths=widths, mode=mode)


def _transpose_forward(g: Any, shape: tuple[int, ...], widths: Widths, mode: str) -> Any:
    for axis, (length, width) in enumerate(zip(shape, widths, strict=True)):
        if width == (0, 0):
            continue
        shown = np.pad(np.arange(length), width, mode=mode)
        # With the places that show the same entry side by side, each entry's sum is over one stretch;
        # no stretch is empty, since every entry is shown at its own place.
        order = np.argsort(shown, kind="stable")
        starts = np.searchsorted(shown[order], np.arange(length))
        g = np.add.reduceat(np.take(g, order, axis=axis), starts, axis=axis)
    return g


_pad = define("pad", _pad_forward, _pad_rule, formulas="1 for every place that shows the entry")
pad_transpose = define(
    "pad_transpose",
    _transpose_forward,
    lambda g, out, x, shape, widths, mode: np.pad(g, widths, mode=mode),
    formulas="1",
    doc="Add up the entries of a padded array that show the same entry of the array of ``shape``.",
)


# -- modes that compute what they pad with ---------------------------------------------------------------


def _computed(x: Any, widths: Widths, mode: str, lengths: Widths, ends: Any) -> Any:
    """Axis by axis, so that corners are computed from padding, as NumPy does."""
    for axis, width in enumerate(widths):
        sides = []
        for side, count in enumerate(width):
            if mode == "linear_ramp":
                sides.append(_ramp(x, axis, side, count, ends[axis][side]))
            else:
                sides.append(_statistic(x, axis, side, count, mode, lengths[axis][side]))
        x = concat([sides[0], x, sides[1]], axis)
    return x


def _ramp(x: Any, axis: int, side: int, count: int, end: Any) -> Any:
    """``count`` equal steps from the edge of the array to ``end``, which is the outermost value."""
    edge = cut(x, -1, None, axis) if side else cut(x, 0, 1, axis)
    fractions = [step / count for step in range(1, count + 1)]
    values = [edge + (end - edge) * t for t in (fractions if side else reversed(fractions))]
    return concat([cut(edge, 0, 0, axis), *values], axis)


def _statistic(x: Any, axis: int, side: int, count: int, mode: str, length: int | None) -> Any:
    """The maximum, mean, median or minimum of the ``length`` entries next to the padding, ``count`` times."""
    if length is None or length > x.shape[axis]:
        length = x.shape[axis]
    part = cut(x, x.shape[axis] - length, None, axis) if side else cut(x, 0, length, axis)
    function = {"maximum": np.max, "mean": np.mean, "median": np.median, "minimum": np.min}[mode]
    value = function(part, axis=axis, keepdims=True)
    return np.broadcast_to(value, (*x.shape[:axis], count, *x.shape[axis + 1 :]))


# -- the public function -------------------------------------------------------------------------------


def _pairs(values: Any, ndim: int) -> tuple[tuple[Any, Any], ...]:
    """NumPy's ways to say what goes before and after along each axis, all as a pair for each axis."""
    if isinstance(values, dict):
        pairs: list[Any] = [(0, 0)] * ndim
        for axis, pair in values.items():
            pairs[axis] = (pair, pair) if isinstance(pair, int) else tuple(pair)
        return tuple(pairs)
    return tuple(tuple(pair) for pair in np.broadcast_to(np.asarray(values), (ndim, 2)).tolist())


@implements(np.pad)
def pad(
    x: Array,
    pad_width: Any,
    mode: str = "constant",
    *,
    constant_values: Any = 0,
    stat_length: Any = None,
    end_values: Any = 0,
    reflect_type: str = "even",
) -> Array:
    """Entries put around an array.

    The modes "edge", "reflect", "symmetric" and "wrap" copy entries, each of which gets the sum of the
    gradients of its copies. "maximum", "mean", "median", "minimum" and "linear_ramp" compute the padding
    from the entries and are differentiated as such. Constants ("constant", "empty") have no gradient.

    Args:
        x: an array.
        pad_width: how many entries: a number, ``(before, after)``, or such a pair for each axis.
        mode: as above, "constant" if left out.
        constant_values: what "constant" puts, in the same forms.
        stat_length: from how many entries at the edge the statistics are computed; all, if left out.
        end_values: where "linear_ramp" ends.
        reflect_type: only "even".

    Returns:
        A larger array.

    Raises:
        ValueError: for an unknown mode, a function as mode, and ``reflect_type="odd"``.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> ag.pad(x, 1, mode="reflect")
    tensor([2., 1., 2., 3., 2.], operation=pad)
    >>> table = ag.pad(x, 1, mode="reflect").sum().backward()
    >>> x.grad
    tensor([1., 3., 1.])
    """
    x = as_array(x)
    if mode not in _COPYING + _COMPUTING or reflect_type != "even":
        raise ValueError(
            explain(
                "pad",
                expected=f"a mode among {', '.join(_COPYING + _COMPUTING)}, with reflect_type='even'",
                got=f"mode={mode!r}, reflect_type={reflect_type!r}",
                remedy="build such a padding from parts with ag.concat",
            )
        )
    widths = _pairs(pad_width, x.ndim)
    if mode == "constant":
        number = np.ndim(constant_values) == 0
        fill = np.asarray(constant_values).item() if number else _pairs(constant_values, x.ndim)
        return _pad(x, widths=widths, mode=mode, constant_values=fill)
    if mode in _COPYING:
        return _pad(x, widths=widths, mode=mode)
    if x.dtype.kind not in "fc":  # integers are rounded, and have no gradient
        options = {"end_values": end_values} if mode == "linear_ramp" else {"stat_length": stat_length}
        return _pad_integers(x, widths=widths, mode=mode, **options)
    lengths: Any = ((None, None),) * x.ndim if stat_length is None else _pairs(stat_length, x.ndim)
    return _computed(x, widths, mode, lengths, _pairs(end_values, x.ndim))


_pad_integers = define(
    "pad_integers",
    lambda x, widths, mode, **options: np.pad(x, widths, mode=mode, **options),
    None,
    doc="Padding computed from integers. A constant.",
)

# -- sliding windows -----------------------------------------------------------------------------------


def _window_transpose(g: Any, shape: tuple[int, ...], window: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """Add each place of each window to the entry of the array of ``shape`` that stands there."""
    total = np.zeros_like(g, shape=shape)
    lengths = list(shape)
    for axis, length in zip(axes, window, strict=True):
        lengths[axis] -= length - 1
    for offsets in itertools.product(*(range(n) for n in window)):
        starts = [0] * len(shape)
        for axis, offset in zip(axes, offsets, strict=True):
            starts[axis] += offset
        total[tuple(slice(i, i + n) for i, n in zip(starts, lengths, strict=True))] += g[(..., *offsets)]
    return total


_windows = define(
    "sliding_window_view",
    lambda x, window, axes: _windows_of(x, window, axes),
    lambda g, out, x, window, axes: window_transpose(g, shape=x.shape, window=window, axes=axes),
    formulas="1 for every window that shows the entry",
)
window_transpose = define(
    "window_transpose",
    _window_transpose,
    lambda g, out, x, shape, window, axes: _windows_of(g, window, axes),
    formulas="1",
    doc="Add up the entries of sliding windows that show the same entry of the array of ``shape``.",
)


@implements(_windows_of)
def sliding_window_view(x: Array, window_shape: int | tuple[int, ...], axis: Any = None) -> Array:
    """All windows of a shape, at every position, as a view: convolutions and moving averages are sums over it.

    An entry gets the sum of the gradients of all windows that show it.

    Args:
        x: an array.
        window_shape: the length of the windows along each of ``axis``.
        axis: the axis or axes; all, if left out.

    Returns:
        An array whose first axes count the positions and whose last axes are the windows'.

    Raises:
        ValueError: for a window that is larger than ``x``, or fits not the axes.

    >>> import autograd_core as ag
    >>> ag.sliding_window_view(ag.tensor([1.0, 2.0, 4.0, 8.0]), 2).sum(axis=-1)
    tensor([ 3.,  6., 12.])
    """
    x = as_array(x)
    window = (window_shape,) if isinstance(window_shape, int) else tuple(window_shape)
    axes = (axis,) if isinstance(axis, int) else axis
    axes = tuple(range(x.ndim)) if axes is None else tuple(i % x.ndim for i in axes)
    return _windows(x, window=window, axes=axes)
