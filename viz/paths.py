"""``paths``: all ways from a result back to one node, highlighted in the picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograd_core import Tensor

from .drawing import Drawing
from .explain import explanation


def paths(
    result: Tensor,
    node: Tensor | str,
    *,
    names: Mapping[str, Any] | None = None,
    max_paths: int = 8,
    digits: int = 6,
    direction: str = "LR",
    renderer: str = "auto",
    theme: str = "light",
) -> Drawing:
    """Draw a graph with all paths from ``result`` back to ``node`` highlighted.

    Below a picture of numbers stands the product of the local derivatives along every path, and their sum, which is
    the gradient; below one of arrays, how many paths there are and how many nodes lie on them. ``viz.explain``
    says the same in words; ``viz.explain(result, node).draw()`` is this picture.

    Args:
        result: a Tensor of one element, the loss say.
        node: a leaf or an inner node that ``result`` depends on, or what the picture calls it.
        names: name -> Tensor, for Tensors without a name.
        max_paths: how many paths to write out.
        digits: significant digits of numbers.
        direction, renderer, theme: as for ``viz.draw``.

    Raises:
        TypeError: if ``result`` is no Tensor, or ``node`` neither a Tensor nor a name.
        ValueError: if ``result`` has several elements or does not depend on ``node``, or if no node is called so.

    >>> import autograd_core as ag, viz
    >>> x, y = (ag.tensor(3.0, requires_grad=True, name=name) for name in "xy")
    >>> drawing = viz.paths(x * x + y, x)
    >>> [node.label for node in drawing.view.nodes if node.marked]
    ['x', 'u(3)', 'u(4)']
    >>> print(*drawing.view.notes, sep="\\n")
    ∂u(4)/∂x: the sum over 2 paths; ∂₁ is the derivative by the first argument alone
      1  ∂u(4)/∂u(3) · ∂₁u(3)/∂x = 1 × 3 = 3
      2  ∂u(4)/∂u(3) · ∂₂u(3)/∂x = 1 × 3 = 3
      ∂u(4)/∂x = 3 + 3 = 6
    """
    found = explanation(result, node, names, max_paths, digits, operation="paths")
    return found.draw(direction=direction, renderer=renderer, theme=theme)
