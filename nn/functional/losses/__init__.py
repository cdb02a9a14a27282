"""Losses: how far outputs are from targets, in one number."""

from .classification import *
from .ctc import *
from .distributions import *
from .margin import *
from .penalties import *
from .regression import *
