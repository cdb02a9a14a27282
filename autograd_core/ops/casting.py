"""Conversion between dtypes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, constant, define, implements
from .axes import as_array

__all__ = ["astype"]

constant(np.result_type, np.can_cast, np.common_type, np.min_scalar_type)


def _convert(x: Any, dtype: Any) -> Any:
    # From complex to real the imaginary part goes; said so by .real, NumPy has nothing to warn of.
    if x.dtype.kind == "c" and dtype.kind != "c":
        x = x.real
    return x.astype(dtype)


_astype = define(
    "astype",
    _convert,
    lambda g, out, x, dtype: astype(g, x.dtype),
    formulas="1",
    symbol="dtype",
    elementwise=True,
    doc="Conversion to another floating-point or complex dtype.",
)

# Whole numbers and truth values do not change when their source changes a little.
_to_integer = define(
    "astype_integer",
    _convert,
    None,
    symbol="dtype",
    elementwise=True,
    doc="Conversion to integers or booleans, whose result is a constant.",
)


@implements(np.astype)
def astype(x: Array, dtype: Any, *, copy: bool = True, device: Any = None) -> Array:
    """Convert to another dtype.

    The gradient is converted back. To integers and booleans no gradient passes: the result is a
    constant. From complex to real numbers the imaginary part is dropped.

    Args:
        x: an array of any shape.
        dtype: the dtype to convert to, or its name.
        copy: whether an array that has the dtype already is copied.
        device: ``None`` or ``"cpu"``, the only one there is.

    Returns:
        An array of the same shape.

    Raises:
        TypeError: for a dtype that is not one of numbers or booleans.
        ValueError: for another device.

    >>> import autograd_core as ag
    >>> ag.astype(ag.tensor([1.5, 2.5]), "float32")
    tensor([1.5, 2.5], dtype=float32)
    """
    if device not in (None, "cpu"):
        raise ValueError(
            explain("astype", expected="device='cpu' or none", got=f"device={device!r}", remedy="leave device out")
        )
    x, dtype = as_array(x), np.dtype(dtype)
    if dtype.kind not in "biufc":
        raise TypeError(
            explain(
                "astype",
                expected="a dtype of booleans, integers, floats or complex numbers",
                got=f"{dtype}",
                remedy="convert the array instead: t.detach().numpy().astype(...)",
            )
        )
    if not copy and x.dtype == dtype:
        return x
    return _astype(x, dtype=dtype) if dtype.kind in "fc" else _to_integer(x, dtype=dtype)


def to(
    x: Array, *targets: Any, device: Any = None, dtype: Any = None, non_blocking: bool = False, copy: bool = False
) -> Array:
    """PyTorch's ``t.to(...)``: the dtype of ``targets``, which may be dtypes, Tensors and ``"cpu"``.

    ``device`` and ``dtype`` may be named. ``non_blocking`` is accepted for the sake of programs written for PyTorch.

    Raises:
        TypeError: for another device, and for what is no dtype.

    >>> import autograd_core as ag
    >>> ag.tensor([1.0]).to("float32").dtype
    dtype('float32')
    """
    wanted = x.dtype
    for target in (*targets, device, dtype):
        if hasattr(target, "dtype") and not isinstance(target, type):
            wanted = target.dtype
        elif target is not None and target != "cpu":
            try:
                wanted = np.dtype(target)
            except TypeError:
                raise TypeError(
                    explain("to", expected="a dtype, a Tensor or 'cpu'", got=repr(target), remedy="pass one of them")
                ) from None
    return astype(x, wanted, copy=copy)


def type_(x: Array, dtype: Any = None) -> Any:
    """PyTorch's ``t.type(dtype)``: convert; without a dtype, the name of the present one.

    >>> import autograd_core as ag
    >>> ag.tensor([1.0]).type()
    'float64'
    """
    return x.dtype.name if dtype is None else astype(x, dtype, copy=False)


def conversion(dtype: str) -> Callable[[Any], Any]:
    """A method that converts to ``dtype``."""

    def method(self: Any) -> Any:
        return astype(self, dtype, copy=False)

    method.__doc__ = f"Convert to {dtype}: see ``ag.astype``."
    return method
