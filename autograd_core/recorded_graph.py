"""``Graph``: the recorded computation held in the hand, to be looked at, replayed and differentiated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .errors import GradientError, StaleValueError, explain
from .formatting import align, short
from .grad_table import GradTable
from .gradients import as_gradients
from .graph import backward_pass, forward_pass, topological_order
from .memory_report import MemoryReport
from .modes import record_all
from .recording import Node, next_index
from .staleness import Change, date, last_renewal, user_line
from .tensor import Tensor
from .values import as_value


class Graph:
    """The nodes u(1) ... u(n) that results were computed from, with the forward and the backward pass.

    Args:
        results: the Tensor, or the Tensors, that the graph ends in.
        inputs: the leaves that ``forward`` gives new values to, in this order; all leaves, in the order in
            which they were made, if left out.

    Attributes:
        nodes: every node after its parents: the leaves first, then the operations.
        inputs: leaves, nodes that no operation made.
        operations: the nodes that an operation made.
        results: where the graph ends; ``result`` if it is only one.

    Raises:
        GradientError: if one of ``inputs`` is not a leaf of the graph.

    Operations without a gradient (comparisons), and operations on constants alone, are not recorded as a
    rule, so what they give stands in the graph as a leaf. ``Graph.trace`` and ``ag.record_all()`` record
    everything, and notice where Python takes a decision on a value; only then does ``forward`` know about
    every use of its inputs.

    >>> import autograd_core as ag
    >>> a = ag.tensor(2.0, requires_grad=True, name="a")
    >>> b = ag.tensor(3.0, requires_grad=True, name="b")
    >>> graph = ag.Graph(a * b + a)
    >>> print(graph)
    node  operation  parents  value
    a     leaf                2
    b     leaf                3
    u(3)  multiply   a, b     6
    u(4)  add        u(3), a  8
    >>> graph.forward(5.0, 7.0)
    tensor(40., operation=add)
    >>> graph.backward()["a"]
    tensor(8.)
    """

    def __init__(self, results: Tensor | Sequence[Tensor], inputs: Sequence[Tensor] | None = None) -> None:
        self.results = (results,) if isinstance(results, Node) else tuple(results)
        nodes = topological_order(self.results, constants=True)
        self._made = next_index()
        # The nodes that were used where nothing is recorded, if that is known: nothing else was computed from them.
        self._read: frozenset[Tensor] | None = None
        leaves = [node for node in nodes if node.primitive is None]
        self.operations = [node for node in nodes if node.primitive is not None]
        self.nodes = leaves + self.operations
        self.inputs = leaves if inputs is None else list(inputs)
        known = set(leaves)
        for position, node in enumerate(self.inputs):
            if node not in known:
                raise GradientError(
                    explain(
                        "Graph",
                        expected="leaves of the graph as inputs",
                        got=f"input {position}, " + ("the result of an operation" if node.primitive else "not in it"),
                        remedy="pass Tensors that no recorded operation made and that the results depend on",
                    )
                )

    @classmethod
    def trace(cls, function: Callable[..., Any], *values: Any) -> Graph:
        """Run ``function`` once on Tensors, recording everything, and take its graph.

        Operations on constants are recorded too, so the graph can be replayed on any values of the same
        shapes and dtypes, as long as the function took no decision (``if``, ``float``) on a value.

        Args:
            function: takes Tensors and returns a Tensor or a sequence of Tensors.
            values: its arguments: Tensors, which are used as they are, or numbers and arrays.

        Returns:
            The graph, with the arguments as its inputs.

        Raises:
            TypeError: if the function returns something else.
            GradientError: for an argument that is the result of an operation.

        >>> import autograd_core as ag
        >>> graph = ag.Graph.trace(lambda x: ag.where(x > 0, x, 0.0), [1.0, -2.0])
        >>> graph.forward([-3.0, 4.0])
        tensor([0., 4.], operation=where)
        """
        arguments = [value if isinstance(value, Tensor) else Tensor(value) for value in values]
        for position, argument in enumerate(arguments):
            if argument.primitive is not None:
                raise GradientError(
                    explain(
                        "Graph.trace",
                        expected="leaves as arguments, to which forward can give new values",
                        got=f"argument {position}, the result of {argument.primitive.name}",
                        remedy="pass tensor.detach(), or trace the function that computes it too",
                    )
                )
        started = next_index()
        read_before = [argument for argument in arguments if argument._used_unrecorded]
        for argument in read_before:
            argument._used_unrecorded = False
        with record_all():
            results = function(*arguments)
        inputs = [_before(argument, started) for argument in arguments]
        if not isinstance(results, Node) and not all(isinstance(result, Node) for result in results):
            raise TypeError(
                explain(
                    "Graph.trace",
                    expected="a function that returns a Tensor or a sequence of Tensors",
                    got=type(results).__name__,
                    remedy="compute the result with ag or np functions of the arguments",
                )
            )
        graph = cls(results)
        graph.inputs = inputs
        graph._read = frozenset(node for node in (*inputs, *graph.nodes) if node._used_unrecorded)
        for argument in read_before:
            argument._used_unrecorded = True
        return graph

    @property
    def result(self) -> Tensor:
        """The Tensor that the graph ends in; the last one, if there are several."""
        return self.results[-1]

    # -- G1 -----------------------------------------------------------------------------------------

    def forward(self, *values: Any, **named: Any) -> Any:
        """G1: compute the graph again for new values of its inputs, without running any Python code again.

        Every node gets its new value, and backward passes use the new values from then on. Operations
        outside the graph that used the old values of its nodes have no valid gradient any more, and say so.

        Args:
            values: one for each of ``graph.inputs``; or a single mapping from inputs to values; or nothing,
                to use the values that the inputs have now.
            named: values for inputs by their names.

        Returns:
            The result, a Tensor; a tuple of them if the graph has several.

        Raises:
            TypeError: for a wrong number of values, an unknown name or a value of another dtype.
            ValueError: for a value of another shape.
            GradientError: if an operation that was not recorded used something that depends on a changed
                input, so that the replay would miss it.
            StaleValueError: if a node was rebound by ``x[i] = v`` after the graph was taken.
        """
        new = self._new_values(values, named)
        self._check_recorded(set(new))
        change = Change(next_index(), user_line())
        for node, value in new.items():
            node._data = value
            date(node, change)
        # Until the pass is through, no gradient is valid, neither of the old values nor of the new ones.
        for node in self.operations:
            date(node, change)
        forward_pass(self.operations)
        for node in self.operations:
            node.index = next_index()
        return self.results if len(self.results) > 1 else self.result

    def _new_values(self, values: Sequence[Any], named: Mapping[str, Any]) -> dict[Tensor, Any]:
        given: dict[Tensor, Any] = {}
        if len(values) == 1 and isinstance(values[0], Mapping):
            inputs = set(self.inputs)
            for node in values[0]:
                if node not in inputs:
                    raise TypeError(
                        explain(
                            "graph.forward",
                            expected="inputs of the graph as keys",
                            got=repr(node),
                            remedy="use the Tensors in graph.inputs",
                        )
                    )
            given.update(values[0])
        elif values:
            if len(values) != len(self.inputs):
                raise TypeError(
                    explain(
                        "graph.forward",
                        expected=f"{len(self.inputs)} values, one for each input ({self._names()})",
                        got=f"{len(values)}",
                        remedy="pass all of them, or some by name or as a mapping {input: value}",
                    )
                )
            given.update(zip(self.inputs, values))
        for name, value in named.items():
            found = [node for node in self.inputs if node.name == name]
            if len(found) != 1:
                raise TypeError(
                    explain(
                        "graph.forward",
                        expected=f"the name of an input ({self._names()})",
                        got=f"{name!r}, which {len(found) or 'no'} inputs have",
                        remedy="pass a mapping {input: value}",
                    )
                )
            given[found[0]] = value
        return {node: self._fitting(node, value) for node, value in given.items()}

    def _fitting(self, node: Tensor, value: Any) -> Any:
        """``value`` for ``node``, of its shape and dtype."""
        old = node._data
        value = as_value(value._data if isinstance(value, Tensor) else value)
        if value.shape != old.shape:
            raise ValueError(
                explain(
                    "graph.forward",
                    expected=f"shape {old.shape} for {self.label(node)}",
                    got=f"shape {value.shape}",
                    remedy="run the Python code again for values of another shape, and take its graph",
                )
            )
        if not np.can_cast(value.dtype, old.dtype, "same_kind"):
            raise TypeError(
                explain(
                    "graph.forward",
                    expected=f"a value for {self.label(node)} that fits into dtype {old.dtype}",
                    got=f"dtype {value.dtype}",
                    remedy="convert it, or run the Python code again for values of another dtype",
                )
            )
        return value if value.dtype == old.dtype else value.astype(old.dtype)

    def _check_recorded(self, changed: set[Tensor]) -> None:
        """Raise if something that depends on a changed input went into what was not recorded."""
        known = set(self.nodes)
        for node in (*(node for node in self.inputs if node not in known), *self.nodes):
            renewal = last_renewal(node)
            if renewal is not None and renewal.index > self._made:
                raise StaleValueError(
                    explain(
                        "graph.forward",
                        expected="the nodes that the graph was taken from",
                        got=f"{self.label(node)}, which became another node at {renewal.where}",
                        remedy="take the graph again: Graph(result)",
                    )
                )
            if node not in changed and not changed.isdisjoint(node.parents):
                changed.add(node)
            read = node._used_unrecorded if self._read is None else node in self._read
            if node in changed and read and node is not self.nodes[-1]:
                raise GradientError(
                    explain(
                        "graph.forward",
                        expected="that everything computed from a changed input was recorded",
                        got=f"{self.label(node)}, which was used where nothing is recorded: in a comparison, a "
                        "conversion or a decision (if), or under no_grad()",
                        remedy="record comparisons with Graph.trace(function, *values) or `with ag.record_all():`, "
                        "and write decisions as ag.where(condition, a, b)",
                    )
                )

    # -- G2 -----------------------------------------------------------------------------------------

    def backward(self, gradient: Any = None) -> GradTable:
        """G2: the gradient of the result with respect to every node that requires one.

        Unlike ``result.backward()`` it leaves ``.grad`` of every node alone.

        Args:
            gradient: the gradient to start from, of the result's shape; 1 for a result of one element. A
                sequence of them for several results, whose gradients are added up.

        Returns:
            The ``grad_table``: a mapping from nodes to gradients, which prints as a table.

        Raises:
            GradientError: as ``Tensor.backward``.
            StaleValueError: if a value that a rule needs was changed since the forward pass.
        """
        seeds = [gradient] if len(self.results) == 1 else [None] * len(self.results) if gradient is None else gradient
        grad_table: dict[Tensor, Any] = {}
        own: list[Any] = []
        for result, seed in zip(self.results, seeds, strict=True):
            g = result._seed(seed)._data
            own.append(g)
            grad_table[result] = grad_table[result] + g if result in grad_table else g
        nodes = topological_order(self.results)
        backward_pass(nodes, grad_table, keep=frozenset(nodes))
        return GradTable(self.nodes, as_gradients(grad_table, own))

    # -- as a sequence of nodes, and as text --------------------------------------------------------

    def memory(self) -> MemoryReport:
        """How many bytes the values of the nodes take, per operation, and how many the backward pass reads.

        >>> import numpy as np
        >>> import autograd_core as ag
        >>> x = ag.tensor(np.ones((100, 10)), requires_grad=True)
        >>> print(ag.Graph((x + 1.0).tanh().sum()).memory())
        operation  nodes  bytes   for backward
        add        1      8,000   0
        leaf       1      8,000   0
        tanh       1      8,000   8,000
        sum        1      8       0
        all        4      24,008  8,000
        """
        return MemoryReport(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.nodes)

    def label(self, node: Tensor) -> str:
        """The node's name, or ``u(i)`` with its place in ``graph.nodes``."""
        return self._labels().get(node, node.name or "an input that is not used")

    def _labels(self) -> dict[Tensor, str]:
        return {node: node.name or f"u({number})" for number, node in enumerate(self.nodes, 1)}

    def _names(self) -> str:
        return ", ".join(self.label(node) for node in self.inputs)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Per node, from the inputs to the result: label, operation, parents and value as text."""
        labels = self._labels()
        rows = []
        for node in self.nodes:
            parents = [
                short(x) if parent is None else labels[parent]
                for parent, x in zip(node.parents, node.inputs, strict=True)
            ]
            name = "leaf" if node.primitive is None else node.primitive.name
            rows.append((labels[node], name, ", ".join(parents), short(node._data)))
        return rows

    def __str__(self) -> str:
        return align([("node", "operation", "parents", "value"), *self.rows()])

    def __repr__(self) -> str:
        return str(self)


def _before(node: Tensor, index: int) -> Tensor:
    """The node that a Tensor was before number ``index``, should ``x[i] = v`` have made it a new one since."""
    renewal = last_renewal(node)
    while renewal is not None and renewal.index > index and renewal.previous is not None:
        node = renewal.previous
        renewal = last_renewal(node)
    return node
