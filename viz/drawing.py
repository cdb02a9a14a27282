"""``draw``: from a graph to a picture in one call, and the ``Drawing`` that it returns."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Container, Mapping, Sequence
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from autograd_core import Tensor
from autograd_core.errors import explain
from nn import Module

from . import cards, dot, export, svg, unfold
from .arguments import one_of
from .display import bundle
from .focus import Focus, around, path, top
from .look import Groups, look
from .modes import MODES
from .scene import Collapse, Scene
from .style import LABEL_WIDTH, THEMES, VALUE_WIDTH, palette
from .text import clipped, printable
from .view import View

DIRECTIONS = ("LR", "TB")
RENDERED = ("svg", "png", "pdf")
SOURCES = ("dot", "gv", "html", "mmd", "json", "txt")
# Above this many nodes and edges, dot may take minutes, and the library lays out the picture itself.
DOT_LIMIT = 400
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
        scene: what else could be shown: the whole view, its groups and parts.

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

    def __init__(
        self,
        view: View,
        direction: str = "LR",
        renderer: str = "auto",
        scene: Scene | None = None,
        theme: str = "light",
    ) -> None:
        _check("Drawing", direction, renderer, theme)
        self.scene = Scene(view) if scene is None else scene
        self.view = view
        self.direction = direction
        self.renderer = renderer
        self.theme = theme

    @cached_property
    def source(self) -> str:
        """The picture in the DOT language."""
        return str(dot.render(self.view, self.direction, palette(self.theme)).source)

    def svg(self) -> str:
        """The picture as SVG: by ``dot`` or by the library itself, as ``draw`` says of ``renderer``.

        Raises:
            DotNotFoundError: if the program ``dot`` is not installed and ``renderer="dot"`` was asked for.
            RuntimeError: if it was asked for and fails, or takes too long.
        """
        return self._svg

    @cached_property
    def _svg(self) -> str:
        if not self._own():
            try:
                text = self._pipe("svg", "drawing.svg()").decode()
                return text[text.index("<svg") :]  # without what XML files begin with, so that it can stand in a page
            except RuntimeError:
                if self.renderer == "dot":
                    raise
        return svg.render(self.view, self.direction, palette(self.theme))

    def _own(self) -> bool:
        """Whether the library draws the picture itself."""
        if self.renderer != "auto":
            return self.renderer == "own"
        return len(self.view.nodes) + len(self.view.edges) > DOT_LIMIT or cards.has_thumbnails(self.view)

    def png(self) -> bytes:
        """The picture as PNG.

        Raises:
            DotNotFoundError: if neither the program ``dot`` nor the package cairosvg is installed.
            RuntimeError: if ``dot`` fails, or takes too long, and cairosvg is not installed.
            ImportError: if ``renderer="own"`` was asked for and cairosvg is not installed.
        """
        return self._rendered("png", "drawing.png()")

    # -- other views of the same graph -----------------------------------------------------------

    def expand(self, group: str | Sequence[str]) -> Drawing:
        """The picture with one group opened, the groups in it as one card each.

        Args:
            group: its path, as a tuple or with dots between the names.

        Raises:
            ValueError: if there is no such group.

        >>> import nn, numpy as np, viz
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
        >>> with viz.capture(net):
        ...     loss = net(np.ones((4, 2))).sum()
        >>> small = viz.draw(loss, collapse=1)
        >>> [node.kind for node in small.view.nodes]
        ['group', 'operation', 'group', 'result']
        >>> len(small.expand("0").view.nodes)
        7
        """
        return self._showing(self.scene.expanded(group))

    def collapse(self, group: str | Sequence[str]) -> Drawing:
        """The picture with a group as one card.

        Args:
            group: its path, as a tuple or with dots between the names.

        Raises:
            ValueError: if there is no such group.
        """
        return self._showing(self.scene.closed(group))

    def around(self, node: Any, hops: int = 2) -> Drawing:
        """The picture of a node's neighbourhood: see ``viz.around``.

        >>> import autograd_core as ag, viz
        >>> x, y = (ag.tensor(3.0, requires_grad=True, name=name) for name in "xy")
        >>> [node.label for node in viz.draw((x * y + x) * y).around(x, hops=1).view.nodes]
        ['x', '1 more', 'u(3)', 'u(4)', '1 use elsewhere']
        """
        return self._showing(self.scene.part(around(node, hops)))

    def path(self, first: Any, last: Any) -> Drawing:
        """The picture of all paths between two nodes: see ``viz.path``."""
        return self._showing(self.scene.part(path(first, last)))

    def top(self, k: int, by: str = "grad") -> Drawing:
        """The picture of the nodes with the largest gradients: see ``viz.top``."""
        return self._showing(self.scene.part(top(k, by)))

    def _showing(self, scene: Scene) -> Drawing:
        return Drawing(scene.view(), self.direction, self.renderer, scene, self.theme)

    # -- files -----------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the picture into a file, in the format that its suffix names.

        Args:
            path: ends in ``.svg``, ``.png`` or ``.pdf``, in ``.html`` for a page on which groups open, in ``.dot``
                or ``.gv`` for the source, in ``.mmd`` for Mermaid, ``.json`` for plain data or ``.txt`` for the
                table.

        Returns:
            The path.

        Raises:
            ValueError: for another suffix.
            DotNotFoundError, RuntimeError, ImportError: for PNG and PDF, as ``png`` says.

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

    def html(self) -> str:
        """The picture as a piece of HTML that needs nothing else; collapsed groups open when they are clicked.

        >>> import autograd_core as ag, viz
        >>> x = ag.tensor(3.0, requires_grad=True, name="x")
        >>> viz.draw(x * x).html()[:4]
        '<div'
        """
        return self._page() if self._has_groups() else self._html()

    def _has_groups(self) -> bool:
        return any(node.kind == "group" for node in self.view.nodes)

    def _page(self) -> str:
        return unfold.fragment(self.scene, self._html(), self.direction, palette(self.theme))

    def mermaid(self) -> str:
        """The picture in Mermaid's language, for a page written in Markdown."""
        return export.to_mermaid(self.view, self.direction)

    def json(self) -> str:
        """What the picture shows, as versioned JSON."""
        return export.to_json(self.view)

    def _text(self, suffix: str) -> str:
        texts = {
            "html": lambda: unfold.document(self._summary(), self.html()),
            "mmd": self.mermaid,
            "json": self.json,
            "txt": lambda: f"{self.view}\n",
        }
        return texts[suffix]() if suffix in texts else self.source

    def _rendered(self, format: str, operation: str) -> bytes:
        """PNG or PDF: by ``dot``, or out of the library's own SVG by cairosvg."""
        try:
            import cairosvg
        except ImportError:
            cairosvg = None
        if cairosvg is None and self.renderer == "own":
            raise ImportError(
                explain(
                    operation,
                    expected="the Python package cairosvg, which makes PNG and PDF of the library's own SVG",
                    got="none",
                    remedy="pip install cairosvg, or leave renderer='own' out and let the program 'dot' draw",
                )
            )
        if cairosvg is None or not self._own():
            try:
                return self._pipe(format, operation)
            except RuntimeError:
                if cairosvg is None or self.renderer == "dot":
                    raise
        return {"png": cairosvg.svg2png, "pdf": cairosvg.svg2pdf}[format](bytestring=self.svg().encode())

    def _pipe(self, format: str, operation: str) -> bytes:
        """What ``dot`` makes of the picture, or a ``RuntimeError`` that says why it makes nothing."""
        try:
            return dot.pipe(self.source, format)
        except FileNotFoundError:
            raise DotNotFoundError(operation, self.source) from None
        except (OSError, subprocess.SubprocessError) as error:
            raise RuntimeError(
                explain(
                    operation,
                    expected=f"a picture of {len(self.view.nodes)} nodes from the program 'dot' of Graphviz",
                    got=clipped(printable(str(error)), 200),
                    remedy="draw a part of the graph (collapse=, only=, max_nodes=), or save it as SVG with "
                    "renderer='own', which needs no dot",
                )
            ) from None

    def __repr__(self) -> str:
        return str(self.view)

    def _repr_mimebundle_(self, include: Container[str] | None = None, exclude: Container[str] | None = None) -> Any:
        """What a notebook shows: the SVG as an image, and the table where no pictures show."""
        page = self._page if self._has_groups() else None
        return bundle(self.__repr__, page=page, still=self._html, svg=self.svg, png=self.png)

    def _html(self) -> str:
        # An image inside HTML shows in more places than an SVG output: JupyterLab does not draw that in a
        # notebook that was downloaded, and others drop parts of it.
        encoded = base64.b64encode(self.svg().encode()).decode()
        image = f'<img alt="{escape(self._summary())}" src="data:image/svg+xml;base64,{encoded}">'
        return f'<div style="overflow-x: auto">{image}</div>'

    def _summary(self) -> str:
        nodes = [node for node in self.view.nodes if node.kind not in ("number", "more")]
        last = nodes[-1]
        label, value = clipped(printable(last.label), LABEL_WIDTH), clipped(printable(last.value), VALUE_WIDTH)
        return f"Computational graph of {len(nodes)} nodes; {label or 'the result'} = {value}"


def _check(operation: str, direction: str, renderer: str, theme: str) -> None:
    one_of(operation, "direction", direction, DIRECTIONS)
    one_of(operation, "renderer", renderer, RENDERERS)
    one_of(operation, "theme", theme, THEMES)


def draw(
    graph: Any,
    *,
    gradients: Mapping[Tensor, Any] | str | bool | None = None,
    names: Mapping[str, Any] | None = None,
    model: Module | None = None,
    groups: Groups = "auto",
    collapse: Collapse = "auto",
    only: Focus | None = None,
    show_constants: bool = True,
    direction: str = "LR",
    max_nodes: int | None = 500,
    digits: int = 6,
    renderer: str = "auto",
    mode: str = "result",
    theme: str = "light",
) -> Drawing:
    """Draw the graph that a Tensor was computed by, with a value and a gradient on every node.

    A node's second line is its value, its third the gradient of the result with respect to it. An
    operation that uses one node twice (``x * x``) has two edges from it: two contributions to its gradient.
    The graph is not changed, and ``.grad`` neither; hooks on its nodes do run where gradients are computed.

    Args:
        graph: the result (the loss, say), several Tensors, or a ``Graph``. Or the exception that a computation
            raised: then what was computed up to there, and the operation that failed.
        gradients: left out, the backward pass is run where the result is one number, and otherwise the
            gradients are those in ``.grad``. ``"stored"`` always takes these. A mapping from nodes to
            gradients is shown as it is: what ``loss.backward(keep="all")`` returns, for one. ``False``
            shows none.
        names: name -> Tensor, for Tensors without a name: ``dict(model.named_parameters())``,
            ``locals()``. What is no Tensor is skipped.
        model: the network, for the names of its parameters and, where nothing else tells, groups by its
            modules.
        groups: which nodes belong together. A ``viz.capture``, which knows modules and repeated steps exactly;
            a function from a node to the path of its group, such as ``("encoder", "layer 1")``; ``"auto"``, the
            latest capture that saw the graph, else ``model``, else, of a large graph, the steps of a loop;
            ``None`` for no groups.
        collapse: which groups are shown as one card: ``"auto"`` collapses pictures of more than 60 nodes as far
            as needed; a depth collapses all groups at it; a set of paths these; ``None`` none.
        only: the part to look at: ``viz.around(w, hops=2)``, ``viz.path(w, loss)``, ``viz.top(20, by="grad")``.
        show_constants: whether Tensors without a gradient and plain numbers are drawn.
        direction: ``"LR"`` reads from left to right, ``"TB"`` from top to bottom.
        max_nodes: draw no more than this many nodes, the nearest to the result; ``None`` draws all, and
            collapses none unless asked to.
        digits: significant digits of numbers.
        renderer: who draws: ``"dot"``, the program of Graphviz; ``"own"``, the library itself, which needs no
            program; ``"auto"``, dot where it is installed, but the library itself where the graph is too large for
            dot, where dot fails, and where arrays have thumbnails, which dot cannot draw.
        mode: ``"result"``, values and gradients; ``"heat"``, nodes shaded by the size of their gradients, with
            badges on dead units, on gradients that vanish or explode, and on NaN and Inf, of which the
            first are pointed out; ``"memory"``, nodes shaded by the bytes kept for the backward pass.
        theme: ``"light"`` or ``"dark"``.

    Returns:
        A ``Drawing``. It shows in a notebook; ``.source`` is its text in the DOT language, and
        ``.save("graph.svg")`` writes a file.

    Raises:
        TypeError: if ``graph``, ``names`` or ``only`` is nothing of the kind.
        ValueError: for an unknown ``direction``, ``renderer``, ``mode``, ``theme``, ``gradients`` or ``collapse``, for
            a ``max_nodes`` or ``digits`` that is no whole number from 1 on, and for an exception that no operation on
            Tensors raised.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> viz.draw(x * x + 1)
    node  computed as  value  gradient
    x     leaf         3      6
    u(2)  x × x        9      1
    u(3)  u(2) + 1     10     1
    """
    _check("draw", direction, renderer, theme)
    one_of("draw", "mode", mode, tuple(MODES))
    if only is not None and not isinstance(only, Focus):
        expected, got = "only=viz.around(...), viz.path(...) or viz.top(...)", f"only={only!r}"
        raise TypeError(explain("draw", expected=expected, got=got, remedy="say which part: only=viz.around('w')"))
    scene = look(
        graph,
        gradients=gradients,
        names=names,
        model=model,
        groups=groups,
        collapse=collapse,
        only=only,
        show_constants=show_constants,
        max_nodes=max_nodes,
        digits=digits,
        finish=MODES[mode],
    )
    return Drawing(scene.view(), direction, renderer, scene, theme)
