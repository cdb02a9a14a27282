"""Weight and spectral normalization with the state-dict keys that PyTorch's older functions give.

New programs take ``nn.utils.parametrizations.weight_norm`` and ``spectral_norm``, which do the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from ..computed import Computation, computation, compute, forget
from ..module import Module
from ..parameter import Parameter
from ..random import default_generator
from .parametrizations import as_matrix, check_iterations, default_dim, norm_except, unit

__all__ = ["remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]


def _parameter(module: Module, name: str, owner: str) -> Parameter:
    if computation(module, name) is not None:
        raise ValueError(
            explain(
                owner,
                expected=f"a parameter {name!r} that is not computed from others yet",
                got=f"one that is, by {type(computation(module, name)).__name__.strip('_')}",
                remedy="remove that first",
            )
        )
    parameter = module._parameters.get(name)
    if parameter is None:
        raise ValueError(
            explain(
                owner,
                expected=f"a module with a parameter {name!r}",
                got=f"{type(module).__name__}, which has none",
                remedy="pass the parameter's name as name=",
            )
        )
    return parameter


def _missing(module: Module, name: str, owner: str) -> ValueError:
    return ValueError(
        explain(
            owner,
            expected=f"a module whose {name!r} is normalized",
            got=type(module).__name__,
            remedy="call it once only, with the name that was given before",
        )
    )


class _WeightNorm(Computation):
    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = dim

    def value(self, parameters: Any) -> Any:
        v = parameters[f"{self.name}_v"]
        return v * (parameters[f"{self.name}_g"] / norm_except(v, self.dim))


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Train a weight's length g and direction v apart: w = g v / ‖v‖, as parameters ``weight_g`` and ``weight_v``.

    Args:
        module: the module.
        name: the weight's name.
        dim: the axis along which each slice has a length of its own; ``None`` for one length of the whole.

    Returns:
        The module.

    Raises:
        ValueError: if it has no such parameter, or it is computed already.

    Source: Salimans and Kingma, "Weight normalization", 2016.

    >>> import nn
    >>> [name for name, _ in nn.utils.weight_norm(nn.Linear(3, 2)).named_parameters()]
    ['bias', 'weight_g', 'weight_v']
    """
    weight = _parameter(module, name, "weight_norm")
    compute(module, name, _WeightNorm(name, dim))
    module.register_parameter(f"{name}_g", Parameter(np.asarray(norm_except(weight._data, dim)), weight.requires_grad))
    module.register_parameter(f"{name}_v", Parameter(np.array(weight._data), weight.requires_grad))
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Undo ``weight_norm``: the product g v / ‖v‖ becomes the parameter.

    Raises:
        ValueError: if the weight is not normalized.

    >>> import nn
    >>> layer = nn.utils.remove_weight_norm(nn.utils.weight_norm(nn.Linear(3, 2)))
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'weight']
    """
    if not isinstance(computation(module, name), _WeightNorm):
        raise _missing(module, name, "remove_weight_norm")
    return _end(module, name, [f"{name}_g", f"{name}_v"])


def _end(module: Module, name: str, parts: list[str]) -> Module:
    """Make a computed weight a parameter, and take out what it was computed from."""
    weight = getattr(module, name)
    requires_grad = weight.requires_grad
    for part in parts:
        delattr(module, part)
    forget(module, name)
    module.register_parameter(name, Parameter(weight.detach(), requires_grad))
    return module


class _SpectralNorm(Computation):
    """The weight over its largest singular value, from the vectors that ``_PowerMethod`` keeps up to date."""

    def __init__(self, name: str, dim: int, buffers: dict[str, Any], hook: _PowerMethod) -> None:
        self.name = name
        self.dim = dim
        self.buffers = buffers
        self.hook = hook

    def value(self, parameters: Any) -> Any:
        weight = parameters[f"{self.name}_orig"]
        u, v = self.buffers[f"{self.name}_u"]._data, self.buffers[f"{self.name}_v"]._data
        return weight / np.vdot(u, as_matrix(weight, self.dim) @ v)


class _PowerMethod:
    """The hook that improves the singular vectors before each call in training."""

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        self.name = name
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps

    def __call__(self, module: Module, inputs: Any) -> None:
        if not module.training:
            return
        matrix = as_matrix(module._parameters[f"{self.name}_orig"]._data, self.dim)
        buffers = module._buffers
        u, v = buffers[f"{self.name}_u"]._data, buffers[f"{self.name}_v"]._data
        for _ in range(self.n_power_iterations):
            v = unit(matrix.T @ u, self.eps)
            u = unit(matrix @ v, self.eps)
        buffers[f"{self.name}_u"], buffers[f"{self.name}_v"] = Tensor(u), Tensor(v)


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Divide a weight by its largest singular value; it is trained as ``weight_orig``.

    The singular vectors stand in the buffers ``weight_u`` and ``weight_v``, and are improved by the power
    method before each call of the module in training.

    Args:
        module: the module.
        name: the weight's name.
        n_power_iterations: steps of the power method for each call.
        eps: the smallest norm that is divided by.
        dim: the axis that counts the outputs: 0, or 1 for transposed convolutions, if left out.

    Returns:
        The module.

    Raises:
        ValueError: if it has no such parameter, if it is computed already, or for less than one iteration.

    Source: Miyato, Kataoka, Koyama, Yoshida, "Spectral normalization for generative adversarial networks", 2018.

    >>> import nn
    >>> list(nn.utils.spectral_norm(nn.Linear(3, 2)).state_dict())
    ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    weight = _parameter(module, name, "spectral_norm")
    check_iterations("spectral_norm", n_power_iterations)
    dim = default_dim(module) if dim is None else dim
    matrix = as_matrix(weight._data, dim)
    source = default_generator()
    u, v = (unit(source.standard_normal(length).astype(matrix.dtype), eps) for length in matrix.shape)
    hook = _PowerMethod(name, n_power_iterations, dim, eps)
    compute(module, name, _SpectralNorm(name, dim, module._buffers, hook))
    module.register_parameter(f"{name}_orig", weight)
    module.register_buffer(f"{name}_u", Tensor(u))
    module.register_buffer(f"{name}_v", Tensor(v))
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Undo ``spectral_norm``: the normalized weight becomes the parameter.

    Raises:
        ValueError: if the weight is not normalized.

    >>> import nn
    >>> layer = nn.utils.remove_spectral_norm(nn.utils.spectral_norm(nn.Linear(3, 2)))
    >>> list(layer.state_dict())
    ['bias', 'weight']
    """
    rule = computation(module, name)
    if not isinstance(rule, _SpectralNorm):
        raise _missing(module, name, "remove_spectral_norm")
    for number, entry in list(module._call_hooks.items()):
        if getattr(entry, "function", None) is rule.hook:
            del module._call_hooks[number]
    return _end(module, name, [f"{name}_orig", f"{name}_u", f"{name}_v"])
