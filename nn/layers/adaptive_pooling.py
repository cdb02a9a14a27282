"""Pooling to a given number of outputs, as modules."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from .. import functional as F
from ..arguments import checked
from ..module import Module
from ..pooling_windows import check_output_size
from ..sizes import per_axis
from ..values import as_real, as_tensor

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
]


class _AdaptiveAvgPool(Module):
    _axes: int

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        check_output_size(type(self).__name__, self._axes, output_size)
        self.output_size = output_size

    def forward(self, input: Any) -> Tensor:
        """The means."""
        pool = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)[self._axes - 1]
        return pool(as_tensor(input), self.output_size)

    def extra_repr(self) -> str:
        """The number of outputs."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The means of windows that cover the last axis, see ``nn.functional.adaptive_avg_pool2d``.

    Args:
        output_size: how many windows.

    >>> import nn
    >>> nn.AdaptiveAvgPool1d(2)([[1.0, 3.0, 2.0]])
    tensor([[2. , 2.5]])
    """

    _axes = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The means of windows that cover the last two axes, see ``nn.functional.adaptive_avg_pool2d``.

    Args:
        output_size: how many windows, an integer or a pair; ``None`` keeps the length of an axis.

    Raises:
        TypeError, ValueError: for another output_size.

    >>> import nn
    >>> nn.AdaptiveAvgPool2d(1)([[[1.0, 3.0], [2.0, 0.0]]])
    tensor([[[1.5]]])
    """

    _axes = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """The means of windows that cover the last three axes, see ``nn.functional.adaptive_avg_pool2d``.

    Args:
        output_size: how many windows, an integer or three; ``None`` keeps the length of an axis.

    >>> import nn
    >>> nn.AdaptiveAvgPool3d((1, 1, None))([[[[1.0, 3.0], [2.0, 0.0]]]])
    tensor([[[[1.5, 1.5]]]])
    """

    _axes = 3


class _AdaptiveMaxPool(Module):
    _axes: int

    @checked
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        check_output_size(type(self).__name__, self._axes, output_size)
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Any) -> Any:
        """The maxima, and with ``return_indices`` their places."""
        pool = (F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)[self._axes - 1]
        return pool(as_real(input, self), self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        """The number of outputs."""
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The maxima of windows that cover the last axis, see ``nn.functional.adaptive_max_pool2d``.

    Args:
        output_size: how many windows.
        return_indices: whether to return the places of the maxima too.

    >>> import nn
    >>> nn.AdaptiveMaxPool1d(2)([[1.0, 3.0, 2.0]])
    tensor([[3., 3.]])
    """

    _axes = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The maxima of windows that cover the last two axes, see ``nn.functional.adaptive_max_pool2d``.

    Args:
        output_size: how many windows, an integer or a pair; ``None`` keeps the length of an axis.
        return_indices: whether to return the places of the maxima too.

    Raises:
        TypeError, ValueError: for another output_size.

    >>> import nn
    >>> nn.AdaptiveMaxPool2d(1)([[[1.0, 3.0], [2.0, 0.0]]])
    tensor([[[3.]]])
    """

    _axes = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The maxima of windows that cover the last three axes, see ``nn.functional.adaptive_max_pool2d``.

    Args:
        output_size: how many windows, an integer or three; ``None`` keeps the length of an axis.
        return_indices: whether to return the places of the maxima too.

    >>> import nn
    >>> nn.AdaptiveMaxPool3d((1, 1, None))([[[[1.0, 3.0], [2.0, 0.0]]]])
    tensor([[[[2., 3.]]]])
    """

    _axes = 3


class _FractionalMaxPool(Module):
    _axes: int

    @checked
    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        self.kernel_size = per_axis(kernel_size, self._axes, name, "kernel_size", least=1)
        if (output_size is None) == (output_ratio is None):
            raise ValueError(
                explain(
                    name,
                    expected="either output_size or output_ratio",
                    got="both" if output_size is not None else "neither",
                    remedy="pass output_ratio=0.7, say",
                )
            )
        self.output_size = None
        self.output_ratio: tuple[float, ...] | None = None
        if output_size is not None:
            self.output_size = per_axis(output_size, self._axes, name, "output_size", least=1)
        else:
            many = isinstance(output_ratio, list | tuple)
            self.output_ratio = tuple(output_ratio) if many else (output_ratio,) * self._axes
            if len(self.output_ratio) != self._axes or not all(0 < ratio < 1 for ratio in self.output_ratio):
                raise ValueError(
                    explain(
                        name,
                        expected=f"output_ratio to be one number or {self._axes}, between 0 and 1",
                        got=repr(output_ratio),
                        remedy="pass output_ratio=0.7, say",
                    )
                )
        self.return_indices = return_indices
        if _random_samples is not None and np.asarray(_random_samples).dtype.kind not in "fiu":
            raise TypeError(
                explain(
                    name,
                    expected="_random_samples to be numbers between 0 and 1",
                    got=repr(_random_samples),
                    remedy="leave them out",
                )
            )
        self.register_buffer("_random_samples", _random_samples)

    def forward(self, input: Any) -> Any:
        """The maxima, and with ``return_indices`` their places."""
        pool = F.fractional_max_pool2d if self._axes == 2 else F.fractional_max_pool3d
        return pool(
            as_real(input, self),
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            self._random_samples,
        )

    def extra_repr(self) -> str:
        """Sizes, as in the constructor."""
        size = f"output_size={self.output_size}" if self.output_ratio is None else f"output_ratio={self.output_ratio}"
        return f"kernel_size={self.kernel_size}, {size}"


class FractionalMaxPool2d(_FractionalMaxPool):
    """The maxima of windows at random distances over the last two axes.

    Args:
        kernel_size: an integer, or one per axis.
        output_size: how many windows, an integer or a pair.
        output_ratio: instead, the ratio of windows to entries, below 1: a number or a pair.
        return_indices: whether to return the places of the maxima too.
        _random_samples: see ``nn.functional.fractional_max_pool2d``, which has the mathematics.

    Raises:
        TypeError, ValueError: for sizes that do not fit each other, or the input.

    >>> import nn
    >>> nn.FractionalMaxPool2d(2, output_ratio=0.7)([[[1.0, 3.0, 0.0], [2.0, 0.0, 0.0], [0.0, 5.0, 0.0]]]).shape
    (1, 2, 2)
    """

    _axes = 2


class FractionalMaxPool3d(_FractionalMaxPool):
    """The maxima of windows at random distances over the last three axes.

    Args:
        kernel_size, output_size, output_ratio, return_indices: see ``nn.FractionalMaxPool2d``.
        _random_samples: see ``nn.functional.fractional_max_pool3d``.

    >>> import nn
    >>> nn.FractionalMaxPool3d(1, output_size=1)([[[[7.0]]]])
    tensor([[[[7.]]]])
    """

    _axes = 3
