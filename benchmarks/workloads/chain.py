"""1,500 operations on 4 numbers: what one operation costs beside its arithmetic.

In float32, the dtype that PyTorch and JAX use when none is named, and for ours and PyTorch in float64 too.
"""

from __future__ import annotations

import numpy as np

from ..measure import Workload

REPEATS = 500


def _ours(dtype=np.float32):
    import autograd_core as ag

    start = np.ones(4, dtype)

    def work():
        x = ag.Tensor(start, requires_grad=True)
        y = x
        for _ in range(REPEATS):
            y = (y * 1.01).tanh() + x
        y.sum().backward()
        return x.grad

    return work


def _torch(dtype="float32"):
    import torch

    kind = getattr(torch, dtype)

    def work():
        x = torch.ones(4, dtype=kind, requires_grad=True)
        y = x
        for _ in range(REPEATS):
            y = (y * 1.01).tanh() + x
        y.sum().backward()
        return x.grad

    return work


def _jax():
    import jax
    import jax.numpy as jnp

    def f(x):
        y = x
        for _ in range(REPEATS):
            y = jnp.tanh(y * 1.01) + x
        return y.sum()

    gradient = jax.jit(jax.grad(f))
    x = jnp.ones(4)
    return lambda: gradient(x).block_until_ready()


def _hips():
    import autograd
    import autograd.numpy as anp

    def f(x):
        y = x
        for _ in range(REPEATS):
            y = anp.tanh(y * 1.01) + x
        return anp.sum(y)

    gradient = autograd.grad(f)
    x = np.ones(4, np.float32)
    return lambda: gradient(x)


def _mygrad():
    import mygrad

    def work():
        x = mygrad.tensor(np.ones(4, np.float32))
        y = x
        for _ in range(REPEATS):
            y = mygrad.tanh(y * 1.01) + x
        y.sum().backward()
        return x.grad

    return work


def _hand():
    x = np.ones(4, np.float32)

    def work():
        y = x
        saved = []
        for _ in range(REPEATS):
            t = np.tanh(y * 1.01)
            saved.append(t)
            y = t + x
        g = np.ones_like(x)
        total = np.zeros_like(x)
        for t in reversed(saved):
            total += g
            g = g * (1 - t * t) * 1.01
        return total + g

    return work


FOUR = Workload(
    "1,500 operations on 4 numbers",
    {
        "ours": _ours,
        "PyTorch": _torch,
        "JAX jit": _jax,
        "HIPS autograd": _hips,
        "MyGrad": _mygrad,
        "NumPy by hand": _hand,
    },
    targets={"PyTorch": 0.5, "HIPS autograd": 0.3},
)

DOUBLE = Workload(
    "1,500 operations on 4 numbers, float64",
    {"ours": lambda: _ours(np.float64), "PyTorch": lambda: _torch("float64")},
    targets={"PyTorch": 0.5},
)
WORKLOADS = (FOUR, DOUBLE)
