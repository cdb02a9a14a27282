"""One module here and in PyTorch, with the same weights: outputs, gradients, second derivatives, state dicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

import autograd_core as ag

from .beside_torch import generator

TOLERANCE = {"float64": 1e-9, "float32": 2e-4}


@dataclass(frozen=True)
class ModuleCase:
    """A module in both libraries.

    Attributes:
        ours: makes our module (called without arguments).
        theirs: makes PyTorch's.
        inputs: float64 arrays (differentiated), integer or boolean arrays (not), and anything else as it is.
        constants: positions of float inputs that are not differentiated (probabilities as targets, say).
        order: up to which derivative both are compared.
        modes: the modes to compare in; modules with random behaviour in training name ``("eval",)``.
        dtypes: the dtypes of parameters and inputs.
        options: keyword arguments of the call, the same for both.
        tolerance: a factor on the tolerances.
        label: what the test is called.
    """

    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    inputs: Sequence[Any]
    constants: Sequence[int] = ()
    order: int = 2
    modes: Sequence[str] = ("train", "eval")
    dtypes: Sequence[str] = ("float64", "float32")
    options: dict[str, Any] = field(default_factory=dict)
    tolerance: float = 1.0
    label: str = ""

    def __str__(self) -> str:
        return self.label


def compare_modules(case: ModuleCase, dtype: str, mode: str) -> None:
    """Assert that both modules agree in one dtype and one mode, and read each other's state."""
    rng = generator(str(case))
    torch_dtype = getattr(torch, dtype)
    ours, theirs = case.ours(), case.theirs().to(torch_dtype)
    ours.to(dtype)
    copy_state(ours, theirs, rng)
    ours.train(mode == "train")
    theirs.train(mode == "train")
    inputs = [x.astype(dtype) if _is_float(x) else x for x in case.inputs]
    wrt = [i for i, x in enumerate(inputs) if _is_float(x) and i not in case.constants]
    mine = [ag.Tensor(x, requires_grad=i in wrt) if isinstance(x, np.ndarray) else x for i, x in enumerate(inputs)]
    its = [torch.tensor(x, requires_grad=i in wrt) if isinstance(x, np.ndarray) else x for i, x in enumerate(inputs)]
    tolerance = TOLERANCE[dtype] * case.tolerance
    our_outs = flatten(ours(*mine, **case.options))
    their_outs = flatten(theirs(*its, **_as_torch(case.options)))
    assert len(our_outs) == len(their_outs), f"{case}: {len(our_outs)} outputs, PyTorch gives {len(their_outs)}"
    for position, (a, b) in enumerate(zip(our_outs, their_outs, strict=True)):
        near(f"{case}: output {position}", a, b, tolerance)
    for (key, a), (its_key, b) in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
        assert key == its_key
        near(f"{case}: {key} after the call", a, b, tolerance)

    names = [name for name, _ in theirs.named_parameters()]
    assert names == [name for name, _ in ours.named_parameters()]
    our_variables = [mine[i] for i in wrt] + list(ours.parameters())
    their_variables = [its[i] for i in wrt] + list(theirs.parameters())
    what = [f"input {i}" for i in wrt] + names
    pairs = [(a, b) for a, b in zip(our_outs, their_outs, strict=True) if b.requires_grad]
    for order in range(1, case.order + 1):
        if not pairs or not our_variables:
            return
        assert order > 1 or all(a.requires_grad for a, _ in pairs), f"{case}: a gradient is lost"
        pairs = _gradients(pairs, our_variables, their_variables, rng)
        for name, (a, b), its_own in zip(what, pairs, their_variables, strict=True):
            near(f"{case}: derivative {order} of {name}", a, b, tolerance * 10.0**order, like=its_own)
        pairs = [(a, b) for a, b in pairs if b is not None and b.requires_grad]


def copy_state(ours: Any, theirs: Any, rng: np.random.Generator) -> None:
    """The same keys, shapes and initial values of buffers; then random values, loaded both ways."""
    our_state, their_state = ours.state_dict(), theirs.state_dict()
    assert {key: value.shape for key, value in our_state.items()} == {
        key: tuple(value.shape) for key, value in their_state.items()
    }
    assert list(our_state) == list(their_state)
    parameters = {name for name, _ in theirs.named_parameters()}
    for key in their_state.keys() - parameters:
        near(f"initial {key}", our_state[key], their_state[key], 1e-6)
    drawn = {
        key: value if key not in parameters else (0.3 * rng.standard_normal(value.shape)).astype(value.dtype)
        for key, value in our_state.items()
    }
    theirs.load_state_dict({key: torch.tensor(value) for key, value in drawn.items()})
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})


def flatten(result: Any) -> list[Any]:
    """The Tensors of a nested result, in order; ``None`` is left out."""
    if isinstance(result, tuple | list):
        return [leaf for item in result for leaf in flatten(item)]
    return [] if result is None else [result]


def near(what: str, ours: Any, theirs: Any, tolerance: float, like: Any = None) -> None:
    """Assert equal shapes, dtypes and values; ``None`` counts as zero."""
    if ours is None and theirs is None:
        return
    b = np.zeros(tuple(like.shape)) if theirs is None else theirs.detach().numpy(force=True)
    a = np.zeros_like(b) if ours is None else np.asarray(getattr(ours, "_data", ours))
    assert a.shape == b.shape, f"{what}: shape {a.shape}, PyTorch's {b.shape}"
    if ours is not None and theirs is not None and b.dtype.kind == "f":
        assert a.dtype == b.dtype, f"{what}: dtype {a.dtype}, PyTorch's {b.dtype}"
    finite = np.abs(b[np.isfinite(b)])
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * scale, err_msg=what)


def _gradients(pairs: Any, our_variables: Any, their_variables: Any, rng: Any) -> list[tuple[Any, Any]]:
    seeds = [rng.standard_normal(tuple(b.shape)).astype(str(b.dtype).removeprefix("torch.")) for _, b in pairs]
    recorded = [(a, seed) for (a, _), seed in zip(pairs, seeds, strict=True) if a is not None and a.requires_grad]
    mine: Any = [None] * len(our_variables)
    if recorded:
        outs, our_seeds = zip(*recorded, strict=True)
        mine = ag.gradients(outs, our_variables, our_seeds, create_graph=True, allow_unused=True)
    its = torch.autograd.grad(
        [b for _, b in pairs], their_variables, [torch.tensor(s) for s in seeds], create_graph=True, allow_unused=True
    )
    return list(zip(mine, its, strict=True))


def _is_float(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def _as_torch(options: dict[str, Any]) -> dict[str, Any]:
    return {key: torch.tensor(x) if isinstance(x, np.ndarray) else x for key, x in options.items()}
