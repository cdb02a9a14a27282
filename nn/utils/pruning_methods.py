"""What decides which entries of a weight are pruned: by size or at random, one by one or in slices."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from ..computed import Computation, computation, compute
from ..module import Module
from ..random import default_generator

__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "PruningContainer",
    "RandomStructured",
    "RandomUnstructured",
]


class BasePruningMethod:
    """What decides which entries are pruned. Subclasses define ``compute_mask``.

    Attributes:
        PRUNING_TYPE: ``"unstructured"`` if entries are chosen one by one, ``"structured"`` if whole slices
            along an axis ``dim``, ``"global"`` if all entries are seen, pruned ones too.

    >>> import nn
    >>> from nn.utils import prune
    >>> class Every(prune.BasePruningMethod):
    ...     PRUNING_TYPE = "unstructured"
    ...     def compute_mask(self, t, default_mask):
    ...         mask = default_mask.copy()
    ...         mask.reshape(-1)[::2] = 0
    ...         return mask
    >>> layer = nn.Linear(4, 1)
    >>> _ = Every.apply(layer, "weight")
    >>> layer.weight_mask.tolist()
    [[0.0, 1.0, 0.0, 1.0]]
    """

    PRUNING_TYPE: ClassVar[str] = "unstructured"
    dim: int

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Which entries to keep.

        Args:
            t: the values (or their scores) as an array: of unstructured methods those that are left.
            default_mask: the mask that holds so far, of the same shape.

        Returns:
            An array of 1 (keep) and 0.
        """
        raise TypeError(
            explain(
                type(self).__name__,
                expected="a method compute_mask(self, t, default_mask)",
                got="a class without one",
                remedy="define it",
            )
        )

    @classmethod
    def apply(cls, module: Module, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any) -> Any:
        """Prune a parameter with this method, on top of what was pruned before.

        Args:
            module: holds the parameter.
            name: its name.
            args, kwargs: what the method is made with.
            importance_scores: what to choose by instead of the values; of the same shape.

        Returns:
            The method; a ``PruningContainer`` if there was one before.

        Raises:
            ValueError: if there is no such parameter, or it is computed in another way already.
        """
        method: Any = cls(*args, **kwargs)
        rule = computation(module, name)
        if rule is None:
            weight = module._parameters.get(name)
        else:
            weight = module._parameters[f"{name}_orig"] if isinstance(rule, Pruned) else None
        if weight is None:
            raise ValueError(
                explain(
                    cls.__name__,
                    expected=f"a module with a parameter {name!r}",
                    got=f"{type(module).__name__}, " + ("which has none" if rule is None else "where it is computed"),
                    remedy="name one of its parameters",
                )
            )
        scores = scores_for(cls.__name__, importance_scores, weight)
        if isinstance(rule, Pruned):
            before = module._buffers[f"{name}_mask"]._data
            scores = scores * before if importance_scores is None else scores
            container = rule.method
            if not isinstance(container, PruningContainer):
                container = PruningContainer(container)
            mask = container.masked_further(method, scores, before)
            container.add_pruning_method(method)
            rule.method = container
            module._buffers[f"{name}_mask"] = _mask_tensor(mask, weight)
            return container
        mask = method.compute_mask(scores, np.ones_like(scores))
        mask = _mask_tensor(mask, weight)
        compute(module, name, Pruned(name, method, module._buffers))
        module.register_parameter(f"{name}_orig", weight)
        module.register_buffer(f"{name}_mask", mask)
        return method

    def prune(self, t: Any, default_mask: Any = None, importance_scores: Any = None) -> Any:
        """A Tensor (or array) with the entries that this method chooses set to 0.

        Args:
            t: the values.
            default_mask: what was pruned before; nothing if left out.
            importance_scores: what to choose by instead of the values.
        """
        scores = scores_for(type(self).__name__, importance_scores, t)
        before = np.ones_like(scores) if default_mask is None else as_array(default_mask)
        return t * np.asarray(self.compute_mask(scores, before), dtype=scores.dtype)


class Pruned(Computation):
    """A weight with a mask."""

    def __init__(self, name: str, method: BasePruningMethod, buffers: dict[str, Any]) -> None:
        self.name = name
        self.method = method
        self.buffers = buffers

    def value(self, parameters: Any) -> Any:
        return parameters[f"{self.name}_orig"] * self.buffers[f"{self.name}_mask"]


class PruningContainer(BasePruningMethod):
    """Pruning methods that were applied one after the other. Mostly made by pruning a pruned parameter again.

    Args:
        methods: the methods, in their order.

    >>> import nn
    >>> from nn.utils import prune
    >>> layer = nn.Linear(10, 10)
    >>> _ = prune.l1_unstructured(layer, "weight", 0.5)
    >>> _ = prune.random_unstructured(layer, "weight", 0.5)
    >>> int(layer.weight_mask.sum())
    25
    """

    def __init__(self, *methods: BasePruningMethod) -> None:
        self.methods: list[BasePruningMethod] = []
        for method in methods:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod) -> None:
        """Put another method behind those that are there.

        Raises:
            TypeError: if it is none.
        """
        if not isinstance(method, BasePruningMethod):
            raise TypeError(
                explain(
                    "PruningContainer",
                    expected="a BasePruningMethod",
                    got=type(method).__name__,
                    remedy="make one, such as L1Unstructured(0.5)",
                )
            )
        self.methods.append(method)

    def __len__(self) -> int:
        return len(self.methods)

    def __iter__(self) -> Any:
        return iter(self.methods)

    def __getitem__(self, index: int) -> BasePruningMethod:
        return self.methods[index]

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask of the last method, applied to what the mask so far has left."""
        return self.masked_further(self.methods[-1], t, default_mask)

    def masked_further(self, method: BasePruningMethod, t: Any, before: Any) -> Any:
        """The mask ``before`` and what ``method`` prunes of the rest."""
        mask = np.array(before)
        if method.PRUNING_TYPE == "unstructured":
            left: Any = mask == 1
        elif method.PRUNING_TYPE == "structured":
            axes = tuple(axis for axis in range(t.ndim) if axis != method.dim % t.ndim)
            left = [slice(None)] * t.ndim
            left[method.dim % t.ndim] = mask.any(axis=axes)
            left = tuple(left)
        else:
            left = (slice(None),) * t.ndim
        mask[left] = method.compute_mask(t[left], mask[left])
        return mask


class Identity(BasePruningMethod):
    """Prune nothing, but make the mask.

    >>> import nn
    >>> from nn.utils import prune
    >>> layer = nn.Linear(2, 1)
    >>> _ = prune.Identity.apply(layer, "weight")
    >>> layer.weight_mask.tolist()
    [[1.0, 1.0]]
    """

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask so far."""
        return default_mask


class _ByAmount(BasePruningMethod):
    """A method that prunes a number or a share of what is left."""

    def __init__(self, amount: float) -> None:
        _check_amount(type(self).__name__, amount)
        self.amount = amount

    def _count(self, size: int) -> int:
        count = self.amount if isinstance(self.amount, int | np.integer) else round(self.amount * size)
        if count > size:
            raise ValueError(
                explain(
                    type(self).__name__,
                    expected=f"an amount of at most {size}, the number of what can be pruned",
                    got=str(self.amount),
                    remedy="pass less, or a share such as 0.5",
                )
            )
        return int(count)


class RandomUnstructured(_ByAmount):
    """Prune entries at random.

    Args:
        amount: how many (an integer), or which share of them (a float from 0 to 1).

    >>> import numpy as np
    >>> from nn.utils import prune
    >>> int(prune.RandomUnstructured(3).prune(np.ones(10)).sum())
    7
    """

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask so far without ``amount`` random entries."""
        return _without(default_mask, default_generator().random(t.shape), self._count(t.size))


class L1Unstructured(_ByAmount):
    """Prune the entries of the smallest absolute value.

    Args:
        amount: how many (an integer), or which share of them (a float from 0 to 1).

    >>> import numpy as np
    >>> from nn.utils import prune
    >>> prune.L1Unstructured(2).prune(np.array([1.0, -3.0, 0.5, 2.0])).tolist()
    [0.0, -3.0, 0.0, 2.0]
    """

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask so far without the ``amount`` smallest entries."""
        return _without(default_mask, np.abs(t), self._count(t.size))


class RandomStructured(_ByAmount):
    """Prune slices along an axis at random.

    Args:
        amount: how many slices (an integer), or which share of them (a float from 0 to 1).
        dim: the axis that counts the slices.

    >>> import numpy as np
    >>> from nn.utils import prune
    >>> sorted(prune.RandomStructured(2, dim=0).prune(np.ones((3, 2))).sum(axis=1).tolist())
    [0.0, 0.0, 2.0]
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask so far without ``amount`` random slices."""
        length = _length(type(self).__name__, t, self.dim)
        return _without_slices(default_mask, default_generator().random(length), self._count(length), self.dim)


class LnStructured(_ByAmount):
    """Prune the slices of the smallest norm along an axis.

    Args:
        amount: how many slices (an integer), or which share of them (a float from 0 to 1).
        n: which norm, ``float("inf")`` for the largest absolute value.
        dim: the axis that counts the slices.

    >>> import numpy as np
    >>> from nn.utils import prune
    >>> prune.LnStructured(1, n=2, dim=0).prune(np.array([[1.0, 1.0], [3.0, 0.0]])).tolist()
    [[0.0, 0.0], [3.0, 0.0]]
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, n: float, dim: int = -1) -> None:
        super().__init__(amount)
        self.n = float(n)
        self.dim = dim

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask so far without the ``amount`` slices of the smallest norm."""
        length = _length(type(self).__name__, t, self.dim)
        rows = np.moveaxis(t, self.dim, 0).reshape(length, -1)
        norms = np.linalg.norm(rows, ord=self.n, axis=1)
        return _without_slices(default_mask, norms, self._count(length), self.dim)


class CustomFromMask(BasePruningMethod):
    """Prune the entries where a given mask is 0.

    Args:
        mask: of the parameter's shape.

    >>> import numpy as np
    >>> from nn.utils import prune
    >>> prune.CustomFromMask([1, 0]).prune(np.array([5.0, 6.0])).tolist()
    [5.0, 0.0]
    """

    PRUNING_TYPE = "global"

    def __init__(self, mask: Any) -> None:
        self.mask = as_array(mask)

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask so far where the given one is not 0."""
        if self.mask.shape != default_mask.shape:
            raise ValueError(
                explain(
                    "CustomFromMask",
                    expected=f"a mask of the parameter's shape {default_mask.shape}",
                    got=f"shape {self.mask.shape}",
                    remedy="make it with np.ones_like(weight)",
                )
            )
        return default_mask * (self.mask != 0)


def as_array(value: Any) -> Any:
    """The value of a Tensor, or of anything that an array can be made from."""
    return value._data if isinstance(value, Tensor) else np.asarray(value)


def _mask_tensor(mask: Any, weight: Tensor) -> Tensor:
    return Tensor(np.array(as_array(mask), dtype=weight.dtype))


def scores_for(owner: str, scores: Any, values: Any) -> Any:
    """What entries are chosen by: ``scores`` if they are given, else the values themselves, as an array."""
    if scores is None:
        return as_array(values)
    array = as_array(scores)
    if array.shape != values.shape:
        raise ValueError(
            explain(
                owner,
                expected=f"importance_scores of the parameter's shape {values.shape}",
                got=f"shape {array.shape}",
                remedy="pass one score per entry",
            )
        )
    return array


def _check_amount(owner: str, amount: Any) -> None:
    number = isinstance(amount, int | float | np.number) and not isinstance(amount, bool)
    if not number:
        raise TypeError(
            explain(owner, expected="a number as amount", got=repr(amount), remedy="pass a count or a share")
        )
    share = not isinstance(amount, int | np.integer)
    if amount < 0 or (share and amount > 1):
        raise ValueError(
            explain(
                owner,
                expected="a count of at least 0, or a share from 0.0 to 1.0",
                got=str(amount),
                remedy="pass amount=0.2, say",
            )
        )


def _length(owner: str, t: Any, dim: int) -> int:
    if not -t.ndim <= dim < t.ndim or t.ndim < 2:
        raise ValueError(
            explain(
                owner,
                expected="a weight of at least two axes, and dim to be one of them",
                got=f"shape {t.shape} and dim={dim}",
                remedy="prune a vector with an unstructured method",
            )
        )
    return t.shape[dim]


def _without(mask: Any, scores: Any, count: int) -> Any:
    """A mask without the entries of the ``count`` smallest scores."""
    mask = np.array(mask)
    if count:
        mask.reshape(-1)[np.argpartition(scores.reshape(-1), count - 1)[:count]] = 0
    return mask


def _without_slices(mask: Any, scores: Any, count: int, dim: int) -> Any:
    mask = np.array(mask)
    if count:
        np.moveaxis(mask, dim, 0)[np.argpartition(scores, count - 1)[:count]] = 0
    return mask
