"""The methods that Tensors share with NumPy's arrays and, where tutorials use them, with PyTorch's.

A method is the function of the same name, so its documentation is written once, there.
"""

from __future__ import annotations

from .ops import elementwise, reductions, shapes
from .recording import Node, binary_method, unary_method


class ElementwiseMethods(Node):
    """Functions of every entry."""

    __slots__ = ()

    exp = unary_method(elementwise.exp)
    log = unary_method(elementwise.log)
    sqrt = unary_method(elementwise.sqrt)
    tanh = unary_method(elementwise.tanh)
    conj = unary_method(elementwise.conjugate)
    astype = elementwise.astype

    @property
    def real(self):
        """The real part."""
        return elementwise.real(self)

    @property
    def imag(self):
        """The imaginary part."""
        return elementwise.imag(self)


class ReductionMethods(Node):
    """Sums, means, extremes."""

    __slots__ = ()

    sum = reductions.sum


class ShapeMethods(Node):
    """Rearrangements."""

    __slots__ = ()

    reshape = shapes.reshape
    swapaxes = shapes.swapaxes


class IndexingMethods(Node):
    """Picking, sorting and searching."""

    __slots__ = ()


class LinalgMethods(Node):
    """Products."""

    __slots__ = ()


class ArrayMethods(ElementwiseMethods, ReductionMethods, ShapeMethods, IndexingMethods, LinalgMethods):
    """All of them."""

    __slots__ = ()
