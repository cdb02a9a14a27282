"""The units whose names end in an underscore: what they are given holds the result afterwards.

A Tensor becomes the node of the result, as with ``x[...] = value``: whatever used the old value keeps it, and
gradients are those of the unit. An array is written into.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor, modes
from autograd_core.errors import GradientError, explain

from .rectifiers import celu, elu, leaky_relu, relu, rrelu, selu, threshold
from .sigmoids import hardtanh

__all__ = ["celu_", "elu_", "hardtanh_", "leaky_relu_", "relu_", "rrelu_", "selu_", "threshold_"]


def _put(operation: str, input: Any, unit: Any, *options: Any) -> Any:
    """Let ``input`` hold the unit's result.

    Raises:
        GradientError: for a leaf that requires a gradient, outside of ``ag.no_grad()``.
        TypeError: for what cannot be changed.
    """
    if isinstance(input, Tensor):
        if input.is_leaf and input.requires_grad and modes.state.grad_enabled:
            raise GradientError(
                explain(
                    operation,
                    expected="a Tensor that is not a leaf requiring a gradient",
                    got="such a leaf, whose gradient could then not be told from the result's",
                    remedy=f"use y = F.{operation[:-1]}(x), or call it under ag.no_grad() to change the leaf's value",
                )
            )
    elif not isinstance(input, np.ndarray):
        raise TypeError(
            explain(
                operation,
                expected="a Tensor or an array, which can be changed",
                got=type(input).__name__,
                remedy=f"use F.{operation[:-1]}",
            )
        )
    input[...] = unit(input, *options)
    return input


def relu_(input: Any) -> Any:
    """``relu`` in place: afterwards ``input`` holds the result, and is returned.

    Args:
        input: a Tensor or an array of any shape.

    Raises:
        GradientError: for a leaf that requires a gradient.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> x = ag.tensor([-1.0, 2.0])
    >>> _ = F.relu_(x)
    >>> x.tolist()
    [0.0, 2.0]
    """
    return _put("relu_", input, relu)


def selu_(input: Any) -> Any:
    """``selu`` in place, see ``relu_``.

    Args:
        input: a Tensor or an array of any shape.

    >>> import numpy as np
    >>> from nn import functional as F
    >>> F.selu_(np.array([0.0, 1.0])).round(4).tolist()
    [0.0, 1.0507]
    """
    return _put("selu_", input, selu)


def elu_(input: Any, alpha: float = 1.0) -> Any:
    """``elu`` in place, see ``relu_``.

    Args:
        input: a Tensor or an array of any shape.
        alpha: see ``elu``.

    >>> import numpy as np
    >>> from nn import functional as F
    >>> F.elu_(np.array([-1000.0, 1.0]), 2.0).tolist()
    [-2.0, 1.0]
    """
    return _put("elu_", input, elu, alpha)


def celu_(input: Any, alpha: float = 1.0) -> Any:
    """``celu`` in place, see ``relu_``.

    Args:
        input: a Tensor or an array of any shape.
        alpha: see ``celu``.

    >>> import numpy as np
    >>> from nn import functional as F
    >>> F.celu_(np.array([-1000.0, 1.0]), 0.5).tolist()
    [-0.5, 1.0]
    """
    return _put("celu_", input, celu, alpha)


def leaky_relu_(input: Any, negative_slope: float = 0.01) -> Any:
    """``leaky_relu`` in place, see ``relu_``.

    Args:
        input: a Tensor or an array of any shape.
        negative_slope: see ``leaky_relu``.

    >>> import numpy as np
    >>> from nn import functional as F
    >>> F.leaky_relu_(np.array([-2.0, 1.0]), 0.5).tolist()
    [-1.0, 1.0]
    """
    return _put("leaky_relu_", input, leaky_relu, negative_slope)


def rrelu_(input: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Any:
    """``rrelu`` in place, see ``relu_``.

    Args:
        input: a Tensor or an array of any shape.
        lower, upper, training: see ``rrelu``.

    >>> import numpy as np
    >>> from nn import functional as F
    >>> F.rrelu_(np.array([-2.0, 1.0]), 0.5, 0.5).tolist()
    [-1.0, 1.0]
    """
    return _put("rrelu_", input, rrelu, lower, upper, training)


def hardtanh_(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """``hardtanh`` in place, see ``relu_``.

    Args:
        input: a Tensor or an array of any shape.
        min_val, max_val: the bounds.

    >>> import numpy as np
    >>> from nn import functional as F
    >>> F.hardtanh_(np.array([-2.0, 0.5])).tolist()
    [-1.0, 0.5]
    """
    return _put("hardtanh_", input, hardtanh, min_val, max_val)


def threshold_(input: Any, threshold: float, value: float) -> Any:
    """``threshold`` in place, see ``relu_``.

    Args:
        input: a Tensor or an array of any shape.
        threshold: the largest number that is replaced.
        value: what stands in its place.

    >>> import numpy as np
    >>> from nn import functional as F
    >>> F.threshold_(np.array([0.5, 2.0]), 1.0, -3.0).tolist()
    [-3.0, 2.0]
    """
    return _put("threshold_", input, _threshold, threshold, value)


_threshold = threshold  # the name of an argument above
