"""Layers that learn the size of their input from the first input they see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from autograd_core.errors import explain

from ..arguments import checked
from ..module import Module
from ..uninitialized import Uninitialized, UninitializedBuffer, UninitializedParameter
from ..values import shape_of
from .convolution import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .linear import Linear
from .normalization import BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d

__all__ = [
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
    "LazyLinear",
]


class _Lazy(Module):
    """A layer that takes its size from its first input, and becomes the class it is the lazy form of.

    Attributes:
        cls_to_become: that class.
    """

    cls_to_become: ClassVar[type[Module]]
    _size: ClassVar[str]  # the attribute that is not known yet
    _measured: Callable[..., int]  # the size, from the shape of an input
    _shapes: Callable[..., dict[str, tuple[int, ...]]]  # the shapes of parameters and buffers, from the size

    def _forget(self, *names: str) -> None:
        """Take the values away from parameters and buffers whose shape depends on the input."""
        setattr(self, self._size, 0)
        for name in names:
            parameter, buffer = self._parameters.get(name), self._buffers.get(name)
            if parameter is not None:
                self._parameters[name] = UninitializedParameter(dtype=parameter.dtype)
            elif buffer is not None:
                self._buffers[name] = UninitializedBuffer(dtype=buffer.dtype)

    def has_uninitialized_params(self) -> bool:
        """Whether there are parameters or buffers without a value."""
        held = (*self._parameters.values(), *self._buffers.values())
        return any(isinstance(value, Uninitialized) for value in held)

    def reset_parameters(self) -> None:
        """Draw the initial values anew; nothing while there are none."""
        if not self.has_uninitialized_params():
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self, input: Any) -> None:
        """Take the size from an input, and draw initial values unless a state dict has brought some.

        Raises:
            ValueError: for an input that the layer cannot have. Nothing is changed then.
        """
        size = self._measured(shape_of(input))
        if self.has_uninitialized_params():
            shapes = self._shapes(size)
            for registry in (self._parameters, self._buffers):
                for name, value in registry.items():
                    if isinstance(value, Uninitialized):
                        value.materialize(shapes[name])
            setattr(self, self._size, size)
            super().reset_parameters()  # type: ignore[misc]
        setattr(self, self._size, size)

    def forward(self, input: Any, *options: Any, **named: Any) -> Any:
        """Become the layer that fits the input, and compute its output."""
        self.initialize_parameters(input)
        self.__class__ = self.cls_to_become  # type: ignore[assignment]
        return self.forward(input, *options, **named)

    def _wrong_input(self, expected: str, shape: tuple[int, ...]) -> ValueError:
        return ValueError(
            explain(type(self).__name__, expected=expected, got=f"shape {shape}", remedy="add or remove axes")
        )


class LazyLinear(_Lazy, Linear):
    """``nn.Linear`` that takes ``in_features`` from its first input and is an ``nn.Linear`` from then on.

    Until then its parameters have no value: call the model once with an example before you count, draw or
    save them. An optimizer made before keeps working.

    Args:
        out_features, bias, device, dtype: see ``nn.Linear``.

    Attributes:
        weight, bias: ``nn.UninitializedParameter`` until the first input; then see ``nn.Linear``.

    Raises:
        ValueError: if a parameter is used before the first input.

    >>> import nn
    >>> layer = nn.LazyLinear(2)
    >>> layer([[1.0, 2.0, 3.0]]).shape
    (1, 2)
    >>> layer
    Linear(in_features=3, out_features=2, bias=True)
    """

    cls_to_become = Linear
    _size = "in_features"

    @checked
    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(0, out_features, bias, device, dtype)
        self._forget("weight", "bias")

    def _measured(self, shape: tuple[int, ...]) -> int:
        if not shape:
            raise self._wrong_input("an input of at least one axis", shape)
        return shape[-1]

    def _shapes(self, size: int) -> dict[str, tuple[int, ...]]:
        return {"weight": (self.out_features, size), "bias": (self.out_features,)}


class _LazyConv(_Lazy):
    """The six convolutions."""

    _size = "in_channels"
    axes: ClassVar[int]
    transposed: ClassVar[bool]
    groups: int
    out_channels: int
    kernel_size: tuple[int, ...]

    def _measured(self, shape: tuple[int, ...]) -> int:
        letters = ", ".join(("L", "H, W", "D, H, W")[self.axes - 1].split(", "))
        if len(shape) not in (self.axes + 1, self.axes + 2):
            raise self._wrong_input(f"an input of shape (N, C, {letters}) or (C, {letters})", shape)
        channels = shape[-self.axes - 1]
        if channels % self.groups:
            raise ValueError(
                explain(
                    type(self).__name__,
                    expected=f"a number of channels that groups={self.groups} divides",
                    got=f"{channels} channels, in an input of shape {shape}",
                    remedy="change groups",
                )
            )
        return channels

    def _shapes(self, size: int) -> dict[str, tuple[int, ...]]:
        first, second = (size, self.out_channels) if self.transposed else (self.out_channels, size)
        return {"weight": (first, second // self.groups, *self.kernel_size), "bias": (self.out_channels,)}


_CONV = """``nn.{name}`` that takes ``in_channels`` from its first input and is an ``nn.{name}`` from then on.

    Args:
        out_channels, kernel_size, stride, padding, {others}, device, dtype: see ``nn.{name}``.

    Attributes:
        weight, bias: ``nn.UninitializedParameter`` until the first input; see ``nn.LazyLinear``.

    Raises:
        ValueError: for an input of another number of axes, or whose channels ``groups`` does not divide.

    >>> import nn, numpy as np
    >>> layer = nn.Lazy{name}(4, kernel_size=3)
    >>> layer(np.ones((2, 3{lengths}))).shape
    (2, 4{out})
    >>> layer.in_channels
    3
    """


def _conv_doc(cls: type[Module], axes: int, transposed: bool) -> str:
    others = (
        "output_padding, groups, bias, dilation, padding_mode" if transposed else "dilation, groups, bias, padding_mode"
    )
    return _CONV.format(
        name=cls.__name__, others=others, lengths=", 5" * axes, out=(", 7" if transposed else ", 3") * axes
    )


class _LazyForward(_LazyConv):
    @checked
    def __init__(
        self,
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
        super().__init__(  # type: ignore[call-arg]
            0, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype
        )
        self._forget("weight", "bias")


class _LazyTransposed(_LazyConv):
    @checked
    def __init__(
        self,
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
        super().__init__(  # type: ignore[call-arg]
            0,
            out_channels,
            kernel_size,
            stride,
            padding,
            output_padding,
            groups,
            bias,
            dilation,
            padding_mode,
            device,
            dtype,
        )
        self._forget("weight", "bias")


class LazyConv1d(_LazyForward, Conv1d):
    __doc__ = _conv_doc(Conv1d, 1, False)
    cls_to_become = Conv1d


class LazyConv2d(_LazyForward, Conv2d):
    __doc__ = _conv_doc(Conv2d, 2, False)
    cls_to_become = Conv2d


class LazyConv3d(_LazyForward, Conv3d):
    __doc__ = _conv_doc(Conv3d, 3, False)
    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyTransposed, ConvTranspose1d):
    __doc__ = _conv_doc(ConvTranspose1d, 1, True)
    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyTransposed, ConvTranspose2d):
    __doc__ = _conv_doc(ConvTranspose2d, 2, True)
    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyTransposed, ConvTranspose3d):
    __doc__ = _conv_doc(ConvTranspose3d, 3, True)
    cls_to_become = ConvTranspose3d


class _LazyNorm(_Lazy):
    """Batch and instance normalization."""

    _size = "num_features"
    _axes: Any

    @checked
    def __init__(
        self,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(1, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)  # type: ignore[call-arg]
        self._forget("weight", "bias", "running_mean", "running_var")

    def _channel_axis(self, axes: int) -> int:
        return 1

    def _measured(self, shape: tuple[int, ...]) -> int:
        if len(shape) not in self._axes:
            allowed: Sequence[str] = [f"{axes}D" for axes in self._axes]
            raise self._wrong_input(f"{' or '.join(allowed)} input", shape)
        channels = shape[self._channel_axis(len(shape))]
        if not channels:
            raise self._wrong_input("an input of at least one channel", shape)
        return channels

    def _shapes(self, size: int) -> dict[str, tuple[int, ...]]:
        return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (size,))


class _LazyInstanceNorm(_LazyNorm):
    def _channel_axis(self, axes: int) -> int:
        return 1 if axes == max(self._axes) else 0


_NORM = """``nn.{name}`` that takes ``num_features`` from its first input and is an ``nn.{name}`` from then on.

    Args:
        eps, momentum, affine, track_running_stats, device, dtype, bias: see ``nn.{name}``; all are on by default.

    Attributes:
        weight, bias: ``nn.UninitializedParameter`` until the first input; see ``nn.LazyLinear``.
        running_mean, running_var: ``nn.UninitializedBuffer`` until then.

    Raises:
        ValueError: for an input of another number of axes.

    >>> import nn, numpy as np
    >>> layer = nn.Lazy{name}()
    >>> layer(np.random.randn(4, 3{lengths})).shape
    (4, 3{lengths})
    >>> layer.running_mean.shape
    (3,)
    """


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    __doc__ = _NORM.format(name="BatchNorm1d", lengths=", 5")
    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    __doc__ = _NORM.format(name="BatchNorm2d", lengths=", 5, 5")
    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    __doc__ = _NORM.format(name="BatchNorm3d", lengths=", 2, 2, 2")
    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyInstanceNorm, InstanceNorm1d):
    __doc__ = _NORM.format(name="InstanceNorm1d", lengths=", 5")
    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyInstanceNorm, InstanceNorm2d):
    __doc__ = _NORM.format(name="InstanceNorm2d", lengths=", 5, 5")
    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyInstanceNorm, InstanceNorm3d):
    __doc__ = _NORM.format(name="InstanceNorm3d", lengths=", 2, 2, 2")
    cls_to_become = InstanceNorm3d
