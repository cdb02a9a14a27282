"""``Optimizer``: parameter groups, state and their bookkeeping; the update rules are in their own files."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor, enable_grad
from autograd_core.errors import explain
from autograd_core.hooks import HookHandle, Hooks

from .checking import (
    check_gradient,
    check_group,
    check_list,
    check_parameters,
    check_state_dict,
    require,
    require_choice,
    require_closure,
)
from .plain import as_plain_number, plain
from .vector import mark

__all__ = ["Group", "Optimizer"]

Group = Mapping[str, Any]  # the hyper-parameters of a group of parameters, and the group's ``"params"``

# What a group may hold besides the hyper-parameters: schedules and programs leave notes there.
NOTES = {"params", "param_names", "name", "initial_lr", "max_lr", "min_lr", "max_momentum", "base_momentum", "swa_lr"}
# How PyTorch computes an update, which is no question here: accepted, and without effect.
IMPLEMENTATION = {"foreach", "fused", "capturable", "differentiable"}
DICT_HOOKS = ("before saving", "after saving", "before loading", "after loading")


class Optimizer:
    """Base class of the optimizers.

    It keeps the parameters in groups, each with its hyper-parameters, and whatever a rule remembers of a
    parameter in ``state``. A rule that treats every number alike derives from ``Elementwise``, one that looks
    at a parameter as a whole from ``PerParameter``. A subclass may also define ``step`` itself.

    Programs written for PyTorch pass ``foreach``, ``fused`` and ``capturable`` to choose one of its
    implementations; constructors take these where PyTorch has them, and ignore them, for the result is the
    same. ``differentiable=True`` asks for something else, and is refused.

    Args:
        params: Tensors to optimize, pairs (name, Tensor) as ``module.named_parameters()`` gives them, or dicts
            with a key ``"params"`` and hyper-parameters of their own (parameter groups).
        defaults: the hyper-parameters of groups that do not name their own.
        nonfinite: what ``step`` does when a gradient holds NaN or infinity: ``"allow"`` it, as PyTorch does;
            ``"skip"`` the whole step and count it in ``skipped_steps``; or ``"raise"`` an error. In the last two
            cases parameters and state stay as they are. Every optimizer takes this argument.

    Attributes:
        param_groups: the groups as dicts; changing an entry (``group["lr"] = 0.01``) takes effect with the
            next step.
        state: parameter -> what the rule remembers of it, as plain data.
        skipped_steps: how many steps were left out because of NaN or infinity.
        needs_closure: whether ``step`` must be given a closure, for it computes the loss several times.

    Raises:
        ValueError: for an empty list, a parameter given twice, or one that is not a leaf.
        TypeError: for something that is not a Tensor.

    >>> import autograd_core as ag
    >>> import optim
    >>> class Descent(optim.Optimizer):
    ...     def step(self, closure=None):
    ...         for group in self.param_groups:
    ...             for p in group["params"]:
    ...                 p.data -= group["lr"] * p.grad.data
    >>> w = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = Descent([w], {"lr": 0.1})
    >>> table = (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.8, 1.6], requires_grad=True)
    """

    needs_closure = False

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any], *, nonfinite: str = "allow") -> None:
        name = type(self).__name__
        require_choice(name, "nonfinite", nonfinite, ("allow", "skip", "raise"))
        if defaults.get("differentiable"):
            raise ValueError(
                explain(
                    name,
                    expected="an update that is not differentiated itself",
                    got="differentiable=True",
                    remedy="leave it out, and write the update with Tensors where its derivative is wanted",
                )
            )
        self.defaults = {key: value for key, value in defaults.items() if key not in IMPLEMENTATION}
        self.nonfinite = nonfinite
        self.skipped_steps = 0
        self.param_groups: list[dict[str, Any]] = []
        self._state: dict[Any, dict[str, Any]] = defaultdict(dict)
        self._stepped = False
        self._before: Any = Hooks()
        self._after: Any = Hooks()
        self._dict_hooks: dict[str, Any] = {kind: Hooks() for kind in DICT_HOOKS}
        if isinstance(params, Tensor):
            raise TypeError(
                explain(name, expected="a list of Tensors", got="one Tensor", remedy="put it into a list: [parameter]")
            )
        check_list(name, params)
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
            check_group(name, group)
            self.add_param_group(group)

    def add_param_group(self, group: Group) -> None:
        """Add Tensors with hyper-parameters of their own.

        Args:
            group: ``{"params": [...], "lr": 0.01, ...}``; what it does not name is taken from the defaults.
                A ``"name"`` may be given to tell groups apart.

        Raises:
            ValueError, TypeError: as for the constructor; nothing is added then.
        """
        name = type(self).__name__
        check_group(name, group)
        group = {key: value for key, value in group.items() if key not in IMPLEMENTATION}
        unknown = group.keys() - self.defaults.keys() - NOTES
        if unknown:
            raise ValueError(
                explain(
                    name,
                    expected=f"hyper-parameters {', '.join(self.defaults)}",
                    got=f"{', '.join(sorted(unknown))}",
                    remedy="correct the name in the parameter group",
                )
            )
        given = group["params"]
        entries = [given] if isinstance(given, Tensor) else list(given)
        names = [entry[0] for entry in entries if isinstance(entry, tuple)]
        params = [entry[1] if isinstance(entry, tuple) else entry for entry in entries]
        check_parameters(name, params, [p for other in self.param_groups for p in other["params"]])
        if names and len(names) != len(params):
            raise ValueError(
                explain(
                    name,
                    expected="names for all parameters of a group or for none",
                    got=f"{len(names)} names for {len(params)} parameters",
                    remedy="pass module.named_parameters() or module.parameters()",
                )
            )
        chosen = {key: as_plain_number(value) for key, value in {**self.defaults, **group}.items() if key != "params"}
        complete = {**chosen, "params": params, **({"param_names": names} if names else {})}
        self.check(complete)
        self.param_groups.append(complete)

    def check(self, group: Group) -> None:
        """Raise ``ValueError`` for hyper-parameters out of range. Subclasses add their own."""
        if "lr" in group:
            require(type(self).__name__, group, "lr", lambda lr: 0 <= lr < math.inf, "a learning rate of at least 0")

    # -- a step ------------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Args:
            closure: computes the loss (and calls ``backward``) before the update, if given.

        Returns:
            What ``closure`` returned, or ``None``.

        Raises:
            ValueError: for a gradient of another shape than its parameter; nothing is updated then.
            FloatingPointError: for a gradient that is not finite, with ``nonfinite="raise"``.
        """
        args: tuple[Any, ...] = () if closure is None else (require_closure(f"{type(self).__name__}.step", closure),)
        if self._before:
            args = self._run_before(args)
        loss = self._step(*args)
        self._stepped = True
        for hook in tuple(self._after.values()) if self._after else ():
            hook(self, args, {})
        return loss

    def _run_before(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in tuple(self._before.values()):
            replaced = hook(self, args, {})
            if replaced is not None:
                args = (*replaced[0], *replaced[1].values())
        return args

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        """A step between its hooks: loss, gradients, update."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        gradients = self._gradients()
        if self.nonfinite == "allow" or self._all_finite(gradients):
            self._apply(gradients)
            mark([p for group in self.param_groups for p in group["params"] if p.grad is not None])
        return loss

    def _gradients(self) -> list[list[Any]]:
        """The gradients of every group as arrays; ``None`` for parameters without one."""
        name = type(self).__name__
        found = []
        for group in self.param_groups:
            gradients = []
            for p in group["params"]:
                gradient = p.grad
                if gradient is not None:
                    array, value = getattr(gradient, "_data", None), p._data
                    fits = array is not None and array.dtype is value.dtype and array.shape == value.shape
                    gradient = array if fits else check_gradient(name, p)
                gradients.append(gradient)
            found.append(gradients)
        return found

    def _all_finite(self, gradients: Sequence[Sequence[Any]]) -> bool:
        """Whether the step may be done; counts it, or raises, if not."""
        if all(g is None or np.isfinite(g).all() for group in gradients for g in group):
            return True
        self._refuse_nonfinite("NaN or infinity in a gradient")
        return False

    def _refuse_nonfinite(self, got: str) -> None:
        """Raise, or count a step that is skipped."""
        if self.nonfinite == "raise":
            raise FloatingPointError(
                explain(
                    f"{type(self).__name__}.step",
                    expected="finite gradients",
                    got=got,
                    remedy="lower the learning rate, clip the gradients, or pass nonfinite='skip'",
                )
            )
        self.skipped_steps += 1

    def _apply(self, gradients: Sequence[Sequence[Any]]) -> None:
        """Change the parameters; ``gradients`` of every group are checked."""
        raise TypeError(
            explain(
                type(self).__name__,
                expected="an update rule",
                got="none",
                remedy="define step, or derive from optim.Elementwise or optim.PerParameter and define update",
            )
        )

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters (or set them to 0)."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.grad = None if set_to_none else Tensor(np.zeros_like(parameter._data))

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Call ``hook(optimizer, args, kwargs)`` before every step.

        Args:
            hook: gets what ``step`` was called with; a pair (args, kwargs) that it returns takes its place.

        Returns:
            A handle; ``handle.remove()`` takes the hook away again.
        """
        return self._before.add(hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Call ``hook(optimizer, args, kwargs)`` after every step; the handle takes it away again."""
        return self._after.add(hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> HookHandle:
        """Call ``hook(optimizer)`` before every ``state_dict``; ``prepend`` puts it before the hooks that are there."""
        return self._register("before saving", hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> HookHandle:
        """Call ``hook(optimizer, state_dict)`` after it; a dict that it returns takes the place of the other."""
        return self._register("after saving", hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> HookHandle:
        """Call ``hook(optimizer, state_dict)`` before loading; a dict that it returns is loaded in place of it."""
        return self._register("before loading", hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> HookHandle:
        """Call ``hook(optimizer)`` after a state was loaded."""
        return self._register("after loading", hook, prepend)

    def _register(self, kind: str, hook: Callable[..., Any], prepend: bool) -> HookHandle:
        hooks = self._dict_hooks[kind]
        earlier = list(hooks.items())
        handle = hooks.add(hook)
        if prepend:
            hooks.clear()
            hooks.update({handle.number: hook})
            hooks.update(earlier)
        return handle

    # -- state -------------------------------------------------------------------------------------

    @property
    def state(self) -> dict[Any, dict[str, Any]]:
        """Parameter -> what the rule remembers of it (step count, arrays), for those that were updated."""
        return self._state

    def state_dict(self) -> dict[str, Any]:
        """State and hyper-parameters as plain data, parameters numbered in the order of the groups.

        Returns:
            ``{"state": {number: {"step": ..., ...}}, "param_groups": [{..., "params": [numbers]}]}`` with
            copies of the arrays; the keys are PyTorch's.
        """
        for hook in tuple(self._dict_hooks["before saving"].values()):
            hook(self)
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for parameter in group["params"]:
                numbers[id(parameter)] = len(numbers)
            entries = {key: plain(value) for key, value in group.items() if key != "params"}
            groups.append({**entries, "params": [numbers[id(parameter)] for parameter in group["params"]]})
        state = {numbers[id(parameter)]: plain(entry) for parameter, entry in self._saved_state().items()}
        saved: dict[str, Any] = {"state": dict(sorted(state.items())), "param_groups": groups}
        for hook in tuple(self._dict_hooks["after saving"].values()):
            replaced = hook(self, saved)
            saved = saved if replaced is None else replaced
        return saved

    def _saved_state(self) -> Mapping[Any, Mapping[str, Any]]:
        """The state as ``state_dict`` shows it."""
        return self.state

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave. Nothing is changed unless everything fits.

        PyTorch's state dict is taken too: its Tensors are read as arrays.

        Raises:
            ValueError: if the groups, the shapes of the state or the hyper-parameters do not fit.
        """
        name = f"{type(self).__name__}.load_state_dict"
        for hook in tuple(self._dict_hooks["before loading"].values()):
            replaced = hook(self, state_dict)
            state_dict = state_dict if replaced is None else replaced
        check_state_dict(name, state_dict)
        saved = [
            {key: plain(value) for key, value in group.items() if key not in IMPLEMENTATION}
            for group in state_dict["param_groups"]
        ]
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
        complete = [{**group, **entry, "params": group["params"]} for group, entry in zip(self.param_groups, saved)]
        entries: dict[int, dict[str, Any]] = {}
        for number, entry in state_dict["state"].items():
            if int(number) not in parameters:
                raise ValueError(
                    explain(
                        name,
                        expected=f"state of parameters {sorted(parameters)}",
                        got=f"state of parameter {number}",
                        remedy="load the state that was saved with this model",
                    )
                )
            parameter = parameters[int(number)]
            position = next(i for i, group in enumerate(complete) if any(p is parameter for p in group["params"]))
            entries[id(parameter)] = self._read_state(complete[position], parameter, plain(entry), number)
        for group in complete:
            self.check(group)
        for group, entry in zip(self.param_groups, complete):
            group.update(entry)
        self._restore(entries)
        self._stepped = self._stepped or bool(entries)  # where schedules look for a step before their own
        for hook in tuple(self._dict_hooks["after loading"].values()):
            hook(self)

    def _read_state(self, group: Group, parameter: Any, entry: dict[str, Any], number: Any) -> dict[str, Any]:
        """Check the saved state of one parameter, and give it the form in which it is kept."""
        return entry

    def _restore(self, entries: Mapping[int, dict[str, Any]]) -> None:
        """Take over the checked state: the id of a parameter -> its state."""
        self._state.clear()
        for group in self.param_groups:
            for parameter in group["params"]:
                if id(parameter) in entries:
                    self._state[parameter] = entries[id(parameter)]

    def _fitted(self, key: str, number: Any, value: Any, like: Any) -> Any:
        """A saved array in the dtype of another, or a number: whole and at least 0 where the other one is an int.

        Raises:
            ValueError: for another shape, or a value that cannot be so converted.
        """
        if np.shape(value) != np.shape(like):
            raise self._misfit(key, number, np.shape(like), value)
        saved, kind = np.asarray(value), np.asarray(like).dtype
        counts = isinstance(like, int)
        fits = np.can_cast(saved.dtype, float if counts else kind, "same_kind")
        if not fits or (counts and not (0 <= saved < math.inf and saved % 1 == 0)):
            raise ValueError(
                explain(
                    f"{type(self).__name__}.load_state_dict",
                    expected=f"{'a whole number' if counts else kind} for {key} of parameter {number}",
                    got=f"{saved.dtype} numbers" if saved.ndim else repr(value),
                    remedy="load the state that was saved with this model",
                )
            )
        return saved.astype(kind, copy=False) if isinstance(like, np.ndarray) else type(like)(value)

    def _misfit(self, key: str, number: Any, shape: tuple[int, ...], value: Any) -> ValueError:
        """The error for saved state of a wrong shape."""
        return ValueError(
            explain(
                f"{type(self).__name__}.load_state_dict",
                expected=f"{key} of shape {shape} for parameter {number}",
                got=f"shape {np.shape(value)}",
                remedy="load the state that was saved with this model",
            )
        )

    # A hook may be a function of the moment, which a copy has no use for.
    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_before", "_after", "_dict_hooks")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._before, self._after = Hooks(), Hooks()
        self._dict_hooks = {kind: Hooks() for kind in DICT_HOOKS}

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for position, group in enumerate(self.param_groups):
            lines.append(f"parameter group {position}: {len(group['params'])} parameters")
            lines += [f"    {key}: {value}" for key, value in group.items() if key not in ("params", "param_names")]
        return "\n".join([*lines, ")"])
