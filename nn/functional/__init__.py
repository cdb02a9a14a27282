"""Layers, units and losses as functions, with the names of ``torch.nn.functional``."""

from .activations import *
from .linear import *
from .losses import *
