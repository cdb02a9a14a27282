"""``nn.utils``: clipping, vectors, averages of weights."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from nn.utils import averaging

RNG = np.random.default_rng(9)


def with_gradients(*gradients):
    parameters = []
    for gradient in gradients:
        value = np.zeros(np.shape(gradient)) if gradient is not None else np.zeros(1)
        parameter = nn.Parameter(np.asarray(value))
        parameter.grad = None if gradient is None else ag.tensor(np.asarray(gradient, float))
        parameters.append(parameter)
    return parameters


class TestClippingByNorm:
    def test_scaled_down(self):
        parameters = with_gradients([3.0], None, [[0.0, 4.0]])
        norm = nn.utils.clip_grad_norm_(parameters, 1.0)
        assert norm.item() == 5.0
        assert norm.shape == ()
        np.testing.assert_allclose(parameters[0].grad, [0.6], rtol=1e-6)
        np.testing.assert_allclose(parameters[2].grad, [[0.0, 0.8]], rtol=1e-6)
        assert parameters[1].grad is None

    def test_small_gradients_stay(self):
        (parameter,) = with_gradients([3.0, 4.0])
        gradient = parameter.grad
        nn.utils.clip_grad_norm_(parameter, 5.1)
        assert parameter.grad is gradient
        assert gradient.tolist() == [3.0, 4.0]

    def test_one_tensor_and_generators(self):
        (parameter,) = with_gradients([6.0, 8.0])
        nn.utils.clip_grad_norm_(parameter, 5.0, foreach=True)
        np.testing.assert_allclose(parameter.grad, [3.0, 4.0], rtol=1e-6)
        layer = nn.Linear(2, 2)
        layer([[1.0, 2.0]]).sum().backward()
        nn.utils.clip_grad_norm_(layer.parameters(), 0.5)
        assert nn.utils.get_total_norm([p.grad for p in layer.parameters()]).item() == pytest.approx(0.5)
        assert layer.weight.grad.dtype == np.float32

    @pytest.mark.parametrize(
        ("p", "expected"), [(2, math.sqrt(30)), (1, 10.0), (3, 100 ** (1 / 3)), (math.inf, 4.0), (0, 4), (-math.inf, 1)]
    )
    def test_norms(self, p, expected):
        tensors = [ag.tensor([1.0, -2.0]), ag.tensor([[3.0]]), ag.tensor(4.0)]
        assert nn.utils.get_total_norm(tensors, p).item() == pytest.approx(expected)
        assert nn.utils.get_total_norm(iter(tensors), float(p)).item() == pytest.approx(expected)

    def test_nothing_and_zeros(self):
        assert nn.utils.get_total_norm([]).item() == 0.0
        assert nn.utils.clip_grad_norm_(with_gradients(None), 1.0).item() == 0.0
        assert nn.utils.get_total_norm([ag.tensor([0.0, 0.0])], 3).item() == 0.0
        assert nn.utils.get_total_norm([ag.zeros((0, 2)), ag.tensor([3.0])]).item() == 3.0

    def test_huge_and_tiny_float32(self):
        for size in (1e30, 1e-30):
            found = nn.utils.get_total_norm([ag.tensor([3.0 * size, 4.0 * size], dtype="float32")])
            assert found.dtype == np.float32
            assert found.item() == pytest.approx(5.0 * size, rel=1e-6)

    def test_complex(self):
        assert nn.utils.get_total_norm([ag.tensor([3.0 + 4.0j])]).item() == 5.0
        assert nn.utils.get_total_norm([ag.tensor([3.0 + 4.0j])], 1).dtype == np.float64

    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_not_finite(self, bad):
        parameters = with_gradients([1.0, bad], [2.0])
        with pytest.raises(ag.GradientError, match=f"expected a finite number, got {bad}"):
            nn.utils.clip_grad_norm_(parameters, 1.0, error_if_nonfinite=True)
        assert parameters[1].grad.tolist() == [2.0]
        assert not math.isfinite(nn.utils.clip_grad_norm_(parameters, 1.0).item())
        assert math.isnan(parameters[1].grad.item()) or parameters[1].grad.item() == 0.0

    def test_given_the_norm(self):
        (parameter,) = with_gradients([4.0])
        nn.utils.clip_grads_with_norm_(parameter, 1.0, ag.tensor(2.0, requires_grad=True))
        np.testing.assert_allclose(parameter.grad, [2.0], rtol=1e-6)

    def test_a_single_number_and_a_read_only_gradient(self):
        number, array = with_gradients(5.0, [12.0])
        array.grad._data.flags.writeable = False
        nn.utils.clip_grad_norm_([number, array], 1.3)
        assert number.grad.item() == pytest.approx(0.5)
        assert array.grad.tolist() == pytest.approx([1.2])

    def test_a_gradient_in_a_graph(self):
        x = ag.tensor([3.0, 4.0], requires_grad=True)
        (x * x * x).sum().backward(create_graph=True)
        penalty = (x.grad * x.grad).sum()
        nn.utils.clip_grad_norm_(x, 1.0)
        with pytest.raises(ag.StaleValueError):
            penalty.backward()


class TestClippingByValue:
    def test_values(self):
        parameters = with_gradients([3.0, -3.0, 0.5], 7.0, None)
        nn.utils.clip_grad_value_(parameters, 2)
        assert parameters[0].grad.tolist() == [2.0, -2.0, 0.5]
        assert parameters[1].grad.item() == 2.0

    def test_a_negative_bound(self):
        with pytest.raises(ValueError, match="clip_value of at least 0"):
            nn.utils.clip_grad_value_(with_gradients([1.0]), -1.0)


class TestVectors:
    def test_there_and_back(self):
        net = nn.MLP([2, 3, 1])
        vector = nn.utils.parameters_to_vector(net.parameters())
        assert vector.shape == (13,)
        nn.utils.vector_to_parameters(2 * vector, net.parameters())
        np.testing.assert_allclose(nn.utils.parameters_to_vector(net.parameters()).detach(), 2 * vector.detach())

    def test_gradients_pass(self):
        layer = nn.Linear(2, 1)
        (nn.utils.parameters_to_vector(layer.parameters()) * np.array([1.0, 2.0, 3.0], np.float32)).sum().backward()
        assert layer.weight.grad.tolist() == [[1.0, 2.0]]
        assert layer.bias.grad.tolist() == [3.0]

    def test_values_are_copied(self):
        layer = nn.Linear(2, 1)
        values = np.arange(3.0, dtype=np.float32)
        nn.utils.vector_to_parameters(values, layer.parameters())
        values[:] = 9
        assert layer.weight.tolist() == [[0.0, 1.0]]
        assert layer.weight.requires_grad

    def test_errors(self):
        layer = nn.Linear(2, 1)
        before = layer.weight.tolist()
        for wrong in (np.ones(4), np.ones((3, 1)), np.ones(2)):
            with pytest.raises(ValueError, match=r"a vector of shape \(3,\)"):
                nn.utils.vector_to_parameters(wrong, layer.parameters())
        assert layer.weight.tolist() == before
        with pytest.raises(ValueError, match="at least one parameter"):
            nn.utils.parameters_to_vector([])


def trained(net, steps):
    """States of a network while its weights change."""
    for step in range(steps):
        for parameter in net.parameters():
            parameter.data = RNG.standard_normal(parameter.shape)
        for buffer in net.buffers():
            buffer.data = np.full(buffer.shape, step + 1.0)
        yield


class WithBuffer(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(np.zeros(3))
        self.scale = nn.Parameter(np.float64(1.0))
        self.register_buffer("mean", np.zeros(2))
        self.register_buffer("count", np.zeros(1, int))

    def forward(self, x, shift=0.0):
        return x * self.weight + shift


class TestAveragedModel:
    def test_the_error_where_pytorch_has_it_says_where_it_is(self):
        with pytest.raises(AttributeError, match=r"take averages of weights from nn\.utils\.averaging, and SWALR"):
            _ = optim.swa_utils.AveragedModel
        assert not hasattr(optim, "swa_util")

    @pytest.mark.parametrize(
        ("options", "shares"),
        [
            ({}, lambda n: 1 / (n + 1)),
            ({"avg_fn": averaging.get_swa_avg_fn()}, lambda n: 1 / (n + 1)),
            ({"multi_avg_fn": averaging.get_swa_multi_avg_fn()}, lambda n: 1 / (n + 1)),
            ({"avg_fn": averaging.get_ema_avg_fn(0.9)}, lambda n: 0.1),
            ({"multi_avg_fn": averaging.get_ema_multi_avg_fn(0.9)}, lambda n: 0.1),
            ({"avg_fn": lambda old, new, n: old * 0.5 + new * 0.5}, lambda n: 0.5),
        ],
    )
    def test_averages(self, options, shares):
        net = WithBuffer()
        average = averaging.AveragedModel(net, **options)
        expected = None
        for n, _ in enumerate(trained(net, 5)):
            now = net.weight.detach().numpy().copy(), float(net.scale.detach())
            expected = now if n == 0 else [a + shares(n) * (b - a) for a, b in zip(expected, now)]
            average.update_parameters(net)
        np.testing.assert_allclose(average.module.weight.detach(), expected[0])
        assert average.module.scale.item() == pytest.approx(expected[1])
        assert average.n_averaged.item() == 5
        assert average.module.mean.tolist() == [5.0, 5.0]
        assert average.module.weight.requires_grad
        assert average.module.weight is not net.weight

    def test_buffers_are_averaged_if_wanted(self):
        net = WithBuffer()
        average = averaging.AveragedModel(net, use_buffers=True)
        for _ in trained(net, 4):
            average.update_parameters(net)
        assert average.module.mean.tolist() == [2.5, 2.5]
        assert average.module.count.dtype == int

    def test_as_a_module(self):
        net = WithBuffer()
        average = averaging.AveragedModel(net)
        assert list(average.state_dict()) == [
            "n_averaged", "module.weight", "module.scale", "module.mean", "module.count",
        ]  # fmt: skip
        average.update_parameters(net)
        again = averaging.AveragedModel(net)
        again.load_state_dict(average.state_dict())
        assert again.n_averaged.item() == 1
        assert average(np.ones(3), shift=2.0).tolist() == [2.0, 2.0, 2.0]
        assert copy.deepcopy(average).n_averaged.item() == 1

    def test_parametrized_networks(self):
        net = nn.utils.parametrizations.weight_norm(nn.Linear(2, 1))
        average = averaging.AveragedModel(net)
        average.update_parameters(net)
        np.testing.assert_allclose(average.module.weight.detach(), net.weight.detach())
        assert average.module.parametrizations is not net.parametrizations

    def test_errors(self):
        with pytest.raises(ValueError, match="avg_fn or multi_avg_fn, got both"):
            averaging.AveragedModel(nn.Linear(1, 1), avg_fn=max, multi_avg_fn=max)
        with pytest.raises(ValueError, match="device"):
            averaging.AveragedModel(nn.Linear(1, 1), "cuda")
        average = averaging.AveragedModel(nn.Linear(1, 1))
        for other in (nn.Linear(2, 1), nn.Linear(1, 1, bias=False)):
            with pytest.raises(ValueError, match="parameters and buffers of the same shapes"):
                average.update_parameters(other)
        assert average.n_averaged.item() == 0
        for decay in (-0.1, 1.1):
            for make in (averaging.get_ema_avg_fn, averaging.get_ema_multi_avg_fn):
                with pytest.raises(ValueError, match="a decay from 0 to 1"):
                    make(decay)


class TestUpdateBatchNorm:
    @pytest.mark.parametrize("wrap", [lambda x: x, lambda x: (x, "label"), lambda x: [x]])
    def test_the_mean_over_all_batches(self, wrap):
        net = nn.Sequential(nn.BatchNorm1d(1), nn.Identity()).eval()
        net[1].train()
        net[0].running_mean = np.ones(1, np.float32)
        averaging.update_bn([wrap(np.array([[1.0], [3.0]])), wrap(np.array([[5.0], [7.0]]))], net)
        assert net[0].running_mean.tolist() == [4.0]
        assert net[0].running_var.tolist() == [2.0]
        assert net[0].num_batches_tracked.item() == 2
        assert net[0].momentum == 0.1
        assert net[0].weight.grad is None
        assert [module.training for module in net.modules()] == [False, False, True]

    def test_everything_is_back_after_an_error(self):
        net = nn.Sequential(nn.BatchNorm1d(1)).eval()
        with pytest.raises(ValueError, match="1D input"):
            averaging.update_bn([np.ones(3)], net)
        assert net[0].momentum == 0.1
        assert not net.training

    def test_without_such_layers_the_loader_is_not_read(self):
        loader = iter([1])
        averaging.update_bn(loader, nn.Identity())
        assert next(loader) == 1
