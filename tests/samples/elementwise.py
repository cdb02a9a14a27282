"""Samples of the operations of every entry: arithmetic, exponentials, angles, rounding, choices, comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np

from .sample import Sample, real

_NAN, _INF = float("nan"), float("inf")


def _complex(*shape: int, low: float = -2.0, high: float = 2.0) -> Any:
    """Complex numbers away from the axes, where the inverse functions have their cuts."""
    return real(*shape, low=low, high=high) + 1j * np.flip(real(*shape, low=low, high=high))


def _integers(*shape: int) -> Any:
    n = int(np.prod(shape))
    return ((np.arange(n) * 7 + 3) % 23 + 1).reshape(shape)


def _unary(function: Any, low: float = -2.0, high: float = 2.0, **options: Any) -> list[Sample]:
    """A matrix and a number between ``low`` and ``high``."""
    return [
        Sample((real(3, 4, low=low, high=high),), value=function, **options),
        Sample((np.float64(0.37 * low + 0.63 * high),), value=function, **options),
    ]


def _analytic(function: Any, low: float = -2.0, high: float = 2.0) -> list[Sample]:
    return [
        *_unary(function, low, high, complex_step=True),
        Sample((_complex(2, 3, low=low, high=high),), value=function),
    ]


def _binary(function: Any, x: Any, y: Any, **options: Any) -> list[Sample]:
    return [Sample((x, y), value=function, **options)]


def _constant(function: Any, *inputs: Any) -> list[Sample]:
    return [Sample(inputs, value=function)]


A, B = real(3, 4), real(4, 3, low=-1.7, high=1.9).T.copy()
POSITIVE, POSITIVE_TOO = real(3, 4, low=0.2, high=2.5), real(3, 4, low=0.3, high=2.2)[::-1].copy()
BOOLS = np.array([[True, False, True, False], [False, False, True, True], [True, True, False, False]])
SPECIAL_VALUES = np.array([0.0, -0.0, 1.5, -2.0, _INF, -_INF, _NAN])
TIED, TIED_TOO = np.array([1.0, 2.0, 3.0, _NAN]), np.array([1.0, 3.0, 2.0, _NAN])

ARITHMETIC = {
    "add": [*_binary(np.add, A, B, complex_step=True), Sample((_complex(2), real(2)), value=np.add)],
    "subtract": [*_binary(np.subtract, A, B, complex_step=True), Sample((real(2), _complex(2)), value=np.subtract)],
    "multiply": [*_binary(np.multiply, A, B, complex_step=True), Sample((_complex(2), real(2)), value=np.multiply)],
    "divide": [*_binary(np.divide, A, POSITIVE, complex_step=True), Sample((real(2), _complex(2)), value=np.divide)],
    "floor_divide": _binary(np.floor_divide, 3 * A, POSITIVE),
    "remainder": _binary(np.remainder, 3 * A, POSITIVE) + _binary(np.remainder, 3 * A, -POSITIVE),
    "fmod": _binary(np.fmod, 3 * A, POSITIVE) + _binary(np.fmod, 3 * A, -POSITIVE),
    "modf": [Sample((A,), value=np.modf)],
    "frexp": [Sample((x,), value=np.frexp) for x in (real(2, 3, low=1.1, high=1.9), real(4, low=-7.7, high=-4.2))],
    "ldexp": _binary(np.ldexp, A, _integers(3, 4) % 5 - 2),
    "negative": _analytic(np.negative),
    "positive": _analytic(np.positive),
    "reciprocal": _analytic(np.reciprocal, 0.3, 2.0),
    "square": _analytic(np.square),
    "sqrt": _analytic(np.sqrt, 0.2, 3.0),
    "cbrt": _unary(np.cbrt, 0.2, 3.0) + _unary(np.cbrt, -3.0, -0.2),
    "absolute": [*_unary(np.absolute), Sample((_complex(2, 3),), value=np.absolute)],
    "fabs": _unary(np.fabs),
    "copysign": _binary(np.copysign, A, B),
    "nextafter": _binary(np.nextafter, A, B),
    "spacing": _unary(np.spacing),
    "power": [
        *_binary(np.power, POSITIVE, B, complex_step=True),
        *_binary(np.power, POSITIVE, B.astype(np.float32).astype(np.float64) * 0 + 3),
        Sample((A, 2), value=np.power, complex_step=True),
        Sample((A, 3), value=np.power, complex_step=True),
        Sample((A, 1), value=np.power),
        Sample((A, 0), value=np.power),
        Sample((A, -1), value=np.power),
        Sample((A, -2.0), value=np.power),
        Sample((POSITIVE, 0.5), value=np.power),
        Sample((POSITIVE, 2.5), value=np.power),
        Sample((A, (_integers(3, 4) % 4).astype(np.int8)), value=np.power),
        Sample((2.0, B), value=np.power, complex_step=True),
        Sample((2, B), value=np.power),
        Sample((_complex(2, 3), _complex(2, 3)[::-1]), value=np.power),
    ],
}

CASTING = {
    "astype": [
        Sample((A,), {"dtype": np.dtype("float64")}, lambda x: x, float32=False),
        Sample((A,), {"dtype": np.dtype("complex128")}, lambda x: x + 0j, float32=False),
        Sample((_complex(2, 3),), {"dtype": np.dtype("float64")}, np.real, float32=False),
        Sample((A,), {"dtype": np.dtype("float32")}, lambda x: np.float32(x), order=0, float32=False),
    ],
    "astype_integer": [
        Sample((3 * A,), {"dtype": np.dtype("int64")}, lambda x: np.trunc(x).astype(np.int64)),
        Sample((A,), {"dtype": np.dtype("bool")}, lambda x: x != 0),
    ],
}

EXPONENTIAL = {
    "exp": _analytic(np.exp),
    "exp2": _analytic(lambda x: np.exp(x * np.log(2))),
    "expm1": _analytic(np.expm1),
    "log": _analytic(np.log, 0.2, 3.0),
    "log2": _analytic(lambda x: np.log(x) / np.log(2), 0.2, 3.0),
    "log10": _analytic(lambda x: np.log(x) / np.log(10), 0.2, 3.0),
    "log1p": _analytic(np.log1p, -0.8, 3.0),
    "logaddexp": _binary(lambda x, y: np.log(np.exp(x) + np.exp(y)), A, B),
    "logaddexp2": _binary(lambda x, y: np.log2(2**x + 2**y), A, B),
}


def _sinc_series(x: Any) -> Any:
    """The first derivative of sinc for small x."""
    u = np.pi * x
    return -np.pi * u / 3 * (1 - u**2 / 10 + u**4 / 280)


TRIGONOMETRIC = {
    "sin": _analytic(np.sin),
    "cos": _analytic(np.cos),
    "tan": _analytic(lambda x: np.sin(x) / np.cos(x), -1.3, 1.4),
    "arcsin": _analytic(np.arcsin, -0.9, 0.9),
    "arccos": _analytic(np.arccos, -0.9, 0.9),
    "arctan": _analytic(np.arctan),
    "sinh": _analytic(lambda x: (np.exp(x) - np.exp(-x)) / 2),
    "cosh": _analytic(lambda x: (np.exp(x) + np.exp(-x)) / 2),
    "tanh": _analytic(lambda x: 1 - 2 / (np.exp(2 * x) + 1)),
    "arcsinh": _analytic(np.arcsinh),
    "arccosh": _analytic(np.arccosh, 1.3, 3.0),
    "arctanh": _analytic(np.arctanh, -0.9, 0.9),
    "arctan2": _binary(np.arctan2, A, B),
    "hypot": _binary(lambda x, y: np.sqrt(x * x + y * y), A, B),
    "deg2rad": _unary(lambda x: x * np.pi / 180),
    "rad2deg": _unary(lambda x: x * 180 / np.pi),
    "sinc": _analytic(np.sinc),
    "sinc_derivative": [
        Sample(
            (real(3, 4, low=-2.5, high=2.5),),
            {"order": 1},
            lambda x: np.cos(np.pi * x) / x - np.sin(np.pi * x) / (np.pi * x**2),
            complex_step=True,
        ),
        Sample((np.array([0.0, 1e-9, -1e-5, 0.01]),), {"order": 1}, _sinc_series),
        Sample((np.array([0.0, 0.3, 0.6, -0.7, 2.5]),), {"order": 2}),
        Sample((np.array([0.0, 1.2, -0.9, 4.0]),), {"order": 3}),
    ],
    "unwrap": [
        Sample(
            (np.cumsum(2 * A, axis=0),),
            {"discont": None, "axis": -1, "period": 6.25},
            lambda x: np.unwrap(x, period=6.25),
        ),
        Sample((9 * A,), {"discont": 4.0, "axis": 0, "period": 7.0}, lambda x: np.unwrap(x, 4.0, 0, period=7.0)),
    ],
}

ROUNDING = {
    "floor": _unary(np.floor),
    "ceil": _unary(np.ceil),
    "trunc": _unary(np.trunc),
    "rint": _unary(lambda x: np.floor(x + 0.5)),
    "round": [
        Sample((A,), {"decimals": 0}, lambda x: np.floor(x + 0.5)),
        Sample((A * 1.001,), {"decimals": 1}, lambda x: np.round(x, 1)),
    ],
    "sign": [*_unary(np.sign), Sample((_complex(2, 3),), value=lambda x: x / np.abs(x))],
    "heaviside": [*_binary(np.heaviside, A, B), *_binary(np.heaviside, np.array([0.0, 1.3, 0.0]), B[0, :3], wrt=(1,))],
}

CHOOSING = {
    "where": [
        Sample((BOOLS, A, B), value=np.where),
        Sample((BOOLS, A, 0.0), value=np.where),
        Sample((BOOLS, 1, _complex(3, 4)), value=np.where),
    ],
    "maximum": [*_binary(np.maximum, A, B), Sample((A, 0.0), value=np.maximum)],
    "minimum": [*_binary(np.minimum, A, B), Sample((A, 0.0), value=np.minimum)],
    "fmax": [*_binary(np.fmax, A, B), Sample((TIED, TIED_TOO), value=np.fmax, order=0)],
    "fmin": [*_binary(np.fmin, A, B), Sample((TIED, TIED_TOO), value=np.fmin, order=0)],
    "clip": [
        Sample((A, -0.7, 1.1), value=np.clip),
        Sample((A, B - 1, B + 0.5), value=np.clip),
        Sample((A, B + 0.1, B - 0.3), value=np.clip),
        Sample((_integers(3, 4), 3, 7), value=np.clip),
    ],
    "clip_below": [Sample((A, 0.2), value=np.maximum), Sample((A, B), value=np.maximum)],
    "clip_above": [Sample((A, 0.2), value=np.minimum), Sample((A, B), value=np.minimum)],
    "relu": _unary(lambda x: x * (x > 0)),
    "nan_to_num": [
        Sample((A,), {"nan": 0.0, "posinf": None, "neginf": None}, lambda x: x),
        Sample((SPECIAL_VALUES[:4],), {"nan": 7.0, "posinf": 8.0, "neginf": 9.0}, lambda x: x),
    ],
}

COMPLEX = {
    "conjugate": [*_unary(lambda x: x), Sample((_complex(2, 3),), value=lambda z: z.real - 1j * z.imag)],
    "real": [*_unary(lambda x: x), Sample((_complex(2, 3),), value=lambda z: z.real)],
    "imag": [*_unary(lambda x: 0 * x), Sample((_complex(2, 3),), value=lambda z: z.imag)],
    "angle": [
        *_unary(lambda x: np.pi * (x < 0)),
        Sample((_complex(2, 3),), value=lambda z: np.arctan2(z.imag, z.real)),
    ],
    "isreal": _constant(lambda z: z.imag == 0, np.array([1 + 0j, 1j, 2.0])),
    "iscomplex": _constant(lambda z: z.imag != 0, np.array([1 + 0j, 1j, 2.0])),
}

_ORDERED = {
    "less": lambda x, y: ~(x >= y) & (x == x) & (y == y),
    "less_equal": lambda x, y: (x < y) | (x == y),
    "greater": lambda x, y: ~(x <= y) & (x == x) & (y == y),
    "greater_equal": lambda x, y: (x > y) | (x == y),
    "equal": lambda x, y: ~(x != y),
    "not_equal": lambda x, y: ~(x == y),
}
COMPARISON = {name: _constant(function, TIED, TIED_TOO) for name, function in _ORDERED.items()} | {
    "logical_and": _constant(lambda x, y: (x != 0) & y, A * BOOLS, BOOLS[::-1]),
    "logical_or": _constant(lambda x, y: (x != 0) | y, A * BOOLS, BOOLS[::-1]),
    "logical_xor": _constant(lambda x, y: (x != 0) ^ y, A * BOOLS, BOOLS[::-1]),
    "logical_not": _constant(lambda x: x == 0, A * BOOLS),
    "isfinite": _constant(lambda x: np.abs(x) < _INF, SPECIAL_VALUES),
    "isinf": _constant(lambda x: np.abs(x) == _INF, SPECIAL_VALUES),
    "isnan": _constant(lambda x: x != x, SPECIAL_VALUES),
    "isposinf": _constant(lambda x: x == _INF, SPECIAL_VALUES),
    "isneginf": _constant(lambda x: x == -_INF, SPECIAL_VALUES),
    "signbit": _constant(np.signbit, SPECIAL_VALUES),
    "isclose": [
        Sample(
            (np.array([1.0, 2.0, _NAN]), np.array([1.05, 2.2, _NAN])),
            {"rtol": 0.06, "atol": 0.0, "equal_nan": True},
            lambda x, y: np.array([True, False, True]),
        )
    ],
}

_N, _M = _integers(3, 4), _integers(4, 3).T.copy()
BITWISE = {
    "bitwise_and": _constant(np.bitwise_and, _N, _M),
    "bitwise_or": _constant(lambda x, y: x + y - np.bitwise_and(x, y), _N, _M),
    "bitwise_xor": _constant(lambda x, y: x + y - 2 * np.bitwise_and(x, y), _N, _M),
    "bitwise_left_shift": _constant(lambda x, y: x * 2**y, _N, _M % 5),
    "bitwise_right_shift": _constant(lambda x, y: x // 2**y, _N, _M % 5),
    "bitwise_invert": [*_constant(lambda x: -x - 1, _N), *_constant(np.logical_not, BOOLS)],
    "bitwise_count": _constant(np.vectorize(lambda n: np.uint8(bin(n).count("1"))), _N),
    "gcd": _constant(np.gcd, _N, _M),
    "lcm": _constant(lambda x, y: x * y // np.gcd(x, y), _N, _M),
}

SAMPLES: dict[str, list[Sample]] = (
    ARITHMETIC | CASTING | EXPONENTIAL | TRIGONOMETRIC | ROUNDING | CHOOSING | COMPLEX | COMPARISON | BITWISE
)
