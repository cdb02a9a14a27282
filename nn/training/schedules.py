"""Learning-rate schedules, as the trainer drives them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from autograd_core.errors import explain


class Schedules:
    """One schedule, several, or none, stepped together.

    A schedule is any object with a method ``step()``. One whose ``step`` needs an argument, as that of
    ``ReduceLROnPlateau``, is given the monitored value.

    Args:
        given: a schedule, several in a list, or ``None``.
        every: ``"epoch"`` or ``"step"``: how often they are stepped.

    Raises:
        TypeError: for an object without ``step``.
        ValueError: for another ``every``, and for a schedule that needs a value at every step.
    """

    def __init__(self, given: Any, every: str) -> None:
        self.schedules = list(given) if isinstance(given, Sequence) else [] if given is None else [given]
        if every not in ("epoch", "step"):
            raise ValueError(
                explain("Trainer", expected="schedule_every 'epoch' or 'step'", got=repr(every), remedy="pass one")
            )
        self.every = every
        for schedule in self.schedules:
            if not callable(getattr(schedule, "step", None)):
                raise TypeError(
                    explain(
                        "Trainer",
                        expected="a schedule with a method step()",
                        got=type(schedule).__name__,
                        remedy="pass one of optim.lr_scheduler",
                    )
                )
        self.wants_value = [_wants_value(schedule.step) for schedule in self.schedules]
        if every == "step" and any(self.wants_value):
            raise ValueError(
                explain(
                    "Trainer",
                    expected="a schedule that needs no value, with schedule_every='step'",
                    got="one that waits for a value, which is there after an epoch only",
                    remedy="pass schedule_every='epoch'",
                )
            )

    def step(self, value: float | None = None) -> None:
        """Step all of them; ``value`` is the monitored one."""
        for schedule, wants_value in zip(self.schedules, self.wants_value):
            if wants_value:
                schedule.step(value)
            else:
                schedule.step()

    def state_dict(self) -> dict[str, Any]:
        """The schedules' states, in their order."""
        return {"schedules": [schedule.state_dict() for schedule in self.schedules]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave. Nothing is changed unless everything fits.

        Raises:
            ValueError: if there are others, or of another kind.
        """
        states, own = state_dict["schedules"], self.state_dict()["schedules"]
        if len(states) != len(own) or not all(map(same_form, states, own)):
            raise ValueError(
                explain(
                    "schedule.load_state_dict",
                    expected=f"the state of {', '.join(type(s).__name__ for s in self.schedules) or 'no schedule'}",
                    got="that of others",
                    remedy="make the same schedules",
                )
            )
        try:
            for schedule, state in zip(self.schedules, states):
                schedule.load_state_dict(state)
        except BaseException:
            for schedule, state in zip(self.schedules, own):
                schedule.load_state_dict(state)
            raise


def _wants_value(step: Any) -> bool:
    """Whether ``step`` has an argument that must be given, or one named ``metrics``."""
    parameters = inspect.signature(step).parameters.values()
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return any(
        parameter.name == "metrics" or (parameter.default is parameter.empty and parameter.kind in by_position)
        for parameter in parameters
    )


def same_form(state: Any, own: Mapping[str, Any]) -> bool:
    """Whether a schedule's state has the entries that stand in it now, each of its kind."""
    alike = isinstance(state, dict) and state.keys() == own.keys()
    return alike and all(_of_kind(state[name], value) for name, value in own.items())


def _of_kind(value: Any, own: Any) -> bool:
    kinds: list[Any] = [bool, str, dict, list | tuple, int | float]
    for kind in kinds:
        if isinstance(own, kind):
            return value is None or isinstance(value, kind)
    return True
