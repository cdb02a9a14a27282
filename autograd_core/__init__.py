"""A reverse-mode automatic differentiation engine on NumPy with an explicit computational graph."""

from .functions import *
from .gradients import gradients
from .modes import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .primitive import Primitive
from .tensor import Tensor
from .values import get_default_dtype, set_default_dtype
