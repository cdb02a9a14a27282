"""Initial values of weights, written into a Parameter in place. Names and defaults as in PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.errors import explain

from .random import default_generator


def _write(tensor: Any, values: Any) -> Any:
    tensor.data = values
    return tensor


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0, generator: np.random.Generator | None = None) -> Any:
    """Fill with draws from the uniform distribution on [a, b).

    >>> import nn
    >>> w = nn.init.uniform_(nn.Parameter([0.0] * 4), -1, 1)
    >>> bool((abs(w.detach()) <= 1).all())
    True
    """
    return _write(tensor, (generator or default_generator()).uniform(a, b, tensor.shape))


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, generator: np.random.Generator | None = None) -> Any:
    """Fill with draws from the normal distribution.

    >>> import nn
    >>> nn.init.normal_(nn.Parameter([0.0, 0.0]), std=0.1).shape
    (2,)
    """
    return _write(tensor, (generator or default_generator()).normal(mean, std, tensor.shape))


def constant_(tensor: Any, value: float) -> Any:
    """Fill with one value.

    >>> import nn
    >>> nn.init.constant_(nn.Parameter([0.0, 0.0]), 3.0).tolist()
    [3.0, 3.0]
    """
    return _write(tensor, np.full(tensor.shape, value))


def zeros_(tensor: Any) -> Any:
    """Fill with 0.

    >>> import nn
    >>> nn.init.zeros_(nn.Parameter([1.0])).tolist()
    [0.0]
    """
    return constant_(tensor, 0.0)


def ones_(tensor: Any) -> Any:
    """Fill with 1.

    >>> import nn
    >>> nn.init.ones_(nn.Parameter([0.0])).tolist()
    [1.0]
    """
    return constant_(tensor, 1.0)


def fans(tensor: Any) -> tuple[int, int]:
    """The numbers of inputs and outputs of one unit of a weight of shape (out, in, *kernel).

    Raises:
        ValueError: for a weight of fewer than two axes.

    >>> import nn
    >>> nn.init.fans(nn.Linear(3, 2).weight)
    (3, 2)
    """
    if tensor.ndim < 2:
        raise ValueError(
            explain(
                "fan in and fan out",
                expected="a weight of at least two axes (out, in, ...)",
                got=f"shape {tensor.shape}",
                remedy="use uniform_ or normal_ for biases",
            )
        )
    kernel = math.prod(tensor.shape[2:])
    return tensor.shape[1] * kernel, tensor.shape[0] * kernel


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which weights before ``nonlinearity`` are enlarged to keep the variance.

    Args:
        nonlinearity: ``"linear"``, ``"sigmoid"``, ``"tanh"``, ``"relu"``, ``"leaky_relu"`` or ``"selu"``.
        param: the negative slope of ``"leaky_relu"`` (0.01).

    Raises:
        ValueError: for a nonlinearity that is not one of them.

    >>> import nn
    >>> nn.init.calculate_gain("relu")
    1.4142135623730951
    """
    slope = 0.01 if param is None else param
    gains = {
        "linear": 1.0,
        "sigmoid": 1.0,
        "tanh": 5.0 / 3.0,
        "relu": math.sqrt(2.0),
        "leaky_relu": math.sqrt(2.0 / (1.0 + slope * slope)),
        "selu": 0.75,
    }
    if nonlinearity not in gains:
        raise ValueError(
            explain(
                "calculate_gain",
                expected=f"one of {', '.join(gains)}",
                got=repr(nonlinearity),
                remedy="pass the nonlinearity that comes after the weight",
            )
        )
    return gains[nonlinearity]


def kaiming_uniform_(
    tensor: Any,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: np.random.Generator | None = None,
) -> Any:
    """Fill uniformly on (-bound, bound), bound = gain * sqrt(3 / fan).

    Args:
        tensor: a weight of shape (out, in, *kernel).
        a: the negative slope of the leaky ReLU after it.
        mode: ``"fan_in"`` keeps the variance forward, ``"fan_out"`` backward.
        nonlinearity: what comes after the weight.
        generator: where the draws come from.

    Source: He, Zhang, Ren, Sun, "Delving deep into rectifiers", 2015, equation 10.

    >>> import nn
    >>> w = nn.init.kaiming_uniform_(nn.Linear(100, 50).weight, nonlinearity="relu")
    >>> bool(abs(w.detach()).max() <= (6 / 100) ** 0.5)
    True
    """
    fan = dict(zip(("fan_in", "fan_out"), fans(tensor))).get(mode)
    if fan is None:
        raise ValueError(
            explain("kaiming_uniform_", expected="mode 'fan_in' or 'fan_out'", got=repr(mode), remedy="pass one")
        )
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3.0 / fan)
    return uniform_(tensor, -bound, bound, generator)


def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: np.random.Generator | None = None) -> Any:
    """Fill uniformly on (-bound, bound), bound = gain * sqrt(6 / (fan_in + fan_out)).

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010, equation 16.

    >>> import nn
    >>> nn.init.xavier_uniform_(nn.Linear(4, 2).weight).shape
    (2, 4)
    """
    bound = gain * math.sqrt(6.0 / sum(fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)
