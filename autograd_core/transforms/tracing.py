"""What the transforms share: a function that was run once on stand-ins of its arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import modes
from ..errors import GradientError, explain
from ..gradients import as_gradients, conjugate
from ..ops.identity import identity
from ..pullback import Pullback, nodes_since
from ..recording import Node, make_constant, make_leaf, next_index
from ..tensor import Tensor
from ..values import as_value
from .examples import expand
from .trees import Structure, flatten, flatten_as, map_leaves, unflatten


class Trace:
    """A function that was run once on stand-ins of its arguments, and what was recorded.

    Args:
        name: the transform, for errors.
        f: the function.
        args, kwargs: its arguments.
        positions: which positional arguments to differentiate with respect to.
        has_aux: whether ``f`` returns a pair of its output and something else.
        keep: whether derivatives are asked for later, when the caller may have changed the arrays that he
            passed. They are copied then.

    Attributes:
        inputs: the stand-ins: one Tensor for each leaf of the arguments at ``positions``.
        structures: the structure of each of these arguments.
        outputs: the leaves of the output, all Tensors; ``structure``: the output's structure.
        pullback: from gradients of the outputs to gradients of the inputs.
        linked: whether the results depend on Tensors outside that require a gradient.
    """

    def __init__(
        self,
        name: str,
        f: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        positions: Sequence[int],
        has_aux: bool = False,
        keep: bool = False,
    ) -> None:
        self.name = name
        self.keep = keep
        self.first = next_index()
        self.outside = modes.state.grad_enabled
        self.inputs: list[Tensor] = []
        self.structures: list[Structure] = []
        arguments = list(args)
        for position in positions:
            leaves, structure = flatten(args[position])
            stand_ins = [
                self._stand_in(leaf, f"argument {position}{path}")
                for leaf, path in zip(leaves, structure.paths(), strict=True)
            ]
            self.inputs += stand_ins
            self.structures.append(structure)
            arguments[position] = unflatten(structure, stand_ins)
        if self.outside:
            result = f(*arguments, **kwargs)
        else:
            with modes.enable_grad():
                result = f(*arguments, **kwargs)
        self.inputs = [_before_assignments(node) for node in self.inputs]
        self.aux: Any
        output, self.aux = self._split(result) if has_aux else (result, None)
        leaves, self.structure = flatten(output)
        self.outputs: list[Tensor] = [
            self._checked_output(leaf, path) for leaf, path in zip(leaves, self.structure.paths(), strict=True)
        ]
        self.pullback = Pullback(self.outputs, self.inputs, self.first)
        self.linked = self.outside and (bool(self.pullback.older) or modes.state.record_all)

    def _stand_in(self, leaf: Any, where: str) -> Tensor:
        """A Tensor of our own with the value of ``leaf``, linked to it if a gradient may flow there."""
        try:
            if modes.state.vectorization is not None:  # every example gets a derivative of its own
                leaf = expand(leaf if isinstance(leaf, Node) else as_value(leaf), modes.state.vectorization.sizes)
            value = leaf._data if isinstance(leaf, Node) else as_value(leaf)
        except TypeError as error:
            raise TypeError(f"{self.name}: {where} cannot be differentiated with respect to. {error}") from None
        if value.dtype.kind not in "fc":
            floats = f"{leaf!r}.0" if type(leaf) is int else "x.astype(float)"
            raise TypeError(
                explain(
                    self.name,
                    expected=f"{where} to be a float, or an array or Tensor of floats",
                    got=f"{leaf!r}" if np.ndim(value) == 0 else f"dtype {value.dtype}",
                    remedy=f"write {floats}, or leave the argument out of argnums",
                )
            )
        if self.outside and isinstance(leaf, Tensor) and (leaf._requires_grad or modes.state.record_all):
            stand_in = identity(leaf)
            stand_in._requires_grad = True
        elif isinstance(leaf, Tensor):
            stand_in = leaf.detach()
            stand_in._requires_grad = True
        else:
            stand_in = make_leaf(Tensor, np.copy(value)[()] if self.keep else value, True)
        stand_in.name = leaf.name if isinstance(leaf, Node) else None
        return stand_in

    def _split(self, result: Any) -> tuple[Any, Any]:
        if not isinstance(result, tuple) or len(result) != 2:
            raise TypeError(
                explain(
                    f"{self.name} with has_aux=True",
                    expected="a function that returns a pair (output, aux)",
                    got=f"{type(result).__name__}" + (f" of length {len(result)}" if isinstance(result, tuple) else ""),
                    remedy="return two values, or leave has_aux out",
                )
            )
        return result

    def _checked_output(self, leaf: Any, path: str) -> Tensor:
        if isinstance(leaf, Tensor):
            return leaf
        if isinstance(leaf, bool | int | float | complex) and not isinstance(leaf, np.generic):
            return make_constant(np.complex128(leaf) if isinstance(leaf, complex) else np.float64(leaf))
        plain = isinstance(leaf, np.ndarray | np.generic) or hasattr(leaf, "__array_namespace__")
        raise GradientError(
            explain(
                self.name,
                expected=f"the function to return Tensors{f' (at {path})' if path else ''}",
                got="a plain array, which has lost its graph" if plain else type(leaf).__name__,
                remedy="compute it from the arguments with np.* or ag.* functions, without .data, .item() or detach(); "
                "write ag.tensor(...) around what is meant to be a constant"
                if plain
                else "return Tensors, or nested tuples, lists and dicts of them",
            )
        )

    def gradients(self, seeds: Sequence[Any]) -> list[Tensor]:
        """The gradients of the inputs, zeros where there is none, from seeds in the inner convention."""
        return self.finish(self.run(self.pullback, seeds), self.inputs, seeds)

    def run(self, pullback: Pullback, seeds: Sequence[Any]) -> list[Any]:
        """Run a pullback, recording no more than what somebody can differentiate."""
        recording = self.linked and modes.state.grad_enabled
        if recording or any(isinstance(seed, Node) and seed._requires_grad for seed in seeds):
            return pullback([None if s is None else _as_tensor(s) for s in seeds], record=recording)
        return pullback([seed._data if isinstance(seed, Node) else seed for seed in seeds])

    @staticmethod
    def finish(found: Sequence[Any], like: Sequence[Tensor], seeds: Sequence[Any], outer: bool = True) -> list[Tensor]:
        """What a pullback found as Tensors of their own memory, zeros for ``None``."""
        raw = [seed._data if isinstance(seed, Node) else seed for seed in seeds]
        known = {node: g for node, g in zip(like, found, strict=True) if g is not None}
        tensors = as_gradients(known, raw)
        results = [tensors[node] if node in tensors else make_constant(np.zeros_like(node._data)[()]) for node in like]
        return results if outer else [conjugate(result) for result in results]

    def released(self, tree: Any) -> Any:
        """``tree`` with its Tensors cut from the graph where only our own stand-ins are behind them."""

        def release(leaf: Any) -> Any:
            if not isinstance(leaf, Tensor) or not leaf._requires_grad:
                return leaf
            if self.outside and (modes.state.record_all or nodes_since([leaf], self.first)[1]):
                return leaf
            return leaf.detach()

        return map_leaves(release, tree)

    def value(self) -> Any:
        """The function's output."""
        tree = unflatten(self.structure, self.outputs)
        return self.released(tree) if self.linked else map_leaves(Tensor.detach, tree)

    def in_arguments(self, leaves: Sequence[Any]) -> list[Any]:
        """Leaves, one per input, put together as the arguments are."""
        trees, start = [], 0
        for structure in self.structures:
            trees.append(unflatten(structure, leaves[start : start + structure.size]))
            start += structure.size
        return trees

    def scalar_seed(self) -> list[Any]:
        """The gradient of the output with respect to itself, for a function with one number as output."""
        if self.structure.kind is not None:
            got = f"a {self.structure.kind.__name__} of {self.structure.size} results"
            remedy = "pass has_aux=True for a pair of the output and something else, or use jacobian or vjp"
            raise _not_scalar(self.name, got, remedy)
        (output,) = self.outputs
        if output.size != 1:
            remedy = "reduce it (result.sum()), or use jacobian or vjp"
            raise _not_scalar(self.name, f"shape {output.shape}", remedy)
        if output.dtype.kind == "c":
            raise _not_scalar(self.name, "a complex number", "take .real or abs(), or use jacobian or vjp", "real ")
        if output.dtype.kind != "f":
            remedy = "let the function return a float; counts and comparisons have no gradient"
            raise _not_scalar(self.name, f"dtype {output.dtype}", remedy, "real ")
        return [np.ones_like(output._data)[()]]


def _not_scalar(name: str, got: str, remedy: str, kind: str = "") -> GradientError:
    return GradientError(
        explain(name, expected=f"a function that returns one {kind}number (shape ())", got=got, remedy=remedy)
    )


def _before_assignments(node: Any) -> Any:
    """The node that ``node`` was before ``x[i] = v`` in the function made it another."""
    change = node._changed
    while change is not None:
        if change.previous is None:
            change = change.earlier
        else:
            node = change.previous
            change = node._changed
    return node


def _as_tensor(seed: Any) -> Tensor:
    return seed if isinstance(seed, Node) else make_constant(seed)  # type: ignore[return-value]


class Linearization:
    """The function from tangents of a trace's inputs to tangents of its outputs.

    The vector-Jacobian product u -> J^T u is linear, so its own vector-Jacobian product is t -> J t. It is
    recorded as a function of u alone: its rules read the primals as plain arrays, unless somebody outside
    differentiates with respect to them.

    Attributes:
        trace: what is linearized.
        seeds: the Tensors u.
        ends: per input of the trace its entry of J^T u, ``None`` where that does not depend on u.
        pullback: from the ends that are not ``None`` to the seeds.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        with modes.enable_grad():
            self.seeds = [
                make_leaf(Tensor, np.ones_like(out._data)[()], out.dtype.kind in "fc") for out in trace.outputs
            ]
            used = [seed if seed._requires_grad else None for seed in self.seeds]
            transposed = trace.pullback(used, record=trace.linked)
        self.ends = [g if isinstance(g, Tensor) and g._requires_grad else None for g in transposed]
        self.pullback = Pullback([end for end in self.ends if end is not None], self.seeds, trace.first)

    def __call__(self, tangents: Sequence[Any]) -> Any:
        """The tangents of the outputs, built like the output, for one tangent per input."""
        used = [t for t, end in zip(tangents, self.ends, strict=True) if end is not None]
        found = self.trace.finish(self.trace.run(self.pullback, used), self.seeds, used, outer=False)
        return unflatten(self.trace.structure, found)


def matching(leaf: Any, node: Tensor, name: str, where: str) -> Any:
    """A tangent or cotangent, checked against the node it belongs to; a Tensor stays one."""
    if not isinstance(leaf, Node):
        leaf = as_value(leaf)
    if leaf.shape != node.shape:
        raise TypeError(
            explain(
                name,
                expected=f"{where} to have the shape {node.shape} of what it belongs to",
                got=f"shape {leaf.shape}",
                remedy="pass one number for every entry",
            )
        )
    if leaf.dtype.kind == "c" and node.dtype.kind != "c":
        raise TypeError(
            explain(
                name,
                expected=f"{where} to be real, as what it belongs to",
                got=f"dtype {leaf.dtype}",
                remedy="take its real part, or pass complex primals",
            )
        )
    return leaf if leaf.dtype == node.dtype or node.dtype.kind not in "fc" else leaf.astype(node.dtype)


def flatten_tangents(trace: Trace, tree: Any) -> list[Any]:
    """The leaves of the tangents, one for each input of ``trace``, checked."""
    name = trace.name
    if not isinstance(tree, tuple | list) or len(tree) != len(trace.structures):
        raise TypeError(
            explain(
                name,
                expected=f"a tuple of {len(trace.structures)} tangents, one for each primal",
                got=f"{len(tree)}" if isinstance(tree, tuple | list) else type(tree).__name__,
                remedy="build the tangents like the primals",
            )
        )
    leaves, paths = [], []
    for position, (structure, tangent) in enumerate(zip(trace.structures, tree, strict=True)):
        leaves += flatten_as(structure, tangent, name, f"tangents[{position}]")
        paths += structure.paths(f"tangents[{position}]")
    return [matching(leaf, node, name, path) for leaf, node, path in zip(leaves, trace.inputs, paths, strict=True)]


def positions_of(name: str, argnums: int | Sequence[int], args: Sequence[Any]) -> tuple[int, ...]:
    """``argnums`` as positions, checked against the arguments that came."""
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    positions = []
    for number in numbers:
        if not isinstance(number, int) or isinstance(number, bool):
            raise TypeError(
                explain(name, expected="argnums to be an int or ints", got=repr(argnums), remedy="pass argnums=0")
            )
        if not -len(args) <= number < len(args):
            raise TypeError(
                explain(
                    name,
                    expected=f"positional argument {number}, as argnums says",
                    got=f"{len(args)} positional argument{'s' if len(args) != 1 else ''}",
                    remedy="pass the arguments to differentiate by position, or correct argnums",
                )
            )
        positions.append(number % len(args))
    if len(set(positions)) != len(positions):
        raise ValueError(
            explain(name, expected="different argnums", got=repr(argnums), remedy="name every argument once")
        )
    return tuple(positions)


def check_function(name: str, f: Any) -> None:
    """Refuse what cannot be called before it fails somewhere else."""
    if not callable(f):
        raise TypeError(
            explain(
                name,
                expected="a function",
                got=f"a {type(f).__name__}",
                remedy=f"write ag.{name}(f)(x): the function goes in here, the values into what comes out",
            )
        )


def described(transformed: Any, f: Any, kind: str) -> Any:
    """Give a transformed function the name and documentation of the original."""
    functools.update_wrapper(transformed, f, updated=())
    transformed.__name__ = f"{kind}({getattr(f, '__name__', type(f).__name__)})"
    transformed.__doc__ = f"{kind} of: {getattr(f, '__doc__', None) or transformed.__name__}"
    return transformed
