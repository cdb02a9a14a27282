"""Max pooling over windows at random distances, and the way back from max pooling."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.ops.gathering import scatter_along
from autograd_core.primitive import Primitive, define
from autograd_core.values import as_value, entries_of

from ..pooling_windows import check_sizes, spatial_shape
from ..random import default_generator
from ..sizes import per_axis

__all__ = [
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]


def _flat(x: Any, axes: int) -> Any:
    """``x`` with its last ``axes`` axes as one."""
    return np.reshape(x, (*x.shape[: x.ndim - axes], math.prod(x.shape[x.ndim - axes :])))


def _picked(x: Any, indices: Any, axes: int) -> Any:
    """The entries of ``x`` at indices into its flattened last axes."""
    return np.reshape(np.take_along_axis(_flat(x, axes), _flat(indices, axes), axis=-1), indices.shape)


# -- fractional max pooling --------------------------------------------------------------------------


def _starts(samples: Any, length: int, kernel: int, out: int) -> Any:
    """The first entries of ``out`` windows, at distances that alternate in a pseudo-random order."""
    if out == 1:
        return np.zeros_like(samples, shape=(*samples.shape, 1), dtype=np.int64) + (length - kernel)
    alpha = samples.dtype.type(length - kernel) / samples.dtype.type(out - 1)
    number = np.arange(out - 1, dtype=samples.dtype, like=samples)
    sample = samples[..., None]
    starts = ((number + sample) * alpha).astype(np.int64) - (sample * alpha).astype(np.int64)
    last = np.zeros_like(starts, shape=(*samples.shape, 1)) + (length - kernel)
    return np.concatenate([starts, last], axis=-1)


def _located(x: Any, samples: Any, kernel: tuple[int, ...], counts: tuple[int, ...]) -> Any:
    """The place of the maximum of every window in the flattened last axes: of NaN the last, of equal ones the first."""
    axes = len(kernel)
    lead, plane = x.shape[: x.ndim - axes], x.shape[x.ndim - axes :]
    # Of two samples per plane the first belongs to the last axis; of three, the first to the first.
    order = (1, 0) if axes == 2 else (0, 1, 2)
    samples = samples.reshape((*lead, axes))
    starts = []
    for axis in range(axes):
        first = _starts(samples[..., order[axis]], plane[axis], kernel[axis], counts[axis])
        shape = lead + tuple(counts[axis] if i == axis else 1 for i in range(axes))
        starts.append(first.reshape(shape))
    strides = [math.prod(plane[axis + 1 :]) for axis in range(axes)]
    best = chosen = None
    for offsets in itertools.product(*map(range, kernel)):
        place = sum((start + offset) * stride for start, offset, stride in zip(starts, offsets, strides, strict=True))
        entries = _picked(x, place, axes)
        if best is None:
            best, chosen = entries, place
        else:
            better = (entries > best) | np.isnan(entries)
            best, chosen = np.where(better, entries, best), np.where(better, place, chosen)
    return chosen


_locate = define(
    "fractional_max_pool_indices",
    _located,
    None,
    None,
    doc="The place of the maximum of every window of a fractional max pooling in the flattened last axes.",
)


def _fractional_rule(g: Any, out: Any, x: Any, samples: Any, **window: Any) -> Any:
    axes = len(window["kernel"])
    places = _flat(_locate(x, samples, **window), axes)
    shape = (*x.shape[: x.ndim - axes], math.prod(x.shape[x.ndim - axes :]))
    return np.reshape(scatter_along(_flat(g, axes), places, shape=shape, axis=-1, unique=False), x.shape)


_fractional_max_pool = define(
    "fractional_max_pool",
    lambda x, samples, kernel, counts: _picked(x, _located(x, samples, kernel, counts), len(kernel)),
    _fractional_rule,
    None,
    formulas=("1 at the maximum", "0"),
    symbol="max pool",
    doc="The largest entry of every window, where windows lie at random distances.",
)


def _output_size(operation: str, shape: tuple[int, ...], output_size: Any, output_ratio: Any) -> tuple[int, ...]:
    axes = len(shape)
    if (output_size is None) == (output_ratio is None):
        raise ValueError(
            explain(
                operation,
                expected="either output_size or output_ratio",
                got="both" if output_size is not None else "neither",
                remedy="pass output_ratio=0.7, say",
            )
        )
    if output_size is not None:
        return per_axis(output_size, axes, operation, "output_size", least=1)
    ratios = tuple(output_ratio) if isinstance(output_ratio, list | tuple) else (output_ratio,) * axes
    if len(ratios) != axes or not all(0 < ratio < 1 for ratio in ratios):
        raise ValueError(
            explain(
                operation,
                expected=f"output_ratio to be one number or {axes}, between 0 and 1",
                got=repr(output_ratio),
                remedy="pass output_ratio=0.7, say",
            )
        )
    return tuple(int(n * ratio) for n, ratio in zip(shape, ratios, strict=True))


def _samples(operation: str, input: Any, axes: int, given: Any) -> Any:
    """Random numbers in [0, 1), one per plane and axis."""
    planes = (1, *input.shape[:1]) if input.ndim == axes + 1 else input.shape[:2]
    if given is None:
        return default_generator().random((*planes, axes)).astype(input.dtype)
    samples = given._data if isinstance(given, Tensor) else np.asarray(given)
    if samples.shape != (*planes, axes) or samples.dtype.kind != "f":
        raise ValueError(
            explain(
                operation,
                expected=f"_random_samples of floating-point numbers in [0, 1) and shape {(*planes, axes)}",
                got=f"dtype {samples.dtype} and shape {samples.shape}",
                remedy="leave them out to have them drawn",
            )
        )
    values = given if isinstance(given, Tensor) else samples
    return values if samples.dtype == input.dtype else values.astype(input.dtype)


def _fractional(
    operation: str, axes: int, input: Any, kernel_size: Any, output_size: Any, output_ratio: Any, samples: Any
) -> tuple[Any, dict[str, Any], Any]:
    shape = spatial_shape(operation, input, axes)
    kernel = per_axis(kernel_size, axes, operation, "kernel_size", least=1)
    out = _output_size(operation, shape, output_size, output_ratio)
    if any(m < 1 or m + k - 1 > n for n, m, k in zip(shape, out, kernel, strict=True)):
        raise ValueError(
            explain(
                operation,
                expected=f"from 1 to input length - kernel_size + 1 outputs along every axis of {shape}",
                got=f"{out} outputs for kernel_size={kernel_size}",
                remedy="ask for fewer outputs, or use a smaller kernel",
            )
        )
    samples = _samples(operation, input, axes, samples)
    window = {"kernel": kernel, "counts": out}
    return _fractional_max_pool(input, samples, **window), window, samples


def _fractional_with_indices(operation: str, axes: int, input: Any, *arguments: Any) -> tuple[Any, Any]:
    y, window, samples = _fractional(operation, axes, input, *arguments)
    return y, _locate(input, samples, **window)


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:
    """The largest entry of windows whose distances are drawn at random, over the last two axes.

    With n entries, m windows of k entries and a random number u along an axis, α = (n - k)/(m - 1), window
    i < m - 1 starts at ⌊(i + u) α⌋ - ⌊u α⌋ and the last one at n - k. So an axis can be shortened by a factor
    that is no integer. Gradients as for ``max_pool2d``.

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        kernel_size: an integer, or one per axis.
        output_size: how many windows, an integer or a pair.
        output_ratio: instead, the ratio of windows to entries, below 1: a number or a pair.
        return_indices: whether to return the places of the maxima too.
        _random_samples: numbers in [0, 1) of shape (N, C, 2), with N = 1 for an input of shape (C, H, W): one
            for the last axis and one for the axis before; drawn if left out.

    Returns:
        A Tensor with the last axes shortened; with ``return_indices`` a pair with the indices into the
        flattened last two axes.

    Raises:
        TypeError, ValueError: for sizes that do not fit the input, for both or none of output_size and
            output_ratio, and for samples of another shape.

    Source: Graham, "Fractional max-pooling", 2014.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.fractional_max_pool2d(ag.arange(9.0).reshape(1, 3, 3), 2, output_size=2, _random_samples=[[[0.5, 0.5]]])
    tensor([[[4., 5.],
             [7., 8.]]])
    """
    arguments = (input, kernel_size, output_size, output_ratio, _random_samples)
    if return_indices:
        return _fractional_with_indices("fractional_max_pool2d", 2, *arguments)
    return _fractional("fractional_max_pool2d", 2, *arguments)[0]


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:
    """The largest entry of windows at random distances over the last three axes; see ``fractional_max_pool2d``.

    Args:
        input: shape (N, C, D, H, W) or (C, D, H, W).
        kernel_size, output_size, output_ratio, return_indices: see ``fractional_max_pool2d``.
        _random_samples: numbers in [0, 1) of shape (N, C, 3), one per axis in order; drawn if left out.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.fractional_max_pool3d(ag.arange(8.0).reshape(1, 2, 2, 2), 2, output_size=1)
    tensor([[[[7.]]]])
    """
    arguments = (input, kernel_size, output_size, output_ratio, _random_samples)
    if return_indices:
        return _fractional_with_indices("fractional_max_pool3d", 3, *arguments)
    return _fractional("fractional_max_pool3d", 3, *arguments)[0]


def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> tuple[Tensor, Tensor]:
    """``fractional_max_pool2d`` that always returns the indices too.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.fractional_max_pool2d_with_indices(ag.arange(4.0).reshape(1, 2, 2), 2, output_size=1)
    (tensor([[[3.]]]), tensor([[[3]]]))
    """
    return _fractional_with_indices(
        "fractional_max_pool2d", 2, input, kernel_size, output_size, output_ratio, _random_samples
    )


def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> tuple[Tensor, Tensor]:
    """``fractional_max_pool3d`` that always returns the indices too.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.fractional_max_pool3d_with_indices(ag.arange(8.0).reshape(1, 2, 2, 2), 2, output_size=1)
    (tensor([[[[7.]]]]), tensor([[[[7]]]]))
    """
    return _fractional_with_indices(
        "fractional_max_pool3d", 3, input, kernel_size, output_size, output_ratio, _random_samples
    )


# -- back from max pooling ---------------------------------------------------------------------------


def _unpooled(x: Any, indices: Any, shape: tuple[int, ...]) -> Any:
    axes = len(shape)
    lead = x.shape[: x.ndim - axes]
    planes, length = math.prod(lead), math.prod(shape)
    total = np.zeros_like(x, shape=(planes * length,))
    place = indices.reshape(planes, -1) + np.arange(planes, like=indices)[:, None] * length
    total[place.reshape(-1)] = x.reshape(-1)
    return total.reshape(lead + shape)


_max_unpool: Primitive = define(
    "max_unpool",
    _unpooled,
    lambda g, out, x, indices, shape: _picked(g, indices, len(shape)),
    None,
    formulas=("1", "0"),
    symbol="max unpool",
    doc="Zeros with entries written at indices into the flattened last axes.",
)


def _unpooled_shape(
    operation: str, axes: int, shape: tuple[int, ...], sizes: tuple[tuple[int, ...], ...], output_size: Any
) -> tuple[int, ...]:
    """The lengths of the axes before the pooling."""
    default = tuple((n - 1) * s - 2 * p + k for n, k, s, p in zip(shape, *sizes[:3], strict=True))
    if output_size is None:
        return default
    given = tuple(int(n) for n in output_size)[-axes:]
    bounds = [(n - s, n + s) for n, s in zip(default, sizes[1], strict=True)]
    if len(given) != axes or not all(low < n < high for n, (low, high) in zip(given, bounds, strict=True)):
        ranges = ", ".join(f"{low + 1} to {high - 1}" for low, high in bounds)
        raise ValueError(
            explain(
                operation,
                expected=f"an output_size that pooling turns into {shape}: {ranges}",
                got=repr(tuple(output_size)),
                remedy="pass the shape of what was pooled",
            )
        )
    return given


def _unpool(
    operation: str,
    axes: int,
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    output_size: Sequence[int] | None,
) -> Any:
    shape = spatial_shape(operation, input, axes)
    indices = indices if hasattr(indices, "dtype") else np.asarray(as_value(indices))
    if indices.shape != input.shape or indices.dtype.kind not in "iu":
        raise ValueError(
            explain(
                operation,
                expected=f"integer indices of the input's shape {input.shape}",
                got=f"dtype {indices.dtype} and shape {indices.shape}",
                remedy="pass what max pooling returned with return_indices=True",
            )
        )
    sizes = check_sizes(operation, axes, kernel_size, stride, padding)
    target = _unpooled_shape(operation, axes, shape, sizes, output_size)
    values = entries_of(indices)
    if values.size and not (values.min() >= 0 and values.max() < math.prod(target)):
        raise ValueError(
            explain(
                operation,
                expected=f"indices from 0 to {math.prod(target) - 1}, for an output of {target} entries",
                got=f"indices from {values.min()} to {values.max()}",
                remedy="pass output_size, the shape of what was pooled",
            )
        )
    return _max_unpool(input, indices, shape=target)


def max_unpool1d(
    input: Tensor,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Put the maxima back where ``max_pool1d`` found them, among zeros; see ``max_unpool2d``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> y, indices = F.max_pool1d(ag.tensor([[1.0, 3.0, 2.0, 0.0]]), 2, return_indices=True)
    >>> F.max_unpool1d(y, indices, 2)
    tensor([[0., 3., 2., 0.]])
    """
    return _unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Put the maxima back where ``max_pool2d`` found them, among zeros.

    The gradient of an entry is the gradient at the place that it was put to.

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        indices: integers of the same shape: places in the flattened last two axes of the output. If one occurs
            more than once, as it may where windows overlap, an entry of those is kept.
        kernel_size, stride, padding: as given to ``max_pool2d``.
        output_size: the shape of what was pooled, or its last axes. If left out, the smallest that gives the
            input's shape without ``ceil_mode``.

    Returns:
        A Tensor of shape (N, C, H', W') or (C, H', W').

    Raises:
        ValueError: for indices of another shape, or outside of the output; for an impossible output_size.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.max_unpool2d(ag.tensor([[[4.0, 5.0]]]), [[[4, 7]]], 2)
    tensor([[[0., 0., 0., 0.],
             [4., 0., 0., 5.]]])
    """
    return _unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Put the maxima back where ``max_pool3d`` found them, among zeros; see ``max_unpool2d``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.max_unpool3d(ag.tensor([[[[7.0]]]]), [[[[7]]]], 2).reshape(8)
    tensor([0., 0., 0., 0., 0., 0., 0., 7.])
    """
    return _unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)
