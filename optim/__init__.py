"""Optimizers with the names and defaults of ``torch.optim``."""

from .first_order.adam import Adam
from .first_order.sgd import SGD
from .optimizer import Optimizer

__all__ = ["SGD", "Adam", "Optimizer"]
