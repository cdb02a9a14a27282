"""A softmax over very many classes that spends its effort on the frequent ones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.functions import argmax, concat, take_along_axis

from ..arguments import checked
from ..functional.losses.shared import as_indices, check_classes, check_positive, mean_of
from ..functional.softmaxes import log_softmax
from ..module import Module
from ..sizes import check_integer
from ..values import as_input
from .container import ModuleList, Sequential
from .linear import Linear

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class AdaptiveOutput(NamedTuple):
    """What ``AdaptiveLogSoftmaxWithLoss`` returns.

    Attributes:
        output: the log-probability of each target.
        loss: minus their mean.
    """

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-softmax over classes that are sorted by frequency, in clusters: rare ones share a narrow layer.

    Classes below ``cutoffs[0]`` and one entry for each cluster of rare classes make up the head. The
    log-probability of a class in cluster i is that of the cluster plus that of the class within it, which a
    layer of in_features / div_value^(i+1) hidden numbers computes, only for the samples that need it.

    Args:
        in_features: length of the last axis of the input.
        n_classes: how many classes there are.
        cutoffs: where clusters begin, in increasing order, each from 1 to n_classes − 1.
        div_value: by how much every cluster is narrower than the one before.
        head_bias: whether the head has a bias.
        device: ``None`` or ``"cpu"``.
        dtype: dtype of the parameters, float32 (or the default that was set) if left out.

    Attributes:
        head: the layer of frequent classes and clusters.
        tail: for each cluster a Sequential of two layers without bias.

    Raises:
        ValueError: for cutoffs that are not such a sequence, targets out of range, or shapes that do not fit.

    Source: Grave, Joulin, Cissé, Grangier, Jégou (2017), Efficient softmax approximation for GPUs.

    >>> import nn, numpy as np
    >>> layer = nn.AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs=[5, 10])
    >>> output, loss = layer(np.zeros((3, 8)), [0, 7, 19])
    >>> output.shape, loss.shape, layer.log_prob(np.zeros((3, 8))).shape
    ((3,), (), (3, 20))
    """

    @checked
    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        name = "AdaptiveLogSoftmaxWithLoss"
        check_integer(name, "in_features", in_features, least=1)
        check_integer(name, "n_classes", n_classes, least=2)
        check_positive(name, "div_value", div_value)
        cutoffs = list(cutoffs) if isinstance(cutoffs, Sequence | np.ndarray) else [cutoffs]
        inside = all(_is_whole(cutoff) and 0 < cutoff < n_classes for cutoff in cutoffs)
        if not cutoffs or not inside or any(a >= b for a, b in itertools.pairwise(cutoffs)):
            raise ValueError(
                explain(
                    "AdaptiveLogSoftmaxWithLoss",
                    expected=f"cutoffs that increase, from 1 to {n_classes - 1}",
                    got=f"{cutoffs}",
                    remedy="sort classes by frequency and pass where clusters of rare ones begin",
                )
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [int(cutoff) for cutoff in cutoffs] + [n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, device=device, dtype=dtype)
        self.tail = ModuleList()
        for i, (begin, end) in enumerate(itertools.pairwise(self.cutoffs)):
            hidden = int(in_features // div_value ** (i + 1))
            self.tail.append(
                Sequential(
                    Linear(in_features, hidden, bias=False, device=device, dtype=dtype),
                    Linear(hidden, end - begin, bias=False, device=device, dtype=dtype),
                )
            )

    def reset_parameters(self) -> None:
        """Draw the initial values anew."""
        for layer in self.modules():
            if isinstance(layer, Linear):
                layer.reset_parameters()

    def forward(self, input: Any, target: Any) -> AdaptiveOutput:
        """The log-probabilities of the targets, and the loss.

        Args:
            input: shape (N, in_features) or (in_features,).
            target: class indices, shape (N,) or ().

        Returns:
            A named tuple of ``output``, of the target's shape, and ``loss``, of shape ().
        """
        input, target = as_input(input, self.head.weight, self), as_indices(target)
        if target.ndim > 1 or input.ndim != target.ndim + 1 or input.shape[:-1] != target.shape:
            raise ValueError(
                explain(
                    "AdaptiveLogSoftmaxWithLoss",
                    expected=f"an input of shape (N, {self.in_features}) and a target of shape (N,)",
                    got=f"shapes {input.shape} and {target.shape}",
                    remedy="pass one row and one class index per sample",
                )
            )
        check_classes("AdaptiveLogSoftmaxWithLoss", target, self.n_classes)
        if target.ndim == 0:
            output, loss = self.forward(np.expand_dims(input, 0), np.expand_dims(target, 0))
            return AdaptiveOutput(output[0], loss)
        cluster = np.searchsorted(self.cutoffs, target, side="right")  # 0 for classes of the head
        entry = np.where(cluster == 0, target, self.shortlist_size + cluster - 1)
        head = log_softmax(self.head(input), 1)
        output = take_along_axis(head, entry[:, None], axis=1)[:, 0]
        pieces, rows = [], []
        for i, begin in enumerate(self.cutoffs[:-1]):
            (members,) = np.nonzero(cluster == i + 1)
            if members.size:
                inner = log_softmax(self.tail[i](input[members]), 1)
                pieces.append(take_along_axis(inner, (target[members] - begin)[:, None], axis=1)[:, 0])
                rows.append(members)
        if pieces:
            frequent = np.nonzero(cluster == 0)[0]
            order = np.argsort(np.concatenate([*rows, frequent]))
            output = output + concat([*pieces, np.zeros(frequent.size, output.dtype)])[order]
        return AdaptiveOutput(output, -mean_of(output))

    def log_prob(self, input: Any) -> Tensor:
        """The log-probabilities of all classes.

        Args:
            input: shape (N, in_features).

        Returns:
            Shape (N, n_classes).
        """
        input = as_input(input, self.head.weight, self)
        head = log_softmax(self.head(input), 1)
        pieces = [head[:, : self.shortlist_size]]
        for i, layers in enumerate(self.tail):
            column = self.shortlist_size + i
            pieces.append(log_softmax(layers(input), 1) + head[:, column : column + 1])
        return concat(pieces, axis=1)

    def predict(self, input: Any) -> Tensor:
        """The most probable class of each sample.

        Args:
            input: shape (N, in_features).

        Returns:
            Integers of shape (N,). Where a frequent class wins, no cluster is looked into.
        """
        input = as_input(input, self.head.weight, self).detach()
        best = argmax(self.head(input), axis=1).numpy()
        (unsure,) = np.nonzero(best >= self.shortlist_size)
        if unsure.size:
            best = best.copy()
            best[unsure] = argmax(self.log_prob(input[unsure]), axis=1).numpy()
        return Tensor(best)

    def extra_repr(self) -> str:
        """Sizes, as in the constructor."""
        return f"in_features={self.in_features}, n_classes={self.n_classes}, cutoffs={self.cutoffs[:-1]}"


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and value % 1 == 0
