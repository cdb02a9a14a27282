"""``Checkpoint``: checkpoints that are written during a training run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd_core.errors import explain

from .callbacks import Best, Callback, check_mode

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["Checkpoint"]


class Checkpoint(Callback):
    """Write checkpoints into a folder and keep the last ones, and the best.

    ``trainer.fit(..., resume=True)`` goes on from the newest one after an interruption. A file is named after
    the number of updates done, ``step-00000120.safetensors``.

    Args:
        folder: where to write; made if it is not there. Every run needs a folder of its own.
        every: after how many epochs, or steps, one is written.
        unit: ``"epoch"`` or ``"step"`` (updates of the parameters).
        keep_last: how many of the newest are kept; older ones are deleted.
        keep_best: how many of the best are kept besides, by the monitored value at the end of an epoch.
        monitor, mode: the value to judge by, as for ``EarlyStopping``.

    Attributes:
        files: the files that are kept, oldest first, each a dict of ``name``, ``step`` and ``value``.

    Raises:
        ValueError: for arguments out of range; and when training begins without ``resume`` while the folder
            holds checkpoints of another run.

    >>> import nn, optim, tempfile
    >>> from nn.training import Checkpoint, Trainer
    >>> def run(epochs):
    ...     _ = nn.manual_seed(0)
    ...     model = nn.Linear(2, 1)
    ...     trainer = Trainer(
    ...         model, optim.SGD(model.parameters(), lr=0.1), nn.MSELoss(), callbacks=[Checkpoint(folder.name)]
    ...     )
    ...     return trainer.fit(nn.data.DataLoader(nn.data.xor()), epochs, resume=True)["loss"]
    >>> folder = tempfile.TemporaryDirectory()
    >>> first = run(2)
    >>> again = run(4)  # goes on from the second epoch
    >>> again[:2] == first, len(again)
    (True, 4)
    >>> folder.cleanup()
    """

    runs_last = True

    def __init__(
        self,
        folder: str | os.PathLike[str],
        every: int = 1,
        unit: str = "epoch",
        keep_last: int = 1,
        keep_best: int = 0,
        monitor: str | None = None,
        mode: str | None = None,
    ) -> None:
        if unit not in ("epoch", "step") or every < 1 or keep_last < 1 or keep_best < 0:
            raise ValueError(
                explain(
                    "Checkpoint",
                    expected="unit 'epoch' or 'step', every and keep_last of at least 1, keep_best of at least 0",
                    got=f"unit={unit!r}, every={every}, keep_last={keep_last}, keep_best={keep_best}",
                    remedy="pass others",
                )
            )
        check_mode("Checkpoint", mode)
        self.folder = Path(folder)
        self.every, self.unit = every, unit
        self.keep_last, self.keep_best = keep_last, keep_best
        self.monitor, self.mode = monitor, mode
        self.files: list[dict[str, Any]] = []

    def newest(self) -> Path | None:
        """The newest checkpoint in the folder, or ``None`` if there is none."""
        return max(self._present(), default=None, key=_step_of)

    def _present(self) -> list[Path]:
        return [path for path in self.folder.glob("step-*.safetensors") if _step_of(path) >= 0]

    def best(self) -> Path | None:
        """The best checkpoint of this run that is still there, or ``None``."""
        ranked = self._ranked()
        return self.folder / ranked[0]["name"] if ranked else None

    def on_fit_start(self, trainer: Trainer) -> None:
        """Make the folder; refuse one that holds checkpoints of another run."""
        self._name = trainer.monitored(self.monitor)
        self._better = Best(trainer.mode_of(self._name, self.mode)) if self.keep_best else Best("min")
        self.folder.mkdir(parents=True, exist_ok=True)
        own = {entry["name"] for entry in self.files}
        others = sorted(path.name for path in self._present() if path.name not in own)
        if others and not trainer.resumed:
            raise ValueError(
                explain(
                    "Checkpoint",
                    expected="a folder without checkpoints of another run",
                    got=f"{others[-1]} in {self.folder}",
                    remedy="pass resume=True to fit to go on from there, or choose another folder",
                )
            )

    def on_step_end(self, trainer: Trainer) -> None:
        """Write one, if it is time to."""
        if self.unit == "step" and trainer.step % self.every == 0:
            self._save(trainer, None)

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Write one, if it is time to."""
        if self.unit == "epoch" and trainer.epoch % self.every == 0:
            self._save(trainer, trainer.record[self._name])

    def _save(self, trainer: Trainer, value: float | None) -> None:
        name = f"step-{trainer.step:08d}.safetensors"
        entry = {"name": name, "step": trainer.step, "value": value}
        # The file lists those that are deleted only after it is safe: a run resumed from it deletes them again.
        self.files = [*(other for other in self.files if other["name"] != name), entry]
        trainer.save(self.folder / name)
        kept = {other["name"] for other in [*self.files[-self.keep_last :], *self._ranked()[: self.keep_best]]}
        for other in self.files:
            if other["name"] not in kept:
                (self.folder / other["name"]).unlink(missing_ok=True)
        self.files = [other for other in self.files if other["name"] in kept]

    def _ranked(self) -> list[dict[str, Any]]:
        """The files with a value, the best first; of equal ones the older."""
        valued = [entry for entry in self.files if entry["value"] is not None and entry["value"] == entry["value"]]
        return sorted(valued, key=lambda entry: -self._better.sign * entry["value"])

    def state_dict(self) -> dict[str, Any]:
        """The files that are kept."""
        return {"files": [dict(entry) for entry in self.files]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave.

        Raises:
            ValueError: if it is the state of something else.
        """
        files = state_dict.get("files")
        if not isinstance(files, list) or not all(_is_entry(entry) for entry in files):
            raise ValueError(
                explain(
                    "Checkpoint.load_state_dict",
                    expected="a list of checkpoints",
                    got="something else",
                    remedy="load what state_dict gave",
                )
            )
        self.files = [dict(entry) for entry in files]


def _step_of(path: Path) -> int:
    """The step in the name of a checkpoint, -1 in other names."""
    number = path.stem.removeprefix("step-")
    return int(number) if number.isascii() and number.isdigit() else -1


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and entry.keys() == {"name", "step", "value"}
        and type(entry["step"]) is int
        and entry["name"] == f"step-{entry['step']:08d}.safetensors"  # never a path out of the folder
        and (entry["value"] is None or type(entry["value"]) is float)
    )
