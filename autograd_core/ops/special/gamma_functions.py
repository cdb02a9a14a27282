"""The gamma function and its relatives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...primitive import Array, define
from ..pointwise import binary, unary, zero_rule
from .entropy import xlog1py, xlogy
from .optional import check_order, from_scipy, refuse_gradient

__all__ = [
    "beta",
    "betainc",
    "betaln",
    "digamma",
    "gamma",
    "gammainc",
    "gammaincc",
    "gammaln",
    "gammasgn",
    "lgamma",
    "multigammaln",
    "polygamma",
    "psi",
    "rgamma",
    "zeta",
]

digamma = unary(
    "digamma",
    from_scipy("psi"),
    lambda g, out, x: g * polygamma(1, x),
    "ψ′({a})",
    "The derivative of ln Γ(x).",
    ("ag.special.digamma(ag.tensor([1.0, 2.0]))", "tensor([-0.5772,  0.4228])"),
    symbol="ψ",
)
psi = digamma

_zeta = from_scipy("zeta")


def _polygamma_forward(x: Any, n: int) -> Any:
    if n == 0:
        return digamma.forward(x)
    return _zeta(n + 1.0, x) * ((-1.0) ** (n + 1) * math.factorial(n))


_polygamma = define(
    "polygamma",
    _polygamma_forward,
    lambda g, out, x, n: g * _polygamma(x, n=n + 1),
    formulas="the next polygamma function of {a}",
    symbol="ψ⁽ⁿ⁾",
    elementwise=True,
    doc="The derivative of order n of ``digamma``.",
)


def polygamma(n: int, x: Array) -> Array:
    """The derivative of order ``n`` of ``digamma``: (−1)ⁿ⁺¹ n! ζ(n + 1, x).

    Its derivative is ``polygamma(n + 1, x)``.

    Args:
        n: the order, an integer from 0.
        x: an array of any shape.

    Returns:
        An array of the same shape.

    Raises:
        TypeError: if ``n`` is not a number.

    >>> import autograd_core as ag
    >>> ag.special.polygamma(1, ag.tensor([1.0, 2.0]))
    tensor([1.6449, 0.6449])
    """
    return _polygamma(x, n=int(check_order("polygamma", n)))


gamma = unary(
    "gamma",
    from_scipy("gamma"),
    lambda g, out, x: g * (out * digamma(x)),
    "{out}·ψ({a})",
    "The gamma function, Γ(n) = (n − 1)! for positive integers.",
    ("ag.special.gamma(ag.tensor([3.0, 0.5]))", "tensor([2.    , 1.7725])"),
    symbol="Γ",
)
gammaln = unary(
    "gammaln",
    from_scipy("gammaln"),
    lambda g, out, x: g * digamma(x),
    "ψ({a})",
    "The logarithm of |Γ(x)|.",
    ("ag.special.gammaln(ag.tensor([3.0, 100.0]))", "tensor([  0.6931, 359.1342])"),
    symbol="ln Γ",
)
lgamma = gammaln
rgamma = unary(
    "rgamma",
    from_scipy("rgamma"),
    lambda g, out, x: -g * (out * digamma(x)),
    "−{out}·ψ({a})",
    "The reciprocal 1/Γ(x).",
    ("ag.special.rgamma(ag.tensor([3.0, 0.5]))", "tensor([0.5   , 0.5642])"),
    symbol="1/Γ",
)
gammasgn = unary(
    "gammasgn",
    from_scipy("gammasgn"),
    zero_rule,
    "0",
    "The sign of Γ(x).",
    ("ag.special.gammasgn(ag.tensor([3.0, -0.5]))", "tensor([ 1., -1.])"),
)


def multigammaln(a: Array, d: int) -> Array:
    """The logarithm of the multivariate gamma function of dimension ``d``.

    ln Γ_d(a) = d(d − 1)/4·ln π + Σ ln Γ(a − j/2) over j = 0 ... d − 1; the gradient is the sum of the
    digamma functions.

    Args:
        a: an array of any shape, with entries above (d − 1)/2.
        d: the dimension, a positive integer.

    Returns:
        An array of the same shape.

    >>> import autograd_core as ag
    >>> ag.special.multigammaln(ag.tensor(2.0), 2)
    tensor(0.4516)
    """
    total = gammaln(a)
    for j in range(1, int(check_order("multigammaln", d))):
        total = total + gammaln(a - 0.5 * j)
    return total + 0.25 * d * (d - 1) * math.log(math.pi)


# -- beta ----------------------------------------------------------------------------------------------

beta = binary(
    "beta",
    from_scipy("beta"),
    lambda g, out, a, b: g * (out * (digamma(a) - digamma(a + b))),
    lambda g, out, a, b: g * (out * (digamma(b) - digamma(a + b))),
    ("{out}·(ψ({a}) − ψ({a} + {b}))", "{out}·(ψ({b}) − ψ({a} + {b}))"),
    "The beta function Γ(x1)Γ(x2)/Γ(x1 + x2).",
    ("ag.special.beta(ag.tensor([1.0, 2.0]), 2.0)", "tensor([0.5   , 0.1667])"),
    symbol="B",
)
betaln = binary(
    "betaln",
    from_scipy("betaln"),
    lambda g, out, a, b: g * (digamma(a) - digamma(a + b)),
    lambda g, out, a, b: g * (digamma(b) - digamma(a + b)),
    ("ψ({a}) − ψ({a} + {b})", "ψ({b}) − ψ({a} + {b})"),
    "The logarithm of the beta function.",
    ("ag.special.betaln(ag.tensor([1.0, 2.0]), 2.0)", "tensor([-0.6931, -1.7918])"),
    symbol="ln B",
)


# -- incomplete integrals: derivatives with respect to the end of the integral only ------------------------


def _gamma_density(a: Any, x: Any) -> Any:
    """x^(a−1) e⁻ˣ / Γ(a)"""
    return np.exp(xlogy(a - 1, x) - x - gammaln(a))


_gammainc = binary(
    "gammainc",
    from_scipy("gammainc"),
    None,
    lambda g, out, a, x: g * _gamma_density(a, x),
    ("", "{b}^({a}−1)·exp(−{b})/Γ({a})"),
    "The regularized lower incomplete gamma function.",
    symbol="P",
)
_gammaincc = binary(
    "gammaincc",
    from_scipy("gammaincc"),
    None,
    lambda g, out, a, x: -g * _gamma_density(a, x),
    ("", "−{b}^({a}−1)·exp(−{b})/Γ({a})"),
    "The regularized upper incomplete gamma function.",
    symbol="Q",
)
_betainc = define(
    "betainc",
    from_scipy("betainc"),
    None,
    None,
    lambda g, out, a, b, x: g * np.exp(xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b)),
    formulas=("", "", "{c}^({a}−1)·(1 − {c})^({b}−1)/B({a}, {b})"),
    symbol="I",
    elementwise=True,
    doc="The regularized incomplete beta function.",
)
_hurwitz_zeta = binary(
    "zeta",
    _zeta,
    None,
    lambda g, out, s, q: g * (-s * _hurwitz_zeta(s + 1, q)),
    ("", "−{a}·ζ({a} + 1, {b})"),
    "The Hurwitz zeta function.",
    symbol="ζ",
)


def gammainc(a: Any, x: Array) -> Array:
    """The regularized lower incomplete gamma function 1/Γ(a) ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt.

    The gradient is the integrand at x. With respect to ``a`` there is none here.

    Args:
        a: positive numbers, constants.
        x: an array of nonnegative numbers; the shapes are broadcast.

    Returns:
        An array of the broadcast shape.

    Raises:
        NoGradientError: if ``a`` requires a gradient.

    >>> import autograd_core as ag
    >>> ag.special.gammainc(1.0, ag.tensor([0.0, 1.0]))
    tensor([0.    , 0.6321])
    """
    refuse_gradient("gammainc", a=a)
    return _gammainc(a, x)


def gammaincc(a: Any, x: Array) -> Array:
    """The regularized upper incomplete gamma function, 1 − ``gammainc(a, x)``, precise for large x.

    The gradient is minus the integrand at x. With respect to ``a`` there is none here.

    Args:
        a: positive numbers, constants.
        x: an array of nonnegative numbers; the shapes are broadcast.

    Returns:
        An array of the broadcast shape.

    Raises:
        NoGradientError: if ``a`` requires a gradient.

    >>> import autograd_core as ag
    >>> ag.special.gammaincc(1.0, ag.tensor([0.0, 1.0]))
    tensor([1.    , 0.3679])
    """
    refuse_gradient("gammaincc", a=a)
    return _gammaincc(a, x)


def betainc(a: Any, b: Any, x: Array) -> Array:
    """The regularized incomplete beta function 1/B(a, b) ∫₀ˣ tᵃ⁻¹ (1 − t)ᵇ⁻¹ dt.

    The gradient is the integrand at x. With respect to ``a`` and ``b`` there is none here.

    Args:
        a, b: positive numbers, constants.
        x: an array with entries between 0 and 1; the shapes are broadcast.

    Returns:
        An array of the broadcast shape.

    Raises:
        NoGradientError: if ``a`` or ``b`` requires a gradient.

    >>> import autograd_core as ag
    >>> ag.special.betainc(1.0, 1.0, ag.tensor([0.25, 0.5]))
    tensor([0.25, 0.5 ])
    """
    refuse_gradient("betainc", a=a, b=b)
    return _betainc(a, b, x)


def zeta(x: Any, q: Any = 1.0) -> Array:
    """The Hurwitz zeta function Σ (k + q)⁻ˣ over k = 0, 1, 2 ...; Riemann's for q = 1.

    The derivative with respect to ``q`` is −x·zeta(x + 1, q). With respect to ``x`` there is none here.

    Args:
        x: exponents above 1, constants.
        q: an array; the shapes are broadcast.

    Returns:
        An array of the broadcast shape.

    Raises:
        NoGradientError: if ``x`` requires a gradient.

    >>> import autograd_core as ag
    >>> ag.special.zeta(2.0, ag.tensor([1.0, 2.0]))
    tensor([1.6449, 0.6449])
    """
    refuse_gradient("zeta", x=x)
    return _hurwitz_zeta(x, q)
