"""Digits again, with the tools of ``nn.data`` and ``nn.training``: loaders, a trainer, early stopping, curves.

python -m examples.digits_trainer
"""

from __future__ import annotations

import sys

import nn
import optim
from nn.data import DataLoader, GaussianNoise, TransformDataset, digits, random_split
from nn.training import EarlyStopping, Trainer


def loaders(batch_size: int = 64) -> tuple[DataLoader, DataLoader, DataLoader]:
    """Batches of 1,297 images to learn from, of 140 to choose by, and of 360 to test with."""
    train, validation, test = random_split(digits(flat=False), [1297, 140, 360], generator=0)
    noisy = TransformDataset(train, GaussianNoise(0.2))  # other noise each time that an image is seen
    return (
        DataLoader(noisy, batch_size, shuffle=True),
        DataLoader(validation, batch_size=140),
        DataLoader(test, batch_size=360),
    )


def build() -> nn.Module:
    """The network: images of 8 x 8 grey values in, a score per digit out."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))


def main(epochs: int = 60, patience: int = 10, plot: str | None = None) -> dict[str, float]:
    """Train until the validation loss stops falling, and return what the best network does on the test images.

    Args:
        epochs: at most so many.
        patience: stop after so many epochs without a better validation loss.
        plot: where to save the curves, if given.
    """
    nn.manual_seed(0)  # weights, order and noise all follow from it
    train, validation, test = loaders()
    model = build()
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    trainer = Trainer(
        model,
        optimizer,
        nn.CrossEntropyLoss(),
        metrics=["accuracy"],
        clip_norm=5.0,
        callbacks=[EarlyStopping("val_loss", patience=patience)],
    )
    history = trainer.fit(train, epochs, validation=validation)
    print(f"{history.epochs} epochs; {trainer.stop_reason or 'all that were asked for'}")
    if plot is not None:
        history.plot().savefig(plot)
    result = trainer.evaluate(test)
    print(f"test loss {result['loss']:.4f}, accuracy {result['accuracy']:.2%}")
    return result


if __name__ == "__main__":
    main(plot=sys.argv[1] if len(sys.argv) > 1 else None)
