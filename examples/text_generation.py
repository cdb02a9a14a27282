"""A small language model learns a text by heart, character by character, and then goes on by itself.

python -m examples.text_generation            a Transformer
python -m examples.text_generation gru        a recurrent network
"""

from __future__ import annotations

import sys

import numpy as np

import nn
import optim

TEXT = """\
the forward pass fills in the values, from the inputs to the loss.
the backward pass fills in the gradients, from the loss to the inputs.
every node sends to each of its parents what it got, times the local derivative.
what arrives at a node from all of its children is added up.
"""
LENGTH = 48
STEPS = 250
BATCH = 16


class Recurrent(nn.Module):
    """A GRU that reads characters and gives the scores of the next one, with the interface of ``TransformerLM``."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.net = nn.SequenceRNN(vocabulary, 128, cell="gru", sos=0)

    def forward(self, tokens: np.ndarray) -> object:
        """Scores of shape (N, T, vocabulary)."""
        return self.net(tokens)[0]

    def generate(self, prompt: np.ndarray, length: int) -> np.ndarray:
        """The prompt and the likeliest characters after it."""
        found = self.net.generate(1, len(prompt) + length, choice="greedy", prefix=prompt)
        return np.asarray(found.sequences[0])


class Transformer(nn.TransformerLM):
    """The library's language model, which goes on with the likeliest character."""

    def generate(self, prompt: np.ndarray, length: int) -> np.ndarray:
        """The prompt and the likeliest characters after it."""
        return super().generate(prompt, length, choice="greedy")


def train(model: nn.Module, data: nn.data.CharText, steps: int = STEPS, seed: int = 0) -> list[float]:
    """Predict every next character of random pieces of the text; return the loss of every step."""
    loss_of = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    batches = nn.data.DataLoader(data, batch_size=BATCH, shuffle=True, drop_last=True, seed=seed)
    losses: list[float] = []
    while len(losses) < steps:
        for x, y in batches:
            optimizer.zero_grad()
            scores = model(x)
            loss = loss_of(scores.reshape(-1, len(data.vocabulary)), y.reshape(-1))
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
    return losses


def build(kind: str, vocabulary: int, seed: int = 0) -> nn.Module:
    """``"transformer"`` or ``"gru"``."""
    nn.manual_seed(seed)
    if kind == "gru":
        return Recurrent(vocabulary)
    return Transformer(vocabulary, width=64, heads=4, layers=2, context=LENGTH)


def main(kind: str = "transformer", steps: int = STEPS) -> None:
    """Train, and let the model write."""
    data = nn.data.CharText(TEXT, LENGTH, stride=1)
    model = build(kind, len(data.vocabulary))
    losses = train(model, data, steps)
    print(f"loss {losses[0]:.3f} -> {np.mean(losses[-10:]):.3f}\n")
    print(data.decode(model.generate(data.encode("the backward pass"), 160)))


if __name__ == "__main__":
    main(*sys.argv[1:2])
