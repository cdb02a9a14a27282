"""State of the optimizers: resuming, copying, groups, hooks, refusals, and gradients that are not finite."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from autograd_core.errors import StaleValueError
from tests.test_optim_formulas import GRIDS

SHAPES = [(3, 2), (4, 3)]
# name -> makes the optimizer; those whose step needs a closure are marked.
MAKERS = {name: (lambda p, name=name: getattr(optim, name)(p, **GRIDS[name][-1])) for name in GRIDS} | {
    "SGD with Nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "Adam with AMSGrad": lambda p: optim.Adam(p, lr=0.1, amsgrad=True),
    "RMSprop, centered": lambda p: optim.RMSprop(p, lr=0.1, momentum=0.5, centered=True),
    "Lookahead": lambda p: optim.Lookahead(optim.Adam(p, lr=0.1), k=3),
    "SAM": lambda p: optim.SAM(optim.SGD(p, lr=0.1, momentum=0.9)),
    "LBFGS": lambda p: optim.LBFGS(p, max_iter=2, history_size=3),
    "LBFGS with line search": lambda p: optim.LBFGS(p, max_iter=2, line_search_fn="strong_wolfe"),
}
CLOSURE = ("SAM", "LBFGS", "LBFGS with line search")


def parameters(dtype=np.float64):
    rng = np.random.default_rng(3)
    return [nn.Parameter(rng.standard_normal(shape).astype(dtype)) for shape in SHAPES]


def closure_of(params):
    def closure():
        for p in params:
            p.grad = None
        waves = [ag.sin((i + 1.5) * p).sum() for i, p in enumerate(params)]
        loss = waves[0] + waves[1] + 0.1 * waves[0] * waves[1]
        loss.backward()
        return loss

    return closure


def train(params, optimizer, steps, name):
    closure = closure_of(params)
    for _ in range(steps):
        if name in CLOSURE:
            optimizer.step(closure)
        else:
            closure()
            optimizer.step()


def values(params):
    return [p.detach().numpy().copy() for p in params]


def equal(a, b):
    assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", MAKERS)
def test_a_saved_state_resumes_with_equal_bits(name, dtype):
    straight, first = parameters(dtype), parameters(dtype)
    train(straight, MAKERS[name](straight), 10, name)
    optimizer = MAKERS[name](first)
    train(first, optimizer, 5, name)
    saved = optimizer.state_dict()

    second = [nn.Parameter(value) for value in values(first)]
    train(first, optimizer, 2, name)  # what goes on does not change what was saved
    resumed = MAKERS[name](second)
    resumed.load_state_dict(saved)
    train(second, resumed, 5, name)
    equal(values(straight), values(second))
    assert all(p.dtype == dtype for p in second)


@pytest.mark.parametrize("name", MAKERS)
def test_states_are_plain_data(name):
    params = parameters()
    optimizer = MAKERS[name](params)
    train(params, optimizer, 3, name)

    def check(value):
        if isinstance(value, dict):
            assert all(isinstance(key, str | int) for key in value)
            for entry in value.values():
                check(entry)
        elif isinstance(value, list | tuple):
            for entry in value:
                check(entry)
        else:
            assert value is None or type(value) in (int, float, bool, str, np.ndarray), type(value)

    saved = optimizer.state_dict()
    check(saved)
    assert saved["param_groups"][0]["params"] == [0, 1]
    before = copy.deepcopy(saved)
    train(params, optimizer, 1, name)
    json.dumps(saved, default=lambda array: array.tolist())
    for number, entry in before["state"].items():
        for key, value in entry.items():
            np.testing.assert_array_equal(saved["state"][number][key], value)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda both: pickle.loads(pickle.dumps(both))], ids=["copy", "pickle"]
)
@pytest.mark.parametrize("name", MAKERS)
def test_a_copy_of_parameters_and_optimizer_goes_on_like_the_original(name, copied):
    params = parameters()
    optimizer = MAKERS[name](params)
    optimizer.register_step_pre_hook(lambda *_: None)  # which is not copied
    train(params, optimizer, 4, name)
    others, other = copied((params, optimizer))
    assert other.param_groups[0]["params"][0] is others[0]
    train(params, optimizer, 4, name)
    train(others, other, 4, name)
    equal(values(params), values(others))


@pytest.mark.parametrize("name", MAKERS)
def test_every_optimizer_descends(name):
    params = parameters()
    optimizer = MAKERS[name](params)
    for group in optimizer.param_groups:
        group.update(lr=0.003, **({"maximize": False} if "maximize" in group else {}))
    first = closure_of(params)().item()
    train(params, optimizer, 8, name)
    assert closure_of(params)().item() < first


@pytest.mark.parametrize("name", [name for name in GRIDS if "maximize" in GRIDS[name][-1]])
def test_maximizing_is_minimizing_the_opposite(name):
    options = {**GRIDS[name][-1], "maximize": True}
    up, down = parameters(), parameters()
    ascent = getattr(optim, name)(up, **options)
    descent = getattr(optim, name)(down, **{**options, "maximize": False})
    rng = np.random.default_rng(0)
    for _ in range(5):
        for p, q in zip(up, down):
            gradient = rng.standard_normal(p.shape)
            p.grad, q.grad = ag.tensor(gradient), ag.tensor(-gradient)
        ascent.step()
        descent.step()
    for p, q in zip(values(up), values(down)):
        np.testing.assert_allclose(p, q, rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in MAKERS if name not in CLOSURE])
def test_parameters_without_gradient_stay_as_they_are(name):
    params = parameters()
    optimizer = MAKERS[name](params)
    before = values(params)
    params[0].grad = ag.tensor(np.ones(SHAPES[0]))
    for _ in range(4):
        optimizer.step()
    assert not np.array_equal(values(params)[0], before[0])
    np.testing.assert_array_equal(values(params)[1], before[1])
    assert params[1] not in optimizer.state
    assert list(optimizer.state_dict()["state"]) in ([0], [])


@pytest.mark.parametrize("name", GRIDS)
def test_groups_have_their_own_rates(name):
    one, other = parameters(), parameters()
    grouped = getattr(optim, name)([{"params": one[:1], "lr": 0.01}, {"params": one[1]}], **GRIDS[name][0])
    singles = [
        getattr(optim, name)(other[:1], **{**GRIDS[name][0], "lr": 0.01}),
        getattr(optim, name)(other[1:], **GRIDS[name][0]),
    ]
    for step in range(4):
        if step == 2:
            grouped.param_groups[1]["lr"] = singles[1].param_groups[0]["lr"] = 0.02
        for params in (one, other):
            closure_of(params)()
        for optimizer in (grouped, *singles):
            optimizer.step()
    equal(values(one), values(other))


@pytest.mark.parametrize("name", GRIDS)
def test_a_parameter_that_changes_its_dtype_keeps_its_state(name):
    layer = nn.Linear(3, 2, bias=False)
    optimizer = getattr(optim, name)(layer.parameters(), **GRIDS[name][0])
    layer(np.ones((1, 3))).sum().backward()
    optimizer.step()
    before = {key: np.array(value) for key, value in optimizer.state[layer.weight].items()} if optimizer.state else {}
    layer.double()
    saved = optimizer.state_dict()["state"].get(0, {})
    for key, value in saved.items():
        np.testing.assert_array_equal(value, before[key])
    layer.weight.grad = ag.tensor(np.ones((2, 3)))
    optimizer.step()
    assert layer.weight.dtype == np.float64
    for value in optimizer.state_dict()["state"].get(0, {}).values():
        assert not isinstance(value, np.ndarray) or value.dtype == np.float64


def test_plain_tensors_are_optimized_too():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.LAMB([x], lr=0.1)
    (x * x).sum().backward()
    optimizer.step()
    assert (x.detach().numpy() < [1.0, 2.0]).all()


# -- names ------------------------------------------------------------------------------------------


def test_named_parameters():
    layer = nn.Linear(3, 2)
    optimizer = optim.Adam(layer.named_parameters(), lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.param_groups[0]["params"][1] is layer.bias
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]
    with pytest.raises(ValueError, match=r"1 names for 2 parameters"):
        optim.Adam([("weight", layer.weight), layer.bias])


def test_groups_may_be_named():
    a, b = parameters()
    optimizer = optim.SGD([{"params": [a], "name": "first"}, {"params": [b]}], lr=0.1)
    assert "name: first" in repr(optimizer)


def test_what_pytorch_asks_for_its_implementations_is_ignored():
    (p, q) = parameters()
    optimizer = optim.Adam([{"params": [p], "fused": True}, {"params": [q]}], foreach=True, capturable=True)
    assert not {"foreach", "fused", "capturable", "differentiable"} & optimizer.param_groups[0].keys()
    with pytest.raises(ValueError, match="differentiable=True"):
        optim.Adam([p], differentiable=True)


# -- hooks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MAKERS)
def test_hooks_run_around_every_step(name):
    params = parameters()
    optimizer = MAKERS[name](params)
    seen = []
    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(("before", o, len(args))))
    after = optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(("after", o, len(args))))
    train(params, optimizer, 1, name)
    assert seen == [("before", optimizer, int(name in CLOSURE)), ("after", optimizer, int(name in CLOSURE))]
    before.remove()
    train(params, optimizer, 1, name)
    after.remove()
    train(params, optimizer, 1, name)
    assert [entry[0] for entry in seen[2:]] == ["after"]


def test_a_hook_may_replace_the_closure():
    (p, _) = parameters()
    optimizer = optim.SGD([p], lr=0.1)
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((lambda: 7.0,), {}))
    assert optimizer.step() == 7.0
    assert optimizer.step(lambda: 1.0) == 7.0


# -- gradients that are not finite ---------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", [*GRIDS, "LBFGS"])
def test_gradients_that_are_not_finite(name, bad):
    options = GRIDS.get(name, [{"max_iter": 2}])[-1]

    def build(nonfinite):
        params = parameters()
        return params, getattr(optim, name)(params, **options, nonfinite=nonfinite)

    def spoil(params):
        def closure():
            closure_of(params)()
            gradient = params[1].grad.numpy().copy()
            gradient[1, 2] = bad
            params[1].grad = ag.tensor(gradient)
            return 1.0

        return closure

    params, optimizer = build("skip")
    train(params, optimizer, 2, name)
    before, saved = values(params), optimizer.state_dict()
    for _ in range(2):
        assert optimizer.step(spoil(params)) == 1.0
    equal(values(params), before)
    assert optimizer.skipped_steps == 2
    for number, entry in optimizer.state_dict()["state"].items():
        for key, value in entry.items():
            np.testing.assert_equal(value, saved["state"][number][key])
    train(params, optimizer, 1, name)
    assert not np.array_equal(values(params)[1], before[1])

    params, optimizer = build("raise")
    before = values(params)
    with pytest.raises(FloatingPointError, match=r"expected finite gradients.*nonfinite='skip'"):
        optimizer.step(spoil(params))
    equal(values(params), before)


def test_by_default_they_are_used():
    p = nn.Parameter([1.0, 2.0])
    optimizer = optim.SGD([p], lr=0.1)
    p.grad = ag.tensor(np.array([np.nan, 1.0], np.float32))
    optimizer.step()
    assert np.isnan(p.detach().numpy()[0])
    with pytest.raises(ValueError, match="nonfinite one of 'allow', 'skip', 'raise', got 'never'"):
        optim.SGD([p], nonfinite="never")


# -- refusals: nothing is changed --------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in MAKERS if name not in CLOSURE])
def test_a_gradient_of_another_shape_changes_nothing(name):
    params = parameters()
    optimizer = MAKERS[name](params)
    train(params, optimizer, 1, name)
    before = values(params)
    params[1].grad = ag.tensor([1.0])
    with pytest.raises(ValueError, match=r"expected a gradient of the parameter's shape \(4, 3\), got shape \(1,\)"):
        optimizer.step()
    equal(values(params), before)


def test_a_gradient_of_another_dtype():
    p = nn.Parameter(np.ones(2, np.float32))
    p.grad = ag.tensor(np.ones(2))
    optim.SGD([p], lr=0.5, momentum=0.9).step()
    assert p.tolist() == [0.5, 0.5]
    assert p.dtype == np.float32
    p.grad = ag.tensor(np.ones(2) * 1j)
    with pytest.raises(ValueError, match="dtype float32, got complex128"):
        optim.SGD([p]).step()


@pytest.mark.parametrize("name", GRIDS)
def test_bad_parameters(name):
    make = getattr(optim, name)
    (p, _) = parameters()
    with pytest.raises(ValueError, match="empty list"):
        make([])
    with pytest.raises(ValueError, match="twice"):
        make([p, p])
    with pytest.raises(ValueError, match="twice"):
        make([{"params": [p]}, {"params": [p]}])
    with pytest.raises(ValueError, match="leaves, got the result of multiply"):
        make([p * 2])
    with pytest.raises(TypeError, match="expected Tensors, got ndarray"):
        make([np.ones((2, 2))])
    with pytest.raises(TypeError, match="one Tensor"):
        make(p)
    with pytest.raises(TypeError, match="expected a list of Tensors, got a set"):
        make({p})
    with pytest.raises(ValueError, match=r"hyper-parameters .*, got learning_rate"):
        make([{"params": [p], "learning_rate": 1}])


NEGATIVE = {
    "lr": -1.0,
    "momentum": -0.1,
    "weight_decay": -0.1,
    "eps": -1e-8,
    "lr_decay": -1,
    "initial_accumulator_value": -1,
    "initial_accumulator": -1,
    "momentum_decay": -1,
    "alpha": -1,
    "rho": 1.5,
    "betas": (1.0, 0.9),
    "etas": (1.1, 1.2),
    "trust_coefficient": -1,
    "d": 0.5,
    "beta2_decay": 0.5,
    "update_freq": 0,
    "adjust_lr_fn": "mine",
    "ns_steps": 100,
    "ns_coefficients": (1.0, 2.0),
}
SPECIAL = {("Adafactor", "eps"): (-1, 0.1), ("ASGD", "alpha"): None}
BAD = [
    (name, key, SPECIAL.get((name, key), NEGATIVE[key]))
    for name in [*GRIDS, "LBFGS"]
    for key in sorted(NEGATIVE.keys() & set(getattr(optim, name)(parameters()).defaults))
    if SPECIAL.get((name, key), NEGATIVE[key]) is not None
]


@pytest.mark.parametrize(("name", "key", "value"), BAD)
@pytest.mark.parametrize("place", ["constructor", "group", "NaN", "state dict"])
def test_hyper_parameters_out_of_range(name, key, value, place):
    make = getattr(optim, name)
    p, q = parameters()
    if place == "NaN":
        value = (float("nan"),) * len(value) if isinstance(value, tuple) and key != "ns_coefficients" else value
        value = float("nan") if isinstance(value, float | int) else value
    if place in ("constructor", "NaN"):
        with pytest.raises(ValueError, match=rf"{name}: expected .*{key}|{name}: expected a learning rate"):
            make([p], **{key: value})
    elif place == "group" and name != "LBFGS":
        optimizer = make([p])
        with pytest.raises(ValueError, match=rf"{name}: expected"):
            optimizer.add_param_group({"params": [q], key: value})
        assert len(optimizer.param_groups) == 1
        optimizer.step()
    else:
        optimizer = make([p])
        saved = optimizer.state_dict()
        saved["param_groups"][0][key] = value
        before = optimizer.param_groups[0][key]
        with pytest.raises(ValueError, match=rf"{name}: expected"):
            optimizer.load_state_dict(saved)
        assert optimizer.param_groups[0][key] == before


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "Lookahead"])
def test_state_that_does_not_fit_is_refused_and_nothing_changed(name):
    params = parameters()
    optimizer = MAKERS[name](params)
    train(params, optimizer, 2, name)
    saved = optimizer.state_dict()
    wrong = copy.deepcopy(saved)
    arrays = [key for key, value in wrong["state"].get(0, {}).items() if isinstance(value, np.ndarray) and value.size]
    if arrays:
        wrong["state"][0][arrays[-1]] = np.ones((7, 7))
        with pytest.raises(ValueError, match=r"for parameter 0, got shape \(7, 7\)"):
            optimizer.load_state_dict(wrong)
    wrong = copy.deepcopy(saved)
    wrong["param_groups"][0]["params"] = [0]
    with pytest.raises(ValueError, match=r"expected groups of \[2\] parameters, got groups of \[1\]"):
        optimizer.load_state_dict(wrong)
    for number, entry in optimizer.state_dict()["state"].items():
        for key, value in entry.items():
            np.testing.assert_equal(value, saved["state"][number][key])


@pytest.mark.parametrize("name", [name for name in MAKERS if name not in CLOSURE])
def test_a_step_between_forward_and_backward_is_noticed(name):
    layer = nn.Linear(3, 2, bias=False)
    optimizer = MAKERS[name](list(layer.parameters()))
    x = ag.tensor(np.ones((1, 3), np.float32), requires_grad=True)
    loss = layer(x).sum()
    loss.backward()
    optimizer.step()
    with pytest.raises(StaleValueError, match=r"changed at .*test_optim_state"):
        loss.backward()


def test_a_base_class_without_rule_says_so():
    (p, _) = parameters()
    p.grad = ag.tensor(np.ones(SHAPES[0]))
    with pytest.raises(TypeError, match="expected an update rule, got none"):
        optim.Optimizer([p], {"lr": 0.1}).step()
    for base in (optim.Elementwise, optim.PerParameter):
        with pytest.raises(TypeError, match="defines no update"):
            base([p], {"lr": 0.1}).step()


def test_a_rule_written_as_in_pytorch():
    class Memory(optim.Optimizer):
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    state["count"] = state.get("count", 0) + 1
                    state["sum"] = state.get("sum", 0) + p.grad.numpy()
                    p.data -= group["lr"] * state["sum"]

    (p, _) = parameters()
    optimizer = Memory([p], {"lr": 0.1})
    p.grad = ag.tensor(np.ones(SHAPES[0]))
    start = values([p])[0]
    optimizer.step()
    optimizer.step()
    np.testing.assert_allclose(values([p])[0], start - 0.3)
    saved = optimizer.state_dict()
    assert saved["state"][0]["count"] == 2
    other = Memory([p], {"lr": 0.5})
    other.load_state_dict(saved)
    assert other.state[p]["count"] == 2
    assert other.param_groups[0]["lr"] == 0.1
