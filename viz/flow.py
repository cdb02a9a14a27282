"""What happens to values on their way: broadcasting and sums on an edge, detached Tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograd_core import Tensor
from autograd_core.primitive import Primitive

# Operations that add up (or average) the entries along an axis.
SUMS = ("sum", "mean")


def note_on_shapes(primitive: Primitive | None, parent: Tensor, node: Tensor, attributes: Mapping[str, Any]) -> str:
    """What an operation did to the shape of an input, and what that means for the gradient; mostly nothing.

    >>> import autograd_core as ag
    >>> bias = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> total = ag.Tensor([[1.0] * 3] * 64) + bias
    >>> note_on_shapes(total.primitive, bias, total, {})
    'broadcast (3,) → (64, 3); gradient summed over axis 0'
    """
    if primitive is None or primitive.multiple:
        return ""
    shape, target = parent.shape, node.shape
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
    return f"broadcast {shape} → {target}; gradient summed over {_axes(axes, len(target))}"


def _reduced(axis: Any, count: int) -> list[int]:
    if axis is None:
        return list(range(count))
    return sorted(int(one) % count for one in (axis if isinstance(axis, tuple | list) else (axis,)))


def _axes(axes: list[int], count: int) -> str:
    if len(axes) == count and count > 1:
        return "all axes"
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"


def detached_from(constant: Tensor) -> Tensor | None:
    """The Tensor that requires a gradient and of which a constant is the detached value, if it still exists."""
    found = [alias() for alias in getattr(constant, "_aliases", ())]
    sources = [
        tensor
        for tensor in found
        if tensor is not None and tensor.requires_grad and tensor._data is constant._data and tensor is not constant
    ]
    return min(sources, key=lambda tensor: tensor.index, default=None)
