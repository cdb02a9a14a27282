"""Normalization: values by hand, running statistics, what replays do, stability, errors."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core import blocks
from nn import functional as F
from nn.functional.normalization import channels, formulas, rows

RNG = np.random.default_rng(4)


def standardized(x, axes, eps=1e-5):
    return (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + eps)


def near(a, b, tolerance=1e-12):
    a = a.numpy() if isinstance(a, ag.Tensor) and not a.requires_grad else getattr(a, "_data", a)
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def gradients(function, *inputs):
    tensors = [ag.Tensor(x, requires_grad=True) for x in inputs]
    out = function(*tensors)
    seed = np.random.default_rng(1).standard_normal(out.shape).astype(out.dtype)
    return [out._data, *(g._data for g in ag.gradients(out, tensors, seed))]


# -- values ------------------------------------------------------------------------------------------


def test_batch_norm_by_hand():
    x = ag.tensor([[1.0, 10.0], [3.0, 30.0]], requires_grad=True)
    weight = ag.tensor([2.0, 1.0], requires_grad=True)
    bias = ag.tensor([0.5, 0.0], requires_grad=True)
    y = F.batch_norm(x, None, None, weight, bias, training=True, eps=1e-300)
    near(y, [[-1.5, -1.0], [2.5, 1.0]])
    # Of two values one is always -1 and the other 1: nothing that x does changes that.
    y.backward(ag.tensor([[1.0, 2.0], [3.0, 5.0]]))
    near(x.grad, np.zeros((2, 2)))
    near(weight.grad, [2.0, 3.0])
    near(bias.grad, [4.0, 7.0])


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (4, 3, 2, 5), (2, 3, 2, 2, 2)])
def test_batch_norm_takes_the_mean_over_everything_but_the_channels(shape):
    x = RNG.standard_normal(shape) + 3.0
    layer = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}[len(shape)](3)
    near(layer.double()(x), standardized(x, (0, *range(2, len(shape)))))


def test_group_norm_between_layer_and_instance_norm():
    x = RNG.standard_normal((2, 6, 4))
    near(F.group_norm(ag.Tensor(x), 1), F.layer_norm(ag.Tensor(x), (6, 4)).numpy())
    near(F.group_norm(ag.Tensor(x), 6), F.instance_norm(ag.Tensor(x)).numpy())
    near(F.group_norm(ag.Tensor(x), 2), standardized(x.reshape(2, 2, 12), (2,)).reshape(x.shape))
    near(F.instance_norm(ag.Tensor(x)), standardized(x, (2,)))


def test_layer_norm_over_one_and_over_several_axes():
    x = RNG.standard_normal((2, 3, 4))
    near(nn.LayerNorm(4, dtype="float64")(x), standardized(x, (2,)))
    near(nn.LayerNorm((3, 4), dtype="float64")(x), standardized(x, (1, 2)))
    near(nn.LayerNorm([2, 3, 4], dtype="float64")(x), standardized(x, (0, 1, 2)))


def test_rms_norm():
    x = RNG.standard_normal((2, 3, 4))
    near(F.rms_norm(ag.Tensor(x), 4, eps=0.1), x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 0.1))
    eps = np.finfo(np.float32).eps
    tiny = np.full(4, 1e-5, np.float32)
    near(F.rms_norm(ag.Tensor(tiny), 4), tiny / np.sqrt(1e-10 + eps), 1e-6)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 20])
def test_local_response_norm(size):
    x = RNG.standard_normal((2, 7, 3))
    expected = np.empty_like(x)
    for c in range(7):
        window = x[:, max(0, c - size // 2) : c + (size - 1) // 2 + 1]
        expected[:, c] = x[:, c] / (1.5 + 0.3 / size * (window**2).sum(axis=1)) ** 0.6
    near(F.local_response_norm(ag.Tensor(x), size, alpha=0.3, beta=0.6, k=1.5), expected)


def test_plain_arrays_give_plain_arrays():
    x = RNG.standard_normal((4, 6))
    for out in (
        F.batch_norm(x, None, None, training=True),
        F.group_norm(x, 2),
        F.layer_norm(x, 6),
        F.rms_norm(x, 6),
        F.batch_norm(x, np.zeros(6), np.ones(6)),
    ):
        assert type(out) is np.ndarray


@pytest.mark.parametrize(
    "layer",
    [
        nn.BatchNorm1d(4),
        nn.BatchNorm1d(4, affine=False),
        nn.BatchNorm1d(4).eval(),
        nn.InstanceNorm1d(4, affine=True),
        nn.InstanceNorm1d(4),
        nn.GroupNorm(2, 4),
        nn.GroupNorm(2, 4, affine=False),
        nn.LayerNorm(3),
        nn.LayerNorm((4, 3), elementwise_affine=False),
        nn.RMSNorm(3),
        nn.RMSNorm(3, elementwise_affine=False),
        nn.LocalResponseNorm(2),
    ],
    ids=repr,
)
def test_float32_stays_float32(layer):
    x = ag.Tensor(RNG.standard_normal((2, 4, 3)).astype(np.float32), requires_grad=True)
    y = layer(x)
    y.backward(np.ones_like(y._data))
    assert y.dtype == x.grad.dtype == np.float32
    assert all(p.grad.dtype == np.float32 for p in layer.parameters())


def test_lists_and_arrays_of_another_dtype_are_converted():
    layer = nn.BatchNorm1d(2)
    assert layer([[1, 2], [3, 5]]).dtype == np.float32
    assert layer(np.array([[1.0, 2.0], [3.0, 5.0]])).dtype == np.float32
    assert nn.BatchNorm1d(2, dtype="float64")([[1, 2], [3, 5]]).dtype == np.float64
    with pytest.raises(TypeError, match=r"BatchNorm1d.*float32"):
        layer(ag.Tensor([[1.0, 2.0], [3.0, 5.0]]))


# -- running statistics ------------------------------------------------------------------------------


def test_running_statistics_follow_the_batches_and_are_used_in_evaluation():
    layer = nn.BatchNorm1d(3, momentum=0.3).double()
    mean, variance = np.zeros(3), np.ones(3)
    for number in range(3):
        x = RNG.standard_normal((5, 3, 2)) * 2.0 + 1.0
        layer(x)
        mean = 0.7 * mean + 0.3 * x.mean(axis=(0, 2))
        variance = 0.7 * variance + 0.3 * x.var(axis=(0, 2), ddof=1)
        near(layer.running_mean, mean)
        near(layer.running_var, variance)
        assert layer.num_batches_tracked.item() == number + 1
    layer.eval()
    x = RNG.standard_normal((1, 3))
    near(layer(x), (x - mean) / np.sqrt(variance + 1e-5))
    near(layer.running_mean, mean)
    assert layer.num_batches_tracked.item() == 3


def test_without_momentum_the_average_over_all_batches():
    layer = nn.BatchNorm1d(2, momentum=None).double()
    batches = RNG.standard_normal((4, 6, 2))
    for x in batches:
        layer(x)
    near(layer.running_mean, batches.mean(axis=(0, 1)))
    near(layer.running_var, batches.var(axis=1, ddof=1).mean(axis=0))


def test_without_running_statistics_evaluation_uses_the_batch():
    layer = nn.BatchNorm1d(3, track_running_stats=False).double()
    assert layer.running_mean is None
    assert list(layer.state_dict()) == ["weight", "bias"]
    x = RNG.standard_normal((5, 3))
    expected = layer(x).detach().numpy()
    near(layer.eval()(x).detach(), expected)


def test_running_statistics_of_instance_norm():
    layer = nn.InstanceNorm1d(3, momentum=0.2, track_running_stats=True).double()
    x = RNG.standard_normal((5, 3, 4)) + 2.0
    layer(x)
    mean, variance = 0.2 * x.mean(axis=(0, 2)), 0.8 + 0.2 * x.var(axis=2, ddof=1).mean(axis=0)
    near(layer.running_mean, mean)
    near(layer.running_var, variance)
    x = RNG.standard_normal((1, 3, 1))
    near(layer.eval()(x), (x - mean[:, None]) / np.sqrt(variance[:, None] + 1e-5))
    assert layer.num_batches_tracked.item() == 0


def test_running_statistics_in_arrays_and_in_tensors():
    x = RNG.standard_normal((5, 3))
    mean, variance = np.zeros(3), np.ones(3)
    F.batch_norm(ag.Tensor(x), mean, variance, training=True, momentum=0.5)
    near(mean, 0.5 * x.mean(axis=0))
    near(variance, 0.5 + 0.5 * x.var(axis=0, ddof=1))
    tensor = ag.zeros(3)
    F.batch_norm(ag.Tensor(x), tensor, None, training=True, momentum=1.0)
    near(tensor, x.mean(axis=0))


def test_reset_and_state():
    layer = nn.BatchNorm2d(3)
    assert list(layer.state_dict()) == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    assert layer.state_dict()["num_batches_tracked"].dtype == np.int64
    layer(RNG.standard_normal((2, 3, 4, 4)) + 5)
    layer.weight.data = np.full(3, 7.0, np.float32)
    layer.reset_running_stats()
    near(layer.running_mean, np.zeros(3))
    near(layer.running_var, np.ones(3))
    assert layer.num_batches_tracked.item() == 0
    near(layer.weight.detach(), np.full(3, 7.0))
    layer.reset_parameters()
    near(layer.weight.detach(), np.ones(3))


def test_a_failed_call_changes_nothing():
    layer = nn.BatchNorm1d(3)
    before = layer.state_dict()
    with pytest.raises(ValueError, match="more than one value per channel"):
        layer(np.ones((1, 3)))
    assert all(np.array_equal(value, before[key]) for key, value in layer.state_dict().items())


def test_a_replay_takes_new_statistics_and_leaves_the_running_ones():
    layer = nn.BatchNorm1d(2).double()
    x = ag.Tensor(RNG.standard_normal((4, 2)), requires_grad=True, name="x")
    graph = ag.Graph(layer(x))
    before = layer.running_mean.numpy().copy()
    other = RNG.standard_normal((4, 2)) * 3 + 1
    near(graph.forward(x=other).detach(), standardized(other, (0,)))
    near(layer.running_mean, before)
    assert layer.num_batches_tracked.item() == 1


def test_in_its_parts_batch_norm_follows_the_batches_too():
    x = RNG.standard_normal((4, 2))
    joint, parts = nn.BatchNorm1d(2).double(), nn.BatchNorm1d(2).double()
    joint(x)
    with nn.explicit():
        parts(x)
    for key, value in joint.state_dict().items():
        near(parts.state_dict()[key], value)


# -- unbatched input, options ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "shape"),
    [(nn.InstanceNorm1d(3), (3, 5)), (nn.InstanceNorm2d(3), (3, 5, 2)), (nn.InstanceNorm3d(3), (3, 2, 3, 2))],
    ids=repr,
)
def test_instance_norm_without_a_batch(layer, shape):
    x = ag.Tensor(RNG.standard_normal(shape))
    near(layer(x), layer(x[None])[0].numpy())


def test_options():
    assert nn.BatchNorm1d(3, affine=False).weight is None
    layer = nn.BatchNorm1d(3, bias=False)
    assert layer.bias is None
    assert list(dict(layer.named_parameters())) == ["weight"]
    assert nn.LayerNorm(3, bias=False).bias is None
    assert nn.LayerNorm(3, bias=False).weight is not None
    assert nn.LayerNorm(3, elementwise_affine=False).weight is None
    assert nn.GroupNorm(3, 6, bias=False).bias is None
    assert repr(nn.BatchNorm2d(3)) == (
        "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)"
    )
    assert repr(nn.LayerNorm(3)) == "LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=True)"
    assert repr(nn.GroupNorm(3, 6)) == "GroupNorm(3, 6, eps=1e-05, affine=True, bias=True)"
    assert repr(nn.RMSNorm((2, 3))) == "RMSNorm((2, 3), eps=None, elementwise_affine=True)"
    assert repr(nn.LocalResponseNorm(2)) == "LocalResponseNorm(2, alpha=0.0001, beta=0.75, k=1.0)"


def test_empty_batches():
    assert nn.BatchNorm1d(3)(np.zeros((0, 3))).shape == (0, 3)
    assert nn.LayerNorm(3)(np.zeros((0, 3))).shape == (0, 3)
    assert nn.GroupNorm(3, 3)(np.zeros((0, 3, 2))).shape == (0, 3, 2)
    assert nn.LocalResponseNorm(2)(np.zeros((0, 3, 2))).shape == (0, 3, 2)
    layer = nn.BatchNorm1d(3)
    layer(np.zeros((0, 3)))
    near(layer.running_mean, np.zeros(3))


# -- numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
        lambda x, w, b: F.group_norm(x, 3, w, b),
        lambda x, w, b: F.instance_norm(x, None, None, w, b),
        lambda x, w, b: F.layer_norm(ag.matrix_transpose(x), 6, w, b),
    ],
)
def test_a_mean_far_from_zero_costs_no_more_than_its_rounding(function):
    """E[x²] − E[x]² would have no correct digit in float32 here."""
    x, weight, bias = RNG.standard_normal((4, 6, 8)), RNG.standard_normal(6), RNG.standard_normal(6)
    x = np.round(x * 64) / 64  # so that x + 1024 is exact in float32
    expected = gradients(function, x, weight, bias)
    found = gradients(function, *(v.astype(np.float32) for v in (x + 1024.0, weight, bias)))
    for a, b in zip(found, expected):
        near(a, b, 3e-3)
    for a, b in zip(gradients(function, x + 1024.0, weight, bias), expected):
        near(a, b, 1e-8)


def test_constant_channels_give_the_bias():
    x = np.full((4, 2, 3), 7.3, np.float32)
    x[:, 1] = RNG.standard_normal((4, 3))
    y = nn.BatchNorm1d(2)(x).detach().numpy()
    near(y[:, 0], np.zeros((4, 3)))
    near(nn.LayerNorm(3)(np.full((2, 3), -11.7, np.float32)).detach(), np.zeros((2, 3)))


@pytest.mark.parametrize("value", [255.0, 1e4])
def test_constant_channels_have_no_gradient(value):
    """x̂ is 0 and the scale 1/√eps is large: what rounding leaves of x − m would be large too."""
    x = ag.Tensor(np.full((64, 2), value, np.float32), requires_grad=True)
    weight, bias = (ag.Tensor(np.ones(2, np.float32), requires_grad=True) for _ in range(2))
    g = RNG.standard_normal((64, 2)).astype(np.float32)
    F.batch_norm(x, None, None, weight, bias, True).backward(g)
    near(weight.grad, np.zeros(2))
    near(x.grad, (g - g.mean(axis=0)) / np.sqrt(1e-5), 1e-4)
    x = ag.Tensor(np.full((2, 64), value, np.float32), requires_grad=True)
    weight, bias = (ag.Tensor(np.ones(64, np.float32), requires_grad=True) for _ in range(2))
    F.layer_norm(x, 64, weight, bias).backward(g.T.copy())
    near(weight.grad, np.zeros(64))
    near(x.grad, (g - g.mean(axis=0)).T / np.sqrt(1e-5), 1e-4)


def test_the_mean_is_the_nearest_number():
    """The sum of so many large numbers is off by more than that, so what is left after centring is added."""
    x = (2.0**20 + 100 * RNG.standard_normal((1000, 3))).astype(np.float32)
    exact = x.astype(np.float64).mean(axis=0)
    parameters = np.ones(3, np.float32), np.zeros(3, np.float32)
    _, mean, _ = channels.batch_norm(x, *parameters, eps=1e-5)
    assert np.abs(mean - exact).max() <= 0.51 * np.spacing(np.float32(2.0**20))
    row = np.ascontiguousarray(x.T)
    _, mean, _ = rows.layer_norm(row, np.ones(1000, np.float32), np.zeros(1000, np.float32), eps=1e-5)
    assert np.abs(mean - exact).max() <= 0.51 * np.spacing(np.float32(2.0**20))


@pytest.mark.parametrize("shape", [(8, 6, 5, 4), (40, 6)])
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_large_arrays_in_blocks_and_on_threads(monkeypatch, shape, workers):
    """What counts as large is made small for the length of the test."""
    x, weight, bias = RNG.standard_normal(shape), RNG.standard_normal(6), RNG.standard_normal(6)
    functions = [
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
        lambda x, w, b: F.group_norm(x, 3, w, b),
        lambda x, w, b: F.layer_norm(ag.moveaxis(x, 1, -1), 6, w, b),
    ]
    expected = [gradients(function, x, weight, bias) for function in functions]
    for module, name, value in ((channels, "LARGE", 10), (channels, "BLOCK", 1000), (rows, "BLOCK", 200)):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(blocks, "_workers", lambda: workers)
    for function, reference in zip(functions, expected):
        for a, b in zip(gradients(function, x, weight, bias), reference):
            near(a, b, 1e-11)


@pytest.mark.parametrize("order", [(0, 2, 3, 1), (2, 1, 3, 0), (1, 0, 2, 3), (3, 2, 1, 0)])
def test_batch_norm_keeps_the_order_of_axes_in_memory(order):
    """What follows a convolution in a layout of its own finds that layout again."""
    x, weight, bias = RNG.standard_normal((4, 3, 2, 5)), RNG.standard_normal(3), RNG.standard_normal(3)
    back = [order.index(axis) for axis in range(4)]
    other = np.ascontiguousarray(x.transpose(order)).transpose(back)
    expected = gradients(lambda x, w, b: F.batch_norm(x, None, None, w, b, True), x, weight, bias)
    found = gradients(lambda x, w, b: F.batch_norm(x, None, None, w, b, True), other, weight, bias)
    for a, b in zip(found, expected):
        near(a, b, 1e-11)
    assert found[0].strides == found[1].strides == other.strides


def test_the_fast_ways_give_what_the_formulas_give():
    x, weight, bias = RNG.standard_normal((6, 4, 5)), RNG.standard_normal(4), RNG.standard_normal(4)
    functions = [
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
        lambda x, w, b: F.group_norm(x, 2, w, b),
        lambda x, w, b: F.layer_norm(ag.matrix_transpose(x), 4, w, b),
    ]
    fast = [gradients(function, x, weight, bias) for function in functions]
    with mock.patch.object(formulas, "plain", return_value=False):
        for function, found in zip(functions, fast):
            for a, b in zip(found, gradients(function, x, weight, bias)):
                near(a, b, 1e-11)


# -- errors ------------------------------------------------------------------------------------------

WRONG = [
    (lambda: nn.BatchNorm1d(0), "BatchNorm1d.*num_features.*positive"),
    (lambda: nn.BatchNorm1d(3)(np.ones((2, 3, 4, 5))), "BatchNorm1d.*2D or 3D input.*4D"),
    (lambda: nn.BatchNorm2d(3)(np.ones((2, 3))), "BatchNorm2d.*4D input.*2D"),
    (lambda: nn.BatchNorm3d(3)(np.ones((2, 3))), "BatchNorm3d.*5D input.*2D"),
    (lambda: nn.BatchNorm1d(4)(np.ones((2, 3))), r"4 features along axis 1.*\(2, 3\)"),
    (lambda: nn.BatchNorm1d(3)(np.ones((1, 3))), "more than one value per channel"),
    (lambda: nn.BatchNorm1d(3, eps=0.0)(np.ones((2, 3))), "eps above 0"),
    (lambda: nn.BatchNorm1d(3, device="cuda"), "device"),
    (lambda: F.batch_norm(np.ones(3), None, None, training=True), r"\(N, C\)"),
    (lambda: F.batch_norm(np.ones((2, 3)), None, None), "running_mean=None"),
    (lambda: F.batch_norm(np.ones((2, 3)), np.ones(3), None), "running_var=None"),
    (lambda: F.batch_norm(np.ones((2, 3)), np.ones(2), np.ones(2)), r"running_mean of shape \(3,\)"),
    (lambda: F.batch_norm(np.ones((2, 3)), None, None, np.ones(2), training=True), r"weight of shape \(3,\)"),
    (lambda: nn.InstanceNorm1d(3)(np.ones((2, 3, 1))), "more than one place"),
    (lambda: nn.InstanceNorm1d(4, affine=True)(np.ones((2, 3, 5))), "4 features along axis 1"),
    (lambda: nn.InstanceNorm2d(3)(np.ones((3, 3))), "3D or 4D input"),
    (lambda: F.instance_norm(np.ones((2, 3))), "three axes"),
    (lambda: F.instance_norm(np.ones((2, 3, 4)), use_input_stats=False), "use_input_stats"),
    (lambda: nn.GroupNorm(2, 3), "num_groups=2 and num_channels=3"),
    (lambda: nn.GroupNorm(0, 3), "num_groups"),
    (lambda: nn.GroupNorm(3, 3)(np.ones((1, 3))), "more than one value per group"),
    (lambda: nn.GroupNorm(2, 4)(np.ones((2, 6, 5))), r"\(N, 4, ...\)"),
    (lambda: nn.GroupNorm(2, 4)(np.ones(4)), r"\(N, C, ...\)"),
    (lambda: F.group_norm(np.ones((2, 3)), 2), "num_groups=2 and 3 channels"),
    (lambda: nn.LayerNorm(4)(np.ones((2, 3))), r"normalized_shape=\(4,\).*\(2, 3\)"),
    (lambda: nn.LayerNorm((2, 0)), "normalized_shape"),
    (lambda: nn.LayerNorm([]), "normalized_shape"),
    (lambda: F.layer_norm(np.ones((2, 3)), 3, np.ones(2)), "weight of the shape"),
    (lambda: F.layer_norm(np.ones((2, 3)), 3, None, np.ones(2)), "bias of the shape"),
    (lambda: nn.RMSNorm(4)(np.ones((2, 3))), r"normalized_shape=\(4,\)"),
    (lambda: nn.LocalResponseNorm(0), "size"),
    (lambda: nn.LocalResponseNorm(2)(np.ones((2, 3))), "three axes"),
    (lambda: F.local_response_norm(np.ones((2, 3, 1)), 0), "size of at least 1"),
]


@pytest.mark.parametrize(("call", "text"), WRONG)
def test_errors_name_what_is_wrong(call, text):
    with pytest.raises(ValueError, match=text.replace(" ", r"\s+")):
        call()


def test_other_types_than_integers_are_type_errors():
    with pytest.raises(TypeError, match="normalized_shape"):
        nn.LayerNorm(2.5)
    with pytest.raises(TypeError, match="num_features"):
        nn.BatchNorm1d(2.5)


def test_instance_norm_without_parameters_warns_about_another_number_of_channels():
    with pytest.warns(UserWarning, match="3 features"):
        nn.InstanceNorm1d(3)(np.ones((2, 4, 5)) * np.arange(5))


def test_layer_norm_of_no_rows_has_derivatives_of_every_order():
    x = ag.tensor(np.zeros((0, 3)), requires_grad=True)
    (g,) = ag.gradients(nn.LayerNorm(3, dtype=np.float64)(x).sum(), [x], create_graph=True)
    g.sum().backward()
    assert x.grad is None or x.grad.shape == (0, 3)
