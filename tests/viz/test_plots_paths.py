"""The ways of optimizers: what ``plot_paths`` draws, and that nothing is changed by looking."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
import viz
from viz.plots.paths import principal_directions

pytest.importorskip("matplotlib")


def valley(p):
    return 0.5 * (p[0] ** 2 + 20 * p[1] ** 2)


def rosenbrock(p):
    return 100 * (p[1] - p[0] ** 2) ** 2 + (1 - p[0]) ** 2


def sgd(parameters):
    return optim.SGD(parameters, lr=0.04)


def drawn(figure):
    """Label -> the points of its line."""
    lines = figure.axes[0].get_lines()
    return {line.get_label(): line.get_xydata() for line in lines if not line.get_label().startswith("_")}


def texts(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def network():
    nn.manual_seed(0)
    net = nn.MLP([2, 4, 1], activation=nn.Tanh, dtype="float64")
    x = np.random.default_rng(0).standard_normal((20, 2))
    y = x[:, :1] * x[:, 1:]
    return net, lambda: nn.functional.mse_loss(net(x), y)


# -- functions of a point ------------------------------------------------------------------------


def test_a_path_is_what_the_optimizer_does():
    figure = viz.plot_paths(valley, {"SGD": sgd}, start=[10, 1], steps=5, points=5)
    point, expected = np.array([10.0, 1.0]), []
    for _ in range(6):
        expected.append(point)
        point = point - 0.04 * np.array([1.0, 20.0]) * point
    np.testing.assert_allclose(drawn(figure)[f"SGD: {valley(expected[-1]):.2g}"], expected, rtol=1e-13)
    np.testing.assert_array_equal(drawn(figure)["start"], [[10.0, 1.0]])


def test_given_points_are_drawn_as_they_are():
    points = np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 0.0]])
    figure = viz.plot_paths(valley, {"an array": points, "a Tensor": ag.tensor(points), "a list": points.tolist()})
    for name in ("an array", "a Tensor", "a list"):
        np.testing.assert_array_equal(drawn(figure)[f"{name}: 0"], points)


def test_methods_of_second_order_and_closures_of_their_own():
    def residuals(p):
        return ag.stack([10 * (p[1] - p[0] ** 2), 1 - p[0]])

    ways = {
        "Newton": lambda parameters: optim.Newton(parameters),
        "LM": (lambda parameters: optim.LevenbergMarquardt(parameters), residuals),
        "CG": lambda parameters: optim.ConjugateGradient(parameters),
        "LBFGS": lambda parameters: optim.LBFGS(parameters, line_search_fn="strong_wolfe"),
    }
    figure = viz.plot_paths(rosenbrock, ways, start=[-1.2, 1.0], steps={"Newton": 22, "LM": 20, "CG": 40, "LBFGS": 3})
    assert len(drawn(figure)) == 5
    for label, points in drawn(figure).items():
        if label != "start":
            np.testing.assert_array_equal(points[0], [-1.2, 1.0])
            np.testing.assert_allclose(points[-1], [1.0, 1.0], atol=1e-4)
            assert float(label.split(": ")[1]) < 1e-8


def test_a_closure_of_its_own_does_not_change_the_surface():
    tilted = viz.plot_paths(valley, {"x": (sgd, lambda p: valley(p) + p[0])}, start=[1, 1], steps=50, points=7)
    (points,) = (points for label, points in drawn(tilted).items() if label != "start")
    assert points[-1, 0] < -0.5
    assert texts(tilted)[0] == f"x: {valley(points[-1]):.2g}"


def test_the_surface_is_that_of_the_function():
    figure = viz.plot_paths(valley, {"a": [[-2, -1], [2, 1]]}, xlim=(-3, 3), ylim=(-2, 2), points=31, scale="linear")
    axes = figure.axes[0]
    assert axes.get_xlim() == (-3, 3)
    assert axes.get_ylim() == (-2, 2)
    lines = axes.collections[-1]
    seen = 0
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        for vertex in path.vertices:
            assert valley(vertex) == pytest.approx(level, abs=0.6)
            seen += 1
    assert seen > 100


@pytest.mark.parametrize(
    ("f", "scale", "name"),
    [
        (rosenbrock, "auto", "log"),
        (lambda p: p[0] + p[1], "auto", "linear"),
        (lambda p: 5.0 + p[0] ** 2, "auto", "linear"),
        (rosenbrock, "linear", "linear"),
    ],
)
def test_the_scale_of_the_levels(f, scale, name):
    figure = viz.plot_paths(f, {"a": [[-1.0, 0.0], [1.0, 1.0]]}, scale=scale, points=9)
    levels = figure.axes[0].collections[0].levels
    assert np.allclose(np.diff(np.log(levels) if name == "log" else levels, n=2), 0)
    assert levels.max() > 0


def test_zero_is_in_the_lowest_band():
    figure = viz.plot_paths(valley, {"a": [[-1.0, 0.0], [1.0, 1.0]]}, xlim=(-1, 1), ylim=(-1, 1), points=5, scale="log")
    assert figure.axes[0].collections[0].levels[0] == pytest.approx(1e-6 * 10.5)


def test_a_path_ends_where_it_leaves_the_finite_numbers():
    wild = viz.plot_paths(lambda p: (p**4).sum(), {"SGD": sgd}, start=[9.0, 9.0], xlim=(-10, 10), ylim=(-10, 10))
    (points,) = (points for label, points in drawn(wild).items() if label != "start")
    assert np.isfinite(points).all()
    assert 1 < len(points) < 20
    given = viz.plot_paths(valley, {"a": [[1, 1], [0.5, 0.5], [np.nan, 0], [3, 3]]})
    assert len(drawn(given)["a: 2.6"]) == 2


def test_everything_can_be_told_apart_without_colours():
    ways = {str(number): [[number, 0.0], [number, 1.0 + number]] for number in range(10)}
    lines = [line for line in viz.plot_paths(valley, ways, points=5).axes[0].get_lines() if line.get_label()[0] != "_"]
    signs = {(line.get_marker(), line.get_linestyle()) for line in lines}
    assert len(signs) == len(lines) == 11


def test_the_picture_holds_all_points_and_markers_keep_apart():
    figure = viz.plot_paths(valley, {"SGD": lambda p: optim.SGD(p, lr=0.001)}, start=[10, 1], steps=300)
    axes = figure.axes[0]
    (line,) = (line for line in axes.get_lines() if line.get_label().startswith("SGD"))
    points = line.get_xydata()
    for values, (low, high) in zip(points.T, (axes.get_xlim(), axes.get_ylim()), strict=True):
        assert low < values.min() < values.max() < high
    assert len(points) == 301
    assert 5 < len(line.get_markevery()) < 60
    ends = [other for other in axes.get_lines() if other.get_markersize() > 8 and len(other.get_xydata()) == 1]
    assert any((other.get_xydata() == points[-1:]).all() for other in ends)


def test_names_are_text():
    figure = viz.plot_paths(valley, {"_$x^2$": [[0, 0], [1, 1]]}, points=5)
    assert texts(figure)[0] == r" _\$x^2\$: 10"


def test_in_axes_that_are_given():
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.add_subplot(1, 2, 2)
    assert viz.plot_paths(valley, {"a": [[0, 0], [1, 1]]}, points=5, ax=axes) is figure
    assert axes.get_legend() is not None


# -- networks ------------------------------------------------------------------------------------


def test_a_network_is_what_it_was_before():
    net, loss = network()
    net.train()
    table = loss()
    table.backward()
    values = {name: p._data for name, p in net.named_parameters()}
    copies = {name: p._data.copy() for name, p in net.named_parameters()}
    gradients = {name: p.grad for name, p in net.named_parameters()}
    pending = loss()
    ways = {"SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9), "Newton": lambda p: optim.Newton(p)}
    viz.plot_paths(loss, ways, steps=3, parameters=net, points=3)
    with pytest.raises(ZeroDivisionError):
        viz.plot_paths(loss, {"bad": (lambda p: optim.SGD(p, lr=0.1), lambda: 1 / 0)}, parameters=net, points=3)
    assert net.training
    for name, p in net.named_parameters():
        assert p._data is values[name]
        np.testing.assert_array_equal(p._data, copies[name])
        assert p.grad is gradients[name]
    pending.backward()


def test_an_optimizer_of_ones_own_that_writes_in_place():
    class Half:
        def __init__(self, parameters):
            self.parameters = parameters

        def step(self, closure):
            closure()
            for parameter in self.parameters:
                parameter._data *= 0.5

    w = ag.tensor([4.0, 8.0], requires_grad=True)
    figure = viz.plot_paths(lambda: (w * w).sum(), {"half": Half}, parameters=[w], steps=2, points=3)
    assert texts(figure)[0] == "half: 5"
    assert w.tolist() == [4.0, 8.0]


def test_networks_are_drawn_in_evaluation_mode():
    net = nn.Sequential(nn.Linear(2, 30), nn.Dropout(0.5), nn.Linear(30, 1)).double()
    x = np.random.default_rng(0).standard_normal((20, 2))

    def loss():
        return (net(x) ** 2).mean()

    point = nn.utils.parameters_to_vector(net.parameters()).detach().numpy()[None]
    nn.manual_seed(5)
    figure = viz.plot_paths(loss, {"a": point}, parameters=net, points=3)
    drawn_next = nn.Dropout(0.5)(np.ones(50)).numpy()
    nn.manual_seed(5)
    np.testing.assert_array_equal(drawn_next, nn.Dropout(0.5)(np.ones(50)).numpy())
    assert net.training
    assert texts(figure)[0] == f"a: {(net.eval(), loss().item())[1]:.2g}"


def test_the_paths_of_a_network_are_those_of_training():
    net, loss = network()
    trained = {}

    def recorded(parameters):
        optimizer = optim.Adam(parameters, lr=0.05)
        optimizer.register_step_post_hook(
            lambda *_: trained.setdefault("visited", []).append(
                nn.utils.parameters_to_vector(parameters).detach().numpy().copy()
            )
        )
        return optimizer

    figure = viz.plot_paths(loss, {"Adam": recorded}, steps=30, parameters=net, points=3)
    first = nn.utils.parameters_to_vector(net.parameters()).detach().numpy()
    visited = np.stack([first, *trained["visited"]])
    again = viz.plot_paths(loss, {"Adam": visited}, parameters=net, points=3)
    (label, points), _ = drawn(figure).items()
    np.testing.assert_allclose(points, drawn(again)[label], atol=1e-12)
    nn.utils.vector_to_parameters(ag.tensor(visited[-1]), net.parameters())
    assert label == f"Adam: {loss().item():.2g}"


def test_principal_directions_are_those_of_the_covariance():
    rng = np.random.default_rng(1)
    points = rng.standard_normal((40, 6)) * [5.0, 3.0, 0.5, 0.3, 0.2, 0.1]
    values, vectors = np.linalg.eigh(np.cov(points.T))
    found = principal_directions(points)
    np.testing.assert_allclose(np.abs(np.sum(found * vectors[:, [-1, -2]].T, axis=1)), 1.0, rtol=1e-9)
    np.testing.assert_allclose(found @ found.T, np.eye(2), atol=1e-12)
    for sign in (1, -1):
        signed = principal_directions(sign * points)
        np.testing.assert_allclose(signed, found, atol=1e-9)
        assert (signed.max(axis=1) == np.abs(signed).max(axis=1)).all()

    w = ag.tensor(np.zeros(6), requires_grad=True)
    figure = viz.plot_paths(lambda: (w * w).sum(), {"a": points}, parameters=[w], points=3)
    shares = values[::-1][:2] / values.sum()
    axes = figure.axes[0]
    assert axes.get_xlabel() == f"first principal direction, {shares[0]:.0%} of the variance"
    assert axes.get_ylabel() == f"second principal direction, {shares[1]:.0%} of the variance"
    (drawn_points,) = (p for label, p in drawn(figure).items() if label != "start")
    np.testing.assert_allclose(drawn_points, (points - points.mean(axis=0)) @ found.T, atol=1e-12)


@pytest.mark.parametrize("points", [[[1, 2, 3]], [[0, 0, 0], [1, 1, 1], [2, 2, 2]]])
def test_paths_that_are_straight_or_do_not_move(points):
    w = ag.tensor(np.zeros(3), requires_grad=True)
    figure = viz.plot_paths(lambda: (w * w).sum(), {"a": np.array(points, float)}, parameters=[w], points=5)
    (places,) = (p for label, p in drawn(figure).items() if label != "start")
    spread = np.linalg.norm(np.array(points[0], float) - points[-1])
    assert np.linalg.norm(places[0] - places[-1]) == pytest.approx(spread, abs=1e-9)


def test_directions_of_ones_own():
    w = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    ways = {"a": np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 3.0], [3.0, 6.0, 4.0]])}
    directions = ([np.array([2.0, 0.0, 0.0])], [np.array([1.0, 4.0, 0.0])])
    figure = viz.plot_paths(
        lambda: (w * w).sum(), ways, parameters=[w], directions=directions, points=41, xlim=(-1, 2), ylim=(-1, 2)
    )
    axes = figure.axes[0]
    # (3, 6, 4) − (1, 2, 3) = (2, 4, 1) = 0.5 · (2, 0, 0) + 1 · (1, 4, 0) + what is at right angles to both
    np.testing.assert_allclose(drawn(figure)["a: 61"], [[0, 0], [1, 0], [0.5, 1]], atol=1e-12)
    total = 4 + (4 + 16 + 1)
    assert axes.get_xlabel() == f"a, along direction 1, {(4 + 4) / total:.0%} of the variance"
    assert axes.get_ylabel() == f"b, along direction 2, {(4 / 17 + 18**2 / 17) / total:.0%} of the variance"
    lines = axes.collections[-1]
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        for a, b in path.vertices:
            point = np.array([1 + 2 * a + b, 2 + 4 * b, 3])
            assert point @ point == pytest.approx(level, abs=0.3)


def test_float32_networks_and_other_losses():
    nn.manual_seed(0)
    net = nn.MLP([2, 3, 2])
    x, y = nn.data.moons(20, generator=0).tensors
    batches = iter(range(1000))

    def minibatch():
        part = slice(next(batches) % 4, None, 4)
        return nn.functional.cross_entropy(net(x[part]), y[part])

    figure = viz.plot_paths(
        lambda: nn.functional.cross_entropy(net(x), y),
        {"full": lambda p: optim.SGD(p, lr=0.5), "minibatch": (lambda p: optim.SGD(p, lr=0.5), minibatch)},
        parameters=net,
        steps=8,
        points=3,
    )
    assert next(batches) == 8
    assert len(drawn(figure)) == 3
    assert {p.dtype for p in net.parameters()} == {np.dtype("float32")}


# -- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "match", "paths", "options"),
    [
        (TypeError, "paths as .* got list, without names", [[0, 0]], {}),
        (TypeError, "paths as", {}, {}),
        (TypeError, "expected a to be points, .* got str", {"a": "SGD"}, {}),
        (TypeError, "expected a to be points, .* got SGD", {"a": optim.SGD([ag.tensor(0.0, requires_grad=True)])}, {}),
        (TypeError, "a function that makes an optimizer, with a method step, got list", {"a": list}, {"start": [0, 0]}),
        (ValueError, r"expected a of shape \(n, 2\): .* got shape \(3,\)", {"a": [1, 2, 3]}, {}),
        (ValueError, r"got shape \(0, 2\)", {"a": np.zeros((0, 2))}, {}),
        (ValueError, "expected a to begin at a finite point", {"a": [[np.inf, 0]]}, {}),
        (ValueError, "start: the two numbers at which a, b begins, got none", {"a": sgd, "b": sgd}, {}),
        (ValueError, r"got shape \(3,\)", {"a": sgd}, {"start": [1, 2, 3]}),
        (ValueError, "expected steps of a, got none", {"a": sgd}, {"start": [1, 2], "steps": {"b": 1}}),
        (TypeError, "steps to be an integer, got 2.5", {"a": sgd}, {"start": [1, 2], "steps": 2.5}),
        (ValueError, "steps of at least 1, got 0", {"a": sgd}, {"start": [1, 2], "steps": 0}),
        (ValueError, "points of at least 3, got 2", {"a": [[0, 0]]}, {"points": 2}),
        (ValueError, r"xlim as \(low, high\), got \(1, -1\)", {"a": [[0, 0]]}, {"xlim": (1, -1)}),
        (ValueError, "scale to be 'auto', 'linear' or 'log', got 'cubic'", {"a": [[0, 0]]}, {"scale": "cubic"}),
        (ValueError, "got directions without parameters", {"a": [[0, 0]]}, {"directions": ([1, 0], [0, 1])}),
        (TypeError, "ax to be one axes", {"a": [[0, 0]]}, {"ax": 3}),
    ],
)
def test_wrong_arguments(error, match, paths, options):
    with pytest.raises(error, match=match) as raised:
        viz.plot_paths(valley, paths, **options)
    assert str(raised.value).startswith("plot_paths: ")


def test_wrong_arguments_for_networks():
    w = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)

    def loss():
        return (w * w).sum()

    with pytest.raises(ValueError, match=r"a start, or the parameters of a network, .* got both"):
        viz.plot_paths(loss, {"a": sgd}, parameters=[w], start=[0, 0])
    with pytest.raises(ValueError, match=r"expected a of shape \(n, 3\)"):
        viz.plot_paths(loss, {"a": [[0, 0]]}, parameters=[w])
    with pytest.raises(ValueError, match="directions to be 'principal' or 'two directions', got 'random'"):
        viz.plot_paths(loss, {"a": sgd}, parameters=[w], directions="random")
    with pytest.raises(ValueError, match="two directions that do not depend on each other"):
        viz.plot_paths(loss, {"a": sgd}, parameters=[w], directions=(np.ones(3), 2 * np.ones(3)))
    with pytest.raises(ValueError, match="plot_paths: expected directions of the parameters' shapes"):
        viz.plot_paths(loss, {"a": sgd}, parameters=[w], directions=(np.ones(2), np.ones(2)))
    with pytest.raises(TypeError, match="plot_paths: expected parameters to be a module"):
        viz.plot_paths(loss, {"a": sgd}, parameters=[3.0])
    one = ag.tensor([1.0], requires_grad=True)
    with pytest.raises(ValueError, match="at least two parameters, got 1"):
        viz.plot_paths(lambda: (one * one).sum(), {"a": sgd}, parameters=[one])
    assert w.tolist() == [1.0, 2.0, 3.0]


def test_without_pyplot():
    program = (
        "import sys, viz; viz.plot_paths(lambda p: p[0] ** 2 + p[1] ** 2, {'a': [[0, 1], [1, 0]]}, points=3); "
        "print('matplotlib.pyplot' in sys.modules, 'optim' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
