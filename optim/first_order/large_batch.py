"""Optimizers for large batches, with a rate for every layer: LARS and LAMB."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..checking import check_betas, require, require_at_least_zero
from ..optimizer import Group
from ..per_parameter import PerParameter

__all__ = ["LAMB", "LARS"]


def _ratio(numerator: Any, denominator: Any) -> Any:
    """Their quotient, and 1 where one of them is 0: such a parameter would never move, or move without end."""
    return numerator / denominator if numerator > 0 and denominator > 0 else 1.0


class LARS(PerParameter):
    """Momentum whose rate is proportional, layer by layer, to the size of the weights over that of the gradient.

    For every parameter with gradient g, weight decay λ, momentum μ and trust coefficient κ:

        r = κ ‖θ‖ / (‖g‖ + λ‖θ‖)      (1 where ‖θ‖ or ‖g‖ is 0, or without ``adapt``)
        b ← μ b + η r (g + λθ)
        θ ← θ − b

    Args:
        params: Tensors, or parameter groups; biases and the scales of normalization layers usually get a group
            with ``"adapt": False, "weight_decay": 0.0``.
        lr: the learning rate η.
        momentum: μ.
        weight_decay: λ.
        trust_coefficient: κ.
        adapt: whether the rate is adapted to the parameter.
        maximize: whether to ascend.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative hyper-parameter, or a trust coefficient of 0.

    Source: You, Gitman, Ginsburg, "Large batch training of convolutional networks", 2017, algorithm 1.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor([3.0, 4.0], requires_grad=True)
    >>> optimizer = optim.LARS([x], lr=1.0, trust_coefficient=0.1)
    >>> table = x.sum().backward()
    >>> optimizer.step()
    >>> x.detach().numpy().round(4)
    array([2.6464, 3.6464])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.1,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        trust_coefficient: float = 1e-3,
        adapt: bool = True,
        *,
        maximize: bool = False,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(
            lr=lr,
            momentum=momentum,
            weight_decay=weight_decay,
            trust_coefficient=trust_coefficient,
            adapt=adapt,
            maximize=maximize,
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        require_at_least_zero("LARS", group, "momentum", "weight_decay")
        require("LARS", group, "trust_coefficient", lambda value: 0 < value < math.inf, "a trust_coefficient above 0")

    def start(self, group: Group, p: Any) -> dict[str, Any]:
        """The momentum."""
        return {"step": 0, "momentum_buffer": np.zeros_like(p)}

    def update(self, group: Group, state: dict[str, Any], p: Any, g: Any) -> None:
        """One step of LARS."""
        decay, b = group["weight_decay"], state["momentum_buffer"]
        g = -g if group["maximize"] else g
        rate = float(group["lr"])
        if group["adapt"]:
            size, slope = float(np.linalg.norm(p)), float(np.linalg.norm(g))
            if slope > 0:
                rate *= _ratio(group["trust_coefficient"] * size, slope + decay * size)
        b *= group["momentum"]
        b += rate * (g + decay * p)
        p -= b


class LAMB(PerParameter):
    """Adam whose step is, layer by layer, as long as the weights are large.

    For every parameter with gradient g, weight decay λ, in step t:

        m ← β₁ m + (1 − β₁) g,     m̂ = m / (1 − β₁ᵗ)
        v ← β₂ v + (1 − β₂) g²,    v̂ = v / (1 − β₂ᵗ)
        u = m̂ / (√v̂ + ε) + λθ
        θ ← θ − η (‖θ‖ / ‖u‖) u          (the ratio 1 where a norm is 0, or without ``adapt``)

    Args:
        params: Tensors, or parameter groups; biases and the scales of normalization layers usually get a group
            with ``"adapt": False, "weight_decay": 0.0``.
        lr: the learning rate η.
        betas: (β₁, β₂).
        eps: ε.
        weight_decay: λ.
        adapt: whether the step is scaled by the ratio of the norms.
        maximize: whether to ascend.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative rate, ε or decay, or a β outside [0, 1).

    Source: You et al., "Large batch optimization for deep learning: training BERT in 76 minutes", 2020,
    algorithm 2 with φ(z) = z.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor([3.0, 4.0], requires_grad=True)
    >>> optimizer = optim.LAMB([x], lr=0.1)
    >>> table = x.sum().backward()
    >>> optimizer.step()
    >>> x.detach().numpy().round(4)
    array([2.6464, 3.6464])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        adapt: bool = True,
        *,
        maximize: bool = False,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, adapt=adapt, maximize=maximize)
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        check_betas("LAMB", group)
        require_at_least_zero("LAMB", group, "eps", "weight_decay")

    def start(self, group: Group, p: Any) -> dict[str, Any]:
        """Step count and moments."""
        return {"step": 0, "exp_avg": np.zeros_like(p), "exp_avg_sq": np.zeros_like(p)}

    def update(self, group: Group, state: dict[str, Any], p: Any, g: Any) -> None:
        """One step of LAMB."""
        beta1, beta2 = group["betas"]
        t, m, v = state["step"], state["exp_avg"], state["exp_avg_sq"]
        g = -g if group["maximize"] else g
        m += (1 - beta1) * (g - m)
        v += (1 - beta2) * (g * g - v)
        u = np.sqrt(v)
        u /= math.sqrt(1 - beta2**t)
        u += group["eps"]
        u = m / u
        u /= 1 - beta1**t
        if group["weight_decay"]:
            u += group["weight_decay"] * p
        rate = float(group["lr"])
        if group["adapt"]:
            rate *= _ratio(float(np.linalg.norm(p)), float(np.linalg.norm(u)))
        u *= rate
        p -= u
