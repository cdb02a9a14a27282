"""The DOT renderer: from a ``View`` to a ``graphviz.Digraph``."""

from __future__ import annotations

from html import escape

import graphviz

from .style import CARD, GRADIENT, LABEL_WIDTH, LINE, MUTED, TEXT, VALUE, VALUE_WIDTH
from .text import clipped, printable
from .view import View, ViewEdge, ViewNode

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
    return escape(clipped(printable(text), width)).replace("\\", r"\\") or " "


def _plain(text: str) -> str:
    return graphviz.escape(clipped(printable(text), VALUE_WIDTH))


def _tooltip(node: ViewNode) -> str:
    return graphviz.escape(printable(node.tooltip()))


def _edge_attributes(edge: ViewEdge) -> dict[str, str]:
    if not edge.derivative:
        return {}
    return {"edgetooltip": graphviz.escape(f"local derivative: {clipped(printable(edge.derivative), 80)}")}
