"""The identity: a node of its own with the value of another, by which a transform tells its inputs apart."""

from __future__ import annotations

from ..primitive import define

__all__: list[str] = []

identity = define(
    "identity",
    lambda x: x,
    lambda g, out, x: g,
    formulas="1",
    symbol="=",
    elementwise=True,
    doc="The value itself, as a new node.",
)
