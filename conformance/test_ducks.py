"""The public functions on arrays of another library: the cases that are compared with PyTorch, run on duck arrays."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
from tests.duck import DuckArray, unwrap, wrap

from . import test_torch_arrays, test_torch_elementwise, test_torch_linalg
from .beside_torch import function_named, generator

CASES = test_torch_elementwise.CASES + test_torch_arrays.CASES + test_torch_linalg.CASES

# What cannot run on arrays that refuse conversion, and why.
CANNOT = dict.fromkeys(["searchsorted", "fftfreq", "rfftfreq"], "the case itself brings an array of NumPy's")


def as_tuple(result):
    return tuple(result) if isinstance(result, tuple | list) else (result,)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_on_duck_arrays(case):
    label = str(case)
    if label in CANNOT:
        pytest.skip(CANNOT[label])
    function = case.ours or function_named(case.name)
    inputs = [np.asarray(x)[()] for x in case.inputs]
    if case.dtypes[0].startswith("complex"):
        inputs = [x + 0.3j if x.dtype.kind == "f" else x for x in inputs]
    wrt = [i for i, x in enumerate(inputs) if x.dtype.kind in "fc" and i not in case.constants]
    plain = [ag.Tensor(x, requires_grad=i in wrt) for i, x in enumerate(inputs)]
    ducks = [ag.Tensor(wrap(x), requires_grad=i in wrt) for i, x in enumerate(inputs)]
    rng = generator(label)
    for a, b in zip(as_tuple(function(*plain)), as_tuple(function(*ducks)), strict=True):
        assert isinstance(b._data, DuckArray), f"{label}: {type(b._data)}"
        np.testing.assert_allclose(unwrap(b._data), a._data, rtol=1e-12, atol=1e-12)
        assert a.requires_grad == b.requires_grad
        if not a.requires_grad:
            continue
        seed = np.asarray(rng.standard_normal(a.shape)).astype(a.dtype)[()]
        expected = ag.gradients(a, [plain[i] for i in wrt], seed, allow_unused=True)
        found = ag.gradients(b, [ducks[i] for i in wrt], ag.Tensor(wrap(seed)), allow_unused=True)
        for g, h in zip(expected, found, strict=True):
            assert (g is None) == (h is None)
            if g is not None:
                np.testing.assert_allclose(unwrap(h._data), g._data, rtol=1e-9, atol=1e-9)
