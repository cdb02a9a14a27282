"""What modules accept as input."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain


def as_input(value: Any, parameter: Tensor, module: Any) -> Tensor:
    """``value`` as a Tensor of the parameter's dtype: arrays and lists are converted, Tensors are not.

    Raises:
        TypeError: for a Tensor of another floating-point dtype, naming both.
    """
    if isinstance(value, Tensor):
        if value._data.dtype is parameter._data.dtype or value.dtype == parameter.dtype:
            return value
        if value.dtype.kind not in "fc":
            return value.astype(parameter.dtype)
        raise TypeError(
            explain(
                f"{type(module).__name__}({module.extra_repr()})",
                expected=f"an input of its parameters' dtype {parameter.dtype}",
                got=f"a Tensor of dtype {value.dtype}",
                remedy=f"convert one of them: x.astype('{parameter.dtype}') or module.to('{value.dtype}')",
            )
        )
    return Tensor(np.asarray(value, dtype=parameter.dtype))


def as_tensor(value: Any) -> Tensor:
    """``value`` as a Tensor, unless it is one."""
    return value if isinstance(value, Tensor) else Tensor(value)
