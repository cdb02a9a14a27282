"""Units, softmaxes and distances: functions and modules."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F
from tests.differences import check_gradients

RNG = np.random.default_rng(17)
INF = float("inf")

# function of x, the same on paper for one number, derivative on paper
UNITS = {
    "relu": (F.relu, lambda x: max(0, x), lambda x: float(x > 0)),
    "relu6": (F.relu6, lambda x: min(max(0, x), 6), lambda x: float(0 < x < 6)),
    "leaky_relu": (F.leaky_relu, lambda x: max(x, 0.01 * x), lambda x: 1.0 if x > 0 else 0.01),
    "leaky_relu of slope -1": (lambda x: F.leaky_relu(x, -1), abs, lambda x: 1.0 if x > 0 else -1.0),
    "elu": (F.elu, lambda x: x if x > 0 else math.expm1(x), lambda x: 1.0 if x > 0 else math.exp(x)),
    "elu of alpha 0.5": (
        lambda x: F.elu(x, 0.5),
        lambda x: x if x > 0 else 0.5 * math.expm1(x),
        lambda x: 1.0 if x > 0 else 0.5 * math.exp(x),
    ),
    "celu": (
        lambda x: F.celu(x, 2),
        lambda x: x if x > 0 else 2 * math.expm1(x / 2),
        lambda x: 1.0 if x > 0 else math.exp(x / 2),
    ),
    "selu": (
        F.selu,
        lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x)),
        lambda x: 1.0507009873554805 * (1 if x > 0 else 1.6732632423543772 * math.exp(x)),
    ),
    "threshold": (lambda x: F.threshold(x, 1, -3), lambda x: x if x > 1 else -3, lambda x: float(x > 1)),
    "hardtanh": (F.hardtanh, lambda x: max(-1, min(1, x)), lambda x: float(-1 < x < 1)),
    "hardsigmoid": (F.hardsigmoid, lambda x: min(max(x + 3, 0), 6) / 6, lambda x: (-3 < x < 3) / 6),
    "hardswish": (
        F.hardswish,
        lambda x: x * min(max(x + 3, 0), 6) / 6,
        lambda x: 0.0 if x <= -3 else 1.0 if x >= 3 else x / 3 + 0.5,
    ),
    "hardshrink": (F.hardshrink, lambda x: x if abs(x) > 0.5 else 0, lambda x: float(abs(x) > 0.5)),
    "softshrink": (
        F.softshrink,
        lambda x: math.copysign(max(abs(x) - 0.5, 0), x),
        lambda x: float(abs(x) > 0.5),
    ),
    "sigmoid": (
        F.sigmoid,
        lambda x: 0.5 + 0.5 * math.tanh(x / 2),
        lambda x: 0.25 / math.cosh(x / 2) ** 2 if abs(x) < 1000 else 0.0,
    ),
    "tanh": (F.tanh, math.tanh, lambda x: 1 / math.cosh(x) ** 2 if abs(x) < 300 else 0.0),
    "logsigmoid": (
        F.logsigmoid,
        lambda x: min(x, 0) - math.log1p(math.exp(-abs(x))),
        lambda x: 0.5 - 0.5 * math.tanh(x / 2),
    ),
    "softplus": (
        F.softplus,
        lambda x: max(x, 0) + math.log1p(math.exp(-abs(x))),
        lambda x: 0.5 + 0.5 * math.tanh(x / 2),
    ),
    "softsign": (F.softsign, lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    "tanhshrink": (F.tanhshrink, lambda x: x - math.tanh(x), lambda x: math.tanh(x) ** 2),
    "silu": (
        F.silu,
        lambda x: x * (0.5 + 0.5 * math.tanh(x / 2)),
        lambda x: (0.5 + 0.5 * math.tanh(x / 2)) * (1 + x * (0.5 - 0.5 * math.tanh(x / 2))),
    ),
    "gelu": (
        F.gelu,
        lambda x: x * 0.5 * math.erfc(-x / math.sqrt(2)),
        lambda x: 0.5 * math.erfc(-x / math.sqrt(2)) + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    ),
}
POINTS = [0.0, 1.0, -1.0, 0.5, -0.5, 3.0, -3.0, 6.0, 0.1, -0.1, 2.2, -2.2, 15.0, -15.0, 1e4, -1e4]


@pytest.mark.parametrize("name", UNITS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
class TestUnits:
    def test_value_and_derivative_at_kinks_and_extremes(self, name, dtype):
        function, value, derivative = UNITS[name]
        x = ag.Tensor(np.array(POINTS, dtype), requires_grad=True)
        out = function(x)
        out.sum().backward()
        tolerance = {"float64": 1e-8, "float32": 1e-5}[dtype]  # softplus turns into a straight line at 20
        np.testing.assert_allclose(out.detach().numpy(), [value(p) for p in POINTS], rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(x.grad.numpy(), [derivative(p) for p in POINTS], rtol=tolerance, atol=tolerance)
        assert out.dtype == x.grad.dtype == dtype

    def test_plain_arrays_give_plain_arrays(self, name, dtype):
        x = np.array(POINTS, dtype)
        out = UNITS[name][0](x)
        assert type(out) is np.ndarray
        assert out.dtype == dtype
        np.testing.assert_array_equal(out, UNITS[name][0](ag.tensor(x)).numpy())

    def test_shapes_and_scalars(self, name, dtype):
        function = UNITS[name][0]
        for shape in ((), (1,), (0,), (2, 0, 3), (2, 3, 4)):
            x = ag.Tensor(np.full(shape, 0.7, dtype), requires_grad=True)
            out = function(x)
            assert out.shape == shape
            (gradient,) = ag.gradients(out, x, np.ones(shape, dtype))
            assert gradient.shape == shape


@pytest.mark.parametrize("name", UNITS)
def test_one_operation_each(name):
    x = ag.tensor([0.5, -0.5], requires_grad=True)
    assert len(ag.Graph(UNITS[name][0](x)).operations) == 1


@pytest.mark.parametrize(
    ("function", "edge", "second"),
    [(F.elu, 0.0, 0.0), (F.selu, 0.0, 0.0), (F.hardswish, 3.0, 0.0), (F.hardswish, -3.0, 0.0), (F.softsign, 0.0, 0.0)],
)
def test_second_derivatives_at_kinks(function, edge, second):
    x = ag.tensor([edge], requires_grad=True)
    (first,) = ag.gradients(function(x), x, create_graph=True)
    assert ag.gradients(first, x)[0].item() == second


def test_gelu_and_mish_on_paper():
    x = np.array([-2.0, -0.3, 0.0, 0.4, 3.0])
    cubic = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    np.testing.assert_allclose(F.gelu(x, approximate="tanh"), 0.5 * x * (1 + np.tanh(cubic)), rtol=1e-14)
    np.testing.assert_allclose(F.gelu(x), F.gelu(x, approximate="tanh"), atol=5e-4)
    np.testing.assert_allclose(F.mish(x), x * np.tanh(np.log1p(np.exp(x))), rtol=1e-12)


@pytest.mark.parametrize("function", [F.gelu, lambda x: F.gelu(x, "tanh"), F.mish, F.silu, F.elu, F.softplus])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_huge_inputs_in_every_order(function, dtype):
    huge = np.array([1e4, -1e4, 1e15, -1e15, 1e30, -1e30], dtype)
    x = ag.Tensor(huge, requires_grad=True)
    out = function(x)
    (first,) = ag.gradients(out, x, np.ones_like(huge), create_graph=True)
    np.testing.assert_array_equal(out.detach().numpy()[::2], huge[::2])
    np.testing.assert_array_equal(first.detach().numpy()[::2], 1)
    np.testing.assert_array_equal(first.detach().numpy()[1::2], 0)
    second = ag.gradients((first * (np.abs(huge) < 1e10)).sum(), x)[0]
    np.testing.assert_array_equal(second.numpy(), 0)


def test_gelu_in_single_precision_is_as_precise_as_that():
    x = np.concatenate([np.linspace(-9, 9, 30001), np.geomspace(1e-30, 1, 99), [0.0]])
    x = x.astype(np.float32).astype(np.float64)
    exact = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x])
    single = ag.Tensor(x.astype(np.float32), requires_grad=True)
    out = F.gelu(single)
    out.sum().backward()
    assert np.abs(out.detach().numpy() - x * exact).max() < 7e-7
    assert np.abs(out.detach().numpy() - x * exact)[np.abs(x) < 1].max() < 1e-7
    slope = exact + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    assert np.abs(single.grad.numpy() - slope).max() < 7e-7


def test_gelu_is_precise_where_it_nearly_vanishes():
    assert F.gelu(np.array([-8.0]))[0] == pytest.approx(-8 * 0.5 * math.erfc(8 / math.sqrt(2)), rel=1e-9)


class TestParametricUnits:
    def test_prelu_with_a_slope_per_channel(self):
        x = np.array([[[-1.0, 2.0], [-3.0, -4.0]]])
        weight = ag.tensor([0.5, 0.1], requires_grad=True)
        out = F.prelu(ag.tensor(x), weight)
        np.testing.assert_allclose(out.detach().numpy(), [[[-0.5, 2.0], [-0.3, -0.4]]])
        out.sum().backward()
        assert weight.grad.tolist() == [-1.0, -7.0]

    def test_prelu_at_zero_takes_the_slope(self):
        x = ag.tensor(0.0, requires_grad=True)
        F.prelu(x, ag.tensor([0.3])).backward()
        assert x.grad.item() == 0.3

    def test_prelu_module(self):
        layer = nn.PReLU(3, init=0.1)
        assert {key: value.shape for key, value in layer.state_dict().items()} == {"weight": (3,)}
        assert layer([[-1.0, -2.0, 3.0]])[0].tolist() == pytest.approx([-0.1, -0.2, 3.0])
        assert layer.weight.dtype == np.float32
        assert repr(layer) == "PReLU(num_parameters=3)"
        layer.weight.data = np.zeros(3, np.float32)
        layer.reset_parameters()
        assert layer.weight.tolist() == pytest.approx([0.1] * 3)
        with pytest.raises(TypeError, match=r"PReLU.*float32.*float64"):
            layer(ag.tensor([[1.0, 2.0, 3.0]]))

    def test_prelu_refuses_a_wrong_number_of_slopes(self):
        with pytest.raises(ValueError, match=r"prelu: expected a weight of shape \(1,\) or \(3,\).*got shape \(2,\)"):
            F.prelu(ag.tensor(np.zeros((4, 3))), ag.tensor([0.1, 0.2]))

    def test_rrelu_draws_in_training_only(self):
        nn.manual_seed(0)
        x = ag.Tensor(np.full(1000, -1.0), requires_grad=True)
        layer = nn.RReLU(0.2, 0.6)
        out = layer(x)
        values = -out.detach().numpy()
        assert 0.2 <= values.min() < values.max() < 0.6
        out.sum().backward()
        np.testing.assert_array_equal(x.grad.numpy(), values)
        nn.manual_seed(0)
        np.testing.assert_array_equal(layer(x).detach().numpy(), -values)
        np.testing.assert_allclose(layer.eval()(x).detach().numpy(), -0.4)
        assert layer(ag.tensor(np.ones(3, np.float32))).dtype == np.float32
        assert F.rrelu(ag.tensor([-1.0, 5.0]), training=True)[1].item() == 5.0

    def test_glu(self):
        x = RNG.standard_normal((2, 4, 3))
        a, b = x[:, :2], x[:, 2:]
        np.testing.assert_allclose(F.glu(x, 1), a / (1 + np.exp(-b)))
        check_gradients(lambda x: F.glu(x, 1), x)
        with pytest.raises(ValueError, match=r"glu: expected an even length along dim=-1, got shape \(2, 4, 3\)"):
            F.glu(x)
        with pytest.raises(ValueError, match="glu"):
            F.glu(ag.tensor(1.0))


REFUSED = [
    (lambda: F.celu(ag.tensor(1.0), 0), "celu: expected an alpha that is not 0"),
    (lambda: nn.CELU(0.0), "CELU: expected an alpha"),
    (lambda: F.softplus(ag.tensor(1.0), 0), "softplus: expected a beta that is not 0"),
    (lambda: nn.Softplus(beta=0), "Softplus: expected a beta"),
    (lambda: F.rrelu(ag.tensor(1.0), 0.5, 0.1), "rrelu: expected lower ≤ upper, got 0.5 and 0.1"),
    (lambda: nn.RReLU(0.5, 0.1), "RReLU: expected lower"),
    (lambda: F.hardtanh(ag.tensor(1.0), 2, 1), "hardtanh: expected min_val ≤ max_val, got min_val=2 and max_val=1"),
    (lambda: nn.Hardtanh(1, 1), "Hardtanh: expected min_val < max_val"),
    (lambda: F.softshrink(ag.tensor(1.0), -1), "softshrink: expected lambd ≥ 0, got lambd=-1"),
    (lambda: nn.Softshrink(-1), "Softshrink: expected lambd"),
    (lambda: F.gelu(ag.tensor(1.0), "fast"), "gelu: expected approximate 'none' or 'tanh', got 'fast'"),
    (lambda: nn.GELU("fast"), "GELU: expected approximate"),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_refused_arguments(number):
    call, text = REFUSED[number]
    with pytest.raises(ValueError, match=text) as error:
        call()
    assert "To mend it: " in str(error.value)


def test_a_parameter_that_is_no_number_loses_no_gradient_silently():
    alpha = ag.tensor(1.0, requires_grad=True)
    with pytest.raises(ag.NoGradientError):
        F.elu(ag.tensor([-1.0]), alpha)


# -- modules -------------------------------------------------------------------------------------------------

MODULES = [
    (nn.ReLU(), F.relu, "ReLU()"),
    (nn.ReLU(inplace=True), F.relu, "ReLU(inplace=True)"),
    (nn.ReLU6(), F.relu6, "ReLU6()"),
    (nn.LeakyReLU(0.2), lambda x: F.leaky_relu(x, 0.2), "LeakyReLU(negative_slope=0.2)"),
    (nn.LeakyReLU(inplace=True), F.leaky_relu, "LeakyReLU(negative_slope=0.01, inplace=True)"),
    (nn.ELU(0.5), lambda x: F.elu(x, 0.5), "ELU(alpha=0.5)"),
    (nn.CELU(0.5), lambda x: F.celu(x, 0.5), "CELU(alpha=0.5)"),
    (nn.SELU(), F.selu, "SELU()"),
    (nn.Threshold(1.0, 2.0), lambda x: F.threshold(x, 1, 2), "Threshold(threshold=1.0, value=2.0)"),
    (nn.Sigmoid(), F.sigmoid, "Sigmoid()"),
    (nn.Tanh(), F.tanh, "Tanh()"),
    (nn.LogSigmoid(), F.logsigmoid, "LogSigmoid()"),
    (nn.Hardtanh(-2.0, 0.5), lambda x: F.hardtanh(x, -2, 0.5), "Hardtanh(min_val=-2.0, max_val=0.5)"),
    (nn.Hardsigmoid(), F.hardsigmoid, "Hardsigmoid()"),
    (nn.Hardswish(), F.hardswish, "Hardswish()"),
    (nn.Softsign(), F.softsign, "Softsign()"),
    (nn.Softplus(2.0, 10.0), lambda x: F.softplus(x, 2, 10), "Softplus(beta=2.0, threshold=10.0)"),
    (nn.GELU(), F.gelu, "GELU(approximate='none')"),
    (nn.GELU("tanh"), lambda x: F.gelu(x, "tanh"), "GELU(approximate='tanh')"),
    (nn.SiLU(), F.silu, "SiLU()"),
    (nn.Mish(), F.mish, "Mish()"),
    (nn.GLU(0), lambda x: F.glu(x, 0), "GLU(dim=0)"),
    (nn.Hardshrink(0.2), lambda x: F.hardshrink(x, 0.2), "Hardshrink(0.2)"),
    (nn.Softshrink(0.2), lambda x: F.softshrink(x, 0.2), "Softshrink(0.2)"),
    (nn.Tanhshrink(), F.tanhshrink, "Tanhshrink()"),
    (nn.Softmax(dim=0), lambda x: F.softmax(x, 0), "Softmax(dim=0)"),
    (nn.Softmin(dim=0), lambda x: F.softmin(x, 0), "Softmin(dim=0)"),
    (nn.LogSoftmax(1), lambda x: F.log_softmax(x, 1), "LogSoftmax(dim=1)"),
    (nn.Abs(), np.abs, "Abs()"),
]


@pytest.mark.parametrize(("module", "function", "text"), MODULES, ids=[case[2] for case in MODULES])
def test_modules(module, function, text):
    assert repr(module) == text
    assert not list(module.parameters())
    assert not module.state_dict()
    x = RNG.standard_normal((4, 3)) * 2
    for given in (x, x.tolist(), ag.tensor(x)):
        out = module(given)
        assert isinstance(out, ag.Tensor)
        np.testing.assert_array_equal(out.numpy(), function(x))
    single = x.astype(np.float32)
    t = ag.Tensor(single, requires_grad=True)
    out = module(t)
    out.sum().backward()
    assert out.dtype == t.grad.dtype == np.float32
    np.testing.assert_array_equal(t.numpy() if not t.requires_grad else t.detach().numpy(), single)


# -- softmax ----------------------------------------------------------------------------------------------------


class TestSoftmax:
    @pytest.mark.parametrize("function", [F.softmax, F.log_softmax, F.softmin])
    def test_the_axis_has_to_be_named(self, function):
        name = function.__name__
        with pytest.raises(TypeError, match=f"{name}: expected dim, .* got None. To mend it: name the axis"):
            function(ag.tensor([1.0, 2.0]))

    @pytest.mark.parametrize("module", [nn.Softmax, nn.LogSoftmax, nn.Softmin])
    def test_modules_ask_for_it_when_they_are_made(self, module):
        with pytest.raises(TypeError, match=f"{module.__name__}: expected dim"):
            module()

    @pytest.mark.parametrize("axis", [0, 1, -1])
    def test_against_the_definition(self, axis):
        x = RNG.standard_normal((3, 4))
        s = np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)
        np.testing.assert_allclose(F.softmax(x, axis), s, rtol=1e-13)
        np.testing.assert_allclose(F.log_softmax(x, axis), np.log(s), rtol=1e-13)
        np.testing.assert_allclose(F.softmin(-x, axis), s, rtol=1e-13)

    def test_the_jacobian(self):
        x = RNG.standard_normal(4)
        s = np.exp(x) / np.exp(x).sum()
        jacobian = ag.jacobian(lambda x: F.softmax(x, 0))(ag.tensor(x)).numpy()
        np.testing.assert_allclose(jacobian, np.diag(s) - np.outer(s, s), atol=1e-14)
        np.testing.assert_allclose(F.softmax(x + 1000.0, 0), s)

    def test_dtype_converts_first(self):
        x = ag.tensor(np.zeros(2, np.float32), requires_grad=True)
        for function in (F.softmax, F.log_softmax, F.softmin):
            assert function(x, 0, dtype="float64").dtype == np.float64

    def test_in_its_parts(self):
        x = ag.tensor(RNG.standard_normal((3, 4)) * 1e3, requires_grad=True)
        v = RNG.standard_normal((3, 4))
        for function in (F.softmax, F.log_softmax, F.softmin):
            joint = function(x, 1)
            with nn.explicit():
                parts = function(x, 1)
            assert "softmax" not in {node.primitive.name for node in ag.Graph(parts).operations}
            assert len(ag.Graph(parts).operations) > 3
            np.testing.assert_allclose(parts.detach().numpy(), joint.detach().numpy(), atol=1e-12)
            a, b = (ag.gradients(out, x, v)[0].numpy() for out in (joint, parts))
            np.testing.assert_allclose(a, b, atol=1e-12)
        with nn.explicit():
            assert F.softmax(np.zeros(2), 0).tolist() == [0.5, 0.5]

    def test_softmax2d(self):
        x = RNG.standard_normal((2, 3, 4, 5))
        np.testing.assert_allclose(nn.Softmax2d()(x).numpy(), F.softmax(x, 1))
        np.testing.assert_allclose(nn.Softmax2d()(x[0]).numpy(), F.softmax(x[0], 0))
        with pytest.raises(ValueError, match=r"Softmax2d: expected an input of shape \(N, C, H, W\).* \(2, 3\)"):
            nn.Softmax2d()(x[:, :, 0, 0])


class TestGumbelSoftmax:
    def test_soft(self):
        nn.manual_seed(3)
        x = ag.tensor(RNG.standard_normal((5, 4)), requires_grad=True)
        out = F.gumbel_softmax(x, tau=0.7)
        np.testing.assert_allclose(out.sum(axis=-1).detach().numpy(), 1)
        v = RNG.standard_normal((5, 4))
        (g,) = ag.gradients(out, x, v)
        s = out.detach().numpy()
        np.testing.assert_allclose(g.numpy(), s * (v - (v * s).sum(axis=1, keepdims=True)) / 0.7, atol=1e-12)
        nn.manual_seed(3)
        np.testing.assert_array_equal(F.gumbel_softmax(x, tau=0.7).detach().numpy(), s)

    def test_hard(self):
        x = ag.tensor(np.zeros((6, 4), np.float32), requires_grad=True)
        nn.manual_seed(4)
        hard = F.gumbel_softmax(x, hard=True, dim=0)
        nn.manual_seed(4)
        soft = F.gumbel_softmax(x, dim=0)
        np.testing.assert_allclose(hard.detach().numpy().sum(axis=0), 1)
        np.testing.assert_allclose(hard.detach().numpy().max(axis=0), 1)
        assert (hard.argmax(axis=0) == soft.argmax(axis=0)).all()
        v = RNG.standard_normal((6, 4)).astype(np.float32)
        assert ag.gradients(hard, x, v)[0].tolist() == ag.gradients(soft, x, v)[0].tolist()
        assert hard.dtype == np.float32

    def test_frequencies_are_the_probabilities(self):
        nn.manual_seed(5)
        logits = np.tile(np.log([0.1, 0.2, 0.7]), (20000, 1))
        np.testing.assert_allclose(F.gumbel_softmax(logits, hard=True).mean(axis=0), [0.1, 0.2, 0.7], atol=0.02)

    def test_the_temperature_is_positive(self):
        with pytest.raises(ValueError, match="gumbel_softmax: expected tau > 0, got 0"):
            F.gumbel_softmax(ag.tensor([0.0]), tau=0)


class TestOneHot:
    def test_rows(self):
        assert F.one_hot([2, 0]).tolist() == [[0, 0, 1], [1, 0, 0]]
        assert F.one_hot(ag.tensor([[1]]), 3).tolist() == [[[0, 1, 0]]]
        assert isinstance(F.one_hot(ag.tensor([1])), ag.Tensor)
        assert type(F.one_hot(np.array([1]))) is np.ndarray
        assert F.one_hot(np.array(1)).dtype == np.int64
        assert F.one_hot(np.zeros((0,), int), 4).shape == (0, 4)

    @pytest.mark.parametrize(
        ("indices", "classes", "error", "text"),
        [
            ([0, 3], 3, ValueError, "class indices from 0 to 2, got 3"),
            ([0, -1], 3, ValueError, "got -1"),
            ([0.0, 1.0], 3, TypeError, "integer class indices, got dtype float64"),
            (np.zeros(0, int), -1, ValueError, "num_classes"),
            ([0], 0, ValueError, "got 0"),
        ],
    )
    def test_refuses(self, indices, classes, error, text):
        with pytest.raises(error, match=f"one_hot: expected .*{text}"):
            F.one_hot(indices, classes)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
@pytest.mark.parametrize(("shape", "dim"), [((0, 4), 0), ((3, 0), 1), ((0, 4), 1)])
def test_softmax_of_nothing(name, shape, dim):
    x = ag.ones(shape, requires_grad=True)
    y = getattr(F, name)(x, dim)
    y.sum().backward()
    assert y.shape == x.grad.shape == shape


def test_prelu_arguments():
    with pytest.raises(TypeError, match=r"PReLU: expected num_parameters to be an integer, got 2\.5"):
        nn.PReLU(2.5)
    with pytest.raises(ValueError, match="PReLU: expected num_parameters of at least 0, got -1"):
        nn.PReLU(-1)
    with pytest.raises(TypeError, match="PReLU: expected init to be a number, got None"):
        nn.PReLU(init=None)
