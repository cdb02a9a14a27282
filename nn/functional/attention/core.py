"""Scaled dot-product attention as an operation: scores, softmax and weighted mean in one node.

With queries q, keys k and values v, of shapes (..., L, E), (..., S, E) and (..., S, D),

    P = softmax(scale q kᵀ + mask),    out = P v

and for the gradient g of out, with dP = g vᵀ and dS = P (dP - Σ_s P dP),

    dq = scale dS k,    dk = scale dSᵀ q,    dv = Pᵀ g,    dmask = dS.

Dropout of the weights P is a second mask, with which both P in the product and dP are multiplied. Since
out = P v, the inner sum is Σ g out, a sum over the shorter axis.

Many heads are a layout: an array (N, L, H·D), or (L, N, H·D), is read as (N, H, L, D) through a view, and the
results are written through such views, so that nothing is moved. The arrays may also be packed, as the
projection of a self-attention leaves them: q alone then holds q, k and v side by side, or k holds k and v.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd_core.primitive import define

from ...masking import kept
from ..normalization.formulas import added

# Scores within these bounds need no shift before the exponential, in float32 either. Half precision does.
SMALL, LARGE = -60.0, 60.0


class Options(NamedTuple):
    """How an attention is computed.

    Attributes:
        scale: the factor on q kᵀ.
        heads: the number of heads in the last axis of the inputs; ``None`` for inputs of shape (..., L, E).
        batch_first: with heads, whether the inputs are (N, L, H·D) rather than (L, N, H·D).
        keep_scale: the factor on weights that dropout keeps.
        empty: the weights where a mask hides every key, 0 or NaN.
    """

    scale: float
    heads: int | None = None
    batch_first: bool = True
    keep_scale: float = 1.0
    empty: float = 0.0


# -- views of heads ------------------------------------------------------------------------------------------


def _by_head(x: Any, parts: int, options: Options) -> list[Any]:
    """The ``parts`` arrays that are packed in x, each of shape (N, H, L, D)."""
    heads = options.heads
    if heads is None:
        return [x]
    first, second, width = x.shape
    x = np.reshape(x, (first, second, parts * heads, width // (parts * heads)))
    x = np.transpose(x, (0, 2, 1, 3) if options.batch_first else (1, 2, 0, 3))
    return [x] if parts == 1 else [x[:, i * heads : (i + 1) * heads] for i in range(parts)]


def _packing(q: Any, k: Any, v: Any) -> tuple[tuple[Any, int], ...]:
    """The arrays that were given, and how many each of them holds."""
    return ((q, 3),) if k is None else ((q, 1), (k, 2)) if v is None else ((q, 1), (k, 1), (v, 1))


def _views(q: Any, k: Any, v: Any, options: Options) -> list[Any]:
    """q, k and v of shape (N, H, L, D)."""
    return [view for x, parts in _packing(q, k, v) for view in _by_head(x, parts, options)]


def _merged(x: Any, options: Options) -> Any:
    """(N, H, L, D) back in the layout of the inputs."""
    if options.heads is None:
        return x
    n, heads, length, width = x.shape
    if options.batch_first:
        return np.reshape(np.transpose(x, (0, 2, 1, 3)), (n, length, heads * width))
    return np.reshape(np.transpose(x, (2, 0, 1, 3)), (length, n, heads * width))


def _packed(grads: list[Any], packing: Any, options: Options) -> list[Any]:
    """Contributions to q, k and v as contributions to the arrays that were given."""
    grads = [_merged(d, options) for d in grads]
    found = []
    for _, parts in packing:
        mine, grads = grads[:parts], grads[parts:]
        found.append(mine[0] if parts == 1 else np.concatenate(mine, axis=-1))
    return found


def _transposed(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


# -- forward -------------------------------------------------------------------------------------------------


def _forward(q: Any, k: Any, v: Any, mask: Any, keep: Any, options: Options) -> tuple[Any, Any]:
    """The result, and the weights P before dropout."""
    q4, k4, v4 = _views(q, k, v, options)
    weights = _weights(q4, k4, mask, options)
    used = weights if keep is None else kept(weights, keep)
    if options.heads is None:
        out = used @ v4
    else:
        out = np.empty_like(q, order="C", shape=(*q.shape[:2], options.heads * v4.shape[-1]))
        np.matmul(used, v4, out=_by_head(out, 1, options)[0])
    if keep is not None:
        out *= options.keep_scale
    return out, weights


def _weights(q: Any, k: Any, mask: Any, options: Options) -> Any:
    """softmax(scale q kᵀ + mask), 0 where a boolean mask is false."""
    scores = (q * options.scale) @ _transposed(k)
    visible = None
    if mask is not None:
        if mask.dtype.kind == "b":
            visible = mask
        else:
            scores = scores + mask
    if not scores.size:
        return scores
    bounded = np.minimum.reduce(scores, axis=None) > SMALL and np.maximum.reduce(scores, axis=None) < LARGE
    if scores.itemsize < 4 or not bounded:
        scores = _shifted(scores, visible)
    weights = np.exp(scores, out=scores)
    if visible is not None:
        weights = kept(weights, visible)
    # A matrix product adds up short rows faster than np.add.reduce.
    length = weights.shape[-1]
    total = np.reshape(weights, (-1, length)) @ np.ones_like(weights, shape=(length,))
    if mask is not None:
        none = total == 0
        if np.any(none):
            total[none] = np.nan if np.isnan(options.empty) else 1.0
    weights *= np.reshape(1 / total, (*weights.shape[:-1], 1))
    return weights


def _shifted(scores: Any, visible: Any) -> Any:
    """Scores less the largest visible one of their row."""
    if visible is not None:
        scores = np.where(visible, scores, -np.inf)
    top = np.max(scores, axis=-1, keepdims=True)
    return scores - np.where(np.isfinite(top), top, np.zeros_like(top))


# -- gradient ------------------------------------------------------------------------------------------------


def _gradient(
    g: Any, q: Any, k: Any, v: Any, keep: Any, weights: Any, out: Any, options: Options, masked: bool
) -> tuple[Any, ...]:
    """The gradients of the arrays that were given, and of a mask of numbers (``masked``)."""
    q4, k4, v4 = _views(q, k, v, options)
    (g4,), (out4,) = _by_head(g, 1, options), _by_head(out, 1, options)
    along = np.vecdot(g4, out4)[..., None]
    used = weights
    if keep is not None:
        g4, used = g4 * options.keep_scale, kept(weights, keep)
    back = g4 @ _transposed(v4)
    if keep is not None:
        back = kept(back, keep, out=back)
    back -= along
    back *= weights
    results, (dq, dk, dv) = _outputs(q, k, v, options)
    dv = np.matmul(_transposed(used), g4, out=dv)
    scores = back * options.scale if masked else back
    if not masked:
        scores *= options.scale
    dq = np.matmul(scores, k4, out=dq)
    dk = np.matmul(_transposed(scores), q4, out=dk)
    return (*(results or (dq, dk, dv)), *((back,) if masked else ()))


def _outputs(q: Any, k: Any, v: Any, options: Options) -> tuple[Any, list[Any]]:
    """New arrays like those given, and views of them as dq, dk and dv; nothing for inputs without heads."""
    if options.heads is None:
        return None, [None, None, None]
    packing = _packing(q, k, v)
    results = [np.empty_like(x, order="C", shape=x.shape) for x, _ in packing]
    return results, [view for x, (_, parts) in zip(results, packing) for view in _by_head(x, parts, options)]


# -- rules ---------------------------------------------------------------------------------------------------


def _forward_rule(g: Any, out: Any, q: Any, k: Any, v: Any, mask: Any, keep: Any, options: Options) -> tuple[Any, ...]:
    g_out, g_weights = g
    result, weights = out
    packing = _packing(q, k, v)
    masked = mask is not None and mask.dtype.kind != "b"
    found: list[Any] = [None] * (len(packing) + masked)
    if g_out is not None:
        found = list(attention_gradient(g_out, q, k, v, keep, weights, result, options=options, masked=masked))
    if g_weights is not None:
        q4, k4, v4 = _views(q, k, v, options)
        inner = np.add.reduce(g_weights * weights, axis=-1, keepdims=True)
        back = weights * (g_weights - inner)
        scores = back * options.scale
        grads = [scores @ k4, _transposed(scores) @ q4, np.zeros_like(v4)]
        more = _packed(grads, packing, options) + ([back] if masked else [])
        found = [added(a, b) for a, b in zip(found, more, strict=True)]
    absent = [None] * (3 - len(packing))
    return (*found[: len(packing)], *absent, found[-1] if masked else None, None)


def _gradient_rule(
    seeds: Any,
    out: Any,
    g: Any,
    q: Any,
    k: Any,
    v: Any,
    keep: Any,
    weights: Any,
    result: Any,
    options: Options,
    masked: bool,
) -> tuple[Any, ...]:
    """What ``_gradient`` passes on to its inputs: every product in it is differentiated with respect to both sides."""
    packing = _packing(q, k, v)
    views: list[Any] = []
    for seed, (x, parts) in zip(seeds, packing):
        views += _by_head(np.zeros_like(x) if seed is None else seed, parts, options)
    u_q, u_k, u_v = views
    q4, k4, v4 = _views(q, k, v, options)
    (g4,), (out4,) = _by_head(g, 1, options), _by_head(result, 1, options)

    def dropped(x: Any) -> Any:
        return x if keep is None else np.where(keep, x, 0.0) * options.keep_scale

    centred = dropped(g4 @ _transposed(v4)) - np.add.reduce(g4 * out4, axis=-1, keepdims=True)
    scores = weights * centred * options.scale
    d_scores = (u_q @ _transposed(k4) + q4 @ _transposed(u_k)) * options.scale
    if masked:
        d_scores = added(d_scores, seeds[-1])
    d_back = d_scores * weights
    d_along = -np.add.reduce(d_back, axis=-1, keepdims=True)
    d_back = dropped(d_back)
    d_weights = d_scores * centred + dropped(g4 @ _transposed(u_v))
    d_g = d_back @ v4 + d_along * out4 + dropped(weights) @ u_v
    grads = [scores @ u_k, _transposed(scores) @ u_q, _transposed(d_back) @ g4]
    found = _packed(grads, packing, options) + [None] * (3 - len(packing))
    return (_merged(d_g, options), *found, None, d_weights, _merged(d_along * g4, options))


attention = define(
    "attention",
    _forward,
    joint=_forward_rule,
    formulas=("scale·dS {b}", "scale·dSᵀ {a}", "Pᵀ", "dS = P (g {c}ᵀ − Σ g·out)", "0"),
    symbol="softmax(QKᵀ)V",
    multiple=True,
)
attention_gradient = define(
    "attention_gradient",
    _gradient,
    joint=_gradient_rule,
    formulas=("dS {d}", "dS", "dSᵀ", "dSᵀ {a}", "0", "scale (u {c}ᵀ + {b} uᵀ) (g {d}ᵀ − Σ g·out)", "−Σ dS {a}"),
    multiple=True,
)
