"""Parameters and buffers whose shape is not known yet: those of lazy layers before their first input."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.values import parameter_dtype

from .arguments import check_dtype
from .parameter import Parameter, check_device

__all__ = ["UninitializedBuffer", "UninitializedParameter"]

# The place of the value, which an uninitialized Tensor hides.
_DATA: Any = Tensor._data  # type: ignore[misc]


class Uninitialized(Tensor):
    """What both have in common: there is a dtype, and no value."""

    __slots__ = ()
    _becomes: type[Tensor] = Tensor

    def __init__(self) -> None:
        """Do nothing: ``__new__`` has made it."""

    @property
    def _data(self) -> Any:
        raise ValueError(
            explain(
                type(self).__name__,
                expected="a value, which a lazy layer's parameters get with its first input",
                got="one without a shape yet",
                remedy="call the model once with an example, or load a state dict, before its parameters are used",
            )
        )

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype that it will have."""
        return _DATA.__get__(self).dtype

    def convert(self, dtype: Any) -> None:
        """Give the value to come another dtype."""
        _DATA.__set__(self, np.empty(0, dtype))

    def materialize(self, shape: tuple[int, ...], device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary parameter or buffer of this shape, the same object, with whatever values.

        Args:
            shape: its shape.
            device: ``None`` or ``"cpu"``.
            dtype: its dtype, the one it has if left out.
        """
        check_device(device, type(self).__name__)
        value = np.zeros(shape, self.dtype if dtype is None else dtype)
        self.__class__ = self._becomes  # type: ignore[assignment]
        self._data = value  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __copy__(self) -> Any:
        return _rebuilt(type(self), self.dtype, self.requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copy = memo[id(self)] = self.__copy__()
        return copy

    def __reduce__(self) -> Any:
        return _rebuilt, (type(self), self.dtype, self.requires_grad)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self._data


class UninitializedParameter(Uninitialized, Parameter):
    """A parameter whose shape is not known yet. Whatever asks for its value is an error.

    An optimizer may be given it: it stays the same object when ``materialize`` has made an ordinary
    ``nn.Parameter`` of it.

    Args:
        requires_grad: whether it will be trained.
        device: ``None`` or ``"cpu"``.
        dtype: its dtype, float32 (or the default that was set) if left out.

    >>> import nn
    >>> parameter = nn.UninitializedParameter()
    >>> parameter
    <UninitializedParameter>
    >>> parameter.materialize((2, 3))
    >>> type(parameter).__name__, parameter.shape
    ('Parameter', (2, 3))
    """

    __slots__ = ()
    _becomes = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        """Make one."""
        return _without_value(cls, Parameter, requires_grad, device, dtype)

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        """Do nothing: ``__new__`` has made it."""


class UninitializedBuffer(Uninitialized):
    """A buffer whose shape is not known yet. Whatever asks for its value is an error.

    Args:
        requires_grad: accepted as in PyTorch; buffers are not trained.
        device: ``None`` or ``"cpu"``.
        dtype: its dtype, float32 (or the default that was set) if left out.

    >>> import nn
    >>> nn.LazyBatchNorm1d().running_mean
    <UninitializedBuffer>
    """

    __slots__ = ()

    def __new__(cls, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> Any:
        """Make one."""
        return _without_value(cls, Tensor, requires_grad, device, dtype)

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> None:
        """Do nothing: ``__new__`` has made it."""


def _without_value(cls: type, kind: type, requires_grad: bool, device: Any, dtype: Any) -> Any:
    check_device(device, cls.__name__)
    check_dtype(cls.__name__, "dtype", dtype)
    made = kind(np.empty(0, parameter_dtype(dtype)), requires_grad)
    made.__class__ = cls
    return made


def _rebuilt(cls: type, dtype: Any, requires_grad: bool) -> Any:
    return cls(requires_grad, dtype=dtype)
