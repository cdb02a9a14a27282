"""Pictures of computational graphs: ``viz.draw(loss)``.

Three steps that know of each other in this order only: ``view`` turns a graph into plain data, ``dot``
turns that into the DOT language, and ``drawing`` holds the result and shows or saves it.
"""

from .drawing import DotNotFoundError, Drawing, draw
from .view import View, ViewEdge, ViewNode

__all__ = ["DotNotFoundError", "Drawing", "View", "ViewEdge", "ViewNode", "draw"]
