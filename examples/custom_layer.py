"""A layer of your own with a derivative rule of your own: x · σ(βx), where β is learned.

The rule is plain NumPy, is checked against finite differences, and is differentiated again where a second
derivative is asked for.

    python -m examples.custom_layer
"""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_core as ag
import nn
import optim


@ag.operation(symbol="swish", elementwise=True)
def swish(x: Any, beta: Any) -> Any:
    """x · σ(βx)"""
    return x / (1 + np.exp(-beta * x))


@swish.rule("x", formula="σ({b}{a}) + {b}·{out}·(1 − σ({b}{a}))")
def swish_rule_for_x(g: Any, out: Any, x: Any, beta: Any) -> Any:
    """d/dx = σ + β x σ (1 − σ), and x σ is the output."""
    sigma = 1 / (1 + np.exp(-beta * x))
    return g * (sigma + beta * out * (1 - sigma))


@swish.rule("beta", formula="{a}·{out}·(1 − σ({b}{a}))")
def swish_rule_for_beta(g: Any, out: Any, x: Any, beta: Any) -> Any:
    """d/dβ = x² σ (1 − σ). That one β served all entries, the engine takes into account."""
    sigma = 1 / (1 + np.exp(-beta * x))
    return g * x * out * (1 - sigma)


class Swish(nn.Module):
    """The unit x · σ(βx): for β = 0 half the identity, for large β nearly ReLU."""

    def __init__(self, beta: float = 1.0) -> None:
        super().__init__()
        self.beta = nn.Parameter(beta)

    def forward(self, input: Any) -> Any:
        """Apply the unit to every entry."""
        return swish(input, self.beta)

    def extra_repr(self) -> str:
        """The present β."""
        return f"beta={self.beta.item():.3f}"


def main() -> None:
    """Check the rules, then let a network find its β."""
    print(swish.check(np.linspace(-2.0, 2.0, 5), np.array(1.5)))
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 16), Swish(), nn.Linear(16, 1))
    x = np.linspace(-2, 2, 100, dtype=np.float32)[:, None]
    y = np.sin(3 * x)
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    for _ in range(600):
        optimizer.zero_grad()
        loss = nn.MSELoss()(model(x), y)
        loss.backward()
        optimizer.step()
    print(f"\nloss {loss.item():.5f} with\n{model}")


if __name__ == "__main__":
    main()
