"""``summary``: a network's modules as a table of shapes, parameters, work and memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from autograd_core import Tensor, enable_grad, record_all
from autograd_core.errors import explain
from autograd_core.formatting import align
from autograd_core.graph import topological_order
from autograd_core.memory_report import owner_of, read_in_backward
from autograd_core.recording import next_index

from .module import Module
from .operation_counts import multiply_adds
from .random import default_generator

__all__ = ["LayerSummary", "Summary", "multiply_adds", "summary"]


class LayerSummary(NamedTuple):
    """One module of a network. The numbers are its own: what its submodules hold and do stands in their rows.

    Attributes:
        path: its dotted path, ``""`` for the network itself.
        kind: its class.
        output_shape: the shape of what it returned last; a tuple of shapes for several Tensors; ``None`` if
            it was not called.
        parameters: the number of its parameters' entries; shared parameters count where they stand first.
        trainable: how many of them require a gradient.
        multiply_adds: products that were added to a sum, in all its calls together.
        saved_bytes: bytes that the backward pass needs, parameters and buffers aside.
        calls: how often it was called.

    >>> import nn
    >>> nn.summary(nn.Linear(3, 2), (5, 3)).rows[0].multiply_adds
    30
    """

    path: str
    kind: str
    output_shape: Any
    parameters: int
    trainable: int
    multiply_adds: int
    saved_bytes: int
    calls: int


class Summary:
    """A network's modules, as ``summary`` found them. It prints as a table.

    Args:
        rows: one for each module.
        parameter_bytes: bytes of all parameters.

    Attributes:
        parameters, trainable, multiply_adds, saved_bytes: the sums over all rows.

    >>> import nn
    >>> table = nn.summary(nn.MLP([4, 8, 3]), (2, 4))
    >>> table.parameters, table.multiply_adds
    (67, 112)
    """

    def __init__(self, rows: Sequence[LayerSummary], parameter_bytes: int) -> None:
        self.rows = list(rows)
        self.parameter_bytes = parameter_bytes
        self.parameters = sum(row.parameters for row in rows)
        self.trainable = sum(row.trainable for row in rows)
        self.multiply_adds = sum(row.multiply_adds for row in rows)
        self.saved_bytes = sum(row.saved_bytes for row in rows)

    def __str__(self) -> str:
        head = ("module", "class", "output shape", "parameters", "trainable", "multiply-adds", "saved bytes")
        lines = [head, *(self._line(row) for row in self.rows)]
        totals = (self.parameters, self.trainable, self.multiply_adds, self.saved_bytes)
        lines.append(("total", "", "", *(f"{number:,}" for number in totals)))
        note = f"parameters take {self.parameter_bytes:,} bytes; saved bytes are what the backward pass needs besides"
        return f"{align(lines)}\n{note}"

    def __repr__(self) -> str:
        return str(self)

    @staticmethod
    def _line(row: LayerSummary) -> tuple[str, ...]:
        indent = "  " * (row.path.count(".") + 1 if row.path else 0)
        shape = "not called" if not row.calls else str(row.output_shape)
        if row.calls > 1:
            shape += f" × {row.calls}"
        numbers = (row.parameters, row.trainable, row.multiply_adds, row.saved_bytes)
        name = row.path.rpartition(".")[2] or "(network)"
        return (indent + name, row.kind, shape, *(f"{number:,}" if number else "-" for number in numbers))


def summary(model: Module, input: Any = None, *, dtype: Any = None) -> Summary:
    """Call a network once and count what its modules hold and do.

    Multiply-adds are counted from the operations that were recorded, not guessed from the names of layers;
    see ``nn.multiply_adds``. The network stays as it is: buffers, such as running statistics, and the state
    of ``nn.default_generator()`` are put back. It is called in its present mode.

    Args:
        model: the network.
        input: what to call it with: an array or Tensor; a shape, for an input of ones; a list or tuple of
            these for several arguments, a dict for keyword arguments. Parameters alone are counted if left out.
        dtype: of inputs that are given by their shape; that of the first parameter if left out.

    Returns:
        A ``Summary`` that prints as a table, with the rows as data. A module that stands in several places
        has one row; what is computed outside of all submodules counts for the module that calls it.

    Raises:
        TypeError: if ``model`` is no module.

    >>> import nn
    >>> print(nn.summary(nn.Sequential(nn.Linear(4, 3), nn.Tanh()), (2, 4)))
    module     class       output shape  parameters  trainable  multiply-adds  saved bytes
    (network)  Sequential  (2, 3)        -           -          -              -
      0        Linear      (2, 3)        15          15         24             32
      1        Tanh        (2, 3)        -           -          -              24
    total                                15          15         24             56
    parameters take 60 bytes; saved bytes are what the backward pass needs besides
    """
    if not isinstance(model, Module):
        raise TypeError(
            explain("summary", expected="an nn.Module", got=type(model).__name__, remedy="pass the network itself")
        )
    calls = _Calls(model)
    if input is not None:
        args, kwargs = _arguments(model, input, dtype)
        with _unchanged(model), calls.watched(), enable_grad(), record_all():
            results = model(*args, **kwargs)
        calls.count(results)
    rows = []
    counted: set[int] = set()
    for path, module in model.named_modules():
        own = [p for p in module._parameters.values() if p is not None and id(p) not in counted]
        counted.update(id(p) for p in own)
        sizes = [(int(p.size), p.requires_grad) for p in own]
        rows.append(
            LayerSummary(
                path,
                type(module).__name__,
                calls.shapes.get(module),
                sum(size for size, _ in sizes),
                sum(size for size, trainable in sizes if trainable),
                calls.multiply_adds.get(module, 0),
                calls.saved_bytes.get(module, 0),
                calls.numbers.get(module, 0),
            )
        )
    return Summary(rows, sum(p.nbytes for p in model.parameters()))


class _Calls:
    """What happened while a network was called, by module."""

    def __init__(self, model: Module) -> None:
        self.model = model
        self.shapes: dict[Module, Any] = {}
        self.numbers: dict[Module, int] = {}
        self.multiply_adds: dict[Module, int] = {}
        self.saved_bytes: dict[Module, int] = {}
        self._events: list[tuple[int, Module | None]] = []  # a module begins, or (None) the innermost one ends

    @contextmanager
    def watched(self) -> Iterator[None]:
        handles = []
        for module in self.model.modules():
            handles.append(module.register_forward_pre_hook(self._begin, prepend=True))
            handles.append(module.register_forward_hook(self._end))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _begin(self, module: Module, inputs: Any) -> None:
        self._events.append((next_index(), module))

    def _end(self, module: Module, inputs: Any, output: Any) -> None:
        self._events.append((next_index(), None))
        self.numbers[module] = self.numbers.get(module, 0) + 1
        self.shapes[module] = _shapes(output)

    def count(self, results: Any) -> None:
        """Give every recorded operation to the innermost module that was running when it was made."""
        tensors: list[Tensor] = []
        _collect(results, tensors)
        taken = {id(owner_of(tensor._data)) for tensor in (*self.model.parameters(), *self.model.buffers())}
        events = iter(self._events)
        upcoming = next(events, None)
        running: list[Module] = []
        for node in topological_order(tensors, constants=True, check=False):
            while upcoming is not None and upcoming[0] < node.index:
                if upcoming[1] is None:
                    running.pop()
                else:
                    running.append(upcoming[1])
                upcoming = next(events, None)
            if node.primitive is None or not running:
                continue
            module = running[-1]
            self.multiply_adds[module] = self.multiply_adds.get(module, 0) + multiply_adds(node)
            for array in read_in_backward(node):
                owner = owner_of(array)
                if id(owner) not in taken and hasattr(owner, "nbytes"):
                    taken.add(id(owner))
                    self.saved_bytes[module] = self.saved_bytes.get(module, 0) + owner.nbytes


@contextmanager
def _unchanged(model: Module) -> Iterator[None]:
    """Put the buffers, and the state of the random numbers, back afterwards."""
    random_state = default_generator().bit_generator.state
    before = [
        (module._buffers, name, tensor, tensor._data, np.array(tensor._data))
        for module in model.modules()
        for name, tensor in module._buffers.items()
        if tensor is not None
    ]
    try:
        yield
    finally:
        default_generator().bit_generator.state = random_state
        for buffers, name, tensor, array, values in before:
            buffers[name] = tensor
            tensor._data = array
            if isinstance(array, np.ndarray) and not np.array_equal(array, values, equal_nan=True):
                array[...] = values


def _arguments(model: Module, input: Any, dtype: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of the call, where a shape stands for ones."""
    if dtype is None:
        dtype = next((p.dtype for p in model.parameters()), np.dtype(np.float32))

    def as_argument(value: Any) -> Any:
        return np.ones(value, dtype) if _is_shape(value) else value

    if isinstance(input, dict):
        return (), {name: as_argument(value) for name, value in input.items()}
    several = isinstance(input, tuple | list) and not _is_shape(input)
    if several and all(_is_shape(value) or hasattr(value, "shape") or value is None for value in input):
        return tuple(as_argument(value) for value in input), {}
    return (as_argument(input),), {}


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple | list) and all(
        isinstance(length, int | np.integer) and not isinstance(length, bool) for length in value
    )


def _collect(result: Any, tensors: list[Tensor]) -> None:
    if isinstance(result, Tensor):
        tensors.append(result)
    elif isinstance(result, tuple | list):
        for item in result:
            _collect(item, tensors)
    elif isinstance(result, dict):
        for item in result.values():
            _collect(item, tensors)


def _shapes(result: Any) -> Any:
    """The shape of a Tensor; of the Tensors in a tuple, list or dict all shapes in the same structure."""
    if isinstance(result, tuple | list):
        return tuple(_shapes(item) for item in result)
    if isinstance(result, dict):
        return {key: _shapes(item) for key, item in result.items()}
    return getattr(result, "shape", None)
