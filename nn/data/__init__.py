"""Data for networks: data sets, and loaders that give them out in batches."""

from .collate import *
from .datasets import *
from .generated import *
from .idx import *
from .image_sets import *
from .loader import *
from .randomness import *
from .samplers import *
from .text import *
from .transforms import *
