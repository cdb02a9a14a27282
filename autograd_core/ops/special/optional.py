"""SciPy as an optional dependency: its functions are looked up when they are first called."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import modes
from ...errors import NoGradientError, explain
from ..pointwise import strong

__all__: list[str] = []


def from_scipy(name: str, instead: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """The forward function that SciPy's ``scipy.special`` has under ``name``.

    Args:
        name: SciPy's name of it.
        instead: what to use where SciPy is not installed; without it the call raises.
    """
    found: Callable[..., Any] | None = None

    def forward(*inputs: Any) -> Any:
        nonlocal found
        if found is None:
            found = _find(name, instead)
        if len(inputs) == 1 and hasattr(inputs[0], "dtype"):
            return found(inputs[0])
        return _weakly(found, inputs)

    return forward


def _weakly(function: Callable[..., Any], inputs: tuple[Any, ...]) -> Any:
    """``function(*inputs)``, where Python numbers are weak: they do not turn float32 into float64."""
    if all(type(x) in (float, int) for x in inputs):
        return function(*inputs).item()
    return function(*strong(*inputs))


def _find(name: str, instead: Callable[..., Any] | None) -> Callable[..., Any]:
    try:
        import scipy.special
    except ImportError:
        if instead is not None:
            return instead
        raise ImportError(
            explain(
                f"special.{name}",
                expected="SciPy, which computes this function",
                got="an environment without it",
                remedy="pip install scipy",
            )
        ) from None
    return getattr(scipy.special, name)


def entry_by_entry(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """A function of the ``math`` module on every entry of an array: slow, and there without SciPy."""
    ufunc = np.frompyfunc(function, 1, 1)

    def forward(x: Any) -> Any:
        dtype = np.result_type(x, np.float16)
        values = ufunc(x)
        return values.astype(dtype) if hasattr(values, "astype") else dtype.type(values)

    return forward


def refuse_gradient(function: str, **arguments: Any) -> None:
    """Raise where a gradient would be lost, since there is no derivative with respect to an argument here."""
    for name, value in arguments.items():
        if getattr(value, "requires_grad", False) and modes.state.grad_enabled:
            raise NoGradientError(
                explain(
                    f"special.{function}",
                    expected=f"a constant as {name}, since the derivative with respect to it is not known here",
                    got="a Tensor that requires a gradient",
                    remedy=f"pass {name}.detach() if that is meant",
                )
            )


def check_order(function: str, order: Any) -> Any:
    """The order of a Bessel function and the like, which must be a number.

    Raises:
        TypeError: for anything else, since no derivative with respect to the order is known here.
    """
    if isinstance(order, int | float | np.integer | np.floating) and math.isfinite(order):
        return order.item() if isinstance(order, np.generic) else order
    raise TypeError(
        explain(
            f"special.{function}",
            expected="a number as order",
            got=type(order).__name__,
            remedy="call it once per order; derivatives with respect to the order are not available",
        )
    )
