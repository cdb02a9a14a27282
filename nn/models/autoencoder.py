"""The autoencoder: a network that learns to give back its input through a narrow place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_core import Tensor

from ..layers.activation import ReLU
from ..module import Module
from .mlp import MLP

__all__ = ["Autoencoder"]


class Autoencoder(Module):
    """An encoder to a code, and a decoder of the mirrored widths back from it.

    Trained with the input as its own target, say by ½‖x - d(e(x))‖². With linear units the code spans the
    principal components of the data.

    Args:
        sizes: the widths from the input to the code, at least two.
        activation: a module class (or a function that makes a module) for the hidden units.
        output_activation: the same for the decoder's output, ``None`` for none; ``nn.Sigmoid`` for values
            from 0 to 1.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Raises:
        ValueError: for fewer than two sizes or a size below 1.

    Source: Hinton and Salakhutdinov, "Reducing the dimensionality of data with neural networks", 2006.

    >>> import numpy as np
    >>> import nn
    >>> net = nn.Autoencoder([64, 16, 2])
    >>> net.encode(np.zeros((5, 64))).shape, net(np.zeros((5, 64))).shape
    ((5, 2), (5, 64))
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: Callable[[], Module] = ReLU,
        output_activation: Callable[[], Module] | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.encoder = MLP(sizes, activation=activation, dtype=dtype)
        self.decoder = MLP(list(sizes)[::-1], activation=activation, output_activation=output_activation, dtype=dtype)

    def encode(self, input: Any) -> Tensor:
        """The code, shape (..., sizes[-1])."""
        return self.encoder(input)

    def decode(self, code: Any) -> Tensor:
        """The input that a code stands for, shape (..., sizes[0])."""
        return self.decoder(code)

    def forward(self, input: Any) -> Tensor:
        """The input as it comes back through the code."""
        return self.decoder(self.encoder(input))
