"""How a sequence model chooses what comes next: the likeliest, at random, or the best of several beams.

All three work on a function that takes the symbols just chosen and the rows of states that they belong to,
and returns the logarithms of the probabilities of the next symbols. So they know nothing of the network.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from autograd_core.errors import explain

from ..random import default_generator

__all__ = ["Generated"]


class Generated(NamedTuple):
    """Sequences that a model generated.

    Attributes:
        sequences: the symbols of each sequence, without those for start and end; for binary outputs arrays of
            shape (steps, outputs).
        log_probabilities: of each sequence the logarithm of its probability under the model, the end included.
        finished: which sequences ended by themselves, and not because of ``max_steps``.
    """

    sequences: list[Any]
    log_probabilities: np.ndarray
    finished: list[bool]


class _Beginning(NamedTuple):
    total: float  # the logarithm of its probability
    symbols: list[int]


_probability = attrgetter("total")

# (chosen symbols or None at the beginning, rows of the states before) -> log-probabilities of the next symbols.
NextSymbols = Callable[[Any, Any], Any]


def check_drawing(temperature: float, top_k: int | None = None) -> None:
    """Refuse a temperature of 0 or below, and a ``top_k`` that is no positive integer.

    Raises:
        ValueError: for one of them.
    """
    if not temperature > 0 or (top_k is not None and (not isinstance(top_k, int | np.integer) or top_k < 1)):
        raise ValueError(
            explain(
                "generate",
                expected="a positive temperature, and top_k a positive integer or None",
                got=f"temperature={temperature!r}, top_k={top_k!r}",
                remedy="pass choice='greedy' for the likeliest symbol",
            )
        )


def choose(log_p: Any, temperature: float = 1.0, top_k: int | None = None) -> Any:
    """Draw one symbol for every row of log-probabilities.

    Symbol i is drawn with probability proportional to p_i^(1/temperature), among the ``top_k`` likeliest.

    Raises:
        ValueError: as ``check_drawing``.
    """
    check_drawing(temperature, top_k)
    scores = log_p / temperature
    if top_k is not None and top_k < scores.shape[1]:
        places = np.argsort(-scores, axis=1, kind="stable")[:, top_k:]
        np.put_along_axis(scores, places, -np.inf, axis=1)
    # The largest of log p + a Gumbel variable is symbol i with probability p_i.
    return np.argmax(scores + default_generator().gumbel(size=scores.shape), axis=1)


def one_by_one(
    following: NextSymbols, count: int, max_steps: int, end: int | None, pick: Callable[[Any], Any]
) -> Generated:
    """``count`` sequences side by side, each continued with the symbol that ``pick`` takes.

    Args:
        following: gives the log-probabilities of the next symbols, one row for each sequence.
        count: how many sequences.
        max_steps: how many symbols at most, the end included.
        end: the symbol that ends a sequence, or ``None``.
        pick: takes a symbol for each row of log-probabilities.
    """
    rows = np.arange(count)
    sequences: list[list[int]] = [[] for _ in rows]
    log_probabilities = np.zeros(count)
    running = np.ones(count, bool)
    symbols = None
    for _ in range(max_steps):
        log_p = following(symbols, rows)
        symbols = pick(log_p)
        log_probabilities += np.where(running, log_p[rows, symbols], 0.0)
        if end is not None:
            running &= symbols != end
        for i in np.flatnonzero(running):
            sequences[i].append(int(symbols[i]))
        if not running.any():
            break
    return Generated(sequences, log_probabilities, [not still for still in running.tolist()])


def beam_search(following: NextSymbols, count: int, max_steps: int, end: int | None, beams: int) -> Generated:
    """The ``count`` most probable sequences found by keeping the ``beams`` best beginnings at each step.

    A sequence never becomes more probable by going on. So beginnings that are less probable than ``count``
    sequences that have ended are given up, and the search ends when there are no others.

    Args:
        following, count, max_steps, end: as for ``one_by_one``.
        beams: how many beginnings are kept.

    Raises:
        ValueError: for fewer beams than sequences.
    """
    if not isinstance(beams, int | np.integer) or beams < count:
        raise ValueError(
            explain(
                "generate",
                expected=f"at least as many beams as sequences, {count}",
                got=f"beams={beams!r}",
                remedy="raise beams",
            )
        )
    ended: list[_Beginning] = []
    alive = [_Beginning(0.0, [])]
    symbols: Any = None
    rows = np.zeros(1, int)
    for _ in range(max_steps):
        totals = following(symbols, rows) + np.array([beginning.total for beginning in alive])[:, None]
        if end is not None:
            ended += [_Beginning(float(p), b.symbols) for b, p in zip(alive, totals[:, end], strict=True)]
            ended = sorted(ended, key=_probability, reverse=True)[:count]
            totals[:, end] = -np.inf
        bound = ended[-1].total if len(ended) == count else -np.inf
        best = np.argsort(-totals, axis=None, kind="stable")[:beams]
        best = best[totals.flat[best] > bound]
        rows, symbols = np.divmod(best, totals.shape[1])
        alive = [
            _Beginning(float(totals[row, symbol]), [*alive[row].symbols, int(symbol)])
            for row, symbol in zip(rows, symbols, strict=True)
        ]
        if not alive:
            break
    whole = [(*beginning, True) for beginning in ended] + [(*beginning, False) for beginning in alive]
    whole = sorted(whole, key=lambda sequence: -sequence[0])[:count]
    return Generated(
        [found for _, found, _ in whole], np.array([p for p, _, _ in whole]), [finished for _, _, finished in whole]
    )
