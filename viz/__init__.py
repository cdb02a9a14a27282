"""Pictures of computational graphs: ``viz.draw(loss)``.

``view`` turns a graph into plain data. From there, ``dot`` writes the DOT language, ``layout`` and ``svg`` draw
without any program, ``export`` writes JSON and Mermaid, ``tables`` the grad_table, and ``explain``
the chain rule for one node. ``drawing`` holds the result and shows or saves it.
"""

from .drawing import DotNotFoundError, Drawing, draw
from .explain import Contribution, Explanation, Path, Step, explain
from .tables import GradientTable, grad_table
from .view import View, ViewEdge, ViewNode

__all__ = [
    "Contribution",
    "DotNotFoundError",
    "Drawing",
    "Explanation",
    "GradientTable",
    "Path",
    "Step",
    "View",
    "ViewEdge",
    "ViewNode",
    "draw",
    "explain",
    "grad_table",
]
