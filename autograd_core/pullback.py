"""One recorded computation, differentiated many times: the backward pass for many seeds.

A transform calls a function once, and then needs the vector-Jacobian product of what was recorded for
one gradient (``grad``), for gradients that come later (``vjp``), or for a whole basis of them
(``jacobian``, ``hessian``). What these share is done once here: the nodes are put in order, and those
that do not lie between the inputs and the outputs are left out.

A transform must not walk through the whole history of its arguments, since they may stand at the end
of a long computation. It notes the number of the next node before it calls the function. Nodes with
smaller numbers are *older*: the function did not make them, it only used them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from . import modes
from .graph import backward_pass
from .recording import Node
from .staleness import check_values, parent_as_used
from .unrolled import backward_pass_unrolled

if TYPE_CHECKING:
    from .tensor import Tensor

_by_index = attrgetter("index")


def nodes_since(results: Iterable[Tensor], first: int) -> tuple[list[Tensor], set[Tensor]]:
    """The part of the graph of ``results`` that was made since node number ``first``.

    Args:
        results: where to start.
        first: the number of the first node that belongs to the part.

    Returns:
        The nodes of the part that require a gradient, in topological order, and the set of older nodes
        requiring a gradient that they use.
    """
    found: set[Tensor] = set()
    older: set[Tensor] = set()
    pending = [node for node in results if node._requires_grad]
    while pending:
        node = pending.pop()
        if node.index < first:
            older.add(node)
            continue
        if node in found:
            continue
        found.add(node)
        for parent in node.parents:
            if parent is None:
                continue
            if parent._changed is not None:
                parent = parent_as_used(node, parent)
            if parent._requires_grad:
                pending.append(parent)
    return sorted(found, key=_by_index), older


class Pullback:
    """The vector-Jacobian product of recorded nodes, ready to be run for any number of seeds.

    With outputs y_i and inputs x_k, a call with seeds v_i gives sum over i of (dy_i/dx_k)^T v_i for each
    k, in the engine's convention for complex numbers (no conjugates).

    Args:
        outputs: Tensors; those that require no gradient are allowed and pass nothing on.
        inputs: the nodes to differentiate with respect to.
        first: the number of the first node that belongs to the computation.
        through: whether a gradient goes on through an input that was computed from another input.

    Attributes:
        older: the older nodes requiring a gradient that the computation uses, so that its derivatives
            depend on them too.
        wanted: the nodes that get a gradient.
    """

    def __init__(
        self, outputs: Sequence[Tensor], inputs: Sequence[Tensor], first: int = 0, through: bool = True
    ) -> None:
        self.outputs = outputs
        self.inputs = inputs
        nodes, self.older = nodes_since(outputs, first)
        self.wanted = set(inputs)
        self.nodes: list[Tensor] = []
        self._kept = frozenset(inputs)
        for node in nodes:
            if node in self._kept and not through:
                continue
            if node in self._kept or not self.wanted.isdisjoint(node.parents):
                self.wanted.add(node)
                self.nodes.append(node)
        # Whether all that requires a gradient gets one, so that the pass need not look where it goes.
        self._unrestricted = not self.older and len(self.nodes) == len(nodes)

    def __call__(self, seeds: Sequence[Any], record: bool = False) -> list[Any]:
        """Run the backward pass once.

        Args:
            seeds: one for each output, ``None`` for zero. Arrays are worked on eagerly. Tensors are
                worked on so that the results can be differentiated with respect to them.
            record: whether the results can also be differentiated with respect to the inputs and the
                older nodes (the seeds are Tensors then).

        Returns:
            One gradient for each input, an array or a Tensor, ``None`` for zero.

        Raises:
            StaleValueError: if a value that a rule needs was changed since it was recorded.
        """
        if any(_changed(node) for node in self.nodes):
            check_values(self.nodes)
        grad_table: dict[Tensor, Any] = {}
        for node, seed in zip(self.outputs, seeds, strict=True):
            if seed is not None and node in self.wanted:
                grad_table[node] = grad_table[node] + seed if node in grad_table else seed
        arrays = all(seed is None or isinstance(seed, np.ndarray | np.generic) for seed in seeds)
        if self._unrestricted and arrays and not record and modes.state.anomaly is None:
            backward_pass_unrolled(self.nodes, grad_table, self._kept)
        else:
            backward_pass(self.nodes, grad_table, keep=self._kept, record=record, wanted=self.wanted)
        return [grad_table.get(node) for node in self.inputs]

    @property
    def plain(self) -> bool:
        """Whether nothing looks at the gradients on their way, so that many may travel together."""
        return modes.state.anomaly is None and all(node._hooks is None for node in self.nodes)


def _changed(node: Tensor) -> bool:
    """Whether the node or a value that it used was changed since."""
    return node._changed is not None or any(p is not None and p._changed is not None for p in node.parents)


def recorded(values: Iterable[Any]) -> list[Any]:
    """Those of ``values`` that are Tensors requiring a gradient."""
    return [value for value in values if isinstance(value, Node) and value._requires_grad]
