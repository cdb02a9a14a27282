"""``least_squares``: nonlinear least squares of plain functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..checking import require, require_at_least_zero, require_choice
from .functions import Counted
from .residual_methods import GaussNewton, Levenberg, LevenbergMarquardt, ResidualMethod
from .results import OptimizeResult, StepReport

__all__ = ["least_squares"]

METHODS: dict[str, type[ResidualMethod]] = {
    "lm": LevenbergMarquardt,
    "levenberg": Levenberg,
    "gauss-newton": GaussNewton,
}
MESSAGES = {
    -1: "no step lowered the loss further",
    0: "the number of evaluations was used up",
    1: "gtol: the residuals stand at a right angle to the columns of the Jacobian",
    2: "ftol: the loss no longer changes",
    3: "xtol: the parameters no longer change",
    4: "ftol and xtol: neither the loss nor the parameters change any more",
}


def least_squares(
    residuals: Callable[..., Any],
    x0: Any,
    method: str = "lm",
    *,
    ftol: float = 1e-10,
    xtol: float = 1e-10,
    gtol: float = 1e-10,
    max_nfev: int | None = None,
    args: Sequence[Any] = (),
    **options: Any,
) -> OptimizeResult:
    """The parameters for which the sum of the squared residuals is smallest.

    E(x) = ½ Σᵢ rᵢ(x)² is lowered by steps of ``LevenbergMarquardt``, ``Levenberg`` or ``GaussNewton``. The Jacobian
    comes from the engine, by rows or by columns, whichever are fewer. With D = the lengths of its columns, the
    search ends when

        |Jⱼᵀr| ≤ gtol |Jⱼ| |r| for all columns j    (status 1)
        the loss fell, and should have fallen, by at most ftol E    (status 2)
        |D p| ≤ xtol |D x| for the step p    (status 3; with the one before, 4)
        max_nfev evaluations were made    (status 0)
        no step that the method tries lowers the loss    (status −1, or 2 to 4 where the promised fall or
        the step was that small)

    None of these depends on the units of the parameters.

    Args:
        residuals: a function of the parameters that returns a Tensor of shape (m,), computed with ``np.*``,
            ``ag.*`` and operators.
        x0: where to start: an array, a list of numbers, or nested tuples, lists and dicts of arrays.
        method: ``"lm"``, ``"levenberg"`` or ``"gauss-newton"``.
        ftol, xtol, gtol: see above; at least 0.
        max_nfev: how often ``residuals`` may be called; 500 times the number of parameters, if not given.
        args: further arguments of ``residuals``.
        options: hyper-parameters of the method: ``damping``, ``acceleration``, ``trials``, ``lr``.

    Returns:
        An ``OptimizeResult``; ``history`` has a ``StepReport`` with gain ratio, damping and condition number for
        each iteration.

    Raises:
        ValueError: for residuals that are not of shape (m,), another method, or a start that is not finite.
        FloatingPointError: if residuals or Jacobian are not finite at the start.

    >>> import numpy as np, optim
    >>> t = np.linspace(0.0, 4.0, 9)
    >>> y = 3.0 * np.exp(-0.7 * t) + 1.0
    >>> result = optim.least_squares(lambda b: b[0] * np.exp(-b[1] * t) + b[2] - y, [1.0, 1.0, 0.0])
    >>> result.x.round(6), result.success
    (array([3. , 0.7, 1. ]), True)
    >>> fit = optim.least_squares(lambda p: p["a"] * t + p["b"] - y, {"a": 0.0, "b": 0.0}, "gauss-newton")
    >>> round(float(fit.x["a"]), 4), len(fit.history)
    (-0.6536, 1)
    """
    require_choice("least_squares", "method", method, tuple(METHODS))
    require_at_least_zero("least_squares", dict(ftol=ftol, xtol=xtol, gtol=gtol), "ftol", "xtol", "gtol")
    if max_nfev is not None:
        require("least_squares", dict(max_nfev=max_nfev), "max_nfev", lambda n: n >= 1, "max_nfev of at least 1")
    closure = Counted("least_squares", residuals, x0, args)
    optimizer = METHODS[method](closure.leaves, **options)
    limit = 500 * sum(leaf.size for leaf in closure.leaves) if max_nfev is None else max_nfev
    history: list[StepReport] = []
    jacobians, status = 0, None
    while True:
        r, jacobian = optimizer.linearize(closure)
        jacobians += 1
        if not history:
            optimizer._finite_start(r, jacobian)
        lengths, size = np.linalg.norm(jacobian, axis=0), np.linalg.norm(r)
        if status is None and (np.abs(jacobian.T @ r) <= gtol * lengths * size).all():
            status = 1
        if status is None and (closure.calls >= limit or not np.isfinite(jacobian).all()):
            status = 0 if closure.calls >= limit else -1
        if status is not None:
            break
        before, start = 0.5 * size * size, optimizer.vector.values()
        report = optimizer.advance(closure, r, jacobian)
        history.append(report)
        status = _status(report, before, start, lengths, ftol, xtol)
        if not report.accepted and status is None:
            status = -1
    return _result(closure, r, jacobian, history, jacobians, status)


def _result(
    closure: Counted, r: Any, jacobian: Any, history: list[StepReport], jacobians: int, status: int
) -> OptimizeResult:
    gradient = jacobian.T @ r
    return OptimizeResult(
        x=closure.point(),
        fun=r,
        jac=jacobian,
        cost=0.5 * float(r @ r),
        grad=gradient,
        optimality=float(np.abs(gradient).max()),
        nit=len(history),
        nfev=closure.calls,
        njev=jacobians,
        nhev=0,
        status=status,
        message=MESSAGES[status],
        success=status > 0,
        history=history,
    )


def _status(report: StepReport, before: float, start: Any, lengths: Any, ftol: float, xtol: float) -> int | None:
    """Which of the conditions for the end hold after a step."""
    still = report.promised <= ftol * before and abs(report.reduction) <= ftol * before
    near = np.linalg.norm(lengths * report.step) <= xtol * np.linalg.norm(lengths * start)
    return 4 if still and near else 2 if still else 3 if near else None
