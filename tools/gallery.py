"""Draw the images of README.md and docs/gallery.md into docs/images, by running the code on these pages.

    python -m tools.gallery            # draw all
    python -m tools.gallery --check    # say which images of the library's own renderer are out of date

The library's own renderer draws: Graphviz' program dot is not looked for, so that the same files come out everywhere.
Matplotlib's files, and the screenshot of the player, differ with versions, and are not checked.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import linecache
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import nn

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
PAGES = (ROOT / "README.md", ROOT / "docs" / "gallery.md")
IMAGE = re.compile(r"!\[[^]]*\]\((?:docs/)?images/([\w.]+)\)")
PLAYER = "player.html"


def blocks(page: Path) -> list[str]:
    """The Python programs on a page: blocks without a prompt as they are, and of others what is typed."""
    found = []
    for block in re.findall(r"^```python[^\n]*\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
        typed = [line[4:] for line in block.splitlines() if line.startswith((">>> ", "... "))]
        found.append("\n".join([*typed, ""]) if typed else block)
    return found


def run(page: Path) -> None:
    """Run the blocks of a page one after the other in one namespace, in the current directory."""
    names: dict[str, object] = {"__name__": "__main__"}
    nn.manual_seed(0)
    for number, code in enumerate(blocks(page), 1):
        file = f"{page.stem.lower()} {number}"  # what pictures say where a node was made
        linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
        exec(compile(code, file, "exec"), names)


def images(page: Path) -> list[str]:
    """The names of the images on a page."""
    return IMAGE.findall(page.read_text(encoding="utf-8"))


def draw(page: Path, directory: Path) -> None:
    """Run a page in a directory, where it then leaves its files."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    quiet = contextlib.redirect_stdout(io.StringIO())
    with mock.patch.dict(os.environ, {"PATH": ""}), contextlib.chdir(directory), quiet:
        run(page)


def screenshot(page: Path, image: Path) -> bool:
    """Take a picture of the player in the middle of the backward pass; ``False`` where there is no browser."""
    from tests import browser

    if browser.MISSING:
        return False
    with browser.Browser(1000, 700) as window:
        window.open(page)
        window.until("return document.querySelector('[class^=backprop-player]').shadowRoot")
        window.press("Tab", "Home", *["ArrowRight"] * 8)
        time.sleep(2)  # until what moves has arrived
        image.write_bytes(window.screenshot())
    return True


def stale(page: Path) -> list[str]:
    """The images of the library's own renderer on a page that are not what its code draws now."""
    with tempfile.TemporaryDirectory() as name:
        draw(page, Path(name))
        found = []
        for image in images(page):
            drawn, kept = Path(name, image), IMAGES / image
            if image.endswith(".svg") and not (kept.exists() and drawn.exists() and same(drawn, kept)):
                found.append(image)
        return found


def same(one: Path, other: Path) -> bool:
    """Whether two files hold the same text."""
    return one.read_text(encoding="utf-8") == other.read_text(encoding="utf-8")


def write(page: Path) -> None:
    """Draw the images of a page."""
    with tempfile.TemporaryDirectory() as name:
        draw(page, Path(name))
        player = Path(name, PLAYER)
        if player.exists() and not screenshot(player, Path(name, "player.png")):
            print("player.png is left as it is: no browser here")
        IMAGES.mkdir(exist_ok=True)
        for image in images(page):
            if Path(name, image).exists():
                print(shutil.copyfile(Path(name, image), IMAGES / image).relative_to(ROOT))


def main() -> int:
    """Draw all, or check."""
    parser = argparse.ArgumentParser(description="Draw the images of README.md and docs/gallery.md.")
    parser.add_argument("names", nargs="*", help="pages, all if left out")
    parser.add_argument("--check", action="store_true", help="draw nothing, and say what is out of date")
    options = parser.parse_args()
    pages = [page for page in PAGES if page.name in options.names or not options.names]
    if not options.check:
        for page in pages:
            write(page)
        return 0
    found = [image for page in pages for image in stale(page)]
    print(*(f"docs/images/{image} is out of date: run python -m tools.gallery" for image in found), sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
