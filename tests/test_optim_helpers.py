"""Helpers around optimizers: noise on gradients, the search for a learning rate."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from optim.lr_scheduler import StepLR


def test_noise_has_the_deviation_asked_for():
    x, unused = ag.tensor(np.zeros(20000), requires_grad=True), ag.tensor([1.0], requires_grad=True)
    gradient = np.linspace(-1, 1, 20000)
    x.grad = ag.tensor(gradient)
    optim.add_gradient_noise([x, unused], 0.5, np.random.default_rng(0))
    noise = x.grad.numpy() - gradient
    assert noise.std() == pytest.approx(0.5, rel=0.03)
    assert noise.mean() == pytest.approx(0.0, abs=0.02)
    assert unused.grad is None
    assert gradient[0] == -1.0


@pytest.mark.parametrize("dtype", [np.float32, np.complex128, np.complex64])
def test_noise_keeps_the_dtype(dtype):
    x = ag.tensor(np.zeros(5000, dtype), requires_grad=True)
    x.grad = ag.tensor(np.zeros(5000, dtype))
    optim.add_gradient_noise(x, 2.0)
    assert x.grad.dtype == dtype
    assert x.grad.numpy().real.std() == pytest.approx(2.0, rel=0.1)
    if np.issubdtype(dtype, np.complexfloating):
        assert x.grad.numpy().imag.std() == pytest.approx(2.0, rel=0.1)


def test_noise_falls_off_with_the_steps():
    x = ag.tensor(0.0, requires_grad=True)
    optimizer = optim.SGD([x], lr=0.1)
    noise = optim.GradientNoise(eta=0.4, gamma=1.0, generator=np.random.default_rng(1))
    optimizer.register_step_pre_hook(noise)
    expected, source = 0.0, np.random.default_rng(1)
    for t in range(3):
        assert noise.std() == pytest.approx(math.sqrt(0.4 / (1 + t)))
        expected -= 0.1 * (1.0 + noise.std() * source.standard_normal())
        x.grad = ag.tensor(1.0)
        optimizer.step()
    assert x.item() == pytest.approx(expected)
    with pytest.raises(ValueError, match="a step with a closure"):
        optimizer.step(lambda: 1.0)


def test_noise_refuses():
    with pytest.raises(ValueError, match="deviation of at least 0, got std=-1"):
        optim.add_gradient_noise([], -1)
    with pytest.raises(ValueError, match="eta of at least 0, got eta=-1"):
        optim.GradientNoise(eta=-1)


def network():
    nn.manual_seed(0)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((32, 4))
    y = x[:, :1] - x[:, 1:2]
    net = nn.MLP([4, 16, 1], activation=nn.Tanh)

    def closure():
        loss = nn.MSELoss()(net(x), y)
        loss.backward()
        return loss

    return net, closure


MAKERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "Adam": lambda p: optim.Adam(p, lr=0.1),
    "Shampoo": lambda p: optim.Shampoo(p, lr=0.1),
    "Lookahead": lambda p: optim.Lookahead(optim.Adam(p, lr=0.1), k=2),
    "SAM": lambda p: optim.SAM(optim.SGD(p, lr=0.1)),
    "LBFGS": lambda p: optim.LBFGS(p, lr=0.1, max_iter=2),
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_trial_leaves_everything_as_it_was(name):
    net, closure = network()
    optimizer = MAKERS[name](list(net.parameters()))

    def train(steps):
        for _ in range(steps):

            def fresh():
                optimizer.zero_grad()
                return closure()

            optimizer.step(fresh)

    train(3)
    schedule = StepLR(optimizer, 1)
    values = [p.detach().numpy().copy() for p in net.parameters()]
    gradients = [p.grad for p in net.parameters()]
    saved = optimizer.state_dict()
    trial = optim.find_lr(optimizer, closure, 1e-4, 5.0, steps=25)
    assert len(trial.rates) == len(trial.losses) == len(trial.smoothed) <= 25
    assert trial.rates[0] == pytest.approx(1e-4)
    for p, value, gradient in zip(net.parameters(), values, gradients):
        np.testing.assert_array_equal(p.detach().numpy(), value)
        assert p.grad is gradient
    now = optimizer.state_dict()
    assert now["param_groups"] == saved["param_groups"]
    for number, entry in saved["state"].items():
        for key, value in entry.items():
            np.testing.assert_equal(now["state"][number][key], value)
    schedule.step()


def test_the_suggestion_trains_well():
    net, closure = network()
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    trial = optim.find_lr(optimizer, closure, 1e-5, 100.0)
    assert len(trial.rates) < 100  # it ended when the loss went up
    assert 1e-3 < trial.suggestion < 10
    assert all(type(value) is float for value in (*trial.rates, *trial.losses, *trial.smoothed, trial.suggestion))
    optimizer.param_groups[0]["lr"] = trial.suggestion
    before = closure().item()
    for _ in range(100):
        optimizer.zero_grad()
        closure()
        optimizer.step()
    assert closure().item() < 0.5 * before


@pytest.mark.parametrize("seed", range(6))
def test_the_noise_of_minibatches_does_not_move_the_suggestion(seed):
    numbers = np.random.default_rng(seed)
    x = numbers.standard_normal((500, 5))
    y = x @ np.arange(1.0, 6.0) + 2.0 * numbers.standard_normal(500)
    w = ag.tensor(np.zeros(5), requires_grad=True)

    def closure():
        batch = numbers.integers(0, len(x), 20)
        loss = ((x[batch] @ w - y[batch]) ** 2).mean()
        loss.backward()
        return loss

    assert 0.005 < optim.find_lr(optim.SGD([w], lr=0.1), closure, 1e-6).suggestion < 0.05


def test_a_loss_that_never_falls_gives_no_suggestion():
    x = ag.tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([x], lr=0.1)

    def closure():
        (x * 0.0).sum().backward()
        return 1.0

    trial = optim.find_lr(optimizer, closure, steps=10)
    assert trial.suggestion is None
    assert trial.rates[-1] == pytest.approx(10.0)


def test_a_trial_that_blows_up_ends():
    x = ag.tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([x], lr=0.1)

    def closure():
        loss = (ag.exp(x * x)).sum()
        loss.backward()
        return loss

    trial = optim.find_lr(optimizer, closure, 1.0, 1e6, steps=10, smoothing=0.0)
    assert len(trial.losses) < 10
    assert x.tolist() == [1.0]


def test_the_search_for_a_rate_refuses():
    optimizer = optim.SGD([ag.tensor([1.0], requires_grad=True)], lr=0.1)
    with pytest.raises(TypeError, match="find_lr: expected a closure"):
        optim.find_lr(optimizer, None)
    for options in (dict(low=0.0), dict(low=1.0, high=0.5), dict(high=math.inf)):
        with pytest.raises(ValueError, match="finite rates 0 < low < high, got low="):
            optim.find_lr(optimizer, lambda: 1.0, **options)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        (dict(steps=1), ValueError, "at least two steps, an integer, got steps=1"),
        (dict(steps=2.5), TypeError, "at least two steps, an integer, got steps=2.5"),
        (dict(smoothing=1.0), ValueError, "smoothing of at least 0 and below 1, got smoothing=1.0"),
        (dict(smoothing=-0.1), ValueError, "smoothing of at least 0"),
        (dict(smoothing=math.nan), ValueError, "smoothing of at least 0"),
        (dict(diverged=0.5), ValueError, "diverged of at least 1"),
    ],
)
def test_a_trial_refuses_arguments_out_of_range(options, error, text):
    optimizer = optim.SGD([ag.tensor([1.0], requires_grad=True)], lr=0.1)
    with pytest.raises(error, match=f"find_lr: expected {text}"):
        optim.find_lr(optimizer, lambda: 1.0, **options)


def test_a_trial_wants_an_optimizer_with_a_rate():
    x = ag.tensor([1.0], requires_grad=True)
    with pytest.raises(ValueError, match='"lr" in every group, got NewtonCG with'):
        optim.find_lr(optim.NewtonCG([x]), lambda: (x * x).sum())
    with pytest.raises(TypeError, match="find_lr: expected the loss from the closure, got None"):
        optim.find_lr(optim.SGD([x], lr=0.1), lambda: None)
    with pytest.raises(TypeError, match="expected an optimizer, got list"):
        optim.find_lr([x], lambda: (x * x).sum())


def test_an_error_in_the_closure_leaves_everything_as_it_was():
    x = ag.tensor([1.0], requires_grad=True)
    optimizer = optim.Adam([x], lr=0.1)
    calls = []

    def closure():
        calls.append(1)
        if len(calls) == 3:
            raise KeyError("a batch")
        loss = (x * x).sum()
        loss.backward()
        return loss

    with pytest.raises(KeyError):
        optim.find_lr(optimizer, closure)
    assert x.tolist() == [1.0]
    assert optimizer.param_groups[0]["lr"] == 0.1
    assert not optimizer.state
