"""``PerParameter``: optimizers whose rule looks at a parameter as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograd_core.errors import explain

from .optimizer import Group, Optimizer

__all__ = ["PerParameter"]


class PerParameter(Optimizer):
    """Base class of optimizers whose rule looks at a parameter as a whole: at its norm, rows, or matrices.

    A subclass defines ``start``, the state before a parameter's first update, and ``update``, the rule. The
    parameters have to be real.

    Args:
        params: Tensors, or parameter groups.
        defaults: the hyper-parameters of groups that do not name their own.
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, as for ``Optimizer``.

    >>> import autograd_core as ag, numpy as np, optim
    >>> class UnitSteps(optim.PerParameter):
    ...     def start(self, group, p):
    ...         return {"step": 0}
    ...     def update(self, group, state, p, g):
    ...         p -= group["lr"] * g / np.linalg.norm(g)
    >>> w = ag.tensor([3.0, 4.0], requires_grad=True)
    >>> optimizer = UnitSteps([w], {"lr": 1.0})
    >>> table = (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([2.4, 3.2], requires_grad=True)
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any], *, nonfinite: str = "allow") -> None:
        self._owned: dict[int, Any] = {}
        super().__init__(params, defaults, nonfinite=nonfinite)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range, and for complex parameters."""
        super().check(group)
        for parameter in group["params"]:
            if parameter.dtype.kind == "c":
                raise ValueError(
                    explain(
                        type(self).__name__,
                        expected="real parameters",
                        got=f"one of dtype {parameter.dtype}",
                        remedy="keep real and imaginary part as two parameters, or take SGD or Adam",
                    )
                )

    # -- what a subclass defines -------------------------------------------------------------------

    def start(self, group: Group, p: Any) -> dict[str, Any]:
        """The state of a parameter before its first update: ``{"step": 0, ...}`` and arrays.

        Args:
            group: the hyper-parameters.
            p: the parameter's value.
        """
        return {"step": 0}

    def update(self, group: Group, state: dict[str, Any], p: Any, g: Any) -> None:
        """Change the parameter ``p`` and its state in place.

        Args:
            group: the hyper-parameters.
            state: what ``start`` gave; ``state["step"]`` counts this update already.
            p: the parameter's value.
            g: its gradient, of the same shape; not to be changed.
        """
        raise TypeError(f"{type(self).__name__} defines no update")

    # ----------------------------------------------------------------------------------------------

    def _apply(self, gradients: Sequence[Sequence[Any]]) -> None:
        for group, own in zip(self.param_groups, gradients):
            for parameter, gradient in zip(group["params"], own):
                if gradient is not None:
                    value = self._own(parameter)
                    state = self._state_of(group, parameter)
                    if "step" in state:
                        state["step"] += 1
                    self.update(group, state, value, gradient)

    def _own(self, parameter: Any) -> Any:
        """The parameter's value, in an array that nobody else holds."""
        before = self._owned.get(id(parameter))
        if before is not parameter._data:
            parameter._data = self._owned[id(parameter)] = np.array(parameter._data)
            if before is not None and before.dtype != parameter.dtype:
                self._convert(self._state[parameter], before.dtype, parameter.dtype)
        return parameter._data

    @staticmethod
    def _convert(state: dict[str, Any], old: Any, new: Any) -> None:
        """Let the arrays of the state follow a parameter that changed its dtype."""
        for key, value in state.items():
            if isinstance(value, np.ndarray) and value.dtype == old:
                state[key] = value.astype(new)

    def _state_of(self, group: Group, parameter: Any) -> dict[str, Any]:
        state = self._state[parameter]
        if not state:
            state.update(self.start(group, parameter._data))
        return state

    def _read_state(self, group: Group, parameter: Any, entry: dict[str, Any], number: Any) -> dict[str, Any]:
        read: dict[str, Any] = {}
        for key, fresh in self.start(group, parameter._data).items():
            if key not in entry:
                read[key] = fresh
                continue
            read[key] = self._fitted(key, number, entry[key], fresh)
        return read

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_owned": {}}
