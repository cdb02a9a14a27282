"""How an operation on Tensors becomes a node: the hot path of the engine.

Everything that is done per operation is done here. The functions are written out flat and set every
slot by hand, since a function call or a default argument saved is time saved on each node.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from sys import _getframe
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from . import modes
from .blocks import LARGE, in_blocks
from .errors import NoGradientError
from .primitive import Primitive
from .staleness import link, user_frame
from .watched import WatchedArray

if TYPE_CHECKING:
    from .tensor import Tensor

next_index = count().__next__
_new = object.__new__
NO_ATTRIBUTES: dict[str, Any] = {}
PLAIN_TYPES = frozenset({float, int, bool, np.ndarray, np.float64, np.float32})


class Node:
    """What a node of the graph consists of. ``Tensor`` adds everything that users call.

    Attributes:
        primitive: the operation that made the node, ``None`` for a leaf or a constant.
        parents: per input of the operation the Tensor that came in, ``None`` where it was a plain array
            or number.
        inputs: the same inputs as raw arrays, as the forward function saw them.
        attributes: the keyword arguments of the operation.
        index: the number of the node; parents have smaller ones.
    """

    __slots__ = (
        "__weakref__",
        "_aliases",
        "_changed",
        "_code",
        "_data",
        "_hooks",
        "_instruction",
        "_requires_grad",
        "_used_unrecorded",
        "attributes",
        "grad",
        "index",
        "inputs",
        "name",
        "parents",
        "primitive",
    )

    _aliases: Any
    _changed: Any
    _code: Any
    _data: Any
    _hooks: Any
    _instruction: int
    _note_read: Any  # a method of Tensor
    _requires_grad: bool
    _used_unrecorded: bool
    attributes: dict[str, Any]
    grad: Any
    index: int
    inputs: tuple[Any, ...]
    name: str | None
    parents: tuple[Any, ...]
    primitive: Any


def make_leaf(cls: type[Any], value: Any, requires_grad: bool = False) -> Any:
    """A node of class ``cls`` that no operation made."""
    node = _new(cls)
    node._data = value
    node._requires_grad = requires_grad
    node._used_unrecorded = False
    node.grad = node.name = node.primitive = node._changed = node._hooks = node._code = None
    node.parents = node.inputs = ()
    node.attributes = NO_ATTRIBUTES
    node._instruction = 0
    node.index = next_index()
    return node


def make_constant(value: Any) -> Any:
    """A Tensor that holds ``value`` and requires no gradient."""
    return make_leaf(_tensor_class, value)


def record_operation(primitive: Primitive, operands: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
    """The general way from an operation to its node: any number of inputs and outputs, any mode."""
    requires_grad = False
    parents: list[Any] = []
    inputs: list[Any] = []
    for operand in operands:
        if type(operand) is WatchedArray:
            operand = _tensor_class(operand)
        if isinstance(operand, _tensor_class):
            parents.append(operand)
            inputs.append(operand._data)
            requires_grad = requires_grad or operand._requires_grad
        else:
            parents.append(None)
            inputs.append(_plain_operand(operand, primitive))
    requires_grad = requires_grad and primitive.differentiable
    anomaly = None
    record = requires_grad
    if modes.special:
        state = modes.state
        requires_grad = requires_grad and state.grad_enabled
        record = requires_grad or (state.record_all and state.grad_enabled)
        anomaly = state.anomaly
        if state.vectorization is not None:
            primitive = state.vectorization.lift(primitive, inputs, attributes)
    if primitive.elementwise and not attributes and _is_large(inputs):
        value, _ = in_blocks(primitive.forward, inputs)
    else:
        value = primitive.forward(*inputs, **attributes)
    if type(value) is complex:  # 1j * np.float64(2), unlike any other pair, is a Python number
        value = np.complex128(value)
    node = make_leaf(_tensor_class, value, requires_grad)
    if record:
        node.primitive = primitive
        node.parents = tuple(parents)
        node.inputs = tuple(inputs)
        node.attributes = attributes
        frame = user_frame(2)
        if frame is not None:
            node._code = frame.f_code
            node._instruction = frame.f_lasti
    else:
        for parent in parents:
            if parent is not None:
                parent._used_unrecorded = True
    if anomaly is not None:
        anomaly.check_output(node, primitive, inputs, parents)
    if primitive.multiple:
        outputs = outputs_of(node)
        if not requires_grad:
            for output in outputs:
                _link_view(output, parents)
        return outputs
    if not requires_grad:
        _link_view(node, parents)
    return node


def _link_view(constant: Any, parents: list[Any]) -> None:
    """Where an operation without a gradient returned a view of an input: note that the two share memory."""
    value = constant._data
    base = getattr(value, "base", None)
    for parent in parents:
        if parent is not None and (value is parent._data or (base is not None and _owner(parent._data) is base)):
            link(constant, parent)


def _owner(value: Any) -> Any:
    base = getattr(value, "base", None)
    return value if base is None else base


def outputs_of(bundle: Any) -> tuple[Any, ...]:
    """The nodes of the single outputs of an operation that returned a tuple of arrays."""
    outputs = []
    for position, value in enumerate(bundle._data):
        output = make_leaf(_tensor_class, value, bundle._requires_grad and value.dtype.kind in "fc")
        if bundle.primitive is not None:
            output.primitive = OUTPUT
            output.parents = (bundle,)
            output.inputs = (bundle._data,)
            output.attributes = {"position": position, "count": len(bundle._data)}
            output._code, output._instruction = bundle._code, bundle._instruction
        outputs.append(output)
    return tuple(outputs)


# The same value as a constant. Recorded only where constants are, so that a replay renews it.
DETACH = Primitive("detach", lambda x: x, None)
# What a Tensor that was cut off a graph has in place of the instruction that made it, for pictures to tell.
DETACHED = -1


def cut_off(constant: Any, source: Any) -> None:
    """Note that a constant is the value of ``source``, which may require a gradient, and shares its memory."""
    if source._requires_grad or source._instruction == DETACHED:
        constant._instruction = DETACHED
    link(constant, source)


# An operation with several outputs is one node that holds a tuple, and a node per output that picks
# one entry. So the gradients of all outputs meet before the operation's rule is run, once.
OUTPUT = Primitive(
    "output",
    lambda values, position, count: values[position],
    joint=lambda g, out, values, position, count: (tuple(g if i == position else None for i in range(count)),),
    formulas="1",
)


def _plain_operand(operand: Any, primitive: Primitive) -> Any:
    if type(operand) is np.ndarray:
        return operand
    if isinstance(operand, np.ndarray):  # a subclass, such as np.matrix
        return operand.view(np.ndarray)
    if isinstance(operand, list | tuple):
        operand = np.asarray(operand)
        if operand.dtype == object:
            raise NoGradientError(
                f"{primitive.name}: a nested list holds something that is neither a number nor an array. "
                "To mend it: join Tensors with ag.stack or ag.concat first."
            )
    return operand


def _is_large(inputs: list[Any]) -> bool:
    return any(type(x) is np.ndarray and x.size > LARGE for x in inputs)


def unary_method(primitive: Primitive) -> Callable[[Any], Any]:
    """``primitive`` of one input, without attributes, as a method of Tensors."""
    forward = primitive.forward
    differentiable = primitive.differentiable

    def method(self: Any) -> Any:
        x = self._data
        if modes.special or (type(x) is ndarray and x.size > LARGE):
            return record_operation(primitive, (self,), NO_ATTRIBUTES)
        node = _new(_tensor_class)
        node._data = forward(x)
        node._used_unrecorded = False
        node.grad = node.name = node._changed = node._hooks = None
        node.attributes = NO_ATTRIBUTES
        node.index = next_index()
        if self._requires_grad and differentiable:
            node._requires_grad = True
            node.primitive = primitive
            node.parents = (self,)
            node.inputs = (x,)
            frame = _getframe(1)
            node._code = frame.f_code
            node._instruction = frame.f_lasti
        else:
            _finish_constant(node)
            self._used_unrecorded = True
        return node

    return _described(method, primitive)


def binary_method(primitive: Primitive, reflected: bool = False, in_place: bool = False) -> Callable[[Any, Any], Any]:
    """``primitive`` of two inputs as an operator method.

    Args:
        primitive: the operation.
        reflected: for ``other <op> self``.
        in_place: for ``self <op>= other``, which makes a new node like ``self <op> other``, except that it
            overwrites the value of a leaf where nothing is recorded: ``p -= 0.1 * p.grad`` under ``no_grad``.
    """
    forward = primitive.forward
    differentiable = primitive.differentiable

    def unusual(self: Any, other: Any) -> Any:
        result = record_operation(primitive, (other, self) if reflected else (self, other), NO_ATTRIBUTES)
        if in_place and self._requires_grad and self.primitive is None and not modes.state.grad_enabled:
            self.data = result._data
            return self
        return result

    def method(self: Any, other: Any) -> Any:
        x = self._data
        if isinstance(other, _tensor_class):
            y = other._data
            requires_grad = self._requires_grad or other._requires_grad
            parents = (self, other)
        elif type(other) in PLAIN_TYPES:
            y = other
            requires_grad = self._requires_grad
            parents = (self, None)
        elif _accepts(other):
            return unusual(self, other)
        else:
            return NotImplemented
        if modes.special or (type(x) is ndarray and x.size > LARGE):
            return unusual(self, other)
        node = _new(_tensor_class)
        node._data = forward(y, x) if reflected else forward(x, y)
        node._used_unrecorded = False
        node.grad = node.name = node._changed = node._hooks = None
        node.attributes = NO_ATTRIBUTES
        node.index = next_index()
        if requires_grad and differentiable:
            node._requires_grad = True
            node.primitive = primitive
            if reflected:
                node.parents = (parents[1], self)
                node.inputs = (y, x)
            else:
                node.parents = parents
                node.inputs = (x, y)
            frame = _getframe(1)
            node._code = frame.f_code
            node._instruction = frame.f_lasti
        else:
            _finish_constant(node)
            self._used_unrecorded = True
            if parents[1] is not None:
                other._used_unrecorded = True
        return node

    return _described(method, primitive)


def _finish_constant(node: Any) -> None:
    node._requires_grad = False
    node.primitive = node._code = None
    node.parents = node.inputs = ()
    node._instruction = 0


def _accepts(other: Any) -> bool:
    """Whether an operator may take ``other``: a number, an array of any library, or a list of numbers."""
    return isinstance(other, np.generic | np.ndarray | list | tuple | float | int | complex) or hasattr(
        other, "__array_namespace__"
    )


def _described(method: Any, primitive: Primitive) -> Any:
    method.__name__ = primitive.name
    method.__qualname__ = f"Tensor.{primitive.name}"
    method.__doc__ = primitive.__doc__
    return method


_tensor_class: Any = Node


def set_tensor_class(cls: type[Tensor]) -> None:
    """Tell the fast paths which class their nodes have. Called once, where ``Tensor`` is defined."""
    global _tensor_class
    _tensor_class = cls
