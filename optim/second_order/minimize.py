"""``minimize``: the minimum of a plain function."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Sequence
from operator import index
from typing import Any

import numpy as np

from autograd_core import enable_grad
from autograd_core.errors import explain

from ..checking import require
from ..line_search.inexact import StrongWolfe
from ..plain import as_number
from ..quasi_newton import LBFGS
from .conjugate import ConjugateGradient, Preconditioned, with_gradients
from .functions import Counted
from .newton import Newton, NewtonCG
from .results import OptimizeResult, StepReport

__all__ = ["minimize"]

WITHOUT_GRADIENT = ("annealing", "genetic")
METHODS = ("newton", "newton-cg", "cg", "lbfgs", "gradient-descent", *WITHOUT_GRADIENT)
MESSAGES = {
    -2: "the function or its gradient is no longer finite: it may have no minimum",
    -1: "no step lowered the function further",
    0: "the number of iterations was used up",
    1: "gtol: no number of the gradient is larger",
}


def minimize(
    f: Callable[..., Any],
    x0: Any,
    method: str = "lbfgs",
    *,
    gtol: float = 1e-6,
    max_iter: int | None = None,
    args: Sequence[Any] = (),
    **options: Any,
) -> OptimizeResult:
    """The minimum of a function of many numbers, near a start.

    The gradient, and what the method wants of the Hessian, come from the engine. The search ends when no number of
    the gradient is larger than ``gtol``.

    Args:
        f: a function that returns one number, computed with ``np.*``, ``ag.*`` and operators.
        x0: where to start: an array, a list of numbers, or nested tuples, lists and dicts of arrays.
        method: ``"newton"`` (``Newton``), ``"newton-cg"`` (``NewtonCG``), ``"cg"`` (``ConjugateGradient``),
            ``"lbfgs"`` (``LBFGS`` with strong Wolfe) or ``"gradient-descent"`` (with the line search
            ``StrongWolfe``); or, by values alone, all over a region ``bounds``, ``"annealing"``
            (``SimulatedAnnealing``) or ``"genetic"`` (``GeneticAlgorithm``).
        gtol: see above.
        max_iter: how many iterations at most; 200 times the number of parameters, if not given, and 1000 for
            the methods that search a region.
        args: further arguments of ``f``.
        options: hyper-parameters of the method; ``bounds`` and ``generator`` for those that search a region.

    Returns:
        An ``OptimizeResult``. Its ``history`` has a ``StepReport`` for each iteration (none for ``"lbfgs"``, one for
        the methods that search a region; these end with ``status`` 2, or 0 where the population of the genetic
        algorithm has not converged).

    Raises:
        ValueError: for another method, a start that is not finite, or a function that returns no number.
        TypeError: for a search of a region without ``bounds``, or a function that cannot be differentiated.
        FloatingPointError: if the function or its gradient is not finite at the start. Where that happens later, the
            search ends with ``status`` −2.

    >>> import optim
    >>> def rosenbrock(x):
    ...     return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    >>> result = optim.minimize(rosenbrock, [-1.2, 1.0], "newton")
    >>> result.x.round(6), result.success, result.nit
    (array([1., 1.]), True, 21)
    >>> optim.minimize(lambda p: (p["a"] - 1.0) ** 2 + p["b"] ** 2, {"a": 0.0, "b": 3.0}).status
    1
    """
    _require_method(method)
    require("minimize", dict(gtol=gtol), "gtol", lambda value: value >= 0, "gtol of at least 0")
    if max_iter is not None:
        limited = dict(max_iter=max_iter)
        require("minimize", limited, "max_iter", lambda value: index(value) >= 1, "an integer max_iter of at least 1")
    counted = Counted("minimize", f, x0, args)
    if method in WITHOUT_GRADIENT:
        from ..derivative_free import search_region  # which stands on this package

        return search_region(counted, method, max_iter, options)
    limit = 200 * sum(leaf.size for leaf in counted.leaves) if max_iter is None else max_iter
    run = _run_lbfgs if method == "lbfgs" else _run_steps
    optimizer, history, iterations = run(counted, method, gtol, limit, options)
    with enable_grad(), np.errstate(all="ignore"):
        loss = with_gradients(counted, counted.leaves, "minimize")()
    flat = [np.zeros(leaf.shape) if leaf.grad is None else np.array(leaf.grad._data) for leaf in counted.leaves]
    gradient = np.concatenate([np.reshape(part, -1) for part in flat])
    largest = float(np.abs(gradient).max())
    finite = math.isfinite(as_number(loss)) and math.isfinite(largest)
    status = -2 if not finite else 1 if largest <= gtol else 0 if iterations >= limit else -1
    derivatives = getattr(optimizer, "evaluations", counted.calls - 1) + 1
    return OptimizeResult(
        x=counted.point(),
        fun=as_number(loss),
        jac=counted.tree(flat),
        cost=as_number(loss),
        grad=gradient,
        optimality=largest,
        nit=iterations,
        nfev=counted.calls,
        njev=derivatives,
        nhev=getattr(optimizer, "products", 0),
        status=status,
        message=MESSAGES[status],
        success=status > 0,
        history=history,
    )


def _require_method(method: Any) -> None:
    if method not in METHODS:
        meant = difflib.get_close_matches(str(method).lower(), METHODS, n=1)
        spelling = f"write method={meant[0]!r}, or " if meant else ""
        raise ValueError(
            explain(
                "minimize",
                expected=f"method one of {', '.join(map(repr, METHODS))}",
                got=repr(method),
                remedy=f"{spelling}take optim.scipy.minimize, which has SciPy's methods",
            )
        )


def _is_finite(counted: Counted) -> bool:
    """Whether the function and its gradient are finite at the present point."""
    with enable_grad(), np.errstate(all="ignore"):
        loss = with_gradients(counted, counted.leaves, "minimize")()
    gradients = [leaf.grad._data for leaf in counted.leaves if leaf.grad is not None]
    return math.isfinite(as_number(loss)) and all(np.isfinite(gradient).all() for gradient in gradients)


def _run_lbfgs(counted: Counted, method: str, gtol: float, limit: int, options: dict[str, Any]) -> Any:
    settings = dict(tolerance_grad=gtol, tolerance_change=0.0, line_search_fn="strong_wolfe", nonfinite="raise")
    optimizer = LBFGS(counted.leaves, max_iter=limit, max_eval=25 * limit, **{**settings, **options})
    with np.errstate(all="ignore"):
        loss = optimizer.step(with_gradients(counted, counted.leaves, "minimize"))
    if not math.isfinite(as_number(loss)):
        raise FloatingPointError(
            explain("minimize", expected="a finite value at x0", got=f"{as_number(loss)}", remedy="pass another start")
        )
    state = optimizer.state[counted.leaves[0]]
    return optimizer, [], state["n_iter"]


def _run_steps(counted: Counted, method: str, gtol: float, limit: int, options: dict[str, Any]) -> Any:
    optimizer: Any
    if method == "cg":
        optimizer = ConjugateGradient(counted.leaves, **{"tolerance_grad": gtol, **options})
    elif method == "gradient-descent":
        count = sum(leaf.size for leaf in counted.leaves)
        optimizer = Preconditioned(counted.leaves, np.ones(count), **{"line_search": StrongWolfe(), **options})
    else:
        optimizer = {"newton": Newton, "newton-cg": NewtonCG}[method](counted.leaves, **options)
        optimizer.enough = gtol
    history: list[StepReport] = []
    for _ in range(limit):
        try:
            optimizer.step(counted)
        except FloatingPointError:
            if not history or _is_finite(counted):
                raise
            break
        report = optimizer.report
        if report.gradient_norm <= gtol:
            break
        history.append(report)
        if not report.accepted:
            break
    return optimizer, history, len(history)
