"""The methods that Tensors share with NumPy's arrays and, where tutorials use them, with PyTorch's.

A method is the function of the same name, so its documentation is written once, there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .errors import explain
from .ops import (
    arithmetic,
    casting,
    choosing,
    comparison,
    complex,
    cumulative,
    diagonals,
    differences,
    exponential,
    gathering,
    indexing,
    joining,
    linalg,
    norms,
    order_statistics,
    products,
    rearranging,
    reductions,
    rounding,
    shapes,
    sorting,
    statistics,
    trigonometric,
)
from .ops.broadcasting import broadcast_to
from .ops.special import error_functions, logistic
from .other_names import ATTRIBUTES, MissingAttribute
from .recording import Node, unary_method


class ElementwiseMethods(Node):
    """Functions of every entry."""

    __slots__ = ()

    abs = absolute = unary_method(arithmetic.absolute)
    acos = arccos = unary_method(trigonometric.arccos)
    acosh = arccosh = unary_method(trigonometric.arccosh)
    angle = complex.angle
    asin = arcsin = unary_method(trigonometric.arcsin)
    asinh = arcsinh = unary_method(trigonometric.arcsinh)
    atan = arctan = unary_method(trigonometric.arctan)
    atanh = arctanh = unary_method(trigonometric.arctanh)
    ceil = unary_method(rounding.ceil)
    conj = conjugate = unary_method(complex.conjugate)
    cos = unary_method(trigonometric.cos)
    cosh = unary_method(trigonometric.cosh)
    erf = unary_method(error_functions.erf)
    exp = unary_method(exponential.exp)
    exp2 = unary_method(exponential.exp2)
    expm1 = unary_method(exponential.expm1)
    floor = unary_method(rounding.floor)
    isfinite = unary_method(comparison.isfinite)
    isinf = unary_method(comparison.isinf)
    isnan = unary_method(comparison.isnan)
    log = unary_method(exponential.log)
    log10 = unary_method(exponential.log10)
    log1p = unary_method(exponential.log1p)
    log2 = unary_method(exponential.log2)
    neg = negative = unary_method(arithmetic.negative)
    reciprocal = unary_method(arithmetic.reciprocal)
    relu = unary_method(choosing.relu)
    round = rounding.round
    sigmoid = unary_method(logistic.expit)
    sign = unary_method(rounding.sign)
    sin = unary_method(trigonometric.sin)
    sinh = unary_method(trigonometric.sinh)
    sqrt = unary_method(arithmetic.sqrt)
    square = unary_method(arithmetic.square)
    tan = unary_method(trigonometric.tan)
    tanh = unary_method(trigonometric.tanh)
    trunc = unary_method(rounding.trunc)

    add = arithmetic.add
    clamp = clip = choosing.clip
    div = divide = arithmetic.divide
    eq = comparison.equal
    ge = comparison.greater_equal
    gt = comparison.greater
    le = comparison.less_equal
    lt = comparison.less
    maximum = choosing.maximum
    minimum = choosing.minimum
    mul = multiply = arithmetic.multiply
    ne = comparison.not_equal
    log_softmax = logistic.log_softmax
    logsumexp = logistic.logsumexp
    pow = arithmetic.power
    softmax = logistic.softmax
    sub = subtract = arithmetic.subtract

    @property
    def real(self) -> Any:
        """The real part."""
        return complex.real(self)

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return complex.imag(self)


class CastingMethods(Node):
    """Conversion to another dtype, with NumPy's name and PyTorch's."""

    __slots__ = ()

    astype = casting.astype
    bool = casting.conversion("bool")
    double = casting.conversion("float64")
    float = casting.conversion("float32")
    half = casting.conversion("float16")
    int = casting.conversion("int32")
    long = casting.conversion("int64")
    to = casting.to
    type = casting.type_
    type_as = casting.to

    def cpu(self) -> Any:
        """The Tensor itself, which lives in the computer's own memory."""
        return self


class ReductionMethods(Node):
    """Sums, means, extremes. ``dim=`` and ``keepdim=`` may stand for ``axis=`` and ``keepdims=``."""

    __slots__ = ()

    all = reductions.all
    amax = reductions.amax
    amin = reductions.amin
    any = reductions.any
    argmax = reductions.argmax
    argmin = reductions.argmin
    count_nonzero = reductions.count_nonzero
    cummax = cumulative.cummax
    cummin = cumulative.cummin
    cumprod = cumulative.cumprod
    cumsum = cumulative.cumsum
    diff = differences.diff
    logcumsumexp = cumulative.logcumsumexp
    max = reductions.max
    mean = reductions.mean
    median = order_statistics.median
    min = reductions.min
    nanmean = statistics.nanmean
    nanmedian = order_statistics.nanmedian
    nanquantile = order_statistics.nanquantile
    nansum = statistics.nansum
    prod = reductions.prod
    quantile = order_statistics.quantile
    std = statistics.std
    sum = reductions.sum
    var = statistics.var


class ShapeMethods(Node):
    """Rearrangements: NumPy's methods, and PyTorch's where their names are not taken."""

    __slots__ = ()

    clone = shapes.clone
    copy = shapes.copy
    diag = diagonals.diag
    diagonal = diagonals.diagonal
    expand_dims = shapes.expand_dims
    flip = rearranging.flip
    fliplr = rearranging.fliplr
    flipud = rearranging.flipud
    moveaxis = shapes.moveaxis
    movedim = shapes.moveaxis
    ravel = shapes.ravel
    roll = rearranging.roll
    rot90 = rearranging.rot90
    squeeze = shapes.squeeze
    swapaxes = shapes.swapaxes
    swapdims = shapes.swapaxes
    tril = diagonals.tril
    triu = diagonals.triu
    unstack = joining.unstack

    @property
    def T(self) -> Any:
        """The axes in reverse order; the transpose of a matrix."""
        return shapes.permute_dims(self)

    @property
    def mT(self) -> Any:
        """The last two axes exchanged: the transpose of each matrix of a stack."""
        return shapes.matrix_transpose(self)

    @property
    def flags(self) -> Any:
        """How the value lies in memory, as NumPy says it."""
        return self._data.flags

    @property
    def strides(self) -> tuple[int, ...]:
        """How many bytes apart neighbours along each axis are."""
        return self._data.strides

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> Any:
        """The same entries in another shape: ``x.reshape(2, -1)`` or ``x.reshape((2, -1))``. See ``ag.reshape``."""
        return shapes.reshape(self, _lengths(shape), order, copy=copy)

    def view(self, *shape: Any) -> Any:
        """PyTorch's ``reshape``. (NumPy's ``view(dtype)`` would read the bytes as something else, and is refused.)"""
        if len(shape) == 1 and not isinstance(shape[0], int | np.integer | tuple | list):
            raise TypeError(
                explain(
                    "view", expected="a shape", got=f"{shape[0]!r}", remedy="use astype to convert to another dtype"
                )
            )
        return shapes.reshape(self, _lengths(shape))

    def reshape_as(self, other: Any) -> Any:
        """The same entries in the shape of ``other``."""
        return shapes.reshape(self, other.shape)

    def view_as(self, other: Any) -> Any:
        """The same entries in the shape of ``other``."""
        return shapes.reshape(self, other.shape)

    def transpose(self, *axes: Any) -> Any:
        """The axes in another order, in reverse if none are named: see ``ag.permute_dims``."""
        return shapes.permute_dims(self, _lengths(axes) if axes and axes != (None,) else None)

    def permute(self, *dims: Any) -> Any:
        """The axes in another order: see ``ag.permute_dims``."""
        return shapes.permute_dims(self, _lengths(dims))

    def t(self) -> Any:
        """The transpose of a matrix; a vector as it is."""
        if self._data.ndim > 2:
            raise ValueError(
                explain("t", expected="a matrix", got=f"shape {self._data.shape}", remedy="use mT, or permute")
            )
        return shapes.permute_dims(self)

    def flatten(self, start_dim: Any = 0, end_dim: int = -1, *, order: str = "C") -> Any:
        """The axes from ``start_dim`` to ``end_dim`` as one: ``x.flatten()`` is a vector.

        NumPy's ``x.flatten("F")`` is understood too.
        """
        if isinstance(start_dim, str):
            start_dim, order = 0, start_dim
        shape = self._data.shape
        if not shape or (start_dim == 0 and end_dim == -1):
            return shapes.ravel(self, order)
        first, last = start_dim % len(shape), end_dim % len(shape)
        return shapes.reshape(self, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]), order)

    def unflatten(self, dim: int, sizes: Any) -> Any:
        """The axis ``dim`` as several, of the lengths ``sizes``."""
        shape = self._data.shape
        dim %= len(shape)
        return shapes.reshape(self, (*shape[:dim], *sizes, *shape[dim + 1 :]))

    def unsqueeze(self, dim: int) -> Any:
        """A new axis of length 1: see ``ag.expand_dims``."""
        return shapes.expand_dims(self, dim)

    def expand(self, *sizes: Any) -> Any:
        """Repeated along axes of length 1, and along new axes in front; -1 leaves an axis as it is."""
        sizes = _lengths(sizes)
        shape = (0,) * (len(sizes) - self._data.ndim) + self._data.shape
        return broadcast_to(self, tuple(old if new == -1 else new for new, old in zip(sizes, shape, strict=True)))

    def expand_as(self, other: Any) -> Any:
        """Repeated to the shape of ``other``."""
        return broadcast_to(self, other.shape)

    def repeat(self, repeats: Any, axis: int | None = None, *more: Any, **options: Any) -> Any:
        """Each entry repeated along an axis, as in NumPy: see ``ag.repeat``. (PyTorch's ``repeat`` is ``tile``.)"""
        if more:
            raise TypeError(
                explain(
                    "repeat",
                    expected="NumPy's arguments repeats and axis",
                    got=f"{2 + len(more)} numbers",
                    remedy="use tile for PyTorch's repeat, or x.repeat(n, axis=i) to repeat entries",
                )
            )
        return rearranging.repeat(self, repeats, **{"axis": axis} if axis is not None else options)

    def tile(self, *reps: Any) -> Any:
        """The whole repeated along axes: see ``ag.tile``. (PyTorch's ``repeat``.)"""
        return rearranging.tile(self, _lengths(reps))

    def split(self, split_size: Any, dim: int = 0, *, axis: int | None = None) -> tuple[Any, ...]:
        """Pieces of the length ``split_size``, the last perhaps shorter, or of the lengths listed, as in PyTorch.

        (``ag.split`` is NumPy's: it takes the number of pieces, or the places to cut before.)
        """
        dim = dim if axis is None else axis
        length = self._data.shape[dim]
        if isinstance(split_size, int | np.integer):
            if split_size < 1:
                raise ValueError(
                    explain("split", expected="a length of at least 1", got=f"{split_size}", remedy="pass one")
                )
            return joining.array_split(self, list(range(split_size, length, split_size)), dim)
        ends = np.cumsum([int(size) for size in split_size])
        if not len(ends) or ends[-1] != length:
            raise ValueError(
                explain(
                    "split",
                    expected=f"lengths that sum to {length}",
                    got=f"{list(split_size)}",
                    remedy="name the length of every piece, or one length for all",
                )
            )
        return joining.array_split(self, ends[:-1], dim)

    def chunk(self, chunks: int, dim: int = 0) -> tuple[Any, ...]:
        """At most ``chunks`` pieces of one length, the last perhaps shorter, as in PyTorch."""
        return ShapeMethods.split(self, max(-(-self._data.shape[dim] // chunks), 1), dim)

    def unbind(self, dim: int = 0) -> tuple[Any, ...]:
        """The pieces along an axis, without that axis: see ``ag.unstack``."""
        return joining.unstack(self, axis=dim)

    def narrow(self, dim: int, start: int, length: int) -> Any:
        """``length`` entries along an axis, from ``start`` on."""
        return indexing.getitem(self, (slice(None),) * (dim % self._data.ndim) + (slice(start, start + length),))

    def contiguous(self) -> Any:
        """The value with the last axis fastest in memory: itself, or a copy."""
        return self if self._data.flags.c_contiguous else shapes.clone(self, "C")

    def is_contiguous(self) -> bool:
        """Whether the last axis is the fastest in memory."""
        return bool(self._data.flags.c_contiguous)

    def numel(self) -> int:
        """The number of elements."""
        return int(self._data.size)

    def dim(self) -> int:
        """The number of axes."""
        return int(self._data.ndim)


def _lengths(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """``(2, 3)`` and ``((2, 3),)`` are the same."""
    if len(arguments) == 1 and isinstance(arguments[0], tuple | list):
        return tuple(arguments[0])
    return arguments


class IndexingMethods(Node):
    """Picking, sorting and searching. ``sort`` and ``partition`` give a new Tensor, unlike NumPy's methods."""

    __slots__ = ()

    argpartition = sorting.argpartition
    argsort = sorting.argsort
    choose = gathering.choose
    gather = gathering.gather
    index_add = indexing.index_add
    index_select = gathering.index_select
    masked_fill = gathering.masked_fill
    masked_select = gathering.masked_select
    nonzero = gathering.nonzero
    partition = sorting.partition
    put = gathering.put
    scatter_add = gathering.scatter_add
    searchsorted = sorting.searchsorted
    sort = sorting.sort
    take = gathering.take
    topk = sorting.topk
    unique = sorting.unique

    def compress(self, condition: Any, axis: int | None = None) -> Any:
        """The slices along ``axis`` for which ``condition`` holds: see ``ag.compress``."""
        return gathering.compress(condition, self, axis)


class LinalgMethods(Node):
    """Products, norms and inverses. ``norm`` is NumPy's: for a matrix, ``norm(2)`` is the largest singular value."""

    __slots__ = ()

    bmm = products.matmul
    det = linalg.det
    dot = products.dot
    inner = products.inner
    inverse = linalg.inv
    matmul = products.matmul
    mm = products.matmul
    mv = products.matmul
    norm = norms.norm
    outer = products.outer
    trace = products.trace
    vdot = products.vdot


class ArrayMethods(ElementwiseMethods, CastingMethods, ReductionMethods, ShapeMethods, IndexingMethods, LinalgMethods):
    """All of them."""

    __slots__ = ()

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in ATTRIBUTES]


for _name, _instead in ATTRIBUTES.items():
    setattr(ArrayMethods, _name, MissingAttribute(_name, _instead))
