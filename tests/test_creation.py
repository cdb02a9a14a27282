"""Making Tensors, and the array API's facts about the namespace."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag

from .duck import DuckArray, unwrap


def leaf(value, **options):
    return ag.tensor(value, requires_grad=True, **options)


# -- from data ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [1.5, 3, True, 2j, [1.0, 2.0], [[1, 2], [3, 4]], (1.0, 2), [], np.float32(2.0)])
def test_tensor_holds_what_numpy_would(data):
    made = ag.tensor(data)
    assert made.dtype == np.asarray(data).dtype
    assert made.shape == np.shape(data)
    assert made.tolist() == np.asarray(data).tolist()
    assert made.is_leaf
    assert not made.requires_grad


def test_tensor_copies_and_asarray_shares():
    for array in (np.arange(3.0), np.arange(6.0)[::2], np.asfortranarray(np.ones((2, 3)))):
        assert not np.shares_memory(ag.tensor(array)._data, array)
        assert ag.tensor(array).tolist() == array.tolist()
        assert np.shares_memory(ag.asarray(array)._data, array)
        assert np.shares_memory(ag.Tensor(array)._data, array)
        assert not np.shares_memory(ag.asarray(array, copy=True)._data, array)
        assert ag.tensor(array, dtype="float32").dtype == np.float32
    source = ag.tensor([1.0, 2.0])
    assert not np.shares_memory(ag.tensor(source)._data, source._data)
    assert not np.shares_memory(ag.tensor(source.data)._data, source._data)


def test_subclasses_of_arrays_become_plain():
    class Special(np.ndarray):
        pass

    for data in (np.array([[1.0, 2.0]]).view(Special), ag.tensor([[1.0, 2.0]]).data):
        assert type(ag.Tensor(data)._data) is np.ndarray
        assert type((leaf([1.0, 2.0]) * data)._data) is np.ndarray


def test_options_of_tensor():
    x = ag.tensor([1, 2], dtype=np.float32, requires_grad=True, name="x")
    assert (x.dtype, x.requires_grad, x.name) == (np.float32, True, "x")


def test_asarray_keeps_the_graph():
    x = leaf([1.0, 2.0])
    assert ag.asarray(x) is x
    assert ag.asarray(x, dtype=float) is x
    for y in (ag.asarray(x, dtype="float32"), ag.asarray(x, copy=True)):
        assert y is not x
        x.grad = None
        (y * 3.0).sum().backward()
        assert x.grad.tolist() == [3.0, 3.0]
    assert ag.asarray(x, copy=False) is x


def test_asarray_without_a_copy():
    array = np.arange(3.0)
    assert np.shares_memory(ag.asarray(array, copy=False)._data, array)
    for attempt in (
        lambda: ag.asarray([1.0, 2.0], copy=False),
        lambda: ag.asarray(array, dtype="float32", copy=False),
        lambda: ag.asarray(leaf([1.0]), dtype="float32", copy=False),
        lambda: ag.asarray(2.0, copy=False),
    ):
        with pytest.raises(ValueError, match=r"asarray\(copy=False\): expected data to share memory with, got"):
            attempt()


def test_dlpack_in_and_out():
    x = ag.tensor([1.0, 2.0, 3.0])
    out = np.from_dlpack(x)
    assert out.tolist() == [1.0, 2.0, 3.0]
    assert np.shares_memory(out, x._data)
    array = np.arange(4.0, dtype="float32")
    back = ag.from_dlpack(array)
    assert isinstance(back, ag.Tensor)
    assert back.dtype == np.float32
    assert np.shares_memory(back._data, array)
    assert not np.shares_memory(ag.from_dlpack(array, copy=True)._data, array)
    assert ag.from_dlpack(x).tolist() == x.tolist()
    assert ag.from_dlpack(ag.tensor(2.5)).item() == 2.5
    assert x.__dlpack_device__() == np.zeros(1).__dlpack_device__()


# -- filled --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["zeros", "ones", "empty"])
def test_filled_tensors(name):
    make, reference = getattr(ag, name), getattr(np, name)
    for shape in (3, (), (2, 3), (0, 2)):
        made = make(shape)
        assert made.shape == reference(shape).shape
        assert made.dtype == np.float64
        if name != "empty":
            assert made.tolist() == reference(shape).tolist()
    assert make(2, "int32").dtype == np.int32
    assert make((2, 2), dtype=ag.float32, device="cpu", requires_grad=True).requires_grad
    with pytest.raises(TypeError, match=rf"ag.{name}: expected the shape as one argument, got the numbers 2 and 3"):
        make(2, 3)


@pytest.mark.parametrize("name", ["zeros_like", "ones_like", "empty_like"])
def test_tensors_like_others(name):
    make, reference = getattr(ag, name), getattr(np, name)
    for other in (leaf(np.ones((2, 3), "float32")), np.arange(4), ag.tensor(1.5), [1.0, 2.0]):
        made = make(other)
        array = np.asarray(other.data if isinstance(other, ag.Tensor) else other)
        assert (made.shape, made.dtype) == (array.shape, array.dtype)
        assert not made.requires_grad
        if name != "empty_like":
            assert made.tolist() == reference(array).tolist()
    x = leaf([1.0, 2.0])
    assert make(x, dtype="int8").dtype == np.int8
    assert make(x, shape=(3,)).shape == (3,)
    made = reference(x, dtype="float32", shape=(2, 2))
    assert isinstance(made, ag.Tensor)
    assert (made.shape, made.dtype) == ((2, 2), np.float32)
    assert make(x, requires_grad=True).requires_grad


def test_full():
    assert ag.full((2, 2), 7).tolist() == [[7, 7], [7, 7]]
    assert ag.full(2, 7).dtype == np.int64
    assert ag.full(2, 7.0, "float32").dtype == np.float32
    assert ag.full((2, 3), np.arange(3.0)).tolist() == [[0.0, 1.0, 2.0]] * 2
    assert ag.full((), 1.5).item() == 1.5
    assert ag.full_like(np.float32([1.0, 2.0]), 3).dtype == np.float32
    assert ag.full(2, 1.0, requires_grad=True).requires_grad
    with pytest.raises(TypeError, match=r"ag.full: expected|requires_grad"):
        ag.full(2, 1, requires_grad=True)


@pytest.mark.parametrize(
    "fill",
    [
        lambda c: ag.full((2, 3), c),
        lambda c: ag.full_like(np.zeros((2, 3)), c),
        lambda c: np.full_like(ag.zeros((2, 3)), c),
        lambda c: ag.full((2, 3), c, dtype="float32"),
    ],
)
def test_a_tensor_as_the_fill_value_keeps_its_gradient(fill):
    c = leaf(2.0)
    filled = fill(c)
    assert filled.tolist() == [[2.0] * 3] * 2
    (filled * np.arange(6.0).reshape(2, 3)).sum().backward()
    assert c.grad.item() == 15.0
    filled.data[0, 0] = 5.0
    assert filled.tolist()[1] == [2.0] * 3
    assert c.item() == 2.0


def test_matrices():
    for arguments in ((3,), (2, 3), (2, 3, 1), (3, 2, -1)):
        assert ag.eye(*arguments).tolist() == np.eye(*arguments).tolist()
        assert ag.tri(*arguments).tolist() == np.tri(*arguments).tolist()
    assert ag.identity(2).tolist() == np.identity(2).tolist()
    assert ag.eye(2, dtype=int).dtype == np.int64


# -- spaced ----------------------------------------------------------------------------------------------


def test_arange():
    for arguments in ((5,), (1, 5), (1, 10, 3), (5.0,), (0, 1, 0.25), (3, 0, -1)):
        made, expected = ag.arange(*arguments), np.arange(*arguments)
        assert made.dtype == expected.dtype
        assert made.tolist() == expected.tolist()
    assert ag.arange(3, dtype="float32", requires_grad=True).requires_grad
    with pytest.raises(ag.NoGradientError):
        ag.arange(leaf(3.0))


@pytest.mark.parametrize("name", ["linspace", "logspace", "geomspace"])
def test_spaced_numbers(name):
    make, reference = getattr(ag, name), getattr(np, name)
    for options in ({}, {"num": 5}, {"num": 4, "endpoint": False}, {"num": 3, "dtype": "float32"}, {"num": 1}):
        made, expected = make(1.0, 4.0, **options), reference(1.0, 4.0, **options)
        assert made.dtype == expected.dtype
        assert made.tolist() == expected.tolist()
    start, stop = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    assert make(start, stop, 4, axis=1).tolist() == reference(start, stop, 4, axis=1).tolist()
    for axis in (0, 1, -1):
        made = reference(leaf(start), stop, 4, axis=axis)
        np.testing.assert_allclose(made.data, reference(start, stop, 4, axis=axis), rtol=1e-13)
    assert make(leaf(np.float32(1.0)), 4.0, 3).dtype == np.float32
    assert make(ag.tensor(1), 4, 3).dtype == np.float64
    assert make(leaf(1.0), 4.0, 3, dtype="float32").dtype == np.float32


@pytest.mark.parametrize("name", ["linspace", "logspace", "geomspace"])
@pytest.mark.parametrize("endpoint", [True, False])
def test_gradients_of_spaced_numbers(name, endpoint):
    weights = np.array([1.0, -2.0, 0.5, 3.0])
    ends = leaf(1.5), leaf(2.5)
    (getattr(np, name)(*ends, 4, endpoint) * weights).sum().backward()
    step = 1e-6

    def value(a, b):
        return (getattr(np, name)(a, b, 4, endpoint) * weights).sum()

    expected = (
        (value(1.5 + step, 2.5) - value(1.5 - step, 2.5)) / (2 * step),
        (value(1.5, 2.5 + step) - value(1.5, 2.5 - step)) / (2 * step),
    )
    assert [end.grad.item() for end in ends] == pytest.approx(expected, rel=1e-6)


def test_the_base_of_logspace_has_a_gradient():
    base = leaf(3.0)
    np.logspace(0.0, 2.0, 3, base=base).sum().backward()  # 1 + b + b²
    assert base.grad.item() == pytest.approx(7.0)


# -- the array API ------------------------------------------------------------------------------------------

STANDARD = """
    abs acos acosh add all any arange argmax argmin argsort asarray asin asinh astype atan atan2 atanh bitwise_and
    bitwise_invert bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor broadcast_arrays broadcast_to
    can_cast ceil clip concat conj copysign cos cosh count_nonzero cumulative_prod cumulative_sum diff divide empty
    empty_like equal exp expand_dims expm1 eye finfo flip floor floor_divide from_dlpack full full_like greater
    greater_equal hypot iinfo imag isdtype isfinite isinf isnan less less_equal linspace log log10 log1p log2
    logaddexp logical_and logical_not logical_or logical_xor matmul matrix_transpose max maximum mean meshgrid min
    minimum moveaxis multiply negative nextafter nonzero not_equal ones ones_like permute_dims positive pow prod
    real reciprocal remainder repeat reshape result_type roll round searchsorted sign signbit sin sinh sort sqrt
    square squeeze stack std subtract sum take take_along_axis tan tanh tensordot tile tril triu trunc unique_all
    unique_counts unique_inverse unique_values unstack var vecdot where zeros zeros_like
    bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128
    e inf nan newaxis pi __array_api_version__ __array_namespace_info__
"""
LINALG = """
    cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power matrix_rank matrix_transpose outer
    pinv qr slogdet solve svd svdvals tensordot trace vecdot vector_norm
"""
FFT = "fft fftfreq fftn fftshift hfft ifft ifftn ifftshift ihfft irfft irfftn rfft rfftfreq rfftn"


def test_the_namespace_has_every_name_of_the_standard():
    xp = ag.tensor(1.0).__array_namespace__()
    assert xp is ag
    assert [name for name in STANDARD.split() if not hasattr(xp, name)] == []
    assert [name for name in LINALG.split() if not hasattr(xp.linalg, name)] == []
    assert [name for name in FFT.split() if not hasattr(xp.fft, name)] == []


def test_dtypes_and_constants():
    assert ag.zeros(1, dtype=ag.float32).dtype == ag.float32
    assert {ag.float32: 1}[ag.zeros(1, dtype="float32").dtype] == 1
    assert ag.bool == ag.tensor(True).dtype
    assert (ag.pi, ag.e, ag.inf) == (np.pi, np.e, np.inf)
    assert np.isnan(ag.nan)
    assert leaf([1.0, 2.0])[:, ag.newaxis].shape == (2, 1)


def test_dtype_functions():
    assert ag.isdtype(ag.float32, "real floating")
    assert ag.isdtype(ag.int8, ("bool", "integral"))
    assert not ag.isdtype(ag.int8, ag.int16)
    assert ag.can_cast(ag.int8, ag.float64)
    assert not ag.can_cast(leaf([1.0]), ag.float32)
    assert ag.result_type(leaf(np.float32([1.0])), 1.0) == ag.float32
    assert ag.result_type(ag.int8, leaf(np.float32(1.0))) == ag.float32
    assert ag.finfo(leaf(np.float32(1.0))).bits == 32
    assert ag.finfo(ag.complex128).eps == np.finfo(np.float64).eps
    assert ag.iinfo(ag.uint8).max == ag.iinfo(ag.tensor(np.uint8(1))).max == 255


def test_inspection():
    info = ag.__array_namespace_info__()
    assert info.default_device() == "cpu"
    assert info.devices() == ["cpu"]
    assert info.capabilities()["boolean indexing"] is True
    assert info.default_dtypes()["real floating"] == ag.float64
    assert info.default_dtypes()["indexing"] == ag.int64
    assert info.dtypes(kind="bool") == {"bool": ag.bool}
    assert set(info.dtypes(kind=("real floating", "complex floating"))) == {
        "float32",
        "float64",
        "complex64",
        "complex128",
    }
    assert len(info.dtypes()) == 13


@pytest.mark.parametrize("namespace", [ag, np])
@pytest.mark.parametrize("shape", [None, (4,), ()])
@pytest.mark.parametrize("name", ["zeros_like", "ones_like", "empty_like", "full_like"])
def test_likes_of_an_array_of_another_library_are_such_arrays(name, shape, namespace):
    x = ag.Tensor(DuckArray(np.arange(6.0, dtype="float32").reshape(2, 3)))
    fill = (2.5,) if name == "full_like" else ()
    made = getattr(namespace, name)(x, *fill, shape=shape)
    assert isinstance(made._data, DuckArray)
    assert made.shape == ((2, 3) if shape is None else shape)
    assert made.dtype == np.float32
    expected = {"zeros_like": 0.0, "ones_like": 1.0, "full_like": 2.5}.get(name)
    assert expected is None or (unwrap(made._data) == expected).all()


def test_filling_like_an_array_of_another_library_with_a_tensor_keeps_its_gradient():
    c = ag.Tensor(DuckArray(np.array(2.0)), requires_grad=True)
    made = ag.full_like(ag.Tensor(DuckArray(np.ones((2, 3)))), c)
    assert isinstance(made._data, DuckArray)
    made.sum().backward()
    assert unwrap(c.grad._data) == 6.0


def test_an_array_without_numpys_dtypes_is_refused_in_clear_words():
    class Foreign:
        dtype = "strict float"

        def __array_namespace__(self):
            return np

    with pytest.raises(TypeError, match=r"Foreign of dtype strict float.*from_dlpack"):
        ag.tensor(Foreign())
