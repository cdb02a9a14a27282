"""Counting entries: by their value (``bincount``) and in bins (``histogram``).

A count does not change with a small change of what is counted, so it is a constant. A sum of weights
per bin is linear in the weights, which therefore have a gradient.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, define, implements
from .axes import along, as_array

__all__ = ["bincount", "histogram", "histogram2d", "histogram_bin_edges", "histogramdd"]


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


def _edges_forward(x: Any, bins: Any, range: Any = None) -> Any:
    return bins if np.ndim(bins) else np.histogram_bin_edges(x, bins=bins, range=range)


_edges = define("histogram_bin_edges", _edges_forward, None, None)


@implements(np.histogram_bin_edges)
def histogram_bin_edges(x: Array, bins: Any = 10, range: Any = None) -> Array:
    """The edges of the bins in which ``histogram`` counts. Constants.

    Args:
        x: an array of reals.
        bins: how many bins of equal width, or their edges, or the name of a rule of NumPy's.
        range: the lowest and the highest edge; those of ``x``, if left out.

    Returns:
        A vector of one entry more than there are bins.

    Raises:
        ValueError: for edges that are not in ascending order.

    >>> import autograd_core as ag
    >>> ag.histogram_bin_edges(ag.tensor([0.0, 1.0, 4.0]), 2)
    tensor([0., 2., 4.])
    """
    if isinstance(bins, str) or np.ndim(bins) == 0:
        return _edges(as_array(x), bins if isinstance(bins, str) else operator.index(bins), range=range)
    edges = as_array(bins)
    if edges.ndim != 1 or np.any(np.diff(edges) < 0):
        raise ValueError(
            explain(
                "histogram_bin_edges",
                expected="edges in ascending order",
                got=f"an array of shape {edges.shape} that is not",
                remedy="pass ag.sort(edges)",
            )
        )
    return _edges(as_array(x), edges)


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


@implements(np.histogramdd)
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[Array, tuple[Array, ...]]:
    """How many points fall into each box of a grid, or the sum of their weights (which get a gradient).

    Args:
        sample: a matrix with a point in each row, or a list of vectors with a coordinate of all points each.
        bins: how many bins along every axis, or for each axis their number or their edges.
        range: for each axis the lowest and the highest edge; ``None`` for those of the points.
        density: whether to divide so that the integral over the boxes is 1.
        weights: one for each point.

    Returns:
        The counts as floats, with one axis for each coordinate, and a tuple of the edges along each.

    Raises:
        ValueError: for another number of ``bins`` than coordinates.

    >>> import autograd_core as ag
    >>> counts, edges = ag.histogramdd(ag.tensor([[0.0, 0.0], [1.0, 1.0], [1.0, 0.9]]), bins=2)
    >>> counts
    tensor([[1., 0.],
            [0., 2.]])
    """
    columns = [as_array(x) for x in (sample if isinstance(sample, list | tuple) else np.transpose(as_array(sample)))]
    each = list(bins) if isinstance(bins, list | tuple) or np.ndim(bins) else [bins] * len(columns)
    if len(each) != len(columns):
        raise ValueError(
            explain(
                "histogramdd",
                expected=f"bins for each of {len(columns)} coordinates",
                got=f"{len(each)}",
                remedy="pass one number for all, or a list with an entry for each",
            )
        )
    ranges = [None] * len(columns) if range is None else range
    edges = tuple(histogram_bin_edges(*arguments) for arguments in zip(columns, each, ranges, strict=True))
    numbers, outside, boxes = 0, False, 1
    for x, ends in zip(columns, edges, strict=True):
        count = ends.shape[0] - 1
        places = bin_numbers(x, ends)
        numbers, outside, boxes = numbers * count + places, outside | (places == count), boxes * count
    counts = bincount(np.where(outside, boxes, numbers), weights, minlength=boxes + 1)[:boxes]
    counts = np.reshape(counts, tuple(ends.shape[0] - 1 for ends in edges))
    if counts.dtype.kind != "f":
        counts = counts.astype(np.float64)
    if density:
        counts = counts / np.sum(counts)
        for axis, ends in enumerate(edges):
            counts = counts / along(np.diff(ends), axis, len(edges))
    return counts, edges


@implements(np.histogram2d)
def histogram2d(
    x: Array, y: Array, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[Array, Array, Array]:
    """How many points of a plane fall into each box of a grid, or the sum of their weights.

    Args:
        x: the first coordinate of each point.
        y: the second one.
        bins: how many along both axes, or edges for both, or a pair of either.
        range: a pair of pairs: the lowest and the highest edge along each axis.
        density: whether to divide so that the integral over the boxes is 1.
        weights: one for each point.

    Returns:
        The counts as floats, and the edges along each axis.

    >>> import autograd_core as ag
    >>> counts, xedges, yedges = ag.histogram2d(ag.tensor([0.0, 1.0]), ag.tensor([0.0, 1.0]), bins=2)
    >>> counts
    tensor([[1., 0.],
            [0., 1.]])
    """
    if (isinstance(bins, list | tuple) or np.ndim(bins)) and len(bins) != 2:
        bins = [bins, bins]
    counts, (xedges, yedges) = histogramdd([x, y], bins, range, density, weights)
    return counts, xedges, yedges
