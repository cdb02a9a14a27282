"""Optimizers that use the gradient alone."""

from .adam import *
from .adaptive import *
from .belief import *
from .large_batch import *
from .matrices import *
from .sgd import *
from .sparse_adam import *
from .wrappers import *
