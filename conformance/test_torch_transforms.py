"""Jacobians, Hessians and products beside PyTorch's ``torch.func``."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import autograd_core as ag

from .beside_torch import generator

# PyTorch's forward mode still uses a part of PyTorch that warns of its end.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")

RNG = generator("transforms")
X = RNG.standard_normal(4)
V = RNG.standard_normal(4)
A = RNG.standard_normal((3, 4))


def ours(x):
    return ag.tanh(A @ x) * ag.sum(x**2)


def theirs(x):
    return torch.tanh(torch.tensor(A) @ x) * torch.sum(x**2)


def our_scalar(x):
    return ag.sum(ours(x) ** 2)


def their_scalar(x):
    return torch.sum(theirs(x) ** 2)


def near(a, b):
    np.testing.assert_allclose(np.asarray(ag.Tensor(a)._data), b.detach().numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["jacobian", "jacrev", "jacfwd"])
def test_jacobian(name):
    near(getattr(ag, name)(ours)(X), torch.func.jacrev(theirs)(torch.tensor(X)))


def test_hessian():
    near(ag.hessian(our_scalar)(X), torch.func.hessian(their_scalar)(torch.tensor(X)))


def test_grad_and_value():
    value, gradient = ag.value_and_grad(our_scalar)(X)
    their_gradient, their_value = torch.func.grad_and_value(their_scalar)(torch.tensor(X))
    near(value, their_value)
    near(gradient, their_gradient)
    near(ag.grad(our_scalar)(X), their_gradient)


def test_third_derivative():
    near(
        ag.jacobian(ag.hessian(our_scalar))(X),
        torch.func.jacrev(torch.func.hessian(their_scalar))(torch.tensor(X)),
    )


def test_products():
    value, pull = ag.vjp(ours, X)
    their_value, their_pull = torch.func.vjp(theirs, torch.tensor(X))
    near(value, their_value)
    g = np.array([1.0, -2.0, 0.5])
    pulled = pull(g)
    near(pulled[0] if isinstance(pulled, tuple) else pulled, their_pull(torch.tensor(g))[0])
    value, pushed = ag.jvp(ours, (X,), (V,))
    their_value, their_pushed = torch.func.jvp(theirs, (torch.tensor(X),), (torch.tensor(V),))
    near(value, their_value)
    near(pushed, their_pushed)
