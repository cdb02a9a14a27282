"""Optimizers that know how the gradient changes: second derivatives, or Jacobians of residuals."""

from .conjugate import *
from .kfac import *
from .least_squares import *
from .minimize import *
from .natural import *
from .newton import *
from .residual_methods import *
from .results import *
