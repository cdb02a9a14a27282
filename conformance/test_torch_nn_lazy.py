"""Lazy layers and the units that work in place, beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import autograd_core as ag
import nn
from nn import functional as F

from .modules_beside_torch import near

RNG = np.random.default_rng(3)
SHAPES = {1: (2, 6, 9), 2: (2, 6, 7, 8), 3: (2, 6, 5, 6, 7)}

# LazyConv{axes}d, LazyConvTranspose{axes}d, LazyBatchNorm{axes}d and LazyInstanceNorm{axes}d.
LAZY = [
    ("LazyLinear", (4,), {}, (2, 5)),
    ("LazyLinear", (4,), {"bias": False}, (2, 3, 5)),
    *(
        (f"Lazy{kind}{axes}d", (4, 3), options, SHAPES[axes])
        for kind in ("Conv", "ConvTranspose")
        for axes in (1, 2, 3)
        for options in ({}, {"groups": 2, "bias": False}, {"stride": 2, "padding": 1, "dilation": 2})
    ),
    *(
        (f"Lazy{kind}{axes}d", (), options, SHAPES[axes])
        for kind in ("BatchNorm", "InstanceNorm")
        for axes in (1, 2, 3)
        for options in ({}, {"affine": False}, {"track_running_stats": False}, {"momentum": 0.3, "eps": 1e-3})
    ),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arguments", "options", "shape"), LAZY)
def test_a_lazy_layer_becomes_what_it_becomes_in_pytorch(name, arguments, options, shape, dtype):
    ours = getattr(nn, name)(*arguments, dtype=dtype, **options)
    theirs = getattr(torch.nn, name)(*arguments, dtype=getattr(torch, dtype), **options)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    x = RNG.standard_normal(shape).astype(dtype)
    theirs(torch.tensor(x))
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    a, b = ag.Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    mine, its = ours(a), theirs(b)
    assert type(ours).__name__ == type(theirs).__name__ == name.removeprefix("Lazy")
    assert repr(ours) == repr(theirs)
    near(name, mine, its, 1e-4)
    for (key, value), (its_key, its_value) in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
        assert key == its_key
        near(key, value, its_value, 1e-4)
    seed = RNG.standard_normal(tuple(its.shape)).astype(dtype)
    mine.backward(ag.Tensor(seed))
    its.backward(torch.tensor(seed))
    near("gradient", a.grad, b.grad, 1e-3)


def test_states_of_lazy_layers():
    for library in (nn, torch.nn):
        lazy = library.LazyLinear(3)
        assert isinstance(lazy.weight, library.UninitializedParameter)
        assert isinstance(library.LazyBatchNorm1d().running_mean, library.UninitializedBuffer)
        assert lazy.has_uninitialized_params()
        parameter = lazy.weight
        lazy.load_state_dict(library.Linear(5, 3).state_dict())
        assert parameter is lazy.weight
        assert type(parameter) is library.Parameter
        assert not lazy.has_uninitialized_params()
        with pytest.raises(RuntimeError, match="shape"):
            library.Linear(5, 3).load_state_dict(library.LazyLinear(3).state_dict())
        with pytest.raises(ValueError, match=r"[Uu]ninitialized"):
            _ = library.LazyLinear(3).weight + 1


UNITS = [
    ("relu_", ()),
    ("selu_", ()),
    ("elu_", (0.7,)),
    ("celu_", (0.5,)),
    ("leaky_relu_", (0.2,)),
    ("rrelu_", (0.25, 0.25)),
    ("hardtanh_", (-0.5, 0.7)),
    ("threshold_", (0.1, 5.0)),
]


@pytest.mark.parametrize(("name", "options"), UNITS)
def test_units_in_place(name, options):
    value = RNG.standard_normal((3, 4))
    grads = []
    for functional, tensor in ((F, ag.tensor), (torch.nn.functional, torch.tensor)):
        x = tensor(value, requires_grad=True)
        y = 2 * x
        z = y * 1.0
        unit = getattr(functional, name)
        assert unit(z, *options) is z
        (z * z * y).sum().backward()
        grads += [z.detach().numpy(), x.grad.numpy()]
        with pytest.raises(RuntimeError):
            unit(x, *options)
    near(name, grads[0], torch.tensor(grads[2]), 1e-12)
    near(name, grads[1], torch.tensor(grads[3]), 1e-12)
