"""A small language model: a Transformer that reads symbols and says what comes next."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core import Tensor
from autograd_core.errors import explain

from .. import functional as F
from .. import init
from ..layers.dropout import Dropout
from ..layers.embedding import Embedding
from ..layers.linear import Linear
from ..layers.normalization import LayerNorm
from ..layers.transformer import TransformerEncoder, TransformerEncoderLayer
from ..module import Module
from .generation import choose

__all__ = ["TransformerLM"]


class TransformerLM(Module):
    """A decoder-only Transformer: embeddings, causal self-attention blocks, logits of the next symbol.

    Symbol i is turned into the sum of its embedding and the embedding of its position; every block lets
    a position look at itself and at those before it (pre-norm, GELU); the output at position i are the
    logits of symbol i+1, whose weights are those of the input embedding.

    Args:
        vocabulary: how many symbols there are.
        width: length of the vectors between the blocks.
        heads: attention heads of each block, a divisor of ``width``.
        layers: the number of blocks.
        context: the longest sequence it can read.
        feedforward: width of the hidden layer of each block, four times ``width`` if left out.
        dropout: probability of dropout.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Raises:
        ValueError: for tokens out of range or a sequence longer than ``context``.

    Source: Radford, Wu, Child, Luan, Amodei, Sutskever, "Language models are unsupervised multitask
    learners", 2019.

    >>> import nn
    >>> net = nn.TransformerLM(vocabulary=10, width=16, heads=2, layers=1, context=8)
    >>> net([[1, 2, 3]]).shape
    (1, 3, 10)
    >>> net.generate([1, 2, 3], 4).shape
    (7,)
    """

    def __init__(
        self,
        vocabulary: int,
        width: int = 64,
        heads: int = 4,
        layers: int = 2,
        context: int = 64,
        feedforward: int | None = None,
        dropout: float = 0.0,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.context = context
        self.token_embedding = Embedding(vocabulary, width, dtype=dtype)
        self.position_embedding = Embedding(context, width, dtype=dtype)
        self.dropout = Dropout(dropout)
        block = TransformerEncoderLayer(
            width,
            heads,
            4 * width if feedforward is None else feedforward,
            dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
            dtype=dtype,
        )
        self.blocks = TransformerEncoder(block, layers, LayerNorm(width, dtype=dtype))
        self.head = Linear(width, vocabulary, bias=False, dtype=dtype)
        for embedding in (self.token_embedding, self.position_embedding):
            init.normal_(embedding.weight, std=0.02)
        self.head.weight = self.token_embedding.weight

    def forward(self, tokens: Any) -> Tensor:
        """Logits of shape (N, T, vocabulary) for symbols of shape (N, T), or without the axis N for both."""
        tokens = np.asarray(tokens.data if isinstance(tokens, Tensor) else tokens)
        length = tokens.shape[-1] if tokens.ndim else 0
        if not 0 < length <= self.context:
            raise ValueError(
                explain(
                    "TransformerLM",
                    expected=f"sequences of 1 to {self.context} symbols, shape (N, T) or (T,)",
                    got=f"shape {tokens.shape}",
                    remedy="cut the sequence, or build the model with a larger context",
                )
            )
        x = self.token_embedding(tokens) + self.position_embedding(np.arange(length))
        future = np.triu(np.ones((length, length), dtype=bool), 1)
        return self.head(self.blocks(self.dropout(x), mask=future, is_causal=True))

    def loss(self, tokens: Any) -> Tensor:
        """The mean cross-entropy of each symbol given those before it, for sequences of shape (N, T)."""
        tokens = np.asarray(tokens)
        logits = self(tokens[..., :-1])
        return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), tokens[..., 1:].reshape(-1))

    def generate(
        self, prompt: Any, length: int, choice: str = "sample", temperature: float = 1.0, top_k: int | None = None
    ) -> np.ndarray[Any, Any]:
        """Continue a sequence symbol by symbol.

        Args:
            prompt: the symbols to begin with, shape (T,), at least one.
            length: how many symbols to add.
            choice: ``"sample"`` draws each symbol, ``"greedy"`` takes the likeliest.
            temperature: symbol i is drawn with probability proportional to p_i^(1/temperature).
            top_k: draw among the ``top_k`` likeliest symbols only.

        Returns:
            The prompt and what follows it, shape (T + length,).

        Raises:
            ValueError: for an empty prompt, another choice, a temperature of 0 or below, or a top_k below 1.
        """
        sequence = np.asarray(prompt, dtype=np.int64)
        if sequence.ndim != 1 or not len(sequence) or choice not in ("sample", "greedy"):
            raise ValueError(
                explain(
                    "TransformerLM.generate",
                    expected="a prompt of shape (T,), T >= 1, and choice 'sample' or 'greedy'",
                    got=f"a prompt of shape {sequence.shape}, choice={choice!r}",
                    remedy="begin with one symbol at least",
                )
            )
        training = self.training
        self.eval()
        try:
            with ag.no_grad():
                for _ in range(length):
                    log_p = F.log_softmax(self(sequence[None, -self.context :])[:, -1], dim=-1).numpy()
                    chosen = np.argmax(log_p, axis=1) if choice == "greedy" else choose(log_p, temperature, top_k)
                    sequence = np.append(sequence, chosen)
        finally:
            self.train(training)
        return sequence
