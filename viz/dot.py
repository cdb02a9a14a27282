"""The DOT renderer: from a ``View`` to a ``graphviz.Digraph``.

DOT has no thumbnails: as tables of coloured cells they would be larger than the rest. All else is on the cards
as in the library's own pictures.
"""

from __future__ import annotations

import subprocess
from html import escape

import graphviz
from graphviz.backend.dot_command import DOT_BINARY

from .boxes import add_clusters
from .cards import FREE, Line, badge_text, detailed, edge_text, free_text, lines, note_lines
from .modes import BADGES
from .style import LABEL_WIDTH, LIGHT, VALUE_WIDTH, Palette, ink
from .text import clipped, printable
from .view import Legend, View, ViewEdge, ViewNode

FONT = "Helvetica,Arial,sans-serif"
SCALE_STEPS = 12
SECONDS = 60  # after these the program ``dot`` is given up


def pipe(source: str, format: str) -> bytes:
    """The picture that the program ``dot`` makes of a text in its language.

    Raises:
        FileNotFoundError: if it is not installed.
        OSError: if it cannot be run.
        subprocess.SubprocessError: if it fails, or takes longer than a minute.
    """
    command = [str(DOT_BINARY), f"-T{format}"]
    return subprocess.run(command, input=source.encode(), capture_output=True, timeout=SECONDS, check=True).stdout


def render(view: View, direction: str = "LR", palette: Palette = LIGHT) -> graphviz.Digraph:
    """``view`` in the DOT language.

    Args:
        view: what to draw.
        direction: ``"LR"`` for a graph that reads from left to right, ``"TB"`` from top to bottom.
        palette: the colours.
    """
    dot = graphviz.Digraph(
        "graph",
        graph_attr={
            "rankdir": direction,
            "bgcolor": palette.paper,
            "fontname": FONT,
            "fontsize": "10",
            "fontcolor": palette.muted,
            "nodesep": "0.18",
            "ranksep": "0.4",
            "tooltip": "computational graph",
        },
        node_attr={
            "shape": "box",
            "style": "rounded,filled",
            "fillcolor": palette.card,
            "fontname": FONT,
            "fontsize": "11",
            "fontcolor": palette.text,
            "margin": "0.09,0.06",
            "height": "0.3",
        },
        edge_attr={
            "color": palette.muted,
            "arrowsize": "0.6",
            "penwidth": "0.9",
            "fontname": FONT,
            "fontsize": "8",
            "fontcolor": palette.muted,
        },
    )
    full = detailed(view)
    for node in view.nodes:
        label = graphviz.escape(free_text(node)) if node.kind in FREE else _card(view, node, full, palette)
        dot.node(node.id, label=label, tooltip=graphviz.escape(printable(node.tooltip())), **_frame(node, palette))
    if view.groups and full:
        add_clusters(dot, view, palette)
    for edge in view.edges:
        dot.edge(edge.source, edge.target, **_edge_attributes(edge, full, palette))
    if view.legend is not None:
        dot.attr(label=_legend(view.legend, view.notes, palette), labelloc="b")
    elif view.notes:
        dot.attr(label=graphviz.escape("\n".join(note_lines(view.notes))), labelloc="b")
    return dot


def _frame(node: ViewNode, palette: Palette) -> dict[str, str]:
    """How the kinds of nodes differ: in their frames."""
    free = {"shape": "plaintext", "style": "", "margin": "0.03", "width": "0", "height": "0.2"}
    frame = {
        "leaf": {"color": palette.value, "penwidth": "1.8", "fillcolor": palette.paper},
        "constant": {"color": palette.line, "style": "rounded,filled,dashed", "fillcolor": palette.paper},
        "detached": {"color": palette.line, "style": "filled,dashed", "shape": "cds", "fillcolor": palette.paper},
        "result": {"color": palette.text, "penwidth": "2.2"},
        "group": {"color": palette.line, "style": "filled", "shape": "box3d"},
        "failed": {"color": palette.gradient, "style": "rounded,filled,dashed", "penwidth": "2.6"},
        "number": {"fontcolor": palette.value, **free},
        "more": {"fontcolor": palette.muted, **free},
    }.get(node.kind, {"color": palette.line})
    if node.shade is not None:
        frame["fillcolor"] = palette.shade(node.shade)
    if node.marked and node.kind not in FREE:
        frame |= {"color": palette.mark, "penwidth": "3.4"}
    return frame


def _card(view: View, node: ViewNode, full: bool, palette: Palette) -> str:
    """An HTML-like label: the name and how the node was computed, the value, the gradient."""
    shade = None if node.shade is None else ink(palette.shade(node.shade))
    rows = [_line(line, palette, shade) for line in lines(view, node, full)]
    for badge in node.badges:
        text = f'<FONT COLOR="{palette.paper}" POINT-SIZE="9"><B>{_html(badge_text(badge))}</B></FONT>'
        rows.append(f'<TR><TD COLSPAN="2" ALIGN="LEFT" BGCOLOR="{palette.text}">{text}</TD></TR>')
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(rows)}</TABLE>>'


def _line(line: Line, palette: Palette, shade: str | None) -> str:
    muted = shade or palette.muted
    if not line.word:
        text = f"<B>{_html(line.text)}</B>" if line.role == "name" else _font(line.text, muted)
        if line.role == "name" and shade:
            text = f'<FONT COLOR="{shade}">{text}</FONT>'
        if line.more:
            text += f" {_font(line.more, muted)}"
        return f'<TR><TD COLSPAN="2" ALIGN="LEFT">{text}</TD></TR>'
    word = f'<TD ALIGN="LEFT"><FONT COLOR="{muted}" POINT-SIZE="9">{_html(line.word)}&#160;&#160;</FONT></TD>'
    color = shade or str(getattr(palette, line.role))
    size = ' POINT-SIZE="9"' if line.small else ""
    return f'<TR>{word}<TD ALIGN="RIGHT">{_font(line.text, color, size)}</TD></TR>'


def _font(text: str, color: str, size: str = "") -> str:
    return f'<FONT COLOR="{color}"{size}>{_html(text)}</FONT>'


def _html(text: str) -> str:
    # dot replaces \N and its like in HTML-like labels too, and reads two backslashes as one.
    return escape(clipped(printable(text), LABEL_WIDTH + VALUE_WIDTH)).replace("\\", r"\\") or " "


def _edge_attributes(edge: ViewEdge, full: bool, palette: Palette) -> dict[str, str]:
    attributes = {}
    label = edge_text(edge) if full else ""
    if label:
        attributes["label"] = graphviz.escape(label)
    if edge.marked:
        attributes |= {"color": palette.mark, "penwidth": "2.8"}
    elif edge.count > 1:
        attributes["penwidth"] = "1.6"
    if edge.back:
        attributes |= {"style": "dashed", "constraint": "false"}
    tooltip = edge.tooltip()
    if tooltip:
        attributes["edgetooltip"] = graphviz.escape(printable(tooltip))
    return attributes


def _legend(legend: Legend, notes: tuple[str, ...], palette: Palette) -> str:
    """The scale of shades, the badges and the notes, as the label of the whole."""
    rows = [f'<TR><TD ALIGN="LEFT">{_font(legend.title, palette.text)}</TD></TR>']
    if legend.ticks:
        cells = (
            f'<TD BGCOLOR="{palette.shade((i + 0.5) / SCALE_STEPS)}" WIDTH="18"> </TD>' for i in range(SCALE_STEPS)
        )
        ticks = ", ".join(text for _, text in legend.ticks)
        scale = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0"><TR>{"".join(cells)}</TR></TABLE>'
        rows.append(f'<TR><TD ALIGN="LEFT">{scale}</TD></TR>')
        rows.append(f'<TR><TD ALIGN="LEFT">{_font(f"from left to right: {ticks}", palette.muted)}</TD></TR>')
    texts = [f"{badge_text(kind)}: {BADGES[kind][1]}" for kind in legend.badges]
    for text in [*texts, *note_lines(notes)]:
        shown = escape(text).replace("\\", r"\\")
        font = f'<FONT COLOR="{palette.muted}">{shown}</FONT>'
        rows.append(f'<TR><TD ALIGN="LEFT">{font}</TD></TR>')
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(rows)}</TABLE>>'
