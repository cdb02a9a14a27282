"""Dropout: noise that sets entries or whole channels to zero during training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Tensor, modes
from autograd_core.errors import explain
from autograd_core.primitive import Primitive, define
from autograd_core.recording import record_operation

from ..masking import kept
from ..random import default_generator
from ..sizes import check_number

__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]

# -- the mask ----------------------------------------------------------------------------------------


def _draw(shape: tuple[int, ...], p: float) -> Any:
    """True with probability 1 - p, independently, from the library's generator."""
    if p == 1:
        return np.zeros(shape, dtype=bool)
    size = math.prod(shape)
    # Two integers of 32 bits out of each of 64: twice as fast as random numbers in [0, 1).
    bits = default_generator().integers(0, 1 << 64, (size + 1) // 2, dtype=np.uint64).view(np.uint32)
    return (bits[:size] >= np.uint32(min(round(p * 2.0**32), 2**32 - 1))).reshape(shape)


_mask = Primitive("dropout_mask", _draw, doc="A random mask, drawn anew whenever the operation is run again.")


def drawn(shape: tuple[int, ...], p: float) -> Any:
    """A mask: an array, or where constants are recorded too, a Tensor that a replay draws anew."""
    if modes.special and modes.state.record_all:
        return record_operation(_mask, (), {"shape": shape, "p": p})
    return _draw(shape, p)


def _scaled(x: Any, mask: Any, scale: Any) -> Any:
    y = kept(x, mask)
    if type(y) is not np.ndarray or y.ndim == 0:
        return y * scale
    y *= scale
    return y


_dropout: Primitive = define(
    "dropout",
    _scaled,
    lambda g, out, x, mask, scale: _dropout(g, mask, scale),
    None,
    None,
    formulas=("{b}·{c}", "0", "0"),
    elementwise=True,
    doc="An array where a mask holds, times a factor; 0 elsewhere.",
)


def _check_probability(operation: str, p: float) -> None:
    check_number(operation, "p", p)
    if not 0.0 <= p <= 1.0:
        raise ValueError(
            explain(
                operation, expected="p between 0 and 1", got=repr(p), remedy="pass the probability to drop, say 0.5"
            )
        )


def _check_floats(operation: str, input: Any) -> None:
    if input.dtype.kind not in "fc":
        raise TypeError(
            explain(
                operation,
                expected="an input of floating-point numbers",
                got=f"one of dtype {input.dtype}",
                remedy="convert it: input.float()",
            )
        )


def _dropped(operation: str, input: Any, p: float, training: bool, shape: tuple[int, ...]) -> Any:
    _check_probability(operation, p)
    if not training or p == 0.0:
        return input
    _check_floats(operation, input)
    return _dropout(input, drawn(shape, p), 1.0 / (1.0 - p) if p < 1.0 else 1.0)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set each entry to 0 with probability p, and divide the others by 1 - p.

    So the expected value of every entry stays what it was. The gradient is divided by 1 - p where the entry
    was kept, and 0 where it was dropped. The mask comes from ``nn.default_generator()``; ``ag.checkpoint``
    draws the same one again. ``Graph.forward`` keeps the mask of the recorded run, except where constants are
    recorded too (``Graph.trace``, ``ag.record_all``): there every replay draws a new one.

    Args:
        input: an array of any shape.
        p: the probability to drop an entry.
        training: whether to drop anything; if not, the input is returned.
        inplace: accepted for the sake of programs written for PyTorch; nothing is overwritten.

    Returns:
        A Tensor of the input's shape; where an entry was dropped it is 0, even if that was NaN or infinite.

    Raises:
        TypeError: for an input of integers, and a p that is no number.
        ValueError: if p is not between 0 and 1.

    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.

    >>> import autograd_core as ag, nn
    >>> from nn import functional as F
    >>> generator = nn.manual_seed(0)
    >>> y = F.dropout(ag.ones(1000), p=0.2)
    >>> sorted(set(y.tolist()))
    [0.0, 1.25]
    """
    return _dropped("dropout", input, p, training, input.shape)


def _channels(operation: str, input: Any, axes: tuple[int, int], alone: bool) -> tuple[int, ...]:
    """The shape of a mask with one entry per channel.

    Args:
        operation: who asks, for the error.
        input: the input.
        axes: how many axes it may have.
        alone: whether the first of these stands for an input without a batch.
    """
    if input.ndim not in axes:
        raise ValueError(
            explain(
                operation,
                expected=f"an input of {axes[0]} or {axes[1]} axes, with channels",
                got=f"shape {input.shape}",
                remedy="add the missing axes: x[None] adds one in front",
            )
        )
    lead = 1 if alone and input.ndim == axes[0] else 2
    return input.shape[:lead] + (1,) * (input.ndim - lead)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set each channel of a signal to 0 with probability p, and divide the others by 1 - p; see ``dropout``.

    Args:
        input: shape (N, C, L) or (C, L).
        p, training, inplace: see ``dropout``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.dropout1d(ag.ones((1, 2, 3)), p=1.0).sum()
    tensor(0.)
    """
    return _dropped("dropout1d", input, p, training, _channels("dropout1d", input, (2, 3), True))


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set each channel of an image to 0 with probability p, and divide the others by 1 - p; see ``dropout``.

    Neighbouring pixels tell nearly the same, so dropping single ones does little.

    Args:
        input: shape (N, C, H, W), or (N, C, L).
        p, training, inplace: see ``dropout``.

    Source: Tompson et al., "Efficient object localization using convolutional networks", 2015.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.dropout2d(ag.ones((1, 2, 3, 3)), training=False).sum()
    tensor(18.)
    """
    return _dropped("dropout2d", input, p, training, _channels("dropout2d", input, (3, 4), False))


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set each channel of a volume to 0 with probability p, and divide the others by 1 - p; see ``dropout``.

    Args:
        input: shape (N, C, D, H, W) or (C, D, H, W).
        p, training, inplace: see ``dropout``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.dropout3d(ag.ones((2, 3, 3, 3)), p=0.0).sum()
    tensor(54.)
    """
    return _dropped("dropout3d", input, p, training, _channels("dropout3d", input, (4, 5), True))


# -- for self-normalizing networks -------------------------------------------------------------------

# What a SELU gives far below 0: -λα.
_LOWEST = -1.7580993408473766


def _alpha(operation: str, input: Any, p: float, training: bool, shape: tuple[int, ...]) -> Any:
    _check_probability(operation, p)
    if not training or p == 0.0:
        return input
    _check_floats(operation, input)
    if p == 1.0:
        return _dropout(input, drawn(shape, p), 1.0)
    a = 1.0 / math.sqrt((_LOWEST**2 * p + 1.0) * (1.0 - p))
    b = -a * _LOWEST * p
    mask = drawn(shape, p)
    return _dropout(input, mask, a) + np.where(mask, b, a * _LOWEST + b).astype(input.dtype)


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Set each entry to α' = -1.7581 with probability p, such that mean 0 and variance 1 are kept.

    y = a x + b where the entry is kept, a α' + b elsewhere, with a = ((1 - p)(1 + p α'²))^(-1/2) and b = -a p α'.
    The gradient is multiplied by a where the entry was kept. α' is what SELU gives far below 0.

    Args:
        input: an array of any shape.
        p: the probability to drop an entry; for p = 1 the result is 0.
        training, inplace: see ``dropout``; here ``training`` is off by default, as in PyTorch.

    Returns:
        A Tensor of the input's shape.

    Raises:
        ValueError: if p is not between 0 and 1.

    Source: Klambauer et al., "Self-normalizing neural networks", 2017.

    >>> import autograd_core as ag, nn
    >>> from nn import functional as F
    >>> generator = nn.manual_seed(0)
    >>> y = F.alpha_dropout(ag.zeros(1000), p=0.2, training=True)
    >>> [round(value, 4) for value in sorted(set(y.tolist()))]
    [-1.2362, 0.309]
    """
    return _alpha("alpha_dropout", input, p, training, input.shape)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """``alpha_dropout`` of whole channels.

    Args:
        input: shape (N, C, ...).
        p, training, inplace: see ``alpha_dropout``.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.feature_alpha_dropout(ag.ones((1, 2, 3)), p=0.5, training=True).shape
    (1, 2, 3)
    """
    if input.ndim < 2:
        raise ValueError(
            explain(
                "feature_alpha_dropout",
                expected="an input of shape (N, C, ...)",
                got=f"shape {input.shape}",
                remedy="add the missing axes, or use alpha_dropout",
            )
        )
    shape = input.shape[:2] + (1,) * (input.ndim - 2)
    return _alpha("feature_alpha_dropout", input, p, training, shape)
