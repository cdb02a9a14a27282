"""Which column every node stands in: after its parents, and no further from its neighbours than it must."""

from __future__ import annotations

from collections.abc import Sequence

# More rounds change next to nothing.
ROUNDS = 12


def topological(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The nodes 0 ... count-1, every node after the sources of its edges; of several free ones the first first.

    Raises:
        ValueError: if the edges form a circle.
    """
    following: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for source, target in edges:
        following[source].append(target)
        waiting[target] += 1
    order = [node for node in range(count) if not waiting[node]]
    for node in order:  # grows while it is walked through
        for target in following[node]:
            waiting[target] -= 1
            if not waiting[target]:
                order.append(target)
    if len(order) < count:
        raise ValueError("a graph with a circle has no layers")
    return order


def ranks(count: int, edges: Sequence[tuple[int, int]], late: bool = True) -> list[int]:
    """The rank of every node, from 0, with the sum of the edges' lengths locally as small as can be.

    Every node begins as far right as its consumers let it, so that inputs, and products of inputs, stand next
    to what uses them (``late=False``: as far left as its parents let it). From there a node with more edges to
    the left is moved left as far as it may go, and one with more edges to the right to the right, until nothing
    moves.
    """
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        before[target].append(source)
        after[source].append(target)
    order = topological(count, edges)
    rank = [0] * count
    for node in reversed(order) if late else order:
        if late:
            rank[node] = min((rank[target] for target in after[node]), default=1) - 1
        else:
            rank[node] = max((rank[source] for source in before[node]), default=-1) + 1
    for _ in range(ROUNDS):
        moved = False
        for node in order:
            if len(before[node]) > len(after[node]):
                best = max(rank[source] for source in before[node]) + 1
                moved = moved or best != rank[node]
                rank[node] = best
        for node in reversed(order):
            if len(after[node]) > len(before[node]):
                best = min(rank[target] for target in after[node]) - 1
                moved = moved or best != rank[node]
                rank[node] = best
        if not moved:
            break
    lowest = min(rank, default=0)
    return [value - lowest for value in rank]
