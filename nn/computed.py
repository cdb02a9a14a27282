"""Parameters that are computed from others: the registry of a module with parametrized or pruned weights."""

from __future__ import annotations

from typing import Any

from autograd_core.errors import explain

__all__ = ["Computation", "ComputedParameters", "computation", "compute", "forget"]


class Computation:
    """How the value under one name is computed. Subclasses hold what they need, but never the module itself."""

    def value(self, parameters: Any) -> Any:
        """The value, from the module's parameters or from what the object holds."""
        raise TypeError(f"{type(self).__name__} defines no value")

    def assign(self, parameters: Any, value: Any) -> None:
        """Let the parameters that the value is computed from follow a value that is assigned.

        Raises:
            TypeError: where that is not defined.
        """
        raise TypeError(
            explain(
                type(self).__name__,
                expected="no assignment to a computed weight",
                got="one",
                remedy="assign to the parameters that it is computed from, or remove the computation first",
            )
        )


class ComputedParameters(dict[str, Any]):
    """A module's parameters by name, where other names give values computed from them on the spot.

    Computed names are not among the keys: the optimizer and the state dict see what they are computed
    from. ``parameters["weight"]`` and ``module.weight`` give the computed value all the same, so a layer's
    ``forward`` needs to know nothing of it.
    """

    def __init__(self, parameters: dict[str, Any]) -> None:
        super().__init__(parameters)
        self.rules: dict[str, Computation] = {}

    def __missing__(self, name: str) -> Any:
        rule = self.rules.get(name)
        if rule is None:
            raise KeyError(name)
        return rule.value(self)

    def __reduce__(self) -> Any:
        return _rebuild, (dict(self), self.rules)


def _rebuild(parameters: dict[str, Any], rules: dict[str, Computation]) -> ComputedParameters:
    registry = ComputedParameters(parameters)
    registry.rules = rules
    return registry


def compute(module: Any, name: str, rule: Computation) -> None:
    """Have ``module.name`` computed by ``rule`` from now on."""
    own = module.__dict__
    if not isinstance(own["_parameters"], ComputedParameters):
        own["_parameters"] = ComputedParameters(own["_parameters"])
    for registry in ("_parameters", "_buffers"):
        own[registry].pop(name, None)
    own["_parameters"].rules[name] = rule


def computation(module: Any, name: str) -> Computation | None:
    """How ``module.name`` is computed, ``None`` if it is not."""
    parameters = module._parameters
    return parameters.rules.get(name) if isinstance(parameters, ComputedParameters) else None


def forget(module: Any, name: str) -> None:
    """Compute ``module.name`` no longer; the caller enters what takes its place."""
    own = module.__dict__
    del own["_parameters"].rules[name]
    if not own["_parameters"].rules:
        own["_parameters"] = dict(own["_parameters"])
