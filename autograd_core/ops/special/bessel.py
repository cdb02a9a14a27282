"""Bessel functions. The derivative of each is a combination of its neighbours in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...primitive import Array, Primitive, define
from ..pointwise import unary
from .optional import check_order, from_scipy

__all__ = [
    "i0", "i0e", "i1", "i1e", "iv", "ive", "j0", "j1", "jv", "k0", "k0e", "k1", "k1e", "kv", "kve", "y0", "y1", "yv",
]  # fmt: skip


def _of_order(name: str, symbol: str, rule: Callable[..., Any], formula: str) -> Primitive:
    """A Bessel function of any real order, which is an attribute."""
    function = from_scipy(name)
    return define(
        name,
        lambda x, order: function(order, x),
        rule,
        formulas=formula,
        symbol=symbol,
        elementwise=True,
        doc=f"{symbol} of a given order.",
    )


_jv = _of_order(
    "jv",
    "Jᵥ",
    lambda g, out, x, order: g * (0.5 * (_jv(x, order=order - 1) - _jv(x, order=order + 1))),
    "(Jᵥ₋₁({a}) − Jᵥ₊₁({a}))/2",
)
_yv = _of_order(
    "yv",
    "Yᵥ",
    lambda g, out, x, order: g * (0.5 * (_yv(x, order=order - 1) - _yv(x, order=order + 1))),
    "(Yᵥ₋₁({a}) − Yᵥ₊₁({a}))/2",
)
_iv = _of_order(
    "iv",
    "Iᵥ",
    lambda g, out, x, order: g * (0.5 * (_iv(x, order=order - 1) + _iv(x, order=order + 1))),
    "(Iᵥ₋₁({a}) + Iᵥ₊₁({a}))/2",
)
_ive = _of_order(
    "ive",
    "e^−|x|·Iᵥ",
    lambda g, out, x, order: g * (0.5 * (_ive(x, order=order - 1) + _ive(x, order=order + 1)) - np.sign(x) * out),
    "e^−|{a}|·(Iᵥ₋₁({a}) + Iᵥ₊₁({a}))/2 − sign({a})·{out}",
)
_kv = _of_order(
    "kv",
    "Kᵥ",
    lambda g, out, x, order: g * (-0.5 * (_kv(x, order=order - 1) + _kv(x, order=order + 1))),
    "−(Kᵥ₋₁({a}) + Kᵥ₊₁({a}))/2",
)
_kve = _of_order(
    "kve",
    "eˣ·Kᵥ",
    lambda g, out, x, order: g * (out - 0.5 * (_kve(x, order=order - 1) + _kve(x, order=order + 1))),
    "{out} − e^{a}·(Kᵥ₋₁({a}) + Kᵥ₊₁({a}))/2",
)


def jv(v: float, z: Array) -> Array:
    """The Bessel function of the first kind of real order ``v``: J_v(z), with derivative (J_{v−1} − J_{v+1})/2.

    >>> import autograd_core as ag
    >>> ag.special.jv(2, ag.tensor([0.0, 1.0]))
    tensor([0.    , 0.1149])
    """
    return _jv(z, order=check_order("jv", v))


def yv(v: float, z: Array) -> Array:
    """The Bessel function of the second kind of real order ``v``: Y_v(z), with derivative (Y_{v−1} − Y_{v+1})/2.

    >>> import autograd_core as ag
    >>> ag.special.yv(2, ag.tensor([1.0]))
    tensor([-1.6507])
    """
    return _yv(z, order=check_order("yv", v))


def iv(v: float, z: Array) -> Array:
    """The modified Bessel function of the first kind: I_v(z), with derivative (I_{v−1} + I_{v+1})/2.

    >>> import autograd_core as ag
    >>> ag.special.iv(2, ag.tensor([0.0, 1.0]))
    tensor([0.    , 0.1357])
    """
    return _iv(z, order=check_order("iv", v))


def ive(v: float, z: Array) -> Array:
    """exp(−|z|)·I_v(z), which does not overflow; its derivative follows from that of ``iv``.

    >>> import autograd_core as ag
    >>> ag.special.ive(2, ag.tensor([0.0, 1.0]))
    tensor([0.    , 0.0499])
    """
    return _ive(z, order=check_order("ive", v))


def kv(v: float, z: Array) -> Array:
    """The modified Bessel function of the second kind: K_v(z), with derivative −(K_{v−1} + K_{v+1})/2.

    >>> import autograd_core as ag
    >>> ag.special.kv(2, ag.tensor([1.0]))
    tensor([1.6248])
    """
    return _kv(z, order=check_order("kv", v))


def kve(v: float, z: Array) -> Array:
    """exp(z)·K_v(z), which does not underflow; its derivative follows from that of ``kv``.

    >>> import autograd_core as ag
    >>> ag.special.kve(2, ag.tensor([1.0]))
    tensor([4.4168])
    """
    return _kve(z, order=check_order("kve", v))


# -- orders 0 and 1, which have faster functions of their own ---------------------------------------------

j0 = unary(
    "j0",
    from_scipy("j0"),
    lambda g, out, x: -g * j1(x),
    "−J₁({a})",
    "The Bessel function of the first kind of order 0.",
    ("ag.special.j0(ag.tensor([0.0, 1.0]))", "tensor([1.    , 0.7652])"),
    symbol="J₀",
)
j1 = unary(
    "j1",
    from_scipy("j1"),
    lambda g, out, x: g * (0.5 * (j0(x) - _jv(x, order=2))),
    "(J₀({a}) − J₂({a}))/2",
    "The Bessel function of the first kind of order 1.",
    ("ag.special.j1(ag.tensor([0.0, 1.0]))", "tensor([0.    , 0.4401])"),
    symbol="J₁",
)
y0 = unary(
    "y0",
    from_scipy("y0"),
    lambda g, out, x: -g * y1(x),
    "−Y₁({a})",
    "The Bessel function of the second kind of order 0, for x > 0.",
    ("ag.special.y0(ag.tensor([1.0, 2.0]))", "tensor([0.0883, 0.5104])"),
    symbol="Y₀",
)
y1 = unary(
    "y1",
    from_scipy("y1"),
    lambda g, out, x: g * (0.5 * (y0(x) - _yv(x, order=2))),
    "(Y₀({a}) − Y₂({a}))/2",
    "The Bessel function of the second kind of order 1, for x > 0.",
    ("ag.special.y1(ag.tensor([1.0, 2.0]))", "tensor([-0.7812, -0.107 ])"),
    symbol="Y₁",
)
i0 = unary(
    "i0",
    lambda x: np.i0(x)[()],
    lambda g, out, x: g * i1(x),
    "I₁({a})",
    "The modified Bessel function of the first kind of order 0.",
    ("ag.special.i0(ag.tensor([0.0, 1.0]))", "tensor([1.    , 1.2661])"),
    numpy=np.i0,
    symbol="I₀",
)
i1 = unary(
    "i1",
    from_scipy("i1"),
    lambda g, out, x: g * (0.5 * (i0(x) + _iv(x, order=2))),
    "(I₀({a}) + I₂({a}))/2",
    "The modified Bessel function of the first kind of order 1.",
    ("ag.special.i1(ag.tensor([0.0, 1.0]))", "tensor([0.    , 0.5652])"),
    symbol="I₁",
)
i0e = unary(
    "i0e",
    from_scipy("i0e"),
    lambda g, out, x: g * (i1e(x) - np.sign(x) * out),
    "e^−|{a}|·I₁({a}) − sign({a})·{out}",
    "exp(−|x|)·I₀(x), which does not overflow.",
    ("ag.special.i0e(ag.tensor([0.0, 1000.0]))", "tensor([1.    , 0.0126])"),
    symbol="e^−|x|·I₀",
)
i1e = unary(
    "i1e",
    from_scipy("i1e"),
    lambda g, out, x: g * (0.5 * (i0e(x) + _ive(x, order=2)) - np.sign(x) * out),
    "e^−|{a}|·(I₀({a}) + I₂({a}))/2 − sign({a})·{out}",
    "exp(−|x|)·I₁(x), which does not overflow.",
    ("ag.special.i1e(ag.tensor([0.0, 1000.0]))", "tensor([0.    , 0.0126])"),
    symbol="e^−|x|·I₁",
)
k0 = unary(
    "k0",
    from_scipy("k0"),
    lambda g, out, x: -g * k1(x),
    "−K₁({a})",
    "The modified Bessel function of the second kind of order 0, for x > 0.",
    ("ag.special.k0(ag.tensor([1.0, 2.0]))", "tensor([0.421 , 0.1139])"),
    symbol="K₀",
)
k1 = unary(
    "k1",
    from_scipy("k1"),
    lambda g, out, x: g * (-0.5 * (k0(x) + _kv(x, order=2))),
    "−(K₀({a}) + K₂({a}))/2",
    "The modified Bessel function of the second kind of order 1, for x > 0.",
    ("ag.special.k1(ag.tensor([1.0, 2.0]))", "tensor([0.6019, 0.1399])"),
    symbol="K₁",
)
k0e = unary(
    "k0e",
    from_scipy("k0e"),
    lambda g, out, x: g * (out - k1e(x)),
    "{out} − e^{a}·K₁({a})",
    "exp(x)·K₀(x), which does not underflow.",
    ("ag.special.k0e(ag.tensor([1.0, 1000.0]))", "tensor([1.1445, 0.0396])"),
    symbol="eˣ·K₀",
)
k1e = unary(
    "k1e",
    from_scipy("k1e"),
    lambda g, out, x: g * (out - 0.5 * (k0e(x) + _kve(x, order=2))),
    "{out} − e^{a}·(K₀({a}) + K₂({a}))/2",
    "exp(x)·K₁(x), which does not underflow.",
    ("ag.special.k1e(ag.tensor([1.0, 1000.0]))", "tensor([1.6362, 0.0396])"),
    symbol="eˣ·K₁",
)
