"""``capture``: watch a block of a program, so that its pictures know modules, repeated steps and variables.

Nothing is watched outside the block, and the block keeps plain data only: between which two numbers of the
engine's count of nodes each module ran, and the numbers of the Tensors that variables hold at its end.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.recording import next_index
from nn import Module

from .frames import named
from .grouping import Grouping, common

if TYPE_CHECKING:
    from .drawing import Drawing

# Lists and dicts of variables are looked into up to this many entries.
ENTRIES = 1000


@dataclass
class Call:
    """One call of a module.

    Attributes:
        path: of the module: the name of its root, then its path in it.
        kind: its class.
        above: the number of the call that it happened in, -1 for none.
        first, last: the nodes that it made have numbers between these.
    """

    path: tuple[str, ...]
    kind: str
    above: int
    first: int
    last: int = sys.maxsize


class Capture:
    """What ``viz.capture`` watched. ``viz.draw`` finds the latest of a graph by itself; ``groups=`` names another.

    Attributes:
        names: number of a node -> the variable that held it when the block ended.
        calls: every call of a module within the block.
        owners: number of a parameter or buffer -> the path of the module that holds it.
        picture: where the block raised, the picture of the graph up to the operation that failed.

    >>> import autograd_core as ag, viz
    >>> with viz.capture() as seen:
    ...     x = ag.tensor(3.0, requires_grad=True)
    ...     square = x * x
    >>> isinstance(seen, viz.Capture), [node.label for node in viz.draw(square).view.nodes]
    (True, ['x', 'square'])
    """

    def __init__(self, models: Mapping[str, Module]) -> None:
        self.names: dict[int, str] = {}
        self.calls: list[Call] = []
        self.owners: dict[int, tuple[str, ...]] = {}
        self.picture: Drawing | None = None
        self.first = self.last = 0
        self._models = dict(models)
        self._given = bool(models)
        self._roots = len(models)
        self._handles: list[Any] = []
        self._running: list[int] = []
        self._thread = 0

    # -- watching --------------------------------------------------------------------------------

    def __enter__(self) -> Capture:
        frame = sys._getframe(1)
        if not self._given:
            self._models = _models_of(frame)
        self._thread = threading.get_ident()
        self.first = next_index()
        where: dict[Module, tuple[str, ...]] = {}
        for root, model in self._models.items():
            for path, module in model.named_modules():
                where.setdefault(module, (root, *path.split(".")) if path else (root,))
        for module, parts in where.items():
            begin, end = self._watchers(parts, type(module).__name__)
            self._handles.append(module.register_forward_pre_hook(begin, prepend=True))
            self._handles.append(module.register_forward_hook(end, always_call=True))
        return self

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self.last = next_index()
        self._note_owners()
        self._note_names(sys._getframe(1))
        self._roots = len(self._models)
        self._models = {}
        RECENT.append(self)
        if isinstance(error, Exception):
            from .drawing import draw

            try:
                self.picture = draw(error)
            except ValueError:  # it went through no operation
                self.picture = None

    def _watchers(self, path: tuple[str, ...], kind: str) -> Any:
        def begin(module: Module, inputs: Any) -> None:
            if threading.get_ident() == self._thread:
                above = self._running[-1] if self._running else -1
                self._running.append(len(self.calls))
                self.calls.append(Call(path, kind, above, next_index()))

        def end(module: Module, inputs: Any, output: Any) -> None:
            if threading.get_ident() == self._thread and self._running:
                self.calls[self._running.pop()].last = next_index()

        return begin, end

    def _note_owners(self) -> None:
        for root, model in self._models.items():
            for name, tensor in (*model.named_parameters(), *model.named_buffers()):
                self.owners.setdefault(tensor.index, (root, *name.split(".")[:-1]))
                self.names.setdefault(tensor.index, name if len(self._models) == 1 else f"{root}.{name}")

    def _note_names(self, frame: FrameType) -> None:
        for name, value in named(frame).items():
            if not name.startswith("_"):
                for label, tensor in _tensors(name, value):
                    self.names.setdefault(tensor.index, label)

    # -- what was seen ---------------------------------------------------------------------------

    def saw(self, nodes: Iterable[Tensor]) -> bool:
        """Whether one of ``nodes`` was made within the block."""
        return any(self.first < node.index < self.last for node in nodes if node.primitive is not None)

    def labels(self, nodes: Iterable[Tensor]) -> dict[Tensor, str]:
        """What the variables of the block call ``nodes``."""
        return {node: self.names[node.index] for node in nodes if node.index in self.names}

    def grouping(self, nodes: Iterable[Tensor]) -> Grouping:
        """The groups of ``nodes``, which come in topological order: by calls of modules.

        A module that is called several times within one call of the module above it makes a group of steps.
        """
        nodes = list(nodes)
        inside = self._calls_of(nodes)
        used = self._with_those_above(set(inside.values()))
        paths, titles = self._call_paths(used)
        places: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for number in used:
            places.setdefault(self.calls[number].path, []).append(paths[number])
        found = {}
        for node in nodes:
            owner = self.owners.get(node.index)
            if owner is not None:
                while owner and owner not in places:
                    owner = owner[:-1]
                found[node] = common(places[owner]) if owner else ()
            else:
                found[node] = paths[inside[node]] if node in inside else ()
        return Grouping(found, titles)

    def _calls_of(self, nodes: list[Tensor]) -> dict[Tensor, int]:
        """The innermost call that each node was made in."""
        inside = {}
        stack: list[int] = []
        upcoming = 0
        for node in sorted(nodes, key=lambda node: node.index):
            while upcoming < len(self.calls) and self.calls[upcoming].first < node.index:
                stack.append(upcoming)
                upcoming += 1
            while stack and self.calls[stack[-1]].last < node.index:
                stack.pop()
            if stack and node.index not in self.owners:
                inside[node] = stack[-1]
        return inside

    def _with_those_above(self, used: set[int]) -> list[int]:
        everything = set()
        for number in used:
            while number >= 0 and number not in everything:
                everything.add(number)
                number = self.calls[number].above
        return sorted(everything)

    def _call_paths(self, used: list[int]) -> tuple[dict[int, tuple[str, ...]], dict[tuple[str, ...], tuple[str, str]]]:
        """The group of every call, and what the groups are: kind and title."""
        times: dict[tuple[int, tuple[str, ...]], int] = {}
        for number in used:
            call = self.calls[number]
            times[call.above, call.path] = times.get((call.above, call.path), 0) + 1
        roots = [self.calls[number] for number in used if len(self.calls[number].path) == 1]
        bare = self._roots == 1 and len(roots) <= 1  # one network, called once: its name would stand on everything
        paths: dict[int, tuple[str, ...]] = {}
        titles: dict[tuple[str, ...], tuple[str, str]] = {}
        step: dict[tuple[int, tuple[str, ...]], int] = {}
        for number in used:
            call = self.calls[number]
            base = paths[call.above] if call.above >= 0 else ()
            over = self.calls[call.above].path if call.above >= 0 else ()
            under = over and call.path[: len(over)] == over
            own = call.path[len(over) :] if under else call.path[bare:]
            path = (*base, *own)
            for length in range(len(base) + 1, len(path)):
                titles.setdefault(path[:length], ("container", ""))
            repeats = times[call.above, call.path]
            if repeats > 1:
                titles[path] = ("repeat", f"{call.kind} × {repeats}")
                step[call.above, call.path] = step.get((call.above, call.path), 0) + 1
                path = (*path, f"step {step[call.above, call.path]}")
                titles[path] = ("step", call.kind)
            elif path:
                titles[path] = ("module", call.kind)
            paths[number] = path
        return paths, titles


# The captures whose blocks ended last, the latest at the end: plain data, which keeps no Tensor.
RECENT: deque[Capture] = deque(maxlen=20)


def capture(*models: Module, **named: Module) -> Capture:
    """Watch the block below: which module makes which node, repeated calls, and the names of variables.

    A picture of what was computed in the block then has groups: by module, and, where a module is called
    again and again (a recurrent cell), by step. Nodes without a name are called like the variables that hold
    them at the end of the block: those of the calling function, and global ones that it uses. Where the block
    raises, ``picture`` shows the graph up to the operation that failed, and the error goes on.

    The modules get hooks for the length of the block; outside it, nothing is watched and nothing costs more.

    Args:
        models: networks to watch. Left out, those that such variables hold.
        named: the same with names, for several networks: ``viz.capture(encoder=a, decoder=b)``.

    Returns:
        A ``Capture``, to be used as ``with viz.capture(model) as seen:``.

    Raises:
        TypeError: for what is no module.

    >>> import nn, numpy as np, viz
    >>> net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    >>> with viz.capture(net):
    ...     loss = net(np.ones((5, 3))).sum()
    >>> [(group.path, group.title) for group in viz.draw(loss).view.groups]
    [(('0',), 'Linear'), (('1',), 'Tanh'), (('2',), 'Linear')]
    """
    roots = dict(named)
    for model in models:
        name = type(model).__name__
        while name in roots:
            name += "'"
        roots[name] = model
    for model in roots.values():
        if not isinstance(model, Module):
            raise TypeError(
                explain(
                    "capture",
                    expected="modules",
                    got=type(model).__name__,
                    remedy="pass networks, or nothing to watch those that variables hold",
                )
            )
    return Capture(roots)


def latest(nodes: Iterable[Tensor]) -> Capture | None:
    """The latest of the recent captures that saw one of ``nodes`` being made."""
    nodes = list(nodes)
    return next((found for found in reversed(RECENT) if found.saw(nodes)), None)


def _models_of(frame: FrameType) -> dict[str, Module]:
    """The networks that the variables hold which a function uses, those left out that are part of another."""
    found = {
        name: value for name, value in named(frame).items() if isinstance(value, Module) and not name.startswith("_")
    }
    inner = {id(module) for model in found.values() for module in model.modules() if module is not model}
    roots: dict[str, Module] = {}
    for name, model in found.items():
        if id(model) not in inner and all(model is not other for other in roots.values()):
            roots[name] = model
    return roots


def _tensors(name: str, value: Any) -> Iterator[tuple[str, Tensor]]:
    """The Tensors of a variable: itself, or the entries of a list, tuple or dict."""
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, list | tuple) and len(value) <= ENTRIES:
        for position, entry in enumerate(value):
            if isinstance(entry, Tensor):
                yield f"{name}[{position}]", entry
    elif isinstance(value, dict) and len(value) <= ENTRIES:
        for key, entry in value.items():
            if isinstance(entry, Tensor):
                yield f"{name}[{key!r}]", entry
