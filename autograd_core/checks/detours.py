"""Slips that change one step of the backward pass, followed down to the derivatives that they spoil.

The backward pass is linear: if the gradient that arrives at a node is off by some amount, every gradient
below is off by what the rest of the pass makes of that amount. So a slip is a node and an amount, and a
partial backward pass from there predicts the wrong derivatives that the slip would lead to.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..graph import conform
from ..pullback import Pullback
from .slips import Comparison, Wrong

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["contribution_of", "explain_by_detours"]

# How many nodes all partial backward passes together may visit, and how many elementwise steps make one chain.
MOST_VISITS = 200_000
LONGEST_CHAIN = 8


class Detour(NamedTuple):
    """One slip: by how much the gradient that arrives at ``node`` is off, and its description.

    ``rank`` is larger the less is named in the description.
    """

    node: Tensor
    amount: Any
    text: str
    rank: int = 0


def explain_by_detours(comparison: Comparison, pending: Sequence[Wrong]) -> list[tuple[tuple[str, ...], str, bool]]:
    """The slips that explain most.

    Returns:
        Per slip the names of the wrong derivatives that it explains, its description, and whether it would
        have made others wrong that are right.
    """
    pending = [wrong for wrong in pending if wrong.mine.shape == wrong.right.shape]
    if not pending:
        return []
    explained: list[_Explained] = []
    nodes = [wrong.node for wrong in pending]
    pullbacks: dict[Tensor, Pullback] = {}
    visits = 0
    for order, detour in enumerate(_detours(comparison)):
        if detour.node not in pullbacks:
            pullbacks[detour.node] = Pullback([detour.node], [*nodes, *comparison.right_nodes])
            visits += len(comparison.nodes)
        visits += len(pullbacks[detour.node].nodes)
        if visits > MOST_VISITS:
            break
        with np.errstate(all="ignore"):
            errors = pullbacks[detour.node]([detour.amount])
        names = tuple(
            wrong.name
            for wrong, error in zip(pending, errors)
            if error is not None and comparison.same(wrong.mine, wrong.right + error)
        )
        if names:
            spoiled = sum(error is not None and bool(np.any(error != 0)) for error in errors[len(nodes) :])
            explained.append((-len(names), spoiled, detour.rank, order, names, detour.text))
    return _cover(explained)


# Minus the number of derivatives explained, number of others spoiled, rank, order, names, description.
_Explained = tuple[int, int, int, int, tuple[str, ...], str]


def _cover(explained: list[_Explained]) -> list[tuple[tuple[str, ...], str, bool]]:
    """Explanations for as many names as possible: those first that explain most and spoil least besides."""
    slips = []
    known: set[str] = set()
    for _, spoiled, _, _, names, text in sorted(explained):
        new = tuple(name for name in names if name not in known)
        if new:
            slips.append((new, text, spoiled > 0))
            known.update(new)
    return slips


def contribution_of(node: Tensor, position: int, g: Any, *, summed: bool = True) -> Any:
    """What the rule of ``node`` contributes to one parent, ``None`` if nothing.

    Args:
        node: an operation's node.
        position: of the parent.
        g: the gradient of the node.
        summed: whether to undo broadcasting, as the engine does.
    """
    contribution = _rule_at(node, position, g, node._data, node.inputs)
    if contribution is None or not summed:
        return contribution
    return conform(contribution, node.inputs[position], node)


def _rule_at(node: Any, position: int, g: Any, out: Any, inputs: tuple[Any, ...]) -> Any:
    primitive = node.primitive
    if primitive.joint is not None:
        return primitive.joint(g, out, *inputs, **node.attributes)[position]
    rule = primitive.rules[position]
    return None if rule is None else rule(g, out, *inputs, **node.attributes)


def _edges(comparison: Comparison) -> Iterator[tuple[Tensor, int, Tensor, Any]]:
    """From the result down: node, position, parent, gradient of the node."""
    for node in reversed(comparison.nodes):
        g = comparison.grad_table.get(node)
        if node.primitive is None or node.primitive.multiple or g is None or type(g) is tuple:
            continue
        for position, parent in enumerate(node.parents):
            if parent is not None and parent._requires_grad and not isinstance(node.inputs[position], tuple):
                yield node, position, parent, g


def _detours(comparison: Comparison) -> Iterator[Detour]:
    """The slips to try, those that are made most often first."""
    edges = list(_edges(comparison))
    labels = _Labels(comparison.nodes, comparison.sizes)
    with np.errstate(all="ignore"):
        yield from _missing_paths(comparison, edges, labels)
        for slip in (_missing_derivative, _wrong_place, _missing_operand, _wrong_matrix, _wrong_sign):
            for node, position, parent, g in edges:
                right = contribution_of(node, position, g)
                if right is None:
                    continue
                for contribution, text in slip(node, position, g, labels):
                    if getattr(contribution, "shape", None) is None:
                        continue
                    try:
                        yield Detour(parent, conform(contribution, node.inputs[position], node) - right, text)
                    except (RuntimeError, ValueError):
                        continue
        yield from _chains(comparison, edges, labels)


class _Labels:
    """What to call a node in an explanation."""

    def __init__(self, nodes: Sequence[Tensor], sizes: Mapping[int, str]) -> None:
        self.sizes = sizes
        self.numbers = {node: i for i, node in enumerate(nodes, 1)}
        self.users: dict[Tensor, Tensor] = {}
        for node in nodes:
            for parent in node.parents:
                if parent is not None:
                    self.users.setdefault(parent, node)

    def __call__(self, node: Tensor) -> str:
        """Its name; else its operation and the named node that it helps to compute, or its number."""
        if node.name:
            return node.name
        operation = node.primitive.name if node.primitive is not None else "leaf"
        user: Any = node
        for _ in range(LONGEST_CHAIN):
            user = self.users.get(user)
            if user is None:
                break
            if user.name:
                return f"{operation} in {user.name}"
        return f"u({self.numbers.get(node, 0)}) = {operation}"

    def operation(self, node: Tensor) -> str:
        assert node.primitive is not None
        return f"{node.primitive.name} at {node.name}" if node.name else node.primitive.name


def _missing_paths(comparison: Comparison, edges: Sequence[Any], labels: _Labels) -> Iterator[Detour]:
    """A node that is used several times gets a contribution from each use; some are left out."""
    uses = defaultdict(list)
    for node, position, parent, g in edges:
        contribution = contribution_of(node, position, g)
        if contribution is not None:
            uses[parent].append((node, contribution))
    for parent, found in uses.items():
        if not 2 <= len(found) <= 6:
            continue
        for count in range(1, len(found)):
            for left_out in combinations(found, count):
                amount = -sum(contribution for _, contribution in left_out)
                through = Counter(labels(node) for node, _ in left_out)
                names = " and ".join(name + (f" ({n} times)" if n > 1 else "") for name, n in through.items())
                plural = "contributions" if count > 1 else "contribution"
                yield Detour(
                    parent,
                    amount,
                    f"{labels(parent)} is used {len(found)} times, and the {plural} through {names} "
                    f"{'are' if count > 1 else 'is'} missing",
                )


def _is_nonlinear(node: Any) -> bool:
    return node.primitive.unary and node.primitive.name not in ("negative", "identity", "astype", "positive")


def _missing_derivative(node: Any, position: int, g: Any, labels: _Labels) -> Iterator[tuple[Any, str]]:
    if _is_nonlinear(node):
        name = node.primitive.name
        yield g, f"the derivative of {labels.operation(node)} is missing ({name} passes on g instead of g · {name}')"


def _wrong_place(node: Any, position: int, g: Any, labels: _Labels) -> Iterator[tuple[Any, str]]:
    if not _is_nonlinear(node):
        return
    name, x = node.primitive.name, node.inputs[0]
    at_output = _rule_at(node, 0, g, node.primitive.forward(node._data, **node.attributes), (node._data,))
    yield at_output, f"the derivative of {labels.operation(node)} is taken at its output instead of its input"
    yield (
        _rule_at(node, 0, g, x, (x,)),
        f"the derivative of {labels.operation(node)}, written with its output, is given its input ({name}' in terms of "
        f"{name}(a), with a put in)",
    )


def _missing_operand(node: Any, position: int, g: Any, labels: _Labels) -> Iterator[tuple[Any, str]]:
    if node.primitive.name not in ("multiply", "divide", "power"):
        return
    own, other = node.inputs[position], node.inputs[1 - position]
    other_name = labels(node.parents[1 - position]) if node.parents[1 - position] is not None else _number(other)
    if node.primitive.name == "power":
        if position == 0:
            yield g * own ** (other - 1), f"the exponent {_number(other)} is missing as a factor"
            yield g * other * own**other, f"the exponent {_number(other)} is not lowered by one"
        return
    if node.primitive.name == "divide":
        if position == 1:
            return
        mean = labels.sizes.get(other) if np.ndim(other) == 0 else None
        why = f" ({other} is the length of {mean}: a sum instead of a mean?)" if mean else ""
        yield g, f"the division by {other_name} is missing{why}"
        return
    yield g, f"the factor {other_name} of {node.primitive.name} is missing"
    yield g * own, f"{node.primitive.name} is multiplied by the wrong one of its two inputs, not by {other_name}"


def _wrong_matrix(node: Any, position: int, g: Any, labels: _Labels) -> Iterator[tuple[Any, str]]:
    if node.primitive.name != "matmul":
        return
    x, y = node.inputs
    if position == 0 and np.ndim(y) == 2:
        name = labels(node.parents[1]) if node.parents[1] is not None else "the matrix"
        if y.shape[0] == y.shape[1]:
            yield g @ y, f"{name} is not transposed on the way back"
        if 1 < y.shape[1] <= 16:
            for k in range(y.shape[1]):
                yield (
                    contribution_of(node, 0, np.where(np.arange(y.shape[1]) == k, 0, g)),
                    f"the contribution through column {k} of {name} is missing",
                )
    if position == 1 and np.ndim(x) == 2 and np.ndim(g):
        name = labels(node.parents[0]) if node.parents[0] is not None else "the matrix"
        if x.shape[0] == x.shape[1]:
            yield x @ g, f"{name} is not transposed on the way back"
        if 1 < x.shape[0] <= 16:
            rows = np.arange(x.shape[0])
            for k in rows:
                missing = (rows == k).reshape(-1, *(1,) * (np.ndim(g) - 1))
                yield (
                    contribution_of(node, 1, np.where(missing, 0, g)),
                    f"the contribution through row {k} of {name} is missing",
                )


def _wrong_sign(node: Any, position: int, g: Any, labels: _Labels) -> Iterator[tuple[Any, str]]:
    yield -contribution_of(node, position, g), f"the sign of what comes back through {labels(node)} is wrong"


def _number(value: Any) -> str:
    return f"{value:.6g}" if np.ndim(value) == 0 else "of the other input"


def _chains(comparison: Comparison, edges: Sequence[Any], labels: _Labels) -> Iterator[Detour]:
    """Activations that are built from several elementwise steps, such as 1 / (1 + exp(−x))."""
    uses = Counter(parent for _, _, parent, _ in edges)
    step = {}
    for node, position, parent, _ in edges:
        lonely = sum(p is not None and p._requires_grad for p in node.parents) == 1
        if lonely and node.primitive.elementwise and node._data.shape == parent._data.shape:
            step[node] = (position, parent)
    for top in reversed(comparison.nodes):
        if top not in step:
            continue
        g = comparison.grad_table.get(top)
        chain: list[Any] = []
        node = top
        while node in step and len(chain) < LONGEST_CHAIN and g is not None:
            position, parent = step[node]
            chain.append((node, position))
            node = parent
            if len(chain) > 1:
                yield from _chain_slips(chain, parent, g, labels)
            if uses[parent] > 1:
                break


def _chain_slips(chain: list[tuple[Any, int]], start: Tensor, g: Any, labels: _Labels) -> Iterator[Detour]:
    top = chain[0][0]
    what = f"the function from {labels(start)} to {labels(top)}"
    rank = sum(not node.name for node in (top, start))
    right = _through(chain, start._data, np.ones_like(g))[1] * g
    yield Detour(start, g - right, f"the derivative of {what} is missing", rank)
    y = top._data
    yield Detour(start, _through(chain, y, g)[1] - right, f"the derivative of {what} is taken at its output", rank)
    local = right / g if np.all(g != 0) else None
    for formula, text in ((lambda v: v * (1 - v), "a(1 − a)"), (lambda v: 1 - v * v, "1 − a²")):
        if local is not None and np.allclose(local, formula(y), rtol=1e-9, atol=1e-12):
            x = start._data
            amount = g * formula(x) - right
            yield Detour(start, amount, f"the derivative {text} of {what} is of its output; its input is put in", rank)


def _through(chain: list[tuple[Any, int]], x: Any, g: Any) -> tuple[Any, Any]:
    """Value and gradient of a chain of elementwise steps at another point."""
    calls = []
    value = x
    for node, position in reversed(chain):
        inputs = (*node.inputs[:position], value, *node.inputs[position + 1 :])
        value = node.primitive.forward(*inputs, **node.attributes)
        calls.append((node, position, value, inputs))
    for node, position, out, inputs in reversed(calls):
        g = conform(_rule_at(node, position, g, out, inputs), inputs[position], node)
    return value, g
