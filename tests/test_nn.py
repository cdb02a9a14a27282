"""Modules, layers, units and losses."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F

RNG = np.random.default_rng(7)


def numeric_gradient(f, x, eps=1e-6):
    """Central differences of a scalar function of one array."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = eps
        gradient[index] = (float(f(x + step).item()) - float(f(x - step).item())) / (2 * eps)
    return gradient


def check_gradient(f, x, tolerance=1e-7):
    tensor = ag.tensor(x, requires_grad=True)
    f(tensor).backward()
    np.testing.assert_allclose(tensor.grad.numpy(), numeric_gradient(lambda v: f(ag.tensor(v)), x), atol=tolerance)


class TestMLP:
    def test_layers(self):
        net = nn.MLP([4, 8, 8, 3], activation=nn.Tanh, output_activation=lambda: nn.Softmax(dim=1))
        assert [type(layer).__name__ for layer in net] == [
            "Linear", "Tanh", "Linear", "Tanh", "Linear", "Softmax",
        ]  # fmt: skip
        np.testing.assert_allclose(net(np.ones((5, 4))).sum(axis=1).detach().numpy(), np.ones(5), rtol=1e-6)

    @pytest.mark.parametrize("sizes", [[], [3], [3, 0]])
    def test_too_few_sizes(self, sizes):
        with pytest.raises(ValueError, match="at least two positive sizes"):
            nn.MLP(sizes)

    def test_the_relu_network_that_computes_xor(self):
        net = nn.MLP([2, 2, 1])
        net.load_state_dict(
            {"0.weight": np.ones((2, 2)), "0.bias": [0.0, -1.0], "2.weight": [[1.0, -2.0]], "2.bias": [0.0]}
        )
        outputs = net([[0, 0], [0, 1], [1, 0], [1, 1]])
        assert outputs.reshape(-1).tolist() == [0.0, 1.0, 1.0, 0.0]

    def test_sequential_slices_and_appends(self):
        net = nn.MLP([2, 3, 1])
        assert len(net[:2]) == 2
        assert net[-1] is net[2]
        assert len(net.append(nn.Sigmoid())) == 4


class TestLosses:
    def test_mse(self):
        x, y = RNG.standard_normal((2, 4, 3))
        assert F.mse_loss(ag.tensor(x), y).item() == pytest.approx(((x - y) ** 2).mean())
        assert F.mse_loss(ag.tensor(x), y, "sum").item() == pytest.approx(((x - y) ** 2).sum())
        np.testing.assert_allclose(F.mse_loss(ag.tensor(x), y, "none").numpy(), (x - y) ** 2)
        for reduction in ("mean", "sum"):
            check_gradient(lambda t, r=reduction: F.mse_loss(t, y, r), x)
            check_gradient(lambda t, r=reduction: F.mse_loss(ag.tensor(x), t, r), y)

    @pytest.mark.parametrize("loss", [nn.MSELoss(), nn.BCEWithLogitsLoss()])
    def test_a_column_against_a_row_is_an_error(self, loss):
        with pytest.raises(ValueError, match=r"\(4, 1\).*\(4,\).*reshape"):
            loss(ag.tensor(np.zeros((4, 1))), np.zeros(4))

    @pytest.mark.parametrize("loss", [F.mse_loss, F.binary_cross_entropy_with_logits])
    def test_an_unknown_reduction_is_an_error(self, loss):
        with pytest.raises(ValueError, match="'mean', 'sum' or 'none'"):
            loss(ag.tensor([1.0]), [1.0], reduction="average")

    def test_bce_with_logits(self):
        x, y = RNG.standard_normal((4, 3)), RNG.uniform(size=(4, 3))
        p = 1 / (1 + np.exp(-x))
        weight, positive = RNG.uniform(0.5, 2, (4, 3)), RNG.uniform(0.5, 3, 3)
        plain = -(y * np.log(p) + (1 - y) * np.log(1 - p))
        weighted = -(positive * y * np.log(p) + (1 - y) * np.log(1 - p)) * weight
        np.testing.assert_allclose(
            F.binary_cross_entropy_with_logits(ag.tensor(x), y, reduction="none").numpy(), plain, rtol=1e-10
        )
        np.testing.assert_allclose(
            F.binary_cross_entropy_with_logits(ag.tensor(x), y, weight, "none", positive).numpy(), weighted, rtol=1e-10
        )
        check_gradient(lambda t: F.binary_cross_entropy_with_logits(t, y), x)
        check_gradient(lambda t: F.binary_cross_entropy_with_logits(t, y, weight, "sum", positive), x)
        check_gradient(lambda t: F.binary_cross_entropy_with_logits(ag.tensor(x), t), y)

    def test_bce_with_logits_at_the_extremes(self):
        x = ag.tensor([1e4, -1e4, 1e4, -1e4], requires_grad=True)
        loss = F.binary_cross_entropy_with_logits(x, [1.0, 0.0, 0.0, 1.0], reduction="none")
        assert loss.tolist() == [0.0, 0.0, 1e4, 1e4]
        loss.sum().backward()
        assert x.grad.tolist() == [0.0, 0.0, 1.0, -1.0]

    def test_cross_entropy_against_its_definition(self):
        x = RNG.standard_normal((6, 4))
        y = RNG.integers(0, 4, 6)
        p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
        t = ag.tensor(x, requires_grad=True)
        loss = F.cross_entropy(t, y)
        assert loss.item() == pytest.approx(-np.log(p[np.arange(6), y]).mean())
        loss.backward()
        np.testing.assert_allclose(t.grad.numpy(), (p - np.eye(4)[y]) / 6, atol=1e-12)

    def test_cross_entropy_second_derivative(self):
        x, y = RNG.standard_normal((3, 4)), np.array([0, 3, 1])
        v = RNG.standard_normal((3, 4))
        t = ag.tensor(x, requires_grad=True)
        (first,) = ag.gradients(F.cross_entropy(t, y), t, create_graph=True)
        (product,) = ag.gradients((first * v).sum(), t)

        def slope(z):
            u = ag.tensor(z, requires_grad=True)
            return ag.gradients(F.cross_entropy(u, y), u)[0].numpy()

        numeric = (slope(x + 1e-5 * v) - slope(x - 1e-5 * v)) / 2e-5
        np.testing.assert_allclose(product.numpy(), numeric, atol=1e-8)

    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("smoothing", [0.0, 0.2])
    @pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
    def test_cross_entropy_with_all_arguments(self, weighted, smoothing, reduction):
        x = RNG.standard_normal((5, 3, 2))
        y = RNG.integers(0, 3, (5, 2))
        y[0, 0] = y[3, 1] = -100
        w = RNG.uniform(0.5, 2, 3) if weighted else np.ones(3)
        logp = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
        expected = np.zeros((5, 2))
        total = 0.0
        for i, j in np.ndindex(5, 2):
            if y[i, j] == -100:
                continue
            k = y[i, j]
            expected[i, j] = -(1 - smoothing) * w[k] * logp[i, k, j] - smoothing / 3 * (w * logp[i, :, j]).sum()
            total += w[k]
        expected = {"none": expected, "sum": expected.sum(), "mean": expected.sum() / total}[reduction]
        options = dict(weight=w if weighted else None, reduction=reduction, label_smoothing=smoothing)
        np.testing.assert_allclose(F.cross_entropy(ag.tensor(x), y, **options).numpy(), expected, rtol=1e-10)
        check_gradient(lambda t: F.cross_entropy(t, y, **options).sum(), x)

    def test_cross_entropy_against_probabilities(self):
        x, q = RNG.standard_normal((4, 3)), RNG.dirichlet(np.ones(3), 4)
        logp = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
        assert F.cross_entropy(ag.tensor(x), q).item() == pytest.approx(-(q * logp).sum() / 4)
        check_gradient(lambda t: F.cross_entropy(t, q, weight=[1.0, 2.0, 3.0], label_smoothing=0.1), x)

    def test_cross_entropy_of_one_sample(self):
        assert F.cross_entropy(ag.tensor([1.0, 2.0]), 1).item() == pytest.approx(np.log1p(np.exp(-1)))

    def test_cross_entropy_at_the_extremes(self):
        t = ag.tensor([[1e4, -1e4]], requires_grad=True)
        loss = F.cross_entropy(t, [1])
        loss.backward()
        assert loss.item() == 2e4
        assert t.grad.tolist() == [[1.0, -1.0]]

    @pytest.mark.parametrize(
        ("target", "error", "text"),
        [
            ([0, 4], ValueError, "from 0 to 3.*got 4"),
            ([0, -1], ValueError, "got -1"),
            ([0.0, 1.0], TypeError, "integer class indices"),
            ([[0], [1]], ValueError, r"shape \(2,\)"),
            ([0, 1, 2], ValueError, r"got a target of shape \(3,\)"),
        ],
    )
    def test_cross_entropy_refuses(self, target, error, text):
        with pytest.raises(error, match=text):
            F.cross_entropy(ag.tensor(np.zeros((2, 4))), target)

    def test_a_target_tensor_of_whole_numbers(self):
        assert nn.CrossEntropyLoss()(ag.tensor([[0.0, 0.0]]), ag.tensor([1])).item() == pytest.approx(np.log(2))


class TestUnits:
    @pytest.mark.parametrize(
        ("module", "function"),
        [
            (nn.ReLU(), lambda x: np.maximum(x, 0)),
            (nn.Tanh(), np.tanh),
            (nn.Sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
            (nn.Softmax(dim=0), lambda x: np.exp(x) / np.exp(x).sum(axis=0)),
            (nn.Identity(), lambda x: x),
        ],
    )
    def test_value_and_gradient(self, module, function):
        x = RNG.standard_normal((4, 3)) + 0.01
        np.testing.assert_allclose(module(x).numpy(), function(x), rtol=1e-12)
        v = RNG.standard_normal((4, 3))
        check_gradient(lambda t: (module(t) * v).sum(), x)

    def test_float32_stays(self):
        x = ag.tensor(np.ones(3, np.float32), requires_grad=True)
        for module in (nn.ReLU(), nn.Tanh(), nn.Sigmoid(), nn.Softmax(dim=0)):
            out = module(x)
            assert out.dtype == np.float32
            x.grad = None
            out.sum().backward()
            assert x.grad.dtype == np.float32


class TestInit:
    def test_gains(self):
        assert nn.init.calculate_gain("leaky_relu", 1.0) == pytest.approx(1.0)
        with pytest.raises(ValueError, match="one of linear"):
            nn.init.calculate_gain("cosine")

    def test_bounds_and_fans(self):
        weight = nn.Parameter(np.zeros((20, 30, 3), np.float32))
        assert nn.init.fans(weight) == (90, 60)
        nn.init.kaiming_uniform_(weight, nonlinearity="relu")
        assert np.abs(weight.detach().numpy()).max() <= (6 / 90) ** 0.5
        nn.init.xavier_uniform_(weight)
        assert np.abs(weight.detach().numpy()).max() <= (6 / 150) ** 0.5
        with pytest.raises(ValueError, match="two axes"):
            nn.init.fans(nn.Parameter([1.0]))
        with pytest.raises(ValueError, match="fan_in"):
            nn.init.kaiming_uniform_(weight, mode="fan")

    def test_parameter_defaults_to_float32_and_refuses_integers(self):
        assert nn.Parameter([1.0]).dtype == np.float32
        assert nn.Parameter(np.ones(2)).dtype == np.float64
        with pytest.raises(TypeError, match="int64"):
            nn.Parameter(np.arange(3))
