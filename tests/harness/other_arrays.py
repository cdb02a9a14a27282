"""Operations on arrays of another library: forward, rules, and the engine around them."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core.primitive import Primitive
from tests.duck import DuckArray, unwrap, wrap
from tests.samples.sample import Sample

from . import calls, properties


def check_duck(label: str, primitive: Primitive, sample: Sample) -> None:
    """Forward and every rule turn duck arrays into duck arrays with the values that NumPy's arrays give."""
    inputs, attributes = sample.inputs, sample.attributes
    outs = calls.forward(primitive, inputs, attributes)
    ducks = [wrap(x) for x in inputs]
    duck_outs = calls.forward(primitive, ducks, attributes)
    _assert_same(f"{label}: forward on duck arrays", duck_outs, outs)
    seeds = calls.seeds_for(outs, calls.generator(label))
    if not primitive.differentiable or all(v is None for v in seeds):
        return
    wrt = calls.differentiable(primitive, sample)
    expected = calls.contributions(primitive, seeds, outs, inputs, attributes, wrt)
    found = calls.contributions(primitive, [wrap(v) for v in seeds], duck_outs, ducks, attributes, wrt)
    for position, got, reference in zip(wrt, found, expected, strict=True):
        assert (got is None) == (reference is None), f"{label}: rule {position} on duck arrays"
        if got is not None:
            _assert_same(f"{label}: rule {position} on duck arrays", [got], [reference])


def check_duck_engine(label: str, primitive: Primitive, sample: Sample) -> None:
    """The eager and the recorded backward pass, and the derivative of the latter, on duck arrays."""
    wrt = calls.differentiable(primitive, sample)
    if not wrt:
        return
    seeds = calls.seeds_for(calls.forward(primitive, sample.inputs, sample.attributes), calls.generator(label))
    expected = properties.first_and_second(primitive, sample.inputs, sample.attributes, seeds, wrt)

    operands = [
        ag.Tensor(wrap(x), requires_grad=i in wrt) if calls.is_array(x) else x for i, x in enumerate(sample.inputs)
    ]
    chosen = [operands[i] for i in wrt]
    outs = calls.record(primitive, operands, sample.attributes)
    duck_seeds = [None if v is None else ag.Tensor(wrap(v)) for v in seeds]
    eager = calls.gradients_of(outs, chosen, duck_seeds)
    first = calls.gradients_of(outs, chosen, duck_seeds, create_graph=True)
    ones = [None if g is None else ag.Tensor(wrap(np.ones(g.shape, g.dtype))) for g in first]
    second = calls.gradients_of(first, chosen, ones) if sample.order > 1 else []
    for what, found, references in (
        ("eager gradient", eager, expected[0]),
        ("recorded gradient", first, expected[0]),
        ("second derivative", second, expected[1]),
    ):
        for position, (got, reference) in enumerate(zip(found, references)):
            if got is not None:
                _assert_same(f"{label}: {what} {position} on duck arrays", [got._data], [reference])


def _assert_same(label: str, found: Any, expected: Any) -> None:
    assert len(found) == len(expected), f"{label}: {len(found)} results, expected {len(expected)}"
    for got, reference in zip(found, expected, strict=True):
        if calls.is_array(reference):
            assert isinstance(got, DuckArray), f"{label}: result of type {type(got)}"
            assert got.dtype == reference.dtype, f"{label}: dtype {got.dtype}, expected {reference.dtype}"
            calls.assert_near(label, unwrap(got), reference, 1e-10, equal_nan=True)
