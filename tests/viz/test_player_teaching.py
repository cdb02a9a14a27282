"""The player as a lesson, in a real browser: predictions, layers, zoom, motion, contrast, what is read out."""

from __future__ import annotations

import re

import numpy as np
import pytest

import autograd_core as ag
import viz
from examples import worked_example
from tests.browser import MISSING, Browser
from tests.viz.pages import ROOT, choose, click, focus, inside, open_players, rows, rule, said, settle, step
from viz.player.layers import layers

pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


@pytest.fixture(scope="module")
def browser():
    with Browser(1100, 700) as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Players of several graphs, as files."""
    directory = tmp_path_factory.mktemp("lessons")
    x = ag.tensor(3.0, requires_grad=True, name="x")
    v = ag.tensor([1.0, -2.0], requires_grad=True, name="v")
    m = ag.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True, name="m")
    players = {
        "sum": viz.play(np.exp(x) * x),
        "vector": viz.play(np.sum(v * v * 1.5)),
        "matrix": viz.play(np.sum(m * 2.0)),
        "network": viz.play(network(), granularity="layer"),
        "example": viz.play(worked_example.build().error, digits=9),
    }
    return {name: player.save_html(directory / f"{name}.html") for name, player in players.items()}


def network():
    rng = np.random.default_rng(1)
    h = ag.tensor(rng.normal(size=(2, 3)), name="X")
    for name, size in (("first", (3, 4)), ("second", (4, 2))):
        w = ag.tensor(rng.normal(size=size), requires_grad=True, name=f"{name}.weight")
        b = ag.tensor(np.zeros(size[1]), requires_grad=True, name=f"{name}.bias")
        h = np.tanh(h @ w + b)
    return np.mean(h)


def until_asked(browser):
    """Step on until something is asked for, and say what."""
    for _ in range(100):
        browser.press("ArrowRight")
        if inside(browser, "return !!root.querySelector('.ask')"):
            return inside(browser, "return root.activeElement.getAttribute('aria-label')")
    raise AssertionError("nothing was asked")


def answer(browser, text):
    browser.press(*text, "Enter")


def start(browser, page, predict):
    open_players(browser, page)
    choose(browser, "predict", predict)
    focus(browser)
    browser.press("Home")


# -- predict, then reveal ------------------------------------------------------------------------


def test_contributions_are_predicted_by_keyboard_alone(browser, pages):
    start(browser, pages["sum"], "contribution")
    assert until_asked(browser) == "your prediction of the contribution to u(2)"
    assert rule(browser).startswith("∂u(3)∂u(2)=∂u(3)∂u(3)·∂u(3)∂u(2)=1×(x = 3)=?")
    assert [row[0] for row in rows(browser)] == ["u(3)"]
    assert said(browser) == "contribution from u(3) to u(2): what is it?"
    answer(browser, "3")
    assert rule(browser).startswith("3 is right: 1 of 1 so far.")
    assert said(browser).startswith("3 is right: 1 of 1 so far. contribution from u(3) to u(2): 3, the first")
    assert rows(browser)[-1][:2] == ["u(2)", "3"]
    until_asked(browser)
    answer(browser, "20,1")  # within one per cent of 20.0855
    assert rule(browser).startswith("20,1 is right: 2 of 2")
    until_asked(browser)
    answer(browser, "7")
    assert rule(browser).startswith("7 is not right: 2 of 3")
    assert rows(browser)[-1][:2] == ["x", "80.3421"]
    assert inside(browser, "return root.activeElement.className") == "player"
    assert inside(browser, "return root.querySelector('button[aria-label=\"next step\"]').disabled")
    assert browser.errors() == []


def test_gradients_are_predicted_once_all_consumers_have_reported(browser, pages):
    start(browser, pages["sum"], "gradient")
    assert until_asked(browser) == "your prediction of ∂u(3)/∂u(2)"
    answer(browser, "3")
    assert until_asked(browser) == "your prediction of ∂u(3)/∂x"
    assert [row[0] for row in rows(browser)] == ["u(3)", "u(2)", "x"]
    assert rows(browser)[-1][3] == "1 of 2"
    assert "sum so far: 20.0855+?=?" in rule(browser)
    answer(browser, "80.34")
    assert "80.34 is right: 2 of 2" in rule(browser)


def test_what_cannot_be_read_is_asked_for_again_and_nothing_reveals_without_a_verdict(browser, pages):
    start(browser, pages["sum"], "contribution")
    until_asked(browser)
    answer(browser, "what?")
    assert "Write a number" in rule(browser)
    assert [row[0] for row in rows(browser)] == ["u(3)"]
    inside(browser, "root.querySelector('.ask input').value = ''")
    answer(browser, "")
    assert [row[0] for row in rows(browser)] == ["u(3)", "u(2)"]
    assert "right" not in rule(browser)
    until_asked(browser)
    click(browser, "next step")  # going on reveals too
    assert [row[0] for row in rows(browser)] == ["u(3)", "u(2)", "x"]


@pytest.mark.parametrize(
    ("text", "verdict"), [("[3, -6]", "right"), ("3 −6", "right"), ("3, 6", "not right"), ("3", "not right")]
)
def test_all_entries_of_a_small_array_are_predicted(browser, pages, text, verdict):
    start(browser, pages["vector"], "gradient")
    while until_asked(browser) != "your prediction of ∂u(4)/∂v":
        answer(browser, "")
    answer(browser, text)
    assert f"{text} is {verdict}:".replace("−", "-") in rule(browser)
    assert rows(browser)[-1][:2] == ["v", "[3, -6]"]


@pytest.mark.parametrize(("text", "verdict"), [("(2, 3)", "right"), ("3 2", "not right"), ("2.01 3", "not right")])
def test_of_a_large_array_the_shape_is_predicted(browser, pages, text, verdict):
    start(browser, pages["matrix"], "contribution")
    assert until_asked(browser) == "your prediction of the shape of the contribution to u(2)"
    answer(browser, text)
    assert f"{text} is {verdict}:" in rule(browser)


def test_playing_stops_at_a_question(browser, pages):
    start(browser, pages["sum"], "contribution")
    inside(browser, "const s = root.querySelector('select[aria-label=speed]'); s.options[3].value = 50; s.value = 50")
    browser.press("Space")
    while not inside(browser, "return !!root.querySelector('.ask')"):
        pass
    assert inside(browser, "return root.querySelector('button[aria-label=play]').textContent") == "Play"
    assert [row[0] for row in rows(browser)] == ["u(3)"]


# -- layers --------------------------------------------------------------------------------------


def test_layer_by_layer(browser, pages):
    player = viz.play(network())
    names = dict(zip((node.id for node in player.view.nodes), layers(player.view), strict=True))
    open_players(browser, pages["network"])
    assert inside(browser, "return root.querySelector('select[aria-label=granularity]').value") == "layer"
    focus(browser)
    browser.press("Home")
    told = []
    while not inside(browser, "return root.querySelector('button[aria-label=\"next step\"]').disabled"):
        browser.press("ArrowRight")
        told.append(
            inside(browser, "return [...root.querySelectorAll('.rule > strong')].map(e => e.textContent).join()")
        )
    units = [names[event.consumer] for event in player.recording.events if event.kind == "contribution"]
    assert told[:2] == ["layer first: 3 values", "layer second: 4 values"]
    assert told[2] == ""  # the seed
    assert told[3].startswith(f"layer second: {units.count('second')} contributions, complete now: ")
    assert told[4].startswith(f"layer first: {units.count('first')} contributions, complete now: ")
    assert {"first.bias", "first.weight"} <= set(told[4].split("complete now: ")[1].split(", "))
    assert len(told) == 5
    assert said(browser) == told[-1]
    browser.press("ArrowLeft", "ArrowLeft")
    assert [row[0] for row in rows(browser)] == ["u(11)"]


def test_layers_are_offered_only_where_there_are_some(browser, pages):
    options = "return [...root.querySelectorAll('select[aria-label=granularity] option')].map(o => o.value)"
    open_players(browser, pages["sum"])
    assert inside(browser, options) == ["contribution", "node"]
    open_players(browser, pages["network"])
    assert inside(browser, options) == ["contribution", "node", "layer"]


# -- the picture ---------------------------------------------------------------------------------

FRAME = "const f = root.querySelector('.figure'), s = f.querySelector('svg'); "


def test_zoom_by_buttons_keys_and_wheel(browser, pages):
    open_players(browser, pages["example"])
    width = FRAME + "return s.getBoundingClientRect().width"
    own = inside(browser, width)
    click(browser, "zoom in")
    assert inside(browser, width) == pytest.approx(1.25 * own, rel=1e-4)
    click(browser, "zoom out")
    assert inside(browser, width) == pytest.approx(own, rel=1e-4)
    focus(browser)
    browser.press("-", "-")
    assert inside(browser, width) == pytest.approx(0.64 * own, rel=1e-4)
    browser.press("+", "0")
    assert inside(browser, FRAME + "return s.getBoundingClientRect().width <= f.clientWidth + 1")
    browser.press("0")
    assert inside(browser, width) == pytest.approx(own, rel=1e-4)
    wheel = "f.dispatchEvent(new WheelEvent('wheel', {deltaY: -100, ctrlKey: %s, bubbles: true, cancelable: true}))"
    assert inside(browser, FRAME + "return " + wheel % "false")  # the page scrolls
    assert inside(browser, width) == pytest.approx(own, rel=1e-4)
    assert not inside(browser, FRAME + "return " + wheel % "true")
    assert inside(browser, width) > 1.2 * own


def test_the_picture_is_moved_by_mouse_and_keys(browser, pages):
    open_players(browser, pages["example"])
    left = FRAME + "return f.scrollLeft"
    focus(browser)
    browser.press("Home")
    inside(browser, FRAME + "f.scrollLeft = 0")
    shift = [{"type": "keyDown", "value": "\ue008"}, {"type": "keyDown", "value": "\ue014"}]
    keys = [*shift, {"type": "keyUp", "value": "\ue014"}, {"type": "keyUp", "value": "\ue008"}]
    browser.post("/actions", actions=[{"type": "key", "id": "keyboard", "actions": keys}])
    assert inside(browser, left) == 60
    assert step(browser) == 0
    x, y = inside(
        browser, FRAME + "const b = f.getBoundingClientRect(); return [b.left + 300, b.top + 40].map(Math.round)"
    )
    drag = [{"type": "pointerMove", "x": x, "y": y}, {"type": "pointerDown", "button": 0}]
    drag += [{"type": "pointerMove", "x": x - 100, "y": y, "duration": 50}, {"type": "pointerUp", "button": 0}]
    browser.post("/actions", actions=[{"type": "pointer", "id": "mouse", "actions": drag}])
    assert inside(browser, left) == 160


def test_a_contribution_moves_along_its_edge(browser, pages):
    open_players(browser, pages["sum"])
    focus(browser)
    browser.press("Home", *["ArrowRight"] * 5)
    moving = (
        "const m = root.querySelector('.moving'), p = root.querySelector('path.now'); "
        "const a = m.getAnimations()[0]; a.pause(); "
        "const at = t => { a.currentTime = t * a.effect.getTiming().duration; const b = m.getBoundingClientRect(); "
        "return b.left + b.width / 2 }; "
        "const box = p.getBoundingClientRect(), ends = [at(0), at(0.99)]; "
        "return [m.textContent, ...ends.map(x => (x - box.left) / box.width)]"
    )
    text, first, last = inside(browser, moving)
    assert text == "= 3"
    assert first == pytest.approx(1, abs=0.2)  # at the consumer
    assert last == pytest.approx(0, abs=0.2)  # at the node
    assert inside(browser, "return root.querySelector('.chip:not(.moving)').textContent") == "="
    browser.press("ArrowLeft")
    assert not inside(browser, "return !!root.querySelector('.moving')")  # nothing moves backwards


# -- for every reader ----------------------------------------------------------------------------

COLORS = """
const out = [];
const solid = color => {
  const p = color.match(/[\\d.]+/g).map(Number);
  return p.length < 4 || p[3] > 0 ? p.slice(0, 3) : null;
};
for (const e of root.querySelectorAll('*')) {
  const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  const style = getComputedStyle(e);
  const disabled = e.closest(':disabled'), quiet = e.closest('title, style, option, .said, .moving');
  if (!own || disabled || quiet || !e.getClientRects().length) continue;
  const svg = e.closest('svg'), fill = svg && !e.closest('math');
  let ground = null;
  for (let at = e; at && !ground; at = at.parentElement) {
    const frame = fill && at.tagName === 'svg' && at.querySelector(':scope > rect');
    ground = frame ? solid(getComputedStyle(frame).fill) : solid(getComputedStyle(at).backgroundColor);
  }
  const color = solid(fill ? style.fill : style.color);
  out.push([e.className.baseVal || e.className || e.tagName, e.textContent.slice(0, 30), color, ground]);
}
return out;
"""


def contrast(one, other):
    def luminance(color):
        linear = [c / 12.92 if (c := part / 255) <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for part in color]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["sum", "network"])
def test_every_text_on_the_page_has_a_contrast_of_4_5(browser, pages, theme, name):
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
    try:
        open_players(browser, pages[name])
        choose(browser, "granularity", "contribution")
        focus(browser)
        browser.press("Home")
        seen = set()
        for _ in range(12):
            for kind, text, color, ground in inside(browser, COLORS):
                assert ground is not None, (kind, text)
                assert contrast(color, ground) >= 4.5, (kind, text, color, ground)
                seen.add((tuple(color), tuple(ground)))
            browser.press("ArrowRight")
        assert len(seen) > 8  # texts of several colours on several grounds were looked at
    finally:
        browser.devtools("Emulation.setEmulatedMedia", features=[])


def test_what_is_lit_is_also_marked(browser, pages):
    """Every sign that a colour gives is given without it too."""
    open_players(browser, pages["sum"])
    focus(browser)
    browser.press("Home", *["ArrowRight"] * 5)
    look = "const s = (e, p) => getComputedStyle(root.querySelector(e), p); "
    assert inside(browser, look + "return s('tr.now > th', '::before').visibility") == "visible"
    assert inside(browser, look + "return s('tbody tr:not(.now) > th', '::before').visibility") == "hidden"
    assert "▸" in inside(browser, look + "return s('pre span.now', '::before').content")
    assert inside(browser, look + "return s('pre span.now').fontWeight") == "700"
    assert inside(browser, look + "return s('path.now').strokeDasharray") != "none"
    assert float(inside(browser, look + "return s('.now > rect').strokeWidth").removesuffix("px")) == 3
    assert inside(browser, "return root.querySelector('tr.now b').textContent") == "= "
    browser.press("ArrowRight", "ArrowRight", "ArrowRight")
    assert inside(browser, "return root.querySelector('tr.now b').textContent") == "+= "


def tree(browser):
    """(role, name) of everything in the accessibility tree, in order."""
    found = []
    for node in browser.devtools("Accessibility.getFullAXTree")["nodes"]:
        if not node.get("ignored"):
            found.append((node.get("role", {}).get("value"), node.get("name", {}).get("value", "")))
    return found


def test_the_accessibility_tree_follows_the_steps(browser, pages):
    open_players(browser, pages["sum"])
    focus(browser)
    browser.press("Home")
    before = tree(browser)
    assert ("image", "x: value 3, gradient not yet computed") in before
    assert ("image", "u(3): value not yet computed, gradient not yet computed") in before
    assert ("group", "computational graph") in before
    assert [name for role, name in before if role == "columnheader"] == ["node", "∂u(3) / ∂node", "from", "reported"]
    browser.press("End")
    after = tree(browser)
    assert ("image", "x: value 3, gradient 80.3421") in after
    assert [name.strip("▸\xa0") for role, name in after if role == "rowheader"] == ["u(3)", "u(2)", "x"]
    assert any(role == "MathMLFraction" for role, _ in after)
    assert not any(role in ("button", "combobox", "slider", "textbox") and not name for role, name in after)
    slider = next(n for n in browser.devtools("Accessibility.getFullAXTree")["nodes"] if n["role"]["value"] == "slider")
    assert slider["value"]["value"] == step(browser)
    live = [n for n in browser.devtools("Accessibility.getFullAXTree")["nodes"] if n["role"]["value"] == "status"]
    assert {"name": "live", "value": {"type": "token", "value": "polite"}} in live[0]["properties"]


def test_every_step_is_announced_but_few_while_it_plays(browser, pages):
    open_players(browser, pages["example"])
    inside(
        browser,
        "window.heard = []; new MutationObserver(() => window.heard.push(root.querySelector('.said').textContent))"
        ".observe(root.querySelector('.said'), {childList: true, characterData: true, subtree: true}); "
        "const s = root.querySelector('select[aria-label=speed]'); s.options[3].value = 200; s.value = 200",
    )
    focus(browser)
    browser.press("Home", "ArrowRight", "ArrowRight")
    heard = browser.run("return window.heard")
    assert len(heard) == 3
    assert heard[0].startswith("The inputs are given")
    assert re.fullmatch(r"u\(\d+\) = .* = -?[\d.]+", heard[1].replace("−", "-"))
    browser.run("window.heard.length = 0")
    browser.press("Space")
    browser.until(ROOT.format(0) + "return root.querySelector('button[aria-label=play]')")
    last = said(browser)
    assert last.startswith("contribution from")
    assert last.endswith("(1 of 1)") or last.endswith("(2 of 2)")
    assert step(browser) == inside(browser, "return +root.querySelector('input[type=range]').max")
    assert len(browser.run("return window.heard")) < 10 < step(browser)
    settle(browser)
