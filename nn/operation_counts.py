"""How many multiply-adds a recorded operation takes, exactly, from the shapes that it met.

One multiply-add is one product that is added to a sum: what matrix products, convolutions and the like
consist of. Elementwise operations, and sums without products, count as none; so do the few operations
per entry by which a joint operation finishes (the bias of an affine map, the gates of an LSTM).

``MULTIPLY_ADDS`` maps the name of an operation to a function of its node. An operation of one's own
that consists of products is entered there under its name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["MULTIPLY_ADDS", "multiply_adds"]


def multiply_adds(node: Any) -> int:
    """The number of multiply-adds of the operation that made a node; 0 for a leaf.

    >>> import autograd_core as ag
    >>> import nn
    >>> x = ag.tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    >>> nn.multiply_adds(x @ ag.ones((3, 5)))
    15
    """
    count = None if node.primitive is None else MULTIPLY_ADDS.get(node.primitive.name)
    return 0 if count is None else int(count(node))


def _summed_axis(node: Any) -> int:
    """A product that sums over the last axis of its first input."""
    return np.size(node._data) * node.inputs[0].shape[-1]


def _tensordot(node: Any) -> int:
    x, axes = node.inputs[0], node.attributes["axes"][0]
    return np.size(node._data) * math.prod(x.shape[axis] for axis in axes)


def _lengths(subscripts: str, operands: Any) -> dict[str, int]:
    """How long the axis of every letter is."""
    lengths: dict[str, int] = {}
    for term, operand in zip(subscripts.split("->")[0].split(","), operands):
        for letter, length in zip(term, np.shape(operand)):
            lengths[letter] = max(lengths.get(letter, 1), length)
    return lengths


def _einsum(node: Any) -> int:
    return math.prod(_lengths(node.attributes["subscripts"], node.inputs).values())


def _einsum_of_many(node: Any) -> int:
    """Operands are contracted in steps; each one runs through all letters that it meets."""
    subscripts, operands = node.attributes["subscripts"], node.inputs
    lengths = _lengths(subscripts, operands)
    inputs, result = subscripts.split("->")
    terms = inputs.split(",")
    path = np.einsum_path(subscripts, *operands, optimize=node.attributes["optimize"])[0][1:]
    total = 0
    for step in path:
        taken = [terms[position] for position in step]
        terms = [term for position, term in enumerate(terms) if position not in step]
        met = set("".join(taken))
        total += math.prod(lengths[letter] for letter in met) * max(len(taken) - 1, 1)
        terms.append("".join(letter for letter in met if letter in result or any(letter in term for term in terms)))
    return total


def _convolve(node: Any) -> int:
    x, y = node.inputs
    return x.size * y.size if node.attributes.get("mode") == "full" else np.size(node._data) * min(x.size, y.size)


def _convolution(node: Any) -> int:
    """Every output is a sum over the input channels of its group and the places of the kernel (padding too)."""
    weight = node.inputs[1]
    return np.size(node._data) * math.prod(weight.shape[1:])


def _transposed_convolution(node: Any) -> int:
    """Every input goes to all output channels of its group and all places of the kernel."""
    x, weight = node.inputs[:2]
    return x.size * math.prod(weight.shape[1:])


def _sequence(node: Any) -> int:
    """A recurrent layer: every row of the input, and every state, meets every weight once. Biases are vectors."""
    rows = node.inputs[0].shape[0]
    states = 2 if node.primitive.name == "lstm" else 1
    return rows * sum(weight.size for weight in node.inputs[1 + states :] if weight.ndim == 2)


def _attention(node: Any) -> int:
    """Scores, queries times keys, and their weights times the values. A packed input holds all three."""
    out, weights = node._data
    queries, keys = node.inputs[:2]
    width = queries.shape[-1] // ((node.attributes["options"].heads or 1) * (3 if keys is None else 1))
    return weights.size * width + out.size * weights.shape[-1]


MULTIPLY_ADDS: dict[str, Callable[[Any], int]] = {
    "matmul": _summed_axis,
    "vecdot": _summed_axis,
    "tensordot": _tensordot,
    "einsum": _einsum,
    "einsum_of_many": _einsum_of_many,
    "convolve": _convolve,
    "linear": _summed_axis,
    "linear_no_bias": _summed_axis,
    "convolution": _convolution,
    "convolution_no_bias": _convolution,
    "transposed_convolution": _transposed_convolution,
    "transposed_convolution_no_bias": _transposed_convolution,
    "rnn": _sequence,
    "gru": _sequence,
    "lstm": _sequence,
    "attention": _attention,
}
