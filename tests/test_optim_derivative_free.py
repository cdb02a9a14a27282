"""Simulated annealing and the genetic algorithm, as optimizers and through ``minimize``."""

from __future__ import annotations

import copy
import math
import pickle
import sys

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim

MAKERS = {
    "annealing": lambda params, bounds, seed=0, **options: optim.SimulatedAnnealing(
        params, bounds, **{"max_iter": 60, **options}, generator=np.random.default_rng(seed)
    ),
    "genetic": lambda params, bounds, seed=0, **options: optim.GeneticAlgorithm(
        params, bounds, **{"max_iter": 40, **options}, generator=np.random.default_rng(seed)
    ),
}
both = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def leaf(values):
    return ag.tensor(np.array(values, dtype=float), requires_grad=True)


def rastrigin(x):
    """Many minima on a lattice; the lowest is at 0, with the value 0."""
    return (x * x - 10 * np.cos(2 * math.pi * x) + 10).sum()


@both
def test_they_leave_local_minima_which_descent_does_not(make):
    x = leaf([3.0, -4.0])
    stuck = optim.minimize(rastrigin, x.detach().numpy())
    assert stuck.fun > 5
    optimizer = make([x], (-5.12, 5.12), max_iter=400)
    loss = optimizer.step(lambda: rastrigin(x))
    assert loss.item() == pytest.approx(25.0)
    np.testing.assert_allclose(x.detach().numpy(), 0.0, atol=0.03)
    report = optimizer.report
    assert report.accepted
    assert report.loss == pytest.approx(rastrigin(x).item())
    assert report.reduction == pytest.approx(25.0 - report.loss)
    assert report.trials == optimizer.evaluations - 1
    assert report.message


@both
def test_losses_without_derivatives_and_networks(make):
    """The number of wrong answers of a unit with a threshold."""
    points = np.random.default_rng(1).standard_normal((40, 2))
    answers = points @ [1.0, -2.0] > 0.5
    layer = nn.Linear(2, 1)

    def wrong():
        with ag.no_grad():
            return float(((layer(points).numpy()[:, 0] > 0) != answers).mean())

    make(layer.parameters(), (-3.0, 3.0)).step(wrong)
    assert wrong() <= 0.05
    assert layer.weight.dtype == np.float32


@both
def test_a_step_never_ends_higher_and_stays_in_the_region(make):
    x, y = leaf([0.5, 0.0]), leaf([[0.1], [0.2]])
    bounds = [(-1.0, [2.0, 1.0]), (0.0, 0.5)]
    seen = []

    def closure():
        assert (x.detach().numpy() >= -1.0).all()
        assert (x.detach().numpy() <= [2.0, 1.0]).all()
        assert (y.detach().numpy() >= 0.0).all()
        assert (y.detach().numpy() <= 0.5).all()
        seen.append(1)
        return -x.sum() - y.sum()

    optimizer = make([x, y], bounds)
    losses = []
    for _ in range(3):
        optimizer.step(closure)
        losses.append(optimizer.report.loss)
    assert losses == sorted(losses, reverse=True)
    assert len(seen) == optimizer.evaluations
    assert losses[-1] == pytest.approx(-4.0, abs=0.3)


@both
def test_equal_seeds_give_equal_searches(make):
    found = []
    for seed in (1, 1, 2):
        x = leaf([3.0, -4.0])
        make([x], (-5.0, 5.0), seed, max_iter=5).step(lambda x=x: rastrigin(x))
        found.append(x.tolist())
    assert found[0] == found[1] != found[2]


@both
@pytest.mark.parametrize("copied", ["state dict", "copy", "pickle"])
def test_searches_go_on_where_they_were_saved(make, copied):
    x = leaf([3.0, -4.0])
    optimizer = make([x], (-5.0, 5.0), max_iter=3)
    optimizer.step(lambda: rastrigin(x))
    if copied == "state dict":
        y = leaf(x.detach().numpy())
        other = make([y], (-4.0, 4.0), 9)
        other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        assert other.param_groups[0]["bounds"] == (-5.0, 5.0)
    else:
        copier = copy.deepcopy if copied == "copy" else lambda pair: pickle.loads(pickle.dumps(pair))
        y, other = copier((x, optimizer))
    optimizer.step(lambda: rastrigin(x))
    other.step(lambda: rastrigin(y))
    assert x.tolist() == y.tolist()


def test_the_population_is_kept():
    x = leaf([3.0, -4.0])
    optimizer = MAKERS["genetic"]([x], (-5.0, 5.0), max_iter=1, population=4)
    means = []
    for _ in range(25):
        optimizer.step(lambda: rastrigin(x))
        members = optimizer.state[x]["population"]
        means.append(np.mean([rastrigin(member) for member in members]))
    assert members.shape == (8, 2)
    assert means[-1] < 0.3 * means[0]
    bent = optimizer.state_dict()
    bent["state"][0]["population"] = np.ones((8, 3))
    with pytest.raises(ValueError, match=r"population of shape .* got shape \(8, 3\)"):
        optimizer.load_state_dict(bent)


@both
def test_walls_count_as_high(make):
    x = leaf([2.0])
    optimizer = make([x], (-3.0, 3.0))
    optimizer.step(lambda: (x - np.log(x)).sum())  # NaN on the left
    assert x.item() == pytest.approx(1.0, abs=0.05)
    y = leaf([-1.0])
    with pytest.raises(FloatingPointError, match="finite"):
        make([y], (-3.0, 3.0)).step(lambda: np.log(y).sum())
    optimizer = make([y], (-3.0, 3.0), nonfinite="skip")
    optimizer.step(lambda: np.log(y).sum())
    assert optimizer.skipped_steps == 1
    assert y.tolist() == [-1.0]


@both
def test_errors_leave_the_parameters(make):
    x, calls = leaf([1.0, 2.0]), []

    def breaks():
        calls.append(1)
        if len(calls) == 5:
            raise RuntimeError("no more data")
        return (x * x).sum()

    optimizer = make([x], (-5.0, 5.0))
    with pytest.raises(RuntimeError, match="no more data"):
        optimizer.step(breaks)
    assert x.tolist() == [1.0, 2.0]
    with pytest.raises(TypeError, match="closure"):
        optimizer.step()
    with pytest.raises(ValueError, match=r"one number.*shape \(2,\)"):
        optimizer.step(lambda: x * x)
    x.data = np.array([1.0, 6.0])
    with pytest.raises(ValueError, match="within the bounds"):
        optimizer.step(lambda: (x * x).sum())
    assert x.tolist() == [1.0, 6.0]


@both
def test_without_scipy(make, monkeypatch):
    x = leaf([1.0, 2.0])
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(ModuleNotFoundError, match=r"expected SciPy, got no module scipy.*pip install scipy"):
        make([x], (-5.0, 5.0)).step(lambda: (x * x).sum())
    with pytest.raises(ModuleNotFoundError, match="pip install scipy"):
        optim.scipy.minimize(lambda x: (x * x).sum(), np.ones(2))
    assert x.tolist() == [1.0, 2.0]


@both
@pytest.mark.parametrize(
    "bounds",
    [(1.0, -1.0), (0.0, np.inf), (0.0, np.nan), [(-1, 1)] * 3, [(-1, 1, 2)] * 2, [], (0.0, 0.0)],
)
def test_bounds_that_do_not_fit(make, bounds):
    with pytest.raises(ValueError, match="bounds"):
        make([leaf([0.5, 0.5])], bounds)


@both
@pytest.mark.parametrize("bounds", [None, 5.0, {"low": -1.0, "high": 1.0}, "ab"])
def test_bounds_that_are_no_list(make, bounds):
    with pytest.raises(TypeError, match=r"expected bounds as one pair \(low, high\).*got (none|float|dict|str)"):
        make([leaf([0.5, 0.5])], bounds)


@both
@pytest.mark.parametrize("bounds", [[1.0, 2.0, 3.0], ["ab", "cd"], [(0.0, 1.0), 5.0]])
def test_lists_of_bounds_that_hold_no_pairs(make, bounds):
    with pytest.raises(ValueError, match=r"expected bounds as one pair .*got [23] entries"):
        make([leaf([0.5, 0.5])], bounds)


@both
def test_counts_of_iterations_are_integers(make):
    with pytest.raises(TypeError, match=r"an integer max_iter of at least 1, got max_iter=1\.5"):
        make([leaf([0.5, 0.5])], (-1.0, 1.0), max_iter=1.5)


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("annealing", dict(max_iter=0), "max_iter"),
        ("annealing", dict(temperature=0.0), "temperature"),
        ("annealing", dict(restart_ratio=1.0), "restart_ratio"),
        ("annealing", dict(visit=1.0), "visit"),
        ("annealing", dict(accept=1.0), "accept"),
        ("genetic", dict(population=0), "population"),
        ("genetic", dict(mutation=2.0), "mutation"),
        ("genetic", dict(mutation=(0.5, 0.4)), "mutation"),
        ("genetic", dict(crossover=1.5), "crossover"),
        ("genetic", dict(strategy="best"), "rand1bin"),
        ("genetic", dict(tol=-1.0), "tol"),
        ("genetic", dict(nonfinite="allow"), "nonfinite"),
    ],
)
def test_bad_arguments(name, options, text):
    with pytest.raises(ValueError, match=text):
        MAKERS[name]([leaf([1.0])], (-2.0, 2.0), **options)
    with pytest.raises(TypeError, match="NumPy generator"):
        optim.GeneticAlgorithm([leaf([1.0])], (-2.0, 2.0), generator=0)


@pytest.mark.parametrize("method", ["annealing", "genetic"])
def test_minimize(method):
    calls = []

    def f(p, level):
        calls.append(1)
        return rastrigin(p["a"]) + (p["b"] - level) ** 2

    result = optim.minimize(
        f,
        {"a": np.array([3.0, -4.0]), "b": 1.0},
        method,
        args=2.0,
        bounds=(-5.0, 5.0),
        max_iter=300,
        generator=np.random.default_rng(0),
    )
    assert result.success
    assert result.status == 2
    np.testing.assert_allclose(result.x["a"], 0.0, atol=0.05)
    assert float(result.x["b"]) == pytest.approx(2.0, abs=0.1)
    assert result.nfev == len(calls)
    assert (result.jac, result.grad, result.njev) == (None, None, 0)
    assert len(result.history) == 1
    assert 0 < result.nit <= 300
    with pytest.raises(TypeError, match=r"bounds for the method '\w+'"):
        optim.minimize(rastrigin, [1.0], method)


def test_a_population_that_has_not_converged():
    result = optim.minimize(
        rastrigin, [3.0, -4.0], "genetic", bounds=(-5.0, 5.0), max_iter=2, generator=np.random.default_rng(0)
    )
    assert (result.success, result.status, result.nit) == (False, 0, 2)
