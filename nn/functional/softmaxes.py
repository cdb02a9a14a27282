"""Softmax and its relatives: numbers along an axis that are positive and add up to 1, and their logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor, special
from autograd_core.errors import explain
from autograd_core.values import entries_of

from ..arguments import check_axis
from ..explicit import wants_parts
from ..random import default_generator
from ..sizes import check_number

__all__ = ["gumbel_softmax", "log_softmax", "one_hot", "softmax", "softmin"]


def check_dim(operation: str, dim: int | None) -> int:
    """Refuse an axis that is left out: which one is meant cannot be guessed."""
    if dim is None:
        raise TypeError(
            explain(
                operation,
                expected="dim, the axis along which the results belong together",
                got="None",
                remedy="name the axis: dim=-1 for the last one, dim=1 for classes in an input of shape (N, C, ...)",
            )
        )
    return dim


def _axis(operation: str, dim: int | None, input: Any) -> int:
    """``dim``, if the input has such an axis."""
    axis = check_dim(operation, dim)
    axes = (input.ndim if hasattr(input, "ndim") else np.ndim(input)) or 1
    if type(axis) is not int or not -axes <= axis < axes:
        check_axis(operation, "dim", axis, axes)
    return axis


def _shifted(x: Any, axis: int) -> Any:
    """x less its largest entry, a constant, so that no exponential overflows."""
    largest = np.max(x, axis=axis, keepdims=True)
    return x - (largest.detach() if isinstance(largest, Tensor) else largest)


def softmax(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """s_i = exp(x_i) / Σ_j exp(x_j) along an axis. Adding a number to all x_j changes nothing.

    Derivative: ∂s_i/∂x_j = s_i ([i = j] − s_j).

    Args:
        input: any shape.
        dim: the axis along which the results add up to 1. It has to be named.
        dtype: what to convert the input to first.

    Returns:
        The same shape.

    Raises:
        TypeError: if ``dim`` is left out.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.softmax(ag.tensor([0.0, 0.0]), dim=0)
    tensor([0.5, 0.5])
    """
    axis = _axis("softmax", dim, input)
    if dtype is not None:
        input = input.astype(dtype)
    if wants_parts():
        e = np.exp(_shifted(input, axis))
        return e / np.sum(e, axis=axis, keepdims=True)
    return special.softmax(input, axis=axis)


def log_softmax(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """The logarithm of softmax: x_i − ln Σ_j exp(x_j) along an axis.

    Derivative: ∂out_i/∂x_j = [i = j] − s_j with s = softmax(x).

    Args:
        input: any shape.
        dim: the axis of the sum. It has to be named.
        dtype: what to convert the input to first.

    Returns:
        The same shape.

    Raises:
        TypeError: if ``dim`` is left out.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.log_softmax(ag.tensor([0.0, 1000.0]), dim=0)
    tensor([-1000.,     0.])
    """
    axis = _axis("log_softmax", dim, input)
    if dtype is not None:
        input = input.astype(dtype)
    if wants_parts():
        shifted = _shifted(input, axis)
        return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))
    return special.log_softmax(input, axis=axis)


def softmin(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """softmax(−x): the smallest entry gets the largest share.

    Derivative: ∂s_i/∂x_j = −s_i ([i = j] − s_j).

    Args:
        input: any shape.
        dim: the axis along which the results add up to 1. It has to be named.
        dtype: what to convert the input to first.

    Returns:
        The same shape.

    Raises:
        TypeError: if ``dim`` is left out.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.softmin(ag.tensor([0.0, 1000.0]), dim=0)
    tensor([1., 0.])
    """
    return softmax(-input, check_dim("softmin", dim), dtype=dtype)


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """A random choice that can be differentiated: softmax((x + G) / tau) with Gumbel noise G.

    The largest entry is i with probability softmax(x)_i; the smaller tau, the closer the result is to
    one-hot. With ``hard`` the result is one-hot, and the derivative is that of the soft result.

    Args:
        logits: unnormalized logarithms of probabilities, any shape.
        tau: the temperature, above 0.
        hard: whether to round to one-hot.
        eps: accepted, without effect.
        dim: the axis of the choice.

    Returns:
        The same shape. The noise comes from ``nn.default_generator()``.

    Raises:
        ValueError: if tau is not positive.

    Source: Jang, Gu, Poole (2017), Categorical reparameterization with Gumbel-softmax.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> float(F.gumbel_softmax(ag.tensor([0.0, 1.0, 2.0]), hard=True).sum())
    1.0
    """
    check_number("gumbel_softmax", "tau", tau)
    if not tau > 0:
        raise ValueError(explain("gumbel_softmax", expected="tau > 0", got=f"{tau}", remedy="pass tau=1, say"))
    noise = np.asarray(default_generator().gumbel(size=logits.shape), dtype=logits.dtype)
    soft = softmax((logits + noise) * (1 / float(tau)), dim)
    if not hard:
        return soft
    values = soft.detach().numpy() if isinstance(soft, Tensor) else soft
    one_hot = np.zeros_like(values)
    np.put_along_axis(one_hot, np.argmax(values, axis=dim, keepdims=True), 1, axis=dim)
    return soft + (one_hot - values)


def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """Class indices as rows of zeros with a single 1.

    Args:
        tensor: integers from 0 on, any shape.
        num_classes: length of a row; one more than the largest index if −1.

    Returns:
        Integers of the shape of ``tensor`` with a last axis of ``num_classes`` added. It carries no gradient.

    Raises:
        TypeError: for indices that are not integers.
        ValueError: for a negative index or one that is too large.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.one_hot(ag.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    indices = tensor if hasattr(tensor, "dtype") else np.asarray(tensor)
    values = entries_of(indices.numpy() if isinstance(indices, Tensor) else indices)
    if values.dtype.kind not in "iu":
        raise TypeError(
            explain(
                "one_hot",
                expected="integer class indices",
                got=f"dtype {values.dtype}",
                remedy="convert them with tensor.astype(int)",
            )
        )
    if num_classes == -1 and not values.size:
        raise ValueError(
            explain(
                "one_hot",
                expected="num_classes, as there is no index to tell it",
                got=f"indices of shape {values.shape}",
                remedy="pass num_classes",
            )
        )
    classes = int(values.max()) + 1 if num_classes == -1 else int(num_classes)
    wrong = values[(values < 0) | (values >= classes)]
    if wrong.size or classes < 1:
        raise ValueError(
            explain(
                "one_hot",
                expected=f"class indices from 0 to {classes - 1}"
                if classes > 0
                else "num_classes of at least 1, or -1",
                got=f"{wrong.flat[0]}" if wrong.size else f"num_classes={num_classes}",
                remedy="count classes from 0, or pass a larger num_classes",
            )
        )
    return (np.expand_dims(indices, -1) == np.arange(classes)).astype(np.int64)
