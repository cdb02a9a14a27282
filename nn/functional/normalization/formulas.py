"""Standardization and its derivatives, as on paper: what every array library and every Tensor can run.

All kinds of normalization are one formula on an array x of shape (N, G, K, S), N examples of G groups of K
channels of S places each, with weight w and bias b of shape (1, G, K, 1):

    m = mean(x),  v = mean((x - m)²),  x̂ = (x - m) / sqrt(v + eps),  y = w x̂ + b

They differ in the axes of the mean alone: batch normalization takes it over (0, 2, 3) with K = 1, group
normalization over (2, 3), and layer normalization is group normalization with G = S = 1.

Sergey Ioffe and Christian Szegedy, "Batch normalization", 2015, derive the gradient; the second derivative
below follows from it in the same way.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

PER_PARAMETER = (0, 3)  # the axes along which a weight is repeated

# The local derivatives as pictures write them, with s = 1 / sqrt(v + eps).
FORMULAS = ("{b}·s (g − mean(g) − x̂ mean(g x̂))", "x̂", "1")
GRADIENT_FORMULAS = (
    "{c}·s (u − mean(u) − x̂ mean(u x̂))",
    "−s² (u mean({c}g x̂) + {c}g mean(u x̂)) + …",
    "Σ g s (u − mean(u) − x̂ mean(u x̂))",
    "−Σ over the group",
    "Σ over the group",
)


def total(x: Any, axes: tuple[int, ...]) -> Any:
    """The sum over ``axes``, which stay with length 1."""
    return np.add.reduce(x, axis=axes, keepdims=True)


def entries(x: Any, axes: tuple[int, ...]) -> int:
    """Over how many entries a mean is taken; 1 for none at all, so that it can be divided by."""
    return max(1, math.prod(x.shape[axis] for axis in axes))


def standardize(x: Any, weight: Any, bias: Any, axes: tuple[int, ...], eps: float) -> tuple[Any, Any, Any]:
    """w x̂ + b, the means and the variances."""
    count = entries(x, axes)
    mean = total(x, axes) / count
    centred = x - mean
    variance = total(centred * centred, axes) / count
    return centred / np.sqrt(variance + eps) * weight + bias, mean, variance


def gradient(g: Any, x: Any, weight: Any, mean: Any, variance: Any, axes: Any, eps: float) -> tuple[Any, Any, Any]:
    """The gradients of x, w and b for the gradient g of y.

    With ĝ = w g and s = 1 / sqrt(v + eps) they are s (ĝ - mean(ĝ) - x̂ mean(ĝ x̂)), Σ g x̂ and Σ g.
    """
    count = entries(x, axes)
    scale = 1 / np.sqrt(variance + eps)
    standard = (x - mean) * scale
    weighted = g * weight
    along = total(weighted * standard, axes) / count
    dx = scale * (weighted - total(weighted, axes) / count - standard * along)
    return dx, total(g * standard, PER_PARAMETER), total(g, PER_PARAMETER)


def second_gradient(
    seeds: tuple[Any, Any, Any], g: Any, x: Any, weight: Any, mean: Any, variance: Any, axes: Any, eps: float
) -> tuple[Any, Any, Any, Any, Any]:
    """What ``gradient`` passes on to g, x, w, m and v, for the gradients of its three results.

    For the first result, with gradient u: ĝ -> s (ĝ - mean(ĝ) - x̂ mean(ĝ x̂)) is a symmetric map, so ĝ gets
    that map of u; x̂ gets -s (u mean(ĝ x̂) + ĝ mean(u x̂)).
    """
    u, p, q = seeds
    count = entries(x, axes)
    scale = 1 / np.sqrt(variance + eps)
    centred = x - mean
    standard = centred * scale
    weighted = g * weight
    dg = dx = dw = d_scale = None
    if u is not None:
        g_along, u_along = total(weighted * standard, axes) / count, total(u * standard, axes) / count
        back = scale * (u - total(u, axes) / count - standard * u_along)
        dg, dw = weight * back, total(g * back, PER_PARAMETER)
        d_standard = -scale * (u * g_along + weighted * u_along)
        d_scale = total(u * (weighted - total(weighted, axes) / count - standard * g_along), axes)
        dx = d_standard
    if p is not None:
        dg = added(dg, p * standard)
        dx = added(dx, p * g)
    if q is not None:
        dg = added(dg, q + np.zeros_like(g))
    if dx is None:
        return dg, None, dw, None, None
    d_scale = added(d_scale, total(dx * centred, axes))
    dx = dx * scale
    return dg, dx, dw, -total(dx, axes), d_scale * scale**3 * -0.5


def added(a: Any, b: Any) -> Any:
    """The sum of two contributions, either of which may be absent."""
    return b if a is None else a if b is None else a + b


def plain(*arrays: Any) -> bool:
    """Whether all are NumPy's arrays of one dtype, so that the faster ways may write into buffers."""
    dtype = arrays[0].dtype
    return all(type(a) is np.ndarray and a.dtype == dtype for a in arrays)
