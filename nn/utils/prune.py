"""Pruning: weights that are set to 0 by a mask, while the network can still be trained.

A pruned ``weight`` is computed as ``weight_orig * weight_mask``: the parameter ``weight_orig`` is trained,
the buffer ``weight_mask`` holds 1 and 0. Pruning again prunes what is left. ``remove`` makes it final.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from autograd_core.errors import explain

from ..computed import computation, forget
from ..module import Module
from .pruning_methods import (
    BasePruningMethod,
    CustomFromMask,
    Identity,
    L1Unstructured,
    LnStructured,
    Pruned,
    PruningContainer,
    RandomStructured,
    RandomUnstructured,
    scores_for,
)

__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "PruningContainer",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]


def identity(module: Module, name: str) -> Module:
    """Make the mask of a parameter without pruning it. Returns the module.

    >>> import nn
    >>> list(nn.utils.prune.identity(nn.Linear(2, 1), "weight").state_dict())
    ['bias', 'weight_orig', 'weight_mask']
    """
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: float) -> Module:
    """Prune entries of a parameter at random; see ``RandomUnstructured``. Returns the module.

    >>> import nn
    >>> int(nn.utils.prune.random_unstructured(nn.Linear(10, 10), "weight", 0.3).weight_mask.sum())
    70
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Module, name: str, amount: float, importance_scores: Any = None) -> Module:
    """Prune the entries of the smallest absolute value; see ``L1Unstructured``. Returns the module.

    >>> import nn
    >>> int(nn.utils.prune.l1_unstructured(nn.Linear(10, 10), "weight", 40).weight_mask.sum())
    60
    """
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: float, dim: int) -> Module:
    """Prune slices along an axis at random; see ``RandomStructured``. Returns the module.

    >>> import nn
    >>> int(nn.utils.prune.random_structured(nn.Linear(10, 4), "weight", 1, dim=0).weight_mask.sum())
    30
    """
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Module, name: str, amount: float, n: float, dim: int, importance_scores: Any = None
) -> Module:
    """Prune the slices of the smallest norm along an axis; see ``LnStructured``. Returns the module.

    >>> import nn
    >>> int(nn.utils.prune.ln_structured(nn.Linear(10, 4), "weight", 0.5, n=2, dim=0).weight_mask.sum())
    20
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Any) -> Module:
    """Prune the entries of a parameter where ``mask`` is 0. Returns the module.

    >>> import nn
    >>> nn.utils.prune.custom_from_mask(nn.Linear(2, 1), "weight", [[0, 1]]).weight_mask.tolist()
    [[0.0, 1.0]]
    """
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: type[BasePruningMethod],
    importance_scores: Mapping[tuple[Module, str], Any] | None = None,
    **kwargs: Any,
) -> None:
    """Prune entries of several parameters, chosen as if they were one.

    Args:
        parameters: pairs of module and name.
        pruning_method: an unstructured method, such as ``L1Unstructured``.
        importance_scores: (module, name) -> what to choose by instead of the values.
        kwargs: what the method is made with, ``amount=0.2``, say.

    Raises:
        TypeError: if ``parameters`` holds something else than pairs, or the method is not unstructured.

    >>> import nn
    >>> net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1))
    >>> pairs = [(net[0], "weight"), (net[1], "weight")]
    >>> nn.utils.prune.global_unstructured(pairs, nn.utils.prune.L1Unstructured, amount=10)
    >>> int(net[0].weight_mask.sum() + net[1].weight_mask.sum())
    10
    """
    targets = list(parameters)
    if not targets or not all(isinstance(entry, tuple | list) and len(entry) == 2 for entry in targets):
        raise TypeError(
            explain(
                "global_unstructured",
                expected="pairs of module and name",
                got=repr([type(entry).__name__ for entry in targets]),
                remedy="pass [(net[0], 'weight'), (net[2], 'weight')], say",
            )
        )
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            explain(
                "global_unstructured",
                expected="an unstructured method",
                got=f"{pruning_method.__name__}, which is {method.PRUNING_TYPE}",
                remedy="pass L1Unstructured or RandomUnstructured",
            )
        )
    given = importance_scores or {}
    values = [getattr(module, name) for module, name in targets]
    scores = [
        scores_for("global_unstructured", given.get((module, name)), value)
        for (module, name), value in zip(targets, values)
    ]
    masks = [
        np.ones_like(score) if mask is None else mask._data
        for score, mask in zip(scores, (module._buffers.get(f"{name}_mask") for module, name in targets))
    ]
    container = PruningContainer()
    joined = container.masked_further(method, _joined(scores), _joined(masks))
    start = 0
    for (module, name), score in zip(targets, scores):
        CustomFromMask.apply(module, name, joined[start : start + score.size].reshape(score.shape))
        start += score.size


def _joined(arrays: list[Any]) -> Any:
    return np.concatenate([array.reshape(-1) for array in arrays])


def remove(module: Module, name: str) -> Module:
    """Make pruning final: the parameter with its zeros takes the place of original and mask. Returns the module.

    Raises:
        ValueError: if the parameter is not pruned.

    >>> import nn
    >>> layer = nn.utils.prune.l1_unstructured(nn.Linear(2, 1), "weight", 1)
    >>> list(nn.utils.prune.remove(layer, "weight").state_dict())
    ['bias', 'weight']
    """
    if not isinstance(computation(module, name), Pruned):
        raise ValueError(
            explain(
                "prune.remove",
                expected="a pruned parameter",
                got=f"{name!r} of {type(module).__name__}, which is not",
                remedy="ask prune.is_pruned(module) first",
            )
        )
    value = getattr(module, name)._data
    weight = module._parameters[f"{name}_orig"]
    delattr(module, f"{name}_orig")
    delattr(module, f"{name}_mask")
    forget(module, name)
    weight.data = value  # the same parameter: an optimizer may have it
    module.register_parameter(name, weight)
    return module


def is_pruned(module: Module) -> bool:
    """Whether a parameter of the module, or of one below it, is pruned.

    >>> import nn
    >>> net = nn.Sequential(nn.Linear(2, 1))
    >>> _ = nn.utils.prune.identity(net[0], "bias")
    >>> nn.utils.prune.is_pruned(net)
    True
    """
    return any(
        isinstance(rule, Pruned)
        for inner in module.modules()
        for rule in getattr(inner._parameters, "rules", {}).values()
    )
