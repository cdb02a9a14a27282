"""Schedules that swing: cosines, restarts, cycles of rate and momentum."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from autograd_core.errors import explain

from ..checking import require, require_choice
from ..optimizer import Optimizer
from .base import LRScheduler, checked_optimizer, per_group, rates_per_group

__all__ = ["CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "OneCycleLR"]


class CosineAnnealingLR(LRScheduler):
    """Half a wave of the cosine down to a least rate (and up again, if it goes on).

        ηₜ = ηmin + (η₀ − ηmin) (1 + cos(π t / T)) / 2

    Args:
        optimizer: whose rates are set.
        T_max: T.
        eta_min: ηmin.
        last_epoch: the last epoch done, when training is resumed.

    Raises:
        ValueError: for T below 1.

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, without restarts.

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
    >>> optimizer.step()
    >>> schedule.step()
    >>> round(schedule.get_last_lr()[0], 6)
    0.5
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        require("CosineAnnealingLR", vars(self), "T_max", lambda value: value >= 1, "T_max of at least 1")
        super().__init__(optimizer, last_epoch)

    def _height(self, epoch: int) -> float:
        return 1 + math.cos(math.pi * epoch / self.T_max)

    def rate(self, lr: float, base_lr: float) -> float:
        """The way to the least rate times the quotient of two heights that follow each other."""
        if self._is_initial:
            return lr
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # from the bottom, where the quotient is 1/0
            return lr + (base_lr - self.eta_min) * (1 - math.cos(math.pi / self.T_max)) / 2
        quotient = self._height(self.last_epoch) / self._height(self.last_epoch - 1)
        return quotient * (lr - self.eta_min) + self.eta_min

    def closed_rate(self, lr: float, base_lr: float) -> float:
        """The formula of the class."""
        return self.eta_min + (base_lr - self.eta_min) * self._height(self.last_epoch) / 2


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half waves of the cosine, one after the other, each longer than the one before.

        ηₜ = ηmin + (η₀ − ηmin) (1 + cos(π t′ / Tᵢ)) / 2,     Tᵢ₊₁ = T_mult Tᵢ

    with t′ counted from the last restart.

    Args:
        optimizer: whose rates are set.
        T_0: the length of the first wave.
        T_mult: by what the length is multiplied.
        eta_min: ηmin.
        last_epoch: the last epoch done, when training is resumed.

    Raises:
        ValueError: unless ``T_0`` and ``T_mult`` are integers of at least 1.

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017.

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> schedule = optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2)
    >>> rates = []
    >>> for _ in range(6):
    ...     rates += schedule.get_last_lr()
    ...     optimizer.step()
    ...     schedule.step()
    >>> [round(rate, 3) for rate in rates]
    [1.0, 0.5, 1.0, 0.854, 0.5, 0.146]
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        for key in ("T_0", "T_mult"):
            require(
                "CosineAnnealingWarmRestarts",
                vars(self),
                key,
                lambda value: isinstance(value, int) and value >= 1,
                f"an integer {key} of at least 1",
            )
        super().__init__(optimizer, last_epoch)

    def rate(self, lr: float, base_lr: float) -> float:
        """The formula of the class."""
        return self.eta_min + (base_lr - self.eta_min) * (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2

    def step(self, epoch: float | None = None) -> None:
        """Go on by an epoch, or to a place within an epoch.

        Args:
            epoch: where to go, counted from the start; ``epoch + batch / batches`` is allowed.

        Raises:
            ValueError: for a negative one.
        """
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._locate(epoch)
        self.last_epoch = math.floor(epoch)
        self._set(self.get_lr())

    def _locate(self, epoch: float) -> None:
        """Find the wave that an epoch belongs to, and the place in it."""
        if epoch < 0:
            raise ValueError(
                explain(
                    "CosineAnnealingWarmRestarts.step",
                    expected="an epoch of at least 0",
                    got=f"{epoch}",
                    remedy="count epochs from 0",
                )
            )
        first, factor = self.T_0, self.T_mult
        if factor == 1:
            self.T_cur, self.T_i = (epoch % first if epoch >= first else epoch), first
            return
        wave = int(math.log(epoch / first * (factor - 1) + 1, factor)) if epoch >= first else 0
        self.T_cur = epoch - first * (factor**wave - 1) / (factor - 1) if wave else epoch
        self.T_i = first * factor**wave


class _MomentumSchedule(LRScheduler):
    """A schedule that moves the momentum too: the entry ``"momentum"`` of a group, or the first of ``"betas"``."""

    cycle_momentum: bool
    use_beta1: bool

    def _prepare_momentum(self, base_momentum: Any, max_momentum: Any, fresh: bool) -> tuple[list[float], list[float]]:
        """Set the largest momentum in every group; the least and largest ones for all groups.

        Raises:
            ValueError: if the optimizer has neither momentum nor betas.
        """
        name, optimizer = type(self).__name__, self.optimizer
        if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
            raise ValueError(
                explain(
                    name,
                    expected="an optimizer with momentum or betas",
                    got=type(optimizer).__name__,
                    remedy="pass cycle_momentum=False",
                )
            )
        self.use_beta1 = "betas" in optimizer.defaults
        least = per_group(name, "base_momentum", base_momentum, optimizer)
        largest = per_group(name, "max_momentum", max_momentum, optimizer)
        if fresh:
            for group, low, high in zip(optimizer.param_groups, least, largest):
                self._set_momentum(group, high)
                group["max_momentum"] = high
                group["base_momentum"] = low
        return least, largest

    def _set_momentum(self, group: dict[str, Any], momentum: float) -> None:
        if self.use_beta1:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum


class CyclicLR(_MomentumSchedule):
    """The rate goes up and down in straight lines between two bounds, and the momentum down and up.

    With a part s of the way from the lower to the upper bound, in the cycle c (1, 2, ...):

        η = base + (max − base) s w

    where the weight w is 1 (``"triangular"``), 1/2^(c−1) (``"triangular2"``), γᵗ (``"exp_range"``), or what
    ``scale_fn`` gives.

    Args:
        optimizer: whose rates are set.
        base_lr: the lower bound, or a list with one for each group.
        max_lr: the upper bound, likewise.
        step_size_up: how many steps up.
        step_size_down: how many steps down; as many as up, if not given.
        mode: ``"triangular"``, ``"triangular2"`` or ``"exp_range"``.
        gamma: γ.
        scale_fn: w as a function of c or t; ``mode`` is ignored then.
        scale_mode: ``"cycle"`` or ``"iterations"``: whether ``scale_fn`` gets c or t.
        cycle_momentum: whether the momentum is moved.
        base_momentum: its lower bound, or a list.
        max_momentum: its upper bound, or a list.
        last_epoch: the last step done, when training is resumed.

    Raises:
        ValueError: for another mode, a list of another length than there are groups, or an optimizer without
            momentum.

    Source: Smith, "Cyclical learning rates for training neural networks", 2017.

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0, momentum=0.9)
    >>> schedule = optim.lr_scheduler.CyclicLR(optimizer, base_lr=0.0, max_lr=1.0, step_size_up=2)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates += schedule.get_last_lr()
    ...     optimizer.step()
    ...     schedule.step()
    >>> rates
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    _left_out = (*LRScheduler._left_out, "_scale_fn_custom")

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = checked_optimizer("CyclicLR", optimizer)
        base_lrs = rates_per_group("CyclicLR", "base_lr", base_lr, optimizer)
        self.max_lrs = rates_per_group("CyclicLR", "max_lr", max_lr, optimizer)
        if scale_fn is None:
            require_choice("CyclicLR", "mode", mode, ("triangular", "triangular2", "exp_range"))
            scale_mode = "iterations" if mode == "exp_range" else "cycle"
        require_choice("CyclicLR", "scale_mode", scale_mode, ("cycle", "iterations"))
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self.scale_mode = scale_mode
        self._scale_fn_custom = scale_fn
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.base_momentums, self.max_momentums = self._prepare_momentum(
                base_momentum, max_momentum, last_epoch == -1
            )
        if last_epoch == -1:
            for lr, group in zip(base_lrs, optimizer.param_groups):
                group["lr"] = lr
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """The weight w of a cycle or step."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        return {"triangular": 1.0, "triangular2": 0.5 ** (x - 1), "exp_range": self.gamma**x}[self.mode]

    def get_lr(self) -> list[float]:
        """The rates of the step; the momenta are set."""
        groups = self._groups()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        part = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        weight = part * self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for (group, _), low, high in zip(groups, self.base_momentums, self.max_momentums):
                self._set_momentum(group, high - (high - low) * weight)
        return [low + (high - low) * weight for (_, low), high in zip(groups, self.max_lrs)]

    def _restart(self) -> None:
        self.last_epoch = 0
        self._set(self.get_lr())

    def state_dict(self) -> dict[str, Any]:
        """Everything but optimizer and functions; of an object that is called, its attributes."""
        function = self._scale_fn_custom
        attributes = None if function is None or isinstance(function, FunctionType) else dict(vars(function))
        return {**super().state_dict(), "_scale_fn_custom": attributes}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave."""
        super().load_state_dict(state_dict)
        if state_dict.get("_scale_fn_custom") is not None and self._scale_fn_custom is not None:
            vars(self._scale_fn_custom).update(state_dict["_scale_fn_custom"])


class OneCycleLR(_MomentumSchedule):
    """One rise of the rate to its maximum and one long fall to almost 0, while the momentum falls and rises.

    From η = max/div_factor up to max in the first ``pct_start`` of all steps, then down to
    max/(div_factor · final_div_factor); with ``three_phase`` first down as it came up.

    Args:
        optimizer: whose rates are set; ``step`` is to be called after every batch.
        max_lr: the largest rate, or a list with one for each group.
        total_steps: how many steps there will be; or
        epochs, steps_per_epoch: whose product that is.
        pct_start: the part of the steps in which the rate rises.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        cycle_momentum: whether the momentum is moved.
        base_momentum: its least value, at the largest rate, or a list.
        max_momentum: its largest value, or a list.
        div_factor: the largest rate over the first.
        final_div_factor: the first rate over the last.
        three_phase: see above.
        last_epoch: the last step done, when training is resumed.

    Raises:
        ValueError: without a number of steps, for ``pct_start`` outside [0, 1], another strategy, a list of
            another length than there are groups, an optimizer without momentum, or a step too many.

    Source: Smith and Topin, "Super-convergence: very fast training of neural networks using large learning
    rates", 2018; as in PyTorch.

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0, momentum=0.9)
    >>> schedule = optim.lr_scheduler.OneCycleLR(
    ...     optimizer, max_lr=1.0, total_steps=6, pct_start=0.5, anneal_strategy="linear", div_factor=2.0
    ... )
    >>> rates = []
    >>> for _ in range(5):
    ...     rates += schedule.get_last_lr()
    ...     optimizer.step()
    ...     schedule.step()
    >>> [round(rate, 2) for rate in rates]
    [0.5, 0.75, 1.0, 0.67, 0.33]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = checked_optimizer("OneCycleLR", optimizer)
        if total_steps is None and epochs is not None and steps_per_epoch is not None:
            total_steps = epochs * steps_per_epoch
        settings = {"total_steps": total_steps, "pct_start": pct_start}
        require(
            "OneCycleLR",
            settings,
            "total_steps",
            lambda value: isinstance(value, int) and value >= 1,
            "total_steps, or epochs and steps_per_epoch, of at least 1",
        )
        require("OneCycleLR", settings, "pct_start", lambda value: 0 <= value <= 1, "pct_start between 0 and 1")
        require_choice("OneCycleLR", "anneal_strategy", anneal_strategy, ("cos", "linear"))
        self.total_steps: int = total_steps  # type: ignore[assignment]
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        self._anneal_func_type = anneal_strategy
        self.cycle_momentum = cycle_momentum
        max_lrs = rates_per_group("OneCycleLR", "max_lr", max_lr, optimizer)
        if cycle_momentum:
            self._prepare_momentum(base_momentum, max_momentum, last_epoch == -1)
        if last_epoch == -1:
            for group, largest in zip(optimizer.param_groups, max_lrs):
                group["initial_lr"] = largest / div_factor
                group["max_lr"] = largest
                group["min_lr"] = group["initial_lr"] / final_div_factor
        super().__init__(optimizer, last_epoch)

    def _between(self, start: float, end: float, part: float) -> float:
        """From ``start`` to ``end``, a part of the way."""
        if self._anneal_func_type == "linear":
            return (end - start) * part + start
        return end + (start - end) / 2.0 * (1 + math.cos(math.pi * part))

    def get_lr(self) -> list[float]:
        """The rates of the step; the momenta are set."""
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                explain(
                    "OneCycleLR.step",
                    expected=f"at most {self.total_steps} steps",
                    got=f"step {step}",
                    remedy="pass a larger total_steps, and call step once after every batch",
                )
            )
        begin = 0.0
        for phase in self._schedule_phases:
            if step <= phase["end_step"] or phase is self._schedule_phases[-1]:
                break
            begin = phase["end_step"]
        part = (step - begin) / (phase["end_step"] - begin)
        if self.cycle_momentum:
            for group, _ in self._groups():
                start, end = group[phase["start_momentum"]], group[phase["end_momentum"]]
                self._set_momentum(group, self._between(start, end, part))
        return [self._between(group[phase["start_lr"]], group[phase["end_lr"]], part) for group, _ in self._groups()]

    def _restart(self) -> None:
        self.last_epoch = 0
        self._set(self.get_lr())


def _phases(total: int, rising: float, three: bool) -> list[dict[str, Any]]:
    """The phases of the cycle: where each ends, and between which entries of a group rate and momentum move."""

    def phase(end: float, lr: tuple[str, str], momentum: tuple[str, str]) -> dict[str, Any]:
        return {
            "end_step": end,
            "start_lr": lr[0],
            "end_lr": lr[1],
            "start_momentum": momentum[0],
            "end_momentum": momentum[1],
        }

    up = phase(float(rising * total) - 1, ("initial_lr", "max_lr"), ("max_momentum", "base_momentum"))
    if not three:
        return [up, phase(total - 1, ("max_lr", "min_lr"), ("base_momentum", "max_momentum"))]
    return [
        up,
        phase(float(2 * rising * total) - 2, ("max_lr", "initial_lr"), ("base_momentum", "max_momentum")),
        phase(total - 1, ("initial_lr", "min_lr"), ("max_momentum", "max_momentum")),
    ]
