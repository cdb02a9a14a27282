"""Schedules made of schedules."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from autograd_core.errors import explain

from ..optimizer import Optimizer
from .base import LRScheduler
from .plateau import ReduceLROnPlateau
from .simple import LinearLR

__all__ = ["ChainedScheduler", "SequentialLR", "warmup"]


def _check(name: str, schedulers: Sequence[Any], optimizer: Optimizer | None) -> Optimizer:
    """The optimizer that all schedules have in common."""
    expected, got, remedy = "schedules of one optimizer", "", "make them all for the same optimizer"
    if not schedulers:
        got, remedy = "no schedule", "pass at least one"
    for scheduler in schedulers:
        if not isinstance(scheduler, LRScheduler):
            raise TypeError(explain(name, expected=expected, got=type(scheduler).__name__, remedy=remedy))
        optimizer = scheduler.optimizer if optimizer is None else optimizer
        if isinstance(scheduler, ReduceLROnPlateau):
            got, remedy = "ReduceLROnPlateau, whose step needs the loss", "step it on its own"
        elif scheduler.optimizer is not optimizer:
            got = f"{type(scheduler).__name__} of another one"
    if got or optimizer is None:
        raise ValueError(explain(name, expected=expected, got=got, remedy=remedy))
    return optimizer


class _Composite(LRScheduler):
    """A schedule that holds others."""

    _left_out = (*LRScheduler._left_out, "_schedulers")
    _schedulers: list[LRScheduler]

    def state_dict(self) -> dict[str, Any]:
        """Its own state as plain data, and those of the schedules under ``"_schedulers"``."""
        return {**super().state_dict(), "_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave."""
        super().load_state_dict(state_dict)
        for scheduler, entry in zip(self._schedulers, state_dict["_schedulers"]):
            scheduler.load_state_dict(entry)

    def _checked_state(self, state_dict: Any) -> dict[str, Any]:
        entries = super()._checked_state(state_dict)
        for scheduler, entry in zip(self._schedulers, state_dict["_schedulers"]):
            scheduler._checked_state(entry)
        return entries


class SequentialLR(_Composite):
    """One schedule after the other.

    Args:
        optimizer: whose rates are set.
        schedulers: the schedules, made for this optimizer.
        milestones: the epochs at which the second one begins, the third one ...
        last_epoch: as for the others.

    Raises:
        ValueError: unless there is one milestone fewer than there are schedules, all of this optimizer; and for
            ``ReduceLROnPlateau`` among them.

    >>> import autograd_core as ag, optim
    >>> from optim.lr_scheduler import ConstantLR, ExponentialLR, SequentialLR
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> first, second = ConstantLR(optimizer, 0.1, total_iters=9), ExponentialLR(optimizer, 0.5)
    >>> schedule = SequentialLR(optimizer, [first, second], milestones=[2])
    >>> rates = []
    >>> for _ in range(5):
    ...     rates += schedule.get_last_lr()
    ...     optimizer.step()
    ...     schedule.step()
    >>> rates
    [0.1, 0.1, 1.0, 0.5, 0.25]
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int], last_epoch: int = -1
    ) -> None:
        self.optimizer = _check("SequentialLR", schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                explain(
                    "SequentialLR",
                    expected=f"{len(schedulers) - 1} milestones for {len(schedulers)} schedules",
                    got=f"{len(milestones)}",
                    remedy="name the epochs at which the second schedule begins, the third one ...",
                )
            )
        self._schedulers = schedulers
        self._milestones = list(milestones)
        self.last_epoch = last_epoch + 1
        for group in optimizer.param_groups:  # as if no schedule had been made yet
            group["lr"] = group["initial_lr"]
        for scheduler in _innermost(schedulers):
            scheduler.last_epoch -= 1
        first = self._schedulers[bisect_right(self._milestones, 0)]
        first._begin()
        self._last_lr = first.get_last_lr()

    def step(self) -> None:
        """Go on by an epoch of the schedule whose turn it is."""
        self.last_epoch += 1
        position = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[position]
        if position > 0 and self._milestones[position - 1] == self.last_epoch:
            scheduler._restart()
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()

    def _restart(self) -> None:
        self.last_epoch = 0
        self._schedulers[0]._restart()
        self._last_lr = self._schedulers[0].get_last_lr()


def _innermost(schedulers: Sequence[LRScheduler]) -> list[LRScheduler]:
    """The schedules that are made of no others."""
    found: list[LRScheduler] = []
    waiting = list(schedulers)
    while waiting:
        scheduler = waiting.pop()
        if isinstance(scheduler, _Composite):
            waiting += scheduler._schedulers
        else:
            found.append(scheduler)
    return found


class ChainedScheduler(_Composite):
    """Several schedules at once, whose factors multiply.

    Args:
        schedulers: the schedules, made for one optimizer.
        optimizer: the optimizer; that of the first one, if not given.

    Raises:
        ValueError: for no schedule, for schedules of several optimizers, and for ``ReduceLROnPlateau`` among them.

    >>> import autograd_core as ag, optim
    >>> from optim.lr_scheduler import ChainedScheduler, ConstantLR, ExponentialLR
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> schedule = ChainedScheduler([ConstantLR(optimizer, 0.5, total_iters=2), ExponentialLR(optimizer, 0.5)])
    >>> rates = []
    >>> for _ in range(4):
    ...     rates += schedule.get_last_lr()
    ...     optimizer.step()
    ...     schedule.step()
    >>> rates
    [0.5, 0.25, 0.25, 0.125]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self.optimizer = _check("ChainedScheduler", schedulers, optimizer)
        self._schedulers = list(schedulers)
        self._read()

    def step(self) -> None:
        """Go on by an epoch of every schedule."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._read()

    def _begin(self) -> None:
        for scheduler in self._schedulers:
            scheduler._begin()
        self._read()

    def _restart(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        for scheduler in self._schedulers:
            scheduler.last_epoch = -1
        self._begin()

    def _read(self) -> None:
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def __repr__(self) -> str:
        return f"ChainedScheduler({self._schedulers})"


def warmup(scheduler: LRScheduler, steps: int, start_factor: float = 1e-3) -> SequentialLR:
    """A linear warm-up before a schedule, which begins when it is over.

    Args:
        scheduler: the schedule, made for the optimizer and not used yet.
        steps: how many epochs (or batches, wherever ``step`` is called) the warm-up lasts.
        start_factor: the part of the rate that it begins with.

    Returns:
        ``SequentialLR`` of ``LinearLR`` and the schedule.

    Raises:
        ValueError: for a warm-up of less than one step.

    Source: Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017, section 2.2.

    >>> import autograd_core as ag, optim
    >>> from optim.lr_scheduler import CosineAnnealingLR, warmup
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> schedule = warmup(CosineAnnealingLR(optimizer, T_max=2), 3, start_factor=0.25)
    >>> rates = []
    >>> for _ in range(6):
    ...     rates += schedule.get_last_lr()
    ...     optimizer.step()
    ...     schedule.step()
    >>> [round(rate, 6) for rate in rates]
    [0.25, 0.5, 0.75, 1.0, 0.5, 0.0]
    """
    if steps < 1:
        raise ValueError(
            explain("warmup", expected="at least one step", got=f"{steps}", remedy="leave the warm-up out")
        )
    rising = LinearLR(scheduler.optimizer, start_factor, total_iters=steps)
    return SequentialLR(scheduler.optimizer, [rising, scheduler], [steps])
