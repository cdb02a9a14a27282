"""Checking the rules of single recorded operations against their own forward functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["WrongRule", "wrong_rules"]

# How many nodes are looked at.
MOST_NODES = 500


@dataclass(frozen=True)
class WrongRule:
    """A rule that disagrees with finite differences of its operation.

    Attributes:
        operation: the operation's name.
        position: the input's position.
        where: the user's line that made the node.
        engine, numeric: the two derivatives along a random direction.
    """

    operation: str
    position: int
    where: str
    engine: float
    numeric: float


def wrong_rules(nodes: Sequence[Tensor], rng: np.random.Generator) -> list[WrongRule]:
    """The rules among those that made ``nodes`` which disagree with finite differences at the values there."""
    found = []
    for node in nodes[:MOST_NODES]:
        primitive = node.primitive
        if primitive is None or primitive.name in ("output", "identity"):
            continue
        for position, parent in enumerate(node.parents):
            if parent is None or not parent._requires_grad or isinstance(node.inputs[position], tuple):
                continue
            numbers = _compare(node, position, rng)
            if numbers is not None:
                found.append(WrongRule(primitive.name, position, node.where(), *numbers))
    return found


def _compare(node: Any, position: int, rng: np.random.Generator) -> tuple[float, float] | None:
    """The engine's and the numeric derivative along random directions, if they disagree."""
    primitive, inputs, attributes = node.primitive, node.inputs, node.attributes
    many = primitive.multiple
    outputs = node._data if many else (node._data,)
    weights = tuple(np.asarray(rng.normal(size=out.shape)).astype(out.dtype)[()] for out in outputs)
    g = weights if many else weights[0]
    try:
        if primitive.joint is not None:
            contribution = primitive.joint(g, node._data, *inputs, **attributes)[position]
        else:
            rule = primitive.rules[position]
            contribution = None if rule is None else rule(g, node._data, *inputs, **attributes)
    except Exception:  # whatever a broken rule raises has been raised to the user before
        return None
    x = inputs[position]
    direction = rng.normal(size=x.shape) * np.maximum(1.0, np.abs(x))
    if contribution is None:
        contribution = np.zeros_like(x)
    # Broadcasting is undone by the engine; the inner product with the broadcast direction is the same.
    engine = float(np.sum(contribution * direction).real)
    numbers = []
    for h in (1e-6, 1e-5, 1e-4, 1e-7):
        values = []
        for step in (h, -h):
            changed = (*inputs[:position], (x + step * direction).astype(x.dtype), *inputs[position + 1 :])
            with np.errstate(all="ignore"):
                result = primitive.forward(*changed, **attributes)
            values.append(sum(float(np.sum(w * r).real) for w, r in zip(weights, result if many else (result,))))
        numeric = (values[0] - values[1]) / (2 * h)
        if not np.isfinite(numeric):
            return None
        if abs(engine - numeric) <= 1e-7 + 1e-4 * max(abs(engine), abs(numeric)):
            return None
        numbers.append(numeric)
    return engine, numbers[0]
