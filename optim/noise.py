"""Noise on gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

__all__ = ["GradientNoise", "add_gradient_noise"]


def add_gradient_noise(parameters: Iterable[Any], std: float, generator: np.random.Generator | None = None) -> None:
    """Add Gaussian noise to the gradients: g ← g + N(0, std²), independently for every number.

    Args:
        parameters: Tensors; those without a gradient are passed over.
        std: the standard deviation.
        generator: the source of the numbers, ``nn.default_generator()`` for one; a fresh one, if not given.

    Raises:
        ValueError: for a negative deviation; the gradients are as before.

    Source: Neelakantan et al., "Adding gradient noise improves learning for very deep networks", 2015.

    >>> import autograd_core as ag, numpy as np, optim
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> table = (x * x).sum().backward()
    >>> optim.add_gradient_noise([x], 0.1, np.random.default_rng(0))
    >>> x.grad.numpy().round(3)
    array([2.013, 3.987])
    """
    if not std >= 0:
        raise ValueError(
            explain(
                "add_gradient_noise", expected="a deviation of at least 0", got=f"std={std}", remedy="pass another std"
            )
        )
    source = np.random.default_rng() if generator is None else generator
    for parameter in [parameters] if isinstance(parameters, Tensor) else parameters:
        if parameter.grad is not None:
            gradient = parameter.grad._data
            noise = std * source.standard_normal(gradient.shape)
            if gradient.dtype.kind == "c":
                noise = noise + 1j * (std * source.standard_normal(gradient.shape))
            parameter.grad = Tensor(gradient + noise.astype(gradient.dtype))


class GradientNoise:
    """Noise that falls off with the steps, as a hook of an optimizer:

        gₜ ← gₜ + N(0, η / (1 + t)^γ)

    Args:
        eta: the variance η in the first step.
        gamma: γ.
        generator: the source of the numbers, ``nn.default_generator()`` for one; a fresh one, if not given.

    Attributes:
        steps: t, how many steps were made.

    Raises:
        ValueError: for a negative η.

    Source: Neelakantan et al., "Adding gradient noise improves learning for very deep networks", 2015.

    >>> import autograd_core as ag, numpy as np, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.SGD([x], lr=0.1)
    >>> noise = optim.GradientNoise(eta=0.01, generator=np.random.default_rng(0))
    >>> handle = optimizer.register_step_pre_hook(noise)
    >>> table = (x * x).backward()
    >>> optimizer.step()
    >>> round(x.item(), 4), noise.steps
    (0.7987, 1)
    """

    def __init__(self, eta: float = 0.3, gamma: float = 0.55, generator: np.random.Generator | None = None) -> None:
        self.eta = eta
        self.gamma = gamma
        self.generator = np.random.default_rng() if generator is None else generator
        self.steps = 0
        if not eta >= 0:
            raise ValueError(
                explain("GradientNoise", expected="an eta of at least 0", got=f"eta={eta}", remedy="pass another eta")
            )

    def std(self) -> float:
        """The standard deviation of the next step's noise."""
        return float((self.eta / (1 + self.steps) ** self.gamma) ** 0.5)

    def __call__(self, optimizer: Any, args: Any = (), kwargs: Any = None) -> None:
        """Add noise to the gradients of an optimizer's parameters. A closure would write over it.

        Raises:
            ValueError: for a step with a closure.
        """
        if args and args[0] is not None:
            raise ValueError(
                explain(
                    "GradientNoise",
                    expected="gradients that are there before the step",
                    got="a step with a closure, which computes them anew",
                    remedy="call add_gradient_noise in the closure, after backward",
                )
            )
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        add_gradient_noise(parameters, self.std(), self.generator)
        self.steps += 1
