"""NumPy's functions on Tensors: ``np.exp(t)`` and ``np.concatenate([t, u])`` find their way here.

A function with an operation of its own records that operation. A function whose result is a constant
by its nature (``np.argmax``, ``np.shape``) runs on the values. Any other function runs on the values
only where no gradient can be lost; otherwise it raises and names itself.

NumPy's functions that do not ask (``np.array``, ``np.fromiter``) convert instead, by ``__array__`` or
``__float__``; these refuse where a gradient would be lost.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from . import modes
from .errors import NoGradientError, explain
from .primitive import CONSTANT_FUNCTIONS, IMPLEMENTATIONS, constant
from .recording import Node, make_constant

# What shows or stores values, or asks about anything but values, gives no number that has a gradient.
constant(np.array2string, np.array_repr, np.array_str, np.save, np.savetxt, np.savez, np.savez_compressed)
constant(np.shape, np.ndim, np.size, np.may_share_memory, np.shares_memory, np.einsum_path)
constant(np.result_type, np.can_cast, np.common_type, np.min_scalar_type, np.iscomplexobj, np.isrealobj)

# ufunc methods: np.add.reduce and its kin. A ufunc's method -> NumPy's function that does the same.
UFUNC_METHODS: dict[tuple[Any, str], Callable[..., Any]] = {
    (np.add, "reduce"): np.sum,
    (np.multiply, "reduce"): np.prod,
    (np.maximum, "reduce"): np.max,
    (np.minimum, "reduce"): np.min,
    (np.logical_and, "reduce"): np.all,
    (np.logical_or, "reduce"): np.any,
    (np.add, "accumulate"): np.cumsum,
    (np.multiply, "accumulate"): np.cumprod,
    # These have no function of another name in NumPy.
    (np.maximum, "accumulate"): np.maximum.accumulate,
    (np.minimum, "accumulate"): np.minimum.accumulate,
    (np.logaddexp, "accumulate"): np.logaddexp.accumulate,
}

# The arguments that every ufunc takes besides its inputs, with the values that ask for nothing.
_UFUNC_DEFAULTS = {
    "casting": "same_kind",
    "dtype": None,
    "keepdims": False,
    "order": "K",
    "signature": None,
    "subok": True,
    "where": True,
}


def array_ufunc(self: Any, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """NumPy's protocol for its universal functions."""
    out = kwargs.pop("out", None)
    name = ("np." if getattr(np, ufunc.__name__, None) is ufunc else "") + ufunc.__name__
    name += "" if method == "__call__" else f".{method}"
    if out is not None:
        if any(isinstance(array, Node) for array in out) or _loses_gradient((inputs, kwargs)):
            raise _refuse_out(name)
        return getattr(ufunc, method)(*_values(inputs), out=out if len(out) > 1 else out[0], **_values(kwargs))
    ours = IMPLEMENTATIONS.get(ufunc)
    if method == "__call__" and ours is not None:
        if not kwargs:
            return ours(*inputs)
        return _call_with_options(ufunc, ours, name, inputs, kwargs)
    if (ufunc, method) in UFUNC_METHODS:
        kwargs.setdefault("axis", 0)  # np.add.reduce(x) sums over the first axis, np.sum(x) over all
        return array_function(self, UFUNC_METHODS[ufunc, method], (), inputs, kwargs)
    if method == "outer" and ours is not None:
        a, b = inputs
        return array_ufunc(self, ufunc, "__call__", np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b, **kwargs)
    if method == "at" and isinstance(inputs[0], Node):
        raise _refuse_writing(name)
    return _on_values(getattr(ufunc, method), name, inputs, kwargs)


def _call_with_options(ufunc: np.ufunc, ours: Any, name: str, inputs: Any, kwargs: dict[str, Any]) -> Any:
    """A ufunc with ``dtype=``, ``axis=`` and the like."""
    dtype = kwargs.pop("dtype", None)
    kwargs = _known_arguments(_UFUNC_DEFAULTS, ours, kwargs, name)
    if dtype is None:
        return ours(*inputs, **kwargs)
    result = ours(*(_as_dtype(x, dtype) for x in inputs), **kwargs)
    return tuple(_as_dtype(x, dtype) for x in result) if isinstance(result, tuple) else _as_dtype(result, dtype)


def _as_dtype(x: Any, dtype: Any) -> Any:
    if not hasattr(x, "dtype"):
        x = np.asarray(x)
    return x if x.dtype == dtype else x.astype(dtype)


def array_function(self: Any, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
    """NumPy's protocol for its other functions."""
    name = _name(function)
    ours = IMPLEMENTATIONS.get(function)
    if kwargs or ours is None or len(args) > _most(ours):
        args, kwargs = _arguments(function, ours, args, kwargs, name)
    if ours is None:
        return _on_values(function, name, args, kwargs)
    try:
        return ours(*args, **kwargs)
    except TypeError as error:
        if "argument" in str(error) and type(error) is TypeError:
            raise TypeError(f"{name} on a Tensor: {error}") from error
        raise


def _name(function: Any) -> str:
    if isinstance(getattr(function, "__self__", None), np.ufunc):
        return f"np.{function.__self__.__name__}.{function.__name__}"
    return f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)


class _Parameters(NamedTuple):
    """What a function takes.

    Attributes:
        names: all parameters that can be given by name; ``None`` if any can.
        positions: those that can be given by position, in order; ``None`` if any number can.
        defaults: the values of those that can be left out.
    """

    names: frozenset[str] | None
    positions: tuple[str, ...] | None
    defaults: dict[str, Any]


# The parameters of functions written in C where ours has not all of them.
_UNTOLD: dict[Any, Callable[..., None]] = {
    np.concatenate: lambda arrays, axis=0, out=None, *, dtype=None, casting="same_kind": None,
    np.dot: lambda a, b, out=None: None,
}


@functools.cache
def _parameters(function: Any) -> _Parameters:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # functions written in C may not tell; ufuncs and others do from NumPy 2.4 on
        if function not in _UNTOLD:
            return _Parameters(None, None, {})
        parameters = inspect.signature(_UNTOLD[function]).parameters.values()
    kinds = {p.kind for p in parameters}
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    positions = tuple(p.name for p in parameters if p.kind in by_position)
    return _Parameters(
        None if inspect.Parameter.VAR_KEYWORD in kinds else frozenset(p.name for p in parameters),
        None if inspect.Parameter.VAR_POSITIONAL in kinds else positions,
        {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty},
    )


@functools.cache
def _most(function: Any) -> float:
    """How many arguments a function takes by position."""
    positions = _parameters(function).positions
    return float("inf") if positions is None else len(positions)


def _arguments(
    function: Any, ours: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments as NumPy's function takes them -> as ours takes them."""
    theirs = _parameters(function)
    kwargs = dict(kwargs)
    own = None if ours is None else _parameters(ours)
    # Arguments by position that ours takes by name, or not at all.
    if own is not None and own.positions is not None and theirs.positions:
        most = len(own.positions)
        if most < len(args) <= len(theirs.positions):
            kwargs.update(zip(theirs.positions[most : len(args)], args[most:], strict=True))
            args = args[:most]
    if kwargs.get("out") is not None:
        raise _refuse_out(name)
    kwargs.pop("out", None)
    if own is None:
        return args, kwargs
    # The first arguments by name, which ours may call otherwise.
    while theirs.positions and len(args) < len(theirs.positions):
        key = theirs.positions[len(args)]
        if key not in kwargs or (own.names is not None and key in own.names):
            break
        args = (*args, kwargs.pop(key))
    return args, _known_arguments(theirs.defaults, ours, kwargs, name) if kwargs else kwargs


def _known_arguments(defaults: Mapping[str, Any], ours: Any, kwargs: dict[str, Any], name: str) -> dict[str, Any]:
    """Drop arguments that ours does not know where they say what is the default anyway; refuse others."""
    known = _parameters(ours).names
    if known is None or known >= kwargs.keys():
        return kwargs
    kept = {}
    for key, value in kwargs.items():
        if key in known:
            kept[key] = value
        elif key not in defaults or not _same(value, defaults[key]):
            raise TypeError(
                explain(
                    name,
                    expected=f"on Tensors only the arguments {', '.join(sorted(known))}",
                    got=f"{key}={value!r}",
                    remedy=f"leave {key} out, or detach the Tensor and work on arrays",
                )
            )
    return kept


def _same(value: Any, default: Any) -> bool:
    return value is default or (isinstance(value, str | int) and type(value) is type(default) and value == default)


def _on_values(function: Callable[..., Any], name: str, args: Any, kwargs: Any) -> Any:
    """Run a function that has no gradient rule on the values, unless that would lose a gradient."""
    if function not in CONSTANT_FUNCTIONS and _loses_gradient((args, kwargs)):
        raise NoGradientError(
            explain(
                name,
                expected="Tensors that require no gradient, since it has no gradient here",
                got="one that requires a gradient, which would be lost",
                remedy="use tensor.detach() if that is meant, or compute it from functions listed in docs/support.md",
            )
        )
    return _as_constants(function(*_values(args), **_values(kwargs)))


def _refuse_out(name: str) -> TypeError:
    return TypeError(
        explain(
            name,
            expected="no out= on Tensors",
            got="out=, which would write into a value that the graph may still need, or lose a gradient",
            remedy="use the result that the function returns",
        )
    )


def _refuse_writing(name: str) -> TypeError:
    return TypeError(
        explain(
            name,
            expected="an array to write into",
            got="a Tensor, whose value the graph may still need",
            remedy="use x[index] = v or x.at[index].add(v), which make a new node, or write into x.data",
        )
    )


def _loses_gradient(structure: Any) -> bool:
    if modes.special and not modes.state.grad_enabled:
        return False
    pending = [structure]
    while pending:
        item = pending.pop()
        if isinstance(item, Node):
            if item._requires_grad:
                return True
        elif isinstance(item, list | tuple):
            pending.extend(item)
        elif isinstance(item, dict):
            pending.extend(item.values())
    return False


def _values(structure: Any) -> Any:
    """Tensors in nested lists, tuples and dicts replaced by their values."""
    if isinstance(structure, Node):
        structure._note_read()
        return structure._data
    if isinstance(structure, list | tuple):
        items = [_values(item) for item in structure]
        return items if isinstance(structure, list) else tuple(items)
    if isinstance(structure, dict):
        return {key: _values(value) for key, value in structure.items()}
    return structure


def _as_constants(result: Any) -> Any:
    """Arrays in a result as constant Tensors; everything else as it is."""
    array = isinstance(result, np.ndarray | np.generic) or hasattr(type(result), "__array_namespace__")
    if array and not isinstance(result, Node) and result.dtype.kind in "biufc":
        return make_constant(result)
    if type(result) in (list, tuple):
        return type(result)(_as_constants(item) for item in result)
    if isinstance(result, tuple) and hasattr(result, "_make"):
        return result._make(_as_constants(item) for item in result)
    return result
