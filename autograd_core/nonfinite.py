"""0 · ∞ in the backward pass: what an elementwise operation contributes where it has nothing to say.

An elementwise operation contributes g · d, where d is its local derivative. In floating point that is
NaN for g = 0 and d = ∞ (``sqrt`` at 0 in a branch that ``where`` did not take), and for g = ∞ and d = 0
(``sqrt(relu(x))`` at x < 0). In both cases the result does not depend on the input through this edge, and
the contribution is 0.

Looking for NaN after each rule would cost more than most rules. But NumPy reports when a NaN is made out
of numbers, so the backward pass only listens, and looks closely after the first report.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .ops.choosing import where
from .values import entries_of


def listen(reports: list[str]) -> np.errstate:
    """The context of a backward pass, in which NumPy's reports of invalid arithmetic are added to ``reports``.

    An infinite derivative (``sqrt`` at 0) is a value like another and gives no warning.
    """
    return np.errstate(divide="ignore", invalid="call", call=lambda kind, flag: reports.append(kind))


def without_spurious_nan(
    contribution: Any, rule: Callable[..., Any], g: Any, *arguments: Any, **attributes: Any
) -> Any:
    """``contribution`` with 0 in place of NaN where the gradient or the local derivative is exactly 0.

    Args:
        contribution: what ``rule`` returned, an array or a Tensor.
        rule: a rule of an elementwise operation.
        g: the gradient that the rule got.
        arguments, attributes: what else the rule got: the output and the inputs, as arrays.
    """
    bad = np.isnan(getattr(contribution, "_data", contribution))
    if contribution.shape != g.shape or not np.any(entries_of(bad)):
        return contribution
    g = getattr(g, "_data", g)
    derivative = rule(np.ones_like(g), *arguments, **attributes)
    return where(bad & ((g == 0) | (derivative == 0)), 0, contribution)
