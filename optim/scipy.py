"""SciPy's optimizers on functions of ours: exact gradients, Jacobians and Hessian products, nested parameters.

SciPy is optional: ``pip install scipy``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_core import no_grad
from autograd_core.errors import explain

from .checking import require_scipy
from .second_order.functions import Counted
from .second_order.recorded import flat, hessian_of, jacobian_of, product_with_hessian, recorded_gradient
from .vector import ParameterVector

__all__ = ["least_squares", "minimize"]

# What SciPy's methods make use of.
WITHOUT_GRADIENT = ("nelder-mead", "powell", "cobyla", "cobyqa")
WITH_PRODUCTS = ("newton-cg", "trust-ncg", "trust-krylov", "trust-constr")
WITH_HESSIAN = ("dogleg", "trust-exact")


def minimize(
    f: Callable[..., Any],
    params: Any,
    args: Sequence[Any] = (),
    method: str | None = None,
    *,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Callable[[Any], Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Any:
    """Minimize a function by ``scipy.optimize.minimize``, with derivatives from the engine.

    The gradient is exact; methods that use second derivatives get exact products H v (``Newton-CG``,
    ``trust-ncg``, ``trust-krylov``, ``trust-constr``) or the exact Hessian (``dogleg``, ``trust-exact``).

    Args:
        f: takes the parameters, built like ``params``, as Tensors, and ``args``, and returns a Tensor of one element.
        params: where to start: an array, or nested tuples, lists and dicts of arrays.
        args: further arguments of ``f``.
        method: one of SciPy's; SciPy's choice if left out.
        bounds: SciPy's, for the parameters as one vector.
        constraints: SciPy's, likewise.
        tol, options: SciPy's.
        callback: called after every iteration with the parameters, built like ``params``.

    Returns:
        SciPy's result, with ``x`` built like ``params``, and the vector as ``vector``.

    Raises:
        ModuleNotFoundError: without SciPy.
        TypeError: for parameters that are not real, an ``f`` that does not return a Tensor, or bounds by name.
        ValueError: for an ``f`` of several elements, or a start that is not finite.

    >>> import optim.scipy
    >>> found = optim.scipy.minimize(lambda p: (p["a"] - 1) ** 2 + (p["b"] - 2.0) ** 2, {"a": 0.0, "b": 0.0})
    >>> {name: round(float(value), 6) for name, value in found.x.items()}
    {'a': 1.0, 'b': 2.0}
    """
    optimize = require_scipy("optim.scipy.minimize")
    _refuse_names("optim.scipy.minimize", bounds)
    point = _Point("optim.scipy.minimize", f, params, args)
    name = (method or "").lower()
    derivatives: dict[str, Any] = {} if name in WITHOUT_GRADIENT else {"jac": point.gradient}
    if name in WITH_PRODUCTS:
        derivatives["hessp"] = point.hessian_product
    elif name in WITH_HESSIAN:
        derivatives["hess"] = point.hessian
    result = optimize.minimize(
        point.value,
        point.start,
        method=method,
        bounds=bounds,
        constraints=constraints,
        tol=tol,
        callback=None if callback is None else lambda *state: callback(point.tree(state[0])),
        options=None if options is None else dict(options),
        **derivatives,
    )
    result.vector = result.x
    result.x = point.tree(result.vector)
    return result


def least_squares(
    residuals: Callable[..., Any], params: Any, args: Sequence[Any] = (), method: str = "trf", **options: Any
) -> Any:
    """Minimize ½ Σ r² by ``scipy.optimize.least_squares``, with the exact Jacobian of the residuals.

    Args:
        residuals: takes the parameters, built like ``params``, as Tensors, and ``args``, and returns a Tensor.
        params: where to start: an array, or nested tuples, lists and dicts of arrays.
        args: further arguments of ``residuals``.
        method: SciPy's: ``"trf"``, ``"dogbox"`` or ``"lm"``.
        options: SciPy's, such as ``bounds``, ``loss``, ``x_scale`` and ``ftol``.

    Returns:
        SciPy's result, with ``x`` built like ``params``, and the vector as ``vector``.

    Raises:
        ModuleNotFoundError: without SciPy.
        TypeError: for parameters that are not real, residuals that are no Tensor, or bounds by name.

    >>> import numpy as np, optim.scipy
    >>> t = np.array([0.0, 1.0, 2.0])
    >>> found = optim.scipy.least_squares(lambda p: p["slope"] * t - 3 * t, {"slope": 0.0})
    >>> round(float(found.x["slope"]), 6)
    3.0
    """
    optimize = require_scipy("optim.scipy.least_squares")
    _refuse_names("optim.scipy.least_squares", options.get("bounds"))
    point = _Point("optim.scipy.least_squares", residuals, params, args)
    result = optimize.least_squares(point.residuals, point.start, jac=point.jacobian, method=method, **options)
    result.vector = result.x
    result.x = point.tree(result.vector)
    return result


def _refuse_names(name: str, bounds: Any) -> None:
    """SciPy's bounds know no names: an order that fits the vector would be a guess."""
    if isinstance(bounds, Mapping):
        raise TypeError(
            explain(
                name,
                expected="bounds as SciPy's, for the parameters as one vector",
                got=f"a dict with {', '.join(map(str, bounds))}",
                remedy="list them in the order in which the parameters stand in result.vector",
            )
        )


class _Point:
    """A function seen as one of a single vector; what was computed last is kept, as SciPy asks for parts of it."""

    def __init__(self, name: str, function: Callable[..., Any], params: Any, args: Sequence[Any]) -> None:
        self.name = name
        self.counted = Counted(name, function, params, args)
        self.vector = ParameterVector(self.counted.leaves, name)
        self.start = self.vector.values().astype(float)
        self._at: Any = None
        self._result: Any = None
        self._gradient: Any = None
        self._product: Any = None

    def tree(self, vector: Any) -> Any:
        """A vector, built like the parameters."""
        parts = np.split(np.array(vector), np.cumsum([leaf.size for leaf in self.counted.leaves])[:-1])
        return self.counted.tree(
            [part.reshape(leaf.shape).astype(leaf.dtype)[()] for part, leaf in zip(parts, self.counted.leaves)]
        )

    def _move(self, vector: Any) -> Any:
        """The function at ``vector``, recorded."""
        if self._at is None or not np.array_equal(vector, self._at):
            self._at = np.array(vector, dtype=float)
            self.vector.assign(self._at.copy())
            self._result, self._gradient, self._product = self.counted(), None, None
            if not hasattr(self._result, "backward"):
                got = type(self._result).__name__
                raise TypeError(
                    explain(self.name, expected="a function that returns a Tensor", got=got, remedy="use ag or np")
                )
        return self._result

    def _recorded(self, vector: Any) -> Any:
        result = self._move(vector)
        if self._gradient is None:
            leaves = self.counted.leaves
            self._gradient = recorded_gradient(result, leaves) if result.requires_grad else [None] * len(leaves)
        return self._gradient

    def value(self, vector: Any) -> float:
        """f."""
        result = self._move(vector)
        if result.size != 1:
            got = f"shape {result.shape}"
            raise ValueError(explain(self.name, expected="one element", got=got, remedy="sum, or use least_squares"))
        with no_grad():
            return float(result.item())

    def gradient(self, vector: Any) -> Any:
        """∇f."""
        return flat(self._recorded(vector), self.counted.leaves)

    def hessian(self, vector: Any) -> Any:
        """H."""
        return hessian_of(self._recorded(vector), self.counted.leaves)

    def hessian_product(self, vector: Any, direction: Any) -> Any:
        """H v."""
        gradient = self._recorded(vector)
        if self._product is None:
            self._product = product_with_hessian(gradient, self.counted.leaves)
        return self._product(np.asarray(direction, dtype=float))

    def residuals(self, vector: Any) -> Any:
        """r as a vector."""
        return np.array(self._move(vector)._data, dtype=float).reshape(-1)

    def jacobian(self, vector: Any) -> Any:
        """∂r/∂x, of shape (m, n)."""
        return np.asarray(jacobian_of(self._move(vector), self.counted.leaves), dtype=float)
