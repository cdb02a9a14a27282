"""What all plots have in common: figures that nobody else knows of, given axes, one palette, text as it is."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest

import autograd_core as ag
import nn
import viz
from tests.viz.plot_parts import convolutional, image, mlp, texts, untouched, with_gradients
from viz.plots import figures

matplotlib = pytest.importorskip("matplotlib")
pytest.importorskip("matplotlib.colors")
pytest.importorskip("matplotlib.figure")

X = np.random.default_rng(0).standard_normal((12, 2)).astype(np.float32)
CLASSES = np.arange(12) % 3
HISTORY = {"loss": [0.5, 0.25], "val_loss": [0.6, 0.4]}


def recorded():
    recorder = viz.Recorder(mlp())
    recorder.record()
    return recorder


def tensor():
    return ag.tensor([1.0, 2.0], requires_grad=True)


SINGLE = {
    "plot_history": lambda ax: viz.plot_history(HISTORY, ax=ax),
    "plot_activation": lambda ax: viz.plot_activation("tanh", ax=ax),
    "plot_gradient_flow": lambda ax: viz.plot_gradient_flow({"a": np.ones(2)}, ax=ax),
    "plot_histograms": lambda ax: viz.plot_histograms(recorded(), names="0.weight", ax=ax),
    "plot_decision_boundary": lambda ax: viz.plot_decision_boundary(mlp(), X, CLASSES, points=9, ax=ax),
    "plot_surface": lambda ax: viz.plot_surface(lambda: 1.0, [tensor()], points=3, ax=ax),
    "plot_filters": lambda ax: viz.plot_filters(nn.Conv2d(1, 2, 3), ax=ax),
    "plot_feature_maps": lambda ax: viz.plot_feature_maps(convolutional(), image(), "0", ax=ax),
    "plot_confusion_matrix": lambda ax: viz.plot_confusion_matrix([0, 1], [0, 1], ax=ax),
}
SEVERAL = {
    "plot_saliency": lambda: viz.plot_saliency(convolutional(), image()),
    "plot_hidden_states": lambda: viz.plot_hidden_states(nn.RNN(2, 3), np.ones((4, 1, 2))),
    "plot_initializations": lambda: viz.plot_initializations(mlp, ["xavier_normal_"], X),
}


def test_every_plot_is_here():
    assert {name for name in viz.__all__ if name.startswith("plot_")} == {*SINGLE, *SEVERAL, "plot_paths"}


@pytest.mark.parametrize("name", [*SINGLE, *SEVERAL])
def test_a_figure_of_its_own(name):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    before = pyplot.get_fignums()
    figure = SINGLE[name](None) if name in SINGLE else SEVERAL[name]()
    assert isinstance(figure, matplotlib.figure.Figure)
    assert pyplot.get_fignums() == before, "pyplot keeps no figure open"
    assert figure._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", SINGLE)
def test_axes_of_the_caller(name):
    figure = matplotlib.figure.Figure()
    left, right = figure.subplots(1, 2)
    assert SINGLE[name](right) is figure
    assert right.has_data()
    assert not left.has_data()
    with pytest.raises(TypeError, match=rf"{name}: expected ax to be one axes.*got list"):
        SINGLE[name]([left, right])


@pytest.mark.parametrize("name", SINGLE)
def test_axes_in_a_part_of_a_figure(name):
    figure = matplotlib.figure.Figure()
    part = figure.subfigures(1, 2)[0]
    assert SINGLE[name](part.add_subplot()) is figure


@pytest.mark.parametrize("name", [*SINGLE, *SEVERAL])
def test_without_matplotlib(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match=rf"{name}: expected matplotlib.*autograd-core\[training\]"):
        SINGLE[name](None) if name in SINGLE else SEVERAL[name]()


def test_nothing_of_matplotlib_is_loaded_with_viz():
    import subprocess

    code = "import sys, viz; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "look_into",
    [
        lambda model: viz.plot_feature_maps(model, image(), "2"),
        lambda model: viz.plot_saliency(model, image()),
        lambda model: viz.plot_filters(model),
        lambda model: viz.plot_gradient_flow(model),
        lambda model: viz.plot_surface(lambda: model(image()[None]).sum(), model, points=3),
        lambda model: viz.Recorder(model, x=image()[None]).record(),
        lambda model: viz.plot_initializations(mlp, ["normal_", "xavier_normal_"], X, seeds=2),
    ],
)
def test_models_stay_as_they_are(look_into):
    model = convolutional()
    with_gradients(model, np.concatenate([image()[None], 2 * image()[None]]))
    with untouched(model):
        look_into(model)


def test_models_stay_as_they_are_after_an_error():
    model = convolutional()
    with untouched(model), pytest.raises(ValueError, match="target from 0 to 2"):
        viz.plot_saliency(model, image(), target=3)
    with untouched(model), pytest.raises(ZeroDivisionError):
        viz.plot_surface(lambda: 1 / 0, model, points=3)


def test_graphs_from_before_can_still_be_used():
    model = mlp()
    loss = model(X).sum()
    viz.plot_surface(lambda: model(X).sum(), model, points=3)
    viz.plot_decision_boundary(model, X, CLASSES, points=5)
    loss.backward()
    assert model[0].weight.grad is not None


def test_what_is_turned_off_outside_does_not_matter():
    with ag.no_grad():
        saliency = viz.plot_saliency(convolutional(), image()).axes[1].get_images()[0].get_array()
        viz.plot_hidden_states(nn.RNN(2, 3), np.ones((4, 1, 2)))
        slope = viz.plot_activation("tanh").axes[0].get_lines()[1].get_ydata()
    assert saliency.max() > 0
    assert slope.max() == pytest.approx(1.0)


# -- the palette, and text ---------------------------------------------------------------------------


def linear(colour):
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(first, second):
    low, high = sorted(linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (first, second))
    return (high + 0.05) / (low + 0.05)


# Machado, Oliveira, Fernandes, 2009: what a reader without one kind of cones sees, in linear RGB.
BLINDNESS = {
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(rgb):
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(rgb, 0, 1)
    t = xyz / [0.95047, 1, 1.08883]
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("colour", figures.COLOURS)
def test_colours_show_on_white_and_on_black(colour):
    assert contrast(colour, "#ffffff") >= 2.99
    assert contrast(colour, "#000000") >= 2.99


@pytest.mark.parametrize("kind", BLINDNESS)
def test_colours_differ_for_every_reader(kind):
    seen = [lab(np.array(BLINDNESS[kind]) @ linear(colour)) for colour in figures.COLOURS]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 15


def test_looks_are_never_alike():
    looks = [figures.look(number) for number in range(24)]
    assert len(set(looks)) == 24
    assert all(a.color != b.color and a.marker != b.marker for a, b in itertools.pairwise(looks))


def test_contour_labels_can_be_read():
    shades = figures.pale("x")(np.linspace(0, 1, 5))
    assert all(contrast(matplotlib.colors.to_hex(shade), "#000000") > 7 for shade in shades)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("plain", "plain"), ("$x_1$", r"\$x_1\$"), ("_hidden", " _hidden"), ("a\nb", "a b"), ("x" * 99, "x" * 39 + "…")],
)
def test_text_is_shown_as_it_is(text, expected):
    assert figures.written(text) == expected


def test_hostile_labels_are_drawn():
    names = ["$\\frac{", "_b", '<&">', "a{b}|c"]
    figure = viz.plot_history(dict.fromkeys(names, HISTORY))
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert len(figure.axes[0].get_legend().get_texts()) == 8


def test_dark_style():
    with matplotlib.rc_context({"text.color": "white", "figure.facecolor": "black", "axes.facecolor": "black"}):
        figure = viz.plot_decision_boundary(mlp(), X, CLASSES, points=9)
    assert figure.axes[0].get_lines()[-1].get_color() == "white"


def test_many_ticks_are_thinned_out():
    gradients = {f"layer {k}": np.ones(1) for k in range(100)} | {"layer 4": np.zeros(1)}
    axes = viz.plot_gradient_flow(gradients).axes[0]
    assert texts(axes.get_xticklabels())[:4] == ["layer 0", "layer 3", "layer 4", "layer 6"]
    assert axes.get_xticks().tolist() == sorted([*range(0, 100, 3), 4])


def test_a_long_legend_stands_beside_the_axes():
    for runs, beside in ((3, False), (4, True)):
        axes = viz.plot_history({f"run {k}": HISTORY for k in range(runs)}).axes[0]
        axes.figure.canvas.draw()
        assert (axes.get_legend().get_window_extent().x0 > axes.get_window_extent().x1) == beside


def test_floor_below():
    assert figures.floor_below([np.nan, 0.0]) == 1e-3
    assert 0 < figures.floor_below([1e-6, 1.0, 0.0]) < 1e-6


def test_a_notebook_shows_each_figure_once():
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    cells = [
        "import viz\nhistory = {'loss': [1.0, 0.5]}",
        "viz.plot_history(history)",
        "figure = viz.plot_history(history)",
        "import matplotlib.pyplot as plt\nviz.plot_history(history)",
        "%matplotlib inline\nviz.plot_history(history)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    shown = [[sorted(output.get("data", {})) for output in cell.outputs] for cell in notebook.cells]
    once = [["image/png", "text/plain"]]
    assert shown == [[], once, [], once, once]
