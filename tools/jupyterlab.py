"""Look at the pictures in JupyterLab: in a notebook that it trusts, and in one that was downloaded.

    python -m tools.jupyterlab           # checks, and writes what it saw into out/jupyterlab

JupyterLab runs no script of a notebook that it does not trust and removes much of its HTML. There, the finished
picture has to show. Needs JupyterLab, Chromium and chromedriver, and says so where one is missing.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import autograd_core as ag
import viz
from tests.browser import MISSING, Browser

OUT = Path("out") / "jupyterlab"
TOKEN = "local"
CELLS = ["viz.play(loss)", "viz.draw(loss)", "viz.grad_table(loss)", "viz.explain(loss, w)"]
# What the page holds: players, pictures that are drawn, tables, and outputs that are only text.
LOOK = """
const area = document.querySelector('.jp-Notebook');
if (!area) return null;
const players = [...area.querySelectorAll('[class^=backprop-player]')].filter(e => e.shadowRoot);
const images = [...area.querySelectorAll('.jp-OutputArea-output img')]
  .filter(i => i.complete && i.getClientRects().length && i.naturalWidth > 100);
return {
  outputs: area.querySelectorAll('.jp-OutputArea-output').length,
  players: players.length, images: images.length,
  tables: area.querySelectorAll('.jp-OutputArea-output table').length,
  shown: [...area.querySelectorAll('.jp-OutputArea-output')].map(e => e.textContent.slice(0, 60)),
};
"""


def notebook() -> Any:
    """A notebook with the outputs that a run of its cells leaves."""
    import nbformat

    w = ag.tensor(0.5, requires_grad=True, name="w")
    loss = (w * 2.0 - 3.0) ** 2
    loss.name = "loss"
    things = [viz.play(loss), viz.draw(loss), viz.grad_table(loss), viz.explain(loss, w)]
    v4 = nbformat.v4
    cells = []
    for number, (source, thing) in enumerate(zip(CELLS, things, strict=True), 1):
        output = v4.new_output("execute_result", thing._repr_mimebundle_(), execution_count=number)
        cells.append(v4.new_code_cell(source, outputs=[output], execution_count=number, id=f"cell{number}"))
    return v4.new_notebook(cells=cells)


def check(seen: dict[str, Any], trusted: bool) -> list[str]:
    """What is wrong with a page."""
    wanted = {"players": int(trusted), "images": 1 if trusted else 2, "tables": 1}
    wrong = [f"{seen[what]} {what} instead of {count}" for what, count in wanted.items() if seen[what] != count]
    if trusted and seen["steps"] != "4 0 0":
        wrong.append(f"after keys: step, dialogs, active cell are {seen['steps']} instead of 4 0 0")
    return wrong


def serve(directory: Path) -> tuple[subprocess.Popen[bytes], str]:
    """A JupyterLab of its own on this machine, and its address."""
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(directory / "config"), "JUPYTER_RUNTIME_DIR": str(directory)}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root"]
    command += [f"--ServerApp.root_dir={directory}", f"--IdentityProvider.token={TOKEN}", "--expose-app-in-browser"]
    log = directory / "server.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(command, env=environment, stdout=stream, stderr=subprocess.STDOUT)
    for _ in range(600):
        for line in log.read_text(encoding="utf-8").splitlines():
            if "http://127.0.0.1:" in line and "/lab" in line:
                return server, "http://127.0.0.1:" + line.split("http://127.0.0.1:")[1].split("/")[0]
        if server.poll() is not None:
            break
        time.sleep(0.1)
    server.terminate()
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')}")


def look(address: str, name: str) -> dict[str, Any]:
    """Open a notebook and say what shows."""
    with Browser(1300, 1600) as browser:
        browser.post("/url", url=f"{address}/lab/tree/{name}?token={TOKEN}&reset")
        browser.until("return document.querySelectorAll('.jp-OutputArea-output').length >= 4", seconds=90)
        time.sleep(3)  # until what scripts build stands
        browser.run("for (const button of document.querySelectorAll('.jp-Dialog .jp-mod-reject')) button.click()")
        seen = browser.run(LOOK)
        if seen["players"]:
            seen["steps"] = drive(browser)
        (OUT / f"{name}.png").write_bytes(browser.screenshot())
        return seen


def drive(browser: Browser) -> str:
    """Step through the player with keys that JupyterLab has uses of its own for; return what came of them."""
    player = "document.querySelector('.jp-Notebook [class^=backprop-player]').shadowRoot"
    browser.run(f"{player}.querySelector('.player').focus()")
    browser.press("Home", *["ArrowRight"] * 4, "Space", "Space", "0", "0", "+", "-")
    return browser.run(
        f"return [{player}.querySelector('input[type=range]').value, document.querySelectorAll('.jp-Dialog').length,"
        " [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')]"
        ".findIndex(e => e.matches('.jp-mod-active'))].join(' ')"
    )


def main() -> int:
    """Check both notebooks."""
    if importlib.util.find_spec("jupyterlab") is None:
        print("Not checked: JupyterLab is not installed (pip install jupyterlab).")
        return 0
    if MISSING:
        print(f"Not checked: {MISSING}.")
        return 0
    import nbformat
    from nbformat.sign import NotebookNotary

    OUT.mkdir(parents=True, exist_ok=True)
    failed = False
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        (directory / "data").mkdir()
        os.environ["JUPYTER_DATA_DIR"] = str(directory / "data")
        for trusted in (True, False):
            made = notebook()
            if trusted:
                made.cells[0].source += "  # trusted"
                NotebookNotary(data_dir=str(directory / "data")).sign(made)
            nbformat.write(made, directory / f"{'trusted' if trusted else 'untrusted'}.ipynb")
        server, address = serve(directory)
        try:
            for trusted in (True, False):
                name = f"{'trusted' if trusted else 'untrusted'}.ipynb"
                seen = look(address, name)
                wrong = check(seen, trusted)
                failed = failed or bool(wrong)
                print(f"{name}: {', '.join(wrong) or 'ok'}", *seen["shown"], sep="\n  ")
        finally:
            server.terminate()
            server.wait()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
