"""Nonlinear regression on NIST's datasets beside scipy's, as Markdown tables: ``python -m benchmarks.nist``.

The first table counts runs (27 problems, two starts each) with at least four certified digits in the worst
parameter. The second gives the iterations that ``optim.minimize`` and scipy need on hard functions, as
iterations/evaluations of the function; ``-`` where the gradient did not become small enough.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

import autograd_core as ag
import optim
from tests.hard_functions import FUNCTIONS
from tests.nist_models import FOLDER, MODELS, Regression, regression

TIGHT: dict[str, Any] = dict(ftol=1e-12, xtol=1e-12, gtol=1e-12)
Solver = Callable[[Regression, np.ndarray], np.ndarray]


def ours(method: str, **options: Any) -> Solver:
    return lambda p, start: optim.least_squares(p.residuals, start, method, **options).x


def theirs(method: str, exact: bool, **options: Any) -> Solver:
    def solve(problem: Regression, start: np.ndarray) -> np.ndarray:
        jacobian = ag.jacfwd(problem.residuals)
        derivative: Any = (lambda b: jacobian(b).numpy()) if exact else "2-point"
        return scipy.optimize.least_squares(problem.residuals, start, derivative, method=method, **options).x

    return solve


SOLVERS: dict[str, Solver] = {
    "lm": ours("lm", max_nfev=2000, **TIGHT),
    "lm, acceleration": ours("lm", acceleration=True, max_nfev=2000, **TIGHT),
    "lm, default tolerances": ours("lm"),
    "levenberg": ours("levenberg", max_nfev=2000, **TIGHT),
    "gauss-newton": ours("gauss-newton", max_nfev=2000, **TIGHT),
    "scipy lm, its own differences": theirs("lm", False, **TIGHT),
    "scipy trf, its own differences": theirs("trf", False, **TIGHT),
    "scipy lm, default tolerances": theirs("lm", False),
    "scipy lm, our Jacobian": theirs("lm", True, max_nfev=4000, **TIGHT),
    "scipy trf, our Jacobian": theirs("trf", True, max_nfev=4000, **TIGHT),
}


def regressions() -> list[str]:
    """How many of NIST's runs each solver gets right, as rows of a table."""
    rows = ["| solver | runs with 4 digits | median digits | misses |", "|---|---|---|---|"]
    runs = [(regression(name), start) for name in MODELS for start in (0, 1)]
    for name, solve in SOLVERS.items():
        digits = []
        for problem, start in runs:
            with np.errstate(all="ignore"):
                digits.append(problem.digits(solve(problem, problem.starts[start])))
        misses = [f"{p.name}, start {start + 1}" for (p, start), d in zip(runs, digits, strict=True) if d < 4]
        good = len(runs) - len(misses)
        rows.append(f"| {name} | {good} of {len(runs)} | {np.median(digits):.1f} | {'; '.join(misses)} |")
    return rows


def scipys_result(f: Callable[[Any], Any], start: np.ndarray, method: str) -> Any:
    options: dict[str, Any] = {"gtol": 1e-6, **({"ftol": 0.0} if method == "L-BFGS-B" else {})}
    hessian = (lambda x: ag.hessian(f)(x).numpy()) if method.startswith("trust") else None
    return scipy.optimize.minimize(
        lambda x: float(f(x)),
        start,
        method=method,
        jac=lambda x: ag.grad(f)(x).numpy(),
        hess=hessian,
        options=options,
    )


def minimizations() -> list[str]:
    """Iterations and evaluations of every method on every function, as rows of a table."""
    ways = {
        "newton": ("newton", {}),
        "newton-cg": ("newton-cg", {}),
        "lbfgs": ("lbfgs", {}),
        "cg FR": ("cg", {"formula": "fletcher-reeves"}),
        "cg PR+": ("cg", {"formula": "polak-ribiere"}),
        "cg HZ": ("cg", {"formula": "hager-zhang"}),
    }
    scipys = ("trust-exact", "trust-ncg", "L-BFGS-B", "CG")
    heads = [*ways, *(f"scipy {name}" for name in scipys)]
    rows = [f"| function | {' | '.join(heads)} |", "|---" * (1 + len(heads)) + "|"]
    for name, (f, start, _) in FUNCTIONS.items():
        found: list[Any] = [optim.minimize(f, start, method, **options) for method, options in ways.values()]
        found += [scipys_result(f, start, method) for method in scipys]
        cells = [f"{r.nit}/{r.nfev}" if np.abs(ag.grad(f)(np.ravel(r.x)).numpy()).max() <= 1e-6 else "-" for r in found]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return rows


def report() -> list[str]:
    """Both tables as lines of Markdown; without the first where NIST's files are not at hand."""
    lines = ["## Second-order methods", ""]
    if FOLDER.is_dir():
        lines += [
            "NIST's regression problems (27, two starts each): runs that find every parameter to at least four",
            "certified digits.",
            "",
            *regressions(),
            "",
        ]
    return [
        *lines,
        "Iterations/evaluations until no entry of the gradient is larger than 1e-6; `-` where that was not reached.",
        "Derivatives are ours for all.",
        "",
        *minimizations(),
    ]


if __name__ == "__main__":
    print("\n".join(report()))
