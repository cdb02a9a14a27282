"""Recurrent layers, cells and packed sequences against PyTorch's: same weights, same numbers, to second derivatives."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
import torch

import autograd_core as ag
import nn
from nn.utils import rnn as ours_rnn

from .beside_torch import generator
from .modules_beside_torch import TOLERANCE, ModuleCase, _gradients, compare_modules, copy_state, flatten, near

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections")  # says how PyTorch computes it
theirs_rnn = torch.nn.utils.rnn

T, B, N_IN, H, P = 4, 3, 2, 3, 2
RNG = np.random.default_rng(20)


def values(*shape):
    return RNG.standard_normal(shape)


def kinds():
    """Class name and the options that make it another kind of layer."""
    return [
        ("RNN", {}),
        ("RNN", {"nonlinearity": "relu"}),
        ("GRU", {}),
        ("LSTM", {}),
        ("LSTM", {"proj_size": P}),
    ]


def both(name, *arguments, **options):
    return (lambda: getattr(nn, name)(*arguments, **options), lambda: getattr(torch.nn, name)(*arguments, **options))


def states(name, options, batch, layers=1, directions=1):
    h = values(layers * directions, *batch, options.get("proj_size") or H)
    return (h, values(layers * directions, *batch, H)) if name == "LSTM" else (h,)


class WithStates(torch.nn.Module):
    """PyTorch's layer called with states as separate inputs, so that they are differentiated too."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x, *hx):
        return self.layer(x, hx if len(hx) > 1 else hx[0])


class OursWithStates(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x, *hx):
        return self.layer(x, hx if len(hx) > 1 else hx[0])


def wrapped(name, *arguments, **options):
    ours, theirs = both(name, *arguments, **options)
    return (lambda: OursWithStates(ours()), lambda: WithStates(theirs()))


def layer_cases():
    for (name, kind), layers, bidirectional, batch_first, bias in itertools.product(
        kinds(), (1, 2), (False, True), (False, True), (True, False)
    ):
        options = {**kind, "num_layers": layers, "bidirectional": bidirectional, "batch_first": batch_first}
        options["bias"] = bias
        shape = (B, T, N_IN) if batch_first else (T, B, N_IN)
        label = f"{name} {options}"
        # Second derivatives of two layers are compositions of those of one; compared for some.
        order = 2 if layers == 1 or (bias and not batch_first) else 1
        yield ModuleCase(*both(name, N_IN, H, **options), [values(*shape)], order=order, modes=("train",), label=label)
        if bias:
            inputs = [values(*shape), *states(name, kind, (B,), layers, 1 + bidirectional)]
            yield ModuleCase(
                *wrapped(name, N_IN, H, **options), inputs, order=order, modes=("train",), label=f"{label} with states"
            )
    for name, kind in kinds():
        inputs = [values(T, N_IN), *states(name, kind, (), 2, 2)]
        options = {**kind, "num_layers": 2, "bidirectional": True}
        yield ModuleCase(
            *wrapped(name, N_IN, H, **options), inputs, label=f"{name} {kind} one sequence", modes=("eval",)
        )
        yield ModuleCase(
            *both(name, N_IN, H, **kind), [values(1, 1, N_IN)], label=f"{name} {kind} one step", modes=("eval",)
        )
        yield ModuleCase(
            *both(name, N_IN, H, num_layers=2, dropout=0.5, **kind),
            [values(T, B, N_IN)],
            label=f"{name} eval",
            modes=("eval",),
        )


def cell_cases():
    for name, kind in (("RNNCell", {}), ("RNNCell", {"nonlinearity": "relu"}), ("GRUCell", {}), ("LSTMCell", {})):
        for bias, batch in itertools.product((True, False), ((B,), ())):
            options = {**kind, "bias": bias}
            label = f"{name} {options} {batch}"
            yield ModuleCase(*both(name, N_IN, H, **options), [values(*batch, N_IN)], label=label, modes=("train",))
            hx = [values(*batch, H) for _ in range(1 + (name == "LSTMCell"))]
            yield ModuleCase(
                *wrapped(name, N_IN, H, **options),
                [values(*batch, N_IN), *hx],
                label=f"{label} with states",
                modes=("train",),
            )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", [*layer_cases(), *cell_cases()], ids=str)
def test_modules(case, dtype):
    for mode in case.modes:
        compare_modules(case, dtype, mode)


LENGTHS = [[4, 3, 1], [2, 2, 2], [2, 4, 3, 1]]


def packed_pairs(x, lengths, batch_first, dtype):
    enforce = lengths == sorted(lengths, reverse=True)
    mine = ag.Tensor(x.astype(dtype), requires_grad=True)
    its = torch.tensor(x.astype(dtype), requires_grad=True)
    ours = ours_rnn.pack_padded_sequence(mine, lengths, batch_first, enforce)
    theirs = theirs_rnn.pack_padded_sequence(its, lengths, batch_first, enforce)
    return mine, its, ours, theirs


def same_packing(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_packing_and_padding(lengths, batch_first):
    batch = len(lengths)
    x = values(batch, 5, 2) if batch_first else values(5, batch, 2)
    mine, its, ours, theirs = packed_pairs(x, lengths, batch_first, "float64")
    same_packing(ours, theirs)
    for total in (None, 6):
        options = {"batch_first": batch_first, "padding_value": -1.5, "total_length": total}
        padded, found = ours_rnn.pad_packed_sequence(ours, **options)
        its_padded, its_lengths = theirs_rnn.pad_packed_sequence(theirs, **options)
        near("padded", padded, its_padded, 0)
        assert found.tolist() == its_lengths.tolist() == lengths
        seed = values(*padded.shape)
        (a,) = ag.gradients(padded, mine, seed)
        (b,) = torch.autograd.grad(its_padded, its, torch.tensor(seed), retain_graph=True)
        near("gradient through packing", a, b, 1e-12)
    for a, b in zip(ours_rnn.unpack_sequence(ours), theirs_rnn.unpack_sequence(theirs), strict=True):
        near("unpacked", a, b, 0)
    for a, b in zip(
        ours_rnn.unpad_sequence(mine, lengths, batch_first),
        theirs_rnn.unpad_sequence(its.detach().clone(), torch.tensor(lengths), batch_first),
        strict=True,
    ):
        near("unpadded", a, b, 0)


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_pad_and_pack_sequences(batch_first, side):
    sequences = [values(n, 2) for n in (2, 4, 1)]
    options = {"batch_first": batch_first, "padding_value": 7.0, "padding_side": side}
    ours = ours_rnn.pad_sequence(sequences, **options)
    near("padded", ours, theirs_rnn.pad_sequence([torch.tensor(s) for s in sequences], **options), 0)
    same_packing(
        ours_rnn.pack_sequence(sequences, enforce_sorted=False),
        theirs_rnn.pack_sequence([torch.tensor(s) for s in sequences], enforce_sorted=False),
    )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("with_states", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize(("name", "kind"), kinds(), ids=str)
def test_packed_sequences(name, kind, lengths, layers, bidirectional, with_states, dtype):
    rng = generator(f"{name}{kind}{lengths}{layers}{bidirectional}{with_states}")
    options = {**kind, "num_layers": layers, "bidirectional": bidirectional}
    make, their_make = both(name, N_IN, H, **options)
    ours, theirs = make(), their_make().to(getattr(torch, dtype))
    ours.to(dtype)
    copy_state(ours, theirs, rng)
    mine, its, packed, their_packed = packed_pairs(values(4, len(lengths), N_IN), lengths, False, dtype)
    our_variables, their_variables = [mine, *ours.parameters()], [its, *theirs.parameters()]
    hx = their_hx = None
    if with_states:
        arrays = [s.astype(dtype) for s in states(name, kind, (len(lengths),), layers, 1 + bidirectional)]
        hx = [ag.Tensor(a, requires_grad=True) for a in arrays]
        their_hx = [torch.tensor(a, requires_grad=True) for a in arrays]
        our_variables += hx
        their_variables += their_hx
        hx, their_hx = (tuple(s) if len(s) > 1 else s[0] for s in (hx, their_hx))
    out, last = ours(packed, hx)
    their_out, their_last = theirs(their_packed, their_hx)
    same_packing(out._replace(data=ag.zeros(1)), theirs_rnn.PackedSequence(torch.zeros(1), *their_out[1:]))
    our_outs = [out.data, *flatten(last)]
    their_outs = [their_out.data, *flatten(their_last)]
    tolerance = TOLERANCE[dtype]
    for a, b in zip(our_outs, their_outs, strict=True):
        near("output", a, b, tolerance)
    pairs = list(zip(our_outs, their_outs, strict=True))
    for order in (1, 2):
        pairs = _gradients(pairs, our_variables, their_variables, rng)
        for (a, b), like in zip(pairs, their_variables, strict=True):
            near(f"derivative {order}", a, b, tolerance * 10**order, like=like)
        pairs = [(a, b) for a, b in pairs if b is not None and b.requires_grad]


@pytest.mark.parametrize(("name", "kind"), kinds(), ids=str)
def test_initial_values_have_the_same_bounds(name, kind):
    ours, theirs = (
        make() for make in both(name, 20, 64, **{**kind, **({"proj_size": 32} if kind.get("proj_size") else {})})
    )
    for (key, a), b in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
        largest = np.abs(a).max()
        assert 0.9 / 8 < largest <= 1 / 8, key
        assert float(b.abs().max()) <= 1 / 8


@pytest.mark.parametrize(("name", "kind"), kinds(), ids=str)
@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 2}, {"bias": False}, {"batch_first": True}, {"bidirectional": True}], ids=str
)
def test_representation(name, kind, options):
    ours, theirs = (make() for make in both(name, 2, 3, **kind, **options))
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize(
    ("name", "options"), [("RNNCell", {"nonlinearity": "relu"}), ("GRUCell", {"bias": False}), ("LSTMCell", {})]
)
def test_representation_of_cells(name, options):
    ours, theirs = (make() for make in both(name, 2, 3, **options))
    assert repr(ours) == repr(theirs)


BAD_CALLS = [
    ("LSTM", (2, 0), {}),
    ("LSTM", (2, 3), {"num_layers": 0}),
    ("LSTM", (2, 3), {"proj_size": 3}),
    ("LSTM", (2, 3), {"dropout": 1.5}),
    ("RNN", (2, 3), {"nonlinearity": "sin"}),
    ("RNNBase", ("ELMAN", 2, 3), {}),
    ("GRU", (2.5, 3), {}),
]


@pytest.mark.parametrize(("name", "arguments", "options"), BAD_CALLS, ids=str)
def test_bad_arguments_are_refused_by_both(name, arguments, options):
    for make in both(name, *arguments, **options):
        with pytest.raises((ValueError, TypeError)):
            make()


def test_both_warn_of_dropout_in_one_layer():
    for make in both("GRU", 2, 3, dropout=0.5):
        with pytest.warns(UserWarning, match="dropout"):
            make()


def test_shapes_refused_by_both():
    for inputs in ([values(4, 3)], [values(4, 3, 3)], [values(4, 1, 3, 2)]):
        for make, library in zip(both("GRU", 2, 3), (ag.Tensor, torch.tensor), strict=True):
            with pytest.raises((ValueError, RuntimeError)), warnings.catch_warnings():
                make()(*[library(x.astype("float32")) for x in inputs])
