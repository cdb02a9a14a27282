"""Pictures whose groups open on a click: what the piece of HTML holds, and what a real browser makes of it."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
import pytest

import autograd_core as ag
import nn
import viz
from tests.browser import MISSING, Browser
from viz import groups, unfold

needs_browser = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


def recurrent(steps):
    cell = nn.LSTMCell(4, 6)
    with viz.capture(cell):
        state = None
        for x in np.random.default_rng(0).standard_normal((steps, 3, 4)).astype(np.float32):
            state = cell(x, state)
        loss = (state[0] ** 2).sum()
    return viz.draw(loss, renderer="own")


def nested(depth=3, width=3):
    x = ag.Tensor(1.0, requires_grad=True, name="x")
    y, paths = x, {}
    for number in range(width**depth):
        path = tuple(f"g{number // width**level % width}" for level in range(depth - 1, -1, -1))
        for _ in range(2):
            y = np.tanh(y)
            paths[y] = path
    return viz.draw(y, groups=paths.get, collapse=1, renderer="own")


def unpacked(html):
    packed = re.search(r'\)\("[^"]+","([^"]+)"\)</script>', html).group(1)
    return json.loads(zlib.decompress(base64.b64decode(packed)))


def test_every_collapsed_group_has_a_picture():
    drawing = nested()
    data = unpacked(drawing.html())
    assert data["states"][""] == drawing.svg()
    assert len(data["states"]) == 1 + 3 + 9 + 27
    for svg in data["states"].values():
        assert ElementTree.fromstring(svg) is not None
    names = {data["names"][key]: key for key in data["names"]}
    assert data["above"][names["g1.g2.g0"]] == names["g1.g2"]
    assert data["above"][names["g1.g2"]] == names["g1"]


def test_small_pictures_open_in_place_and_large_ones_show_the_inside():
    found, _ = unfold.states(nested().scene)
    opened = next(view for key, view in found.items() if key)
    assert sum(node.kind == "group" for node in opened.nodes) == 2 + 3
    found, _ = unfold.states(nested(depth=4, width=4).scene)
    inside = next(view for key, view in found.items() if key)
    assert {node.kind for node in inside.nodes} == {"group", "more"}
    assert sum(node.kind == "group" for node in inside.nodes) == 4


def test_the_piece_stays_small():
    drawing = recurrent(600)
    assert groups.cards(drawing.scene.whole) > 2000
    html = drawing.html()
    assert len(html) < 200_000
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")
    found, _ = unfold.states(drawing.scene)
    opened = list(found.values())[1]
    assert groups.cards(opened) == groups.AT_A_GLANCE
    assert "544 of 604 nodes of the group, further from its end, are left out" in opened.notes[-1]
    assert "viz.draw(..., collapse=1, max_nodes=None).expand('LSTMCell')" in opened.notes[-1]


def test_what_is_left_out_of_a_long_loop_is_on_further_pages():
    drawing = recurrent(100)
    found, above = unfold.states(drawing.scene)
    steps = [[node.label for node in found[key].nodes if node.kind == "group"] for key in ("g1", "g1_further")]
    assert steps[0] == [f"LSTMCell.step {number}" for number in range(41, 101)]
    assert steps[1] == [f"LSTMCell.step {number}" for number in range(1, 41)]
    assert above["g1_further"] == "g1"
    (sign,) = [node for node in found["g1"].nodes if node.id == "g1_further"]
    assert sign.label == "⋯ 44 nodes before ⋯"
    (edge,) = [edge for edge in found["g1"].edges if edge.source == sign.id]
    assert next(node.label for node in found["g1"].nodes if node.id == edge.target) == "LSTMCell.step 41"
    assert not found["g1_further"].notes
    early = next(node.id for node in found["g1_further"].nodes if node.label == "LSTMCell.step 40")
    assert above[early] == "g1_further"
    assert unpacked(drawing.html())["names"]["g1_further"] == "before"


def test_a_picture_without_groups_needs_no_script(tmp_path):
    x = ag.Tensor(3.0, requires_grad=True, name="x")
    drawing = viz.draw(x * x)
    assert "<script" not in drawing.html()
    assert "<script" not in drawing._repr_mimebundle_()["text/html"]
    page = drawing.save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "data:image/svg+xml;base64," in page


def test_what_shows_without_scripts():
    html = recurrent(30)._repr_mimebundle_()["text/html"]
    before = html.partition("<script")[0]
    assert "data:image/svg+xml;base64," in before
    assert "<summary>31 groups</summary>" in before
    assert "LSTMCell: LSTMCell × 30: output (3, 6), operations" in before
    with viz.config(display="picture"):
        assert "<script" not in recurrent(30)._repr_mimebundle_()["text/html"]


ESCAPE = "\ue00c"
ROOT = "const root = document.querySelector('[class^=groups-of]').shadowRoot;"


@needs_browser
def test_groups_open_by_mouse_and_by_keyboard(tmp_path):
    page = nested().save(tmp_path / "nested.html")
    with Browser() as browser:
        browser.open(page)
        browser.until("return document.querySelector('[class^=groups-of]')?.shadowRoot?.querySelector('svg')")

        def cards():
            return browser.run(ROOT + "return [...root.querySelectorAll('g[role=button]')].map(g => g.ariaLabel)")

        def trail():
            return browser.run(ROOT + "return [...root.querySelectorAll('nav button')].map(b => b.textContent)")

        def focused():
            return browser.run(ROOT + "return root.activeElement?.ariaLabel ?? root.activeElement?.textContent")

        assert cards() == ["open g0", "open g1", "open g2"]
        browser.run(ROOT + "root.querySelectorAll('g[role=button]')[1].dispatchEvent(new MouseEvent('click'))")
        assert cards() == ["open g0", "open g1.g0", "open g1.g1", "open g1.g2", "open g2"]
        assert trail() == ["whole graph", "g1"]
        assert focused() == "g1"
        browser.run(ROOT + "root.querySelectorAll('g[role=button]')[3].focus()")
        browser.press("Enter")
        assert trail() == ["whole graph", "g1", "g1.g2"]
        assert "g1.g2 is open" in browser.run(ROOT + "return root.querySelector('[aria-live]').textContent")
        assert "g1.g2.g0" in browser.run(ROOT + "return root.querySelector('svg').textContent")
        browser.press(ESCAPE)
        assert trail() == ["whole graph", "g1"]
        assert focused() == "open g1.g2"
        browser.press(ESCAPE)
        assert trail() == ["whole graph"]
        assert browser.errors() == []


@needs_browser
def test_the_sign_for_what_comes_before_opens_it(tmp_path):
    page = recurrent(100).save(tmp_path / "long.html")
    with Browser() as browser:
        browser.open(page)
        browser.until("return document.querySelector('[class^=groups-of]')?.shadowRoot?.querySelector('svg')")
        for name in ("g1", "g1_further"):
            browser.run(ROOT + f"root.querySelector('#{name}').dispatchEvent(new MouseEvent('click'))")
        trail = browser.run(ROOT + "return [...root.querySelectorAll('nav button')].map(b => b.textContent)")
        assert trail == ["whole graph", "LSTMCell: LSTMCell × 100", "before"]
        assert "LSTMCell.step 1" in browser.run(ROOT + "return root.querySelector('svg').textContent")
        assert browser.errors() == []


@needs_browser
def test_two_pictures_on_a_page_and_none_without_scripts(tmp_path):
    one, two = nested().html(), recurrent(30).html()
    page = tmp_path / "two.html"
    page.write_text(unfold.document("two", one + two + one), encoding="utf-8")
    with Browser() as browser:
        browser.open(page)
        browser.until("return [...document.querySelectorAll('[class^=groups-of]')].every(e => e.shadowRoot)")
        script = (
            "const [a, b, c] = [...document.querySelectorAll('[class^=groups-of]')].map(e => e.shadowRoot);"
            "b.querySelector('g[role=button]').dispatchEvent(new MouseEvent('click'));"
            "return [a, b, c].map(root => root.querySelectorAll('nav button').length)"
        )
        assert browser.run(script) == [1, 2, 1]
        assert browser.errors() == []
    with Browser(scripts=False) as browser:
        browser.open(page)
        assert browser.run("return document.querySelectorAll('img').length") == 3
        assert browser.run("return document.querySelector('img').naturalWidth") > 100
