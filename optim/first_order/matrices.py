"""Optimizers that see a matrix of weights as a matrix: Adafactor, Muon, Shampoo."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_core.errors import explain

from ..checking import require, require_at_least_zero, require_choice
from ..optimizer import Group
from ..per_parameter import PerParameter

__all__ = ["Adafactor", "Muon", "Shampoo"]


class Adafactor(PerParameter):
    """Steps of adaptive size that remember of a matrix only the mean squares of its rows and columns.

    With gradient g in step t, 1 − β = t^τ (τ = ``beta2_decay``), and RMS(x) = ‖x‖/√n:

        α = max(ε₂, RMS(θ)) · min(η, 1/√t)
        θ ← (1 − ηλ) θ
        R ← β R + (1 − β) (mean of g² over the last axis)
        C ← β C + (1 − β) (mean of g² over the last axis but one),     V = R C / max(mean of R, ε₁)
        V ← β V + (1 − β) g²                         (parameters with one axis or none)
        u = g / max(√V, ε₁)
        θ ← θ − α u / max(1, RMS(u)/d)

    Args:
        params: Tensors, or parameter groups.
        lr: η, the largest relative step, and the rate of the weight decay.
        beta2_decay: τ.
        eps: (ε₁, ε₂); ``None`` for ε₁ is the precision of the parameter's dtype.
        d: the size beyond which an update is cut.
        weight_decay: λ.
        foreach: ignored (see ``Optimizer``).
        maximize: whether to ascend.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative rate, ε or decay, a positive τ, or d below 1.

    Source: Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost", 2018; ε₁ and η
    as in PyTorch.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor([[1.0, 1.0]], requires_grad=True)
    >>> optimizer = optim.Adafactor([x], lr=0.1)
    >>> table = (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([[0.9, 0.9]], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(lr=lr, beta2_decay=beta2_decay, eps=eps, d=d, weight_decay=weight_decay, maximize=maximize)
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        require("Adafactor", group, "beta2_decay", lambda decay: decay <= 0, "beta2_decay of at most 0")
        require(
            "Adafactor",
            group,
            "eps",
            lambda eps: len(eps) == 2 and (eps[0] is None or eps[0] >= 0) and eps[1] >= 0,
            "two eps of at least 0, the first of which may be None",
        )
        require("Adafactor", group, "d", lambda d: 1 <= d < math.inf, "d of at least 1")
        require_at_least_zero("Adafactor", group, "weight_decay")

    def start(self, group: Group, p: Any) -> dict[str, Any]:
        """Mean squares of rows and columns, or of every number."""
        if p.ndim < 2:
            return {"step": 0, "variance": np.zeros_like(p)}
        return {
            "step": 0,
            "row_var": np.zeros_like(p, shape=(*p.shape[:-1], 1)),
            "col_var": np.zeros_like(p, shape=(*p.shape[:-2], 1, p.shape[-1])),
        }

    def update(self, group: Group, state: dict[str, Any], p: Any, g: Any) -> None:
        """One step of Adafactor."""
        if not p.size:
            return
        t, lr = state["step"], group["lr"]
        tiny, smallest = group["eps"]
        tiny = float(np.finfo(p.dtype).eps) if tiny is None else tiny
        g = -g if group["maximize"] else g
        alpha = max(smallest, _rms(p)) * min(lr, 1 / math.sqrt(t))
        if group["weight_decay"]:
            p *= 1 - lr * group["weight_decay"]

        new, square = t ** group["beta2_decay"], g * g
        if p.ndim < 2:
            variance = state["variance"]
            variance += new * (square - variance)
        else:
            rows, columns = state["row_var"], state["col_var"]
            rows += new * (square.mean(axis=-1, keepdims=True) - rows)
            columns += new * (square.mean(axis=-2, keepdims=True) - columns)
            variance = rows * (columns / np.maximum(rows.mean(axis=-2, keepdims=True), tiny))
        u = g / np.sqrt(np.maximum(variance, tiny * tiny))
        p -= alpha / max(1.0, _rms(u) / group["d"]) * u


def _rms(x: Any) -> float:
    """The root of the mean square."""
    return float(np.linalg.norm(x)) / math.sqrt(x.size)


class Muon(PerParameter):
    """Momentum whose matrices are made orthogonal before the step. For matrices alone.

    With gradient g, momentum μ and weight decay λ:

        b ← μ b + (1 − μ) g
        u = μ b + (1 − μ) g           (u = b without Nesterov's momentum)
        θ ← (1 − ηλ) θ − η s O(u)

    O(u) makes the singular values of u nearly equal, by steps of Newton and Schulz from X = u/‖u‖ (transposed
    if it is tall): X ← aX + (bA + cA²) X with A = XXᵀ. The factor s is √max(1, rows/columns), or
    0.2 √max(rows, columns) with ``adjust_lr_fn="match_rms_adamw"``.

    PyTorch computes O(u) in bfloat16, with three digits; here it has the parameter's precision.

    Args:
        params: matrices, or parameter groups; the other parameters of a network go to another optimizer.
        lr: the learning rate η.
        weight_decay: λ.
        momentum: μ.
        nesterov: whether to look ahead.
        ns_coefficients: (a, b, c).
        eps: the least ‖u‖ that is divided by.
        ns_steps: how many steps of Newton and Schulz.
        adjust_lr_fn: ``"original"`` (also ``None``) or ``"match_rms_adamw"``.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a parameter that is no matrix, a negative rate, momentum or decay, another
            ``adjust_lr_fn``, or 100 steps of Newton and Schulz or more.

    Source: Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024; Liu et al., "Muon is
    scalable for LLM training", 2025, for the second factor.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor([[3.0, 0.0], [0.0, 4.0]], requires_grad=True)
    >>> optimizer = optim.Muon([x], lr=0.1, weight_decay=0.0)
    >>> table = (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.detach().numpy().round(1)
    array([[2.9, 0. ],
           [0. , 3.9]])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
        *,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(
            lr=lr,
            weight_decay=weight_decay,
            momentum=momentum,
            nesterov=nesterov,
            ns_coefficients=ns_coefficients,
            eps=eps,
            ns_steps=ns_steps,
            adjust_lr_fn=adjust_lr_fn,
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range, and for parameters that are no matrices."""
        super().check(group)
        require_at_least_zero("Muon", group, "momentum", "weight_decay", "eps")
        require_choice("Muon", "adjust_lr_fn", group["adjust_lr_fn"], (None, "original", "match_rms_adamw"))
        require("Muon", group, "ns_steps", lambda steps: 0 <= steps < 100, "fewer than 100 steps")
        require("Muon", group, "ns_coefficients", lambda abc: len(abc) == 3, "three coefficients")
        for parameter in group["params"]:
            if parameter.ndim != 2:
                raise ValueError(
                    explain(
                        "Muon",
                        expected="matrices",
                        got=f"a parameter of shape {parameter.shape}",
                        remedy="give biases and other parameters to AdamW, say",
                    )
                )

    def start(self, group: Group, p: Any) -> dict[str, Any]:
        """The momentum."""
        return {"momentum_buffer": np.zeros_like(p)}

    def update(self, group: Group, state: dict[str, Any], p: Any, g: Any) -> None:
        """One step of Muon."""
        momentum, b = group["momentum"], state["momentum_buffer"]
        b += (1 - momentum) * (g - b)
        u = g + momentum * (b - g) if group["nesterov"] else b
        u = orthogonalized(u, group["ns_coefficients"], group["ns_steps"], group["eps"])
        rows, columns = p.shape
        if group["adjust_lr_fn"] == "match_rms_adamw":
            factor = 0.2 * math.sqrt(max(rows, columns))
        else:
            factor = math.sqrt(max(1, rows / columns))
        p *= 1 - group["lr"] * group["weight_decay"]
        p -= group["lr"] * factor * u


def orthogonalized(u: Any, coefficients: tuple[float, float, float], steps: int, eps: float) -> Any:
    """O(u) of ``Muon``: nearly the orthogonal factor of u, by steps of Newton and Schulz."""
    a, b, c = coefficients
    x = u.T if u.shape[0] > u.shape[1] else u
    x = x / max(float(np.linalg.norm(x)), eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.T if u.shape[0] > u.shape[1] else x


class Shampoo(PerParameter):
    """Gradients multiplied, along every axis, by a root of the inverse of their second moments.

    For a parameter with k axes, gradient g (plus λθ for weight decay λ), and its unfolding gᵢ along axis i (a
    matrix whose rows belong to that axis):

        Hᵢ ← Hᵢ + gᵢ gᵢᵀ                       (Hᵢ = εI at the start)
        u = g ×₁ H₁^(−1/2k) ×₂ H₂^(−1/2k) …    (×ᵢ: product along axis i)
        b ← μ b + u,     θ ← θ − η b

    The memory for Hᵢ grows with the square of the axis' length.

    Args:
        params: Tensors, or parameter groups.
        lr: the learning rate η.
        momentum: μ.
        weight_decay: λ.
        eps: ε.
        update_freq: after how many steps the roots are computed anew.
        maximize: whether to ascend.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for gradients with NaN or infinity.

    Raises:
        ValueError: for a negative rate, momentum or decay, ε of 0, or ``update_freq`` below 1.

    Source: Gupta, Koren, Singer, "Shampoo: preconditioned stochastic tensor optimization", 2018, algorithm 2.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor([[3.0, 0.0], [0.0, 4.0]], requires_grad=True)
    >>> optimizer = optim.Shampoo([x], lr=0.1)
    >>> table = (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.detach().numpy().round(4)
    array([[2.9, 0. ],
           [0. , 3.9]])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.1,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        eps: float = 1e-4,
        update_freq: int = 1,
        *,
        maximize: bool = False,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(
            lr=lr,
            momentum=momentum,
            weight_decay=weight_decay,
            eps=eps,
            update_freq=update_freq,
            maximize=maximize,
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        require_at_least_zero("Shampoo", group, "momentum", "weight_decay")
        require("Shampoo", group, "eps", lambda eps: 0 < eps < math.inf, "eps above 0")
        require("Shampoo", group, "update_freq", lambda steps: steps >= 1, "update_freq of at least 1")

    def start(self, group: Group, p: Any) -> dict[str, Any]:
        """Second moments and their roots for every axis; the momentum."""
        state: dict[str, Any] = {"step": 0, "momentum_buffer": np.zeros_like(p)}
        for axis, size in enumerate(p.shape or (1,)):
            state[f"precond_{axis}"] = group["eps"] * np.eye(size, dtype=p.dtype)
            state[f"inv_precond_{axis}"] = np.zeros_like(p, shape=(size, size))
        return state

    def update(self, group: Group, state: dict[str, Any], p: Any, g: Any) -> None:
        """One step of Shampoo."""
        g = -g if group["maximize"] else g
        g = np.atleast_1d(g + group["weight_decay"] * p)
        u, order = g, g.ndim
        for axis, size in enumerate(g.shape):
            unfolded = np.moveaxis(g, axis, 0).reshape(size, -1)
            moments = state[f"precond_{axis}"]
            moments += unfolded @ unfolded.T
            if (state["step"] - 1) % group["update_freq"] == 0:
                state[f"inv_precond_{axis}"][...] = inverse_root(moments, 2 * order, group["eps"])
            u = np.moveaxis(np.tensordot(state[f"inv_precond_{axis}"], u, axes=(1, axis)), 0, axis)
        b = state["momentum_buffer"]
        b *= group["momentum"]
        b += u.reshape(p.shape)
        p -= group["lr"] * b


def inverse_root(matrix: Any, order: int, least: float) -> Any:
    """H^(−1/order) of a symmetric matrix whose eigenvalues are at least ``least``, by its eigenvectors."""
    values, vectors = np.linalg.eigh(matrix)
    values = np.maximum(values, least) ** (-1 / order)
    return (vectors * values) @ vectors.T
