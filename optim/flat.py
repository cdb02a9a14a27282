"""Parameters and optimizer state in flat arrays, updated block by block.

An update rule reads and writes several arrays as long as all parameters together, about a dozen times.
Done parameter by parameter it costs a dozen NumPy calls each; done on long arrays every call goes
through main memory. Here the parameters of a group lie one after the other in one array, and so does
each kind of state, and an update runs on blocks that stay in the cache: small parameters share a
block, large ones are cut into several. The parameters' values are views into the flat array, so nothing
is copied but the gradients of small parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd_core.errors import explain

BLOCK = 1 << 15  # elements; about ten arrays of this length fit into a second-level cache


class Piece(NamedTuple):
    """A part of one parameter inside a block.

    Attributes:
        position: which parameter.
        start, stop: which of its elements, counted flat.
        offset: where they begin in the block.
        whole: whether it is the whole parameter.
    """

    position: int
    start: int
    stop: int
    offset: int
    whole: bool


class Block(NamedTuple):
    """A stretch of the flat arrays that is updated at once."""

    start: int
    stop: int
    pieces: tuple[Piece, ...]


class FlatParameters:
    """Parameters of one dtype in one flat array, with arrays of state beside it.

    Args:
        parameters: leaf Tensors of one dtype; their values become views into ``values``.
    """

    def __init__(self, parameters: Sequence[Any]) -> None:
        self.parameters = list(parameters)
        self.sizes = [int(parameter._data.size) for parameter in parameters]
        self.offsets = np.concatenate([[0], np.cumsum(self.sizes)]).astype(int).tolist()
        self.values = np.empty(self.offsets[-1], dtype=parameters[0].dtype)
        self.views = self._views(self.values)
        self.steps = [0] * len(self.parameters)
        self.states: dict[str, Any] = {}
        self._plans: dict[tuple[int, ...], list[Block]] = {}
        length = min(BLOCK, len(self.values))
        self.scratch = [np.empty(length, dtype=self.values.dtype) for _ in range(3)]
        self.attach()

    def _views(self, flat: Any) -> list[Any]:
        return [
            flat[start : start + size].reshape(parameter.shape)
            for parameter, start, size in zip(self.parameters, self.offsets, self.sizes)
        ]

    # A copy or a pickle would turn the views into arrays of their own.
    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "views"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.views = self._views(self.values)

    def attach(self) -> None:
        """Make the parameters' values views into the flat array again, should one have been replaced."""
        for parameter, view in zip(self.parameters, self.views):
            if parameter._data is not view:
                view[...] = parameter._data
                parameter._data = view

    def allocate(self, name: str) -> Any:
        """The flat array of the state ``name``, zeros to begin with."""
        if name not in self.states:
            self.states[name] = np.zeros_like(self.values)
        return self.states[name]

    def state_views(self, position: int) -> dict[str, Any]:
        """The state of one parameter, as views of its shape."""
        start, size = self.offsets[position], self.sizes[position]
        shape = self.parameters[position].shape
        return {name: flat[start : start + size].reshape(shape) for name, flat in self.states.items()}

    def blocks(self) -> Iterator[tuple[Block, Any, int]]:
        """The blocks of the parameters that have a gradient: block, its gradient, its step count.

        The step counts of these parameters are advanced.

        Raises:
            ValueError: for a gradient of another shape than its parameter.
        """
        gradients: list[Any] = [None if p.grad is None else _gradient(p) for p in self.parameters]
        present = tuple(position for position, gradient in enumerate(gradients) if gradient is not None)
        for position in present:
            self.steps[position] += 1
        buffer = self.scratch[0]
        for block in self._plan(present):
            pieces = block.pieces
            if len(pieces) == 1:
                piece = pieces[0]
                gradient = gradients[piece.position].reshape(-1)[piece.start : piece.stop]
            else:
                gradient = buffer[: block.stop - block.start]
                for piece in pieces:
                    part = gradients[piece.position].reshape(-1)[piece.start : piece.stop]
                    gradient[piece.offset : piece.offset + len(part)] = part
            yield block, gradient, self.steps[pieces[0].position]

    def _plan(self, present: tuple[int, ...]) -> list[Block]:
        uniform = len({self.steps[position] for position in present}) <= 1
        if uniform and present in self._plans:
            return self._plans[present]
        plan: list[Block] = []
        pieces: list[Piece] = []
        for position in present:
            if pieces:
                last = pieces[-1].position
                apart = last != position - 1 or self.steps[last] != self.steps[position]
                full = pieces[-1].offset + self.sizes[last] + self.sizes[position] > BLOCK
                if apart or full:
                    plan.append(self._block(pieces))
                    pieces = []
            size = self.sizes[position]
            if size > BLOCK:
                for start in range(0, size, BLOCK):
                    stop = min(start + BLOCK, size)
                    plan.append(self._block([Piece(position, start, stop, 0, False)]))
            else:
                offset = pieces[-1].offset + self.sizes[pieces[-1].position] if pieces else 0
                pieces.append(Piece(position, 0, size, offset, True))
        if pieces:
            plan.append(self._block(pieces))
        if uniform:
            self._plans[present] = plan
        return plan

    def _block(self, pieces: list[Piece]) -> Block:
        start = self.offsets[pieces[0].position] + pieces[0].start
        return Block(start, start + sum(piece.stop - piece.start for piece in pieces), tuple(pieces))


def _gradient(parameter: Any) -> Any:
    gradient = parameter.grad._data
    if gradient.shape != parameter._data.shape:
        raise ValueError(
            explain(
                "optimizer.step",
                expected=f"a gradient of the parameter's shape {parameter.shape}",
                got=f"shape {gradient.shape} in .grad",
                remedy="set .grad to a Tensor of the parameter's shape, or to None",
            )
        )
    return gradient
