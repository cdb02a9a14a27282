"""tanh(x) * sigmoid(x) + x² on 5 million numbers (float32), summed; value and gradient."""

from __future__ import annotations

import numpy as np

from ..measure import Workload

N = 5_000_000


def _numbers():
    return np.random.default_rng(0).standard_normal(N).astype(np.float32)


def _ours():
    import autograd_core as ag

    data = _numbers()

    def work():
        x = ag.Tensor(data, requires_grad=True)
        (ag.tanh(x) * ag.special.expit(x) + x * x).sum().backward()
        return x.grad

    return work


def _torch():
    import torch

    data = torch.from_numpy(_numbers())

    def work():
        x = data.detach().requires_grad_()
        (torch.tanh(x) * torch.sigmoid(x) + x * x).sum().backward()
        return x.grad

    return work


def _jax():
    import jax
    import jax.numpy as jnp

    data = jnp.asarray(_numbers())
    f = jax.jit(jax.value_and_grad(lambda x: (jnp.tanh(x) * jax.nn.sigmoid(x) + x * x).sum()))
    return lambda: f(data)[1].block_until_ready()


def _hips():
    import autograd
    import autograd.numpy as anp

    data = _numbers()
    gradient = autograd.grad(lambda x: anp.sum(anp.tanh(x) * (1 / (1 + anp.exp(-x))) + x * x))
    return lambda: gradient(data)


def _mygrad():
    import mygrad
    from mygrad.nnet.activations import sigmoid

    data = _numbers()

    def work():
        x = mygrad.tensor(data, copy=False)
        (mygrad.tanh(x) * sigmoid(x) + x * x).sum().backward()
        return x.grad

    return work


LARGE = Workload(
    "tanh·sigmoid + square on 5,000,000 numbers",
    {"ours": _ours, "PyTorch": _torch, "JAX jit": _jax, "HIPS autograd": _hips, "MyGrad": _mygrad},
    rounds=9,
    targets={"PyTorch": 0.5, "HIPS autograd": 0.3},
)
WORKLOADS = (LARGE,)
