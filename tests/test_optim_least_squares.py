"""Least squares: the linear problems, the three methods, results and errors."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from optim.second_order.recorded import jacobian_of
from optim.second_order.solving import condition_of, solve_damped

RNG = np.random.default_rng(3)
METHODS = ["lm", "levenberg", "gauss-newton"]
CLASSES = [optim.LevenbergMarquardt, optim.Levenberg, optim.GaussNewton]
T = np.linspace(0.0, 4.0, 15)
Y = 3.0 * np.exp(-0.7 * T) + 1.0


def decay(b):
    return b[0] * np.exp(-b[1] * T) + b[2] - Y


# -- linear problems -------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "n"), [(7, 4), (4, 7), (5, 5), (1, 3), (3, 1)])
def test_a_damped_step_solves_the_normal_equations(m, n):
    jacobian, r, weights = RNG.standard_normal((m, n)), RNG.standard_normal(m), RNG.uniform(0.1, 2.0, n)
    step = solve_damped(jacobian, r, weights).step
    np.testing.assert_allclose((jacobian.T @ jacobian + np.diag(weights**2)) @ step, -jacobian.T @ r, atol=1e-12)


def test_an_undamped_step_is_the_shortest():
    jacobian, r = RNG.standard_normal((6, 3)) @ RNG.standard_normal((3, 3)), RNG.standard_normal(6)
    np.testing.assert_allclose(solve_damped(jacobian, r).step, -np.linalg.lstsq(jacobian, r)[0], rtol=1e-9)
    jacobian[:, 2] = jacobian[:, 1]
    solution = solve_damped(jacobian, r)
    assert np.isfinite(solution.condition)
    np.testing.assert_allclose(solution.step[1], solution.step[2], rtol=1e-9)
    np.testing.assert_allclose(jacobian.T @ (r + jacobian @ solution.step), 0.0, atol=1e-10)


def test_a_step_is_exact_where_the_normal_equations_are_not():
    e = 1e-9  # its square is lost beside 1
    jacobian = np.array([[1.0, 1.0], [e, 0.0], [0.0, e]])
    np.testing.assert_allclose(solve_damped(jacobian, -jacobian @ np.array([1.0, 2.0])).step, [1.0, 2.0], rtol=1e-6)


def test_the_condition_number():
    assert condition_of(np.diag([4.0, 2.0, 1.0])) == pytest.approx(4.0)
    assert condition_of(np.diag([1.0, 0.0])) == np.inf
    assert condition_of(np.diag(np.linspace(1.0, 5.0, 150))) == pytest.approx(5.0)


@pytest.mark.parametrize("count", [3, 40])
def test_jacobians_by_rows_and_by_columns(count):
    a, b = (ag.tensor(RNG.standard_normal(shape), requires_grad=True) for shape in ((2, 3), (4,)))
    unused = ag.tensor([1.0], requires_grad=True)
    x = RNG.standard_normal((count, 2))

    def f(a, b):
        return np.tanh(x @ a).sum(axis=1) * b[0] + b[1] ** 2

    expected = [block._data.reshape(count, -1) for block in ag.jacrev(f, (0, 1))(a.detach(), b.detach())]
    found = jacobian_of(f(a, b), [a, unused, b])
    np.testing.assert_allclose(found, np.concatenate([expected[0], np.zeros((count, 1)), expected[1]], 1), atol=1e-13)


# -- the function ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_a_curve_is_fitted(method):
    result = optim.least_squares(decay, [1.0, 1.0, 0.0], method)
    assert result.success
    assert result.status in (1, 2, 3, 4)
    np.testing.assert_allclose(result.x, [3.0, 0.7, 1.0], rtol=1e-6)
    np.testing.assert_allclose(result.fun, decay(result.x))
    assert result.optimality == np.abs(result.grad).max()
    assert result.njev >= result.nit
    assert result.nhev == 0


@pytest.mark.parametrize("method", METHODS)
def test_a_linear_problem_takes_one_undamped_step(method):
    matrix, right = RNG.standard_normal((8, 3)), RNG.standard_normal(8)
    result = optim.least_squares(lambda x: matrix @ x - right, np.zeros(3), method)
    np.testing.assert_allclose(result.x, np.linalg.lstsq(matrix, right)[0], atol=1e-7)
    assert all(step.gain_ratio == pytest.approx(1.0) for step in result.history if step.promised > 1e-9)
    if method == "gauss-newton":
        assert result.nit == 1


@pytest.mark.parametrize(
    "result",
    [optim.least_squares(decay, [1.0, 1.0, 0.0]), optim.minimize(lambda x: (x * x).sum(), [1.0])],
    ids=["least_squares", "minimize"],
)
def test_results_are_read_as_scipys(result):
    assert result["x"] is result.x
    assert {"x", "fun", "success", "message", "nit", "nfev"} <= result.keys()
    assert "x" in result
    assert "y" not in result
    assert "__class__" not in result
    assert result.get("y", 3) == 3
    assert dict(result)["nit"] == result.nit
    assert len(result) == len([*result.items()]) == 14
    assert repr(result).startswith("OptimizeResult(x=")
    with pytest.raises(KeyError, match="hess_inv"):
        result["hess_inv"]


def test_nested_parameters_keep_their_structure():
    start = {"scale": (1.0, np.array([1.0])), "shift": 0.0}
    result = optim.least_squares(lambda p: p["scale"][0] * np.exp(-p["scale"][1] * T) + p["shift"] - Y, start)
    assert result.x.keys() == start.keys()
    assert result.x["scale"][1].shape == (1,)
    assert float(result.x["shift"]) == pytest.approx(1.0)
    assert start["shift"] == 0.0


def test_arguments_and_limits():
    result = optim.least_squares(lambda x, a: a * x - 6.0, [0.0], args=(2.0,))
    assert float(result.x[0]) == pytest.approx(3.0)
    result = optim.least_squares(decay, [1.0, 1.0, 0.0], max_nfev=3)
    assert (result.status, result.success) == (0, False)
    assert result.nfev <= 5


@pytest.mark.parametrize("method", ["lm", "gauss-newton"])
def test_units_change_nothing(method):
    scale = np.array([1e6, 1e-5, 1.0])
    plain = optim.least_squares(decay, [1.0, 1.0, 0.0], method)
    other = optim.least_squares(lambda b: decay(b * scale), np.array([1.0, 1.0, 0.0]) / scale, method)
    np.testing.assert_allclose(other.x * scale, plain.x, rtol=1e-6)
    assert abs(other.nit - plain.nit) <= 1


def test_regions_without_a_value_are_avoided():
    result = optim.least_squares(lambda x: np.log(x) - np.array([-4.0, -4.2]), [1.0], "gauss-newton")
    assert float(result.x[0]) == pytest.approx(np.exp(-4.1), rel=1e-6)
    assert max(step.trials for step in result.history) > 1


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: optim.least_squares(decay, [1.0, np.nan, 0.0]), ValueError, "finite numbers in x0"),
        (lambda: optim.least_squares(decay, [1.0, 1j, 0.0]), TypeError, "real numbers in x0"),
        (lambda: optim.least_squares(decay, []), ValueError, "at least one number"),
        (lambda: optim.least_squares(decay, [1.0], "newton"), ValueError, "gauss-newton"),
        (lambda: optim.least_squares(None, [1.0]), TypeError, "a function"),
        (lambda: optim.least_squares(decay, [1.0, 1.0, 0.0], ftol=-1.0), ValueError, "ftol"),
        (lambda: optim.least_squares(decay, [1.0, 1.0, 0.0], damping=0.0), ValueError, "damping"),
        (lambda: optim.least_squares(lambda x: (x * x).sum(), [1.0, 2.0]), ValueError, "shape"),
        (lambda: optim.least_squares(lambda x: [1.0, 2.0], [1.0, 2.0]), TypeError, "list"),
        (lambda: optim.least_squares(lambda x: ag.tensor([1.0]), [1.0]), ValueError, "without a graph"),
        (lambda: optim.least_squares(lambda x: np.log(x), [-1.0]), FloatingPointError, "NaN"),
    ],
)
def test_bad_calls(call, error, text):
    with pytest.raises(error, match=text):
        call()


# -- the optimizers --------------------------------------------------------------------------------


def network():
    nn.manual_seed(1)
    return nn.Sequential(nn.Linear(1, 6), nn.Tanh(), nn.Linear(6, 1)).double()


X = np.linspace(-3.0, 3.0, 30).reshape(-1, 1)


@pytest.mark.parametrize("optimizer_class", CLASSES)
def test_a_network_is_trained(optimizer_class):
    net = network()
    optimizer = optimizer_class(net.named_parameters())
    losses = []
    for _ in range(40):
        losses.append(optimizer.step(lambda: (net(X) - np.sin(X)).reshape(-1)).item())
        assert optimizer.report.loss <= losses[-1]
        assert optimizer.report.accepted == (optimizer.report.reduction > 0)
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < (0.9 if optimizer_class is optim.GaussNewton else 0.01) * losses[0]  # it settles early


@pytest.mark.parametrize("optimizer_class", CLASSES[:2])
def test_more_parameters_than_residuals(optimizer_class):
    net = network()
    optimizer = optimizer_class(net.parameters())
    x = X[::10]
    for _ in range(15):
        optimizer.step(lambda: (net(x) - np.sin(x)).reshape(-1))
    assert optimizer.report.loss < 1e-12


@pytest.mark.parametrize("optimizer_class", CLASSES[:2])
def test_steps_go_on_where_they_were_saved(optimizer_class):
    def run(b, optimizer, steps):
        for _ in range(steps):
            optimizer.step(lambda: decay(b))

    b = ag.tensor([1.0, 1.0, 0.0], requires_grad=True)
    optimizer = optimizer_class([b])
    run(b, optimizer, 3)
    saved = copy.deepcopy(optimizer.state_dict())
    other = ag.tensor(b.detach().numpy().copy(), requires_grad=True)
    again = optimizer_class([other])
    again.load_state_dict(saved)
    run(b, optimizer, 3)
    run(other, again, 3)
    assert np.array_equal(b.detach().numpy(), other.detach().numpy())


def test_a_step_by_hand():
    x = ag.tensor([2.0], requires_grad=True)
    optim.GaussNewton([x]).step(lambda: x * x - 1.0)
    assert x.item() == pytest.approx(2.0 - 3.0 / 4.0)
    x = ag.tensor([2.0], requires_grad=True)
    optimizer = optim.LevenbergMarquardt([x], damping=0.5)
    assert optimizer.step(lambda: x * x - 1.0).item() == 4.5
    assert x.item() == pytest.approx(2.0 - 4.0 * 3.0 / (16.0 + 0.5 * 16.0))
    x = ag.tensor([2.0], requires_grad=True)
    optim.Levenberg([x], damping=0.25).step(lambda: x * x - 1.0)
    assert x.item() == pytest.approx(2.0 - 4.0 * 3.0 / (16.0 + 4.0))


@pytest.mark.parametrize("optimizer_class", CLASSES)
@pytest.mark.parametrize(
    ("closure", "error", "text"),
    [
        (None, TypeError, "closure"),
        (lambda b: 1.0, TypeError, "float"),
        (lambda b: (b * b).sum(), ValueError, "shape"),
        (lambda b: b.reshape(3, 1), ValueError, "shape"),
        (lambda b: b / 0.0, FloatingPointError, "NaN or infinity"),
    ],
)
def test_errors_leave_the_parameters(optimizer_class, closure, error, text):
    b = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    optimizer = optimizer_class([b])
    with np.errstate(all="ignore"), pytest.raises(error, match=text):
        optimizer.step(closure and (lambda: closure(b)))
    assert b.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("optimizer_class", CLASSES)
def test_an_error_in_a_trial_leaves_the_parameters(optimizer_class):
    b = ag.tensor([1.0, 1.0, 0.0], requires_grad=True)
    calls = []

    def closure():
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("no more data")
        return decay(b)

    with pytest.raises(RuntimeError, match="no more data"):
        optimizer_class([b]).step(closure)
    assert b.tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize("optimizer_class", CLASSES)
def test_a_start_that_is_not_finite_can_be_skipped(optimizer_class):
    b = ag.tensor([-1.0], requires_grad=True)
    optimizer = optimizer_class([b], nonfinite="skip")
    optimizer.step(lambda: np.log(b))
    assert (optimizer.skipped_steps, b.tolist()) == (1, [-1.0])


@pytest.mark.parametrize("optimizer_class", CLASSES)
def test_bad_constructions(optimizer_class):
    b, c = ag.tensor([1.0], requires_grad=True), ag.tensor([1j], requires_grad=True)
    with pytest.raises(ValueError, match="one group"):
        optimizer_class([{"params": [b]}, {"params": [ag.tensor([1.0], requires_grad=True)]}])
    with pytest.raises(TypeError, match="complex128"):
        optimizer_class([c])
    with pytest.raises(ValueError, match="at least one"):
        optimizer_class([])
    with pytest.raises(ValueError, match="twice"):
        optimizer_class([b, b])
    with pytest.raises(ValueError, match="trials"):
        optimizer_class([b], trials=0)
    with pytest.raises(ValueError, match="nonfinite"):
        optimizer_class([b], nonfinite="allow")


@pytest.mark.parametrize("method", METHODS[:2])
def test_acceleration_needs_fewer_steps_in_a_bent_valley(method):
    def valley(x):
        return ag.stack([100 * (x[1] - x[0] ** 2), 1 - x[0]])

    plain, bent = (optim.least_squares(valley, [-1.2, 1.0], method, acceleration=a) for a in (False, True))
    np.testing.assert_allclose(bent.x, 1.0, rtol=1e-6)
    assert bent.nit < plain.nit


def test_no_step_at_a_minimum():
    b = ag.tensor([0.0], requires_grad=True)
    optimizer = optim.LevenbergMarquardt([b])
    optimizer.step(lambda: ag.stack([b[0] * 0.0 + 1.0, b[0] ** 2]))
    assert not optimizer.report.accepted
    assert b.tolist() == [0.0]


def test_single_precision_stays():
    b = ag.tensor(np.array([1.0, 1.0, 0.0], np.float32), requires_grad=True)
    optimizer = optim.LevenbergMarquardt([b])
    for _ in range(15):
        optimizer.step(lambda: decay(b))
    assert b.dtype == np.float32
    np.testing.assert_allclose(b.detach().numpy(), [3.0, 0.7, 1.0], rtol=1e-4)
