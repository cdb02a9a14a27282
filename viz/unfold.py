"""A picture whose groups open when they are clicked: one self-contained piece of HTML.

Every group's picture is laid out here; the script only exchanges them. Without scripts the picture stays as it
is drawn, and a list names what the groups hold.
"""

from __future__ import annotations

import base64
import json
import zlib
from functools import cache
from html import escape
from pathlib import Path

from . import groups, svg
from .boxes import group_name
from .scene import Scene
from .style import LIGHT, Palette
from .text import clipped, printable
from .view import View, ViewNode

# Where all pictures together have no more cards than this, a group opens within the picture; beyond that its
# inside takes the place of the picture. Groups whose pictures would be more than that still are left closed.
IN_PLACE = 400
MOST_CARDS = 800
# Groups listed below the picture.
LISTED = 200


def states(scene: Scene) -> tuple[dict[str, View], dict[str, str]]:
    """What can be shown: key -> view, where ``""`` is the scene's own view; and key -> the key of the group above.

    The key of a group is the id of its card.
    """
    start = scene.view()
    keys = {group.path: f"g{number}" for number, group in enumerate(scene.whole.groups, 1)}
    paths = {key: path for path, key in keys.items()}
    for in_place in (True, False):
        found = {"": start}
        above: dict[str, str] = {}
        scenes = {"": scene}
        pending = [(node.id, "") for node in start.nodes if node.kind == "group"]
        count = groups.cards(start)
        for key, before in pending:  # grows while it is walked through
            if key in found:
                continue
            path = paths[key]
            opened = scenes[before].expanded(path)
            view = opened.view() if in_place else scene.inside(path, groups.AT_A_GLANCE)
            count += groups.cards(view)
            if count > (IN_PLACE if in_place else MOST_CARDS):
                break
            found[key] = view
            above[key] = before
            scenes[key] = opened
            pending += [
                (node.id, key) for node in view.nodes if node.kind == "group" and paths[node.id][: len(path)] == path
            ]
        else:
            return found, above
    return found, above


def fragment(scene: Scene, still: str, direction: str = "LR", palette: Palette = LIGHT) -> str:
    """The picture with a script that opens its groups.

    Args:
        scene: what is shown and could be.
        still: the picture as HTML, which shows where scripts do not run.
        direction, palette: as for the picture.
    """
    found, above = states(scene)
    names = {f"g{number}": group_name(group) for number, group in enumerate(scene.whole.groups, 1)}
    data = {
        "states": {key: svg.render(view, direction, palette) for key, view in found.items()},
        "names": {key: names[key] for key in found if key},
        "above": {key: other for key, other in above.items() if other},
    }
    packed = base64.b64encode(zlib.compress(json.dumps(data, ensure_ascii=False).encode(), 9)).decode()
    # The same whenever the same program runs again. Pieces of one name are alike.
    name = f"groups-of-graph-{zlib.crc32(packed.encode()):08x}"
    call = f"((NAME,DATA)=>{{\n{_script()}\n}})({json.dumps(name)},{json.dumps(packed)})"
    return f'<div class="{name}">{still}</div>\n{_listing(scene)}<script>{call}</script>\n'


def _listing(scene: Scene) -> str:
    """The groups as a list that opens without scripts."""
    known = scene.whole.groups
    everything = groups.collapse(scene.whole, {group.path for group in known if len(group.path) == 1})
    cards = {node.label: node for node in everything.nodes if node.kind == "group"}
    entries = []
    for group in known[:LISTED]:
        node = cards.get(".".join(group.path)) if len(group.path) == 1 else None
        text = escape(group_name(group)) + (f": {escape(_what(node))}" if node is not None else "")
        entries.append(f'<li style="margin-left: {len(group.path) - 1}em">{text}</li>')
    if len(known) > LISTED:
        entries.append(f"<li>and {len(known) - LISTED} more</li>")
    return f"<details><summary>{len(known)} groups</summary><ul>{''.join(entries)}</ul></details>\n"


def _what(node: ViewNode) -> str:
    parts = [f"output {node.value}"] if node.value else []
    parts += [f"{word} {text}" for word, text in node.extra]
    parts += [f"gradient {node.gradient}"] if node.gradient else []
    return clipped(printable(", ".join(parts)), 200)


def document(title: str, inside: str) -> str:
    """A whole page around the piece."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(clipped(printable(title), 80))}</title>\n"
        "<style>:root{color-scheme:light dark}body{margin:12px;font-family:Helvetica,Arial,sans-serif}</style>\n"
        f"</head>\n<body>\n{inside}</body>\n</html>\n"
    )


@cache
def _script() -> str:
    """The script without comments and indentation."""
    lines = (line.strip() for line in (Path(__file__).parent / "unfold.js").read_text(encoding="utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))
