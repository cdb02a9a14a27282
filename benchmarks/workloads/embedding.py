"""Rows picked from a table, with repeated numbers: forward and backward."""

from __future__ import annotations

import numpy as np

from ..measure import Workload

ROWS, WIDTH, BATCH, LENGTH = 5000, 64, 32, 64


def _data():
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((ROWS, WIDTH)).astype(np.float32)
    ids = rng.integers(0, ROWS, (BATCH, LENGTH))
    gradient = rng.standard_normal((BATCH, LENGTH, WIDTH)).astype(np.float32)
    return weight, ids, gradient


def _ours():
    import autograd_core as ag
    import nn

    weight, ids, gradient = _data()
    layer = nn.Embedding(ROWS, WIDTH, _weight=weight)
    gradient = ag.Tensor(gradient)

    def work():
        layer.zero_grad()
        layer(ids).backward(gradient)

    return work


def _torch():
    import torch

    weight, ids, gradient = (torch.from_numpy(a) for a in _data())
    layer = torch.nn.Embedding(ROWS, WIDTH, _weight=weight)

    def work():
        layer.zero_grad()
        layer(ids).backward(gradient)

    return work


def _hand():
    weight, ids, gradient = _data()
    numbers, rows = ids.reshape(-1), gradient.reshape(-1, WIDTH)

    def work():
        picked = weight[ids]
        total = np.zeros_like(weight)
        np.add.at(total, numbers, rows)
        return picked, total

    return work


WORKLOADS = (
    Workload(
        f"embedding {ROWS}×{WIDTH}, {BATCH}×{LENGTH} numbers, forward + backward",
        {"ours": _ours, "PyTorch": _torch, "NumPy by hand": _hand},
        targets={"PyTorch": 1.0},
    ),
)
