"""L-BFGS."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd_core import enable_grad
from autograd_core.errors import explain

from .checking import check_backward, require, require_at_least_zero, require_choice, require_closure
from .line_search.inexact import StrongWolfe
from .line_search.line import ParameterLine, Point
from .optimizer import Group, Optimizer
from .plain import as_number
from .vector import ParameterVector

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """Newton's method with an inverse Hessian guessed from the last steps. For full batches.

    Every call of ``step`` makes up to ``max_iter`` iterations. With gradient g, and sₖ, yₖ the changes of
    parameters and gradient in earlier iterations:

        q = −g;  for the steps from last to first:  aₖ = sₖᵀq / yₖᵀsₖ,   q ← q − aₖ yₖ
        d = (sᵀy / yᵀy) q  (of the last step)
        for the steps from first to last:  d ← d + sₖ (aₖ − yₖᵀd / yₖᵀsₖ)
        θ ← θ + t d

    where t is ``lr`` (in the very first iteration min(1, 1/Σ|g|) ``lr``), or what a line search finds from there.

    Args:
        params: Tensors; there can be only one group.
        lr: the learning rate.
        max_iter: how many iterations a step makes at most.
        max_eval: how often it evaluates the closure at most; 1.25 ``max_iter``, if not given.
        tolerance_grad: a step ends when no gradient is larger.
        tolerance_change: a step ends when no parameter moves by more, or the loss changes by less.
        history_size: how many earlier iterations are remembered.
        line_search_fn: ``None`` or ``"strong_wolfe"`` (``optim.line_search.StrongWolfe``).
        nonfinite: ``"allow"``, ``"skip"`` or ``"raise"``, for a loss or a gradient with NaN or infinity in any of
            the iterations; in the last two cases parameters and state are put back to where the step began. Without
            a line search the closure is evaluated once more then, where the step ends.

    Raises:
        ValueError: for a negative rate or tolerance, several groups, or another line search.
        TypeError: in ``step``, without a closure.
        ValueError: in ``step``, for a closure that returns no loss or does not call ``backward``.
        FloatingPointError: in ``step``, for NaN or infinity, with ``nonfinite="raise"``.

    Source: Liu and Nocedal, "On the limited memory BFGS method for large scale optimization", 1989; iteration and
    tolerances as in PyTorch.

    >>> import autograd_core as ag, optim
    >>> x = ag.tensor([-1.2, 1.0], requires_grad=True)
    >>> optimizer = optim.LBFGS([x], max_iter=100, line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    ...     loss.backward()
    ...     return loss
    >>> first_loss = optimizer.step(closure)
    >>> x.detach().numpy().round(3)
    array([1., 1.])
    """

    needs_closure = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
        *,
        nonfinite: str = "allow",
    ) -> None:
        defaults = dict(
            lr=lr,
            max_iter=max_iter,
            max_eval=max_iter * 5 // 4 if max_eval is None else max_eval,
            tolerance_grad=tolerance_grad,
            tolerance_change=tolerance_change,
            history_size=history_size,
            line_search_fn=line_search_fn,
        )
        super().__init__(params, defaults, nonfinite=nonfinite)

    def add_param_group(self, group: Group) -> None:
        """Add the only group."""
        if self.param_groups:
            raise ValueError(
                explain(
                    "LBFGS",
                    expected="one group of parameters",
                    got="a second one",
                    remedy="pass all parameters in one list: they form one vector",
                )
            )
        super().add_param_group(group)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range."""
        super().check(group)
        require_at_least_zero("LBFGS", group, "tolerance_grad", "tolerance_change")
        for key in ("max_iter", "max_eval", "history_size"):
            require("LBFGS", group, key, lambda value: value >= 1, f"{key} of at least 1")
        require_choice("LBFGS", "line_search_fn", group["line_search_fn"], (None, "strong_wolfe"))

    def _read_state(self, group: Group, parameter: Any, entry: dict[str, Any], number: Any) -> dict[str, Any]:
        likes: dict[str, Any] = dict(func_evals=0, n_iter=0, ro=0.0, H_diag=0.0, prev_loss=0.0, t=0.0)
        likes |= dict.fromkeys(
            ("old_dirs", "old_stps", "d", "prev_flat_grad"), ParameterVector(group["params"]).values()
        )
        read: dict[str, Any] = {}
        for key, like in likes.items():
            if key not in entry:
                continue
            value = entry[key]  # what else there is are PyTorch's intermediate results
            if isinstance(value, list | tuple):
                read[key] = [self._fitted(key, number, part, like) for part in value]
            else:
                read[key] = self._fitted(key, number, value, like)
        return read

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        closure = require_closure("LBFGS.step", closure)
        with enable_grad():
            first_loss = closure()
        loss, group = self._checked(first_loss), self.param_groups[0]
        first = group["params"][0]  # where PyTorch keeps the state
        check_backward("LBFGS.step", group["params"])
        before = {key: list(value) if isinstance(value, list) else value for key, value in self.state[first].items()}
        descent = _Descent(group, self.state[first], closure, guarded=self.nonfinite != "allow")
        start = descent.vector.values()
        try:
            descent.run(loss)
        except _NotFinite:
            descent.vector.assign(start)
            self.state[first] = before
            self._refuse_nonfinite("NaN or infinity in the loss or a gradient")
        return first_loss

    @staticmethod
    def _checked(loss: Any) -> float:
        if loss is None or np.size(getattr(loss, "_data", loss)) != 1:
            raise ValueError(
                explain(
                    "LBFGS.step",
                    expected="the loss, one number, from the closure",
                    got="None" if loss is None else f"shape {np.shape(loss)}",
                    remedy="return the loss from it, after backward",
                )
            )
        return as_number(loss)


class _NotFinite(Exception):
    """A guarded descent met NaN or infinity."""


class _Descent:
    """The iterations of one step; a guarded one ends with ``_NotFinite`` where it meets NaN or infinity."""

    def __init__(self, group: Group, state: dict[str, Any], closure: Callable[[], Any], *, guarded: bool) -> None:
        self.group = group
        self.closure = closure
        self.guarded = guarded
        self.vector = ParameterVector(group["params"], "LBFGS")
        self.state = state
        self.state.setdefault("func_evals", 0)
        self.state.setdefault("n_iter", 0)

    def run(self, loss: float) -> None:
        """Iterate until one of the limits is reached."""
        group, state = self.group, self.state
        g = self.vector.gradient()
        self._require_finite(loss, g)
        evaluations = 1
        state["func_evals"] += 1
        for iteration in range(1, group["max_iter"] + 1):
            if np.abs(g).max(initial=0.0) <= group["tolerance_grad"]:
                return
            state["n_iter"] += 1
            d = self._direction(g)
            before = loss
            state["d"], state["prev_flat_grad"], state["prev_loss"] = d, g, loss
            t = float(group["lr"])
            if state["n_iter"] == 1:
                t = min(1.0, 1.0 / float(np.abs(g).sum())) * t
            state["t"] = t
            slope = float(g @ d)
            if t == 0 or slope > -group["tolerance_change"]:
                return

            line = ParameterLine(self.closure, self.vector.parameters, d)
            last = iteration == group["max_iter"]
            try:
                t, loss, g = self._move(line, Point(0.0, loss, slope, g), t, group["max_eval"] - evaluations, last)
                self._require_finite(loss, g, d)
            except BaseException:
                line.move(0.0)  # where the last iteration ended
                raise
            state["t"] = t
            evaluations += line.evaluations
            state["func_evals"] += line.evaluations
            if last or evaluations >= group["max_eval"]:
                return
            if np.abs(d * t).max(initial=0.0) <= group["tolerance_change"]:
                return
            if abs(loss - before) < group["tolerance_change"]:
                return

    def _require_finite(self, *values: Any) -> None:
        if self.guarded and not all(np.isfinite(value).all() for value in values):
            raise _NotFinite

    def _move(self, line: ParameterLine, start: Point, t: float, left: int, last: bool) -> tuple[float, Any, Any]:
        """Go along the line; how far, and the loss and the gradient there."""
        if self.group["line_search_fn"] is not None:
            found = StrongWolfe(limit=max(left, 0)).run(line, start, t)
            line.move(found.step)
            return found.step, found.value, found.gradient
        line.move(t)
        if last and not self.guarded:  # a further evaluation would serve nothing
            return t, start.value, start.gradient
        with enable_grad():
            loss = as_number(self.closure())
        line.evaluations += 1
        return t, loss, self.vector.gradient()

    def _direction(self, g: Any) -> Any:
        """Against the gradient, bent by what the earlier iterations say of the curvature."""
        state = self.state
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
            return -g
        changes, steps, inverses = state["old_dirs"], state["old_stps"], state["ro"]
        y, s = g - state["prev_flat_grad"], state["d"] * state["t"]
        product = float(y @ s)
        if product > 1e-10:
            if len(changes) == self.group["history_size"]:
                for remembered in (changes, steps, inverses):
                    del remembered[0]
            changes.append(y)
            steps.append(s)
            inverses.append(1.0 / product)
            state["H_diag"] = product / float(y @ y)

        q = -g
        weights: deque[float] = deque()
        for y, s, inverse in zip(reversed(changes), reversed(steps), reversed(inverses)):
            weights.appendleft(float(s @ q) * inverse)
            q -= weights[0] * y
        q *= state["H_diag"]
        for y, s, inverse, weight in zip(changes, steps, inverses, weights):
            q += s * (weight - float(y @ q) * inverse)
        return q
