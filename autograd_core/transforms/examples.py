"""``Examples``: the value of a Tensor inside ``vmap``, and operations that know what to do with it.

The function under ``vmap`` is written for one example. It runs once, on Tensors whose values hold all
examples along an axis that it does not see. So an operation's node is made once for all examples, and what
is recorded is one ordinary graph:

    argument ── hide ──> value for each example ── f, operation by operation ──> ── show ──> result

``hide`` turns the first axis of an array into the hidden one, ``show`` turns it back, and each is the
derivative of the other. In between, an operation is *lifted*: its forward function and its rules run on the
hidden axis too (see ``batching``), or, where that fails, on one example after the other. A Tensor that
all examples share gets the sum of their contributions, which is again an ordinary gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, wraps
from typing import Any

import numpy as np

from .. import modes
from ..blocks import in_blocks
from ..errors import GradientError, explain
from ..ops.choosing import where
from ..primitive import PRIMITIVES, Primitive
from ..recording import Node, make_constant, next_index
from ..values import entries_of
from .batching import Batch, CannotBatch

__all__: list[str] = []


class Count(int):
    """A number of examples that is told apart from the same number in another call of ``vmap``."""


class Examples(Batch):
    """Arrays of one shape, one for each example, stacked along a hidden first axis.

    Args:
        entries: an array whose first axis counts the examples.
        sizes: how many examples each ``vmap`` has, the outermost first. Their product is the length of the axis.

    >>> import numpy as np
    >>> examples = Examples(np.ones((5, 3)), (Count(5),))
    >>> examples.shape, np.sum(examples).entries
    ((3,), array([3., 3., 3., 3., 3.]))
    """

    __slots__ = ("sizes",)

    def __init__(self, entries: Any, sizes: tuple[Count, ...]) -> None:
        super().__init__(entries)
        self.sizes = sizes

    def like(self, entries: Any) -> Examples:
        return Examples(entries, self.sizes)

    def __int__(self) -> int:
        raise CannotBatch("a number")

    def __index__(self) -> int:
        raise CannotBatch("a whole number")

    def item(self, *index: int) -> Any:
        raise CannotBatch("a number")

    def tolist(self) -> Any:
        raise CannotBatch("a list of numbers")

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return np

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        sizes, inputs = _of_one_depth(inputs)
        return _with_sizes(super().__array_ufunc__(ufunc, method, *inputs, **kwargs), sizes)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        sizes, (args, kwargs) = _of_one_depth((args, kwargs))
        return _with_sizes(super().__array_function__(function, types, args, kwargs), sizes)

    @staticmethod
    def __record_operation__(primitive: Any, operands: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
        if primitive is hide or primitive is show:
            return primitive.forward(*operands, **attributes)
        return _run(primitive, primitive.forward, operands, attributes)


def _with_sizes(result: Any, sizes: tuple[Count, ...]) -> Any:
    if type(result) is tuple:
        return tuple(_with_sizes(part, sizes) for part in result)
    return Examples(result.entries, sizes) if type(result) is Batch else result


def sizes_of(x: Any) -> tuple[Count, ...]:
    """How many examples each ``vmap`` has that the value of ``x`` (a Tensor or an array) depends on."""
    value = x._data if isinstance(x, Node) else x
    return value.sizes if isinstance(value, Examples) else ()


def _deepest(structure: Any) -> tuple[Count, ...]:
    """The most sizes of what stands in nested tuples, lists and dicts.

    Raises:
        TypeError: if they belong to calls of ``vmap`` that are not nested in each other.
    """
    if not isinstance(structure, list | tuple | dict):
        return sizes_of(structure)
    deepest: tuple[Count, ...] = ()
    for item in structure.values() if isinstance(structure, dict) else structure:
        sizes = _deepest(item)
        if any(a is not b for a, b in zip(sizes, deepest)):
            raise _strangers()
        deepest = max(sizes, deepest, key=len)
    return deepest


def _strangers() -> TypeError:
    return TypeError(
        explain(
            "vmap",
            expected="Tensors of one call",
            got="one that was kept from another, whose examples are others",
            remedy="return from the function what is needed after it, and pass what it needs as an argument",
        )
    )


def _of_one_depth(structure: Any) -> tuple[tuple[Count, ...], Any]:
    """What depends on an outer ``vmap`` only, repeated for each example of the inner ones."""
    sizes = _deepest(structure)
    if len(sizes) > 1:
        structure = _map(structure, lambda x: expand(x, sizes) if sizes_of(x) else x)
    return sizes, structure


# -- between visible and hidden axes ------------------------------------------------------------------


def _hide(x: Any, count: Count) -> Examples:
    if not isinstance(x, Examples):
        return Examples(x, (count,))
    return Examples(x.entries.reshape(math.prod(x.sizes) * count, *x.shape[1:]), (*x.sizes, count))


def _show(x: Examples) -> Any:
    *outer, n = x.sizes
    if not outer:
        return x.entries
    return Examples(x.entries.reshape(math.prod(outer), n, *x.shape), tuple(outer))


# The first axis as the hidden axis of one more ``vmap``, and back.
hide: Primitive = Primitive("hide", _hide, lambda g, out, x, count: show(expand(_one(g), sizes_of(out))), formulas="1")
show: Primitive = Primitive("show", _show, lambda g, out, x: hide(_one(g), count=sizes_of(x)[-1]), formulas="1")


def _one(g: Any) -> Any:
    """``g``, unless it is the rows of a Jacobian that travel together: they must go one by one here."""
    if type(g) is Batch:
        raise CannotBatch("a gradient of each example")
    return g


def expand(x: Any, sizes: tuple[Count, ...]) -> Any:
    """``x`` (a Tensor, an array or a number) as a value for each of the examples that ``sizes`` counts."""
    for n in sizes[len(sizes_of(x)) :]:
        shape = x.shape if hasattr(x, "shape") else np.shape(x)
        x = hide(np.broadcast_to(x, (n, *shape)), count=n)
    return x


def _visible(x: Any) -> Any:
    """``x`` with one axis in front that counts its examples."""
    sizes, shape = sizes_of(x), x.shape
    for _ in sizes:
        x = show(x)
    return np.reshape(x, (math.prod(sizes), *shape)) if len(sizes) > 1 else x


def _hidden(x: Any, sizes: tuple[Count, ...]) -> Any:
    """The inverse of ``_visible``."""
    if len(sizes) > 1:
        x = np.reshape(x, (*sizes, *x.shape[1:]))
    for n in sizes:
        x = hide(x, count=n)
    return x


# -- operations ---------------------------------------------------------------------------------------


class Vectorization:
    """What is on while a function runs under ``vmap``.

    Args:
        sizes: how many examples each ``vmap`` around here has; () while a rule works on recorded examples.

    Attributes:
        first: the number of the first node that is made in it.
    """

    def __init__(self, sizes: tuple[Count, ...]) -> None:
        self.sizes = sizes
        self.first = next_index()

    def lift(self, primitive: Primitive, inputs: Sequence[Any], attributes: dict[str, Any]) -> Primitive:
        """The operation that takes the place of ``primitive`` on ``inputs``."""
        if primitive is hide or primitive is show or not _deepest((inputs, attributes)):
            return primitive
        return _lifted(primitive)

    def check_inputs(self, operation: str, inputs: Sequence[Any]) -> None:
        """Refuse gradients with respect to what the examples share: they have only one in common."""
        if any(len(sizes_of(x)) < len(self.sizes) for x in inputs):
            raise GradientError(
                explain(
                    f"{operation} inside vmap",
                    expected="Tensors that differ from example to example",
                    got="one that all examples share, and whose gradient would be the sum over the examples",
                    remedy="use ag.grad(f) with that Tensor as an argument of f, which gives every example its own",
                )
            )

    def check_written(self, tensor: Any, value: Any) -> None:
        """Refuse to write what differs from example to example into a Tensor from outside."""
        if tensor.index < self.first and len(sizes_of(value)) > len(sizes_of(tensor)):
            raise TypeError(
                explain(
                    "writing into a Tensor inside vmap",
                    expected="a value that is the same for all examples",
                    got="one that differs from example to example, into a Tensor from outside",
                    remedy="write into a copy, return it from the function, or switch off what writes it (a layer's "
                    "running statistics: module.eval() or track_running_stats=False)",
                )
            )


class vectorizing(modes._Switch):
    """The context in which operations are lifted; with ``None``, one in which they are not."""

    _attribute = "vectorization"

    def __init__(self, sizes: tuple[Count, ...] | None = ()) -> None:
        self._value = None if sizes is None else Vectorization(sizes)


def _lifted(primitive: Primitive) -> Primitive:
    """``primitive`` on examples. Those that are not registered come and go with the graphs they stand in."""
    return _known(primitive) if PRIMITIVES.get(primitive.name) is primitive else _on_examples(primitive)


@cache
def _known(primitive: Primitive) -> Primitive:
    return _on_examples(primitive)


def _on_examples(primitive: Primitive) -> Primitive:

    def forward(*inputs: Any, **attributes: Any) -> Any:
        results = _run(primitive, primitive.forward, inputs, attributes)
        # All of them, since the gradient of what is shared would be a sum over the examples already.
        return _map(results, lambda result: expand(result, _deepest((inputs, attributes))))

    def rule_of(rule: Any, position: int) -> Any:
        def at_once(*operands: Any, **attributes: Any) -> Any:
            return _run(primitive, rule, operands, attributes)

        def run(*operands: Any, **attributes: Any) -> Any:
            contribution = at_once(*operands, **attributes)
            if primitive.elementwise:
                contribution = _without_spurious_nan(contribution, at_once, operands, attributes)
            return _settled(contribution, operands[2 + position], operands[1])

        return None if rule is None else run

    def joint(g: Any, out: Any, *inputs: Any, **attributes: Any) -> Any:
        contributions = _run(primitive, primitive.joint, (g, out, *inputs), attributes)
        return tuple(_settled(c, x, out) for c, x in zip(contributions, inputs, strict=True))

    return Primitive(
        primitive.name,
        forward,
        *(rule_of(rule, position) for position, rule in enumerate(primitive.rules)),
        joint=None if primitive.joint is None else joint,
        formulas=primitive.formulas,
        symbol=primitive.symbol,
        multiple=primitive.multiple,
        doc=primitive.__doc__,
    )


def _without_spurious_nan(contribution: Any, rule: Any, operands: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
    """``nonfinite.without_spurious_nan`` for the contributions of all examples."""
    g, *others = _map(operands, lambda x: x._data if isinstance(x, Node) else x)
    bad = np.isnan(contribution._data if isinstance(contribution, Node) else contribution)
    if bad.shape != g.shape or not np.any(entries_of(bad)):
        return contribution
    derivative = rule(np.ones_like(g), *others, **attributes)
    spurious = bad & ((g == 0) | (derivative == 0))
    if not isinstance(contribution, Node):
        return where(spurious, 0, contribution)
    with vectorizing():
        return where(make_constant(spurious), 0, contribution)


def _settled(contribution: Any, x: Any, out: Any) -> Any:
    """A contribution for each example of the input ``x``, summed over those that share it."""
    if contribution is None:
        return None
    contribution = expand(contribution, _deepest(out))
    for _ in range(len(sizes_of(contribution)) - len(sizes_of(x))):
        contribution = np.sum(show(contribution), axis=0)
    return contribution


def _run(primitive: Primitive, function: Any, operands: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
    """The forward function or a rule of ``primitive`` for all examples."""
    sizes, (operands, attributes) = _of_one_depth((operands, attributes))
    if _any_tensor(operands):
        # Nothing may be shared here: what a rule differentiates, it differentiates for each example.
        operands = _map(operands, lambda x: _as_tensor(expand(x, sizes)) if hasattr(x, "dtype") else x)
        mode = vectorizing()
    else:
        if primitive.elementwise and not _deepest(attributes):
            return _elementwise(function, operands, attributes, sizes)
        mode = vectorizing(None)
    with mode:
        try:
            return function(*operands, **attributes)
        except Exception:  # whatever a function may say that was given something like an array
            return _one_by_one(function, operands, attributes, sizes)


def _as_tensor(x: Any) -> Any:
    return x if isinstance(x, Node) else make_constant(x)


def _any_tensor(operands: Any) -> bool:
    found = False
    for x in operands:
        found = (_any_tensor(x) if type(x) is tuple else isinstance(_one(x), Node)) or found
    return found


def _map(structure: Any, function: Callable[[Any], Any]) -> Any:
    """Nested tuples, lists and dicts with ``function(item)`` in the place of every item."""
    if type(structure) in (list, tuple):
        return type(structure)(_map(item, function) for item in structure)
    if type(structure) is dict:
        return {key: _map(item, function) for key, item in structure.items()}
    return function(structure)


def _elementwise(function: Any, operands: Sequence[Any], attributes: dict[str, Any], sizes: tuple[Count, ...]) -> Any:
    """An elementwise function on the entries themselves."""
    ndim = max(np.ndim(x) for x in operands)
    arrays = []
    for x in operands:
        if isinstance(x, Examples):
            entries = x.entries
            x = entries.reshape(entries.shape[:1] + (1,) * (ndim + 1 - entries.ndim) + entries.shape[1:])
        arrays.append(x)
    value = function(*arrays, **attributes) if attributes else in_blocks(function, arrays)[0]
    # What a rule made of a shared operand alone has no axis for the examples.
    return Examples(value, sizes) if np.ndim(value) == ndim + 1 else value


def for_each_example(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function that looks at values: inside ``vmap`` it runs on one example after the other."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except CannotBatch:
            sizes, (args, kwargs) = _of_one_depth((args, kwargs))
            return _one_by_one(function, args, kwargs, sizes)

    return run


def _one_by_one(function: Any, operands: Any, attributes: Any, sizes: tuple[Count, ...]) -> Any:
    """Run a function on one example after the other, on arrays or on Tensors."""
    shown: dict[int, Any] = {}

    def visible(x: Any) -> Any:
        if id(x) not in shown:
            shown[id(x)] = _visible(x)
        return shown[id(x)]

    def of_example(i: int) -> Any:
        args, kwargs = _map((operands, attributes), lambda x: visible(x)[i] if sizes_of(x) else x)
        return function(*args, **kwargs)

    def of_no_example() -> Any:
        """What an example would give, if there were one: the results have its shape and dtype."""

        def example(x: Any) -> Any:
            return np.ones_like(visible(x), shape=x.shape) if sizes_of(x) else x

        args, kwargs = _map((operands, attributes), example)
        return function(*args, **kwargs)

    count = math.prod(sizes)
    results = [of_example(i) for i in range(count)] or [of_no_example()]
    if isinstance(results[0], tuple):
        return tuple(None if parts[0] is None else _together(parts, sizes) for parts in zip(*results, strict=True))
    return _together(results, sizes)


def _together(results: Sequence[Any], sizes: tuple[Count, ...]) -> Any:
    """The results for single examples as the result for all."""
    shapes = {np.shape(result) for result in results}
    if results[0] is None:
        raise CannotBatch("writing into an array")
    if len(shapes) > 1:
        raise ValueError(
            explain(
                "vmap",
                expected="results of one shape for all examples",
                got=f"the shapes {', '.join(map(str, sorted(shapes)))}",
                remedy="use np.where in place of boolean indices, and lengths that do not depend on values",
            )
        )
    return _hidden(np.stack(results)[: math.prod(sizes)], sizes)
