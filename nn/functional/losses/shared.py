"""What losses have in common: arguments that belong together, and the reduction to one number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.functions import mean as _mean
from autograd_core.functions import sum as _sum
from autograd_core.values import as_value, entries_of

from ...sizes import check_number

__all__: list[str] = []

REDUCTIONS = ("mean", "sum", "none")


def check_reduction(operation: str, reduction: str, allowed: tuple[str, ...] = REDUCTIONS) -> None:
    """Refuse an unknown reduction."""
    if reduction not in allowed:
        names = [repr(name) for name in allowed]
        raise ValueError(
            explain(
                operation,
                expected=f"reduction {', '.join(names[:-1])} or {names[-1]}",
                got=repr(reduction),
                remedy="pass one of them",
            )
        )


def reduce_loss(loss: Any, reduction: str, operation: str) -> Any:
    """The mean, the sum, or every entry of a loss."""
    if reduction == "mean":
        return mean_of(loss)
    if reduction == "sum":
        return _sum(loss)
    check_reduction(operation, reduction)
    return loss


def mean_of(loss: Any) -> Any:
    """The mean of all entries; NaN if there are none, without NumPy's warning."""
    return _mean(loss) if 0 not in loss.shape else _sum(loss) * math.nan


def weighted(loss: Any, weight: Any, reduction: str, operation: str) -> Any:
    """A loss with a factor for every entry; its mean is divided by the sum of the factors."""
    factors = as_target(weight, loss)
    same_shape(operation, loss, factors, "weight")
    if reduction == "mean":
        return _sum(loss * factors) / _sum(factors)
    return reduce_loss(loss * factors, reduction, operation)


def as_factors(operation: str, argument: str, factors: Any, input: Any) -> Any:
    """Factors of the input's dtype that broadcast to its shape.

    Raises:
        ValueError: for those that do not.
    """
    factors = as_target(factors, input)
    if not _broadcasts(factors.shape, input.shape):
        raise ValueError(
            explain(
                operation,
                expected=f"a {argument} that broadcasts to the input's shape {input.shape}",
                got=f"shape {factors.shape}",
                remedy="give one factor for each entry, or for each column",
            )
        )
    return factors


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    pairs = zip(reversed(shape), reversed(to), strict=False)
    return len(shape) <= len(to) and all(n in (1, m) for n, m in pairs)


def same_shape(operation: str, input: Any, target: Any, what: str = "target") -> None:
    """Refuse shapes that differ: broadcasting would give a number, and a wrong one."""
    if input.shape != target.shape:
        raise ValueError(
            explain(
                operation,
                expected=f"a {what} of the input's shape {input.shape}",
                got=f"shape {target.shape}, which would be broadcast and give a wrong loss",
                remedy=f"reshape one of them, for instance {what}.reshape(input.shape)",
            )
        )


def as_values(x: Any) -> Any:
    """Lists and numbers as arrays; Tensors and arrays as they are."""
    return x if isinstance(x, Tensor) or hasattr(x, "dtype") else np.asarray(x)


def as_target(target: Any, input: Any) -> Any:
    """Targets may be plain arrays or lists; those of another dtype are converted to the input's."""
    if isinstance(target, Tensor):
        if target.dtype == input.dtype:
            return target
        if target.dtype.kind == "c" and input.dtype.kind != "c":
            raise _not_numbers(target.dtype)
        return target.astype(input.dtype)
    array = target if type(target) is np.ndarray else np.asarray(as_value(target))
    if array.dtype.kind not in "fiub" and not (array.dtype.kind == input.dtype.kind == "c"):
        raise _not_numbers(array.dtype)
    return array.astype(input.dtype, copy=False)


def _not_numbers(dtype: Any) -> TypeError:
    return TypeError(
        explain(
            "loss",
            expected="targets and weights that are real numbers",
            got=f"dtype {dtype}",
            remedy="convert them, for instance with target.astype('float32') or target.real",
        )
    )


def as_pair(operation: str, input: Any, target: Any) -> tuple[Any, Any]:
    """Input and target as arrays or Tensors of one shape and one dtype."""
    input = as_values(input)
    if input.dtype.kind == "b":
        raise TypeError(
            explain(
                operation,
                expected="an input of numbers",
                got=f"dtype {input.dtype}",
                remedy="convert it: x.astype('float32')",
            )
        )
    target = as_target(target, input)
    if input.shape != target.shape:
        same_shape(operation, input, target)
    return input, target


def as_indices(target: Any) -> Any:
    """Class indices as a plain array, out of a list, an array or a Tensor."""
    if isinstance(target, Tensor):
        return target.numpy()
    return target if type(target) is np.ndarray else np.asarray(as_value(target))


def check_integers(operation: str, target: Any, what: str = "class indices") -> None:
    """Refuse indices that are not integers."""
    if target.dtype.kind not in "iu":
        raise TypeError(
            explain(
                operation,
                expected=f"integer {what}",
                got=f"dtype {target.dtype} and shape {target.shape}",
                remedy="convert them with target.astype(int)",
            )
        )


def check_classes(operation: str, target: Any, classes: int) -> None:
    """Refuse class indices that are not integers from 0 to ``classes`` − 1, naming one of them."""
    check_integers(operation, target)
    outside = (target < 0) | (target >= classes)
    if outside.any():
        raise class_error(operation, target[outside].flat[0], classes)


def class_error(operation: str, value: Any, classes: int) -> ValueError:
    """The error for a class index that does not exist."""
    return ValueError(
        explain(
            operation,
            expected=f"class indices from 0 to {classes - 1}",
            got=f"{value}",
            remedy="count classes from 0, or give the last layer as many outputs as there are classes",
        )
    )


def check_signs(operation: str, target: Any) -> None:
    """Refuse targets other than 1 and −1."""
    values = entries_of(target.detach().numpy() if isinstance(target, Tensor) else target)
    wrong = values[np.abs(values) != 1]
    if wrong.size:
        raise ValueError(
            explain(
                operation,
                expected="targets 1 and −1",
                got=f"{wrong.flat[0]}",
                remedy="turn targets 0 and 1 into 2 * target - 1",
            )
        )


def check_positive(operation: str, name: str, value: float) -> None:
    """Refuse a number that is not above 0."""
    check_number(operation, name, value)
    if not value > 0:
        raise ValueError(explain(operation, expected=f"{name} > 0", got=f"{name}={value}", remedy="pass 1.0, say"))
