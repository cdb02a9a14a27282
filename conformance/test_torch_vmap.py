"""``vmap`` beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import autograd_core as ag
import nn
import nn.functional as F

from .beside_torch import generator

# PyTorch's forward mode still uses a part of PyTorch that warns of its end.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")

RNG = generator("vmap")
X, W = RNG.standard_normal((5, 3)), RNG.standard_normal((3, 4))


def near(ours, theirs):
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("places", "out"), [((0, None), 0), ((1, None), 1), ((None, 1), -1), ((1, 0), 0)])
def test_axes(places, out):
    x = X.T if places[0] == 1 else X
    w = np.stack([W, 2 * W, 3 * W, -W, W / 2]) if places == (1, 0) else W
    x = x[0] if places[0] is None else x
    function = ag.multiply if places == (None, 1) else ag.matmul
    their_function = torch.mul if places == (None, 1) else torch.matmul
    ours = ag.vmap(function, places, out)(x, w)
    near(ours, torch.vmap(their_function, places, out)(torch.tensor(x), torch.tensor(w)))


@pytest.mark.parametrize("transform", ["grad", "hessian", "jacrev", "jacfwd"])
def test_derivatives_of_each_example(transform):
    ours = ag.vmap(getattr(ag, transform)(lambda x: ag.sum(ag.tanh(x @ W) ** 2)))(X)
    theirs = torch.vmap(getattr(torch.func, transform)(lambda x: torch.sum(torch.tanh(x @ torch.tensor(W)) ** 2)))
    near(ours, theirs(torch.tensor(X)))


def test_nested():
    ours = ag.vmap(ag.vmap(lambda a, b: ag.sum((a - b) ** 2), (None, 0)), (0, None))
    theirs = torch.vmap(torch.vmap(lambda a, b: torch.sum((a - b) ** 2), (None, 0)), (0, None))
    near(ours(X, X[:3]), theirs(torch.tensor(X), torch.tensor(X[:3])))
    near(
        ag.hessian(lambda x: ours(x, X).sum())(X),
        torch.func.hessian(lambda x: theirs(x, torch.tensor(X)).sum())(torch.tensor(X)),
    )


def test_the_gradient_of_each_example_of_a_network():
    theirs = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU(), torch.nn.Flatten(0), torch.nn.Linear(32, 3))
    theirs = theirs.double()
    ours = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(0), nn.Linear(32, 3)).to("float64")
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    images, labels = RNG.standard_normal((4, 1, 6, 6)), np.array([0, 2, 1, 1])

    def our_loss(p, x, y):
        return F.cross_entropy(nn.functional_call(ours, p, x), y)

    def their_loss(p, x, y):
        return torch.nn.functional.cross_entropy(torch.func.functional_call(theirs, p, x), y)

    found = ag.vmap(ag.grad(our_loss), (None, 0, 0))(dict(ours.named_parameters()), images, labels)
    expected = torch.vmap(torch.func.grad(their_loss), (None, 0, 0))(
        dict(theirs.named_parameters()), torch.tensor(images), torch.tensor(labels)
    )
    for name, gradient in expected.items():
        near(found[name], gradient)
