"""Methods that look at values alone, all over a region: simulated annealing and a genetic algorithm. By SciPy."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from operator import index
from typing import Any

import numpy as np

from autograd_core import Tensor, no_grad
from autograd_core.errors import explain

from .checking import require, require_at_least_zero, require_closure, require_scipy
from .optimizer import Group
from .plain import as_number
from .second_order.base import SecondOrder
from .second_order.functions import Counted
from .second_order.results import OptimizeResult, StepReport
from .seeded import Seeded

__all__ = ["GeneticAlgorithm", "SimulatedAnnealing"]

HIGH = 1e100  # what counts as the loss where it is NaN or infinite: SciPy wants finite numbers
STRATEGIES = tuple(
    f"{kind}{crossover}"
    for kind in ("best1", "best2", "rand1", "rand2", "randtobest1", "currenttobest1")
    for crossover in ("bin", "exp")
)


def limits_of(name: str, bounds: Any, params: Sequence[Any]) -> tuple[Any, Any]:
    """The bounds as two vectors.

    Args:
        name: who asks, for errors.
        bounds: a pair (low, high) for all numbers; or a pair for every number; or one for every parameter, of
            numbers or arrays of its shape.
        params: the parameters.

    Raises:
        TypeError: for something that is no list.
        ValueError: for anything else, and where low is not below high.
    """
    count = sum(p.size for p in params)
    expected = (
        f"bounds as one pair (low, high), {count} pairs (one for every number), or {len(params)} "
        "(one for every parameter)"
    )
    remedy = "say in which region to search"
    if not isinstance(bounds, Sequence | np.ndarray) or isinstance(bounds, str):
        got = "none" if bounds is None else type(bounds).__name__
        raise TypeError(explain(name, expected=expected, got=got, remedy=remedy))
    given = list(bounds)
    if len(given) == 2 and not any(isinstance(bound, Sequence) or np.ndim(bound) for bound in given):
        given = [given] * count
    shapes: list[tuple[int, ...]] = []
    if len(given) == count:
        shapes = [()] * count
    elif len(given) == len(params):
        shapes = [p.shape for p in params]
    if not shapes or not all(map(_is_pair, given)):
        raise ValueError(explain(name, expected=expected, got=f"{len(given)} entries, {bounds!r}", remedy=remedy))
    low, high = (
        np.concatenate([np.broadcast_to(pair[side], shape).reshape(-1) for pair, shape in zip(given, shapes)])
        for side in (0, 1)
    )
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low < high).all()):
        raise ValueError(
            explain(
                name,
                expected="finite bounds, the lower below the upper",
                got=f"{bounds!r}",
                remedy=remedy,
            )
        )
    return low.astype(float), high.astype(float)


def _is_pair(bound: Any) -> bool:
    return isinstance(bound, list | tuple | np.ndarray) and np.iterable(bound) and len(bound) == 2


class DerivativeFree(Seeded, SecondOrder):
    """Base class of the methods that search a region by the values of the loss alone."""

    evaluations = 0
    iterations = 0
    ended = False  # whether the last search came to an end before its iterations were used up

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        name = type(self).__name__
        limits_of(name, group["bounds"], group["params"])
        require(name, group, "max_iter", lambda value: index(value) >= 1, "an integer max_iter of at least 1")

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        name = f"{type(self).__name__}.step"
        closure = require_closure(name, closure)
        optimize = require_scipy(name)
        group = self.param_groups[0]
        low, high = limits_of(type(self).__name__, group["bounds"], group["params"])
        start = self.vector.values()
        if (start < low).any() or (start > high).any():
            raise ValueError(
                explain(
                    name,
                    expected="parameters within the bounds",
                    got="one that is not",
                    remedy="start inside, or pass wider bounds",
                )
            )
        with np.errstate(all="ignore"):
            loss = closure()
            before = self._value(loss)
        self.evaluations += 1
        if not self._finite_start(before):
            return loss
        best, found = start, before
        try:
            result = self._search(optimize, self._counted(closure), start, np.stack([low, high], axis=1))
            if result.fun < before:
                best, found = np.clip(result.x, low, high), float(result.fun)
        finally:
            self.vector.assign(np.array(best))
        self.iterations += int(result.nit)
        self.report = StepReport(
            found,
            reduction=before - found,
            accepted=found < before,
            trials=int(result.nfev),
            step=best - start,
            step_norm=float(np.linalg.norm(best - start)),
            message=" ".join(result.message) if isinstance(result.message, list) else str(result.message),
        )
        return loss

    def _counted(self, closure: Callable[[], Any]) -> Callable[[Any], float]:
        """The loss as a function of a vector."""

        def value_at(vector: Any) -> float:
            self.evaluations += 1
            self.vector.assign(np.array(vector, dtype=float))
            with np.errstate(all="ignore"):
                value = self._value(closure())
            return value if math.isfinite(value) else HIGH

        return value_at

    def _value(self, loss: Any) -> float:
        if np.size(loss._data if isinstance(loss, Tensor) else loss) != 1:
            raise ValueError(
                explain(
                    f"{type(self).__name__}.step",
                    expected="the loss, one number, from the closure",
                    got=f"shape {np.shape(loss)}",
                    remedy="return a mean or a sum",
                )
            )
        return as_number(loss)

    def _search(self, optimize: Any, value_at: Callable[[Any], float], start: Any, bounds: Any) -> Any:
        """Run SciPy's routine."""
        raise TypeError(f"{type(self).__name__} defines no search")

    def _random(self, routine: Callable[..., Any]) -> dict[str, Any]:
        """The generator under the name that this version of SciPy has for it."""
        return {"rng" if "rng" in inspect.signature(routine).parameters else "seed": self.generator}


class SimulatedAnnealing(DerivativeFree):
    """Simulated annealing: random jumps that may lead uphill, less often and less far as the temperature falls.

        T(k) = T₀ (2^(q−1) − 1) / ((1 + k)^(q−1) − 1),   q = ``visit``

    Jumps are drawn from a distribution with long tails whose width follows T. One that lowers the loss is always
    taken, another one with the probability

        max(0, 1 − (1 − a) ΔE k / T)^(1/(1 − a)),   a = ``accept``

    (e^(−ΔE k / T) for a → 1). When T has fallen to ``restart_ratio`` T₀ it starts anew. Each ``step`` is one such
    search of ``max_iter`` temperatures, each with two jumps for every number, from the present parameters, and ends
    at the best of all points seen. The closure returns the loss, a Tensor or a number; it is called very often, and
    in ``with ag.no_grad()`` it need not record anything. NaN and infinity count as high.

    Args:
        params: Tensors, or pairs (name, Tensor); they form one group.
        bounds: the region: a pair (low, high) for all numbers; or a list of pairs, one for every number, or one for
            every parameter, of numbers or arrays of its shape.
        max_iter: how many temperatures a step has.
        temperature: T₀.
        restart_ratio: see above.
        visit: q, between 1 and 3: larger for longer jumps.
        accept: a, below 0: smaller for fewer steps uphill.
        local_search: whether good points are improved by L-BFGS-B with derivatives from differences.
        generator: the source of random numbers; a fresh one, if not given.
        nonfinite: what to do where the loss is not finite at the start: ``"raise"`` an error, or ``"skip"`` the step
            and count it in ``skipped_steps``.

    Attributes:
        report: a ``StepReport`` of the last step; ``trials`` is how often the closure was called.
        evaluations: how often it was called in all steps.

    Raises:
        ModuleNotFoundError: in ``step``, without SciPy.
        ValueError: for bounds that do not fit, and hyper-parameters out of range; in ``step``, for parameters outside.
        TypeError: in ``step``, without a closure.

    Source: Kirkpatrick, Gelatt, Vecchi, "Optimization by simulated annealing", 1983; Tsallis and Stariolo,
    "Generalized simulated annealing", 1996; Xiang et al., "Generalized simulated annealing algorithm and its
    application to the Thomson model", 1997; SciPy's ``dual_annealing``.

    >>> import autograd_core as ag, numpy as np, optim
    >>> x = ag.tensor([4.0, 4.0], requires_grad=True)
    >>> optimizer = optim.SimulatedAnnealing([x], (-5.0, 5.0), max_iter=300, generator=np.random.default_rng(0))
    >>> loss = optimizer.step(lambda: (x * x - 8 * np.cos(4 * x)).sum())
    >>> bool(abs(x.detach().numpy()).max() < 0.02)
    True
    """

    def __init__(
        self,
        params: Iterable[Any],
        bounds: Any,
        max_iter: int = 1000,
        temperature: float = 5230.0,
        restart_ratio: float = 2e-5,
        visit: float = 2.62,
        accept: float = -5.0,
        local_search: bool = False,
        *,
        generator: np.random.Generator | None = None,
        nonfinite: str = "raise",
    ) -> None:
        self._seed(generator)
        defaults = dict(
            bounds=bounds,
            max_iter=max_iter,
            temperature=temperature,
            restart_ratio=restart_ratio,
            visit=visit,
            accept=accept,
            local_search=local_search,
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        name = "SimulatedAnnealing"
        require(name, group, "temperature", lambda value: 0.01 < value <= 5e4, "a temperature from 0.01 to 50000")
        require(name, group, "restart_ratio", lambda value: 0 < value < 1, "restart_ratio between 0 and 1")
        require(name, group, "visit", lambda value: 1 < value <= 3, "visit above 1 and at most 3")
        require(name, group, "accept", lambda value: -1e4 < value <= -5, "accept above -10000 and at most -5")

    def _search(self, optimize: Any, value_at: Callable[[Any], float], start: Any, bounds: Any) -> Any:
        group = self.param_groups[0]
        self.ended = True
        return optimize.dual_annealing(
            value_at,
            bounds,
            maxiter=group["max_iter"],
            initial_temp=group["temperature"],
            restart_temp_ratio=group["restart_ratio"],
            visit=group["visit"],
            accept=group["accept"],
            no_local_search=not group["local_search"],
            x0=start,
            **self._random(optimize.dual_annealing),
        )


class GeneticAlgorithm(DerivativeFree):
    """A genetic algorithm for real numbers, differential evolution: mutation, crossover and selection.

    In every generation each member x of the population gets a rival y, with the parents a, b drawn at random:

        v = best + F (a − b)                                   (mutation)
        yᵢ = vᵢ with probability CR, else xᵢ                   (crossover)
        y takes the place of x if its loss is not higher       (selection)

    F is drawn anew in every generation. ``strategy`` names other ways of mutation and crossover. The population is
    kept: the next ``step`` goes on with it. The parameters are a member of the first one, and end at the best.
    The closure returns the loss, a Tensor or a number; it is called very often, and in ``with ag.no_grad()`` it
    need not record anything. NaN and infinity count as high.

    Args:
        params: Tensors, or pairs (name, Tensor); they form one group of n numbers.
        bounds: the region: a pair (low, high) for all numbers; or a list of pairs, one for every number, or one for
            every parameter, of numbers or arrays of its shape.
        max_iter: how many generations a step has at most.
        population: how many members, divided by n (at least 5 of them in all).
        mutation: F, or a pair between which it is drawn; from 0 to below 2.
        crossover: CR, from 0 to 1.
        strategy: one of SciPy's: ``"best1bin"``, ``"rand1bin"``, ``"currenttobest1bin"`` ...
        tol, atol: a search ends when the losses of the population deviate from their mean by at most
            atol + tol |mean| (root of the mean square).
        polish: whether the best is improved by L-BFGS-B, with derivatives from differences.
        generator: the source of random numbers; a fresh one, if not given.
        nonfinite: what to do where the loss is not finite at the start: ``"raise"`` an error, or ``"skip"`` the step
            and count it in ``skipped_steps``.

    Attributes:
        report: a ``StepReport`` of the last step; ``trials`` is how often the closure was called.
        evaluations: how often it was called in all steps.

    Raises:
        ModuleNotFoundError: in ``step``, without SciPy.
        ValueError: for bounds that do not fit, and hyper-parameters out of range; in ``step``, for parameters outside.
        TypeError: in ``step``, without a closure.

    Source: Holland, "Adaptation in natural and artificial systems", 1975; Storn and Price, "Differential evolution,
    a simple and efficient heuristic for global optimization over continuous spaces", 1997; SciPy's
    ``differential_evolution``.

    >>> import autograd_core as ag, numpy as np, optim
    >>> x = ag.tensor([4.0, 4.0], requires_grad=True)
    >>> optimizer = optim.GeneticAlgorithm([x], (-5.0, 5.0), generator=np.random.default_rng(0))
    >>> loss = optimizer.step(lambda: (x * x - 8 * np.cos(4 * x)).sum())
    >>> bool(abs(x.detach().numpy()).max() < 0.02)
    True
    """

    def __init__(
        self,
        params: Iterable[Any],
        bounds: Any,
        max_iter: int = 1000,
        population: int = 15,
        mutation: float | tuple[float, float] = (0.5, 1.0),
        crossover: float = 0.7,
        strategy: str = "best1bin",
        tol: float = 0.01,
        atol: float = 0.0,
        polish: bool = False,
        *,
        generator: np.random.Generator | None = None,
        nonfinite: str = "raise",
    ) -> None:
        self._seed(generator)
        defaults = dict(
            bounds=bounds,
            max_iter=max_iter,
            population=population,
            mutation=mutation,
            crossover=crossover,
            strategy=strategy,
            tol=tol,
            atol=atol,
            polish=polish,
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        name = "GeneticAlgorithm"
        require(name, group, "population", lambda value: value >= 1, "a population of at least 1 for every number")
        require(name, group, "mutation", _is_mutation, "a mutation of at least 0 and below 2, or a growing pair of it")
        require(name, group, "crossover", lambda value: 0 <= value <= 1, "a crossover from 0 to 1")
        require(name, group, "strategy", lambda value: value in STRATEGIES, f"strategy one of {', '.join(STRATEGIES)}")
        require_at_least_zero(name, group, "tol", "atol")

    def _search(self, optimize: Any, value_at: Callable[[Any], float], start: Any, bounds: Any) -> Any:
        group, memory = self.param_groups[0], self._memory()
        result = optimize.differential_evolution(
            value_at,
            bounds,
            strategy=group["strategy"],
            maxiter=group["max_iter"],
            popsize=group["population"],
            tol=group["tol"],
            atol=group["atol"],
            mutation=group["mutation"],
            recombination=group["crossover"],
            polish=group["polish"],
            init=np.array(memory["population"]) if "population" in memory else "latinhypercube",
            x0=start,
            **self._random(optimize.differential_evolution),
        )
        self.ended = bool(result.success)
        memory["population"] = np.clip(result.population, bounds[:, 0], bounds[:, 1])
        return result

    def _read_state(self, group: Group, parameter: Any, entry: dict[str, Any], number: Any) -> dict[str, Any]:
        members = entry.get("population")
        count = sum(p.size for p in group["params"])
        if members is not None and (np.ndim(members) != 2 or np.shape(members)[1] != count):
            raise self._misfit("population", number, (np.size(members) // count, count), members)
        return entry


def _is_mutation(value: Any) -> bool:
    if np.ndim(value) == 0:
        return bool(0 <= value < 2)
    return len(value) == 2 and bool(0 <= value[0] < value[1] < 2)


METHODS: dict[str, Any] = {"annealing": SimulatedAnnealing, "genetic": GeneticAlgorithm}


def search_region(counted: Counted, method: str, max_iter: int | None, options: dict[str, Any]) -> OptimizeResult:
    """``optim.minimize`` for the methods that look at values alone."""
    if "bounds" not in options:
        raise TypeError(
            explain(
                "minimize",
                expected=f"bounds for the method {method!r}",
                got="none",
                remedy="pass bounds=(low, high), the region to search",
            )
        )
    limit = {} if max_iter is None else {"max_iter": max_iter}
    optimizer = METHODS[method](counted.leaves, **options, **limit)
    with no_grad():
        optimizer.step(counted)
    report = optimizer.report
    assert report is not None
    status = 2 if optimizer.ended else 0
    return OptimizeResult(
        x=counted.point(),
        fun=report.loss,
        jac=None,
        cost=report.loss,
        grad=None,
        optimality=math.nan,
        nit=optimizer.iterations,
        nfev=counted.calls,
        njev=0,
        nhev=0,
        status=status,
        message=report.message,
        success=optimizer.ended,
        history=[report],
    )
