"""Optimizers with the names and defaults of ``torch.optim``, schedules, line searches."""

from . import line_search as line_search
from . import lr_scheduler as lr_scheduler
from . import scipy as scipy
from .derivative_free import *
from .elementwise import Elementwise as Elementwise
from .first_order import *
from .noise import *
from .optimizer import Optimizer as Optimizer
from .per_parameter import PerParameter as PerParameter
from .quasi_newton import *
from .rate_finder import *
from .second_order import *
