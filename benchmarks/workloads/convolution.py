"""Convolution alone, and two convolutional networks: forward and backward, and one step of training each."""

from __future__ import annotations

import numpy as np

from ..measure import Workload

# -- one layer -----------------------------------------------------------------------------------------

LAYER = (32, 32, 64, 16)  # images, channels in, channels out, height and width
KERNEL = 3


def _layer_data():
    rng = np.random.default_rng(0)
    images, channels, out, length = LAYER
    shapes = (images, channels, length, length), (out, channels, KERNEL, KERNEL), (out,), (images, out, length, length)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def _layer_ours():
    import autograd_core as ag
    from nn import functional as F

    *inputs, g = _layer_data()

    def work():
        x, w, b = (ag.Tensor(a, requires_grad=True) for a in inputs)
        F.conv2d(x, w, b, padding=1).backward(g)
        return x.grad

    return work


def _layer_torch():
    import torch

    *inputs, g = (torch.from_numpy(a) for a in _layer_data())

    def work():
        x, w, b = (a.detach().requires_grad_() for a in inputs)
        torch.nn.functional.conv2d(x, w, b, padding=1).backward(g)
        return x.grad

    return work


def _layer_jax():
    import jax
    import jax.numpy as jnp

    x, w, b, g = map(jnp.asarray, _layer_data())

    def forward(x, w, b):
        return jax.lax.conv_general_dilated(x, w, (1, 1), "SAME") + b[:, None, None]

    @jax.jit
    def both(x, w, b, g):
        y, back = jax.vjp(forward, x, w, b)
        return y, back(g)

    return lambda: jax.block_until_ready(both(x, w, b, g))


# -- networks, written once for both libraries -----------------------------------------------------------


def _lenet(nn, F):
    """Network C2 of the notes."""

    class LeNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 6, 3)
            self.conv2 = nn.Conv2d(6, 16, 3)
            self.fc1 = nn.Linear(16 * 6 * 6, 120)
            self.fc2 = nn.Linear(120, 84)
            self.fc3 = nn.Linear(84, 10)

        def forward(self, x):
            x = F.max_pool2d(F.relu(self.conv1(x)), 2)
            x = F.max_pool2d(F.relu(self.conv2(x)), 2)
            x = x.view(-1, 16 * 6 * 6)
            x = F.relu(self.fc1(x))
            x = F.relu(self.fc2(x))
            return self.fc3(x)

    return LeNet()


def _resnet(nn, F):
    """A convolution and three basic blocks of 16, 32 and 64 channels with batch norm."""

    class Block(nn.Module):
        def __init__(self, before, after, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(after)
            self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(after)
            self.shortcut = nn.Sequential()
            if stride != 1 or before != after:
                project = nn.Conv2d(before, after, 1, stride=stride, bias=False)
                self.shortcut = nn.Sequential(project, nn.BatchNorm2d(after))

        def forward(self, x):
            y = F.relu(self.bn1(self.conv1(x)))
            return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 16, 3, padding=1, bias=False)
            self.bn = nn.BatchNorm2d(16)
            self.blocks = nn.Sequential(Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2))
            self.fc = nn.Linear(64, 10)

        def forward(self, x):
            x = self.blocks(F.relu(self.bn(self.conv(x))))
            return self.fc(F.adaptive_avg_pool2d(x, 1).view(-1, 64))

    return ResNet()


def _images(shape):
    rng = np.random.default_rng(0)
    return rng.standard_normal(shape).astype(np.float32), rng.integers(0, 10, shape[0])


def _training(net, criterion, optimizer, x, y):
    def work():
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return work


def _network_ours(make, shape):
    import autograd_core as ag
    import nn
    import optim

    nn.manual_seed(0)
    x, y = _images(shape)
    net = make(nn, nn.functional)
    return _training(net, nn.CrossEntropyLoss(), optim.SGD(net.parameters(), lr=0.01), ag.Tensor(x), y)


def _network_torch(make, shape):
    import torch

    import nn

    nn.manual_seed(0)
    x, y = (torch.from_numpy(a) for a in _images(shape))
    net = make(torch.nn, torch.nn.functional)
    state = make(nn, nn.functional).state_dict()  # the same initial weights
    net.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in state.items()})
    return _training(net, torch.nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), lr=0.01), x, y)


def _lenet_jax(shape):
    import jax
    import jax.numpy as jnp

    x, y = map(jnp.asarray, _images(shape))
    rng = np.random.default_rng(0)
    shapes = [(6, 1, 3, 3), (6,), (16, 6, 3, 3), (16,), (576, 120), (120,), (120, 84), (84,), (84, 10), (10,)]
    params = [jnp.asarray(rng.uniform(-0.1, 0.1, shape).astype(np.float32)) for shape in shapes]

    def convolve(x, w, b):
        y = jax.nn.relu(jax.lax.conv_general_dilated(x, w, (1, 1), "VALID") + b[:, None, None])
        return jax.lax.reduce_window(y, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    def loss(params):
        w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = params
        h = convolve(convolve(x, w1, b1), w2, b2).reshape(len(x), -1)
        logp = jax.nn.log_softmax(jax.nn.relu(jax.nn.relu(h @ w3 + b3) @ w4 + b4) @ w5 + b5)
        return -jnp.mean(logp[jnp.arange(len(y)), y])

    @jax.jit
    def step(params):
        value, gradients = jax.value_and_grad(loss)(params)
        return value, [p - 0.01 * g for p, g in zip(params, gradients, strict=True)]

    state = [params]

    def work():
        value, state[0] = step(state[0])
        return value.block_until_ready()

    return work


DIGITS, PHOTOS = (64, 1, 32, 32), (32, 3, 32, 32)
WORKLOADS = (
    Workload(
        "convolution 32→64, 3x3, on 16x16, batch 32, forward and backward",
        {"ours": _layer_ours, "PyTorch": _layer_torch, "JAX jit": _layer_jax},
        targets={"PyTorch": 1.0},
    ),
    Workload(
        "convolutional network LeNet (C2), 32x32, batch 64, SGD",
        {
            "ours": lambda: _network_ours(_lenet, DIGITS),
            "PyTorch": lambda: _network_torch(_lenet, DIGITS),
            "JAX jit": lambda: _lenet_jax(DIGITS),
        },
        targets={"PyTorch": 1.0},
    ),
    Workload(
        "convolutional ResNet, 3 blocks of 16-32-64, 3x32x32, batch 32, SGD",
        {"ours": lambda: _network_ours(_resnet, PHOTOS), "PyTorch": lambda: _network_torch(_resnet, PHOTOS)},
        targets={"PyTorch": 1.0},
    ),
)
