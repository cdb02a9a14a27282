"""Sliding windows over the spatial axes of images, and the products of convolution computed with them.

Everything here is plain NumPy on plain arrays; derivatives are the business of ``convolution`` and ``folding``.

Images are N x C x H x W outside. Inside, their axes stand in the order (H, C, W, N), which is called *rows*
here: row h of all images is one block of memory, with the channels in it one after the other, and the images
innermost. This order has two advantages:

- What a kernel sees of row h are the rows s h ... s h + K-1, which lie side by side. Read as a matrix whose
  rows are all (row of the kernel, channel) pairs and whose columns are all (column of the image, image) pairs,
  the K blocks are a matrix as they lie: windows along H need no copy, since the matrices of neighbouring rows
  may share memory.
- Along W a copy of the row is needed for every column of the kernel. A copy shifts long stretches of memory,
  since the images are innermost.

So a convolution copies its input as often as the kernel is wide, not as often as it has entries, and then
computes one matrix product per row of the output, (out channels) x (K C K) times (K C K) x (W N). With three
spatial axes (D, C, H, W, N) stands for the same idea, and windows along H and W are copied.

Results are views with the axes in the usual order; what is computed from them keeps the order of memory.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from autograd_core import memory
from autograd_core.blocks import LARGE
from autograd_core.errors import explain

Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Steps:
    """How windows lie on the spatial axes: window p sees the entries s p + d k - (padding before), k = 0, 1 ...

    Attributes:
        kernel: how many entries a window sees along each axis.
        stride: s, how far neighbouring windows are apart.
        padding: how many zeros are thought before and after each axis.
        dilation: d, how far apart the entries of one window are.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Pairs
    dilation: tuple[int, ...]

    def counts(self, lengths: tuple[int, ...], operation: str = "convolution") -> tuple[int, ...]:
        """How many windows there are along axes of ``lengths``; ``operation`` is who asks, for the error.

        Raises:
            ValueError: if there is none.
        """
        found = _counts(self, lengths)
        if min(found) < 1:
            raise ValueError(
                explain(
                    operation,
                    expected="an input that, with its padding, is as long as the kernel, with its dilation, or longer",
                    got=f"lengths {lengths}, padding {self.padding}, kernel {self.kernel}, dilation {self.dilation}",
                    remedy="pad the input, or use a smaller kernel",
                )
            )
        return found

    @cached_property
    def inner(self) -> Steps:
        """The same for all axes but the first."""
        return Steps(self.kernel[1:], self.stride[1:], self.padding[1:], self.dilation[1:])

    @cached_property
    def first(self) -> tuple[int, int, int, int]:
        """Kernel, stride, padding before and dilation of the first axis."""
        return self.kernel[0], self.stride[0], self.padding[0][0], self.dilation[0]

    @cached_property
    def are_trivial(self) -> bool:
        """Whether window p sees entry p and nothing else."""
        ones = {*self.kernel, *self.stride} <= {1}
        return ones and not any(before for before, _ in self.padding)


@lru_cache(maxsize=1024)
def _counts(steps: Steps, lengths: tuple[int, ...]) -> tuple[int, ...]:
    axes = zip(lengths, steps.kernel, steps.stride, steps.padding, steps.dilation, strict=True)
    return tuple((length + sum(pad) - d * (k - 1) - 1) // s + 1 for length, k, s, pad, d in axes)


@lru_cache(maxsize=1024)
def boxes(steps: Steps, counts: tuple[int, ...], lengths: tuple[int, ...]) -> tuple[tuple[Any, Any, Any], ...]:
    """For every place of the kernel: the place, which windows see an entry there, and which entries these are.

    >>> steps = Steps(kernel=(2,), stride=(1,), padding=((1, 0),), dilation=(1,))
    >>> boxes(steps, (3,), (3,))  # window 0 sees the padding and entry 0, window 1 sees entries 0 and 1 ...
    (((0,), (slice(1, 3, None),), (slice(0, 2, 1),)), ((1,), (slice(0, 3, None),), (slice(0, 3, 1),)))
    """
    found = []
    for place in itertools.product(*map(range, steps.kernel)):
        windows, entries = [], []
        for axis, k in enumerate(place):
            offset = steps.dilation[axis] * k - steps.padding[axis][0]
            some, theirs = seen(counts[axis], lengths[axis], offset, steps.stride[axis])
            windows.append(some)
            entries.append(theirs)
        found.append((place, tuple(windows), tuple(entries)))
    return tuple(found)


def seen(count: int, length: int, offset: int, stride: int) -> tuple[slice, slice]:
    """Which windows p of ``count`` see an entry s p + offset of an axis of ``length``, and which entries these are.

    >>> seen(count=4, length=6, offset=-1, stride=2)  # windows 1, 2, 3 see entries 1, 3, 5
    (slice(1, 4, None), slice(1, 6, 2))
    """
    first = max(0, -(offset // stride))
    last = min(count, (length - 1 - offset) // stride + 1)
    if first >= last:
        return slice(0, 0), slice(0, 0)
    start = first * stride + offset
    return slice(first, last), slice(start, start + (last - first - 1) * stride + 1, stride)


def to_rows(images: Any) -> Any:
    """N x C x H x ... as a view of H x C x ... x N."""
    return images.transpose((2, 1, *range(3, images.ndim), 0))


def from_rows(rows: Any) -> Any:
    """H x C x ... x N as a view of N x C x H x ..."""
    return rows.transpose((rows.ndim - 1, 1, 0, *range(2, rows.ndim - 1)))


def room(shape: tuple[int, ...], like: Any, dtype: Any = None) -> Any:
    """An array of ``shape`` to be filled."""
    dtype = like.dtype if dtype is None else dtype
    if type(like) is np.ndarray and math.prod(shape) > LARGE:
        return memory.empty(shape, dtype)
    return np.empty_like(like, shape=shape, dtype=dtype, order="C")


def spread(
    rows: Any, steps: Steps, counts: tuple[int, ...], start: int, count: int, step: int = 1, ones: bool = False
) -> Any:
    """Windows along all spatial axes but the first, as one matrix per row.

    Args:
        rows: shape (H, C, *lengths, N).
        steps: the windows along ``lengths``.
        counts: how many windows.
        start, count, step: which rows: ``start``, ``start + step`` ...; those that do not exist are zeros.
        ones: whether every matrix gets a last row of ones. Not where ``steps.are_trivial``.

    Returns:
        An array of shape (count, C · kernel, counts · N), whose entry [h, (c, *k), (*p, n)] is entry
        [start + step h, c, *(s p + d k - padding before), n] of ``rows``.
    """
    channels, *lengths, images = rows.shape[1:]
    size, columns = channels * math.prod(steps.kernel), math.prod(counts) * images
    inside, present = seen(count, rows.shape[0], start, step)
    rows = rows[present]
    if inside == slice(0, count) and counts == tuple(lengths) and steps.are_trivial:
        return rows.reshape((count, size, columns))
    if type(rows) is np.ndarray and rows.strides[-1] != rows.itemsize and images > 1:
        rows = np.ascontiguousarray(rows)  # one slow copy, not one for each place of the kernel
    matrices = room((count, size + ones, columns), rows)
    matrices[: inside.start] = 0
    matrices[inside.stop :] = 0
    if ones:
        matrices[:, -1] = 1
    windows = matrices[inside, :size]
    windows = windows.reshape((windows.shape[0], channels, *steps.kernel, *counts, images))
    for place, here, there in boxes(steps, counts, tuple(lengths)):
        at = (slice(None), slice(None), *place)
        for axis, (stretch, n) in enumerate(zip(here, counts, strict=True)):
            before_it = (slice(None),) * axis
            for border in (slice(0, stretch.start), slice(stretch.stop, n)):
                if border.start < border.stop:
                    windows[(*at, *before_it, border)] = 0
        windows[(*at, *here)] = rows[(slice(None), slice(None), *there)]
    return matrices


def row_windows(rows: Any, kernel: int, count: int, stride: int) -> Any:
    """Windows along the first axis, as a view of shape (count, kernel, *the other axes)."""
    if type(rows) is np.ndarray:
        first = rows.strides[0]
        shape, strides = (count, kernel, *rows.shape[1:]), (stride * first, first, *rows.strides[1:])
        if rows.flags.c_contiguous:
            return np.ndarray(shape, rows.dtype, rows, 0, strides)  # as as_strided, in less time
        return as_strided(rows, shape, strides)
    windows = sliding_window_view(rows, kernel, axis=0)[: stride * (count - 1) + 1 : stride]
    return np.moveaxis(windows, -1, 1)
