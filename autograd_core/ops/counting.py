"""Counting entries: by their value (``bincount``) and in bins (``histogram``).

A count does not change with a small change of what is counted, so it is a constant. A sum of weights
per bin is linear in the weights, which therefore have a gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Array, define, implements
from .axes import as_array

__all__ = ["bincount", "histogram", "histogram_bin_edges"]


def _bincount_forward(x: Any, weights: Any, minlength: int = 0) -> Any:
    if weights is None:
        return np.bincount(x, minlength=minlength)
    sums = np.bincount(x, weights, minlength)
    return sums.astype(weights.dtype) if weights.dtype.kind == "f" else sums


_bincount = define(
    "bincount",
    _bincount_forward,
    None,
    lambda g, out, x, weights, minlength=0: np.take(g, x),
    formulas=("", "1 in its bin"),
)


@implements(np.bincount)
def bincount(x: Array, /, weights: Any = None, minlength: int = 0) -> Array:
    """How often each of 0, 1, 2 ... stands in ``x``, or the sum of the weights that stand beside it.

    The gradient of a weight is the g of its bin; a count is a constant.

    Args:
        x: a vector of non-negative integers.
        weights: a number for every entry of ``x``; 1 for each, if left out.
        minlength: the least length of the result.

    Returns:
        A vector whose entry i belongs to the value i. Weights of floats keep their dtype.

    Raises:
        ValueError: for negative entries, and for weights of another length.

    >>> import autograd_core as ag
    >>> w = ag.tensor([0.5, 1.0, 2.0], requires_grad=True)
    >>> ag.bincount(ag.tensor([0, 2, 2]), w)
    tensor([0.5, 0. , 3. ], operation=bincount)
    """
    return _bincount(as_array(x), None if weights is None else as_array(weights), minlength=minlength)


_edges = define(
    "histogram_bin_edges", lambda x, bins=10, range=None: np.histogram_bin_edges(x, bins=bins, range=range), None
)


@implements(np.histogram_bin_edges)
def histogram_bin_edges(x: Array, bins: Any = 10, range: Any = None) -> Array:
    """The edges of the bins in which ``histogram`` counts. Constants.

    Args:
        x: an array of reals.
        bins: how many bins of equal width, or their edges, or the name of a rule of NumPy's.
        range: the lowest and the highest edge; those of ``x``, if left out.

    Returns:
        A vector of one entry more than there are bins.

    >>> import autograd_core as ag
    >>> ag.histogram_bin_edges(ag.tensor([0.0, 1.0, 4.0]), 2)
    tensor([0., 2., 4.])
    """
    return _edges(as_array(x), bins=bins, range=range)


def _bin_forward(x: Any, edges: Any) -> Any:
    count = edges.shape[0] - 1
    bins = np.searchsorted(edges, x, side="right") - 1
    bins = np.where(x == edges[-1], count - 1, bins)
    return np.where((bins < 0) | (bins > count), count, bins)


bin_numbers = define(
    "bin_numbers",
    _bin_forward,
    None,
    None,
    doc="The number of the bin between ``edges`` that each entry falls into; their count for an entry outside.",
)


@implements(np.histogram)
def histogram(
    x: Array, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[Array, Array]:
    """How many entries fall into each bin, or the sum of their weights.

    The counts and the edges are constants with respect to ``x``; the sums have gradients for the weights.

    Args:
        x: an array of reals.
        bins: how many bins of equal width, or their edges, or the name of a rule of NumPy's.
        range: the lowest and the highest edge; those of ``x``, if left out.
        density: whether to divide so that the integral over the bins is 1.
        weights: of the shape of ``x``.

    Returns:
        The counts, and the edges of the bins (one more). A bin holds its left edge, the last one both.

    >>> import autograd_core as ag
    >>> counts, edges = ag.histogram(ag.tensor([0.0, 1.0, 3.0, 4.0]), bins=2)
    >>> counts, edges
    (tensor([2, 2]), tensor([0., 2., 4.]))
    """
    x = as_array(x)
    edges = histogram_bin_edges(x, bins, range)
    count = edges.shape[0] - 1
    numbers = np.reshape(bin_numbers(x, edges), (-1,))
    weights = None if weights is None else np.reshape(as_array(weights), (-1,))
    counts = bincount(numbers, weights, minlength=count + 1)[:count]
    if density:
        counts = counts / np.diff(edges) / np.sum(counts)
    return counts, edges
