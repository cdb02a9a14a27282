"""Newton–Raphson, with the whole Hessian or by its products with vectors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd_core import Tensor, enable_grad
from autograd_core.errors import explain

from ..checking import require, require_at_least_zero, require_choice, require_closure
from ..optimizer import Group
from ..plain import as_number
from .base import SecondOrder
from .recorded import flat, hessian_of, product_with_hessian, recorded_gradient
from .results import StepReport
from .solving import Solution, safeguarded_solution

__all__ = ["Newton", "NewtonCG"]

Multiply = Callable[[int, Any], Any]


class LossMethod(SecondOrder):
    """Base class of the methods that differentiate the loss twice."""

    evaluations = 0  # of first derivatives, and
    products = 0  # of second derivatives, whole or times a vector
    enough = 0.0  # no step is made where no number of the gradient is larger

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        closure = require_closure(f"{type(self).__name__}.step", closure)
        params = self.vector.parameters
        with enable_grad(), np.errstate(all="ignore"):
            loss = self._checked(closure())
            recorded = recorded_gradient(loss, params)
            gradient = flat(recorded, params)
        self.evaluations += 1
        if not self._finite_start(loss._data, gradient):
            return loss
        start = self.vector.values()
        largest = float(np.abs(gradient).max(initial=0.0))
        report = StepReport(as_number(loss), accepted=False, trials=0, gradient_norm=largest)
        try:
            if largest <= self.enough:
                report.message = "the gradient is small enough"
            else:
                self._search(closure, start, gradient, recorded, report)
        finally:
            if not report.accepted:
                self.vector.assign(start)
        self.report = report
        return loss

    def _checked(self, loss: Any) -> Any:
        name = f"{type(self).__name__}.step"
        remedy = "return the loss, computed from the parameters with Tensors"
        expected = "the loss, a Tensor with one real number, from the closure"
        if not isinstance(loss, Tensor):
            raise TypeError(explain(name, expected=expected, got=type(loss).__name__, remedy=remedy))
        if loss.size != 1 or loss.dtype.kind != "f":
            raise ValueError(explain(name, expected=expected, got=f"{loss.dtype} of shape {loss.shape}", remedy=remedy))
        if not loss.requires_grad:
            raise ValueError(explain(name, expected=expected, got="a loss without a graph", remedy=remedy))
        return loss

    def _search(self, closure: Callable[[], Any], start: Any, gradient: Any, recorded: Any, report: Any) -> None:
        """Find a step, go there, and fill in the report."""
        raise TypeError(f"{type(self).__name__} defines no step")

    def _loss_at(self, closure: Callable[[], Any], values: Any) -> float:
        """The loss with other parameters; infinity where it is not finite."""
        self.vector.assign(values)
        with enable_grad(), np.errstate(all="ignore"):
            loss = as_number(closure())
        return loss if math.isfinite(loss) else math.inf

    def _try(self, closure: Callable[[], Any], start: Any, step: Any, promised: float, report: StepReport) -> float:
        """Go there; by how much the loss falls."""
        found = self._loss_at(closure, start + step)
        report.trials += 1
        report.step, report.step_norm = step, float(np.linalg.norm(step))
        report.reduction, report.promised = report.loss - found, promised
        report.gain_ratio = report.reduction / promised if promised > 0 else 0.0
        return report.reduction

    def _backtrack(
        self, closure: Callable[[], Any], start: Any, step: Any, slope: float, curvature: float, report: StepReport
    ) -> None:
        """Halve the step until it lowers the loss enough (Armijo's condition)."""
        report.rate = float(self.param_groups[0]["lr"])
        noise = 4 * np.finfo(float).eps * abs(report.loss)
        for _ in range(self.param_groups[0]["trials"]):
            promised = -report.rate * slope - 0.5 * report.rate**2 * curvature
            fall = self._try(closure, start, report.rate * step, promised, report)
            if fall >= -1e-4 * report.rate * slope or (promised <= noise and fall >= 0):
                report.loss -= fall
                report.accepted = True
                return
            report.rate *= 0.5
        report.reduction, report.message = 0.0, "no step lowered the loss"


class Newton(LossMethod):
    """Newton–Raphson: the minimum of the quadratic function with the same gradient and Hessian.

        θ ← θ − t (H + ε I)⁻¹ ∇E,   Hᵢₖ = ∂²E / ∂θᵢ∂θₖ

    by the Cholesky factors of H + ε I. Where they do not exist there is no minimum to go to: with
    ``on_indefinite="modify"`` eigenvalues take their absolute value (at least 10⁻⁸ of the largest), so that the step
    leads downhill and away from saddle points; with ``"raise"`` the step is refused. t is ``lr``, halved until the
    loss falls by at least 10⁻⁴ of what its slope promises. No step leaves a higher loss.

    The closure of ``step`` returns the loss; it need not call ``backward``, but may.

    Args:
        params: Tensors, or pairs (name, Tensor); they form one group. H has the square of their size.
        lr: t, which part of the full step is tried first.
        damping: ε.
        on_indefinite: ``"modify"`` or ``"raise"``.
        trials: how many steps are tried at most.
        nonfinite: what to do where loss or derivatives hold NaN or infinity: ``"raise"`` an error, or ``"skip"`` the
            step and count it in ``skipped_steps``.

    Attributes:
        report: a ``StepReport`` of the last step; its ``message`` says if H was not positive definite.

    Raises:
        ValueError: for hyper-parameters out of range; in ``step``, for a loss of another shape.
        TypeError: in ``step``, without a closure.
        FloatingPointError: in ``step``, at a start that is not finite, and for a Hessian that is not positive
            definite with ``on_indefinite="raise"``. The parameters stay as they are.

    Source: Nocedal and Wright, "Numerical optimization", 2006, section 3.4; absolute eigenvalues as in Dauphin
    et al., "Identifying and attacking the saddle point problem", 2014.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor([-1.2, 1.0], requires_grad=True)
    >>> optimizer = optim.Newton([x])
    >>> for _ in range(22):
    ...     loss = optimizer.step(lambda: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2)
    >>> x.detach().numpy().round(6)
    array([1., 1.])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        damping: float = 0.0,
        on_indefinite: str = "modify",
        trials: int = 30,
        *,
        nonfinite: str = "raise",
    ) -> None:
        defaults = dict(lr=lr, damping=damping, on_indefinite=on_indefinite, trials=trials)
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        require_at_least_zero("Newton", group, "damping")
        require_choice("Newton", "on_indefinite", group["on_indefinite"], ("modify", "raise"))

    def _search(self, closure: Callable[[], Any], start: Any, gradient: Any, recorded: Any, report: Any) -> None:
        group = self.param_groups[0]
        with np.errstate(all="ignore"):
            hessian = hessian_of(recorded, self.vector.parameters)
        self.products += 1
        if not self._finite_start(hessian):
            return
        report.damping = float(group["damping"])
        solution = self._solve(hessian + report.damping * np.eye(len(start)), -gradient)
        report.condition = solution.condition
        if solution.shift:
            report.message = f"the Hessian is not positive definite: eigenvalues moved by up to {solution.shift:.3g}"
        step = solution.step
        self._backtrack(closure, start, step, float(gradient @ step), float(step @ (hessian @ step)), report)

    def _solve(self, hessian: Any, right: Any) -> Solution:
        solution = safeguarded_solution(hessian, right)
        if solution.shift and self.param_groups[0]["on_indefinite"] == "raise":
            raise FloatingPointError(
                explain(
                    "Newton.step",
                    expected="a positive definite Hessian",
                    got="one that is not: the parameters are not near a minimum",
                    remedy="pass on_indefinite='modify', or a larger damping",
                )
            )
        return solution


class NewtonCG(LossMethod):
    """Newton's method without the Hessian: conjugate gradients on its products with vectors, in a trust region.

    Steihaug's method: conjugate gradients for H p = −∇E, from p = 0, until |H p + ∇E| ≤ min(½, √|∇E|) |∇E|, or until
    p meets the border |p| = Δ of the trust region or a direction of negative curvature, along which it goes on to
    the border. Δ follows the gain ratio: it shrinks to a quarter of |p| where the loss fell by less than ¼ of what
    the quadratic model promised, and is doubled where it fell by more than ¾ of that at the border. No step leaves
    a higher loss. A product H v costs about two backward passes, whatever the number of parameters.

    The closure of ``step`` returns the loss, as for ``Newton``.

    Args:
        params: Tensors, or pairs (name, Tensor); they form one group.
        radius: the first Δ.
        max_radius: the largest Δ.
        max_products: how many products H v a step makes at most; twice the number of parameters, if not given.
        trials: how many steps are tried at most.
        nonfinite: ``"raise"`` or ``"skip"``, as for ``Newton``.

    Attributes:
        report: a ``StepReport`` of the last step.

    Raises:
        ValueError, TypeError, FloatingPointError: as for ``Newton``.

    Source: Steihaug, "The conjugate gradient method and trust regions in large scale optimization", 1983; Nocedal
    and Wright, "Numerical optimization", 2006, algorithms 4.1 and 7.2; Pearlmutter, 1994, for the products.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor([-1.2, 1.0], requires_grad=True)
    >>> optimizer = optim.NewtonCG([x])
    >>> for _ in range(30):
    ...     loss = optimizer.step(lambda: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2)
    >>> x.detach().numpy().round(6)
    array([1., 1.])
    """

    def __init__(
        self,
        params: Iterable[Any],
        radius: float = 1.0,
        max_radius: float = 1000.0,
        max_products: int | None = None,
        trials: int = 20,
        *,
        nonfinite: str = "raise",
    ) -> None:
        defaults = dict(radius=radius, max_radius=max_radius, max_products=max_products, trials=trials)
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        for key in ("radius", "max_radius"):
            require("NewtonCG", group, key, lambda value: 0 < value < math.inf, f"a {key} above 0")
        if group["max_products"] is not None:
            require("NewtonCG", group, "max_products", lambda value: value >= 1, "max_products of at least 1")

    @np.errstate(all="ignore")  # a product that overflows leads to a step that is refused
    def _search(self, closure: Callable[[], Any], start: Any, gradient: Any, recorded: Any, report: Any) -> None:
        group, memory = self.param_groups[0], self._memory()
        radius = float(memory.get("radius", group["radius"]))
        product = product_with_hessian(recorded, self.vector.parameters)

        known: list[Any] = []  # in a smaller region the directions are the same, only fewer

        def multiply(position: int, vector: Any) -> Any:
            if position == len(known):
                self.products += 1
                with np.errstate(all="ignore"):
                    known.append(product(vector))
            return known[position]

        limit = group["max_products"] or 2 * len(start)
        for _ in range(group["trials"]):
            step, image, border = _steihaug(multiply, gradient, radius, limit)
            promised = -float(gradient @ step) - 0.5 * float(step @ image)
            fall = self._try(closure, start, step, promised, report)
            noise = 4 * np.finfo(float).eps * abs(report.loss)
            ratio = 1.0 if promised <= noise and fall >= 0 else report.gain_ratio or 0.0
            if not ratio >= 0.25:
                radius = 0.25 * report.step_norm
            elif ratio > 0.75 and border:
                radius = min(2.0 * radius, group["max_radius"])
            if ratio > 1e-4 and fall >= 0 and report.step_norm > 0:
                report.loss -= fall
                report.accepted = True
                break
            if report.step_norm <= np.finfo(float).eps * float(np.linalg.norm(start)):
                break
        memory["radius"] = radius
        if not report.accepted:
            memory["radius"] = group["radius"] if radius == 0 else radius
            report.reduction, report.message = 0.0, "no step lowered the loss"


def _steihaug(multiply: Multiply, gradient: Any, radius: float, limit: int) -> tuple[Any, Any, bool]:
    """A step p in the trust region that lowers gᵀp + ½ pᵀHp, with H p, and whether it ends at the border."""
    size = float(np.linalg.norm(gradient))
    tolerance = min(0.5, math.sqrt(size)) * size
    step, image = np.zeros_like(gradient), np.zeros_like(gradient)
    if not size:  # the squares of its numbers are too small for floats
        return step, image, False
    residual, direction = gradient, -gradient
    square = size * size
    for position in range(limit):
        turned = multiply(position, direction)
        curvature = float(direction @ turned)
        if not math.isfinite(curvature):
            break
        if curvature > 0:
            rate = square / curvature
            if np.linalg.norm(step + rate * direction) < radius:
                step, image = step + rate * direction, image + rate * turned
                residual = residual + rate * turned
                before, square = square, float(residual @ residual)
                if math.sqrt(square) <= tolerance:
                    break
                direction = square / before * direction - residual
                continue
        rate = _to_border(step, direction, radius)
        return step + rate * direction, image + rate * turned, True
    return step, image, False


def _to_border(step: Any, direction: Any, radius: float) -> float:
    """The positive t with |step + t direction| = radius."""
    a, b = float(direction @ direction), float(step @ direction)
    c = max(radius * radius - float(step @ step), 0.0)
    return c / (b + math.sqrt(b * b + a * c)) if b > 0 else (math.sqrt(b * b + a * c) - b) / a
