"""What a trainer checks: its arguments, and a state that it is to take over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograd_core.errors import explain

from .metrics import Metric


def check_positive(**arguments: Any) -> None:
    """Refuse numbers that are not above 0, and an ``accumulate`` that is no integer."""
    for name, value in arguments.items():
        whole = name == "accumulate"
        if value is not None and (not value > 0 or (whole and not isinstance(value, int))):
            raise ValueError(
                explain(
                    "Trainer",
                    expected=f"{name}, {'an integer of at least 1' if whole else 'a number above 0, or None'}",
                    got=repr(value),
                    remedy=f"leave {name} out",
                )
            )


def check_names(metrics: Mapping[str, Metric]) -> None:
    """Refuse metrics with the names of other values."""
    for name in metrics:
        if name in ("loss", "learning_rate") or name.startswith("val_"):
            raise ValueError(
                explain(
                    "Trainer",
                    expected="names of metrics other than loss, learning_rate and val_...",
                    got=name,
                    remedy="pass metrics as a dict, which gives each a name",
                )
            )


def check_state(state: Any, metrics: int) -> None:
    """Refuse what is not the state of a trainer with that many metrics, the loss included."""
    try:
        counts = [state[name] for name in ("epoch", "step", "batch", "first_epoch")]
        columns = state["history"].items()
        good = (
            all(type(count) is int and count >= 0 for count in counts)
            and type(state["pass_over"]) is bool
            and isinstance(state["stop_reason"], str | None)
            and len(state["sums"]) == metrics
            and all(type(value) is float for value in state["record"].values())
            and all(type(name) is str and type(values) is list for name, values in columns)
            and all(value is None or type(value) is float for _, values in columns for value in values)
            and all(type(name) is str for name, _ in state["callbacks"])
        )
    except (TypeError, LookupError, AttributeError, ValueError):
        good = False
    if not good:
        raise ValueError(
            explain(
                "Trainer.load_state_dict",
                expected="the state of a Trainer with the same metrics",
                got="something else",
                remedy="load what state_dict gave",
            )
        )
