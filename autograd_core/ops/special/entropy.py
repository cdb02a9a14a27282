"""x·ln y with 0·ln 0 = 0, and the entropies made of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..choosing import where
from ..pointwise import binary, strong, unary

__all__ = ["entr", "kl_div", "rel_entr", "xlog1py", "xlogy"]


def _xlogy(x: Any, y: Any) -> Any:
    x, y = strong(x, y)
    with np.errstate(divide="ignore"):
        return x * np.log(where((x == 0) & (y == y), 1, y))  # NaN stays NaN


def _xlog1py(x: Any, y: Any) -> Any:
    x, y = strong(x, y)
    with np.errstate(divide="ignore"):
        return x * np.log1p(where((x == 0) & (y == y), 0, y))


def _xlogy_rule(g: Any, out: Any, x: Any, y: Any) -> Any:
    x, y = strong(x, y)
    return g * np.log(where((x == 0) & (y <= 0), 1, y))


def _xlog1py_rule(g: Any, out: Any, x: Any, y: Any) -> Any:
    x, y = strong(x, y)
    return g * np.log1p(where((x == 0) & (y <= -1), 0, y))


xlogy = binary(
    "xlogy",
    _xlogy,
    _xlogy_rule,
    lambda g, out, x, y: g * x / where((x == 0) & (y == 0), 1, y),
    ("ln {b}", "{a}/{b}"),
    "x1·ln x2, and 0 where x1 is 0. The derivatives at (0, 0) are taken as 0.",
    ("ag.special.xlogy(ag.tensor([0.0, 2.0]), ag.tensor([0.0, 1.0]))", "tensor([0., 0.])"),
)
xlog1py = binary(
    "xlog1py",
    _xlog1py,
    _xlog1py_rule,
    lambda g, out, x, y: g * x / (1 + where((x == 0) & (y == -1), 0, y)),
    ("ln(1 + {b})", "{a}/(1 + {b})"),
    "x1·ln(1 + x2), and 0 where x1 is 0. The derivatives at (0, −1) are taken as 0.",
    ("ag.special.xlog1py(ag.tensor([0.0, 2.0]), ag.tensor([-1.0, 0.0]))", "tensor([0., 0.])"),
)
entr = unary(
    "entr",
    lambda x: where(x < 0, -np.inf, 0 - _xlogy(x, np.absolute(x))),
    lambda g, out, x: -g * (np.log(x) + 1),
    "−ln {a} − 1",
    "The entropy −x·ln x of one probability; 0 at 0, −∞ for negative x.",
    ("ag.special.entr(ag.tensor([0.0, 0.5]))", "tensor([0.    , 0.3466])"),
)


def _rel_entr(x: Any, y: Any) -> Any:
    x, y = strong(x, y)
    positive = (x > 0) & (y > 0)
    some = where(positive, x, 1)
    value = some * np.log(some / where(positive, y, 1))
    value = where(positive | ((x == 0) & (y >= 0)), value, np.inf)
    return where(np.isnan(x) | np.isnan(y), np.nan, value)


rel_entr = binary(
    "rel_entr",
    _rel_entr,
    lambda g, out, x, y: g * (np.log(x / y) + 1),
    lambda g, out, x, y: -g * x / y,
    ("ln({a}/{b}) + 1", "−{a}/{b}"),
    "x1·ln(x1/x2), a term of the relative entropy; 0 for x1 = 0, ∞ outside of its domain.",
    ("ag.special.rel_entr(ag.tensor([0.0, 2.0]), 1.0)", "tensor([0.    , 1.3863])"),
)
kl_div = binary(
    "kl_div",
    lambda x, y: _rel_entr(x, y) - x + y,
    lambda g, out, x, y: g * np.log(x / y),
    lambda g, out, x, y: g * (1 - x / y),
    ("ln({a}/{b})", "1 − {a}/{b}"),
    "x1·ln(x1/x2) − x1 + x2, a term of the Kullback-Leibler divergence, nowhere negative.",
    ("ag.special.kl_div(ag.tensor([0.0, 2.0]), 1.0)", "tensor([1.    , 0.3863])"),
)
