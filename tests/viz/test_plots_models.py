"""Looks into models: decision boundaries, loss surfaces, filters, feature maps, saliency."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn
import viz
from tests.viz.plot_parts import convolutional, image, image_of, line_data, mlp, texts
from viz.plots import evaluate_grid
from viz.plots.surface import random_directions
from viz.plots.tiles import montage

pytest.importorskip("matplotlib")

X = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]])


# -- evaluate_grid -----------------------------------------------------------------------------------


def test_grid():
    values = evaluate_grid(lambda x, y: ag.tensor([x]) * 10 + y, ag.tensor([1.0, 2.0, 3.0]), [0, 1])
    assert values.dtype == np.float64
    assert values.tolist() == [[10, 20, 30], [11, 21, 31]]


def test_grid_keeps_what_is_not_finite_and_records_nothing():
    w = ag.tensor(1.0, requires_grad=True)
    seen = []

    def f(x, y):
        seen.append((w * x).requires_grad)
        return np.inf if x else np.nan

    assert np.isnan(evaluate_grid(f, [0, 1], [0, 1])[:, 0]).all()
    assert seen == [False] * 4


@pytest.mark.parametrize(
    ("f", "xs", "match"),
    [
        (lambda x, y: [x, y], [0, 1], r"one real number, got shape \(2,\)"),
        (lambda x, y: 1j, [0, 1], "dtype complex128"),
        (lambda x, y: 0, [0], r"xs of at least two numbers, shape \(n,\), got shape \(1,\)"),
        (lambda x, y: 0, [[0, 1]], r"got shape \(1, 2\)"),
    ],
)
def test_grid_refuses(f, xs, match):
    with pytest.raises(ValueError, match=match):
        evaluate_grid(f, xs, [0, 1])


# -- plot_decision_boundary ----------------------------------------------------------------------------


def boundaries(axes):
    """The points of the lines on the picture."""
    lines = [c for c in axes.collections if type(c).__name__ == "QuadContourSet" and not c.filled]
    paths = [path.vertices for line in lines for path in line.get_paths()]
    return np.concatenate(paths) if paths else np.empty((0, 2))


def scatters(axes):
    """The points of each class, by their marker's form."""
    return [c for c in axes.collections if type(c).__name__ == "PathCollection"]


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
@pytest.mark.parametrize("classes", [[0, 1, 0, 1], [-1, 1, -1, 1], [3, 7, 3, 7], [False, True, False, True]])
def test_boundary_of_one_output(shape, classes):
    axes = viz.plot_decision_boundary(lambda x: (x[:, 0] - 1.5).reshape(shape), X, classes, points=33).axes[0]
    assert boundaries(axes)[:, 0] == pytest.approx(1.5)
    first, second = scatters(axes)
    assert first.get_offsets().tolist() == [[0, 0], [0, 4]]
    assert second.get_offsets().tolist() == [[4, 0], [4, 4]]
    names = [str(int(k)) for k in sorted(set(classes))]
    assert texts(axes.get_legend().get_texts()) == [*names, "boundary"]
    assert (axes.get_xlim(), axes.get_ylim()) == ((-0.6, 4.6), (-0.6, 4.6))


def test_boundary_of_probabilities_and_of_a_threshold():
    def model(x):
        return 1 / (1 + np.exp(-(x[:, 0] - 1.0)))

    at_half = viz.plot_decision_boundary(model, X, [0, 1, 0, 1], points=65).axes[0]
    assert boundaries(at_half)[:, 0] == pytest.approx(1.0, abs=0.01)
    given = viz.plot_decision_boundary(model, X, [0, 1, 0, 1], points=65, threshold=1 / (1 + np.exp(-2))).axes[0]
    assert boundaries(given)[:, 0] == pytest.approx(3.0, abs=0.01)


def corners(x):
    """Scores of four classes: each belongs to a corner of the square."""
    return -((x[:, None, :] - X) ** 2).sum(axis=-1)


def test_boundary_of_several_classes():
    axes = viz.plot_decision_boundary(corners, X, [0, 1, 2, 3], points=41, labels=["a", "b", "$c$", "d"]).axes[0]
    points = boundaries(axes)
    assert len(points) > 20
    assert (np.abs(points - 2).min(axis=1) < 1e-6).all(), "on one of the lines x₁ = 2 and x₂ = 2"
    assert texts(axes.get_legend().get_texts()) == ["a", "b", r"\$c\$", "d", "boundary"]
    markers = [c.get_paths()[0].vertices.tobytes() for c in scatters(axes)]
    assert len(set(markers)) == 4


def test_regions_of_several_classes_have_hatches():
    axes = viz.plot_decision_boundary(corners, X, [0, 1, 2, 3], points=9).axes[0]
    filled = [c for c in axes.collections if type(c).__name__ == "QuadContourSet" and c.filled]
    assert [c.hatches for c in filled if c.hatches[0]] == [["///"], ["..."], ["\\\\\\"]]


def test_wrongly_classified_points_have_a_thick_edge():
    axes = viz.plot_decision_boundary(corners, X, [0, 1, 2, 0], points=9).axes[0]
    widths = [list(c.get_linewidths()) for c in scatters(axes)]
    assert widths == [[0.5, 2.0], [0.5], [0.5]]
    assert "wrongly classified" in texts(axes.get_legend().get_texts())


def test_boundary_of_modules_in_evaluation_mode():
    model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.9)).train()
    targets = np.eye(3)[[0, 1, 2, 0]]
    pictures = [viz.plot_decision_boundary(model, ag.tensor(X), targets, points=9)._repr_png_() for _ in range(2)]
    assert pictures[0] == pictures[1]
    assert model[1].training


def test_boundary_where_one_class_takes_all():
    axes = viz.plot_decision_boundary(lambda x: x[:, 0] * 0 - 1, X[:1], [0], points=5).axes[0]
    assert not len(boundaries(axes))
    assert axes.get_xlim() == (-1, 1)


@pytest.mark.parametrize(
    ("x", "y", "options", "match"),
    [
        (X[:, :1], [0] * 4, {}, r"two features per sample, shape \(N, 2\), got shape \(4, 1\)"),
        (X[:0], [], {}, r"got shape \(0, 2\)"),
        (X, [0, 1], {}, r"y of a whole number per sample, shape \(4,\)"),
        (X, [0, 0.5, 1, 1], {}, "y of a whole number"),
        (X, [0, 1, 2, 5], {}, "classes from 0 to 3, one for each output, got class 5"),
        (X, [0, 1, 2, 3], {"labels": ["a"]}, "labels for 4 classes, got 1"),
        (X, [0, 1, 2, 3], {"points": 1}, "points of at least 2"),
    ],
)
def test_boundary_refuses(x, y, options, match):
    with pytest.raises(ValueError, match=match):
        viz.plot_decision_boundary(corners, x, y, **options)


def test_boundary_refuses_models():
    with pytest.raises(ValueError, match=r"two classes at most.*got 3"):
        viz.plot_decision_boundary(lambda x: x[:, 0], X, [0, 1, 2, 0])
    with pytest.raises(ValueError, match=r"scores of shape.*got shape \(\)"):
        viz.plot_decision_boundary(np.sum, X, [0, 1, 0, 1])
    with pytest.raises(TypeError, match="a module or a function, got list"):
        viz.plot_decision_boundary([0], X, [0, 1, 0, 1])


# -- plot_surface --------------------------------------------------------------------------------------


def heights(axes):
    """The values under the filled contours, as the picture's colour bar has them."""
    return next(c for c in axes.collections if type(c).__name__ == "QuadContourSet" and c.filled)


def test_surface_along_given_directions():
    w, b = ag.tensor([3.0, 4.0], requires_grad=True), ag.tensor(1.0, requires_grad=True)
    seen = []

    def loss():
        seen.append((*w.tolist(), b.item()))
        return (w * w).sum() + b

    directions = ([[1, 0], 0.0], np.array([0.0, 2.0, 1.0]))
    figure = viz.plot_surface(loss, [w, b], directions, span=2, points=3)
    assert seen[:9] == [(3 + a, 4 + 2 * c, 1 + c) for c in (-2, 0, 2) for a in (-2, 0, 2)]
    axes = figure.axes[0]
    assert axes.get_title() == "loss surface, 26 at +"
    assert axes.get_xlim() == axes.get_ylim() == (-2, 2)
    assert (w.tolist(), b.item()) == ([3, 4], 1)
    assert axes.get_lines()[-1].get_xydata().tolist() == [[0, 0]]
    levels = heights(axes).levels
    assert levels[0] <= 1 + 0 - 1 < 25 + 64 + 3 <= levels[-1]


def test_surface_has_numbers_on_its_lines():
    w = ag.tensor([1.0, 1.0], requires_grad=True)
    axes = viz.plot_surface(lambda: (w**2).sum(), [w], ([[1, 0]], [[0, 1]]), points=15).axes[0]
    levels = heights(axes).levels
    numbers = {float(text.get_text()) for text in axes.texts}
    assert numbers
    assert numbers <= {float(f"{level:.3g}") for level in levels}


def test_directions_by_name():
    model = mlp()
    before = model[2].bias.tolist()
    seen = []

    def loss():
        seen.append(model[2].bias.tolist())
        return 1.0

    step = np.array([1.0, 0.0, 0.0])
    viz.plot_surface(loss, model, ({"2.bias": step}, {"2.bias": 0 * step}), points=3)
    assert [round(row[0] - before[0], 5) for row in seen[:3]] == [-1, 0, 1]
    assert [row[1:] for row in seen] == [before[1:]] * len(seen)


def test_random_directions_are_normalized_by_filter():
    nn.manual_seed(0)
    layer = nn.Conv2d(2, 3, 3)
    first, second = random_directions(list(layer.parameters()), seed=4)
    for weight, bias in (first, second):
        assert np.linalg.norm(weight.reshape(3, -1), axis=1) == pytest.approx(
            np.linalg.norm(layer.weight.data.reshape(3, -1), axis=1)
        )
        assert not bias.any()
    assert not np.allclose(first[0], second[0])
    again, _ = random_directions(list(layer.parameters()), seed=4)
    assert np.array_equal(again[0], first[0])


def test_surface_with_holes_and_logarithmic():
    w = ag.tensor([1.0], requires_grad=True)
    axes = viz.plot_surface(lambda: ag.log(w.sum()), [w], ([[1.0]], [[0.0]]), span=0.5, points=5).axes[0]
    assert heights(axes).levels[0] <= np.log(0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        figure = viz.plot_surface(lambda: ag.log(w.sum()), [w], ([[1.0]], [[0.0]]), span=2, points=5, scale="log")
    levels = heights(figure.axes[0]).levels
    assert levels[0] == pytest.approx(np.log(2))
    assert np.diff(np.log(levels)) == pytest.approx(np.diff(np.log(levels))[0])


def test_surface_that_is_flat():
    w = ag.tensor([1.0], requires_grad=True)
    assert viz.plot_surface(lambda: 5.0, [w], points=3).axes[0].get_title() == "loss surface, 5 at +"
    assert viz.plot_surface(lambda: 5.0, w, points=3, scale="log").axes[0].get_title() == "loss surface, 5 at +"


@pytest.mark.parametrize(
    ("arguments", "options", "error", "match"),
    [
        ([3.0], {}, TypeError, "the Tensors that the loss depends on, got float"),
        ([[]], {}, TypeError, "got none"),
        ([[ag.tensor([1.0, 2.0])], ([[1.0, 1.0]],)], {}, ValueError, "two directions, got tuple of 1"),
        ([[ag.tensor([1.0, 2.0])], ([[1.0]], [[1.0]])], {}, ValueError, r"shapes \(2,\), or flat, got \(1,\)"),
        ([[ag.tensor([1.0, 2.0])]], {"span": 0}, ValueError, "a positive span"),
        ([[ag.tensor([1.0, 2.0])]], {"points": 2}, ValueError, "points of at least 3"),
        ([[ag.tensor([1.0, 2.0])]], {"points": 3.5}, TypeError, "points to be an integer"),
        ([[ag.tensor([1.0, 2.0])]], {"scale": "cubic"}, ValueError, "scale to be 'linear' or 'log'"),
    ],
)
def test_surface_refuses(arguments, options, error, match):
    with pytest.raises(error, match=match):
        viz.plot_surface(lambda: 1.0, *arguments, **options)


def test_surface_refuses_what_is_nowhere_finite():
    w = ag.tensor([1.0])
    with pytest.raises(ValueError, match="plot_surface: expected a loss that is finite somewhere, got"):
        viz.plot_surface(lambda: np.nan, w, points=3)
    with pytest.raises(ValueError, match="finite somewhere, and positive"):
        viz.plot_surface(lambda: -1.0, w, points=3, scale="log")


# -- tiles ---------------------------------------------------------------------------------------------


def test_montage():
    picture = montage(np.arange(12.0).reshape(3, 2, 2), 2)
    expected = [[0, 1, None, 4, 5], [2, 3, None, 6, 7], [None] * 5, [8, 9, *[None] * 3], [10, 11, *[None] * 3]]
    assert np.array_equal(picture, np.array(expected, dtype=float), equal_nan=True)


def test_filters_of_one_channel():
    model = convolutional()
    axes = viz.plot_filters(model).axes[0]
    weight = model[0].weight.data[:, 0]
    assert np.array_equal(image_of(axes), montage(weight, 2), equal_nan=True)
    low, high = axes.get_images()[0].get_clim()
    assert high == -low == pytest.approx(np.abs(weight).max())
    assert axes.get_title() == "0 Conv2d: 4 filters of 1 input channel"


def test_filters_of_several_channels():
    weight = np.random.default_rng(0).standard_normal((3, 2, 4, 5))
    axes = viz.plot_filters(weight).axes[0]
    assert np.array_equal(image_of(axes), montage(weight.reshape(6, 4, 5), 2), equal_nan=True)
    assert texts(axes.get_xticklabels()) == ["0", "1"]
    assert texts(axes.get_yticklabels()) == ["0", "1", "2"]
    assert axes.get_yticks() == pytest.approx([1.5, 6.5, 11.5])
    assert axes.get_title() == "weight: 3 filters of 2 input channels"
    chosen = viz.plot_filters(weight, channel=1, columns=3).axes[0]
    assert np.array_equal(image_of(chosen), montage(weight[:, 1], 3), equal_nan=True)
    fewer = viz.plot_filters(weight, most=1).axes[0]
    assert np.array_equal(image_of(fewer), weight[0, 0])
    assert fewer.get_title().endswith(", 1 × 1 drawn")


def test_filters_of_signals():
    layer = nn.Conv1d(1, 2, 3)
    assert np.array_equal(
        image_of(viz.plot_filters(layer, columns=1).axes[0]), montage(layer.weight.data, 1), equal_nan=True
    )
    assert viz.plot_filters(ag.zeros((2, 1, 3, 3))).axes[0].get_images()[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(
    ("layer", "options", "error", "match"),
    [
        (nn.Linear(2, 2), {}, ValueError, "a Conv1d or Conv2d, or a model with one, got a Linear without any"),
        ("0", {}, TypeError, "a convolution, a model, or a weight, got str"),
        (np.ones((2, 2)), {}, ValueError, r"a weight of shape.*got shape \(2, 2\)"),
        (np.ones((2, 0, 3, 3)), {}, ValueError, "a weight of shape"),
        (nn.Conv2d(2, 2, 3), {"channel": 2}, ValueError, "channel from 0 to 1, got 2"),
        (nn.Conv2d(1, 2, 3), {"columns": 0}, ValueError, "columns of at least 1"),
    ],
)
def test_filters_refuse(layer, options, error, match):
    with pytest.raises(error, match=match):
        viz.plot_filters(layer, **options)


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("by_path", [False, True])
def test_feature_maps(batch, by_path):
    model = convolutional()
    x = image()[None] if batch else image()
    axes = viz.plot_feature_maps(model, x, "2" if by_path else model[2]).axes[0]
    model.eval()
    expected = model[2](model[1](model[0](image()[None]))).detach().numpy()[0]
    assert np.array_equal(image_of(axes), montage(expected, 2), equal_nan=True)
    assert axes.get_title() == "2 ReLU: 4 channels"


def test_feature_maps_of_other_shapes():
    model = nn.Sequential(nn.Conv1d(2, 3, 3), nn.Flatten(), nn.Linear(18, 5))
    x = np.ones((1, 2, 8), np.float32)
    axes = viz.plot_feature_maps(model, x, "0", most=2).axes[0]
    assert image_of(axes) == pytest.approx(model[0](x).detach().numpy()[0, :2])
    assert axes.get_title() == "0 Conv1d: 3 channels, 2 drawn"
    units = viz.plot_feature_maps(model, x, "2").axes[0]
    assert image_of(units) == pytest.approx(model(x).detach().numpy().reshape(5, 1))


def test_feature_maps_refuse():
    model = convolutional()
    for layer, match in (("9", "layer to be one of 0, 1, 2.*got '9'"), (nn.ReLU(), "a ReLU that is not in the model")):
        with pytest.raises(ValueError, match=match):
            viz.plot_feature_maps(model, image(), layer)
    with pytest.raises(TypeError, match="layer to be a path"):
        viz.plot_feature_maps(model, image(), 2)
    with pytest.raises(TypeError, match=r"model to be an nn\.Module, got function"):
        viz.plot_feature_maps(lambda x: x, image(), "0")
    with pytest.raises(ValueError, match=r"x to be one sample.*got shape \(2, 1, 8, 8\)"):
        viz.plot_feature_maps(model, np.stack([image()] * 2), "0")
    with pytest.raises(ValueError, match="no call of the layer"):
        viz.plot_feature_maps(Unused(), np.ones((1, 2)), "layer")


class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x):
        return ag.tensor(x) * 2


# -- plot_saliency -------------------------------------------------------------------------------------


def test_saliency_is_the_derivative():
    model = convolutional()
    left, right = viz.plot_saliency(model, image(), target=2).axes[:2]
    model.eval()
    x = ag.tensor(image()[None], requires_grad=True)
    (expected,) = ag.gradients(model(x)[0, 2], x)
    assert image_of(right) == pytest.approx(np.abs(expected.data[0, 0]))
    assert np.array_equal(image_of(left), image()[0])
    score = model(x)[0, 2].item()
    assert right.get_title() == f"saliency of class 2 (score {score:.4g})"


def test_saliency_of_the_greatest_score_and_of_colours():
    def model(x):
        return ag.stack([x.sum(), (x[:, 0] * 3).sum() + (x[:, 1] * -5).sum()]).reshape((1, 2))

    x = np.zeros((1, 3, 2, 2))
    x[0, 0] = 1.0
    left, right = viz.plot_saliency(model, x).axes[:2]
    assert right.get_title() == "saliency of class 1 (score 12)"
    assert image_of(right).tolist() == [[5, 5], [5, 5]]
    assert image_of(left)[0, 0].tolist() == [1, 0, 0]


def test_saliency_of_pixels_in_one_row():
    layer = nn.Linear(6, 1)
    right = viz.plot_saliency(layer, np.arange(6).reshape(1, 6), shape=(2, 3)).axes[1]
    assert image_of(right) == pytest.approx(np.abs(layer.weight.data.reshape(2, 3)))
    alone = viz.plot_saliency(lambda x: x.sum(axis=(1, 2)), np.ones((1, 2, 3))).axes[1]
    assert image_of(alone).tolist() == [[1, 1, 1]] * 2
    constant = viz.plot_saliency(lambda x: ag.tensor([[1.0, 2.0]]), np.ones((1, 2, 3))).axes[1]
    assert not image_of(constant).any()


@pytest.mark.parametrize(
    ("model", "x", "options", "error", "match"),
    [
        (3, image(), {}, TypeError, "a module or a function, got int"),
        (convolutional(), image()[0], {}, ValueError, r"x to be one sample.*got shape \(8, 8\)"),
        (convolutional(), image(), {"target": 3}, ValueError, "target from 0 to 2, got 3"),
        (convolutional(), image(), {"target": 1.0}, ValueError, "target from 0 to 2"),
        (nn.Linear(6, 1), np.ones((1, 6)), {}, ValueError, r"an image \(C, H, W\), got a sample of shape \(6,\)"),
        (nn.Linear(6, 1), np.ones((1, 6)), {"shape": (2, 2)}, ValueError, "shape to hold 6 pixels"),
        (lambda x: x, image()[None], {}, ValueError, r"scores of shape.*got shape \(1, 1, 8, 8\)"),
        (lambda x: 3.0, image()[None], {}, ValueError, "got no Tensor"),
    ],
)
def test_saliency_refuses(model, x, options, error, match):
    with pytest.raises(error, match=match):
        viz.plot_saliency(model, x, **options)


def test_lines_of_the_boundary_are_in_the_legend():
    assert "boundary" in line_data(viz.plot_decision_boundary(corners, X, [0, 1, 2, 3], points=5).axes[0])
