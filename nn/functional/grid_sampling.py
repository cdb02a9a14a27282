"""Reading images and volumes at arbitrary places, and the places that affine maps lead to."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain

__all__ = ["affine_grid", "grid_sample"]

_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")


def _value(x: Any) -> Any:
    """The value of a Tensor: for indices, which have no gradient."""
    return x.detach() if isinstance(x, Tensor) else x


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The places that an affine map takes every pixel of the result to, for ``grid_sample``.

    grid[n, i, j] = theta[n] · (x_j, y_i, 1), where x and y run over the centres of the pixels from -1 to 1.

    Args:
        theta: shape (N, 2, 3) for images, (N, 3, 4) for volumes.
        size: the shape of the result of ``grid_sample``: (N, C, H, W) or (N, C, D, H, W).
        align_corners: whether -1 and 1 are the centres of the outermost pixels, rather than their outer edges.

    Returns:
        A Tensor of shape (N, H, W, 2) or (N, D, H, W, 3).

    Raises:
        ValueError: for shapes that do not belong together.

    Source: Jaderberg et al., "Spatial transformer networks", 2015.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.affine_grid(ag.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), (1, 1, 1, 2))
    tensor([[[[-0.5,  0. ],
              [ 0.5,  0. ]]]])
    """
    lengths = tuple(int(n) for n in size)
    axes = len(lengths) - 2
    if axes not in (2, 3) or theta.shape != (lengths[0], axes, axes + 1) or min(lengths) < 1:
        raise ValueError(
            explain(
                "affine_grid",
                expected="theta of shape (N, 2, 3) with size (N, C, H, W), or (N, 3, 4) with (N, C, D, H, W)",
                got=f"theta of shape {theta.shape} and size {lengths}",
                remedy="pass one matrix per image, and the full shape of the result",
            )
        )
    plane = lengths[2:]
    ranges = []
    for n in plane:
        places = np.linspace(-1.0, 1.0, n) if n > 1 else np.zeros(1)
        ranges.append(places if align_corners else places * ((n - 1) / n))
    meshes = np.meshgrid(*ranges, indexing="ij")
    base = np.stack([*reversed(meshes), np.ones(plane)], axis=-1).reshape(-1, axes + 1).astype(theta.dtype)
    return np.reshape(base @ np.swapaxes(theta, 1, 2), (lengths[0], *plane, axes))


def _clipped(place: Any, length: int) -> Any:
    """Places brought into the image; those outside and on the border have no gradient."""
    value = _value(place)
    inside = (value > 0) & (value < length - 1)
    return np.where(inside, place, np.clip(value, 0, length - 1))


def _reflected(place: Any, low: float, span: float) -> Any:
    """Places folded back at ``low`` and ``low + span`` as often as it takes."""
    if span == 0:
        return place * 0.0
    distance = np.abs(place - low)
    folds = np.floor(_value(distance) / span)
    rest = distance - folds * span
    return np.where(folds % 2 == 0, rest, span - rest) + low


def _padded(place: Any, length: int, padding_mode: str, align_corners: bool) -> Any:
    if padding_mode == "reflection":
        place = _reflected(place, 0.0, length - 1.0) if align_corners else _reflected(place, -0.5, float(length))
    return place if padding_mode == "zeros" else _clipped(place, length)


def _whole(place: Any, length: int) -> Any:
    """Integers from places that are whole numbers; -1 and ``length`` stand for all that lie outside."""
    value = _value(place)
    return np.clip(np.where(np.isnan(value), -1.0, value), -1, length).astype(np.int64)


def _read(flat: Any, index: Sequence[Any], plane: tuple[int, ...]) -> Any:
    """The entries at integer places, 0 outside the image; shape (N, C, P)."""
    inside: Any = True
    place: Any = 0
    for i, n in zip(index, plane, strict=True):
        inside = inside & (i >= 0) & (i < n)
        place = place * n + np.clip(i, 0, n - 1)
    entries = np.take_along_axis(flat, place[:, None, :], axis=-1)
    return np.where(inside[:, None, :], entries, 0.0)


def _cubic_weights(t: Any) -> list[Any]:
    """Cubic convolution with a = -0.75 of four neighbours, for a place ``t`` behind the second."""
    a = -0.75

    def far(d: Any) -> Any:
        return ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a

    def near(d: Any) -> Any:
        return ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0

    return [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)]


def _neighbours(place: Any, length: int, mode: str, padding_mode: str, align_corners: bool) -> list[tuple[Any, Any]]:
    """Along one axis: the indices that go into each place, and their weights (``None`` for 1)."""
    if mode == "bicubic":
        low = np.floor(_value(place))
        weights = _cubic_weights(place - low)
        return [
            (_whole(np.floor(_value(_padded(low + o, length, padding_mode, align_corners)) + 0.5), length), w)
            for o, w in zip((-1.0, 0.0, 1.0, 2.0), weights, strict=True)
        ]
    place = _padded(place, length, padding_mode, align_corners)
    if mode == "nearest":
        return [(_whole(np.rint(_value(place)), length), None)]
    low = np.floor(_value(place))
    share = place - low
    return [(_whole(low, length), 1.0 - share), (_whole(low + 1.0, length), share)]


def _check(input: Any, grid: Any, mode: str, padding_mode: str) -> None:
    if mode not in _MODES or padding_mode not in _PADDINGS:
        raise ValueError(
            explain(
                "grid_sample",
                expected=f"a mode of {', '.join(_MODES)} and a padding_mode of {', '.join(_PADDINGS)}",
                got=f"{mode!r} and {padding_mode!r}",
                remedy="pass one of these",
            )
        )
    axes = input.ndim - 2
    fits = axes in (2, 3) and grid.ndim == input.ndim and grid.shape[-1] == axes and grid.shape[0] == input.shape[0]
    if not fits or not all(input.shape[2:]) or (mode == "bicubic" and axes != 2):
        raise ValueError(
            explain(
                "grid_sample",
                expected="an input (N, C, H, W) with a grid (N, H', W', 2), or (N, C, D, H, W) with (N, D', H', W', 3)"
                + (", and images for mode 'bicubic'" if mode == "bicubic" else ""),
                got=f"shapes {input.shape} and {grid.shape}",
                remedy="pass one place (x, y) or (x, y, z) per pixel of the result",
            )
        )


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """An image or volume read at the places of ``grid``.

    A place (x, y) lies at column ((x + 1) W - 1)/2 and row ((y + 1) H - 1)/2, or at (x + 1)(W - 1)/2 and
    (y + 1)(H - 1)/2 with ``align_corners``. What is read there is a weighted sum of the neighbours; the
    gradient goes to these with the same weights, and to the place through the weights.

    Args:
        input: shape (N, C, H, W) or (N, C, D, H, W).
        grid: shape (N, H', W', 2) with places (x, y), or (N, D', H', W', 3) with (x, y, z).
        mode: ``"bilinear"`` (for volumes trilinear), ``"nearest"`` or, for images, ``"bicubic"``.
        padding_mode: what lies outside: ``"zeros"``, ``"border"`` (the nearest pixel) or ``"reflection"``.
        align_corners: whether -1 and 1 are the centres of the outermost pixels, rather than their outer edges.

    Returns:
        A Tensor of shape (N, C, H', W') or (N, C, D', H', W').

    Raises:
        ValueError: for another mode, or shapes that do not belong together.

    Source: Jaderberg et al., "Spatial transformer networks", 2015.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.grid_sample(ag.tensor([[[[1.0, 3.0]]]]), ag.tensor([[[[0.0, 0.0], [0.5, 0.0], [9.0, 0.0]]]]))
    tensor([[[[2., 3., 0.]]]])
    """
    _check(input, grid, mode, padding_mode)
    plane, out = input.shape[2:], grid.shape[1:-1]
    corners = bool(align_corners)
    flat = np.reshape(input, (*input.shape[:2], math.prod(plane)))
    places = np.reshape(grid, (grid.shape[0], math.prod(out), len(plane)))
    neighbours = []
    for axis, n in enumerate(plane):
        place = places[..., len(plane) - 1 - axis]
        place = (place + 1.0) * ((n - 1) / 2) if corners else ((place + 1.0) * n - 1.0) / 2
        neighbours.append(_neighbours(place, n, mode, padding_mode, corners))
    total: Any = None
    for chosen in itertools.product(*neighbours):
        entries = _read(flat, [index for index, _ in chosen], plane)
        weights = [weight for _, weight in chosen if weight is not None]
        if weights:
            entries = entries * math.prod(weights[1:], start=weights[0])[:, None, :]
        total = entries if total is None else total + entries
    return np.reshape(total, (*input.shape[:2], *out))
