"""Calling an operation, its rules and the engine, always in the same form: tuples in, tuples out."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core.primitive import Primitive
from tests.samples.sample import Sample


def generator(label: str) -> np.random.Generator:
    """Random numbers that depend on ``label`` alone, not on which tests ran before."""
    return np.random.default_rng(zlib.crc32(label.encode()))


def is_array(x: Any) -> bool:
    """Whether ``x`` is a value that can be a node; Python numbers and None stay what they are."""
    return isinstance(x, np.ndarray | np.generic)


def is_inexact(x: Any) -> bool:
    """Whether ``x`` is an array of a dtype that has derivatives."""
    return is_array(x) and x.dtype.kind in "fc"


def forward(primitive: Primitive, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> tuple[Any, ...]:
    """The outputs on raw arrays."""
    result = primitive.forward(*inputs, **attributes)
    return tuple(result) if primitive.multiple else (result,)


def contributions(
    primitive: Primitive,
    gs: Sequence[Any],
    outs: Sequence[Any],
    inputs: Sequence[Any],
    attributes: Mapping[str, Any],
    wrt: Sequence[int],
) -> list[Any]:
    """What the rules return for the inputs at ``wrt``, called as the backward pass calls them."""
    g, out = (tuple(gs), tuple(outs)) if primitive.multiple else (gs[0], outs[0])
    with np.errstate(all="ignore"):  # samples of values may lie where a derivative is infinite
        if primitive.joint is not None:
            found = primitive.joint(g, out, *inputs, **attributes)
            assert len(found) == len(inputs), f"{primitive.name}: {len(found)} contributions to {len(inputs)} inputs"
            return [found[i] for i in wrt]
        return [primitive.rules[i](g, out, *inputs, **attributes) for i in wrt]


def is_number(x: Any) -> bool:
    """Whether the backward pass could ask for a contribution to ``x`` (an inexact array of any library)."""
    return hasattr(x, "dtype") and x.dtype.kind in "fc"


def differentiable(primitive: Primitive, sample: Sample) -> tuple[int, ...]:
    """The positions of the inputs that the sample differentiates with respect to."""
    if sample.wrt is not None:
        return sample.wrt
    return tuple(
        position
        for position, x in enumerate(sample.inputs)
        if is_inexact(x)
        and (primitive.joint is not None or (position < len(primitive.rules) and primitive.rules[position] is not None))
    )


def tensors(inputs: Sequence[Any], wrt: Sequence[int]) -> list[Any]:
    """The arrays among ``inputs`` as Tensors; those at ``wrt`` require a gradient."""
    return [ag.Tensor(x, requires_grad=i in wrt) if is_array(x) else x for i, x in enumerate(inputs)]


def record(primitive: Primitive, operands: Sequence[Any], attributes: Mapping[str, Any]) -> tuple[Any, ...]:
    """The outputs on Tensors."""
    result = primitive(*operands, **attributes)
    return tuple(result) if primitive.multiple else (result,)


def random_like(x: Any, rng: np.random.Generator) -> Any:
    """Normal random numbers of the shape and dtype of ``x``."""
    values = rng.standard_normal(x.shape)
    if x.dtype.kind == "c":
        values = values + 1j * rng.standard_normal(x.shape)
    return np.asarray(values).astype(x.dtype)[()]


def seeds_for(outputs: Sequence[Any], rng: np.random.Generator) -> list[Any]:
    """A random gradient for every output that can have one, ``None`` for the others."""
    return [random_like(out, rng) if is_number(out) else None for out in outputs]


def gradients(
    primitive: Primitive,
    inputs: Sequence[Any],
    attributes: Mapping[str, Any],
    seeds: Sequence[Any],
    wrt: Sequence[int],
) -> list[Any]:
    """The gradients of sum_i Re<seed_i, output_i> through the engine, as arrays; zeros where there is none."""
    operands = tensors(inputs, wrt)
    outs = record(primitive, operands, attributes)
    found = gradients_of(outs, [operands[i] for i in wrt], seeds)
    return [np.zeros_like(inputs[i]) if g is None else g._data for i, g in zip(wrt, found, strict=True)]


def gradients_of(outs: Sequence[Any], inputs: Sequence[Any], seeds: Sequence[Any], create_graph: bool = False) -> Any:
    """``ag.gradients`` over those outputs that require a gradient; ``None`` for an input without one."""
    pairs = [(out, seed) for out, seed in zip(outs, seeds, strict=True) if getattr(out, "requires_grad", False)]
    if not pairs or not inputs:
        return [None] * len(inputs)
    return ag.gradients(
        [out for out, _ in pairs], inputs, [seed for _, seed in pairs], create_graph=create_graph, allow_unused=True
    )


def inner(a: Any, b: Any) -> float:
    """Re<a, b>, the real inner product; what two gradients are measured with, complex ones too."""
    return float(np.sum((np.conjugate(a) * b).real))


def assert_near(label: str, got: Any, expected: Any, tolerance: float, equal_nan: bool = False) -> None:
    """Assert that shapes agree and entries differ by at most ``tolerance`` relative to the largest."""
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape, f"{label}: shape {got.shape}, expected {expected.shape}"
    if got.dtype.kind not in "fc" or expected.dtype.kind not in "fc":
        assert np.array_equal(got, expected), f"{label}: got\n{got}\nexpected\n{expected}"
        return
    finite = np.abs(expected[np.isfinite(expected)])
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    near = np.isclose(got, expected, rtol=0.0, atol=tolerance * scale, equal_nan=equal_nan)
    if not near.all():
        worst = tuple(int(i) for i in np.argwhere(~near)[0])
        raise AssertionError(
            f"{label}: entry {worst} is {got[worst]}, expected {expected[worst]} (tolerance {tolerance * scale:.1e})\n"
            f"got\n{got}\nexpected\n{expected}"
        )
