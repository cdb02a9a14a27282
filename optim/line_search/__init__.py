"""Line searches: how far to go in a direction."""

from .exact import *
from .inexact import *
from .line import *
from .search import *
