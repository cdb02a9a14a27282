"""From what users write down (numbers, lists, arrays) to the value of a node."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import explain

_chosen_float: np.dtype[Any] | None = None  # what ``set_default_dtype`` was given
_default_float: np.dtype[Any] | None = None  # the same, None for float64: asked for by every Tensor


def set_default_dtype(dtype: Any) -> None:
    """Choose the dtype of Tensors made from Python floats (and lists of them), and of parameters of modules.

    As long as nothing is chosen, Tensors follow NumPy, with float64, and parameters follow PyTorch, with float32.
    Arrays keep their own dtype.

    Args:
        dtype: a floating-point dtype for both, or ``None`` to go back to the beginning.

    Raises:
        TypeError: for a dtype that is not floating-point.

    >>> import autograd_core as ag, nn
    >>> ag.set_default_dtype("float32")
    >>> ag.tensor(1.5).dtype
    dtype('float32')
    >>> ag.set_default_dtype("float64")
    >>> nn.Linear(2, 1).weight.dtype
    dtype('float64')
    >>> ag.set_default_dtype(None)
    >>> ag.tensor(1.5).dtype, nn.Linear(2, 1).weight.dtype
    (dtype('float64'), dtype('float32'))
    """
    global _chosen_float, _default_float
    chosen = None if dtype is None else np.dtype(dtype)
    if chosen is not None and chosen.kind != "f":
        raise TypeError(
            explain("set_default_dtype", expected="a floating-point dtype", got=str(chosen), remedy="pass 'float32'")
        )
    _chosen_float = chosen
    _default_float = None if chosen == np.float64 else chosen


def get_default_dtype() -> np.dtype[Any]:
    """The dtype of Tensors made from Python floats.

    >>> import autograd_core as ag
    >>> ag.get_default_dtype()
    dtype('float64')
    """
    return np.dtype(np.float64) if _default_float is None else _default_float


def parameter_dtype(dtype: Any = None) -> np.dtype[Any]:
    """The dtype of a module's parameters: ``dtype`` if given, the default that was chosen, or else float32."""
    if dtype is None:
        dtype = np.float32 if _chosen_float is None else _chosen_float
    return np.dtype(dtype)


def as_value(data: Any, dtype: Any = None) -> Any:
    """``data`` as an array of numbers, not copied where it is one already; 0-d values as NumPy scalars.

    Raises:
        TypeError: if ``data`` does not consist of numbers.
    """
    kind = type(data)
    if kind is float and dtype is None and _default_float is None:
        return np.float64(data)
    if kind is np.ndarray or isinstance(data, np.generic) or hasattr(kind, "__array_namespace__"):
        if kind is not np.ndarray and not isinstance(data.dtype, np.dtype):
            raise _foreign_dtype(data)
        value = data if dtype is None else data.astype(dtype, copy=False)
        if kind is not np.ndarray and isinstance(value, np.ndarray):
            value = value.view(np.ndarray)
    else:
        try:
            value = np.asarray(data, dtype=dtype)
        except ValueError as error:
            raise TypeError(
                explain(
                    "Tensor",
                    expected="numbers, nested lists of numbers of one length per level, or an array",
                    got=f"{kind.__name__} ({error})",
                    remedy="make the lists equally long",
                )
            ) from None
        if dtype is None and _default_float is not None and value.dtype.kind == "f" and not hasattr(data, "dtype"):
            value = value.astype(_default_float)
        if type(value) is not np.ndarray:
            value = value.view(np.ndarray)
    if value.dtype.kind not in "biufc":
        raise TypeError(
            explain(
                "Tensor",
                expected="booleans, integers, floats or complex numbers",
                got=f"{kind.__name__} of dtype {value.dtype}",
                remedy="convert to numbers first; join Tensors with ag.stack or ag.concat",
            )
        )
    return value[()] if type(value) is np.ndarray and value.ndim == 0 else value


def entries_of(x: Any) -> Any:
    """All numbers of a Tensor or an array, for looking at them: inside ``vmap`` those of all examples in one array."""
    value = getattr(x, "_data", x)
    return getattr(value, "entries", value)


def _foreign_dtype(data: Any) -> TypeError:
    return TypeError(
        explain(
            "Tensor",
            expected="an array with NumPy's dtypes and protocols, such as CuPy's and JAX's",
            got=f"{type(data).__module__}.{type(data).__name__} of dtype {data.dtype}",
            remedy="convert it with np.asarray or ag.from_dlpack",
        )
    )
