"""Units that move their input towards 0: hard and soft shrinkage, and x − tanh(x)."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.functions import where
from autograd_core.primitive import define

from ..explicit import wants_parts
from ..sizes import as_number

__all__ = ["hardshrink", "softshrink", "tanhshrink"]

_hardshrink = define(
    "hardshrink",
    lambda x, lambd: x * ((x < -lambd) | (x > lambd)),
    lambda g, out, x, lambd: g * ((x < -lambd) | (x > lambd)),
    None,
    formulas="[|{a}| > {b}]",
    elementwise=True,
)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x where |x| > ``lambd``, and 0 elsewhere.

    Derivative: 1 for |x| > ``lambd``, 0 elsewhere.

    Args:
        input: any shape.
        lambd: the largest size that becomes 0.

    Returns:
        The same shape.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.hardshrink(ag.tensor([-1.0, 0.5, 2.0]))
    tensor([-1.,  0.,  2.])
    """
    lambd = as_number("hardshrink", "lambd", lambd)
    if wants_parts():
        return where((input >= -lambd) & (input <= lambd), 0.0, input)
    return _hardshrink(input, lambd)


_softshrink = define(
    "softshrink",
    lambda x, lambd: x - np.minimum(np.maximum(x, -lambd), lambd),
    lambda g, out, x, lambd: g * ((x < -lambd) | (x > lambd)),
    None,
    formulas="[|{a}| > {b}]",
    elementwise=True,
)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x − ``lambd`` for x > ``lambd``, x + ``lambd`` for x < −``lambd``, and 0 between.

    It is what minimizes ½(y − x)² + lambd |y| over y. Derivative: 1 for |x| > ``lambd``, 0 elsewhere.

    Args:
        input: any shape.
        lambd: by how much every size is reduced; not negative.

    Returns:
        The same shape.

    Raises:
        ValueError: if ``lambd`` is negative.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.softshrink(ag.tensor([-1.0, 0.5, 2.0]))
    tensor([-0.5,  0. ,  1.5])
    """
    lambd = as_number("softshrink", "lambd", lambd)
    check_not_negative("softshrink", "lambd", lambd)
    if wants_parts():
        return where(input > lambd, input - lambd, where(input < -lambd, input + lambd, 0.0))
    return _softshrink(input, lambd)


def check_not_negative(operation: str, name: str, value: float) -> None:
    """Refuse a negative number."""
    if not value >= 0:
        raise ValueError(
            explain(
                operation, expected=f"{name} ≥ 0", got=f"{name}={value}", remedy=f"pass a {name} that is not negative"
            )
        )


def _tanhshrink_rule(g: Any, out: Any, x: Any) -> Any:
    t = np.tanh(x)
    return g * (t * t)


_tanhshrink = define("tanhshrink", lambda x: x - np.tanh(x), _tanhshrink_rule, formulas="tanh({a})²", elementwise=True)


def tanhshrink(input: Tensor) -> Tensor:
    """x − tanh(x), with derivative tanh(x)².

    Args:
        input: any shape.

    Returns:
        The same shape.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.tanhshrink(ag.tensor([0.0, 2.0]))
    tensor([0.   , 1.036])
    """
    return input - np.tanh(input) if wants_parts() else _tanhshrink(input)
