"""Making Tensors: from data, filled with a number, or regularly spaced.

All take ``requires_grad`` as PyTorch's do. Without ``dtype`` they make the default float dtype
(``ag.set_default_dtype``), where NumPy makes float64.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .errors import explain
from .ops.broadcasting import broadcast_to
from .primitive import implements
from .tensor import Tensor
from .values import get_default_dtype

__all__ = [
    "arange",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "full",
    "full_like",
    "geomspace",
    "identity",
    "linspace",
    "logspace",
    "ones",
    "ones_like",
    "tensor",
    "tri",
    "zeros",
    "zeros_like",
]

Shape = int | tuple[int, ...]


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False, name: str | None = None) -> Tensor:
    """A leaf of the graph that holds a copy of ``data``.

    Args:
        data: a number, nested lists of numbers, an array, or a Tensor that requires no gradient.
        dtype: of the elements; that of the data if left out.
        requires_grad: whether gradients with respect to it are wanted.
        name: what tables, errors and pictures call it.

    Returns:
        A Tensor with memory of its own.

    Raises:
        TypeError: for data that are not numbers, and for integers that should require a gradient.
        NoGradientError: for a Tensor that requires a gradient: the copy would lose it (``x.clone()``
            keeps it, ``x.detach()`` says that it may go).

    >>> import autograd_core as ag
    >>> ag.tensor([[1.0, 2.0], [3.0, 4.0]], name="w")
    tensor([[1., 2.],
            [3., 4.]], name='w')
    """
    if isinstance(data, Tensor):
        data = data._plain_value("ag.tensor(t)")
    made = Tensor(data, dtype=dtype, name=name)
    if isinstance(data, np.ndarray) and np.may_share_memory(made._data, data):
        made = Tensor(made._data.copy(), name=name)
    elif hasattr(type(data), "__array_namespace__") and made._data is data:  # an array of another library
        made._data = made._data.copy()
    return made.requires_grad_() if requires_grad else made


def asarray(data: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Tensor:
    """``data`` as a Tensor, sharing memory with it where that is possible.

    A Tensor is returned as it is, with its graph; converting or copying it is an operation of the graph.

    Args:
        data: a number, nested lists of numbers, an array or a Tensor.
        dtype: of the elements; that of the data if left out.
        device: ``None`` or ``"cpu"``.
        copy: ``True`` for memory of its own, ``False`` for an error where the data would have to be
            copied, ``None`` for a copy only where it is needed.

    Returns:
        A Tensor.

    Raises:
        ValueError: if ``copy=False`` and a copy is needed, and for an unknown device.

    >>> import autograd_core as ag, numpy as np
    >>> array = np.zeros(2)
    >>> t = ag.asarray(array)
    >>> array[0] = 1
    >>> t
    tensor([1., 0.])
    """
    _check_device("asarray", device)
    if isinstance(data, Tensor):
        if dtype is not None and np.dtype(dtype) != data.dtype:
            if copy is False:
                raise _copy_needed(f"a Tensor of dtype {data.dtype} to be {np.dtype(dtype)}")
            return data.astype(dtype)
        return data.clone() if copy else data
    if copy:
        return tensor(data, dtype=dtype)
    made = Tensor(data, dtype=dtype)
    if copy is False and not (isinstance(data, np.ndarray) and np.may_share_memory(made._data, data)):
        raise _copy_needed(f"{type(data).__name__} as an array")
    return made


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A Tensor from an array of another library, through the DLPack protocol, without a copy if possible.

    Args:
        x: an object with ``__dlpack__``: a PyTorch tensor, a JAX array ...
        device: ``None`` or ``"cpu"``.
        copy: as for ``asarray``.

    Returns:
        A Tensor; gradients do not pass between libraries.

    Raises:
        NoGradientError: for a Tensor of ours that requires a gradient.
        BufferError: if the other library cannot export the array.

    >>> import autograd_core as ag, numpy as np
    >>> ag.from_dlpack(np.arange(3.0))
    tensor([0., 1., 2.])
    """
    _check_device("from_dlpack", device)
    # NumPy passes a copy= on to the exporter, which need not know it: so only where one is asked for.
    if copy is None:
        return Tensor(np.from_dlpack(x))
    if np.lib.NumpyVersion(np.__version__) >= "2.1.0":
        return Tensor(np.from_dlpack(x, copy=copy))
    shared = np.from_dlpack(x)  # NumPy 2.0 knows no copy=, and never copies
    return Tensor(shared.copy() if copy else shared)


def zeros(shape: Shape, dtype: Any = None, *, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A Tensor of ``shape`` filled with 0.

    >>> import autograd_core as ag
    >>> ag.zeros((2, 2))
    tensor([[0., 0.],
            [0., 0.]])
    """
    return _made("zeros", np.zeros, shape, dtype, device, requires_grad)


def ones(shape: Shape, dtype: Any = None, *, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A Tensor of ``shape`` filled with 1.

    >>> import autograd_core as ag
    >>> ag.ones(3, dtype="float32")
    tensor([1., 1., 1.], dtype=float32)
    """
    return _made("ones", np.ones, shape, dtype, device, requires_grad)


def empty(shape: Shape, dtype: Any = None, *, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A Tensor of ``shape`` with whatever stands in its memory, to be written into.

    >>> import autograd_core as ag
    >>> ag.empty((2, 3)).shape
    (2, 3)
    """
    return _made("empty", np.empty, shape, dtype, device, requires_grad)


def full(
    shape: Shape, fill_value: Any, dtype: Any = None, *, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A Tensor of ``shape`` filled with ``fill_value``.

    The fill value may be a Tensor; its gradient is then the sum of the result's.

    Args:
        shape: the shape of the result.
        fill_value: a number, or an array that broadcasts to ``shape``.
        dtype: that of ``fill_value`` if left out.
        device: ``None`` or ``"cpu"``.
        requires_grad: whether gradients with respect to the result are wanted.

    Returns:
        A Tensor of ``shape``.

    >>> import autograd_core as ag
    >>> c = ag.tensor(2.0, requires_grad=True)
    >>> table = ag.full((2, 3), c).sum().backward()
    >>> c.grad
    tensor(6.)
    """
    _check_device("full", device)
    if isinstance(fill_value, Tensor):
        value = fill_value if dtype is None else fill_value.astype(dtype)
        # A multiplication gives every entry memory of its own.
        filled = broadcast_to(value, shape) * np.ones_like(value._data, shape=())
    else:
        filled = Tensor(np.full(_shape("full", shape), Tensor(fill_value, dtype=dtype)._data))
    return filled.requires_grad_() if requires_grad else filled


@implements(np.zeros_like)
def zeros_like(
    x: Any, dtype: Any = None, *, shape: Shape | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A Tensor of the shape (or of another ``shape``) and dtype of ``x`` filled with 0.

    >>> import autograd_core as ag
    >>> ag.zeros_like(ag.tensor([1.0, 2.0]))
    tensor([0., 0.])
    """
    return _made_like("zeros_like", np.zeros_like, x, dtype, shape, device, requires_grad)


@implements(np.ones_like)
def ones_like(
    x: Any, dtype: Any = None, *, shape: Shape | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A Tensor of the shape (or of another ``shape``) and dtype of ``x`` filled with 1.

    >>> import autograd_core as ag
    >>> ag.ones_like(ag.tensor([1.5, 2.5]))
    tensor([1., 1.])
    """
    return _made_like("ones_like", np.ones_like, x, dtype, shape, device, requires_grad)


@implements(np.empty_like)
def empty_like(
    x: Any, dtype: Any = None, *, shape: Shape | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A Tensor of the shape (or of another ``shape``) and dtype of ``x`` with whatever stands in its memory.

    >>> import autograd_core as ag
    >>> ag.empty_like(ag.tensor([1.5, 2.5])).shape
    (2,)
    """
    return _made_like("empty_like", np.empty_like, x, dtype, shape, device, requires_grad)


@implements(np.full_like)
def full_like(
    x: Any,
    fill_value: Any,
    dtype: Any = None,
    *,
    shape: Shape | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A Tensor of the shape (or of another ``shape``) and dtype of ``x`` filled with ``fill_value``.

    The fill value may be a Tensor; its gradient is then the sum of the result's.

    >>> import autograd_core as ag
    >>> ag.full_like(ag.tensor([1.0, 2.0]), 7)
    tensor([7., 7.])
    """
    array = _array(x)
    if not isinstance(array, np.ndarray | np.generic | Tensor) and not isinstance(fill_value, Tensor):
        return _made_like(
            "full_like", partial(np.full_like, fill_value=fill_value), x, dtype, shape, device, requires_grad
        )
    dtype = array.dtype if dtype is None else dtype
    shape = array.shape if shape is None else shape
    return full(shape, fill_value, dtype, device=device, requires_grad=requires_grad)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1,
    dtype: Any = None,
    *,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Evenly spaced numbers from ``start`` to ``stop`` (left out), ``step`` apart.

    Integers give integers, floats the default float dtype.

    Args:
        start: the first number; with ``stop`` left out, the end of a range from 0.
        stop: the end, which is not part of it.
        step: the distance.
        dtype: of the elements.
        device: ``None`` or ``"cpu"``.
        requires_grad: whether gradients with respect to the result are wanted.

    Returns:
        A Tensor of one axis.

    >>> import autograd_core as ag
    >>> ag.arange(3), ag.arange(1.0, 2.0, 0.5)
    (tensor([0, 1, 2]), tensor([1. , 1.5]))
    """
    _check_device("arange", device)
    start, stop = (0, start) if stop is None else (start, stop)
    if dtype is None and any(isinstance(number, float) for number in (start, stop, step)):
        dtype = get_default_dtype()
    return _leaf(np.arange(start, stop, step, dtype=dtype), requires_grad)


@implements(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``num`` evenly spaced numbers from ``start`` to ``stop``.

    With Tensors as ends the i-th number is start·(1 − wᵢ) + stop·wᵢ, so its derivatives are 1 − wᵢ and wᵢ.

    Args:
        start, stop: the ends, numbers or arrays that broadcast to each other.
        num: how many numbers.
        endpoint: whether ``stop`` is the last of them.
        dtype: of the elements.
        axis: where the new axis goes, if the ends are arrays.
        device: ``None`` or ``"cpu"``.
        requires_grad: whether gradients with respect to the result are wanted.

    Returns:
        A Tensor with one axis more than the ends.

    >>> import autograd_core as ag
    >>> ag.linspace(0.0, 1.0, 5)
    tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    _check_device("linspace", device)
    if isinstance(start, Tensor) or isinstance(stop, Tensor):
        spaced = _between(start, stop, num, endpoint, axis, lambda a, b, w: a * (1 - w) + b * w)
        return spaced if dtype is None else spaced.astype(dtype)
    return _leaf(np.linspace(start, stop, num, endpoint, dtype=_float(dtype, start, stop), axis=axis), requires_grad)


@implements(np.logspace)
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
    *,
    requires_grad: bool = False,
) -> Tensor:
    """``num`` numbers from base^start to base^stop, evenly spaced on a logarithmic scale.

    Args:
        start, stop: the exponents at the ends.
        num: how many numbers.
        endpoint: whether the second end is the last of them.
        base: of the powers; may be a Tensor too.
        dtype: of the elements.
        axis: where the new axis goes, if the ends are arrays.
        requires_grad: whether gradients with respect to the result are wanted.

    Returns:
        A Tensor with one axis more than the ends.

    >>> import autograd_core as ag
    >>> ag.logspace(0.0, 2.0, 3)
    tensor([  1.,  10., 100.])
    """
    if any(isinstance(x, Tensor) for x in (start, stop, base)):
        if np.ndim(base):
            base = np.expand_dims(base, axis)
        powers = base ** linspace(start, stop, num, endpoint, axis=axis)
        return powers if dtype is None else powers.astype(dtype)
    dtype = _float(dtype, start, stop)
    return _leaf(np.logspace(start, stop, num, endpoint, base=base, dtype=dtype, axis=axis), requires_grad)


@implements(np.geomspace)
def geomspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
    *,
    requires_grad: bool = False,
) -> Tensor:
    """``num`` numbers from ``start`` to ``stop``, each a constant multiple of the one before.

    Args:
        start, stop: the ends, of equal sign and not 0.
        num: how many numbers.
        endpoint: whether ``stop`` is the last of them.
        dtype: of the elements.
        axis: where the new axis goes, if the ends are arrays.
        requires_grad: whether gradients with respect to the result are wanted.

    Returns:
        A Tensor with one axis more than the ends.

    >>> import autograd_core as ag
    >>> ag.geomspace(1.0, 8.0, 4)
    tensor([1., 2., 4., 8.])
    """
    if isinstance(start, Tensor) or isinstance(stop, Tensor):
        spaced = _between(start, stop, num, endpoint, axis, lambda a, b, w: a * (b / a) ** w)
        return spaced if dtype is None else spaced.astype(dtype)
    return _leaf(np.geomspace(start, stop, num, endpoint, dtype=_float(dtype, start, stop), axis=axis), requires_grad)


def _between(start: Any, stop: Any, num: int, endpoint: bool, axis: int, mix: Any) -> Tensor:
    """``mix(start, stop, w)`` with weights from 0 to 1 along a new axis."""
    dtype = np.result_type(*(getattr(end, "dtype", end) for end in (start, stop)))
    if dtype.kind not in "fc":
        dtype = get_default_dtype()
    start, stop = (end if isinstance(end, Tensor) else asarray(end, dtype=dtype) for end in (start, stop))
    weights = np.linspace(0.0, 1.0, num, endpoint, dtype=np.finfo(dtype).dtype)
    ndim = max(start.ndim, stop.ndim)
    return np.moveaxis(mix(start, stop, weights.reshape((-1,) + (1,) * ndim)), 0, axis)


def eye(
    n: int,
    m: int | None = None,
    k: int = 0,
    dtype: Any = None,
    *,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """An ``n`` by ``m`` (by default ``n`` by ``n``) matrix with ones on the ``k``-th diagonal.

    >>> import autograd_core as ag
    >>> ag.eye(2, 3, k=1)
    tensor([[0., 1., 0.],
            [0., 0., 1.]])
    """
    _check_device("eye", device)
    return _leaf(np.eye(n, m, k, dtype=_float(dtype)), requires_grad)


def identity(n: int, dtype: Any = None, *, requires_grad: bool = False) -> Tensor:
    """The ``n`` by ``n`` identity matrix.

    >>> import autograd_core as ag
    >>> ag.identity(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    return eye(n, dtype=dtype, requires_grad=requires_grad)


def tri(n: int, m: int | None = None, k: int = 0, dtype: Any = None, *, requires_grad: bool = False) -> Tensor:
    """An ``n`` by ``m`` matrix with ones on and below the ``k``-th diagonal.

    >>> import autograd_core as ag
    >>> ag.tri(2)
    tensor([[1., 0.],
            [1., 1.]])
    """
    return _leaf(np.tri(n, m, k, dtype=_float(dtype)), requires_grad)


# -- helpers ---------------------------------------------------------------------------------------


def _made(name: str, make: Any, shape: Any, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    _check_device(name, device)
    return _leaf(make(_shape(name, shape, dtype), dtype=_float(dtype)), requires_grad)


def _made_like(name: str, make: Any, x: Any, dtype: Any, shape: Any, device: Any, requires_grad: bool) -> Tensor:
    _check_device(name, device)
    return _leaf(make(_array(x), dtype=dtype, shape=shape), requires_grad)


def _leaf(value: Any, requires_grad: bool) -> Tensor:
    return Tensor(value, requires_grad)


def _array(x: Any) -> Any:
    """The value of which only the shape and the dtype are asked."""
    return x._data if isinstance(x, Tensor) else x if hasattr(x, "dtype") else np.asarray(x)


def _shape(name: str, shape: Any, second: Any = None) -> Any:
    """``shape`` as NumPy takes it; ``zeros(2, 3)`` is refused with a hint."""
    if isinstance(second, int) and not isinstance(second, bool):
        raise TypeError(
            explain(
                f"ag.{name}",
                expected="the shape as one argument",
                got=f"the numbers {shape} and {second}",
                remedy=f"write ag.{name}(({shape}, {second}))",
            )
        )
    return shape


def _float(dtype: Any, *ends: Any) -> Any:
    """``dtype``, or the default float dtype unless one of ``ends`` is an array, which has a dtype."""
    return get_default_dtype() if dtype is None and not any(hasattr(end, "dtype") for end in ends) else dtype


def _check_device(name: str, device: Any) -> None:
    if device not in (None, "cpu"):
        raise ValueError(explain(name, expected="device=None or device='cpu'", got=repr(device), remedy="leave it out"))


def _copy_needed(what: str) -> ValueError:
    return ValueError(
        explain("asarray(copy=False)", expected="data to share memory with", got=what, remedy="leave out copy=False")
    )
