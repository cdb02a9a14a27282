"""``nn.SequenceRNN``: prediction, losses, free running, generation; and a network that learns a grammar."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from nn import functional as F

START, END = 2, 3  # beside the bits 0 and 1
CELLS = ["rnn", "gru", "lstm"]


class Tanh(nn.Module):
    """A cell of one's own."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.mix = nn.Linear(input_size + hidden_size, hidden_size)
        self.hidden_size = hidden_size

    def forward(self, x, state):
        state = ag.zeros((len(x), self.hidden_size), dtype=x.dtype) if state is None else state
        return np.tanh(self.mix(np.concatenate([x, state], axis=1)))


def network(cell="gru", hidden=5, **options):
    nn.manual_seed(3)
    return nn.SequenceRNN(4, hidden, cell=cell, sos=START, eos=END, **options)


# -- reading ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", [*CELLS, nn.GRU, nn.LSTMCell, nn.RNNCell, Tanh], ids=str)
def test_scores_are_an_affine_map_of_the_states(cell):
    net = network(cell)
    x = [[2, 0, 1], [2, 1, 1]]
    scores, last = net(x)
    states, _ = net.recurrent(ag.Tensor(np.eye(4, dtype=np.float32)[np.array(x)]))
    expected = states._data @ net.output.weight._data.T + net.output.bias._data
    np.testing.assert_allclose(scores._data, expected, atol=1e-6)
    h = last[0] if isinstance(last, tuple) else last
    np.testing.assert_allclose(h._data[-1], states._data[:, -1], atol=1e-6)
    assert scores.dtype == np.float32


@pytest.mark.parametrize("cell", [*CELLS, nn.LSTMCell, Tanh], ids=str)
def test_reading_in_two_pieces(cell):
    net = network(cell)
    x = np.array([[2, 0, 1, 1, 0], [2, 1, 1, 0, 0]])
    whole, _ = net(x)
    first, state = net(x[:, :2])
    second, _ = net(x[:, 2:], state)
    np.testing.assert_allclose(np.concatenate([first._data, second._data], axis=1), whole._data, atol=1e-6)


def test_a_cell_and_its_layer_agree():
    layer, cell = network("lstm"), network(nn.LSTMCell)
    state = layer.state_dict()
    cell.load_state_dict(
        {key.replace("recurrent.", "recurrent.cell.").removesuffix("_l0"): value for key, value in state.items()}
    )
    batch = layer.batch([[0, 1, 1], [1], [0, 0]])
    assert layer.loss(*batch).item() == pytest.approx(cell.loss(*batch).item(), rel=1e-6)
    np.testing.assert_allclose(layer.log_probabilities([[0, 1]]), cell.log_probabilities([[0, 1]]), rtol=1e-6)
    beams = [net.generate(3, 4, "beam").sequences for net in (layer, cell)]
    assert beams[0] == beams[1]


def test_embedded_symbols():
    net = network(embedding_size=3)
    assert net.embedding.shape == (4, 3)
    loss = net.loss(*net.batch([[0, 1], [1, 1]]))
    loss.backward()
    used = np.abs(net.embedding.grad._data).sum(axis=1) > 0
    assert used.tolist() == [True, True, True, False]  # the end is predicted, never read
    assert "embedding" not in network().state_dict()


def test_layers_and_options_reach_the_recurrent_layer():
    net = nn.SequenceRNN(4, 6, 2, "lstm", 2, dropout=0.5, proj_size=3, output_bias=False)
    assert repr(net.recurrent) == "LSTM(4, 6, proj_size=3, num_layers=2, batch_first=True, dropout=0.5)"
    assert net.output.bias is None
    assert net([[0, 1]])[0].shape == (1, 2, 2)
    assert nn.SequenceRNN(4, 6, nonlinearity="relu").recurrent.mode == "RNN_RELU"
    assert "4 symbols in, 2 categorical out" in repr(net)


# -- losses ----------------------------------------------------------------------------------------------


def test_batches_of_sequences():
    inputs, targets, lengths = network().batch([[0, 1, 1], [1]])
    assert inputs.tolist() == [[2, 0, 1, 1], [2, 1, 3, 0]]
    assert targets.tolist() == [[0, 1, 1, 3], [1, 3, 0, 0]]
    assert lengths.tolist() == [4, 2]
    inputs, targets, lengths = nn.SequenceRNN(4, 5).batch([[0, 1, 1]])
    assert inputs.tolist() == [[0, 1]]
    assert targets.tolist() == [[1, 1]]


@pytest.mark.parametrize("cell", ["gru", Tanh], ids=str)
def test_the_loss_is_the_mean_over_the_steps_that_are_there(cell):
    net = network(cell)
    sequences = [[0, 1, 1], [1], [0, 0]]
    inputs, targets, lengths = net.batch(sequences)
    log_p = F.log_softmax(net(inputs)[0], dim=-1)._data
    total = sum(-log_p[i, t, targets[i, t]] for i, n in enumerate(lengths) for t in range(n))
    assert net.loss(inputs, targets, lengths).item() == pytest.approx(total / lengths.sum(), rel=1e-5)
    # What stands behind the end makes no difference.
    other = targets.copy()
    other[1, 2:] = 2
    assert net.loss(inputs, other, lengths).item() == net.loss(inputs, targets, lengths).item()
    together = net.loss(inputs[:1], targets[:1])
    assert together.item() == pytest.approx(net.loss(inputs[:1], targets[:1], lengths[:1]).item(), rel=1e-6)


def test_binary_cross_entropy_over_a_sequence():
    net = nn.SequenceRNN(2, 4, 3, inputs="vectors", outputs="binary", dtype="float64")
    x = np.random.default_rng(0).standard_normal((2, 5, 2))
    d = np.random.default_rng(1).integers(0, 2, (2, 5, 3)).astype(float)
    y = 1 / (1 + np.exp(-net(x)[0]._data))
    terms = -d * np.log(y) - (1 - d) * np.log(1 - y)
    assert net.loss(x, d).item() == pytest.approx(terms.mean(), rel=1e-12)
    present = np.arange(5) < np.array([[5], [2]])
    assert net.loss(x, d, [5, 2]).item() == pytest.approx(terms[present].mean(), rel=1e-12)
    assert ag.gradcheck(lambda w: net.loss(x, d, [5, 2]), net.output.weight)


# -- teacher forcing and free running --------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["lstm", Tanh], ids=str)
def test_running_freely_reads_the_first_input_only(cell):
    net = network(cell)
    scores = []
    for x in ([[2, 0, 1, 0]], [[2, 1, 1, 1]]):
        nn.manual_seed(7)
        scores.append(net(x, forcing=0.0)[0]._data)
    np.testing.assert_array_equal(*scores)
    forced = [net(x)[0]._data for x in ([[2, 0, 1, 0]], [[2, 1, 1, 1]])]
    assert not np.allclose(*forced)


def test_a_certain_network_runs_freely_through_its_own_predictions():
    net = network("gru", 8)
    net.output.weight.data = net.output.weight._data * 1e4
    nn.manual_seed(0)
    free, _ = net([[2, 0, 0, 0, 0]], forcing=0.0)
    own = net.generate(1, 5, "greedy")
    expected = [*own.sequences[0], END][:5]
    assert np.argmax(free._data[0], axis=1).tolist()[: len(expected)] == expected
    again, _ = net([[2, *expected[:-1]]])
    np.testing.assert_allclose(again._data[0], free._data[0, : len(expected)], rtol=1e-4)


def test_forcing_is_a_probability_for_every_step():
    class Listener(nn.Module):
        """Repeats as its state the first entry of what it read."""

        def __init__(self, input_size, hidden_size):
            super().__init__()

        def forward(self, x, state):
            return x[:, :1]

    net = nn.SequenceRNN(2, 1, cell=Listener)
    net.output.weight.data = np.zeros((2, 1), np.float32)
    net.output.bias.data = np.array([-100.0, 100.0], np.float32)  # always predicts 1, the truth is always 0
    nn.manual_seed(0)
    heard = []
    net.recurrent.register_forward_hook(lambda module, inputs, output: heard.append(output[0]._data[:, 0, 0]))
    net(np.zeros((400, 11), int), forcing=0.3)
    assert np.all(heard[0] == 1)
    assert np.mean(heard[1:]) == pytest.approx(0.3, abs=0.02)
    assert 0.2 < np.mean(heard[5]) < 0.4


def test_the_gradient_of_a_free_run_reaches_the_weights():
    net = network()
    net.loss(*net.batch([[0, 1], [1, 1]]), forcing=0.5).backward()
    assert all(parameter.grad is not None for parameter in net.parameters())


# -- generation ------------------------------------------------------------------------------------------


def enumerated(net, steps):
    """Every sequence of at most ``steps`` symbols with its log-probability, and whether it ends."""
    found = []

    def extend(sequence, total):
        if len(sequence) == steps:
            found.append((total, sequence, False))
            return
        scores, _ = net([[START, *sequence]])
        values = scores._data[0, -1].astype(float)
        values[START] = -np.inf
        log_p = values - np.log(np.exp(values).sum())
        found.append((total + log_p[END], sequence, True))
        for bit in (0, 1):
            extend([*sequence, bit], total + log_p[bit])

    extend([], 0.0)
    return sorted(found, key=lambda entry: -entry[0])


@pytest.mark.parametrize("cell", CELLS)
def test_a_wide_beam_finds_the_most_probable_sequences(cell):
    net = network(cell)
    every = enumerated(net, 5)
    assert sum(math.exp(total) for total, _, _ in every) == pytest.approx(1, rel=1e-5)
    found = net.generate(6, 5, "beam", beams=40)
    assert found.sequences == [sequence for _, sequence, _ in every[:6]]
    np.testing.assert_allclose(found.log_probabilities, [total for total, _, _ in every[:6]], rtol=1e-5)
    assert found.finished == [done for _, _, done in every[:6]]


def test_one_beam_follows_the_likeliest_symbol():
    net = nn.SequenceRNN(3, 5, cell="gru", sos=2)
    (beam,), (greedy,) = (
        net.generate(1, 8, choice, **kw).sequences for choice, kw in (("beam", {"beams": 1}), ("greedy", {}))
    )
    assert beam == greedy
    assert len(greedy) == 8
    symbols = [2]
    for symbol in greedy:
        values = net([symbols])[0]._data[0, -1].copy()
        values[2] = -np.inf
        assert symbol == np.argmax(values)
        symbols.append(symbol)


def test_frequencies_of_sampled_sequences_are_the_probabilities():
    net = network()
    nn.manual_seed(5)
    drawn = net.generate(4000, 3)
    for total, sequence, done in enumerated(net, 3):
        share = np.mean([(s, f) == (sequence, done) for s, f in zip(drawn.sequences, drawn.finished, strict=True)])
        assert share == pytest.approx(math.exp(total), abs=0.03)
    first = drawn.sequences.index([0, 1])
    assert drawn.log_probabilities[first] == pytest.approx(
        next(total for total, sequence, done in enumerated(net, 3) if sequence == [0, 1] and done), rel=1e-4
    )


def test_nothing_is_added_behind_the_end():
    net = network(dtype="float64")
    drawn = net.generate(50, 200)
    assert len({len(sequence) for sequence in drawn.sequences}) > 3
    np.testing.assert_allclose(drawn.log_probabilities, net.log_probabilities(drawn.sequences), rtol=1e-10)


def test_a_beam_search_ends_when_nothing_better_can_come():
    net = network()
    steps = []
    net.register_forward_hook(lambda module, inputs, output: steps.append(1))
    net.generate(2, 1000, "beam")
    assert 2 <= len(steps) < 100


def test_temperature_and_top_k():
    net = network()
    best = net.generate(1, 6, "greedy").sequences[0]
    nn.manual_seed(0)
    for options in ({"temperature": 1e-4}, {"top_k": 1}):
        assert net.generate(20, 6, **options).sequences == [best] * 20
    hot = {tuple(s) for s in net.generate(300, 4, temperature=100.0).sequences}
    assert len(hot) == 2**4 + 15
    two = {s[0] for s in net.generate(200, 1, top_k=2).sequences if s}
    scores = net([[START]])[0]._data[0, 0].copy()
    scores[START] = -np.inf
    assert two <= set(np.argsort(-scores)[:2].tolist())


def test_the_start_is_never_generated():
    net = network()
    net.output.bias.data = np.array([0.0, 0.0, 50.0, -3.0], np.float32)
    for choice in ("sample", "greedy", "beam"):
        result = net.generate(3, 10, choice)
        assert all(START not in sequence for sequence in result.sequences)
        assert np.all(result.log_probabilities > -40)


def test_a_network_that_finds_no_end():
    net = network()
    net.output.bias.data = np.array([0.0, 0.0, 0.0, -100.0], np.float32)
    result = net.generate(2, 7)
    assert [len(sequence) for sequence in result.sequences] == [7, 7]
    assert result.finished == [False, False]
    assert net.generate(1, 0).sequences == [[]]


def test_prefixes_are_continued():
    net = network()
    whole = net.generate(5, 6, prefix=[1, 0])
    assert all(sequence[:2] == [1, 0] for sequence in whole.sequences)
    (only,) = net.generate(1, 4, "beam", prefix=[1, 1]).sequences
    assert only[:2] == [1, 1]
    given = nn.SequenceRNN(3, 4).generate(1, 3, prefix=[2])
    assert given.sequences[0][0] == 2


def test_generation_leaves_the_mode_alone():
    net = network(num_layers=2, dropout=0.5)
    nn.manual_seed(0)
    first = net.generate(1, 6, "greedy")
    assert net.training
    again = net.generate(1, 6, "greedy")  # nothing is dropped meanwhile
    assert first.log_probabilities.tolist() == again.log_probabilities.tolist()
    assert len(net.eval().generate(1, 6).sequences) == 1
    assert not net.training


def test_log_probabilities_of_given_sequences():
    net = network(dtype="float64")
    beams = net.generate(4, 6, "beam")
    ended = [s for s, done in zip(beams.sequences, beams.finished, strict=True) if done]
    totals = [p for p, done in zip(beams.log_probabilities, beams.finished, strict=True) if done]
    np.testing.assert_allclose(net.log_probabilities(ended), totals, rtol=1e-10)
    assert net.training


def test_bits_are_drawn_with_their_probabilities():
    net = nn.SequenceRNN(2, 3, inputs="vectors", outputs="binary", dtype="float64")
    nn.manual_seed(2)
    drawn = net.generate(4000, 1)
    p = 1 / (1 + np.exp(-net(np.zeros((1, 1, 2)))[0]._data[0, 0]))
    np.testing.assert_allclose(np.mean(drawn.sequences, axis=0)[0], p, atol=0.03)
    bits = drawn.sequences[0][0]
    expected = np.log(np.where(bits > 0, p, 1 - p)).sum()
    assert drawn.log_probabilities[0] == pytest.approx(expected, rel=1e-10)
    greedy = net.generate(1, 3, "greedy", prefix=[[1, 0]]).sequences[0]
    assert greedy.shape == (4, 2)
    assert greedy[0].tolist() == [1, 0]


# -- learning --------------------------------------------------------------------------------------------


def train(net, draw, steps, rate=1e-2, **options):
    optimizer = optim.Adam(net.parameters(), lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = net.loss(*draw(), **options)
        loss.backward()
        optimizer.step()
    return loss.item()


def grammatical(rng):
    """A sequence of the regular language (10 | 1100)+."""
    bits = []
    while not bits or rng.random() < 0.7:
        bits += [1, 0] if rng.random() < 0.5 else [1, 1, 0, 0]
    return bits


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_a_network_learns_a_grammar_and_generates_only_valid_sequences(cell):
    nn.manual_seed(0)
    rng = np.random.default_rng(0)
    net = nn.SequenceRNN(4, 16, cell=cell, sos=START, eos=END)
    train(net, lambda: net.batch([grammatical(rng) for _ in range(32)]), 300)
    generated = net.generate(1000, max_steps=300, temperature=0.5)
    assert all(generated.finished)
    texts = ["".join(map(str, sequence)) for sequence in generated.sequences]
    assert sum(re.fullmatch("(10|1100)+", text) is not None for text in texts) == 1000
    assert len(set(texts)) > 200
    # The probabilities are those of the grammar: (0.3 · 0.5^n · 0.7^(n - 1) for n blocks).
    for blocks in itertools.product(([1, 0], [1, 1, 0, 0]), repeat=2):
        (log_p,) = net.log_probabilities([[*itertools.chain(*blocks)]])
        assert log_p == pytest.approx(math.log(0.3 * 0.25 * 0.7), abs=0.4)
    best = net.generate(2, choice="beam").sequences
    assert sorted(best) == [[1, 0], [1, 1, 0, 0]]


def test_a_network_learns_to_count_in_bits_running_freely():
    nn.manual_seed(0)
    numbers = np.array([[n >> 2 & 1, n >> 1 & 1, n & 1] for n in range(8)], float)
    x = np.stack([numbers[(np.arange(16) + start) % 8] for start in range(8)])
    net = nn.SequenceRNN(3, 16, cell="gru", inputs="vectors", outputs="binary", sos=[0, 0, 0])
    loss = train(net, lambda: (x[:, :-1], x[:, 1:]), 150)
    assert loss < 0.1
    train(net, lambda: (x[:, :-1], x[:, 1:]), 30, forcing=0.25)
    counted = net.generate(1, 20, "greedy").sequences[0]
    np.testing.assert_array_equal(counted, numbers[np.arange(1, 21) % 8])


def test_an_lstm_reads_digits_row_by_row():
    pytest.importorskip("sklearn")
    from examples.digits_lstm import learn

    _, share = learn()
    assert share >= 0.96


# -- errors ----------------------------------------------------------------------------------------------

ERRORS = [
    (lambda: nn.SequenceRNN(4, 5, cell="elman"), "cell among rnn, gru, lstm"),
    (lambda: nn.SequenceRNN(4, 5, cell=dict), "or a class of modules"),
    (lambda: nn.SequenceRNN(4, 5, cell=Tanh, num_layers=2), "num_layers=1 for a class of cells"),
    (lambda: nn.SequenceRNN(4, 5, inputs="words"), "inputs 'symbols' or 'vectors'"),
    (lambda: nn.SequenceRNN(4, 5, outputs="real"), "outputs 'categorical' or 'binary'"),
    (lambda: nn.SequenceRNN(4, 5, inputs="vectors", embedding_size=2), "an embedding_size for symbols only"),
    (lambda: nn.SequenceRNN(4, 5, inputs="vectors", eos=1), "an eos for symbols only"),
    (lambda: nn.SequenceRNN(4, 5, sos=4), "symbols below 4"),
    (lambda: nn.SequenceRNN(4, 5, eos="."), "sos and eos to be symbols"),
    (lambda: network()([[0, 4]]), "symbols from 0 to 3.*got symbols from 0 to 4"),
    (lambda: network()([0, 1]), r"of shape \(B, T\).*got an array of shape \(2,\)"),
    (lambda: network()([[0.5]]), "dtype float64"),
    (lambda: network()(np.zeros((2, 0), int)), "of shape"),
    (lambda: network()([[0]], forcing=2), "forcing between 0 and 1"),
    (lambda: nn.SequenceRNN(4, 5, inputs="vectors")(np.zeros((2, 3))), r"vectors of shape \(B, T, 4\)"),
    (lambda: network().loss([[0, 1]], [[0]]), r"targets of shape \(1, 2\)"),
    (lambda: network().loss([[0, 1]], [[0, 1]], [3]), "a length from 1 to 2"),
    (lambda: nn.SequenceRNN(4, 5).batch([[1]]), "something to predict"),
    (lambda: network().batch([]), "something to predict"),
    (lambda: nn.SequenceRNN(4, 5, 3).generate(prefix=[0]), "predicts what it reads"),
    (lambda: nn.SequenceRNN(4, 5, 3)([[0, 1]], forcing=0.5), "predicts what it reads"),
    (lambda: nn.SequenceRNN(4, 5).generate(), "a start.*neither sos nor a prefix"),
    (lambda: network().generate(choice="best"), "choice among sample, greedy, beam"),
    (lambda: network().generate(0), "at least one sequence"),
    (lambda: network().generate(9, choice="beam"), "at least as many beams as sequences, 9"),
    (lambda: network().generate(temperature=0.0), "a positive temperature"),
    (lambda: network().generate(top_k=0), "top_k a positive integer"),
    (
        lambda: nn.SequenceRNN(4, 5, inputs="vectors", outputs="binary").generate(choice="beam"),
        "choice among sample, greedy,",
    ),
    (
        lambda: nn.SequenceRNN(4, 5, inputs="vectors", outputs="binary").generate(temperature=-1.0),
        "a positive temperature",
    ),
]


@pytest.mark.parametrize(("call", "text"), ERRORS)
def test_errors(call, text):
    with pytest.raises(ValueError, match=text):
        call()
