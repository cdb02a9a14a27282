"""Data sets: samples under whole numbers, or one after the other."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from ..random import default_generator
from .randomness import as_generator

__all__ = [
    "ChainDataset",
    "ConcatDataset",
    "Dataset",
    "IterableDataset",
    "StackDataset",
    "Subset",
    "TensorDataset",
    "TransformDataset",
    "random_split",
]


class Dataset:
    """Base class of data sets whose samples are found by their number.

    Define ``__getitem__(index)``, which returns one sample, and ``__len__``. A data set that can read many
    samples faster than one by one may define ``__getitems__(indices)`` too, which returns a list of samples,
    or ``__getbatch__(indices)``, which returns the finished batch.

    ``a + b`` is one data set after the other.

    >>> import nn
    >>> class Squares(nn.data.Dataset):
    ...     def __len__(self):
    ...         return 10
    ...     def __getitem__(self, index):
    ...         return index, index**2
    >>> Squares()[3], len(Squares() + Squares())
    ((3, 9), 20)
    """

    def __getitem__(self, index: Any) -> Any:
        raise TypeError(
            explain(
                type(self).__name__,
                expected="a method __getitem__(self, index)",
                got="a data set without one",
                remedy="define it, or derive from IterableDataset",
            )
        )

    def __add__(self, other: Dataset) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """Base class of data sets whose samples come one after the other, such as a stream.

    Define ``__iter__``. A DataLoader cannot shuffle it, and reads it in one thread.

    >>> import nn
    >>> class Countdown(nn.data.IterableDataset):
    ...     def __iter__(self):
    ...         return iter([3, 2, 1])
    >>> list(nn.data.DataLoader(Countdown(), batch_size=2))
    [tensor([3, 2]), tensor([1])]
    """

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(
            explain(
                type(self).__name__,
                expected="a method __iter__(self)",
                got="a data set without one",
                remedy="define it, or derive from Dataset",
            )
        )

    def __add__(self, other: Dataset) -> ChainDataset:  # type: ignore[override]
        return ChainDataset([self, other])


def batch_reader(dataset: Any) -> Callable[[Any], Any] | None:
    """The data set's way of reading a whole batch at once, if it has one."""
    return getattr(dataset, "__getbatch__", None)


def length_of(dataset: Any, owner: str) -> int:
    """``len(dataset)``.

    Raises:
        TypeError: for a data set without a length, with what to do about it.
    """
    try:
        return len(dataset)
    except TypeError:
        raise TypeError(
            explain(
                owner,
                expected="a data set with a length",
                got=f"a {type(dataset).__name__} without one",
                remedy="define __len__ in it",
            )
        ) from None


class TensorDataset(Dataset):
    """Tensors of equal length: sample i holds entry i of each.

    A DataLoader reads its batches with one indexing operation per Tensor.

    Args:
        tensors: Tensors, arrays or lists that agree in the length of the first axis. Arrays become Tensors
            that share their memory.

    Attributes:
        tensors: the Tensors.

    Raises:
        ValueError: if there is none, or their lengths differ.

    >>> import nn, numpy as np
    >>> data = nn.data.TensorDataset(np.eye(3), [0, 1, 2])
    >>> data[1], len(data)
    ((tensor([0., 1., 0.]), tensor(1)), 3)
    """

    def __init__(self, *tensors: Any) -> None:
        self.tensors = tuple(tensor if isinstance(tensor, Tensor) else Tensor(tensor) for tensor in tensors)
        shapes = [tensor.shape for tensor in self.tensors]
        if not shapes or any(not shape or shape[0] != shapes[0][0] for shape in shapes):
            raise ValueError(
                explain(
                    "TensorDataset",
                    expected="at least one Tensor, all of one length along the first axis",
                    got=f"shapes {shapes}" if shapes else "none",
                    remedy="pass one entry of each Tensor per sample",
                )
            )

    def __len__(self) -> int:
        return self.tensors[0].shape[0]

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __getbatch__(self, indices: Any) -> list[Tensor]:
        rows = np.asarray(indices, dtype=np.intp)
        return [t[rows] if t.requires_grad else Tensor(np.take(t._data, rows, axis=0)) for t in self.tensors]


class StackDataset(Dataset):
    """Data sets of equal length side by side: sample i holds sample i of each.

    Args:
        args: data sets, whose samples make a tuple,
        kwargs: or data sets by name, whose samples make a dict.

    Raises:
        ValueError: for no data sets, for both kinds at once, and for different lengths.

    >>> import nn
    >>> nn.data.StackDataset(image=[7, 8], label=[0, 1])[1]
    {'image': 8, 'label': 1}
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.datasets: Any = kwargs or args
        lengths = [length_of(dataset, "StackDataset") for dataset in kwargs.values() or args]
        if not lengths or (args and kwargs) or len(set(lengths)) > 1:
            raise ValueError(
                explain(
                    "StackDataset",
                    expected="data sets of one length, either by position or by name",
                    got=f"lengths {lengths}" if lengths else "none",
                    remedy="pass data sets that belong together",
                )
            )
        self._length = lengths[0]

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)


class ConcatDataset(Dataset):
    """Data sets one after the other.

    Args:
        datasets: data sets with lengths.

    Attributes:
        datasets: the data sets.
        cumulative_sizes: where each of them ends.

    Raises:
        ValueError: for no data sets.
        TypeError: for an IterableDataset.

    >>> import nn
    >>> nn.data.ConcatDataset([[1, 2], [3]])[2]
    3
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        for dataset in self.datasets:
            if isinstance(dataset, IterableDataset):
                raise TypeError(
                    explain(
                        "ConcatDataset",
                        expected="data sets whose samples have numbers",
                        got=f"a {type(dataset).__name__}, which is an IterableDataset",
                        remedy="use ChainDataset",
                    )
                )
        if not self.datasets:
            raise ValueError(
                explain("ConcatDataset", expected="at least one data set", got="none", remedy="pass a list of some")
            )
        self.cumulative_sizes = list(accumulate(length_of(dataset, "ConcatDataset") for dataset in self.datasets))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> Any:
        number = checked_index(index, len(self), "ConcatDataset")
        which = bisect.bisect_right(self.cumulative_sizes, number)
        return self.datasets[which][number - (self.cumulative_sizes[which - 1] if which else 0)]


def checked_index(index: Any, length: int, owner: str) -> int:
    """``index`` counted from the start.

    Raises:
        IndexError: if it is out of range.
    """
    if not -length <= index < length:
        raise IndexError(
            explain(
                owner,
                expected=f"a number from {-length} to {length - 1}" if length else "nothing: it is empty",
                got=str(index),
                remedy="take one of the samples that there are",
            )
        )
    return int(index) % length


class ChainDataset(IterableDataset):
    """Iterable data sets one after the other.

    Args:
        datasets: anything that can be iterated over.

    >>> import nn
    >>> list(nn.data.ChainDataset([[1, 2], [3]]))
    [1, 2, 3]
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self.datasets)

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self.datasets)


class Subset(Dataset):
    """Some samples of a data set.

    Args:
        dataset: the whole.
        indices: the numbers of the samples.

    >>> import nn
    >>> list(nn.data.Subset("abcd", [3, 0]))
    ['d', 'a']
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices
        self._rows = np.asarray(indices, dtype=np.intp)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any) -> Any:
        chosen = self._rows[index]
        return self.dataset[chosen.tolist() if isinstance(index, list | slice | np.ndarray) else int(chosen)]

    @property
    def __getbatch__(self) -> Callable[[Any], Any] | None:
        read = batch_reader(self.dataset)
        return None if read is None else lambda indices: read(self._rows[np.asarray(indices, dtype=np.intp)])


class TransformDataset(Dataset):
    """A data set whose samples pass through a function when they are read.

    Args:
        dataset: samples that are an input, or tuples that begin with one, such as (input, target).
        transform: is given the input and returns what takes its place.
        target_transform: the same for the second entry of the tuple.

    A transformation with the attribute ``takes_batches = True``, as those of ``nn.data`` have, is given whole
    batches where the data set reads whole batches.

    >>> import nn, numpy as np
    >>> data = nn.data.TensorDataset(np.ones((2, 3)), [0, 1])
    >>> nn.data.TransformDataset(data, lambda x: 2 * x)[0]
    (tensor([2., 2., 2.]), tensor(0))
    """

    def __init__(
        self,
        dataset: Any,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        self.dataset = dataset
        self.transform = transform
        self.target_transform = target_transform

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: Any) -> Any:
        return transformed(self.dataset[index], self.transform, self.target_transform)

    @property
    def __getbatch__(self) -> Callable[[Any], Any] | None:
        read = batch_reader(self.dataset)
        if read is None or not takes_batches(self.transform, self.target_transform):
            return None
        return lambda indices: transformed(read(indices), self.transform, self.target_transform)


def takes_batches(*transforms: Any) -> bool:
    """Whether all of these can be applied to a whole batch."""
    return all(transform is None or getattr(transform, "takes_batches", False) for transform in transforms)


def transformed(sample: Any, transform: Any, target_transform: Any) -> Any:
    """A sample, or a batch, with its first and second entries transformed."""
    if not isinstance(sample, tuple | list):
        return sample if transform is None else transform(sample)
    entries = list(sample)
    for position, function in enumerate((transform, target_transform)):
        if function is not None:
            entries[position] = function(entries[position])
    return type(sample)(entries) if type(sample) in (tuple, list) else type(sample)(*entries)  # a named tuple


def random_split(dataset: Any, lengths: Sequence[float], generator: Any = None) -> list[Subset]:
    """Divide a data set at random into parts without common samples.

    Args:
        dataset: with a length.
        lengths: how many samples each part gets, or which fractions, which add up to 1. Samples left over by
            rounding go to the parts one by one, from the first on.
        generator: a generator of ``numpy.random`` or a seed; ``nn.default_generator()`` if left out.

    Returns:
        One Subset per part.

    Raises:
        ValueError: if the lengths do not add up, or one is negative.

    >>> import nn
    >>> train, test = nn.data.random_split(range(10), [0.8, 0.2], generator=0)
    >>> len(train), len(test), sorted([*train, *test]) == list(range(10))
    (8, 2, True)
    """
    total = length_of(dataset, "random_split")
    sizes = _part_sizes(list(lengths), total)
    order = (as_generator(generator, "random_split") or default_generator()).permutation(total).tolist()
    ends = list(accumulate(sizes))
    return [Subset(dataset, order[end - size : end]) for size, end in zip(sizes, ends)]


def _part_sizes(lengths: list[float], total: int) -> list[int]:
    if lengths and min(lengths) >= 0:
        if all(isinstance(length, int | np.integer) for length in lengths) and sum(lengths) == total:
            return [int(length) for length in lengths]
        if math.isclose(sum(lengths), 1):
            sizes = [math.floor(total * length) for length in lengths]
            for position in range(total - sum(sizes)):
                sizes[position % len(sizes)] += 1
            return sizes
    raise ValueError(
        explain(
            "random_split",
            expected=f"lengths that add up to the {total} samples, or fractions that add up to 1",
            got=str(lengths),
            remedy=f"pass {[total - total // 5, total // 5]} or [0.8, 0.2], say",
        )
    )
