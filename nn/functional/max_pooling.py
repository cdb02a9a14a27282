"""Max pooling: the largest entry of every window."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.ops.indexing import accumulate
from autograd_core.primitive import Primitive, define

from ..explicit import wants_parts
from ..masking import kept
from ..pooling_windows import (
    Sliding,
    Tap,
    Window,
    adaptive,
    check_lengths,
    is_trivial,
    joint_taps,
    positions,
    sliding,
    spatial_shape,
    taps,
    tiles,
)

__all__ = [
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool2d_with_indices",
    "max_pool3d",
    "max_pool3d_with_indices",
]

# -- one axis after the other ------------------------------------------------------------------------
#
# The last axis comes first. Where entries of a window are equal, that gives the gradient to the first of
# them in the order of memory: the first row that has the maximum, and in it the first column.


def _axes(windows: tuple[Window, ...]) -> Iterator[tuple[Window, int]]:
    """The windows that do something, the last axis first, each with the number of axes behind it."""
    for behind, window in enumerate(reversed(windows)):
        if not is_trivial(window):
            yield window, behind


def _max_along(x: Any, window: Window, behind: int) -> Any:
    if isinstance(window, Sliding) and tiles(window) and window.kernel > 8:
        shape = (*x.shape[: x.ndim - 1 - behind], window.out, window.kernel, *x.shape[x.ndim - behind :])
        return np.maximum.reduce(x.reshape(shape), axis=-1 - behind)
    whole = [tap for tap in taps(window, behind) if tap.whole]
    others = [tap for tap in taps(window, behind) if not tap.whole]
    if len(whole) > 1:
        y = np.maximum(x[whole[0].entries], x[whole[1].entries])
    elif whole:
        y = np.copy(x[whole[0].entries])
    else:
        shape = (*x.shape[: x.ndim - 1 - behind], window.out, *x.shape[x.ndim - behind :])
        y = np.full_like(x, -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min, shape=shape)
    for tap in whole[2:] + others:
        if isinstance(window, Sliding):
            part = y[tap.outs]
            np.maximum(part, x[tap.entries], out=part)
        else:
            y[tap.outs] = np.maximum(y[tap.outs], x[tap.entries])
    return y


def _forward(x: Any, windows: tuple[Window, ...]) -> Any:
    check_lengths(x, tuple(window.length for window in windows))
    y = x
    for window, behind in _axes(windows):
        y = _max_along(y, window, behind)
    return np.copy(x) if y is x else y


def _stages(x: Any, out: Any, windows: tuple[Window, ...]) -> list[tuple[Any, Any, Window, int]]:
    """Per axis: what goes in, what comes out, the window and the number of axes behind."""
    axes = list(_axes(windows))
    stages = []
    for number, (window, behind) in enumerate(axes, 1):
        y = out if number == len(axes) else _max_along(x, window, behind)
        stages.append((x, y, window, behind))
        x = y
    return stages


def _hits(x: Any, y: Any, window: Window, behind: int, nan: bool) -> Iterator[tuple[Tap, Any]]:
    """The taps, each with a mask that says in which windows it is the one that was chosen."""
    if nan:
        yield from _hits_among_nan(x, y, window, behind)
        return
    every = taps(window, behind)
    taken: Any = None
    for tap in every:
        if tap is every[-1] and tap.whole and taken is not None:
            yield tap, ~taken
            return
        hit = x[tap.entries] == y[tap.outs]
        if taken is None and tap.whole:
            yield tap, hit
            taken = hit
            continue
        if taken is None:
            taken = np.zeros_like(y, dtype=bool)
        np.greater(hit, taken[tap.outs], out=hit)
        yield tap, hit
        taken[tap.outs] |= hit


def _hits_among_nan(x: Any, y: Any, window: Window, behind: int) -> Iterator[tuple[Tap, Any]]:
    """The same where there are NaN, of which the last one of a window is chosen."""
    every = taps(window, behind)
    code = np.full_like(y, -1, dtype=np.int64)
    for number, tap in enumerate(every):
        entries = x[tap.entries]
        chosen = ((entries == y[tap.outs]) & (code[tap.outs] < 0)) | np.isnan(entries)
        code[tap.outs] = np.where(chosen, number, code[tap.outs])
    for number, tap in enumerate(every):
        yield tap, code[tap.outs] == number


def _has_nan(out: Any) -> bool:
    return out.dtype.kind == "f" and out.size > 0 and bool(np.isnan(np.max(out)))


def _scattered(g: Any, out: Any, x: Any, windows: tuple[Window, ...]) -> Any:
    nan = _has_nan(out)
    joint = joint_taps(windows)
    if joint and not nan:
        return _scattered_at_once(g, out, x, joint)
    for entries, y, window, behind in reversed(_stages(x, out, windows)):
        total = np.empty_like(entries, dtype=g.dtype) if tiles(window) else np.zeros_like(entries, dtype=g.dtype)
        for tap, hit in _hits(entries, y, window, behind, nan):
            if tap.fresh:
                kept(g[tap.outs], hit, out=total[tap.entries])
            elif isinstance(window, Sliding):
                total[tap.entries] += kept(g[tap.outs], hit)
            else:
                total = accumulate(total, tap.entries, kept(g[tap.outs], hit))
        g = total
    return g


def _scattered_at_once(g: Any, out: Any, x: Any, joint: tuple[Any, ...]) -> Any:
    """The same for small windows that tile the input, over all axes at once: no maxima of rows are needed."""
    total = np.empty_like(x, dtype=g.dtype)
    first, *middle, last = joint
    taken = x[first] == out
    kept(g, taken, out=total[first])
    for entries in middle:
        hit = x[entries] == out
        np.greater(hit, taken, out=hit)
        kept(g, hit, out=total[entries])
        taken |= hit
    kept(g, ~taken, out=total[last])
    return total


def _gathered(v: Any, out: Any, x: Any, windows: tuple[Window, ...]) -> Any:
    nan = _has_nan(out)
    for entries, y, window, behind in _stages(x, out, windows):
        picked = np.zeros_like(y, dtype=v.dtype)
        for tap, hit in _hits(entries, y, window, behind, nan):
            picked[tap.outs] += kept(v[tap.entries], hit)
        v = picked
    return v


def _positions(x: Any, windows: tuple[Window, ...]) -> Any:
    plane = x.shape[x.ndim - len(windows) :]
    places = np.broadcast_to(np.arange(math.prod(plane), like=x).reshape(plane), x.shape)
    return np.copy(_gathered(places, _forward(x, windows), x, windows))


# -- operations --------------------------------------------------------------------------------------

_max_pool: Primitive = define(
    "max_pool",
    _forward,
    lambda g, out, x, windows: _scatter(g, out, x, windows=windows),
    formulas="1 at the maximum",
    symbol="max pool",
    doc="The largest entry of every window, over the last axes.",
)
# The places of the maxima are found again from ``x``, by comparing, which is faster than keeping them.
_scatter: Primitive = define(
    "max_pool_scatter",
    _scattered,
    lambda gg, result, g, out, x, windows: _gather(gg, out, x, windows=windows),
    None,
    None,
    formulas=("1", "0", "0"),
    doc="Zeros with one entry per window added where the window of ``x`` has its maximum: the transpose.",
)
_gather: Primitive = define(
    "max_pool_gather",
    _gathered,
    lambda g, result, v, out, x, windows: _scatter(g, out, x, windows=windows),
    None,
    None,
    formulas=("1 at the maximum", "0", "0"),
    doc="The entry of an array at the place where the window of ``x`` has its maximum, for every window.",
)
_indices: Primitive = define(
    "max_pool_indices",
    _positions,
    None,
    doc="The place of the maximum of every window in the flattened last axes.",
)


def _parts(x: Any, windows: tuple[Window, ...]) -> Any:
    """Max pooling in elementary operations: all windows side by side, and the largest entry of each."""
    for window, behind in _axes(windows):
        places = positions(window)
        rest = (slice(None),) * behind
        entries = x[(..., np.maximum(places, 0), *rest)]
        axis = entries.ndim - 1 - behind
        inside = np.reshape(places >= 0, places.shape + (1,) * behind)
        if not inside.all():
            entries = np.where(inside, entries, -np.inf)
        chosen = np.argmax(entries, axis=axis)
        x = np.squeeze(np.take_along_axis(entries, np.expand_dims(chosen, axis), axis=axis), axis=axis)
    return x


def _pool(input: Any, windows: tuple[Window, ...], return_indices: bool) -> Any:
    y = _parts(input, windows) if wants_parts() else _max_pool(input, windows=windows)
    return (y, _indices(input, windows=windows)) if return_indices else y


def _max(
    operation: str,
    axes: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    shape = spatial_shape(operation, input, axes)
    windows = sliding(operation, shape, kernel_size, stride, padding, dilation, ceil_mode)
    return _pool(input, windows, return_indices)


def _adaptive(operation: str, axes: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    return _pool(input, adaptive(operation, spatial_shape(operation, input, axes), output_size), return_indices)


# -- public functions --------------------------------------------------------------------------------


def max_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest entry of every window along the last axis; arguments as for ``max_pool2d``.

    Args:
        input: shape (N, C, L) or (C, L).
        kernel_size, stride, padding, dilation, ceil_mode, return_indices: see ``max_pool2d``.

    Returns:
        A Tensor of shape (N, C, L') or (C, L'), perhaps with the indices.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.max_pool1d(ag.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[3., 2.]])
    """
    return _max("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest entry of every window over the last two axes.

    y[i, j] = max over a, b < kernel_size of x[i s + a d - p, j s + b d - p] with stride s, dilation d and
    padding p; what lies in the padding does not count. The gradient of an output goes to the entry that
    is its maximum: of equal ones to the first, row by row, and of NaN to the last.

    Along an axis of n entries there are L' = ⌊(n + 2p - d (kernel_size - 1) - 1) / s⌋ + 1 windows, rounded up
    with ``ceil_mode``, without those that would start behind the input.

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        kernel_size: an integer, or one per axis, as for all sizes here.
        stride: the distance of the windows; kernel_size if left out.
        padding: how far windows may reach over both ends, at most half the kernel.
        dilation: the distance of the entries within a window.
        ceil_mode: whether there is a last window that is not full.
        return_indices: whether to return the places of the maxima too, as ``max_unpool2d`` takes them.

    Returns:
        A Tensor of shape (N, C, H', W') or (C, H', W'); with ``return_indices`` a pair with the indices into
        the flattened last two axes, integers of the same shape.

    Raises:
        TypeError, ValueError: for sizes that do not fit each other or the input.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> x = ag.tensor([[[1.0, 3.0, 0.0, 2.0], [4.0, 2.0, 1.0, 5.0]]])
    >>> F.max_pool2d(x, 2, return_indices=True)
    (tensor([[[4., 5.]]]), tensor([[[4, 7]]]))
    """
    return _max("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest entry of every window over the last three axes; arguments as for ``max_pool2d``.

    Args:
        input: shape (N, C, D, H, W) or (C, D, H, W).
        kernel_size, stride, padding, dilation, ceil_mode, return_indices: see ``max_pool2d``.

    Returns:
        A Tensor of shape (N, C, D', H', W') or (C, D', H', W'), perhaps with the indices.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.max_pool3d(ag.arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[7.]]]])
    """
    return _max("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """``max_pool1d`` that always returns the indices too.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.max_pool1d_with_indices(ag.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    (tensor([[3., 2.]]), tensor([[1, 2]]))
    """
    return _max("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """``max_pool2d`` that always returns the indices too.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.max_pool2d_with_indices(ag.tensor([[[1.0, 3.0], [2.0, 0.0]]]), 2)
    (tensor([[[3.]]]), tensor([[[1]]]))
    """
    return _max("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """``max_pool3d`` that always returns the indices too.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.max_pool3d_with_indices(ag.arange(8.0).reshape(1, 2, 2, 2), 2)
    (tensor([[[[7.]]]]), tensor([[[[7]]]]))
    """
    return _max("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of ``output_size`` windows that cover the last axis; see ``adaptive_max_pool2d``.

    Args:
        input: shape (N, C, L) or (C, L).
        output_size, return_indices: see ``adaptive_max_pool2d``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.adaptive_max_pool1d(ag.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[3., 2.]])
    """
    return _adaptive("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of as many windows as are asked for, over the last two axes.

    Along an axis of n entries with m outputs, window i reaches from ⌊i n/m⌋ to ⌈(i + 1) n/m⌉ - 1, so
    neighbours overlap by one entry where m does not divide n. Gradients as for ``max_pool2d``.

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        output_size: an integer, or a pair; ``None`` in its place keeps the length of the axis.
        return_indices: whether to return the places of the maxima too.

    Returns:
        A Tensor with ``output_size`` in place of the last axes; with ``return_indices`` a pair.

    Raises:
        TypeError, ValueError: for another output_size, or an empty input.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.adaptive_max_pool2d(ag.arange(12.0).reshape(1, 3, 4), (2, None))
    tensor([[[ 4.,  5.,  6.,  7.],
             [ 8.,  9., 10., 11.]]])
    """
    return _adaptive("adaptive_max_pool2d", 2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of windows that cover the last three axes; see ``adaptive_max_pool2d``.

    Args:
        input: shape (N, C, D, H, W) or (C, D, H, W).
        output_size, return_indices: see ``adaptive_max_pool2d``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.adaptive_max_pool3d(ag.arange(8.0).reshape(1, 2, 2, 2), 1)
    tensor([[[[7.]]]])
    """
    return _adaptive("adaptive_max_pool3d", 3, input, output_size, return_indices)


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """``adaptive_max_pool1d`` that always returns the indices too.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.adaptive_max_pool1d_with_indices(ag.tensor([[1.0, 3.0, 2.0, 0.0]]), 1)
    (tensor([[3.]]), tensor([[1]]))
    """
    return _adaptive("adaptive_max_pool1d", 1, input, output_size, True)


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """``adaptive_max_pool2d`` that always returns the indices too.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.adaptive_max_pool2d_with_indices(ag.tensor([[[1.0, 3.0], [2.0, 0.0]]]), 1)
    (tensor([[[3.]]]), tensor([[[1]]]))
    """
    return _adaptive("adaptive_max_pool2d", 2, input, output_size, True)


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """``adaptive_max_pool3d`` that always returns the indices too.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.adaptive_max_pool3d_with_indices(ag.arange(8.0).reshape(1, 2, 2, 2), 1)
    (tensor([[[[7.]]]]), tensor([[[[7]]]]))
    """
    return _adaptive("adaptive_max_pool3d", 3, input, output_size, True)
