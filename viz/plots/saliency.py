"""``plot_saliency``: which pixels a score depends on."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core import Tensor
from autograd_core.errors import explain
from nn.module import Module

from .figures import figure_of, new_figure
from .models import first_tensor, one_sample, undisturbed

OPERATION = "plot_saliency"


def plot_saliency(
    model: Any,
    x: Any,
    target: int | None = None,
    *,
    shape: tuple[int, ...] | None = None,
) -> Any:
    """Draw an image, and beside it |∂score/∂x|: how much each pixel moves the score of a class.

    The derivative is the engine's, taken in evaluation mode; gradients of parameters are left alone. Of
    several channels the greatest is shown.

    Args:
        model: a module or a function of a Tensor that returns scores (1, classes), (1, 1) or (1,).
        x: a batch of one sample in the form that the model takes; one image (C, H, W) if it has a Conv2d.
        target: the class whose score to differentiate; the one of the greatest score if left out.
        shape: the image's shape, (H, W) or (C, H, W), for models that take pixels in another form, such as one
            row (1, 784).

    Returns:
        The figure, with the image left and the saliency right.

    Raises:
        TypeError: if the model cannot be called.
        ValueError: for several samples, pixels that make no image, outputs that are no scores, and a class that
            is not there.

    Source: Simonyan, Vedaldi, Zisserman, "Deep inside convolutional networks", 2014.

    >>> import nn, numpy as np, viz
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    >>> figure = viz.plot_saliency(model, np.ones((1, 2, 2)), target=1)
    >>> saliency = figure.axes[1].get_images()[0].get_array()
    >>> bool(np.allclose(saliency.ravel(), abs(model[1].weight.data[1])))
    True
    """
    if not callable(model):
        raise TypeError(
            explain(
                OPERATION,
                expected="model to be a module or a function",
                got=type(model).__name__,
                remedy="pass the model, not its output",
            )
        )
    sample = one_sample(OPERATION, "x", x, model)
    image_shape = _image_shape(sample.shape[1:], shape)
    target, score, slope = _slope(model, sample, target)
    size = np.abs(slope).reshape(image_shape).max(axis=0)
    figure = new_figure(OPERATION, 8.4, 3.8)
    left, right = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2)
    _show_image(left, sample.reshape(image_shape))
    left.set_title("x")
    drawn = right.imshow(size, cmap="cividis", vmin=0, vmax=float(size.max()) or 1.0, interpolation="nearest")
    figure.colorbar(drawn, ax=right, shrink=0.85, label="|∂score/∂x|")
    right.set_title(f"saliency of class {target} (score {score:.4g})")
    for axes in (left, right):
        axes.set(xticks=[], yticks=[])
    return figure_of(left)


def _slope(model: Any, sample: Any, target: int | None) -> tuple[int, float, Any]:
    """The class, its score, and the derivative of it by the sample."""
    dtype = sample.dtype if sample.dtype.kind == "f" else np.dtype(float)
    if isinstance(model, Module):
        dtype = next((p.dtype for p in model.parameters() if p.dtype.kind == "f"), dtype)
    with undisturbed(model), ag.enable_grad():
        leaf = Tensor(sample.astype(dtype), requires_grad=True)
        scores = first_tensor(model(leaf))
        if scores is None or scores.shape[:1] != (1,) or scores.ndim > 2 or not scores.size:
            raise ValueError(
                explain(
                    OPERATION,
                    expected="a model that gives scores of shape (1, classes), (1, 1) or (1,)",
                    got="no Tensor" if scores is None else f"shape {scores.shape}",
                    remedy="pass a classifier, or a function that picks its scores",
                )
            )
        flat = scores._data.reshape(-1)
        if target is None:
            target = int(flat.argmax())
        if isinstance(target, bool) or not isinstance(target, int | np.integer) or not 0 <= target < flat.size:
            raise ValueError(
                explain(
                    OPERATION,
                    expected=f"target from 0 to {flat.size - 1}",
                    got=repr(target),
                    remedy="pass a class' number",
                )
            )
        seed = np.zeros_like(scores._data)
        seed.reshape(-1)[target] = 1
        found = ag.gradients(scores, leaf, seed, allow_unused=True)[0] if scores.requires_grad else None
    return int(target), float(flat[target]), np.zeros(sample.shape) if found is None else found._data


def _image_shape(of_sample: tuple[int, ...], given: tuple[int, ...] | None) -> tuple[int, int, int]:
    """(C, H, W) of the picture."""
    shape = tuple(of_sample if given is None else given)
    if len(shape) == 2:
        shape = (1, *shape)
    if len(shape) != 3 or int(np.prod(shape)) != int(np.prod(of_sample)):
        raise ValueError(
            explain(
                OPERATION,
                expected="an image (C, H, W)" if given is None else f"shape to hold {int(np.prod(of_sample))} pixels",
                got=f"a sample of shape {of_sample}" if given is None else f"shape={given}",
                remedy="pass shape=(28, 28), say, for pixels in one row",
            )
        )
    return shape[0], shape[1], shape[2]


def _show_image(axes: Any, image: Any) -> None:
    """Grey for one channel, colours for three (brought to 0 … 1), the mean of channels for other numbers."""
    if image.shape[0] == 3:
        low, high = float(image.min()), float(image.max())
        scaled = (image - low) / ((high - low) or 1.0)
        axes.imshow(np.moveaxis(scaled, 0, -1), interpolation="nearest")
    else:
        axes.imshow(image.mean(axis=0), cmap="gray", interpolation="nearest")
