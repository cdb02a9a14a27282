"""Pictures: what the view of a graph holds, its DOT text, and drawings with and without ``dot``."""

from __future__ import annotations

import gc
import json
import shutil
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest

import autograd_core as ag
import viz
from viz.text import array, clipped, number, short

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz' program dot is not installed")


def leaf(value, name=None):
    return ag.Tensor(value, requires_grad=True, name=name)


def worked_example():
    a, b = leaf(2.0, "a"), leaf(-3.0, "b")
    e = np.tanh(a * b + 7) * a
    e.name = "E"
    return a, b, e


# -- the view ------------------------------------------------------------------------------------


def test_the_view_as_a_table():
    _, _, e = worked_example()
    assert str(viz.draw(e)).splitlines() == [
        "node  computed as  value     gradient",
        "a     leaf         2         -1.75825",
        "b     leaf         -3        1.6799",
        "u(3)  a × b        -6        0.839949",
        "u(4)  u(3) + 7     1         0.839949",
        "u(5)  tanh(u(4))   0.761594  2",
        "E     u(5) × a     1.52319   1",
    ]
    assert str(viz.draw(e, digits=3)).splitlines()[-1] == "E     u(5) × a     1.52   1"


def test_the_view_is_plain_data():
    _, _, e = worked_example()
    view = viz.draw(e).view
    assert json.loads(json.dumps(asdict(view)))["nodes"][0]["label"] == "a"
    assert [(edge.source, edge.target, edge.position) for edge in view.edges] == [
        ("n1", "n3", 0),
        ("n2", "n3", 1),
        ("n3", "n4", 0),
        ("n4_c1", "n4", 1),
        ("n4", "n5", 0),
        ("n5", "n6", 0),
        ("n1", "n6", 1),
    ]
    assert [node.kind for node in view.nodes] == ["leaf"] * 2 + ["operation", "number"] + ["operation"] * 2 + ["result"]
    assert view.edges[0].derivative == "b"
    assert view.edges[4].derivative == "1 − u(5)²"
    assert "test_viz.py" in view.nodes[2].line
    assert "np.tanh(a * b + 7)" in view.nodes[2].line


def test_labels_agree_with_the_grad_table():
    a, _, e = worked_example()
    table = e.backward(keep="all")
    labels = {node.label for node in viz.draw(e).view.nodes if node.kind != "number"}
    assert labels == {table.label(node) for node in table}
    assert table.label(a) in labels


def test_labels_agree_with_a_graph():
    a, c = leaf(2.0, "a"), ag.Tensor(4.0)
    graph = ag.Graph((a * c + 1) * leaf(5.0))
    drawing = viz.draw(graph)
    assert {node.label for node in drawing.view.nodes} - {""} == {graph.label(node) for node in graph}
    assert viz.draw(graph, gradients=graph.backward()).view == drawing.view


def test_a_node_used_twice_has_two_edges():
    x = leaf(3.0, "x")
    for y in (x * x, x + x):
        view = viz.draw(y).view
        assert [(edge.source, edge.target, edge.position) for edge in view.edges] == [("n1", "n2", 0), ("n1", "n2", 1)]
        assert viz.draw(y).source.count("n1 -> n2") == 2


def test_gradients_come_from_the_backward_pass_and_leave_grad_alone():
    a, b, e = worked_example()
    before = (a.parents, e.parents, e._data, a.name)
    gradients = {node.label: node.gradient for node in viz.draw(e, digits=9).view.nodes}
    assert a.grad is None
    assert b.grad is None
    assert (a.parents, e.parents, e._data, a.name) == before
    e.backward()
    assert gradients["a"] == format(a.grad.item(), ".9g")
    assert gradients["b"] == format(b.grad.item(), ".9g")
    assert viz.draw(e).view == viz.draw(e).view


def test_not_computed_is_not_zero():
    x, y = leaf(1.0, "x"), leaf(2.0, "y")
    z = x * 0 + y
    drawn = {node.label: node for node in viz.draw(z).view.nodes}
    assert drawn["x"].gradient == "0"
    stored = viz.draw(z, gradients="stored")
    assert {node.gradient for node in stored.view.nodes} == {None}
    assert "not computed" in str(stored)
    assert "not computed" in stored.source
    assert "not computed" not in viz.draw(z).source


def test_stored_and_given_gradients():
    a, _, e = worked_example()
    e.backward()
    e.backward()
    stored = {node.label: node.gradient for node in viz.draw(e, gradients="stored", digits=9).view.nodes}
    assert stored["a"] == format(a.grad.item(), ".9g")
    assert stored["E"] is None
    given = viz.draw(e, gradients={a: ag.Tensor(42.0)}).view.nodes[0]
    assert given.gradient == "42"
    assert "gradient" not in viz.draw(e, gradients=False).source
    assert str(viz.draw(e, gradients=False)).splitlines()[1] == "a     leaf         2"


def test_a_result_of_many_numbers_shows_stored_gradients():
    x = leaf([1.0, 2.0], "x")
    y = x * x
    assert viz.draw(y).view.nodes[0].gradient is None
    y.sum().backward()
    assert viz.draw(y).view.nodes[0].gradient == "[2, 4]"


def test_a_graph_can_be_drawn_after_its_leaves_were_updated():
    x = leaf([1.0, 2.0], "x")
    loss = (x * x).sum()
    loss.backward()
    x.data = x.data - 0.1
    drawing = viz.draw(loss)
    assert "optimizer" in drawing.view.notes[0]
    assert drawing.view.nodes[0].gradient == "[2, 4]"


def test_several_results_share_one_picture():
    x = leaf(2.0, "x")
    y, z = x * 3, x + 4
    view = viz.draw([y, z]).view
    assert [node.kind for node in view.nodes if node.kind not in ("number", "leaf")] == ["result", "result"]


def test_names_given_for_the_picture_only():
    a, b = leaf(2.0), leaf(3.0)
    view = viz.draw(a * b, names={"weight": a, "other": b, "count": 7}).view
    assert [node.label for node in view.nodes] == ["weight", "other", "u(3)"]
    assert view.nodes[2].expression == "weight × other"
    assert a.name is None


def test_constants_can_be_hidden():
    x, c = leaf([1.0, 2.0], "x"), ag.Tensor([3.0, 4.0], name="c")
    y = (x * c + 5).sum()
    shown, hidden = viz.draw(y).view, viz.draw(y, show_constants=False).view
    assert [node.kind for node in shown.nodes] == ["leaf", "constant", "operation", "number", "operation", "result"]
    assert [node.kind for node in hidden.nodes] == ["leaf", "operation", "operation", "result"]
    assert hidden.nodes[1].expression == "x × c"
    assert hidden.nodes[2].expression == "u(2) + 5"
    constant = next(node for node in shown.nodes if node.kind == "constant")
    assert constant.gradient is None
    assert shown.gradient_text(constant) == ""


def test_an_operation_with_several_outputs_is_drawn_as_its_outputs():
    pair = ag.Primitive(
        "pair",
        lambda x, y: (x * y, x + y),
        joint=lambda g, out, x, y: (
            (0 if g[0] is None else g[0] * y) + (0 if g[1] is None else g[1]),
            (0 if g[0] is None else g[0] * x) + (0 if g[1] is None else g[1]),
        ),
        multiple=True,
    )
    x, y = leaf(2.0, "x"), leaf(5.0, "y")
    product, total = pair(x, y)
    view = viz.draw(product * total).view
    assert [node.expression for node in view.nodes][2:] == ["pair(x, y)[0]", "pair(x, y)[1]", "u(4) × u(5)"]
    assert [node.gradient for node in view.nodes] == ["45", "24", "7", "10", "1"]
    assert len(view.edges) == 6


def test_a_constant_says_that_it_has_no_graph():
    drawing = viz.draw(ag.Tensor(3.0) * 2)
    assert len(drawing.view.nodes) == 1
    assert "requires_grad=True" in drawing.view.notes[0]
    assert "requires_grad=True" in drawing.source


def test_only_the_nearest_nodes_of_a_large_graph():
    x = leaf(1.0, "x")
    y = x
    for _ in range(50):
        y = y + x
    drawing = viz.draw(y, max_nodes=10)
    kinds = [node.kind for node in drawing.view.nodes]
    assert len(kinds) - kinds.count("more") == 10
    assert kinds.count("more") == 1
    assert drawing.view.notes[0] == "41 nodes further from the result are left out (max_nodes=10)."
    assert "only=viz.around(w, hops=2)" in drawing.view.notes[1]
    assert len(viz.draw(y, max_nodes=None).view.nodes) == 51
    wide = np.stack([leaf(float(i)) for i in range(30)]).sum()
    kinds = [node.kind for node in viz.draw(wide, max_nodes=10).view.nodes]
    assert kinds == ["leaf"] * 8 + ["more", "operation", "result"]


def test_thousands_of_nodes_without_recursion():
    x = leaf(1.0, "x")
    y = x
    for _ in range(2500):
        y = np.tanh(y) * x
    drawing = viz.draw(y, max_nodes=None)
    assert len(drawing.view.nodes) == 5001
    assert len(drawing.view.edges) == 7500
    assert drawing.source.count("->") == 7500


def test_what_was_drawn_is_freed():
    gc.collect()
    _, _, e = worked_example()
    viz.draw(e)
    del e
    assert gc.collect() == 0


# -- texts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.29837110876, "0.298371"),
        (1e-12, "1e-12"),
        (-0.0, "0"),
        (np.float32(0.1), "0.1"),
        (np.int64(7), "7"),
        (np.bool_(True), "True"),
        (float("nan"), "nan"),
        (1 - 2j, "1-2j"),
    ],
)
def test_numbers(value, text):
    assert number(value, 6) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.zeros((0, 3)), "(0, 3) empty"),
        (np.array([[1.5, 2.0], [-0.0, 4.0]]), "[[1.5, 2], [0, 4]]"),
        (np.arange(100.0), "(100,) in [0, 99]"),
        (np.full((3, 3), 0.5), "(3, 3) all 0.5"),
        (np.array([np.nan, 1, 2, 3, 4, np.inf]), "(6,) in [1, 4], 2 nan or inf"),
        (np.full(9, np.nan), "(9,) of nan or inf"),
        (np.ones(9) * 1j, "(9,) complex"),
        (np.arange(9) > 3, "(9,) in [False, True]"),
    ],
)
def test_arrays(value, text):
    assert array(value, 6) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((slice(None), 0, Ellipsis), "(:, 0, ...)"),
        (slice(1, 9, 2), "1:9:2"),
        ([1, 2], "[1, 2]"),
        (None, "None"),
        ("ij,jk->ik", "ij,jk->ik"),
    ],
)
def test_other_inputs(value, text):
    assert short(value) == text


def test_long_texts_are_clipped():
    assert clipped("a" * 100, 10) == "a" * 9 + "…"
    assert clipped("two\nlines", 20) == "two lines"


# -- DOT -----------------------------------------------------------------------------------------


def test_the_dot_text():
    x = leaf(3.0, "x")
    y = x * x
    y.name = "y"
    body = [line.strip() for line in viz.draw(y).source.splitlines()[4:]]
    card = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">'
    word = '<TR><TD ALIGN="LEFT"><FONT COLOR="#59636e" POINT-SIZE="9">{}&#160;&#160;</FONT></TD>'
    value = word.format("value") + '<TD ALIGN="RIGHT"><FONT COLOR="#0b61a4">{}</FONT></TD></TR>'
    gradient = word.format("gradient") + '<TD ALIGN="RIGHT"><FONT COLOR="#b54708">{}</FONT></TD></TR>'
    title = '<TR><TD COLSPAN="2" ALIGN="LEFT"><B>{}</B>{}</TD></TR>'
    assert body[0] == (
        f"n1 [label=<{card}{title.format('x', '')}{value.format(3)}{gradient.format(6)}</TABLE>> "
        'color="#0b61a4" fillcolor="#ffffff" penwidth=1.8 tooltip="x'
    )
    expression = ' <FONT COLOR="#59636e">= x × x</FONT>'
    ending = ["shape (), float64", "8 bytes, 8 kept for the backward pass"]
    assert body[1] == f"{ending[0]}"
    assert body[2] == f'{ending[1]}"]'
    assert body[3] == (
        f"n2 [label=<{card}{title.format('y', expression)}{value.format(9)}{gradient.format(1)}</TABLE>> "
        'color="#1b1f24" penwidth=2.2 tooltip="y multiply'
    )
    assert body[-3:] == [
        'n1 -> n2 [label=x edgetooltip="local derivative: x"]',
        'n1 -> n2 [label=x edgetooltip="local derivative: x"]',
        "}",
    ]


def test_directions():
    _, _, e = worked_example()
    assert "rankdir=LR" in viz.draw(e).source
    assert "rankdir=TB" in viz.draw(e, direction="TB").source


HOSTILE = [
    'say "hi"',
    "<script>alert(1)</script>",
    "</svg><script>alert(1)</script>",
    "<b>",
    "a & b &amp; c",
    "back\\slash\\N\\n",
    "new\nline\ttab",
    "nul\0 escape\x1b[31m",
    "λ 梯度 🙂",
    "\ud800 alone",
    "{record|like}",
    "--",
    "%s {0}",
    "x" * 100_000,
]


@needs_dot
@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_can_be_a_name(name):
    x = leaf(3.0, name)
    y = x * 2 + x
    y.name = name
    svg = viz.draw(y).svg()
    root = ElementTree.fromstring(svg)
    assert "script" not in {element.tag.rpartition("}")[2] for element in root.iter()}
    shown = " ".join(" ".join(root.itertext()).split())
    if name.isprintable() and len(name) < 40:
        assert name in shown.replace("\xa0", " ")


# -- drawings ------------------------------------------------------------------------------------


@needs_dot
def test_files(tmp_path):
    _, _, e = worked_example()
    drawing = viz.draw(e)
    heads = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF", "dot": b"digraph", "gv": b"digraph"}
    for suffix, head in heads.items():
        path = drawing.save(tmp_path / f"graph.{suffix}")
        assert path.read_bytes().startswith(head), suffix
    assert drawing.svg().startswith("<svg")


@pytest.mark.parametrize("renderer", ["auto", "own"])
def test_a_notebook_shows_an_image(renderer):
    _, _, e = worked_example()
    bundle = viz.draw(e, renderer=renderer)._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/svg+xml", "text/plain"}
    assert 'src="data:image/svg+xml;base64,' in bundle["text/html"]
    assert 'alt="Computational graph of 6 nodes; E = 1.52319"' in bundle["text/html"]
    assert bundle["text/plain"] == str(viz.draw(e).view)


def test_without_dot(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    _, _, e = worked_example()
    drawing = viz.draw(e)
    assert drawing.source.startswith("digraph")
    assert drawing.save(tmp_path / "graph.dot").read_text(encoding="utf-8") == drawing.source
    picture = drawing.save(tmp_path / "graph.svg").read_text(encoding="utf-8")
    assert picture == f'<?xml version="1.0" encoding="UTF-8"?>\n{viz.draw(e, renderer="own").svg()}\n'
    asked_for = viz.draw(e, renderer="dot")
    for attempt in (asked_for.svg, lambda: drawing.save(tmp_path / "graph.png")):
        with pytest.raises(viz.DotNotFoundError, match=r"'dot' of Graphviz.*apt install graphviz.*cairosvg") as error:
            attempt()
        assert error.value.source == drawing.source
    assert not (tmp_path / "graph.png").exists()


def test_png_and_pdf_by_another_package(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    made = SimpleNamespace(svg2png=lambda bytestring: b"png" + bytestring, svg2pdf=lambda bytestring: b"pdf")
    monkeypatch.setitem(sys.modules, "cairosvg", made)
    drawing = viz.draw(worked_example()[2])
    assert drawing.save(tmp_path / "graph.png").read_bytes().startswith(b"png<svg")
    assert drawing.save(tmp_path / "graph.pdf").read_bytes() == b"pdf"


def test_wrong_arguments(tmp_path):
    _, _, e = worked_example()
    with pytest.raises(TypeError, match="draw: expected a Tensor, several of them, or a Graph, got float"):
        viz.draw(3.0)
    with pytest.raises(TypeError, match="got list without any"):
        viz.draw([])
    with pytest.raises(TypeError, match="draw: expected a Tensor"):
        viz.draw([e, 3.0])
    with pytest.raises(ValueError, match="direction='LR' or 'TB', got direction='up'"):
        viz.draw(e, direction="up")
    with pytest.raises(ValueError, match="renderer='auto' or 'dot' or 'own', got renderer='tk'"):
        viz.draw(e, renderer="tk")
    with pytest.raises(ValueError, match="gradients='all'"):
        viz.draw(e, gradients="all")
    with pytest.raises(
        ValueError, match=r"ends in one of \.svg, \.png, \.pdf, \.dot, \.gv, \.html, \.mmd, \.json, \.txt, got '\.jpg'"
    ):
        viz.draw(e).save(tmp_path / "graph.jpg")


# -- other languages -----------------------------------------------------------------------------


def test_json_is_plain_and_versioned(tmp_path):
    _, _, e = worked_example()
    drawing = viz.draw(e)
    data = json.loads(drawing.save(tmp_path / "graph.json").read_text(encoding="utf-8"))
    assert data["version"] == 2
    assert [node["label"] for node in data["nodes"] if node["kind"] == "leaf"] == ["a", "b"]
    assert len(data["edges"]) == len(drawing.view.edges)


def test_mermaid(tmp_path):
    a = leaf(2.0, 'a"]; click <b>')
    drawing = viz.draw(a * a)
    text = drawing.save(tmp_path / "graph.mmd").read_text(encoding="utf-8")
    assert text.startswith("flowchart LR\n")
    assert text.count("n1 -->|") == 2
    assert "click <b>" not in text
    assert "gradient 4" in text
    assert drawing.save(tmp_path / "graph.txt").read_text(encoding="utf-8") == f"{drawing.view}\n"


def test_the_grad_table_in_three_languages():
    _, _, e = worked_example()
    table = viz.grad_table(e)
    assert [row[0] for row in table.rows] == ["E", "u(5)", "u(4)", "u(3)", "b", "a"]
    assert dict(zip([r[0] for r in table.rows], [r[3] for r in table.rows]))["a"] == "-1.75825"
    assert "∂E/∂a = u(5)" in table.rows[-1][4]
    assert str(table).splitlines()[0].split() == ["node", "computed", "as", "value", "gradient", "local", "derivatives"]
    html = viz.grad_table(leaf(1.0, "<b>") * 2)._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert html.count("<tr>") == 3
    assert r"$\partial$" in table.latex()
    assert viz.grad_table(leaf(1.0, "w_1 & 50%") * 2).latex().count(r"w\_1 \& 50\%") == 3
    kept = e.backward(keep="all")
    assert viz.grad_table(kept).rows == table.rows


def test_what_dot_cannot_draw_the_library_draws(monkeypatch):
    def refuse(*_):
        raise AssertionError("dot was called")

    monkeypatch.setattr(viz.Drawing, "_pipe", refuse)
    x = ag.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True, name="x")
    loss = (x * x).sum()
    assert "Thumbnails" in viz.draw(loss).svg()
    for drawing in (viz.draw(loss, renderer="dot"), viz.draw(ag.tensor(1.0, requires_grad=True) * 2.0)):
        with pytest.raises(AssertionError, match="dot was called"):
            drawing.svg()
