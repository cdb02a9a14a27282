"""Losses of predicted numbers and distributions as modules."""

from __future__ import annotations

from typing import Any

from autograd_core import Tensor

from ... import functional as F
from ...arguments import check_at_least, checked
from ...functional.losses.shared import check_positive
from ...functional.shrinkage import check_not_negative
from ...module import Module
from ...values import as_real
from .base import Loss

__all__ = [
    "GaussianNLLLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "PoissonNLLLoss",
    "RMSELoss",
    "SmoothL1Loss",
    "SumSquaredLoss",
]


class MSELoss(Loss):
    """The squared error, see ``nn.functional.mse_loss``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    >>> import nn
    >>> nn.MSELoss()([1.0, 3.0], [0.0, 1.0])
    tensor(2.5)
    """

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of predictions against targets of the same shape."""
        return F.mse_loss(as_real(input, self), target, self.reduction)


class SumSquaredLoss(Loss):
    """Half of the sum of squares, ½ ‖x − y‖², see ``nn.functional.sum_squared_error``.

    Args:
        reduction: ``"sum"``; or ``"mean"`` or ``"none"`` of the terms.

    >>> import nn
    >>> nn.SumSquaredLoss()([1.0, 3.0], [0.0, 1.0])
    tensor(2.5)
    """

    def __init__(self, reduction: str = "sum") -> None:
        super().__init__(reduction)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of predictions against targets of the same shape."""
        return F.sum_squared_error(as_real(input, self), target, self.reduction)


class RMSELoss(Module):
    """The root of the mean squared error, see ``nn.functional.rmse_loss``. Its gradient at 0 is 0.

    >>> import nn
    >>> nn.RMSELoss()([1.0, 7.0], [0.0, 0.0])
    tensor(5.)
    """

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of predictions against targets of the same shape."""
        return F.rmse_loss(as_real(input, self), target)


class L1Loss(Loss):
    """The absolute error, see ``nn.functional.l1_loss``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    >>> import nn
    >>> nn.L1Loss()([1.0, 3.0], [0.0, 1.0])
    tensor(1.5)
    """

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of predictions against targets of the same shape."""
        return F.l1_loss(as_real(input, self), target, self.reduction)


class HuberLoss(Loss):
    """Squares near 0, straight lines farther out, see ``nn.functional.huber_loss``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        delta: where the parabola turns into a straight line; above 0.

    Raises:
        ValueError: if delta is not positive.

    >>> import nn
    >>> nn.HuberLoss()([1.0, 3.0], [0.5, 0.0])
    tensor(1.3125)
    """

    @checked
    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        check_positive("HuberLoss", "delta", delta)
        self.delta = delta

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of predictions against targets of the same shape."""
        return F.huber_loss(as_real(input, self), target, self.reduction, self.delta)

    def extra_repr(self) -> str:
        """Reduction and delta."""
        return f"reduction={self.reduction!r}, delta={self.delta}"


class SmoothL1Loss(Loss):
    """The Huber loss over beta, see ``nn.functional.smooth_l1_loss``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        beta: where the parabola turns into a straight line; 0 for the absolute error.

    Raises:
        ValueError: if beta is negative.

    >>> import nn
    >>> nn.SmoothL1Loss()([1.0, 3.0], [0.5, 0.0])
    tensor(1.3125)
    """

    @checked
    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        check_not_negative("SmoothL1Loss", "beta", beta)
        self.beta = beta

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of predictions against targets of the same shape."""
        return F.smooth_l1_loss(as_real(input, self), target, self.reduction, self.beta)

    def extra_repr(self) -> str:
        """Reduction and beta."""
        return f"reduction={self.reduction!r}, beta={self.beta}"


class PoissonNLLLoss(Loss):
    """Minus the log-likelihood of counts, see ``nn.functional.poisson_nll_loss``.

    Args:
        log_input: whether the input is the logarithm of the mean.
        full: whether to add Stirling's approximation of ln y!.
        eps: what keeps the logarithm finite, if ``log_input`` is false.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    >>> import nn
    >>> nn.PoissonNLLLoss()([0.0, 1.0], [1.0, 2.0])
    tensor(0.8591)
    """

    @checked
    def __init__(self, log_input: bool = True, full: bool = False, eps: float = 1e-8, reduction: str = "mean") -> None:
        super().__init__(reduction)
        check_at_least("PoissonNLLLoss", 0, eps=eps)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of predicted means, or their logarithms, against counts of the same shape."""
        return F.poisson_nll_loss(as_real(input, self), target, self.log_input, self.full, self.eps, self.reduction)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"log_input={self.log_input}, full={self.full}, eps={self.eps}, reduction={self.reduction!r}"


class GaussianNLLLoss(Loss):
    """Minus the log-likelihood of a normal distribution, see ``nn.functional.gaussian_nll_loss``.

    Args:
        full: whether to add the constant ½ ln 2π.
        eps: the smallest variance.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    >>> import nn
    >>> nn.GaussianNLLLoss()([1.0], [3.0], [4.0])
    tensor(1.1931)
    """

    @checked
    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction)
        check_at_least("GaussianNLLLoss", 0, eps=eps)
        self.full = full
        self.eps = eps

    def forward(self, input: Any, target: Any, var: Any) -> Tensor:
        """The loss of predicted means and variances against what was observed."""
        return F.gaussian_nll_loss(as_real(input, self), target, var, self.full, self.eps, self.reduction)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"full={self.full}, eps={self.eps}, reduction={self.reduction!r}"


class KLDivLoss(Loss):
    """The Kullback-Leibler divergence, see ``nn.functional.kl_div``.

    Args:
        reduction: ``"batchmean"`` for the divergence itself; ``"mean"``, ``"sum"`` or ``"none"``.
        log_target: whether the targets are logarithms.

    >>> import nn, numpy as np
    >>> nn.KLDivLoss(reduction="batchmean")(np.log([[0.5, 0.5]]), [[1.0, 0.0]])
    tensor(0.6931)
    """

    allowed = ("mean", "batchmean", "sum", "none")

    @checked
    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction)
        self.log_target = log_target

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of logarithms of probabilities against probabilities of the same shape."""
        return F.kl_div(as_real(input, self), target, self.reduction, self.log_target)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"reduction={self.reduction!r}, log_target={self.log_target}"
