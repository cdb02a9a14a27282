"""Distances and similarities as modules."""

from __future__ import annotations

from typing import Any

from autograd_core import Tensor

from .. import functional as F
from ..arguments import checked
from ..module import Module
from ..values import as_real

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class CosineSimilarity(Module):
    """The cosine of the angle between vectors, see ``nn.functional.cosine_similarity``.

    Args:
        dim: the axis of the vectors.
        eps: the smallest length to divide by.

    >>> import nn
    >>> nn.CosineSimilarity()([[1.0, 0.0]], [[1.0, 1.0]])
    tensor([0.7071])
    """

    @checked
    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Any, x2: Any) -> Tensor:
        """The cosines of two batches of vectors."""
        return F.cosine_similarity(as_real(x1, self), as_real(x2, self), self.dim, self.eps)

    def extra_repr(self) -> str:
        """Axis and eps."""
        return f"dim={self.dim}, eps={self.eps}"


class PairwiseDistance(Module):
    """The p-norm of x1 − x2 + eps, see ``nn.functional.pairwise_distance``.

    Args:
        p: which norm.
        eps: what is added to every difference.
        keepdim: whether the last axis stays, with length 1.

    >>> import nn
    >>> nn.PairwiseDistance(eps=0.0)([[3.0, 4.0]], [[0.0, 0.0]])
    tensor([5.])
    """

    @checked
    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Any, x2: Any) -> Tensor:
        """The distances between two batches of vectors."""
        return F.pairwise_distance(as_real(x1, self), as_real(x2, self), self.norm, self.eps, self.keepdim)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"p={self.norm}, eps={self.eps}, keepdim={self.keepdim}"
