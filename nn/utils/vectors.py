"""All parameters of a network as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Join parameters to one vector, differentiably.

    Args:
        parameters: Tensors of any shapes.

    Returns:
        A Tensor of shape (n,), n the number of all entries.

    Raises:
        ValueError: if there are none.

    >>> import nn
    >>> nn.utils.parameters_to_vector([nn.Parameter([[1.0, 2.0]]), nn.Parameter([3.0])]).tolist()
    [1.0, 2.0, 3.0]
    """
    parts = [np.reshape(parameter, (-1,)) for parameter in parameters]
    if not parts:
        raise ValueError(
            explain(
                "parameters_to_vector", expected="at least one parameter", got="none", remedy="pass net.parameters()"
            )
        )
    return np.concatenate(parts)


def vector_to_parameters(vec: Any, parameters: Iterable[Tensor]) -> None:
    """Write the entries of a vector into parameters, one after the other.

    Args:
        vec: shape (n,), n the number of all entries. A Tensor or an array; it is copied, and no gradient goes
            through: use ``nn.functional_call`` for that.
        parameters: Tensors of any shapes. Nothing is changed unless the vector fits.

    Raises:
        ValueError: for a vector of another length.

    >>> import nn
    >>> layer = nn.Linear(2, 1)
    >>> nn.utils.vector_to_parameters([1.0, 2.0, 3.0], layer.parameters())
    >>> layer.weight.tolist(), layer.bias.tolist()
    ([[1.0, 2.0]], [3.0])
    """
    values = vec._data if isinstance(vec, Tensor) else np.asarray(vec)
    targets = list(parameters)
    count = sum(int(target.size) for target in targets)
    if values.shape != (count,):
        raise ValueError(
            explain(
                "vector_to_parameters",
                expected=f"a vector of shape ({count},), the number of all entries",
                got=f"shape {values.shape}",
                remedy="make it with parameters_to_vector from the same parameters",
            )
        )
    start = 0
    for target in targets:
        stop = start + int(target.size)
        target.data = np.array(values[start:stop].reshape(target.shape), dtype=target.dtype)
        start = stop
