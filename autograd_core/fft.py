"""Fourier transforms, with the names of ``numpy.fft``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .ops.fourier import (
    fft,
    fft2,
    fftn,
    fftshift,
    hfft,
    ifft,
    ifft2,
    ifftn,
    ifftshift,
    ihfft,
    irfft,
    irfft2,
    irfftn,
    rfft,
    rfft2,
    rfftn,
)
from .primitive import Array
from .recording import make_constant

__all__ = [
    "fft",
    "fft2",
    "fftfreq",
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
    "rfftfreq",
    "rfftn",
]


def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Array:
    """The frequencies that the entries of ``fft`` belong to: 0, 1, ..., -2, -1, divided by n d.

    Args:
        n: how many entries.
        d: the distance of two samples.
        dtype: a floating-point dtype, if not float64.
        device: "cpu".

    Returns:
        n frequencies, a constant.

    >>> import autograd_core as ag
    >>> ag.fft.fftfreq(4)
    tensor([ 0.  ,  0.25, -0.5 , -0.25])
    """
    frequencies = np.fft.fftfreq(n, d, device=device)
    return make_constant(frequencies if dtype is None else frequencies.astype(dtype))


def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Array:
    """The frequencies that the entries of ``rfft`` belong to: 0, 1, ..., n//2, divided by n d.

    Args:
        n: how many entries were transformed.
        d: the distance of two samples.
        dtype: a floating-point dtype, if not float64.
        device: "cpu".

    Returns:
        n//2 + 1 frequencies, a constant.

    >>> import autograd_core as ag
    >>> ag.fft.rfftfreq(4)
    tensor([0.  , 0.25, 0.5 ])
    """
    frequencies = np.fft.rfftfreq(n, d, device=device)
    return make_constant(frequencies if dtype is None else frequencies.astype(dtype))
