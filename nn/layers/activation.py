"""Units as modules."""

from __future__ import annotations

from typing import Any

from autograd_core import Tensor

from .. import functional as F
from ..module import Module
from ..values import as_tensor

__all__ = ["Identity", "ReLU", "Sigmoid", "Softmax", "Tanh"]


class Identity(Module):
    """The input itself; arguments of the constructor are ignored.

    >>> import nn
    >>> nn.Identity()([1.0])
    tensor([1.])
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Tensor:
        """Return the input."""
        return as_tensor(input)


class ReLU(Module):
    """The rectified linear unit max(0, x).

    >>> import nn
    >>> nn.ReLU()([-1.0, 2.0])
    tensor([0., 2.])
    """

    def forward(self, input: Any) -> Tensor:
        """max(0, x) of every entry."""
        return F.relu(as_tensor(input))


class Tanh(Module):
    """The hyperbolic tangent.

    >>> import nn
    >>> nn.Tanh()([0.0])
    tensor([0.])
    """

    def forward(self, input: Any) -> Tensor:
        """tanh(x) of every entry."""
        return F.tanh(as_tensor(input))


class Sigmoid(Module):
    """The logistic function 1 / (1 + exp(-x)).

    >>> import nn
    >>> nn.Sigmoid()([0.0])
    tensor([0.5])
    """

    def forward(self, input: Any) -> Tensor:
        """1 / (1 + exp(-x)) of every entry."""
        return F.sigmoid(as_tensor(input))


class Softmax(Module):
    """exp(x_i) / sum_j exp(x_j) along one axis.

    Args:
        dim: the axis along which the outputs sum to 1.

    >>> import nn
    >>> nn.Softmax(dim=-1)([0.0, 0.0])
    tensor([0.5, 0.5])
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Tensor:
        """Normalize along ``dim``."""
        return F.softmax(as_tensor(input), self.dim)

    def extra_repr(self) -> str:
        """The axis."""
        return f"dim={self.dim}"
