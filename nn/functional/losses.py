"""Losses: one number that says how far outputs are from targets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.primitive import define

from .activations import log_softmax

__all__ = ["binary_cross_entropy_with_logits", "cross_entropy", "mse_loss"]


def _reduce(loss: Any, reduction: str, name: str) -> Any:
    if reduction == "mean":
        return np.mean(loss)
    if reduction == "sum":
        return np.sum(loss)
    if reduction == "none":
        return loss
    raise ValueError(
        explain(name, expected="reduction 'mean', 'sum' or 'none'", got=repr(reduction), remedy="pass one of them")
    )


def _same_shape(name: str, input: Any, target: Any) -> None:
    if input.shape != target.shape:
        raise ValueError(
            explain(
                name,
                expected=f"a target of the input's shape {input.shape}",
                got=f"shape {target.shape}, which would be broadcast and give a wrong loss",
                remedy="reshape one of them, for instance target.reshape(input.shape)",
            )
        )


def _as_target(target: Any, input: Any) -> Any:
    """Targets may be plain arrays or lists; those of another dtype are converted to the input's."""
    if isinstance(target, Tensor):
        return target if target.dtype == input.dtype else target.astype(input.dtype)
    return np.asarray(target, dtype=input.dtype)


_mean_square = define(
    "mean_square_error",
    lambda x, y: np.mean(np.square(x - y)),
    lambda g, out, x, y: (x - y) * (g * (2.0 / x.size)),
    lambda g, out, x, y: (y - x) * (g * (2.0 / x.size)),
    formulas=("2({a} − {b})/n", "2({b} − {a})/n"),
    symbol="MSE",
)


def mse_loss(input: Tensor, target: Any, reduction: str = "mean") -> Tensor:
    """The squared error (x - y)², averaged over all entries.

    Gradient: 2 (x - y) / n with respect to ``input``.

    Args:
        input: predictions of any shape.
        target: what they should be, of the same shape.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A Tensor of shape (), or of the input's shape for ``"none"``.

    Raises:
        ValueError: if the shapes differ; nothing is broadcast.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.mse_loss(ag.tensor([1.0, 3.0]), [0.0, 1.0])
    tensor(2.5)
    """
    target = _as_target(target, input)
    _same_shape("mse_loss", input, target)
    if reduction == "mean":
        return _mean_square(input, target)
    return _reduce(np.square(input - target), reduction, "mse_loss")


def _expit(x: Any) -> Any:
    # tanh saturates without overflow, so this is stable for every x.
    return 0.5 * np.tanh(0.5 * x) + 0.5


_logistic_loss = define(
    "logistic_loss",
    lambda x, y: np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x))),
    lambda g, out, x, y: g * (_expit(x) - y),
    lambda g, out, x, y: -g * x,
    formulas=("σ({a}) − {b}", "−{a}"),
    symbol="BCE(σ)",
    elementwise=True,
)


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
    target = _as_target(target, input)
    _same_shape("binary_cross_entropy_with_logits", input, target)
    if pos_weight is None:
        loss = _logistic_loss(input, target)
    else:
        # p y softplus(-x) + (1 - y) softplus(x), where softplus(x) = softplus(-x) + x.
        zero = np.zeros_like(target)
        softplus_of_minus = _logistic_loss(-input, zero)
        loss = (1 - target) * input + (1 + (_as_target(pos_weight, input) - 1) * target) * softplus_of_minus
    if weight is not None:
        loss = loss * _as_target(weight, input)
    return _reduce(loss, reduction, "binary_cross_entropy_with_logits")


def _softmax_cross_entropy(x: Any, y: Any) -> Any:
    # The ufuncs' own reductions: np.max, np.sum and np.mean take longer to call than to compute on a small batch.
    shifted = x - np.maximum.reduce(x, axis=1, keepdims=True)
    chosen = shifted[np.arange(len(y)), y]
    return np.add.reduce(np.log(np.add.reduce(np.exp(shifted), axis=1)) - chosen) / len(y)


def _softmax_cross_entropy_rule(g: Any, out: Any, x: Any, y: Any) -> Any:
    e = np.exp(x - np.maximum.reduce(x, axis=1, keepdims=True))
    probabilities = e / np.add.reduce(e, axis=1, keepdims=True)
    one_hot = np.zeros_like(y, shape=x.shape, dtype=x.dtype)
    one_hot[np.arange(len(y)), y] = 1
    return (probabilities - one_hot) * (g / len(y))


_cross_entropy = define(
    "softmax_cross_entropy",
    _softmax_cross_entropy,
    _softmax_cross_entropy_rule,
    None,
    formulas=("(softmax({a}) − onehot({b}))/N",),
    symbol="softmax CE",
)


def _check_classes(target: Any, classes: int, ignore_index: int) -> bool:
    """Whether all targets are class indices; ``False`` if some are to be ignored."""
    if target.dtype.kind not in "iu":
        raise TypeError(
            explain(
                "cross_entropy",
                expected="integer class indices, or probabilities of the input's shape",
                got=f"targets of dtype {target.dtype} and shape {target.shape}",
                remedy="convert class indices with target.astype(int)",
            )
        )
    outside = (target < 0) | (target >= classes)
    if not outside.any():
        return True
    wrong = target[outside & (target != ignore_index)]
    if wrong.size:
        raise ValueError(
            explain(
                "cross_entropy",
                expected=f"class indices from 0 to {classes - 1}",
                got=f"{wrong.flat[0]}",
                remedy="count classes from 0, or give the last layer as many outputs as there are classes",
            )
        )
    return False


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
    (softmax(x) - onehot(y)) / N for unit weights.

    Args:
        input: logits of shape (C,), (N, C) or (N, C, d1, ...).
        target: class indices of shape (), (N,) or (N, d1, ...), or probabilities of the input's shape.
        weight: a factor per class, shape (C,).
        ignore_index: targets with this index contribute nothing.
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
    target = target._data if isinstance(target, Tensor) and not target.requires_grad else target
    if not isinstance(target, Tensor):
        target = np.asarray(target)
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(
            explain(
                "cross_entropy", expected="label_smoothing in [0, 1]", got=str(label_smoothing), remedy="pass 0.1, say"
            )
        )
    axis = 0 if input.ndim == 1 else 1
    if target.shape == input.shape and target.dtype.kind in "fc":
        return _probability_cross_entropy(input, target, weight, reduction, label_smoothing, axis)
    expected = input.shape[:axis] + input.shape[axis + 1 :]
    if input.ndim == 0 or target.shape != expected:
        raise ValueError(
            explain(
                "cross_entropy",
                expected=f"class indices of shape {expected}, or probabilities of shape {input.shape}",
                got=f"a target of shape {target.shape}",
                remedy="pass logits of shape (N, C) and class indices of shape (N,)",
            )
        )
    whole = _check_classes(target, input.shape[axis], ignore_index)
    if whole and weight is None and reduction == "mean" and label_smoothing == 0.0 and input.ndim == 2 and len(target):
        return _cross_entropy(input, target)
    return _class_cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing, axis)


def _class_cross_entropy(
    input: Any, target: Any, weight: Any, ignore_index: int, reduction: str, label_smoothing: float, axis: int
) -> Any:
    kept = target != ignore_index
    classes = np.where(kept, target, 0)
    log_p = log_softmax(input, axis)
    per_class = np.ones(input.shape[axis], dtype=input.dtype) if weight is None else _as_target(weight, input)
    factors = np.where(kept, per_class[classes], np.zeros((), dtype=input.dtype))
    loss = -np.squeeze(np.take_along_axis(log_p, np.expand_dims(classes, axis), axis=axis), axis=axis) * factors
    if label_smoothing:
        along = tuple(-1 if i == axis else 1 for i in range(input.ndim))
        spread = -np.sum(log_p * np.reshape(per_class, along), axis=axis) * kept
        loss = (1.0 - label_smoothing) * loss + (label_smoothing / input.shape[axis]) * spread
    if reduction == "mean":
        return np.sum(loss) / np.sum(factors)
    return _reduce(loss, reduction, "cross_entropy")


def _probability_cross_entropy(
    input: Any, target: Any, weight: Any, reduction: str, label_smoothing: float, axis: int
) -> Any:
    if label_smoothing:
        target = target * (1.0 - label_smoothing) + label_smoothing / input.shape[axis]
    terms = log_softmax(input, axis) * target
    if weight is not None:
        along = tuple(-1 if i == axis else 1 for i in range(input.ndim))
        terms = terms * np.reshape(_as_target(weight, input), along)
    loss = -np.sum(terms, axis=axis)
    if reduction == "mean":
        return np.sum(loss) / max(1, math.prod(loss.shape))
    return _reduce(loss, reduction, "cross_entropy")
