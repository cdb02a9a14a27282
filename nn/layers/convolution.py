"""Convolution layers and transposed convolution layers over one, two and three axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from .. import functional as F
from .. import init
from ..arguments import checked
from ..functional.convolution import padding_pairs
from ..module import Module
from ..parameter import Parameter, empty_parameter
from ..sizes import per_axis
from ..values import as_input

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _Convolution(Module):
    """What all of them share: the arguments, the parameters and their initial values."""

    axes: ClassVar[int]
    transposed: ClassVar[bool] = False
    weight: Parameter
    bias: Parameter | None

    @checked
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        output_padding: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        _check_channels(name, in_channels, out_channels, groups)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = per_axis(kernel_size, self.axes, name, "kernel_size", least=1)
        self.stride = per_axis(stride, self.axes, name, "stride", least=1)
        self.dilation = per_axis(dilation, self.axes, name, "dilation", least=1)
        pairs = padding_pairs(name, self.axes, self.kernel_size, self.stride, padding, self.dilation)
        self.padding: Any = padding if isinstance(padding, str) else tuple(before for before, _ in pairs)
        self.output_padding = per_axis(output_padding, self.axes, name, "output_padding")
        self.groups = groups
        if padding_mode not in PADDING_MODES[: 1 if self.transposed else None]:
            raise ValueError(
                explain(
                    name,
                    expected="padding_mode 'zeros'" + ("" if self.transposed else f" or one of {PADDING_MODES[1:]}"),
                    got=f"padding_mode={padding_mode!r}",
                    remedy="leave padding_mode out",
                )
            )
        self.padding_mode = padding_mode
        self._pad = tuple(width for pair in reversed(pairs) for width in pair)
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        self.weight = empty_parameter((first, second // groups, *self.kernel_size), dtype, device, name)
        if bias:
            self.bias = empty_parameter((out_channels,), dtype, device, name)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values anew, uniform on (-1/√n, 1/√n), where n is the number of weights of one output."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            n, _ = init.fans(self.weight)
            bound = 1 / math.sqrt(n) if n else 0.0
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """The arguments of the constructor that are not left at their defaults."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        for name, default in (("padding", 0), ("dilation", 1), ("output_padding", 0)):
            value = getattr(self, name)
            if value != (default,) * self.axes:
                text += f", {name}={value}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


def _check_channels(name: str, in_channels: int, out_channels: int, groups: int) -> None:
    counts = {"in_channels": in_channels, "out_channels": out_channels, "groups": groups}
    for argument, count in counts.items():
        per_axis(count, 1, name, argument, least=0 if argument == "in_channels" else 1)
    for argument in ("in_channels", "out_channels"):
        if counts[argument] % groups:
            raise ValueError(
                explain(
                    name,
                    expected=f"{argument} to be divisible by groups",
                    got=f"{argument}={counts[argument]}, groups={groups}",
                    remedy=f"change {argument} or groups",
                )
            )


class _Conv(_Convolution):
    """The three convolution layers."""

    @checked
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            0,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Any) -> Tensor:
        """Convolve ``input`` with the weight."""
        weight: Any = self._parameters["weight"]
        bias: Any = self._parameters["bias"]
        x = as_input(input, weight, self)
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            x, padding = F.pad(x, self._pad, mode=self.padding_mode), 0
        convolve = (F.conv1d, F.conv2d, F.conv3d)[self.axes - 1]
        return convolve(x, weight, bias, self.stride, padding, self.dilation, self.groups)


class Conv1d(_Conv):
    """Convolution over one axis, for sequences.

    y[n, o, p] = bias[o] + sum over c, k of x[n, c, s p + d k - padding] weight[o, c, k]; see ``F.conv1d``.

    Args:
        in_channels: the number of channels C of the input.
        out_channels: the number of channels O of the output.
        kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype: as for ``Conv2d``.

    Attributes:
        weight: shape (out_channels, in_channels/groups, K).
        bias: shape (out_channels,), or ``None``.

    Raises:
        TypeError, ValueError: as for ``Conv2d``.

    >>> import nn
    >>> nn.Conv1d(2, 4, kernel_size=3, padding=1)([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]).shape
    (1, 4, 3)
    """

    axes = 1


class Conv2d(_Conv):
    """Convolution over two axes, for images.

    y[n, o, p, q] = bias[o] + sum over c, k, l of x[n, c, s p + d k - padding, s q + d l - padding] weight[o, c, k, l];
    see ``F.conv2d``. Weight and bias start uniform on (-1/√n, 1/√n), n = in_channels/groups · K · L.

    Args:
        in_channels: the number of channels C of the input, an array of shape (N, C, H, W) or (C, H, W).
        out_channels: the number of channels O of the output, (N, O, P, Q) or (O, P, Q).
        kernel_size: K and L; one number, or two.
        stride: s, how far neighbouring windows are apart; one number, or two.
        padding: how many entries stand before and after each axis; one number, or two, or "valid" for none, or
            "same" for as many as make the output as large as the input (only with stride 1).
        dilation: d, how far neighbouring entries of the kernel are apart on the image; one number, or two.
        groups: into how many groups the channels fall. Group i of the outputs sees only group i of the inputs.
        bias: whether there is a bias.
        padding_mode: what the padding consists of: "zeros", or, as in ``F.pad``, "reflect", "replicate", "circular".
        device: ``None`` or "cpu".
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Attributes:
        weight: shape (out_channels, in_channels/groups, K, L).
        bias: shape (out_channels,), or ``None``.

    Raises:
        TypeError: for sizes that are no integers; for an input that is a Tensor of another floating-point dtype.
        ValueError: for arguments that do not belong together, and inputs that do not fit them; the message names
            the argument.

    >>> import autograd_core as ag
    >>> import nn
    >>> layer = nn.Conv2d(3, 16, kernel_size=5, stride=2)
    >>> layer(ag.ones((8, 3, 32, 32), dtype="float32")).shape
    (8, 16, 14, 14)
    >>> layer
    Conv2d(3, 16, kernel_size=(5, 5), stride=(2, 2))
    """

    axes = 2


class Conv3d(_Conv):
    """Convolution over three axes, for volumes or films.

    y[n, o, p] = bias[o] + sum over c, k of x[n, c, s p + d k - padding] weight[o, c, k], with three numbers for each
    of p and k; see ``F.conv3d``.

    Args:
        in_channels: the number of channels C of the input.
        out_channels: the number of channels O of the output.
        kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype: as for ``Conv2d``, with
            one number or three.

    Attributes:
        weight: shape (out_channels, in_channels/groups, K, L, M).
        bias: shape (out_channels,), or ``None``.

    Raises:
        TypeError, ValueError: as for ``Conv2d``.

    >>> import autograd_core as ag
    >>> import nn
    >>> nn.Conv3d(1, 2, kernel_size=(1, 3, 3))(ag.ones((4, 1, 5, 8, 8), dtype="float32")).shape
    (4, 2, 5, 6, 6)
    """

    axes = 3


class _ConvTranspose(_Convolution):
    """The three transposed convolution layers."""

    transposed = True

    @checked
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if isinstance(padding, str):
            raise TypeError(
                explain(
                    type(self).__name__,
                    expected="padding to be numbers",
                    got=f"padding={padding!r}",
                    remedy="pass a number for padding",
                )
            )
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            output_padding,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Any, output_size: Sequence[int] | None = None) -> Tensor:
        """Put the kernel down for every entry of ``input``.

        Args:
            input: shape (N, C, ...) or (C, ...).
            output_size: the lengths of the output, with or without the axes before them. They take the place of
                ``output_padding``.
        """
        weight: Any = self._parameters["weight"]
        bias: Any = self._parameters["bias"]
        x = as_input(input, weight, self)
        extra = self.output_padding if output_size is None else self._extra(x, output_size)
        convolve = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[self.axes - 1]
        return convolve(x, weight, bias, self.stride, self.padding, extra, self.groups, self.dilation)

    def _extra(self, x: Any, output_size: Any) -> tuple[int, ...]:
        """The padding after the output that makes it as large as wanted.

        Raises:
            ValueError: if that is not possible.
        """
        wanted = tuple(int(n) for n in np.atleast_1d(output_size))
        if len(wanted) == x.ndim:
            wanted = wanted[x.ndim - self.axes :]
        least = tuple(
            s * (n - 1) + d * (k - 1) + 1 - 2 * p
            for n, s, d, k, p in zip(
                x.shape[-self.axes :], self.stride, self.dilation, self.kernel_size, self.padding, strict=True
            )
        )
        most = tuple(n + s - 1 for n, s in zip(least, self.stride, strict=True))
        if len(wanted) != self.axes or any(not a <= n <= b for a, n, b in zip(least, wanted, most)):
            raise ValueError(
                explain(
                    f"{type(self).__name__}({self.extra_repr()})",
                    expected=f"output_size between {least} and {most} for an input of shape {x.shape}",
                    got=f"output_size={tuple(np.atleast_1d(output_size).tolist())}",
                    remedy="pass lengths in this range, or another stride, padding or kernel_size to the layer",
                )
            )
        return tuple(n - a for n, a in zip(wanted, least, strict=True))


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution over one axis, for sequences; see ``F.conv_transpose1d``.

    Args:
        in_channels: the number of channels C of the input.
        out_channels: the number of channels O of the output.
        kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode, device, dtype: as for
            ``ConvTranspose2d``.

    Attributes:
        weight: shape (in_channels, out_channels/groups, K).
        bias: shape (out_channels,), or ``None``.

    Raises:
        TypeError, ValueError: as for ``ConvTranspose2d``.

    >>> import nn
    >>> nn.ConvTranspose1d(1, 2, kernel_size=4, stride=2, padding=1)([[[1.0, 2.0, 3.0]]]).shape
    (1, 2, 6)
    """

    axes = 1


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution over two axes: images made larger by a learned kernel; see ``F.conv_transpose2d``.

    It maps the shapes of a ``Conv2d`` with the same arguments backwards. Where the stride is above 1, several lengths
    of an image lead to one length of the convolution's output; ``output_padding``, or ``output_size`` in the call,
    says which of them is meant.

    Args:
        in_channels: the number of channels C of the input, an array of shape (N, C, H, W) or (C, H, W).
        out_channels: the number of channels O of the output, (N, O, P, Q) or (O, P, Q).
        kernel_size: K and L; one number, or two.
        stride: how far apart the kernels of neighbouring entries are put; one number, or two.
        padding: how many entries are cut off before and after each axis; one number, or two.
        output_padding: how many entries are put on after each axis; one number, or two.
        groups: into how many groups the channels fall. Group i of the outputs sees only group i of the inputs.
        bias: whether there is a bias.
        dilation: how far apart neighbouring entries of the kernel are put; one number, or two.
        padding_mode: only "zeros".
        device: ``None`` or "cpu".
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Attributes:
        weight: shape (in_channels, out_channels/groups, K, L).
        bias: shape (out_channels,), or ``None``.

    Raises:
        TypeError: for sizes that are no integers; for an input that is a Tensor of another floating-point dtype.
        ValueError: for arguments that do not belong together, and inputs that do not fit them; the message names
            the argument.

    >>> import autograd_core as ag
    >>> import nn
    >>> layer = nn.ConvTranspose2d(16, 3, kernel_size=3, stride=2, padding=1)
    >>> x = ag.ones((8, 16, 7, 7), dtype="float32")
    >>> layer(x).shape, layer(x, output_size=(14, 14)).shape
    ((8, 3, 13, 13), (8, 3, 14, 14))
    """

    axes = 2


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution over three axes, for volumes or films; see ``F.conv_transpose3d``.

    Args:
        in_channels: the number of channels C of the input.
        out_channels: the number of channels O of the output.
        kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode, device, dtype: as for
            ``ConvTranspose2d``, with one number or three.

    Attributes:
        weight: shape (in_channels, out_channels/groups, K, L, M).
        bias: shape (out_channels,), or ``None``.

    Raises:
        TypeError, ValueError: as for ``ConvTranspose2d``.

    >>> import autograd_core as ag
    >>> import nn
    >>> nn.ConvTranspose3d(2, 1, kernel_size=2, stride=2)(ag.ones((1, 2, 3, 4, 5), dtype="float32")).shape
    (1, 1, 6, 8, 10)
    """

    axes = 3
