"""Moving entries between the channels and the plane, and between groups of channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

__all__ = ["channel_shuffle", "native_channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]


def _check(operation: str, input: Any, factor: Any, name: str, axes: int) -> None:
    if not isinstance(factor, int | np.integer) or isinstance(factor, bool) or factor < 1:
        raise ValueError(
            explain(operation, expected=f"{name} to be a positive integer", got=repr(factor), remedy=f"pass {name}=2")
        )
    if input.ndim < axes:
        raise ValueError(
            explain(
                operation,
                expected=f"an input of at least {axes} axes, with channels",
                got=f"shape {input.shape}",
                remedy="add the missing axes: x[None] adds one in front",
            )
        )


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Spread r² channels over a plane r times as high and as wide.

    out[c, r i + a, r j + b] = x[(c r + a) r + b, i, j]; the gradient goes back the same way.

    Args:
        input: shape (..., C r², H, W).
        upscale_factor: r.

    Returns:
        A Tensor of shape (..., C, H r, W r).

    Raises:
        ValueError: if r² does not divide the number of channels.

    Source: Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel
    convolutional neural network", 2016.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.pixel_shuffle(ag.arange(4.0).reshape(4, 1, 1), 2)
    tensor([[[0., 1.],
             [2., 3.]]])
    """
    r = upscale_factor
    _check("pixel_shuffle", input, r, "upscale_factor", 3)
    *lead, channels, height, width = input.shape
    if channels % (r * r):
        raise ValueError(
            explain(
                "pixel_shuffle",
                expected=f"a number of channels that upscale_factor² = {r * r} divides",
                got=f"{channels} channels",
                remedy="let the layer before give r² times as many channels",
            )
        )
    n = len(lead)
    x = np.reshape(input, (*lead, channels // (r * r), r, r, height, width))
    x = np.transpose(x, (*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return np.reshape(x, (*lead, channels // (r * r), height * r, width * r))


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Gather every square of r by r entries into r² channels: undoes ``pixel_shuffle``.

    Args:
        input: shape (..., C, H r, W r).
        downscale_factor: r.

    Returns:
        A Tensor of shape (..., C r², H, W).

    Raises:
        ValueError: if r does not divide height and width.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.pixel_unshuffle(ag.tensor([[[0.0, 1.0], [2.0, 3.0]]]), 2).shape
    (4, 1, 1)
    """
    r = downscale_factor
    _check("pixel_unshuffle", input, r, "downscale_factor", 3)
    *lead, channels, height, width = input.shape
    if height % r or width % r:
        raise ValueError(
            explain(
                "pixel_unshuffle",
                expected=f"a height and a width that downscale_factor = {r} divides",
                got=f"{height} and {width}",
                remedy="crop or pad the input",
            )
        )
    n = len(lead)
    x = np.reshape(input, (*lead, channels, height // r, r, width // r, r))
    x = np.transpose(x, (*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return np.reshape(x, (*lead, channels * r * r, height // r, width // r))


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Mix the channels of groups: the first channels of all groups come first, then the second ones ...

    Args:
        input: shape (N, C, ...) with at least one axis behind the channels.
        groups: how many groups the C channels consist of.

    Returns:
        A Tensor of the same shape.

    Raises:
        ValueError: if ``groups`` does not divide the number of channels.

    Source: Zhang et al., "ShuffleNet: an extremely efficient convolutional neural network for mobile
    devices", 2018.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.channel_shuffle(ag.arange(4.0).reshape(1, 4, 1), 2).reshape(4)
    tensor([0., 2., 1., 3.])
    """
    _check("channel_shuffle", input, groups, "groups", 3)
    n, channels, *rest = input.shape
    if channels % groups:
        raise ValueError(
            explain(
                "channel_shuffle",
                expected=f"a number of channels that groups = {groups} divides",
                got=f"{channels} channels",
                remedy="pass another number of groups",
            )
        )
    x = np.swapaxes(np.reshape(input, (n, groups, channels // groups, *rest)), 1, 2)
    return np.reshape(x, input.shape)


def native_channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """``channel_shuffle`` under the name of one of PyTorch's kernels.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.native_channel_shuffle(ag.arange(4.0).reshape(1, 4, 1), 2).shape
    (1, 4, 1)
    """
    return channel_shuffle(input, groups)
