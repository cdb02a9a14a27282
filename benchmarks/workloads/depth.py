"""A chain of 10², 10⁴ and 10⁶ operations: cost must grow linearly, and memory with it."""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc

LENGTHS = (100, 10_000, 1_000_000)


def _chain(length: int):
    import autograd_core as ag

    x = ag.Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(length):
        y = y * 1.0000001
    return x, y


def run() -> list[tuple[int, float, float, float, float]]:
    """Per length: nanoseconds per node forward, backward and to free the graph, and bytes per node."""
    rows = []
    for length in LENGTHS:
        times = []
        for _ in range(max(3, min(50, 300_000 // length))):
            gc.collect()
            start = time.perf_counter()
            x, y = _chain(length)
            middle = time.perf_counter()
            y.backward()
            done = time.perf_counter()
            del x, y
            freed = time.perf_counter()
            times.append((middle - start, done - middle, freed - done))
        forward, backward, free = (statistics.median(column) * 1e9 / length for column in zip(*times))
        tracemalloc.start()
        x, y = _chain(length)
        size = tracemalloc.get_traced_memory()[0] / length
        tracemalloc.stop()
        del x, y
        rows.append((length, forward, backward, free, size))
    return rows
