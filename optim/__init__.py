"""Optimizers with the names and defaults of ``torch.optim``, schedules, line searches."""

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
        if name == "swa_utils":  # where PyTorch has averages of networks, which optimizers here know nothing of
            raise AttributeError(
                "optim has no 'swa_utils'. To mend it: take averages of weights from nn.utils.averaging, and SWALR "
                "from optim.lr_scheduler."
            )
        raise AttributeError(f"module 'optim' has no attribute {name!r}")
