"""What modules accept as input."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.values import as_value


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
    array = value if type(value) is np.ndarray else np.asarray(as_value(value))
    if array.dtype.kind not in ("biufc" if parameter.dtype.kind == "c" else "biuf"):
        raise TypeError(
            explain(
                f"{type(module).__name__}({module.extra_repr()})",
                expected=f"numbers that fit its parameters' dtype {parameter.dtype}",
                got=f"an array of dtype {array.dtype}",
                remedy="convert the input, for instance with x.real or x.astype('float32')",
            )
        )
    return Tensor(array.astype(parameter.dtype, copy=False))


def as_tensor(value: Any) -> Tensor:
    """``value`` as a Tensor, unless it is one."""
    return value if isinstance(value, Tensor) else Tensor(value)


def as_real(value: Any, module: Any) -> Tensor:
    """``value`` as a Tensor of integers or real numbers.

    Raises:
        TypeError: for truth values and complex numbers, which the module is not made for.
    """
    tensor = value if isinstance(value, Tensor) else Tensor(value)
    if tensor._data.dtype.kind not in "fiu":
        raise TypeError(
            explain(
                f"{type(module).__name__}({module.extra_repr()})",
                expected="real numbers",
                got=f"an input of dtype {tensor.dtype}",
                remedy="convert it: x.astype('float32'), or x.real of complex numbers",
            )
        )
    return tensor


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of a Tensor, an array, or of nested lists.

    Raises:
        TypeError: for lists that are not equally long.
    """
    return tuple(value.shape if hasattr(value, "shape") else np.shape(as_value(value)))
