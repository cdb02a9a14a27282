"""What ``gradcheck`` does after a failure: find the wrong entries, and guess at the cause."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..modes import enable_grad
from ..transforms.tracing import Trace
from .gradcheck import GradcheckReport, Problem, Settings, WrongDerivative, difference, moved
from .ratios import common_ratio, describe_ratio
from .rules import wrong_rules

# Beyond these numbers of outputs and of entries of one input, a random combination and a selection are checked.
MOST_OUTPUTS = 300
MOST_ENTRIES = 400


def examine(problem: Problem, settings: Settings, report: GradcheckReport, rng: np.random.Generator) -> GradcheckReport:
    """Fill the report of a failed check: entries that disagree, and likely causes.

    If no single entry disagrees, the projections failed by the sum of many roundings, and all is right.
    """
    outputs, gradient = problem.linear()
    if _unsteady(problem):
        report.failed = True
        report.causes.append(
            "the function is not deterministic: it gave two different results for the same inputs. "
            "Seed its random numbers inside the function"
        )
        return report
    table = Entries(problem, settings, outputs, gradient, rng)
    report.wrong, report.checked = table.wrong, table.checked
    report.failed = bool(table.wrong) or not table.complete
    if not report.failed:
        return report
    measured = _first(table, _not_finite, _precision, _kink, _step, _method)
    if measured:
        report.causes.append(measured)
        return report
    pattern = _first(table, _constant, _factor, _transposed)
    report.causes += ([pattern] if pattern else []) + _rules(problem, rng)
    if not report.causes:
        report.causes.append("the derivative itself: finite differences with several steps agree with each other")
    return report


def _first(table: Entries, *causes: Callable[[Entries], str]) -> str:
    """What the first of ``causes`` that applies has to say."""
    return next((found for found in (cause(table) for cause in causes) if found), "")


def _flat(outputs: Sequence[Any]) -> Any:
    """All outputs as one vector of real numbers."""
    parts = []
    for out in outputs:
        parts.append(out.real.ravel())
        if out.dtype.kind == "c":
            parts.append(out.imag.ravel())
    return np.concatenate([part.astype(np.float64) for part in parts]) if parts else np.zeros(0)


def _units(outputs: Sequence[Any]) -> list[tuple[str, list[Any]]]:
    """A weight for every entry of the outputs (two for a complex one), in the order of ``_flat``."""
    units = []
    for i, out in enumerate(outputs):
        for unit in (1.0, 1.0j) if out.dtype.kind == "c" else (1.0,):
            for index in np.ndindex(out.shape):
                weights = [np.zeros_like(o) for o in outputs]
                weights[i][index] = unit
                part = " (imaginary part)" if unit == 1.0j else ""
                units.append((f"output {i}{list(index) or ''}{part}", weights))
    return units


class Entries:
    """The Jacobian by the engine and by finite differences, entry by entry.

    Attributes:
        wrong: the entries that disagree, the worst first.
        checked: how many were compared; ``complete`` if that is all of them.
        engine, numeric: per input an array (outputs, entries of the input) with the two Jacobians.
    """

    def __init__(
        self, problem: Problem, settings: Settings, outputs: Sequence[Any], gradient: Any, rng: np.random.Generator
    ) -> None:
        self.problem, self.settings, self.gradient = problem, settings, gradient
        units = _units(outputs)
        self.combined = len(units) > MOST_OUTPUTS
        if self.combined:
            combination = rng.normal(size=len(units))
            weights = [sum(c * unit[1][i] for c, unit in zip(combination, units)) for i in range(len(outputs))]
            units = [("a random combination of the outputs", weights)]
            self.reduce: Callable[[Any], Any] = lambda flat: np.array([combination @ flat])
        else:
            self.reduce = lambda flat: flat
        self.labels = [label for label, _ in units]
        rows = [gradient(weights) for _, weights in units]
        self.engine = [
            np.array([row[k].ravel() for row in rows]).reshape(len(units), -1) for k in range(len(problem.values))
        ]
        self.numeric = [np.zeros(e.shape, np.result_type(e.dtype, np.float64)) for e in self.engine]
        self.complete = True
        self.checked = 0
        self.found: list[tuple[float, int, int, int]] = []
        for k, value in enumerate(problem.values):
            chosen = np.arange(value.size)
            if value.size > MOST_ENTRIES:
                self.complete = False
                chosen = rng.choice(value.size, MOST_ENTRIES, replace=False)
            for j in chosen:
                self._compare(k, int(j))
        self.found.sort(reverse=True)
        self.wrong = [self._entry(i, k, j) for _, i, k, j in self.found]

    def numeric_column(self, k: int, j: int, h: float) -> Any:
        """The derivatives of all outputs with respect to entry j of input k."""
        column: Any = 0.0
        for unit in (1.0, 1.0j) if self.problem.values[k].dtype.kind == "c" else (1.0,):
            column = column + unit * self.reduce(
                _flat(difference(self.problem, self.direction(k, j, unit), h, self.settings.method))
            )
        return column / self.scale(k, j)

    def direction(self, k: int, j: int, unit: complex = 1.0) -> list[Any]:
        """The direction that moves entry j of input k alone."""
        direction = [np.zeros(value.shape, type(unit)) for value in self.problem.values]
        direction[k].reshape(-1)[j] = unit * self.scale(k, j)
        return direction

    def scale(self, k: int, j: int) -> float:
        """Large entries are moved further."""
        return max(1.0, abs(complex(self.problem.values[k].reshape(-1)[j])))

    def _compare(self, k: int, j: int) -> None:
        engine = self.engine[k][:, j]
        best, column, fewest = None, None, None
        for h in self.settings.steps(self.problem.values):
            numeric = self.numeric_column(k, j, h)
            bad = ~self.settings.agree(engine, numeric)
            if fewest is None or bad.sum() < fewest:
                best, column, fewest = bad, numeric, bad.sum()
            if not fewest:
                break
        self.numeric[k][:, j] = column
        self.checked += len(engine)
        for i in np.flatnonzero(best):
            self.found.append((self._entry(int(i), k, j).error, int(i), k, j))

    def _entry(self, i: int, k: int, j: int) -> WrongDerivative:
        index = np.unravel_index(j, self.problem.values[k].shape)
        where = self.problem.names[k] + (str([int(n) for n in index]) if index else "")
        if len(self.labels) > 1 or self.combined:
            where += f", {self.labels[i]}"
        return WrongDerivative(where, self.engine[k][i, j].item(), self.numeric[k][i, j].item())


def _unsteady(problem: Problem) -> bool:
    first, second = problem.evaluate(problem.values), problem.evaluate(problem.values)
    return any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(first, second, strict=True))


def _not_finite(table: Entries) -> str:
    if not all(np.isfinite(out).all() for out in table.problem.evaluate(table.problem.values)):
        return "the function's value is not finite at this point"
    if not all(np.isfinite(e).all() for e in table.engine):
        return "the engine's derivative is not finite at this point; ag.detect_anomaly() finds the operation"
    return ""


def _precision(table: Entries) -> str:
    """float32 inputs: whether the check passes in float64."""
    values = table.problem.values
    small = [value.dtype.name for value in values if np.finfo(value.dtype).eps > 1e-10]
    if not small:
        return ""
    wide = copy.copy(table.problem)
    wide.values = [value.astype(np.complex128 if value.dtype.kind == "c" else np.float64) for value in values]
    outputs, gradient = wide.linear()
    settings = Settings.for_values(wide.values, table.settings.method, None, None, None)
    if not Entries(wide, settings, outputs, gradient, np.random.default_rng(0)).wrong:
        return f"the precision of {small[0]}: with float64 inputs the check passes"
    return ""


def _at_worst(table: Entries) -> tuple[int, int, int, complex]:
    _, i, k, j = table.found[0]
    return i, k, j, table.engine[k][i, j].item()


def _slopes(table: Entries, h: float) -> tuple[float, float]:
    """The slopes to the right and to the left of the point for the worst entry."""
    i, k, j, _ = _at_worst(table)
    direction = table.direction(k, j)
    here, right, left = (
        table.reduce(_flat(table.problem.evaluate(values)))[i]
        for values in (
            table.problem.values,
            moved(table.problem.values, direction, h),
            moved(table.problem.values, direction, -h),
        )
    )
    scale = table.scale(k, j)
    return (right - here) / (h * scale), (here - left) / (h * scale)


def _kink(table: Entries) -> str:
    if not table.found or table.settings.method == "complex":
        return ""
    h = Settings.for_values(table.problem.values, "central", None, None, None).steps(table.problem.values)[0]
    apart, steepest = [], []
    for step in (h, h / 30):
        right, left = _slopes(table, step)
        if not np.isfinite(right) or not np.isfinite(left):
            return "the edge of the domain: the function is not finite next to this point"
        steepest.append(max(abs(right), abs(left)))
        apart.append(abs(right - left) / max(steepest[-1], 1e-300))
    if steepest[1] > 10 * steepest[0] and steepest[1] > 1e3:
        return "a jump: the slope grows without limit as the step shrinks, so the function is not continuous here"
    if apart[0] > 0.01 and apart[1] > 0.5 * apart[0] and steepest[1] > 1e-6:
        return (
            f"a kink: the slope is {left:.6g} on the left and {right:.6g} on the right. "
            "Move the inputs away from points where the function is not smooth (relu at 0, ties of max)"
        )
    return ""


def _step(table: Entries) -> str:
    """Whether the engine is right with another step than the one that was asked for."""
    if table.settings.eps is None or table.settings.method == "complex" or not table.found:
        return ""
    i, k, j, engine = _at_worst(table)
    for factor in (0.1, 0.01, 1e-3, 1e-4, 10.0, 100.0, 1e3, 1e4):
        h = table.settings.eps * factor
        if table.settings.agree(engine, table.numeric_column(k, j, h)[i]):
            size = "large" if factor < 1 else "small"
            return f"the step: eps={table.settings.eps:.3g} is too {size}; with eps={h:.3g} the numbers agree"
    return ""


def _method(table: Entries) -> str:
    """Whether the complex step failed because the function is not analytic."""
    if table.settings.method != "complex":
        return ""
    settings = Settings.for_values(table.problem.values, "central", None, None, None)
    outputs, gradient = table.problem.linear()
    if not Entries(table.problem, settings, outputs, gradient, np.random.default_rng(0)).wrong:
        return (
            "the complex step: central differences agree with the engine, so the function is not analytic "
            "(abs, real, imag, conjugate or a comparison). Use method='central'"
        )
    return ""


def _constant(table: Entries) -> str:
    if table.found and all(table.engine[k][i, j] == 0 for _, i, k, j in table.found):
        whole = sorted({table.problem.names[k] for _, _, k, _ in table.found})
        return (
            f"a derivative that got lost: the engine has exactly 0 for {', '.join(whole)}. Something was "
            "computed from .data, .item() or detach(), under no_grad(), or by an operation without a rule"
        )
    return ""


def _factor(table: Entries) -> str:
    engine = np.array([table.engine[k][i, j] for _, i, k, j in table.found])
    numeric = np.array([table.numeric[k][i, j] for _, i, k, j in table.found])
    ratio = common_ratio(engine, numeric, 1e-4)
    if ratio is None:
        return ""
    sizes = {n: "an axis" for value in table.problem.values for n in value.shape}
    return f"a factor in a derivative: the engine has {describe_ratio(ratio, sizes)} in every wrong entry"


def _transposed(table: Entries) -> str:
    for k, value in enumerate(table.problem.values):
        engine, numeric = table.engine[k], table.numeric[k]
        if not any(position == k for _, _, position, _ in table.found):
            continue
        if value.ndim == 2 and value.shape[0] == value.shape[1]:
            turned = engine.reshape(-1, *value.shape).swapaxes(1, 2).reshape(engine.shape)
            if table.settings.agree(turned, numeric).all():
                return f"a derivative that is transposed: the one for {table.problem.names[k]}"
        if engine.shape[0] == engine.shape[1] > 1 and table.settings.agree(engine.T, numeric).all():
            return f"a derivative that is transposed: the Jacobian for {table.problem.names[k]}"
    return ""


def _rules(problem: Problem, rng: np.random.Generator) -> list[str]:
    """The operations in the function whose own rules are wrong."""
    with enable_grad():
        trace = Trace("gradcheck", problem, problem.values, {}, range(len(problem.values)))
    return [
        f"the derivative in the rule of {wrong.operation!r} for its input {wrong.position + 1}, used at {wrong.where}: "
        f"along a random direction it gives {wrong.engine:.6g}, finite differences {wrong.numeric:.6g}"
        for wrong in wrong_rules(trace.pullback.nodes, rng)[:3]
    ]
