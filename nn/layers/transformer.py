"""Transformer layers, stacks of them, and the whole of encoder and decoder."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.values import parameter_dtype

from .. import functional as F
from .. import init
from ..arguments import check_at_least, check_module, check_share, checked
from ..module import Module
from ..parameter import check_device
from ..sizes import check_integer
from ..values import as_input, shape_of
from .attention import MultiheadAttention, check_heads
from .container import ModuleList
from .dropout import Dropout
from .linear import Linear
from .normalization import LayerNorm

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

Activation = str | Callable[[Any], Any]


def _activation(activation: Activation, owner: str) -> Callable[[Any], Any]:
    """A unit by its name, or any function.

    Raises:
        ValueError: for another name than ``"relu"`` and ``"gelu"``.
    """
    if callable(activation):
        return activation
    if activation not in ("relu", "gelu"):
        raise ValueError(
            explain(
                owner,
                expected="activation 'relu', 'gelu' or a function",
                got=repr(activation),
                remedy="pass the function itself, such as F.silu",
            )
        )
    return F.relu if activation == "relu" else F.gelu


class _Layer(Module):
    """What the layers of encoder and decoder share: self-attention, and a network of two affine maps."""

    def _set_up(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int,
        dropout: float,
        activation: Activation,
        layer_norm_eps: float,
        batch_first: bool,
        norm_first: bool,
        bias: bool,
        options: dict[str, Any],
        decoder: bool,
    ) -> None:
        name = type(self).__name__
        check_heads(name, "d_model", d_model, "nhead", nhead)
        check_integer(name, "dim_feedforward", dim_feedforward, least=0)
        check_at_least(name, 0, layer_norm_eps=layer_norm_eps)
        check_share(name, dropout=dropout)
        attention = {"dropout": dropout, "bias": bias, "batch_first": batch_first, **options}
        self.self_attn = MultiheadAttention(d_model, nhead, **attention)
        if decoder:
            self.multihead_attn = MultiheadAttention(d_model, nhead, **attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias, **options)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, **options)
        self.norm_first = norm_first
        for number in range(3 if decoder else 2):
            setattr(self, f"norm{number + 1}", LayerNorm(d_model, layer_norm_eps, bias=bias, **options))
        for number in range(3 if decoder else 2):
            setattr(self, f"dropout{number + 1}", Dropout(dropout))
        self.activation = _activation(activation, type(self).__name__)

    def _feed_forward(self, x: Any) -> Any:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def _attend(self, x: Any, mask: Any, padding: Any, is_causal: bool) -> Any:
        return self.self_attn(
            x, x, x, attn_mask=mask, key_padding_mask=padding, need_weights=False, is_causal=is_causal
        )[0]


class TransformerEncoderLayer(_Layer):
    """Self-attention and a network of two affine maps, each with dropout, added to its input and normalized.

    y = norm1(x + dropout1(attention(x))), z = norm2(y + dropout2(W₂ dropout(f(W₁ y + b₁)) + b₂)); with
    ``norm_first`` y = x + dropout1(attention(norm1(x))) and z = y + dropout2(network(norm2(y))).

    Args:
        d_model: the width E of input and output.
        nhead: the number of heads, a divisor of E.
        dim_feedforward: the width of the hidden layer.
        dropout: the probability to drop an entry, in all places.
        activation: f: ``"relu"``, ``"gelu"`` or a function.
        layer_norm_eps: eps of the normalizations.
        batch_first: whether sequences are (N, L, E) rather than (L, N, E).
        norm_first: whether normalization comes before attention and network.
        bias: whether affine maps and normalizations have biases.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Raises:
        ValueError: if nhead does not divide d_model, or for an unknown activation.

    Source: Ashish Vaswani et al., "Attention is all you need", 2017; Ruibin Xiong et al., "On layer
    normalization in the transformer architecture", 2020.

    >>> import numpy as np
    >>> import nn
    >>> layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    >>> layer(np.random.randn(5, 3, 8)).shape
    (5, 3, 8)
    """

    @checked
    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-05,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        rest = (layer_norm_eps, batch_first, norm_first, bias, {"device": device, "dtype": dtype})
        self._set_up(d_model, nhead, dim_feedforward, dropout, activation, *rest, decoder=False)

    def forward(
        self, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False
    ) -> Tensor:
        """Pass a sequence through the layer.

        Args:
            src: shape (L, N, E), with batch_first (N, L, E), or (L, E).
            src_mask: see ``attn_mask`` of ``nn.MultiheadAttention``.
            src_key_padding_mask: see ``key_padding_mask`` of ``nn.MultiheadAttention``.
            is_causal: says that ``src_mask`` is the causal mask.
        """
        x = as_input(src, self.linear1.weight, self)
        masks = (src_mask, src_key_padding_mask, is_causal)
        if self.norm_first:
            x = x + self.dropout1(self._attend(self.norm1(x), *masks))
            return x + self.dropout2(self._feed_forward(self.norm2(x)))
        x = self.norm1(x + self.dropout1(self._attend(x, *masks)))
        return self.norm2(x + self.dropout2(self._feed_forward(x)))


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention over the encoder's output, and a network, each added to its input and normalized.

    As ``TransformerEncoderLayer``, with a second attention between the two parts, whose keys and values come
    from ``memory``.

    Args:
        d_model: the width E of input and output.
        nhead: the number of heads, a divisor of E.
        dim_feedforward: the width of the hidden layer.
        dropout: the probability to drop an entry, in all places.
        activation: ``"relu"``, ``"gelu"`` or a function.
        layer_norm_eps: eps of the normalizations.
        batch_first: whether sequences are (N, L, E) rather than (L, N, E).
        norm_first: whether normalization comes before attention and network.
        bias: whether affine maps and normalizations have biases.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Raises:
        ValueError: if nhead does not divide d_model, or for an unknown activation.

    Source: Ashish Vaswani et al., "Attention is all you need", 2017.

    >>> import numpy as np
    >>> import nn
    >>> layer = nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)
    >>> layer(np.random.randn(5, 3, 8), np.random.randn(5, 4, 8)).shape
    (5, 3, 8)
    """

    @checked
    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-05,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        rest = (layer_norm_eps, batch_first, norm_first, bias, {"device": device, "dtype": dtype})
        self._set_up(d_model, nhead, dim_feedforward, dropout, activation, *rest, decoder=True)

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Pass a sequence through the layer.

        Args:
            tgt: shape (L, N, E), with batch_first (N, L, E), or (L, E).
            memory: the encoder's output, shape (S, N, E), (N, S, E) or (S, E).
            tgt_mask, memory_mask: see ``attn_mask`` of ``nn.MultiheadAttention``.
            tgt_key_padding_mask, memory_key_padding_mask: see ``key_padding_mask`` of ``nn.MultiheadAttention``.
            tgt_is_causal, memory_is_causal: say that the mask is the causal one.
        """
        x = as_input(tgt, self.linear1.weight, self)
        memory = as_input(memory, self.linear1.weight, self)
        own = (tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        other = (memory_mask, memory_key_padding_mask, memory_is_causal)
        if self.norm_first:
            x = x + self.dropout1(self._attend(self.norm1(x), *own))
            x = x + self.dropout2(self._look(self.norm2(x), memory, *other))
            return x + self.dropout3(self._feed_forward(self.norm3(x)))
        x = self.norm1(x + self.dropout1(self._attend(x, *own)))
        x = self.norm2(x + self.dropout2(self._look(x, memory, *other)))
        return self.norm3(x + self.dropout3(self._feed_forward(x)))

    def _look(self, x: Any, memory: Any, mask: Any, padding: Any, is_causal: bool) -> Any:
        return self.multihead_attn(
            x, memory, memory, attn_mask=mask, key_padding_mask=padding, need_weights=False, is_causal=is_causal
        )[0]


def _copies(owner: str, argument: str, layer: Module, number: int) -> ModuleList:
    check_integer(owner, "num_layers", number, least=1)
    check_module(owner, argument, layer)
    return ModuleList([copy.deepcopy(layer) for _ in range(number)])


class TransformerEncoder(Module):
    """A stack of encoder layers.

    Args:
        encoder_layer: the layer to copy; the copies begin with its values.
        num_layers: how many copies.
        norm: a module for the output of the last layer, or ``None``.
        enable_nested_tensor, mask_check: accepted for the sake of programs written for PyTorch, where they
            choose a faster way that gives the same result.

    Attributes:
        layers: the copies.

    >>> import numpy as np
    >>> import nn
    >>> encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2)
    >>> encoder(np.random.randn(3, 5, 8)).shape
    (3, 5, 8)
    """

    @checked
    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _copies("TransformerEncoder", "encoder_layer", encoder_layer, num_layers)
        check_module("TransformerEncoder", "norm", norm, none=True)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check

    def forward(
        self, src: Any, mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool | None = None
    ) -> Tensor:
        """Pass a sequence through all layers; for the arguments see ``TransformerEncoderLayer``."""
        for layer in self.layers:
            src = layer(src, src_mask=mask, src_key_padding_mask=src_key_padding_mask, is_causal=bool(is_causal))
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """A stack of decoder layers.

    Args:
        decoder_layer: the layer to copy; the copies begin with its values.
        num_layers: how many copies.
        norm: a module for the output of the last layer, or ``None``.

    Attributes:
        layers: the copies.

    >>> import numpy as np
    >>> import nn
    >>> decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 16), 2)
    >>> decoder(np.random.randn(3, 5, 8), np.random.randn(4, 5, 8)).shape
    (3, 5, 8)
    """

    @checked
    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _copies("TransformerDecoder", "decoder_layer", decoder_layer, num_layers)
        check_module("TransformerDecoder", "norm", norm, none=True)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Pass a sequence through all layers; for the arguments see ``TransformerDecoderLayer``."""
        for layer in self.layers:
            tgt = layer(
                tgt,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=bool(tgt_is_causal),
                memory_is_causal=memory_is_causal,
            )
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """Encoder and decoder: reads one sequence and writes another.

    Args:
        d_model: the width E of all sequences.
        nhead: the number of heads of every attention, a divisor of E.
        num_encoder_layers: how many encoder layers.
        num_decoder_layers: how many decoder layers.
        dim_feedforward: the width of the hidden layers.
        dropout: the probability to drop an entry.
        activation: ``"relu"``, ``"gelu"`` or a function.
        custom_encoder: a module to use as the encoder, or ``None``.
        custom_decoder: a module to use as the decoder, or ``None``.
        layer_norm_eps: eps of the normalizations.
        batch_first: whether sequences are (N, L, E) rather than (L, N, E).
        norm_first: whether normalization comes first in every layer.
        bias: whether affine maps and normalizations have biases.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Raises:
        ValueError: if nhead does not divide d_model, for an unknown activation, or for sequences that do not
            have the width and the batch that belong together.

    Source: Ashish Vaswani et al., "Attention is all you need", 2017.

    >>> import numpy as np
    >>> import nn
    >>> net = nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
    >>> mask = nn.Transformer.generate_square_subsequent_mask(3)
    >>> net(np.random.randn(5, 4, 8), np.random.randn(5, 3, 8), tgt_mask=mask, tgt_is_causal=True).shape
    (5, 3, 8)
    """

    @checked
    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-05,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        check_heads("Transformer", "d_model", d_model, "nhead", nhead)
        check_integer("Transformer", "num_encoder_layers", num_encoder_layers, least=1)
        check_integer("Transformer", "num_decoder_layers", num_decoder_layers, least=1)
        check_integer("Transformer", "dim_feedforward", dim_feedforward, least=0)
        check_at_least("Transformer", 0, layer_norm_eps=layer_norm_eps)
        check_module("Transformer", "custom_encoder", custom_encoder, none=True)
        check_module("Transformer", "custom_decoder", custom_decoder, none=True)
        place = {"device": device, "dtype": dtype}
        layer = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        if custom_encoder is not None:
            self.encoder = custom_encoder
        else:
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, **place)
            self.encoder = TransformerEncoder(TransformerEncoderLayer(*layer, **place), num_encoder_layers, norm)
        if custom_decoder is not None:
            self.decoder = custom_decoder
        else:
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, **place)
            self.decoder = TransformerDecoder(TransformerDecoderLayer(*layer, **place), num_decoder_layers, norm)
        self.reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def reset_parameters(self) -> None:
        """Draw all weight matrices anew from Glorot's uniform distribution, so that no two layers are alike."""
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Any,
        tgt: Any,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Encode ``src`` and decode ``tgt`` with it.

        Args:
            src: shape (S, N, E), with batch_first (N, S, E), or (S, E).
            tgt: shape (L, N, E), with batch_first (N, L, E), or (L, E).
            src_mask, tgt_mask, memory_mask: see ``attn_mask`` of ``nn.MultiheadAttention``.
            src_key_padding_mask, tgt_key_padding_mask, memory_key_padding_mask: see ``key_padding_mask`` there.
            src_is_causal, tgt_is_causal, memory_is_causal: say that the mask is the causal one.

        Returns:
            The shape of ``tgt``.
        """
        self._check(shape_of(src), shape_of(tgt))
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        result: Tensor = self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )
        return result

    def _check(self, src: tuple[int, ...], tgt: tuple[int, ...]) -> None:
        batch = 0 if self.batch_first else 1
        good = len(src) == len(tgt) in (2, 3) and src[-1] == tgt[-1] == self.d_model
        if not good or (len(src) == 3 and src[batch] != tgt[batch]):
            raise ValueError(
                explain(
                    "Transformer",
                    expected=f"src and tgt of width d_model={self.d_model}, both with one batch or both without",
                    got=f"src of shape {src} and tgt of shape {tgt}",
                    remedy="check d_model and batch_first",
                )
            )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """The causal mask as numbers: 0 where a position may look, -inf above the diagonal.

        Args:
            sz: the length of the sequence.
            device: ``None`` or ``"cpu"``.
            dtype: dtype of the mask, float32 (or the default that was set) if left out.

        >>> import nn
        >>> nn.Transformer.generate_square_subsequent_mask(2)
        tensor([[  0., -inf],
                [  0.,   0.]], dtype=float32)
        """
        check_device(device, "generate_square_subsequent_mask")
        return Tensor(np.triu(np.full((sz, sz), -np.inf, parameter_dtype(dtype)), 1))
