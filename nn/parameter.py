"""``Parameter``: a Tensor that a module owns and an optimizer updates."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.values import parameter_dtype

__all__ = ["Buffer", "Parameter"]


class Parameter(Tensor):
    """A Tensor that registers itself with the module it is assigned to.

    Args:
        data: the value; an array or Tensor keeps its dtype, anything else is float32, or what
            ``ag.set_default_dtype`` was given.
        requires_grad: whether the backward pass computes its gradient.
        dtype: converts the value, if given.
        name: what tables and pictures call it.

    Raises:
        TypeError: if the value is not floating-point or complex.

    >>> import nn
    >>> nn.Parameter([1.0, 2.0])
    tensor([1., 2.], dtype=float32, requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True, *, dtype: Any = None, name: str | None = None) -> None:
        if dtype is None and not hasattr(data, "dtype"):
            dtype = parameter_dtype()
        if isinstance(data, Tensor):
            data = data.detach()
        super().__init__(data, dtype=dtype, name=name)
        if self.dtype.kind not in "fc":
            raise TypeError(
                explain(
                    "Parameter",
                    expected="floating-point or complex numbers",
                    got=f"dtype {self.dtype}",
                    remedy="pass floats, or dtype='float32'",
                )
            )
        self.requires_grad = requires_grad


class Buffer(Tensor):
    """A Tensor that registers itself as a buffer of the module it is assigned to: state that is not trained.

    Args:
        data: the value.
        persistent: whether it is part of the state dict.

    >>> import nn
    >>> module = nn.Module()
    >>> module.count = nn.Buffer([0.0])
    >>> module.state_dict()
    {'count': array([0.])}
    """

    __slots__ = ("persistent",)

    persistent: bool

    def __init__(self, data: Any, *, persistent: bool = True) -> None:
        super().__init__(data)
        self.persistent = persistent

    def __reduce__(self) -> Any:
        return _rebuild_buffer, (np.asarray(self._data), self._requires_grad, self.persistent, self.name)

    def __copy__(self) -> Any:
        return _rebuild_buffer(self._data.copy(), self._requires_grad, self.persistent, self.name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copy = memo[id(self)] = self.__copy__()
        return copy


def _rebuild_buffer(value: Any, requires_grad: bool, persistent: bool, name: str | None) -> Buffer:
    buffer = Buffer(value, persistent=persistent)
    buffer.requires_grad = requires_grad
    buffer.name = name
    return buffer


def empty_parameter(
    shape: tuple[int, ...], dtype: Any = None, device: Any = None, owner: str = "Parameter"
) -> Parameter:
    """A parameter whose values the caller draws next.

    Args:
        shape: its shape.
        dtype: a floating-point dtype; float32 for ``None``, or what ``ag.set_default_dtype`` was given.
        device: accepted for the sake of programs written for PyTorch: ``None`` or ``"cpu"``.
        owner: who asks, for the error.

    Raises:
        ValueError: for another device.
    """
    check_device(device, owner)
    return Parameter(np.empty(shape, parameter_dtype(dtype)))


def check_device(device: Any, owner: str) -> None:
    """Refuse every device but the CPU.

    Raises:
        ValueError: for another one.
    """
    if device is not None and str(device) != "cpu":
        raise ValueError(
            explain(
                owner,
                expected="device None or 'cpu': arrays live in the computer's own memory",
                got=repr(device),
                remedy="leave device out",
            )
        )
