"""The training loop, and what belongs to it: metrics, callbacks, history, checkpoints."""

from .callbacks import *
from .checkpoint import *
from .checkpoint_callback import *
from .history import *
from .metrics import *
from .trainer import *
