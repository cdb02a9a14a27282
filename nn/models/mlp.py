"""The multilayer perceptron."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from autograd_core.errors import explain

from ..layers.activation import ReLU
from ..layers.container import Sequential
from ..layers.dropout import Dropout
from ..layers.linear import Linear
from ..module import Module

__all__ = ["MLP"]


class MLP(Sequential):
    """A multilayer perceptron: affine layers with a unit between each two of them.

    z(0) = x, net(l+1) = z(l) W(l)ᵀ + b(l), z(l+1) = f(net(l+1)); the last layer has no unit, so its
    outputs are logits or real values, as losses want them.

    Args:
        sizes: the widths from input to output, at least two.
        activation: a module class (or a function that makes a module) for f.
        output_activation: the same for the last layer, ``None`` for none.
        bias: whether the layers have biases.
        dropout: the probability with which a hidden output is set to 0 in training.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Raises:
        ValueError: for fewer than two sizes or a size below 1.

    >>> import nn
    >>> nn.MLP([2, 16, 1], activation=nn.Tanh)
    MLP(
      (0): Linear(in_features=2, out_features=16, bias=True)
      (1): Tanh()
      (2): Linear(in_features=16, out_features=1, bias=True)
    )
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: Callable[[], Module] = ReLU,
        output_activation: Callable[[], Module] | None = None,
        bias: bool = True,
        dropout: float = 0.0,
        dtype: Any = None,
    ) -> None:
        if len(sizes) < 2 or any(size < 1 for size in sizes):
            raise ValueError(
                explain(
                    "MLP",
                    expected="at least two positive sizes",
                    got=f"{list(sizes)}",
                    remedy="pass [inputs, ..., outputs]",
                )
            )
        layers: list[Module] = []
        for before, after in pairwise(sizes):
            layers += [Linear(before, after, bias=bias, dtype=dtype), activation()]
            if dropout:
                layers.append(Dropout(dropout))
        del layers[-2 if dropout else -1 :]
        if output_activation is not None:
            layers.append(output_activation())
        super().__init__(*layers)
