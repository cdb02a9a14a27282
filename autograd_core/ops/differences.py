"""Differences of neighbours, and what is made of them: numerical derivatives and integrals."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import explain
from ..primitive import Array, define, implements
from .axes import along, as_array, axes_of, cut, existing, one_axis, pytorch_names

__all__ = ["diff", "ediff1d", "gradient", "trapezoid"]


def _diff_rule(g: Any, out: Any, x: Any, axis: int) -> Any:
    """Entry i is added in out_(i-1) and subtracted in out_i."""
    if x.shape[axis] < 2:
        return np.zeros_like(g, shape=x.shape)
    inner = cut(g, None, -1, axis) - cut(g, 1, None, axis)
    return np.concatenate([-cut(g, 0, 1, axis), inner, cut(g, -1, None, axis)], axis=axis)


_diff = define("diff", lambda x, axis: np.diff(x, axis=axis), _diff_rule, formulas="±1", symbol="Δ")


@implements(np.diff)
@pytorch_names
def diff(x: Array, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Array:
    """The differences of neighbours along an axis: out_k = x_(k+1) - x_k, taken ``n`` times.

    Args:
        x: an array with at least one axis.
        n: how many times.
        axis: the axis to run along.
        prepend: what stands before ``x``: a number, or an array that joins along ``axis``.
        append: what stands after ``x``, likewise.

    Returns:
        An array that is shorter by ``n`` along ``axis``.

    Raises:
        ValueError: for a negative ``n``, and for no axes.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 4.0, 9.0], requires_grad=True)
    >>> ag.diff(x)
    tensor([3., 5.], operation=diff)
    >>> table = (ag.diff(x) ** 2).sum().backward()
    >>> x.grad
    tensor([-6., -4., 10.])
    """
    x = as_array(x)
    if n < 0 or x.ndim == 0:
        raise ValueError(
            explain(
                "diff",
                expected="n >= 0 and an array with an axis",
                got=f"n={n} and shape {x.shape}",
                remedy="pass such arguments",
            )
        )
    axis = one_axis(axis, x.ndim)
    parts = [x if part is x else _slab(part, x, axis) for part in (prepend, x, append) if part is not None]
    if len(parts) > 1:
        x = np.concatenate(parts, axis=axis)
    for _ in range(n):
        x = _diff(x, axis=axis)
    return x


def _slab(part: Any, x: Any, axis: int) -> Any:
    """A number repeated so that it joins ``x`` along ``axis``; an array as it is."""
    if np.ndim(part):
        return as_array(part)
    return np.zeros_like(x, shape=(*x.shape[:axis], 1, *x.shape[axis + 1 :])) + part


@implements(np.ediff1d)
def ediff1d(x: Array, to_end: Any = None, to_begin: Any = None) -> Array:
    """The differences of neighbours among all entries in a row.

    Args:
        x: an array; it is flattened.
        to_end: entries to put after the differences.
        to_begin: entries to put before them.

    Returns:
        A vector.

    >>> import autograd_core as ag
    >>> ag.ediff1d(ag.tensor([[1.0, 2.0], [4.0, 7.0]]), to_begin=0.0)
    tensor([0., 1., 2., 3.])
    """
    differences = diff(np.reshape(as_array(x), (-1,)))
    parts = [np.reshape(as_array(part), (-1,)) for part in (to_begin, differences, to_end) if part is not None]
    return np.concatenate(parts) if len(parts) > 1 else differences


@implements(*existing("trapezoid", "trapz"))
@pytorch_names
def trapezoid(y: Array, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Array:
    """The integral along an axis by the trapezoidal rule: sum of (x_(k+1) - x_k) (y_k + y_(k+1)) / 2.

    Args:
        y: the values of the integrand.
        x: where they were taken: a vector along ``axis``, or an array of the shape of ``y``. It has a
            gradient too.
        dx: the distance of neighbours, where ``x`` is left out.
        axis: the axis to integrate over.

    Returns:
        An array without ``axis``.

    >>> import autograd_core as ag
    >>> y = ag.tensor([1.0, 2.0, 4.0], requires_grad=True)
    >>> ag.trapezoid(y, dx=0.5).item()
    2.25
    >>> table = ag.trapezoid(y, dx=0.5).backward()
    >>> y.grad
    tensor([0.25, 0.5 , 0.25])
    """
    y = as_array(y)
    axis = one_axis(axis, y.ndim)
    if x is not None:
        x = as_array(x)
        dx = along(diff(x), axis, y.ndim) if x.ndim == 1 else diff(x, axis=axis)
    return np.sum(dx * (cut(y, 1, None, axis) + cut(y, None, -1, axis)) / 2.0, axis=axis)


@implements(np.gradient)
@pytorch_names
def gradient(f: Array, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """The numerical derivative of samples along axes, by differences (not the gradient of the engine).

    Inside it is the second-order formula for the distances h to the left and k to the right,
    (h² f(x+k) - k² f(x-h) + (k² - h²) f(x)) / (h k (h + k)); at the ends it is a one-sided difference of
    order ``edge_order``.

    Args:
        f: samples of a function on a grid.
        varargs: the distance of neighbours (1, if left out), one for each axis or one for all; or the
            coordinates along each axis. Tensors among them have gradients too.
        axis: the axis or axes to differentiate along; all, if left out.
        edge_order: 1 or 2.

    Returns:
        An array of the shape of ``f``; a tuple with one for each axis, if there are several.

    Raises:
        ValueError: for too few samples, or coordinates that do not fit.

    >>> import autograd_core as ag
    >>> ag.gradient(ag.tensor([1.0, 4.0, 9.0]))
    tensor([3., 4., 5.])
    """
    f = as_array(f)
    axes = axes_of(axis, f.ndim)
    if edge_order not in (1, 2):
        raise ValueError(
            explain("gradient", expected="edge_order=1 or 2", got=f"edge_order={edge_order}", remedy="pass one")
        )
    distances = [_distances(f, i, spacing) for i, spacing in zip(axes, _spacings(varargs, len(axes)), strict=True)]
    results = []
    for i, distance in zip(axes, distances, strict=True):
        if f.shape[i] < edge_order + 1:
            raise ValueError(
                explain(
                    "gradient",
                    expected=f"at least {edge_order + 1} samples along axis {i}",
                    got=f"shape {f.shape}",
                    remedy="pass more samples, or name other axes",
                )
            )
        result = _derivative(f, distance, i, edge_order)
        results.append(result.astype(f.dtype) if f.dtype.kind in "fc" and result.dtype != f.dtype else result)
    # NumPy gives a bare array for one axis.
    return results[0] if len(results) == 1 else tuple(results)


def _spacings(varargs: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    if not varargs:
        return (1.0,) * count
    if len(varargs) == 1 and np.ndim(varargs[0]) == 0:
        return varargs * count
    if len(varargs) != count:
        raise TypeError(
            explain(
                "gradient",
                expected=f"one distance for all axes, or one for each of {count}",
                got=f"{len(varargs)}",
                remedy="pass as many distances or coordinate vectors as axes",
            )
        )
    return varargs


def _distances(f: Any, axis: int, spacing: Any) -> Any:
    """A number, or the distances of neighbours as a vector."""
    if np.ndim(spacing) == 0:
        return spacing
    spacing = as_array(spacing)
    if spacing.shape != (f.shape[axis],):
        raise ValueError(
            explain(
                "gradient",
                expected=f"{f.shape[axis]} coordinates along axis {axis}",
                got=f"shape {spacing.shape}",
                remedy="pass one coordinate for each sample",
            )
        )
    return diff(spacing)


def _derivative(f: Any, distance: Any, axis: int, edge_order: int) -> Any:
    def at(place: int) -> Any:
        return cut(f, place, place + 1 or None, axis)

    before, middle, after = cut(f, None, -2, axis), cut(f, 1, -1, axis), cut(f, 2, None, axis)
    if np.ndim(distance) == 0:
        inside = (after - before) / (2.0 * distance)
        left = right = (distance, distance)
    else:
        h, k = (along(part, axis, f.ndim) for part in (distance[:-1], distance[1:]))
        inside = (h * h * after - k * k * before + (k * k - h * h) * middle) / (h * k * (h + k))
        left, right = (distance[0], distance[min(1, distance.shape[0] - 1)]), (distance[-1], distance[-2:][0])
    if edge_order == 1:
        first, last = (at(1) - at(0)) / left[0], (at(-1) - at(-2)) / right[0]
    else:
        first, last = _one_sided(at(0), at(1), at(2), *left), -_one_sided(at(-1), at(-2), at(-3), *right)
    return np.concatenate([first, inside, last], axis=axis)


def _one_sided(f0: Any, f1: Any, f2: Any, h: Any, k: Any) -> Any:
    """The second-order derivative at the place of f0, with f1 at the distance h from it and f2 at h + k."""
    return -(2 * h + k) / (h * (h + k)) * f0 + (h + k) / (h * k) * f1 - h / (k * (h + k)) * f2
