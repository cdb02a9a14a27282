"""Pictures of computational graphs: ``viz.draw(loss)``.

``view`` turns a graph into plain data. From there, ``dot`` writes the DOT language, ``layout`` and ``svg`` draw
without any program, ``export`` writes JSON and Mermaid, ``tables`` the grad_table, and ``explain``
the chain rule for one node. ``events`` records what the backward pass does, and ``player`` shows it
step by step. ``drawing`` holds the result and shows or saves it. ``plots`` draws with matplotlib.
"""

from .capture import Capture, capture
from .chains import Path
from .compare import compare
from .display import config
from .drawing import DotNotFoundError, Drawing, draw
from .explain import explain
from .explanation import Contribution, Explanation, Step
from .focus import Focus, around, path, top
from .paths import paths
from .player import Player, play
from .plots import (
    Histogram,
    Recorder,
    plot_activation,
    plot_confusion_matrix,
    plot_decision_boundary,
    plot_feature_maps,
    plot_filters,
    plot_gradient_flow,
    plot_hidden_states,
    plot_histograms,
    plot_history,
    plot_initializations,
    plot_paths,
    plot_saliency,
    plot_surface,
)
from .summary import Summary
from .tables import GradientTable, grad_table
from .view import Contents, Legend, View, ViewEdge, ViewGroup, ViewNode

__all__ = [
    "Capture",
    "Contents",
    "Contribution",
    "DotNotFoundError",
    "Drawing",
    "Explanation",
    "Focus",
    "GradientTable",
    "Histogram",
    "Legend",
    "Path",
    "Player",
    "Recorder",
    "Step",
    "Summary",
    "View",
    "ViewEdge",
    "ViewGroup",
    "ViewNode",
    "around",
    "capture",
    "compare",
    "config",
    "draw",
    "explain",
    "grad_table",
    "path",
    "paths",
    "play",
    "plot_activation",
    "plot_confusion_matrix",
    "plot_decision_boundary",
    "plot_feature_maps",
    "plot_filters",
    "plot_gradient_flow",
    "plot_hidden_states",
    "plot_histograms",
    "plot_history",
    "plot_initializations",
    "plot_paths",
    "plot_saliency",
    "plot_surface",
    "top",
]
