"""The Hessian of a small network's loss with respect to its 180 parameters."""

from __future__ import annotations

import numpy as np

from ..measure import Workload

INPUTS, HIDDEN, OUTPUTS, BATCH = 10, 12, 4, 20  # 10·12 + 12 + 12·4 = 180 parameters


def _data():
    rng = np.random.default_rng(0)
    return rng.standard_normal((BATCH, INPUTS)), rng.standard_normal((BATCH, OUTPUTS)), rng.standard_normal(180) * 0.3


def _loss(xp, x, t):
    def f(p):
        w1, b, w2 = p[:120].reshape((INPUTS, HIDDEN)), p[120:132], p[132:].reshape((HIDDEN, OUTPUTS))
        return ((xp.tanh(x @ w1 + b) @ w2 - t) ** 2).sum()

    return f


def _ours():
    import autograd_core as ag

    x, t, p = _data()
    hessian = ag.hessian(_loss(ag, x, t))
    return lambda: hessian(p)


def _torch():
    import torch

    x, t, p = (torch.from_numpy(a) for a in _data())
    hessian = torch.func.hessian(_loss(torch, x, t))
    return lambda: hessian(p)


def _jax():
    import jax
    import jax.numpy as jnp

    x, t, p = (jnp.asarray(a) for a in _data())
    hessian = jax.jit(jax.hessian(_loss(jnp, x, t)))
    return lambda: hessian(p).block_until_ready()


def _hips():
    import autograd
    import autograd.numpy as anp

    x, t, p = _data()
    hessian = autograd.hessian(_loss(anp, x, t))
    return lambda: hessian(p)


HESSIAN = Workload(
    "Hessian of 180 parameters",
    {"ours": _ours, "PyTorch": _torch, "JAX jit": _jax, "HIPS autograd": _hips},
    targets={"HIPS autograd": 0.3},
)
WORKLOADS = (HESSIAN,)
