"""Averages of a network's weights, under the name that PyTorch has for them.

They are made of networks, and live with these: ``nn.utils.averaging``. The schedule is one of
``optim.lr_scheduler``. Optimizers need none of this, so it is imported by those who want it.

>>> import nn
>>> from optim.swa_utils import AveragedModel
>>> net = nn.Linear(1, 1)
>>> average = AveragedModel(net)
>>> average.update_parameters(net)
"""

from nn.utils.averaging import (
    AveragedModel,
    get_ema_avg_fn,
    get_ema_multi_avg_fn,
    get_swa_avg_fn,
    get_swa_multi_avg_fn,
    update_bn,
)

from .lr_scheduler import SWALR

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]
