"""What loss modules have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.values import parameter_dtype

from ...functional.losses.shared import REDUCTIONS, check_reduction
from ...module import Module
from ...sizes import check_number

__all__: list[str] = []


class Loss(Module):
    """A loss with a reduction, which is checked when the module is made."""

    allowed: tuple[str, ...] = REDUCTIONS

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        check_reduction(type(self).__name__, reduction, self.allowed)
        self.reduction = reduction

    def extra_repr(self) -> str:
        """The reduction."""
        return f"reduction={self.reduction!r}"


class WeightedLoss(Loss):
    """A loss with factors per class or entry, kept as a buffer."""

    weight: Tensor | None

    def __init__(self, weight: Any = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.register_buffer("weight", as_factors(type(self).__name__, "weight", weight))


def as_factors(owner: str, argument: str, weight: Any) -> Any:
    """Lists of factors in the dtype of parameters; arrays and Tensors as they are.

    Raises:
        TypeError: if they are no numbers.
        ValueError: for one number that is NaN.
    """
    if weight is None or hasattr(weight, "dtype"):
        return weight
    if not isinstance(weight, Sequence) or isinstance(weight, str):
        check_number(owner, argument, weight)
    return np.asarray(weight, dtype=parameter_dtype())


def check_one_axis(owner: str, weight: Any) -> None:
    """Refuse factors per class that are not a vector."""
    if weight is not None and np.ndim(weight) != 1:
        raise ValueError(
            explain(
                owner,
                expected="a weight of shape (C,), one factor for each class",
                got=f"shape {np.shape(weight)}",
                remedy="pass one factor for each class",
            )
        )
