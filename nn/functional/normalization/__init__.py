"""Normalization: activations with mean 0 and variance 1 over a batch, a group of channels or a row.

``formulas`` has the mathematics; ``channels`` and ``rows`` are the operations, with the ways that are fast on
NumPy's arrays; the public functions stand in the other files.
"""

from .over_channels import *
from .over_rows import *
