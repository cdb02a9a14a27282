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
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .errors import StaleValueError

if TYPE_CHECKING:
    from .primitive import Primitive
    from .tensor import Tensor

_ROOT = Path(__file__).resolve().parent.parent
LIBRARY = tuple(f"{_ROOT / package}/" for package in ("autograd_core", "nn", "optim", "viz"))


class Change(NamedTuple):
    """A Tensor's value was replaced, or written into.

    Attributes:
        index: the number of the change in the count of the nodes.
        where: the line that made it, as text.
        previous: the node that the Tensor was before (``x[i] = v`` makes ``x`` a new node), or ``None``
            where the value itself was overwritten.
    """

    index: int
    where: str
    previous: Tensor | None


def parent_as_used(node: Tensor, parent: Tensor) -> Tensor:
    """The node that ``parent`` was when ``node`` used it; ``node.parents`` is corrected to hold it."""
    now = parent
    while parent._changed is not None and parent._changed.index > node.index and parent._changed.previous is not None:
        parent = parent._changed.previous
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
            if change is None or change.previous is not None or change.index < node.index:
                continue
            if needs_input(primitive, position):
                raise StaleValueError(_message(node, parent, change, f"input {position + 1} of {primitive.name}"))
            if _share_memory(node._data, parent._data):
                overwritten[node] = change
        change = overwritten.get(node)
        if change is not None and change.index > node.index and needs_output(primitive):
            raise StaleValueError(_message(node, node, change, f"the output of {primitive.name}"))


def _share_memory(a: Any, b: Any) -> bool:
    return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.may_share_memory(a, b)


def _message(saver: Tensor, changed: Tensor, change: Change, role: str) -> str:
    assert saver.primitive is not None
    name = f"{changed.name!r} " if changed.name else ""
    return (
        f"backward of {saver.primitive.name}: a value that it needs was changed before the backward pass. "
        f"The Tensor {name}of shape {changed.shape} ({role}) was saved by {saver.primitive.name} at "
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


def user_line() -> str:
    """``file:line (source text)`` of the user's line that is being executed."""
    frame = user_frame(2)
    return describe_line(None, 0) if frame is None else describe_line(frame.f_code, frame.f_lasti)


def describe_line(code: CodeType | None, instruction: int) -> str:
    """``file:line (source text)`` of an instruction of a code object."""
    if code is None:
        return "an unknown line"
    line = next((n for start, end, n in code.co_lines() if start <= instruction < end and n is not None), 0)
    source = linecache.getline(code.co_filename, line).strip()
    return f"{code.co_filename}:{line}" + (f" ({source})" if source else "")


# Reading one of these attributes of a saved value is not reading the value.
_METADATA = frozenset({"shape", "dtype", "ndim", "size"})


@lru_cache(maxsize=None)
def values_read(rule: Callable[..., Any]) -> frozenset[str] | None:
    """The names of the arguments whose values ``rule`` reads, or ``None`` where that cannot be told.

    An argument of which only the shape or the dtype is read is not among them.
    """
    code = getattr(rule, "__code__", None)
    if code is None or code.co_flags & 0x04:  # not a Python function, or one that takes *args
        return None
    read: set[str] = set(code.co_cellvars)
    instructions = list(dis.get_instructions(code))
    for position, instruction in enumerate(instructions):
        if instruction.opname.startswith("LOAD_FAST"):
            names = instruction.argval if isinstance(instruction.argval, tuple) else (instruction.argval,)
            following = instructions[position + 1] if position + 1 < len(instructions) else None
            of_last = following is not None and following.opname == "LOAD_ATTR" and following.argval in _METADATA
            read.update(names[:-1] if of_last else names)
    return frozenset(read)


def _reads(rule: Callable[..., Any], argument: int) -> bool:
    read = values_read(rule)
    return read is None or rule.__code__.co_varnames[argument] in read


def needs_input(primitive: Primitive, position: int) -> bool:
    """Whether a rule of ``primitive`` reads the value of input ``position``."""
    rules = primitive.rules if primitive.joint is None else (primitive.joint,)
    return any(rule is not None and _reads(rule, 2 + position) for rule in rules)


def needs_output(primitive: Primitive) -> bool:
    """Whether a rule of ``primitive`` reads the value of the output."""
    rules = primitive.rules if primitive.joint is None else (primitive.joint,)
    return any(rule is not None and _reads(rule, 1) for rule in rules)
