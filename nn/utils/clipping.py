"""Gradients kept within bounds between the backward pass and the step of the optimizer."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_core import GradientError, Tensor
from autograd_core.errors import explain
from autograd_core.recording import next_index
from autograd_core.staleness import Change, mark_changed, user_line

__all__ = ["clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients of all parameters, taken as one vector, down to a norm of at most ``max_norm``.

    With the norm n, each gradient is multiplied by min(1, max_norm / (n + 1e-6)), in place.

    Args:
        parameters: the parameters; those without a gradient are left out.
        max_norm: the largest norm.
        norm_type: which p-norm, ``float("inf")`` for the largest absolute value.
        error_if_nonfinite: whether a norm that is NaN or infinite is an error.
        foreach: accepted for the sake of programs written for PyTorch.

    Returns:
        The norm before, a Tensor of shape ().

    Raises:
        GradientError: for a norm that is NaN or infinite, if that is asked for. No gradient is changed then.

    Source: Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", 2013.

    >>> import autograd_core as ag
    >>> from nn.utils import clip_grad_norm_
    >>> x = ag.tensor([3.0, 4.0], requires_grad=True)
    >>> _ = (x * x).sum().backward()
    >>> clip_grad_norm_(x, max_norm=1.0), x.grad
    (tensor(10.), tensor([0.6, 0.8]))
    """
    parameters = _as_list(parameters)
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norm = get_total_norm(gradients, norm_type, error_if_nonfinite)
    clip_grads_with_norm_(parameters, max_norm, norm)
    return norm


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of several Tensors taken as one vector.

    Args:
        tensors: the Tensors.
        norm_type: which p-norm, ``float("inf")`` for the largest absolute value.
        error_if_nonfinite: whether a norm that is NaN or infinite is an error.
        foreach: accepted for the sake of programs written for PyTorch.

    Returns:
        A Tensor of shape (); 0 if there are no Tensors.

    Raises:
        GradientError: for a norm that is NaN or infinite, if that is asked for.

    >>> import autograd_core as ag
    >>> from nn.utils import get_total_norm
    >>> get_total_norm([ag.tensor([3.0]), ag.tensor([[4.0]])])
    tensor(5.)
    """
    arrays = [tensor._data for tensor in _as_list(tensors)]
    p = float(norm_type)
    norm = _norm_of_numbers([_norm(array, p) for array in arrays if array.size], p)
    if error_if_nonfinite and not math.isfinite(norm):
        raise GradientError(
            explain(
                "norm of the gradients",
                expected="a finite number",
                got=str(norm),
                remedy="look for the first bad value with ag.detect_anomaly(), or pass error_if_nonfinite=False",
            )
        )
    dtype = np.result_type(*[array.real.dtype for array in arrays]) if arrays else np.float32
    return Tensor(np.asarray(norm, dtype))


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Any, foreach: bool | None = None
) -> None:
    """Scale the gradients, given the norm that all of them have together.

    Args:
        parameters: the parameters; those without a gradient are left out.
        max_norm: the largest norm.
        total_norm: the norm, as ``get_total_norm`` gives it.
        foreach: accepted for the sake of programs written for PyTorch.

    >>> import autograd_core as ag
    >>> from nn.utils import clip_grads_with_norm_
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> _ = (6 * x).backward()
    >>> clip_grads_with_norm_(x, max_norm=1.0, total_norm=2.0)
    >>> x.grad
    tensor(3.)
    """
    norm = float(total_norm.detach() if isinstance(total_norm, Tensor) else total_norm)
    factor = float(max_norm) / (norm + 1e-6)
    if factor >= 1:
        return

    def scale(array: Any, out: Any) -> Any:
        return np.multiply(array, factor, out=out)

    with np.errstate(invalid="ignore"):  # an infinite gradient times 0
        _change(parameters, scale)


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Cut every entry of the gradients to [-clip_value, clip_value], in place.

    Args:
        parameters: the parameters; those without a gradient are left out.
        clip_value: the largest absolute value.
        foreach: accepted for the sake of programs written for PyTorch.

    Raises:
        ValueError: for a negative value.

    >>> import autograd_core as ag
    >>> from nn.utils import clip_grad_value_
    >>> x = ag.tensor([3.0, -0.5], requires_grad=True)
    >>> _ = (x * x).sum().backward()
    >>> clip_grad_value_(x, 2.0)
    >>> x.grad
    tensor([ 2., -1.])
    """
    bound = float(clip_value)
    if bound < 0:
        raise ValueError(
            explain("clip_grad_value_", expected="a clip_value of at least 0", got=str(bound), remedy="pass its size")
        )
    _change(parameters, lambda array, out: np.clip(array, -bound, bound, out=out))


def _as_list(tensors: Any) -> list[Any]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _norm(array: Any, p: float) -> float:
    """The p-norm of one array."""
    if p == 2:
        flat = array.reshape(-1)
        norm = math.sqrt(abs(np.vdot(flat, flat)))
        if norm != 0 and math.isfinite(norm):
            return norm  # otherwise the squares may have been too large or too small
    sizes = np.abs(array)
    if math.isinf(p):
        return float(sizes.max() if p > 0 else sizes.min())
    if p == 0:
        return float(np.count_nonzero(sizes))
    top = float(sizes.max())
    if top == 0 or not math.isfinite(top):
        return top
    return top * float(np.sum((sizes / top) ** p, dtype=np.float64)) ** (1 / p)


def _norm_of_numbers(norms: list[float], p: float) -> float:
    if not norms:
        return 0.0
    if p == 0:
        return float(sum(norms))
    return _norm(np.array(norms), p) if len(norms) > 1 else norms[0]


def _change(parameters: Any, function: Any) -> None:
    """Apply ``function(array, out)`` to every gradient in place; all gradients have memory of their own."""
    change = Change(next_index(), user_line())
    for parameter in _as_list(parameters):
        gradient = parameter.grad
        if gradient is None:
            continue
        array = gradient._data
        if isinstance(array, np.ndarray) and array.flags.writeable:
            function(array, array)
        else:
            gradient._data = function(array, None).astype(array.dtype)
        mark_changed(gradient, change)
