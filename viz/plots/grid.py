"""Values of a function of two numbers on a grid: what every picture of a surface starts from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core import Tensor, no_grad
from autograd_core.errors import explain


def evaluate_grid(f: Callable[[float, float], Any], xs: Any, ys: Any) -> Any:
    """The values f(x, y) for all x of ``xs`` and y of ``ys``, without recording anything.

    Args:
        f: gets two numbers and returns one, as a number, a Tensor or an array of one element.
        xs: shape (n,), the values of the first one.
        ys: shape (m,), those of the second.

    Returns:
        A float64 array of shape (m, n): a row for every y and a column for every x, as contours take them.
        What is not finite stays as it is.

    Raises:
        ValueError: if ``xs`` or ``ys`` are not one-dimensional and of at least two numbers, or ``f`` returns
            several numbers.

    >>> evaluate_grid(lambda x, y: x + 10 * y, [0, 1, 2], [0, 1])
    array([[ 0.,  1.,  2.],
           [10., 11., 12.]])
    """
    columns, rows = _numbers("xs", xs), _numbers("ys", ys)
    values = np.empty((len(rows), len(columns)))
    with no_grad():
        for row, y in enumerate(rows):
            for column, x in enumerate(columns):
                values[row, column] = _one_number(f(x, y))
    return values


def _numbers(name: str, values: Any) -> list[float]:
    given = np.asarray(values._data if isinstance(values, Tensor) else values, dtype=float)
    if given.ndim != 1 or given.size < 2:
        raise ValueError(
            explain(
                "evaluate_grid",
                expected=f"{name} of at least two numbers, shape (n,)",
                got=f"shape {given.shape}",
                remedy="pass np.linspace(low, high, 41), say",
            )
        )
    return given.tolist()


def _one_number(value: Any) -> float:
    given = np.asarray(value._data if isinstance(value, Tensor) else value)
    if given.size != 1 or given.dtype.kind not in "biuf":
        raise ValueError(
            explain(
                "evaluate_grid",
                expected="a function that returns one real number",
                got=f"shape {given.shape} of dtype {given.dtype}",
                remedy="return the loss: a mean or a sum",
            )
        )
    return float(given.reshape(()))
