"""Where exactly nodes stand: near their neighbours, in the order of their rank, and apart."""

from __future__ import annotations

from collections.abc import Sequence

SWEEPS = 10


def across(
    layers: Sequence[Sequence[int]],
    before: Sequence[Sequence[int]],
    after: Sequence[Sequence[int]],
    extent: Sequence[float],
    gap: float,
) -> list[float]:
    """The coordinate of every node's middle along its rank.

    Rank by rank, every node wants to be at the mean of its neighbours. Of all places that keep order and
    distances, those with the least sum of squared wishes are found exactly, by pooling adjacent violators.

    Args:
        layers: the nodes of each rank in order.
        before, after: per node its neighbours in the ranks before and after.
        extent: per node its height along the rank.
        gap: the least distance between two nodes.
    """
    place = [0.0] * len(extent)
    for layer in layers:
        reached = 0.0
        for node in layer:
            place[node] = reached + extent[node] / 2
            reached += extent[node] + gap
        for node in layer:
            place[node] -= reached / 2
    for sweep in range(SWEEPS):
        last = sweep == SWEEPS - 1
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wishes = []
            for node in layer:
                near = before[node] if sweep % 2 == 0 else after[node]
                if last or not near:
                    near = [*before[node], *after[node]]
                wishes.append(sum(place[other] for other in near) / len(near) if near else place[node])
            _settle(layer, wishes, place, extent, gap)
    lowest = min((place[node] - extent[node] / 2 for node in range(len(extent))), default=0.0)
    return [value - lowest for value in place]


def _settle(
    layer: Sequence[int], wishes: Sequence[float], place: list[float], extent: Sequence[float], gap: float
) -> None:
    """Give the nodes of a rank the places nearest to their wishes that keep order and distances."""
    offsets = []
    reached = 0.0
    for node in layer:
        offsets.append(reached + extent[node] / 2)
        reached += extent[node] + gap
    # Without its offset, a place must only not be smaller than the one before: isotonic regression.
    sums: list[float] = []
    counts: list[int] = []
    for wish, offset in zip(wishes, offsets, strict=True):
        total, count = wish - offset, 1
        while sums and sums[-1] * count >= total * counts[-1]:
            total += sums.pop()
            count += counts.pop()
        sums.append(total)
        counts.append(count)
    position = 0
    for total, count in zip(sums, counts, strict=True):
        for _ in range(count):
            place[layer[position]] = total / count + offsets[position]
            position += 1
