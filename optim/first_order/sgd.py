"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from autograd_core.errors import explain

from ..optimizer import Optimizer, require


class SGD(Optimizer):
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
    ) -> None:
        defaults = dict(
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )
        super().__init__(params, defaults)

    def check(self, group: Mapping[str, Any]) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        require("SGD", "momentum", group["momentum"], group["momentum"] >= 0, "a momentum of at least 0")
        require("SGD", "weight_decay", group["weight_decay"], group["weight_decay"] >= 0, "a decay of at least 0")
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError(
                explain(
                    "SGD",
                    expected="momentum above 0 and dampening 0 with nesterov=True",
                    got=f"momentum={group['momentum']}, dampening={group['dampening']}",
                    remedy="set momentum=0.9, say, and leave dampening out",
                )
            )

    def update(
        self, group: Mapping[str, Any], step: int, p: Any, g: Any, state: Callable[[str], Any], scratch: list[Any]
    ) -> None:
        """One step of gradient descent on a block."""
        direction, work = scratch
        lr, momentum = group["lr"], group["momentum"]
        if group["maximize"]:
            g = np.negative(g, out=direction)
        if group["weight_decay"]:
            np.multiply(p, group["weight_decay"], out=work)
            g = np.add(g, work, out=direction)
        if momentum:
            b = state("momentum_buffer")
            if step == 1:
                b[...] = g
            else:
                b *= momentum
                np.multiply(g, 1 - group["dampening"], out=work)
                b += work
            if group["nesterov"]:
                np.multiply(b, momentum, out=work)
                g = np.add(g, work, out=direction)
            else:
                g = b
        np.multiply(g, lr, out=work)
        p -= work
