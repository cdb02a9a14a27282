"""Functions that take a function and return its derivatives, with the names that JAX gave them.

A transform runs the function once on Tensors of its own and differentiates what was recorded. Where an
argument is itself being differentiated from outside (by another transform, or by a loss on which
``backward()`` will be called), its stand-in is a node linked to it, and the derivative is recorded too.
So transforms nest to any order. Each tells its own inputs apart from everybody else's because they are
nodes of their own, so there is no perturbation confusion:

>>> import autograd_core as ag
>>> ag.grad(lambda x: x * ag.grad(lambda y: x + y)(1.0))(2.0)
tensor(1.)

Otherwise results are constants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import modes
from ..gradients import conjugate
from ..pullback import Pullback
from ..recording import Node, make_constant
from .tracing import Linearization, Trace, check_function, described, flatten_tangents, matching, positions_of
from .trees import flatten_as

__all__ = ["grad", "hvp", "jvp", "linearize", "value_and_grad", "vjp"]


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that returns both the value of ``f`` and its gradient.

    Args:
        f: a function that returns one number, computed from its arguments with ``np.*``, ``ag.*`` and
            operators.
        argnums: which positional arguments to differentiate with respect to, an int or several. Each may
            be a float, an array, a Tensor, or nested tuples, lists and dicts of them.
        has_aux: whether ``f`` returns a pair (value, something else), the latter handed through.

    Returns:
        A function of the same arguments that returns ``(value, gradient)``, or
        ``((value, aux), gradient)`` with ``has_aux``. The gradient has the structure of the argument; for
        several ``argnums`` it is a tuple.

    Raises:
        GradientError: if the output is not one real number or has lost its graph.
        TypeError: if an argument to differentiate is not made of floats.

    >>> import autograd_core as ag
    >>> ag.value_and_grad(lambda p: p["a"] * p["b"] ** 2)({"a": 2.0, "b": 3.0})
    (tensor(18.), {'a': tensor(9.), 'b': tensor(12.)})
    """
    check_function("value_and_grad", f)

    def transformed(*args: Any, **kwargs: Any) -> Any:
        trace, gradient = _gradient("value_and_grad", f, argnums, has_aux, args, kwargs)
        value = trace.value()
        return ((value, trace.released(trace.aux)) if has_aux else value), gradient

    return described(transformed, f, "value_and_grad")


def _gradient(name: str, f: Any, argnums: Any, has_aux: bool, args: Any, kwargs: Any) -> tuple[Trace, Any]:
    trace = Trace(name, f, args, kwargs, positions_of(name, argnums, args), has_aux)
    gradients = trace.in_arguments(trace.gradients(trace.scalar_seed()))
    return trace, gradients[0] if isinstance(argnums, int) else tuple(gradients)


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The gradient of a function that returns one number, as a function.

    For f: R^n -> R it returns x -> (df/dx_1, ..., df/dx_n). Applied again it gives higher derivatives.
    For complex x = a + ib the gradient is df/da + i df/db.

    Args:
        f, argnums, has_aux: as for ``value_and_grad``.

    Returns:
        A function of the same arguments that returns the gradient, or ``(gradient, aux)``.

    Raises:
        GradientError: if the output is not one real number or has lost its graph.
        TypeError: if an argument to differentiate is not made of floats.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> sine = np.sin
    >>> ag.grad(sine)(0.0), ag.grad(ag.grad(ag.grad(sine)))(0.0)
    (tensor(1.), tensor(-1.))
    >>> ag.grad(lambda w, x: (w * x).sum())(np.ones(2), np.array([3.0, 4.0]))
    tensor([3., 4.])
    """
    check_function("grad", f)

    def transformed(*args: Any, **kwargs: Any) -> Any:
        trace, gradient = _gradient("grad", f, argnums, has_aux, args, kwargs)
        return (gradient, trace.released(trace.aux)) if has_aux else gradient

    return described(transformed, f, "grad")


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """Run a function, and return its output with the function that takes gradients back through it.

    With the Jacobian J of f at the primals, ``vjp_fn(g)`` is J^T g (for complex numbers J^H g, so that
    gradients are directions of steepest ascent, as everywhere).

    Args:
        f: a function of arrays or nested structures of them.
        primals: its arguments; all are differentiated.
        has_aux: whether ``f`` returns a pair (output, something else).

    Returns:
        ``(output, vjp_fn)``, or ``(output, vjp_fn, aux)``. ``vjp_fn`` takes a gradient built like the
        output and returns a tuple with a gradient for every primal. It may be called many times.

    Raises:
        TypeError: if a primal is not made of floats, or if a gradient is not built like the output.
        GradientError: if the output has lost its graph.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> out, vjp_fn = ag.vjp(lambda x, y: x * y, np.array([1.0, 2.0]), 3.0)
    >>> out, vjp_fn(np.array([1.0, 10.0]))
    (tensor([3., 6.]), (tensor([ 3., 30.]), tensor(21.)))
    """
    check_function("vjp", f)
    trace = Trace("vjp", f, primals, {}, range(len(primals)), has_aux, keep=True)

    def vjp_fn(cotangents: Any) -> tuple[Any, ...]:
        leaves = flatten_as(trace.structure, cotangents, "vjp_fn", "gradient")
        paths = trace.structure.paths("gradient")
        seeds = [
            matching(leaf, output, "vjp_fn", path)
            for leaf, output, path in zip(leaves, trace.outputs, paths, strict=True)
        ]
        return tuple(trace.in_arguments(trace.gradients([conjugate(seed) for seed in seeds])))

    result = trace.value(), vjp_fn
    return (*result, trace.released(trace.aux)) if has_aux else result


def jvp(f: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """The value of a function and its derivative in one direction.

    With the Jacobian J of f at the primals x, it returns f(x) and J t, the limit of
    (f(x + h t) − f(x)) / h. It is computed as the derivative of u -> J^T u, which is linear in u
    (https://j-towns.github.io/2017/06/12/A-new-trick.html).

    Args:
        f: a function of arrays or nested structures of them.
        primals: a tuple with its arguments (or the only argument, if it is no tuple or list).
        tangents: the direction, built like ``primals``.
        has_aux: whether ``f`` returns a pair (output, something else).

    Returns:
        ``(output, output_tangent)``, or ``(output, output_tangent, aux)``.

    Raises:
        TypeError: if a primal is not made of floats, or if the tangents are not built like the primals.
        GradientError: if the output has lost its graph.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> ag.jvp(lambda x, y: x * y, (2.0, 5.0), (1.0, 10.0))
    (tensor(10.), tensor(25.))
    """
    check_function("jvp", f)
    several = isinstance(primals, tuple | list)
    arguments = primals if several else (primals,)
    trace = Trace("jvp", f, arguments, {}, range(len(arguments)), has_aux)
    leaves = flatten_tangents(trace, tangents if several else (tangents,))
    result = trace.value(), Linearization(trace)(leaves)
    return (*result, trace.released(trace.aux)) if has_aux else result


def linearize(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """Run a function, and return its output with its linear approximation there.

    ``f_jvp(*t)`` is J t, with the Jacobian J of f at the primals. The function itself is run once, so
    many directions cost less than many calls of ``jvp``.

    Args:
        f: a function of arrays or nested structures of them.
        primals: its arguments.
        has_aux: whether ``f`` returns a pair (output, something else).

    Returns:
        ``(output, f_jvp)``, or ``(output, f_jvp, aux)``.

    Raises:
        TypeError, GradientError: as for ``jvp``.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> out, f_jvp = ag.linearize(lambda x: x**3, 2.0)
    >>> out, f_jvp(1.0), f_jvp(0.5)
    (tensor(8.), tensor(12.), tensor(6.))
    """
    check_function("linearize", f)
    trace = Trace("linearize", f, primals, {}, range(len(primals)), has_aux, keep=True)
    linear = Linearization(trace)

    def f_jvp(*tangents: Any) -> Any:
        return linear(flatten_tangents(trace, tangents))

    result = trace.value(), f_jvp
    return (*result, trace.released(trace.aux)) if has_aux else result


def hvp(f: Callable[..., Any], primals: Any, tangents: Any) -> Any:
    """The product of the Hessian of ``f`` and a vector, without the Hessian.

    H t, with H_ij = d^2 f / dx_i dx_j, as the gradient of t . grad f(x): it costs a few evaluations of
    f, whatever the size of H (Pearlmutter, Fast exact multiplication by the Hessian, 1994).

    Args:
        f: a function that returns one number.
        primals: a tuple with its arguments (or the only argument, if it is no tuple or list).
        tangents: the vector, built like ``primals``.

    Returns:
        The product, built like ``primals``.

    Raises:
        GradientError: if the output of ``f`` is not one real number or has lost its graph.
        TypeError: if a primal is not made of floats, or if the tangents are not built like the primals.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> ag.hvp(lambda x: (x**3).sum(), np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    tensor([  6., 120.])
    """
    check_function("hvp", f)
    several = isinstance(primals, tuple | list)
    arguments = primals if several else (primals,)
    trace = Trace("hvp", f, arguments, {}, range(len(arguments)))
    leaves = flatten_tangents(trace, tangents if several else (tangents,))
    with modes.enable_grad():
        first = trace.pullback([make_constant(seed) for seed in trace.scalar_seed()], record=True)
    ends = [isinstance(g, Node) and g._requires_grad for g in first]
    back = Pullback([g for g, end in zip(first, ends, strict=True) if end], trace.inputs, trace.first)
    kept = [leaf for leaf, end in zip(leaves, ends, strict=True) if end]
    products = trace.in_arguments(trace.finish(trace.run(back, kept), trace.inputs, kept))
    if not several:
        return products[0]
    return primals._make(products) if hasattr(primals, "_make") else type(primals)(products)
