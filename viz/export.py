"""A ``View`` in other languages: JSON for programs, Mermaid for pages written in Markdown."""

from __future__ import annotations

from dataclasses import asdict

from .boxes import group_name, open_groups
from .cards import badge_text
from .style import CARD, GRADIENT, LABEL_WIDTH, LINE, TEXT, VALUE, VALUE_WIDTH
from .text import as_json, clipped, printable
from .view import View, ViewEdge, ViewGroup, ViewNode

# Raised whenever a reader of an older version would misread what is written.
VERSION = 2

BRACKETS = {"number": ("(", ")"), "more": ("(", ")"), "group": ("[[", "]]")}

# Mermaid reads Markdown, HTML and its own entities inside labels: what it could read is written by number.
SPECIAL = frozenset('"#<>&`*_~[]{}()|\\;%')


def to_json(view: View) -> str:
    """The view as JSON: ``{"version", "has_gradients", "nodes", "edges", "notes", "legend", "groups"}``.

    Each entry has the names and the meaning of the attributes of ``ViewNode``, ``ViewEdge`` and ``ViewGroup``.

    >>> import json, autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> data = json.loads(to_json(viz.draw(x * x).view))
    >>> data["version"], data["nodes"][0]["label"], len(data["edges"])
    (2, 'x', 2)
    """
    return as_json({"version": VERSION, **asdict(view)}, indent=1)


def to_mermaid(view: View, direction: str = "LR") -> str:
    """The view in Mermaid's language, which many pages draw out of a block of Markdown.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> print(to_mermaid(viz.draw(x, gradients=False).view).splitlines()[0])
    flowchart LR
    """
    lines = [f"flowchart {direction}"]
    for node in view.nodes:
        text = "<br/>".join(_lines(view, node))
        left, right = BRACKETS.get(node.kind, ("[", "]"))
        lines.append(f'    {node.id}{left}"{text}"{right}:::{node.kind}')
    lines += _subgraphs(view)
    lines += [f"    {_edge(edge)}" for edge in view.edges]
    lines += [
        f"    classDef leaf fill:#ffffff,stroke:{VALUE},stroke-width:2px,color:{TEXT}",
        f"    classDef constant fill:#ffffff,stroke:{LINE},stroke-dasharray:4 3,color:{TEXT}",
        f"    classDef detached fill:#ffffff,stroke:{LINE},stroke-dasharray:1 2,color:{TEXT}",
        f"    classDef operation fill:{CARD},stroke:{LINE},color:{TEXT}",
        f"    classDef result fill:{CARD},stroke:{TEXT},stroke-width:3px,color:{TEXT}",
        f"    classDef group fill:{CARD},stroke:{LINE},stroke-width:2px,color:{TEXT}",
        f"    classDef failed fill:#ffffff,stroke:{GRADIENT},stroke-width:3px,stroke-dasharray:7 3,color:{TEXT}",
        f"    classDef number fill:none,stroke:none,color:{VALUE}",
        f"    classDef more fill:none,stroke:none,color:{GRADIENT}",
    ]
    return "\n".join(lines) + "\n"


def _lines(view: View, node: ViewNode) -> list[str]:
    if node.kind in ("number", "more"):
        return [_escaped(node.value or node.label, VALUE_WIDTH)]
    title = f"{node.label}{node.title()}" or node.kind
    lines = [_escaped(title, 2 * LABEL_WIDTH)]
    if node.value:
        lines.append(f"{'output' if node.kind == 'group' else 'value'} {_escaped(node.value, VALUE_WIDTH)}")
    if view.has_gradients and node.requires_grad:
        lines.append(f"gradient {_escaped(view.gradient_text(node), VALUE_WIDTH)}")
    lines += [f"{_escaped(word, LABEL_WIDTH)} {_escaped(text, VALUE_WIDTH)}" for word, text in node.extra]
    return lines + [_escaped(badge_text(badge), VALUE_WIDTH) for badge in node.badges]


def _subgraphs(view: View) -> list[str]:
    """The open groups as frames, the inner ones inside the outer ones."""
    groups = open_groups(view)
    lines = []
    stack: list[tuple[ViewGroup, bool]] = [(group, False) for group in reversed(groups)]
    written: set[tuple[str, ...]] = set()
    depth = 1
    while stack:
        group, closing = stack.pop()
        if closing:
            depth -= 1
            lines.append(f"{'    ' * depth}end")
        elif group.path not in written:
            written.add(group.path)
            lines.append(f'{"    " * depth}subgraph s{len(written)}["{_escaped(group_name(group), 2 * LABEL_WIDTH)}"]')
            depth += 1
            inner = [other for other in groups if other.path[:-1] == group.path]
            taken = {name for other in inner for name in groups[other]}
            lines += [f"{'    ' * depth}{name}" for name in groups[group] if name not in taken]
            stack.append((group, True))
            stack += [(other, False) for other in reversed(inner)]
    return lines


def _edge(edge: ViewEdge) -> str:
    arrow = "-.->" if edge.back else "-->"
    text = f"{edge.count} edges" if edge.count > 1 else edge.note or edge.derivative
    if not text:
        return f"{edge.source} {arrow} {edge.target}"
    return f'{edge.source} {arrow}|"{_escaped(text, LABEL_WIDTH)}"| {edge.target}'


def _escaped(text: str, width: int) -> str:
    clean = clipped(printable(text), width)
    return "".join(f"#{ord(character)};" if character in SPECIAL else character for character in clean)
