"""Units as modules: each is the function of ``nn.functional`` of the same name.

``inplace`` is accepted for the sake of programs written for PyTorch; inputs are never overwritten.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from .. import functional as F
from ..arguments import checked
from ..functional.gates import check_approximation
from ..functional.rectifiers import check_alpha, check_slopes
from ..functional.shrinkage import check_not_negative
from ..functional.sigmoids import check_beta
from ..module import Module
from ..parameter import Parameter, empty_parameter
from ..sizes import check_integer, check_number
from ..values import as_input, as_real, as_tensor

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]


class _InPlace(Module):
    """A unit with an argument ``inplace`` that has no effect."""

    @checked
    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Whether ``inplace`` was asked for."""
        return "inplace=True" if self.inplace else ""

    def _with_inplace(self, text: str) -> str:
        return f"{text}, inplace=True" if self.inplace else text


class ReLU(_InPlace):
    """The rectified linear unit max(0, x).

    Args:
        inplace: accepted, without effect.

    >>> import nn
    >>> nn.ReLU()([-1.0, 2.0])
    tensor([0., 2.])
    """

    def forward(self, input: Any) -> Tensor:
        """max(0, x) of every entry."""
        return F.relu(as_real(input, self))


class ReLU6(_InPlace):
    """min(max(0, x), 6).

    Args:
        inplace: accepted, without effect.

    >>> import nn
    >>> nn.ReLU6()([-1.0, 2.0, 8.0])
    tensor([0., 2., 6.])
    """

    def forward(self, input: Any) -> Tensor:
        """min(max(0, x), 6) of every entry."""
        return F.relu6(as_real(input, self))


class LeakyReLU(_InPlace):
    """x for x > 0, and ``negative_slope`` · x elsewhere.

    Args:
        negative_slope: the slope left of 0.
        inplace: accepted, without effect.

    >>> import nn
    >>> nn.LeakyReLU(0.1)([-1.0, 2.0])
    tensor([-0.1,  2. ])
    """

    @checked
    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input: Any) -> Tensor:
        """x or ``negative_slope`` · x for every entry."""
        return F.leaky_relu(as_real(input, self), self.negative_slope)

    def extra_repr(self) -> str:
        """The slope."""
        return self._with_inplace(f"negative_slope={self.negative_slope}")


class PReLU(Module):
    """x for x > 0, and a · x elsewhere, with slopes a that are learned.

    Args:
        num_parameters: 1 for one slope, or the number of channels (axis 1 of the input) for one each.
        init: the initial slope.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the slopes, float32 (or the default that was set) if left out.

    Attributes:
        weight: the slopes, shape (num_parameters,).

    Raises:
        ValueError: if there are several slopes, but not one for each channel of the input.

    >>> import nn
    >>> nn.PReLU()([-1.0, 2.0])
    tensor([-0.25,  2.  ], dtype=float32, operation=leaky_relu)
    """

    weight: Parameter

    @checked
    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        check_integer("PReLU", "num_parameters", num_parameters, least=0)
        check_number("PReLU", "init", init)
        self.num_parameters = num_parameters
        self.init = init
        self.weight = empty_parameter((num_parameters,), dtype, device, "PReLU")
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Give every slope its initial value."""
        self.weight.data = np.full_like(self.weight._data, self.init)

    def forward(self, input: Any) -> Tensor:
        """x or a · x for every entry."""
        return F.prelu(as_input(input, self.weight, self), self.weight)

    def extra_repr(self) -> str:
        """The number of slopes."""
        return f"num_parameters={self.num_parameters}"


class RReLU(_InPlace):
    """x for x > 0, and a · x elsewhere, with a random slope a per entry in training.

    Args:
        lower, upper: the bounds of the slopes; their mean is the slope in evaluation.
        inplace: accepted, without effect.

    Raises:
        ValueError: if lower is above upper.

    >>> import nn
    >>> nn.RReLU(0.2, 0.4).eval()([-1.0, 2.0])
    tensor([-0.3,  2. ])
    """

    @checked
    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__(inplace)
        check_slopes("RReLU", lower, upper)
        self.lower = lower
        self.upper = upper

    def forward(self, input: Any) -> Tensor:
        """x or a · x for every entry."""
        return F.rrelu(as_real(input, self), self.lower, self.upper, self.training)

    def extra_repr(self) -> str:
        """The bounds."""
        return self._with_inplace(f"lower={self.lower}, upper={self.upper}")


class ELU(_InPlace):
    """x for x > 0, and alpha · (eˣ − 1) elsewhere.

    Args:
        alpha: minus the value at −∞.
        inplace: accepted, without effect.

    >>> import nn
    >>> nn.ELU(0.5)([-1000.0, 2.0])
    tensor([-0.5,  2. ])
    """

    @checked
    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Any) -> Tensor:
        """The exponential unit of every entry."""
        return F.elu(as_real(input, self), self.alpha)

    def extra_repr(self) -> str:
        """alpha."""
        return self._with_inplace(f"alpha={self.alpha}")


class CELU(_InPlace):
    """x for x > 0, and alpha · (exp(x/alpha) − 1) elsewhere.

    Args:
        alpha: minus the value at −∞; not 0.
        inplace: accepted, without effect.

    Raises:
        ValueError: if alpha is 0.

    >>> import nn
    >>> nn.CELU(0.5)([-1000.0, 2.0])
    tensor([-0.5,  2. ])
    """

    @checked
    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        check_alpha("CELU", alpha)
        self.alpha = alpha

    def forward(self, input: Any) -> Tensor:
        """The exponential unit of every entry."""
        return F.celu(as_real(input, self), self.alpha)

    def extra_repr(self) -> str:
        """alpha."""
        return self._with_inplace(f"alpha={self.alpha}")


class SELU(_InPlace):
    """The self-normalizing exponential unit, see ``nn.functional.selu``.

    Args:
        inplace: accepted, without effect.

    >>> import nn
    >>> nn.SELU()([-1000.0, 1.0])
    tensor([-1.7581,  1.0507])
    """

    def forward(self, input: Any) -> Tensor:
        """The scaled exponential unit of every entry."""
        return F.selu(as_real(input, self))


class Threshold(_InPlace):
    """x where x > ``threshold``, and ``value`` elsewhere.

    Args:
        threshold: the largest number that is replaced.
        value: what stands in its place.
        inplace: accepted, without effect.

    >>> import nn
    >>> nn.Threshold(1.0, -3.0)([0.5, 1.0, 1.5])
    tensor([-3. , -3. ,  1.5])
    """

    @checked
    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold = threshold
        self.value = value

    def forward(self, input: Any) -> Tensor:
        """x or ``value`` for every entry."""
        return F.threshold(as_real(input, self), self.threshold, self.value)

    def extra_repr(self) -> str:
        """Threshold and value."""
        return self._with_inplace(f"threshold={self.threshold}, value={self.value}")


class Sigmoid(Module):
    """The logistic function 1 / (1 + exp(-x)).

    >>> import nn
    >>> nn.Sigmoid()([0.0])
    tensor([0.5])
    """

    def forward(self, input: Any) -> Tensor:
        """1 / (1 + exp(-x)) of every entry."""
        return F.sigmoid(as_tensor(input))


class Tanh(Module):
    """The hyperbolic tangent.

    >>> import nn
    >>> nn.Tanh()([0.0])
    tensor([0.])
    """

    def forward(self, input: Any) -> Tensor:
        """tanh(x) of every entry."""
        return F.tanh(as_tensor(input))


class LogSigmoid(Module):
    """The logarithm of the logistic function, −ln(1 + e⁻ˣ).

    >>> import nn
    >>> nn.LogSigmoid()([0.0])
    tensor([-0.6931])
    """

    def forward(self, input: Any) -> Tensor:
        """−ln(1 + e⁻ˣ) of every entry."""
        return F.logsigmoid(as_real(input, self))


class Hardtanh(_InPlace):
    """max(min_val, min(max_val, x)).

    Args:
        min_val, max_val: the bounds.
        inplace: accepted, without effect.

    Raises:
        ValueError: if ``min_val`` is not below ``max_val``.

    >>> import nn
    >>> nn.Hardtanh()([-3.0, 0.5, 3.0])
    tensor([-1. ,  0.5,  1. ])
    """

    @checked
    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        if not min_val < max_val:
            raise ValueError(
                explain(
                    "Hardtanh",
                    expected="min_val < max_val",
                    got=f"min_val={min_val} and max_val={max_val}",
                    remedy="swap them",
                )
            )
        self.min_val = min_val
        self.max_val = max_val

    def forward(self, input: Any) -> Tensor:
        """Every entry moved to between the bounds."""
        return F.hardtanh(as_real(input, self), self.min_val, self.max_val)

    def extra_repr(self) -> str:
        """The bounds."""
        return self._with_inplace(f"min_val={self.min_val}, max_val={self.max_val}")


class Hardsigmoid(_InPlace):
    """A sigmoid of three straight lines, min(max(x + 3, 0), 6) / 6.

    Args:
        inplace: accepted, without effect.

    >>> import nn
    >>> nn.Hardsigmoid()([-4.0, 0.0, 4.0])
    tensor([0. , 0.5, 1. ])
    """

    def forward(self, input: Any) -> Tensor:
        """min(max(x + 3, 0), 6) / 6 of every entry."""
        return F.hardsigmoid(as_real(input, self))


class Softsign(Module):
    """x / (1 + |x|).

    >>> import nn
    >>> nn.Softsign()([-1.0, 3.0])
    tensor([-0.5 ,  0.75])
    """

    def forward(self, input: Any) -> Tensor:
        """x / (1 + |x|) of every entry."""
        return F.softsign(as_tensor(input))


class Softplus(Module):
    """A smooth ReLU, ln(1 + exp(beta · x)) / beta.

    Args:
        beta: how sharp the bend is; not 0.
        threshold: where beta · x is above it, x itself is returned.

    Raises:
        ValueError: if beta is 0.

    >>> import nn
    >>> nn.Softplus()([0.0, 1000.0])
    tensor([6.9315e-01, 1.0000e+03])
    """

    @checked
    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        check_beta("Softplus", beta)
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Any) -> Tensor:
        """ln(1 + exp(beta · x)) / beta of every entry."""
        return F.softplus(as_real(input, self), self.beta, self.threshold)

    def extra_repr(self) -> str:
        """beta and threshold."""
        return f"beta={self.beta}, threshold={self.threshold}"


class GELU(Module):
    """x · Φ(x) with the normal distribution's cumulative function Φ.

    Args:
        approximate: ``"none"``, or ``"tanh"`` for an approximation of Φ by a tanh.

    Raises:
        ValueError: for another ``approximate``.

    >>> import nn
    >>> nn.GELU()([-1.0, 0.0, 1.0])
    tensor([-0.1587,  0.    ,  0.8413])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        check_approximation("GELU", approximate)
        self.approximate = approximate

    def forward(self, input: Any) -> Tensor:
        """x · Φ(x) of every entry."""
        return F.gelu(as_real(input, self), self.approximate)

    def extra_repr(self) -> str:
        """How Φ is computed."""
        return f"approximate={self.approximate!r}"


class SiLU(_InPlace):
    """x · σ(x), also called swish.

    Args:
        inplace: accepted, without effect.

    >>> import nn
    >>> nn.SiLU()([-1.0, 0.0, 1.0])
    tensor([-0.2689,  0.    ,  0.7311])
    """

    def forward(self, input: Any) -> Tensor:
        """x · σ(x) of every entry."""
        return F.silu(as_tensor(input))


class Mish(_InPlace):
    """x · tanh(ln(1 + eˣ)).

    Args:
        inplace: accepted, without effect.

    >>> import nn
    >>> nn.Mish()([-1.0, 0.0, 1.0])
    tensor([-0.3034,  0.    ,  0.8651])
    """

    def forward(self, input: Any) -> Tensor:
        """x · tanh(ln(1 + eˣ)) of every entry."""
        return F.mish(as_real(input, self))


class Hardswish(_InPlace):
    """x · min(max(x + 3, 0), 6) / 6.

    Args:
        inplace: accepted, without effect.

    >>> import nn
    >>> nn.Hardswish()([0.0, 1.0, 4.0])
    tensor([0.    , 0.6667, 4.    ])
    """

    def forward(self, input: Any) -> Tensor:
        """x · min(max(x + 3, 0), 6) / 6 of every entry."""
        return F.hardswish(as_real(input, self))


class GLU(Module):
    """The first half of an axis times the sigmoid of the second.

    Args:
        dim: the axis that is halved.

    Raises:
        ValueError: if its length is odd.

    >>> import nn
    >>> nn.GLU()([[1.0, 2.0, 0.0, 1000.0]])
    tensor([[0.5, 2. ]])
    """

    @checked
    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Tensor:
        """a · σ(b) for the halves a and b."""
        return F.glu(as_real(input, self), self.dim)

    def extra_repr(self) -> str:
        """The axis."""
        return f"dim={self.dim}"


class Hardshrink(Module):
    """x where |x| > ``lambd``, and 0 elsewhere.

    Args:
        lambd: the largest size that becomes 0.

    >>> import nn
    >>> nn.Hardshrink()([-1.0, 0.5, 2.0])
    tensor([-1.,  0.,  2.])
    """

    @checked
    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Any) -> Tensor:
        """Small entries become 0."""
        return F.hardshrink(as_real(input, self), self.lambd)

    def extra_repr(self) -> str:
        """lambd."""
        return str(self.lambd)


class Softshrink(Module):
    """x moved by ``lambd`` towards 0, and 0 where |x| ≤ ``lambd``.

    Args:
        lambd: the largest size that becomes 0; not negative.

    Raises:
        ValueError: if ``lambd`` is negative.

    >>> import nn
    >>> nn.Softshrink()([-1.0, 0.5, 2.0])
    tensor([-0.5,  0. ,  1.5])
    """

    @checked
    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        check_not_negative("Softshrink", "lambd", lambd)
        self.lambd = lambd

    def forward(self, input: Any) -> Tensor:
        """Small entries become 0."""
        return F.softshrink(as_real(input, self), self.lambd)

    def extra_repr(self) -> str:
        """lambd."""
        return str(self.lambd)


class Tanhshrink(Module):
    """x − tanh(x).

    >>> import nn
    >>> nn.Tanhshrink()([0.0, 2.0])
    tensor([0.   , 1.036])
    """

    def forward(self, input: Any) -> Tensor:
        """x − tanh(x) of every entry."""
        return F.tanhshrink(as_tensor(input))
