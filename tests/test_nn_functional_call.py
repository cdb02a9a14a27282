"""``nn.functional_call``: a module as a function of its parameters."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn

RNG = np.random.default_rng(3)


class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter([2.0, 3.0])
        self.register_buffer("shift", np.zeros(2, np.float32))

    def forward(self, x, factor=1.0):
        if factor < 0:
            raise ValueError("negative")
        return (x * self.scale + self.shift) * factor


def test_other_values_for_one_call():
    net = nn.Sequential(Counter())
    x = np.ones(2, np.float32)
    assert nn.functional_call(net, {"0.scale": [5.0, 6.0]}, x).tolist() == [5.0, 6.0]
    assert nn.functional_call(net, {"0.shift": np.ones(2)}, (x,)).tolist() == [3.0, 4.0]
    assert nn.functional_call(net, [{"0.scale": [1.0, 1.0]}, {"0.shift": [1.0, 1.0]}], x).tolist() == [2.0, 2.0]
    assert net(x).tolist() == [2.0, 3.0]
    assert isinstance(net[0].scale, nn.Parameter)


def test_keyword_arguments_and_none():
    net = Counter()
    assert nn.functional_call(net, {}, np.ones(2), {"factor": 2.0}).tolist() == [4.0, 6.0]
    assert nn.functional_call(net, {}, kwargs={"x": np.ones(2)}).tolist() == [2.0, 3.0]


def test_everything_is_back_after_an_error():
    net = Counter()
    scale, shift = net.scale, net.shift
    with pytest.raises(ValueError, match="negative"):
        nn.functional_call(net, {"scale": [0.0, 0.0], "shift": [1.0, 1.0]}, np.ones(2), {"factor": -1.0})
    assert net.scale is scale
    assert net.shift is shift


def test_gradient_and_hessian_over_a_dict_of_parameters():
    net = nn.MLP([3, 4, 1], activation=nn.Tanh).double()
    x, y = RNG.standard_normal((5, 3)), RNG.standard_normal((5, 1))
    parameters = {name: ag.tensor(p.detach()) for name, p in net.named_parameters()}

    def loss(values):
        return nn.MSELoss()(nn.functional_call(net, values, x), y)

    found = ag.grad(loss)(parameters)
    nn.MSELoss()(net(x), y).backward()
    for name, parameter in net.named_parameters():
        np.testing.assert_allclose(found[name], parameter.grad, atol=1e-12)
    hessian = ag.hessian(loss)(parameters)
    block = hessian["0.bias"]["2.weight"]
    assert block.shape == (4, 1, 4)
    shifted = {**parameters, "0.bias": parameters["0.bias"] + np.array([1e-5, 0, 0, 0])}
    back = {**parameters, "0.bias": parameters["0.bias"] - np.array([1e-5, 0, 0, 0])}
    numeric = (ag.grad(loss)(shifted)["2.weight"] - ag.grad(loss)(back)["2.weight"]) / 2e-5
    np.testing.assert_allclose(block[0], numeric, atol=1e-8)


def test_a_derivative_with_respect_to_a_buffer():
    net = Counter()
    shift = ag.tensor([0.0, 0.0], requires_grad=True)
    nn.functional_call(net, {"shift": shift}, np.ones(2)).sum().backward()
    assert shift.grad.tolist() == [1.0, 1.0]
    assert net.scale.grad is not None


class TestTies:
    def net(self):
        net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
        net[1].weight = net[0].weight
        return net

    def test_one_value_holds_for_all_places(self):
        x = ag.tensor([[1.0, 2.0]], dtype="float32")
        two = 2 * np.eye(2, dtype=np.float32)
        net = self.net()
        assert nn.functional_call(net, {"0.weight": two}, x).tolist() == [[4.0, 8.0]]
        assert nn.functional_call(net, {"1.weight": two}, x, strict=True).tolist() == [[4.0, 8.0]]
        same = ag.tensor(two)
        assert nn.functional_call(net, {"0.weight": same, "1.weight": same}, x).tolist() == [[4.0, 8.0]]

    def test_untied(self):
        net = self.net()
        nn.init.eye_(net[0].weight)
        two = 2 * np.eye(2, dtype=np.float32)
        out = nn.functional_call(net, {"0.weight": two}, np.ones((1, 2), np.float32), tie_weights=False)
        assert out.tolist() == [[2.0, 2.0]]

    def test_different_values(self):
        with pytest.raises(ValueError, match=r"one value for '0.weight' and '1.weight', which are one parameter"):
            nn.functional_call(self.net(), {"0.weight": np.eye(2), "1.weight": np.eye(2)}, np.ones((1, 2)))


@pytest.mark.parametrize(
    ("values", "options", "error", "text"),
    [
        ({"scael": [1.0, 1.0]}, {}, KeyError, "no parameter or buffer 'scael'. Did you mean 'scale'"),
        ({"scale": [1.0, 1.0]}, {"strict": True}, KeyError, r"strict=True\): no value for 'shift'"),
        ([{"scale": [1.0, 1.0]}, {"scale": [1.0, 1.0]}], {}, ValueError, "every path in one mapping only, got scale"),
        (3, {}, TypeError, "expected a mapping.*got int"),
        ([3], {}, TypeError, "expected a mapping.*got list"),
    ],
)
def test_bad_arguments(values, options, error, text):
    net = Counter()
    scale = net.scale
    with pytest.raises(error, match=text):
        nn.functional_call(net, values, np.ones(2), **options)
    assert net.scale is scale


def test_parametrized_and_pruned_modules():
    net = nn.utils.parametrizations.weight_norm(nn.Linear(2, 1, bias=False))
    values = {"parametrizations.weight.original0": [[10.0]], "parametrizations.weight.original1": [[3.0, 4.0]]}
    assert nn.functional_call(net, values, np.ones((1, 2))).item() == pytest.approx(14.0)
    net = nn.utils.prune.custom_from_mask(nn.Linear(2, 1, bias=False), "weight", [[1, 0]])
    assert nn.functional_call(net, {"weight_orig": [[3.0, 4.0]]}, np.ones((1, 2))).item() == 3.0
