"""Parameters and optimizer state in flat arrays, updated block by block.

An update rule reads and writes several arrays as long as all parameters together, about a dozen times.
Done parameter by parameter it costs a dozen NumPy calls each; done on long arrays every call goes
through main memory. Here the parameters of a group lie one after the other in one array, and so does
each kind of state, and an update runs on blocks that stay in the cache: small parameters share a
block, large ones are cut into several. The parameters' values are views into the flat array, so nothing
is copied but the gradients of small parameters.

Complex parameters are updated as twice as many real numbers, real and imaginary parts by turns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from threading import local
from typing import Any, NamedTuple

import numpy as np

from autograd_core.errors import explain

__all__ = ["BLOCK", "Block", "FlatParameters", "FlatState", "FlatStates", "Piece", "flat_real", "scratch"]

BLOCK = 1 << 16  # elements; half a dozen arrays of float32 of this length fit into a second-level cache
SCRATCH = 4  # arrays for intermediate results

_memory = local()


def scratch(dtype: Any) -> list[Any]:
    """Arrays for intermediate results, of a block's length, that the calling thread has for itself."""
    arrays = getattr(_memory, dtype.str[1:], None)
    if arrays is None:
        arrays = [np.empty(BLOCK, dtype=dtype) for _ in range(SCRATCH)]
        setattr(_memory, dtype.str[1:], arrays)
    return arrays


class Piece(NamedTuple):
    """A part of one parameter inside a block.

    Attributes:
        position: which parameter.
        start, stop: which of its real numbers, counted flat.
        offset: where they begin in the block.
    """

    position: int
    start: int
    stop: int
    offset: int


class Block(NamedTuple):
    """A stretch of the flat arrays that is updated at once."""

    start: int
    stop: int
    pieces: tuple[Piece, ...]


class FlatParameters:
    """Parameters of one dtype in one flat array, with state beside it.

    Args:
        parameters: leaf Tensors of one dtype; their values become views into ``values``.
        indices: their places among the parameters of their group.
        numbers: the state of a parameter that consists of single numbers (the step count ...), before its
            first update.

    Attributes:
        values: the parameters, flat.
        numbers: a dict for each parameter.
        states: name -> a flat array of real numbers.
    """

    def __init__(self, parameters: Sequence[Any], indices: Sequence[int], numbers: Mapping[str, Any]) -> None:
        self.parameters = list(parameters)
        self.indices = list(indices)
        self.values = np.empty(sum(p._data.size for p in parameters), dtype=parameters[0].dtype)
        self.real_dtype = self.values.real.dtype
        parts = 2 if self.values.dtype.kind == "c" else 1
        self.sizes = [parts * int(parameter._data.size) for parameter in parameters]
        self.offsets = np.concatenate([[0], np.cumsum(self.sizes)]).astype(int).tolist()
        self.numbers = [dict(numbers) for _ in parameters]
        self.states: dict[str, Any] = {}
        self._plans: dict[tuple[int, ...], list[Block]] = {}
        self._last: tuple[int, ...] | None = None  # whose numbers are equal
        self._look()
        self.attach()

    def _look(self) -> None:
        """Make the views of the flat array."""
        self.real = self.values.view(self.real_dtype)
        self.views = self._views(self.real)

    def _views(self, flat: Any) -> list[Any]:
        return [
            flat[start : start + size].view(self.values.dtype).reshape(parameter.shape)
            for parameter, start, size in zip(self.parameters, self.offsets, self.sizes)
        ]

    # A copy or a pickle would turn the views into arrays of their own.
    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("views", "real")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._look()

    def attach(self) -> None:
        """Make the parameters' values views into the flat array again, should one have been replaced."""
        for parameter, view in zip(self.parameters, self.views):
            if parameter._data is not view:
                view[...] = parameter._data
                parameter._data = view

    def allocate(self, name: str) -> Any:
        """The flat array of the state ``name``, zeros to begin with."""
        state = self.states.get(name)
        if state is None:
            state = self.states[name] = np.zeros_like(self.real)
        return state

    def stretch(self, block: Block, name: str) -> Any:
        """The part of the state ``name`` that belongs to a block."""
        return self.allocate(name)[block.start : block.stop]

    def array_of(self, position: int, name: str) -> Any:
        """The part of the state ``name`` that belongs to one parameter, as a view of its shape."""
        start, size = self.offsets[position], self.sizes[position]
        part = self.allocate(name)[start : start + size]
        return part.view(self.values.dtype).reshape(self.parameters[position].shape)

    def state_of(self, position: int) -> FlatState:
        """The state of one parameter."""
        return FlatState(self, position)

    def restore(self, position: int, entry: Mapping[str, Any]) -> None:
        """Take over the state of one parameter, as ``state_of`` gave it."""
        numbers = self.numbers[position]
        self._last = None
        for name, value in entry.items():
            if name in numbers:
                numbers[name] = type(numbers[name])(value)
            else:
                self.array_of(position, name)[...] = value

    def present(self, gradients: Sequence[Any]) -> tuple[int, ...]:
        """The positions of the parameters that have a gradient."""
        return tuple(position for position, index in enumerate(self.indices) if gradients[index] is not None)

    def gather(self, block: Block, gradients: Sequence[Any], buffer: Any) -> Any:
        """The gradient of a block, flat: where it comes from several parameters, in the buffer."""
        pieces = block.pieces
        if len(pieces) == 1:
            piece = pieces[0]
            return flat_real(gradients[self.indices[piece.position]])[piece.start : piece.stop]
        gradient = buffer[: block.stop - block.start]
        for piece in pieces:
            part = flat_real(gradients[self.indices[piece.position]])
            gradient[piece.offset : piece.offset + len(part)] = part
        return gradient

    def plan(self, present: tuple[int, ...]) -> list[Block]:
        """The blocks of some of the parameters; those in a block have the same numbers.

        Args:
            present: their positions.
        """
        if present == self._last:  # numbers that were equal have changed alike
            return self._plans[present]
        self._last = None
        uniform = all(self.numbers[position] == self.numbers[present[0]] for position in present)
        if uniform:
            self._last = present
            if present in self._plans:
                return self._plans[present]
        plan: list[Block] = []
        pieces: list[Piece] = []
        for position in present:
            size = self.sizes[position]
            if pieces:
                last = pieces[-1].position
                offset = pieces[-1].offset + self.sizes[last]
                apart = last != position - 1 or self.numbers[last] != self.numbers[position]
                if apart or offset + size > BLOCK:
                    plan.append(self._block(pieces))
                    pieces = []
            if size > BLOCK:
                plan += [
                    self._block([Piece(position, start, min(start + BLOCK, size), 0)])
                    for start in range(0, size, BLOCK)
                ]
            else:
                pieces.append(Piece(position, 0, size, offset if pieces else 0))
        if pieces:
            plan.append(self._block(pieces))
        if uniform:
            self._plans[present] = plan
        return plan

    def _block(self, pieces: list[Piece]) -> Block:
        start = self.offsets[pieces[0].position] + pieces[0].start
        return Block(start, start + sum(piece.stop - piece.start for piece in pieces), tuple(pieces))


class FlatState(MutableMapping[str, Any]):
    """The state of one parameter: its numbers, and its arrays as views of its shape.

    What is assigned to a name is copied to where the optimizer keeps it.

    Args:
        flat: the parameter with its fellows.
        position: which of them it is.
    """

    def __init__(self, flat: FlatParameters, position: int) -> None:
        self.flat = flat
        self.position = position

    def __getitem__(self, name: str) -> Any:
        numbers = self.flat.numbers[self.position]
        if name not in numbers and name not in self.flat.states:
            raise KeyError(name)
        return numbers[name] if name in numbers else self.flat.array_of(self.position, name)

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self:
            raise self._error(f"a name of the state: {', '.join(self)}", f"{name!r}", "keep own notes elsewhere")
        self.flat.restore(self.position, {name: value})

    def __delitem__(self, name: str) -> None:
        raise self._error("state that stays", f"del of {name!r}", "set it to 0")

    def __iter__(self) -> Iterator[str]:
        return iter([*self.flat.numbers[self.position], *self.flat.states])

    def __len__(self) -> int:
        return len(self.flat.numbers[self.position]) + len(self.flat.states)

    def __repr__(self) -> str:
        return repr(dict(self))

    @staticmethod
    def _error(expected: str, got: str, remedy: str) -> TypeError:
        return TypeError(explain("optimizer.state", expected=expected, got=got, remedy=remedy))


class FlatStates(MutableMapping[Any, FlatState]):
    """Parameter -> its state. The states may be changed, but not replaced or taken away."""

    def __init__(self, states: dict[Any, FlatState]) -> None:
        self.states = states

    def __getitem__(self, parameter: Any) -> FlatState:
        return self.states[parameter]

    def __setitem__(self, parameter: Any, value: Any) -> None:
        raise TypeError(
            explain(
                "optimizer.state",
                expected="the states of the parameters that were updated",
                got="another one, or none",
                remedy="assign to what a state holds: optimizer.state[p]['step'] = 0; or call load_state_dict",
            )
        )

    def __delitem__(self, parameter: Any) -> None:
        self[parameter] = None

    def __iter__(self) -> Iterator[Any]:
        return iter(self.states)

    def __len__(self) -> int:
        return len(self.states)

    def __repr__(self) -> str:
        return repr(self.states)


def flat_real(array: Any) -> Any:
    """An array as a flat one of real numbers, without a copy where it lies in one piece."""
    flat = array.reshape(-1)
    return flat if flat.dtype.kind != "c" else np.ascontiguousarray(flat).view(flat.real.dtype)
