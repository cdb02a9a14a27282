"""``LRScheduler``: what the schedules have in common."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from numbers import Real
from typing import Any

from autograd_core.errors import explain

from ..checking import require
from ..optimizer import Optimizer
from ..plain import plain

__all__ = ["LRScheduler"]

# What PyTorch's schedules save besides: how far a call of ``step`` is, and what follows from other entries.
ITS_OWN_NOTES = {"_is_initial", "_get_lr_called_within_step", "mode_worse", "verbose"}


class LRScheduler:
    """Base class of the schedules: each ``step``, made after the optimizer's, sets the learning rates.

    A subclass defines ``rate``, the next rate of a group. As in PyTorch that is a change of the present rate
    wherever possible, so that several schedules of one optimizer multiply (``ChainedScheduler``).

    Args:
        optimizer: whose rates are set. The rates it has now are kept as ``group["initial_lr"]``, unless an
            earlier schedule has left its own there.
        last_epoch: the number of the last epoch done, when training is resumed; −1 at the start.

    Attributes:
        last_epoch: how many steps were made.
        base_lrs: the initial rates.

    Raises:
        TypeError: for something that is not an optimizer.
        ValueError: for an optimizer without a learning rate; with ``last_epoch`` ≥ 0, if a group has no
            ``"initial_lr"``.

    >>> import autograd_core as ag, optim
    >>> class Harmonic(optim.lr_scheduler.LRScheduler):
    ...     def rate(self, lr, base_lr):
    ...         return base_lr / (1 + self.last_epoch)
    >>> optimizer = optim.SGD([ag.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> schedule = Harmonic(optimizer)
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = checked_optimizer(type(self).__name__, optimizer)
        for position, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise ValueError(
                    explain(
                        type(self).__name__,
                        expected='"initial_lr" in every group of the optimizer when training is resumed',
                        got=f"none in group {position} with last_epoch={last_epoch}",
                        remedy="load the optimizer's state dict first, or leave out last_epoch",
                    )
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._begin()

    def _begin(self) -> None:
        """The step that sets the rates of the first epoch."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            del self._is_initial

    # -- what a subclass defines -------------------------------------------------------------------

    def rate(self, lr: float, base_lr: float) -> float:
        """The rate of epoch ``last_epoch``.

        Args:
            lr: the present rate of the group.
            base_lr: its initial one.
        """
        raise TypeError(f"{type(self).__name__} defines no rate")

    def closed_rate(self, lr: float, base_lr: float) -> float:
        """The same from the initial rate alone, where a formula exists."""
        return self.rate(lr, base_lr)

    def get_lr(self) -> list[float]:
        """The rates of epoch ``last_epoch``, computed anew; see ``get_last_lr`` for those that are set."""
        return [self.rate(group["lr"], base) for group, base in self._groups()]

    # ----------------------------------------------------------------------------------------------

    def _groups(self) -> list[tuple[dict[str, Any], float]]:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.base_lrs):
            raise ValueError(
                explain(
                    f"{type(self).__name__}.step",
                    expected=f"the {len(self.base_lrs)} parameter groups that there were at the start",
                    got=f"{len(groups)}",
                    remedy="make the schedule after add_param_group",
                )
            )
        return list(zip(groups, self.base_lrs))

    def step(self) -> None:
        """Go on by an epoch: set the rates of the optimizer's groups."""
        self._check_order()
        self._step_count += 1
        self.last_epoch += 1
        self._set(self.get_lr())

    def _check_order(self) -> None:
        optimizer = self.optimizer
        ours = type(optimizer).step is Optimizer.step
        if self._step_count == 1 and ours and not optimizer._stepped:
            warnings.warn(
                explain(
                    f"{type(self).__name__}.step",
                    expected="optimizer.step() before the first step of the schedule",
                    got="none",
                    remedy="call optimizer.step() first, or the first rate is never used",
                ),
                UserWarning,
                stacklevel=3,
            )

    def _set(self, rates: list[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, rates):
            group["lr"] = lr
        self._last_lr = list(rates)

    def _restart(self) -> None:
        """Set the rates of epoch 0, when ``SequentialLR`` comes to this schedule."""
        self.last_epoch = 0
        self._set([self.closed_rate(group["lr"], base) for group, base in self._groups()])

    def get_last_lr(self) -> list[float]:
        """The rates that the last step set, one for each group."""
        return self._last_lr

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, as plain data."""
        return {key: plain(value) for key, value in vars(self).items() if key not in self._left_out}

    _left_out: tuple[str, ...] = ("optimizer", "_is_initial")

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave; PyTorch's is taken too. The rates are in the optimizer's state dict.

        Raises:
            TypeError: for something that is no dict.
            ValueError: for the state of another schedule, or entries of another form. Nothing is changed then.
        """
        vars(self).update(self._checked_state(state_dict))

    def _checked_state(self, state_dict: Any) -> dict[str, Any]:
        """The entries that are to become attributes, after all of them were checked."""
        name = f"{type(self).__name__}.load_state_dict"
        remedy = "load the state of a schedule that was made like this one"
        if not isinstance(state_dict, Mapping):
            raise TypeError(explain(name, expected="a dict", got=type(state_dict).__name__, remedy=remedy))
        own = self.state_dict()
        missing, unexpected = own.keys() - state_dict.keys(), state_dict.keys() - own.keys() - ITS_OWN_NOTES
        if missing or unexpected:
            parts = {"without": missing, "and also": unexpected}
            got = ", ".join(f"{word} {', '.join(sorted(map(str, keys)))}" for word, keys in parts.items() if keys)
            raise ValueError(explain(name, expected=f"a dict with {', '.join(own)}", got=f"one {got}", remedy=remedy))
        given = {key: plain(state_dict[key]) for key in own}
        for key, value in own.items():
            if not _same_form(value, given[key]):
                raise ValueError(explain(name, expected=f"{key} like {value!r}", got=repr(given[key]), remedy=remedy))
        return {key: value for key, value in given.items() if key not in self._left_out}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(last_epoch={self.last_epoch}, rates={self.get_last_lr()})"


def checked_optimizer(name: str, optimizer: Any) -> Optimizer:
    """The optimizer; ``TypeError`` for something else, ``ValueError`` for one without learning rates."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            explain(
                name,
                expected="an optimizer",
                got=type(optimizer).__name__,
                remedy="pass the optimizer whose learning rate is to change",
            )
        )
    for position, group in enumerate(optimizer.param_groups):
        if "lr" not in group:
            own = [key for key in group if key not in ("params", "param_names")]
            raise ValueError(
                explain(
                    name,
                    expected='an optimizer with a learning rate, "lr" in every group',
                    got=f"{type(optimizer).__name__} with {', '.join(own) or 'none'} in group {position}",
                    remedy="leave the schedule out: there is no rate to change",
                )
            )
    return optimizer


def _same_form(own: Any, given: Any) -> bool:
    """Whether a saved value is of the kind of the present one: number, text, dict, or a list of as many of them."""
    if isinstance(own, list | tuple):
        return isinstance(given, list | tuple) and len(own) == len(given) and all(map(_same_form, own, given))
    if isinstance(own, dict):
        return given is None or isinstance(given, Mapping)
    return not isinstance(own, str | Real) or isinstance(given, str if isinstance(own, str) else Real)


def per_group(name: str, key: str, value: Any, optimizer: Optimizer) -> list[Any]:
    """A value for every group: a list as it is, or one value repeated.

    Raises:
        ValueError: for a list of another length.
    """
    groups = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [value] * groups
    if len(value) != groups:
        raise ValueError(
            explain(
                name,
                expected=f"{key} for {groups} parameter groups",
                got=f"{len(value)} values",
                remedy="pass one value for every group, or a single one for all",
            )
        )
    return list(value)


def rates_per_group(name: str, key: str, value: Any, optimizer: Optimizer) -> list[Any]:
    """Learning rates for every group, each of at least 0."""
    rates = per_group(name, key, value, optimizer)
    for rate in rates:
        require(name, {key: rate}, key, lambda number: 0 <= number < math.inf, f"{key} of at least 0")
    return rates
