"""``compare``: two passes through the same program in one picture, before and after."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autograd_core.errors import explain

from .drawing import Drawing, draw
from .summary import Summary
from .text import number
from .view import Legend, View, ViewNode

ARROW = " → "


def compare(before: Any, after: Any, **options: Any) -> Drawing:
    """Draw two passes of the same structure as one picture: values and gradients before → after.

    Before and after a step of an optimizer, say, or for two batches of one shape, or two initializations. Numbers are
    shown with their change, arrays by their root mean square; nodes are shaded by how much their value
    changed. Draw the first pass before the second one is run where an optimizer overwrites values.

    Args:
        before, after: drawings, views, or Tensors, which are drawn first.
        options: for drawing Tensors, as for ``viz.draw``; not for drawings and views.

    Returns:
        A ``Drawing``, laid out and coloured as ``after`` is.

    Raises:
        ValueError: if the two do not have the same nodes, with the same operations and shapes, and the same
            edges. The first difference is named.
        TypeError: for anything else than drawings, views or Tensors.

    >>> import autograd_core as ag, viz
    >>> w = ag.tensor(3.0, requires_grad=True, name="w")
    >>> before = viz.draw(w * w)
    >>> w.data = w.data - 1
    >>> viz.compare(before, viz.draw(w * w))
    node  computed as  value  gradient
    w     leaf         3 → 2  6 → 4
    u(2)  w × w        9 → 4  1
    """
    first, second = (
        given if isinstance(given, Drawing | View) else draw(given, **options) for given in (before, after)
    )
    views = [given.view if isinstance(given, Drawing) else given for given in (first, second)]
    view = difference(*views)
    if isinstance(second, Drawing):
        return Drawing(view, second.direction, second.renderer, theme=second.theme)
    return Drawing(view)


def difference(before: View, after: View) -> View:
    """Two views of the same structure as one.

    >>> import autograd_core as ag, viz
    >>> w = ag.tensor(3.0, requires_grad=True, name="w")
    >>> view = difference(viz.draw(w * 2).view, viz.draw((w + 0) * 2).view)
    Traceback (most recent call last):
    ValueError: ...
    """
    _check(before, after)
    nodes = tuple(_changed(a, b) for a, b in zip(before.nodes, after.nodes, strict=True))
    largest = max((node.shade for node in nodes if node.shade is not None), default=None)
    title = "relative change of the value" if largest is not None else "relative change of the value: none has changed"
    ticks = ((0.0, "0 %"), (0.5, "50 %"), (1.0, "100 % or more")) if largest is not None else ()
    return replace(after, nodes=nodes, legend=Legend(title, ticks))


def _check(before: View, after: View) -> None:
    """Raise an error that names the first difference in structure."""
    found = next((text for text in _differences(before, after)), None)
    if found is not None:
        raise ValueError(
            explain(
                "compare",
                expected="two passes of the same structure",
                got=found,
                remedy="run the same program twice, and draw both with the same arguments",
            )
        )


def _differences(before: View, after: View) -> list[str]:
    """The first difference, if there is one."""
    for number_of_node, (a, b) in enumerate(zip(before.nodes, after.nodes, strict=False), 1):
        if _structure(a) != _structure(b):
            return [f"node {number_of_node} is {_described(a)} in the first and {_described(b)} in the second"]
    if len(before.nodes) != len(after.nodes):
        return [f"{len(before.nodes)} nodes in the first and {len(after.nodes)} in the second"]
    edges = [[(edge.source, edge.target, edge.position) for edge in view.edges] for view in (before, after)]
    if edges[0] != edges[1]:
        return ["the same nodes, but other edges between them"]
    return []


def _structure(node: ViewNode) -> tuple[Any, ...]:
    return node.id, node.kind, node.operation, node.shape, node.requires_grad


def _described(node: ViewNode) -> str:
    what = node.operation or node.kind
    return f"{what} {node.shape}" if node.shape else what


def _changed(a: ViewNode, b: ViewNode) -> ViewNode:
    """The card of both nodes."""
    extra = list(b.extra)
    value, gradient = b.value, b.gradient
    if b.kind != "group":
        value = _both(a.value, b.value, a.summary, b.summary)
    if a.gradient is not None and b.gradient is not None:
        gradient = _both(a.gradient, b.gradient, a.gradient_summary, b.gradient_summary)
    elif a.gradient is not None:
        gradient = f"{a.gradient}{ARROW}not computed"
    elif b.gradient is not None:
        gradient = f"not computed{ARROW}{b.gradient}"
    pairs = [("change of value", a.summary, b.summary), ("change of gradient", a.gradient_summary, b.gradient_summary)]
    for word, one, other in pairs[b.kind == "group" :]:  # the value of a group is that of its outputs
        text = _change(one, other)
        if text:
            extra.append((word, text))
    share = _share(a.summary, b.summary)
    return replace(b, value=value, gradient=gradient, extra=tuple(extra), shade=share or None, badges=())


def _both(one: str, other: str, a: Summary | None, b: Summary | None) -> str:
    """Two texts with an arrow between them, or one where nothing changed."""
    if a is not None and b is not None and max(a.size, b.size) > 1 and a.rms is not None and b.rms is not None:
        same = _statistics(a) == _statistics(b)
        return other if same else f"rms {a.rms:.4g}{ARROW}{b.rms:.4g}"
    return other if one == other else f"{one}{ARROW}{other}"


def _statistics(summary: Summary) -> tuple[Any, ...]:
    return (summary.min, summary.max, summary.mean, summary.std, summary.rms, summary.zeros, summary.nans, summary.infs)


def _change(a: Summary | None, b: Summary | None) -> str:
    """The difference of two numbers, or how much larger the entries of an array have become; empty for no change."""
    if a is None or b is None or _statistics(a) == _statistics(b):
        return ""
    if a.size == b.size == 1 and a.mean is not None and b.mean is not None and not a.dtype.startswith("complex"):
        return _signed(b.mean - a.mean) + (f" ({_percent(a.mean, b.mean)})" if a.mean else "")
    if a.rms and b.rms is not None:
        return f"rms {_percent(a.rms, b.rms)}"
    return "from zeros" if b.rms else "of what is finite"


def _signed(change: float) -> str:
    return f"+{number(change, 4)}" if change > 0 else number(change, 4)


def _percent(a: float, b: float) -> str:
    percent = 100 * (b - a) / abs(a)
    return f"{_signed(float(f'{percent:.3g}'))} %"


def _share(a: Summary | None, b: Summary | None) -> float | None:
    """How much a value changed, as a part of the larger one, from 0 to 1."""
    if a is None or b is None or a.rms is None or b.rms is None:
        return None
    size = max(a.rms, b.rms)
    if not size:
        return 0.0
    pairs = ((a.min, b.min), (a.max, b.max), (a.mean, b.mean), (a.rms, b.rms))
    most = max(abs(one / size - other / size) for one, other in pairs if one is not None and other is not None)
    return round(min(1.0, most), 4)
