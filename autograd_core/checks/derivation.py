"""Checking derivatives that were derived by hand, entry by entry, and naming the slip."""

from __future__ import annotations

import html
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import modes
from ..errors import GradientError, explain
from ..gradients import conjugate
from ..graph import backward_pass, topological_order
from ..recording import Node, make_leaf
from ..tensor import Tensor
from ..transforms.tracing import check_function
from ..transforms.trees import Structure, flatten, flatten_as, unflatten
from ..values import as_value
from .slips import Comparison, Wrong, find_slips

__all__ = ["DerivationReport", "WrongEntry", "check_derivation"]

# How many wrong entries of one array are printed.
PRINTED = 6


@dataclass(frozen=True)
class WrongEntry:
    """One entry of a derivative that is wrong.

    Attributes:
        name: the parameter or node that the derivative is taken with respect to.
        index: the position of the entry; () for a number, and for a derivative of a wrong shape.
        mine: the number that was derived.
        engine: the right one.
    """

    name: str
    index: tuple[int, ...]
    mine: complex
    engine: complex

    @property
    def factor(self) -> complex:
        """By which factor ``mine`` differs; infinite where the right number is 0."""
        return self.mine / self.engine if self.engine else float("inf")

    @property
    def label(self) -> str:
        """The name with the index: ``W[0, 2]``."""
        return self.name + (f"[{', '.join(map(str, self.index))}]" if self.index else "")

    def __str__(self) -> str:
        factor = f" (factor {self.factor:.6g})" if np.isfinite(self.factor) and self.mine else ""
        return f"{self.label}: yours {self.mine:.9g}, right {self.engine:.9g}{factor}"


@dataclass
class DerivationReport:
    """What ``check_derivation`` found. True in a condition if all is right; prints as text.

    Attributes:
        right: the names of the derivatives that are right.
        wrong: the entries that are wrong.
        slips: per explanation found the names it explains, and the explanation.
        mismatched: per derivative of a wrong shape its name, that shape and the right one.

    >>> import autograd_core as ag
    >>> report = ag.check_derivation(lambda a, b: a * b, (-3.0, 2.0), at=(2.0, 3.0))
    >>> report.right, report.wrong_names, report.slip("a")
    (['b'], ['a'], 'the wrong sign')
    """

    right: list[str] = field(default_factory=list)
    wrong: list[WrongEntry] = field(default_factory=list)
    slips: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    mismatched: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return not self.wrong and not self.mismatched

    @property
    def wrong_names(self) -> list[str]:
        """The names of the derivatives that are wrong, in order."""
        return list(dict.fromkeys([name for name, _, _ in self.mismatched] + [entry.name for entry in self.wrong]))

    def slip(self, name: str) -> str:
        """The explanation found for one derivative; empty if there is none."""
        return "; ".join(text for names, text in self.slips if name in names)

    def __str__(self) -> str:
        total = len(self.right) + len(self.wrong_names)
        if self:
            return f"check_derivation: all right ({', '.join(self.right)})"
        lines = [f"check_derivation: {len(self.wrong_names)} of {total} derivatives wrong"]
        if self.right:
            lines.append(f"  right: {', '.join(self.right)}")
        for name, mine, right in self.mismatched:
            lines.append(f"  {name}: yours has shape {mine}, right is shape {right}")
        for name in dict.fromkeys(entry.name for entry in self.wrong):
            entries = [entry for entry in self.wrong if entry.name == name]
            lines += [f"  {entry}" for entry in entries[:PRINTED]]
            if len(entries) > PRINTED:
                lines.append(f"  ... and {len(entries) - PRINTED} more entries of {name}")
        lines += [f"  slip in {', '.join(names)}: {text}" for names, text in self.slips]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The report as a table, for notebooks."""
        cells = [f"<p><b>{html.escape(str(self).splitlines()[0])}</b></p>"]
        rows = [(name, f"shape {mine}", f"shape {right}", "") for name, mine, right in self.mismatched]
        for entry in self.wrong[:50]:
            factor = f"{entry.factor:.6g}" if np.isfinite(entry.factor) else ""
            rows.append((entry.label, f"{entry.mine:.9g}", f"{entry.engine:.9g}", factor))
        if rows:
            body = "".join(f"<tr>{''.join(f'<td>{html.escape(text)}</td>' for text in row)}</tr>" for row in rows)
            head = "".join(f"<th>{title}</th>" for title in ("derivative", "yours", "right", "factor"))
            cells.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        items = "".join(
            f"<li><b>{html.escape(', '.join(names))}</b>: {html.escape(text)}</li>" for names, text in self.slips
        )
        return "".join(cells) + (f"<ul>{items}</ul>" if items else "")


def check_derivation(
    f: Callable[..., Any],
    mine: Any,
    at: Any,
    wrt: Any = None,
    *,
    rtol: float = 1e-6,
    atol: float = 1e-9,
) -> DerivationReport:
    """Compare derivatives derived by hand with the engine's, and say which entries are wrong and why.

    The right derivatives come from the backward pass through ``f`` at the point ``at``. Where yours differ,
    the usual slips are tried one after the other (a factor, a sign, a transpose, a sum over the batch that
    is missing, a path through a shared node that is missing, an activation whose derivative is missing or
    is taken at the wrong place, ...), and the one that leads to exactly your numbers is named.

    Args:
        f: the function that was differentiated. It returns one number, or a pair of that and a dict of
            inner nodes by name.
        mine: the derivatives: a function of the same arguments that returns them, or their values. For one
            argument a number or an array, for several a tuple; or a dict by the names of parameters, of
            entries of a nested argument, and of inner nodes (``net_o1``; a node is named by setting its
            ``name`` in ``f``, or by the dict that ``f`` returns).
        at: the point: a tuple of arguments, a dict of arguments by name, or the only argument.
        wrt: which arguments ``mine`` is about, as positions or names, where it is not a dict. All those made
            of floats, if left out.
        rtol, atol: how far a right number may be off: atol + rtol * |right|. Raise them for numbers that
            were rounded on paper.

    Returns:
        A report: true in a condition if all is right; it prints as text and shows as a table in a notebook.

    Raises:
        GradientError: if ``f`` does not return one number or has lost its graph.
        TypeError, ValueError: if ``mine`` and the arguments do not fit together.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> def loss(w, x):
    ...     return (np.tanh(w * x) ** 2).sum()
    >>> point = {"w": 0.5, "x": np.array([1.0, 2.0])}
    >>> def by_hand(w, x):
    ...     t = np.tanh(w * x)
    ...     return {"w": (2 * t * (1 - t**2) * x).sum(), "x": 2 * t * w}
    >>> report = ag.check_derivation(loss, by_hand, at=point)
    >>> bool(report)
    False
    >>> print(report)
    check_derivation: 1 of 2 derivatives wrong
      right: w
      x[0]: yours 0.462117157, right 0.363430991 (factor 1.27154)
      x[1]: yours 0.761594156, right 0.319850004 (factor 2.3811)
      slip in x: the derivative of tanh is missing (tanh passes on g instead of g · tanh')
    """
    check_function("check_derivation", f)
    point = Point(f, at)
    loss, named = point.run()
    nodes = topological_order([loss])
    grad_table: dict[Any, Any] = {loss: np.ones_like(loss._data)}
    backward_pass(nodes, grad_table, keep=frozenset(nodes))
    if callable(mine):
        mine = point.call(mine, plain=True)
    report = DerivationReport()
    wrong = []
    for name, value, node in point.targets(mine, wrt, named, nodes):
        right = grad_table.get(node)
        right = np.zeros_like(node._data) if right is None else conjugate(right)
        if value.shape == right.shape:
            differs = ~(np.abs(value - right) <= atol + rtol * np.abs(right))
            if not differs.any():
                report.right.append(name)
                continue
            indices = [tuple(int(i) for i in index) for index in np.argwhere(differs)]
            report.wrong += [WrongEntry(name, index, value[index].item(), right[index].item()) for index in indices]
        else:
            report.mismatched.append((name, value.shape, right.shape))
        wrong.append(Wrong(name, value, np.asarray(right), node))
    if wrong:
        right_nodes = [node for name, _, node in point.targets(mine, wrt, named, nodes) if name in report.right]
        comparison = Comparison(nodes, grad_table, wrong, right_nodes, point.sizes(), rtol, atol)
        report.slips = find_slips(comparison)
    return report


class Point:
    """The arguments of a function, as Tensors that require gradients.

    Attributes:
        names: the names of the arguments; ``values``: what came; ``keyword``: whether they came by name.
    """

    def __init__(self, f: Callable[..., Any], at: Any) -> None:
        self.f = f
        parameters, any_name = _parameters(f)
        self.keyword = isinstance(at, dict) and bool(at) and (any_name or set(at) <= set(parameters))
        if self.keyword:
            self.names, self.values = list(at), list(at.values())
        else:
            self.values = list(at) if isinstance(at, tuple) else [at]
            extra = [f"argument {i}" for i in range(len(parameters), len(self.values))]
            self.names = parameters[: len(self.values)] + extra
        self.structures: list[Structure] = []
        self.leaves: list[list[Any]] = []
        for name, value in zip(self.names, self.values, strict=True):
            leaves, structure = flatten(value)
            paths = structure.paths(name)
            self.leaves.append([_leaf(leaf, path) for leaf, path in zip(leaves, paths, strict=True)])
            self.structures.append(structure)

    def call(self, function: Callable[..., Any], plain: bool = False) -> Any:
        """Call a function of the same arguments."""
        arguments = []
        for leaves, structure in zip(self.leaves, self.structures, strict=True):
            values = [np.copy(x._data)[()] if plain and isinstance(x, Node) else x for x in leaves]
            arguments.append(unflatten(structure, values))
        if self.keyword:
            return function(**dict(zip(self.names, arguments, strict=True)))
        return function(*arguments)

    def run(self) -> tuple[Tensor, dict[str, Tensor]]:
        """The number that ``f`` returns, and the nodes that it named."""
        with modes.enable_grad():
            result = self.call(self.f)
        named: dict[str, Tensor] = {}
        if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], dict):
            result, named = result
        if not isinstance(result, Node) or result._data.size != 1 or not result._requires_grad:
            got = type(result).__name__
            if isinstance(result, Node):
                got = f"shape {result._data.shape}" if result._data.size != 1 else "a constant"
            raise GradientError(
                explain(
                    "check_derivation",
                    expected="a function that returns one number, computed from its float arguments",
                    got=got,
                    remedy="reduce the result (.sum()), and write floats (1.0, not 1)",
                )
            )
        return result, named  # type: ignore[return-value]

    def targets(
        self, mine: Any, wrt: Any, named: Mapping[str, Tensor], nodes: Sequence[Tensor]
    ) -> list[tuple[str, Any, Tensor]]:
        """Per derivative its name, its value by hand and the node that it is taken with respect to."""
        if wrt is None and isinstance(mine, Mapping) and not self._is_argument(mine):
            return [target for key, value in mine.items() for target in self._by_name(key, value, named, nodes)]
        positions = self._positions(wrt)
        if not isinstance(wrt, tuple | list) and len(positions) == 1:
            alone = isinstance(mine, tuple) and len(mine) == 1 and self.structures[positions[0]].kind is None
            mine = mine if alone else (mine,)
        if not isinstance(mine, tuple | list) or len(mine) != len(positions):
            names = ", ".join(self.names[i] for i in positions)
            raise ValueError(
                explain(
                    "check_derivation",
                    expected=f"a tuple with one derivative for each of {names}",
                    got=f"{len(mine)}" if isinstance(mine, tuple | list) else type(mine).__name__,
                    remedy="say which arguments they are for with wrt=, or pass a dict by name",
                )
            )
        return [target for i, value in zip(positions, mine, strict=True) for target in self._argument(i, value)]

    def sizes(self) -> dict[int, str]:
        """The lengths of the axes of the arguments, first axes first."""
        arrays = [
            (path, leaf)
            for name, structure, leaves in zip(self.names, self.structures, self.leaves, strict=True)
            for path, leaf in zip(structure.paths(name), leaves, strict=True)
        ]
        sizes: dict[int, str] = {}
        for which in range(8):
            for path, leaf in arrays:
                shape = np.shape(leaf._data if isinstance(leaf, Node) else leaf)
                if which < len(shape):
                    sizes.setdefault(shape[which], f"axis {which} of {path}")
        return sizes

    def _is_argument(self, mine: Any) -> bool:
        """Whether a dict is built like the only argument, rather than a dict by name."""
        return len(self.structures) == 1 and set(self.structures[0].keys) == set(mine)

    def _positions(self, wrt: Any) -> list[int]:
        if wrt is None:
            return [i for i, leaves in enumerate(self.leaves) if any(isinstance(leaf, Node) for leaf in leaves)]
        positions = []
        for which in wrt if isinstance(wrt, tuple | list) else (wrt,):
            if isinstance(which, str) and which in self.names:
                positions.append(self.names.index(which))
            elif isinstance(which, int) and 0 <= which < len(self.names):
                positions.append(which)
            else:
                raise _unknown(which, self.names, "wrt")
        return positions

    def _argument(self, i: int, value: Any) -> list[tuple[str, Any, Tensor]]:
        structure, leaves, name = self.structures[i], self.leaves[i], self.names[i]
        values = [value] if structure.kind is None else flatten_as(structure, value, "check_derivation", name)
        targets = []
        for path, leaf, v in zip(structure.paths(name), leaves, values, strict=True):
            if not isinstance(leaf, Tensor):
                raise TypeError(
                    explain(
                        "check_derivation",
                        expected=f"{path} to be a float or an array of floats",
                        got=repr(leaf) if np.ndim(leaf) == 0 else f"dtype {np.asarray(leaf).dtype}",
                        remedy="write 1.0 instead of 1 in at=, or leave it out with wrt=",
                    )
                )
            targets.append((path, _array(v, path), leaf))
        return targets

    def _by_name(
        self, key: str, value: Any, named: Mapping[str, Tensor], nodes: Sequence[Tensor]
    ) -> list[tuple[str, Any, Any]]:
        if key in self.names:
            return self._argument(self.names.index(key), value)
        if key in named:
            return [(key, _array(value, key), named[key])]
        for structure, leaves, name in zip(self.structures, self.leaves, self.names, strict=True):
            for path, leaf in zip(structure.paths(""), leaves, strict=True):
                if isinstance(leaf, Node) and (path in (f"[{key!r}]", key) or name + path == key):
                    return [(key, _array(value, key), leaf)]
        found = [node for node in nodes if node.name == key]
        if len(found) == 1:
            return [(key, _array(value, key), found[0])]
        known = [*self.names, *named, *(node.name for node in nodes if node.name)]
        raise _unknown(key, list(dict.fromkeys(known)), "a key of mine", len(found))


def _leaf(leaf: Any, path: str) -> Any:
    """A float or an array of floats as a Tensor of our own; anything else as it is."""
    if isinstance(leaf, Node):
        value, name = leaf._data, leaf.name
    elif isinstance(leaf, float | complex | np.ndarray | np.generic):
        value, name = as_value(leaf), None
    else:
        return leaf
    if value.dtype.kind not in "fc":
        return leaf
    tensor = make_leaf(Tensor, value, True)
    tensor.name = name or path
    return tensor


def _array(value: Any, name: str) -> Any:
    """A derivative that came as a number, a list, an array or a Tensor, as an array."""
    try:
        array = np.asarray(value._data if isinstance(value, Node) else value)
        return array if array.dtype.kind in "biufc" else array.astype(float)
    except (TypeError, ValueError):
        raise TypeError(
            explain(
                "check_derivation",
                expected=f"numbers as the derivative for {name}",
                got=f"a {type(value).__name__}",
                remedy="pass a number, an array or a list of numbers",
            )
        ) from None


def _parameters(f: Callable[..., Any]) -> tuple[list[str], bool]:
    """The names of a function's parameters, and whether it takes any other names too."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return [], False
    names = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return names, any(p.kind is p.VAR_KEYWORD for p in parameters)


def _unknown(key: Any, known: Sequence[str], what: str, count: int = 0) -> ValueError:
    return ValueError(
        explain(
            "check_derivation",
            expected=f"{what} to name an argument or a node: {', '.join(known)}",
            got=f"{key!r}, the name of {count} nodes" if count else repr(key),
            remedy="name inner nodes in the function (net.name = 'net'), or let it return (result, {'net': net})",
        )
    )
