"""The checks that optimizers share, and the words of their errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from reprlib import repr as short
from typing import Any

from autograd_core import Tensor
from autograd_core.errors import explain

__all__ = [
    "check_backward",
    "check_betas",
    "check_gradient",
    "check_group",
    "check_list",
    "check_parameters",
    "check_state_dict",
    "require",
    "require_at_least_zero",
    "require_choice",
    "require_closure",
    "require_finite",
    "require_scipy",
]


def require(name: str, group: Mapping[str, Any], key: str, holds: Callable[[Any], Any], expected: str) -> None:
    """Raise ``ValueError`` unless ``holds(group[key])``, or ``TypeError`` where it cannot tell; NaN never holds."""
    kind: type[Exception] = ValueError
    try:
        good = holds(group[key])
    except (TypeError, ValueError):  # ValueError: an array of several numbers is neither true nor false
        kind, good = TypeError, False
    if not good:
        raise kind(explain(name, expected=expected, got=f"{key}={group[key]!r}", remedy=f"pass another {key}"))


def require_at_least_zero(name: str, group: Mapping[str, Any], *keys: str) -> None:
    """Raise ``ValueError`` for a negative or infinite hyper-parameter."""
    for key in keys:
        require(name, group, key, lambda value: 0 <= value < math.inf, f"a finite {key} of at least 0")


def require_finite(name: str, group: Mapping[str, Any], *keys: str) -> None:
    """Raise ``ValueError`` for a hyper-parameter that is infinite or NaN, ``TypeError`` for one that is no number."""
    for key in keys:
        require(name, group, key, math.isfinite, f"a finite {key}")


def check_betas(name: str, group: Mapping[str, Any], key: str = "betas") -> None:
    """Raise ``ValueError`` unless there are two numbers in [0, 1)."""
    require(
        name,
        group,
        key,
        lambda betas: len(betas) == 2 and all(0 <= beta < 1 for beta in betas),
        f"two {key} of at least 0 and below 1",
    )


def require_choice(name: str, key: str, value: Any, choices: Sequence[Any]) -> None:
    """Raise ``ValueError`` for a value that is none of the choices."""
    if value not in choices:
        expected = f"{key} one of {', '.join(repr(choice) for choice in choices)}"
        raise ValueError(explain(name, expected=expected, got=repr(value), remedy=f"pass another {key}"))


def require_closure(name: str, closure: Any) -> Callable[[], Any]:
    """The closure; ``TypeError`` unless there is one to call."""
    if not callable(closure):
        raise TypeError(
            explain(
                name,
                expected="a closure that computes the loss, calls backward and returns the loss",
                got="none" if closure is None else type(closure).__name__,
                remedy="pass one: the loss has to be computed several times",
            )
        )
    return closure


def require_scipy(name: str) -> Any:
    """``scipy.optimize``; ``ModuleNotFoundError`` without SciPy, which is optional."""
    try:
        from scipy import optimize
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            explain(name, expected="SciPy", got=f"no module {error.name}", remedy="pip install scipy"), name=error.name
        ) from None
    return optimize


def check_list(name: str, params: Any) -> None:
    """Raise ``TypeError`` for what holds no parameters one after the other, and for a set, which keeps no order."""
    if isinstance(params, set | frozenset):
        raise TypeError(
            explain(name, expected="a list of Tensors", got="a set", remedy="pass a list, which keeps its order")
        )
    if not isinstance(params, Iterable) or isinstance(params, Mapping | str):
        remedy = "pass model.parameters(), or a list of parameter groups"
        raise TypeError(explain(name, expected="a list of Tensors", got=type(params).__name__, remedy=remedy))


def check_group(name: str, group: Any) -> None:
    """Raise ``TypeError`` unless ``group`` is a dict with a list of parameters."""
    if not isinstance(group, Mapping) or "params" not in group:
        got = f"one with {', '.join(map(repr, group))}" if isinstance(group, Mapping) else type(group).__name__
        raise TypeError(
            explain(
                name,
                expected="a dict with a key 'params' for every parameter group",
                got=got,
                remedy='pass {"params": [...], "lr": 0.01}',
            )
        )
    if not isinstance(group["params"], Tensor):
        check_list(name, group["params"])


def check_parameters(name: str, params: Sequence[Any], known: Sequence[Any]) -> None:
    """Raise unless ``params`` are leaves, each of them once and not among those that are known."""
    seen = {id(parameter) for parameter in known}
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
        if id(parameter) in seen:
            raise ValueError(
                explain(
                    name,
                    expected="every parameter once",
                    got=f"one of shape {parameter.shape} twice",
                    remedy="remove the repetition; shared parameters stand once in model.parameters()",
                )
            )
        seen.add(id(parameter))


def check_state_dict(name: str, state_dict: Any) -> None:
    """Raise ``ValueError`` unless it is a dict as optimizers save it."""
    remedy = "pass what state_dict() of an optimizer gave"
    if not isinstance(state_dict, Mapping) or not {"state", "param_groups"} <= state_dict.keys():
        got = f"keys {list(state_dict)}" if isinstance(state_dict, Mapping) else type(state_dict).__name__
        raise ValueError(explain(name, expected="a dict with 'state' and 'param_groups'", got=got, remedy=remedy))
    groups, states = state_dict["param_groups"], state_dict["state"]
    if not isinstance(groups, list | tuple) or not all(
        isinstance(group, Mapping) and isinstance(group.get("params"), list | tuple) for group in groups
    ):
        expected = "'param_groups', a list of dicts with the numbers of their 'params'"
        raise ValueError(explain(name, expected=expected, got=short(groups), remedy=remedy))
    if not isinstance(states, Mapping) or not all(
        str(number).isdigit() and isinstance(entry, Mapping) for number, entry in states.items()
    ):
        expected = "'state', a dict from the number of a parameter to the dict of its state"
        raise ValueError(explain(name, expected=expected, got=short(states), remedy=remedy))


def check_backward(name: str, parameters: Iterable[Any]) -> None:
    """Raise ``ValueError`` if no parameter has a gradient after a closure was called."""
    if all(parameter.grad is None for parameter in parameters):
        raise ValueError(
            explain(
                name,
                expected="a closure that calls backward",
                got="no gradient in any of the parameters after it",
                remedy="call loss.backward() in the closure before it returns the loss",
            )
        )


def check_gradient(name: str, parameter: Any) -> Any:
    """The gradient of a parameter as an array of its shape and dtype.

    Raises:
        TypeError: for a gradient that is no Tensor.
        ValueError: for another shape, or a complex gradient of real numbers.
    """
    if not isinstance(parameter.grad, Tensor):
        raise TypeError(
            explain(
                f"{name}.step",
                expected="a Tensor in .grad",
                got=type(parameter.grad).__name__,
                remedy="make it one: p.grad = ag.tensor(gradient)",
            )
        )
    value, gradient = parameter._data, parameter.grad._data
    if gradient.shape != value.shape:
        raise ValueError(
            explain(
                f"{name}.step",
                expected=f"a gradient of the parameter's shape {parameter.shape}",
                got=f"shape {gradient.shape} in .grad",
                remedy="set .grad to a Tensor of the parameter's shape, or to None",
            )
        )
    if gradient.dtype is not value.dtype and gradient.dtype != value.dtype:
        if gradient.dtype.kind == "c" and value.dtype.kind != "c":
            raise ValueError(
                explain(
                    f"{name}.step",
                    expected=f"a gradient of the parameter's dtype {value.dtype}",
                    got=f"{gradient.dtype} in .grad",
                    remedy="take the real part of it",
                )
            )
        gradient = gradient.astype(value.dtype)
    return gradient
