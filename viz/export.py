"""A ``View`` in other languages: JSON for programs, Mermaid for pages written in Markdown."""

from __future__ import annotations

import json
from dataclasses import asdict

from .style import CARD, GRADIENT, LABEL_WIDTH, LINE, TEXT, VALUE, VALUE_WIDTH
from .text import clipped, printable
from .view import View, ViewEdge, ViewNode

# Raised whenever a reader of an older version would misread what is written.
VERSION = 1

# Mermaid reads Markdown, HTML and its own entities inside labels: what it could read is written by number.
SPECIAL = frozenset('"#<>&`*_~[]{}()|\\;%')


def to_json(view: View) -> str:
    """The view as JSON: ``{"version", "has_gradients", "nodes", "edges", "notes"}``.

    >>> import json, autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> data = json.loads(to_json(viz.draw(x * x).view))
    >>> data["version"], data["nodes"][0]["label"], len(data["edges"])
    (1, 'x', 2)
    """
    return json.dumps({"version": VERSION, **asdict(view)}, ensure_ascii=False, indent=1)


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
        left, right = ("(", ")") if node.kind in ("number", "more") else ("[", "]")
        lines.append(f'    {node.id}{left}"{text}"{right}:::{node.kind}')
    lines += [f"    {_edge(edge)}" for edge in view.edges]
    lines += [
        f"    classDef leaf fill:#ffffff,stroke:{VALUE},stroke-width:2px,color:{TEXT}",
        f"    classDef constant fill:#ffffff,stroke:{LINE},stroke-dasharray:4 3,color:{TEXT}",
        f"    classDef operation fill:{CARD},stroke:{LINE},color:{TEXT}",
        f"    classDef result fill:{CARD},stroke:{TEXT},stroke-width:3px,color:{TEXT}",
        f"    classDef number fill:none,stroke:none,color:{VALUE}",
        f"    classDef more fill:none,stroke:none,color:{GRADIENT}",
    ]
    return "\n".join(lines) + "\n"


def _lines(view: View, node: ViewNode) -> list[str]:
    if node.kind in ("number", "more"):
        return [_escaped(node.value or node.label, VALUE_WIDTH)]
    title = f"{node.label} = {node.expression}" if node.expression else node.label or node.kind
    lines = [_escaped(title, 2 * LABEL_WIDTH), f"value {_escaped(node.value, VALUE_WIDTH)}"]
    if view.has_gradients and node.requires_grad:
        lines.append(f"gradient {_escaped(view.gradient_text(node), VALUE_WIDTH)}")
    return lines


def _edge(edge: ViewEdge) -> str:
    if not edge.derivative:
        return f"{edge.source} --> {edge.target}"
    return f'{edge.source} -->|"{_escaped(edge.derivative, LABEL_WIDTH)}"| {edge.target}'


def _escaped(text: str, width: int) -> str:
    clean = clipped(printable(text), width)
    return "".join(f"#{ord(character)};" if character in SPECIAL else character for character in clean)
