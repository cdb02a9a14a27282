"""Recurrent layers and cells: values worked out by hand, shapes, modes, errors. Packed ones: ``test_nn_packed``."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn.functional.recurrence.layout import Tape

RNG = np.random.default_rng(8)
KINDS = [
    ("RNN", {}),
    ("RNN", {"nonlinearity": "relu"}),
    ("GRU", {}),
    ("LSTM", {}),
    ("LSTM", {"proj_size": 2}),
]
every_kind = pytest.mark.parametrize(("name", "kind"), KINDS, ids=str)


def sigma(z):
    return 1 / (1 + math.exp(-z))


def set_weights(module, **values):
    for name, value in values.items():
        module.load_state_dict({**module.state_dict(), name: np.array(value)})


# -- one unit, by hand --------------------------------------------------------------------------------------


def test_plain_unit_by_hand():
    net = nn.RNN(1, 1, dtype="float64")
    set_weights(net, weight_ih_l0=[[0.5]], weight_hh_l0=[[2.0]], bias_ih_l0=[0.1], bias_hh_l0=[-0.3])
    h1 = math.tanh(0.5 * 3 - 0.2)
    h2 = math.tanh(0.5 * -1 + 2 * h1 - 0.2)
    y, h = net([[3.0], [-1.0]])
    np.testing.assert_allclose(y.detach().numpy(), [[h1], [h2]], rtol=1e-14)
    np.testing.assert_allclose(h.detach().numpy(), [[h2]], rtol=1e-14)
    # Backpropagation through time: dh2/dW_hh = (1 - h2²) (h1 + 2 (1 - h1²) · 0), and dh2/dx1 through both steps.
    x = ag.tensor([[3.0], [-1.0]], requires_grad=True)
    net(x)[1].backward([[1.0]])
    slope = (1 - h2**2) * 2 * (1 - h1**2) * 0.5
    np.testing.assert_allclose(x.grad.numpy(), [[slope], [(1 - h2**2) * 0.5]], rtol=1e-12)
    np.testing.assert_allclose(net.weight_hh_l0.grad.numpy(), [[(1 - h2**2) * h1]], rtol=1e-12)


def test_relu_unit_by_hand():
    net = nn.RNN(1, 1, nonlinearity="relu", bias=False, dtype="float64")
    set_weights(net, weight_ih_l0=[[1.0]], weight_hh_l0=[[-2.0]])
    y, _ = net([[3.0], [7.0], [5.0]])
    assert y.tolist() == [[3.0], [1.0], [3.0]]


def test_lstm_unit_by_hand():
    net = nn.LSTM(1, 1, dtype="float64")
    set_weights(
        net,
        weight_ih_l0=[[0.1], [0.2], [0.3], [0.4]],
        weight_hh_l0=[[1.0], [-1.0], [2.0], [0.5]],
        bias_ih_l0=[0.0, 1.0, 0.0, 0.0],
        bias_hh_l0=[0.5, 0.0, 0.0, 0.0],
    )
    h, c = 0.25, -0.5
    for x in (2.0, -1.0):
        i, f = sigma(0.1 * x + h + 0.5), sigma(0.2 * x - h + 1.0)
        g, o = math.tanh(0.3 * x + 2 * h), sigma(0.4 * x + 0.5 * h)
        c = f * c + i * g
        h = o * math.tanh(c)
    _, (last_h, last_c) = net([[2.0], [-1.0]], ([[0.25]], [[-0.5]]))
    assert last_h.item() == pytest.approx(h, rel=1e-13)
    assert last_c.item() == pytest.approx(c, rel=1e-13)


def test_gru_unit_by_hand():
    net = nn.GRU(1, 1, dtype="float64")
    set_weights(
        net,
        weight_ih_l0=[[0.1], [0.2], [0.3]],
        weight_hh_l0=[[1.0], [-1.0], [2.0]],
        bias_ih_l0=[0.0, 1.0, 0.1],
        bias_hh_l0=[0.5, 0.0, -0.7],
    )
    h = 0.25
    for x in (2.0, -1.0):
        r, u = sigma(0.1 * x + h + 0.5), sigma(0.2 * x - h + 1.0)
        n = math.tanh(0.3 * x + 0.1 + r * (2 * h - 0.7))
        h = (1 - u) * n + u * h
    _, last = net([[2.0], [-1.0]], [[0.25]])
    assert last.item() == pytest.approx(h, rel=1e-13)


# -- what the pieces have to do with one another ----------------------------------------------------------------


def cell_of(name, kind):
    options = {key: value for key, value in kind.items() if key == "nonlinearity"}
    return getattr(nn, f"{name}Cell")(2, 3, dtype="float64", **options)


@pytest.mark.parametrize(("name", "kind"), [pair for pair in KINDS if "proj_size" not in pair[1]], ids=str)
def test_a_layer_is_its_cell_step_by_step(name, kind):
    layer, cell = getattr(nn, name)(2, 3, dtype="float64", **kind), cell_of(name, kind)
    cell.load_state_dict({key.removesuffix("_l0"): value for key, value in layer.state_dict().items()})
    x = RNG.standard_normal((4, 5, 2))
    y, last = layer(x)
    state = None
    for step, now in enumerate(x):
        state = cell(now, state)
        h = state[0] if name == "LSTM" else state
        np.testing.assert_allclose(h.detach().numpy(), y[step].detach().numpy(), atol=1e-14)
    if name == "LSTM":
        np.testing.assert_allclose(state[1].detach().numpy(), last[1][0].detach().numpy(), atol=1e-14)
    # The gradients of the weights are those of the loop.
    (y**2).sum().backward()
    state, total = None, 0.0
    for now in x:
        state = cell(now, state)
        total = total + ((state[0] if name == "LSTM" else state) ** 2).sum()
    total.backward()
    for key, parameter in cell.named_parameters():
        np.testing.assert_allclose(parameter.grad.numpy(), getattr(layer, f"{key}_l0").grad.numpy(), atol=1e-12)


@every_kind
def test_two_layers_are_one_after_the_other(name, kind):
    make = getattr(nn, name)
    net = make(2, 3, num_layers=2, dtype="float64", **kind)
    first = make(2, 3, dtype="float64", **kind)
    second = make(kind.get("proj_size", 3), 3, dtype="float64", **kind)
    state = net.state_dict()
    first.load_state_dict({key: value for key, value in state.items() if key.endswith("l0")})
    second.load_state_dict({key[:-1] + "0": value for key, value in state.items() if key.endswith("l1")})
    x = RNG.standard_normal((4, 5, 2))
    y, last = net(x)
    middle, first_last = first(x)
    again, second_last = second(middle)
    np.testing.assert_allclose(y.detach().numpy(), again.detach().numpy(), atol=1e-14)
    ends = (last, first_last, second_last) if name != "LSTM" else (last[1], first_last[1], second_last[1])
    whole, below, above = (end.detach().numpy() for end in ends)
    np.testing.assert_allclose(whole, np.concatenate([below, above]), atol=1e-14)


@every_kind
def test_the_second_direction_reads_backward(name, kind):
    net = getattr(nn, name)(2, 3, bidirectional=True, dtype="float64", **kind)
    one = getattr(nn, name)(2, 3, dtype="float64", **kind)
    state = net.state_dict()
    one.load_state_dict({key.removesuffix("_reverse"): value for key, value in state.items() if "reverse" in key})
    x = RNG.standard_normal((4, 5, 2))
    width = kind.get("proj_size", 3)
    y, _ = net(x)
    turned, _ = one(x[::-1].copy())
    np.testing.assert_allclose(y[..., width:].detach().numpy(), turned.detach().numpy()[::-1], atol=1e-14)


@every_kind
def test_sequences_of_a_batch_do_not_meet(name, kind):
    net = getattr(nn, name)(2, 3, num_layers=2, bidirectional=True, batch_first=True, dtype="float64", **kind)
    x = RNG.standard_normal((3, 4, 2))
    together, _ = net(x)
    for i in range(3):
        alone, _ = net(x[i])
        np.testing.assert_allclose(alone.detach().numpy(), together[i].detach().numpy(), atol=1e-14)


@every_kind
def test_batch_first_changes_the_order_of_axes_only(name, kind):
    first = getattr(nn, name)(2, 3, batch_first=True, dtype="float64", **kind)
    second = getattr(nn, name)(2, 3, dtype="float64", **kind)
    second.load_state_dict(first.state_dict())
    x = RNG.standard_normal((3, 4, 2))
    (a, h), (b, k) = first(x), second(np.swapaxes(x, 0, 1))
    np.testing.assert_allclose(a.detach().numpy(), np.swapaxes(b.detach().numpy(), 0, 1), atol=1e-14)
    if name != "LSTM":
        np.testing.assert_allclose(h.detach().numpy(), k.detach().numpy(), atol=1e-14)


@every_kind
def test_shapes(name, kind):
    net = getattr(nn, name)(2, 3, num_layers=2, bidirectional=True, **kind)
    width = kind.get("proj_size", 3)
    for shape, out, state in (
        ((5, 4, 2), (5, 4, 2 * width), (4, 4, width)),
        ((5, 2), (5, 2 * width), (4, width)),
        ((1, 1, 2), (1, 1, 2 * width), (4, 1, width)),
        ((5, 0, 2), (5, 0, 2 * width), (4, 0, width)),
    ):
        y, last = net(np.zeros(shape))
        assert y.shape == out
        assert y.dtype == np.float32
        if name == "LSTM":
            last, c = last
            assert c.shape == (*state[:-1], 3)
        assert last.shape == state


@every_kind
def test_keys_of_the_state(name, kind):
    net = getattr(nn, name)(2, 3, num_layers=2, bidirectional=True, **kind)
    per_layer = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"] + (["weight_hr"] if kind.get("proj_size") else [])
    expected = [f"{key}_l{layer}{suffix}" for layer in range(2) for suffix in ("", "_reverse") for key in per_layer]
    assert list(net.state_dict()) == expected
    assert [len(weights) for weights in net.all_weights] == [len(per_layer)] * 4
    assert "bias_ih_l0" not in getattr(nn, name)(2, 3, bias=False, **kind).state_dict()


@every_kind
def test_initial_values(name, kind):
    nn.manual_seed(1)
    net = getattr(nn, name)(10, 100, **({**kind, "proj_size": 50} if "proj_size" in kind else kind))
    for parameter in net.parameters():
        assert 0.09 < np.abs(parameter._data).max() <= 0.1
        assert abs(parameter._data.mean()) < 0.02


# -- modes -----------------------------------------------------------------------------------------------


def test_dropout_acts_between_layers_in_training_only():
    nn.manual_seed(0)
    net = nn.LSTM(2, 8, num_layers=2, dropout=0.5)
    x = RNG.standard_normal((6, 4, 2))
    first, second = (net(x)[0]._data for _ in range(2))
    assert not np.allclose(first, second)
    net.eval()
    first, second = (net(x)[0]._data for _ in range(2))
    np.testing.assert_array_equal(first, second)
    plain = nn.LSTM(2, 8, num_layers=2)
    plain.load_state_dict(net.state_dict())
    np.testing.assert_array_equal(plain(x)[0]._data, first)
    # Of one layer alone nothing is dropped: the state of the first layer is the same in both modes.
    net.train()
    np.testing.assert_array_equal(net(x)[1][0][0]._data, plain(x)[1][0][0]._data)


def test_dropout_of_everything_leaves_the_second_layer_without_input():
    net = nn.GRU(2, 3, num_layers=2, dropout=1.0, bias=False)
    y, _ = net(RNG.standard_normal((3, 2, 2)))
    assert np.all(y._data == 0)


def test_dropout_in_one_layer_warns():
    with pytest.warns(UserWarning, match="acts between layers, and there is only one"):
        nn.GRU(2, 3, dropout=0.2)


@every_kind
def test_explicit_records_every_step(name, kind):
    net = getattr(nn, name)(2, 3, dtype="float64", **kind)
    x = RNG.standard_normal((4, 2, 2))
    y, _ = net(x)
    joint = [node.primitive.name for node in ag.Graph(y).operations]
    assert joint.count({"RNN": "rnn", "GRU": "gru", "LSTM": "lstm"}[name]) == 1
    assert "matmul" not in joint
    with nn.explicit():
        again, _ = net(x)
    names = [node.primitive.name for node in ag.Graph(again).operations]
    assert names.count("matmul") == (3 if kind.get("proj_size") else 2) * 4
    assert not set(names) & {"rnn", "gru", "lstm", "linear", "lstm_step", "gru_step", "rnn_tanh_step", "rnn_relu_step"}
    np.testing.assert_allclose(again.detach().numpy(), y.detach().numpy(), atol=1e-14)


@every_kind
def test_one_backward_pass_after_another_gives_the_same(name, kind):
    net = getattr(nn, name)(2, 3, **kind)
    y, _ = net(RNG.standard_normal((4, 2, 2)))
    loss = (y**2).sum()
    once = ag.gradients(loss, list(net.parameters()))
    again = ag.gradients(loss, list(net.parameters()))
    for a, b in zip(once, again, strict=True):
        np.testing.assert_array_equal(a._data, b._data)


@every_kind
def test_a_replay_uses_the_new_input(name, kind):
    net = getattr(nn, name)(2, 3, dtype="float64", **kind)
    x = ag.tensor(RNG.standard_normal((4, 2, 2)), requires_grad=True)
    graph = ag.Graph((net(x)[0] ** 2).sum())
    other = RNG.standard_normal((4, 2, 2))
    graph.forward({x: other})
    table = graph.backward()
    fresh = ag.tensor(other, requires_grad=True)
    expected = (net(fresh)[0] ** 2).sum()
    expected.backward()
    np.testing.assert_allclose(table[x].numpy(), fresh.grad.numpy(), atol=1e-13)


def test_a_tape_is_void_for_other_inputs():
    tape = Tape()
    x, y = np.ones(2), np.ones(2)
    assert tape.kept_arrays == ()
    kept = (np.zeros(3),)
    tape.keep((x, y), kept)
    assert tape.kept_arrays == kept
    assert tape.recall((x, y)) is kept
    assert tape.recall((y, x)) is None
    assert tape.recall((x,)) is None
    assert Tape().recall((x, y)) is None


def test_the_tape_counts_as_memory_for_the_backward_pass():
    net = nn.LSTM(2, 3, dtype="float64")
    y, _ = net(np.zeros((5, 4, 2)))
    (row,) = (row for row in ag.Graph(y).memory().rows if row.operation == "lstm")
    assert row.saved >= 8 * 5 * 4 * (6 * 3 + 2 + 3 + 1)  # gates and cells; inputs, states and a one


@every_kind
def test_an_input_without_gradient_costs_none(name, kind):
    net = getattr(nn, name)(2, 3, **kind)
    for requires_grad in (False, True):
        x = ag.Tensor(np.zeros((4, 2, 2), np.float32), requires_grad=requires_grad)
        (node,) = (n for n in ag.Graph(net(x)[0]).operations if "tape" in n.attributes)
        assert node.attributes["through_input"] is requires_grad


@every_kind
def test_frozen_weights(name, kind):
    net = getattr(nn, name)(2, 3, **kind).requires_grad_(False)
    x = ag.Tensor(np.ones((4, 2, 2), np.float32), requires_grad=True)
    net(x)[0].sum().backward()
    assert x.grad.shape == x.shape
    assert all(p.grad is None for p in net.parameters())
    with ag.no_grad():
        assert not net(x)[0].requires_grad


@every_kind
def test_extreme_inputs_stay_finite(name, kind):
    net = getattr(nn, name)(1, 3, **kind)
    x = ag.Tensor(np.full((3, 1, 1), 1e4, np.float32), requires_grad=True)
    for sign in (1.0, -1.0):
        y, _ = net(x * sign)
        y.sum().backward()
        assert np.isfinite(y._data).all()
        assert np.isfinite(x.grad._data).all()


def test_gradients_vanish_over_time_in_a_plain_layer():
    net = nn.RNN(1, 4, dtype="float64")
    set_weights(net, weight_ih_l0=np.ones((4, 1)), weight_hh_l0=0.5 * np.eye(4))
    x = ag.tensor(np.zeros((30, 1, 1)), requires_grad=True)
    net(x)[0][-1].sum().backward()
    sizes = np.abs(x.grad.numpy().ravel())
    assert np.all(np.diff(np.log(sizes)) > 0)
    assert sizes[0] < 1e-8 * sizes[-1]


# -- what comes in --------------------------------------------------------------------------------------------


def test_plain_lists_and_numpy_arrays():
    net = nn.GRU(1, 2)
    x = [[[1.0]], [[2.0]]]
    expected = net(np.array(x))[0]._data
    np.testing.assert_array_equal(net(x)[0]._data, expected)
    np.testing.assert_array_equal(net(x, np.zeros((1, 1, 2)))[0]._data, expected)
    assert net(x)[0].dtype == np.float32


ERRORS = [
    (lambda: nn.LSTM(2, 0), ValueError, "hidden_size of at least 1"),
    (lambda: nn.LSTM(2, 3, num_layers=0), ValueError, "num_layers of at least 1"),
    (lambda: nn.GRU(-1, 3), ValueError, "input_size of at least 0"),
    (lambda: nn.GRU(2.0, 3), TypeError, "input_size to be an integer"),
    (lambda: nn.GRU(2, True), TypeError, "hidden_size to be an integer"),
    (lambda: nn.LSTM(2, 3, proj_size=3), ValueError, "proj_size below hidden_size=3"),
    (lambda: nn.LSTM(2, 3, proj_size=-1), ValueError, "proj_size of at least 0"),
    (lambda: nn.RNNBase("GRU", 2, 3, proj_size=1), ValueError, "and an LSTM"),
    (lambda: nn.RNNBase("Elman", 2, 3), ValueError, "a mode among RNN_TANH, RNN_RELU, GRU, LSTM"),
    (lambda: nn.RNN(2, 3, nonlinearity="sin"), ValueError, "nonlinearity 'tanh' or 'relu'"),
    (lambda: nn.GRU(2, 3, num_layers=2, dropout=1.5), ValueError, "dropout between 0 and 1"),
    (lambda: nn.GRU(2, 3, num_layers=2, dropout=True), TypeError, "dropout to be a number"),
    (lambda: nn.GRU(2, 3, device="cuda"), ValueError, "device None or 'cpu'"),
    (lambda: nn.GRU(2, 3)(np.zeros((4, 5, 3))), ValueError, r"input of shape \(T, B, 2\).*got shape \(4, 5, 3\)"),
    (lambda: nn.GRU(2, 3, batch_first=True)(np.zeros(2)), ValueError, r"input of shape \(B, T, 2\)"),
    (lambda: nn.GRU(2, 3)(np.zeros((0, 5, 2))), ValueError, "at least one step"),
    (lambda: nn.GRU(2, 3)(np.zeros((4, 5, 2)), np.zeros((1, 4, 3))), ValueError, r"state h of shape \(1, 5, 3\)"),
    (lambda: nn.GRU(2, 3)(np.zeros((4, 2)), np.zeros((1, 1, 3))), ValueError, r"state h of shape \(1, 3\)"),
    (lambda: nn.LSTM(2, 3)(np.zeros((4, 5, 2)), np.zeros((1, 5, 3))), ValueError, r"a pair \(h, c\)"),
    (
        lambda: nn.LSTM(2, 3, proj_size=2)(np.zeros((4, 1, 2)), (np.zeros((1, 1, 2)), np.zeros((1, 1, 2)))),
        ValueError,
        r"state c of shape \(1, 1, 3\)",
    ),
    (lambda: nn.GRU(2, 3)(ag.zeros((4, 5, 2), dtype="float64")), TypeError, "float32.*float64"),
    (lambda: nn.RNNCell(2, 3, nonlinearity="sin"), ValueError, "nonlinearity 'tanh' or 'relu'"),
    (lambda: nn.RNNCell(2, 0), ValueError, "hidden_size to be an integer of at least 1"),
    (lambda: nn.GRUCell(2, 3)(np.zeros((4, 3))), ValueError, r"an input of shape \(B, 2\) or \(2,\)"),
    (lambda: nn.GRUCell(2, 3)(np.zeros((4, 2)), np.zeros((5, 3))), ValueError, r"got shape \(5, 3\)"),
    (lambda: nn.GRUCell(2, 3)(np.zeros((4, 2)), np.zeros((4, 2))), ValueError, r"a state h of shape \(B, 3\)"),
    (lambda: nn.LSTMCell(2, 3)(np.zeros((4, 2)), np.zeros((4, 3))), ValueError, r"a pair \(h, c\)"),
]


@pytest.mark.parametrize(("call", "error", "text"), ERRORS)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_representation():
    assert repr(nn.LSTM(2, 3, 2, batch_first=True, proj_size=1)) == (
        "LSTM(2, 3, proj_size=1, num_layers=2, batch_first=True)"
    )
    assert repr(nn.RNN(2, 3, bias=False, bidirectional=True)) == "RNN(2, 3, bias=False, bidirectional=True)"
    assert repr(nn.RNNCell(2, 3, nonlinearity="relu")) == "RNNCell(2, 3, nonlinearity=relu)"


def test_flatten_parameters_changes_nothing():
    net = nn.GRU(2, 3)
    before = net.state_dict()
    assert net.flatten_parameters() is None
    for key, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[key])


@pytest.mark.parametrize("name", ["RNNCell", "GRUCell", "LSTMCell"])
def test_cells_without_state_start_from_zeros(name):
    cell = getattr(nn, name)(2, 3)
    x = RNG.standard_normal((4, 2))
    zeros = np.zeros((4, 3))
    a = cell(x)
    b = cell(x, (zeros, zeros) if name == "LSTMCell" else zeros)
    for one, other in zip(a, b, strict=True) if name == "LSTMCell" else [(a, b)]:
        np.testing.assert_array_equal(one._data, other._data)
        assert one.dtype == np.float32
    assert cell.weight_hh.shape == ({"RNNCell": 1, "GRUCell": 3, "LSTMCell": 4}[name] * 3, 3)
