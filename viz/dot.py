"""The DOT renderer: from a ``View`` to a ``graphviz.Digraph``.

Values are blue, gradients orange, and neither is told by its colour alone: each has its own line with its
own word. The colours stay apart for readers who see no red or no green, and their contrast is above 4.5.
"""

from __future__ import annotations

from html import escape

import graphviz

from .text import clipped
from .view import View, ViewEdge, ViewNode

VALUE = "#0b61a4"
GRADIENT = "#b54708"
TEXT = "#1b1f24"
MUTED = "#59636e"
LINE = "#8c959f"
CARD = "#f6f8fa"
FONT = "Helvetica,Arial,sans-serif"

# How the kinds of nodes differ: in their frames.
FRAMES = {
    "leaf": {"color": VALUE, "penwidth": "1.8", "fillcolor": "#ffffff"},
    "constant": {"color": LINE, "style": "rounded,filled,dashed", "fillcolor": "#ffffff"},
    "operation": {"color": LINE},
    "result": {"color": TEXT, "penwidth": "2.2"},
    "number": {"fontcolor": VALUE, "shape": "plaintext", "style": "", "margin": "0.03", "width": "0", "height": "0.2"},
    "more": {"fontcolor": MUTED, "shape": "plaintext", "style": "", "margin": "0.03", "width": "0", "height": "0.2"},
}

# The longest texts that are written out on a node.
LABEL_WIDTH = 40
VALUE_WIDTH = 48


def render(view: View, direction: str = "LR") -> graphviz.Digraph:
    """``view`` in the DOT language.

    Args:
        view: what to draw.
        direction: ``"LR"`` for a graph that reads from left to right, ``"TB"`` from top to bottom.
    """
    dot = graphviz.Digraph(
        "graph",
        graph_attr={
            "rankdir": direction,
            "bgcolor": "#ffffff",
            "fontname": FONT,
            "fontsize": "10",
            "fontcolor": MUTED,
            "nodesep": "0.18",
            "ranksep": "0.4",
            "tooltip": "computational graph",
        },
        node_attr={
            "shape": "box",
            "style": "rounded,filled",
            "fillcolor": CARD,
            "fontname": FONT,
            "fontsize": "11",
            "fontcolor": TEXT,
            "margin": "0.09,0.06",
            "height": "0.3",
        },
        edge_attr={"color": MUTED, "arrowsize": "0.6", "penwidth": "0.9"},
    )
    for node in view.nodes:
        label = _plain(node.value or node.label) if node.kind in ("number", "more") else _card(view, node)
        dot.node(node.id, label=label, tooltip=_tooltip(node), **FRAMES[node.kind])
    for edge in view.edges:
        dot.edge(edge.source, edge.target, **_edge_attributes(edge))
    if view.notes:
        dot.attr(label=graphviz.escape("\n".join(view.notes)), labelloc="b")
    return dot


def _card(view: View, node: ViewNode) -> str:
    """An HTML-like label: the name and how the node was computed, the value, the gradient."""
    title = f"<B>{_html(node.label, LABEL_WIDTH)}</B>" if node.label else ""
    if node.expression:
        title += f" {_font('= ' + node.expression, MUTED, LABEL_WIDTH)}"
    elif not node.label:
        title = _font(node.kind, MUTED, LABEL_WIDTH)
    rows = [f'<TR><TD COLSPAN="2" ALIGN="LEFT">{title}</TD></TR>', _row("value", node.value, VALUE)]
    if view.has_gradients and node.requires_grad:
        rows.append(_row("gradient", view.gradient_text(node), MUTED if node.gradient is None else GRADIENT))
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(rows)}</TABLE>>'


def _row(word: str, text: str, color: str) -> str:
    known = f'<TD ALIGN="RIGHT">{_font(text, color, VALUE_WIDTH)}</TD>'
    return f'<TR><TD ALIGN="LEFT"><FONT COLOR="{MUTED}" POINT-SIZE="9">{word}&#160;&#160;</FONT></TD>{known}</TR>'


def _font(text: str, color: str, width: int) -> str:
    return f'<FONT COLOR="{color}">{_html(text, width)}</FONT>'


def _html(text: str, width: int) -> str:
    # dot replaces \N and its like in HTML-like labels too, and reads two backslashes as one.
    return escape(clipped(_printable(text), width)).replace("\\", r"\\") or " "


def _plain(text: str) -> str:
    return graphviz.escape(clipped(_printable(text), VALUE_WIDTH))


def _printable(text: str) -> str:
    """``text`` without the characters that XML and UTF-8 cannot hold."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _tooltip(node: ViewNode) -> str:
    size = "" if node.shape is None else f"shape {node.shape}, {node.dtype}"
    parts = [f"{clipped(node.label, LABEL_WIDTH)} {node.operation}".strip() or node.kind, size, clipped(node.line, 120)]
    return graphviz.escape(_printable("\n".join(part for part in parts if part)))


def _edge_attributes(edge: ViewEdge) -> dict[str, str]:
    if not edge.derivative:
        return {}
    return {"edgetooltip": graphviz.escape(f"local derivative: {clipped(_printable(edge.derivative), 80)}")}
