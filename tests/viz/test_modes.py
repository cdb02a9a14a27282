"""Modes of the picture: heat with its badges, memory, highlighted paths, and two passes compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import autograd_core as ag
import nn
import viz
from nn import functional as F
from viz.compare import difference
from viz.modes import (
    BADGES,
    EXPLODING,
    MODES,
    MOST_DECADES,
    VANISHING,
    badge_kind,
    bytes_text,
    heat,
    mark_paths,
    memory,
    only_marked,
)

RNG = np.random.default_rng(5)


def leaf(value, name=None):
    return ag.Tensor(value, requires_grad=True, name=name)


def named(value, name):
    value.name = name
    return value


def by_label(view):
    return {node.label: node for node in view.nodes if node.label}


def kinds(node):
    return [badge_kind(badge) for badge in node.badges]


# -- heat ----------------------------------------------------------------------------------------


def test_shades_are_places_on_a_scale_of_powers_of_ten():
    x = leaf(1.0, "x")
    a = named(x * 0.001, "a")
    b = named(a * 10.0, "b")
    view = viz.draw(named(b * 10.0, "c"), mode="heat").view
    shades = {label: node.shade for label, node in by_label(view).items()}
    # Gradients: c 1, b 10, a 100, x 0.1.
    assert shades == {"x": 0.0, "a": 1.0, "b": pytest.approx(2 / 3, abs=1e-3), "c": pytest.approx(1 / 3, abs=1e-3)}
    assert view.legend.ticks == ((0.0, "0.1"), (0.3333, "1"), (0.6667, "10"), (1.0, "1e+02"))


def test_a_mode_changes_nothing_but_how_the_picture_looks():
    x = leaf(RNG.normal(size=(4, 3)), "x")
    y = (ag.relu(x) @ leaf(RNG.normal(size=(3, 2)), "w")).sum()
    plain = viz.draw(y).view
    for mode in MODES:
        view = viz.draw(y, mode=mode).view
        assert view.edges == plain.edges
        assert [replace(node, shade=None, badges=()) for node in view.nodes] == list(plain.nodes)
    assert viz.draw(y, mode="result").view == plain
    assert viz.draw(y).mermaid() == viz.draw(y, mode="result").mermaid()


def test_modes_can_be_repeated():
    x = leaf(RNG.normal(size=(4, 3)), "x")
    view = viz.draw(ag.relu(x).sum()).view
    for mode in (heat, memory):
        assert mode(mode(view)) == mode(view)


def test_not_computed_is_neither_zero_nor_dead():
    x, y = leaf(1.0, "x"), leaf(2.0, "y")
    z = named(x * 0 + y, "z")
    computed = by_label(viz.draw(z, mode="heat").view)
    assert computed["x"].badges == ("dead (gradient 0)",)
    assert computed["x"].shade is None
    assert computed["y"].shade == 1.0
    stored = viz.draw(z, mode="heat", gradients="stored").view
    assert {(node.shade, node.badges) for node in stored.nodes} == {(None, ())}
    assert stored.legend.ticks == ()
    assert "none is known" in stored.legend.title


def test_dead_units_of_a_rectifier():
    x = ag.Tensor(RNG.normal(size=(16, 4)))
    bias = np.array([0.0, -100.0, 0.0, -100.0, -100.0])
    out = named(ag.relu(x @ leaf(RNG.normal(size=(4, 5)), "w") + leaf(bias, "b")), "h")
    nodes = by_label(viz.draw(out.sum(), mode="heat").view)
    assert nodes["h"].badges == ("dead (3 of 5 units)",)
    assert nodes["w"].badges == ()


@pytest.mark.parametrize(("zeros", "badges"), [(9, ("dead (90 % zeros)",)), (8, ())])
def test_a_rectifier_of_other_shapes_by_its_share_of_zeros(zeros, badges):
    x = leaf(np.where(np.arange(10) < zeros, -1.0, 1.0), "x")
    nodes = by_label(viz.draw(named(ag.relu(x), "h").sum(), mode="heat").view)
    assert nodes["h"].badges == badges
    same = by_label(viz.draw(named(x * (x.data > 0), "h").sum(), mode="heat").view)
    assert same["h"].badges == ()  # zeros of other operations say nothing


def test_a_sigmoid_network_whose_gradient_vanishes():
    x = leaf(np.linspace(-1, 1, 6), "x")
    h = x
    for number in range(12):
        h = named(F.sigmoid(h * 0.8), f"h{number}")
    nodes = by_label(viz.draw(h.sum(), mode="heat").view)
    reference = nodes["h11"].gradient_summary.rms
    for name, node in nodes.items():
        if node.gradient_summary is not None:
            assert ("vanishing" in kinds(node)) == (node.gradient_summary.rms < VANISHING * reference), name
    assert kinds(nodes["x"]) == ["vanishing"]
    assert kinds(nodes["h11"]) == []


def test_a_chain_whose_gradient_explodes():
    x = leaf(np.ones(4), "x")
    h = x
    for number in range(6):
        h = named(h * 10.0, f"h{number}")
    view = viz.draw(h.sum(), mode="heat").view
    assert {label for label, node in by_label(view).items() if "exploding" in kinds(node)} == {"x", "h0"}
    assert by_label(view)["x"].gradient_summary.rms > EXPLODING
    assert view.legend.badges == ("exploding",)


def test_very_small_gradients_get_the_first_shade():
    x = leaf(1.0, "x")
    y = named(named(x * 1e-20, "a") * 1.0, "y")
    view = viz.draw(y, mode="heat").view
    assert by_label(view)["x"].shade == 0.0
    assert view.legend.ticks[0] == (0.0, f"≤ {10.0**-MOST_DECADES:.2g}")


def test_the_first_nan_forward_and_backward():
    x = leaf(np.array([1.0, -1.0, 4.0]), "x")
    with np.errstate(invalid="ignore"):
        root = named(np.sqrt(x * 1.0), "root")
        y = named((named(root + 1.0, "more") * 2.0).sum(), "y")
        view = viz.draw(y, mode="heat").view
    nodes = by_label(view)
    assert nodes["root"].badges[0] == "first NaN (value: 1 of 3)"
    assert nodes["more"].badges == ("NaN (value: 1 of 3)",)
    assert nodes["y"].badges == ("NaN (value)",)
    # The gradient of sqrt at -1 is the first one that is no number: that of the root's input.
    assert "first NaN (gradient: 1 of 3)" in nodes["u(2)"].badges
    assert nodes["x"].badges == ("NaN (gradient: 1 of 3)",)
    assert view.legend.badges == ("first NaN", "NaN")
    assert str(view).splitlines()[0].split()[-1] == "remarks"
    assert "first NaN (value: 1 of 3)" in str(view)


def test_a_gradient_of_nan_alone_is_not_dead():
    x = leaf(np.ones(6), "x")
    view = viz.draw((x * np.nan).sum(), mode="heat").view
    assert view.nodes[0].badges == ("first NaN (gradient: 6 of 6)",)
    assert view.nodes[0].shade is None


def test_infinite_numbers():
    x = leaf(np.array([0.0, 1.0]), "x")
    with np.errstate(divide="ignore"):
        y = named(ag.log(x), "y")
        nodes = by_label(viz.draw(named(y * 2.0, "z").sum(), mode="heat").view)
    assert nodes["y"].badges == ("first Inf (value: 1 of 2)",)
    assert nodes["z"].badges == ("Inf (value: 1 of 2)",)
    assert nodes["x"].badges == ("first Inf (gradient: 1 of 2)",)


def test_collapsed_groups_tell_what_is_wrong_inside():
    layers = nn.Sequential(nn.Sequential(nn.Linear(3, 4), nn.ReLU()), nn.Linear(4, 1))
    layers[0][0].bias.data = layers[0][0].bias.data - 100
    with viz.capture(layers):
        loss = layers(np.ones((5, 3), np.float32)).sum()
    drawing = viz.draw(loss, collapse=1, mode="heat")
    group = next(node for node in drawing.view.nodes if node.kind == "group" and node.label == "0")
    assert "dead (inside)" in group.badges
    assert "kept" in str(viz.draw(loss, collapse=1, mode="memory").view)
    opened = drawing.expand("0").view
    assert any(badge.startswith("dead (4 of 4") for node in opened.nodes for badge in node.badges)


def test_every_badge_is_explained_by_a_symbol_and_a_text():
    assert all(len(symbol) == 1 and text for symbol, text in BADGES.values())
    assert badge_kind("NaN (value: 1 of 3)") == "NaN"


# -- memory --------------------------------------------------------------------------------------


def test_bytes_kept_by_node_sum_up_to_the_report():
    x = ag.Tensor(RNG.normal(size=(8, 3)), name="x")
    w = leaf(RNG.normal(size=(3, 4)), "w")
    h = named(np.tanh(x @ w), "h")
    loss = named((h * h).mean(), "loss")
    view = viz.draw(loss, mode="memory").view
    saved = {label: node.saved for label, node in by_label(view).items()}
    assert saved["h"] == 8 * 4 * 8
    assert saved["x"] == 8 * 3 * 8
    assert saved["w"] == 0  # x requires no gradient
    assert sum(saved.values()) == ag.Graph(loss).memory().saved
    assert by_label(view)["h"].badges == ("kept (256 bytes)",)
    assert by_label(view)["h"].shade == 1.0
    assert by_label(view)["w"].shade is None
    assert "448 bytes in all" in view.legend.title


def test_memory_that_nodes_share_is_counted_once():
    x = leaf(np.ones((4, 4)), "x")
    y = named(x.reshape(16) * x.reshape(16), "y")
    view = viz.draw(y.sum(), mode="memory").view
    assert sum(node.saved for node in view.nodes) == 128


def test_several_outputs_count_at_the_first():
    x = leaf(RNG.normal(size=(3, 3)), "x")
    q, r = np.linalg.qr(x)
    loss = (q * r).sum()
    view = viz.draw(loss).view
    assert sum(node.saved for node in view.nodes) == ag.Graph(loss).memory().saved


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1024, "1 KiB"), (1536, "1.5 KiB"), (10**9, "954 MiB"), (10**13, "9.09 TiB")],
)
def test_bytes(count, text):
    assert bytes_text(count) == text


# -- paths ---------------------------------------------------------------------------------------


def test_all_paths_are_marked_and_listed():
    a, b = leaf(2.0, "a"), leaf(-3.0, "b")
    t = named(np.tanh(a * b), "t")
    e = named(t * a, "E")
    drawing = viz.paths(e, a)
    assert [node.label for node in drawing.view.nodes if node.marked] == ["a", "u(3)", "t", "E"]
    marked = [(edge.source, edge.target, edge.position) for edge in drawing.view.edges if edge.marked]
    assert marked == [("n1", "n3", 0), ("n3", "n4", 0), ("n4", "n5", 0), ("n1", "n5", 1)]
    notes = drawing.view.notes
    assert notes[0] == "∂E/∂a: the sum over 2 paths"
    slope = 1 - np.tanh(-6.0) ** 2
    products = [2 * slope * -3, np.tanh(-6.0)]
    for line, product in zip(notes[1:3], products, strict=True):
        assert float(line.split("=")[-1]) == pytest.approx(product, rel=1e-5)
    e.backward()
    assert float(notes[-1].split("=")[-1]) == pytest.approx(a.grad.item(), rel=1e-5)
    assert [node.gradient for node in drawing.view.nodes] == [node.gradient for node in viz.draw(e).view.nodes]


def test_both_edges_of_a_node_used_twice_are_marked():
    x = leaf(3.0, "x")
    view = viz.paths(x * x, x).view
    assert [edge.marked for edge in view.edges] == [True, True]


def test_paths_to_an_inner_node_and_to_the_result_itself():
    x = leaf(2.0, "x")
    y = named(x * 3.0, "y")
    z = named(y * y, "z")
    assert [node.label for node in viz.paths(z, y).view.nodes if node.marked] == ["y", "z"]
    assert [node.label for node in viz.paths(z, z).view.nodes if node.marked] == ["z"]


def test_paths_of_arrays_are_counted():
    x, w = leaf(np.ones((2, 3)), "x"), leaf(np.ones((3, 2)), "w")
    loss = named((x @ w * (x @ w)).sum(), "loss")
    view = viz.explain(loss, w).draw(theme="dark").view
    assert view.notes[-1].startswith("∂loss/∂w: 2 paths over 5 nodes; the gradient: (3, 2) all")
    assert "x" not in {node.label for node in view.nodes if node.marked}


def test_of_large_graphs_only_the_paths_are_drawn():
    x, y = leaf(1.0, "x"), leaf(0.5, "y")
    h = y * 1.0
    for _ in range(100):
        h = np.tanh(h * 1.01)
    view = viz.paths(h + x, x).view
    assert view.nodes[0].label == "x"
    assert len(view.nodes) == 2
    assert any("nodes on no path are left out" in note for note in view.notes)
    assert only_marked(view) == view


def test_only_edges_between_nodes_on_a_path_are_marked():
    x = leaf(2.0, "x")
    y = named(x * 3.0, "y")
    view = mark_paths(viz.draw(named(y + x, "z")).view, result="n2", node="n1")
    assert [node.label for node in view.nodes if node.marked] == ["x", "y"]
    assert [(edge.source, edge.target) for edge in view.edges if edge.marked] == [("n1", "n2")]


def test_paths_to_what_the_result_does_not_depend_on():
    with pytest.raises(ValueError, match="a node that the result depends on"):
        viz.paths(leaf(1.0) * 2, leaf(1.0, "other"))


def test_an_explanation_holds_no_tensor():
    x = leaf(3.0, "x")
    explanation = viz.explain(x * x, x)
    assert explanation == viz.explain(x * x, x)
    assert "view" not in repr(explanation)


# -- two passes ----------------------------------------------------------------------------------


def passes(step=0.1):
    x = ag.Tensor(np.arange(6.0).reshape(3, 2), name="x")
    w, b = leaf(np.ones((2, 2)), "w"), leaf(0.5, "b")

    def forward():
        return named(((x @ w + b) ** 2).mean(), "loss")

    loss = forward()
    before = viz.draw(loss)
    loss.backward()
    for parameter in (w, b):
        parameter.data = parameter.data - step * parameter.grad.data
    return before, viz.draw(forward())


def test_values_and_gradients_before_and_after():
    before, after = passes()
    view = viz.compare(before, after).view
    nodes, old, new = by_label(view), by_label(before.view), by_label(after.view)
    assert nodes["b"].value == f"{old['b'].value} → {new['b'].value}"
    assert nodes["b"].gradient == f"{old['b'].gradient} → {new['b'].gradient}"
    change = new["b"].summary.mean - old["b"].summary.mean
    words = dict(nodes["b"].extra)
    assert float(words["change of value"].split(" ")[0]) == pytest.approx(change, rel=1e-3)
    assert "%" in words["change of gradient"]
    assert nodes["w"].value == f"rms {old['w'].summary.rms:.4g} → {new['w'].summary.rms:.4g}"
    assert nodes["x"].value == new["x"].value
    assert nodes["x"].shade is None
    assert (nodes["x"].extra, nodes["loss"].gradient) == ((), "1")
    assert 0 < nodes["w"].shade <= 1
    assert view.edges == after.view.edges
    assert viz.compare(before.view, after.view).view == view


def test_the_same_pass_twice_has_no_change():
    before, after = passes(step=0.0)
    view = viz.compare(before, after).view
    assert [node.value for node in view.nodes] == [node.value for node in after.view.nodes]
    assert {(node.shade, node.extra) for node in view.nodes} == {(None, ())}
    assert "none has changed" in view.legend.title


def test_tensors_are_drawn_first():
    x = leaf(3.0, "x")
    drawing = viz.compare(x * 2, x * 3, theme="dark", direction="TB")
    assert drawing.view.nodes[-1].value == "6 → 9"
    assert (drawing.theme, drawing.direction) == ("dark", "TB")
    assert dict(drawing.view.nodes[-1].extra)["change of value"] == "+3 (+50 %)"


def test_a_gradient_that_one_pass_did_not_compute():
    x = leaf(3.0, "x")
    stored, computed = viz.draw(x * 2, gradients="stored"), viz.draw(x * 2)
    assert viz.compare(stored, computed).view.nodes[0].gradient == "not computed → 2"
    assert viz.compare(computed, stored).view.nodes[0].gradient == "2 → not computed"


def test_broken_numbers_can_be_compared():
    x, bad = leaf(np.ones(6), "x"), leaf(np.array([1.0, 2.0, 3.0, np.nan, np.inf, 1.0]), "x")
    view = viz.compare(x.sum(), bad.sum()).view
    assert view.nodes[0].value.startswith("rms 1 →")
    assert view.nodes[-1].value == "6 → nan"
    assert dict(view.nodes[-1].extra)["change of value"] == "of what is finite"


@pytest.mark.parametrize(
    ("other", "got"),
    [
        (lambda x: x + 2, r"node 3 is multiply in the first and add in the second"),
        (lambda x: x * 2 * 2, r"node 3 is multiply in the first and multiply in the second|3 nodes|2 nodes|node 3"),
        (lambda x: ag.Tensor(3.0) * leaf(2.0), r"node 1 is leaf in the first and constant in the second"),
        (lambda x: leaf(np.ones(3)) * 2, r"node 1 is leaf in the first and leaf \(3,\) in the second"),
    ],
)
def test_passes_of_other_structure_are_refused(other, got):
    x = leaf(3.0, "x")
    with pytest.raises(ValueError, match=rf"compare: expected two passes of the same structure, got ({got})"):
        viz.compare(x * 2, other(x))


def test_other_edges_between_the_same_nodes_are_refused():
    a, b = leaf(1.0, "a"), leaf(2.0, "b")
    with pytest.raises(ValueError, match="the same nodes, but other edges between them"):
        difference(viz.draw(a * b).view, viz.draw(b * a).view)


def test_only_drawings_views_and_tensors_can_be_compared():
    with pytest.raises(TypeError, match="draw: expected a Tensor"):
        viz.compare(viz.draw(leaf(1.0) * 2), 3.0)
