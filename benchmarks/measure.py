"""Interleaved timing: every contender gets a turn in every round, so that drift hits all alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Workload:
    """One piece of work, done by several contenders.

    Attributes:
        name: how the table calls it.
        contenders: name -> function that sets up and returns the work as a function without arguments.
            The first is ours. A set-up that raises ``ImportError`` is left out.
        rounds: how often every contender gets its turn.
        seconds: about how long one turn lasts.
    """

    name: str
    contenders: dict[str, Callable[[], Callable[[], object]]]
    rounds: int = 15
    seconds: float = 0.15


@dataclass
class Result:
    """Microseconds per run of every contender, one entry a round."""

    workload: Workload
    times: dict[str, list[float]] = field(default_factory=dict)

    def median(self, contender: str) -> float:
        """The median time of a contender in microseconds."""
        return statistics.median(self.times[contender])

    def ratio(self, peer: str) -> float:
        """The median over the rounds of our time divided by the peer's in the same round."""
        ours = next(iter(self.times.values()))
        return statistics.median(a / b for a, b in zip(ours, self.times[peer]))


def run(workload: Workload) -> Result:
    """Set all contenders up, warm them up, and let them take turns."""
    work = {}
    for name, set_up in workload.contenders.items():
        try:
            work[name] = set_up()
        except ImportError as error:
            print(f"    {name} left out: {error}")
    repeats = {}
    for name, function in work.items():
        function()
        start = time.perf_counter()
        function()
        once = time.perf_counter() - start
        repeats[name] = max(1, min(2000, int(workload.seconds / max(once, 1e-7))))
    result = Result(workload, {name: [] for name in work})
    for _ in range(workload.rounds):
        for name, function in work.items():
            gc.collect()
            count = repeats[name]
            start = time.perf_counter()
            for _ in range(count):
                function()
            result.times[name].append((time.perf_counter() - start) / count * 1e6)
    return result
