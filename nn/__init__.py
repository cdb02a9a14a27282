"""Networks: modules, layers, units and losses with the names of ``torch.nn``."""

from . import data as data
from . import functional as functional
from . import init as init
from . import utils as utils
from .explicit import *
from .files import *
from .functional_call import *
from .layers.activation import *
from .layers.adaptive_pooling import *
from .layers.adaptive_softmax import *
from .layers.attention import *
from .layers.container import *
from .layers.convolution import *
from .layers.distance import *
from .layers.dropout import *
from .layers.embedding import *
from .layers.folding import *
from .layers.lazy import *
from .layers.linear import *
from .layers.losses import *
from .layers.normalization import *
from .layers.padding import *
from .layers.parameter_container import *
from .layers.pooling import *
from .layers.recurrent import *
from .layers.recurrent_cells import *
from .layers.shape import *
from .layers.softmax import *
from .layers.transformer import *
from .layers.units import *
from .layers.upsampling import *
from .models.autoencoder import *
from .models.cnn import *
from .models.mlp import *
from .models.resnet import *
from .models.sequence import *
from .models.transformer_lm import *
from .module import *
from .parameter import *
from .random import *
from .serialization import *
from .summary import *
from .uninitialized import *
