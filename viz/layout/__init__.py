"""A layered layout for directed acyclic graphs, without any program: where every node of a picture goes.

The four steps of Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system
structures", 1981: ranks (``ranks``), routes for edges that pass several ranks and the order within each rank
(``ordering``), coordinates (``coordinates``). Nothing recurses, and the same graph gives the same picture.
"""

from .layered import Layout as Layout
from .layered import layered as layered
