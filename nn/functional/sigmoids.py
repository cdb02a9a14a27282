"""Units shaped like an S, and the integral of one: sigmoid, tanh, their hard forms, softsign and softplus."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor, special
from autograd_core.errors import explain
from autograd_core.functions import tanh as _tanh
from autograd_core.functions import where
from autograd_core.primitive import define

from ..explicit import wants_parts
from ..sizes import as_number
from .rectifiers import clamped

__all__ = ["hardsigmoid", "hardtanh", "logsigmoid", "sigmoid", "softplus", "softsign", "tanh"]


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent, with derivative 1 − tanh(x)².

    Args:
        input: any shape.

    Returns:
        The same shape, between −1 and 1.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.tanh(ag.tensor([0.0, 1.0]))
    tensor([0.    , 0.7616])
    """
    return _tanh(input)


def sigmoid(input: Tensor) -> Tensor:
    """The logistic function σ(x) = 1 / (1 + e⁻ˣ), with derivative σ (1 − σ).

    Args:
        input: any shape.

    Returns:
        The same shape, between 0 and 1.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.sigmoid(ag.tensor([0.0, 1.0]))
    tensor([0.5   , 0.7311])
    """
    return special.expit(input)


def logsigmoid(input: Tensor) -> Tensor:
    """The logarithm of the logistic function, −ln(1 + e⁻ˣ), with derivative σ(−x).

    Args:
        input: any shape.

    Returns:
        The same shape, below 0; no underflow for very negative x.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.logsigmoid(ag.tensor([0.0, -1000.0]))
    tensor([-6.9315e-01, -1.0000e+03])
    """
    return special.log_expit(input)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """max(min_val, min(max_val, x)), with derivative 1 between the bounds and 0 elsewhere, on them too.

    Args:
        input: any shape.
        min_val, max_val: the bounds.
        inplace: accepted, without effect.

    Returns:
        The same shape.

    Raises:
        ValueError: if ``min_val`` is above ``max_val``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.hardtanh(ag.tensor([-3.0, 0.5, 3.0]))
    tensor([-1. ,  0.5,  1. ])
    """
    low, high = as_number("hardtanh", "min_val", min_val), as_number("hardtanh", "max_val", max_val)
    if low > high:
        raise ValueError(
            explain(
                "hardtanh",
                expected="min_val ≤ max_val",
                got=f"min_val={min_val} and max_val={max_val}",
                remedy="swap them",
            )
        )
    return clamped(input, low, high)


_hardsigmoid = define(
    "hardsigmoid",
    lambda x: np.minimum(np.maximum(x + 3, 0), 6) / 6,
    lambda g, out, x: (g / 6) * ((x > -3) & (x < 3)),
    formulas="1/6 if −3 < {a} < 3 else 0",
    elementwise=True,
)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """A sigmoid of three straight lines: min(max(x + 3, 0), 6) / 6.

    Derivative: 1/6 for −3 < x < 3, 0 elsewhere, at −3 and 3 too.

    Args:
        input: any shape.
        inplace: accepted, without effect.

    Returns:
        The same shape, from 0 to 1.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.hardsigmoid(ag.tensor([-4.0, 0.0, 4.0]))
    tensor([0. , 0.5, 1. ])
    """
    if wants_parts():
        return where(input > -3, where(input < 3, input + 3, 6.0), 0.0) / 6
    return _hardsigmoid(input)


def _softsign_rule(g: Any, out: Any, x: Any) -> Any:
    ratio = 1 / (1 + np.absolute(x))
    return g * ratio * ratio


_softsign = define(
    "softsign",
    lambda x: x / (1 + np.absolute(x)),
    _softsign_rule,
    formulas="1/(1 + |{a}|)²",
    elementwise=True,
)


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|), which approaches ±1 slowly; derivative 1 / (1 + |x|)².

    Args:
        input: any shape.

    Returns:
        The same shape, between −1 and 1.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.softsign(ag.tensor([-1.0, 3.0]))
    tensor([-0.5 ,  0.75])
    """
    return input / (1 + np.absolute(input)) if wants_parts() else _softsign(input)


def _softplus_forward(x: Any, beta: Any, threshold: Any) -> Any:
    z = x * beta
    tail = np.log1p(np.exp(-np.absolute(z)))
    return (np.maximum(z, 0) + tail * (z <= threshold)) / beta


def _softplus_rule(g: Any, out: Any, x: Any, beta: Any, threshold: Any) -> Any:
    z = x * beta
    return g * np.maximum(special.expit(z), z > threshold)


_softplus = define(
    "scaled_softplus",
    _softplus_forward,
    _softplus_rule,
    None,
    None,
    formulas="σ({b}·{a})",
    symbol="softplus",
    elementwise=True,
)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """A smooth ReLU: ζ(x) = ln(1 + exp(beta · x)) / beta, with derivative σ(beta · x).

    Where beta · x is above ``threshold``, x itself is returned, as in PyTorch: the two differ by less than
    exp(−threshold) there. ``autograd_core.special.softplus`` has no threshold.

    Args:
        input: any shape.
        beta: how sharp the bend is; not 0.
        threshold: where the straight line begins.

    Returns:
        The same shape.

    Raises:
        ValueError: if beta is 0.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.softplus(ag.tensor([-1000.0, 0.0, 1000.0]))
    tensor([0.0000e+00, 6.9315e-01, 1.0000e+03])
    """
    beta, threshold = as_number("softplus", "beta", beta), as_number("softplus", "threshold", threshold)
    check_beta("softplus", beta)
    if wants_parts():
        z = input * beta
        return where(z > threshold, input, np.log1p(np.exp(np.minimum(z, threshold))) / beta)
    return _softplus(input, beta, threshold)


def check_beta(operation: str, beta: float) -> None:
    """Refuse beta = 0, by which is divided."""
    if beta == 0:
        raise ValueError(explain(operation, expected="a beta that is not 0", got="0", remedy="pass beta=1.0, say"))
