"""What edges and constants say: broadcasting, sums, detached Tensors."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import viz


def leaf(value, name=None):
    return ag.Tensor(value, requires_grad=True, name=name)


def notes(result):
    view = viz.draw(result, gradients="stored").view
    labels = {node.id: node.label or node.kind for node in view.nodes}
    return {labels[edge.source]: edge.note for edge in view.edges if edge.note}


BIAS = "broadcast (3,) → (64, 3); gradient summed over axis 0"


@pytest.mark.parametrize(
    ("shape", "other", "note"),
    [
        ((3,), (64, 3), BIAS),
        ((), (64, 3), "broadcast () → (64, 3); gradient summed over all axes"),
        ((1, 3), (64, 3), "broadcast (1, 3) → (64, 3); gradient summed over axis 0"),
        ((2, 1, 4), (2, 5, 4), "broadcast (2, 1, 4) → (2, 5, 4); gradient summed over axis 1"),
        ((1, 5, 1), (2, 5, 4), "broadcast (1, 5, 1) → (2, 5, 4); gradient summed over axes 0, 2"),
        ((64, 3), (64, 3), None),
    ],
)
def test_broadcasting(shape, other, note):
    b, x = leaf(np.ones(shape), "b"), leaf(np.ones(other), "x")
    assert notes(x * b).get("b") == note
    # what the note says is what the engine does
    (x * b).sum().backward()
    assert b.grad.shape == shape
    assert float(b.grad._data.ravel()[0]) == np.prod(other) / np.prod(shape)


def test_broadcasting_of_matrices():
    w, x = leaf(np.ones((4, 5)), "w"), leaf(np.ones((7, 3, 4)), "x")
    assert notes(x @ w) == {"w": "broadcast (4, 5) → (7, 4, 5); gradient summed over axis 0"}
    assert notes(leaf(np.ones((3, 4)), "a") @ w) == {}
    assert notes(leaf(np.ones(4), "v") @ w) == {}


def test_sums():
    x = leaf(np.ones((64, 3)), "x")
    assert notes(x.sum(axis=0)) == {"x": "(64, 3) summed over axis 0 → (3,); gradient repeated along axis 0"}
    assert notes(x.sum()) == {"x": "(64, 3) summed over all axes → (); gradient repeated along all axes"}
    assert notes(x.mean(axis=-1)) == {"x": "(64, 3) averaged over axis 1 → (64,); gradient repeated along axis 1"}
    assert notes(ag.broadcast_to(x.sum(axis=0), (5, 3)))["u(2)"].startswith("broadcast (3,) → (5, 3)")


def test_notes_show_in_pictures():
    drawing = viz.draw(leaf(np.ones((64, 3)), "x") * leaf(np.ones(3), "b"), gradients="stored", renderer="own")
    for text in (drawing.svg(), drawing.source, drawing.json()):
        assert "gradient summed over axis 0" in text
    assert "broadcast" in drawing.mermaid()


def test_a_detached_tensor_is_told_from_a_constant():
    x = leaf([1.0, 2.0], "x")
    y = x * 2
    z = (y.detach() * x + ag.Tensor([1.0, 1.0], name="c")).sum()
    nodes = {node.label or node.kind: node for node in viz.draw(z).view.nodes}
    assert nodes["c"].kind == "constant"
    (cut,) = [node for node in nodes.values() if node.kind == "detached"]
    assert cut.expression == "detached"  # from a Tensor that is not in the picture
    assert not cut.requires_grad
    kept = (y.detach() * y).sum()
    (cut,) = [node for node in viz.draw(kept).view.nodes if node.kind == "detached"]
    assert cut.expression == "detach(u(2))"


def test_where_the_source_is_gone_it_is_a_constant():
    x = leaf([1.0, 2.0], "x")
    cut = (x * 2).detach()
    assert [node.kind for node in viz.draw((cut * x).sum()).view.nodes].count("constant") == 1
