"""Notebooks exported as pages: offline, with scripts off, and by hosts that remove what they do not know.

JupyterLab itself is looked at by ``python -m tools.jupyterlab``.
"""

from __future__ import annotations

import re

import pytest

import autograd_core as ag
import viz
from tests.browser import MISSING, Browser
from tests.viz.pages import click, focus, inside, open_players, rows, step

nbformat = pytest.importorskip("nbformat")
exporters = pytest.importorskip("nbconvert.exporters")

needs_browser = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
# Pictures on a page that are really drawn.
DRAWN = (
    "return [...document.querySelectorAll('img')]"
    ".filter(e => e.getBoundingClientRect().width > 100 && e.naturalWidth > 100).length"
)


def notebook(displays=("auto", "auto")):
    """A notebook whose cells show a player, a picture and a table; one for each way to display."""
    x = ag.tensor(3.0, requires_grad=True, name="x")
    y = x * x + 2.0 * x
    cells = []
    for display in displays:
        with viz.config(display=display):
            for thing in (viz.play(y), viz.draw(y, renderer="own"), viz.grad_table(y)):
                output = nbformat.v4.new_output("execute_result", thing._repr_mimebundle_(), execution_count=1)
                number = len(cells)
                cells.append(nbformat.v4.new_code_cell("y", outputs=[output], execution_count=1, id=f"cell{number}"))
    return nbformat.v4.new_notebook(cells=cells)


def export(directory, displays=("auto", "auto"), **options):
    """The notebook as a page that asks for nothing on the network."""
    exporter = exporters.HTMLExporter(**options)
    exporter.mathjax_url = exporter.require_js_url = ""
    body, _ = exporter.from_notebook_node(notebook(displays))
    path = directory / "notebook.html"
    path.write_text(re.sub(r'<script src="https?:[^>]*></script>', "", body), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return export(tmp_path_factory.mktemp("notebook"))


@needs_browser
def test_an_exported_notebook_plays_offline(page):
    with Browser() as browser:
        browser.devtools("Network.enable")
        browser.devtools(
            "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
        )
        open_players(browser, page)
        assert browser.run("return document.querySelectorAll('[class^=backprop-player]').length") == 2
        assert browser.run(DRAWN) == 2  # by draw; those of the players have come to life
        last = step(browser)
        click(browser, "first step")
        assert [step(browser), step(browser, 1)] == [0, last]  # two of one kind, each for itself
        focus(browser)
        browser.press("ArrowRight", "ArrowRight")
        assert step(browser) == 2
        assert rows(browser, 1)[-1][:2] == ["x", "8"]
        assert inside(browser, "return all[0].dataset.theme") == "light"  # as the page, whatever the system has
        players = [error for error in browser.errors() if "backprop" in error]
        assert players == []


@needs_browser
def test_an_exported_notebook_with_scripts_off_shows_the_pictures(page):
    with Browser(scripts=False) as browser:
        browser.open(page)
        assert browser.run("return [...document.querySelectorAll('*')].some(e => e.shadowRoot)") is False
        assert browser.run(DRAWN) == 4
        assert browser.run("return document.querySelectorAll('.jp-OutputArea table').length") == 2


@needs_browser
def test_what_to_choose_for_a_host_that_removes_tags(tmp_path):
    """Of HTML such hosts show the tags, scripts too; the SVG of an output they show as an image."""
    page = export(tmp_path, ["svg", "text"], sanitize_html=True)
    with Browser(scripts=False) as browser:
        browser.open(page)
        text = browser.run("return document.body.innerText")
        assert "=>" not in text  # no script
        assert "<t" not in text  # no tags
        assert text.count("u(2)  x × x") == 4  # the tables
        assert browser.run(DRAWN) == 2
