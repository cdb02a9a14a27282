"""Convolution, and why its backward pass is two more convolutions.

**The three operations.** With x the input, w the weights (the kernel), s the stride, d the dilation and b the
padding before each axis, the output of a convolution layer is

    y[n, o, p] = sum over c, k of  x[n, c, s p + d k - b] w[o, c, k]            y = conv(x, w)

where n counts images, c and o channels in and out; p and k are places in the output and in the kernel, with as
many numbers as there are spatial axes, and entries of x outside the image are 0. (Strictly this is a correlation:
nothing is read backwards. Deep learning calls it convolution all the same.)

Let L depend on y, and write g[n, o, p] for dL/dy[n, o, p]. Since y is linear in x and in w, the change of L is

    T(x, w, g) = sum over n, o, c, p, k of  g[n, o, p] x[n, c, s p + d k - b] w[o, c, k]

with dx in the place of x, or dw in the place of w. So the gradients are what stands beside x and beside w:

    u[n, c, q] = sum over o and all p, k with s p + d k - b = q of  g[n, o, p] w[o, c, k]      u = convᵀ(g, w)
    v[o, c, k] = sum over n, p of  g[n, o, p] x[n, c, s p + d k - b]                           v = corr(g, x)

**Read as pictures.** conv lays the kernel on the image at every p and multiplies. convᵀ goes the way back: every
entry of g puts its multiple of the kernel where it came from, and overlaps add up. For stride 1 that is again a
convolution, of g with the kernel turned round: p = q + b - d k runs backwards with k. corr lays the whole of g on
the image, once for each place of the kernel: an image that is large where the output was large gets weight there.

**Derivatives of every order.** T is linear in each of its three arguments, and conv, convᵀ and corr are what
is left of it when one argument is taken out. Differentiate any of them, and the rule takes a second argument out,
with the gradient that arrives in the place of the first; so it is again one of the three:

    operation        gradient that arrives     with respect to the first     with respect to the second
    y = conv(x, w)   g, of the shape of y      convᵀ(g, w)                   corr(g, x)
    u = convᵀ(g, w)  h, of the shape of x      conv(h, w)                    corr(g, h)
    v = corr(g, x)   r, of the shape of w      conv(x, r)                    convᵀ(g, r)

The six entries on the right are the rules below, and nothing else is needed for derivatives of any order. The
forward pass of a transposed convolution layer is convᵀ.

**Example.** One image, one channel, x = (1, 2, 3), w = (10, 1), no padding: y = (10·1 + 1·2, 10·2 + 1·3) = (12, 23).
For g = (1, 1): u = (10, 1 + 10, 1), the kernel put down twice; v = (1 + 2, 2 + 3), the sums of what each weight saw.

How the three are computed fast stands in ``convolution_products``. Within ``nn.explicit()`` they are recorded as what
they are: for each place of the kernel a slice of the input times a slice of the weights, summed.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache
from typing import Any

import numpy as np

from autograd_core import Tensor, blas
from autograd_core.errors import explain
from autograd_core.primitive import Primitive, define

from ..explicit import wants_parts
from ..sizes import per_axis
from .convolution_products import convolve, transposed_convolve, weight_gradient
from .windows import Pairs, Steps, to_rows

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]

# -- the operations and their rules ------------------------------------------------------------------


def _channel_sums_forward(g: Any) -> Any:
    """Sums over long stretches of memory as products with a vector of ones, which take a third of the time."""
    for stretches in (to_rows(g), g):
        if type(g) is np.ndarray and stretches.flags.c_contiguous and g.size:
            length = math.prod(stretches.shape[2:])
            with blas.one_thread():
                sums = stretches.reshape(-1, length) @ np.ones(length, g.dtype)
            return np.add.reduce(sums.reshape(stretches.shape[:2]), axis=0)
    return np.add.reduce(g, axis=(0, *range(2, g.ndim)))


_channel_sums: Primitive = define(
    "channel_sums",
    _channel_sums_forward,
    lambda h, out, g: np.broadcast_to(np.reshape(h, (-1, *(1 for _ in g.shape[2:]))), g.shape),
    formulas=("1",),
    symbol="Σ",
)
_convolution_no_bias: Primitive = define(
    "convolution_no_bias",
    convolve,
    lambda g, out, x, w, **steps: _transposed_no_bias(g, w, size=x.shape[2:], **steps),
    lambda g, out, x, w, **steps: _correlation(g, x, kernel=w.shape[2:], **steps),
    formulas=("convᵀ of {b}", "corr with {a}"),
    symbol="conv",
)
_convolution: Primitive = define(
    "convolution",
    convolve,
    lambda g, out, x, w, bias, **steps: _transposed_no_bias(g, w, size=x.shape[2:], **steps),
    lambda g, out, x, w, bias, **steps: _correlation(g, x, kernel=w.shape[2:], **steps),
    lambda g, out, x, w, bias, **steps: _channel_sums(g),
    formulas=("convᵀ of {b}", "corr with {a}", "1"),
    symbol="conv+b",
)
_transposed_no_bias: Primitive = define(
    "transposed_convolution_no_bias",
    transposed_convolve,
    lambda h, out, g, w, size, **steps: _convolution_no_bias(h, w, **steps),
    lambda h, out, g, w, size, **steps: _correlation(g, h, kernel=w.shape[2:], **steps),
    formulas=("conv with {b}", "corr with {a}"),
    symbol="convᵀ",
)
_transposed: Primitive = define(
    "transposed_convolution",
    transposed_convolve,
    lambda h, out, g, w, bias, size, **steps: _convolution_no_bias(h, w, **steps),
    lambda h, out, g, w, bias, size, **steps: _correlation(g, h, kernel=w.shape[2:], **steps),
    lambda h, out, g, w, bias, size, **steps: _channel_sums(h),
    formulas=("conv with {b}", "corr with {a}", "1"),
    symbol="convᵀ+b",
)
_correlation: Primitive = define(
    "convolution_weight",
    weight_gradient,
    lambda r, out, g, x, kernel, **steps: _convolution_no_bias(x, r, **steps),
    lambda r, out, g, x, kernel, **steps: _transposed_no_bias(g, r, size=x.shape[2:], **steps),
    formulas=("conv with {b}", "convᵀ of {a}"),
    symbol="corr",
)

# -- the parts that ``nn.explicit()`` records ----------------------------------------------------------


def _convolution_parts(x: Any, w: Any, bias: Any, stride: Any, padding: Pairs, dilation: Any, groups: int) -> Any:
    """For every place of the kernel a slice of x times a slice of w, summed."""
    steps = Steps(w.shape[2:], stride, padding, dilation)
    counts = steps.counts(x.shape[2:])
    if any(width for pair in padding for width in pair):
        x = np.pad(x, ((0, 0), (0, 0), *padding))
    images, channels, out = x.shape[0], x.shape[1], w.shape[0]
    y = None
    for place in itertools.product(*map(range, steps.kernel)):
        part = x[(slice(None), slice(None), *_slices(place, counts, steps))]
        part = np.reshape(part, (images, groups, channels // groups, math.prod(counts)))
        matrix = np.reshape(w[(slice(None), slice(None), *place)], (groups, out // groups, channels // groups))
        y = matrix @ part if y is None else y + matrix @ part
    return _with_bias(np.reshape(y, (images, out, *counts)), bias)


def _transposed_parts(
    g: Any, w: Any, bias: Any, size: tuple[int, ...], stride: Any, padding: Pairs, dilation: Any, groups: int
) -> Any:
    """For every place of the kernel g times a slice of w, added to what is seen from there."""
    steps = Steps(w.shape[2:], stride, padding, dilation)
    images, out, *counts = g.shape
    channels = w.shape[1]
    reach = (s * (n - 1) + d * (k - 1) + 1 for n, k, s, d in zip(counts, steps.kernel, stride, dilation, strict=True))
    lengths = tuple(max(r, b + n) for r, (b, _), n in zip(reach, padding, size, strict=True))
    u = np.zeros_like(g, shape=(images, groups * channels, *lengths))
    g = np.reshape(g, (images, groups, out // groups, math.prod(counts)))
    for place in itertools.product(*map(range, steps.kernel)):
        matrix = np.reshape(w[(slice(None), slice(None), *place)], (groups, out // groups, channels))
        part = np.reshape(np.swapaxes(matrix, 1, 2) @ g, (images, groups * channels, *counts))
        u[(slice(None), slice(None), *_slices(place, tuple(counts), steps))] += part
    u = u[(slice(None), slice(None), *(slice(b, b + n) for (b, _), n in zip(padding, size, strict=True)))]
    return _with_bias(u, bias)


def _slices(place: tuple[int, ...], counts: tuple[int, ...], steps: Steps) -> tuple[slice, ...]:
    """What the windows see at one place of the kernel in an input that is padded already."""
    return tuple(
        slice(d * k, d * k + s * (n - 1) + 1, s)
        for k, n, s, d in zip(place, counts, steps.stride, steps.dilation, strict=True)
    )


def _with_bias(y: Any, bias: Any) -> Any:
    return y if bias is None else y + np.reshape(bias, (-1, *(1 for _ in y.shape[2:])))


# -- arguments -----------------------------------------------------------------------------------------


def padding_pairs(
    operation: str, axes: int, kernel: tuple[int, ...], stride: Any, padding: Any, dilation: tuple[int, ...]
) -> Pairs:
    """How many zeros go before and after each axis.

    Args:
        operation: who asks, for the error.
        axes: how many spatial axes there are.
        kernel, stride, dilation: one number per axis.
        padding: a number, one per axis, "valid" for none, or "same" for as many as keep the lengths.

    Raises:
        TypeError, ValueError: for something else, and for "same" with a stride.
    """
    if padding == "valid":
        return ((0, 0),) * axes
    if isinstance(padding, str):
        if padding != "same" or set(stride) != {1}:
            raise ValueError(
                explain(
                    operation,
                    expected="padding to be numbers, 'valid', or, with stride 1, 'same'",
                    got=f"padding={padding!r}, stride={stride}",
                    remedy="pass a number for padding",
                )
            )
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    return tuple((width, width) for width in per_axis(padding, axes, operation, "padding"))


@lru_cache(maxsize=1024)
def _steps(operation: str, kernel: tuple[int, ...], stride: Any, padding: Any, dilation: Any) -> dict[str, Any]:
    """The attributes of the operation but its groups."""
    axes = len(kernel)
    stride = per_axis(stride, axes, operation, "stride", least=1)
    dilation = per_axis(dilation, axes, operation, "dilation", least=1)
    padding = padding_pairs(operation, axes, kernel, stride, padding, dilation)
    return {"stride": stride, "padding": padding, "dilation": dilation}


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | np.ndarray) else value


def _check(
    operation: str, axes: int, input: Any, weight: Any, bias: Any, groups: int, transposed: bool = False
) -> None:
    """Raise unless input, weight, bias and groups belong together.

    Raises:
        ValueError: naming the argument that does not fit.
    """
    spatial = ("L", "H, W", "D, H, W")[axes - 1]
    kernel = ("K", "K, L", "K, L, M")[axes - 1]
    if input.ndim not in (axes + 1, axes + 2):
        raise ValueError(
            explain(
                operation,
                expected=f"an input of shape (N, C, {spatial}) or (C, {spatial})",
                got=f"shape {input.shape}",
                remedy="add the missing axes: x[None] adds one in front",
            )
        )
    first, second = ("C", "O/groups") if transposed else ("O", "C/groups")
    if weight.ndim != axes + 2 or not weight.shape[0]:
        raise ValueError(
            explain(
                operation,
                expected=f"a weight of shape ({first}, {second}, {kernel})",
                got=f"shape {weight.shape}",
                remedy="reshape the weight",
            )
        )
    if not isinstance(groups, int | np.integer) or groups < 1 or weight.shape[0] % groups:
        raise ValueError(
            explain(
                operation,
                expected=f"groups to be a positive integer that divides the {weight.shape[0]} channels of the weight",
                got=f"groups={groups!r}",
                remedy="pass groups=1, or a weight with other channels",
            )
        )
    channels = weight.shape[0] if transposed else weight.shape[1] * groups
    if input.shape[-axes - 1] != channels:
        raise ValueError(
            explain(
                operation,
                expected=f"an input of {channels} channels for a weight of shape {weight.shape} and groups={groups}",
                got=f"{input.shape[-axes - 1]} channels, in an input of shape {input.shape}",
                remedy="change the number of channels of the weight, or the order of the input's axes",
            )
        )
    outputs = weight.shape[1] * groups if transposed else weight.shape[0]
    if bias is not None and bias.shape != (outputs,):
        raise ValueError(
            explain(
                operation,
                expected=f"a bias of shape ({outputs},), one number for each channel of the output",
                got=f"shape {bias.shape}",
                remedy="reshape the bias",
            )
        )


def _conv(axes: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    operation = f"conv{axes}d"
    _check(operation, axes, input, weight, bias, groups)
    steps = _steps(operation, weight.shape[2:], _hashable(stride), _hashable(padding), _hashable(dilation))
    x = input if input.ndim == axes + 2 else input[None]
    if wants_parts():
        y = _convolution_parts(x, weight, bias, **steps, groups=groups)
    elif bias is None:
        y = _convolution_no_bias(x, weight, **steps, groups=groups)
    else:
        y = _convolution(x, weight, bias, **steps, groups=groups)
    return y if input.ndim == axes + 2 else y[0]


def _conv_transpose(
    axes: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Any:
    operation = f"conv_transpose{axes}d"
    _check(operation, axes, input, weight, bias, groups, transposed=True)
    if isinstance(padding, str):
        raise TypeError(
            explain(operation, expected="padding to be numbers", got=repr(padding), remedy="pass a number for padding")
        )
    kernel = weight.shape[2:]
    steps = dict(_steps(operation, kernel, _hashable(stride), _hashable(padding), _hashable(dilation)))
    extra = per_axis(output_padding, axes, operation, "output_padding")
    if any(e >= max(s, d) for e, s, d in zip(extra, steps["stride"], steps["dilation"], strict=True)):
        raise ValueError(
            explain(
                operation,
                expected="output_padding to be smaller than the stride or the dilation",
                got=f"output_padding={extra} with stride={steps['stride']}, dilation={steps['dilation']}",
                remedy="pass a smaller output_padding",
            )
        )
    # More entries after the output are less that is cut off there.
    steps["padding"] = tuple((before, after - e) for (before, after), e in zip(steps["padding"], extra, strict=True))
    size = tuple(
        s * (n - 1) + d * (k - 1) + 1 - sum(pair)
        for n, k, s, pair, d in zip(input.shape[-axes:], kernel, *steps.values(), strict=True)
    )
    if min(size) < 1:
        raise ValueError(
            explain(
                operation,
                expected="an output of at least one entry along every axis",
                got=f"lengths {size} for input lengths {input.shape[-axes:]} and padding={padding}",
                remedy="pass a smaller padding",
            )
        )
    x = input if input.ndim == axes + 2 else input[None]
    if wants_parts():
        y = _transposed_parts(x, weight, bias, size, **steps, groups=groups)
    elif bias is None:
        y = _transposed_no_bias(x, weight, size=size, **steps, groups=groups)
    else:
        y = _transposed(x, weight, bias, size=size, **steps, groups=groups)
    return y if input.ndim == axes + 2 else y[0]


# -- the public functions ------------------------------------------------------------------------------


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution over one axis: ``conv2d`` for sequences.

    y[n, o, p] = bias[o] + sum over c, k of x[n, c, s p + d k - padding] w[o, c, k].

    Args:
        input: x, shape (N, C, L) or (C, L).
        weight: w, shape (O, C/groups, K).
        bias: shape (O,), or ``None``.
        stride, padding, dilation, groups: as for ``conv2d``, with one number.

    Returns:
        A Tensor of shape (N, O, P) or (O, P), with P = ⌊(L + 2 padding - d (K - 1) - 1) / s⌋ + 1.

    Raises:
        TypeError, ValueError: as for ``conv2d``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.conv1d(ag.tensor([[[1.0, 2.0, 3.0]]]), ag.tensor([[[10.0, 1.0]]]))
    tensor([[[12., 23.]]])
    """
    return _conv(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution over two axes: the kernel laid on the image at every place.

    y[n, o, p, q] = bias[o] + sum over c, k, l of x[n, c, s p + d k - padding, s q + d l - padding] w[o, c, k, l],
    with zeros outside the image. Its gradients are two operations of the same kind, convᵀ(g, w) with respect to x
    and corr(g, x) with respect to w; the docstring of the module ``nn.functional.convolution`` derives them.

    Args:
        input: x, shape (N, C, H, W) or (C, H, W).
        weight: w, shape (O, C/groups, K, L).
        bias: shape (O,), or ``None``.
        stride: s, how far neighbouring windows are apart; one number, or one per axis.
        padding: how many zeros stand before and after each axis; "valid" for none; "same" for as many as make the
            output as large as the input, the odd one after it (only with stride 1).
        dilation: d, how far neighbouring entries of the kernel are apart on the image.
        groups: into how many groups the channels fall. Group i of the outputs sees only group i of the inputs.

    Returns:
        A Tensor of shape (N, O, P, Q) or (O, P, Q), with P = ⌊(H + 2 padding - d (K - 1) - 1) / s⌋ + 1 and Q alike.

    Raises:
        TypeError: for sizes that are no integers.
        ValueError: for shapes or sizes that do not belong together; the message names the argument.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> x = ag.tensor([[[[1.0, 2.0], [3.0, 4.0]]]], requires_grad=True)
    >>> y = F.conv2d(x, ag.ones((1, 1, 2, 2)), padding=1)
    >>> y.detach()
    tensor([[[[ 1.,  3.,  2.],
              [ 4., 10.,  6.],
              [ 3.,  7.,  4.]]]])
    >>> ag.gradients(y[0, 0, 1, 1], x)[0]
    tensor([[[[1., 1.],
              [1., 1.]]]])
    """
    return _conv(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution over three axes: ``conv2d`` for volumes or films.

    y[n, o, p] = bias[o] + sum over c, k of x[n, c, s p + d k - padding] w[o, c, k], with three numbers for each of
    p and k.

    Args:
        input: x, shape (N, C, D, H, W) or (C, D, H, W).
        weight: w, shape (O, C/groups, K, L, M).
        bias: shape (O,), or ``None``.
        stride, padding, dilation, groups: as for ``conv2d``, with one number or three.

    Returns:
        A Tensor of shape (N, O, P, Q, R) or (O, P, Q, R), with lengths as for ``conv2d``.

    Raises:
        TypeError, ValueError: as for ``conv2d``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.conv3d(ag.ones((2, 3, 8, 8, 8)), ag.ones((4, 3, 3, 3, 3)), stride=2, padding=1).shape
    (2, 4, 4, 4, 4)
    """
    return _conv(3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Transposed convolution over one axis: ``conv_transpose2d`` for sequences.

    Args:
        input: shape (N, C, L) or (C, L).
        weight: shape (C, O/groups, K).
        bias: shape (O,), or ``None``.
        stride, padding, output_padding, groups, dilation: as for ``conv_transpose2d``, with one number.

    Returns:
        A Tensor of shape (N, O, P) or (O, P), with P = s (L - 1) + d (K - 1) + 1 - 2 padding + output_padding.

    Raises:
        TypeError, ValueError: as for ``conv_transpose2d``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.conv_transpose1d(ag.tensor([[[1.0, 2.0]]]), ag.tensor([[[10.0, 1.0]]]))
    tensor([[[10., 21.,  2.]]])
    """
    return _conv_transpose(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Transposed convolution over two axes: every entry puts its multiple of the kernel down, and overlaps add up.

    It is the gradient of ``conv2d`` with respect to its input, for the same weight and the same arguments: y[n, o, q]
    = bias[o] + sum over c and all p, k with s p + d k - padding = q of x[n, c, p] w[c, o, k]. With a stride it makes
    images larger. Its gradient with respect to x is the convolution conv(g, w), see ``nn.functional.convolution``.

    Args:
        input: x, shape (N, C, H, W) or (C, H, W).
        weight: w, shape (C, O/groups, K, L).
        bias: shape (O,), or ``None``.
        stride: s, how far apart the kernels of neighbouring entries are put; one number, or one per axis.
        padding: how many entries are cut off before and after each axis.
        output_padding: how many entries are put on after each axis: for strides above 1 images of several lengths
            are convolved to images of one length, and this says which of them to return to.
        groups: into how many groups the channels fall. Group i of the outputs sees only group i of the inputs.
        dilation: d, how far apart neighbouring entries of the kernel are put.

    Returns:
        A Tensor of shape (N, O, P, Q) or (O, P, Q), with P = s (H - 1) + d (K - 1) + 1 - 2 padding + output_padding
        and Q alike.

    Raises:
        TypeError: for sizes that are no integers.
        ValueError: for shapes or sizes that do not belong together; the message names the argument.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.conv_transpose2d(ag.tensor([[[[1.0, 2.0]]]]), ag.tensor([[[[1.0, 1.0], [1.0, 0.0]]]]), stride=2)
    tensor([[[[1., 1., 2., 2.],
              [1., 0., 2., 0.]]]])
    """
    return _conv_transpose(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Transposed convolution over three axes: ``conv_transpose2d`` for volumes or films.

    Args:
        input: shape (N, C, D, H, W) or (C, D, H, W).
        weight: shape (C, O/groups, K, L, M).
        bias: shape (O,), or ``None``.
        stride, padding, output_padding, groups, dilation: as for ``conv_transpose2d``, with one number or three.

    Returns:
        A Tensor of shape (N, O, P, Q, R) or (O, P, Q, R), with lengths as for ``conv_transpose2d``.

    Raises:
        TypeError, ValueError: as for ``conv_transpose2d``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.conv_transpose3d(ag.ones((2, 3, 4, 4, 4)), ag.ones((3, 5, 2, 2, 2)), stride=2).shape
    (2, 5, 8, 8, 8)
    """
    return _conv_transpose(3, input, weight, bias, stride, padding, output_padding, groups, dilation)
