"""Adam and its nearest kin: steps of adaptive size from running moments of the gradient."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..checking import check_betas, require_at_least_zero
from ..elementwise import Elementwise, State
from ..optimizer import Group
from .averages import downhill, running_mean, running_square, shrink

__all__ = ["Adam", "AdamW", "Adamax", "NAdam", "RAdam"]


class Adam(Elementwise):
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
        foreach, capturable, fused: ignored; differentiable: refused (see ``Optimizer``).
        maximize: whether to ascend.
        decoupled_weight_decay: shrink the parameters, θ ← (1 − ηλ) θ, instead of changing the gradient: see
            ``AdamW``.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

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
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            maximize=maximize,
            differentiable=differentiable,
            decoupled_weight_decay=decoupled_weight_decay,
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        check_betas("Adam", group)
        require_at_least_zero("Adam", group, "eps", "weight_decay")

    def update(self, group: Group, numbers: Group, p: Any, g: Any, state: State, scratch: list[Any]) -> None:
        """One step of Adam."""
        work, gradient, _ = scratch
        if group["decoupled_weight_decay"]:
            shrink(group, p)
            g = np.negative(g, out=gradient) if group["maximize"] else g
        else:
            g = downhill(group, p, g, gradient)
        _adam_step(group, numbers["step"], p, g, state, work)


class AdamW(Elementwise):
    """Adam with decoupled weight decay: the parameters shrink, and the gradient stays as it is.

    With gradient g in step t:

        θ ← (1 − ηλ) θ
        m ← β₁ m + (1 − β₁) g,     m̂ = m / (1 − β₁ᵗ)
        v ← β₂ v + (1 − β₂) g²,    v̂ = v / (1 − β₂ᵗ)      (its running maximum with AMSGrad)
        θ ← θ − η m̂ / (√v̂ + ε)

    Args:
        params: Tensors, or parameter groups.
        lr: the learning rate η.
        betas: (β₁, β₂).
        eps: ε.
        weight_decay: λ.
        amsgrad: whether v̂ is the largest v so far.
        maximize: whether to ascend.
        foreach, capturable, fused: ignored; differentiable: refused (see ``Optimizer``).
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative rate, ε or decay, or a β outside [0, 1).

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, algorithm 2.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.AdamW([x], lr=0.1, weight_decay=0.5)
    >>> table = (x * x).backward()
    >>> optimizer.step()
    >>> x
    tensor(0.85, requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            maximize=maximize,
            differentiable=differentiable,
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        check_betas("AdamW", group)
        require_at_least_zero("AdamW", group, "eps", "weight_decay")

    def update(self, group: Group, numbers: Group, p: Any, g: Any, state: State, scratch: list[Any]) -> None:
        """One step of AdamW."""
        work, gradient, _ = scratch
        shrink(group, p)
        g = np.negative(g, out=gradient) if group["maximize"] else g
        _adam_step(group, numbers["step"], p, g, state, work)


def _adam_step(group: Group, t: int, p: Any, g: Any, state: State, work: Any) -> None:
    """The moments, and θ ← θ − η m̂ / (√v̂ + ε), which is θ − η′ m / (√v + ε′) with factors taken together."""
    beta1, beta2 = group["betas"]
    m, v = state("exp_avg"), state("exp_avg_sq")
    running_mean(m, g, beta1, work)
    running_square(v, g, beta2, work)
    if group["amsgrad"]:
        top = state("max_exp_avg_sq")
        v = np.maximum(top, v, out=top)
    correction = math.sqrt(1 - beta2**t)
    np.sqrt(v, out=work)
    work += group["eps"] * correction
    np.divide(m, work, out=work)
    work *= group["lr"] * correction / (1 - beta1**t)
    p -= work


class Adamax(Elementwise):
    """Adam with the largest gradient of the recent past in place of its mean square.

    With gradient g (plus λθ for weight decay λ) in step t:

        m ← β₁ m + (1 − β₁) g
        u ← max(β₂ u, |g| + ε)
        θ ← θ − η / (1 − β₁ᵗ) · m / u

    Args:
        params: Tensors, or parameter groups.
        lr: the learning rate η.
        betas: (β₁, β₂).
        eps: ε.
        weight_decay: λ.
        foreach, capturable: ignored; differentiable: refused (see ``Optimizer``).
        maximize: whether to ascend.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative rate, ε or decay, or a β outside [0, 1).

    Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 2; ε as in PyTorch.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.Adamax([x], lr=0.1)
    >>> table = (x * x).backward()
    >>> optimizer.step()
    >>> x
    tensor(0.9, requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(
            lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, maximize=maximize, differentiable=differentiable
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        check_betas("Adamax", group)
        require_at_least_zero("Adamax", group, "eps", "weight_decay")

    def update(self, group: Group, numbers: Group, p: Any, g: Any, state: State, scratch: list[Any]) -> None:
        """One step of Adamax."""
        work, gradient, _ = scratch
        beta1, beta2 = group["betas"]
        m, u = state("exp_avg"), state("exp_inf")
        g = downhill(group, p, g, gradient)
        running_mean(m, g, beta1, work)

        np.abs(g, out=work)
        work += group["eps"]
        u *= beta2
        np.maximum(u, work, out=u)

        np.divide(m, u, out=work)
        work *= group["lr"] / (1 - beta1 ** numbers["step"])
        p -= work


class NAdam(Elementwise):
    """Adam with Nesterov's momentum.

    With gradient g (plus λθ for weight decay λ) in step t and momentum decay ψ:

        μₜ = β₁ (1 − ½ 0.96^(tψ)),     M ← M μₜ      (1 at first)
        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²,        v̂ = v / (1 − β₂ᵗ)
        m̂ = μₜ₊₁ m / (1 − M μₜ₊₁) + (1 − μₜ) g / (1 − M)
        θ ← θ − η m̂ / (√v̂ + ε)

    Args:
        params: Tensors, or parameter groups.
        lr: the learning rate η.
        betas: (β₁, β₂).
        eps: ε.
        weight_decay: λ.
        momentum_decay: ψ.
        decoupled_weight_decay: shrink the parameters, θ ← (1 − ηλ) θ, instead of changing the gradient.
        foreach, capturable: ignored; differentiable: refused (see ``Optimizer``).
        maximize: whether to ascend.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative rate, ε or decay, or a β outside [0, 1).

    Source: Dozat, "Incorporating Nesterov momentum into Adam", 2016.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.NAdam([x], lr=0.1)
    >>> table = (x * x).backward()
    >>> optimizer.step()
    >>> 0.88 < x.item() < 0.9
    True
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
            differentiable=differentiable,
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        check_betas("NAdam", group)
        require_at_least_zero("NAdam", group, "eps", "weight_decay", "momentum_decay")

    def numbers(self, group: Group) -> dict[str, Any]:
        """The step count and M, the product of all momenta."""
        return {"step": 0, "mu_product": 1.0}

    @staticmethod
    def _momentum(group: Group, t: int) -> float:
        """μₜ."""
        return group["betas"][0] * (1 - 0.5 * 0.96 ** (t * group["momentum_decay"]))

    def advance(self, group: Group, numbers: dict[str, Any]) -> None:
        """Count the step, M ← M μₜ."""
        numbers["step"] += 1
        numbers["mu_product"] *= self._momentum(group, numbers["step"])

    def update(self, group: Group, numbers: Group, p: Any, g: Any, state: State, scratch: list[Any]) -> None:
        """One step of NAdam."""
        work, gradient, ahead = scratch
        beta1, beta2 = group["betas"]
        t, product = numbers["step"], numbers["mu_product"]
        now, following = self._momentum(group, t), self._momentum(group, t + 1)
        m, v = state("exp_avg"), state("exp_avg_sq")
        if group["decoupled_weight_decay"]:
            shrink(group, p)
            g = np.negative(g, out=gradient) if group["maximize"] else g
        else:
            g = downhill(group, p, g, gradient)
        running_mean(m, g, beta1, work)
        running_square(v, g, beta2, work)

        np.multiply(m, group["lr"] * following / (1 - product * following), out=ahead)  # η m̂
        np.multiply(g, group["lr"] * (1 - now) / (1 - product), out=work)
        ahead += work

        np.multiply(v, 1 / (1 - beta2**t), out=work)
        np.sqrt(work, out=work)
        work += group["eps"]
        ahead /= work
        p -= ahead


class RAdam(Elementwise):
    """Adam whose adaptive size is held back until the second moment is known well enough.

    With gradient g (plus λθ for weight decay λ) in step t, m̂ and v as in Adam, and

        ρ∞ = 2 / (1 − β₂) − 1,     ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ)
        r = √((ρ − 4)(ρ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρ))

        θ ← θ − η m̂ r √(1 − β₂ᵗ) / (√v + ε)      if ρ > 5
        θ ← θ − η m̂                              otherwise

    Args:
        params: Tensors, or parameter groups.
        lr: the learning rate η.
        betas: (β₁, β₂).
        eps: ε.
        weight_decay: λ.
        decoupled_weight_decay: shrink the parameters, θ ← (1 − ηλ) θ, instead of changing the gradient.
        foreach, capturable: ignored; differentiable: refused (see ``Optimizer``).
        maximize: whether to ascend.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative rate, ε or decay, or a β outside [0, 1).

    Source: Liu et al., "On the variance of the adaptive learning rate and beyond", 2020, algorithm 2; ε as in
    PyTorch.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.RAdam([x], lr=0.1)
    >>> table = (x * x).backward()
    >>> optimizer.step()
    >>> x
    tensor(0.8, requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
            differentiable=differentiable,
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        check_betas("RAdam", group)
        require_at_least_zero("RAdam", group, "eps", "weight_decay")

    @staticmethod
    def _rectification(beta2: float, t: int) -> float | None:
        """r √(1 − β₂ᵗ), or ``None`` while the second moment is not to be trusted."""
        rest = 1 - beta2**t
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * t * beta2**t / rest
        if length <= 5:
            return None
        ratio = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        return math.sqrt(ratio * rest)

    def update(self, group: Group, numbers: Group, p: Any, g: Any, state: State, scratch: list[Any]) -> None:
        """One step of RAdam."""
        work, gradient, _ = scratch
        beta1, beta2 = group["betas"]
        m, v = state("exp_avg"), state("exp_avg_sq")
        if group["decoupled_weight_decay"]:
            shrink(group, p)
            g = np.negative(g, out=gradient) if group["maximize"] else g
        else:
            g = downhill(group, p, g, gradient)
        running_mean(m, g, beta1, work)
        running_square(v, g, beta2, work)

        rate = group["lr"] / (1 - beta1 ** numbers["step"])
        rectification = self._rectification(beta2, numbers["step"])
        if rectification is None:
            np.multiply(m, rate, out=work)
        else:
            np.sqrt(v, out=work)
            work += group["eps"]
            np.divide(m, work, out=work)
            work *= rate * rectification
        p -= work
