"""Pictures of computational graphs: ``viz.draw(loss)``.

``view`` turns a graph into plain data. From there, ``dot`` writes the DOT language, ``layout`` and ``svg`` draw
without any program, ``export`` writes JSON and Mermaid, ``tables`` the grad_table, and ``explain``
the chain rule for one node. ``events`` records what the backward pass does, and ``player`` shows it
step by step. ``drawing`` holds the result and shows or saves it.
"""

from .drawing import DotNotFoundError, Drawing, draw
from .explain import Contribution, Explanation, Path, Step, explain
from .player import Player, play
from .tables import GradientTable, grad_table
from .view import View, ViewEdge, ViewNode

__all__ = [
    "Contribution",
    "DotNotFoundError",
    "Drawing",
    "Explanation",
    "GradientTable",
    "Path",
    "Player",
    "Step",
    "View",
    "ViewEdge",
    "ViewNode",
    "draw",
    "explain",
    "grad_table",
    "play",
]
