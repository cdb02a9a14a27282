"""The affine map as one operation, and the bilinear map."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.primitive import define

from ..explicit import wants_parts

__all__ = ["bilinear", "linear"]

MANY = 1 << 14  # numbers from which on a sum as a matrix product pays


def rows(x: Any) -> Any:
    """All axes but the last as one."""
    return x if x.ndim == 2 else np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


def _times(x: Any, matrix: Any) -> Any:
    """x @ matrix as one product: NumPy would make one for each matrix in a stack, which takes several times as long."""
    return x @ matrix if x.ndim < 3 else np.reshape(rows(x) @ matrix, (*x.shape[:-1], matrix.shape[1]))


def _forward(x: Any, weight: Any, bias: Any) -> Any:
    out = _times(x, weight.T)
    if out.dtype != bias.dtype:
        return out + bias
    out += bias
    return out


def _weight_rule(g: Any, out: Any, x: Any, weight: Any, *bias: Any) -> Any:
    return rows(g).T @ rows(x) if x.ndim > 1 else np.outer(g, x)


def _sum_of_rows(g: Any) -> Any:
    """The sum over all axes but the last; of many rows as a matrix product, which takes a fifth of the time."""
    g = rows(g)
    return np.ones_like(g, shape=(g.shape[0],)) @ g if g.size > MANY else np.add.reduce(g, axis=0)


_affine = define(
    "linear",
    _forward,
    lambda g, out, x, weight, bias: _times(g, weight),
    _weight_rule,
    lambda g, out, x, weight, bias: _sum_of_rows(g) if g.ndim > 1 else g,
    formulas=("{b}", "{a}", "1"),
    symbol="xWᵀ+b",
)
_product = define(
    "linear_no_bias",
    lambda x, weight: _times(x, weight.T),
    lambda g, out, x, weight: _times(g, weight),
    _weight_rule,
    formulas=("{b}", "{a}"),
    symbol="xWᵀ",
)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The affine map y = x Wᵀ + b.

    Gradients: dL/dx = g W, dL/dW = gᵀ x, dL/db = the sum of g over all axes but the last.

    Args:
        input: shape (..., in).
        weight: shape (out, in).
        bias: shape (out,), or ``None``.

    Returns:
        A Tensor of shape (..., out).

    Raises:
        ValueError: if the last axis of ``input`` is not as long as ``weight`` expects.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.linear(ag.tensor([[1.0, 2.0]]), ag.tensor([[3.0, 4.0]]), ag.tensor([0.5]))
    tensor([[11.5]])
    """
    if weight.ndim != 2 or input.ndim == 0 or input.shape[-1] != weight.shape[1]:
        raise ValueError(
            explain(
                "linear",
                expected=f"an input of shape (..., {weight.shape[-1]}) for a weight of shape {weight.shape}",
                got=f"shape {input.shape}",
                remedy="reshape the input (x.reshape(len(x), -1) flattens images), or change in_features",
            )
        )
    if wants_parts():
        out = input @ weight.T
        return out if bias is None else out + bias
    return _product(input, weight) if bias is None else _affine(input, weight, bias)


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The bilinear map y_o = sum over i and j of a_i W_oij b_j, plus the bias.

    It is the affine map of the products a_i b_j. Gradients: dL/da_i = sum over o, j of g_o W_oij b_j, for b
    alike, dL/dW_oij = the sum of g_o a_i b_j over all samples.

    Args:
        input1: a, shape (..., in1).
        input2: b, shape (..., in2), with the same axes in front.
        weight: shape (out, in1, in2).
        bias: shape (out,), or ``None``.

    Returns:
        A Tensor of shape (..., out).

    Raises:
        ValueError: if the shapes do not belong together.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.bilinear(ag.tensor([[1.0, 2.0]]), ag.tensor([[3.0]]), ag.tensor([[[1.0], [10.0]]]))
    tensor([[63.]])
    """
    front, width1, width2 = input1.shape[:-1], input1.shape[-1:], input2.shape[-1:]
    if weight.ndim != 3 or weight.shape[1:] != width1 + width2 or front != input2.shape[:-1]:
        raise ValueError(
            explain(
                "bilinear",
                expected="inputs of shapes (..., in1) and (..., in2), alike but for the last axis, and a weight of "
                "shape (out, in1, in2)",
                got=f"shapes {input1.shape} and {input2.shape}, and a weight of shape {weight.shape}",
                remedy="reshape the inputs, or change in1_features and in2_features",
            )
        )
    products = np.expand_dims(input1, -1) * np.expand_dims(input2, -2)
    products = np.reshape(products, (*front, weight.shape[1] * weight.shape[2]))
    return linear(products, np.reshape(weight, (weight.shape[0], weight.shape[1] * weight.shape[2])), bias)
