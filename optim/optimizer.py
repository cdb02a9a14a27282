"""``Optimizer``: parameter groups, state and their bookkeeping; the update rules are in their own files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from autograd_core import Tensor, enable_grad
from autograd_core.errors import explain
from autograd_core.recording import next_index
from autograd_core.staleness import Change, mark_changed, user_line

from .flat import Block, FlatParameters


class Optimizer:
    """Base class of the optimizers.

    A subclass gives its hyper-parameters as ``defaults`` and defines ``update``, the rule for one flat
    block of parameters of one dtype.

    Args:
        params: Tensors to optimize, or dicts with a key ``"params"`` and hyper-parameters of their own
            (parameter groups).
        defaults: the hyper-parameters of groups that do not name their own.

    Attributes:
        param_groups: the groups as dicts; changing an entry (``group["lr"] = 0.01``) takes effect with the
            next step.

    Raises:
        ValueError: for an empty list, a parameter given twice, or one that is not a leaf.
        TypeError: for something that is not a Tensor.

    >>> import autograd_core as ag
    >>> import optim
    >>> class Descent(optim.Optimizer):
    ...     def update(self, group, step, p, g, state, scratch):
    ...         p -= group["lr"] * g
    >>> w = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = Descent([w], {"lr": 0.1})
    >>> table = (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.8, 1.6], requires_grad=True)
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.param_groups: list[dict[str, Any]] = []
        self._flat: list[list[FlatParameters]] = []
        name = type(self).__name__
        if isinstance(params, Tensor):
            raise TypeError(
                explain(name, expected="a list of Tensors", got="one Tensor", remedy="put it into a list: [parameter]")
            )
        groups = list(params)
        if not groups:
            raise ValueError(
                explain(
                    name,
                    expected="at least one parameter",
                    got="an empty list",
                    remedy="pass model.parameters(), freshly made: an iterator can be used only once",
                )
            )
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Add Tensors with hyper-parameters of their own.

        Args:
            group: ``{"params": [...], "lr": 0.01, ...}``; what it does not name is taken from the defaults.

        Raises:
            ValueError: as for the constructor; nothing is added then.
        """
        name = type(self).__name__
        params = group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        known = {id(parameter) for other in self.param_groups for parameter in other["params"]}
        for parameter in params:
            if not isinstance(parameter, Tensor):
                raise TypeError(
                    explain(name, expected="Tensors", got=type(parameter).__name__, remedy="pass model.parameters()")
                )
            if not parameter.is_leaf:
                raise ValueError(
                    explain(
                        name,
                        expected="leaves",
                        got=f"the result of {parameter.primitive.name}",
                        remedy="optimize the Tensors that were created with requires_grad=True",
                    )
                )
            if id(parameter) in known:
                raise ValueError(
                    explain(
                        name,
                        expected="every parameter once",
                        got=f"one of shape {parameter.shape} twice",
                        remedy="remove the repetition; shared parameters stand once in model.parameters()",
                    )
                )
            known.add(id(parameter))
        unknown = group.keys() - self.defaults.keys() - {"params"}
        if unknown:
            raise ValueError(
                explain(
                    name,
                    expected=f"hyper-parameters {', '.join(self.defaults)}",
                    got=f"{', '.join(sorted(unknown))}",
                    remedy="correct the name in the parameter group",
                )
            )
        complete = {**self.defaults, **group, "params": params}
        self.check(complete)
        self.param_groups.append(complete)
        self._flat.append([])

    def check(self, group: Mapping[str, Any]) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range. Subclasses add their own."""
        require(type(self).__name__, "lr", group["lr"], group["lr"] >= 0, "a learning rate of at least 0")

    def update(
        self, group: Mapping[str, Any], step: int, p: Any, g: Any, state: Callable[[str], Any], scratch: list[Any]
    ) -> None:
        """Change the block ``p`` of parameters in place.

        Args:
            group: the hyper-parameters.
            step: how many updates these parameters have had, this one included.
            p: parameters, flat.
            g: their gradient, flat; not to be changed.
            state: ``state(name)`` is the block of the state of that name, zeros at first.
            scratch: two arrays of the block's length for intermediate results.
        """
        raise TypeError(f"{type(self).__name__} defines no update")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Args:
            closure: computes the loss (and calls ``backward``) before the update, if given.

        Returns:
            What ``closure`` returned, or ``None``.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        change = Change(next_index(), user_line())
        for position, group in enumerate(self.param_groups):
            for flat in self._attached(position):
                for block, gradient, step in flat.blocks():
                    self._update_block(group, flat, block, gradient, step)
                for parameter in flat.parameters:
                    if parameter.grad is not None:
                        parameter._changed = change
                        if hasattr(parameter, "_aliases"):  # a detached Tensor or a view shares its memory
                            mark_changed(parameter, change)
        return loss

    def _update_block(
        self, group: Mapping[str, Any], flat: FlatParameters, block: Block, gradient: Any, step: int
    ) -> None:
        start, stop = block.start, block.stop

        def state(name: str) -> Any:
            return flat.allocate(name)[start:stop]

        scratch = [array[: stop - start] for array in flat.scratch[1:]]
        self.update(group, step, flat.values[start:stop], gradient, state, scratch)

    def _attached(self, position: int) -> list[FlatParameters]:
        """The flat arrays of a group, laid out anew if a parameter changed its dtype."""
        flats = self._flat[position]
        if not flats or any(p._data.dtype is not flat.values.dtype for flat in flats for p in flat.parameters):
            old = {id(p): (flat, i) for flat in flats for i, p in enumerate(flat.parameters)}
            by_dtype: dict[Any, list[Any]] = {}
            for parameter in self.param_groups[position]["params"]:
                by_dtype.setdefault(parameter.dtype, []).append(parameter)
            self._flat[position] = flats = [FlatParameters(parameters) for parameters in by_dtype.values()]
            for flat in flats:
                for i, parameter in enumerate(flat.parameters):
                    if id(parameter) in old:
                        before, j = old[id(parameter)]
                        _restore(flat, i, {"step": before.steps[j], **before.state_views(j)})
        for flat in flats:
            flat.attach()
        return flats

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters (or set them to 0)."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.grad = None if set_to_none else Tensor(np.zeros_like(parameter._data))

    # -- state -------------------------------------------------------------------------------------

    @property
    def state(self) -> dict[Any, dict[str, Any]]:
        """Parameter -> its step count and its arrays of state (live views), for those that were updated."""
        return {
            parameter: {"step": flat.steps[i], **flat.state_views(i)}
            for flats in self._flat
            for flat in flats
            for i, parameter in enumerate(flat.parameters)
            if flat.steps[i]
        }

    def state_dict(self) -> dict[str, Any]:
        """State and hyper-parameters as plain data, parameters numbered in the order of the groups.

        Returns:
            ``{"state": {number: {"step": ..., ...}}, "param_groups": [{..., "params": [numbers]}]}`` with
            copies of the arrays.
        """
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for parameter in group["params"]:
                numbers[id(parameter)] = len(numbers)
            entries = {key: value for key, value in group.items() if key != "params"}
            groups.append({**entries, "params": [numbers[id(parameter)] for parameter in group["params"]]})
        state = {
            numbers[id(parameter)]: {key: np.array(value) if key != "step" else value for key, value in entry.items()}
            for parameter, entry in self.state.items()
        }
        return {"state": dict(sorted(state.items())), "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave. Nothing is changed unless everything fits.

        Raises:
            ValueError: if the groups or the shapes of the state do not match the parameters.
        """
        name = f"{type(self).__name__}.load_state_dict"
        saved = state_dict["param_groups"]
        own, given = ([len(group["params"]) for group in groups] for groups in (self.param_groups, saved))
        if own != given:
            raise ValueError(
                explain(
                    name,
                    expected=f"groups of {own} parameters",
                    got=f"groups of {given}",
                    remedy="make the optimizer from the same parameters in the same groups",
                )
            )
        parameters = {
            number: parameter
            for group, entry in zip(self.param_groups, saved)
            for number, parameter in zip(entry["params"], group["params"])
        }
        for number, entry in state_dict["state"].items():
            for key, value in entry.items():
                if key != "step" and np.shape(value) != parameters[int(number)].shape:
                    raise ValueError(
                        explain(
                            name,
                            expected=f"{key} of shape {parameters[int(number)].shape} for parameter {number}",
                            got=f"shape {np.shape(value)}",
                            remedy="load the state that was saved with this model",
                        )
                    )
        for group, entry in zip(self.param_groups, saved):
            group.update({key: value for key, value in entry.items() if key != "params"})
        self._flat = [[] for _ in self.param_groups]
        by_id = {id(parameters[int(number)]): entry for number, entry in state_dict["state"].items()}
        for position in range(len(self.param_groups)):
            for flat in self._attached(position):
                for i, parameter in enumerate(flat.parameters):
                    if id(parameter) in by_id:
                        _restore(flat, i, by_id[id(parameter)])

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for position, group in enumerate(self.param_groups):
            lines.append(f"parameter group {position}: {len(group['params'])} parameters")
            lines += [f"    {key}: {value}" for key, value in group.items() if key != "params"]
        return "\n".join([*lines, ")"])


def _restore(flat: FlatParameters, position: int, entry: Mapping[str, Any]) -> None:
    """Write the saved state of one parameter into the flat arrays."""
    flat.steps[position] = int(entry["step"])
    for name in entry.keys() - {"step"}:
        flat.allocate(name)
    views = flat.state_views(position)
    for name in entry.keys() - {"step"}:
        views[name][...] = entry[name]


def require(name: str, key: str, value: Any, holds: bool, expected: str) -> None:
    if not holds:
        raise ValueError(explain(name, expected=expected, got=f"{key}={value}", remedy=f"pass another {key}"))
