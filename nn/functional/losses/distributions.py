"""Losses that are negative log-likelihoods, or distances between distributions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Tensor, special
from autograd_core.errors import explain
from autograd_core.functions import sum as _sum
from autograd_core.functions import where
from autograd_core.values import entries_of

from ...sizes import as_number
from ..clamping import raise_to
from .shared import as_pair, as_target, as_values, check_reduction, reduce_loss

__all__ = ["gaussian_nll_loss", "kl_div", "poisson_nll_loss"]


def poisson_nll_loss(
    input: Tensor,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-likelihood of counts y under a Poisson distribution whose mean is predicted.

    eˣ − y x with x the logarithm of the mean, or x − y ln(x + eps) with x the mean itself. Gradients:
    eˣ − y, and 1 − y / (x + eps).

    Args:
        input: predictions of any shape.
        target: counts of the same shape.
        log_input: whether the input is the logarithm of the mean.
        full: whether to add Stirling's approximation of ln y! for y > 1: y ln y − y + ½ ln(2πy).
        eps: what keeps the logarithm finite, if ``log_input`` is false.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A Tensor of shape (), or of the input's shape for ``"none"``.

    Raises:
        ValueError: if the shapes differ; nothing is broadcast.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.poisson_nll_loss(ag.tensor([0.0, 1.0]), [1.0, 2.0], reduction="none")
    tensor([1.    , 0.7183])
    """
    input, target = as_pair("poisson_nll_loss", input, target)
    loss = (
        np.exp(input) - target * input
        if log_input
        else input - target * np.log(input + as_number("poisson_nll_loss", "eps", eps))
    )
    if full:
        counts = where(target > 1, target, 1.0)
        stirling = counts * np.log(counts) - counts + 0.5 * np.log((2 * math.pi) * counts)
        loss = loss + where(target > 1, stirling, 0.0)
    return reduce_loss(loss, reduction, "poisson_nll_loss")


def gaussian_nll_loss(
    input: Tensor, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """Minus the log-likelihood of y under a normal distribution with predicted mean and variance.

    ½ (ln v + (x − y)² / v) with v = max(var, eps), and ½ ln 2π added if ``full``. Gradients: (x − y) / v
    with respect to the mean, ½ (1/v − (x − y)²/v²) with respect to the variance, below eps too.

    Args:
        input: predicted means of any shape.
        target: what was observed, of the same shape.
        var: predicted variances: the same shape, or with 1 in place of one axis, or without the last axis,
            or one number.
        full: whether to add the constant.
        eps: the smallest variance.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A Tensor of shape (), or of the input's shape for ``"none"``.

    Raises:
        ValueError: if the shapes do not belong together, or a variance is negative.

    Source: Nix, Weigend (1994), Estimating the mean and variance of the target probability distribution.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.gaussian_nll_loss(ag.tensor([1.0]), [3.0], [4.0])
    tensor(1.1931)
    """
    input, target = as_pair("gaussian_nll_loss", input, target)
    single = isinstance(var, int | float)
    var = as_target(var, input)
    if not single and var.shape != input.shape:
        if var.shape == input.shape[:-1]:
            var = np.expand_dims(var, -1)
        elif var.ndim != input.ndim or [v for v, n in zip(var.shape, input.shape, strict=True) if v != n] != [1]:
            raise ValueError(
                explain(
                    "gaussian_nll_loss",
                    expected=f"var of the input's shape {input.shape}, with one axis of length 1 or without the last",
                    got=f"shape {var.shape}",
                    remedy="predict one variance for each output, or one for each sample",
                )
            )
    values = entries_of(var.detach().numpy() if isinstance(var, Tensor) else var)
    if (values < 0).any():
        raise ValueError(
            explain(
                "gaussian_nll_loss",
                expected="variances that are not negative",
                got=f"{values.min()}",
                remedy="let the network's last unit be softplus or exp, say",
            )
        )
    check_reduction("gaussian_nll_loss", reduction)
    var = raise_to(var, as_number("gaussian_nll_loss", "eps", eps))
    loss = 0.5 * (np.log(var) + np.square(input - target) / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduce_loss(loss, reduction, "gaussian_nll_loss")


def kl_div(input: Tensor, target: Any, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """The Kullback-Leibler divergence y (ln y − x) of a predicted distribution, given as x = ln q, from y.

    Terms with y = 0 are 0. Gradient: −y with respect to ``input``.

    Args:
        input: logarithms of predicted probabilities, any shape.
        target: probabilities of the same shape, or their logarithms.
        reduction: ``"batchmean"`` for the sum over the number of rows, which is the divergence of the
            definition; ``"mean"`` for the mean of all entries; ``"sum"`` or ``"none"``.
        log_target: whether the targets are logarithms.

    Returns:
        A Tensor of shape (), or of the input's shape for ``"none"``.

    Raises:
        ValueError: if the shapes differ; nothing is broadcast.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.kl_div(ag.log(ag.tensor([[0.5, 0.5]])), [[1.0, 0.0]], reduction="batchmean")
    tensor(0.6931)
    """
    check_reduction("kl_div", reduction, ("mean", "batchmean", "sum", "none"))
    input, target = as_pair("kl_div", input, target)
    loss = np.exp(target) * (target - input) if log_target else special.xlogy(target, target) - target * input
    if reduction == "batchmean":
        return _sum(loss) / input.shape[0] if as_values(input).ndim else _sum(loss)
    return reduce_loss(loss, reduction, "kl_div")
