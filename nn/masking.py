"""Setting entries to zero, whatever they are: NaN and infinities too, which a product with 0 would not."""

from __future__ import annotations

from typing import Any

import numpy as np

_INTEGERS: dict[Any, Any] = {np.dtype(f"f{size}"): np.dtype(f"i{size}") for size in (2, 4, 8)}


def kept(values: Any, keep: Any, out: Any = None) -> Any:
    """``values`` where ``keep`` holds, 0 elsewhere, for arrays.

    On NumPy's floats the bits are combined: -1 has all of them set and 0 none, which takes as long as a
    product, where ``np.where`` takes many times as long.

    Args:
        values: an array.
        keep: a boolean array that broadcasts against it.
        out: where to write the result; a new array if left out.

    Returns:
        The result.
    """
    integer = _INTEGERS.get(values.dtype)
    if integer is None or type(values) is not np.ndarray or type(keep) is not np.ndarray:
        result = np.where(keep, values, np.zeros_like(values, shape=()))
        if out is None:
            return result
        out[...] = result
        return out
    if out is None:
        same = keep.shape == values.shape
        out = np.empty_like(values, shape=None if same else np.broadcast_shapes(keep.shape, values.shape))
    np.bitwise_and(values.view(integer), -keep.view(np.int8), out=out.view(integer))
    return out
