"""The player in a real browser: clicked through and driven by keyboard, its numbers compared with the engine's."""

from __future__ import annotations

import struct

import numpy as np
import pytest

import autograd_core as ag
import viz
from examples import worked_example
from tests.browser import MISSING, Browser
from tests.viz.pages import ROOT, cards, choose, click, focus, inside, open_players, rows, rule, step
from viz.player import picture

pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


@pytest.fixture(scope="module")
def browser():
    with Browser() as started:
        yield started


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    error = worked_example.build().error
    player = viz.play(error, digits=9)
    return error, player, player.save_html(tmp_path_factory.mktemp("player") / "example.html")


def test_clicking_through_shows_the_contributions_of_the_engine(browser, example):
    error, player, path = example
    open_players(browser, path)
    table = error.backward(keep="all")
    labels = {node.id: node.label for node in player.view.nodes}
    assert {row[0]: row[1] for row in rows(browser)} == {table.label(v): f"{table[v].item() + 0:.9g}" for v in table}
    click(browser, "first step")
    assert rows(browser) == []
    sums = {"E": "1"}
    for event in player.recording.events:
        if event.kind == "forward":
            click(browser, "next step")
            assert labels[event.node] in rule(browser)
            assert rule(browser).endswith(f"={event.value.text}")
        elif event.kind == "seed":
            click(browser, "next step")
            assert rows(browser) == [["E", "1", "seed", "–"]]
        elif event.kind == "contribution":
            sums[labels[event.node]] = event.total.text
            click(browser, "next step")
            if "passed on" in rule(browser):
                click(browser, "next step")
            shown = rows(browser)
            assert {row[0]: row[1] for row in shown} == sums
            on_cards = {label: text.partition("  (")[0] for label, text in cards(browser).items()}
            assert {label: text for label, text in on_cards.items() if text != "…"} == sums
            row = next(row for row in shown if row[0] == labels[event.node])
            assert row[1] == event.total.text
            assert row[2].split(" + ")[-1] == labels[event.consumer]
            assert row[3] == f"{event.reported} of {event.consumers}"
            assert f"{event.assignment}∂E" in rule(browser)
            assert f"{event.upstream.text}×" in rule(browser)
            assert event.value.text in rule(browser)
            assert len(inside(browser, "return [...root.querySelectorAll('path.now')].map(p => 1)")) == 1
    assert inside(browser, "return root.querySelector('button[aria-label=\"next step\"]').disabled")
    assert browser.errors() == []


def test_keyboard(browser, example):
    open_players(browser, example[2])
    last = step(browser)
    focus(browser)
    browser.press("Home")
    assert step(browser) == 0
    browser.press("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft")
    assert step(browser) == 2
    browser.press("End")
    assert step(browser) == last
    browser.press("Tab", "Enter")
    assert step(browser) == 0
    inside(browser, "const s = root.querySelector('select[aria-label=speed]'); s.options[3].value = 50; s.value = 50")
    focus(browser)
    browser.press("Space")
    assert inside(browser, "return root.querySelector('button[aria-label=pause]').textContent") == "Pause"
    browser.until(ROOT.format(0) + f"return root.querySelector('input[type=range]').value == {last}")
    browser.until(ROOT.format(0) + "return root.querySelector('button[aria-label=play]')")


def test_node_by_node(browser, example):
    _, player, path = example
    open_players(browser, path)
    choose(browser, "granularity", "node")
    focus(browser)
    browser.press("Home")
    consumers = [event.consumer for event in player.recording.events if event.kind == "contribution"]
    forward = sum(event.kind == "forward" for event in player.recording.events)
    browser.press(*["ArrowRight"] * (forward + 1 + len(set(consumers))))
    assert inside(browser, "return root.querySelector('button[aria-label=\"next step\"]').disabled")
    browser.press("ArrowLeft")
    assert not inside(browser, "return root.querySelector('button[aria-label=\"next step\"]').disabled")
    assert len(inside(browser, "return [...root.querySelectorAll('math')].map(m => 1)")) == consumers.count(
        consumers[-2]
    )


def test_two_players_on_one_page(browser, tmp_path):
    x = ag.tensor(np.array([1.0, 2.0]), requires_grad=True, name="x")
    player = viz.play(np.sum(x * x))
    other = viz.play(np.sum(np.exp(x)))
    page = tmp_path / "two.html"
    # The first one twice, as a notebook may show one output twice.
    page.write_text(
        f"<!DOCTYPE html><meta charset=utf-8>{player.html()}{other.html()}{player.html()}", encoding="utf-8"
    )
    open_players(browser, page)
    ends = [step(browser, number) for number in range(3)]
    click(browser, "first step", 0)
    assert [step(browser, number) for number in range(3)] == [0, *ends[1:]]
    click(browser, "back one step", 2)
    assert [step(browser, number) for number in range(3)] == [0, ends[1], ends[2] - 1]
    assert rows(browser, 1)[-1][:2] == ["x", "[2.71828, 7.38906]"]
    assert browser.run("return document.querySelectorAll('[id]').length") == 0
    assert browser.errors() == []


HOSTILE = (
    "</script><script>window.broken = 1</script>"
    "<img src=x onerror='window.broken = 2'>&amp;\"`${1}`\\\n\u2028]]>--><!-- %41 #a 🧨"
)


@pytest.mark.parametrize("name", [HOSTILE, HOSTILE * 1000])
def test_names_cannot_break_out(browser, tmp_path, name):
    x = ag.tensor(3.0, requires_grad=True, name=name)
    y = x * x
    y.name = name + "y"
    player = viz.play(y * 2.0, groups=lambda node: (name, str(node.ndim)) if node is x else (name,))
    open_players(browser, player.save_html(tmp_path / "names.html"))
    assert browser.run("return window.broken === undefined")
    shown = inside(browser, "return root.querySelector('tbody tr:last-child th').textContent")
    assert shown == " ".join(name.split())[: picture.TITLE - 1] + "…"
    choose(browser, "granularity", "layer")
    focus(browser)
    browser.press("Home", *["ArrowRight"] * 4)
    assert "</script>" in rule(browser)
    assert browser.run("return window.broken === undefined && document.images.length") == 1
    assert browser.errors() == []


def test_arrays_hooks_and_several_outputs(browser, tmp_path):
    x = ag.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True, name="x")
    a, b, c = ag.split(x, 3, axis=1)
    total = a * b + c * a
    total.register_hook(lambda g: g * 2)
    loss = total.sum()
    open_players(browser, viz.play(loss).save_html(tmp_path / "arrays.html"))
    gradient = ag.gradients(loss, x)[0]
    last = rows(browser)[-1]
    assert last[:2] == ["x", f"(2, 3) in [{gradient.min().item():g}, {gradient.max().item():g}]"]
    assert inside(browser, "return [...root.querySelectorAll('path.now')].map(p => 1)") == [1, 1, 1]
    said = []
    for _ in range(step(browser)):
        click(browser, "back one step")
        said.append(rule(browser))
    assert any("a hook replaced the gradient" in text for text in said)
    assert browser.errors() == []


def test_a_hook_on_the_result_and_what_is_said_of_contributions(browser, tmp_path):
    z = ag.tensor(1 + 2j, requires_grad=True, name="z")
    a = z * 2
    y = np.abs(a * a + a * (3 - 1j))
    a.name, y.name = "a", "y"
    y.register_hook(lambda g: g * 10)
    open_players(browser, viz.play(y, direction="TB").save_html(tmp_path / "hook.html"))
    focus(browser)
    browser.press("Home")
    told = {}
    for _ in range(20):
        browser.press("ArrowRight")
        told[rule(browser)] = {row[0]: row[1] for row in rows(browser)}
    assert told["∂y∂y=1"] == {"y": "1"}
    assert told["a hook replaced the gradient of y by 10"] == {"y": "10"}
    visits = [text for text in told if "passed on" in text]
    assert visits[0].startswith("y: the seed is set, so")
    assert visits[1].endswith(": its one contribution has arrived, so its gradient is complete and is passed on")
    assert visits[-1].startswith("a: all 3 contributions have arrived, so")
    assert any("×(conj(3-1j) = 3+1j)=" in text for text in told)
    assert any("×(conj(a) = 2-4j)=" in text for text in told)
    assert browser.errors() == []


def test_the_accessibility_tree(browser, example):
    open_players(browser, example[2])
    tree = browser.devtools("Accessibility.getFullAXTree")["nodes"]
    named = {(n["role"]["value"], n["name"]["value"]) for n in tree if "role" in n and n.get("name", {}).get("value")}
    for label in ("first step", "back one step", "next step", "last step", "play"):
        assert ("button", label) in named
    assert ("slider", "step") in named
    for label in ("speed", "granularity", "predict"):
        assert ("combobox", label) in named
    assert ("image", "w5: value 0.4, gradient 0.0821670406") in named
    assert any(role == "region" and name.startswith("backpropagation of E") for role, name in named)
    assert any(node.get("role", {}).get("value") == "status" for node in tree)


def test_dark_and_reduced_motion(browser, example):
    features = [("prefers-color-scheme", "dark"), ("prefers-reduced-motion", "reduce")]
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": n, "value": v} for n, v in features])
    try:
        open_players(browser, example[2])
        look = "const style = s => getComputedStyle(root.querySelector(s)); "
        assert inside(browser, look + "return style('.player').backgroundColor") == "rgb(13, 17, 23)"
        assert inside(browser, look + "return style('text:nth-of-type(3)').fill") == "rgb(255, 166, 87)"
        focus(browser)
        browser.press("ArrowLeft", "ArrowRight")
        assert inside(browser, look + "return style('.moving').animationName") == "none"
        assert inside(browser, look + "return style('.moving').opacity") == "0"
        browser.devtools("Emulation.setEmulatedMedia", features=[])
        assert inside(browser, look + "return style('.player').backgroundColor") == "rgb(255, 255, 255)"
        assert inside(browser, look + "return style('.moving').animationName") == "move"
        browser.run("document.body.dataset.jpThemeLight = 'false'")
        browser.until(ROOT.format(0) + "return all[0].dataset.theme === 'dark'")
        assert inside(browser, look + "return style('.player').backgroundColor") == "rgb(13, 17, 23)"
    finally:
        browser.devtools("Emulation.setEmulatedMedia", features=[])


def test_without_scripts_the_picture_shows(example):
    with Browser(scripts=False) as browser:
        browser.open(example[2])
        # The driver's own scripts run all the same, in a world of their own.
        assert browser.run("return document.querySelector('[class^=backprop-player]').shadowRoot === null")
        size = browser.run(
            "const i = document.querySelector('img'); return [i.complete, i.naturalWidth, i.naturalHeight]"
        )
        assert size[0]
        assert min(size[1:]) > 300
        shot = browser.screenshot()
    width, height = struct.unpack(">II", shot[16:24])
    assert min(width, height) > 300
    assert len(shot) > 50_000  # an empty page takes a tenth of that
