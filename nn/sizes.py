"""Sizes given once for all spatial axes, or once per axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.errors import explain


def per_axis(value: Any, axes: int, operation: str, argument: str, least: int = 0) -> tuple[int, ...]:
    """``value`` as a tuple of ``axes`` integers: one integer stands for all axes.

    Args:
        value: an integer, or a sequence of one or of ``axes`` integers.
        axes: how many there are.
        operation: who asks, for the error.
        argument: which argument this is, for the error.
        least: the smallest integer allowed.

    Raises:
        TypeError: for something else than integers.
        ValueError: for another number of them, or one that is too small.
    """
    given = tuple(value) if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) else (value,)
    if not all(isinstance(size, int | np.integer) and not isinstance(size, bool) for size in given):
        raise TypeError(
            explain(
                operation,
                expected=f"{argument} to be an integer or {axes} of them",
                got=repr(value),
                remedy=f"pass {argument}={max(1, least)}, say",
            )
        )
    if len(given) not in (1, axes) or any(size < least for size in given):
        raise ValueError(
            explain(
                operation,
                expected=f"{argument} to be one integer or {axes}, none below {least}",
                got=repr(value),
                remedy=f"pass {argument}={max(1, least)}, say",
            )
        )
    sizes = tuple(int(size) for size in given)
    return sizes * axes if len(sizes) == 1 else sizes


def check_integer(operation: str, argument: str, value: Any, least: int | None = None) -> None:
    """Refuse what is no integer (a truth value is none), or is too small.

    Raises:
        TypeError: for something else than an integer.
        ValueError: for one below ``least``.
    """
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise TypeError(
            explain(operation, expected=f"{argument} to be an integer", got=repr(value), remedy="pass an int")
        )
    if least is not None and value < least:
        raise ValueError(
            explain(operation, expected=f"{argument} of at least {least}", got=str(value), remedy=f"change {argument}")
        )


def check_number(operation: str, argument: str, value: Any) -> None:
    """Refuse what is no real number: strings, lists, truth values, and NaN.

    Raises:
        TypeError: for something else than a number.
        ValueError: for NaN.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(
            explain(operation, expected=f"{argument} to be a number", got=repr(value), remedy="pass a float")
        )
    if value != value:
        raise ValueError(
            explain(
                operation,
                expected=f"{argument} to be a number",
                got="NaN",
                remedy=f"look where {argument} comes from",
            )
        )


def as_number(operation: str, argument: str, value: Any) -> float:
    """A real number as a float; an array of one number without axes is one.

    Raises:
        TypeError: for something else.
        ValueError: for NaN.
    """
    if type(value) is not float or value != value:
        if getattr(value, "ndim", None) != 0:
            check_number(operation, argument, value)
        return float(value)
    return value
