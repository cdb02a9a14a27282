"""What each use of a node passes back to it: the contribution itself, and how it comes about, in words and signs.

δ(v) is the gradient of the result at v. A use passes δ of the consumer back through the local derivative: entry by
entry (⊙), by a matrix product (@), with a sum over the axes that were broadcast.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.graph import conform
from autograd_core.nonfinite import without_spurious_nan
from autograd_core.values import entries_of

# Operations that only lay entries out anew, and those that pick some: what becomes of δ on the way back.
RESHAPED = ("reshape", "expand_dims", "squeeze")
PICKED = {
    "concat": "the part of {} that is its own",
    "stack": "the part of {} that is its own",
    "getitem": "{} put where it was read",
    "getitem_by": "{} put where it was read",
    "split": "{} joined again",
    "unstack": "{} joined again",
}
# Operations along an axis whose local derivative is an array of the shape of the input.
REDUCTIONS = frozenset(
    ("max", "min", "nanmax", "nanmin", "prod", "median", "nanmedian", "logsumexp", "var", "nanvar", "std", "nanstd")
)


def passes(consumer: Tensor, position: int) -> bool:
    """Whether anything flows back to this input: none does to an index, say."""
    primitive = consumer.primitive
    return primitive.joint is not None or primitive.rules[position] is not None


def contribution(consumer: Tensor, position: int, g: Any) -> Any:
    """What the rule of ``consumer`` gives to its input ``position`` for the gradient ``g``, as in the backward pass.

    Args:
        consumer: an operation's node.
        position: of the input, from 0.
        g: in the engine's own convention, without a conjugate.

    Returns:
        Likewise; a tuple where the input is the tuple of several outputs, ``None`` where nothing flows.
    """
    primitive, x = consumer.primitive, consumer.inputs[position]
    arguments = (consumer._data, *consumer.inputs)
    if primitive.joint is not None:
        found = primitive.joint(g, *arguments, **consumer.attributes)[position]
    else:
        rule = primitive.rules[position]
        found = rule(g, *arguments, **consumer.attributes)
        if primitive.elementwise:
            found = without_spurious_nan(found, rule, g, *arguments, **consumer.attributes)
    return found if found is None or type(found) is tuple else conform(found, x, consumer)


def factor(consumer: Tensor, position: int) -> float | complex | None:
    """The local derivative between two numbers; ``None`` where the contribution is not a multiple of the gradient.

    That happens with complex numbers: ``conjugate`` is no multiplication, and neither is the real part that reaches
    a real input.
    """
    x = consumer.inputs[position]
    if np.ndim(entries_of(consumer)) or np.ndim(entries_of(x)):
        return None
    one = np.ones_like(consumer._data)
    slope = contribution(consumer, position, one)
    if slope is None:
        return None
    if one.dtype.kind == "c":
        turned = contribution(consumer, position, 1j * one)
        if not np.isclose(turned, 1j * slope, equal_nan=True):
            return None
    return complex(slope) if slope.dtype.kind == "c" else float(slope)


def product(factors: Sequence[float | complex]) -> float | complex:
    """The product as the backward pass has it: 0 where a factor is 0, whatever the others are.

    >>> product([2.0, 3.0]), product([0.0, float("inf")])
    (6.0, 0.0)
    """
    result: float | complex = 1.0
    for number in factors:
        result = 0.0 if result == 0 or number == 0 else result * number
    return result


def term(consumer: Tensor, position: int, upstream: str, formula: str, note: str) -> str:
    """How a contribution comes about.

    Args:
        consumer: an operation's node.
        position: of the input, from 0.
        upstream: what the gradient at the consumer is called: ``δ(h)``.
        formula: the local derivative's formula.
        note: what a picture says of the shapes on the way.
    """
    primitive, shape = consumer.primitive, np.shape(consumer.inputs[position])
    name = primitive.name
    _, summed, axes = note.partition("gradient summed ")
    if primitive.multiple or type(consumer._data) is tuple:
        return PICKED[name].format(upstream) if name in PICKED else _by_rule(name, upstream, formula)
    if name in ("sum", "mean"):
        return _spread_out(consumer, position, upstream, note)
    if name in ("matmul", "linear", "linear_no_bias"):
        text = _matrix_product(consumer, position, upstream, formula)
    elif primitive.elementwise or name == "broadcast_to":
        text = _by_entries(consumer, position, upstream, formula)
    elif name in RESHAPED:
        text = f"{upstream} in shape {shape}"
    elif name in ("permute_dims", "swapaxes"):
        text = f"{upstream}ᵀ" if len(shape) == 2 else f"{upstream} with its axes put back"
    elif name in PICKED:
        text = PICKED[name].format(upstream)
    elif formula and (consumer._data.ndim == 0 or name in REDUCTIONS) and not _is_complex(consumer, position):
        text = f"{upstream} {'⊙' if consumer._data.ndim else '×'} {_wrapped(formula)}"
    elif formula == "1" and summed:  # a bias
        text = upstream
    else:
        return _by_rule(name, upstream, formula)
    return f"Σ {axes} of {text}" if summed else text


def _by_rule(name: str, upstream: str, formula: str) -> str:
    """Where the local derivative is no product that could be written down."""
    if formula in ("", "1"):
        return f"{upstream} back through {name}"
    given = ""
    if re.search(r"\bg\b|g_", formula):  # as formulas call what comes from the consumer
        given = ", with δ for g" if "g_" in formula or ", " in upstream else f", where g = {upstream}"
    return f"{upstream} back through {name} ({formula}{given})"


def _spread_out(consumer: Tensor, position: int, upstream: str, note: str) -> str:
    x, out = consumer.inputs[position], consumer._data
    if consumer.primitive.name == "mean" and x.size != out.size and out.size:
        upstream = f"{upstream} / {x.size // out.size}"
    _, repeated, axes = note.partition("gradient ")
    return f"{upstream} {axes}" if repeated else upstream


def _by_entries(consumer: Tensor, position: int, upstream: str, formula: str) -> str:
    """⊙ between arrays, × between numbers; with complex numbers the conjugate, as gradients have it."""
    if consumer.primitive.name == "conjugate":
        return f"conj({upstream})" if consumer._data.dtype.kind == "c" else upstream
    wrapped = _wrapped(formula)
    sign = "⊙" if consumer._data.ndim and not _is_number(formula) else "×"
    if _is_complex(consumer, position) and consumer.primitive.name != "absolute":
        ones = np.ones_like(consumer._data)
        real = consumer.inputs[position].dtype.kind != "c"
        imaginary = contribution(consumer, position, 1j * ones if real else ones)  # of the local derivative
        if np.any(entries_of(imaginary if real else imaginary.imag)):
            wrapped = f"conj({formula})"
    text = f"{upstream} {sign} {wrapped}" if formula else _by_rule(consumer.primitive.name, upstream, "")
    if formula in ("1", "−1"):
        text = formula.removesuffix("1") + upstream
    real = consumer._data.dtype.kind == "c" and consumer.inputs[position].dtype.kind != "c"
    return f"Re({text})" if real else text


def _matrix_product(consumer: Tensor, position: int, upstream: str, formula: str) -> str:
    """The shapes decide: @ between matrices, ⊗ where two vectors make a matrix, × where they make a number."""
    a, b = (np.ndim(x) for x in consumer.inputs[:2])
    bare = formula.removesuffix("ᵀ")
    if _is_complex(consumer, position):
        formula = f"{bare}ᴴ" if formula != bare else formula
        bare = f"conj({bare})"
    if consumer.primitive.name != "matmul":  # x @ Wᵀ + b
        if position == 0:
            return f"{upstream} @ {bare}"
        if position == 2:
            return upstream
        return (
            f"{upstream} ⊗ {bare}"
            if a == 1
            else ("Σ over the leading axes of " if a > 2 else "") + f"{upstream}ᵀ @ {bare}"
        )
    if a == b == 1:
        return f"{upstream} × {bare}"
    if position == 0:
        return f"{bare} @ {upstream}" if a == 1 else f"{upstream} {f'⊗ {bare}' if b == 1 else f'@ {formula}'}"
    return f"{bare} ⊗ {upstream}" if a == 1 else f"{formula} @ {upstream}"


def _is_complex(consumer: Tensor, position: int) -> bool:
    return "c" in (consumer._data.dtype.kind, consumer.inputs[position].dtype.kind)


def _is_number(formula: str) -> bool:
    return re.fullmatch(r"[−-]?[\d.]+(e[+-]?\d+)?", formula) is not None


def _wrapped(formula: str) -> str:
    """A formula in parentheses, where it would not hold together without."""
    if re.fullmatch(r"[\w.²³ᵀ′]+|[\w.]*\([^()]*\)²?|\[[^\[\]]*\]", formula):
        return formula
    return f"({formula})"
