"""What optimizers, schedules and ``minimize`` refuse, each with a clear error, and with the parameters untouched."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from optim import lr_scheduler as schedules
from tests.hard_functions import rosenbrock


def leaf(*values):
    return ag.tensor(np.array(values, dtype=float), requires_grad=True)


def matrix():
    return ag.tensor(np.array([[1.0, 2.0], [3.0, 1.0]]), requires_grad=True)


def made_of_parameters(name):
    """The optimizers that are made of a list of parameters and a rate."""
    cls = getattr(optim, name)
    if not inspect.isclass(cls) or not issubclass(cls, optim.Optimizer) or name == "KFAC":
        return False
    return "lr" in inspect.signature(cls.__init__).parameters


RATED = sorted(name for name in dir(optim) if made_of_parameters(name))


def make(name, params, **options):
    given = {"G": np.ones(4), **options} if name == "Preconditioned" else options
    return getattr(optim, name)(params, **given)


def test_the_list_of_optimizers_is_not_empty():
    assert {"SGD", "Adam", "LBFGS", "Newton", "GaussNewton", "Preconditioned"} <= set(RATED)


@pytest.mark.parametrize("name", RATED)
@pytest.mark.parametrize(
    ("rate", "error"),
    [
        (-1.0, ValueError),
        (np.nan, ValueError),
        (np.inf, ValueError),
        ("a", TypeError),
        (None, TypeError),
        (np.array([0.1, 0.2]), TypeError),
    ],
)
def test_rates_that_are_none(name, rate, error):
    with pytest.raises(error, match=r"expected a learning rate of at least 0, got lr="):
        make(name, [matrix()], lr=rate)


@pytest.mark.parametrize("name", RATED)
@pytest.mark.parametrize("number", [ag.tensor(0.1, dtype="float64"), np.float64(0.1), np.array(0.1)])
def test_a_rate_may_be_an_array_or_a_tensor_of_one_number(name, number):
    found = []
    for lr in (0.1, number):
        x = matrix()
        optimizer = make(name, [x], lr=lr)

        def closure(x=x, name=name):
            x.grad = None
            if name in ("GaussNewton", "NaturalGradient"):
                return (x * x).reshape(-1)
            loss = (x * x).sum()
            loss.backward()
            return loss

        for _ in range(2):
            closure()
            optimizer.step(closure)
        assert type(optimizer.param_groups[0]["lr"]) is float
        found.append(x.tolist())
    assert found[0] == found[1]


@pytest.mark.parametrize("name", RATED)
def test_groups_and_lists_that_are_none(name):
    for params, text in [
        ([{"lr": 1.0}], r"a dict with a key 'params' for every parameter group, got one with 'lr'"),
        ([{"params": [matrix()]}, matrix()], "got Tensor|one group"),
        ([{"params": {matrix()}}], "got a set"),
        (nn.Linear(2, 2), r"a list of Tensors, got Linear. To mend it: pass model.parameters\(\)"),
        ([{"params": nn.Linear(2, 2)}], "a list of Tensors, got Linear"),
        ({"params": [matrix()]}, "a list of Tensors, got dict"),
        (None, "a list of Tensors, got NoneType"),
        ([matrix(), {"params": [matrix()]}], "expected Tensors, got dict"),
    ]:
        with pytest.raises((TypeError, ValueError), match=text):
            make(name, params)


@pytest.mark.parametrize("name", RATED)
def test_closures_that_are_none(name):
    x = matrix()
    x.grad = ag.tensor(np.ones((2, 2)))
    with pytest.raises(TypeError, match=rf"{name}.step: expected a closure .* got int"):
        make(name, [x]).step(3)
    assert x.tolist() == [[1.0, 2.0], [3.0, 1.0]]


def hyper_parameters(name):
    """The numbers that a constructor takes, but for the rate."""
    parameters = inspect.signature(getattr(optim, name).__init__).parameters.values()
    return [p.name for p in parameters if isinstance(p.default, float) and p.name != "lr"]


@pytest.mark.parametrize(("name", "key"), [(name, key) for name in RATED for key in hyper_parameters(name)])
@pytest.mark.parametrize("value", [np.inf, np.nan, "a", 1j])
def test_numbers_that_are_not_finite(name, key, value):
    with pytest.raises((TypeError, ValueError), match=rf"{name}: expected .*got {key}="):
        make(name, [matrix()], **{key: value})


@pytest.mark.parametrize("name", ["SGD", "Adam", "LAMB", "LBFGS", "ConjugateGradient", "Lookahead", "SAM"])
@pytest.mark.parametrize(("gradient", "got"), [(np.ones((2, 2)), "ndarray"), (1.0, "float")])
def test_gradients_that_are_no_tensors(name, gradient, got):
    x = matrix()

    def closure():
        x.grad = gradient
        return (x * x).sum()

    optimizer = getattr(optim, name)(optim.SGD([x]) if name in ("Lookahead", "SAM") else [x])
    if name == "ConjugateGradient":  # which sets the gradient itself
        optimizer.step(closure)
        return
    with pytest.raises(TypeError, match=rf"a Tensor in .grad, got {got}. To mend it: .*ag.tensor"):
        optimizer.step(closure)
    assert x.tolist() == [[1.0, 2.0], [3.0, 1.0]]


@pytest.mark.parametrize(
    "step",
    [
        lambda x, closure: optim.LBFGS([x]).step(closure),
        lambda x, closure: optim.LBFGS([x], line_search_fn="strong_wolfe").step(closure),
        lambda x, closure: optim.SAM(optim.SGD([x])).step(closure),
        lambda x, closure: optim.line_search.Brent().along(closure, [x]),
        lambda x, closure: optim.line_search.StrongWolfe().along(closure, [x], -np.ones(2)),
    ],
)
def test_closures_without_backward(step):
    x = leaf(1.0, 2.0)
    with pytest.raises(ValueError, match=r"a closure that calls backward, .* call loss.backward\(\) in the closure"):
        step(x, lambda: (x * x).sum())
    assert x.tolist() == [1.0, 2.0]


def test_sam_wants_backward_in_the_closure_not_before_it():
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    with pytest.raises(ValueError, match="a closure that calls backward"):
        optim.SAM(optim.SGD([x])).step(lambda: (x * x).sum())
    assert x.tolist() == [1.0, 2.0]


def test_betas_that_are_no_pair():
    with pytest.raises(TypeError, match=r"two betas of at least 0 and below 1, got betas=0.9"):
        optim.Adam([matrix()], betas=0.9)


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({}, r"a dict with 'state' and 'param_groups', got keys \[\]"),
        (None, "got NoneType"),
        ({"state": {0: 3}, "param_groups": [{"params": [0]}]}, r"expected 'state', a dict .* got \{0: 3\}"),
        ({"state": {"a": {}}, "param_groups": [{"params": [0]}]}, r"expected 'state', a dict .* got \{'a'"),
        ({"state": [], "param_groups": [{"params": [0]}]}, r"expected 'state', a dict .* got \[\]"),
        ({"state": {}, "param_groups": [{}]}, r"expected 'param_groups', a list .* got \[\{\}\]"),
        ({"state": {}, "param_groups": 3}, "expected 'param_groups', a list .* got 3"),
        ({"state": {5: {}}, "param_groups": [{"params": [0]}]}, r"parameters \[0\], got state of parameter 5"),
    ],
)
def test_states_that_are_none(state, text):
    with pytest.raises(ValueError, match=text):
        optim.SGD([matrix()]).load_state_dict(state)


@pytest.mark.parametrize(
    "make_schedule",
    [
        lambda o: schedules.StepLR(o, 1, gamma=-1.0),
        lambda o: schedules.MultiStepLR(o, [1], gamma=np.nan),
        lambda o: schedules.ExponentialLR(o, -0.5),
        lambda o: schedules.OneCycleLR(o, -0.1, total_steps=5),
        lambda o: schedules.CyclicLR(o, -0.1, 0.1),
        lambda o: schedules.CyclicLR(o, 0.1, np.nan),
        lambda o: schedules.SWALR(o, swa_lr=-0.1),
    ],
)
def test_schedules_whose_rates_would_be_negative(make_schedule):
    optimizer = optim.SGD([matrix()], lr=0.3, momentum=0.9)
    before = dict(optimizer.param_groups[0])
    with pytest.raises(ValueError, match="of at least 0"):
        make_schedule(optimizer)
    assert optimizer.param_groups[0] == before


# -- LBFGS ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
@pytest.mark.parametrize("failing", [2, 4, 7])
def test_an_error_in_a_closure_leaves_lbfgs_where_its_last_iteration_ended(search, failing):
    x, ends = leaf(-1.2, 1.0), [[-1.2, 1.0]]
    for limit in range(1, 8):
        y = leaf(-1.2, 1.0)

        def smooth(y=y):
            y.grad = None
            loss = rosenbrock(y)
            loss.backward()
            return loss

        optim.LBFGS([y], max_iter=limit, line_search_fn=search).step(smooth)
        ends.append(y.tolist())
    calls = []

    def closure():
        calls.append(1)
        if len(calls) == failing:
            raise RuntimeError("no more data")
        x.grad = None
        loss = rosenbrock(x)
        loss.backward()
        return loss

    with pytest.raises(RuntimeError, match="no more data"):
        optim.LBFGS([x], line_search_fn=search).step(closure)
    assert x.tolist() in ends


@pytest.mark.parametrize(("result", "text"), [(None, "got None"), (np.ones(2), r"got shape \(2,\)")])
def test_a_closure_of_lbfgs_returns_the_loss(result, text):
    x = leaf(1.0, 2.0)
    with pytest.raises(ValueError, match=rf"LBFGS.step: expected the loss, one number, from the closure, {text}"):
        optim.LBFGS([x]).step(lambda: result)
    assert x.tolist() == [1.0, 2.0]


# -- minimize and least_squares -----------------------------------------------------------------------------

METHODS = ["newton", "newton-cg", "cg", "lbfgs", "gradient-descent"]


@pytest.mark.parametrize("method", METHODS)
def test_starts_and_limits_that_are_none(method):
    with pytest.raises(FloatingPointError, match="finite"):
        optim.minimize(lambda x: np.log(-x).sum(), [1.0], method)
    for limit in (0, -1):
        with pytest.raises(ValueError, match="max_iter of at least 1"):
            optim.minimize(rosenbrock, [0.0, 0.0], method, max_iter=limit)
    with pytest.raises(TypeError, match="an integer max_iter of at least 1"):
        optim.minimize(rosenbrock, [0.0, 0.0], method, max_iter=1.5)


@pytest.mark.parametrize(
    ("method", "meant"),
    [("BFGS", "lbfgs"), ("L-BFGS-B", "lbfgs"), ("CG", "cg"), ("Newton-CG", "newton-cg"), ("Newton", "newton")],
)
def test_methods_spelt_otherwise(method, meant):
    with pytest.raises(ValueError, match=rf"got '{method}'.* write method='{meant}', or take optim\.scipy\.minimize"):
        optim.minimize(rosenbrock, [0.0, 0.0], method)
    with pytest.raises(ValueError, match=r"got 'Nelder-Mead'\. To mend it: take optim\.scipy\.minimize"):
        optim.minimize(rosenbrock, [0.0, 0.0], "Nelder-Mead")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("function", "start"),
    [
        (lambda x: 1e160 * (x * x).sum(), [1.0, 3.0]),
        (lambda x: 1e200 * (x**4).sum(), [1.0, 2.0]),
        (lambda x: ag.exp(x).sum(), [700.0, 3.0]),
        (lambda x: -x.sum(), [1.0, 2.0]),
        (lambda x: ag.log(x).sum(), [1.0, 2.0]),
        (lambda x: 1e-200 * (x * x).sum(), [1.0, 3.0]),
    ],
    ids=["steep", "steeper", "exponential", "falling", "logarithm", "flat"],
)
def test_squares_too_large_or_small_for_floats_end_with_a_status(method, function, start):
    result = optim.minimize(function, start, method, gtol=0.0, max_iter=300)
    assert result.status in (-2, -1, 0, 1)
    assert result.success == (result.status > 0)
    assert not result.fun > float(function(np.array(start)))
    if result.status == 1:
        assert not result.jac.any()


@pytest.mark.parametrize("formula", ["fletcher-reeves", "polak-ribiere", "hager-zhang"])
def test_conjugate_gradients_where_products_overflow(formula):
    result = optim.minimize(lambda x: 1e160 * (x * x).sum(), [1.0, 3.0], "cg", formula=formula)
    assert (result.status, result.success) == (-1, False)
    assert np.isfinite(result.x).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_function_without_a_bound_ends_with_a_result(method):
    result = optim.minimize(lambda x: -(x * x).sum() + 0 * x[0], [1.0], method, max_iter=300)
    assert not result.success
    assert result.fun < -1e9
    if result.status == -2:
        assert "no longer finite" in result.message


def test_least_squares_of_nothing():
    with pytest.raises(ValueError, match="expected residuals of examples, got none"):
        optim.least_squares(lambda x: x[:0], [1.0])
    with pytest.raises(ValueError, match="max_nfev of at least 1"):
        optim.least_squares(lambda x: x - 1.0, [0.0], max_nfev=0)


# -- hooks around state dicts -------------------------------------------------------------------------------


def test_hooks_around_saving_and_loading():
    optimizer, seen = optim.SGD([matrix()], lr=0.3), []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("before saving"))
    optimizer.register_state_dict_post_hook(lambda o, saved: {**saved, "note": "second"})
    optimizer.register_state_dict_post_hook(lambda o, saved: {**saved, "note": "first"}, prepend=True)
    saved = optimizer.state_dict()
    assert saved["note"] == "second"
    other = optim.SGD([matrix()], lr=0.1)
    handle = other.register_load_state_dict_pre_hook(
        lambda o, given: {**given, "param_groups": [{**given["param_groups"][0], "lr": 0.7}]}
    )
    other.register_load_state_dict_post_hook(lambda o: seen.append(o.param_groups[0]["lr"]))
    other.load_state_dict(saved)
    handle.remove()
    other.load_state_dict(saved)
    assert seen == ["before saving", 0.7, 0.3]
