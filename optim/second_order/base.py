"""What the second-order methods have in common: one vector of parameters, a report, an honest start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_core.errors import explain

from ..checking import require, require_choice
from ..optimizer import Group, Optimizer
from ..vector import ParameterVector
from .recorded import require_real
from .results import StepReport

__all__ = ["SecondOrder"]


COUNTS = ("since", "step")  # what is counted in the state; all other numbers of it are floats


class SecondOrder(Optimizer):
    """Base class of the second-order methods.

    Args:
        params: Tensors, or pairs (name, Tensor); they form one group.
        defaults: the hyper-parameters.
        nonfinite: what to do at a start that is not finite: ``"raise"`` or ``"skip"``.
    """

    needs_closure = True

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any], *, nonfinite: str = "raise") -> None:
        require_choice(type(self).__name__, "nonfinite", nonfinite, ("raise", "skip"))
        self.report: StepReport | None = None
        super().__init__(params, defaults, nonfinite=nonfinite)
        self.vector = ParameterVector(self.param_groups[0]["params"], type(self).__name__)

    def add_param_group(self, group: Group) -> None:
        """Add the only group."""
        name = type(self).__name__
        if self.param_groups:
            raise ValueError(
                explain(
                    name,
                    expected="one group of parameters",
                    got="a second one",
                    remedy="pass all parameters in one list: they form one vector",
                )
            )
        group = {**group, "params": group["params"] if hasattr(group["params"], "dtype") else list(group["params"])}
        super().add_param_group(group)
        try:
            require_real(name, self.param_groups[0]["params"])
        except TypeError:
            self.param_groups.clear()
            raise

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        if "trials" in group:
            require(type(self).__name__, group, "trials", lambda value: value >= 1, "at least 1 of trials")

    def _memory(self) -> dict[str, Any]:
        """What is remembered of all parameters; it stands with the first of them."""
        return self.state[self.vector.parameters[0]]

    def _finite_start(self, *values: Any) -> bool:
        """Whether a step can begin here; counts it, or raises, if not."""
        if all(np.isfinite(value).all() for value in values):
            return True
        if self.nonfinite == "raise":
            raise FloatingPointError(
                explain(
                    f"{type(self).__name__}.step",
                    expected="a finite loss with finite derivatives",
                    got="NaN or infinity",
                    remedy="start from other parameters, or pass nonfinite='skip'",
                )
            )
        self.skipped_steps += 1
        return False

    def _read_state(self, group: Group, parameter: Any, entry: dict[str, Any], number: Any) -> dict[str, Any]:
        vector = np.zeros(sum(p.size for p in group["params"]))
        read = {}
        for key, value in entry.items():
            like = vector if np.ndim(value) else 0 if key in COUNTS else 0.0
            fitted = self._fitted(key, number, value, like)
            read[key] = value if np.ndim(value) else fitted  # vectors keep their precision
        return read
