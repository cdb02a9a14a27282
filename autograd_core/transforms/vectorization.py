"""``vmap``: a function of one example as a function of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import modes
from ..errors import explain
from ..recording import Node, make_constant
from ..tensor import Tensor
from ..values import as_value
from .batching import CannotBatch
from .examples import Count, expand, hide, show, sizes_of, vectorizing
from .tracing import check_function, described
from .trees import Structure, flatten, unflatten

__all__ = ["vmap"]


def vmap(
    f: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0, *, axis_size: int | None = None
) -> Callable[..., Any]:
    """The function that applies ``f`` to every example along an axis of its arguments, all at once.

    vmap(f)(x)_i = f(x_i). ``f`` is called once, with Tensors that look like one example and hold all of
    them; so every operation runs once, on arrays with one axis more. An operation that cannot do that runs on
    one example after the other, with the same result. Derivatives go through ``vmap``, and inside of it
    ``grad``, ``jacobian``, ``hessian`` and ``vmap`` itself give a result for every example: ``vmap(grad(loss),
    in_axes=(None, 0, 0))(parameters, x, y)`` is the gradient of each example's loss.

    ``f`` may not decide by values (``if x > 0``: use ``np.where``) nor turn them into Python numbers.
    Random numbers that are drawn inside are the same for all examples. A Tensor that was made inside is of no use
    outside: return what is needed there.

    Args:
        f: a function of arrays and nested structures of them, made of ``np.*``, ``ag.*`` and operators.
        in_axes: which axis of the arguments counts the examples: an int for all of them, or a tuple with one
            entry per positional argument. ``None`` hands an argument to all examples as it is. For an argument
            that is a nested structure, one entry for all its leaves or a structure of entries like it.
            Arguments by name are taken along their first axis.
        out_axes: where the results count the examples: an int, or a structure like the output of ``f``. ``None``
            is for a result that does not depend on the example.
        axis_size: the number of examples, if no argument tells.

    Returns:
        A function of the same arguments, each with one axis more. Its results have one axis more, too.

    Raises:
        TypeError: if ``f`` asks for the value of a Tensor as a truth value, a number or an array, or returns
            something else than Tensors, arrays and numbers.
        ValueError: if the arguments disagree about the number of examples, lack the axis, or do not tell.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> def distance(a, b):
    ...     return np.sqrt(((a - b) ** 2).sum())
    >>> points, center = np.array([[3.0, 4.0], [6.0, 8.0]]), np.zeros(2)
    >>> ag.vmap(distance, in_axes=(0, None))(points, center)
    tensor([ 5., 10.])
    >>> ag.vmap(ag.grad(distance), in_axes=(0, None))(points, center)
    tensor([[0.6, 0.8],
            [0.6, 0.8]])
    """
    check_function("vmap", f)

    def transformed(*args: Any, **kwargs: Any) -> Any:
        around = () if modes.state.vectorization is None else modes.state.vectorization.sizes
        leaves, structure, axes = _arguments(args, kwargs, in_axes)
        n = Count(_number_of_examples(leaves, structure, axes, axis_size))
        with vectorizing((*around, n)):
            stand_ins = [
                leaf if axis is None else hide(_first(_tensor(leaf, around), axis), count=n)
                for leaf, axis in zip(leaves, axes, strict=True)
            ]
            args, kwargs = unflatten(structure, stand_ins)
            try:
                result = f(*args, **kwargs)
            except CannotBatch as error:
                raise _asked_for_values(error) from None
            results, structure = flatten(result)
            places = _axes("out_axes", out_axes, structure, "")
            return unflatten(
                structure,
                [
                    _finished(leaf, place, (*around, n), path)
                    for leaf, place, path in zip(results, places, structure.paths(), strict=True)
                ],
            )

    return described(transformed, f, "vmap")


def _tensor(leaf: Any, sizes: tuple[Count, ...]) -> Any:
    return expand(leaf if isinstance(leaf, Node) else make_constant(as_value(leaf)), sizes)


def _first(x: Tensor, axis: int) -> Any:
    """``x`` with that axis first."""
    return np.moveaxis(x, axis, 0) if axis % x.ndim else x


def _arguments(args: Any, kwargs: Any, in_axes: Any) -> tuple[list[Any], Structure, list[Any]]:
    """The leaves of the arguments, their structure, and the axis of each leaf."""
    leaves, structure = flatten((args, kwargs))
    if isinstance(in_axes, list):
        in_axes = tuple(in_axes)
    if isinstance(in_axes, tuple) and len(in_axes) != len(args):
        raise ValueError(
            explain(
                "vmap",
                expected=f"in_axes with one entry for each of the {len(args)} positional arguments",
                got=f"{len(in_axes)} entries",
                remedy="write None for an argument that all examples share",
            )
        )
    of_args, of_kwargs = structure.children
    axes = _axes("in_axes", in_axes, of_args, "") + [0] * of_kwargs.size
    return leaves, structure, axes


def _axes(name: str, axes: Any, structure: Structure, path: str) -> list[Any]:
    """One axis per leaf of ``structure``, from a structure that may end earlier."""
    if axes is None or (isinstance(axes, int | np.integer) and not isinstance(axes, bool)):
        return [axes] * structure.size
    if isinstance(axes, dict) and structure.kind is not None and issubclass(structure.kind, dict):
        fits = axes.keys() == set(structure.keys)
        entries = [axes[key] for key in structure.keys] if fits else []
    else:
        entries = list(axes) if isinstance(axes, list | tuple) else []
        fits = isinstance(axes, list | tuple) and structure.kind is not None and len(axes) == len(structure.keys)
    if not fits:
        kind = "one array" if structure.kind is None else f"a {structure.kind.__name__} of {len(structure.keys)}"
        raise ValueError(
            explain(
                "vmap",
                expected=f"{name}{path} to be an axis (an int), None, or a structure of these like {kind}",
                got=repr(axes),
                remedy="pass one int for all leaves",
            )
        )
    found: list[Any] = []
    for key, entry, child in zip(structure.keys, entries, structure.children, strict=True):
        found += _axes(name, entry, child, f"{path}[{key!r}]")
    return found


def _number_of_examples(leaves: Sequence[Any], structure: Structure, axes: Sequence[Any], size: Any) -> int:
    paths = structure.paths()
    if size is not None and (not isinstance(size, int | np.integer) or size < 0):
        raise ValueError(
            explain(
                "vmap", expected="axis_size to be a number of examples", got=repr(size), remedy="pass an int from 0 on"
            )
        )
    found: dict[int, str] = {} if size is None else {int(size): "axis_size"}
    for leaf, axis, path in zip(leaves, axes, paths, strict=True):
        if axis is None:
            continue
        where = _argument(path)
        shape = leaf.shape if isinstance(leaf, Tensor) else np.shape(leaf)
        if not -len(shape) <= axis < len(shape):
            raise ValueError(
                explain(
                    "vmap",
                    expected=f"{where} to have an axis {axis} that counts the examples",
                    got=f"shape {shape}",
                    remedy="pass None in in_axes for what all examples share, by position"
                    if where.startswith("argument '")
                    else "pass None in in_axes for what all examples share",
                )
            )
        found.setdefault(shape[axis], where)
    if len(found) != 1:
        counts = ", ".join(f"{n} in {where}" for n, where in found.items())
        raise ValueError(
            explain(
                "vmap",
                expected="one number of examples",
                got=counts or "no argument with an axis that counts them",
                remedy="choose the axes with in_axes" if found else "pass axis_size",
            )
        )
    return next(iter(found))


def _argument(path: str) -> str:
    """``[0][2]['w']`` -> ``argument 2['w']``; ``[1]['x']`` -> ``argument 'x'``."""
    place, _, rest = path[3:].partition("]")
    return f"argument {place[1:]}{rest}"


def _finished(leaf: Any, axis: int | None, sizes: tuple[Count, ...], path: str) -> Any:
    """A result of the function as a result of ``vmap``."""
    if not isinstance(leaf, Node):
        try:
            leaf = make_constant(as_value(leaf))
        except TypeError as error:
            raise TypeError(f"vmap: the function returned at {path or 'its output'}: {error}") from None
    if axis is None:
        if len(sizes_of(leaf)) == len(sizes):
            raise ValueError(
                explain(
                    "vmap",
                    expected=f"a result{f' at {path}' if path else ''} that is the same for all examples, as "
                    "out_axes=None says",
                    got="one that depends on the example",
                    remedy="pass the axis along which the results are to be stacked",
                )
            )
        return leaf
    visible = show(expand(leaf, sizes))
    if not -visible.ndim <= axis < visible.ndim:
        raise ValueError(
            explain(
                "vmap",
                expected=f"out_axes within the {visible.ndim} axes of the result",
                got=str(axis),
                remedy="count the axes of one example's result, and one for the examples",
            )
        )
    return visible if axis == 0 else np.moveaxis(visible, 0, axis)


def _asked_for_values(error: CannotBatch) -> TypeError:
    return TypeError(
        explain(
            "vmap",
            expected="a function that treats all examples alike",
            got=f"{error} asked of a Tensor that differs from example to example",
            remedy="use np.where instead of if, and Tensors instead of Python numbers and arrays",
        )
    )
