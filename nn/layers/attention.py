"""Multi-head attention as a module."""

from __future__ import annotations

from typing import Any

from autograd_core import Tensor
from autograd_core.errors import explain

from .. import init
from ..arguments import check_share, checked
from ..functional.attention.multi_head import Masks, Weights, multi_head
from ..module import Module
from ..parameter import Parameter, empty_parameter
from ..sizes import check_integer
from ..values import as_input
from .linear import Linear

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """Attention of several heads, each over projections of queries, keys and values.

    Every head h computes softmax(Q_h K_hᵀ / √D) V_h from Q_h = query W_Qhᵀ + b_Qh, K_h and V_h alike, with
    D = embed_dim / num_heads; the results are joined and projected once more. Mathematics of the attention:
    ``nn.functional.scaled_dot_product_attention``. Where query, key and value are one and the same object,
    one product projects all three.

    Args:
        embed_dim: length E of the last axis of query and result.
        num_heads: the number of heads, a divisor of E.
        dropout: the probability to drop an attention weight in training.
        bias: whether the projections have biases.
        add_bias_kv: whether a learned key and value are appended to every sequence.
        add_zero_attn: whether a key and a value of zeros are appended.
        kdim: length of the last axis of key, E if left out.
        vdim: length of the last axis of value, E if left out.
        batch_first: whether sequences are (N, L, E) rather than (L, N, E).
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Attributes:
        in_proj_weight: the projections of query, key and value below each other, shape (3 E, E); ``None`` with
            another kdim or vdim.
        q_proj_weight, k_proj_weight, v_proj_weight: the projections then, shapes (E, E), (E, kdim), (E, vdim).
        in_proj_bias: shape (3 E,), or ``None``.
        out_proj: the last projection, a ``Linear``.
        bias_k, bias_v: shape (1, 1, E), or ``None``.

    Raises:
        ValueError: if num_heads does not divide embed_dim; for inputs or masks of other shapes.
        TypeError: for masks of integers.

    Source: Ashish Vaswani et al., "Attention is all you need", 2017.

    >>> import numpy as np
    >>> import nn
    >>> attention = nn.MultiheadAttention(8, 2, batch_first=True)
    >>> x = np.random.randn(5, 3, 8)
    >>> out, weights = attention(x, x, x)
    >>> out.shape, weights.shape
    ((5, 3, 8), (5, 3, 3))
    """

    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    @checked
    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        check_heads("MultiheadAttention", "embed_dim", embed_dim, "num_heads", num_heads)
        check_share("MultiheadAttention", dropout=dropout)
        for name, size in (("kdim", kdim), ("vdim", vdim)):
            if size is not None:
                check_integer("MultiheadAttention", name, size, least=0)
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.add_zero_attn = add_zero_attn
        joint = self.kdim == self.vdim == embed_dim
        shapes = {
            "in_proj_weight": (3 * embed_dim, embed_dim) if joint else None,
            "q_proj_weight": None if joint else (embed_dim, embed_dim),
            "k_proj_weight": None if joint else (embed_dim, self.kdim),
            "v_proj_weight": None if joint else (embed_dim, self.vdim),
            "in_proj_bias": (3 * embed_dim,) if bias else None,
            "bias_k": (1, 1, embed_dim) if add_bias_kv else None,
            "bias_v": (1, 1, embed_dim) if add_bias_kv else None,
        }
        for name, shape in shapes.items():
            parameter = None if shape is None else empty_parameter(shape, dtype, device, "MultiheadAttention")
            self.register_parameter(name, parameter)
        self.out_proj = Linear(embed_dim, embed_dim, bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values anew: Glorot's distributions, biases 0."""
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        self.out_proj.reset_parameters()
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for extra in (self.bias_k, self.bias_v):
            if extra is not None:
                init.xavier_normal_(extra)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attention of every query over the keys.

        Args:
            query: shape (L, N, E), with batch_first (N, L, E), or (L, E).
            key: shape (S, N, kdim), (N, S, kdim) or (S, kdim).
            value: shape (S, N, vdim), (N, S, vdim) or (S, vdim).
            key_padding_mask: shape (N, S) or (S,): true hides a key; numbers are added to the scores.
            need_weights: whether to return the weights.
            attn_mask: shape (L, S) or (N · num_heads, L, S): true hides a key from a query; numbers are added.
            average_attn_weights: whether the weights are averaged over the heads.
            is_causal: says that ``attn_mask`` is the causal mask.

        Returns:
            The result in the shape of ``query``, and the weights, after dropout: shape (N, L, S), without the
            average (N, num_heads, L, S); ``None`` if they are not needed. Where all keys are hidden from a
            query its weights and its result are NaN if the weights are needed, as in PyTorch, and attention
            gives 0 otherwise.
        """
        reference = self.out_proj.weight
        same_key, same_value = key is query, value is key
        query = as_input(query, reference, self)
        key = query if same_key else as_input(key, reference, self)
        value = key if same_value else as_input(value, reference, self)
        weights = Weights(
            joint=self.in_proj_weight,
            single=(self.q_proj_weight, self.k_proj_weight, self.v_proj_weight),
            bias=self.in_proj_bias,
            out=(self.out_proj.weight, self.out_proj.bias),
            extra=(self.bias_k, self.bias_v),
            zero=self.add_zero_attn,
        )
        masks = Masks(attn_mask, key_padding_mask, is_causal)
        dropout = self.dropout if self.training else 0.0
        options = (self.num_heads, dropout, need_weights, average_attn_weights, self.batch_first, "MultiheadAttention")
        result: tuple[Tensor, Tensor | None] = multi_head(query, key, value, weights, masks, *options)
        return result


def check_heads(owner: str, width: str, embed_dim: int, heads: str, num_heads: int) -> None:
    """Refuse numbers of heads that do not divide the width; ``width`` and ``heads`` are the arguments' names.

    Raises:
        ValueError: for them.
    """
    if embed_dim < 1 or num_heads < 1 or embed_dim % num_heads:
        raise ValueError(
            explain(
                owner,
                expected=f"{heads} above 0 that divides {width}",
                got=f"{width}={embed_dim} and {heads}={num_heads}",
                remedy="choose a divisor",
            )
        )
