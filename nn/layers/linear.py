"""The affine layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Tensor

from .. import functional as F
from .. import init
from ..module import Module
from ..parameter import Parameter
from ..values import as_input

__all__ = ["Linear"]


class Linear(Module):
    """The affine map y = x Wᵀ + b.

    Weight and bias start uniform on (-1/√in, 1/√in).

    Args:
        in_features: length of the last axis of the input.
        out_features: length of the last axis of the output.
        bias: whether there is a bias b.
        dtype: dtype of the parameters, float32 if left out.

    Attributes:
        weight: shape (out_features, in_features).
        bias: shape (out_features,), or ``None``.

    Raises:
        TypeError: if the input is a Tensor of another floating-point dtype than the weight.
        ValueError: if the input's last axis is not in_features long.

    >>> import nn
    >>> nn.Linear(3, 2)([[1.0, 2.0, 3.0]]).shape
    (1, 2)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(self, in_features: int, out_features: int, bias: bool = True, dtype: Any = None) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(np.empty((out_features, in_features), dtype or np.float32))
        if bias:
            self.bias = Parameter(np.empty(out_features, dtype or np.float32))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features else 0.0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Any) -> Tensor:
        """Apply the map to the last axis of ``input``."""
        weight = self._parameters["weight"]
        return F.linear(as_input(input, weight, self), weight, self._parameters["bias"])

    def extra_repr(self) -> str:
        """Sizes, as in the constructor."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
