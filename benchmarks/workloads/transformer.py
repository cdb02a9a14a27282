"""One block of a Transformer's encoder: forward, and the gradients of the input and of all parameters."""

from __future__ import annotations

import numpy as np

from ..measure import Workload

BATCH, LENGTH, WIDTH, HEADS, HIDDEN = 16, 64, 128, 4, 512


def _data():
    rng = np.random.default_rng(0)
    return [rng.standard_normal((BATCH, LENGTH, WIDTH)).astype(np.float32) for _ in range(2)]


def _ours():
    import autograd_core as ag
    import nn

    nn.manual_seed(0)
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, dropout=0.0, batch_first=True)
    x, g = _data()
    x, g = ag.Tensor(x, requires_grad=True), ag.Tensor(g)

    def work():
        x.grad = None
        layer.zero_grad()
        layer(x).backward(g)
        return x.grad

    return work


def _torch():
    import torch

    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, dropout=0.0, batch_first=True)
    x, g = (torch.from_numpy(a) for a in _data())
    x.requires_grad_()

    def work():
        x.grad = None
        layer.zero_grad()
        layer(x).backward(g)
        return x.grad

    return work


def _jax():
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    shapes = {
        "qkv": (WIDTH, 3 * WIDTH),
        "out": (WIDTH, WIDTH),
        "first": (WIDTH, HIDDEN),
        "second": (HIDDEN, WIDTH),
    }
    weights = {
        key: jnp.asarray(rng.uniform(-1, 1, shape).astype(np.float32) / shape[0] ** 0.5)
        for key, shape in shapes.items()
    }
    biases = {key: jnp.zeros(shape[1], jnp.float32) for key, shape in shapes.items()}
    norms = [(jnp.ones(WIDTH, jnp.float32), jnp.zeros(WIDTH, jnp.float32)) for _ in range(2)]
    x, g = (jnp.asarray(a) for a in _data())

    def affine(parameters, key, x):
        return x @ parameters[0][key] + parameters[1][key]

    def norm(x, weight, bias):
        mean = x.mean(axis=-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * weight + bias

    def block(parameters, x):
        q, k, v = jnp.split(affine(parameters, "qkv", x), 3, axis=-1)
        q, k, v = (a.reshape(BATCH, LENGTH, HEADS, -1).transpose(0, 2, 1, 3) for a in (q, k, v))
        weights = jax.nn.softmax(q @ k.swapaxes(-1, -2) / (WIDTH / HEADS) ** 0.5)
        attended = (weights @ v).transpose(0, 2, 1, 3).reshape(BATCH, LENGTH, WIDTH)
        x = norm(x + affine(parameters, "out", attended), *parameters[2][0])
        hidden = jax.nn.relu(affine(parameters, "first", x))
        return norm(x + affine(parameters, "second", hidden), *parameters[2][1])

    @jax.jit
    def gradients(parameters, x, g):
        return jax.vjp(block, parameters, x)[1](g)

    return lambda: gradients((weights, biases, norms), x, g)[1].block_until_ready()


WORKLOADS = (
    Workload(
        f"Transformer block, batch {BATCH}, {LENGTH} tokens, width {WIDTH}, {HEADS} heads",
        {"ours": _ours, "PyTorch": _torch, "JAX jit": _jax},
        targets={"PyTorch": 1.0},
    ),
)
