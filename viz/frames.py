"""The variables of functions that run, read without a trace."""

from __future__ import annotations

import sys
from inspect import CO_OPTIMIZED
from types import FrameType
from typing import Any


def variables(frame: FrameType) -> dict[str, Any]:
    """Name -> value of the variables of a function that runs.

    Up to Python 3.12 a frame keeps the dict that ``f_locals`` hands out, and with it everything that was in a
    variable at that moment, until the function returns. It is emptied here, unless somebody else holds it too
    (``locals()`` gives the same one), or it is the module's own.

    >>> def function():
    ...     x = 3
    ...     return variables(sys._getframe())
    >>> function()
    {'x': 3}
    """
    snapshot = frame.f_locals
    found = dict(snapshot)
    optimized = frame.f_code.co_flags & CO_OPTIMIZED
    if optimized and isinstance(snapshot, dict) and sys.getrefcount(snapshot) <= 3:  # frame, variable, argument
        snapshot.clear()
    return found


def named(frame: FrameType) -> dict[str, Any]:
    """Name -> value of the variables of a function that runs, and behind them of the global ones that it uses."""
    found = variables(frame)
    for name in frame.f_code.co_names:
        if name in frame.f_globals:
            found.setdefault(name, frame.f_globals[name])
    return found
