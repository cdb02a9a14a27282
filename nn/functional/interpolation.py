"""Images and signals made larger or smaller: nearest neighbour, linear, cubic, windowed sinc."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Tensor
from autograd_core.errors import explain
from autograd_core.primitive import Primitive, define

from ..explicit import wants_parts
from ..pooling_windows import check_lengths
from ..resampling import Axis, Table, is_identity, repeats, table
from ..sizes import check_number, per_axis
from .average_pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]

# The kind of map along an axis, for the modes that are maps along one axis after the other.
_KINDS = {
    "nearest": "nearest",
    "nearest-exact": "nearest-exact",
    "linear": "linear",
    "bilinear": "linear",
    "trilinear": "linear",
    "bicubic": "cubic",
    "lanczos": "lanczos",
}
_MODES = (*_KINDS, "area")
_AXES = {"linear": 1, "bilinear": 2, "bicubic": 2, "lanczos": 2, "trilinear": 3}
_WITH_CORNERS = ("linear", "bilinear", "bicubic", "trilinear", "lanczos")

# -- maps along one axis -----------------------------------------------------------------------------


def _like(array: Any, x: Any) -> Any:
    """A table of weights in the dtype and the library of ``x``."""
    if type(x) is np.ndarray:
        return array if array.dtype == x.dtype else array.astype(x.dtype)
    return np.array(array.tolist(), dtype=x.dtype, like=x)


def _in_dense_form(x: Any, spec: Table, behind: int) -> Any:
    """The map as a product with a matrix, the fastest way along short axes."""
    matrix = _like(spec.matrix(x.dtype), x)
    axis = x.ndim - 1 - behind
    if behind == 0:
        shape = (*x.shape[:-1], spec.out)
        return (x.reshape(math.prod(x.shape[:-1]), spec.length) @ matrix.T).reshape(shape)
    shape = (*x.shape[:axis], spec.out, *x.shape[axis + 1 :])
    rows = x.reshape(math.prod(x.shape[:axis]), spec.length, math.prod(x.shape[axis + 1 :]))
    return (matrix @ rows).reshape(shape)


def _tap_by_tap(x: Any, spec: Table, behind: int) -> Any:
    """The map as a sum over the few entries that go into each result."""
    axis = x.ndim - 1 - behind
    shape = (spec.out,) + (1,) * behind
    total: Any = None
    for index, weights in zip(spec.index, spec.weights, strict=True):
        part = np.take(x, index, axis=axis)
        if not spec.plain:
            part *= _like(weights.astype(x.dtype), x).reshape(shape)
        if total is None:
            total = part
        else:
            total += part
    return total


def _along(x: Any, spec: Table, behind: int) -> Any:
    if spec.plain and len(spec.index) == 1:
        return np.take(x, spec.index[0], axis=x.ndim - 1 - behind)
    with np.errstate(all="ignore"):
        # A zero of the matrix would turn an infinity anywhere in a row into NaN.
        if spec.dense and x.size and bool(np.isfinite(np.sum(x))):
            return _in_dense_form(x, spec, behind)
        return _tap_by_tap(x, spec, behind)


def _sum_repeated(g: Any, times: int, behind: int) -> Any:
    """The transpose of repeating every entry ``times`` times along an axis."""
    rest = (slice(None),) * behind
    total = g[(..., slice(0, None, times), *rest)] + g[(..., slice(1, None, times), *rest)]
    for first in range(2, times):
        total += g[(..., slice(first, None, times), *rest)]
    return total


def _ordered(axes: tuple[Axis, ...]) -> list[tuple[Axis, int]]:
    """The axes that change, each with the number of axes behind it; those that shrink most come first."""
    found = [(axis, behind) for behind, axis in enumerate(reversed(axes)) if not is_identity(axis)]
    return sorted(found, key=lambda pair: pair[0].out / pair[0].length)


def _resampled(x: Any, axes: tuple[Axis, ...]) -> Any:
    check_lengths(x, tuple(axis.length for axis in axes))
    y = x
    for axis, behind in _ordered(axes):
        y = _along(y, table(axis), behind)
    return np.copy(x) if y is x else y


def _transposed(g: Any, axes: tuple[Axis, ...]) -> Any:
    check_lengths(g, tuple(axis.out for axis in axes))
    y = g
    for axis, behind in reversed(_ordered(axes)):
        times = repeats(axis)
        y = _sum_repeated(y, times, behind) if times > 1 else _along(y, table(axis, transposed=True), behind)
    return np.copy(g) if y is g else y


_interpolate: Primitive = define(
    "interpolate",
    _resampled,
    lambda g, out, x, axes: _interpolate_transposed(g, axes=axes),
    formulas="weights",
    doc="Values between the entries of an array, along its last axes.",
)
_interpolate_transposed: Primitive = define(
    "interpolate_transposed",
    _transposed,
    lambda gg, out, g, axes: _interpolate(gg, axes=axes),
    formulas="weights",
    doc="Every entry added, with its weights, to the entries that it was interpolated from.",
)


def _parts(x: Any, axes: tuple[Axis, ...]) -> Any:
    """Interpolation in elementary operations: neighbours taken, weighted and added."""
    for axis, behind in _ordered(axes):
        spec = table(axis)
        at = x.ndim - 1 - behind
        terms = [np.take(x, index, axis=at) for index in spec.index]
        if not spec.plain:
            shape = (spec.out,) + (1,) * behind
            terms = [t * w.astype(x.dtype).reshape(shape) for t, w in zip(terms, spec.weights, strict=True)]
        x = sum(terms[1:], terms[0])
    return x


# -- arguments ---------------------------------------------------------------------------------------


def _refuse(expected: str, got: str, remedy: str) -> ValueError:
    return ValueError(explain("interpolate", expected=expected, got=got, remedy=remedy))


def _check_mode(mode: str, ndim: int, align_corners: bool | None, antialias: bool) -> None:
    if mode not in _MODES:
        raise _refuse(f"a mode of {', '.join(_MODES)}", repr(mode), "pass one of these")
    if ndim not in (3, 4, 5):
        raise _refuse(
            "an input of shape (N, C, L), (N, C, H, W) or (N, C, D, H, W)", f"{ndim} axes", "add the missing axes"
        )
    if _AXES.get(mode, ndim - 2) != ndim - 2:
        fitting = {1: "linear", 2: "bilinear", 3: "trilinear"}[ndim - 2]
        raise _refuse(f"mode {mode!r} with {_AXES[mode] + 2} axes", f"{ndim} axes", f"pass mode={fitting!r}")
    if align_corners is not None and mode not in _WITH_CORNERS:
        raise _refuse(
            f"align_corners with one of the modes {', '.join(_WITH_CORNERS)} only", f"mode {mode!r}", "leave it out"
        )
    if antialias and mode not in ("bilinear", "bicubic", "lanczos"):
        raise _refuse("antialias with mode 'bilinear', 'bicubic' or 'lanczos' only", f"mode {mode!r}", "leave it out")
    if mode == "lanczos" and (align_corners or not antialias):
        raise _refuse(
            "mode 'lanczos' with antialias=True and without align_corners",
            f"antialias={antialias}, align_corners={align_corners}",
            "pass antialias=True",
        )


def _sizes(
    shape: tuple[int, ...], size: Any, scale_factor: Any, recompute: bool | None
) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    """The lengths of the result, and the scale factors that places are computed with (``None``: their ratio)."""
    axes = len(shape)
    if (size is None) == (scale_factor is None):
        raise _refuse("either size or scale_factor", "both" if size is not None else "neither", "pass one of them")
    none: tuple[float | None, ...] = (None,) * axes
    if size is not None:
        if recompute:
            raise _refuse("recompute_scale_factor with scale_factor only", "a size", "leave it out")
        return per_axis(size, axes, "interpolate", "size", least=1), none
    factors = tuple(scale_factor) if isinstance(scale_factor, list | tuple | np.ndarray) else (scale_factor,) * axes
    for factor in factors:
        check_number("interpolate", "scale_factor", factor)
    if len(factors) != axes or not all(factor > 0 for factor in factors):
        raise _refuse(
            f"scale_factor to be one positive number or {axes}", repr(scale_factor), "pass scale_factor=2, say"
        )
    out = tuple(math.floor(n * float(factor)) for n, factor in zip(shape, factors, strict=True))
    if min(out) < 1:
        raise _refuse(
            "a result of at least one entry along every axis",
            f"lengths {out} for an input of {shape} and scale_factor={scale_factor}",
            "pass a larger scale_factor",
        )
    return out, none if recompute else tuple(float(factor) for factor in factors)


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Signals, images or volumes made larger or smaller.

    Entry i of the result lies at s = (i + ½) n/m - ½ among the n entries of an axis, where m is its new length;
    with ``align_corners`` at s = i (n - 1)/(m - 1), so that first and last entries stay what they are. Its value
    is, along one axis after the other,

    - ``"nearest"``: the entry ⌊i n/m⌋; ``"nearest-exact"``: the entry nearest to s;
    - ``"linear"``, ``"bilinear"``, ``"trilinear"`` (1, 2, 3 axes): with k = ⌊s⌋, (1 - s + k) x[k] + (s - k) x[k+1];
    - ``"bicubic"`` (2 axes): the cubic convolution of 4 neighbours with a = -0.75;
    - ``"lanczos"`` (2 axes, with ``antialias``): 6 neighbours weighted by sinc(d) sinc(d/3);
    - ``"area"``: the mean of the entries that it covers, see ``adaptive_avg_pool2d``.

    The gradient goes back with the same weights.

    Args:
        input: shape (N, C, L), (N, C, H, W) or (N, C, D, H, W).
        size: the new length, or one per axis.
        scale_factor: instead, m/n, or one per axis.
        mode: see above.
        align_corners: see above, for the linear and cubic modes.
        recompute_scale_factor: whether n/m is computed from the lengths rather than from ``scale_factor``.
        antialias: whether the weights are stretched when an image shrinks, so that every entry counts; for
            ``"bilinear"``, ``"bicubic"`` (with a = -0.5) and ``"lanczos"``.

    Returns:
        A Tensor of shape (N, C, ...) with the new lengths.

    Raises:
        ValueError: for both or none of size and scale_factor, or a mode that does not fit the input.
        TypeError: for integers in another mode than the nearest ones.

    Source: Keys, "Cubic convolution interpolation for digital image processing", 1981.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> x = ag.tensor([[[0.0, 2.0]]])
    >>> F.interpolate(x, scale_factor=2), F.interpolate(x, size=3, mode="linear", align_corners=True)
    (tensor([[[0., 0., 2., 2.]]]), tensor([[[0., 1., 2.]]]))
    """
    _check_mode(mode, input.ndim, align_corners, antialias)
    shape = input.shape[2:]
    out, scales = _sizes(shape, size, scale_factor, recompute_scale_factor)
    if not all(shape):
        raise _refuse("an input with entries along every axis", f"shape {input.shape}", "pass one that is not empty")
    if mode == "area":
        return (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[len(shape) - 1](input, out)
    if input.dtype.kind not in "fc" and not mode.startswith("nearest"):
        raise TypeError(
            explain(
                "interpolate",
                expected=f"floating-point numbers for mode {mode!r}",
                got=f"dtype {input.dtype}",
                remedy="convert the input: x.astype('float32')",
            )
        )
    single = input.dtype.kind == "f" and input.dtype.itemsize <= 4
    axes = tuple(
        Axis(_KINDS[mode], n, m, scale, bool(align_corners), bool(antialias), single)
        for n, m, scale in zip(shape, out, scales, strict=True)
    )
    return _parts(input, axes) if wants_parts() else _interpolate(input, axes=axes)


def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """``interpolate`` under its former name.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.upsample(ag.tensor([[[0.0, 2.0]]]), scale_factor=2)
    tensor([[[0., 0., 2., 2.]]])
    """
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """``interpolate`` with mode ``"nearest"``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.upsample_nearest(ag.tensor([[[0.0, 2.0]]]), scale_factor=2)
    tensor([[[0., 0., 2., 2.]]])
    """
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """``interpolate`` with mode ``"bilinear"`` and ``align_corners=True``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.upsample_bilinear(ag.tensor([[[[0.0, 2.0]]]]), size=(1, 3))
    tensor([[[[0., 1., 2.]]]])
    """
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
