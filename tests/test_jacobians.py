"""Jacobians and Hessians, and the batches in which their rows travel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.errors import GradientError
from autograd_core.transforms import batching, jacobians
from autograd_core.transforms.batching import Batch, CannotBatch

RNG = np.random.default_rng(11)
W = RNG.normal(size=(3, 4))
S = RNG.normal(size=(4, 4))
X = RNG.normal(size=4)
M = RNG.normal(size=(2, 3))


def value(result):
    assert isinstance(result, ag.Tensor)
    assert not result.requires_grad
    return np.asarray(result)


def numeric_jacobian(f, x, h=1e-6):
    def at(x):
        return np.asarray(f(ag.tensor(x)).detach())

    columns = []
    for index in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[index] = h
        columns.append((at(x + e) - at(x - e)) / (2 * h))
    return np.stack(columns, -1).reshape(*columns[0].shape, *x.shape)


# Functions of a vector of 4 and of a matrix 2 x 3, whose rules use many of NumPy's functions.
VECTOR = {
    "elementwise": lambda x: np.tanh(x) * np.exp(x) / (1 + x**2) - np.sin(x),
    "matrix product": lambda x: np.tanh(W @ x),
    "product from the left": lambda x: x @ S @ x,
    "two products": lambda x: S @ np.tanh(S @ x),
    "outer": lambda x: x[:, None] * x[None, :],
    "slices": lambda x: x[1:] * x[:-1] ** 2,
    "integer arrays": lambda x: x[np.array([0, 0, 3, 1])] ** 2,
    "one entry": lambda x: x[2] * x[0],
    "boolean mask": lambda x: x[np.array([True, False, True, True])] ** 3,
    "reductions": lambda x: np.mean(x**2) * np.prod(x) + np.var(x),
    "keepdims": lambda x: x / np.sum(x**2, axis=0, keepdims=True),
    "maximum": lambda x: np.max(x * x) + np.maximum(x, 0.3) @ x,
    "where": lambda x: np.where(x > 0, x**2, -x),
    "concatenate": lambda x: np.concatenate([x**2, np.sin(x)]) * 2,
    "stack": lambda x: np.stack([x**2, np.cos(x)], axis=1),
    "reshape": lambda x: np.sin(x.reshape(2, 2)).T @ x.reshape(2, 2),
    "cumulative sum": lambda x: np.cumsum(x**2) * x,
    "flip and roll": lambda x: x[::-1] * np.roll(x, 1) * np.flip(x),
    "outer product": lambda x: np.outer(x, np.sin(x)),
    "einsum": lambda x: np.einsum("i,ij,j->i", x, S, x),
    "tensordot": lambda x: np.tensordot(S, np.sin(x), 1),
    "solve": lambda x: np.linalg.solve(S + np.diag(x), x),
    "norm": lambda x: np.linalg.norm(x) * x,
    "sort": lambda x: np.sort(x) ** 2,
    "assignment": lambda x: x.at[1].set(x[0] * x[2]) * x,
    "constant": lambda x: ag.tensor([1.0, 2.0]),
    "linear": lambda x: 2 * x,
}
MATRIX = {
    "product": lambda m: np.tanh(m @ m.T),
    "axis": lambda m: np.sum(m**2, axis=0) * np.mean(m, axis=1, keepdims=True),
    "broadcast": lambda m: np.exp(m - np.max(m, axis=1, keepdims=True)) * np.broadcast_to(m[0], (2, 3)),
    "swapaxes": lambda m: np.swapaxes(m, 0, 1) ** 2,
    "moveaxis": lambda m: np.moveaxis(m[None] ** 2, 0, -1),
    "expand and squeeze": lambda m: np.squeeze(np.expand_dims(m, (0, 2)) ** 3),
    "batched product": lambda m: np.matmul(m[:, None, :], (m**2)[:, :, None]),
    "split": lambda m: np.split(m**2, 3, axis=1)[1],
    "svd": lambda m: np.linalg.svd(m, full_matrices=False)[1],
    "fft": lambda m: np.abs(np.fft.rfft(m, axis=1)) ** 2,
    "tril": lambda m: np.tril(m @ m.T),
    "softmax": lambda m: np.exp(m) / np.sum(np.exp(m), axis=-1, keepdims=True),
}
CASES = [(f, X) for f in VECTOR.values()] + [(f, M) for f in MATRIX.values()]
IDS = [*VECTOR, *MATRIX]


@pytest.mark.parametrize(("f", "x"), CASES, ids=IDS)
def test_jacrev_and_jacfwd_agree_with_finite_differences(f, x):
    expected = numeric_jacobian(f, x)
    reverse, forward = value(ag.jacrev(f)(x)), value(ag.jacfwd(f)(x))
    assert reverse.shape == forward.shape == expected.shape
    np.testing.assert_allclose(reverse, expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(forward, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("f", "x"), CASES, ids=IDS)
def test_rows_that_travel_together_are_the_same(f, x, monkeypatch):
    together = value(ag.jacrev(f)(x)), value(ag.jacfwd(f)(x))
    monkeypatch.setattr(jacobians, "BATCH_NUMBERS", 1)
    alone = value(ag.jacrev(f)(x)), value(ag.jacfwd(f)(x))
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("f", "x"), CASES, ids=IDS)
def test_hessians(f, x):
    scalar = lambda x: np.sum(f(x) * np.sin(f(x)))
    h = value(ag.hessian(scalar)(x))
    n = x.size
    np.testing.assert_allclose(h.reshape(n, n), h.reshape(n, n).T, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(h, numeric_jacobian(lambda x: ag.grad(scalar)(x), x), rtol=2e-5, atol=1e-6)


def test_all_four_ways_to_a_hessian():
    f = lambda x: np.sum(np.tanh(W @ x) ** 2) * x[0]
    expected = value(ag.hessian(f)(X))
    for outer, inner in itertools.product((ag.jacrev, ag.jacfwd), repeat=2):
        np.testing.assert_allclose(value(outer(inner(f))(X)), expected, rtol=1e-9, atol=1e-12)


def test_third_derivatives():
    t = value(ag.jacrev(ag.hessian(lambda x: x[0] ** 2 * x[1] * x[2]))(X))
    for i, j, k in itertools.permutations((0, 0, 1)):
        assert t[i, j, k] == 2 * X[2]
    assert t[3].any() == np.False_


def test_hessian_of_a_function_with_several_outputs():
    h = value(ag.hessian(lambda x: x**3)(X))
    assert h.shape == (4, 4, 4)
    np.testing.assert_allclose(h, np.einsum("i,ij,ik->ijk", 6 * X, np.eye(4), np.eye(4)))


def test_jacobians_of_structures():
    f = lambda p, c: {"y": (W @ p["x"]) * p["s"] * c, "n": [p["s"] ** 2]}
    p = {"x": X, "s": 2.0}
    for jac in (ag.jacrev, ag.jacfwd, ag.jacobian):
        j = jac(f)(p, 3.0)
        np.testing.assert_allclose(value(j["y"]["x"]), 6 * W)
        np.testing.assert_allclose(value(j["y"]["s"]), 3 * W @ X)
        np.testing.assert_array_equal(value(j["n"][0]["x"]), np.zeros(4))
        assert value(j["n"][0]["s"]) == 4.0
        both = jac(f, argnums=(0, 1))(p, 3.0)
        np.testing.assert_allclose(value(both["y"][1]), 2 * W @ X)
    h = ag.hessian(lambda p: np.sum(p["x"] ** 2) * p["s"])(p)
    np.testing.assert_allclose(value(h["x"]["x"]), 4 * np.eye(4))
    np.testing.assert_allclose(value(h["x"]["s"]), 2 * X)
    np.testing.assert_allclose(value(h["s"]["x"]), 2 * X)
    assert value(h["s"]["s"]) == 0.0


def test_aux():
    for jac in (ag.jacrev, ag.jacfwd, ag.hessian):
        _, aux = jac(lambda x: (np.sum(x**3), {"x": x * 2}), has_aux=True)(X)
        np.testing.assert_allclose(value(aux["x"]), 2 * X)


def test_scalars_and_empty_arrays():
    assert value(ag.jacrev(lambda x: x**2)(3.0)) == 6.0
    assert value(ag.jacfwd(lambda x: x**2)(3.0)) == 6.0
    assert value(ag.jacrev(lambda x: x * 2)(np.zeros((0, 2)))).shape == (0, 2, 0, 2)
    assert value(ag.jacfwd(lambda x: x * 2)(np.zeros((0, 2)))).shape == (0, 2, 0, 2)


def test_float32_stays_float32():
    x = X.astype(np.float32)
    f = lambda x: np.tanh(x) * np.sum(x**2)
    for jac in (ag.jacrev, ag.jacfwd):
        assert jac(f)(x).dtype == np.float32
    assert ag.hessian(lambda x: np.sum(f(x)))(x).dtype == np.float32


def test_large_jacobians_are_computed_in_parts(monkeypatch):
    x = RNG.normal(size=7)
    f = lambda x: np.outer(x, np.sin(x))
    whole = value(ag.jacrev(f)(x))
    monkeypatch.setattr(jacobians, "BATCH_NUMBERS", 49 * 10)
    np.testing.assert_allclose(value(ag.jacrev(f)(x)), whole)


def test_complex_jacobians():
    z = np.array([1.0 + 2.0j, 0.5 - 1.0j])
    for jac in (ag.jacrev, ag.jacfwd):
        # holomorphic: the complex derivative
        np.testing.assert_allclose(value(jac(lambda z: z**3)(z)), np.diag(3 * z**2))
        # real output: gradients
        np.testing.assert_allclose(value(jac(lambda z: (z * np.conjugate(z)).real)(z)), np.diag(2 * z))
        # real input
        np.testing.assert_allclose(value(jac(lambda x: x**2 * (2 + 3j))(X)), np.diag(2 * X * (2 + 3j)))


def test_a_hook_sees_single_gradients():
    seen = []

    def f(x):
        y = x * 2
        y.register_hook(lambda g: seen.append(g.shape))
        return y**2

    np.testing.assert_allclose(value(ag.jacrev(f)(X)), np.diag(8 * X))
    assert seen == [(4,)] * 4


def test_errors():
    with pytest.raises(GradientError, match=r"jacrev: .*plain array"):
        ag.jacrev(lambda x: x.data * 2)(X)
    with pytest.raises(TypeError, match="hessian: expected argument 0 to be a float"):
        ag.hessian(lambda x: x)(1)
    with pytest.raises(TypeError, match="jacfwd: expected a function"):
        ag.jacfwd(X)


# -- Batch --------------------------------------------------------------------------------------------


def entries_of(function, *args):
    """The function on each entry, one after the other."""
    n = next(len(a.entries) for a in args if isinstance(a, Batch))
    rows = [function(*(a.entries[i] if isinstance(a, Batch) else a for a in args)) for i in range(n)]
    return np.stack(rows)


V, MAT, CUBE = RNG.normal(size=3), RNG.normal(size=(3, 3)), RNG.normal(size=(3, 3, 3))
BV, BM, BC = Batch(RNG.normal(size=(5, 3))), Batch(RNG.normal(size=(5, 3, 3))), Batch(RNG.normal(size=(5, 3, 3, 3)))
ANY = (V, MAT, CUBE, BV, BM, BC)
PAIRS = [(a, b) for a, b in itertools.product(ANY, repeat=2) if isinstance(a, Batch) or isinstance(b, Batch)]


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_batched_products_and_arithmetic(a, b):
    for function in (np.matmul, np.multiply, np.subtract, np.maximum, lambda a, b: a @ b, lambda a, b: a / b):
        result = function(a, b)
        expected = entries_of(function, a, b)
        assert result.shape == expected.shape[1:]
        np.testing.assert_allclose(result.entries, expected, rtol=1e-12)


@pytest.mark.parametrize(("a", "b"), [(a, b) for a, b in PAIRS if not (isinstance(a, Batch) and isinstance(b, Batch))])
def test_batched_tensordot(a, b):
    for axes in (0, 1, ([-1], [-1])):
        function = lambda a, b, axes=axes: np.tensordot(a, b, axes)
        np.testing.assert_allclose(function(a, b).entries, entries_of(function, a, b), rtol=1e-12)


FUNCTIONS = {
    "sum": lambda x: np.sum(x),
    "sum axis": lambda x: x.sum(axis=-1),
    "sum axes": lambda x: np.sum(x, axis=(0, -1), keepdims=True),
    "mean": lambda x: np.mean(x, axis=0),
    "max": lambda x: np.max(x, axis=1, keepdims=True),
    "prod": lambda x: x.prod(),
    "cumsum": lambda x: np.cumsum(x, axis=1),
    "cumsum flat": lambda x: np.cumsum(x),
    "reshape": lambda x: np.reshape(x, (-1, 2)),
    "reshape method": lambda x: x.reshape(-1),
    "ravel": lambda x: np.ravel(x),
    "transpose": lambda x: np.transpose(x),
    "transpose axes": lambda x: np.transpose(x, (1, 0)) + x.T,
    "matrix_transpose": lambda x: np.matrix_transpose(x) * x.mT,
    "swapaxes": lambda x: np.swapaxes(x, 0, -1),
    "moveaxis": lambda x: np.moveaxis(x, 0, -1),
    "expand_dims": lambda x: np.expand_dims(x, (0, -1)),
    "squeeze": lambda x: np.squeeze(np.expand_dims(x, 1)),
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 4, 2)),
    "where": lambda x: np.where(x > 0, x, np.zeros((4, 2))),
    "like": lambda x: np.zeros_like(x) + np.ones_like(x, shape=(4, 1)) + np.full_like(x, 3.0) + x,
    "concatenate": lambda x: np.concatenate([x, np.ones((1, 2)), x]),
    "concatenate flat": lambda x: np.concatenate([x, x], axis=None),
    "stack": lambda x: np.stack([x, np.ones((4, 2))], axis=-1),
    "einsum": lambda x: np.einsum("ij,ij->i", x, x),
    "einsum with dots": lambda x: np.einsum("...j,...j->...", x, x),
    "tril": lambda x: np.tril(x) + np.triu(x, 1),
    "index": lambda x: x[1:, 0],
    "index arrays": lambda x: x[np.array([0, 2, 0]), np.array([1, 1, 0])],
    "new axis": lambda x: x[None, ..., 1],
    "real": lambda x: np.real(x) + x.imag + np.conjugate(x),
    "astype": lambda x: x.astype(np.float32).astype(np.float64),
    "operators": lambda x: -x + abs(x) - (x > 0) + 2.0 ** (x - 1) * (1 / (x + 5)),
    "power": lambda x: 1 - (x**2) / 3 + 2 * x,
    "linalg": lambda x: np.linalg.norm(x, axis=1),
    "sort": lambda x: np.sort(x, axis=0),
    "flip": lambda x: np.flip(x),
    "method": lambda x: x.clip(-0.5, 0.5),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions_of_a_batch_equal_those_of_its_entries(function):
    x = Batch(RNG.normal(size=(3, 4, 2)))
    result = function(x)
    np.testing.assert_allclose(result.entries, entries_of(function, x), rtol=1e-12)
    assert result.shape == result.entries.shape[1:]


def test_what_a_rule_may_ask_a_batch():
    x = Batch(np.zeros((5, 2, 3), np.float32))
    assert (x.shape, x.ndim, x.size, x.dtype, len(x)) == ((2, 3), 2, 6, np.float32, 2)
    assert np.shape(x) == (2, 3)
    assert (np.ndim(x), np.size(x), np.iscomplexobj(x), np.isrealobj(x)) == (2, 6, False, True)
    assert np.result_type(x, np.float64) == np.float64
    assert not hasattr(x, "nonsense")


def test_writing_into_a_batch():
    x = np.zeros_like(BM)
    x[0] = BV
    x[1:, np.array([0])] = 7.0
    np.add.at(x, (np.array([0, 0]), np.array([1, 1])), np.ones(2))
    np.testing.assert_allclose(x.entries[:, 0], BV.entries + np.array([0.0, 2.0, 0.0]))
    np.testing.assert_allclose(x.entries[:, 1, 0], 7.0)
    y = x.copy()
    y += BM
    np.testing.assert_allclose(y.entries, x.entries + BM.entries)


def test_a_batch_is_not_one_array():
    for use in (np.asarray, bool, float, lambda x: V[x], lambda x: np.add.outer(x, x)):
        with pytest.raises(CannotBatch):
            use(BV)


def test_reductions_of_a_batch_by_ufuncs():
    np.testing.assert_allclose(np.add.reduce(BM).entries, BM.entries.sum(1))
    np.testing.assert_allclose(np.maximum.reduce(BM, axis=-1, keepdims=True).entries, BM.entries.max(-1, keepdims=True))
    np.testing.assert_allclose(np.multiply.accumulate(BM, axis=1).entries, BM.entries.cumprod(2))


def test_rules_that_do_not_batch_run_one_after_the_other():
    @ag.operation
    def stubborn(x):
        return x**2

    @stubborn.rule
    def _(g, out, x):
        if isinstance(g, ag.Tensor):
            return g * 2 * x
        return np.asarray(g) * 2 * x if float(g[0]) >= 0 else g

    np.testing.assert_allclose(value(ag.jacrev(stubborn)(X)), np.diag(2 * X))


def test_operations_of_the_library_batch_without_loops():
    """The common operations must not fall back: a Hessian would be slow without anybody noticing."""

    def f(x):
        h = np.tanh(x.reshape(2, 2) @ S[:2] + x)
        return np.mean(h[:, 1:] ** 2) + np.sum(np.exp(h) / (1 + h**2)) + np.linalg.norm(x)

    def refuse(function, args, kwargs):
        raise AssertionError(f"{function} ran one by one")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batching, "_one_by_one", refuse)
        ag.hessian(f)(X)
        ag.jacfwd(ag.grad(f))(X)
