"""Unfold and fold: all windows of an image side by side, and their sum put back into an image.

Each is the transpose of the other, so each is the other's rule.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.primitive import Primitive, define

from ..sizes import per_axis
from .windows import Steps, boxes

__all__ = ["fold", "unfold"]


def _unfold_forward(x: Any, steps: Steps) -> Any:
    lengths = x.shape[2:]
    counts = steps.counts(lengths, "unfold")
    windows = np.zeros_like(x, shape=(*x.shape[:2], *steps.kernel, *counts), order="C")
    for place, some, entries in boxes(steps, counts, lengths):
        windows[(slice(None), slice(None), *place, *some)] = x[(slice(None), slice(None), *entries)]
    return windows.reshape((x.shape[0], x.shape[1] * math.prod(steps.kernel), math.prod(counts)))


def _fold_forward(windows: Any, size: tuple[int, ...], steps: Steps) -> Any:
    counts = steps.counts(size)
    channels = windows.shape[1] // math.prod(steps.kernel)
    x = np.zeros_like(windows, shape=(windows.shape[0], channels, *size), order="C")
    windows = windows.reshape((windows.shape[0], channels, *steps.kernel, *counts))
    for place, some, entries in boxes(steps, counts, size):
        x[(slice(None), slice(None), *entries)] += windows[(slice(None), slice(None), *place, *some)]
    return x


_unfold: Primitive = define(
    "unfold",
    _unfold_forward,
    lambda g, out, x, steps: _fold(g, size=x.shape[2:], steps=steps),
    formulas=("1 for every window that shows the entry",),
)
_fold: Primitive = define(
    "fold",
    _fold_forward,
    lambda g, out, windows, size, steps: _unfold(g, steps=steps),
    formulas=("1",),
)


def window_steps(operation: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Steps:
    """The windows on two axes.

    Raises:
        TypeError, ValueError: naming the argument that is no size.
    """
    return Steps(
        kernel=per_axis(kernel_size, 2, operation, "kernel_size", least=1),
        stride=per_axis(stride, 2, operation, "stride", least=1),
        padding=tuple((width, width) for width in per_axis(padding, 2, operation, "padding")),
        dilation=per_axis(dilation, 2, operation, "dilation", least=1),
    )


def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """All windows of an image, each as a column.

    Column l = (p, q) holds x[n, c, s p + d k - padding, s q + d m - padding] for all (c, k, m) in order. So a
    convolution is a matrix product, ``weight.reshape(O, -1) @ unfold(x)``. An entry gets the sum of the gradients
    of all windows that show it, which is what ``fold`` computes.

    Args:
        input: shape (N, C, H, W) or (C, H, W).
        kernel_size: the lengths K and M of a window; one number, or two.
        dilation: d, how far neighbouring entries of a window are apart.
        padding: how many zeros stand before and after each axis.
        stride: s, how far neighbouring windows are apart.

    Returns:
        A Tensor of shape (N, C · K · M, number of windows), or without N.

    Raises:
        TypeError: for sizes that are no integers.
        ValueError: for an input of another number of axes, or one that is smaller than a window.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.unfold(ag.tensor([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]), kernel_size=2)
    tensor([[1., 2.],
            [2., 3.],
            [4., 5.],
            [5., 6.]])
    """
    if input.ndim not in (3, 4):
        raise ValueError(
            explain(
                "unfold",
                expected="an input of shape (N, C, H, W) or (C, H, W)",
                got=f"shape {input.shape}",
                remedy="add the missing axes: x[None] adds one in front",
            )
        )
    steps = window_steps("unfold", kernel_size, dilation, padding, stride)
    return _unfold(input, steps=steps) if input.ndim == 4 else _unfold(input[None], steps=steps)[0]


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Windows, each a column, added up to an image: the transpose of ``unfold``, not its inverse.

    x[n, c, i, j] is the sum over all windows and their places that show (i, j). ``fold(unfold(x))`` multiplies every
    entry by the number of windows that show it.

    Args:
        input: shape (N, C · K · M, number of windows), or without N.
        output_size: H and W of the image; one number, or two.
        kernel_size, dilation, padding, stride: as for ``unfold``.

    Returns:
        A Tensor of shape (N, C, H, W) or (C, H, W).

    Raises:
        TypeError: for sizes that are no integers.
        ValueError: if the shape of the input is not what these windows give.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.fold(F.unfold(ag.ones((1, 2, 3)), kernel_size=2), output_size=(2, 3), kernel_size=2)
    tensor([[[1., 2., 1.],
             [1., 2., 1.]]])
    """
    steps = window_steps("fold", kernel_size, dilation, padding, stride)
    size = per_axis(output_size, 2, "fold", "output_size", least=1)
    counts = steps.counts(size, "fold")
    columns, entries = math.prod(counts), math.prod(steps.kernel)
    if input.ndim not in (2, 3) or input.shape[-1] != columns or not input.shape[-2] or input.shape[-2] % entries:
        raise ValueError(
            explain(
                "fold",
                expected=f"an input of shape (N, C · {entries}, {columns}) or (C · {entries}, {columns})",
                got=f"shape {input.shape}",
                remedy="pass the output_size and the windows that unfold was called with",
            )
        )
    return _fold(input, size=size, steps=steps) if input.ndim == 3 else _fold(input[None], size=size, steps=steps)[0]
