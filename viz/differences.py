"""A gradient by finite differences, to put beside the one that the backward pass has found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from .flow import inside_vmap
from .text import number

# Entries of which finite differences are taken at most: each costs two forward passes.
CHECKED_ENTRIES = 64
# So many entries are shown.
SHOWN = 12


@dataclass(frozen=True)
class Check:
    """Gradient and finite difference side by side.

    Attributes:
        rows: entry, gradient and finite difference, as text; of many entries those that differ most.
        entries: how many there are.
        largest: the largest difference; NaN where one of the two is.
    """

    rows: tuple[tuple[str, str, str], ...]
    entries: int
    largest: float

    def __str__(self) -> str:
        last = f"largest difference: {self.largest:.1g}"
        if self.rows[0][0] == "":
            return f"  by finite differences: {self.rows[0][2]}, {last.removeprefix('largest ')}"
        table = [("entry", "gradient", "by finite differences"), *self.rows]
        widths = [max(len(row[column]) for row in table) for column in range(3)]
        lines = [
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in table
        ]
        if self.entries > len(self.rows):
            last += f" (the {len(self.rows)} entries of {self.entries} that differ most are shown)"
        return "\n".join(f"  {line}" for line in [*lines, last])


def compared(gradient: Any, slopes: Any, digits: int) -> Check:
    """Both beside one another.

    >>> print(compared(np.array([1.0, 2.0]), np.array([1.0, 2.5]), digits=6))
      entry  gradient  by finite differences
      [0]    1         1
      [1]    2         2.5
      largest difference: 0.5
    """
    gradient, slopes = np.asarray(gradient), np.asarray(slopes)
    gaps = np.where(gradient == slopes, 0.0, np.abs(gradient - slopes))  # ∞ and ∞ differ by nothing
    order = np.argsort(-np.where(np.isnan(gaps), np.inf, gaps), axis=None, kind="stable")[:SHOWN]
    indices = [tuple(int(i) for i in np.unravel_index(place, gradient.shape)) for place in sorted(order)]
    rows = tuple(
        (str(list(index)) if index else "", number(gradient[index], digits), number(slopes[index], digits))
        for index in indices
    )
    return Check(rows, gradient.size, float(gaps.max(initial=0.0)))


def differences(node: Tensor, between: list[Tensor], operation: str) -> Any:
    """The gradient by central differences, entry by entry, from forward passes beside the graph.

    Args:
        node: with respect to which.
        between: the nodes on paths from it to the result, in topological order.
        operation: what an error names.

    Returns:
        d/da for a real entry, d/da + i d/db for a complex one a + ib, as the gradient has it.
    """
    if inside_vmap(node) or inside_vmap(between[-1]):
        raise ValueError(
            explain(
                operation,
                expected="a result and a node outside of vmap for check=True",
                got="one that differs from example to example",
                remedy="leave check out, or explain the result for one example alone",
            )
        )
    data = np.asarray(node._data)
    if not 0 < data.size <= CHECKED_ENTRIES:
        raise ValueError(
            explain(
                operation,
                expected=f"a node of 1 to at most {CHECKED_ENTRIES} entries for check=True",
                got=f"{data.size} entries",
                remedy="leave check out, or use ag.gradcheck",
            )
        )
    data = _wide(data)
    step = float(np.finfo(data.dtype).eps) ** (1 / 3)
    slopes = np.zeros_like(data)
    for index in np.ndindex(data.shape):
        h = step * max(1.0, abs(data[index]))
        for unit in (1, 1j) if data.dtype.kind == "c" else (1,):
            ends = []
            for sign in (1, -1):
                moved = data.copy()
                moved[index] += sign * h * unit
                ends.append(float(np.real(np.reshape(_again(node, moved[()], between), ()))))
            slopes[index] += unit * (ends[0] - ends[1]) / (2 * h)
    return slopes[()]


def _again(node: Tensor, value: Any, between: list[Tensor]) -> Any:
    """The result for another value of ``node``; the graph itself is not changed."""
    values = {node: value}
    for child in between:
        if child is not node:
            inputs = [values[p] if p in values else _wide(x) for p, x in zip(child.parents, child.inputs, strict=True)]
            values[child] = child.primitive.forward(*inputs, **child.attributes)
    return values[between[-1]]


def _wide(x: Any) -> Any:
    """Floating-point numbers in double precision at least, so that differences are not lost in rounding."""
    kind = getattr(getattr(x, "dtype", None), "kind", "")
    return x.astype(np.result_type(x.dtype, np.float64)) if kind in ("f", "c") else x
