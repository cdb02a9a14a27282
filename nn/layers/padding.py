"""Padding layers: constants, mirror images, repeated edges, and the other end."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from .. import functional as F
from ..arguments import checked
from ..module import Module
from ..values import as_tensor

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _Padding(Module):
    """Padding of the last axes in one of the modes of ``F.pad``."""

    axes: ClassVar[int]
    mode: ClassVar[str]

    def __init__(self, padding: Any) -> None:
        super().__init__()
        name = type(self).__name__
        widths = tuple(padding) if isinstance(padding, tuple | list) else (padding,) * (2 * self.axes)
        whole = all(isinstance(width, int | np.integer) and not isinstance(width, bool) for width in widths)
        if not whole or len(widths) != 2 * self.axes:
            raise (ValueError if whole else TypeError)(
                explain(
                    name,
                    expected=f"padding to be an integer or {2 * self.axes} of them, before and after each axis",
                    got=repr(padding),
                    remedy="pass padding=1, say",
                )
            )
        self.padding = tuple(int(width) for width in widths)

    def forward(self, input: Any) -> Tensor:
        """Pad the last axes of ``input``."""
        return F.pad(as_tensor(input), self.padding, mode=self.mode)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class _ConstantPadding(_Padding):
    """Padding with one number."""

    mode = "constant"

    @checked
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Any) -> Tensor:
        """Pad the last axes of ``input``."""
        return F.pad(as_tensor(input), self.padding, value=self.value)

    def extra_repr(self) -> str:
        """The widths and the number."""
        return f"padding={self.padding}, value={self.value}"


class _ZeroPadding(_ConstantPadding):
    """Padding with zeros."""

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class CircularPad1d(_Padding):
    """Go on at the other end of the last axis, as if the ends were joined; see ``F.pad``.

    The input is of shape (C, L) or (N, C, L). No width may be above the axis' length.

    Args:
        padding: (left, right), or one number for all; a negative one cuts entries off.

    Raises:
        TypeError: for a padding that is no integer.
        ValueError: for another number of integers, and inputs that cannot be padded so.

    >>> import nn
    >>> nn.CircularPad1d(2)([[1.0, 2.0, 3.0]])
    tensor([[2., 3., 1., 2., 3., 1., 2.]])
    """

    axes = 1
    mode = "circular"


class CircularPad2d(_Padding):
    """Go on at the other end of the last two axes, as if the ends were joined; see ``F.pad``.

    The input is of shape (C, H, W) or (N, C, H, W). No width may be above the axis' length.

    Args:
        padding: (left, right, top, bottom), or one number for all; a negative one cuts entries off.

    Raises:
        TypeError: for a padding that is no integer.
        ValueError: for another number of integers, and inputs that cannot be padded so.

    >>> import nn
    >>> nn.CircularPad2d((1, 0, 0, 1))([[[1.0, 2.0], [3.0, 4.0]]])
    tensor([[[2., 1., 2.],
             [4., 3., 4.],
             [2., 1., 2.]]])
    """

    axes = 2
    mode = "circular"


class CircularPad3d(_Padding):
    """Go on at the other end of the last three axes, as if the ends were joined; see ``F.pad``.

    The input is of shape (C, D, H, W) or (N, C, D, H, W). No width may be above the axis' length.

    Args:
        padding: (left, right, top, bottom, front, back), or one number for all; a negative one cuts entries off.

    Raises:
        TypeError: for a padding that is no integer.
        ValueError: for another number of integers, and inputs that cannot be padded so.

    >>> import autograd_core as ag
    >>> import nn
    >>> nn.CircularPad3d((1, 1, 2, 0, 0, 3))(ag.ones((1, 2, 4, 5, 6))).shape
    (1, 2, 7, 7, 8)
    """

    axes = 3
    mode = "circular"


class ConstantPad1d(_ConstantPadding):
    """Put a constant before and after the last axis; see ``F.pad``.

    The input is of shape (..., L).

    Args:
        padding: (left, right), or one number for all; a negative one cuts entries off.
        value: the constant.

    Raises:
        TypeError: for a padding that is no integer.
        ValueError: for another number of integers, and inputs that cannot be padded so.

    >>> import nn
    >>> nn.ConstantPad1d((1, 2), 9.0)([[1.0, 2.0, 3.0]])
    tensor([[9., 1., 2., 3., 9., 9.]])
    """

    axes = 1


class ConstantPad2d(_ConstantPadding):
    """Put a constant before and after the last two axes; see ``F.pad``.

    The input is of shape (..., H, W).

    Args:
        padding: (left, right, top, bottom), or one number for all; a negative one cuts entries off.
        value: the constant.

    Raises:
        TypeError: for a padding that is no integer.
        ValueError: for another number of integers, and inputs that cannot be padded so.

    >>> import nn
    >>> nn.ConstantPad2d((1, 0, 0, 1), 9.0)([[[1.0, 2.0], [3.0, 4.0]]])
    tensor([[[9., 1., 2.],
             [9., 3., 4.],
             [9., 9., 9.]]])
    """

    axes = 2


class ConstantPad3d(_ConstantPadding):
    """Put a constant before and after the last three axes; see ``F.pad``.

    The input is of shape (..., D, H, W).

    Args:
        padding: (left, right, top, bottom, front, back), or one number for all; a negative one cuts entries off.
        value: the constant.

    Raises:
        TypeError: for a padding that is no integer.
        ValueError: for another number of integers, and inputs that cannot be padded so.

    >>> import autograd_core as ag
    >>> import nn
    >>> nn.ConstantPad3d((1, 1, 2, 0, 0, 3), 0.5)(ag.ones((1, 2, 4, 5, 6))).shape
    (1, 2, 7, 7, 8)
    """

    axes = 3


class ReflectionPad1d(_Padding):
    """Mirror the entries at the ends of the last axis, without repeating the entries at the ends; see ``F.pad``.

    The input is of shape (C, L) or (N, C, L). No width may be the axis' length or above.

    Args:
        padding: (left, right), or one number for all; a negative one cuts entries off.

    Raises:
        TypeError: for a padding that is no integer.
        ValueError: for another number of integers, and inputs that cannot be padded so.

    >>> import nn
    >>> nn.ReflectionPad1d(2)([[1.0, 2.0, 3.0]])
    tensor([[3., 2., 1., 2., 3., 2., 1.]])
    """

    axes = 1
    mode = "reflect"


class ReflectionPad2d(_Padding):
    """Mirror the entries at the ends of the last two axes, without repeating the entries at the ends; see ``F.pad``.

    The input is of shape (C, H, W) or (N, C, H, W). No width may be the axis' length or above.

    Args:
        padding: (left, right, top, bottom), or one number for all; a negative one cuts entries off.

    Raises:
        TypeError: for a padding that is no integer.
        ValueError: for another number of integers, and inputs that cannot be padded so.

    >>> import nn
    >>> nn.ReflectionPad2d((1, 0, 0, 1))([[[1.0, 2.0], [3.0, 4.0]]])
    tensor([[[2., 1., 2.],
             [4., 3., 4.],
             [2., 1., 2.]]])
    """

    axes = 2
    mode = "reflect"


class ReflectionPad3d(_Padding):
    """Mirror the entries at the ends of the last three axes, without repeating the entries at the ends; see ``F.pad``.

    The input is of shape (C, D, H, W) or (N, C, D, H, W). No width may be the axis' length or above.

    Args:
        padding: (left, right, top, bottom, front, back), or one number for all; a negative one cuts entries off.

    Raises:
        TypeError: for a padding that is no integer.
        ValueError: for another number of integers, and inputs that cannot be padded so.

    >>> import autograd_core as ag
    >>> import nn
    >>> nn.ReflectionPad3d((1, 1, 2, 0, 0, 3))(ag.ones((1, 2, 4, 5, 6))).shape
    (1, 2, 7, 7, 8)
    """

    axes = 3
    mode = "reflect"


class ReplicationPad1d(_Padding):
    """Repeat the entries at the ends of the last axis; see ``F.pad``.

    The input is of shape (C, L) or (N, C, L).

    Args:
        padding: (left, right), or one number for all; a negative one cuts entries off.

    Raises:
        TypeError: for a padding that is no integer.
        ValueError: for another number of integers, and inputs that cannot be padded so.

    >>> import nn
    >>> nn.ReplicationPad1d(2)([[1.0, 2.0, 3.0]])
    tensor([[1., 1., 1., 2., 3., 3., 3.]])
    """

    axes = 1
    mode = "replicate"


class ReplicationPad2d(_Padding):
    """Repeat the entries at the ends of the last two axes; see ``F.pad``.

    The input is of shape (C, H, W) or (N, C, H, W).

    Args:
        padding: (left, right, top, bottom), or one number for all; a negative one cuts entries off.

    Raises:
        TypeError: for a padding that is no integer.
        ValueError: for another number of integers, and inputs that cannot be padded so.

    >>> import nn
    >>> nn.ReplicationPad2d((1, 0, 0, 1))([[[1.0, 2.0], [3.0, 4.0]]])
    tensor([[[1., 1., 2.],
             [3., 3., 4.],
             [3., 3., 4.]]])
    """

    axes = 2
    mode = "replicate"


class ReplicationPad3d(_Padding):
    """Repeat the entries at the ends of the last three axes; see ``F.pad``.

    The input is of shape (C, D, H, W) or (N, C, D, H, W).

    Args:
        padding: (left, right, top, bottom, front, back), or one number for all; a negative one cuts entries off.

    Raises:
        TypeError: for a padding that is no integer.
        ValueError: for another number of integers, and inputs that cannot be padded so.

    >>> import autograd_core as ag
    >>> import nn
    >>> nn.ReplicationPad3d((1, 1, 2, 0, 0, 3))(ag.ones((1, 2, 4, 5, 6))).shape
    (1, 2, 7, 7, 8)
    """

    axes = 3
    mode = "replicate"


class ZeroPad1d(_ZeroPadding):
    """Put zeros before and after the last axis; see ``F.pad``.

    The input is of shape (..., L).

    Args:
        padding: (left, right), or one number for all; a negative one cuts entries off.

    Raises:
        TypeError: for a padding that is no integer.
        ValueError: for another number of integers, and inputs that cannot be padded so.

    >>> import nn
    >>> nn.ZeroPad1d((-1, 2))([[1.0, 2.0, 3.0]])
    tensor([[2., 3., 0., 0.]])
    """

    axes = 1


class ZeroPad2d(_ZeroPadding):
    """Put zeros before and after the last two axes; see ``F.pad``.

    The input is of shape (..., H, W).

    Args:
        padding: (left, right, top, bottom), or one number for all; a negative one cuts entries off.

    Raises:
        TypeError: for a padding that is no integer.
        ValueError: for another number of integers, and inputs that cannot be padded so.

    >>> import nn
    >>> nn.ZeroPad2d((1, 0, 0, 1))([[[1.0, 2.0], [3.0, 4.0]]])
    tensor([[[0., 1., 2.],
             [0., 3., 4.],
             [0., 0., 0.]]])
    """

    axes = 2


class ZeroPad3d(_ZeroPadding):
    """Put zeros before and after the last three axes; see ``F.pad``.

    The input is of shape (..., D, H, W).

    Args:
        padding: (left, right, top, bottom, front, back), or one number for all; a negative one cuts entries off.

    Raises:
        TypeError: for a padding that is no integer.
        ValueError: for another number of integers, and inputs that cannot be padded so.

    >>> import autograd_core as ag
    >>> import nn
    >>> nn.ZeroPad3d((1, 1, 2, 0, 0, 3))(ag.ones((1, 2, 4, 5, 6))).shape
    (1, 2, 7, 7, 8)
    """

    axes = 3
