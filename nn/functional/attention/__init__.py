"""Attention: every position of a sequence takes a weighted mean over the positions of another one.

``core`` is the operation with its derivatives; the public functions stand in the other files.
"""

from .dot_product import *
from .multi_head import *
