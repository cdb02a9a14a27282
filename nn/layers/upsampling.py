"""Upsampling, and moving entries between channels and plane, as modules."""

from __future__ import annotations

from typing import Any

from autograd_core import Tensor

from .. import functional as F
from ..arguments import checked
from ..module import Module
from ..sizes import check_number
from ..values import as_tensor

__all__ = [
    "ChannelShuffle",
    "PixelShuffle",
    "PixelUnshuffle",
    "Upsample",
    "UpsamplingBilinear2d",
    "UpsamplingNearest2d",
]


class Upsample(Module):
    """Signals, images or volumes made larger or smaller, see ``nn.functional.interpolate``.

    Args:
        size: the new length, or one per axis.
        scale_factor: instead, the new length over the old one, or one per axis.
        mode: ``"nearest"``, ``"linear"``, ``"bilinear"``, ``"bicubic"`` or ``"trilinear"``.
        align_corners: whether first and last entries stay in place, for the linear and cubic modes.
        recompute_scale_factor: whether places are computed from the lengths rather than from ``scale_factor``.

    >>> import nn
    >>> nn.Upsample(scale_factor=2)([[[0.0, 2.0]]])
    tensor([[[0., 0., 2., 2.]]])
    """

    @checked
    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size = size
        many = isinstance(scale_factor, list | tuple)
        for factor in scale_factor if many else [scale_factor]:
            if factor is not None:
                check_number(type(self).__name__, "scale_factor", factor)
        self.scale_factor = tuple(float(f) for f in scale_factor) if many else scale_factor and float(scale_factor)
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Any) -> Tensor:
        """The input with other lengths of the axes behind the channels."""
        return F.interpolate(
            as_tensor(input), self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        """Size and mode."""
        size = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
        return f"{size}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Images made larger by repeating pixels, see ``nn.functional.interpolate``.

    Args:
        size: the new height and width, or one integer for both.
        scale_factor: instead, the factor for both, or one for each.

    >>> import nn
    >>> nn.UpsamplingNearest2d(scale_factor=2)([[[[1.0]]]])
    tensor([[[[1., 1.],
              [1., 1.]]]])
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Images made larger by bilinear interpolation with aligned corners, see ``nn.functional.interpolate``.

    Args:
        size: the new height and width, or one integer for both.
        scale_factor: instead, the factor for both, or one for each.

    >>> import nn
    >>> nn.UpsamplingBilinear2d(size=(1, 3))([[[[0.0, 2.0]]]])
    tensor([[[[0., 1., 2.]]]])
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)


class PixelShuffle(Module):
    """Spreads r² channels over a plane r times as high and as wide, see ``nn.functional.pixel_shuffle``.

    Args:
        upscale_factor: r.

    >>> import nn
    >>> nn.PixelShuffle(2)([[[0.0]], [[1.0]], [[2.0]], [[3.0]]])
    tensor([[[0., 1.],
             [2., 3.]]])
    """

    @checked
    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Any) -> Tensor:
        """The input with fewer channels and a larger plane."""
        return F.pixel_shuffle(as_tensor(input), self.upscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Gathers squares of r by r entries into r² channels, see ``nn.functional.pixel_unshuffle``.

    Args:
        downscale_factor: r.

    >>> import nn
    >>> nn.PixelUnshuffle(2)([[[0.0, 1.0], [2.0, 3.0]]]).shape
    (4, 1, 1)
    """

    @checked
    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Any) -> Tensor:
        """The input with more channels and a smaller plane."""
        return F.pixel_unshuffle(as_tensor(input), self.downscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """Mixes the channels of groups, see ``nn.functional.channel_shuffle``.

    Args:
        groups: how many groups the channels consist of.

    >>> import nn
    >>> nn.ChannelShuffle(2)([[[0.0], [1.0], [2.0], [3.0]]]).reshape(4)
    tensor([0., 2., 1., 3.])
    """

    @checked
    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Any) -> Tensor:
        """The input with its channels in another order."""
        return F.channel_shuffle(as_tensor(input), self.groups)

    def extra_repr(self) -> str:
        """The number of groups."""
        return f"groups={self.groups}"
