"""Nonlinear regression on NIST's datasets beside scipy's, as a Markdown table: ``python -m benchmarks.nist``.

It counts runs (27 problems, two starts each) with at least four certified digits in the worst parameter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

import autograd_core as ag
import optim
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


def report() -> list[str]:
    """The table as lines of Markdown; none where NIST's files are not at hand."""
    if not FOLDER.is_dir():
        return []
    return [
        "## NIST's regression problems",
        "",
        "27 problems, two starts each: runs that find every parameter to at least four certified digits.",
        "",
        *regressions(),
    ]


if __name__ == "__main__":
    print("\n".join(report()))
