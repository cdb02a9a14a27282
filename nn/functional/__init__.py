"""Layers, units and losses as functions, with the names of ``torch.nn.functional``."""

from .attention import *
from .average_pooling import *
from .convolution import *
from .distances import *
from .dropout import *
from .embedding import *
from .folding import *
from .fractional_pooling import *
from .gates import *
from .grid_sampling import *
from .inplace import *
from .interpolation import *
from .linear import *
from .losses import *
from .max_pooling import *
from .normalization import *
from .padding import *
from .pixel_shuffle import *
from .rectifiers import *
from .shrinkage import *
from .sigmoids import *
from .softmaxes import *
from .units import *
