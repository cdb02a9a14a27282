"""Interleaved timing: every contender has a process of its own, and gets a turn in every round.

In one process the contenders would share thread pools and the memory that the C library keeps, and change
each other's times by several tens of percent. Taking turns lets a drift of the machine hit all alike.
"""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# Seconds before a turn. The thread pools of the contender before keep the processors busy for a while after its work.
PAUSE = 0.25


@dataclass(frozen=True)
class Workload:
    """One piece of work, done by several contenders.

    Attributes:
        name: how the table calls it.
        contenders: name -> function that sets up and returns the work as a function without arguments.
            The first is ours. A set-up that raises ``ImportError`` is left out.
        rounds: how often every contender gets its turn.
        seconds: about how long one turn lasts.
        targets: peer -> the ratio of our time to theirs that we mean not to exceed.
    """

    name: str
    contenders: dict[str, Callable[[], Callable[[], object]]]
    rounds: int = 15
    seconds: float = 0.15
    targets: dict[str, float] = field(default_factory=dict)


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


def find(module: str, name: str) -> Workload:
    """The workload called ``name`` among those of a module."""
    return next(workload for workload in importlib.import_module(module).WORKLOADS if workload.name == name)


def run(module: str, name: str) -> Result:
    """Start a process for each contender of a workload, and let them take turns."""
    workload = find(module, name)
    context = multiprocessing.get_context("spawn")
    lines: dict[str, Any] = {}
    result = Result(workload)
    try:
        for contender in workload.contenders:
            ours, theirs = context.Pipe()
            process = context.Process(target=_contend, args=(theirs, module, name, contender), daemon=True)
            process.start()
            theirs.close()
            problem = ours.recv()
            if problem:
                print(f"    {contender} left out: {problem}")
                continue
            lines[contender] = ours
            result.times[contender] = []
        for _ in range(workload.rounds):
            for contender, line in lines.items():
                line.send("turn")
                result.times[contender].append(line.recv())
    finally:
        for line in lines.values():
            line.send(None)
    return result


def _contend(line: Any, module: str, name: str, contender: str) -> None:
    """In a process of its own: set up, warm up, and run when told to."""
    workload = find(module, name)
    try:
        work = workload.contenders[contender]()
    except ImportError as error:
        line.send(str(error))
        return
    work()
    start = time.perf_counter()
    work()
    count = max(1, min(2000, int(workload.seconds / max(time.perf_counter() - start, 1e-7))))
    for _ in range(count):
        work()
    line.send("")
    while line.recv() is not None:
        time.sleep(PAUSE)
        work()
        gc.collect()  # last, so that nobody pays for the garbage of a run that is not timed
        start = time.perf_counter()
        for _ in range(count):
            work()
        line.send((time.perf_counter() - start) / count * 1e6)
