"""Softmax and its relatives as modules."""

from __future__ import annotations

from typing import Any

from autograd_core import Tensor
from autograd_core.errors import explain

from .. import functional as F
from ..arguments import checked
from ..functional.softmaxes import check_dim
from ..module import Module
from ..values import as_real

__all__ = ["LogSoftmax", "Softmax", "Softmax2d", "Softmin"]


class _AlongAxis(Module):
    """A unit that normalizes along an axis, which has to be named."""

    @checked
    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = check_dim(type(self).__name__, dim)

    def extra_repr(self) -> str:
        """The axis."""
        return f"dim={self.dim}"


class Softmax(_AlongAxis):
    """exp(x_i) / sum_j exp(x_j) along one axis.

    Args:
        dim: the axis along which the outputs sum to 1. It has to be named.

    Raises:
        TypeError: if ``dim`` is left out.

    >>> import nn
    >>> nn.Softmax(dim=-1)([0.0, 0.0])
    tensor([0.5, 0.5])
    """

    def forward(self, input: Any) -> Tensor:
        """Normalize along ``dim``."""
        return F.softmax(as_real(input, self), self.dim)


class LogSoftmax(_AlongAxis):
    """The logarithm of softmax, x_i − ln Σ_j exp(x_j), along one axis.

    Args:
        dim: the axis of the sum. It has to be named.

    Raises:
        TypeError: if ``dim`` is left out.

    >>> import nn
    >>> nn.LogSoftmax(dim=-1)([0.0, 0.0])
    tensor([-0.6931, -0.6931])
    """

    def forward(self, input: Any) -> Tensor:
        """Normalize along ``dim``."""
        return F.log_softmax(as_real(input, self), self.dim)


class Softmin(_AlongAxis):
    """softmax(−x) along one axis.

    Args:
        dim: the axis along which the outputs sum to 1. It has to be named.

    Raises:
        TypeError: if ``dim`` is left out.

    >>> import nn
    >>> nn.Softmin(dim=-1)([0.0, 1000.0])
    tensor([1., 0.])
    """

    def forward(self, input: Any) -> Tensor:
        """Normalize along ``dim``."""
        return F.softmin(as_real(input, self), self.dim)


class Softmax2d(Module):
    """Softmax over the channels, at every place of an image.

    >>> import nn, numpy as np
    >>> nn.Softmax2d()(np.zeros((1, 4, 2, 3)))[0, :, 0, 0]
    tensor([0.25, 0.25, 0.25, 0.25])
    """

    def forward(self, input: Any) -> Tensor:
        """Normalize an input of shape (N, C, H, W) or (C, H, W) along C."""
        input = as_real(input, self)
        if input.ndim not in (3, 4):
            raise ValueError(
                explain(
                    "Softmax2d",
                    expected="an input of shape (N, C, H, W) or (C, H, W)",
                    got=f"shape {input.shape}",
                    remedy="use nn.Softmax(dim=1) for inputs of shape (N, C)",
                )
            )
        return F.softmax(input, -3)
