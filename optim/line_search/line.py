"""A function along a line, evaluated by count, and what a search along it found."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from autograd_core import Tensor, enable_grad
from autograd_core.errors import explain

from ..checking import check_backward
from ..plain import as_number
from ..vector import ParameterVector

__all__ = ["Found", "Line", "LineSearchResult", "ParameterLine", "Point", "Reflected"]


class Point(NamedTuple):
    """A point of a line that was evaluated.

    Attributes:
        step: how far it is from the start, in units of the direction.
        value: of the function there; infinity where it is NaN.
        slope: the derivative along the line, or ``None`` where it was not asked for.
        gradient: of all parameters as a vector, for a line in the space of parameters.

    >>> import optim
    >>> optim.line_search.Point(1.0, 0.5).slope is None
    True
    """

    step: float
    value: float
    slope: float | None = None
    gradient: Any = None


class Found(NamedTuple):
    """What ``LineSearch.find`` returns.

    Attributes:
        point: the best point.
        converged: whether it is what the search is after.
        message: what happened, in words.
        bracket: two steps with a minimum between them, where the search knows such.

    >>> from optim.line_search import Found, Point
    >>> Found(Point(1.0, 0.5), True, "low enough").converged
    True
    """

    point: Point
    converged: bool
    message: str
    bracket: tuple[float, float] | None = None


@dataclass
class LineSearchResult:
    """What a line search found, as plain data.

    Attributes:
        success: whether a lower point than the start was found; if not, ``step`` is 0.
        converged: whether the point has what the search is after (a slope of nearly 0, the Wolfe conditions ...).
        step: how far to go.
        value: the function there.
        slope: its derivative there, if the search computes derivatives.
        evaluations: how often the function was evaluated.
        gradient_evaluations: how often with its derivative.
        message: what happened, in words.
        bracket: two steps with a minimum between them, where the search knows such.
        history: the points in the order of their evaluation, as tuples (step, value).
        gradient: of all parameters at the point found, as a vector, for a line in the space of parameters.

    >>> import optim
    >>> result = optim.line_search.GoldenSection().search(lambda t: (t - 2.0) ** 2)
    >>> result.success, round(result.step, 5)
    (True, 2.0)
    """

    success: bool
    converged: bool
    step: float
    value: float
    slope: float | None
    evaluations: int
    gradient_evaluations: int
    message: str
    bracket: tuple[float, float] | None = None
    history: list[tuple[float, float]] = field(repr=False, default_factory=list)
    gradient: Any = field(repr=False, default=None)


class Line:
    """A function of one number, whose evaluations are counted.

    Args:
        f: a function of one number. If it computes a Tensor from a Tensor, its derivative is known.
        derivative: its derivative, if ``f`` computes with plain numbers.

    >>> import optim
    >>> line = optim.line_search.Line(lambda t: t * t)
    >>> line.at(3.0)
    Point(step=3.0, value=9.0, slope=6.0, gradient=None)
    >>> line.evaluations
    1
    """

    def __init__(self, f: Callable[[Any], Any], derivative: Callable[[float], Any] | None = None) -> None:
        self.f = f
        self.derivative = derivative
        self.history: list[tuple[float, float]] = []
        self.evaluations = 0
        self.gradient_evaluations = 0

    @property
    def scale(self) -> float:
        """How far a step of 1 moves a parameter at most."""
        return 1.0

    def value(self, step: float) -> Point:
        """The point without its slope."""
        return self._note(Point(step, self._evaluate(self.f, step)))

    def at(self, step: float) -> Point:
        """The point with its slope.

        Raises:
            TypeError: if there is no way to the derivative.
        """
        self.gradient_evaluations += 1
        if self.derivative is not None:
            value = self._evaluate(self.f, step)
            return self._note(Point(step, value, self._evaluate(self.derivative, step, math.nan)))
        t = Tensor(float(step), requires_grad=True)
        with enable_grad(), np.errstate(all="ignore"):
            result = self.f(t)
            if not isinstance(result, Tensor):
                raise TypeError(
                    explain(
                        "line search",
                        expected="a function that computes a Tensor from a Tensor, or its derivative",
                        got=f"{type(result).__name__} from the function and no derivative",
                        remedy="pass derivative=, or use a search without slopes: GoldenSection or Brent",
                    )
                )
            slope = 0.0
            if result.requires_grad:
                result.backward()
                slope = 0.0 if t.grad is None else float(t.grad)
        return self._note(Point(step, _finite_or(result.item(), math.inf), slope))

    @staticmethod
    def _evaluate(function: Callable[[Any], Any], step: float, otherwise: float = math.inf) -> float:
        try:
            with np.errstate(all="ignore"):
                return _finite_or(as_number(function(step)), otherwise)
        except (OverflowError, ZeroDivisionError):
            return otherwise
        except ValueError:  # what math.log and math.sqrt raise outside of their domain
            if step == 0:
                raise
            return otherwise

    def _note(self, point: Point) -> Point:
        self.evaluations += 1
        self.history.append((point.step, point.value))
        return point


def _finite_or(value: float, otherwise: float) -> float:
    """``otherwise`` in place of NaN."""
    return otherwise if math.isnan(value) else value


class ParameterLine(Line):
    """The loss on the line from the parameters' present values in one direction.

    Evaluating it moves the parameters there; ``move`` puts them where they are to stay.

    Args:
        closure: computes the loss of the present parameters, calls ``backward``, and returns the loss.
        parameters: leaf Tensors.
        direction: a vector with a number for each of theirs; against the gradient, if ``None``.

    >>> import autograd_core as ag, numpy as np, optim
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> def closure():
    ...     x.grad = None
    ...     loss = (x * x).sum()
    ...     loss.backward()
    ...     return loss
    >>> line = optim.line_search.ParameterLine(closure, [x], np.array([-1.0, -2.0]))
    >>> line.begin()[:3]
    (0.0, 5.0, -10.0)
    >>> line.at(0.5)[:3]
    (0.5, 1.25, -5.0)
    >>> line.move(1.0)
    >>> x
    tensor([0., 0.], requires_grad=True)
    """

    def __init__(self, closure: Callable[[], Any], parameters: Sequence[Any], direction: Any = None) -> None:
        super().__init__(lambda _: closure())
        self.vector = ParameterVector(parameters, "line search")
        self.start = self.vector.values()
        self.direction = direction

    def begin(self) -> Point:
        """The point of step 0.

        Raises:
            ValueError: for a direction of another length than the parameters have together, and for a closure that
                does not call ``backward``.
        """
        if self.direction is not None and self.direction.shape != self.start.shape:
            raise ValueError(
                explain(
                    "line search",
                    expected=f"a direction of shape {self.start.shape}",
                    got=f"shape {self.direction.shape}",
                    remedy="pass a vector with one number for every number of the parameters",
                )
            )
        start = self.at(0.0)
        check_backward("line search", self.vector.parameters)
        return start

    @property
    def scale(self) -> float:
        """The largest number in the direction."""
        return float(np.abs(self.direction).max(initial=0.0))

    def value(self, step: float) -> Point:
        """The same as ``at``: the closure computes the gradient anyway."""
        return self.at(step)

    def at(self, step: float) -> Point:
        """Move the parameters to the point and evaluate the closure there."""
        self.gradient_evaluations += 1
        self.move(step)
        with enable_grad(), np.errstate(all="ignore"):
            value = _finite_or(as_number(self.f(step)), math.inf)
            gradient = self.vector.gradient()
            if self.direction is None:
                self.direction = -gradient
            slope = float(gradient @ self.direction)
        return self._note(Point(step, value, slope, gradient))

    def move(self, step: float) -> None:
        """Put the parameters at a point of the line."""
        with np.errstate(all="ignore"):
            self.vector.assign(self.start + step * self.direction if step else np.array(self.start))


class Reflected:
    """A line seen from the other side: its step t is −t of the line.

    >>> import optim
    >>> line = optim.line_search.Line(lambda t: t * t + t)
    >>> optim.line_search.Reflected(line).at(1.0)[:3]
    (1.0, 0.0, 1.0)
    """

    def __init__(self, line: Any) -> None:
        self.line = line
        self.scale = line.scale

    def value(self, step: float) -> Point:
        """The point without its slope."""
        return self.turn(self.line.value(-step))

    def at(self, step: float) -> Point:
        """The point with its slope."""
        return self.turn(self.line.at(-step))

    @staticmethod
    def turn(point: Point) -> Point:
        """The same point, seen from the other side."""
        return point._replace(step=-point.step, slope=None if point.slope is None else -point.slope)
