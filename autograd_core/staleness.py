"""Values that changed after an operation had saved them.

An operation's rule reads the values that its forward function saw. So changing a Tensor's value in
place, after it was used and before the backward pass, would give a wrong gradient. A change is dated
with the same counter that numbers the nodes: a node made before the change used the old value, a node
made after it used the new one. Nothing is counted or copied when an operation is recorded.
"""

from __future__ import annotations

import dis
import linecache
import sys
import weakref
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .errors import StaleValueError

if TYPE_CHECKING:
    from .tensor import Tensor

_ROOT = Path(__file__).resolve().parent.parent
LIBRARY = tuple(f"{_ROOT / package}/" for package in ("autograd_core", "nn", "optim", "viz"))


class Change(NamedTuple):
    """A Tensor's value was replaced, or written into.

    Attributes:
        index: the number of the change in the count of the nodes.
        line: the user's line that made it, as code object and instruction.
        previous: the node that the Tensor was before (``x[i] = v`` makes ``x`` a new node), or ``None``
            where the value itself was overwritten.
        earlier: the latest change before this one that made the Tensor a new node.
    """

    index: int  # type: ignore[assignment]
    line: tuple[CodeType | None, int]
    previous: Tensor | None = None
    earlier: Change | None = None

    @property
    def where(self) -> str:
        """The line that made the change, as text."""
        return describe_line(*self.line)


def mark_changed(tensor: Tensor, change: Change, written: Any = None) -> None:
    """Date a change of a Tensor's value, on it and on the Tensors that share its memory.

    Those are the nodes that it is a view of, and its detached copies and constant views (``_aliases``).
    Recorded views of it need no mark: ``check_values`` sees that their input was changed.

    Args:
        tensor: whose value was changed.
        change: when and where.
        written: the part of its value that was written into, if not all of it.
    """
    for node in of_one_memory(tensor, tensor._data if written is None else written):
        date(node, change)


def of_one_memory(tensor: Tensor, part: Any) -> list[Tensor]:
    """A Tensor, and those of the nodes it is a view of, and of the linked ones, that share ``part`` of its memory."""
    found = [tensor]
    for node in found:
        linked = [alias() for alias in getattr(node, "_aliases", ())]
        for other in (*node.parents, *linked):
            if other is not None and not _among(other, found) and share_memory(part, other._data):
                found.append(other)
    return found


def _among(tensor: Tensor, others: Sequence[Tensor]) -> bool:
    return any(tensor is other for other in others)


def date(node: Tensor, change: Change) -> None:
    """Put a change of the value down on one node, which keeps the last change that made it a new node."""
    renewal = last_renewal(node)
    node._changed = change if renewal is None else change._replace(earlier=renewal)


def last_renewal(node: Tensor) -> Change | None:
    """The last change by which a Tensor became a new node (``x[i] = v``)."""
    change = node._changed
    return change if change is None or change.previous is not None else change.earlier


def link(alias: Tensor, source: Tensor) -> None:
    """Note that two Tensors share memory although no recorded operation joins them.

    The slot ``_aliases`` is a set of weak references that all Tensors of one memory have in common; it is
    left empty on all others, so that it costs them nothing.
    """
    group = getattr(source, "_aliases", None)
    if group is None:
        group = source._aliases = set()
        group.add(weakref.ref(source, group.discard))
    group.add(weakref.ref(alias, group.discard))
    alias._aliases = group


def parent_as_used(node: Tensor, parent: Tensor) -> Tensor:
    """The node that ``parent`` was when ``node`` used it; ``node.parents`` is corrected to hold it."""
    now = parent
    change = parent._changed
    while change is not None and change.index > node.index:
        if change.previous is None:
            change = change.earlier
        else:
            parent = change.previous
            change = parent._changed
    if parent is not now:
        node.parents = tuple(parent if p is now else p for p in node.parents)
    return parent


def check_values(nodes: Sequence[Tensor]) -> None:
    """Raise if a rule of one of ``nodes`` would read a value that was overwritten after it was saved.

    Args:
        nodes: in topological order.

    Raises:
        StaleValueError: naming the operation that saved the value, its line and the line of the change.
    """
    overwritten: dict[Tensor, Change] = {}
    for node in nodes:
        primitive = node.primitive
        if node._changed is not None and node._changed.previous is None:
            overwritten[node] = node._changed
        if primitive is None:
            continue
        for position, parent in enumerate(node.parents):
            if parent is None:
                continue
            change = overwritten.get(parent) or parent._changed
            renewed = parent.index > node.index  # a replay made the parent a later node than its user
            if not renewed and (change is None or change.previous is not None or change.index < node.index):
                continue
            assert change is not None
            if renewed or needs_input(node, position):
                raise StaleValueError(_message(node, parent, change, f"input {position + 1} of {primitive.name}"))
            if share_memory(node._data, parent._data):
                overwritten[node] = change
        change = overwritten.get(node)
        if change is not None and change.index > node.index and needs_output(node):
            raise StaleValueError(_message(node, node, change, f"the output of {primitive.name}"))


def share_memory(a: Any, b: Any) -> bool:
    if isinstance(a, tuple) or isinstance(b, tuple):  # an operation with several outputs holds a tuple
        pairs = product(a if isinstance(a, tuple) else (a,), b if isinstance(b, tuple) else (b,))
        return any(share_memory(x, y) for x, y in pairs)
    return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.may_share_memory(a, b)


def _message(saver: Tensor, changed: Tensor, change: Change, role: str) -> str:
    assert saver.primitive is not None
    name = f"{changed.name!r} " if changed.name else ""
    values = changed._data if isinstance(changed._data, tuple) else (changed._data,)
    shapes = " and ".join(str(value.shape) for value in values)
    return (
        f"backward of {saver.primitive.name}: a value that it needs was changed before the backward pass. "
        f"The Tensor {name}of shape {shapes} ({role}) was saved by {saver.primitive.name} at "
        f"{saver.where()} and changed at {change.where}. To mend it: call backward() before the change, "
        f"change a copy (x = x.clone()), make a new Tensor instead of writing into this one, or run the "
        f"forward computation again after the change."
    )


def user_frame(depth: int = 1) -> FrameType | None:
    """The innermost frame, ``depth`` calls above the caller, that is not one of the library's own."""
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None and frame.f_code.co_filename.startswith(LIBRARY):
        frame = frame.f_back
    return frame


def user_line() -> tuple[CodeType | None, int]:
    """The user's line that is being executed: code object and instruction, for ``describe_line``."""
    frame = user_frame(2)
    return (None, 0) if frame is None else (frame.f_code, frame.f_lasti)


def describe_line(code: CodeType | None, instruction: int) -> str:
    """``file:line (source text)`` of an instruction of a code object."""
    if code is None:
        return "an unknown line"
    line = next((n for start, end, n in code.co_lines() if start <= instruction < end and n is not None), 0)
    source = linecache.getline(code.co_filename, line).strip()
    return f"{code.co_filename}:{line}" + (f" ({source})" if source else "")


# Reading one of these attributes of a saved value is not reading the value.
_METADATA = frozenset({"shape", "dtype", "ndim", "size"})


def values_read(rule: Callable[..., Any]) -> frozenset[str] | None:
    """The names of the arguments whose values ``rule`` reads, or ``None`` where that cannot be told.

    An argument of which only the shape or the dtype is read is not among them.
    """
    code = getattr(rule, "__code__", None)
    if code is None or (code.co_flags & 0x04 and code.co_argcount < 2):  # no Python function, or rule(*args)
        return None
    return _names_read(code)


@cache  # by the code: a rule made anew for each call, as a closure is, would never be let go
def _names_read(code: CodeType) -> frozenset[str]:
    read: set[str] = set(code.co_cellvars)
    instructions = list(dis.get_instructions(code))
    for position, instruction in enumerate(instructions):
        if "LOAD_FAST" in instruction.opname:  # LOAD_FAST, LOAD_FAST_LOAD_FAST, STORE_FAST_LOAD_FAST ...
            names = instruction.argval if isinstance(instruction.argval, tuple) else (instruction.argval,)
            following = instructions[position + 1] if position + 1 < len(instructions) else None
            of_last = following is not None and following.opname == "LOAD_ATTR" and following.argval in _METADATA
            read.update(names[:-1] if of_last else names)
    return frozenset(read)


def _reads(rule: Callable[..., Any], argument: int) -> bool:
    if argument > 1 and not getattr(rule, "reads_inputs", True):  # a rule that says so itself
        return False
    read = values_read(rule)
    if read is None:
        return True
    code = rule.__code__
    if argument >= code.co_argcount:  # one of *args, whose name stands behind those of all other parameters
        argument = code.co_argcount + code.co_kwonlyargcount
    return code.co_varnames[argument] in read


def needs_input(node: Tensor, position: int) -> bool:
    """Whether a rule that the backward pass runs for ``node`` reads the value of input ``position``."""
    return any(_reads(rule, 2 + position) for rule in _rules_run(node))


def needs_output(node: Tensor) -> bool:
    """Whether a rule that the backward pass runs for ``node`` reads the value of the output."""
    return any(_reads(rule, 1) for rule in _rules_run(node))


def _rules_run(node: Tensor) -> list[Callable[..., Any]]:
    assert node.primitive is not None
    if node.primitive.joint is not None:
        return [node.primitive.joint]
    return [
        rule
        for rule, parent in zip(node.primitive.rules, node.parents, strict=True)
        if rule is not None and parent is not None and parent._requires_grad
    ]
