"""Losses as modules."""

from __future__ import annotations

from typing import Any

from autograd_core import Tensor

from .. import functional as F
from ..module import Module
from ..values import as_tensor

__all__ = ["BCEWithLogitsLoss", "CrossEntropyLoss", "MSELoss"]


class _Loss(Module):
    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def extra_repr(self) -> str:
        return f"reduction={self.reduction!r}"


class MSELoss(_Loss):
    """The squared error, see ``nn.functional.mse_loss``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    >>> import nn
    >>> nn.MSELoss()([1.0, 3.0], [0.0, 1.0])
    tensor(2.5)
    """

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of predictions against targets of the same shape."""
        return F.mse_loss(as_tensor(input), target, self.reduction)


class BCEWithLogitsLoss(_Loss):
    """Cross-entropy of a sigmoid, see ``nn.functional.binary_cross_entropy_with_logits``.

    Args:
        weight: a factor per entry.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        pos_weight: a factor of the positive term.

    >>> import nn
    >>> nn.BCEWithLogitsLoss()([0.0], [1.0])
    tensor(0.6931)
    """

    def __init__(self, weight: Any = None, reduction: str = "mean", pos_weight: Any = None) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of logits against targets in [0, 1] of the same shape."""
        return F.binary_cross_entropy_with_logits(
            as_tensor(input), target, self.weight, self.reduction, self.pos_weight
        )


class CrossEntropyLoss(_Loss):
    """Cross-entropy of a softmax, see ``nn.functional.cross_entropy``.

    Args:
        weight: a factor per class.
        ignore_index: targets with this index contribute nothing.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        label_smoothing: the share of each target that is spread over all classes.

    >>> import nn
    >>> nn.CrossEntropyLoss()([[2.0, 0.0], [0.0, 2.0]], [0, 1])
    tensor(0.1269)
    """

    def __init__(
        self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of logits against class indices or probabilities."""
        return F.cross_entropy(
            as_tensor(input), target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )
