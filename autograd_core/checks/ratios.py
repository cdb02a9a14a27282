"""Constant factors between two arrays, and what they may mean."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

__all__ = ["common_ratio", "describe_ratio", "is_simple"]


def common_ratio(mine: Any, right: Any, tolerance: float) -> float | None:
    """The number r with mine = r * right in every entry, or ``None`` if there is none (or if it is 1).

    Entries where both are zero do not count; at least one other entry is needed.
    """
    mine, right = np.asarray(mine), np.asarray(right)
    if mine.shape != right.shape or not np.isfinite(mine).all() or not np.isfinite(right).all():
        return None
    scale = float(np.max(np.abs(right), initial=0.0))
    used = np.abs(right) > 1e-9 * scale
    if scale == 0 or not used.any() or np.any(np.abs(mine[~used]) > tolerance * scale):
        return None
    # The largest entry is known best.
    largest = np.unravel_index(np.argmax(np.abs(right)), right.shape)
    ratio = mine[largest] / right[largest]
    if abs(np.imag(ratio)) > tolerance or abs(ratio) < 1e-12:
        return None
    ratio = float(np.real(ratio))
    if np.any(np.abs(mine - ratio * right) > tolerance * (np.abs(ratio * right) + 1e-6 * abs(ratio) * scale)):
        return None
    return None if abs(ratio - 1) <= tolerance else ratio


def is_simple(ratio: float, sizes: Mapping[int, str]) -> bool:
    """Whether a factor is a likely one: a sign, a small whole number or its inverse, or one of ``sizes``.

    >>> is_simple(-0.5, {}), is_simple(1.37, {})
    (True, False)
    """
    size = max(abs(ratio), 1 / abs(ratio))
    nearest = round(size)
    return abs(size - nearest) < 1e-4 * size and (nearest <= 4 or nearest in sizes)


def describe_ratio(ratio: float, sizes: Mapping[int, str]) -> str:
    """A factor in words, with what it usually comes from.

    Args:
        ratio: mine / right.
        sizes: lengths that may have been multiplied or divided by, with what they are.

    >>> describe_ratio(-1.0, {}), describe_ratio(0.5, {})
    ('the wrong sign', '1/2 of the right value')
    """
    if abs(ratio + 1) < 1e-4:
        return "the wrong sign"
    size = abs(ratio)
    sign = " and the wrong sign" if ratio < 0 else ""
    for n, what in sizes.items():  # two is as likely to come from a square
        if n > 2 and abs(size - n) < 1e-3 * n:
            return f"{n} times the right value{sign} ({n} is the length of {what}: a sum instead of a mean?)"
        if n > 2 and abs(size * n - 1) < 1e-3:
            return f"1/{n} of the right value{sign} ({n} is the length of {what}: a mean instead of a sum?)"
    fraction = Fraction(size).limit_denominator(64)
    if fraction and abs(float(fraction) - size) < 1e-4 * size:
        if fraction.numerator == 1:
            return f"1/{fraction.denominator} of the right value{sign}"
        return f"{fraction} times the right value{sign}"
    return f"{size:.6g} times the right value{sign}"
