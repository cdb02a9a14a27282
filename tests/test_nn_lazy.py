"""Lazy layers: their parameters have no value before the first input, and are ordinary ones after it."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from autograd_core.errors import GradientError
from nn import functional as F

X = np.random.default_rng(0).standard_normal((4, 5)).astype("float32")


def test_the_first_input_gives_the_size():
    layer = nn.LazyLinear(3)
    assert repr(layer) == "LazyLinear(in_features=0, out_features=3, bias=True)"
    assert repr(layer.weight) == "<UninitializedParameter>"
    assert layer.has_uninitialized_params()
    assert layer(X).shape == (4, 3)
    assert type(layer) is nn.Linear
    assert repr(layer) == "Linear(in_features=5, out_features=3, bias=True)"
    assert type(layer.weight) is nn.Parameter
    bound = 1 / np.sqrt(5)
    assert 0 < np.abs(layer.weight.detach().numpy()).max() <= bound


USES = {
    "shape": lambda p: p.shape,
    "size": lambda p: p.size,
    "len": len,
    "sum": lambda p: p + 1,
    "numpy function": np.sin,
    "method": lambda p: p.sum(),
    "array": np.asarray,
    "list": lambda p: p.tolist(),
    "data": lambda p: p.data,
    "assignment": lambda p: setattr(p, "data", np.ones(3)),
    "init": nn.init.zeros_,
    "item": lambda p: p[0],
    "vector": lambda p: nn.utils.parameters_to_vector([p]),
    "decay": lambda p: optim.SGD([p], lr=0.1, weight_decay=0.1) and p.norm(),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("make", [nn.UninitializedParameter, nn.UninitializedBuffer])
def test_whatever_asks_for_the_value_says_what_to_do(use, make):
    with pytest.raises(ValueError, match="call the model once with an example"):
        USES[use](make())


def test_what_is_known_before():
    parameter = nn.UninitializedParameter(requires_grad=False, dtype="float64")
    assert parameter.dtype == np.float64
    assert not parameter.requires_grad
    assert parameter.grad is None
    assert isinstance(parameter, nn.Parameter)
    for twin in (copy.copy(parameter), copy.deepcopy(parameter), pickle.loads(pickle.dumps(parameter))):
        assert type(twin) is nn.UninitializedParameter
        assert twin.dtype == np.float64
        assert not twin.requires_grad
    parameter.materialize((2, 3), dtype="float32")
    assert (type(parameter), parameter.shape, parameter.dtype) == (nn.Parameter, (2, 3), np.float32)
    with pytest.raises(TypeError, match="dtype"):
        nn.UninitializedParameter(dtype="int32")
    with pytest.raises(ValueError, match="device"):
        nn.UninitializedBuffer(device="cuda")


def test_an_optimizer_made_before_trains_it():
    net = nn.Sequential(nn.LazyLinear(4), nn.Tanh(), nn.LazyLinear(1))
    optimizer = optim.Adam(net.parameters(), lr=0.01)
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    losses = []
    for _ in range(30):
        loss = (net(X) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert [p.shape for p in net.parameters()] == [(4, 5), (4,), (1, 4), (1,)]


def test_dtypes_are_converted_before_the_first_input():
    layer = nn.LazyBatchNorm1d().double()
    layer(X.astype("float64"))
    assert {value.dtype for value in layer.state_dict().values()} == {np.dtype("float64"), np.dtype("int64")}
    assert nn.LazyLinear(2, dtype="float64")(X.astype("float64")).dtype == np.float64


def test_states_come_and_go():
    lazy, ready = nn.LazyLinear(3), nn.Linear(5, 3)
    parameter = lazy.weight
    assert set(lazy.state_dict()) == {"weight", "bias"}
    assert isinstance(lazy.state_dict()["weight"], nn.UninitializedParameter)
    with pytest.raises(nn.StateDictError, match="without a shape yet"):
        ready.load_state_dict(lazy.state_dict())
    with pytest.raises(nn.StateDictError, match="missing: bias"):
        lazy.load_state_dict({"weight": np.ones((3, 5))})
    assert lazy.has_uninitialized_params()
    lazy.load_state_dict(nn.LazyLinear(3).state_dict())
    lazy.load_state_dict(ready.state_dict())
    assert lazy.weight is parameter
    np.testing.assert_array_equal(lazy(X).detach(), ready(X).detach())
    assert type(lazy) is nn.Linear
    assert lazy.in_features == 5


def test_a_failing_hook_takes_loaded_values_away_again():
    lazy = nn.LazyLinear(3)

    def fail(module, keys):
        raise RuntimeError("no")

    lazy.register_load_state_dict_post_hook(fail)
    with pytest.raises(RuntimeError, match="no"):
        lazy.load_state_dict(nn.Linear(5, 3).state_dict())
    assert lazy.has_uninitialized_params()
    assert isinstance(lazy.weight, nn.UninitializedParameter)


@pytest.mark.parametrize(
    ("make", "shape", "text"),
    [
        (lambda: nn.LazyLinear(3), (), "at least one axis"),
        (lambda: nn.LazyConv2d(4, 3), (2, 2), r"\(N, C, H, W\) or \(C, H, W\)"),
        (lambda: nn.LazyConv1d(4, 3, groups=2), (3, 8), "groups=2 divides"),
        (lambda: nn.LazyBatchNorm2d(), (3, 4), "4D input"),
        (lambda: nn.LazyInstanceNorm1d(), (3,), "2D or 3D input"),
    ],
)
def test_an_input_that_cannot_be_changes_nothing(make, shape, text):
    layer = make()
    with pytest.raises(ValueError, match=text):
        layer(np.ones(shape))
    assert layer.has_uninitialized_params()
    assert type(layer).__name__.startswith("Lazy")


def test_copies_of_a_lazy_network_learn_their_sizes_apart():
    net = nn.Sequential(nn.LazyConv2d(2, 3), nn.LazyInstanceNorm2d(), nn.Flatten(), nn.LazyLinear(1))
    twin = copy.deepcopy(net)
    assert net(np.ones((2, 1, 5, 5))).shape == (2, 1)
    assert twin(np.ones((2, 3, 6, 6))).shape == (2, 1)
    assert [module[0].in_channels for module in (net, twin)] == [1, 3]


# -- units in place --------------------------------------------------------------------------------------


def test_a_unit_in_place_changes_what_it_is_given():
    x = ag.tensor([-1.0, 2.0], requires_grad=True)
    y = x * 3.0
    before = y * y
    assert F.relu_(y) is y
    assert y.tolist() == [0.0, 6.0]
    (before + y).sum().backward()
    assert x.grad.tolist() == [2 * -3.0 * 3, 2 * 6.0 * 3 + 3.0]


def test_a_unit_in_place_refuses_a_leaf():
    x = ag.tensor([-1.0, 2.0], requires_grad=True)
    with pytest.raises(GradientError, match=r"relu_: expected a Tensor that is not a leaf .* F\.relu\(x\)"):
        F.relu_(x)
    assert x.tolist() == [-1.0, 2.0]
    with ag.no_grad():
        F.relu_(x)
    assert x.tolist() == [0.0, 2.0]
    assert x.requires_grad


def test_a_unit_in_place_of_arrays_and_of_lists():
    array = np.array([-1.0, 2.0], dtype="float32")
    assert F.leaky_relu_(array, 0.5) is array
    assert array.tolist() == [-0.5, 2.0]
    with pytest.raises(TypeError, match=r"elu_: .* got list"):
        F.elu_([1.0])
