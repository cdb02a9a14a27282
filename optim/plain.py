"""State as plain data: numbers, strings, arrays, and lists, tuples and dicts of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["as_number", "as_plain_number", "plain"]


def as_number(loss: Any) -> float:
    """A loss as a Python number, whether it is a Tensor or not."""
    return float(loss.item() if hasattr(loss, "item") else loss)


def as_plain_number(value: Any) -> Any:
    """A Python number for an array or Tensor of no axes; any other value as it is."""
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else value


def plain(value: Any) -> Any:
    """A copy that shares no array with ``value``.

    Tensors, of whatever library, become arrays, and those that hold a single number become that number.
    """
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(entry) for entry in value)
    if isinstance(value, np.ndarray):
        return np.array(value)
    if hasattr(value, "detach"):
        array = np.array(value.detach().numpy())
        return array.item() if array.ndim == 0 else array
    return value
