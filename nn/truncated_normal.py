"""Draws from the normal distribution between two bounds, without its inverse function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np


def truncated_normal(source: np.random.Generator, low: float, high: float, count: int) -> Any:
    """``count`` draws of the standard normal distribution that lie in [low, high].

    Candidates are drawn from a distribution that is simple and nowhere much smaller, and thinned out to
    the right shape: normal ones where much of the distribution lies between the bounds, exponential ones
    beyond a bound in the tail, uniform ones between bounds that are close.

    Source: Robert, "Simulation of truncated normal variables", 1995.
    """
    if high < 0:
        return -truncated_normal(source, -high, -low, count)
    rate = (low + math.sqrt(low * low + 4)) / 2 if low > 0 else 0.0
    if low > 0 and (high - low) * rate > 1:
        candidates: Callable[[int], Any] = lambda n: _tail(source, low, rate, n)
    elif low <= 0 and high - low > math.sqrt(2 * math.pi):
        candidates = source.standard_normal
    else:
        candidates = lambda n: _between(source, low, high, n)
    draws = np.empty(count)
    done = 0
    while done < count:
        found = candidates(2 * (count - done) + 16)
        found = found[(found >= low) & (found <= high)][: count - done]
        draws[done : done + len(found)] = found
        done += len(found)
    return draws


def _tail(source: np.random.Generator, low: float, rate: float, n: int) -> Any:
    x = low + source.exponential(1 / rate, n)
    return x[source.random(n) <= np.exp(-((x - rate) ** 2) / 2)]


def _between(source: np.random.Generator, low: float, high: float, n: int) -> Any:
    x = source.uniform(low, high, n)
    top = max(low, 0.0)  # where the density is largest
    return x[source.random(n) <= np.exp((top * top - x * x) / 2)]
