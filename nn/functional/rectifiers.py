"""Units that pass what is positive: ReLU and its relatives.

All of them have a kink at 0, where the derivative of the left side counts, as in PyTorch: 0 for ``relu``,
the slope for ``leaky_relu``, alpha for ``elu``. ``inplace`` is accepted for the sake of programs written for
PyTorch; inputs are never overwritten.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.functions import relu as _relu
from autograd_core.functions import where
from autograd_core.primitive import define

from ..explicit import wants_parts
from ..random import default_generator
from ..sizes import as_number

__all__ = ["celu", "elu", "leaky_relu", "prelu", "relu", "relu6", "rrelu", "selu", "threshold"]

# Of the unit with outputs of mean 0 and variance 1 for such inputs (Klambauer et al. 2017).
_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """The rectified linear unit max(0, x), with derivative 0 at 0.

    Args:
        input: any shape.
        inplace: accepted, without effect.

    Returns:
        The same shape.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.relu(ag.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return _relu(input)


# min(x, 0), whose derivative at 0 is 0: inside of the exponential units, so that their second derivative
# at 0 is the one of the right side.
_negative_part = define(
    "negative_part",
    lambda x: np.minimum(x, 0),
    lambda g, out, x: g * (x < 0),
    formulas="[{a} < 0]",
    symbol="min(x, 0)",
    elementwise=True,
)

# -- straight lines -----------------------------------------------------------------------------------

# Large arrays of random signs are a bad case for ``where``, which branches at every entry. Arithmetic on masks is
# several times faster.


def _bent_line_rule(g: Any, out: Any, x: Any, slope: Any) -> Any:
    if type(slope) is float and 0 <= slope <= 1:
        return g * np.maximum(np.sign(x), slope)
    return g * (x > 0) + g * slope * (x <= 0)


_bent_line = define(
    "leaky_relu",
    lambda x, slope: np.maximum(x, 0) + np.minimum(x, 0) * slope,
    _bent_line_rule,
    lambda g, out, x, slope: g * _negative_part(x),
    formulas=("1 if {a} > 0 else {b}", "min({a}, 0)"),
    symbol="leaky ReLU",
    elementwise=True,
)


def _leaky(input: Any, slope: Any) -> Any:
    if wants_parts():
        return where(input > 0, input, input * slope)
    return _bent_line(input, slope)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x for x > 0, and ``negative_slope`` · x elsewhere.

    Derivative: 1 for x > 0, ``negative_slope`` for x ≤ 0. With slope −1 it is the absolute value.

    Args:
        input: any shape.
        negative_slope: the slope left of 0.
        inplace: accepted, without effect.

    Returns:
        The same shape.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.leaky_relu(ag.tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1,  2. ])
    """
    return _leaky(input, as_number("leaky_relu", "negative_slope", negative_slope))


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x for x > 0, and w · x elsewhere, with a learned slope w per channel.

    Derivatives: 1 for x > 0 and w for x ≤ 0; with respect to w it is x for x ≤ 0 and 0 elsewhere.

    Args:
        input: shape (N, C, ...), or any shape if there is one slope.
        weight: shape (C,) or (1,).

    Returns:
        The shape of the input.

    Raises:
        ValueError: if there are several slopes, but not one for each channel.

    Source: He, Zhang, Ren, Sun (2015), Delving deep into rectifiers.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.prelu(ag.tensor([[-1.0, -1.0]]), ag.tensor([0.1, 0.5]))
    tensor([[-0.1, -0.5]])
    """
    slopes = weight.shape[0] if weight.ndim == 1 else 1
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.ndim > 1 or slopes not in (1, channels):
        raise ValueError(
            explain(
                "prelu",
                expected=f"a weight of shape (1,) or ({channels},) for an input of shape {input.shape}",
                got=f"shape {weight.shape}",
                remedy="give one slope, or one for each channel (axis 1 of the input)",
            )
        )
    if slopes > 1 and input.ndim > 2:
        weight = np.reshape(weight, (slopes,) + (1,) * (input.ndim - 2))
    elif input.ndim == 0:
        weight = np.reshape(weight, ())
    return _leaky(input, weight)


def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """A leaky ReLU whose slope is random in training: x for x > 0, and a · x elsewhere.

    In training every entry draws its own a, uniform on [lower, upper); otherwise a is their mean.
    Derivative: 1 for x > 0, a for x ≤ 0.

    Args:
        input: any shape.
        lower, upper: the bounds of the slopes.
        training: whether to draw the slopes (from ``nn.default_generator()``).
        inplace: accepted, without effect.

    Returns:
        The same shape.

    Raises:
        ValueError: if lower is above upper.

    Source: Xu, Wang, Chen, Li (2015), Empirical evaluation of rectified activations.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.rrelu(ag.tensor([-1.0, 2.0]), 0.2, 0.4)
    tensor([-0.3,  2. ])
    """
    check_slopes("rrelu", lower, upper)
    if not training:
        return _leaky(input, (as_number("rrelu", "lower", lower) + as_number("rrelu", "upper", upper)) / 2)
    slopes = default_generator().uniform(lower, upper, input.shape)
    return _leaky(input, np.asarray(slopes, dtype=input.dtype))


def check_slopes(operation: str, lower: float, upper: float) -> None:
    """Refuse an interval whose ends are swapped."""
    if not lower <= upper:
        raise ValueError(
            explain(operation, expected="lower ≤ upper", got=f"{lower} and {upper}", remedy="swap lower and upper")
        )


# Not ``clip``: the bounds are excluded here, as in PyTorch.
clamp_inside = define(
    "hardtanh",
    lambda x, low, high: np.minimum(np.maximum(x, low), high),
    lambda g, out, x, low, high: g * ((x > low) & (x < high)),
    None,
    None,
    formulas="[{b} < {a} < {c}]",
    elementwise=True,
)


def clamped(input: Any, low: float, high: float) -> Any:
    """``input`` moved into [low, high], with derivative 0 on the bounds, unlike ``clip``."""
    if wants_parts():
        return where(input > low, where(input < high, input, high), low)
    return clamp_inside(input, low, high)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(0, x), 6), with derivative 1 for 0 < x < 6 and 0 elsewhere, at 0 and 6 too.

    Args:
        input: any shape.
        inplace: accepted, without effect.

    Returns:
        The same shape.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.relu6(ag.tensor([-1.0, 2.0, 8.0]))
    tensor([0., 2., 6.])
    """
    return clamped(input, 0.0, 6.0)


_threshold = define(
    "threshold",
    lambda x, threshold, value: where(x <= threshold, value, x),
    lambda g, out, x, threshold, value: g * (x > threshold),
    None,
    None,
    formulas="[{a} > {b}]",
    elementwise=True,
)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > ``threshold``, and ``value`` elsewhere.

    Derivative: 1 for x > ``threshold``, 0 elsewhere.

    Args:
        input: any shape.
        threshold: the largest number that is replaced.
        value: what stands in its place.
        inplace: accepted, without effect.

    Returns:
        The same shape.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.threshold(ag.tensor([0.5, 1.0, 1.5]), 1.0, -3.0)
    tensor([-3. , -3. ,  1.5])
    """
    if wants_parts():
        return where(input <= threshold, as_number("threshold", "value", value), input)
    return _threshold(input, as_number("threshold", "threshold", threshold), as_number("threshold", "value", value))


# -- exponentials on the left ---------------------------------------------------------------------------


def _exponential_unit(x: Any, right: float, left: float, rate: float) -> Any:
    """right · x for x > 0, and left · (exp(rate · x) − 1) elsewhere."""
    return _times(np.maximum(x, 0), right) + _times(np.expm1(_times(np.minimum(x, 0), rate)), left)


def _exponential_rule(g: Any, x: Any, right: float, left: float, rate: float) -> Any:
    slope = left * rate
    contribution = g * _times(np.exp(_times(_negative_part(x), rate)), slope)
    # Right of 0 the exponential is 1, so that this is the slope of the left side at 0.
    return contribution if right == slope else contribution + g * (right - slope) * (x > 0)


def _times(x: Any, factor: float) -> Any:
    return x if factor == 1 else x * factor


def _in_parts(x: Any, right: float, left: float, rate: float) -> Any:
    return where(x > 0, _times(x, right), _times(np.expm1(_times(_negative_part(x), rate)), left))


_elu = define(
    "elu",
    lambda x, alpha: _exponential_unit(x, 1, alpha, 1),
    lambda g, out, x, alpha: _exponential_rule(g, x, 1, alpha, 1),
    None,
    formulas="1 if {a} > 0 else {b}·exp({a})",
    symbol="ELU",
    elementwise=True,
)
_celu = define(
    "celu",
    lambda x, alpha: _exponential_unit(x, 1, alpha, 1 / alpha),
    lambda g, out, x, alpha: _exponential_rule(g, x, 1, alpha, 1 / alpha),
    None,
    formulas="1 if {a} > 0 else exp({a}/{b})",
    symbol="CELU",
    elementwise=True,
)
_selu = define(
    "selu",
    lambda x: _exponential_unit(x, _SELU_SCALE, _SELU_SCALE * _SELU_ALPHA, 1),
    lambda g, out, x: _exponential_rule(g, x, _SELU_SCALE, _SELU_SCALE * _SELU_ALPHA, 1),
    formulas="1.0507·(1 if {a} > 0 else 1.6733·exp({a}))",
    symbol="SELU",
    elementwise=True,
)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """The exponential linear unit: x for x > 0, and alpha · (eˣ − 1) elsewhere.

    Derivative: 1 for x > 0, alpha · eˣ for x ≤ 0.

    Args:
        input: any shape.
        alpha: minus the value at −∞.
        inplace: accepted, without effect.

    Returns:
        The same shape.

    Source: Clevert, Unterthiner, Hochreiter (2016), Fast and accurate deep network learning by ELUs.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.elu(ag.tensor([-1000.0, 2.0]), alpha=0.5)
    tensor([-0.5,  2. ])
    """
    alpha = as_number("elu", "alpha", alpha)
    return _in_parts(input, 1, alpha, 1) if wants_parts() else _elu(input, alpha)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """An ELU without a kink: x for x > 0, and alpha · (exp(x/alpha) − 1) elsewhere.

    Derivative: 1 for x > 0, exp(x/alpha) for x ≤ 0, which is 1 at 0.

    Args:
        input: any shape.
        alpha: minus the value at −∞; not 0.
        inplace: accepted, without effect.

    Returns:
        The same shape.

    Raises:
        ValueError: if alpha is 0.

    Source: Barron (2017), Continuously differentiable exponential linear units.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.celu(ag.tensor([-1000.0, 2.0]), alpha=0.5)
    tensor([-0.5,  2. ])
    """
    alpha = as_number("celu", "alpha", alpha)
    check_alpha("celu", alpha)
    return _in_parts(input, 1, alpha, 1 / alpha) if wants_parts() else _celu(input, alpha)


def check_alpha(operation: str, alpha: float) -> None:
    """Refuse alpha = 0, by which x would be divided."""
    if alpha == 0:
        raise ValueError(explain(operation, expected="an alpha that is not 0", got="0", remedy="pass alpha=1.0, say"))


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """A scaled ELU that keeps mean 0 and variance 1: s · x for x > 0, and s · a · (eˣ − 1) elsewhere.

    With a = 1.67326… and s = 1.05070…. Derivative: s for x > 0, s · a · eˣ for x ≤ 0.

    Args:
        input: any shape.
        inplace: accepted, without effect.

    Returns:
        The same shape.

    Source: Klambauer, Unterthiner, Mayr, Hochreiter (2017), Self-normalizing neural networks.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.selu(ag.tensor([-1000.0, 1.0]))
    tensor([-1.7581,  1.0507])
    """
    if wants_parts():
        return _in_parts(input, _SELU_SCALE, _SELU_SCALE * _SELU_ALPHA, 1)
    return _selu(input)
