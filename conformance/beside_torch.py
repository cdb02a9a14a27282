"""One function here and in PyTorch, on the same numbers: values, first and second derivatives."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

import autograd_core as ag

TOLERANCE = {"float64": 1e-9, "complex128": 1e-9, "float32": 2e-4, "complex64": 2e-4}


@dataclass(frozen=True)
class Case:
    """A function in both libraries.

    Attributes:
        name: what the test is called; also ours, unless ``ours`` is given.
        theirs: PyTorch's function of torch tensors.
        inputs: float64, complex128 or integer arrays.
        ours: our function of Tensors.
        order: up to which derivative to compare.
        constants: positions of float inputs that are not differentiated.
        dtypes: the dtypes to compare in; complex ones turn the float inputs into complex numbers.
        tolerance: a factor on the tolerances.
    """

    name: str
    theirs: Callable[..., Any]
    inputs: Sequence[Any]
    ours: Callable[..., Any] | None = None
    order: int = 2
    constants: Sequence[int] = ()
    dtypes: Sequence[str] = ("float64", "float32")
    tolerance: float = 1.0
    label: str = field(default="")

    def __str__(self) -> str:
        return self.label or self.name


def function_named(name: str) -> Callable[..., Any]:
    """``ag.linalg.inv`` for ``"linalg.inv"``."""
    found: Any = ag
    for part in name.split("."):
        found = getattr(found, part)
    return found


def generator(label: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(label.encode()))


def compare(case: Case, dtype: str) -> None:
    """Assert that both libraries agree on ``case`` with its float inputs in ``dtype``."""
    rng = generator(case.name)
    inputs = [_as_dtype(np.asarray(x), dtype, rng) for x in case.inputs]
    inexact = [i for i, x in enumerate(inputs) if x.dtype.kind in "fc" and i not in case.constants]
    ours = [ag.Tensor(x, requires_grad=i in inexact) for i, x in enumerate(inputs)]
    theirs = [torch.tensor(x, requires_grad=i in inexact) for i, x in enumerate(inputs)]
    our_outs = _as_tuple((case.ours or function_named(case.name))(*ours))
    their_outs = _as_tuple(case.theirs(*theirs))
    assert len(our_outs) == len(their_outs)
    tolerance = TOLERANCE[dtype] * case.tolerance
    for position, (a, b) in enumerate(zip(our_outs, their_outs, strict=True)):
        _assert_near(f"{case} {dtype}: output {position}", a, b, tolerance)

    pairs = [(a, b) for a, b in zip(our_outs, their_outs, strict=True) if b.requires_grad]
    if not pairs or case.order == 0:
        assert not any(getattr(a, "requires_grad", False) for a in our_outs) or case.order == 0
        return
    seeds = [_random_like(b, rng) for _, b in pairs]
    our_variables, their_variables = [ours[i] for i in inexact], [theirs[i] for i in inexact]
    first = _both_gradients(pairs, seeds, our_variables, their_variables)
    for i, (a, b) in zip(inexact, first, strict=True):
        _assert_near(f"{case} {dtype}: gradient of input {i}", a, b, tolerance * 10, like=inputs[i])
    if case.order < 2:
        return
    pairs = [(a, b) for a, b in first if a is not None and b is not None and b.requires_grad]
    if not pairs:
        return
    seeds = [_random_like(b, rng) for _, b in pairs]
    second = _both_gradients(pairs, seeds, our_variables, their_variables)
    for i, (a, b) in zip(inexact, second, strict=True):
        _assert_near(f"{case} {dtype}: second derivative of input {i}", a, b, tolerance * 100, like=inputs[i])


def _both_gradients(pairs: Any, seeds: Any, ours: Any, theirs: Any) -> list[tuple[Any, Any]]:
    recorded = [(a, seed) for (a, _), seed in zip(pairs, seeds, strict=True) if a.requires_grad]
    our_gradients: Any = [None] * len(ours)
    if recorded:
        outs, our_seeds = zip(*recorded, strict=True)
        our_gradients = ag.gradients(outs, ours, our_seeds, create_graph=True, allow_unused=True)
    their_gradients = torch.autograd.grad(
        [b for _, b in pairs], theirs, [torch.tensor(s) for s in seeds], create_graph=True, allow_unused=True
    )
    return list(zip(our_gradients, their_gradients, strict=True))


def _assert_near(what: str, ours: Any, theirs: Any, tolerance: float, like: Any = None) -> None:
    """``None`` counts as zero: a library may know that there is no gradient where the other computes 0."""
    if ours is None and theirs is None:
        return
    a = np.zeros_like(like) if ours is None else np.asarray(getattr(ours, "_data", ours))
    b = np.zeros_like(like) if theirs is None else theirs.detach().resolve_conj().resolve_neg().numpy(force=True)
    assert a.shape == b.shape, f"{what}: shape {a.shape}, PyTorch's {b.shape}"
    if b.dtype.kind in "fc":
        assert a.dtype == b.dtype, f"{what}: dtype {a.dtype}, PyTorch's {b.dtype}"
    finite = np.abs(b[np.isfinite(b)])
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * scale, err_msg=what)


def _as_dtype(x: Any, dtype: str, rng: np.random.Generator) -> Any:
    if x.dtype.kind not in "fc":
        return x
    if dtype.startswith("complex") and x.dtype.kind == "f":
        x = x + 0.3j * rng.uniform(0.5, 1.0, x.shape)
    if x.dtype.kind == "c":
        return x.astype("complex64" if dtype in ("float32", "complex64") else "complex128")
    return x.astype(dtype)


def _random_like(x: Any, rng: np.random.Generator) -> Any:
    values = rng.standard_normal(tuple(x.shape))
    if x.is_complex():
        values = values + 1j * rng.standard_normal(tuple(x.shape))
    return np.asarray(values).astype(str(x.dtype).removeprefix("torch."))


def _as_tuple(result: Any) -> tuple[Any, ...]:
    return tuple(result) if isinstance(result, tuple | list) else (result,)
