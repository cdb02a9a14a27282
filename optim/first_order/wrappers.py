"""Optimizers around an optimizer: Lookahead and SAM."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import index
from typing import Any

import numpy as np

from autograd_core import enable_grad
from autograd_core.errors import explain

from ..checking import check_backward, check_state_dict, require, require_at_least_zero, require_closure
from ..optimizer import Group, Optimizer
from ..plain import plain
from ..vector import ParameterVector, mark

__all__ = ["SAM", "Lookahead"]


class Wrapper(Optimizer):
    """An optimizer whose parameters, groups and state are another's."""

    def __init__(self, optimizer: Optimizer, *, nonfinite: str = "allow") -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                explain(
                    type(self).__name__,
                    expected="an optimizer to wrap",
                    got=type(optimizer).__name__,
                    remedy="make one first, as in Lookahead(Adam(model.parameters()))",
                )
            )
        if optimizer.needs_closure:
            raise TypeError(
                explain(
                    type(self).__name__,
                    expected="an optimizer that steps with the gradients that are there",
                    got=f"{type(optimizer).__name__}, whose step computes the loss several times",
                    remedy="wrap one that does not; SAM and Lookahead together are SAM(Lookahead(...))",
                )
            )
        self.optimizer = optimizer
        super().__init__(optimizer.param_groups, optimizer.defaults, nonfinite=nonfinite)
        self.param_groups = optimizer.param_groups

    def add_param_group(self, group: Group) -> None:
        """Add Tensors with hyper-parameters of their own to the wrapped optimizer."""
        if not any(group is own for own in self.optimizer.param_groups):
            self.optimizer.add_param_group(group)

    @property
    def state(self) -> dict[Any, dict[str, Any]]:
        """The wrapped optimizer's state."""
        return self.optimizer.state

    def _parameters(self) -> list[Any]:
        return [parameter for group in self.param_groups for parameter in group["params"]]


class Lookahead(Wrapper):
    """Fast weights explore, slow weights follow: every k steps the slow ones go part of the way.

    With the wrapped optimizer's steps on θ, and slow weights φ (θ at the start), after every k of them:

        φ ← φ + α (θ − φ),     θ ← φ

    Args:
        optimizer: the optimizer of the fast weights; its groups and state are shared.
        k: how many of its steps make one of the slow weights.
        alpha: α.
        nonfinite: as for every optimizer; a skipped step is not counted among the k.

    Raises:
        ValueError: for k below 1, or α outside [0, 1].
        TypeError: without an optimizer, and for one whose ``step`` needs a closure: write ``SAM(Lookahead(...))``.

    Source: Zhang, Lucas, Hinton, Ba, "Lookahead optimizer: k steps forward, 1 step back", 2019, algorithm 1.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.Lookahead(optim.SGD([x], lr=0.25), k=2, alpha=0.5)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     table = (x * x).backward()
    ...     optimizer.step()
    >>> x
    tensor(0.625, requires_grad=True)
    """

    def __init__(self, optimizer: Optimizer, k: int = 5, alpha: float = 0.5, *, nonfinite: str = "allow") -> None:
        super().__init__(optimizer, nonfinite=nonfinite)
        self.k = k
        self.alpha = alpha
        require("Lookahead", vars(self), "k", lambda value: index(value) >= 1, "an integer k of at least 1")
        require("Lookahead", vars(self), "alpha", lambda value: 0 <= value <= 1, "alpha between 0 and 1")
        self.fast_steps = 0
        self._slow: dict[int, Any] = {}

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        if self.nonfinite != "allow" and not self._all_finite(self._gradients()):
            return loss
        parameters = self._parameters()
        for parameter in parameters:
            if id(parameter) not in self._slow:
                self._slow[id(parameter)] = np.array(parameter._data)
        skipped = self.optimizer.skipped_steps
        self.optimizer.step()
        if self.optimizer.skipped_steps > skipped:
            return loss
        self.fast_steps += 1
        if self.fast_steps % self.k == 0:
            for parameter in parameters:
                slow = self._slow[id(parameter)]
                slow += self.alpha * (parameter._data - slow)
                parameter._data = np.array(slow)
            mark(parameters)
        return loss

    def state_dict(self) -> dict[str, Any]:
        """The wrapped optimizer's state dict, the slow weights by number, and the count of fast steps."""
        slow = {
            number: np.array(self._slow[id(parameter)])
            for number, parameter in enumerate(self._parameters())
            if id(parameter) in self._slow
        }
        return {**self.optimizer.state_dict(), "slow": slow, "fast_steps": self.fast_steps}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave. Nothing is changed unless everything fits.

        Raises:
            ValueError: for the state of another optimizer, and for slow weights that do not fit.
        """
        name = "Lookahead.load_state_dict"
        check_state_dict(name, state_dict)
        weights, steps = state_dict.get("slow"), state_dict.get("fast_steps")
        if not isinstance(weights, Mapping) or not isinstance(steps, int):
            raise ValueError(
                explain(
                    name,
                    expected="a dict with slow weights by number in 'slow', and the count 'fast_steps'",
                    got=f"keys {list(state_dict)}",
                    remedy="pass what state_dict() of a Lookahead gave; its attribute optimizer takes the state of the "
                    "wrapped one alone",
                )
            )
        parameters = self._parameters()
        slow = {int(number): plain(value) for number, value in weights.items()}
        for number, value in slow.items():
            if number >= len(parameters) or np.shape(value) != parameters[number].shape:
                shape = parameters[number].shape if number < len(parameters) else ()
                raise self._misfit("slow weights", number, shape, value)
        self.optimizer.load_state_dict(state_dict)
        self._slow = {id(parameters[number]): np.array(value) for number, value in slow.items()}
        self.fast_steps = steps

    # Kept by number, since a copy's parameters are others.
    def __getstate__(self) -> dict[str, Any]:
        slow = [self._slow.get(id(parameter)) for parameter in self._parameters()]
        return {**super().__getstate__(), "_slow": slow}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._slow = {
            id(parameter): value for parameter, value in zip(self._parameters(), state["_slow"]) if value is not None
        }


class SAM(Wrapper):
    """Sharpness-aware minimization: a step with the gradient from the worst point nearby.

    With the gradient g of the loss at θ, over all parameters together:

        e = ρ g / ‖g‖                      (adaptive: e = ρ θ² g / ‖|θ| g‖)
        the wrapped optimizer's step from θ, with the gradient at θ + e

    The closure is evaluated twice.

    Args:
        optimizer: the optimizer that makes the step; its groups and state are shared.
        rho: ρ, the radius.
        adaptive: whether the neighbourhood is measured relative to the parameters.
        nonfinite: as for every optimizer, for the gradients at θ and at θ + e.

    Raises:
        ValueError: for a negative or infinite ρ; in ``step``, for a closure that does not call ``backward``.
        TypeError: without an optimizer, and for one whose ``step`` needs a closure; in ``step`` without a closure.

    Source: Foret, Kleiner, Mobahi, Neyshabur, "Sharpness-aware minimization for efficiently improving
    generalization", 2021, algorithm 1; Kwon, Kim, Park, Choi, "ASAM", 2021, for the adaptive form.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor(1.0, requires_grad=True)
    >>> optimizer = optim.SAM(optim.SGD([x], lr=0.1), rho=0.5)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = x * x
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure).item()
    1.0
    >>> x
    tensor(0.7, requires_grad=True)
    """

    needs_closure = True

    def __init__(
        self, optimizer: Optimizer, rho: float = 0.05, adaptive: bool = False, *, nonfinite: str = "allow"
    ) -> None:
        super().__init__(optimizer, nonfinite=nonfinite)
        self.rho = rho
        self.adaptive = adaptive
        require_at_least_zero("SAM", vars(self), "rho")

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        closure = require_closure("SAM.step", closure)
        vector = ParameterVector(self._parameters(), "SAM")
        with enable_grad():
            loss = closure()
        if self.nonfinite != "allow" and not self._all_finite(self._gradients()):
            return loss
        start, gradient = vector.values(), vector.gradient()
        vector.assign(start + self._climb(start, gradient))
        try:
            self.zero_grad()
            with enable_grad():
                closure()
        finally:
            vector.assign(start)
        check_backward("SAM.step", vector.parameters)
        if self.nonfinite == "allow" or self._all_finite(self._gradients()):
            self.optimizer.step()
        return loss

    def _climb(self, values: Any, gradient: Any) -> Any:
        """e, the way to the worst point nearby."""
        if self.adaptive:
            size = np.abs(values)
            length = float(np.linalg.norm(size * gradient))
            return self.rho / length * (size * size * gradient) if length else np.zeros_like(values)
        length = float(np.linalg.norm(gradient))
        return self.rho / length * gradient if length else np.zeros_like(values)

    def state_dict(self) -> dict[str, Any]:
        """The wrapped optimizer's state dict."""
        return self.optimizer.state_dict()

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the wrapped optimizer's state dict."""
        self.optimizer.load_state_dict(state_dict)
