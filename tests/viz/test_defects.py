"""What other libraries' pictures got wrong: each defect of theirs is tried on ours."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import autograd_core as ag
import viz
from viz.text import printable

ROOT = Path(__file__).resolve().parents[2]


def leaf(value, name=None):
    return ag.Tensor(value, requires_grad=True, name=name)


def test_a_node_used_twice_keeps_both_edges_in_every_form():
    x = leaf(3.0, "x")
    drawing = viz.draw(x * x, renderer="own")
    assert len(drawing.view.edges) == 2
    assert drawing.view.nodes[0].gradient == "6"
    assert drawing.source.count("n1 -> n2") == 2
    assert drawing.svg().count("<path d=") >= 2
    assert drawing.mermaid().count("n1 -->") == 2
    assert len(json.loads(drawing.json())["edges"]) == 2


def test_a_chain_of_a_hundred_thousand_nodes():
    x = leaf(1.0, "x")
    y = x
    for _ in range(100_000):
        y = y * 1.0
    drawing = viz.draw(y, gradients=False, show_constants=False, renderer="own")
    assert len(drawing.view.nodes) == 501
    assert drawing.svg().startswith("<svg")


def test_doubling_does_not_blow_up():
    x = leaf(1.0, "x")
    y = x
    for _ in range(1000):  # 2 to the power of 1000 paths
        y = y + y
    view = viz.draw(y, max_nodes=None).view
    assert len(view.nodes) == 1001
    assert len(view.edges) == 2000
    part = viz.draw(y, only=viz.path(x, y), max_nodes=None)
    assert len(part.view.nodes) == 1001
    assert viz.draw(y).view.nodes[0].label == "x"


def test_a_graph_can_be_drawn_after_the_backward_pass_and_twice():
    x = leaf([1.0, 2.0], "x")
    loss = (x * x).sum()
    before = viz.draw(loss).view
    loss.backward()
    after = viz.draw(loss).view
    assert after == before
    assert len(after.nodes) == 3


def test_inputs_without_gradients_and_the_result_are_there():
    x, w = ag.Tensor([1.0, 2.0], name="x"), leaf([3.0, 4.0], "w")
    loss = (w * x).sum()
    loss.name = "loss"
    assert {"x", "w", "loss"} <= {node.label for node in viz.draw(loss).view.nodes}


PROGRAM = """
import numpy as np, autograd_core as ag, nn, viz
from viz import unfold
rng = np.random.default_rng(0)
cell = nn.RNNCell(2, 3)
for parameter in cell.parameters():
    parameter.data = rng.standard_normal(parameter.shape).astype("float32")
with viz.capture(cell):
    state = None
    for x in rng.standard_normal((30, 2, 2)).astype("float32"):
        state = cell(x, state)
    loss = (state * state).sum()
for drawing in (
    viz.draw(loss, renderer="own"),
    viz.draw(loss, renderer="own", collapse=None),
    viz.draw(loss, renderer="own", only=viz.top(3)),
    viz.draw(loss, renderer="own", groups=lambda node: node.primitive and node.primitive.name, collapse=1),
):
    print(drawing.svg(), drawing.source, drawing.json(), drawing.mermaid(), drawing.html())
"""


def test_pictures_do_not_depend_on_the_hash_seed(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    found = set()
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        run = subprocess.run([sys.executable, program], capture_output=True, env=environment, check=True)
        assert len(run.stdout) > 10_000
        found.add(hashlib.sha256(run.stdout).hexdigest())
    assert len(found) == 1


HOSTILE = [
    'say "hi"',
    "<script>alert(1)</script>",
    "</svg></script><script>alert(1)</script>",
    "]]><b>&amp; & &lt;",
    "back\\slash\\N\\n\\",
    "new\nline\r\ttab\u2028",
    "nul\0 escape\x1b[31m",
    "λ 梯度 🙂👩‍👩‍👧",
    "\ud800 alone",
    "{record|like} <port>",
    "-->; click n1 href; subgraph end",
    "%s {0} ${x} `y`",
    "x" * 100_000,
]


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        assert not any(name.startswith("on") for name, _ in attributes)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_can_be_the_name_of_a_node_or_a_group(name):
    x = leaf(3.0, name)
    y = x * 2 + x
    y.name = name
    for collapse in (None, 1):
        drawing = viz.draw(y, renderer="own", groups=lambda node: (name, "in"), collapse=collapse)
        root = ElementTree.fromstring(drawing.svg())
        assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
            "svg", "defs", "marker", "polygon", "rect", "g", "title", "text", "tspan", "path",
        }  # fmt: skip
        if name.isprintable() and len(name) < 40:
            assert name in " ".join(" ".join(root.itertext()).split())
        assert len(drawing.svg()) < 30_000
        tags = Tags(drawing.html()).tags
        assert set(tags) <= {"div", "img", "details", "summary", "ul", "li", "script"}
        assert tags.count("script") == (collapse is not None)
        encoded = [drawing.mermaid(), drawing.source, drawing.html(), str(drawing)]
        assert all(len(text.encode()) < 60_000 for text in encoded)
        assert json.loads(drawing.json())["nodes"][0]["label"] == name
        assert not any(line.strip().startswith("click") for line in drawing.mermaid().splitlines())
        assert "\0" not in printable("".join(encoded[:3]))


@pytest.mark.parametrize("name", ["\ud800", "x" * 100_000], ids=["half a character", "long"])
@pytest.mark.parametrize("suffix", ["svg", "html", "dot", "mmd", "json", "txt"])
def test_any_name_can_be_saved_and_explained(tmp_path, monkeypatch, name, suffix):
    monkeypatch.setenv("PATH", "")
    x = leaf(3.0, name)
    y = x * 2 + x
    y.name = name
    for drawing in (viz.draw(y), viz.explain(y, x).draw(), viz.draw(y, only=viz.path(x, y), mode="heat")):
        saved = drawing.save(tmp_path / f"graph.{suffix}").read_text(encoding="utf-8")
        assert suffix == "json" or len(saved) < 60_000  # the data hold all of every name
        assert len(str(drawing)) < 10_000
        assert len(drawing._repr_mimebundle_()["text/html"]) < 60_000
    assert json.loads(viz.play(y).recording.to_json())["events"]


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz' program dot is not installed")
def test_dot_draws_explanations_with_long_names():
    x = leaf(3.0, "x" * 100_000)
    picture = viz.explain(x * 2 + x, x).draw(renderer="dot").svg()
    assert len(picture) < 60_000


def test_the_failed_operation_is_escaped_too():
    x = leaf(np.ones(3), "<b>&\"'")

    def refuse(value):
        raise ValueError("<script>alert('1')</script>\nsecond line")

    try:
        refuse(x * 2)
    except ValueError as error:
        drawing = viz.draw(error, renderer="own")
    root = ElementTree.fromstring(drawing.svg())
    assert "<script>alert('1')</script>" in " ".join(root.itertext())
