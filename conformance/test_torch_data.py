"""Loaders, samplers and collation beside ``torch.utils.data``: the same batches, the same forms, the same errors."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils import data as theirs

import autograd_core as ag
from nn import data as ours

Pair = namedtuple("Pair", "x y")


def plain(value: Any) -> Any:
    """A batch as nested lists, with the kinds of its containers and the dtypes of its Tensors."""
    if isinstance(value, torch.Tensor):
        return "tensor", str(value.dtype).removeprefix("torch."), value.tolist()
    if isinstance(value, ag.Tensor):
        return "tensor", str(value.dtype), value.tolist()
    if isinstance(value, dict):
        return type(value).__name__, {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple) and value and all(isinstance(entry, str) for entry in value):
        return "text", list(value)  # a tuple there where it lies in a tuple, always a list here
    if isinstance(value, list | tuple):
        return type(value).__name__, [plain(entry) for entry in value]
    return value


def batches(loader: Any) -> list[Any]:
    return [plain(batch) for batch in loader]


SAMPLES = {
    "numbers": [1, 2, 3, 4, 5],
    "truth": [True, False, True],
    "floats": [0.5, 1.5, 2.5],
    "arrays": [np.arange(3, dtype=np.float32) + i for i in range(5)],
    "integers": [np.arange(3) + i for i in range(5)],
    "scalars": [np.float32(0.5), np.float32(1.5)],
    "text": ["a", "b", "c"],
    "tuples": [(1, "a", np.ones(2)), (2, "b", np.zeros(2))],
    "lists": [[1, [2.0, 3]], [4, [5.0, 6]]],
    "dicts": [{"x": np.ones(2), "y": 1}, {"x": np.zeros(2), "y": 0}],
    "ordered": [OrderedDict(x=1), OrderedDict(x=2)],
    "named": [Pair(1, (2.0, 3)), Pair(4, (5.0, 6))],
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_collation(kind):
    assert plain(ours.default_collate(SAMPLES[kind])) == plain(theirs.default_collate(SAMPLES[kind]))
    assert plain(ours.default_convert(SAMPLES[kind][0])) == plain(theirs.default_convert(SAMPLES[kind][0]))


@pytest.mark.parametrize("batch", [[None], [object()], [np.ones(2), np.ones(3)], [(1,), (1, 2)], [{"a": 1}, {"b": 1}]])
def test_what_cannot_be_collated(batch):
    for collate in (ours.default_collate, theirs.default_collate):
        with pytest.raises((TypeError, RuntimeError, ValueError, KeyError)):
            collate(batch)


@pytest.mark.parametrize(("size", "drop_last", "workers"), list(product([1, 3, 4, 20, None], [False, True], [0, 2])))
@pytest.mark.parametrize("kind", ["numbers", "arrays", "integers"])
def test_loaders(kind, size, drop_last, workers):
    if size is None and drop_last:
        pytest.skip("excluded by both")
    samples = SAMPLES[kind]
    loader = ours.DataLoader(samples, batch_size=size, drop_last=drop_last, num_workers=workers)
    other = theirs.DataLoader(samples, batch_size=size, drop_last=drop_last)
    assert batches(loader) == batches(other)
    assert len(loader) == len(other)


def test_tensor_datasets():
    x, y = np.arange(12, dtype=np.float32).reshape(6, 2), np.arange(6)
    mine, its = ours.TensorDataset(x, y), theirs.TensorDataset(torch.tensor(x), torch.tensor(y))
    assert plain(mine[2]) == plain(its[2])
    assert plain(mine[1:3]) == plain(its[1:3])
    assert batches(ours.DataLoader(mine, 4)) == batches(theirs.DataLoader(its, 4))
    assert batches(ours.DataLoader(mine, sampler=[3, 1])) == batches(theirs.DataLoader(its, sampler=[3, 1]))
    order = [[5, 4], [1], [0, 2, 3]]
    assert batches(ours.DataLoader(mine, batch_sampler=order)) == batches(theirs.DataLoader(its, batch_sampler=order))


def test_combinations():
    a, b = ["a", "b", "c"], ["d", "e", "f"]
    for make in (
        lambda m: m.ConcatDataset([a, b]),
        lambda m: m.StackDataset(a, b),
        lambda m: m.StackDataset(x=a, y=b),
        lambda m: m.Subset(a, [2, 0]),
        lambda m: m.Subset(m.ConcatDataset([a, b]), [5, 0, 3]),
    ):
        mine, its = make(ours), make(theirs)
        assert len(mine) == len(its)
        assert [mine[i] for i in range(len(mine))] == [its[i] for i in range(len(its))]
    assert list(ours.ChainDataset([a, b])) == a + b


@pytest.mark.parametrize(
    "lengths", [[7, 3], [0.7, 0.3], [1 / 3] * 3, [0.25, 0.25, 0.5], [10], [1.0], [10, 0], [0.15, 0.85], [1, 9]]
)
def test_sizes_of_a_split(lengths):
    mine, its = ours.random_split(range(10), lengths), theirs.random_split(range(10), lengths)
    assert [len(part) for part in mine] == [len(part) for part in its]


@pytest.mark.parametrize(
    "make",
    [
        lambda m: m.SequentialSampler(range(7)),
        lambda m: m.RandomSampler(range(7)),
        lambda m: m.RandomSampler(range(7), num_samples=18),
        lambda m: m.RandomSampler(range(7), replacement=True, num_samples=4),
        lambda m: m.SubsetRandomSampler([3, 1, 4]),
        lambda m: m.WeightedRandomSampler([0.0, 1.0, 2.0], 9),
        lambda m: m.WeightedRandomSampler([0.0, 1.0, 2.0], 2, replacement=False),
    ],
)
def test_samplers(make):
    mine, its = make(ours), make(theirs)
    drawn, other = list(mine), list(its)
    assert len(mine) == len(its) == len(drawn) == len(other)
    assert all(type(number) is int for number in drawn)


@pytest.mark.parametrize(("size", "drop_last"), list(product([1, 2, 3, 9], [False, True])))
def test_batch_samplers(size, drop_last):
    mine, its = (m.BatchSampler(m.SequentialSampler(range(7)), size, drop_last) for m in (ours, theirs))
    assert list(mine) == list(its)
    assert len(mine) == len(its)


@pytest.mark.parametrize(
    "options",
    [
        dict(batch_size=0),
        dict(shuffle=True, sampler=[1]),
        dict(batch_sampler=[[1]], batch_size=2),
        dict(batch_sampler=[[1]], shuffle=True),
        dict(batch_sampler=[[1]], drop_last=True),
        dict(batch_size=None, drop_last=True),
        dict(num_workers=-1),
        dict(timeout=-1),
        dict(prefetch_factor=2),
    ],
)
def test_arguments_that_both_refuse(options):
    for module in (ours, theirs):
        with pytest.raises(ValueError, match=r"\w"):
            module.DataLoader(range(5), **options)
