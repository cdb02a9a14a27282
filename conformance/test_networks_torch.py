"""Modules, losses and optimizers against PyTorch: the same weights, the same batch, the same numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import autograd_core as ag
import nn
import optim
from nn import functional as F

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(5)


def both(shape, dtype=np.float64):
    x = RNG.standard_normal(shape).astype(dtype)
    return ag.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)


def agree(ours, theirs, rtol=1e-10):
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=rtol, atol=rtol)


CROSS_ENTROPY = [
    dict(),
    dict(reduction="sum"),
    dict(reduction="none"),
    dict(label_smoothing=0.1),
    dict(weight=[1.0, 2.0, 0.5]),
    dict(weight=[1.0, 2.0, 0.5], label_smoothing=0.3, ignore_index=1),
    dict(ignore_index=2, reduction="sum"),
]


@pytest.mark.parametrize("shape", [(3,), (6, 3), (4, 3, 5), (2, 3, 4, 2)])
@pytest.mark.parametrize("probabilities", [False, True])
@pytest.mark.parametrize("options", CROSS_ENTROPY)
def test_cross_entropy(shape, probabilities, options):
    if probabilities and "ignore_index" in options:
        pytest.skip("ignore_index is for class indices")
    mine, its = both(shape)
    axis = 0 if len(shape) == 1 else 1
    if probabilities:
        target = np.moveaxis(RNG.dirichlet(np.ones(3), shape[:axis] + shape[axis + 1 :]), -1, axis)
    else:
        target = RNG.integers(0, 3, shape[:axis] + shape[axis + 1 :])
        if len(shape) == 1:
            target = np.array(0)
    theirs = dict(options)
    if "weight" in options:
        theirs["weight"] = torch.tensor(options["weight"], dtype=torch.float64)
    a = F.cross_entropy(mine, target, **options)
    b = torch.nn.functional.cross_entropy(its, torch.tensor(target), **theirs)
    agree(a, b)
    a.sum().backward()
    b.sum().backward()
    agree(mine.grad, its.grad)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_other_losses(reduction):
    for name in ("mse_loss", "binary_cross_entropy_with_logits"):
        mine, its = both((4, 3))
        target = RNG.uniform(size=(4, 3))
        a = getattr(F, name)(mine, target, reduction=reduction)
        b = getattr(torch.nn.functional, name)(its, torch.tensor(target), reduction=reduction)
        agree(a, b)
        a.sum().backward()
        b.sum().backward()
        agree(mine.grad, its.grad)


def pair_of_networks(sizes, dtype):
    net = nn.MLP(sizes, dtype=dtype)
    layers = []
    for before, after in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(before, after), torch.nn.ReLU()]
    twin = torch.nn.Sequential(*layers[:-1]).to({"float64": torch.float64, "float32": torch.float32}[dtype])
    twin.load_state_dict({key: torch.tensor(value) for key, value in net.state_dict().items()})
    return net, twin


OPTIMIZERS = [
    ("SGD", dict(lr=0.1)),
    ("SGD", dict(lr=0.1, momentum=0.9)),
    ("SGD", dict(lr=0.1, momentum=0.9, dampening=0.2, weight_decay=0.01)),
    ("SGD", dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)),
    ("Adam", dict()),
    ("Adam", dict(lr=0.01, betas=(0.8, 0.9), eps=1e-4, weight_decay=0.02)),
    ("Adam", dict(lr=0.01, amsgrad=True)),
]


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_a_hundred_steps_of_training(name, options):
    net, twin = pair_of_networks([5, 16, 4], "float64")
    mine = getattr(optim, name)(net.parameters(), **options)
    its = getattr(torch.optim, name)(twin.parameters(), **options)
    x, y = RNG.standard_normal((32, 5)), RNG.integers(0, 4, 32)
    for _ in range(100):
        mine.zero_grad()
        its.zero_grad()
        a = nn.CrossEntropyLoss()(net(x), y)
        b = torch.nn.CrossEntropyLoss()(twin(torch.tensor(x)), torch.tensor(y))
        a.backward()
        b.backward()
        mine.step()
        its.step()
    agree(a, b, 1e-8)
    for ours, theirs in zip(net.parameters(), twin.parameters()):
        agree(ours, theirs, 1e-8)


def test_state_dicts_have_pytorchs_keys_and_shapes():
    net, twin = pair_of_networks([5, 16, 4], "float32")
    ours = {key: value.shape for key, value in net.state_dict().items()}
    assert ours == {key: tuple(value.shape) for key, value in twin.state_dict().items()}
    x = RNG.standard_normal((7, 5)).astype(np.float32)
    agree(net(x), twin(torch.tensor(x)), 1e-5)


def test_initial_values_have_pytorchs_distribution():
    ours = nn.Linear(400, 300)
    theirs = torch.nn.Linear(400, 300)
    for key, value in ours.state_dict().items():
        its = theirs.state_dict()[key].numpy()
        assert value.std() == pytest.approx(its.std(), rel=0.1)
        assert np.abs(value).max() == pytest.approx(np.abs(its).max(), rel=0.05)
