"""The backward pass of ``graph.py`` once more, unrolled for speed.

It does exactly what ``graph.backward_pass`` does for a pass that is not recorded, not watched and not
restricted to some nodes, and a test holds the two to equal bits. Operations of one and of two inputs
without attributes, which are nearly all nodes of a graph of small numbers, are written out: no loop
over the inputs, no unpacking of arguments, and no check of a contribution to an array that met a Python
number, which changes neither shape nor dtype. On 1,500 operations on 4 numbers that takes a quarter off the
pass. Large arrays go through rules of several steps block by block.

To learn how the backward pass works, read ``graph.backward_pass``.
"""

from __future__ import annotations

import operator
from collections.abc import MutableMapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from numpy import ndarray

from .blocks import LARGE, add_in_blocks, in_blocks
from .graph import conform, pass_to_parents
from .nonfinite import listen, without_spurious_nan

if TYPE_CHECKING:
    from .tensor import Tensor


def backward_pass_unrolled(
    nodes: Sequence[Tensor], grad_table: MutableMapping[Tensor, Any], keep: Set[Tensor] = frozenset()
) -> None:
    """``graph.backward_pass(nodes, grad_table, keep=keep)``, faster."""
    summed: set[Tensor] = set()
    take = grad_table.pop
    reports: list[str] = []
    with listen(reports):
        for node in reversed(nodes):
            primitive = node.primitive
            if primitive is None:
                if node._hooks is not None and node in grad_table:
                    grad_table[node] = node._run_hooks(grad_table[node])
                continue
            g = take(node, None)
            if g is None:
                continue
            if node._hooks is not None:
                g = node._run_hooks(g)
            if keep and node in keep:
                grad_table[node] = g
            rules = primitive.rules
            attributes = node.attributes
            if type(g) is ndarray and g.size > LARGE and primitive.elementwise and not attributes:
                _pass_in_blocks(node, g, grad_table, summed, reports)
            elif primitive.unary and not attributes:
                parent = node.parents[0]
                x = node.inputs[0]
                contribution = rules[0](g, node._data, x)
                if reports:
                    contribution = without_spurious_nan(contribution, rules[0], g, node._data, x)
                if contribution.dtype is not x.dtype:
                    contribution = conform(contribution, x, node)
                if parent not in grad_table:
                    grad_table[parent] = contribution
                elif parent in summed:
                    grad_table[parent] += contribution
                else:
                    grad_table[parent] = grad_table[parent] + contribution
                    summed.add(parent)
            elif len(rules) == 2 and not attributes:
                first, second = node.parents
                x, y = node.inputs
                if first is not None and first._requires_grad and rules[0] is not None:
                    contribution = rules[0](g, node._data, x, y)
                    if reports and primitive.elementwise:
                        contribution = without_spurious_nan(contribution, rules[0], g, node._data, x, y)
                    if type(y) is not float and (contribution.shape != x.shape or contribution.dtype is not x.dtype):
                        contribution = conform(contribution, x, node)
                    if first not in grad_table:
                        grad_table[first] = contribution
                    elif first in summed:
                        grad_table[first] += contribution
                    else:
                        grad_table[first] = grad_table[first] + contribution
                        summed.add(first)
                if second is not None and second._requires_grad and rules[1] is not None:
                    contribution = rules[1](g, node._data, x, y)
                    if reports and primitive.elementwise:
                        contribution = without_spurious_nan(contribution, rules[1], g, node._data, x, y)
                    if type(x) is not float and (contribution.shape != y.shape or contribution.dtype is not y.dtype):
                        contribution = conform(contribution, y, node)
                    if second not in grad_table:
                        grad_table[second] = contribution
                    elif second in summed:
                        grad_table[second] += contribution
                    else:
                        grad_table[second] = grad_table[second] + contribution
                        summed.add(second)
            else:
                pass_to_parents(node, g, node._data, node.inputs, grad_table, summed, reports)


def _pass_in_blocks(
    node: Tensor, g: Any, grad_table: MutableMapping[Tensor, Any], summed: set[Tensor], reports: list[str]
) -> None:
    """``graph.pass_to_parents`` for an elementwise operation on large arrays.

    What limits it is how often arrays travel to memory and back. So a contribution to a gradient that is
    already there is added to it block by block, and never exists as a whole.
    """
    for parent, rule, x in zip(node.parents, node.primitive.rules, node.inputs, strict=True):
        if parent is None or rule is None or not parent._requires_grad:
            continue

        def run(*arguments: Any, rule: Any = rule) -> Any:
            contribution = rule(*arguments)
            return without_spurious_nan(contribution, rule, *arguments) if reports else contribution

        arguments = (g, node._data, *node.inputs)
        if parent in summed and add_in_blocks(run, arguments, grad_table[parent]):
            continue
        contribution, own = in_blocks(run, arguments)
        if contribution.shape != x.shape or contribution.dtype is not x.dtype:
            contribution = conform(contribution, x, node)
        if parent not in grad_table:
            grad_table[parent] = contribution
            if own:
                summed.add(parent)
        elif parent in summed:
            grad_table[parent] += contribution
        else:
            grad_table[parent], _ = in_blocks(operator.add, (grad_table[parent], contribution))
            summed.add(parent)
