"""NumPy's functions on Tensors: every one has a gradient, is a constant by its nature, or says that it cannot."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import support
from autograd_core.numpy_protocol import UFUNC_METHODS
from autograd_core.primitive import CONSTANT_FUNCTIONS, IMPLEMENTATIONS
from tests.versions import needs_numpy

FUNCTIONS = support.numpy_functions()


def leaf(value, **options):
    return ag.tensor(value, requires_grad=True, **options)


# -- all of them, found automatically ----------------------------------------------------------------


def plain(result):
    """A result with arrays in the place of Tensors."""
    if isinstance(result, ag.Tensor):
        return result.data
    if isinstance(result, list | tuple):
        return [plain(item) for item in result]
    return result


def calls(base):
    return (support.CALLS[base],) if base in support.CALLS else support._USUAL


IMPLEMENTED = [name for name, function in FUNCTIONS.items() if function in IMPLEMENTATIONS]


@pytest.mark.parametrize("name", IMPLEMENTED)
def test_tensors_give_what_arrays_give(name):
    function, base = FUNCTIONS[name], name.rpartition(".")[2]
    x, y = support.inputs()
    compared = False
    for call in calls(base):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                expected = call(function, x.data, y.data)
            except (TypeError, ValueError, IndexError, AttributeError, np.linalg.LinAlgError):
                continue
            try:
                result = call(function, x, y)
            except (TypeError, ag.NoGradientError):
                continue  # said by name: see below
        compared = True
        if base != "empty_like":
            assert_same(plain(result), plain(expected))
        break
    assert compared or base in ("copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask")


def assert_same(result, expected):
    if isinstance(expected, list | tuple):
        assert len(result) == len(expected)
        for a, b in zip(result, expected, strict=True):
            assert_same(a, b)
    elif isinstance(expected, np.ndarray | np.generic | float | int):
        assert np.shape(result) == np.shape(expected)
        np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-14)
        assert np.asarray(result).dtype == np.asarray(expected).dtype
    else:
        assert result == expected


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_a_gradient_is_a_constant_or_refuses_by_name(name):
    function = FUNCTIONS[name]
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    if function in IMPLEMENTATIONS:
        assert support.gradient_of(function, name.rpartition(".")[2]) in (
            support.YES,
            support.ZERO,
            support.CONSTANT,
            support.RAISES,
        )
    elif function in CONSTANT_FUNCTIONS:
        pass
    elif isinstance(function, np.ufunc):
        with pytest.raises(ag.NoGradientError, match=f"{name.rpartition('.')[2]}"):
            function(*[x] * function.nin)
    else:
        with pytest.raises(ag.NoGradientError, match=rf"^{name.replace('.', '[.]')}: expected Tensors that require no"):
            x.__array_function__(function, (ag.Tensor,), (x,), {})


# What takes a Tensor's dtype, or looks whether it is a sequence, without looking at its values.
VALUES_UNSEEN = """
    LinAlgError bmat dtype empty fftfreq finfo full identity iinfo isdtype isfortran isscalar issubdtype iterable
    ndarray ones poly1d promote_types recarray rfftfreq row_stack str_ zeros
"""
SETTINGS = """
    errstate info printoptions set_printoptions setbufsize seterr seterrcall show_config show_runtime test
"""


@pytest.mark.parametrize(
    "name",
    [
        f"{namespace.__name__}.{name}"
        for namespace in (np, np.linalg, np.fft)
        for name in dir(namespace)
        if callable(getattr(namespace, name))
        and not name.startswith("_")
        and not isinstance(getattr(namespace, name), type(np.sum) | np.ufunc)
        and name not in SETTINGS.split()
    ],
)
def test_functions_that_do_not_ask_convert_nothing_silently(name):
    module, _, base = name.rpartition(".")
    function = getattr({"numpy": np, "numpy.linalg": np.linalg, "numpy.fft": np.fft}[module], base)
    x, s = leaf([0.5, 0.6]), leaf(2.0)
    for arguments in ((x,), (s,), ([s, s],), (x, x), ([x, x],), (lambda v: v, x), (x, float)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                result = function(*arguments)
            except Exception:
                continue  # refused, or no way to call it
        if base in VALUES_UNSEEN.split() or any(t.requires_grad for t in support.tensors(result)):
            continue
        assert not isinstance(result, np.ndarray | np.number | float | complex), f"{name} dropped a gradient silently"


# -- keywords, positions, out= ---------------------------------------------------------------------------


def test_arguments_by_position_and_by_name():
    a = np.arange(6.0).reshape(2, 3)
    x = leaf(a)
    for result, expected in [
        (np.sum(x, 1), a.sum(1)),
        (np.sum(x, axis=(0, 1), keepdims=True), a.sum(axis=(0, 1), keepdims=True)),
        (np.sum(x, None, None, None, True), np.sum(a, None, None, None, True)),
        (np.sum(a=x, axis=0), a.sum(0)),
        (np.sum(x, dtype="float32"), a.sum(dtype="float32")),
        (np.mean(x, axis=-1, keepdims=True), a.mean(axis=-1, keepdims=True)),
        (np.max(a=x, axis=1), a.max(1)),
        (np.reshape(x, (3, -1)), a.reshape(3, 2)),
        (np.transpose(x), a.T),
        (np.concatenate((x, a), axis=1), np.concatenate((a, a), axis=1)),
        (np.concatenate([x, [[1.0, 2.0, 3.0]]], 0), np.concatenate([a, [[1.0, 2.0, 3.0]]], 0)),
        (np.stack(arrays=[x, a]), np.stack([a, a])),
        (np.clip(a=x, a_min=1.0, a_max=4.0), a.clip(1.0, 4.0)),
        (np.linalg.norm(x, ord=2, axis=1), np.linalg.norm(a, ord=2, axis=1)),
        (np.fft.rfft(x, 4, norm="ortho"), np.fft.rfft(a, 4, norm="ortho")),
        (np.var(x, axis=0, ddof=1), a.var(axis=0, ddof=1)),
        (np.expand_dims(x, axis=1), a[:, None]),
        (np.where(a > 2, x, 0.0), np.where(a > 2, a, 0.0)),
        (np.cumsum(x, axis=1), a.cumsum(1)),
        (np.take(x, [0, 0], axis=0), a.take([0, 0], axis=0)),
        (np.linalg.solve(np.eye(2), b=x), a),
    ]:
        assert isinstance(result, ag.Tensor)
        assert result.requires_grad
        assert result.dtype == expected.dtype
        assert result.tolist() == pytest.approx(expected) if result.ndim < 2 else result.shape == expected.shape
        np.testing.assert_allclose(result.data, expected, rtol=1e-6)


@needs_numpy("2.1", "its reshape calls the shape newshape")
def test_reshape_takes_the_shape_by_name():
    assert np.reshape(leaf(np.arange(6.0)), shape=(3, 2)).tolist() == [[0, 1], [2, 3], [4, 5]]


OUT = np.zeros(3)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: np.sum(x, axis=0, out=OUT[:1].reshape(())), "np.sum"),
        (lambda x: np.sum(x, None, None, OUT), "np.sum"),
        (lambda x: np.exp(x, out=OUT), "np.exp"),
        (lambda x: np.exp(x, OUT), "np.exp"),
        (lambda x: np.exp(OUT, out=x), "np.exp"),
        (lambda x: np.add(x, 1.0, out=(OUT,)), "np.add"),
        (lambda x: np.modf(x, OUT, OUT), "np.modf"),
        (lambda x: np.concatenate([x, x], out=np.zeros(6)), "np.concatenate"),
        (lambda x: np.clip(x, 0.0, 1.0, out=OUT), "np.clip"),
        (lambda x: np.clip(x, 0.0, 1.0, OUT), "np.clip"),
        (lambda x: np.add.reduce(x, out=np.zeros(())), "np.add.reduce"),
        (lambda x: np.add.accumulate(x, out=OUT), "np.add.accumulate"),
        (lambda x: np.dot(x, x, out=np.zeros(())), "np.dot"),
        (lambda x: np.take(x, [0], out=np.zeros(1)), "np.take"),
        (lambda x: np.mean(OUT, out=x), "np.mean"),
    ],
)
def test_out_is_refused(call, name):
    with pytest.raises(TypeError, match=f"^{name}: expected no out= on Tensors, got out=.* To mend it: use the result"):
        call(leaf([1.0, 2.0, 3.0]))
    assert not OUT.any()


def test_arrays_may_be_written_into_where_no_gradient_is_lost():
    out = np.zeros(2)
    assert np.add(ag.tensor([1.0, 2.0]), 1.0, out=out) is out
    assert out.tolist() == [2.0, 3.0]
    np.add.at(out, [0, 0], ag.tensor([1.0, 1.0]))
    assert out.tolist() == [4.0, 3.0]
    np.copyto(out, ag.tensor([5.0, 6.0]))
    assert out.tolist() == [5.0, 6.0]
    with pytest.raises(ag.NoGradientError):
        np.copyto(out, leaf([5.0, 6.0]))
    with pytest.raises(ag.NoGradientError, match=r"^np.add.at: "):
        np.add.at(out, [0], leaf([1.0]))


@pytest.mark.parametrize(
    "write",
    [
        lambda x: np.copyto(x, 1.0),
        lambda x: np.put(x, [0], 1.0),
        lambda x: np.place(x, np.array([True, False]), 1.0),
        lambda x: np.putmask(x, np.array([True, False]), 1.0),
        lambda x: np.put_along_axis(x, np.array([0]), 1.0, 0),
        lambda x: np.fill_diagonal(x.reshape(1, 2), 1.0),
        lambda x: np.add.at(x, [0], 1.0),
    ],
)
@pytest.mark.parametrize("requires_grad", [True, False])
def test_tensors_are_not_written_into(write, requires_grad):
    x = ag.tensor([1.0, 2.0], requires_grad=requires_grad)
    with pytest.raises(TypeError, match=r"^np.[a-z_.]+: expected an array to write into, got a Tensor"):
        write(x)
    assert x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: np.add(x, 1.0, where=np.array([True, False])), r"^np.add: expected on Tensors only .* got where="),
        (lambda x: np.exp(x, casting="unsafe"), r"^np.exp: expected on Tensors only the arguments \w+, got casting"),
        (lambda x: np.sum(x, nonsense=3), r"nonsense"),
        (lambda x: np.reshape(x), r"np.reshape|reshape\(\) missing"),
        (lambda x: np.sort(x, kind="heapsort", order="f"), r"^np.sort: expected on Tensors only .* got order='f'"),
        (lambda x: np.linalg.svd(x, nonsense=1), r"nonsense"),
    ],
)
def test_unknown_arguments_are_named(call, text):
    with pytest.raises(TypeError, match=text):
        call(leaf([1.0, 2.0]))


def test_arguments_that_say_what_is_the_default_are_fine():
    x = leaf([3.0, 1.0])
    for result in (
        np.add(x, 1.0, where=True),
        np.add(x, 1.0, casting="same_kind", order="K", subok=True),
        np.sum(x, out=None, where=True),
        np.concatenate([x, x], casting="same_kind", dtype=None),
        np.sort(x, order=None),
    ):
        assert result.requires_grad


def test_dtype_of_ufuncs():
    x = leaf(np.float32([1.0, 2.0]))
    y = np.multiply(x, 2.0, dtype=np.float64)
    assert y.dtype == np.float64
    y.sum().backward()
    assert x.grad.dtype == np.float32
    assert np.add(ag.tensor([1, 2]), 1, dtype="float32").dtype == np.float32
    assert [part.dtype for part in np.modf(x, dtype=np.float64)] == [np.float64, np.float64]
    assert np.exp(leaf([1.0]), dtype="float32").dtype == np.float32


# -- methods of ufuncs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ufunc", "method"), UFUNC_METHODS)
def test_methods_of_ufuncs(ufunc, method):
    a = np.array([[0.5, 2.0, 3.0], [1.5, 0.7, 1.0]])
    for options in ({}, {"axis": 1}, {"axis": -1}):
        result, expected = getattr(ufunc, method)(leaf(a), **options), getattr(ufunc, method)(a, **options)
        assert isinstance(result, ag.Tensor)
        np.testing.assert_allclose(result.data, expected)
        assert result.requires_grad == (ufunc not in (np.logical_and, np.logical_or))
    if method == "reduce":
        np.testing.assert_array_equal(ufunc.reduce(leaf(a), None).data, ufunc.reduce(a, None))
        np.testing.assert_array_equal(ufunc.reduce(leaf(a), 1, keepdims=True).data, ufunc.reduce(a, 1, keepdims=True))


def test_outer():
    x, y = leaf([1.0, 2.0]), leaf([[3.0], [4.0]])
    for ufunc in (np.add, np.multiply, np.power, np.maximum, np.arctan2):
        for a, b in ((x, y), (x, y.data), (x.data, y), (x, 2.0)):
            result = ufunc.outer(a, b)
            plain_a, plain_b = (t.data if isinstance(t, ag.Tensor) else t for t in (a, b))
            np.testing.assert_allclose(result.data, ufunc.outer(plain_a, plain_b))
            assert result.requires_grad
    np.multiply.outer(x, y).sum().backward()
    assert x.grad.tolist() == [7.0, 7.0]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: np.add.reduceat(x, [0, 1]), "np.add.reduceat"),
        (lambda x: np.hypot.reduce(x), "np.hypot.reduce"),
        (lambda x: np.subtract.accumulate(x), "np.subtract.accumulate"),
        (lambda x: np.frompyfunc(lambda v: v, 1, 1)(x), "<lambda>"),
        (lambda x: np.busday_count(x, x), "np.busday_count"),
        (lambda x: np.polyfit(x, x, 1), "np.polyfit"),
        (lambda x: np.setdiff1d(x, [1.0]), "np.setdiff1d"),
    ],
)
def test_without_a_gradient_it_is_refused_by_name_and_works_on_constants(call, name):
    x = leaf([1.0, 2.0, 4.0])
    with pytest.raises(ag.NoGradientError, match=f"^{name}.*To mend it: use tensor.detach"):
        call(x)
    if name == "np.busday_count":
        return
    for allowed in (x.detach(), ag.tensor([1.0, 2.0, 4.0])):
        result = call(allowed)
        assert not isinstance(result, ag.Tensor) or not result.requires_grad
    with ag.no_grad():
        call(x)


def test_functions_hidden_in_lists_and_keywords_are_found():
    x = leaf([1.0, 2.0])
    for call in (
        lambda: np.union1d([x, x], [1.0]),
        lambda: np.intersect1d([1.0], x),
        lambda: np.setdiff1d([1.0], ar2=x),
    ):
        with pytest.raises(ag.NoGradientError):
            call()


# -- constants ---------------------------------------------------------------------------------------------------


def test_constants_by_nature():
    x = leaf([[3.0, 1.0], [2.0, np.nan]])
    for result, expected in [
        (np.isnan(x), [[False, False], [False, True]]),
        (np.argsort(x[0]), [1, 0]),
        (np.greater(x, 2.0), [[True, False], [False, False]]),
        (np.nonzero(x > 2)[0], [0]),
    ]:
        assert isinstance(result, ag.Tensor)
        assert not result.requires_grad
        assert result.tolist() == expected
    assert np.shape(x) == (2, 2)
    assert np.ndim(x) == 2
    assert np.size(x) == 4
    assert np.iscomplexobj(x) is False
    assert np.result_type(x, np.float32) == np.float64
    assert np.array_repr(x[0]) == "array([3., 1.])"
    assert np.shares_memory(x, x.data)
    assert np.zeros_like(x).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_saving(tmp_path):
    x = leaf([1.0, 2.0])
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "x.npz", x=x)
    np.savetxt(tmp_path / "x.txt", x)
    assert np.load(tmp_path / "x.npy").tolist() == [1.0, 2.0]
    assert np.load(tmp_path / "x.npz")["x"].tolist() == [1.0, 2.0]
    assert np.loadtxt(tmp_path / "x.txt").tolist() == [1.0, 2.0]


# -- other operands ---------------------------------------------------------------------------------------------------


OTHERS = [
    2.0,
    2,
    True,
    np.float64(2.0),
    np.float32(2.0),
    np.int64(2),
    np.array(2.0),
    np.array([2.0, 3.0]),
    np.array([[2.0], [3.0]]),
    np.array([2, 3]),
    [2.0, 3.0],
    (2, 3),
    ag.tensor([2.0, 3.0]).data,
    ag.tensor([2.0, 3.0]),
    ag.tensor(2),
]


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: f"{type(other).__name__}-{np.shape(other)}")
@pytest.mark.parametrize(
    "operation",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: a / b,
        lambda a, b: a**b,
        lambda a, b: a // b,
        lambda a, b: a % b,
        lambda a, b: a < b,
        lambda a, b: a == b,
        np.add,
        np.arctan2,
        np.maximum,
    ],
)
def test_operands_of_all_kinds_on_both_sides(operation, other):
    x = leaf([0.5, 1.5])
    array = np.asarray(other) if isinstance(other, list | tuple) else plain(other)
    for result, expected in (
        (operation(x, other), operation(np.array([0.5, 1.5]), array)),
        (operation(other, x), operation(array, np.array([0.5, 1.5]))),
    ):
        assert isinstance(result, ag.Tensor)
        assert result.dtype == expected.dtype
        np.testing.assert_allclose(result.data, expected)
        assert result.requires_grad == (expected.dtype.kind == "f")


def test_matrix_products_on_both_sides():
    x, a = leaf([1.0, 2.0]), np.array([[1.0, 2.0], [3.0, 4.0]])
    for result, expected in (
        (a @ x, [5.0, 11.0]),
        (x @ a, [7.0, 10.0]),
        ([1.0, 1.0] @ x, 3.0),
        (x @ [[1.0], [1.0]], [3.0]),
    ):
        assert result.requires_grad
        assert result.tolist() == expected


def test_sorting_and_summing_by_python():
    x = leaf([3.0, 1.0, 2.0])
    assert [t.item() for t in sorted(x)] == [1.0, 2.0, 3.0]
    assert max(x).item() == 3.0
    assert min(x, key=lambda t: -t).requires_grad
    total = sum(x)
    total.backward()
    assert x.grad.tolist() == [1.0, 1.0, 1.0]
    assert abs(-x[0]).item() == 3.0
    assert [t.item() for t in divmod(x[0], 2.0)] == [1.0, 1.0]
    assert round(x[0] * 1.26, 1).item() == 3.8
    assert math.isclose(x[0].item(), 3.0)


def test_ufuncs_with_several_outputs():
    x = leaf([1.75, -2.5])
    fraction, whole = np.modf(x)
    quotient, rest = np.divmod(x, 1.5)
    assert (fraction.tolist(), whole.tolist()) == ([0.75, -0.5], [1.0, -2.0])
    assert (quotient.tolist(), rest.tolist()) == ([1.0, -2.0], [0.25, 0.5])
    (fraction + rest).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_functions_of_python_are_refused_where_they_would_convert():
    with pytest.raises(ag.NoGradientError):
        math.sqrt(leaf(2.0))
    assert math.sqrt(ag.tensor(4.0)) == 2.0
