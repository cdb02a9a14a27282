"""Many small pictures in one: filters, and feature maps."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import no_grad
from autograd_core.errors import explain
from nn.layers.convolution import Conv1d, Conv2d
from nn.module import Module

from ..style import LINE
from .figures import axes_for, count, diverging, figure_of, numbers, written
from .models import captured, find_layer, first_tensor, one_sample, undisturbed

# Between tiles, in pixels of the tiles.
GAP = 1


def plot_filters(
    layer: Any,
    *,
    channel: int | None = None,
    columns: int | None = None,
    most: int = 64,
    ax: Any = None,
) -> Any:
    """Draw the kernels of a convolution as tiles, 0 white, positive weights blue and negative ones orange.

    With one input channel (or one chosen) the filters fill rows; otherwise filter k is row k, with a tile for
    each input channel.

    Args:
        layer: a convolution (``nn.Conv2d``, ``nn.Conv1d``); a model, whose first convolution is drawn; or a
            weight of shape (out, in, height, width) or (out, in, width).
        channel: draw the kernels of this input channel only.
        columns: how many tiles there are in a row, if there is one input channel.
        most: how many filters to draw, and how many input channels.
        ax: where to draw, a new figure if left out.

    Returns:
        The figure, whose image has NaN between tiles.

    Raises:
        TypeError: if ``layer`` is nothing of the kind.
        ValueError: for a weight of other axes, a model without convolutions, a channel that is not there.

    >>> import nn, viz
    >>> figure = viz.plot_filters(nn.Conv2d(1, 6, 5), columns=3)
    >>> figure.axes[0].get_images()[0].get_array().shape  # 2 × 3 tiles of 5 × 5, and lines between them
    (11, 17)
    """
    operation = "plot_filters"
    count(operation, "most", most)
    name, weight = _weight(operation, layer)
    total = weight.shape[:2]
    if channel is not None:
        if isinstance(channel, bool) or not isinstance(channel, int) or not -total[1] <= channel < total[1]:
            raise ValueError(
                explain(
                    operation,
                    expected=f"channel from 0 to {total[1] - 1}",
                    got=repr(channel),
                    remedy="choose one of the layer's input channels",
                )
            )
        weight = weight[:, [channel]]
    shown = weight[:most, :most]
    single = shown.shape[1] == 1
    if single:
        columns = _columns(operation, columns, len(shown))
        picture = montage(shown[:, 0], columns)
    else:
        picture = montage(shown.reshape(-1, *shown.shape[2:]), shown.shape[1])
    axes = axes_for(ax, operation, *_size(picture))
    limit = float(np.nanmax(np.abs(picture))) or 1.0
    image = axes.imshow(picture, cmap=diverging(operation), vmin=-limit, vmax=limit, interpolation="nearest")
    axes.figure.colorbar(image, ax=axes, shrink=0.8, label="weight")
    axes.set_facecolor(LINE)
    left_out = "" if shown.shape[:2] == weight.shape[:2] else f", {shown.shape[0]} × {shown.shape[1]} drawn"
    of = "1 input channel" if total[1] == 1 else f"{total[1]} input channels"
    which = "" if channel is None else f" (channel {channel})"
    axes.set_title(f"{written(name)}: {total[0]} filters of {of}{which}{left_out}", fontsize="medium")
    if single:
        axes.set(xticks=[], yticks=[])
    else:
        _name_tiles(axes, shown.shape, "input channel", "filter")
    return figure_of(axes)


def plot_feature_maps(
    model: Any,
    x: Any,
    layer: Any,
    *,
    columns: int | None = None,
    most: int = 64,
    ax: Any = None,
) -> Any:
    """Draw what a layer makes of one sample: the channels of its output as tiles, or as lines of a heat map.

    The model runs once, in evaluation mode, without recording.

    Args:
        model: the module.
        x: a batch of one sample in the form that the model takes; one image (C, H, W) if it has a Conv2d.
        layer: the layer whose output to draw: its path in the model, or itself.
        columns: how many tiles there are in a row.
        most: how many channels to draw.
        ax: where to draw, a new figure if left out.

    Returns:
        The figure. For an output (1, C, H, W) its image consists of tiles, with NaN between them; for
        (1, C, L) and (1, C) it has a row per channel.

    Raises:
        TypeError: if ``model`` is no module.
        ValueError: for a layer that is not in the model, or does not run, for several samples, and for an
            output of other axes.

    >>> import nn, numpy as np, viz
    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
    >>> figure = viz.plot_feature_maps(model, np.ones((1, 1, 8, 8)), "1")
    >>> figure.axes[0].get_images()[0].get_array().shape  # 2 × 2 tiles of 6 × 6
    (13, 13)
    """
    operation = "plot_feature_maps"
    count(operation, "most", most)
    path, module = find_layer(operation, model, layer)
    outputs: list[Any] = []
    with undisturbed(model), no_grad(), captured([module], lambda _, inputs, output: outputs.append(output)):
        model(one_sample(operation, "x", x, model))
    tensor = first_tensor(outputs[0]) if outputs else None
    if tensor is None or tensor.ndim not in (2, 3, 4) or tensor.shape[0] != 1 or tensor.size == 0:
        got = "no call of the layer" if not outputs else "no Tensor" if tensor is None else f"shape {tensor.shape}"
        raise ValueError(
            explain(
                operation,
                expected="layer to give an output of shape (1, C, H, W), (1, C, L) or (1, C)",
                got=got,
                remedy="choose a convolution, or a unit behind it",
            )
        )
    maps = tensor._data[0]
    shown = maps[:most]
    tiled = maps.ndim == 3
    picture = montage(shown, _columns(operation, columns, len(shown))) if tiled else shown.reshape(len(shown), -1)
    axes = axes_for(ax, operation, *_size(picture))
    image = axes.imshow(picture, cmap="cividis", interpolation="nearest", aspect="equal" if tiled else "auto")
    axes.figure.colorbar(image, ax=axes, shrink=0.8, label="value")
    left_out = "" if len(shown) == len(maps) else f", {len(shown)} drawn"
    name = f"{path} {type(module).__name__}".strip()
    axes.set_title(f"{written(name)}: {len(maps)} channels{left_out}", fontsize="medium")
    axes.set_facecolor(LINE)
    if tiled:
        axes.set(xticks=[], yticks=[])
    elif picture.shape[1] == 1:
        axes.set(xticks=[], ylabel="unit")
    else:
        axes.set(xlabel="position", ylabel="channel")
    return figure_of(axes)


def montage(tiles: Any, columns: int) -> Any:
    """Tiles (n, height, width) in rows of ``columns``, with a line of NaN between any two."""
    height, width = (length + GAP for length in tiles.shape[1:])
    rows = -(-len(tiles) // columns)
    picture = np.full((rows * height - GAP, columns * width - GAP), np.nan)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        picture[row * height :, column * width :][: height - GAP, : width - GAP] = tile
    return picture


def _columns(operation: str, columns: int | None, tiles: int) -> int:
    if columns is None:
        return int(np.ceil(np.sqrt(tiles)))
    return min(count(operation, "columns", columns), tiles)


def _size(picture: Any) -> tuple[float, float]:
    """The width and the height of a figure for an image, in inches."""
    height, width = picture.shape
    scale = 6.0 / max(height, width)
    return max(3.0, width * scale) + 1.2, max(2.2, height * scale) + 0.5


def _name_tiles(axes: Any, shape: tuple[int, ...], across: str, down: str) -> None:
    """Number the rows and columns of tiles at their middles."""
    outputs, inputs, height, width = shape
    for axis, tiles, length in ((axes.xaxis, inputs, width), (axes.yaxis, outputs, height)):
        step = -(-tiles // 16)
        middles = [(length - 1) / 2 + k * (length + GAP) for k in range(0, tiles, step)]
        axis.set_ticks(middles, [str(k) for k in range(0, tiles, step)])
    axes.set(xlabel=across, ylabel=down)


def _weight(operation: str, layer: Any) -> tuple[str, Any]:
    """What the convolution is called, and its weight as an array (out, in, height, width)."""
    name = "weight"
    if isinstance(layer, Module):
        found = [(path, m) for path, m in layer.named_modules() if isinstance(m, Conv1d | Conv2d)]
        if not found:
            raise ValueError(
                explain(
                    operation,
                    expected="layer to be a Conv1d or Conv2d, or a model with one",
                    got=f"a {type(layer).__name__} without any",
                    remedy="pass the layer, or the weight to draw",
                )
            )
        path, module = found[0]
        name, weight = f"{path} {type(module).__name__}".strip(), numbers(module.weight)
    elif isinstance(layer, str) or not hasattr(layer, "__len__"):
        raise TypeError(
            explain(
                operation,
                expected="layer to be a convolution, a model, or a weight",
                got=type(layer).__name__,
                remedy="pass model.conv1, say",
            )
        )
    else:
        weight = numbers(layer)
    if weight.ndim == 3:
        weight = weight[:, :, None]
    if weight.ndim != 4 or not weight.size or weight.dtype.kind not in "fiu":
        raise ValueError(
            explain(
                operation,
                expected="a weight of shape (out, in, height, width) or (out, in, width)",
                got=f"shape {weight.shape} of dtype {weight.dtype}",
                remedy="pass the weight of a convolution",
            )
        )
    return name, weight
