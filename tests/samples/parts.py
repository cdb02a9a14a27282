"""What a joint operation of ``nn`` is compared with itself by: a public call, recorded as one node and in its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Parts:
    """One use of a joint operation through the public functions.

    Attributes:
        call: a function of Tensors that records the joint operation, and its parts within ``nn.explicit()``.
        inputs: float64 arrays (differentiated) and integer or boolean arrays.
        order: up to which derivative both records are compared.
    """

    call: Callable[..., Any]
    inputs: tuple[Any, ...]
    order: int = 2
