"""Elementwise and special functions beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import autograd_core as ag

from .beside_torch import Case, compare, generator

RNG = generator("elementwise")
ANY = RNG.permutation(np.linspace(-2.13, 2.31, 12)).reshape(3, 4)
OTHER = RNG.permutation(np.linspace(-1.87, 2.57, 12)).reshape(3, 4)
POSITIVE = np.abs(ANY) + 0.1
OTHER_POSITIVE = np.abs(OTHER) + 0.3
UNIT = ANY / 2.6
OPEN = (ANY + 2.5) / 5.0  # between 0 and 1
OVER_ONE = np.abs(ANY) + 1.1
ROW = np.array([0.4, -1.2, 0.9, 1.6])

REAL = ("float64", "float32")
BOTH = ("float64", "float32", "complex128", "complex64")

UNARY = [
    *(
        Case(n, getattr(torch, t), (ANY,), dtypes=BOTH)
        for n, t in [
            ("negative", "negative"),
            ("positive", "positive"),
            ("square", "square"),
            ("exp", "exp"),
            ("exp2", "exp2"),
            ("expm1", "expm1"),
            ("sin", "sin"),
            ("cos", "cos"),
            ("tan", "tan"),
            ("sinh", "sinh"),
            ("cosh", "cosh"),
            ("tanh", "tanh"),
            ("asinh", "asinh"),
            ("atan", "atan"),
            ("reciprocal", "reciprocal"),
            ("sinc", "sinc"),
            ("conj", "conj_physical"),
            ("abs", "abs"),
            ("real", "real"),
        ]
        if n not in ("exp2",)
    ),
    Case("exp2", torch.exp2, (ANY,)),
    *(Case(n, getattr(torch, n), (POSITIVE,), dtypes=BOTH) for n in ("log", "log2", "log10", "log1p", "sqrt")),
    *(Case(n, getattr(torch, n), (UNIT,), dtypes=BOTH) for n in ("asin", "acos", "atanh")),
    Case("acosh", torch.acosh, (OVER_ONE,), dtypes=BOTH),
    Case("arcsin", torch.arcsin, (UNIT,)),
    Case("arccos", torch.arccos, (UNIT,)),
    Case("arctan", torch.arctan, (ANY,)),
    Case("arcsinh", torch.arcsinh, (ANY,)),
    Case("arccosh", torch.arccosh, (OVER_ONE,)),
    Case("arctanh", torch.arctanh, (UNIT,)),
    *(
        Case(n, getattr(torch, n), (ANY,))
        for n in (
            "sign",
            "floor",
            "ceil",
            "trunc",
            "round",
            "absolute",
            "deg2rad",
            "rad2deg",
            "fix",
            "signbit",
            "isnan",
            "isinf",
            "isfinite",
        )
    ),
    Case("degrees", torch.rad2deg, (ANY,)),
    Case("radians", torch.deg2rad, (ANY,)),
    Case("fabs", torch.abs, (ANY,)),
    Case("i0", torch.i0, (ANY,)),
    Case("angle", torch.angle, (ANY,), dtypes=("complex128", "complex64")),
    Case("imag", torch.imag, (ANY,), dtypes=("complex128", "complex64")),
    Case("cbrt", lambda x: x.pow(1 / 3), (POSITIVE,), tolerance=10),
    Case("nan_to_num", torch.nan_to_num, (np.array([1.0, np.nan, np.inf, -2.0]),), dtypes=("float64",)),
]

BINARY = [
    *(
        Case(n, getattr(torch, n), (ANY, OTHER_POSITIVE), dtypes=BOTH)
        for n in ("add", "subtract", "multiply", "divide")
    ),
    Case("true_divide", torch.true_divide, (ANY, OTHER_POSITIVE)),
    *(
        Case(n, getattr(torch, n), (ANY, OTHER))
        for n in (
            "maximum",
            "minimum",
            "fmax",
            "fmin",
            "hypot",
            "logaddexp",
            "logaddexp2",
            "copysign",
            "remainder",
            "fmod",
        )
    ),
    Case("float_power", torch.float_power, (POSITIVE, OTHER), dtypes=("float64",)),
    Case("floor_divide", torch.floor_divide, (ANY, OTHER), constants=(0, 1)),
    Case("power", torch.pow, (POSITIVE, OTHER), dtypes=BOTH),
    Case("pow", torch.pow, (POSITIVE, OTHER)),
    Case("atan2", torch.atan2, (ANY, OTHER)),
    Case("arctan2", torch.arctan2, (ANY, OTHER)),
    *(
        Case(n, getattr(torch, n), (ANY, OTHER))
        for n in ("less", "less_equal", "greater", "greater_equal", "not_equal")
    ),
    Case("equal", torch.eq, (ANY, OTHER)),
    *(Case(n, getattr(torch, n), (ANY > 0, OTHER > 0)) for n in ("logical_and", "logical_or", "logical_xor")),
    Case("logical_not", torch.logical_not, (ANY > 0,)),
    Case("heaviside", torch.heaviside, (ANY, OTHER), order=0),
    Case("nextafter", torch.nextafter, (ANY, OTHER), order=0),
    Case("ldexp", torch.ldexp, (ANY, np.arange(12).reshape(3, 4)), order=1),
    *(
        Case(n, getattr(torch, t), (np.arange(12), np.arange(12)[::-1].copy()))
        for n, t in [
            ("bitwise_and", "bitwise_and"),
            ("bitwise_or", "bitwise_or"),
            ("bitwise_xor", "bitwise_xor"),
            ("bitwise_left_shift", "bitwise_left_shift"),
            ("bitwise_right_shift", "bitwise_right_shift"),
            ("gcd", "gcd"),
            ("lcm", "lcm"),
        ]
    ),
    Case("bitwise_invert", torch.bitwise_not, (np.arange(12),)),
    Case("clip", torch.clip, (ANY, OTHER - 2, OTHER + 1)),
    Case("where", torch.where, (ANY > 0, ANY, OTHER), dtypes=BOTH),
    *(Case(f"{n}", getattr(torch, n), (ANY, ROW), label=f"{n} broadcast") for n in ("add", "multiply", "maximum")),
    Case("divide", torch.divide, (ANY, OTHER_POSITIVE[:, :1]), label="divide broadcast", dtypes=BOTH),
    Case("left_shift", torch.bitwise_left_shift, (np.arange(12), np.arange(12))),
    Case("right_shift", torch.bitwise_right_shift, (np.arange(12) * 50, np.arange(12))),
    Case("invert", torch.bitwise_not, (np.arange(12),)),
    Case("mod", torch.remainder, (ANY, OTHER)),
    Case("conjugate", torch.conj_physical, (ANY,), dtypes=BOTH),
    Case("isclose", torch.isclose, (ANY, ANY + 1e-9 * OTHER)),
    Case("isposinf", torch.isposinf, (np.array([1.0, np.inf, -np.inf, np.nan]),)),
    Case("isneginf", torch.isneginf, (np.array([1.0, np.inf, -np.inf, np.nan]),)),
    Case("isreal", torch.isreal, (ANY,), dtypes=("complex128",)),
    Case("isin", torch.isin, (np.arange(12), np.array([2, 3, 5]))),
    Case("frexp", lambda x: torch.frexp(x)[0], (ANY,), ours=lambda x: _ag("frexp")(x)[0], order=1),
    Case("modf", lambda x: (torch.frac(x), torch.trunc(x)), (ANY,), ours=lambda x: _ag("modf")(x)),
    Case("rint", torch.round, (ANY,)),
    Case("around", lambda x: torch.round(x, decimals=1), (ANY,), ours=lambda x: _ag("around")(x, 1)),
    Case(
        "divmod",
        lambda x, y: (torch.floor_divide(x, y), torch.remainder(x, y)),
        (ANY, OTHER),
        ours=lambda x, y: _ag("divmod")(x, y),
        constants=(0, 1),
    ),
]

SPECIAL = [
    *(Case(f"special.{n}", getattr(torch.special, n), (ANY,)) for n in ("erf", "erfc", "expit", "i0", "sinc", "expm1")),
    *(Case(f"special.{n}", getattr(torch.special, n), (ANY,), order=1) for n in ("i0e", "i1", "i1e", "ndtr")),
    Case("special.erfinv", torch.special.erfinv, (UNIT,)),
    Case("special.erfcx", torch.special.erfcx, (ANY,)),
    Case("special.log_ndtr", torch.special.log_ndtr, (ANY,)),
    Case("special.ndtri", torch.special.ndtri, (OPEN,)),
    Case("special.logit", torch.special.logit, (OPEN,)),
    *(Case(f"special.{n}", getattr(torch.special, n), (OVER_ONE,)) for n in ("gammaln", "digamma")),
    Case("special.lgamma", torch.lgamma, (OVER_ONE,)),
    Case("special.psi", torch.special.psi, (OVER_ONE,)),
    Case("special.polygamma", lambda x: torch.special.polygamma(2, x), (OVER_ONE,),
         ours=lambda x: _special("polygamma")(2, x)),
    Case("special.zeta", torch.special.zeta, (OVER_ONE + 1, OTHER_POSITIVE), constants=(0, 1)),
    Case("special.multigammaln", lambda x: torch.special.multigammaln(x, 2), (OVER_ONE + 1,),
         ours=lambda x: _special("multigammaln")(x, 2)),
    Case("special.gamma", lambda x: torch.exp(torch.lgamma(x)), (OVER_ONE,), tolerance=10),
    Case("special.rgamma", lambda x: torch.exp(-torch.lgamma(x)), (OVER_ONE,), tolerance=10),
    Case("special.beta", lambda x, y: torch.exp(torch.lgamma(x) + torch.lgamma(y) - torch.lgamma(x + y)),
         (OVER_ONE, OTHER_POSITIVE), tolerance=10),
    Case("special.betaln", lambda x, y: torch.lgamma(x) + torch.lgamma(y) - torch.lgamma(x + y),
         (OVER_ONE, OTHER_POSITIVE), tolerance=10),
    *(Case(f"special.{n}", getattr(torch.special, n), (OVER_ONE, OTHER_POSITIVE), constants=(0,), order=1)
      for n in ("gammainc", "gammaincc")),
    Case("special.kl_div", lambda x, y: x * torch.log(x / y) - x + y, (POSITIVE, OTHER_POSITIVE)),
    Case("special.rel_entr", lambda x, y: x * torch.log(x / y), (POSITIVE, OTHER_POSITIVE)),
    Case("special.softplus", torch.nn.functional.softplus, (ANY * 3,), tolerance=1000, dtypes=("float32",)),
    Case("special.log_expit", torch.nn.functional.logsigmoid, (ANY * 3,)),
    Case("special.exp10", lambda x: 10**x, (ANY,)),
    *(Case(f"special.{n}", getattr(torch.special, t), (POSITIVE,), constants=(0,)) for n, t in [
        ("j0", "bessel_j0"), ("j1", "bessel_j1"), ("y0", "bessel_y0"), ("y1", "bessel_y1"),
        ("k0", "modified_bessel_k0"), ("k1", "modified_bessel_k1"), ("k0e", "scaled_modified_bessel_k0"),
        ("k1e", "scaled_modified_bessel_k1"), ("i0", "modified_bessel_i0"), ("i1", "modified_bessel_i1"),
    ]),
    Case("special.xlogy", torch.special.xlogy, (ANY, POSITIVE)),
    Case("special.xlog1py", torch.special.xlog1py, (ANY, POSITIVE)),
    Case("special.entr", torch.special.entr, (POSITIVE,)),
    Case("special.logsumexp", lambda x: torch.special.logsumexp(x, 1), (ANY,),
         ours=lambda x: _special("logsumexp")(x, axis=1)),
    Case("special.softmax", lambda x: torch.special.softmax(x, 1), (ANY,),
         ours=lambda x: _special("softmax")(x, axis=1)),
    Case("special.log_softmax", lambda x: torch.special.log_softmax(x, 1), (ANY,),
         ours=lambda x: _special("log_softmax")(x, axis=1)),
]  # fmt: skip


def _special(name):
    return getattr(ag.special, name)


def _ag(name):
    return getattr(ag, name)


CASES = UNARY + BINARY + SPECIAL


@pytest.mark.parametrize(("case", "dtype"), [(case, dtype) for case in CASES for dtype in case.dtypes], ids=str)
def test_beside_torch(case, dtype):
    compare(case, dtype)
