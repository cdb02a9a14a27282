"""A schedule that watches the loss."""

from __future__ import annotations

import math
from typing import Any

from autograd_core.errors import explain

from ..checking import require, require_choice
from ..optimizer import Optimizer
from ..plain import as_number
from .base import LRScheduler, checked_optimizer, per_group

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(LRScheduler):
    """A smaller rate whenever the loss has not improved for some time.

    An epoch is good if its metric is better than the best by the threshold: below best (1 − threshold) for
    ``"rel"``, below best − threshold for ``"abs"`` (above, with ``mode="max"``). After more than ``patience`` bad
    epochs in a row every rate is multiplied by the factor.

    Args:
        optimizer: whose rates are set.
        mode: ``"min"`` or ``"max"``: which way is better.
        factor: of the rates, below 1.
        patience: how many bad epochs in a row are borne.
        threshold: how much better counts.
        threshold_mode: ``"rel"`` or ``"abs"``.
        cooldown: for how many epochs after a reduction nothing is counted.
        min_lr: the least rate, or a list with one for each group.
        eps: smaller reductions are not made.

    Raises:
        ValueError: for a factor of 1 or more, another mode, or a list of another length than there are groups.

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> schedule = optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     schedule.step(loss)
    >>> schedule.get_last_lr()
    [0.1]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: list[float] | float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        name = "ReduceLROnPlateau"
        self.optimizer = checked_optimizer(name, optimizer)
        self.factor = factor
        require(name, vars(self), "factor", lambda value: value < 1, "a factor below 1")
        require_choice(name, "mode", mode, ("min", "max"))
        require_choice(name, "threshold_mode", threshold_mode, ("rel", "abs"))
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.default_min_lr = None if isinstance(min_lr, list | tuple) else min_lr
        self.min_lrs = per_group(name, "min_lr", min_lr, optimizer)
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch = 0
        self._last_lr = [group["lr"] for group in optimizer.param_groups]
        self.best = math.inf if mode == "min" else -math.inf
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    @property
    def in_cooldown(self) -> bool:
        """Whether bad epochs are not counted yet."""
        return self.cooldown_counter > 0

    def step(self, metrics: Any = None) -> None:
        """Go on by an epoch.

        Args:
            metrics: the loss, or whatever is watched.

        Raises:
            TypeError: without it.
        """
        if metrics is None:
            raise TypeError(
                explain(
                    "ReduceLROnPlateau.step",
                    expected="the loss of the epoch",
                    got="nothing",
                    remedy="call step(validation_loss), say",
                )
            )
        current = as_number(metrics)
        self.last_epoch += 1
        if self._better(current):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def _better(self, value: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "rel":
            bound = self.best * (1 + sign * self.threshold)
        else:
            bound = self.best + sign * self.threshold
        return sign * value > sign * bound

    def _reduce(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs) and self.default_min_lr is not None:
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, least in zip(groups, per_group("ReduceLROnPlateau", "min_lr", self.min_lrs, self.optimizer)):
            lr = max(group["lr"] * self.factor, least)
            if group["lr"] - lr > self.eps:
                group["lr"] = lr
