"""Contexts that change how operations are recorded: ``no_grad``, ``enable_grad`` and tracing.

Every context is local to its thread. The hot path of an operation asks one question only,
``modes.special``: how many unusual contexts are open in any thread. While it is 0, gradients are
recorded and nothing else is looked up, so the contexts cost nothing outside themselves.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import ContextDecorator
from copy import copy
from typing import Any

special = 0
_lock = threading.Lock()
if hasattr(os, "register_at_fork"):  # a forked process must not inherit it locked: who would open it there?
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


class _State(threading.local):
    """What is switched on in this thread."""

    def __init__(self) -> None:
        self.grad_enabled = True
        self.off = False
        self.record_all = False
        self.anomaly: Any = None
        self.vectorization: Any = None


state = _State()


class _Switch(ContextDecorator):
    """Set one attribute of the thread's state for the length of a block or of a function call."""

    _attribute: str
    _value: Any

    def __enter__(self) -> Any:
        global special
        # A stack, because one object may be entered again while it is open (a decorated recursion).
        self.__dict__.setdefault("_previous", []).append(getattr(state, self._attribute))
        setattr(state, self._attribute, self._value)
        with _lock:
            special += 1
        return self

    def __exit__(self, *exception: object) -> None:
        global special
        previous = self.__dict__["_previous"].pop()
        if self._attribute == "grad_enabled":
            _set_grad_enabled(previous)
        else:
            setattr(state, self._attribute, previous)
        with _lock:
            special -= 1

    def _recreate_cm(self) -> Any:
        """A switch for one call of a decorated function, which several threads may call at once."""
        fresh = copy(self)
        fresh.__dict__.pop("_previous", None)
        return fresh


class _PlainSwitch(_Switch):
    """A switch without arguments, which may stand above a function with or without parentheses."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        switch = super().__new__(cls)
        return switch if function is None else switch(function)


class no_grad(_PlainSwitch):
    """Record nothing: results are constants, whatever their inputs require.

    Use it as a context (``with ag.no_grad():``) or as a decorator (``@ag.no_grad()``).

    >>> import autograd_core as ag
    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> with ag.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    _attribute = "grad_enabled"
    _value = False


class enable_grad(_PlainSwitch):
    """Record again inside a ``no_grad`` block.

    >>> import autograd_core as ag
    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> with ag.no_grad(), ag.enable_grad():
    ...     y = x * 2
    >>> y.requires_grad
    True
    """

    _attribute = "grad_enabled"
    _value = True


class set_grad_enabled(_Switch):
    """Record or do not record, by a flag: from here on, or for the length of a block or of a function.

    Args:
        enabled: whether operations are recorded.

    >>> import autograd_core as ag
    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> with ag.set_grad_enabled(False):
    ...     (x * 2).requires_grad
    False
    >>> switch = ag.set_grad_enabled(False)  # as a statement of its own it holds until the next one
    >>> (x * 2).requires_grad
    False
    >>> switch = ag.set_grad_enabled(True)
    """

    _attribute = "grad_enabled"

    def __init__(self, enabled: bool) -> None:
        self._value = bool(enabled)
        self._before: bool | None = state.grad_enabled
        _set_grad_enabled(self._value)

    def __enter__(self) -> Any:
        self._take_back()
        return super().__enter__()

    def __call__(self, func: Any) -> Any:
        self._take_back()
        return super().__call__(func)

    def _take_back(self) -> None:
        """It was no statement of its own, but the head of a block or a decorator."""
        if self._before is not None:
            _set_grad_enabled(self._before)
            self._before = None


def _set_grad_enabled(enabled: bool) -> None:
    global special
    state.grad_enabled = enabled
    if state.off == enabled:  # a thread that is switched off counts as one open context
        state.off = not enabled
        with _lock:
            special += 1 if state.off else -1


class record_all(_Switch):
    """Record operations on constants too, so that the whole program can be replayed or drawn.

    >>> import autograd_core as ag
    >>> with ag.record_all():
    ...     y = ag.tensor(2.0) * 3
    >>> y.primitive, y.requires_grad
    (<operation multiply>, False)
    """

    _attribute = "record_all"
    _value = True


def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread.

    >>> import autograd_core as ag
    >>> ag.is_grad_enabled()
    True
    """
    return state.grad_enabled
