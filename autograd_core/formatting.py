"""Tensors as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .tensor import Tensor

_QUIET = frozenset({"float64", "int64", "bool", "complex128"})


def format_value(value: Any, prefix: str = "") -> str:
    """An array's entries as PyTorch writes them: ``[1., 2.]``, in four significant digits."""
    return np.array2string(np.asarray(value), separator=", ", prefix=prefix, precision=4, threshold=1000)


def format_tensor(tensor: Tensor) -> str:
    """``tensor([1., 2.], name='x', operation=add, requires_grad=True)``."""
    parts = [format_value(tensor._data, "tensor(")]
    if tensor._data.size == 0:
        parts.append(f"shape={tensor.shape}")
    if tensor.dtype.name not in _QUIET:
        parts.append(f"dtype={tensor.dtype.name}")
    if tensor.name:
        parts.append(f"name={tensor.name!r}")
    if tensor.primitive is not None:
        parts.append(f"operation={tensor.primitive.name}")
    elif tensor._requires_grad:
        parts.append("requires_grad=True")
    return f"tensor({', '.join(parts)})"
