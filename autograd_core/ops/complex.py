"""Complex numbers and their parts.

Rules are plain transposes (see ``docs/conventions.md``): with g the gradient of out, the change of the
result is Re(g·dout). So a part like Re z gets g, and Im z = Re(−iz) gets −ig.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitive import Array, constant, define, implements
from .arithmetic import absolute
from .axes import as_array
from .pointwise import unary, zeros

__all__ = [
    "angle",
    "conj",
    "conjugate",
    "imag",
    "iscomplex",
    "iscomplexobj",
    "isreal",
    "isrealobj",
    "real",
    "real_if_close",
]

constant(np.iscomplexobj, np.isrealobj)

conjugate = unary(
    "conjugate",
    np.conjugate,
    lambda g, out, x: np.conjugate(g),
    "1",
    "The complex conjugate a − ib of a + ib. (The formula is for real x.)",
    ("ag.conjugate(ag.tensor([1 + 2j]))", "tensor([1.-2.j])"),
    numpy=np.conjugate,
    symbol="conj",
)
conj = conjugate
real = unary(
    "real",
    np.real,
    lambda g, out, x: g + 0j if x.dtype.kind == "c" else g,
    "1",
    "The real part.",
    ("ag.real(ag.tensor([1 + 2j]))", "tensor([1.])"),
    numpy=np.real,
    symbol="Re",
)
imag = unary(
    "imag",
    np.imag,
    lambda g, out, x: g * -1j if x.dtype.kind == "c" else zeros(g),
    "−i",
    "The imaginary part; 0 for real x.",
    ("ag.imag(ag.tensor([1 + 2j]))", "tensor([2.])"),
    numpy=np.imag,
    symbol="Im",
)


def _angle_rule(g: Any, out: Any, x: Any) -> Any:
    if x.dtype.kind != "c":
        return zeros(g)
    return g * -1j * (x != 0) / (x + (x == 0))


_angle = define(
    "angle",
    np.angle,
    _angle_rule,
    formulas="−i/{a}",
    symbol="arg",
    elementwise=True,
    doc="The angle of a complex number.",
)


@implements(np.angle)
def angle(z: Array, deg: bool = False) -> Array:
    """The angle of z = r·exp(iφ), in (−π, π]; for real z it is 0 or π.

    dφ = Im(dz/z), so the gradient is iz/|z|²; at 0 it is taken as 0. For real z it is 0.

    Args:
        z: an array of any shape.
        deg: whether to give degrees.

    Returns:
        A real array of the same shape.

    >>> import autograd_core as ag
    >>> ag.angle(ag.tensor([1j, -1 + 0j]), deg=True)
    tensor([ 90., 180.])
    """
    phi = _angle(z)
    return phi * (180 / math.pi) if deg else phi


isreal = unary(
    "isreal", np.isreal, None, "", "Whether the imaginary part is 0.",
    ("ag.isreal(ag.tensor([1 + 0j, 1j]))", "tensor([ True, False])"), numpy=np.isreal,
)  # fmt: skip
iscomplex = unary(
    "iscomplex", np.iscomplex, None, "", "Whether the imaginary part is not 0.",
    ("ag.iscomplex(ag.tensor([1 + 0j, 1j]))", "tensor([False,  True])"), numpy=np.iscomplex,
)  # fmt: skip


def iscomplexobj(x: Any) -> bool:
    """Whether the dtype is complex.

    >>> import autograd_core as ag
    >>> ag.iscomplexobj(ag.tensor([1 + 0j]))
    True
    """
    return np.iscomplexobj(x)


def isrealobj(x: Any) -> bool:
    """Whether the dtype is not complex.

    >>> import autograd_core as ag
    >>> ag.isrealobj(ag.tensor([1.0]))
    True
    """
    return np.isrealobj(x)


@implements(np.real_if_close)
def real_if_close(a: Array, tol: float = 100) -> Array:
    """The real part, if all imaginary parts are as good as 0; otherwise ``a`` itself.

    The gradient is that of ``real``, or passes unchanged.

    Args:
        a: an array of any shape.
        tol: how large an imaginary part may be: absolutely, or, if above 1, in units of the dtype's epsilon.

    Returns:
        A real or complex array of the same shape.

    >>> import autograd_core as ag
    >>> ag.real_if_close(ag.tensor([1 + 1e-15j]))
    tensor([1.])
    """
    a = as_array(a)
    if a.dtype.kind != "c":
        return a
    limit = tol * float(np.finfo(a.dtype).eps) if tol > 1 else tol
    return real(a) if np.all(absolute(imag(a)) < limit) else a
