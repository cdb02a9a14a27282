"""Every method of ``optim.minimize`` and every line search on functions that are hard to minimize, beside SciPy's.

``python -m benchmarks.test_functions`` prints Markdown tables of iterations and evaluations; nothing is timed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import scipy.optimize

import autograd_core as ag
import optim
from optim.line_search import Backtracking, Bisection, Bracketing, Brent, GoldenSection, Secant, StrongWolfe
from tests.hard_functions import FUNCTIONS, TURNED

SMALL = 1e-6  # how large the numbers of the gradient may be at the end
SEEDS = range(3)

Function = Callable[[Any], Any]


def ill_conditioned(condition: float) -> Function:
    """A quadratic function of 12 numbers whose Hessian has this condition number."""
    scales = np.logspace(0, np.log10(condition), 12)
    matrix = TURNED.T @ np.diag(scales) @ TURNED
    return lambda x: 0.5 * (x - 1) @ (matrix @ (x - 1))


def long_valley(x: Any) -> Any:
    """Rosenbrock's function of many numbers."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


PROBLEMS: dict[str, tuple[Function, np.ndarray]] = {
    **{name: (f, start) for name, (f, start, _) in FUNCTIONS.items() if name != "quadratic"},
    "Rosenbrock, 20": (long_valley, np.tile([-1.2, 1.0], 10)),
    "quadratic 10²": (ill_conditioned(1e2), np.zeros(12)),
    "quadratic 10⁴": (ill_conditioned(1e4), np.zeros(12)),
    "quadratic 10⁶": (ill_conditioned(1e6), np.zeros(12)),
}
SMALL_PROBLEMS = [name for name in PROBLEMS if len(PROBLEMS[name][1]) <= 4]


class Derivatives:
    """A function of arrays with its derivatives, as SciPy wants them."""

    def __init__(self, f: Function) -> None:
        self.f = f
        self.differentiated, self.twice = ag.grad(f), ag.hessian(f)

    def value(self, x: np.ndarray) -> float:
        return float(self.f(x))

    def gradient(self, x: np.ndarray) -> np.ndarray:
        return self.differentiated(x).numpy()

    def hessian(self, x: np.ndarray) -> np.ndarray:
        return self.twice(x).numpy()


# -- methods --------------------------------------------------------------------------------------------

Method = Callable[[Function, np.ndarray], Any]


def ours(method: str, **options: Any) -> Method:
    return lambda f, start: optim.minimize(f, start, method, gtol=SMALL, **options)


def scipys(method: str, tolerance: str = "gtol", **options: Any) -> Method:
    def run(f: Function, start: np.ndarray) -> Any:
        d = Derivatives(f)
        hessian = d.hessian if method in ("trust-exact", "trust-ncg", "Newton-CG") else None
        settings = {tolerance: SMALL, "maxiter": 200 * len(start), **options}
        return scipy.optimize.minimize(d.value, start, method=method, jac=d.gradient, hess=hessian, options=settings)

    return run


METHODS: dict[str, Method] = {
    "newton": ours("newton"),
    "scipy trust-exact": scipys("trust-exact"),
    "newton-cg": ours("newton-cg"),
    "scipy trust-ncg": scipys("trust-ncg"),
    "scipy Newton-CG": scipys("Newton-CG", "xtol"),
    "lbfgs": ours("lbfgs"),
    "scipy L-BFGS-B": scipys("L-BFGS-B", ftol=0.0, maxcor=100, maxfun=100000),
    "scipy BFGS": scipys("BFGS"),
    "cg, Hager–Zhang": ours("cg"),
    "cg, Polak–Ribière+": ours("cg", formula="polak-ribiere"),
    "cg, Fletcher–Reeves": ours("cg", formula="fletcher-reeves"),
    "scipy CG": scipys("CG"),
    "gradient-descent": ours("gradient-descent"),
}


def methods() -> Iterator[tuple[str, list[str]]]:
    """iterations/evaluations of every method; in brackets where the gradient did not become small enough."""
    for name, run in METHODS.items():
        cells = []
        for f, start in PROBLEMS.values():
            result = run(f, start)
            reached = np.abs(Derivatives(f).gradient(result.x)).max() <= SMALL
            cell = f"{result.nit}/{result.nfev}"
            cells.append(cell if reached else f"({cell})")
        yield name, cells


# -- line searches ----------------------------------------------------------------------------------------

SEARCHES = {
    "Bracketing": Bracketing(),
    "GoldenSection": GoldenSection(),
    "Brent": Brent(),
    "Bisection": Bisection(),
    "Secant": Secant(),
    "Backtracking": Backtracking(),
    "StrongWolfe": StrongWolfe(),
    "StrongWolfe(c2=0.1)": StrongWolfe(c2=0.1),
}


class Descent:
    """The line from the start of a function against its gradient; evaluations are counted."""

    def __init__(self, f: Function, start: np.ndarray) -> None:
        self.f, self.start = f, start
        self.gradient_at = Derivatives(f).gradient
        self.direction = -self.gradient_at(start)
        self.first = 1 / float(np.linalg.norm(self.direction))
        self.evaluations = 0

    def value(self, t: Any) -> Any:
        self.evaluations += 1
        return self.f(self.start + t * self.direction)

    def slope(self, t: float) -> float:
        self.evaluations += 1
        return self.slope_ratio(t) * float(self.direction @ self.direction)

    def slope_ratio(self, t: float) -> float:
        """∇E(next)ᵀ∇E(now) / |∇E(now)|²."""
        gradient = self.gradient_at(self.start + t * self.direction)
        return float(gradient @ self.direction) / float(self.direction @ self.direction)


def scipys_scalar(method: str) -> Callable[[Descent], float]:
    def run(line: Descent) -> float:
        bracket = (0.0, line.first)
        return scipy.optimize.minimize_scalar(line.value, bracket, method=method, options={"xtol": 1e-8}).x

    return run


def scipys_wolfe(c2: float) -> Callable[[Descent], float]:
    def run(line: Descent) -> float:
        value = Derivatives(line.f).value
        with warnings.catch_warnings(action="ignore"):  # where it finds nothing it says so besides
            found = scipy.optimize.line_search(value, line.gradient_at, line.start, line.direction, c2=c2)
        line.evaluations += found[1]
        return found[0] or 0.0

    return run


def scipys_secant(line: Descent) -> float:
    return scipy.optimize.root_scalar(line.slope, x0=0.0, x1=line.first, method="secant").root


def line_searches() -> Iterator[tuple[str, list[str]]]:
    """Evaluations along the first gradient, and the size of the next gradient's share in it at the end."""
    runs: dict[str, Callable[[Descent], float]] = {
        name: (lambda line, search=search: search.search(line.value, step=line.first).step)
        for name, search in SEARCHES.items()
    }
    runs |= {
        "scipy golden": scipys_scalar("golden"),
        "scipy brent": scipys_scalar("brent"),
        "scipy secant": scipys_secant,
        "scipy line_search": scipys_wolfe(0.9),
        "scipy line_search(c2=0.1)": scipys_wolfe(0.1),
    }
    for name, run in runs.items():
        cells = []
        for f, start in PROBLEMS.values():
            line = Descent(f, start)
            with np.errstate(all="ignore"):
                step = run(line)
            cells.append(f"{line.evaluations}: {abs(line.slope_ratio(step)):.0e}")
        yield name, cells


def searches_inside() -> Iterator[tuple[str, list[str]]]:
    """iterations/evaluations of conjugate gradients (Polak–Ribière+) with every line search, 500 at most."""
    for name, search in SEARCHES.items():
        cells = []
        for f, start in PROBLEMS.values():
            result = optim.minimize(
                f, start, "cg", gtol=SMALL, formula="polak-ribiere", line_search=search, max_iter=500
            )
            cell = f"{result.nit}/{result.nfev}"
            cells.append(cell if result.success else f"({cell})")
        yield name, cells


# -- without derivatives ------------------------------------------------------------------------------------


def searched(method: str, **options: Any) -> Callable[[Function, np.ndarray, int], Any]:
    return lambda f, start, seed: optim.minimize(
        f, start, method, bounds=(-5.0, 5.0), generator=np.random.default_rng(seed), **options
    )


def nelder_mead(f: Function, start: np.ndarray, seed: int) -> Any:
    start = start + 0.1 * np.random.default_rng(seed).standard_normal(len(start))
    options = {"xatol": 1e-8, "fatol": 1e-8, "maxfev": 20000}
    return scipy.optimize.minimize(lambda x: float(f(x)), start, method="Nelder-Mead", options=options)


def without_derivatives() -> Iterator[tuple[str, list[str]]]:
    """The value that is reached and the evaluations, medians of three runs. The lowest value is 0."""
    ways = {
        "annealing": searched("annealing"),
        "annealing, local_search": searched("annealing", local_search=True, max_iter=30),
        "genetic": searched("genetic", tol=1e-10, max_iter=200),
        "genetic, polish": searched("genetic", polish=True, max_iter=200),
        "scipy Nelder-Mead": nelder_mead,
    }
    for name, run in ways.items():
        cells = []
        for problem in SMALL_PROBLEMS:
            f, start = PROBLEMS[problem]
            results = [run(f, start, seed) for seed in SEEDS]
            value, count = (np.median([getattr(result, key) for result in results]) for key in ("fun", "nfev"))
            cells.append(f"{value:.0e}: {count:.0f}")
        yield name, cells


# -- tables -------------------------------------------------------------------------------------------------


def table(first: str, columns: Iterable[str], rows: Iterable[tuple[str, list[str]]]) -> list[str]:
    """Rows as lines of Markdown."""
    heads = [first, *columns]
    return [
        f"| {' | '.join(heads)} |",
        "|---" * len(heads) + "|",
        *(f"| {' | '.join([name, *cells])} |" for name, cells in rows),
    ]


def report() -> list[str]:
    """All tables, as lines of Markdown."""
    return [
        "## Hard functions",
        "",
        f"Iterations/evaluations until no number of the gradient is larger than {SMALL:g}, in brackets where that was",
        "not reached. SciPy gets our derivatives. `newton` and `newton-cg` evaluate a point when they try it, and",
        "again with derivatives when the next step begins there.",
        "",
        *table("method", PROBLEMS, methods()),
        "",
        "Line searches along the first gradient: evaluations, and the part of the gradient that is left in this",
        "direction, |∇E(next)ᵀ∇E(now)| / |∇E(now)|².",
        "",
        *table("search", PROBLEMS, line_searches()),
        "",
        "The same inside conjugate gradients (Polak–Ribière+), 500 iterations at most: iterations/evaluations.",
        "",
        *table("search", PROBLEMS, searches_inside()),
        "",
        "Without derivatives, in the region from −5 to 5: the value that was reached (the lowest is 0), and the",
        "evaluations; medians of three runs. Nelder–Mead begins near the usual start.",
        "",
        *table("method", SMALL_PROBLEMS, without_derivatives()),
    ]


if __name__ == "__main__":
    print("\n".join(report()))
