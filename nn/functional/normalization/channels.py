"""Batch and group normalization as operations: one mean and variance per channel, or per group of channels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import memory
from autograd_core.blocks import LARGE, share_out
from autograd_core.primitive import define

from . import formulas

BLOCK = 1 << 21  # bytes of x that are worked on at once

# Differences of large numbers: a variance below this share of the mean square is taken of centred numbers.
CLOSE = 0.1


def _axes(groups: int | None) -> tuple[int, ...]:
    return (0, 2, 3) if groups is None else (2, 3)


def _shape(x: Any, groups: int | None) -> tuple[int, int, int, int]:
    """x as (N, G, K, S); every channel is a group of its own in a batch (``groups=None``)."""
    n, channels = x.shape[:2]
    g, k = (channels, 1) if groups is None else (groups, channels // groups)
    return n, g, k, math.prod(x.shape[2:])


# -- memory layout -------------------------------------------------------------------------------------------
#
# A batch is normalized over everything but the channels, so the order of the other axes does not matter. An
# array whose axes lie in memory in another order than theirs, as convolutions leave them, is read in the order
# of the memory, and the result is written in the same order, for the next convolution.


def _memory_order(x: Any, groups: int | None) -> tuple[int, ...] | None:
    """The axes of x from the outermost in memory to the innermost, where that is another order and without gaps."""
    if groups is not None or x.flags.c_contiguous:
        return None
    order = tuple(sorted(range(x.ndim), key=lambda axis: -x.strides[axis]))
    return order if x.transpose(order).flags.c_contiguous else None


def _in_four(x: Any, groups: int | None, order: tuple[int, ...] | None) -> Any:
    """x of shape (N, G, K, S); for a batch, N and S are all axes outside and inside of the channels."""
    if order is None:
        return x.reshape(_shape(x, groups))
    x = x.transpose(order)
    place = order.index(1)
    return x.reshape(math.prod(x.shape[:place]), x.shape[place], 1, math.prod(x.shape[place + 1 :]))


def _restored(x: Any, shape: tuple[int, ...], order: tuple[int, ...] | None) -> Any:
    """An array in four axes back in its own."""
    if order is None:
        return x.reshape(shape)
    x = x.reshape([shape[axis] for axis in order])
    return x.transpose([order.index(axis) for axis in range(len(order))])


# -- forward -------------------------------------------------------------------------------------------------


def _forward(x: Any, weight: Any, bias: Any, groups: int | None, eps: float) -> tuple[Any, Any, Any]:
    n, g, k, s = _shape(x, groups)
    shape = (g,) if groups is None else (n, g)
    if formulas.plain(x, weight, bias):
        order = _memory_order(x, groups)
        x4, w, b = _in_four(x, groups, order), weight.reshape(g, k), bias.reshape(g, k)
        out, mean, variance = _fast_forward(x4, w, b, groups is None, eps)
        return _restored(out, x.shape, order), mean.reshape(shape), variance.reshape(shape)
    x4, w4, b4 = np.reshape(x, (n, g, k, s)), _as_weight(weight, g), _as_weight(bias, g)
    out, mean, variance = formulas.standardize(x4, w4, b4, _axes(groups), eps)
    return np.reshape(out, x.shape), np.reshape(mean, shape), np.reshape(variance, shape)


def _fast_forward(x: Any, weight: Any, bias: Any, batch: bool, eps: float) -> tuple[Any, Any, Any]:
    n, g, _, _ = x.shape
    out = _empty_like(x)
    mean = np.empty((g, 1) if batch else (n, g, 1), x.dtype)
    variance = np.empty_like(mean)

    def work(low: int, high: int) -> None:
        part = np.s_[:, low:high] if batch else np.s_[low:high]
        own = slice(low, high) if batch else slice(None)
        _standardize(x[part], weight[own], bias[own], batch, eps, out[part], mean[low:high], variance[low:high])

    _share_out(work, x, batch)
    return out, mean, variance


def _standardize(x: Any, weight: Any, bias: Any, batch: bool, eps: float, out: Any, mean: Any, variance: Any) -> None:
    """Write the results for one block: x and out of shape (n, g, k, s), mean and variance (g, 1) or (n, g, 1)."""
    shift, square = _moments(x, batch)
    variance[...] = square - shift * shift
    mean[...] = shift
    if not (variance >= CLOSE * square).all():
        x = x - shift[..., None]
        shift, square = _moments(x, batch)
        variance[...] = square - shift * shift
        mean += shift
    scale = weight / np.sqrt(variance + eps)
    _multiply(x, _spread(scale, x, batch), out)
    out += _spread(bias - shift * scale, x, batch)


def _moments(x: Any, batch: bool) -> tuple[Any, Any]:
    """The means of x and of its squares."""
    count = formulas.entries(x, (0, 2, 3) if batch else (2, 3))
    mean, square = _sums(x, None, batch)
    mean, square = (np.add.reduce(v, axis=-1, keepdims=True) if v.shape[-1] != 1 else v for v in (mean, square))
    mean *= 1 / count
    square *= 1 / count
    return mean, square


def _sums(x: Any, y: Any, batch: bool) -> tuple[Any, Any]:
    """Per channel, the sum of x and the sum of x y (x² for ``y=None``): shape (g, k), or (n, g, k)."""
    y = x if y is None else y
    # einsum adds up several times faster than np.add.reduce does.
    if batch:
        return np.einsum("ngks->gk", x), np.einsum("ngks,ngks->gk", x, y)
    return np.einsum("ngks->ngk", x), np.vecdot(x, y)


def _spread(value: Any, x: Any, batch: bool) -> Any:
    """A number per channel (and example) in a shape that broadcasts to x of shape (n, g, k, s).

    Where many examples have the same numbers they are repeated for all places: NumPy works twice as fast on
    two arrays as on an array and a number.
    """
    if batch and len(x) > 3 and x.shape[3] > 1:
        return np.repeat(value, x.shape[3], axis=1)[:, None]
    return value[..., None]


def _multiply(x: Any, numbers: Any, out: Any) -> None:
    """Write x times what ``_spread`` returns; a number per row is written first, which is the faster way then."""
    if numbers.shape[-1] == x.shape[-1]:
        np.multiply(x, numbers, out=out)
    else:
        np.copyto(out, numbers)
        out *= x


def _share_out(work: Any, x: Any, batch: bool) -> None:
    """Run ``work(low, high)`` on all channels of a batch, or on all its examples."""
    units = x.shape[1 if batch else 0]
    if x.size <= LARGE:
        work(0, units)
    else:
        share_out(work, 0, units, max(1, min(-(-units // 2), units * BLOCK // x.nbytes)))


def _empty_like(x: Any) -> Any:
    return memory.empty(x.shape, x.dtype) if x.size > LARGE else np.empty(x.shape, x.dtype)


# -- gradient ------------------------------------------------------------------------------------------------


def _gradient(
    g: Any, x: Any, weight: Any, mean: Any, variance: Any, groups: int | None, eps: float
) -> tuple[Any, Any, Any]:
    """The gradients of x, weight and bias."""
    shape = _shape(x, groups)
    if formulas.plain(g, x, weight, mean, variance):
        order = _memory_order(x, groups)
        g4, x4 = _in_four(g, groups, order), _in_four(x, groups, order)
        w, m, v = weight.reshape(shape[1:3]), mean[..., None], variance[..., None]
        dx, dw, db = _fast_gradient(g4, x4, w, m, v, groups is None, eps)
        return _restored(dx, x.shape, order), dw.reshape(-1), db.reshape(-1)
    w4, m4, v4 = _as_weight(weight, shape[1]), _as_statistic(mean), _as_statistic(variance)
    dx, dw, db = formulas.gradient(np.reshape(g, shape), np.reshape(x, shape), w4, m4, v4, _axes(groups), eps)
    return np.reshape(dx, x.shape), np.reshape(dw, weight.shape), np.reshape(db, weight.shape)


def _as_weight(weight: Any, groups: int) -> Any:
    return np.reshape(weight, (1, groups, weight.shape[0] // max(1, groups), 1))


def _as_statistic(value: Any) -> Any:
    """A mean or variance, of shape (g,) or (n, g), in four axes."""
    return np.reshape(value, (1,) * (2 - value.ndim) + value.shape + (1, 1))


def _fast_gradient(
    g: Any, x: Any, weight: Any, mean: Any, variance: Any, batch: bool, eps: float
) -> tuple[Any, Any, Any]:
    n, groups, k, _ = x.shape
    dx = _empty_like(x)
    db = np.empty((groups, k) if batch else (n, groups, k), x.dtype)
    dw = np.empty_like(db)

    def work(low: int, high: int) -> None:
        part = np.s_[:, low:high] if batch else np.s_[low:high]
        own = slice(low, high)
        w = weight[own] if batch else weight
        db[own], dw[own] = _pull_back(g[part], x[part], w, mean[own], variance[own], batch, eps, dx[part])

    _share_out(work, x, batch)
    return (dx, dw, db) if batch else (dx, np.add.reduce(dw, axis=0), np.add.reduce(db, axis=0))


def _pull_back(
    g: Any, x: Any, weight: Any, mean: Any, variance: Any, batch: bool, eps: float, dx: Any
) -> tuple[Any, Any]:
    """Write dx for one block. Returns the sums of g and of g x̂ per channel (and example)."""
    count = formulas.entries(x, (0, 2, 3) if batch else (2, 3))
    spread = variance + eps
    if not (spread >= CLOSE * (spread + mean * mean)).all():
        x = x - mean[..., None]
        mean = np.zeros_like(mean)
    sum_g, sum_gx = _sums(g, x, batch)
    inverse = 1 / np.sqrt(spread)
    sum_gx -= mean * sum_g
    sum_gx *= inverse
    scale = weight * inverse
    # dx = scale g - inverse mean(w g) - inverse x̂ mean(w g x̂): a number times g, one times x, and one more.
    slope = np.add.reduce(scale * sum_gx, axis=-1, keepdims=True)
    slope *= inverse
    slope *= -1 / count
    rest = np.add.reduce(scale * sum_g, axis=-1, keepdims=True)
    rest *= -1 / count
    rest -= mean * slope
    _multiply(g, _spread(scale, x, batch), dx)
    along = np.empty_like(dx)
    _multiply(x, _spread(slope, x, batch), along)
    along += _spread(rest, x, batch)
    dx += along
    return sum_g, sum_gx


# -- rules ---------------------------------------------------------------------------------------------------


def _forward_rule(
    g: Any, out: Any, x: Any, weight: Any, bias: Any, groups: int | None, eps: float
) -> tuple[Any, Any, Any]:
    g_out, g_mean, g_variance = g
    _, mean, variance = out
    operation = batch_norm_gradient if groups is None else group_norm_gradient
    options = {} if groups is None else {"groups": groups}
    dx = dw = db = None
    if g_out is not None:
        dx, dw, db = operation(g_out, x, weight, mean, variance, eps=eps, **options)
    if g_mean is None and g_variance is None:
        return dx, dw, db
    shape = _shape(x, groups)
    count = formulas.entries(np.reshape(x, shape), _axes(groups))
    if g_mean is not None:
        share = _as_statistic(g_mean) / count + np.zeros_like(np.reshape(x, shape))
        dx = formulas.added(dx, np.reshape(share, x.shape))
    if g_variance is not None:
        centred = np.reshape(x, shape) - _as_statistic(mean)
        dx = formulas.added(dx, np.reshape(centred * (_as_statistic(g_variance) * (2 / count)), x.shape))
    return dx, dw, db


def _gradient_rule(
    seeds: Any, out: Any, g: Any, x: Any, weight: Any, mean: Any, variance: Any, groups: int | None, eps: float
) -> tuple[Any, ...]:
    shape = _shape(x, groups)
    w4, m4, v4 = _as_weight(weight, shape[1]), _as_statistic(mean), _as_statistic(variance)
    u, p, q = seeds
    seeds = (
        None if u is None else np.reshape(u, shape),
        None if p is None else np.reshape(p, w4.shape),
        None if q is None else np.reshape(q, w4.shape),
    )
    found = formulas.second_gradient(seeds, np.reshape(g, shape), np.reshape(x, shape), w4, m4, v4, _axes(groups), eps)
    inputs = (g, x, weight, mean, variance)
    return tuple(None if d is None else np.reshape(d, like.shape) for d, like in zip(found, inputs, strict=True))


batch_norm = define(
    "batch_norm",
    lambda x, weight, bias, eps: _forward(x, weight, bias, None, eps),
    joint=lambda g, out, x, weight, bias, eps: _forward_rule(g, out, x, weight, bias, None, eps),
    formulas=formulas.FORMULAS,
    multiple=True,
)
batch_norm_gradient = define(
    "batch_norm_gradient",
    lambda g, x, weight, mean, variance, eps: _gradient(g, x, weight, mean, variance, None, eps),
    joint=lambda seeds, out, g, x, weight, mean, variance, eps: _gradient_rule(
        seeds, out, g, x, weight, mean, variance, None, eps
    ),
    formulas=formulas.GRADIENT_FORMULAS,
    multiple=True,
)
group_norm = define("group_norm", _forward, joint=_forward_rule, formulas=formulas.FORMULAS, multiple=True)
group_norm_gradient = define(
    "group_norm_gradient", _gradient, joint=_gradient_rule, formulas=formulas.GRADIENT_FORMULAS, multiple=True
)
