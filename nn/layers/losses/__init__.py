"""Losses as modules: each is the function of ``nn.functional`` that its documentation names."""

from .classification import *
from .margin import *
from .regression import *
