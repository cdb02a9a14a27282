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
from collections import Counter
from collections.abc import Callable, MutableMapping, Sequence, Set
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
    large = None
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
                if large is None:
                    large = _LargeArrays(nodes, grad_table, keep, summed)
                large.pass_on(node, g, reports)
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


class _LargeArrays:
    """``graph.pass_to_parents`` for elementwise operations on large arrays.

    What limits it is how often arrays travel to memory and back. So what can stay in the cache never exists as a
    whole: a contribution to a gradient that is already there is added to it block by block; the contributions of an
    operation to an input that it uses twice are made together; and a gradient that is made of one contribution, and
    that an operation of one input passes on, is made only when it is needed there, block by block.
    """

    def __init__(
        self, nodes: Sequence[Tensor], grad_table: MutableMapping[Tensor, Any], keep: Set[Tensor], summed: set[Tensor]
    ) -> None:
        self.grad_table = grad_table
        self.keep = keep
        self.summed = summed
        self.uses = Counter(parent for node in nodes for parent in node.parents)
        # Node -> how its gradient is made: a function and its arguments. ``grad_table`` holds a stand-in meanwhile.
        self.waiting: dict[Tensor, tuple[Callable[..., Any], tuple[Any, ...]]] = {}

    def pass_on(self, node: Tensor, g: Any, reports: list[str]) -> None:
        """Add the contributions of ``node``, whose gradient is ``g``, to the gradients of its parents."""
        waiting = self.waiting.pop(node, None)
        make, own = (None, (g,)) if waiting is None else waiting
        arguments = (*own, node._data, *node.inputs)
        rules: dict[Tensor, list[Any]] = {}
        for parent, rule in zip(node.parents, node.primitive.rules, strict=True):
            if parent is not None and rule is not None and parent._requires_grad:
                rules.setdefault(parent, []).append(_running(rule, make, len(own), reports))
        for parent, functions in rules.items():
            if make is None and self._can_wait(parent, arguments):
                self.waiting[parent] = functions[0], arguments
                self.grad_table[parent] = g
            else:
                self._add(node, parent, functions, arguments)

    def _can_wait(self, parent: Tensor, arguments: tuple[Any, ...]) -> bool:
        """Whether the gradient of ``parent`` is one contribution, of the shape and dtype of these arrays."""
        primitive, value = parent.primitive, parent._data
        if primitive is None or not primitive.unary or parent.attributes or parent._hooks is not None:
            return False
        if self.uses[parent] != 1 or parent in self.keep or parent in self.grad_table:
            return False
        return all(
            x.shape == value.shape and x.dtype == value.dtype if type(x) is ndarray else type(x) in (float, int)
            for x in arguments
        )

    def _add(self, node: Tensor, parent: Tensor, functions: Sequence[Any], arguments: tuple[Any, ...]) -> None:
        grad_table, summed = self.grad_table, self.summed
        if parent in summed and add_in_blocks(functions, arguments, grad_table[parent]):
            return
        x = parent._data
        if parent not in grad_table and len(functions) == 2:
            first, second = functions
            functions = [lambda *arrays: first(*arrays) + second(*arrays)]
        for function in functions:
            contribution, own = in_blocks(function, arguments)
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


def _running(rule: Callable[..., Any], make: Callable[..., Any] | None, count: int, reports: list[str]) -> Any:
    """``rule`` on a gradient that ``make`` makes of the first ``count`` arguments, if it is not there yet."""

    def run(*arguments: Any) -> Any:
        g = arguments[0] if make is None else make(*arguments[:count])
        contribution = rule(g, *arguments[count:])
        return without_spurious_nan(contribution, rule, g, *arguments[count:]) if reports else contribution

    return run
