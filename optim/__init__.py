"""Optimizers with the names and defaults of ``torch.optim``, schedules, line searches."""

import importlib as _importlib
import typing as _typing

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

if not _typing.TYPE_CHECKING:  # a type checker would take it to mean that every name is there

    def __getattr__(name):
        """``optim.swa_utils``, loaded when asked for: it stands on ``nn``, which optimizers do without."""
        if name == "swa_utils":
            return _importlib.import_module("optim.swa_utils")
        raise AttributeError(f"module 'optim' has no attribute {name!r}")
