"""Schedules with a factor for each epoch."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType
from typing import Any

from autograd_core.errors import explain

from ..checking import require, require_at_least_zero
from ..optimizer import Optimizer
from .base import LRScheduler, checked_optimizer, per_group

__all__ = [
    "ConstantLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "PolynomialLR",
    "StepLR",
]


class _FunctionSchedule(LRScheduler):
    """A schedule whose factors come from a function of the epoch, one for all groups or one for each."""

    _left_out = (*LRScheduler._left_out, "lr_lambdas")

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        name = type(self).__name__
        self.lr_lambdas = per_group(name, "lr_lambda", lr_lambda, checked_optimizer(name, optimizer))
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(
                    explain(
                        name,
                        expected="a function of the epoch",
                        got=type(function).__name__,
                        remedy="pass lr_lambda=lambda epoch: 0.95**epoch, say",
                    )
                )
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Everything but optimizer and functions; of an object that is called, its attributes."""
        attributes = [None if isinstance(f, FunctionType) else dict(vars(f)) for f in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": attributes}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave."""
        super().load_state_dict(state_dict)
        for function, attributes in zip(self.lr_lambdas, state_dict["lr_lambdas"]):
            vars(function).update(attributes or {})


class LambdaLR(_FunctionSchedule):
    """The initial rate times a function of the epoch: ηₜ = η₀ f(t).

    Args:
        optimizer: whose rates are set.
        lr_lambda: f, or a list with one for each group.
        last_epoch: the last epoch done, when training is resumed.

    Raises:
        ValueError: for a list of another length than there are groups.

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> schedule = optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.5**epoch)
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def get_lr(self) -> list[float]:
        """η₀ f(t) for every group."""
        return [base * function(self.last_epoch) for (_, base), function in zip(self._groups(), self.lr_lambdas)]

    def _restart(self) -> None:
        self.last_epoch = 0
        self._set(self.get_lr())


class MultiplicativeLR(_FunctionSchedule):
    """The present rate times a function of the epoch: ηₜ = ηₜ₋₁ f(t).

    Args:
        optimizer: whose rates are set.
        lr_lambda: f, or a list with one for each group.
        last_epoch: the last epoch done, when training is resumed.

    Raises:
        ValueError: for a list of another length than there are groups.
        TypeError: for something that cannot be called.

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> schedule = optim.lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.5)
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def get_lr(self) -> list[float]:
        """ηₜ₋₁ f(t) for every group."""
        if self._is_initial:
            return [group["lr"] for group, _ in self._groups()]
        return [
            group["lr"] * function(self.last_epoch) for (group, _), function in zip(self._groups(), self.lr_lambdas)
        ]

    def _restart(self) -> None:
        self.last_epoch = 0
        self._set(self.get_lr())


class StepLR(LRScheduler):
    """The rate times γ every ``step_size`` epochs: ηₜ = η₀ γ^⌊t / step_size⌋.

    Args:
        optimizer: whose rates are set.
        step_size: how many epochs a rate lasts.
        gamma: γ.
        last_epoch: the last epoch done, when training is resumed.

    Raises:
        ValueError: for a step size below 1.

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> schedule = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates += schedule.get_last_lr()
    ...     optimizer.step()
    ...     schedule.step()
    >>> rates
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size = step_size
        self.gamma = gamma
        require("StepLR", vars(self), "step_size", lambda value: value >= 1, "a step size of at least 1")
        require_at_least_zero("StepLR", vars(self), "gamma")
        super().__init__(optimizer, last_epoch)

    def rate(self, lr: float, base_lr: float) -> float:
        """Times γ where a step begins."""
        if self.last_epoch == 0 or self.last_epoch % self.step_size:
            return lr
        return lr * self.gamma

    def closed_rate(self, lr: float, base_lr: float) -> float:
        """η₀ γ^⌊t / step_size⌋."""
        return base_lr * self.gamma ** (self.last_epoch // self.step_size)


class MultiStepLR(LRScheduler):
    """The rate times γ at each of the milestones.

    Args:
        optimizer: whose rates are set.
        milestones: the numbers of epochs; one that is given twice counts twice.
        gamma: γ.
        last_epoch: the last epoch done, when training is resumed.

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> schedule = optim.lr_scheduler.MultiStepLR(optimizer, milestones=[1, 3], gamma=0.5)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates += schedule.get_last_lr()
    ...     optimizer.step()
    ...     schedule.step()
    >>> rates
    [1.0, 0.5, 0.5, 0.25]
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        require_at_least_zero("MultiStepLR", vars(self), "gamma")
        super().__init__(optimizer, last_epoch)

    def rate(self, lr: float, base_lr: float) -> float:
        """Times γ at a milestone."""
        return lr * self.gamma ** self.milestones[self.last_epoch] if self.last_epoch in self.milestones else lr

    def closed_rate(self, lr: float, base_lr: float) -> float:
        """η₀ γⁿ after n milestones."""
        return base_lr * self.gamma ** bisect_right(sorted(self.milestones.elements()), self.last_epoch)

    def _checked_state(self, state_dict: Any) -> dict[str, Any]:
        entries = super()._checked_state(state_dict)
        return {**entries, "milestones": Counter({int(key): count for key, count in entries["milestones"].items()})}


class ConstantLR(LRScheduler):
    """A part of the rate for the first epochs, and then all of it.

    Args:
        optimizer: whose rates are set.
        factor: which part.
        total_iters: for how many epochs.
        last_epoch: the last epoch done, when training is resumed.

    Raises:
        ValueError: for a factor outside [0, 1].

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> schedule = optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=1)
    >>> optimizer.param_groups[0]["lr"]
    0.5
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [1.0]
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        self.factor = factor
        self.total_iters = total_iters
        require("ConstantLR", vars(self), "factor", lambda value: 0 <= value <= 1, "a factor between 0 and 1")
        super().__init__(optimizer, last_epoch)

    def rate(self, lr: float, base_lr: float) -> float:
        """Times the factor at the start, and divided by it at the end."""
        if self.last_epoch == 0:
            return lr * self.factor
        if self.last_epoch != self.total_iters:
            return lr
        return lr * (1.0 / self.factor) if self.factor else base_lr

    def closed_rate(self, lr: float, base_lr: float) -> float:
        """η₀ times the factor, or η₀."""
        return base_lr * (self.factor if self.last_epoch < self.total_iters else 1)


class LinearLR(LRScheduler):
    """A factor that goes in a straight line from one number to another: a warm-up, or a decay.

        ηₜ = η₀ (a + (b − a) min(t, n) / n)

    Args:
        optimizer: whose rates are set.
        start_factor: a.
        end_factor: b.
        total_iters: n.
        last_epoch: the last epoch done, when training is resumed.

    Raises:
        ValueError: unless 0 < a ≤ 1 and 0 ≤ b ≤ 1.

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> schedule = optim.lr_scheduler.LinearLR(optimizer, start_factor=0.25, total_iters=3)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates += schedule.get_last_lr()
    ...     optimizer.step()
    ...     schedule.step()
    >>> rates
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        require("LinearLR", vars(self), "start_factor", lambda value: 0 < value <= 1, "a start_factor in (0, 1]")
        require("LinearLR", vars(self), "end_factor", lambda value: 0 <= value <= 1, "an end_factor in [0, 1]")
        super().__init__(optimizer, last_epoch)

    def rate(self, lr: float, base_lr: float) -> float:
        """Times the quotient of two factors that follow each other."""
        if self.last_epoch == 0:
            return lr * self.start_factor
        if self._is_initial or self.last_epoch > self.total_iters:
            return lr
        rise = self.end_factor - self.start_factor
        return lr * (1.0 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise))

    def closed_rate(self, lr: float, base_lr: float) -> float:
        """The formula of the class."""
        part = min(self.total_iters, self.last_epoch) / self.total_iters
        return base_lr * (self.start_factor + (self.end_factor - self.start_factor) * part)


class ExponentialLR(LRScheduler):
    """The rate times γ every epoch: ηₜ = η₀ γᵗ.

    Args:
        optimizer: whose rates are set.
        gamma: γ.
        last_epoch: the last epoch done, when training is resumed.

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> schedule = optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        require_at_least_zero("ExponentialLR", vars(self), "gamma")
        super().__init__(optimizer, last_epoch)

    def rate(self, lr: float, base_lr: float) -> float:
        """Times γ."""
        return lr if self._is_initial else lr * self.gamma

    def closed_rate(self, lr: float, base_lr: float) -> float:
        """η₀ γᵗ."""
        return base_lr * self.gamma**self.last_epoch


class PolynomialLR(LRScheduler):
    """Down to 0 in n epochs: ηₜ = η₀ (1 − min(t, n)/n)^power.

    Args:
        optimizer: whose rates are set.
        total_iters: n.
        power: 1 for a straight line.
        last_epoch: the last epoch done, when training is resumed.

    Raises:
        ValueError: for n below 1.

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> schedule = optim.lr_scheduler.PolynomialLR(optimizer, total_iters=4, power=2.0)
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5625]
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters = total_iters
        self.power = power
        require("PolynomialLR", vars(self), "total_iters", lambda value: value >= 1, "total_iters of at least 1")
        super().__init__(optimizer, last_epoch)

    def rate(self, lr: float, base_lr: float) -> float:
        """Times the quotient of two factors that follow each other."""
        if self._is_initial or self.last_epoch > self.total_iters:
            return lr
        now, before = (1.0 - epoch / self.total_iters for epoch in (self.last_epoch, self.last_epoch - 1))
        return lr * (now / before) ** self.power

    def closed_rate(self, lr: float, base_lr: float) -> float:
        """The formula of the class."""
        return base_lr * (1.0 - min(self.total_iters, self.last_epoch) / self.total_iters) ** self.power
