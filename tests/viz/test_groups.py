"""Groups of a picture: where they come from, what a collapsed one says, and that collapsing keeps the graph's shape."""

from __future__ import annotations

import gc
import json
import random
import threading
import weakref
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import autograd_core as ag
import nn
import viz
from viz import boxes, groups
from viz.layout.ranks import topological
from viz.view import View, ViewEdge, ViewGroup, ViewNode


def leaf(value, name=None):
    return ag.Tensor(value, requires_grad=True, name=name)


def batch(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def mlp_loss(**options):
    net = nn.MLP([4, 8, 8, 2])
    with viz.capture(net):
        loss = (net(batch(5, 4)) ** 2).mean()
    return net, loss


def unrolled(steps, cell=None):
    cell = cell or nn.LSTMCell(4, 6)
    xs = batch(steps, 3, 4)
    with viz.capture(cell):
        state = None
        states = []
        for x in xs:
            state = cell(x, state)
            states.append(state)
        loss = (state[0] ** 2).sum()
    return cell, states, loss


def by_label(view):
    return {node.label: node for node in view.nodes}


# -- where groups come from --------------------------------------------------------------------------


def test_a_capture_knows_modules_and_variables():
    net, loss = mlp_loss()
    view = viz.draw(loss).view
    nodes = by_label(view)
    assert nodes["0.weight"].group == ("0",)
    assert nodes["loss"].group == ()
    assert {node.operation: node.group for node in view.nodes if node.operation} == {
        "linear": ("4",),
        "relu": ("3",),
        "power": (),
        "mean": (),
    }
    titles = {group.path: (group.kind, group.title) for group in view.groups}
    assert titles[("2",)] == ("module", "Linear")
    assert titles[("3",)] == ("module", "ReLU")
    assert not any(module._call_hooks for module in net.modules())


def test_a_capture_finds_the_networks_of_the_variables():
    encoder, decoder = nn.Linear(3, 2), nn.Linear(2, 3)
    with viz.capture() as seen:
        code = encoder(batch(4, 3))
        loss = ((decoder(code)) ** 2).mean()
    paths = {group.path for group in viz.draw(loss, groups=seen).view.groups}
    assert paths == {("encoder",), ("decoder",)}
    assert "code" in by_label(viz.draw(loss, groups=seen).view)


SCALE, SHIFT = leaf(2.0), leaf(3.0)
NETWORK = nn.Linear(3, 1)


def shifted(x):
    return x + SHIFT


def test_a_capture_knows_the_global_variables_that_its_function_uses():
    with viz.capture() as seen:
        y = shifted(NETWORK(batch(2, 3)).sum() * SCALE)
    names = by_label(viz.draw(y, groups=seen).view).keys()
    assert {"weight", "bias", "SCALE", "y"} <= names
    assert "SHIFT" not in names  # another function uses it
    assert [call.kind for call in seen.calls] == ["Linear"]


def test_names_of_networks_given_with_the_capture():
    a, b = nn.Linear(3, 3), nn.Linear(3, 3)
    with viz.capture(first=a, second=b):
        loss = b(a(batch(2, 3))).sum()
    assert by_label(viz.draw(loss).view)["second.weight"].group == ("second",)


def test_nested_modules_and_containers():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Sequential(nn.Linear(3, 3), nn.Tanh())

        def forward(self, x):
            return x + self.inner(x)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList([Block(), Block()])

        def forward(self, x):
            for block in self.blocks:
                x = block(x)
            return x

    net = Net()
    with viz.capture(net):
        loss = net(batch(2, 3)).sum()
    titles = {group.path: (group.kind, group.title) for group in viz.draw(loss).view.groups}
    assert titles[("blocks",)] == ("container", "")
    assert titles[("blocks", "1")] == ("module", "Block")
    assert titles[("blocks", "1", "inner", "0")] == ("module", "Linear")
    assert by_label(viz.draw(loss).view)["blocks.1.inner.0.bias"].group == ("blocks", "1", "inner", "0")


def test_another_thread_and_another_capture_do_not_mix_in():
    _, loss = mlp_loss()
    other = nn.Sequential(nn.Linear(2, 2))
    with viz.capture(other):
        thread = threading.Thread(target=lambda: other(batch(3, 2)))
        thread.start()
        thread.join()
        later = other(batch(3, 2)).sum()
    assert [group.path for group in viz.draw(loss).view.groups] == [(name,) for name in "01234"]
    (group,) = viz.draw(later).view.groups
    assert (group.path, group.title) == (("0",), "Linear")


def test_a_capture_keeps_no_tensor():
    def run():
        net = nn.Linear(2, 2)
        with viz.capture(net) as seen:
            y = net(batch(3, 2))
        return seen, weakref.ref(y), weakref.ref(net)

    seen, result, network = run()
    gc.collect()
    assert result() is None
    assert network() is None
    assert seen.calls[0].kind == "Linear"


def test_a_capture_keeps_no_variable_of_the_function_that_it_stands_in():
    big = np.ones(1000)
    array = weakref.ref(big)
    with viz.capture():
        y = leaf(big, "x") * 2
    del big, y
    assert array() is None


def test_a_capture_leaves_the_dict_of_variables_alone_that_somebody_holds():
    x = leaf(1.0)
    mine = locals()
    with viz.capture():
        y = x * 2
    assert mine["x"] is x
    assert "x" in by_label(viz.draw(y).view)


def test_only_modules_can_be_captured():
    with pytest.raises(TypeError, match=r"capture: expected modules, got int"):
        viz.capture(3)


def test_groups_by_a_function():
    x = leaf(2.0, "x")
    y = np.tanh(x * 3) + 1
    view = viz.draw(y, groups=lambda node: ("net", node.primitive.name) if node.primitive else None).view
    assert [group.path for group in view.groups] == [
        ("net",),
        ("net", "multiply"),
        ("net", "tanh"),
        ("net", "add"),
    ]
    assert view.nodes[1].kind == "number"
    assert view.nodes[1].group == ("net", "multiply")
    with pytest.raises(TypeError, match=r"groups=.*expected a tuple of names, a name, or None, got 3"):
        viz.draw(y, groups=lambda node: 3)
    with pytest.raises(ValueError, match="groups='module'"):
        viz.draw(y, groups="module")


def test_groups_by_the_names_of_parameters():
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    loss = (net(batch(5, 3)) ** 2).sum()
    view = viz.draw(loss, model=net).view
    assert by_label(view)["2.weight"].group == ("2",)
    linear = [node.group for node in view.nodes if node.operation == "linear"]
    assert linear == [("0",), ("2",)]
    assert by_label(view)["u(9)"].group == ()


def test_an_operation_between_two_of_one_module_belongs_to_it():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))

        def forward(self, x):
            return self.block(x)

    net = Net()
    view = viz.draw(net(batch(1, 2)).sum(), model=net).view
    assert next(node.group for node in view.nodes if node.operation == "tanh") == ("block",)


# -- what a collapsed group says ---------------------------------------------------------------------


def test_a_collapsed_group():
    net, loss = mlp_loss()
    view = viz.draw(loss, collapse={"2"}).view
    (card,) = [node for node in view.nodes if node.kind == "group"]
    assert (card.label, card.expression, card.value, card.shape) == ("2", "Linear", "(5, 8)", (5, 8))
    assert card.contents.operations == 1
    assert card.contents.parameters == 8 * 8 + 8
    table = loss.backward(keep="all")
    weight, bias = net[2].weight, net[2].bias
    product = next(node for node in table if any(parent is weight for parent in node.parents))
    gradients = [table[node]._data for node in (weight, bias, product)]
    sizes = sorted(float(np.sqrt(np.mean(np.square(g, dtype=np.float64)))) for g in gradients)
    np.testing.assert_allclose(card.contents.gradients, (sizes[0], sizes[-1]), rtol=1e-6)
    labels = {node.id: node.label for node in view.nodes}
    touching = [edge for edge in view.edges if card.id in (edge.source, edge.target)]
    assert [(labels[edge.source], labels[edge.target], edge.count) for edge in touching] == [
        ("u(8)", "2", 1),
        ("2", "u(10)", 1),
    ]


def test_a_card_counts_nodes_and_no_plain_numbers():
    x = leaf(2.0, "x")
    y = (x * 3 + 1) / 4
    view = viz.draw(y, groups=lambda node: "all" if node.primitive else None, collapse=1).view
    (card,) = [node for node in view.nodes if node.kind == "group"]
    assert card.expression == "3 nodes"


def test_the_gradient_of_every_step():
    _, states, loss = unrolled(30)
    (card,) = [node for node in viz.draw(loss).view.nodes if node.kind == "group"]
    assert card.expression == "LSTMCell × 30"
    assert card.contents.steps == 30
    assert len(card.contents.gradient_steps) == 30
    table = loss.backward(keep="all")
    handed_on = [table[state]._data for state in states[9]]
    rms = np.sqrt(np.mean(np.square(np.concatenate(handed_on, axis=None), dtype=np.float64)))
    np.testing.assert_allclose(card.contents.gradient_steps[9], rms, rtol=1e-6)
    text = str(viz.draw(loss))
    assert "LSTMCell × 30" in text
    assert "size of the gradient by step" in text
    assert groups.bars(card.contents.gradient_steps) in text


def test_bars():
    assert groups.bars([]) == ""
    assert groups.bars([2.0]) == "█"
    assert groups.bars([0.0, None]) == "_·"
    assert len(groups.bars([float(size) for size in range(1, 200)])) == 32
    assert groups.bars([1e-9] * 100 + [1.0] * 100, most=4) == "▁▁██"


def test_edges_between_two_groups_are_one_that_counts():
    x = leaf(2.0, "x")
    a, b = x * 2, x * 3
    c = a * b
    d = c + a + b
    group = {a: "left", b: "left", c: "right", d: "right", d.parents[0]: "right"}
    view = viz.draw(d, groups=group.get).view
    small = groups.collapse(view, {("left",), ("right",)})
    assert [(node.label, node.kind) for node in small.nodes] == [("x", "leaf"), ("left", "group"), ("right", "group")]
    assert [(edge.source, edge.target, edge.count) for edge in small.edges] == [("n1", "g1", 2), ("g1", "g2", 4)]


def test_groups_that_depend_on_each_other_have_an_edge_back():
    x = leaf(2.0, "x")
    a = np.sin(x)
    b = np.cos(a)
    c = np.sin(b)
    d = np.cos(c)
    view = viz.draw(d, groups=lambda node: node.primitive.name if node.primitive else None).view
    small = groups.collapse(view, {("sin",), ("cos",)})
    assert [(edge.source, edge.target, edge.count, edge.back) for edge in small.edges] == [
        ("n1", "g1", 1, False),
        ("g1", "g2", 2, False),
        ("g2", "g1", 1, True),
    ]
    drawing = viz.draw(d, groups=lambda node: node.primitive.name if node.primitive else None, collapse=1)
    assert drawing.view.nodes == small.nodes
    assert "stroke-dasharray" in viz.svg.render(small)
    assert "constraint=false" in drawing.source
    assert "-.->" in drawing.mermaid()


@pytest.mark.parametrize("seed", range(30))
def test_collapsing_anything_leaves_no_circle_and_loses_no_edge(seed):
    rng = random.Random(seed)
    count = rng.randrange(2, 40)
    paths = [(), ("a",), ("a", "1"), ("a", "2"), ("b",), ("b", "1"), ("c",)]
    nodes = tuple(ViewNode(f"n{i}", "operation", f"u({i})", group=rng.choice(paths)) for i in range(count))
    edges = tuple(
        ViewEdge(f"n{source}", f"n{target}", position)
        for target in range(1, count)
        for position, source in enumerate(rng.choices(range(target), k=2))
    )
    view = View(nodes, edges, groups=tuple(ViewGroup(path) for path in paths[1:]))
    for chosen in ({("a",), ("b",), ("c",)}, {("a", "1"), ("b", "1")}, {("c",)}):
        small = groups.collapse(view, chosen)
        numbers = {node.id: number for number, node in enumerate(small.nodes)}
        forward = [(numbers[edge.source], numbers[edge.target]) for edge in small.edges if not edge.back]
        assert topological(len(small.nodes), forward)
        assert all(source < target for source, target in forward)
        inside = sum(edge.count for edge in small.edges)
        hidden = sum(
            any(view_edge(nodes, edge, path) for path in chosen if sum(within(n, path) for n in nodes) > 1)
            for edge in edges
        )
        assert inside + hidden == len(edges)


def within(node, path):
    return node.group[: len(path)] == path


def view_edge(nodes, edge, path):
    by_id = {node.id: node for node in nodes}
    return within(by_id[edge.source], path) and within(by_id[edge.target], path)


def test_a_back_edge_only_where_there_is_a_circle():
    # the group's first member stands before node n2, its last behind it: but nothing leads back
    nodes = (
        ViewNode("n1", "operation", "a", group=("g",)),
        ViewNode("n2", "operation", "b"),
        ViewNode("n3", "operation", "c", group=("g",)),
    )
    view = View(nodes, (ViewEdge("n2", "n3", 0),), groups=(ViewGroup(("g",)),))
    small = groups.collapse(view, {("g",)})
    assert [node.id for node in small.nodes] == ["n2", "g1"]
    assert not small.edges[0].back


# -- expanding and sizes ------------------------------------------------------------------------------


def test_expand_and_collapse():
    _, _, loss = unrolled(30)
    drawing = viz.draw(loss)
    before = drawing.view
    opened = drawing.expand("LSTMCell")
    assert drawing.view == before
    kinds = [node.kind for node in opened.view.nodes]
    assert kinds.count("group") == 30
    inner = opened.expand(("LSTMCell", "step 7"))
    assert [node.kind for node in inner.view.nodes].count("group") == 29
    assert inner.collapse("LSTMCell").view == before
    assert inner.expand("LSTMCell.step 8").view != inner.view
    with pytest.raises(ValueError, match=r"expand: expected one of the groups 'LSTMCell', 'LSTMCell.step 1'.*got 'no'"):
        drawing.expand("no")
    with pytest.raises(ValueError, match=r"collapse: expected a graph with groups.*viz.capture"):
        viz.draw(leaf(1.0) * 2, groups=None).collapse("no")


def test_collapse_as_an_argument():
    _, loss = mlp_loss()
    assert all(node.kind != "group" for node in viz.draw(loss).view.nodes)
    assert [node.label for node in viz.draw(loss, collapse=1).view.nodes if node.kind == "group"] == ["0", "2", "4"]
    chosen = viz.draw(loss, collapse={("0",), "4"}).view
    assert [node.label for node in chosen.nodes if node.kind == "group"] == ["0", "4"]
    assert viz.draw(loss, collapse=None).view == viz.draw(loss).view
    for wrong in ("all", 0, -1, True, 2.5):
        with pytest.raises(ValueError, match="collapse='auto', None, a depth from 1, or a set of groups"):
            viz.draw(loss, collapse=wrong)


def chain(length):
    x = leaf(1.0, "x")
    y = x
    for _ in range(length):
        y = np.tanh(y)
    return y


def test_pictures_of_up_to_sixty_nodes_are_shown_in_full():
    assert len(viz.draw(chain(59)).view.nodes) == 60
    assert len(viz.draw(chain(60)).view.nodes) < 5
    assert len(viz.draw(chain(60), groups=None).view.nodes) == 61
    assert "collapsed by groups" in viz.draw(chain(60)).view.notes[-1]


def test_as_deep_as_will_do():
    nodes, listed = [], {}
    for outer in range(4):
        for inner in range(10):
            for number in range(3):
                path = (f"{outer}", f"{inner}")
                listed |= {path[:1]: None, path: None}
                nodes.append(ViewNode(f"n{len(nodes)}", "operation", f"{number}", group=path))
    view = View(tuple(nodes), (), groups=tuple(ViewGroup(path) for path in listed))
    assert groups.cards(groups.collapse(view, groups.automatic(view))) == 40
    assert groups.cards(groups.collapse(view, groups.automatic(view, most=39))) == 4
    assert groups.automatic(view, most=120) == frozenset()


def test_five_thousand_nodes_collapse_and_more_are_limited():
    big = viz.draw(chain(5000))
    assert groups.cards(big.view) == 2
    assert groups.cards(big.scene.whole) == 5001
    larger = viz.draw(chain(10_001))
    assert len(larger.view.nodes) == 501
    assert larger.view.notes[0] == "10,002 nodes are too many to look at all of them."
    assert "viz.around" in larger.view.notes[2]


def test_one_node_is_no_group():
    _, loss = mlp_loss()
    labels = {node.label: node.kind for node in viz.draw(loss, collapse=1).view.nodes}
    assert "1" not in labels
    assert "3" not in labels


# -- what renderers make of groups --------------------------------------------------------------------


def test_open_groups_have_frames():
    _, loss = mlp_loss()
    drawing = viz.draw(loss, renderer="own")
    assert drawing.source.count("subgraph cluster_") == 3
    assert "0: Linear" in drawing.source
    assert "0: Linear" in drawing.svg()
    mermaid = drawing.mermaid()
    assert mermaid.count("    subgraph s") == 3
    assert mermaid.count("end\n") == 3


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_a_group_that_others_stand_in_has_a_frame_in_pieces(direction):
    x = leaf(np.ones(3), "x")
    a = np.tanh(x)
    b = np.exp(a)
    c = np.sin(b)
    group = {x: "net", a: "net", c: "net"}
    drawing = viz.draw(c, groups=group.get, renderer="own", direction=direction)
    assert boxes.open_groups(drawing.view)[drawing.view.groups[0]] == ["n1", "n2", "n4"]
    root = ElementTree.fromstring(drawing.svg())
    ns = "{http://www.w3.org/2000/svg}"
    framed = [g for g in root.iter(f"{ns}g") if g.findtext(f"{ns}title") == "net" and "id" not in g.attrib]
    assert len(framed) == 2
    assert all(g.findtext(f"{ns}text") == "net" for g in framed)
    assert drawing.source.count("subgraph cluster_") == 1


def test_pieces_keep_clear_of_others():
    members = [(100.0 * place, 0.0, 100.0 * place + 80.0, 50.0) for place in range(5)]
    (piece,) = boxes._pieces(members, [], 20.0)
    assert piece.box[0] < 0
    assert piece.box[2] > 480
    other = (200.0, 70.0, 280.0, 90.0)  # below: the name stands at the top
    (piece,) = boxes._pieces(members, [other], 20.0)
    assert not piece.named_below
    between = (282.0, 0.0, 298.0, 50.0)
    pieces = boxes._pieces(members[:3] + members[4:], [between], 20.0)
    assert [piece.box[2] < between[0] for piece in pieces] == [True, False]


def test_nested_frames():
    x = leaf(2.0, "x")
    a = x * 2
    b = a * 3
    c = b * 4
    group = {a: ("out", "in"), b: ("out", "in"), c: ("out",)}
    drawing = viz.draw(c, groups=group.get, show_constants=False)
    text = drawing.mermaid()
    assert text.index('["out"]') < text.index('["out.in"]') < text.index("end") < text.rindex("end")
    assert drawing.source.index("cluster_1") < drawing.source.index("cluster_2")


def test_json_holds_groups():
    _, _, loss = unrolled(30)
    data = json.loads(viz.draw(loss).json())
    (card,) = [node for node in data["nodes"] if node["kind"] == "group"]
    assert card["contents"]["steps"] == 30
    assert data["groups"] == []
    whole = json.loads(viz.draw(loss, collapse=None).json())
    assert whole["groups"][0] == {"path": ["LSTMCell"], "kind": "repeat", "title": "LSTMCell × 30"}
