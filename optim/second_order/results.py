"""What a step did and what a whole search found, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

__all__ = ["OptimizeResult", "StepReport"]


@dataclass
class StepReport:
    """What one step of a second-order method did.

    Attributes:
        loss: after the step; for least squares ½ Σ r².
        reduction: by how much the loss fell.
        promised: by how much it should have fallen after the quadratic model.
        gain_ratio: the quotient of the two; 1 where the model is exact.
        damping: ε, with which the step was computed.
        condition: of the matrix that was solved with, an estimate; ``None`` for methods without a matrix.
        step: the step that was tried last, as a vector (not compared or shown).
        step_norm: its length.
        gradient_norm: the largest number of the gradient, before the step.
        accepted: whether the parameters were moved.
        trials: how many steps were tried.
        rate: by what part of the full step the parameters were moved.
        message: what is worth saying, in words.

    >>> import optim
    >>> optim.StepReport(loss=0.5, reduction=1.5, gain_ratio=0.9).accepted
    True
    """

    loss: float
    reduction: float = 0.0
    promised: float = 0.0
    gain_ratio: float | None = None
    damping: float = 0.0
    condition: float | None = None
    step_norm: float = 0.0
    gradient_norm: float = 0.0
    accepted: bool = True
    trials: int = 1
    rate: float = 1.0
    message: str = ""
    step: Any = field(repr=False, compare=False, default=None)


@dataclass
class OptimizeResult(Mapping[str, Any]):
    """What ``least_squares`` and ``minimize`` return; the names are scipy's.

    As there, ``result["x"]`` is the same as ``result.x``, and ``keys()``, ``items()`` and ``in`` are those of a dict.

    Attributes:
        x: the parameters, built like ``x0``.
        fun: the residuals at ``x``, or the value of the function.
        jac: the Jacobian of the residuals at ``x``, of shape (m, n), or the gradient, built like ``x``; ``None`` for
            methods that do without.
        cost: ½ Σ r² for least squares, else the value of the function.
        grad: the gradient Jᵀr as a vector (least squares), else the gradient as a vector, or ``None``.
        optimality: its largest number, or NaN.
        nit, nfev, njev, nhev: how many iterations were made, and evaluations of the function, of its first
            derivatives and of its second ones (matrices, or products with a vector).
        status: why the search ended; above 0 where it converged.
        message: the same in words.
        success: whether it converged.
        history: a ``StepReport`` for each iteration.

    >>> import optim
    >>> optim.minimize(lambda x: ((x - 3.0) ** 2).sum(), [0.0]).x
    array([3.])
    """

    x: Any
    fun: Any
    jac: Any
    cost: float
    grad: Any
    optimality: float
    nit: int
    nfev: int
    njev: int
    nhev: int
    status: int
    message: str
    success: bool
    history: list[StepReport] = field(repr=False, default_factory=list)

    def __getitem__(self, name: str) -> Any:
        if name not in [*self]:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return (entry.name for entry in fields(self))

    def __len__(self) -> int:
        return len(fields(self))
