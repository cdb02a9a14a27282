"""Ways to look at the same picture: how large the gradients are, what takes memory, what lies on a path.

Every mode is a function from a ``View`` to a ``View`` with the same nodes and edges, so that nothing moves when
the mode changes. It sets shades, badges, marks and the legend; renderers draw these.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from .summary import Summary
from .view import Legend, View, ViewNode

# A gradient is called vanishing where its root mean square is below this part of the reference, and exploding where
# it is above this multiple. The reference is the gradient of several entries that is nearest to the result:
# what a network's last layer puts out, say.
VANISHING = 1e-4
EXPLODING = 1e4
# Operations that pass nothing below a threshold, and the share of zeros from which their output is called dead.
RECTIFIERS = frozenset({"clip", "clip_below", "maximum", "negative_part", "relu", "threshold"})
DEAD_SHARE = 0.9
# Gradients smaller than the largest by more powers of ten than this get the scale's first shade.
MOST_DECADES = 12

# What badges begin with: a symbol to know them by and what they mean. More about a case follows in parentheses.
BADGES = {
    "first NaN": ("►", "not a number appears here first: forward for values, backward for gradients"),
    "first Inf": ("►", "an infinite number appears here first"),
    "NaN": ("×", "entries that are not a number"),
    "Inf": ("×", "entries that are infinite"),
    "dead": (
        "○",
        f"a gradient of zeros, or a rectifier's units that are off for a whole batch, or {DEAD_SHARE:.0%} zeros",
    ),
    "vanishing": ("▼", f"gradient below {VANISHING:g} of that at the result's side"),
    "kept": ("■", "bytes of the value that the backward pass reads"),
    "exploding": ("▲", f"gradient above {EXPLODING:g} times that at the result's side"),
}


def badge_kind(badge: str) -> str:
    """What a badge begins with, a key of ``BADGES``.

    >>> badge_kind("dead (3 of 128 units)")
    'dead'
    """
    return badge.partition(" (")[0]


# -- gradients -----------------------------------------------------------------------------------


def heat(view: View) -> View:
    """Shade nodes by the size of their gradients, on a scale of powers of ten, and point out what is wrong.

    A node whose gradient was not computed gets no shade and no badge for it: that is not a gradient of 0.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(-3.0, requires_grad=True, name="x")
    >>> heat(viz.draw(ag.relu(x) * 2).view).nodes[0].badges
    ('dead (gradient 0)',)
    """
    sizes = [s.rms for node in view.nodes if (s := node.gradient_summary) is not None and s.rms]
    scale = _LogScale(sizes)
    reference = _reference(view.nodes)
    first = _first_bad(view.nodes)
    nodes = []
    for node in view.nodes:
        summary = node.gradient_summary
        shade = None if summary is None or not summary.rms else scale.place(summary.rms)
        badges = (*_bad_badges(node, first), *_size_badges(node, reference), *_inner_badges(node))
        badges = tuple(dict.fromkeys(badges))
        nodes.append(replace(node, shade=shade, badges=badges))
    title = "size of the gradient (root mean square)" if sizes else "size of the gradient: none is known but zeros"
    return replace(view, nodes=tuple(nodes), legend=Legend(title, scale.ticks(), _kinds(nodes)))


def _kinds(nodes: Iterable[ViewNode]) -> tuple[str, ...]:
    """The kinds of badges that occur, in the order of ``BADGES``."""
    present = {badge_kind(badge) for node in nodes for badge in node.badges}
    return tuple(kind for kind in BADGES if kind in present)


class _LogScale:
    """Places from 0 to 1 for positive numbers, by their logarithms."""

    def __init__(self, numbers: Collection[float]) -> None:
        self.numbers = numbers
        self.high = math.log10(max(numbers)) if numbers else 0.0
        self.least = math.log10(min(numbers)) if numbers else 0.0
        self.low = max(self.least, self.high - MOST_DECADES)

    def place(self, number: float) -> float:
        if self.high == self.low:
            return 1.0
        return min(1.0, max(0.0, round((math.log10(number) - self.low) / (self.high - self.low), 4)))

    def ticks(self) -> tuple[tuple[float, str], ...]:
        if not self.numbers:
            return ()
        high = f"{max(self.numbers):.2g}"
        if self.high == self.low:
            return ((1.0, high),)
        low = f"{min(self.numbers):.2g}" if self.low == self.least else f"≤ {10**self.low:.2g}"
        span = self.high - self.low
        step = max(1, round(span / 4))
        inner = range(math.ceil(self.low + 0.15 * span), math.floor(self.high - 0.15 * span) + 1, step)
        middle = [(round((power - self.low) / span, 4), f"{10.0**power:g}") for power in inner]
        return ((0.0, low), *middle, (1.0, high))


def _reference(nodes: Iterable[ViewNode]) -> float | None:
    """The gradient that others are compared with: the one of several entries that is nearest to the result."""
    sizes = [(s.size, s.rms) for node in nodes if (s := node.gradient_summary) is not None and s.rms]
    if not sizes:
        return None
    return next((rms for size, rms in reversed(sizes) if size > 1), sizes[-1][1])


def _size_badges(node: ViewNode, reference: float | None) -> list[str]:
    """Whether the gradient or the units are dead, the gradient vanishes or explodes."""
    badges = []
    gradient, value = node.gradient_summary, node.summary
    if gradient is not None and gradient.all_zero:
        badges.append("dead (gradient 0)")
    elif node.operation in RECTIFIERS and value is not None:
        if value.dead_units and value.shape is not None:
            badges.append(f"dead ({value.dead_units} of {value.shape[1]} units)")
        elif value.size and value.zero_share >= DEAD_SHARE:
            badges.append(f"dead ({100 * value.zero_share:.3g} % zeros)")
    if gradient is not None and gradient.rms and reference:
        if gradient.rms < VANISHING * reference:
            badges.append(f"vanishing ({gradient.rms:.1e})")
        elif gradient.rms > EXPLODING * reference:
            badges.append(f"exploding ({gradient.rms:.1e})")
    return badges


def _inner_badges(node: ViewNode) -> list[str]:
    """What is wrong with nodes that a collapsed group stands for, by its kind; NaN and Inf are counted anyhow."""
    if node.kind != "group":
        return []
    kinds = {badge_kind(badge) for badge in node.badges}
    return [f"{kind} (inside)" for kind in ("dead", "vanishing", "exploding") if kind in kinds]


def _count(summary: Summary | None, kind: str) -> int:
    if summary is None:
        return 0
    return summary.nans if kind == "NaN" else summary.infs


def _first_bad(nodes: tuple[ViewNode, ...]) -> dict[tuple[str, str], str]:
    """(NaN or Inf, value or gradient) -> the id of the node where the pass met the first."""
    first: dict[tuple[str, str], str] = {}
    for kind in ("NaN", "Inf"):
        forward = next((node.id for node in nodes if _count(node.summary, kind)), None)
        backward = next((node.id for node in reversed(nodes) if _count(node.gradient_summary, kind)), None)
        first |= {(kind, word): id for word, id in (("value", forward), ("gradient", backward)) if id is not None}
    return first


def _bad_badges(node: ViewNode, first: dict[tuple[str, str], str]) -> list[str]:
    badges = []
    for word, summary in (("value", node.summary), ("gradient", node.gradient_summary)):
        for kind in ("NaN", "Inf"):
            count = _count(summary, kind)
            if count:
                lead = "first " if first.get((kind, word)) == node.id else ""
                of = f" of {summary.size:,}" if summary is not None and summary.size > 1 else ""
                badges.append(f"{lead}{kind} ({word}: {count:,}{of})" if of else f"{lead}{kind} ({word})")
    return sorted(badges, key=lambda badge: not badge.startswith("first"))


# -- memory --------------------------------------------------------------------------------------


def memory(view: View) -> View:
    """Shade nodes by the bytes that the forward pass keeps of them for the backward pass.

    >>> import numpy as np, autograd_core as ag, viz
    >>> x = ag.tensor(np.ones((4, 8)), requires_grad=True, name="x")
    >>> memory(viz.draw((x * x).sum()).view).nodes[0].badges
    ('kept (256 bytes)',)
    """
    most = max((node.saved for node in view.nodes), default=0)
    total = sum(node.saved for node in view.nodes)
    nodes = [
        replace(node, badges=(f"kept ({bytes_text(node.saved)})",), shade=round(node.saved / most, 4))
        if node.saved
        else node
        for node in view.nodes
    ]
    title = f"kept for the backward pass, {bytes_text(total)} in all"
    ticks = ((0.0, "0"), (1.0, bytes_text(most))) if most else ()
    return replace(view, nodes=tuple(nodes), legend=Legend(title, ticks))


def bytes_text(count: int) -> str:
    """A number of bytes for people.

    >>> bytes_text(256), bytes_text(8192), bytes_text(123_456_789)
    ('256 bytes', '8 KiB', '118 MiB')
    """
    size = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.4g} {unit}" if unit == "bytes" else f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} GiB" if size < 1024 else f"{size / 1024:.3g} TiB"


# -- paths ---------------------------------------------------------------------------------------


def mark_paths(view: View, result: str, node: str, notes: Iterable[str] = ()) -> View:
    """Mark every node and edge that lies on a path from one node to another.

    Args:
        view: with both in it.
        result: the id of the node that paths end at.
        node: the id of the node that they begin at.
        notes: remarks to put below the picture.

    >>> import autograd_core as ag, viz
    >>> x, y = (ag.tensor(3.0, requires_grad=True, name=name) for name in "xy")
    >>> view = mark_paths(viz.draw(x * 2 + y).view, result="n4", node="n1")
    >>> [node.label for node in view.nodes if node.marked]
    ['x', 'u(3)', 'u(4)']
    """
    reaching, reached = {node}, {result}
    sources: dict[str, list[str]] = {}
    for edge in view.edges:
        sources.setdefault(edge.target, []).append(edge.source)
    for entry in view.nodes:
        if any(source in reaching for source in sources.get(entry.id, ())):
            reaching.add(entry.id)
    for entry in reversed(view.nodes):
        if entry.id in reached:
            reached.update(sources.get(entry.id, ()))
    on = reaching & reached
    return replace(
        view,
        nodes=tuple(replace(entry, marked=entry.id in on) for entry in view.nodes),
        edges=tuple(replace(edge, marked=edge.source in on and edge.target in on) for edge in view.edges),
        notes=(*view.notes, *notes),
    )


def only_marked(view: View) -> View:
    """The marked nodes of a view and the edges between them, and a remark on how many others there are."""
    kept = {node.id for node in view.nodes if node.marked}
    left_out = sum(node.id not in kept and node.kind not in ("number", "more") for node in view.nodes)
    return replace(
        view,
        nodes=tuple(node for node in view.nodes if node.id in kept),
        edges=tuple(edge for edge in view.edges if edge.source in kept and edge.target in kept),
        notes=(*view.notes, f"{left_out} nodes on no path are left out.") if left_out else view.notes,
    )


# What ``mode=`` of ``draw`` can be; a new mode is entered here.
MODES: dict[str, Callable[[View], View] | None] = {"result": None, "heat": heat, "memory": memory}
