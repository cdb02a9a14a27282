"""``Tensor``: a node of the graph, with NumPy's operators and methods on it."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from . import modes, numpy_protocol
from .errors import GradientError, NoGradientError, explain
from .formatting import format_tensor
from .grad_table import GradTable
from .gradients import as_gradients, conjugate
from .graph import backward_pass, topological_order
from .hooks import HookHandle, Hooks, run_hooks
from .methods import ArrayMethods
from .ops import arithmetic, bitwise, comparison, indexing, joining, products, rounding
from .recording import (
    DETACH,
    NO_ATTRIBUTES,
    binary_method,
    cut_off,
    make_leaf,
    next_index,
    outputs_of,
    record_operation,
    set_tensor_class,
    unary_method,
)
from .staleness import Change, describe_line, link, mark_changed, user_line
from .unrolled import backward_pass_unrolled
from .values import as_value
from .watched import WatchedArray, watch


class Size(int):
    """The number of elements, which called like PyTorch's method gives the shape instead."""

    _shape: tuple[int, ...]

    def __new__(cls, shape: tuple[int, ...]) -> Size:
        size = super().__new__(cls, int(np.prod(shape)) if shape else 1)
        size._shape = shape
        return size

    def __call__(self, dim: int | None = None) -> Any:
        return self._shape if dim is None else self._shape[dim]


class Tensor(ArrayMethods):
    """A node of the computational graph: a value, and how it came to be.

    Args:
        data: numbers, nested lists of numbers, or an array. An array is shared, not copied
            (``ag.tensor`` copies).
        requires_grad: whether gradients with respect to this Tensor are wanted. Only floating-point and
            complex Tensors can require one.
        dtype: converts the data, if given.
        name: what tables, errors and pictures call it.

    Raises:
        TypeError: for data that are not numbers, and for an integer Tensor that should require a gradient.

    >>> import autograd_core as ag
    >>> x = ag.Tensor([1.0, 2.0], requires_grad=True)
    >>> table = (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __slots__ = ()
    __hash__ = object.__hash__
    __array_priority__ = 1000.0

    def __init__(self, data: Any, requires_grad: bool = False, *, dtype: Any = None, name: str | None = None) -> None:
        source: Any = None
        if isinstance(data, Tensor):
            source, data = data, data._plain_value("Tensor(t)")
        elif type(data) is WatchedArray:
            source, data = next(iter(data.owners()), None), data._shared()
        self._data = as_value(data, dtype)
        self._requires_grad = False
        self._used_unrecorded = False
        self.grad: Tensor | None = None
        self.name = name
        self.primitive = self._changed = self._hooks = self._code = None
        self.parents = self.inputs = ()
        self.attributes = {}
        self._instruction = 0
        self.index = next_index()
        if source is not None:
            cut_off(self, source)
        if requires_grad:
            self.requires_grad = True

    # -- the value -----------------------------------------------------------------------------

    @property
    def data(self) -> Any:
        """The value as an array. Writing into it is noticed: see ``docs/conventions.md``."""
        if modes.special and modes.state.record_all:
            self._note_read()
        return watch(self._data, self)

    @data.setter
    def data(self, value: Any) -> None:
        if type(value) is WatchedArray and value.base is self._data:  # ``t.data += 1`` has written already
            self._note_change()
            return
        if modes.special and modes.state.vectorization is not None:
            modes.state.vectorization.check_written(self, value)
        if isinstance(value, Tensor | WatchedArray):
            value = np.copy(value._data if isinstance(value, Tensor) else value)
        value = as_value(value)
        if value.shape != self._data.shape:
            raise ValueError(
                explain(
                    "tensor.data = value",
                    expected=f"the Tensor's shape {self._data.shape}",
                    got=f"shape {value.shape}",
                    remedy="make a new Tensor for a value of another shape",
                )
            )
        if value.dtype != self._data.dtype:
            value = value.astype(self._data.dtype)
        self._data = value
        self._note_change()

    def _note_change(self, written: Any = None) -> None:
        """Date a change of the value (or of a part of it), here and on the Tensors that share the memory."""
        mark_changed(self, Change(next_index(), user_line()), written)

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of every axis."""
        return self._data.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._data.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        return self._data.dtype

    @property
    def size(self) -> Size:
        """The number of elements; ``t.size()`` and ``t.size(axis)`` give the shape, as in PyTorch."""
        return Size(self._data.shape)

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self._data.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of the value."""
        return self._data.nbytes

    @property
    def device(self) -> str:
        """Where the value lives."""
        return "cpu"

    def to_device(self, device: Any, /, *, stream: Any = None) -> Tensor:
        """The Tensor itself, for the one device there is.

        Raises:
            ValueError: for a device other than ``"cpu"``, and for a stream.
        """
        if device != "cpu" or stream is not None:
            got = repr(device) if stream is None else f"a stream, {stream!r}"
            raise ValueError(explain("to_device", expected="'cpu'", got=got, remedy="leave the Tensor where it is"))
        return self

    def item(self, *index: Any) -> Any:
        """The value of a Tensor of one element, or its entry at ``index``, as a Python number without its gradient."""
        if modes.special and modes.state.record_all:
            self._note_read()
        return self._data.item(*index)

    def tolist(self) -> Any:
        """The values as nested Python lists (without their gradient)."""
        if modes.special and modes.state.record_all:
            self._note_read()
        return self._data.tolist()

    def numpy(self) -> Any:
        """The value as a NumPy array that shares memory. Raises where a gradient would be lost."""
        return self._plain_value("tensor.numpy()")

    def _note_read(self) -> None:
        """Note that Python saw the value, so that a replay of the graph may miss what it was used for."""
        if not modes.special or not modes.state.record_all:
            self._used_unrecorded = True
            return
        pending: list[Any] = [self]
        while pending:  # everything is recorded here, so that the way back to the inputs is known
            node = pending.pop()
            if node is not None and not node._used_unrecorded:
                node._used_unrecorded = True
                pending.extend(node.parents)

    def _plain_value(self, by: str) -> Any:
        self._note_read()
        if self._requires_grad and (not modes.special or modes.state.grad_enabled):
            raise NoGradientError(
                explain(
                    by,
                    expected="a Tensor that requires no gradient",
                    got=f"one of shape {self.shape} that does, so the gradient would be lost",
                    remedy="use tensor.detach() (or tensor.item() for a number) to say that this is meant, or an "
                    "ag function to keep it",
                )
            )
        return self._data

    # -- the gradient --------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether the backward pass computes a gradient for this Tensor. Can be set on leaves."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if wanted and self._data.dtype.kind not in "fc":
            raise TypeError(
                explain(
                    "requires_grad=True",
                    expected="a floating-point or complex dtype",
                    got=f"dtype {self._data.dtype}",
                    remedy="make the Tensor from floats (1.0, not 1), or pass dtype=float",
                )
            )
        if not self.is_leaf and not wanted:
            raise GradientError(
                explain(
                    "requires_grad = False",
                    expected="a leaf",
                    got=f"the result of {self.primitive.name}",
                    remedy="use tensor.detach() for a Tensor that is cut from the graph",
                )
            )
        self._requires_grad = bool(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set ``requires_grad`` and return the Tensor."""
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made this Tensor."""
        return self.primitive is None

    def detach(self) -> Tensor:
        """A constant with the same value (and memory), cut from the graph."""
        if modes.special and modes.state.record_all:
            return record_operation(DETACH, (self,), NO_ATTRIBUTES)
        self._used_unrecorded = True
        constant = make_leaf(Tensor, self._data)
        cut_off(constant, self)
        return constant

    def zero_grad_(self) -> Tensor:
        """Forget the gradient."""
        self.grad = None
        return self

    def where(self) -> str:
        """The user's line that made this Tensor, as ``file:line (source)``."""
        return describe_line(self._code, self._instruction)

    def register_hook(self, hook: Callable[[Tensor], Any]) -> HookHandle:
        """Have ``hook(gradient)`` called whenever the gradient of this Tensor is complete.

        Args:
            hook: gets the gradient as a Tensor; what it returns, unless ``None``, takes its place.

        Returns:
            A handle; ``handle.remove()`` takes the hook away.

        Raises:
            GradientError: if the Tensor requires no gradient, so that the hook would never run.

        >>> import autograd_core as ag
        >>> x = ag.tensor(3.0, requires_grad=True)
        >>> y = x * x
        >>> handle = y.register_hook(lambda g: g * 10)
        >>> table = y.backward()
        >>> x.grad
        tensor(60.)
        """
        if not self._requires_grad:
            raise GradientError(
                explain(
                    "register_hook",
                    expected="a Tensor that requires a gradient",
                    got="a constant",
                    remedy="create it with requires_grad=True",
                )
            )
        if self._hooks is None:
            self._hooks = Hooks()
        return self._hooks.add(hook)

    def _run_hooks(self, g: Any) -> Any:
        if isinstance(g, Tensor):
            return run_hooks(self._hooks, self.shape, g)
        return run_hooks(self._hooks, self.shape, make_leaf(Tensor, g))._data

    def backward(
        self,
        gradient: Any = None,
        *,
        keep: str = "leaves",
        create_graph: bool = False,
        retain_graph: bool | None = None,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> GradTable:
        """Run the backward pass from here and add the gradients to ``.grad`` of the leaves.

        With L this Tensor, every node u gets dL/du = sum over the nodes v that use u of
        dL/dv * dv/du. Calling it again adds again, exactly.

        Args:
            gradient: the gradient to start from, of this Tensor's shape; 1 for a Tensor of one element.
            keep: ``"leaves"``, or ``"all"`` to write ``.grad`` on inner nodes too.
            create_graph: whether to record the pass, so that gradients can be differentiated again.
                (``.grad`` then holds a graph that holds the leaf; ``ag.gradients`` avoids that circle.)
            retain_graph: accepted for PyTorch's sake. The graph lives as long as something refers to it.
            inputs: only these Tensors (or this one) get a ``.grad``.

        Returns:
            The ``grad_table``: a mapping from nodes to gradients, which prints as a table.

        Raises:
            GradientError: for a constant, for a result of several elements without ``gradient``, and for
                a ``gradient`` of another shape.
            StaleValueError: if a value that a rule needs was changed in between.

        >>> import autograd_core as ag
        >>> a = ag.tensor(2.0, requires_grad=True, name="a")
        >>> table = (a * a).backward()
        >>> a.grad
        tensor(4.)
        """
        if keep not in ("leaves", "all"):
            raise ValueError(
                explain("backward", expected="keep='leaves' or keep='all'", got=f"keep={keep!r}", remedy="pass one")
            )
        seed = self._seed(gradient)
        if inputs is not None:
            inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
        nodes = topological_order([self])
        kept = frozenset(nodes) if keep == "all" else frozenset(inputs or ())
        grad_table: dict[Tensor, Any] = {self: seed if create_graph else seed._data}
        if modes.special and modes.state.vectorization is not None:
            modes.state.vectorization.check_inputs("backward", [node for node in nodes if node.primitive is None])
        if create_graph or modes.special:
            backward_pass(nodes, grad_table, keep=kept, record=create_graph)
        else:
            backward_pass_unrolled(nodes, grad_table, kept)
        table = GradTable(nodes, as_gradients(grad_table, [seed._data]))
        for node in table if inputs is None else [node for node in inputs if node in table]:
            node.grad = table[node] if node.grad is None else node.grad + table[node]
        return table

    def _seed(self, gradient: Any) -> Tensor:
        """The gradient to start the backward pass with, checked, as a Tensor in the engine's convention."""
        if not self._requires_grad:
            raise GradientError(
                explain(
                    "backward",
                    expected="a Tensor that depends on one with requires_grad=True",
                    got=f"a constant of shape {self.shape}",
                    remedy="create the inputs with requires_grad=True, and do not compute under no_grad()",
                )
            )
        if gradient is None:
            if self._data.size != 1:
                raise GradientError(
                    explain(
                        "backward",
                        expected="a result of one element, or a gradient to start from",
                        got=f"a result of shape {self.shape} and no gradient",
                        remedy="reduce the result first (result.sum().backward()), or pass a gradient of its shape",
                    )
                )
            one = np.ones_like(self._data)
            return make_leaf(Tensor, one if one.ndim else one[()])  # a number, as all values of shape ()
        seed = gradient if isinstance(gradient, Tensor) else Tensor(gradient)
        if seed.shape != self.shape:
            raise GradientError(
                explain(
                    "backward",
                    expected=f"a gradient of the result's shape {self.shape}",
                    got=f"shape {seed.shape}",
                    remedy="pass a gradient of the result's shape",
                )
            )
        if seed.dtype != self.dtype:
            seed = seed.astype(self.dtype)
        return conjugate(seed)

    def _recorded_output(self) -> Any:
        """What a rule that is being recorded gets as ``out``."""
        return outputs_of(self) if self.primitive.multiple else self

    def _recorded_inputs(self) -> tuple[Any, ...]:
        """What a rule that is being recorded gets as its inputs."""
        return tuple(x if parent is None else parent for parent, x in zip(self.parents, self.inputs, strict=True))

    # -- operators -----------------------------------------------------------------------------

    __add__ = binary_method(arithmetic.add)
    __radd__ = binary_method(arithmetic.add, reflected=True)
    __sub__ = binary_method(arithmetic.subtract)
    __rsub__ = binary_method(arithmetic.subtract, reflected=True)
    __mul__ = binary_method(arithmetic.multiply)
    __rmul__ = binary_method(arithmetic.multiply, reflected=True)
    __truediv__ = binary_method(arithmetic.divide)
    __rtruediv__ = binary_method(arithmetic.divide, reflected=True)
    __floordiv__ = binary_method(arithmetic.floor_divide)
    __rfloordiv__ = binary_method(arithmetic.floor_divide, reflected=True)
    __mod__ = binary_method(arithmetic.remainder)
    __rmod__ = binary_method(arithmetic.remainder, reflected=True)
    __pow__ = binary_method(arithmetic.power)
    __rpow__ = binary_method(arithmetic.power, reflected=True)
    __matmul__ = binary_method(products.matmul)
    __rmatmul__ = binary_method(products.matmul, reflected=True)
    __and__ = binary_method(bitwise.bitwise_and)
    __rand__ = binary_method(bitwise.bitwise_and, reflected=True)
    __or__ = binary_method(bitwise.bitwise_or)
    __ror__ = binary_method(bitwise.bitwise_or, reflected=True)
    __xor__ = binary_method(bitwise.bitwise_xor)
    __rxor__ = binary_method(bitwise.bitwise_xor, reflected=True)
    __lshift__ = binary_method(bitwise.bitwise_left_shift)
    __rlshift__ = binary_method(bitwise.bitwise_left_shift, reflected=True)
    __rshift__ = binary_method(bitwise.bitwise_right_shift)
    __rrshift__ = binary_method(bitwise.bitwise_right_shift, reflected=True)
    __lt__ = binary_method(comparison.less)
    __le__ = binary_method(comparison.less_equal)
    __gt__ = binary_method(comparison.greater)
    __ge__ = binary_method(comparison.greater_equal)
    __eq__ = binary_method(comparison.equal)
    __ne__ = binary_method(comparison.not_equal)
    __neg__ = unary_method(arithmetic.negative)
    __abs__ = unary_method(arithmetic.absolute)
    __invert__ = unary_method(bitwise.bitwise_invert)

    __iadd__ = binary_method(arithmetic.add, in_place=True)
    __isub__ = binary_method(arithmetic.subtract, in_place=True)
    __imul__ = binary_method(arithmetic.multiply, in_place=True)
    __itruediv__ = binary_method(arithmetic.divide, in_place=True)
    __ipow__ = binary_method(arithmetic.power, in_place=True)

    def __pos__(self) -> Tensor:
        return self

    def __divmod__(self, other: Any) -> tuple[Tensor, Tensor]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Tensor, Tensor]:
        return other // self, other % self

    def __round__(self, digits: int | None = None) -> Tensor:
        return rounding.round(self, digits or 0)

    # -- conversions that would drop the gradient ------------------------------------------------

    def __bool__(self) -> bool:
        self._note_read()
        return bool(self._data)

    def __float__(self) -> float:
        return float(self._plain_value("float(t)"))

    def __int__(self) -> int:
        return int(self._plain_value("int(t)"))

    def __complex__(self) -> complex:
        return complex(self._plain_value("complex(t)"))

    def __index__(self) -> int:
        self._note_read()
        return operator.index(self._data)

    def __format__(self, spec: str) -> str:
        return format(self._data[()] if self.ndim == 0 else self._data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        return format_tensor(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self._plain_value("np.asarray(t)"), dtype=dtype, copy=copy)

    def __dlpack__(
        self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
    ) -> Any:
        options = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        given = {name: value for name, value in options.items() if value is not None}
        return np.asarray(self._plain_value("t.__dlpack__()")).__dlpack__(**given)

    def __dlpack_device__(self) -> Any:
        return np.asarray(self._data).__dlpack_device__()

    # A copy or a pickle holds the value, not the graph.
    def __reduce__(self) -> Any:
        return _rebuild, (type(self), np.asarray(self._data), self._requires_grad, self.name)

    def __copy__(self) -> Any:
        return _rebuild(type(self), self._data.copy(), self._requires_grad, self.name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copy = _rebuild(type(self), self._data.copy(), self._requires_grad, self.name)
        if self.grad is not None:
            copy.grad = make_leaf(Tensor, self.grad._data.copy())
        memo[id(self)] = copy
        return copy

    # -- NumPy's and the array API's protocols -------------------------------------------------------

    __record_operation__ = staticmethod(record_operation)
    __array_ufunc__ = numpy_protocol.array_ufunc
    __array_function__ = numpy_protocol.array_function

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """The namespace of array functions: this package."""
        return sys.modules[__package__]

    # -- indexing ----------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise TypeError("iteration over a Tensor of shape (): it has no axis. To mend it: use t.reshape(-1).")
        return iter(joining.unstack(self))

    def __contains__(self, value: Any) -> bool:
        self._note_read()
        return value in self._data if not isinstance(value, Tensor) else bool((self._data == value._data).any())

    def __getitem__(self, index: Any) -> Tensor:
        return indexing.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        """Make this Tensor the node that ``index_set`` gives; what used the old value keeps it."""
        recording = not modes.special or modes.state.grad_enabled
        if self.primitive is None and self._requires_grad and recording:
            raise GradientError(
                explain(
                    "x[index] = value",
                    expected="a Tensor that is not a leaf requiring a gradient",
                    got="such a leaf, whose gradient could then not be told from the new node's",
                    remedy="use y = x.at[index].set(value), or write under ag.no_grad() to change the leaf's value",
                )
            )
        new = indexing.index_set(self, index, value)
        if modes.special and modes.state.vectorization is not None:
            modes.state.vectorization.check_written(self, new)
        if self._requires_grad and not recording:
            self.data = new._data
            return
        # A constant whose value nothing else holds was used by no recorded operation: nobody will ask for it.
        forgotten = not self._requires_grad and sys.getrefcount(self._data) <= 2
        previous = make_leaf(Tensor, self._data, self._requires_grad)
        for slot in ("primitive", "parents", "inputs", "attributes", "index", "_code", "_instruction", "_changed"):
            setattr(previous, slot, getattr(self, slot))
        previous.name, previous._hooks, self._hooks = self.name, self._hooks, None
        for slot in ("_data", "_requires_grad", "primitive", "inputs", "attributes", "index", "_code", "_instruction"):
            setattr(self, slot, getattr(new, slot))
        self.parents = tuple(previous if parent is self else parent for parent in new.parents)
        if not forgotten:
            self._changed = Change(new.index, user_line(), previous)
            if hasattr(self, "_aliases"):
                link(previous, self)

    @property
    def at(self) -> indexing.At:
        """``x.at[index].set(v)`` and ``.add(v)``: a new Tensor with some entries changed."""
        return indexing.At(self)


def _rebuild(cls: type[Any], value: Any, requires_grad: bool, name: str | None) -> Any:
    tensor = make_leaf(cls, as_value(value), requires_grad)
    tensor.name = name
    return tensor


set_tensor_class(Tensor)
