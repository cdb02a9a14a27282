"""Random numbers for samplers, data sets and augmentations, fixed by the DataLoader's pass and batch.

Worker threads run in an order that no seed decides. So a DataLoader draws one number per pass, and every
batch of the pass gets a generator of its own, made of that number and of the batch's position. What reads
the batch, in whichever thread, draws from it through ``random_generator``. The same numbers come for every
number of workers, and again when a pass is taken up in the middle.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from autograd_core.errors import explain

from ..random import default_generator

__all__ = ["random_generator"]

_current = threading.local()


class Source:
    """A generator that is made when it is first used.

    Args:
        seed: the number drawn for a pass.
        key: which of the pass's generators: (0,) for the order, (1, k) for batch k.
    """

    def __init__(self, seed: int, *key: int) -> None:
        self._sequence = (seed, key)
        self._generator: np.random.Generator | None = None

    @property
    def generator(self) -> np.random.Generator:
        """The generator."""
        if self._generator is None:
            seed, key = self._sequence
            self._generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
        return self._generator


@contextlib.contextmanager
def drawing_from(source: Source) -> Iterator[None]:
    """Let ``random_generator`` give the source's generator, in this thread, for the length of a block."""
    before = getattr(_current, "source", None)
    _current.source = source
    try:
        yield
    finally:
        _current.source = before


def random_generator() -> np.random.Generator:
    """The generator to draw from while a sample is read or transformed.

    While a DataLoader reads a batch it is that batch's own generator, so that random augmentation repeats
    itself exactly, with any number of workers and after a resume. Elsewhere it is ``nn.default_generator()``.

    >>> import nn
    >>> class Noisy(nn.data.Dataset):
    ...     def __len__(self):
    ...         return 4
    ...     def __getitem__(self, index):
    ...         return index + nn.data.random_generator().normal()
    >>> loader = lambda workers: nn.data.DataLoader(Noisy(), seed=0, num_workers=workers)
    >>> [x.item() for x in loader(0)] == [x.item() for x in loader(2)]
    True
    """
    source = getattr(_current, "source", None)
    return default_generator() if source is None else source.generator


def as_generator(value: Any, owner: str) -> np.random.Generator | None:
    """A generator from what a user passed: a generator, a seed, or ``None``.

    Raises:
        TypeError: for anything else.
    """
    if value is None or isinstance(value, np.random.Generator):
        return value
    if isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= 0:
        return np.random.default_rng(int(value))
    raise TypeError(
        explain(
            owner,
            expected="a generator of numpy.random, or a seed of at least 0",
            got=repr(value),
            remedy="pass np.random.default_rng(0), or 0",
        )
    )


def generator_state(generator: np.random.Generator) -> dict[str, Any]:
    """The state of a generator as plain data: what ``set_generator_state`` takes."""
    return _plain(generator.bit_generator.state)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")


def generator_of_state(state: Any, owner: str) -> np.random.Generator:
    """A new generator in the given state.

    Raises:
        ValueError: if it is no state of a generator.
    """
    try:
        name = state["bit_generator"]
        if name not in BIT_GENERATORS:
            raise ValueError(f"there is no bit generator {name!a}")
        bit_generator = getattr(np.random, name)(0)
        bit_generator.state = state
        if generator_state(np.random.Generator(bit_generator)) != _plain(state):
            raise ValueError("numbers out of range")
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
        raise ValueError(
            explain(
                owner,
                expected="the state of a random generator",
                got=f"something else ({error})",
                remedy="load what state_dict gave",
            )
        ) from None
    return np.random.Generator(bit_generator)


def set_generator_state(generator: np.random.Generator, state: Any, owner: str) -> None:
    """Bring a generator into a state that ``generator_state`` gave.

    Raises:
        ValueError: if it is no such state, or one of another kind of generator.
    """
    restored = generator_of_state(state, owner).bit_generator
    kind = type(generator.bit_generator).__name__
    if type(restored).__name__ != kind:
        raise ValueError(
            explain(
                owner,
                expected=f"the state of a {kind}",
                got=f"that of a {type(restored).__name__}",
                remedy="use the same kind of generator",
            )
        )
    generator.bit_generator.state = restored.state
