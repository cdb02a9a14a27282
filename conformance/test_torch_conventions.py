"""First derivatives at kinks, ties and edges beside PyTorch's: the conventions of ``docs/conventions.md``."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import autograd_core as ag
from nn import functional as F

NAN, INF = np.nan, np.inf

# label: (ours, theirs, inputs)
CONVENTIONS = {
    "relu at 0": (lambda x: F.relu(x), lambda x: torch.relu(x), [[-1.0, 0.0, 2.0]]),
    "abs at 0": (lambda x: ag.abs(x), torch.abs, [[-1.0, 0.0, 2.0]]),
    "sign at 0": (lambda x: ag.sign(x), torch.sign, [[-1.0, 0.0, 2.0]]),
    "floor at integers": (lambda x: ag.floor(x), torch.floor, [[-1.0, 0.0, 2.5]]),
    "round at halves": (lambda x: ag.round(x), torch.round, [[0.5, 1.5, 2.5]]),
    "maximum of equals": (lambda x, y: ag.maximum(x, y), torch.maximum, [[1.0, 2.0, 3.0], [1.0, 3.0, 2.0]]),
    "minimum of equals": (lambda x, y: ag.minimum(x, y), torch.minimum, [[1.0, 2.0, 3.0], [1.0, 3.0, 2.0]]),
    "fmax of equals": (lambda x, y: ag.fmax(x, y), torch.fmax, [[1.0, 2.0, 3.0], [1.0, 3.0, 2.0]]),
    "fmin of equals": (lambda x, y: ag.fmin(x, y), torch.fmin, [[1.0, 2.0, 3.0], [1.0, 3.0, 2.0]]),
    "fmax with NaN": (lambda x, y: ag.fmax(x, y), torch.fmax, [[NAN, 2.0, 3.0], [1.0, NAN, 2.0]]),
    "max with ties": (lambda x: ag.max(x), torch.max, [[1.0, 3.0, 3.0, 2.0, 3.0]]),
    "min with ties": (lambda x: ag.min(x), torch.min, [[1.0, 3.0, 1.0, 2.0, 3.0]]),
    "max over an axis with ties": (
        lambda x: ag.max(x, axis=1),
        lambda x: torch.amax(x, 1),
        [[[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]],
    ),
    "min over an axis with ties": (
        lambda x: ag.min(x, axis=0),
        lambda x: torch.amin(x, 0),
        [[[1.0, 2.0, 3.0], [1.0, 3.0, 3.0]]],
    ),
    "cummax with ties": (
        lambda x: ag.cummax(x, axis=0),
        lambda x: torch.cummax(x, 0)[0],
        [[1.0, 3.0, 3.0, 2.0, 3.0, 4.0]],
    ),
    "cummin with ties": (
        lambda x: ag.cummin(x, axis=0),
        lambda x: torch.cummin(x, 0)[0],
        [[3.0, 1.0, 2.0, 1.0, 1.0, 0.0]],
    ),
    "clip at the bounds": (lambda x: ag.clip(x, 0.0, 1.0), lambda x: torch.clip(x, 0.0, 1.0), [[-1.0, 0.0, 0.5, 1.0]]),
    "clip with arrays at the bounds": (
        lambda x, a, b: ag.clip(x, a, b),
        torch.clip,
        [[-1.0, 0.0, 0.5, 1.0, 2.0], [0.0, 0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0, 1.0]],
    ),
    "norm of zeros": (lambda x: ag.linalg.norm(x), torch.linalg.norm, [[0.0, 0.0, 0.0]]),
    "vector norm of zeros along an axis": (
        lambda x: ag.linalg.vector_norm(x, axis=1),
        lambda x: torch.linalg.vector_norm(x, dim=1),
        [[[0.0, 0.0], [3.0, 4.0]]],
    ),
    "1-norm at 0": (
        lambda x: ag.linalg.vector_norm(x, ord=1),
        lambda x: torch.linalg.vector_norm(x, 1),
        [[0.0, -1.0, 2.0]],
    ),
    "inf-norm with ties": (
        lambda x: ag.linalg.vector_norm(x, ord=np.inf),
        lambda x: torch.linalg.vector_norm(x, np.inf),
        [[1.0, -2.0, 2.0]],
    ),
    "3-norm of zeros": (
        lambda x: ag.linalg.vector_norm(x, ord=3),
        lambda x: torch.linalg.vector_norm(x, 3),
        [[0.0, 0.0]],
    ),
    "where with a branch of NaN": (
        lambda x: ag.where(x > 0, ag.sqrt(ag.where(x > 0, x, 1.0)), 0.0),
        lambda x: torch.where(x > 0, torch.sqrt(torch.where(x > 0, x, 1.0)), 0.0),
        [[-1.0, 0.0, 4.0]],
    ),
    "power 0 ** 2": (lambda x: x**2, lambda x: x**2, [[0.0, -1.0, 2.0]]),
    "power 0 ** 1": (lambda x: x**1, lambda x: x**1, [[0.0, -1.0, 2.0]]),
    "power 0 ** 0": (lambda x: x**0, lambda x: x**0, [[0.0, -1.0, 2.0]]),
    "power of negative bases": (lambda x: x**3.0, lambda x: x**3.0, [[0.0, -1.5, 2.0]]),
    "power with zero base, exponents as inputs": (
        lambda x, y: ag.power(x, y),
        torch.pow,
        [[0.0, 0.0, 0.0, 2.0], [0.0, 1.0, 2.0, 0.0]],
    ),
    "power of a number": (lambda y: 0.0**y, lambda y: 0.0**y, [[0.0, 1.0, 2.0]]),
    "prod with one zero": (lambda x: ag.prod(x), torch.prod, [[2.0, 0.0, 3.0]]),
    "prod with two zeros": (lambda x: ag.prod(x), torch.prod, [[2.0, 0.0, 0.0]]),
    "prod over an axis with zeros": (
        lambda x: ag.prod(x, axis=1),
        lambda x: torch.prod(x, 1),
        [[[2.0, 0.0, 3.0], [0.0, 0.0, 1.0], [1.0, 2.0, 3.0]]],
    ),
    "cumprod with zeros": (
        lambda x: ag.cumprod(x, axis=0),
        lambda x: torch.cumprod(x, 0),
        [[2.0, 0.0, 3.0, 0.0, 4.0]],
    ),
    "sinc at 0": (lambda x: ag.sinc(x), torch.sinc, [[0.0, 1.0, 0.5]]),
    "logaddexp of equals": (lambda x, y: ag.logaddexp(x, y), torch.logaddexp, [[1.0, 800.0], [1.0, -800.0]]),
    "logsumexp with -inf": (lambda x: ag.logsumexp(x), lambda x: torch.logsumexp(x, 0), [[-INF, 1.0, 2.0]]),
    "softmax of large numbers": (
        lambda x: ag.special.softmax(x, axis=0),
        lambda x: torch.softmax(x, 0),
        [[1000.0, 0.0, -1000.0]],
    ),
    "xlogy at 0": (lambda x, y: ag.special.xlogy(x, y), torch.special.xlogy, [[0.0, 1.0], [2.0, 3.0]]),
    "expit of large numbers": (lambda x: ag.special.expit(x), torch.sigmoid, [[-800.0, 0.0, 800.0]]),
    "median with ties": (lambda x: ag.median(x), torch.median, [[1.0, 3.0, 2.0]]),
    "sort with ties": (lambda x: ag.sort(x), lambda x: torch.sort(x, stable=True)[0], [[2.0, 1.0, 2.0, 1.0]]),
    "nansum": (lambda x: ag.nansum(x), torch.nansum, [[1.0, NAN, 2.0]]),
    "nan_to_num": (lambda x: ag.nan_to_num(x), torch.nan_to_num, [[1.0, NAN, INF]]),
    "repeated indices": (lambda x: x[np.array([0, 0, 1])], lambda x: x[torch.tensor([0, 0, 1])], [[1.0, 2.0]]),
    "hypot": (lambda x, y: ag.hypot(x, y), torch.hypot, [[3.0, 0.0], [4.0, 2.0]]),
    "atan2 on the axes": (lambda x, y: ag.arctan2(x, y), torch.atan2, [[0.0, 1.0, 0.0], [1.0, 0.0, -1.0]]),
    "std": (lambda x: ag.std(x), lambda x: torch.std(x, correction=0), [[1.0, 2.0, 4.0]]),
    "remainder": (lambda x, y: ag.remainder(x, y), torch.remainder, [[5.5, -5.5, 5.5], [2.0, 2.0, -2.0]]),
    "fmod": (lambda x, y: ag.fmod(x, y), torch.fmod, [[5.5, -5.5, 5.5], [2.0, 2.0, -2.0]]),
    "log of 0": (lambda x: ag.log(x), torch.log, [[0.0, 1.0]]),
    "sqrt of 0": (lambda x: ag.sqrt(x), torch.sqrt, [[0.0, 1.0]]),
}

# Where this library decides otherwise than PyTorch, on purpose. The reason stands in docs/conventions.md.
OTHERWISE: dict[str, str] = {}

COMPLEX = {
    "abs": (lambda z: ag.abs(z), torch.abs),
    "abs squared": (lambda z: (z * ag.conj(z)).real, lambda z: (z * z.conj()).real),
    "real": (lambda z: ag.real(z), torch.real),
    "imag": (lambda z: ag.imag(z), torch.imag),
    "angle": (lambda z: ag.angle(z), torch.angle),
    "conj": (lambda z: ag.conj(z), torch.conj),
    "exp": (lambda z: ag.exp(z), torch.exp),
    "product": (lambda z: z * (2 - 3j), lambda z: z * (2 - 3j)),
    "power": (lambda z: z**3, lambda z: z**3),
    "real part of a product": (lambda z: (z * z).real, lambda z: (z * z).real),
    "mixed with reals": (lambda z: z * z.real, lambda z: z * z.real),
}


def gradients(ours, theirs, values):
    """The gradients of the weighted sum of the results (weights 1, 2, 3 ...), by both libraries."""
    tensors = [ag.Tensor(np.array(value), requires_grad=True) for value in values]
    others = [torch.tensor(np.array(value), requires_grad=True) for value in values]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result, other = ours(*tensors), theirs(*others)
        np.testing.assert_allclose(np.asarray(result._data), other.detach().resolve_conj().numpy(), rtol=1e-12)
        weights = np.arange(1.0, np.size(result._data) + 1).reshape(result.shape).astype(result.dtype)
        expected = torch.autograd.grad(other, others, torch.tensor(weights), allow_unused=True)
        found = (
            ag.gradients(result, tensors, weights, allow_unused=True) if result.requires_grad else [None] * len(tensors)
        )
    zeros = [np.zeros(np.shape(value)) for value in values]
    return (
        [zero if g is None else np.asarray(g._data) for g, zero in zip(found, zeros, strict=True)],
        [zero if g is None else g.resolve_conj().numpy() for g, zero in zip(expected, zeros, strict=True)],
    )


@pytest.mark.parametrize("label", CONVENTIONS)
def test_kinks_ties_and_edges(label):
    found, expected = gradients(*CONVENTIONS[label])
    same = all(np.allclose(a, b, rtol=1e-10, atol=0, equal_nan=True) for a, b in zip(found, expected, strict=True))
    if label in OTHERWISE:
        assert not same, f"{label}: the libraries agree now; take it off the list"
    else:
        assert same, f"{label}: {found}, PyTorch {expected}"


@pytest.mark.parametrize("label", COMPLEX)
def test_complex_gradients(label):
    found, expected = gradients(*COMPLEX[label], [[0.5 + 1j, -1.5 + 0.25j, 2.0 - 1j, -1j]])
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(("a", "b"), [("float32", "float64"), ("float64", "complex64"), ("float32", "complex64")])
def test_mixed_dtypes(a, b):
    """The gradient of an input has the input's dtype; a real input drops the imaginary part."""
    x, y = np.array([0.5, -1.0], a), np.array([2.0, 3.0], b)
    ours = [ag.Tensor(v, requires_grad=True) for v in (x, y)]
    theirs = [torch.tensor(v, requires_grad=True) for v in (x, y)]
    result, other = ours[0] * ours[1], theirs[0] * theirs[1]
    seed = np.array([1.0, 2.0]).astype(result.dtype)
    expected = torch.autograd.grad(other, theirs, torch.tensor(seed).to(other.dtype))
    for got, reference in zip(ag.gradients(result, ours, seed), expected, strict=True):
        assert got.dtype == reference.numpy().dtype
        np.testing.assert_allclose(np.asarray(got._data), reference.resolve_conj().numpy(), rtol=1e-6)
