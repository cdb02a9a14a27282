"""Whole Jacobians and Hessians: the function runs once, then a basis of gradients goes back through it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..gradients import conjugate
from ..pullback import Pullback
from ..recording import Node, make_constant
from .batching import Batch, CannotBatch
from .tracing import Linearization, Trace, check_function, described, positions_of
from .trees import unflatten

__all__ = ["hessian", "jacfwd", "jacobian", "jacrev"]

# How many numbers the largest gradient in a batched backward pass may hold: more are slower, since
# they no longer fit into the processor's cache.
BATCH_NUMBERS = 1 << 17


def jacrev(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The Jacobian of a function, row by row: one backward pass for each entry of the output.

    J_ij = df_i / dx_j. Best where the output has fewer entries than the argument. The rows go through
    the graph together, as one batch, where nothing outside is differentiated. For complex arguments with
    a complex output f must be holomorphic, and J is its complex derivative; with a real output the rows
    are gradients, df/da + i df/db.

    Args:
        f: a function of arrays or nested structures of them.
        argnums: which positional arguments to differentiate with respect to, an int or several.
        has_aux: whether ``f`` returns a pair (output, something else).

    Returns:
        A function of the same arguments. For an output of shape s and an argument of shape t it returns a
        Tensor of shape s + t. Nested structures nest: the structure of the output, and in the place of
        each leaf the structure of the argument (for several ``argnums`` a tuple of them). With
        ``has_aux``, a pair of this and the something else.

    Raises:
        TypeError: if an argument to differentiate is not made of floats.
        GradientError: if the output has lost its graph.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> ag.jacrev(lambda x: x * x)(np.array([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    check_function("jacrev", f)

    def transformed(*args: Any, **kwargs: Any) -> Any:
        return _jacrev("jacrev", f, argnums, has_aux, args, kwargs)

    return described(transformed, f, "jacrev")


jacobian = jacrev


def jacfwd(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The Jacobian of a function, column by column: one derivative in a direction for each entry of the argument.

    J_ij = df_i / dx_j, as ``jacrev`` gives it. Best where the argument has fewer entries than the output.

    Args:
        f, argnums, has_aux: as for ``jacrev``.

    Returns:
        What ``jacrev`` returns.

    Raises:
        TypeError, GradientError: as ``jacrev``.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> ag.jacfwd(lambda t: np.stack([np.exp(t), np.sin(t)]))(0.0)
    tensor([1., 1.])
    """
    check_function("jacfwd", f)

    def transformed(*args: Any, **kwargs: Any) -> Any:
        trace = Trace("jacfwd", f, args, kwargs, positions_of("jacfwd", argnums, args), has_aux)
        return _result(trace, _forward_blocks(trace), argnums, has_aux)

    return described(transformed, f, "jacfwd")


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The matrix of second derivatives of a function.

    H_ij = d^2 f / dx_i dx_j: the Jacobian of the gradient. The gradient is recorded once; its rows then
    go back through it together.

    Args:
        f: a function of arrays or nested structures of them, usually with one number as output.
        argnums: which positional arguments to differentiate with respect to, an int or several.
        has_aux: whether ``f`` returns a pair (output, something else).

    Returns:
        A function of the same arguments. For an output of shape s and an argument of shape t it returns a
        Tensor of shape s + t + t; for a nested argument, its structure, with its structure again in the
        place of each leaf.

    Raises:
        TypeError: if an argument to differentiate is not made of floats.
        GradientError: if the output has lost its graph.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> ag.hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    tensor([[10.,  6.],
            [ 6.,  0.]])
    """
    check_function("hessian", f)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        return _jacrev("hessian", f, argnums, has_aux, args, kwargs)

    def transformed(*args: Any, **kwargs: Any) -> Any:
        return _jacrev("hessian", gradient, argnums, has_aux, args, kwargs)

    return described(transformed, f, "hessian")


def _jacrev(name: str, f: Any, argnums: Any, has_aux: bool, args: Any, kwargs: Any) -> Any:
    trace = Trace(name, f, args, kwargs, positions_of(name, argnums, args), has_aux)
    return _result(trace, _reverse_blocks(trace), argnums, has_aux)


def _result(trace: Trace, blocks: list[list[Any]], argnums: Any, has_aux: bool) -> Any:
    """The blocks (one list per output, with one Jacobian per input) in the structures of outputs and arguments."""
    per_output = []
    for out, row in zip(trace.outputs, blocks, strict=True):
        leaves = [
            _finished(block, (*out.shape, *x.shape), np.result_type(x.dtype, out.dtype))
            for x, block in zip(trace.inputs, row, strict=True)
        ]
        trees = trace.in_arguments(leaves)
        per_output.append(trees[0] if isinstance(argnums, int) else tuple(trees))
    jacobian = unflatten(trace.structure, per_output)
    return (jacobian, trace.released(trace.aux)) if has_aux else jacobian


def _finished(block: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    if block is None:
        return make_constant(np.zeros(shape, dtype)[()])
    block = block if block.shape == shape else np.reshape(block, shape)
    return block if isinstance(block, Node) else make_constant(block[()])


def _reverse_blocks(trace: Trace) -> list[list[Any]]:
    real_inputs = any(x.dtype.kind != "c" for x in trace.inputs)
    blocks = []
    for position, out in enumerate(trace.outputs):
        rows = _products(trace, trace.pullback, position, 1.0)
        if out.dtype.kind == "c" and real_inputs:
            # A real input gets the real part of u J: its real part from u = 1, its imaginary part from u = −i.
            imaginary = _products(trace, trace.pullback, position, -1j)
            rows = [
                re if x.dtype.kind == "c" or re is None else re + 1j * im
                for x, re, im in zip(trace.inputs, rows, imaginary, strict=True)
            ]
        elif out.dtype.kind != "c":
            rows = [row if row is None else conjugate(row) for row in rows]
        blocks.append(rows)
    return blocks


def _forward_blocks(trace: Trace) -> list[list[Any]]:
    linear = Linearization(trace)
    blocks: list[list[Any]] = [[] for _ in trace.outputs]
    used = 0
    for end, x in zip(linear.ends, trace.inputs, strict=True):
        if end is None:
            columns: list[Any] = [None] * len(trace.outputs)
        else:
            columns = _products(trace, linear.pullback, used, 1.0)
            if x.dtype.kind == "c" and any(out.dtype.kind != "c" for out in trace.outputs):
                imaginary = _products(trace, linear.pullback, used, 1j)
                columns = [
                    re if out.dtype.kind == "c" or re is None else re + 1j * im
                    for out, re, im in zip(trace.outputs, columns, imaginary, strict=True)
                ]
            used += 1
        for row, column in zip(blocks, columns, strict=True):
            row.append(column if column is None else np.moveaxis(column, 0, -1))
    return blocks


def _products(trace: Trace, pullback: Pullback, output: int, unit: complex) -> list[Any]:
    """The products of a pullback with ``unit`` times each unit vector of one output.

    Returns:
        Per input an array (a Tensor, if somebody outside differentiates it) with one row for each entry of
        the output, ``None`` for zeros.
    """
    node = pullback.outputs[output]
    count = math.prod(node.shape)
    if node not in pullback.wanted or count == 0:
        return [None] * len(pullback.inputs)
    basis = np.eye(count, dtype=node.dtype)
    if unit != 1:
        basis = basis * np.asarray(unit, basis.dtype)
    basis = basis.reshape(count, *node.shape)
    seeds: list[Any] = [None] * len(pullback.outputs)
    if trace.linked:
        return _one_by_one(pullback, seeds, output, basis, record=True)
    largest = max((n._data.size for n in pullback.nodes if not n.primitive or not n.primitive.multiple), default=1)
    chunk = max(1, BATCH_NUMBERS // max(largest, 1))
    parts = []
    for start in range(0, count, chunk):
        part = basis[start : start + chunk]
        parts.append(_together(pullback, seeds, output, part) if len(part) > 1 and pullback.plain else None)
        if parts[-1] is None:
            parts[-1] = _one_by_one(pullback, seeds, output, part)
    return [_joined(column, x._data) for column, x in zip(zip(*parts, strict=True), pullback.inputs, strict=True)]


def _together(pullback: Pullback, seeds: list[Any], output: int, basis: Any) -> list[Any] | None:
    """One backward pass for several seeds, or ``None`` where a rule does not let them travel together."""
    seeds[output] = Batch(basis)
    try:
        found = pullback(seeds)
    except CannotBatch:
        return None
    count = len(basis)
    return [
        (g.entries if isinstance(g, Batch) else None if g is None else np.broadcast_to(g, (count, *g.shape)), count)
        for g in found
    ]


def _one_by_one(pullback: Pullback, seeds: list[Any], output: int, basis: Any, record: bool = False) -> list[Any]:
    """One backward pass for each seed."""
    found = []
    for row in basis:
        seeds[output] = make_constant(row) if record else row
        found.append(pullback(seeds, record=record))
    columns: list[Any] = []
    for x, column in zip(pullback.inputs, zip(*found, strict=True), strict=True):
        if all(g is None for g in column):
            columns.append(None)
        elif len(column) == 1:
            columns.append(np.expand_dims(column[0], 0))
        else:
            columns.append(np.stack([np.zeros_like(x._data) if g is None else g for g in column]))
    return columns if record else [(column, len(basis)) for column in columns]


def _joined(parts: Sequence[tuple[Any, int]], like: Any) -> Any:
    """The rows found for the parts of a basis, one below the other; ``None`` if all are zeros."""
    if all(rows is None for rows, _ in parts):
        return None
    arrays = [np.zeros_like(like, shape=(n, *like.shape)) if rows is None else rows for rows, n in parts]
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
