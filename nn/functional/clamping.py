"""Bounds that the derivative does not see: against division by 0 in distances and variances."""

from __future__ import annotations

import numpy as np

from autograd_core.primitive import define

__all__: list[str] = []

# max(x, least) in the value, x in the derivative: a bound that is there for the sake of stability must not
# stop what lies below it from being trained.
raise_to = define(
    "raise_to",
    lambda x, least: np.maximum(x, least),
    lambda g, out, x, least: g,
    None,
    formulas="1",
    symbol="max (derivative 1)",
    elementwise=True,
)
