"""Samplers: in which order, or how often, samples are visited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

from .datasets import length_of
from .randomness import as_generator, generator_state, random_generator, set_generator_state

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]


class Sampler:
    """Base class of samplers: iterating over one gives the numbers of the samples of one pass.

    Define ``__iter__`` and ``__len__``. A sampler with random numbers of its own that is to be resumed exactly
    has ``state_dict`` and ``load_state_dict`` too, or draws from ``nn.data.random_generator()``.

    >>> import nn
    >>> class Backwards(nn.data.Sampler):
    ...     def __iter__(self):
    ...         return iter([2, 1, 0])
    ...     def __len__(self):
    ...         return 3
    >>> list(nn.data.DataLoader("abc", sampler=Backwards()))
    [['c'], ['b'], ['a']]
    """

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(
            explain(
                type(self).__name__,
                expected="a method __iter__(self)",
                got="a sampler without one",
                remedy="define it: it gives the numbers of the samples",
            )
        )


class _OrderSampler(Sampler):
    """A sampler that knows the order of a whole pass at its beginning."""

    generator: np.random.Generator | None = None

    def order(self) -> Any:
        """The numbers of one pass as an array."""
        raise TypeError(f"{type(self).__name__} defines no order")

    def __iter__(self) -> Iterator[int]:
        return iter(self.order().tolist())

    def _random(self) -> np.random.Generator:
        return self.generator or random_generator()

    def state_dict(self) -> dict[str, Any]:
        """The state of the sampler's own generator, if it has one."""
        return {} if self.generator is None else {"generator": generator_state(self.generator)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` gave.

        Raises:
            ValueError: if it does not fit.
        """
        name = f"{type(self).__name__}.load_state_dict"
        if (self.generator is None) != ("generator" not in state_dict):
            raise ValueError(
                explain(
                    name,
                    expected="a state without a generator" if self.generator is None else "the state of a generator",
                    got=str(sorted(state_dict)),
                    remedy="make the sampler as it was when the state was saved",
                )
            )
        if self.generator is not None:
            set_generator_state(self.generator, state_dict["generator"], name)


class SequentialSampler(_OrderSampler):
    """All samples in their order.

    Args:
        data_source: a data set with a length.

    >>> import nn
    >>> list(nn.data.SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def order(self) -> Any:
        """The numbers from 0 on."""
        return np.arange(len(self.data_source))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(_OrderSampler):
    """All samples in random order, or samples drawn at random.

    Args:
        data_source: a data set with a length.
        replacement: whether every draw is from all samples, so that some come twice.
        num_samples: how many to draw, as many as there are if left out. Without replacement, more than there
            are come as one random order after the other.
        generator: a generator of ``numpy.random`` or a seed; ``nn.data.random_generator()`` if left out.

    Raises:
        ValueError: for ``num_samples`` below 1.

    >>> import nn
    >>> sorted(nn.data.RandomSampler("abcd", generator=0))
    [0, 1, 2, 3]
    """

    def __init__(
        self, data_source: Sized, replacement: bool = False, num_samples: int | None = None, generator: Any = None
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples if num_samples is None else _positive(num_samples, "RandomSampler")
        self.generator = as_generator(generator, "RandomSampler")

    @property
    def num_samples(self) -> int:
        """How many numbers a pass has."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def order(self) -> Any:
        """The numbers of one pass."""
        length, generator = length_of(self.data_source, "RandomSampler"), self._random()
        if self.replacement:
            return generator.integers(length, size=self.num_samples)
        if not length:
            return np.arange(0)
        rounds = [generator.permutation(length) for _ in range(-(-self.num_samples // length))]
        return np.concatenate(rounds)[: self.num_samples]

    def __len__(self) -> int:
        return self.num_samples


def _positive(value: Any, owner: str) -> int:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
        raise ValueError(
            explain(owner, expected="num_samples of at least 1", got=repr(value), remedy="draw some samples")
        )
    return int(value)


class SubsetRandomSampler(_OrderSampler):
    """The given samples in random order.

    Args:
        indices: their numbers.
        generator: a generator of ``numpy.random`` or a seed; ``nn.data.random_generator()`` if left out.

    >>> import nn
    >>> sorted(nn.data.SubsetRandomSampler([5, 3, 8]))
    [3, 5, 8]
    """

    def __init__(self, indices: Sequence[int], generator: Any = None) -> None:
        self.indices = indices
        self.generator = as_generator(generator, "SubsetRandomSampler")

    def order(self) -> Any:
        """The numbers of one pass."""
        return self._random().permutation(np.asarray(self.indices, dtype=np.intp))

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(_OrderSampler):
    """Samples drawn with given probabilities, for classes of different size for instance.

    Args:
        weights: one number per sample, at least 0; sample i is drawn with probability wᵢ / Σw.
        num_samples: how many to draw.
        replacement: whether a sample may be drawn again.
        generator: a generator of ``numpy.random`` or a seed; ``nn.data.random_generator()`` if left out.

    Raises:
        ValueError: for weights that are negative, not finite or all 0, and for more draws without replacement
            than there are samples of positive weight.

    >>> import nn
    >>> list(nn.data.WeightedRandomSampler([0.0, 1.0, 0.0], num_samples=4))
    [1, 1, 1, 1]
    """

    def __init__(self, weights: Any, num_samples: int, replacement: bool = True, generator: Any = None) -> None:
        values = np.asarray(weights.tolist() if isinstance(weights, Tensor) else weights, dtype=np.float64)
        self.num_samples = _positive(num_samples, "WeightedRandomSampler")
        possible = int(np.count_nonzero(values))
        wrong = values.ndim != 1 or not np.all(np.isfinite(values)) or np.any(values < 0) or not possible
        if wrong or (not replacement and possible < num_samples):
            raise ValueError(
                explain(
                    "WeightedRandomSampler",
                    expected="one weight of at least 0 per sample, some above 0"
                    + ("" if replacement else f", and at least {num_samples} of these to draw without replacement"),
                    got="other weights" if wrong else f"{possible} above 0",
                    remedy="correct the weights, or draw fewer, or with replacement",
                )
            )
        self.weights = values
        self.replacement = replacement
        self.generator = as_generator(generator, "WeightedRandomSampler")

    def order(self) -> Any:
        """The numbers of one pass."""
        probabilities = self.weights / self.weights.sum()
        return self._random().choice(len(self.weights), self.num_samples, self.replacement, probabilities)

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """The numbers of another sampler in groups.

    Args:
        sampler: gives the numbers.
        batch_size: how many make a group.
        drop_last: whether a last, smaller group is left out.

    Raises:
        ValueError: for a batch size below 1.

    >>> import nn
    >>> list(nn.data.BatchSampler(range(5), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        self.sampler = sampler
        self.batch_size = checked_batch_size(batch_size, "BatchSampler")
        self.drop_last = bool(drop_last)

    def __iter__(self) -> Iterator[list[Any]]:
        group: list[Any] = []
        for number in self.sampler:
            group.append(number)
            if len(group) == self.batch_size:
                yield group
                group = []
        if group and not self.drop_last:
            yield group

    def __len__(self) -> int:
        return number_of_batches(len(self.sampler), self.batch_size, self.drop_last)  # type: ignore[arg-type]

    def state_dict(self) -> dict[str, Any]:
        """The state of the sampler that gives the numbers, if it has one."""
        inner = getattr(self.sampler, "state_dict", None)
        return {} if inner is None else {"sampler": inner()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` gave."""
        if "sampler" in state_dict:
            self.sampler.load_state_dict(state_dict["sampler"])  # type: ignore[attr-defined]


def checked_batch_size(value: Any, owner: str) -> int:
    """A batch size as an integer.

    Raises:
        ValueError: if it is none of at least 1.
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
        raise ValueError(
            explain(owner, expected="batch_size, an integer of at least 1", got=repr(value), remedy="pass 32, say")
        )
    return int(value)


def number_of_batches(samples: int, batch_size: int, drop_last: bool) -> int:
    """How many batches that many samples make."""
    return samples // batch_size if drop_last else -(-samples // batch_size)
