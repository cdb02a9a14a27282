"""The random numbers of networks: initial weights, dropout masks, shuffling."""

from __future__ import annotations

import numpy as np

from autograd_core import replay_generator

__all__ = ["default_generator", "manual_seed"]

_generator = np.random.default_rng()


def manual_seed(seed: int) -> np.random.Generator:
    """Start the library's random numbers anew, so that a program repeats itself exactly.

    >>> import nn
    >>> _ = nn.manual_seed(0)
    >>> first = nn.Linear(2, 2).weight
    >>> _ = nn.manual_seed(0)
    >>> bool((first == nn.Linear(2, 2).weight).all())
    True
    """
    global _generator
    _generator = np.random.default_rng(seed)
    return _generator


@replay_generator  # so that checkpoint draws the same dropout mask when it runs a function again
def default_generator() -> np.random.Generator:
    """The generator that is used wherever none is passed.

    >>> import nn
    >>> nn.manual_seed(0) is nn.default_generator()
    True
    """
    return _generator
