"""Losses of predicted numbers: squared and absolute errors, and what lies between."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Tensor, linalg
from autograd_core.functions import where
from autograd_core.primitive import define

from ...explicit import wants_parts
from ...sizes import as_number
from ..rectifiers import clamp_inside
from ..shrinkage import check_not_negative
from .shared import as_pair, check_positive, mean_of, reduce_loss, weighted

__all__ = ["huber_loss", "l1_loss", "mse_loss", "rmse_loss", "smooth_l1_loss", "sum_squared_error"]

# -- squared errors -----------------------------------------------------------------------------------

_mean_square = define(
    "mean_square_error",
    lambda x, y: np.mean(np.square(x - y)),
    lambda g, out, x, y: (x - y) * (g * (2.0 / max(1, x.size))),
    lambda g, out, x, y: (y - x) * (g * (2.0 / max(1, x.size))),
    formulas=("2({a} − {b})/n", "2({b} − {a})/n"),
    symbol="MSE",
)


def mse_loss(input: Tensor, target: Any, reduction: str = "mean", weight: Any = None) -> Tensor:
    """The squared error (x − y)², averaged over all entries.

    Gradient: 2 (x − y) / n with respect to ``input``. What minimizes it is the conditional mean.

    Args:
        input: predictions of any shape.
        target: what they should be, of the same shape.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        weight: a factor for every entry, of the same shape; the mean is divided by their sum.

    Returns:
        A Tensor of shape (), or of the input's shape for ``"none"``.

    Raises:
        ValueError: if the shapes differ; nothing is broadcast.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.mse_loss(ag.tensor([1.0, 3.0]), [0.0, 1.0])
    tensor(2.5)
    """
    input, target = as_pair("mse_loss", input, target)
    if weight is not None:
        return weighted(np.square(input - target), weight, reduction, "mse_loss")
    if reduction == "mean" and 0 not in input.shape and not wants_parts():
        return _mean_square(input, target)
    return reduce_loss(np.square(input - target), reduction, "mse_loss")


_sum_squares = define(
    "sum_squared_error",
    lambda x, y: np.sum(np.square(x - y)) * 0.5,
    lambda g, out, x, y: (x - y) * g,
    lambda g, out, x, y: (y - x) * g,
    formulas=("{a} − {b}", "{b} − {a}"),
    symbol="½Σ(x−y)²",
)


def sum_squared_error(input: Tensor, target: Any, reduction: str = "sum") -> Tensor:
    """Half of the sum of squares, ½ ‖x − y‖².

    Gradient: x − y with respect to ``input``, which is why textbooks have the half.

    Args:
        input: predictions of any shape.
        target: what they should be, of the same shape.
        reduction: ``"sum"``; or ``"mean"`` or ``"none"`` of the terms ½ (x − y)².

    Returns:
        A Tensor of shape (), or of the input's shape for ``"none"``.

    Raises:
        ValueError: if the shapes differ; nothing is broadcast.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.sum_squared_error(ag.tensor([1.0, 3.0]), [0.0, 1.0])
    tensor(2.5)
    """
    input, target = as_pair("sum_squared_error", input, target)
    if reduction == "sum" and not wants_parts():
        return _sum_squares(input, target)
    return reduce_loss(np.square(input - target) * 0.5, reduction, "sum_squared_error")


def _root_mean_square_rule(g: Any, out: Any, x: Any, y: Any) -> Any:
    return (x - y) * (g / (where(out == 0, 1, out) * x.size))


_root_mean_square = define(
    "root_mean_square_error",
    lambda x, y: np.sqrt(np.mean(np.square(x - y))),
    _root_mean_square_rule,
    lambda g, out, x, y: _root_mean_square_rule(g, out, y, x),
    formulas=("({a} − {b})/(n·{out})", "({b} − {a})/(n·{out})"),
    symbol="RMSE",
)


def rmse_loss(input: Tensor, target: Any) -> Tensor:
    """The root of the mean squared error, √(Σ (x − y)² / n): an error in the units of the target.

    Gradient: (x − y) / (n · RMSE) with respect to ``input``, and 0 where the error is 0.

    Args:
        input: predictions of any shape.
        target: what they should be, of the same shape.

    Returns:
        A Tensor of shape ().

    Raises:
        ValueError: if the shapes differ; nothing is broadcast.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.rmse_loss(ag.tensor([1.0, 7.0]), [0.0, 0.0])
    tensor(5.)
    """
    input, target = as_pair("rmse_loss", input, target)
    if 0 in input.shape:
        return mean_of(input - target)
    if wants_parts():
        return linalg.vector_norm(input - target) * (1 / math.sqrt(math.prod(input.shape)))
    return _root_mean_square(input, target)


# -- absolute errors ------------------------------------------------------------------------------------

_absolute_error = define(
    "absolute_error",
    lambda x, y: np.absolute(x - y),
    lambda g, out, x, y: g * np.sign(x - y),
    lambda g, out, x, y: g * np.sign(y - x),
    formulas=("sign({a} − {b})", "sign({b} − {a})"),
    symbol="|x − y|",
    elementwise=True,
)


def l1_loss(input: Tensor, target: Any, reduction: str = "mean", weight: Any = None) -> Tensor:
    """The absolute error |x − y|, averaged over all entries.

    Gradient: sign(x − y) / n with respect to ``input``, 0 where both are equal. What minimizes it is the
    conditional median.

    Args:
        input: predictions of any shape.
        target: what they should be, of the same shape.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        weight: a factor for every entry, of the same shape; the mean is divided by their sum.

    Returns:
        A Tensor of shape (), or of the input's shape for ``"none"``.

    Raises:
        ValueError: if the shapes differ; nothing is broadcast.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.l1_loss(ag.tensor([1.0, 3.0]), [0.0, 1.0])
    tensor(1.5)
    """
    input, target = as_pair("l1_loss", input, target)
    loss = np.absolute(input - target) if wants_parts() else _absolute_error(input, target)
    if weight is not None:
        return weighted(loss, weight, reduction, "l1_loss")
    return reduce_loss(loss, reduction, "l1_loss")


# -- in between -------------------------------------------------------------------------------------------


def _bent(d: Any, bend: Any) -> Any:
    """½ d² for |d| < bend, and bend · (|d| − ½ bend) elsewhere, without a square that could overflow."""
    size = np.absolute(d)
    inside = np.minimum(size, bend)
    return inside * (size - inside * 0.5)


_huber = define(
    "huber",
    lambda x, y, delta: _bent(x - y, delta),
    lambda g, out, x, y, delta: g * clamp_inside(x - y, -delta, delta),
    lambda g, out, x, y, delta: g * clamp_inside(y - x, -delta, delta),
    None,
    formulas=("max(−{c}, min({a} − {b}, {c}))", "max(−{c}, min({b} − {a}, {c}))"),
    symbol="Huber",
    elementwise=True,
)
_smooth_l1 = define(
    "smooth_l1",
    lambda x, y, beta: _bent(x - y, beta) / beta,
    lambda g, out, x, y, beta: g * clamp_inside((x - y) / beta, -1, 1),
    lambda g, out, x, y, beta: g * clamp_inside((y - x) / beta, -1, 1),
    None,
    formulas=("max(−1, min(({a} − {b})/{c}, 1))", "max(−1, min(({b} − {a})/{c}, 1))"),
    symbol="smooth L1",
    elementwise=True,
)


def _bent_in_parts(input: Any, target: Any, bend: float) -> Any:
    difference = input - target
    size = np.absolute(difference)
    return where(size < bend, 0.5 * np.square(difference), bend * (size - 0.5 * bend))


def huber_loss(input: Tensor, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None) -> Tensor:
    """½ d² for |d| ≤ delta and delta (|d| − ½ delta) elsewhere, with d = x − y.

    Gradient: d moved into [−delta, delta] (over n for the mean). Outliers pull no harder than delta.

    Args:
        input: predictions of any shape.
        target: what they should be, of the same shape.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        delta: where the parabola turns into a straight line; above 0.
        weight: a factor for every entry, of the same shape. The mean is that of the weighted entries.

    Returns:
        A Tensor of shape (), or of the input's shape for ``"none"``.

    Raises:
        ValueError: if the shapes differ, or delta is not positive.

    Source: Huber (1964), Robust estimation of a location parameter.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.huber_loss(ag.tensor([1.0, 3.0]), [0.5, 0.0], reduction="none")
    tensor([0.125, 2.5  ])
    """
    input, target = as_pair("huber_loss", input, target)
    delta = as_number("huber_loss", "delta", delta)
    check_positive("huber_loss", "delta", delta)
    loss = (_bent_in_parts if wants_parts() else _huber)(input, target, delta)
    if weight is not None:
        loss = loss * as_pair("huber_loss", loss, weight)[1]
    return reduce_loss(loss, reduction, "huber_loss")


def smooth_l1_loss(input: Tensor, target: Any, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """½ d² / beta for |d| < beta and |d| − ½ beta elsewhere, with d = x − y: the Huber loss over beta.

    Gradient: d / beta moved into [−1, 1] (over n for the mean). With beta = 0 it is the absolute error.

    Args:
        input: predictions of any shape.
        target: what they should be, of the same shape.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        beta: where the parabola turns into a straight line; not negative.

    Returns:
        A Tensor of shape (), or of the input's shape for ``"none"``.

    Raises:
        ValueError: if the shapes differ, or beta is negative.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.smooth_l1_loss(ag.tensor([1.0, 3.0]), [0.5, 0.0], reduction="none")
    tensor([0.125, 2.5  ])
    """
    beta = as_number("smooth_l1_loss", "beta", beta)
    check_not_negative("smooth_l1_loss", "beta", beta)
    if beta == 0:
        return l1_loss(input, target, reduction)
    input, target = as_pair("smooth_l1_loss", input, target)
    loss = _bent_in_parts(input, target, beta) / beta if wants_parts() else _smooth_l1(input, target, beta)
    return reduce_loss(loss, reduction, "smooth_l1_loss")
