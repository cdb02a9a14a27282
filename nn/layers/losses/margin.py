"""Losses with a margin as modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_core import Tensor

from ... import functional as F
from ...arguments import check_module, checked
from ...functional.losses.margin import check_power
from ...functional.losses.shared import check_positive
from ...values import as_real
from .base import Loss, WeightedLoss, check_one_axis

__all__ = [
    "CosineEmbeddingLoss",
    "HingeEmbeddingLoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class _MarginLoss(Loss):
    @checked
    def __init__(self, margin: float, reduction: str) -> None:
        super().__init__(reduction)
        self.margin = margin

    def extra_repr(self) -> str:
        """Margin and reduction."""
        return f"margin={self.margin}, reduction={self.reduction!r}"


class MarginRankingLoss(_MarginLoss):
    """One score is to be larger than another, see ``nn.functional.margin_ranking_loss``.

    Args:
        margin: by how much.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    >>> import nn
    >>> nn.MarginRankingLoss(0.5)([2.0, 0.5], [1.0, 1.0], [1, 1])
    tensor(0.5)
    """

    @checked
    def __init__(self, margin: float = 0.0, reduction: str = "mean") -> None:
        super().__init__(margin, reduction)

    def forward(self, input1: Any, input2: Any, target: Any) -> Tensor:
        """The loss of pairs of scores against targets 1 and −1."""
        return F.margin_ranking_loss(as_real(input1, self), as_real(input2, self), target, self.margin, self.reduction)


class HingeEmbeddingLoss(_MarginLoss):
    """Distances of what is alike and of what is not, see ``nn.functional.hinge_embedding_loss``.

    Args:
        margin: how far apart different things are to be.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    >>> import nn
    >>> nn.HingeEmbeddingLoss()([0.25, 0.25], [1, -1])
    tensor(0.5)
    """

    @checked
    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(margin, reduction)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of distances against targets 1 and −1."""
        return F.hinge_embedding_loss(as_real(input, self), target, self.margin, self.reduction)


class SoftMarginLoss(Loss):
    """ln(1 + exp(−y x)), see ``nn.functional.soft_margin_loss``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    >>> import nn
    >>> nn.SoftMarginLoss()([0.0], [1])
    tensor(0.6931)
    """

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of scores against targets 1 and −1."""
        return F.soft_margin_loss(as_real(input, self), target, self.reduction)


class CosineEmbeddingLoss(_MarginLoss):
    """Angles of what is alike and of what is not, see ``nn.functional.cosine_embedding_loss``.

    Args:
        margin: the cosine that different vectors may have.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    >>> import nn
    >>> nn.CosineEmbeddingLoss()([[1.0, 0.0]], [[1.0, 1.0]], [-1])
    tensor(0.7071)
    """

    @checked
    def __init__(self, margin: float = 0.0, reduction: str = "mean") -> None:
        super().__init__(margin, reduction)

    def forward(self, input1: Any, input2: Any, target: Any) -> Tensor:
        """The loss of pairs of vectors against targets 1 and −1."""
        first, second = as_real(input1, self), as_real(input2, self)
        return F.cosine_embedding_loss(first, second, target, self.margin, self.reduction)


class MultiMarginLoss(WeightedLoss):
    """The right class is to win by a margin, see ``nn.functional.multi_margin_loss``.

    Args:
        p: 1 or 2.
        margin: by how much.
        weight: a factor per class.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Raises:
        ValueError: for another p, or a weight that is not a vector.

    >>> import nn
    >>> nn.MultiMarginLoss()([[0.5, 0.25, -2.0]], [0])
    tensor(0.25)
    """

    @checked
    def __init__(self, p: int = 1, margin: float = 1.0, weight: Any = None, reduction: str = "mean") -> None:
        check_power(p)
        check_one_axis("MultiMarginLoss", weight)
        super().__init__(weight, reduction)
        self.p = p
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of scores against class indices."""
        return F.multi_margin_loss(as_real(input, self), target, self.p, self.margin, self.weight, self.reduction)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"p={self.p}, margin={self.margin}, reduction={self.reduction!r}"


class MultiLabelMarginLoss(Loss):
    """All right classes are to win over all wrong ones, see ``nn.functional.multilabel_margin_loss``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    >>> import nn
    >>> nn.MultiLabelMarginLoss()([0.1, 0.2, 0.4, 0.8], [3, 0, -1, 1])
    tensor(0.85)
    """

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of scores against rows of class indices that end with −1."""
        return F.multilabel_margin_loss(as_real(input, self), target, self.reduction)


class MultiLabelSoftMarginLoss(WeightedLoss):
    """Binary cross-entropy averaged over labels, see ``nn.functional.multilabel_soft_margin_loss``.

    Args:
        weight: a factor per label.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    >>> import nn
    >>> nn.MultiLabelSoftMarginLoss()([[0.0, 0.0]], [[1, 0]])
    tensor(0.6931)
    """

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of logits against targets 0 and 1."""
        return F.multilabel_soft_margin_loss(as_real(input, self), target, self.weight, self.reduction)


class TripletMarginLoss(_MarginLoss):
    """An anchor is to be nearer to what is like it, see ``nn.functional.triplet_margin_loss``.

    Args:
        margin: by how much; above 0.
        p: which norm.
        eps: what is added to differences.
        swap: whether the positive may take the anchor's place.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Raises:
        ValueError: if the margin is not positive.

    >>> import nn
    >>> nn.TripletMarginLoss()([[0.0]], [[1.0]], [[1.5]])
    tensor(0.5)
    """

    @checked
    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, reduction: str = "mean"
    ) -> None:
        check_positive("TripletMarginLoss", "margin", margin)
        super().__init__(margin, reduction)
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Tensor:
        """The loss of three batches of vectors."""
        return F.triplet_margin_loss(
            as_real(anchor, self), positive, negative, self.margin, self.p, self.eps, self.swap, self.reduction
        )


class TripletMarginWithDistanceLoss(_MarginLoss):
    """The same with any distance, see ``nn.functional.triplet_margin_with_distance_loss``.

    Args:
        distance_function: gives the distances of two batches; ``PairwiseDistance()`` if left out.
        margin: by how much; above 0.
        swap: whether the positive may take the anchor's place.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Raises:
        ValueError: if the margin is not positive.

    >>> import nn
    >>> loss = nn.TripletMarginWithDistanceLoss(distance_function=nn.PairwiseDistance(p=1.0))
    >>> loss([[0.0]], [[1.0]], [[1.5]])
    tensor(0.5)
    """

    @checked
    def __init__(
        self,
        *,
        distance_function: Callable[[Any, Any], Any] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        check_positive("TripletMarginWithDistanceLoss", "margin", margin)
        check_module("TripletMarginWithDistanceLoss", "distance_function", distance_function, none=True)
        super().__init__(margin, reduction)
        self.distance_function = F.pairwise_distance if distance_function is None else distance_function
        self.swap = swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Tensor:
        """The loss of three batches."""
        return F.triplet_margin_with_distance_loss(
            as_real(anchor, self),
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )
