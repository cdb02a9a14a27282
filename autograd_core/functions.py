"""The public namespace of array functions, with the names of NumPy 2 and the array API standard."""

from .ops.broadcasting import *
from .ops.elementwise import *
from .ops.indexing import *
from .ops.linalg import *
from .ops.reductions import *
from .ops.shapes import *
