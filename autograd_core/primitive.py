"""What an operation is: a forward function and one vector-Jacobian rule per input, both plain NumPy.

A rule is called as ``rule(g, out, *inputs, **attributes)``: ``g`` is the gradient of the result with
respect to the operation's output, ``out`` that output, and the rule returns the contribution of this
operation to the gradient of one input. The same rule runs on raw arrays (the eager backward pass),
on Tensors (higher derivatives: the backward pass is then itself recorded) and on other array
libraries, because it is written with operators and ``np.*`` functions only.

What a rule need not care about, since the backward pass does it once for all operations:
broadcasting (a contribution may have the output's shape), dtype (it may have the output's dtype) and
accumulation. Complex rules are plain transposes, without conjugates: see ``docs/conventions.md``.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from .tensor import Tensor

    # An operation returns a Tensor for Tensors and a plain array for plain arrays. Type checkers see
    # the first, which is what a caller who cares about types has.
    Array = Tensor
else:
    Array = Any

Rule = Callable[..., Any]
_F = TypeVar("_F", bound=Callable[..., Any])


class Primitive:
    """An operation of the graph.

    Called on Tensors it computes the result and records itself; called on plain arrays alone it is
    its forward function.

    Args:
        name: what errors and pictures call it.
        forward: ``forward(*inputs, **attributes) -> array`` (or a tuple of arrays, see ``multiple``).
        rules: one vector-Jacobian rule per input, ``None`` for an input that has no derivative (an
            index, say).
        joint: instead of ``rules``, one function ``joint(g, out, *inputs, **attributes)`` that
            returns a tuple with the contribution to every input (``None`` for none). For inputs that
            share work, and for any number of inputs. With ``multiple``, ``g`` is a tuple that holds
            ``None`` where an output has no gradient.
        formulas: the local derivative with respect to each input as text, where ``{a}``, ``{b}`` ...
            stand for the inputs and ``{out}`` for the output.
        symbol: what pictures write on the node; the name if left out.
        elementwise: whether output entry i depends on entry i of the (broadcast) inputs alone.
        multiple: whether ``forward`` returns a tuple of arrays.
        doc: the docstring.

    >>> import autograd_core as ag
    >>> double = ag.Primitive("double", lambda x: 2 * x, lambda g, out, x: 2 * g, formulas="2", elementwise=True)
    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> double(x), ag.gradients(double(x), x)[0], double(3.0)
    (tensor(6., operation=double), tensor(2.), 6.0)
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        *rules: Rule | None,
        joint: Rule | None = None,
        formulas: Sequence[str] | str = (),
        symbol: str | None = None,
        elementwise: bool = False,
        multiple: bool = False,
        doc: str | None = None,
    ) -> None:
        self.name = self.__name__ = name
        self.forward = forward
        self.rules = rules
        self.joint = joint
        self.formulas = (formulas,) if isinstance(formulas, str) else tuple(formulas)
        self.symbol = symbol or name
        self.elementwise = elementwise
        self.multiple = multiple
        self.differentiable = joint is not None or any(rule is not None for rule in rules)
        # One input, and entry i of the output depends on entry i alone: gradients keep their shape.
        self.unary = elementwise and len(rules) == 1
        self.__doc__ = doc
        if doc and rules:
            names = ["x"] if len(rules) == 1 else [f"x{i + 1}" for i in range(len(rules))]
            kind = inspect.Parameter.POSITIONAL_ONLY
            self.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in names])

    def __call__(self, *operands: Any, **attributes: Any) -> Array:
        lists = False
        for operand in operands:
            kind = type(operand)
            record = getattr(kind, "__record_operation__", None)
            if record is not None:
                return record(self, operands, attributes)
            lists = lists or kind is list or kind is tuple
        if lists:  # which Python's operators would join, not add
            operands = tuple(np.asarray(x) if type(x) in (list, tuple) else x for x in operands)
        return self.forward(*operands, **attributes)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Bind like a function, so that a primitive can stand in a class body as a method."""
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def __reduce__(self) -> Any:
        if PRIMITIVES.get(self.name) is self:
            return _by_name, (self.name,)
        raise TypeError(f"{self!r} is not registered, so it cannot be pickled. Pickle values, not graphs.")

    def __copy__(self) -> Primitive:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Primitive:
        return self


# Every operation of the library by name. Tests, the support table and the documentation are made
# from it, so that no operation can be left out of them.
PRIMITIVES: dict[str, Primitive] = {}

# NumPy's functions -> ours, for ``np.tanh(tensor)``.
IMPLEMENTATIONS: dict[Any, Callable[..., Any]] = {}

# NumPy's functions whose result carries no gradient by its nature (``np.argmax``, ``np.shape``).
CONSTANT_FUNCTIONS: set[Any] = set()


def _by_name(name: str) -> Primitive:
    return PRIMITIVES[name]


def define(name: str, forward: Callable[..., Any], *rules: Rule | None, numpy: Any = None, **options: Any) -> Primitive:
    """Make a ``Primitive``, enter it into the registry, and let it answer for NumPy's function.

    Args:
        name, forward, rules, options: as for ``Primitive``.
        numpy: the NumPy function (or a tuple of them) that Tensors answer with this operation.

    Raises:
        ValueError: if the name is taken.
    """
    if name in PRIMITIVES:
        raise ValueError(f"an operation named {name!r} is already defined")
    primitive = PRIMITIVES[name] = Primitive(name, forward, *rules, **options)
    if numpy is not None:
        implements(*(numpy if isinstance(numpy, tuple) else (numpy,)))(primitive)
    return primitive


def implements(*functions: Any) -> Callable[[_F], _F]:
    """Decorate the function that answers for NumPy's ``functions`` when they meet a Tensor."""

    def enter(ours: _F) -> _F:
        for function in functions:
            IMPLEMENTATIONS[function] = ours
        return ours

    return enter


def constant(*functions: Any) -> None:
    """Declare NumPy ``functions`` whose results are constants, so that calling them loses nothing."""
    CONSTANT_FUNCTIONS.update(functions)
