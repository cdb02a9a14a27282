"""The player: both passes of backpropagation, step by step, on the user's own graph.

``play`` records the events of the real backward pass (``viz.events``), ``picture`` draws the finished state, and
``page`` packs the two with a script into one piece of HTML. Where scripts do not run, the picture shows.
"""

from .play import Player as Player
from .play import play as play
