"""Small problems on which optimizers of two libraries run side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd_core as ag

RNG = np.random.default_rng(17)
INPUTS, TARGETS = RNG.standard_normal((12, 3)), RNG.standard_normal((12, 2))
WEIGHTS, CENTRE = np.array([[1.0, 3.0, 0.2], [0.5, 2.0, 1.0]]), RNG.standard_normal((2, 3))


@dataclass(frozen=True)
class Problem:
    """A loss that is written with operators alone, so that the Tensors of any library can go through it.

    Attributes:
        start: the first values of the parameters.
        loss: parameters and constants -> loss.
        constants: arrays that the loss needs.
    """

    start: tuple[np.ndarray, ...]
    loss: Callable[[list[Any], list[Any]], Any]
    constants: tuple[np.ndarray, ...] = ()


def quadratic(parameters, constants):
    x, y = parameters
    weights, centre = constants
    return (weights * (x - centre) ** 2).sum() + (0.7 * (y + 1.0) ** 2).sum() + 0.1 * x.sum() * y.sum()


def rosenbrock(parameters, constants):
    (x,) = parameters
    return 100 * (x[0, 1] - x[0, 0] ** 2) ** 2 + (1 - x[0, 0]) ** 2


def bent(z):
    """A sigmoid that needs operators only."""
    return z / (1 + z * z) ** 0.5


def network(parameters, constants):
    w1, b1, w2, b2 = parameters
    x, y = constants
    return ((bent(x @ w1 + b1) @ w2 + b2 - y) ** 2).mean()


PROBLEMS = {
    "quadratic": Problem((RNG.standard_normal((2, 3)), RNG.standard_normal(4)), quadratic, (WEIGHTS, CENTRE)),
    "Rosenbrock": Problem((np.array([[-1.2, 1.0]]),), rosenbrock),
    "network": Problem(
        tuple(0.7 * RNG.standard_normal(shape) for shape in ((3, 5), (5,), (5, 2), (2,))), network, (INPUTS, TARGETS)
    ),
}
MATRICES = Problem((RNG.standard_normal((2, 3)), RNG.standard_normal((4, 2))), lambda p, c: bent(p[1] @ p[0]).sum())


class Ours:
    """A problem on this library's Tensors."""

    def __init__(self, problem: Problem, dtype: Any = np.float64) -> None:
        self.problem = problem
        self.parameters = [ag.tensor(x.astype(dtype), requires_grad=True) for x in problem.start]
        self.constants = [ag.tensor(x.astype(dtype)) for x in problem.constants]

    def closure(self) -> Any:
        for parameter in self.parameters:
            parameter.grad = None
        loss = self.problem.loss(self.parameters, self.constants)
        loss.backward()
        return loss

    def values(self) -> list[np.ndarray]:
        return [parameter.detach().numpy().copy() for parameter in self.parameters]


class Theirs(Ours):
    """A problem on PyTorch's Tensors."""

    def __init__(self, problem: Problem, dtype: Any = np.float64) -> None:
        import torch

        self.problem = problem
        self.parameters = [torch.tensor(x.astype(dtype), requires_grad=True) for x in problem.start]
        self.constants = [torch.tensor(x.astype(dtype)) for x in problem.constants]


def train(side: Ours, optimizer: Any, steps: int, closure: bool = False) -> list[list[np.ndarray]]:
    """The parameters after every step."""
    path = []
    for _ in range(steps):
        if closure:
            optimizer.step(side.closure)
        else:
            side.closure()
            optimizer.step()
        path.append(side.values())
    return path


def agree(ours: list[list[np.ndarray]], theirs: list[list[np.ndarray]], rtol: float = 1e-9) -> None:
    """Every number of two paths, to a part of the largest one of its parameter."""
    for step, (a, b) in enumerate(zip(ours, theirs, strict=True), 1):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_allclose(x, y, rtol=rtol, atol=rtol * np.abs(y).max(), err_msg=f"step {step}")
