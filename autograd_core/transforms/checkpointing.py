"""Trading time for memory: keep a function's inputs instead of its graph, and run it again when needed.

Griewank and Walther, Algorithm 799: revolve, ACM TOMS 26 (2000); Chen et al., Training deep nets with
sublinear memory cost (2016).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import modes
from ..errors import GradientError, explain
from ..ops.identity import identity
from ..primitive import Primitive
from ..pullback import Pullback, nodes_since
from ..recording import Node, make_constant, make_leaf, next_index
from ..tensor import Tensor
from ..values import entries_of
from .examples import vectorizing
from .tracing import check_function, described
from .trees import flatten, unflatten

__all__ = ["checkpoint", "remat", "replay_generator"]

# Functions that return a generator whose random numbers are drawn again when a segment is run again.
_generators: list[Callable[[], np.random.Generator]] = []


def replay_generator(current: Callable[[], np.random.Generator]) -> Callable[[], np.random.Generator]:
    """Have every ``checkpoint`` draw the same random numbers of a generator when it runs a function again.

    Args:
        current: returns the generator in use.

    Returns:
        ``current``, so that this can stand above its definition as a decorator.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> generator = np.random.default_rng(0)
    >>> @ag.replay_generator
    ... def current_generator(generator=generator):
    ...     return generator
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> dropped = ag.checkpoint(lambda x: x * (current_generator().uniform(size=2) < 0.5))(x)
    >>> table = dropped.sum().backward()
    """
    _generators.append(current)
    return current


def checkpoint(f: Callable[..., Any], *, generators: Iterable[np.random.Generator] = ()) -> Callable[..., Any]:
    """The same function, whose graph is not kept but built anew in the backward pass.

    A chain of n layers of which every k are wrapped keeps about n/k + k values instead of n, for one
    more forward pass. Gradients are the same, to any order, and reach Tensors that ``f`` uses without
    having them as arguments, such as parameters.

    Args:
        f: a function of any arguments that returns Tensors or nested structures of them. It must compute
            the same when it is run again: random numbers are drawn again from the same state for NumPy's
            global generator, for those in ``generators`` and for those that ``replay_generator`` knows.
            What else it does (counting, printing) it does again.
        generators: further generators that ``f`` draws from.

    Returns:
        A function of the same arguments.

    Raises:
        GradientError: in the backward pass, if ``f`` did not compute the same again.
        StaleValueError: in the backward pass, if a Tensor that ``f`` used was changed in between.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> x = ag.tensor(2.0, requires_grad=True)
    >>> y = ag.checkpoint(lambda x: np.sin(x) * x)(x)
    >>> y.primitive
    <operation checkpoint>
    >>> table = y.backward()
    >>> x.grad
    tensor(0.077)
    """
    check_function("checkpoint", f)
    generators = tuple(generators)

    def transformed(*args: Any, **kwargs: Any) -> Any:
        if not modes.state.grad_enabled:
            return f(*args, **kwargs)
        return _Segment(f, args, kwargs, generators).result()

    return described(transformed, f, "checkpoint")


remat = checkpoint


class _Segment:
    """One call of a checkpointed function.

    The operation that is recorded has as inputs the arguments that require a gradient (``own``), and then
    the Tensors from outside that the function turned out to use (``closure``). Inside ``vmap`` the values are
    those of all examples, and every run is one for as many examples (``sizes``).
    """

    def __init__(self, f: Any, args: Any, kwargs: Any, generators: Sequence[np.random.Generator]) -> None:
        self.f = f
        self.leaves, self.structure = flatten([args, kwargs])
        self.own = [i for i, leaf in enumerate(self.leaves) if isinstance(leaf, Node) and leaf._requires_grad]
        self.generators = [*generators, *(current() for current in _generators)]
        self.states = self._random_states()
        vectorization = modes.state.vectorization
        self.sizes = None if vectorization is None else vectorization.sizes
        self.arguments = [self.leaves[i] for i in self.own]
        self.closure: list[Any] = []
        self.values: tuple[Any, ...] | None = None

    def result(self) -> Any:
        """Run the function and record it as one operation."""
        first = next_index()
        leaves, structure = flatten(self._run([make_leaf(Tensor, x._data, True) for x in self.arguments]))
        outputs = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Node) and leaf._requires_grad]
        if not outputs:
            return unflatten(structure, leaves)
        self.closure = sorted(nodes_since([leaves[i] for i in outputs], first)[1], key=lambda node: node.index)
        self.values = tuple(leaves[i]._data for i in outputs)
        single = len(outputs) == 1
        primitive = Primitive(
            "checkpoint",
            lambda *inputs: self._forward(inputs)[0] if single else self._forward(inputs),
            joint=lambda g, out, *inputs: self._joint((g,) if single else g, (out,) if single else out, inputs),
            multiple=not single,
            formulas="run again",
        )
        with vectorizing(None):  # the function's own operations are lifted to all examples, so that this one is
            recorded = primitive(*self.arguments, *self.closure)
        # What a second run needs of the arguments comes back as inputs of the rule.
        for i in self.own:
            self.leaves[i] = None
        self.arguments = []
        for i, node in zip(outputs, (recorded,) if single else recorded, strict=True):
            leaves[i] = node
        return unflatten(structure, leaves)

    def _run(self, arguments: Sequence[Any]) -> Any:
        leaves = list(self.leaves)
        for i, argument in zip(self.own, arguments, strict=True):
            leaves[i] = argument
        args, kwargs = unflatten(self.structure, leaves)
        return self.f(*args, **kwargs)

    def _forward(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """The values of the outputs: known from the first run, computed anew when the graph is replayed."""
        if self.values is not None:
            values, self.values = self.values, None
            return values
        with modes.no_grad(), vectorizing(self.sizes):
            leaves, _ = flatten(self._run([make_constant(x) for x in inputs[: len(self.own)]]))
        self.states = self._random_states()
        return tuple(leaf._data for leaf in leaves if isinstance(leaf, Node))

    def _joint(self, gradients: Sequence[Any], outputs: Sequence[Any], inputs: Sequence[Any]) -> tuple[Any, ...]:
        """Run the function again, recorded, and take the gradients back through it."""
        record = any(isinstance(x, Node) for x in inputs)
        own, closure = inputs[: len(self.own)], inputs[len(self.own) :]
        with modes.enable_grad(), vectorizing(self.sizes), self._replayed():
            first = next_index()
            arguments = [identity(x) if record else make_leaf(Tensor, x, True) for x in own]
            leaves, _ = flatten(self._run(arguments))
        again = [leaf for leaf in leaves if isinstance(leaf, Tensor) and leaf._requires_grad]
        pullback = Pullback(again, [*arguments, *self.closure], first, through=False)
        same = len(again) == len(outputs) and pullback.older <= {*self.closure, *(own if record else ())}
        for node, value in zip(self.closure, closure, strict=True):
            same = same and (node is value if record else node._data is value)
        if not same:
            raise _differs(self.f, "other Tensors, or Tensors that were replaced in between")
        for old, new in zip(outputs, again, strict=True):
            if not _close(old, new):
                raise _differs(self.f, "other values")
        return tuple(pullback(gradients, record=record))

    def _random_states(self) -> list[Any]:
        return [source.state for source in self._sources()]

    def _restore(self, states: Sequence[Any]) -> None:
        for source, state in zip(self._sources(), states, strict=True):
            source.state = state

    def _sources(self) -> list[Any]:
        return [np.random.get_bit_generator(), *(generator.bit_generator for generator in self.generators)]

    @contextmanager
    def _replayed(self) -> Any:
        """Random numbers as in the first run; afterwards they go on from where they were."""
        present = self._random_states()
        self._restore(self.states)
        try:
            yield
        finally:
            self._restore(present)


def _close(old: Any, new: Any) -> bool:
    """Whether two runs gave the same, up to what another order of summation may do."""
    old, new = entries_of(old), entries_of(new)
    if old.shape != new.shape:
        return False
    tolerance = 100 * np.finfo(old.dtype).eps
    return bool(
        np.allclose(old, new, rtol=tolerance, atol=tolerance * float(np.max(np.abs(old), initial=0.0)), equal_nan=True)
    )


def _differs(f: Any, got: str) -> GradientError:
    return GradientError(
        explain(
            f"backward of checkpoint({getattr(f, '__name__', type(f).__name__)})",
            expected="the function to compute the same when it is run again",
            got=got,
            remedy="pass what changes as an argument, and random generators as checkpoint(f, generators=[...])",
        )
    )
