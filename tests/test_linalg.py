"""``ag.linalg``: NumPy's calls, gradients at real and complex matrices, ties, kinks and errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.errors import GradientError
from autograd_core.primitive import IMPLEMENTATIONS, PRIMITIVES
from tests.differences import check_gradients
from tests.parity import agrees
from tests.samples.linalg import matrices, positive, regular

A, B = regular(3, 3), regular(2, 3, 3)
TALL, WIDE = matrices(4, 3), matrices(3, 4)
LINALG = ag.linalg


def gradient(f, x):
    t = ag.Tensor(np.asarray(x), requires_grad=True)
    return ag.gradients(f(t), t)[0].numpy()


def second(f, x):
    """The gradient of the sum of the gradient."""
    t = ag.Tensor(np.asarray(x), requires_grad=True)
    (first,) = ag.gradients(f(t), t, create_graph=True)
    (found,) = ag.gradients(ag.sum(first), t, allow_unused=True) if first.requires_grad else (None,)
    return np.zeros_like(x) if found is None else found.numpy()


def hermitian(x):
    return (x + ag.conj(x).mT) / 2


# -- the namespace -------------------------------------------------------------------------------------------


def test_every_function_of_numpy_is_there_and_answers_for_tensors():
    names = {name for name in dir(np.linalg) if not name.startswith("_")} - {"test", "linalg"}  # a module before 2.4
    assert names <= set(LINALG.__all__)
    assert LINALG.LinAlgError is np.linalg.LinAlgError
    for name in names - {"LinAlgError"}:
        assert getattr(np.linalg, name) in IMPLEMENTATIONS, name
    assert set(LINALG.__all__) - names == {
        "EigResult",
        "EighResult",
        "QRResult",
        "SVDResult",
        "SlogdetResult",
        "expm",
    }
    assert LINALG.__all__ == sorted(LINALG.__all__)


def test_results_are_named_as_in_numpy():
    t = ag.Tensor(A + A.T, requires_grad=True)
    for name in ("eig", "eigh", "qr", "slogdet", "svd"):
        expected, got = getattr(np.linalg, name)(A + A.T), getattr(np.linalg, name)(t)
        assert type(got).__name__ == type(expected).__name__
        assert got._fields == expected._fields
        assert all(isinstance(part, ag.Tensor) for part in got)
        plain = getattr(LINALG, name)(A + A.T)
        for one, other in zip(plain, expected, strict=True):
            np.testing.assert_allclose(one, other)


# -- values and gradients against NumPy, with all arguments --------------------------------------------------


@pytest.mark.parametrize("a", [A, B, np.stack([B, B[::-1]])], ids=["matrix", "stack", "stack of stacks"])
def test_functions_of_square_matrices(a):
    agrees(np.linalg.inv, a, ours=LINALG.inv)
    agrees(np.linalg.det, a, ours=LINALG.det)
    agrees(np.linalg.slogdet, a, ours=LINALG.slogdet)
    agrees(np.linalg.solve, a, matrices(3, 2), ours=LINALG.solve)
    agrees(np.linalg.solve, a, matrices(3), ours=LINALG.solve)
    agrees(np.linalg.solve, A, matrices(*a.shape[:-2], 3, 2), ours=LINALG.solve)
    agrees(np.linalg.cond, a, ours=LINALG.cond)
    agrees(np.linalg.svdvals, a, ours=LINALG.svdvals)
    for n in (-3, -1, 1, 2, 3, 5, 8):
        agrees(np.linalg.matrix_power, a, n, ours=LINALG.matrix_power, tolerance=1e-6)


@pytest.mark.parametrize("a", [A, TALL, WIDE, matrices(2, 4, 3)], ids=["square", "tall", "wide", "stack"])
def test_functions_of_any_matrices(a):
    agrees(np.linalg.pinv, a, ours=LINALG.pinv)
    agrees(np.linalg.pinv, a, 1e-10, ours=LINALG.pinv)
    agrees(np.linalg.pinv, a, rtol=None, ours=LINALG.pinv)
    agrees(np.linalg.svdvals, a, ours=LINALG.svdvals)
    agrees(np.linalg.svd, a, compute_uv=False, ours=LINALG.svd)
    agrees(np.linalg.svd, a, full_matrices=False, ours=LINALG.svd)
    agrees(np.linalg.qr, a, ours=LINALG.qr)
    agrees(np.linalg.qr, a, mode="r", ours=LINALG.qr)


def test_pinv_below_full_rank_and_of_hermitian_matrices():
    agrees(lambda a, b: np.linalg.pinv(a @ b, rtol=1e-8), matrices(4, 2), matrices(2, 3), ours=False)
    check_gradients(lambda a, b: LINALG.pinv(a @ b, rtol=1e-8), matrices(3, 1), matrices(1, 2), tolerance=1e-5)
    symmetric = positive(3, 3)
    plain, quick = (gradient(lambda t, h=h: LINALG.pinv(t, hermitian=h).sum(), symmetric) for h in (False, True))
    np.testing.assert_allclose(quick, plain)
    with pytest.raises(ValueError, match="pinv: expected rcond or rtol, got both"):
        LINALG.pinv(A, 1e-5, rtol=1e-5)


@pytest.mark.parametrize("shapes", [((4, 2), (4,)), ((4, 2), (4, 3)), ((2, 4), (2,)), ((3, 3), (3, 2))])
def test_lstsq(shapes):
    a, b = matrices(*shapes[0]), matrices(*shapes[1], seed=1)
    t, u = ag.Tensor(a, requires_grad=True), ag.Tensor(b, requires_grad=True)
    x, residuals, rank, s = np.linalg.lstsq(t, u)
    for got, expected in zip((x, residuals, rank, s), np.linalg.lstsq(a, b), strict=True):
        np.testing.assert_allclose(got.detach().numpy(), expected, atol=1e-13)
    assert rank.dtype.kind == "i"
    assert not rank.requires_grad
    for part in (0, 1, 3):
        if np.linalg.lstsq(a, b)[part].size:
            check_gradients(lambda a, b, part=part: LINALG.lstsq(a, b)[part], a, b)


def test_lstsq_cut_off():
    a = np.outer([1.0, 2.0, -1.0], [0.5, 2.0])
    agrees(lambda a, b: np.linalg.lstsq(a, b, rcond=1e-2)[0], a, matrices(3), ours=False)
    agrees(lambda a, b: np.linalg.lstsq(a, b, -1)[0], matrices(3, 2), matrices(3), ours=False)


def test_matrix_rank_is_a_constant():
    t = ag.Tensor(np.stack([np.eye(2), np.ones((2, 2))]), requires_grad=True)
    rank = np.linalg.matrix_rank(t)
    assert rank.tolist() == [2, 1]
    assert not rank.requires_grad
    assert LINALG.matrix_rank(t, 1.5).tolist() == [0, 1]
    assert np.linalg.matrix_rank(t, hermitian=True, rtol=0.1).tolist() == [2, 1]
    assert LINALG.matrix_rank(np.eye(3)) == 3


def test_tensor_equations():
    a = regular(6, 6).reshape(2, 3, 6)
    agrees(np.linalg.tensorsolve, a, matrices(2, 3), ours=LINALG.tensorsolve)
    moved = regular(6, 6).reshape(2, 3, 3, 2).transpose(2, 0, 1, 3)
    agrees(np.linalg.tensorsolve, moved, matrices(2, 3), axes=(0, 3), ours=LINALG.tensorsolve)
    agrees(np.linalg.tensorinv, regular(6, 6).reshape(2, 3, 3, 2), ours=LINALG.tensorinv)
    agrees(np.linalg.tensorinv, a.reshape(6, 2, 3), ind=1, ours=LINALG.tensorinv)
    with pytest.raises(np.linalg.LinAlgError, match="tensorsolve: expected a of shape"):
        LINALG.tensorsolve(a, matrices(3))
    for ind in (0, 1):
        with pytest.raises(np.linalg.LinAlgError, match="tensorinv: expected ind > 0"):
            LINALG.tensorinv(a, ind)


def test_matrix_power_zero_is_the_identity():
    t = ag.Tensor(B.astype(np.float32), requires_grad=True)
    power = np.linalg.matrix_power(t, 0)
    assert power.tolist() == [np.eye(3).tolist()] * 2
    assert power.dtype == np.float32
    with pytest.raises(np.linalg.LinAlgError, match="matrix_power: expected square matrices"):
        LINALG.matrix_power(TALL, 2)
    with pytest.raises(TypeError):
        LINALG.matrix_power(A, 0.5)


# -- complex matrices ----------------------------------------------------------------------------------------

C = regular(3, 3, unit=1j)
TALL_C, WIDE_C = matrices(3, 2, unit=1j), matrices(2, 3, unit=1j)


@pytest.mark.parametrize(
    "f",
    [
        LINALG.inv,
        LINALG.det,
        LINALG.pinv,
        LINALG.expm,
        LINALG.svdvals,
        LINALG.norm,
        lambda a: LINALG.slogdet(a).sign,
        lambda a: LINALG.slogdet(a).logabsdet,
        lambda a: LINALG.matrix_power(a, 3),
        lambda a: LINALG.solve(a, a[0]),
        lambda a: LINALG.cond(a, 1),
        lambda a: LINALG.eigvals(a).sum() ** 2,
        lambda a: ag.abs(LINALG.eig(a).eigenvectors),
        lambda a: LINALG.cholesky(a @ ag.conj(a).mT),
        lambda a: LINALG.cholesky(a @ ag.conj(a).mT, upper=True),
        lambda a: LINALG.eigvalsh(hermitian(a)),
        lambda a: ag.abs(LINALG.eigh(hermitian(a)).eigenvectors),
        lambda a: ag.abs(LINALG.eigh(hermitian(a), "U").eigenvectors[:, :1]),
    ],
)
def test_gradients_at_complex_square_matrices(f):
    check_gradients(f, C, tolerance=1e-5)


@pytest.mark.parametrize("a", [C, TALL_C, WIDE_C], ids=["square", "tall", "wide"])
@pytest.mark.parametrize(
    "f",
    [
        lambda a: LINALG.qr(a).Q,
        lambda a: LINALG.qr(a).R,
        LINALG.pinv,
        LINALG.svdvals,
        lambda a: ag.abs(LINALG.svd(a, full_matrices=False).U),
        lambda a: ag.abs(LINALG.svd(a, full_matrices=False).Vh),
        lambda a: (lambda u, s, vh: (u * s**2) @ vh)(*LINALG.svd(a, full_matrices=False)),
        lambda a: (lambda u, s, vh: ag.conj(vh).mT @ ag.conj(u).mT)(*LINALG.svd(a, full_matrices=False)),
    ],
)
def test_gradients_at_complex_matrices_of_any_shape(f, a):
    check_gradients(f, a, tolerance=1e-5)


def test_complex_eigenvalues_of_a_real_matrix():
    a = np.array([[1.0, 2.0, 0.3], [-1.5, 0.5, 0.1], [0.2, 0.4, -2.0]])
    t = ag.Tensor(a, requires_grad=True)
    w = np.linalg.eig(t).eigenvalues
    assert w.dtype == np.complex128
    np.testing.assert_allclose(w.detach().numpy(), np.linalg.eig(a)[0])
    check_gradients(lambda a: ag.abs(LINALG.eigvals(a)), a)
    check_gradients(lambda a: (lambda w, v: ag.real((v * ag.exp(w)) @ LINALG.inv(v)))(*LINALG.eig(a)), a)
    np.testing.assert_allclose(
        gradient(lambda a: (lambda w, v: ag.real((v * ag.exp(w)) @ LINALG.inv(v)))(*LINALG.eig(a)).sum(), a),
        gradient(lambda a: LINALG.expm(a).sum(), a),
    )


@pytest.mark.parametrize(
    ("name", "f", "x"),
    [
        ("eigh", lambda a: LINALG.eigh(hermitian(a)).eigenvectors, C),
        ("eig", lambda a: LINALG.eig(a).eigenvectors, C),
        ("svd", lambda a: LINALG.svd(a, full_matrices=False).U, TALL_C),
        ("svd", lambda a: LINALG.svd(a, full_matrices=False).Vh, WIDE_C),
    ],
)
def test_functions_of_a_phase_are_refused(name, f, x):
    t = ag.Tensor(x, requires_grad=True)
    y = ag.sum(ag.imag(f(t)) * 0.7 + ag.real(f(t)))
    with pytest.raises(GradientError, match=f"backward of {name}: expected a function that does not change when"):
        ag.gradients(y, t)


# -- conventions of decompositions ---------------------------------------------------------------------------


@pytest.mark.parametrize("a", [positive(3, 3), positive(2, 3, 3, seed=1)], ids=["matrix", "stack"])
@pytest.mark.parametrize("upper", [False, True])
def test_cholesky_reads_one_triangle_and_gives_a_symmetric_gradient(a, upper):
    changed = a + (np.tril(np.ones((3, 3)), -1) if upper else np.triu(np.ones((3, 3)), 1))
    np.testing.assert_allclose(LINALG.cholesky(changed, upper=upper), np.linalg.cholesky(a, upper=upper))
    g = gradient(lambda t: (np.linalg.cholesky(t, upper=upper) * np.arange(9.0).reshape(3, 3)).sum(), a)
    np.testing.assert_allclose(g, g.mT, atol=1e-14)
    check_gradients(lambda t: LINALG.cholesky((t + t.mT) / 2, upper=upper), a)
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        LINALG.cholesky(ag.Tensor(-a))


@pytest.mark.parametrize("uplo", ["L", "U"])
def test_eigh_reads_one_triangle_and_gives_a_symmetric_gradient(uplo):
    a = positive(3, 3)
    changed = a + (np.triu(np.ones((3, 3)), 1) if uplo == "L" else np.tril(np.ones((3, 3)), -1))
    for f in (lambda t: LINALG.eigh(t, uplo).eigenvalues, lambda t: LINALG.eigvalsh(t, uplo)):
        np.testing.assert_allclose(f(changed), np.linalg.eigvalsh(a))
        g = gradient(lambda t, f=f: (f(t) * [1.0, 2.0, 3.0]).sum(), a)
        np.testing.assert_allclose(g, g.T, atol=1e-14)
    check_gradients(lambda t: LINALG.eigh((t + t.mT) / 2, uplo).eigenvectors, a)


def test_gradients_through_one_output_and_through_all():
    for f in (
        lambda a: LINALG.svd(a, full_matrices=False),
        lambda a: LINALG.eigh((a + a.mT) / 2),
        lambda a: LINALG.qr(a),
        lambda a: LINALG.slogdet(a),
    ):
        t = ag.Tensor(A, requires_grad=True)
        weights = [np.cos(np.arange(part.size)).reshape(part.shape)[()] for part in f(A)]
        alone = [ag.gradients(f(t)[i], t, w)[0].numpy() for i, w in enumerate(weights)]
        together = ag.gradients(list(f(t)), t, weights)[0].numpy()
        np.testing.assert_allclose(together, sum(alone), atol=1e-12)


def test_what_is_not_unique_has_no_gradient():
    for a, which in ((TALL, "U"), (WIDE, "Vh")):
        t = ag.Tensor(a, requires_grad=True)
        result = np.linalg.svd(t)
        with pytest.raises(GradientError, match=f"backward of svd: expected no gradient of {which} with full_"):
            ag.gradients(getattr(result, which).sum(), t)
        unique = "Vh" if which == "U" else "U"
        for part in (unique, "S"):
            np.testing.assert_allclose(
                gradient(lambda t, part=part: (getattr(LINALG.svd(t), part) ** 3).sum(), a),
                gradient(lambda t, part=part: (getattr(LINALG.svd(t, full_matrices=False), part) ** 3).sum(), a),
            )
    t = ag.Tensor(TALL, requires_grad=True)
    q, r = np.linalg.qr(t, mode="complete")
    assert q.shape == (4, 4)
    with pytest.raises(GradientError, match="backward of qr: expected no gradient of Q for mode='complete'"):
        ag.gradients(q.sum(), t)
    np.testing.assert_allclose(
        ag.gradients((r**3).sum(), t)[0].numpy(), gradient(lambda t: (LINALG.qr(t).R ** 3).sum(), TALL)
    )
    for a in (A, WIDE):
        agrees(np.linalg.qr, a, mode="complete", ours=LINALG.qr)
    for mode in ("raw", "full"):
        with pytest.raises(ValueError, match="qr: expected mode='reduced', 'complete' or 'r'"):
            LINALG.qr(A, mode)


# -- ties ----------------------------------------------------------------------------------------------------

W3 = matrices(3, 3, seed=5)


def test_functions_of_tied_values_alone_have_gradients():
    np.testing.assert_allclose(gradient(lambda t: LINALG.svdvals(t).sum(), np.eye(3)), np.eye(3), atol=1e-14)
    np.testing.assert_allclose(gradient(lambda t: LINALG.svd(t).S.sum(), np.eye(3)), np.eye(3), atol=1e-14)
    np.testing.assert_allclose(
        gradient(lambda t: (LINALG.eigh(t).eigenvalues ** 2).sum(), 2 * np.eye(3)), 4 * np.eye(3), atol=1e-14
    )


@pytest.mark.parametrize("values", [[1.0, 1.0, 3.0], [0.0, 0.0, 2.0], [1.0, 1.0 + 1e-16, 3.0]])
def test_the_projection_on_a_space_of_tied_vectors_has_a_gradient(values):
    q = np.linalg.qr(W3)[0]
    a = (q * values) @ q.T

    def of_the_gap(t):  # the two lower values are tied, the third is apart
        v = LINALG.eigh((t + t.mT) / 2).eigenvectors[:, :2]
        return ((v @ v.mT) * W3).sum()

    check_gradients(of_the_gap, a, order=1)

    def by_svd(t):
        u = LINALG.svd(t).U[:, 1:]
        return ((u @ u.mT) * W3).sum()

    check_gradients(by_svd, a, order=1)


def test_a_low_rank_matrix_and_its_leading_vectors():
    a = matrices(5, 2) @ matrices(2, 4, seed=1)
    weights = matrices(5, 4, seed=2)

    def best_approximation(t):
        u, s, vh = LINALG.svd(t, full_matrices=False)
        return (((u[:, :2] * s[:2] ** 2) @ vh[:2]) * weights).sum()

    check_gradients(best_approximation, a, order=1)

    def leading(t):
        w, v = LINALG.eigh((t + t.mT) / 2)
        return (((v[:, 3:] * w[3:] ** 2) @ v[:, 3:].mT) * matrices(5, 5, seed=3)).sum()

    check_gradients(leading, a @ a.T, order=1)


@pytest.mark.parametrize(
    "f",
    [
        lambda t: (LINALG.eigh(t).eigenvectors * W3).sum(),
        lambda t: (lambda w, v: (((v * ag.log(w)) @ v.mT) * W3).sum())(*LINALG.eigh(t)),
        lambda t: (lambda w, v: ((v * ag.sqrt(w)) @ v.mT).sum())(*LINALG.eigh(t)),
        lambda t: (lambda u, s, vh: ((u * s) @ vh).sum())(*LINALG.svd(t)),
        lambda t: (LINALG.eig(t).eigenvectors * W3).sum(),
    ],
)
def test_other_functions_of_tied_vectors_give_nan_and_not_a_wrong_number(f):
    assert np.isnan(gradient(f, np.eye(3))).all()


def test_a_vanishing_singular_value_of_a_matrix_that_is_not_square():
    a = np.ones((3, 2))
    f = lambda t: (lambda u, s, vh: (((u * s) @ vh) * W3[:, :2]).sum())(*LINALG.svd(t, full_matrices=False))
    assert np.isnan(gradient(f, a)).any()
    assert np.isnan(gradient(f, np.zeros((3, 2)))).all()
    assert np.isfinite(gradient(lambda t: LINALG.svdvals(t).sum(), a)).all()


def test_second_derivatives_at_ties_give_nan_and_not_a_wrong_number():
    # The sum of the cubes of the eigenvalues is tr(a^3): its derivatives exist, but not through eigenvectors.
    for f in (lambda t: (LINALG.eigvalsh(t) ** 3).sum(), lambda t: (LINALG.svdvals(t) ** 3).sum()):
        np.testing.assert_allclose(gradient(f, np.eye(3)), 3 * np.eye(3), atol=1e-13)
        assert np.isnan(second(f, np.eye(3))).all()


# -- determinants --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "a",
    [
        np.outer([1.0, -2.0, 0.5], [0.3, 1.0, 2.0]) + np.outer([0.0, 1.0, 1.0], [1.0, 0.0, 0.4]),  # rank 2
        np.outer([1.0, -2.0, 0.5], [0.3, 1.0, 2.0]),  # rank 1: all cofactors vanish
        np.zeros((3, 3)),
        np.diag([1.0, 2.0, 0.0]),
        np.diag([1.0, 1e-9, 1e-9]) + 1e-10,  # regular, but nearly singular
    ],
)
def test_the_gradient_of_det_is_the_cofactors_also_where_the_inverse_does_not_exist(a):
    cofactors = np.array(
        [[(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) for j in range(3)] for i in range(3)]
    )
    np.testing.assert_allclose(gradient(LINALG.det, a), cofactors, atol=1e-14)
    stack = np.stack([A, a])
    np.testing.assert_allclose(gradient(lambda t: LINALG.det(t).sum(), stack)[1], cofactors, atol=1e-14)


def test_det_of_complex_singular_matrices():
    a = np.outer(C[0], C[1]) + np.outer(C[1], C[2])
    check_gradients(LINALG.det, a, order=1)


def test_the_second_derivative_of_det_needs_no_inverse():
    expected = np.zeros((2, 2, 2, 2))
    expected[0, 0, 1, 1] = expected[1, 1, 0, 0] = 1.0
    expected[0, 1, 1, 0] = expected[1, 0, 0, 1] = -1.0
    np.testing.assert_allclose(ag.hessian(LINALG.det)(np.zeros((2, 2)))._data, expected, atol=1e-14)
    check_gradients(LINALG.det, np.outer(A[0], A[1]))
    check_gradients(LINALG.det, A)


def test_slogdet_where_det_overflows():
    a = np.diag(np.full(200, 1e3))
    sign, logarithm = np.linalg.slogdet(ag.Tensor(a))
    assert sign.item() == 1.0
    np.testing.assert_allclose(logarithm.item(), 200 * math.log(1e3))
    np.testing.assert_allclose(np.diag(gradient(lambda t: LINALG.slogdet(t).logabsdet, a)), 1e-3)
    np.testing.assert_array_equal(gradient(lambda t: LINALG.slogdet(t).sign, A), 0)
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        gradient(lambda t: LINALG.slogdet(t).logabsdet, np.array([[0.0, 0.0], [0.0, 1.0]]))


def test_singular_and_oblong_systems_are_refused():
    t = ag.Tensor(np.zeros((2, 2)), requires_grad=True)
    for f in (np.linalg.inv, lambda t: np.linalg.solve(t, t), lambda t: np.linalg.matrix_power(t, -1)):
        with pytest.raises(np.linalg.LinAlgError, match="Singular"):
            f(t)
    for f in (np.linalg.inv, np.linalg.det, np.linalg.eigh, np.linalg.cholesky):
        with pytest.raises(np.linalg.LinAlgError, match="square"):
            f(ag.Tensor(TALL))


# -- norms ---------------------------------------------------------------------------------------------------

VECTOR_ORDERS = [None, 2, 1, 0, 3, 2.5, 0.5, -1, -2, math.inf, -math.inf]
MATRIX_ORDERS = [None, "fro", "nuc", 2, -2, 1, -1, math.inf, -math.inf]


@pytest.mark.parametrize("ord", VECTOR_ORDERS)
def test_norms_of_vectors(ord):
    agrees(np.linalg.norm, matrices(4), ord, ours=LINALG.norm)
    agrees(np.linalg.norm, TALL, ord, axis=1, ours=LINALG.norm)
    agrees(np.linalg.norm, TALL, ord, axis=(0,), keepdims=True, ours=LINALG.norm)
    if ord is not None:
        x = matrices(2, 3, 2)
        agrees(np.linalg.vector_norm, x, ord=ord, ours=LINALG.vector_norm)
        agrees(np.linalg.vector_norm, x, ord=ord, axis=(0, -1), keepdims=True, ours=LINALG.vector_norm)
        check_gradients(lambda t: LINALG.vector_norm(t, ord=ord, axis=0), matrices(2, 2, unit=1j))


@pytest.mark.parametrize("ord", MATRIX_ORDERS)
def test_norms_of_matrices(ord):
    agrees(np.linalg.norm, TALL, ord, ours=LINALG.norm)
    x = matrices(2, 3, 4)
    agrees(np.linalg.norm, x, ord, axis=(0, 2), ours=LINALG.norm)
    agrees(np.linalg.norm, x, ord, axis=(2, 0), keepdims=True, ours=LINALG.norm)
    agrees(np.linalg.norm, x, ord, axis=(-1, 1), ours=LINALG.norm)
    if ord is not None:
        agrees(np.linalg.matrix_norm, x, ord=ord, ours=LINALG.matrix_norm)
        agrees(np.linalg.matrix_norm, x, ord=ord, keepdims=True, ours=LINALG.matrix_norm)
    check_gradients(lambda t: LINALG.norm(t, ord, axis=(0, 1)), matrices(3, 2, unit=1j), tolerance=1e-5)


def test_the_norm_of_everything_and_of_a_number():
    agrees(np.linalg.norm, matrices(2, 3, 2), ours=LINALG.norm)
    agrees(np.linalg.norm, matrices(2, 3, 2), keepdims=True, ours=LINALG.norm)
    t = ag.Tensor(-3.0, requires_grad=True)
    assert LINALG.norm(t).item() == 3.0
    assert gradient(LINALG.norm, -3.0) == -1.0
    assert LINALG.norm([3.0, 4.0]) == 5.0


@pytest.mark.parametrize("ord", [2, 1, 3, 1.5, 0.5, 0, math.inf, -math.inf])
@pytest.mark.parametrize("x", [np.zeros(3), np.zeros(3, complex)], ids=["real", "complex"])
def test_the_gradient_of_a_norm_at_zero_is_zero_in_any_order(ord, x):
    f = lambda t: LINALG.vector_norm(t, ord=ord)
    assert not gradient(f, x).any()
    assert not second(f, x).any()
    half = np.array([[0.0, 0.0], [3.0, 4.0]]).astype(x.dtype)  # one norm that is 0 beside one that is not
    g = gradient(lambda t: LINALG.vector_norm(t, ord=ord, axis=1).sum(), half)
    assert not g[0].any()
    assert ord == 0 or g[1].any()
    assert np.isfinite(second(lambda t: LINALG.vector_norm(t, ord=ord, axis=1).sum(), half)).all()


@pytest.mark.parametrize("ord", MATRIX_ORDERS[1:])
def test_the_gradient_of_a_matrix_norm_at_zero_is_zero(ord):
    assert not gradient(lambda t: LINALG.matrix_norm(t, ord=ord), np.zeros((2, 3))).any()


def test_ties_share_the_gradient_of_a_norm():
    np.testing.assert_allclose(
        gradient(lambda t: LINALG.norm(t, math.inf), np.array([2.0, -2.0, 1.0])), [0.5, -0.5, 0.0]
    )
    np.testing.assert_allclose(
        gradient(lambda t: LINALG.norm(t, -math.inf), np.array([2.0, -1.0, 1.0])), [0.0, -0.5, 0.5]
    )
    np.testing.assert_allclose(gradient(lambda t: LINALG.norm(t, 2), np.eye(2)), np.eye(2) / 2, atol=1e-15)
    np.testing.assert_allclose(gradient(lambda t: LINALG.norm(t, 1), np.eye(2)), np.eye(2) / 2)


def test_unknown_norms():
    for call, message in [
        (lambda: LINALG.norm(TALL, 3), r"norm: expected ord to be 'fro'.*for matrices, got ord=3"),
        (lambda: LINALG.norm(TALL[0], "fro"), r"norm: expected ord to be a number for vectors, got ord='fro'"),
        (lambda: LINALG.vector_norm(TALL, ord="fro"), r"vector_norm: expected ord to be a number"),
        (lambda: LINALG.matrix_norm(TALL, ord="two"), r"matrix_norm: expected ord to be 'fro'"),
        (lambda: LINALG.norm(B, 2), r"norm: expected one axis for vectors or two for matrices, got 3"),
        (lambda: LINALG.norm(B, 2, axis=(1, -2)), r"norm: expected two different axes, got axis=\(1, -2\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("p", [None, 2, -2, 1, -1, math.inf, -math.inf, "fro", "nuc"])
def test_condition_numbers(p):
    agrees(np.linalg.cond, B, p, ours=LINALG.cond, tolerance=1e-6)
    if p in (None, 2, -2):
        agrees(np.linalg.cond, TALL, p, ours=LINALG.cond)


def test_the_condition_of_a_singular_matrix():
    t = ag.Tensor(np.diag([1.0, 0.0]))
    assert LINALG.cond(t).item() == math.inf
    assert LINALG.cond(t, -2).item() == 0.0
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        LINALG.cond(t, 1)


# -- dtypes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        LINALG.inv,
        LINALG.det,
        LINALG.pinv,
        LINALG.expm,
        LINALG.cond,
        lambda t: ag.real(LINALG.eigvals(t)),  # complex from NumPy 2.5 on
        lambda t: LINALG.pinv(t, rtol=None),
        lambda t: LINALG.slogdet(t).logabsdet,
        lambda t: LINALG.lstsq(t, t[0])[0],
        lambda t: LINALG.cholesky(t @ t.mT),
        lambda t: LINALG.matrix_power(t, -3),
        *(lambda t, p=p: LINALG.norm(t, p) for p in MATRIX_ORDERS),
        *(lambda t, p=p: LINALG.vector_norm(t, ord=p) for p in VECTOR_ORDERS[1:]),
    ],
)
def test_float32_stays_float32(f):
    t = ag.Tensor(np.diag([1.0, 2.5, 4.0]).astype(np.float32) + np.float32(0.1), requires_grad=True)
    y = f(t)
    assert y.dtype == np.float32
    (g,) = ag.gradients(y.sum(), t, create_graph=True)
    assert g.dtype == np.float32


def test_operations_are_named_as_in_numpy():
    for name in ("solve", "inv", "pinv", "lstsq", "det", "slogdet", "cholesky", "qr", "eigh", "eig", "svd", "svdvals"):
        assert name in PRIMITIVES
