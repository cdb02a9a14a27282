"""Parts of a graph: the neighbourhood of a node, all paths between two, the nodes with the largest gradients.

Each is a description (``viz.around(w)``) that ``select`` applies to anything with nodes and parents: to a
graph before it is looked at, and to a ``View``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from autograd_core.errors import explain

from .text import counted

T = TypeVar("T", bound=Hashable)

SIZES = ("grad", "bytes")
HOW = "Parts: only=viz.around(w, hops=2), viz.path(w, loss) or viz.top(20, by='grad'). Groups: with viz.capture(model)."


@dataclass(frozen=True)
class Terrain(Generic[T]):
    """What a part is chosen from.

    Attributes:
        order: the nodes, every one after its parents.
        parents: of a node.
        results: the nodes that the picture is of.
        find: the node that the user means by a Tensor, a name or something else.
        size: how large a node is ``by`` one of ``SIZES``; ``None`` where that is unknown.
    """

    order: Sequence[T]
    parents: Callable[[T], Iterable[T]]
    results: Sequence[T]
    find: Callable[[Any], T]
    size: Callable[[T, str], float | None]


@dataclass(frozen=True)
class Focus:
    """A part of a graph, for ``viz.draw(..., only=...)``; made by ``viz.around``, ``viz.path`` and ``viz.top``.

    >>> import viz
    >>> isinstance(viz.top(5), viz.Focus)
    True
    """

    def select(self, terrain: Terrain[T]) -> set[T]:
        """The nodes that belong to the part."""
        return set(terrain.order)

    def kept(self, terrain: Terrain[T]) -> set[T]:
        """Those that are shown however many there are between them."""
        return self.select(terrain)

    def marked(self, terrain: Terrain[T]) -> list[T]:
        """Those that the part is about where the rest only shows how they hang together; none else."""
        return []

    def described(self, name: Callable[[Any], str]) -> str:
        """The part in words, where ``name`` tells what a node is called."""
        return "all nodes"

    def __str__(self) -> str:
        return self.described(_name)


@dataclass(frozen=True)
class Around(Focus):
    """See ``viz.around``."""

    node: Any
    hops: int = 2

    def select(self, terrain: Terrain[T]) -> set[T]:
        """The node, and what is reached in ``hops`` steps against or along the edges."""
        users: dict[T, list[T]] = {}
        for node in terrain.order:
            for parent in terrain.parents(node):
                users.setdefault(parent, []).append(node)
        start = terrain.find(self.node)
        found = {start}
        edge = [start]
        for _ in range(self.hops):
            reached = [other for node in edge for other in (*terrain.parents(node), *users.get(node, ()))]
            edge = [node for node in dict.fromkeys(reached) if node not in found]
            found.update(edge)
        return found

    def described(self, name: Callable[[Any], str]) -> str:
        """``2 hops around w``."""
        return f"{counted(self.hops, 'hop')} around {name(self.node)}"


@dataclass(frozen=True)
class Between(Focus):
    """See ``viz.path``."""

    first: Any
    last: Any

    def select(self, terrain: Terrain[T]) -> set[T]:
        """The nodes on paths between the two, in whichever direction there are any."""
        first, last = terrain.find(self.first), terrain.find(self.last)
        place = {node: number for number, node in enumerate(terrain.order)}
        if place[first] > place[last]:
            first, last = last, first
        below = {first}
        for node in terrain.order[place[first] : place[last] + 1]:
            if any(parent in below for parent in terrain.parents(node)):
                below.add(node)
        if last not in below:
            raise ValueError(
                explain(
                    "path",
                    expected="two nodes, one of which was computed from the other",
                    got=f"{_name(self.first)} and {_name(self.last)}, between which there is no path",
                    remedy="see viz.around(node) for what a node is connected with",
                )
            )
        found = {last}
        pending = [last]
        while pending:
            for parent in terrain.parents(pending.pop()):
                if parent in below and parent not in found:
                    found.add(parent)
                    pending.append(parent)
        return found

    def described(self, name: Callable[[Any], str]) -> str:
        """``all paths between w and loss``."""
        return f"all paths between {name(self.first)} and {name(self.last)}"


@dataclass(frozen=True)
class Top(Focus):
    """See ``viz.top``."""

    k: int
    by: str = "grad"

    def marked(self, terrain: Terrain[T]) -> list[T]:
        """The largest nodes, the largest first."""
        sizes = [(terrain.size(node, self.by), number, node) for number, node in enumerate(terrain.order)]
        known = [(size, number, node) for size, number, node in sizes if size is not None]
        if not known:
            raise ValueError(
                explain(
                    "top",
                    expected="nodes with gradients" if self.by == "grad" else "nodes with values",
                    got="none",
                    remedy="call backward() first, or draw the loss, whose backward pass is then run",
                )
            )
        known.sort(key=lambda entry: (-entry[0], entry[1]))
        return [node for _, _, node in known[: self.k]]

    def kept(self, terrain: Terrain[T]) -> set[T]:
        """The largest nodes and the results."""
        return {*self.marked(terrain), *terrain.results}

    def select(self, terrain: Terrain[T]) -> set[T]:
        """The largest nodes, and a shortest path from each to a result."""
        toward: dict[T, T] = {}
        pending = deque(dict.fromkeys(terrain.results))
        seen = set(pending)
        while pending:
            node = pending.popleft()
            for parent in terrain.parents(node):
                if parent not in seen:
                    seen.add(parent)
                    toward[parent] = node
                    pending.append(parent)
        found = set(terrain.results)
        for node in self.marked(terrain):
            while node not in found:
                found.add(node)
                node = toward[node]
        return found

    def described(self, name: Callable[[Any], str]) -> str:
        """How many nodes, and which."""
        what = "gradient" if self.by == "grad" else "number of bytes"
        if self.k == 1:
            return f"the node with the largest {what}, and how it leads to the result"
        return f"the {self.k} nodes with the largest {what}, and how they lead to the result"


def around(node: Any, hops: int = 2) -> Focus:
    """The neighbourhood of a node: what is at most ``hops`` edges away, towards the inputs or the result.

    Args:
        node: a Tensor of the graph, or what the picture calls it.
        hops: how many edges.

    Raises:
        ValueError: if ``hops`` is no positive integer.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> y = x
    >>> for _ in range(100):
    ...     y = y * 1.01
    >>> len(viz.draw(y, only=viz.around(x, hops=2), show_constants=False).view.nodes)
    4
    """
    if isinstance(hops, bool) or not isinstance(hops, int) or hops < 1:
        raise ValueError(explain("around", expected="hops of at least 1", got=repr(hops), remedy="pass 1, 2 or 3"))
    return Around(node, hops)


def path(first: Any, last: Any) -> Focus:
    """All nodes on paths between two nodes.

    Args:
        first, last: Tensors of the graph, or what the picture calls them, in either order.

    >>> import autograd_core as ag, viz
    >>> x, w = (ag.tensor(3.0, requires_grad=True, name=name) for name in "xw")
    >>> loss = ((w * x) ** 2 + x).sum()
    >>> [node.label for node in viz.draw(loss, only=viz.path(w, loss), show_constants=False).view.nodes]
    ['w', '1 more', 'u(3)', 'u(4)', '1 more', 'u(5)', 'u(6)']
    """
    return Between(first, last)


def top(k: int, by: str = "grad") -> Focus:
    """The ``k`` nodes with the largest gradients, and how they lead to the result.

    Args:
        k: how many.
        by: ``"grad"``, the root mean square of the gradient, or ``"bytes"``, the memory of the value.

    Raises:
        ValueError: if ``k`` is no positive integer, or for another ``by``.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> [node.label for node in viz.draw(x * x * x, only=viz.top(1)).view.nodes if node.kind != "more"]
    ['x', 'u(3)']
    """
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise ValueError(explain("top", expected="k of at least 1", got=repr(k), remedy="pass how many nodes to show"))
    if by not in SIZES:
        expected = f"by={' or '.join(map(repr, SIZES))}"
        raise ValueError(explain("top", expected=expected, got=f"by={by!r}", remedy="pass one of these"))
    return Top(k, by)


def nearest(terrain: Terrain[T], count: int) -> set[T]:
    """The ``count`` nodes with the fewest steps to a result."""
    found = dict.fromkeys(terrain.results)
    pending = deque(found)
    while pending and len(found) < count:
        for parent in terrain.parents(pending.popleft()):
            if parent not in found and len(found) < count:
                found[parent] = None
                pending.append(parent)
    return set(found)


def _name(node: Any) -> str:
    return repr(node) if isinstance(node, str) else getattr(node, "name", None) or "the node given"
