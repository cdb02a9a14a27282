"""A reverse-mode automatic differentiation engine on NumPy with an explicit computational graph."""

import typing as _typing

from . import fft, linalg, special
from .anomaly import detect_anomaly
from .array_api import *
from .array_api import __array_api_version__, __array_namespace_info__
from .checks import (
    DerivationReport,
    GradcheckError,
    GradcheckReport,
    check_derivation,
    gradcheck,
    gradgradcheck,
)
from .creation import *
from .custom import Operation, operation
from .errors import AnomalyError, AutogradError, GradientError, NoGradientError, StaleValueError
from .functions import *
from .gradients import gradients
from .memory import release_memory
from .modes import enable_grad, is_grad_enabled, no_grad, record_all, set_grad_enabled
from .primitive import Primitive
from .recorded_graph import Graph
from .tensor import Tensor
from .transforms import (
    checkpoint,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    linearize,
    remat,
    replay_generator,
    value_and_grad,
    vjp,
    vmap,
)
from .values import get_default_dtype, set_default_dtype

if not _typing.TYPE_CHECKING:  # a type checker would take it to mean that every name is there
    from .other_names import missing_function as __getattr__
