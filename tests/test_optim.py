"""Optimizers: update rules against their formulas, groups, state, errors."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from autograd_core.errors import StaleValueError
from optim.flat import BLOCK

RNG = np.random.default_rng(11)


def parameters(*shapes):
    return [nn.Parameter(RNG.standard_normal(shape)) for shape in shapes]


def set_gradients(params, seed):
    rng = np.random.default_rng(seed)
    for parameter in params:
        parameter.grad = ag.tensor(rng.standard_normal(parameter.shape))


def sgd_reference(theta, gradients, lr, momentum, dampening, weight_decay, nesterov, maximize):
    buffer = None
    for g in gradients:
        g = (-g if maximize else g) + weight_decay * theta
        if momentum:
            buffer = g if buffer is None else momentum * buffer + (1 - dampening) * g
            g = g + momentum * buffer if nesterov else buffer
        theta = theta - lr * g
    return theta


def adam_reference(theta, gradients, lr, betas, eps, weight_decay, amsgrad, maximize):
    m = v = top = np.zeros_like(theta)
    for t, g in enumerate(gradients, 1):
        g = (-g if maximize else g) + weight_decay * theta
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        top = np.maximum(top, v)
        used = top if amsgrad else v
        theta = theta - lr * (m / (1 - betas[0] ** t)) / (np.sqrt(used / (1 - betas[1] ** t)) + eps)
    return theta


SGD_GRID = [
    dict(lr=0.1, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False),
    dict(lr=0.1, momentum=0.9, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False),
    dict(lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.1, nesterov=False, maximize=True),
    dict(lr=0.1, momentum=0.9, dampening=0.0, weight_decay=0.1, nesterov=True, maximize=True),
    dict(lr=0.1, momentum=0.0, dampening=0.0, weight_decay=0.1, nesterov=False, maximize=True),
]
ADAM_GRID = [
    dict(lr=0.1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=False, maximize=False),
    dict(lr=0.05, betas=(0.5, 0.9), eps=1e-3, weight_decay=0.1, amsgrad=True, maximize=True),
    dict(lr=0.05, betas=(0.0, 0.0), eps=1e-3, weight_decay=0.1, amsgrad=False, maximize=False),
]
SHAPES = [(3, 4), (), (5,), (BLOCK + 7,), (2, BLOCK), (6,), (1, 1), (0,)]


@pytest.mark.parametrize(
    ("make", "reference", "options"),
    [(optim.SGD, sgd_reference, options) for options in SGD_GRID]
    + [(optim.Adam, adam_reference, options) for options in ADAM_GRID],
)
def test_twelve_steps_equal_the_formula(make, reference, options):
    params = parameters(*SHAPES)
    start = [p.detach().numpy().copy() for p in params]
    optimizer = make(params, **options)
    history = [[] for _ in params]
    for step in range(12):
        set_gradients(params, step)
        for p, past in zip(params, history):
            past.append(p.grad.numpy().copy())
        optimizer.step()
    for p, theta, gradients in zip(params, start, history):
        np.testing.assert_allclose(p.detach().numpy(), reference(theta, gradients, **options), rtol=1e-9, atol=1e-12)


def test_gradients_are_left_alone():
    params = parameters((3,), (BLOCK * 2,))
    optimizer = optim.Adam(params, weight_decay=0.1, maximize=True)
    set_gradients(params, 0)
    before = [p.grad.numpy().copy() for p in params]
    optimizer.step()
    for p, g in zip(params, before):
        np.testing.assert_array_equal(p.grad.numpy(), g)


def test_parameters_without_gradient_stay_and_do_not_age():
    params = parameters((3,), (4,), (5,))
    optimizer = optim.Adam(params, lr=0.1)
    rng = np.random.default_rng(0)
    start = params[1].detach().numpy().copy()
    gradients = []
    for step in range(6):
        set_gradients(params, step)
        if step % 2:
            params[1].grad = None
        else:
            gradients.append(rng.standard_normal(4))
            params[1].grad = ag.tensor(gradients[-1])
        optimizer.step()
    expected = adam_reference(start, gradients, 0.1, (0.9, 0.999), 1e-8, 0.0, False, False)
    np.testing.assert_allclose(params[1].detach().numpy(), expected, rtol=1e-9)
    assert optimizer.state[params[1]]["step"] == 3
    assert optimizer.state[params[0]]["step"] == 6


def test_groups_have_their_own_rates_and_can_be_changed():
    a, b = parameters((2,), (2,))
    start = [p.detach().numpy().copy() for p in (a, b)]
    optimizer = optim.SGD([{"params": [a], "lr": 0.5}, {"params": b}], lr=0.1)
    for p in (a, b):
        p.grad = ag.tensor([1.0, 1.0])
    optimizer.step()
    np.testing.assert_allclose(a.detach().numpy(), start[0] - 0.5)
    np.testing.assert_allclose(b.detach().numpy(), start[1] - 0.1)
    optimizer.param_groups[1]["lr"] = 1.0
    optimizer.step()
    np.testing.assert_allclose(b.detach().numpy(), start[1] - 1.1)


def test_a_parameter_whose_value_was_replaced_is_followed():
    (p,) = parameters((2,))
    optimizer = optim.SGD([p], lr=1.0)
    p.grad = ag.tensor([1.0, 1.0])
    optimizer.step()
    p.data = [5.0, 5.0]
    optimizer.step()
    assert p.tolist() == [4.0, 4.0]


def test_a_parameter_that_changes_its_dtype_keeps_its_state():
    layer = nn.Linear(3, 2)
    optimizer = optim.Adam(layer.parameters())
    layer(np.ones((1, 3))).sum().backward()
    optimizer.step()
    layer.double()
    optimizer.step()
    assert layer.weight.dtype == np.float64
    assert optimizer.state[layer.weight]["step"] == 2
    assert optimizer.state[layer.weight]["exp_avg"].dtype == np.float64


def test_mixed_dtypes_in_one_group():
    a, b = nn.Parameter(np.ones(3, np.float32)), nn.Parameter(np.ones(3))
    optimizer = optim.Adam([a, b], lr=0.5)
    for p in (a, b):
        p.grad = ag.tensor(np.ones(3, p.dtype))
    optimizer.step()
    assert (a.dtype, b.dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(a.detach().numpy(), 0.5, rtol=1e-6)


@pytest.mark.parametrize("make", [lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda p: optim.Adam(p, amsgrad=True)])
def test_state_dict_resumes_with_equal_bits(make):
    def train(params, optimizer, steps):
        for step in steps:
            set_gradients(params, step)
            optimizer.step()

    whole = parameters((3, 2), (4,))
    halves = [nn.Parameter(p.detach().numpy().copy()) for p in whole]
    straight, first = make(whole), make(halves)
    train(whole, straight, range(10))
    train(halves, first, range(5))
    saved = first.state_dict()
    assert saved["param_groups"][0]["params"] == [0, 1]
    resumed_params = [nn.Parameter(p.detach().numpy().copy()) for p in halves]
    resumed = make(resumed_params)
    resumed.load_state_dict(saved)
    train(resumed_params, resumed, range(5, 10))
    for p, q in zip(whole, resumed_params):
        np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())


def test_load_state_dict_refuses_what_does_not_fit():
    a, b = parameters((2,), (3,))
    optimizer = optim.SGD([a, b], momentum=0.9)
    set_gradients([a, b], 0)
    optimizer.step()
    saved = optimizer.state_dict()
    with pytest.raises(ValueError, match=r"groups of \[1\]"):
        optim.SGD([a]).load_state_dict(saved)
    with pytest.raises(ValueError, match=r"shape \(3,\) for parameter 0.*\(2,\)"):
        optim.SGD([b, a]).load_state_dict(saved)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda p: optim.SGD([]), ValueError, "empty list"),
        (lambda p: optim.SGD(p), TypeError, "one Tensor"),
        (lambda p: optim.SGD([p, p]), ValueError, "twice"),
        (lambda p: optim.SGD([p * 2]), ValueError, "leaves"),
        (lambda p: optim.SGD([np.ones(2)]), TypeError, "ndarray"),
        (lambda p: optim.SGD([p], lr=-1), ValueError, "lr=-1"),
        (lambda p: optim.SGD([p], momentum=-1), ValueError, "momentum=-1"),
        (lambda p: optim.SGD([p], nesterov=True), ValueError, "nesterov"),
        (lambda p: optim.Adam([p], betas=(1.0, 0.9)), ValueError, "betas"),
        (lambda p: optim.Adam([p], eps=-1), ValueError, "eps"),
        (lambda p: optim.Adam([p], weight_decay=-1), ValueError, "weight_decay"),
        (lambda p: optim.Adam([{"params": [p], "learning_rate": 1}]), ValueError, "learning_rate"),
    ],
)
def test_bad_arguments(make, error, text):
    (p,) = parameters((2,))
    with pytest.raises(error, match=text):
        make(p)


def test_step_returns_what_the_closure_returns():
    (p,) = parameters((2,))
    optimizer = optim.SGD([p], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with ag.no_grad():
        first = optimizer.step(closure)
    assert optimizer.step(closure).item() < first.item()


def test_a_step_between_forward_and_backward_is_refused():
    layer = nn.Linear(2, 2)
    optimizer = optim.SGD(layer.parameters(), lr=0.1)
    x = ag.tensor(np.ones((1, 2), np.float32), requires_grad=True)
    loss = layer(x).sum()
    loss.backward()
    optimizer.step()
    with pytest.raises(StaleValueError, match=r"saved by linear.*changed at .*test_optim"):
        loss.backward()


def test_zero_grad():
    (p,) = parameters((2,))
    optimizer = optim.SGD([p])
    p.grad = ag.tensor([1.0, 1.0])
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0.0, 0.0]
    optimizer.zero_grad()
    assert p.grad is None


def test_training_learns_xor():
    nn.manual_seed(1)
    net = nn.MLP([2, 8, 1], activation=nn.Tanh)
    optimizer = optim.Adam(net.parameters(), lr=0.05)
    x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
    criterion = nn.BCEWithLogitsLoss()
    for _ in range(200):
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05
    assert ((net(x).detach().numpy() > 0) == y).all()
    assert math.isfinite(loss.item())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda both: pickle.loads(pickle.dumps(both))])
def test_a_copy_of_parameters_and_optimizer_goes_on_like_the_original(copied):
    both = [nn.Parameter([1.0, 2.0])], None
    both = both[0], optim.Adam(both[0], lr=0.1)

    def train(params, optimizer):
        set_gradients(params, 5)
        optimizer.step()
        return params[0].tolist()

    train(*both)
    other = copied(both)
    assert other[1].param_groups[0]["params"][0] is other[0][0]
    assert train(*other) == train(*both)
    assert train(*other) == train(*both)


def test_a_gradient_of_another_shape_is_refused():
    (p,) = parameters((3,))
    p.grad = ag.tensor([1.0])
    with pytest.raises(ValueError, match=r"expected a gradient of the parameter's shape \(3,\), got shape \(1,\)"):
        optim.SGD([p]).step()
