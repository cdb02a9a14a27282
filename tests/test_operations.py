"""Every operation of the registry, with every sample: made from the registry, so that none can be left out.

What is checked stands in ``tests/harness``; here each check is run on each operation. Add an operation,
and the first test below asks for its samples.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.harness import calls, derivatives, exemptions, numeric, properties, vectorized
from tests.harness.collect import OPERATIONS, SAMPLES, broadcasting_names, uses

every_operation = pytest.mark.parametrize("name", list(OPERATIONS))
quick = settings(max_examples=8, deadline=None, derandomize=True, database=None)


def test_every_operation_has_samples_and_every_sample_an_operation():
    assert not sorted(set(OPERATIONS) - set(SAMPLES)), "operations without samples in tests/samples"
    assert not sorted(set(SAMPLES) - set(OPERATIONS)), "samples of operations that are not registered"
    assert not [name for name, samples in SAMPLES.items() if not samples]


def test_every_operation_has_a_reference_value_and_derivatives_checked_to_second_order():
    def lacking(good, exempt):
        return sorted(
            name
            for name in OPERATIONS
            if name not in exempt and not any(good(sample) for sample in SAMPLES.get(name, ()))
        )

    assert not lacking(lambda sample: sample.value is not None, exemptions.VALUE)
    for name, operation in OPERATIONS.items():
        if operation.differentiable and name not in exemptions.ORDER:
            assert any(sample.order > 1 and calls.differentiable(operation, sample) for sample in SAMPLES[name]), (
                f"{name}: no sample checks its second derivative"
            )


@pytest.mark.parametrize("table", ["DUCK", "FLOAT32", "NUMBERS", "ORDER", "VALUE"])
def test_exemptions_name_operations_and_carry_a_reason(table):
    for name, reason in getattr(exemptions, table).items():
        assert name in OPERATIONS
        assert len(reason.split()) >= 3, f"{table}[{name!r}]: {reason!r} is no reason"


def test_samples_that_switch_a_check_off_are_listed_with_a_reason():
    for name, samples in SAMPLES.items():
        if not all(sample.duck for sample in samples):
            assert name in exemptions.DUCK, f"{name}: duck=False, but no reason in tests/harness/exemptions.py"
        if not all(sample.float32 for sample in samples):
            assert name in exemptions.FLOAT32, f"{name}: float32=False, but no reason in tests/harness/exemptions.py"


def run(check, name, *, when=lambda operation, sample: True):
    for label, operation, sample in uses(name):
        if when(operation, sample):
            check(label, operation, sample)


@every_operation
def test_value_agrees_with_the_reference(name):
    run(properties.check_value, name)


@every_operation
def test_tensors_give_the_values_of_arrays(name):
    run(properties.check_through_tensors, name)


@every_operation
def test_first_derivative(name):
    run(derivatives.check_first, name, when=lambda operation, sample: operation.differentiable and sample.order > 0)


@every_operation
def test_second_derivative(name):
    run(derivatives.check_second, name, when=lambda operation, sample: operation.differentiable and sample.order > 1)


ANALYTIC = [name for name in OPERATIONS if any(sample.complex_step for sample in SAMPLES.get(name, ()))]


@pytest.mark.parametrize("name", ANALYTIC)
def test_complex_step(name):
    run(derivatives.check_complex_step, name, when=lambda operation, sample: sample.complex_step)


@pytest.mark.parametrize("name", ANALYTIC)
def test_derivatives_at_complex_inputs(name):
    run(derivatives.check_at_complex, name, when=lambda operation, sample: sample.complex_step)


@every_operation
def test_backward_equals_gradients(name):
    run(properties.check_backward, name, when=lambda operation, sample: operation.differentiable)


@pytest.mark.parametrize("name", [name for name, operation in OPERATIONS.items() if operation.elementwise])
def test_large_arrays_in_blocks(name):
    label, operation, sample = next(uses(name))
    properties.check_in_blocks(label, operation, sample)


@every_operation
def test_float32_stays_float32(name):
    run(properties.check_float32, name, when=lambda operation, sample: sample.float32)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if any(len(s.inputs) > 1 for s in SAMPLES.get(name, ()))])
def test_mixed_dtypes(name):
    def several(operation, sample):
        return len(calls.differentiable(operation, sample)) > 1 and sample.float32 and sample.order > 0

    run(properties.check_mixed_dtypes, name, when=several)


@every_operation
def test_nothing_is_written_into(name):
    run(properties.check_purity, name)


@every_operation
def test_memory_layouts(name):
    run(properties.check_layouts, name)


@every_operation
def test_empty_arrays(name):
    run(properties.check_empty, name)


@every_operation
def test_repeated_inputs(name):
    run(properties.check_repeated, name)


@every_operation
def test_inputs_without_a_rule(name):
    run(properties.check_constants, name)


@every_operation
def test_examples_together(name):
    for label, operation, sample in uses(name):
        for chosen in vectorized.choices(operation, sample):
            vectorized.check(label, operation, sample, chosen)


@every_operation
def test_formulas(name):
    run(properties.check_formulas, name)


@pytest.mark.parametrize("name", [name for name, operation in OPERATIONS.items() if operation.elementwise])
def test_scalars_and_python_numbers(name):
    def check(label, operation, sample):
        properties.check_scalars(label, operation, sample, numbers=name not in exemptions.NUMBERS)

    run(check, name)


SHAPES = [
    ((3, 4), (4,)),
    ((4,), (3, 4)),
    ((3, 4), (1,)),
    ((3, 1), (1, 4)),
    ((3, 4), ()),
    ((), (3, 4)),
    ((1, 1), (4,)),
    ((0, 4), (4,)),
    ((2, 1, 4), (3, 1)),
]


@pytest.mark.parametrize("name", broadcasting_names())
def test_broadcasting(name):
    for label, operation, sample in uses(name):
        count = len(sample.inputs)
        for shapes in SHAPES:
            for turn in range(count if count > 2 else 1):
                chosen = [shapes[(i + turn) % 2] if i - turn < 2 else (4,) for i in range(count)]
                properties.check_broadcast(label, operation, sample, chosen)


@pytest.mark.parametrize("name", broadcasting_names())
def test_broadcasting_of_random_shapes(name):
    label, operation, sample = next(use for use in uses(name) if len(use[2].inputs) > 1)

    @quick
    @given(hnp.mutually_broadcastable_shapes(num_shapes=len(sample.inputs), max_dims=4, max_side=3))
    def holds(shapes):
        properties.check_broadcast(label, operation, sample, shapes.input_shapes)

    holds()


def reductions():
    """Operations of one array whose samples have an axis: name -> the sample to vary."""
    found = []
    for name in OPERATIONS:
        for sample in SAMPLES.get(name, ()):
            only = {"axis", "keepdims", "ddof", "correction"}
            if len(sample.inputs) == 1 and "axis" in sample.attributes and set(sample.attributes) <= only:
                found.append(name)
                break
    return found


@pytest.mark.parametrize("name", reductions())
def test_random_shapes_and_axes(name):
    samples = [s for s in SAMPLES[name] if len(s.inputs) == 1 and "axis" in s.attributes]
    operation = OPERATIONS[name]
    kinds = {type(s.attributes["axis"]) for s in samples}
    wanted = {key: value for key, value in samples[0].attributes.items() if key != "axis"}

    @quick
    @given(st.data())
    def holds(data):
        shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=2, max_side=3))
        kind = data.draw(st.sampled_from(sorted(kinds, key=repr)))
        if kind is tuple:
            axis = tuple(sorted(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))))
        else:
            axis = data.draw(st.integers(0, len(shape) - 1)) if kind is int else None
        attributes = {**wanted, "axis": axis}
        if "keepdims" in wanted:
            attributes["keepdims"] = data.draw(st.booleans())
        rng = calls.generator(f"{name} {shape} {axis}")
        x = rng.permutation(np.linspace(0.3, 1.7, int(np.prod(shape)))).reshape(shape)
        outs = calls.forward(operation, [x], attributes)
        if hasattr(np, name) and not operation.multiple:
            calls.assert_near(f"{name} {shape} {attributes}", outs[0], getattr(np, name)(x, **attributes), 1e-10)
        if not operation.differentiable:
            return
        seeds = calls.seeds_for(outs, rng)
        (gradient,) = calls.gradients(operation, [x], attributes, seeds, (0,))
        direction = rng.standard_normal(shape)

        def projected(x):
            return sum(calls.inner(v, out) for v, out in zip(seeds, calls.forward(operation, [x], attributes)))

        calls.assert_near(
            f"{name} {shape} {attributes}: derivative along a random direction",
            calls.inner(gradient, direction),
            numeric.directional(projected, x, 0.1 * direction) * 10,
            1e-5,
        )

    holds()
