"""The windows of pooling: which entries of an axis each of them looks at.

A pooling over several axes is one over the last axis, followed by one over the axis before it, and so on.
Along one axis every window has a first entry, a second entry ...: the j-th entries of all windows
together are a *tap*, a strided slice of the input. So the work is done in a few passes over slices,
without a loop over windows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from autograd_core.errors import explain

from .sizes import per_axis


class Sliding(NamedTuple):
    """Windows of equal size at equal distances along an axis of ``length``, ``out`` of them."""

    length: int
    out: int
    kernel: int
    stride: int
    padding: int
    dilation: int


class Adaptive(NamedTuple):
    """``out`` windows that cover an axis of ``length`` as evenly as may be: from ⌊i n/m⌋ to ⌈(i+1) n/m⌉."""

    length: int
    out: int


Window = Sliding | Adaptive


class Tap(NamedTuple):
    """The j-th entries of the windows.

    Attributes:
        outs: index of the windows that have such an entry.
        entries: index of these entries in the input.
        whole: whether all windows have one.
        fresh: whether they form a slice of entries that no tap before had.
    """

    outs: Any
    entries: Any
    whole: bool
    fresh: bool


@lru_cache(maxsize=1024)
def positions(window: Window) -> Any:
    """Row i: the places in the axis that window i looks at, -1 for a place in the padding or behind the window."""
    if isinstance(window, Sliding):
        start = np.arange(window.out) * window.stride - window.padding
        places = start[:, None] + np.arange(window.kernel) * window.dilation
        return np.where((places >= 0) & (places < window.length), places, -1)
    i = np.arange(window.out)
    start = i * window.length // window.out
    end = -((-(i + 1) * window.length) // window.out)
    places = start[:, None] + np.arange(max(end - start, default=0))
    return np.where(places < end[:, None], places, -1)


@lru_cache(maxsize=1024)
def taps(window: Window, behind: int) -> tuple[Tap, ...]:
    """The taps of a window along the axis that has ``behind`` axes behind it."""
    found = []
    after = (slice(None),) * behind
    seen: set[int] = set()
    for column in positions(window).T:
        (outs,) = np.nonzero(column >= 0)
        if not outs.size:
            continue
        entries = column[outs]
        whole = outs.size == window.out
        if isinstance(window, Sliding):
            o = slice(int(outs[0]), int(outs[-1]) + 1)
            e = slice(int(entries[0]), int(entries[-1]) + 1, window.stride)
            fresh = e.start % window.stride not in seen
            seen.add(e.start % window.stride)
            found.append(Tap(... if whole else (..., o, *after), (..., e, *after), whole, fresh))
        else:
            found.append(Tap(... if whole else (..., outs, *after), (..., entries, *after), whole, False))
    return tuple(found)


@lru_cache(maxsize=1024)
def joint_taps(windows: tuple[Window, ...]) -> tuple[Any, ...]:
    """The taps of small windows that tile the input over all axes, as indices in the order of memory.

    Empty for other windows.
    """
    count = math.prod(window.kernel if isinstance(window, Sliding) else 9 for window in windows)
    if not 1 < count <= 8 or not all(tiles(window) for window in windows):
        return ()
    slices = [[slice(j, None, w.kernel) for j in range(w.kernel)] for w in windows if isinstance(w, Sliding)]
    return tuple((..., *joint) for joint in itertools.product(*slices))


def is_trivial(window: Window) -> bool:
    """Whether window i is entry i alone."""
    return isinstance(window, Sliding) and window[2:] == (1, 1, 0, 1)


def tiles(window: Window) -> bool:
    """Whether the windows are the axis cut into pieces of one length."""
    if isinstance(window, Adaptive):
        return False
    length, out, kernel, stride, padding, dilation = window
    return kernel == stride and padding == 0 and dilation == 1 and out * kernel == length


def check_lengths(x: Any, lengths: tuple[int, ...]) -> None:
    """Raise if the last axes of ``x`` do not have these lengths.

    Raises:
        ValueError: naming both.
    """
    if x.shape[x.ndim - len(lengths) :] != lengths:
        raise ValueError(
            explain(
                "operation along the last axes",
                expected=f"an array that ends in axes of {lengths} entries",
                got=f"shape {x.shape}",
                remedy="call the function of nn.functional, which works out the windows",
            )
        )


def counts(window: Window, include_pad: bool) -> Any:
    """How many entries each window has, those in the padding included or not."""
    if include_pad and isinstance(window, Sliding):
        start = np.arange(window.out) * window.stride - window.padding
        return np.minimum(start + window.kernel, window.length + window.padding) - start
    return (positions(window) >= 0).sum(axis=1)


def spatial_shape(operation: str, input: Any, axes: int) -> tuple[int, ...]:
    """The lengths of the last ``axes`` axes of an input of shape (N, C, ...) or (C, ...).

    Raises:
        ValueError: for an input of another number of axes.
    """
    if input.ndim not in (axes + 1, axes + 2):
        names = ("L", "H, W", "D, H, W")[axes - 1]
        raise ValueError(
            explain(
                operation,
                expected=f"an input of shape (N, C, {names}) or (C, {names})",
                got=f"shape {input.shape}",
                remedy="add the missing axes: x[None] adds one in front",
            )
        )
    return input.shape[-axes:]


def hashable(value: Any) -> Any:
    """Sizes given as a list or an array as a tuple."""
    return tuple(value) if isinstance(value, list | np.ndarray) else value


def sliding(
    operation: str,
    shape: tuple[int, ...],
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> tuple[Sliding, ...]:
    """The windows along each axis of an input, from the arguments of a pooling.

    Args:
        operation: who asks, for the error.
        shape: the lengths of the axes.
        kernel_size, stride, padding, dilation: one integer, or one per axis; ``stride=None`` for kernel_size.
        ceil_mode: whether a last window may reach beyond the padded input.

    Raises:
        TypeError, ValueError: for arguments that are no sizes, or that do not fit each other or the input.
    """
    return _sliding(
        operation, shape, hashable(kernel_size), hashable(stride), hashable(padding), hashable(dilation), ceil_mode
    )


@lru_cache(maxsize=1024)
def _sliding(
    operation: str, shape: tuple[int, ...], kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[Sliding, ...]:
    sizes = check_sizes(operation, len(shape), kernel_size, stride, padding, dilation)
    windows = []
    for n, k, s, p, d in zip(shape, *sizes, strict=True):
        room = n + 2 * p - d * (k - 1) - 1
        out = (-(-room // s) if ceil_mode else room // s) + 1
        if ceil_mode and (out - 1) * s >= n + p:  # the last window must start inside the input or the left padding
            out -= 1
        if out < 1:
            raise ValueError(
                explain(
                    operation,
                    expected=f"an input of at least {d * (k - 1) + 1 - 2 * p} entries along every pooled axis",
                    got=f"lengths {shape} for kernel_size={kernel_size}, padding={padding}, dilation={dilation}",
                    remedy="use a smaller kernel_size, or pool less often",
                )
            )
        windows.append(Sliding(n, out, k, s, p, d))
    return tuple(windows)


def check_sizes(
    operation: str, axes: int, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1
) -> tuple[tuple[int, ...], ...]:
    """kernel_size, stride, padding and dilation, each with one integer per axis.

    Raises:
        TypeError, ValueError: naming the argument that is wrong.
    """
    kernel = per_axis(kernel_size, axes, operation, "kernel_size", least=1)
    strides = kernel if stride is None or stride == () else per_axis(stride, axes, operation, "stride", least=1)
    paddings = per_axis(padding, axes, operation, "padding")
    dilations = per_axis(dilation, axes, operation, "dilation", least=1)
    for k, p, d in zip(kernel, paddings, dilations, strict=True):
        if 2 * p > d * (k - 1) + 1:
            raise ValueError(
                explain(
                    operation,
                    expected="padding of at most half the (dilated) kernel, so that no window is all padding",
                    got=f"padding={padding} for kernel_size={kernel_size} and dilation={dilation}",
                    remedy="pass a smaller padding, or pad the input with F.pad",
                )
            )
    return kernel, strides, paddings, dilations


def adaptive(operation: str, shape: tuple[int, ...], output_size: Any) -> tuple[Window, ...]:
    """The windows for a given number of outputs along each axis.

    Args:
        operation: who asks, for the error.
        shape: the lengths of the axes.
        output_size: one integer or ``None``, or one of these per axis; ``None`` keeps the axis' length.

    Raises:
        TypeError, ValueError: for something else.
    """
    sizes = check_output_size(operation, len(shape), output_size)
    windows: list[Window] = []
    for n, size in zip(shape, sizes, strict=True):
        m = n if size is None else size
        if n == 0 and m:
            raise ValueError(
                explain(
                    operation,
                    expected="at least one entry along every pooled axis",
                    got=f"lengths {shape}",
                    remedy="pass an input that is not empty",
                )
            )
        windows.append(Sliding(n, m, n // m, n // m, 0, 1) if m and n % m == 0 else Adaptive(n, m))
    return tuple(windows)


def check_output_size(operation: str, axes: int, output_size: Any) -> tuple[int | None, ...]:
    """``output_size`` with one integer, or ``None``, per axis.

    Raises:
        TypeError, ValueError: if it is something else.
    """
    given: Sequence[Any] = tuple(output_size) if isinstance(output_size, list | tuple) else (output_size,) * axes
    if len(given) != axes:
        raise ValueError(
            explain(
                operation,
                expected=f"output_size to be one integer or {axes} (None keeps a length)",
                got=repr(output_size),
                remedy="pass output_size=1, say",
            )
        )
    return tuple(None if n is None else per_axis(n, 1, operation, "output_size")[0] for n in given)
