"""Stochastic gradient descent, plain, with momentum, and averaged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from autograd_core.errors import explain

from ..checking import require_at_least_zero, require_finite
from ..elementwise import Elementwise, State
from ..optimizer import Group
from .averages import downhill

__all__ = ["ASGD", "SGD"]


class SGD(Elementwise):
    """Gradient descent with momentum.

    With gradient g (plus λθ for weight decay λ), momentum μ and dampening τ:

        b ← μ b + (1 − τ) g        (b ← g in the first step)
        θ ← θ − η b                (θ ← θ − η (g + μ b) with Nesterov's momentum)

    Args:
        params: Tensors, or parameter groups.
        lr: the learning rate η.
        momentum: μ.
        dampening: τ.
        weight_decay: λ.
        nesterov: whether to look ahead.
        maximize: whether to ascend.
        foreach, fused: ignored; differentiable: refused (see ``Optimizer``).
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative rate, momentum or decay, and for Nesterov's momentum without momentum or
            with dampening.

    Source: Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep
    learning", 2013; the update in PyTorch's form.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.SGD([x], lr=0.1)
    >>> table = (x * x).backward()
    >>> optimizer.step()
    >>> x
    tensor(0.8, requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
            differentiable=differentiable,
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        require_at_least_zero("SGD", group, "momentum", "weight_decay")
        require_finite("SGD", group, "dampening")
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError(
                explain(
                    "SGD",
                    expected="momentum above 0 and dampening 0 with nesterov=True",
                    got=f"momentum={group['momentum']}, dampening={group['dampening']}",
                    remedy="set momentum=0.9, say, and leave dampening out",
                )
            )

    def advance(self, group: Group, numbers: dict[str, Any]) -> None:
        """Count a step with momentum; without momentum nothing is remembered."""
        if group["momentum"]:
            numbers["step"] += 1

    def update(self, group: Group, numbers: Group, p: Any, g: Any, state: State, scratch: list[Any]) -> None:
        """One step of gradient descent."""
        work, gradient, _ = scratch
        momentum = group["momentum"]
        g = downhill(group, p, g, gradient)
        if momentum:
            b = state("momentum_buffer")
            if numbers["step"] == 1:
                b[...] = g
            else:  # b ← μ b + (1 − τ) g
                b *= momentum
                if group["dampening"]:
                    np.multiply(g, 1 - group["dampening"], out=work)
                    b += work
                else:
                    b += g
            if group["nesterov"]:
                np.multiply(b, momentum, out=work)
                g = np.add(g, work, out=gradient)
            else:
                g = b
        np.multiply(g, group["lr"], out=work)
        p -= work

    # PyTorch's state holds the buffer alone: that there is one says that a first step was made.
    def _saved_state(self) -> Mapping[Any, Mapping[str, Any]]:
        return {
            parameter: {key: value for key, value in entry.items() if key != "step"}
            for parameter, entry in self.state.items()
        }

    def _read_state(self, group: Group, parameter: Any, entry: dict[str, Any], number: Any) -> dict[str, Any]:
        entry = {key: value for key, value in entry.items() if value is not None}
        return super()._read_state(group, parameter, {**entry, "step": 2} if entry else {}, number)


class ASGD(Elementwise):
    """Averaged stochastic gradient descent.

    With gradient g (plus λ′θ for weight decay λ′) in step t, starting from η = ``lr`` and μ = 1:

        θ ← (1 − λη) θ − η g
        a ← a + μ (θ − a)                              (the average, ``state[p]["ax"]``)
        η ← lr / (1 + λ lr t)^α,   μ ← 1 / max(1, t − t₀)

    Args:
        params: Tensors, or parameter groups.
        lr: the first learning rate.
        lambd: λ, how fast rate and parameters decay.
        alpha: α.
        t0: t₀, the step after which the averaging begins.
        weight_decay: λ′, added to the gradient.
        foreach, capturable: ignored; differentiable: refused (see ``Optimizer``).
        maximize: whether to ascend.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative rate or decay.

    Source: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.ASGD([x], lr=0.1, lambd=0.0, t0=0)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     table = (x * x).backward()
    ...     optimizer.step()
    >>> x, optimizer.state[x]["ax"]
    (tensor(0.64, requires_grad=True), array(0.64))
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0.0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
        *,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(
            lr=lr,
            lambd=lambd,
            alpha=alpha,
            t0=t0,
            weight_decay=weight_decay,
            maximize=maximize,
            differentiable=differentiable,
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        require_at_least_zero("ASGD", group, "weight_decay")
        require_finite("ASGD", group, "lambd", "alpha", "t0")

    def numbers(self, group: Group) -> dict[str, Any]:
        """The step count, the rate η of the next step and the weight μ of its result in the average."""
        return {"step": 0, "eta": 0.0, "mu": 1.0}

    def advance(self, group: Group, numbers: dict[str, Any]) -> None:
        """Count the step; the first one has the group's rate."""
        if numbers["step"] == 0:
            numbers["eta"] = float(group["lr"])
        numbers["step"] += 1

    def conclude(self, group: Group, numbers: dict[str, Any]) -> None:
        """Rate and weight of the next step."""
        t = numbers["step"]
        numbers["eta"] = group["lr"] / (1 + group["lambd"] * group["lr"] * t) ** group["alpha"]
        numbers["mu"] = 1 / max(1, t - group["t0"])

    def update(self, group: Group, numbers: Group, p: Any, g: Any, state: State, scratch: list[Any]) -> None:
        """One step of averaged gradient descent."""
        work, gradient, _ = scratch
        a = state("ax")
        g = downhill(group, p, g, gradient)
        p *= 1 - group["lambd"] * numbers["eta"]
        np.multiply(g, numbers["eta"], out=work)
        p -= work

        if numbers["mu"] == 1:
            a[...] = p
        else:
            np.subtract(p, a, out=work)
            work *= numbers["mu"]
            a += work
