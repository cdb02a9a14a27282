"""Gradients of any nodes with respect to any nodes, and the outer side of the backward pass.

Inside the backward pass complex gradients are plain transposes: a rule multiplies with f'(z), without
a conjugate. Outside, a gradient is the direction of steepest ascent, dL/da + i dL/db for z = a + ib,
as PyTorch has it. The two are conjugates of each other, so the conversion is one conjugate on the way
in and one on the way out, which costs nothing for real numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import modes
from .errors import GradientError, explain
from .memory import is_shared
from .pullback import Pullback
from .recording import Node, make_constant

if TYPE_CHECKING:
    from .tensor import Tensor


def conjugate(gradient: Any) -> Any:
    """A gradient from the inner convention to the outer one, or back."""
    return np.conjugate(gradient) if gradient.dtype.kind == "c" else gradient


def as_gradients(grad_table: Mapping[Tensor, Any], seeds: Sequence[Any] = ()) -> dict[Tensor, Any]:
    """The arrays (or, if the pass was recorded, Tensors) of a grad_table as Tensors of their own memory.

    Rules may pass one array on to two parents, or hand out views. Here every gradient gets memory that
    nothing else shares, so that a user may write into it.

    Args:
        grad_table: node -> array or Tensor; entries of nodes with several outputs are left out.
        seeds: arrays that belong to the caller.
    """
    taken = {id(seed) for seed in seeds}
    gradients = {}
    for node, g in grad_table.items():
        if type(g) is tuple:
            continue
        if not isinstance(g, Node):
            if type(g) is np.ndarray:
                if is_shared(g) or id(g) in taken or not g.flags.writeable:
                    g = g.copy()
                taken.add(id(g))
            elif not isinstance(g, np.generic):
                g = g.copy()  # another library's array, which cannot be asked whether it is shared
            g = make_constant(g)
        gradients[node] = conjugate(g)
    return gradients


def gradients(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    *,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """The gradients of ``outputs`` with respect to any nodes, leaving every ``.grad`` alone.

    For inputs x_k and outputs y_i with gradients v_i it computes sum over i of (dy_i/dx_k)^T v_i.

    Args:
        outputs: one Tensor or several.
        inputs: the leaves or inner nodes to differentiate with respect to, one or several.
        grad_outputs: a gradient for each output, ``None`` for 1 (outputs of one element only).
        create_graph: whether the gradients can be differentiated again.
        allow_unused: whether an input that the outputs do not depend on gets ``None`` instead of an error.

    Returns:
        A tuple with one Tensor per input.

    Raises:
        GradientError: if an input is not part of the graph of the outputs, if an output is a constant, or
            if a gradient has another shape than its output.

    >>> import autograd_core as ag
    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> y = x * x
    >>> (dx,) = ag.gradients(y * y, x, create_graph=True)
    >>> dx, ag.gradients(dx, x)[0]
    (tensor(108., operation=add), tensor(108.))
    """
    outputs = [outputs] if isinstance(outputs, Node) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Node) else list(inputs)
    if grad_outputs is None:
        grad_outputs = [None] * len(outputs)
    elif not isinstance(grad_outputs, list | tuple):
        grad_outputs = [grad_outputs]
    if len(grad_outputs) != len(outputs):
        raise GradientError(
            explain(
                "gradients",
                expected=f"a gradient for each of the {len(outputs)} outputs",
                got=f"{len(grad_outputs)}",
                remedy="pass a list with one entry per output, None for 1",
            )
        )
    seeds = [output._seed(seed) for output, seed in zip(outputs, grad_outputs, strict=True)]
    arrays = [seed._data for seed in seeds]
    if modes.state.vectorization is not None:
        modes.state.vectorization.check_inputs("gradients", inputs)
    results = Pullback(outputs, inputs)(seeds if create_graph else arrays, record=create_graph)
    found = as_gradients({node: g for node, g in zip(inputs, results, strict=True) if g is not None}, arrays)
    for position, node in enumerate(inputs):
        if node not in found and not allow_unused:
            raise GradientError(
                explain(
                    "gradients",
                    expected="inputs that the outputs depend on",
                    got=f"input {position} ({'not requiring a gradient' if not node._requires_grad else 'unused'})",
                    remedy="pass allow_unused=True to get None, or check that the input was not replaced by a "
                    "copy or detached before it was used",
                )
            )
    return tuple(found.get(node) for node in inputs)
