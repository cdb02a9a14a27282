"""The player: events recorded by the backward pass itself, and the HTML made of them."""

from __future__ import annotations

import base64
import gc
import json
import os
import re
import subprocess
import sys
import weakref
import xml.etree.ElementTree as ElementTree
import zlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

import autograd_core as ag
import nn
import viz
from autograd_core.graph import topological_order
from examples import worked_example
from viz.events import record
from viz.player import page


def leaf(value, name=None):
    return ag.Tensor(value, requires_grad=True, name=name)


def small_network():
    """A network of arrays, all small enough to be kept exactly."""
    rng = np.random.default_rng(3)
    w, b, v = (leaf(rng.normal(size=size), name) for size, name in [((3, 4), "W"), (4, "b"), ((4, 2), "V")])
    hidden = np.tanh(ag.Tensor(rng.normal(size=(5, 3)), name="X") @ w + b)
    return np.mean((hidden @ v - np.ones((5, 2))) ** 2)


def repeated():
    x = leaf(np.float32([0.3, -1.1]), "x")
    y = x * x + np.exp(x) * x + x
    return np.sum(y * y)


def several_outputs():
    a, b, c = ag.split(leaf(np.arange(6.0).reshape(2, 3), "x"), 3, axis=1)
    return (a * b + c * a).sum()


def complex_numbers():
    z = leaf(np.array([1 + 2j, -0.5j]), "z")
    return np.sum(np.abs(z * z + z) ** 2)


def hooked():
    x = leaf(3.0, "x")
    y = x * x
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g - 1)
    return y + 2 * x


GRAPHS = [lambda: worked_example.build().error, small_network, repeated, several_outputs, complex_numbers, hooked]


class Page(HTMLParser):
    """The tags of a page and their attributes, and the texts of its scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] == "script" and data.strip():
            self.scripts.append(data)

    def attribute(self, tag, name):
        return next(attributes[name] for found, attributes in self.tags if found == tag)


def picture(player):
    source = Page(player.html()).attribute("img", "src")
    return ElementTree.fromstring(unquote(source.partition(",")[2]))


def steps(player):
    packed = re.search(r',"([^"]+)"\)$', Page(player.html()).scripts[0].strip())[1]
    return json.loads(zlib.decompress(base64.b64decode(packed)))


# -- events --------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", GRAPHS)
def test_replaying_the_events_gives_the_grad_table_bit_for_bit(build):
    loss = build()
    recording, _ = record(loss, exact=1000)
    table = loss.backward(keep="all")
    ids = {node: f"n{i}" for i, node in enumerate(topological_order([loss], constants=True), 1)}
    replayed = recording.replay()
    assert len(table) > 2
    for node, gradient in table.items():
        again = np.asarray(replayed[ids[node]])
        assert again.dtype == gradient.dtype
        assert again.shape == gradient.shape
        assert again.tobytes() == gradient._data.tobytes()


@pytest.mark.parametrize("build", GRAPHS)
def test_events_are_plain_data_with_the_ids_of_the_view(build):
    player = viz.play(build())
    data = json.loads(player.recording.to_json())
    assert data["version"] == 1
    assert len(data["events"]) == len(player.recording.events)
    ids = {node.id for node in player.view.nodes}
    shown = [event.node for event in player.recording.events if event.kind in ("input", "forward")]
    assert shown == [node.id for node in player.view.nodes if node.kind != "number"]
    assert set(shown) <= ids
    contributed = [(e.node, e.consumer, e.position) for e in player.recording.events if e.kind == "contribution"]
    assert len(set(contributed)) == len(contributed)


def test_the_order_of_events():
    a, b = leaf(2.0, "a"), leaf(-3.0, "b")
    product = a * b
    told = [
        (e.kind, e.node, e.consumer, e.position, e.assignment, e.value.text, e.reported, e.consumers)
        for e in viz.play(product * a).recording.events
    ]
    assert told == [
        ("input", "n1", None, None, "", "2", 0, 0),
        ("input", "n2", None, None, "", "-3", 0, 0),
        ("forward", "n3", None, None, "", "-6", 0, 0),
        ("forward", "n4", None, None, "", "-12", 0, 0),
        ("seed", "n4", None, None, "", "1", 0, 0),
        ("visit", "n4", None, None, "", "1", 0, 0),
        ("contribution", "n3", "n4", 0, "=", "2", 1, 1),
        ("complete", "n3", None, None, "", "2", 1, 1),
        ("contribution", "n1", "n4", 1, "=", "-6", 1, 2),
        ("visit", "n3", None, None, "", "2", 0, 0),
        ("contribution", "n1", "n3", 0, "+=", "-6", 2, 2),
        ("complete", "n1", None, None, "", "-12", 2, 2),
        ("contribution", "n2", "n3", 1, "=", "4", 1, 1),
        ("complete", "n2", None, None, "", "4", 1, 1),
        ("visit", "n2", None, None, "", "4", 0, 0),
        ("visit", "n1", None, None, "", "-12", 0, 0),
    ]


def test_upstream_times_local_is_the_contribution():
    for event in viz.play(worked_example.build().error).recording.events:
        if event.kind == "contribution":
            assert event.value.array() == pytest.approx(event.upstream.array() * event.factor.array(), rel=1e-14)
            assert event.local


def test_a_hook_is_an_event():
    events = viz.play(hooked()).recording.events
    assert [(event.node, event.value.text) for event in events if event.kind == "hook"] == [("n2", "10"), ("n1", "61")]


def test_the_seed_is_shown_as_it_was_before_a_hook_replaced_it():
    y = leaf(3.0, "x") * 2
    y.register_hook(lambda g: g * 10)
    player = viz.play(y)
    assert steps(player)["seed"] == "1"
    assert player.view.nodes[-1].gradient == "10"
    assert steps(player)["steps"][0] == [-1, 2, 0, 0, 0, "10"]


def contributions(loss):
    """(formula, factor, value) of every contribution, by the labels of consumer and node."""
    player = viz.play(loss)
    labels = {node.id: node.label for node in player.view.nodes}
    return {
        (labels[e.consumer], labels[e.node]): (e.local, e.factor.text if e.factor else "", e.value.text)
        for e in player.recording.events
        if e.kind == "contribution"
    }


def test_of_complex_numbers_the_conjugate_of_the_local_derivative_is_multiplied():
    z, x = leaf(1 + 2j, "z"), leaf(2.0, "x")
    w, v = ag.Tensor(3 - 1j, name="w"), z * x
    v.name = "v"
    u = v * w
    u.name = "u"
    found = contributions(np.real(np.conj(u)))
    assert found["u", "v"] == ("conj(w)", "3+1j", "3+1j")
    assert found["v", "z"] == ("x", "2+0j", "6+2j")  # the factor is a real number
    assert found["v", "x"] == ("", "", "5")  # only the real part of δ(v) · conj(z) reaches a real node
    assert found["u(5)", "u"] == ("", "", "1+0j")  # conj multiplies by nothing
    assert contributions(np.abs(z))["u(2)", "z"] == ("sign(z)", "0.447214+0.894427j", "0.447214+0.894427j")
    several = contributions(np.sum(np.abs(leaf(np.array([1j, 2.0]), "a") * w)))
    assert several["u(2)", "a"][0] == "conj(w)"


def test_large_arrays_are_summaries_and_no_array_is_kept_alive():
    x = leaf(np.linspace(0.0, 1.0, 200), "x")
    loss = np.sum(x * x)
    player = viz.play(loss)
    last = player.recording.events[-1]
    assert last.value.text == "(200,) in [0, 2]"
    assert last.value.entries is None
    with pytest.raises(ValueError, match="exact="):
        player.recording.replay()
    kept = weakref.ref(loss)
    del x, loss
    gc.collect()
    assert kept() is None
    assert "(200,) in [0, 2]" in repr(player)


def test_not_finite_numbers_stay_json():
    x = leaf(0.0, "x")
    with np.errstate(divide="ignore"):
        loss = np.log(x) * 2
    recording = viz.play(loss).recording
    assert json.loads(recording.to_json())["events"][-1]["value"]["entries"] == ["inf"]
    assert recording.replay()["n1"] == np.inf


def test_the_pass_changes_nothing():
    loss = small_network()
    before = [(node, node.grad, node.parents) for node in topological_order([loss], constants=True)]
    viz.play(loss)
    assert all(node.grad is grad and node.parents == parents for node, grad, parents in before)


# -- what cannot be played -----------------------------------------------------------------------


def test_what_cannot_be_played_says_why():
    x = leaf([1.0, 2.0], "x")
    with pytest.raises(ValueError, match="one element"):
        viz.play(x * x)
    with pytest.raises(ValueError, match="requires_grad=False"):
        viz.play(ag.Tensor(1.0))
    with pytest.raises(TypeError, match="float"):
        viz.play(3.0)
    y = leaf(1.0)
    for _ in range(2000):
        y = y * 1.001
    with pytest.raises(ValueError, match=r"2001 nodes.*max_nodes=60"):
        viz.play(y)


def test_from_top_to_bottom():
    loss = worked_example.build().error
    across, down = (picture(viz.play(loss, direction=direction)) for direction in ("LR", "TB"))
    assert float(across.get("width")) > float(across.get("height"))
    assert float(down.get("width")) < float(down.get("height"))
    for drawn in (across, down):
        size = [float(drawn.get(side)) for side in ("width", "height")]
        for card in list(drawn)[-1]:
            assert 0 <= float(card.get("x")) < size[0]
            assert 0 <= float(card.get("y")) < size[1]
    assert (
        viz.play(loss, direction="TB")._repr_mimebundle_()["image/svg+xml"]
        == viz.draw(loss, direction="TB", renderer="own").svg()
    )
    with pytest.raises(ValueError, match="play: expected direction='LR' or 'TB', got direction='up'"):
        viz.play(loss, direction="up")


def test_granularity_is_checked_before_anything_runs():
    loss = leaf(3.0, "x") * 2.0
    with pytest.raises(ValueError, match=r"'contribution' or 'node' or 'layer', got granularity='step'"):
        viz.play(loss, granularity="step")
    with pytest.raises(ValueError, match=r"at least two layers.*model=model"):
        viz.play(loss, granularity="layer")


def test_layers_come_from_the_model_from_groups_or_from_names():
    model = nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 1))
    loss = np.mean(model(ag.tensor(np.ones((4, 3), np.float32))))
    by_model = steps(viz.play(loss, model=model, granularity="layer"))
    assert {"0", "2"} <= set(by_model["layers"])
    assert by_model["grain"] == "layer"
    by_names = steps(viz.play(loss, dict(model.named_parameters()), groups=None))
    assert set(by_names["layers"]) == {"", "0", "2"}
    assert by_names["grain"] == "contribution"
    by_function = steps(viz.play(loss, groups=lambda node: ("all", "linear" if node.ndim > 1 else "loss")))
    assert set(by_function["layers"]) == {"all.linear", "all.loss"}
    assert len(by_function["in"]) == len(by_function["at"])
    assert "layers" not in steps(viz.play(loss, groups=None))


# -- the page ------------------------------------------------------------------------------------


def test_numbers_of_the_worked_example():
    player = viz.play(worked_example.build().error, digits=9)
    texts = ["".join(element.itertext()) for element in picture(player).iter("{http://www.w3.org/2000/svg}text")]
    assert "∂ 0.0821670406" in texts
    assert "∂ 0.000438567734" in texts
    assert str(player) == str(viz.draw(worked_example.build().error, digits=9))


def test_the_steps_on_the_page_are_the_contributions():
    x = leaf(3.0, "x")
    square = x * x
    data = steps(viz.play(square + x))
    assert data["steps"] == [
        [2, 1, 2, 0, "1"],
        [2, 0, 3, 0, "1", "1"],
        [1, 0, 0, "x", "3", "3", "4"],
        [1, 0, 1, "x", "3", "3"],
    ]
    assert any("square = x * x" in line for line in data["lines"])


def test_an_operation_with_several_outputs_passes_on_along_all_edges():
    data = steps(viz.play(several_outputs()))
    along = [step for step in data["steps"] if isinstance(step[2], list)]
    assert len(along) == 1
    assert len(along[0][0]) == len(along[0][2]) == 3


def test_the_ladder():
    bundle = viz.play(small_network())._repr_mimebundle_()
    assert list(bundle) == ["text/html", "image/svg+xml", "text/plain"]
    assert bundle["image/svg+xml"].startswith("<svg")
    assert bundle["text/plain"].startswith("node  ")
    tags = Page(bundle["text/html"])
    assert [tag for tag, _ in tags.tags] == ["div", "img", "script"]
    assert tags.attribute("img", "alt").startswith("Computational graph of 11 nodes")


def test_every_node_and_edge_is_in_the_picture():
    player = viz.play(worked_example.build().error)
    edges, cards = (group for group in picture(player) if group.tag.endswith("}g"))
    titles = ["".join(card.find("{*}text").itertext()).partition(" = ")[0] for card in cards]
    assert titles == [node.label or node.value for node in player.view.nodes]
    assert len(edges) == len(player.view.edges)


def test_no_network_and_under_50_kilobytes_for_100_nodes():
    rng = np.random.default_rng(0)
    weights = iter([leaf(float(value), f"w{i}") for i, value in enumerate(rng.normal(size=99))])

    def layer(inputs, count):
        outputs = []
        for _ in range(count):
            net = next(weights) * inputs[0]
            for x in inputs[1:]:
                net = net + next(weights) * x
            outputs.append(np.tanh(net + next(weights)))
        return outputs

    first, second, third = layer(layer([ag.Tensor(0.1 * i, name=f"x{i}") for i in range(3)], 4), 3)
    player = viz.play((first - 1.0) ** 2 + (second + 1.0) ** 2 + third**2)
    assert 100 <= len(player.view.nodes) <= 105
    assert len(player.html().encode()) < 50_000
    addresses = set(re.findall(r"https?://[^\"' )]*", player.html()))
    assert {address.split("/")[2] for address in addresses} == {"www.w3.org"}  # names of languages, not fetched
    assert not re.search(r"\b(fetch|XMLHttpRequest|import)\s*\(|@import|url\((?!#|%23)", player.html())


def chain(start, name, of_nodes=str):
    """A hundred nodes, of which two in three are elementwise and the others use the first one again."""
    y = b = leaf(start, name)
    for i in range(98):
        y = np.tanh(y) if i % 3 else y * b
        y.name = of_nodes(i)
    return y.sum() if y.ndim else y * b


@pytest.mark.parametrize(
    "loss",
    [
        chain(0.9, "b", lambda i: None),
        chain(np.linspace(0.1, 0.9, 6).reshape(2, 3), "b", lambda i: None),
        chain(0.9, "b" * 200, lambda i: f"a rather long name of the node {i}"),
    ],
    ids=["numbers", "arrays", "long names"],
)
def test_under_50_kilobytes_whatever_the_hundred_nodes_hold(loss, tmp_path):
    player = viz.play(loss, groups=None)
    assert len(player.view.nodes) == 100
    assert player.save_html(tmp_path / "chain.html").stat().st_size < 50_000


HOSTILE = "</script><img src=x onerror=alert(1)>&quot;'\"{}|\\\n\u2028]]>--><!-- %41 #a 🧨\ud800"


@pytest.mark.parametrize("name", [HOSTILE, "🧨" * 10, "x" * 100_000])
def test_labels_are_escaped(name):
    x = leaf(3.0, name)
    player = viz.play(x * x)
    html = player.html()
    assert len(html.encode()) < 32_000
    tags = Page(html)
    assert [tag for tag, _ in tags.tags] == ["div", "img", "script"]
    assert html.count("</script") == html.count("<script") == 1
    title = "".join(next(picture(player).iter("{http://www.w3.org/2000/svg}text")).itertext())
    assert title[:7] == name[:7]
    steps(player)


def test_a_page_can_be_saved(tmp_path):
    path = viz.play(leaf(2.0, HOSTILE) ** 2).save_html(tmp_path / "player.html")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert [tag for tag, _ in Page(text).tags if tag in ("html", "body", "script", "img")] == [
        "html",
        "body",
        "img",
        "script",
    ]


def test_a_rerun_gives_the_same_bytes_and_other_players_other_names():
    def html(value):
        x = leaf(value, "x")
        return viz.play(x * x).html()

    assert html(3.0) == html(3.0)
    assert Page(html(3.0)).attribute("div", "class") != Page(html(4.0)).attribute("div", "class")


def test_no_byte_depends_on_the_hash_seed():
    program = (
        "import hashlib, viz; from examples import worked_example; "
        "html = viz.play(worked_example.build().error).html(); print(hashlib.sha256(html.encode()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


# -- colours -------------------------------------------------------------------------------------


def luminance(color):
    color = color if len(color) == 7 else "#" + "".join(2 * digit for digit in color[1:])
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_in_light_and_dark():
    style = (Path(page.__file__).parent / "player.css").read_text(encoding="utf-8")
    themes = [dict(re.findall(r"--(\w+):(#\w+)", block)) for block in re.findall(r"\{(--paper[^}]*)\}", style)]
    assert len(themes) == 3
    assert themes[1] == themes[2]
    for colors in themes:
        for text in ("text", "muted", "value", "gradient"):
            for ground in ("paper", "card"):
                assert contrast(colors[text], colors[ground]) >= 4.5, (text, ground)
        for text in ("text", "gradient", "value"):
            assert contrast(colors[text], colors["lit"]) >= 4.5, text
    fallback = (Path(page.__file__).parent / "picture.css").read_text(encoding="utf-8")
    for name, color in re.findall(r"var\(--(\w+),(#\w+)\)", fallback):
        assert color == themes[0][name]
