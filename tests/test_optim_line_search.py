"""Line searches: the minimum where there is one, an honest refusal where there is none, and never a worse point."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_core as ag
import optim
from optim.line_search import (
    Backtracking,
    Bisection,
    Bracketing,
    Brent,
    GoldenSection,
    Line,
    ParameterLine,
    Secant,
    StrongWolfe,
)

EXACT = [GoldenSection, Brent, Bisection, Secant]
SEARCHES = [*EXACT, Bracketing, Backtracking, StrongWolfe]

# function, and where its first minimum to the right of 0 lies
FUNCTIONS = {
    "parabola": (lambda t: (t - 2.0) ** 2, 2.0),
    "far parabola": (lambda t: 1e-3 * (t - 1000.0) ** 2, 1000.0),
    "near parabola": (lambda t: 50.0 * (t - 1e-4) ** 2, 1e-4),
    "exponential": (lambda t: ag.exp(t) - 3.0 * t, math.log(3.0)),
    "quartic": (lambda t: (t - 1.5) ** 4 + 0.1 * (t - 1.5) ** 2, 1.5),
    "logarithm": (lambda t: t - 2.0 * ag.log(t + 0.5), 1.5),
    "cosine": (lambda t: ag.cos(t + 0.3), math.pi - 0.3),
    "Moré and Thuente's first": (lambda t: -t / (t * t + 2.0), math.sqrt(2.0)),
    "kink": (lambda t: ag.abs(t - 0.7) + 0.1 * (t - 0.7) ** 2, 0.7),
}


# The step of 50 leads over several minima of the cosine.
@pytest.mark.parametrize(
    ("name", "step"),
    [(name, step) for name in FUNCTIONS for step in (1.0, 1e-3, 50.0) if (name, step) != ("cosine", 50.0)],
)
@pytest.mark.parametrize("make", EXACT)
def test_exact_searches_find_the_minimum(make, name, step):
    function, expected = FUNCTIONS[name]
    result = make().search(function, step=step)
    assert result.success, result
    assert result.converged, result
    assert result.step == pytest.approx(expected, rel=1e-4 if name == "quartic" else 2e-7)
    assert result.value <= min(value for _, value in result.history) + 1e-12 * abs(result.value)
    assert result.evaluations == len(result.history) < 160


@pytest.mark.parametrize("step", [1.0, 1e-3, 50.0, -1.0])
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("make", SEARCHES)
def test_no_search_ends_at_a_worse_point(make, name, step):
    function, _ = FUNCTIONS[name]
    start = Line(function).value(0.0).value
    result = make().search(function, step=step)
    assert result.value <= start
    assert (result.step == 0) == (not result.success)
    assert Line(function).value(result.step).value == result.value
    if step < 0:
        assert result.step <= 0


@pytest.mark.parametrize("make", SEARCHES)
def test_searches_to_the_left(make):
    right = make().search(lambda t: (t - 2.0) ** 2 + 0.1 * t)
    left = make().search(lambda t: (-t - 2.0) ** 2 - 0.1 * t, step=-1.0)
    assert left.step == pytest.approx(-right.step)
    assert left.value == pytest.approx(right.value)
    if right.bracket:
        assert left.bracket == pytest.approx((-right.bracket[1], -right.bracket[0]))


@pytest.mark.parametrize("make", SEARCHES)
@pytest.mark.parametrize(
    ("function", "derivative"),
    [
        (lambda t: t * t, lambda t: 2.0 * t),
        (lambda t: t + 1.0, lambda t: 1.0),
        (lambda t: 1.0, lambda t: 0.0),
        (lambda t: math.nan, lambda t: math.nan),
        (lambda t: math.inf, lambda t: 0.0),
        (lambda t: 0.0 if t == 0 else math.nan, lambda t: -1.0),
        (lambda t: 0.0 if t == 0 else math.inf, lambda t: -1.0),
    ],
    ids=["minimum", "uphill", "flat", "NaN", "infinite", "NaN beyond", "infinite beyond"],
)
def test_where_there_is_nothing_to_find_the_search_stays(make, function, derivative):
    result = make().search(function, derivative)
    assert not result.success
    assert result.step == 0.0
    assert result.message
    assert result.evaluations <= 130


@pytest.mark.parametrize("make", EXACT)
@pytest.mark.parametrize("function", [lambda t: -t, lambda t: -math.exp(min(t, 700.0)) if t < 700 else -math.inf])
def test_a_function_that_falls_without_end(make, function):
    result = make().search(function, lambda t: -1.0)
    assert not result.success
    assert "without end" in result.message


@pytest.mark.parametrize("make", SEARCHES)
@pytest.mark.parametrize(
    ("function", "derivative"),
    [
        (lambda t: 0.0 if t == 0 else -math.inf, lambda t: -1.0),
        (lambda t: -t if t < 0.5 else -math.inf, lambda t: -1.0),
        (lambda t: (t - 2.0) ** 2 if not 1.9 < t < 2.1 else -math.inf, lambda t: 2 * (t - 2.0)),
    ],
    ids=["everywhere", "beyond", "in a hole"],
)
@pytest.mark.parametrize("step", [1.0, 2.0, 1e-3])
def test_no_search_ends_at_minus_infinity(make, function, derivative, step):
    result = make().search(function, derivative, step=step)
    assert math.isfinite(result.value)
    assert result.success == (result.value < function(0.0))
    if not result.success:
        assert not result.converged
        assert result.step == 0.0


@pytest.mark.parametrize("make", SEARCHES)
@pytest.mark.parametrize("step", [1e300, -1e300])
@pytest.mark.parametrize("scale", [1e-290, 1e-305])
def test_no_search_ends_infinitely_far_away(make, step, scale):
    result = make().search(lambda t: 1 / (1 + scale * abs(t)), lambda t: -scale * math.copysign(1.0, t), step=step)
    assert math.isfinite(result.step)
    assert result.bracket is None or result.success


@pytest.mark.parametrize("make", SEARCHES)
def test_what_pythons_functions_raise_counts_as_infinitely_high(make):
    """−t − 2 log(2.5 − t) has its minimum at 0.5, and beyond 2.5 math.log raises."""
    result = make().search(lambda t: -t - 2 * math.log(2.5 - t), lambda t: -1 + 2 / (2.5 - t), step=8.0)
    assert result.success
    if make in EXACT:
        assert result.step == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"math domain error|expected a"):
        make().search(lambda t: math.log(t - 1.0), lambda t: 1.0)


@pytest.mark.parametrize("make", SEARCHES)
@pytest.mark.parametrize("beyond", [math.nan, math.inf])
def test_searches_survive_the_edge_of_the_domain(make, beyond):
    """−√(1 − t) − 2t for t ≤ 1 has its least value 1 − 1/16 ... and nothing beyond 1."""

    def function(t):
        return (t - 0.9) ** 2 if t <= 1 else beyond

    result = make().search(function, lambda t: 2 * (t - 0.9) if t <= 1 else math.nan, step=8.0)
    assert result.success
    if make in EXACT:
        assert result.step == pytest.approx(0.9, abs=1e-6)


@pytest.mark.parametrize("make", SEARCHES)
def test_a_first_step_over_a_hill(make):
    """At 2.8 the function falls, but it is higher than at the start, and so are the minima beyond."""
    result = make().search(lambda t: 0.5 * t - ag.sin(2.0 * t), step=2.8)
    assert result.success
    assert result.value < 0
    if make in EXACT:
        assert result.step == pytest.approx(math.acos(0.25) / 2)


def test_overflow_counts_as_infinitely_high():
    def function(t):
        return math.exp(t) - 1e3 * t

    for make in (GoldenSection, Brent):
        result = make().search(function, step=1e4)
        assert result.step == pytest.approx(math.log(1e3), rel=1e-6)
    with np.errstate(all="raise"):
        assert Secant().search(lambda t: ag.exp(t) - 1e3 * t, step=1e4).step == pytest.approx(math.log(1e3))


def test_what_each_search_costs():
    function, _ = FUNCTIONS["exponential"]
    costs = {make: make().search(function).evaluations for make in EXACT}
    assert costs[Secant] < costs[Bisection]
    assert costs[Brent] < costs[GoldenSection]
    assert Secant().search(FUNCTIONS["parabola"][0]).evaluations == 3  # start, first step, minimum


@pytest.mark.parametrize("step", [2.0, 30.0])
@pytest.mark.parametrize("make", [Secant, Bisection])
def test_slopes_of_very_different_size(make, step):
    """Left of the minimum the slope is nearly −1, right of it soon 10⁴⁵: secants alone would creep."""
    result = make().search(lambda t: ag.exp(100.0 * (t - 1.0)) - t, step=step)
    assert result.converged
    assert result.step == pytest.approx(1 - math.log(100.0) / 100)
    assert result.evaluations < (35 if make is Secant else 60)


def test_evaluations_are_counted():
    calls = {"function": 0, "derivative": 0}

    def function(t):
        calls["function"] += 1
        return (t - 2.0) ** 2

    def derivative(t):
        calls["derivative"] += 1
        return 2 * (t - 2.0)

    for make in SEARCHES:
        calls.update(function=0, derivative=0)
        result = make().search(function, derivative)
        assert result.evaluations == calls["function"], make
        assert result.gradient_evaluations == calls["derivative"], make


@pytest.mark.parametrize("make", [Bisection, Secant, Backtracking, StrongWolfe])
def test_a_derivative_is_needed(make):
    with pytest.raises(TypeError, match=r"expected a function that computes a Tensor.*got float.*derivative="):
        make().search(lambda t: 1.0)


@pytest.mark.parametrize("step", [0.0, math.nan, math.inf])
def test_the_first_step_has_to_be_a_step(step):
    with pytest.raises(ValueError, match="finite first step other than 0"):
        Brent().search(lambda t: t, step=step)


def test_limits_are_kept_and_reported():
    for search in (GoldenSection(limit=5), Brent(tolerance=0.0, limit=5), Bisection(limit=6), Secant(0.0, limit=3)):
        result = search.search(FUNCTIONS["exponential"][0])
        assert result.success
        assert not result.converged
        assert str(search.limit) in result.message
    result = StrongWolfe(c2=1.1e-4, limit=1).search(FUNCTIONS["exponential"][0])
    assert result.success
    assert not result.converged
    assert not Backtracking(limit=3).search(FUNCTIONS["near parabola"][0]).success


@pytest.mark.parametrize("step", [1.0, 1e-3, 100.0])
@pytest.mark.parametrize(("c1", "c2"), [(1e-4, 0.9), (1e-3, 0.1), (0.1, 0.2)])
@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "kink"])
def test_the_strong_wolfe_conditions_hold(name, c1, c2, step):
    function, _ = FUNCTIONS[name]
    result = StrongWolfe(c1, c2, limit=60).search(function, step=step)
    assert result.converged, result
    start = Line(function).at(0.0)
    assert result.value <= start.value + c1 * result.step * start.slope
    assert abs(result.slope) <= c2 * abs(start.slope)


@pytest.mark.parametrize(("c1", "factor"), [(1e-4, 0.5), (0.3, 0.8)])
def test_armijos_condition_holds_and_no_longer_trial_does(c1, factor):
    function, _ = FUNCTIONS["exponential"]
    result = Backtracking(c1, factor).search(function, step=16.0)
    start = Line(function).at(0.0)
    assert result.converged
    bound = [start.value + c1 * t * start.slope for t, _ in result.history]
    assert result.history[-1][1] <= bound[-1]
    assert all(value > high for (_, value), high in zip(result.history[1:-1], bound[1:-1]))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Backtracking(c1=0.0), "c1 between 0 and 1"),
        (lambda: Backtracking(factor=1.0), "factor between 0 and 1"),
        (lambda: StrongWolfe(c1=0.9, c2=0.5), "c1 between 0 and c2"),
        (lambda: StrongWolfe(c2=1.0), "c2 below 1"),
    ],
)
def test_settings_out_of_range(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_settings_are_shown():
    assert repr(Brent(limit=7)) == "Brent(tolerance=1e-08, limit=7)"


def test_a_base_class_defines_no_search():
    with pytest.raises(TypeError, match="LineSearch defines no search"):
        optim.line_search.LineSearch().search(lambda t: -t)


# -- along a direction in the space of parameters --------------------------------------------------------


def problem(dtype=np.float64):
    params = [ag.tensor(np.array([[-1.2, 1.0]], dtype), requires_grad=True), ag.tensor(dtype(0.5), requires_grad=True)]

    def closure():
        for p in params:
            p.grad = None
        x, y = params
        loss = 100 * (x[0, 1] - x[0, 0] ** 2) ** 2 + (1 - x[0, 0]) ** 2 + ag.exp(y) + (y - x[0, 1]) ** 2
        loss.backward()
        return loss

    return params, closure


def gradient(params):
    return np.concatenate([p.grad.numpy().reshape(-1) for p in params])


@pytest.mark.parametrize("make", EXACT)
def test_at_the_result_the_next_gradient_is_at_right_angles_to_this_one(make):
    params, closure = problem()
    for _ in range(8):
        before = closure().item()
        now = gradient(params)
        result = make().along(closure, params, step=1e-3)
        assert result.success
        assert result.value < before
        assert closure().item() == result.value
        following = gradient(params)
        cosine = following @ now / np.linalg.norm(following) / np.linalg.norm(now)
        assert abs(cosine) < 1e-4 if make in (GoldenSection, Brent) else abs(cosine) < 1e-6


@pytest.mark.parametrize("make", SEARCHES)
def test_a_direction_that_rises_leaves_the_parameters_where_they_are(make):
    params, closure = problem()
    before = [p.detach().numpy().copy() for p in params]
    closure()
    result = make().along(closure, params, gradient(params))
    assert not result.success
    for p, value in zip(params, before):
        np.testing.assert_array_equal(p.detach().numpy(), value)


@pytest.mark.parametrize("make", SEARCHES)
def test_single_precision_stays(make):
    params, closure = problem(np.float32)
    start = closure().item()
    result = make().along(closure, params, step=1e-3)
    assert result.success
    assert closure().item() == result.value < start
    assert [p.dtype for p in params] == [np.float32, np.float32]


def test_an_error_in_the_closure_leaves_the_parameters_where_they_were():
    params, closure = problem()
    calls = []

    def fails():
        calls.append(1)
        if len(calls) == 3:
            raise KeyError("a batch")
        return closure()

    before = params[0].detach().numpy().copy()
    with pytest.raises(KeyError):
        StrongWolfe().along(fails, params)
    np.testing.assert_array_equal(params[0].detach().numpy(), before)


def test_bad_arguments_of_along():
    params, closure = problem()
    with pytest.raises(ValueError, match=r"a direction of shape \(3,\), got shape \(2,\)"):
        Brent().along(closure, params, np.ones(2))
    with pytest.raises(TypeError, match=r"Brent\.along: expected a closure"):
        Brent().along(None, params)
    with pytest.raises(ValueError, match="leaves"):
        Brent().along(closure, [params[0] * 2])


def test_the_line_through_the_parameters():
    params, closure = problem()
    line = ParameterLine(closure, params)
    start = line.begin()
    assert start.slope == pytest.approx(-start.gradient @ start.gradient)
    step = 1e-6
    assert (line.at(step).value - line.at(-step).value) / (2 * step) == pytest.approx(start.slope, rel=1e-5)
    assert line.scale == np.abs(start.gradient).max()
    line.move(0.0)
    assert params[0].tolist() == [[-1.2, 1.0]]
