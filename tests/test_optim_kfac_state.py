"""K-FAC: what it remembers, and what it refuses."""

from __future__ import annotations

import copy
import gc
import pickle

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from tests.test_optim_kfac import classes, factors, one_step, tanh_network

RNG = np.random.default_rng(12)


# -- state ---------------------------------------------------------------------------------------------


def train(net, optimizer, steps):
    x, y = np.random.default_rng(2).standard_normal((7, 4)), np.random.default_rng(3).integers(0, 3, 7)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()


def values(net):
    return [p.detach().numpy().copy() for p in net.parameters()]


def equal(one, other):
    assert all(np.array_equal(p, q) for p, q in zip(values(one), values(other), strict=True))


@pytest.mark.parametrize("fisher", ["sampled", "empirical"])
def test_a_saved_state_resumes_with_equal_bits(fisher):
    options = dict(fisher=fisher, eigen_every=3, factor_every=2)
    straight = tanh_network()
    train(straight, optim.KFAC(straight, **options, generator=np.random.default_rng(7)), 10)
    first, second = tanh_network(), tanh_network()
    optimizer = optim.KFAC(first, **options, generator=np.random.default_rng(7))
    train(first, optimizer, 5)
    saved = optimizer.state_dict()
    second.load_state_dict(first.state_dict())
    train(first, optimizer, 2)  # what goes on does not change what was saved
    resumed = optim.KFAC(second, **options, generator=np.random.default_rng(8))
    resumed.load_state_dict(pickle.loads(pickle.dumps(saved)))
    train(second, resumed, 5)
    equal(straight, second)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda both: pickle.loads(pickle.dumps(both))])
def test_a_copy_of_network_and_optimizer_goes_on_like_the_original(copied):
    net = tanh_network()
    optimizer = optim.KFAC(net, eigen_every=3)
    train(net, optimizer, 4)
    other_net, other = copied((net, optimizer))
    assert other.module is other_net
    train(net, optimizer, 4)
    train(other_net, other, 4)
    equal(net, other_net)


@pytest.mark.parametrize("fisher", ["sampled", "exact", "empirical"])
@pytest.mark.parametrize("between", ["loss", "backward"])
def test_an_evaluation_before_the_step_is_not_recorded(fisher, between):
    x, y = np.random.default_rng(2).standard_normal((7, 4)), np.random.default_rng(3).integers(0, 3, 7)

    def run(evaluate):
        net = tanh_network()
        optimizer = optim.KFAC(net, fisher=fisher, generator=np.random.default_rng(7))
        for _ in range(3):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x), y)
            if evaluate and between == "loss":
                with ag.no_grad():
                    net(x[:2])
            loss.backward()
            if evaluate and between == "backward":
                with ag.no_grad():
                    net(x[:2])
            optimizer.step()
        return net

    equal(run(True), run(False))


def test_states_that_do_not_fit_change_nothing():
    net = tanh_network()
    optimizer = optim.KFAC(net)
    train(net, optimizer, 2)
    saved = optimizer.state_dict()
    wider = optim.KFAC(tanh_network(4))
    with pytest.raises(ValueError, match=r"of shape \(4, 5\) for parameter 2"):
        wider.load_state_dict(saved)
    assert not wider.state
    assert wider.steps == 0
    bent = copy.deepcopy(saved)
    bent["state"][0]["input_factor"] = np.eye(2)
    with pytest.raises(ValueError, match=r"input_factor of shape \(5, 5\)"):
        optimizer.load_state_dict(bent)
    other = optim.KFAC(tanh_network(), generator=np.random.Generator(np.random.MT19937(0)))
    with pytest.raises(ValueError, match="generator MT19937"):
        other.load_state_dict(saved)


def test_a_copy_of_the_network_alone_is_not_watched():
    net = tanh_network()
    optimizer = optim.KFAC(net, fisher="exact")
    other = copy.deepcopy(net)
    x, y = RNG.standard_normal((7, 4)), classes(7)
    loss = nn.functional.cross_entropy(net(x), y)
    other(RNG.standard_normal((3, 4)))
    loss.backward()
    optimizer.step()
    rows = np.concatenate([x, np.ones((7, 1))], axis=1)
    np.testing.assert_allclose(factors(optimizer, net[0])[0], rows.T @ rows / 7)


def test_a_network_does_not_keep_its_optimizer():
    net = tanh_network()
    optimizer = optim.KFAC(net)
    assert net[0]._call_hooks
    del optimizer
    gc.collect()
    assert not net[0]._call_hooks
    assert not net._call_hooks


def test_groups_have_their_own_rates():
    net, x, y = tanh_network(), RNG.standard_normal((7, 4)), classes(7)
    before = values(net)
    groups = [{"params": net[0].parameters(), "lr": 0.0}, {"params": net[2].parameters()}]
    optimizer = one_step(net, x, y, params=groups)
    assert np.array_equal(values(net)[0], before[0])
    assert not np.array_equal(values(net)[2], before[2])
    schedule = optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    schedule.step()
    assert [group["lr"] for group in optimizer.param_groups] == [0.0, 0.05]
    with pytest.raises(ValueError, match="weight and bias of a layer in one group"):
        optim.KFAC(net, params=[{"params": [net[0].weight]}, {"params": [net[0].bias]}])


# -- other parameters, and refusals ---------------------------------------------------------------------


def test_other_parameters_are_refused_or_follow_their_gradient():
    net = nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5), nn.Linear(5, 3)).double()
    with pytest.raises(ValueError, match=r"got parameter 1.weight.*others='gradient'"):
        optim.KFAC(net)
    x, y = RNG.standard_normal((7, 4)), classes(7)
    before = net[1].weight.detach().numpy().copy()
    optimizer = one_step(net, x, y, lr=0.1, kl_clip=None, others="gradient")
    np.testing.assert_allclose(net[1].weight.detach().numpy(), before - 0.1 * net[1].weight.grad.numpy())
    assert optimizer.state[net[1].weight].keys() == {"step", "momentum_buffer"}
    net[1].requires_grad_(False)
    optim.KFAC(net)  # frozen ones do not matter


@pytest.mark.parametrize(
    "layer",
    [
        lambda: nn.Conv2d(4, 4, 3, groups=2),
        lambda: nn.ConvTranspose2d(4, 4, 3),
        lambda: nn.Embedding(4, 4),
        lambda: nn.Bilinear(4, 4, 4),
        lambda: nn.LSTM(4, 4),
    ],
)
def test_layers_without_factors(layer):
    with pytest.raises(ValueError, match="affine layers and of convolutions without groups"):
        optim.KFAC(nn.Sequential(layer()))


def test_a_layer_that_the_network_does_not_call_is_refused():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(4, 3)

        def forward(self, x):
            return nn.functional.linear(x, self.inner.weight, self.inner.bias)

    net = Odd().double()
    before = values(net)
    with pytest.raises(ValueError, match="forward pass of the network through its layer 'inner'"):
        one_step(net, RNG.standard_normal((7, 4)), classes(7))
    assert all(np.array_equal(p, q) for p, q in zip(values(net), before, strict=True))


def test_a_layer_that_the_network_does_not_call_may_follow_its_gradient():
    net = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True).double()
    x = RNG.standard_normal((3, 5, 4))
    optimizer = optim.KFAC(net, likelihood="gaussian", others="gradient", kl_clip=None)
    for _ in range(3):
        before = net.self_attn.out_proj.weight.detach().numpy().copy()
        optimizer.step(lambda: (net(x) ** 3).mean())
    assert optimizer.state[net.self_attn.out_proj.weight]["measured"] == 0
    assert optimizer.state[net.linear1.weight]["measured"] == 3
    moved = before - net.self_attn.out_proj.weight.detach().numpy()
    buffer = optimizer.state[net.self_attn.out_proj.weight]["momentum_buffer"]
    np.testing.assert_allclose(moved, 0.1 * buffer)
    lone = optim.KFAC(tanh_network(), others="gradient")
    lone.module[0].weight.grad = ag.tensor(np.ones((5, 4)))
    with pytest.raises(ValueError, match="call the network itself"):
        lone.step()


def test_a_layer_that_is_first_used_later():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.branches = nn.ModuleList([nn.Linear(4, 3), nn.Linear(4, 3)])

        def forward(self, x, k):
            return self.branches[k](x)

    net, x, y = Branches().double(), RNG.standard_normal((7, 4)), classes(7)
    for others in ("refuse", "gradient"):
        optimizer = optim.KFAC(net, others=others, fisher="exact", factor_every=5)
        losses = []
        for k in (0, 0, 0, 1, 1, 0):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x, k), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        second = optimizer.state[net.branches[1].weight]
        assert second["measured"] >= 1
        np.testing.assert_allclose(
            (second["input_vectors"] * second["input_values"]) @ second["input_vectors"].T,
            second["input_factor"],
            atol=1e-12,
        )
        assert losses[4] < losses[3]


@pytest.mark.parametrize("bad", ["gradient", "input"])
def test_what_is_not_finite(bad):
    for nonfinite in ("skip", "raise"):
        net, x, y = tanh_network(), RNG.standard_normal((7, 4)), classes(7)
        optimizer = optim.KFAC(net, nonfinite=nonfinite)
        before = values(net)
        if bad == "input":
            x[0, 0] = np.inf
        with np.errstate(all="ignore"):
            nn.functional.cross_entropy(net(x), y).backward()
        if bad == "gradient":
            net[0].bias.grad = ag.tensor(np.full(5, np.nan))
        if nonfinite == "raise":
            with pytest.raises(FloatingPointError, match="finite"):
                optimizer.step()
        else:
            optimizer.step()
            assert optimizer.skipped_steps == 1
        assert all(np.array_equal(p, q) for p, q in zip(values(net), before, strict=True))
        assert not optimizer.state
        train(net, optimizer, 1)
        assert not np.array_equal(values(net)[0], before[0])


def shared_weight():
    one, other = nn.Linear(4, 4), nn.Linear(4, 4)
    other.weight = one.weight
    return nn.Sequential(one, other)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: optim.KFAC(tanh_network().parameters()), TypeError, "module itself"),
        (lambda: optim.KFAC(nn.Sequential(nn.Tanh())), ValueError, "empty list"),
        (lambda: optim.KFAC(tanh_network(), lr=-1.0), ValueError, "learning rate"),
        (lambda: optim.KFAC(tanh_network(), momentum=-1.0), ValueError, "momentum"),
        (lambda: optim.KFAC(tanh_network(), damping=0.0), ValueError, "damping"),
        (lambda: optim.KFAC(tanh_network(), decay=1.0), ValueError, "decay"),
        (lambda: optim.KFAC(tanh_network(), weight_decay=float("nan")), ValueError, "weight_decay"),
        (lambda: optim.KFAC(tanh_network(), kl_clip=0.0), ValueError, "kl_clip"),
        (lambda: optim.KFAC(tanh_network(), fisher="true"), ValueError, "'sampled', 'exact', 'empirical'"),
        (lambda: optim.KFAC(tanh_network(), likelihood="poisson"), ValueError, "'categorical'"),
        (lambda: optim.KFAC(tanh_network(), likelihood=lambda z, g: z, fisher="exact"), ValueError, "categorical"),
        (lambda: optim.KFAC(tanh_network(), others="sgd"), ValueError, "'refuse', 'gradient'"),
        (lambda: optim.KFAC(tanh_network(), factor_every=0), ValueError, "factor_every"),
        (lambda: optim.KFAC(tanh_network(), eigen_every=0), ValueError, "eigen_every"),
        (lambda: optim.KFAC(tanh_network(), nonfinite="allow"), ValueError, "nonfinite"),
        (lambda: optim.KFAC(shared_weight()), ValueError, r"0.weight and 1.weight"),
    ],
)
def test_bad_arguments(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_bad_outputs_and_likelihoods():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(4, 3)

        def forward(self, x):
            y = self.inner(x)
            return y, 2 * y

    x = RNG.standard_normal((5, 4)).astype(np.float32)
    net = Two()
    optimizer = optim.KFAC(net)
    with pytest.raises(TypeError, match="fisher='empirical'"):
        net(x)
    del optimizer
    gc.collect()
    optimizer = optim.KFAC(net, fisher="empirical")
    optimizer.step(lambda: net(x)[1].mean())
    assert optimizer.steps == 1
    net = nn.Sequential(nn.Conv1d(4, 3, 1))
    optimizer = optim.KFAC(net, fisher="exact")
    with pytest.raises(ValueError, match="fisher='sampled'"):
        net(np.ones((2, 4, 5), np.float32))
    net = tanh_network()
    optimizer = optim.KFAC(net, likelihood=lambda z, generator: z[0])
    with pytest.raises(ValueError, match=r"output's shape \(5, 3\) from the likelihood"):
        net(x)
