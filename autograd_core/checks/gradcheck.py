"""Checking derivatives against finite differences, with a diagnosis where they disagree.

A random direction d of the inputs and random weights v of the outputs reduce any function to one number
of one variable, phi(t) = v . f(x + t d), whose derivative the engine knows as d . J^T v. One backward pass
and two evaluations per direction check all entries at once. Only when that fails are the entries looked at
one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import modes
from ..errors import GradientError, explain
from ..recording import Node, make_constant
from ..transforms.derivatives import vjp
from ..transforms.tracing import check_function
from ..transforms.trees import flatten, unflatten
from ..values import as_value

__all__ = ["GradcheckError", "GradcheckReport", "WrongDerivative", "gradcheck", "gradgradcheck"]

METHODS = ("central", "complex")
# Steps are tried in this order, as multiples of the best one for a function of moderate derivatives.
STEPS = (1.0, 0.1, 10.0, 0.01, 100.0, 1e-3, 1e-4, 1e-5)
PROJECTIONS = 3


class GradcheckError(GradientError, AssertionError):
    """The engine's derivative and the finite difference disagree. ``report`` holds the details.

    >>> import autograd_core as ag
    >>> try:
    ...     ag.gradcheck(lambda x: x * x.detach(), 3.0)
    ... except ag.GradcheckError as error:
    ...     print(error.report.wrong[0])
    input 0: the engine says 3, finite differences say 6 (relative error 0.5)
    """

    def __init__(self, report: GradcheckReport) -> None:
        super().__init__(str(report))
        self.report = report


@dataclass(frozen=True)
class WrongDerivative:
    """One entry on which the engine and the finite difference disagree.

    Attributes:
        where: the entry of the input, as ``input 0['w'][2, 1]``, and of the output, if it has several.
        engine: the derivative that the engine computes.
        numeric: the finite difference.
    """

    where: str
    engine: complex
    numeric: complex

    @property
    def error(self) -> float:
        """The relative error."""
        return abs(self.engine - self.numeric) / max(abs(self.engine), abs(self.numeric), 1e-300)

    def __str__(self) -> str:
        return (
            f"{self.where}: the engine says {self.engine:.9g}, finite differences say {self.numeric:.9g} "
            f"(relative error {self.error:.2g})"
        )


@dataclass
class GradcheckReport:
    """What ``gradcheck`` found. True in a condition if all is right; prints as text.

    Attributes:
        function: the function's name.
        order: the order of the derivative that failed, or up to which all is right.
        wrong: the entries that disagree.
        checked: how many entries were compared one by one.
        causes: guesses at what went wrong, the most likely first.

    >>> import autograd_core as ag
    >>> report = ag.gradcheck(lambda x: x.detach() + 0 * x, 3.0, raise_exception=False)
    >>> bool(report), report.checked
    (False, 1)
    >>> report.causes[0][:76]
    'a derivative that got lost: the engine has exactly 0 for input 0. Something '
    """

    function: str
    order: int
    wrong: list[WrongDerivative] = field(default_factory=list)
    checked: int = 0
    causes: list[str] = field(default_factory=list)
    failed: bool = False

    def __bool__(self) -> bool:
        return not self.failed

    def __str__(self) -> str:
        which = f"derivative {self.order} of {self.function}"
        if not self.failed:
            return f"gradcheck: derivatives 1 to {self.order} of {self.function} are right"
        lines = [f"gradcheck: {which} disagrees with finite differences"]
        if self.wrong:
            lines[0] += f" in {len(self.wrong)} of {self.checked} entries"
            lines += [f"  {entry}" for entry in self.wrong[:5]]
            if len(self.wrong) > 5:
                lines.append(f"  ... and {len(self.wrong) - 5} more")
        lines += [f"  likely cause: {cause}" for cause in self.causes]
        return "\n".join(lines)

    __repr__ = __str__


class Problem:
    """A function of float arrays only, made from any function of nested structures.

    Attributes:
        values: the inputs that can be differentiated, as arrays.
        names: what to call them.
    """

    def __init__(self, f: Callable[..., Any], inputs: Any, name: str) -> None:
        self.f, self.name = f, name
        self.leaves, self.structure = flatten(list(inputs) if isinstance(inputs, tuple | list) else [inputs])
        self.wrt, self.values, self.names = [], [], []
        for i, (leaf, path) in enumerate(zip(self.leaves, self.structure.paths("input "), strict=True)):
            value = leaf._data if isinstance(leaf, Node) else leaf
            if isinstance(value, bool | str) or not isinstance(value, np.generic | np.ndarray | float | complex):
                continue
            value = as_value(value)
            if value.dtype.kind in "fc":
                self.wrt.append(i)
                self.values.append(np.copy(value)[()])
                number, _, rest = path.removeprefix("input [").partition("]")
                self.names.append(f"input {number}{rest}")
        if not self.wrt:
            raise TypeError(
                explain(name, expected="an input made of floats", got="none", remedy="write 1.0 instead of 1")
            )

    def __call__(self, *values: Any) -> list[Any]:
        """The outputs that are floats, for the inputs that are floats."""
        leaves = list(self.leaves)
        for i, value in zip(self.wrt, values, strict=True):
            leaves[i] = value
        outputs, _ = flatten(self.f(*unflatten(self.structure, leaves)))
        return [out for out in outputs if not (isinstance(out, Node) and out._data.dtype.kind not in "fc")]

    def evaluate(self, values: Sequence[Any]) -> list[Any]:
        """The outputs as arrays, with nothing recorded."""
        with modes.no_grad(), np.errstate(all="ignore"):
            outputs = self(*[make_constant(value) for value in values])
        return [np.asarray(out._data if isinstance(out, Node) else out) for out in outputs]

    def linear(self, values: Sequence[Any] | None = None) -> tuple[list[Any], Callable[[Sequence[Any]], list[Any]]]:
        """The outputs and the engine's vector-Jacobian product, both on arrays."""
        outputs, vjp_fn = vjp(self, *(self.values if values is None else values))

        def gradient(cotangents: Sequence[Any]) -> list[Any]:
            return [np.asarray(g._data) for g in vjp_fn(list(cotangents))]

        return [np.asarray(out._data) for out in outputs], gradient

    def derivative(self, weights: Sequence[Any]) -> Problem:
        """The function that the next order is about: (inputs, weights) -> J^T weights.

        For complex numbers without conjugates, so that it is analytic where ``f`` is.
        """
        count = len(self.values)

        def gradient(*arguments: Any) -> list[Any]:
            _, vjp_fn = vjp(self, *arguments[:count])
            return [_conjugate(g) for g in vjp_fn([_conjugate(w) for w in arguments[count:]])]

        gradient.__name__ = getattr(self.f, "__name__", "f")
        problem = Problem(gradient, [*self.values, *weights], self.name)
        problem.names = self.names + [f"weight {i} of the outputs" for i in range(len(weights))]
        return problem


def _conjugate(x: Any) -> Any:
    return np.conjugate(x) if x.dtype.kind == "c" else x


@dataclass(frozen=True)
class Settings:
    """How to take finite differences, and when to believe them."""

    method: str
    eps: float | None
    rtol: float
    atol: float

    @classmethod
    def for_values(cls, values: Sequence[Any], method: str, eps: Any, rtol: Any, atol: Any) -> Settings:
        """The settings, with defaults for the least precise dtype among the inputs."""
        machine = max(float(np.finfo(value.dtype).eps) for value in values)
        if rtol is None:
            rtol = 1e-9 if method == "complex" else 1e-5 if machine < 1e-10 else 2e-2
        if atol is None:
            atol = 1e-8 if machine < 1e-10 else 2e-3
        return cls(method, eps, rtol, atol)

    def steps(self, values: Sequence[Any]) -> list[float]:
        """The steps to try."""
        if self.method == "complex":
            return [1e-30]
        if self.eps is not None:
            return [self.eps]
        best = max(float(np.finfo(value.dtype).eps) for value in values) ** (1 / 3)
        return [best * factor for factor in STEPS]

    def agree(self, engine: Any, numeric: Any, noise: Any = 0.0) -> Any:
        """Whether two numbers (or arrays of them) are equal, up to tolerance and rounding."""
        scale = np.maximum(np.abs(engine), np.abs(numeric))
        with np.errstate(invalid="ignore"):
            return np.abs(engine - numeric) <= self.atol + self.rtol * scale + noise


def moved(values: Sequence[Any], direction: Sequence[Any], h: complex) -> list[Any]:
    """The inputs, moved by ``h`` along ``direction``."""
    result = []
    for value, d in zip(values, direction, strict=True):
        step = h * d
        target = value + step
        result.append(target if isinstance(h, complex) else target.astype(value.dtype))
    return result


def difference(problem: Problem, direction: Sequence[Any], h: float, method: str) -> list[Any]:
    """The derivatives of all outputs along ``direction``, by finite differences."""
    if method == "complex":
        return [out.imag / h for out in problem.evaluate(moved(problem.values, direction, 1j * h))]
    right = problem.evaluate(moved(problem.values, direction, h))
    left = problem.evaluate(moved(problem.values, direction, -h))
    return [(r.astype(_wide(r)) - s.astype(_wide(s))) / (2 * h) for r, s in zip(right, left, strict=True)]


def _wide(array: Any) -> Any:
    return np.complex128 if array.dtype.kind == "c" else np.float64


def inner(a: Sequence[Any], b: Sequence[Any]) -> float:
    """The real inner product of two lists of arrays."""
    return float(sum(np.sum(np.conj(x) * y).real for x, y in zip(a, b, strict=True)))


def _random_like(values: Sequence[Any], rng: np.random.Generator, scaled: bool = False) -> list[Any]:
    found = []
    for value in values:
        d = rng.uniform(0.5, 1.5, value.shape) * rng.choice([-1.0, 1.0], value.shape)
        if value.dtype.kind == "c":
            d = d * np.exp(1j * rng.uniform(0, 2 * np.pi, value.shape))
        if scaled:
            d = d * np.maximum(1.0, np.abs(value))
        found.append(np.asarray(d))
    return found


def gradcheck(
    f: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    order: int = 1,
    method: str = "central",
    raise_exception: bool = True,
    seed: int = 0,
) -> GradcheckReport:
    """Compare the engine's derivatives of a function with finite differences.

    With random d and v it compares d . J^T v with (v . f(x + h d) − v . f(x − h d)) / 2h, or with
    Im v . f(x + i h d) / h for the complex step, which has no rounding error and so needs no compromise on
    h (Squire and Trapp, Using complex variables to estimate derivatives of real functions, 1998).
    Derivatives of order k + 1 are checked as the first derivatives of (x, v) -> J^T v of order k.

    Args:
        f: a function of arrays or nested structures, with any outputs. It must give the same result when
            called again.
        inputs: a tuple or list with its arguments, or the only argument. Those made of floats are checked
            (float64 is best); integers are passed on.
        eps: the step. Left out, several are tried, from the best one for a smooth function on.
        atol, rtol: the difference allowed is atol + rtol * the larger of the two numbers. Defaults depend
            on dtype and method.
        order: up to which derivative to check.
        method: "central" differences, or the "complex" step for functions that are analytic and run on
            complex numbers.
        raise_exception: whether to raise when something is wrong, or to return the report only.
        seed: of the random directions.

    Returns:
        A report: true in a condition if all is right. It prints as text.

    Raises:
        GradcheckError: naming the input and the entry, both numbers and the likely cause.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> ag.gradcheck(np.tanh, np.array([0.5, -1.0]), order=2)
    gradcheck: derivatives 1 to 2 of tanh are right
    """
    check_function("gradcheck", f)
    if method not in METHODS:
        raise ValueError(
            explain("gradcheck", expected=f"method to be one of {METHODS}", got=repr(method), remedy="pass one")
        )
    rng = np.random.default_rng(seed)
    problem = Problem(f, inputs, "gradcheck")
    if method == "complex" and any(value.dtype.kind == "c" for value in problem.values):
        raise TypeError(
            explain(
                "gradcheck with method='complex'",
                expected="real inputs, since it moves them along the imaginary axis",
                got="a complex one",
                remedy="use method='central'",
            )
        )
    name = getattr(f, "__name__", type(f).__name__)
    for k in range(1, order + 1):
        settings = Settings.for_values(problem.values, method, eps, rtol, atol)
        outputs, gradient = problem.linear()
        if not _projections_agree(problem, outputs, gradient, settings, rng):
            from .causes import examine

            report = examine(problem, settings, GradcheckReport(name, k), rng)
            if report.failed:
                if raise_exception:
                    raise GradcheckError(report)
                return report
        if k < order:
            problem = problem.derivative([w.astype(o.dtype) for w, o in zip(_random_like(outputs, rng), outputs)])
    return GradcheckReport(name, order)


def gradgradcheck(f: Callable[..., Any], inputs: Any, **options: Any) -> GradcheckReport:
    """``gradcheck`` of first and second derivatives.

    Args:
        f, inputs, options: as for ``gradcheck``.

    Returns:
        Its report.

    Raises:
        GradcheckError: as ``gradcheck``.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> bool(ag.gradgradcheck(lambda x, y: x * np.sin(y), (2.0, 0.5)))
    True
    """
    return gradcheck(f, inputs, **{"order": 2, **options})


def _projections_agree(
    problem: Problem, outputs: Sequence[Any], gradient: Any, settings: Settings, rng: np.random.Generator
) -> bool:
    """Whether a few random projections of the Jacobian agree."""
    for _ in range(PROJECTIONS):
        weights = [w.astype(o.dtype) for w, o in zip(_random_like(outputs, rng), outputs, strict=True)]
        direction = _random_like(problem.values, rng, scaled=True)
        engine = inner(gradient(weights), direction)
        size = sum(float(np.sum(np.abs(w * o))) for w, o in zip(weights, outputs, strict=True))
        if not any(
            settings.agree(
                engine, _numeric(problem, weights, direction, h, settings), _noise(problem, size, h, settings)
            )
            for h in settings.steps(problem.values)
        ):
            return False
    return True


def _numeric(problem: Problem, weights: Any, direction: Any, h: float, settings: Settings) -> float:
    return inner(weights, difference(problem, direction, h, settings.method))


def _noise(problem: Problem, size: float, h: float, settings: Settings) -> float:
    """What rounding may do to a finite difference of numbers of this size."""
    if settings.method == "complex":
        return 0.0
    machine = max(float(np.finfo(value.dtype).eps) for value in problem.values)
    # Smaller steps than the best are only tried for functions that bend sharply: no allowance for them.
    usable = settings.eps is None and h >= 0.99 * settings.steps(problem.values)[0]
    return 4 * machine * size / h if usable else 0.0
