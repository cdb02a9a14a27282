"""In which order the nodes of a rank stand, so that few edges cross."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from random import Random

SWEEPS = 12
# Above this many nodes and bends, neighbours are no longer exchanged one pair at a time.
EXCHANGE_LIMIT = 3000
# Above this many, one starting order must do.
TWO_STARTS_LIMIT = 1000
# Up to this many, so many shuffled ones are tried too.
SHUFFLES_LIMIT = 150
SHUFFLES = 12


class Proper:
    """A graph whose edges all go from one rank to the next.

    Attributes:
        layers: the nodes of each rank in their order from top to bottom.
        before, after: per node its neighbours in the rank before and after, one entry an edge.
    """

    def __init__(self, rank: Sequence[int], edges: Sequence[tuple[int, int]]) -> None:
        self.rank = rank
        self.layers: list[list[int]] = [[] for _ in range(max(rank, default=-1) + 1)]
        self.before: list[list[int]] = [[] for _ in rank]
        self.after: list[list[int]] = [[] for _ in rank]
        for source, target in edges:
            self.before[target].append(source)
            self.after[source].append(target)
        self.place = [0] * len(rank)

    def _number(self, layer: Sequence[int]) -> None:
        for position, node in enumerate(layer):
            self.place[node] = position

    def crossings(self) -> int:
        """How many pairs of edges cross."""
        return sum(self._crossings_after(layer) for layer in self.layers)

    def _crossings_after(self, layer: Sequence[int]) -> int:
        # Edges in the order of their sources: each crosses those before it that end further down.
        ends: list[int] = []
        total = 0
        for node in layer:
            own = sorted(self.place[target] for target in self.after[node])
            for position in own:
                total += len(ends) - bisect_right(ends, position)
            for position in own:
                ends.insert(bisect_right(ends, position), position)
        return total

    def arrange(self) -> None:
        """Order all ranks: of several starts, as many as a graph of this size allows, the best result counts."""
        found: list[tuple[int, int, list[list[int]]]] = []
        for order in self._starts():
            layers: list[list[int]] = [[] for _ in self.layers]
            for node in order:
                layers[self.rank[node]].append(node)
            self._take(layers)
            self._improve()
            found.append((self.crossings(), len(found), self.layers))
            if not found[-1][0]:
                break
        self._take(min(found)[2])

    def _starts(self) -> Iterator[list[int]]:
        """Orders of all nodes to begin with: from the last nodes back, from the first on, and shuffled ones."""
        yield _connected_order(self.before, self.after)
        size = len(self.rank)
        if size <= TWO_STARTS_LIMIT:
            yield _connected_order(self.after, self.before)
        if size <= SHUFFLES_LIMIT:
            order = list(range(size))
            draw = Random(size)
            for _ in range(SHUFFLES):
                draw.shuffle(order)
                yield list(order)

    def _take(self, layers: list[list[int]]) -> None:
        self.layers = layers
        for layer in layers:
            self._number(layer)

    def _improve(self) -> None:
        """Sweep over the ranks and back, sorting each by the medians of its neighbours; keep the best order."""
        best = [list(layer) for layer in self.layers]
        fewest = self.crossings()
        exchange = len(self.rank) <= EXCHANGE_LIMIT
        idle = 0
        for sweep in range(SWEEPS):
            forward = sweep % 2 == 0
            neighbours = self.before if forward else self.after
            for layer in self.layers[1:] if forward else self.layers[-2::-1]:
                self._by_median(layer, neighbours)
            if exchange:
                self._exchange()
            count = self.crossings()
            if count < fewest:
                fewest, best, idle = count, [list(layer) for layer in self.layers], 0
            else:
                idle += 1
            if fewest == 0 or idle == 4:
                break
        self._take(best)

    def _by_median(self, layer: list[int], neighbours: Sequence[Sequence[int]]) -> None:
        """Sort a rank; nodes without neighbours on that side keep their places."""
        keys = {}
        for node in layer:
            if neighbours[node]:
                keys[node] = _weighted_median(sorted(self.place[other] for other in neighbours[node]))
        moving = iter(sorted(keys, key=keys.__getitem__))
        layer[:] = [next(moving) if node in keys else node for node in layer]
        self._number(layer)

    def _exchange(self) -> None:
        """Exchange neighbours wherever that removes crossings, until it no longer does."""
        active = set(range(len(self.layers)))
        for _ in range(20):
            changed = set()
            for level in sorted(active):
                if self._exchange_in(self.layers[level]):
                    changed |= {level - 1, level, level + 1}
            active = changed & set(range(len(self.layers)))
            if not active:
                break

    def _exchange_in(self, layer: list[int]) -> bool:
        improved = False
        for i in range(len(layer) - 1):
            first, second = layer[i], layer[i + 1]
            gain = 0
            for neighbours in (self.before, self.after):
                a = [self.place[other] for other in neighbours[first]]
                b = [self.place[other] for other in neighbours[second]]
                gain += sum((x > y) - (x < y) for x in a for y in b)
            if gain > 0:
                layer[i], layer[i + 1] = second, first
                self.place[first], self.place[second] = i + 1, i
                improved = True
        return improved


def _weighted_median(places: Sequence[int]) -> float:
    """The median; of an even number of places, a mean of the middle ones that leans to the crowded side.

    Source: Gansner, Koutsofios, North, Vo, "A technique for drawing directed graphs", 1993, section 3.
    """
    middle = len(places) // 2
    if len(places) % 2:
        return float(places[middle])
    if len(places) == 2:
        return (places[0] + places[1]) / 2
    left, right = places[middle - 1] - places[0], places[-1] - places[middle]
    if left + right == 0:
        return (places[middle - 1] + places[middle]) / 2
    return (places[middle - 1] * right + places[middle] * left) / (left + right)


def _connected_order(before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]) -> list[int]:
    """All nodes, those that hang together near each other: a walk from the last nodes back to the first."""
    order: list[int] = []
    seen = bytearray(len(before))
    for start in range(len(before) - 1, -1, -1):
        if seen[start] or after[start]:
            continue
        pending = [start]
        while pending:
            node = pending.pop()
            if seen[node]:
                continue
            seen[node] = 1
            order.append(node)
            pending.extend(reversed(before[node]))
    return order
