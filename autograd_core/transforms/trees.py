"""Nested structures: tuples, lists, dicts and named tuples of arrays, taken apart and put together again.

``None`` is a structure without leaves. Everything that is not a container is a leaf.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import explain

__all__ = ["Structure", "flatten", "flatten_as", "map_leaves", "unflatten"]


@dataclass(frozen=True, slots=True)
class Structure:
    """How a nested structure is built, without its leaves.

    Attributes:
        kind: the container's class; ``None`` for a leaf.
        keys: the keys of a dict, the positions in a sequence.
        children: the structures inside, one per key.
        size: the number of leaves.
        like: a dict of a class of its own, from which one of that class is made.
    """

    kind: type | None
    keys: tuple[Any, ...] = ()
    children: tuple[Structure, ...] = ()
    size: int = 1
    like: Any = field(default=None, compare=False, repr=False)

    def paths(self, prefix: str = "") -> list[str]:
        """How to get to every leaf, as one would write it: ``['w'][0]``."""
        if self.kind is None:
            return [prefix]
        fields = getattr(self.kind, "_fields", None)
        found = []
        for key, child in zip(self.keys, self.children, strict=True):
            found += child.paths(prefix + (f"[{key!r}]" if fields is None else f".{fields[key]}"))
        return found


LEAF = Structure(None)
NOTHING = Structure(type(None), size=0)


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves of a nested structure, in order, and the structure without them.

    Args:
        tree: tuples, lists, dicts and named tuples of leaves, nested in each other; or a single leaf.

    Returns:
        The list of leaves and the ``Structure`` from which ``unflatten`` builds the tree again.

    >>> leaves, structure = flatten({"w": (1.0, 2.0), "b": [None, 3.0]})
    >>> leaves, structure.paths()
    ([1.0, 2.0, 3.0], ["['w'][0]", "['w'][1]", "['b'][1]"])
    """
    leaves: list[Any] = []
    return leaves, _flatten(tree, leaves)


def _flatten(tree: Any, leaves: list[Any]) -> Structure:
    if tree is None:
        return NOTHING
    if isinstance(tree, dict):
        keys, items = tuple(tree), list(tree.values())
    elif isinstance(tree, list | tuple):
        keys, items = tuple(range(len(tree))), list(tree)
    else:
        leaves.append(tree)
        return LEAF
    children = tuple(_flatten(item, leaves) for item in items)
    size = sum(child.size for child in children)
    return Structure(type(tree), keys, children, size, tree if isinstance(tree, dict) else None)


def unflatten(structure: Structure, leaves: Sequence[Any]) -> Any:
    """Build the nested structure that ``flatten`` took apart, with other leaves.

    Args:
        structure: from ``flatten``.
        leaves: as many as it has.

    Returns:
        Containers of the same classes, with ``leaves`` in them.

    Raises:
        ValueError: if the number of leaves is another.

    >>> _, structure = flatten({"w": (1.0, 2.0), "b": None})
    >>> unflatten(structure, [10, 20])
    {'w': (10, 20), 'b': None}
    """
    if len(leaves) != structure.size:
        raise ValueError(
            explain(
                "unflatten", expected=f"{structure.size} leaves", got=str(len(leaves)), remedy="pass one for each leaf"
            )
        )
    return _unflatten(structure, iter(leaves).__next__)


def _unflatten(structure: Structure, next_leaf: Callable[[], Any]) -> Any:
    kind = structure.kind
    if kind is None:
        return next_leaf()
    if kind is type(None):
        return None
    items = [_unflatten(child, next_leaf) for child in structure.children]
    if structure.like is not None:
        if kind is dict:
            return dict(zip(structure.keys, items, strict=True))
        rebuilt = copy.copy(structure.like)  # keeps what a class of dicts knows besides its items
        rebuilt.update(zip(structure.keys, items, strict=True))
        return rebuilt
    return kind._make(items) if hasattr(kind, "_make") else kind(items)


def map_leaves(function: Callable[..., Any], tree: Any) -> Any:
    """A nested structure like ``tree`` with ``function(leaf)`` in every leaf's place.

    >>> map_leaves(lambda leaf: 2 * leaf, {"w": [1, 2], "b": None})
    {'w': [2, 4], 'b': None}
    """
    leaves, structure = flatten(tree)
    return unflatten(structure, [function(leaf) for leaf in leaves])


def flatten_as(structure: Structure, tree: Any, operation: str, what: str) -> list[Any]:
    """The leaves of ``tree`` in the order of ``structure``, which it must share.

    A tuple passes for a list, and the order of a dict's keys does not matter.

    Args:
        structure: the structure expected.
        tree: what came.
        operation, what: for the error: who asks for it, and what it is.

    Returns:
        The list of leaves.

    Raises:
        TypeError: naming the first place where the two differ.
    """
    leaves: list[Any] = []
    _flatten_as(structure, tree, leaves, operation, what, "")
    return leaves


def _flatten_as(structure: Structure, tree: Any, leaves: list[Any], operation: str, what: str, path: str) -> None:
    kind = structure.kind
    if kind is None:
        if isinstance(tree, list | tuple | dict) or tree is None:
            raise _mismatch(operation, what, path, "an array or a number", tree)
        leaves.append(tree)
    elif kind is type(None):
        if tree is not None:
            raise _mismatch(operation, what, path, "None", tree)
    elif structure.like is not None:
        if not isinstance(tree, dict) or tree.keys() != set(structure.keys):
            raise _mismatch(operation, what, path, f"a dict with the keys {list(structure.keys)}", tree)
        for key, child in zip(structure.keys, structure.children, strict=True):
            _flatten_as(child, tree[key], leaves, operation, what, f"{path}[{key!r}]")
    else:
        if not isinstance(tree, list | tuple) or len(tree) != len(structure.keys):
            raise _mismatch(operation, what, path, f"a {kind.__name__} of length {len(structure.keys)}", tree)
        for position, child in enumerate(structure.children):
            _flatten_as(child, tree[position], leaves, operation, what, f"{path}[{position}]")


def _mismatch(operation: str, what: str, path: str, expected: str, tree: Any) -> TypeError:
    got = type(tree).__name__
    if isinstance(tree, dict):
        got = f"a dict with the keys {list(tree)}"
    elif isinstance(tree, list | tuple):
        got = f"a {got} of length {len(tree)}"
    return TypeError(
        explain(
            operation,
            expected=f"{what}{path} to be {expected}",
            got=got,
            remedy=f"build {what} like the structure it belongs to",
        )
    )
