"""Kin of Adam with another second moment, or none: AdaBelief, Yogi, Lion."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..checking import check_betas, require_at_least_zero
from ..elementwise import Elementwise, State
from ..optimizer import Group
from .averages import downhill, running_mean, running_square, shrink

__all__ = ["AdaBelief", "Lion", "Yogi"]


class AdaBelief(Elementwise):
    """Adam that divides by how far the gradient is from what was expected.

    With gradient g in step t:

        θ ← (1 − ηλ) θ
        m ← β₁ m + (1 − β₁) g,                 m̂ = m / (1 − β₁ᵗ)
        s ← β₂ s + (1 − β₂) (g − m)² + ε,      ŝ = s / (1 − β₂ᵗ)
        θ ← θ − η m̂ / (√ŝ + ε)

    Args:
        params: Tensors, or parameter groups.
        lr: the learning rate η.
        betas: (β₁, β₂).
        eps: ε.
        weight_decay: λ, decoupled from the gradient.
        maximize: whether to ascend.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative rate, ε or decay, or a β outside [0, 1).

    Source: Zhuang et al., "AdaBelief optimizer: adapting stepsizes by the belief in observed gradients", 2020,
    algorithm 2.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.AdaBelief([x], lr=0.09)
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
        eps: float = 1e-16,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, maximize=maximize)
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        check_betas("AdaBelief", group)
        require_at_least_zero("AdaBelief", group, "eps", "weight_decay")

    def update(self, group: Group, numbers: Group, p: Any, g: Any, state: State, scratch: list[Any]) -> None:
        """One step of AdaBelief."""
        work, gradient, surprise = scratch
        beta1, beta2 = group["betas"]
        t, m, s = numbers["step"], state("exp_avg"), state("exp_avg_var")
        shrink(group, p)
        g = np.negative(g, out=gradient) if group["maximize"] else g
        running_mean(m, g, beta1, work)
        np.subtract(g, m, out=surprise)
        running_square(s, surprise, beta2, work)
        s += group["eps"]

        np.sqrt(s, out=work)
        work *= 1 / math.sqrt(1 - beta2**t)
        work += group["eps"]
        np.divide(m, work, out=work)
        work *= group["lr"] / (1 - beta1**t)
        p -= work


class Yogi(Elementwise):
    """Adam whose second moment changes slowly, by sums instead of products.

    With gradient g (plus λθ for weight decay λ) in step t:

        m ← β₁ m + (1 − β₁) g,                        m̂ = m / (1 − β₁ᵗ)
        v ← v − (1 − β₂) sign(v − g²) g²,             v̂ = v / (1 − β₂ᵗ)
        θ ← θ − η m̂ / (√v̂ + ε)

    Args:
        params: Tensors, or parameter groups.
        lr: the learning rate η.
        betas: (β₁, β₂).
        eps: ε.
        initial_accumulator: m and v at the start.
        weight_decay: λ.
        maximize: whether to ascend.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative hyper-parameter, or a β outside [0, 1).

    Source: Zaheer, Reddi, Sachan, Kale, Kumar, "Adaptive methods for nonconvex optimization", 2018, algorithm 2;
    the bias corrections and the start as in Optax.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.Yogi([x], lr=0.1, initial_accumulator=0.0)
    >>> table = (x * x).backward()
    >>> optimizer.step()
    >>> round(x.item(), 4)
    0.9
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-3,
        initial_accumulator: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(
            lr=lr,
            betas=betas,
            eps=eps,
            initial_accumulator=initial_accumulator,
            weight_decay=weight_decay,
            maximize=maximize,
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        check_betas("Yogi", group)
        require_at_least_zero("Yogi", group, "eps", "initial_accumulator", "weight_decay")

    def update(self, group: Group, numbers: Group, p: Any, g: Any, state: State, scratch: list[Any]) -> None:
        """One step of Yogi."""
        work, gradient, square = scratch
        beta1, beta2 = group["betas"]
        t, m, v = numbers["step"], state("exp_avg"), state("exp_avg_sq")
        if t == 1:
            m[...] = v[...] = group["initial_accumulator"]
        g = downhill(group, p, g, gradient)
        running_mean(m, g, beta1, work)

        np.multiply(g, g, out=square)
        np.subtract(v, square, out=work)
        np.sign(work, out=work)
        work *= square
        work *= 1 - beta2
        v -= work

        np.sqrt(v, out=work)
        work *= 1 / math.sqrt(1 - beta2**t)
        work += group["eps"]
        np.divide(m, work, out=work)
        work *= group["lr"] / (1 - beta1**t)
        p -= work


class Lion(Elementwise):
    """The sign of a mean of gradient and momentum: every number moves by the same amount.

    With gradient g:

        θ ← (1 − ηλ) θ
        θ ← θ − η sign(β₁ m + (1 − β₁) g)
        m ← β₂ m + (1 − β₂) g

    Args:
        params: Tensors, or parameter groups.
        lr: the learning rate η; a tenth of Adam's is usual.
        betas: (β₁, β₂).
        weight_decay: λ, decoupled from the gradient.
        maximize: whether to ascend.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative rate or decay, or a β outside [0, 1).

    Source: Chen et al., "Symbolic discovery of optimization algorithms", 2023, algorithm 2.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.Lion([x], lr=0.1)
    >>> table = (x * x).backward()
    >>> optimizer.step()
    >>> x
    tensor(0.9, requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(lr=lr, betas=betas, weight_decay=weight_decay, maximize=maximize)
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        check_betas("Lion", group)
        require_at_least_zero("Lion", group, "weight_decay")

    def update(self, group: Group, numbers: Group, p: Any, g: Any, state: State, scratch: list[Any]) -> None:
        """One step of Lion."""
        work, gradient, direction = scratch
        beta1, beta2 = group["betas"]
        m = state("exp_avg")
        shrink(group, p)
        g = np.negative(g, out=gradient) if group["maximize"] else g
        np.multiply(m, beta1, out=direction)
        np.multiply(g, 1 - beta1, out=work)
        direction += work
        np.sign(direction, out=direction)
        direction *= group["lr"]
        p -= direction
        running_mean(m, g, beta2, work)
