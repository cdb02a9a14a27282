"""Why deep networks need a way around: 26 layers that learn nothing, and 26 that learn in seconds.

Both networks read digits by 25 convolutions of 3x3. In the plain one the gradient passes through all of them,
and hardly anything of it arrives at the first. In the other one every two layers only add to what they are
given, and batch norm keeps their size.

    python -m examples.deep_networks
"""

from __future__ import annotations

import numpy as np

import nn
import optim

from . import digits

BLOCKS = 12
STEPS = 60
BATCH = 64


def build(deep: str, seed: int = 0) -> nn.Module:
    """The plain network or the residual one, both of the same layers."""
    nn.manual_seed(seed)
    residual = {"plain": False, "residual": True}[deep]
    return nn.ResNet(1, 10, channels=(8,), blocks=BLOCKS, residual=residual, norm=residual)


def train(model: nn.Module, data: digits.Split, steps: int = STEPS, seed: int = 0) -> list[float]:
    """Train with SGD and return the loss of every step."""
    rng = np.random.default_rng(seed)
    loss_of = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(steps):
        batch = rng.integers(0, len(data.train_labels), BATCH)
        optimizer.zero_grad()
        loss = loss_of(model(data.train_images[batch].reshape(-1, 1, 8, 8)), data.train_labels[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def gradient_sizes(model: nn.Module, data: digits.Split) -> list[float]:
    """The root mean square of the loss's gradient with respect to each convolution's weights, first to last."""
    loss = nn.CrossEntropyLoss()(model(data.train_images[:BATCH].reshape(-1, 1, 8, 8)), data.train_labels[:BATCH])
    model.zero_grad()
    loss.backward()
    weights = [module.weight for module in model.modules() if isinstance(module, nn.Conv2d)]
    return [float(np.sqrt(np.mean(np.square(weight.grad.numpy())))) for weight in weights]


def main() -> None:
    """Train both and print what happens."""
    data = digits.load()
    for deep in ("plain", "residual"):
        model = build(deep)
        sizes = gradient_sizes(model, data)
        losses = train(model, data)
        print(f"{deep:<9} gradient at the first layer {sizes[0]:.1e}, at the last {sizes[-1]:.1e};", end=" ")
        print(f"loss {losses[0]:.3f} -> {np.mean(losses[-10:]):.3f}")


if __name__ == "__main__":
    main()
