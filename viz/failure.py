"""Why a computation failed: from the exception it raised back to the operation and to the Tensors that went in.

Nothing is noted while a program runs. An exception carries its traceback, whose frames still hold their
variables: among them the operation that was being recorded and its operands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import getargs
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from autograd_core import Tensor, recording
from autograd_core.errors import explain
from autograd_core.primitive import Primitive
from autograd_core.staleness import LIBRARY, describe_line
from nn import Module

from .frames import variables
from .text import clipped, short
from .view import View, ViewEdge, ViewNode, line_text

RECORDING = recording.__file__
# Parts of the engine through which operands pass on their way: what failed is further out or further in.
NOT_THE_USERS = (*LIBRARY, f"{Path(np.__file__).parent}/")
PASSED_BY = ("graph.py", "numpy_protocol.py", "module.py", "module_hooks.py", "primitive.py", "unrolled.py")


@dataclass(frozen=True)
class Failure:
    """An operation that raised, or what had been computed when something else did.

    Attributes:
        name: of the operation, the function or the module; empty where it was none of these that raised.
        operands: its Tensors and whatever else went in; else the Tensors that nothing was computed from any more.
        error: the class of the exception and its first line.
        notes: what was added to the exception: in which module it arose.
        line: the user's line.
        model: the outermost module that was running.
    """

    name: str
    operands: tuple[Any, ...]
    error: str
    notes: tuple[str, ...] = ()
    line: str = ""
    model: Module | None = None

    @property
    def tensors(self) -> list[Tensor]:
        """The Tensors among the operands, each once."""
        return list(dict.fromkeys(x for x in self.operands if isinstance(x, Tensor)))


def find_failure(error: BaseException) -> Failure:
    """The operation that raised ``error``, by the frames that it passed.

    That is the operation that was being recorded, or the innermost function that was given Tensors. Else it was
    none, but a function of the user's in which Tensors had been computed.

    Raises:
        ValueError: if it passed no frame with Tensors.
    """
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = []
        traceback = current.__traceback__
        while traceback is not None:
            frames.append((traceback.tb_frame, traceback.tb_lasti))
            traceback = traceback.tb_next
        found = _operation(frames) or _function(frames) or _block(frames)
        if found is not None:
            name, operands, line = found
            lines = str(error).splitlines()
            text = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
            notes = tuple(getattr(error, "__notes__", ()))
            return Failure(name, tuple(operands), text, notes, line, _model(frames))
        current = current.__cause__ or current.__context__
    raise ValueError(
        explain(
            "draw",
            expected="an exception that a computation with Tensors raised",
            got=f"{type(error).__name__}, whose traceback leads through none",
            remedy="pass the exception as it was caught: except Exception as error: viz.draw(error)",
        )
    )


Frames = Sequence[tuple[FrameType, int]]
Found = tuple[str, list[Any], str] | None  # name, operands, line


def _operation(frames: Frames) -> Found:
    """The innermost operation that was being recorded."""
    for frame, _ in reversed(frames):
        if frame.f_code.co_filename != RECORDING:
            continue
        known = variables(frame)
        primitive = known.get("primitive")
        if not isinstance(primitive, Primitive):
            continue
        if frame.f_code.co_name == "record_operation":
            operands = list(known["operands"])
        else:
            operands = [known[name] for name in ("self", "other") if name in known]
            if known.get("reflected"):
                operands.reverse()
        if any(isinstance(x, Tensor) for x in operands):
            return primitive.name, operands, _line(frames)
    return None


def _function(frames: Frames) -> Found:
    """The innermost function of the library that was given Tensors, a public one rather than its helpers.

    None where a function of the user's raised that had Tensors, though the library called it.
    """
    found: list[tuple[str, list[Any]]] = []
    for frame, _ in reversed(frames):
        path = frame.f_code.co_filename
        if not path.startswith(LIBRARY):
            if found or _tensors(frame):
                break
            continue
        if Path(path).name in PASSED_BY:
            continue
        arguments = _arguments(frame)
        if any(isinstance(x, Tensor) for x in arguments):
            name = frame.f_code.co_name
            owner = arguments[0]
            if isinstance(owner, Module):
                arguments = arguments[1:]
                if not any(isinstance(x, Tensor) for x in arguments):
                    continue
                name = type(owner).__name__ if name == "forward" else name
            found.append((name, arguments))
    if not found:
        return None
    name, operands = next((entry for entry in found if not entry[0].startswith("_")), found[0])
    return name, operands, _line(frames)


def _arguments(frame: FrameType) -> list[Any]:
    arguments, known = getargs(frame.f_code), variables(frame)
    values = [known.get(name) for name in arguments.args]
    if arguments.varargs:
        values += known.get(arguments.varargs, ())
    if arguments.varkw:
        values += known.get(arguments.varkw, {}).values()
    return values


def _block(frames: Frames) -> Found:
    """The line of the innermost function in which there were Tensors, and those that nothing was computed from."""
    for number, (frame, _) in reversed(list(enumerate(frames, 1))):
        tensors = [] if frame.f_code.co_filename.startswith(LIBRARY) else _tensors(frame)
        if tensors:
            used = {parent for tensor in _graph_of(tensors) for parent in tensor.parents if parent is not None}
            return "", [tensor for tensor in tensors if tensor not in used], _line(frames[:number])
    return None


def _tensors(frame: FrameType) -> list[Tensor]:
    """The Tensors that variables of a function hold, each once."""
    return list(dict.fromkeys(value for value in variables(frame).values() if isinstance(value, Tensor)))


def _graph_of(tensors: Iterable[Tensor]) -> set[Tensor]:
    found = set(tensors)
    pending = list(found)
    while pending:
        for parent in pending.pop().parents:
            if parent is not None and parent not in found:
                found.add(parent)
                pending.append(parent)
    return found


def _line(frames: Frames) -> str:
    """The innermost line that is the user's."""
    for frame, instruction in reversed(frames):
        if not frame.f_code.co_filename.startswith(NOT_THE_USERS):
            return line_text(describe_line(frame.f_code, instruction))
    return ""


def _model(frames: Frames) -> Module | None:
    """The outermost module that was called."""
    running = (variables(frame).get("self") for frame, _ in frames if frame.f_code.co_name in ("__call__", "forward"))
    return next((module for module in running if isinstance(module, Module)), None)


def with_failure(view: View, failure: Failure, ids: Mapping[Tensor, str]) -> View:
    """``view``, which shows what went in, with the operation that failed as its last node.

    Where it was none, the last node has no edges: it says what was raised in which line.
    """
    if not failure.name:
        raised = ViewNode(
            "failed",
            "failed",
            "failed",
            expression="outside of operations",
            line=failure.line,
            extra=(("error", failure.error), ("line", failure.line)),
        )
        notes = (*view.notes, failure.error, f"Raised outside of operations, in {failure.line}", *failure.notes)
        return replace(view, nodes=(*view.nodes, raised), notes=notes)
    present = {node.id: node for node in view.nodes}
    nodes = [replace(node, kind="operation") if node.kind == "result" else node for node in view.nodes]
    edges = list(view.edges)
    texts = []
    for position, operand in enumerate(failure.operands):
        known = present.get(ids.get(operand, "")) if isinstance(operand, Tensor) else None
        if known is not None:
            edges.append(ViewEdge(known.id, "failed", position))
            texts.append(known.label or short(operand._data))
        elif not isinstance(operand, Tensor) and isinstance(operand, int | float | complex | tuple | list):
            texts.append(clipped(short(operand), 30))
        elif hasattr(operand, "shape"):
            nodes.append(ViewNode(f"failed_c{position}", "number", "", value=short(getattr(operand, "_data", operand))))
            edges.append(ViewEdge(f"failed_c{position}", "failed", position))
            texts.append(f"array {tuple(operand.shape)}")
    shapes = ", ".join(str(tuple(operand.shape)) for operand in failure.operands if hasattr(operand, "shape"))
    nodes.append(
        ViewNode(
            "failed",
            "failed",
            "failed",
            expression=f"{failure.name}({', '.join(texts)})",
            operation=failure.name,
            line=failure.line,
            extra=(("error", failure.error), ("shapes", shapes)),
        )
    )
    notes = (*view.notes, failure.error, *failure.notes)
    return replace(view, nodes=tuple(nodes), edges=tuple(edges), notes=notes)
