"""How a whole sequence becomes one operation, with a fast first derivative and every further one.

The first derivative is backpropagation through time on arrays. It is an operation of its own, so that a
recorded backward pass holds one node for it. The derivative of that one is rare; it is found by writing
the sequence out step by step, which records ordinary operations, and differentiating these twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograd_core import Tensor, enable_grad
from autograd_core.ops.identity import identity
from autograd_core.primitive import Primitive, define
from autograd_core.pullback import Pullback
from autograd_core.recording import Node, make_constant, make_leaf, next_index


def pull_back(function: Callable[..., Any], inputs: Sequence[Any], gradients: Sequence[Any]) -> tuple[Any, ...]:
    """The gradient of sum_i <gradients_i, function(*inputs)_i> with respect to each input.

    Arrays in, arrays out; if any of them is a Tensor, the results are Tensors that can be differentiated.

    Args:
        function: computes a tuple of Tensors (or ``None``) from Tensors with ``np.*`` and operations.
        inputs: arrays or Tensors.
        gradients: one for each output, ``None`` for zero.

    Returns:
        One gradient for each input, ``None`` for zero.
    """
    record = any(isinstance(value, Node) for value in (*inputs, *gradients))
    with enable_grad():
        first = next_index()
        own = [identity(x) if isinstance(x, Node) and x._requires_grad else _leaf(x) for x in inputs]
        pairs = [
            (out, g) for out, g in zip(function(*own), gradients, strict=True) if out is not None and g is not None
        ]
        seeds = [make_constant(g) if record and not isinstance(g, Node) else g for _, g in pairs]
        return tuple(Pullback([out for out, _ in pairs], own, first, through=False)(seeds, record=record))


def _leaf(x: Any) -> Tensor:
    return make_leaf(Tensor, x._data if isinstance(x, Node) else x, True)


def define_sequence(
    name: str,
    outputs: int,
    run: Callable[..., Any],
    backward: Callable[..., Any],
    parts: Callable[..., Any],
    symbol: str,
) -> Primitive:
    """The operation of a whole sequence, and the operation of its gradient.

    Both take the attributes ``tape`` (a ``Tape`` that hands what the forward pass computed to the backward
    pass), ``through_input`` (whether the first input gets a gradient) and those of ``run``.

    Args:
        name: of the operation.
        outputs: how many results it has.
        run: ``run(inputs, **attributes)`` on arrays returns the results, and what ``backward`` needs.
        backward: ``backward(gradients, inputs, kept, through_input, **attributes)`` on arrays returns a
            gradient for every input.
        parts: ``parts(*inputs, **attributes)`` computes the results with operations.
        symbol: what pictures write on the node.
    """

    def forward(*inputs: Any, tape: Any = None, through_input: bool = True, **attributes: Any) -> tuple[Any, ...]:
        *results, kept = run(inputs, **attributes)
        if tape is not None:
            tape.keep(inputs, kept)
        return tuple(results)

    def eager(g: Any, inputs: Any, tape: Any, through_input: bool, attributes: Any) -> tuple[Any, ...]:
        kept = None if tape is None else tape.recall(inputs)
        if kept is None:
            kept = run(inputs, **attributes)[-1]
        return backward(g, inputs, kept, through_input, **attributes)

    def gradient_forward(
        *operands: Any, tape: Any = None, through_input: bool = True, **attributes: Any
    ) -> tuple[Any, ...]:
        found = eager(operands[:outputs], operands[outputs:], tape, through_input, attributes)
        return found if through_input else found[1:]

    def gradient_rule(
        g: Any, out: Any, *operands: Any, tape: Any = None, through_input: bool = True, **attributes: Any
    ) -> tuple[Any, ...]:
        def first(*operands: Any) -> tuple[Any, ...]:
            found = pull_back(partial(parts, **attributes), operands[outputs:], operands[:outputs])
            return found if through_input else found[1:]

        return pull_back(first, operands, g)

    gradient = define(
        f"{name}_gradient",
        gradient_forward,
        joint=gradient_rule,
        multiple=True,
        formulas="by its time steps",
        symbol=f"∂{symbol}",
    )

    def rule(
        g: Any, out: Any, *inputs: Any, tape: Any = None, through_input: bool = True, **attributes: Any
    ) -> tuple[Any, ...]:
        if not any(isinstance(value, Node) for value in (*g, *inputs)):
            return eager(g, inputs, tape, through_input, attributes)
        seeds = [np.zeros_like(result) if seed is None else seed for seed, result in zip(g, out, strict=True)]
        found = gradient(*seeds, *inputs, tape=tape, through_input=through_input, **attributes)
        return tuple(found) if through_input else (None, *found)

    return define(name, forward, joint=rule, multiple=True, formulas="backpropagation through time", symbol=symbol)
