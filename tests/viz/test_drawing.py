"""``viz.draw`` where the program dot is slow, breaks off or is missing, and where arguments are wrong."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import autograd_core as ag
import viz
from viz import dot, drawing


def leaf(value, name=None):
    return ag.Tensor(value, requires_grad=True, name=name)


def chain(length):
    y = leaf(1.0, "x")
    for _ in range(length):
        y = y * 1.5
    return y


def program(directory, monkeypatch, body):
    """A program called dot, the only one on the PATH."""
    (directory / "dot").write_text(f"#!{sys.executable}\n{body}\n", encoding="utf-8")
    (directory / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", str(directory))


needs_scripts = pytest.mark.skipif(os.name != "posix", reason="a script cannot be a program here")

FAILING = [
    ("import time; time.sleep(60)", 0.5, "timed out after 0.5 seconds"),
    ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", 60, "SIGSEGV"),
    ("raise SystemExit(3)", 60, "exit status 3"),
]


@needs_scripts
@pytest.mark.parametrize(("body", "seconds", "told"), FAILING)
def test_where_dot_fails_the_library_draws(tmp_path, monkeypatch, body, seconds, told):
    program(tmp_path, monkeypatch, body)
    monkeypatch.setattr(dot, "SECONDS", seconds)
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    y = chain(2)
    assert viz.draw(y).svg() == viz.draw(y, renderer="own").svg()
    asked_for = viz.draw(y, renderer="dot")
    for attempt in (asked_for.svg, asked_for.png, viz.draw(y).png):
        with pytest.raises(RuntimeError, match=f"'dot' of Graphviz.*{told}.*renderer='own'"):
            attempt()


@needs_scripts
def test_a_program_that_cannot_run_is_no_reason_to_draw_nothing(tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, "")
    (tmp_path / "dot").write_text("#!/no/such/interpreter\n", encoding="utf-8")
    y = chain(2)
    assert viz.draw(y).svg() == viz.draw(y, renderer="own").svg()
    (tmp_path / "dot").chmod(0o644)
    assert viz.draw(y).svg() == viz.draw(y, renderer="own").svg()


def test_dot_is_asked_for_small_graphs_only(monkeypatch):
    asked = []
    monkeypatch.setattr(dot, "pipe", lambda source, format: asked.append(source) or b"<svg/>")
    made = SimpleNamespace(svg2png=lambda bytestring: b"png", svg2pdf=None)
    monkeypatch.setitem(sys.modules, "cairosvg", made)
    small, large = chain(10), chain(drawing.DOT_LIMIT // 4)
    assert viz.draw(small).svg() == "<svg/>"
    assert viz.draw(small).png() == b"<svg/>"
    assert len(asked) == 2
    whole = viz.draw(large, collapse=None)
    assert whole.png() == b"png"
    assert whole.svg() == viz.draw(large, collapse=None, renderer="own").svg()
    assert len(asked) == 2
    assert viz.draw(large, collapse=None, renderer="dot").svg() == "<svg/>"


def test_pixels_of_our_own_picture_need_a_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    with pytest.raises(ImportError, match=r"drawing\.png\(\): expected the Python package cairosvg.*renderer='own'"):
        viz.draw(chain(2), renderer="own").png()


def test_a_notebook_that_wants_pixels_is_told_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    y = chain(2)
    with viz.config(display="png"):
        for thing in (viz.draw(y), viz.play(y), viz.explain(y, "x").draw()):
            with pytest.raises(viz.DotNotFoundError, match=r"apt install graphviz.*pip install cairosvg"):
                thing._repr_mimebundle_()


# -- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("graph", "got"), [(5, "int"), (None, "None"), ("x", "str"), ([], "list without any")])
def test_what_is_no_graph(graph, got):
    with pytest.raises(TypeError, match=rf"draw: expected a Tensor, several of them, or a Graph, got {got}\."):
        viz.draw(graph)


@pytest.mark.parametrize(("loss", "got"), [("x", "str"), (None, "None"), ([1.0], "list")])
def test_what_is_no_loss(loss, got):
    with pytest.raises(TypeError, match=rf"play: expected the loss, a Tensor of one element, got {got}\."):
        viz.play(loss)


@pytest.mark.parametrize("value", [0, -3, 2.5, "many", True, np.float64(2)])
def test_numbers_that_are_no_counts(value):
    y = chain(2)
    with pytest.raises(ValueError, match=r"draw: expected max_nodes=1 or a larger whole number, got.*max_nodes=None"):
        viz.draw(y, max_nodes=value)
    for function in (viz.draw, viz.play):
        with pytest.raises(ValueError, match=r"expected digits=1 or a larger whole number, got.*digits=6"):
            function(y, digits=value)


def test_counts_may_be_numpy_integers():
    assert len(viz.draw(chain(9), max_nodes=np.int64(3), digits=np.uint8(3)).view.nodes) > 3


@pytest.mark.parametrize("argument", ["direction", "renderer", "theme"])
@pytest.mark.parametrize("value", ["blue", None, []])
def test_words_that_are_not_known(argument, value):
    y = chain(2)
    for draw in (viz.explain(y, "x").draw, lambda **options: viz.draw(y, **options)):
        with pytest.raises(ValueError, match=f"expected {argument}='.*' or '.*, got {argument}="):
            draw(**{argument: value})


def test_names_are_a_mapping():
    y = chain(2)
    with pytest.raises(TypeError, match=r"expected names as a mapping.*got list.*names=locals\(\)"):
        viz.draw(y, names=[y])
