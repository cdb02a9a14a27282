"""What a trainer checks: its arguments, and a state that it is to take over."""

from __future__ import annotations

from collections.abc import Mapping
from operator import index
from typing import Any

from autograd_core.errors import explain

from ..module import Module
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


def check_optimizer(optimizer: Any) -> None:
    """Refuse an optimizer whose step computes the loss itself."""
    if not hasattr(optimizer, "param_groups") or not callable(getattr(optimizer, "step", None)):
        got = optimizer.__name__ if isinstance(optimizer, type) else type(optimizer).__name__
        remedy = "pass optim.SGD(model.parameters(), lr=0.1), say"
        raise TypeError(explain("Trainer", expected="an optimizer", got=got, remedy=remedy))
    if getattr(optimizer, "needs_closure", False):
        raise TypeError(
            explain(
                "Trainer",
                expected="an optimizer that steps with the gradients that are there",
                got=f"{type(optimizer).__name__}, whose step computes the loss several times",
                remedy="pass another one, or write the loop yourself, with optimizer.step(closure)",
            )
        )


def check_parameters(optimizer: Any, model: Module, loss: Any) -> None:
    """Refuse an optimizer of parameters that belong neither to the model nor to the loss."""
    owners = [part for part in (model, loss) if isinstance(part, Module)]
    known = {id(parameter) for owner in owners for parameter in owner.parameters()}
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    foreign = [parameter for parameter in parameters if id(parameter) not in known]
    if foreign:
        raise ValueError(
            explain(
                "Trainer.fit",
                expected="an optimizer of the model's parameters (or of those of the loss)",
                got=f"{len(foreign)} of {len(parameters)} that belong to neither, one of shape {foreign[0].shape}",
                remedy="make the optimizer from model.parameters() when the model has all its parts",
            )
        )


def check_epochs(epochs: Any) -> int:
    """The number of epochs; ``TypeError`` or ``ValueError`` for what is none."""
    error: type[Exception] = ValueError
    try:
        count = index(epochs)
    except TypeError:
        error, count = TypeError, -1
    if count < 0:
        expected, remedy = "epochs, an integer of at least 0", "say how often to go through the data"
        raise error(explain("Trainer.fit", expected=expected, got=repr(epochs), remedy=remedy))
    return count


def check_batches(name: str, count: int, epoch: int | None = None) -> None:
    """Refuse data without a batch."""
    if not count:
        raise ValueError(
            explain(
                name,
                expected="at least one batch",
                got="none from the loader" + (f" in epoch {epoch}" if epoch else ""),
                remedy="pass data; a generator can be gone through only once, a list or a DataLoader again and again",
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
