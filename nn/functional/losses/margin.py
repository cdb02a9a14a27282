"""Losses that want a distance or a score to be larger than another by a margin, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core import Tensor, special
from autograd_core.errors import explain
from autograd_core.functions import clip, minimum, relu, take_along_axis, where
from autograd_core.functions import mean as _mean
from autograd_core.functions import sum as _sum
from autograd_core.transforms.examples import for_each_example

from ...sizes import as_number
from ..distances import pairwise_distance
from .classification import logistic
from .shared import (
    as_factors,
    as_indices,
    as_pair,
    as_target,
    as_values,
    check_classes,
    check_integers,
    check_positive,
    check_signs,
    class_error,
    reduce_loss,
    same_shape,
)

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


def _hinge(x: Any) -> Any:
    """max(x, 0), with derivative 1 at 0, as PyTorch has it in these losses."""
    return clip(x, 0.0, None)


# -- pairs ------------------------------------------------------------------------------------------------


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Any, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """max(0, margin − y (x1 − x2)): x1 is to be larger than x2 for y = 1, smaller for y = −1.

    Gradient: −y with respect to x1 and y with respect to x2 where the loss is not below 0.

    Args:
        input1, input2: scores of the same shape.
        target: 1 or −1 for each pair.
        margin: by how much.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A Tensor of shape (), or of the inputs' shape for ``"none"``.

    Raises:
        ValueError: if the shapes differ, or a target is neither 1 nor −1.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.margin_ranking_loss(ag.tensor([2.0, 0.5]), ag.tensor([1.0, 1.0]), [1, 1], margin=0.5)
    tensor(0.5)
    """
    input1, input2 = as_pair("margin_ranking_loss", input1, input2)
    target = as_target(target, input1)
    same_shape("margin_ranking_loss", input1, target)
    check_signs("margin_ranking_loss", target)
    margin = as_number("margin_ranking_loss", "margin", margin)
    return reduce_loss(_hinge(target * (input2 - input1) + margin), reduction, "margin_ranking_loss")


def hinge_embedding_loss(input: Tensor, target: Any, margin: float = 1.0, reduction: str = "mean") -> Tensor:
    """x for y = 1, and max(0, margin − x) for y = −1: distances of what is alike and of what is not.

    Gradient: 1 for y = 1, and −1 for y = −1 where x ≤ margin.

    Args:
        input: distances of any shape.
        target: 1 or −1 for each of them.
        margin: how far apart different things are to be.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A Tensor of shape (), or of the input's shape for ``"none"``.

    Raises:
        ValueError: if the shapes differ, or a target is neither 1 nor −1.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.hinge_embedding_loss(ag.tensor([0.25, 0.25, 2.0]), [1, -1, -1], reduction="none")
    tensor([0.25, 0.75, 0.  ])
    """
    input, target = as_pair("hinge_embedding_loss", input, target)
    check_signs("hinge_embedding_loss", target)
    loss = where(target == 1, input, _hinge(as_number("hinge_embedding_loss", "margin", margin) - input))
    return reduce_loss(loss, reduction, "hinge_embedding_loss")


def soft_margin_loss(input: Tensor, target: Any, reduction: str = "mean") -> Tensor:
    """ln(1 + exp(−y x)) for targets y = ±1, without overflow.

    Gradient: −y σ(−y x).

    Args:
        input: scores of any shape.
        target: 1 or −1 for each of them.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A Tensor of shape (), or of the input's shape for ``"none"``.

    Raises:
        ValueError: if the shapes differ, or a target is neither 1 nor −1.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.soft_margin_loss(ag.tensor([0.0, 1000.0]), [1, -1], reduction="none")
    tensor([6.9315e-01, 1.0000e+03])
    """
    input, target = as_pair("soft_margin_loss", input, target)
    check_signs("soft_margin_loss", target)
    return reduce_loss(special.softplus(-target * input), reduction, "soft_margin_loss")


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Any, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """1 − cos(x1, x2) for y = 1, and max(0, cos(x1, x2) − margin) for y = −1.

    The cosine is x1 · x2 / √((‖x1‖² + ε)(‖x2‖² + ε)) with ε = 1e-12, so that it is 0 for a vector of zeros.

    Args:
        input1, input2: shape (N, D) or (D,).
        target: 1 or −1, shape (N,) or ().
        margin: the cosine that different vectors may have, from −1 to 1.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A Tensor of shape (), or of the target's shape for ``"none"``.

    Raises:
        ValueError: for shapes that do not belong together, or a target that is neither 1 nor −1.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.cosine_embedding_loss(ag.tensor([[1.0, 0.0]]), ag.tensor([[1.0, 1.0]]), [-1])
    tensor(0.7071)
    """
    input1, input2 = as_pair("cosine_embedding_loss", input1, input2)
    target = as_target(target, input1)
    if input1.ndim not in (1, 2) or target.shape != input1.shape[:-1]:
        raise ValueError(
            explain(
                "cosine_embedding_loss",
                expected="inputs of shape (N, D) and a target of shape (N,), or (D,) and ()",
                got=f"inputs of shape {input1.shape} and a target of shape {target.shape}",
                remedy="pass one vector per row, and one target for each row",
            )
        )
    check_signs("cosine_embedding_loss", target)
    squares1 = _sum(input1 * input1, axis=-1) + 1e-12
    squares2 = _sum(input2 * input2, axis=-1) + 1e-12
    cosine = _sum(input1 * input2, axis=-1) / np.sqrt(squares1 * squares2)
    loss = where(target == 1, 1 - cosine, _hinge(cosine - as_number("cosine_embedding_loss", "margin", margin)))
    return reduce_loss(loss, reduction, "cosine_embedding_loss")


# -- classes ----------------------------------------------------------------------------------------------


@for_each_example
def multi_margin_loss(
    input: Tensor, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """Σ over the wrong classes i of max(0, margin − x_y + x_i)^p / C: the right class y is to win by a margin.

    Args:
        input: scores of shape (N, C) or (C,).
        target: class indices of shape (N,) or ().
        p: 1 or 2.
        margin: by how much.
        weight: a factor per class, shape (C,), for the samples of that class.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A Tensor of shape (), or of the target's shape for ``"none"``.

    Raises:
        ValueError: for shapes that do not belong together, a class out of range, or another p.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.multi_margin_loss(ag.tensor([[0.5, 0.25, -2.0]]), [0])
    tensor(0.25)
    """
    check_power(p)
    input, target = as_values(input), as_indices(target)
    if input.ndim not in (1, 2) or target.shape != input.shape[:-1]:
        raise _class_shape_error("multi_margin_loss", input, target)
    classes = input.shape[-1]
    check_classes("multi_margin_loss", target, classes)
    right = np.expand_dims(target, -1)
    wrong = (np.arange(classes) != right).astype(input.dtype) * (1 / max(1, classes))
    if weight is not None:
        per_class = as_target(weight, input)
        if per_class.shape != (classes,):
            raise ValueError(
                explain(
                    "multi_margin_loss",
                    expected=f"a weight of shape {(classes,)}, one for each class",
                    got=f"shape {per_class.shape}",
                    remedy="pass one factor for each class",
                )
            )
        wrong = wrong * np.take(per_class, right)
    missing = relu(input - take_along_axis(input, right, axis=-1) + as_number("multi_margin_loss", "margin", margin))
    loss = _sum((missing if p == 1 else missing * missing) * wrong, axis=-1)
    return reduce_loss(loss, reduction, "multi_margin_loss")


def check_power(p: int) -> None:
    """Refuse powers other than 1 and 2."""
    if p not in (1, 2):
        raise ValueError(explain("multi_margin_loss", expected="p of 1 or 2", got=f"p={p}", remedy="pass one of them"))


def _class_shape_error(operation: str, input: Any, target: Any) -> ValueError:
    return ValueError(
        explain(
            operation,
            expected="an input of shape (N, C) and a target of shape (N,), or (C,) and ()",
            got=f"an input of shape {input.shape} and a target of shape {target.shape}",
            remedy="pass scores of all classes in one row per sample",
        )
    )


@for_each_example
def multilabel_margin_loss(input: Tensor, target: Any, reduction: str = "mean") -> Tensor:
    """Σ over right classes j and wrong classes i of max(0, 1 − x_j + x_i) / C.

    Args:
        input: scores of shape (N, C) or (C,).
        target: of the same shape: in each row the indices of the right classes, then −1; what stands after
            the first −1 does not count.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A Tensor of shape (), or (N,) for ``"none"``.

    Raises:
        ValueError: if the shapes differ, or a class is out of range.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.multilabel_margin_loss(ag.tensor([0.1, 0.2, 0.4, 0.8]), [3, 0, -1, 1])
    tensor(0.85)
    """
    input, target = as_values(input), as_indices(target)
    check_integers("multilabel_margin_loss", target)
    same_shape("multilabel_margin_loss", input, target)
    if input.ndim not in (1, 2):
        raise _class_shape_error("multilabel_margin_loss", input, target)
    classes = input.shape[-1]
    outside = (target < -1) | (target >= classes)
    if outside.any():
        raise class_error("multilabel_margin_loss", target[outside].flat[0], classes)
    counted = np.logical_and.accumulate(target >= 0, axis=-1)
    indices = np.where(counted, target, 0)
    is_right = (np.expand_dims(indices, -1) == np.arange(classes)) & np.expand_dims(counted, -1)  # (..., j, class)
    pairs = np.expand_dims(counted, -1) & ~np.expand_dims(is_right.any(axis=-2), -2)
    right = np.expand_dims(take_along_axis(input, indices, axis=-1), -1)
    missing = relu(1 - right + np.expand_dims(input, -2))
    loss = _sum(missing * (pairs.astype(input.dtype) * (1 / max(1, classes))), axis=(-2, -1))
    return reduce_loss(loss, reduction, "multilabel_margin_loss")


def multilabel_soft_margin_loss(input: Tensor, target: Any, weight: Any = None, reduction: str = "mean") -> Tensor:
    """Binary cross-entropy of σ(x) with the targets of several labels, averaged over the labels.

    Gradient: (σ(x) − y) / C for each sample.

    Args:
        input: logits of shape (..., C).
        target: 0 or 1 for every label, the same shape.
        weight: a factor per label, shape (C,).
        reduction: ``"mean"``, ``"sum"`` or ``"none"`` over the samples.

    Returns:
        A Tensor of shape (), or of the input's shape without its last axis for ``"none"``.

    Raises:
        ValueError: if the shapes differ; nothing is broadcast.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.multilabel_soft_margin_loss(ag.tensor([[0.0, 1000.0]]), [[1, 0]])
    tensor(500.3466)
    """
    input, target = as_pair("multilabel_soft_margin_loss", input, target)
    loss = logistic(input, target)
    if weight is not None:
        loss = loss * as_factors("multilabel_soft_margin_loss", "weight", weight, input)
    return reduce_loss(_mean(loss, axis=-1), reduction, "multilabel_soft_margin_loss")


# -- triplets -----------------------------------------------------------------------------------------------


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(a, p) − d(a, n) + margin): the anchor is to be nearer to what is like it than to what is not.

    d(x, y) is the p-norm of x − y + eps. With ``swap``, d(a, n) is the smaller of d(a, n) and d(p, n).

    Args:
        anchor, positive, negative: shape (N, D) or (D,), all the same.
        margin: by how much; above 0.
        p: which norm.
        eps: what is added to differences.
        swap: whether the positive may take the anchor's place.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A Tensor of shape (), or (N,) for ``"none"``.

    Raises:
        ValueError: if the shapes differ, or the margin is not positive.

    Source: Balntas, Riba, Ponsa, Mikolajczyk (2016), Learning local feature descriptors with triplets.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.triplet_margin_loss(ag.tensor([[0.0]]), ag.tensor([[1.0]]), ag.tensor([[1.5]]))
    tensor(0.5)
    """

    def distance(x: Any, y: Any) -> Any:
        return pairwise_distance(x, y, p, eps)

    return _triplet("triplet_margin_loss", anchor, positive, negative, distance, margin, swap, reduction)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """``triplet_margin_loss`` with any distance: max(0, d(a, p) − d(a, n) + margin).

    Args:
        anchor, positive, negative: inputs of the distance, all of the same shape.
        distance_function: gives the distances of two batches; ``pairwise_distance`` if left out.
        margin: by how much; above 0.
        swap: whether the positive may take the anchor's place, if it is nearer to the negative.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A Tensor of shape (), or of the shape of the distances for ``"none"``.

    Raises:
        ValueError: if the shapes differ, or the margin is not positive.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> a, p, n = ag.tensor([[0.0]]), ag.tensor([[1.0]]), ag.tensor([[1.5]])
    >>> F.triplet_margin_with_distance_loss(a, p, n, distance_function=lambda x, y: ((x - y) ** 2).sum(axis=-1))
    tensor(0.)
    """
    distance = pairwise_distance if distance_function is None else distance_function
    name = "triplet_margin_with_distance_loss"
    return _triplet(name, anchor, positive, negative, distance, margin, swap, reduction)


def _triplet(
    operation: str,
    anchor: Any,
    positive: Any,
    negative: Any,
    distance: Callable[[Any, Any], Any],
    margin: float,
    swap: bool,
    reduction: str,
) -> Any:
    check_positive(operation, "margin", margin)
    anchor = as_values(anchor)
    positive, negative = as_target(positive, anchor), as_target(negative, anchor)
    same_shape(operation, anchor, positive, "positive")
    same_shape(operation, anchor, negative, "negative")
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduce_loss(_hinge(near - far + as_number(operation, "margin", margin)), reduction, operation)
