"""Gauss–Newton, Levenberg and Levenberg–Marquardt, over the parameters of a network."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd_core import Tensor, enable_grad, no_grad
from autograd_core.errors import explain

from ..checking import require, require_closure
from ..optimizer import Group
from .base import SecondOrder
from .recorded import jacobian_of
from .results import StepReport
from .solving import solve_damped

__all__ = ["GaussNewton", "Levenberg", "LevenbergMarquardt"]


class ResidualMethod(SecondOrder):
    """Base class of the methods that know the residuals, of which the loss E = ½ Σ r² is made."""

    wanted = "residuals"
    remedy = "return the residuals themselves, flattened: (prediction - target).reshape(-1)"

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        closure = require_closure(f"{type(self).__name__}.step", closure)
        residuals, jacobian = self.linearize(closure)
        loss = Tensor(0.5 * residuals @ residuals)
        if self._finite_start(residuals, jacobian):
            self.advance(closure, residuals, jacobian)
        return loss

    def linearize(self, closure: Callable[[], Any]) -> tuple[Any, Any]:
        """The residuals at the present parameters, shape (m,), and their Jacobian, shape (m, n), as arrays."""
        with enable_grad(), np.errstate(all="ignore"):
            residuals = self._checked(closure())
            return residuals._data.astype(float), jacobian_of(residuals, self.vector.parameters)

    def _checked(self, residuals: Any) -> Any:
        name = f"{type(self).__name__}.step"
        expected, remedy = f"{self.wanted}, a Tensor of shape (m,), from the closure", self.remedy
        if not isinstance(residuals, Tensor):
            raise TypeError(explain(name, expected=expected, got=type(residuals).__name__, remedy=remedy))
        if residuals.ndim != 1 or residuals.dtype.kind != "f":
            got = f"{residuals.dtype} of shape {residuals.shape}"
            raise ValueError(explain(name, expected=expected, got=got, remedy=remedy))
        if not residuals.size:
            remedy = "pass some examples"
            raise ValueError(explain(name, expected=f"{self.wanted} of examples", got="none", remedy=remedy))
        if not residuals.requires_grad:
            remedy = "compute them from the parameters with Tensors, without detach or no_grad"
            raise ValueError(explain(name, expected=expected, got="a Tensor without a graph", remedy=remedy))
        return residuals

    def _loss_at(self, closure: Callable[[], Any], values: Any) -> float:
        """½ Σ r² with other parameters; infinity where it is not finite."""
        self.vector.assign(values)
        with no_grad(), np.errstate(all="ignore"):
            result = closure()
            residuals = np.asarray(result._data if isinstance(result, Tensor) else result, dtype=float)
            loss = 0.5 * float(residuals @ residuals)
        return loss if math.isfinite(loss) else math.inf

    def advance(self, closure: Callable[[], Any], residuals: Any, jacobian: Any) -> StepReport:
        """Find a step, and move the parameters by it."""
        start = self.vector.values()
        loss = 0.5 * float(residuals @ residuals)
        report = StepReport(
            loss, accepted=False, trials=0, gradient_norm=float(np.abs(jacobian.T @ residuals).max(initial=0.0))
        )
        try:
            moved = self._search(closure, start, residuals, jacobian, report)
        except BaseException:
            self.vector.assign(start)
            raise
        if not moved:
            self.vector.assign(start)
        self.report = report
        return report

    def _search(self, closure: Callable[[], Any], start: Any, residuals: Any, jacobian: Any, report: Any) -> bool:
        """Try steps until one is good enough; fill in the report; whether there was one."""
        raise TypeError(f"{type(self).__name__} defines no step")

    def _try(self, closure: Callable[[], Any], start: Any, step: Any, promised: float, report: StepReport) -> bool:
        """Go there, and see by how much the loss falls."""
        found = self._loss_at(closure, start + step)
        report.trials += 1
        report.step, report.step_norm = step, float(np.linalg.norm(step))
        report.reduction = report.loss - found
        report.promised = promised
        report.gain_ratio = report.reduction / promised if promised > 0 else 0.0
        return math.isfinite(found)


class GaussNewton(ResidualMethod):
    """Gauss–Newton: the residuals r are taken for linear, and the least squares problem is solved.

        θ ← θ − t (JᵀJ)⁻¹ ∇E,   E = ½ Σ r²,   ∇E = Jᵀr,   Jᵢₖ = ∂rᵢ/∂θₖ

    by the QR factors of J, not by JᵀJ; where J has not full rank, the shortest step. t is ``lr``, halved until
    the loss falls by at least a tenth of what its slope promises. No step leaves a higher loss.

    The closure of ``step`` returns the residuals, a Tensor of shape (m,); it need not call ``backward``. It is
    called again for every step that is tried, then without a graph. ``step`` returns ½ Σ r² from before the step.

    Args:
        params: Tensors, or pairs (name, Tensor); they form one group.
        lr: t, which part of the full step is tried first.
        trials: how many steps are tried at most.
        nonfinite: what to do where residuals or Jacobian hold NaN or infinity: ``"raise"`` an error, or ``"skip"``
            the step and count it in ``skipped_steps``.

    Attributes:
        report: a ``StepReport`` of the last step.

    Raises:
        ValueError: for hyper-parameters out of range; in ``step``, for residuals of another shape.
        TypeError: in ``step``, without a closure.
        FloatingPointError: in ``step``, for residuals that are not finite. The parameters stay as they are.

    >>> import autograd_core as ag, numpy as np, optim
    >>> t = np.array([0.0, 1.0, 2.0, 3.0])
    >>> y = 2.0 * np.exp(-0.5 * t)
    >>> b = ag.tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = optim.GaussNewton([b])
    >>> for _ in range(8):
    ...     loss = optimizer.step(lambda: b[0] * np.exp(-b[1] * t) - y)
    >>> b.detach().numpy().round(6)
    array([2. , 0.5])
    >>> optimizer.report.condition < 10
    True
    """

    def __init__(self, params: Iterable[Any], lr: float = 1.0, trials: int = 30, *, nonfinite: str = "raise") -> None:
        super().__init__(params, dict(lr=lr, trials=trials), nonfinite=nonfinite)

    def _search(self, closure: Callable[[], Any], start: Any, residuals: Any, jacobian: Any, report: Any) -> bool:
        group = self.param_groups[0]
        step, report.condition, _ = solve_damped(jacobian, residuals)
        image = jacobian @ step
        fall = float(image @ image)
        report.rate = float(group["lr"])
        for _ in range(group["trials"]):
            promised = report.rate * (1 - 0.5 * report.rate) * fall
            finite = self._try(closure, start, report.rate * step, promised, report)
            if finite and report.reduction > 0 and report.reduction >= 0.1 * report.rate * fall:
                report.loss -= report.reduction
                report.accepted = True
                return True
            report.rate *= 0.5
        report.reduction, report.message = 0.0, "no step lowered the loss"
        return False


class Damped(ResidualMethod):
    """Base class of the methods that add a multiple of a diagonal matrix to JᵀJ."""

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        name = type(self).__name__
        require(name, group, "damping", lambda value: 0 < value < math.inf, "a damping above 0")

    def _scale(self, jacobian: Any, state: dict[str, Any]) -> Any:
        """The square root of the diagonal."""
        raise TypeError(f"{type(self).__name__} defines no diagonal")

    def _first_damping(self, jacobian: Any) -> float:
        raise TypeError(f"{type(self).__name__} defines no damping")

    def _search(self, closure: Callable[[], Any], start: Any, residuals: Any, jacobian: Any, report: Any) -> bool:
        group, state = self.param_groups[0], self._memory()
        if "damping" not in state:
            state["damping"], state["growth"] = self._first_damping(jacobian), 2.0
        scale = self._scale(jacobian, state)
        for _ in range(group["trials"]):
            weights = math.sqrt(state["damping"]) * scale
            step, report.condition, _ = solve_damped(jacobian, residuals, weights)
            report.damping = state["damping"]
            image, bent = jacobian @ step, weights * step
            promised = 0.5 * float(image @ image) + float(bent @ bent)
            tried = (
                step if not group["acceleration"] else self._bend(closure, start, step, residuals, jacobian, weights)
            )
            finite = tried is not None and self._try(closure, start, tried, promised, report)
            if tried is None:  # the path is too crooked for a step of this length
                report.trials, report.gain_ratio, report.step = report.trials + 1, 0.0, step
                report.step_norm = float(np.linalg.norm(step))
            if finite and report.reduction > 0 and report.gain_ratio > 1e-4:
                factor = max(1 / 3, 1 - (2 * report.gain_ratio - 1) ** 3)
                state["damping"], state["growth"] = max(state["damping"] * factor, 1e-30), 2.0
                report.loss -= report.reduction
                report.accepted = True
                return True
            state["damping"] = min(state["damping"] * state["growth"], 1e30)
            state["growth"] = min(2.0 * state["growth"], 1e6)
            if report.step_norm <= np.finfo(float).eps * float(np.linalg.norm(start)):
                break
        report.reduction, report.message = 0.0, "no step lowered the loss"
        return False

    def _bend(
        self, closure: Callable[[], Any], start: Any, step: Any, residuals: Any, jacobian: Any, weights: Any
    ) -> Any:
        """The step with half of its acceleration a, or ``None`` where 2 |a| > ¾ |step|.

        a solves the same damped problem for the second derivative of the residuals along the step, which one more
        evaluation a tenth of the way gives.
        """
        self.vector.assign(start + 0.1 * step)
        with no_grad(), np.errstate(all="ignore"):
            near = closure()
            near = np.asarray(near._data if isinstance(near, Tensor) else near, dtype=float)
            second = 20.0 * (10.0 * (near - residuals) - jacobian @ step)
        if not np.isfinite(second).all():
            return None
        bend = 0.5 * solve_damped(jacobian, second, weights).step
        if not 4 * np.linalg.norm(weights * bend) <= 1.5 * np.linalg.norm(weights * step):
            return None
        return step + bend


class Levenberg(Damped):
    """Levenberg's method: Gauss–Newton, bent towards the gradient by a multiple of the unit matrix.

        θ ← θ − (ε I + JᵀJ)⁻¹ ∇E,   E = ½ Σ r²,   ∇E = Jᵀr

    solved by the QR factors of J with √ε I below it. ε follows the gain ratio ρ, the fall of E divided by what the
    linear model promised: after a step that lowered the loss, ε ← ε max(⅓, 1 − (2ρ − 1)³); else the step is taken
    back, ε grows by 2, 4, 8 ..., and the next one is tried. No step leaves a higher loss.

    The closure of ``step`` returns the residuals, as for ``GaussNewton``.

    Args:
        params: Tensors, or pairs (name, Tensor); they form one group.
        damping: the first ε, divided by the largest number on the diagonal of JᵀJ.
        trials: how many steps are tried at most; the parameters stay as they are if none lowers the loss.
        acceleration: whether a step follows the curve of the path, as for ``LevenbergMarquardt``.
        nonfinite: ``"raise"`` or ``"skip"``, as for ``GaussNewton``.

    Attributes:
        report: a ``StepReport`` of the last step.

    Raises:
        ValueError, TypeError, FloatingPointError: as for ``GaussNewton``.

    Source: Levenberg, "A method for the solution of certain non-linear problems in least squares", 1944; schedule
    of Nielsen, "Damping parameter in Marquardt's method", 1999.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor([-1.2, 1.0], requires_grad=True)
    >>> optimizer = optim.Levenberg([x])
    >>> for _ in range(30):
    ...     loss = optimizer.step(lambda: ag.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]]))
    >>> x.detach().numpy().round(6)
    array([1., 1.])
    """

    def __init__(
        self,
        params: Iterable[Any],
        damping: float = 1e-3,
        trials: int = 20,
        acceleration: bool = False,
        *,
        nonfinite: str = "raise",
    ) -> None:
        super().__init__(params, dict(damping=damping, trials=trials, acceleration=acceleration), nonfinite=nonfinite)

    def _scale(self, jacobian: Any, state: dict[str, Any]) -> Any:
        return np.ones(jacobian.shape[1])

    def _first_damping(self, jacobian: Any) -> float:
        largest = float(np.square(jacobian).sum(axis=0).max(initial=0.0))
        return self.param_groups[0]["damping"] * (largest or 1.0)


class LevenbergMarquardt(Damped):
    """Levenberg–Marquardt: Gauss–Newton, bent towards a gradient that is measured in the scale of each parameter.

        θ ← θ − (ε D² + JᵀJ)⁻¹ ∇E,   E = ½ Σ r²,   ∇E = Jᵀr,   D² = diag(JᵀJ)

    solved by the QR factors of J with √ε D below it. D is the largest that it has been in any step so far
    (Moré), so a parameter that stops to matter does not run away. ε follows the gain ratio as for ``Levenberg``.
    Other units for a parameter change nothing.

    Args:
        params: Tensors, or pairs (name, Tensor); they form one group.
        damping: the first ε.
        trials: how many steps are tried at most; the parameters stay as they are if none lowers the loss.
        acceleration: whether a step follows the curve of the path (Transtrum and Sethna), for one more evaluation;
            it needs fewer steps in narrow bent valleys.
        nonfinite: ``"raise"`` or ``"skip"``, as for ``GaussNewton``.

    Attributes:
        report: a ``StepReport`` of the last step.

    Raises:
        ValueError, TypeError, FloatingPointError: as for ``GaussNewton``.

    Source: Marquardt, "An algorithm for least-squares estimation of nonlinear parameters", 1963; Moré, "The
    Levenberg-Marquardt algorithm: implementation and theory", 1978; schedule of Nielsen, 1999; Transtrum and Sethna,
    "Improvements to the Levenberg-Marquardt algorithm for nonlinear least-squares minimization", 2012.

    >>> import autograd_core as ag, nn, numpy as np, optim
    >>> generator = nn.manual_seed(0)
    >>> net = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    >>> x = np.linspace(-3.0, 3.0, 40).reshape(-1, 1)
    >>> optimizer = optim.LevenbergMarquardt(net.parameters())
    >>> for _ in range(60):
    ...     loss = optimizer.step(lambda: (net(x) - np.sin(x)).reshape(-1))
    >>> loss.item() < 1e-4
    True
    """

    def __init__(
        self,
        params: Iterable[Any],
        damping: float = 1e-3,
        trials: int = 20,
        acceleration: bool = False,
        *,
        nonfinite: str = "raise",
    ) -> None:
        super().__init__(params, dict(damping=damping, trials=trials, acceleration=acceleration), nonfinite=nonfinite)

    def _scale(self, jacobian: Any, state: dict[str, Any]) -> Any:
        lengths = np.linalg.norm(jacobian, axis=0)
        state["scale"] = np.maximum(state.get("scale", 0.0), lengths)
        return np.where(state["scale"] > 0, state["scale"], 1.0)

    def _first_damping(self, jacobian: Any) -> float:
        return self.param_groups[0]["damping"]
