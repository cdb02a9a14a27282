"""``functional_call``: a module as a function of its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from autograd_core import Tensor
from autograd_core.errors import explain

from .module import Module
from .module_errors import did_you_mean, listed

__all__ = ["functional_call"]


class _Place(NamedTuple):
    """Where a parameter or buffer is held."""

    registry: dict[str, Any]
    name: str
    value: Tensor


def functional_call(
    module: Module,
    parameters_and_buffers: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other parameters and buffers than its own, which are back in place afterwards.

    The result is a function of what is passed, so it can be differentiated with respect to it by
    ``ag.grad``, ``ag.hessian`` and the like.

    Args:
        module: what to call.
        parameters_and_buffers: dotted path -> Tensor or array, or several such mappings; what they do not
            name keeps its value. A buffer that the module changes in place is changed in the mapping.
        args: the positional arguments of the call: a tuple, or a single one.
        kwargs: its keyword arguments.
        tie_weights: whether a value for one path of a shared parameter holds for its other paths too.
        strict: whether every parameter and buffer has to be named.

    Returns:
        What the module returns.

    Raises:
        KeyError: for a path that the module does not have; if strict, for missing ones.
        ValueError: for a path in two mappings, and for different values of a shared parameter.

    >>> import autograd_core as ag
    >>> import nn
    >>> net = nn.Linear(2, 1, bias=False)
    >>> f = lambda parameters: nn.functional_call(net, parameters, [[3.0, 4.0]]).sum()
    >>> ag.grad(f)({"weight": ag.tensor([[1.0, 1.0]], dtype="float32")})
    {'weight': tensor([[3., 4.]], dtype=float32)}
    """
    values = _merged(parameters_and_buffers)
    with _replaced(module, values, tie_weights, strict):
        inputs = () if args is None else args if isinstance(args, tuple) else (args,)
        return module(*inputs, **(kwargs or {}))


def _merged(given: Any) -> dict[str, Any]:
    mappings = [given] if isinstance(given, Mapping) else given
    if not isinstance(mappings, Sequence) or not all(isinstance(mapping, Mapping) for mapping in mappings):
        raise TypeError(
            explain(
                "functional_call",
                expected="a mapping from paths to Tensors, or a sequence of mappings",
                got=type(given).__name__,
                remedy="pass dict(module.named_parameters())",
            )
        )
    merged: dict[str, Any] = {}
    for mapping in mappings:
        twice = [key for key in mapping if key in merged]
        if twice:
            raise ValueError(
                explain(
                    "functional_call",
                    expected="every path in one mapping only",
                    got=f"{listed(twice)} in two",
                    remedy="leave out all but one",
                )
            )
        merged.update(mapping)
    return {key: value if isinstance(value, Tensor) else Tensor(value) for key, value in merged.items()}


@contextmanager
def _replaced(module: Module, values: dict[str, Tensor], tie_weights: bool, strict: bool) -> Iterator[None]:
    """Within this context the module holds ``values``."""
    places = _places(module)
    _check_paths(module, places, values, tie_weights, strict)
    if tie_weights:
        values = _with_ties(places, values)
    # All at once, and back whatever happens.
    for key, value in values.items():
        places[key].registry[places[key].name] = value
    try:
        yield
    finally:
        for key in values:
            places[key].registry[places[key].name] = places[key].value


def _places(module: Module) -> dict[str, _Place]:
    places = {}
    for path, owner in module.named_modules(remove_duplicate=False):
        for registry in (owner._parameters, owner._buffers):
            for name, value in registry.items():
                if value is not None:
                    places[f"{path}.{name}" if path else name] = _Place(registry, name, value)
    return places


def _check_paths(
    module: Module, places: dict[str, _Place], values: dict[str, Tensor], tie_weights: bool, strict: bool
) -> None:
    unknown = [key for key in values if key not in places]
    given = {id(places[key].value) for key in values if key in places} if tie_weights else set()
    missing = [key for key, place in places.items() if key not in values and id(place.value) not in given]
    if unknown:
        raise KeyError(
            f"functional_call: {type(module).__name__} has no parameter or buffer {listed(map(repr, unknown))}."
            f"{did_you_mean(unknown[0], places)}"
        )
    if strict and missing:
        raise KeyError(f"functional_call(strict=True): no value for {listed(map(repr, missing))}.")


def _with_ties(places: dict[str, _Place], values: dict[str, Tensor]) -> dict[str, Tensor]:
    """``values`` for all paths of shared parameters."""
    by_owner: dict[int, tuple[str, Tensor]] = {}
    for key, value in values.items():
        first, other = by_owner.setdefault(id(places[key].value), (key, value))
        if other is not value:
            raise ValueError(
                explain(
                    "functional_call",
                    expected=f"one value for {first!r} and {key!r}, which are one parameter",
                    got="two different ones",
                    remedy="pass one of them, or tie_weights=False",
                )
            )
    return {key: by_owner[id(place.value)][1] for key, place in places.items() if id(place.value) in by_owner}
