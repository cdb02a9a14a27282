"""What happens in the two passes, event by event, as plain data: recorded while the backward pass runs.

``record`` runs ``graph.backward_pass``, the engine's own, on a ``grad_table`` that notes what is done to it:
which node the loop has reached, and every contribution, whether it was the first (``=``) or was added
(``+=``). So what a player shows is what the engine did. The events hold texts and numbers, no arrays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.gradients import conjugate
from autograd_core.graph import backward_pass, topological_order
from autograd_core.values import entries_of

from . import deltas
from .text import as_json, short

Kind = Literal["input", "forward", "seed", "visit", "contribution", "complete", "hook"]

# Raised whenever a reader of an older version would misread what is written.
VERSION = 1
# Arrays of up to this many entries are kept exactly, larger ones as a summary.
EXACT = 64


@dataclass(frozen=True)
class Value:
    """A number or an array as it was at the time of an event.

    Attributes:
        text: as pictures show it: the number, the entries of a small array, shape and range of a large one.
        shape, dtype: of the array.
        entries: the exact numbers in row-major order, complex ones as two; ``None`` for a large array. Text
            stands where JSON has no number: ``"nan"``, ``"inf"``, ``"-inf"``.
    """

    text: str
    shape: tuple[int, ...] = ()
    dtype: str = "float64"
    entries: tuple[float | str, ...] | None = None

    def array(self) -> Any:
        """The array again, bit for bit.

        Raises:
            ValueError: if only a summary was kept.
        """
        if self.entries is None:
            got = f"shape {self.shape}"
            raise ValueError(
                explain("array", expected="a value kept exactly", got=got, remedy="record with a larger exact=")
            )
        numbers = np.array([float(entry) for entry in self.entries])
        if np.dtype(self.dtype).kind == "c":
            numbers = numbers.view(np.complex128)
        return numbers.astype(self.dtype).reshape(self.shape)[()]


@dataclass(frozen=True)
class Event:
    """One step of the forward or the backward pass.

    Attributes:
        kind: ``"input"`` and ``"forward"`` (a node got its value), ``"seed"``, ``"visit"`` (the loop reached a
            node), ``"contribution"`` (from ``consumer`` to its parent ``node``), ``"complete"`` (all consumers
            of ``node`` have reported) or ``"hook"`` (a hook replaced the gradient).
        node: the id of the node that it happens to, as in the ``View``.
        value: what arrived: a value, a contribution, a gradient.
        consumer, position: the contribution passes from this node to its input of this number, from 0.
        assignment: ``"="`` for the first contribution to a node, ``"+="`` for every other.
        total: the node's entry of the grad_table afterwards.
        upstream: the gradient at the consumer.
        local: the local derivative's formula; ``factor``: as a number, where consumer and parent are numbers. Of
            complex numbers both are conjugates, as gradients have it.
        reported, consumers: how many of how many contributions to ``node`` have arrived.
    """

    kind: Kind
    node: str
    value: Value | None = None
    consumer: str | None = None
    position: int | None = None
    assignment: Literal["", "=", "+="] = ""
    total: Value | None = None
    upstream: Value | None = None
    local: str = ""
    factor: Value | None = None
    reported: int = 0
    consumers: int = 0


@dataclass(frozen=True)
class Recording:
    """The events of both passes in the order in which they happened.

    >>> import autograd_core as ag
    >>> x = ag.tensor(3.0, requires_grad=True, name="x")
    >>> recording, grad_table = record(x * x)
    >>> [event.kind for event in recording.events]
    ['input', 'forward', 'seed', 'visit', 'contribution', 'contribution', 'complete', 'visit']
    >>> [event.assignment for event in recording.events if event.kind == "contribution"]
    ['=', '+=']
    >>> recording.replay()
    {'n2': np.float64(1.0), 'n1': np.float64(6.0)}
    """

    events: tuple[Event, ...]

    def replay(self) -> dict[str, Any]:
        """Do once more what the events say, from the seed on: node id -> gradient, equal bit for bit.

        Raises:
            ValueError: if an array was too large to be kept exactly.
        """
        table: dict[str, Any] = {}
        for event in self.events:
            if event.value is None or event.kind not in ("seed", "contribution", "hook"):
                continue
            arrived = event.value.array()
            table[event.node] = table[event.node] + arrived if event.assignment == "+=" else arrived
        return table

    def to_json(self) -> str:
        """The events as versioned JSON: ``{"version", "events"}``."""
        events = [
            {key: value for key, value in asdict(event).items() if value not in (None, "")} for event in self.events
        ]
        return as_json({"version": VERSION, "events": events}, allow_nan=False)


def record(loss: Tensor, *, digits: int = 6, exact: int = EXACT) -> tuple[Recording, dict[Tensor, Any]]:
    """Run the backward pass from ``loss`` and note all that happens. No ``.grad`` is changed.

    Args:
        loss: a Tensor of one element that requires a gradient.
        digits: significant digits of numbers in texts.
        exact: arrays of up to this many entries are kept exactly.

    Returns:
        The events, and the grad_table (node -> array) that the pass left behind.

    Raises:
        ValueError: if ``loss`` has several elements, or nothing in its graph requires a gradient.
        StaleValueError: if a value that the pass needs was changed after it was used.
    """
    if loss._data.size != 1 or not loss._requires_grad:
        raise ValueError(
            explain(
                "play",
                expected="a result of one element that requires a gradient",
                got=f"shape {loss.shape}, requires_grad={loss._requires_grad}",
                remedy="pass the loss, computed from Tensors with requires_grad=True",
            )
        )
    nodes = topological_order([loss])
    observer = _Observer(nodes, _Values(loss, digits, exact))
    observer.seed(loss)
    backward_pass(observer.order, observer, keep=frozenset(nodes))
    return Recording(tuple(_counted(observer.events))), observer.gradients


def _counted(events: list[Event]) -> Iterator[Event]:
    """The events with the numbers of contributions, and with ``complete`` after a node's last one."""
    expected = Counter(event.node for event in events if event.kind == "contribution")
    arrived: Counter[str] = Counter()
    for event in events:
        if event.kind != "contribution":
            yield event
            continue
        node = event.node
        arrived[node] += 1
        yield replace(event, reported=arrived[node], consumers=expected[node])
        if arrived[node] == expected[node]:
            yield Event("complete", node, value=event.total, reported=arrived[node], consumers=expected[node])


class _Values:
    """Ids of nodes, and values turned into plain data."""

    def __init__(self, loss: Tensor, digits: int, exact: int) -> None:
        self.order = topological_order([loss], constants=True, check=False)
        self.ids = {node: f"n{position}" for position, node in enumerate(self.order, 1)}
        self.digits = digits
        self.exact = exact

    def value(self, data: Any) -> Value | None:
        if type(data) is tuple:  # an operation with several outputs
            return None
        data = entries_of(data)
        numbers = None
        if data.size <= self.exact and data.dtype.kind in "fciub":
            flat = np.ravel(np.asarray(data))
            flat = flat.astype(np.complex128).view(np.float64) if flat.dtype.kind == "c" else flat.astype(np.float64)
            numbers = tuple(entry if np.isfinite(entry) else str(entry) for entry in flat.tolist())
        return Value(short(data, self.digits), tuple(data.shape), str(data.dtype), numbers)

    def gradient(self, data: Any) -> Value | None:
        return None if type(data) is tuple else self.value(conjugate(data))

    def factor(self, consumer: Tensor, position: int) -> Value | None:
        """What a contribution is the upstream gradient times, where both are numbers and that is so."""
        if _is_bundle(consumer) or _is_bundle(consumer.parents[position]):
            return None
        with np.errstate(all="ignore"):
            slope = deltas.factor(consumer, position)
        return None if slope is None else self.value(np.conj(slope))

    def forward(self) -> Iterator[Event]:
        """G1 as it went: the nodes in topological order with the values they got."""
        for node in self.order:
            if not _is_bundle(node):
                yield Event("input" if node.primitive is None else "forward", self.ids[node], self.value(node._data))


class _Observer(MutableMapping[Tensor, Any]):
    """A grad_table that notes what the backward pass does to it.

    The pass learns of no difference: it gets the true gradient of the node that it visits, and for a parent
    a stand-in whose sum with a contribution is the true sum.
    """

    def __init__(self, nodes: list[Tensor], texts: _Values) -> None:
        self.gradients: dict[Tensor, Any] = {}
        self.events: list[Event] = list(texts.forward())
        self.order = _Order(nodes)
        self.order.observer = self
        self.texts = texts
        self._visited: Tensor | None = None
        self._uses: dict[Tensor, Iterator[int]] = {}
        self._added: Any = None  # the contribution that a stand-in has just been added to

    def seed(self, loss: Tensor) -> None:
        """grad_table[u(n)] <- 1, which is not part of the loop."""
        self.gradients[loss] = np.ones_like(loss._data)
        one = self.texts.gradient(self.gradients[loss])
        self.events.append(Event("seed", self.texts.ids[loss], value=one, total=one))

    def visit(self, node: Tensor) -> None:
        """The loop has reached ``node``."""
        self._visited = node
        self._uses = {}
        if node in self.gradients:
            self.events.append(Event("visit", self.texts.ids[node], value=self.texts.gradient(self.gradients[node])))

    def __getitem__(self, node: Tensor) -> Any:
        held = self.gradients[node]
        return held if node is self._visited or type(held) is tuple else _Sum(held, self)

    def __setitem__(self, node: Tensor, g: Any) -> None:
        known = self.gradients.get(node)
        self.gradients[node] = g
        if node is self._visited:
            if g is not known:
                value = self.texts.gradient(g)
                self.events.append(Event("hook", self.texts.ids[node], value=value, total=value))
            return
        self._contribution(node, g, known)

    def _contribution(self, parent: Tensor, g: Any, known: Any) -> None:
        consumer = self._visited
        assert consumer is not None
        if parent not in self._uses:
            self._uses[parent] = _positions(consumer, parent)
        position = next(self._uses[parent])
        value = g if known is None else self._added
        if type(g) is tuple:  # one entry of the gradient of several outputs
            known, value = None, self.gradients[consumer]
        self.events.append(
            Event(
                "contribution",
                self.texts.ids[parent],
                value=self.texts.gradient(value),
                consumer=self.texts.ids[consumer],
                position=position,
                assignment="=" if known is None else "+=",
                total=self.texts.gradient(g),
                upstream=self.texts.gradient(self.gradients[consumer]),
                factor=self.texts.factor(consumer, position),
            )
        )

    def add(self, held: Any, contribution: Any, in_place: bool) -> Any:
        """``held + contribution`` for the stand-in, noted."""
        self._added = contribution
        if in_place:
            held += contribution
            return held
        return held + contribution

    def __delitem__(self, node: Tensor) -> None:
        del self.gradients[node]

    def __contains__(self, node: object) -> bool:
        return node in self.gradients

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.gradients)

    def __len__(self) -> int:
        return len(self.gradients)


class _Order(list[Tensor]):
    """The nodes; who walks through them backwards is watched."""

    observer: _Observer

    def __init__(self, nodes: Iterable[Tensor]) -> None:
        super().__init__(nodes)

    def __reversed__(self) -> Iterator[Tensor]:
        for node in super().__reversed__():
            self.observer.visit(node)
            yield node


class _Sum:
    """Stands for the gradient of a parent while a contribution is added to it."""

    def __init__(self, held: Any, observer: _Observer) -> None:
        self.held = held
        self.observer = observer

    def __add__(self, contribution: Any) -> Any:
        return self.observer.add(self.held, contribution, in_place=False)

    def __iadd__(self, contribution: Any) -> Any:
        return self.observer.add(self.held, contribution, in_place=True)


def _positions(consumer: Tensor, parent: Tensor) -> Iterator[int]:
    """As which inputs ``consumer`` uses ``parent``, as far as they have a derivative, in order."""
    rules = consumer.primitive.rules or (True,) * len(consumer.parents)
    return iter([i for i, other in enumerate(consumer.parents) if other is parent and rules[i] is not None])


def _is_bundle(node: Tensor) -> bool:
    return node.primitive is not None and node.primitive.multiple
