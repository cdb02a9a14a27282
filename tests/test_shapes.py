"""Shapes, joining and splitting, rearranging, diagonals and padding, as users call them."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.ops import diagonals, joining, padding, rearranging, shapes
from tests.parity import agrees
from tests.versions import needs_numpy

RNG = np.random.default_rng(5)
A = RNG.standard_normal((3, 4))
B = RNG.standard_normal((2, 3, 4))
V = RNG.standard_normal(6)
NUMBER = np.float64(0.7)


def same(got, expected):
    """Assert equal values and shapes, of one array or of several."""
    if isinstance(expected, list | tuple):
        assert len(got) == len(expected)
        for ours, theirs in zip(got, expected, strict=True):
            same(ours, theirs)
        return
    assert isinstance(got, ag.Tensor)
    assert got.shape == expected.shape
    np.testing.assert_array_equal(got.detach().numpy(), expected)


# -- NumPy's calls, with all arguments ---------------------------------------------------------------


def test_reshape():
    agrees(np.reshape, B, (4, -1))
    agrees(np.reshape, B, 24)
    agrees(np.reshape, B, [6, 4], "F")
    agrees(np.reshape, B, (6, 4), order="A")
    agrees(np.reshape, np.asfortranarray(B), (6, 4), order="A")
    agrees(np.reshape, NUMBER, (1, 1, 1))
    agrees(np.reshape, A[:1, :1], ())
    agrees(np.reshape, np.zeros((0, 3)), (3, 0))
    assert not np.shares_memory(ag.reshape(A, (4, 3), copy=True), A)
    assert np.shares_memory(ag.reshape(A, (4, 3), copy=False), A)
    with pytest.raises(ValueError, match="a shape that needs no copy"):
        ag.reshape(ag.tensor(A).T, (12,), copy=False)
    with pytest.raises(ValueError, match="order 'C', 'F' or 'A', got order='Z'"):
        ag.reshape(ag.tensor(A), (12,), order="Z")
    with pytest.raises(ValueError, match="cannot reshape"):
        ag.reshape(ag.tensor(A), (5,))


@pytest.mark.parametrize("order", ["C", "F", "A", "K"])
def test_ravel(order):
    for x in (A, np.asfortranarray(A), np.transpose(B, (1, 2, 0)), B[:, ::-1], NUMBER):
        agrees(np.ravel, x, order)


def test_orders_of_axes():
    agrees(np.transpose, B)
    agrees(np.transpose, B, (2, 0, 1))
    agrees(np.transpose, B, axes=[-1, 0, 1])
    agrees(np.transpose, V)
    agrees(np.permute_dims, B, (1, 2, 0))
    agrees(np.swapaxes, B, 0, -1)
    agrees(np.matrix_transpose, B)
    agrees(np.moveaxis, B, 0, -1)
    agrees(np.moveaxis, B, (0, 1), (-1, 0))
    agrees(np.moveaxis, B, [2, 0], [0, 1])
    for axis in range(3):
        for start in range(4):
            agrees(np.rollaxis, B, axis, start)
    with pytest.raises(ValueError, match="matrix_transpose: expected at least two axes, got shape \\(6,\\)"):
        np.matrix_transpose(ag.tensor(V))
    with pytest.raises(ValueError, match="one place for each axis"):
        ag.moveaxis(ag.tensor(B), (0, 1), 2)
    with pytest.raises(ValueError, match="axes don't match"):
        ag.transpose(ag.tensor(B), (0, 1))


def test_axes_of_length_one():
    for axis in (0, 1, -1, (0, 2), (-1, 0), [1]):
        agrees(np.expand_dims, A, axis=axis if isinstance(axis, int | tuple) else tuple(axis))
    agrees(np.expand_dims, NUMBER, 0)
    x = RNG.standard_normal((1, 3, 1, 2))
    for axis in (None, 0, 2, (0, -2)):
        agrees(np.squeeze, x, axis=axis)
    agrees(np.squeeze, NUMBER)
    with pytest.raises(ValueError, match="not equal to one"):
        ag.squeeze(ag.tensor(x), 1)
    with pytest.raises(np.exceptions.AxisError):
        ag.expand_dims(ag.tensor(A), 4)


def test_common_shapes():
    agrees(np.broadcast_arrays, A, V[:4], NUMBER)
    agrees(np.broadcast_to, A, (2, 3, 4))
    for function in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
        for x in (NUMBER, V, A, B):
            agrees(function, x)
        agrees(function, A, V)
    same(np.meshgrid(ag.tensor(V)), np.meshgrid(V))
    for options in ({}, {"indexing": "ij"}, {"sparse": True}, {"sparse": True, "indexing": "ij"}, {"copy": False}):
        agrees(np.meshgrid, V, A[0], A[1], **options)
        agrees(np.meshgrid, V, NUMBER, **options)
    with pytest.raises(ValueError, match="indexing='xy' or 'ij'"):
        ag.meshgrid(ag.tensor(V), indexing="yx")


def test_copies():
    agrees(np.copy, A)
    x = ag.tensor(A, requires_grad=True)
    for copied in (ag.clone(x), ag.copy(x), np.copy(x), x.clone(), x.copy(), np.copy(x, order="F")):
        assert copied.requires_grad
        assert not np.shares_memory(copied.detach().numpy(), x.detach().numpy())
    assert np.copy(x, order="F").flags.f_contiguous
    (x.clone() * 2).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.full((3, 4), 2.0))


def test_memory_layouts():
    x = ag.tensor(A, requires_grad=True)
    assert ag.ascontiguousarray(x) is x
    for laid_out in (ag.ascontiguousarray(x.T), ag.asfortranarray(x).T):
        assert laid_out.flags.c_contiguous
        same(laid_out, A.T)
        assert laid_out.requires_grad
    assert ag.ascontiguousarray(2.0).shape == (1,)


def test_joining():
    for axis in (0, -1, None):
        agrees(np.concatenate, [A, A**2, A[:, ::-1]], axis=axis)
        agrees(np.concat, (A, A**2), axis=axis)
    agrees(np.concatenate, [A, A[:1]])
    agrees(np.concatenate, [V, np.zeros(0), V])
    for axis in (0, 1, -1):
        agrees(np.stack, [A, A**2], axis=axis)
    agrees(np.stack, [NUMBER, NUMBER**2])
    for function in (np.vstack, np.hstack, np.column_stack, np.dstack):
        agrees(function, [A, A**2])
        agrees(function, (V, V**2))
    agrees(np.column_stack, [A, A[:, 0]])
    agrees(np.hstack, [B, B])
    agrees(np.hstack, [NUMBER, V])
    agrees(np.append, A, B)
    agrees(np.append, A, A[:1], axis=0)
    agrees(np.vstack, [V, V], ours=False)
    assert ag.concat([ag.tensor(V), ag.tensor(V)], dtype=np.float32).dtype == np.float32
    assert ag.vstack([ag.tensor(V), ag.tensor(V)], dtype=np.float32).dtype == np.float32
    assert ag.stack([ag.tensor(V), ag.tensor(V)], dtype=np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="need at least one array"):
        ag.concat([])
    with pytest.raises(ValueError, match="must match exactly"):
        ag.concat([ag.tensor(A), ag.tensor(B[0].T)])


def test_joining_mixes_dtypes_lists_and_numbers():
    x = ag.tensor(np.float32([1, 2]), requires_grad=True)
    joined = ag.concat([x, np.array([3.0])])
    assert joined.dtype == np.float64
    joined.sum().backward()
    assert x.grad.dtype == np.float32
    assert ag.concat([x, [3.0]]).tolist() == [1.0, 2.0, 3.0]
    s = ag.tensor(np.float32(2), requires_grad=True)
    stacked = ag.stack([s, 1.5, s * s, 0])
    assert stacked.dtype == np.float32
    assert stacked.tolist() == [2.0, 1.5, 4.0, 0.0]
    stacked.sum().backward()
    assert s.grad.item() == 5.0
    same(np.concatenate(ag.tensor(B)), np.concatenate(B))
    with pytest.raises(ag.NoGradientError):
        ag.tensor([s, s])


def test_joining_complex_and_real():
    x, z = ag.tensor(V, requires_grad=True), ag.tensor(V * 1j, requires_grad=True)
    joined = ag.concat([x, z])
    assert joined.dtype == np.complex128
    ag.sum(ag.real(joined * (2 + 1j))).backward()
    np.testing.assert_allclose(x.grad.numpy(), np.full(6, 2.0))
    np.testing.assert_allclose(z.grad.numpy(), np.full(6, 2 - 1j))


def test_blocks():
    a, b = A[:, :2], A[:, 2:]
    agrees(np.block, [[a, b], [b, a]])
    agrees(np.block, [a, b])
    agrees(np.block, a)
    agrees(np.block, [[[B]], [[B]]])
    agrees(np.block, [[NUMBER, 2.0], [3.0, NUMBER]])
    agrees(np.block, [V, NUMBER])
    for wrong in ([[a], b], [[], [a]], [(a, b)]):
        with pytest.raises(ValueError, match="lists nested equally deep"):
            ag.block([ag.tensor(x) if isinstance(x, np.ndarray) else x for x in wrong])


def test_splitting():
    for at in (2, [1, 3], (1, 1, 2), [2, 9], [-1], []):
        agrees(np.split, A, at, axis=1)
        agrees(np.array_split, A, at, 1)
    agrees(np.array_split, V, 4)
    agrees(np.array_split, V, 9)
    agrees(np.array_split, V, [4, 2])
    agrees(np.vsplit, A, 3)
    agrees(np.hsplit, A, 2)
    agrees(np.hsplit, V, [1, 4])
    agrees(np.dsplit, B, [1])
    if hasattr(np, "unstack"):
        agrees(np.unstack, B)
        agrees(np.unstack, B, axis=-1)
    x = ag.tensor(A)
    with pytest.raises(ValueError, match="split: expected a number of pieces that divides the length 4, got 3"):
        np.split(x, 3, axis=1)
    with pytest.raises(ValueError, match="at least one piece"):
        ag.array_split(x, 0)
    with pytest.raises(ValueError, match="dsplit: expected an array of at least 3 axes"):
        np.dsplit(x, 2)


def test_pieces_without_a_gradient_count_as_zero():
    x = ag.tensor(A, requires_grad=True)
    first, _, last = ag.split(x, [1, 2])
    (first.sum() + 2 * last.sum()).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[1] * 4, [0] * 4, [2] * 4])


def test_iterating_is_one_operation():
    x = ag.tensor(A, requires_grad=True)
    rows = list(x)
    assert [row.shape for row in rows] == [(4,)] * 3
    assert rows[0].parents[0] is rows[2].parents[0]
    a, b, _c = x
    (a * b).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [A[1], A[0], np.zeros(4)])
    x = ag.tensor([2.0, 3.0], requires_grad=True)
    a, b = x
    (first,) = ag.gradients(a * a * b, x, create_graph=True)
    (second,) = ag.gradients(first.sum(), x)
    np.testing.assert_array_equal(second.numpy(), [2 * 3 + 2 * 2, 2 * 2])
    with pytest.raises(TypeError, match="has no axis"):
        iter(ag.tensor(1.0))


def test_reversing_and_shifting():
    for axis in (None, 0, -1, (0, 1)):
        agrees(np.flip, A, axis=axis)
    agrees(np.fliplr, B)
    agrees(np.flipud, B)
    for k in range(-1, 5):
        agrees(np.rot90, A, k)
        agrees(np.rot90, B, k, (2, 0))
    agrees(np.roll, A, 5)
    agrees(np.roll, A, -1, axis=1)
    agrees(np.roll, A, (1, 2), (0, 1))
    agrees(np.roll, A, [1, 2], axis=[1, 1])
    with pytest.raises(ValueError, match="repeated axis"):
        ag.rot90(ag.tensor(A), axes=(1, 1))


def test_repeating():
    for reps in (2, (2,), (2, 3), (2, 1, 2), 0, [1, 0]):
        agrees(np.tile, A, reps)
    agrees(np.tile, NUMBER, 3)
    agrees(np.tile, V, (2, 2))
    agrees(np.repeat, A, 2)
    agrees(np.repeat, A, 3, axis=1)
    agrees(np.repeat, A, [2, 0, 1], axis=0)
    agrees(np.repeat, A, np.array([2, 0, 1, 3]), 1)
    agrees(np.repeat, V, [2])
    agrees(np.repeat, NUMBER, 3)
    same(np.repeat(ag.tensor(V), ag.tensor([1, 0, 2, 0, 0, 1])), np.repeat(V, [1, 0, 2, 0, 0, 1]))
    agrees(np.resize, A, (5, 4))
    agrees(np.resize, V, 4)
    agrees(np.resize, V, (2, 0))
    assert np.resize(ag.tensor(np.zeros(0)), (2, 2)).tolist() == [[0, 0], [0, 0]]
    with pytest.raises(ValueError, match="lengths of at least 0"):
        ag.resize(ag.tensor(V), (-1, 2))


def test_dropping_and_inserting():
    for which in (1, -1, [0, 2], slice(0, 6, 2), np.array([True, False, True, False, False, False]), []):
        agrees(np.delete, V, which if not isinstance(which, list) else np.array(which, int))
    agrees(np.delete, A, 5)
    agrees(np.delete, A, [0, 2], axis=1)
    agrees(np.insert, V, 1, 2.5)
    agrees(np.insert, V, 1, A[0])
    agrees(np.insert, V, [1, 3], A[0][:2])
    agrees(np.insert, V, [2, 2], 4.0)
    agrees(np.insert, V, [1], A[0])
    agrees(np.insert, V, slice(1, 4), 0.5)
    agrees(np.insert, A, 1, V[:4], axis=0)
    agrees(np.insert, A, 1, V[:3], axis=1)
    agrees(np.insert, A, [1], V[:3].reshape(3, 1), axis=1)
    agrees(np.insert, A, [1, 3], V[:3].reshape(3, 1), axis=1)
    agrees(np.insert, A, 4, V)
    with pytest.raises(IndexError):
        ag.insert(ag.tensor(V), 9, 1.0)
    with pytest.raises(IndexError):
        ag.delete(ag.tensor(V), 6)


MASK = np.array([True, False, True, False, False, False])


def test_inserting_by_a_mask():
    same(ag.insert(ag.tensor(V), MASK, 0.5), np.insert(V, [0, 2], 0.5))


@needs_numpy("2.2", "its insert takes a mask for integers")
def test_inserting_by_a_mask_as_numpy_does():
    agrees(np.insert, V, MASK, 0.5)


def test_trimming():
    x = np.array([0.0, 0, 1.5, 0, 2.5, 0])
    for trim, gradient in (("fb", [0, 0, 1, 1, 1, 0]), ("f", [0, 0, 1, 1, 1, 1]), ("B", [1, 1, 1, 1, 1, 0])):
        t = ag.tensor(x, requires_grad=True)
        for call in (np.trim_zeros, ag.trim_zeros):
            same(call(t, trim), np.trim_zeros(x, trim))
        ag.trim_zeros(t, trim).sum().backward()
        assert t.grad.tolist() == gradient
    y = np.zeros((4, 5))
    y[1, 2] = y[2, 1] = 1.5
    assert ag.trim_zeros(ag.tensor(y)).tolist() == [[0, 1.5], [1.5, 0]]
    assert ag.trim_zeros(ag.tensor(y), axis=1).shape == (4, 2)
    assert ag.trim_zeros(ag.tensor(np.zeros(3))).shape == (0,)
    with pytest.raises(ValueError, match="trim='f', 'b' or 'fb'"):
        ag.trim_zeros(ag.tensor(x), "x")


def test_diagonals_and_triangles():
    for k in (-2, -1, 0, 1, 3):
        agrees(np.diag, A, k)
        agrees(np.diag, V, k)
        agrees(np.diagflat, A, k)
        agrees(np.tril, A, k)
        agrees(np.triu, B, k)
        agrees(np.diagonal, B, k, 1, 2)
        agrees(np.diagonal, B, offset=k, axis1=-1, axis2=0)
    agrees(np.tril, V)
    agrees(np.triu, V)
    assert ag.tril(ag.tensor(A), diagonal=1).tolist() == np.tril(A, 1).tolist()
    x = ag.tensor(A, requires_grad=True)
    for function in (np.tril_indices_from, np.triu_indices_from):
        same(function(x), function(A))
    with pytest.raises(ValueError, match="expected a vector or a matrix"):
        np.diag(ag.tensor(B))
    with pytest.raises(TypeError, match=r"np\.fill_diagonal.*To mend it: use ag\.where"):
        np.fill_diagonal(x, 0.0)


def test_kronecker_products():
    agrees(np.kron, A, V)
    agrees(np.kron, V, A)
    agrees(np.kron, B, A)
    agrees(np.kron, V, NUMBER)
    agrees(np.kron, A, A)


WIDTHS = [2, (1, 2), ((1, 2), (0, 3)), ((1,), (2,)), ((0, 0), (2, 2))]


@pytest.mark.parametrize("width", WIDTHS, ids=str)
@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric", "wrap"])
def test_padding_that_copies(mode, width):
    agrees(np.pad, A, width, mode)


@pytest.mark.parametrize("width", WIDTHS, ids=str)
@pytest.mark.parametrize("mode", ["maximum", "minimum", "mean", "median", "linear_ramp"])
def test_padding_that_computes(mode, width):
    agrees(np.pad, A, width, mode)
    if mode == "linear_ramp":
        agrees(np.pad, A, width, mode, end_values=((1.5, 2.5), (-1.0, 0.0)))
    else:
        agrees(np.pad, A, width, mode, stat_length=2)
        agrees(np.pad, A, width, mode, stat_length=((1, 9), (3, 2)))


def test_padding():
    agrees(np.pad, V, (9, 8), "reflect")
    agrees(np.pad, V, (19, 8), "symmetric")
    agrees(np.pad, V, (9, 28), "wrap")
    agrees(np.pad, A, 1, constant_values=((1.0, 2.0), (3.0, 4.0)))
    agrees(np.pad, A, 1, constant_values=7)
    agrees(np.pad, B, ((0, 0), (1, 1), (0, 2)), mode="edge")
    x = ag.tensor(A, requires_grad=True)
    empty = np.pad(x, 1, "empty")
    same(empty[1:-1, 1:-1], A)
    empty.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.ones((3, 4)))
    assert ag.pad(ag.tensor(A), {1: (1, 2), 0: 3}).shape == (9, 7)
    for mode in ("mean", "linear_ramp", "maximum"):
        same(np.pad(ag.tensor(np.arange(5)), 2, mode), np.pad(np.arange(5), 2, mode))


def test_padding_refuses():
    x = ag.tensor(A, requires_grad=True)
    with pytest.raises(ValueError, match="pad: expected a mode among constant, edge"):
        np.pad(x, 1, "mirror")
    with pytest.raises(ValueError, match="with reflect_type='even'"):
        np.pad(x, 1, "reflect", reflect_type="odd")
    with pytest.raises(ag.NoGradientError):
        ag.pad(x, 1, constant_values=ag.tensor(1.0, requires_grad=True))


def test_sliding_windows():
    view = np.lib.stride_tricks.sliding_window_view
    agrees(view, V, 3)
    agrees(view, A, (2, 3))
    agrees(view, A, 2, axis=1)
    agrees(view, A, (2, 2), axis=(1, -1))
    kernel = ag.tensor([0.25, 0.5, 0.25])
    np.testing.assert_allclose(
        (ag.sliding_window_view(ag.tensor(V), 3) @ kernel).numpy(), np.convolve(V, kernel.numpy(), "valid")
    )


def test_questions_about_shape_are_constants():
    x = ag.tensor(A, requires_grad=True)
    assert np.shape(x) == (3, 4)
    assert np.ndim(x) == 2
    assert np.size(x) == 12
    assert np.size(x, 0) == 3
    assert np.shares_memory(x, x.reshape(-1).detach())
    assert not np.isfortran(x)


# -- views and changes of value ------------------------------------------------------------------------


def test_rearranging_does_not_copy():
    x = ag.tensor(B)
    for view in (
        x.reshape(6, 4),
        x.T,
        x[0].mT,
        x.swapaxes(0, 1),
        x.flip(),
        x.diagonal(),
        x.unsqueeze(0),
        *x,
        x.split(1, 2)[0],
    ):
        assert np.shares_memory(view.numpy(), x.numpy())


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: x.reshape(-1),
        lambda x: x.T,
        lambda x: x.sum(0),
        lambda x: x.mean(),
        lambda x: ag.tile(x, 2),
        lambda x: ag.pad(x, 1, "edge"),
        lambda x: ag.diagonal(x),
        lambda x: ag.roll(x, 1),
        lambda x: ag.concat([x, x]),
        lambda x: ag.stack([x, x]),
        lambda x: ag.split(x, 2, 1)[1],
        lambda x: ag.unstack(x)[1],
        lambda x: ag.diff(x),
        lambda x: ag.cumsum(x),
    ],
)
def test_rules_that_need_no_values_let_values_change(operation):
    x = ag.tensor(A, requires_grad=True)
    y = operation(x).sum()
    x.data[0, 0] = 5.0
    y.backward()
    assert x.grad.shape == (3, 4)


# -- methods -----------------------------------------------------------------------------------------


def test_methods_of_numpy():
    x = ag.tensor(B)
    calls = {
        "copy": (),
        "diagonal": (1, 0, 2),
        "flatten": ("F",),
        "ravel": (),
        "repeat": (2, 1),
        "reshape": (4, 6),
        "squeeze": (),
        "swapaxes": (0, 2),
        "transpose": (2, 0, 1),
    }
    for name, arguments in calls.items():
        same(getattr(x, name)(*arguments), getattr(B, name)(*arguments))
    same(x.reshape((4, -1)), B.reshape(4, 6))
    same(x.reshape(4, 6, order="F"), B.reshape(4, 6, order="F"))
    same(x.transpose(), B.T)
    same(x.transpose(None), B.T)
    same(x.transpose((1, 0, 2)), B.transpose(1, 0, 2))
    same(x.T, B.T)
    same(x.mT, np.swapaxes(B, 1, 2))
    same(x.flatten(), B.ravel())
    assert x.flags.c_contiguous
    assert x.strides == B.strides


def test_methods_of_pytorch():
    x = ag.tensor(B)
    same(x.view(4, -1), B.reshape(4, 6))
    same(x.view((2, 12)), B.reshape(2, 12))
    same(x.view_as(ag.ones((6, 4))), B.reshape(6, 4))
    same(x.reshape_as(ag.ones((6, 4))), B.reshape(6, 4))
    same(x.permute(2, 0, 1), B.transpose(2, 0, 1))
    same(x.permute((2, 0, 1)), B.transpose(2, 0, 1))
    same(x.unsqueeze(-1), B[..., None])
    same(x[:1].squeeze(0), B[0])
    same(x[:1].squeeze(dim=0), B[0])
    same(x.flatten(1), B.reshape(2, 12))
    same(x.flatten(start_dim=0, end_dim=1), B.reshape(6, 4))
    same(ag.tensor(2.0).flatten(), np.array([2.0]))
    same(x.unflatten(2, (2, 2)), B.reshape(2, 3, 2, 2))
    same(x[:, :1].expand(-1, 5, -1), np.broadcast_to(B[:, :1], (2, 5, 4)))
    same(x[0].expand(3, 3, 4), np.broadcast_to(B[0], (3, 3, 4)))
    same(x[0].expand_as(ag.ones((5, 3, 4))), np.broadcast_to(B[0], (5, 3, 4)))
    same(x.tile(2, 1), np.tile(B, (2, 1)))
    same(x.split(2, dim=1), (B[:, :2], B[:, 2:]))
    same(x.split([1, 2], 1), (B[:, :1], B[:, 1:]))
    same(x.split(9), (B,))
    same(x.chunk(3, dim=2), (B[..., :2], B[..., 2:]))
    same(x.chunk(2), (B[:1], B[1:]))
    same(x.unbind(1), tuple(B[:, i] for i in range(3)))
    same(x.narrow(2, 1, 2), B[..., 1:3])
    same(x.movedim(0, 2), np.moveaxis(B, 0, 2))
    same(x.swapdims(0, 2), np.swapaxes(B, 0, 2))
    same(x.flip(dims=(0, 1)), np.flip(B, (0, 1)))
    same(x.flip((0, 1)), np.flip(B, (0, 1)))
    same(x.roll(1, dims=2), np.roll(B, 1, 2))
    same(x[0].t(), B[0].T)
    same(x.tril(-1), np.tril(B, -1))
    same(ag.concat([x, x], dim=2), np.concatenate([B, B], 2))
    same(ag.stack([x, x], dim=-1), np.stack([B, B], -1))
    assert x.contiguous() is x
    assert x.is_contiguous()
    assert not x.T.is_contiguous()
    assert x.T.contiguous().is_contiguous()
    assert x.numel() == 24
    assert x.dim() == 3


def test_methods_refuse():
    x = ag.tensor(B)
    same(x.repeat(2, dim=1), np.repeat(B, 2, 1))
    with pytest.raises(
        TypeError, match=r"repeat: expected NumPy's arguments repeats and axis, got 3 numbers.*use tile"
    ):
        x.repeat(1, 2, 1)
    with pytest.raises(TypeError, match=r"view: expected a shape.*use astype"):
        x.view(np.float32)
    with pytest.raises(ValueError, match="t: expected a matrix"):
        x.t()
    with pytest.raises(ValueError, match="lengths that sum to 3"):
        x.split([1, 1], 1)
    with pytest.raises(ValueError, match="a length of at least 1"):
        x.split(0)


@pytest.mark.parametrize(
    "method",
    [
        lambda x: x.T,
        lambda x: x.mT,
        lambda x: x.view(-1),
        lambda x: x.flatten(1),
        lambda x: x.permute(1, 2, 0),
        lambda x: x.expand(3, -1, -1, -1),
        lambda x: x.unsqueeze(1),
        lambda x: ag.stack(x.split(2, 1)[0].unbind(2)),
        lambda x: ag.concat(x.chunk(3, 2), 0),
        lambda x: x.narrow(1, 1, 2),
        lambda x: x.T.contiguous(),
    ],
)
def test_gradients_of_methods(method):
    x = ag.tensor(B, requires_grad=True)
    y = method(x)
    v = RNG.standard_normal(y.shape)
    (gradient,) = ag.gradients(y, x, ag.tensor(v))
    # The methods rearrange, so <v, A d> = <A^T v, d>.
    d = RNG.standard_normal(B.shape)
    np.testing.assert_allclose(np.sum(v * method(ag.tensor(d)).numpy()), np.sum(gradient.numpy() * d))


def test_lists_and_numbers():
    np.testing.assert_array_equal(ag.reshape([1, 2, 3, 4], (2, 2)), [[1, 2], [3, 4]])
    np.testing.assert_array_equal(ag.transpose([[1, 2], [3, 4]]), [[1, 3], [2, 4]])
    np.testing.assert_array_equal(ag.expand_dims(1.0, 0), [1.0])
    np.testing.assert_array_equal(ag.stack([1.0, 2.0]), [1.0, 2.0])
    np.testing.assert_array_equal(ag.concat([[1.0], [2.0]]), [1.0, 2.0])
    np.testing.assert_array_equal(ag.diag([1.0, 2.0]), [[1, 0], [0, 2]])
    np.testing.assert_array_equal(ag.pad([1.0], 1), [0, 1, 0])


def test_every_public_function_has_the_arguments_it_documents():
    for module in (diagonals, joining, padding, rearranging, shapes):
        for name in module.__all__:
            function = getattr(module, name)
            assert getattr(ag, name) is function, name
            documented = inspect.getdoc(function)
            for parameter in inspect.signature(function).parameters:
                assert parameter in documented, f"{name}: {parameter}"
