"""Optimizers with a rate of its own for every number: Adagrad, Adadelta, RMSprop, Rprop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..checking import require, require_at_least_zero
from ..elementwise import Elementwise, State
from ..optimizer import Group
from .averages import downhill, running_mean, running_square

__all__ = ["Adadelta", "Adagrad", "RMSprop", "Rprop"]


class Adagrad(Elementwise):
    """Rates that fall with the sum of all squared gradients.

    With gradient g (plus λθ for weight decay λ) in step t and rate decay γ:

        s ← s + g²
        θ ← θ − η / (1 + (t − 1) γ) · g / (√s + ε)

    Args:
        params: Tensors, or parameter groups.
        lr: the learning rate η.
        lr_decay: γ.
        weight_decay: λ.
        initial_accumulator_value: s at the start.
        eps: ε.
        foreach, fused: ignored; differentiable: refused (see ``Optimizer``).
        maximize: whether to ascend.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative hyper-parameter.

    Source: Duchi, Hazan, Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization", 2011.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.Adagrad([x], lr=0.1)
    >>> table = (x * x).backward()
    >>> optimizer.step()
    >>> x
    tensor(0.9, requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(
            lr=lr,
            lr_decay=lr_decay,
            eps=eps,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            maximize=maximize,
            differentiable=differentiable,
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        require_at_least_zero("Adagrad", group, "lr_decay", "weight_decay", "initial_accumulator_value", "eps")

    def update(self, group: Group, numbers: Group, p: Any, g: Any, state: State, scratch: list[Any]) -> None:
        """One step of Adagrad."""
        work, gradient, _ = scratch
        t, s = numbers["step"], state("sum")
        if t == 1:
            s[...] = group["initial_accumulator_value"]
        g = downhill(group, p, g, gradient)
        np.multiply(g, g, out=work)
        s += work

        np.sqrt(s, out=work)
        work += group["eps"]
        np.divide(g, work, out=work)
        work *= group["lr"] / (1 + (t - 1) * group["lr_decay"])
        p -= work


class Adadelta(Elementwise):
    """Steps in the units of the parameters: the size of recent steps over that of recent gradients.

    With gradient g (plus λθ for weight decay λ):

        v ← ρ v + (1 − ρ) g²
        Δ = √(u + ε) / √(v + ε) · g
        u ← ρ u + (1 − ρ) Δ²
        θ ← θ − η Δ

    Args:
        params: Tensors, or parameter groups.
        lr: the learning rate η, which the paper does without.
        rho: ρ.
        eps: ε.
        weight_decay: λ.
        foreach, capturable: ignored; differentiable: refused (see ``Optimizer``).
        maximize: whether to ascend.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative rate, ε or decay, or a ρ outside [0, 1].

    Source: Zeiler, "ADADELTA: an adaptive learning rate method", 2012, algorithm 1.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.Adadelta([x], eps=1e-2)
    >>> table = (x * x).backward()
    >>> optimizer.step()
    >>> round(x.item(), 4)
    0.6877
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(
            lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize, differentiable=differentiable
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        require("Adadelta", group, "rho", lambda rho: 0 <= rho <= 1, "rho between 0 and 1")
        require_at_least_zero("Adadelta", group, "eps", "weight_decay")

    def update(self, group: Group, numbers: Group, p: Any, g: Any, state: State, scratch: list[Any]) -> None:
        """One step of Adadelta."""
        work, gradient, delta = scratch
        rho, eps = group["rho"], group["eps"]
        v, u = state("square_avg"), state("acc_delta")
        g = downhill(group, p, g, gradient)
        running_square(v, g, rho, work)

        np.add(u, eps, out=delta)
        np.add(v, eps, out=work)
        delta /= work
        np.sqrt(delta, out=delta)
        delta *= g

        running_square(u, delta, rho, work)
        delta *= group["lr"]
        p -= delta


class RMSprop(Elementwise):
    """Gradients divided by the root of their running mean square.

    With gradient g (plus λθ for weight decay λ) and momentum μ:

        v ← α v + (1 − α) g²
        a ← α a + (1 − α) g,     d = √(v − a²) + ε      (centered)
        d = √v + ε                                      (otherwise)
        b ← μ b + g / d,         θ ← θ − η b            (θ ← θ − η g / d without momentum)

    Args:
        params: Tensors, or parameter groups.
        lr: the learning rate η.
        alpha: α.
        eps: ε.
        weight_decay: λ.
        momentum: μ.
        centered: whether to divide by an estimate of the standard deviation.
        capturable, foreach: ignored; differentiable: refused (see ``Optimizer``).
        maximize: whether to ascend.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative hyper-parameter.

    Source: Hinton, "Neural networks for machine learning", lecture 6, 2012; centered: Graves, "Generating
    sequences with recurrent neural networks", 2013.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.RMSprop([x], lr=0.1, alpha=0.75)
    >>> table = (x * x).backward()
    >>> optimizer.step()
    >>> x
    tensor(0.8, requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        *,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(
            lr=lr,
            momentum=momentum,
            alpha=alpha,
            eps=eps,
            centered=centered,
            weight_decay=weight_decay,
            maximize=maximize,
            differentiable=differentiable,
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        require_at_least_zero("RMSprop", group, "alpha", "eps", "weight_decay", "momentum")

    def update(self, group: Group, numbers: Group, p: Any, g: Any, state: State, scratch: list[Any]) -> None:
        """One step of RMSprop."""
        work, gradient, _ = scratch
        alpha, v = group["alpha"], state("square_avg")
        g = downhill(group, p, g, gradient)
        running_square(v, g, alpha, work)
        if group["centered"]:
            a = state("grad_avg")
            running_mean(a, g, alpha, work)
            np.multiply(a, a, out=work)
            np.subtract(v, work, out=work)
            np.maximum(work, 0, out=work)  # rounding may leave less than nothing
            np.sqrt(work, out=work)
        else:
            np.sqrt(v, out=work)
        work += group["eps"]
        np.divide(g, work, out=work)
        if group["momentum"]:
            b = state("momentum_buffer")
            b *= group["momentum"]
            b += work
            np.multiply(b, group["lr"], out=work)
        else:
            work *= group["lr"]
        p -= work


class Rprop(Elementwise):
    """Steps whose size depends on the signs of the gradient alone. For full batches.

    With gradient g, the previous one g′ (0 at first), and a size Δ for every number (η at first):

        Δ ← min(η₊ Δ, Δmax)  where g g′ > 0
        Δ ← max(η₋ Δ, Δmin)  where g g′ < 0, and g ← 0 there
        θ ← θ − sign(g) Δ

    Args:
        params: Tensors, or parameter groups.
        lr: the first size η.
        etas: (η₋, η₊).
        step_sizes: (Δmin, Δmax).
        capturable, foreach: ignored; differentiable: refused (see ``Optimizer``).
        maximize: whether to ascend.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative rate, or unless 0 < η₋ < 1 < η₊.

    Source: Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning: the RPROP
    algorithm", 1993.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.Rprop([x], lr=0.1)
    >>> table = (x * x).backward()
    >>> optimizer.step()
    >>> x
    tensor(0.9, requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(lr=lr, etas=etas, step_sizes=step_sizes, maximize=maximize, differentiable=differentiable)
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        require("Rprop", group, "etas", lambda etas: 0 < etas[0] < 1 < etas[1], "etas on both sides of 1")

    def update(self, group: Group, numbers: Group, p: Any, g: Any, state: State, scratch: list[Any]) -> None:
        """One step of Rprop."""
        work, gradient, _ = scratch
        (shrinking, growing), (smallest, largest) = group["etas"], group["step_sizes"]
        previous, size = state("prev"), state("step_size")
        if numbers["step"] == 1:
            size[...] = group["lr"]
        if group["maximize"]:
            g = np.negative(g, out=gradient)
        np.multiply(g, previous, out=work)
        turned = work < 0
        size[work > 0] *= growing
        size[turned] *= shrinking
        np.clip(size, smallest, largest, out=size)

        previous[...] = g
        previous[turned] = 0
        np.sign(previous, out=work)
        work *= size
        p -= work
