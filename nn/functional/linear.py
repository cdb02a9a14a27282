"""The affine map as one operation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.primitive import define

__all__ = ["linear"]


def _rows(x: Any) -> Any:
    """All axes but the last as one."""
    return x if x.ndim == 2 else np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


def _forward(x: Any, weight: Any, bias: Any) -> Any:
    out = x @ weight.T
    if out.dtype != bias.dtype:
        return out + bias
    out += bias
    return out


def _weight_rule(g: Any, out: Any, x: Any, weight: Any, *bias: Any) -> Any:
    return _rows(g).T @ _rows(x) if x.ndim > 1 else np.outer(g, x)


_affine = define(
    "linear",
    _forward,
    lambda g, out, x, weight, bias: g @ weight,
    _weight_rule,
    lambda g, out, x, weight, bias: np.add.reduce(_rows(g), axis=0) if g.ndim > 1 else g,
    formulas=("{b}", "{a}", "1"),
    symbol="xWᵀ+b",
)
_product = define(
    "linear_no_bias",
    lambda x, weight: x @ weight.T,
    lambda g, out, x, weight: g @ weight,
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
    return _product(input, weight) if bias is None else _affine(input, weight, bias)
