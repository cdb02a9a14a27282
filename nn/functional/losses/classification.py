"""Losses of classifiers: cross-entropies, from probabilities and, better, from logits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Tensor, special
from autograd_core.errors import explain
from autograd_core.functions import maximum, take_along_axis
from autograd_core.functions import sum as _sum
from autograd_core.ops.gathering import scatter_along
from autograd_core.primitive import define
from autograd_core.transforms.examples import for_each_example
from autograd_core.values import entries_of

from ...explicit import wants_parts
from ...sizes import check_integer, check_number
from ..linear import linear
from ..softmaxes import log_softmax
from .shared import (
    as_factors,
    as_indices,
    as_pair,
    as_target,
    as_values,
    check_integers,
    check_reduction,
    class_error,
    reduce_loss,
)

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "linear_cross_entropy",
    "nll_loss",
    "sigmoid_loss",
]

# -- two classes, or several labels at once --------------------------------------------------------------


def _bounded_logs(x: Any) -> tuple[Any, Any]:
    """ln x and ln(1 − x), at least −100."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(x), -100.0), np.maximum(np.log1p(-x), -100.0)


def _binary_cross_entropy(x: Any, y: Any) -> Any:
    log_x, log_rest = _bounded_logs(x)
    return (y - 1) * log_rest - y * log_x


def _binary_cross_entropy_target_rule(g: Any, out: Any, x: Any, y: Any) -> Any:
    log_x, log_rest = _bounded_logs(x)
    return g * (log_rest - log_x)


_bce = define(
    "binary_cross_entropy",
    _binary_cross_entropy,
    lambda g, out, x, y: g * (x - y) / np.maximum(x * (1 - x), 1e-12),
    _binary_cross_entropy_target_rule,
    formulas=("({a} − {b})/({a}·(1 − {a}))", "ln(1 − {a}) − ln {a}"),
    symbol="BCE",
    elementwise=True,
)


def binary_cross_entropy(input: Tensor, target: Any, weight: Any = None, reduction: str = "mean") -> Tensor:
    """Cross-entropy −y ln x − (1 − y) ln(1 − x) of probabilities x against targets y in [0, 1].

    Logarithms are taken to be at least −100, so that the loss is finite. Gradient: (x − y) / (x (1 − x)),
    with a denominator of at least 1e-12. Prefer ``binary_cross_entropy_with_logits``, which loses nothing.

    Args:
        input: probabilities of any shape.
        target: targets of the same shape.
        weight: a factor per entry that broadcasts to the input's shape.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A Tensor of shape (), or of the input's shape for ``"none"``.

    Raises:
        ValueError: if the shapes of input and target differ, or an input is not in [0, 1].

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.binary_cross_entropy(ag.tensor([0.5, 0.0]), [1.0, 1.0], reduction="none")
    tensor([  0.6931, 100.    ])
    """
    input, target = as_pair("binary_cross_entropy", input, target)
    values = entries_of(input.detach().numpy() if isinstance(input, Tensor) else input)
    outside = ~((values >= 0) & (values <= 1))
    if outside.any():
        raise ValueError(
            explain(
                "binary_cross_entropy",
                expected="probabilities in [0, 1]",
                got=f"{values[outside].flat[0]}",
                remedy="end the network with a sigmoid, or pass its logits to binary_cross_entropy_with_logits",
            )
        )
    if wants_parts():
        loss = -(target * maximum(np.log(input), -100.0) + (1 - target) * maximum(np.log1p(-input), -100.0))
    else:
        loss = _bce(input, target)
    return _times_weight(loss, weight, reduction, "binary_cross_entropy")


def _times_weight(loss: Any, weight: Any, reduction: str, operation: str) -> Any:
    if weight is not None:
        loss = loss * as_factors(operation, "weight", weight, loss)
    return reduce_loss(loss, reduction, operation)


def _expit(x: Any) -> Any:
    # tanh saturates without overflow, so this is stable for every x.
    return 0.5 * np.tanh(0.5 * x) + 0.5


logistic_loss = define(
    "logistic_loss",
    lambda x, y: np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x))),
    lambda g, out, x, y: g * (_expit(x) - y),
    lambda g, out, x, y: -g * x,
    formulas=("σ({a}) − {b}", "−{a}"),
    symbol="BCE(σ)",
    elementwise=True,
)


def logistic(x: Any, y: Any) -> Any:
    """The cross-entropy of σ(x) against y for every entry."""
    if wants_parts():
        return maximum(x, 0) - x * y + np.log1p(np.exp(-np.absolute(x)))
    return logistic_loss(x, y)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Any,
    weight: Any = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Tensor:
    """Cross-entropy of sigmoid(x) against targets y in [0, 1], stable for all x.

    -y log σ(x) - (1 - y) log(1 - σ(x)) = max(x, 0) - x y + log(1 + exp(-|x|)), with derivative
    σ(x) - y. With ``pos_weight`` p the first term is multiplied by p.

    Args:
        input: logits of any shape.
        target: targets of the same shape.
        weight: a factor per entry that broadcasts to the input's shape.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        pos_weight: a factor of the positive term, broadcast to the input's shape.

    Returns:
        A Tensor of shape (), or of the input's shape for ``"none"``.

    Raises:
        ValueError: if the shapes of input and target differ; nothing is broadcast.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.binary_cross_entropy_with_logits(ag.tensor([0.0, 1000.0]), [1.0, 1.0])
    tensor(0.3466)
    """
    input, target = as_pair("binary_cross_entropy_with_logits", input, target)
    if pos_weight is None:
        loss = logistic(input, target)
    else:
        # p y ζ(−x) + (1 − y) ζ(x) with the softplus ζ, where ζ(x) = x + ζ(−x).
        factors = as_factors("binary_cross_entropy_with_logits", "pos_weight", pos_weight, input)
        positive = 1 + (factors - 1) * target
        loss = (1 - target) * input + positive * special.softplus(-input)
    return _times_weight(loss, weight, reduction, "binary_cross_entropy_with_logits")


def sigmoid_loss(input: Tensor, target: Any, reduction: str = "mean") -> Tensor:
    """−ln σ((2y − 1) z) = ζ((1 − 2y) z) with the softplus ζ: the loss of a sigmoid unit, from its net input z.

    It is the binary cross-entropy of σ(z) for targets 0 and 1, and saturates only where the answer is right.
    Gradient: σ(z) − y.

    Args:
        input: net inputs z (logits) of any shape.
        target: 0 or 1 for each of them.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A Tensor of shape (), or of the input's shape for ``"none"``.

    Raises:
        ValueError: if the shapes differ; nothing is broadcast.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.sigmoid_loss(ag.tensor([0.0, 1000.0, 1000.0]), [1, 1, 0], reduction="none")
    tensor([6.9315e-01, 0.0000e+00, 1.0000e+03])
    """
    input, target = as_pair("sigmoid_loss", input, target)
    return reduce_loss(special.softplus((1 - 2 * target) * input), reduction, "sigmoid_loss")


# -- several classes, of log-probabilities -----------------------------------------------------------------


def _pick(x: Any, y: Any, axis: int) -> Any:
    """The entries of ``x`` at the classes ``y``, which lack ``axis``."""
    return np.squeeze(take_along_axis(x, np.expand_dims(y, axis), axis=axis), axis=axis)


def _nll_rule(g: Any, out: Any, x: Any, y: Any, factors: Any, axis: int) -> Any:
    spread = np.expand_dims(-g * factors, axis)
    return scatter_along(spread, np.expand_dims(y, axis), shape=x.shape, axis=axis, unique=True)


_nll = define(
    "negative_log_likelihood",
    lambda x, y, factors, axis: -_pick(x, y, axis) * factors,
    _nll_rule,
    None,
    None,
    formulas="−{c} where {a} is taken",
    symbol="−log p",
)


def _class_axis(operation: str, input: Any, target: Any) -> int:
    """The axis of the classes, after checking that input and class indices belong together."""
    axis = 0 if input.ndim == 1 else 1
    expected = input.shape[:axis] + input.shape[axis + 1 :]
    if input.ndim == 0 or target.shape != expected:
        raise ValueError(
            explain(
                operation,
                expected=f"class indices of shape {expected}"
                + (f", or probabilities of shape {input.shape}" if operation == "cross_entropy" else ""),
                got=f"a target of shape {target.shape}",
                remedy="pass an input of shape (N, C) and class indices of shape (N,)",
            )
        )
    return axis


def _all_are_classes(operation: str, target: Any, classes: int, ignore_index: int) -> bool:
    """Whether all targets are class indices; ``False`` if some are to be ignored."""
    check_integer(operation, "ignore_index", ignore_index)
    check_integers(operation, target, "class indices, or probabilities of the input's shape")
    outside = (target < 0) | (target >= classes)
    if not outside.any():
        return not (0 <= ignore_index < classes and (target == ignore_index).any())
    wrong = target[outside & (target != ignore_index)]
    if wrong.size:
        raise class_error(operation, wrong.flat[0], classes)
    return False


def _factors(operation: str, input: Any, target: Any, weight: Any, ignore_index: int, axis: int) -> tuple[Any, Any]:
    """Class indices with ignored ones replaced, and the weight of each, 0 if ignored."""
    kept = target != ignore_index
    classes = np.where(kept, target, 0)
    if weight is None:
        return classes, kept.astype(input.dtype)
    per_class = as_target(weight, input)
    per_class = per_class.numpy() if isinstance(per_class, Tensor) else per_class
    if per_class.shape != (input.shape[axis],):
        raise ValueError(
            explain(
                operation,
                expected=f"a weight of shape {(input.shape[axis],)}, one for each class",
                got=f"shape {per_class.shape}",
                remedy="pass one factor for each class",
            )
        )
    return classes, np.where(kept, per_class[classes], np.zeros((), dtype=input.dtype))


def _averaged(factors: Any) -> Any:
    """The factors divided by their sum; as they are where all are 0."""
    total = float(factors.sum())
    return factors * np.asarray(1 / total, dtype=factors.dtype) if total else factors


def _mean_of_some(loss: Any, factors: Any) -> Any:
    """The mean, which is NaN where nothing counts, as in PyTorch; the gradient is 0 then."""
    return loss if factors.any() else loss + math.nan


@for_each_example
def nll_loss(
    input: Tensor, target: Any, weight: Any = None, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """Minus the log-probability of the right class, −w_y x_y, averaged with weights w_y.

    Gradient: −w_y at the right class, 0 elsewhere (over the sum of the weights for the mean).

    Args:
        input: log-probabilities of shape (C,), (N, C) or (N, C, d1, ...), as ``log_softmax`` gives them.
        target: class indices of shape (), (N,) or (N, d1, ...).
        weight: a factor per class, shape (C,).
        ignore_index: targets with this index contribute nothing.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A Tensor of shape (), or of the target's shape for ``"none"``.

    Raises:
        ValueError: for shapes that do not belong together, or a class index out of range.
        TypeError: for class indices that are not integers.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.nll_loss(ag.log(ag.tensor([[0.5, 0.5], [0.25, 0.75]])), [0, 0])
    tensor(1.0397)
    """
    input, target = as_values(input), as_indices(target)
    axis = _class_axis("nll_loss", input, target)
    check_reduction("nll_loss", reduction)
    _all_are_classes("nll_loss", target, input.shape[axis], ignore_index)
    classes, factors = _factors("nll_loss", input, target, weight, ignore_index, axis)
    return _reduced_nll(input, classes, factors, axis, reduction)


def _reduced_nll(log_p: Any, classes: Any, factors: Any, axis: int, reduction: str) -> Any:
    if reduction == "mean":
        factors = _averaged(factors)
    loss = -_pick(log_p, classes, axis) * factors if wants_parts() else _nll(log_p, classes, factors, axis=axis)
    if reduction == "none":
        return loss
    return _mean_of_some(_sum(loss), factors) if reduction == "mean" else _sum(loss)


# -- several classes, of logits -------------------------------------------------------------------------------


# The ufuncs' own reductions, since np.max, np.sum and np.mean take longer to call than to compute on a small batch.

SHORT = 32  # the longest row of which this pays


def _row_maxima(x: Any) -> Any:
    """The largest entry of each row, as a column. Of short rows it is found several times as fast in the transpose."""
    if x.shape[1] > SHORT:
        return np.maximum.reduce(x, axis=1, keepdims=True)
    return np.maximum.reduce(x.T.copy(), axis=0)[:, None]


def _softmax_cross_entropy(x: Any, y: Any) -> Any:
    shifted = x - _row_maxima(x)
    chosen = shifted[np.arange(len(y)), y]
    return np.add.reduce(np.log(np.add.reduce(np.exp(shifted), axis=1)) - chosen) / len(y)


def _softmax_minus_one_hot(x: Any, y: Any, scale: Any) -> Any:
    """scale · (softmax(x) − onehot(y)), with one scale for all rows or one for each."""
    e = np.exp(x - _row_maxima(x))
    result = e * (scale / np.add.reduce(e, axis=1))[:, None]
    result[np.arange(len(y)), y] -= scale
    return result


_cross_entropy = define(
    "softmax_cross_entropy",
    _softmax_cross_entropy,
    lambda g, out, x, y: _softmax_minus_one_hot(x, y, g / len(y)),
    None,
    formulas=("(softmax({a}) − onehot({b}))/N",),
    symbol="softmax CE",
)


def _weighted_softmax_cross_entropy(x: Any, y: Any, factors: Any) -> Any:
    shifted = x - _row_maxima(x)
    chosen = shifted[np.arange(len(y)), y]
    return np.add.reduce((np.log(np.add.reduce(np.exp(shifted), axis=1)) - chosen) * factors)


_weighted_cross_entropy = define(
    "weighted_softmax_cross_entropy",
    _weighted_softmax_cross_entropy,
    lambda g, out, x, y, factors: _softmax_minus_one_hot(x, y, g * factors),
    None,
    None,
    formulas=("{c}·(softmax({a}) − onehot({b}))",),
    symbol="softmax CE",
)


@for_each_example
def cross_entropy(
    input: Tensor,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy of softmax(x) against class indices or probabilities.

    For class index y the loss is -w_y log softmax(x)_y, averaged with weights w_y; its gradient is
    (softmax(x) - onehot(y)) / N for unit weights. The mean over targets that are all ignored is NaN.

    Args:
        input: logits of shape (C,), (N, C) or (N, C, d1, ...).
        target: class indices of shape (), (N,) or (N, d1, ...), or probabilities of the input's shape.
        weight: a factor per class, shape (C,).
        ignore_index: targets with this index contribute nothing (class indices only).
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        label_smoothing: the share of each target that is spread over all classes, in [0, 1].

    Returns:
        A Tensor of shape (), or of the target's batch shape for ``"none"``.

    Raises:
        ValueError: for shapes that do not belong together, or a class index out of range.
        TypeError: for class indices that are not integers.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.cross_entropy(ag.tensor([[2.0, 0.0], [0.0, 2.0]]), [0, 1])
    tensor(0.1269)
    """
    input = as_values(input)
    target = target._data if isinstance(target, Tensor) and not target.requires_grad else target
    if not isinstance(target, Tensor):
        target = as_indices(target)
    if type(label_smoothing) is not float:
        check_number("cross_entropy", "label_smoothing", label_smoothing)
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(
            explain(
                "cross_entropy", expected="label_smoothing in [0, 1]", got=str(label_smoothing), remedy="pass 0.1, say"
            )
        )
    if target.shape == input.shape and input.ndim and target.dtype.kind in "fc":
        return _probability_cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)
    axis = _class_axis("cross_entropy", input, target)
    whole = _all_are_classes("cross_entropy", target, input.shape[axis], ignore_index)
    joint = input.ndim == 2 and label_smoothing == 0.0 and reduction != "none" and len(target) and not wants_parts()
    if joint and whole and weight is None and reduction == "mean":
        return _cross_entropy(input, target)
    check_reduction("cross_entropy", reduction)
    classes, factors = _factors("cross_entropy", input, target, weight, ignore_index, axis)
    if joint:
        if reduction == "sum":
            return _weighted_cross_entropy(input, classes, factors)
        return _mean_of_some(_weighted_cross_entropy(input, classes, _averaged(factors)), factors)
    log_p = log_softmax(input, axis)
    if not label_smoothing:
        return _reduced_nll(log_p, classes, factors, axis, reduction)
    return _smoothed(log_p, classes, factors, target != ignore_index, weight, axis, reduction, label_smoothing)


def _smoothed(
    log_p: Any, classes: Any, factors: Any, kept: Any, weight: Any, axis: int, reduction: str, smoothing: float
) -> Any:
    """Cross-entropy where every class gets an equal share of the target."""
    total = float(factors.sum()) if reduction == "mean" else 1.0
    scale = np.asarray(1 / total if total else 1, dtype=log_p.dtype)
    right = _reduced_nll(log_p, classes, factors * scale, axis, "none")
    all_classes = log_p if weight is None else log_p * _along(axis, weight, log_p)
    spread = _sum(all_classes, axis=axis) * (kept * scale)
    loss = (1.0 - smoothing) * right - (smoothing / log_p.shape[axis]) * spread
    if reduction == "none":
        return loss
    return _mean_of_some(_sum(loss), factors) if reduction == "mean" else _sum(loss)


def _along(axis: int, weight: Any, log_p: Any) -> Any:
    """A weight per class, in the shape that multiplies the axis of the classes."""
    return np.reshape(as_target(weight, log_p), tuple(-1 if i == axis else 1 for i in range(log_p.ndim)))


def _probability_cross_entropy(
    input: Any, target: Any, weight: Any, ignore_index: int, reduction: str, label_smoothing: float
) -> Any:
    if ignore_index >= 0:
        raise ValueError(
            explain(
                "cross_entropy",
                expected="class indices as targets, since ignore_index is given",
                got=f"probabilities of shape {target.shape} and ignore_index={ignore_index}",
                remedy="leave ignore_index out, or set the loss of such entries to 0 with reduction='none'",
            )
        )
    axis = 0 if input.ndim == 1 else 1
    target = as_target(target, input)
    if label_smoothing:
        target = target * (1.0 - label_smoothing) + label_smoothing / input.shape[axis]
    terms = log_softmax(input, axis) * target
    if weight is not None:
        terms = terms * _along(axis, weight, input)
    loss = -_sum(terms, axis=axis)
    if reduction == "mean":
        return _sum(loss) / max(1, math.prod(loss.shape))
    return reduce_loss(loss, reduction, "cross_entropy")


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Any,
    *,
    linear_bias: Tensor | None = None,
    weight: Any = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy of softmax(x Wᵀ + b): ``cross_entropy`` of ``linear``.

    Args:
        input: shape (in,) or (N, in).
        linear_weight: shape (C, in), or (C, d1, ..., in) for a loss at d1 × ... places.
        target: class indices of shape (), (N,) or (N, d1, ...), or probabilities of shape (C,), (N, C) or
            (N, C, d1, ...).
        linear_bias: shape (C,) or (C, d1, ...).
        weight: a factor per class, shape (C,).
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        ignore_index: targets with this index contribute nothing; −100 if left out.
        label_smoothing: the share of each target that is spread over all classes.

    Returns:
        A Tensor of shape (), or of the shape of class indices for ``"none"``.

    Raises:
        ValueError: for shapes that do not belong together, or a class index out of range.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.linear_cross_entropy(ag.tensor([[1.0]]), ag.tensor([[2.0], [0.0]]), [0])
    tensor(0.1269)
    """
    input = as_values(input)
    places = linear_weight.shape[1:-1]
    if input.ndim not in ((1, 2) if not places else (2,)) or input.shape[-1:] != linear_weight.shape[-1:]:
        raise ValueError(
            explain(
                "linear_cross_entropy",
                expected=f"an input of shape (N, {linear_weight.shape[-1]}) for a linear_weight of shape "
                f"{linear_weight.shape}",
                got=f"shape {input.shape}",
                remedy="reshape the input to one row per sample",
            )
        )
    if linear_bias is not None and linear_bias.shape != linear_weight.shape[:-1]:
        raise ValueError(
            explain(
                "linear_cross_entropy",
                expected=f"a linear_bias of shape {linear_weight.shape[:-1]}",
                got=f"shape {linear_bias.shape}",
                remedy="give one number for each class (and place)",
            )
        )
    if places:
        rows = math.prod(linear_weight.shape[:-1])
        shape = (input.shape[0], *linear_weight.shape[:-1])
        linear_weight = np.reshape(linear_weight, (rows, linear_weight.shape[-1]))
        logits = linear(input, linear_weight, None if linear_bias is None else np.reshape(linear_bias, (rows,)))
        logits = np.reshape(logits, shape)
    else:
        logits = linear(input, linear_weight, linear_bias)
    ignored = -100 if ignore_index is None else ignore_index
    return cross_entropy(logits, target, weight, ignored, reduction, label_smoothing)
