"""A reverse-mode automatic differentiation engine on NumPy with an explicit computational graph."""

from . import fft, linalg, special
from .anomaly import detect_anomaly
from .array_api import *
from .array_api import __array_api_version__, __array_namespace_info__
from .checkpointing import checkpoint, remat, replay_generator
from .creation import *
from .custom import Operation, operation
from .derivation import DerivationReport, check_derivation
from .errors import AnomalyError, AutogradError, GradientError, NoGradientError, StaleValueError
from .functions import *
from .gradcheck import GradcheckError, GradcheckReport, gradcheck, gradgradcheck
from .gradients import gradients
from .jacobians import hessian, jacfwd, jacobian, jacrev
from .memory import release_memory
from .modes import enable_grad, is_grad_enabled, no_grad, record_all, set_grad_enabled
from .primitive import Primitive
from .recorded_graph import Graph
from .tensor import Tensor
from .transforms import grad, hvp, jvp, linearize, value_and_grad, vjp
from .values import get_default_dtype, set_default_dtype
