"""Schedules of the learning rate, with the names and numbers of ``torch.optim.lr_scheduler``."""

from .averaging import *
from .base import LRScheduler as LRScheduler
from .composite import *
from .cyclic import *
from .plateau import *
from .simple import *
