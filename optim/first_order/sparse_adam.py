"""Adam for gradients of which most rows are zero."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..checking import check_betas, require
from ..optimizer import Group
from ..per_parameter import PerParameter

__all__ = ["SparseAdam"]


class SparseAdam(PerParameter):
    """Adam for gradients of which most rows are zero, as those of an embedding's weights are.

    The rows (entries along the first axis) that are all zero in the gradient stay as they are, and so do their
    moments; the others are updated as by Adam:

        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        θ ← θ − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)

    There are no sparse gradients in this library. In PyTorch a row takes part if it is stored in the sparse
    gradient, here if it is not zero: the same but for stored rows that happen to be zero.

    Args:
        params: Tensors, or parameter groups.
        lr: the learning rate η.
        betas: (β₁, β₂).
        eps: ε.
        maximize: whether to ascend.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: unless rate and ε are positive and every β is in [0, 1).

    Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015; the masking as in PyTorch.

    >>> import autograd_core as ag, optim
    >>> table = ag.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> optimizer = optim.SparseAdam([table], lr=0.1)
    >>> _ = table[1].sum().backward()
    >>> optimizer.step()
    >>> table
    tensor([[1. , 2. ],
            [2.9, 3.9]], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
        *,
        nonfinite: str = "allow",
    ) -> None:
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, maximize=maximize), nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        check_betas("SparseAdam", group)
        for key in ("lr", "eps"):
            require("SparseAdam", group, key, lambda value: 0 < value < math.inf, f"{key} above 0")

    def start(self, group: Group, p: Any) -> dict[str, Any]:
        """Step count and moments."""
        return {"step": 0, "exp_avg": np.zeros_like(p), "exp_avg_sq": np.zeros_like(p)}

    def update(self, group: Group, state: dict[str, Any], p: Any, g: Any) -> None:
        """One step of Adam on the rows that are not zero in the gradient."""
        beta1, beta2 = group["betas"]
        t, m, v = state["step"], state["exp_avg"], state["exp_avg_sq"]
        rows = (g != 0).any(axis=tuple(range(1, g.ndim)))
        if group["maximize"]:
            g = -g
        g, m_rows, v_rows = g[rows], m[rows], v[rows]
        m_rows += (1 - beta1) * (g - m_rows)
        v_rows += (1 - beta2) * (g * g - v_rows)
        m[rows], v[rows] = m_rows, v_rows
        rate = group["lr"] * math.sqrt(1 - beta2**t) / (1 - beta1**t)
        p[rows] -= rate * m_rows / (np.sqrt(v_rows) + group["eps"])
