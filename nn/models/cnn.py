"""Convolutional networks for images: features found by convolutions, then a multilayer perceptron."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_core import Tensor
from autograd_core.errors import explain

from .. import functional as F
from ..layers.activation import ReLU
from ..layers.container import Sequential
from ..layers.convolution import Conv2d
from ..layers.dropout import Dropout
from ..layers.linear import Linear
from ..layers.pooling import MaxPool2d
from ..layers.shape import Flatten
from ..module import Module
from ..sizes import per_axis
from .mlp import MLP

__all__ = ["CNN", "LeNet", "TwoLayerCNN"]


def _after_convolution(size: tuple[int, ...], kernel: int, owner: str, given: Any, padding: int = 0) -> tuple[int, ...]:
    """Height and width after a convolution."""
    left = tuple(side + 2 * padding - kernel + 1 for side in size)
    if min(left) < 1:
        raise ValueError(
            explain(
                owner,
                expected=f"images large enough for every {kernel}x{kernel} convolution and pooling",
                got=f"size={given}, of which {size[0]}x{size[1]} is left where the next convolution comes",
                remedy="pass a larger size, a smaller kernel_size or fewer channels",
            )
        )
    return left


class CNN(Sequential):
    """Convolution, unit and max pooling, several times, then an affine layer or more.

    With its defaults it is the network of ``LeNet``, as a ``Sequential``.

    Args:
        in_channels: channels of the images, 1 for grey, 3 for coloured ones.
        num_classes: the number of outputs (logits).
        size: height and width of the images.
        channels: the number of feature maps after each convolution.
        hidden: the widths of the hidden affine layers.
        kernel_size: height and width of the convolutions' kernels.
        padding: rows and columns of zeros around what a convolution gets.
        pool: height and width of the pooling windows, 1 for none.
        activation: a module class (or a function that makes a module) for the units.
        dropout: the probability with which an input of an affine layer is set to 0 in training.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Raises:
        ValueError: if nothing is left of the images before the last convolution.

    >>> import numpy as np
    >>> import nn
    >>> net = nn.CNN(1, 10, size=8, channels=(8, 16), hidden=(32,), pool=1)
    >>> net(np.zeros((5, 1, 8, 8))).shape
    (5, 10)
    """

    def __init__(
        self,
        in_channels: int = 1,
        num_classes: int = 10,
        size: int | Sequence[int] = 32,
        channels: Sequence[int] = (6, 16),
        hidden: Sequence[int] = (120, 84),
        kernel_size: int = 3,
        padding: int = 0,
        pool: int = 2,
        activation: Callable[[], Module] = ReLU,
        dropout: float = 0.0,
        dtype: Any = None,
    ) -> None:
        sides = per_axis(size, 2, "CNN", "size", least=1)
        layers: list[Module] = []
        before = in_channels
        for after in channels:
            sides = _after_convolution(sides, kernel_size, "CNN", size, padding)
            layers += [Conv2d(before, after, kernel_size, padding=padding, dtype=dtype), activation()]
            if pool > 1:
                sides = (sides[0] // pool, sides[1] // pool)
                layers.append(MaxPool2d(pool))
            before = after
        inputs = before * sides[0] * sides[1]
        if inputs == 0:
            _after_convolution(sides, 1, "CNN", size)
        layers.append(Flatten())
        if dropout:
            layers.append(Dropout(dropout))
        layers += MLP([inputs, *hidden, num_classes], activation=activation, dropout=dropout, dtype=dtype)
        super().__init__(*layers)


class LeNet(Module):
    """The network of two convolutions and three affine layers that every course begins with.

    conv1 (1 to 6 channels, 3x3), ReLU, max pooling 2; conv2 (6 to 16, 3x3), ReLU, max pooling 2; then
    fc1 (16·6·6 to 120), fc2 (to 84) and fc3 (to 10) with ReLU between them, for images of 32x32.

    Args:
        in_channels: channels of the images.
        num_classes: the number of outputs (logits).
        size: height and width of the images.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Raises:
        ValueError: for images too small for the two convolutions.

    Source: after LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
    recognition", 1998, with ReLU, max pooling and 3x3 kernels.

    >>> import numpy as np
    >>> import nn
    >>> net = nn.LeNet()
    >>> net(np.zeros((2, 1, 32, 32))).shape, net.fc1.in_features
    ((2, 10), 576)
    """

    def __init__(
        self, in_channels: int = 1, num_classes: int = 10, size: int | Sequence[int] = 32, dtype: Any = None
    ) -> None:
        super().__init__()
        sides = per_axis(size, 2, "LeNet", "size", least=1)
        for _ in range(2):
            sides = tuple(side // 2 for side in _after_convolution(sides, 3, "LeNet", size))
        _after_convolution(sides, 1, "LeNet", size)
        self.conv1 = Conv2d(in_channels, 6, 3, dtype=dtype)
        self.conv2 = Conv2d(6, 16, 3, dtype=dtype)
        self.fc1 = Linear(16 * sides[0] * sides[1], 120, dtype=dtype)
        self.fc2 = Linear(120, 84, dtype=dtype)
        self.fc3 = Linear(84, num_classes, dtype=dtype)

    def forward(self, input: Any) -> Tensor:
        """Logits of shape (N, num_classes) for images of shape (N, in_channels, height, width)."""
        x = F.max_pool2d(F.relu(self.conv1(input)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.reshape(len(x), -1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


class TwoLayerCNN(Module):
    """The smallest convolutional network: one layer of feature maps, one affine layer.

    h = f(W₁ ∗ x + b₁), y = W₂ vec(h) + b₂, small enough to follow both passes by hand.

    Args:
        in_channels: channels of the images.
        channels: the number of feature maps.
        num_classes: the number of outputs.
        size: height and width of the images.
        kernel_size: height and width of the kernels.
        activation: a module class (or a function that makes a module) for f.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Raises:
        ValueError: for images smaller than the kernel.

    >>> import nn
    >>> net = nn.TwoLayerCNN(1, 2, 3, size=4)
    >>> [tuple(p.shape) for p in net.parameters()]
    [(2, 1, 3, 3), (2,), (3, 8), (3,)]
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        num_classes: int,
        size: int | Sequence[int],
        kernel_size: int = 3,
        activation: Callable[[], Module] = ReLU,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        sides = per_axis(size, 2, "TwoLayerCNN", "size", least=1)
        sides = _after_convolution(sides, kernel_size, "TwoLayerCNN", size)
        self.conv = Conv2d(in_channels, channels, kernel_size, dtype=dtype)
        self.activation = activation()
        self.fc = Linear(channels * sides[0] * sides[1], num_classes, dtype=dtype)

    def forward(self, input: Any) -> Tensor:
        """Outputs of shape (N, num_classes) for images of shape (N, in_channels, height, width)."""
        features = self.activation(self.conv(input))
        return self.fc(features.reshape(len(features), -1))
