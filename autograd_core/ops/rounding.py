"""Rounding, signs and steps: functions that are constant between their jumps, so that the gradient is zero.

The gradient is zero, not absent: it passes as an array of zeros, as in PyTorch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Array, define, implements
from .axes import existing
from .pointwise import binary, unary, zero_rule, zeros

__all__ = ["around", "ceil", "fix", "floor", "heaviside", "rint", "round", "sign", "trunc"]

floor = unary(
    "floor",
    np.floor,
    zero_rule,
    "0",
    "The largest integer not above x.",
    ("ag.floor(ag.tensor([1.5, -1.5]))", "tensor([ 1., -2.])"),
    numpy=np.floor,
    symbol="⌊x⌋",
)
ceil = unary(
    "ceil",
    np.ceil,
    zero_rule,
    "0",
    "The smallest integer not below x.",
    ("ag.ceil(ag.tensor([1.5, -1.5]))", "tensor([ 2., -1.])"),
    numpy=np.ceil,
    symbol="⌈x⌉",
)
trunc = unary(
    "trunc",
    np.trunc,
    zero_rule,
    "0",
    "The integer next to x in the direction of 0.",
    ("ag.trunc(ag.tensor([1.5, -1.5]))", "tensor([ 1., -1.])"),
    numpy=existing("trunc", "fix"),
)
fix = trunc
rint = unary(
    "rint",
    np.rint,
    zero_rule,
    "0",
    "The nearest integer; halves go to the even one.",
    ("ag.rint(ag.tensor([0.5, 1.5]))", "tensor([0., 2.])"),
    numpy=np.rint,
)


def _sign_rule(g: Any, out: Any, x: Any) -> Any:
    if x.dtype.kind != "c":
        return zeros(g)
    # With r = |x|, dout = (dx − out²·conj(dx))/(2r), since |out| = 1. At 0 it is taken as 0.
    size = np.absolute(x)
    return (g - np.conjugate(g * out * out)) * 0.5 * (size != 0) / (size + (size == 0))


sign = unary(
    "sign",
    np.sign,
    _sign_rule,
    "0",
    "−1, 0 or 1; for complex x the unit number x/|x|, and 0 at 0.",
    ("ag.sign(ag.tensor([-2.0, 0.0, 3.0]))", "tensor([-1.,  0.,  1.])"),
    numpy=np.sign,
)

heaviside = binary(
    "heaviside",
    np.heaviside,
    lambda g, out, x, h: zeros(g),
    lambda g, out, x, h: g * (x == 0),
    ("0", "[{a} = 0]"),
    "The step function of x1: 0 below 0, 1 above 0, and x2 at 0.",
    ("ag.heaviside(ag.tensor([-1.0, 0.0, 1.0]), 0.5)", "tensor([0. , 0.5, 1. ])"),
    numpy=np.heaviside,
)

_round = define(
    "round",
    lambda x, decimals: np.round(x, decimals),
    lambda g, out, x, decimals: zeros(g),
    formulas="0",
    elementwise=True,
    doc="Rounding to a number of decimals.",
)


@implements(np.round, np.around)
def round(x: Array, decimals: int = 0) -> Array:
    """Round to a number of decimals; halves go to the even neighbour.

    The gradient is zero.

    Args:
        x: an array of any shape.
        decimals: how many decimals to keep; negative to round to tens, hundreds ...

    Returns:
        An array of the same shape.

    >>> import autograd_core as ag
    >>> ag.round(ag.tensor([1.25, 2.5]), 1)
    tensor([1.2, 2.5])
    """
    return _round(x, decimals=decimals)


around = round
