"""``ag.fft``: NumPy's calls, gradients of real and complex signals, and errors."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.primitive import IMPLEMENTATIONS
from tests.differences import check_gradients
from tests.parity import agrees
from tests.samples.linalg import matrices

REAL, COMPLEX = matrices(3, 4, 5), matrices(3, 4, 5, unit=1j)
NORMS = [None, "backward", "ortho", "forward"]
LINES = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
GRIDS = ["fftn", "ifftn", "rfftn", "irfftn", "fft2", "ifft2", "rfft2", "irfft2"]
OF_REALS = {"rfft", "ihfft", "rfftn", "rfft2"}


def check(name, x, *args, **kwargs):
    """Values through both namespaces, and gradients by finite differences of Re<w, out>."""
    numpys, ours = getattr(np.fft, name), getattr(ag.fft, name)
    expected = numpys(x, *args, **kwargs)
    t = ag.Tensor(x, requires_grad=True)
    for function in (numpys, ours):
        got = function(t, *args, **kwargs)
        assert isinstance(got, ag.Tensor)
        assert got.requires_grad
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got.detach().numpy(), expected, atol=1e-13)
    np.testing.assert_allclose(ours(x, *args, **kwargs), expected, atol=1e-13)
    check_gradients(lambda t: ours(t, *args, **kwargs), x)


# -- NumPy's calls, with all arguments -----------------------------------------------------------------------


def test_every_function_of_numpy_is_there_and_answers_for_tensors():
    names = {name for name in dir(np.fft) if not name.startswith("_")} - {"test", "helper"}  # a module before 2.4
    assert names == set(ag.fft.__all__)
    for name in names - {"fftfreq", "rfftfreq"}:
        assert getattr(np.fft, name) in IMPLEMENTATIONS, name


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", LINES)
def test_one_axis(name, norm):
    for x in (REAL,) if name in OF_REALS else (REAL, COMPLEX):
        for n in (None, 1, 2, 3, 4, 5, 6, 9):
            check(name, x[0, 0], n, norm=norm)
        check(name, x, None, 1, norm)
        check(name, x, n=3, axis=-2, norm=norm)
        check(name, x, 6, 0)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", GRIDS)
def test_several_axes(name, norm):
    for x in (REAL,) if name in OF_REALS else (REAL, COMPLEX):
        check(name, x, norm=norm)
        check(name, x, (2, 6), (1, 2), norm)
        check(name, x, s=(4, 3), axes=(-1, 0), norm=norm)
        check(name, x, axes=(2, 0), norm=norm)
        check(name, x[0], s=(-1, 4), axes=(0, 1), norm=norm)
        check(name, x[0, 0], s=(4,), axes=(0,), norm=norm)


def test_lengths_without_axes_are_those_of_the_last_axes():
    np.testing.assert_allclose(ag.fft.fftn(REAL, (2, 3)), np.fft.fftn(REAL, (2, 3), (1, 2)))


@pytest.mark.parametrize("axes", [None, 0, -1, (0, 2), (-1, 1)])
def test_shifts(axes):
    agrees(np.fft.fftshift, REAL, axes=axes, ours=ag.fft.fftshift)
    agrees(np.fft.ifftshift, REAL, axes=axes, ours=ag.fft.ifftshift)
    back = ag.fft.ifftshift(ag.fft.fftshift(ag.Tensor(REAL), axes), axes)
    np.testing.assert_array_equal(back.numpy(), REAL)


@pytest.mark.parametrize("n", [1, 4, 5])
def test_frequencies(n):
    for name in ("fftfreq", "rfftfreq"):
        got = getattr(ag.fft, name)(n, 0.5)
        np.testing.assert_array_equal(got.numpy(), getattr(np.fft, name)(n, 0.5))
        assert not got.requires_grad
        assert getattr(ag.fft, name)(n, dtype=np.float32).dtype == np.float32
        assert getattr(ag.fft, name)(n, device="cpu").dtype == np.float64


# -- what the mathematics says --------------------------------------------------------------------------------


def test_there_and_back_is_the_identity():
    t = ag.Tensor(COMPLEX, requires_grad=True)
    weights = matrices(3, 4, 5, seed=1, unit=1j)
    for there, back in (("fft", "ifft"), ("fftn", "ifftn")):
        for norm in NORMS:
            same = getattr(ag.fft, back)(getattr(ag.fft, there)(t, norm=norm), norm=norm)
            np.testing.assert_allclose(same.detach().numpy(), COMPLEX)
            np.testing.assert_allclose(ag.gradients(same, t, weights)[0].numpy(), weights)
    u = ag.Tensor(REAL, requires_grad=True)
    for there, back in (("rfft", "irfft"), ("ihfft", "hfft")):
        same = getattr(ag.fft, back)(getattr(ag.fft, there)(u), 5)
        np.testing.assert_allclose(ag.gradients(same, u, weights.real)[0].numpy(), weights.real)


def test_the_energy_of_a_signal_is_that_of_its_transform():
    for x in (REAL, COMPLEX):
        t = ag.Tensor(x, requires_grad=True)
        energy = (ag.abs(ag.fft.fftn(t, norm="ortho")) ** 2).sum()
        np.testing.assert_allclose(energy.item(), np.sum(np.abs(x) ** 2))
        (g,) = ag.gradients(energy, t, create_graph=True)
        np.testing.assert_allclose(g.detach().numpy(), 2 * x)
        assert g.dtype == t.dtype
        (h,) = ag.gradients(g, t, np.ones_like(x))
        np.testing.assert_allclose(h.numpy(), 2 * np.ones_like(x))


def test_imaginary_parts_that_irfft_does_not_read_have_no_gradient():
    for n, silent in ((8, [0, 4]), (7, [0])):
        t = ag.Tensor(matrices(5, unit=1j), requires_grad=True)
        (g,) = ag.gradients(ag.fft.irfft(t, n), t, matrices(n))
        np.testing.assert_array_equal(g.numpy()[silent].imag, 0)
        assert np.all(g.numpy()[[1, 2, 3]].imag != 0)


def test_entries_that_are_cut_off_have_gradient_zero():
    t = ag.Tensor(matrices(6), requires_grad=True)
    table = ag.abs(ag.fft.fft(t, 4)).sum().backward()
    assert not table[t].numpy()[4:].any()
    assert table[t].numpy()[:4].all()


@pytest.mark.parametrize("name", LINES + GRIDS)
def test_single_precision_stays(name):
    kind = np.float32 if name in OF_REALS else np.complex64
    t = ag.Tensor(matrices(3, 4).astype(kind), requires_grad=True)
    out = getattr(ag.fft, name)(t)
    assert out.dtype in (np.float32, np.complex64)
    (g,) = ag.gradients(ag.abs(out).sum(), t, create_graph=True)
    assert g.dtype == kind
    assert ag.fft.fft(ag.Tensor(np.ones(3, np.float32))).dtype == np.complex64


def test_lists_of_numbers():
    np.testing.assert_allclose(ag.fft.fft([1.0, 2.0]), [3.0, -1.0])
    np.testing.assert_allclose(ag.fft.fftshift([1.0, 2.0, 3.0]), [3.0, 1.0, 2.0])


# -- errors -----------------------------------------------------------------------------------------------------


def test_errors():
    t = ag.Tensor(REAL, requires_grad=True)
    for error, message, call in [
        (
            ValueError,
            "fft: expected norm 'backward', 'ortho' or 'forward', got norm='unit'",
            lambda: ag.fft.fft(t, norm="unit"),
        ),
        (ValueError, "hfft: expected norm", lambda: ag.fft.hfft(t, norm="unit")),
        (ValueError, "fftn: expected norm", lambda: ag.fft.fftn(t, norm="unit")),
        (ValueError, "fft: expected at least one entry, got n=0", lambda: np.fft.fft(t, 0)),
        (ValueError, "irfft: expected at least one entry, got n=0", lambda: ag.fft.irfft(t[..., :1])),
        (ValueError, "ifft: expected at least one entry, got n=0", lambda: ag.fft.ifft(t[:0], axis=0)),
        (IndexError, r"rfft: expected an axis of an array of shape \(3, 4, 5\), got 3", lambda: np.fft.rfft(t, axis=3)),
        (IndexError, "irfft: expected an axis", lambda: ag.fft.irfft(t, axis=-4)),
        (IndexError, "irfftn: expected an axis", lambda: ag.fft.irfftn(t, axes=(0, 5))),
        (ValueError, r"fftn: expected one length in s for each axis", lambda: ag.fft.fftn(t, s=(2,), axes=(0, 1))),
        (ValueError, "rfftn: expected at least one axis, got none", lambda: ag.fft.rfftn(t, axes=())),
        (TypeError, "rfft: expected real numbers, got dtype complex128", lambda: ag.fft.rfft(COMPLEX)),
        (TypeError, "ihfft: expected real numbers", lambda: ag.fft.ihfft(COMPLEX)),
        (TypeError, "rfftn: expected real numbers", lambda: ag.fft.rfftn(COMPLEX)),
        (TypeError, r"np.fft.fft: expected no out=", lambda: np.fft.fft(t, out=np.empty((3, 4, 5), complex))),
    ]:
        with pytest.raises(error, match=message):
            call()
