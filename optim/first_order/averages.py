"""The lines that many update rules have in common, on stretches of numbers and in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..optimizer import Group

__all__ = ["downhill", "running_mean", "running_square", "shrink"]


def downhill(group: Group, p: Any, g: Any, out: Any) -> Any:
    """The gradient of what is minimized: g + λθ with weight decay λ, −g + λθ with ``maximize``.

    Args:
        group: with ``"maximize"`` and ``"weight_decay"``.
        p, g: parameters and their gradient; not changed.
        out: where the result is written, unless it is ``g`` itself.
    """
    decay, maximize = group["weight_decay"], group["maximize"]
    if decay:
        np.multiply(p, decay, out=out)
        return np.subtract(out, g, out=out) if maximize else np.add(out, g, out=out)
    return np.negative(g, out=out) if maximize else g


def shrink(group: Group, p: Any) -> None:
    """Decoupled weight decay, θ ← (1 − ηλ) θ."""
    if group["weight_decay"]:
        p *= 1 - group["lr"] * group["weight_decay"]


def running_mean(m: Any, g: Any, beta: float, work: Any) -> None:
    """m ← m + (1 − β)(g − m), which is β m + (1 − β) g."""
    np.subtract(g, m, out=work)
    work *= 1 - beta
    m += work


def running_square(v: Any, g: Any, beta: float, work: Any) -> None:
    """v ← β v + (1 − β) g²."""
    np.multiply(g, g, out=work)
    work *= 1 - beta
    v *= beta
    v += work
