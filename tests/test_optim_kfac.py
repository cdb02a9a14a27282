"""K-FAC: its factors beside the exact Fisher matrix, its steps beside dense systems, and what it refuses."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from optim.second_order.kronecker import EVERY_OUTPUT, SAMPLES, patches

RNG = np.random.default_rng(11)


def linear_network(*sizes, bias=True):
    nn.manual_seed(3)
    return nn.Sequential(*[nn.Linear(a, b, bias=bias) for a, b in itertools.pairwise(sizes)]).double()


def tanh_network(outputs=3):
    nn.manual_seed(4)
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, outputs)).double()


def fisher_of(layer, net, x, likelihood):
    """The block of the exact Fisher matrix that belongs to a layer, [weight | bias] row by row.

    F = (1/N) Σ Jᵢᵀ Hᵢ Jᵢ with the Jacobian J of the outputs and the Fisher matrix H of the predicted distribution.
    """
    params = [layer.weight] if layer.bias is None else [layer.weight, layer.bias]
    total = 0.0
    for example in x:
        z = net(example[None])[0]
        rows = []
        for output in z:
            parts = ag.gradients(output, params)
            parts = [part.numpy().reshape(len(layer.weight), -1) for part in parts]
            rows.append(np.concatenate(parts, axis=1).ravel())
        z, jacobian = z.detach().numpy(), np.stack(rows)
        if likelihood == "categorical":
            p = np.exp(z) / np.exp(z).sum()
            inner = np.diag(p) - np.outer(p, p)
        elif likelihood == "bernoulli":
            p = 1 / (1 + np.exp(-z))
            inner = np.diag(p * (1 - p))
        else:
            inner = np.eye(len(z))
        total = total + jacobian.T @ inner @ jacobian
    return total / len(x)


def factors(optimizer, layer):
    state = optimizer.state[layer.weight]
    return state["input_factor"], state["output_factor"]


def one_step(net, x, y, **options):
    """A step of the given kind, with the loss that belongs to the likelihood."""
    optimizer = optim.KFAC(net, **options)
    loss = {
        "categorical": nn.functional.cross_entropy,
        "bernoulli": lambda z, y: nn.functional.binary_cross_entropy_with_logits(z, y, reduction="sum") / len(y),
        "gaussian": lambda z, y: 0.5 * ((z - y) ** 2).sum() / len(y),
    }[options.get("likelihood", "categorical")](net(x), y)
    loss.backward()
    optimizer.step()
    return optimizer


def classes(count, n=3):
    return RNG.integers(0, n, count)


# -- factors -----------------------------------------------------------------------------------------


def test_factors_by_hand():
    net = linear_network(2, 2)
    x = np.array([[1.0, 2.0], [3.0, -1.0]])
    optimizer = one_step(net, x, np.zeros((2, 2)), fisher="exact", likelihood="gaussian")
    a_moments, g_moments = factors(optimizer, net[0])
    np.testing.assert_allclose(a_moments, [[5.0, -0.5, 2.0], [-0.5, 2.5, 0.5], [2.0, 0.5, 1.0]])
    np.testing.assert_allclose(g_moments, np.eye(2) * 1.0)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("likelihood", sorted(SAMPLES))
def test_one_example_and_one_layer_give_the_exact_fisher_matrix(likelihood, bias):
    net, x = linear_network(4, 3, bias=bias), RNG.standard_normal((1, 4))
    target = classes(1) if likelihood == "categorical" else np.ones((1, 3))
    expected = fisher_of(net[0], net, x, likelihood)
    optimizer = one_step(net, x, target, fisher="exact", likelihood=likelihood)
    a_moments, g_moments = factors(optimizer, net[0])
    np.testing.assert_allclose(np.kron(g_moments, a_moments), expected, atol=1e-13)


def test_a_linear_network_gives_the_exact_blocks_for_any_number_of_examples():
    """There g does not depend on the example, so that the expectation of the product is that of its factors."""
    net, x = linear_network(4, 3, 5, 2), RNG.standard_normal((6, 4))
    expected = [fisher_of(layer, net, x, "gaussian") for layer in net]
    optimizer = one_step(net, x, np.zeros((6, 2)), fisher="exact", likelihood="gaussian")
    for layer, block in zip(net, expected, strict=True):
        a_moments, g_moments = factors(optimizer, layer)
        np.testing.assert_allclose(np.kron(g_moments, a_moments), block, atol=1e-12)


@pytest.mark.parametrize("likelihood", sorted(SAMPLES))
def test_one_example_gives_the_exact_blocks_of_any_network(likelihood):
    net, x = tanh_network(), RNG.standard_normal((1, 4))
    target = classes(1) if likelihood == "categorical" else np.ones((1, 3))
    expected = [fisher_of(net[k], net, x, likelihood) for k in (0, 2)]
    optimizer = one_step(net, x, target, fisher="exact", likelihood=likelihood)
    for k, block in zip((0, 2), expected, strict=True):
        a_moments, g_moments = factors(optimizer, net[k])
        np.testing.assert_allclose(np.kron(g_moments, a_moments), block, atol=1e-13)


def test_the_empirical_factors_are_those_of_the_loss():
    net, x, y = tanh_network(), RNG.standard_normal((5, 4)), classes(5)
    rows = []
    for i in range(5):
        z = net[:2](x[i : i + 1])
        out = net[2](z)
        (g,) = ag.gradients(nn.functional.cross_entropy(out, y[i : i + 1]), out)
        rows.append(g.numpy()[0])
    hidden = net[:2](x).detach().numpy()
    a_moments, g_moments = factors(one_step(net, x, y, fisher="empirical"), net[2])
    np.testing.assert_allclose(g_moments, np.mean([np.outer(g, g) for g in rows], axis=0), atol=1e-14)
    np.testing.assert_allclose(a_moments[:-1, :-1], hidden.T @ hidden / 5)
    np.testing.assert_allclose(a_moments[-1], [*hidden.mean(axis=0), 1.0])


@pytest.mark.parametrize("likelihood", sorted(SAMPLES))
def test_drawn_targets_have_the_expected_second_moments(likelihood):
    z = np.tile(np.array([[0.3, -1.0, 1.2]]), (40000, 1))
    drawn = SAMPLES[likelihood](z, np.random.default_rng(0))
    expected = sum(g.T @ g for g in EVERY_OUTPUT[likelihood](z[:1]))
    np.testing.assert_allclose(drawn.T @ drawn / len(z), expected, atol=0.02)
    np.testing.assert_allclose(drawn.mean(axis=0), 0.0, atol=0.02)


def test_classes_along_axis_one_are_drawn_place_by_place():
    z = np.zeros((2, 3, 50))
    z[:, 1] = 50.0
    drawn = SAMPLES["categorical"](z, np.random.default_rng(0))
    np.testing.assert_allclose(drawn, 0.0, atol=1e-12)
    z[:, 1] = 0.0
    drawn = SAMPLES["categorical"](z, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.sum(axis=1), 0.0, atol=1e-12)
    assert ((drawn < 0).sum(axis=1) == 1).all()


def test_factors_are_moving_averages():
    net, optimizer = linear_network(2, 2), None
    optimizer = optim.KFAC(net, decay=0.6, fisher="exact", likelihood="gaussian")
    expected = np.zeros((3, 3))
    for k in range(1, 5):
        x = RNG.standard_normal((4, 2))
        rows = np.concatenate([x, np.ones((4, 1))], axis=1)
        keep = min(1 - 1 / k, 0.6)
        expected = keep * expected + (1 - keep) * rows.T @ rows / 4
        optimizer.step(lambda x=x: (net(x) ** 2).mean())
    np.testing.assert_allclose(factors(optimizer, net[0])[0], expected, rtol=1e-12)


def test_single_examples_without_a_batch():
    net, x = linear_network(4, 3), RNG.standard_normal(4)
    lone = one_step(copy.deepcopy(net), x, np.array(1), fisher="exact")
    batch = one_step(copy.deepcopy(net), x[None], np.array([1]), fisher="exact")
    for key in ("input_factor", "output_factor"):
        np.testing.assert_allclose(
            lone.state[lone.module[0].weight][key], batch.state[batch.module[0].weight][key], atol=1e-15
        )


# -- convolutions, and layers that are applied in several places ---------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Conv2d(2, 3, 3),
        lambda: nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
        lambda: nn.Conv2d(2, 3, (3, 4), padding="same"),
        lambda: nn.Conv2d(2, 3, 3, padding="valid", bias=False),
        lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"),
        lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="replicate"),
        lambda: nn.Conv2d(2, 3, 3, padding=2, padding_mode="circular"),
        lambda: nn.Conv1d(2, 3, 3, stride=2, padding=1),
        lambda: nn.Conv3d(2, 3, (1, 2, 3), padding=(0, 1, 1)),
    ],
)
def test_a_convolution_is_an_affine_map_of_patches(make):
    layer = make().double()
    x = RNG.standard_normal((2, 2, *(6, 7, 5)[: layer.axes]))
    rows = patches(x, layer)
    y = rows @ layer.weight.detach().numpy().reshape(3, -1).T
    y = np.moveaxis(y, -1, 1)
    if layer.bias is not None:
        y = y + layer.bias.detach().numpy().reshape(-1, *[1] * layer.axes)
    np.testing.assert_allclose(y, layer(x).detach().numpy(), atol=1e-12)
    np.testing.assert_array_equal(patches(x[0], layer), rows[:1])


def test_a_convolution_over_the_whole_image_is_an_affine_layer():
    nn.manual_seed(0)
    convolution = nn.Sequential(nn.Conv2d(2, 3, (4, 5)), nn.Flatten()).double()
    affine = nn.Sequential(nn.Flatten(), nn.Linear(40, 3)).double()
    affine[1].weight.data = convolution[0].weight.detach().numpy().reshape(3, 40).copy()
    affine[1].bias.data = convolution[0].bias.detach().numpy().copy()
    x, y = RNG.standard_normal((6, 2, 4, 5)), classes(6)
    for net in (convolution, affine):
        one_step(net, x, y, lr=1.0, fisher="exact")
    np.testing.assert_allclose(
        convolution[0].weight.detach().numpy().reshape(3, 40), affine[1].weight.detach().numpy(), rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(convolution[0].bias.detach().numpy(), affine[1].bias.detach().numpy(), rtol=1e-9)


def test_a_convolution_with_a_window_of_one_is_an_affine_layer_in_many_places():
    x = RNG.standard_normal((3, 2, 4))
    convolution, affine = nn.Sequential(nn.Conv1d(2, 3, 1)).double(), nn.Sequential(nn.Linear(2, 3)).double()
    one, other = (
        optim.KFAC(net, fisher="exact", likelihood="gaussian", others="gradient") for net in (convolution, affine)
    )
    one.step(lambda: (convolution(x) ** 2).mean())
    other.step(lambda: (affine(np.moveaxis(x, 1, -1)) ** 2).mean())
    for a, b in zip(factors(one, convolution[0]), factors(other, affine[0]), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
    rows = np.concatenate([np.moveaxis(x, 1, -1).reshape(-1, 2), np.ones((12, 1))], axis=1)
    np.testing.assert_allclose(factors(one, convolution[0])[0], rows.T @ rows / 3)  # summed over places
    np.testing.assert_allclose(factors(one, convolution[0])[1], np.eye(3))  # their mean


def test_a_layer_that_is_called_twice():
    layer = nn.Linear(3, 3, bias=False).double()
    net = nn.Sequential(layer, nn.Tanh(), layer)
    optimizer = optim.KFAC(net, fisher="exact", likelihood="gaussian")
    x = RNG.standard_normal((4, 3))
    hidden = np.tanh(layer(x).detach().numpy())
    weight = layer.weight.detach().numpy()
    optimizer.step(lambda: (net(x) ** 2).mean())
    inner = [(weight * (1 - h * h)).T @ (weight * (1 - h * h)) for h in hidden]
    a_moments, g_moments = factors(optimizer, layer)
    np.testing.assert_allclose(a_moments, (x.T @ x + hidden.T @ hidden) / 4)
    np.testing.assert_allclose(g_moments, (np.sum(inner, axis=0) + 4 * np.eye(3)) / 8)


# -- steps ---------------------------------------------------------------------------------------------


def flat_gradient(layer):
    return np.concatenate([layer.weight.grad.numpy(), layer.bias.grad.numpy()[:, None]], axis=1).ravel()


@pytest.mark.parametrize("factored", [True, False])
def test_a_step_solves_the_damped_system(factored):
    net, x, y = tanh_network(), RNG.standard_normal((7, 4)), classes(7)
    before = [(net[k].weight.detach().numpy().copy(), net[k].bias.detach().numpy().copy()) for k in (0, 2)]
    optimizer = one_step(net, x, y, lr=0.5, kl_clip=None, damping=0.03, fisher="exact", factored_damping=factored)
    for k, (weight, bias) in zip((0, 2), before, strict=True):
        a_moments, g_moments = factors(optimizer, net[k])
        if factored:
            pi = np.sqrt((np.trace(a_moments) / len(a_moments)) / (np.trace(g_moments) / len(g_moments)))
            a_moments = a_moments + pi * np.sqrt(0.03) * np.eye(len(a_moments))
            g_moments = g_moments + np.sqrt(0.03) / pi * np.eye(len(g_moments))
        matrix = np.kron(g_moments, a_moments) + (0 if factored else 0.03) * np.eye(len(a_moments) * len(g_moments))
        step = 0.5 * np.linalg.solve(matrix, flat_gradient(net[k])).reshape(len(weight), -1)
        np.testing.assert_allclose(net[k].weight.detach().numpy(), weight - step[:, :-1], rtol=1e-9)
        np.testing.assert_allclose(net[k].bias.detach().numpy(), bias - step[:, -1], rtol=1e-9)
        assert optimizer.report.condition >= np.linalg.cond(matrix) * (1 - 1e-9)
    assert np.isnan(optimizer.report.loss)
    assert optimizer.report.rate == 0.5


def test_a_linear_model_with_squared_error_is_solved_in_one_step():
    net = linear_network(3, 2)
    x, true = RNG.standard_normal((20, 3)), RNG.standard_normal((3, 2))
    one_step(net, x, x @ true, lr=1.0, kl_clip=None, damping=1e-18, fisher="exact", likelihood="gaussian")
    np.testing.assert_allclose(net[0].weight.detach().numpy(), true.T, atol=1e-7)
    np.testing.assert_allclose(net[0].bias.detach().numpy(), 0.0, atol=1e-7)


def test_a_clipped_step_has_the_divergence_that_is_allowed():
    net, x, y = tanh_network(), RNG.standard_normal((7, 4)), classes(7)
    start = [p.detach().numpy().copy() for p in net.parameters()]
    optimizer = one_step(net, x, y, lr=2.0, kl_clip=1e-3, fisher="exact")
    step = [(p.detach().numpy() - before) / -2.0 for p, before in zip(net.parameters(), start, strict=True)]
    shortening = optimizer.report.rate / 2.0
    fall = sum((u / shortening * p.grad.numpy()).sum() for u, p in zip(step, net.parameters(), strict=True))
    assert shortening < 1
    assert 4.0 * shortening**2 * fall == pytest.approx(1e-3)
    assert optimizer.report.step_norm == pytest.approx(2.0 * np.sqrt(sum((u * u).sum() for u in step)))


def test_momentum_and_weight_decay():
    (one, other), x = [linear_network(2, 2) for _ in range(2)], RNG.standard_normal((5, 2))
    options = dict(lr=0.1, kl_clip=None, fisher="exact", likelihood="gaussian", eigen_every=1)
    plain = optim.KFAC(one, momentum=0.0, **options)
    heavy = optim.KFAC(other, momentum=0.5, weight_decay=0.1, **options)
    b = 0.0
    for _ in range(3):
        values = other[0].weight.detach().numpy().copy(), other[0].bias.detach().numpy().copy()
        one[0].weight.data, one[0].bias.data = values[0].copy(), values[1].copy()
        loss = 0.5 * (one(x) ** 2).sum() / 5 + 0.05 * ((one[0].weight ** 2).sum() + (one[0].bias ** 2).sum())
        plain.zero_grad()
        loss.backward()
        plain.step()
        b = 0.5 * b + (values[0] - one[0].weight.detach().numpy()) / 0.1
        heavy.step(lambda: 0.5 * (other(x) ** 2).sum() / 5)
        np.testing.assert_allclose(other[0].weight.detach().numpy(), values[0] - 0.1 * b, rtol=1e-9)


def test_a_closure_does_the_same_with_or_without_backward():
    nets, x, y = [tanh_network() for _ in range(3)], RNG.standard_normal((7, 4)), classes(7)
    optimizers = [optim.KFAC(net, fisher="empirical") for net in nets]

    def loss_of(k, backward):
        optimizers[k].zero_grad()
        loss = nn.functional.cross_entropy(nets[k](x), y)
        if backward:
            loss.backward()
        return loss

    for _ in range(3):
        first = optimizers[0].step(lambda: loss_of(0, False))
        optimizers[1].step(lambda: loss_of(1, True))
        loss_of(2, True)
        assert optimizers[2].step() is None
        assert optimizers[0].report.loss == first.item()
    for p, q, r in zip(*[net.parameters() for net in nets], strict=True):
        assert np.array_equal(p.detach().numpy(), q.detach().numpy())
        assert np.array_equal(p.detach().numpy(), r.detach().numpy())


def test_an_own_likelihood():
    seen = []

    def draw(z, generator):
        seen.append(z.shape)
        return SAMPLES["categorical"](z, generator)

    nets = [tanh_network() for _ in range(2)]
    x, y = RNG.standard_normal((7, 4)), classes(7)
    one_step(nets[0], x, y, generator=np.random.default_rng(5))
    optimizer = optim.KFAC(nets[1], likelihood=draw, generator=np.random.default_rng(5))
    optimizer.step(lambda: nn.functional.cross_entropy(nets[1](x), y))
    assert seen == [(7, 3)]
    np.testing.assert_array_equal(nets[0][0].weight.detach().numpy(), nets[1][0].weight.detach().numpy())


def test_factors_and_eigenvectors_are_renewed_so_often():
    net, x, y = tanh_network(), RNG.standard_normal((7, 4)), classes(7)
    draws = []

    def draw(z, generator):
        draws.append(optimizer.steps)
        return SAMPLES["categorical"](z, generator)

    optimizer = optim.KFAC(net, likelihood=draw, factor_every=3, eigen_every=4)
    vectors = []
    for _ in range(8):
        optimizer.step(lambda: nn.functional.cross_entropy(net(x), y))
        vectors.append(optimizer.state[net[0].weight]["input_vectors"])
    assert draws == [0, 3, 6]
    assert optimizer.state[net[0].weight]["measured"] == 3
    assert [k for k in range(1, 8) if vectors[k] is not vectors[k - 1]] == [4]


def test_only_the_last_forward_pass_with_a_graph_counts():
    net, x, y = tanh_network(), RNG.standard_normal((7, 4)), classes(7)
    optimizer = optim.KFAC(net, fisher="exact")
    net(RNG.standard_normal((3, 4)))
    loss = nn.functional.cross_entropy(net(x), y)
    with ag.no_grad():
        net(RNG.standard_normal((5, 4)))
    net(x)
    loss.backward()
    optimizer.step()
    rows = np.concatenate([x, np.ones((7, 1))], axis=1)
    np.testing.assert_allclose(factors(optimizer, net[0])[0], rows.T @ rows / 7)


def test_it_learns_digits_in_fewer_steps_than_gradient_descent():
    x, y = (tensor.numpy() for tensor in nn.data.digits().tensors)

    def trained(make):
        nn.manual_seed(0)
        order = np.random.default_rng(0)
        net = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
        optimizer = make(net)
        for _ in range(40):
            rows = order.choice(len(x), 128, replace=False)
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
            optimizer.step()
        with ag.no_grad():
            return nn.functional.cross_entropy(net(x), y).item()

    rates = (0.01, 0.03, 0.1, 0.3, 1.0)
    descent = min(trained(lambda net, lr=lr: optim.SGD(net.parameters(), lr=lr, momentum=0.9)) for lr in rates)
    for fisher in ("sampled", "empirical"):
        found = trained(lambda net, kind=fisher: optim.KFAC(net, fisher=kind, generator=np.random.default_rng(0)))
        assert found < 0.7 * descent


def test_single_precision_stays():
    net = nn.Sequential(nn.Linear(4, 3))
    x, y = RNG.standard_normal((6, 4)).astype(np.float32), classes(6)
    optimizer = one_step(net, x, y)
    assert net[0].weight.dtype == np.float32
    assert optimizer.state[net[0].weight]["momentum_buffer"].dtype == np.float32
    assert optimizer.state[net[0].weight]["input_factor"].dtype == np.float64
