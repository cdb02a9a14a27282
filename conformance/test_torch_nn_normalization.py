"""Normalization beside PyTorch: values, first and second derivatives, running statistics, state dicts, errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import autograd_core as ag
import nn
from nn import functional as F

from .beside_torch import Case, compare
from .modules_beside_torch import ModuleCase, compare_modules

RNG = np.random.default_rng(12)


def normal(*shape, offset=0.0):
    return RNG.standard_normal(shape) + offset


def module(name, *arguments, shape, **options):
    extra = ", ".join([*map(repr, arguments), *(f"{k}={v!r}" for k, v in options.items())])
    return ModuleCase(
        lambda: getattr(nn, name)(*arguments, **options),
        lambda: getattr(torch.nn, name)(*arguments, **options),
        [normal(*shape, offset=0.5)],
        label=f"{name}({extra}) {shape}",
    )


BATCH_OPTIONS = [
    {},
    {"eps": 0.1},
    {"momentum": 0.7},
    {"momentum": None},
    {"affine": False},
    {"track_running_stats": False},
    {"affine": False, "track_running_stats": False},
    {"bias": False},
]
INSTANCE_OPTIONS = [
    {},
    {"affine": True},
    {"affine": True, "bias": False},
    {"track_running_stats": True},
    {"affine": True, "track_running_stats": True, "momentum": 0.6, "eps": 0.1},
    {"track_running_stats": True, "momentum": None},
]
MODULES = [
    *(module("BatchNorm1d", 3, shape=(5, 3), **options) for options in BATCH_OPTIONS),
    *(module("BatchNorm1d", 3, shape=(4, 3, 5), **options) for options in BATCH_OPTIONS[:3]),
    *(module("BatchNorm2d", 3, shape=(4, 3, 2, 3), **options) for options in BATCH_OPTIONS),
    *(module("BatchNorm3d", 2, shape=(3, 2, 2, 3, 2), **options) for options in BATCH_OPTIONS[:5]),
    *(module("InstanceNorm1d", 3, shape=(2, 3, 5), **options) for options in INSTANCE_OPTIONS),
    *(module("InstanceNorm1d", 3, shape=(3, 5), **options) for options in INSTANCE_OPTIONS),
    *(module("InstanceNorm2d", 3, shape=(2, 3, 2, 3), **options) for options in INSTANCE_OPTIONS[:4]),
    module("InstanceNorm2d", 3, shape=(3, 2, 3)),
    *(module("InstanceNorm3d", 2, shape=(2, 2, 2, 3, 2), **options) for options in INSTANCE_OPTIONS[:4]),
    module("InstanceNorm3d", 2, shape=(2, 2, 3, 2), affine=True),
    module("GroupNorm", 2, 6, shape=(3, 6)),
    module("GroupNorm", 3, 6, shape=(2, 6, 4), eps=0.1),
    module("GroupNorm", 1, 4, shape=(2, 4, 3, 2), affine=False),
    module("GroupNorm", 4, 4, shape=(2, 4, 3, 2)),
    module("GroupNorm", 2, 4, shape=(2, 4, 3), bias=False),
    module("LayerNorm", 4, shape=(3, 4)),
    module("LayerNorm", 4, shape=(4,)),
    module("LayerNorm", (3, 4), shape=(2, 5, 3, 4), eps=0.1),
    module("LayerNorm", [5, 3, 4], shape=(2, 5, 3, 4), elementwise_affine=False),
    module("LayerNorm", 4, shape=(2, 3, 4), bias=False),
    module("RMSNorm", 4, shape=(3, 4)),
    module("RMSNorm", (3, 4), shape=(2, 3, 4), eps=0.1),
    module("RMSNorm", 4, shape=(2, 4), elementwise_affine=False, eps=1e-3),
    *(module("LocalResponseNorm", size, shape=(2, 5, 3)) for size in (1, 2, 3, 4, 8)),
    module("LocalResponseNorm", 3, alpha=0.5, beta=0.6, k=2.0, shape=(2, 5, 3, 2)),
    module("LocalResponseNorm", 2, alpha=0.5, shape=(2, 5, 2, 3, 2)),
]


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", MODULES, ids=str)
def test_modules(case, dtype, mode):
    compare_modules(case, dtype, mode)


W, B = normal(4), normal(4)
FUNCTIONS = [
    Case(
        "batch_norm in training",
        lambda x, w, b: torch.nn.functional.batch_norm(x, None, None, w, b, True, eps=0.01),
        (normal(5, 4, 3), W, B),
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True, eps=0.01),
    ),
    Case(
        "batch_norm in training, weight alone",
        lambda x, w: torch.nn.functional.batch_norm(x, None, None, w, None, True),
        (normal(5, 4), W),
        lambda x, w: F.batch_norm(x, None, None, w, None, True),
    ),
    Case(
        "batch_norm in evaluation",
        lambda x, m, v, w, b: torch.nn.functional.batch_norm(x, m, v, w, b, eps=0.01),
        (normal(5, 4, 3), normal(4), np.abs(normal(4)) + 0.5, W, B),
        lambda x, m, v, w, b: F.batch_norm(x, m, v, w, b, eps=0.01),
        constants=(1, 2),
    ),
    Case(
        "instance_norm",
        lambda x, w, b: torch.nn.functional.instance_norm(x, None, None, w, b),
        (normal(3, 4, 5), W, B),
        lambda x, w, b: F.instance_norm(x, None, None, w, b),
    ),
    Case(
        "group_norm",
        lambda x, w, b: torch.nn.functional.group_norm(x, 2, w, b, 0.01),
        (normal(3, 4, 5), W, B),
        lambda x, w, b: F.group_norm(x, 2, w, b, 0.01),
    ),
    Case(
        "layer_norm",
        lambda x, w, b: torch.nn.functional.layer_norm(x, (3, 4), w, b, 0.01),
        (normal(2, 3, 4), normal(3, 4), normal(3, 4)),
        lambda x, w, b: F.layer_norm(x, (3, 4), w, b, 0.01),
    ),
    Case(
        "layer_norm, bias alone",
        lambda x, b: torch.nn.functional.layer_norm(x, (4,), None, b),
        (normal(2, 3, 4), B),
        lambda x, b: F.layer_norm(x, (4,), None, b),
        order=1,  # PyTorch fails at the second without a weight
    ),
    Case(
        "rms_norm",
        lambda x, w: torch.nn.functional.rms_norm(x, (4,), w),
        (normal(2, 3, 4), W),
        lambda x, w: F.rms_norm(x, (4,), w),
    ),
    Case(
        "local_response_norm",
        lambda x: torch.nn.functional.local_response_norm(x, 3, 0.5, 0.6, 2.0),
        (normal(2, 5, 4),),
        lambda x: F.local_response_norm(x, 3, 0.5, 0.6, 2.0),
    ),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", FUNCTIONS, ids=str)
def test_functions(case, dtype):
    compare(case, dtype)


@pytest.mark.parametrize("name", ["BatchNorm1d", "InstanceNorm1d"])
@pytest.mark.parametrize("momentum", [0.1, 1.0, None])
def test_running_statistics_after_several_batches(name, momentum):
    options = {"momentum": momentum, "track_running_stats": True}
    ours = getattr(nn, name)(3, **options).double()
    theirs = getattr(torch.nn, name)(3, **options).double()
    for _ in range(4):
        x = normal(4, 3, 5, offset=2.0)
        ours(x)
        theirs(torch.tensor(x))
    for (key, a), (its_key, b) in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
        assert key == its_key
        np.testing.assert_allclose(a, b.numpy(), rtol=1e-12)


@pytest.mark.parametrize("offset", [0.0, 30.0, 1000.0])
def test_no_less_exact_than_pytorch(offset):
    """float32 against float64, in units of what PyTorch's float32 errs by."""
    x, weight, bias, g = normal(32, 8, 6, 6) + offset, normal(8), normal(8), normal(32, 8, 6, 6)
    single = [v.astype(np.float32) for v in (x, weight, bias, g)]
    exact = _through_torch(*(v.astype(np.float64) for v in single))
    theirs = _through_torch(*single)
    tensors = [ag.Tensor(v, requires_grad=True) for v in single[:3]]
    out = F.batch_norm(tensors[0], None, None, *tensors[1:], training=True)
    ours = [out._data, *(d._data for d in ag.gradients(out, tensors, single[3]))]
    for a, b, reference in zip(ours, theirs, exact):
        scale = np.abs(reference).max() * 1e-6
        assert np.abs(a - reference).max() <= 8 * np.abs(b - reference).max() + 4 * scale


def _through_torch(x, weight, bias, g):
    tensors = [torch.tensor(v, requires_grad=True) for v in (x, weight, bias)]
    out = torch.nn.functional.batch_norm(tensors[0], None, None, *tensors[1:], training=True)
    return [v.detach().numpy() for v in (out, *torch.autograd.grad(out, tensors, torch.tensor(g)))]


@pytest.mark.parametrize(
    ("name", "arguments", "shape"),
    [
        ("BatchNorm1d", (3,), (1, 3)),
        ("BatchNorm1d", (3,), (2, 3, 4, 5)),
        ("BatchNorm2d", (3,), (2, 3, 4)),
        ("BatchNorm2d", (3,), (1, 3, 1, 1)),
        ("BatchNorm3d", (3,), (2, 3, 4)),
        ("BatchNorm1d", (4,), (2, 3)),
        ("InstanceNorm1d", (3,), (2, 3, 1)),
        ("InstanceNorm2d", (3,), (2, 3)),
        ("GroupNorm", (3, 3), (1, 3)),
        ("GroupNorm", (3, 6), (2, 4)),
        ("LayerNorm", (4,), (2, 3)),
        ("RMSNorm", (4,), (2, 3)),
        ("LocalResponseNorm", (2,), (2, 3)),
    ],
)
def test_what_pytorch_refuses_is_refused(name, arguments, shape):
    with pytest.raises((ValueError, RuntimeError)):
        getattr(torch.nn, name)(*arguments)(torch.ones(shape))
    with pytest.raises(ValueError, match=name):
        _named(name, getattr(nn, name)(*arguments), np.ones(shape))


def _named(name, layer, x):
    """Functions name themselves in errors, layers their class."""
    try:
        layer(x)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
