"""What edges and constants say: broadcasting, sums, detached Tensors."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import viz
from autograd_core.primitive import PRIMITIVES
from nn import functional as F
from viz import flow


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


def ones(*shape):
    return ag.Tensor(np.ones(shape))


# operation -> what calls it, the shapes of its inputs, and per input the axes of the note, if there is one.
SPREAD_CASES = {
    "linear": (F.linear, [(64, 5), (3, 5), (3,)], [None, None, (0,)]),
    "linear in a sequence": (F.linear, [(7, 64, 5), (3, 5), (3,)], [None, None, (0, 1)]),
    "linear without a batch": (F.linear, [(5,), (3, 5), (3,)], [None, None, None]),
    "convolution": (F.conv2d, [(2, 3, 5, 5), (4, 3, 3, 3), (4,)], [None, None, (0, 2, 3)]),
    "transposed_convolution": (F.conv_transpose1d, [(2, 3, 5), (3, 4, 3), (4,)], [None, None, (0, 2)]),
    "layer_norm": (
        lambda x, w, b: F.layer_norm(x, (3, 4), w, b),
        [(6, 2, 3, 4), (3, 4), (3, 4)],
        [None, (0, 1), (0, 1)],
    ),
    "rms_norm": (lambda x, w: F.rms_norm(x, (4,), w), [(6, 4), (4,)], [None, (0,)]),
    "batch_norm": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        [(6, 3, 4), (3,), (3,)],
        [None, (0, 2), (0, 2)],
    ),
    "batch_norm of rows": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        [(6, 3), (3,), (3,)],
        [None, (0,), (0,)],
    ),
    "batch_norm_with_running_statistics": (
        lambda x, w, b: F.batch_norm(x, ones(3), ones(3), w, b),
        [(6, 3, 4), (3,), (3,)],
        [None, (0, 2), (0, 2)],
    ),
    "group_norm": (
        lambda x, w, b: F.group_norm(x, 2, w, b),
        [(6, 4, 5), (4,), (4,)],
        [None, (0, 2), (0, 2)],
    ),
}


def test_every_operation_that_spreads_an_input_is_one_and_has_a_case():
    assert flow.SPREAD.keys() <= PRIMITIVES.keys()
    assert {case.partition(" ")[0] for case in SPREAD_CASES} == flow.SPREAD.keys()


@pytest.mark.parametrize("case", SPREAD_CASES)
def test_biases_and_scales(case):
    function, shapes, axes = SPREAD_CASES[case]
    rng = np.random.default_rng(0)
    inputs = [leaf(rng.standard_normal(shape), name) for name, shape in zip("xwb", shapes)]
    out = function(*inputs)
    expected = {
        name: f"broadcast {shape} → {out.shape}; gradient summed over "
        + (f"axis {over[0]}" if len(over) == 1 else f"axes {', '.join(map(str, over))}")
        for name, shape, over in zip("xwb", shapes, axes)
        if over is not None
    }
    assert notes(out) == expected
    if len(inputs) > 2:  # what the note says is what the engine does
        seed = rng.standard_normal(out.shape)
        out.backward(seed)
        np.testing.assert_allclose(inputs[2].grad._data, seed.sum(axis=axes[2] or ()))


def test_statistics_of_a_normalization_say_nothing():
    x, w, b = leaf(np.arange(24.0).reshape(2, 4, 3), "x"), leaf(np.ones(4), "w"), leaf(np.ones(4), "b")
    _, mean, _ = PRIMITIVES["group_norm"](x, w, b, groups=2, eps=1e-5)
    assert mean.shape == (2, 2)
    assert notes(mean) == {}


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


def detached(result):
    return [node.expression for node in viz.draw(result).view.nodes if node.kind == "detached"]


def test_a_detached_tensor_is_one_whether_or_not_its_source_is_still_there():
    x = leaf([1.0, 2.0], "x")
    source = x * 2
    cut = source.detach()
    again = cut.detach()
    assert detached((cut * x * again).sum()) == ["detached", "detached"]
    del source
    assert detached((cut * x * again).sum()) == ["detached", "detached"]


def test_what_is_detached_and_what_is_not():
    x = leaf([1.0, 2.0], "x")
    y = x * 2
    assert detached((ag.Tensor(y.data) * x).sum()) == ["detached"]
    with ag.no_grad():
        copy = ag.Tensor(y)
    assert detached((copy * x).sum()) == ["detached"]
    assert detached((y.detach().requires_grad_() * x).sum()) == []
    assert detached((ag.Tensor([1.0, 2.0]).detach() * x).sum()) == []
