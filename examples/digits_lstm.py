"""A recurrent network reads digits row by row, as the eye goes over a line: 8 steps of 8 pixels.

python -m examples.digits_lstm
"""

from __future__ import annotations

from typing import Any

import autograd_core as ag
import nn

from .digits import accuracy, load, train

EPOCHS = 50
HIDDEN = 64


class RowReader(nn.Module):
    """An LSTM over the rows of an image, and scores for the ten digits from its last state."""

    def __init__(self, hidden_size: int = HIDDEN) -> None:
        super().__init__()
        self.rows = nn.LSTM(8, hidden_size, batch_first=True)
        self.scores = nn.Linear(hidden_size, 10)

    def forward(self, images: Any) -> ag.Tensor:
        """Scores of shape (N, 10) for images of shape (N, 64)."""
        _, (state, _) = self.rows(images.reshape(-1, 8, 8))
        return self.scores(state[-1])


def build(seed: int = 0) -> nn.Module:
    """The network, with its initial weights drawn from ``seed``."""
    nn.manual_seed(seed)
    return RowReader()


def learn(epochs: int = EPOCHS, seed: int = 0, report: Any = lambda loss: None) -> tuple[nn.Module, float]:
    """Train such a network. Returns it, and how well it reads images that it has not seen."""
    data = load()
    model = build(seed)
    train(model, data, epochs=epochs, seed=seed, report=report)
    return model, accuracy(model, data.test_images, data.test_labels)


def main() -> None:
    """Train, and print the loss of every epoch and the result."""
    _, share = learn(report=lambda loss: print(f"loss {loss:.5f}"))
    print(f"test accuracy {share:.2%}")


if __name__ == "__main__":
    main()
