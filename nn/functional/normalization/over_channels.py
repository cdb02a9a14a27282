"""Batch, instance and group normalization, and normalization of a channel by its neighbours."""

from __future__ import annotations

import math
import string
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.primitive import define

from ...explicit import wants_parts
from ...sizes import as_number, check_integer
from . import channels

__all__ = ["batch_norm", "group_norm", "instance_norm", "local_response_norm"]


# -- with given statistics -----------------------------------------------------------------------------------


def _per_channel(value: Any, x: Any) -> Any:
    """A value per channel in as many axes as x has."""
    return np.reshape(value, value.shape + (1,) * (x.ndim - 2))


def _fixed_forward(x: Any, weight: Any, bias: Any, mean: Any, variance: Any, eps: float) -> Any:
    scale = weight / np.sqrt(variance + eps)
    out = x * _per_channel(scale, x)
    shift = _per_channel(bias - mean * scale, x)
    if out.dtype != shift.dtype:
        return out + shift
    out += shift
    return out


def _fixed_weight_rule(g: Any, out: Any, x: Any, weight: Any, bias: Any, mean: Any, variance: Any, eps: float) -> Any:
    axes = "nc" + string.ascii_uppercase[: x.ndim - 2]
    return np.einsum(f"{axes},{axes}->c", g, x - _per_channel(mean, x)) / np.sqrt(variance + eps)


_fixed = define(
    "batch_norm_with_running_statistics",
    _fixed_forward,
    lambda g, out, x, weight, bias, mean, variance, eps: g * _per_channel(weight / np.sqrt(variance + eps), x),
    _fixed_weight_rule,
    lambda g, out, x, weight, bias, mean, variance, eps: np.add.reduce(g, axis=(0, *range(2, x.ndim))),
    None,
    None,
    formulas=("{b}·s", "({a} − m)·s", "1"),
    symbol="batch norm (running)",
)


# -- checks and running statistics ---------------------------------------------------------------------------


def _raw(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else x


def _parameters(input: Any, weight: Any, bias: Any, name: str) -> tuple[Any, Any]:
    """Weight and bias, ones and zeros where there are none."""
    count, raw = input.shape[1], _raw(input)
    for what, value in (("weight", weight), ("bias", bias)):
        if value is not None and value.shape != (count,):
            raise _wrong_length(name, what, value, count)
    return (
        np.ones_like(raw, shape=(count,)) if weight is None else weight,
        np.zeros_like(raw, shape=(count,)) if bias is None else bias,
    )


def _wrong_length(name: str, what: str, value: Any, count: int) -> ValueError:
    return ValueError(
        explain(
            name,
            expected=f"{what} of shape ({count},), one entry for each of the input's channels",
            got=f"shape {value.shape}",
            remedy="change num_features, or pass an input of shape (N, C, ...) with as many channels",
        )
    )


def _check_running(running_mean: Any, running_var: Any, count: int, needed: bool, name: str, switch: str) -> None:
    for what, value in (("running_mean", running_mean), ("running_var", running_var)):
        if value is None and needed:
            raise ValueError(
                explain(
                    name,
                    expected=f"running_mean and running_var with {switch}=False",
                    got=f"{what}=None",
                    remedy=f"pass both, or {switch}=True to use the statistics of the input",
                )
            )
        if value is not None and value.shape != (count,):
            raise _wrong_length(name, what, value, count)


def _follow(running: Any, value: Any, momentum: float) -> None:
    """running <- (1 - momentum) running + momentum value, where there is a running statistic."""
    if isinstance(running, Tensor):
        running.data = (1 - momentum) * running._data + momentum * value
    elif running is not None:
        running[...] = (1 - momentum) * running + momentum * value


def _unbiased(variance: Any, count: int) -> Any:
    return variance * (count / max(1, count - 1))


def _check_eps(eps: float, name: str) -> None:
    if not eps > 0:
        raise ValueError(explain(name, expected="eps above 0", got=f"eps={eps}", remedy="pass eps=1e-5, say"))


# -- in their parts ------------------------------------------------------------------------------------------


def _standardized(x: Any, axes: tuple[int, ...], eps: float) -> tuple[Any, Any, Any]:
    """x̂ in elementary operations, and the statistics."""
    mean = np.mean(x, axis=axes, keepdims=True)
    centred = x - mean
    variance = np.mean(np.square(centred), axis=axes, keepdims=True)
    return centred / np.sqrt(variance + eps), mean, variance


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    if weight is not None:
        x = x * _per_channel(weight, x)
    return x if bias is None else x + _per_channel(bias, x)


def _group_parts(input: Any, weight: Any, bias: Any, groups: int, eps: float) -> tuple[Any, Any, Any]:
    n, count = input.shape[:2]
    grouped = np.reshape(input, (n, groups, count // groups, *input.shape[2:]))
    standard, mean, variance = _standardized(grouped, tuple(range(2, grouped.ndim)), eps)
    out = _affine(np.reshape(standard, input.shape), weight, bias)
    return out, np.reshape(mean, (n, groups)), np.reshape(variance, (n, groups))


# -- public --------------------------------------------------------------------------------------------------


def batch_norm(
    input: Tensor,
    running_mean: Any,
    running_var: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Standardize every channel over the batch and all places: y = w (x − m) / √(v + eps) + b.

    In training m and v are mean and (biased) variance of the batch, through which the gradient flows too:
    with s = 1/√(v + eps), x̂ = (x − m) s and ĝ = w g it is dL/dx = s (ĝ − mean(ĝ) − x̂ mean(ĝ x̂)), and
    dL/dw = Σ g x̂, dL/db = Σ g. Otherwise m and v are the running statistics, constants.

    In training the running statistics, where they are given, become (1 − momentum) old + momentum new, with
    the unbiased variance. That is no operation of the graph: ``Graph.forward`` computes m and v of new
    inputs anew, but leaves the running statistics alone, as it runs no Python code; ``ag.checkpoint``,
    which runs the code twice, updates them twice.

    The variance is stable: where the mean is large beside the spread it is taken of centred numbers.

    Args:
        input: shape (N, C) or (N, C, ...).
        running_mean, running_var: shape (C,), Tensors or arrays, or ``None``; written to in training.
        weight, bias: w and b, shape (C,), or ``None`` for 1 and 0.
        training: whether to use the statistics of the batch.
        momentum: the share of the new statistics in the running ones.
        eps: added to the variance.

    Returns:
        The shape of ``input``.

    Raises:
        ValueError: for one value per channel in training, missing running statistics otherwise, wrong shapes,
            or an eps that is not positive.

    Source: Sergey Ioffe and Christian Szegedy, "Batch normalization: accelerating deep network training by
    reducing internal covariate shift", 2015.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.batch_norm(ag.tensor([[1.0, 5.0], [3.0, 9.0]]), None, None, training=True, eps=1e-12)
    tensor([[-1., -1.],
            [ 1.,  1.]])
    """
    if input.ndim < 2:
        raise _too_few_axes("batch_norm", input, "(N, C) or (N, C, ...)")
    _check_running(running_mean, running_var, input.shape[1], not training, "batch_norm", "training")
    scale, shift = _parameters(input, weight, bias, "batch_norm")
    eps = as_number("batch_norm", "eps", eps)
    if not training:
        if wants_parts():
            centred = input - _per_channel(running_mean, input)
            return _affine(centred / np.sqrt(_per_channel(running_var, input) + eps), weight, bias)
        return _fixed(input, scale, shift, running_mean, running_var, eps=eps)
    _check_eps(eps, "batch_norm")
    count = input.shape[0] * math.prod(input.shape[2:])
    if count == 1:
        raise _one_value("batch_norm", "more than one value per channel in training", input)
    if wants_parts():
        standard, mean, variance = _standardized(input, (0, *range(2, input.ndim)), eps)
        out = _affine(standard, weight, bias)
    else:
        out, mean, variance = channels.batch_norm(input, scale, shift, eps=eps)
    if count and (running_mean is not None or running_var is not None):
        _follow(running_mean, _raw(mean).reshape(-1), momentum)
        _follow(running_var, _unbiased(_raw(variance).reshape(-1), count), momentum)
    return out


def _too_few_axes(name: str, input: Any, shapes: str) -> ValueError:
    return ValueError(
        explain(name, expected=f"an input of shape {shapes}", got=f"shape {input.shape}", remedy="add an axis")
    )


def _one_value(name: str, expected: str, input: Any) -> ValueError:
    return ValueError(
        explain(
            name,
            expected=expected,
            got=f"an input of shape {input.shape}, which normalization would turn into 0",
            remedy="pass a larger batch or larger images, or call eval() to use the running statistics",
        )
    )


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """Standardize groups of channels of each example over the channels and all places.

    As ``batch_norm`` in training, with mean and variance of one group of one example; w and b are still one
    per channel.

    Args:
        input: shape (N, C, ...).
        num_groups: into how many groups of equal size the channels are divided.
        weight, bias: shape (C,), or ``None`` for 1 and 0.
        eps: added to the variance.

    Returns:
        The shape of ``input``.

    Raises:
        ValueError: if the groups do not divide the channels, for one value per group, or wrong shapes.

    Source: Yuxin Wu and Kaiming He, "Group normalization", 2018.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.group_norm(ag.tensor([[1.0, 3.0, 5.0, 9.0]]), 2, eps=1e-12)
    tensor([[-1.,  1., -1.,  1.]])
    """
    if input.ndim < 2:
        raise _too_few_axes("group_norm", input, "(N, C, ...)")
    count = input.shape[1]
    check_integer("group_norm", "num_groups", num_groups)
    if num_groups < 1 or count % num_groups:
        raise ValueError(
            explain(
                "group_norm",
                expected="num_groups to divide the number of channels",
                got=f"num_groups={num_groups} and {count} channels",
                remedy="choose a divisor",
            )
        )
    if input.shape[0] * (count // num_groups) * math.prod(input.shape[2:]) == 1:
        raise _one_value("group_norm", "more than one value per group", input)
    scale, shift = _parameters(input, weight, bias, "group_norm")
    eps = as_number("group_norm", "eps", eps)
    if wants_parts():
        return _group_parts(input, weight, bias, num_groups, eps)[0]
    return channels.group_norm(input, scale, shift, groups=num_groups, eps=eps)[0]


def instance_norm(
    input: Tensor,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Standardize every channel of each example over all places.

    As ``group_norm`` with a group for each channel. The running statistics, where they are given, follow the
    mean over the batch of the examples' means and unbiased variances, as in ``batch_norm``.

    Args:
        input: shape (N, C, ...), with more than one place.
        running_mean, running_var: shape (C,), or ``None``; written to with ``use_input_stats``.
        weight, bias: shape (C,), or ``None`` for 1 and 0.
        use_input_stats: whether to use the statistics of the input; of the running ones otherwise.
        momentum: the share of the new statistics in the running ones.
        eps: added to the variance.

    Returns:
        The shape of ``input``.

    Raises:
        ValueError: for one place, missing running statistics without ``use_input_stats``, or wrong shapes.

    Source: Dmitry Ulyanov, Andrea Vedaldi and Victor Lempitsky, "Instance normalization: the missing
    ingredient for fast stylization", 2016.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.instance_norm(ag.tensor([[[1.0, 3.0], [5.0, 9.0]]]), eps=1e-12)
    tensor([[[-1.,  1.],
             [-1.,  1.]]])
    """
    if input.ndim < 3:
        raise _too_few_axes("instance_norm", input, "(N, C, ...) with at least three axes")
    n, count = input.shape[:2]
    _check_running(running_mean, running_var, count, not use_input_stats, "instance_norm", "use_input_stats")
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    places = math.prod(input.shape[2:])
    if places == 1:
        raise _one_value("instance_norm", "more than one place to take the mean over", input)
    scale, shift = _parameters(input, weight, bias, "instance_norm")
    eps = as_number("instance_norm", "eps", eps)
    if wants_parts():
        out, mean, variance = _group_parts(input, weight, bias, count, eps)
    else:
        out, mean, variance = channels.group_norm(input, scale, shift, groups=count, eps=eps)
    if n and places and (running_mean is not None or running_var is not None):
        _follow(running_mean, _raw(mean).mean(axis=0), momentum)
        _follow(running_var, _unbiased(_raw(variance).mean(axis=0), places), momentum)
    return out


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """Divide every entry by a power of the squares around it: y_c = x_c / (k + alpha/size Σ x_j²)^beta.

    The sum runs over the ``size`` channels j from c − ⌊size/2⌋ to c + ⌊(size − 1)/2⌋ that exist, at the same
    place. It is a product with a matrix of zeros and ones, so its gradient is one with the transpose.

    Args:
        input: shape (N, C, ...) with at least three axes.
        size: how many channels are added up.
        alpha: the factor on their squares.
        beta: the power.
        k: added to the sum.

    Returns:
        The shape of ``input``.

    Raises:
        ValueError: for fewer axes or a size below 1.

    Source: Alex Krizhevsky, Ilya Sutskever and Geoffrey Hinton, "ImageNet classification with deep
    convolutional neural networks", 2012.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.local_response_norm(ag.tensor([[[1.0], [2.0], [3.0]]]), 3, alpha=3.0, beta=1.0, k=0.0)
    tensor([[[0.2   ],
             [0.1429],
             [0.2308]]])
    """
    if input.ndim < 3:
        raise _too_few_axes("local_response_norm", input, "(N, C, ...) with at least three axes")
    check_integer("local_response_norm", "size", size, least=1)
    alpha, beta, k = (
        as_number("local_response_norm", argument, value)
        for argument, value in (("alpha", alpha), ("beta", beta), ("k", k))
    )
    n, count = input.shape[:2]
    # The sliding sum over channels is a product with a band matrix; it does not care how the places lie.
    distance = np.arange(count)[None, :] - np.arange(count)[:, None]
    band = np.zeros_like(_raw(input), shape=distance.shape) + (
        (distance >= -(size // 2)) & (distance <= (size - 1) // 2)
    )
    squares = np.reshape(np.square(input), (n, count, math.prod(input.shape[2:])))
    sums = np.reshape(band @ squares, input.shape)
    return input / (k + (alpha / size) * sums) ** beta
