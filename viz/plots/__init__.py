"""Plots with matplotlib: each is one call, takes models and histories as they are, and returns the figure.

The figures are made without pyplot: nothing stays open, and a notebook shows each of them once. Where a plot
fills one axes, ``ax=`` puts it into axes of your own. Models are looked at in evaluation mode, and their modes,
gradients, values and random numbers are afterwards what they were.
"""

from .activation import plot_activation
from .boundary import plot_decision_boundary
from .confusion import plot_confusion_matrix
from .gradient_flow import plot_gradient_flow
from .grid import evaluate_grid
from .hidden import plot_hidden_states
from .histograms import plot_histograms
from .history import plot_history
from .initialization import plot_initializations
from .paths import plot_paths
from .recorder import Histogram, Recorder
from .saliency import plot_saliency
from .surface import plot_surface
from .tiles import plot_feature_maps, plot_filters

__all__ = [
    "Histogram",
    "Recorder",
    "evaluate_grid",
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
]
