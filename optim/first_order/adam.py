"""Adam."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..optimizer import Optimizer, require


class Adam(Optimizer):
    """Steps of adaptive size from running moments of the gradient.

    With gradient g (plus λθ for weight decay λ) in step t:

        m ← β₁ m + (1 − β₁) g,     m̂ = m / (1 − β₁ᵗ)
        v ← β₂ v + (1 − β₂) g²,    v̂ = v / (1 − β₂ᵗ)      (its running maximum with AMSGrad)
        θ ← θ − η m̂ / (√v̂ + ε)

    Args:
        params: Tensors, or parameter groups.
        lr: the learning rate η.
        betas: (β₁, β₂).
        eps: ε.
        weight_decay: λ, added to the gradient.
        amsgrad: whether v̂ is the largest v so far.
        maximize: whether to ascend.

    Raises:
        ValueError: for a negative rate, ε or decay, or a β outside [0, 1).

    Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1; Reddi, Kale,
    Kumar, "On the convergence of Adam and beyond", 2018, for AMSGrad.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.Adam([x], lr=0.1)
    >>> table = (x * x).backward()
    >>> optimizer.step()
    >>> x
    tensor(0.9, requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize)
        super().__init__(params, defaults)

    def check(self, group: Mapping[str, Any]) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        betas_hold = all(0 <= beta < 1 for beta in group["betas"])
        require("Adam", "betas", group["betas"], betas_hold, "betas of at least 0 and below 1")
        require("Adam", "eps", group["eps"], group["eps"] >= 0, "an eps of at least 0")
        require("Adam", "weight_decay", group["weight_decay"], group["weight_decay"] >= 0, "a decay of at least 0")

    def update(
        self, group: Mapping[str, Any], step: int, p: Any, g: Any, state: Callable[[str], Any], scratch: list[Any]
    ) -> None:
        """One step of Adam on a block."""
        work, gradient = scratch
        beta1, beta2 = group["betas"]
        m, v = state("exp_avg"), state("exp_avg_sq")
        if group["maximize"]:
            g = np.negative(g, out=gradient)
        if group["weight_decay"]:
            np.multiply(p, group["weight_decay"], out=work)
            g = np.add(g, work, out=gradient)

        np.subtract(g, m, out=work)  # m ← m + (1 − β₁)(g − m)
        work *= 1 - beta1
        m += work

        np.multiply(g, g, out=work)  # v ← β₂ v + (1 − β₂) g²
        work *= 1 - beta2
        v *= beta2
        v += work

        if group["amsgrad"]:
            v = np.maximum(state("max_exp_avg_sq"), v, out=state("max_exp_avg_sq"))
        np.sqrt(v, out=work)  # θ ← θ − η m̂ / (√v̂ + ε)
        work *= 1 / math.sqrt(1 - beta2**step)
        work += group["eps"]
        np.divide(m, work, out=work)
        work *= group["lr"] / (1 - beta1**step)
        p -= work
