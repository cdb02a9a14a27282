"""Parts of a graph: neighbourhoods, paths, the largest gradients."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import viz


def leaf(value, name=None):
    return ag.Tensor(value, requires_grad=True, name=name)


def diamond():
    """x -> a -> b, c -> d, and y -> d."""
    x, y = leaf(2.0, "x"), leaf(5.0, "y")
    a = np.sin(x)
    b, c = a * 2, np.exp(a)
    d = b * c + y
    for name, node in (("a", a), ("b", b), ("c", c), ("d", d)):
        node.name = name
    return x, y, a, b, c, d


def shown(drawing):
    return {node.label for node in drawing.view.nodes if node.kind not in ("more", "number")}


def signs(drawing):
    return [node.label for node in drawing.view.nodes if node.kind == "more"]


def test_around():
    x, _, a, b, _, d = diamond()
    assert shown(viz.draw(d, only=viz.around(a, hops=1))) == {"x", "a", "b", "c"}
    assert shown(viz.draw(d, only=viz.around("a", hops=1))) == {"x", "a", "b", "c"}
    assert shown(viz.draw(d, only=viz.around(x, hops=1))) == {"x", "a"}
    assert "y" in shown(viz.draw(d, only=viz.around(b, hops=3)))
    note = viz.draw(d, only=viz.around(a, hops=1)).view.notes[-1]
    assert note == "Part of a graph of 7 nodes: 1 hop around a (4 nodes)."


def test_a_part_is_described_by_what_the_picture_calls_its_nodes():
    x = leaf(2.0)
    y = x * 3
    z = y + 1
    for drawing in (viz.draw(z, only=viz.path(y, z)), viz.draw(z).path(y, z), viz.draw(z).path("u(2)", "u(3)")):
        assert "all paths between u(2) and u(3) (2 nodes)" in drawing.view.notes[-1]
    with viz.capture():
        square = y * y
    assert "around square" in viz.draw(square, only=viz.around(square, hops=1)).view.notes[-1]


def test_what_is_left_out_is_counted():
    x, _, a, _, _, d = diamond()
    drawing = viz.draw(d, only=viz.around(x, hops=1))
    assert signs(drawing) == ["2 uses elsewhere"]
    drawing = viz.draw(d, only=viz.around(d, hops=1))
    assert signs(drawing) == ["2 more"]
    assert signs(viz.draw(d).around(a, hops=1)) == ["1 use elsewhere", "1 use elsewhere"]


@pytest.mark.parametrize("ends", [("x", "d"), ("d", "x")])
def test_path(ends):
    _, _, _, _, _, d = diamond()
    assert shown(viz.draw(d, only=viz.path(*ends))) == {"x", "a", "b", "c", "d", "u(6)"}
    assert shown(viz.draw(d).path(*ends)) == {"x", "a", "b", "c", "d", "u(6)"}
    assert shown(viz.draw(d).path("b", "d")) == {"b", "u(6)", "d"}


def test_top_by_gradient_and_by_bytes():
    w = leaf(np.ones((3, 4)), "w")
    b = leaf(np.ones(4), "b")
    loss = ((w * 100.0 + b) * 0.5).sum()
    drawing = viz.draw(loss, only=viz.top(1))
    assert shown(drawing) == {"w", "u(3)", "u(4)", "u(5)", "u(6)"}
    table = loss.backward(keep="all")
    rms = {node: float(np.sqrt(np.mean(np.square(table[node]._data)))) for node in table}
    assert max(rms, key=rms.get) is w
    assert shown(viz.draw(loss).top(1)) == shown(drawing)
    assert shown(viz.draw(loss, only=viz.top(2, by="bytes"))) >= {"w", "u(6)"}
    assert "b" not in shown(viz.draw(loss).top(2, by="bytes"))


@pytest.mark.parametrize("by", ["grad", "bytes"])
def test_top_marks_what_it_is_about_and_names_it(by):
    w = leaf(np.ones((3, 4)), "w")
    b = leaf(np.ones(4) * 2, "b")
    loss = ((w * 100.0 + b) * 0.5).sum()
    expected = {"grad": ["w", "b"], "bytes": ["w", "u(3)"]}[by]
    for drawing in (viz.draw(loss, only=viz.top(2, by)), viz.draw(loss).top(2, by)):
        marked = [node.label for node in drawing.view.nodes if node.marked]
        assert marked == expected
        assert drawing.view.notes[-1] == f"Marked, the largest first: {', '.join(expected)}."
        assert drawing.view.notes[-1] in drawing.source
    view = viz.draw(loss, only=viz.top(1)).view
    assert "the node with the largest gradient, and how it leads to the result" in view.notes[-2]
    assert view.notes[-1] == "Marked: w."
    assert not any(node.marked for node in viz.draw(loss, only=viz.around(w, hops=1)).view.nodes)
    everything = viz.draw(loss, only=viz.top(20)).view
    assert sum(node.marked for node in everything.nodes) == 6


def test_of_many_marked_nodes_the_largest_are_named():
    total = sum((leaf(float(size), f"x{size}") ** 2 for size in range(1, 13)), start=ag.Tensor(0.0))
    note = viz.draw(total, only=viz.top(12)).view.notes[-1]
    assert note == f"Marked, the largest first: {', '.join(f'x{size}' for size in range(12, 2, -1))}, …."


def test_long_chains_are_shortened_where_only_their_ends_matter():
    x = leaf(1.0, "x")
    y = x
    for _ in range(100):
        y = y * 1.01
    drawing = viz.draw(y, groups=None, only=viz.top(1))
    assert shown(drawing) == {"x", "u(101)"}
    assert signs(drawing) == ["⋯ 99 nodes ⋯"]
    assert [(edge.source, edge.target) for edge in drawing.view.edges][:2] == [("n1", "n2"), ("n2", "n101")]


def test_parts_of_graphs_too_large_to_look_at():
    x = leaf(1.0, "x")
    y = x
    for _ in range(12_000):
        y = np.tanh(y)
    assert shown(viz.draw(y, only=viz.around(x, hops=2))) == {"x", "u(2)", "u(3)"}
    assert len(viz.draw(y, only=viz.path(x, y), groups=None).view.nodes) == 501


def test_wrong_requests():
    x, y, _, b, c, d = diamond()
    drawing = viz.draw(d)
    with pytest.raises(ValueError, match="which is not in it"):
        drawing.around("nobody")
    with pytest.raises(ValueError, match="the Tensor 'w', which is not in it"):
        viz.draw(d, only=viz.around(leaf(1.0, "w")))
    with pytest.raises(ValueError, match="path: expected two nodes, one of which was computed from the other"):
        drawing.path("b", "c")
    with pytest.raises(ValueError, match="between which there is no path"):
        viz.draw(d, only=viz.path(x, y))
    with pytest.raises(ValueError, match="hops of at least 1, got 0"):
        viz.around(x, hops=0)
    with pytest.raises(ValueError, match="k of at least 1, got -3"):
        viz.top(-3)
    with pytest.raises(ValueError, match="by='grad' or 'bytes', got by='size'"):
        viz.top(3, by="size")
    with pytest.raises(ValueError, match="nodes with gradients, got none"):
        viz.draw(d, gradients=False).top(3)
    b.name = "c"
    with pytest.raises(ValueError, match="which 2 nodes are called"):
        viz.draw(d).around("c")
    assert len(viz.draw(d).around(c, hops=1).view.nodes) > 2


def test_a_drawing_finds_tensors_without_keeping_them():
    import gc
    import weakref

    def run():
        x, *_, d = diamond()
        return viz.draw(d), weakref.ref(x), weakref.ref(d)

    drawing, x, d = run()
    gc.collect()
    assert x() is None
    assert d() is None
    assert shown(drawing.around("a", hops=1)) == {"x", "a", "b", "c"}


def test_a_part_is_made_by_one_of_three_functions():
    with pytest.raises(TypeError, match=r"draw: expected only=viz.around.*, got only='x'"):
        viz.draw(leaf(2.0, "x") * 3, only="x")
