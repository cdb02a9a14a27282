"""Samples of attention, and how it is used through public functions."""

from __future__ import annotations

import numpy as np

from nn import functional as F
from nn.functional.attention.core import Options

from .parts import Parts
from .sample import Sample, real, rng

KEYS = np.array([[True, False, True], [True, True, False], [False, True, True], [False, False, False]])
NUMBERS = real(4, 3, low=-1.5, high=1.5)
KEEP = rng().random((2, 4, 3)) < 0.6
HEADS = Options(0.4, heads=2)


def softmax(scores):
    e = np.exp(scores)
    return e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)


def single(scale, keep_scale=1.0):
    """softmax(scale q kᵀ + mask), dropout, times v, one example after the other."""

    def value(q, k, v, mask, keep):
        front = q.shape[:-2]
        scores = scale * np.einsum("...le,...se->...ls", q, k)
        if mask is not None:
            scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
        weights = softmax(scores)
        used = weights if keep is None else weights * keep * keep_scale
        return np.stack([p @ x for p, x in zip(used, np.broadcast_to(v, (*front, *v.shape[-2:])))]) if front else (
            used @ v
        ), weights

    return value


def by_head(options):
    """The same with heads cut out of the arrays by slices."""

    def value(q, k, v, mask, keep):
        arrays = [x for x in (q, k, v) if x is not None]
        if not options.batch_first:
            arrays = [np.swapaxes(x, 0, 1) for x in arrays]
        joint = np.concatenate(arrays, axis=-1) if len({x.shape[1] for x in arrays}) == 1 else None
        if joint is not None:
            q, k, v = np.split(joint, 3, axis=-1)
        else:
            q, (k, v) = arrays[0], np.split(arrays[1], 2, axis=-1) if len(arrays) == 2 else arrays[1:]
        width = q.shape[-1] // options.heads
        outs, weights = [], []
        for h in range(options.heads):
            part = np.s_[..., h * width : (h + 1) * width]
            out, w = single(options.scale)(q[part], k[part], v[part], mask, None)
            outs.append(out)
            weights.append(w)
        out = np.concatenate(outs, axis=-1)
        return out if options.batch_first else np.swapaxes(out, 0, 1), np.stack(weights, axis=1)

    return value


def gradient(scale, keep_scale=1.0):
    """dq, dk and dv with the Jacobian of softmax written out for every query."""

    def value(g, q, k, v, keep, weights, out):
        dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
        for n in range(len(q)):
            for i in range(q.shape[1]):
                p = weights[n, i]
                factor = np.ones_like(p) if keep is None else keep[n, i] * keep_scale
                dp = factor * (v[n] @ g[n, i])
                # Σ p dp is also g · out, which is how the operation knows it.
                ds = p * (dp - g[n, i] @ out[n, i])
                dq[n, i] = scale * ds @ k[n]
                dk[n] += scale * np.outer(ds, q[n, i])
                dv[n] += np.outer(p * factor, g[n, i])
        return dq, dk, dv

    return value


def inputs(*shape, keys=3):
    front, (length, width) = shape[:-2], shape[-2:]
    return real(*front, length, width), real(*front, keys, width, low=-1.5), real(*front, keys, 2, high=1.0)


q, k, v = inputs(2, 4, 3)
G, WEIGHTS, OUT = real(2, 4, 2), softmax(real(2, 4, 3)), real(2, 4, 2, low=-1.0)
PACKED = real(2, 3, 12, low=-1.0, high=1.0)

SAMPLES: dict[str, list[Sample]] = {
    "attention": [
        Sample((q, k, v, None, None), {"options": Options(0.5)}, value=single(0.5)),
        Sample((q[0], k[0], v[0], None, None), {"options": Options(-0.3)}, value=single(-0.3)),
        Sample((q, k, v, KEYS, None), {"options": Options(0.5)}, value=single(0.5)),
        Sample((q, k, v, NUMBERS, None), {"options": Options(0.5)}, value=single(0.5)),
        Sample((q, k, v, None, KEEP), {"options": Options(0.5, keep_scale=1.25)}, value=single(0.5, 1.25)),
        Sample((q, k, v, NUMBERS, KEEP), {"options": Options(0.5, keep_scale=1.25)}, value=single(0.5, 1.25)),
        # Scores that need a shift before the exponential.
        Sample((40 * q, k, v, None, None), {"options": Options(1.0)}, value=single(1.0), order=1, tolerance=1e-4),
        Sample((q, 40 * k, v, KEYS, None), {"options": Options(1.0)}, value=single(1.0), order=1, tolerance=1e-4),
        Sample((PACKED, None, None, None, None), {"options": HEADS}, value=by_head(HEADS)),
        Sample((real(2, 4, 4), real(2, 3, 8), None, None, None), {"options": HEADS}, value=by_head(HEADS)),
        Sample(
            (real(3, 2, 12, low=-1.0, high=1.0), None, None, None, None),
            {"options": HEADS._replace(batch_first=False)},
            value=by_head(HEADS._replace(batch_first=False)),
        ),
        Sample((real(2, 4, 4), real(2, 3, 4), real(2, 3, 4), None, None), {"options": HEADS}, value=by_head(HEADS)),
    ],
    "attention_gradient": [
        Sample((G, q, k, v, None, WEIGHTS, OUT), {"options": Options(0.5), "masked": False}, value=gradient(0.5)),
        Sample(
            (G, q, k, v, KEEP, WEIGHTS, OUT),
            {"options": Options(0.5, keep_scale=1.25), "masked": False},
            value=gradient(0.5, 1.25),
        ),
        Sample((G, q, k, v, KEEP, WEIGHTS, OUT), {"options": Options(0.5, keep_scale=1.25), "masked": True}),
        Sample(
            (real(2, 3, 4), PACKED, None, None, None, softmax(real(2, 2, 3, 3)), real(2, 3, 4, low=-1.0)),
            {"options": HEADS, "masked": False},
        ),
        Sample(
            (real(4, 2, 4), real(4, 2, 4), real(3, 2, 8), None, None, softmax(real(2, 2, 4, 3)), real(4, 2, 4)),
            {"options": HEADS._replace(batch_first=False), "masked": False},
        ),
    ],
}

W, B = real(12, 4, low=-0.8, high=0.8), real(12, low=-0.5, high=0.5)
OUT_W, X = real(4, 4, low=-0.8, high=0.8), real(3, 2, 4)


def self_attention(x, w, b, out, **options):
    return F.multi_head_attention_forward(x, x, x, 4, 2, w, b, None, None, False, 0.0, out, None, **options)


PARTS: dict[str, list[Parts]] = {
    "attention": [
        Parts(F.scaled_dot_product_attention, (q, k, v)),
        Parts(F.scaled_dot_product_attention, (q, k, v, KEYS)),
        Parts(F.scaled_dot_product_attention, (q, k, v, NUMBERS)),
        Parts(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=30.0), (q, k, v), order=1),
        Parts(lambda *inputs: self_attention(*inputs), (X, W, B, OUT_W)),
        Parts(lambda *inputs: self_attention(*inputs, need_weights=False, attn_mask=~KEYS[:3])[0], (X, W, B, OUT_W)),
    ],
}
