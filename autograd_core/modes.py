"""Contexts that change how operations are recorded: ``no_grad``, ``enable_grad`` and tracing.

Every context is local to its thread. The hot path of an operation asks one question only,
``modes.special``: how many unusual contexts are open in any thread. While it is 0, gradients are
recorded and nothing else is looked up, so the contexts cost nothing outside themselves.
"""

from __future__ import annotations

import threading
from contextlib import ContextDecorator
from typing import Any

special = 0
_lock = threading.Lock()


class _State(threading.local):
    """What is switched on in this thread."""

    def __init__(self) -> None:
        self.grad_enabled = True
        self.record_all = False
        self.anomaly: Any = None


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
        setattr(state, self._attribute, self.__dict__["_previous"].pop())
        with _lock:
            special -= 1


class no_grad(_Switch):
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


class enable_grad(_Switch):
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
    """Record or do not record, by a flag, for the length of the block.

    Args:
        enabled: whether operations are recorded inside the block.

    >>> import autograd_core as ag
    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> with ag.set_grad_enabled(False):
    ...     (x * 2).requires_grad
    False
    """

    _attribute = "grad_enabled"

    def __init__(self, enabled: bool) -> None:
        self._value = bool(enabled)


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
