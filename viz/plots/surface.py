"""``plot_surface``: the loss on a plane through the present parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from nn.module import Module

from .figures import axes_for, count, figure_of, need, numbers, option, pale
from .grid import evaluate_grid
from .models import undisturbed

Direction = list[Any]


def plot_surface(
    loss: Callable[[], Any],
    parameters: Any,
    directions: Any = None,
    *,
    span: float = 1.0,
    points: int = 25,
    levels: int = 12,
    scale: str = "linear",
    seed: int = 0,
    ax: Any = None,
) -> Any:
    """Draw the loss as contour lines on a plane: L(θ + a d₁ + b d₂) for a and b from −span to span.

    Without ``directions``, d₁ and d₂ are normal draws in which each filter (each row of a weight) is scaled to
    the norm of that of θ, and parameters of fewer than two axes stay as they are: so surfaces of different
    networks can be compared.

    The parameters are moved for the length of the call only: nothing is recorded, gradients are left alone,
    and the very same arrays are put back, after an error too.

    Args:
        loss: a function without arguments that computes the loss with the present parameters.
        parameters: the module that ``loss`` uses (it is in evaluation mode meanwhile), or Tensors.
        directions: two of: a list of arrays of the parameters' shapes, a flat array of all of them, or for a
            module name -> array, where what is left out does not move. Random ones if left out.
        span: how far to go along each direction.
        points: how many values of a, and of b; odd, so that the parameters themselves are among them.
        levels: how many contour lines, about.
        scale: of the levels, ``"linear"`` or ``"log"``.
        seed: of the random directions.
        ax: where to draw, a new figure if left out.

    Returns:
        The figure. Where the loss is not finite, it is blank.

    Raises:
        TypeError: if ``parameters`` are no Tensors.
        ValueError: for directions of other shapes, a span that is not positive, and a loss that is finite
            nowhere.

    Source: Li, Xu, Taylor, Studer, Goldstein, "Visualizing the loss landscape of neural nets", 2018.

    >>> import autograd_core as ag, viz
    >>> w = ag.tensor([3.0, 4.0], requires_grad=True)
    >>> figure = viz.plot_surface(lambda: (w * w).sum(), [w], directions=([[1, 0]], [[0, 1]]), points=5)
    >>> figure.axes[0].get_title(), w.tolist()
    ('loss surface, 25 at +', [3.0, 4.0])
    """
    operation = "plot_surface"
    option(operation, "scale", scale, ("linear", "log"))
    count(operation, "points", points, 3)
    if not 0 < span < np.inf:
        raise ValueError(
            explain(operation, expected="a positive span", got=f"span={span}", remedy="pass span=1.0, say")
        )
    tensors = tensors_of(parameters, operation)
    first, second = (
        random_directions(tensors.values(), seed)
        if directions is None
        else two_directions(directions, tensors, operation)
    )
    steps = np.linspace(-span, span, points)
    move = plane(loss, tensors.values(), first, second)
    with undisturbed(parameters):
        values = evaluate_grid(move, steps, steps)
        here = float(evaluate_grid(move, [0.0, 0.0], [0.0, 0.0])[0, 0])
    axes = axes_for(ax, operation, 5.6, 4.6)
    draw_contours(axes, steps, steps, values, levels=levels, scale=scale, operation=operation)
    axes.plot([0.0], [0.0], marker="+", markersize=12, markeredgewidth=2, linestyle="none", color="black")
    axes.set(title=f"loss surface, {here:.4g} at +", xlabel="a, along direction 1", ylabel="b, along direction 2")
    return figure_of(axes)


def plane(loss: Callable[[], Any], tensors: Any, first: Direction, second: Direction) -> Callable[[float, float], Any]:
    """The function (a, b) -> loss at θ + a·first + b·second, which moves ``tensors`` only while it is computed."""
    held = list(tensors)

    def at(a: float, b: float) -> Any:
        with moved(held, [a * d + b * e for d, e in zip(first, second, strict=True)]):
            return loss()

    return at


@contextmanager
def moved(tensors: Sequence[Tensor], offsets: Sequence[Any]) -> Iterator[None]:
    """Add offsets to the values of Tensors for the length of a block. The same arrays are put back after it."""
    before = [tensor._data for tensor in tensors]
    try:
        for tensor, value, offset in zip(tensors, before, offsets, strict=True):
            # Not by ``tensor.data = ...``, which would make every graph that holds the Tensor out of date.
            tensor._data = (value + offset).astype(value.dtype)
        yield
    finally:
        for tensor, value in zip(tensors, before, strict=True):
            tensor._data = value


def random_directions(tensors: Any, seed: int = 0) -> tuple[Direction, Direction]:
    """Two random directions, normalized filter by filter: ‖dᵢ‖ = ‖θᵢ‖ for each row i of each weight θ."""
    generator = np.random.default_rng(seed)
    held = [tensor._data for tensor in tensors]
    first, second = ([_like_filters(generator, value) for value in held] for _ in range(2))
    return first, second


def _like_filters(generator: np.random.Generator, value: Any) -> Any:
    if value.ndim < 2:
        return np.zeros(value.shape)
    draws = generator.standard_normal(value.shape)
    axes = tuple(range(1, value.ndim))
    own = np.sqrt((np.abs(value) ** 2).sum(axis=axes, keepdims=True, dtype=float))
    norms = np.sqrt((draws**2).sum(axis=axes, keepdims=True))
    return draws * own / np.maximum(norms, np.finfo(float).tiny)


def draw_contours(
    axes: Any, xs: Any, ys: Any, values: Any, *, levels: int = 12, scale: str = "linear", operation: str = "contours"
) -> Any:
    """Filled contours with numbers on their lines, so that heights can be read without their colours.

    Args:
        axes: where to draw.
        xs, ys: shapes (n,) and (m,).
        values: shape (m, n), as ``evaluate_grid`` gives them; what is not finite is left blank.
        levels: how many lines, about.
        scale: ``"linear"`` or ``"log"``, of the levels.
        operation: who draws, for the error.

    Returns:
        The filled contours.

    Raises:
        ValueError: if no value is finite, or with ``"log"`` positive.
    """
    there = np.isfinite(values) & (values > 0 if scale == "log" else True)
    if not there.any():
        raise ValueError(
            explain(
                operation,
                expected="a loss that is finite somewhere" + (", and positive" if scale == "log" else ""),
                got="none",
                remedy="pass a smaller span" + (", or scale='linear'" if scale == "log" else ""),
            )
        )
    shown = np.ma.masked_where(~there, values)
    at = _levels(float(shown.min()), float(shown.max()), levels, scale, operation)
    norm = need("colors", operation).LogNorm(at[0], at[-1]) if scale == "log" else None
    filled = axes.contourf(xs, ys, shown, levels=at, cmap=pale(operation), norm=norm)
    lines = axes.contour(xs, ys, shown, levels=at, colors="black", linewidths=0.5, alpha=0.7)
    axes.clabel(lines, fontsize="x-small", fmt="%.3g")
    axes.figure.colorbar(filled, ax=axes, label="loss", format="%.3g")
    axes.locator_params(nbins=5)
    return filled


def _levels(low: float, high: float, levels: int, scale: str, operation: str) -> Any:
    if not low < high:  # a plane that is flat
        width = max(abs(low), 1.0) * 1e-3
        return np.array([low - (0 if scale == "log" else width), low + width])
    if scale == "log":
        return np.geomspace(low, high, max(levels, 2))
    return np.asarray(need("ticker", operation).MaxNLocator(levels).tick_values(low, high))


def tensors_of(parameters: Any, operation: str) -> dict[str, Tensor]:
    """The Tensors of a module, or those in a list, by name."""
    if isinstance(parameters, Module):
        found: dict[str, Any] = dict(parameters.named_parameters())
    else:
        single = isinstance(parameters, Tensor) or not isinstance(parameters, Iterable)
        given = [parameters] if single else list(parameters)
        found = {str(number): tensor for number, tensor in enumerate(given)}
    if not found or not all(isinstance(tensor, Tensor) for tensor in found.values()):
        raise TypeError(
            explain(
                operation,
                expected="parameters to be a module, or the Tensors that the loss depends on",
                got=", ".join(sorted({type(tensor).__name__ for tensor in found.values()})) or "none",
                remedy="pass the model",
            )
        )
    return found


def two_directions(directions: Any, tensors: Mapping[str, Tensor], operation: str) -> tuple[Direction, Direction]:
    """Directions that were given in one of several forms, as lists of arrays of the parameters' shapes."""
    if isinstance(directions, Mapping) or len(directions) != 2:
        raise ValueError(
            explain(
                operation,
                expected="two directions",
                got=f"{type(directions).__name__} of {len(directions)}",
                remedy="pass a pair (first, second)",
            )
        )
    first, second = (_direction(given, tensors, operation) for given in directions)
    return first, second


def _direction(given: Any, tensors: Mapping[str, Tensor], operation: str) -> Direction:
    shapes = [tensor.shape for tensor in tensors.values()]
    if isinstance(given, Mapping):
        unknown = [str(name) for name in given if name not in tensors]
        parts = [numbers(given.get(name, np.zeros(tensor.shape))) for name, tensor in tensors.items()]
    else:
        unknown = []
        parts = _split(given, shapes)
    found = [part.shape for part in parts]
    if unknown or found != shapes:
        raise ValueError(
            explain(
                operation,
                expected=f"directions of the parameters' shapes {', '.join(map(str, shapes))}, or flat",
                got=f"names {', '.join(unknown)}" if unknown else ", ".join(map(str, found)) or "nothing",
                remedy="pass an array for every parameter",
            )
        )
    return [part.astype(float) for part in parts]


def _split(given: Any, shapes: list[tuple[int, ...]]) -> list[Any]:
    """A direction as a list of arrays; a flat array of all entries is taken apart."""
    if isinstance(given, Tensor | np.ndarray):
        flat = numbers(given)
        sizes = [int(np.prod(shape)) for shape in shapes]
        if flat.shape != (sum(sizes),):
            return [flat]
        cuts = np.cumsum(sizes)[:-1]
        return [part.reshape(shape) for part, shape in zip(np.split(flat, cuts), shapes, strict=True)]
    return [numbers(part) for part in given]
