"""Tensors as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .values import entries_of

if TYPE_CHECKING:
    from .tensor import Tensor

_QUIET = frozenset({"float64", "int64", "bool", "complex128"})


def on_host(value: Any) -> Any:
    """``value`` as an array of NumPy's, for showing it; the arrays of other libraries are copied entry by entry."""
    value = entries_of(value)
    return value if isinstance(value, np.ndarray | np.generic) else np.array(value.tolist(), dtype=value.dtype)


def format_value(value: Any, prefix: str = "") -> str:
    """An array's entries as PyTorch writes them: ``[1., 2.]``, in four significant digits."""
    return np.array2string(np.asarray(on_host(value)), separator=", ", prefix=prefix, precision=4, threshold=1000)


def format_tensor(tensor: Tensor) -> str:
    """``tensor([1., 2.], name='x', operation=add, requires_grad=True)``."""
    if isinstance(tensor._data, tuple):
        return f"tensor(<{len(tensor._data)} outputs>, operation={tensor.primitive.name})"
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


def short(value: Any) -> str:
    """A value on one line: nine significant digits for a number, range and shape for a large array."""
    if isinstance(value, tuple):  # an operation with several outputs
        return f"{len(value)} outputs"
    if not hasattr(value, "dtype"):
        return repr(value)
    value = on_host(value)
    if value.ndim == 0:
        return format(value[()], ".9g") if value.dtype.kind == "f" else str(value[()])
    if value.size <= 4:
        return np.array2string(value, precision=6, separator=", ").replace("\n", "")
    if value.dtype.kind == "c":
        return f"{value.dtype.name} {value.shape}"
    return f"{value.shape} in [{value.min():.3g}, {value.max():.3g}]"


def align(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as a table of aligned columns."""
    widths = [max(len(text) for text in column) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows)
