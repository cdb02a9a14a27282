"""Tools around networks, with the names of ``torch.nn.utils``."""

from . import averaging as averaging
from . import parametrizations as parametrizations
from . import parametrize as parametrize
from . import prune as prune
from . import rnn as rnn
from .clipping import *
from .norms import *
from .vectors import *
