"""``grad_table``: the algorithm's own table, node by node, for terminals, pages and papers."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from html import escape
from typing import Any

from autograd_core import Tensor
from autograd_core.grad_table import GradTable

from .display import bundle
from .drawing import draw
from .formulas import latex_text
from .style import GRADIENT, LABEL_WIDTH, MUTED, VALUE
from .text import clipped, printable, shortened

COLUMNS = ("node", "computed as", "value", "gradient", "local derivatives")
WIDTH = 60


@dataclass(frozen=True)
class GradientTable:
    """Rows from the result to the inputs, as the backward pass fills them in.

    Attributes:
        rows: per node its label, how it was computed, its value, its gradient, and the local derivatives of
            the nodes that use it.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> viz.grad_table(x * x)
    node  computed as  value  gradient  local derivatives
    u(2)  x × x        9      1
    x     leaf         3      6         ∂u(2)/∂x = x, ∂u(2)/∂x = x
    """

    rows: tuple[tuple[str, str, str, str, str], ...]

    def __repr__(self) -> str:
        table = [COLUMNS, *(tuple(clipped(text, WIDTH) for text in row) for row in self.rows)]
        widths = [max(len(row[column]) for row in table) for column in range(len(COLUMNS))]
        return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in table)

    def _html(self) -> str:
        """The table for a notebook, styled by attributes of its own, since style sheets may be removed."""
        cell = "padding: 2px 10px; text-align: left"
        colors = ("inherit", MUTED, VALUE, GRADIENT, MUTED)
        head = "".join(f'<th scope="col" style="{cell}">{name}</th>' for name in COLUMNS)
        body = []
        for row in self.rows:
            texts = [escape(clipped(printable(text), WIDTH)) for text in row]
            cells = [f'<th scope="row" style="{cell}">{texts[0]}</th>']
            cells += [f'<td style="{cell}; color: {color}">{text}</td>' for text, color in zip(texts[1:], colors[1:])]
            body.append(f"<tr>{''.join(cells)}</tr>")
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"

    def _repr_mimebundle_(self, include: Container[str] | None = None, exclude: Container[str] | None = None) -> Any:
        return bundle(self.__repr__, still=self._html)

    def _repr_html_(self) -> str | None:
        """The same for hosts that know no bundles."""
        return self._repr_mimebundle_().get("text/html")

    def latex(self) -> str:
        """The table as a LaTeX ``tabular``.

        >>> import autograd_core as ag, viz
        >>> x = ag.tensor(3.0, requires_grad=True, name="x_1")
        >>> print(viz.grad_table(x * 2).latex().splitlines()[5])
        x\\_1 & leaf & 3 & 2 & $\\partial$u(2)/$\\partial$x\\_1 = 2 \\\\
        """
        lines = [r"\begin{tabular}{lllll}", r"\hline", " & ".join(COLUMNS) + r" \\", r"\hline"]
        lines += [" & ".join(latex_text(clipped(text, WIDTH)) for text in row) + r" \\" for row in self.rows]
        return "\n".join([*lines, r"\hline", r"\end{tabular}"])


def grad_table(graph: Any, **options: Any) -> GradientTable:
    """The ``grad_table`` of a graph with all that belongs to it: values, gradients, local derivatives.

    Args:
        graph: the result (the loss, say), several Tensors, a ``Graph``, or the ``GradTable`` that
            ``loss.backward(keep="all")`` returned.
        options: ``gradients``, ``names`` and ``digits``, as for ``viz.draw``.

    Returns:
        A table that prints, shows in a notebook, and has a ``latex()``.

    Raises:
        TypeError: if ``graph`` is nothing of the kind.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> len(viz.grad_table(x * x + 1).rows)
    3
    """
    if isinstance(graph, GradTable):
        nodes: list[Tensor] = list(graph)
        options.setdefault("gradients", graph)
        graph = nodes[:1]
    view = draw(graph, show_constants=False, max_nodes=None, **options).view
    labels = {node.id: shortened(node.label, LABEL_WIDTH) for node in view.nodes}
    locals_of: dict[str, list[str]] = {}
    for edge in view.edges:
        if edge.derivative:
            text = f"∂{labels[edge.target]}/∂{labels[edge.source]} = {edge.derivative}"
            locals_of.setdefault(edge.source, []).append(text)
    rows = [
        (
            labels[node.id],
            node.expression or node.kind,
            node.value,
            view.gradient_text(node),
            ", ".join(locals_of.get(node.id, ())),
        )
        for node in reversed(view.nodes)
        if node.requires_grad
    ]
    return GradientTable(tuple(rows))
