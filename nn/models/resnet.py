"""Residual networks: layers that add to what they are given, so that a gradient can pass by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_core import Tensor
from autograd_core.errors import explain

from .. import functional as F
from ..layers.container import Sequential
from ..layers.convolution import Conv2d
from ..layers.linear import Identity, Linear
from ..layers.normalization import BatchNorm2d
from ..module import Module

__all__ = ["BasicBlock", "ResNet"]


class BasicBlock(Module):
    """Two 3x3 convolutions and a way around them: y = relu(F(x) + S(x)).

    F is convolution, batch norm, ReLU, convolution, batch norm. S is the identity, or where the block
    changes the number of channels or the resolution, a 1x1 convolution and batch norm. Since
    dL/dx = Sᵀ dL/dy + (∂F/∂x)ᵀ dL/dy, the gradient reaches the layers below even where that of F vanishes.

    Args:
        in_channels: channels that come in.
        out_channels: channels that go out.
        stride: by which factor the resolution shrinks.
        residual: whether there is a way around; ``False`` gives a plain block, to compare with.
        norm: whether there is batch norm.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", 2016, figure 5.

    >>> import numpy as np
    >>> import nn
    >>> nn.BasicBlock(4, 8, stride=2)(np.zeros((2, 4, 6, 6))).shape
    (2, 8, 3, 3)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        residual: bool = True,
        norm: bool = True,
        dtype: Any = None,
    ) -> None:
        super().__init__()

        def normalization() -> Module:
            return BatchNorm2d(out_channels, dtype=dtype) if norm else Identity()

        self.conv1 = Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=not norm, dtype=dtype)
        self.bn1 = normalization()
        self.conv2 = Conv2d(out_channels, out_channels, 3, padding=1, bias=not norm, dtype=dtype)
        self.bn2 = normalization()
        self.residual = residual
        self.shortcut: Module = Identity()
        if residual and (stride != 1 or in_channels != out_channels):
            project = Conv2d(in_channels, out_channels, 1, stride=stride, bias=not norm, dtype=dtype)
            self.shortcut = Sequential(project, normalization())

    def forward(self, input: Any) -> Tensor:
        """Feature maps of shape (N, out_channels, height / stride, width / stride)."""
        out = F.relu(self.bn1(self.conv1(input)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + self.shortcut(input) if self.residual else out)


class ResNet(Module):
    """A small residual network for images: a convolution, stages of blocks, global average, affine layer.

    Each stage after the first halves the resolution. ``residual=False, norm=False`` gives the plain deep
    network that fails to train, to see why the other one does not.

    Args:
        in_channels: channels of the images.
        num_classes: the number of outputs (logits).
        channels: the number of feature maps of each stage.
        blocks: how many blocks a stage has: one number for all, or one per stage.
        residual: whether blocks have a way around.
        norm: whether there is batch norm.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Raises:
        ValueError: if blocks and channels do not belong together.

    Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", 2016, section 4.2.

    >>> import numpy as np
    >>> import nn
    >>> net = nn.ResNet(3, 10, channels=(4, 8), blocks=1)
    >>> net(np.zeros((2, 3, 8, 8))).shape
    (2, 10)
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 10,
        channels: Sequence[int] = (16, 32, 64),
        blocks: int | Sequence[int] = 1,
        residual: bool = True,
        norm: bool = True,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        depths = [blocks] * len(channels) if isinstance(blocks, int) else list(blocks)
        if not channels or len(depths) != len(channels) or min(depths) < 1:
            raise ValueError(
                explain(
                    "ResNet",
                    expected="at least one stage, and a positive number of blocks for each",
                    got=f"channels={tuple(channels)}, blocks={blocks}",
                    remedy="pass channels=(16, 32, 64), blocks=2, say",
                )
            )
        self.conv1 = Conv2d(in_channels, channels[0], 3, padding=1, bias=not norm, dtype=dtype)
        self.bn1 = BatchNorm2d(channels[0], dtype=dtype) if norm else Identity()
        stages = []
        before = channels[0]
        for number, (after, depth) in enumerate(zip(channels, depths)):
            stage = []
            for position in range(depth):
                stride = 2 if number > 0 and position == 0 else 1
                stage.append(BasicBlock(before, after, stride, residual=residual, norm=norm, dtype=dtype))
                before = after
            stages.append(Sequential(*stage))
        self.stages = Sequential(*stages)
        self.fc = Linear(before, num_classes, dtype=dtype)

    def forward(self, input: Any) -> Tensor:
        """Logits of shape (N, num_classes) for images of shape (N, in_channels, height, width)."""
        x = F.relu(self.bn1(self.conv1(input)))
        x = self.stages(x)
        return self.fc(x.mean(axis=(2, 3)))
