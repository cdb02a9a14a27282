"""Unfold and fold as layers."""

from __future__ import annotations

from typing import Any

from autograd_core import Tensor

from .. import functional as F
from ..functional.folding import window_steps
from ..module import Module
from ..sizes import per_axis
from ..values import as_tensor

__all__ = ["Fold", "Unfold"]


class Unfold(Module):
    """All windows of an image, each as a column; see ``F.unfold``.

    Args:
        kernel_size: the lengths of a window; one number, or two.
        dilation: how far neighbouring entries of a window are apart.
        padding: how many zeros stand before and after each axis.
        stride: how far neighbouring windows are apart.

    Raises:
        TypeError: for sizes that are no integers.
        ValueError: for sizes out of range, and inputs that are smaller than a window.

    >>> import autograd_core as ag
    >>> import nn
    >>> nn.Unfold(kernel_size=(2, 3))(ag.ones((2, 5, 3, 4))).shape
    (2, 30, 4)
    """

    def __init__(self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> None:
        super().__init__()
        window_steps("Unfold", kernel_size, dilation, padding, stride)
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Any) -> Tensor:
        """(N, C, H, W) -> (N, C · kernel, number of windows)."""
        return F.unfold(as_tensor(input), self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Fold(Module):
    """Windows, each a column, added up to an image; see ``F.fold``.

    Args:
        output_size: the lengths of the image; one number, or two.
        kernel_size: the lengths of a window; one number, or two.
        dilation: how far neighbouring entries of a window are apart.
        padding: how many zeros are thought before and after each axis of the image.
        stride: how far neighbouring windows are apart.

    Raises:
        TypeError: for sizes that are no integers.
        ValueError: for sizes out of range, and inputs that such windows cannot give.

    >>> import autograd_core as ag
    >>> import nn
    >>> nn.Fold(output_size=(4, 5), kernel_size=2)(ag.ones((1, 12, 12))).shape
    (1, 3, 4, 5)
    """

    def __init__(
        self, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        super().__init__()
        per_axis(output_size, 2, "Fold", "output_size", least=1)
        window_steps("Fold", kernel_size, dilation, padding, stride)
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Any) -> Tensor:
        """(N, C · kernel, number of windows) -> (N, C, H, W)."""
        return F.fold(as_tensor(input), self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """The arguments."""
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride}"
        )
