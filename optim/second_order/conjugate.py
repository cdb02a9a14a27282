"""Methods that need a direction and a line search: conjugate gradients, and a preconditioned gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd_core import Tensor, enable_grad, gradients
from autograd_core.errors import explain

from ..checking import require, require_at_least_zero, require_choice, require_closure
from ..line_search.inexact import StrongWolfe
from ..line_search.line import ParameterLine, Point
from ..line_search.search import LineSearch
from ..optimizer import Group
from ..plain import as_number
from .base import SecondOrder
from .results import StepReport

__all__ = ["ConjugateGradient", "Preconditioned"]


def fletcher_reeves(g: Any, before: Any, d: Any) -> float:
    """|g|² / |g₋|² (Fletcher and Reeves, 1964)."""
    return float(g @ g) / float(before @ before)


def polak_ribiere(g: Any, before: Any, d: Any) -> float:
    """max(0, gᵀ(g − g₋) / |g₋|²) (Polak and Ribière, 1969; Powell, 1986)."""
    return max(0.0, float(g @ (g - before)) / float(before @ before))


def hager_zhang(g: Any, before: Any, d: Any) -> float:
    """(y − 2 d |y|²/dᵀy)ᵀ g / dᵀy with y = g − g₋, not below −1 / (|d| min(0.01, |g₋|)) (Hager and Zhang, 2005)."""
    y = g - before
    product = float(d @ y)
    if product == 0:
        return 0.0
    beta = float((y - 2 * d * (float(y @ y) / product)) @ g) / product
    return max(beta, -1 / (float(np.linalg.norm(d)) * min(0.01, float(np.linalg.norm(before)))))


def _length(vector: Any) -> float:
    """|v|, also where the squares of its numbers are too large or too small for floats."""
    largest = float(np.abs(vector).max(initial=0.0))
    return largest * float(np.linalg.norm(vector / largest)) if largest else 0.0


FORMULAS = {"fletcher-reeves": fletcher_reeves, "polak-ribiere": polak_ribiere, "hager-zhang": hager_zhang}


def with_gradients(closure: Callable[[], Any], parameters: list[Any], name: str) -> Callable[[], Any]:
    """The closure, setting ``.grad`` to the gradient of the loss that it returns, whether it calls backward or not."""

    def differentiated() -> Any:
        loss = closure()
        if not isinstance(loss, Tensor) or loss.size != 1 or not loss.requires_grad:
            raise ValueError(
                explain(
                    name,
                    expected="the loss, a Tensor with one number and a graph, from the closure",
                    got=repr(loss),
                    remedy="return the loss, computed from the parameters with Tensors",
                )
            )
        for parameter, gradient in zip(parameters, gradients(loss, parameters, allow_unused=True)):
            parameter.grad = gradient
        return loss

    return differentiated


class LineMethod(SecondOrder):
    """Base class of the methods that search a line: one ``step`` makes up to ``max_iter`` searches."""

    evaluations = 0
    line_search: LineSearch | None

    def _require_search(self) -> None:
        if self.line_search is not None and not isinstance(self.line_search, LineSearch):
            raise TypeError(
                explain(
                    type(self).__name__,
                    expected="a line search",
                    got=type(self.line_search).__name__,
                    remedy="pass an object of optim.line_search",
                )
            )

    def _start(self, closure: Callable[[], Any]) -> tuple[Any, Point, bool]:
        """The loss, the point where a step begins, and whether it is finite."""
        with enable_grad(), np.errstate(all="ignore"):
            loss = closure()
            gradient = self.vector.gradient()
        self.evaluations += 1
        return loss, Point(0.0, as_number(loss), None, gradient), self._finite_start(loss._data, gradient)

    def _search_line(self, closure: Callable[[], Any], start: Point, d: Any, rate: float, search: Any) -> Point:
        """Search from the start, move there, and report."""
        g = start.gradient
        slope = float(g @ d)
        report = StepReport(start.value, accepted=False, trials=0, gradient_norm=float(np.abs(g).max(initial=0.0)))
        line = ParameterLine(closure, self.vector.parameters, d)
        try:
            found = search.run(line, start._replace(slope=slope), rate)
        except BaseException:
            line.move(0.0)
            raise
        line.move(found.step)
        self.evaluations += line.evaluations
        report.accepted, report.trials, report.rate = found.success, line.evaluations, found.step
        report.loss, report.reduction = found.value, start.value - found.value
        report.step = found.step * d
        report.step_norm, report.message = float(np.linalg.norm(report.step)), found.message
        self.report = report
        if not found.success:
            return start
        gradient = found.gradient
        if gradient is None:
            with enable_grad():
                closure()
            self.evaluations += 1
            gradient = self.vector.gradient()
        return Point(0.0, found.value, None, gradient)


class ConjugateGradient(LineMethod):
    """Nonlinear conjugate gradients: every direction keeps something of the one before.

        d ← −∇E + β d,   θ ← θ + t d

    with t from a line search, and β by one of three formulas (g the gradient, g₋ the one before, y = g − g₋):

        "fletcher-reeves"   |g|² / |g₋|²
        "polak-ribiere"     max(0, gᵀy / |g₋|²)   (Polak–Ribière+)
        "hager-zhang"       (y − 2 d |y|²/dᵀy)ᵀ g / dᵀy, bounded below

    On a quadratic function with exact line searches all are the linear method, which ends after n steps. A
    direction that does not lead downhill, and every one after ``restart`` steps, is replaced by −∇E. The closure of
    ``step`` returns the loss; it need not call ``backward``, but may; ``.grad`` is set in any case.

    Args:
        params: Tensors, or pairs (name, Tensor); they form one group.
        formula: see above.
        line_search: an object of ``optim.line_search``; ``StrongWolfe(c2=0.1)``, if not given.
        restart: after how many steps to begin anew; never, if not given.
        max_iter: how many iterations a ``step`` makes; the gradient found by one line search serves the next.
        tolerance_grad: a ``step`` ends when no number of the gradient is larger.
        nonfinite: what to do at a start that is not finite: ``"raise"`` an error, or ``"skip"`` the step and count
            it in ``skipped_steps``.

    Attributes:
        report: a ``StepReport`` of the last iteration; ``rate`` is t.

    Raises:
        ValueError: for hyper-parameters out of range.
        TypeError: in ``step``, without a closure.
        FloatingPointError: in ``step``, at a start that is not finite. The parameters stay as they are.

    Source: Fletcher and Reeves, 1964; Polak and Ribière, 1969; Hager and Zhang, "A new conjugate gradient method
    with guaranteed descent and an efficient line search", 2005.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor([-1.2, 1.0], requires_grad=True)
    >>> optimizer = optim.ConjugateGradient([x], "polak-ribiere", max_iter=100)
    >>> loss = optimizer.step(lambda: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2)
    >>> x.detach().numpy().round(4)
    array([1., 1.])
    """

    def __init__(
        self,
        params: Iterable[Any],
        formula: str = "hager-zhang",
        line_search: LineSearch | None = None,
        restart: int | None = None,
        max_iter: int = 1,
        tolerance_grad: float = 1e-7,
        *,
        nonfinite: str = "raise",
    ) -> None:
        self.line_search = StrongWolfe(c2=0.1) if line_search is None else line_search
        self._require_search()
        defaults = dict(formula=formula, restart=restart, max_iter=max_iter, tolerance_grad=tolerance_grad)
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        name = type(self).__name__
        require_choice(name, "formula", group["formula"], tuple(FORMULAS))
        require(name, group, "max_iter", lambda value: value >= 1, "max_iter of at least 1")
        require(name, group, "restart", lambda value: value is None or value >= 1, "restart of at least 1")
        require_at_least_zero(name, group, "tolerance_grad")

    @np.errstate(all="ignore")  # a product that overflows leads to a search that fails, and says so
    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        name = f"{type(self).__name__}.step"
        closure = with_gradients(require_closure(name, closure), self.vector.parameters, name)
        group, memory = self.param_groups[0], self._memory()
        loss, point, finite = self._start(closure)
        if not finite:
            return loss
        for iteration in range(group["max_iter"]):
            g = point.gradient
            largest = float(np.abs(g).max(initial=0.0))
            if largest <= group["tolerance_grad"]:
                if iteration == 0:
                    self.report = StepReport(point.value, accepted=False, trials=0, gradient_norm=largest)
                    self.report.message = "the gradient is small enough"
                break
            d, rate = self._direction(g, memory)
            found = self._search_line(closure, point, d, rate, self.line_search)
            assert self.report is not None
            if found is point and memory["since"]:  # try once more, straight against the gradient
                memory["since"], d = 0, -g
                found = self._search_line(closure, point, d, 1 / max(1.0, _length(g)), self.line_search)
            memory.update(direction=d, gradient=g, rate=self.report.rate, slope=float(g @ d))
            memory["since"] += 1
            if found is point:
                memory.clear()
                break
            memory["step"] = memory.get("step", 0) + 1
            point = found
        return loss

    def _direction(self, g: Any, memory: dict[str, Any]) -> tuple[Any, float]:
        """The direction, and the first step to try: one that promises the fall of the step before."""
        size = _length(g)
        if "direction" not in memory or memory["since"] == self.param_groups[0]["restart"]:
            memory["since"] = 0
            return -g, 1 / max(1.0, size)
        before = memory["direction"]
        d = FORMULAS[self.param_groups[0]["formula"]](g, memory["gradient"], before) * before - g
        if not float(g @ d) < -1e-10 * size * _length(d):
            memory["since"], d = 0, -g
        slope = float(g @ d)
        rate = memory["rate"] * memory["slope"] / slope if slope else 1.0
        return d, rate if np.isfinite(rate) and rate > 0 else 1.0


class Preconditioned(LineMethod):
    """Descent along a gradient that a matrix has turned and stretched:

        θ ← θ − t G ∇E

    With G = I it is gradient descent, with the inverse Hessian Newton's method; whatever is known of the problem may
    stand between. t is ``lr``, or what a line search finds from there.

    Args:
        params: Tensors, or pairs (name, Tensor); they form one group of n numbers.
        G: a matrix of shape (n, n), a diagonal of shape (n,), or a function that takes the gradient as a vector of
            shape (n,) and returns G times it.
        lr: t.
        line_search: an object of ``optim.line_search``; then ``step`` needs a closure.
        nonfinite: ``"raise"`` or ``"skip"``, for a gradient that is not finite.

    Attributes:
        report: a ``StepReport`` of the last step.

    Raises:
        ValueError: for a matrix of another shape; in ``step``, where −G ∇E does not lead downhill. The parameters
            stay as they are.
        FloatingPointError: in ``step``, for a gradient that is not finite.

    >>> import autograd_core as ag, numpy as np, optim
    >>> x = ag.tensor([5.0, 5.0], requires_grad=True)
    >>> optimizer = optim.Preconditioned([x], G=np.array([1.0, 0.01]))
    >>> loss = optimizer.step(lambda: 0.5 * (x[0] ** 2 + 100 * x[1] ** 2))
    >>> x
    tensor([0., 0.], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        G: Any,
        lr: float = 1.0,
        line_search: LineSearch | None = None,
        *,
        nonfinite: str = "raise",
    ) -> None:
        self.line_search = line_search
        self.needs_closure = line_search is not None
        self._require_search()
        super().__init__(params, dict(lr=lr), nonfinite=nonfinite)
        count = len(self.vector.values())
        self.G = G if callable(G) else np.asarray(G, dtype=float)
        if not callable(G) and self.G.shape not in ((count,), (count, count)):
            raise ValueError(
                explain(
                    "Preconditioned",
                    expected=f"G of shape ({count},) or ({count}, {count})",
                    got=f"shape {self.G.shape}",
                    remedy="G acts on all parameters as one vector",
                )
            )

    @np.errstate(all="ignore")
    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is None and self.line_search is None:
            point = Point(0.0, float("nan"), None, self.vector.gradient())
            finite = self._finite_start(point.gradient)
        else:
            name = "Preconditioned.step"
            closure = with_gradients(require_closure(name, closure), self.vector.parameters, name)
            loss, point, finite = self._start(closure)
        if not finite:
            return loss
        g = point.gradient
        d = -self._turned(g)
        largest = float(np.abs(g).max(initial=0.0))
        slope = float(g / (largest or 1.0) @ d)  # which neither overflows nor underflows
        if not slope < 0 and g.any():
            raise ValueError(
                explain(
                    "Preconditioned.step",
                    expected="a direction that leads downhill",
                    got=f"-G times the gradient, with the slope {slope * largest:.3g}",
                    remedy="pass a positive definite G",
                )
            )
        rate = float(self.param_groups[0]["lr"])
        if self.line_search is not None and closure is not None:
            self._search_line(closure, point, d, rate, self.line_search)
        else:
            self.vector.assign(self.vector.values() + rate * d)
            norm = float(np.linalg.norm(rate * d))
            self.report = StepReport(point.value, step=rate * d, step_norm=norm, rate=rate, gradient_norm=largest)
        return loss

    def _turned(self, g: Any) -> Any:
        if callable(self.G):
            turned = np.asarray(self.G(g))
            if turned.shape != g.shape:
                raise ValueError(
                    explain(
                        "Preconditioned.step",
                        expected=f"a vector of shape {g.shape} from G",
                        got=f"shape {turned.shape}",
                        remedy="G takes the gradient of all parameters as one vector",
                    )
                )
            return turned
        return self.G * g if self.G.ndim == 1 else self.G @ g
