"""``viz.config``: what a notebook is given of pictures, players, tables and explanations."""

from __future__ import annotations

import importlib.util
import shutil
from base64 import b64decode

import pytest

import autograd_core as ag
import viz
from viz.display import DISPLAYS

HTML, SVG, PNG, TEXT = "text/html", "image/svg+xml", "image/png", "text/plain"
GIVEN = {
    "auto": {"player": [HTML, SVG, TEXT], "picture": [HTML, SVG, TEXT], "table": [HTML, TEXT]},
    "player": {"player": [HTML, TEXT], "picture": [HTML, TEXT], "table": [HTML, TEXT]},
    "picture": {"player": [HTML, SVG, TEXT], "picture": [HTML, SVG, TEXT], "table": [HTML, TEXT]},
    "svg": {"player": [SVG, TEXT], "picture": [SVG, TEXT], "table": [TEXT]},
    "png": {"player": [PNG, TEXT], "picture": [PNG, TEXT], "table": [TEXT]},
    "text": {"player": [TEXT], "picture": [TEXT], "table": [TEXT]},
}


def things():
    x = ag.tensor(3.0, requires_grad=True, name="x")
    y = x * x
    return {
        "player": viz.play(y),
        "picture": viz.draw(y),
        "table": viz.grad_table(y),
        "explanation": viz.explain(y, x),
    }


def can_draw_pixels():
    return bool(shutil.which("dot") or importlib.util.find_spec("cairosvg"))


def test_all_are_listed():
    assert tuple(GIVEN) == DISPLAYS


@pytest.mark.parametrize("display", [display for display in DISPLAYS if display != "png"])
def test_what_is_given(display):
    shown = things()
    with viz.config(display=display):
        for name, thing in shown.items():
            wanted = GIVEN[display]["table" if name == "explanation" else name]
            bundle = thing._repr_mimebundle_()
            assert list(bundle) == wanted, name
            assert bundle[TEXT] == repr(thing)
            if name != "picture":  # what is asked for beside the bundle must not bring back what is not wanted
                assert thing._repr_html_() == bundle.get(HTML)
            assert ("<script" in bundle.get(HTML, "")) == (name == "player" and display in ("auto", "player"))
            if name in ("player", "picture") and HTML in bundle:
                assert bundle[HTML].count("<img ") == 1


def test_pixels_where_something_can_draw_them():
    shown = things()
    with viz.config(display="png"):
        for name in ("player", "picture"):
            if can_draw_pixels():
                bundle = shown[name]._repr_mimebundle_()
                assert list(bundle) == GIVEN["png"][name]
                assert b64decode(bundle[PNG]).startswith(b"\x89PNG")
            else:  # a clear error that names what to install
                with pytest.raises(viz.DotNotFoundError, match="cairosvg"):
                    shown[name]._repr_mimebundle_()
        assert list(shown["table"]._repr_mimebundle_()) == [TEXT]


def test_it_lasts_or_ends_with_its_block():
    assert viz.config().display == "auto"
    before = viz.config(display="text")
    try:
        assert viz.config().display == "text"
        with viz.config(display="picture") as inner:
            assert inner.display == "picture"
            with pytest.raises(KeyError), viz.config(display="svg"):
                raise KeyError
            assert viz.config().display == "picture"
        assert viz.config().display == "text"
        assert repr(viz.config()) == "viz.config(display='text')"
    finally:
        before.__exit__()
    assert viz.config().display == "auto"


def test_an_unknown_word_changes_nothing():
    with pytest.raises(ValueError, match=r"'auto'.*'text'.*got display='blink'"):
        viz.config(display="blink")
    assert viz.config().display == "auto"
