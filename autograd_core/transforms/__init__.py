"""Transforms of functions: gradients, products with Jacobians, Jacobians and Hessians, checkpointing."""

from .checkpointing import checkpoint, remat, replay_generator
from .derivatives import grad, hvp, jvp, linearize, value_and_grad, vjp
from .jacobians import hessian, jacfwd, jacobian, jacrev
from .vectorization import vmap

__all__ = [
    "checkpoint",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "remat",
    "replay_generator",
    "value_and_grad",
    "vjp",
    "vmap",
]
