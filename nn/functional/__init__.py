"""Layers, units and losses as functions, with the names of ``torch.nn.functional``."""

from .activations import log_softmax, relu, sigmoid, softmax, tanh
from .linear import linear
from .losses import binary_cross_entropy_with_logits, cross_entropy, mse_loss

__all__ = [
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "linear",
    "log_softmax",
    "mse_loss",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]
