"""Networks: modules, layers, units and losses with the names of ``torch.nn``."""

from . import functional as functional
from . import init as init
from .explicit import *
from .layers.activation import *
from .layers.container import *
from .layers.linear import *
from .layers.loss import *
from .models.mlp import *
from .module import *
from .parameter import *
from .random import *
