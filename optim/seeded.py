"""Optimizers that draw random numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd_core.errors import explain

from .optimizer import Optimizer
from .plain import plain

__all__ = ["Seeded"]


class Seeded(Optimizer):
    """An optimizer with a source of random numbers, which is saved with its state.

    Attributes:
        generator: the source.
    """

    generator: np.random.Generator

    def _seed(self, generator: Any) -> None:
        """Take a generator; a fresh one for ``None``."""
        if generator is not None and not isinstance(generator, np.random.Generator):
            raise TypeError(
                explain(
                    type(self).__name__,
                    expected="a NumPy generator",
                    got=type(generator).__name__,
                    remedy="pass numpy.random.default_rng(seed)",
                )
            )
        self.generator = np.random.default_rng() if generator is None else generator

    def state_dict(self) -> dict[str, Any]:
        """State and hyper-parameters as plain data, and the state of the generator."""
        return {**super().state_dict(), "generator": plain(self.generator.bit_generator.state)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave."""
        own, given = self.generator.bit_generator, state_dict.get("generator") or {"bit_generator": "none"}
        kind = type(own).__name__
        if given["bit_generator"] != kind:
            raise ValueError(
                explain(
                    f"{type(self).__name__}.load_state_dict",
                    expected=f"the state of a generator {kind}",
                    got=given["bit_generator"],
                    remedy="make the optimizer with a generator of that kind",
                )
            )
        super().load_state_dict(state_dict)
        own.state = plain(given)
