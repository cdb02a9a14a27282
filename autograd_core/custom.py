"""Operations of one's own: a function on arrays, and its rules, by decorator."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload

import numpy as np

from .errors import GradientError, explain
from .primitive import Array, Primitive
from .recording import Node

__all__ = ["Operation", "operation"]

_F = TypeVar("_F", bound=Callable[..., Any])


class Operation:
    """An operation with rules of its own, made by ``ag.operation``.

    Called on Tensors it computes and records itself, called on plain arrays it only computes.

    Attributes:
        primitive: what is recorded.
        inputs: the names of the inputs; ``variadic`` if the last one stands for any number of them.
        attributes: the names of the attributes.

    >>> import autograd_core as ag
    >>> halve = ag.Operation(lambda x: x / 2, name="halve")
    >>> _ = halve.rule("x")(lambda g, out, x: g / 2)
    >>> halve, ag.grad(halve)(3.0)
    (<custom operation halve(x)>, tensor(0.5))
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        *,
        name: str | None = None,
        outputs: int = 1,
        constant: Sequence[str | int] = (),
        symbol: str | None = None,
        elementwise: bool = False,
    ) -> None:
        self.function = forward
        self.name = str(name or getattr(forward, "__name__", "operation"))
        self.__name__ = self.name
        self.__doc__ = forward.__doc__
        self.__wrapped__ = forward
        self.outputs = outputs
        self.signature = _signature(forward)
        parameters = list(self.signature.parameters.values())
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            raise _misuse(self.name, "inputs and attributes by name", "**attributes", "write the attributes out")
        self.attributes = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY or p.default is not p.empty]
        self.inputs = [p.name for p in parameters if p.name not in self.attributes]
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        if not self.inputs:
            raise _misuse(self.name, "a function with inputs", "none", "give it a parameter without a default")
        self.primitive = Primitive(
            self.name,
            self._forward,
            symbol=symbol,
            elementwise=elementwise and outputs == 1,
            multiple=outputs != 1,
            doc=self.__doc__,
        )
        self._formulas = [""] * len(self.inputs)
        constants = {self._position(c) for c in constant}
        if self.variadic:
            self._set_rules([], self._missing(None))
        else:
            self._set_rules([None if i in constants else self._missing(i) for i in range(len(self.inputs))])

    def __call__(self, *args: Any, **kwargs: Any) -> Array:
        inputs, attributes = self.bind(*args, **kwargs)
        return self.primitive(*inputs, **attributes)

    def bind(self, *args: Any, **kwargs: Any) -> tuple[list[Any], dict[str, Any]]:
        """The inputs and the attributes of a call, defaults filled in."""
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        attributes = {name: bound.arguments[name] for name in self.attributes}
        for name, setting in attributes.items():
            if isinstance(setting, Node):
                remedy = "pass a plain value, or give the parameter no default, which makes it an input"
                raise _misuse(self.name, f"a setting for {name!r}, which has no gradient", "a Tensor", remedy)
        inputs = [bound.arguments[name] for name in self.inputs]
        return ([*inputs[:-1], *inputs[-1]] if self.variadic else inputs), attributes

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else lambda *args, **kwargs: self(instance, *args, **kwargs)

    def __repr__(self) -> str:
        return f"<custom operation {self.name}({', '.join(self.inputs + self.attributes)})>"

    # -- rules -----------------------------------------------------------------------------------

    @overload
    def rule(self, which: str | int = 0, *, formula: str = "") -> Callable[[_F], _F]: ...
    @overload
    def rule(self, which: Callable[..., Any]) -> Callable[..., Any]: ...

    def rule(self, which: Any = 0, *, formula: str = "") -> Any:
        """Decorate the rule for one input.

        The rule is called as ``rule(g, out, *inputs, **attributes)`` and returns the contribution to the
        gradient of its input: the sum over the outputs of g_i * d out_i / d input. Attributes that it does
        not mention are not passed. Written with operators and ``np.*`` functions, it also gives higher
        derivatives. With several outputs, ``g`` and ``out`` are tuples.

        Args:
            which: the input's name or position. May be left out for an operation of one input.
            formula: the local derivative as text, with {a}, {b} ... for the inputs and {out} for the
                output, for pictures and explanations.

        Returns:
            The rule.

        Raises:
            ValueError: for an input that does not exist.
        """
        if callable(which):
            if len(self.inputs) != 1:
                remedy = f"write @{self.name}.rule({self.inputs[0]!r})"
                raise _misuse(self.name, "to know which input the rule is for", "no name", remedy)
            return self.rule(0)(which)
        if self.variadic:
            remedy = f"write @{self.name}.joint_rule for one rule that returns all contributions"
            raise _misuse(self.name, "a joint rule for any number of inputs", "a rule for one", remedy)
        position = self._position(which)

        def attach(rule: _F) -> _F:
            rules = list(self.primitive.rules)
            rules[position] = self._checked(rule, position)
            self._formulas[position] = formula
            self._set_rules(rules)
            return rule

        return attach

    def joint_rule(self, rule: _F) -> _F:
        """Decorate one rule for all inputs, where they share work or where there may be any number of them.

        It is called like any rule and returns a tuple with one contribution per input, ``None`` for an
        input that has none.
        """
        accepted = self._accepted(rule)

        def joint(g: Any, out: Any, *inputs: Any, **attributes: Any) -> tuple[Any, ...]:
            g = self._filled(g, out)
            contributions = rule(g, out, *inputs, **{k: v for k, v in attributes.items() if k in accepted})
            if not isinstance(contributions, tuple | list) or len(contributions) != len(inputs):
                got = f"{len(contributions)}" if isinstance(contributions, tuple | list) else _kind(contributions)
                expected = f"a tuple of {len(inputs)} contributions"
                raise _wrong_contribution(self.name, "the joint rule", expected, got, "return one for each input")
            return tuple(
                None if c is None else self._contribution(c, g, x, i)
                for i, (c, x) in enumerate(zip(contributions, inputs, strict=True))
            )

        self._set_rules([], joint)
        return rule

    def _set_rules(self, rules: Sequence[Any], joint: Any = None) -> None:
        primitive = self.primitive
        primitive.rules, primitive.joint = tuple(rules), joint
        primitive.differentiable = joint is not None or any(rule is not None for rule in rules)
        primitive.unary = primitive.elementwise and len(rules) == 1
        primitive.formulas = tuple(self._formulas) if any(self._formulas) else ()

    def _position(self, which: str | int) -> int:
        if isinstance(which, str) and which in self.inputs:
            return self.inputs.index(which)
        if isinstance(which, int) and 0 <= which < len(self.inputs):
            return which
        raise ValueError(
            explain(self.name, expected=f"one of the inputs {self.inputs}", got=repr(which), remedy="name an input")
        )

    def _missing(self, position: int | None) -> Callable[..., Any]:
        """The rule of an input that was given none: better an error than a silent zero."""
        which = f" for the input {self.inputs[position]!r}" if position is not None else ""
        how = f"rule({self.inputs[position]!r})" if position is not None else "joint_rule"

        def missing(g: Any, out: Any, *inputs: Any, **attributes: Any) -> Any:
            remedy = f"add one with @{self.name}.{how}"
            if position is not None:
                remedy += f", or make the operation with constant=({self.inputs[position]!r},) if it has no derivative"
            raise GradientError(
                explain(f"backward of {self.name}", expected=f"a rule{which}", got="none", remedy=remedy)
            )

        return missing

    def _accepted(self, rule: Callable[..., Any]) -> frozenset[str]:
        """Which attributes a rule takes."""
        parameters = inspect.signature(rule).parameters.values()
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            return frozenset(self.attributes)
        return frozenset(self.attributes) & {p.name for p in parameters}

    def _checked(self, rule: Callable[..., Any], position: int) -> Callable[..., Any]:
        accepted = self._accepted(rule)

        def checked(g: Any, out: Any, *inputs: Any, **attributes: Any) -> Any:
            g = self._filled(g, out)
            contribution = rule(g, out, *inputs, **{k: v for k, v in attributes.items() if k in accepted})
            return self._contribution(contribution, g, inputs[position], position)

        checked.__wrapped__ = rule  # type: ignore[attr-defined]
        return checked

    # -- what comes out, checked -------------------------------------------------------------------

    def _forward(self, *inputs: Any, **attributes: Any) -> Any:
        result = self.function(*inputs, **attributes)
        if self.outputs == 1:
            return self._value(result, inputs)
        if not isinstance(result, tuple | list) or len(result) != self.outputs:
            got = f"{len(result)} values" if isinstance(result, tuple | list) else _kind(result)
            raise _misuse(self.name, f"{self.outputs} outputs", got, f"return a tuple of {self.outputs} arrays")
        return tuple(self._value(value, inputs) for value in result)

    def _value(self, value: Any, inputs: Sequence[Any]) -> Any:
        if isinstance(value, bool | int | float | complex) and not isinstance(value, np.generic):
            return np.asarray(value, np.result_type(value, *(x.dtype for x in inputs if hasattr(x, "dtype"))))[()]
        if isinstance(value, Node):
            raise _misuse(self.name, "an array", "a Tensor", "compute with the arrays that the function gets")
        if not hasattr(value, "dtype"):
            raise _misuse(self.name, "an array or a number", _kind(value), "return a NumPy array, not a list")
        return value[()] if type(value) is np.ndarray and value.ndim == 0 else value

    def _filled(self, g: Any, out: Any) -> Any:
        """The gradients of several outputs, zeros where none has arrived."""
        if self.outputs == 1:
            return g
        return tuple(np.zeros_like(o) if v is None else v for v, o in zip(g, out, strict=True))

    def _contribution(self, contribution: Any, g: Any, x: Any, position: int) -> Any:
        """A contribution as the engine wants it, or an error that names the rule."""
        which = f"the rule for the input {self.inputs[min(position, len(self.inputs) - 1)]!r}"
        shape = np.shape(x)
        gradient = g[0] if isinstance(g, tuple) else g
        if isinstance(contribution, bool | int | float | complex) and not isinstance(contribution, np.generic):
            contribution = np.full_like(gradient, contribution, shape=())[()]
        if not hasattr(contribution, "dtype"):
            remedy = "return np.zeros_like(x) for zero" if contribution is None else "return an array"
            raise _wrong_contribution(self.name, which, "an array", _kind(contribution), remedy)
        if contribution.dtype.kind not in "biufc":
            got = f"dtype {contribution.dtype}"
            raise _wrong_contribution(self.name, which, "numbers", got, "compute with np.* functions and operators")
        if contribution.shape != shape and not _was_broadcast(shape, contribution.shape):
            remedy = "return the gradient in the shape of the input"
            if contribution.shape == shape[::-1]:
                remedy += "; yours looks transposed"
            raise _wrong_contribution(self.name, which, f"shape {shape}", f"shape {contribution.shape}", remedy)
        if isinstance(gradient, Node) and not isinstance(contribution, Node) and np.any(contribution != 0):
            got = "a plain array, which has lost its graph"
            remedy = "write the rule with operators and np.* functions, without .data or detach()"
            raise _wrong_contribution(self.name, which, "a Tensor, since g is one", got, remedy)
        return contribution

    # -- the check -------------------------------------------------------------------------------

    def check(self, *inputs: Any, order: int = 2, seed: int = 0, **attributes: Any) -> Any:
        """Check the forward function and the rules at a point.

        It compares the derivatives up to ``order`` with finite differences, and checks that nothing
        changes its arguments, that float32 stays float32, and that contributions have the right shapes.

        Args:
            inputs, attributes: as for a call. Points away from kinks.
            order: up to which derivative; 1 for rules that are not written with ``np.*`` and operators.
            seed: of the random directions.

        Returns:
            A report, which prints as a list of what was checked.

        Raises:
            GradientError: naming the first check that failed, the rule and the numbers.
        """
        from .checks.custom import check_operation

        return check_operation(self, inputs, attributes, order, seed)


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """The function's signature; of a universal function of NumPy that of its inputs."""
    if isinstance(function, np.ufunc):
        kind = inspect.Parameter.POSITIONAL_ONLY
        names = ["x"] if function.nin == 1 else [f"x{i + 1}" for i in range(function.nin)]
        return inspect.Signature([inspect.Parameter(name, kind) for name in names])
    return inspect.signature(function)


def _was_broadcast(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False


def _kind(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def _misuse(name: str, expected: str, got: str, remedy: str) -> TypeError:
    return TypeError(explain(name, expected=expected, got=got, remedy=remedy))


def _wrong_contribution(name: str, which: str, expected: str, got: str, remedy: str) -> GradientError:
    return GradientError(
        explain(f"backward of {name}", expected=f"{which} to return {expected}", got=got, remedy=remedy)
    )


def operation(
    forward: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    outputs: int = 1,
    constant: Sequence[str | int] = (),
    symbol: str | None = None,
    elementwise: bool = False,
) -> Any:
    """Make an operation out of a function on plain arrays; its rules are attached afterwards.

    Parameters without a default are inputs; those with a default, and keyword-only ones, are attributes:
    settings, which are handed to the rules too. A rule gets the gradient ``g`` of the output, the output
    and the inputs, and returns the contribution to the gradient of one input.

    Args:
        forward: the function, written with ``np.*`` on arrays. It must not change its arguments.
        name: what errors and pictures call it; the function's name if left out.
        outputs: how many arrays it returns (as a tuple, if several).
        constant: names or positions of inputs that have no derivative, such as an index.
        symbol: what pictures write on the node.
        elementwise: whether output entry i depends on entry i of the (broadcast) inputs alone. Large
            arrays are then worked on in blocks.

    Returns:
        An ``Operation``; without ``forward``, a decorator.

    Raises:
        TypeError: for a function without inputs, or one that takes ``**attributes``.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> @ag.operation
    ... def power(x, n=3):
    ...     return x**n
    >>> @power.rule("x", formula="n·{a}^(n−1)")
    ... def power_rule(g, out, x, n):
    ...     return g * n * x ** (n - 1)
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> table = power(x).sum().backward()
    >>> x.grad
    tensor([ 3., 12.])
    >>> ag.grad(ag.grad(power))(5.0)
    tensor(30.)
    >>> print(power.check(np.array([1.0, -2.0]), n=4))
    power: all right
      arguments left unchanged
      derivative 1 agrees with finite differences
      derivative 2 agrees with finite differences
      float32 stays float32
    """
    options = {"name": name, "outputs": outputs, "constant": constant, "symbol": symbol, "elementwise": elementwise}
    if forward is None:
        return lambda function: Operation(function, **options)  # type: ignore[arg-type]
    return Operation(forward, **options)  # type: ignore[arg-type]
