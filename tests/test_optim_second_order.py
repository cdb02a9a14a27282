"""Newton's method, conjugate gradients, preconditioning and ``minimize``."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from optim.line_search import Bisection, Brent, StrongWolfe
from optim.second_order.conjugate import FORMULAS
from optim.second_order.recorded import hessian_of, product_with_hessian, recorded_gradient
from optim.second_order.solving import safeguarded_solution
from tests.hard_functions import CONDITION, FUNCTIONS, MATRIX, quadratic, rosenbrock

RNG = np.random.default_rng(8)


def leaf(values):
    return ag.tensor(np.array(values, dtype=float), requires_grad=True)


def saddle(x):
    return x[0] ** 2 - x[1] ** 2 + 0.25 * x[1] ** 4


LOSS_CLASSES = [
    lambda params: optim.Newton(params),
    lambda params: optim.NewtonCG(params),
    lambda params: optim.ConjugateGradient(params),
    lambda params: optim.Preconditioned(params, lambda g: g, line_search=StrongWolfe()),
]
NAMES = ["Newton", "NewtonCG", "ConjugateGradient", "Preconditioned"]
every_class = pytest.mark.parametrize("make", LOSS_CLASSES, ids=NAMES)


# -- Hessians and systems ---------------------------------------------------------------------------


def test_hessians_and_their_products():
    a, b, unused = leaf(RNG.standard_normal((2, 2))), leaf(RNG.standard_normal(3)), leaf([1.0])

    def f(a, b):
        return np.exp(a @ a).sum() * (b**3).sum() + b[0] * b[1]

    params = [a, unused, b]
    gradient = recorded_gradient(f(a, b), params)
    hessian = hessian_of(gradient, params)
    expected = ag.hessian(lambda v: f(v[:4].reshape(2, 2), v[5:]))(
        np.concatenate([a.detach().numpy().ravel(), [1.0], b.detach().numpy()])
    )
    np.testing.assert_allclose(hessian, expected.numpy(), rtol=1e-12, atol=1e-12)
    vector = RNG.standard_normal(8)
    np.testing.assert_allclose(product_with_hessian(gradient, params)(vector), hessian @ vector, rtol=1e-12)


def test_systems_are_solved_with_cholesky_or_with_absolute_eigenvalues():
    matrix, right = np.array([[4.0, 1.0], [1.0, 3.0]]), np.array([1.0, 2.0])
    solution = safeguarded_solution(matrix, right)
    np.testing.assert_allclose(solution.step, np.linalg.solve(matrix, right))
    assert solution.shift == 0
    assert solution.condition == pytest.approx(np.linalg.cond(matrix))
    solution = safeguarded_solution(np.diag([2.0, -4.0, 0.0]), np.array([1.0, 1.0, 0.0]))
    np.testing.assert_allclose(solution.step, [0.5, 0.25, 0.0])
    assert solution.shift == 8.0
    assert np.array_equal(safeguarded_solution(np.zeros((2, 2)), np.zeros(2)).step, np.zeros(2))


# -- Newton -----------------------------------------------------------------------------------------


def test_newton_finds_the_minimum_of_a_quadratic_function_in_one_step():
    x = leaf(np.zeros(12))
    optimizer = optim.Newton([x])
    loss = optimizer.step(lambda: quadratic(x))
    assert loss.item() == pytest.approx(quadratic(np.zeros(12)))
    np.testing.assert_allclose(x.detach().numpy(), 1.0, rtol=1e-8)
    assert optimizer.report.gain_ratio == pytest.approx(1.0)
    assert optimizer.report.condition == pytest.approx(CONDITION, rel=1e-4)
    assert optimizer.report.rate == 1.0


def test_newton_converges_quadratically():
    x = leaf([1.2, 1.2])
    optimizer = optim.Newton([x])
    norms = []
    for _ in range(10):
        optimizer.step(lambda: rosenbrock(x))
        norms.append(optimizer.report.gradient_norm)
    small = [n for n in norms if n < 1e-2]
    assert small[1] < 1e-3 * small[0]
    assert norms[-1] < 1e-12


def test_newton_goes_downhill_where_the_hessian_is_not_positive_definite():
    x = leaf([1.0, 0.1])
    optimizer = optim.Newton([x])
    optimizer.step(lambda: saddle(x))
    assert "not positive definite" in optimizer.report.message
    assert optimizer.report.accepted
    for _ in range(12):
        optimizer.step(lambda: saddle(x))
    np.testing.assert_allclose(x.detach().numpy(), [0.0, math.sqrt(2.0)], atol=1e-8)


def test_newton_refuses_an_indefinite_hessian_when_asked():
    x = leaf([1.0, 0.1])
    with pytest.raises(FloatingPointError, match="positive definite"):
        optim.Newton([x], on_indefinite="raise").step(lambda: saddle(x))
    assert x.tolist() == [1.0, 0.1]
    optim.Newton([x], on_indefinite="raise", damping=5.0).step(lambda: saddle(x))
    assert x.tolist() != [1.0, 0.1]


def test_damping_by_hand():
    x = leaf([2.0])
    optim.Newton([x], damping=1.0, lr=0.5).step(lambda: x[0] ** 2)
    assert x.item() == pytest.approx(2.0 - 0.5 * 4.0 / 3.0)


# -- all of them ------------------------------------------------------------------------------------


@every_class
def test_a_network_is_trained(make):
    nn.manual_seed(2)
    net = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    x = RNG.standard_normal((20, 2))
    y = x[:, :1] * x[:, 1:]
    optimizer = make(net.parameters())
    losses = []
    for _ in range(25):
        losses.append(optimizer.step(lambda: nn.functional.mse_loss(net(x), y)).item())
        assert optimizer.report.loss <= losses[-1]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.6 * losses[0]


@every_class
def test_a_closure_may_call_backward(make):
    with_it, without = leaf([-1.2, 1.0]), leaf([-1.2, 1.0])
    optimizer, other = make([with_it]), make([without])

    def closure():
        optimizer.zero_grad()
        loss = rosenbrock(with_it)
        loss.backward()
        return loss

    for _ in range(5):
        optimizer.step(closure)
        other.step(lambda: rosenbrock(without))
    assert with_it.tolist() == without.tolist()


@every_class
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_steps_go_on_where_they_were_saved(make, dtype):
    x = ag.tensor(np.array([-1.2, 1.0], dtype), requires_grad=True)
    optimizer = make([x])
    for _ in range(4):
        optimizer.step(lambda: rosenbrock(x))
    y = ag.tensor(x.detach().numpy().copy(), requires_grad=True)
    other = make([y])
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for _ in range(4):
        optimizer.step(lambda: rosenbrock(x))
        other.step(lambda: rosenbrock(y))
    assert x.tolist() == y.tolist()


@every_class
@pytest.mark.parametrize(
    ("closure", "error", "text"),
    [
        (None, TypeError, "closure"),
        (lambda x: x * x, ValueError, "shape|one number"),
        (lambda x: ag.tensor(1.0), ValueError, "graph"),
        (lambda x: np.log(x - 5.0).sum(), FloatingPointError, "NaN or infinity"),
    ],
)
def test_errors_leave_the_parameters(make, closure, error, text):
    x = leaf([1.0, 2.0])
    with np.errstate(all="ignore"), pytest.raises(error, match=text):
        make([x]).step(closure and (lambda: closure(x)))
    assert x.tolist() == [1.0, 2.0]


@every_class
def test_an_error_in_a_trial_leaves_the_parameters(make):
    x = leaf([-1.2, 1.0])
    calls = []

    def closure():
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("no more data")
        return rosenbrock(x)

    with pytest.raises(RuntimeError, match="no more data"):
        make([x]).step(closure)
    assert x.tolist() == [-1.2, 1.0]


@every_class
def test_nothing_moves_at_a_minimum(make):
    x = leaf([1.0, 1.0])
    optimizer = make([x])
    optimizer.step(lambda: rosenbrock(x))
    assert x.tolist() == [1.0, 1.0]
    assert not optimizer.report.accepted


@every_class
def test_a_loss_that_ends_at_a_wall(make):
    """Far steps lead to where the logarithm has no value."""
    x = leaf([0.01])
    optimizer = make([x])
    for _ in range(40):
        optimizer.step(lambda: (x - np.log(x)).sum())
    assert x.item() == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda x: optim.Newton([x], damping=-1.0), "damping"),
        (lambda x: optim.Newton([x], on_indefinite="ignore"), "on_indefinite"),
        (lambda x: optim.NewtonCG([x], radius=0.0), "radius"),
        (lambda x: optim.NewtonCG([x], max_products=0), "max_products"),
        (lambda x: optim.ConjugateGradient([x], "fletcher"), "polak-ribiere"),
        (lambda x: optim.ConjugateGradient([x], restart=0), "restart"),
        (lambda x: optim.ConjugateGradient([x], max_iter=0), "max_iter"),
        (lambda x: optim.Preconditioned([x], np.ones(3)), "shape"),
        (lambda x: optim.minimize(rosenbrock, [0.0, 0.0], "bfgs"), "newton-cg"),
        (lambda x: optim.minimize(rosenbrock, [np.inf, 0.0]), "finite"),
        (lambda x: optim.minimize(lambda x: x, [1.0, 0.0]), "one number"),
    ],
)
def test_bad_arguments(make, text):
    with pytest.raises(ValueError, match=text):
        make(leaf([1.0, 2.0]))


def test_a_line_search_is_an_object():
    with pytest.raises(TypeError, match="line_search"):
        optim.ConjugateGradient([leaf([1.0])], line_search="wolfe")


# -- conjugate gradients, preconditioning ------------------------------------------------------------


@pytest.mark.parametrize("formula", sorted(FORMULAS))
def test_conjugate_gradients_end_after_n_steps_on_a_quadratic_function(formula):
    scales = np.array([1.0, 4.0, 9.0, 16.0])
    x = leaf([3.0, -2.0, 1.0, 1.0])
    optimizer = optim.ConjugateGradient([x], formula, line_search=Bisection(tolerance=1e-13))
    directions = []
    for _ in range(4):
        optimizer.step(lambda: 0.5 * (scales * x * x).sum())
        directions.append(optimizer.report.step)
    np.testing.assert_allclose(x.detach().numpy(), 0.0, atol=1e-7)
    first, second = directions[:2]
    assert abs(first @ (scales * second)) < 1e-8 * np.linalg.norm(first) * np.linalg.norm(second)


@pytest.mark.parametrize(
    ("formula", "beta"), [("fletcher-reeves", 5 / 4), ("polak-ribiere", 3 / 4), ("hager-zhang", 13 / 2)]
)
def test_formulas_by_hand(formula, beta):
    g, before, d = np.array([1.0, 2.0]), np.array([2.0, 0.0]), np.array([-2.0, 0.0])
    assert FORMULAS[formula](g, before, d) == pytest.approx(beta)
    if formula != "fletcher-reeves":
        bound = 0.0 if formula == "polak-ribiere" else -1 / (2 * 0.01)
        assert FORMULAS[formula](np.array([1.0, 0.0]), before, d) >= bound


def test_restart_is_descent():
    x = leaf([-1.2, 1.0])
    optimizer = optim.ConjugateGradient([x], restart=1)
    for _ in range(4):
        gradient = ag.grad(rosenbrock)(x.detach()).numpy()
        optimizer.step(lambda: rosenbrock(x))
        step = optimizer.report.step
        assert step @ gradient == pytest.approx(-np.linalg.norm(step) * np.linalg.norm(gradient))


@pytest.mark.parametrize("G", [np.linalg.inv(MATRIX), lambda g: np.linalg.solve(MATRIX, g)], ids=["matrix", "function"])
def test_the_inverse_hessian_as_preconditioner_is_newton(G):
    x = leaf(np.zeros(12))
    optim.Preconditioned([x], G).step(lambda: quadratic(x))
    np.testing.assert_allclose(x.detach().numpy(), 1.0, rtol=1e-8)


def test_a_preconditioner_without_a_closure():
    x = leaf([1.0, 2.0])
    x.grad = ag.tensor([1.0, 1.0])
    optimizer = optim.Preconditioned([x], np.array([0.5, 0.25]), lr=2.0)
    assert optimizer.step() is None
    assert x.tolist() == [0.0, 1.5]
    with pytest.raises(ValueError, match="downhill"):
        optim.Preconditioned([x], np.array([-1.0, -1.0])).step()
    assert x.tolist() == [0.0, 1.5]


def test_a_search_without_slopes_serves_too():
    x = leaf([3.0, 1.0])
    optimizer = optim.Preconditioned([x], np.ones(2), line_search=Brent())
    for _ in range(3):
        optimizer.step(lambda: (x * x).sum())
    np.testing.assert_allclose(x.detach().numpy(), 0.0, atol=1e-6)


def test_a_natural_step_by_hand():
    x = leaf([1.0, -1.0])
    points = RNG.standard_normal((6, 2))
    optimizer = optim.NaturalGradient([x], lr=0.5, damping=0.1)
    gradients = 2 * (x.detach().numpy() @ points.T - 1.0)[:, None] * points
    fisher = gradients.T @ gradients / 6
    expected = x.detach().numpy() - 0.5 * np.linalg.solve(fisher + 0.1 * np.eye(2), gradients.mean(axis=0))
    loss = optimizer.step(lambda: (points @ x - 1.0) ** 2)
    np.testing.assert_allclose(x.detach().numpy(), expected, rtol=1e-12)
    assert loss.item() == pytest.approx(optimizer.report.loss)
    assert optimizer.report.condition >= 1


@pytest.mark.parametrize(
    ("closure", "error"),
    [
        (None, TypeError),
        (lambda x: 1.0, TypeError),
        (lambda x: x.sum(), ValueError),
        (lambda x: np.log(x - 5.0), FloatingPointError),
    ],
)
def test_errors_of_a_natural_step_leave_the_parameters(closure, error):
    x = leaf([1.0, 2.0])
    with np.errstate(all="ignore"), pytest.raises(error):
        optim.NaturalGradient([x]).step(closure and (lambda: closure(x)))
    with pytest.raises(ValueError, match="damping"):
        optim.NaturalGradient([x], damping=0.0)
    assert x.tolist() == [1.0, 2.0]


# -- minimize ---------------------------------------------------------------------------------------

# The number of iterations, with some room.
LIMITS = {
    "newton": dict(rosenbrock=25, powell=20, beale=10, wood=45, himmelblau=9, quadratic=2),
    "newton-cg": dict(rosenbrock=31, powell=26, beale=14, wood=115, himmelblau=11, quadratic=13),
    "lbfgs": dict(rosenbrock=44, powell=45, beale=20, wood=100, himmelblau=12, quadratic=90),
}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@pytest.mark.parametrize("method", sorted(LIMITS))
def test_hard_functions(method, name):
    f, start, minimum = FUNCTIONS[name]
    result = optim.minimize(f, start, method)
    assert result.success
    assert result.nit <= LIMITS[method][name]
    assert result.optimality <= 1e-6
    np.testing.assert_allclose(result.x, minimum, atol=1e-2 if name == "powell" else 1e-5)
    np.testing.assert_allclose(result.jac, ag.grad(f)(result.x).numpy())
    assert result.fun == pytest.approx(float(f(result.x)))


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@pytest.mark.parametrize("formula", ["polak-ribiere", "hager-zhang"])
def test_conjugate_gradients_on_hard_functions(formula, name):
    f, start, minimum = FUNCTIONS[name]
    result = optim.minimize(f, start, "cg", formula=formula, max_iter=400, gtol=1e-5)
    if name != "quadratic":  # where the condition number is a million, thousands of steps are needed
        assert result.success
        np.testing.assert_allclose(result.x, minimum, atol=2e-2 if name == "powell" else 1e-4)
    losses = [step.loss for step in result.history]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 1e-6 * float(f(start))


def test_nested_parameters_and_arguments():
    result = optim.minimize(
        lambda p, c: (p["a"] - c).sum() ** 2 + p["b"][0] ** 2, {"a": np.ones(1), "b": [2.0]}, args=3.0
    )
    np.testing.assert_allclose(result.x["a"], [3.0], atol=1e-6)
    assert result.jac.keys() == {"a", "b"}
    assert result.grad.shape == (2,)


@pytest.mark.parametrize("method", ["newton", "newton-cg", "cg", "lbfgs", "gradient-descent"])
def test_limits_and_counts(method):
    calls = []

    def f(x):
        calls.append(1)
        return rosenbrock(x)

    result = optim.minimize(f, [-1.2, 1.0], method, max_iter=3)
    assert (result.nit, result.status, result.success) == (3, 0, False)
    assert result.nfev == len(calls)
    assert 3 < result.njev <= result.nfev
    assert result.nhev >= 3 * method.startswith("newton")
    done = optim.minimize(lambda x: ((x - 2.0) ** 2).sum(), [2.0], method)
    assert (done.nit, done.status) == (0, 1)


def test_a_function_without_a_minimum_ends():
    result = optim.minimize(lambda x: x[0] + 0.0 * x[0] ** 2, [0.0], "newton", max_iter=20)
    assert not result.success
