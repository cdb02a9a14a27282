"""Layer and RMS normalization: over the last axes of the input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from ...explicit import wants_parts
from ...sizes import as_number, per_axis
from . import rows

__all__ = ["layer_norm", "rms_norm"]


def _axes_of(input: Any, normalized_shape: Any, name: str) -> tuple[int, ...]:
    """The last axes, that ``normalized_shape`` describes.

    Raises:
        ValueError: if the input does not end in them.
    """
    shape = tuple(normalized_shape) if isinstance(normalized_shape, Sequence) else (normalized_shape,)
    if not shape or input.shape[-len(shape) :] != shape:
        raise ValueError(
            explain(
                name,
                expected=f"an input of shape (..., {', '.join(map(str, shape))}) for normalized_shape={shape}",
                got=f"shape {input.shape}",
                remedy="pass the lengths of the input's last axes as normalized_shape",
            )
        )
    return shape


def _parameter(value: Any, name: str, what: str, shape: tuple[int, ...]) -> None:
    if value is not None and value.shape != shape:
        raise ValueError(
            explain(
                name,
                expected=f"{what} of the shape that is normalized, {shape}",
                got=f"shape {value.shape}",
                remedy="make it with one entry per normalized entry",
            )
        )


def _constant(fill: Any, input: Any, shape: tuple[int, ...]) -> Any:
    return fill(input._data if isinstance(input, Tensor) else input, shape=shape)


def layer_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """Standardize over the last axes: y = w (x − m) / √(v + eps) + b.

    m and v are mean and (biased) variance over the last axes, w and b have a value for every entry of them.
    With s = 1/√(v + eps), x̂ = (x − m) s and ĝ = w g the gradients are dL/dx = s (ĝ − mean(ĝ) − x̂ mean(ĝ x̂)),
    dL/dw = Σ g x̂ and dL/db = Σ g.

    Args:
        input: shape (..., *normalized_shape).
        normalized_shape: the lengths of the last axes, a number or several.
        weight, bias: shape ``normalized_shape``, or ``None`` for 1 and 0.
        eps: added to the variance.

    Returns:
        The shape of ``input``.

    Raises:
        ValueError: if the shapes do not belong together.

    Source: Jimmy Lei Ba, Jamie Ryan Kiros and Geoffrey Hinton, "Layer normalization", 2016.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.layer_norm(ag.tensor([[1.0, 3.0], [5.0, 9.0]]), 2, eps=1e-12)
    tensor([[-1.,  1.],
            [-1.,  1.]])
    """
    shape = _axes_of(input, normalized_shape, "layer_norm")
    _parameter(weight, "layer_norm", "weight", shape)
    _parameter(bias, "layer_norm", "bias", shape)
    eps = as_number("layer_norm", "eps", eps)
    if wants_parts():
        axes = tuple(range(-len(shape), 0))
        centred = input - np.mean(input, axis=axes, keepdims=True)
        out = centred / np.sqrt(np.mean(np.square(centred), axis=axes, keepdims=True) + eps)
        out = out if weight is None else out * weight
        return out if bias is None else out + bias
    weight = _constant(np.ones_like, input, shape) if weight is None else weight
    bias = _constant(np.zeros_like, input, shape) if bias is None else bias
    return rows.layer_norm(input, weight, bias, eps=eps)[0]


def rms_norm(input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """Divide by the root mean square over the last axes: y = w x / √(mean(x²) + eps).

    With s = 1/√(mean(x²) + eps), x̂ = s x and ĝ = w g the gradients are dL/dx = s (ĝ − x̂ mean(ĝ x̂)) and
    dL/dw = Σ g x̂.

    Args:
        input: shape (..., *normalized_shape).
        normalized_shape: the lengths of the last axes, a number or several.
        weight: shape ``normalized_shape``, or ``None`` for 1.
        eps: added to the mean square; the distance from 1 to the next number of the dtype if left out.

    Returns:
        The shape of ``input``.

    Raises:
        ValueError: if the shapes do not belong together.

    Source: Biao Zhang and Rico Sennrich, "Root mean square layer normalization", 2019.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.rms_norm(ag.tensor([1.0, 7.0]), 2)
    tensor([0.2, 1.4])
    """
    shape = _axes_of(input, normalized_shape, "rms_norm")
    _parameter(weight, "rms_norm", "weight", shape)
    eps = float(np.finfo(input.dtype).eps) if eps is None else as_number("rms_norm", "eps", eps)
    if wants_parts():
        axes = tuple(range(-len(shape), 0))
        out = input / np.sqrt(np.mean(np.square(input), axis=axes, keepdims=True) + eps)
        return out if weight is None else out * weight
    weight = _constant(np.ones_like, input, shape) if weight is None else weight
    return rows.rms_norm(input, weight, eps=eps)


def lengths(normalized_shape: Any, owner: str) -> tuple[int, ...]:
    """``normalized_shape`` as a tuple of positive lengths.

    Raises:
        TypeError: for something else than integers.
        ValueError: for lengths below 1, or none.
    """
    axes = len(normalized_shape) if isinstance(normalized_shape, Sequence) else 1
    if axes == 0:
        raise ValueError(
            explain(owner, expected="at least one length in normalized_shape", got="none", remedy="pass the last one")
        )
    return per_axis(normalized_shape, axes, owner, "normalized_shape", least=1)
