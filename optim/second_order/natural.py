"""The natural gradient: descent in the metric of the distributions that a network describes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd_core import Tensor

from ..checking import require, require_closure
from ..optimizer import Group
from .residual_methods import ResidualMethod
from .results import StepReport
from .solving import solve_damped

__all__ = ["NaturalGradient"]


class NaturalGradient(ResidualMethod):
    """Natural gradient descent, with the Fisher matrix of the examples at hand:

        θ ← θ − t (F + ε I)⁻¹ ∇E,   E = (1/m) Σᵢ ℓᵢ,   F = (1/m) Σᵢ ∇ℓᵢ ∇ℓᵢᵀ

    where ℓᵢ, the loss of example i, is −log of its probability. F says how much the described distribution changes
    with each parameter; its place is taken by the empirical one, made of the true labels. The step is solved for by
    QR factors of the matrix of all ∇ℓᵢ, never by F itself. The closure of ``step`` returns the losses of all examples,
    a Tensor of shape (m,) (``reduction="none"``), and is called once.

    Args:
        params: Tensors, or pairs (name, Tensor); they form one group.
        lr: t.
        damping: ε, above 0.
        nonfinite: what to do where losses or gradients hold NaN or infinity: ``"raise"`` an error, or ``"skip"`` the
            step and count it in ``skipped_steps``.

    Attributes:
        report: a ``StepReport`` of the last step; its ``loss`` is E from before the step.

    Raises:
        ValueError: for hyper-parameters out of range; in ``step``, for losses of another shape.
        TypeError: in ``step``, without a closure.
        FloatingPointError: in ``step``, for losses that are not finite. The parameters stay as they are.

    Source: Amari, "Natural gradient works efficiently in learning", 1998.

    >>> import autograd_core as ag, nn, numpy as np, optim
    >>> w = ag.tensor([0.0, 0.0], requires_grad=True)
    >>> x = np.array([[1.0, 0.0], [2.0, 1.0], [-1.0, 0.5], [-2.0, 1.0]])
    >>> y = np.array([1.0, 0.0, 0.0, 0.0])
    >>> optimizer = optim.NaturalGradient([w], lr=0.5, damping=0.01)
    >>> def closure():
    ...     return nn.functional.binary_cross_entropy_with_logits(x @ w, y, reduction="none")
    >>> losses = [optimizer.step(closure).item() for _ in range(10)]
    >>> losses[-1] < 0.5 * losses[0]
    True
    """

    wanted = "the losses of all examples"
    remedy = 'return one loss for each example, with reduction="none"'

    def __init__(
        self, params: Iterable[Any], lr: float = 0.1, damping: float = 1e-3, *, nonfinite: str = "raise"
    ) -> None:
        super().__init__(params, dict(lr=lr, damping=damping), nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        require("NaturalGradient", group, "damping", lambda value: 0 < value < math.inf, "a damping above 0")

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        losses, jacobian = self.linearize(require_closure("NaturalGradient.step", closure))
        loss = Tensor(np.mean(losses))
        if not self._finite_start(losses, jacobian):
            return loss
        group, root = self.param_groups[0], math.sqrt(losses.size)
        start = self.vector.values()
        weights = np.full(start.shape, math.sqrt(group["damping"]))
        step, condition, _ = solve_damped(jacobian / root, np.full(losses.shape, 1 / root), weights)
        step = float(group["lr"]) * step
        self.vector.assign(start + step)
        self.report = StepReport(
            float(loss.item()),
            damping=float(group["damping"]),
            condition=condition,
            step=step,
            step_norm=float(np.linalg.norm(step)),
            gradient_norm=float(np.abs(jacobian.mean(axis=0)).max()),
            rate=float(group["lr"]),
        )
        return loss
