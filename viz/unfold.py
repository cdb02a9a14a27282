"""A picture whose groups open when they are clicked: one self-contained piece of HTML.

Every group's picture is laid out here; the script only exchanges them. Without scripts the picture stays as it
is drawn, and a list names what the groups hold.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from html import escape
from pathlib import Path
from zlib import crc32

from . import groups, svg
from .boxes import group_name
from .packing import packed, script
from .scene import Scene
from .style import LIGHT, Palette
from .text import clipped, counted, printable
from .view import View, ViewEdge, ViewNode

# Where all pictures together have no more cards than this, a group opens within the picture; beyond that its
# inside takes the place of the picture, page by page, from its end on. Groups whose pictures would be more than
# that still are left closed.
IN_PLACE = 400
MOST_CARDS = 800
# What the key of a page ends in for the key of the next.
FURTHER = "_further"
# Groups listed below the picture.
LISTED = 200


def states(scene: Scene) -> tuple[dict[str, View], dict[str, str]]:
    """What can be shown: key -> view, where ``""`` is the scene's own view; and key -> the key of what is above.

    The key of a group is the id of its card, that of a further page the id of the sign that stands for it.
    """
    start = scene.view()
    paths = {f"g{number}": group.path for number, group in enumerate(scene.whole.groups, 1)}
    for in_place in (True, False):
        found = {"": start}
        above: dict[str, str] = {}
        scenes = {"": scene}
        pending = [(node.id, "") for node in start.nodes if node.kind == "group"]
        count = groups.cards(start)
        for key, before in pending:  # grows while it is walked through
            if key in found:
                continue
            group, *pages = key.split(FURTHER)
            path = paths[group]
            if in_place:
                scenes[key] = scenes[before].expanded(path)
                view = scenes[key].view()
            else:
                view, left_out = scene.inside(path, groups.AT_A_GLANCE, len(pages))
                if left_out:
                    view = _with_sign(view, key + FURTHER, left_out)
                    pending.append((key + FURTHER, key))
            count += groups.cards(view)
            if count > (IN_PLACE if in_place else MOST_CARDS):
                break
            found[key] = view
            above[key] = before
            pending += [
                (node.id, key) for node in view.nodes if node.kind == "group" and paths[node.id][: len(path)] == path
            ]
        else:
            return found, above
    return found, above


def _with_sign(view: View, name: str, left_out: int) -> View:
    """``view`` with a sign for what comes before, at its first card with inputs that are left out."""
    ids = {node.id for node in view.nodes}
    first = next((node for node in view.nodes if f"{node.id}_more" in ids), view.nodes[0])
    sign = ViewNode(name, "more", f"⋯ {counted(left_out, 'node')} before ⋯", group=first.group)
    return replace(view, nodes=(sign, *view.nodes), edges=(ViewEdge(name, first.id, 0), *view.edges))


def fragment(scene: Scene, still: str, direction: str = "LR", palette: Palette = LIGHT) -> str:
    """The picture with a script that opens its groups.

    Args:
        scene: what is shown and could be.
        still: the picture as HTML, which shows where scripts do not run.
        direction, palette: as for the picture.
    """
    found, above = states(scene)
    names = {f"g{number}": group_name(group) for number, group in enumerate(scene.whole.groups, 1)}
    names |= {key: "before" for key in found if FURTHER in key}
    data = {
        "states": {key: svg.render(view, direction, palette) for key, view in found.items()},
        "names": {key: names[key] for key in found if key},
        "above": {key: other for key, other in above.items() if other},
    }
    text = packed(data)
    # The same whenever the same program runs again. Pieces of one name are alike.
    name = f"groups-of-graph-{crc32(text.encode()):08x}"
    call = f'((NAME,DATA)=>{{\n{_script()}\n}})("{name}","{text}")'
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
    return f"<details><summary>{counted(len(known), 'group')}</summary><ul>{''.join(entries)}</ul></details>\n"


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
    return script(Path(__file__).parent / "unfold.js")
