"""Searches for the minimum along the line, where the next gradient is at right angles to the direction."""

from __future__ import annotations

import math

from .line import Found, Point
from .search import FALLS, AnyLine, LineSearch

__all__ = ["Bisection", "Bracketing", "Brent", "GoldenSection", "Secant"]

GOLDEN = (math.sqrt(5) - 1) / 2  # 0.618 ...: what is left of an interval in a step of the golden section
TINY = 1e-300


class Bracketing(LineSearch):
    """Initial bracketing: three steps a < b < c with f(b) < f(a) and f(b) ≤ f(c), and so a minimum between a and c.

    From the first step it goes on in growing strides while the function falls, or back towards 0 until it finds
    a point below the start. Alone, it is a search that is content with b.

    Args:
        limit: how many evaluations at most.

    Source: Press et al., "Numerical recipes", section 10.1, for the growth by the golden ratio.

    >>> import optim
    >>> result = optim.line_search.Bracketing().search(lambda t: (t - 10.0) ** 2)
    >>> low, high = result.bracket
    >>> low < 10 < high
    True
    """

    def __init__(self, limit: int = 100) -> None:
        self.limit = limit

    def triple(self, line: AnyLine, start: Point, step: float) -> tuple[Point, Point, Point] | str:
        """The points a, b, c, or what is the matter."""
        a, b = start, line.value(step)
        if not b.value < a.value:
            for _ in range(self.limit):
                c, b = b, line.value(b.step * (1 - GOLDEN))
                if b.value < a.value:
                    return a, b, c
            return "no lower point was found in this direction"
        for _ in range(self.limit):
            c = line.value(b.step + (b.step - a.step) / GOLDEN)
            if c.value == -math.inf:
                break
            if not c.value < b.value:
                return a, b, c
            a, b = b, c
        return FALLS

    def find(self, line: AnyLine, start: Point, step: float) -> Found:
        """Bracket a minimum."""
        triple = self.triple(line, start, step)
        if isinstance(triple, str):
            return Found(start, False, triple)
        return Found(triple[1], True, "a minimum is bracketed", (triple[0].step, triple[2].step))


def _wide(a: float, b: float, tolerance: float, middle: float) -> bool:
    """Whether an interval is longer than the tolerance, relative to where it lies."""
    return abs(b - a) > tolerance * abs(middle) + TINY


class GoldenSection(LineSearch):
    """Bracketing, then the golden section: each evaluation leaves 0.618 of the interval. Without derivatives.

    Args:
        tolerance: the length of the last interval, relative to the step. The position of a minimum is known to
            half as many digits as the function has, so that less than 1e-8 serves no purpose in double precision.
        limit: how many evaluations at most after the bracketing.

    Source: Kiefer, "Sequential minimax search for a maximum", 1953.

    >>> import math, optim
    >>> result = optim.line_search.GoldenSection().search(lambda t: math.exp(t) - 2.0 * t)
    >>> abs(result.step - math.log(2.0)) < 1e-7
    True
    """

    def __init__(self, tolerance: float = 1e-8, limit: int = 100) -> None:
        self.tolerance = tolerance
        self.limit = limit

    def find(self, line: AnyLine, start: Point, step: float) -> Found:
        """Bracket a minimum and divide the interval."""
        triple = Bracketing().triple(line, start, step)
        if isinstance(triple, str):
            return Found(start, False, triple)
        a, b, c = triple
        for _ in range(self.limit):
            if not _wide(a.step, c.step, self.tolerance, b.step):
                return Found(b, True, "the interval is small enough", (a.step, c.step))
            if c.step - b.step > b.step - a.step:
                x = line.value(b.step + (1 - GOLDEN) * (c.step - b.step))
                a, b, c = (b, x, c) if x.value < b.value else (a, b, x)
            else:
                x = line.value(b.step - (1 - GOLDEN) * (b.step - a.step))
                a, b, c = (a, x, b) if x.value < b.value else (x, b, c)
        return Found(b, False, f"the interval is still wide after {self.limit} divisions", (a.step, c.step))


class Brent(LineSearch):
    """Bracketing, then the minimum of the parabola through three points, or a golden section where that fails.

    Without derivatives, as sure as the golden section, and much faster on smooth functions.

    Args:
        tolerance: the length of the last interval, relative to the step; see ``GoldenSection``.
        limit: how many evaluations at most after the bracketing.

    Source: Brent, "Algorithms for minimization without derivatives", 1973, chapter 5.

    >>> import math, optim
    >>> result = optim.line_search.Brent().search(lambda t: math.exp(t) - 2.0 * t)
    >>> abs(result.step - math.log(2.0)) < 1e-7, result.evaluations < 20
    (True, True)
    """

    def __init__(self, tolerance: float = 1e-8, limit: int = 100) -> None:
        self.tolerance = tolerance
        self.limit = limit

    def find(self, line: AnyLine, start: Point, step: float) -> Found:
        """Bracket a minimum and close in on it."""
        triple = Bracketing().triple(line, start, step)
        if isinstance(triple, str):
            return Found(start, False, triple)
        low, best, high = triple[0].step, triple[1], triple[2].step
        second, third = sorted((triple[0], triple[2]), key=lambda point: point.value)
        move = before = high - low  # the last move and the one before it
        for _ in range(self.limit):
            x = best.step
            shortest = 0.5 * self.tolerance * abs(x) + TINY
            middle = 0.5 * (low + high)
            if abs(x - middle) <= 2 * shortest - 0.5 * (high - low):
                return Found(best, True, "the interval is small enough", (low, high))
            parabola = _vertex(best, second, third)
            if parabola is not None and abs(parabola - x) < 0.5 * abs(before) and low < parabola < high:
                before, move = move, parabola - x
                if parabola - low < 2 * shortest or high - parabola < 2 * shortest:
                    move = math.copysign(shortest, middle - x)
            else:
                before = (high if x < middle else low) - x
                move = (1 - GOLDEN) * before
            point = line.value(x + (move if abs(move) >= shortest else math.copysign(shortest, move)))
            if point.value <= best.value:
                low, high = (x, high) if point.step >= x else (low, x)
                best, second, third = point, best, second
            else:
                low, high = (point.step, high) if point.step < x else (low, point.step)
                if point.value <= second.value:
                    second, third = point, second
                elif point.value <= third.value:
                    third = point
        return Found(best, False, f"the interval is still wide after {self.limit} evaluations", (low, high))


def _vertex(x: Point, w: Point, v: Point) -> float | None:
    """Where the parabola through three points has its extremum."""
    r = (x.step - w.step) * (x.value - v.value)
    q = (x.step - v.step) * (x.value - w.value)
    denominator = 2 * (q - r)
    numerator = (x.step - v.step) * q - (x.step - w.step) * r
    if not math.isfinite(numerator) or not math.isfinite(denominator) or denominator == 0:
        return None
    return x.step - numerator / denominator


class _SlopeSearch(LineSearch):
    """A search for the zero of the slope between a point where the function falls and one beyond the minimum."""

    needs_slope = True

    def __init__(self, tolerance: float = 1e-8, limit: int = 100) -> None:
        self.tolerance = tolerance
        self.limit = limit

    def propose(self, left: Point, right: Point | None, before: Point, latest: Point, step: float) -> float:
        """The step to try next.

        Args:
            left: a point where the function falls, no higher than the start.
            right: a point beyond a minimum, if one is known.
            before, latest: the last two points evaluated.
            step: the first step.
        """
        raise TypeError(f"{type(self).__name__} defines no step")

    def find(self, line: AnyLine, start: Point, step: float) -> Found:
        """Look for the zero of the slope."""
        left, right, before, latest, best = start, None, start, start, start
        target = self.tolerance * abs(_slope(start))
        widths = [math.inf, math.inf]
        for _ in range(self.limit):
            t = self.propose(left, right, before, latest, step)
            if right is not None:
                width = right.step - left.step
                if width > 0.5 * widths[-2]:  # too slow
                    t = 0.5 * (left.step + right.step)
                widths.append(width)
                if not left.step < t < right.step:
                    return Found(best, True, "the interval cannot be divided further", (left.step, right.step))
            before, latest = latest, line.at(t)
            if latest.value == -math.inf:
                break
            if latest.value < best.value:
                best = latest
            if latest.value <= start.value and abs(_slope(latest)) <= target:
                return Found(latest, True, "the slope is nearly 0", right and (left.step, right.step))
            if _slope(latest) < 0 and latest.value <= start.value:
                left = latest
            else:
                right = latest
        if right is None:
            return Found(start, False, FALLS)
        message = f"the slope is not 0 yet after {self.limit} evaluations"
        return Found(best, False, message, (left.step, right.step))


def _slope(point: Point) -> float:
    """The slope; upwards where it is not a number, as beyond the edge of what the function is defined on."""
    slope = point.slope
    return math.inf if slope is None or math.isnan(slope) or point.value == math.inf else slope


class Bisection(_SlopeSearch):
    """The zero of the slope by halving: steps are doubled until the function rises, and then the interval is halved.

    Args:
        tolerance: the slope that counts as 0, relative to that at the start.
        limit: how many evaluations at most.

    Raises (when searching):
        TypeError: if the derivative is not known.

    >>> import autograd_core as ag, math, optim
    >>> result = optim.line_search.Bisection().search(lambda t: ag.exp(t) - 2.0 * t)
    >>> abs(result.step - math.log(2.0)) < 1e-7
    True
    """

    def propose(self, left: Point, right: Point | None, before: Point, latest: Point, step: float) -> float:
        """Twice as far, or the middle."""
        if right is None:
            return step if left.step == 0 else 2 * left.step
        return 0.5 * (left.step + right.step)


class Secant(_SlopeSearch):
    """The zero of the slope by secants: the line through the last two slopes, followed to 0.

    Where that leads out of the interval that holds the minimum, or too far, the interval is halved or the step
    doubled. Fast near a minimum, and exact in two steps on a parabola.

    Args:
        tolerance: the slope that counts as 0, relative to that at the start.
        limit: how many evaluations at most.

    Raises (when searching):
        TypeError: if the derivative is not known.

    Source: Shewchuk, "An introduction to the conjugate gradient method without the agonizing pain", 1994,
    section 14.2.

    >>> import autograd_core as ag, math, optim
    >>> result = optim.line_search.Secant().search(lambda t: ag.exp(t) - 2.0 * t)
    >>> abs(result.step - math.log(2.0)) < 1e-7, result.evaluations < 12
    (True, True)
    """

    def propose(self, left: Point, right: Point | None, before: Point, latest: Point, step: float) -> float:
        """Where the secant crosses 0, if that is a sensible place."""
        if latest.step == 0:
            return step
        change = _slope(latest) - _slope(before)
        crossing = latest.step - _slope(latest) * (latest.step - before.step) / change if change else math.nan
        if right is None:
            return crossing if left.step < crossing <= 10 * left.step else 2 * left.step
        return crossing if left.step < crossing < right.step else 0.5 * (left.step + right.step)
