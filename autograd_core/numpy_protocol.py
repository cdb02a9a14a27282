"""NumPy's functions on Tensors: ``np.exp(t)`` and ``np.concatenate([t, u])`` find their way here.

A function with an operation of its own records that operation. A function whose result is a constant
by its nature (``np.argmax``, ``np.shape``) runs on the values. Any other function runs on the values
only where no gradient can be lost; otherwise it raises and names itself.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from . import modes
from .errors import NoGradientError, explain
from .primitive import CONSTANT_FUNCTIONS, IMPLEMENTATIONS
from .recording import Node, make_constant

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
}


def array_ufunc(self: Any, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """NumPy's protocol for its universal functions."""
    out = kwargs.pop("out", None)
    name = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
    if out is not None:
        if any(isinstance(array, Node) for array in out) or _loses_gradient(inputs):
            raise _refuse_out(name)
        return getattr(ufunc, method)(*_values(inputs), out=out if len(out) > 1 else out[0], **_values(kwargs))
    if method == "__call__":
        ours = IMPLEMENTATIONS.get(ufunc)
        if ours is not None and not kwargs:
            return ours(*inputs)
        if ours is not None and set(kwargs) <= {"dtype"}:
            return ours(*inputs).astype(kwargs["dtype"])
    elif method in ("reduce", "accumulate") and (ufunc, method) in UFUNC_METHODS:
        # np.add.reduce(x) sums over the first axis, np.sum(x) over all.
        kwargs.setdefault("axis", 0) if len(inputs) == 1 else None
        return array_function(self, UFUNC_METHODS[ufunc, method], (), inputs, kwargs)
    elif method == "outer" and ufunc in IMPLEMENTATIONS:
        a, b = inputs
        return IMPLEMENTATIONS[ufunc](np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b, **kwargs)
    if method == "at":
        raise NoGradientError(
            explain(
                name,
                expected="arrays to write into",
                got="a Tensor, whose value is not written into",
                remedy="use x.at[index].add(v), which gives a new Tensor",
            )
        )
    return _on_values(getattr(ufunc, method), name, inputs, kwargs)


def array_function(self: Any, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
    """NumPy's protocol for its other functions."""
    name = f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)
    if kwargs.get("out") is not None:
        raise _refuse_out(name)
    ours = IMPLEMENTATIONS.get(function)
    if ours is None:
        return _on_values(function, name, args, kwargs)
    kwargs.pop("out", None)
    if kwargs:
        kwargs = _without_defaults(function, ours, kwargs, name)
    try:
        return ours(*args, **kwargs)
    except TypeError as error:
        if "argument" in str(error):
            raise TypeError(f"{name} on a Tensor: {error}") from error
        raise


def _without_defaults(function: Any, ours: Any, kwargs: dict[str, Any], name: str) -> dict[str, Any]:
    """Drop arguments that ours does not know where they say what is the default anyway; refuse others."""
    known = _parameters(ours)
    if known is None or known >= kwargs.keys():
        return kwargs
    defaults = _defaults(function)
    kept = {}
    for key, value in kwargs.items():
        if key in known:
            kept[key] = value
        elif key not in defaults or not (value is defaults[key] or value is None):
            raise TypeError(
                explain(
                    name,
                    expected=f"on Tensors only the arguments {', '.join(sorted(known))}",
                    got=f"{key}={value!r}",
                    remedy=f"leave {key} out, or detach the Tensor and work on arrays",
                )
            )
    return kept


@functools.lru_cache(maxsize=None)
def _parameters(function: Any) -> frozenset[str] | None:
    parameters = inspect.signature(function).parameters
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
        return None
    return frozenset(parameters)


@functools.lru_cache(maxsize=None)
def _defaults(function: Any) -> dict[str, Any]:
    try:
        return {key: p.default for key, p in inspect.signature(function).parameters.items()}
    except ValueError:
        return {}


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
            got="out=, which would write into a value that the graph may still need",
            remedy="use the result that the function returns",
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
        return structure._data
    if isinstance(structure, list | tuple):
        items = [_values(item) for item in structure]
        return items if isinstance(structure, list) else tuple(items)
    if isinstance(structure, dict):
        return {key: _values(value) for key, value in structure.items()}
    return structure


def _as_constants(result: Any) -> Any:
    """Arrays in a result as constant Tensors; everything else as it is."""
    if isinstance(result, np.ndarray | np.generic) and result.dtype.kind in "biufc":
        return make_constant(result)
    if type(result) in (list, tuple):
        return type(result)(_as_constants(item) for item in result)
    if isinstance(result, tuple) and hasattr(result, "_make"):
        return result._make(_as_constants(item) for item in result)
    return result
