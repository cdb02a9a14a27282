"""Which layer every node of a view belongs to: its group, or else what the names of parameters say."""

from __future__ import annotations

from ..view import View, ViewNode


def layers(view: View) -> list[str]:
    """Per node the name of its layer, ``""`` for none. Empty if the graph has fewer than two.

    A layer is a group of the view. In a view without groups, an operation on ``encoder.0.weight`` belongs to
    ``encoder.0``, and those that only use what it made belong there too.

    >>> import autograd_core as ag, viz
    >>> w, v = (ag.tensor(2.0, requires_grad=True, name=f"{layer}.w") for layer in ("hidden", "output"))
    >>> layers(viz.draw((w * 3.0).tanh() * v, show_constants=False).view)
    ['hidden', 'output', 'hidden', 'hidden', 'output']
    """
    names = [".".join(node.group) for node in view.nodes]
    if not any(names):
        names = _by_parameters(view)
    return names if len(set(names) - {""}) > 1 else []


def _by_parameters(view: View) -> list[str]:
    numbers = {node.id: number for number, node in enumerate(view.nodes)}
    names = [_owner(node) for node in view.nodes]
    for edge in view.edges:  # in the order of their targets
        source, target = names[numbers[edge.source]], numbers[edge.target]
        held = view.nodes[numbers[edge.source]].kind == "leaf"
        if source and (held or not names[target]):
            names[target] = source
    return names


def _owner(node: ViewNode) -> str:
    return node.label.rpartition(".")[0] if node.kind == "leaf" else ""
