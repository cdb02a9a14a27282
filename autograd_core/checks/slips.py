"""Which slip leads to a wrong derivative? Candidates are tried until one gives exactly the wrong numbers.

Two families. *Patterns* look at the arrays alone: a factor, a sign, a transpose, a sum that is missing.
*Detours* (``detours.py``) use the graph: they change one step of the backward pass in a way in which people
do, and follow the change down to every derivative. One detour may explain several wrong derivatives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .ratios import common_ratio, describe_ratio, is_simple

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["Comparison", "Wrong", "find_slips"]


@dataclass(frozen=True)
class Wrong:
    """A derivative that is wrong: what was derived, what is right, and the node it is about."""

    name: str
    mine: Any
    right: Any
    node: Tensor


@dataclass(frozen=True)
class Comparison:
    """All that the search for slips looks at.

    Attributes:
        nodes: the graph in topological order; ``grad_table``: the right gradient of each.
        wrong: the derivatives that are wrong; ``right_nodes``: those that are right.
        sizes: lengths of axes of the arguments, with what they are.
        rtol, atol: how far a number may be off.
    """

    nodes: Sequence[Tensor]
    grad_table: Mapping[Tensor, Any]
    wrong: Sequence[Wrong]
    right_nodes: Sequence[Tensor]
    sizes: Mapping[int, str]
    rtol: float
    atol: float

    def same(self, mine: Any, candidate: Any) -> bool:
        """Whether a candidate gives exactly the wrong numbers."""
        if mine.shape != candidate.shape:
            return False
        # A coincidence is unlikely only if the numbers agree well, however rounded they may be.
        scale = np.max(np.abs(candidate), initial=0.0)
        return bool(
            np.all(np.abs(mine - candidate) <= self.atol + max(self.rtol, 1e-6) * (np.abs(candidate) + 1e-3 * scale))
        )


def find_slips(comparison: Comparison) -> list[tuple[tuple[str, ...], str]]:
    """Per explanation found, the names of the derivatives that it explains, and the explanation."""
    from .detours import explain_by_detours

    slips: list[tuple[tuple[str, ...], str]] = []
    pending = list(comparison.wrong)
    # What any detour would also explain, but nobody would call by its name.
    plain = {wrong.name: text for wrong in pending if (text := _plain_pattern(wrong, comparison))}
    _collect(plain, slips)
    pending = [wrong for wrong in pending if wrong.name not in plain]
    doubtful = []
    for names, text, spoils in explain_by_detours(comparison, pending):
        if spoils:
            doubtful.append((names, text))
            continue
        slips.append((names, text))
        pending = [wrong for wrong in pending if wrong.name not in names]
    patterns = {wrong.name: text for wrong in pending if (text := _pattern(wrong, comparison))}
    for names, text in doubtful:  # would have made something wrong that is right
        names = tuple(name for name in names if not any(word in patterns.get(name, "") for word in _SIMPLE))
        slips += [(names, text)] if names else []
        patterns = {name: pattern for name, pattern in patterns.items() if name not in names}
    _collect(patterns, slips)
    return slips


# Words of patterns that are likelier than a detour which would have spoiled other derivatives as well.
_SIMPLE = ("transposed", " is the length of ", "1/", "2 times", "wrong sign", "wrong places")


def _collect(found: Mapping[str, str], slips: list[tuple[tuple[str, ...], str]]) -> None:
    """Put derivatives with the same explanation together."""
    for text in dict.fromkeys(found.values()):
        slips.append((tuple(name for name, t in found.items() if t == text), text))


def _plain_pattern(wrong: Wrong, comparison: Comparison) -> str:
    """Explanations that need no graph and leave no doubt."""
    mine, right = wrong.mine, wrong.right
    if not np.isfinite(mine).all():
        return "some entries are not finite (a division by zero, or a logarithm of zero?)"
    if mine.shape != right.shape:
        return _shape_pattern(wrong, comparison)
    if not mine.any():
        return "all zeros: does the path from here to the result go through every step?"
    rounded = _rounded(mine, right)
    if rounded:
        return rounded
    if comparison.same(mine, -right):
        return "the wrong sign"
    return ""


def _rounded(mine: Any, right: Any) -> str:
    for digits in range(12, 0, -1):
        if np.allclose(mine, np.round(right, digits), rtol=0, atol=1e-13) and np.all((mine != 0) | (right == 0)):
            return f"right to {digits} decimals: rounded on paper? Pass atol={10.0**-digits:.0e}"
    return ""


def _shape_pattern(wrong: Wrong, comparison: Comparison) -> str:
    mine, right, same = wrong.mine, wrong.right, comparison.same
    n = mine.shape[0] if mine.ndim else 0
    if mine.size == right.size and same(mine.reshape(right.shape), right):
        if mine.ndim == right.ndim == 2 and min(mine.shape) > 1:
            return "the right numbers, but in another order of rows and columns: reshape is not a transpose"
        return f"the right numbers in the wrong shape: write .reshape{right.shape}"
    if mine.ndim >= 2 and same(mine.T, right):
        return "transposed"
    if mine.ndim > right.ndim:
        axes = tuple(range(mine.ndim - right.ndim))
        of = comparison.sizes.get(n)
        batch = f" ({n} is the length of {of})" if of else ""
        if same(mine.sum(axis=axes), right):
            return f"the sum over the batch is missing{batch}: .sum(axis=0) gives the right numbers"
        if same(mine.mean(axis=axes), right):
            return f"the mean over the batch is missing{batch}: .mean(axis=0) gives the right numbers"
    if mine.ndim == right.ndim and mine.ndim:
        axes = tuple(i for i, (a, b) in enumerate(zip(mine.shape, right.shape, strict=True)) if b == 1 and a != 1)
        if axes and same(mine.sum(axis=axes, keepdims=True), right):
            return f"the sum over the repeated axis {axes[0]} is missing: .sum(axis={axes[0]}, keepdims=True)"
    if mine.ndim == 0 and same(mine, right.sum()):
        return "all entries summed: each entry has a derivative of its own"
    if mine.ndim == 0 and same(mine, right.mean()):
        return "the mean of all entries: each entry has a derivative of its own"
    return _wrong_axis(wrong, comparison)


def _wrong_axis(wrong: Wrong, comparison: Comparison) -> str:
    """A sum over the wrong axis, seen on the contribution before the engine sums it."""
    from .detours import contribution_of

    for node in comparison.nodes:
        for position, parent in enumerate(node.parents):
            if parent is not wrong.node or comparison.grad_table.get(node) is None:
                continue
            whole = contribution_of(node, position, comparison.grad_table[node], summed=False)
            if whole is None or whole.ndim <= wrong.mine.ndim:
                continue
            for axis in range(whole.ndim):
                if comparison.same(wrong.mine, whole.sum(axis=axis)):
                    return f"a sum over the wrong axis: axis {axis} instead of axis 0"
    return ""


def _pattern(wrong: Wrong, comparison: Comparison) -> str:
    """Explanations by the arrays alone, for arrays of one shape."""
    mine, right = wrong.mine, wrong.right
    if mine.shape != right.shape:
        return ""
    ratio = common_ratio(mine, right, max(comparison.rtol, 1e-6))
    if ratio is not None:
        # Any two numbers have a ratio; it says something if it is a simple one.
        simple = mine.size > 1 or is_simple(ratio, comparison.sizes)
        return describe_ratio(ratio, comparison.sizes) if simple else ""
    if mine.ndim == 2 and mine.shape[0] == mine.shape[1]:
        if comparison.same(mine, right.T):
            return "transposed"
        ratio = common_ratio(mine.T, right, max(comparison.rtol, 1e-6))
        if ratio is not None:
            return f"transposed, and {describe_ratio(ratio, comparison.sizes)}"
    if mine.size > 1 and comparison.same(np.sort(mine, axis=None), np.sort(np.asarray(right), axis=None)):
        return "the right numbers in the wrong places"
    differs = ~(np.abs(mine - right) <= comparison.atol + comparison.rtol * np.abs(right))
    if 1 <= differs.sum() < mine.size:
        ratio = common_ratio(mine[differs], right[differs], max(comparison.rtol, 1e-6))
        if ratio is not None and (differs.sum() > 1 or is_simple(ratio, {})):
            return f"{describe_ratio(ratio, comparison.sizes)} in some entries only"
    shift = mine - right
    if mine.size > 1 and comparison.same(shift, np.full_like(shift, shift.flat[0])):
        return f"{shift.flat[0]:.6g} too much in every entry"
    if np.all(np.abs(shift) <= 1e-2 * np.abs(right)):
        return "right to within 1 %: a finite difference, or rounding on the way?"
    return ""
