"""Penalties on parameters: the λ Ω(θ) of a regularized cost J = L + λ Ω(θ)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.functions import sum as _sum

__all__ = ["l1_penalty", "l2_penalty"]


def l1_penalty(parameters: Tensor | Iterable[Tensor]) -> Tensor:
    """The sum of sizes Σ |θ_i|, which drives parameters to exactly 0.

    Gradient: sign(θ), and 0 at 0.

    Args:
        parameters: a Tensor or several, such as ``model.parameters()``.

    Returns:
        A Tensor of shape ().

    Raises:
        ValueError: if there are none.

    >>> import nn
    >>> from nn import functional as F
    >>> layer = nn.Linear(1, 1)
    >>> layer.weight.data, layer.bias.data = [[-3.0]], [0.5]
    >>> F.l1_penalty(layer.parameters()).item()
    3.5
    """
    return _total([_sum(np.absolute(theta)) for theta in _listed(parameters)], "l1_penalty")


def l2_penalty(parameters: Tensor | Iterable[Tensor]) -> Tensor:
    """Half of the sum of squares ½ Σ θ_i², which pulls parameters towards 0.

    Gradient: θ. Added to a loss with the factor λ, it does what ``weight_decay=λ`` does in ``optim.SGD``.

    Args:
        parameters: a Tensor or several, such as ``model.parameters()``.

    Returns:
        A Tensor of shape ().

    Raises:
        ValueError: if there are none.

    >>> import nn
    >>> from nn import functional as F
    >>> layer = nn.Linear(1, 1)
    >>> layer.weight.data, layer.bias.data = [[-3.0]], [1.0]
    >>> F.l2_penalty(layer.parameters()).item()
    5.0
    """
    return _total([_sum(np.square(theta)) for theta in _listed(parameters)], "l2_penalty") * 0.5


def _listed(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    return [parameters] if isinstance(parameters, Tensor) else list(parameters)


def _total(terms: list[Tensor], operation: str) -> Tensor:
    if not terms:
        raise ValueError(explain(operation, expected="parameters", got="none", remedy="pass model.parameters()"))
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
