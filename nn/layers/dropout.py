"""Dropout as modules, which do nothing in evaluation."""

from __future__ import annotations

from typing import Any

from autograd_core import Tensor
from autograd_core.errors import explain

from .. import functional as F
from ..arguments import checked
from ..module import Module
from ..sizes import check_number
from ..values import as_tensor

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    _name: str

    @checked
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        check_number(type(self).__name__, "p", p)
        if not 0.0 <= p <= 1.0:
            raise ValueError(
                explain(
                    type(self).__name__,
                    expected="p between 0 and 1",
                    got=repr(p),
                    remedy="pass the probability to drop, say 0.5",
                )
            )
        self.p = p
        self.inplace = inplace

    def forward(self, input: Any) -> Tensor:
        """The input with noise in training, the input itself in evaluation."""
        return getattr(F, self._name)(as_tensor(input), self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Sets each entry to 0 with probability p in training, and divides the others by 1 - p.

    See ``nn.functional.dropout``, also for where masks come from and what a replayed graph does.

    Args:
        p: the probability to drop an entry.
        inplace: accepted for the sake of programs written for PyTorch; nothing is overwritten.

    Raises:
        ValueError: if p is not between 0 and 1.

    >>> import nn
    >>> dropout = nn.Dropout(p=0.2)
    >>> set(dropout([1.0] * 1000).tolist()) == {0.0, 1.25}
    True
    >>> dropout.eval()([1.0, 2.0])
    tensor([1., 2.])
    """

    _name = "dropout"


class Dropout1d(_Dropout):
    """Sets each channel of a signal to 0 with probability p in training, and divides the others by 1 - p.

    Args:
        p, inplace: see ``nn.Dropout``.

    >>> import nn
    >>> nn.Dropout1d().eval()([[1.0, 2.0]])
    tensor([[1., 2.]])
    """

    _name = "dropout1d"


class Dropout2d(_Dropout):
    """Sets each channel of an image to 0 with probability p in training, and divides the others by 1 - p.

    Args:
        p, inplace: see ``nn.Dropout``.

    >>> import nn
    >>> nn.Dropout2d().eval()([[[[1.0, 2.0]]]])
    tensor([[[[1., 2.]]]])
    """

    _name = "dropout2d"


class Dropout3d(_Dropout):
    """Sets each channel of a volume to 0 with probability p in training, and divides the others by 1 - p.

    Args:
        p, inplace: see ``nn.Dropout``.

    >>> import nn
    >>> nn.Dropout3d().eval()([[[[[1.0, 2.0]]]]])
    tensor([[[[[1., 2.]]]]])
    """

    _name = "dropout3d"


class AlphaDropout(_Dropout):
    """Dropout that keeps mean 0 and variance 1 in training, for networks of SELU units.

    See ``nn.functional.alpha_dropout``.

    Args:
        p, inplace: see ``nn.Dropout``.

    >>> import nn
    >>> nn.AlphaDropout().eval()([1.0, 2.0])
    tensor([1., 2.])
    """

    _name = "alpha_dropout"


class FeatureAlphaDropout(_Dropout):
    """``nn.AlphaDropout`` of whole channels.

    Args:
        p, inplace: see ``nn.Dropout``.

    >>> import nn
    >>> nn.FeatureAlphaDropout().eval()([[1.0, 2.0]])
    tensor([[1., 2.]])
    """

    _name = "feature_alpha_dropout"
