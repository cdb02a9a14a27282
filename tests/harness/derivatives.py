"""First and second derivatives of an operation against finite differences and the complex step.

With f the operation, v a random gradient for its outputs and L(x) = Re<v, f(x)>, the engine's gradient
of L is compared with differences of L. Then, with w random of the shape of that gradient, the engine's
gradient of M(x, v) = Re<w, dL/dx> is compared with differences of M. M depends on v too, so both ways
through the rule are differentiated: the local derivative, and the linear map that the rule is in v.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core.primitive import Primitive
from tests.samples.sample import Sample

from . import calls, numeric


def check_first(label: str, primitive: Primitive, sample: Sample) -> None:
    """The first derivative with respect to every input the sample names, against finite differences."""
    inputs, attributes = sample.inputs, sample.attributes
    rng = calls.generator(primitive.name)
    wrt = calls.differentiable(primitive, sample)
    seeds = calls.seeds_for(calls.forward(primitive, inputs, attributes), rng)
    found = calls.gradients(primitive, inputs, attributes, seeds, wrt)
    for position, gradient in zip(wrt, found, strict=True):
        assert gradient.shape == inputs[position].shape, f"{label}: input {position}, shape {gradient.shape}"

        def projected(x: Any, position: int = position) -> float:
            outs = calls.forward(primitive, _replaced(inputs, position, x), attributes)
            return sum(calls.inner(v, out) for v, out in zip(seeds, outs, strict=True) if v is not None)

        what = f"{label}: gradient of input {position}"
        _compare(what, projected, inputs[position], gradient, sample.tolerance, rng, sample.symmetric)


def check_second(label: str, primitive: Primitive, sample: Sample) -> None:
    """The second derivative: the recorded backward pass, differentiated, against differences of the eager one."""
    inputs, attributes = sample.inputs, sample.attributes
    rng = calls.generator(primitive.name)
    wrt = calls.differentiable(primitive, sample)
    if not wrt:
        return
    seeds = calls.seeds_for(calls.forward(primitive, inputs, attributes), rng)
    weights = [calls.random_like(inputs[i], rng) for i in wrt]

    operands = calls.tensors(inputs, wrt)
    seed_tensors = [None if v is None else ag.Tensor(v, requires_grad=True) for v in seeds]
    outs = calls.record(primitive, operands, attributes)
    first = calls.gradients_of(outs, [operands[i] for i in wrt], seed_tensors, create_graph=True)
    variables = [operands[i] for i in wrt] + [v for v in seed_tensors if v is not None]
    second = calls.gradients_of(first, variables, weights)

    def weighted(inputs: Sequence[Any], seeds: Sequence[Any]) -> float:
        found = calls.gradients(primitive, inputs, attributes, seeds, wrt)
        return sum(calls.inner(w, g) for w, g in zip(weights, found, strict=True))

    cases = [(f"input {i}", inputs[i], lambda x, i=i: weighted(_replaced(inputs, i, x), seeds)) for i in wrt] + [
        (f"the gradient of output {i}", v, lambda x, i=i: weighted(inputs, _replaced(seeds, i, x)))
        for i, v in enumerate(seeds)
        if v is not None
    ]
    for (what, x, function), gradient in zip(cases, second, strict=True):
        gradient = np.zeros_like(x) if gradient is None else gradient._data
        tolerance = 10 * sample.tolerance
        symmetric = sample.symmetric and what.startswith("input")
        _compare(f"{label}: second derivative with respect to {what}", function, x, gradient, tolerance, rng, symmetric)


def check_complex_step(label: str, primitive: Primitive, sample: Sample) -> None:
    """The first derivative of an analytic operation to full precision, at real inputs."""
    inputs, attributes = sample.inputs, sample.attributes
    rng = calls.generator(primitive.name)
    wrt = [i for i in calls.differentiable(primitive, sample) if inputs[i].dtype.kind == "f"]
    seeds = calls.seeds_for(calls.forward(primitive, inputs, attributes), rng)
    found = calls.gradients(primitive, inputs, attributes, seeds, wrt)
    for position, gradient in zip(wrt, found, strict=True):

        def projected(x: Any, position: int = position) -> complex:
            outs = calls.forward(primitive, _replaced(inputs, position, x), attributes)
            return complex(sum(np.sum(v * out) for v, out in zip(seeds, outs, strict=True) if v is not None))

        for direction in numeric.directions(inputs[position], rng):
            calls.assert_near(
                f"{label}: complex step along input {position}",
                calls.inner(gradient, direction),
                numeric.complex_step(projected, inputs[position], direction),
                1e-10,
            )


def check_at_complex(label: str, primitive: Primitive, sample: Sample) -> None:
    """First and second derivative of an analytic operation at complex inputs near the sample's."""
    rng = calls.generator(primitive.name)
    wrt = calls.differentiable(primitive, sample)
    for chosen in [wrt, *((i,) for i in wrt if len(wrt) > 1)]:
        inputs = tuple(
            x + 0.1j * rng.uniform(0.5, 1.0, x.shape) if i in chosen and x.dtype.kind == "f" else x
            for i, x in enumerate(sample.inputs)
        )
        moved = Sample(inputs, sample.attributes, wrt=wrt, tolerance=sample.tolerance, symmetric=sample.symmetric)
        check_first(f"{label} with complex inputs {chosen}", primitive, moved)
        if sample.order > 1:
            check_second(f"{label} with complex inputs {chosen}", primitive, moved)


def _replaced(values: Sequence[Any], position: int, value: Any) -> list[Any]:
    values = list(values)
    values[position] = value
    return values


def _compare(
    label: str,
    f: Any,
    x: Any,
    gradient: Any,
    tolerance: float,
    rng: np.random.Generator,
    symmetric: bool = False,
) -> None:
    directions = numeric.directions(x, rng)
    if symmetric:
        directions = [(d + np.conjugate(np.swapaxes(d, -1, -2))) / 2 for d in directions]
    expected = np.array([numeric.directional(f, x, direction) for direction in directions])
    got = np.array([calls.inner(gradient, direction) for direction in directions])
    calls.assert_near(f"{label} (along {len(directions)} directions)", got, expected, tolerance)
