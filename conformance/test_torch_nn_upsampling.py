"""Interpolation, pixel shuffling and grid sampling against PyTorch."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F

from .beside_torch import Case, compare, generator
from .modules_beside_torch import ModuleCase, compare_modules

torch = pytest.importorskip("torch")
tF = torch.nn.functional

SHAPES = {3: (2, 3, 7), 4: (2, 2, 5, 6), 5: (1, 2, 4, 5, 3)}
MODES = {
    3: ("nearest", "nearest-exact", "linear", "area"),
    4: ("nearest", "nearest-exact", "bilinear", "bicubic", "area"),
    5: ("nearest", "nearest-exact", "trilinear", "area"),
}
CORNERS = ("linear", "bilinear", "bicubic", "trilinear")


def data(ndim):
    return generator(f"x{ndim}").standard_normal(SHAPES[ndim])


def interpolations():
    for ndim, modes in MODES.items():
        for mode in modes:
            for corners in (None, True, False) if mode in CORNERS else (None,):
                base = {"mode": mode, "align_corners": corners}
                for size in (1, 3, 5, 14, (3, 11, 2)[: ndim - 2]):
                    yield ndim, {"size": size, **base}
                for factor in (0.5, 0.7, 1.3, 2, 2.5, (0.6, 3.0, 1.0)[: ndim - 2]):
                    yield ndim, {"scale_factor": factor, **base}
                    yield ndim, {"scale_factor": factor, "recompute_scale_factor": True, **base}
                if mode in ("bilinear", "bicubic"):
                    for size in (1, 3, 9, (2, 13)):
                        yield ndim, {"size": size, "antialias": True, **base}
                    for factor in (0.3, 0.5, 2.5):
                        yield ndim, {"scale_factor": factor, "antialias": True, **base}
    yield 4, {"size": (3, 3), "mode": "lanczos", "antialias": True}
    yield 4, {"size": (9, 4), "mode": "lanczos", "antialias": True}


def is_inconsistent_there(ndim, options):
    """PyTorch's backward pass of the nearest modes disregards the scale factor where a length stays or doubles.

    Its forward pass does not, so that its gradient is not that of its value.
    """
    if not options["mode"].startswith("nearest") or "scale_factor" not in options:
        return False
    factors = options["scale_factor"]
    factors = factors if isinstance(factors, tuple) else (factors,) * (ndim - 2)
    lengths = SHAPES[ndim][2:]
    return any(math.floor(n * f) in (n, 2 * n) and n * f not in (n, 2 * n) for n, f in zip(lengths, factors))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("ndim", "options"), list(interpolations()), ids=str)
def test_interpolation(ndim, options, dtype):
    order = 0 if is_inconsistent_there(ndim, options) else 2
    case = Case(
        f"interpolate{ndim}",
        lambda x: tF.interpolate(x, **options),
        (data(ndim),),
        ours=lambda x: F.interpolate(x, **options),
        order=order,
        dtypes=(dtype,),
    )
    if order == 0:
        x = data(ndim).astype(dtype)
        np.testing.assert_array_equal(
            F.interpolate(ag.tensor(x), **options), tF.interpolate(torch.tensor(x), **options)
        )
    else:
        compare(case, dtype)


@pytest.mark.parametrize(
    "options",
    [
        dict(size=(7, 600), mode="bilinear"),
        dict(size=(80, 150), mode="bicubic"),
        dict(size=(5, 11), mode="bilinear", antialias=True),
        dict(size=(13, 77), mode="nearest"),
        dict(scale_factor=3, mode="nearest"),
    ],
    ids=str,
)
def test_long_axes(options):
    x = generator("long").standard_normal((1, 2, 40, 300))
    compare(
        Case("long", lambda x: tF.interpolate(x, **options), (x,), ours=lambda x: F.interpolate(x, **options)),
        "float64",
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_the_nearest_neighbour_is_the_same_one_for_all_sizes(mode, dtype):
    for n in range(1, 40):
        x = np.arange(n, dtype=dtype).reshape(1, 1, n)
        mine, its = ag.tensor(x), torch.tensor(x)
        for size in range(1, 60):
            ours, theirs = F.interpolate(mine, size=size, mode=mode), tF.interpolate(its, size=size, mode=mode)
            assert np.array_equal(ours.numpy(), theirs.numpy()), (n, size)
        for factor in (0.3, 0.7, 1.3, 1.5, 2.7, 3.1, 1 / 3, 1 / 0.9):
            if int(n * factor):
                ours = F.interpolate(mine, scale_factor=factor, mode=mode)
                theirs = tF.interpolate(its, scale_factor=factor, mode=mode)
                assert np.array_equal(ours.numpy(), theirs.numpy()), (n, factor)


def module(name, x, *arguments, **options):
    return ModuleCase(
        lambda: getattr(nn, name)(*arguments, **options),
        lambda: getattr(torch.nn, name)(*arguments, **options),
        (x,),
        label=f"{name}{arguments}{options} {x.shape}",
    )


CHANNELS = generator("channels").standard_normal((2, 18, 2, 3))
MODULES = [
    module("Upsample", data(3), scale_factor=2),
    module("Upsample", data(3), size=5, mode="linear"),
    module("Upsample", data(4), (4, 9)),
    module("Upsample", data(4), scale_factor=(2, 1.5), mode="bilinear", align_corners=True),
    module("Upsample", data(4), scale_factor=1.5, mode="bicubic", recompute_scale_factor=True),
    module("Upsample", data(5), scale_factor=2, mode="trilinear", align_corners=False),
    module("UpsamplingNearest2d", data(4), scale_factor=3),
    module("UpsamplingNearest2d", data(4), (7, 4)),
    module("UpsamplingBilinear2d", data(4), scale_factor=2),
    module("UpsamplingBilinear2d", data(4), 7),
    module("PixelShuffle", CHANNELS, 3),
    module("PixelShuffle", CHANNELS[0], 3),
    module("PixelShuffle", CHANNELS, 1),
    module("PixelUnshuffle", generator("u").standard_normal((2, 3, 4, 6)), 2),
    module("PixelUnshuffle", generator("u").standard_normal((3, 4, 6)), 2),
    module("ChannelShuffle", CHANNELS, 3),
    module("ChannelShuffle", generator("c").standard_normal((2, 4, 5)), 2),
]


@pytest.mark.parametrize("module", MODULES, ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.filterwarnings("ignore:nn.Upsampling")
def test_modules(module, dtype):
    compare_modules(module, dtype, "train")


@pytest.mark.parametrize("name", ["upsample", "upsample_nearest", "upsample_bilinear"])
@pytest.mark.filterwarnings("ignore:.*deprecated")
def test_former_names(name):
    x = data(4)
    ours, theirs = getattr(F, name)(ag.tensor(x), scale_factor=2), getattr(tF, name)(torch.tensor(x), scale_factor=2)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-12)


# -- places ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("axes", "mode"), [(2, "bilinear"), (2, "nearest"), (2, "bicubic"), (3, "bilinear"), (3, "nearest")]
)
@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("corners", [True, False])
@pytest.mark.parametrize("plane", [(4, 5, 3), (1, 1, 2)])
def test_grid_sample(axes, mode, padding_mode, corners, plane):
    rng = generator(f"{axes}{mode}{plane}")
    x = rng.standard_normal((2, 3, *plane[:axes]))
    grid = rng.uniform(-2.5, 2.5, (2, *(3, 4, 2)[:axes], axes))
    options = dict(mode=mode, padding_mode=padding_mode, align_corners=corners)
    case = Case(
        "grid_sample",
        lambda x, grid: tF.grid_sample(x, grid, **options),
        (x, grid),
        ours=lambda x, grid: F.grid_sample(x, grid, **options),
        order=1,
        tolerance=4.0,
    )
    compare(case, "float64")
    compare(case, "float32")


@pytest.mark.parametrize("size", [(2, 1, 3, 4), (2, 1, 3, 1), (2, 1, 3, 4, 2)])
@pytest.mark.parametrize("corners", [True, False])
@pytest.mark.filterwarnings("ignore:Since version 1.3.0")
def test_affine_grid(size, corners):
    axes = len(size) - 2
    theta = generator("theta").standard_normal((2, axes, axes + 1))
    compare(
        Case(
            "affine_grid",
            lambda theta: tF.affine_grid(theta, size, align_corners=corners),
            (theta,),
            ours=lambda theta: F.affine_grid(theta, size, corners),
        ),
        "float64",
    )


REFUSED = [
    ("interpolate", (1, 1, 4), dict()),
    ("interpolate", (1, 1, 4), dict(size=3, scale_factor=2)),
    ("interpolate", (1, 1, 4), dict(size=(3, 3))),
    ("interpolate", (1, 1, 4), dict(scale_factor=(2, 2))),
    ("interpolate", (1, 1, 4), dict(scale_factor=0.1)),
    ("interpolate", (1, 1, 4), dict(size=0)),
    ("interpolate", (1, 4), dict(size=3)),
    ("interpolate", (1, 1, 4), dict(size=3, mode="other")),
    ("interpolate", (1, 1, 4), dict(size=3, mode="bilinear")),
    ("interpolate", (1, 1, 4, 4), dict(size=3, mode="linear")),
    ("interpolate", (1, 1, 4), dict(size=3, align_corners=True)),
    ("interpolate", (1, 1, 4), dict(size=3, mode="linear", antialias=True)),
    ("interpolate", (1, 1, 4), dict(size=3, recompute_scale_factor=True)),
    ("interpolate", (1, 1, 4, 4), dict(size=3, mode="lanczos")),
    ("pixel_shuffle", (6, 2, 2), dict(upscale_factor=2)),
    ("pixel_unshuffle", (1, 3, 2), dict(downscale_factor=2)),
    ("channel_shuffle", (1, 3, 2), dict(groups=2)),
]


@pytest.mark.parametrize(("name", "shape", "options"), REFUSED, ids=str)
def test_both_refuse(name, shape, options):
    with pytest.raises((RuntimeError, ValueError, NotImplementedError)):
        getattr(tF, name)(torch.ones(shape), **options)
    with pytest.raises(ValueError, match="To mend it"):
        getattr(F, name)(ag.ones(shape), **options)
