"""Pictures of computational graphs: ``viz.draw(loss)``.

``view`` turns a graph into plain data. From there, ``dot`` writes the DOT language, ``layout`` and ``svg`` draw
without any program, ``export`` writes JSON and Mermaid, and ``tables`` the grad_table. ``drawing`` holds the
result and shows or saves it.
"""

from .drawing import DotNotFoundError, Drawing, draw
from .tables import GradientTable, grad_table
from .view import View, ViewEdge, ViewNode

__all__ = ["DotNotFoundError", "Drawing", "GradientTable", "View", "ViewEdge", "ViewNode", "draw", "grad_table"]
