"""``DataLoader``: passes over a data set in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from autograd_core.errors import explain

from ..random import default_generator
from .collate import default_collate, default_convert
from .datasets import IterableDataset, batch_reader, length_of
from .randomness import Source, as_generator, drawing_from, generator_state, set_generator_state
from .samplers import BatchSampler, RandomSampler, SequentialSampler, checked_batch_size, number_of_batches
from .workers import WorkerPool

__all__ = ["DataLoader"]

END = object()
"""Comes in the place of a batch when an iterable data set has no more."""


class DataLoader:
    """A data set in batches: every iteration over the loader is one pass.

    Each pass draws one number from the generator. It fixes the order and, through
    ``nn.data.random_generator()``, the random numbers of every batch, so that passes repeat themselves from a
    seed, with any number of workers, and can be taken up in the middle.

    Args:
        dataset: has ``__getitem__`` and ``__len__``, or is an ``IterableDataset``.
        batch_size: samples per batch; ``None`` gives single samples.
        shuffle: whether every pass visits the samples in a new random order.
        sampler: gives the numbers of the samples in their order, in place of ``shuffle``.
        batch_sampler: gives lists of numbers, one per batch, in place of all the above.
        num_workers: threads that read batches ahead; 0 reads each when it is asked for. An iterable data set
            is read by one thread.
        collate_fn: makes a batch of a list of samples; ``default_collate`` if left out.
        pin_memory: accepted for the sake of programs written for PyTorch; there is nothing to pin.
        drop_last: whether a last, smaller batch is left out.
        timeout: seconds to wait for a batch from the workers, 0 for any length of time.
        worker_init_fn: is called with the worker's number in each worker first.
        generator: a generator of ``numpy.random`` or a seed; ``nn.default_generator()`` if left out.
        seed: another name of ``generator``.
        prefetch_factor: batches that each worker reads ahead, 2 if left out.
        persistent_workers: accepted as ``pin_memory``; a thread is started in no time.

    Raises:
        ValueError: for arguments that exclude each other or are out of range.

    >>> import nn, numpy as np
    >>> data = nn.data.TensorDataset(np.arange(6.0), np.arange(6))
    >>> loader = nn.data.DataLoader(data, batch_size=4, shuffle=True, seed=0)
    >>> for x, y in loader:
    ...     print(x.shape, y.shape)
    (4,) (4,)
    (2,) (2,)
    >>> len(loader)
    2
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[int] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        *,
        generator: Any = None,
        seed: int | None = None,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
    ) -> None:
        self.dataset = dataset
        self.iterable = isinstance(dataset, IterableDataset)
        _check_order(self.iterable, batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.batch_size = None if batch_sampler is not None or batch_size is None else _batch_size(batch_size)
        self.drop_last = bool(drop_last)
        _check_workers(num_workers, timeout, prefetch_factor)
        self.num_workers, self.timeout = int(num_workers), timeout
        self.prefetch_factor = 2 if prefetch_factor is None else int(prefetch_factor)
        self.pin_memory, self.persistent_workers = pin_memory, persistent_workers
        self.worker_init_fn = worker_init_fn
        if generator is not None and seed is not None:
            raise _conflict("either generator or seed", "both")
        self.generator = as_generator(seed if generator is None else generator, "DataLoader")
        if sampler is None and not self.iterable and batch_sampler is None:
            sampler = RandomSampler(dataset) if shuffle else SequentialSampler(dataset)
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        single = self.batch_size is None and batch_sampler is None
        self._custom_collate = collate_fn is not None
        self.collate_fn = collate_fn or (default_convert if single else default_collate)
        self._position = _Position(None)
        self._resuming = False

    def __len__(self) -> int:
        """The number of batches in a pass.

        Raises:
            TypeError: if the data set, or the sampler, has no length.
        """
        if self.batch_sampler is not None:
            return length_of(self.batch_sampler, "len(loader)")
        samples = length_of(self.dataset if self.sampler is None else self.sampler, "len(loader)")
        return samples if self.batch_size is None else number_of_batches(samples, self.batch_size, self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        if self._resuming:
            self._resuming = False
            self._load_sampler(self._position.sampler)
        else:
            drawn = int((self.generator or default_generator()).integers(2**63))
            self._position = _Position(drawn, sampler=self._sampler_state())
        return _Pass(self, self._position)

    # -- the order of a pass -----------------------------------------------------------------------

    def _tasks(self) -> Iterator[Any]:
        """What to read for each batch: the numbers of its samples."""
        if self.batch_sampler is not None:
            yield from self.batch_sampler
        elif self.batch_size is None:
            yield from self.sampler or ()
        elif hasattr(self.sampler, "order"):
            order, size = self.sampler.order(), self.batch_size  # type: ignore[union-attr]
            for start in range(0, number_of_batches(len(order), size, self.drop_last) * size, size):
                yield order[start : start + size]
        else:
            yield from BatchSampler(self.sampler or (), self.batch_size, self.drop_last)

    def _reader(self) -> Callable[[Any], Any]:
        """The function from a task to a batch. It does not know the loader, which may be gone before a worker is."""
        if self.iterable:
            size = self.batch_size
            return _StreamReader(iter(self.dataset), size, self.drop_last, self.collate_fn)
        if self.batch_size is None and self.batch_sampler is None:
            return partial(_read_one, self.dataset, self.collate_fn)
        read = None if self._custom_collate else batch_reader(self.dataset)
        return read or partial(_read_samples, self.dataset, self.collate_fn)

    # -- state -------------------------------------------------------------------------------------

    def _ordering(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def _sampler_state(self) -> Any:
        state_dict = getattr(self._ordering(), "state_dict", None)
        return None if state_dict is None else state_dict()

    def _load_sampler(self, state: Any) -> None:
        if state is not None and hasattr(self._ordering(), "load_state_dict"):
            self._ordering().load_state_dict(state)

    def state_dict(self) -> dict[str, Any]:
        """Where the latest pass stands, as plain data.

        A loader made alike that loads it goes on with the very batch that would come next here. Batches that
        workers have read ahead do not count as given out.

        Returns:
            ``"pass"``: the number drawn for the pass, how many batches it has given out, and the state that the
            sampler had at its beginning; ``None`` between passes. ``"generator"``: the state of the loader's
            own generator, or ``None``.
        """
        position = self._position
        current = None
        if not position.finished:
            current = {"drawn": position.drawn, "batches": position.batches, "sampler": position.sampler}
        own = None if self.generator is None else generator_state(self.generator)
        sampler = self._sampler_state() if current is None else None
        return {"pass": current, "generator": own, "sampler": sampler}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave: the next iteration goes on from there.

        Raises:
            ValueError: if it is no such state, or one of a loader with another generator; nothing is changed.
        """
        name = "DataLoader.load_state_dict"
        position = _read_position(state_dict, name)
        own = state_dict["generator"]
        if (own is None) != (self.generator is None):
            raise ValueError(
                explain(
                    name,
                    expected="the state of a loader "
                    + ("without a generator" if self.generator is None else "with its own generator"),
                    got="that of another",
                    remedy="make the loader with the same generator= or seed=",
                )
            )
        before = None if self.generator is None else generator_state(self.generator)
        if self.generator is not None:
            set_generator_state(self.generator, own, name)
        try:
            self._load_sampler(state_dict["sampler"] if position.finished else position.sampler)
        except BaseException:
            if self.generator is not None:
                set_generator_state(self.generator, before, name)
            raise
        self._position = position
        self._resuming = not position.finished


class _Position:
    """Where a pass stands.

    Attributes:
        drawn: the number that fixes the pass, ``None`` before the first.
        batches: how many batches were given out.
        sampler: the sampler's state at the beginning.
        finished: whether the pass is over.
    """

    def __init__(self, drawn: int | None, batches: int = 0, sampler: Any = None) -> None:
        self.drawn, self.batches, self.sampler = drawn, batches, sampler
        self.finished = drawn is None


def _read_position(state: Any, name: str) -> _Position:
    try:
        current = state["pass"]
        state["generator"], state["sampler"]
        if current is None:
            return _Position(None)
        drawn, batches = current["drawn"], current["batches"]
        if all(type(number) is int and 0 <= number < 2**63 for number in (drawn, batches)):
            return _Position(drawn, batches, current["sampler"])
    except (TypeError, LookupError):
        pass
    raise ValueError(
        explain(name, expected="the state of a DataLoader", got="something else", remedy="load what state_dict gave")
    )


class _Pass:
    """One pass: an iterator over batches."""

    def __init__(self, loader: DataLoader, position: _Position) -> None:
        self._position = position
        self._tasks: Any = iter(()) if loader.iterable else loader._tasks()
        self._order = Source(position.drawn or 0, 0)
        with drawing_from(self._order):
            reader = loader._reader()
        self._endless = loader.iterable
        self._read = partial(_read_seeded, reader, position.drawn or 0)
        self._pool: WorkerPool | None = None
        self._submitted = 0
        self._failed = False
        for _ in range(position.batches):  # given out before the pass was interrupted
            if self._endless:
                self._read(self._submitted, None)
            else:
                self._next_task()
            self._submitted += 1
        if loader.num_workers:
            count = 1 if loader.iterable else loader.num_workers
            self._ahead = count * loader.prefetch_factor
            self._pool = WorkerPool(count, self._read, loader.worker_init_fn, loader.timeout)

    def __iter__(self) -> _Pass:
        return self

    def __next__(self) -> Any:
        if self._position.finished or self._failed:
            raise StopIteration
        try:
            batch = self._direct() if self._pool is None else self._from_workers(self._pool)
        except BaseException:
            self._failed = True
            self._close()
            raise
        if batch is END:
            self._position.finished = True
            self._close()
            raise StopIteration
        self._position.batches += 1
        return batch

    def _next_task(self) -> Any:
        if self._endless:
            return None
        with drawing_from(self._order):
            return next(self._tasks, END)

    def _direct(self) -> Any:
        task = self._next_task()
        if task is END:
            return END
        self._submitted += 1
        return self._read(self._submitted - 1, task)

    def _from_workers(self, pool: WorkerPool) -> Any:
        given = self._position.batches
        while self._submitted < given + self._ahead:
            task = self._next_task()
            if task is END:
                break
            pool.submit(self._submitted, task)
            self._submitted += 1
        return pool.result(given) if given < self._submitted else END

    def _close(self) -> None:
        if self._pool is not None:
            self._pool.close()


# -- reading a batch -------------------------------------------------------------------------------


def _read_seeded(reader: Callable[[Any], Any], drawn: int, number: int, task: Any) -> Any:
    with drawing_from(Source(drawn, 1, number)):
        try:
            return reader(task)
        except StopIteration as error:  # would end the pass as if there were no more batches
            raise RuntimeError(
                explain(
                    "DataLoader",
                    expected="a data set that returns samples",
                    got=f"StopIteration while it read batch {number}",
                    remedy="give next(...) a default there, or raise another error",
                )
            ) from error


def _read_one(dataset: Any, convert: Callable[[Any], Any], task: Any) -> Any:
    return convert(dataset[int(task) if isinstance(task, np.integer) else task])


def _read_samples(dataset: Any, collate: Callable[[Any], Any], task: Any) -> Any:
    numbers = task.tolist() if isinstance(task, np.ndarray) else list(task)
    if hasattr(dataset, "__getitems__"):
        return collate(dataset.__getitems__(numbers))
    return collate([dataset[number] for number in numbers])


class _StreamReader:
    """Takes the next samples of an iterable data set, whatever the task."""

    def __init__(
        self, samples: Iterator[Any], size: int | None, drop_last: bool, collate: Callable[[Any], Any]
    ) -> None:
        self._samples, self._size, self._drop_last, self._collate = samples, size, drop_last, collate

    def __call__(self, task: Any) -> Any:
        taken = list(islice(self._samples, self._size or 1))
        if not taken or (self._drop_last and len(taken) < (self._size or 1)):
            return END
        return self._collate(taken[0] if self._size is None else taken)


# -- arguments -------------------------------------------------------------------------------------


def _conflict(expected: str, got: str, remedy: str = "leave one out") -> ValueError:
    return ValueError(explain("DataLoader", expected=expected, got=got, remedy=remedy))


def _batch_size(value: Any) -> int:
    return checked_batch_size(value, "DataLoader")


def _check_order(
    iterable: bool, batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: Any
) -> None:
    if iterable and (shuffle or sampler is not None or batch_sampler is not None):
        raise _conflict(
            "an iterable data set as it comes",
            "shuffle, sampler or batch_sampler",
            "shuffle inside the data set, or use a Dataset with __getitem__",
        )
    if sampler is not None and shuffle:
        raise _conflict("either sampler or shuffle", "both")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise _conflict("batch_sampler alone", "batch_size, shuffle, sampler or drop_last besides")
    if batch_size is None and drop_last:
        raise _conflict("drop_last=False with batch_size=None, which makes no batches", "drop_last=True")


def _check_workers(num_workers: Any, timeout: Any, prefetch_factor: Any) -> None:
    if not isinstance(num_workers, int | np.integer) or num_workers < 0:
        raise _conflict("num_workers, an integer of at least 0", repr(num_workers), "pass 0 or 2, say")
    if timeout < 0:
        raise _conflict("a timeout of at least 0 seconds", repr(timeout), "pass 0 to wait for any length of time")
    if prefetch_factor is not None and (not isinstance(prefetch_factor, int) or prefetch_factor < 1 or not num_workers):
        raise _conflict(
            "a prefetch_factor of at least 1, with num_workers above 0",
            f"{prefetch_factor!r} with num_workers={num_workers}",
            "leave prefetch_factor out",
        )
