"""Products of vectors, matrices and higher arrays, as users call them."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.ops import einsum as einsum_module
from autograd_core.ops import linalg, products
from tests.differences import check_gradients
from tests.parity import agrees

RNG = np.random.default_rng(11)
START = RNG.bit_generator.state


@pytest.fixture(autouse=True)
def _the_same_numbers_in_any_order_of_tests():
    RNG.bit_generator.state = START


def normal(*shape, unit=0):
    x = RNG.standard_normal(shape)
    return x + unit * RNG.standard_normal(shape) if unit else x


def gradients(f, *arrays):
    leaves = [ag.Tensor(x, requires_grad=True) for x in arrays]
    return [g.numpy() for g in ag.gradients(f(*leaves), leaves)]


# -- NumPy's calls, with all arguments -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((), ()),
        ((), (2, 3)),
        ((2, 3), ()),
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3, 4)),
        ((2, 4, 3), (3,)),
        ((2, 4, 3), (3, 2)),
        ((3,), (2, 3, 4)),
        ((2, 3), (4, 3, 2)),
        ((2, 2, 3), (4, 3, 2)),
    ],
)
def test_dot_of_any_ranks(left, right):
    agrees(np.dot, normal(*left)[()], normal(*right)[()])


@pytest.mark.parametrize(
    ("left", "right"), [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((4, 2, 3), (3, 2)), ((2, 1, 2, 3), (4, 3, 2))]
)
def test_matmul_of_any_ranks(left, right):
    agrees(np.matmul, normal(*left), normal(*right))
    agrees(np.linalg.matmul, normal(*left), normal(*right), ours=ag.linalg.matmul)


def test_inner_and_outer():
    agrees(np.inner, normal(3), normal(3))
    agrees(np.inner, normal(2, 3), normal(3))
    agrees(np.inner, normal(2, 3), normal(4, 2, 3))
    agrees(np.inner, normal(2, 3), np.float64(0.7))
    agrees(np.outer, normal(2), normal(3))
    agrees(np.outer, normal(2, 2), normal(1, 3))
    agrees(np.linalg.outer, normal(2), normal(3), ours=ag.linalg.outer)
    agrees(np.vdot, normal(3), normal(3))
    agrees(np.vdot, normal(2, 3), normal(6))


@pytest.mark.parametrize("axes", [0, 1, 2, (1, 0), ([1], [0]), ((0, 1), (1, 0)), ((-1, 0), (0, 1)), ((), ())])
def test_tensordot_over_any_axes(axes):
    a, b = normal(3, 3), normal(3, 3, 2)
    agrees(np.tensordot, a, b, axes=axes)
    agrees(np.linalg.tensordot, a, b, axes=axes, ours=ag.linalg.tensordot)


def test_tensordot_in_an_order_that_no_transposition_undoes_by_itself():
    a, b = normal(2, 3, 4, 2), normal(4, 2, 5, 3)
    agrees(np.tensordot, a, b, axes=((2, 1, 0), (0, 3, 1)))
    check_gradients(lambda a, b: ag.tensordot(a, b, ((3, 1), (1, 3))), a, b)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_vecdot_along_any_axis(axis):
    a = normal(3, 3, 2) if axis != -1 else normal(2, 3, 3)
    agrees(np.linalg.vecdot, a, normal(*a.shape[-2:]) if axis < 0 else a[::-1], axis=axis, ours=ag.linalg.vecdot)
    t = ag.Tensor(a, requires_grad=True)
    np.testing.assert_allclose(np.vecdot(t, a, axis=axis).detach().numpy(), np.vecdot(a, a, axis=axis))


@pytest.mark.skipif(not hasattr(np, "matvec"), reason="this NumPy has no matvec")
def test_matvec_and_vecmat():
    for unit in (0, 1j):
        a, v = normal(4, 2, 3, unit=unit), normal(3, unit=unit)
        x, y = ag.Tensor(a, requires_grad=True), ag.Tensor(v, requires_grad=True)
        np.testing.assert_allclose(np.matvec(x, y).detach().numpy(), np.matvec(a, v))
        np.testing.assert_allclose(np.vecmat(y, x.mT).detach().numpy(), np.vecmat(v, a.mT))
        check_gradients(ag.matvec, a, v)
        check_gradients(ag.vecmat, v, a.mT)


def test_trace_of_any_diagonal():
    agrees(np.trace, normal(3, 3))
    agrees(np.trace, normal(3, 4), offset=1)
    agrees(np.trace, normal(2, 3, 4), offset=-1, axis1=2, axis2=0)
    agrees(np.trace, normal(2, 3, 4), 1, 1, 2)
    agrees(np.linalg.trace, normal(2, 3, 4), offset=1, ours=ag.linalg.trace)
    agrees(np.linalg.diagonal, normal(2, 3, 4), offset=-1, ours=ag.linalg.diagonal)
    agrees(np.linalg.matrix_transpose, normal(2, 3, 4), ours=ag.linalg.matrix_transpose)
    single = ag.tensor(np.eye(2, dtype=np.float32))
    assert ag.trace(single).dtype == np.float32
    assert np.trace(single, dtype=np.float64).dtype == np.float64


def test_cross_along_any_axes():
    agrees(np.cross, normal(3), normal(2, 3))
    agrees(np.cross, normal(3, 2), normal(2, 3), axisa=0)
    agrees(np.cross, normal(2, 3), normal(3, 2), axisb=0, axisc=0)
    agrees(np.cross, normal(3, 2), normal(3, 2), axis=0)
    agrees(np.linalg.cross, normal(3, 2), normal(3, 2), axis=0, ours=ag.linalg.cross)


@pytest.mark.parametrize(
    "shapes",
    [
        [(2, 3), (3, 4)],
        [(2, 3), (3, 4), (4, 2)],
        [(3,), (3, 4), (4, 2), (2,)],
        [(3,), (3,)],
        [(2, 3), (3, 5), (5, 1), (1, 4), (4,)],
    ],
)
def test_multi_dot(shapes):
    agrees(np.linalg.multi_dot, [normal(*shape) for shape in shapes], ours=ag.linalg.multi_dot)


def test_multi_dot_takes_the_cheapest_order():
    # The example of Introduction to Algorithms, section 15.2: ((A1 (A2 A3)) ((A4 A5) A6)).
    splits = linalg._chain_order([30, 35, 15, 5, 10, 20, 25])
    assert splits[0, 5] == 2
    assert splits[0, 2] == 0
    assert splits[3, 5] == 4
    a, b, c = (ag.Tensor(normal(*shape), requires_grad=True) for shape in ((1, 9), (9, 9), (9, 9)))
    assert ag.linalg.multi_dot([a, b, c]).parents[0].shape == (1, 9)
    assert ag.linalg.multi_dot([c, b, a.T]).parents[1].shape == (9, 1)


# -- einsum --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("kj, ji", [(2, 3), (3, 4)]),
        ("ba", [(2, 3)]),
        ("ii", [(3, 3)]),
        ("ii->i", [(3, 3)]),
        ("iij", [(3, 3, 2)]),
        ("...i,...i", [(2, 3), (3,)]),
        ("...ij,...jk->...ik", [(2, 1, 2, 3), (4, 3, 2)]),
        ("i...->...", [(3, 2, 2)]),
        ("i...j,j", [(2, 2, 3), (3,)]),
        ("...,...", [(2, 3), (2, 3)]),
        ("a...b->b...a", [(2, 4, 3)]),
        (",ij", [(), (2, 3)]),
        ("i,i,i", [(3,), (3,), (3,)]),
        ("ij,kj,kl,l->i", [(2, 3), (4, 3), (4, 2), (2,)]),
        ("ij,ij->", [(1, 3), (2, 3)]),
        ("ijk,ilm,njm,nlk,abc->", [(2, 2, 2)] * 5),
    ],
)
def test_einsum(subscripts, shapes):
    operands = [normal(*shape)[()] for shape in shapes]
    agrees(np.einsum, subscripts, *operands)
    if len(shapes) > 2:
        agrees(np.einsum, subscripts, *operands, optimize=False)
        agrees(np.einsum, subscripts, *operands, optimize="greedy")
    check_gradients(lambda *xs: ag.einsum(subscripts, *xs), *operands)


def test_einsum_with_lists_of_axis_numbers():
    a, b = normal(2, 3, 2), normal(3, 4)
    agrees(np.einsum, a, [0, 1, 0], b, [1, 2], [2, 0])
    agrees(np.einsum, a, [3, 30, 2], b, [30, 0])
    agrees(np.einsum, a, [Ellipsis, 0, 1], b, [0, 2], [Ellipsis, 2, 1])


def test_einsum_of_complex_numbers():
    a, b = normal(2, 3, unit=1j), normal(3, 2, unit=1j)
    check_gradients(lambda a, b: ag.einsum("ij,jk->ik", a, b), a, b)
    check_gradients(lambda a: ag.einsum("ij,ij->", a, ag.conj(a)), a)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("bhqd,bhkd->bhqk", [(2, 3, 8, 5), (2, 3, 7, 5)]),
        ("bti,oi->bto", [(3, 6, 10), (9, 10)]),
        ("ijk,kjl->li", [(6, 5, 4), (4, 5, 7)]),
        ("abc,cab->a", [(6, 5, 4), (4, 6, 5)]),
        ("abc,abc->", [(6, 5, 4), (6, 5, 4)]),
        ("ab,bc->ca", [(20, 1), (30, 10)]),
        ("ab,cd->abcd", [(9, 9), (8, 8)]),
        ("aab,bc->ac", [(9, 9, 8), (8, 10)]),
    ],
)
def test_large_sums_of_two_operands_go_through_matmul_and_agree(subscripts, shapes):
    a, b = (normal(*shape) for shape in shapes)
    assert a.size * b.size >= einsum_module.FEW
    agrees(np.einsum, subscripts, a, b)


def test_which_sums_are_matrix_products():
    plan = einsum_module._as_matmul
    assert plan("bhqd,bhkd->bhqk") is not None
    assert plan("ij,kj->ki") is not None
    assert plan("ij,kl->ijkl") is None
    assert plan("iij,jk->ik") is None
    assert plan("ij,jk->k") is None


def test_einsum_errors():
    a = ag.Tensor(normal(2, 3))
    for subscripts, operands, message in [
        ("ij,jk->ik", (a,), r"one array for each of 2 groups of letters, got 1 arrays"),
        ("ijk->i", (a,), r"an array of 3 axes for 'ijk', got one of 2"),
        ("i->i", (a,), r"an array of 1 axes for 'i', got one of 2"),
        ("...ijk->i", (a,), r"an array of 3 axes for '...ijk', got one of 2"),
        ("i...->i", (a,), r"'...' in the result, since an operand has it, got 'i'"),
        ("ij->ijk", (a,), r"each letter of the result once, and in some operand, got 'k'"),
        ("ij->ii", (a,), r"each letter of the result once, and in some operand, got 'i'"),
        ("i1->i", (a,), r"letters, commas, at most one '...' per group and one '->', got '1'"),
        ("ii->i", (a,), r"axes of one length for a letter that stands twice, got lengths 2 and 3"),
    ]:
        with pytest.raises(ValueError, match=r"^einsum\('") as error:
            ag.einsum(subscripts, *operands)
        assert message in str(error.value)
    with pytest.raises(ValueError, match="expected subscripts and arrays, got nothing"):
        ag.einsum()
    with pytest.raises(ValueError, match="lists of axis numbers from 0 to 51"):
        ag.einsum(a, [0, 52])
    with pytest.raises(ValueError, match="lists of axis numbers from 0 to 51"):
        ag.einsum(a, ["i", "j"])
    with pytest.raises(ValueError, match="lists of axis numbers from 0 to 51"):
        ag.einsum(a, [0, -1])
    with pytest.raises(TypeError, match="only the arguments"):
        np.einsum("ij->ji", a, dtype=np.float32)


def test_einsum_path_is_plain():
    a = ag.Tensor(normal(2, 2), requires_grad=True)
    assert np.einsum_path("ij,jk,kl->il", a, a, a)[0][0] == "einsum_path"


# -- derivatives beyond what the generic tests see -----------------------------------------------------------


@pytest.mark.parametrize("unit", [0, 1j])
def test_products_of_complex_numbers_have_gradients_of_steepest_ascent(unit):
    a, b = normal(2, 3, unit=unit), normal(2, 3, unit=unit)
    for f in (ag.vdot, ag.vecdot, ag.inner, ag.outer, ag.cross):
        check_gradients(f, a, b)
    check_gradients(ag.matmul, a, b.T)
    check_gradients(lambda a, b: ag.linalg.multi_dot([a, b.T, a]), a, b)
    check_gradients(lambda a: ag.trace(a, 1), a)
    # |z|^2 grows in the direction z, twice as fast as z is long.
    (gradient,) = gradients(lambda z: ag.real(ag.vdot(z, z)), a)
    np.testing.assert_allclose(gradient, 2 * a)


def test_a_product_with_a_python_list_or_an_array_on_either_side():
    a = normal(2, 3)
    x = ag.Tensor(a, requires_grad=True)
    np.testing.assert_allclose((x @ [1.0, 2.0, 3.0]).detach().numpy(), a @ [1.0, 2.0, 3.0])
    np.testing.assert_allclose(([1.0, 2.0] @ x).detach().numpy(), [1.0, 2.0] @ a)
    np.testing.assert_allclose((a.T @ x).detach().numpy(), a.T @ a)
    (a.T @ x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), a @ np.ones((3, 3)))
    assert ag.dot([1.0, 2.0], [3.0, 4.0]) == 11.0
    assert type(ag.einsum("i,i", [1.0, 2.0], [3.0, 4.0])) is np.float64


def test_plain_arrays_give_plain_arrays():
    a = normal(2, 3)
    for result in (
        ag.matmul(a, a.T),
        ag.dot(a, a.T),
        ag.inner(a, a),
        ag.outer(a, a),
        ag.vecdot(a, a),
        ag.tensordot(a, a.T, 1),
        ag.cross(a, a),
        ag.einsum("ij->ji", a),
        ag.linalg.multi_dot([a, a.T]),
        ag.vecmat(a[0, :2], a),
    ):
        assert type(result) is np.ndarray
    assert isinstance(ag.vdot(a, a), np.float64)


def test_float32_stays_and_numbers_of_two_precisions_promote():
    x = ag.Tensor(normal(3, 3).astype(np.float32), requires_grad=True)
    for y in (
        x @ x,
        x.dot(x),
        ag.inner(x, x),
        ag.outer(x, x),
        ag.tensordot(x, x),
        ag.cross(x, x),
        ag.einsum("ij,jk,kl", x, x, x),
        ag.einsum("ii", x),
        ag.vdot(x, x),
    ):
        assert y.dtype == np.float32
        assert ag.gradients(y.sum(), x)[0].dtype == np.float32
    y = x @ np.eye(3)
    assert y.dtype == np.float64
    assert ag.gradients(y.sum(), x)[0].dtype == np.float32


def test_matmul_of_a_stack_and_a_matrix_sums_over_the_stack_at_once():
    a, w = normal(4, 5, 2, 3), normal(3, 2)
    g = normal(4, 5, 2, 2)
    contribution = products.matmul.rules[1](g, a @ w, a, w)
    assert contribution.shape == w.shape
    np.testing.assert_allclose(contribution, np.einsum("abij,abik->jk", a, g))
    vector = products.matmul.rules[1](g[..., 0], a @ w[:, 0], a, w[:, 0])
    np.testing.assert_allclose(vector, np.einsum("abij,abi->j", a, g[..., 0]))


@pytest.mark.parametrize(
    ("left", "right"), [((0, 3), (3, 2)), ((2, 0), (0, 3)), ((5, 0, 3), (3, 2)), ((5, 2, 0), (0,)), ((0,), (0,))]
)
def test_products_of_nothing(left, right):
    x, y = ag.Tensor(np.ones(left), requires_grad=True), ag.Tensor(np.ones(right), requires_grad=True)
    table = (x @ y).sum().backward()
    assert table[x].shape == left
    assert table[y].shape == right
    assert not table[y].numpy().any()


def test_methods():
    a, v = normal(3, 3), normal(3)
    x, y = ag.Tensor(a), ag.Tensor(v)
    for got, expected in [
        (x.dot(y), a.dot(v)),
        (x.mm(x), a @ a),
        (x.mv(y), a @ v),
        (x.matmul(y), a @ v),
        (ag.Tensor(normal(1)[:, None, None] * a).bmm(ag.Tensor(a[None])).shape, (1, 3, 3)),
        (y.outer(y), np.outer(v, v)),
        (y.inner(y), v @ v),
        (y.vdot(y), v @ v),
        (x.trace(), a.trace()),
        (x.trace(1), a.trace(1)),
        (x.norm(), np.linalg.norm(a)),
        (x.norm(2, axis=0), np.linalg.norm(a, 2, axis=0)),
        (x.norm(dim=1, keepdim=True), np.linalg.norm(a, axis=1, keepdims=True)),
        (x.det(), np.linalg.det(a)),
        (x.inverse(), np.linalg.inv(a)),
    ]:
        np.testing.assert_allclose(got.numpy() if isinstance(got, ag.Tensor) else got, expected)


# -- errors --------------------------------------------------------------------------------------------------


def test_wrong_shapes():
    a = ag.Tensor(normal(2, 3), requires_grad=True)
    with pytest.raises(ValueError, match="mismatch in its core dimension"):
        a @ a
    with pytest.raises(ValueError, match=r"tensordot: expected axes of a and b with the same.* \(3,\) and \(2,\)"):
        ag.tensordot(a, a, 1)
    with pytest.raises(ValueError, match=r"tensordot: expected axes of b, which has 2, got \(2,\)"):
        ag.tensordot(a, a, (0, 2))
    with pytest.raises(ValueError, match="tensordot: expected axes >= 0, got axes=-1"):
        ag.tensordot(a, a, -1)
    with pytest.raises(ValueError, match="tensordot: expected axes of a, which has 0"):
        ag.tensordot(ag.tensor(1.0), a, 1)
    with pytest.raises(ValueError, match=r"cross: expected vectors of 3 components.*append a zero"):
        ag.cross(a[:, :2], a[:, :2])
    with pytest.raises(ValueError, match="multi_dot: expected two or more arrays, got 1"):
        ag.linalg.multi_dot([a])
    with pytest.raises(np.linalg.LinAlgError, match=r"multi_dot: expected matrices.*shape \(3,\) at position 1"):
        ag.linalg.multi_dot([a, a[0], a])
    with pytest.raises(ValueError, match=r"linalg.outer: expected two vectors.*use ag.outer"):
        np.linalg.outer(a, a)
    with pytest.raises(ValueError, match="matrix_transpose: expected matrices"):
        np.linalg.matrix_transpose(a[0])


def test_arguments_that_are_not_offered_are_refused():
    a = ag.Tensor(normal(3, 3), requires_grad=True)
    with pytest.raises(TypeError, match=r"np.dot: expected no out="):
        np.dot(a, a, out=np.empty((3, 3)))
    with pytest.raises(TypeError, match=r"np.matmul: expected on Tensors only the arguments"):
        np.matmul(a, a, axes=[(0, 1), (0, 1), (0, 1)])
