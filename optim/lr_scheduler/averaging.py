"""The schedule that goes with averaged weights."""

from __future__ import annotations

import math
from typing import Any

from ..checking import require, require_choice
from ..optimizer import Optimizer
from .base import LRScheduler, checked_optimizer, rates_per_group

__all__ = ["SWALR"]


class SWALR(LRScheduler):
    """From the present rate to a constant one, at which weights are averaged.

    With a part s of the ``anneal_epochs`` done, and α = s (linear) or (1 − cos πs)/2:

        η = α η_SWA + (1 − α) η₀

    Args:
        optimizer: whose rates are set.
        swa_lr: η_SWA, or a list with one for each group.
        anneal_epochs: how long the change takes.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        last_epoch: the last epoch done, when training is resumed.

    Raises:
        ValueError: for a negative number of epochs, another strategy, or a list of another length than there are
            groups.

    Source: Izmailov et al., "Averaging weights leads to wider optima and better generalization", 2018.

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> schedule = optim.lr_scheduler.SWALR(optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> rates = []
    >>> for _ in range(4):
    ...     rates += schedule.get_last_lr()
    ...     optimizer.step()
    ...     schedule.step()
    >>> rates
    [1.0, 0.75, 0.5, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        targets = rates_per_group("SWALR", "swa_lr", swa_lr, checked_optimizer("SWALR", optimizer))
        require_choice("SWALR", "anneal_strategy", anneal_strategy, ("cos", "linear"))
        self.anneal_epochs = anneal_epochs
        self._anneal_strategy = anneal_strategy
        require("SWALR", vars(self), "anneal_epochs", lambda value: value >= 0, "anneal_epochs of at least 0")
        for target, group in zip(targets, optimizer.param_groups):
            group["swa_lr"] = target
        super().__init__(optimizer, last_epoch)

    def _part(self, step: int) -> float:
        """α after so many steps."""
        part = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return part if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * part)) / 2

    def get_lr(self) -> list[float]:
        """The way to the last rate, shortened as the formula says."""
        step = self._step_count - 1 if self.anneal_epochs else max(1, self._step_count - 1)
        before, now = self._part(step - 1), self._part(step)
        return [self._next(group, before, now) for group, _ in self._groups()]

    @staticmethod
    def _next(group: dict[str, Any], before: float, now: float) -> float:
        target = group["swa_lr"]
        first = target if before == 1 else (group["lr"] - before * target) / (1 - before)
        return float(target * now + first * (1 - now))

    def _restart(self) -> None:
        self.last_epoch = 0
        self._set(self.get_lr())
