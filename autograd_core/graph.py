"""The computational graph and its two algorithms: the forward pass and the backward pass.

Number the nodes so that every node comes after its parents: u(1) ... u(n_i) are the inputs, u(n) is
the result, Pa(u(i)) are the parents of u(i). Then

    forward pass (G1)     for i = 1 ... n_i:      u(i) <- x_i
                          for i = n_i+1 ... n:    u(i) <- f_i(A(i)),  A(i) = {u(j) : j in Pa(u(i))}

    backward pass (G2)    grad_table[u(n)] <- 1
                          for j = n-1 down to 1:
                              grad_table[u(j)] <- sum over i with j in Pa(u(i)) of
                                                  grad_table[u(i)] * du(i)/du(j)

A Tensor is a node. Its ``index`` counts the nodes in the order in which they were made, so sorting by
it gives such a numbering, and nothing here recurses: a chain of a million nodes is no deeper than one.

The code below runs G2 with the sums written the other way round. When the loop reaches u(i), its sum
is complete, because every node that uses u(i) has a larger index; so u(i) passes on one contribution
``grad_table[u(i)] * du(i)/du(j)`` to each parent, where it is added. For arrays the product is the
vector-Jacobian product, which is what an operation's rule computes.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping, Sequence, Set
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from . import modes
from .errors import GradientError, explain
from .nonfinite import listen, without_spurious_nan
from .ops.broadcasting import sum_to
from .staleness import check_values, parent_as_used

if TYPE_CHECKING:
    from .tensor import Tensor

_by_index = attrgetter("index")


def topological_order(results: Iterable[Tensor], *, constants: bool = False, check: bool = True) -> list[Tensor]:
    """The nodes that ``results`` were computed from, every node after its parents.

    Args:
        results: where to start.
        constants: whether to include the nodes that require no gradient.
        check: whether to look for values that were changed after they were used (pictures do not).

    Raises:
        StaleValueError: if a value that a rule needs was changed after it was used.
    """
    found = dict.fromkeys(results)  # a dict keeps the order of arrival, which is nearly the sorted one reversed
    pending = list(found)
    changed = False
    while pending:
        node = pending.pop()
        if node._changed is not None and node.primitive is not None:
            changed = True
        for parent in node.parents:
            if parent is None:
                continue
            if parent._changed is not None and parent._changed.index > node.index:
                changed = True
                parent = parent_as_used(node, parent)
            if (parent._requires_grad or constants) and parent not in found:
                found[parent] = None
                pending.append(parent)
    nodes = sorted(found, key=_by_index)
    if changed and check:
        check_values(nodes)
    return nodes


def forward_pass(nodes: Iterable[Tensor]) -> None:
    """G1: give every operation's node the value of its operation on its parents' present values."""
    for node in nodes:
        if node.primitive is not None:
            node.inputs = tuple(
                old if parent is None else parent._data for parent, old in zip(node.parents, node.inputs, strict=True)
            )
            node._data = node.primitive.forward(*node.inputs, **node.attributes)


def backward_pass(
    nodes: Sequence[Tensor],
    grad_table: MutableMapping[Tensor, Any],
    *,
    keep: Set[Tensor] = frozenset(),
    record: bool = False,
    wanted: Set[Tensor] | None = None,
) -> None:
    """G2: fill ``grad_table`` from the last node to the first.

    Args:
        nodes: in topological order.
        grad_table: holds the gradient of the result with respect to itself (1), and perhaps of other
            nodes, to begin with; holds the gradients of the leaves in the end.
        keep: the inner nodes whose gradients are kept too.
        record: whether the rules run on Tensors, so that the pass becomes part of the graph and can be
            differentiated again. ``grad_table`` then holds Tensors, otherwise arrays.
        wanted: if given, only these nodes get a gradient.
    """
    summed: set[Tensor] = set()  # the nodes whose entry is a sum made here, which may be added to in place
    reports: list[str] = []  # of 0 · ∞ and the like
    with listen(reports):
        for node in reversed(nodes):
            if node not in grad_table:
                continue
            g = grad_table[node]
            if node._hooks is not None:
                g = grad_table[node] = node._run_hooks(g)
            if node.primitive is None:
                continue
            if node not in keep:
                del grad_table[node]
            out, inputs = node._data, node.inputs
            if record:
                out, inputs = node._recorded_output(), node._recorded_inputs()
            pass_to_parents(node, g, out, inputs, grad_table, summed, reports, wanted)


def pass_to_parents(
    node: Tensor,
    g: Any,
    out: Any,
    inputs: tuple[Any, ...],
    grad_table: MutableMapping[Tensor, Any],
    summed: set[Tensor],
    reports: list[str],
    wanted: Set[Tensor] | None = None,
) -> None:
    """Add the contribution of ``node`` to the gradient of each of its parents."""
    primitive, attributes = node.primitive, node.attributes
    if primitive.joint is not None:
        _pass_jointly(node, g, out, inputs, grad_table, wanted)
        return
    watch = modes.state.anomaly if modes.special else None
    for parent, rule, x in zip(node.parents, primitive.rules, inputs, strict=True):
        if parent is None or rule is None or not parent._requires_grad:
            continue
        if wanted is not None and parent not in wanted:
            continue
        run = rule if watch is None else watch.running(rule)
        contribution = run(g, out, *inputs, **attributes)
        if reports and primitive.elementwise:
            contribution = without_spurious_nan(contribution, rule, g, node._data, *node.inputs, **attributes)
        if contribution.shape != x.shape or contribution.dtype is not x.dtype:
            contribution = conform(contribution, x, node)
        if watch is not None:
            watch.check_contribution(node, parent, g, contribution)
        if parent not in grad_table:
            grad_table[parent] = contribution
        elif parent in summed:
            grad_table[parent] += contribution
        else:
            grad_table[parent] = grad_table[parent] + contribution
            summed.add(parent)


def _pass_jointly(
    node: Tensor,
    g: Any,
    out: Any,
    inputs: tuple[Any, ...],
    grad_table: MutableMapping[Tensor, Any],
    wanted: Set[Tensor] | None,
) -> None:
    """The same for an operation whose inputs share one rule, or whose parent has several outputs."""
    watch = modes.state.anomaly if modes.special else None
    run = node.primitive.joint if watch is None else watch.running(node.primitive.joint)
    contributions = run(g, out, *inputs, **node.attributes)
    for parent, contribution, x in zip(node.parents, contributions, inputs, strict=True):
        if parent is None or contribution is None or not parent._requires_grad:
            continue
        if wanted is not None and parent not in wanted:
            continue
        known = grad_table.get(parent)
        if parent.primitive is not None and parent.primitive.multiple and type(contribution) is tuple:
            # The gradient of a tuple is a tuple, with None where nothing has arrived.
            grad_table[parent] = tuple(
                a if b is None else b if a is None else a + b
                for a, b in zip(known or (None,) * len(contribution), contribution, strict=True)
            )
            continue
        if contribution.shape != x.shape or contribution.dtype is not x.dtype:
            contribution = conform(contribution, x, node)
        if watch is not None:
            watch.check_contribution(node, parent, g, contribution)
        grad_table[parent] = contribution if known is None else known + contribution


def conform(contribution: Any, x: Any, node: Tensor) -> Any:
    """Undo broadcasting and promotion: give a contribution the shape and dtype of the input ``x``."""
    if contribution.shape != x.shape:
        try:
            if np.broadcast_shapes(contribution.shape, x.shape) != contribution.shape:
                raise ValueError
        except ValueError:
            raise GradientError(
                explain(
                    f"backward of {node.primitive.name}",
                    expected=f"a contribution of the input's shape {x.shape}, or one that was broadcast from it",
                    got=f"shape {contribution.shape}",
                    remedy="let the rule return an array of the shape of its input or of the output",
                )
            ) from None
        contribution = sum_to(contribution, shape=x.shape)
    if contribution.dtype != x.dtype:
        if contribution.dtype.kind == "c" and x.dtype.kind != "c":
            contribution = contribution.real
        if contribution.dtype != x.dtype:
            contribution = contribution.astype(x.dtype)
    return contribution
