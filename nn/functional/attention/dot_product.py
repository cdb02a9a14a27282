"""Scaled dot-product attention of single heads."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from autograd_core import Tensor, modes
from autograd_core.errors import explain

from ...explicit import wants_parts
from ..dropout import drawn, dropout
from .core import Options, attention

__all__ = ["scaled_dot_product_attention"]

NAME = "scaled_dot_product_attention"


# -- masks ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def causal(length: int, keys: int) -> Any:
    """True where a position may look: at itself and at those before it. Not to be written to."""
    mask = np.tril(np.ones((length, keys), dtype=bool))
    mask.flags.writeable = False
    return mask


def as_mask(mask: Any, name: str, operation: str, dtype: Any) -> Any:
    """A mask as a Tensor or an array, of booleans or of numbers of ``dtype``.

    Raises:
        TypeError: for integers, of which nobody knows whether they are added or not.
    """
    if not isinstance(mask, Tensor | np.ndarray):
        mask = np.asarray(mask)
    if mask.dtype.kind not in "bf":
        raise TypeError(
            explain(
                operation,
                expected=f"{name} of booleans, or of floating-point numbers that are added to the scores",
                got=f"dtype {mask.dtype}",
                remedy="convert it with .astype(bool) or .astype(float)",
            )
        )
    return mask if mask.dtype.kind == "b" or mask.dtype == dtype else mask.astype(dtype)


def simplified(mask: Any) -> Any:
    """A constant mask of nothing but 0 and -inf as booleans, which take less work; any other one as it is."""
    if mask.dtype.kind == "b" or (isinstance(mask, Tensor) and (mask.requires_grad or modes.special)):
        return mask
    values = mask.numpy() if isinstance(mask, Tensor) else mask
    if type(values) is not np.ndarray:
        return mask
    visible = values == 0
    return visible if np.all(visible | np.isneginf(values)) else mask


def attend(q: Any, k: Any, v: Any, mask: Any, dropout_p: float, shape: tuple[int, ...], options: Options) -> Any:
    """The operation with its mask and dropout.

    Args:
        q, k, v: as ``core.attention`` takes them.
        mask: true where a key is visible, or numbers that are added to the scores, or ``None``.
        dropout_p: the probability to drop a weight.
        shape: the shape of the weights.
        options: the rest.

    Returns:
        The result, the weights before dropout, and the dropout mask (``None`` without).
    """
    keep = None
    if dropout_p > 0:
        keep = drawn(shape, dropout_p)
        options = options._replace(keep_scale=1 / (1 - dropout_p) if dropout_p < 1 else 1.0)
    return (*attention(q, k, v, mask, keep, options=options), keep)


# -- in its parts --------------------------------------------------------------------------------------------


def in_parts(q: Any, k: Any, v: Any, mask: Any, dropout_p: float, scale: float, empty: float = 0.0) -> tuple[Any, Any]:
    """The same in elementary operations, for inputs (..., L, E): the result, and the weights after dropout."""
    weights = _softmax((q @ np.swapaxes(k, -1, -2)) * scale, mask, empty)
    weights = dropout(weights, dropout_p)
    return weights @ v, weights


def _softmax(scores: Any, mask: Any, empty: float) -> Any:
    visible = None
    if mask is not None and mask.dtype.kind == "b":
        visible = mask
    elif mask is not None:
        scores = scores + mask
    raw = scores._data if isinstance(scores, Tensor) else scores
    if visible is not None:
        raw = np.where(visible._data if isinstance(visible, Tensor) else visible, raw, -np.inf)
    top = np.max(raw, axis=-1, keepdims=True, initial=-np.inf)
    scores = scores - np.where(np.isfinite(top), top, np.zeros_like(top)).astype(scores.dtype)
    weights = np.exp(scores if visible is None else np.where(visible, scores, 0.0))
    if visible is not None:
        weights = np.where(visible, weights, 0.0)
    total = np.sum(weights, axis=-1, keepdims=True)
    if mask is not None and np.any(np.isneginf(top)):
        total = np.where(total == 0, np.nan if math.isnan(empty) else 1.0, total)
    return weights / total


# -- public --------------------------------------------------------------------------------------------------


def _check(query: Any, key: Any, value: Any) -> None:
    good = min(query.ndim, key.ndim, value.ndim) >= 2
    good = good and query.shape[-1] == key.shape[-1] and key.shape[-2] == value.shape[-2]
    if not good:
        raise ValueError(
            explain(
                NAME,
                expected="query (..., L, E), key (..., S, E) and value (..., S, D)",
                got=f"shapes {query.shape}, {key.shape} and {value.shape}",
                remedy="bring the features to the last axis and the positions to the one before",
            )
        )


def _repeated(x: Any, heads: int, name: str) -> Any:
    """Keys or values of fewer heads, each as often as there are queries for it."""
    if x.ndim < 3 or heads % x.shape[-3]:
        raise ValueError(
            explain(
                NAME,
                expected=f"with enable_gqa, a number of heads of {name} that divides the {heads} of query",
                got=f"shape {x.shape}",
                remedy="choose a divisor",
            )
        )
    times = heads // x.shape[-3]
    return x if times == 1 else np.repeat(x, times, axis=-3)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Weighted means of the values: softmax(scale · Q Kᵀ + mask) V.

    With the weights P, the gradient G of the result and dS = P (G Vᵀ − Σ P G Vᵀ), where the sum runs over the
    keys: dL/dQ = scale · dS K, dL/dK = scale · dSᵀ Q, dL/dV = Pᵀ G, and dS for a mask of numbers.

    Args:
        query: shape (..., L, E).
        key: shape (..., S, E).
        value: shape (..., S, D). The axes in front broadcast.
        attn_mask: broadcasts to (..., L, S): booleans, true where a query may look at a key, or numbers that
            are added to the scores. Where no key may be looked at the result is 0.
        dropout_p: the probability to drop a weight; it is applied whenever it is not 0.
        is_causal: whether query i may look at keys 0 ... i only; not together with ``attn_mask``.
        scale: the factor on the scores, 1/√E if left out.
        enable_gqa: whether key and value may have fewer heads (the axis before L), each for a group of
            neighbouring heads of query.

    Returns:
        Shape (..., L, D).

    Raises:
        ValueError: for shapes that do not belong together, a dropout_p outside [0, 1], or ``attn_mask`` with
            ``is_causal``.
        TypeError: for a mask of integers.

    Source: Ashish Vaswani et al., "Attention is all you need", 2017; Joshua Ainslie et al., "GQA: training
    generalized multi-query transformer models", 2023.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> q, k = ag.tensor([[0.0], [100.0]]), ag.tensor([[1.0], [0.0]])
    >>> F.scaled_dot_product_attention(q, k, ag.tensor([[2.0], [4.0]]))
    tensor([[3.],
            [2.]])
    >>> F.scaled_dot_product_attention(q, k, ag.tensor([[2.0], [4.0]]), is_causal=True)
    tensor([[2.],
            [2.]])
    """
    _check(query, key, value)
    if attn_mask is not None and is_causal:
        raise ValueError(
            explain(
                NAME,
                expected="attn_mask or is_causal=True",
                got="both",
                remedy="join them: attn_mask & np.tril(np.ones((L, S), dtype=bool))",
            )
        )
    if not 0.0 <= dropout_p <= 1.0:
        raise ValueError(
            explain(
                NAME,
                expected="dropout_p between 0 and 1",
                got=repr(dropout_p),
                remedy="pass 0.0 for none",
            )
        )
    if enable_gqa:
        if query.ndim < 3:
            _repeated(query, 0, "query")
        key, value = (_repeated(x, query.shape[-3], name) for x, name in ((key, "key"), (value, "value")))
    size = (query.shape[-2], key.shape[-2])
    if attn_mask is not None:
        mask = simplified(as_mask(attn_mask, "attn_mask", NAME, query.dtype))
    else:
        mask = causal(*size) if is_causal else None
    scale = 1 / math.sqrt(max(1, query.shape[-1])) if scale is None else float(scale)
    if wants_parts():
        return in_parts(query, key, value, mask, dropout_p, scale)[0]
    front = np.broadcast_shapes(query.shape[:-2], key.shape[:-2], () if mask is None else mask.shape[:-2])
    return attend(query, key, value, mask, dropout_p, (*front, *size), Options(scale))[0]
