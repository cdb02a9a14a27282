"""Checkpoints: everything that a training run needs in order to go on, in one file.

The file is a safetensors file: the arrays of all states lie in it under names such as ``model.0.weight`` and
``optimizer.state.3.exp_avg``, so that other programs can read them, and the metadata hold the rest as JSON
and the SHA-256 of the whole file. Nothing in it is ever executed.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from autograd_core.errors import explain

from .. import safetensors_format
from ..data.randomness import generator_state, set_generator_state
from ..files import wrong_file
from ..random import default_generator
from ..serialization import check_kinds
from .plain_data import decode, encode
from .schedules import same_form

__all__ = ["CheckpointContent", "load_checkpoint", "save_checkpoint"]

FORMAT = "autograd-core checkpoint"
VERSION = "1"
CHECKSUM = "sha256"
RESERVED = ("epoch", "step", "extra", "random_states")


class CheckpointContent(NamedTuple):
    """What ``load_checkpoint`` returns.

    Attributes:
        epoch, step: the counts that were saved.
        extra: the plain data that were saved besides.
        states: the names of the objects whose states the file holds.

    >>> from nn.training import CheckpointContent
    >>> CheckpointContent(epoch=3, step=120, extra=None, states=("model",)).step
    120
    """

    epoch: int
    step: int
    extra: Any
    states: tuple[str, ...]


def save_checkpoint(
    path: str | os.PathLike[str],
    *,
    model: Any = None,
    optimizer: Any = None,
    schedule: Any = None,
    loader: Any = None,
    epoch: int = 0,
    step: int = 0,
    extra: Any = None,
    random_states: bool = True,
    **others: Any,
) -> None:
    """Write the states of everything that takes part in a training run into one file, atomically.

    Whenever the process or the machine stops, ``path`` holds the old checkpoint or the whole new one.

    Args:
        path: the file; an existing one is replaced.
        model, optimizer, schedule, loader: objects with ``state_dict()``, those that there are.
        epoch, step: counts of your own.
        extra: plain data of your own: numbers, text, lists, dicts, arrays.
        random_states: whether to hold the states of ``nn.default_generator()``, of Python's ``random`` and of
            NumPy's old global generator.
        others: further objects with ``state_dict()``, by name.

    Raises:
        TypeError: for a state that holds anything but plain data, naming the place.

    >>> import nn, optim, tempfile
    >>> from nn.training import load_checkpoint, save_checkpoint
    >>> model = nn.Linear(2, 1)
    >>> optimizer = optim.Adam(model.parameters())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_checkpoint(f"{folder}/run.safetensors", model=model, optimizer=optimizer, epoch=3)
    ...     load_checkpoint(f"{folder}/run.safetensors", model=model, optimizer=optimizer).epoch
    3
    """
    objects = _named(model=model, optimizer=optimizer, schedule=schedule, loader=loader, **others)
    content = {name: each.state_dict() for name, each in objects.items()}
    content |= {"epoch": int(epoch), "step": int(step), "extra": extra}
    content["random_states"] = _random_states() if random_states else None
    text, arrays = encode(content, "save_checkpoint")
    notes = {"format": FORMAT, "version": VERSION, "content": text}
    safetensors_format.write(path, arrays, notes, checksum=CHECKSUM)


def _named(**objects: Any) -> dict[str, Any]:
    found = {name: each for name, each in objects.items() if each is not None}
    for name, each in found.items():
        if name in RESERVED or not hasattr(each, "state_dict") or not hasattr(each, "load_state_dict"):
            raise TypeError(
                explain(
                    "checkpoint",
                    expected=f"{name} to be an object with state_dict and load_state_dict",
                    got=type(each).__name__,
                    remedy="pass plain data as extra={...}",
                )
            )
    return found


def load_checkpoint(
    path: str | os.PathLike[str],
    *,
    model: Any = None,
    optimizer: Any = None,
    schedule: Any = None,
    loader: Any = None,
    random_states: bool = True,
    **others: Any,
) -> CheckpointContent:
    """Bring everything back into the states that ``save_checkpoint`` wrote.

    All objects are changed, or none: the file is read, checked against its checksum and against the objects
    before anything is touched, and what an object refuses is undone on those before it.

    Args:
        path: the file.
        model, optimizer, schedule, loader, others: objects made as those that were saved; what is left out
            stays in the file.
        random_states: whether to bring back the random generators too, if the file holds them.

    Returns:
        Epoch, step, ``extra`` and the names of the states in the file.

    Raises:
        FileFormatError: if the file is truncated, corrupted, no checkpoint, or lacks a state that is asked for.
        KeyError, ValueError, TypeError: if an object is not like the one that was saved, such as a model with
            other layers.

    >>> import nn, tempfile
    >>> from nn.training import load_checkpoint, save_checkpoint
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_checkpoint(f"{folder}/a.safetensors", model=nn.Linear(2, 1), extra={"note": "first try"})
    ...     load_checkpoint(f"{folder}/a.safetensors", model=nn.Linear(2, 1), random_states=False)
    CheckpointContent(epoch=0, step=0, extra={'note': 'first try'}, states=('model',))
    """
    objects = _named(model=model, optimizer=optimizer, schedule=schedule, loader=loader, **others)
    content = _read(path)
    saved = content["random_states"]
    if random_states and saved is not None:
        _check_random_states(saved, path)
    for name in objects:
        if name not in content:
            raise wrong_file(
                path,
                f"a state of {name!r}",
                f"states of {', '.join(key for key in content if key not in RESERVED) or 'nothing'}",
                f"leave {name} out, or pass a checkpoint that holds it",
            )
    if "model" in objects:
        _check_model(objects["model"], content["model"], path)
    if "schedule" in objects:
        _check_schedule(objects["schedule"], content["schedule"], path)
    if "optimizer" in objects:
        _check_optimizer(objects["optimizer"], content["optimizer"], path)
    _apply(objects, content, path)
    if random_states and saved is not None:
        _set_random_states(saved)
    states = tuple(key for key in content if key not in RESERVED)
    return CheckpointContent(content["epoch"], content["step"], content["extra"], states)


def _read(path: str | os.PathLike[str]) -> dict[str, Any]:
    arrays, notes = safetensors_format.read(path, checksum=CHECKSUM)
    if notes.get("format") != FORMAT or notes.get("version") != VERSION or "content" not in notes:
        raise wrong_file(
            path,
            f"a checkpoint of version {VERSION}",
            f"a safetensors file of format {notes.get('format')!a}, version {notes.get('version')!a}",
            "pass a file written by save_checkpoint, or load its arrays with nn.load_safetensors",
        )
    try:
        content = decode(notes["content"], arrays)
    except ValueError as error:
        raise wrong_file(path, "a description of the states in JSON", f"another one ({error})") from None
    counts = [content.get(name) for name in ("epoch", "step")] if isinstance(content, dict) else [None]
    if any(type(count) is not int for count in counts) or not content.keys() >= set(RESERVED):
        raise wrong_file(path, "epoch, step and random states", "a checkpoint without them")
    return content


# -- the objects -----------------------------------------------------------------------------------


def _apply(objects: Mapping[str, Any], content: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Load every object's state, or none."""
    before: list[tuple[Any, Any]] = []
    try:
        for name, each in objects.items():
            before.append((each, each.state_dict()))
            each.load_state_dict(content[name])
            _check_groups(each)
    except BaseException as error:
        for each, state in reversed(before):
            each.load_state_dict(state)
        if name == "model" or not isinstance(error, Exception) or isinstance(error, ValueError):
            error.add_note(f"This came from loading {name} from {os.fspath(path)}. Nothing was changed.")
            raise
        raise wrong_file(path, f"a state that fits {name}", f"another one ({type(error).__name__}: {error})") from error


def _check_groups(optimizer: Any) -> None:
    """Have an optimizer check the hyper-parameters that it was given."""
    check = getattr(optimizer, "check", None)
    if check is not None:
        for group in getattr(optimizer, "param_groups", ()):
            check(group)


def _check_model(model: Any, state: Any, path: str | os.PathLike[str]) -> None:
    if not isinstance(state, dict) or not all(isinstance(value, np.ndarray) for value in state.values()):
        raise wrong_file(path, "arrays in the state of the model", "something else")
    check_kinds(model, state, os.fspath(path))


def _check_optimizer(optimizer: Any, state: Any, path: str | os.PathLike[str]) -> None:
    """Check what an optimizer would take as it is: the form of its groups and of its state."""
    own = optimizer.state_dict()
    try:
        groups = state["param_groups"]
        good = len(groups) == len(own["param_groups"]) and isinstance(state["state"], dict)
        for group, mine in zip(groups, own["param_groups"]):
            good &= group.keys() >= mine.keys() and all(_alike(group[key], value) for key, value in mine.items())
        numbers = [number for group in own["param_groups"] for number in group["params"]]
        for number, entries in state["state"].items():
            good &= number in numbers and all(isinstance(name, str) for name in entries)
            good &= isinstance(entries.get("step", 0), np.ndarray) or _is_count(entries.get("step", 0))
    except (TypeError, LookupError, AttributeError):
        good = False
    if not good:
        raise wrong_file(
            path,
            f"the state of {type(optimizer).__name__} with these parameters",
            "that of another optimizer, or of other parameters",
            "make the optimizer that was saved, from the same model",
        )


def _check_schedule(schedule: Any, state: Any, path: str | os.PathLike[str]) -> None:
    if not same_form(state, schedule.state_dict()):
        raise wrong_file(
            path,
            f"the state of the schedule {type(schedule).__name__}",
            "that of another one",
            "make the schedule that was saved",
        )


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and value >= 0


def _alike(value: Any, own: Any) -> bool:
    """Whether a hyper-parameter is of the kind that stands there now."""
    if isinstance(own, bool) or isinstance(value, bool):
        return isinstance(own, bool | None) and isinstance(value, bool | None)
    if isinstance(own, int | float):
        return value is None or (isinstance(value, int | float) and math.isfinite(value))
    if isinstance(own, list | tuple):
        same = isinstance(value, list | tuple) and len(value) == len(own)
        return same and all(_alike(mine, its) for mine, its in zip(value, own))
    return own is None or type(value) is type(own)


# -- random generators -----------------------------------------------------------------------------


def _random_states() -> dict[str, Any]:
    return {
        "nn": generator_state(default_generator()),
        "python": random.getstate(),
        "numpy": np.random.get_state(legacy=False),  # noqa: NPY002 - programs that use the old generator resume too
    }


def _check_random_states(saved: Any, path: str | os.PathLike[str]) -> None:
    """Try the states out on generators of no importance."""
    try:
        set_generator_state(np.random.default_rng(0), saved["nn"], "nn.default_generator()")
        random.Random().setstate(saved["python"])
        np.random.RandomState(0).set_state(saved["numpy"])
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
        raise wrong_file(path, "the states of random generators", f"others ({error})") from None


def _set_random_states(saved: Mapping[str, Any]) -> None:
    set_generator_state(default_generator(), saved["nn"], "nn.default_generator()")
    random.setstate(saved["python"])
    np.random.set_state(saved["numpy"])  # noqa: NPY002
