"""Summaries: the plain numbers of arrays of every kind, thumbnails, and several arrays together."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import asdict

import numpy as np
import pytest

import autograd_core as ag
import viz
from viz import summary as summaries
from viz.summary import combine, summarize

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble", "int8", "uint64", "bool"])
@pytest.mark.parametrize("shape", [(7,), (5, 9), (2, 3, 4), ()])
def test_statistics_are_those_of_numpy(dtype, shape):
    array = (RNG.normal(size=shape) * 3).clip(0 if dtype in ("uint64", "bool") else -math.inf).astype(dtype)
    found = summarize(array)
    exact = np.asarray(array, dtype=np.float64)
    assert (found.shape, found.dtype, found.size, found.nbytes) == (shape, array.dtype.name, array.size, array.nbytes)
    assert (found.min, found.max) == (exact.min(), exact.max())
    measured = (found.mean, found.std, found.rms)
    expected = (exact.mean(), exact.std(), np.sqrt((exact**2).mean()))
    np.testing.assert_allclose(measured, expected, rtol=1e-12, atol=1e-15)
    assert found.zeros == (exact == 0).sum()
    assert (found.nans, found.infs) == (0, 0)


def test_complex_numbers_are_measured_by_their_absolute_values():
    found = summarize(np.array([3 + 4j, 0, 1j]))
    assert (found.min, found.max, found.mean, found.zeros) == (0.0, 5.0, 2.0, 1)
    assert summarize(np.array([complex(np.nan, 1), 1])).nans == 1


@pytest.mark.parametrize("value", [2.5, np.float32(2.5), np.float64(-2.5), np.array(2.5), 3, True, np.int16(-3), 1j])
def test_numbers(value):
    found = summarize(value)
    size = abs(complex(value))
    assert (found.shape, found.size, found.rms, found.std, found.thumbnail) == ((), 1, size, 0.0, ())
    assert found.dtype == np.asarray(value).dtype.name


BROKEN = [np.nan, np.inf, -np.inf]


@pytest.mark.parametrize("value", BROKEN)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, complex])
def test_broken_numbers_alone(value, dtype):
    for array in (dtype(value), np.full((6, 6), value, dtype)):
        found = summarize(array)
        assert (found.min, found.max, found.mean, found.std, found.rms) == (None,) * 5
        assert found.bad == found.size
        assert found.nans == (found.size if np.isnan(value) else 0)
        assert set("".join(found.thumbnail)) <= {"!"}
        assert not found.all_zero


def test_statistics_are_of_what_is_finite():
    found = summarize(np.array([[1.0, np.nan, 3.0], [np.inf, -np.inf, 0.0]]))
    assert (found.min, found.max, found.zeros, found.nans, found.infs) == (0.0, 3.0, 1, 1, 2)
    assert found.mean == pytest.approx(4 / 3)
    assert found.thumbnail == ("1!3", "!!.")
    assert found.statistics() == "mean 1.33 · std 1.25 · 17 % zeros · 1 NaN · 2 Inf"


@pytest.mark.parametrize("size", [1e308, 1.7e308, 1e200, 1e-160, 1e-310, 5e-324])
def test_extreme_numbers_neither_overflow_nor_vanish(size):
    array = size * np.array([1.0, -1.0, 1.0, -1.0, 1.0, 0.0])
    found = summarize(array)
    assert found.rms == pytest.approx(size * math.sqrt(5 / 6), rel=0.2 if size < 1e-320 else 1e-9)
    assert found.mean == pytest.approx(size / 6, rel=1 if size < 1e-320 else 1e-9, abs=0)
    assert found.thumbnail == ("3c3c3.",)
    both = combine([found, found])
    assert both.rms == pytest.approx(found.rms, rel=0.2 if size < 1e-320 else 1e-9)


def test_large_blocks_do_not_overflow():
    blocks = np.kron(np.array([[1.0, -1.0], [0.5, 0.0]]), np.ones((16, 16)))
    assert summarize(1.5e308 * blocks).thumbnail == summarize(blocks).thumbnail


def test_large_offsets_do_not_spoil_the_spread():
    found = summarize(1e9 + np.array([0.0, 1.0] * 50))
    assert found.std == pytest.approx(0.5, rel=1e-6)
    assert combine([found, found]).std == pytest.approx(0.5, rel=1e-6)


def test_nothing_to_measure():
    for empty in (np.zeros(0), np.zeros((0, 3)), np.zeros((3, 0)), np.array([], dtype=bool)):
        found = summarize(empty)
        assert (found.size, found.mean, found.zero_share, found.thumbnail, found.all_zero) == (0, None, 0.0, (), False)
        assert found.statistics() == ""
    for other in (np.array(["text"]), np.array([None, 2]), np.array(["2020-01-01"], dtype="M8[D]"), object()):
        assert summarize(other).mean is None


class Elsewhere:
    """An array whose memory NumPy cannot reach."""

    shape, dtype, nbytes = (2, 3), "float32", 24

    def __array__(self, *args, **kwargs):
        raise TypeError("not here")


def test_arrays_of_other_devices_have_shape_and_dtype():
    found = summarize(Elsewhere())
    assert (found.shape, found.dtype, found.size, found.nbytes, found.rms) == ((2, 3), "float32", 6, 24, None)


def test_no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for array in (
            np.array([np.nan, np.inf, 1e308, -1e308, 1e308, 5e-324]),
            np.full((9, 9), 6e4, np.float16),
            np.full((3, 3), 1e308 + 1e308j),
            np.array([np.nan] * 9),
            np.ma.array([1.0, 2.0, 3.0, 4.0, 5.0], mask=[0, 1, 0, 0, 0]),
        ):
            summarize(array)


def test_pieces_of_large_arrays(monkeypatch):
    array = RNG.normal(size=(50, 41)).astype(np.float32)
    whole = summarize(array)
    monkeypatch.setattr(summaries, "PIECE", 100)
    pieces = summarize(array)
    assert pieces.rms == pytest.approx(whole.rms, rel=1e-12)
    assert pieces.std == pytest.approx(whole.std, rel=1e-12)


def test_inputs_stay_as_they_are():
    array = RNG.normal(size=(20, 20))
    array.flags.writeable = False
    before = array.copy()
    summarize(array[::2, ::-3])
    np.testing.assert_array_equal(array, before)


# -- thumbnails ----------------------------------------------------------------------------------


def test_a_thumbnail_is_the_means_of_blocks():
    blocks = np.array([[0.0, 1.0, 2.0], [3.0, -1.0, -2.0], [-3.0, 0.4, -0.6]])
    assert summarize(np.kron(blocks, np.ones((1, 1)))).thumbnail == (".12", "3ab", "c.a")
    large = np.kron(RNG.permutation(np.linspace(-1, 1, 64)).reshape(8, 8), np.ones((5, 7)))
    rows = summarize(large).thumbnail
    assert [len(row) for row in rows] == [8] * 8
    expected = np.rint(large[::5, ::7] * 3).astype(int)
    assert rows == tuple("".join("cba.123"[3 + level] for level in row) for row in expected)


@pytest.mark.parametrize(
    ("shape", "size"),
    [((4,), None), ((5,), (1, 5)), ((500,), (1, 16)), ((2, 3), (2, 3)), ((100, 3), (8, 3)), ((4, 5, 6, 9), (8, 8))],
)
def test_sizes_of_thumbnails(shape, size):
    rows = summarize(np.ones(shape)).thumbnail
    assert rows == (() if size is None else ("3" * size[1],) * size[0])
    assert summarize(np.zeros(shape)).thumbnail == (() if size is None else ("." * size[1],) * size[0])


def test_dead_units_are_columns_of_zeros():
    array = np.ones((4, 5))
    array[:, [1, 3]] = 0
    array[0, 0] = 0
    assert summarize(array).dead_units == 2
    assert summarize(array.ravel()).dead_units == 0
    images = np.ones((2, 3, 4, 4))
    images[:, 1] = 0
    images[0, 2] = 0
    assert summarize(images).dead_units == 1
    assert summarize(np.zeros((3, 0))).dead_units == 0


# -- several arrays ------------------------------------------------------------------------------


def test_several_arrays_together_are_as_one():
    arrays = [RNG.normal(size=(4, 5)), np.zeros(3), np.array([np.nan, 7.0, np.inf]), np.array(2.0), np.zeros((0, 2))]
    found = combine(summarize(array) for array in arrays)
    one = summarize(np.concatenate([array.ravel() for array in arrays]))
    for name in ("size", "nbytes", "min", "max", "zeros", "nans", "infs", "dtype"):
        assert getattr(found, name) == getattr(one, name), name
    for name in ("mean", "std", "rms"):
        assert getattr(found, name) == pytest.approx(getattr(one, name), rel=1e-12), name
    assert (found.shape, found.thumbnail) == (None, ())


def test_together_with_nothing():
    single = summarize(np.ones((3, 3)))
    assert combine([None, single]) == single
    assert combine([]) is None
    assert combine([None]) is None
    assert combine([summarize(np.float32(1)), summarize(1)]).dtype == "mixed"
    assert combine([summarize(np.full(5, np.nan)), summarize(np.zeros(0))]).rms is None
    assert combine([summarize(np.zeros(5)), summarize(np.zeros(2))]).all_zero


# -- in the view ---------------------------------------------------------------------------------


def test_views_hold_summaries_and_no_arrays():
    x = ag.Tensor(np.arange(12.0).reshape(3, 4), requires_grad=True, name="x")
    view = viz.draw((x * x).mean()).view
    assert view.nodes[0].summary == summarize(x.data)
    assert view.nodes[0].gradient_summary.max == pytest.approx(22 / 12)
    data = json.loads(json.dumps(asdict(view), allow_nan=False))
    assert data["nodes"][0]["summary"]["thumbnail"] == ["..11", "1122", "2233"]


def test_not_computed_has_no_summary():
    x = ag.Tensor([1.0, 2.0], requires_grad=True, name="x")
    nodes = viz.draw(x * 2, gradients="stored").view.nodes
    assert {node.gradient_summary for node in nodes} == {None}
