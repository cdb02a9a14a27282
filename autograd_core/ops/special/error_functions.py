"""The error function, the normal distribution, and relatives."""

from __future__ import annotations

import math

import numpy as np

from ..pointwise import unary
from .optional import entry_by_entry, from_scipy

__all__ = ["dawsn", "erf", "erfc", "erfcinv", "erfcx", "erfinv", "log_ndtr", "ndtr", "ndtri"]

_TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)
_HALF_ROOT_PI = math.sqrt(math.pi) / 2
_ROOT_2PI = math.sqrt(2 * math.pi)

erf = unary(
    "erf",
    from_scipy("erf", instead=entry_by_entry(math.erf)),
    lambda g, out, x: g * (np.exp(-x * x) * _TWO_OVER_ROOT_PI),
    "2/√π·exp(−{a}²)",
    "The error function 2/√π ∫₀ˣ exp(−t²) dt.",
    ("ag.special.erf(ag.tensor([0.0, 1.0]))", "tensor([0.    , 0.8427])"),
)
erfc = unary(
    "erfc",
    from_scipy("erfc", instead=entry_by_entry(math.erfc)),
    lambda g, out, x: g * (np.exp(-x * x) * -_TWO_OVER_ROOT_PI),
    "−2/√π·exp(−{a}²)",
    "1 − erf(x), precise for large x.",
    ("ag.special.erfc(ag.tensor([0.0, 1.0]))", "tensor([1.    , 0.1573])"),
)
erfcx = unary(
    "erfcx",
    from_scipy("erfcx"),
    lambda g, out, x: g * (2 * x * out - _TWO_OVER_ROOT_PI),
    "2·{a}·{out} − 2/√π",
    "exp(x²)·erfc(x), which neither underflows nor overflows for large x.",
    ("ag.special.erfcx(ag.tensor([0.0, 1.0]))", "tensor([1.    , 0.4276])"),
)
erfinv = unary(
    "erfinv",
    from_scipy("erfinv"),
    lambda g, out, x: g * (np.exp(out * out) * _HALF_ROOT_PI),
    "√π/2·exp({out}²)",
    "The inverse of ``erf``, for x between −1 and 1.",
    ("ag.special.erfinv(ag.tensor([0.0, 0.5]))", "tensor([0.    , 0.4769])"),
)
erfcinv = unary(
    "erfcinv",
    from_scipy("erfcinv"),
    lambda g, out, x: g * (np.exp(out * out) * -_HALF_ROOT_PI),
    "−√π/2·exp({out}²)",
    "The inverse of ``erfc``, for x between 0 and 2.",
    ("ag.special.erfcinv(ag.tensor([0.5, 1.5]))", "tensor([ 0.4769, -0.4769])"),
)
dawsn = unary(
    "dawsn",
    from_scipy("dawsn"),
    lambda g, out, x: g * (1 - 2 * x * out),
    "1 − 2·{a}·{out}",
    "Dawson's function exp(−x²) ∫₀ˣ exp(t²) dt.",
    ("ag.special.dawsn(ag.tensor([0.0, 1.0]))", "tensor([0.    , 0.5381])"),
)
ndtr = unary(
    "ndtr",
    from_scipy("ndtr", instead=entry_by_entry(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)))),
    lambda g, out, x: g * (np.exp(-0.5 * x * x) * (1 / _ROOT_2PI)),
    "exp(−{a}²/2)/√(2π)",
    "The probability that a standard normal variable is at most x.",
    ("ag.special.ndtr(ag.tensor([0.0, 1.0]))", "tensor([0.5   , 0.8413])"),
    symbol="Φ",
)
ndtri = unary(
    "ndtri",
    from_scipy("ndtri"),
    lambda g, out, x: g * (np.exp(0.5 * out * out) * _ROOT_2PI),
    "√(2π)·exp({out}²/2)",
    "The inverse of ``ndtr``, for x between 0 and 1.",
    ("ag.special.ndtri(ag.tensor([0.5, 0.975]))", "tensor([0.  , 1.96])"),
    symbol="Φ⁻¹",
)
log_ndtr = unary(
    "log_ndtr",
    from_scipy("log_ndtr"),
    lambda g, out, x: g * (np.exp(-0.5 * x * x - out) * (1 / _ROOT_2PI)),
    "exp(−{a}²/2 − {out})/√(2π)",
    "The logarithm of ``ndtr``, precise for very negative x.",
    ("ag.special.log_ndtr(ag.tensor([0.0, -100.0]))", "tensor([-6.9315e-01, -5.0055e+03])"),
    symbol="ln Φ",
)
