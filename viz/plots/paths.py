"""``plot_paths``: the ways that optimizers take over a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from autograd_core import Tensor, enable_grad
from autograd_core.errors import explain

from .figures import Look, axes_for, count, figure_of, legend, look, numbers, option, written
from .grid import evaluate_grid
from .models import undisturbed
from .surface import draw_contours, moved, tensors_of, two_directions

OPERATION = "plot_paths"
APART = 0.03  # of the picture: points of a path that are closer than that share a marker
LOWEST = 1e-6  # of the highest loss: where the levels of a logarithmic scale begin, at the lowest


class Ground(NamedTuple):
    """What the paths lie on.

    Attributes:
        size: how many numbers a point of a path has.
        project: points, shape (n, size), to their places in the picture, shape (n, 2).
        height: the loss at a place of the picture.
        loss: the loss at a point of a path.
        labels: of the two axes.
    """

    size: int
    project: Callable[[Any], Any]
    height: Callable[[float, float], Any]
    loss: Callable[[Any], float]
    labels: tuple[str, str]


def plot_paths(
    f: Callable[..., Any],
    paths: Mapping[str, Any],
    *,
    start: Any = None,
    steps: int | Mapping[str, int] = 100,
    parameters: Any = None,
    directions: Any = "principal",
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    points: int | None = None,
    levels: int = 12,
    scale: str = "auto",
    ax: Any = None,
) -> Any:
    """Draw a loss as contour lines, and over it the ways that optimizers take. The legend says where they end.

    A path is one of:

    - an array of points, shape (n, 2), or for a network (n, number of parameters), each row made by
      ``nn.utils.parameters_to_vector``;
    - a factory: a function that is given the parameters as a list, and returns an optimizer, as in
      ``lambda parameters: optim.Adam(parameters, lr=0.1)``; its ``step(closure)`` is called ``steps`` times;
    - a pair (factory, g) for an optimizer whose closure shall compute g, called as ``f`` is, instead of ``f``: the
      residuals of ``f`` for Levenberg–Marquardt, or the loss of another minibatch each time.

    With ``parameters``, it is the loss of a network on a plane. With "principal" directions that is the plane
    which lies closest to all points of all paths: it goes through their mean, along their first two principal
    components. Points are projected onto it at right angles, and each axis says what share of their variance
    it holds: where the two have little together, the picture says little. The losses in the legend are those of
    the points themselves. Parameters, gradients and modes are what they were before, when it is done.

    Args:
        f: a function of a point, that is of one array of shape (2,), which returns one number; or, with
            ``parameters``, a function without arguments that computes the loss with the present parameters.
        paths: what it is called -> the path.
        start: where optimizers start on a function of a point, two numbers.
        steps: how many steps they make, or {"what it is called": steps}. A path ends early where it leaves the
            finite numbers.
        parameters: the module that ``f`` uses (it is in evaluation mode meanwhile), or Tensors. Optimizers
            start from their present values.
        directions: of the plane in the space of the parameters: "principal", or two directions as
            ``plot_surface`` takes them; the plane then goes through the present parameters.
        xlim, ylim: what part to draw; around all paths if left out.
        points: how many values of each axis the loss is computed for; 61, or 25 with ``parameters``.
        levels: how many contour lines, about.
        scale: of the levels, ``"linear"`` or ``"log"``; ``"auto"`` is logarithmic for a loss that is positive
            everywhere and spans more than two orders of magnitude.
        ax: where to draw, a new figure if left out.

    Returns:
        The figure.

    Raises:
        TypeError: for a path that is none of the above, and a factory that returns no optimizer.
        ValueError: for points of another size, optimizers without a start, or nothing to draw.

    Source: Li, Xu, Taylor, Studer, Goldstein, "Visualizing the loss landscape of neural nets", 2018, section 7,
    for principal directions.

    >>> import optim, viz
    >>> def valley(p):
    ...     return 0.5 * (p[0] ** 2 + 20 * p[1] ** 2)
    >>> ways = {
    ...     "SGD": lambda parameters: optim.SGD(parameters, lr=0.05),
    ...     "Newton": lambda parameters: optim.Newton(parameters),
    ...     "by hand": [[10, 1], [10, 0], [0, 0]],
    ... }
    >>> figure = viz.plot_paths(valley, ways, start=[10, 1], steps={"SGD": 40, "Newton": 1}, points=9)
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['SGD: 0.83', 'Newton: 0', 'by hand: 0', 'start']
    """
    option(OPERATION, "scale", scale, ("auto", "linear", "log"))
    _check(paths, start, parameters, directions)
    if parameters is None:
        followed = _followed_point(f, paths, start, steps)
        ground = Ground(2, lambda vectors: vectors, _of_point(f), _loss_of_point(f), ("first number", "second number"))
        return _draw(ground, followed, xlim, ylim, points or 61, levels, scale, ax)
    tensors = tensors_of(parameters, OPERATION)
    with undisturbed(parameters):
        followed = _followed_network(f, paths, list(tensors.values()), steps)
        ground = _plane(f, tensors, followed, directions)
        return _draw(ground, followed, xlim, ylim, points or 25, levels, scale, ax)


def _check(paths: Any, start: Any, parameters: Any, directions: Any) -> None:
    """Refuse what cannot be drawn, before any time is spent."""
    if not isinstance(paths, Mapping) or not paths:
        raise TypeError(
            explain(
                OPERATION,
                expected='paths as {"what it is called": points, or a function that makes an optimizer}',
                got=f"{type(paths).__name__}" + ("" if isinstance(paths, Mapping) else ", without names"),
                remedy='pass {"SGD": lambda parameters: optim.SGD(parameters, lr=0.1)}, say',
            )
        )
    if parameters is None and not (isinstance(directions, str) and directions == "principal"):
        raise ValueError(
            explain(
                OPERATION,
                expected="directions for the parameters of a network",
                got="directions without parameters",
                remedy="pass parameters=model, or leave directions out",
            )
        )
    if isinstance(directions, str):
        option(OPERATION, "directions", directions, ("principal", "two directions"))
    runs = [name for name, path in paths.items() if _factory(name, path) is not None]
    if runs and parameters is None and (start is None or np.shape(numbers(start)) != (2,)):
        raise ValueError(
            explain(
                OPERATION,
                expected=f"start: the two numbers at which {', '.join(map(str, runs))} begins",
                got="none" if start is None else f"shape {np.shape(numbers(start))}",
                remedy="pass start=[-1.2, 1.0], say",
            )
        )
    if parameters is not None and start is not None:
        raise ValueError(
            explain(
                OPERATION,
                expected="a start, or the parameters of a network, which start where they are",
                got="both",
                remedy="leave start out, and load the values to start from into the network",
            )
        )


# -- the paths -----------------------------------------------------------------------------------


def _factory(name: str, path: Any) -> tuple[Callable[..., Any], Callable[..., Any] | None] | None:
    """The factory of an optimizer and what its closure computes; ``None`` for a path that is points already."""
    if callable(path):
        return path, None
    if isinstance(path, tuple) and len(path) == 2 and all(callable(part) for part in path):
        return path
    try:
        given = np.asarray(numbers(path), dtype=float)
    except (TypeError, ValueError):
        given = None
    if given is None or given.ndim == 0:
        raise TypeError(
            explain(
                OPERATION,
                expected=f"{name} to be points, a function that makes an optimizer, or (that function, closure)",
                got=type(path).__name__,
                remedy="pass lambda parameters: optim.SGD(parameters, lr=0.1), say",
            )
        )
    return None


def _followed_point(f: Any, paths: Mapping[str, Any], start: Any, steps: Any) -> dict[str, Any]:
    """The points of every path over a function of two numbers."""
    followed = {}
    for name, path in paths.items():
        factory = _factory(name, path)
        if factory is None:
            followed[name] = _points(name, path, 2)
            continue
        make, other = factory
        leaf = Tensor(np.array(numbers(start), dtype=float), requires_grad=True)
        value = _applied(other or f, leaf)
        followed[name] = follow(make, value, [leaf], _steps(name, steps))
    return followed


def _applied(function: Callable[..., Any], leaf: Tensor) -> Callable[[], Any]:
    return lambda: function(leaf)


def _followed_network(f: Any, paths: Mapping[str, Any], tensors: list[Tensor], steps: Any) -> dict[str, Any]:
    """The points of every path in the space of the parameters; each optimizer starts from their present values."""
    size = sum(tensor._data.size for tensor in tensors)
    followed = {}
    for name, path in paths.items():
        factory = _factory(name, path)
        if factory is None:
            followed[name] = _points(name, path, size)
            continue
        make, other = factory
        with _on_copies(tensors):
            followed[name] = follow(make, other or f, tensors, _steps(name, steps))
    return followed


def _points(name: str, path: Any, size: int) -> Any:
    given = np.asarray(numbers(path), dtype=float)
    if given.ndim != 2 or given.shape[1] != size or not len(given):
        raise ValueError(
            explain(
                OPERATION,
                expected=f"{name} of shape (n, {size}): a row for every point",
                got=f"shape {given.shape}",
                remedy="pass np.stack(list of points)",
            )
        )
    return _finite(name, given)


def _finite(name: str, points: Any) -> Any:
    """The points up to the first one that is not finite."""
    broken = ~np.isfinite(points).all(axis=1)
    kept = points[: int(broken.argmax())] if broken.any() else points
    if not len(kept):
        raise ValueError(
            explain(
                OPERATION,
                expected=f"{name} to begin at a finite point",
                got=str(points[0]),
                remedy="start somewhere else",
            )
        )
    return kept


def _steps(name: str, steps: Any) -> int:
    if isinstance(steps, Mapping) and name not in steps:
        raise ValueError(
            explain(OPERATION, expected=f"steps of {name}", got="none", remedy="name every optimizer in steps")
        )
    return count(OPERATION, "steps", steps[name] if isinstance(steps, Mapping) else steps)


@contextmanager
def _on_copies(tensors: Sequence[Tensor]) -> Iterator[None]:
    """Let the Tensors be changed within a block; afterwards they are as if nothing had been."""
    kept = [(tensor, tensor._data, tensor.grad, tensor._changed) for tensor in tensors]
    try:
        for tensor, value, _, _ in kept:
            tensor._data = np.array(value)
            tensor.grad = None
        yield
    finally:
        for tensor, value, gradient, changed in kept:
            tensor._data, tensor.grad, tensor._changed = value, gradient, changed


def follow(make: Callable[..., Any], value: Callable[[], Any], tensors: list[Tensor], steps: int) -> Any:
    """Let an optimizer make some steps from the present values, which it changes.

    Args:
        make: a function of the list of Tensors that returns the optimizer.
        value: computes the loss, or what else the optimizer's closure is to return.
        tensors: the parameters.
        steps: how many.

    Returns:
        The points it visits as rows, the first one included, until they are not finite any more.
    """
    optimizer = make(tensors)
    if not callable(getattr(optimizer, "step", None)):
        raise TypeError(
            explain(
                OPERATION,
                expected="a function that makes an optimizer, with a method step",
                got=type(optimizer).__name__,
                remedy="pass lambda parameters: optim.SGD(parameters, lr=0.1), say",
            )
        )

    def closure() -> Any:
        for tensor in tensors:
            tensor.grad = None
        with enable_grad():
            result = value()
            if isinstance(result, Tensor) and result._data.size == 1 and result.requires_grad:
                result.backward()
        return result

    visited = [_vector(tensors)]
    with np.errstate(all="ignore"):
        for _ in range(steps):
            optimizer.step(closure)
            visited.append(_vector(tensors))
            if not np.isfinite(visited[-1]).all():
                break
    return _finite(type(optimizer).__name__, np.stack(visited))


def _vector(tensors: Sequence[Tensor]) -> Any:
    return np.concatenate([np.array(tensor._data, dtype=float).reshape(-1) for tensor in tensors])


# -- what they lie on ----------------------------------------------------------------------------


def _of_point(f: Callable[..., Any]) -> Callable[[float, float], Any]:
    return lambda x, y: f(np.array([x, y]))


def _loss_of_point(f: Callable[..., Any]) -> Callable[[Any], float]:
    return lambda point: _at(_of_point(f), *point)


def _at(height: Callable[[float, float], Any], x: float, y: float) -> float:
    return float(evaluate_grid(height, [x, x], [y, y])[0, 0])


def _plane(f: Callable[[], Any], tensors: Mapping[str, Tensor], followed: Mapping[str, Any], directions: Any) -> Ground:
    """The loss of a network on a plane through the space of its parameters."""
    held = list(tensors.values())
    present = _vector(held)
    every = np.concatenate(list(followed.values()))
    if isinstance(directions, str):
        origin, basis = every.mean(axis=0), principal_directions(every)
        words = "first principal direction", "second principal direction"
    else:
        given = two_directions(directions, tensors, OPERATION)
        origin, basis = present, np.stack([np.concatenate([part.reshape(-1) for part in one]) for one in given])
        words = "a, along direction 1", "b, along direction 2"
    if np.linalg.matrix_rank(basis) < 2:
        raise ValueError(
            explain(
                OPERATION,
                expected="two directions that do not depend on each other",
                got="the same one twice, or zeros",
                remedy="pass others, or leave directions out",
            )
        )
    coordinates = np.linalg.pinv(basis)
    units = basis / np.linalg.norm(basis, axis=1, keepdims=True)
    total = float(((every - origin) ** 2).sum())
    shares = (((every - origin) @ units.T) ** 2).sum(axis=0) / (total or 1.0)
    cuts = np.cumsum([tensor._data.size for tensor in held])[:-1]

    def loss(point: Any) -> float:
        offsets = [part.reshape(t.shape) for part, t in zip(np.split(point - present, cuts), held, strict=True)]
        with moved(held, offsets):
            return _at(lambda x, y: f(), 0.0, 0.0)

    return Ground(
        len(present),
        lambda vectors: (vectors - origin) @ coordinates,
        lambda a, b: loss(origin + a * basis[0] + b * basis[1]),
        loss,
        (f"{words[0]}, {shares[0]:.0%} of the variance", f"{words[1]}, {shares[1]:.0%} of the variance"),
    )


def principal_directions(points: Any) -> Any:
    """The two directions along which points vary most, as orthogonal rows of length 1.

    Args:
        points: shape (n, p), p at least 2.

    Returns:
        An array of shape (2, p). The largest number of each direction is positive.

    >>> principal_directions(np.array([[0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 1.0, 0.0]])).round(2)
    array([[ 0.98, -0.18,  0.  ],
           [ 0.18,  0.98,  0.  ]])
    """
    size = points.shape[1]
    if size < 2:
        raise ValueError(
            explain(OPERATION, expected="at least two parameters", got=str(size), remedy="plot the loss over it")
        )
    centred = points - points.mean(axis=0)
    # The unit vectors behind the data stand in where these vary along one line only, or not at all.
    spare = np.eye(size)[:2] * 1e-9 * (float(np.abs(centred).max()) or 1.0)
    _, _, rows = np.linalg.svd(np.concatenate([centred, spare]), full_matrices=False)
    found = rows[:2]
    largest = found[np.arange(2), np.abs(found).argmax(axis=1)]
    return found * np.where(largest < 0, -1.0, 1.0)[:, None]


# -- the picture ---------------------------------------------------------------------------------


def _draw(
    ground: Ground, followed: Mapping[str, Any], xlim: Any, ylim: Any, points: int, levels: int, scale: str, ax: Any
) -> Any:
    count(OPERATION, "points", points, 3)
    places = {name: ground.project(path) for name, path in followed.items()}
    every = np.concatenate(list(places.values()))
    xs, ys = (
        np.linspace(*_limits(name, given, every[:, k]), points)
        for k, (name, given) in enumerate((("xlim", xlim), ("ylim", ylim)))
    )
    with np.errstate(all="ignore"):
        values = evaluate_grid(ground.height, xs, ys)
        ends = {name: ground.loss(path[-1]) for name, path in followed.items()}
    scale = _scale(values) if scale == "auto" else scale
    if scale == "log" and np.isfinite(values).any():
        values = np.where(values >= 0, np.maximum(values, LOWEST * values[np.isfinite(values)].max()), values)
    axes = axes_for(ax, OPERATION, 6.4, 4.8)
    draw_contours(axes, xs, ys, values, levels=levels, scale=scale, operation=OPERATION)
    view = np.array([xs[-1] - xs[0], ys[-1] - ys[0]])
    for number, (name, place) in enumerate(places.items()):
        _path(axes, place, look(number), f"{written(name)}: {ends[name]:.2g}", view)
    starts = np.unique(np.stack([place[0] for place in places.values()]), axis=0)
    square = {"marker": "s", "markersize": 8, "color": "black", "markeredgecolor": "white", "linestyle": "none"}
    axes.plot(*starts.T, label="start", **square)
    axes.set(xlim=(xs[0], xs[-1]), ylim=(ys[0], ys[-1]), xlabel=ground.labels[0], ylabel=ground.labels[1])
    legend(axes)
    return figure_of(axes)


def _path(axes: Any, place: Any, style: Look, label: str, view: Any) -> None:
    """A line on a white one, so that it shows on dark ground, with a larger marker where it ends."""
    point = {"color": style.color, "marker": style.marker, "markeredgecolor": "white", "markeredgewidth": 0.5}
    axes.plot(*place.T, color="white", linewidth=3.2, alpha=0.8)
    axes.plot(
        *place.T,
        linestyle=style.linestyle,
        linewidth=1.5,
        markersize=5,
        markevery=_apart(place / view),
        label=label,
        **point,
    )
    axes.plot(*place[-1:].T, linestyle="none", markersize=9, **point)


def _apart(place: Any) -> list[int]:
    """Which points have a marker: the first, and each that is some way from the one before it with a marker."""
    kept = [0]
    for number in range(1, len(place)):
        if np.abs(place[number] - place[kept[-1]]).max() >= APART:
            kept.append(number)
    return kept


def _limits(name: str, given: Any, values: Any) -> tuple[float, float]:
    """What part of an axis to draw: what was asked for, or all points and some room around them."""
    if given is None:
        low, high = float(values.min()), float(values.max())
        room = 0.15 * (high - low) or 1.0
        return low - room, high + room
    if np.shape(given) != (2,) or not np.isfinite(given).all() or not given[0] < given[1]:
        raise ValueError(
            explain(OPERATION, expected=f"{name} as (low, high)", got=repr(given), remedy=f"pass {name}=(-1, 1), say")
        )
    return float(given[0]), float(given[1])


def _scale(values: Any) -> str:
    there = values[np.isfinite(values)]
    return "log" if there.size and there.min() >= 0 and there.max() > 100 * there.min() else "linear"
