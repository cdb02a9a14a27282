"""Two multilayer perceptrons, one step of training each: forward, backward, Adam."""

from __future__ import annotations

import itertools

import numpy as np

from ..measure import Workload


def _data(sizes, batch):
    rng = np.random.default_rng(0)
    return rng.standard_normal((batch, sizes[0])).astype(np.float32), rng.integers(0, sizes[-1], batch)


def _ours(sizes, batch):
    import autograd_core as ag
    import nn
    import optim

    nn.manual_seed(0)
    x, y = _data(sizes, batch)
    x = ag.Tensor(x)
    net = nn.MLP(sizes)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(net.parameters())

    def work():
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return work


def _torch(sizes, batch, compiled=False):
    import torch

    torch.manual_seed(0)
    x, y = (torch.from_numpy(a) for a in _data(sizes, batch))
    layers = []
    for before, after in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(before, after), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    criterion = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters())

    def work():
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return work


def _jax(sizes, batch):
    import jax
    import jax.numpy as jnp

    x, y = _data(sizes, batch)
    rng = np.random.default_rng(0)
    params = [
        (
            jnp.asarray(rng.uniform(-1, 1, (a, b)).astype(np.float32) / a**0.5),
            jnp.zeros(b, jnp.float32),
        )
        for a, b in itertools.pairwise(sizes)
    ]

    def loss(params):
        h = x
        for depth, (w, b) in enumerate(params):
            h = h @ w + b
            if depth < len(params) - 1:
                h = jax.nn.relu(h)
        logp = jax.nn.log_softmax(h)
        return -jnp.mean(logp[jnp.arange(len(y)), y])

    @jax.jit
    def step(params, m, v, t):
        value, g = jax.value_and_grad(loss)(params)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        params = jax.tree.map(
            lambda p, m, v: p - 1e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), params, m, v
        )
        return value, params, m, v

    state = [params, jax.tree.map(jnp.zeros_like, params), jax.tree.map(jnp.zeros_like, params), 0]

    def work():
        state[3] += 1
        value, *state[:3] = step(*state[:3], float(state[3]))
        return value.block_until_ready()

    return work


def _hips(sizes, batch):
    import autograd
    import autograd.numpy as anp

    x, y = _data(sizes, batch)
    rng = np.random.default_rng(0)
    params = [
        (rng.uniform(-1, 1, (a, b)).astype(np.float32) / np.float32(a**0.5), np.zeros(b, np.float32))
        for a, b in itertools.pairwise(sizes)
    ]
    flat_m = [[np.zeros_like(p) for p in layer] for layer in params]
    flat_v = [[np.zeros_like(p) for p in layer] for layer in params]

    def loss(params):
        h = x
        for depth, (w, b) in enumerate(params):
            h = anp.dot(h, w) + b
            if depth < len(params) - 1:
                h = anp.maximum(h, 0)
        shifted = h - anp.max(h, axis=1, keepdims=True)
        logp = shifted - anp.log(anp.sum(anp.exp(shifted), axis=1, keepdims=True))
        return -anp.mean(logp[anp.arange(len(y)), y])

    gradient = autograd.grad(loss)
    count = [0]

    def work():
        count[0] += 1
        t = count[0]
        for layer, ms, vs, gs in zip(params, flat_m, flat_v, gradient(params)):
            for p, m, v, g in zip(layer, ms, vs, gs):
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                p -= 1e-3 / (1 - 0.9**t) * m / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)

    return work


def _hand(sizes, batch):
    x, y = _data(sizes, batch)
    rng = np.random.default_rng(0)
    weights = [rng.uniform(-1, 1, (a, b)).astype(np.float32) / np.float32(a**0.5) for a, b in itertools.pairwise(sizes)]
    biases = [np.zeros(b, np.float32) for b in sizes[1:]]
    parameters = [*weights, *biases]
    ms, vs = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    rows = np.arange(batch)
    count = [0]

    def work():
        hidden = [x]
        for depth, (w, b) in enumerate(zip(weights, biases)):
            z = hidden[-1] @ w
            z += b
            if depth < len(weights) - 1:
                np.maximum(z, 0, out=z)
            hidden.append(z)
        z = hidden.pop()
        z -= z.max(axis=1, keepdims=True)
        g = np.exp(z)
        s = g.sum(axis=1, keepdims=True)
        loss = (np.log(s[:, 0]) - z[rows, y]).mean()
        g /= s
        g[rows, y] -= 1
        g /= batch
        gw, gb = [], []
        for depth in reversed(range(len(weights))):
            gw.append(hidden[depth].T @ g)
            gb.append(g.sum(axis=0))
            if depth:
                g = g @ weights[depth].T
                g *= hidden[depth] > 0
        count[0] += 1
        t = count[0]
        for p, m, v, d in zip(parameters, ms, vs, [*reversed(gw), *reversed(gb)]):
            m += 0.1 * (d - m)
            v += 0.001 * (d * d - v)
            p -= (1e-3 / (1 - 0.9**t)) * m / (np.sqrt(v) * (1 / (1 - 0.999**t) ** 0.5) + 1e-8)
        return loss

    return work


def _workload(name, sizes, batch, targets):
    return Workload(
        name,
        {
            "ours": lambda: _ours(sizes, batch),
            "PyTorch": lambda: _torch(sizes, batch),
            "JAX jit": lambda: _jax(sizes, batch),
            "HIPS autograd": lambda: _hips(sizes, batch),
            "NumPy by hand": lambda: _hand(sizes, batch),
        },
        targets=targets,
    )


SMALL = _workload("MLP 64-128-10, batch 64, Adam", (64, 128, 10), 64, {"PyTorch": 0.5, "HIPS autograd": 0.3})
LARGE = _workload(
    "MLP 784-512-256-10, batch 128, Adam", (784, 512, 256, 10), 128, {"PyTorch": 1.0, "HIPS autograd": 0.3}
)
WORKLOADS = (SMALL, LARGE)
