"""Ready parametrizations: weight normalization, spectral normalization, orthogonal matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core import Tensor, linalg
from autograd_core.errors import explain

from ..module import Module
from ..random import default_generator
from .parametrize import register_parametrization

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def _weight(module: Module, name: str, owner: str) -> Any:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(
            explain(
                owner,
                expected=f"a module with a parameter {name!r}",
                got=f"{type(module).__name__}, which has none",
                remedy="pass the parameter's name as name=",
            )
        )
    return weight


# -- weight normalization -------------------------------------------------------------------------------


def norm_except(v: Any, dim: int | None) -> Any:
    """The norm of v over all axes but one, which stays; over all axes for ``None`` and -1."""
    kept = None if dim is None or dim == -1 else dim % v.ndim
    axes = tuple(axis for axis in range(v.ndim) if axis != kept)
    if kept is None:
        return np.sqrt(np.sum(v * v))
    return np.sqrt(np.sum(v * v, axis=axes, keepdims=True)) if axes else np.abs(v)


class _WeightNorm(Module):
    """w = g v / ‖v‖."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return weight_v * (weight_g / norm_except(weight_v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except(weight, self.dim), weight

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Train a weight's length and direction apart: w = g v / ‖v‖.

    The module has ``parametrizations.weight.original0`` (g) and ``original1`` (v) in place of ``weight``.

    Args:
        module: the module.
        name: the weight's name.
        dim: the axis along which each slice has a length of its own; ``None`` for one length of the whole.

    Returns:
        The module.

    Raises:
        ValueError: if it has no such weight.

    Source: Salimans and Kingma, "Weight normalization", 2016.

    >>> import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> {key: value.shape for key, value in layer.state_dict().items()}
    {'bias': (2,), 'parametrizations.weight.original0': (2, 1), 'parametrizations.weight.original1': (2, 3)}
    """
    _weight(module, name, "weight_norm")
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


# -- spectral normalization -------------------------------------------------------------------------------


def as_matrix(weight: Any, dim: int) -> Any:
    """A weight as a matrix whose rows are the slices along ``dim``."""
    dim %= weight.ndim
    if dim:
        weight = np.transpose(weight, (dim, *(axis for axis in range(weight.ndim) if axis != dim)))
    return np.reshape(weight, (weight.shape[0], math.prod(weight.shape[1:])))


def unit(vector: Any, eps: float) -> Any:
    """A vector of norm 1 in the same direction."""
    return vector / max(math.sqrt(float(np.vdot(vector, vector))), eps)


def power_method(matrix: Any, u: Any, v: Any, times: int, eps: float) -> tuple[Any, Any]:
    """Estimates of the leading singular vectors of a matrix, improved ``times`` times."""
    for _ in range(times):
        u = unit(matrix @ v, eps)
        v = unit(matrix.T @ u, eps)
    return u, v


def default_dim(module: Module) -> int:
    """The axis of a weight that counts the outputs: 1 for transposed convolutions."""
    return 1 if type(module).__name__.startswith("ConvTranspose") else 0


def check_iterations(owner: str, count: int) -> None:
    """Raise for a number of iterations below 1."""
    if not isinstance(count, int) or count < 1:
        raise ValueError(
            explain(owner, expected="n_power_iterations of at least 1", got=repr(count), remedy="leave it out for 1")
        )


class _SpectralNorm(Module):
    """w = x / σ(x), σ the largest singular value, followed by the power method."""

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        check_iterations("spectral_norm", n_power_iterations)
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexError(
                explain(
                    "spectral_norm",
                    expected=f"an axis of a weight of shape {weight.shape}",
                    got=f"dim={dim}",
                    remedy="leave dim out",
                )
            )
        self.dim = dim
        self.eps = eps
        self.n_power_iterations = n_power_iterations
        if weight.ndim > 1:
            matrix = as_matrix(weight._data, dim)
            source = default_generator()
            u = unit(source.standard_normal(matrix.shape[0]).astype(matrix.dtype), eps)
            v = unit(source.standard_normal(matrix.shape[1]).astype(matrix.dtype), eps)
            u, v = power_method(matrix, u, v, 15, eps)
            self.register_buffer("_u", Tensor(u))
            self.register_buffer("_v", Tensor(v))

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return weight / np.maximum(np.sqrt(np.sum(weight * weight)), self.eps)
        matrix = as_matrix(weight, self.dim)
        u, v = self._u._data, self._v._data
        if self.training:
            u, v = power_method(matrix._data, u, v, self.n_power_iterations, self.eps)
            self._u, self._v = Tensor(u), Tensor(v)
        return weight / np.vdot(u, matrix @ v)

    def right_inverse(self, value: Tensor) -> Tensor:
        return value

    def extra_repr(self) -> str:
        return f"n_power_iterations={self.n_power_iterations}, dim={self.dim}, eps={self.eps}"


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Divide a weight by its largest singular value, so that the layer is not steeper than 1.

    The singular vectors are followed by the power method, whenever the weight is used in training.

    Args:
        module: the module.
        name: the weight's name.
        n_power_iterations: steps of the power method for each use of the weight.
        eps: the smallest norm that is divided by.
        dim: the axis that counts the outputs: 0, or 1 for transposed convolutions, if left out.

    Returns:
        The module.

    Raises:
        ValueError: if it has no such weight, or for less than one iteration.

    Source: Miyato, Kataoka, Koyama, Yoshida, "Spectral normalization for generative adversarial networks", 2018.

    >>> import nn, numpy as np
    >>> layer = nn.utils.parametrizations.spectral_norm(nn.Linear(3, 2))
    >>> for _ in range(100):
    ...     weight = layer.weight
    >>> round(float(np.linalg.svdvals(weight.detach()).max()), 3)
    1.0
    """
    weight = _weight(module, name, "spectral_norm")
    dim = default_dim(module) if dim is None else dim
    return register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))


# -- orthogonal matrices ------------------------------------------------------------------------------------


class _Orthogonal(Module):
    """A matrix with orthonormal columns (rows, if it is wide) from an unconstrained one.

    With ``base``, the value is base @ map(X), so that any orthogonal matrix can be the initial value: X then
    is -I, which all three maps send to the identity.
    """

    def __init__(self, weight: Tensor, map: str, use_trivialization: bool) -> None:
        super().__init__()
        self.shape = weight.shape[-2:]
        self.map = map
        if use_trivialization:
            self.register_buffer("base", None)
        self.has_base = use_trivialization

    def forward(self, X: Tensor) -> Tensor:
        wide = X.shape[-2] < X.shape[-1]
        X = _transposed(X) if wide else X
        Q = _MAPS[self.map](X)
        if self.has_base and self.base is not None:
            Q = self.base @ Q
        return _transposed(Q) if wide else Q

    def right_inverse(self, Q: Tensor) -> Tensor:
        value = Q._data
        wide = value.shape[-2] < value.shape[-1]
        value = np.swapaxes(value, -1, -2) if wide else value
        if not self.has_base:
            return Tensor(self._factored(value, wide))
        n, k = value.shape[-2:]
        if n > k:  # completed to a square matrix, whose first columns are used
            more = default_generator().standard_normal((*value.shape[:-1], n - k)).astype(value.dtype)
            value = np.concatenate([value, more], axis=-1)
            self.base = Tensor(_orthonormal(value))
        else:
            self.base = Tensor(value.copy() if _is_orthonormal(value) else _orthonormal(value))
        negative = np.zeros_like(Q._data)
        index = np.arange(min(negative.shape[-2:]))
        negative[..., index, index] = -1
        return Tensor(negative)

    def _factored(self, value: Any, wide: bool) -> Any:
        """Without a base: the reflections whose product the matrix is."""
        if self.map != "householder":
            raise ValueError(
                explain(
                    "orthogonal",
                    expected="use_trivialization=True for an initial value, or for an assignment",
                    got=f"use_trivialization=False with {self.map!r}, which cannot be inverted",
                    remedy="leave use_trivialization out, or take orthogonal_map='householder'",
                )
            )
        flat = value.reshape(-1, *value.shape[-2:])
        found = np.empty_like(flat)
        for position, matrix in enumerate(flat):
            h, tau = np.linalg.qr(matrix, mode="raw")
            reflections = h.T.copy()
            index = np.arange(reflections.shape[1])
            signs = np.sign(reflections[index, index])
            reflections[index, index] = np.where(tau == 0, -signs, signs)
            found[position] = reflections
        found = found.reshape(value.shape)
        return np.swapaxes(found, -1, -2).copy() if wide else found

    def extra_repr(self) -> str:
        return f"map={self.map!r}"


def _skew(X: Any) -> Any:
    """A square skew-symmetric matrix from the lower triangle of a tall one."""
    X = np.tril(X)
    n, k = X.shape[-2:]
    if n > k:
        X = np.concatenate([X, np.zeros_like(X, shape=(*X.shape[:-1], n - k))], axis=-1)
    return X - np.conjugate(_transposed(X))


def _by_exponential(X: Any) -> Any:
    return linalg.expm(_skew(X))[..., : X.shape[-1]]


def _by_cayley(X: Any) -> Any:
    half = _skew(X) / 2
    identity = np.eye(half.shape[-1], dtype=half.dtype)
    return np.linalg.solve(identity - half, identity + half)[..., : X.shape[-1]]


def _by_reflections(X: Any) -> Any:
    """The product of the reflections I - τ v vᵀ along the columns v of X, as I - V T Vᵀ with a triangular T."""
    n, k = X.shape[-2:]
    identity = np.eye(n, k, dtype=X.dtype)
    V = np.tril(X, -1) + identity
    products = np.conjugate(_transposed(V)) @ V
    size = np.arange(k)
    inverse = np.triu(products, 1) + products * (np.eye(k, dtype=X.dtype) / 2)
    Q = identity - V @ np.linalg.solve(inverse, np.conjugate(_transposed(V)) @ identity)
    signs = np.trunc(X._data[..., size, size])  # constants: the diagonal is not trained
    return Q * np.expand_dims(signs, -2)


def _transposed(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def _orthonormal(value: Any) -> Any:
    """The factor Q of the QR decomposition whose R has a positive diagonal."""
    q, r = np.linalg.qr(value)
    return (q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]).astype(value.dtype)


def _is_orthonormal(value: Any) -> bool:
    n = value.shape[-1]
    error = np.abs(np.swapaxes(value.conj(), -1, -2) @ value - np.eye(n, dtype=value.dtype)).max(initial=0.0)
    return bool(error <= 10 * n * np.finfo(value.dtype).eps)


_MAPS = {"matrix_exp": _by_exponential, "cayley": _by_cayley, "householder": _by_reflections}


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Module:
    """Keep a weight an orthogonal matrix: its columns (rows, if it is wide) are orthonormal.

    Args:
        module: the module.
        name: the weight's name; at least two axes, those before the last two count matrices.
        orthogonal_map: how the matrix comes from the lower triangle of an unconstrained one:
            ``"matrix_exp"`` exp(A) or ``"cayley"`` (I - A/2)⁻¹(I + A/2) of a skew-symmetric A, or
            ``"householder"``, a product of reflections. The first for square matrices, the last for
            others, if left out.
        use_trivialization: whether to multiply by a fixed orthogonal matrix, so that the weight starts at
            its present value (or, if that is not orthogonal, near it).

    Returns:
        The module.

    Raises:
        ValueError: if it has no such weight, for a vector, and for an unknown map.

    Source: Lezcano-Casado, "Trivializations for gradient-based optimization on manifolds", 2019.

    >>> import nn
    >>> layer = nn.utils.parametrizations.orthogonal(nn.Linear(4, 2))
    >>> abs((layer.weight @ layer.weight.T).detach()).round(3).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    weight = _weight(module, name, "orthogonal")
    if weight.ndim < 2:
        raise ValueError(
            explain(
                "orthogonal",
                expected="a matrix, or several",
                got=f"{name!r} of shape {weight.shape}",
                remedy="use spectral_norm for a vector",
            )
        )
    square = weight.shape[-1] == weight.shape[-2] or weight.dtype.kind == "c"
    map = ("matrix_exp" if square else "householder") if orthogonal_map is None else orthogonal_map
    if map not in _MAPS:
        raise ValueError(
            explain("orthogonal", expected=f"one of {', '.join(_MAPS)}", got=repr(map), remedy="leave it out")
        )
    return register_parametrization(module, name, _Orthogonal(weight, map, use_trivialization), unsafe=True)
