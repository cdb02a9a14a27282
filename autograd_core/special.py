"""Special functions, with the names of ``scipy.special``.

Where NumPy has no such function, SciPy computes it; SciPy is needed only when such a function is called
(``pip install scipy``). The logistic family, entropies, ``erf``, ``erfc``, ``ndtr`` and ``i0`` work without it.
"""

from .ops.arithmetic import cbrt as cbrt
from .ops.exponential import exp2 as exp2
from .ops.exponential import expm1 as expm1
from .ops.exponential import log1p as log1p
from .ops.special.bessel import *
from .ops.special.entropy import *
from .ops.special.error_functions import *
from .ops.special.exponential_integrals import *
from .ops.special.gamma_functions import *
from .ops.special.logistic import *
from .ops.trigonometric import sinc as sinc
