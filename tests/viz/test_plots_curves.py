"""Curves: histories, units, gradients by layer, and the confusion matrix: what is drawn, number by number."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn
import viz
from nn.training import History
from tests.training_parts import loader, trainer
from tests.viz.plot_parts import image_of, line_data, mlp, texts, with_gradients
from viz.plots.figures import GRADIENT, VALUE

pytest.importorskip("matplotlib")


# -- plot_history ------------------------------------------------------------------------------------


def test_history_of_a_trainer():
    run = trainer(metrics="mean_squared_error")
    history = run.fit(loader(), epochs=3, validation=loader())
    figure = viz.plot_history(history)
    assert [axes.get_title() for axes in figure.axes] == ["loss", "mean_squared_error"]
    for axes, name in zip(figure.axes, ["loss", "mean_squared_error"], strict=True):
        lines = line_data(axes)
        assert list(lines) == ["training", "validation"]
        assert lines["training"][0].tolist() == [1, 2, 3]
        assert lines["training"][1].tolist() == history[name]
        assert lines["validation"][1].tolist() == history[f"val_{name}"]
        assert texts(axes.get_legend().get_texts()) == ["training", "validation"]
    training, validation = figure.axes[0].get_lines()
    assert training.get_linestyle() == "-"
    assert validation.get_linestyle() == "--"
    assert validation.get_markerfacecolor() == "none"
    assert training.get_color() == VALUE


def test_history_with_gaps_and_chosen_names():
    history = History(loss=[0.5, 0.2], val_loss=[None, 0.3], accuracy=[0.1, 0.9], learning_rate=[1, 1])
    assert len(viz.plot_history(history).axes) == 2
    (axes,) = viz.plot_history(history, "val_loss", scale="log").axes
    assert axes.get_yscale() == "log"
    assert np.isnan(line_data(axes)["validation"][1][0])
    (axes,) = viz.plot_history(history, ["learning_rate"]).axes
    assert line_data(axes)["training"][1].tolist() == [1, 1]


def test_history_of_several_runs():
    slow, fast = {"loss": [3.0, 2.0, 1.0]}, {"loss": [2.0, 0.5], "val_loss": [2.5, 1.0]}
    (axes,) = viz.plot_history({"slow": slow, "fast": fast}).axes
    lines = line_data(axes)
    assert list(lines) == ["slow", "fast", "fast, validation"]
    assert lines["slow"][1].tolist() == [3, 2, 1]
    assert lines["fast"][1].tolist() == [2, 0.5]
    looks = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in axes.get_lines()}
    assert len(looks) == 3
    assert axes.get_lines()[0].get_marker() != axes.get_lines()[1].get_marker()


def test_history_of_several_seeds():
    seeds = [{"loss": [4.0, 2.0, 1.0]}, {"loss": [2.0, None]}]
    (axes,) = viz.plot_history({"run": seeds}).axes
    assert line_data(axes)["run"][1].tolist() == [3.0, 2.0, 1.0]
    (band,) = axes.collections
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices.tolist()}
    assert {(1.0, 2.0), (1.0, 4.0), (2.0, 2.0), (3.0, 1.0)} <= corners
    (alone,) = viz.plot_history(seeds).axes
    assert line_data(alone)["training"][1].tolist() == [3.0, 2.0, 1.0]


def test_history_means_leave_out_what_is_not_finite():
    (axes,) = viz.plot_history([{"loss": [1.0, np.nan]}, {"loss": [3.0, np.inf]}]).axes
    values = line_data(axes)["training"][1]
    assert values[0] == 2.0
    assert np.isnan(values[1])


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ([3], TypeError, "expected a history.*got int"),
        ([{"run": 3}], TypeError, "got int"),
        ([[{"loss": ["a"]}]], TypeError, "got list of dict"),
        ([{}], ValueError, "an empty history"),
        ([{"loss": []}], ValueError, "an empty history"),
        ([{"loss": [1]}, "speed"], KeyError, "names out of loss"),
        ([{"loss": [1]}, []], KeyError, "got none"),
    ],
)
def test_history_refuses(arguments, error, match):
    with pytest.raises(error, match=match):
        viz.plot_history(*arguments)


def test_history_refuses_several_values_on_one_axes():
    import matplotlib.figure

    axes = matplotlib.figure.Figure().add_subplot()
    with pytest.raises(ValueError, match="one value to draw on ax, got 2: loss, accuracy"):
        viz.plot_history({"loss": [1], "accuracy": [1]}, ax=axes)
    with pytest.raises(ValueError, match="scale to be 'linear' or 'log'"):
        viz.plot_history({"loss": [1]}, scale="square")


def test_the_history_draws_itself_as_before():
    figure = History(loss=[0.5, 0.2], val_loss=[None, 0.3]).plot()
    assert [line.get_linestyle() for line in figure.axes[0].get_lines()] == ["-", "--"]


# -- plot_activation ---------------------------------------------------------------------------------

SLOPES = {
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
    "sigmoid": lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2,
    "relu": lambda x: (x > 0) * 1.0,
    "sin": np.cos,
    "expit": lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2,
}


@pytest.mark.parametrize("name", SLOPES)
def test_activation_by_name(name):
    (axes,) = viz.plot_activation(name, low=-3, high=3).axes
    lines = line_data(axes)
    x, slope = lines["derivative f′(x)"]
    assert (x[0], x[-1]) == axes.get_xlim() == (-3, 3)
    assert slope == pytest.approx(SLOPES[name](x), abs=1e-12)
    assert axes.get_title() == name
    value, derivative = axes.get_lines()[:2]
    assert (value.get_color(), derivative.get_color()) == (VALUE, GRADIENT)
    assert value.get_linestyle() != derivative.get_linestyle()


def spans(axes):
    found = [patch.get_extents().transformed(axes.transData.inverted()) for patch in axes.patches]
    return [(round(box.x0, 2), round(box.x1, 2)) for box in found]


def test_activation_saturates():
    (axes,) = viz.plot_activation(ag.tanh, low=-4, high=4, saturation=0.42).axes
    edge = np.arctanh(np.sqrt(1 - 0.42))  # where 1 − tanh² = 0.42
    (left, right) = spans(axes)
    assert left == pytest.approx((-4, -edge), abs=0.02)
    assert right == pytest.approx((edge, 4), abs=0.02)
    assert all(patch.get_hatch() for patch in axes.patches)
    assert texts(axes.get_legend().get_texts()) == ["f(x)", "derivative f′(x)", "saturated: |derivative| < 0.42"]
    assert spans(viz.plot_activation("relu").axes[0]) == [(-6, 0)]
    assert spans(viz.plot_activation("tanh", saturation=0).axes[0]) == []


def test_activation_of_modules():
    unit = nn.PReLU(init=0.3)
    unit.weight.grad = ag.tensor([7.0], dtype="float32")
    (axes,) = viz.plot_activation(unit).axes
    x, slope = line_data(axes)["derivative f′(x)"]
    assert slope == pytest.approx(np.where(x > 0, 1, 0.3))
    assert unit.weight.grad.tolist() == [7.0]
    assert axes.get_title() == "PReLU(num_parameters=1)"
    random = nn.RReLU().train()
    assert line_data(viz.plot_activation(random).axes[0])["derivative f′(x)"][1][0] == pytest.approx(
        (1 / 8 + 1 / 3) / 2
    )
    assert random.training


def test_activation_without_a_slope():
    (axes,) = viz.plot_activation(ag.floor).axes
    assert not line_data(axes)["derivative f′(x)"][1].any()
    (axes,) = viz.plot_activation(lambda x: ag.zeros(x.shape), low=0, high=1).axes
    assert not line_data(axes)["f(x)"][1].any()


@pytest.mark.parametrize(
    ("activation", "options", "error", "match"),
    [
        ("no such unit", {}, ValueError, "the name of a function.*got 'no such unit'"),
        ("Tensor", {}, ValueError, "the name of a function"),
        (3, {}, TypeError, "a function, a module, or a name, got int"),
        (lambda x: 3.0, {}, TypeError, "a real Tensor for a Tensor, got float"),
        (nn.Softmax(0), {}, ValueError, "acts on every entry by itself, got values that depend on other"),
        (lambda x: x.sum(), {}, ValueError, r"got shape \(\) for shape \(801,\)"),
        ("tanh", {"low": 2, "high": 1}, ValueError, "low < high"),
        ("tanh", {"high": np.inf}, ValueError, "both finite"),
        ("tanh", {"saturation": -1}, ValueError, "saturation of at least 0"),
    ],
)
def test_activation_refuses(activation, options, error, match):
    with pytest.raises(error, match=f"plot_activation: .*{match}"):
        viz.plot_activation(activation, **options)


# -- plot_gradient_flow ------------------------------------------------------------------------------


def test_gradient_flow_of_a_model():
    model = with_gradients(mlp(), np.ones((4, 2), np.float32))
    (axes,) = viz.plot_gradient_flow(model).axes
    lines = line_data(axes)
    gradients = [np.abs(parameter.grad.data) for parameter in model.parameters()]
    assert lines["greatest |gradient|"][1] == pytest.approx([g.max() for g in gradients])
    assert lines["mean |gradient|"][1] == pytest.approx([g.mean() for g in gradients])
    assert texts(axes.get_xticklabels()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert axes.get_yscale() == "log"
    (axes,) = viz.plot_gradient_flow(model, biases=False).axes
    assert texts(axes.get_xticklabels()) == ["0.weight", "2.weight"]


def test_gradient_flow_tells_zero_none_and_nan_apart():
    gradients = {
        "usual": np.array([1.0, -3.0]),
        "zero": np.zeros(2),
        "none": None,
        "nan": np.array([2.0, np.nan]),
        "inf": np.array([np.inf]),
    }
    (axes,) = viz.plot_gradient_flow(gradients).axes
    lines = line_data(axes)
    assert lines["greatest |gradient|"][1] == pytest.approx([3, np.nan, np.nan, 2, np.nan], nan_ok=True)
    assert lines["mean |gradient|"][1] == pytest.approx([2, np.nan, np.nan, 2, np.nan], nan_ok=True)
    (zero_at,), (zero,) = lines["gradient 0 everywhere"]
    (none_at,), (none,) = lines["no gradient (None)"]
    bad_at, bad = lines["NaN or infinite entries"]
    assert (zero_at, none_at, bad_at.tolist()) == (1, 2, [3, 4])
    assert none < zero < 1
    assert (bad > 3).all()
    marks = {line.get_label(): line.get_marker() for line in axes.get_lines()}
    assert len({marks[name] for name in lines}) == 5


def test_gradient_flow_of_complex_gradients():
    (axes,) = viz.plot_gradient_flow({"w": ag.tensor([3 + 4j])}).axes
    assert line_data(axes)["greatest |gradient|"][1] == [5.0]


def test_gradient_flow_refuses():
    with pytest.raises(ValueError, match=r"4 parameters without any\. To mend it: call loss\.backward\(\) first"):
        viz.plot_gradient_flow(mlp())
    with pytest.raises(ValueError, match="0 parameters without any"):
        viz.plot_gradient_flow(nn.Tanh())
    with pytest.raises(TypeError, match=r"model to be an nn\.Module.*got list"):
        viz.plot_gradient_flow([1.0])


# -- plot_confusion_matrix -----------------------------------------------------------------------------


def test_confusion_matrix():
    truth, guess = [0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 1, 0]
    axes = viz.plot_confusion_matrix(truth, guess, ["cat", "dog", "hen"]).axes[0]
    counts = [[2, 1, 0], [0, 2, 0], [1, 0, 0]]
    assert image_of(axes).tolist() == counts
    assert texts(axes.texts) == [str(count) for row in counts for count in row]
    assert texts(axes.get_xticklabels()) == texts(axes.get_yticklabels()) == ["cat", "dog", "hen"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")


@pytest.mark.parametrize(
    ("normalize", "expected"),
    [
        ("true", [[2 / 3, 1 / 3, 0], [0, 1, 0], [1, 0, 0]]),
        ("pred", [[2 / 3, 1 / 3, 0], [0, 2 / 3, 0], [1 / 3, 0, 0]]),
        ("all", [[2 / 6, 1 / 6, 0], [0, 2 / 6, 0], [1 / 6, 0, 0]]),
    ],
)
def test_confusion_matrix_in_shares(normalize, expected):
    axes = viz.plot_confusion_matrix([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 1, 0], normalize=normalize).axes[0]
    assert image_of(axes) == pytest.approx(np.array(expected))
    assert axes.texts[0].get_text() == f"{expected[0][0]:.2f}"


def test_confusion_matrix_of_scores():
    scores = ag.tensor([[0.1, 0.9, 0.0], [0.8, 0.1, 0.0]], requires_grad=True)
    axes = viz.plot_confusion_matrix(ag.tensor([[1], [1]]), scores).axes[0]
    assert image_of(axes).tolist() == [[0, 0, 0], [1, 1, 0], [0, 0, 0]]


def test_numbers_in_cells_can_be_read():
    axes = viz.plot_confusion_matrix([0] * 9 + [1], [0] * 9 + [1]).axes[0]
    assert [text.get_color() for text in axes.texts] == ["white", "black", "black", "black"]
    assert not viz.plot_confusion_matrix(range(30), range(30)).axes[0].texts


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (([0, 1], [0]), r"shapes \(2,\) and \(1,\)"),
        (([], []), "at least one"),
        (([0.5], [0]), "y_true of whole numbers"),
        (([-1], [0]), "y_true of whole numbers.*some below 0"),
        (([0], [["a", "b"]]), "y_pred of whole numbers"),
        (([0, 2], [0, 1], ["a", "b"]), "labels for 3 classes, got 2"),
    ],
)
def test_confusion_matrix_refuses(arguments, match):
    with pytest.raises(ValueError, match=match):
        viz.plot_confusion_matrix(*arguments)


def test_confusion_matrix_refuses_another_norm():
    with pytest.raises(ValueError, match="normalize to be 'true', 'pred', 'all' or None, got 'row'"):
        viz.plot_confusion_matrix([0], [0], normalize="row")
