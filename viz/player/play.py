"""``play``: from a graph to its player in one call, and the ``Player`` that it returns."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.gradients import as_gradients
from nn import Module

from .. import svg
from ..arguments import from_one_on, one_of
from ..display import bundle
from ..drawing import DIRECTIONS, Drawing, draw
from ..events import Event, Recording, record
from ..look import Groups
from ..view import View, ViewNode
from .layers import layers
from .page import document, fragment

MAX_NODES = 300
GRANULARITIES = ("contribution", "node", "layer")


class Player:
    """Backpropagation step by step: shows itself in a notebook, prints as a table, saves as a page.

    Where scripts run, it steps through both passes by buttons or by keyboard (arrows, Home, End, Space), plays,
    zooms (+, −, 0, or the wheel with Ctrl), and asks for predictions before it reveals a number. Where they do
    not, it is the picture of the finished state; in a terminal, the table. ``viz.config`` sets which of these a
    notebook is given.

    Attributes:
        view: what the picture shows, as plain data.
        recording: the events of both passes, recorded while the backward pass ran.
        granularity: what one step is when the player opens.
        direction: in which the picture reads.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> player = viz.play(x * x)
    >>> player
    node  computed as  value  gradient
    x     leaf         3      6
    u(2)  x × x        9      1
    >>> [event.value.text for event in player.recording.events if event.kind == "contribution"]
    ['3', '3']
    """

    def __init__(
        self, view: View, recording: Recording, granularity: str = "contribution", direction: str = "LR"
    ) -> None:
        self.view = view
        self.recording = recording
        self.granularity = granularity
        self.direction = direction
        self._picture, self._script = fragment(view, recording, granularity, direction)

    def html(self) -> str:
        """The player as a piece of HTML that needs nothing else: to put into a page."""
        return self._picture + self._script

    def save_html(self, path: str | Path) -> Path:
        """Write a page that holds the player and needs no network.

        Args:
            path: of the file.

        Returns:
            The path.

        >>> import tempfile, autograd_core as ag, viz
        >>> x = ag.tensor(3.0, requires_grad=True, name="x")
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     page = viz.play(x * x).save_html(f"{directory}/square.html")
        ...     page.read_text(encoding="utf-8")[:15]
        '<!DOCTYPE html>'
        """
        path = Path(path)
        path.write_text(document(self.view, self.html()), encoding="utf-8")
        return path

    def __repr__(self) -> str:
        return str(self.view)

    def _repr_mimebundle_(self, include: Container[str] | None = None, exclude: Container[str] | None = None) -> Any:
        """What a notebook shows: the player, or the picture, or where there are no pictures the table."""
        return bundle(
            self.__repr__,
            page=self.html,
            still=lambda: self._picture,
            svg=lambda: svg.render(self.view, self.direction),
            png=lambda: Drawing(self.view, self.direction).png(),
        )

    def _repr_html_(self) -> str | None:
        """The same for hosts that know no bundles."""
        return self._repr_mimebundle_().get("text/html")


def play(
    loss: Tensor,
    names: Mapping[str, Any] | None = None,
    *,
    model: Module | None = None,
    groups: Groups = "auto",
    direction: str = "LR",
    digits: int = 6,
    granularity: str = "contribution",
) -> Player:
    """Run the backward pass from ``loss`` and show how it went, step by step.

    The steps: the values fill in, in topological order; the seed ∂L/∂L = 1; then node by node, from the
    result back, every contribution upstream × local derivative on its way along its edge, and the grad_table,
    which holds it (``=``) or adds it (``+=``). They are recorded while the engine's own backward pass runs;
    neither the graph nor any ``.grad`` is changed, but hooks do run.

    Args:
        loss: a Tensor of one element that requires a gradient.
        names: name -> Tensor, for Tensors without a name: ``dict(model.named_parameters())``, ``locals()``.
        model, groups: where names and layers come from, as for ``viz.draw``.
        direction: ``"LR"`` reads from left to right, ``"TB"`` from top to bottom.
        digits: significant digits of numbers.
        granularity: what one step is when the player opens: a ``"contribution"``, all that a ``"node"`` passes
            on, or all of a ``"layer"``: a group of the picture, or what the names of parameters tell
            (``encoder.0.weight`` belongs to ``encoder.0``). The reader can choose another.

    Returns:
        A ``Player``. It shows in a notebook, and ``.save_html("backprop.html")`` writes a page.

    Raises:
        TypeError: if ``loss`` is no Tensor.
        ValueError: if it has several elements or needs no gradient, if its graph has more than 300 nodes, for an
            unknown ``granularity`` or ``direction``, for ``digits`` below 1, or for ``"layer"`` where nothing tells
            of layers.
        StaleValueError: if a value that the pass needs was changed after it was used.

    >>> import autograd_core as ag, viz
    >>> w = ag.tensor(0.5, requires_grad=True, name="w")
    >>> player = viz.play((w * 2.0 - 3.0) ** 2, granularity="node")
    >>> len(player.view.nodes), len(player.recording.replay())
    (7, 4)
    """
    if not isinstance(loss, Tensor):
        expected, got = "the loss, a Tensor of one element", "None" if loss is None else type(loss).__name__
        raise TypeError(explain("play", expected=expected, got=got, remedy="pass what you computed from Tensors"))
    one_of("play", "granularity", granularity, GRANULARITIES)
    one_of("play", "direction", direction, DIRECTIONS)
    from_one_on("play", "digits", digits, "say how many significant digits to show, such as digits=6")
    recording, table = record(loss, digits=digits)
    view = draw(
        loss,
        gradients=as_gradients(table),
        names=names,
        model=model,
        groups=groups,
        collapse=None,
        max_nodes=None,
        digits=digits,
    ).view
    _refuse(view, granularity)
    return Player(view, Recording(tuple(_with_formulas(recording, view))), granularity, direction)


def _with_formulas(recording: Recording, view: View) -> Iterator[Event]:
    """The events with the formulas that stand on the edges of the view."""
    edges = {(edge.source, edge.target, edge.position): edge for edge in view.edges}
    nodes = {node.id: node for node in view.nodes}
    for event in recording.events:
        edge = edges.get((event.node, event.consumer or "", event.position or 0))
        local = "" if edge is None else _local(event, edge.derivative, nodes[edge.source], nodes[edge.target])
        yield replace(event, local=local)


def _local(event: Event, formula: str, parent: ViewNode, consumer: ViewNode) -> str:
    """The local derivative's formula as it multiplies gradients: of complex numbers its conjugate.

    Empty where nothing is multiplied: by ``conj``, and where only the real part reaches a real node.
    """
    kinds = [node.dtype.startswith("complex") for node in (parent, consumer)]
    if not formula or not any(kinds) or consumer.operation == "absolute":
        return formula
    if consumer.operation == "conjugate" or not kinds[0]:
        return ""
    if event.factor is not None and event.factor.entries is not None and event.factor.entries[-1] == 0:
        return formula  # a real number
    return formula if formula == "1" else f"conj({formula})"


def _refuse(view: View, granularity: str) -> None:
    """Say what cannot be played, and what to do instead."""
    count = sum(node.kind != "number" for node in view.nodes)
    if count > MAX_NODES:
        raise ValueError(
            explain(
                "play",
                expected=f"a graph of at most {MAX_NODES} nodes, which can be followed step by step",
                got=f"{count} nodes",
                remedy="play a smaller network or fewer steps, or see viz.draw(loss, max_nodes=60) and viz.explain",
            )
        )
    if granularity == "layer" and not layers(view):
        raise ValueError(
            explain(
                "play",
                expected="a graph with at least two layers for granularity='layer'",
                got="nodes that nothing assigns to layers",
                remedy="pass the network: model=model, or name the parameters by names=dict(model.named_parameters())",
            )
        )
