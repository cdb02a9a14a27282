"""From sizes and edges to places: the layout as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .coordinates import across
from .ordering import Proper
from .ranks import ranks

# An edge over more ranks than this gets no bends: a weight that a thousand steps use would get half a million.
LONGEST_WITH_BENDS = 12
# Up to this many nodes, two ways to give ranks are tried.
BOTH_WAYS_LIMIT = 200
BEND = 6.0  # the room that an edge takes between nodes


@dataclass(frozen=True)
class Layout:
    """Where everything goes. x grows from rank to rank, y along a rank, both from 0.

    Attributes:
        centers: the middle of every node.
        routes: per edge the points that it passes between its two nodes, in order.
        width, height: of the whole.
        crossings: how many pairs of edges cross, edges without bends not counted.
    """

    centers: tuple[tuple[float, float], ...]
    routes: tuple[tuple[tuple[float, float], ...], ...]
    width: float
    height: float
    crossings: int


def layered(
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[tuple[int, int]],
    rank_gap: float = 40.0,
    node_gap: float = 14.0,
) -> Layout:
    """Place the nodes of a directed acyclic graph.

    Args:
        sizes: per node its size along x and along y.
        edges: pairs (source, target); a pair may come several times.
        rank_gap: the room between two ranks.
        node_gap: the least distance between two nodes of a rank.

    Raises:
        ValueError: if the edges form a circle.

    >>> layout = layered([(40, 20)] * 3, [(0, 2), (1, 2)])
    >>> layout.centers
    ((20.0, 10.0), (20.0, 44.0), (100.0, 27.0))
    """
    count = len(sizes)
    attempts = [_arranged(count, edges, late) for late in ((True, False) if count <= BOTH_WAYS_LIMIT else (True,))]
    rank, bends, proper = min(attempts, key=lambda attempt: attempt[2].crossings())
    extent = [height for _, height in sizes] + [BEND] * (len(rank) - count)
    y = across(proper.layers, proper.before, proper.after, extent, node_gap)
    x = _along(proper.layers, sizes, rank_gap)
    points = [(x[rank[node]], y[node]) for node in range(len(rank))]
    return Layout(
        centers=tuple(points[:count]),
        routes=tuple(tuple(points[bend] for bend in chain) for chain in bends),
        width=max((points[node][0] + sizes[node][0] / 2 for node in range(count)), default=0.0),
        height=max((points[node][1] + extent[node] / 2 for node in range(len(rank))), default=0.0),
        crossings=proper.crossings(),
    )


def _arranged(count: int, edges: Sequence[tuple[int, int]], late: bool) -> tuple[list[int], list[list[int]], Proper]:
    """Ranks of nodes and bends, the bends of every edge, and the order within the ranks."""
    rank = ranks(count, edges, late)
    bends: list[list[int]] = []
    short: list[tuple[int, int]] = []
    for source, target in edges:
        chain = []
        length = rank[target] - rank[source]
        if length <= LONGEST_WITH_BENDS:
            for step in range(1, length):
                chain.append(len(rank))
                rank.append(rank[source] + step)
            short.extend(pairwise([source, *chain, target]))
        bends.append(chain)
    proper = Proper(rank, short)
    proper.arrange()
    return rank, bends, proper


def _along(layers: Sequence[Sequence[int]], sizes: Sequence[tuple[float, float]], gap: float) -> list[float]:
    """The x coordinate of each rank's middle."""
    middles = []
    reached = 0.0
    for layer in layers:
        width = max((sizes[node][0] for node in layer if node < len(sizes)), default=0.0)
        middles.append(reached + width / 2)
        reached += width + gap
    return middles
