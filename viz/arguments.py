"""What the functions of this package have to say about arguments that are none of those they take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.errors import explain


def one_of(operation: str, argument: str, value: Any, known: Sequence[str]) -> None:
    """Check that an argument is one of the words that are known.

    >>> one_of("draw", "theme", "blue", ("light", "dark"))
    Traceback (most recent call last):
    ValueError: draw: expected theme='light' or 'dark', got theme='blue'. To mend it: pass one of these.
    """
    if not isinstance(value, str) or value not in known:
        expected = f"{argument}={' or '.join(map(repr, known))}"
        raise ValueError(explain(operation, expected=expected, got=f"{argument}={value!r}", remedy="pass one of these"))


def from_one_on(operation: str, argument: str, value: Any, remedy: str) -> None:
    """Check that an argument is a whole number from 1 on.

    >>> from_one_on("draw", "digits", -1, "say how many significant digits to show")
    Traceback (most recent call last):
    ValueError: draw: expected digits=1 or a larger whole number, got digits=-1. To mend it: say how many ...
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
        expected = f"{argument}=1 or a larger whole number"
        raise ValueError(explain(operation, expected=expected, got=f"{argument}={value!r}", remedy=remedy))
