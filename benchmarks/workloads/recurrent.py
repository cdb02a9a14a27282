"""One LSTM and one GRU over whole sequences, one step of training each: forward, backward, Adam."""

from __future__ import annotations

import numpy as np

from ..measure import Workload

STEPS, BATCH, INPUTS, HIDDEN = 64, 32, 64, 128


def _data():
    rng = np.random.default_rng(0)
    shapes = ((STEPS, BATCH, INPUTS), (STEPS, BATCH, HIDDEN))
    return tuple(rng.standard_normal(shape).astype(np.float32) for shape in shapes)


def _ours(kind):
    import autograd_core as ag
    import nn
    import optim

    nn.manual_seed(0)
    x, target = (ag.Tensor(a) for a in _data())
    net = getattr(nn, kind)(INPUTS, HIDDEN)
    criterion = nn.MSELoss()
    optimizer = optim.Adam(net.parameters())

    def work():
        optimizer.zero_grad()
        loss = criterion(net(x)[0], target)
        loss.backward()
        optimizer.step()
        return loss

    return work


def _torch(kind):
    import torch

    torch.manual_seed(0)
    x, target = (torch.from_numpy(a) for a in _data())
    net = getattr(torch.nn, kind)(INPUTS, HIDDEN)
    criterion = torch.nn.MSELoss()
    optimizer = torch.optim.Adam(net.parameters())

    def work():
        optimizer.zero_grad()
        loss = criterion(net(x)[0], target)
        loss.backward()
        optimizer.step()
        return loss

    return work


def _workload(kind):
    return Workload(
        f"{kind} 64 steps, batch 32, 64-128, Adam",
        {"ours": lambda: _ours(kind), "PyTorch": lambda: _torch(kind)},
        targets={"PyTorch": 1.0},
    )


WORKLOADS = (_workload("LSTM"), _workload("GRU"))
