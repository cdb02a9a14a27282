"""Players on a page in a browser: where their parts are, and what they show."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.browser import Browser

# A player of the page is ``root``, ``all`` are all of them.
ROOT = "const all = [...document.querySelectorAll('[class^=backprop-player]')]; const root = all[{}].shadowRoot; "


def open_players(browser: Browser, path: Path) -> None:
    """Open a page and wait until its players have come to life."""
    browser.open(path)
    browser.until("return [...document.querySelectorAll('[class^=backprop-player]')].every(e => e.shadowRoot)")


def inside(browser: Browser, script: str, number: int = 0) -> Any:
    """What a script gives for a player."""
    return browser.run(ROOT.format(number) + script)


def click(browser: Browser, label: str, number: int = 0) -> None:
    inside(browser, f"root.querySelector('button[aria-label=\"{label}\"]').click()", number)


def choose(browser: Browser, label: str, value: str) -> None:
    script = "const s = root.querySelector(`select[aria-label=${arguments[0]}]`); s.value = arguments[1]; "
    browser.run(ROOT.format(0) + script + "s.dispatchEvent(new Event('change'))", label, value)


def rows(browser: Browser, number: int = 0) -> list[list[str]]:
    """The grad_table: per row node, gradient, from and reported; the sign of the current row left out."""
    script = (
        "return [...root.querySelectorAll('tbody tr')].map(r => [...r.children].map(c => [...c.childNodes]"
        ".filter(n => n.nodeName !== 'B').map(n => n.textContent).join('')))"
    )
    return inside(browser, script, number)


def cards(browser: Browser) -> dict[str, str]:
    """Label of a node -> what its card says of its gradient."""
    script = (
        "return [...root.querySelectorAll('[role=img]')].map(c => [c.querySelectorAll('text')].map(t => [t[0], t[2]]"
    )
    pairs = inside(browser, script + ".map(e => e && e.firstChild.textContent))[0])")
    return {label: text.removeprefix("∂ ") for label, text in pairs if text}


def step(browser: Browser, number: int = 0) -> int:
    return int(inside(browser, "return root.querySelector('input[type=range]').value", number))


def rule(browser: Browser) -> str:
    """The chain-rule line as text."""
    return inside(browser, "return root.querySelector('.rule').textContent").replace("−", "-")


def said(browser: Browser) -> str:
    """What a screen reader was told last."""
    return inside(browser, "return root.querySelector('.said').textContent")


def focus(browser: Browser) -> None:
    inside(browser, "root.querySelector('.player').focus()")


def settle(browser: Browser) -> None:
    """Wait until everything that moves stands."""
    while inside(browser, "return root.getAnimations().some(a => a.animationName === 'move')"):
        time.sleep(0.02)
