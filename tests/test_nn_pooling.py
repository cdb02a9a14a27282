"""Pooling: values by hand, gradients, ties, shapes, modules and errors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import functional as F

RNG = np.random.default_rng(12)
X = np.array([[1.0, 3.0, 0.0, 2.0], [4.0, 2.0, 1.0, 5.0], [0.5, 0.0, 9.0, 8.0], [7.0, 6.0, 3.0, 2.5]])[None]


def windows_of(x, kernel, stride, padding, dilation=1):
    """(output place, entries of the window) of pooling one plane, by loops."""
    height, width = x.shape
    rows = (height + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    columns = (width + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    for i, j in itertools.product(range(rows), range(columns)):
        places = itertools.product(
            (i * stride - padding + a * dilation for a in range(kernel)),
            (j * stride - padding + b * dilation for b in range(kernel)),
        )
        yield (i, j), [(r, c) for r, c in places if 0 <= r < height and 0 <= c < width]


class TestMaxPool:
    def test_values_and_places_by_hand(self):
        y, places = F.max_pool2d(ag.tensor(X), 2, return_indices=True)
        assert y.tolist() == [[[4.0, 5.0], [7.0, 9.0]]]
        assert places.tolist() == [[[4, 7], [12, 10]]]
        assert places.dtype == np.int64

    @pytest.mark.parametrize(("kernel", "stride", "padding", "dilation"), [(2, 1, 0, 1), (3, 2, 1, 1), (2, 3, 1, 2)])
    def test_against_loops_over_windows(self, kernel, stride, padding, dilation):
        x = RNG.standard_normal((7, 6))
        tensor = ag.tensor(x[None], requires_grad=True)
        y, places = F.max_pool2d(tensor, kernel, stride, padding, dilation, return_indices=True)
        g = RNG.standard_normal(y.shape)
        y.backward(g)
        gradient = np.zeros_like(x)
        for (i, j), entries in windows_of(x, kernel, stride, padding, dilation):
            best = max(entries, key=lambda place: x[place])
            assert y[0, i, j].item() == x[best]
            assert places[0, i, j].item() == best[0] * 6 + best[1]
            gradient[best] += g[0, i, j]
        np.testing.assert_allclose(tensor.grad.numpy()[0], gradient)

    def test_of_equal_entries_the_first_gets_the_gradient(self):
        for kernel, stride in ((2, 2), (3, 1)):
            x = ag.zeros((1, 4, 4))
            x.requires_grad = True
            y, places = F.max_pool2d(x, kernel, stride, return_indices=True)
            y.sum().backward()
            first = [r * stride * 4 + c * stride for r in range(2) for c in range(2)]
            assert places.numpy().reshape(-1).tolist() == first
            assert np.flatnonzero(x.grad.numpy()).tolist() == first

    def test_the_first_row_wins_over_the_first_column(self):
        x = ag.tensor([[[0.0, 1.0], [1.0, 0.0]]], requires_grad=True)
        F.max_pool2d(x, 2).backward(ag.ones((1, 1, 1)))
        assert x.grad.tolist() == [[[0.0, 1.0], [0.0, 0.0]]]

    def test_nan_is_the_maximum_and_gets_the_gradient(self):
        x = ag.tensor([[[1.0, np.nan], [np.nan, 5.0], [2.0, 1.0], [0.0, 0.5]]], requires_grad=True)
        y, places = F.max_pool2d(x, 2, return_indices=True)
        np.testing.assert_array_equal(y.detach().numpy(), [[[np.nan], [2.0]]])
        assert places.tolist() == [[[2], [4]]]
        y.backward(ag.tensor([[[3.0], [4.0]]]))
        assert x.grad.tolist() == [[[0.0, 0.0], [3.0, 0.0], [4.0, 0.0], [0.0, 0.0]]]

    def test_infinite_gradients_stay_where_they_are(self):
        x = ag.tensor(X, requires_grad=True)
        F.max_pool2d(x, 2).backward(np.full((1, 2, 2), np.inf))
        assert np.count_nonzero(x.grad.numpy()) == 4
        assert not np.isnan(x.grad.numpy()).any()

    def test_a_window_of_minus_infinity_points_into_the_input(self):
        x = ag.tensor(np.full((1, 3, 3), -np.inf))
        y, places = F.max_pool2d(x, 3, 2, 1, return_indices=True)
        assert (y == -np.inf).all()
        assert places.tolist() == [[[0, 1], [3, 4]]]

    def test_ceil_mode_adds_a_window_that_is_not_full(self):
        x = ag.tensor([[1.0, 2.0, 3.0, 4.0, 5.0]])
        assert F.max_pool1d(x, 2).tolist() == [[2.0, 4.0]]
        assert F.max_pool1d(x, 2, ceil_mode=True).tolist() == [[2.0, 4.0, 5.0]]
        # A window that would start in the padding on the right is left out.
        assert F.max_pool1d(x, 2, 3, 1, ceil_mode=True).tolist() == [[1.0, 4.0]]

    @pytest.mark.parametrize("axes", [1, 2, 3])
    def test_with_and_without_a_batch(self, axes):
        pool = getattr(F, f"max_pool{axes}d")
        x = RNG.standard_normal((2, 3) + (4,) * axes)
        whole = pool(ag.tensor(x), 2).numpy()
        assert whole.shape == (2, 3) + (2,) * axes
        np.testing.assert_array_equal(whole[1], pool(ag.tensor(x[1]), 2).numpy())

    def test_second_derivative_picks_the_maxima_of_the_direction(self):
        x = ag.tensor(X, requires_grad=True)
        g = ag.tensor(np.ones((1, 2, 2)), requires_grad=True)
        (first,) = ag.gradients(F.max_pool2d(x, 2), x, g, create_graph=True)
        direction = np.arange(16.0).reshape(1, 4, 4)
        (second,) = ag.gradients(first, g, direction)
        assert second.tolist() == [[[4.0, 7.0], [12.0, 10.0]]]

    @pytest.mark.parametrize("arguments", [(2,), (3, 2, 1), (3, 1), (2, 3)])
    def test_gradcheck(self, arguments):
        x = RNG.permutation(98).reshape(2, 7, 7) / 10.0
        assert ag.gradgradcheck(lambda x: F.max_pool2d(x, *arguments), (x,))

    def test_plain_arrays_give_plain_arrays(self):
        y, places = F.max_pool2d_with_indices(X, 2)
        assert type(y) is np.ndarray
        assert type(places) is np.ndarray
        assert F.max_pool2d(X.astype(np.float32), 2).dtype == np.float32

    def test_integers(self):
        assert F.max_pool1d(ag.tensor([[-3, -5, -2]]), 2, 1, 1).tolist() == [[-3, -3, -2, -2]]

    def test_memory_order_of_the_input_does_not_matter(self):
        x = RNG.standard_normal((2, 3, 6, 6))
        last = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
        for values in (x, last):
            tensor = ag.tensor(values, requires_grad=True)
            y = F.max_pool2d(tensor, 2)
            y.backward(np.ones(y.shape))
            assert tensor.grad.numpy().sum() == 2 * 3 * 9
            np.testing.assert_array_equal(y.detach().numpy(), x.reshape(2, 3, 3, 2, 3, 2).max((3, 5)))

    def test_a_replay_finds_the_maxima_anew(self):
        x = ag.tensor(X, requires_grad=True)
        graph = ag.Graph(F.max_pool2d(x, 2).sum())
        assert graph.forward(-X).item() == -1 - 0 - 0 - 2.5
        assert (graph.backward()[x] == (np.repeat(np.repeat([[-1, 0], [0, -2.5]], 2, 0), 2, 1) <= -X)).all()

    def test_empty_batches(self):
        x = ag.tensor(np.zeros((0, 3, 4, 4)), requires_grad=True)
        y = F.max_pool2d(x, 2)
        assert y.shape == (0, 3, 2, 2)
        y.sum().backward()
        assert x.grad.shape == x.shape
        assert F.avg_pool2d(x, 2).shape == (0, 3, 2, 2)
        assert F.adaptive_avg_pool2d(x, 3).shape == (0, 3, 3, 3)


class TestAveragePool:
    def test_values_by_hand(self):
        assert F.avg_pool2d(ag.tensor(X), 2).tolist() == [[[2.5, 2.0], [3.375, 5.625]]]

    @pytest.mark.parametrize("include", [True, False])
    def test_against_loops_over_windows(self, include):
        x = RNG.standard_normal((7, 6))
        tensor = ag.tensor(x[None], requires_grad=True)
        y = F.avg_pool2d(tensor, 3, 2, 1, count_include_pad=include)
        g = RNG.standard_normal(y.shape)
        y.backward(g)
        gradient = np.zeros_like(x)
        for (i, j), entries in windows_of(x, 3, 2, 1):
            n = 9 if include else len(entries)
            assert y[0, i, j].item() == pytest.approx(sum(x[place] for place in entries) / n)
            for place in entries:
                gradient[place] += g[0, i, j] / n
        np.testing.assert_allclose(tensor.grad.numpy()[0], gradient)

    def test_divisor_override(self):
        assert F.avg_pool2d(ag.ones((1, 2, 2)), 2, divisor_override=3).item() == pytest.approx(4 / 3)

    def test_entries_beyond_the_padding_are_never_counted(self):
        x = ag.ones((1, 5))
        assert F.avg_pool1d(x, 2, ceil_mode=True).tolist() == [[1.0, 1.0, 1.0]]
        assert F.avg_pool1d(x, 4, 3, 1, ceil_mode=True).tolist() == [[0.75, 0.75]]

    def test_infinities_stay_in_their_windows(self):
        x = np.zeros((1, 4, 6))
        x[0, 0, 0] = np.inf
        assert np.isinf(F.avg_pool2d(ag.tensor(x), 2).numpy()).sum() == 1
        assert np.isinf(F.adaptive_avg_pool2d(ag.tensor(x), (3, 4)).numpy()).sum() == 1

    def test_gradcheck(self):
        assert ag.gradgradcheck(lambda x: F.avg_pool2d(x, 3, 2, 1, True, False), (RNG.standard_normal((1, 5, 6)),))

    def test_global_pooling_is_the_mean(self):
        x = ag.tensor(RNG.standard_normal((2, 3, 5, 4)).astype(np.float32), requires_grad=True)
        y = F.adaptive_avg_pool2d(x, 1)
        assert y.dtype == np.float32
        np.testing.assert_allclose(y.detach().numpy()[..., 0, 0], x.detach().numpy().mean((2, 3)), rtol=1e-5)
        y.sum().backward()
        assert (x.grad == np.float32(1 / 20)).all()

    def test_integers_are_refused(self):
        with pytest.raises(TypeError, match=r"avg_pool2d: expected floating-point .* got dtype int64"):
            F.avg_pool2d(ag.tensor(np.ones((1, 2, 2), np.int64)), 2)


class TestAdaptive:
    @pytest.mark.parametrize(("n", "m"), [(7, 3), (6, 3), (5, 4), (3, 5), (4, 1), (4, 4)])
    def test_windows_are_those_of_the_definition(self, n, m):
        x = RNG.standard_normal((1, n))
        ends = [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
        np.testing.assert_allclose(F.adaptive_avg_pool1d(x, m)[0], [x[0, a:b].mean() for a, b in ends])
        y, places = F.adaptive_max_pool1d(x, m, return_indices=True)
        np.testing.assert_array_equal(y[0], [x[0, a:b].max() for a, b in ends])
        np.testing.assert_array_equal(places[0], [a + x[0, a:b].argmax() for a, b in ends])

    def test_none_keeps_a_length(self):
        x = ag.tensor(RNG.standard_normal((2, 3, 4, 5)))
        assert F.adaptive_avg_pool2d(x, (None, 2)).shape == (2, 3, 4, 2)
        assert F.adaptive_max_pool2d(x, (2, None)).shape == (2, 3, 2, 5)
        assert nn.AdaptiveMaxPool2d(None)(x).shape == x.shape

    @pytest.mark.parametrize("pool", [F.adaptive_avg_pool2d, F.adaptive_max_pool2d])
    def test_gradcheck(self, pool):
        x = RNG.permutation(70).reshape(2, 5, 7) / 10.0
        for size in (3, (4, 9), 1):
            assert ag.gradgradcheck(lambda x, size=size: pool(x, size), (x,))


class TestNorms:
    def test_values_by_hand(self):
        x = ag.tensor([[3.0, 4.0, 0.0, 0.0]], requires_grad=True)
        y = F.lp_pool1d(x, 2, 2)
        assert y.tolist() == [[5.0, 0.0]]
        y.sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), [[0.6, 0.8, 0.0, 0.0]])

    def test_the_infinite_norm_is_the_largest_magnitude(self):
        x = ag.tensor([[3.0, -4.0, 1.0, 2.0]])
        assert F.lp_pool1d(x, float("inf"), 2).tolist() == [[4.0, 2.0]]

    def test_the_first_norm_is_the_sum(self):
        assert F.lp_pool2d(ag.tensor(X), 1, 2).tolist() == [[[10.0, 8.0], [13.5, 22.5]]]

    def test_gradcheck(self):
        assert ag.gradgradcheck(lambda x: F.lp_pool2d(x, 3, 2, 1), (RNG.uniform(0.5, 2.0, (1, 3, 4)),))


class TestFractional:
    def test_every_axis_is_covered_and_windows_do_not_skip_more_than_the_ratio(self):
        nn.manual_seed(0)
        x = ag.tensor(np.arange(100.0).reshape(1, 10, 10))
        for _ in range(20):
            y, places = F.fractional_max_pool2d(x, 2, output_ratio=0.6, return_indices=True)
            assert y.shape == (1, 6, 6)
            columns = places.numpy()[0, 0] % 10  # entries grow, so the maximum is the end of the window
            assert columns[0] in (1, 2)
            assert columns[-1] == 9
            assert set(np.diff(columns)) <= {1, 2}

    def test_draws_from_the_librarys_generator(self):
        x = ag.tensor(RNG.standard_normal((2, 3, 9, 9)))
        layer = nn.FractionalMaxPool2d(2, output_ratio=0.5)
        nn.manual_seed(5)
        first = layer(x)
        second = layer(x)
        nn.manual_seed(5)
        assert (layer(x) == first).all()
        assert not (second == first).all()

    def test_gradcheck(self):
        samples = RNG.random((1, 2, 3))
        x = RNG.permutation(240).reshape(2, 5, 4, 6) / 10.0
        assert ag.gradgradcheck(lambda x: F.fractional_max_pool3d(x, 2, 3, _random_samples=samples), (x,))

    def test_errors(self):
        x = ag.ones((1, 5, 5))
        with pytest.raises(ValueError, match="either output_size or output_ratio, got neither"):
            F.fractional_max_pool2d(x, 2)
        with pytest.raises(ValueError, match="either output_size or output_ratio, got both"):
            nn.FractionalMaxPool2d(2, 3, 0.5)
        with pytest.raises(ValueError, match="between 0 and 1"):
            nn.FractionalMaxPool3d(2, output_ratio=1.5)
        with pytest.raises(ValueError, match="outputs for kernel_size=3"):
            F.fractional_max_pool2d(x, 3, output_size=4)
        with pytest.raises(ValueError, match=r"_random_samples .* shape \(1, 1, 2\)"):
            F.fractional_max_pool2d(x, 2, output_size=3, _random_samples=np.zeros((2, 1, 2)))


class TestUnpool:
    def test_undoes_pooling_at_the_maxima(self):
        y, places = F.max_pool2d(ag.tensor(X), 2, return_indices=True)
        back = nn.MaxUnpool2d(2)(y, places)
        assert back.shape == X.shape
        np.testing.assert_array_equal(back.numpy(), np.where(np.isin(X, y.numpy()), X, 0.0))
        assert (F.max_pool2d(back, 2) == y).all()

    def test_output_size(self):
        x = ag.tensor(RNG.standard_normal((2, 3, 5)))
        y, places = F.max_pool1d(x, 2, return_indices=True)
        assert F.max_unpool1d(y, places, 2).shape == (2, 3, 4)
        assert F.max_unpool1d(y, places, 2, output_size=x.shape).shape == (2, 3, 5)
        assert F.max_unpool1d(y, places, 2, output_size=[5]).shape == (2, 3, 5)
        with pytest.raises(ValueError, match="3 to 5"):
            F.max_unpool1d(y, places, 2, output_size=[7])

    def test_gradcheck(self):
        places = np.array([[0, 5, 2], [3, 1, 4]])
        assert ag.gradgradcheck(lambda x: F.max_unpool1d(x, places, 2), (RNG.standard_normal((2, 3)),))

    def test_errors(self):
        with pytest.raises(ValueError, match=r"indices from 0 to 3, .* got indices from 0 to 9"):
            F.max_unpool1d(ag.ones((1, 2)), [[0, 9]], 2)
        with pytest.raises(ValueError, match="integer indices of the input's shape"):
            F.max_unpool1d(ag.ones((1, 2)), [[0.0, 1.0]], 2)


class TestModules:
    @pytest.mark.parametrize(
        ("layer", "text"),
        [
            (nn.MaxPool2d(3, 2), "MaxPool2d(kernel_size=3, stride=2, padding=0, dilation=1, ceil_mode=False)"),
            (nn.AvgPool2d((2, 3)), "AvgPool2d(kernel_size=(2, 3), stride=(2, 3), padding=0)"),
            (nn.AvgPool1d(2), "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))"),
            (nn.AdaptiveAvgPool2d((1, None)), "AdaptiveAvgPool2d(output_size=(1, None))"),
            (nn.LPPool1d(2, 3), "LPPool1d(norm_type=2, kernel_size=3, stride=None, ceil_mode=False)"),
            (nn.MaxUnpool1d(2), "MaxUnpool1d(kernel_size=(2,), stride=(2,), padding=(0,))"),
        ],
        ids=str,
    )
    def test_text(self, layer, text):
        assert str(layer) == text

    def test_lists_and_arrays_as_input(self):
        assert nn.MaxPool1d(2)([[1.0, 2.0]]).tolist() == [[2.0]]
        assert nn.AvgPool2d([1, 2])(X.astype(np.float32)).dtype == np.float32

    def test_they_have_no_parameters(self):
        assert list(nn.MaxPool2d(2).state_dict()) == []

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: nn.MaxPool2d(0), "MaxPool2d: expected kernel_size to be one integer or 2, none below 1, got 0"),
            (lambda: nn.MaxPool2d(2.5), "MaxPool2d: expected kernel_size to be an integer"),
            (lambda: nn.MaxPool2d(2, stride=0), "stride"),
            (lambda: nn.MaxPool2d(2, padding=2), "padding of at most half"),
            (lambda: nn.MaxPool3d(2, dilation=0), "dilation"),
            (lambda: nn.AvgPool2d(2, padding=-1), "padding"),
            (lambda: nn.AvgPool1d((2, 2)), "kernel_size"),
            (lambda: nn.AdaptiveAvgPool2d((1, 2, 3)), "output_size"),
            (lambda: nn.AdaptiveMaxPool1d("2"), "output_size"),
            (lambda: nn.LPPool2d(2, -1), "kernel_size"),
        ],
    )
    def test_wrong_arguments_are_named_at_construction(self, make, message):
        with pytest.raises((TypeError, ValueError), match=message):
            make()

    def test_wrong_shapes_are_named(self):
        with pytest.raises(ValueError, match=r"max_pool2d: expected an input of shape \(N, C, H, W\) or \(C, H, W\)"):
            nn.MaxPool2d(2)(ag.ones((4, 4)))
        with pytest.raises(ValueError, match="at least 5 entries"):
            F.avg_pool2d(ag.ones((1, 4, 6)), 5)
        with pytest.raises(ValueError, match="divisor_override not to be 0"):
            F.avg_pool2d(ag.ones((1, 4, 6)), 2, divisor_override=0)
        with pytest.raises(ValueError, match="at least one entry"):
            F.adaptive_max_pool1d(ag.ones((1, 0)), 2)


@pytest.mark.parametrize("divisor", [2.5, True, "x", float("nan")])
def test_divisors_that_are_no_integers(divisor):
    with pytest.raises(TypeError, match="avg_pool2d: expected divisor_override to be an integer, got"):
        F.avg_pool2d(ag.ones((1, 2, 2)), 2, divisor_override=divisor)
