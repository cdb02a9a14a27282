"""The paths from a result back to one node, for graphs of numbers: how many there are, and the first of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from autograd_core import Tensor

from . import deltas
from .text import number

# Of longer chains only the first and the last factors are written out.
MOST_FACTORS = 16
# Up to here a number of paths is written out.
COUNTED = 10**9

Number = float | complex
# Node -> its uses: the consumer, the local derivative, and as which argument it is used, from 1, where the consumer
# uses it several times; else 0.
Uses = Mapping[Tensor, Sequence[tuple[Tensor, Number, int]]]


@dataclass(frozen=True)
class Path:
    """One way from the result back to the node: the nodes on it and the local derivatives between them.

    Attributes:
        nodes: labels from the result to the node.
        factors: the local derivatives as numbers.
        arguments: where an operation uses a node several times, as which argument here, from 1; else 0.

    >>> import autograd_core as ag, viz
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> y = ag.sin(x * 2.0)
    >>> (path,) = viz.explain(y, x).paths
    >>> path.nodes[-1], len(path.factors), round(path.product, 6)
    ('x', 2, 1.920341)
    """

    nodes: tuple[str, ...]
    factors: tuple[Number, ...]
    arguments: tuple[int, ...] = ()

    @property
    def product(self) -> Number:
        """What this path contributes to the gradient."""
        return deltas.product(self.factors)

    def partials(self) -> list[tuple[str, str, int]]:
        """For every factor what is differentiated by what, and by which argument."""
        arguments = self.arguments or (0,) * len(self.factors)
        return [(*pair, argument) for pair, argument in zip(pairwise(self.nodes), arguments, strict=True)]

    def symbols(self) -> str:
        """The chain of derivatives: ``∂E/∂o · ∂o/∂w``."""
        return " · ".join(elided([partial(*entry) for entry in self.partials()], MOST_FACTORS))

    def numbers(self, digits: int) -> str:
        """The same in numbers: ``0.5 × (-2)``."""
        return joined(elided([number(factor, digits) for factor in self.factors], MOST_FACTORS), " × ")


def partial(top: str, bottom: str, argument: int = 0) -> str:
    """``∂top/∂bottom``, or ``∂₁top/∂bottom`` by the first argument alone."""
    return f"∂{str(argument or '').translate(_LOWERED)}{top}/∂{bottom}"


_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def elided(parts: Sequence[str], most: int) -> list[str]:
    """The first and the last ``parts``, and between them how many are left out, where there are more than ``most``.

    >>> elided(list("abcdefg"), 4)
    ['a', 'b', '… 3 more …', 'f', 'g']
    """
    half = most // 2
    if len(parts) <= most:
        return list(parts)
    return [*parts[:half], f"… {len(parts) - 2 * half} more …", *parts[-half:]]


def joined(numbers: Sequence[str], sign: str) -> str:
    """Numbers with a sign between them; in parentheses where they begin with a sign of their own, or are complex.

    >>> joined(["-1", "-2", "1+2j"], " × ")
    '-1 × (-2) × (1+2j)'
    """
    return sign.join(
        f"({text})" if text.endswith("j") or (place and text.startswith("-")) else text
        for place, text in enumerate(numbers)
    )


def how_many(count: int, thing: str) -> str:
    """``1 path``, ``3 paths``, and of very many about how many.

    >>> how_many(1, "path"), how_many(2**60, "path")
    ('1 path', 'about 1.2e+18 paths')
    """
    if count == 1:
        return f"1 {thing}"
    return f"{count:,} {thing}s" if count < COUNTED else f"about {Decimal(count):.1e} {thing}s"


def uses_by_argument(uses: Mapping[Tensor, Sequence[tuple[Tensor, int]]]) -> Uses | None:
    """Every use with its local derivative; ``None`` where one is no multiplication, as happens with complex numbers.

    Args:
        uses: node -> (consumer, position) of every use.
    """
    found: dict[Tensor, list[tuple[Tensor, Number, int]]] = {}
    for child, entries in uses.items():
        times = Counter(consumer for consumer, _ in entries)
        found[child] = []
        for consumer, position in entries:
            factor = deltas.factor(consumer, position)
            if factor is None:
                return None
            found[child].append((consumer, factor, position + 1 if times[consumer] > 1 else 0))
    return found


def contracted(uses: Uses, between: Sequence[Tensor], kept: Collection[Tensor]) -> Uses:
    """The same between the nodes of ``kept`` alone: the sum over all paths from one to the next through others.

    Args:
        uses: as ``uses_by_argument`` returns them.
        between: all nodes, in topological order, the result last.
        kept: the nodes that stay, the first and the last of ``between`` among them.
    """
    derivatives: dict[Tensor, dict[Tensor, Number]] = {}  # node -> the kept consumers next to it -> ∂consumer/∂node
    found: dict[Tensor, list[tuple[Tensor, Number, int]]] = {}
    for child in reversed(between):
        sums: dict[Tensor, Number] = {}
        for consumer, factor, _ in uses[child]:
            nearest = {consumer: 1.0} if consumer in kept else derivatives[consumer]
            for end, rest in nearest.items():
                sums[end] = sums.get(end, 0.0) + deltas.product((rest, factor))
        derivatives[child] = sums
        if child in kept:
            found[child] = [(end, total, 0) for end, total in sums.items()]
    return found


def count_paths(between: Sequence[Tensor], uses: Mapping[Tensor, Sequence[tuple[Any, ...]]]) -> int:
    """How many ways lead from the result, the last of ``between``, to the first."""
    count = {between[-1]: 1}
    for child in reversed(between[:-1]):
        if child in uses:
            count[child] = sum(count[consumer] for consumer, *_ in uses[child])
    return count[between[0]]


def find_paths(node: Tensor, result: Tensor, uses: Uses, labels: Mapping[Tensor, str], most: int) -> tuple[Path, ...]:
    """The first ``most`` paths, found from the node up to the result."""
    found: list[Path] = []
    pending: list[tuple[Tensor, Link | None]] = [(node, None)]
    while pending and len(found) < most:
        at, link = pending.pop()
        if at is result:
            found.append(_path(labels[node], link, labels))
            continue
        pending += [(use[0], Link(use, link)) for use in reversed(uses[at])]
    return tuple(found)


@dataclass(frozen=True)
class Link:
    """One use on a path, and what is before it; so paths share what they have in common."""

    use: tuple[Tensor, Number, int]
    before: Link | None


def _path(label: str, link: Link | None, labels: Mapping[Tensor, str]) -> Path:
    uses = []
    while link is not None:  # from the result to the node
        uses.append(link.use)
        link = link.before
    nodes = (*(labels[consumer] for consumer, _, _ in uses), label)
    return Path(nodes, tuple(factor for _, factor, _ in uses), tuple(argument for *_, argument in uses))
