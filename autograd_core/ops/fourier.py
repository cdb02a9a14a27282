"""Fourier transforms.

A transform along an axis of n entries is a product with the matrix F_kj = c exp(-2 pi i jk/n), which is
symmetric, and rules are plain transposes: the rule of ``fft`` is ``fft``. A transform first cuts its
input or fills it up with zeros to n entries; the rule does the opposite.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, define, implements
from .axes import as_array, cut
from .matrices import conj

__all__ = [
    "fft",
    "fft2",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftn",
]

# The norm of the transform in the other direction.
OPPOSITE = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


def _fitted(x: Any, axis: int, n: int) -> Any:
    """``x`` with n entries along ``axis``: cut off, or filled up with zeros."""
    have = x.shape[axis]
    if have == n:
        return x
    if have > n:
        return cut(x, 0, n, axis)
    zeros = np.zeros_like(x, shape=(*x.shape[:axis], n - have, *x.shape[axis + 1 :]))
    return np.concatenate([x, zeros], axis=axis)


# -- one axis ------------------------------------------------------------------------------------------------


def _fft_rule(g: Any, out: Any, x: Any, n: int, axis: int, norm: Any) -> Any:
    return _fitted(_fft(g, n=n, axis=axis, norm=norm), axis, x.shape[axis])


def _ifft_rule(g: Any, out: Any, x: Any, n: int, axis: int, norm: Any) -> Any:
    return _fitted(_ifft(g, n=n, axis=axis, norm=norm), axis, x.shape[axis])


def _rfft_rule(g: Any, out: Any, x: Any, n: int, axis: int, norm: Any) -> Any:
    """The other half of the frequencies was not computed: its gradient is 0. The real part is what counts."""
    return _fitted(np.real(_fft(g, n=n, axis=axis, norm=norm)), axis, x.shape[axis])


def _irfft_rule(g: Any, out: Any, x: Any, n: int, axis: int, norm: Any) -> Any:
    """Every frequency stands for two, itself and its conjugate, but for 0 and, if n is even, n/2."""
    half = conj(_rfft(g, n=n, axis=axis, norm=OPPOSITE[norm]))
    last = n // 2 if n % 2 == 0 else n // 2 + 1
    parts = [cut(half, 0, 1, axis), 2 * cut(half, 1, last, axis), cut(half, max(last, 1), None, axis)]
    return _fitted(np.concatenate(parts, axis=axis), axis, x.shape[axis])


_fft = define("fft", lambda x, n, axis, norm: np.fft.fft(x, n, axis, norm), _fft_rule, formulas="F", symbol="F")
_ifft = define("ifft", lambda x, n, axis, norm: np.fft.ifft(x, n, axis, norm), _ifft_rule, formulas="F⁻¹", symbol="F⁻¹")
_rfft = define("rfft", lambda x, n, axis, norm: np.fft.rfft(x, n, axis, norm), _rfft_rule, formulas="Re F", symbol="F")
_irfft = define(
    "irfft", lambda x, n, axis, norm: np.fft.irfft(x, n, axis, norm), _irfft_rule, formulas="2 F*/n", symbol="F⁻¹"
)


def _real_array(name: str, x: Any) -> Any:
    x = as_array(x)
    if x.dtype.kind == "c":
        raise TypeError(
            explain(name, expected="real numbers", got=f"dtype {x.dtype}", remedy="use fft, or take the real part")
        )
    return x


def _opposite(name: str, norm: Any) -> str:
    if norm not in OPPOSITE:
        raise ValueError(
            explain(
                name,
                expected="norm 'backward', 'ortho' or 'forward'",
                got=f"norm={norm!r}",
                remedy="pass one of them, or leave norm out for 'backward'",
            )
        )
    return OPPOSITE[norm]


def _line(name: str, x: Any, n: Any, axis: int, norm: Any, default: int | None = None) -> dict[str, Any]:
    """The attributes of a transform along one axis, checked: n positive, the axis counted from the left."""
    _opposite(name, norm)
    if not -x.ndim <= axis < x.ndim:
        raise IndexError(
            explain(name, expected=f"an axis of an array of shape {x.shape}", got=str(axis), remedy="pass another axis")
        )
    axis = operator.index(axis) % x.ndim
    n = (x.shape[axis] if default is None else default) if n is None else operator.index(n)
    if n < 1:
        raise ValueError(
            explain(name, expected="at least one entry", got=f"n={n}", remedy="pass a positive n or a longer array")
        )
    return {"n": n, "axis": axis, "norm": norm}


@implements(np.fft.fft)
def fft(a: Array, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The discrete Fourier transform: y_k = sum over j of a_j exp(-2 pi i jk/n).

    Args:
        a: an array, real or complex.
        n: the number of entries to transform: ``a`` is cut or filled up with zeros; its length if left out.
        axis: along which axis.
        norm: "backward" (no factor, the default), "ortho" (1/sqrt(n)) or "forward" (1/n).

    Returns:
        Complex numbers, n of them along ``axis``.

    Raises:
        ValueError: for n < 1 or another ``norm``.
        IndexError: for an axis that ``a`` does not have.

    >>> import autograd_core as ag
    >>> ag.fft.fft(ag.tensor([1.0, 2.0, 3.0, 4.0])).tolist()
    [(10+0j), (-2+2j), (-2+0j), (-2-2j)]
    """
    a = as_array(a)
    return _fft(a, **_line("fft", a, n, axis, norm))


@implements(np.fft.ifft)
def ifft(a: Array, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The inverse of ``fft``: x_j = 1/n sum over k of a_k exp(2 pi i jk/n).

    Args:
        a, n, axis: as for ``fft``.
        norm: "backward" (1/n, the default), "ortho" (1/sqrt(n)) or "forward" (no factor).

    Returns:
        Complex numbers, n of them along ``axis``.

    Raises:
        ValueError: for n < 1 or another ``norm``.
        IndexError: for an axis that ``a`` does not have.

    >>> import autograd_core as ag
    >>> ag.fft.ifft(ag.tensor([10.0, -2.0, -2.0, -2.0])).real.tolist()
    [1.0, 3.0, 3.0, 3.0]
    """
    a = as_array(a)
    return _ifft(a, **_line("ifft", a, n, axis, norm))


@implements(np.fft.rfft)
def rfft(a: Array, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The first half of the Fourier transform of real numbers; the other half is its conjugate.

    Args:
        a: a real array.
        n, axis, norm: as for ``fft``.

    Returns:
        Complex numbers, n//2 + 1 of them along ``axis``.

    Raises:
        TypeError: for complex ``a``.
        ValueError: for n < 1 or another ``norm``.
        IndexError: for an axis that ``a`` does not have.

    >>> import autograd_core as ag
    >>> ag.fft.rfft(ag.tensor([1.0, 2.0, 3.0, 4.0])).tolist()
    [(10+0j), (-2+2j), (-2+0j)]
    """
    a = _real_array("rfft", a)
    return _rfft(a, **_line("rfft", a, n, axis, norm))


@implements(np.fft.irfft)
def irfft(a: Array, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The inverse of ``rfft``: real numbers out of the first half of their Fourier transform.

    Args:
        a: the first half of a transform. The imaginary parts at frequency 0, and at n/2 for even n, are
            not used.
        n: the number of entries of the result; 2 (m - 1) for m entries of ``a`` if left out.
        axis: along which axis.
        norm: as for ``ifft``.

    Returns:
        Reals, n of them along ``axis``.

    Raises:
        ValueError: for n < 1 or another ``norm``.
        IndexError: for an axis that ``a`` does not have.

    >>> import autograd_core as ag
    >>> ag.fft.irfft(ag.tensor([10.0, -2.0 + 2.0j, -2.0])).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    a = as_array(a)
    default = 2 * (a.shape[axis] - 1) if -a.ndim <= axis < a.ndim else None
    return _irfft(a, **_line("irfft", a, n, axis, norm, default))


@implements(np.fft.hfft)
def hfft(a: Array, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The Fourier transform of a signal with a_-j = conj(a_j), of which ``a`` is the first half: reals.

    Args:
        a: the first half of the signal.
        n: the number of entries of the result; 2 (m - 1) for m entries of ``a`` if left out.
        axis, norm: as for ``fft``.

    Returns:
        Reals, n of them along ``axis``.

    Raises:
        ValueError: for n < 1 or another ``norm``.

    >>> import autograd_core as ag
    >>> ag.fft.hfft(ag.tensor([1.0, 2.0, 3.0])).tolist()
    [8.0, -2.0, 0.0, -2.0]
    """
    a = as_array(a)
    norm = _opposite("hfft", norm)
    default = 2 * (a.shape[axis] - 1) if -a.ndim <= axis < a.ndim else None
    return _irfft(conj(a), **_line("hfft", a, n, axis, norm, default))


@implements(np.fft.ihfft)
def ihfft(a: Array, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The inverse of ``hfft``: the first half of the signal whose Fourier transform is real.

    Args:
        a: a real array.
        n, axis: as for ``fft``.
        norm: as for ``ifft``.

    Returns:
        Complex numbers, n//2 + 1 of them along ``axis``.

    Raises:
        TypeError: for complex ``a``.
        ValueError: for n < 1 or another ``norm``.

    >>> import autograd_core as ag
    >>> ag.fft.ihfft(ag.tensor([8.0, -2.0, 0.0, -2.0])).real.tolist()
    [1.0, 2.0, 3.0]
    """
    a = _real_array("ihfft", a)
    return conj(_rfft(a, **_line("ihfft", a, n, axis, _opposite("ihfft", norm))))


# -- several axes --------------------------------------------------------------------------------------------


def _fitted_to(contribution: Any, x: Any, axes: Sequence[int]) -> Any:
    for axis in axes:
        contribution = _fitted(contribution, axis, x.shape[axis])
    return contribution


def _fftn_rule(g: Any, out: Any, x: Any, s: Any, axes: Any, norm: Any) -> Any:
    return _fitted_to(_fftn(g, s=s, axes=axes, norm=norm), x, axes)


def _ifftn_rule(g: Any, out: Any, x: Any, s: Any, axes: Any, norm: Any) -> Any:
    return _fitted_to(_ifftn(g, s=s, axes=axes, norm=norm), x, axes)


_fftn = define("fftn", lambda x, s, axes, norm: np.fft.fftn(x, s, axes, norm), _fftn_rule, formulas="F", symbol="F")
_ifftn = define(
    "ifftn", lambda x, s, axes, norm: np.fft.ifftn(x, s, axes, norm), _ifftn_rule, formulas="F⁻¹", symbol="F⁻¹"
)


def _grid(name: str, x: Any, s: Any, axes: Any, norm: Any, half: bool = False) -> dict[str, Any]:
    """The attributes of a transform along several axes, checked: a positive length for each axis.

    Args:
        half: whether the last of the axes holds the first half of a transform.
    """
    if axes is None:
        axes = range(x.ndim) if s is None else range(x.ndim - len(s), x.ndim)
    axes = tuple(axes)
    lengths = (None,) * len(axes) if s is None else tuple(None if k in (None, -1) else k for k in s)
    if len(lengths) != len(axes):
        raise ValueError(
            explain(name, expected="one length in s for each axis", got=f"s={s} and axes={axes}", remedy="pass both")
        )
    lines = []
    for position, (n, axis) in enumerate(zip(lengths, axes)):
        last = half and s is None and position == len(axes) - 1 and -x.ndim <= axis < x.ndim
        lines.append(_line(name, x, n, axis, norm, 2 * (x.shape[axis] - 1) if last else None))
    return {"s": tuple(k["n"] for k in lines), "axes": tuple(k["axis"] for k in lines), "norm": norm}


def _split(name: str, grid: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The attributes of a transform along several axes apart: for all but the last axis, and for the last."""
    s, axes, norm = grid["s"], grid["axes"], grid["norm"]
    if not axes:
        raise ValueError(explain(name, expected="at least one axis", got="none", remedy="pass an array with axes"))
    return {"s": s[:-1], "axes": axes[:-1], "norm": norm}, {"n": s[-1], "axis": axes[-1], "norm": norm}


@implements(np.fft.fftn)
def fftn(a: Array, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None) -> Array:
    """The Fourier transform along several axes, one after the other.

    Args:
        a: an array, real or complex.
        s: the number of entries along each axis: ``a`` is cut or filled up with zeros; -1 for its length.
        axes: along which axes; the last len(s), or all, if left out.
        norm: as for ``fft``.

    Returns:
        Complex numbers, s of them along the axes.

    Raises:
        ValueError: for a length below 1, for s and axes that do not match, for another ``norm``.
        IndexError: for an axis that ``a`` does not have.

    >>> import autograd_core as ag
    >>> ag.fft.fftn(ag.tensor([[1.0, 2.0], [3.0, 4.0]])).real.tolist()
    [[10.0, -2.0], [-4.0, 0.0]]
    """
    a = as_array(a)
    return _fftn(a, **_grid("fftn", a, s, axes, norm))


@implements(np.fft.ifftn)
def ifftn(
    a: Array, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None
) -> Array:
    """The inverse of ``fftn``. Arguments as there, ``norm`` as for ``ifft``.

    >>> import autograd_core as ag
    >>> ag.fft.ifftn(ag.tensor([[10.0, -2.0], [-4.0, 0.0]])).real.tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    a = as_array(a)
    return _ifftn(a, **_grid("ifftn", a, s, axes, norm))


@implements(np.fft.rfftn)
def rfftn(
    a: Array, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None
) -> Array:
    """The Fourier transform of real numbers along several axes, the last of which is halved as in ``rfft``.

    Args:
        a: a real array.
        s, axes, norm: as for ``fftn``.

    Returns:
        Complex numbers, s of them along the axes, but s[-1]//2 + 1 along the last.

    Raises:
        TypeError: for complex ``a``.
        ValueError: for a length below 1, for s and axes that do not match, for another ``norm``.

    >>> import autograd_core as ag
    >>> ag.fft.rfftn(ag.tensor([[1.0, 2.0], [3.0, 4.0]])).real.tolist()
    [[10.0, -2.0], [-4.0, 0.0]]
    """
    a = _real_array("rfftn", a)
    others, last = _split("rfftn", _grid("rfftn", a, s, axes, norm))
    out = _rfft(a, **last)
    return _fftn(out, **others) if others["axes"] else out


@implements(np.fft.irfftn)
def irfftn(
    a: Array, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None
) -> Array:
    """The inverse of ``rfftn``: real numbers.

    Args:
        a: a transform that is halved along the last of the axes.
        s: the number of entries of the result along each axis; for the last 2 (m - 1), with m those of
            ``a``, if left out.
        axes: as for ``fftn``.
        norm: as for ``ifft``.

    Returns:
        Reals, s of them along the axes.

    Raises:
        ValueError: for a length below 1, for s and axes that do not match, for another ``norm``.

    >>> import autograd_core as ag
    >>> ag.fft.irfftn(ag.tensor([[10.0, -2.0], [-4.0, 0.0]])).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    a = as_array(a)
    others, last = _split("irfftn", _grid("irfftn", a, s, axes, norm, half=True))
    return _irfft(_ifftn(a, **others) if others["axes"] else a, **last)


@implements(np.fft.fft2)
def fft2(a: Array, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Array:
    """``fftn`` along the last two axes.

    >>> import autograd_core as ag
    >>> ag.fft.fft2(ag.tensor([[1.0, 2.0], [3.0, 4.0]])).real.tolist()
    [[10.0, -2.0], [-4.0, 0.0]]
    """
    return fftn(a, s, axes, norm)


@implements(np.fft.ifft2)
def ifft2(a: Array, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Array:
    """``ifftn`` along the last two axes.

    >>> import autograd_core as ag
    >>> ag.fft.ifft2(ag.tensor([[10.0, -2.0], [-4.0, 0.0]])).real.tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    return ifftn(a, s, axes, norm)


@implements(np.fft.rfft2)
def rfft2(a: Array, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Array:
    """``rfftn`` along the last two axes.

    >>> import autograd_core as ag
    >>> ag.fft.rfft2(ag.tensor([[1.0, 2.0], [3.0, 4.0]])).real.tolist()
    [[10.0, -2.0], [-4.0, 0.0]]
    """
    return rfftn(a, s, axes, norm)


@implements(np.fft.irfft2)
def irfft2(a: Array, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Array:
    """``irfftn`` along the last two axes.

    >>> import autograd_core as ag
    >>> ag.fft.irfft2(ag.tensor([[10.0, -2.0], [-4.0, 0.0]])).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    return irfftn(a, s, axes, norm)


# -- shifts --------------------------------------------------------------------------------------------------


def _shifted(x: Any, axes: Any, sign: int) -> Any:
    x = as_array(x)
    chosen = tuple(range(x.ndim)) if axes is None else (axes,) if np.ndim(axes) == 0 else tuple(axes)
    return np.roll(x, tuple(sign * (x.shape[k] // 2) for k in chosen), chosen)


@implements(np.fft.fftshift)
def fftshift(x: Array, axes: int | Sequence[int] | None = None) -> Array:
    """Move frequency 0 from the front to the middle.

    Args:
        x: an array.
        axes: along which axes; all if left out.

    Returns:
        An array of the same shape.

    >>> import autograd_core as ag
    >>> ag.fft.fftshift(ag.tensor([0.0, 1.0, 2.0, -2.0, -1.0]))
    tensor([-2., -1.,  0.,  1.,  2.])
    """
    return _shifted(x, axes, 1)


@implements(np.fft.ifftshift)
def ifftshift(x: Array, axes: int | Sequence[int] | None = None) -> Array:
    """The inverse of ``fftshift``: move frequency 0 from the middle to the front.

    Args:
        x: an array.
        axes: along which axes; all if left out.

    Returns:
        An array of the same shape.

    >>> import autograd_core as ag
    >>> ag.fft.ifftshift(ag.tensor([-2.0, -1.0, 0.0, 1.0, 2.0]))
    tensor([ 0.,  1.,  2., -2., -1.])
    """
    return _shifted(x, axes, -1)
