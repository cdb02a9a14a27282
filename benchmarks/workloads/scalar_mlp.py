"""A network of single numbers, 2-16-16-1, on 100 points of two moons: one step of training.

Every weight, product and sum is a node of its own, as in micrograd, whose algorithm (an object per
number with a closure for its backward step, a recursive topological sort) is the peer here.
"""

from __future__ import annotations

import itertools
import operator
import random

import numpy as np

from ..measure import Workload

SIZES = (2, 16, 16, 1)
POINTS = 100
RATE = 0.05


def moons() -> tuple[np.ndarray, np.ndarray]:
    """Points on two interleaved half circles and their classes, -1 and 1."""
    rng = np.random.default_rng(1337)
    angle = rng.uniform(0, np.pi, POINTS)
    label = np.arange(POINTS) % 2
    x = np.where(label, 1 - np.cos(angle), np.cos(angle)) + rng.normal(0, 0.1, POINTS)
    y = np.where(label, 0.5 - np.sin(angle), np.sin(angle)) + rng.normal(0, 0.1, POINTS)
    return np.stack([x, y], axis=1), 2 * label - 1


class Closure:
    """A number that knows how to pass its gradient on: micrograd's algorithm."""

    __slots__ = ("backward_step", "data", "grad", "parents")

    def __init__(self, data, parents=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.backward_step = None

    def __add__(self, other):
        other = other if isinstance(other, Closure) else Closure(other)
        out = Closure(self.data + other.data, (self, other))

        def step():
            self.grad += out.grad
            other.grad += out.grad

        out.backward_step = step
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Closure) else Closure(other)
        out = Closure(self.data * other.data, (self, other))

        def step():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.backward_step = step
        return out

    def relu(self):
        out = Closure(0.0 if self.data < 0 else self.data, (self,))

        def step():
            self.grad += (out.data > 0) * out.grad

        out.backward_step = step
        return out

    __radd__ = __add__
    __rmul__ = __mul__

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            if node.backward_step is not None:
                node.backward_step()


def _network(number, draw):
    return [
        [([number(draw()) for _ in range(before)], number(0.0)) for _ in range(after)]
        for before, after in itertools.pairwise(SIZES)
    ]


def _loss(network, points, labels, relu=operator.methodcaller("relu")):
    """The hinge loss of all points plus a penalty on the weights, number by number."""
    total = 0.0
    for point, label in zip(points, labels):
        values = point
        for depth, layer in enumerate(network):
            values = [sum((w * v for w, v in zip(weights, values)), bias) for weights, bias in layer]
            if depth < len(network) - 1:
                values = [relu(value) for value in values]
        total = total + relu(values[0] * -label + 1.0)
    penalty = sum(w * w for layer in network for weights, bias in layer for w in (*weights, bias))
    return total * (1.0 / len(points)) + penalty * 1e-4


def _set_up(number, zero, values, update):
    points, labels = moons()
    generator = random.Random(1337)
    network = _network(number, lambda: generator.uniform(-1, 1))
    parameters = [p for layer in network for weights, bias in layer for p in (*weights, bias)]
    inputs = [[values(v) for v in point] for point in points]
    targets = [float(label) for label in labels]

    def work():
        for parameter in parameters:
            zero(parameter)
        loss = _loss(network, inputs, targets)
        loss.backward()
        for parameter in parameters:
            update(parameter)
        return loss

    return work


def _ours():
    import autograd_core as ag

    def forget(p):
        p.grad = None

    def descend(p):
        p.data -= RATE * p.grad

    return _set_up(lambda v: ag.Tensor(v, requires_grad=True), forget, float, descend)


def _micrograd():
    def forget(p):
        p.grad = 0.0

    def descend(p):
        p.data -= RATE * p.grad

    return _set_up(Closure, forget, float, descend)


def _torch():
    import torch

    def forget(p):
        p.grad = None

    def descend(p):
        p.data -= RATE * p.grad

    return _set_up(lambda v: torch.tensor(v, requires_grad=True), forget, float, descend)


def _hips():
    import autograd
    import autograd.numpy as anp

    points, labels = moons()
    generator = random.Random(1337)
    network = _network(lambda v: v, lambda: generator.uniform(-1, 1))
    inputs = [[float(v) for v in point] for point in points]
    targets = [float(label) for label in labels]

    def loss(network):
        # Taken apart once, so that no number is picked out of its list for every point anew.
        taken = [[(list(unit[0]), unit[1]) for unit in layer] for layer in network]
        return _loss(taken, inputs, targets, lambda value: anp.maximum(value, 0.0))

    gradient = autograd.grad(loss)
    state = [network]

    def work():
        state[0] = [
            [
                ([w - RATE * g for w, g in zip(weights, gradients)], bias - RATE * slope)
                for (weights, bias), (gradients, slope) in zip(layer, slopes)
            ]
            for layer, slopes in zip(state[0], gradient(state[0]))
        ]

    return work


SCALAR = Workload(
    "scalar MLP 2-16-16-1, 100 points",
    {"ours": _ours, "micrograd's algorithm": _micrograd, "PyTorch (0-d tensors)": _torch, "HIPS autograd": _hips},
    rounds=7,
    targets={"micrograd's algorithm": 1.0, "HIPS autograd": 0.3},
)
WORKLOADS = (SCALAR,)
