"""The affine layer, the bilinear one, and the one that does nothing."""

from __future__ import annotations

import math
from typing import Any

from autograd_core import Tensor
from autograd_core.errors import explain

from .. import functional as F
from .. import init
from ..arguments import checked
from ..module import Module
from ..parameter import Parameter, empty_parameter
from ..values import as_input, as_tensor

__all__ = ["Bilinear", "Identity", "Linear"]


class Identity(Module):
    """The input itself; arguments of the constructor are ignored.

    >>> import nn
    >>> nn.Identity()([1.0])
    tensor([1.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Tensor:
        """Return the input."""
        return as_tensor(input)


class Linear(Module):
    """The affine map y = x Wᵀ + b, see ``nn.functional.linear``.

    Weight and bias start uniform on (-1/√in, 1/√in).

    Args:
        in_features: length of the last axis of the input.
        out_features: length of the last axis of the output.
        bias: whether there is a bias b.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Attributes:
        weight: shape (out_features, in_features).
        bias: shape (out_features,), or ``None``.

    Raises:
        TypeError: if a size is no integer; if the input is a Tensor of another floating-point dtype than the weight.
        ValueError: if a size is negative; if the input's last axis is not in_features long.

    >>> import nn
    >>> nn.Linear(3, 2)([[1.0, 2.0, 3.0]]).shape
    (1, 2)
    """

    weight: Parameter
    bias: Parameter | None

    @checked
    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        _check_sizes("Linear", in_features=in_features, out_features=out_features)
        self.in_features = in_features
        self.out_features = out_features
        self.weight = empty_parameter((out_features, in_features), dtype, device, "Linear")
        if bias:
            self.bias = empty_parameter((out_features,), dtype, device, "Linear")
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


class Bilinear(Module):
    """The bilinear map y_o = aᵀ W_o b + bias_o of two inputs, see ``nn.functional.bilinear``.

    Weight and bias start uniform on (-1/√in1, 1/√in1).

    Args:
        in1_features: length of the last axis of the first input.
        in2_features: length of the last axis of the second input.
        out_features: length of the last axis of the output.
        bias: whether there is a bias.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Attributes:
        weight: shape (out_features, in1_features, in2_features).
        bias: shape (out_features,), or ``None``.

    Raises:
        TypeError: if a size is no integer; if an input is a Tensor of another floating-point dtype than the weight.
        ValueError: if a size is below 1 (out_features: negative); if the shapes of the inputs do not fit.

    >>> import nn
    >>> nn.Bilinear(2, 3, 4)([[1.0, 2.0]], [[1.0, 2.0, 3.0]]).shape
    (1, 4)
    """

    weight: Parameter
    bias: Parameter | None

    @checked
    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        _check_sizes("Bilinear", 1, in1_features=in1_features, in2_features=in2_features)
        _check_sizes("Bilinear", out_features=out_features)
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = empty_parameter((out_features, in1_features, in2_features), dtype, device, "Bilinear")
        if bias:
            self.bias = empty_parameter((out_features,), dtype, device, "Bilinear")
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values anew."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Any, input2: Any) -> Tensor:
        """Apply the map to the last axes of the inputs, which are alike in all others."""
        weight = self._parameters["weight"]
        first, second = as_input(input1, weight, self), as_input(input2, weight, self)
        return F.bilinear(first, second, weight, self._parameters["bias"])

    def extra_repr(self) -> str:
        """Sizes, as in the constructor."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


def _check_sizes(owner: str, least: int = 0, **sizes: Any) -> None:
    for name, size in sizes.items():
        if isinstance(size, bool) or not hasattr(size, "__index__"):
            raise TypeError(explain(owner, expected=f"{name} to be an integer", got=repr(size), remedy="pass an int"))
        if size < least:
            raise ValueError(
                explain(owner, expected=f"{name} of at least {least}", got=str(size), remedy=f"change {name}")
            )
