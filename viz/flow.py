"""What happens to values on their way: broadcasting and sums on an edge, detached Tensors, values inside ``vmap``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograd_core import Tensor
from autograd_core.primitive import Primitive
from autograd_core.recording import DETACHED, OUTPUT
from autograd_core.values import entries_of

# Operations -> which of their inputs (by its number) is spread out over what they return, and which axes it has of
# that: the last ones, as many as the input has, or the channels, axis 1.
SPREAD: dict[str, dict[int, str]] = {
    "linear": {2: "last"},
    "convolution": {2: "channels"},
    "transposed_convolution": {2: "channels"},
    "layer_norm": {1: "last", 2: "last"},
    "rms_norm": {1: "last"},
    "batch_norm": {1: "channels", 2: "channels"},
    "batch_norm_with_running_statistics": {1: "channels", 2: "channels"},
    "group_norm": {1: "channels", 2: "channels"},
}

# What is said of a graph in which values are of many examples.
INSIDE_VMAP = (
    "Inside vmap, values and gradients are those of all examples, along a first axis. Formulas and axes are those of "
    "one example, and what all examples share gets the sum of their gradients."
)

# Operations that add up (or average) the entries along an axis.
SUMS = ("sum", "mean")


def note_on_shapes(
    primitive: Primitive | None, parent: Tensor, node: Tensor, attributes: Mapping[str, Any], position: int = 0
) -> str:
    """What an operation did to the shape of an input, and what that means for the gradient; mostly nothing.

    Args:
        primitive: the operation.
        parent: its input number ``position``, from 0.
        node: what it returned; of several outputs, one.
        attributes: its keyword arguments.
        position: see ``parent``.

    >>> import autograd_core as ag
    >>> bias = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> total = ag.Tensor([[1.0] * 3] * 64) + bias
    >>> note_on_shapes(total.primitive, bias, total, {})
    'broadcast (3,) → (64, 3); gradient summed over axis 0'
    """
    if primitive is None:
        return ""
    shape, target = parent.shape, node.shape
    if primitive.name in SPREAD:
        if node.primitive is OUTPUT and node.attributes["position"] > 0:  # statistics
            return ""
        return _note_on_broadcast(shape, target, _spread_over(SPREAD[primitive.name].get(position), shape, target))
    if primitive.multiple:
        return ""
    if primitive.name in SUMS:
        if shape == target:
            return ""
        word = "summed" if primitive.name == "sum" else "averaged"
        over = _axes(_reduced(attributes.get("axis"), len(shape)), len(shape))
        return f"{shape} {word} over {over} → {target}; gradient repeated along {over}"
    if primitive.name == "matmul":
        if len(shape) < 2 or len(target) < 2:
            return ""
        target = target[:-2] + shape[-2:]
    elif not primitive.elementwise and primitive.name != "broadcast_to":
        return ""
    if shape == target or len(shape) > len(target):
        return ""
    lead = len(target) - len(shape)
    axes = [*range(lead), *(lead + i for i, length in enumerate(shape) if length != target[lead + i])]
    return _note_on_broadcast(shape, target, axes)


def _spread_over(kept: str | None, shape: tuple[int, ...], target: tuple[int, ...]) -> list[int]:
    """The axes of what an operation returns that an input does not have; it has ``kept``, a word of ``SPREAD``."""
    if kept == "channels":
        return [0, *range(2, len(target))]
    return list(range(len(target) - len(shape))) if kept == "last" else []


def _note_on_broadcast(shape: tuple[int, ...], target: tuple[int, ...], axes: list[int]) -> str:
    return f"broadcast {shape} → {target}; gradient summed over {_axes(axes, len(target))}" if axes else ""


def _reduced(axis: Any, count: int) -> list[int]:
    if axis is None:
        return list(range(count))
    return sorted(int(one) % count for one in (axis if isinstance(axis, tuple | list) else (axis,)))


def _axes(axes: list[int], count: int) -> str:
    if len(axes) == count and count > 1:
        return "all axes"
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"


def inside_vmap(node: Tensor) -> bool:
    """Whether the node holds a value for each example of a ``vmap``."""
    return entries_of(node) is not node._data


def is_detached(constant: Tensor) -> bool:
    """Whether a constant was cut off a Tensor that requires a gradient, whether or not that still exists."""
    return constant.primitive is None and constant._instruction == DETACHED and not constant.requires_grad


def detached_from(constant: Tensor) -> Tensor | None:
    """The Tensor that requires a gradient and of which a constant is the detached value, if it still exists."""
    found = [alias() for alias in getattr(constant, "_aliases", ())]
    sources = [
        tensor
        for tensor in found
        if tensor is not None and tensor.requires_grad and tensor._data is constant._data and tensor is not constant
    ]
    return min(sources, key=lambda tensor: tensor.index, default=None)
