"""Layer and RMS normalization as operations: one mean and variance per row, a weight per entry of a row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import memory
from autograd_core.blocks import LARGE
from autograd_core.primitive import define

from . import formulas

BLOCK = 1 << 18  # bytes of x that are worked on at once: what is read again is still in the cache then

# As in ``channels``: below this share of the mean square, a variance is taken of centred numbers.
CLOSE = 0.1

AXES = (2, 3)


def _shape(x: Any, weight: Any) -> tuple[int, int]:
    """How many rows there are, and their length: the axes of the weight are one."""
    return math.prod(x.shape[: x.ndim - weight.ndim]), math.prod(weight.shape)


def _four(x: Any, rows: int, length: int) -> Any:
    """An array of rows (or, with ``rows=1``, a weight) in the axes that ``formulas`` wants."""
    return np.reshape(x, (rows, 1, length, 1))


def _statistic(value: Any, rows: int) -> Any:
    return np.reshape(value, (rows, 1, 1, 1))


def _outer(columns: Any, rows: Any, out: Any = None) -> Any:
    """The sum over k of column k times row k, for ``columns`` of shape (2, n) and ``rows`` of shape (2, d).

    As a matrix product this takes a third of the time that multiplying a column by a row takes; NumPy hands
    a product of inner length 1 to a slower routine, hence two.
    """
    return np.matmul(np.ascontiguousarray(columns.T), rows, out=out)


def _blocks(x: Any) -> list[slice]:
    """The rows of x in blocks."""
    block = max(1, BLOCK // max(1, x[:1].nbytes))
    return [slice(low, low + block) for low in range(0, len(x), block)]


def _empty_like(x: Any) -> Any:
    return memory.empty(x.shape, x.dtype) if x.size > LARGE else np.empty(x.shape, x.dtype)


# -- layer normalization: forward ----------------------------------------------------------------------------


def _forward(x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any]:
    rows, length = _shape(x, weight)
    if formulas.plain(x, weight, bias) and length:
        x2, parameters = x.reshape(rows, length), np.stack((weight.reshape(length), bias.reshape(length)))
        out, mean, variance = _empty_like(x2), np.empty(rows, x.dtype), np.empty(rows, x.dtype)
        for part in _blocks(x2):
            _standardize(x2[part], parameters, eps, out[part], mean[part], variance[part])
    else:
        out, mean, variance = formulas.standardize(
            _four(x, rows, length), _four(weight, 1, length), _four(bias, 1, length), AXES, eps
        )
    return np.reshape(out, x.shape), np.reshape(mean, (rows,)), np.reshape(variance, (rows,))


def _standardize(x: Any, parameters: Any, eps: float, out: Any, mean: Any, variance: Any) -> None:
    """Write the results for one block of rows. ``parameters`` are weight and bias."""
    shift = _moments(x, variance)
    mean[...] = shift
    if not (variance >= CLOSE * (variance + shift * shift)).all():
        x = x - shift[:, None]
        shift = _moments(x, variance)
        mean += shift
    # y = x * outer(s, w) + outer(-m s, w) + outer(1, b)
    columns = np.zeros((2, len(x)), x.dtype)
    np.divide(1, np.sqrt(variance + eps), out=columns[0])
    scale = columns[0].copy()
    product = _outer(columns, parameters)
    product *= x
    np.multiply(scale, shift, out=columns[0])
    np.negative(columns[0], out=columns[0])
    columns[1] = 1
    _outer(columns, parameters, out)
    out += product


def _moments(x: Any, variance: Any) -> Any:
    """The means of the rows; their variances are written."""
    length = x.shape[1]
    mean = x @ np.full(length, 1 / length, x.dtype)
    np.vecdot(x, x, out=variance)
    np.multiply(variance, 1 / length, out=variance)
    np.subtract(variance, mean * mean, out=variance)
    return mean


# -- layer normalization: gradient ---------------------------------------------------------------------------


def _gradient(g: Any, x: Any, weight: Any, mean: Any, variance: Any, eps: float) -> tuple[Any, Any, Any]:
    """The gradients of x, weight and bias."""
    rows, length = _shape(x, weight)
    if formulas.plain(g, x, weight, mean, variance) and length:
        g2, x2, w = g.reshape(rows, length), x.reshape(rows, length), weight.reshape(length)
        dx, dw, db = _empty_like(x2), np.zeros(length, x.dtype), np.zeros(length, x.dtype)
        for part in _blocks(x2):
            more = _pull_back(g2[part], x2[part], w, mean[part], variance[part], eps, dx[part])
            dw += more[0]
            db += more[1]
    else:
        w4, m4, v4 = _four(weight, 1, length), _statistic(mean, rows), _statistic(variance, rows)
        dx, dw, db = formulas.gradient(_four(g, rows, length), _four(x, rows, length), w4, m4, v4, AXES, eps)
    return np.reshape(dx, x.shape), np.reshape(dw, weight.shape), np.reshape(db, weight.shape)


def _pull_back(g: Any, x: Any, weight: Any, mean: Any, variance: Any, eps: float, dx: Any) -> tuple[Any, Any]:
    """Write dx for one block of rows. Returns the shares of the block in the gradients of weight and bias."""
    count, length = x.shape
    spread = variance + eps
    if not (spread >= CLOSE * (spread + mean * mean)).all():
        x = x - mean[:, None]
        mean = np.zeros_like(mean)
    scale = 1 / np.sqrt(spread)
    columns = np.zeros((2, count), x.dtype)
    columns[0] = scale
    parameters = np.zeros((2, length), x.dtype)
    parameters[0] = weight
    _outer(columns, parameters, dx)
    np.multiply(scale, mean, out=columns[0])
    columns[1] = 1
    shifted, db = columns @ g
    product = g * x
    dw = scale @ product
    dw -= shifted
    # dx = g outer(s, w) + slope x + rest, where slope and rest belong to a row as a whole.
    rest = g @ weight
    slope = product @ weight
    slope -= mean * rest
    slope *= scale * scale * scale * (-1 / length)
    rest *= scale * (-1 / length)
    rest -= mean * slope
    dx *= g
    np.multiply(x, slope[:, None], out=product)
    product += rest[:, None]
    dx += product
    return dw, db


# -- layer normalization: rules ------------------------------------------------------------------------------


def _forward_rule(g: Any, out: Any, x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any]:
    g_out, g_mean, g_variance = g
    _, mean, variance = out
    dx = dw = db = None
    if g_out is not None:
        dx, dw, db = layer_norm_gradient(g_out, x, weight, mean, variance, eps=eps)
    rows, length = _shape(x, weight)
    if g_mean is not None:
        share = _statistic(g_mean, rows) / max(1, length) + np.zeros_like(_four(x, rows, length))
        dx = formulas.added(dx, np.reshape(share, x.shape))
    if g_variance is not None:
        centred = _four(x, rows, length) - _statistic(mean, rows)
        dx = formulas.added(dx, np.reshape(centred * (_statistic(g_variance, rows) * (2 / max(1, length))), x.shape))
    return dx, dw, db


def _gradient_rule(
    seeds: Any, out: Any, g: Any, x: Any, weight: Any, mean: Any, variance: Any, eps: float
) -> tuple[Any, ...]:
    rows, length = _shape(x, weight)
    u, p, q = seeds
    seeds = (
        None if u is None else _four(u, rows, length),
        None if p is None else _four(p, 1, length),
        None if q is None else _four(q, 1, length),
    )
    small = (_four(weight, 1, length), _statistic(mean, rows), _statistic(variance, rows))
    found = formulas.second_gradient(seeds, _four(g, rows, length), _four(x, rows, length), *small, AXES, eps)
    inputs = (g, x, weight, mean, variance)
    return tuple(None if d is None else np.reshape(d, like.shape) for d, like in zip(found, inputs, strict=True))


layer_norm = define("layer_norm", _forward, joint=_forward_rule, formulas=formulas.FORMULAS, multiple=True)
layer_norm_gradient = define(
    "layer_norm_gradient", _gradient, joint=_gradient_rule, formulas=formulas.GRADIENT_FORMULAS, multiple=True
)


# -- RMS normalization ---------------------------------------------------------------------------------------


def _rms_forward(x: Any, weight: Any, eps: float) -> Any:
    rows, length = _shape(x, weight)
    x2, w = np.reshape(x, (rows, length)), np.reshape(weight, (1, length))
    return np.reshape(x2 * _inverse(x2, eps) * w, x.shape)


def _inverse(x: Any, eps: float) -> Any:
    """1 / sqrt(mean(x²) + eps) of every row, of shape (rows, 1)."""
    return 1 / np.sqrt(np.vecdot(x, x)[:, None] / max(1, x.shape[1]) + eps)


def _rms_rule(g: Any, out: Any, x: Any, weight: Any, eps: float) -> Any:
    rows, length = _shape(x, weight)
    g2, x2, w = np.reshape(g, (rows, length)), np.reshape(x, (rows, length)), np.reshape(weight, (length,))
    inverse = _inverse(x2, eps)
    slope = ((g2 * x2) @ w)[:, None] * (inverse * inverse * inverse * (-1 / max(1, length)))
    return np.reshape(g2 * w * inverse + x2 * slope, x.shape)


def _rms_weight_rule(g: Any, out: Any, x: Any, weight: Any, eps: float) -> Any:
    rows, length = _shape(x, weight)
    g2, x2 = np.reshape(g, (rows, length)), np.reshape(x, (rows, length))
    return np.reshape(_inverse(x2, eps)[:, 0] @ (g2 * x2), weight.shape)


rms_norm = define(
    "rms_norm",
    _rms_forward,
    _rms_rule,
    _rms_weight_rule,
    formulas=("{b}·s (g − x̂ mean(g x̂))", "x̂"),
)
