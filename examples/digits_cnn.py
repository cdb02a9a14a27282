"""A convolutional network reads digits: 8 x 8 images, two convolutions, and hardly a mistake.

python -m examples.digits_cnn
"""

from __future__ import annotations

from collections.abc import Callable

import nn

from . import digits

EPOCHS = 20


def build(seed: int = 0) -> nn.Module:
    """The network, for rows of 64 grey values: two convolutions with pooling, one hidden affine layer, dropout."""
    nn.manual_seed(seed)
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.CNN(1, 10, size=8, channels=(32, 64), hidden=(128,), padding=1, dropout=0.5),
    )


def train(
    model: nn.Module, data: digits.Split, epochs: int = EPOCHS, report: Callable[[float], None] = lambda loss: None
) -> float:
    """Train as the multilayer perceptron is trained, and return the last epoch's mean loss."""
    return digits.train(model, data, epochs=epochs, report=report)


def main() -> None:
    """Train and print how well it reads images that it has not seen."""
    data = digits.load()
    model = build()
    train(model, data, report=lambda loss: print(f"loss {loss:.5f}"))
    print(f"test accuracy {digits.accuracy(model, data.test_images, data.test_labels):.2%}")


if __name__ == "__main__":
    main()
