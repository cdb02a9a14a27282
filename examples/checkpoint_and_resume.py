"""A training run that may be interrupted at any time: started again, it goes on where it was.

python -m examples.checkpoint_and_resume out/run

Stop it with Ctrl-C, or kill it, and start it again with the same folder. In the end the weights are, bit for
bit, those of a run that was never interrupted.
"""

from __future__ import annotations

import hashlib
import sys

import nn
import optim
from nn.data import DataLoader, spirals
from nn.training import Checkpoint, Trainer


def fingerprint(model: nn.Module) -> str:
    """A short text that is another one as soon as a single bit of the weights is another."""
    digest = hashlib.sha256()
    for array in model.state_dict().values():
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]


def main(folder: str, epochs: int = 100, progress: bool | None = None) -> str:
    """Train, or go on training, and return the fingerprint of the final weights.

    Args:
        folder: where the checkpoints are; one per run.
        epochs: how many in all, those before an interruption included.
        progress: whether to show a progress bar.
    """
    nn.manual_seed(0)
    loader = DataLoader(spirals(300, generator=1), batch_size=32, shuffle=True)
    model = nn.MLP([2, 32, 32, 2])
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    trainer = Trainer(
        model,
        optimizer,
        nn.CrossEntropyLoss(),
        metrics=["accuracy"],
        callbacks=[Checkpoint(folder, every=25, unit="step", keep_last=2)],
        progress=progress,
    )
    # resume=True: from the newest checkpoint in the folder, in the middle of an epoch too, if there is one.
    history = trainer.fit(loader, epochs, resume=True)
    print("went on," if trainer.resumed else "began anew,", end=" ")
    print(f"ended after epoch {trainer.epoch} with accuracy {history['accuracy'][-1]:.1%}")
    nn.save_weights(model, f"{folder}/weights.safetensors")  # for use elsewhere: PyTorch reads it too
    return fingerprint(model)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Say where the checkpoints are to be: python -m examples.checkpoint_and_resume out/run")
    print(main(sys.argv[1]))
