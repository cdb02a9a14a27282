"""Modules that change the shape of their input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from ..arguments import check_axis, checked
from ..module import Module
from ..values import as_tensor

__all__ = ["Flatten", "Unflatten"]


class Flatten(Module):
    """Neighbouring axes as one; all but the first by default, which counts the samples.

    Args:
        start_dim: the first of these axes.
        end_dim: the last of them.

    Raises:
        IndexError: if the input has no such axes.
        ValueError: if the last stands before the first.

    >>> import nn, numpy as np
    >>> nn.Flatten()(np.zeros((5, 1, 28, 28))).shape
    (5, 784)
    """

    @checked
    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Any) -> Tensor:
        """The input of shape (..., start, ..., end, ...) with the product of these lengths in their place."""
        x = as_tensor(input)
        start, end = (check_axis("Flatten", n, getattr(self, n), x.ndim) for n in ("start_dim", "end_dim"))
        if end < start:
            raise ValueError(
                explain(
                    "Flatten",
                    expected=f"end_dim not before start_dim in an input of shape {x.shape}",
                    got=f"start_dim={self.start_dim} and end_dim={self.end_dim}",
                    remedy="exchange them",
                )
            )
        shape = x.shape
        if not shape:
            return np.reshape(x, (1,))
        return np.reshape(x, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))

    def extra_repr(self) -> str:
        """The axes."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """One axis as several.

    Args:
        dim: the axis.
        unflattened_size: the lengths of the axes that take its place; one of them may be -1, for what is left.

    Raises:
        TypeError: if the lengths are not integers.
        ValueError: if their product is not the length of the axis.

    >>> import nn, numpy as np
    >>> nn.Unflatten(1, (4, 3))(np.zeros((5, 12))).shape
    (5, 4, 3)
    """

    @checked
    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        sizes = tuple(unflattened_size) if isinstance(unflattened_size, Sequence) else ()
        if not sizes or not all(isinstance(size, int) and not isinstance(size, bool) for size in sizes):
            raise TypeError(
                explain(
                    "Unflatten",
                    expected="a tuple of integers as unflattened_size",
                    got=f"unflattened_size={unflattened_size!r}",
                    remedy="pass Unflatten(1, (2, 3)), say",
                )
            )
        self.dim = dim
        self.unflattened_size = sizes

    def forward(self, input: Any) -> Tensor:
        """The input with axis ``dim`` cut into axes of the given lengths."""
        x = as_tensor(input)
        axis = check_axis("Unflatten", "dim", self.dim, x.ndim)
        sizes = list(self.unflattened_size)
        known = math.prod(size for size in sizes if size != -1)
        if sizes.count(-1) == 1 and known > 0:
            sizes[sizes.index(-1)] = x.shape[axis] // known
        if min(sizes) < 0 or not x.ndim or math.prod(sizes) != x.shape[axis]:
            raise ValueError(
                explain(
                    "Unflatten",
                    expected=f"lengths with the product {x.shape[axis] if x.ndim else 1}, that of axis dim={self.dim}",
                    got=f"{self.unflattened_size} for an input of shape {x.shape}",
                    remedy="change unflattened_size; one -1 in it stands for what is left",
                )
            )
        return np.reshape(x, (*x.shape[:axis], *sizes, *x.shape[axis + 1 :]))

    def extra_repr(self) -> str:
        """The axis and the lengths."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
