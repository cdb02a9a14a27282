"""Which group every node of a graph belongs to: by a function, by the names of parameters, by loops.

A group is a path of names, the outermost first. ``viz.capture`` knows the groups exactly; what is here
needs nothing but the graph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from autograd_core import Tensor
from autograd_core.errors import explain

Path = tuple[str, ...]

# A piece of the program that ran fewer times than this is no loop.
LEAST_STEPS = 3


@dataclass(frozen=True)
class Grouping:
    """The group of every node, and what the groups are.

    Attributes:
        paths: node -> its group; nodes that are not there belong to none.
        titles: group -> its kind (see ``ViewGroup``) and its title.
    """

    paths: Mapping[Tensor, Path] = field(default_factory=dict)
    titles: Mapping[Path, tuple[str, str]] = field(default_factory=dict)


def common(paths: Iterable[Path]) -> Path:
    """The longest path that all ``paths`` begin with.

    >>> common([("encoder", "0", "norm"), ("encoder", "0")])
    ('encoder', '0')
    """
    found: Path | None = None
    for path in paths:
        if found is None:
            found = path
        else:
            length = 0
            for a, b in zip(found, path):
                if a != b:
                    break
                length += 1
            found = found[:length]
    return found or ()


def by_function(nodes: Sequence[Tensor], function: Callable[[Tensor], Any]) -> Grouping:
    """The groups that a function of the user's gives: a path, one name, or ``None``.

    Raises:
        TypeError: if it returns anything else.
    """
    paths = {}
    for node in nodes:
        answer = function(node)
        path = () if answer is None else (answer,) if isinstance(answer, str) else answer
        if not isinstance(path, tuple | list) or not all(isinstance(name, str) for name in path):
            raise TypeError(
                explain(
                    "draw: the function groups=",
                    expected="a tuple of names, a name, or None",
                    got=repr(answer),
                    remedy="return the path of the node's group, the outermost name first",
                )
            )
        paths[node] = tuple(path)
    return Grouping(paths)


def by_parameters(nodes: Sequence[Tensor], model: Any) -> Grouping:
    """Groups by the modules of ``model``, as far as its parameters tell.

    An operation on a parameter belongs to the module that holds it. One without belongs to what the
    modules before it and behind it have in common. ``viz.capture`` is exact.

    Args:
        nodes: in topological order.
        model: a module.
    """
    owners: dict[Tensor, Path] = {}
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        owners[tensor] = tuple(name.split("."))[:-1]
    own: dict[Tensor, Path] = {}
    before: dict[Tensor, Path] = {}
    for node in nodes:
        held = [owners[parent] for parent in node.parents if parent in owners]
        if held:
            own[node] = before[node] = common(held)
        else:
            above = [before[parent] for parent in node.parents if parent in before]
            if above:
                before[node] = common(above)
    behind: dict[Tensor, Path] = {}
    for node in reversed(nodes):
        here = own.get(node, behind.get(node))
        if here is None:
            continue
        behind[node] = here
        for parent in node.parents:
            if parent is not None and parent not in owners:
                behind[parent] = common([behind[parent], here]) if parent in behind else here
    paths = {}
    for node in nodes:
        if node in owners:
            paths[node] = owners[node]
        elif node in own:
            paths[node] = own[node]
        elif node in before and node in behind:
            paths[node] = common([before[node], behind[node]])
    kinds = {tuple(path.split(".")): type(module).__name__ for path, module in model.named_modules() if path}
    return Grouping(paths, {path: ("module", kind) for path, kind in kinds.items()})


def by_loop(nodes: Sequence[Tensor]) -> Grouping:
    """The steps of the loops of the program, found by the places in the code where nodes were made.

    A stretch of the program where places come back is taken for one loop. Of the places that made at least three
    nodes in it, those that made the same number, or a multiple of it, are taken for the body of the loop; every time
    the first of them comes again, a step begins.

    Args:
        nodes: in topological order.
    """
    made = [node for node in nodes if node.primitive is not None and node._code is not None]
    made.sort(key=lambda node: node.index)  # the order of the program
    sites = [(node._code, node._instruction, node.primitive.name) for node in made if node.primitive is not None]
    paths: dict[Tensor, Path] = {}
    titles: dict[Path, tuple[str, str]] = {}
    for stretch in _stretches(sites):
        inside = made[stretch.start : stretch.stop]
        steps = _steps(sites[stretch.start : stretch.stop])
        if not steps:
            continue
        loop = _loop_name(inside[steps[0].start])
        while (loop,) in titles:
            loop += "'"
        titles[loop,] = ("repeat", f"loop × {len(steps)}")
        for number, step in enumerate(steps, 1):
            path = (loop, f"step {number}")
            titles[path] = ("step", "")
            paths.update((inside[position], path) for position in step)
    for node in made:  # the tuple that an operation with several outputs made goes where its first output is
        for parent in node.parents:
            if parent is not None and parent.primitive is not None and parent.primitive.multiple and node in paths:
                paths.setdefault(parent, paths[node])
    return Grouping(paths, titles)


def _loop_name(first: Tensor) -> str:
    """What to call a loop, by the line of the first node of its body."""
    file, _, line = first.where().partition(" (")[0].rpartition(":")
    return "loop" if not file else f"loop at {'cell' if 'ipykernel' in file else PurePath(file).name}:{line}"


def _stretches(sites: Sequence[Any]) -> list[range]:
    """From the first to the last time of places that come back; those that overlap are one stretch."""
    times = Counter(sites)
    last = {site: position for position, site in enumerate(sites)}
    found: list[range] = []
    for position, site in enumerate(sites):
        if times[site] < LEAST_STEPS:
            continue
        if found and position < found[-1].stop:
            found[-1] = range(found[-1].start, max(found[-1].stop, last[site] + 1))
        else:
            found.append(range(position, last[site] + 1))
    return found


def _steps(sites: Sequence[Any]) -> list[range]:
    """The positions that belong to each step of the loop in ``sites``; nothing where there is no such loop."""
    times = Counter(sites)
    covered: Counter[int] = Counter()
    for count in times.values():
        if count >= LEAST_STEPS:
            covered[count] += count
    steps = max(covered, key=lambda count: (covered[count], count))
    body = {site for site, count in times.items() if count % steps == 0}
    anchor = next(site for site in sites if site in body)
    starts = [position for position, site in enumerate(sites) if site == anchor][:: times[anchor] // steps]
    end = max(position for position, site in enumerate(sites) if site in body) + 1
    pieces = [range(start, stop) for start, stop in zip(starts, [*starts[1:], end])]
    shapes = {tuple(sites[position] for position in piece if sites[position] in body) for piece in pieces}
    return pieces if len(shapes) == 1 else []  # else places that happen to be passed equally often


def with_loop(nodes: Sequence[Tensor], inner: Grouping) -> Grouping:
    """``inner`` within the steps of a loop of the program, where there is one: for a loop that calls several modules.

    Args:
        nodes: in topological order.
        inner: the groups by modules.
    """
    loop = by_loop(nodes)
    if not loop.paths:
        return inner
    paths = dict(inner.paths)
    titles = {**inner.titles, **loop.titles}
    users: dict[Tensor, list[Path]] = {}
    for node in nodes:
        for parent in node.parents:
            if parent is not None:
                users.setdefault(parent, []).append(loop.paths.get(node, ()))
    for node in nodes:
        outer = loop.paths.get(node)
        if outer is None and node.primitive is None and paths.get(node):
            outer = common(users.get(node, ()))  # the parameters of a module that only the loop calls
        if not outer:
            continue
        old = inner.paths.get(node, ())
        steps = [inner.titles.get(old[: length + 1], ("", ""))[0] == "step" for length in range(len(old))]
        kept = tuple(name for name, step in zip(old, steps) if not step)
        paths[node] = (*outer, *kept)
        for length in range(1, len(old) + 1):
            kind, title = inner.titles.get(old[:length], ("group", ""))
            path = (*outer, *(name for name, step in zip(old[:length], steps) if not step))
            if kind == "repeat":  # what is outside the steps: parameters
                titles.setdefault(path, ("module", title.partition(" ×")[0]))
            else:
                titles[path] = ("module" if kind == "step" else kind, title)
    return Grouping(paths, titles)
