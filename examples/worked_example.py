"""The worked example of backpropagation: two inputs, two hidden and two output units, eight weights.

Every number is a node of its own, so that the two passes can be followed by hand.

    python -m examples.worked_example
"""

from __future__ import annotations

from typing import NamedTuple

import autograd_core as ag
from autograd_core import Tensor
from nn.functional import sigmoid

WEIGHTS = dict(w1=0.15, w2=0.20, w3=0.25, w4=0.30, w5=0.40, w6=0.45, w7=0.50, w8=0.55, b1=0.35, b2=0.60)
INPUTS = dict(x1=0.05, x2=0.10)
TARGETS = dict(t1=0.01, t2=0.99)
LEARNING_RATE = 0.5

# What the two passes and one step of gradient descent have to give, to nine digits.
EXPECTED = {
    "o1": 0.751365070,
    "o2": 0.772928465,
    "E": 0.298371109,
    "dE/dw5": 0.082167041,
    "dE/dw1": 0.000438568,
    "w5 after a step": 0.358916480,
    "w1 after a step": 0.149780716,
}


class Network(NamedTuple):
    """The nodes of the example: its weights by name, its outputs and its error."""

    weights: dict[str, Tensor]
    outputs: tuple[Tensor, Tensor]
    error: Tensor


def build() -> Network:
    """Run the network forward, which records its graph."""
    w = {name: ag.tensor(value, requires_grad=True, name=name) for name, value in WEIGHTS.items()}
    x1, x2 = (ag.tensor(value, name=name) for name, value in INPUTS.items())
    t1, t2 = (ag.tensor(value, name=name) for name, value in TARGETS.items())

    h1 = sigmoid(w["w1"] * x1 + w["w2"] * x2 + w["b1"])
    h2 = sigmoid(w["w3"] * x1 + w["w4"] * x2 + w["b1"])
    o1 = sigmoid(w["w5"] * h1 + w["w6"] * h2 + w["b2"])
    o2 = sigmoid(w["w7"] * h1 + w["w8"] * h2 + w["b2"])
    error = 0.5 * ((t1 - o1) ** 2 + (t2 - o2) ** 2)

    for node, name in zip((h1, h2, o1, o2, error), ("h1", "h2", "o1", "o2", "E"), strict=True):
        node.name = name
    return Network(w, (o1, o2), error)


def results(network: Network, grad_table: ag.GradTable) -> dict[str, float]:
    """The quantities of ``EXPECTED`` as the engine has them."""
    found = {"o1": network.outputs[0].item(), "o2": network.outputs[1].item(), "E": network.error.item()}
    for name in ("w5", "w1"):
        found[f"dE/d{name}"] = grad_table[name].item()
    for name in ("w5", "w1"):
        found[f"{name} after a step"] = WEIGHTS[name] - LEARNING_RATE * grad_table[name].item()
    return found


def compare(found: dict[str, float]) -> tuple[str, bool]:
    """A table of what is expected and what was found, and whether all digits agree."""
    lines = [f"{'quantity':<17}{'document':>13}{'engine':>13}"]
    agree = True
    for name, expected in EXPECTED.items():
        same = f"{found[name]:.9f}" == f"{expected:.9f}"
        agree = agree and same
        lines.append(f"{name:<17}{expected:>13.9f}{found[name]:>13.9f}   {'equal' if same else 'DIFFERENT'}")
    return "\n".join(lines), agree


def main() -> None:
    """Print both passes and the comparison."""
    network = build()
    grad_table = network.error.backward(keep="all")
    print(grad_table)
    print()
    print(compare(results(network, grad_table))[0])


if __name__ == "__main__":
    main()
