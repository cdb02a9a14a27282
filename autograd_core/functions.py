"""The public namespace of array functions, with the names of NumPy 2 and the array API standard."""

from .ops.arithmetic import *
from .ops.bitwise import *
from .ops.broadcasting import *
from .ops.calling import *
from .ops.casting import *
from .ops.choosing import *
from .ops.comparison import *
from .ops.complex import *
from .ops.counting import *
from .ops.cumulative import *
from .ops.diagonals import *
from .ops.differences import *
from .ops.einsum import *
from .ops.emath import *
from .ops.exponential import *
from .ops.gathering import *
from .ops.indexing import *
from .ops.joining import *
from .ops.norms import norm as norm
from .ops.order_statistics import *
from .ops.padding import *
from .ops.polynomials import *
from .ops.products import *
from .ops.rearranging import *
from .ops.reductions import *
from .ops.rounding import *
from .ops.shapes import *
from .ops.signal import *
from .ops.sorting import *
from .ops.special.bessel import i0 as i0
from .ops.special.logistic import logsumexp as logsumexp
from .ops.statistics import *
from .ops.trigonometric import *
