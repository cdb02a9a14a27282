"""The player as HTML: the picture as an image, and a script with the steps that brings it to life."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import Any
from zlib import crc32

from ..events import Event, Recording
from ..packing import packed, script
from ..text import clipped, printable
from ..view import View
from . import picture
from .layers import layers

WIDTH = 80  # the longest source line and alternative text of a node
# The parts of the script, which stand in one function in this order.
PARTS = ("picture", "steps", "formulas", "figure", "controls", "questions", "show")
HERE = Path(__file__).parent


def fragment(view: View, recording: Recording, granularity: str, direction: str = "LR") -> tuple[str, str]:
    """The picture as HTML, and the script that brings it to life: together one self-contained piece."""
    contributions = {event.node: event.consumers for event in recording.events if event.kind == "contribution"}
    image = picture.draw(view, contributions, direction)
    data = packed({**_data(view, recording), "grain": granularity})
    # The same whenever the same program runs again. Players of one name are alike.
    name = f"backprop-player-{crc32((image + data).encode()):08x}"
    source = "data:image/svg+xml;charset=utf-8," + image.replace("%", "%25").replace("#", "%23").replace("&", "&amp;")
    alternative = escape(clipped(printable(_summary(view)), 4 * WIDTH))
    return (
        f'<div class="{name}" style="overflow-x:auto"><img alt="{alternative}" src="{source}"></div>\n',
        f'<script>(async(NAME,DATA)=>{{\n{_script()}\n}})("{name}","{data}")</script>\n',
    )


def document(view: View, inside: str) -> str:
    """A whole page around the piece."""
    title = escape(clipped(printable(f"Backpropagation of {view.nodes[-1].label}"), WIDTH))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>:root{{color-scheme:light dark}}body{{margin:12px}}</style>\n"
        f"</head>\n<body>\n{inside}</body>\n</html>\n"
    )


def _summary(view: View) -> str:
    nodes = [node for node in view.nodes if node.kind not in picture.FREE]
    last = nodes[-1]
    leaves = [f"{node.label} {view.gradient_text(node)}" for node in nodes if node.kind == "leaf"]
    return (
        f"Computational graph of {len(nodes)} nodes; {clipped(last.label, 40)} = {last.value}. "
        f"Gradients: {', '.join(leaves)}"
    )


def _data(view: View, recording: Recording) -> dict[str, Any]:
    """What the script cannot read from the picture."""
    numbers = {node.id: number for number, node in enumerate(view.nodes)}
    edges: dict[tuple[int, int, int], int] = {}
    for number, edge in enumerate(view.edges):
        edges[numbers[edge.source], numbers[edge.target], edge.position] = number
    lines = list(dict.fromkeys(clipped(printable(node.line), WIDTH) for node in view.nodes))
    at = [lines.index(clipped(printable(node.line), WIDTH)) for node in view.nodes]
    final = {node.id: clipped(printable(node.gradient or ""), picture.NUMBER) for node in view.nodes}
    start = next(event for event in recording.events if event.kind == "seed")
    steps = []
    # The nodes that stand for the single outputs of an operation with several, which itself is not shown.
    outputs: dict[str, list[int]] = {}
    for event in recording.events:
        if event.node not in numbers:
            if event.kind == "contribution" and event.consumer in numbers:
                outputs.setdefault(event.node, []).append(numbers[event.consumer])
        elif event.kind == "contribution" and event.consumer is not None:
            consumers = sorted(outputs.get(event.consumer, ())) or [numbers[event.consumer]]
            steps.append(_step(event, consumers, numbers[event.node], edges, final[event.node]))
        elif event.kind == "hook" and event.value is not None:
            steps.append([-1, numbers[event.node], 0, 0, 0, clipped(event.value.text, picture.NUMBER)])
    seed = start.value.text if start.value else ""
    loss = numbers[start.node]
    data = {"loss": loss, "seed": seed, "lines": lines, "at": at, "steps": steps, "css": _css()}
    in_layers = layers(view)
    if in_layers:
        known = list(dict.fromkeys(in_layers))
        data["layers"] = [clipped(printable(name), picture.TITLE) for name in known]
        data["in"] = [known.index(name) for name in in_layers]
    return data


def _step(
    event: Event, consumers: list[int], parent: int, edges: dict[tuple[int, int, int], int], final: str
) -> list[Any]:
    """A contribution: from, to, edges, local derivative, as a number, value, sum so far; 0 for the obvious."""
    along = [edges[parent, consumer, event.position or 0] for consumer in consumers]
    value, total = (clipped(v.text, picture.NUMBER) if v else "" for v in (event.value, event.total))
    row: list[Any] = [
        consumers[0] if len(consumers) == 1 else consumers,
        parent,
        along[0] if len(along) == 1 else along,
        0 if event.factor and event.local == event.factor.text else clipped(printable(event.local), WIDTH) or 0,
        clipped(event.factor.text, picture.NUMBER) if event.factor else 0,
        0 if value == final else value,
        0 if event.assignment == "=" or total == final else total,
    ]
    while row[-1] == 0:
        row.pop()
    return row


@cache
def _script() -> str:
    return script(*(HERE / "script" / f"{part}.js" for part in PARTS))


@cache
def _css() -> str:
    return "".join((HERE / "player.css").read_text(encoding="utf-8").splitlines())
