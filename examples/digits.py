"""A network learns to read digits: 1,797 real images of 8 x 8 pixels, from scikit-learn.

python -m examples.digits
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_digits

import autograd_core as ag
import nn
import optim

SIZES = (64, 128, 10)
EPOCHS = 40
BATCH = 64
LEARNING_RATE = 3e-3


class Split(NamedTuple):
    """Images (one row of 64 grey values each, from 0 to 1) and their digits, to learn from and to test with."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def load(seed: int = 0) -> Split:
    """The images in random order: 80 % to learn from, 20 % kept back."""
    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32)
    order = np.random.default_rng(seed).permutation(len(images))
    cut = int(0.8 * len(images))
    train, test = order[:cut], order[cut:]
    return Split(images[train], labels[train], images[test], labels[test])


def read(model: nn.Module, images: np.ndarray) -> np.ndarray:
    """The digit that the network sees in each image: the one of the highest score."""
    model.eval()
    with ag.no_grad():
        scores = model(images)
    return np.argmax(scores.data, axis=1)


def accuracy(model: nn.Module, images: np.ndarray, labels: np.ndarray) -> float:
    """Which share of the images the network reads right."""
    return float(np.mean(read(model, images) == labels))


def sketch(images: np.ndarray) -> str:
    """Images side by side as text, darker letters for darker pixels."""
    pixels = (images.reshape(-1, 8, 8) * 9.99).astype(int)
    return "\n".join(
        "   ".join("".join(" .:-=+*#%@"[p] * 2 for p in image[row]) for image in pixels) for row in range(8)
    )


def train(
    model: nn.Module,
    data: Split,
    epochs: int = EPOCHS,
    seed: int = 0,
    progress: Callable[[Iterable[int]], Any] = iter,
    report: Callable[[float], None] = lambda loss: None,
) -> float:
    """Train with Adam on minibatches and return the last epoch's mean loss.

    Args:
        model: maps images to a score per digit.
        data: what to learn from.
        epochs: how often to go through all images.
        seed: of the order of the images.
        progress: wraps the range of epochs, to show a progress bar.
        report: gets each epoch's mean loss.
    """
    model.train()
    rng = np.random.default_rng(seed)
    loss_of = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=LEARNING_RATE)
    mean = float("nan")
    for _ in progress(range(epochs)):
        losses = []
        for batch in np.array_split(rng.permutation(len(data.train_labels)), len(data.train_labels) // BATCH):
            optimizer.zero_grad()
            loss = loss_of(model(data.train_images[batch]), data.train_labels[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        mean = float(np.mean(losses))
        report(mean)
    return mean


def build(seed: int = 0) -> nn.Module:
    """The network, with its initial weights drawn from ``seed``."""
    nn.manual_seed(seed)
    return nn.MLP(list(SIZES), activation=nn.ReLU)


def main() -> None:
    """Train and print how well it reads images that it has not seen."""
    data = load()
    model = build()
    train(model, data, report=lambda loss: print(f"loss {loss:.5f}"))
    print(f"test accuracy {accuracy(model, data.test_images, data.test_labels):.2%}")


if __name__ == "__main__":
    main()
