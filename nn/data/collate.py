"""Samples put together into batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

__all__ = ["default_collate", "default_convert"]


def default_collate(batch: Sequence[Any]) -> Any:
    """Put samples of one form together into a batch.

    Arrays, Tensors and numbers are stacked along a new first axis into a Tensor; of tuples, lists, named
    tuples and dicts each entry is collated; text stays a list.

    Args:
        batch: the samples, at least one.

    Returns:
        For samples that are arrays, Tensors or numbers: a Tensor. For tuples and lists: a list of collated
        entries. For dicts and named tuples: one of the same kind.

    Raises:
        ValueError: for samples of different shapes or forms.
        TypeError: for samples of other types.

    >>> import nn
    >>> nn.data.default_collate([(1.0, 0), (2.0, 1)])
    [tensor([1., 2.]), tensor([0, 1])]
    >>> nn.data.default_collate([{"x": [1, 2]}, {"x": [3, 4]}])
    {'x': [tensor([1, 3]), tensor([2, 4])]}
    """
    first = batch[0]
    if isinstance(first, Tensor | np.ndarray | np.generic):
        return _stack(batch)
    if isinstance(first, bool | int | float | complex):
        return Tensor(list(batch))
    if isinstance(first, str | bytes):
        return list(batch)
    if isinstance(first, Mapping):
        _check_alike([set(sample) for sample in batch], "keys")
        return _rebuild(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        _check_alike([len(sample) for sample in batch], "length")
        collated = [default_collate(entries) for entries in zip(*batch)]
        return type(first)(*collated) if hasattr(first, "_fields") else collated
    raise _unknown("default_collate", first)


def _stack(batch: Sequence[Any]) -> Tensor:
    _check_alike([np.shape(sample) for sample in batch], "shape")
    if any(isinstance(sample, Tensor) and sample.requires_grad for sample in batch):
        return np.stack(batch)
    stacked = np.stack([sample._data if isinstance(sample, Tensor) else sample for sample in batch])
    if stacked.dtype.kind not in "biufc":
        raise _unknown("default_collate", batch[0])
    return Tensor(stacked)


def _check_alike(forms: list[Any], what: str) -> None:
    for form in forms:
        if form != forms[0]:
            raise ValueError(
                explain(
                    "default_collate",
                    expected=f"samples of the same {what}",
                    got=f"{what} {forms[0]} and {form}",
                    remedy="pass collate_fn= to the DataLoader, a function that makes a batch of a list of samples",
                )
            )


def _rebuild(first: Mapping[Any, Any], entries: dict[Any, Any]) -> Any:
    if type(first) is dict:
        return entries
    try:
        return type(first)(entries)  # type: ignore[call-arg]
    except TypeError:  # a mapping that is made in another way
        return entries


def _unknown(operation: str, sample: Any) -> TypeError:
    kind = f"{type(sample).__name__} of dtype {sample.dtype}" if hasattr(sample, "dtype") else type(sample).__name__
    return TypeError(
        explain(
            operation,
            expected="arrays, Tensors, numbers, text, or tuples, lists and dicts of them",
            got=kind,
            remedy="convert it in the data set's __getitem__, or pass collate_fn= to the DataLoader",
        )
    )


def default_convert(sample: Any) -> Any:
    """Turn the arrays in one sample into Tensors and leave all else: what a DataLoader without batches does.

    As ``default_collate`` does, it makes lists of tuples.

    >>> import nn, numpy as np
    >>> nn.data.default_convert((np.ones(2), "text"))
    [tensor([1., 1.]), 'text']
    """
    if isinstance(sample, np.ndarray | np.generic):
        return Tensor(sample) if sample.dtype.kind in "biufc" else sample
    if isinstance(sample, Tensor | str | bytes):
        return sample
    if isinstance(sample, Mapping):
        return _rebuild(sample, {key: default_convert(entry) for key, entry in sample.items()})
    if isinstance(sample, list | tuple):
        converted = [default_convert(entry) for entry in sample]
        return type(sample)(*converted) if hasattr(sample, "_fields") else converted
    return sample
