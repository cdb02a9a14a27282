"""Average pooling: the mean of every window, and the root of its mean power."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.ops.indexing import accumulate
from autograd_core.primitive import Primitive, define

from ..explicit import wants_parts
from ..pooling_windows import (
    Sliding,
    Window,
    adaptive,
    check_lengths,
    counts,
    is_trivial,
    positions,
    sliding,
    spatial_shape,
    taps,
    tiles,
)
from ..sizes import check_integer, check_number
from .max_pooling import max_pool1d, max_pool2d, max_pool3d

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
]


def _axes(windows: tuple[Window, ...]) -> Iterator[tuple[Window, int]]:
    """The windows that do something, the last axis first, each with the number of axes behind it."""
    for behind, window in enumerate(reversed(windows)):
        if not is_trivial(window):
            yield window, behind


def _in_rows(window: Window) -> bool:
    """Whether the windows are the rows of the axis cut into pieces, long enough to work on whole rows."""
    return isinstance(window, Sliding) and tiles(window) and window.kernel > 8


def _cut(shape: tuple[int, ...], window: Any, behind: int) -> tuple[int, ...]:
    """The shape of the input with the axis cut into one row per window."""
    axis = len(shape) - 1 - behind
    return (*shape[:axis], window.out, window.kernel, *shape[axis + 1 :])


def _sum_along(x: Any, window: Window, behind: int) -> Any:
    if _in_rows(window):
        return np.add.reduce(x.reshape(_cut(x.shape, window, behind)), axis=-1 - behind)
    whole = [tap for tap in taps(window, behind) if tap.whole]
    others = [tap for tap in taps(window, behind) if not tap.whole]
    if len(whole) > 1:
        y = x[whole[0].entries] + x[whole[1].entries]
    elif whole:
        y = np.copy(x[whole[0].entries])
    else:
        axis = x.ndim - 1 - behind
        y = np.zeros_like(x, shape=(*x.shape[:axis], window.out, *x.shape[axis + 1 :]))
    for tap in whole[2:] + others:
        y[tap.outs] += x[tap.entries]
    return y


def _spread_along(g: Any, window: Window, behind: int) -> Any:
    """The transpose: every entry of ``g`` added to the entries of its window."""
    axis = g.ndim - 1 - behind
    shape = (*g.shape[:axis], window.length, *g.shape[axis + 1 :])
    if _in_rows(window):
        total = np.empty_like(g, shape=_cut(shape, window, behind))
        total[...] = np.expand_dims(g, axis + 1)
        return total.reshape(shape)
    total = np.empty_like(g, shape=shape) if tiles(window) else np.zeros_like(g, shape=shape)
    for tap in taps(window, behind):
        if tap.fresh:
            total[tap.entries] = g[tap.outs]
        elif isinstance(window, Sliding):
            total[tap.entries] += g[tap.outs]
        else:
            total = accumulate(total, tap.entries, g[tap.outs])
    return total


def _factor(windows: tuple[Window, ...], include_pad: bool, divisor: int | None, x: Any) -> Any:
    """One over the number of entries of each window: a number if all have equally many."""
    if divisor is not None:
        return 1.0 / divisor
    sizes = [counts(window, include_pad) for window in windows]
    if all(size.size and (size == size[0]).all() for size in sizes):
        return 1.0 / math.prod(int(size[0]) for size in sizes)
    product = np.ones((), dtype=np.int64)
    for size in sizes:
        product = np.multiply.outer(product, size)
    return np.array((1.0 / product).tolist(), dtype=x.dtype, like=x).reshape(product.shape)


def _is_global(windows: tuple[Window, ...]) -> bool:
    """Whether there is one window, which is the whole plane."""
    return all(window.out == 1 and tiles(window) for window in windows)


def _averages(x: Any, windows: tuple[Window, ...], include_pad: bool, divisor: int | None) -> Any:
    check_lengths(x, tuple(window.length for window in windows))
    y = x
    if _is_global(windows):
        lead = x.shape[: x.ndim - len(windows)]
        plane = math.prod(window.length for window in windows)
        y = np.add.reduce(x.reshape((*lead, plane)), axis=-1).reshape(lead + (1,) * len(windows))
    else:
        for window, behind in _axes(windows):
            y = _sum_along(y, window, behind)
    if y is x:
        return x * _factor(windows, include_pad, divisor, x)
    y *= _factor(windows, include_pad, divisor, x)
    return y


def _spread(g: Any, windows: tuple[Window, ...], include_pad: bool, divisor: int | None) -> Any:
    check_lengths(g, tuple(window.out for window in windows))
    g = g * _factor(windows, include_pad, divisor, g)
    if _is_global(windows):
        return np.copy(np.broadcast_to(g, g.shape[: g.ndim - len(windows)] + tuple(w.length for w in windows)))
    for window, behind in reversed(list(_axes(windows))):
        g = _spread_along(g, window, behind)
    return g


_avg_pool: Primitive = define(
    "avg_pool",
    _averages,
    lambda g, out, x, **window: _transposed(g, **window),
    formulas="1/n in the window",
    symbol="avg pool",
    doc="The mean of every window, over the last axes.",
)
_transposed: Primitive = define(
    "avg_pool_spread",
    _spread,
    lambda gg, out, g, **window: _avg_pool(gg, **window),
    formulas="1/n in the window",
    doc="Every entry shared out among the entries of its window: the transpose of average pooling.",
)


def _parts(x: Any, windows: tuple[Window, ...], include_pad: bool, divisor: int | None) -> Any:
    """Average pooling in elementary operations: all windows side by side, and their sums."""
    factor = _factor(windows, include_pad, divisor, x._data if isinstance(x, Tensor) else x)
    for window, behind in _axes(windows):
        places = positions(window)
        rest = (slice(None),) * behind
        entries = x[(..., np.maximum(places, 0), *rest)]
        inside = np.reshape(places >= 0, places.shape + (1,) * behind)
        x = np.sum(np.where(inside, entries, 0.0), axis=entries.ndim - 1 - behind)
    return x * factor


def _pool(input: Any, windows: tuple[Window, ...], include_pad: bool = True, divisor: int | None = None) -> Any:
    if wants_parts():
        return _parts(input, windows, include_pad, divisor)
    return _avg_pool(input, windows=windows, include_pad=include_pad, divisor=divisor)


def _check_float(operation: str, input: Any) -> None:
    if input.dtype.kind not in "fc":
        raise TypeError(
            explain(
                operation,
                expected="floating-point numbers, whose mean is one too",
                got=f"dtype {input.dtype}",
                remedy="convert the input: x.astype('float32')",
            )
        )


def _average(
    operation: str,
    axes: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None = None,
) -> Any:
    shape = spatial_shape(operation, input, axes)
    _check_float(operation, input)
    if divisor_override is not None:
        check_integer(operation, "divisor_override", divisor_override)
    if divisor_override is not None and divisor_override == 0:
        raise ValueError(
            explain(
                operation, expected="divisor_override not to be 0", got="0", remedy="pass None for the window's size"
            )
        )
    windows = sliding(operation, shape, kernel_size, stride, padding, 1, ceil_mode)
    return _pool(input, windows, bool(count_include_pad), divisor_override)


def _adaptive(operation: str, axes: int, input: Any, output_size: Any) -> Any:
    shape = spatial_shape(operation, input, axes)
    _check_float(operation, input)
    return _pool(input, adaptive(operation, shape, output_size))


def avg_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of every window along the last axis; see ``avg_pool2d``.

    Args:
        input: shape (N, C, L) or (C, L).
        kernel_size, stride, padding, ceil_mode, count_include_pad: see ``avg_pool2d``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.avg_pool1d(ag.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[2., 1.]])
    """
    return _average("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of every window over the last two axes.

    y[i, j] = 1/n · the sum over a, b < kernel_size of x[i s + a - p, j s + b - p], where the padding holds 0.
    Every entry of the window gets 1/n of the gradient. There are as many windows as in ``max_pool2d``.

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        kernel_size: an integer, or one per axis, as for all sizes here.
        stride: the distance s of the windows; kernel_size if left out.
        padding: how far windows may reach over both ends, at most half the kernel.
        ceil_mode: whether there is a last window that is not full.
        count_include_pad: whether n counts the entries in the padding.
        divisor_override: n itself.

    Returns:
        A Tensor of shape (N, C, H', W') or (C, H', W').

    Raises:
        TypeError, ValueError: for sizes that do not fit each other or the input, and for integers as input.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.avg_pool2d(ag.tensor([[[1.0, 3.0, 0.0, 2.0], [4.0, 2.0, 1.0, 5.0]]]), 2)
    tensor([[[2.5, 2. ]]])
    """
    return _average(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of every window over the last three axes; see ``avg_pool2d``.

    Args:
        input: shape (N, C, D, H, W) or (C, D, H, W).
        kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override: see ``avg_pool2d``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.avg_pool3d(ag.arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[3.5]]]])
    """
    return _average(
        "avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """The means of ``output_size`` windows that cover the last axis; see ``adaptive_avg_pool2d``.

    Args:
        input: shape (N, C, L) or (C, L).
        output_size: see ``adaptive_avg_pool2d``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.adaptive_avg_pool1d(ag.tensor([[1.0, 3.0, 2.0]]), 2)
    tensor([[2. , 2.5]])
    """
    return _adaptive("adaptive_avg_pool1d", 1, input, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """The means of as many windows as are asked for, over the last two axes.

    Along an axis of n entries with m outputs, window i reaches from ⌊i n/m⌋ to ⌈(i + 1) n/m⌉ - 1. Every
    entry of a window of k entries gets 1/k of its gradient.

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        output_size: an integer, or a pair; ``None`` in its place keeps the length of the axis.

    Returns:
        A Tensor with ``output_size`` in place of the last axes.

    Raises:
        TypeError, ValueError: for another output_size, an empty input, or integers as input.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.adaptive_avg_pool2d(ag.arange(12.0).reshape(1, 3, 4), 1)
    tensor([[[5.5]]])
    """
    return _adaptive("adaptive_avg_pool2d", 2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """The means of windows that cover the last three axes; see ``adaptive_avg_pool2d``.

    Args:
        input: shape (N, C, D, H, W) or (C, D, H, W).
        output_size: see ``adaptive_avg_pool2d``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.adaptive_avg_pool3d(ag.arange(8.0).reshape(1, 2, 2, 2), 1)
    tensor([[[[3.5]]]])
    """
    return _adaptive("adaptive_avg_pool3d", 3, input, output_size)


# -- norms of windows --------------------------------------------------------------------------------


def check_norm_type(operation: str, norm_type: float) -> None:
    """Refuse what is no power of a norm.

    Raises:
        TypeError: for something else than a number.
        ValueError: for 0.
    """
    check_number(operation, "norm_type", norm_type)
    if norm_type == 0:
        raise ValueError(
            explain(operation, expected="norm_type other than 0", got=repr(norm_type), remedy="pass norm_type=2, say")
        )


def _norms(
    operation: str, axes: int, input: Any, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Any:
    check_norm_type(operation, norm_type)
    if math.isinf(norm_type):
        maximum = (max_pool1d, max_pool2d, max_pool3d)[axes - 1]
        return maximum(np.abs(input), kernel_size, stride, 0, 1, ceil_mode)
    shape = spatial_shape(operation, input, axes)
    _check_float(operation, input)
    windows = sliding(operation, shape, kernel_size, stride, 0, 1, ceil_mode)
    sizes = _window_size(windows)
    powers = input if norm_type == 1 else np.power(input, norm_type)
    total = _pool(powers, windows) * sizes
    if norm_type == 1:
        return total
    # The root has no derivative at 0; there it is not taken, so that the gradient is 0.
    positive = total != 0
    return np.where(positive, np.power(np.where(positive, total, 1.0), 1.0 / norm_type), 0.0)


def _window_size(windows: tuple[Sliding, ...]) -> float:
    """How many entries a full window has."""
    return float(math.prod(window.kernel for window in windows))


def lp_pool1d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """The root (sum of x^p)^(1/p) of every window along the last axis; see ``lp_pool2d``.

    Args:
        input: shape (N, C, L) or (C, L).
        norm_type, kernel_size, stride, ceil_mode: see ``lp_pool2d``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.lp_pool1d(ag.tensor([[3.0, 4.0, 0.0, 0.0]]), 2, 2)
    tensor([[5., 0.]])
    """
    return _norms("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """The root y = (sum of x^p)^(1/p) of every window over the last two axes.

    Gradient: (x / y)^(p-1), and 0 where the sum is 0. As in PyTorch x^p is taken of x, not of |x|, so odd p
    are for inputs that are not negative; p = ∞ gives the largest |x|. With ``ceil_mode``, the sum of a
    window that is not full is scaled up to a full one.

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        norm_type: p.
        kernel_size: an integer, or one per axis.
        stride: the distance of the windows; kernel_size if left out.
        ceil_mode: whether there is a last window that is not full.

    Returns:
        A Tensor of shape (N, C, H', W') or (C, H', W').

    Raises:
        TypeError, ValueError: for sizes that do not fit the input, and for integers as input.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.lp_pool2d(ag.tensor([[[1.0, 1.0], [1.0, 1.0]]]), 2, 2)
    tensor([[[2.]]])
    """
    return _norms("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """The root (sum of x^p)^(1/p) of every window over the last three axes; see ``lp_pool2d``.

    Args:
        input: shape (N, C, D, H, W) or (C, D, H, W).
        norm_type, kernel_size, stride, ceil_mode: see ``lp_pool2d``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.lp_pool3d(ag.ones((1, 2, 2, 2)), 3, 2)
    tensor([[[[2.]]]])
    """
    return _norms("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode)
