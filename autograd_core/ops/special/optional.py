"""SciPy as an optional dependency: its functions are looked up when they are first called."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import NoGradientError, explain
from ...primitive import Rule

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
        return found(*inputs)

    return forward


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


def no_rule(function: str, argument: str) -> Rule:
    """A rule for an argument with respect to which there is no derivative here; it says so."""

    def rule(g: Any, out: Any, x: Any, y: Any = None, z: Any = None) -> Any:
        raise NoGradientError(
            explain(
                f"backward of special.{function}",
                expected=f"a constant as argument {argument}, since the derivative by it is not implemented",
                got="a Tensor that requires a gradient",
                remedy=f"pass {argument} as a number, or {argument}.detach()",
            )
        )

    return rule


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
