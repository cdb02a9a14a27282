"""Pooling over windows of given size, as modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_core import Tensor

from .. import functional as F
from ..arguments import checked
from ..functional.average_pooling import check_norm_type
from ..module import Module
from ..pooling_windows import check_sizes
from ..values import as_real, as_tensor

__all__ = [
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


class _MaxPool(Module):
    _axes: int

    @checked
    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        check_sizes(type(self).__name__, self._axes, kernel_size, stride, padding, dilation)
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Any) -> Any:
        """The maxima, and with ``return_indices`` their places."""
        pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[self._axes - 1]
        return pool(
            as_real(input, self),
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )

    def extra_repr(self) -> str:
        """Sizes, as in the constructor."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest entry of every window along the last axis, see ``nn.functional.max_pool1d``.

    Args:
        kernel_size, stride, padding, dilation: see ``nn.functional.max_pool2d``, as are the other arguments.
        return_indices: whether to return the places of the maxima too.
        ceil_mode: whether there is a last window that is not full.

    >>> import nn
    >>> nn.MaxPool1d(2)([[1.0, 3.0, 2.0, 0.0]])
    tensor([[3., 2.]])
    """

    _axes = 1


class MaxPool2d(_MaxPool):
    """The largest entry of every window over the last two axes, see ``nn.functional.max_pool2d``.

    Args:
        kernel_size: an integer, or one per axis, as for all sizes here.
        stride: the distance of the windows; kernel_size if left out.
        padding: how far windows may reach over both ends, at most half the kernel.
        dilation: the distance of the entries within a window.
        return_indices: whether to return the places of the maxima too, as ``nn.MaxUnpool2d`` takes them.
        ceil_mode: whether there is a last window that is not full.

    Raises:
        TypeError, ValueError: for sizes that do not fit each other, or the input.

    >>> import nn
    >>> nn.MaxPool2d(2)([[[1.0, 3.0], [2.0, 0.0]]])
    tensor([[[3.]]])
    """

    _axes = 2


class MaxPool3d(_MaxPool):
    """The largest entry of every window over the last three axes, see ``nn.functional.max_pool3d``.

    Args:
        kernel_size, stride, padding, dilation, return_indices, ceil_mode: see ``nn.MaxPool2d``.

    >>> import nn
    >>> nn.MaxPool3d(2)([[[[1.0, 3.0], [2.0, 0.0]], [[4.0, 1.0], [1.0, 1.0]]]])
    tensor([[[[4.]]]])
    """

    _axes = 3


class _MaxUnpool(Module):
    _axes: int

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        sizes = check_sizes(type(self).__name__, self._axes, kernel_size, stride, padding)
        self.kernel_size, self.stride, self.padding = sizes[:3]

    def forward(self, input: Any, indices: Any, output_size: Sequence[int] | None = None) -> Tensor:
        """Zeros, with the entries of ``input`` at ``indices``; ``output_size`` is the shape of what was pooled."""
        unpool = (F.max_unpool1d, F.max_unpool2d, F.max_unpool3d)[self._axes - 1]
        return unpool(as_tensor(input), indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        """Sizes, as in the constructor."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """Puts maxima back where ``nn.MaxPool1d`` found them, see ``nn.functional.max_unpool2d``.

    Args:
        kernel_size, stride, padding: as given to ``nn.MaxPool1d``.

    >>> import nn
    >>> nn.MaxUnpool1d(2)([[3.0, 2.0]], [[1, 2]])
    tensor([[0., 3., 2., 0.]])
    """

    _axes = 1


class MaxUnpool2d(_MaxUnpool):
    """Puts maxima back where ``nn.MaxPool2d`` found them, see ``nn.functional.max_unpool2d``.

    Args:
        kernel_size, stride, padding: as given to ``nn.MaxPool2d``.

    >>> import nn
    >>> y, indices = nn.MaxPool2d(2, return_indices=True)([[[1.0, 3.0], [2.0, 0.0]]])
    >>> nn.MaxUnpool2d(2)(y, indices)
    tensor([[[0., 3.],
             [0., 0.]]])
    """

    _axes = 2


class MaxUnpool3d(_MaxUnpool):
    """Puts maxima back where ``nn.MaxPool3d`` found them, see ``nn.functional.max_unpool2d``.

    Args:
        kernel_size, stride, padding: as given to ``nn.MaxPool3d``.

    >>> import nn
    >>> nn.MaxUnpool3d(2)([[[[7.0]]]], [[[[7]]]]).sum()
    tensor(7.)
    """

    _axes = 3


class AvgPool1d(Module):
    """The mean of every window along the last axis, see ``nn.functional.avg_pool2d``.

    Args:
        kernel_size, stride, padding, ceil_mode, count_include_pad: see ``nn.AvgPool2d``.

    >>> import nn
    >>> nn.AvgPool1d(2)([[1.0, 3.0, 2.0, 0.0]])
    tensor([[2., 1.]])
    """

    @checked
    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        sizes = check_sizes("AvgPool1d", 1, kernel_size, stride, padding)
        self.kernel_size, self.stride, self.padding = sizes[:3]
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Any) -> Tensor:
        """The means."""
        return F.avg_pool1d(
            as_tensor(input), self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )

    def extra_repr(self) -> str:
        """Sizes, as in the constructor."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPool(Module):
    _axes: int

    @checked
    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        check_sizes(type(self).__name__, self._axes, kernel_size, stride, padding)
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Any) -> Tensor:
        """The means."""
        pool = F.avg_pool2d if self._axes == 2 else F.avg_pool3d
        return pool(
            as_tensor(input),
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        """Sizes, as in the constructor."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPool):
    """The mean of every window over the last two axes, see ``nn.functional.avg_pool2d``.

    Args:
        kernel_size: an integer, or one per axis, as for all sizes here.
        stride: the distance of the windows; kernel_size if left out.
        padding: how far windows may reach over both ends, at most half the kernel.
        ceil_mode: whether there is a last window that is not full.
        count_include_pad: whether entries in the padding are counted.
        divisor_override: what sums are divided by, if not the number of entries.

    Raises:
        TypeError, ValueError: for sizes that do not fit each other, or the input.

    >>> import nn
    >>> nn.AvgPool2d(2)([[[1.0, 3.0], [2.0, 0.0]]])
    tensor([[[1.5]]])
    """

    _axes = 2


class AvgPool3d(_AvgPool):
    """The mean of every window over the last three axes, see ``nn.functional.avg_pool2d``.

    Args:
        kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override: see ``nn.AvgPool2d``.

    >>> import nn
    >>> nn.AvgPool3d(2)([[[[1.0, 3.0], [2.0, 0.0]], [[4.0, 1.0], [1.0, 4.0]]]])
    tensor([[[[2.]]]])
    """

    _axes = 3


class _LPPool(Module):
    _axes: int

    @checked
    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> None:
        super().__init__()
        check_sizes(type(self).__name__, self._axes, kernel_size, stride)
        check_norm_type(type(self).__name__, norm_type)
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Any) -> Tensor:
        """The roots of the sums of powers."""
        pool = (F.lp_pool1d, F.lp_pool2d, F.lp_pool3d)[self._axes - 1]
        return pool(as_real(input, self), float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        """Sizes, as in the constructor."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    """The p-norm of every window along the last axis, see ``nn.functional.lp_pool2d``.

    Args:
        norm_type, kernel_size, stride, ceil_mode: see ``nn.LPPool2d``.

    >>> import nn
    >>> nn.LPPool1d(2, 2)([[3.0, 4.0, 0.0, 0.0]])
    tensor([[5., 0.]])
    """

    _axes = 1


class LPPool2d(_LPPool):
    """The p-norm of every window over the last two axes, see ``nn.functional.lp_pool2d``.

    Args:
        norm_type: p.
        kernel_size: an integer, or one per axis.
        stride: the distance of the windows; kernel_size if left out.
        ceil_mode: whether there is a last window that is not full.

    >>> import nn
    >>> nn.LPPool2d(2, 2)([[[1.0, 1.0], [1.0, 1.0]]])
    tensor([[[2.]]])
    """

    _axes = 2


class LPPool3d(_LPPool):
    """The p-norm of every window over the last three axes, see ``nn.functional.lp_pool2d``.

    Args:
        norm_type, kernel_size, stride, ceil_mode: see ``nn.LPPool2d``.

    >>> import nn
    >>> nn.LPPool3d(3, 2)([[[[1.0, 1.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]]])
    tensor([[[[2.]]]])
    """

    _axes = 3
