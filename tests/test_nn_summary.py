"""``nn.summary``: shapes, parameters, multiply-adds and saved bytes by module."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn.operation_counts import MULTIPLY_ADDS
from tests.harness.collect import PARTS


def rows(table):
    return {row.path: row for row in table.rows}


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.unused = nn.Linear(2, 2)

    def forward(self, x):
        return self.layer(self.layer(x)) @ np.ones((4, 2), np.float32)


class Stateful(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", np.zeros(2))
        self.register_buffer("steps", np.int64(0))

    def forward(self, x):
        self.mean = self.mean + x.sum()
        self.steps += 1
        self.noise = nn.default_generator().random()
        return x


def test_a_perceptron():
    table = nn.summary(nn.MLP([4, 8, 3]), (2, 4))
    found = rows(table)
    assert list(found) == ["", "0", "1", "2"]
    assert (found["0"].kind, found["0"].output_shape, found["0"].calls) == ("Linear", (2, 8), 1)
    assert (found["0"].parameters, found["2"].parameters, found["1"].parameters) == (40, 27, 0)
    assert (found["0"].multiply_adds, found["2"].multiply_adds) == (2 * 4 * 8, 2 * 8 * 3)
    # the input, the rectifier's output (read by the second layer as well as by the rectifier): float32
    assert found["0"].saved_bytes == 2 * 4 * 4
    assert found["1"].saved_bytes + found["2"].saved_bytes == 2 * 8 * 4
    assert (table.parameters, table.trainable, table.multiply_adds) == (67, 67, 112)
    assert table.saved_bytes == 96
    assert table.parameter_bytes == 67 * 4


def test_the_table():
    net = nn.Sequential(nn.Linear(1000, 10), nn.Sequential(nn.Tanh()))
    net[0].bias.requires_grad = False
    assert str(nn.summary(net, (1, 1000))) == (
        "module     class       output shape  parameters  trainable  multiply-adds  saved bytes\n"
        "(network)  Sequential  (1, 10)       -           -          -              -\n"
        "  0        Linear      (1, 10)       10,010      10,000     10,000         4,000\n"
        "  1        Sequential  (1, 10)       -           -          -              -\n"
        "    0      Tanh        (1, 10)       -           -          -              40\n"
        "total                                10,010      10,000     10,000         4,040\n"
        "parameters take 40,040 bytes; saved bytes are what the backward pass needs besides"
    )
    assert repr(nn.summary(net)) == str(nn.summary(net))


def test_a_module_that_is_used_twice_and_one_that_is_not():
    table = nn.summary(Twice(), (3, 4))
    found = rows(table)
    assert found["layer"].calls == 2
    assert found["layer"].parameters == 20
    assert found["layer"].multiply_adds == 2 * 3 * 4 * 4
    assert found[""].multiply_adds == 3 * 4 * 2
    assert (found["unused"].calls, found["unused"].output_shape) == (0, None)
    assert "(3, 4) × 2" in str(table)
    assert "not called" in str(table)


def test_a_module_in_two_places_and_a_shared_parameter():
    layer = nn.Linear(2, 2)
    net = nn.Sequential(layer, nn.ReLU(), layer, nn.Linear(2, 2))
    net[3].weight = layer.weight
    table = nn.summary(net, (1, 2))
    assert [row.path for row in table.rows] == ["", "0", "1", "3"]
    assert [row.parameters for row in table.rows] == [0, 6, 0, 2]
    assert table.parameter_bytes == 8 * 4


def test_without_an_input():
    table = nn.summary(nn.MLP([4, 8, 3]))
    assert table.parameters == 67
    assert table.multiply_adds == table.saved_bytes == 0


@pytest.mark.parametrize(
    "given",
    [
        (2, 4),
        [2, 4],
        np.ones((2, 4)),
        ag.tensor(np.ones((2, 4), np.float32)),
        [[1.0] * 4] * 2,
        {"input": (2, 4)},
        ([2, 4],),
    ],
)
def test_ways_to_give_the_input(given):
    assert nn.summary(nn.Linear(4, 3), given).rows[0].output_shape == (2, 3)


def test_several_inputs_and_outputs():
    class Two(nn.Module):
        def forward(self, a, b, c=None):
            return {"sum": a + b, "both": (a, [b])}

    for given in ([(2, 3), np.ones((2, 3))], [(2, 3), (2, 3), None], {"a": (2, 3), "b": (2, 3)}):
        assert nn.summary(Two(), given).rows[0].output_shape == {"sum": (2, 3), "both": ((2, 3), ((2, 3),))}
    assert nn.summary(nn.Identity(), ()).rows[0].output_shape == ()
    assert nn.summary(nn.Linear(2, 1).double(), (1, 2)).parameter_bytes == 24
    seen = []
    layer = nn.Identity()
    layer.register_forward_hook(lambda module, args, output: seen.append(output.dtype))
    nn.summary(layer, (2,), dtype=int)
    assert seen == [np.dtype(int)]


def test_the_network_stays_as_it_is():
    net = nn.Sequential(Stateful(), nn.Linear(2, 2)).eval()
    mean, steps = net[0].mean, net[0].steps
    state = nn.manual_seed(3).bit_generator.state
    nn.summary(net, (1, 2))
    assert net[0].mean is mean
    assert net[0].steps is steps
    assert (mean.tolist(), steps.item()) == ([0.0, 0.0], 0)
    assert nn.default_generator().bit_generator.state == state
    assert all(parameter.grad is None for parameter in net.parameters())
    assert not net.training
    assert not net._call_hooks

    layer = nn.BatchNorm1d(2)
    before = layer.state_dict()
    nn.summary(layer, [[[1.0, 2.0], [3.0, 5.0]]])
    for key, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[key])

    class InPlace(Stateful):
        def forward(self, x):
            self.mean.data[...] = 5.0
            raise ValueError("after all")

    net = InPlace()
    with pytest.raises(ValueError, match="after all"):
        nn.summary(net, (1, 2))
    assert net.mean.tolist() == [0.0, 0.0]
    assert not net._call_hooks


def test_under_no_grad_too():
    with ag.no_grad():
        assert nn.summary(nn.Linear(4, 3), (2, 4)).multiply_adds == 24


def test_frozen_layers_save_less():
    net = nn.Linear(4, 3)
    net.requires_grad_(False)
    assert nn.summary(net, (2, 4)).saved_bytes == 0
    assert nn.summary(net, (2, 4)).multiply_adds == 24


def test_what_is_no_module():
    with pytest.raises(TypeError, match=r"expected an nn.Module, got function"):
        nn.summary(lambda x: x, (1, 2))


@pytest.mark.parametrize(
    ("layer", "given", "multiply_adds"),
    [
        (lambda: nn.Conv2d(2, 6, 3, padding=1, groups=2), (4, 2, 8, 8), 4 * 6 * 8 * 8 * 9),
        (lambda: nn.ConvTranspose1d(2, 3, 4), (4, 2, 5), 4 * 2 * 5 * 3 * 4),
        (lambda: nn.RNN(3, 4), (5, 2, 3), 10 * 4 * (3 + 4)),
        (lambda: nn.GRU(3, 4, bidirectional=True), (5, 2, 3), 2 * 10 * 12 * (3 + 4)),
        (lambda: nn.LSTM(3, 4, num_layers=2, proj_size=2), (5, 2, 3), 10 * (16 * 5 + 16 * 4 + 2 * 2 * 4)),
        (lambda: nn.LSTMCell(3, 4), (2, 3), 2 * 16 * (3 + 4)),
        (lambda: nn.MultiheadAttention(8, 2), [(5, 2, 8)] * 3, 2 * 5 * 8 * 8 * 4 + 2 * 5 * 5 * 8 * 2),
        (lambda: nn.BatchNorm2d(2), (4, 2, 8, 8), 0),
        (lambda: nn.Linear(4, 3), (2, 4), 24),
    ],
)
def test_layers(layer, given, multiply_adds):
    layer = layer()
    table = nn.summary(layer, given)
    assert table.multiply_adds == multiply_adds
    assert table.parameters == sum(parameter.size for parameter in layer.parameters())
    assert table.saved_bytes > 0
    with nn.explicit():
        assert nn.summary(layer, given).multiply_adds == multiply_adds


def test_what_a_recurrent_layer_keeps_for_its_backward_pass_counts():
    rows, size, floats = 5 * 2, 4, 4
    kept = 6 * rows * size * floats  # gates and states of an LSTM
    assert nn.summary(nn.LSTM(3, size), (5, 2, 3)).saved_bytes > kept
    assert ag.Graph(nn.LSTM(3, size)(np.ones((5, 2, 3)))[0]).memory().saved > kept


def ones(*shape):
    return ag.tensor(np.ones(shape), requires_grad=True)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: ones(3, 4) @ ones(4, 5), 60),
        (lambda: ones(2, 3, 4) @ ones(4, 5), 120),
        (lambda: ones(4) @ ones(4), 4),
        (lambda: ones(3, 4) @ ones(4), 12),
        (lambda: np.vecdot(ones(3, 4), ones(4)), 12),
        (lambda: np.tensordot(ones(2, 3, 4), ones(3, 4, 5), 2), 120),
        (lambda: np.einsum("ij,jk->ik", ones(3, 4), ones(4, 5)), 60),
        (lambda: np.einsum("bij,bjk->bik", ones(1, 3, 4), ones(2, 4, 5)), 120),
        (lambda: np.einsum("i,j->", ones(3), ones(4)), 12),
        (lambda: np.einsum("ij,jk,k->i", ones(2, 3), ones(3, 4), ones(4)), 3 * 4 + 2 * 3),
        (lambda: np.einsum("ij,jk,k->i", ones(2, 3), ones(3, 4), ones(4), optimize=False), 2 * 2 * 3 * 4),
        (lambda: np.convolve(ones(5), ones(3), "full"), 15),
        (lambda: np.convolve(ones(5), ones(3), "valid"), 9),
        (lambda: nn.functional.linear(ones(2, 3, 4), ones(5, 4)), 120),
        (lambda: nn.functional.linear(ones(4), ones(5, 4), ones(5)), 20),
        (lambda: nn.functional.bilinear(ones(2, 3), ones(2, 4), ones(5, 3, 4)), 2 * 3 * 4 * 5),
        (lambda: ones(3) * ones(3), 0),
        (lambda: ones(3), 0),
    ],
)
def test_multiply_adds(call, expected):
    assert sum(nn.multiply_adds(node) for node in ag.Graph(call()).nodes) == expected


def counted(parts, explicit):
    inputs = [ag.Tensor(x, requires_grad=x.dtype.kind == "f") if isinstance(x, np.ndarray) else x for x in parts.inputs]
    with nn.explicit() if explicit else nullcontext(), ag.record_all():
        results = parts.call(*inputs)
    outputs = [
        out for out in (results if isinstance(results, tuple | list) else [results]) if isinstance(out, ag.Tensor)
    ]
    return sum(nn.multiply_adds(node) for node in ag.Graph(outputs).nodes)


@pytest.mark.parametrize("name", sorted(PARTS))
def test_joint_operations_count_what_their_parts_count(name):
    for parts in PARTS[name]:
        assert counted(parts, explicit=False) == counted(parts, explicit=True)


def test_an_operation_of_ones_own_can_be_counted(monkeypatch):
    @ag.operation
    def triple(x):
        return x + x + x

    x = ag.tensor([1.0, 2.0], requires_grad=True)
    triple.rule("x")(lambda g, out, x: 3 * g)
    assert nn.multiply_adds(triple(x)) == 0
    monkeypatch.setitem(MULTIPLY_ADDS, "triple", lambda node: 3 * node.size)
    assert nn.multiply_adds(triple(x)) == 6
