"""Units: functions that are applied to every entry, and softmax."""

from __future__ import annotations

from autograd_core import Tensor, special
from autograd_core.functions import relu as _relu
from autograd_core.functions import tanh as _tanh

__all__ = ["log_softmax", "relu", "sigmoid", "softmax", "tanh"]


def relu(input: Tensor) -> Tensor:
    """The rectified linear unit max(0, x), with derivative 0 at 0.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.relu(ag.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return _relu(input)


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent, with derivative 1 - tanh(x)².

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.tanh(ag.tensor([0.0, 1.0]))
    tensor([0.    , 0.7616])
    """
    return _tanh(input)


def sigmoid(input: Tensor) -> Tensor:
    """The logistic function 1 / (1 + exp(-x)), with derivative s (1 - s).

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.sigmoid(ag.tensor([0.0, 1.0]))
    tensor([0.5   , 0.7311])
    """
    return special.expit(input)


def softmax(input: Tensor, dim: int = -1) -> Tensor:
    """exp(x_i) / sum_j exp(x_j) along ``dim``, with derivative s_i (1[i=j] - s_j).

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.softmax(ag.tensor([0.0, 0.0]), dim=0)
    tensor([0.5, 0.5])
    """
    return special.softmax(input, axis=dim)


def log_softmax(input: Tensor, dim: int = -1) -> Tensor:
    """x_i - log sum_j exp(x_j) along ``dim``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.log_softmax(ag.tensor([0.0, 0.0]), dim=0)
    tensor([-0.6931, -0.6931])
    """
    return special.log_softmax(input, axis=dim)
