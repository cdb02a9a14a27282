"""``play``: from a graph to its player in one call, and the ``Player`` that it returns."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.gradients import as_gradients

from .. import svg
from ..drawing import draw
from ..events import Recording, record
from ..view import View
from .page import document, fragment

MAX_NODES = 300


class Player:
    """Backpropagation step by step: shows itself in a notebook, prints as a table, saves as a page.

    Where scripts run, it steps through both passes by buttons or by keyboard (arrows, Home, End, Space). Where
    they do not, it is the picture of the finished state.

    Attributes:
        view: what the picture shows, as plain data.
        recording: the events of both passes, recorded while the backward pass ran.

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

    def __init__(self, view: View, recording: Recording) -> None:
        self.view = view
        self.recording = recording
        self._html = fragment(view, recording)

    def html(self) -> str:
        """The player as a piece of HTML that needs nothing else: to put into a page."""
        return self._html

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
        path.write_text(document(self.view, self._html), encoding="utf-8")
        return path

    def __repr__(self) -> str:
        return str(self.view)

    def _repr_mimebundle_(self, include: Container[str] | None = None, exclude: Container[str] | None = None) -> Any:
        """What a notebook shows: the player, or the picture, or where there are no pictures the table."""
        return {"text/html": self._html, "image/svg+xml": svg.render(self.view), "text/plain": repr(self)}


def play(loss: Tensor, names: Mapping[str, Any] | None = None, *, digits: int = 6) -> Player:
    """Run the backward pass from ``loss`` and show how it went, step by step.

    The steps: the values fill in, in topological order; the seed ∂L/∂L = 1; then node by node, from the
    result back, every contribution upstream × local derivative on its way along its edge, and the grad_table,
    which holds it (``=``) or adds it (``+=``). They are recorded while the engine's own backward pass runs;
    neither the graph nor any ``.grad`` is changed, but hooks do run.

    Args:
        loss: a Tensor of one element that requires a gradient.
        names: name -> Tensor, for Tensors without a name: ``dict(model.named_parameters())``, ``locals()``.
        digits: significant digits of numbers.

    Returns:
        A ``Player``. It shows in a notebook, and ``.save_html("backprop.html")`` writes a page.

    Raises:
        TypeError: if ``loss`` is no Tensor.
        ValueError: if it has several elements or needs no gradient, or if its graph has more than 300 nodes.
        StaleValueError: if a value that the pass needs was changed after it was used.

    >>> import autograd_core as ag, viz
    >>> w = ag.tensor(0.5, requires_grad=True, name="w")
    >>> player = viz.play((w * 2.0 - 3.0) ** 2)
    >>> len(player.view.nodes), len(player.recording.replay())
    (7, 4)
    """
    if not isinstance(loss, Tensor):
        got = type(loss).__name__
        raise TypeError(explain("play", expected="a Tensor", got=got, remedy="pass the loss"))
    recording, table = record(loss, digits=digits)
    view = draw(loss, gradients=as_gradients(table), names=names, max_nodes=None, digits=digits, renderer="own").view
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
    formulas = {(edge.source, edge.target, edge.position): edge.derivative for edge in view.edges}
    events = (
        replace(event, local=formulas.get((event.node, event.consumer or "", event.position or 0), ""))
        for event in recording.events
    )
    return Player(view, Recording(tuple(events)))
