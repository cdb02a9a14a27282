"""Normalization layers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autograd_core import Tensor, get_default_dtype
from autograd_core.errors import explain
from autograd_core.values import parameter_dtype

from .. import functional as F
from .. import init
from ..arguments import check_at_least, check_share, checked
from ..functional.normalization.over_rows import lengths
from ..module import Module
from ..parameter import Parameter, check_device, empty_parameter
from ..values import as_input, as_real

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "LocalResponseNorm",
    "RMSNorm",
]


def _positive(value: Any, owner: str, argument: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(
            explain(
                owner, expected=f"{argument} to be a positive integer", got=repr(value), remedy=f"pass {argument}=4"
            )
        )
    return int(value)


def _as_floats(input: Any, module: Module) -> Tensor:
    """The input of a module without parameters: integers have no dtype for their mean."""
    input = as_real(input, module)
    return input if input.dtype.kind == "f" else input.astype(get_default_dtype())


class _Affine(Module):
    """A module with a weight of ones and a bias of zeros, or without."""

    weight: Parameter | None
    bias: Parameter | None

    def _make_parameters(self, shape: tuple[int, ...], weight: bool, bias: bool, device: Any, dtype: Any) -> None:
        owner = type(self).__name__
        check_device(device, owner)
        for name, wanted in (("weight", weight), ("bias", weight and bias)):
            self.register_parameter(name, empty_parameter(shape, dtype, device, owner) if wanted else None)

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class _RunningNorm(_Affine):
    """What batch and instance normalization share: a weight, a bias, running statistics."""

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    _axes: tuple[int, ...]  # how many axes the input may have

    def _set_up(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        device: Any,
        dtype: Any,
        bias: bool,
    ) -> None:
        self.num_features = _positive(num_features, type(self).__name__, "num_features")
        check_at_least(type(self).__name__, 0, eps=eps)
        check_share(type(self).__name__, momentum=momentum)
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self._make_parameters((num_features,), affine, bias, device, dtype)
        dtype = parameter_dtype(dtype)
        tracked = track_running_stats
        self.register_buffer("running_mean", np.zeros(num_features, dtype) if tracked else None)
        self.register_buffer("running_var", np.ones(num_features, dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", np.zeros((), np.int64) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget what was tracked: mean 0, variance 1, no batches."""
        for name, value in (("running_mean", 0), ("running_var", 1), ("num_batches_tracked", 0)):
            buffer = self._buffers[name]
            if buffer is not None:
                buffer.data = np.full_like(buffer._data, value)

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0, and forget what was tracked."""
        self.reset_running_stats()
        super().reset_parameters()

    def _checked(self, input: Any) -> Tensor:
        """The input as a Tensor of the right dtype and number of axes."""
        reference = self.weight if self.weight is not None else self.running_mean
        input = _as_floats(input, self) if reference is None else as_input(input, reference, self)
        if input.ndim not in self._axes:
            allowed = " or ".join(f"{axes}D" for axes in self._axes)
            raise ValueError(
                explain(
                    f"{type(self).__name__}({self.extra_repr()})",
                    expected=f"{allowed} input",
                    got=f"{input.ndim}D input of shape {input.shape}",
                    remedy="add or remove axes, or use the layer for as many dimensions as the input has",
                )
            )
        return input

    def _wrong_features(self, input: Tensor, axis: int) -> str:
        return explain(
            f"{type(self).__name__}({self.extra_repr()})",
            expected=f"{self.num_features} features along axis {axis}",
            got=f"an input of shape {input.shape}",
            remedy="change num_features, or the order of the input's axes",
        )

    def extra_repr(self) -> str:
        """The constructor's arguments."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_RunningNorm):
    @checked
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self._set_up(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input: Any) -> Tensor:
        """Normalize, with the statistics of the batch in training and with the running ones in evaluation."""
        input = self._checked(input)
        if input.shape[1] != self.num_features:
            raise ValueError(self._wrong_features(input, 1))
        buffers, parameters = self._buffers, self._parameters
        mean, variance = buffers["running_mean"], buffers["running_var"]
        training = self.training or (mean is None and variance is None)
        if self.training and not self.track_running_stats:
            mean = variance = None
        momentum = 0.0 if self.momentum is None else self.momentum
        tracked = buffers["num_batches_tracked"]
        if not (self.training and self.track_running_stats):
            tracked = None
        if tracked is not None and self.momentum is None:
            momentum = 1.0 / (int(tracked._data) + 1)
        out = F.batch_norm(
            input, mean, variance, parameters["weight"], parameters["bias"], training, momentum, self.eps
        )
        if tracked is not None:
            tracked.data = tracked._data + 1
        return out


_BATCH_NORM = """Batch normalization of {input}: y = w (x − m) / √(v + eps) + b per channel.

    In training m and v are mean and biased variance of the batch; the running statistics become
    (1 − momentum) old + momentum new, with the unbiased variance. In evaluation m and v are the running
    statistics. Mathematics and what a replay of a ``Graph`` does: ``nn.functional.batch_norm``.

    Args:
        num_features: the number of channels C.
        eps: added to the variance.
        momentum: the share of the new statistics; ``None`` for the average over all batches.
        affine: whether there are w and b.
        track_running_stats: whether there are running statistics; without them the statistics of the batch
            are used in evaluation too.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of parameters and running statistics, float32 (or the default that was set) if left out.
        bias: whether there is b.

    Attributes:
        weight, bias: w and b, shape (C,), or ``None``.
        running_mean, running_var: shape (C,), or ``None``.
        num_batches_tracked: how many batches the running statistics come from, shape ().

    Raises:
        ValueError: for an input of another shape, or one value per channel in training.

    Source: Sergey Ioffe and Christian Szegedy, "Batch normalization", 2015.

    >>> import numpy as np
    >>> import nn
    >>> {example}
    """


class BatchNorm1d(_BatchNorm):
    __doc__ = _BATCH_NORM.format(
        input="vectors (N, C) or sequences (N, C, L)",
        example="nn.BatchNorm1d(3)(np.random.randn(8, 3)).shape\n    (8, 3)",
    )
    _axes = (2, 3)


class BatchNorm2d(_BatchNorm):
    __doc__ = _BATCH_NORM.format(
        input="images (N, C, H, W)",
        example="nn.BatchNorm2d(3)(np.random.randn(8, 3, 4, 4)).shape\n    (8, 3, 4, 4)",
    )
    _axes = (4,)


class BatchNorm3d(_BatchNorm):
    __doc__ = _BATCH_NORM.format(
        input="volumes (N, C, D, H, W)",
        example="nn.BatchNorm3d(3)(np.random.randn(8, 3, 2, 2, 2)).shape\n    (8, 3, 2, 2, 2)",
    )
    _axes = (5,)


class _InstanceNorm(_RunningNorm):
    @checked
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self._set_up(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input: Any) -> Tensor:
        """Normalize every channel of each example; of one example if the axis of the batch is missing."""
        input = self._checked(input)
        batched = input.ndim == max(self._axes)
        axis = 1 if batched else 0
        if input.shape[axis] != self.num_features:
            if self.affine or not input.shape[axis] or self.track_running_stats:
                raise ValueError(self._wrong_features(input, axis))
            warnings.warn(self._wrong_features(input, axis), stacklevel=2)
        out = F.instance_norm(
            input if batched else np.expand_dims(input, 0),
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return out if batched else np.squeeze(out, 0)


_INSTANCE_NORM = """Instance normalization of {input}: every channel of each example over its places.

    With running statistics (off by default) these follow the examples' means and unbiased variances in
    training, and are used in evaluation. Mathematics: ``nn.functional.instance_norm``.

    Args:
        num_features: the number of channels C.
        eps: added to the variance.
        momentum: the share of the new statistics in the running ones.
        affine: whether there are a weight and a bias.
        track_running_stats: whether there are running statistics.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of parameters and running statistics, float32 (or the default that was set) if left out.
        bias: whether there is a bias besides the weight.

    Attributes:
        weight, bias: shape (C,), or ``None``.
        running_mean, running_var: shape (C,), or ``None``.
        num_batches_tracked: stays 0, as in PyTorch; ``None`` without running statistics.

    Raises:
        ValueError: for an input of another shape, or a single place.

    Source: Dmitry Ulyanov, Andrea Vedaldi and Victor Lempitsky, "Instance normalization", 2016.

    >>> import numpy as np
    >>> import nn
    >>> {example}
    """


class InstanceNorm1d(_InstanceNorm):
    __doc__ = _INSTANCE_NORM.format(
        input="sequences (N, C, L) or (C, L)",
        example="nn.InstanceNorm1d(3)(np.random.randn(8, 3, 5)).shape\n    (8, 3, 5)",
    )
    _axes = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    __doc__ = _INSTANCE_NORM.format(
        input="images (N, C, H, W) or (C, H, W)",
        example="nn.InstanceNorm2d(3)(np.random.randn(3, 5, 5)).shape\n    (3, 5, 5)",
    )
    _axes = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    __doc__ = _INSTANCE_NORM.format(
        input="volumes (N, C, D, H, W) or (C, D, H, W)",
        example="nn.InstanceNorm3d(3)(np.random.randn(8, 3, 2, 2, 2)).shape\n    (8, 3, 2, 2, 2)",
    )
    _axes = (4, 5)


class GroupNorm(_Affine):
    """Group normalization: groups of channels of each example over their channels and places.

    Mathematics: ``nn.functional.group_norm``. One group is layer normalization of images, as many groups as
    channels are instance normalization.

    Args:
        num_groups: into how many groups of equal size the channels are divided.
        num_channels: the number of channels C.
        eps: added to the variance.
        affine: whether there are a weight and a bias.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.
        bias: whether there is a bias besides the weight.

    Attributes:
        weight, bias: shape (C,), or ``None``.

    Raises:
        ValueError: if the groups do not divide the channels, or for an input of another shape.

    Source: Yuxin Wu and Kaiming He, "Group normalization", 2018.

    >>> import numpy as np
    >>> import nn
    >>> nn.GroupNorm(2, 6)(np.random.randn(8, 6, 4, 4)).shape
    (8, 6, 4, 4)
    """

    @checked
    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-05,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_groups = _positive(num_groups, "GroupNorm", "num_groups")
        self.num_channels = _positive(num_channels, "GroupNorm", "num_channels")
        if num_channels % num_groups:
            raise ValueError(
                explain(
                    "GroupNorm",
                    expected="num_groups to divide num_channels",
                    got=f"num_groups={num_groups} and num_channels={num_channels}",
                    remedy="choose a divisor",
                )
            )
        check_at_least("GroupNorm", 0, eps=eps)
        self.eps = eps
        self.affine = affine
        self._make_parameters((num_channels,), affine, bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Any) -> Tensor:
        """Normalize an input of shape (N, C, ...)."""
        weight = self.weight
        input = _as_floats(input, self) if weight is None else as_input(input, weight, self)
        if input.ndim > 1 and input.shape[1] != self.num_channels:
            raise ValueError(
                explain(
                    f"GroupNorm({self.extra_repr()})",
                    expected=f"an input of shape (N, {self.num_channels}, ...)",
                    got=f"shape {input.shape}",
                    remedy="change num_channels, or the order of the input's axes",
                )
            )
        return F.group_norm(input, self.num_groups, weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The constructor's arguments."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LayerNorm(_Affine):
    """Layer normalization over the last axes: y = w (x − m) / √(v + eps) + b.

    Mathematics: ``nn.functional.layer_norm``. It does the same in training and in evaluation.

    Args:
        normalized_shape: the lengths of the last axes, a number or several.
        eps: added to the variance.
        elementwise_affine: whether there are w and b.
        bias: whether there is b.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Attributes:
        weight, bias: w and b, shape ``normalized_shape``, or ``None``.

    Raises:
        ValueError: for an input that does not end in ``normalized_shape``.

    Source: Jimmy Lei Ba, Jamie Ryan Kiros and Geoffrey Hinton, "Layer normalization", 2016.

    >>> import nn
    >>> nn.LayerNorm(2, eps=1e-12)([[1.0, 3.0]])
    tensor([[-1.,  1.]], dtype=float32, operation=output)
    """

    @checked
    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-05,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = lengths(normalized_shape, "LayerNorm")
        check_at_least("LayerNorm", 0, eps=eps)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._make_parameters(self.normalized_shape, elementwise_affine, bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Any) -> Tensor:
        """Normalize an input of shape (..., *normalized_shape)."""
        weight = self._parameters["weight"]
        input = _as_floats(input, self) if weight is None else as_input(input, weight, self)
        return F.layer_norm(input, self.normalized_shape, weight, self._parameters["bias"], self.eps)

    def extra_repr(self) -> str:
        """The constructor's arguments."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(_Affine):
    """Division by the root mean square over the last axes: y = w x / √(mean(x²) + eps).

    Mathematics: ``nn.functional.rms_norm``.

    Args:
        normalized_shape: the lengths of the last axes, a number or several.
        eps: added to the mean square; the distance from 1 to the next number of the dtype if ``None``.
        elementwise_affine: whether there is w.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the parameter, float32 (or the default that was set) if left out.

    Attributes:
        weight: w, shape ``normalized_shape``, or ``None``.

    Raises:
        ValueError: for an input that does not end in ``normalized_shape``.

    Source: Biao Zhang and Rico Sennrich, "Root mean square layer normalization", 2019.

    >>> import nn
    >>> nn.RMSNorm(2)([1.0, 7.0])
    tensor([0.2, 1.4], dtype=float32, operation=rms_norm)
    """

    @checked
    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = lengths(normalized_shape, "RMSNorm")
        check_at_least("RMSNorm", 0, eps=eps)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        check_device(device, "RMSNorm")
        self.register_parameter("weight", empty_parameter(self.normalized_shape, dtype) if elementwise_affine else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Any) -> Tensor:
        """Normalize an input of shape (..., *normalized_shape)."""
        weight = self._parameters["weight"]
        input = _as_floats(input, self) if weight is None else as_input(input, weight, self)
        return F.rms_norm(input, self.normalized_shape, weight, self.eps)

    def extra_repr(self) -> str:
        """The constructor's arguments."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LocalResponseNorm(Module):
    """Division by a power of the squares in neighbouring channels, see ``nn.functional.local_response_norm``.

    Args:
        size: how many channels are added up.
        alpha: the factor on their squares.
        beta: the power.
        k: added to the sum.

    Raises:
        ValueError: for a size below 1, or an input with fewer than three axes.

    >>> import numpy as np
    >>> import nn
    >>> nn.LocalResponseNorm(2)(np.random.randn(8, 6, 4, 4)).shape
    (8, 6, 4, 4)
    """

    @checked
    def __init__(self, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = _positive(size, "LocalResponseNorm", "size")
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Any) -> Tensor:
        """Normalize an input of shape (N, C, ...)."""
        return F.local_response_norm(as_real(input, self), self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The constructor's arguments."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
