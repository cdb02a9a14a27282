"""Units that ``torch.nn.functional`` lacks: maxout and radial basis functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import Tensor, linalg
from autograd_core.errors import explain
from autograd_core.primitive import define

from ..explicit import wants_parts
from .distances import squared_distances
from .linear import rows

__all__ = ["maxout", "radial_basis"]


def maxout(input: Tensor, pieces: int, dim: int = -1) -> Tensor:
    """The largest of every ``pieces`` neighbours along an axis.

    The gradient goes to the largest entry; tied entries share it equally. Over a linear layer it is a
    convex function of straight pieces that is learned.

    Args:
        input: any shape whose length along ``dim`` is a multiple of ``pieces``.
        pieces: how many entries compete.
        dim: the axis.

    Returns:
        The shape of the input with ``dim`` divided by ``pieces``.

    Raises:
        ValueError: if ``pieces`` does not divide that length.

    Source: Goodfellow, Warde-Farley, Mirza, Courville, Bengio (2013), Maxout networks.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.maxout(ag.tensor([1.0, 3.0, 2.0, -1.0]), 2)
    tensor([3., 2.])
    """
    if input.ndim == 0 or pieces < 1 or input.shape[dim] % pieces:
        raise ValueError(
            explain(
                "maxout",
                expected=f"a length along dim={dim} that is a multiple of pieces={pieces}",
                got=f"shape {input.shape}",
                remedy="let the layer before it have pieces times as many outputs as are wanted",
            )
        )
    axis = dim % input.ndim
    shape = input.shape
    groups = np.reshape(input, (*shape[:axis], shape[axis] // pieces, pieces, *shape[axis + 1 :]))
    return np.max(groups, axis=axis + 1)


def _input_rule(g: Any, out: Any, x: Any, centres: Any, eps: Any) -> Any:
    weight = g * out * (-2 * eps * eps)
    return np.sum(weight, axis=-1, keepdims=True) * x - weight @ centres


def _centre_rule(g: Any, out: Any, x: Any, centres: Any, eps: Any) -> Any:
    weight = g * out * (-2 * eps * eps)
    weight = rows(weight if x.ndim > 1 else np.expand_dims(weight, 0))
    total = np.sum(weight, axis=0)
    return np.expand_dims(total, -1) * centres - weight.T @ rows(x if x.ndim > 1 else np.expand_dims(x, 0))


_radial_basis = define(
    "radial_basis",
    lambda x, centres, eps: np.exp(squared_distances(x, centres) * (-eps * eps)),
    _input_rule,
    _centre_rule,
    lambda g, out, x, centres, eps: g * out * squared_distances(x, centres) * (-2 * eps),
    formulas=("−2{c}²·({a} − {b})·{out}", "2{c}²·({a} − {b})·{out}", "−2{c}·‖{a} − {b}‖²·{out}"),
    symbol="exp(−(ε‖x−c‖)²)",
)


def radial_basis(input: Tensor, centres: Tensor, eps: Any) -> Tensor:
    """Gaussian bells around centres: exp(−(eps ‖x − c‖)²).

    Derivatives with y the result: −2 eps² (x − c) y with respect to x, the opposite with respect to c, and
    −2 eps ‖x − c‖² y with respect to eps.

    Args:
        input: shape (..., D).
        centres: shape (K, D).
        eps: one over the width of the bells, shape (K,) or one number.

    Returns:
        Shape (..., K), from 0 to 1.

    Raises:
        ValueError: if the shapes do not belong together.

    Source: Broomhead, Lowe (1988), Multivariable functional interpolation and adaptive networks.

    >>> import autograd_core as ag
    >>> from nn import functional as F
    >>> F.radial_basis(ag.tensor([[0.0, 1.0]]), ag.tensor([[0.0, 1.0], [0.0, 0.0]]), 1.0)
    tensor([[1.    , 0.3679]])
    """
    if centres.ndim != 2 or input.ndim == 0 or input.shape[-1] != centres.shape[1]:
        raise ValueError(
            explain(
                "radial_basis",
                expected="an input of shape (..., D) and centres of shape (K, D)",
                got=f"shapes {input.shape} and {centres.shape}",
                remedy="give every centre as many coordinates as the last axis of the input has",
            )
        )
    if np.shape(eps) not in ((), (1,), centres.shape[:1]):
        raise ValueError(
            explain(
                "radial_basis",
                expected=f"eps to be one number or of shape {centres.shape[:1]}",
                got=f"shape {np.shape(eps)}",
                remedy="give one eps for each centre",
            )
        )
    if not isinstance(eps, Tensor) and np.ndim(eps) == 0:
        eps = float(eps)
    if wants_parts():
        distance = linalg.vector_norm(np.expand_dims(input, -2) - centres, axis=-1)
        return np.exp(-np.square(eps * distance))
    return _radial_basis(input, centres, eps)
