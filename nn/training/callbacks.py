"""Callbacks: what is done besides at certain moments of a training run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from autograd_core.errors import explain

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["Callback", "EarlyStopping"]


class Callback:
    """Base class of callbacks. Define the methods of the moments that matter; each is given the trainer.

    ``trainer.epoch``, ``trainer.step``, ``trainer.record`` (the latest epoch's values), ``trainer.history``,
    ``trainer.model`` and ``trainer.optimizer`` tell where the run stands; ``trainer.stop(reason)`` ends it
    after the current epoch.

    A callback with a state that matters for going on after an interruption returns it, as plain data, from
    ``state_dict`` and takes it back in ``load_state_dict``; checkpoints hold it.

    >>> from nn.training import Callback
    >>> class Report(Callback):
    ...     def on_epoch_end(self, trainer):
    ...         print(trainer.epoch, trainer.record["loss"])
    """

    runs_last = False
    """Whether it is called after the others, which may change what it looks at."""

    def on_fit_start(self, trainer: Trainer) -> None:
        """Before the first epoch; when a run is resumed, too (``trainer.resumed``)."""

    def on_fit_end(self, trainer: Trainer) -> None:
        """After the last epoch, unless an error ended the run."""

    def on_epoch_start(self, trainer: Trainer) -> None:
        """Before the first batch of an epoch."""

    def on_batch_start(self, trainer: Trainer) -> None:
        """Before a batch is computed; ``trainer.batch`` is its number in the epoch, from 0 on."""

    def on_batch_end(self, trainer: Trainer) -> None:
        """After a batch; ``trainer.loss_value`` is its loss."""

    def on_step_end(self, trainer: Trainer) -> None:
        """After the optimizer has changed the parameters; ``trainer.step`` counts these changes."""

    def on_epoch_end(self, trainer: Trainer) -> None:
        """After an epoch and its validation; ``trainer.record`` holds its values."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint has to hold, as plain data; nothing, unless a callback says otherwise."""
        return {}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave."""


class Best:
    """Tells whether a value is better than the best so far.

    Args:
        mode: ``"min"`` or ``"max"``.
        min_delta: by how much it has to be better.
    """

    def __init__(self, mode: str, min_delta: float = 0.0) -> None:
        self.sign = 1.0 if mode == "max" else -1.0
        self.min_delta = min_delta

    def improves(self, value: float, best: float | None) -> bool:
        """Whether ``value`` is better than ``best``; NaN never is."""
        if math.isnan(value):
            return False
        return best is None or self.sign * (value - best) > self.min_delta


def check_mode(owner: str, mode: str | None) -> None:
    """Refuse a mode that is neither ``"min"`` nor ``"max"`` nor ``None``."""
    if mode not in (None, "min", "max"):
        raise ValueError(
            explain(owner, expected="mode 'min' or 'max', or None", got=repr(mode), remedy="leave mode out")
        )


class EarlyStopping(Callback):
    """Stop when a monitored value has not become better for some epochs.

    Args:
        monitor: the name of the value; the validation loss if left out, or the loss without validation.
        patience: for how many epochs in a row it may fail to become better.
        min_delta: by how much it has to become better.
        mode: ``"min"`` if smaller values are better, ``"max"`` if greater ones are; known for losses and for
            the metrics of ``nn.training``.
        restore_best: whether the model gets back the weights of its best epoch when the run ends.

    Attributes:
        best: the best value so far.
        best_epoch: the epoch that had it.

    Raises:
        ValueError: for arguments out of range.
        KeyError: when training begins, for a monitored value that there is not.

    >>> from nn.training import EarlyStopping
    >>> EarlyStopping("val_accuracy", patience=3).patience
    3
    """

    def __init__(
        self,
        monitor: str | None = None,
        patience: int = 5,
        min_delta: float = 0.0,
        mode: str | None = None,
        restore_best: bool = True,
    ) -> None:
        if patience < 1 or min_delta < 0:
            raise ValueError(
                explain(
                    "EarlyStopping",
                    expected="a patience of at least 1 and min_delta of at least 0",
                    got=f"patience={patience}, min_delta={min_delta}",
                    remedy="pass others",
                )
            )
        check_mode("EarlyStopping", mode)
        self.monitor, self.patience, self.min_delta, self.mode = monitor, patience, min_delta, mode
        self.restore_best = restore_best
        self._forget()

    def _forget(self) -> None:
        self.best: float | None = None
        self.best_epoch = 0
        self.waited = 0
        self.weights: dict[str, Any] | None = None

    def on_fit_start(self, trainer: Trainer) -> None:
        """Check the monitored value's name; begin anew, unless the run is resumed."""
        self._name = trainer.monitored(self.monitor)
        self._better = Best(trainer.mode_of(self._name, self.mode), self.min_delta)
        if not trainer.resumed:
            self._forget()

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Compare the epoch's value with the best one."""
        value = trainer.record[self._name]
        if self._better.improves(value, self.best):
            self.best, self.best_epoch, self.waited = value, trainer.epoch, 0
            if self.restore_best:
                self.weights = trainer.model.state_dict()
            return
        self.waited += 1
        if self.waited >= self.patience:
            trainer.stop(f"{self._name} has not become better since epoch {self.best_epoch}")

    def on_fit_end(self, trainer: Trainer) -> None:
        """Give the model its best weights back."""
        if self.restore_best and self.weights is not None:
            trainer.model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """The best value, its epoch, its weights, and how long it has been waited since."""
        return {"best": self.best, "best_epoch": self.best_epoch, "waited": self.waited, "weights": self.weights}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave.

        Raises:
            ValueError: if it is the state of something else.
        """
        numbers = [state_dict.get(name) for name in ("best_epoch", "waited")]
        known = state_dict.keys() == self.state_dict().keys()
        if not known or any(type(number) is not int for number in numbers):
            raise ValueError(
                explain(
                    "EarlyStopping.load_state_dict",
                    expected="the state of an EarlyStopping",
                    got="something else",
                    remedy="load what state_dict gave",
                )
            )
        self.best, self.weights = state_dict["best"], state_dict["weights"]
        self.best_epoch, self.waited = state_dict["best_epoch"], state_dict["waited"]
