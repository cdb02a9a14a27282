"""Units that multiply their input with a gate between 0 and 1: GELU, SiLU, Mish, Hardswish, GLU."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Tensor, special
from autograd_core.errors import explain
from autograd_core.functions import where
from autograd_core.primitive import define

from ..arguments import check_axis
from ..explicit import wants_parts

__all__ = ["gelu", "glu", "hardswish", "mish", "silu"]

_ONE_OVER_ROOT_2PI = 1 / math.sqrt(2 * math.pi)
_ROOT_2_OVER_PI = math.sqrt(2 / math.pi)
_CUBIC = 0.044715

# -- GELU -----------------------------------------------------------------------------------------------


# Φ(x) = ½ (1 + tanh p(x)) for an odd p, which GELU's well-known approximation takes as a cubic. With seven terms,
# fitted so that the largest error on [−5.7, 5.7] is least, Φ is exact to 3e-8: enough for single precision, and
# several times faster than the error function, which has no vectorized loop.
_ODD_TERMS = (
    0.7978849414924964,
    0.03633308439519055,
    -3.2594727363837434e-05,
    -5.5306324977646866e-05,
    3.964774842431514e-06,
    -1.322664284926098e-07,
    1.756282035840477e-09,
)
_END = 6.0  # where the tanh is ±1 in single precision


def _cumulative(x: Any) -> Any:
    """Φ(x), the probability that a standard normal variable is at most x."""
    if type(x) is not np.ndarray or x.dtype != np.float32:
        return special.ndtr(x)
    z = np.minimum(np.maximum(x, -_END), _END)
    square = z * z
    p = square * _ODD_TERMS[-1]
    for term in _ODD_TERMS[-2:0:-1]:
        p += term
        p *= square
    p += _ODD_TERMS[0]
    p *= z
    p = np.tanh(p)
    p += 1
    p *= 0.5
    return p


def _inside(x: Any) -> Any:
    """x moved into [−100, 100], so that powers of it do not overflow; what they are used for is constant outside."""
    return np.minimum(np.maximum(x, -100.0), 100.0)


def _gelu_rule(g: Any, out: Any, x: Any) -> Any:
    inside = _inside(x)
    density = np.exp(inside * inside * -0.5) * _ONE_OVER_ROOT_2PI
    if type(x) is np.ndarray:  # Φ takes long to compute, and out = x Φ is at hand
        probability = np.divide(out, x, out=np.full_like(x, 0.5), where=x != 0)
    else:
        probability = special.ndtr(inside)
    return g * (probability + x * density)


_gelu = define(
    "gelu",
    lambda x: x * _cumulative(x),
    _gelu_rule,
    formulas="Φ({a}) + {a}·φ({a})",
    symbol="GELU",
    elementwise=True,
)


def _argument(x: Any) -> Any:
    """√(2/π)·(x + 0.044715 x³)."""
    x = _inside(x)
    return (x + x * x * x * _CUBIC) * _ROOT_2_OVER_PI


def _gelu_tanh_rule(g: Any, out: Any, x: Any) -> Any:
    inside = _inside(x)
    t = np.tanh(_argument(x))
    slope = (1 + inside * inside * (3 * _CUBIC)) * _ROOT_2_OVER_PI
    return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope)


_gelu_tanh = define(
    "gelu_tanh",
    lambda x: x * (0.5 * (1 + np.tanh(_argument(x)))),
    _gelu_tanh_rule,
    formulas="½(1 + t) + ½·{a}·(1 − t²)·√(2/π)·(1 + 0.134145·{a}²), t = tanh(√(2/π)·({a} + 0.044715·{a}³))",
    symbol="GELU",
    elementwise=True,
)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """The Gaussian error linear unit x · Φ(x), where Φ is the normal distribution's cumulative function.

    Derivative: Φ(x) + x φ(x) with the density φ. With ``approximate="tanh"`` Φ(x) is replaced by
    ½ (1 + tanh(√(2/π) (x + 0.044715 x³))).

    Args:
        input: any shape.
        approximate: ``"none"`` or ``"tanh"``.

    Returns:
        The same shape.

    Raises:
        ValueError: for another ``approximate``.

    Source: Hendrycks, Gimpel (2016), Gaussian error linear units.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.gelu(ag.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1587,  0.    ,  0.8413])
    """
    check_approximation("gelu", approximate)
    if wants_parts():
        if approximate == "tanh":
            cubic = _ROOT_2_OVER_PI * (input + _CUBIC * input**3)
            return 0.5 * input * (1 + np.tanh(cubic))
        return input * special.ndtr(input)
    return _gelu_tanh(input) if approximate == "tanh" else _gelu(input)


def check_approximation(operation: str, approximate: str) -> None:
    """Refuse an unknown way to compute a GELU."""
    if approximate not in ("none", "tanh"):
        raise ValueError(
            explain(
                operation, expected="approximate 'none' or 'tanh'", got=repr(approximate), remedy="pass one of them"
            )
        )


# -- x · sigmoid and its relatives ------------------------------------------------------------------------


def _silu_rule(g: Any, out: Any, x: Any) -> Any:
    s = special.expit(x)
    return g * (s * (1 + x * (1 - s)))


_silu = define(
    "silu",
    lambda x: x * special.expit(x),
    _silu_rule,
    formulas="σ({a})·(1 + {a}·(1 − σ({a})))",
    symbol="SiLU",
    elementwise=True,
)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """The sigmoid linear unit x · σ(x), also called swish.

    Derivative: σ(x) (1 + x (1 − σ(x))).

    Args:
        input: any shape.
        inplace: accepted, without effect.

    Returns:
        The same shape.

    Source: Elfwing, Uchibe, Doya (2017), Sigmoid-weighted linear units.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.silu(ag.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.2689,  0.    ,  0.7311])
    """
    return input * special.expit(input) if wants_parts() else _silu(input)


def _mish_rule(g: Any, out: Any, x: Any) -> Any:
    t = np.tanh(special.softplus(x))
    return g * (t + x * (special.expit(x) * (1 - t * t)))


_mish = define(
    "mish",
    lambda x: x * np.tanh(special.softplus(x)),
    _mish_rule,
    formulas="t + {a}·σ({a})·(1 − t²), t = tanh(ζ({a}))",
    symbol="Mish",
    elementwise=True,
)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x · tanh(ζ(x)) with the softplus ζ(x) = ln(1 + eˣ).

    Derivative: t + x σ(x) (1 − t²) with t = tanh(ζ(x)).

    Args:
        input: any shape.
        inplace: accepted, without effect.

    Returns:
        The same shape.

    Source: Misra (2019), Mish: a self regularized non-monotonic activation function.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.mish(ag.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.3034,  0.    ,  0.8651])
    """
    return input * np.tanh(special.softplus(input)) if wants_parts() else _mish(input)


_hardswish = define(
    "hardswish",
    lambda x: x * (np.minimum(np.maximum(x + 3, 0), 6) / 6),
    lambda g, out, x: g * (x / 3 + 0.5) * ((x > -3) & (x < 3)) + g * (x >= 3),
    formulas="0 if {a} ≤ −3 else {a}/3 + ½ if {a} < 3 else 1",
    elementwise=True,
)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x times a hard sigmoid: x · min(max(x + 3, 0), 6) / 6.

    Derivative: 0 for x ≤ −3, x/3 + ½ for −3 < x < 3, 1 for x ≥ 3.

    Args:
        input: any shape.
        inplace: accepted, without effect.

    Returns:
        The same shape.

    Source: Howard et al. (2019), Searching for MobileNetV3.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.hardswish(ag.tensor([-4.0, 0.0, 1.0, 4.0]))
    tensor([-0.    ,  0.    ,  0.6667,  4.    ])
    """
    if wants_parts():
        return input * where(input > -3, where(input < 3, input + 3, 6.0), 0.0) / 6
    return _hardswish(input)


# -- GLU --------------------------------------------------------------------------------------------------


def _halves(x: Any, dim: int) -> tuple[Any, Any]:
    before = (slice(None),) * dim
    half = x.shape[dim] // 2
    return x[(*before, slice(0, half))], x[(*before, slice(half, None))]


def _glu_forward(x: Any, dim: int) -> Any:
    a, b = _halves(x, dim)
    return a * special.expit(b)


def _glu_rule(g: Any, out: Any, x: Any, dim: int) -> Any:
    a, b = _halves(x, dim)
    s = special.expit(b)
    gs = g * s
    return np.concatenate([gs, gs * a * (1 - s)], axis=dim)


_glu = define("glu", _glu_forward, _glu_rule, formulas="σ(b), a·σ(b)·(1 − σ(b)) for {a} = (a, b)", symbol="GLU")


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The gated linear unit: the first half of an axis times the sigmoid of the second, a · σ(b).

    Derivatives: σ(b) with respect to a, a σ(b) (1 − σ(b)) with respect to b.

    Args:
        input: any shape with an even length along ``dim``.
        dim: the axis that is halved.

    Returns:
        The shape of the input with ``dim`` half as long.

    Raises:
        TypeError, IndexError: if ``dim`` is no axis of the input.
        ValueError: if that length is odd, or the input has no axis.

    Source: Dauphin, Fan, Auli, Grangier (2017), Language modeling with gated convolutional networks.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.glu(ag.tensor([[1.0, 2.0, 0.0, 1000.0]]))
    tensor([[0.5, 2. ]])
    """
    axis = check_axis("glu", "dim", dim, input.ndim)
    if input.ndim == 0 or input.shape[axis] % 2:
        raise ValueError(
            explain(
                "glu",
                expected=f"an even length along dim={dim}",
                got=f"shape {input.shape}",
                remedy="let the layer before it have twice as many outputs as are wanted",
            )
        )
    return (_glu_forward if wants_parts() else _glu)(input, dim=axis)
