"""Samples of the special functions, with SciPy as the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as sp

from .sample import Sample, real


def _unary(function: Any, low: float = -2.0, high: float = 2.0, **options: Any) -> list[Sample]:
    """A matrix and a number between ``low`` and ``high``."""
    return [
        Sample((real(3, 4, low=low, high=high),), value=function, **options),
        Sample((np.float64(0.37 * low + 0.63 * high),), value=function, **options),
    ]


def _analytic(function: Any, low: float = -2.0, high: float = 2.0) -> list[Sample]:
    return _unary(function, low, high, complex_step=True)


def _of_order(function: Any, low: float, high: float, **options: Any) -> list[Sample]:
    """Orders that are whole and orders that are not."""
    return [
        Sample((real(5, low=low, high=high),), {"order": v}, lambda x, v=v: function(v, x), **options)
        for v in (0, 1, 2, 2.5)
    ]


A, B = real(3, 4), real(4, 3, low=-1.7, high=1.9).T.copy()
POSITIVE, POSITIVE_TOO = real(3, 4, low=0.2, high=2.5), real(3, 4, low=0.3, high=2.2)[::-1].copy()
UNIT = real(3, 4, low=0.05, high=0.95)

LOGISTIC = {
    "expit": [*_analytic(sp.expit), Sample((np.array([-1000.0, -800.0, -37.0, 800.0]),), value=sp.expit)],
    "log_expit": [*_unary(sp.log_expit), Sample((np.array([-1000.0, -37.0, 800.0]),), value=sp.log_expit)],
    "logit": _analytic(sp.logit, 0.05, 0.95),
    "softplus": [
        *_unary(lambda x: np.log(1 + np.exp(x))),
        Sample((np.array([-1000.0, -37.0, 800.0]),), value=lambda x: -sp.log_expit(-x)),
    ],
    "softmax": [
        Sample((A,), {"axis": axis}, lambda x, axis=axis: sp.softmax(x, axis=axis), complex_step=axis == 0)
        for axis in (None, 0, -1, (0, 1))
    ],
    "log_softmax": [
        Sample((A,), {"axis": axis}, lambda x, axis=axis: sp.log_softmax(x, axis=axis), complex_step=axis == 0)
        for axis in (None, 0, -1, (0, 1))
    ],
    "logsumexp": [
        Sample((A,), {"axis": axis, "keepdims": keep}, lambda x, a=axis, k=keep: sp.logsumexp(x, axis=a, keepdims=k))
        for axis in (None, 0, -1, (0, 1))
        for keep in (False, True)
    ],
}

ENTROPY = {
    "xlogy": [Sample((A, POSITIVE), value=sp.xlogy), Sample((0.0, POSITIVE), value=sp.xlogy)],
    "xlog1py": [Sample((A, POSITIVE - 0.9), value=sp.xlog1py)],
    "entr": _unary(sp.entr, 0.2, 2.0),
    "rel_entr": [Sample((POSITIVE, POSITIVE_TOO), value=sp.rel_entr)],
    "kl_div": [Sample((POSITIVE, POSITIVE_TOO), value=sp.kl_div)],
}

ERROR_FUNCTIONS = {
    "erf": _analytic(sp.erf),
    "erfc": _analytic(sp.erfc),
    "erfcx": _analytic(sp.erfcx),
    "erfinv": _unary(sp.erfinv, -0.9, 0.9),
    "erfcinv": _unary(sp.erfcinv, 0.1, 1.9),
    "dawsn": _analytic(sp.dawsn),
    "ndtr": _analytic(sp.ndtr),
    "ndtri": _unary(sp.ndtri, 0.05, 0.95),
    "log_ndtr": [*_unary(sp.log_ndtr), Sample((np.array([-40.0, -8.0, 8.0]),), value=sp.log_ndtr)],
}

GAMMA_FUNCTIONS = {
    "digamma": [*_unary(sp.psi, 0.3, 4.0), *_unary(sp.psi, -0.8, -0.2)],
    "polygamma": [
        Sample((real(3, 4, low=0.4, high=4.0),), {"n": n}, lambda x, n=n: sp.polygamma(n, x)) for n in (0, 1, 2, 3)
    ],
    "gamma": [*_unary(sp.gamma, 0.3, 4.0), *_unary(sp.gamma, -0.8, -0.2)],
    "gammaln": [*_unary(sp.gammaln, 0.3, 4.0), *_unary(sp.gammaln, -0.8, -0.2)],
    "rgamma": [*_unary(sp.rgamma, 0.3, 4.0), *_unary(sp.rgamma, -0.8, -0.2)],
    "gammasgn": _unary(sp.gammasgn, -1.9, 2.0),
    "beta": [Sample((POSITIVE, POSITIVE_TOO), value=sp.beta)],
    "betaln": [Sample((POSITIVE, POSITIVE_TOO), value=sp.betaln)],
    "gammainc": [Sample((POSITIVE, POSITIVE_TOO), value=sp.gammainc, wrt=(1,))],
    "gammaincc": [Sample((POSITIVE, POSITIVE_TOO), value=sp.gammaincc, wrt=(1,))],
    "betainc": [Sample((POSITIVE, POSITIVE_TOO, UNIT), value=sp.betainc, wrt=(2,))],
    "zeta": [Sample((POSITIVE + 1.5, POSITIVE_TOO), value=sp.zeta, wrt=(1,))],
}

BESSEL = {
    "jv": _of_order(sp.jv, 0.5, 6.0),
    "yv": _of_order(sp.yv, 1.5, 6.0),
    "iv": _of_order(sp.iv, 0.5, 3.0),
    "ive": _of_order(sp.ive, 0.5, 6.0),
    "kv": _of_order(sp.kv, 1.5, 3.0),
    "kve": _of_order(sp.kve, 1.5, 6.0),
    "j0": _unary(sp.j0, -5.0, 5.0),
    "j1": _unary(sp.j1, -5.0, 5.0),
    "y0": _unary(sp.y0, 0.5, 5.0),
    "y1": _unary(sp.y1, 0.5, 5.0),
    "i0": _unary(sp.i0, -3.0, 3.0),
    "i1": _unary(sp.i1, -3.0, 3.0),
    "i0e": _unary(sp.i0e, -5.0, 5.0),
    "i1e": _unary(sp.i1e, -5.0, 5.0),
    "k0": _unary(sp.k0, 0.5, 3.0),
    "k1": _unary(sp.k1, 0.5, 3.0),
    "k0e": _unary(sp.k0e, 0.5, 5.0),
    "k1e": _unary(sp.k1e, 0.5, 5.0),
}

EXPONENTIAL_INTEGRALS = {
    "exp10": _analytic(lambda x: np.exp(x * np.log(10))),
    "exp1": _analytic(sp.exp1, 0.3, 3.0),
    "expi": _unary(sp.expi, 0.3, 3.0),
    "exprel": [*_analytic(sp.exprel), Sample((np.array([0.0, 1e-9, -1e-5, 0.1, -30.0]),), value=sp.exprel)],
    "exprel_derivative": [
        Sample((real(3, 4),), {"order": 1}, lambda x: (np.exp(x) - np.expm1(x) / x) / x, complex_step=True),
        Sample((np.array([0.0, 1e-9, -1e-5, 0.01]),), {"order": 1}, lambda x: 1 / 2 + x / 3 + x**2 / 8 + x**3 / 30),
        Sample((np.array([0.0, 0.3, -2.7, 3.4, -9.0]),), {"order": 2}),
        Sample((np.array([0.0, 1.2, -3.9, 4.4]),), {"order": 3}),
    ],
}

SAMPLES: dict[str, list[Sample]] = (
    LOGISTIC | ENTROPY | ERROR_FUNCTIONS | GAMMA_FUNCTIONS | BESSEL | EXPONENTIAL_INTEGRALS
)
