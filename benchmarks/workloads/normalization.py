"""Batch and layer normalization in training: forward, and the gradients of input, weight and bias."""

from __future__ import annotations

import numpy as np

from ..measure import Workload

IMAGES = (32, 64, 16, 16)
ROWS = (1024, 128)


def _data(shape):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(np.float32) for _ in range(2)]


def _ours(shape, make):
    import autograd_core as ag
    import nn

    layer = make(nn)
    x, g = _data(shape)
    x, g = ag.Tensor(x, requires_grad=True), ag.Tensor(g)

    def work():
        x.grad = layer.weight.grad = layer.bias.grad = None
        layer(x).backward(g)
        return x.grad

    return work


def _torch(shape, make):
    import torch

    layer = make(torch.nn)
    x, g = (torch.from_numpy(a) for a in _data(shape))
    x.requires_grad_()

    def work():
        x.grad = layer.weight.grad = layer.bias.grad = None
        layer(x).backward(g)
        return x.grad

    return work


def _jax(shape, axes, parameters):
    import jax
    import jax.numpy as jnp

    x, g = (jnp.asarray(a) for a in _data(shape))
    weight, bias = jnp.ones(parameters, jnp.float32), jnp.zeros(parameters, jnp.float32)

    def normalized(x, weight, bias):
        mean = x.mean(axis=axes, keepdims=True)
        variance = ((x - mean) ** 2).mean(axis=axes, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * weight + bias

    @jax.jit
    def gradients(x, weight, bias, g):
        return jax.vjp(normalized, x, weight, bias)[1](g)

    return lambda: gradients(x, weight, bias, g)[0].block_until_ready()


def _workload(name, shape, axes, parameters, make):
    return Workload(
        f"{name}, {'×'.join(map(str, shape))}",
        {
            "ours": lambda: _ours(shape, make),
            "PyTorch": lambda: _torch(shape, make),
            "JAX jit": lambda: _jax(shape, axes, parameters),
        },
        targets={"PyTorch": 1.0},
    )


WORKLOADS = (
    _workload("batch norm", IMAGES, (0, 2, 3), (64, 1, 1), lambda library: library.BatchNorm2d(64)),
    _workload("layer norm", ROWS, (1,), (128,), lambda library: library.LayerNorm(128)),
)
