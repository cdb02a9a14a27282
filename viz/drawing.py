"""``draw``: from a graph to a picture in one call, and the ``Drawing`` that it returns."""

from __future__ import annotations

import base64
from collections.abc import Container, Iterable, Mapping
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import graphviz
import numpy as np

from autograd_core import Tensor
from autograd_core.errors import StaleValueError, explain
from autograd_core.grad_table import GradTable
from autograd_core.gradients import as_gradients
from autograd_core.graph import backward_pass, topological_order
from autograd_core.recorded_graph import Graph

from . import dot, export, svg
from .view import View, view_graph

DIRECTIONS = ("LR", "TB")
RENDERED = ("svg", "png", "pdf")
SOURCES = ("dot", "gv", "mmd", "json", "txt")
# Above this many nodes, dot takes minutes, and the library lays out the picture itself.
DOT_LIMIT = 1000


RENDERERS = ("auto", "dot", "own")


class DotNotFoundError(RuntimeError):
    """The program ``dot`` of Graphviz is not installed, and what was asked for needs it.

    SVG does not: the library draws it itself.

    Attributes:
        source: the picture in the DOT language all the same.

    >>> import autograd_core as ag, viz
    >>> drawing = viz.draw(ag.tensor(3.0, requires_grad=True, name="x"), renderer="dot")
    >>> try:
    ...     picture = drawing.svg()
    ... except viz.DotNotFoundError as error:
    ...     picture = error.source
    """

    def __init__(self, operation: str, source: str) -> None:
        super().__init__(
            explain(
                operation,
                expected="the program 'dot' of Graphviz on the PATH (the Python package graphviz only calls it)",
                got="none",
                remedy="install Graphviz (Debian and Ubuntu: apt install graphviz; macOS: brew install graphviz; "
                "Windows: winget install graphviz; conda: conda install graphviz), or for PNG and PDF the Python "
                "package cairosvg (pip install cairosvg). Without them, drawing.save('graph.svg') draws the same "
                "picture, drawing.source holds it in the DOT language, and print(drawing) shows it as a table",
            )
        )
        self.source = source


class Drawing:
    """The picture of a graph: shows itself in a notebook, prints as a table, saves as a file.

    Attributes:
        view: what the picture shows, as plain data.
        source: the picture in the DOT language. Needs no program.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> drawing = viz.draw(x * x)
    >>> drawing
    node  computed as  value  gradient
    x     leaf         3      6
    u(2)  x × x        9      1
    >>> drawing.source.count("n1 -> n2")
    2
    """

    def __init__(self, view: View, direction: str = "LR", renderer: str = "auto") -> None:
        self.view = view
        self.direction = direction
        self.renderer = renderer
        self._digraph = dot.render(view, direction)
        self.source: str = self._digraph.source

    def svg(self) -> str:
        """The picture as SVG: laid out by ``dot`` where it is installed, otherwise by the library itself.

        Raises:
            DotNotFoundError: if the program ``dot`` is not installed and ``renderer="dot"`` was asked for.
        """
        return self._svg

    @cached_property
    def _svg(self) -> str:
        if self.renderer == "own" or (self.renderer == "auto" and len(self.view.nodes) > DOT_LIMIT):
            return svg.render(self.view, self.direction)
        try:
            text = self._pipe("svg", "drawing.svg()").decode()
        except DotNotFoundError:
            if self.renderer == "dot":
                raise
            return svg.render(self.view, self.direction)
        return text[text.index("<svg") :]  # without what XML files begin with, so that it can stand in a page

    def save(self, path: str | Path) -> Path:
        """Write the picture into a file, in the format that its suffix names.

        Args:
            path: ends in ``.svg``, ``.png`` or ``.pdf``, in ``.dot`` or ``.gv`` for the source, in ``.mmd`` for
                Mermaid, ``.json`` for plain data or ``.txt`` for the table.

        Returns:
            The path.

        Raises:
            ValueError: for another suffix.
            DotNotFoundError: for PNG and PDF, if neither the program ``dot`` nor the package cairosvg is
                installed.

        >>> import tempfile, autograd_core as ag, viz
        >>> x = ag.tensor(3.0, requires_grad=True, name="x")
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     viz.draw(x * x).save(f"{directory}/square.dot").name
        'square.dot'
        """
        path = Path(path)
        suffix = path.suffix.lower().removeprefix(".")
        operation = f"drawing.save({path.name!r})"
        if suffix in SOURCES:
            path.write_text(self._text(suffix), encoding="utf-8")
        elif suffix == "svg":
            path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{self.svg()}\n', encoding="utf-8")
        elif suffix in RENDERED:
            path.write_bytes(self._rendered(suffix, operation))
        else:
            raise ValueError(
                explain(
                    operation,
                    expected=f"a name that ends in one of {', '.join(f'.{name}' for name in (*RENDERED, *SOURCES))}",
                    got=repr(path.suffix),
                    remedy="say which format to write by the name's suffix",
                )
            )
        return path

    def mermaid(self) -> str:
        """The picture in Mermaid's language, for a page written in Markdown."""
        return export.to_mermaid(self.view, self.direction)

    def json(self) -> str:
        """What the picture shows, as versioned JSON."""
        return export.to_json(self.view)

    def _text(self, suffix: str) -> str:
        texts = {"mmd": self.mermaid, "json": self.json, "txt": lambda: f"{self.view}\n"}
        return texts[suffix]() if suffix in texts else self.source

    def _rendered(self, format: str, operation: str) -> bytes:
        """PNG or PDF: by ``dot``, or out of the library's own SVG by cairosvg."""
        try:
            if self.renderer != "own":
                return self._pipe(format, operation)
            raise DotNotFoundError(operation, self.source)
        except DotNotFoundError:
            try:
                import cairosvg
            except ImportError:
                cairosvg = None
            if cairosvg is None or self.renderer == "dot":
                raise
        return {"png": cairosvg.svg2png, "pdf": cairosvg.svg2pdf}[format](bytestring=self.svg().encode())

    def _pipe(self, format: str, operation: str) -> bytes:
        try:
            return self._digraph.pipe(format=format, quiet=True)
        except graphviz.ExecutableNotFound:
            raise DotNotFoundError(operation, self.source) from None

    def __repr__(self) -> str:
        return str(self.view)

    def _repr_mimebundle_(self, include: Container[str] | None = None, exclude: Container[str] | None = None) -> Any:
        """What a notebook shows: the SVG as an image, and the table where no pictures show."""
        picture = self.svg()
        # An image inside HTML shows in more places than an SVG output: JupyterLab does not draw that in a
        # notebook that was downloaded, and others drop parts of it.
        encoded = base64.b64encode(picture.encode()).decode()
        image = f'<img alt="{escape(self._summary())}" src="data:image/svg+xml;base64,{encoded}">'
        return {
            "text/html": f'<div style="overflow-x: auto">{image}</div>',
            "image/svg+xml": picture,
            "text/plain": repr(self),
        }

    def _summary(self) -> str:
        nodes = [node for node in self.view.nodes if node.kind not in ("number", "more")]
        last = nodes[-1]
        return f"Computational graph of {len(nodes)} nodes; {last.label or 'the result'} = {last.value}"


def draw(
    graph: Any,
    *,
    gradients: Mapping[Tensor, Any] | str | bool | None = None,
    names: Mapping[str, Any] | None = None,
    show_constants: bool = True,
    direction: str = "LR",
    max_nodes: int | None = 500,
    digits: int = 6,
    renderer: str = "auto",
) -> Drawing:
    """Draw the graph that a Tensor was computed by, with a value and a gradient on every node.

    A node's second line is its value, its third the gradient of the result with respect to it. An
    operation that uses one node twice (``x * x``) has two edges from it: two contributions to its gradient.
    The graph is not changed, and ``.grad`` neither; hooks on its nodes do run where gradients are computed.

    Args:
        graph: the result (the loss, say), several Tensors, or a ``Graph``.
        gradients: left out, the backward pass is run where the result is one number, and otherwise the
            gradients are those in ``.grad``. ``"stored"`` always takes these. A mapping from nodes to
            gradients is shown as it is: what ``loss.backward(keep="all")`` returns, for one. ``False``
            shows none.
        names: name -> Tensor, for Tensors without a name: ``dict(model.named_parameters())``,
            ``locals()``. What is no Tensor is skipped.
        show_constants: whether Tensors without a gradient and plain numbers are drawn.
        direction: ``"LR"`` reads from left to right, ``"TB"`` from top to bottom.
        max_nodes: draw no more than this many nodes, the nearest to the result; ``None`` draws all.
        digits: significant digits of numbers.
        renderer: who draws: ``"dot"``, the program of Graphviz; ``"own"``, the library itself, which needs no
            program; ``"auto"``, dot where it is installed and the graph is not too large for it.

    Returns:
        A ``Drawing``. It shows in a notebook; ``.source`` is its text in the DOT language, and
        ``.save("graph.svg")`` writes a file.

    Raises:
        TypeError: if ``graph`` is nothing of the kind.
        ValueError: for an unknown ``direction``, ``renderer`` or ``gradients``.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> viz.draw(x * x + 1)
    node  computed as  value  gradient
    x     leaf         3      6
    u(2)  x × x        9      1
    u(3)  u(2) + 1     10     1
    """
    results = _results(graph)
    for argument, value, known in (("direction", direction, DIRECTIONS), ("renderer", renderer, RENDERERS)):
        if value not in known:
            expected = f"{argument}={' or '.join(map(repr, known))}"
            got = f"{argument}={value!r}"
            raise ValueError(explain("draw", expected=expected, got=got, remedy="pass one of these"))
    table, notes = _gradients(results, gradients)
    view = view_graph(
        results,
        table,
        labels={**_labels(graph, gradients), **_named(names or {})},
        show_constants=show_constants,
        max_nodes=max_nodes,
        digits=digits,
        notes=notes,
    )
    return Drawing(view, direction, renderer)


def _results(graph: Any) -> list[Tensor]:
    """The nodes to look back from."""
    found = graph.results if isinstance(graph, Graph) else graph
    results = [found] if isinstance(found, Tensor) else list(found) if isinstance(found, Iterable) else []
    if not results or not all(isinstance(result, Tensor) for result in results):
        raise TypeError(
            explain(
                "draw",
                expected="a Tensor, several of them, or a Graph",
                got=f"{type(graph).__name__}" + ("" if results else " without any"),
                remedy="pass what you computed from Tensors, such as the loss",
            )
        )
    return results


def _labels(graph: Any, gradients: Any) -> dict[Tensor, str]:
    """What a Graph or a grad_table calls its nodes, so that the picture says the same."""
    labels = {}
    if isinstance(graph, Graph):
        labels = {node: node.name or f"u({number})" for number, node in enumerate(graph, 1)}
    if isinstance(gradients, GradTable):
        labels.update({node: gradients.label(node) for node in gradients})
    return labels


def _named(names: Mapping[str, Any]) -> dict[Tensor, str]:
    return {value: name for name, value in names.items() if isinstance(value, Tensor)}


def _gradients(results: list[Tensor], given: Any) -> tuple[Mapping[Tensor, Any] | None, list[str]]:
    """The gradients to show, and what has to be said about them."""
    if given is False:
        return None, []
    if isinstance(given, Mapping):
        return given, []
    if given not in (None, "stored"):
        raise ValueError(
            explain(
                "draw",
                expected="gradients=None, 'stored', False, or a mapping from nodes to gradients",
                got=f"gradients={given!r}",
                remedy="leave it out to have the backward pass run",
            )
        )
    if not any(result.requires_grad for result in results):
        return None, ["No gradients: nothing that this was computed from has requires_grad=True."]
    notes = []
    if given is None and len(results) == 1 and results[0]._data.size == 1:
        try:
            return _backward(results[0]), []
        except StaleValueError:
            notes.append("Gradients are those in .grad: a value was changed after it was used, as an optimizer does.")
    nodes = topological_order(results, check=False)
    return {node: node.grad for node in nodes if node.grad is not None}, notes


def _backward(result: Tensor) -> dict[Tensor, Tensor]:
    """The gradient of ``result`` with respect to every node, without a change to any ``.grad``."""
    nodes = topological_order([result])
    grad_table: dict[Tensor, Any] = {result: np.ones_like(result._data)}
    backward_pass(nodes, grad_table, keep=frozenset(nodes))
    return as_gradients(grad_table)
