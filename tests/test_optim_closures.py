"""Optimizers that call a closure several times: LBFGS, SAM; and Lookahead, the other wrapper."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from optim.lr_scheduler import CyclicLR, StepLR


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def closure_of(optimizer, x, function, calls=None):
    def closure():
        optimizer.zero_grad()
        loss = function(x)
        loss.backward()
        if calls is not None:
            calls.append(x.detach().numpy().copy())
        return loss

    return closure


# -- LBFGS ------------------------------------------------------------------------------------------


def test_lbfgs_finds_the_minimum_of_rosenbrocks_function():
    x = ag.tensor([-1.2, 1.0], requires_grad=True)
    optimizer = optim.LBFGS([x], max_iter=100, tolerance_change=1e-14, line_search_fn="strong_wolfe")
    optimizer.step(closure_of(optimizer, x, rosenbrock))
    np.testing.assert_allclose(x.detach().numpy(), 1.0, atol=1e-6)
    assert optimizer.state[x]["func_evals"] < 100


def test_lbfgs_on_a_parabola_goes_along_the_gradient_first():
    x = ag.tensor([3.0, 4.0], requires_grad=True)
    optimizer = optim.LBFGS([x], lr=0.5, max_iter=1)
    optimizer.step(closure_of(optimizer, x, lambda x: (x * x).sum()))
    np.testing.assert_allclose(x.detach().numpy(), np.array([3.0, 4.0]) * (1 - 0.5 * 2 / 14))  # Σ|g| = 14


def test_lbfgs_by_hand():
    """The second direction of BFGS with H₀ = (sᵀy/yᵀy) I."""
    matrix = np.array([[3.0, 1.0], [1.0, 2.0]])
    x = ag.tensor([1.0, -2.0], requires_grad=True)
    optimizer = optim.LBFGS([x], lr=0.3, max_iter=2, max_eval=9, tolerance_change=0)
    start = x.detach().numpy().copy()
    optimizer.step(closure_of(optimizer, x, lambda x: 0.5 * x @ (ag.tensor(matrix) @ x)))

    g = matrix @ start
    s = -min(1, 1 / abs(g).sum()) * 0.3 * g
    y = matrix @ s
    left = np.eye(2) - np.outer(s, y) / (s @ y)
    inverse = left @ (s @ y / (y @ y) * np.eye(2)) @ left.T + np.outer(s, s) / (s @ y)
    np.testing.assert_allclose(x.detach().numpy(), start + s - 0.3 * inverse @ (matrix @ (start + s)), rtol=1e-12)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_ends_where_it_may(search):
    def run(**options):
        x = ag.tensor([-1.2, 1.0], requires_grad=True)
        optimizer = optim.LBFGS([x], lr=0.1, line_search_fn=search, **options)
        calls = []
        optimizer.step(closure_of(optimizer, x, rosenbrock, calls))
        return optimizer.state[x], calls

    state, calls = run(max_iter=4, max_eval=100)
    assert state["n_iter"] == 4
    assert state["func_evals"] == len(calls)
    state, calls = run(max_iter=50, max_eval=7)
    assert len(calls) <= 8
    state, calls = run(tolerance_grad=1e9)
    assert (state["n_iter"], len(calls)) == (0, 1)
    state, calls = run(tolerance_change=1e9)
    assert state["n_iter"] <= 1


def test_lbfgs_remembers_so_many_steps():
    x = ag.tensor([-1.2, 1.0], requires_grad=True)
    optimizer = optim.LBFGS([x], max_iter=9, history_size=3, line_search_fn="strong_wolfe")
    optimizer.step(closure_of(optimizer, x, rosenbrock))
    assert [len(optimizer.state[x][key]) for key in ("old_dirs", "old_stps", "ro")] == [3, 3, 3]


def test_lbfgs_of_complex_and_of_missing_gradients():
    z = ag.tensor(np.array([1.0 + 2.0j, -0.5j]), requires_grad=True)
    unused = ag.tensor([1.0], requires_grad=True)
    optimizer = optim.LBFGS([z, unused], max_iter=30, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = (ag.abs(z - (1.0 - 1.0j)) ** 2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose(z.detach().numpy(), 1 - 1j, atol=1e-6)
    assert unused.tolist() == [1.0]


def test_lbfgs_survives_a_cliff():
    x = ag.tensor([3.0], requires_grad=True)
    optimizer = optim.LBFGS([x], lr=10.0, max_iter=30, line_search_fn="strong_wolfe")
    optimizer.step(closure_of(optimizer, x, lambda x: (x - 2.0 * ag.log(x)).sum()))  # NaN for negative x
    np.testing.assert_allclose(x.detach().numpy(), 2.0, atol=1e-5)


def root(x):
    return (ag.sqrt(x) - x).sum()  # NaN for negative x


@pytest.mark.parametrize("remembered", [0, 2])
@pytest.mark.parametrize("limit", [1, 2, 20])
def test_lbfgs_is_put_back_where_an_iteration_meets_nan(limit, remembered):
    """The first step leads from 0.2 to where there is no root."""
    x = ag.tensor([1.0], requires_grad=True)
    for nonfinite in ("skip", "raise"):
        optimizer = optim.LBFGS([x], max_iter=limit, nonfinite=nonfinite)
        for _ in range(remembered):
            optimizer.step(closure_of(optimizer, x, lambda x: ((x - 0.2) ** 2).sum()))
        x.data = ag.tensor([0.2])
        before = optimizer.state_dict()["state"].get(0, {})
        optimizer.param_groups[0]["lr"] = 10.0
        closure = closure_of(optimizer, x, root)
        with np.errstate(all="ignore"):
            if nonfinite == "skip":
                assert optimizer.step(closure).item() == pytest.approx(root(np.array([0.2])))
            else:
                with pytest.raises(FloatingPointError, match=r"LBFGS\.step: expected finite gradients"):
                    optimizer.step(closure)
        assert x.tolist() == [0.2]
        assert optimizer.skipped_steps == (nonfinite == "skip")
        np.testing.assert_equal(optimizer.state_dict()["state"][0], before)


@pytest.mark.parametrize(("nonfinite", "end"), [("allow", 0.0), ("skip", 1.0)])
def test_lbfgs_does_not_stay_where_the_gradient_is_infinite(nonfinite, end):
    """The first step of the line search leads to the minimum of √x, where the loss is finite."""
    x = ag.tensor([1.0], requires_grad=True)
    optimizer = optim.LBFGS([x], lr=2.0, max_iter=1, line_search_fn="strong_wolfe", nonfinite=nonfinite)
    with np.errstate(all="ignore"):
        optimizer.step(closure_of(optimizer, x, lambda x: ag.sqrt(x).sum()))
    assert x.tolist() == [end]
    assert optimizer.skipped_steps == (nonfinite == "skip")


def test_lbfgs_with_a_guard_takes_the_same_steps():
    ends = []
    for nonfinite in ("allow", "skip"):
        for search in (None, "strong_wolfe"):
            x = ag.tensor([-1.2, 1.0], requires_grad=True)
            optimizer = optim.LBFGS([x], lr=0.1, line_search_fn=search, nonfinite=nonfinite)
            for _ in range(3):
                optimizer.step(closure_of(optimizer, x, rosenbrock))
            ends.append(x.tolist())
    assert ends[:2] == ends[2:]


def test_lbfgs_with_a_rate_of_zero_stays():
    x = ag.tensor([3.0], requires_grad=True)
    for search in (None, "strong_wolfe"):
        optimizer = optim.LBFGS([x], lr=0.0, line_search_fn=search)
        optimizer.step(closure_of(optimizer, x, lambda x: (x * x).sum()))
        assert x.tolist() == [3.0]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (dict(lr=-1), "learning rate of at least 0"),
        (dict(max_iter=0), "max_iter of at least 1"),
        (dict(history_size=0), "history_size of at least 1"),
        (dict(tolerance_grad=-1), "tolerance_grad of at least 0"),
        (dict(line_search_fn="armijo"), "line_search_fn one of None, 'strong_wolfe', got 'armijo'"),
    ],
)
def test_lbfgs_refuses(options, text):
    with pytest.raises(ValueError, match=text):
        optim.LBFGS([ag.tensor([1.0], requires_grad=True)], **options)


def test_lbfgs_wants_one_group():
    x, y = (ag.tensor([1.0], requires_grad=True) for _ in range(2))
    with pytest.raises(ValueError, match="one group of parameters, got a second one"):
        optim.LBFGS([{"params": [x]}, {"params": [y]}])


@pytest.mark.parametrize("make", [optim.LBFGS, lambda p: optim.SAM(optim.SGD(p))])
def test_a_closure_is_needed(make):
    x = ag.tensor([1.0], requires_grad=True)
    x.grad = ag.tensor([1.0])
    optimizer = make([x])
    for closure, got in ((None, "none"), (3.0, "float")):
        with pytest.raises(TypeError, match=rf"step: expected a closure that computes the loss.*got {got}"):
            optimizer.step(closure)
    assert x.tolist() == [1.0]


# -- SAM --------------------------------------------------------------------------------------------


def test_sam_steps_with_the_gradient_from_the_top_of_the_neighbourhood():
    start, rate, rho = [np.array([1.0, -2.0]), np.array([0.5])], 0.1, 0.3

    def gradients(x, y):
        return 4 * x**3 + y, 2 * y + x.sum()

    for adaptive in (False, True):
        params = [ag.tensor(value.copy(), requires_grad=True) for value in start]
        optimizer = optim.SAM(optim.SGD(params, lr=rate), rho=rho, adaptive=adaptive)

        def closure(params=params):
            loss = (params[0] ** 4).sum() + (params[1] ** 2).sum() + params[0].sum() * params[1].sum()
            loss.backward()  # without zero_grad, which SAM calls between its two evaluations
            return loss

        loss = optimizer.step(closure)
        g = gradients(*start)
        sizes = [abs(x) if adaptive else np.ones_like(x) for x in start]
        length = np.sqrt(sum(((size * d) ** 2).sum() for size, d in zip(sizes, g)))
        top = [x + rho * size**2 * d / length for x, size, d in zip(start, sizes, g)]
        for p, x, d in zip(params, start, gradients(*top)):
            np.testing.assert_allclose(p.detach().numpy(), x - rate * d, rtol=1e-12)
        assert loss.item() == pytest.approx((start[0] ** 4).sum() + 0.25 - 0.5)


def test_sam_at_a_flat_place_stays():
    x = ag.tensor([0.0], requires_grad=True)
    for adaptive in (False, True):
        optimizer = optim.SAM(optim.SGD([x], lr=0.1), adaptive=adaptive)
        optimizer.step(closure_of(optimizer, x, lambda x: (x * x).sum()))
        assert x.tolist() == [0.0]


@pytest.mark.parametrize("nonfinite", ["skip", "raise"])
def test_sam_looks_at_the_gradient_from_the_top_too(nonfinite):
    x = ag.tensor([0.1], requires_grad=True)
    optimizer = optim.SAM(optim.SGD([x], lr=0.1, momentum=0.9), rho=0.5, nonfinite=nonfinite)
    closure = closure_of(optimizer, x, lambda x: -ag.sqrt(x).sum())
    with np.errstate(all="ignore"):
        if nonfinite == "skip":
            optimizer.step(closure)
        else:
            with pytest.raises(FloatingPointError, match=r"SAM\.step: expected finite gradients"):
                optimizer.step(closure)
    assert x.tolist() == [0.1]
    assert optimizer.skipped_steps == (nonfinite == "skip")
    assert x not in optimizer.state


def test_sam_puts_the_parameters_back_when_the_closure_fails():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.SAM(optim.SGD([x], lr=0.1))
    calls = []

    def closure():
        calls.append(1)
        if len(calls) == 2:
            raise KeyError("a batch")
        loss = (x * x).sum()
        loss.backward()
        return loss

    with pytest.raises(KeyError):
        optimizer.step(closure)
    assert x.tolist() == [1.0, 2.0]


# -- Lookahead -----------------------------------------------------------------------------------------


def test_lookahead_by_hand():
    x = ag.tensor([4.0], requires_grad=True)
    optimizer = optim.Lookahead(optim.SGD([x], lr=1.0), k=2, alpha=0.25)
    path = []
    for _ in range(4):
        x.grad = ag.tensor([1.0])
        optimizer.step()
        path += x.tolist()
    assert path == [3.0, 3.5, 2.5, 3.0]  # slow weights: 4, 3.5, 3


def test_lookahead_skips_and_counts():
    x = ag.tensor([4.0], requires_grad=True)
    for wrap in (
        lambda: optim.Lookahead(optim.SGD([x], lr=1.0), k=2, nonfinite="skip"),
        lambda: optim.Lookahead(optim.SGD([x], lr=1.0, nonfinite="skip"), k=2),
    ):
        optimizer = wrap()
        x.grad = ag.tensor([np.nan])
        optimizer.step()
        assert optimizer.fast_steps == 0
        assert x.tolist() == [4.0]


def test_lookahead_refuses_slow_weights_that_do_not_fit():
    x = ag.tensor([4.0], requires_grad=True)
    optimizer = optim.Lookahead(optim.SGD([x], lr=1.0), k=2)
    x.grad = ag.tensor([1.0])
    optimizer.step()
    saved = optimizer.state_dict()
    for slow in ({0: np.ones(3)}, {1: np.ones(1)}):
        with pytest.raises(ValueError, match="slow weights"):
            optimizer.load_state_dict({**saved, "slow": slow})
    assert optimizer.state_dict()["slow"][0].tolist() == [4.0]


@pytest.mark.parametrize(
    "change",
    [
        lambda saved: {key: saved[key] for key in ("state", "param_groups")},  # of the wrapped optimizer
        lambda saved: {key: value for key, value in saved.items() if key != "fast_steps"},
        lambda saved: {**saved, "slow": 3},
        lambda saved: {**saved, "fast_steps": "2"},
        lambda saved: {"slow": {}, "fast_steps": 2},
        lambda saved: None,
    ],
)
def test_lookahead_refuses_the_state_of_others(change):
    x = ag.tensor([4.0], requires_grad=True)
    optimizer = optim.Lookahead(optim.SGD([x], lr=1.0, momentum=0.9), k=2)
    x.grad = ag.tensor([1.0])
    optimizer.step()
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match=r"Lookahead\.load_state_dict: expected a dict with"):
        optimizer.load_state_dict(change(before))
    assert repr(optimizer.state_dict()) == repr(before)


@pytest.mark.parametrize("wrap", [optim.Lookahead, optim.SAM])
@pytest.mark.parametrize(
    "make",
    [
        optim.LBFGS,
        optim.NewtonCG,
        optim.GaussNewton,
        lambda params: optim.SAM(optim.SGD(params)),
        lambda params: optim.Preconditioned(params, np.ones(1), line_search=optim.line_search.StrongWolfe()),
    ],
)
def test_wrappers_refuse_optimizers_that_compute_the_loss_themselves(wrap, make):
    with pytest.raises(TypeError, match=r"expected an optimizer that steps with .* whose step computes the loss"):
        wrap(make([ag.tensor([1.0], requires_grad=True)]))
    wrap(optim.Preconditioned([ag.tensor([1.0], requires_grad=True)], np.ones(1)))


def test_sam_around_lookahead_is_lookahead_of_sams_steps():
    def run(steps):
        x = ag.tensor([1.0, -2.0], requires_grad=True)
        return x, steps(x)

    x, optimizer = run(lambda x: optim.SAM(optim.Lookahead(optim.SGD([x], lr=0.1), k=2, alpha=0.5), rho=0.1))
    y, alone = run(lambda y: optim.SAM(optim.SGD([y], lr=0.1), rho=0.1))
    slow = y.detach().numpy().copy()
    for step in range(1, 5):
        optimizer.step(closure_of(optimizer, x, lambda x: (x**4).sum()))
        alone.step(closure_of(alone, y, lambda y: (y**4).sum()))
        if step % 2 == 0:
            slow = slow + 0.5 * (y.detach().numpy() - slow)
            y.data = slow.copy()
    np.testing.assert_allclose(x.detach().numpy(), y.detach().numpy(), rtol=1e-14)


@pytest.mark.parametrize("wrap", [optim.Lookahead, optim.SAM])
def test_wrappers_share_groups_and_state(wrap):
    x, y = (ag.tensor([1.0], requires_grad=True) for _ in range(2))
    inner = optim.Adam([x], lr=0.1)
    optimizer = wrap(inner)
    optimizer.add_param_group({"params": [y], "lr": 0.5})
    assert optimizer.param_groups is inner.param_groups
    schedule = StepLR(optimizer, 1, gamma=0.5)
    optimizer.step(closure_of(optimizer, x, lambda x: (x * x).sum()))
    schedule.step()
    assert [group["lr"] for group in inner.param_groups] == [0.05, 0.25]
    assert optimizer.state[x]["step"] == 1
    CyclicLR(optimizer, 0.1, 0.2)
    assert inner.param_groups[0]["betas"][0] == 0.9
    with pytest.raises(TypeError, match="expected an optimizer to wrap, got list"):
        wrap([x])


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda o: optim.Lookahead(o, k=0), "k of at least 1"),
        (lambda o: optim.Lookahead(o, alpha=1.5), "alpha between 0 and 1"),
        (lambda o: optim.SAM(o, rho=-1), "rho of at least 0"),
    ],
)
def test_wrappers_refuse(make, text):
    with pytest.raises(ValueError, match=text):
        make(optim.SGD([ag.tensor([1.0], requires_grad=True)]))
    with pytest.raises(TypeError, match=r"an integer k of at least 1, got k=2\.5"):
        optim.Lookahead(optim.SGD([ag.tensor([1.0], requires_grad=True)]), k=2.5)


def test_wrapped_optimizers_train_a_network():
    x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
    for wrap in (optim.Lookahead, lambda o: optim.SAM(o, rho=0.01)):
        nn.manual_seed(1)
        net = nn.MLP([2, 8, 1], activation=nn.Tanh)
        optimizer = wrap(optim.Adam(net.parameters(), lr=0.05))
        criterion = nn.BCEWithLogitsLoss()

        def closure(net=net, optimizer=optimizer, criterion=criterion):
            optimizer.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            return loss

        losses = [optimizer.step(closure).item() for _ in range(200)]
        assert losses[-1] < 0.1
        assert all(np.isfinite(losses))
        assert any(later < earlier for earlier, later in itertools.pairwise(losses))
