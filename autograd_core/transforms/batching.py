"""``Batch``: many arrays of one shape that pass for one of them.

Rules are plain NumPy, and NumPy's functions can be answered by other classes. So a whole basis of
gradients can travel through one backward pass: a ``Batch`` looks to the rule like a single gradient,
and answers each function with the same function on all of its entries, along a leading axis that the
rule does not see. Functions that are not in the table below run on one entry after the other, so every
rule that works on duck arrays works here too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Batch", "CannotBatch"]


class CannotBatch(Exception):
    """A value of the whole batch was asked for as if it were a single array."""


class Batch(np.lib.mixins.NDArrayOperatorsMixin):
    """n arrays of one shape, stacked along a hidden first axis.

    Args:
        entries: an array whose first axis counts the arrays.

    >>> import numpy as np
    >>> batch = Batch(np.eye(3))
    >>> batch.shape, (batch * np.array([1.0, 2.0, 3.0])).sum().entries
    ((3,), array([1., 2., 3.]))
    """

    __slots__ = ("entries",)

    def __init__(self, entries: Any) -> None:
        self.entries = entries

    def like(self, entries: Any) -> Batch:
        """Other entries of as many arrays."""
        return Batch(entries)

    # -- what an array is ----------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self.entries.shape[1:]

    @property
    def ndim(self) -> int:
        return self.entries.ndim - 1

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.entries.dtype

    @property
    def itemsize(self) -> int:
        return self.entries.itemsize

    @property
    def nbytes(self) -> int:
        return self.entries.nbytes

    @property
    def size(self) -> int:
        return math.prod(self.entries.shape[1:])

    @property
    def T(self) -> Batch:
        return self.like(_transpose(self).entries)

    @property
    def mT(self) -> Batch:
        return self.like(np.swapaxes(self.entries, -1, -2))

    @property
    def real(self) -> Batch:
        return self.like(self.entries.real)

    @property
    def imag(self) -> Batch:
        return self.like(self.entries.imag)

    def __len__(self) -> int:
        return self.entries.shape[1]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise CannotBatch("conversion to an array")

    def __bool__(self) -> bool:
        raise CannotBatch("a truth value")

    def __float__(self) -> float:
        raise CannotBatch("a number")

    def __getattr__(self, name: str) -> Any:
        """NumPy's methods, as its functions of the same name."""
        function = getattr(np, name, None)
        if name.startswith("_") or function is None:
            raise AttributeError(name)
        return lambda *args, **kwargs: function(self, *args, **kwargs)

    def astype(self, dtype: Any, **options: Any) -> Batch:
        return self.like(self.entries.astype(dtype))

    def copy(self) -> Batch:
        return self.like(self.entries.copy())

    # -- NumPy's protocols; the operators call its functions ---------------------------------------

    def __iadd__(self, other: Any) -> Any:
        if isinstance(other, Batch) and other.entries.shape == self.entries.shape and other.dtype == self.dtype:
            self.entries += other.entries
            return self
        return self + other

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "at" and isinstance(inputs[0], Batch):
            target, index, *values = inputs
            value = _aligned(values[0], target[index].ndim) if isinstance(values[0], Batch) else values[0]
            return ufunc.at(target.entries, _index_of(index), value)
        if method in ("reduce", "accumulate") and kwargs.keys() <= {"axis", "keepdims"}:
            kwargs["axis"] = _axes(kwargs.get("axis", 0), inputs[0].ndim)
            return Batch(getattr(ufunc, method)(inputs[0].entries, **kwargs))
        if method != "__call__" or kwargs or any(isinstance(x, list | tuple) for x in inputs):
            raise CannotBatch(f"{ufunc.__name__}.{method}")
        if ufunc is np.matmul:
            return _matmul(*inputs)
        if ufunc.signature is not None:
            return _one_by_one(ufunc, inputs, {})
        return _elementwise(ufunc, *inputs)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        rule = FUNCTIONS.get(function)
        if rule is not None:
            result = rule(*args, **kwargs)
            if result is not NotImplemented:
                return result
        return _one_by_one(function, args, kwargs)

    @staticmethod
    def __record_operation__(primitive: Any, operands: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
        """An operation of the engine called by a rule: its forward function, which is plain NumPy too."""
        try:
            return primitive.forward(*operands, **attributes)
        except CannotBatch:
            return _one_by_one(primitive.forward, operands, attributes)

    def __getitem__(self, index: Any) -> Batch:
        return self.like(self.entries[_index_of(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        ndim = self[index].ndim
        if np.ndim(value) > ndim:
            raise CannotBatch("assigning more axes than there are")
        self.entries[_index_of(index)] = _aligned(value, ndim)


def _index_of(index: Any) -> tuple[Any, ...]:
    """``index`` behind the hidden axis."""
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(part, Batch) for part in parts):
        raise CannotBatch("an index")
    axes = [i for i, part in enumerate(parts) if not (part is None or part is Ellipsis or isinstance(part, slice))]
    advanced = any(type(parts[i]) is not int and not isinstance(parts[i], np.integer) for i in axes)
    # Integers count as index arrays beside arrays; apart from each other, they put their axis first.
    if advanced and axes[-1] - axes[0] != len(axes) - 1:
        raise CannotBatch("index arrays apart from each other")
    return (slice(None), *parts)


def _aligned(x: Any, ndim: int) -> Any:
    """What stands for ``x`` in a function of the stacked entries, which broadcast as arrays of ``ndim`` axes."""
    if not isinstance(x, Batch):
        return x
    entries = x.entries
    missing = ndim + 1 - entries.ndim
    return entries.reshape(entries.shape[:1] + (1,) * missing + entries.shape[1:]) if missing > 0 else entries


def _elementwise(function: Callable[..., Any], *inputs: Any) -> Any:
    ndim = max(np.ndim(x) if not isinstance(x, Batch) else x.entries.ndim - 1 for x in inputs)
    result = function(*[_aligned(x, ndim) for x in inputs])
    return tuple(Batch(part) for part in result) if type(result) is tuple else Batch(result)


def _one_by_one(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Run a function on one entry of the batch after the other."""
    found: list[Batch] = []
    _collect([args, kwargs], found)
    results = [function(*_entry(args, i), **_entry(kwargs, i)) for i in range(len(found[0].entries))]
    if results[0] is None:
        raise CannotBatch("writing into an array")
    if isinstance(results[0], tuple):
        return tuple(Batch(np.stack(parts)) for parts in zip(*results, strict=True))
    return Batch(np.stack(results))


def _collect(structure: Any, found: list[Batch]) -> None:
    if isinstance(structure, Batch):
        found.append(structure)
    elif isinstance(structure, list | tuple | dict):
        for item in structure.values() if isinstance(structure, dict) else structure:
            _collect(item, found)


def _entry(structure: Any, i: int) -> Any:
    if isinstance(structure, Batch):
        return structure.entries[i]
    if type(structure) in (list, tuple):
        return type(structure)(_entry(item, i) for item in structure)
    if type(structure) is dict:
        return {key: _entry(item, i) for key, item in structure.items()}
    return structure


# -- NumPy's functions on batches -------------------------------------------------------------------
# Each returns NotImplemented for arguments that it leaves to ``_one_by_one``.


def _matmul(a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        raise CannotBatch("a product with a number")
    if not isinstance(b, Batch):
        if a.ndim == 1 and b.ndim <= 2:
            return Batch(a.entries @ b)
        if a.ndim == 2 and b.ndim == 2:  # one product of a tall matrix instead of many small ones
            rows = a.entries.reshape(-1, a.entries.shape[-1])
            return Batch((rows @ b).reshape(*a.entries.shape[:-1], b.shape[-1]))
        if b.ndim > 2 and a.ndim == 1:
            return Batch(np.matmul(_aligned(a, b.ndim - 1)[..., None, :], b)[..., 0, :])
        return Batch(np.matmul(_aligned(a, b.ndim), b))
    if not isinstance(a, Batch):
        if b.ndim > 1:
            return Batch(np.matmul(a, _aligned(b, a.ndim)))
        if a.ndim <= 2:
            return Batch(np.matmul(b.entries, a.T))
        return _one_by_one(np.matmul, (a, b), {})
    # A vector on the left is a row, on the right a column; the axis of length 1 is dropped again.
    left = Batch(a.entries[:, None, :]) if a.ndim == 1 else a
    right = Batch(b.entries[:, :, None]) if b.ndim == 1 else b
    ndim = max(left.ndim, right.ndim)
    product = np.matmul(_aligned(left, ndim), _aligned(right, ndim))
    if b.ndim == 1:
        product = product[..., 0]
    if a.ndim == 1:
        product = product[..., 0] if b.ndim == 1 else product[..., 0, :]
    return Batch(product)


def _axes(axis: Any, ndim: int) -> Any:
    """``axis`` of an entry as axes of the stack; all of them for ``None``."""
    if axis is None:
        return tuple(range(1, ndim + 1))
    if isinstance(axis, tuple | list):
        return tuple(_axes(i, ndim) for i in axis)
    if not -ndim <= axis < ndim:  # which the stack may well have
        raise CannotBatch(f"axis {axis} of {ndim}")
    return axis % ndim + 1


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(x: Any, axis: Any = None, *more: Any, keepdims: Any = False, **options: Any) -> Any:
        if more or options or not isinstance(x, Batch):
            return NotImplemented
        return Batch(function(x.entries, axis=_axes(axis, x.ndim), keepdims=bool(keepdims)))

    return reduce


def _along(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of an array and an axis that it keeps."""

    def run(x: Any, axis: Any = None, **options: Any) -> Any:
        if options or axis is None or not isinstance(x, Batch):
            return NotImplemented
        return Batch(function(x.entries, axis=_axes(axis, x.ndim)))

    return run


def _reshape(x: Batch, *shape: Any, order: str = "C", **options: Any) -> Any:
    shape = shape or (options.pop("shape", None),)
    if order != "C" or not all(option is None for option in options.values()):
        return NotImplemented
    flat = shape[0] if len(shape) == 1 else shape
    flat = (flat,) if isinstance(flat, int | np.integer) else tuple(flat)
    return Batch(x.entries.reshape(x.entries.shape[0], *flat))


def _transpose(x: Batch, *axes: Any) -> Any:
    order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
    if not order:
        order = tuple(range(x.ndim))[::-1]
    return Batch(np.transpose(x.entries, (0, *_axes(tuple(order), x.ndim))))


def _swapaxes(x: Batch, axis1: int, axis2: int) -> Batch:
    return Batch(np.swapaxes(x.entries, _axes(axis1, x.ndim), _axes(axis2, x.ndim)))


def _moveaxis(x: Batch, source: Any, destination: Any) -> Batch:
    return Batch(np.moveaxis(x.entries, _axes(source, x.ndim), _axes(destination, x.ndim)))


def _expand_dims(x: Batch, axis: Any) -> Batch:
    more = len(axis) if isinstance(axis, tuple | list) else 1
    return Batch(np.expand_dims(x.entries, _axes(axis, x.ndim + more)))


def _squeeze(x: Batch, axis: Any = None) -> Batch:
    if axis is None:
        axis = tuple(i for i, n in enumerate(x.shape) if n == 1)
    return Batch(np.squeeze(x.entries, _axes(axis, x.ndim)))


def _broadcast_to(x: Any, shape: Any, **options: Any) -> Any:
    if options or not isinstance(x, Batch):
        return NotImplemented
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return Batch(np.broadcast_to(_aligned(x, len(shape)), (x.entries.shape[0], *shape)))


def _where(*args: Any) -> Any:
    return NotImplemented if len(args) != 3 else _elementwise(np.where, *args)


def _like(make: Callable[..., Any]) -> Callable[..., Any]:
    def fill(x: Any, *value: Any, shape: Any = None, dtype: Any = None, **options: Any) -> Any:
        if not isinstance(x, Batch) or options or any(isinstance(v, Batch) for v in value):
            return NotImplemented
        inner = x.shape if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
        return Batch(make(x.entries, *value, shape=(x.entries.shape[0], *inner), dtype=dtype))

    return fill


def _full_stack(item: Any, n: int) -> Any:
    return item.entries if isinstance(item, Batch) else np.broadcast_to(item, (n, *np.shape(item)))


def _joined(function: Callable[..., Any]) -> Callable[..., Any]:
    def join(arrays: Any, axis: Any = 0, **options: Any) -> Any:
        if options or axis is None:
            return NotImplemented
        n = next(len(item.entries) for item in arrays if isinstance(item, Batch))
        ndim = min(np.ndim(item) for item in arrays) + (function is np.stack)
        return Batch(function([_full_stack(item, n) for item in arrays], axis=_axes(axis, ndim)))

    return join


def _einsum(subscripts: Any, *operands: Any, **options: Any) -> Any:
    if not isinstance(subscripts, str) or "..." in subscripts or "->" not in subscripts or options.get("out"):
        return NotImplemented
    inputs, output = subscripts.replace(" ", "").split("->")
    free = next(c for c in "zyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in subscripts)
    terms = [free + t if isinstance(x, Batch) else t for t, x in zip(inputs.split(","), operands, strict=True)]
    arrays = [x.entries if isinstance(x, Batch) else x for x in operands]
    return Batch(np.einsum(f"{','.join(terms)}->{free}{output}", *arrays, **options))


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    if isinstance(a, Batch) and isinstance(b, Batch):
        return NotImplemented
    ndim_a, ndim_b = a.ndim, b.ndim
    if isinstance(axes, int | np.integer):
        axes = list(range(ndim_a - axes, ndim_a)), list(range(axes))
    of_a, of_b = ([i] if isinstance(i, int | np.integer) else list(i) for i in axes)
    if isinstance(a, Batch):
        return Batch(np.tensordot(a.entries, b, (_axes(of_a, ndim_a), of_b)))
    result = np.tensordot(a, b.entries, (of_a, _axes(of_b, ndim_b)))
    return Batch(np.moveaxis(result, ndim_a - len(of_a), 0))


def _of_entries(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that works on the last axes, whatever stands before them."""

    def run(x: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(x, Batch) or x.ndim < 2:
            return NotImplemented
        return Batch(function(x.entries, *args, **kwargs))

    return run


def _solve(a: Any, b: Any) -> Any:
    if a.ndim < 2 or b.ndim < 1:
        return NotImplemented
    if b.ndim == 1:
        columns = Batch(b.entries[:, :, None]) if isinstance(b, Batch) else b[:, None]
        return Batch(np.linalg.solve(_aligned(a, a.ndim), _aligned(columns, a.ndim))[..., 0])
    ndim = max(a.ndim, b.ndim)
    return Batch(np.linalg.solve(_aligned(a, ndim), _aligned(b, ndim)))


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.sum: _reduction(np.sum),
    np.mean: _reduction(np.mean),
    np.prod: _reduction(np.prod),
    np.max: _reduction(np.max),
    np.min: _reduction(np.min),
    np.all: _reduction(np.all),
    np.any: _reduction(np.any),
    np.argmax: _along(np.argmax),
    np.argmin: _along(np.argmin),
    np.argsort: _along(np.argsort),
    np.cumprod: _along(np.cumprod),
    np.sort: _along(np.sort),
    np.cumsum: _along(np.cumsum),
    np.flip: _along(np.flip),
    np.reshape: _reshape,
    np.ravel: lambda x: _reshape(x, -1),
    np.transpose: _transpose,
    np.permute_dims: _transpose,
    np.matrix_transpose: lambda x: Batch(np.swapaxes(x.entries, -1, -2)),
    np.swapaxes: _swapaxes,
    np.moveaxis: _moveaxis,
    np.expand_dims: _expand_dims,
    np.squeeze: _squeeze,
    np.broadcast_to: _broadcast_to,
    np.where: _where,
    np.zeros_like: _like(np.zeros_like),
    np.ones_like: _like(np.ones_like),
    np.empty_like: _like(np.empty_like),
    np.full_like: _like(np.full_like),
    np.concatenate: _joined(np.concatenate),
    np.stack: _joined(np.stack),
    np.einsum: _einsum,
    np.tensordot: _tensordot,
    np.linalg.cholesky: _of_entries(np.linalg.cholesky),
    np.linalg.det: _of_entries(np.linalg.det),
    np.linalg.inv: _of_entries(np.linalg.inv),
    np.linalg.solve: _solve,
    np.tril: _of_entries(np.tril),
    np.triu: _of_entries(np.triu),
    np.real: lambda x: Batch(np.real(x.entries)),
    np.imag: lambda x: Batch(np.imag(x.entries)),
    np.copy: lambda x, **options: Batch(np.copy(x.entries)),
    np.astype: lambda x, dtype, **options: Batch(x.entries.astype(dtype)),
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
    np.size: lambda x: x.size,
    np.iscomplexobj: lambda x: x.dtype.kind == "c",
    np.isrealobj: lambda x: x.dtype.kind != "c",
    np.result_type: lambda *args: np.result_type(*(x.dtype if isinstance(x, Batch) else x for x in args)),
}
