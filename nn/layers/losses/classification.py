"""Losses of classifiers as modules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from ... import functional as F
from ...arguments import checked
from ...sizes import check_integer
from ...values import as_input, as_real
from ..linear import Linear
from .base import Loss, WeightedLoss, as_factors, check_one_axis

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CTCLoss",
    "CrossEntropyLoss",
    "LinearCrossEntropyLoss",
    "NLLLoss",
    "SigmoidLoss",
]


class BCELoss(WeightedLoss):
    """Cross-entropy of probabilities, see ``nn.functional.binary_cross_entropy``.

    Args:
        weight: a factor per entry.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    >>> import nn
    >>> nn.BCELoss()([0.5], [1.0])
    tensor(0.6931)
    """

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of probabilities against targets in [0, 1] of the same shape."""
        return F.binary_cross_entropy(as_real(input, self), target, self.weight, self.reduction)


class BCEWithLogitsLoss(WeightedLoss):
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
        super().__init__(weight, reduction)
        self.register_buffer("pos_weight", as_factors("BCEWithLogitsLoss", "pos_weight", pos_weight))

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of logits against targets in [0, 1] of the same shape."""
        return F.binary_cross_entropy_with_logits(
            as_real(input, self), target, self.weight, self.reduction, self.pos_weight
        )


class SigmoidLoss(Loss):
    """The softplus form of a sigmoid unit's loss, see ``nn.functional.sigmoid_loss``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    >>> import nn
    >>> nn.SigmoidLoss()([0.0], [1])
    tensor(0.6931)
    """

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of net inputs against targets 0 and 1 of the same shape."""
        return F.sigmoid_loss(as_real(input, self), target, self.reduction)


class NLLLoss(WeightedLoss):
    """Minus the log-probability of the right class, see ``nn.functional.nll_loss``.

    Args:
        weight: a factor per class.
        ignore_index: targets with this index contribute nothing.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    >>> import nn, numpy as np
    >>> nn.NLLLoss()(np.log([[0.5, 0.5], [0.25, 0.75]]), [0, 0])
    tensor(1.0397)
    """

    @checked
    def __init__(self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean") -> None:
        check_one_axis("NLLLoss", weight)
        super().__init__(weight, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of log-probabilities against class indices."""
        return F.nll_loss(as_real(input, self), target, self.weight, self.ignore_index, self.reduction)


class CrossEntropyLoss(WeightedLoss):
    """Cross-entropy of a softmax, see ``nn.functional.cross_entropy``.

    Args:
        weight: a factor per class.
        ignore_index: targets with this index contribute nothing.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        label_smoothing: the share of each target that is spread over all classes.

    Raises:
        ValueError: if ``label_smoothing`` is not in [0, 1].

    >>> import nn
    >>> nn.CrossEntropyLoss()([[2.0, 0.0], [0.0, 2.0]], [0, 1])
    tensor(0.1269)
    """

    @checked
    def __init__(
        self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
    ) -> None:
        check_one_axis("CrossEntropyLoss", weight)
        _check_smoothing("CrossEntropyLoss", label_smoothing)
        super().__init__(weight, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of logits against class indices or probabilities."""
        return F.cross_entropy(
            as_real(input, self), target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )


def _check_smoothing(owner: str, label_smoothing: float) -> None:
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(
            explain(owner, expected="label_smoothing in [0, 1]", got=str(label_smoothing), remedy="pass 0.1, say")
        )


def _places(out_features: Any) -> tuple[int, ...]:
    """The lengths of the axes of places, as integers."""
    given = out_features if isinstance(out_features, Sequence) and not isinstance(out_features, str) else None
    if given is None:
        raise TypeError(
            explain(
                "LinearCrossEntropyLoss",
                expected="out_features to be a tuple of integers",
                got=repr(out_features),
                remedy="pass (), or (5,) for five places",
            )
        )
    for length in given:
        check_integer("LinearCrossEntropyLoss", "out_features", length, least=1)
    return tuple(given)


class LinearCrossEntropyLoss(WeightedLoss):
    """A linear layer and the cross-entropy of its softmax, see ``nn.functional.linear_cross_entropy``.

    Args:
        in_features: length of the last axis of the input.
        num_classes: how many classes there are.
        out_features: the places at which there is a class each, (d1, ...).
        bias: whether the layer has a bias.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        weight: a factor per class.
        ignore_index: targets with this index contribute nothing; −100 if left out.
        label_smoothing: the share of each target that is spread over all classes.

    Attributes:
        linear: the layer, whose weight has shape (num_classes · d1 · ..., in_features).

    Raises:
        ValueError: if ``label_smoothing`` is not in [0, 1], or ``weight`` not of shape (num_classes,).

    >>> import nn
    >>> nn.LinearCrossEntropyLoss(3, 5)([[1.0, 2.0, 3.0]], [4]).shape
    ()
    """

    @checked
    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Any = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        _check_smoothing("LinearCrossEntropyLoss", label_smoothing)
        check_integer("LinearCrossEntropyLoss", "num_classes", num_classes, least=1)
        check_integer("LinearCrossEntropyLoss", "in_features", in_features, least=1)
        if weight is not None and np.shape(weight) != (num_classes,):
            raise ValueError(
                explain(
                    "LinearCrossEntropyLoss",
                    expected=f"a weight of shape {(num_classes,)}, one factor for each class",
                    got=f"shape {np.shape(weight)}",
                    remedy="pass one factor for each class",
                )
            )
        super().__init__(weight, reduction)
        self.num_classes = num_classes
        self.out_features = _places(out_features)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        rows = math.prod(self.out_features, start=num_classes)
        self.linear = Linear(in_features, rows, bias=bias, device=device, dtype=dtype)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of inputs against class indices or probabilities."""
        weight, bias = self.linear.weight, self.linear.bias
        if self.out_features:
            shape = (self.num_classes, *self.out_features)
            weight = np.reshape(weight, (*shape, self.linear.in_features))
            bias = None if bias is None else np.reshape(bias, shape)
        return F.linear_cross_entropy(
            as_input(input, self.linear.weight, self),
            weight,
            target,
            linear_bias=bias,
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
        )

    def extra_repr(self) -> str:
        """The arguments."""
        return f"num_classes={self.num_classes}, out_features={self.out_features}, reduction={self.reduction!r}"


class CTCLoss(Loss):
    """The loss of sequences that are not aligned with their targets, see ``nn.functional.ctc_loss``.

    Args:
        blank: the class that stands for no label.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        zero_infinity: whether the loss of a target that is too long for its input is replaced by 0.

    >>> import nn, numpy as np
    >>> nn.CTCLoss(reduction="sum")(np.log([[0.4, 0.6], [0.5, 0.5]]), [1], [2], [1])
    tensor(0.2231)
    """

    @checked
    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(self, log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any) -> Tensor:
        """The loss of log-probabilities of shape (T, N, C) against targets of shape (N, S)."""
        return F.ctc_loss(
            as_real(log_probs, self),
            targets,
            input_lengths,
            target_lengths,
            self.blank,
            self.reduction,
            self.zero_infinity,
        )

    def extra_repr(self) -> str:
        """The arguments."""
        return f"blank={self.blank}, reduction={self.reduction!r}, zero_infinity={self.zero_infinity}"
