"""What happens over training, time and depth: the recorder and its histograms, hidden states, initial weights."""

from __future__ import annotations

import json

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
import viz
from nn.training import Callback, Trainer, load_checkpoint, save_checkpoint
from tests.training_parts import LINE_X, loader, trainer
from tests.viz.plot_parts import convolutional, image, image_of, line_data, mlp, texts, untouched, with_gradients
from viz.plots.models import keeping_random_numbers
from viz.plots.recorder import QUANTILES

pytest.importorskip("matplotlib")

Histogram = viz.Histogram


# -- histograms ----------------------------------------------------------------------------------------


def test_histogram_counts():
    values = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    histogram = Histogram.of(values, 16)
    expected, edges = np.histogram(values.astype(float), 16)
    assert histogram.counts == expected.tolist()
    assert (histogram.low, histogram.high) == (edges[0], edges[-1])
    assert histogram.quantiles == pytest.approx(np.quantile(values.astype(float), QUANTILES))
    assert (histogram.mean, histogram.std) == pytest.approx((values.mean(), values.std()), rel=1e-4)
    assert json.loads(json.dumps(histogram.counts)) == histogram.counts


def test_histogram_of_odd_values():
    histogram = Histogram.of(np.array([[0.0, np.nan], [np.inf, 2.0]]))
    assert (histogram.low, histogram.high, histogram.not_finite, histogram.zeros) == (0, 2, 2, 0.5)
    assert sum(Histogram.of(np.array([np.nan])).counts) == 0
    assert Histogram.of(np.array([3 + 4j])).quantiles == [5, 5, 5]
    assert sum(Histogram.of(np.array([1e-320, 2e-320])).counts) == 2
    assert Histogram.of(np.array([-1e308, 1e140, 0.0])).not_finite == 1
    assert sum(Histogram.of(np.array([True, False])).counts) == 2


def test_histogram_in_other_bins():
    histogram = Histogram.of(np.array([0.0, 1.0, 2.0, 4.0]), 4)  # counts 1, 1, 1, 1
    assert histogram.shares(np.array([0.0, 2.0, 4.0])).tolist() == [0.5, 0.5]
    assert histogram.shares(np.array([-1.0, 0.5, 8.0])).tolist() == [0.125, 0.875]
    assert histogram.shares(np.array([2.0, 3.0])).tolist() == [0.25]
    alone = Histogram.of(np.array([5.0, 5.0]))
    assert alone.shares(np.array([0.0, 4.0, 6.0, 8.0])).tolist() == [0, 1, 0]
    assert Histogram.of(np.array([np.nan])).shares(np.array([0.0, 1.0])).tolist() == [0]


# -- Recorder ------------------------------------------------------------------------------------------


def test_recorder_by_hand():
    model = mlp()
    x = np.ones((4, 2), np.float32)
    recorder = viz.Recorder(model, x=x, every=2, bins=8)
    for step in range(5):
        if step == 3:
            with_gradients(model, x)
        recorder.record()
    assert recorder.steps == [0, 2, 4]
    assert list(recorder.weights) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert recorder.weights["0.weight"] == [Histogram.of(model[0].weight.data, 8)] * 3
    assert recorder.gradients["2.bias"] == [None, None, Histogram.of(model[2].bias.grad.data, 8)]
    hidden = model[1](model[0](x)).detach().numpy()
    assert recorder.activations["1"] == [Histogram.of(hidden, 8)] * 3
    recorder.record(step=17)
    assert recorder.steps == [0, 2, 4, 17]


def test_recorder_of_parameters_that_come_later():
    model = nn.Sequential(nn.Linear(2, 2))
    recorder = viz.Recorder(model)
    recorder.record()
    model.append(nn.Linear(2, 1))
    recorder.record()
    del model[0]
    recorder.record()
    assert [histogram is None for histogram in recorder.weights["1.bias"]] == [True, False, True]
    assert {len(histograms) for histograms in recorder.weights.values()} == {3}
    viz.plot_histograms(recorder)


def test_recorder_keeps_no_arrays():
    model = convolutional()
    recorder = viz.Recorder(model, x=image()[None])
    with untouched(model):
        recorder.record()
    state = recorder.state_dict()
    assert json.loads(json.dumps(state)) == state, "plain numbers throughout"
    known = {"model", "x", "every", "bins", "steps", "weights", "gradients", "activations", "_calls"}
    assert set(vars(recorder)) == known


def test_recorder_as_a_callback():
    run = trainer()
    recorder = viz.Recorder(run.model, x=LINE_X, every=3)
    run = Trainer(run.model, run.optimizer, run.loss, callbacks=[recorder])
    run.fit(loader(), epochs=2)
    assert run.step == 12
    assert recorder.steps == [1, 4, 7, 10]
    assert all(histogram is not None for histogram in recorder.gradients["weight"])
    assert recorder.weights["weight"][0] != recorder.weights["weight"][-1]
    assert isinstance(recorder, Callback)


def test_recorder_does_not_change_the_run():
    histories = []
    for watched in (False, True):
        nn.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
        callbacks = [viz.Recorder(model, x=LINE_X)] if watched else []
        run = Trainer(model, optim.SGD(model.parameters(), lr=0.05), nn.MSELoss(), callbacks=callbacks)
        histories.append(run.fit(loader(shuffle=True), epochs=2))
    assert histories[0] == histories[1]


def test_recorder_goes_through_a_checkpoint(tmp_path):
    model = mlp()
    recorder = viz.Recorder(model, x=np.ones((2, 2)), every=2)
    for _ in range(3):
        recorder.record()
    save_checkpoint(tmp_path / "run.npz", epoch=0, step=0, recorder=recorder)
    other = viz.Recorder(model, x=np.ones((2, 2)), every=2)
    load_checkpoint(tmp_path / "run.npz", recorder=other)
    assert other.state_dict() == recorder.state_dict()
    assert other.weights["0.weight"] == recorder.weights["0.weight"]
    other.record()
    other.record()
    assert other.steps == [0, 2, 4]
    for state in ({}, {"steps": [], "calls": 0, "weights": {"a": [{"low": 1}]}, "gradients": {}, "activations": {}}):
        with pytest.raises(ValueError, match="expected the state of a Recorder"):
            other.load_state_dict(state)


def test_recorder_refuses():
    with pytest.raises(TypeError, match=r"Recorder: expected model to be an nn\.Module, got list"):
        viz.Recorder([])
    with pytest.raises(ValueError, match="every of at least 1, got 0"):
        viz.Recorder(mlp(), every=0)
    with pytest.raises(TypeError, match=r"bins to be an integer, got 2\.5"):
        viz.Recorder(mlp(), bins=2.5)


# -- plot_histograms -----------------------------------------------------------------------------------


def drifting(scale=1.0):
    """A recorder of a weight that moves up from step to step."""
    model = nn.Linear(50, 2)
    recorder = viz.Recorder(model)
    for step in range(4):
        values = np.linspace(0, scale, 100).reshape(2, 50) + step
        nn.init.constant_(model.bias, step)
        model.weight.data = values
        recorder.record(step * 10)
    return recorder


def test_histograms_over_the_steps():
    recorder = drifting()
    axes = viz.plot_histograms(recorder, names="weight").axes[0]
    lines = line_data(axes)
    assert lines["median"][0].tolist() == [0, 10, 20, 30]
    assert lines["median"][1] == pytest.approx([0.5, 1.5, 2.5, 3.5])
    low, middle, high = axes.get_lines()
    assert low.get_ydata().tolist() == pytest.approx([0.05, 1.05, 2.05, 3.05])
    assert high.get_ydata().tolist() == pytest.approx([0.95, 1.95, 2.95, 3.95])
    assert (low.get_linestyle(), middle.get_linestyle()) == ("--", "-")
    (mesh,) = axes.collections
    values = np.asarray(mesh.get_array())
    assert values.shape == (48, 4)
    assert values.max(axis=0).tolist() == [1, 1, 1, 1]
    edges = np.asarray(mesh.get_coordinates())
    assert edges[0, :, 0].tolist() == [-5, 5, 15, 25, 35]
    centres = (edges[1:, 0, 1] + edges[:-1, 0, 1]) / 2
    means = (values * centres[:, None]).sum(axis=0) / values.sum(axis=0)
    assert means == pytest.approx([0.5, 1.5, 2.5, 3.5], abs=0.02)


def test_histograms_of_several_names():
    figure = viz.plot_histograms(drifting())
    assert [axes.get_title() for axes in figure.axes] == ["weight", "bias"]
    assert figure.get_suptitle() == "weights over the steps"
    assert texts(figure.axes[0].get_legend().get_texts()) == ["median", "5 % and 95 %"]
    assert figure.axes[1].get_lines()[1].get_ydata().tolist() == [0, 1, 2, 3]


def test_histograms_mark_what_is_not_finite():
    model = nn.Linear(1, 2)
    recorder = viz.Recorder(model)
    for value in (1.0, np.nan, np.inf):
        nn.init.constant_(model.weight, value)
        model.bias.data = [0.0, value]
        recorder.record()
    weight, bias = viz.plot_histograms(recorder).axes
    assert line_data(weight)["NaN or infinite"][0].tolist() == [1, 2]
    assert line_data(bias)["NaN or infinite"][0].tolist() == [1, 2]
    assert line_data(weight)["median"][1] == pytest.approx([1, np.nan, np.nan], nan_ok=True)
    assert viz.plot_histograms(recorder)._repr_png_()


def test_histograms_of_gradients_and_activations():
    model = mlp()
    x = np.ones((4, 2), np.float32)
    recorder = viz.Recorder(model, x=x)
    recorder.record()
    with_gradients(model, x)
    recorder.record()
    axes = viz.plot_histograms(recorder, "gradients", "2.bias").axes[0]
    assert np.isnan(line_data(axes)["median"][1]).tolist() == [True, False]
    assert [a.get_title() for a in viz.plot_histograms(recorder, "activations").axes] == ["0", "1", "2"]


def test_only_so_many_panels():
    model = mlp((2, *[3] * 8, 1))
    recorder = viz.Recorder(model)
    recorder.record()
    figure = viz.plot_histograms(recorder)
    assert len(figure.axes) == 12
    assert figure.get_suptitle() == "weights over the steps (6 more not drawn)"


def test_histograms_refuse():
    recorder = viz.Recorder(mlp())
    with pytest.raises(ValueError, match=r"recorded weights, got none.*call recorder\.record"):
        viz.plot_histograms(recorder)
    recorder.record()
    with pytest.raises(ValueError, match=r"recorded gradients, got none.*between backward\(\)"):
        viz.plot_histograms(recorder, "gradients")
    with pytest.raises(ValueError, match=r"recorded activations, got none.*x=batch"):
        viz.plot_histograms(recorder, "activations")
    with pytest.raises(ValueError, match="what to be 'weights'"):
        viz.plot_histograms(recorder, "biases")
    with pytest.raises(KeyError, match=r"names out of 0\.weight.*got 7"):
        viz.plot_histograms(recorder, names=["0.weight", "7"])
    with pytest.raises(TypeError, match="recorder to be a viz.Recorder, got dict".replace(".", r"\.")):
        viz.plot_histograms({})
    import matplotlib.figure

    with pytest.raises(ValueError, match=r"one name to draw on ax, got 4"):
        viz.plot_histograms(recorder, ax=matplotlib.figure.Figure().add_subplot())


# -- plot_hidden_states --------------------------------------------------------------------------------


def unrolled(x, w_ih, w_hh):
    """A plain recurrent network by hand, and its states."""
    h, states = ag.zeros(w_hh.shape[0]), []
    for row in x:
        h = ag.tanh(w_ih @ row + w_hh @ h)
        states.append(h)
    return states


def plain(size=3, hidden=4, **options):
    nn.manual_seed(0)
    return nn.RNN(size, hidden, bias=False, dtype="float64", **options)


SEQUENCE = np.random.default_rng(0).standard_normal((6, 3))


@pytest.mark.parametrize("form", ["alone", "batch", "batch first"])
def test_hidden_states_and_their_gradients(form):
    layer = plain(batch_first=form == "batch first")
    x = {"alone": SEQUENCE, "batch": SEQUENCE[:, None], "batch first": SEQUENCE[None]}[form]
    upper, lower = viz.plot_hidden_states(layer, x).axes[:2]
    states = unrolled(SEQUENCE, layer.weight_ih_l0, layer.weight_hh_l0)
    assert image_of(upper) == pytest.approx(np.stack([h.detach().numpy() for h in states], axis=1))
    slopes = ag.gradients(states[-1].sum(), states)
    t, norms = line_data(lower)["‖∂loss/∂h(t)‖"]
    assert t.tolist() == [1, 2, 3, 4, 5, 6]
    assert norms == pytest.approx([np.linalg.norm(slope.data) for slope in slopes])
    assert lower.get_yscale() == "log"
    assert upper.get_title() == "hidden states of RNN"


def test_hidden_states_of_a_loop_of_ones_own():
    layer = plain()
    states = unrolled(SEQUENCE, layer.weight_ih_l0, layer.weight_hh_l0)
    loss = (states[-1] ** 2).sum() + states[2].sum()
    upper, lower = viz.plot_hidden_states(states, loss=loss).axes[:2]

    def same(output):
        y, _ = output
        return (y[-1] ** 2).sum() + y[2].sum()

    again = viz.plot_hidden_states(layer, SEQUENCE, same).axes[1]
    expected = [np.linalg.norm(slope.data) for slope in ag.gradients(loss, states)]
    for axes in (lower, again):
        assert line_data(axes)["‖∂loss/∂h(t)‖"][1] == pytest.approx(expected)
    assert upper.get_title() == "hidden states of the states given"


class Tagger(nn.Module):
    """A model with two recurrent layers, one of them stacked."""

    def __init__(self):
        super().__init__()
        nn.manual_seed(0)
        self.embedding = nn.Embedding(5, 3)
        self.first = nn.GRU(3, 4, batch_first=True)
        self.second = nn.LSTM(4, 3, num_layers=2, batch_first=True, dropout=0.5)
        self.head = nn.Linear(3, 2)

    def forward(self, tokens):
        y, _ = self.first(self.embedding(tokens))
        y, _ = self.second(input=y)
        return self.head(y)


@pytest.mark.parametrize(("layer", "units"), [("first", 4), ("second", 3)])
def test_hidden_states_within_a_model(layer, units):
    model = Tagger()
    tokens = np.array([[0, 1, 2, 3], [4, 3, 2, 1]])
    outputs = []
    model.eval()
    with ag.no_grad():
        handle = getattr(model, layer).register_forward_hook(lambda m, args, output: outputs.append(output[0].numpy()))
        right = model(tokens).numpy()
        handle.remove()
    seen = []

    def loss(output):
        seen.append(output.detach().numpy())
        return output[:, 1].sum()

    with untouched(model):
        figure = viz.plot_hidden_states(model, tokens, loss, layer=layer, sample=1)
    upper, lower = figure.axes[:2]
    assert seen[0] == pytest.approx(right, abs=1e-6), "step by step it computes the same"
    assert image_of(upper) == pytest.approx(outputs[0][1].T, abs=1e-6)
    assert image_of(upper).shape == (units, 4)
    assert upper.get_title().endswith(", sample 1")
    norms = line_data(lower)["‖∂loss/∂h(t)‖"][1]
    assert (norms[:2] > 0).all()
    assert np.isnan(norms[2:]).all(), "what comes later has no part in it"
    at, zeros = line_data(lower)["∂loss/∂h(t) = 0"]
    assert at.tolist() == [3, 4]
    assert (zeros < norms[:2].min()).all()
    assert ("‖∂loss/∂c(t)‖" in line_data(lower)) == (layer == "second")


def test_hidden_states_of_a_stack_by_differences():
    nn.manual_seed(0)
    layer = nn.GRU(2, 3, num_layers=2, dtype="float64")
    x = np.random.default_rng(1).standard_normal((5, 2, 2))
    lower = viz.plot_hidden_states(layer, x).axes[1]
    norms = line_data(lower)["‖∂loss/∂h(t)‖"][1]
    # The state of the upper layer after two steps is moved by hand, and the rest read from there.
    _, state = layer(x[:2])
    moved = ag.tensor(state.detach().numpy(), requires_grad=True)
    y, _ = layer(x[2:], moved)
    (slope,) = ag.gradients(y[-1].sum(), moved)
    assert norms[1] == pytest.approx(np.linalg.norm(slope.data[1]))


def test_cell_states_of_an_lstm_by_differences():
    nn.manual_seed(0)
    layer = nn.LSTM(2, 3, dtype="float64")
    x = np.random.default_rng(1).standard_normal((5, 2, 2))
    lines = line_data(viz.plot_hidden_states(layer, x).axes[1])
    _, states = layer(x[:3])
    moved = [ag.tensor(state.detach().numpy(), requires_grad=True) for state in states]
    y, _ = layer(x[3:], tuple(moved))
    slopes = ag.gradients(y[-1].sum(), moved)
    for symbol, slope in zip("hc", slopes, strict=True):
        assert lines[f"‖∂loss/∂{symbol}(t)‖"][1][2] == pytest.approx(np.linalg.norm(slope.data))


@pytest.mark.parametrize(
    ("arguments", "options", "error", "match"),
    [
        ([nn.Linear(2, 2), np.ones((3, 2))], {}, ValueError, r"one nn\.RNN, LSTM or GRU, got 0"),
        ([Tagger(), np.ones((1, 3), int), sum], {}, ValueError, "got 2: first, second"),
        ([Tagger(), np.ones((1, 3), int), sum], {"layer": "head"}, ValueError, "got 0"),
        ([Tagger(), np.ones((1, 3), int)], {"layer": "first"}, TypeError, "got no loss"),
        ([nn.RNN(2, 2)], {}, TypeError, "x, and loss.*got no x"),
        ([nn.RNN(2, 2), np.ones((3, 2)), 4], {}, TypeError, "got int"),
        ([nn.RNN(2, 2, bidirectional=True), np.ones((3, 2))], {}, ValueError, "in one direction"),
        ([nn.RNN(2, 2), np.ones((3, 2))], {"sample": 1}, ValueError, "sample from 0 to 0, got 1"),
        ([nn.RNN(2, 2), np.ones((3, 2)), lambda output: output[0]], {}, ValueError, r"one number.*shape \(3, 2\)"),
        ([nn.RNN(2, 2), np.ones((3, 2)), lambda output: 1.0], {}, ValueError, "as a Tensor, got float"),
        ([nn.RNN(2, 2), np.ones((3, 2)), lambda output: ag.tensor(1.0)], {}, ValueError, "depends on the states"),
        ([[]], {}, TypeError, "a list of states"),
        ([[1.0]], {}, TypeError, "a list of states"),
        ([[ag.zeros(2), ag.zeros(3)]], {}, ValueError, r"one shape, got \(2,\), \(3,\)"),
    ],
)
def test_hidden_states_refuse(arguments, options, error, match):
    with pytest.raises(error, match=match):
        viz.plot_hidden_states(*arguments, **options)


def test_hidden_states_refuse_packed_sequences():
    packed = nn.utils.rnn.pack_sequence([ag.ones((3, 2), dtype="float32"), ag.ones((2, 2), dtype="float32")])
    with pytest.raises(ValueError, match="sequences of equal length, as one Tensor, got PackedSequence"):
        viz.plot_hidden_states(nn.RNN(2, 2), (packed,))


# -- plot_initializations ------------------------------------------------------------------------------

BATCH = np.random.default_rng(0).standard_normal((32, 16)).astype(np.float32)


def deep():
    return nn.MLP([16] * 7, activation=nn.ReLU)


def curves(axes):
    return {label: values for label, (_, values) in line_data(axes).items()}


def test_initializations_by_hand():
    """Values and gradients of a network, written out (M1 and M3), for weights that are drawn the same way."""

    def scheme(weight):
        weight.data = np.linspace(-1, 1, weight.size).reshape(weight.shape)

    left, right = viz.plot_initializations(deep, {"line": scheme}, BATCH, loss=lambda y: (y**2).sum()).axes
    w = np.linspace(-1, 1, 256).reshape(16, 16)
    z, nets = [BATCH.astype(float)], []
    for layer in range(6):
        nets.append(z[-1] @ w.T)
        z.append(np.maximum(nets[-1], 0) if layer < 5 else nets[-1])
    deltas = [2 * z[-1]]
    for net in reversed(nets[:-1]):
        deltas.insert(0, (deltas[0] @ w) * (net > 0))
    depth, values = line_data(left)["line"]
    assert depth.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert values == pytest.approx([value.std() for value in z], rel=1e-4)
    depth, slopes = line_data(right)["line"]
    assert depth.tolist() == [1, 2, 3, 4, 5, 6]
    assert slopes == pytest.approx([delta.std() for delta in deltas], rel=1e-4)
    assert left.get_yscale() == right.get_yscale() == "log"


def test_initializations_show_what_they_are_for():
    schemes = {"small": lambda weight: nn.init.normal_(weight, std=0.01), "he": "kaiming_normal_"}
    left, right = viz.plot_initializations(deep, schemes, BATCH, seeds=3).axes
    values, slopes = curves(left), curves(right)
    assert values["small"][-1] < 1e-6 * values["small"][0]
    assert slopes["small"][0] < 1e-6 * slopes["small"][-1]
    assert 0.1 < values["he"][-1] / values["he"][0] < 10
    assert 0.1 < slopes["he"][0] / slopes["he"][-1] < 10
    assert texts(left.get_legend().get_texts()) == ["small", "he"]


def test_initializations_start_anew_and_repeat_themselves():
    nn.manual_seed(3)
    first = curves(viz.plot_initializations(deep, {"own": None}, BATCH).axes[0])["own"]
    nn.manual_seed(4)
    second = curves(viz.plot_initializations(deep, {"own": None}, BATCH).axes[0])["own"]
    assert first.tolist() == second.tolist()
    more = curves(viz.plot_initializations(deep, {"own": None}, BATCH, seeds=2).axes[0])["own"]
    assert first.tolist() != more.tolist()


def test_initializations_with_zeros():
    left, right = viz.plot_initializations(deep, ["zeros_"], BATCH).axes
    assert np.isnan(line_data(left)["zeros_"][1]).tolist() == [False] + [True] * 6
    assert line_data(left)["zeros_, 0"][0].tolist() == [2, 3, 4, 5, 6, 7]
    assert line_data(right)["zeros_, 0"][0].tolist() == [1, 2, 3, 4, 5]


def test_initializations_set_biases_to_zero_and_fill_weights_only():
    models = []

    def build():
        models.append(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(72, 2)))
        return models[-1]

    viz.plot_initializations(build, {"ones": nn.init.ones_}, image()[None])
    (model,) = models
    assert (model[0].weight.data == 1).all()
    assert not model[0].bias.data.any()
    assert (model[1].weight.data == 1).all()
    assert not model[3].bias.data.any()


@pytest.mark.parametrize(
    ("build", "schemes", "options", "error", "match"),
    [
        (nn.Linear(2, 2), ["ones_"], {}, TypeError, "build to be a function that makes a model, got Linear"),
        (lambda: 3, ["ones_"], {}, TypeError, r"build\(\) to return an nn\.Module, got int"),
        (deep, ["best_"], {}, ValueError, "schemes among.*kaiming_normal_.*got 'best_'"),
        (deep, {"a": 3}, {}, TypeError, "schemes to be names.*got int"),
        (deep, [], {}, ValueError, "at least one scheme"),
        (nn.Tanh, ["ones_"], {}, ValueError, "layers with weights.*got 0 such layers"),
        (deep, ["ones_"], {"seeds": 0}, ValueError, "seeds of at least 1"),
    ],
)
def test_initializations_refuse(build, schemes, options, error, match):
    with pytest.raises(error, match=match):
        viz.plot_initializations(build, schemes, BATCH, **options)


def test_random_numbers_are_kept_after_another_seed():
    nn.manual_seed(5)
    expected = nn.default_generator().bit_generator.state
    generator = nn.default_generator()
    with keeping_random_numbers():
        nn.manual_seed(6).random()
    assert nn.default_generator() is generator
    assert nn.default_generator().bit_generator.state == expected
