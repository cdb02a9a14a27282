"""Interpolation, pixel shuffling, grid sampling: values by hand, gradients, errors."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F

RNG = np.random.default_rng(21)
ROW = ag.tensor([[[1.0, 3.0, 7.0]]])


class TestInterpolate:
    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            (dict(scale_factor=2), [1, 1, 3, 3, 7, 7]),
            (dict(size=5), [1, 1, 3, 3, 7]),
            (dict(size=2), [1, 3]),
            (dict(size=2, mode="nearest-exact"), [1, 7]),
            (dict(size=5, mode="linear", align_corners=True), [1, 2, 3, 5, 7]),
            (dict(scale_factor=2, mode="linear"), [1, 1.5, 2.5, 4, 6, 7]),
            (dict(size=1, mode="linear"), [3]),
            (dict(size=1, mode="linear", align_corners=True), [1]),
            (dict(size=2, mode="area"), [2, 5]),
            (dict(size=3, mode="linear"), [1, 3, 7]),
        ],
        ids=str,
    )
    def test_values_by_hand(self, options, expected):
        np.testing.assert_allclose(F.interpolate(ROW, **options).numpy()[0, 0], expected)

    def test_bilinear_is_linear_along_both_axes(self):
        x = np.add.outer(np.arange(4.0), 10 * np.arange(3.0))[None, None]
        y = F.interpolate(ag.tensor(x), size=(7, 5), mode="bilinear", align_corners=True)
        np.testing.assert_allclose(y.numpy()[0, 0], np.add.outer(np.linspace(0, 3, 7), np.linspace(0, 20, 5)))

    def test_bicubic_keeps_parabolas_inside(self):
        x = np.arange(12.0) ** 2
        y = F.interpolate(ag.tensor(x.reshape(1, 1, 12, 1)), size=(23, 1), mode="bicubic", align_corners=True)
        places = np.arange(23) / 2
        inside = slice(2, -2)
        # Cubic convolution with a = -0.75 is a little off between the entries: by 1/8 at most here.
        np.testing.assert_allclose(y.numpy()[0, 0, inside, 0], places[inside] ** 2, atol=0.13)
        np.testing.assert_allclose(y.numpy()[0, 0, ::2, 0], x, atol=1e-12)

    @pytest.mark.parametrize("mode", ["bilinear", "bicubic", "lanczos"])
    def test_antialiasing_keeps_the_mean_and_constants(self, mode):
        x = RNG.standard_normal((1, 1, 24, 16))
        y = F.interpolate(ag.tensor(x), size=(6, 4), mode=mode, antialias=True)
        assert y.shape == (1, 1, 6, 4)
        constant = F.interpolate(ag.ones((1, 1, 24, 16)), size=(6, 4), mode=mode, antialias=True)
        np.testing.assert_allclose(constant.numpy(), 1.0)
        stripes = ag.tensor(np.tile([1.0, -1.0], 12).reshape(1, 1, 24, 1))
        assert np.abs(F.interpolate(stripes, size=(6, 1), mode=mode, antialias=True).numpy()).max() < 0.1

    @pytest.mark.parametrize(
        ("shape", "options"),
        [
            ((1, 2, 4), dict(scale_factor=2)),
            ((1, 2, 4), dict(size=6, mode="nearest-exact")),
            ((1, 1, 4), dict(size=7, mode="linear")),
            ((1, 1, 3, 4), dict(size=(5, 2), mode="bilinear", align_corners=True)),
            ((1, 1, 4, 3), dict(scale_factor=1.5, mode="bicubic")),
            ((1, 1, 8, 3), dict(size=(3, 3), mode="bicubic", antialias=True)),
            ((1, 1, 2, 3, 2), dict(size=(3, 2, 4), mode="trilinear")),
            ((1, 1, 5, 3), dict(size=(3, 2), mode="area")),
        ],
        ids=str,
    )
    def test_gradcheck(self, shape, options):
        assert ag.gradgradcheck(lambda x: F.interpolate(x, **options), (RNG.standard_normal(shape),))

    def test_the_gradient_of_repeated_pixels_is_their_sum(self):
        x = ag.tensor(RNG.standard_normal((1, 1, 2, 3)), requires_grad=True)
        y = F.interpolate(x, scale_factor=(2, 3))
        g = RNG.standard_normal(y.shape)
        y.backward(g)
        np.testing.assert_allclose(x.grad.numpy()[0, 0], g[0, 0].reshape(2, 2, 3, 3).sum((1, 3)))

    @pytest.mark.parametrize("length", [6, 300])
    def test_an_infinity_spoils_its_neighbours_only(self, length):
        x = np.zeros((1, 1, length))
        x[0, 0, 2] = np.inf
        x[0, 0, 4] = -np.inf
        y = F.interpolate(ag.tensor(x), scale_factor=2, mode="linear").numpy()[0, 0]
        assert (y[[4, 5]] == np.inf).all()
        assert (y[[8, 9]] == -np.inf).all()
        assert np.isfinite(y[12:]).all()

    def test_float32_stays_float32_and_integers_are_for_the_nearest_modes(self):
        x = np.ones((1, 1, 2, 2), np.float32)
        for mode in ("nearest", "bilinear", "bicubic", "area"):
            assert F.interpolate(ag.tensor(x), scale_factor=2, mode=mode).dtype == np.float32
        integers = ag.tensor(np.array([[[1, 2]]]))
        assert F.interpolate(integers, scale_factor=2).tolist() == [[[1, 1, 2, 2]]]
        with pytest.raises(TypeError, match=r"floating-point numbers for mode 'linear', got dtype int64"):
            F.interpolate(integers, scale_factor=2, mode="linear")

    def test_sizes_are_rounded_down(self):
        assert F.interpolate(ag.ones((1, 1, 5)), scale_factor=1.5).shape == (1, 1, 7)

    def test_nothing_to_do_gives_the_same_values_in_memory_of_its_own(self):
        x = np.arange(3.0).reshape(1, 1, 3)
        y = F.interpolate(x, size=3, mode="linear")
        assert (y == x).all()
        assert not np.shares_memory(x, y)

    @pytest.mark.parametrize(
        ("shape", "options", "message"),
        [
            ((1, 1, 4), dict(), "either size or scale_factor, got neither"),
            ((1, 1, 4), dict(size=3, scale_factor=2), "either size or scale_factor, got both"),
            ((1, 4), dict(size=3), "an input of shape"),
            ((1, 1, 4), dict(size=3, mode="cubic"), "a mode of nearest"),
            ((1, 1, 4), dict(size=3, mode="bilinear"), "pass mode='linear'"),
            ((1, 1, 4, 4), dict(size=3, mode="trilinear"), "pass mode='bilinear'"),
            ((1, 1, 4), dict(size=3, align_corners=False), "align_corners with one of the modes"),
            ((1, 1, 4), dict(size=3, mode="linear", antialias=True), "antialias with mode"),
            ((1, 1, 4, 4), dict(size=3, mode="lanczos"), "antialias=True"),
            ((1, 1, 4), dict(scale_factor=-1), "positive"),
            ((1, 1, 4), dict(scale_factor=(1, 2)), "scale_factor to be one positive number or 1"),
            ((1, 1, 4), dict(scale_factor=0.1), "at least one entry"),
            ((1, 1, 0), dict(size=3), "not empty"),
            ((1, 1, 4), dict(size=(3, 3)), "size to be one integer or 1"),
            ((1, 1, 4), dict(size=3, recompute_scale_factor=True), "recompute_scale_factor with scale_factor only"),
        ],
        ids=str,
    )
    def test_errors(self, shape, options, message):
        with pytest.raises(ValueError, match=message):
            F.interpolate(ag.ones(shape), **options)


class TestShuffles:
    def test_pixel_shuffle_by_its_formula(self):
        r, x = 3, RNG.standard_normal((2, 18, 2, 4))
        y = F.pixel_shuffle(ag.tensor(x), r).numpy()
        assert y.shape == (2, 2, 6, 12)
        for c, i, j in ((0, 0, 0), (1, 4, 7), (0, 5, 11), (1, 2, 3)):
            assert y[1, c, i, j] == x[1, (c * r + i % r) * r + j % r, i // r, j // r]

    def test_unshuffling_undoes_it(self):
        x = RNG.standard_normal((8, 3, 5))
        assert (nn.PixelUnshuffle(2)(nn.PixelShuffle(2)(x)) == x).all()

    def test_channels_of_groups_alternate(self):
        x = np.arange(6.0).reshape(1, 6, 1)
        assert F.channel_shuffle(ag.tensor(x), 2).numpy().reshape(-1).tolist() == [0, 3, 1, 4, 2, 5]
        assert (F.native_channel_shuffle(ag.tensor(x), 2) == nn.ChannelShuffle(2)(x)).all()

    def test_gradients_go_back_the_same_way(self):
        x = RNG.standard_normal((4, 2, 2))
        assert ag.gradgradcheck(lambda x: F.pixel_shuffle(x, 2), (x,))
        assert ag.gradgradcheck(lambda x: F.pixel_unshuffle(x, 2), (x,))
        assert ag.gradgradcheck(lambda x: F.channel_shuffle(x[None], 2), (x,))

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: F.pixel_shuffle(ag.ones((6, 2, 2)), 2), "upscale_factor² = 4 divides, got 6 channels"),
            (lambda: F.pixel_shuffle(ag.ones((2, 2)), 2), "at least 3 axes"),
            (lambda: F.pixel_shuffle(ag.ones((4, 2, 2)), 0), "upscale_factor to be a positive integer"),
            (lambda: F.pixel_unshuffle(ag.ones((1, 3, 2)), 2), "downscale_factor = 2 divides, got 3 and 2"),
            (lambda: F.channel_shuffle(ag.ones((1, 3, 2)), 2), "groups = 2 divides, got 3 channels"),
        ],
    )
    def test_errors(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()


class TestGrids:
    def test_the_identity_reads_the_image(self):
        x = RNG.standard_normal((2, 3, 4, 5))
        theta = np.tile(np.eye(2, 3), (2, 1, 1))
        for corners in (True, False):
            grid = F.affine_grid(ag.tensor(theta), x.shape, corners)
            np.testing.assert_allclose(F.grid_sample(ag.tensor(x), grid, align_corners=corners).numpy(), x, atol=1e-12)

    def test_a_quarter_turn(self):
        x = np.arange(9.0).reshape(1, 1, 3, 3)
        grid = F.affine_grid(ag.tensor([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]]), x.shape)
        np.testing.assert_allclose(F.grid_sample(ag.tensor(x), grid).numpy()[0, 0], np.rot90(x[0, 0]), atol=1e-12)

    def test_what_lies_outside(self):
        x = ag.tensor([[[[1.0, 2.0, 3.0]]]])
        grid = ag.tensor([[[[-5.0, 0.0], [2.0, 0.0]]]])
        for mode, expected in (("zeros", [0.0, 0.0]), ("border", [1.0, 3.0]), ("reflection", [3.0, 1.5])):
            y = F.grid_sample(x, grid, padding_mode=mode, align_corners=mode == "reflection")
            if mode == "reflection":
                expected = [1.0, 2.0]
            np.testing.assert_allclose(y.numpy()[0, 0, 0], expected)

    @pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
    @pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
    def test_gradcheck(self, mode, padding):
        x = RNG.standard_normal((1, 2, 4, 3))
        grid = RNG.uniform(-1.2, 1.2, (1, 2, 3, 2))
        assert ag.gradgradcheck(lambda x, grid: F.grid_sample(x, grid, mode, padding), (x, grid))

    def test_gradcheck_of_affine_grids(self):
        theta = RNG.standard_normal((1, 3, 4))
        assert ag.gradcheck(lambda theta: F.affine_grid(theta, (1, 1, 2, 2, 3)), (theta,))

    def test_places_that_are_no_number_do_no_harm(self):
        grid = np.array([[[[np.nan, 0.0], [0.0, 0.0], [1e300, 0.0]]]])
        y = F.grid_sample(ag.tensor([[[[1.0, 3.0]]]]), ag.tensor(grid)).numpy()[0, 0, 0]
        assert y[1] == 2.0

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: F.grid_sample(ag.ones((1, 1, 2, 2)), ag.ones((1, 2, 2, 3))), "one place"),
            (lambda: F.grid_sample(ag.ones((1, 1, 2, 2)), ag.ones((2, 2, 2, 2))), "got shapes"),
            (lambda: F.grid_sample(ag.ones((1, 1, 2, 2)), ag.ones((1, 2, 2, 2)), "cubic"), "a mode of bilinear"),
            (lambda: F.grid_sample(ag.ones((1, 1, 2, 2, 2)), ag.ones((1, 1, 1, 1, 3)), "bicubic"), "images"),
            (lambda: F.affine_grid(ag.ones((1, 2, 3)), (2, 1, 3, 3)), "theta of shape"),
        ],
    )
    def test_errors(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()


class TestModules:
    def test_upsample(self):
        x = RNG.standard_normal((1, 2, 3, 4))
        for layer, options in (
            (nn.Upsample(scale_factor=2), dict(scale_factor=2)),
            (nn.Upsample((5, 6), mode="bilinear"), dict(size=(5, 6), mode="bilinear")),
            (nn.UpsamplingNearest2d(scale_factor=2), dict(scale_factor=2)),
            (nn.UpsamplingBilinear2d(7), dict(size=7, mode="bilinear", align_corners=True)),
        ):
            assert (layer(x) == F.interpolate(ag.tensor(x), **options)).all()
        assert (F.upsample(x, size=6) == F.upsample_nearest(x, size=6)).all()
        assert F.upsample_bilinear(x, scale_factor=2).shape == (1, 2, 6, 8)

    @pytest.mark.parametrize(
        ("layer", "text"),
        [
            (nn.Upsample(scale_factor=2), "Upsample(scale_factor=2.0, mode='nearest')"),
            (nn.Upsample(size=(3, 4), mode="bilinear"), "Upsample(size=(3, 4), mode='bilinear')"),
            (nn.PixelShuffle(3), "PixelShuffle(upscale_factor=3)"),
            (nn.PixelUnshuffle(3), "PixelUnshuffle(downscale_factor=3)"),
            (nn.ChannelShuffle(2), "ChannelShuffle(groups=2)"),
        ],
        ids=str,
    )
    def test_text(self, layer, text):
        assert str(layer) == text
