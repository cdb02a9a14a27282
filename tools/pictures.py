"""Draw the pictures of the documentation into docs/images (needs Graphviz' program dot).

python -m tools.pictures
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import autograd_core as ag
import viz

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"


def neuron() -> viz.Drawing:
    """The graph that the README begins with."""
    x = ag.tensor(2.0, name="x")
    w = ag.tensor(-0.5, requires_grad=True, name="w")
    b = ag.tensor(0.7, requires_grad=True, name="b")
    out = np.tanh(w * x + b)
    loss = (out - 1) ** 2
    out.name, loss.name = "out", "loss"
    return viz.draw(loss, digits=4)


def main() -> None:
    """Draw all."""
    print(neuron().save(IMAGES / "neuron.svg"))


if __name__ == "__main__":
    main()
