"""Units that ``torch.nn`` lacks: absolute value, maxout, cosine and radial basis units."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Tensor

from .. import functional as F
from .. import init
from ..arguments import checked
from ..module import Module
from ..parameter import Parameter, empty_parameter
from ..sizes import per_axis
from ..values import as_input, as_tensor

__all__ = ["Abs", "Cosine", "Maxout", "RadialBasis"]


class Abs(Module):
    """Absolute value rectification |x|: a leaky ReLU of slope −1. Its derivative at 0 is 0.

    >>> import nn
    >>> nn.Abs()([-1.0, 2.0])
    tensor([1., 2.])
    """

    def forward(self, input: Any) -> Tensor:
        """|x| of every entry."""
        return np.absolute(as_tensor(input))


class _Affine(Module):
    """Units over an affine map x Wᵀ + b.

    Attributes:
        weight: shape (rows, in_features).
        bias: shape (rows,), or ``None``.
    """

    weight: Parameter
    bias: Parameter | None

    @checked
    def __init__(
        self, in_features: int, out_features: int, rows_per_output: int, bias: bool, device: Any, dtype: Any
    ) -> None:
        super().__init__()
        owner = type(self).__name__
        (self.in_features,) = per_axis(in_features, 1, owner, "in_features", least=1)
        (self.out_features,) = per_axis(out_features, 1, owner, "out_features", least=1)
        rows = self.out_features * rows_per_output
        self.weight = empty_parameter((rows, self.in_features), dtype, device, owner)
        if bias:
            self.bias = empty_parameter((rows,), dtype, device, owner)
        else:
            self.register_parameter("bias", None)

    def _net(self, input: Any) -> Tensor:
        return F.linear(as_input(input, self.weight, self), self.weight, self.bias)


class Maxout(_Affine):
    """A unit that learns its own shape: the largest of several affine maps, max over j of x·W_ij + b_ij.

    Two pieces make a ReLU or an absolute value; with enough pieces any convex function can be approached.

    Args:
        in_features: length of the last axis of the input.
        out_features: length of the last axis of the output.
        pieces: how many affine maps compete for each output.
        bias: whether there is a bias.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Attributes:
        weight: shape (out_features · pieces, in_features), the pieces of one output one after the other.
        bias: shape (out_features · pieces,), or ``None``.

    Source: Goodfellow, Warde-Farley, Mirza, Courville, Bengio (2013), Maxout networks.

    >>> import nn
    >>> nn.Maxout(3, 2, pieces=4)([[1.0, 2.0, 3.0]]).shape
    (1, 2)
    """

    @checked
    def __init__(
        self,
        in_features: int,
        out_features: int,
        pieces: int = 2,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        (pieces,) = per_axis(pieces, 1, "Maxout", "pieces", least=1)
        super().__init__(in_features, out_features, pieces, bias, device, dtype)
        self.pieces = pieces
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values anew, as those of ``Linear``."""
        bound = 1 / math.sqrt(self.in_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Any) -> Tensor:
        """The largest piece for each output."""
        return F.maxout(self._net(input), self.pieces)

    def extra_repr(self) -> str:
        """Sizes, as in the constructor."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, pieces={self.pieces}, "
            f"bias={self.bias is not None}"
        )


class Cosine(_Affine):
    """Cosine units cos(W x + b).

    W starts normal with mean 0 and variance 1, b uniform on (−π, π): random Fourier features, whose products
    approach the Gaussian kernel exp(−‖x − y‖²/2) / 2 on average, before anything is learned.

    Args:
        in_features: length of the last axis of the input.
        out_features: length of the last axis of the output.
        bias: whether there is a phase b.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Attributes:
        weight: frequencies, shape (out_features, in_features).
        bias: phases, shape (out_features,), or ``None``.

    Source: Rahimi, Recht (2007), Random features for large-scale kernel machines.

    >>> import nn
    >>> nn.Cosine(3, 2)([[1.0, 2.0, 3.0]]).shape
    (1, 2)
    """

    @checked
    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(in_features, out_features, 1, bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values anew."""
        init.normal_(self.weight)
        if self.bias is not None:
            init.uniform_(self.bias, -math.pi, math.pi)

    def forward(self, input: Any) -> Tensor:
        """cos(W x + b)."""
        return np.cos(self._net(input))

    def extra_repr(self) -> str:
        """Sizes, as in the constructor."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class RadialBasis(Module):
    """Gaussian bells exp(−(eps ‖x − c‖)²) around centres that are learned, each with a width of its own.

    Centres start normal with mean 0 and variance 1, fit for standardized inputs. To place them on data,
    write ``layer.centres.data = points``.

    Args:
        in_features: length of the last axis of the input.
        out_features: how many centres there are.
        eps: one over the initial width of the bells.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Attributes:
        centres: shape (out_features, in_features).
        eps: shape (out_features,).

    Source: Broomhead, Lowe (1988), Multivariable functional interpolation and adaptive networks.

    >>> import nn
    >>> layer = nn.RadialBasis(2, 3)
    >>> layer(layer.centres).detach().numpy().diagonal()
    array([1., 1., 1.], dtype=float32)
    """

    centres: Parameter
    eps: Parameter

    @checked
    def __init__(
        self, in_features: int, out_features: int, eps: float = 1.0, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        (self.in_features,) = per_axis(in_features, 1, "RadialBasis", "in_features", least=1)
        (self.out_features,) = per_axis(out_features, 1, "RadialBasis", "out_features", least=1)
        self.initial_eps = float(eps)
        self.centres = empty_parameter((self.out_features, self.in_features), dtype, device, "RadialBasis")
        self.eps = empty_parameter((self.out_features,), dtype, device, "RadialBasis")
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the centres anew, and give every bell its initial width."""
        init.normal_(self.centres)
        self.eps.data = np.full_like(self.eps._data, self.initial_eps)

    def forward(self, input: Any) -> Tensor:
        """How near the input is to every centre, from 0 to 1."""
        return F.radial_basis(as_input(input, self.centres, self), self.centres, self.eps)

    def extra_repr(self) -> str:
        """Sizes, as in the constructor."""
        return f"in_features={self.in_features}, out_features={self.out_features}, eps={self.initial_eps}"
