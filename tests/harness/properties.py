"""What holds for every operation besides its derivatives: dtypes, shapes, memory layout, purity."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any
from unittest import mock

import numpy as np

import autograd_core as ag
from autograd_core import blocks, recording, unrolled
from autograd_core.primitive import Primitive
from tests.samples.sample import Sample

from . import calls

EXACT = 1e-12  # two ways through the same arithmetic, up to the order of summation


def check_value(label: str, primitive: Primitive, sample: Sample) -> None:
    """The forward function agrees with the sample's independent reference."""
    if sample.value is None:
        return
    outs = calls.forward(primitive, sample.inputs, sample.attributes)
    expected = sample.value(*sample.inputs)
    expected = tuple(expected) if primitive.multiple else (expected,)
    assert len(outs) == len(expected), f"{label}: {len(outs)} outputs, expected {len(expected)}"
    for position, (out, reference) in enumerate(zip(outs, expected, strict=True)):
        calls.assert_near(f"{label}: value of output {position}", out, reference, 1e-10, equal_nan=True)


def check_through_tensors(label: str, primitive: Primitive, sample: Sample) -> None:
    """Tensors in, Tensors out, with exactly the values and dtypes of the forward function."""
    outs = calls.forward(primitive, sample.inputs, sample.attributes)
    wrt = calls.differentiable(primitive, sample)
    recorded = calls.record(primitive, calls.tensors(sample.inputs, wrt), sample.attributes)
    assert len(outs) == len(recorded)
    for out, tensor in zip(outs, recorded, strict=True):
        assert isinstance(tensor, ag.Tensor), f"{label}: {type(tensor)}"
        assert tensor.dtype == np.asarray(out).dtype, f"{label}: {tensor.dtype} through Tensors"
        assert np.array_equal(tensor._data, out, equal_nan=tensor.dtype.kind in "fc"), f"{label}: other values"
        expects = primitive.differentiable and bool(wrt) and tensor.dtype.kind in "fc"
        assert tensor.requires_grad == expects, f"{label}: requires_grad is {tensor.requires_grad}"


def check_float32(label: str, primitive: Primitive, sample: Sample) -> None:
    """float32 in, float32 out, from the forward function and from every rule; float64 stays float64."""
    wrt = calls.differentiable(primitive, sample)
    for kinds in ({"f": np.float64, "c": np.complex128}, {"f": np.float32, "c": np.complex64}):
        inputs = [_cast(x, kinds) for x in sample.inputs]
        if primitive.elementwise and np.result_type(*inputs).type not in (*kinds.values(), np.bool_):
            continue  # an integer array makes NumPy promote to float64
        outs = calls.forward(primitive, inputs, sample.attributes)
        for out in outs:
            if calls.is_number(out):
                assert out.dtype == kinds[out.dtype.kind], f"{label}: output {out.dtype} for {kinds['f'].__name__}"
        for gs in _seed_choices(outs, calls.generator(label)):
            found = calls.contributions(primitive, gs, outs, inputs, sample.attributes, wrt)
            for position, contribution in zip(wrt, found, strict=True):
                if contribution is not None:
                    expected = kinds[contribution.dtype.kind]
                    assert contribution.dtype == expected, (
                        f"{label}: the rule of input {position} returns {contribution.dtype} for {expected.__name__}"
                    )


def check_mixed_dtypes(label: str, primitive: Primitive, sample: Sample) -> None:
    """Of inputs of several dtypes each gets a gradient of its own dtype, with the values of one dtype for all."""
    wrt = calls.differentiable(primitive, sample)
    outs = calls.forward(primitive, sample.inputs, sample.attributes)
    seeds = calls.seeds_for(outs, calls.generator(label))
    with np.errstate(all="ignore"):
        for chosen in wrt:
            single = sample.inputs[chosen].astype(_single(sample.inputs[chosen].dtype))
            # The same rounded number in both dtypes, so that the values can be compared.
            alike = [single.astype(x.dtype) if i == chosen else x for i, x in enumerate(sample.inputs)]
            mixed = [single if i == chosen else x for i, x in enumerate(sample.inputs)]
            if primitive.elementwise and np.result_type(*mixed) != np.result_type(*alike):
                continue  # alone among Python numbers it decides the dtype
            expected = calls.gradients(primitive, alike, sample.attributes, seeds, wrt)
            found = calls.gradients(primitive, mixed, sample.attributes, seeds, wrt)
            for position, got, reference in zip(wrt, found, expected, strict=True):
                what = f"{label}: gradient {position} where input {chosen} alone is {single.dtype}"
                assert got.dtype == mixed[position].dtype, f"{what}: {got.dtype}"
                calls.assert_near(what, got, reference, 1e-5, equal_nan=True)


def check_purity(label: str, primitive: Primitive, sample: Sample) -> None:
    """Forward and rules write into nothing that they are given: all of it is read-only here, and compared."""
    wrt = calls.differentiable(primitive, sample)
    inputs = [_read_only(x) for x in sample.inputs]
    outs = [_read_only(out) for out in calls.forward(primitive, inputs, sample.attributes)]
    gs = [_read_only(g) for g in calls.seeds_for(outs, calls.generator(label))]
    calls.contributions(primitive, gs, outs, inputs, sample.attributes, wrt)
    # Once more on writeable copies: flags do not stop code that writes only where it may.
    inputs, outs, gs = ([_copied(x) for x in values] for values in (inputs, outs, gs))
    before = [[_copied(x) for x in values] for values in (inputs, outs, gs)]
    calls.forward(primitive, inputs, sample.attributes)
    calls.contributions(primitive, gs, outs, inputs, sample.attributes, wrt)
    for what, values, old in zip(("inputs", "output", "g"), (inputs, outs, gs), before, strict=True):
        for x, y in zip(values, old, strict=True):
            if calls.is_array(x):
                assert np.array_equal(x, y, equal_nan=x.dtype.kind in "fc"), f"{label}: {what} changed"


def check_layouts(label: str, primitive: Primitive, sample: Sample) -> None:
    """Fortran order, transposed, strided and reversed views, all read-only, give what contiguous arrays give."""
    attributes = sample.attributes
    wrt = calls.differentiable(primitive, sample)
    outs = calls.forward(primitive, sample.inputs, attributes)
    seeds = calls.seeds_for(outs, calls.generator(label))
    expected = calls.gradients(primitive, sample.inputs, attributes, seeds, wrt)
    for layout in (np.asfortranarray, _strided, _reversed, _transposed):
        inputs = [_read_only(layout(x)) if isinstance(x, np.ndarray) and x.ndim else x for x in sample.inputs]
        gs = [_read_only(layout(g)) if isinstance(g, np.ndarray) and g.ndim else g for g in seeds]
        what = f"{label}: {layout.__name__.strip('_')}"
        for out, reference in zip(calls.forward(primitive, inputs, attributes), outs, strict=True):
            calls.assert_near(f"{what} value", out, reference, EXACT, equal_nan=True)
        found = calls.gradients(primitive, inputs, attributes, gs, wrt)
        for position, (got, reference) in enumerate(zip(found, expected, strict=True)):
            calls.assert_near(f"{what} gradient {position}", got, reference, 1e3 * EXACT, equal_nan=True)


def check_backward(label: str, primitive: Primitive, sample: Sample) -> None:
    """``backward()``, which has a faster loop of its own, writes what ``ag.gradients`` returns."""
    wrt = calls.differentiable(primitive, sample)
    outs = calls.forward(primitive, sample.inputs, sample.attributes)
    seeds = calls.seeds_for(outs, calls.generator(label))
    with np.errstate(all="ignore"):
        expected = calls.gradients(primitive, sample.inputs, sample.attributes, seeds, wrt)
        operands = calls.tensors(sample.inputs, wrt)
        for out, seed in zip(calls.record(primitive, operands, sample.attributes), seeds, strict=True):
            if out.requires_grad:
                out.backward(seed)
    for position, reference in zip(wrt, expected, strict=True):
        gradient = operands[position].grad
        got = np.zeros_like(sample.inputs[position]) if gradient is None else gradient._data
        assert got.dtype == reference.dtype, f"{label}: backward() gives {got.dtype} for input {position}"
        calls.assert_near(f"{label}: backward() to input {position}", got, reference, EXACT, equal_nan=True)


def check_in_blocks(label: str, primitive: Primitive, sample: Sample) -> None:
    """Large arrays, which are worked through in blocks on several threads, give what one piece gives.

    What counts as large is made small for the length of the test.
    """
    wrt = calls.differentiable(primitive, sample)
    inputs = [resized(x, (3, 1000)) for x in sample.inputs]
    with np.errstate(all="ignore"), ExitStack() as patches:
        for module, name, value in ((recording, "LARGE", 500), (unrolled, "LARGE", 500), (blocks, "BLOCK", 4096)):
            patches.enter_context(mock.patch.object(module, name, value))
        outs = calls.forward(primitive, inputs, sample.attributes)
        seeds = calls.seeds_for(outs, calls.generator(label))
        operands = calls.tensors(inputs, wrt)
        (result,) = calls.record(primitive, operands, sample.attributes)
        equal = np.array_equal(result._data, outs[0], equal_nan=outs[0].dtype.kind in "fc")
        assert equal, f"{label}: another value in blocks"
        if not result.requires_grad:
            return
        result.backward(seeds[0])
        expected = calls.gradients(primitive, inputs, sample.attributes, seeds, wrt)
    for position, reference in zip(wrt, expected, strict=True):
        got = operands[position].grad._data
        assert np.array_equal(got, reference, equal_nan=True), f"{label}: another gradient {position} in blocks"


def check_broadcast(label: str, primitive: Primitive, sample: Sample, shapes: Sequence[tuple[int, ...]]) -> None:
    """Inputs of different shapes give what repeated copies give, and their gradients are the sums over the copies.

    For first and second derivatives. No differences are taken, so ties and kinks do not matter here.
    """
    wrt = calls.differentiable(primitive, sample)
    attributes = sample.attributes
    small = [resized(x, shape) for x, shape in zip(sample.inputs, shapes, strict=True)]
    common = np.broadcast_shapes(*(x.shape for x in small if calls.is_array(x)))
    full = [np.broadcast_to(x, common).copy()[()] if calls.is_array(x) else x for x in small]
    with np.errstate(all="ignore"):
        (out,), (reference,) = (calls.forward(primitive, inputs, attributes) for inputs in (small, full))
        assert out.shape == common, f"{label} with shapes {shapes}: result of shape {out.shape}"
        calls.assert_near(f"{label} with shapes {shapes}", out, reference, EXACT, equal_nan=True)
        seeds = calls.seeds_for([out], calls.generator(label))
        found, expected = (first_and_second(primitive, inputs, attributes, seeds, wrt) for inputs in (small, full))
    for order, (some, others) in enumerate(zip(found, expected, strict=True), 1):
        for position, got, reference in zip(wrt, some, others, strict=True):
            shape = small[position].shape
            assert got.shape == shape, f"{label} with shapes {shapes}: gradient {position} of shape {got.shape}"
            what = f"{label} with shapes {shapes}: derivative {order} of input {position}"
            calls.assert_near(what, got, sum_to(reference, shape), 1e3 * EXACT, equal_nan=True)


def first_and_second(
    primitive: Primitive, inputs: Sequence[Any], attributes: Mapping[str, Any], seeds: Any, wrt: Any
) -> tuple[list[Any], list[Any]]:
    """dL/dx, and the gradient of <w, dL/dx> with w all ones, with respect to every input in ``wrt``."""
    operands = calls.tensors(inputs, wrt)
    chosen = [operands[i] for i in wrt]
    first = calls.gradients_of(calls.record(primitive, operands, attributes), chosen, seeds, create_graph=True)
    ones = [None if g is None else np.ones_like(g._data) for g in first]
    second = calls.gradients_of(first, chosen, ones)
    return tuple(  # type: ignore[return-value]
        [np.zeros_like(inputs[i]) if g is None else g._data for i, g in zip(wrt, found, strict=True)]
        for found in (first, second)
    )


def check_scalars(label: str, primitive: Primitive, sample: Sample, numbers: bool = True) -> None:
    """Elementwise operations on NumPy scalars and beside Python numbers give the entries of the array result."""
    attributes = sample.attributes
    arrays = [np.atleast_1d(x).ravel() if calls.is_array(x) else x for x in _broadcast(sample.inputs)]
    (whole,) = calls.forward(primitive, arrays, attributes)
    wrt = calls.differentiable(primitive, sample)
    seeds = calls.seeds_for([whole], calls.generator(label))
    gradients = calls.gradients(primitive, arrays, attributes, seeds, wrt)
    for entry in range(min(3, whole.size)):
        scalars = [x[entry] if calls.is_array(x) else x for x in arrays]
        (out,) = calls.forward(primitive, scalars, attributes)
        assert np.shape(out) == (), f"{label}: shape {np.shape(out)} for scalars"
        calls.assert_near(f"{label}: scalar value", out, whole[entry], EXACT, equal_nan=True)
        if seeds[0] is None:
            continue
        seed = [seeds[0][entry]]
        found = calls.gradients(primitive, scalars, attributes, seed, wrt)
        for position, got, reference in zip(wrt, found, gradients, strict=True):
            assert got.shape == (), f"{label}: scalar gradient of shape {got.shape}"
            calls.assert_near(f"{label}: scalar gradient {position}", got, reference[entry], EXACT, equal_nan=True)
            if not numbers:
                continue
            # The same with everything else a Python number, as in ``power(t, 2)``.
            mixed = [x if i == position or not calls.is_array(x) else x.item() for i, x in enumerate(scalars)]
            (got,) = calls.gradients(primitive, mixed, attributes, seed, (position,))
            what = f"{label}: gradient {position} beside Python numbers"
            calls.assert_near(what, got, reference[entry], EXACT, equal_nan=True)
            if sample.float32:
                mixed[position] = arrays[position][entry : entry + 1].astype(_single(arrays[position].dtype))
                outs = calls.forward(primitive, mixed, attributes)
                seed32 = [np.ones_like(outs[0])]
                (got,) = calls.contributions(primitive, seed32, outs, mixed, attributes, (position,))
                assert got.dtype == _single(got.dtype), f"{what}: {got.dtype} for float32"


def check_empty(label: str, primitive: Primitive, sample: Sample) -> None:
    """Elementwise operations take empty arrays; others take them in the rules where they do in the forward function."""
    attributes = sample.attributes
    wrt = calls.differentiable(primitive, sample)
    if primitive.elementwise:
        choices = [[resized(x, shape) for x in sample.inputs] for shape in ((0,), (2, 0))]
    else:
        choices = [
            [x[cut] if isinstance(x, np.ndarray) and x.ndim else x for x in sample.inputs]
            for cut in ((slice(0, 0),), (..., slice(0, 0)))
        ]
    for inputs in choices:
        try:
            with np.errstate(all="ignore"):
                outs = calls.forward(primitive, inputs, attributes)
        except (ValueError, IndexError, ZeroDivisionError, RuntimeWarning, np.linalg.LinAlgError):
            if primitive.elementwise:
                raise
            continue
        if primitive.elementwise:
            assert outs[0].shape == np.broadcast_shapes(*(np.shape(x) for x in inputs)), label
        with np.errstate(all="ignore"):
            found = calls.gradients(primitive, inputs, attributes, calls.seeds_for(outs, calls.generator(label)), wrt)
        for position, gradient in zip(wrt, found, strict=True):
            assert gradient.shape == inputs[position].shape, f"{label}: empty input {position}: {gradient.shape}"


def check_repeated(label: str, primitive: Primitive, sample: Sample) -> None:
    """The same Tensor passed as two inputs gets the sum of both contributions, as in x * x."""
    wrt = calls.differentiable(primitive, sample)
    inputs = list(sample.inputs)
    pairs = [
        (i, j)
        for i in wrt
        for j in wrt
        if i < j and inputs[i].shape == inputs[j].shape and inputs[i].dtype == inputs[j].dtype
    ]
    for i, j in pairs[:3]:
        values = [_copied(inputs[i]) if k == j else x for k, x in enumerate(inputs)]
        with np.errstate(all="ignore"):
            outs = calls.forward(primitive, values, sample.attributes)
            seeds = calls.seeds_for(outs, calls.generator(label))
            apart = calls.gradients(primitive, values, sample.attributes, seeds, (i, j))
            operands = calls.tensors(values, (i,))
            operands[j] = operands[i]
            recorded = calls.record(primitive, operands, sample.attributes)
            (together,) = calls.gradients_of(recorded, [operands[i]], seeds)
        got = np.zeros_like(values[i]) if together is None else together._data
        calls.assert_near(f"{label}: inputs {i} and {j} the same", got, apart[0] + apart[1], EXACT, equal_nan=True)


def check_constants(label: str, primitive: Primitive, sample: Sample) -> None:
    """An input without a rule gets no gradient, and an operation without rules gives constants."""
    inexact = [i for i, x in enumerate(sample.inputs) if calls.is_inexact(x)]
    operands = calls.tensors(sample.inputs, inexact)
    with np.errstate(all="ignore"):
        outs = calls.record(primitive, operands, sample.attributes)
    if not primitive.differentiable:
        assert not any(out.requires_grad for out in outs), f"{label}: the result of no rule requires a gradient"
        return
    if primitive.joint is not None:
        return
    ruleless = [i for i in inexact if primitive.rules[i] is None]
    found = calls.gradients_of(outs, [operands[i] for i in ruleless], calls.seeds_for(outs, calls.generator(label)))
    assert all(g is None for g in found), f"{label}: a gradient from no rule"


def check_formulas(label: str, primitive: Primitive, sample: Sample) -> None:
    """Every input with a derivative has a formula, whose placeholders are inputs or the output."""
    count = len(sample.inputs)
    known = {"out", *string.ascii_lowercase[:count]}
    for formula in primitive.formulas:
        fields = {field for _, field, _, _ in string.Formatter().parse(formula) if field is not None}
        assert fields <= known, f"{label}: formula {formula!r} names {fields - known}"
        assert formula.format(**dict.fromkeys(known, "x")) or not fields
    for position in calls.differentiable(primitive, sample):
        shared = primitive.joint is not None and len(primitive.formulas) == 1
        formula = primitive.formulas[0 if shared else position] if shared or position < len(primitive.formulas) else ""
        assert formula, f"{label}: no formula for input {position} in {primitive.formulas}"


# -- building inputs -----------------------------------------------------------------------------


def resized(x: Any, shape: tuple[int, ...]) -> Any:
    """An array of ``shape`` out of the entries of ``x``, in turn."""
    if not calls.is_array(x):
        return x
    return np.resize(np.ravel(x), shape)[()] if np.prod(shape) else np.zeros(shape, x.dtype)


def sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """Sum ``x`` over the axes along which ``shape`` was broadcast."""
    x = np.asarray(x)
    x = x.sum(axis=tuple(range(x.ndim - len(shape)))) if x.ndim > len(shape) else x
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and x.shape[i] != 1)
    return x.sum(axis=axes, keepdims=True) if axes else x


def _broadcast(inputs: Sequence[Any]) -> list[Any]:
    arrays = iter(np.broadcast_arrays(*(x for x in inputs if calls.is_array(x))))
    return [next(arrays) if calls.is_array(x) else x for x in inputs]


def _cast(x: Any, kinds: Mapping[str, Any]) -> Any:
    return x.astype(kinds[x.dtype.kind]) if calls.is_inexact(x) else x


def _single(dtype: Any) -> Any:
    return np.dtype({"f": np.float32, "c": np.complex64}.get(dtype.kind, dtype))


def _seed_choices(outs: Sequence[Any], rng: np.random.Generator) -> list[list[Any]]:
    """Gradients for all outputs at once, and, where there are several, for each alone."""
    seeds = calls.seeds_for(outs, rng)
    alone = [[g if i == j else None for j, g in enumerate(seeds)] for i in range(len(seeds)) if seeds[i] is not None]
    if all(g is None for g in seeds):
        return []
    return [seeds, *alone] if len(outs) > 1 else [seeds]


def _copied(x: Any) -> Any:
    return x.copy() if isinstance(x, np.ndarray) else x


def _read_only(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        x = x.view() if x.base is not None else x.copy()
        x.flags.writeable = False
    return x


def _strided(x: Any) -> Any:
    """Every second entry of a larger array along every axis."""
    larger = np.zeros([2 * n for n in x.shape], x.dtype)
    view = larger[tuple(slice(None, None, 2) for _ in x.shape)]
    view[...] = x
    return view


def _reversed(x: Any) -> Any:
    """Negative strides along every axis."""
    backwards = (slice(None, None, -1),) * x.ndim
    return x[backwards].copy()[backwards]


def _transposed(x: Any) -> Any:
    """A transposed view."""
    return x.T.copy().T
