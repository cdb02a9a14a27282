"""What ``vmap`` makes of an operation is what the operation makes of one example after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core.primitive import Primitive
from tests.samples.sample import Sample

from . import calls

NEAR = 1e-9  # other orders of summation, and matrix products of other shapes
EXAMPLES = 2


def choices(primitive: Primitive, sample: Sample) -> list[tuple[int, ...]]:
    """Which inputs differ from example to example: all arrays, or each of those with a derivative alone."""
    arrays = tuple(i for i, x in enumerate(sample.inputs) if calls.is_array(x))
    single = [(i,) for i in calls.differentiable(primitive, sample)] if len(arrays) > 1 else []
    return [chosen for chosen in (arrays, *single) if chosen]


def _stack(x: Any) -> Any:
    """Two examples near ``x``, which keep its order, its signs and its symmetry."""
    factors = [1.0 - 0.003 * i if calls.is_inexact(x) else 1 for i in range(EXAMPLES)]
    return np.stack([np.asarray(x * np.asarray(factor, x.dtype)) for factor in factors])


def check(label: str, primitive: Primitive, sample: Sample, chosen: tuple[int, ...]) -> None:
    """Values, gradients, gradients of gradients, and gradients for each example."""
    label = f"{label}, examples of inputs {chosen}"
    wrt = calls.differentiable(primitive, sample) if sample.order > 0 else ()
    inputs = [_stack(x) if i in chosen else x for i, x in enumerate(sample.inputs)]
    one = [[x[n] if i in chosen else x for i, x in enumerate(inputs)] for n in range(EXAMPLES)]
    axes = tuple(0 if i in chosen else None for i in range(len(inputs)))
    rng = calls.generator(label)

    def operation(*operands: Any) -> tuple[Any, ...]:
        return calls.record(primitive, operands, sample.attributes)

    # Values.
    operands = calls.tensors(inputs, wrt)
    outs = ag.vmap(operation, axes)(*operands)
    singles = [operation(*calls.tensors(example, wrt)) for example in one]
    for position, out in enumerate(outs):
        expected = np.stack([single[position]._data for single in singles])
        assert out.dtype == expected.dtype, f"{label}: dtype {out.dtype}, expected {expected.dtype}"
        calls.assert_near(f"{label}: output {position}", out._data, expected, NEAR, equal_nan=True)
    if not wrt:
        return

    # Gradients: of what differs, an entry for each example; of what is shared, the sum.
    seeds = calls.seeds_for([out._data for out in outs], rng)
    found = calls.gradients_of(outs, [operands[i] for i in wrt], seeds)
    of_one = [
        calls.gradients(primitive, example, sample.attributes, [None if s is None else s[n] for s in seeds], wrt)
        for n, example in enumerate(one)
    ]
    for k, i in enumerate(wrt):
        parts = [g[k] for g in of_one]
        expected = np.stack(parts) if i in chosen else sum(parts)
        got = np.zeros_like(expected) if found[k] is None else found[k]._data
        calls.assert_near(f"{label}: gradient of input {i}", got, expected, NEAR, equal_nan=True)
    _check_each(label, operation, inputs, axes, wrt, seeds, of_one)
    if sample.order > 1 and len(chosen) == len(choices(primitive, sample)[0]):
        _check_second(label, operation, inputs, one, axes, wrt, seeds)


def _check_each(
    label: str, operation: Any, inputs: Any, axes: Any, wrt: Sequence[int], seeds: Any, of_one: Any
) -> None:
    """``vmap`` of the gradient: each example has its own, of shared inputs too."""
    live = [position for position, seed in enumerate(seeds) if seed is not None]

    def gradients(given: Sequence[Any], *operands: Any) -> Any:
        def scalar(*chosen: Any) -> Any:
            full = list(operands)
            for i, x in zip(wrt, chosen, strict=True):
                full[i] = x
            outs = operation(*full)
            total = 0.0
            for position, seed in zip(live, given, strict=True):
                total = total + (np.conjugate(seed) * outs[position]).real.sum()
            return total

        return ag.grad(scalar, tuple(range(len(wrt))))(*(operands[i] for i in wrt))

    found = ag.vmap(gradients, (0, *axes))([seeds[position] for position in live], *inputs)
    for k, i in enumerate(wrt):
        expected = np.stack([g[k] for g in of_one])
        calls.assert_near(f"{label}: each gradient of input {i}", found[k]._data, expected, NEAR, equal_nan=True)


def _check_second(label: str, operation: Any, inputs: Any, one: Any, axes: Any, wrt: Sequence[int], seeds: Any) -> None:
    """The gradient of the squared gradient, through ``vmap`` and one example after the other."""

    def squared(outs: Any, leaves: Any, given: Any) -> Any:
        found = calls.gradients_of(outs, leaves, given, create_graph=True)
        return sum((abs(g) ** 2).sum() for g in found if g is not None)

    operands = calls.tensors(inputs, wrt)
    leaves = [operands[i] for i in wrt]
    total = squared(ag.vmap(operation, axes)(*operands), leaves, seeds)
    # What is shared must be shared there too, so the examples are cut out of the same leaves.
    others = calls.tensors(inputs, wrt)
    outs: list[list[Any]] = []
    for n in range(len(one)):
        example = [x[n] if axis == 0 else x for x, axis in zip(others, axes, strict=True)]
        outs.append(list(operation(*example)))
    flat = [out for example in outs for out in example]
    given = [None if s is None else s[n] for n in range(len(one)) for s in seeds]
    reference = squared(flat, [others[i] for i in wrt], given)
    if not getattr(total, "requires_grad", False) and not getattr(reference, "requires_grad", False):
        return
    got = ag.gradients(total, leaves, allow_unused=True)
    expected = ag.gradients(reference, [others[i] for i in wrt], allow_unused=True)
    for i, a, b in zip(wrt, got, expected, strict=True):
        zero = np.zeros_like(inputs[i])
        a, b = (zero if g is None else g._data for g in (a, b))
        calls.assert_near(f"{label}: second derivative of input {i}", a, b, 1e-8, equal_nan=True)
