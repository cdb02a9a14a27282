"""The three products of convolution on plain arrays: output, gradient of the input, gradient of the weight.

What they are, and why each is the derivative of the others, stands in ``convolution``. How they are computed
stands here and in ``windows``: the input is copied for every place of the kernel along all spatial axes but the
first, and then there is one matrix product per row of the output. Where a row has fewer entries than there are
output channels, the weights would be read more often than the image; then all windows are copied, and there is
one product.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from autograd_core import blas
from autograd_core.blocks import LARGE
from autograd_core.errors import explain

from .windows import Pairs, Steps, boxes, from_rows, room, row_windows, spread, to_rows

AT_ONCE = 1 << 27  # bytes of the copies that exist at the same time, about
MANY = 1 << 24  # multiplications from which on a second thread pays


@lru_cache(maxsize=1024)
def _steps(kernel: tuple[int, ...], stride: Any, padding: Pairs, dilation: Any) -> Steps:
    """The windows; those of sequences as windows of images of one row."""
    if len(kernel) == 1:
        return Steps((1, *kernel), (1, *stride), ((0, 0), *padding), (1, *dilation))
    return Steps(kernel, stride, padding, dilation)


def _planes(x: Any) -> Any:
    """Sequences as images of one row."""
    return x[:, :, None] if x.ndim == 3 else x


def _in_parts(work: Callable[[int, int], Any], count: int, products: int, copied: int) -> list[Any]:
    """``work(start, stop)`` for stretches of the output's rows: on all threads, and not too much at once.

    Args:
        work: computes rows ``start`` to ``stop``.
        count: how many rows there are.
        products: how many numbers are multiplied for one of them.
        copied: how many bytes are copied for one of them.

    Returns:
        The results in order.
    """
    step = max(1, AT_ONCE // max(1, copied))
    found = []
    for low in range(0, count, step):
        high = min(low + step, count)
        least = 2 if (high - low) * products >= MANY else count
        found += blas.in_stretches(work, low, high, least)
    return found


def _product(a: Any, b: Any) -> Any:
    """a b, the rows of a shared out over the threads."""
    if type(a) is not np.ndarray or type(b) is not np.ndarray:
        return a @ b
    out = np.empty((a.shape[0], b.shape[1]), np.result_type(a, b))

    def work(start: int, stop: int) -> None:
        np.matmul(a[start:stop], b, out=out[start:stop])

    blas.in_stretches(work, 0, len(out), 16 if a.size * b.shape[1] >= MANY else len(out))
    return out


def _counts(g_rows: Any, steps: Steps, lengths: tuple[int, ...]) -> tuple[int, ...]:
    """How many windows lie on axes of ``lengths``, for which g must have an entry each.

    Raises:
        ValueError: if it does not.
    """
    counts = steps.counts(lengths)
    if g_rows.shape[:1] + g_rows.shape[2:-1] != counts:
        raise ValueError(
            explain(
                "transposed convolution",
                expected=f"an entry for each of {counts} windows on axes of {lengths}",
                got=f"lengths {g_rows.shape[:1] + g_rows.shape[2:-1]}",
                remedy="pass the output of the convolution with these windows, or its gradient",
            )
        )
    return counts


# -- the output --------------------------------------------------------------------------------------


def convolve(x: Any, w: Any, bias: Any = None, *, stride: Any, padding: Pairs, dilation: Any, groups: int) -> Any:
    """y[n, o, p] = bias[o] + sum over c, k of x[n, c, s p + d k - padding] w[o, c, k].

    Args:
        x: shape (N, C, *lengths).
        w: shape (O, C/groups, *kernel).
        bias: shape (O,), or ``None``.
        stride, padding, dilation: as in ``Steps``.
        groups: into how many groups the channels fall; each group of outputs sees one group of inputs.

    Returns:
        An array of shape (N, O, *counts).
    """
    rows = to_rows(_planes(x))
    steps = _steps(w.shape[2:], stride, padding, dilation)
    counts = steps.counts(rows.shape[:1] + rows.shape[2:-1])
    y = from_rows(_correlate(rows, _planes(w), bias, steps, counts, groups))
    return y[:, :, 0] if x.ndim == 3 else y


def _correlate(rows: Any, w: Any, bias: Any, steps: Steps, counts: tuple[int, ...], groups: int) -> Any:
    """``convolve`` in rows: (H, C, *lengths, N) -> (count, O, *counts, N)."""
    count, out, images = counts[0], w.shape[0], rows.shape[-1]
    columns = math.prod(counts[1:]) * images
    dtype = np.result_type(rows.dtype, w.dtype) if bias is None else np.result_type(rows.dtype, w.dtype, bias.dtype)
    at_once = _at_once(steps, groups, out, columns)
    ones = bias is not None and not at_once and groups == 1 and _one_product(steps, 1) and not steps.inner.are_trivial
    matrices = _matrices(w, groups, _one_product(steps, groups), bias if ones else None)
    if at_once:
        (blocks,) = _blocks(rows, steps, counts, groups, 0, count)
        y = _product(matrices[0, 0], _side_by_side(blocks[:, 0]))
        if bias is not None:
            y = y + bias[:, None]
        return y.reshape((out, count, *counts[1:], images)).swapaxes(0, 1)
    y = room((count, out, columns), rows, dtype)

    def work(start: int, stop: int) -> None:
        blocks = _blocks(rows, steps, counts, groups, start, stop, ones)
        part = y[start:stop]
        products = part.reshape((stop - start, groups, out // groups, columns))
        np.matmul(matrices[0], blocks[0], out=products)
        for matrix, block in zip(matrices[1:], blocks[1:], strict=True):
            products += matrix @ block
        if bias is not None and not ones:
            part += bias[:, None]

    size = math.prod(w.shape[1:]) * columns
    _in_parts(work, count, size * out, size // steps.kernel[0] * groups * y.dtype.itemsize)
    return y.reshape((count, out, *counts[1:], images))


def _at_once(steps: Steps, groups: int, out: int, columns: int) -> bool:
    """Whether to copy all windows for one large product, rather than to multiply row by row."""
    return groups == 1 and _one_product(steps, groups) and out > columns


def _one_product(steps: Steps, groups: int) -> bool:
    """Whether all rows of the kernel fit into one matrix product: if those of all channels are side by side."""
    return steps.kernel[0] == 1 or (groups == 1 and steps.dilation[0] == 1)


def _matrices(w: Any, groups: int, one_product: bool, bias: Any = None) -> Any:
    """The weights as (products, groups, O/groups, what one product sums over).

    A bias becomes the factor of the row of ones that stands below the channels of the first row of the kernel.
    """
    out, channels, height, *width = w.shape
    rest = range(3, w.ndim)
    size = channels * math.prod(width)
    if not one_product:
        return w.transpose((2, 0, 1, *rest)).reshape((height, groups, out // groups, size))
    w = w.transpose((0, 2, 1, *rest))
    if bias is not None:
        factors = np.zeros_like(bias, shape=(out, height, 1))
        factors[:, 0, 0] = bias
        w, size = np.concatenate((w.reshape((out, height, size)), factors), axis=2), size + 1
    return w.reshape((1, groups, out // groups, height * size))


def _blocks(
    rows: Any, steps: Steps, counts: tuple[int, ...], groups: int, start: int, stop: int, ones: bool = False
) -> list[Any]:
    """What the matrices are multiplied by to get rows ``start`` to ``stop`` of the output.

    Returns:
        For every product an array of shape (stop - start, groups, what the product sums over, columns).
    """
    (height, stride, before, dilation), count = steps.first, stop - start
    if height == 1:  # only the rows that are needed
        windows = spread(rows, steps.inner, counts[1:], stride * start - before, count, stride, ones)
        stride = 1
    else:
        needed = stride * (count - 1) + dilation * (height - 1) + 1
        windows = spread(rows, steps.inner, counts[1:], stride * start - before, needed, 1, ones)
    needed, size, columns = windows.shape
    if _one_product(steps, groups):
        windows = row_windows(windows, height, count, stride)
        return [windows.reshape((count, groups, height * size // groups, columns))]
    windows = windows.reshape((needed, groups, size // groups, columns))
    return [windows[k * dilation : k * dilation + stride * (count - 1) + 1 : stride] for k in range(height)]


def _side_by_side(blocks: Any) -> Any:
    """(count, sum, columns) -> (sum, count · columns), copied."""
    count, size, columns = blocks.shape
    return blocks.swapaxes(0, 1).reshape((size, count * columns))


# -- the gradient of the weight ----------------------------------------------------------------------


def weight_gradient(
    g: Any, x: Any, *, kernel: tuple[int, ...], stride: Any, padding: Pairs, dilation: Any, groups: int
) -> Any:
    """v[o, c, k] = sum over n, p of g[n, o, p] x[n, c, s p + d k - padding].

    Args:
        g: shape (N, O, *counts).
        x: shape (N, C, *lengths).
        kernel: the lengths of the kernel.
        stride, padding, dilation, groups: as for ``convolve``.

    Returns:
        An array of shape (O, C/groups, *kernel).
    """
    rows, g_rows = to_rows(_planes(x)), to_rows(_planes(g))
    steps = _steps(kernel, stride, padding, dilation)
    counts = _counts(g_rows, steps, rows.shape[:1] + rows.shape[2:-1])
    count, out, *rest = g_rows.shape
    columns = math.prod(rest)
    at_once = _at_once(steps, groups, out, columns)

    def work(start: int, stop: int) -> Any:
        blocks = _blocks(rows, steps, counts, groups, start, stop)
        part = g_rows[start:stop].reshape((stop - start, groups, out // groups, columns))
        if at_once:
            return _product(_side_by_side(blocks[0][:, 0]), _side_by_side(part[:, 0]).T)[None, None]
        part = part.swapaxes(-1, -2)
        sums = [np.add.reduce(block @ part, axis=0) for block in blocks]
        return sums[0][None] if len(sums) == 1 else np.stack(sums)

    size = rows.shape[1] // groups * math.prod(steps.kernel) * columns
    if at_once:
        first = work(0, count)
    else:
        parts = _in_parts(work, count, size * out, size // steps.kernel[0] * groups * rows.dtype.itemsize)
        first, *others = parts
        for other in others:
            first += other
    # (products, groups, sum, O/groups), where sum is (kernel row, channel, kernel) or (channel, kernel)
    channels = rows.shape[1] // groups
    if len(first) == 1:
        first = first.reshape((groups, steps.kernel[0], channels, *steps.kernel[1:], out // groups))
    else:
        first = first.reshape((steps.kernel[0], groups, channels, *steps.kernel[1:], out // groups)).swapaxes(0, 1)
    axes = (0, first.ndim - 1, 2, 1, *range(3, first.ndim - 1))
    return first.transpose(axes).reshape((out, channels, *kernel))


# -- the gradient of the input -----------------------------------------------------------------------


def transposed_convolve(
    g: Any,
    w: Any,
    bias: Any = None,
    *,
    size: tuple[int, ...],
    stride: Any,
    padding: Pairs,
    dilation: Any,
    groups: int,
) -> Any:
    """u[n, c, q] = bias[c] + sum over o and all p, k with s p + d k - padding = q of g[n, o, p] w[o, c, k].

    For stride 1 this is the convolution of g with the weights read backwards: p = q + padding - d k sees, with
    k = K - 1 - k', entry q + d k' - (d (K - 1) - padding).

    Args:
        g: shape (N, O, *counts).
        w: shape (O, C/groups, *kernel).
        bias: shape (C,), or ``None``.
        size: the lengths of the result.
        stride, padding, dilation, groups: as for the convolution of which this is the transpose.

    Returns:
        An array of shape (N, C, *size).
    """
    rows, weights = to_rows(_planes(g)), _planes(w)
    steps = _steps(w.shape[2:], stride, padding, dilation)
    lengths = (1, *size) if len(size) == 1 else size
    _counts(rows, steps, lengths)
    if {*steps.stride} == {1} and w.shape[0] <= w.shape[1] * groups:
        u = _correlate(rows, _backwards(weights, groups), bias, _backward_steps(steps), lengths, groups)
    else:
        u = _scatter(rows, weights, bias, steps, lengths, groups)
    u = from_rows(u)
    return u[:, :, 0] if g.ndim == 3 else u


@lru_cache(maxsize=1024)
def _backward_steps(steps: Steps) -> Steps:
    """The windows through which, for stride 1, the input's gradient sees the output's."""
    before = (d * (k - 1) - b for k, d, (b, _) in zip(steps.kernel, steps.dilation, steps.padding, strict=True))
    return replace(steps, padding=tuple((b, 0) for b in before))


def _backwards(w: Any, groups: int) -> Any:
    """O x C/G x kernel -> C x O/G x kernel, every kernel read from its end."""
    out, channels, *kernel = w.shape
    w = w.reshape((groups, out // groups, channels, *kernel))
    w = w[(..., *(slice(None, None, -1) for _ in kernel))].swapaxes(1, 2)
    return w.reshape((groups * channels, out // groups, *kernel))


def _scatter(g: Any, w: Any, bias: Any, steps: Steps, lengths: tuple[int, ...], groups: int) -> Any:
    """``transposed_convolve`` in rows, for any stride.

    Rows q, q + s, q + 2 s ... of the result are seen through the same rows of the kernel, as in a convolution of
    stride 1. Along the other axes every entry of g adds its multiple of the kernel to the places it comes from.
    """
    counts, images, channels = g.shape[2:-1], g.shape[-1], w.shape[1] * groups
    dtype = np.result_type(g.dtype, w.dtype) if bias is None else np.result_type(g.dtype, w.dtype, bias.dtype)
    u = np.zeros_like(g, shape=(lengths[0], channels, *lengths[1:], images), dtype=dtype, order="C")
    columns = w.reshape((groups, w.shape[0] // groups, *w.shape[1:]))  # a channel of its own for every place along them
    columns = columns.transpose((0, 2, *range(4, w.ndim + 1), 1, 3))
    for phase in range(steps.stride[0]):
        kernel_rows, along, first, count = _phase(steps, lengths[0], phase)
        if not count or not kernel_rows:
            continue
        shape = (channels * math.prod(steps.kernel[1:]), g.shape[1] // groups, len(kernel_rows), *(1 for _ in counts))
        some = columns[..., kernel_rows].reshape(shape)
        part = _correlate(g, some, None, along, (count, *counts), groups)
        part = part.reshape((count, channels, *steps.kernel[1:], *counts, images))
        _add_windows(u[first :: steps.stride[0]], part, boxes(steps.inner, counts, lengths[1:]))
    if bias is not None:
        u += bias.reshape(-1, *(1 for _ in lengths))
    return u


def _add_windows(total: Any, part: Any, places: Any) -> None:
    """Add to every entry of ``total``, row by row, what the windows say about it."""

    def work(start: int, stop: int) -> None:
        for place, windows, entries in places:
            total[(slice(start, stop), slice(None), *entries)] += part[
                (slice(start, stop), slice(None), *place, *windows)
            ]

    _in_parts(work, len(total), MANY if part.size > LARGE else 0, 0)


@lru_cache(maxsize=1024)
def _phase(steps: Steps, length: int, phase: int) -> tuple[list[int], Steps, int, int]:
    """The rows of the result whose number, with the padding before them, is ``phase`` modulo the stride s.

    Row q of the result gets something from row p of g through row k of the kernel if q + before = s p + d k. With
    q + before = s m + phase, that is p = m - (d k - phase) / s, for those k for which it is an integer.

    Returns:
        The rows of the kernel that are involved, the last one first; the windows through which they see g; the
        first row of the result, and how many rows there are.
    """
    height, stride, before, dilation = steps.first
    rows = [k for k in range(height) if (dilation * k - phase) % stride == 0]
    start = -((phase - before) // stride)  # the smallest m for which q is not negative
    first = stride * start + phase - before
    count = max(0, -((first - length) // stride))
    reach = (dilation * rows[-1] - phase) // stride if rows else 0
    ones = tuple(1 for _ in steps.kernel[1:])
    along = Steps(
        (len(rows), *ones),
        (1, *ones),
        ((reach - start, 0), *((0, 0) for _ in ones)),
        (dilation // math.gcd(dilation, stride), *ones),
    )
    return rows[::-1], along, first, count
