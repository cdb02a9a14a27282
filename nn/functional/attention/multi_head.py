"""Multi-head attention: projections, attention of every head, and a projection of the joined heads."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from ...explicit import wants_parts
from ..linear import linear
from .core import Options
from .dot_product import as_mask, attend, causal, in_parts, simplified

__all__ = ["multi_head_attention_forward"]


class Weights(NamedTuple):
    """The parameters of a multi-head attention of width E.

    Attributes:
        joint: the projections of query, key and value below each other, shape (3 E, E), or ``None``.
        single: the three projections alone, of shapes (E, E), (E, kdim) and (E, vdim), where there is no joint one.
        bias: of all three projections, shape (3 E,), or ``None``.
        out: the projection of the joined heads, shape (E, E), and its bias.
        extra: a key and a value that are appended to every sequence, shape (1, 1, E), or ``None`` twice.
        zero: whether a key and a value of zeros are appended.
    """

    joint: Any
    single: tuple[Any, Any, Any]
    bias: Any
    out: tuple[Any, Any]
    extra: tuple[Any, Any]
    zero: bool


class Masks(NamedTuple):
    """What hides keys, in PyTorch's sense: true is hidden; numbers are added to the scores."""

    attention: Any
    padding: Any
    is_causal: bool


# -- masks ---------------------------------------------------------------------------------------------------


def _visible(mask: Any, name: str, operation: str, dtype: Any) -> Any:
    """A mask in the sense of ``core``: true is visible, numbers are added."""
    mask = as_mask(mask, name, operation, dtype)
    return ~mask if mask.dtype.kind == "b" else simplified(mask)


def _extended(mask: Any, extra: int) -> Any:
    """A mask that hides nothing of what is appended."""
    if not extra:
        return mask
    raw = mask._data if isinstance(mask, Tensor) else mask
    shape = (*mask.shape[:-1], extra)
    more = np.ones_like(raw, shape=shape) if mask.dtype.kind == "b" else np.zeros_like(raw, shape=shape)
    return np.concatenate([mask, more], axis=-1)


def _as_numbers(mask: Any, dtype: Any) -> Any:
    return np.where(mask, 0.0, -np.inf).astype(dtype) if mask.dtype.kind == "b" else mask


def _joined(
    masks: Masks, sizes: tuple[int, int, int, int], extra: int, need_weights: bool, name: str, dtype: Any
) -> Any:
    """One mask of a shape that broadcasts to (N, H, L, S + extra), or ``None``."""
    n, heads, length, keys = sizes
    attention, padding, is_causal = masks
    if is_causal and attention is None:
        raise _mask_error(name, "attn_mask with is_causal=True", "None", "pass the causal mask too")
    joined = None
    if attention is not None:
        if is_causal and padding is None and not need_weights:
            joined = _extended(causal(length, keys), extra)
        else:
            joined = _visible(attention, "attn_mask", name, dtype)
            if joined.shape == (n * heads, length, keys):
                joined = np.reshape(joined, (n, heads, length, keys))
            elif joined.shape != (length, keys):
                expected = f"attn_mask of shape {(length, keys)} or {(n * heads, length, keys)}"
                raise _mask_error(name, expected, f"shape {joined.shape}", "true hides a key from a query")
            joined = _extended(joined, extra)
    if padding is None:
        return joined
    hidden = _visible(padding, "key_padding_mask", name, dtype)
    if hidden.shape != (n, keys):
        expected = f"key_padding_mask of shape {(n, keys)}, or {(keys,)} without a batch"
        raise _mask_error(name, expected, f"shape {hidden.shape}", "true hides a key from all queries")
    hidden = np.reshape(_extended(hidden, extra), (n, 1, 1, keys + extra))
    if joined is None:
        return hidden
    if joined.dtype.kind == hidden.dtype.kind == "b":
        return joined & hidden
    return _as_numbers(joined, dtype) + _as_numbers(hidden, dtype)


def _mask_error(name: str, expected: str, got: str, remedy: str) -> ValueError:
    return ValueError(explain(name, expected=expected, got=got, remedy=remedy))


# -- projections ---------------------------------------------------------------------------------------------


def _part(x: Any, number: int, width: int) -> Any:
    return None if x is None else x[number * width : (number + 1) * width]


def _projected(query: Any, key: Any, value: Any, weights: Weights, width: int) -> list[Any]:
    """Queries, keys and values: one array of all three where they come from one input, or two, or three."""
    bias = weights.bias
    if weights.joint is None:
        inputs = (query, key, value)
        return [linear(x, w, _part(bias, i, width)) for i, (x, w) in enumerate(zip(inputs, weights.single))]
    if query is key and key is value:
        return [linear(query, weights.joint, bias)]
    parts = [weights.joint[i * width : (i + 1) * width] for i in range(1 if key is value else 3)]
    if key is value:
        rest = None if bias is None else bias[width:]
        return [linear(query, parts[0], _part(bias, 0, width)), linear(key, weights.joint[width:], rest)]
    return [linear(x, w, _part(bias, i, width)) for i, (x, w) in enumerate(zip((query, key, value), parts))]


def _separate(arrays: list[Any], width: int) -> list[Any]:
    """Three arrays out of one, two or three."""
    return [x[..., i : i + width] for x in arrays for i in range(0, x.shape[-1], width)]


def _appended(x: Any, extra: Any, zero: bool, batch_first: bool) -> Any:
    """Keys or values with the learned one, and with one of zeros."""
    axis = 1 if batch_first else 0
    shape = (x.shape[0], 1, x.shape[2]) if batch_first else (1, *x.shape[1:])
    parts = [x]
    if extra is not None:
        parts.append(np.broadcast_to(np.reshape(extra, (1, 1, x.shape[2])), shape))
    if zero:
        parts.append(np.zeros_like(x._data if isinstance(x, Tensor) else x, shape=shape))
    return np.concatenate(parts, axis=axis) if len(parts) > 1 else x


# -- the whole -----------------------------------------------------------------------------------------------


def _check(query: Any, key: Any, value: Any, weights: Weights, width: int, heads: int, name: str, batch: int) -> None:
    """The shapes of batched inputs; ``batch`` is the axis of the batch."""
    key_width, value_width = (width, width) if weights.joint is not None else (w.shape[1] for w in weights.single[1:])
    wanted = ((query, "query", width), (key, "key", key_width), (value, "value", value_width))
    for x, what, features in wanted:
        if x.ndim != 3 or x.shape[2] != features or x.shape[batch] != query.shape[batch]:
            raise ValueError(
                explain(
                    name,
                    expected=f"{what} with {features} features in the last axis, and one batch size for all inputs",
                    got=f"query {query.shape}, key {key.shape}, value {value.shape}",
                    remedy="check embed_dim, kdim, vdim and batch_first",
                )
            )
    if key.shape[1 - batch] != value.shape[1 - batch]:
        raise ValueError(
            explain(
                name,
                expected="as many keys as values",
                got=f"key {key.shape}, value {value.shape}",
                remedy="pass the same sequence for both",
            )
        )
    if width % heads:
        raise ValueError(
            explain(
                name,
                expected="num_heads to divide embed_dim",
                got=f"num_heads={heads} and embed_dim={width}",
                remedy="choose a divisor",
            )
        )


def attend_with_heads(
    inputs: tuple[Any, Any, Any],
    weights: Weights,
    masks: Masks,
    heads: int,
    dropout_p: float,
    need_weights: bool,
    batch_first: bool,
    name: str,
    static: tuple[Any, Any] = (None, None),
) -> tuple[Any, Any]:
    """Multi-head attention of batched inputs: the result, and the weights of every head if they are needed."""
    width = weights.out[0].shape[1]
    batch = 0 if batch_first else 1
    _check(*inputs, weights, width, heads, name, batch)
    arrays = _projected(*inputs, weights, width)
    if weights.extra[0] is not None or weights.zero or static != (None, None) or wants_parts():
        arrays = _separate(arrays, width)
        for i, fixed in enumerate(static, 1):
            arrays[i] = arrays[i] if fixed is None else _from_heads(fixed, heads, batch_first)
            arrays[i] = _appended(arrays[i], weights.extra[i - 1], weights.zero, batch_first)
    n, length = inputs[0].shape[batch], inputs[0].shape[1 - batch]
    keys = inputs[1].shape[1 - batch] if static[0] is None else static[0].shape[1]
    extra = (weights.extra[0] is not None) + weights.zero
    mask = _joined(masks, (n, heads, length, keys), extra, need_weights, name, inputs[0].dtype)
    options = Options(
        scale=1 / math.sqrt(width // heads),
        heads=heads,
        batch_first=batch_first,
        empty=math.nan if need_weights else 0.0,
    )
    if wants_parts():
        q, k, v = (_by_head(x, heads, batch_first) for x in arrays)
        out, used = in_parts(q, k, v, mask, dropout_p, options.scale, options.empty)
        out = _joined_heads(out, batch_first)
    else:
        q, k, v = arrays + [None] * (3 - len(arrays))
        shape = (n, heads, length, keys + extra)
        out, used, keep = attend(q, k, v, mask, dropout_p, shape, options)
        if keep is not None and need_weights:
            used = np.where(keep, used, 0.0) * (1 / (1 - dropout_p) if dropout_p < 1 else 1.0)
    return linear(out, *weights.out), used if need_weights else None


def _by_head(x: Any, heads: int, batch_first: bool) -> Any:
    """(N, L, E) or (L, N, E) as (N, H, L, D)."""
    x = np.reshape(x, (*x.shape[:2], heads, x.shape[2] // heads))
    return np.transpose(x, (0, 2, 1, 3) if batch_first else (1, 2, 0, 3))


def _joined_heads(x: Any, batch_first: bool) -> Any:
    """(N, H, L, D) as (N, L, E) or (L, N, E)."""
    x = np.transpose(x, (0, 2, 1, 3) if batch_first else (2, 0, 1, 3))
    return np.reshape(x, (*x.shape[:2], x.shape[2] * x.shape[3]))


def _from_heads(x: Any, heads: int, batch_first: bool) -> Any:
    """(N·H, S, D), as PyTorch's static keys and values come, as (N, S, E) or (S, N, E)."""
    return _joined_heads(np.reshape(x, (x.shape[0] // heads, heads, *x.shape[1:])), batch_first)


def multi_head(
    query: Any,
    key: Any,
    value: Any,
    weights: Weights,
    masks: Masks,
    heads: int,
    dropout_p: float,
    need_weights: bool,
    average: bool,
    batch_first: bool,
    name: str,
    static: tuple[Any, Any] = (None, None),
) -> tuple[Any, Any]:
    """``attend_with_heads`` for inputs with or without a batch, and the weights averaged over the heads if wanted."""
    batched = query.ndim == 3
    if not batched:
        if any(x.ndim != 2 for x in (query, key, value)):
            raise ValueError(
                explain(
                    name,
                    expected="query, key and value with two axes, or three with a batch",
                    got=f"shapes {query.shape}, {key.shape} and {value.shape}",
                    remedy="add or remove the axis of the batch",
                )
            )
        batch_first = True
        wide = {id(x): np.expand_dims(x, 0) for x in (query, key, value)}
        query, key, value = (wide[id(x)] for x in (query, key, value))
        if masks.padding is not None:
            masks = masks._replace(padding=np.expand_dims(masks.padding, 0))
    inputs = (query, key, value)
    out, used = attend_with_heads(inputs, weights, masks, heads, dropout_p, need_weights, batch_first, name, static)
    if used is not None and average:
        used = np.mean(used, axis=1)
    if not batched:
        out, used = np.squeeze(out, 0), None if used is None else np.squeeze(used, 0)
    return out, used


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Any,
    in_proj_bias: Any,
    bias_k: Any,
    bias_v: Any,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Any,
    out_proj_bias: Any,
    training: bool = True,
    key_padding_mask: Any = None,
    need_weights: bool = True,
    attn_mask: Any = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Any = None,
    k_proj_weight: Any = None,
    v_proj_weight: Any = None,
    static_k: Any = None,
    static_v: Any = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Any, Any]:
    """Multi-head attention with all parameters as arguments; see ``nn.MultiheadAttention``.

    Args:
        query: shape (L, N, E) or (L, E).
        key: shape (S, N, kdim) or (S, kdim).
        value: shape (S, N, vdim) or (S, vdim).
        embed_dim_to_check: E.
        num_heads: a divisor of E.
        in_proj_weight: the projections of query, key and value below each other, shape (3 E, E).
        in_proj_bias: shape (3 E,), or ``None``.
        bias_k, bias_v: a key and a value to append, shape (1, 1, E), or ``None``.
        add_zero_attn: whether to append a key and a value of zeros.
        dropout_p: the probability to drop a weight in training.
        out_proj_weight, out_proj_bias: the last projection, shapes (E, E) and (E,).
        training: whether to drop weights.
        key_padding_mask: shape (N, S) or (S,): true hides a key; numbers are added to the scores.
        need_weights: whether to return the weights.
        attn_mask: shape (L, S) or (N · num_heads, L, S): true hides a key from a query; numbers are added.
        use_separate_proj_weight: whether the next three are used instead of ``in_proj_weight``.
        q_proj_weight, k_proj_weight, v_proj_weight: shapes (E, E), (E, kdim) and (E, vdim).
        static_k, static_v: keys and values of the heads, shape (N · num_heads, S, E / num_heads), used instead
            of the projected ones.
        average_attn_weights: whether the weights are averaged over the heads.
        is_causal: says that ``attn_mask`` is the causal mask.

    Returns:
        The result in the shape of ``query``, and the weights, of shape (N, L, S), (N, num_heads, L, S) without
        the average, without N if the inputs have none; ``None`` if they are not needed.

    Raises:
        ValueError: for shapes that do not belong together.
        TypeError: for masks of integers.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> x, w = ag.ones((3, 2)), ag.eye(2)
    >>> out, weights = F.multi_head_attention_forward(
    ...     x, x, x, 2, 1, ag.concat([w, w, w]), None, None, None, False, 0.0, w, None)
    >>> out.shape, weights.shape
    ((3, 2), (3, 3))
    """
    name = "multi_head_attention_forward"
    if query.shape[-1] != embed_dim_to_check:
        raise ValueError(
            explain(
                name,
                expected=f"a query with embed_dim_to_check={embed_dim_to_check} features",
                got=f"shape {query.shape}",
                remedy="change one of them",
            )
        )
    single = (q_proj_weight, k_proj_weight, v_proj_weight)
    weights = Weights(
        joint=None if use_separate_proj_weight else in_proj_weight,
        single=single,
        bias=in_proj_bias,
        out=(out_proj_weight, out_proj_bias),
        extra=(bias_k, bias_v),
        zero=add_zero_attn,
    )
    masks = Masks(attn_mask, key_padding_mask, is_causal)
    dropout_p = dropout_p if training else 0.0
    static = (static_k, static_v)
    options = (num_heads, dropout_p, need_weights, average_attn_weights, False, name, static)
    return multi_head(query, key, value, weights, masks, *options)
