"""``nn.explicit()``: record a joint operation as the elementary operations that it consists of."""

from __future__ import annotations

import os
import threading
from contextlib import ContextDecorator
from typing import Self

__all__ = ["explicit"]


class _State(threading.local):
    depth = 0


_state = _State()
_open = 0  # how many such contexts are open in all threads: while it is 0, nothing else is looked up
_lock = threading.Lock()
if hasattr(os, "register_at_fork"):  # a forked process must not inherit it locked: who would open it there?
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


class explicit(ContextDecorator):
    """Within this context, layers record elementary operations instead of joint ones.

    A joint operation, such as ``cross_entropy`` or ``layer_norm``, is one node with a rule of its own:
    faster, and one box in a picture. In this context it is written out in its parts, with equal values
    and gradients, so that every step of it can be seen. Use it as a context or as a decorator.

    >>> import autograd_core as ag
    >>> import nn
    >>> from nn import functional as F
    >>> x = ag.tensor([[2.0, 0.0]], requires_grad=True)
    >>> len(ag.Graph(F.cross_entropy(x, [0])).operations)
    1
    >>> with nn.explicit():
    ...     len(ag.Graph(F.cross_entropy(x, [0])).operations) > 1
    True
    """

    def __enter__(self) -> Self:
        global _open
        _state.depth += 1
        with _lock:
            _open += 1
        return self

    def __exit__(self, *exception: object) -> None:
        global _open
        _state.depth -= 1
        with _lock:
            _open -= 1


def wants_parts() -> bool:
    """Whether joint operations are to be recorded in their parts: asked by every one of them."""
    return _open > 0 and _state.depth > 0
