"""How cards, thumbnails, badges, shades, marks and legends are drawn, in SVG and in DOT."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest

import autograd_core as ag
import nn
import viz
from viz import dot, svg
from viz.cards import DETAILED, edge_text
from viz.modes import BADGES, MODES
from viz.style import DARK, LIGHT, STOPS, Palette, blended, contrast, ink, luminance, palette
from viz.summary import LEVELS
from viz.svg_text import text_width
from viz.thumbnails import THICK, THIN, draw_thumbnail

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz' program dot is not installed")
NAMESPACE = "{http://www.w3.org/2000/svg}"
RNG = np.random.default_rng(11)
ENOUGH = 4.5


def leaf(value, name=None):
    return ag.Tensor(value, requires_grad=True, name=name)


def network():
    """A small network with a dead unit, whose loss is a number."""
    x = ag.Tensor(RNG.normal(size=(6, 4)), name="x")
    bias = leaf(np.array([0.0, -100.0, 0.1, 0.2, 0.3]), "b")
    hidden = ag.relu(x @ leaf(RNG.normal(size=(4, 5)), "w") + bias)
    hidden.name = "h"
    return (hidden * hidden).mean()


def broken():
    with np.errstate(all="ignore"):
        return np.sqrt(leaf(np.array([1.0, -1.0, 0.0, 4.0, 2.0]), "x")).sum()


def drawings(theme="light"):
    before, after = (viz.draw(network(), theme=theme) for _ in range(2))
    yield from (viz.draw(network(), mode=mode, theme=theme) for mode in MODES)
    yield viz.draw(broken(), mode="heat", theme=theme)
    x = leaf(3.0, "x")
    yield viz.paths(x * x + 1, x, theme=theme)
    yield replace_view(before, viz.compare(before, after).view)


def replace_view(drawing, view):
    return viz.Drawing(view, drawing.direction, drawing.renderer, theme=drawing.theme)


def own(drawing):
    return svg.render(drawing.view, drawing.direction, palette(drawing.theme))


def group(root, name):
    return next(element for element in root.iter(f"{NAMESPACE}g") if element.get("id") == name)


# -- contrast ------------------------------------------------------------------------------------


def test_luminance_and_contrast_are_those_of_wcag():
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=1e-3)
    assert luminance("#ff0000") == pytest.approx(0.2126)


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_read_well_on_paper_and_cards(colors):
    for text in (colors.value, colors.gradient, colors.text, colors.muted, colors.mark):
        assert contrast(text, colors.paper) >= ENOUGH, text
        assert contrast(text, colors.card) >= ENOUGH, text
    assert contrast(colors.paper, colors.text) >= ENOUGH  # a badge


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_read_well_on_every_shade(colors):
    for number in range(501):
        background = colors.shade(number / 500)
        assert contrast(ink(background), background) >= ENOUGH


def test_the_scale_reads_without_colours():
    lightness = [luminance(LIGHT.shade(number / 100)) for number in range(101)]
    assert all(after < before for before, after in pairwise(lightness))
    assert (LIGHT.shade(-1), LIGHT.shade(2)) == (STOPS[0], STOPS[-1])
    assert [DARK.shade(place) for place in (0, 1)] == [STOPS[-1], STOPS[0]]
    assert blended(("#000000", "#ffffff", "#000000"), 0.75) == "#808080"


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
def test_thumbnails_grow_darker_or_lighter_from_zero(colors):
    away = [contrast(color, colors.card) for color in colors.thumbnail]
    assert away[3] < away[2] < away[1] < away[0]
    assert away[3] < away[4] < away[5] < away[6]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast_of_every_text_as_it_is_drawn(theme):
    """Every text on what lies below it: its card, a badge, or the paper."""
    colors = palette(theme)
    seen = 0
    for drawing in drawings(theme):
        root = ElementTree.fromstring(own(drawing))
        for element in root.iter(f"{NAMESPACE}g"):
            background = colors.paper
            for child in element:
                tag = child.tag.removeprefix(NAMESPACE)
                if tag == "rect" and child.get("fill", "none") != "none":
                    background = child.get("fill")
                if tag == "text" and element.get("id") != "legend":
                    for part in (child, *child):
                        seen += 1
                        color = part.get("fill") or element.get("fill")
                        assert contrast(color, background) >= ENOUGH, ElementTree.tostring(part)
    assert seen > 100


def test_contrast_in_dot():
    for theme in ("light", "dark"):
        colors = palette(theme)
        for drawing in drawings(theme):
            for line in drawing.source.splitlines():
                if "fillcolor" not in line or "<TABLE" not in line:
                    continue
                background = re.search(r'fillcolor="(#\w+)"', line).group(1)
                badges = re.findall(rf'BGCOLOR="{colors.text}"><FONT COLOR="(#\w+)"', line)
                assert all(contrast(color, colors.text) >= ENOUGH for color in badges)
                rest = re.sub(r'<TD COLSPAN="2" ALIGN="LEFT" BGCOLOR.*?</TD>', "", line)
                for color in re.findall(r'FONT COLOR="(#\w+)"', rest):
                    assert contrast(color, background) >= ENOUGH, line


# -- cards ---------------------------------------------------------------------------------------


def test_a_card_of_an_array_shows_shape_dtype_statistics_and_thumbnails():
    w = leaf(np.arange(12.0).reshape(3, 4) - 5, "w")
    root = ElementTree.fromstring(own(viz.draw((w * w).sum())))
    card = group(root, "n1")
    texts = ["".join(text.itertext()) for text in card.iter(f"{NAMESPACE}text")]
    assert texts[:5] == ["w", "value", "(3, 4) in [-5, 6]", "entries", "float64 · mean 0.5 · std 3.45 · 8 % zeros"]
    assert texts[5:] == ["gradient", "(3, 4) in [-10, 12]", "entries", "float64 · rms 6.98 · 8 % zeros"]
    assert len([element for element in card.iter(f"{NAMESPACE}g") if "scale(" in element.get("transform")]) == 2
    title = card.find(f"{NAMESPACE}title").text
    for part in ("shape (3, 4), float64", "96 bytes, 96 kept", "value: mean 0.5", "gradient: mean 1"):
        assert part in title
    operation = group(root, "n2").find(f"{NAMESPACE}title").text
    assert "test_cards.py:" in operation


def test_small_arrays_and_numbers_have_no_thumbnails():
    picture = own(viz.draw(leaf([1.0, 2.0, 3.0, 4.0], "x").sum()))
    assert "scale(" not in picture
    assert "Thumbnails" not in picture
    assert "[1, 2, 3, 4]" in picture


def test_large_pictures_have_short_cards():
    x = leaf(RNG.normal(size=(3, 3)), "x")
    y = x
    for _ in range(DETAILED):
        y = y * x
    drawing = viz.draw(y.sum(), collapse=None, groups=None)
    assert "scale(" not in own(drawing)
    assert "std" not in "".join(re.sub(r"<title>.*?</title>", "", own(drawing), flags=re.DOTALL))
    assert "label=x" not in drawing.source
    some = viz.draw((x * x).sum())
    assert "scale(" in own(some)
    assert "label=x" in some.source


def cells(rows):
    drawn = ElementTree.fromstring(draw_thumbnail(rows, 0, 0, LIGHT, None))
    found = {}
    for path in drawn.iter("path"):
        for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)", path.get("d")):
            for step in range(int(length)):
                found[int(y), int(x) + step] = (path.get("stroke"), path.get("stroke-width"))
    return found


def test_every_cell_of_a_thumbnail_is_drawn_once_with_its_level():
    rows = ("cba.123", "33..cc1", "1.1.1.1")
    found = cells(rows)
    assert len(found) == 21
    for (y, x), (color, width) in found.items():
        level = LEVELS.index(rows[y][x])
        assert color == LIGHT.thumbnail[level]
        assert width == (THIN if level < 3 else THICK)  # the sign, without colours


def test_broken_cells_are_crosses():
    drawing = draw_thumbnail(("1!", "!."), 0, 0, LIGHT, None)
    assert len(cells(("1!", "!."))) == 2
    assert drawing.count("l.6.6m0-.6l-.6.6") == 2


def test_a_thumbnail_on_a_shade_has_its_own_background():
    drawing = viz.draw(network(), mode="heat")
    shaded = group(ElementTree.fromstring(own(drawing)), next(n.id for n in drawing.view.nodes if n.label == "w"))
    inner = next(element for element in shaded.iter(f"{NAMESPACE}g") if "scale(" in element.get("transform", ""))
    assert inner.find(f"{NAMESPACE}rect").get("fill") == LIGHT.card


# -- modes in both renderers ---------------------------------------------------------------------


def test_shades_badges_and_the_legend_in_svg():
    drawing = viz.draw(network(), mode="heat")
    root = ElementTree.fromstring(own(drawing))
    for node in drawing.view.nodes:
        card = group(root, node.id)
        fills = [rect.get("fill") for rect in card.findall(f"{NAMESPACE}rect")]
        if node.shade is not None:
            assert LIGHT.shade(node.shade) in fills, node.label
        for badge in node.badges:
            assert f"{BADGES['dead'][0]} {badge}" in ["".join(text.itertext()) for text in card]
    legend = " ".join(group(root, "legend").itertext())
    assert drawing.view.legend.title in legend
    assert all(text in legend for _, text in drawing.view.legend.ticks)
    assert "○ dead: a gradient of zeros" in legend


def test_nothing_moves_when_the_mode_changes():
    places = set()
    for mode in MODES:
        root = ElementTree.fromstring(own(viz.draw(network_fixed(), mode=mode)))
        places.add(tuple(e.get("transform") for e in root.iter(f"{NAMESPACE}g") if e.get("id", "").startswith("n")))
    assert len(places) == 1


def network_fixed():
    w = leaf(np.arange(-6.0, 6.0).reshape(3, 4), "w")
    return ag.relu(w).sum()


def test_shades_badges_and_the_legend_in_dot():
    drawing = viz.draw(network(), mode="heat")
    source = drawing.source
    for node in drawing.view.nodes:
        if node.shade is not None:
            assert f'fillcolor="{LIGHT.shade(node.shade)}"' in source
    assert "○ dead (1 of 5 units)" in source
    assert "○ dead: a gradient of zeros" in source
    assert drawing.view.legend.title in source


def test_marked_paths_are_thicker_in_both():
    x, y = leaf(3.0, "x"), leaf(2.0, "y")
    drawing = viz.paths(x * x + y, x)
    root = ElementTree.fromstring(own(drawing))
    widths = [
        float(path.get("stroke-width"))
        for path in root.iter(f"{NAMESPACE}path")
        if path.get("marker-end") == "url(#marked)"
    ]
    (plain,) = (element for element in root.iter(f"{NAMESPACE}g") if element.get("marker-end"))
    assert len(widths) == sum(edge.marked for edge in drawing.view.edges) == 3
    assert len(plain) == 1
    assert min(widths) > 2 * float(plain.get("stroke-width"))
    frames = {name: group(root, name).find(f"{NAMESPACE}rect").get("stroke") for name in ("n1", "n2", "n3", "n4")}
    assert [color == LIGHT.mark for color in frames.values()] == [node.marked for node in drawing.view.nodes]
    assert drawing.source.count("penwidth=2.8") == 3
    assert drawing.source.count("penwidth=3.4") == 3


@needs_dot
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_dot_accepts_all_of_it(theme):
    for drawing in drawings(theme):
        root = ElementTree.fromstring(drawing._pipe("svg", "test").decode())
        shown = " ".join(" ".join(root.itertext()).split())
        for node in drawing.view.nodes:
            assert (node.label or node.value).split(" ")[0] in shown
        for badge in (badge for node in drawing.view.nodes for badge in node.badges):
            assert badge in shown.replace("\xa0", " ")


@needs_dot
def test_without_another_wish_dot_draws_the_theme():
    assert DARK.card in viz.draw(leaf(2.0) * 3, theme="dark", renderer="dot").svg()
    assert DARK.card in viz.draw(leaf(2.0) * 3, theme="dark", renderer="own").svg()


def test_unknown_modes_and_themes():
    x = leaf(1.0)
    with pytest.raises(ValueError, match="mode='result' or 'heat' or 'memory', got mode='cold'"):
        viz.draw(x * 2, mode="cold")
    with pytest.raises(ValueError, match="theme='light' or 'dark', got theme='pink'"):
        viz.draw(x * 2, theme="pink")


def test_modes_stay_when_groups_open():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    with viz.capture(model):
        loss = model(np.ones((5, 3), np.float32)).sum()
    opened = viz.draw(loss, collapse=1, mode="heat", theme="dark").expand("0")
    assert opened.view.legend is not None
    assert opened.theme == "dark"


# -- along edges ---------------------------------------------------------------------------------


def test_local_derivatives_and_broadcasts_stand_along_edges():
    x, b = leaf(RNG.normal(size=(4, 3)), "x"), leaf(np.ones(3), "b")
    drawing = viz.draw((np.sin(x) + b).sum())
    by_target = {(edge.source, edge.target): edge_text(edge) for edge in drawing.view.edges}
    labels = {node.label: node.id for node in drawing.view.nodes}
    assert by_target[labels["x"], labels["u(3)"]] == "cos(x)"
    assert by_target[labels["b"], labels["u(4)"]] == "broadcast"
    texts = ["".join(text.itertext()) for text in ElementTree.fromstring(own(drawing)).iter(f"{NAMESPACE}text")]
    assert {"cos(x)", "broadcast"} <= set(texts)
    assert 'label="cos(x)"' in drawing.source


def test_long_derivatives_are_left_to_the_title():
    edge = viz.ViewEdge("a", "b", 0, derivative="a very long formula of many parts")
    assert edge_text(edge) == ""
    assert "a very long formula" in edge.tooltip()


# -- sizes and safety ----------------------------------------------------------------------------


def test_bytes_per_node():
    x = leaf(0.3, "x")
    y = x
    for _ in range(25):
        y = np.tanh(y * x)
    numbers = viz.draw(y, collapse=None)
    assert len(own(numbers).encode()) / len(numbers.view.nodes) < 1000
    arrays = viz.draw(network())
    assert len(own(arrays).encode()) / len(arrays.view.nodes) < 2600


@pytest.mark.parametrize("mode", list(MODES))
def test_pictures_are_the_same_every_time(mode):
    loss = network_fixed()
    first, second = (viz.draw(loss, mode=mode) for _ in range(2))
    assert own(first) == own(second)
    assert first.source == second.source


@pytest.mark.parametrize("text", ["</svg><script>alert(1)</script>", 'a"b&<c>', "\\N\\n", "\ud800\0", "x" * 10_000])
def test_names_are_escaped_in_all_modes(text):
    x = leaf(np.array([1.0, -1.0, np.nan, 2.0, 0.0]), text)
    for mode in MODES:
        picture = own(viz.draw((x * 2).sum(), mode=mode))
        root = ElementTree.fromstring(picture)
        assert "script" not in {element.tag.rpartition("}")[2] for element in root.iter()}
        assert len(picture) < 20_000


def test_nothing_is_styled_by_sheets_or_fetched():
    for drawing in drawings():
        picture = own(drawing)
        assert "<style" not in picture
        assert not re.search(r"(href|src|url\((?!#))", picture)


def test_texts_fit_their_cards():
    for drawing in drawings():
        root = ElementTree.fromstring(own(drawing))
        for node in drawing.view.nodes:
            if node.kind in ("number", "more"):
                continue
            card = group(root, node.id)
            width = max(float(rect.get("width")) for rect in card.findall(f"{NAMESPACE}rect"))
            for text in card.findall(f"{NAMESPACE}text"):
                if text.get("text-anchor") == "end":
                    size = float(text.get("font-size", 11))
                    assert float(text.get("x")) - text_width(text.text, size) > 0
                    assert float(text.get("x")) < width


def test_a_palette_of_ones_own_is_used_throughout():
    colors = Palette(paper="#fffffe", card="#fffffd", muted="#111112")
    view = viz.draw(network(), mode="memory").view
    for picture in (svg.render(view, "TB", colors), dot.render(view, "TB", colors).source):
        assert "#fffffe" in picture
        assert LIGHT.card not in picture
        assert LIGHT.muted not in picture


def test_a_long_note_is_written_on_several_lines():
    x = ag.tensor(0.5, requires_grad=True, name="x")
    y = x
    for _ in range(14):
        y = np.tanh(y * 2.0)
    picture = viz.paths(y, x, renderer="own").svg()
    text = re.sub(r"<[^>]*>", " ", picture)
    chain = next(line for line in repr(viz.explain(y, x)).splitlines() if line.startswith("  = "))
    assert len(chain) < 4 * 160
    assert all(number in text.split() for number in chain.split())
    assert max(len(line) for line in re.findall(r"<text[^>]*>([^<]*)</text>", picture)) <= 160
