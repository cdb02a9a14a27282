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


class TwoLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.second = nn.Linear(4, 2)
        self.scale = nn.Parameter(2.0)
        self.register_buffer("count", np.zeros(1))

    def forward(self, x):
        return self.second(F.relu(self.first(x))) * self.scale


class TestModule:
    def test_parameters_are_found_under_dotted_names(self):
        names = [name for name, _ in TwoLayers().named_parameters()]
        assert names == ["scale", "first.weight", "first.bias", "second.weight", "second.bias"]

    def test_a_shared_module_is_counted_once(self):
        layer = nn.Linear(2, 2)
        assert len(list(nn.Sequential(layer, nn.ReLU(), layer).parameters())) == 2

    def test_a_misspelt_attribute_raises_and_names_what_there_is(self):
        with pytest.raises(AttributeError, match=r"no attribute 'frist'.*first"):
            _ = TwoLayers().frist

    def test_a_parameter_before_init_raises(self):
        class Hasty(nn.Module):
            def __init__(self):
                self.weight = nn.Parameter([1.0])

        with pytest.raises(AttributeError, match=r"super\(\).__init__\(\)"):
            Hasty()

    def test_a_parameter_cannot_be_replaced_by_an_array(self):
        layer = nn.Linear(2, 2)
        with pytest.raises(TypeError, match=r"nn\.Parameter"):
            layer.weight = np.ones((2, 2))

    def test_forward_must_be_defined(self):
        with pytest.raises(TypeError, match="forward"):
            nn.Module()(1.0)

    def test_train_and_eval_reach_every_module(self):
        net = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU()))
        net.eval()
        assert not any(module.training for module in net.modules())
        net.train()
        assert all(module.training for module in net.modules())

    def test_apply_goes_from_the_children_up_in_order(self):
        net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        seen = []
        net.apply(lambda module: seen.append(type(module).__name__))
        assert seen == ["Linear", "ReLU", "Sequential"]

    def test_state_dict_round_trip(self):
        a, b = TwoLayers(), TwoLayers()
        state = a.state_dict()
        assert list(state) == ["scale", "count", "first.weight", "first.bias", "second.weight", "second.bias"]
        b.load_state_dict(state)
        x = RNG.standard_normal((5, 3)).astype(np.float32)
        np.testing.assert_array_equal(a(x).detach().numpy(), b(x).detach().numpy())
        state["first.weight"][:] = 0
        assert (a.first.weight.detach().numpy() != 0).any(), "the state dict must be a copy"

    def test_load_state_dict_reports_keys_and_changes_nothing(self):
        net = TwoLayers()
        before = net.state_dict()
        wrong = {"first.weight": np.zeros((4, 3)), "nonsense": np.zeros(1)}
        with pytest.raises(KeyError, match=r"missing \['scale'.*unexpected \['nonsense'\]"):
            net.load_state_dict(wrong)
        with pytest.raises(ValueError, match=r"first.weight of shape \(4, 3\)"):
            net.load_state_dict({**before, "first.weight": np.zeros((3, 4))})
        for key, value in net.state_dict().items():
            np.testing.assert_array_equal(value, before[key])
        keys = net.load_state_dict(wrong, strict=False)
        assert keys.unexpected_keys == ["nonsense"]
        assert "scale" in keys.missing_keys

    def test_hooks_run_and_can_be_removed(self):
        layer = nn.Identity()
        before = layer.register_forward_pre_hook(lambda module, inputs: (inputs[0] + 1,))
        after = layer.register_forward_hook(lambda module, inputs, output: output * 10)
        assert layer(ag.tensor(1.0)).item() == 20
        before.remove()
        assert layer(ag.tensor(1.0)).item() == 10
        after.remove()
        after.remove()
        assert layer(ag.tensor(1.0)).item() == 1

    def test_to_converts_parameters_and_buffers(self):
        net = TwoLayers().to("float64")
        assert {p.dtype for p in net.parameters()} == {np.dtype("float64")}
        with pytest.raises(TypeError, match="floating-point"):
            net.to(int)

    def test_zero_grad_and_freezing(self):
        net = nn.Linear(2, 1)
        net([[1.0, 2.0]]).sum().backward()
        net.zero_grad()
        assert net.weight.grad is None
        net.requires_grad_(False)
        assert not net([[1.0, 2.0]]).requires_grad

    def test_text_form_shows_the_tree(self):
        text = repr(nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU())))
        assert text == (
            "Sequential(\n  (0): Linear(in_features=2, out_features=3, bias=True)\n"
            "  (1): Sequential(\n    (0): ReLU()\n  )\n)"
        )


class TestLinear:
    @pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 5, 3), (0, 3)])
    @pytest.mark.parametrize("bias", [True, False])
    def test_value_and_gradients(self, shape, bias):
        x = RNG.standard_normal(shape)
        w, b = RNG.standard_normal((4, 3)), RNG.standard_normal(4)
        weight, offset = ag.tensor(w, requires_grad=True), ag.tensor(b, requires_grad=True)
        inputs = ag.tensor(x, requires_grad=True)
        out = F.linear(inputs, weight, offset if bias else None)
        np.testing.assert_allclose(out.detach().numpy(), x @ w.T + (b if bias else 0), atol=1e-12)
        g = RNG.standard_normal(out.shape)
        out.backward(g)
        rows, into = g.reshape(-1, 4), x.reshape(-1, 3)
        np.testing.assert_allclose(inputs.grad.numpy(), g @ w, atol=1e-12)
        np.testing.assert_allclose(weight.grad.numpy(), rows.T @ into, atol=1e-12)
        if bias:
            np.testing.assert_allclose(offset.grad.numpy(), rows.sum(axis=0), atol=1e-12)

    def test_initial_values_lie_within_the_bound(self):
        layer = nn.Linear(100, 50)
        for parameter in layer.parameters():
            values = parameter.detach().numpy()
            assert np.abs(values).max() <= 0.1
            assert values.std() == pytest.approx(0.1 / 3**0.5, rel=0.25)

    def test_the_seed_decides(self):
        nn.manual_seed(3)
        first = nn.Linear(3, 3).weight.detach().numpy().copy()
        nn.manual_seed(3)
        np.testing.assert_array_equal(first, nn.Linear(3, 3).weight.detach().numpy())

    def test_arrays_and_lists_take_the_parameters_dtype(self):
        layer = nn.Linear(2, 1)
        assert layer(np.ones((1, 2))).dtype == np.float32
        assert layer([[1, 2]]).dtype == np.float32

    def test_a_tensor_of_another_float_dtype_is_refused(self):
        with pytest.raises(TypeError, match=r"dtype float32.*dtype float64"):
            nn.Linear(2, 1)(ag.tensor([[1.0, 2.0]]))

    def test_a_wrong_width_is_named(self):
        with pytest.raises(ValueError, match=r"\(\.\.\., 2\).*\(1, 3\)"):
            nn.Linear(2, 1)([[1.0, 2.0, 3.0]])


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
        for module in (nn.ReLU(), nn.Tanh(), nn.Sigmoid(), nn.Softmax()):
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
