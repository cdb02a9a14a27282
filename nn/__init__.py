"""Networks: modules, layers, units and losses with the names of ``torch.nn``."""

from . import functional, init
from .layers.activation import Identity, ReLU, Sigmoid, Softmax, Tanh
from .layers.container import Sequential
from .layers.linear import Linear
from .layers.loss import BCEWithLogitsLoss, CrossEntropyLoss, MSELoss
from .models.mlp import MLP
from .module import Module
from .parameter import Parameter
from .random import default_generator, manual_seed

__all__ = [
    "MLP",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "Identity",
    "Linear",
    "MSELoss",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "default_generator",
    "functional",
    "init",
    "manual_seed",
]
