"""Pooling against PyTorch: values, places, first and second derivatives, with every argument."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F

from .beside_torch import Case, compare, generator
from .modules_beside_torch import ModuleCase, compare_modules

torch = pytest.importorskip("torch")

SIZES = {1: (11,), 2: (9, 7), 3: (5, 4, 6)}


def image(axes, *lead, label="image"):
    return generator(f"{label}{axes}{lead}").standard_normal((*lead, *SIZES[axes]))


def both(name, *arguments, **options):
    """The same class of both libraries with the same arguments."""
    return (
        lambda: getattr(nn, name)(*arguments, **options),
        lambda: getattr(torch.nn, name)(*arguments, **options),
        f"{name}{arguments}{options or ''}",
    )


def case(name, inputs, *arguments, **options):
    ours, theirs, label = both(name, *arguments, **options)
    return ModuleCase(ours, theirs, inputs, label=f"{label} {inputs[0].shape}")


WINDOWS = [
    dict(),
    dict(stride=1),
    dict(stride=3),
    dict(padding=1),
    dict(stride=2, padding=1, ceil_mode=True),
    dict(stride=3, ceil_mode=True),
]
MODULES = []
for axes in (1, 2, 3):
    batch, single = image(axes, 2, 3), image(axes, 3)
    for kernel, options in itertools.product((1, 2, 3), WINDOWS):
        if kernel == 1 and "padding" in options:
            continue
        MODULES.append(case(f"MaxPool{axes}d", (batch,), kernel, **options))
        MODULES.append(case(f"AvgPool{axes}d", (batch,), kernel, **options))
        if "padding" not in options:
            MODULES.append(case(f"LPPool{axes}d", (np.abs(batch) + 0.1,), 2, kernel, **options))
    MODULES += [
        case(f"MaxPool{axes}d", (single,), 2),
        case(f"MaxPool{axes}d", (batch,), 2, dilation=2),
        case(f"MaxPool{axes}d", (batch,), 2, stride=2, padding=1, dilation=2, ceil_mode=True),
        case(f"MaxPool{axes}d", (batch,), 3, stride=2, padding=1, return_indices=True),
        case(f"AvgPool{axes}d", (single,), 2),
        case(f"AvgPool{axes}d", (batch,), 3, 2, 1, count_include_pad=False),
        case(f"AvgPool{axes}d", (batch,), 3, 2, 1, ceil_mode=True, count_include_pad=False),
        case(f"LPPool{axes}d", (np.abs(single) + 0.1,), 1, 2),
        case(f"LPPool{axes}d", (np.abs(batch) + 0.1,), 3.5, 2),
        case(f"LPPool{axes}d", (np.maximum(batch, 0.0),), 2, 2),
        case(f"LPPool{axes}d", (batch,), float("inf"), 2),
    ]
    if axes > 1:
        MODULES.append(case(f"AvgPool{axes}d", (batch,), 3, 2, 1, divisor_override=5))
        MODULES.append(case(f"MaxPool{axes}d", (batch,), (1, 3, 2)[:axes], (2, 1, 2)[:axes], (0, 1, 1)[:axes]))
        MODULES.append(case(f"AvgPool{axes}d", (batch,), (1, 3, 2)[:axes], (2, 1, 2)[:axes], (0, 1, 1)[:axes]))
    for size in (1, 2, 3, 4, 5, 8, 13):
        MODULES.append(case(f"AdaptiveAvgPool{axes}d", (batch,), size))
        MODULES.append(case(f"AdaptiveMaxPool{axes}d", (batch,), size))
    MODULES.append(case(f"AdaptiveMaxPool{axes}d", (single,), 3, return_indices=True))
    MODULES.append(case(f"AdaptiveAvgPool{axes}d", (single,), 3))
    if axes > 1:
        size = (2, None, 3)[:axes]
        MODULES.append(case(f"AdaptiveAvgPool{axes}d", (batch,), size))
        MODULES.append(case(f"AdaptiveMaxPool{axes}d", (batch,), size))


@pytest.mark.parametrize("module", MODULES, ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_modules(module, dtype):
    compare_modules(module, dtype, "train")


# -- ties, NaN and infinities ------------------------------------------------------------------------


def awkward(axes, kind):
    x = image(axes, 2, 3, label=kind)
    rng = generator(kind)
    if kind == "ties":
        return np.round(x)
    if kind == "nan":
        x[rng.random(x.shape) < 0.2] = np.nan
        return x
    x[rng.random(x.shape) < 0.6] = -np.inf
    return x


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("kind", ["ties", "nan", "infinite"])
@pytest.mark.parametrize(
    "arguments", [(2,), (3, 2, 1), (2, 1, 0, 2), (3, 2, 1, 1, True), (2, 2, 1)], ids=lambda arguments: str(arguments)
)
def test_which_entry_is_the_maximum(axes, kind, arguments):
    x = awkward(axes, kind)
    compare_places(f"max_pool{axes}d", x, *arguments)
    for size in (1, 2, 3, 7):
        compare_places(f"adaptive_max_pool{axes}d", x, size)


def compare_places(name, x, *arguments):
    mine, its = ag.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y, places = getattr(F, name)(mine, *arguments, return_indices=True)
    its_y, its_places = getattr(torch.nn.functional, name)(its, *arguments, return_indices=True)
    np.testing.assert_array_equal(places.numpy(), its_places.numpy())
    np.testing.assert_array_equal(y.detach().numpy(), its_y.detach().numpy())
    assert places.dtype == np.int64
    g = generator(name).standard_normal(y.shape)
    y.backward(g)
    its_y.backward(torch.tensor(g))
    np.testing.assert_allclose(mine.grad.numpy(), its.grad.numpy(), atol=1e-12)


def test_half_precision():
    x = image(2, 2, 3).astype(np.float16)
    ours = F.max_pool2d(ag.tensor(x), 2)
    assert ours.dtype == np.float16
    np.testing.assert_array_equal(ours.numpy(), torch.nn.functional.max_pool2d(torch.tensor(x), 2).numpy())


def test_integers():
    x = np.arange(12).reshape(1, 3, 4)
    y, places = F.max_pool2d(ag.tensor(x), 2, 1, 1, return_indices=True)
    its, its_places = torch.nn.functional.max_pool2d(torch.tensor(x), 2, 1, 1, return_indices=True)
    np.testing.assert_array_equal(y.numpy(), its.numpy())
    np.testing.assert_array_equal(places.numpy(), its_places.numpy())


# -- unpooling ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("arguments", [(2,), (3, 3, 1), (2, 3)], ids=str)
@pytest.mark.parametrize("lead", [(2, 3), (3,)])
def test_unpooling(axes, arguments, lead):
    x = image(axes, *lead)
    pooled, places = getattr(torch.nn.functional, f"max_pool{axes}d")(torch.tensor(x), *arguments, return_indices=True)
    places = places.numpy()
    size = x.shape[-axes:]

    def ours(y):
        return getattr(nn, f"MaxUnpool{axes}d")(*arguments)(y, places, output_size=size)

    def theirs(y):
        return getattr(torch.nn, f"MaxUnpool{axes}d")(*arguments)(y, torch.tensor(places), output_size=size)

    compare(Case("unpool", theirs, (pooled.numpy(),), ours=ours), "float64")


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_unpooling_to_the_size_that_is_assumed(axes):
    x = image(axes, 2, 3)[(..., *(slice(4),) * axes)]
    pooled, places = getattr(torch.nn.functional, f"max_pool{axes}d")(torch.tensor(x), 2, return_indices=True)
    its = getattr(torch.nn.functional, f"max_unpool{axes}d")(pooled, places, 2)
    ours = getattr(F, f"max_unpool{axes}d")(ag.tensor(pooled.numpy()), places.numpy(), 2)
    np.testing.assert_array_equal(ours.numpy(), its.numpy())


# -- fractional pooling ------------------------------------------------------------------------------


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["plain", "ties", "nan"])
@pytest.mark.parametrize("arguments", [dict(output_size=2), dict(output_ratio=0.5), dict(output_size=1)], ids=str)
def test_fractional_pooling_with_the_same_samples(axes, dtype, kind, arguments):
    x = (image(axes, 2, 3) if kind == "plain" else awkward(axes, kind)).astype(dtype)
    samples = generator(f"{axes}{dtype}{kind}").random((2, 3, axes)).astype(dtype)
    compare_fractional(axes, x, samples, 2, arguments)
    if kind == "plain":
        compare_fractional(axes, x[0], samples[:1], 2, arguments)


def compare_fractional(axes, x, samples, kernel, arguments):
    mine, its = ag.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    name = f"FractionalMaxPool{axes}d"
    ours = getattr(nn, name)(kernel, **arguments, return_indices=True, _random_samples=samples)
    theirs = getattr(torch.nn, name)(kernel, **arguments, return_indices=True, _random_samples=torch.tensor(samples))
    (y, places), (its_y, its_places) = ours(mine), theirs(its)
    np.testing.assert_array_equal(places.numpy(), its_places.numpy())
    np.testing.assert_array_equal(y.detach().numpy(), its_y.detach().numpy())
    g = generator(name).standard_normal(y.shape).astype(x.dtype)
    y.backward(g)
    its_y.backward(torch.tensor(g))
    np.testing.assert_allclose(mine.grad.numpy(), its.grad.numpy(), atol=1e-6)


def test_fractional_samples_are_part_of_the_state():
    samples = np.array([[[0.25, 0.5]]], np.float32)
    ours = nn.FractionalMaxPool2d(2, output_size=2, _random_samples=samples)
    theirs = torch.nn.FractionalMaxPool2d(2, output_size=2, _random_samples=torch.tensor(samples))
    assert list(ours.state_dict()) == list(theirs.state_dict())


# -- arguments that both refuse ----------------------------------------------------------------------

REFUSED = [
    ("max_pool2d", (2, 3, 4, 5, 6), (2,), {}),
    ("max_pool1d", (4,), (2,), {}),
    ("max_pool2d", (1, 4, 4), (2, 1, 2), {}),
    ("max_pool2d", (1, 4, 4), (5,), {}),
    ("max_pool2d", (1, 4, 4), (0,), {}),
    ("max_pool2d", (1, 4, 4), ((2, 2, 2),), {}),
    ("avg_pool2d", (1, 4, 4), (2, 1, 2), {}),
    ("avg_pool2d", (1, 4, 4), (5,), {}),
    ("avg_pool2d", (1, 4, 4), (2,), {"divisor_override": 0}),
    ("adaptive_avg_pool2d", (1, 4, 4), ((2, 2, 2),), {}),
    ("fractional_max_pool2d", (1, 4, 4), (2,), {}),
    ("fractional_max_pool2d", (1, 4, 4), (3,), {"output_size": 3}),
    ("max_unpool2d", (1, 2, 2), (np.zeros((1, 2, 3), np.int64), 2), {}),
]


@pytest.mark.parametrize(("name", "shape", "arguments", "options"), REFUSED)
def test_both_refuse(name, shape, arguments, options):
    x = np.ones(shape)
    its = [torch.tensor(a) if isinstance(a, np.ndarray) else a for a in arguments]
    with pytest.raises((RuntimeError, ValueError, TypeError)):
        getattr(torch.nn.functional, name)(torch.tensor(x), *its, **options)
    with pytest.raises((ValueError, TypeError), match="To mend it"):
        getattr(F, name)(ag.tensor(x), *arguments, **options)
