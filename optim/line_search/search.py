"""``LineSearch``: what the searches have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograd_core.errors import explain

from ..checking import check_parameters, require_closure
from .line import Found, Line, LineSearchResult, ParameterLine, Point, Reflected

__all__ = ["LineSearch"]

AnyLine = Line | Reflected
FALLS = "the function falls without end"


class LineSearch:
    """Base class of the line searches.

    A search starts at step 0 and looks for a lower point of f(t) = E(θ + t d) among steps of one sign. It never
    ends at a worse point than it began with: where it finds no better one, it says so, and stays. NaN counts as
    infinitely high, and so does a ``ValueError`` of a function of one number beyond the start (``math.log(-1.0)``);
    −∞ is found by no search. What such a function warns of while it is searched (overflow ...) is not shown.

    The same object serves a function of one number, ``search(f)``, and a loss over parameters, ``along``.

    Attributes:
        needs_slope: whether it evaluates derivatives.

    >>> from optim.line_search import Found, LineSearch
    >>> class OneTrial(LineSearch):
    ...     def find(self, line, start, step):
    ...         return Found(line.value(step), True, "tried once")
    >>> OneTrial().search(lambda t: (t - 1.0) ** 2).success
    True
    """

    needs_slope = False

    def find(self, line: AnyLine, start: Point, step: float) -> Found:
        """The search itself, defined by subclasses.

        Args:
            line: what is searched.
            start: its point of step 0.
            step: the first step to try, positive.
        """
        raise TypeError(f"{type(self).__name__} defines no search")

    def search(
        self, f: Callable[[Any], Any], derivative: Callable[[float], Any] | None = None, *, step: float = 1.0
    ) -> LineSearchResult:
        """Search a function of one number, from 0.

        Args:
            f: the function. If it computes a Tensor from a Tensor, its derivative is known.
            derivative: its derivative, if ``f`` computes with plain numbers.
            step: the first step to try; a negative one searches to the left.

        Raises:
            ValueError: for a step of 0.
            TypeError: where a derivative is needed and there is none.
        """
        line = Line(f, derivative)
        return self.run(line, line.at(0.0) if self.needs_slope else line.value(0.0), step)

    def along(
        self, closure: Callable[[], Any], parameters: Iterable[Any], direction: Any = None, *, step: float = 1.0
    ) -> LineSearchResult:
        """Search the loss from the present parameters in one direction, and move them to what was found.

        Args:
            closure: computes the loss of the present parameters, calls ``backward``, and returns the loss.
            parameters: leaf Tensors.
            direction: a vector with a number for each of theirs; against the gradient, if not given.
            step: the first step to try.

        Raises:
            ValueError: for a step of 0, or a direction of another length.
            TypeError: without a closure.
        """
        name = f"{type(self).__name__}.along"
        require_closure(name, closure)
        parameters = list(parameters)
        check_parameters(name, parameters, [])
        line = ParameterLine(closure, parameters, direction)
        try:
            result = self.run(line, line.begin(), step)
        except BaseException:
            line.move(0.0)
            raise
        line.move(result.step)
        return result

    def run(self, line: Line, start: Point, step: float = 1.0) -> LineSearchResult:
        """Search a line whose start is evaluated already.

        Args:
            line: what is searched.
            start: its point of step 0, with its slope if ``needs_slope``.
            step: the first step to try.

        Raises:
            ValueError: for a step of 0.
        """
        if not step or not math.isfinite(step):
            raise ValueError(
                explain(
                    type(self).__name__,
                    expected="a finite first step other than 0",
                    got=f"step={step}",
                    remedy="pass step=1.0, say",
                )
            )
        if not math.isfinite(start.value):
            found = Found(start, False, "the function is not finite at the start")
        elif start.slope == 0:
            found = Found(start, True, "the slope is 0 at the start")
        elif start.slope is not None and not start.slope * step < 0:
            found = Found(start, False, "the function does not fall in this direction")
        elif step > 0:
            found = self.find(line, start, step)
        else:
            found = self.find(Reflected(line), Reflected.turn(start), -step)
            bracket = found.bracket and (-found.bracket[1], -found.bracket[0])
            found = found._replace(point=Reflected.turn(found.point), bracket=bracket)
        if found.point.value == -math.inf or not math.isfinite(found.point.step):
            found = Found(start, False, FALLS)
        success = found.point.value < start.value
        point = found.point if success else start
        return LineSearchResult(
            success=success,
            converged=found.converged,
            step=point.step,
            value=point.value,
            slope=point.slope,
            evaluations=line.evaluations,
            gradient_evaluations=line.gradient_evaluations,
            message=found.message,
            bracket=found.bracket,
            history=list(line.history),
            gradient=point.gradient,
        )

    def __repr__(self) -> str:
        settings: Mapping[str, Any] = vars(self)
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in settings.items())})"
