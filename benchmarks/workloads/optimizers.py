"""One step of an optimizer on 500,000 parameters in several arrays, with gradients that are there."""

from __future__ import annotations

import numpy as np

from ..measure import Workload

SHAPES = ((784, 512), (512,), (512, 180), (180,), (180, 32), (32,))


def _arrays():
    rng = np.random.default_rng(0)
    return [tuple(rng.standard_normal(shape).astype(np.float32) for _ in range(2)) for shape in SHAPES]


def _ours(name, options):
    import autograd_core as ag
    import optim

    parameters = []
    for value, gradient in _arrays():
        parameters.append(ag.tensor(value, requires_grad=True))
        parameters[-1].grad = ag.tensor(gradient)
    return getattr(optim, name)(parameters, **options).step


def _torch(name, options):
    import torch

    parameters = []
    for value, gradient in _arrays():
        parameters.append(torch.tensor(value, requires_grad=True))
        parameters[-1].grad = torch.tensor(gradient)
    return getattr(torch.optim, name)(parameters, **options).step


def _hand():
    arrays = [(value, gradient, np.zeros_like(value), np.zeros_like(value)) for value, gradient in _arrays()]
    count = [0]

    def work():
        count[0] += 1
        t = count[0]
        for p, g, m, v in arrays:
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p -= (1e-3 / (1 - 0.9**t)) * m / (np.sqrt(v) * (1 / (1 - 0.999**t) ** 0.5) + 1e-8)

    return work


def _workload(name, optimizer, target, by_hand=None, **options):
    contenders = {
        "ours": lambda: _ours(optimizer, options),
        "PyTorch": lambda: _torch(optimizer, options),
        "PyTorch, fused": lambda: _torch(optimizer, {**options, "fused": True}),
    }
    if by_hand is not None:
        contenders["NumPy by hand"] = by_hand
    return Workload(name, contenders, targets={"PyTorch": target})


ADAM = _workload("Adam step, 500,000 parameters", "Adam", 1.0, _hand)
ADAMW = _workload("AdamW step, 500,000 parameters", "AdamW", 1.0)
SGD = _workload("SGD step with momentum, 500,000 parameters", "SGD", 1.0, momentum=0.9)
WORKLOADS = (ADAM, ADAMW, SGD)
