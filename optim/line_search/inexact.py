"""Searches that are content with enough: Armijo's condition, Wolfe's conditions."""

from __future__ import annotations

import math

from ..checking import require
from .line import Found, Point
from .search import AnyLine, LineSearch

__all__ = ["Backtracking", "StrongWolfe"]


class Backtracking(LineSearch):
    """Shorter and shorter steps, until one of them lowers the function enough (Armijo's condition):

        f(t) ≤ f(0) + c₁ t f′(0)

    Args:
        c1: c₁, which part of the fall promised by the slope at the start is enough.
        factor: by how much a step is shortened.
        limit: how many steps are tried.

    Raises:
        ValueError: unless c₁ and factor are between 0 and 1.

    Raises (when searching):
        TypeError: if the derivative at the start is not known.

    Source: Armijo, "Minimization of functions having Lipschitz continuous first partial derivatives", 1966.

    >>> import optim
    >>> result = optim.line_search.Backtracking().search(lambda t: (t - 1.0) ** 2, step=4.0)
    >>> result.step, result.evaluations
    (1.0, 4)
    """

    needs_slope = True

    def __init__(self, c1: float = 1e-4, factor: float = 0.5, limit: int = 50) -> None:
        self.c1 = c1
        self.factor = factor
        self.limit = limit
        for key in ("c1", "factor"):
            require("Backtracking", vars(self), key, lambda value: 0 < value < 1, f"{key} between 0 and 1")

    def find(self, line: AnyLine, start: Point, step: float) -> Found:
        """Shorten the step."""
        slope = start.slope or 0.0
        for _ in range(self.limit):
            point = line.value(step)
            if -math.inf < point.value <= start.value + self.c1 * step * slope:
                return Found(point, True, "the function is low enough")
            step *= self.factor
        return Found(start, False, f"no step was low enough in {self.limit} trials")


class StrongWolfe(LineSearch):
    """A step that lowers the function enough and at which its slope is flat enough (the strong Wolfe conditions):

        f(t) ≤ f(0) + c₁ t f′(0),     |f′(t)| ≤ c₂ |f′(0)|

    First steps grow until two of them hold such a point between them; then the minimum of the cubic through
    their values and slopes is tried, and takes the place of one of them.

    Args:
        c1, c2: c₁ and c₂.
        tolerance_change: the search ends where no parameter would move by more than this.
        limit: how many evaluations at most after the first one.

    Raises:
        ValueError: unless 0 < c₁ < c₂ < 1.

    Raises (when searching):
        TypeError: if the derivative is not known.

    Source: Nocedal and Wright, "Numerical optimization", 2006, algorithms 3.5 and 3.6; with the settings and
    safeguards of PyTorch's LBFGS, so that both take the same steps.

    >>> import autograd_core as ag, optim
    >>> result = optim.line_search.StrongWolfe().search(lambda t: (t - 3.0) ** 2)
    >>> result.converged, round(result.step, 6)
    (True, 1.0)
    """

    needs_slope = True

    def __init__(self, c1: float = 1e-4, c2: float = 0.9, tolerance_change: float = 1e-9, limit: int = 25) -> None:
        self.c1 = c1
        self.c2 = c2
        self.tolerance_change = tolerance_change
        self.limit = limit
        require("StrongWolfe", vars(self), "c1", lambda value: 0 < value < c2, "c1 between 0 and c2")
        require("StrongWolfe", vars(self), "c2", lambda value: value < 1, "c2 below 1")

    def find(self, line: AnyLine, start: Point, step: float) -> Found:
        """Bracket a point that fulfils the conditions, and close in on it."""
        before, latest = start, line.at(step)
        for trial in range(self.limit):
            if not self._low_enough(start, latest) or (trial > 1 and latest.value >= before.value):
                return self._zoom(line, start, [before, latest], self.limit - trial)
            if self._flat_enough(start, latest):
                return Found(latest, True, "the strong Wolfe conditions hold")
            if not _slope(latest) < 0:
                return self._zoom(line, start, [before, latest], self.limit - trial)
            nearest, farthest = latest.step + 0.01 * (latest.step - before.step), 10 * latest.step
            step = cubic_minimum(before, latest, nearest, farthest)
            before, latest = latest, line.at(step)
        return self._give_up([start, latest])

    def _low_enough(self, start: Point, point: Point) -> bool:
        return -math.inf < point.value <= start.value + self.c1 * point.step * _slope(start)

    def _flat_enough(self, start: Point, point: Point) -> bool:
        return abs(_slope(point)) <= -self.c2 * _slope(start)

    def _zoom(self, line: AnyLine, start: Point, ends: list[Point], trials: int) -> Found:
        """Close in on a point between two ends, of which the lower one is low enough."""
        hesitated = False
        low, high = self._order(start, ends)
        for _ in range(trials):
            if abs(ends[1].step - ends[0].step) * line.scale < self.tolerance_change:
                break
            left, right = sorted(end.step for end in ends)
            step = cubic_minimum(ends[0], ends[1], left, right)
            margin = 0.1 * (right - left)
            if min(right - step, step - left) < margin:  # near an end: allowed once, unless it is the end itself
                if hesitated or step >= right or step <= left:
                    step = right - margin if abs(step - right) < abs(step - left) else left + margin
                    hesitated = False
                else:
                    hesitated = True
            else:
                hesitated = False

            point = line.at(step)
            if not self._low_enough(start, point) or point.value >= ends[low].value:
                ends[high] = point
                low, high = self._order(start, ends)
                continue
            if self._flat_enough(start, point):
                return Found(point, True, "the strong Wolfe conditions hold", (left, right))
            if _slope(point) * (ends[high].step - ends[low].step) >= 0:
                ends[high] = ends[low]
            ends[low] = point
        return self._give_up(ends)

    def _order(self, start: Point, ends: list[Point]) -> tuple[int, int]:
        """Which end is the better one: low enough, and the lower of two that are."""
        keys = [(not self._low_enough(start, end), end.value) for end in ends]
        return (0, 1) if keys[0] <= keys[1] else (1, 0)

    @staticmethod
    def _give_up(ends: list[Point]) -> Found:
        """The lower end, unless that is −∞."""
        best = min(ends, key=lambda end: (end.value == -math.inf, end.value))
        left, right = sorted(end.step for end in ends)
        return Found(best, False, "no point with the strong Wolfe conditions was found", (left, right))


def _slope(point: Point) -> float:
    return math.nan if point.slope is None else point.slope


def cubic_minimum(a: Point, b: Point, left: float, right: float) -> float:
    """Where the cubic through two values and slopes has its minimum, kept between two bounds.

    The middle of the bounds, where the cubic has no minimum or a value is not finite.
    """
    if a.step > b.step:
        a, b = b, a
    width = b.step - a.step
    tilt = _slope(a) + _slope(b) - 3 * (a.value - b.value) / (a.step - b.step)
    square = tilt * tilt - _slope(a) * _slope(b)
    if not 0 <= square < math.inf:
        return 0.5 * (left + right)
    root = math.sqrt(square)
    denominator = _slope(b) - _slope(a) + 2 * root
    if denominator == 0:
        return 0.5 * (left + right)
    step = b.step - width * ((_slope(b) + root - tilt) / denominator)
    return min(max(step, left), right) if math.isfinite(step) else 0.5 * (left + right)
