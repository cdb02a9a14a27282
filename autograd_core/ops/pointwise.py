"""How the operations of every entry are written down: one call, which also words the documentation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..primitive import Primitive, Rule, define

__all__: list[str] = []

Example = tuple[str, str]


def unary(
    name: str,
    forward: Callable[..., Any],
    rule: Rule | None,
    formula: str,
    summary: str,
    example: Example | None = None,
    **options: Any,
) -> Primitive:
    """An operation of each entry of one array; no ``rule`` means that the result is a constant."""
    formulas = (formula,) if formula else ()
    doc = describe(summary, formulas, ("x",), example)
    return define(name, forward, rule, formulas=formulas, elementwise=True, doc=doc, **options)


def binary(
    name: str,
    forward: Callable[..., Any],
    rule: Rule | None,
    other_rule: Rule | None,
    formulas: Sequence[str],
    summary: str,
    example: Example | None = None,
    **options: Any,
) -> Primitive:
    """An operation of each pair of entries of two arrays, which are broadcast."""
    doc = describe(summary, formulas, ("x1", "x2"), example)
    return define(name, forward, rule, other_rule, formulas=formulas, elementwise=True, doc=doc, **options)


def describe(summary: str, formulas: Sequence[str], names: Sequence[str], example: Example | None = None) -> str:
    """The docstring of an elementwise operation: what it is, its derivatives, arguments, result, an example."""
    if formulas:
        values = dict(zip("abcdef", names), out="out")
        derivatives = [f"∂out/∂{name} = {f.format(**values)}" for name, f in zip(names, formulas, strict=True) if f]
        derivative = "Derivative: " + ", ".join(derivatives) + "."
    else:
        derivative = "The result is a constant: no gradient passes."
    shapes = "arrays, whose shapes are broadcast" if len(names) > 1 else "an array of any shape"
    result = "the broadcast shape" if len(names) > 1 else "the same shape"
    text = f"{summary}\n\n{derivative}\n\nArgs:\n    {', '.join(names)}: {shapes}.\n\n"
    text += f"Returns:\n    An array of {result}.\n"
    if example is not None:
        text += f"\n>>> import autograd_core as ag\n>>> {example[0]}\n{example[1]}\n"
    return text


def zeros(g: Any) -> Any:
    """Zero for every entry of ``g``; a number for a number, so that graphs of scalars stay cheap."""
    return type(g)(0) if isinstance(g, np.generic) else np.zeros_like(g)


def zero_rule(g: Any, out: Any, x: Any) -> Any:
    """The rule of a function that is constant between its jumps."""
    return zeros(g)


def zero_rule_of_two(g: Any, out: Any, x: Any, y: Any) -> Any:
    """The same for a function of two arrays."""
    return zeros(g)


def strong(*inputs: Any) -> tuple[Any, ...]:
    """The same with Python numbers as numbers of the dtype that arithmetic on ``inputs`` gives."""
    numbers = [type(x) in (float, int) for x in inputs]
    if not any(numbers):
        return inputs
    kind = np.result_type(*inputs).type
    return tuple(kind(x) if number else x for x, number in zip(inputs, numbers, strict=True))
