"""Packing, padding, and recurrent layers on packed sequences."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn.utils import rnn

RNG = np.random.default_rng(9)
LENGTHS = [3, 1, 4, 2]


def batch(lengths=LENGTHS, width=2):
    """Sequences, and the same as a padded batch (time first)."""
    sequences = [RNG.standard_normal((n, width)) for n in lengths]
    padded = np.full((max(lengths), len(lengths), width), 99.0)
    for i, sequence in enumerate(sequences):
        padded[: len(sequence), i] = sequence
    return sequences, padded


def test_packing_by_hand():
    padded = np.array([[1, 5, 7], [2, 6, 0], [3, 0, 0]], float)
    packed = rnn.pack_padded_sequence(padded, [3, 2, 1])
    assert packed.data.tolist() == [1, 5, 7, 2, 6, 3]
    assert packed.batch_sizes.tolist() == [3, 2, 1]
    assert packed.sorted_indices is None
    assert packed.unsorted_indices is None
    again, lengths = rnn.pad_packed_sequence(packed, padding_value=-1.0)
    assert again.tolist() == [[1, 5, 7], [2, 6, -1], [3, -1, -1]]
    assert lengths.tolist() == [3, 2, 1]


@pytest.mark.parametrize("batch_first", [False, True])
def test_unsorted_sequences_come_back_in_their_order(batch_first):
    sequences, padded = batch()
    given = np.swapaxes(padded, 0, 1) if batch_first else padded
    packed = rnn.pack_padded_sequence(given, LENGTHS, batch_first, enforce_sorted=False)
    assert packed.sorted_indices.tolist() == [2, 0, 3, 1]
    assert packed.unsorted_indices.tolist() == [1, 3, 0, 2]
    assert packed.batch_sizes.tolist() == [4, 3, 2, 1]
    again, lengths = rnn.pad_packed_sequence(packed, batch_first, padding_value=99.0)
    np.testing.assert_array_equal(again.numpy(), given)
    assert lengths.tolist() == LENGTHS
    for a, b in zip(rnn.unpack_sequence(packed), sequences, strict=True):
        np.testing.assert_array_equal(a.numpy(), b)


def test_total_length():
    sequences, _ = batch()
    packed = rnn.pack_sequence(sequences, enforce_sorted=False)
    padded, lengths = rnn.pad_packed_sequence(packed, total_length=6)
    assert padded.shape == (6, 4, 2)
    assert np.all(padded.numpy()[4:] == 0)
    assert lengths.tolist() == LENGTHS


def test_gradients_go_where_entries_came_from():
    _, padded = batch()
    x = ag.tensor(padded, requires_grad=True)
    packed = rnn.pack_padded_sequence(x, LENGTHS, enforce_sorted=False)
    again, _ = rnn.pad_packed_sequence(packed)
    seed = RNG.standard_normal(again.shape)
    again.backward(seed)
    present = np.arange(4)[:, None] < np.array(LENGTHS)
    np.testing.assert_array_equal(x.grad.numpy(), seed * present[..., None])


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_pad_sequence(batch_first, side):
    sequences = [ag.tensor([1.0, 2.0], requires_grad=True), ag.tensor([3.0], requires_grad=True)]
    padded = rnn.pad_sequence(sequences, batch_first, 9.0, side)
    expected = np.array([[1, 2], [3, 9] if side == "right" else [9, 3]])
    assert padded.tolist() == (expected if batch_first else expected.T).tolist()
    (padded**2).sum().backward()
    assert sequences[1].grad.tolist() == [6.0]


def test_unpad_sequence():
    sequences, padded = batch()
    for a, b in zip(rnn.unpad_sequence(padded, LENGTHS), sequences, strict=True):
        np.testing.assert_array_equal(a.numpy(), b)


def test_other_shapes_and_dtypes():
    packed = rnn.pack_sequence([np.array([3, 1, 2]), np.array([5])])
    assert packed.data.dtype.kind == "i"
    padded, _ = rnn.pad_packed_sequence(packed, padding_value=-1)
    assert padded.tolist() == [[3, 5], [1, -1], [2, -1]]
    deep = rnn.pack_sequence([np.ones((2, 3, 4)), np.ones((1, 3, 4))])
    assert deep.data.shape == (3, 3, 4)
    single = rnn.pack_sequence([np.ones(2, np.float32)]).double()
    assert single.data.dtype == np.float64
    assert single.float().data.dtype == np.float32


KINDS = [("RNN", {}), ("RNN", {"nonlinearity": "relu"}), ("GRU", {}), ("LSTM", {}), ("LSTM", {"proj_size": 2})]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("name", "kind"), KINDS, ids=str)
def test_a_packed_batch_gives_what_each_sequence_gives_alone(name, kind, layers, bidirectional):
    net = getattr(nn, name)(2, 3, num_layers=layers, bidirectional=bidirectional, dtype="float64", **kind)
    sequences, padded = batch()
    x = ag.tensor(padded, requires_grad=True)
    states = [RNG.standard_normal((layers * (1 + bidirectional), 4, width)) for width in (kind.get("proj_size", 3), 3)]
    states = states if name == "LSTM" else states[:1]

    def state_of(i):
        chosen = tuple(state[:, i] for state in states)
        return chosen if name == "LSTM" else chosen[0]

    out, last = net(
        rnn.pack_padded_sequence(x, LENGTHS, enforce_sorted=False), tuple(states) if name == "LSTM" else states[0]
    )
    assert isinstance(out, rnn.PackedSequence)
    outputs = rnn.unpack_sequence(out)
    sum((y**2).sum() for y in outputs).backward()
    whole = {key: parameter.grad.numpy() for key, parameter in net.named_parameters()}
    net.zero_grad()
    for i, sequence in enumerate(sequences):
        one = ag.tensor(sequence, requires_grad=True)
        y, end = net(one, state_of(i))
        np.testing.assert_allclose(outputs[i].detach().numpy(), y.detach().numpy(), atol=1e-13)
        for a, b in zip(last, end, strict=True) if name == "LSTM" else [(last, end)]:
            np.testing.assert_allclose(a[:, i].detach().numpy(), b.detach().numpy(), atol=1e-13)
        (y**2).sum().backward()
        np.testing.assert_allclose(x.grad.numpy()[: len(sequence), i], one.grad.numpy(), atol=1e-12)
        assert np.all(x.grad.numpy()[len(sequence) :, i] == 0)
    for key, parameter in net.named_parameters():
        np.testing.assert_allclose(whole[key], parameter.grad.numpy(), atol=1e-12)


def test_explicit_works_on_packed_sequences():
    net = nn.LSTM(2, 3, bidirectional=True, dtype="float64")
    sequences, _ = batch()
    packed = rnn.pack_sequence(sequences, enforce_sorted=False)
    out, _ = net(packed)
    with nn.explicit():
        again, _ = net(packed)
    np.testing.assert_allclose(again.data.detach().numpy(), out.data.detach().numpy(), atol=1e-14)


ERRORS = [
    (lambda: rnn.pack_padded_sequence(np.zeros((3, 2)), [1, 3]), "the longest sequence first"),
    (lambda: rnn.pack_padded_sequence(np.zeros((3, 2)), [3, 0]), "a length from 1 to 3 for each of the 2 sequences"),
    (lambda: rnn.pack_padded_sequence(np.zeros((3, 2)), [4, 1]), "a length from 1 to 3"),
    (lambda: rnn.pack_padded_sequence(np.zeros((3, 2)), [3]), "each of the 2 sequences"),
    (lambda: rnn.pack_padded_sequence(np.zeros((3, 2)), [3.0, 1.0]), "a length from 1 to 3"),
    (lambda: rnn.pack_padded_sequence(np.zeros(3), [3]), r"a batch of shape \(T, B, ...\)"),
    (lambda: rnn.pack_sequence([np.zeros(1), np.zeros(2)]), "enforce_sorted=False"),
    (lambda: rnn.pad_sequence([]), "at least one sequence"),
    (lambda: rnn.pad_sequence([np.zeros((1, 2)), np.zeros((1, 3))]), "all alike but for the length"),
    (lambda: rnn.pad_sequence([np.zeros(1)], padding_side="top"), "padding_side 'left' or 'right'"),
    (lambda: rnn.PackedSequence(np.zeros(3), [1, 2]), "batch_sizes that never grow"),
    (lambda: rnn.PackedSequence(np.zeros(3), [2, 2]), "add up to the 3 rows"),
    (lambda: rnn.PackedSequence(np.zeros(3)), "batch_sizes"),
    (
        lambda: rnn.pad_packed_sequence(rnn.pack_sequence([np.zeros(3)]), total_length=2),
        "total_length of at least 3",
    ),
    (lambda: rnn.pack_sequence([np.zeros(3)]).to(device="cuda"), "device None or 'cpu'"),
]


@pytest.mark.parametrize(("call", "text"), ERRORS)
def test_errors(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_invert_permutation():
    assert rnn.invert_permutation(None) is None
    order = np.array([3, 0, 2, 1])
    assert rnn.invert_permutation(order).numpy()[order].tolist() == [0, 1, 2, 3]
