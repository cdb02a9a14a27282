"""matplotlib's figures, made without pyplot: nothing is registered, and a notebook shows each of them once."""

from __future__ import annotations

import io
from functools import cache
from importlib import import_module
from typing import Any

from autograd_core.errors import explain

__all__ = ["figure_class"]


def figure_class(operation: str) -> Any:
    """matplotlib's Figure, which also knows how to show itself in a notebook where pyplot was not set up.

    Args:
        operation: who asks, for the error.

    Raises:
        ModuleNotFoundError: if matplotlib is not installed.
    """
    try:
        base = import_module("matplotlib.figure").Figure
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            explain(
                operation,
                expected="matplotlib, which draws the figure",
                got=f"no module {error.name}",
                remedy="pip install matplotlib, or autograd-core[training], which has it among others",
            ),
            name=error.name,
        ) from None
    return _showing_itself(base)


@cache
def _showing_itself(base: Any) -> Any:
    return type("Figure", (base,), {"__module__": __name__, "_repr_png_": _as_png})


def _as_png(figure: Any) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=100)
    return content.getvalue()
