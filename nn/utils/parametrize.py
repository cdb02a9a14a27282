"""Parameters under a constraint: what a module uses is computed from what is trained.

``register_parametrization(module, "weight", P)`` takes the parameter ``weight`` out of the module and
trains P's input X in its place, so that ``module.weight`` is P(X). X stands in the state dict as
``parametrizations.weight.original`` (``original0``, ``original1`` ... where P takes several).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_core import Tensor, no_grad
from autograd_core.errors import explain

from ..computed import Computation, ComputedParameters, compute, forget
from ..layers.container import ModuleDict, ModuleList
from ..module import Module
from ..module_errors import did_you_mean, listed
from ..parameter import Parameter

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "type_before_parametrizations",
]


class _Cache(threading.local):
    depth = 0

    def __init__(self) -> None:
        self.values: dict[ParametrizationList, Tensor] = {}


_cache = _Cache()


@contextmanager
def cached() -> Iterator[None]:
    """Within this context every parametrized value is computed once only.

    It is for modules that use a weight many times, as recurrent ones do.

    >>> import nn
    >>> from nn.utils import parametrizations, parametrize
    >>> layer = parametrizations.weight_norm(nn.Linear(2, 2))
    >>> with parametrize.cached():
    ...     layer.weight is layer.weight
    True
    >>> layer.weight is layer.weight
    False
    """
    _cache.depth += 1
    try:
        yield
    finally:
        _cache.depth -= 1
        if not _cache.depth:
            _cache.values.clear()


class ParametrizationList(ModuleList):
    """The parametrizations of one parameter, one after the other, and the parameters that they start from.

    Args:
        modules: the parametrizations.
        original: the parameter or buffer that they replace.
        unsafe: whether the value may have another shape or dtype than ``original``.

    Attributes:
        original: what is trained; ``original0``, ``original1`` ... where the first parametrization takes several.

    >>> import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> layer.parametrizations.weight.original0.shape
    (2, 1)
    """

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        super().__init__(modules)
        self.unsafe = unsafe
        start: Any = original
        for module in reversed(list(self)):
            if hasattr(module, "right_inverse"):
                with no_grad():
                    start = module.right_inverse(start)
        several = isinstance(start, tuple | list)
        self._count = len(start) if several else 0
        if not several and not isinstance(start, Tensor):
            raise _misfit(self, "right_inverse to return a Tensor or a sequence of them", type(start).__name__)
        kind = Parameter if isinstance(original, Parameter) else Tensor
        if several:
            for position, value in enumerate(start):
                self._hold(f"original{position}", kind(value.detach()), original.requires_grad)
        elif start.dtype != original.dtype:
            raise _misfit(self, f"right_inverse to keep the dtype {original.dtype}", str(start.dtype))
        elif start.shape == original.shape:
            if start is not original:
                original.data = np.array(start._data)  # the same parameter: an optimizer may have it already
            self._hold("original", original, original.requires_grad)
        else:
            self._hold("original", kind(start.detach()), original.requires_grad)

    def _hold(self, name: str, tensor: Tensor, requires_grad: bool) -> None:
        if isinstance(tensor, Parameter):
            tensor.requires_grad = requires_grad
            self.register_parameter(name, tensor)
        else:
            self.register_buffer(name, tensor)

    @property
    def originals(self) -> list[Tensor]:
        """What the parametrizations start from."""
        names = [f"original{position}" for position in range(self._count)] if self._count else ["original"]
        return [getattr(self, name) for name in names]

    def forward(self) -> Tensor:
        """The value."""
        modules = iter(self)
        value = next(modules)(*self.originals)
        for module in modules:
            value = module(value)
        return value

    def right_inverse(self, value: Any) -> None:
        """Change the originals so that the value becomes ``value`` (or what the parametrizations make of it).

        Raises:
            TypeError: if a parametrization has no ``right_inverse``.
        """
        value = value if isinstance(value, Tensor) else Tensor(value)
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise TypeError(
                        explain(
                            "assignment to a parametrized weight",
                            expected="parametrizations with a method right_inverse",
                            got=f"{type(module).__name__} without one",
                            remedy="define right_inverse, or change the originals in module.parametrizations",
                        )
                    )
                value = module.right_inverse(value)
        values = list(value) if isinstance(value, tuple | list) else [value]
        originals = self.originals
        if len(values) != len(originals):
            raise _misfit(self, f"right_inverse to return {len(originals)} Tensors", str(len(values)))
        for original, new in zip(originals, values):
            if new.shape != original.shape:
                raise _misfit(self, f"a value of shape {original.shape}", f"shape {new.shape}")
        for original, new in zip(originals, values):
            original.data = np.array(new._data, dtype=original.dtype)


class _Parametrized(Computation):
    """A name whose value a ``ParametrizationList`` computes."""

    def __init__(self, parametrizations: ParametrizationList) -> None:
        self.parametrizations = parametrizations

    def value(self, parameters: Any) -> Any:
        if not _cache.depth:
            return self.parametrizations()
        if self.parametrizations not in _cache.values:
            _cache.values[self.parametrizations] = self.parametrizations()
        return _cache.values[self.parametrizations]

    def assign(self, parameters: Any, value: Any) -> None:
        self.parametrizations.right_inverse(value)


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Have a parameter or buffer computed by ``parametrization`` from now on.

    Several of them on one name are applied in the order in which they are registered.

    Args:
        module: holds the parameter.
        tensor_name: the parameter's name.
        parametrization: a module whose ``forward`` maps what is trained to what the module uses. If it
            defines ``right_inverse``, this gives the initial value of what is trained (a Tensor, or a
            tuple of them, which ``forward`` then gets one by one), and assignments to
            ``module.tensor_name`` go through it.
        unsafe: whether the value may have another shape or dtype than the parameter.

    Returns:
        The module.

    Raises:
        TypeError: if ``parametrization`` is no module.
        ValueError: if the module has no such parameter or buffer; if shape or dtype change, unless ``unsafe``.

    >>> import nn
    >>> class Symmetric(nn.Module):
    ...     def forward(self, x):
    ...         return (x + x.T) / 2
    >>> layer = nn.utils.parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    >>> bool((layer.weight == layer.weight.T).all())
    True
    >>> list(layer.state_dict())
    ['bias', 'parametrizations.weight.original']
    """
    if not isinstance(parametrization, Module):
        raise TypeError(
            explain(
                "register_parametrization",
                expected="a module as parametrization",
                got=repr(parametrization),
                remedy="put the function into the forward of an nn.Module",
            )
        )
    if is_parametrized(module, tensor_name):
        present: Any = module.parametrizations[tensor_name]
        if not unsafe:
            _check_kept(present(), parametrization, tensor_name)
        present.append(parametrization)
        present.unsafe = present.unsafe or unsafe
        return module
    original = module._parameters.get(tensor_name)
    if original is None:
        original = module._buffers.get(tensor_name)
    if original is None:
        held = [name for registry in (module._parameters, module._buffers) for name in registry]
        raise ValueError(
            f"register_parametrization: {type(module).__name__} has no parameter or buffer {tensor_name!r}."
            f"{did_you_mean(tensor_name, held)} It holds {listed(held) or 'none'}."
        )
    before = np.array(original._data)
    parametrizations = ParametrizationList([parametrization], original, unsafe)
    try:
        if not unsafe:
            with no_grad():
                _check_like(parametrizations(), before, tensor_name)
    except BaseException:
        original.data = before
        raise
    compute(module, tensor_name, _Parametrized(parametrizations))
    if "parametrizations" not in module._modules:
        module.register_module("parametrizations", ModuleDict())
    module.parametrizations[tensor_name] = parametrizations
    return module


def _check_kept(value: Tensor, parametrization: Module, name: str) -> None:
    with no_grad():
        _check_like(parametrization(value), value, name)


def _check_like(new: Any, old: Any, name: str) -> None:
    if not isinstance(new, Tensor) or new.shape != old.shape or new.dtype != old.dtype:
        got = f"shape {new.shape}, dtype {new.dtype}" if isinstance(new, Tensor) else type(new).__name__
        raise ValueError(
            explain(
                f"register_parametrization of {name!r}",
                expected=f"a value of shape {old.shape}, dtype {old.dtype}, as before",
                got=got,
                remedy="let forward keep them, or pass unsafe=True",
            )
        )


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrizations (of one of its parameters).

    >>> import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> parametrize = nn.utils.parametrize
    >>> parametrize.is_parametrized(layer), parametrize.is_parametrized(layer, "bias")
    (True, False)
    """
    parameters: Any = module._parameters
    rules = parameters.rules if isinstance(parameters, ComputedParameters) else {}
    names = [name for name, rule in rules.items() if isinstance(rule, _Parametrized)]
    return bool(names) if tensor_name is None else tensor_name in names


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make a parametrized name a parameter (or buffer) again.

    Args:
        module: holds the name.
        tensor_name: the name.
        leave_parametrized: whether its value is the parametrized one; otherwise it is the original.

    Returns:
        The module.

    Raises:
        ValueError: if it is not parametrized, or the original asked for consists of several Tensors.

    >>> import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> list(nn.utils.parametrize.remove_parametrizations(layer, "weight").state_dict())
    ['bias', 'weight']
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(
            explain(
                "remove_parametrizations",
                expected="a parametrized name",
                got=f"{tensor_name!r} of {type(module).__name__}",
                remedy="ask is_parametrized(module, name) first",
            )
        )
    present: Any = module.parametrizations[tensor_name]
    originals = present.originals
    if not leave_parametrized and len(originals) > 1:
        raise ValueError(
            explain(
                "remove_parametrizations",
                expected="leave_parametrized=True for a weight that is computed from several Tensors",
                got="False",
                remedy="leave it out",
            )
        )
    with no_grad():
        value = present() if leave_parametrized else originals[0]
    kept = originals[0]
    if len(originals) == 1 and value.shape == kept.shape:
        kept.data = np.array(value._data)  # the same parameter: an optimizer may have it
    else:
        requires_grad = any(original.requires_grad for original in originals)
        kept = Parameter(value.detach(), requires_grad) if isinstance(kept, Parameter) else value.detach()
    forget(module, tensor_name)
    del module.parametrizations[tensor_name]
    if not len(module.parametrizations):
        del module.parametrizations
    if isinstance(kept, Parameter):
        module.register_parameter(tensor_name, kept)
    else:
        module.register_buffer(tensor_name, kept)
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class of a module. Parametrizations do not change it here.

    >>> import nn
    >>> nn.utils.parametrize.type_before_parametrizations(nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)))
    <class 'nn.layers.linear.Linear'>
    """
    return type(module)


def _misfit(owner: Module, expected: str, got: str) -> ValueError:
    names = ", ".join(type(module).__name__ for module in owner.children())
    return ValueError(
        explain(f"parametrization {names}", expected=expected, got=got, remedy="change its right_inverse")
    )
